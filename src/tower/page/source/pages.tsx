/* Lists that come in pages: the first is kept up to date, the others are added when they are asked for. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get } from "./api";
import { say } from "./language";
import { type EventKind, type Resource, useResource } from "./live";
import { Doing } from "./parts";

interface Page<Row> {
	items: Row[];
	next: string | null;
}

export interface Pages<Row> {
	first: Resource<Page<Row>>;
	rows: Row[];
	More: () => JSX.Element | null;
}

export function usePages<Row>(path: string, kinds: EventKind[], keyOf: (row: Row) => string): Pages<Row> {
	const first = useResource<Page<Row>>(path, kinds);
	const [older, setOlder] = useState<{ path: string; page: Page<Row> } | null>(null);
	useEffect(() => setOlder(null), [path]);
	const mine = older?.path === path ? older.page : null;
	const next = mine ? mine.next : (first.data?.next ?? null);
	const seen = new Set<string>();
	const rows = [...(first.data?.items ?? []), ...(mine?.items ?? [])].filter((row) => !seen.has(keyOf(row)) && seen.add(keyOf(row)));
	const more = async (): Promise<void> => {
		const page = await get<Page<Row>>(`${path}${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(next ?? "")}`);
		setOlder({ path, page: { items: [...(mine?.items ?? []), ...page.items], next: page.next } });
	};
	return { first, rows, More: () => (next === null ? null : <p class="more"><Doing label={say("more")} act={more} /></p>) };
}
