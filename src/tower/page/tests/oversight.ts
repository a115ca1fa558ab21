/* What an inspector finds in the tower of the tests: acts, look-ups, accounts, counts of a year, and proofs of deletion. */
import { createHash } from "node:crypto";
import type { Account, AccountMade, AccountPut, AuditLine, Figures, Lookup, Proof, Retention } from "../generated/api";

const DAY_MS = 86_400_000;
const ACTS = [["operator-1", "member.put", "port"], ["", "session.refused", "203.0.113.99"], ["hana", "session.begin", "hana"], ["analyst-1", "report.make consent", "7"],
	["operator-1", "account.put token", "guest"], ["guest", "request.denied", "/api/v1/members/port"]] as const;

export class Oversight {
	readonly audit: AuditLine[] = [];
	readonly lookups: Lookup[] = [];
	readonly accounts: Account[] = [];
	readonly proofs: Proof[] = [];
	readonly retention: Retention = {
		items: [{ class: "findings", keep_ms: 400 * DAY_MS }, { class: "sources", keep_ms: 90 * DAY_MS }, { class: "health", keep_ms: 30 * DAY_MS },
			{ class: "documents", keep_ms: 0 }, { class: "lookups", keep_ms: 0 }],
	};

	constructor(readonly began_ms: number, readonly isBusy: boolean) {
		this.accounts.push(this.#account("hana", ["operator", "analyst", "approver", "inspector", "reader"]));
		if (!isBusy) return;
		this.accounts.push(this.#account("guest", ["reader"]), this.#account("port-sender", ["sender"], "port"), { ...this.#account("left-in-spring", ["analyst"]), is_active: false, has_token: false });
		ACTS.forEach(([who, act, subject], at) => this.audit.push({ number: ACTS.length - at, at_ms: began_ms - at * 47_000, who, act, subject, is_allowed: !/refused|denied/.test(act) }));
		["to tell the upstream which bots are its customers", "送信元の事業者への連絡のため"].forEach((purpose, at) =>
			this.lookups.push({ number: 2 - at, at_ms: began_ms - at * 3_600_000, who: "analyst-1", incident: "7", purpose }));
		for (let day = 1; day <= 5; day++) {
			const from_ms = began_ms - (90 + day) * DAY_MS;
			this.proofs.push({ number: 6 - day, at_ms: began_ms - day * DAY_MS, class: day % 2 === 0 ? "health" : "sources", from_ms, to_ms: from_ms + DAY_MS - 1, count: 41_200 - day, digest: createHash("sha256").update(String(day)).digest("hex") });
		}
	}

	#account(name: string, roles: Account["roles"], member = ""): Account {
		return { name, roles, member, is_active: true, has_token: true, changed_ms: this.began_ms - 20 * DAY_MS };
	}

	put(name: string, put: AccountPut): AccountMade {
		const at = this.accounts.findIndex((one) => one.name === name);
		const account: Account = { name, roles: put.roles, member: put.member, is_active: put.is_active, has_token: put.new_token || this.accounts[at]?.has_token === true, changed_ms: Date.now() };
		if (at < 0) this.accounts.push(account);
		else this.accounts[at] = account;
		return { account, token: put.new_token ? `hinomi_${"A".repeat(43)}` : null };
	}

	figures(year: number): Figures {
		const present = new Date(this.began_ms).getUTCFullYear();
		const scale = this.isBusy ? 1 + ((present - year) % 3) : 0;
		return {
			year, from_ms: Date.UTC(year), to_ms: Date.UTC(year + 1), made_ms: Date.now(), is_over: year < present,
			incidents: [["attack", 212], ["outbound", 3], ["scan", 1840], ["backscatter", 77], ["crowd", 4]].map(([name, count]) => ({ name: String(name), count: Number(count) * scale })),
			sectors: [["electricity", 12], ["railways", 48], ["none", 31]].map(([name, count]) => ({ name: String(name), count: Number(count) * scale })),
			orders: [["waiting", 2], ["active", 1], ["ended", 97], ["refused", 3], ["withdrawn", 6], ["expired", 4]].map(([name, count]) => ({ name: String(name), count: Number(count) * scale })),
			urgent_orders: 2 * scale, standing_orders: 90 * scale, lookups: 14 * scale,
			deleted: [["findings", 1_204_551], ["sources", 88_120], ["health", 4_000_012], ["documents", 0], ["lookups", 0]].map(([name, count]) => ({ name: String(name), count: Number(count) * scale })),
		};
	}
}
