/* What the mock server of the tests tells: an empty tower, and a busy one on the evening of an attack. Addresses are those of RFC 5737 and 3849. */
import { createHash } from "node:crypto";
import type { Asset, Contact, Exercise, ExerciseAttack, ExerciseEvent, ExerciseRun, ExerciseSum, Health, HistoryLine, Incident, IncidentDetail, Keys, Mail, Member, Now, OrderDetail, OrderSummary, Origin, Rates, Related, Report, Sector, Session, Source, TrafficPoint } from "../generated/api";
import { TestLedger } from "./ledger";
import { Oversight } from "./oversight";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const sha256hex = (text: string): string => createHash("sha256").update(text).digest("hex");

const SECTORS: [string, string, string][] = [
	["electricity", "電気", "electricity"], ["gas", "ガス", "gas"], ["oil", "石油", "oil"], ["water", "水道", "water"], ["railways", "鉄道", "railways"],
	["truck_freight", "貨物自動車運送", "truck freight"], ["shipping", "外航海運", "ocean-going shipping"], ["ports", "港湾運送", "port transport"], ["aviation", "航空", "aviation"],
	["airports", "空港", "airports"], ["telecommunications", "電気通信", "telecommunications"], ["broadcasting", "放送", "broadcasting"], ["postal", "郵便", "postal"],
	["finance", "金融", "finance"], ["credit_cards", "クレジットカード", "credit cards"],
];
const MEMBERS: [string, string, string, string[]][] = [
	["airline", "青空航空", "aviation", ["192.0.2.0/25", "2001:db8:a::/48"]], ["bank", "第一みなと銀行", "finance", ["198.51.100.0/25"]],
	["card", "Example Card", "credit_cards", ["198.51.100.128/26"]], ["gas-east", "東部ガス", "gas", ["203.0.113.128/27"]],
	["grid", "Northern Grid", "electricity", ["203.0.113.0/26"]], ["mail", "Example Post", "postal", ["203.0.113.192/27"]],
	["port", "Port of Example", "ports", ["192.0.2.128/25"]], ["rail", "中央鉄道", "railways", ["203.0.113.64/26"]],
	["telecom", "Example Telecom", "telecommunications", ["2001:db8:100::/40"]], ["water-city", "City Water Works", "water", ["203.0.113.160/27"]],
];

const calmRates = (second: number): Rates => {
	const wave = 1 + 0.06 * Math.sin(second / 17) + 0.03 * Math.sin(second / 3.1);
	return { in_pps: Math.round(46_000 * wave), in_bps: Math.round(312e6 * wave), attack_pps: 0, attack_bps: 0, dropped_pps: 0 };
};

/** The rates of a second, counted from the first packet of the attack. */
function attackRates(second: number): Rates {
	const rates = calmRates(second);
	if (second < 0) return rates;
	const strength = Math.min(1, second / 12) * (0.93 + 0.07 * Math.sin(second / 5)) * (second > 90 && second < 130 ? 0.55 : 1);
	const [attack_pps, attack_bps] = [Math.round(612_000 * strength), Math.round(4.85e9 * strength)];
	const dropped_pps = second < 9 ? 0 : Math.round(attack_pps * (second < 12 ? 0.6 : 0.991));
	return { in_pps: rates.in_pps + attack_pps, in_bps: rates.in_bps + attack_bps, attack_pps, attack_bps, dropped_pps };
}

const NO_RATES: Rates = { in_pps: 0, in_bps: 0, attack_pps: 0, attack_bps: 0, dropped_pps: 0 };

interface OrderPlan {
	member: string;
	scope: string[];
	why: string;
	class: OrderSummary["class"];
	state: OrderSummary["state"];
	stopped: number;
	cost: number;
	rules: Record<string, unknown>[];
	isUrgent?: boolean;
	isProtected?: boolean;
	isStanding?: boolean;
	pseudonyms?: string[];
	begin_ms: number;
	length_ms: number;
	measured?: { packets: number; passed: number; cost: number };
	finding: string | null;
}

