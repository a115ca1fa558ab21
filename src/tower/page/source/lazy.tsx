/* Views whose code is fetched when they are first shown, so that the first load stays small. */
import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { say } from "./language";
import { Empty } from "./parts";

export function lazy<Props extends object>(load: () => Promise<FunctionComponent<Props>>): FunctionComponent<Props> {
	let known: FunctionComponent<Props> | null = null;
	return (props: Props) => {
		const [state, setState] = useState<"loading" | "there" | "failed">("loading");
		useEffect(() => {
			if (known) return;
			load().then(
				(view) => {
					known = view;
					setState("there");
				},
				() => setState("failed"),
			);
		}, []);
		const Known = known;
		return Known ? <Known {...props} /> : <Empty>{say(state === "failed" ? "problem_gone" : "loading")}</Empty>;
	};
}
