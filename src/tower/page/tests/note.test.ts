/* Signed notes, cosignatures and checkpoints (C2SP signed-note, tlog-cosignature, tlog-checkpoint): both sides of each refusal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkpointVerify } from "../source/ledger_reader";
import { type NoteKey, canVerify, checkpointParse, checkpointText, keyParse, noteParse, noteVerify } from "../source/note";
import { TestLedger, keyMake } from "./ledger";

/* The example of golang.org/x/mod/sumdb/note: somebody else's key and signature. */
const NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const QUOTE = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
	"\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

const parsed = async (text: string): Promise<NoteKey> => {
	const key = await keyParse(text);
	assert.ok(key);
	return key;
};

test("this runtime can verify", async () => assert.ok(await canVerify()));

test("a key is read, and refused where its id is not its own", async () => {
	assert.equal((await parsed(NEUMANN)).name, "PeterNeumann");
	assert.equal(await keyParse(NEUMANN.replace("c74f20a3", "c74f20a4")), null);
	assert.equal(await keyParse(NEUMANN.slice(0, -4)), null);
	assert.equal(await keyParse("no key"), null);
	assert.equal(await keyParse(NEUMANN.replace("PeterNeumann", "Peter Neumann")), null);
});

test("a note of others verifies, and a changed one does not", async () => {
	const key = await parsed(NEUMANN);
	const note = noteParse(QUOTE);
	assert.ok(note);
	assert.equal(await noteVerify(note, key), "signed");
	assert.equal(await noteVerify({ ...note, text: note.text.replace("your", "my") }, key), "wrong");
	assert.equal(await noteVerify(note, await parsed(keyMake("PeterNeumann", 1).text)), "absent");
});

test("what is no note is refused", () => {
	for (const text of ["", "text\n", "text\n\n", "text\n\nno dash AAAAAAAA\n", QUOTE.slice(0, -1), QUOTE.replace("BwJnAM=", "BwJnAM"), `text\n\n${"\u2014 a AAAAAAAA\n".repeat(65)}`]) assert.equal(noteParse(text), null, text);
});

test("a cosignature is over its time and the text", async () => {
	const ledger = new TestLedger();
	ledger.add("entry\n");
	const note = noteParse(ledger.checkpoint());
	assert.ok(note);
	const witness = await parsed(ledger.witness.text);
	assert.equal(await noteVerify(note, witness), "signed");
	const later = { ...note, signatures: note.signatures.map((one) => (one.name === "witness.example" ? { ...one, signature: one.signature.map((byte, at) => (at === 7 ? byte ^ 1 : byte)) } : one)) };
	assert.equal(await noteVerify(later, witness), "wrong");
});

test("a checkpoint is read as it is written", () => {
	const ledger = new TestLedger();
	ledger.add("entry\n");
	const text = noteParse(ledger.checkpoint())?.text ?? "";
	const checkpoint = checkpointParse(text);
	assert.ok(checkpoint);
	assert.equal(checkpointText(checkpoint), text);
	for (const bad of [text.replace("\n1\n", "\n01\n"), text.replace("\n1\n", "\n-1\n"), `${text}extension\n`, text.replace("\n1\n", "\n18446744073709551615\n"), "origin\n1\nAAAA\n"]) assert.equal(checkpointParse(bad), null, bad);
});

test("a checkpoint counts under the key that is kept, for its own log", async () => {
	const [ledger, other] = [new TestLedger(), new TestLedger()];
	ledger.add("entry\n");
	const [key, witness] = [await parsed(ledger.log.text), await parsed(ledger.witness.text)];
	const signed = await checkpointVerify(ledger.checkpoint(), key, [witness]);
	assert.deepEqual([signed?.log, signed?.witnesses], ["signed", [{ name: "witness.example", verdict: "signed" }]]);
	assert.equal((await checkpointVerify(other.checkpoint(), key, []))?.log, "absent");
	assert.equal(await checkpointVerify(ledger.checkpoint().replaceAll("tower.example", "power.example"), key, []), null);
});
