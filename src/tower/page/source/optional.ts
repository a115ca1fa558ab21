/* What a tower may have beside schema/api.json: exercises (GET and POST /api/v1/exercise). One that has none answers 404, and the view says so. */

export interface Scenario {
	name: string;
	ja: string;
	en: string;
	duration_s: number;
}

export interface Run {
	scenario: string;
	state: "waiting" | "running" | "done" | "failed";
	started_ms: number;
	ended_ms: number | null;
	score: Record<string, unknown> | null; /* as hinomi exercise --json writes it; null: not yet */
}

export interface Exercise {
	items: Scenario[];
	runs: Run[]; /* latest first */
}
