/* One incident, from the first packet to the all clear. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { HistoryLine, Incident, IncidentDetail, Related, Report, Source, Sources } from "../generated/api";
import { type Curve, TimeChart } from "./chart";
import { download, get, getBlob, may } from "./api";
import { amount, bps, count, countryName, percent, pps, short, span, vectorName } from "./format";
import { IncidentState } from "./incidents";
import { language, say } from "./language";
import { towerNow, useResource } from "./live";
import { MailIncident } from "./mails";
import { usePages } from "./pages";
import { At, Bar, Card, Choice, Countdown, Doing, Empty, Facts, Figure, Missing, Table } from "./parts";
import { OriginsCard } from "./sources";
import { useClock } from "./value";

const PURPOSE_MIN = 8;
const FORMS = ["ddos_jp", "ransomware_jp", "generic"] as const;
const FORMATS = ["html", "json", "csv"] as const;
const CURVES = ["attack", "curve-2", "curve-3", "curve-4", "curve-5"];

function Figures({ incident }: { incident: Incident }): JSX.Element {
	useClock();
	const end_ms = incident.ended_ms ?? towerNow();
	return (
		<dl class="figures">
			<Figure label={say("peak")} value={bps(incident.peak_bps)} note={pps(incident.peak_pps)} tone="attack" />
			<Figure label={incident.ended_ms === null ? say("going_on") : say("lasted")} value={span(end_ms - incident.opened_ms)} />
			<Figure label={say("sources")} value={amount(incident.source_count)} note={say("estimated")} />
			<Figure label={say("confidence")} value={`${incident.confidence} %`} note={say("findings_n", { n: incident.findings })} />
		</dl>
	);
}

/** How the vectors' shares moved, as the finding with the most documents tells it; the smaller vectors together. */
function sharesOver(detail: IncidentDetail): { times: number[]; curves: Curve[] } {
	const tally = new Map<string, number>();
	for (const share of detail.shares) tally.set(share.finding, (tally.get(share.finding) ?? 0) + 1);
	const [chosen] = [...tally.entries()].sort((a, b) => b[1] - a[1])[0] ?? [""];
	const shares = detail.shares.filter((share) => share.finding === chosen);
	const named = detail.incident.vectors.slice(0, CURVES.length - 1).map((vector) => vector.name);
	const permille = (share: (typeof shares)[number], name: string): number => share.vectors.find((vector) => vector.name === name)?.packets_permille ?? 0;
	const curves = named.map((name, at) => ({ label: vectorName(name), colour: CURVES[at] ?? "attack", values: shares.map((share) => permille(share, name)) }));
	if (detail.incident.vectors.length > named.length) {
		const rest = shares.map((share) => Math.max(0, 1000 - named.reduce((sum, name) => sum + permille(share, name), 0)));
		curves.push({ label: say("others"), colour: "curve-5", values: rest });
	}
	return { times: shares.map((share) => share.at_ms / 1000), curves };
}

function VectorsCard({ detail }: { detail: IncidentDetail }): JSX.Element {
	const { times, curves } = useMemo(() => sharesOver(detail), [detail, language.now]);
	return (
		<Card title={say("vectors")}>
			<Table
				caption={say("vectors")}
				rows={detail.incident.vectors}
				empty={say("no_vector")}
				columns={[
					{ head: say("vector"), isHead: true, cell: (row) => vectorName(row.name) },
					{ head: say("share_packets"), cell: (row) => <Bar permille={row.packets_permille} tone="attack" /> },
					{ head: say("share_bytes"), cell: (row) => <Bar permille={row.bytes_permille} tone="dropped" /> },
					{ head: say("time"), cell: (row) => <><At at_ms={row.first_ms} /><small>{span(row.last_ms - row.first_ms)}</small></> },
				]}
			/>
			{times.length > 1 && <TimeChart title={say("vectors_time")} summary={say("vectors_summary", { n: detail.incident.vectors.length })} times={times} curves={curves} write={percent} />}
		</Card>
	);
}

