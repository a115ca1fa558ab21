/*
 * The first load, in Chromium on loopback with an empty cache and the CPU throttled four times: bytes as they go over the wire, and the
 * time from the beginning of the navigation until what the tower told is painted and a press of a button is answered. One line of JSON.
 *
 * The debugger's protocol is spoken directly: what playwright puts into a page costs more time there than the page.
 */
import type { Browser } from "playwright-core";
import { BUILT, browserStart } from "./chromium";
import { Scene } from "./scene";
import { MockTower } from "./server";

const LOADS = 7;
const THROTTLE = 4;
const QUIET_MS = 2500; /* after which the chart and the map have been fetched too */

const WATCH = `window.usable = new Promise((resolve) => {
	const look = () => {
		const button = document.querySelector(".headline h1") && document.querySelector(".settings button:nth-child(2)");
		if (!button) return requestAnimationFrame(look);
		const before = button.textContent;
		button.click();
		const answered = () => button.textContent === before ? requestAnimationFrame(answered)
			: requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
		answered();
	};
	requestAnimationFrame(look);
});`;

interface Load {
	usable_ms: number;
	cpu_ms: number; /* of the page's main thread by then, not throttled */
	first_bytes: number;
	all_bytes: number;
}

async function load(tower: MockTower, browser: Browser): Promise<Load> {
	const context = await browser.newContext({ locale: "en", viewport: { width: 1360, height: 900 } });
	const session = await context.newCDPSession(await context.newPage());
	await session.send("Page.enable");
	await session.send("Performance.enable", { timeDomain: "threadTicks" });
	await session.send("Emulation.setCPUThrottlingRate", { rate: THROTTLE });
	await session.send("Page.addScriptToEvaluateOnNewDocument", { source: WATCH });
	tower.bytes = 0;
	await session.send("Page.navigate", { url: tower.url });
	const { result } = await session.send("Runtime.evaluate", { expression: "window.usable", awaitPromise: true });
	const { metrics } = await session.send("Performance.getMetrics");
	const first_bytes = tower.bytes;
	await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
	await context.close();
	return { usable_ms: Number(result.value), cpu_ms: 1000 * (metrics.find((one) => one.name === "TaskDuration")?.value ?? 0), first_bytes, all_bytes: tower.bytes };
}

const tower = await MockTower.start(BUILT, new Scene("busy"));
const browser = await browserStart();
await load(tower, browser);
const loads: Load[] = [];
for (let at = 0; at < LOADS; at++) loads.push(await load(tower, browser));
await browser.close();
await tower.stop();
const sorted = (name: keyof Load): number[] => loads.map((one) => one[name]).sort((a, b) => a - b);
const median = (name: keyof Load): number => Math.round(sorted(name)[LOADS >> 1] ?? 0);
console.log(JSON.stringify({ loads: LOADS, usable_ms: median("usable_ms"), best_ms: Math.round(sorted("usable_ms")[0] ?? 0), cpu_ms: median("cpu_ms"), first_bytes: median("first_bytes"), all_bytes: Math.max(...sorted("all_bytes")) }));
