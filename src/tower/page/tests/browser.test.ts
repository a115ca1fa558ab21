/* The main ways through the page, in Chromium. Each test has a tower and a browser profile of its own. */
import assert from "node:assert/strict";
import { PLACES, keysKeep, passkeyGive } from "./chromium";
import { Scene } from "./scene";
import { axe, overflow, way } from "./way";

for (const [locale, colorScheme] of [["en", "light"], ["ja", "dark"], ["ja", "light"], ["en", "dark"]] as const) {
	way(`axe finds nothing in any view (${locale}, ${colorScheme})`, async (stage) => {
		await stage.go("ledger");
		await keysKeep(stage.page);
		for (const place of PLACES) {
			await stage.go(place);
			assert.deepEqual(await axe(stage), [], place);
			assert.equal(await stage.page.getAttribute("html", "lang"), locale);
			assert.deepEqual(await overflow(stage), [], place);
		}
	}, "busy", { locale, colorScheme });
}

for (const locale of ["en", "ja"]) {
	way(`nothing overflows on a phone (${locale})`, async (stage) => {
		await stage.go("ledger");
		await keysKeep(stage.page);
		for (const place of PLACES) {
			await stage.go(place);
			assert.deepEqual(await overflow(stage), [], place);
		}
		assert.deepEqual(await axe(stage), []);
	}, "busy", { locale, viewport: { width: 390, height: 844 } });

	way(`an empty tower says so everywhere (${locale})`, async (stage) => {
		for (const place of ["now", "incidents", "approvals", "ledger", "members", "exercise", "oversight/lookups", "oversight/deletions"]) {
			await stage.go(place);
			assert.ok((await stage.page.locator(".empty, .headline.calm").count()) > 0, place);
			assert.deepEqual(await axe(stage), [], place);
			assert.doesNotMatch(await stage.page.innerText("main"), /undefined|NaN|null|\[object/, place);
		}
	}, "empty", { locale });
}

way("the wrong token is refused, the right one opens the tower, and one can leave again", async (stage, scene) => {
	scene.session = null;
	await stage.go("now");
	assert.deepEqual(await axe(stage), []);
	await stage.page.fill("input[name=token]", "hinomi_wrong");
	await stage.page.click("text=Use token");
	await stage.page.waitForSelector("text=That does not open this tower.");
	await stage.page.fill("input[name=token]", "hinomi_right");
	await stage.page.click("text=Use token");
	await stage.page.waitForSelector("text=attacks under way");
	await stage.page.click("button:has-text('Sign out')");
	await stage.page.waitForSelector("input[name=token]");
	assert.equal(scene.session, null);
});

way("a passkey opens the tower", async (stage, scene) => {
	scene.session = null;
	await stage.go("now");
	await passkeyGive(stage);
	const known = stage.tower.passkey;
	stage.tower.passkey = null;
	await stage.page.fill("input[name=account]", "hana");
	await stage.page.click("text=Use passkey");
	await stage.page.waitForSelector("text=That does not open this tower.");
	stage.tower.passkey = known;
	await stage.page.click("text=Use passkey");
	await stage.page.waitForSelector("text=attacks under way");
});

way("an approval with a passkey takes effect, and is proven in the ledger", async (stage, scene) => {
	const signed = await passkeyGive(stage);
	await stage.go("ledger");
	await keysKeep(stage.page);
	await stage.go("approvals");
	assert.equal(await stage.page.locator("tbody tr").count(), 2);
	await stage.page.click("tbody a:has-text('Upstream')");
	for (const ask of ["What is asked", "Why", "How wide", "Until when", "At what cost", "If nobody answers"]) await stage.page.waitForSelector(`.question h2:has-text("${ask}")`);
	await stage.page.waitForSelector("text=checked in this browser");
	await stage.page.click("text=Approve with passkey");
	await stage.page.waitForSelector("text=/Approved\\. [0-9a-f]{8} approved/");
	assert.equal(await signed(), 1);
	await stage.go("approvals");
	await stage.page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
	const last = scene.ledger.entries.length - 1;
	await stage.go(`ledger/${last}`);
	await stage.page.waitForSelector("text=/It is in the tree of 301 entries/");
	assert.match(await stage.page.innerText(".card:has-text('Entry 300')"), /approval/);
	assert.deepEqual(await stage.page.locator(".checks li").evaluateAll((all) => all.map((one) => one.className)), ["good", "good", "good", "good"]);
});

for (const [locale, words] of [
	["en", ["whose addresses stand behind these pseudonyms", "0123456789abcdef", "fedcba9876543210", "only the 2 pseudonyms above", "the addresses are shown once", "who is written to must be warned", "Approve with passkey"]],
	["ja", ["次の仮名が誰のアドレスかを明かすよう求めています", "0123456789abcdef", "fedcba9876543210", "上の仮名 2 件だけ", "アドレスは残りません", "who is written to must be warned", "パスキーで承認"]],
] as const) {
	way(`a re-identification says whom, why and at what cost, and is approved with a passkey (${locale})`, async (stage, scene) => {
		const signed = await passkeyGive(stage);
		const asked = scene.orders.find((one) => one.order.class === "reidentify");
		assert.ok(asked);
		await stage.go("ledger");
		await keysKeep(stage.page);
		Object.assign(asked.order, { state: "waiting", is_waiting: true, decide_by_ms: Date.now() + 600_000, expires_ms: Date.now() + 600_000 });
		Object.assign(asked, { silence: "nothing_is_done", may_decide: { approve: true, refuse: true, why: "" } });
		await stage.go("approvals");
		await stage.page.click(`tbody a:has-text("${locale === "en" ? "Re-identification" : "再識別"}")`);
		for (const said of words) await stage.page.waitForSelector(`main:has-text("${said}")`);
		assert.equal(await stage.page.locator("main:has-text('protected space is spared')").count(), 0);
		assert.deepEqual(await axe(stage), []);
		assert.deepEqual(await overflow(stage), []);
		await stage.page.click(`text=${words[6]}`);
		await stage.page.waitForSelector("p.done >> nth=0");
		await stage.page.waitForFunction(() => document.querySelector("textarea") === null);
		assert.equal(await signed(), 1);
		const entry = scene.ledger.entries.findIndex((one) => one.includes('"reidentify"'));
		await stage.go(`ledger/${entry}`);
		await stage.page.waitForSelector(`main:has-text("${locale === "en" ? "order of re-identification" : "再識別の命令"}")`);
	}, "busy", { locale });
}

way("refusing needs a reason", async (stage, scene) => {
	await passkeyGive(stage);
	await stage.go("approvals/WAITING");
	assert.ok(await stage.page.isDisabled("text=Refuse with passkey"));
	await stage.page.fill("textarea", "the prefix is wider than what is attacked");
	await stage.page.click("text=Refuse with passkey");
	await stage.page.waitForSelector("text=/Refused\\. /");
	const [document] = scene.orders.flatMap((order) => order.documents.filter((one) => one.kind === "approval"));
	assert.deepEqual([document?.document["document"], document?.document["reason"]], ["refusal", "the prefix is wider than what is attacked"]);
});

way("what does not say what the person said is not signed", async (stage, scene) => {
	const signed = await passkeyGive(stage);
	stage.tower.isForging = true;
	await stage.go("approvals/WAITING");
	await stage.page.fill("textarea", "no");
	await stage.page.click("text=Refuse with passkey");
	await stage.page.waitForSelector("text=Nothing was signed");
	assert.equal(await signed(), 0);
	const order = scene.orders.find((one) => one.order.is_waiting && !one.order.is_urgent);
	if (order) order.note = (order.note ?? "").replace("telecom", "another");
	await stage.page.reload();
	await stage.page.waitForSelector("text=could not be checked against the exact bytes");
	assert.ok(await stage.page.isDisabled("text=Approve with passkey"));
});

way("without a passkey nothing is signed", async (stage) => {
	const session = await stage.page.context().newCDPSession(stage.page);
	await session.send("WebAuthn.enable");
	await session.send("WebAuthn.addVirtualAuthenticator", { options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } });
	await stage.go("approvals/WAITING");
	await stage.page.click("text=Approve with passkey");
	await stage.page.waitForSelector("text=The passkey was not used. Nothing was signed.");
});