export class Scene {
	readonly began_ms = Date.now();
	readonly attack_ms = this.began_ms - 200_000;
	readonly ledger = new TestLedger();
	readonly incidents: Incident[] = [];
	readonly orders: OrderDetail[] = [];
	readonly members: Member[] = [];
	readonly contacts = new Map<string, Contact[]>();
	readonly assets = new Map<string, Asset[]>();
	readonly exercise: Exercise = { player: "answers", may_start: true, is_own: false, scenarios: [], runs: [] };
	readonly oversight: Oversight;
	session: Session | null;
	isAllRoles = true;

	constructor(readonly kind: "empty" | "busy") {
		this.session = this.sessionMake();
		this.oversight = new Oversight(this.began_ms, kind === "busy");
		if (kind === "busy") this.fill();
	}

	sessionMake(roles: Session["roles"] = ["operator", "analyst", "approver", "inspector", "reader"]): Session {
		return {
			name: "hana", roles, member: null, person: "hana", by: "passkey", expires_ms: Date.now() + 3600_000,
			server: { name: "tower.example", version: "0.1.0", started_ms: this.began_ms - 86_400_000, now_ms: Date.now() },
		};
	}

	point(at_ms: number): TrafficPoint {
		const second = Math.floor((at_ms - this.attack_ms) / 1000);
		return { at_ms: Math.floor(at_ms / 1000) * 1000, rates: attackRates(second), senders: 9 };
	}

	traffic(since_ms: number): TrafficPoint[] {
		if (this.kind === "empty") return [];
		const first = Math.max(since_ms, Date.now() - 300_000);
		return Array.from({ length: Math.max(0, Math.floor((Date.now() - first) / 1000)) }, (_, at) => this.point(first + at * 1000));
	}

	now(): Now {
		const open = this.incidents.filter((incident) => incident.state === "open" && incident.matter !== "mail");
		const rates = this.kind === "empty" ? NO_RATES : this.point(Date.now()).rates;
		const measures = this.orders.map((order) => order.order).filter((order) => order.state === "active");
		const sectors = SECTORS.map(([name, ja, en], at): Sector => {
			const mine = open.filter((incident) => incident.sector === name);
			const share = mine.length / (open.length || 1);
			return {
				number: at + 1, name, ja, en, members: this.members.filter((member) => member.sector === name).length, open_incidents: mine.length, ended_today: name === "railways" && this.kind === "busy" ? 2 : 0,
				attack_pps: Math.round(rates.attack_pps * share), attack_bps: Math.round(rates.attack_bps * share), legitimate_pps: 4000, legitimate_bps: 30e6, dropped_pps: Math.round(rates.dropped_pps * share),
			};
		});
		return {
			at_ms: Date.now(), rates, attacks: open, attacks_total: open.length, mails_total: this.incidents.filter((incident) => incident.state === "open" && incident.matter === "mail").length, measures, measures_total: measures.length,
			waiting: this.orders.filter((order) => order.order.is_waiting).length, sectors: this.kind === "empty" ? sectors.map((sector) => ({ ...sector, legitimate_bps: 0, legitimate_pps: 0 })) : sectors,
			tower: { kept: this.kind === "empty" ? 0 : 18_204, repeated: 12, refused: this.kind === "empty" ? 0 : 3, watchers: 4, gaps: 0, authority: "answers" },
		};
	}

	keys(): Keys {
		return {
			items: [
				{ use: "ledger", name: this.ledger.log.name, key: this.ledger.log.text, passkey: null },
				{ use: "witness", name: this.ledger.witness.name, key: this.ledger.witness.text, passkey: null },
			],
			witness_quorum: 1,
			policy: sha256hex("policy"),
		};
	}

