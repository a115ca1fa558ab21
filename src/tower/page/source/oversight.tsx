/* What an inspector looks at: who did what, who looked up addresses and for which purpose, accounts, a year in counts, and what was deleted. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { AuditLine, Count, Figures, Lookup, Now, Proof, Retention } from "../generated/api";
import { AccountsCard } from "./accounts";
import { download, getBlob, may } from "./api";
import { count, dateTime } from "./format";
import { language, say } from "./language";
import { towerNow, useResource } from "./live";
import { usePages } from "./pages";
import { At, Card, Choice, Doing, Facts, Mark, Missing, Table } from "./parts";

const DAY_MS = 86_400_000;
const YEARS_SHOWN = 4;

function AuditCard(): JSX.Element {
	const audit = usePages<AuditLine>("/audit", [], (row) => String(row.number));
	return (
		<Card title={say("audit")} aside={<button type="button" onClick={audit.first.again}>{say("read_again")}</button>}>
			{!audit.first.data ? <Missing of={audit.first} /> : (
				<Table
					caption={say("audit")}
					rows={audit.rows}
					empty={say("nothing_yet")}
					columns={[
						{ head: say("time"), isHead: true, cell: (row) => <At at_ms={row.at_ms} /> },
						{ head: say("who"), cell: (row) => row.who || say("nobody") },
						{ head: say("act"), cell: (row) => <span class="address break">{row.act}</span> },
						{ head: say("subject"), cell: (row) => <span class="break">{row.subject || "–"}</span> },
						{ head: say("state"), cell: (row) => (row.is_allowed ? <Mark tone="good" icon="check">{say("was_done")}</Mark> : <Mark tone="warn" icon="cross">{say("was_refused")}</Mark>) },
					]}
				/>
			)}
			<audit.More />
		</Card>
	);
}

function LookupsCard(): JSX.Element {
	const lookups = usePages<Lookup>("/lookups", [], (row) => String(row.number));
	return (
		<Card title={say("lookups")} aside={<button type="button" onClick={lookups.first.again}>{say("read_again")}</button>}>
			<p class="note">{say("lookups_words")}</p>
			{!lookups.first.data ? <Missing of={lookups.first} /> : (
				<Table
					caption={say("lookups")}
					rows={lookups.rows}
					empty={say("no_lookup")}
					columns={[
						{ head: say("time"), isHead: true, cell: (row) => <At at_ms={row.at_ms} /> },
						{ head: say("who"), cell: (row) => row.who },
						{ head: say("for_purpose"), cell: (row) => <span class="break">{row.purpose}</span> },
						{ head: say("view_incident"), cell: (row) => <a href={`#/incidents/${row.incident}`}>{row.incident}</a>, isNumber: true },
					]}
				/>
			)}
			<lookups.More />
		</Card>
	);
}

const Counts = ({ title, rows, words }: { title: string; rows: Count[]; words: (name: string) => string }): JSX.Element => (
	<Table
		caption={title}
		isCaptionShown
		isCompact
		rows={rows}
		empty={say("nothing_yet")}
		columns={[
			{ head: say("what"), isHead: true, cell: (row) => words(row.name) },
			{ head: say("how_many"), cell: (row) => count(row.count), isNumber: true },
		]}
	/>
);

function FiguresCard(): JSX.Element {
	const present = new Date(towerNow()).getUTCFullYear();
	const [year, setYear] = useState(String(present));
	const figures = useResource<Figures>(`/figures?year=${year}`);
	const now = useResource<Now>("/now");
	const years = Array.from({ length: YEARS_SHOWN }, (_, back) => String(present - back));
	const sectorName = (name: string): string => {
		const sector = now.data?.sectors.find((one) => one.name === name);
		return name === "none" ? say("of_no_sector") : sector ? (language.now === "ja" ? sector.ja : sector.en) : name;
	};
	const save = async (): Promise<void> => download(await getBlob(`/figures?year=${year}&format=csv`), `hinomi-${year}.csv`);
	return (
		<Card title={say("figures")} aside={<Choice label={say("year")} names={years} words={(name) => name} chosen={year} choose={setYear} />}>
			<p class="note">{say("figures_words")}</p>
			{!figures.data ? <Missing of={figures} /> : (
				<>
					{!figures.data.is_over && <p class="note warn">{say("year_not_over", { at: dateTime(figures.data.made_ms) })}</p>}
					<Facts
						rows={[
							[say("lookups"), count(figures.data.lookups)],
							[say("orders_urgent"), count(figures.data.urgent_orders)],
							[say("orders_standing"), count(figures.data.standing_orders)],
						]}
					/>
					<div class="columns even">
						<Counts title={say("incidents_opened")} rows={figures.data.incidents} words={(name) => say(`matter_${name as "attack"}`)} />
						<Counts title={say("orders_by_state")} rows={figures.data.orders} words={(name) => say(`became_${name as "ended"}`)} />
						<Counts title={say("deleted_rows")} rows={figures.data.deleted} words={(name) => say(`data_${name as "findings"}`)} />
						<Counts title={say("incidents_by_sector")} rows={figures.data.sectors.filter((row) => row.count > 0)} words={sectorName} />
					</div>
					<Doing label={`${say("download")} (CSV)`} icon="down" act={save} />
				</>
			)}
		</Card>
	);
}

function DeletionsCards(): JSX.Element {
	const proofs = usePages<Proof>("/retention/proofs", [], (row) => String(row.number));
	const kept = useResource<Retention>("/retention");
	return (
		<>
			<Card title={say("retention")}>
				{!kept.data ? <Missing of={kept} /> : (
					<Facts rows={kept.data.items.map((row) => [say(`data_${row.class}`), row.keep_ms === 0 ? say("for_ever") : say("unit_d", { n: count(Math.round(row.keep_ms / DAY_MS)) })])} />
				)}
			</Card>
			<Card title={say("deletions")}>
				<p class="note">{say("deletions_words")}</p>
				{!proofs.first.data ? <Missing of={proofs.first} /> : (
					<Table
						caption={say("deletions")}
						rows={proofs.rows}
						empty={say("no_deletion")}
						columns={[
							{ head: say("time"), isHead: true, cell: (row) => <At at_ms={row.at_ms} /> },
							{ head: say("what"), cell: (row) => say(`data_${row.class}`) },
							{ head: say("arrived_between"), cell: (row) => <>{dateTime(row.from_ms)}<small>{dateTime(row.to_ms)}</small></> },
							{ head: say("how_many"), cell: (row) => count(row.count), isNumber: true },
							{ head: "SHA-256", cell: (row) => <span class="address break">{row.digest}</span> },
						]}
					/>
				)}
				<proofs.More />
			</Card>
		</>
	);
}

const PARTS = { audit: AuditCard, lookups: LookupsCard, accounts: AccountsCard, figures: FiguresCard, deletions: DeletionsCards };
type Part = keyof typeof PARTS;

function parts(): Part[] {
	const mine: Part[] = may("inspector") ? ["audit", "lookups", "accounts"] : may("operator") ? ["accounts"] : [];
	return [...mine, "figures", "deletions"];
}

export function OversightView({ part }: { part: string | null }): JSX.Element {
	const all = parts();
	const shown = all.find((one) => one === part) ?? all[0] ?? "figures";
	const Shown = PARTS[shown];
	return (
		<>
			<h1 tabIndex={-1}>{say("view_oversight")}</h1>
			<div class="tabs" role="navigation" aria-label={say("view_oversight")}>
				{all.map((one) => <a href={`#/oversight/${one}`} {...(one === shown ? { "aria-current": "page" as const } : {})}>{say(one)}</a>)}
			</div>
			<Shown key={shown} />
		</>
	);
}
