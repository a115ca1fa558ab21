/*
 * Curves over time, drawn by uPlot, which is loaded when the first chart is shown. uPlot draws on a canvas and says nothing to a
 * screen reader, so each chart has a sentence, a line that reads the values under the pointer or the arrow keys, and a table.
 */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { clockTime } from "./format";
import { whenIdle } from "./idle";
import { say, useLanguage } from "./language";
import { Table } from "./parts";
import { theme } from "./theme";
import { useValue } from "./value";

export interface Curve {
	label: string;
	colour: string; /* name of a colour of style.css */
	values: number[];
	isLine?: boolean; /* not stacked: drawn over the areas */
}

const TABLE_ROWS = 30;

/** The colours as they are in this theme: a canvas knows no variables. */
function colour(name: string, alpha = 1): string {
	const probe = document.createElement("i");
	probe.style.color = `var(--${name})`;
	document.body.append(probe);
	const resolved = getComputedStyle(probe).color;
	probe.remove();
	const [red, green, blue] = resolved.match(/[\d.]+/g) ?? ["0", "0", "0"];
	return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
}

/** Areas lie on one another: each curve gets those before it added. */
function stacked(times: number[], curves: Curve[]): uPlot.AlignedData {
	const sum = times.map(() => 0);
	const rows = curves.map((curve) => {
		if (curve.isLine) return curve.values;
		curve.values.forEach((value, at) => (sum[at] = (sum[at] ?? 0) + value));
		return [...sum];
	});
	return [times, ...rows] as uPlot.AlignedData;
}

function options(curves: Curve[], write: (value: number) => string, width: number, height: number): uPlot.Options {
	const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
	const series = curves.map((curve) => ({
		label: curve.label,
		stroke: colour(curve.colour),
		width: curve.isLine ? 1.5 : 1,
		...(curve.isLine ? { dash: [4, 3] } : { fill: colour(curve.colour, 0.3) }),
		points: { show: false },
	}));
	return {
		width,
		height,
		legend: { show: false },
		padding: [8, 28, 0, 0],
		cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
		scales: { x: { time: true }, y: { range: (_, __, high) => [0, Math.max(high, 1) * 1.1] } },
		axes: [
			{ ...axis, values: (_, splits) => splits.map((at) => clockTime(at * 1000)), size: 26, space: 88, gap: 6 },
			{ ...axis, values: (_, splits) => splits.map(write), size: 74, space: 32, gap: 6 },
		],
		/* Each area is filled down to the one before it. */
		series: [{}, ...series],
		bands: curves.flatMap((curve, at) => (curve.isLine || at === 0 ? [] : [{ series: [at + 1, at] as [number, number] }])),
	};
}

export function TimeChart(props: { title: string; summary: string; times: number[]; curves: Curve[]; write: (value: number) => string }): JSX.Element {
	useLanguage();
	const shade = useValue(theme);
	const place = useRef<HTMLDivElement>(null);
	const plot = useRef<uPlot | null>(null);
	const latest = useRef(props);
	latest.current = props;
	const [at, setAt] = useState<number | null>(null);
	const [isByKeys, setByKeys] = useState(false);
	const [isOpen, setOpen] = useState(false);
	const labels = props.curves.map((curve) => curve.label).join();

	useEffect(() => {
		let isOver = false;
		const observer = new ResizeObserver(([entry]) => entry && plot.current?.setSize({ width: Math.floor(entry.contentRect.width), height: height() }));
		const height = (): number => (window.innerWidth < 600 ? 180 : 240);
		const draw = async (): Promise<void> => {
			const { default: UPlot } = await import("uplot");
			if (isOver || !place.current) return;
			const { times, curves, write } = latest.current;
			const made = options(curves, write, place.current.clientWidth, height());
			made.hooks = { setCursor: [(self) => setAt(self.cursor.idx ?? null)] };
			plot.current = new UPlot(made, stacked(times, curves), place.current);
			observer.observe(place.current);
		};
		whenIdle(() => void draw());
		return () => {
			isOver = true;
			observer.disconnect();
			plot.current?.destroy();
			plot.current = null;
		};
	}, [shade, labels]);

	useEffect(() => plot.current?.setData(stacked(props.times, props.curves)), [props.times, props.curves]);

	const move = (event: KeyboardEvent): void => {
		const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
		if (step === undefined || props.times.length === 0) return;
		event.preventDefault();
		const next = Math.min(props.times.length - 1, Math.max(0, (at ?? props.times.length) + step));
		const left = plot.current?.valToPos(props.times[next] ?? 0, "x");
		if (left !== undefined) plot.current?.setCursor({ left, top: 0 });
		setAt(next);
		setByKeys(true);
	};

	const shown = at !== null && at < props.times.length ? at : props.times.length - 1;
	const every = Math.max(1, Math.ceil(props.times.length / TABLE_ROWS));
	const rows = !isOpen ? [] : props.times.map((_, row) => row).filter((row) => (props.times.length - 1 - row) % every === 0).reverse();
	return (
		<div class="chart">
			<div class="legend" aria-live={isByKeys ? "polite" : "off"} aria-atomic="true">
				{shown >= 0 && <time>{clockTime((props.times[shown] ?? 0) * 1000)}</time>}
				{props.curves.map((curve) => (
					<span class={`key ${curve.colour}${curve.isLine ? " line" : ""}`}>
						{curve.label} <b class="number">{shown >= 0 ? props.write(curve.values[shown] ?? 0) : "–"}</b>
					</span>
				))}
			</div>
			<div class="plot" ref={place} role="img" tabIndex={0} aria-label={`${props.title}. ${props.summary} ${say("chart_keys")}`} onKeyDown={move} onBlur={() => setByKeys(false)} />
			<details onToggle={(event) => setOpen(event.currentTarget.open)}>
				<summary>{say("as_table")}</summary>
				{isOpen && <div class="scroll" tabIndex={0} role="region" aria-label={props.title}>
					<Table
						caption={props.title}
						rows={rows}
						empty={say("nothing_yet")}
						columns={[
							{ head: say("time"), cell: (row) => clockTime((props.times[row] ?? 0) * 1000), isHead: true },
							...props.curves.map((curve) => ({ head: curve.label, cell: (row: number) => props.write(curve.values[row] ?? 0), isNumber: true })),
						]}
					/>
				</div>}
			</details>
		</div>
	);
}
