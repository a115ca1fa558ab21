/*
 * Signed notes, the keys that verify them, and checkpoints (C2SP signed-note, tlog-cosignature, tlog-checkpoint): what
 * src/record/note.c and checkpoint.c do, in the browser. Ed25519 is the browser's own.
 *
 * Does not know whom to believe: the caller brings the keys.
 */
import { type Bytes, base64, fromBase64, hex, joined, sha256, utf8 } from "./bytes";

export const KEY_ED25519 = 1; /* signs the text */
export const KEY_COSIGNATURE = 4; /* a witness: signs a time and the text */
const NOTE_LETTERS_MAX = 1 << 20;
const SIGNATURES_MAX = 64;

export interface NoteKey {
	name: string;
	type: number;
	id: string; /* 8 hexadecimal digits: a label, not a fingerprint */
	key: Bytes;
	text: string;
}

export interface NoteSignature {
	name: string;
	id: string;
	signature: Bytes; /* what follows the id */
}

export interface Note {
	text: string; /* with its last newline */
	signatures: NoteSignature[];
}

export interface Checkpoint {
	origin: string;
	entries: number;
	root: Bytes;
}

/** Whether this browser can verify at all: a secure page, and Ed25519 in its WebCrypto. */
export async function canVerify(): Promise<boolean> {
	try {
		await crypto.subtle.importKey("raw", new Uint8Array(32), { name: "Ed25519" }, false, ["verify"]);
		return true;
	} catch {
		return false;
	}
}

const nameIsGood = (name: string): boolean => name.length > 0 && utf8(name).length < 128 && !/[\s+\p{C}]/u.test(name);

/** Reads a verifier key, NAME+ID+BASE64; null where it is malformed, of another type, or its id is not that of the key. */
export async function keyParse(text: string): Promise<NoteKey | null> {
	const [name, id, blob, rest] = text.trim().split(/\+(.{8})\+(.*)$/s);
	const bytes = blob === undefined ? null : fromBase64(blob);
	if (name === undefined || id === undefined || bytes === null || rest !== "" || bytes.length !== 33 || !nameIsGood(name)) return null;
	const type = bytes[0];
	if (type !== KEY_ED25519 && type !== KEY_COSIGNATURE) return null;
	const digest = await sha256(joined(utf8(`${name}\n`), bytes));
	if (hex(digest.slice(0, 4)) !== id) return null;
	return { name, type, id, key: bytes.slice(1), text: text.trim() };
}

/** SHA-256 of a key's text: what people compare over another channel. */
export const keyFingerprint = async (key: NoteKey): Promise<string> => hex(await sha256(utf8(key.text)));

/** Reads a note without verifying it; null where it is none. */
export function noteParse(whole: string): Note | null {
	const cut = whole.lastIndexOf("\n\n");
	if (cut < 0 || whole.length > NOTE_LETTERS_MAX || !whole.endsWith("\n")) return null;
	const lines = whole.slice(cut + 2, -1).split("\n");
	if (lines.length > SIGNATURES_MAX) return null;
	const signatures: NoteSignature[] = [];
	for (const line of lines) {
		const [dash, name, blob, ...rest] = line.split(" ");
		const bytes = blob === undefined ? null : fromBase64(blob);
		if (dash !== "\u2014" || name === undefined || rest.length > 0 || bytes === null || bytes.length < 5 || !nameIsGood(name)) return null;
		signatures.push({ name, id: hex(bytes.slice(0, 4)), signature: bytes.slice(4) });
	}
	return { text: whole.slice(0, cut + 1), signatures };
}

async function ed25519Verify(key: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
	try {
		const imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
		return await crypto.subtle.verify({ name: "Ed25519" }, imported, signature, message);
	} catch {
		return false;
	}
}

async function signatureVerify(key: NoteKey, signature: Bytes, text: string): Promise<boolean> {
	if (key.type === KEY_ED25519) return signature.length === 64 && ed25519Verify(key.key, signature, utf8(text));
	if (signature.length !== 72) return false;
	const time = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
	return ed25519Verify(key.key, signature.slice(8), utf8(`cosignature/v1\ntime ${time}\n${text}`));
}

/** "signed", "absent", or "wrong": a signature that says it is this key's and is not. */
export async function noteVerify(note: Note, key: NoteKey): Promise<"signed" | "absent" | "wrong"> {
	const claimed = note.signatures.filter((signature) => signature.name === key.name && signature.id === key.id);
	if (claimed.length === 0) return "absent";
	for (const { signature } of claimed) if (!(await signatureVerify(key, signature, note.text))) return "wrong";
	return "signed";
}

/** Reads a checkpoint's text; null where it is none, has extension lines, or more entries than a browser can count. */
export function checkpointParse(text: string): Checkpoint | null {
	const [origin, size, encoded, end, ...rest] = text.split("\n");
	const root = encoded === undefined ? null : fromBase64(encoded);
	if (origin === undefined || size === undefined || end !== "" || rest.length > 0 || root === null || root.length !== 32) return null;
	const entries = Number(size);
	if (!nameIsGood(origin) || !Number.isSafeInteger(entries) || entries < 0 || String(entries) !== size) return null;
	return { origin, entries, root };
}

export const checkpointText = (checkpoint: Checkpoint): string =>
	`${checkpoint.origin}\n${checkpoint.entries}\n${base64(checkpoint.root)}\n`;
