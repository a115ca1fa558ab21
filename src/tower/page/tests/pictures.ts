/* Pictures of every view, empty, busy and broken, into a directory: to be looked at. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { PLACES, type Stage, browserStart, keysKeep, stageEnd, stageMake } from "./chromium";
import { Scene } from "./scene";

const target = process.argv[2] ?? ".";
const CHART_MS = 900; /* for the chart and the map to be there */
mkdirSync(target, { recursive: true });
const browser = await browserStart();

async function take(stage: Stage, name: string, isWhole = true): Promise<void> {
	await stage.page.waitForTimeout(CHART_MS);
	await stage.page.screenshot({ path: join(target, `${name}.png`), fullPage: isWhole });
}

const nameOf = (place: string): string => place.replace(/\//g, "-").replace("-WAITING", "-one").toLowerCase();

for (const [label, locale, colorScheme, width] of [["en-light", "en", "light", 1280], ["ja-dark", "ja", "dark", 1280], ["ja-phone", "ja", "light", 390], ["en-phone-dark", "en", "dark", 390]] as const) {
	const stage = await stageMake(browser, new Scene("busy"), { locale, colorScheme, viewport: { width, height: width < 500 ? 844 : 800 } });
	await stage.go("ledger");
	await take(stage, `${label}-ledger-first`);
	await keysKeep(stage.page);
	for (const place of PLACES) {
		await stage.go(place);
		await take(stage, `${label}-${nameOf(place)}`);
	}
	await stageEnd(stage);
}

/* Those of the README: what fits on a screen. */
for (const [name, place, locale, colorScheme] of [["readme-now", "now", "en", "light"], ["readme-approval", "approvals/WAITING", "ja", "dark"]] as const) {
	const stage = await stageMake(browser, new Scene("busy"), { locale, colorScheme, viewport: { width: 1280, height: 860 } });
	await stage.go(place);
	await take(stage, name, false);
	await stageEnd(stage);
}

const empty = await stageMake(browser, new Scene("empty"));
for (const place of ["now", "incidents", "approvals", "ledger", "members", "exercise", "oversight/lookups", "oversight/deletions"]) {
	await empty.go(place);
	await take(empty, `empty-${nameOf(place)}`);
}
empty.tower.scene.session = null;
await empty.page.reload();
await empty.page.waitForSelector(".sign-in");
await take(empty, "sign-in");
await stageEnd(empty);

const broken = await stageMake(browser, new Scene("busy"));
await broken.page.clock.install();
await broken.go("now");
await broken.page.clock.runFor(2000);
broken.tower.isSilent = true;
await broken.page.clock.fastForward(16_000);
await broken.page.clock.runFor(2000);
await broken.page.waitForSelector(".banner.stale");
await broken.page.screenshot({ path: join(target, "broken-stale.png") });
await broken.tower.stop();
await broken.page.clock.runFor(8000);
await broken.page.waitForSelector(".banner.gone");
await broken.page.screenshot({ path: join(target, "broken-gone.png") });
await broken.page.evaluate(() => void (location.hash = "#/members"));
await broken.page.waitForSelector("main .problem");
await broken.page.screenshot({ path: join(target, "broken-gone-members.png") });
await broken.page.context().close();

const forged = await stageMake(browser, new Scene("busy"));
await forged.go("ledger");
await keysKeep(forged.page);
forged.tower.scene.ledger.entries[2] = Buffer.from("rewritten\n");
await forged.page.click("text=Check again");
await forged.page.waitForSelector(".checks li.bad");
await take(forged, "broken-ledger");
await stageEnd(forged);
await browser.close();
