/* Requests to the tower (schema/api.json). The session is a cookie that scripts cannot see. */
import type { Session } from "../generated/api";
import { Value } from "./value";

const REQUEST_MS = 15_000;

/** Why a request was not done: the tower's word, or "gone" where there was no answer at all. */
export class Refusal extends Error {
	constructor(readonly status: number, readonly code: string, message: string) {
		super(message);
	}

	get isGone(): boolean {
		return this.status === 0;
	}
}

/** null: nobody is signed in; undefined: not asked yet. */
export const session = new Value<Session | null | undefined>(undefined);
/** How far the tower's clock is ahead of this machine's. */
export const skew_ms = new Value(0);

/** Has a role, or one of several. */
export const may = (...roles: Session["roles"]): boolean => roles.some((role) => session.now?.roles.includes(role) === true);

async function answer(path: string, options: RequestInit): Promise<Response> {
	let response: Response;
	try {
		response = await fetch(`/api/v1${path}`, { credentials: "same-origin", signal: AbortSignal.timeout(REQUEST_MS), ...options });
	} catch {
		throw new Refusal(0, "gone", "");
	}
	if (response.ok) return response;
	if (response.status === 502 || response.status === 504) throw new Refusal(0, "gone", "");
	const body = (await response.json().catch(() => null)) as { error?: { code?: string; message?: string } } | null;
	if (response.status === 401 && session.now) session.now = null;
	throw new Refusal(response.status, body?.error?.code ?? "failed", body?.error?.message ?? response.statusText);
}

const json = async (path: string): Promise<unknown> => (await answer(path, {})).json();

/* What the first view needs is asked for while the page is still being set up, and drawn at once if it has come by then. */
const early = new Map<string, Promise<unknown>>();
const come = new Map<string, unknown>();

/** Asks for what will be wanted. @return settles when all is there, or will not come */
export function ask(...paths: string[]): Promise<unknown> {
	for (const path of paths) {
		early.set(path, json(path));
		early.get(path)?.then((data) => early.has(path) && come.set(path, data), () => early.delete(path));
	}
	return Promise.allSettled(early.values());
}

/** What ask() has brought, once; null: nothing yet. */
export function take<T>(path: string): T | null {
	const data = come.get(path) ?? null;
	come.delete(path);
	if (data !== null) early.delete(path);
	return data as T | null;
}

export async function get<T>(path: string): Promise<T> {
	const asked = early.get(path);
	early.delete(path);
	come.delete(path);
	return (await (asked ?? json(path))) as T;
}

export const getText = async (path: string): Promise<string> => (await answer(path, {})).text();
export const getBytes = async (path: string): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await (await answer(path, {})).arrayBuffer());
export const getBlob = async (path: string): Promise<Blob> => (await answer(path, {})).blob();

export async function send<T>(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown): Promise<T> {
	const options: RequestInit = { method };
	if (body !== undefined) {
		options.body = JSON.stringify(body);
		options.headers = { "Content-Type": "application/json" };
	}
	const response = await answer(path, options);
	return (response.status === 204 ? null : await response.json()) as T;
}

export async function sessionRead(): Promise<void> {
	try {
		sessionTake(await get<Session>("/session"));
	} catch (error) {
		if (error instanceof Refusal && (error.status === 401 || error.status === 403)) session.now = null;
		else throw error;
	}
}

export function sessionTake(next: Session): void {
	skew_ms.now = next.server.now_ms - Date.now();
	session.now = next;
}

/** Hands a file to the person. */
export function download(content: Blob | string, name: string): void {
	const link = document.createElement("a");
	link.href = URL.createObjectURL(typeof content === "string" ? new Blob([content], { type: "text/plain" }) : content);
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
