/* The ledger: browsed, and verified in this browser. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Key, Keys } from "../generated/api";
import { download } from "./api";
import { type Bytes, base64 } from "./bytes";
import { count, dateTime, short } from "./format";
import { Icon } from "./icons";
import { say } from "./language";
import { type Entry, entryRead } from "./ledger_entry";
import { type Signed, Tree, checkpointFetch, checkpointVerify, consistencyCheck, inclusionCheck, rootCheck, wholeCheck } from "./ledger_reader";
import { type Resource, useEvents, useResource } from "./live";
import { type Checkpoint, KEY_COSIGNATURE, KEY_ED25519, type NoteKey, canVerify, checkpointParse, keyFingerprint, keyParse, noteParse } from "./note";
import { Card, Doing, Empty, Facts, Missing, Table } from "./parts";
import type { TextKey } from "./texts";
import { remembered } from "./value";

const ROWS = 20;
const keptKeys = remembered("ledger-keys");
const keptCheckpoint = remembered("ledger-checkpoint");

interface KeptKeys {
	since_ms: number;
	log: NoteKey;
	witnesses: NoteKey[];
}

async function keysRead(lines: string[]): Promise<Omit<KeptKeys, "since_ms"> | null> {
	const keys = await Promise.all(lines.filter((line) => line.trim() !== "").map(keyParse));
	const log = keys.find((key) => key?.type === KEY_ED25519);
	if (!log || keys.some((key) => key === null)) return null;
	return { log, witnesses: keys.filter((key): key is NoteKey => key?.type === KEY_COSIGNATURE) };
}

async function keptRead(): Promise<KeptKeys | null> {
	const [since = "", ...lines] = (keptKeys.get() ?? "").split("\n");
	const keys = await keysRead(lines);
	return keys && { since_ms: Number(since), ...keys };
}

function keptWrite(lines: string[]): void {
	keptKeys.set([String(Date.now()), ...lines].join("\n"));
	keptCheckpoint.forget();
}

function seenBefore(log: NoteKey): Checkpoint | null {
	const note = noteParse(keptCheckpoint.get() ?? "");
	const seen = note && checkpointParse(note.text);
	return seen && seen.origin === log.name ? seen : null;
}

const serverLines = (keys: Keys): string[] =>
	keys.items.filter((key: Key) => (key.use === "ledger" || key.use === "witness") && key.key !== null).map((key) => key.key ?? "");

/** Which keys are believed is a person's choice, made once, and best made with a copy that came another way. */
function KeysCard({ keys, kept, changed }: { keys: Resource<Keys>; kept: KeptKeys | null; changed: () => void }): JSX.Element {
	const [text, setText] = useState<string | null>(null);
	const [isBad, setBad] = useState(false);
	const [prints, setPrints] = useState<{ name: string; print: string }[]>([]);
	const offered = keys.data ? serverLines(keys.data) : [];
	const shown = kept ? [kept.log, ...kept.witnesses].map((key) => key.text) : offered;
	useEffect(() => {
		void Promise.all(shown.map(keyParse))
			.then((read) => Promise.all(read.flatMap((key) => (key ? [keyFingerprint(key).then((print) => ({ name: key.name, print }))] : []))))
			.then(setPrints);
	}, [shown.join()]);
	const keep = async (lines: string[]): Promise<void> => {
		const read = await keysRead(lines);
		setBad(read === null);
		if (read === null) return;
		keptWrite(lines.map((line) => line.trim()).filter(Boolean));
		setText(null);
		changed();
	};
	const isOther = kept !== null && keys.data !== null && !offered.includes(kept.log.text);
	return (
		<Card title={say("keys")}>
			{!kept && !keys.data && <Missing of={keys} />}
			{kept ? <p>{say("keys_kept", { since: dateTime(kept.since_ms) })}</p> : <p>{say("keys_none")}</p>}
			{isOther && <p class="problem" role="alert"><Icon name="alarm" />{say("keys_other")}</p>}
			<Facts rows={prints.map(({ name, print }) => [name, <span class="address break">{print.match(/.{1,8}/g)?.join(" ")}</span>])} />
			<div class="row">
				{!kept && offered.length > 0 && <Doing label={say("keys_keep")} class="primary" act={() => keep(offered)} />}
				<button type="button" onClick={() => setText(text === null ? shown.join("\n") : null)}>{say("keys_own")}</button>
				{kept && <button type="button" onClick={() => { keptKeys.forget(); keptCheckpoint.forget(); changed(); }}>{say("keys_forget")}</button>}
			</div>
			{text !== null && (
				<div class="stack">
					<label class="field"><span>{say("keys_lines")}</span><textarea rows={4} class="address" value={text} onInput={(event) => setText(event.currentTarget.value)} /></label>
					<Doing label={say("keys_save")} act={() => keep(text.split("\n"))} />
				</div>
			)}
			{isBad && <p class="problem" role="alert"><Icon name="alarm" />{say("keys_bad")}</p>}
		</Card>
	);
}