interface Effect {
	stopped_permille?: number;
	collateral_permille?: number;
}

/** What an order of this incident was to do, and what its last receipt says that it did. */
function MeasureRow({ order, receipts }: { order: Related; receipts: Related[] }): JSX.Element {
	const predicted = (order.document["predicted"] ?? {}) as Effect;
	const last = receipts.filter((receipt) => receipt.document["order"] === order.digest).at(-1);
	const stopped = (last?.document["stopped"] ?? null) as { packets: number } | null;
	const passed = (last?.document["passed"] ?? null) as { packets: number } | null;
	const measured = stopped && passed && stopped.packets + passed.packets > 0 ? Math.round((stopped.packets * 1000) / (stopped.packets + passed.packets)) : null;
	return (
		<article class="measure">
			<h3><a href={`#/approvals/${order.digest}`}>{say("order_n", { n: short(order.digest) })}</a> <At at_ms={order.at_ms} /></h3>
			<p>{String(order.document["why"] ?? "")}</p>
			<Facts
				rows={[
					[say("predicted_stops"), <Bar permille={predicted.stopped_permille ?? 0} tone="dropped" />],
					[say("measured_stops"), stopped === null ? say("not_measured") : measured === null ? say("packets_n", { n: amount(stopped.packets) })
						: <Bar permille={measured} tone="dropped" label={`${percent(measured)} · ${say("packets_n", { n: amount(stopped.packets) })}`} />],
					[say("predicted_cost"), <Bar permille={predicted.collateral_permille ?? 0} tone="legit" />],
					[say("measured_cost"), last === undefined ? say("not_measured") : <Bar permille={Number(last.document["collateral_permille"] ?? 0)} tone="legit" />],
					[say("last_receipt"), last === undefined ? say("none_yet") : <>{say(receiptKey(last.document["state"]))} <At at_ms={last.at_ms} /></>],
				]}
			/>
		</article>
	);
}

const receiptKey = (state: unknown) =>
	state === "applied" ? "receipt_applied" : state === "refused" ? "receipt_refused" : state === "ended" ? "receipt_ended" : "receipt_progress";

function MeasuresCard({ related }: { related: Related[] }): JSX.Element {
	const orders = related.filter((one) => one.kind === "order");
	const receipts = related.filter((one) => one.kind === "receipt");
	return (
		<Card title={say("measures")}>
			{orders.length === 0 && <Empty>{related.some((one) => one.kind === "countermeasure") ? say("proposed_only") : say("no_measure")}</Empty>}
			{orders.map((order) => <MeasureRow order={order} receipts={receipts} />)}
		</Card>
	);
}

const TONES: Partial<Record<HistoryLine["event"], string>> = {
	opened: "attack", over: "good", finding_ended: "good", proposed: "accent", ordered: "accent", approved: "good", ratified: "good",
	mail_tagged: "warn", mail_held: "attack", mail_identity: "attack", mail_over: "good", reopened: "attack", refused: "warn", withdrawn: "warn", not_applied: "warn", applied: "dropped", measured: "dropped", stopped: "dropped",
};

export function HistoryCard({ id }: { id: string }): JSX.Element {
	const path = `/incidents/${id}/history?lang=${language.now}`;
	const { first, rows, More } = usePages<HistoryLine>(path, ["incident", "finding", "order", "receipt"], (row) => `${row.at_ms} ${row.event} ${row.words}`);
	return (
		<Card title={say("history")}>
			{!first.data && <Missing of={first} />}
			{first.data && rows.length === 0 && <Empty>{say("nothing_yet")}</Empty>}
			<ol class="timeline">
				{rows.map((row, at) => (
					<li class={TONES[row.event] ?? "plain"}>
						<span class="at"><At at_ms={row.at_ms} />{at > 0 && rows[0] && <small>+{span(row.at_ms - rows[0].at_ms)}</small>}</span>
						<span>{row.words}</span>
					</li>
				))}
			</ol>
			<More />
		</Card>
	);
}

