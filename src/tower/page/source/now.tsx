/* What is under attack, how much, since when, what is being done, and what it costs. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { Incident, Now, OrderSummary, Rates, Sector, TrafficPoint } from "../generated/api";
import { TimeChart } from "./chart";
import { amount, bps, count, percent, pps, span, vectorName } from "./format";
import { Icon } from "./icons";
import { useDrawn } from "./idle";
import { language, say } from "./language";
import { lazy } from "./lazy";
import { link, towerNow, traffic, useResource } from "./live";
import { covers } from "./network";
import { Ago, Card, Choice, Empty, Figure, Mark, Missing, Table } from "./parts";
import { useClock, useValue } from "./value";

const OLD_MS = 15_000; /* after which the last word of all sensors is called old */
const SourcesCard = lazy(() => import("./sources").then((module) => module.NowSources));

const legitimate_bps = (rates: Rates): number => Math.max(0, rates.in_bps - rates.attack_bps);
const legitimate_pps = (rates: Rates): number => Math.max(0, rates.in_pps - rates.attack_pps);
const stopped = (rates: Rates): number => (rates.attack_pps === 0 ? 0 : Math.min(1000, Math.round((rates.dropped_pps * 1000) / rates.attack_pps)));

function Headline({ now, points }: { now: Now; points: TrafficPoint[] }): JSX.Element {
	useClock();
	const last_ms = points.at(-1)?.at_ms ?? 0;
	const isOld = useValue(link) === "live" && last_ms > 0 && towerNow() - last_ms > OLD_MS;
	const isCalm = now.attacks_total === 0;
	return (
		<div class={`headline ${isCalm ? "calm" : "alarm"}`}>
			<Icon name={isCalm ? "check" : "alarm"} />
			<div>
				<h1 tabIndex={-1}>{isCalm ? say("calm") : now.attacks_total === 1 ? say("one_attack") : say("attacks", { n: now.attacks_total })}</h1>
				<p>
					{isCalm ? say("calm_words") : say("attack_words", { attack: pps(now.rates.attack_pps), all: pps(now.rates.in_pps), share: percent(stopped(now.rates)) })}
				</p>
				{isOld && <p class="old" role="status">{say("sensors_silent", { span: span(towerNow() - last_ms) })}</p>}
			</div>
			{now.waiting > 0 && <a class="button primary" href="#/approvals">{say("waiting", { n: now.waiting })}</a>}
		</div>
	);
}

const Figures = ({ rates }: { rates: Rates }): JSX.Element => (
	<dl class="figures">
		<Figure label={say("incoming")} value={bps(rates.in_bps)} note={pps(rates.in_pps)} />
		<Figure label={say("legitimate")} value={bps(legitimate_bps(rates))} note={pps(legitimate_pps(rates))} tone="legit" />
		<Figure label={say("attack")} value={bps(rates.attack_bps)} note={pps(rates.attack_pps)} tone="attack" />
		<Figure label={say("stopped")} value={pps(rates.dropped_pps)} note={rates.attack_pps > 0 ? say("of_attack", { share: percent(stopped(rates)) }) : say("nothing_stopped")} tone="dropped" />
	</dl>
);

const UNITS = ["packets", "bits"] as const;

function TrafficCard({ points }: { points: TrafficPoint[] }): JSX.Element {
	const [unit, setUnit] = useState<(typeof UNITS)[number]>("packets");
	const isBits = unit === "bits";
	const times = useMemo(() => points.map((point) => point.at_ms / 1000), [points]);
	const curves = useMemo(
		() => [
			{ label: say("legitimate"), colour: "legit", values: points.map(({ rates }) => (isBits ? legitimate_bps(rates) : legitimate_pps(rates))) },
			{ label: say("attack"), colour: "attack", values: points.map(({ rates }) => (isBits ? rates.attack_bps : rates.attack_pps)) },
			...(isBits ? [] : [{ label: say("stopped"), colour: "dropped", values: points.map(({ rates }) => rates.dropped_pps), isLine: true }]),
		],
		[points, unit, language.now],
	);
	const write = isBits ? bps : pps;
	const most = points.reduce((high, { rates }) => Math.max(high, isBits ? rates.attack_bps : rates.attack_pps), 0);
	return (
		<Card title={say("traffic")} aside={<Choice label={say("unit")} names={UNITS} words={(name) => say(name)} chosen={unit} choose={setUnit} />}>
			{points.length < 2 ? <Empty>{say("no_traffic")}</Empty>
				: <TimeChart title={say("traffic")} summary={say("traffic_summary", { most: write(most) })} times={times} curves={curves} write={write} />}
		</Card>
	);
}

/** What is done about an incident: a measure may be wider than its target, or for a part of it, as of a carpet. */
function measuresOf(incident: Incident, measures: OrderSummary[]): OrderSummary[] {
	const touches = (scope: string): boolean => covers(scope, incident.target) || covers(incident.target, scope);
	return measures.filter((measure) => measure.kind === "order" && measure.scope.some(touches));
}

function Done({ incident, measures }: { incident: Incident; measures: OrderSummary[] }): JSX.Element {
	const mine = measuresOf(incident, measures);
	if (mine.length === 0) return <Mark tone="warn">{say("nothing_done")}</Mark>;
	return <Mark tone="good" icon="check">{say("measures_n", { n: mine.length })}</Mark>;
}

