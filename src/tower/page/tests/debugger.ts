/*
 * Chromium driven by the debugger's protocol alone, over a pipe: nothing is put into the page, and of its events only what was asked for is
 * told. For measurements, where what a driver adds would be measured too.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { CHROMIUM, ROOT_FLAGS } from "./chromium";

interface Message {
	id?: number;
	result?: Record<string, unknown>;
	error?: { message: string };
}

const FLAGS = ["--headless", "--remote-debugging-pipe", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
	"--disable-gpu", "--disable-quic", "--window-size=1360,900", "--lang=en"];
const END_MS = 5000;

export class Debugger {
	readonly #process: ChildProcess;
	readonly #profile: string;
	readonly #waiting = new Map<number, { resolve: (result: Record<string, unknown>) => void; reject: (error: Error) => void }>();
	#last = 0;
	#rest = Buffer.alloc(0);

	constructor() {
		this.#profile = mkdtempSync(join(tmpdir(), "hinomi-browser-"));
		const flags = [...FLAGS, ...ROOT_FLAGS, `--user-data-dir=${this.#profile}`];
		this.#process = spawn(CHROMIUM, [...flags, "about:blank"], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
		(this.#process.stdio[4] as Readable).on("data", (bytes: Buffer) => this.#read(bytes));
		this.#process.on("exit", () => {
			for (const { reject } of this.#waiting.values()) reject(new Error("Chromium ended"));
			this.#waiting.clear();
		});
	}

	#read(bytes: Buffer): void {
		this.#rest = Buffer.concat([this.#rest, bytes]);
		for (let end = this.#rest.indexOf(0); end >= 0; end = this.#rest.indexOf(0)) {
			const { id, result, error } = JSON.parse(this.#rest.subarray(0, end).toString()) as Message;
			this.#rest = this.#rest.subarray(end + 1);
			const waiting = id === undefined ? undefined : this.#waiting.get(id);
			if (id === undefined || waiting === undefined) continue;
			this.#waiting.delete(id);
			if (error) waiting.reject(new Error(error.message));
			else waiting.resolve(result ?? {});
		}
	}

	send<Result = Record<string, unknown>>(method: string, params: object = {}, sessionId?: string): Promise<Result> {
		return new Promise((resolve, reject) => {
			const id = ++this.#last;
			this.#waiting.set(id, { resolve: (result) => resolve(result as Result), reject });
			(this.#process.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`);
		});
	}

	async end(): Promise<void> {
		const ended = new Promise((resolve) => this.#process.on("exit", resolve));
		const timer = setTimeout(() => this.#process.kill("SIGKILL"), END_MS);
		await Promise.all([ended, this.send("Browser.close").catch(() => null)]);
		clearTimeout(timer);
		rmSync(this.#profile, { recursive: true, force: true });
	}
}