	health(member: string | null): Health[] {
		const all = this.members.flatMap((one, at): Health[] => {
			const isSilent = one.name === "mail";
			const scale = 0.05 + ((at * 37) % 11) / 20;
			const rates: Rates = { in_pps: Math.round(46_000 * scale), in_bps: Math.round(312e6 * scale), attack_pps: 0, attack_bps: 0, dropped_pps: 0 };
			const at_ms = isSilent ? this.began_ms - 14 * MINUTE : Date.now() - 700;
			const losses = one.name === "bank" ? [{ reason: "ring_full", count: 1840 }, { reason: "truncated", count: 12 }] : [{ reason: "ring_full", count: 0 }];
			const common = { member: one.name, program: "hinomi 0.1.0", started_ms: this.began_ms - 30 * 86_400_000, at_ms, arrived_ms: at_ms, is_silent: isSilent };
			return [
				{ ...common, process: "sensor-1", rates, losses, rules: 0 },
				...(at % 2 === 0 ? [{ ...common, process: "edge-1", program: "hinomi-effect 0.1.0", rates: { ...NO_RATES, dropped_pps: 4100 * at },
					losses: one.name === "port" ? [{ reason: "place_failures", count: 2 }, { reason: "journal_behind_s", count: 31 }] : [], rules: at + 1 }] : []),
			];
		});
		return all.filter((health) => member === null || health.member === member);
	}

	origins(): Origin[] {
		const countries: [string, number, number][] = [["IN", 5200, 214], ["VN", 4100, 171], ["BR", 3900, 150], ["US", 2800, 121], ["ZA", 1400, 80], ["TR", 1300, 71], ["ID", 1200, 66], ["MX", 900, 41], ["DE", 600, 28], ["", 500, 22]];
		const networks: [number, number, number][] = [[64500, 4800, 201], [64501, 3200, 143], [64510, 2100, 96], [65536, 1700, 71], [65540, 800, 40]];
		return [...countries.map(([country, source_count, packets_permille]) => ({ asn: 0, country, source_count, packets_permille })), ...networks.map(([asn, source_count, packets_permille]) => ({ asn, country: "", source_count, packets_permille }))];
	}

	addresses(): Source[] {
		return Array.from({ length: 40 }, (_, at): Source => ({
			addr: `203.0.113.${at + 10}`, verdict: at % 7 === 0 ? "amplifier" : at % 5 === 0 ? "spoofed" : "bot", why: at % 7 === 0 ? "answers from port 123, 468 bytes each" : "full handshakes, one TTL",
			packets: 90_000 - at * 1900, bytes: 42e6 - at * 1e5, asn: at % 4 === 0 ? 0 : 64500 + at, country: ["IN", "VN", "BR", ""][at % 4] ?? "",
		}));
	}

	detail(incident: Incident): IncidentDetail {
		const related = this.orders.filter((order) => order.order.finding === this.findingOf(incident)).flatMap((order): Related[] => [
			{ kind: "order", at_ms: order.order.arrived_ms, digest: order.order.digest, document: order.document }, ...order.documents,
		]);
		const shares = Array.from({ length: 24 }, (_, at) => ({
			at_ms: incident.opened_ms + at * 8000, finding: this.findingOf(incident), peak_pps: incident.peak_pps, peak_bps: incident.peak_bps,
			vectors: sharesAt(incident, at),
		}));
		return {
			incident, shares, related,
			findings: [0, 1, 2].map((at) => ({
				arrival: 40 + at, arrived_ms: incident.opened_ms + 900 + at * 30_000, id: this.findingOf(incident), sequence: at, kind: "flood",
				phase: at === 0 ? "begin" : incident.state === "ended" && at === 2 ? "end" : "change", target: incident.target, incident: incident.id,
			})),
		};
	}

	mails(incident: Incident, lang: string): Mail[] {
		const mail = (number: number, action: Mail["action"], host: string): Mail => ({
			action, arrived_ms: incident.opened_ms + number * HOUR, confidence: 94 - number, id: sha256hex(`mail ${number}`).slice(0, 32), impersonated: { is: "person", pseudonym: "89abcdef01234567" }, kind: "impersonation", level: 4, number,
			hosts: [{ name: host, links: ["anchor", "archive"], traits: ["random", "cheap_tld"] }, { name: "drive.google.com", links: ["anchor"], traits: ["cloud_storage"] }],
			payload: number === 2 ? ["zip", "shortcut"] : [], recipient: "0123456789abcdef", sender: { domain: "gmail.com", pseudonym: "fedcba9876543210", traits: ["freemail"] }, sensor: "mail", target: "rail.example",
			reasons: [{ rule: "known_name_freemail_carrier", confidence: 94 - number, why: "writes in the name of a known person from gmail.com, and leads to an archive", words: lang === "ja" ? "既知の人物名をフリーメールから名乗り、開かせる物がある" : "a known person's name at a free mailer, with something to open" }],
			unread: number === 2 ? ["payload"] : [], why: "writes in the name of a known person from gmail.com, and leads to an archive", window: { start_ms: incident.opened_ms + number * HOUR - 900, end_ms: incident.opened_ms + number * HOUR - 900 },
		});
		return incident.matter === "mail" ? [mail(2, "quarantine", "files.archive-box.xyz"), mail(1, "tag", "files.archive-box.xyz")] : [];
	}