const AttacksCard = ({ now }: { now: Now }): JSX.Element => (
	<Card title={say("under_attack")} aside={<a href="#/incidents">{say("all_incidents")}</a>}>
		<Table
			caption={say("under_attack")}
			rows={now.attacks}
			empty={say("no_attack")}
			columns={[
				{
					head: say("target"),
					isHead: true,
					cell: (row) => <a href={`#/incidents/${row.id}`}><b class="address">{row.target}</b><small>{row.member || say("own_site")}</small></a>,
				},
				{ head: say("what"), cell: (row) => <Vectors incident={row} /> },
				{ head: say("peak"), cell: (row) => <>{bps(row.peak_bps)}<small>{pps(row.peak_pps)}</small></>, isNumber: true },
				{ head: say("sources"), cell: (row) => amount(row.source_count), isNumber: true },
				{ head: say("since"), cell: (row) => <Ago at_ms={row.opened_ms} /> },
				{ head: say("done"), cell: (row) => <Done incident={row} measures={now.measures} /> },
			]}
		/>
		{now.mails_total > 0 && <p class="note"><a href="#/incidents">{say("mails_open", { n: now.mails_total })}</a></p>}
		{now.attacks_total > now.attacks.length && <p class="note">{say("more_attacks", { n: now.attacks_total - now.attacks.length })}</p>}
	</Card>
);

export const Vectors = ({ incident }: { incident: Incident }): JSX.Element => (
	<span class="vectors">
		{incident.vectors.length === 0 && say(`matter_${incident.matter}`)}
		{incident.vectors.slice(0, 2).map((vector) => <span>{vectorName(vector.name)} {percent(vector.packets_permille)}</span>)}
		{incident.vectors.length > 2 && <span>{say("more_n", { n: incident.vectors.length - 2 })}</span>}
	</span>
);

const MeasuresCard = ({ measures }: { measures: OrderSummary[] }): JSX.Element => (
	<Card title={say("in_force")} aside={<a href="#/approvals">{say("all_orders")}</a>}>
		<Table
			caption={say("in_force")}
			rows={measures}
			empty={say("no_measure")}
			columns={[
				{ head: say("measure"), isHead: true, cell: (row) => <a href={`#/approvals/${row.digest}`}>{say(`class_${row.class}`)}<small>{[row.member, row.scope.slice(0, 2).join(", ")].filter(Boolean).join(" · ")}</small></a> },
				{ head: say("stopped_packets"), cell: (row) => (row.measured ? amount(row.measured.stopped_packets) : "–"), isNumber: true },
				{ head: say("cost"), cell: (row) => (row.measured ? percent(row.measured.collateral_permille) : "–"), isNumber: true },
				{ head: say("ends"), cell: (row) => <Ends at_ms={row.expires_ms} />, isNumber: true },
			]}
		/>
	</Card>
);

function Ends({ at_ms }: { at_ms: number }): JSX.Element {
	useClock();
	return <>{span(at_ms - towerNow())}</>;
}

function SectorTile({ sector }: { sector: Sector }): JSX.Element {
	const state = sector.open_incidents > 0 ? "attack" : sector.members > 0 ? "good" : "plain";
	const name = language.now === "ja" ? sector.ja : sector.en;
	return (
		<li class={`tile ${state}`}>
			<a href={`#/incidents?sector=${encodeURIComponent(sector.name)}`}>
				<b>{name.charAt(0).toUpperCase() + name.slice(1)}</b>
				<span class="state">
					{state !== "plain" && <Icon name={state === "attack" ? "alarm" : "check"} />}
					{state === "attack" ? say("sector_attack", { n: sector.open_incidents }) : state === "good" ? say("sector_calm") : say("sector_none")}
				</span>
				<span class="number">{state === "attack" ? bps(sector.attack_bps) : sector.ended_today > 0 ? say("ended_today", { n: sector.ended_today }) : sector.members > 0 ? say("members_n", { n: sector.members }) : ""}</span>
			</a>
		</li>
	);
}

function SectorsCard({ sectors }: { sectors: Sector[] }): JSX.Element {
	const shown = sectors.filter((sector) => sector.number > 0 || sector.members > 0 || sector.open_incidents > 0);
	return (
		<Card title={say("sectors")} aside={say("sectors_n", { n: count(sectors.filter((sector) => sector.number > 0).length) })}>
			{shown.length === 0 ? <Empty>{say("no_sector")}</Empty> : <ul class="board">{shown.map((sector) => <SectorTile sector={sector} />)}</ul>}
		</Card>
	);
}

const towerIsWell = ({ tower }: Now): boolean => tower.refused === 0 && tower.gaps === 0 && tower.authority !== "silent";

export function NowView(): JSX.Element {
	const now = useResource<Now>("/now", ["incident", "finding", "order", "receipt", "health"]);
	const points = useValue(traffic);
	const isDrawn = useDrawn();
	if (!now.data) return <><h1 class="unseen" tabIndex={-1}>{say("view_now")}</h1><Missing of={now} /></>;
	const rates = points.at(-1)?.rates ?? now.data.rates;
	return (
		<>
			<Headline now={now.data} points={points} />
			<Figures rates={rates} />
			<div class="columns wide first">
				{isDrawn && <TrafficCard points={points} />}
				{isDrawn && <MeasuresCard measures={now.data.measures} />}
			</div>
			<AttacksCard now={now.data} />
			{isDrawn && (
				<div class="columns">
					<SectorsCard sectors={now.data.sectors} />
					<SourcesCard attacks={now.data.attacks.slice(0, 8)} />
				</div>
			)}
			{!towerIsWell(now.data) && (
				<p class="note warn" role="status">
					{now.data.tower.authority === "silent" && say("authority_silent")} {say("losses_words", { refused: count(now.data.tower.refused), gaps: count(now.data.tower.gaps) })}{" "}
					<a href="#/members">{say("see_health")}</a>
				</p>
			)}
		</>
	);
}
