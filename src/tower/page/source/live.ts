/*
 * What the tower tells by itself (Server-Sent Events), and whether it still does. Views read a resource once, and again
 * when an event of their kinds arrives, when the tower says that events were lost, and when it comes back.
 *
 * The stream alone does not show a dead tower: while nothing is heard, the tower is asked. What was read before stays on
 * the page, marked as old.
 */
import { useEffect, useState } from "preact/hooks";
import type { Traffic, TrafficPoint } from "../generated/api";
import { Refusal, get, session, skew_ms } from "./api";
import { Value, clock } from "./value";

export type EventKind = "incident" | "finding" | "order" | "receipt" | "health" | "traffic" | "exercise" | "gap";
const KINDS: EventKind[] = ["incident", "finding", "order", "receipt", "health", "traffic", "exercise", "gap"];
const QUIET_MS = 5_000; /* after which the tower is asked whether it is there */
const STALE_MS = 15_000; /* after which what is shown is called old */
const AGAIN_MS = 400; /* the least time between two reads of one resource */
const TRAFFIC_S = 300; /* seconds of traffic that are kept */

export type Link = "opening" | "live" | "stale" | "gone";
export const link = new Value<Link>("opening");
export const heard_ms = new Value(Date.now());
export const traffic = new Value<TrafficPoint[]>([]);

/** The tower's time, as far as we know it. */
export const towerNow = (): number => clock.now + skew_ms.now;

type Watcher = (kind: EventKind | "back", data: unknown) => void;
const watchers = new Set<Watcher>();
let stream: EventSource | null = null;
let isAsking = false;

function tell(kind: EventKind | "back", data: unknown): void {
	for (const watcher of [...watchers]) watcher(kind, data);
}

function heard(): void {
	const was = link.now;
	heard_ms.now = Date.now();
	link.now = "live";
	if (was === "gone" || was === "stale") {
		tell("back", null);
		void trafficRead();
	}
}

function trafficAdd(points: TrafficPoint[]): void {
	const byTime = new Map(traffic.now.map((point) => [point.at_ms, point]));
	for (const point of points) byTime.set(point.at_ms, point);
	const all = [...byTime.values()].sort((a, b) => a.at_ms - b.at_ms);
	const last = all.at(-1)?.at_ms ?? 0;
	traffic.now = all.filter((point) => point.at_ms > last - TRAFFIC_S * 1000);
}

async function trafficRead(): Promise<void> {
	try {
		trafficAdd((await get<Traffic>(`/traffic?since=${Math.round(towerNow() - TRAFFIC_S * 1000)}`)).items);
	} catch {
		/* shown by the link */
	}
}

function take(kind: EventKind, event: MessageEvent<string>): void {
	let data: unknown;
	try {
		data = JSON.parse(event.data);
	} catch {
		return;
	}
	heard();
	if (kind === "traffic") trafficAdd([data as TrafficPoint]);
	if (kind === "gap") void trafficRead();
	tell(kind, data);
}

async function ask(): Promise<void> {
	if (isAsking) return;
	isAsking = true;
	try {
		const now = await get<{ server: { now_ms: number } }>("/session");
		skew_ms.now = now.server.now_ms - Date.now();
		heard();
		if (stream === null || stream.readyState === EventSource.CLOSED) open();
	} catch (error) {
		if (error instanceof Refusal && error.isGone) link.now = "gone";
	}
	isAsking = false;
}

function open(): void {
	stream?.close();
	stream = new EventSource("/api/v1/events");
	stream.onopen = heard;
	stream.onerror = () => void ask();
	for (const kind of KINDS) stream.addEventListener(kind, (event) => take(kind, event as MessageEvent<string>));
}

clock.watch(() => {
	if (stream === null) return;
	const silence_ms = Date.now() - heard_ms.now;
	if (silence_ms > QUIET_MS) void ask();
	if (silence_ms > STALE_MS && link.now === "live") link.now = "stale";
});

session.watch(() => {
	if (session.now && stream === null) {
		open();
		void trafficRead();
	} else if (!session.now) {
		stream?.close();
		stream = null;
		traffic.now = [];
	}
});

/** Calls back for events of some kinds, gaps and the tower's return among them. */
export function useEvents(kinds: EventKind[], watcher: Watcher): void {
	useEffect(() => {
		const chosen: Watcher = (kind, data) => {
			if (kind === "back" || kind === "gap" || kinds.includes(kind)) watcher(kind, data);
		};
		watchers.add(chosen);
		return () => void watchers.delete(chosen);
	});
}

export interface Resource<T> {
	data: T | null; /* the last that was read */
	refusal: Refusal | null; /* of the last read, where it failed */
	again: () => void;
}

/** What a path answers, kept up to date by events of some kinds. A null path is not read. */
export function useResource<T>(path: string | null, kinds: EventKind[] = []): Resource<T> {
	const [state, setState] = useState<{ path: string | null; data: T | null; refusal: Refusal | null }>({ path, data: null, refusal: null });
	const [turn, setTurn] = useState(0);
	useEffect(() => {
		if (path === null) return undefined;
		let isOver = false;
		get<T>(path).then(
			(data) => !isOver && setState({ path, data, refusal: null }),
			(error: unknown) => {
				const refusal = error instanceof Refusal ? error : new Refusal(0, "gone", String(error));
				if (!isOver) setState((was) => ({ path, data: was.path === path ? was.data : null, refusal }));
			},
		);
		return () => void (isOver = true);
	}, [path, turn]);
	const [planned] = useState<{ timer: ReturnType<typeof setTimeout> | null }>({ timer: null });
	useEvents(kinds, () => {
		planned.timer ??= setTimeout(() => {
			planned.timer = null;
			setTurn((before) => before + 1);
		}, AGAIN_MS);
	});
	const isOf = state.path === path;
	return { data: isOf ? state.data : null, refusal: isOf ? state.refusal : null, again: () => setTurn((before) => before + 1) };
}
