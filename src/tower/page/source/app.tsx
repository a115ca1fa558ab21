/* The frame: where one is, whether the tower still speaks, language and theme, and the view that the address names. */
import { type ComponentChildren, type JSX, render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { ask, send, session, sessionRead } from "./api";
import { dateTime, span } from "./format";
import { Icon, type IconName } from "./icons";
import { language, languageSet, say, useLanguage } from "./language";
import { lazy } from "./lazy";
import { heard_ms, link } from "./live";
import { NowView } from "./now";
import { Empty } from "./parts";
import { SignIn } from "./sign_in";
import type { TextKey } from "./texts";
import { THEMES, type Theme, theme, themeSet } from "./theme";
import { Value, useClock, useValue } from "./value";

const IncidentsView = lazy(() => import("./incidents").then((module) => module.IncidentsView));
const IncidentView = lazy(() => import("./incident").then((module) => module.IncidentView));
const ApprovalsView = lazy(() => import("./approvals").then((module) => module.ApprovalsView));
const ApprovalView = lazy(() => import("./approval").then((module) => module.ApprovalView));
const LedgerView = lazy(() => import("./ledger").then((module) => module.LedgerView));
const MembersView = lazy(() => import("./members").then((module) => module.MembersView));
const MemberView = lazy(() => import("./member").then((module) => module.MemberView));
const OversightView = lazy(() => import("./oversight").then((module) => module.OversightView));
const ExerciseView = lazy(() => import("./exercise").then((module) => module.ExerciseView));

const PLACES: { name: string; icon: IconName; key: TextKey; isOf: (root: string) => boolean }[] = (
	[["now", "now", "view_now"], ["incidents", "incident", "view_incidents"], ["approvals", "approvals", "view_approvals"], ["ledger", "ledger", "view_ledger"],
		["members", "members", "view_members"], ["exercise", "exercise", "view_exercise"],
		["oversight", "oversight", "view_oversight"]] as [string, IconName, TextKey][]
).map(([name, icon, key]) => ({ name, icon, key, isOf: (root) => root === name }));

const address = new Value(location.hash);
addEventListener("hashchange", () => (address.now = location.hash));

interface Place {
	root: string;
	part: string | null;
	query: URLSearchParams;
}

function placeRead(hash: string): Place {
	const [path = "", query] = hash.replace(/^#\/?/, "").split("?");
	const [root = "", part] = path.split("/").map(decodeURIComponent);
	return { root: root || "now", part: part || null, query: new URLSearchParams(query) };
}

function View({ place: { root, part, query } }: { place: Place }): JSX.Element {
	switch (root) {
		case "now":
			return <NowView />;
		case "incidents":
			return part === null ? <IncidentsView sector={query.get("sector")} /> : <IncidentView id={part} key={part} />;
		case "approvals":
			return part === null ? <ApprovalsView /> : <ApprovalView digest={part} key={part} />;
		case "ledger":
			return <LedgerView index={part !== null && /^\d{1,15}$/.test(part) ? Number(part) : null} />;
		case "members":
			return part === null ? <MembersView /> : <MemberView name={part} key={part} />;
		case "oversight":
			return <OversightView part={part} />;
		case "exercise":
			return <ExerciseView />;
		default:
			return <><h1 tabIndex={-1}>{say("no_view")}</h1><Empty><a href="#/now">{say("view_now")}</a></Empty></>;
	}
}

function LinkMark(): JSX.Element {
	const state = useValue(link);
	const heard = useValue(heard_ms);
	const now = useClock();
	const words = state === "live" ? say("link_live") : state === "opening" ? say("link_opening") : say(state === "gone" ? "link_gone" : "link_stale");
	return <span class={`link ${state}`} title={dateTime(heard)}><i aria-hidden="true" />{words}{state !== "live" && state !== "opening" && ` · ${span(now - heard)}`}</span>;
}

/** What is shown is old: said above it, in words. */
function LinkBanner(): JSX.Element {
	const state = useValue(link);
	const heard = useValue(heard_ms);
	const isOld = state === "gone" || state === "stale";
	return (
		<div role="alert">
			{isOld && <p class={`banner ${state}`}><Icon name="alarm" /><span><b>{say(state === "gone" ? "banner_gone" : "banner_stale")}</b> {say("banner_words", { at: dateTime(heard) })}</span></p>}
		</div>
	);
}

const THEME_WORDS: Record<Theme, TextKey> = { auto: "theme_auto", light: "theme_light", dark: "theme_dark" };

function Settings(): JSX.Element {
	const shade = useValue(theme);
	const who = useValue(session);
	const nextTheme = THEMES[(THEMES.indexOf(shade) + 1) % THEMES.length] ?? "auto";
	const leave = async (): Promise<void> => {
		await send("DELETE", "/session").catch(() => null);
		session.now = null;
	};
	return (
		<div class="settings">
			<button type="button" lang={language.now === "ja" ? "en" : "ja"} onClick={() => languageSet(language.now === "ja" ? "en" : "ja")}>{language.now === "ja" ? "English" : "日本語"}</button>
			<button type="button" onClick={() => themeSet(nextTheme)} aria-label={say("theme_now", { theme: say(THEME_WORDS[shade]) })}>{say(THEME_WORDS[shade])}</button>
			{who && <button type="button" onClick={() => void leave()} title={who.roles.map((role) => say(`role_${role}`)).join(", ")}>{say("sign_out")} <span class="who">{who.name}</span></button>}
		</div>
	);
}

function Frame({ place, children }: { place: Place | null; children: ComponentChildren }): JSX.Element {
	const who = useValue(session);
	return (
		<>
			<a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.querySelector("main")?.focus(); }}>{say("skip")}</a>
			<header class="top">
				<a class="brand" href="#/now"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 2l8 5H4zM6.500 9h11v4h-11zM8 13L6 22M16 13l2 9M7.300 17.500h9.400" /><circle cx="12" cy="11" r="1.300" /></svg><b>Hinomi</b></a>
				{who && <span class="server">{who.server.name}</span>}
				{who && <LinkMark />}
				<Settings />
			</header>
			{who && (
				<nav aria-label={say("views")}>
					{PLACES.map(({ name, icon, key, isOf }) => (
						<a href={`#/${name}`} {...(place && isOf(place.root) ? { "aria-current": "page" as const } : {})}><Icon name={icon} /><span>{say(key)}</span></a>
					))}
				</nav>
			)}
			<main id="main" tabIndex={-1}>
				{who && <LinkBanner />}
				{children}
			</main>
		</>
	);
}

