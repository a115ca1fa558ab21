/* What an inspector, an operator and a reader find under Oversight, in Chromium. */
import assert from "node:assert/strict";
import { axe, way } from "./way";

way("an inspector reads who did what, and who looked up what for which purpose", async ({ page, go }, scene) => {
	scene.session = scene.sessionMake(["inspector"]);
	await go("oversight");
	await page.waitForSelector("tbody tr:has-text('member.put')");
	assert.match(await page.innerText("tbody tr:has-text('session.refused')"), /nobody signed in[\s\S]*refused/);
	await page.click("text=Show more");
	await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 6);
	await page.click(".tabs >> text=Look-ups");
	const row = page.locator("tbody tr:has-text('to tell the upstream which bots are its customers')");
	assert.match(await row.innerText(), /analyst-1/);
	assert.equal(await row.locator("a").getAttribute("href"), "#/incidents/7");
	await page.click(".tabs >> text=Accounts");
	await page.waitForSelector("tbody tr:has-text('port-sender')");
	assert.equal(await page.locator("main button:has-text('Change'), main button:has-text('Switch off'), main button:has-text('New account')").count(), 0, "an inspector changes nothing");
});

way("an operator makes an account, sees its token once, and switches accounts off", async (stage, scene) => {
	const { page, go } = stage;
	await go("oversight/accounts");
	await page.click("text=New account");
	await page.fill("label:has-text('Account') input", "new-analyst");
	await page.uncheck("label.tick:has-text('reader') input");
	assert.ok(await page.isDisabled("text=Save"), "no role");
	await page.check("label.tick:has-text('sender') input");
	assert.ok(await page.isDisabled("text=Save"), "a sender speaks for a member");
	await page.uncheck("label.tick:has-text('sender') input");
	await page.check("label.tick:has-text('analyst') input");
	await page.click("text=Save");
	await page.waitForSelector("output:has-text('hinomi_')");
	assert.deepEqual(await axe(stage), []);
	await page.click("text=Close");
	assert.equal(await page.locator("text=hinomi_").count(), 0);
	const row = page.locator("tbody tr:has-text('new-analyst')");
	assert.match(await row.innerText(), /analyst[\s\S]*active/);
	await row.locator("text=Switch off").click();
	await row.locator("text=Switch on").waitFor();
	assert.deepEqual(scene.oversight.accounts.find((one) => one.name === "new-analyst")?.is_active, false);
	assert.equal(await page.locator("tbody tr:has(b:text-is('hana')) >> text=Switch off").count(), 0, "nobody locks themselves out");
	await page.locator("tbody tr:has-text('guest') >> text=Change").click();
	await page.check("label.tick:has-text('inspector') input");
	await page.click("text=Save");
	await page.waitForSelector("tbody tr:has-text('guest'):has-text('inspector')");
	assert.equal(await page.locator("output").count(), 0, "no token was asked for");
});

way("a year in counts is for everybody, and is handed over", async ({ page, go }, scene) => {
	scene.session = scene.sessionMake(["reader"]);
	await go("oversight");
	await page.waitForSelector("h2:has-text('Year in counts')");
	assert.deepEqual(await page.locator(".tabs a").allInnerTexts(), ["Year in counts", "Proofs of deletion"], "the rest is not a reader's");
	await page.waitForSelector("text=The year is not over");
	assert.match(await page.innerText("table:has-text('Incidents, by kind')"), /Scan\s+1,840/);
	assert.match(await page.innerText("table:has-text('Incidents, by sector')"), /Railways|railways/i);
	const year = String(new Date().getUTCFullYear() - 1);
	await page.click(`.choice >> text=${year}`);
	await page.waitForFunction(() => !document.querySelector("main .note.warn") && /Flood\s*424/.test(document.querySelector("main")?.textContent ?? ""));
	const [file] = await Promise.all([page.waitForEvent("download"), page.click("button:has-text('Download')")]);
	assert.equal(file.suggestedFilename(), `hinomi-${year}.csv`);
	await page.click(".tabs >> text=Proofs of deletion");
	await page.waitForSelector("tbody tr");
	assert.match(await page.innerText("tbody tr >> nth=0"), /Source addresses[\s\S]*41,199[\s\S]*[0-9a-f]{64}/);
	assert.match(await page.innerText(".facts"), /Orders and other documents\s+for ever/);
});
