/*
 * node check.mjs WHAT [ARGUMENT...]: `types` has the compiler look at everything; `unit` does that and runs the tests that need no browser, `browser` those
 * in Chromium, on a page that is built for them; `pictures DIRECTORY` takes them; `real` is for real_test.py, `guest` for tests/exercise_page, `load` for bench/page. Tests end with node's own
 * summary.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { buildPage, worldModule } from "./build.mjs";
import { writeTypes } from "./types.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
/* What a browser has, and Node 18 has not. */
const ENVIRONMENT = `import { webcrypto as $crypto } from "node:crypto"; import { createRequire as $require } from "node:module";
globalThis.crypto ??= $crypto; if (!globalThis.navigator) Object.defineProperty(globalThis, "navigator", { value: { language: "en" } });
globalThis.setInterval = ((every) => (...all) => every(...all).unref())(globalThis.setInterval); const require = $require(import.meta.url);`;

function run(command, args, env = {}) {
	const done = spawnSync(command, args, { cwd: here, stdio: "inherit", env: { ...process.env, HINOMI_PAGE: here, ...env } });
	if (done.error) throw done.error;
	return done.status ?? 1;
}

async function bundled(files, directory) {
	await build({
		absWorkingDir: here, entryPoints: files.map((file) => join("tests", file)), outdir: directory, outExtension: { ".js": ".mjs" }, bundle: true, platform: "node", format: "esm", target: "node18",
		jsx: "automatic", jsxImportSource: "preact", banner: { js: ENVIRONMENT }, external: ["playwright-core", "axe-core"], nodePaths: [join(here, "node_modules")], logLevel: "warning", plugins: [worldModule],
	});
	return files.map((file) => join(directory, basename(file).replace(/\.ts$/, ".mjs")));
}

const tests = (isOfBrowser) => readdirSync(join(here, "tests")).filter((name) => name.endsWith(".test.ts") && name.startsWith("browser") === isOfBrowser);

/** Has it all in a directory of its own beside the modules, so that what is not bundled is found. */
async function within(act) {
	const directory = mkdtempSync(join(here, "node_modules", ".check-"));
	try {
		return await act(directory);
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
}

const ACTS = {
	types: async () => run(process.execPath, [join(here, "node_modules/typescript/bin/tsc"), "-p", here]),
	unit: async () => (await ACTS.types()) || within(async (directory) => run(process.execPath, ["--test", "--test-reporter=tap", ...(await bundled(tests(false), directory))])),
	browser: () => within(async (directory) => {
		await buildPage(join(directory, "page"));
		return run(process.execPath, ["--test", "--test-reporter=tap", ...(await bundled(tests(true), directory))], { HINOMI_PAGE_BUILT: join(directory, "page") });
	}),
	pictures: (target) => within(async (directory) => {
		await buildPage(join(directory, "page"));
		const [program] = await bundled(["pictures.ts"], directory);
		return run(process.execPath, [program, target ?? join(tmpdir(), "hinomi-page")], { HINOMI_PAGE_BUILT: join(directory, "page") });
	}),
	real: (...rest) => within(async (directory) => run(process.execPath, [...(await bundled(["real.ts"], directory)), ...rest])),
	guest: (...rest) => within(async (directory) => run(process.execPath, [...(await bundled(["guest.ts"], directory)), ...rest])),
	load: () => within(async (directory) => {
		await buildPage(join(directory, "page"));
		const [program] = await bundled(["load.ts"], directory);
		return run(process.execPath, [program], { HINOMI_PAGE_BUILT: join(directory, "page") });
	}),
};

const [, , what, ...rest] = process.argv;
const act = ACTS[what];
if (act === undefined) {
	console.error(`usage: node check.mjs ${Object.keys(ACTS).join("|")}`);
	process.exit(2);
}
writeTypes();
process.exit(await act(...rest));