/** Whoever went to another view is led to its title, also when the view or its data come a little later. */
function titleFocus(): () => void {
	scrollTo(0, 0);
	(document.activeElement as HTMLElement | null)?.blur();
	const look = (): void => {
		if (document.activeElement === document.body) document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
	};
	const observer = new MutationObserver(look);
	observer.observe(document.body, { childList: true, subtree: true });
	const timer = setTimeout(() => observer.disconnect(), FOCUS_MS);
	look();
	return () => {
		clearTimeout(timer);
		observer.disconnect();
	};
}

function App(): JSX.Element {
	const tongue = useLanguage();
	const hash = useValue(address);
	const who = useValue(session);
	const gone = useValue(isGone);
	const place = placeRead(hash);
	const first = useRef(true);
	useEffect(() => {
		document.documentElement.lang = tongue;
	}, [tongue]);
	useEffect(() => {
		const view = PLACES.find((one) => one.isOf(place.root));
		document.title = `${view ? say(view.key) : "Hinomi"} · Hinomi`;
	}, [hash, tongue]);
	useEffect(() => {
		if (first.current) first.current = false;
		else return titleFocus();
		return undefined;
	}, [hash]);
	if (who === undefined) return <Frame place={null}><h1 class="unseen">Hinomi</h1><Empty>{gone ? say("banner_gone") : say("loading")}</Empty></Frame>;
	if (who === null) return <Frame place={null}><SignIn /></Frame>;
	return <Frame place={place}><View place={place} /></Frame>;
}

const isGone = new Value(false);
const RETRY_MS = 3000;
const LATE_MS = 500; /* after which the page says that it waits */
const FOCUS_MS = 3000; /* for which a view that comes late still gets the focus */

async function begin(): Promise<void> {
	try {
		await sessionRead();
		isGone.now = false;
	} catch {
		isGone.now = true;
		setTimeout(() => void begin(), RETRY_MS);
	}
}

document.documentElement.lang = language.now; /* before anything is laid out: fonts are chosen by it */

/* Drawn once, with what the tower told, unless that takes long: index.html has the frame's beginning, and asks for both too. */
const asked = ask("/session", ...(placeRead(location.hash).root === "now" ? ["/now"] : []));
const late = new Promise((resolve) => setTimeout(resolve, LATE_MS));
void Promise.race([Promise.all([asked, begin()]), late]).then(() => {
	const root = document.getElementById("page");
	if (root) render(<App />, root);
});
