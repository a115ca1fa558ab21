/* What views are made of: cards, figures, marks, tables, bars, and the words for what is missing. */
import type { ComponentChildren, JSX } from "preact";
import { useId, useState } from "preact/hooks";
import type { Refusal } from "./api";
import { ago, dateTime, percent, span, when } from "./format";
import { Icon, type IconName } from "./icons";
import { say } from "./language";
import { type Resource, towerNow } from "./live";
import { useClock } from "./value";

export type Tone = "attack" | "warn" | "good" | "plain" | "accent";

export function Card(props: { title: string; aside?: ComponentChildren; children: ComponentChildren; class?: string }): JSX.Element {
	const id = useId();
	return (
		<section class={`card ${props.class ?? ""}`} aria-labelledby={id}>
			<header>
				<h2 id={id}>{props.title}</h2>
				{props.aside !== undefined && <div class="aside">{props.aside}</div>}
			</header>
			{props.children}
		</section>
	);
}

export const Mark = (props: { tone: Tone; icon?: IconName; children: ComponentChildren }): JSX.Element => (
	<span class={`mark ${props.tone}`}>
		{props.icon && <Icon name={props.icon} />}
		{props.children}
	</span>
);

export const Figure = (props: { label: string; value: string; note?: string; tone?: string }): JSX.Element => (
	<div class={`figure ${props.tone ?? ""}`}>
		<dt>{props.label}</dt>
		<dd>
			<strong>{props.value}</strong>
			{props.note !== undefined && <span>{props.note}</span>}
		</dd>
	</div>
);

export const Empty = (props: { children: ComponentChildren }): JSX.Element => <p class="empty">{props.children}</p>;

/** What stands where a resource is not there: it is on its way, may not be read, or could not be had. */
export function Missing({ of }: { of: Resource<unknown> }): JSX.Element {
	return of.refusal ? <Problem refusal={of.refusal} again={of.again} /> : <p class="empty" role="status">{say("loading")}</p>;
}

export function refusalWords(refusal: Refusal): string {
	if (refusal.isGone) return say("problem_gone");
	if (refusal.status === 403) return say("problem_role");
	if (refusal.status === 404) return say("problem_none");
	if (refusal.status === 429) return say("problem_often");
	if (refusal.status === 503) return say("problem_silent");
	return say("problem_said", { words: refusal.message });
}

export const Problem = (props: { refusal: Refusal; again?: () => void }): JSX.Element => (
	<p class="problem" role="alert">
		<Icon name="alarm" />
		<span>{refusalWords(props.refusal)}</span>
		{props.again && <button type="button" onClick={props.again}>{say("again")}</button>}
	</p>
);

export interface Column<Row> {
	head: string;
	cell: (row: Row) => ComponentChildren;
	isNumber?: boolean;
	isHead?: boolean; /* the cell that names its row */
}

/** A table that becomes a list of labelled rows where it is narrow; a compact one stays a table. */
export function Table<Row>(props: { caption: string; columns: Column<Row>[]; rows: Row[]; empty: string; isCaptionShown?: boolean; isCompact?: boolean }): JSX.Element {
	if (props.rows.length === 0) return <Empty>{props.empty}</Empty>;
	return (
		<table class={props.isCompact ? "compact" : ""}>
			<caption class={props.isCaptionShown ? "" : "unseen"}>{props.caption}</caption>
			<thead>
				<tr>{props.columns.map((column) => <th scope="col" class={column.isNumber ? "number" : ""}>{column.head}</th>)}</tr>
			</thead>
			<tbody>
				{props.rows.map((row) => (
					<tr>
						{props.columns.map((column) => {
							const look = column.isNumber ? "number" : "";
							return column.isHead ? <th scope="row" class={look} data-head={column.head}>{column.cell(row)}</th>
								: <td class={look} data-head={column.head}>{column.cell(row)}</td>;
						})}
					</tr>
				))}
			</tbody>
		</table>
	);
}

/** A share as a bar with its number. */
export const Bar = (props: { permille: number; tone: string; label?: string }): JSX.Element => (
	<span class="share">
		<svg class={`bar ${props.tone}`} viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">
			<rect class="whole" width="1000" height="8" />
			<rect class="part" width={Math.max(props.permille > 0 ? 8 : 0, props.permille)} height="8" />
		</svg>
		<span class="number">{props.label ?? percent(props.permille)}</span>
	</span>
);

/** A time, as a distance that moves on; the date is its title. */
export function Ago({ at_ms }: { at_ms: number }): JSX.Element {
	useClock();
	return <time dateTime={new Date(at_ms).toISOString()} title={dateTime(at_ms)}>{ago(at_ms, towerNow())}</time>;
}

export function At({ at_ms }: { at_ms: number }): JSX.Element {
	return <time dateTime={new Date(at_ms).toISOString()} title={dateTime(at_ms)}>{when(at_ms, towerNow())}</time>;
}

/** How long until a time; it warns when that is near. */
export function Countdown(props: { at_ms: number; over: string }): JSX.Element {
	useClock();
	const left_ms = props.at_ms - towerNow();
	const tone = left_ms <= 0 ? "plain" : left_ms < 120_000 ? "attack" : left_ms < 600_000 ? "warn" : "plain";
	return (
		<span class={`countdown ${tone}`}>
			<Icon name="clock" />
			<time dateTime={new Date(props.at_ms).toISOString()} title={dateTime(props.at_ms)}>{left_ms > 0 ? span(left_ms) : props.over}</time>
		</span>
	);
}

/** A choice of one among few. */
export function Choice<Name extends string>(props: {
	label: string;
	names: readonly Name[];
	words: (name: Name) => string;
	chosen: Name;
	choose: (name: Name) => void;
}): JSX.Element {
	return (
		<div class="choice" role="group" aria-label={props.label}>
			{props.names.map((name) => (
				<button type="button" aria-pressed={name === props.chosen} onClick={() => props.choose(name)}>{props.words(name)}</button>
			))}
		</div>
	);
}

/** A button for what takes a while; it shows what went wrong. */
export function Doing(props: { label: string; about?: string; act: () => Promise<void>; class?: string; isOff?: boolean; icon?: IconName }): JSX.Element {
	const [state, setState] = useState<"idle" | "busy">("idle");
	const [problem, setProblem] = useState<Refusal | null>(null);
	const press = (): void => {
		setState("busy");
		setProblem(null);
		props.act().catch((error: Refusal) => setProblem(error)).finally(() => setState("idle"));
	};
	return (
		<>
			<button type="button" class={props.class ?? ""} {...(props.about !== undefined ? { "aria-label": props.about } : {})} disabled={state === "busy" || props.isOff === true} onClick={press}>
				{props.icon && <Icon name={props.icon} />}
				{state === "busy" ? say("busy") : props.label}
			</button>
			{problem && <Problem refusal={problem} />}
		</>
	);
}

/** Names and what they stand for. */
export const Facts = (props: { rows: [string, ComponentChildren][] }): JSX.Element => (
	<dl class="facts">
		{props.rows.map(([name, value]) => (
			<div>
				<dt>{name}</dt>
				<dd>{value}</dd>
			</div>
		))}
	</dl>
);