	history(incident: Incident, lang: string): HistoryLine[] {
		const ja = lang === "ja";
		const line = (after_s: number, event: HistoryLine["event"], words: [string, string]): HistoryLine => ({ at_ms: incident.opened_ms + after_s * 1000, event, subject: "", value: 0, other: 0, words: words[ja ? 0 : 1] });
		if (incident.matter === "mail") return [
			line(3600, "mail_tagged", ["1通目のメールに警告を付けた：既知の人物名をフリーメールから名乗り、開かせる物がある", "mail 1 was marked: a known person's name at a free mailer, with something to open"]),
			line(3600, "mail_sender", ["新たな差出人（gmail.com、1通目）", "a new sender at gmail.com (mail 1)"]),
			line(3600, "mail_identity", ["既知の相手へのなりすまし（仮名 89abcdef01234567、1通目）", "poses as a known identity, pseudonym 89abcdef01234567 (mail 1)"]),
			line(3600, "mail_host", ["リンク先：files.archive-box.xyz（1通目）", "links lead to files.archive-box.xyz (mail 1)"]),
			line(7200, "mail_held", ["2通目のメールを保留した：既知の人物名をフリーメールから名乗り、開かせる物がある", "mail 2 was held: a known person's name at a free mailer, with something to open"]),
		];
		const lines = [
			line(0, "opened", [`${incident.sensor} が ${incident.target} への攻撃を検知`, `${incident.sensor} saw an attack on ${incident.target}`]),
			line(1, "vector", ["UDP フラッドを特定", "UDP flood named"]),
			line(2, "proposed", ["対処の提案: 2 規則、遮断見込み 98.5 %、損失 0.2 %", "proposed: 2 rules, stop 98.5 %, cost 0.2 %"]),
			line(3, "ordered", ["常時命令に基づき命令", "ordered under the standing order"]),
			line(4, "applied", ["edge-1 が実施", "edge-1 applied it"]),
			line(21, "vector", ["NTP リフレクションが加わる", "NTP reflection joined in"]),
			line(64, "measured", ["遮断 36.2 M パケット、損失 0.1 %", "36.2 M packets stopped, 0.1 % lost"]),
			line(92, "peak", ["最大 612 kpps", "peak of 612 kpps"]),
		];
		return incident.state === "ended" ? [...lines, line(540, "finding_ended", ["攻撃が止む", "the attack stopped"]), line(560, "over", ["終息", "all clear"])] : lines;
	}

	report(incident: Incident, form: Report["form"], lang: Report["lang"]): Report {
		const ja = lang === "ja";
		return {
			form, lang, title: ja ? "報告書" : "Incident report", made_ms: Date.now(), incident: incident.id, consent: false,
			fields: [{ name: "target", label: ja ? "対象" : "Target", value: incident.target, is_known: true }, { name: "impact", label: ja ? "影響" : "Impact", value: "", is_known: false }],
			clocks: [
				{ recipient: ja ? "所管省庁" : "sector authority", basis: ja ? "協定" : "agreement", due_ms: incident.opened_ms + 72 * 3600_000, is_over: false },
				{ recipient: ja ? "国家サイバー統括室" : "national office", basis: ja ? "協定" : "agreement", due_ms: incident.opened_ms + 24 * 3600_000, is_over: false },
			],
		};
	}

	private findingOf = (incident: Incident): string => sha256hex(`finding ${incident.id}`).slice(0, 32);

