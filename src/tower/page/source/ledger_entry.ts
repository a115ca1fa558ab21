/* What an entry of the ledger says of itself: a signed note of a document's line, that line alone, or the hash of a long one. */
import { type Bytes, hex, sha256, utf8 } from "./bytes";
import { noteParse } from "./note";

export interface Entry {
	kind: string; /* as the document names itself; "long" where only its hash is logged; "other" for none of ours */
	at_ms: number | null;
	about: string | null; /* digest of the document that it is about */
	digest: string;
	signers: string[];
	words: string;
	text: string;
	document: Record<string, unknown> | null;
}

function objectParse(line: string): Record<string, unknown> | null {
	try {
		const value: unknown = JSON.parse(line);
		return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
	} catch {
		return null;
	}
}

function words(document: Record<string, unknown>): string {
	const text = (name: string): string => (typeof document[name] === "string" ? String(document[name]) : "");
	return [text("by") || text("effector"), text("state"), text("reason") || text("why")].filter(Boolean).join(" · ");
}

export async function entryRead(bytes: Bytes): Promise<Entry> {
	const text = new TextDecoder().decode(bytes);
	const note = noteParse(text);
	const line = text.split("\n", 1)[0] ?? "";
	const document = objectParse(line);
	const [first] = ["at_ms", "not_before_ms"].map((name) => document?.[name]).filter((value) => typeof value === "number");
	const [about] = ["subject", "order"].map((name) => document?.[name]).filter((value) => typeof value === "string");
	return {
		kind: typeof document?.["document"] === "string" ? document["document"] : line.startsWith("sha256 ") ? "long" : "other",
		at_ms: (first as number | undefined) ?? null,
		about: (about as string | undefined) ?? null,
		digest: hex(await sha256(utf8(`${line}\n`))),
		signers: note?.signatures.map((signature) => signature.name) ?? (document?.["webauthn"] ? [String(document["by"] ?? "")] : []),
		words: document ? words(document) : line.slice(0, 120),
		text,
		document,
	};
}
