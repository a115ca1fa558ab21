/*
 * A tower of the tests: serves a built page and answers as schema/api.json describes (the compiler holds its answers against the same
 * types as the page), tells live events, and verifies passkeys. It can fall silent or go away.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { extname, join } from "node:path";
import type { Assertion, AssetList, Challenge, Decision, DecisionAnswer, Exercise, ExerciseAccepted, HealthList, IncidentDetail, IncidentList, MemberDetail, MemberList, OrderDetail, OrderList, Report, Session, Sources } from "../generated/api";
import { Scene } from "./scene";

const TYPES: Record<string, string> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8" };
export const HEADERS = {
	"Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'",
	"X-Content-Type-Options": "nosniff",
	"Referrer-Policy": "no-referrer",
	"Cross-Origin-Opener-Policy": "same-origin",
};

class Answer extends Error {
	constructor(readonly status: number, readonly code: string, message = code) {
		super(message);
	}
}

export class MockTower {
	readonly #server: Server;
	readonly #watchers = new Set<ServerResponse>();
	readonly #timer: ReturnType<typeof setInterval>;
	#event = 0;
	#decisions = new Map<string, Decision>();
	passkey: { point: Buffer; origin: string } | null = null; /* whose assertions are taken: x and y */
	guest: string | null = null; /* passkey of who has joined an exercise */
	isSilent = false;
	isForging = false; /* hands out another document than was asked for */
	bytes = 0; /* sent for the page, as they went over the wire */

	private constructor(readonly directory: string, public scene: Scene) {
		this.#server = createServer((request, response) => void this.#serve(request, response));
		this.#timer = setInterval(() => {
			if (this.scene.kind === "busy") this.tell("traffic", this.scene.point(Date.now() - 1000));
		}, 1000);
	}

	static async start(directory: string, scene: Scene, port = 0): Promise<MockTower> {
		const tower = new MockTower(directory, scene);
		await new Promise<void>((resolve) => tower.#server.listen(port, "127.0.0.1", resolve));
		return tower;
	}

	get port(): number {
		return (this.#server.address() as AddressInfo).port;
	}

	get url(): string {
		return `http://localhost:${this.port}/`;
	}

	tell(event: string, data: unknown): void {
		if (this.isSilent) return;
		for (const watcher of this.#watchers) watcher.write(`id: ${++this.#event}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
	}

	async stop(): Promise<void> {
		clearInterval(this.#timer);
		this.#server.closeAllConnections();
		await new Promise((resolve) => this.#server.close(resolve));
	}

	async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const url = new URL(request.url ?? "/", "http://localhost");
		if (!url.pathname.startsWith("/api/")) return this.#file(request, response, url.pathname);
		if (this.isSilent) return;
		try {
			if (url.pathname === "/api/v1/events") return this.#watch(response);
			const body = await bodyRead(request);
			const answer = this.#answer(request.method ?? "GET", url.pathname.slice("/api/v1/".length), url.searchParams, body);
			if (answer instanceof Uint8Array || typeof answer === "string") response.writeHead(200, { "Content-Type": "text/plain" }).end(answer);
			else if (answer === null) response.writeHead(204).end();
			else response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
		} catch (error) {
			const known = error instanceof Answer ? error : new Answer(500, "failed", String(error));
			response.writeHead(known.status, { "Content-Type": "application/json" }).end(JSON.stringify({ error: { code: known.code, message: known.message } }));
		}
	}

	#file(request: IncomingMessage, response: ServerResponse, path: string): void {
		const name = path === "/" ? "index.html" : path.slice(1);
		const file = join(this.directory, name);
		if (!/^(assets\/)?[\w.-]+$/.test(name) || !existsSync(file)) return void response.writeHead(404).end();
		const isPacked = String(request.headers["accept-encoding"]).includes("gzip") && existsSync(`${file}.gz`);
		const bytes = readFileSync(isPacked ? `${file}.gz` : file);
		this.bytes += bytes.length;
		response.writeHead(200, { ...HEADERS, "Content-Type": TYPES[extname(name)] ?? "application/octet-stream", ...(isPacked ? { "Content-Encoding": "gzip" } : {}) }).end(bytes);
	}

	#watch(response: ServerResponse): void {
		if (!this.scene.session) throw new Answer(401, "no_session");
		response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
		response.write(": welcome\n\n");
		this.#watchers.add(response);
		response.on("close", () => this.#watchers.delete(response));
	}

	#answer(method: string, path: string, query: URLSearchParams, body: unknown): unknown {
		if (path.startsWith("session")) return this.#session(method, path, body);
		if (!this.scene.session) throw new Answer(401, "no_session", "Nobody has been proven");
		const [root = "", name = "", part = "", id = ""] = path.split("/");
		switch (root) {
			case "now": return this.scene.now();
			case "traffic": return { items: this.scene.traffic(Number(query.get("since") ?? 0)), now_ms: Date.now() };
			case "incidents": return this.#incidents(name, part, query);
			case "orders": return this.#orders(method, name, part, query, body);
			case "ledger": return this.#ledger(path.slice("ledger/".length));
			case "members": return this.#members(method, name, part, id, body);
			case "health": return { items: this.scene.health(query.get("member")), next: null } satisfies HealthList;
			case "exercise": return this.#exercise(method, name, body);
			default: throw new Answer(404, "not_found");
		}
	}

	#session(method: string, path: string, body: unknown): unknown {
		const { scene } = this;
		if (method === "DELETE") return (scene.session = null);
		if (path === "session/passkey/begin") {
			const challenge = createHash("sha256").update(String(Math.random())).digest("base64url");
			this.#decisions.set(challenge, { challenge } as Decision);
			return { challenge, relying_party: "localhost", expires_ms: Date.now() + 120_000 } satisfies Challenge;
		}
		if (path === "session/passkey/finish") {
			const { challenge, webauthn } = body as { challenge: string; webauthn: Assertion };
			if (!this.#decisions.has(challenge) || !this.#passkeyFits(webauthn, challenge)) throw new Answer(401, "no_session");
			return (scene.session = scene.sessionMake());
		}
		if (method === "POST") {
			if ((body as { token?: string }).token !== "hinomi_right") throw new Answer(401, "no_session", "Nobody has been proven");
			return (scene.session = { ...scene.sessionMake(), by: "token" } satisfies Session);
		}
		if (!scene.session) throw new Answer(401, "no_session", "Nobody has been proven");
		return { ...scene.session, server: { ...scene.session.server, now_ms: Date.now() } };
	}

	#incidents(name: string, part: string, query: URLSearchParams): unknown {
		const { scene } = this;
		if (name === "") {
			const state = query.get("state") ?? "all";
			const sector = query.get("sector");
			const rows = scene.incidents.filter((incident) => (state === "all" || incident.state === state) && (sector === null || incident.sector === sector));
			const from = Number(query.get("cursor") ?? 0);
			return { items: rows.slice(from, from + 4), next: rows.length > from + 4 ? String(from + 4) : null } satisfies IncidentList;
		}
		const incident = scene.incidents.find((one) => one.id === name);
		if (!incident) throw new Answer(404, "not_found", "There is no such incident");
		if (part === "history") return { items: scene.history(incident, query.get("lang") ?? "en"), next: null };
		if (part === "sources") return { origins: scene.origins(), addresses: query.get("purpose") ? scene.addresses() : null } satisfies Sources;
		if (part === "report" && query.get("format") === "json") return scene.report(incident, query.get("form") as Report["form"], query.get("lang") as Report["lang"]);
		if (part === "report") return `report ${name} ${query.get("form")} ${query.get("format")} ${query.get("lang")}`;
		return scene.detail(incident) satisfies IncidentDetail;
	}

	#orders(method: string, digest: string, part: string, query: URLSearchParams, body: unknown): unknown {
		const { scene } = this;
		if (digest === "") {
			const state = query.get("state") ?? "all";
			const rows = scene.orders.map((order) => order.order).filter((order) =>
				state === "all" || (state === "waiting" && order.is_waiting) || (state === "in_force" && order.state === "active") || (state === "over" && !order.is_waiting && order.state !== "active"));
			return { items: [...rows].reverse(), next: null } satisfies OrderList;
		}
		const order = scene.orders.find((one) => one.order.digest === digest);
		if (!order) throw new Answer(404, "not_found", "There is no such order");
		if (part !== "decision") return order satisfies OrderDetail;
		if (method === "GET") return this.#decision(order, query.get("approve") === "true", query.get("reason") ?? "");
		return this.#decide(order, body as DecisionAnswer);
	}

	#decision(order: OrderDetail, isYes: boolean, reason: string): Decision {
		const act = this.isForging ? "approval" : !isYes ? "refusal" : order.order.is_urgent ? "ratification" : "approval";
		const document = JSON.stringify({ at_ms: Date.now(), by: "hana", document: act, reason, role: "duty", subject: order.order.digest, version: 1 });
		const challenge = createHash("sha256").update(`${document}\n`).digest("base64url");
		const decision: Decision = { act, document, challenge, relying_party: "localhost", by: "hana", role: "duty", expires_ms: Date.now() + 300_000 };
		this.#decisions.set(document, decision);
		return decision;
	}

	#decide(order: OrderDetail, answer: DecisionAnswer): unknown {
		const decision = "document" in answer ? this.#decisions.get(answer.document) : undefined;
		if (!decision || !("webauthn" in answer)) throw new Answer(400, "bad_request", "not a document that was handed out");
		if (!this.#passkeyFits(answer.webauthn, decision.challenge)) throw new Answer(409, "wrong_state", "not signed by that passkey");
		const isYes = decision.act !== "refusal";
		order.order.is_waiting = false;
		order.order.state = isYes ? "active" : "refused";
		order.order.decide_by_ms = null;
		order.may_decide = { approve: false, refuse: false, why: "it is decided" };
		order.silence = isYes ? "acts_until_its_end" : "is_over";
		const document = JSON.parse(decision.document) as Record<string, unknown>;
		order.documents.push({ kind: "approval", at_ms: Date.now(), digest: createHash("sha256").update(`${decision.document}\n`).digest("hex"), document });
		this.scene.ledger.add(`${decision.document}\n`);
		this.tell("order", order.order);
		return { taken: true, detail: `${order.order.digest.slice(0, 8)} ${isYes ? "approved" : "refused"}` };
	}

	/** As src/record/passkey.h asks: what was signed, at which page, by a person who was there and proved it. */
	#passkeyFits(webauthn: Assertion, challenge: string): boolean {
		if (!this.passkey) return false;
		const [data, client, signature] = [webauthn.authenticator_data, webauthn.client_data, webauthn.signature].map((text) => Buffer.from(text, "base64")) as [Buffer, Buffer, Buffer];
		const said = JSON.parse(client.toString()) as { type: string; challenge: string; origin: string };
		const [x, y] = [this.passkey.point.subarray(0, 32), this.passkey.point.subarray(32)];
		const key = createPublicKey({ format: "jwk", key: { kty: "EC", crv: "P-256", x: x.toString("base64url"), y: y.toString("base64url") } });
		const isVerified = ((data[32] ?? 0) & 5) === 5;
		const message = Buffer.concat([data, createHash("sha256").update(client).digest()]);
		return isVerified && said.type === "webauthn.get" && said.challenge === challenge && said.origin === this.passkey.origin && verify("sha256", message, key, signature);
	}

	#ledger(path: string): unknown {
		const { ledger } = this.scene;
		if (path === "checkpoint") return ledger.checkpoint();
		if (path === "keys") return this.scene.keys();
		const tile = ledger.tile(path);
		if (!tile) throw new Answer(404, "not_found");
		return tile;
	}

	#members(method: string, name: string, part: string, id: string, body: unknown): unknown {
		const { scene } = this;
		if (name === "") return { items: scene.members, next: null } satisfies MemberList;
		if (method === "PUT" && part === "") {
			const put = body as MemberDetail["member"];
			if (put.networks.some((network) => !/^[0-9a-f:.]+(\/\d+)?$/.test(network))) throw new Answer(400, "bad_request", "networks: not a network");
			const made = { ...put, name, changed_ms: Date.now(), changed_by: "hana" };
			const at = scene.members.findIndex((one) => one.name === name);
			if (at < 0) scene.members.push(made);
			else scene.members[at] = made;
		}
		const member = scene.members.find((one) => one.name === name);
		if (!member) throw new Answer(404, "not_found", "There is no such member");
		if (method === "PUT" && part === "contacts") return scene.contacts.set(name, (body as { items: never[] }).items), body;
		if (part === "assets") return { items: (scene.assets.get(name) ?? []).filter((asset) => id === "" || asset.id === id), next: null } satisfies AssetList;
		const keys = scene.kind === "busy" ? [{ name: `edge-1.${name}.example`, use: "effector", vkey: scene.ledger.log.text }] : [];
		return { member, contacts: scene.contacts.get(name) ?? [], keys, health: scene.health(name) } satisfies MemberDetail;
	}

	#exercise(method: string, part: string, body: unknown): Exercise | ExerciseAccepted {
		const { exercise } = this.scene;
		const [newest] = exercise.runs;
		if (method === "GET") return exercise;
		if (part === "guest") this.guest = (body as { passkey: string }).passkey;
		else if (method === "POST") {
			if (!exercise.may_start) throw new Answer(409, "wrong_state", "an exercise is under way; one at a time");
			exercise.may_start = false;
			exercise.runs.unshift({ number: exercise.runs.length + 1, scenario: (body as { scenario: string }).scenario, why: "", stage: "waiting", duration_ms: 15_000, started_ms: Date.now(), lost: 0, events: [], seconds: [] });
		} else if (newest) {
			exercise.may_start = true;
			Object.assign(newest, { stage: "failed", why: "stopped before its end", ended_ms: Date.now() });
		}
		this.exerciseTell();
		return { accepted: true };
	}

	exerciseTell(): void {
		const [newest] = this.scene.exercise.runs;
		this.tell("exercise", { number: newest?.number ?? 0, seconds: newest?.seconds.length ?? 0 });
	}
}

async function bodyRead(request: IncomingMessage): Promise<unknown> {
	let text = "";
	for await (const part of request) text += String(part);
	return text === "" ? null : JSON.parse(text);
}

