/* All incidents, latest activity first. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Incident } from "../generated/api";
import { bps, pps, span } from "./format";
import { say } from "./language";
import { Vectors } from "./now";
import { usePages } from "./pages";
import { Ago, At, Card, Choice, Mark, Missing, Table } from "./parts";

const STATES = ["open", "ended", "all"] as const;

export const IncidentState = ({ incident }: { incident: Incident }): JSX.Element =>
	incident.state === "open" ? <Mark tone="attack" icon="alarm">{say(incident.matter === "mail" ? "incidents_open" : "state_open")}</Mark> : <Mark tone="plain" icon="check">{say("state_ended")}</Mark>;

const mailKinds = (incident: Incident): string => incident.kinds.filter((kind) => kind !== "mail").map((kind) => say(`kind_${kind}`)).join(", ");

export function IncidentsView({ sector }: { sector: string | null }): JSX.Element {
	const [state, setState] = useState<(typeof STATES)[number]>("all");
	const { first, rows, More } = usePages<Incident>(`/incidents?state=${state}${sector === null ? "" : `&sector=${encodeURIComponent(sector)}`}`, ["incident"], (row) => row.id);
	return (
		<>
			<h1 tabIndex={-1}>{say("view_incidents")}</h1>
			{sector !== null && <p class="note">{say("of_sector", { sector })} <a href="#/incidents">{say("show_all")}</a></p>}
			<Card title={say("incident_list")} aside={<Choice label={say("which")} names={STATES} words={(name) => say(`incidents_${name}`)} chosen={state} choose={setState} />}>
				{!first.data ? <Missing of={first} /> : (
					<Table
						caption={say("view_incidents")}
						rows={rows}
						empty={say("no_incident")}
						columns={[
							{ head: say("target"), isHead: true, cell: (row) => <a href={`#/incidents/${row.id}`}>{row.matter === "mail" ? <b>{say("mails_n", { n: row.findings })}</b> : <b class="address">{row.target}</b>}<small>{row.member || say("own_site")}</small></a> },
							{ head: say("state"), cell: (row) => <IncidentState incident={row} /> },
							{ head: say("what"), cell: (row) => (row.matter === "mail" ? <>{mailKinds(row)}<small lang="en">{row.why}</small></> : <Vectors incident={row} />) },
							{ head: say("peak"), cell: (row) => (row.matter === "mail" ? "–" : <>{bps(row.peak_bps)}<small>{pps(row.peak_pps)}</small></>), isNumber: true },
							{ head: say("began"), cell: (row) => <At at_ms={row.opened_ms} /> },
							{ head: say("lasted"), cell: (row) => (row.ended_ms === null ? <Ago at_ms={row.opened_ms} /> : span(row.ended_ms - row.opened_ms)) },
							{ head: say("confidence"), cell: (row) => `${row.confidence} %`, isNumber: true },
						]}
					/>
				)}
				<More />
			</Card>
		</>
	);
}
