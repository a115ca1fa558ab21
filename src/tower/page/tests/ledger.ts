/*
 * A ledger for tests, made without the page's own code: the tree by the definition of RFC 6962 section 2.1, tiles of all widths as C2SP
 * tlog-tiles names them, a checkpoint that is really signed, by the log and by a witness.
 */
import { createHash, generateKeyPairSync, sign } from "node:crypto";

const sha256 = (...parts: Uint8Array[]): Buffer => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();

function treeHash(leaves: Buffer[]): Buffer {
	if (leaves.length === 0) return sha256();
	if (leaves.length === 1) return leaves[0] as Buffer;
	const k = 2 ** Math.floor(Math.log2(leaves.length - 1));
	return sha256(Uint8Array.of(1), treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)));
}

export interface TestKey {
	name: string;
	text: string; /* NAME+ID+BASE64 */
	line: (text: string) => string; /* a signature line over a note's text */
}

export function keyMake(name: string, type: 1 | 4, time_s = 1735167900): TestKey {
	const { publicKey, privateKey } = generateKeyPairSync("ed25519");
	const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
	const blob = Buffer.concat([Uint8Array.of(type), raw]);
	const id = sha256(Buffer.from(`${name}\n`), blob).subarray(0, 4);
	const time = Buffer.alloc(8);
	time.writeBigUInt64BE(BigInt(time_s));
	const line = (text: string): string => {
		const parts = type === 1 ? [id, sign(null, Buffer.from(text), privateKey)] : [id, time, sign(null, Buffer.from(`cosignature/v1\ntime ${time_s}\n${text}`), privateKey)];
		return `\u2014 ${name} ${Buffer.concat(parts).toString("base64")}\n`;
	};
	return { name, text: `${name}+${id.toString("hex")}+${blob.toString("base64")}`, line };
}

export class TestLedger {
	readonly log = keyMake("tower.example/ledger", 1);
	readonly witness = keyMake("witness.example", 4);
	readonly entries: Buffer[] = [];

	add(entry: string): void {
		this.entries.push(Buffer.from(entry));
	}

	leaves(size: number): Buffer[] {
		return this.entries.slice(0, size).map((entry) => sha256(Uint8Array.of(0), entry));
	}

	root(size = this.entries.length): Buffer {
		return treeHash(this.leaves(size));
	}

	checkpoint(size = this.entries.length): string {
		const text = `${this.log.name}\n${size}\n${this.root(size).toString("base64")}\n`;
		return `${text}\n${this.log.line(text)}${this.witness.line(text)}`;
	}

	/** A file below the ledger's address, tile/... ; null: there is none. */
	tile(path: string): Buffer | null {
		const found = path.match(/^tile\/(\d+|entries)\/((?:x\d{3}\/)*)(\d{3})(?:\.p\/(\d+))?$/);
		if (!found) return null;
		const [, level, high = "", low = "", partial] = found;
		const index = Number(high.replace(/[x/]/g, "") + low);
		const width = partial === undefined ? 256 : Number(partial);
		if (level === "entries") {
			const entries = this.entries.slice(index * 256, index * 256 + width);
			if (entries.length < width) return null;
			return Buffer.concat(entries.flatMap((entry) => [Uint8Array.of(entry.length >> 8, entry.length & 255), entry]));
		}
		const span = 256 ** Number(level);
		const rows = Array.from({ length: width }, (_, at) => this.leaves(this.entries.length).slice((index * 256 + at) * span, (index * 256 + at + 1) * span));
		return rows.some((row) => row.length < span) ? null : Buffer.concat(rows.map(treeHash));
	}
}