way("a changed entry, another history and another key are found in the browser", async (stage, scene) => {
	await stage.go("ledger");
	assert.ok(await stage.page.isDisabled("text=Check again"), "nothing is believed before a key is");
	await keysKeep(stage.page);
	await stage.page.click("text=Check every entry");
	await stage.page.waitForSelector("text=All 300 entries make the signed root.");
	scene.ledger.entries[2] = Buffer.from("rewritten\n");
	await stage.page.click("text=Check again");
	await stage.page.waitForSelector(".checks li.bad:has-text('Only appended')");
	const right = scene.ledger.checkpoint();
	scene.ledger.checkpoint = () => right.replace(/\n[A-Za-z0-9+/]{43}=\n/, `\n${Buffer.alloc(32).toString("base64")}\n`);
	await stage.page.click("text=Check again");
	await stage.page.waitForSelector(".checks li.bad:has-text('Signature of the log')");
	scene.keys = () => ({ ...new Scene("empty").keys() });
	await stage.go("now");
	await stage.go("ledger");
	await stage.page.waitForSelector("text=The server names another key than the one kept here.");
});

way("keys that came another way are taken, and broken ones refused", async (stage, scene) => {
	await stage.go("ledger");
	await stage.page.click("text=Enter keys myself");
	await stage.page.fill("textarea", "no key");
	await stage.page.click("text=Use these");
	await stage.page.waitForSelector("text=A key cannot be read.");
	await stage.page.fill("textarea", `${scene.ledger.log.text}\n${scene.ledger.witness.text}\n`);
	await stage.page.click("text=Use these");
	await stage.page.waitForSelector(".checks li.good:has-text('Witnesses')");
});

