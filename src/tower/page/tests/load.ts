/*
 * The first load, in Chromium on loopback with an empty cache and the CPU throttled four times: bytes as they go over the wire, and the
 * time from the beginning of the navigation until what the tower told is painted, and then a press of a button is answered and that is painted
 * too. One line of JSON.
 */
import { BUILT } from "./chromium";
import { Debugger } from "./debugger";
import { Scene } from "./scene";
import { MockTower } from "./server";

const LOADS = 7;
const THROTTLE = 4;
const SETTLE_MS = 1500; /* a new window loads what the browser itself shows */
const QUIET_MS = 2500; /* after which the chart and the map have been fetched too */

/* A task that a frame's callback leaves runs when that frame has been painted. */
const WATCH = `window.usable = new Promise((resolve) => {
	const painted = () => new Promise((then) => requestAnimationFrame(() => setTimeout(then)));
	const isThere = (what) => new Promise((then) => {
		const look = () => what() && (observer.disconnect(), then());
		const observer = new MutationObserver(look);
		observer.observe(document, { childList: true, characterData: true, subtree: true });
		look();
	});
	const button = () => document.querySelector(".settings button:nth-child(2)");
	isThere(() => document.querySelector(".headline h1") && button()).then(painted).then(() => {
		const told = performance.now(), before = button().textContent;
		button().click();
		return isThere(() => button().textContent !== before).then(painted).then(() => resolve([told, performance.now()]));
	});
});`;

interface Load {
	told_ms: number; /* painted what the tower told */
	usable_ms: number;
	cpu_ms: number; /* of the page's main thread by then */
	first_bytes: number;
	all_bytes: number;
}

async function load(tower: MockTower, browser: Debugger): Promise<Load> {
	const { browserContextId } = await browser.send<{ browserContextId: string }>("Target.createBrowserContext");
	const { targetId } = await browser.send<{ targetId: string }>("Target.createTarget", { url: "about:blank", browserContextId, width: 1360, height: 900 });
	const { sessionId } = await browser.send<{ sessionId: string }>("Target.attachToTarget", { targetId, flatten: true });
	const send = <Result>(method: string, params: object = {}): Promise<Result> => browser.send<Result>(method, params, sessionId);
	await send("Page.enable");
	await send("Performance.enable", { timeDomain: "threadTicks" });
	await send("Emulation.setCPUThrottlingRate", { rate: THROTTLE });
	await send("Page.addScriptToEvaluateOnNewDocument", { source: WATCH });
	await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
	tower.bytes = 0;
	await send("Page.navigate", { url: tower.url });
	const { result } = await send<{ result: { value: [number, number] } }>("Runtime.evaluate", { expression: "window.usable", awaitPromise: true, returnByValue: true });
	const { metrics } = await send<{ metrics: { name: string; value: number }[] }>("Performance.getMetrics");
	const first_bytes = tower.bytes;
	await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
	await browser.send("Target.disposeBrowserContext", { browserContextId });
	const [told_ms, usable_ms] = result.value;
	return { told_ms, usable_ms, cpu_ms: 1000 * (metrics.find((one) => one.name === "TaskDuration")?.value ?? 0), first_bytes, all_bytes: tower.bytes };
}

const tower = await MockTower.start(BUILT, new Scene("busy"));
const browser = new Debugger();
const cold = await load(tower, browser);
const loads: Load[] = [];
for (let at = 0; at < LOADS; at++) loads.push(await load(tower, browser));
await browser.end();
await tower.stop();
const sorted = (name: keyof Load): number[] => loads.map((one) => one[name]).sort((a, b) => a - b);
const median = (name: keyof Load): number => Math.round(sorted(name)[LOADS >> 1] ?? 0);
console.log(JSON.stringify({
	loads: LOADS, cold_ms: Math.round(cold.usable_ms), told_ms: median("told_ms"), usable_ms: median("usable_ms"), best_ms: Math.round(sorted("usable_ms")[0] ?? 0), cpu_ms: median("cpu_ms"), first_bytes: median("first_bytes"),
	all_bytes: Math.max(...sorted("all_bytes")),
}));
