/* Light, dark, or as the system has it; style.css has both. */
import { Value, remembered } from "./value";

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];
const choice = remembered("theme");
const kept = choice.get();
export const theme = new Value<Theme>(kept === "light" || kept === "dark" ? kept : "auto");

function show(): void {
	document.documentElement.dataset.theme = theme.now;
}

export function themeSet(next: Theme): void {
	choice.set(next);
	theme.now = next;
	show();
}

show();