	private incidentAdd(id: string, target: string, member: string, after_s: number, peak_pps: number, peak_bps: number, vectors: [string, number, number][], ended_s: number | null, source_count: number): void {
		const opened_ms = this.attack_ms + after_s * 1000;
		this.incidents.push({
			id, state: ended_s === null ? "open" : "ended", matter: "attack", kinds: ["flood"], shapes: ["multi_vector"], target, member, sector: this.members.find((one) => one.name === member)?.sector ?? null,
			opened_ms, told_ms: opened_ms + 400, last_ms: ended_s === null ? Date.now() : opened_ms + ended_s * 1000, ended_ms: ended_s === null ? null : opened_ms + ended_s * 1000,
			packets: peak_pps * 180, bytes: (peak_bps / 8) * 180, peak_pps, peak_bps, peak_ms: opened_ms + 92_000, source_count, confidence: 97, findings: 2, open_findings: ended_s === null ? 2 : 0,
			vectors: vectors.map(([name, packets_permille, bytes_permille], at) => ({ name, packets_permille, bytes_permille, first_ms: opened_ms + at * 7000, last_ms: ended_s === null ? Date.now() : opened_ms + ended_s * 1000 })),
			sensor: "sensor-1", why: `${Math.round(peak_pps / 1000)} kpps to ${target}, 40 times what it learned; ${source_count} sources`,
		});
	}

	private mailsAdd(id: string, member: string, after_s: number): void {
		this.incidentAdd(id, "::/0", member, after_s, 0, 0, [], null, 0);
		Object.assign(this.incidents.at(-1) ?? {}, { matter: "mail", kinds: ["mail", "impersonation"], shapes: [], open_findings: 0, sensor: "mail", why: "writes in the name of a known person from gmail.com, and leads to an archive" });
	}