/** Addresses are shown for a stated purpose alone, and the look-up is noted. */
function AddressesCard({ id }: { id: string }): JSX.Element {
	const [purpose, setPurpose] = useState("");
	const [addresses, setAddresses] = useState<Source[] | null>(null);
	const mayAsk = may("analyst", "inspector");
	const look = async (): Promise<void> => setAddresses((await get<Sources>(`/incidents/${id}/sources?purpose=${encodeURIComponent(purpose.trim())}`)).addresses ?? []);
	const verdicts = (["bot", "amplifier", "spoofed", "unknown"] as const)
		.map((verdict) => ({ verdict, sources: (addresses ?? []).filter((address) => address.verdict === verdict).length }))
		.filter((row) => row.sources > 0);
	return (
		<Card title={say("addresses")}>
			<p class="note">{mayAsk ? say("addresses_words") : say("addresses_role")}</p>
			{mayAsk && (
				<form class="row" onSubmit={(event) => event.preventDefault()}>
					<label class="field grow">
						<span>{say("purpose")}</span>
						<input value={purpose} maxLength={200} onInput={(event) => setPurpose(event.currentTarget.value)} />
					</label>
					<Doing label={say("look_up")} act={look} isOff={purpose.trim().length < PURPOSE_MIN} />
				</form>
			)}
			{addresses && (
				<>
					<Table
						caption={say("verdicts")}
						isCaptionShown
						rows={verdicts}
						empty={say("no_source")}
						columns={[
							{ head: say("verdict"), isHead: true, cell: (row) => <>{say(`verdict_${row.verdict}`)}<small>{say(`verdict_${row.verdict}_words`)}</small></> },
							{ head: say("listed"), cell: (row) => count(row.sources), isNumber: true },
							{ head: say("share"), cell: (row) => <Bar permille={Math.round((row.sources * 1000) / (addresses.length || 1))} tone="attack" /> },
						]}
					/>
					<div class="scroll" tabIndex={0} role="region" aria-label={say("addresses")}>
						<Table
							caption={say("addresses")}
							rows={addresses}
							empty={say("no_source")}
							columns={[
								{ head: say("address"), isHead: true, cell: (row) => <span class="address">{row.addr}</span> },
								{ head: say("verdict"), cell: (row) => <>{say(`verdict_${row.verdict}`)}<small lang="en">{row.why}</small></> },
								{ head: say("packets"), cell: (row) => amount(row.packets), isNumber: true },
								{ head: say("network_as"), cell: (row) => (row.asn === 0 ? say("unknown") : `AS${row.asn}`) },
								{ head: say("country"), cell: (row) => countryName(row.country) },
							]}
						/>
					</div>
				</>
			)}
		</Card>
	);
}

/** By when its recipients expect it, and what a person still has to fill in. */
const ReportState = ({ report }: { report: Report }): JSX.Element => (
	<>
		<Table
			caption={say("deadlines")}
			isCompact
			rows={report.clocks}
			empty={say("no_deadline")}
			columns={[
				{ head: say("recipient"), isHead: true, cell: (row) => <>{row.recipient}<small>{row.basis}</small></> },
				{ head: say("due"), cell: (row) => <><Countdown at_ms={row.due_ms} over={say("overdue")} /><small><At at_ms={row.due_ms} /></small></>, isNumber: true },
			]}
		/>
		<p class="note">{say("to_fill_in", { n: report.fields.filter((field) => !field.is_known).length, of: report.fields.length })}</p>
	</>
);

