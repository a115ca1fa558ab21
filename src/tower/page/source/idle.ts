/* What can wait until the page is drawn. */
import { useEffect, useState } from "preact/hooks";

const IDLE_MS = 2000; /* the longest that the rest of the view goes first */

/** Lets what is on the screen already be drawn, and answer, first. */
export function whenIdle(act: () => void): void {
	if (typeof requestIdleCallback === "function") requestIdleCallback(act, { timeout: IDLE_MS });
	else setTimeout(act, 1);
}

let isDrawn = false;

/** Whether the page's first picture is on the screen: until then what is not needed first is left out of it. */
export function useDrawn(): boolean {
	const [, again] = useState(isDrawn);
	useEffect(() => {
		if (isDrawn) return;
		whenIdle(() => {
			isDrawn = true;
			again(true);
		});
	}, []);
	return isDrawn;
}
