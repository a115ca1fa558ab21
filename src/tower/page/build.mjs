/*
 * node build.mjs DIRECTORY [DEPFILE]: bundles the page into DIRECTORY, each file with its gzip beside it; tells ninja in DEPFILE of what. Names below assets/ carry a hash of what
 * is in them, so that browsers may keep those files for ever.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { writeTypes } from "./types.mjs";
import { world } from "./world.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const MADE_OF = ["source/index.html", "source/icon.svg", "build.mjs", "types.mjs", "world.mjs", "package-lock.json", "../../../schema/api.json"];

/** The module "world" is made, not written. */
export const worldModule = {
	name: "world",
	setup(bundler) {
		bundler.onResolve({ filter: /^world$/ }, () => ({ path: "world", namespace: "made" }));
		bundler.onLoad({ filter: /.*/, namespace: "made" }, () => ({ contents: world(), loader: "js" }));
	},
};

/**
 * All that comes first is one file: each view that comes later imports the whole of it, so that the bundler sees no part which only some of them
 * share.
 */
const firstLoad = {
	name: "first load",
	setup(bundler) {
		const source = join(here, "source");
		const texts = readdirSync(source).filter((name) => name.endsWith(".tsx")).map((name) => readFileSync(join(source, name), "utf8"));
		const later = new Set(texts.flatMap((text) => [...text.matchAll(/import\("\.\/(\w+)"\)/g)].map(([, name]) => `${name}.tsx`)));
		bundler.onLoad({ filter: /source.\w+\.tsx$/ }, ({ path }) =>
			later.has(basename(path)) ? { contents: `import "./app";\n${readFileSync(path, "utf8")}`, loader: "tsx" } : undefined);
	},
};

async function bundle(directory) {
	const made = await build({
		absWorkingDir: here,
		entryPoints: ["source/app.tsx", "source/style.css"],
		outdir: join(directory, "assets"),
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
		plugins: [worldModule, firstLoad],
	});
	const inputs = Object.keys(made.metafile.inputs).filter((path) => !path.startsWith("made:"));
	const outputs = Object.entries(made.metafile.outputs).map(([path, output]) => ({
		name: `assets/${basename(path)}`,
		entry: output.entryPoint,
		needs: output.imports.filter((one) => one.kind === "import-statement").map((one) => `assets/${basename(one.path)}`),
	}));
	return { inputs, outputs };
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
	const { inputs, outputs } = await bundle(directory);
	const of = (entry) => outputs.find((output) => output.entry === entry);
	const [first, ...more] = of("source/app.tsx").needs;
	if (first === undefined || more.length > 0) throw new Error("the first load is more than one script");
	const html = readFileSync(join(here, "source/index.html"), "utf8").replace("STYLE", of("source/style.css").name).replace("SCRIPT", first);
	writeFileSync(join(directory, "index.html"), html);
	writeFileSync(join(directory, "icon.svg"), readFileSync(join(here, "source/icon.svg")));
	writeFileSync(join(directory, "licences.txt"), licences());
	for (const folder of [directory, join(directory, "assets")]) {
		for (const file of readdirSync(folder, { withFileTypes: true })) {
			const path = join(folder, file.name);
			if (file.isFile()) writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
		}
	}
	utimesSync(directory, new Date(), new Date());
	return [...inputs, ...MADE_OF].map((path) => join(here, path));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const [, , directory, depfile] = process.argv;
	if (directory === undefined) {
		console.error("usage: node build.mjs DIRECTORY [DEPFILE]");
		process.exit(2);
	}
	const needed = await buildPage(resolve(directory));
	if (depfile !== undefined) writeFileSync(depfile, `${basename(directory)}: ${needed.map((path) => path.replaceAll(" ", "\\ ")).join(" ")}\n`);
}
