/* Debian's Chromium, driven by playwright-core, with what the tests and the pictures share: a tower, a page, a passkey. */
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, type Page, chromium } from "playwright-core";
import { MockTower } from "./server";
import { Scene } from "./scene";

export const CHROMIUM = process.env["HINOMI_CHROMIUM"] ?? "/usr/bin/chromium";
export const hasChromium = existsSync(CHROMIUM);
export const BUILT = process.env["HINOMI_PAGE_BUILT"] ?? "";

export const PLACES = ["now", "incidents", "incidents/7", "incidents/2", "approvals", "approvals/WAITING", "ledger", "ledger/3", "members", "members/bank", "exercise",
	"oversight/audit", "oversight/lookups", "oversight/accounts", "oversight/figures", "oversight/deletions"] as const;

/** Where root runs it, Debian's browser asks to be without its sandbox. */
export const ROOT_FLAGS = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
export const browserStart = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: ROOT_FLAGS });

export interface Stage {
	tower: MockTower;
	page: Page;
	complaints: string[]; /* of the browser: errors, refused by the policy of content */
	go: (place: string) => Promise<void>;
}

export async function stageMake(browser: Browser, scene: Scene, options: BrowserContextOptions = {}): Promise<Stage> {
	const tower = await MockTower.start(BUILT, scene);
	const context = await browser.newContext({ locale: "en", viewport: { width: 1360, height: 900 }, ...options });
	const page = await context.newPage();
	page.setDefaultTimeout(20_000);
	const complaints: string[] = [];
	page.on("pageerror", (error) => complaints.push(error.message));
	page.on("console", (message) => {
		if (message.type() === "error" && !/Failed to load resource|ERR_CONNECTION|ERR_EMPTY/.test(message.text())) complaints.push(message.text());
	});
	const waiting = scene.orders.find((order) => order.order.is_waiting && !order.order.is_urgent)?.order.digest ?? "";
	const go = async (place: string): Promise<void> => {
		await page.goto(`${tower.url}#/${place.replace("WAITING", waiting)}`);
		await page.waitForSelector("main h1");
		await page.waitForFunction(() => ![...document.querySelectorAll("main .empty")].some((one) => /Loading|読み込み中/.test(one.textContent ?? "")));
	};
	return { tower, page, complaints, go };
}

export async function stageEnd(stage: Stage): Promise<void> {
	await stage.page.context().close();
	await stage.tower.stop();
}

/** A passkey in Chromium's virtual authenticator, which the tower knows. Returns how often it has signed. */
export async function passkeyGive({ page, tower }: Stage): Promise<() => Promise<number>> {
	const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const point = createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(-64);
	const session = await page.context().newCDPSession(page);
	await session.send("WebAuthn.enable");
	const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
		options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
	});
	await session.send("WebAuthn.addCredential", {
		authenticatorId,
		credential: { credentialId: Buffer.from("hana").toString("base64"), isResidentCredential: true, rpId: "localhost", privateKey: privateKey.export({ format: "der", type: "pkcs8" }).toString("base64"), userHandle: Buffer.from("hana").toString("base64"), signCount: 0 },
	});
	tower.passkey = { point, origin: tower.url.slice(0, -1) };
	return async () => (await session.send("WebAuthn.getCredentials", { authenticatorId })).credentials[0]?.signCount ?? 0;
}

/** Takes the server's ledger keys as right: a person has compared them. */
export async function keysKeep(page: Page): Promise<void> {
	await page.locator("section.card .primary").first().click();
	await page.waitForSelector(".checks li");
}