type Verdict = "good" | "bad" | "open";
interface Check {
	key: TextKey;
	verdict: Verdict;
	words: string;
}

const CheckLine = ({ check }: { check: Check }): JSX.Element => (
	<li class={check.verdict}>
		<Icon name={check.verdict === "good" ? "check" : check.verdict === "bad" ? "cross" : "clock"} />
		<div><b>{say(check.key)}</b> <span class="verdict">{say(`check_${check.verdict}`)}</span><p>{check.words}</p></div>
	</li>
);

/** All checks of the newest checkpoint, one after the other; the last ones need those before them. */
async function checksRun(kept: KeptKeys, quorum: number): Promise<{ checks: Check[]; signed: Signed | null }> {
	const whole = await checkpointFetch();
	const signed = await checkpointVerify(whole, kept.log, kept.witnesses);
	const isSigned = signed?.log === "signed";
	const checks: Check[] = [{ key: "check_signature", verdict: isSigned ? "good" : "bad", words: signed ? say(`signature_${signed.log}`, { name: kept.log.name }) : say("signature_other") }];
	if (!signed || !isSigned) return { checks, signed: null };
	const seen = signed.witnesses.filter((witness) => witness.verdict === "signed");
	const isWrong = signed.witnesses.some((witness) => witness.verdict === "wrong");
	checks.push({
		key: "check_witnesses",
		verdict: isWrong ? "bad" : seen.length >= Math.max(1, quorum) ? "good" : "open",
		words: isWrong ? say("witness_wrong") : say("witness_words", { n: seen.length, of: kept.witnesses.length, quorum }),
	});
	const { checkpoint } = signed;
	const tree = new Tree(checkpoint.entries);
	const isTree = await rootCheck(tree, checkpoint.root).catch(() => false);
	checks.push({ key: "check_tree", verdict: isTree ? "good" : "bad", words: say(isTree ? "tree_good" : "tree_bad", { n: count(checkpoint.entries) }) });
	const before = seenBefore(kept.log);
	if (before === null) {
		checks.push({ key: "check_growth", verdict: "open", words: say("growth_first") });
	} else {
		const isGrown = await consistencyCheck(tree, before, checkpoint.root).catch(() => false);
		checks.push({ key: "check_growth", verdict: isGrown ? "good" : "bad", words: say(isGrown ? "growth_good" : "growth_bad", { n: count(before.entries), to: count(checkpoint.entries) }) });
	}
	if (checks.every((check) => check.verdict !== "bad")) keptCheckpoint.set(whole);
	return { checks, signed };
}

function WholeCheck({ signed }: { signed: Signed }): JSX.Element {
	const [done, setDone] = useState(0);
	const [verdict, setVerdict] = useState<boolean | null>(null);
	const { entries, root } = signed.checkpoint;
	const run = async (): Promise<void> => {
		setVerdict(null);
		setVerdict(await wholeCheck(new Tree(entries), root, (reached) => (setDone(reached), true)).catch(() => false));
	};
	return (
		<>
			<Doing label={say("check_whole")} act={run} isOff={entries === 0} />
			<span role="status">{verdict !== null ? say(verdict ? "whole_good" : "whole_bad", { n: count(entries) }) : done > 0 ? say("whole_progress", { n: count(done), of: count(entries) }) : ""}</span>
		</>
	);
}

