/* What is under attack, how much, since when, what is being done, and what it costs. */
import type { JSX } from "preact";
import { lazy } from "./lazy";
import { useMemo } from "preact/hooks";
import type { Incident, Now, OrderSummary, Rates, Sector, TrafficPoint } from "../generated/api";
import { TimeChart } from "./chart";
import { amount, bps, count, percent, pps, span, vectorName } from "./format";
import { Icon } from "./icons";
import { language, say } from "./language";
import { towerNow, traffic, useResource } from "./live";
import { covers } from "./network";
import { Ago, Bar, Card, Empty, Figure, Mark, Missing, Table } from "./parts";
import { useClock, useValue } from "./value";

const OLD_MS = 15_000; /* after which the last word of all sensors is called old */
const SourcesCard = lazy(() => import("./sources"), "NowSources");

const legitimate_bps = (rates: Rates): number => Math.max(0, rates.in_bps - rates.attack_bps);
const legitimate_pps = (rates: Rates): number => Math.max(0, rates.in_pps - rates.attack_pps);
const stopped = (rates: Rates): number => (rates.attack_pps === 0 ? 0 : Math.min(1000, Math.round((rates.dropped_pps * 1000) / rates.attack_pps)));

function Headline({ now, points }: { now: Now; points: TrafficPoint[] }): JSX.Element {
	useClock();
	const last_ms = points.at(-1)?.at_ms ?? 0;
	const isOld = last_ms > 0 && towerNow() - last_ms > OLD_MS;
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
		<Figure label={say("stopped")} value={bps(rates.dropped_bps)} note={`${pps(rates.dropped_pps)} · ${percent(stopped(rates))}`} tone="dropped" />
	</dl>
);

function TrafficCard({ points }: { points: TrafficPoint[] }): JSX.Element {
	const times = useMemo(() => points.map((point) => point.at_ms / 1000), [points]);
	const curves = useMemo(
		() => [
			{ label: say("legitimate"), colour: "legit", values: points.map((point) => legitimate_bps(point.rates)) },
			{ label: say("attack"), colour: "attack", values: points.map((point) => point.rates.attack_bps) },
			{ label: say("stopped"), colour: "dropped", values: points.map((point) => point.rates.dropped_bps), isLine: true },
		],
		[points, language.now],
	);
	const most = points.reduce((high, point) => Math.max(high, point.rates.attack_bps), 0);
	return (
		<Card title={say("traffic")} aside={say("last_minutes", { n: 5 })}>
			{points.length < 2 ? <Empty>{say("no_traffic")}</Empty>
				: <TimeChart title={say("traffic")} summary={say("traffic_summary", { most: bps(most) })} times={times} curves={curves} write={bps} />}
		</Card>
	);
}

function measuresOf(incident: Incident, measures: OrderSummary[]): OrderSummary[] {
	return measures.filter((measure) => measure.kind === "order" && measure.scope.some((scope) => covers(scope, incident.target)));
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
					cell: (row) => <a href={`#/incidents/${row.id}`}><b class="address">{row.target}</b>{row.member !== null && <small>{row.member}</small>}</a>,
				},
				{ head: say("what"), cell: (row) => <Vectors incident={row} /> },
				{ head: say("peak"), cell: (row) => <>{bps(row.peak_bps)}<small>{pps(row.peak_pps)}</small></>, isNumber: true },
				{ head: say("sources"), cell: (row) => amount(row.source_count), isNumber: true },
				{ head: say("since"), cell: (row) => <Ago at_ms={row.opened_ms} /> },
				{ head: say("done"), cell: (row) => <Done incident={row} measures={now.measures} /> },
			]}
		/>
		{now.attacks_total > now.attacks.length && <p class="note">{say("more_attacks", { n: now.attacks_total - now.attacks.length })}</p>}
	</Card>
);

export const Vectors = ({ incident }: { incident: Incident }): JSX.Element => (
	<span class="vectors">
		{incident.vectors.length === 0 && say(`kind_${incident.kind}`)}
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
				{ head: say("measure"), isHead: true, cell: (row) => <a href={`#/approvals/${row.digest}`}>{say(`class_${row.class}`)}<small>{row.member} · {row.scope.slice(0, 2).join(", ")}</small></a> },
				{ head: say("stopped_packets"), cell: (row) => amount(row.measured.stopped_packets), isNumber: true },
				{ head: say("cost"), cell: (row) => <Bar permille={row.measured.collateral_permille} tone={row.measured.collateral_permille > row.collateral_limit_permille / 2 ? "attack" : "legit"} /> },
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
	const state = sector.attacked > 0 ? "attack" : sector.silent > 0 ? "warn" : sector.members > 0 ? "good" : "plain";
	return (
		<li class={`tile ${state}`}>
			<a href={`#/members?sector=${encodeURIComponent(sector.id)}`}>
				<b>{language.now === "ja" ? sector.ja : sector.en}</b>
				<span class="state">
					{state !== "plain" && <Icon name={state === "attack" ? "alarm" : state === "warn" ? "silent" : "check"} />}
					{state === "attack" ? say("sector_attack", { n: sector.attacked, of: sector.members })
						: state === "warn" ? say("sector_silent", { n: sector.silent })
						: state === "good" ? say("sector_calm", { n: sector.members }) : say("sector_none")}
				</span>
				{sector.attack_bps > 0 && <span class="number">{bps(sector.attack_bps)}</span>}
			</a>
		</li>
	);
}

export function NowView(): JSX.Element {
	const now = useResource<Now>("/now", ["incident", "finding", "order", "receipt", "health"]);
	const points = useValue(traffic);
	if (!now.data) return <><h1 class="unseen" tabIndex={-1}>{say("view_now")}</h1><Missing of={now} /></>;
	const rates = points.at(-1)?.rates ?? now.data.rates;
	return (
		<>
			<Headline now={now.data} points={points} />
			<Figures rates={rates} />
			<div class="columns wide">
				<TrafficCard points={points} />
				<MeasuresCard measures={now.data.measures} />
			</div>
			<AttacksCard now={now.data} />
			<div class="columns">
				<Card title={say("sectors")} aside={say("sectors_n", { n: count(now.data.sectors.length) })}>
					{now.data.sectors.length === 0 ? <Empty>{say("no_sector")}</Empty> : <ul class="board">{now.data.sectors.map((sector) => <SectorTile sector={sector} />)}</ul>}
				</Card>
				<SourcesCard attacks={now.data.attacks.slice(0, 8)} />
			</div>
			{(now.data.silent > 0 || now.data.lost > 0) && (
				<p class="note warn" role="status">{say("losses_words", { silent: count(now.data.silent), lost: count(now.data.lost) })} <a href="#/members">{say("see_health")}</a></p>
			)}
		</>
	);
}