way("a gone server and stale data are shown plainly, and live data come back", async (stage, scene) => {
	await stage.page.clock.install();
	await stage.go("now");
	await stage.page.waitForSelector(".link.live");
	stage.tower.isSilent = true;
	await stage.page.clock.fastForward(16_000);
	await stage.page.clock.runFor(2000);
	await stage.page.waitForSelector(".banner.stale");
	const { port } = stage.tower;
	await stage.tower.stop();
	await stage.page.clock.runFor(8000);
	await stage.page.waitForSelector(".banner.gone");
	assert.match(await stage.page.innerText(".banner"), /The tower does not answer/);
	assert.ok(await stage.page.isVisible("text=192.0.2.10"), "what was known stays");
	assert.deepEqual(await axe(stage), []);
	const { MockTower } = await import("./server");
	const { BUILT } = await import("./chromium");
	stage.tower = await MockTower.start(BUILT, scene, port);
	await stage.page.clock.runFor(12_000);
	await stage.page.waitForSelector(".link.live");
	assert.equal(await stage.page.locator(".banner").count(), 0);
});

way("what the tower tells appears by itself", async (stage, scene) => {
	await stage.go("now");
	await stage.page.waitForSelector(".link.live");
	const first = scene.incidents[0];
	assert.ok(first);
	const told = { ...first, id: "99", target: "203.0.113.99", opened_ms: Date.now() };
	scene.incidents.unshift(told);
	stage.tower.tell("incident", told);
	await stage.page.waitForSelector("text=203.0.113.99");
	await stage.page.waitForSelector("text=4 attacks under way");
});

