/* Bytes and their texts: UTF-8, hexadecimal, base64 in both alphabets. Base64 is read in its one canonical form. */

export type Bytes = Uint8Array<ArrayBuffer>;

export const utf8 = (text: string): Bytes => new TextEncoder().encode(text) as Bytes;

export const hex = (bytes: Bytes): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export function base64(bytes: Bytes): string {
	let binary = "";
	for (const byte of bytes) binary += String.fromCharCode(byte);
	return btoa(binary);
}

/** Returns null where the text is not base64, or not as base64() writes it. */
export function fromBase64(text: string): Bytes | null {
	try {
		const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)) as Bytes;
		return base64(bytes) === text ? bytes : null;
	} catch {
		return null;
	}
}

export const base64url = (bytes: Bytes): string => base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

export function fromBase64url(text: string): Bytes | null {
	const plain = text.replaceAll("-", "+").replaceAll("_", "/");
	return fromBase64(plain + "=".repeat((4 - (plain.length % 4)) % 4));
}

export function joined(...parts: Bytes[]): Bytes {
	const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}

export const sameBytes = (a: Bytes, b: Bytes): boolean => a.length === b.length && a.every((byte, index) => byte === b[index]);

export async function sha256(bytes: Bytes): Promise<Bytes> {
	return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
