/*
 * An order as its exact bytes say it (schema/order.json, schema/standing_order.json). The page shows what the digest covers, and
 * says so where it could not check that.
 */
import type { OrderDetail } from "../generated/api";
import { hex, sha256, utf8 } from "./bytes";
import { amount } from "./format";
import { say } from "./language";
import { noteParse } from "./note";
import type { TextKey } from "./texts";

export interface OrderBytes {
	document: Record<string, unknown>;
	isChecked: boolean; /* the document was read from the bytes that the digest covers */
	signers: string[];
}

export async function orderBytes(detail: OrderDetail): Promise<OrderBytes> {
	const note = detail.note === null ? null : noteParse(detail.note);
	const line = note?.text ?? detail.note ?? "";
	try {
		const isChecked = line !== "" && hex(await sha256(utf8(line.endsWith("\n") ? line : `${line}\n`))) === detail.order.digest;
		if (isChecked) return { document: JSON.parse(line) as Record<string, unknown>, isChecked, signers: note?.signatures.map((one) => one.name) ?? [] };
	} catch {
		/* shown as not checked */
	}
	return { document: detail.document, isChecked: false, signers: [] };
}

const PROTOCOLS: Record<number, string> = { 1: "ICMP", 6: "TCP", 17: "UDP", 47: "GRE", 50: "ESP", 51: "AH", 58: "ICMPv6", 132: "SCTP" };

function rangeWords(range: unknown): string {
	if (!Array.isArray(range)) return String(range);
	const [first, last] = range as number[];
	return first === last ? String(first) : `${first}–${last}`;
}

/** One part of a rule in words; its meaning is in doc/rules.md. */
function partWords(name: string, value: unknown): string {
	if (name === "protocol") return PROTOCOLS[value as number] ?? say("rule_protocol", { value: String(value) });
	if (name === "source_set") {
		const set = value as { count?: number };
		return say("rule_source_set", { n: amount(set.count ?? 0) });
	}
	const known: Record<string, TextKey> = {
		source_ports: "rule_source_ports", destination_ports: "rule_destination_ports", length_bytes: "rule_length", sources: "rule_sources",
		signature: "rule_signature", destination: "rule_destination",
	};
	const key = known[name];
	const words = Array.isArray(value) && typeof value[0] === "number" ? rangeWords(value) : Array.isArray(value) ? value.join(", ") : typeof value === "object" ? JSON.stringify(value) : String(value);
	return key ? say(key, { value: words }) : `${name} ${words}`;
}

export function ruleWords(rule: Record<string, unknown>): string {
	const action = rule["action"] === "drop" ? say("rule_drop") : rule["action"] === "count" ? say("rule_count") : say("rule_limit", { value: JSON.stringify(rule["limit"] ?? {}).replace(/[{}"]/g, "") });
	const order = ["protocol", "source_ports", "destination_ports", "signature", "length_bytes", "sources", "source_set", "destination"];
	const names = Object.keys(rule).filter((name) => name !== "action" && name !== "limit");
	const sorted = [...order.filter((name) => names.includes(name)), ...names.filter((name) => !order.includes(name))];
	return `${action} ${sorted.map((name) => partWords(name, rule[name])).join(say("rule_and"))}`;
}