way("keys alone lead through the page, and read a chart", async ({ page, go }) => {
	await go("now");
	await page.keyboard.press("Tab");
	assert.equal(await page.evaluate(() => document.activeElement?.className), "skip");
	await page.keyboard.press("Enter");
	assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
	await page.waitForSelector(".plot canvas");
	await page.focus(".plot");
	const before = await page.innerText(".legend time");
	for (let press = 0; press < 5; press++) await page.keyboard.press("ArrowLeft");
	assert.notEqual(await page.innerText(".legend time"), before);
	assert.equal(await page.getAttribute(".legend", "aria-live"), "polite");
	await page.click(".chart summary");
	assert.ok((await page.locator(".chart tbody tr").count()) > 5, "the table beside the chart");
	await page.focus("nav a:nth-child(3)");
	await page.keyboard.press("Enter");
	await page.waitForSelector("h1:has-text('Approvals')");
	await page.waitForFunction(() => document.activeElement?.tagName === "H1");
});

way("addresses are shown for a stated purpose, and a report is handed over", async ({ page, go }) => {
	await go("incidents/7");
	assert.ok(await page.isDisabled("text=Look up"));
	await page.fill(".card:has-text('Source addresses') input", "to tell the upstream");
	await page.click("text=Look up");
	await page.waitForSelector("text=203.0.113.10");
	await page.click(".choice >> text=Generic");
	await page.click(".choice >> text=CSV");
	const [download] = await Promise.all([page.waitForEvent("download"), page.click("button:has-text('Download')")]);
	assert.equal(download.suggestedFilename(), "7-generic-en.csv");
});

way("more incidents come when they are asked for, and a sector can be looked at alone", async ({ page, go }) => {
	await go("incidents");
	assert.equal(await page.locator("tbody tr").count(), 4);
	await page.click("text=Show more");
	await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 6);
	await go("now");
	await page.click(".tile.attack >> nth=0");
	await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
});

way("mails are an incident without packets: what was seen, why, what was done", async ({ page, go }, scene) => {
	await go("now");
	await page.click("text=Open incidents of suspicious mails: 1.");
	await page.click("text=Show more");
	await page.click("tbody a:has-text('Suspicious mails: 2')");
	await page.waitForSelector("article.measure >> nth=1");
	const text = await page.innerText("main");
	for (const words of ["Suspicious mail", "impersonation", "held", "delivered, marked", "writes in the name of a known person from gmail.com", "files.archive-box.xyz", "L4 structure of HTML", "zip, shortcut", "fedcba9876543210", "a known person", "89abcdef01234567", "poses as a known identity"]) assert.ok(text.includes(words), words);
	for (const words of ["::/0", "0 bps", "Vectors"]) assert.ok(!text.includes(words), words);
	const mail = scene.incidents.find((incident) => incident.matter === "mail");
	assert.equal(mail?.id, "2");
});

way("health of an effector: what it stops, what it lost, what hindered it, and that it is silent", async ({ page, go }) => {
	await go("members");
	const row = page.locator("tr:has-text('edge-1'):has-text('port')");
	await row.waitFor();
	const text = await row.innerText();
	for (const words of ["hinomi-effect 0.1.0", "speaks", "stops 24.6 kpps", "kernel did not take it, or read back otherwise 2", "journal behind 31 s"]) assert.ok(text.includes(words), `${words} in ${text}`);
	assert.ok(!text.includes("bps"), "it sees no traffic, and is not said to see none");
	await page.click("text=日本語");
	await page.waitForSelector("text=ジャーナルの遅れ 31 秒");
	await page.waitForSelector("tr:has-text('mail'):has-text('沈黙')");
});

way("an operator registers a member and a contact; a wrong network is refused in words", async ({ page, go }, scene) => {
	await go("members");
	await page.click("button:has-text('Register')");
	await page.fill("label:has-text('Name for paths') input", "new-port");
	await page.fill("label:has-text('Title') input", "New Port");
	await page.fill("label:has-text('Networks') textarea", "not-a-network");
	await page.click("text=Save");
	await page.waitForSelector("text=Not done: networks: not a network");
	await page.fill("label:has-text('Networks') textarea", "198.51.100.192/26");
	await page.click("text=Save");
	await page.click("tbody a:has-text('New Port')");
	await page.click("text=Add a contact");
	await page.fill("label:has-text('Contact') input", "duty desk");
	await page.click("text=Save");
	await page.waitForSelector("td:has-text('duty desk'), th:has-text('duty desk')");
	assert.deepEqual(scene.members.at(-1)?.networks, ["198.51.100.192/26"]);
});

