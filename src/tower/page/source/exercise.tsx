/* Exercises: start one, watch it, see the score; and take part in one that is about to begin. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Exercise, ExerciseAccepted, ExerciseRun, ExerciseScenario } from "../generated/api";
import { may, send } from "./api";
import { RunNow, ScoreView, StageMark } from "./exercise_run";
import { scenarioWords, tell } from "./exercise_texts";
import { span } from "./format";
import { say } from "./language";
import { useResource } from "./live";
import { At, Card, Countdown, Doing, Empty, Missing, Table } from "./parts";
import { PasskeyUnused, passkeyMake } from "./passkey";

const isGoingOn = (run: ExerciseRun): boolean => run.stage === "running" || run.stage === "waiting";

function Join({ begins_ms }: { begins_ms: number }): JSX.Element {
	const [state, setState] = useState<"idle" | "joined" | "failed">("idle");
	const join = async (): Promise<void> => {
		try {
			await send<ExerciseAccepted>("POST", "/exercise/guest", { passkey: await passkeyMake("localhost", "guest") });
			setState("joined");
		} catch (error) {
			if (!(error instanceof PasskeyUnused)) throw error;
			setState("failed");
		}
	};
	return (
		<Card title={tell("join")} class="answer-card" aside={<>{tell("join_until")} <Countdown at_ms={begins_ms} over={tell("join_over")} /></>}>
			{state === "joined" ? <p class="done" role="status">{tell("joined")}</p> : (
				<>
					<p>{tell("join_words")}</p>
					<p><Doing label={tell("join_button")} class="primary" icon="key" act={join} /></p>
					{state === "failed" && <p class="problem" role="alert">{tell("join_failed")}</p>}
				</>
			)}
		</Card>
	);
}

function Scenarios({ exercise, start }: { exercise: Exercise; start: (name: string) => Promise<void> }): JSX.Element {
	const lastOf = (scenario: ExerciseScenario): ExerciseRun | undefined => exercise.runs.find((run) => run.scenario === scenario.name && !isGoingOn(run));
	const mayStart = may("operator", "analyst");
	return (
		<Card title={tell("scenarios")}>
			<Table
				caption={tell("scenarios")}
				rows={exercise.scenarios}
				empty={tell("no_scenario")}
				columns={[
					{ head: tell("scenario"), isHead: true, cell: (row) => <>{scenarioWords(row.name)}<small lang="en">{row.about}</small></> },
					{ head: tell("takes"), cell: (row) => span(row.duration_ms), isNumber: true },
					{ head: tell("last"), cell: (row) => { const last = lastOf(row); return last ? <><StageMark run={last} /> <At at_ms={last.started_ms} /></> : <small>{tell("never")}</small>; } },
					...(mayStart ? [{ head: tell("start"), cell: (row: ExerciseScenario) => <Doing label={tell("start")} about={tell("start_of", { name: scenarioWords(row.name) })} act={() => start(row.name)} isOff={!exercise.may_start} /> }] : []),
				]}
			/>
			{!mayStart && <p class="note">{tell("start_role")}</p>}
		</Card>
	);
}

function ExerciseParts({ exercise, again }: { exercise: Exercise; again: () => void }): JSX.Element {
	const [newest, ...older] = exercise.runs;
	const start = async (name: string): Promise<void> => {
		await send<ExerciseAccepted>("POST", "/exercise", { scenario: name });
		again();
	};
	const stop = async (): Promise<void> => {
		await send<ExerciseAccepted>("DELETE", "/exercise");
		again();
	};
	const mayStop = newest !== undefined && isGoingOn(newest) && !exercise.may_start && exercise.player === "answers" && may("operator", "analyst");
	const past = older.filter((run) => run.score || run.stage === "failed");
	return (
		<>
			{exercise.player === "silent" && <p class="banner stale" role="status">{tell("silent")}</p>}
			{exercise.begins_ms !== undefined && may("operator", "analyst") && <Join begins_ms={exercise.begins_ms} />}
			{newest && <RunNow run={newest} isOwn={exercise.is_own} stop={mayStop ? stop : null} />}
			{!exercise.is_own && <Scenarios exercise={exercise} start={start} />}
			{past.length > 0 && <h2 class="part">{tell("results")}</h2>}
			{past.map((run) => (
				<Card key={run.number} title={`${run.number}. ${scenarioWords(run.scenario)}`} aside={<><At at_ms={run.started_ms} /> <StageMark run={run} /></>}>
					{run.score ? <ScoreView score={run.score} /> : <Empty>{tell("failed_words")} <span lang="en">{run.why}</span></Empty>}
				</Card>
			))}
		</>
	);
}

export function ExerciseView(): JSX.Element {
	const exercise = useResource<Exercise>("/exercise", ["exercise"]);
	return (
		<>
			<h1 tabIndex={-1}>{say("view_exercise")}</h1>
			<p class="lead">{tell("words")}</p>
			{!exercise.data ? <Missing of={exercise} /> : exercise.data.player === "none" ? <Empty>{tell("none")}</Empty> : <ExerciseParts exercise={exercise.data} again={exercise.again} />}
		</>
	);
}
