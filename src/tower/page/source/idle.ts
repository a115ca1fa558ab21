/* What can wait until the page is drawn. */
const IDLE_MS = 2000; /* the longest that the rest of the view goes first */

/** Lets what is on the screen already be drawn, and answer, first. */
export function whenIdle(act: () => void): void {
	if (typeof requestIdleCallback === "function") requestIdleCallback(act, { timeout: IDLE_MS });
	else setTimeout(act, 1);
}
