/*
 * The ledger, read and verified here: the server is believed in nothing but that it hands over bytes. A node comes from a tile; a tile
 * is believed because the tree made of it has the root that the log's key has signed. Keys are those that this browser keeps, not
 * those that the server names today.
 */
import { getBytes, getText } from "./api";
import { type Bytes, sameBytes } from "./bytes";
import { Frontier, type NodeReader, TILE_HEIGHT, TILE_WIDTH, type TileLevel, inclusionMake, inclusionVerify, leafHash, nodeHash, tilePath, tileWidth, treeRoot } from "./merkle";
import { consistencyMake, consistencyVerify } from "./merkle";
import { type Checkpoint, type Note, type NoteKey, checkpointParse, noteParse, noteVerify } from "./note";

const HASH_BYTES = 32;
export type Fetch = (path: string) => Promise<Bytes>;

const served: Fetch = (path) => getBytes(`/ledger/${path}`);

export interface Signed {
	whole: string;
	note: Note;
	checkpoint: Checkpoint;
	log: "signed" | "absent" | "wrong";
	witnesses: { name: string; verdict: "signed" | "absent" | "wrong" }[];
}

/** Reads a checkpoint and verifies its signatures; null where it is none, or of another log. */
export async function checkpointVerify(whole: string, log: NoteKey, witnesses: NoteKey[]): Promise<Signed | null> {
	const note = noteParse(whole);
	const checkpoint = note && checkpointParse(note.text);
	if (!note || !checkpoint || checkpoint.origin !== log.name) return null;
	const verdicts = await Promise.all(witnesses.map(async (key) => ({ name: key.name, verdict: await noteVerify(note, key) })));
	return { whole, note, checkpoint, log: await noteVerify(note, log), witnesses: verdicts };
}

export const checkpointFetch = (): Promise<string> => getText("/ledger/checkpoint");

/** A tree of a certain size, whose tiles are fetched as they are needed. */
export class Tree {
	#tiles = new Map<string, Promise<Bytes>>();

	constructor(readonly entries: number, readonly fetch: Fetch = served) {}

	#tile(level: TileLevel, index: number): Promise<Bytes> {
		const width = tileWidth(level, index, this.entries);
		const path = tilePath(level, index, width);
		const known = this.#tiles.get(path) ?? this.#fetch(level, index, width);
		this.#tiles.set(path, known);
		return known;
	}

	/** The full tile is asked for where the partial is gone: the log has grown since. */
	async #fetch(level: TileLevel, index: number, width: number): Promise<Bytes> {
		try {
			return await this.fetch(tilePath(level, index, width));
		} catch (error) {
			if (width === TILE_WIDTH) throw error;
			return this.fetch(tilePath(level, index, TILE_WIDTH));
		}
	}

	/** A node of a complete subtree, of the tile that has it or the row below it. */
	readonly read: NodeReader = async (level, index) => {
		const tileLevel = Math.floor(level / TILE_HEIGHT);
		const row = 2 ** (level - tileLevel * TILE_HEIGHT);
		const first = index * row;
		const tile = await this.#tile(tileLevel, Math.floor(first / TILE_WIDTH));
		const at = (first % TILE_WIDTH) * HASH_BYTES;
		let hashes = Array.from({ length: row }, (_, place) => tile.slice(at + place * HASH_BYTES, at + (place + 1) * HASH_BYTES));
		if (hashes.some((hash) => hash.length !== HASH_BYTES)) throw new Error("tile too short");
		while (hashes.length > 1) hashes = await Promise.all(hashes.flatMap((left, place) => (place % 2 === 0 ? [nodeHash(left, hashes[place + 1] ?? left)] : [])));
		return hashes[0] as Bytes;
	};

	/** The entries of a bundle: two bytes of length, big-endian, before each. */
	async bundle(index: number): Promise<Bytes[]> {
		const bytes = await this.#tile("entries", index);
		const width = tileWidth("entries", index, this.entries);
		const entries: Bytes[] = [];
		for (let at = 0; entries.length < width; ) {
			const length = (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
			if (at + 2 + length > bytes.length || length === 0) throw new Error("bundle too short");
			entries.push(bytes.slice(at + 2, at + 2 + length));
			at += 2 + length;
		}
		return entries;
	}

	async entry(index: number): Promise<Bytes> {
		const entry = (await this.bundle(Math.floor(index / TILE_WIDTH)))[index % TILE_WIDTH];
		if (entry === undefined) throw new Error("no such entry");
		return entry;
	}
}

/** Whether an entry is in the tree with this root. */
export async function inclusionCheck(tree: Tree, index: number, root: Bytes): Promise<{ isIn: boolean; path: Bytes[] }> {
	const path = await inclusionMake(tree.read, index, tree.entries);
	return { isIn: await inclusionVerify(await leafHash(await tree.entry(index)), index, tree.entries, path, root), path };
}

/** Whether the tree grew out of an older one that was seen before. */
export async function consistencyCheck(tree: Tree, older: Checkpoint, root: Bytes): Promise<boolean> {
	if (older.entries > tree.entries) return false;
	const proof = older.entries === 0 ? [] : await consistencyMake(tree.read, older.entries, tree.entries);
	return consistencyVerify(older.entries, older.root, tree.entries, root, proof);
}

/** Whether the tiles make the root that was signed. */
export const rootCheck = async (tree: Tree, root: Bytes): Promise<boolean> => sameBytes(await treeRoot(tree.read, tree.entries), root);

/** Hashes every entry there is; tells how far it is, and can be stopped. */
export async function wholeCheck(tree: Tree, root: Bytes, tell: (entries: number) => boolean): Promise<boolean | null> {
	const frontier = new Frontier();
	for (let index = 0; index * TILE_WIDTH < tree.entries; index++) {
		const leaves = await Promise.all((await tree.bundle(index)).map(leafHash));
		for (const leaf of leaves) await frontier.add(leaf);
		if (!tell(Math.min(tree.entries, (index + 1) * TILE_WIDTH))) return null;
	}
	return sameBytes(await frontier.root(), root);
}
