/* What tests in Chromium share: a tower and a browser profile for each, and what axe-core and the eye would complain of. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { type Stage, browserStart, hasChromium, stageEnd, stageMake } from "./chromium";
import { Scene } from "./scene";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
let browser: Browser;

before(async () => {
	if (hasChromium) browser = await browserStart();
});
after(async () => browser?.close());

export function way(name: string, act: (stage: Stage, scene: Scene) => Promise<void>, kind: "busy" | "empty" = "busy", options: BrowserContextOptions = {}): void {
	test(name, { skip: hasChromium ? false : "there is no Chromium", timeout: 240_000 }, async () => {
		const scene = new Scene(kind);
		const stage = await stageMake(browser, scene, options);
		try {
			await act(stage, scene);
			assert.deepEqual(stage.complaints, [], "what the browser complained of");
		} finally {
			await stageEnd(stage);
		}
	});
}

interface AxeResult {
	violations: { id: string; nodes: { target: unknown[]; failureSummary?: string }[] }[];
}

/** What axe-core finds; run from the debugger's side, as the page's policy admits no foreign script. */
export async function axe({ page }: Stage): Promise<string[]> {
	await page.evaluate(readFileSync(AXE, "utf8"));
	const result = (await page.evaluate("axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })")) as AxeResult;
	return result.violations.flatMap((violation) => violation.nodes.map((node) => `${violation.id} ${String(node.target)} ${node.failureSummary?.split("\n")[1] ?? ""}`));
}

export const overflow = ({ page }: Stage): Promise<string[]> =>
	page.evaluate(() => [...document.querySelectorAll("main *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".scroll, .plot, pre, .unseen, svg")).map((one) => `${one.tagName}.${one.className} ${one.textContent?.slice(0, 30)}`).slice(0, 5));
