/* Views whose code is fetched when they are first shown, so that the first load stays small. */
import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Refusal } from "./api";
import { say } from "./language";
import { Empty, Problem } from "./parts";

const IDLE_MS = 2000; /* the longest that the rest of the view goes first */

/** Lets what is on the screen already be drawn, and answer, first. */
export function whenIdle(act: () => void): void {
	if (typeof requestIdleCallback === "function") requestIdleCallback(act, { timeout: IDLE_MS });
	else setTimeout(act, 1);
}

export function lazy<Props extends object>(load: () => Promise<FunctionComponent<Props>>): FunctionComponent<Props> {
	let known: FunctionComponent<Props> | null = null;
	return (props: Props) => {
		const [state, setState] = useState<"loading" | "there" | "failed">("loading");
		useEffect(() => {
			if (known || state !== "loading") return;
			whenIdle(() =>
				load().then(
					(view) => {
						known = view;
						setState("there");
					},
					() => setState("failed"),
				),
			);
		}, [state]);
		const Known = known;
		if (Known) return <Known {...props} />;
		return state === "failed" ? <Problem refusal={new Refusal(0, "gone", "")} again={() => setState("loading")} /> : <Empty>{say("loading")}</Empty>;
	};
}