	private orderAdd(plan: OrderPlan): void {
		const expires_ms = plan.begin_ms + plan.length_ms;
		const common = {
			basis: "agreement of the member with its operator, section 4", class: plan.class, expires_ms, id: sha256hex(plan.why + plan.begin_ms).slice(0, 32), member: plan.member, not_before_ms: plan.begin_ms,
			policy: sha256hex("policy"), scope: plan.scope, version: 1, why: plan.why,
		};
		const document: Record<string, unknown> = plan.isStanding
			? { ...common, actions: ["drop", "limit"], collateral_most_permille: 5, document: "standing_order", effectors: ["edge-1", "edge-2"], kinds: ["flood", "carpet_bombing"], longest_s: 900, requester: "hana", rules_most: 8, stopped_least_permille: 900, vectors: ["ntp_reflection"] }
			: plan.pseudonyms
			? { ...common, collateral_limit_permille: 0, counter: 9, document: "order", effector: "mail-1", finding: plan.finding, kind: "unknown", predicted: { collateral_permille: 0, stopped_permille: 0 }, requester: "hana", reveal: { pseudonyms: plan.pseudonyms }, touches_protected: false, vectors: [] }
			: { ...common, collateral_limit_permille: 20, counter: 7, document: "order", effector: "edge-1", finding: plan.finding, kind: "flood", predicted: { collateral_permille: plan.cost, stopped_permille: plan.stopped }, requester: "authority.example", rules: plan.rules, touches_protected: plan.isProtected === true, vectors: ["udp_flood"] };
		const line = `${JSON.stringify(document, Object.keys(document).sort().concat(allKeys(document)))}\n`;
		const requester = String(document["requester"]);
		const note = `${line}\n\u2014 ${requester} ${Buffer.from("a signature that the page does not judge").toString("base64")}\n`;
		const digest = sha256hex(line);
		const isWaiting = plan.state === "waiting" || (plan.isUrgent === true && plan.state === "active");
		const receipt = (at_ms: number): Related => ({
			kind: "receipt", at_ms, digest: sha256hex(`receipt ${digest} ${at_ms}`),
			document: { at_ms, collateral_permille: plan.measured?.cost ?? 0, document: "receipt", effector: "edge-1", limited: { bytes: 0, packets: 0 }, order: digest, passed: { bytes: 0, packets: plan.measured?.passed ?? 0 }, state: "applied", stopped: { bytes: 0, packets: plan.measured?.packets ?? 0 }, version: 1, why: "" },
		});
		const documents = plan.measured ? [receipt(plan.begin_ms + 1200)] : [];
		this.orders.push({
			order: {
				digest, id: common.id, kind: plan.isStanding ? "standing_order" : "order", state: plan.state, arrived_ms: plan.begin_ms, member: plan.member, class: plan.class, requester, effector: plan.isStanding ? null : plan.pseudonyms ? "mail-1" : "edge-1",
				finding: plan.finding, why: plan.why, is_urgent: plan.isUrgent === true, is_waiting: isWaiting, decide_by_ms: isWaiting ? plan.begin_ms + 15 * MINUTE : null, ratify_by_ms: plan.isUrgent ? plan.begin_ms + 15 * MINUTE : null,
				not_before_ms: plan.begin_ms, expires_ms, scope: plan.scope, rules: plan.isStanding ? 8 : plan.rules.length, touches_protected: plan.isProtected === true, approvals: 0, refusals: plan.state === "refused" ? 1 : 0,
				predicted: { stopped_permille: plan.stopped, collateral_permille: plan.cost }, collateral_limit_permille: 20,
				measured: plan.measured ? { at_ms: Date.now(), stopped_packets: plan.measured.packets, stopped_bytes: plan.measured.packets * 900, passed_packets: plan.measured.passed, collateral_permille: plan.measured.cost } : null,
			},
			authority: { state: isWaiting ? "submitted" : "active", since_ms: plan.begin_ms, approved_by: [], waits_for: isWaiting ? ["1 duty", "1 commission"] : [] },
			documents, document, note,
			words: plan.pseudonyms ? [`Order ${common.id}: ${requester} asks mail-1 to say WHOSE ADDRESSES stand behind pseudonyms of a mail at ${plan.member} (${plan.class}).`, `  Whom     ${plan.pseudonyms.join(", ")}`, `  Why      ${plan.why}`]
				: [`Order ${common.id}: ${requester} asks edge-1 to act for ${plan.member} (${plan.class}).`, "  What     drop UDP from port 123 to 192.0.2.10", `  Why      ${plan.why}`, `  Width    only what is sent to ${plan.scope.join(", ")}; protected space is spared`],
			silence: plan.isStanding ? "does_not_stand" : plan.isUrgent ? "ends_at_deadline" : plan.state === "waiting" ? "nothing_is_done" : plan.state === "active" ? "acts_until_its_end" : "is_over",
			may_decide: { approve: isWaiting, refuse: isWaiting, why: isWaiting ? "" : "it is decided" },
		});
		this.ledger.add(note);
		for (const one of documents) this.ledger.add(`${JSON.stringify(one.document)}\n\n\u2014 authority.example ${Buffer.from("a signature of the authority").toString("base64")}\n`);
	}

