/* Addresses and prefixes, as far as the page must compare them. */

/** The 16 bytes of an address, IPv4 in ::ffff:0:0/96; null where the text is none. */
function addressBytes(text: string): number[] | null {
	const four = text.match(/^(.*:)?(\d+)\.(\d+)\.(\d+)\.(\d+)$/);
	if (four) {
		const bytes = four.slice(2).map(Number);
		if (bytes.some((byte) => byte > 255)) return null;
		const [a = 0, b = 0, c = 0, d = 0] = bytes;
		return addressBytes(`${four[1] ?? "::ffff:"}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`);
	}
	const halves = text.split("::");
	const words = halves.map((half) => (half === "" ? [] : half.split(":")));
	const [head = [], tail = []] = words;
	const missing = 8 - head.length - tail.length;
	if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) return null;
	const all = [...head, ...Array<string>(halves.length === 2 ? missing : 0).fill("0"), ...tail];
	if (!all.every((word) => /^[0-9a-f]{1,4}$/i.test(word))) return null;
	return all.flatMap((word) => [parseInt(word, 16) >> 8, parseInt(word, 16) & 255]);
}

function prefixRead(text: string): { bytes: number[]; bits: number } | null {
	const [address = "", length] = text.split("/");
	const bytes = addressBytes(address);
	const width = address.includes(":") ? 128 : 32;
	const own = length === undefined ? width : Number(length);
	if (bytes === null || !Number.isInteger(own) || own < 0 || own > width) return null;
	return { bytes, bits: own + 128 - width };
}

/** Whether a prefix covers all of an address or of another prefix. */
export function covers(outer: string, inner: string): boolean {
	const [wide, narrow] = [prefixRead(outer), prefixRead(inner)];
	if (wide === null || narrow === null || narrow.bits < wide.bits) return false;
	for (let at = 0; at * 8 < wide.bits; at++) {
		const mask = 0xff & (0xff << Math.max(0, 8 - (wide.bits - at * 8)));
		if (((wide.bytes[at] ?? 0) ^ (narrow.bytes[at] ?? 0)) & mask) return false;
	}
	return true;
}
