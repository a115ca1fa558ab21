/* Members: who they are, what they may speak of, and how their sensors fare; losses are shown openly. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Health, Member, Now } from "../generated/api";
import { may } from "./api";
import { amount, bps, count, pps } from "./format";
import { language, say } from "./language";
import { useResource } from "./live";
import { MemberForm } from "./member";
import { usePages } from "./pages";
import { Ago, Card, Facts, Mark, Missing, Table } from "./parts";
import { lossTexts } from "./loss_texts";

type Loss = Health["losses"][number];

/** Some reasons are times in seconds, which are no number of things lost. */
const isTime = (loss: Loss): boolean => loss.reason.endsWith("_s");
const lost = (losses: Loss[]): number => losses.reduce((sum, loss) => sum + (isTime(loss) ? 0 : loss.count), 0);

/** A reason in words where there are some; a process may have others. */
const lossWords = (loss: Loss): string => {
	const words = lossTexts[loss.reason]?.[language.now === "ja" ? 0 : 1] ?? loss.reason.replaceAll("_", " ");
	return `${words} ${isTime(loss) ? say("n_seconds", { n: count(loss.count) }) : amount(loss.count)}`;
};

/** The authority and effectors see no traffic: their zeros are no word about it. */
const seesTraffic = (health: Health): boolean => !/^hinomi-(authority|effect) /.test(health.program);

const LossCell = ({ losses }: { losses: Loss[] }): JSX.Element => {
	const some = losses.filter((loss) => loss.count > 0);
	if (some.length === 0)
		return <>{say("nothing_lost")}</>;
	return (
		<>
			{lost(some) > 0 && <b class="warn-text">{amount(lost(some))}</b>}
			<small>{some.map(lossWords).join(say("rule_and"))}</small>
		</>
	);
};

export const HealthTable = ({ rows, hasMember }: { rows: Health[]; hasMember: boolean }): JSX.Element => (
	<Table
		caption={say("health")}
		rows={rows}
		empty={say("no_process")}
		columns={[
			{
				head: say("process"),
				isHead: true,
				cell: (row) => <>{row.process}<small>{[hasMember ? row.member || say("own_site") : "", row.program].filter(Boolean).join(" · ")}</small></>,
			},
			{ head: say("state"), cell: (row) => (row.is_silent ? <Mark tone="warn" icon="silent">{say("silent")}</Mark> : <Mark tone="good" icon="check">{say("speaks")}</Mark>) },
			{ head: say("last_word"), cell: (row) => <Ago at_ms={row.arrived_ms} /> },
			{ head: say("incoming"), cell: (row) => (seesTraffic(row) ? <>{bps(row.rates.in_bps)}<small>{pps(row.rates.in_pps)}</small></> : "–"), isNumber: true },
			{ head: say("rules"), cell: (row) => <>{count(row.rules)}{row.rates.dropped_pps > 0 && <small>{say("stops_pps", { rate: pps(row.rates.dropped_pps) })}</small>}</>, isNumber: true },
			{
				head: say("lost"),
				cell: (row) => <LossCell losses={row.losses} />,
				isNumber: true,
			},
		]}
	/>
);

export function MembersView(): JSX.Element {
	const members = usePages<Member>("/members", [], (row) => row.name);
	const health = usePages<Health>("/health", ["health"], (row) => `${row.member}/${row.process}`);
	const now = useResource<Now>("/now", ["incident"]);
	const [isAdding, setAdding] = useState(false);
	const attacked = new Set(now.data?.attacks.map((attack) => attack.member));
	const sectorName = (name: string | null): string => {
		const sector = now.data?.sectors.find((one) => one.name === name);
		return sector ? (language.now === "ja" ? sector.ja : sector.en) : (name ?? "–");
	};
	return (
		<>
			<h1 tabIndex={-1}>{say("view_members")}</h1>
			<Card title={say("registered")} aside={may("operator") && <button type="button" aria-expanded={isAdding} onClick={() => setAdding(!isAdding)}>{say("register")}</button>}>
				{isAdding && <MemberForm member={null} sectors={now.data?.sectors ?? []} done={() => { setAdding(false); members.first.again(); }} />}
				{!members.first.data ? <Missing of={members.first} /> : (
					<Table
						caption={say("registered")}
						rows={members.rows}
						empty={say("no_member")}
						columns={[
							{ head: say("member"), isHead: true, cell: (row) => <a href={`#/members/${row.name}`}><b>{row.title || row.name}</b><small>{row.name}</small></a> },
							{ head: say("sector"), cell: (row) => sectorName(row.sector) },
							{ head: say("networks"), cell: (row) => <span class="address">{row.networks.slice(0, 2).join(", ")}{row.networks.length > 2 && ` ${say("more_n", { n: row.networks.length - 2 })}`}</span> },
							{
								head: say("state"),
								cell: (row) => (attacked.has(row.name) ? <Mark tone="attack" icon="alarm">{say("state_open")}</Mark>
									: row.is_active ? <Mark tone="good" icon="check">{say("active")}</Mark> : <Mark tone="plain">{say("inactive")}</Mark>),
							},
						]}
					/>
				)}
				<members.More />
			</Card>
			<Card title={say("health")}>
				{!health.first.data ? <Missing of={health.first} /> : <HealthTable rows={health.rows} hasMember />}
				<health.More />
				<p class="note">{say("lost_words")}</p>
			</Card>
			{now.data && (
				<Card title={say("tower_health")}>
					<Facts
						rows={[
							[say("kept"), count(now.data.tower.kept)],
							[say("repeated"), count(now.data.tower.repeated)],
							[say("refused_documents"), count(now.data.tower.refused)],
							[say("watchers"), count(now.data.tower.watchers)],
							[say("gaps"), count(now.data.tower.gaps)],
							[say("authority"), say(`authority_${now.data.tower.authority}`)],
						]}
					/>
				</Card>
			)}
		</>
	);
}