	private fill(): void {
		for (const [name, title, sector, networks] of MEMBERS) {
			this.members.push({ name, title, sector, is_active: name !== "gas-east", networks, changed_ms: this.began_ms - 40 * 86_400_000, changed_by: "operator-1" });
			this.contacts.set(name, [{ role: "duty", name: "duty desk", reach: `duty@${name}.example, 24 h` }, { role: "press", name: "press office", reach: `press@${name}.example` }]);
			this.assets.set(name, [
				{ id: "vpn-1", product: "Example VPN", version: "7.2.4", place: "head office", note: "", is_retired: false, changed_ms: this.began_ms - 3 * 86_400_000, changed_by: "operator-1" },
				{ id: "mail-1", product: "Example Mail Gateway", version: "12.1", place: "data centre 2", note: "replaced in spring", is_retired: true, changed_ms: this.began_ms - 90 * 86_400_000, changed_by: "operator-2" },
			]);
		}
		this.incidentAdd("7", "192.0.2.10", "airline", 0, 612_000, 4.85e9, [["udp_flood", 460, 640], ["ntp_reflection", 310, 280], ["syn_flood", 150, 40], ["dns_reflection", 60, 30], ["ack_flood", 20, 10]], null, 14_830);
		this.incidentAdd("6", "198.51.100.20", "bank", 38, 208_000, 1.34e9, [["syn_flood", 930, 880], ["ack_flood", 70, 120]], null, 6_210);
		this.incidentAdd("5", "2001:db8:100::/48", "telecom", 71, 96_000, 0.62e9, [["cldap_reflection", 1000, 1000]], null, 820);
		this.incidentAdd("4", "203.0.113.70", "rail", -9000, 140_000, 0.9e9, [["udp_flood", 1000, 1000]], 560, 2_100);
		this.incidentAdd("3", "203.0.113.71", "rail", -22_000, 51_000, 0.33e9, [["request_flood", 1000, 1000]], 310, 410);
		this.mailsAdd("2", "rail", -20_000);
		const [airline, bank, telecom] = this.incidents.map((incident) => this.findingOf(incident));
		const drop = { action: "drop", destination: "192.0.2.10", length_bytes: [468, 468], protocol: 17, signature: "ntp_private", source_ports: [123, 123] };
		this.orderAdd({ member: "airline", scope: ["192.0.2.0/25"], why: "reflection floods come at night, and customers check in at dawn", class: "own_edge", state: "active", stopped: 900, cost: 5, rules: [], isStanding: true, begin_ms: this.began_ms - 20 * 86_400_000, length_ms: 60 * 86_400_000, finding: null });
		this.orderAdd({ member: "rail", scope: ["203.0.113.70"], why: "140 kpps of UDP to one host", class: "own_edge", state: "ended", stopped: 990, cost: 1, rules: [{ ...drop, destination: "203.0.113.70" }], begin_ms: this.attack_ms - 9_000_000, length_ms: 10 * MINUTE, measured: { packets: 61_000_000, passed: 300_000, cost: 1 }, finding: null });
		this.orderAdd({ member: "rail", scope: ["203.0.113.64/26"], why: "a wish to block all of AS64500", class: "upstream", state: "refused", stopped: 400, cost: 80, rules: [{ action: "drop", destination: "203.0.113.64/26", sources: ["203.0.113.0/28"] }], begin_ms: this.attack_ms - 8_000_000, length_ms: 30 * MINUTE, finding: null });
		this.orderAdd({ member: "airline", scope: ["192.0.2.10"], why: "612 kpps to 192.0.2.10, 40 times what it learned", class: "own_edge", state: "active", stopped: 985, cost: 2, rules: [drop, { action: "drop", destination: "192.0.2.10", protocol: 17, destination_ports: [1024, 65535] }], begin_ms: this.attack_ms + 3000, length_ms: 30 * MINUTE, measured: { packets: 36_200_000, passed: 412_000, cost: 1 }, finding: airline ?? null });
		this.orderAdd({ member: "bank", scope: ["198.51.100.20"], why: "208 kpps of SYN to the login of the bank", class: "own_edge", state: "active", stopped: 960, cost: 9, rules: [{ action: "limit", limit: { per: "source", pps: 20 }, destination: "198.51.100.20", protocol: 6, destination_ports: [443, 443] }], isUrgent: true, begin_ms: this.attack_ms + 45_000, length_ms: 60 * MINUTE, measured: { packets: 18_900_000, passed: 900_000, cost: 7 }, finding: bank ?? null });
		this.orderAdd({ member: "rail", scope: [], why: "who is written to must be warned before the archive is opened", class: "reidentify", state: "expired", stopped: 0, cost: 0, rules: [], pseudonyms: ["0123456789abcdef", "fedcba9876543210"], begin_ms: this.attack_ms - 7_000_000, length_ms: 60 * MINUTE, finding: sha256hex("mail").slice(0, 32) });
		this.orderAdd({ member: "telecom", scope: ["2001:db8:100::/48"], why: "carpet of CLDAP answers over 2001:db8:100::/48; the uplink is full, so the edge is too late", class: "upstream", state: "waiting", stopped: 995, cost: 3, rules: [{ action: "drop", destination: "2001:db8:100::/48", protocol: 17, source_ports: [389, 389] }], isProtected: true, begin_ms: this.attack_ms + 80_000, length_ms: 60 * MINUTE, finding: telecom ?? null });
		for (let at = 0; this.ledger.entries.length < 300; at++) {
			const at_ms = this.attack_ms + at * 400;
			this.ledger.add(`${JSON.stringify({ at_ms, collateral_permille: 1, document: "receipt", effector: "edge-1", order: this.orders[3]?.order.digest, state: "progress", version: 1, why: `${at} tables read back` })}\n\n\u2014 authority.example ${Buffer.from("a signature of the authority").toString("base64")}\n`);
		}
		this.exercise.scenarios.push(
			{ name: "december-26", about: "the botnet floods of 26 December 2024: a carpet, vectors that join, pulses, urgent cases, a refusal", duration_ms: 68_000 },
			{ name: "carpet", about: "a carpet over a /24", duration_ms: 15_000 }, { name: "flash-crowd", about: "many clients at once: no attack", duration_ms: 15_000 },
		);
		this.exercise.runs.push(exerciseRun(2, this.began_ms - 20 * MINUTE), { ...exerciseRun(1, this.began_ms - 40 * MINUTE), events: [], seconds: [] });
	}
}

