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
		response = await fetch(`/api/v1${path}`, { credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(REQUEST_MS), ...options });
	} catch {
		throw new Refusal(0, "gone", "");
	}
	if (response.ok) return response;
	if (response.status === 502 || response.status === 504) throw new Refusal(0, "gone", "");
	const body = (await response.json().catch(() => null)) as { error?: { code?: string; message?: string } } | null;
	if (response.status === 401 && session.now) session.now = null;
	throw new Refusal(response.status, body?.error?.code ?? "failed", body?.error?.message ?? response.statusText);
}

/* What the first view needs is asked for while the page is still being set up. */
const early = new Map<string, Promise<Response>>();

export function ask(...paths: string[]): void {
	for (const path of paths) {
		const response = answer(path, {});
		response.catch(() => early.delete(path));
		early.set(path, response);
	}
}

export async function get<T>(path: string): Promise<T> {
	const asked = early.get(path);
	early.delete(path);
	return (await (await (asked ?? answer(path, {}))).json()) as T;
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
