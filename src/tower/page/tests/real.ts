/* The page before a real tower and a real authority (real_test.py starts them): signs in and approves with a passkey, verifies the ledger. */
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { browserStart } from "./chromium";

const [url = "", key = "", order = ""] = process.argv.slice(2);
const browser = await browserStart();
const page = await (await browser.newContext({ locale: "en", viewport: { width: 1280, height: 900 } })).newPage();
page.setDefaultTimeout(30_000);
const complaints: string[] = [];
page.on("pageerror", (error) => complaints.push(error.message));
page.on("console", (message) => message.type() === "error" && !/Failed to load resource/.test(message.text()) && complaints.push(message.text()));

const session = await page.context().newCDPSession(page);
await session.send("WebAuthn.enable");
const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
	options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
});
const privateKey = createPrivateKey(readFileSync(key)).export({ format: "der", type: "pkcs8" }).toString("base64");
const name = Buffer.from("taro").toString("base64");
await session.send("WebAuthn.addCredential", { authenticatorId, credential: { credentialId: name, isResidentCredential: true, rpId: "localhost", privateKey, userHandle: name, signCount: 0 } });

await page.goto(url);
await page.fill("input[name=account]", "taro");
await page.click("text=Use passkey");

await page.waitForSelector("text=192.0.2.10");
assert.match(await page.innerText(".headline"), /One attack under way/);
await page.click(".card:has-text('Under attack') tbody a");
await page.waitForSelector(".timeline li");
await page.goto(`${url}#/ledger`);
await page.click("text=They are right: keep them");
await page.waitForSelector(".checks li:nth-child(4)");
await page.goto(`${url}#/approvals`);
await page.click(`tbody a[href*="approvals/"]`);
await page.waitForSelector("text=checked in this browser");
assert.match(await page.innerText(".questions"), /drop UDP, from port 123/);
await page.click("text=Approve with passkey");
await page.waitForSelector(".answer-card p.done");
assert.match(await page.innerText(".answer-card p.done"), new RegExp(order.slice(0, 8)));
await page.goto(`${url}#/ledger`);
await page.waitForSelector(".card:has-text('Entries') td:has-text('approval')");
assert.deepEqual(await page.locator(".checks li.bad").count(), 0);
assert.deepEqual(await page.locator(".checks li.good b").allInnerTexts().then((texts) => texts.filter((text) => text !== "Witnesses")), ["Signature of the log", "Merkle tree", "Only appended"]);
await page.click("text=Check every entry");
await page.waitForSelector("text=/All \\d+ entries make the signed root/");
for (const place of ["incidents", "members", "exercise"]) {
	await page.goto(`${url}#/${place}`);
	await page.waitForSelector("main h1");
}
assert.deepEqual(complaints, [], "what the browser complained of");
await browser.close();
