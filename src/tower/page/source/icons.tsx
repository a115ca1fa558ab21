/* Small pictures beside words; never without the word. */
import type { JSX } from "preact";

const PATHS = {
	now: "M12 3l7 4v3H5V7zM7 10v8M12 10v8M17 10v8M4 21h16M7 14h10",
	incident: "M3 12h4l3-8 4 16 3-8h4",
	approvals: "M5 4h14v16H5zM8 12l3 3 5-6",
	ledger: "M12 4v5M12 9l-6 5M12 9l6 5M6 14v2M18 14v2M10 2h4v3h-4zM4 16h4v4H4zM16 16h4v4h-4z",
	members: "M9 11a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM2.5 20c.5-4 3-6 6.500-6s6 2 6.500 6M16 4.500a3.500 3.500 0 010 6.500M18 14.500c2 .8 3.200 2.700 3.500 5.500",
	exercise: "M12 21a9 9 0 100-18 9 9 0 000 18zM10 8.500l6 3.500-6 3.500z",
	oversight: "M2.500 12c2.500-4.500 6-7 9.500-7s7 2.500 9.500 7c-2.500 4.500-6 7-9.500 7s-7-2.500-9.500-7zM12 15a3 3 0 100-6 3 3 0 000 6z",
	alarm: "M12 4L2.500 20h19zM12 10v5M12 17.500v.5",
	check: "M4 12.500l5 5L20 6.500",
	cross: "M6 6l12 12M18 6L6 18",
	silent: "M4 9h4l5-4v14l-5-4H4zM17 9l5 6M22 9l-5 6",
	clock: "M12 21a9 9 0 100-18 9 9 0 000 18zM12 7v5l3.500 2",
	down: "M12 4v11M7 11l5 5 5-5M5 20h14",
	key: "M14.500 13.500a5 5 0 10-4-4L3 17v4h4v-3h3v-3z",
} as const;

export type IconName = keyof typeof PATHS;

export const Icon = ({ name }: { name: IconName }): JSX.Element => (
	<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
		<path d={PATHS[name]} />
	</svg>
);
