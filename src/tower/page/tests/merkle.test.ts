/* The tree and its proofs (RFC 6962 section 2.1, RFC 9162 sections 2.1.3.2 and 2.1.4.2), beside a tree made by the definition alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Bytes } from "../source/bytes";
import { hex } from "../source/bytes";
import { Tree, consistencyCheck, inclusionCheck, rootCheck, wholeCheck } from "../source/ledger_reader";
import { Frontier, consistencyMake, consistencyVerify, inclusionMake, inclusionVerify, leafHash, tilePath, tileWidth, treeRoot } from "../source/merkle";
import { TestLedger } from "./ledger";

const bytesOf = (buffer: Uint8Array): Bytes => Uint8Array.from(buffer) as Bytes;

function ledgerOf(size: number): TestLedger {
	const ledger = new TestLedger();
	for (let at = 0; at < size; at++) ledger.add(`entry ${at}\n`);
	return ledger;
}

function treeOf(ledger: TestLedger, size: number, change?: (path: string, bytes: Bytes) => Bytes): Tree {
	return new Tree(size, async (path) => {
		const tile = ledger.tile(path);
		if (!tile) throw new Error(`no ${path}`);
		const bytes = bytesOf(tile);
		return change ? change(path, bytes) : bytes;
	});
}

test("RFC 6962: the empty tree and the hash of an empty entry", async () => {
	assert.equal(hex(await new Frontier().root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert.equal(hex(await leafHash(new Uint8Array(0))), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
});

test("C2SP tlog-tiles: paths and widths", () => {
	assert.equal(tilePath(0, 1234067, 256), "tile/0/x001/x234/067");
	assert.equal(tilePath("entries", 0, 5), "tile/entries/000.p/5");
	assert.equal(tilePath(2, 999, 1), "tile/2/999.p/1");
	assert.equal(tileWidth(0, 1, 300), 44);
	assert.equal(tileWidth(1, 0, 300), 1);
	assert.equal(tileWidth(0, 2, 300), 0);
});

test("roots and inclusion of each entry, for trees of many sizes", async () => {
	const ledger = ledgerOf(300);
	for (const size of [1, 2, 3, 4, 5, 7, 8, 9, 31, 255, 256, 257, 300]) {
		const tree = treeOf(ledger, size);
		const root = bytesOf(ledger.root(size));
		assert.equal(hex(await treeRoot(tree.read, size)), hex(root));
		for (const index of [0, 1, size >> 1, size - 2, size - 1].filter((at, place, all) => at >= 0 && at < size && all.indexOf(at) === place)) {
			const path = await inclusionMake(tree.read, index, size);
			const leaf = await leafHash(await tree.entry(index));
			assert.ok(await inclusionVerify(leaf, index, size, path, root), `${index} of ${size}`);
			assert.ok(!(await inclusionVerify(leaf, index + 1, size, path, root)), "another place");
			assert.ok(!(await inclusionVerify(await leafHash(new Uint8Array(3)), index, size, path, root)), "another entry");
			assert.ok(!(await inclusionVerify(leaf, index, size, [...path, leaf], root)), "a longer path");
			if (path.length > 0) assert.ok(!(await inclusionVerify(leaf, index, size, path.slice(1), root)), "a shorter path");
		}
	}
});

test("consistency of each tree with each larger one", async () => {
	const ledger = ledgerOf(20);
	for (let size = 1; size <= 20; size++) {
		const tree = treeOf(ledger, size);
		const root = bytesOf(ledger.root(size));
		for (let older = 1; older <= size; older++) {
			const olderRoot = bytesOf(ledger.root(older));
			const proof = await consistencyMake(tree.read, older, size);
			assert.ok(await consistencyVerify(older, olderRoot, size, root, proof), `${older} to ${size}`);
			assert.ok(!(await consistencyVerify(older, bytesOf(ledger.root(0)), size, root, proof)), "another older root");
			assert.ok(older === size || !(await consistencyVerify(older, olderRoot, size, olderRoot, proof)), "another newer root");
		}
	}
	assert.ok(!(await consistencyVerify(5, bytesOf(ledger.root(5)), 4, bytesOf(ledger.root(4)), [])), "a log that shrank");
});

test("a changed entry, and a changed tile, are found", async () => {
	const ledger = ledgerOf(300);
	const root = bytesOf(ledger.root());
	const flip = (wanted: string) => (path: string, bytes: Bytes): Bytes => {
		if (path.startsWith(wanted)) bytes[7] = (bytes[7] ?? 0) ^ 1;
		return bytes;
	};
	assert.equal(await wholeCheck(treeOf(ledger, 300), root, () => true), true);
	assert.equal(await wholeCheck(treeOf(ledger, 300, flip("tile/entries")), root, () => true), false);
	assert.equal(await wholeCheck(treeOf(ledger, 300), root, () => false), null, "stopped on the way");
	assert.ok((await inclusionCheck(treeOf(ledger, 300), 12, root)).isIn);
	assert.ok(!(await inclusionCheck(treeOf(ledger, 300, flip("tile/entries")), 0, root)).isIn);
	assert.ok(await rootCheck(treeOf(ledger, 300), root));
	assert.ok(!(await rootCheck(treeOf(ledger, 300, flip("tile/0/001")), root)));
});

test("another history is not the continuation of what was seen", async () => {
	const [ledger, other] = [ledgerOf(30), ledgerOf(30)];
	other.entries[3] = Buffer.from("rewritten\n");
	const seen = { origin: "x", entries: 10, root: bytesOf(ledger.root(10)) };
	assert.ok(await consistencyCheck(treeOf(ledger, 30), seen, bytesOf(ledger.root())));
	assert.ok(!(await consistencyCheck(treeOf(other, 30), seen, bytesOf(other.root()))));
	assert.ok(!(await consistencyCheck(treeOf(ledger, 9), seen, bytesOf(ledger.root(9)))), "it shrank");
});

test("a full tile serves where the partial one is gone, and a short one is refused", async () => {
	const ledger = ledgerOf(300);
	const tree = new Tree(200, async (path) => {
		if (path.includes(".p/")) throw new Error("gone");
		return bytesOf(ledger.tile(path) ?? new Uint8Array(0));
	});
	assert.ok(await rootCheck(tree, bytesOf(ledger.root(200))));
	await assert.rejects(treeOf(ledger, 300, (_, bytes) => bytes.slice(0, 40)).read(3, 0));
	await assert.rejects(treeOf(ledger, 300, (_, bytes) => bytes.slice(0, 40)).bundle(0));
});
