/* Exercises: start one, watch it, see the score (as `hinomi exercise --json` writes it). */
import type { JSX } from "preact";
import { may, send } from "./api";
import { count, percent, span, vectorName } from "./format";
import { language, say } from "./language";
import { towerNow, useResource } from "./live";
import type { Exercise, Run, Scenario } from "./optional";
import { At, Bar, Card, Doing, Empty, Facts, Mark, Missing, Table, type Tone } from "./parts";
import { useClock } from "./value";

const TONES: Record<Run["state"], Tone> = { waiting: "plain", running: "accent", done: "good", failed: "attack" };

interface Clients {
	asked: number;
	served: number;
	late: number;
	failed: number;
}

interface AttackScore {
	name: string;
	decision: string;
	complaint: string;
	vectors: string[];
	first_ms: number | null;
	found_ms: number | null;
	ordered_ms: number | null;
	applied_ms: number | null;
	gone_ms: number | null;
	last_ms: number | null;
	leak_permille: number | null;
	collateral_permille: number | null;
}

interface Side {
	all: Clients;
	defended: Clients;
}

interface Score {
	attacks?: AttackScore[];
	with?: Side;
	without?: Side;
	ledger_verified?: boolean;
	troubles?: number;
}

const titleOf = (scenario: Scenario): string => (language.now === "ja" ? scenario.ja : scenario.en);
const served = (side: Side): number => (side.all.asked === 0 ? 0 : Math.floor((side.all.served * 1000) / side.all.asked));
const after = (from: number | null, to: number | null): string => (from === null || to === null ? "–" : to - from < 1000 ? `${to - from} ms` : `${((to - from) / 1000).toFixed(1)} s`);

function Running({ run, scenario }: { run: Run; scenario: Scenario | undefined }): JSX.Element {
	useClock();
	const passed_ms = towerNow() - run.started_ms;
	const whole_ms = (scenario?.duration_s ?? 60) * 1000;
	return (
		<div class="running">
			<Bar permille={Math.max(0, Math.min(1000, Math.round((passed_ms * 1000) / whole_ms)))} tone="accent" label={span(Math.max(0, passed_ms))} />
			<p class="note">{say("watch_it")} <a href="#/now">{say("view_now")}</a></p>
		</div>
	);
}

function ScoreView({ score }: { score: Score }): JSX.Element {
	const attacks = score.attacks ?? [];
	const right = attacks.filter((attack) => attack.complaint === "").length;
	return (
		<>
			<dl class="clients">
				{score.with && <div><dt>{say("with_hinomi")}</dt><dd><Bar permille={served(score.with)} tone="legit" /> <small>{say("served_n", { n: count(score.with.all.served), of: count(score.with.all.asked) })}</small></dd></div>}
				{score.without && <div><dt>{say("without")}</dt><dd><Bar permille={served(score.without)} tone="attack" /> <small>{say("served_n", { n: count(score.without.all.served), of: count(score.without.all.asked) })}</small></dd></div>}
			</dl>
			<Table
				caption={say("score")}
				rows={attacks}
				empty={say("no_score")}
				columns={[
					{ head: say("attack"), isHead: true, cell: (row) => <>{row.name}<small>{row.vectors.map(vectorName).join(", ")}</small></> },
					{ head: say("found_after"), cell: (row) => after(row.first_ms, row.found_ms), isNumber: true },
					{ head: say("rule_after"), cell: (row) => after(row.first_ms, row.applied_ms), isNumber: true },
					{ head: say("gone_after"), cell: (row) => after(row.last_ms, row.gone_ms), isNumber: true },
					{ head: say("leak"), cell: (row) => (row.leak_permille === null ? "–" : percent(row.leak_permille)), isNumber: true },
					{ head: say("cost"), cell: (row) => (row.collateral_permille === null ? "–" : percent(row.collateral_permille)), isNumber: true },
					{ head: say("judged"), cell: (row) => (row.complaint === "" ? <Mark tone="good" icon="check">{say("right")}</Mark> : <><Mark tone="attack" icon="cross">{say("wrong")}</Mark><small lang="en">{row.complaint}</small></>) },
				]}
			/>
			<Facts rows={[[say("attacks_right"), `${right} / ${attacks.length}`], [say("ledger_proven"), say(score.ledger_verified ? "check_good" : "check_bad")], [say("troubles"), count(score.troubles ?? 0)]]} />
		</>
	);
}

export function ExerciseView(): JSX.Element {
	const exercise = useResource<Exercise>("/exercise", ["incident", "order", "traffic"]);
	const runs = exercise.data?.runs ?? [];
	const isRunning = runs.some((run) => run.state === "running" || run.state === "waiting");
	const scenarioOf = (name: string): Scenario | undefined => exercise.data?.items.find((one) => one.name === name);
	const start = async (name: string): Promise<void> => {
		await send<Exercise>("POST", "/exercise", { scenario: name });
		exercise.again();
	};
	return (
		<>
			<h1 tabIndex={-1}>{say("view_exercise")}</h1>
			<p class="lead">{say("exercise_words")}</p>
			{exercise.refusal?.status === 404 && <Empty>{say("exercise_none")}</Empty>}
			{!exercise.data ? exercise.refusal?.status !== 404 && <Missing of={exercise} /> : (
				<>
					<ul class="scenarios">
						{exercise.data.items.map((scenario) => (
							<li class="card">
								<h2>{titleOf(scenario)}</h2>
								<p class="note">{say("takes", { span: span(scenario.duration_s * 1000) })}</p>
								{may("operator") ? <Doing label={say("start")} class="primary" act={() => start(scenario.name)} isOff={isRunning} /> : <p class="note">{say("start_role")}</p>}
							</li>
						))}
					</ul>
					{exercise.data.items.length === 0 && <Empty>{say("no_scenario")}</Empty>}
					{runs.length === 0 && <Empty>{say("no_run")}</Empty>}
					{runs.map((run) => {
						const scenario = scenarioOf(run.scenario);
						return (
							<Card title={scenario ? titleOf(scenario) : run.scenario} aside={<><At at_ms={run.started_ms} /> <Mark tone={TONES[run.state]}>{say(`run_${run.state}`)}</Mark></>}>
								{run.state === "running" && <Running run={run} scenario={scenario} />}
								{run.score && <ScoreView score={run.score as Score} />}
								{run.state === "failed" && !run.score && <Empty>{say("run_failed_words")}</Empty>}
							</Card>
						);
					})}
				</>
			)}
		</>
	);
}
