/*
 * node build.mjs DIRECTORY: bundles the page into DIRECTORY, each file with its gzip beside it. Names carry a hash of what is in them,
 * so that all but index.html may be kept for ever.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { writeTypes } from "./types.mjs";
import { world } from "./world.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));

/** The module "world" is made, not written. */
export const worldModule = {
	name: "world",
	setup(bundler) {
		bundler.onResolve({ filter: /^world$/ }, () => ({ path: "world", namespace: "made" }));
		bundler.onLoad({ filter: /.*/, namespace: "made" }, () => ({ contents: world(), loader: "js" }));
	},
};

async function bundle(directory) {
	const made = await build({
		absWorkingDir: here,
		entryPoints: ["source/app.tsx", "source/style.css"],
		outdir: directory,
		entryNames: "[name]-[hash]",
		chunkNames: "[name]-[hash]",
		bundle: true,
		splitting: true,
		format: "esm",
		target: "es2022",
		jsx: "automatic",
		jsxImportSource: "preact",
		minify: true,
		legalComments: "none",
		metafile: true,
		logLevel: "warning",
		plugins: [worldModule],
	});
	return Object.entries(made.metafile.outputs).map(([path, output]) => ({ name: path.split("/").pop(), entry: output.entryPoint }));
}

/** The licences of what is bundled ask to be told. */
function licences() {
	const texts = ["preact", "uplot", "world-atlas"].map((name) => `${name}\n\n${readFileSync(join(here, "node_modules", name, "LICENSE"), "utf8")}`);
	return texts.join("\n\n");
}

export async function buildPage(directory) {
	writeTypes();
	rmSync(directory, { recursive: true, force: true });
	mkdirSync(directory, { recursive: true });
	const outputs = await bundle(directory);
	const nameOf = (entry) => outputs.find((output) => output.entry === entry).name;
	const html = readFileSync(join(here, "source/index.html"), "utf8").replace("STYLE", nameOf("source/style.css")).replace("SCRIPT", nameOf("source/app.tsx"));
	writeFileSync(join(directory, "index.html"), html);
	writeFileSync(join(directory, "icon.svg"), readFileSync(join(here, "source/icon.svg")));
	writeFileSync(join(directory, "licences.txt"), licences());
	for (const name of readdirSync(directory)) writeFileSync(join(directory, `${name}.gz`), gzipSync(readFileSync(join(directory, name)), { level: 9 }));
	utimesSync(directory, new Date(), new Date());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const [, , directory] = process.argv;
	if (directory === undefined) {
		console.error("usage: node build.mjs DIRECTORY");
		process.exit(2);
	}
	await buildPage(directory);
}
