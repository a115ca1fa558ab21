/*
 * The Merkle tree of RFC 6962 section 2.1 over SHA-256, as C2SP tlog-tiles stores it: what src/record/merkle.c does, in the
 * browser. Sizes and indices stay below 2^53, so they are halved and doubled by arithmetic, never by shifts of 32 bits.
 *
 * Holds no tree: whoever has the nodes hands them over through a reader.
 */
import { type Bytes, joined, sameBytes, sha256 } from "./bytes";

export const TILE_WIDTH = 256;
export const TILE_HEIGHT = 8;
export type TileLevel = number | "entries";
/** A node of a complete subtree: level 0 is the hashes of entries. */
export type NodeReader = (level: number, index: number) => Promise<Bytes>;

export const leafHash = (entry: Bytes): Promise<Bytes> => sha256(joined(Uint8Array.of(0), entry));
export const nodeHash = (left: Bytes, right: Bytes): Promise<Bytes> => sha256(joined(Uint8Array.of(1), left, right));
export const emptyRoot = (): Promise<Bytes> => sha256(new Uint8Array(0));

const isOdd = (value: number): boolean => value % 2 === 1;
const half = (value: number): number => Math.floor(value / 2);

/** The path of a tile below the log's URL; width TILE_WIDTH: the full one. */
export function tilePath(level: TileLevel, index: number, width: number): string {
	const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, "0");
	const groups = digits.match(/.{3}/g) ?? [];
	const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join("/");
	return `tile/${level}/${name}${width < TILE_WIDTH ? `.p/${width}` : ""}`;
}

/** How wide a tile of a tree is: 0 where the tree has no such tile. */
export function tileWidth(level: TileLevel, index: number, entries: number): number {
	const row = level === "entries" ? entries : Math.floor(entries / 2 ** (TILE_HEIGHT * level));
	return Math.max(0, Math.min(TILE_WIDTH, row - index * TILE_WIDTH));
}

/** The largest power of two below a size of 2 or more. */
function split(entries: number): number {
	let power = 1;
	while (power * 2 < entries) power *= 2;
	return power;
}

/** The hash over `entries` entries from `begin`, which is a multiple of the subtree's size. */
async function rangeRoot(read: NodeReader, begin: number, entries: number): Promise<Bytes> {
	const level = Math.log2(entries);
	if (Number.isInteger(level)) return read(level, begin / entries);
	const left = split(entries);
	return nodeHash(await rangeRoot(read, begin, left), await rangeRoot(read, begin + left, entries - left));
}

/** The root of a tree's first entries. */
export const treeRoot = (read: NodeReader, entries: number): Promise<Bytes> => (entries === 0 ? emptyRoot() : rangeRoot(read, 0, entries));

/** The siblings of an entry, from the leaf up (RFC 6962 section 2.1.1). */
export async function inclusionMake(read: NodeReader, index: number, entries: number, begin = 0): Promise<Bytes[]> {
	if (entries === 1) return [];
	const left = split(entries);
	if (index < left) return [...(await inclusionMake(read, index, left, begin)), await rangeRoot(read, begin + left, entries - left)];
	return [...(await inclusionMake(read, index - left, entries - left, begin + left)), await rangeRoot(read, begin, left)];
}

/** Whether an entry is at a place of a tree (RFC 9162 section 2.1.3.2). */
export async function inclusionVerify(leaf: Bytes, index: number, entries: number, path: Bytes[], root: Bytes): Promise<boolean> {
	if (index >= entries) return false;
	let [at, last, hash] = [index, entries - 1, leaf];
	for (const sibling of path) {
		if (last === 0) return false;
		if (isOdd(at) || at === last) {
			hash = await nodeHash(sibling, hash);
			while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
		} else {
			hash = await nodeHash(hash, sibling);
		}
		[at, last] = [half(at), half(last)];
	}
	return last === 0 && sameBytes(hash, root);
}

/** The proof that one tree grew out of another (RFC 6962 section 2.1.2); `older` is 1 or more. */
export async function consistencyMake(read: NodeReader, older: number, entries: number, begin = 0, isWhole = true): Promise<Bytes[]> {
	if (older === entries) return isWhole ? [] : [await rangeRoot(read, begin, entries)];
	const left = split(entries);
	if (older <= left) return [...(await consistencyMake(read, older, left, begin, isWhole)), await rangeRoot(read, begin + left, entries - left)];
	return [...(await consistencyMake(read, older - left, entries - left, begin + left, false)), await rangeRoot(read, begin, left)];
}

/** Whether a tree is an older one with entries added at its end (RFC 9162 section 2.1.4.2). */
export async function consistencyVerify(older: number, olderRoot: Bytes, entries: number, root: Bytes, proof: Bytes[]): Promise<boolean> {
	if (older > entries) return false;
	if (older === entries) return proof.length === 0 && sameBytes(olderRoot, root);
	if (older === 0) return proof.length === 0;
	const path = Number.isInteger(Math.log2(older)) ? [olderRoot, ...proof] : proof;
	let [at, last] = [older - 1, entries - 1];
	while (isOdd(at)) [at, last] = [half(at), half(last)];
	const first = path[0];
	if (first === undefined) return false;
	let [before, after] = [first, first];
	for (const hash of path.slice(1)) {
		if (last === 0) return false;
		if (isOdd(at) || at === last) {
			[before, after] = [await nodeHash(hash, before), await nodeHash(hash, after)];
			while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
		} else {
			after = await nodeHash(after, hash);
		}
		[at, last] = [half(at), half(last)];
	}
	return last === 0 && sameBytes(before, olderRoot) && sameBytes(after, root);
}

/** A growing tree in as many hashes as its size has bits: what it takes to tell the root of entries that pass by. */
export class Frontier {
	#left: (Bytes | undefined)[] = [];

	async add(leaf: Bytes): Promise<void> {
		let level = 0;
		for (let left = this.#left[0]; left !== undefined; left = this.#left[level]) {
			leaf = await nodeHash(left, leaf);
			this.#left[level++] = undefined;
		}
		this.#left[level] = leaf;
	}

	async root(): Promise<Bytes> {
		let root: Bytes | undefined;
		for (const left of this.#left) if (left !== undefined) root = root === undefined ? left : await nodeHash(left, root);
		return root ?? emptyRoot();
	}
}
