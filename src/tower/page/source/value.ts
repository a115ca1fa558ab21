/* A value that views watch: set it, and they draw themselves again. */
import { useLayoutEffect, useState } from "preact/hooks";

export class Value<T> {
	#now: T;
	#watchers = new Set<() => void>();

	constructor(first: T) {
		this.#now = first;
	}

	get now(): T {
		return this.#now;
	}

	set now(next: T) {
		if (Object.is(next, this.#now)) return;
		this.#now = next;
		for (const watcher of [...this.#watchers]) watcher();
	}

	watch(watcher: () => void): () => void {
		this.#watchers.add(watcher);
		return () => void this.#watchers.delete(watcher);
	}
}

export function useValue<T>(value: Value<T>): T {
	const [, draw] = useState(0);
	const shown = value.now;
	/* Before the picture is shown: what changes right after it is not missed. */
	useLayoutEffect(() => {
		const again = (): void => draw((count) => count + 1);
		if (!Object.is(value.now, shown)) again();
		return value.watch(again);
	}, [value]);
	return shown;
}

/** The time, told again every second. */
export const clock = new Value(Date.now());
setInterval(() => (clock.now = Date.now()), 1000);
export const useClock = (): number => useValue(clock);

/** A choice that this browser remembers, where it may remember. */
export function remembered(name: string): { get: () => string | null; set: (text: string) => void; forget: () => void } {
	const key = `hinomi-${name}`;
	const tried = <T>(what: () => T, otherwise: T): T => {
		try {
			return what();
		} catch {
			return otherwise;
		}
	};
	return {
		get: () => tried(() => localStorage.getItem(key), null),
		set: (text) => tried(() => localStorage.setItem(key, text), undefined),
		forget: () => tried(() => localStorage.removeItem(key), undefined),
	};
}
