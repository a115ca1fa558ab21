/* The table of texts is complete in both languages, and holds nothing that the page does not say. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { language, say } from "../source/language";
import { exerciseTexts, newsTexts, scenarioTexts } from "../source/exercise_texts";
import { lossTexts } from "../source/loss_texts";
import { texts } from "../source/texts";

const rows = Object.entries(texts);
const later: [string, readonly [string, string]][] = [exerciseTexts, newsTexts, scenarioTexts, lossTexts as Record<string, readonly [string, string]>].flatMap((table) => Object.entries(table)); /* of a view that is loaded by itself */
const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? "").sort();
const STAGES = { waiting: 0, running: 0, done: 0, failed: 0 }; /* said by their names */
const SAME = new Set(["network_as", "rule_and"]); /* no words, or the same */

test("each text is there in Japanese and in English", () => {
	for (const [key, [japanese, english]] of [...rows, ...later]) {
		assert.ok(japanese.trim() !== "" && english.trim() !== "", key);
		assert.doesNotMatch(english, /[\u3040-\u30ff\u4e00-\u9fff]/, `${key}: Japanese in the English text`);
		if (!SAME.has(key)) assert.match(japanese, /[\u3040-\u30ff\u4e00-\u9fff]/, `${key}: no Japanese in the Japanese text`);
	}
});

test("both languages have the same parts to fill in", () => {
	for (const [key, [japanese, english]] of [...rows, ...later]) assert.deepEqual(places(japanese), places(english), key);
});

test("each text is said somewhere", () => {
	const folder = process.env["HINOMI_PAGE"] ?? ".";
	const source = readdirSync(join(folder, "source")).filter((name) => /\.tsx?$/.test(name) && name !== "texts.ts" && name !== "exercise_texts.ts" && name !== "loss_texts.ts").map((name) => readFileSync(join(folder, "source", name), "utf8")).join("\n");
	const stems = [...source.matchAll(/say\(`([a-z_]+_)\$\{/g)].map((found) => found[1] ?? "");
	for (const key of Object.keys(exerciseTexts)) assert.ok(source.includes(`tell("${key}"`) || source.includes(`"${key}"`) || key.startsWith("decision_") || key in STAGES, `${key} is never said`);
	for (const [key] of rows) assert.ok(source.includes(`"${key}"`) || stems.some((stem) => key.startsWith(stem)), `${key} is never said`);
});

test("parts are filled in, in the chosen language", () => {
	language.now = "en";
	assert.equal(say("attacks", { n: 3 }), "3 attacks under way");
	language.now = "ja";
	assert.equal(say("attacks", { n: 3 }), "攻撃が 3 件続いています");
});