/** An exercise that was played to its end. */
function exerciseRun(number: number, started_ms: number): ExerciseRun {
	const sum = (asked: number, served: number): ExerciseSum => ({ asked, served, late: 0, failed: asked - served });
	const attack = (name: string, found_ms: number, complaint = ""): ExerciseAttack => ({
		name, decision: "standing", complaint, is_judged: true, vectors: ["udp_flood", "syn_flood"], first_ms: 10_000, last_ms: 52_000, found_ms: 10_000 + found_ms, ordered_ms: 10_009 + found_ms, applied_ms: 10_021 + found_ms, well_ms: 10_060 + found_ms, gone_ms: 53_400, leak_permille: 6, collateral_permille: 1,
	});
	const news = (at_ms: number, news: ExerciseEvent["news"], detail = ""): ExerciseEvent => ({ at_ms, news, attack: "airline", detail });
	return {
		number, scenario: "december-26", why: "", stage: "done", duration_ms: 68_000, started_ms, ended_ms: started_ms + 80_000, lost: 0,
		events: [news(10_000, "first_packet"), news(10_610, "found", "203.0.113.10 udp_flood 100%"), news(10_621, "in_force", "5d41402a"), news(12_000, "well"), news(53_400, "gone", "5d41402a")],
		seconds: Array.from({ length: 68 }, (_, at) => ({ with: sum(48, at === 10 ? 41 : 48), without: sum(48, at > 9 && at < 53 ? 9 : 48) })),
		score: {
			attack_packets: 4_200_000, troubles: 0, passed: 5, failed: 1, skipped: 1, is_ledger_verified: true,
			attacks: [attack("airline", 610), attack("bank", 720), attack("rail", 930, "was not ratified"), { name: "hospital", decision: "page", complaint: "nobody answered at the page, and so nothing was done", is_judged: false, vectors: ["dns_reflection"], first_ms: 60_000, last_ms: 67_000, found_ms: 60_700 }],
			with: sum(2880, 2861), with_defended: sum(900, 898), without: sum(2880, 1123), without_defended: sum(900, 104),
			mail: number % 2 === 0 ? { absence: "Postfix is not installed", mails: 0, accepted: 0, delivered: 0, unmarked: 0, aimed: 0, aimed_tagged: 0, others_tagged: 0 } : { absence: "", mails: 53, accepted: 53, delivered: 53, unmarked: 0, aimed: 5, aimed_tagged: 5, others_tagged: 0 },
		},
	};
}

/** Shares that move and always make a whole. */
function sharesAt(incident: Incident, at: number): { name: string; packets_permille: number }[] {
	const weights = incident.vectors.map((vector, place) => Math.max(1, vector.packets_permille * (1 + 0.4 * Math.sin(at / 4 + place))));
	const whole = weights.reduce((sum, weight) => sum + weight, 0);
	return incident.vectors.map((vector, place) => ({ name: vector.name, packets_permille: Math.floor(((weights[place] ?? 0) * 1000) / whole) }));
}

/** All names of a document at any depth, for the replacer that keeps JSON.stringify sorted. */
function allKeys(value: unknown): string[] {
	if (Array.isArray(value)) return value.flatMap(allKeys);
	if (typeof value !== "object" || value === null) return [];
	return Object.entries(value).flatMap(([name, member]) => [name, ...allKeys(member)]);
}