export function ReportCard({ id, forms = FORMS }: { id: string; forms?: readonly (typeof FORMS)[number][] }): JSX.Element {
	const [form, setForm] = useState<(typeof FORMS)[number]>(forms[0] ?? "generic");
	const [format, setFormat] = useState<(typeof FORMATS)[number]>("html");
	const [tongue, setTongue] = useState(language.now);
	const [hasConsent, setConsent] = useState(false);
	const mayMake = may("operator", "analyst", "inspector");
	const path = `/incidents/${id}/report?form=${form}&consent=${hasConsent ? "yes" : "no"}`;
	const report = useResource<Report>(mayMake ? `${path}&format=json&lang=${language.now}` : null, ["incident"]);
	const make = async (): Promise<void> => download(await getBlob(`${path}&format=${format}&lang=${tongue}`), `${id}-${form}-${tongue}.${format}`);
	return (
		<Card title={say("report")}>
			{!mayMake ? <Empty>{say("report_role")}</Empty> : (
				<div class="stack">
					<Choice label={say("form")} names={forms} words={(name) => say(`form_${name}`)} chosen={form} choose={setForm} />
					<div class="row">
						<Choice label={say("format")} names={FORMATS} words={(name) => name.toUpperCase()} chosen={format} choose={setFormat} />
						<Choice label={say("language")} names={["ja", "en"] as const} words={(name) => (name === "ja" ? "日本語" : "English")} chosen={tongue} choose={setTongue} />
						<Doing label={say("download")} icon="down" act={make} class="primary" />
					</div>
					<label class="tick"><input type="checkbox" checked={hasConsent} onChange={(event) => setConsent(event.currentTarget.checked)} /> {say("consent")}</label>
					{report.data && <ReportState report={report.data} />}
				</div>
			)}
		</Card>
	);
}

export function IncidentView({ id }: { id: string }): JSX.Element {
	const detail = useResource<IncidentDetail>(`/incidents/${id}`, ["incident", "finding", "order", "receipt"]);
	const isOfMails = detail.data?.incident.matter === "mail";
	const sources = useResource<Sources>(detail.data && !isOfMails ? `/incidents/${id}/sources` : null, ["incident"]);
	const back = <p class="back"><a href="#/incidents">← {say("all_incidents")}</a></p>;
	if (!detail.data) return <>{back}<h1 tabIndex={-1}>{say("view_incident")}</h1><Missing of={detail} /></>;
	const { incident, related, findings } = detail.data;
	if (isOfMails) return <>{back}<MailIncident incident={incident} /></>;
	return (
		<>
			{back}
			<div class="title">
				<h1 tabIndex={-1}><span class="address">{incident.target}</span> <span class="member">{incident.member || say("own_site")}</span></h1>
				<IncidentState incident={incident} />
			</div>
			<p class="lead"><b>{say(`matter_${incident.matter}`)}.</b> <span lang="en">{incident.why}</span></p>
			<Figures incident={incident} />
			<div class="columns">
				<div class="stack">
					<VectorsCard detail={detail.data} />
					{sources.data ? <OriginsCard origins={sources.data.origins} title={say("where_from")} /> : <Card title={say("where_from")}><Missing of={sources} /></Card>}
				</div>
				<div class="stack">
					<HistoryCard id={id} />
					<MeasuresCard related={related} />
					<ReportCard id={id} />
					<AddressesCard id={id} />
				</div>
			</div>
			<Card title={say("evidence")} aside={say("seen_by", { sensor: incident.sensor })}>
				<Table
					caption={say("evidence")}
					rows={findings}
					empty={say("nothing_yet")}
					columns={[
						{ head: say("finding"), isHead: true, cell: (row) => <span class="address">{short(row.id)}</span> },
						{ head: say("what"), cell: (row) => say(`kind_${row.kind}`) },
						{ head: say("target"), cell: (row) => <span class="address">{row.target}</span> },
						{ head: say("phase"), cell: (row) => say(`phase_${row.phase}`) },
						{ head: say("arrived"), cell: (row) => <At at_ms={row.arrived_ms} /> },
					]}
				/>
			</Card>
		</>
	);
}