way("an exercise is started, watched, stopped, and its score shown", async (stage, scene) => {
	const { page, go, tower } = stage;
	await go("exercise");
	await page.waitForSelector("text=/2,861 of 2,880 requests served/");
	await page.waitForSelector("td:has-text('not judged'):has-text('nobody answered at the page')");
	await page.click("button[aria-label='Start Carpet bombing']");
	await page.waitForSelector(".running");
	assert.equal(await page.locator("button:has-text('Start'):not([disabled])").count(), 0, "one at a time");
	const [run] = scene.exercise.runs;
	assert.equal(run?.scenario, "carpet");
	Object.assign(run, { stage: "running", events: [{ at_ms: 3000, news: "first_packet", attack: "carpet", detail: "" }, { at_ms: 3200, news: "found", attack: "carpet", detail: "203.0.113.0/24 udp_flood 100%" }], seconds: [1, 2, 3].map((served) => ({ with: { asked: 48, served: 40 + served, late: 0, failed: 0 } })) });
	tower.exerciseTell();
	await page.waitForSelector(".timeline li:has-text('carpet first packet of the attack')");
	await page.waitForSelector(".chart .key:has-text('43')");
	assert.deepEqual(await axe(stage), []);
	await page.click("button:has-text('Stop')");
	await page.waitForSelector("text=/did not come to its end.*stopped before its end/");
	await page.waitForSelector("button:has-text('Start'):not([disabled])");
});

way("who wants to approve in an exercise joins it with a passkey", async (stage, scene) => {
	const { page, go, tower } = stage;
	Object.assign(scene.exercise, { may_start: false, is_own: true, begins_ms: Date.now() + 60_000 });
	await passkeyGive(stage);
	await go("exercise");
	assert.deepEqual(await axe(stage), []);
	await page.click("text=Make a passkey and take part");
	await page.waitForSelector("text=/sign in as guest with the passkey/");
	assert.equal(Buffer.from(tower.guest ?? "", "base64").length, 64);
});

way("an exercise that nobody plays, or whose player is silent, is said to be so", async ({ page, go, tower }, scene) => {
	Object.assign(scene.exercise, { player: "silent", may_start: false });
	await go("exercise");
	await page.waitForSelector(".banner.stale:has-text('does not answer')");
	Object.assign(scene.exercise, { player: "none", scenarios: [], runs: [] });
	tower.exerciseTell();
	await page.waitForSelector(".empty:has-text('Nobody plays exercises for this tower')");
});

way("a reader is offered nothing that a reader may not do", async ({ page, go }, scene) => {
	scene.session = scene.sessionMake(["reader"]);
	await go("incidents/7");
	assert.equal(await page.locator("text=Look up").count(), 0);
	assert.equal(await page.locator("button:has-text('Download')").count(), 0);
	await go("approvals/WAITING");
	await page.waitForSelector("text=Approvers alone can answer.");
	await go("members");
	assert.equal(await page.locator("button:has-text('Register')").count(), 0);
	await go("exercise");
	assert.equal(await page.locator("button:has-text('Start')").count(), 0);
});

way("language and theme are chosen and remembered", async ({ page, go }) => {
	await go("now");
	await page.click("text=日本語");
	await page.waitForSelector("text=攻撃が 3 件続いています");
	await page.click("text=自動");
	await page.click("text=ライト");
	assert.equal(await page.getAttribute("html", "data-theme"), "dark");
	await page.reload();
	await page.waitForSelector("text=攻撃が 3 件続いています");
	assert.equal(await page.getAttribute("html", "data-theme"), "dark");
});
