/* One exercise: how it goes while it goes, and what it came to. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { ExerciseAttack, ExerciseEvent, ExerciseMail, ExerciseRun, ExerciseScore, ExerciseSum } from "../generated/api";
import { type Curve, TimeChart } from "./chart";
import { decisionWords, newsWords, scenarioWords, tell } from "./exercise_texts";
import { count, percent, span, vectorName } from "./format";
import { towerNow } from "./live";
import { At, Bar, Card, Doing, Empty, Facts, Mark, Table, type Tone } from "./parts";
import { useClock } from "./value";

const TONES: Record<ExerciseRun["stage"], Tone> = { waiting: "plain", running: "accent", done: "good", failed: "attack" };
const NEWS_TONES: Partial<Record<ExerciseEvent["news"], string>> = {
	first_packet: "attack", found: "attack", changes: "attack", trouble: "warn", asked: "accent", ordered: "accent", ratified: "accent", in_force: "dropped", well: "good", over: "good",
};

const served = (sum: ExerciseSum): number => (sum.asked === 0 ? 0 : Math.floor((sum.served * 1000) / sum.asked));
const after = (from?: number, to?: number): string => (from === undefined || to === undefined ? "–" : to - from < 1000 ? `${to - from} ms` : `${((to - from) / 1000).toFixed(1)} s`);
const share = (permille?: number): string => (permille === undefined ? "–" : percent(permille));

export const StageMark = ({ run }: { run: ExerciseRun }): JSX.Element => {
	const isWrong = run.stage === "done" && (run.score?.failed ?? 0) > 0;
	return <Mark tone={isWrong ? "attack" : TONES[run.stage]}>{isWrong ? tell("partly") : tell(run.stage)}</Mark>;
};

function Judged({ attack }: { attack: ExerciseAttack }): JSX.Element {
	if (!attack.is_judged) return <><Mark tone="plain">{tell("unjudged")}</Mark>{attack.complaint !== "" && <small lang="en">{attack.complaint}</small>}</>;
	if (attack.complaint === "") return <Mark tone="good" icon="check">{tell("right")}</Mark>;
	return <><Mark tone="attack" icon="cross">{tell("wrong")}</Mark><small lang="en">{attack.complaint}</small></>;
}

/** The mails beside the attacks, or why there were none. */
const MailWords = ({ mail }: { mail: ExerciseMail }): JSX.Element => (mail.absence !== "" ? <>{tell("no_mail")} <small lang="en">{mail.absence}</small></> : (
	<>
		{tell("mail_aimed", { n: mail.aimed_tagged, of: mail.aimed })}
		<small>{tell("mail_others", { n: mail.others_tagged, of: mail.mails - mail.aimed })}; {tell("mail_delivered", { n: mail.delivered, of: mail.mails })}{mail.unmarked > 0 && `; ${tell("mail_unread", { n: mail.unmarked })}`}</small>
	</>
));

export function ScoreView({ score }: { score: ExerciseScore }): JSX.Element {
	const side = (name: string, sum: ExerciseSum, tone: string): JSX.Element => (
		<div><dt>{name}</dt><dd><Bar permille={served(sum)} tone={tone} /> <small>{tell("served_n", { n: count(sum.served), of: count(sum.asked) })}</small></dd></div>
	);
	return (
		<>
			<dl class="clients">
				{side(tell("with"), score.with, "legit")}
				{score.without && side(tell("without"), score.without, "attack")}
			</dl>
			<Table
				caption={tell("score")}
				rows={score.attacks}
				empty={tell("no_attacks")}
				columns={[
					{ head: tell("attack"), isHead: true, cell: (row) => <>{row.name}<small>{row.vectors.map(vectorName).join(", ")}</small></> },
					{ head: tell("decision"), cell: (row) => decisionWords(row.decision) },
					{ head: tell("found_after"), cell: (row) => after(row.first_ms, row.found_ms), isNumber: true },
					{ head: tell("rule_after"), cell: (row) => after(row.first_ms, row.applied_ms), isNumber: true },
					{ head: tell("gone_after"), cell: (row) => after(row.last_ms, row.gone_ms), isNumber: true },
					{ head: tell("leak"), cell: (row) => share(row.leak_permille), isNumber: true },
					{ head: tell("cost"), cell: (row) => share(row.collateral_permille), isNumber: true },
					{ head: tell("judged"), cell: (row) => <Judged attack={row} /> },
				]}
			/>
			<Facts rows={[...(score.mail ? [[tell("mail"), <MailWords mail={score.mail} />] as [string, JSX.Element]] : []), [tell("sums"), `${score.passed} / ${score.failed} / ${score.skipped}`], [tell("ledger"), tell(score.is_ledger_verified ? "verified" : "not_verified")], [tell("troubles"), count(score.troubles)]]} />
		</>
	);
}

