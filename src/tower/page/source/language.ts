/* Which language the page speaks, and how it says a text of the table (texts.ts). */
import { type TextKey, texts } from "./texts";
import { Value, remembered, useValue } from "./value";

export type Language = "ja" | "en";
const choice = remembered("language");
const asked = choice.get() ?? navigator.language.slice(0, 2);
export const language = new Value<Language>(asked === "ja" ? "ja" : "en");

export function languageSet(next: Language): void {
	choice.set(next);
	language.now = next;
}

export type Say = (key: TextKey, parts?: Record<string, string | number>) => string;

/** A text with its parts in their places. */
export const fill = (text: string, parts: Record<string, string | number>): string => text.replace(/\{(\w+)\}/g, (_, name: string) => String(parts[name] ?? ""));

export const say: Say = (key, parts = {}) => fill(texts[key][language.now === "ja" ? 0 : 1], parts);

/** Draws the view again when the language changes. */
export function useLanguage(): Language {
	return useValue(language);
}
