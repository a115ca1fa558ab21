/* Views whose code is fetched when they are first shown, so that the first load stays small. */
import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Empty } from "./parts";
import { say } from "./language";

export function lazy<Name extends string, Props extends object>(load: () => Promise<Record<Name, FunctionComponent<Props>>>, name: Name): FunctionComponent<Props> {
	let known: FunctionComponent<Props> | null = null;
	return (props: Props) => {
		const [state, setState] = useState<"loading" | "there" | "failed">(known ? "there" : "loading");
		useEffect(() => {
			if (known) return;
			load().then(
				(module) => {
					known = module[name];
					setState("there");
				},
				() => setState("failed"),
			);
		}, []);
		const Known = known;
		if (Known) return <Known {...props} />;
		return <Empty>{state === "failed" ? say("problem_gone") : say("loading")}</Empty>;
	};
}