function ProofCard({ signed, index }: { signed: Signed; index: number }): JSX.Element {
	const [state, setState] = useState<{ entry: Entry; isIn: boolean; path: Bytes[] } | "failed" | null>(null);
	useEffect(() => {
		setState(null);
		const tree = new Tree(signed.checkpoint.entries);
		const prove = async () => ({ entry: await entryRead(await tree.entry(index)), ...(await inclusionCheck(tree, index, signed.checkpoint.root)) });
		prove().then(setState, () => setState("failed"));
	}, [index, signed.whole]);
	return (
		<Card title={say("entry_n", { n: index })} aside={<a href="#/ledger">{say("close")}</a>}>
			{state === null && <Empty>{say("loading")}</Empty>}
			{state === "failed" && <p class="problem" role="alert"><Icon name="alarm" />{say("entry_failed")}</p>}
			{state !== null && state !== "failed" && (
				<>
					<p class={state.isIn ? "done" : "problem"} role="status">
						<Icon name={state.isIn ? "check" : "cross"} />
						{say(state.isIn ? "entry_in" : "entry_not_in", { n: state.path.length, size: count(signed.checkpoint.entries) })}
					</p>
					<Facts
						rows={[
							[say("what"), say(entryKey(state.entry))],
							[say("digest"), <span class="address break">{state.entry.digest}</span>],
							[say("signers"), state.entry.signers.join(", ") || "–"],
							...(state.entry.about === null ? [] : [[say("about"), <a class="address break" href={`#/approvals/${state.entry.about}`}>{short(state.entry.about)}</a>] as [string, JSX.Element]]),
						]}
					/>
					<details><summary>{say("entry_text")}</summary><pre lang="en" tabIndex={0}>{state.entry.text}</pre></details>
					<details><summary>{say("entry_path", { n: state.path.length })}</summary><ol class="path">{state.path.map((hash) => <li class="address break">{base64(hash)}</li>)}</ol></details>
					<div class="row"><button type="button" onClick={() => download(state.entry.text, `entry-${index}`)}><Icon name="down" />{say("download_entry")}</button></div>
				</>
			)}
		</Card>
	);
}

const KINDS: Record<string, TextKey> = {
	order: "said_order", standing_order: "standing_order", approval: "said_approval", refusal: "said_refusal", ratification: "said_ratification",
	withdrawal: "said_withdrawal", receipt: "said_receipt", countermeasure: "said_countermeasure", long: "said_long",
};
const entryKey = ({ kind, document }: Entry): TextKey => (kind === "order" && document?.["class"] === "reidentify" ? "said_reveal" : (KINDS[kind] ?? "said_other"));