function Progress({ run }: { run: ExerciseRun }): JSX.Element {
	useClock();
	const passed_ms = run.stage === "waiting" ? 0 : Math.max(0, towerNow() - run.started_ms);
	return <div class="running"><Bar permille={Math.min(1000, Math.round((passed_ms * 1000) / Math.max(1, run.duration_ms)))} tone="accent" label={`${span(Math.min(passed_ms, run.duration_ms))} / ${span(run.duration_ms)}`} /></div>;
}

function Seconds({ run }: { run: ExerciseRun }): JSX.Element {
	const times = useMemo(() => run.seconds.map((_, at) => Math.round(run.started_ms / 1000) + at), [run]);
	const curves = useMemo<Curve[]>(() => [
		{ label: tell("with"), colour: "legit", values: run.seconds.map((second) => second.with.served), isLine: true },
		...(run.seconds[0]?.without ? [{ label: tell("without"), colour: "attack", values: run.seconds.map((second) => second.without?.served ?? 0), isLine: true }] : []),
	], [run]);
	const last = run.seconds.at(-1)?.with;
	return <TimeChart title={tell("served")} summary={tell("served_summary", { of: last?.asked ?? 0, with: last?.served ?? 0 })} times={times} curves={curves} write={(value) => String(Math.round(value))} />;
}

const EventRow = ({ event }: { event: ExerciseEvent }): JSX.Element => (
	<li class={NEWS_TONES[event.news] ?? ""}>
		<span class="number">{(event.at_ms / 1000).toFixed(2)} s</span>
		<span>{event.attack !== "" && <b>{event.attack} </b>}{newsWords(event.news)} {event.detail !== "" && <small lang="en">{event.detail}</small>}</span>
	</li>
);

/** The newest: live while it goes on, its score when it is over. */
export function RunNow({ run, isOwn, stop }: { run: ExerciseRun; isOwn: boolean; stop: (() => Promise<void>) | null }): JSX.Element {
	const isOver = run.stage === "done" || run.stage === "failed";
	return (
		<Card title={`${tell(isOver ? "latest" : "now")}: ${scenarioWords(run.scenario)}`} aside={<><At at_ms={run.started_ms} /> <StageMark run={run} /></>}>
			{!isOver && <Progress run={run} />}
			{!isOver && stop && <p><Doing label={tell("stop")} act={stop} /></p>}
			{run.stage === "failed" && <Empty>{tell("failed_words")} <span lang="en">{run.why}</span></Empty>}
			{run.score && <ScoreView score={run.score} />}
			{run.seconds.length > 1 && <><h3>{tell("served")}</h3><Seconds run={run} /></>}
			<h3>{tell("happened")}</h3>
			{run.events.length === 0 ? <Empty>{tell("nothing_yet")}</Empty> : <ol class="timeline" aria-live={isOver ? "off" : "polite"}>{run.events.map((event) => <EventRow event={event} />)}</ol>}
			{run.lost > 0 && <p class="note">{tell("lost", { n: run.lost })}</p>}
			<p class="note">{tell(isOwn ? "here" : "apart")}</p>
		</Card>
	);
}
