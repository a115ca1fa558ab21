/*
 * The page before a real exercise (tests/exercise_page starts it): somebody joins with a passkey, watches, approves the order that waits for
 * it, verifies the ledger, and downloads an incident's report.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { browserStart } from "./chromium";

const [url = "", token = "", target = ""] = process.argv.slice(2);
const browser = await browserStart();
const page = await (await browser.newContext({ locale: "en", viewport: { width: 1280, height: 900 } })).newPage();
page.setDefaultTimeout(60_000);
const complaints: string[] = [];
page.on("pageerror", (error) => complaints.push(error.message));
page.on("console", (message) => message.type() === "error" && !/Failed to load resource|ERR_/.test(message.text()) && complaints.push(message.text()));
const at = (place: string): Promise<unknown> => page.goto(`${url}#/${place}`);

const session = await page.context().newCDPSession(page);
await session.send("WebAuthn.enable");
await session.send("WebAuthn.addVirtualAuthenticator", {
	options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
});

await at("exercise");
await page.fill("input[name=token]", token);
await page.click("text=Use token");
await page.click("text=Make a passkey and take part");
await page.waitForSelector("text=/sign in as guest with the passkey/");

/* The tower begins anew, with a policy that knows the passkey; this session is over. */
await page.waitForSelector("input[name=account]");
await page.fill("input[name=account]", "guest");
await page.click("text=Use passkey");
await page.waitForSelector(".running");
await page.waitForSelector(".timeline li:has-text('found')");

await at("approvals");
await page.click(`tbody a[href*="approvals/"]`);
await page.waitForSelector("text=checked in this browser");
assert.match(await page.innerText(".questions"), new RegExp(target.replaceAll(".", "\\.")));
await page.click("text=Approve with passkey");
await page.waitForSelector(".answer-card p.done");

await at("exercise");
await page.waitForSelector(".timeline li:has-text('a rule is in force')");

await at("ledger");
await page.click("text=They are right: keep them");
await page.waitForSelector(".card:has-text('Entries') td:has-text('approval')");
await page.waitForSelector(".checks li:nth-child(4)");
assert.deepEqual(await page.locator(".checks li.bad").count(), 0);
await page.click("text=Check every entry");
await page.waitForSelector("text=/All \\d+ entries make the signed root/");

await at("incidents");
await page.click(`tbody a:has-text("${target}")`);
await page.waitForSelector(".timeline li");
const [download] = await Promise.all([page.waitForEvent("download"), page.click("button:has-text('Download')")]);
const report = readFileSync(await download.path(), "utf8");
assert.ok(report.includes(target), `${download.suggestedFilename()} does not name ${target}`);
assert.deepEqual(complaints, [], "what the browser complained of");
await browser.close();