/** The entries before a place, newest first; each of them is verified against the signed root as it is shown. */
function EntriesCard({ signed }: { signed: Signed }): JSX.Element {
	const { entries: size, root } = signed.checkpoint;
	const [end, setEnd] = useState(size);
	const [rows, setRows] = useState<{ index: number; entry: Entry; isIn: boolean }[] | "failed" | null>(null);
	const last = Math.min(end, size);
	useEffect(() => setEnd(size), [size]);
	useEffect(() => {
		let isOver = false;
		const tree = new Tree(size);
		const read = async () => {
			const made = [];
			for (let index = last - 1; index >= Math.max(0, last - ROWS); index--) {
				const [entry, { isIn }] = await Promise.all([tree.entry(index).then(entryRead), inclusionCheck(tree, index, root)]);
				made.push({ index, entry, isIn });
			}
			return made;
		};
		read().then((made) => !isOver && setRows(made), () => !isOver && setRows("failed"));
		return () => void (isOver = true);
	}, [size, last]);
	return (
		<Card title={say("entries")} aside={say("entries_n", { n: count(size) })}>
			{rows === null && <Empty>{say("loading")}</Empty>}
			{rows === "failed" && <p class="problem" role="alert"><Icon name="alarm" />{say("entry_failed")}</p>}
			{rows !== null && rows !== "failed" && (
				<Table
					caption={say("entries")}
					rows={rows}
					empty={say("ledger_empty")}
					columns={[
						{ head: say("place"), isHead: true, isNumber: true, cell: (row) => <a href={`#/ledger/${row.index}`}>{row.index}</a> },
						{ head: say("time"), cell: (row) => (row.entry.at_ms === null ? "–" : dateTime(row.entry.at_ms)) },
						{ head: say("what"), cell: (row) => <>{say(entryKey(row.entry))}<small>{row.entry.signers.join(", ")}</small></> },
						{ head: say("words"), cell: (row) => <span class="why" lang="en">{row.entry.words}</span> },
						{ head: say("proof"), cell: (row) => <span class={row.isIn ? "done" : "problem"}><Icon name={row.isIn ? "check" : "cross"} />{say(row.isIn ? "check_good" : "check_bad")}</span> },
					]}
				/>
			)}
			<div class="row between">
				<button type="button" disabled={last >= size} onClick={() => setEnd(Math.min(size, last + ROWS))}>{say("newer")}</button>
				<button type="button" disabled={last <= ROWS} onClick={() => setEnd(last - ROWS)}>{say("older")}</button>
			</div>
		</Card>
	);
}

export function LedgerView({ index }: { index: number | null }): JSX.Element {
	const keys = useResource<Keys>("/ledger/keys");
	const [kept, setKept] = useState<KeptKeys | null | undefined>(undefined);
	const [can, setCan] = useState<boolean | null>(null);
	const [result, setResult] = useState<{ checks: Check[]; signed: Signed | null } | "failed" | null>(null);
	const quorum = keys.data?.witness_quorum ?? 0;
	const reread = (): void => void keptRead().then(setKept);
	const run = (): void => {
		if (kept && can) checksRun(kept, quorum).then(setResult, () => setResult("failed"));
		else setResult(null);
	};
	useEffect(() => {
		reread();
		void canVerify().then(setCan);
	}, []);
	useEffect(run, [kept, can, quorum]);
	useEvents(["order", "receipt"], run);
	const signed = result !== null && result !== "failed" ? result.signed : null;
	const hasBad = result !== null && result !== "failed" && result.checks.some((check) => check.verdict === "bad");
	return (
		<>
			<h1 tabIndex={-1}>{say("view_ledger")}</h1>
			<p class="lead">{say("ledger_words")}</p>
			{can === false && <p class="problem" role="alert"><Icon name="alarm" />{say("cannot_verify")}</p>}
			<div class="columns">
				<Card title={say("checks")} class={hasBad ? "bad" : ""} aside={<button type="button" disabled={!kept || !can} onClick={run}>{say("check_again")}</button>}>
					{!kept && <Empty>{say("checks_need_key")}</Empty>}
					{result === "failed" && <p class="problem" role="alert"><Icon name="alarm" />{say("ledger_failed")}</p>}
					{kept && can !== false && result === null && <Empty>{say("loading")}</Empty>}
					{result !== null && result !== "failed" && (
						<>
							<div role="status"><ul class="checks">{result.checks.map((check) => <CheckLine check={check} />)}</ul></div>
							{signed && (
								<>
									<Facts rows={[[say("log"), signed.checkpoint.origin], [say("entries"), count(signed.checkpoint.entries)], [say("root"), <span class="address break">{base64(signed.checkpoint.root)}</span>]]} />
									<div class="row">
										<WholeCheck signed={signed} />
										<button type="button" onClick={() => download(signed.whole, "checkpoint")}><Icon name="down" />{say("download_checkpoint")}</button>
									</div>
								</>
							)}
						</>
					)}
				</Card>
				<KeysCard keys={keys} kept={kept ?? null} changed={reread} />
			</div>
			{signed && index !== null && index < signed.checkpoint.entries && <ProofCard signed={signed} index={index} />}
			{signed && <EntriesCard signed={signed} />}
		</>
	);
}
