/* Views whose code is fetched when they are first shown, so that the first load stays small. */
import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Refusal } from "./api";
import { whenIdle } from "./idle";
import { say } from "./language";
import { Empty, Problem } from "./parts";

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
