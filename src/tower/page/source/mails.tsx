/* One incident of mails: what was seen, why, how far it was read, what was done, and where links lead. */
import type { JSX } from "preact";
import type { Incident, Mail } from "../generated/api";
import { span } from "./format";
import { HistoryCard, ReportCard } from "./incident";
import { IncidentState } from "./incidents";
import { language, say } from "./language";
import { towerNow } from "./live";
import { usePages } from "./pages";
import { At, Card, Empty, Facts, Figure, Mark, Missing } from "./parts";
import { useClock } from "./value";

const SHOWN = 6; /* hosts of one mail; the rest are counted */

function Figures({ incident }: { incident: Incident }): JSX.Element {
	useClock();
	const end_ms = incident.ended_ms ?? towerNow();
	return (
		<dl class="figures">
			<Figure label={say("mails")} value={String(incident.findings)} tone="attack" />
			<Figure label={incident.ended_ms === null ? say("going_on") : say("lasted")} value={span(end_ms - incident.opened_ms)} />
			<Figure label={say("confidence")} value={`${incident.confidence} %`} note={say("seen_by", { sensor: incident.sensor })} />
		</dl>
	);
}

const Action = ({ mail }: { mail: Mail }): JSX.Element =>
	mail.action === "quarantine" ? <Mark tone="attack" icon="alarm">{say("mail_quarantine")}</Mark> : <Mark tone="warn">{say("mail_tag")}</Mark>;

/** In Japanese the rule's words; in English those of the mail process, which name the hosts. */
const Reasons = ({ mail }: { mail: Mail }): JSX.Element => (
	<ul class="plain">
		{mail.reasons.map((reason) => <li>{language.now === "ja" ? reason.words : reason.why} <small>{reason.confidence} %</small></li>)}
	</ul>
);

const Hosts = ({ mail }: { mail: Mail }): JSX.Element => (
	<ul class="plain">
		{mail.hosts.slice(0, SHOWN).map((host) => <li><span class="address">{host.name}</span>{host.traits.length > 0 && <small lang="en">{host.traits.join(", ")}</small>}</li>)}
		{mail.hosts.length > SHOWN && <li>{say("more_n", { n: mail.hosts.length - SHOWN })}</li>}
	</ul>
);

function MailEntry({ mail }: { mail: Mail }): JSX.Element {
	const at_ms = mail.window.start_ms || mail.arrived_ms;
	const who = (domain: string, pseudonym: string): JSX.Element => <><span class="address">{domain || say("unknown")}</span>{pseudonym !== "" && <small class="address">{pseudonym}</small>}</>;
	return (
		<article class="measure">
			<h3>{say(`kind_${mail.kind}`)} <At at_ms={at_ms} /> <Action mail={mail} /></h3>
			<Facts
				rows={[
					[say("why"), <Reasons mail={mail} />],
					[say("mail_from"), who(mail.sender.domain, mail.sender.pseudonym)],
					...(mail.impersonated ? [[say("mail_posed"), <>{say(`mail_posed_${mail.impersonated.is}`)}{mail.impersonated.pseudonym !== "" && <small class="address">{mail.impersonated.pseudonym}</small>}</>] as [string, JSX.Element]] : []),
					[say("mail_to"), who(mail.target, mail.recipient)],
					[say("mail_hosts"), mail.hosts.length === 0 ? say("mail_no_host") : <Hosts mail={mail} />],
					...(mail.payload.length > 0 ? [[say("mail_payload"), <span lang="en">{mail.payload.join(", ")}</span>] as [string, JSX.Element]] : []),
					[say("mail_level"), say(`mail_level_${mail.level as 0 | 1 | 2 | 3 | 4 | 5}`)],
					...(mail.unread.length > 0 ? [[say("mail_unread"), <span lang="en">{mail.unread.join(", ")}</span>] as [string, JSX.Element]] : []),
				]}
			/>
		</article>
	);
}

function MailsCard({ id }: { id: string }): JSX.Element {
	const { first, rows, More } = usePages<Mail>(`/incidents/${id}/mails?lang=${language.now}`, ["incident"], (row) => String(row.number));
	return (
		<Card title={say("mails")}>
			<p class="note">{say("mails_words")}</p>
			{!first.data && <Missing of={first} />}
			{first.data && rows.length === 0 && <Empty>{say("mails_gone")}</Empty>}
			{rows.map((mail) => <MailEntry mail={mail} />)}
			<More />
		</Card>
	);
}

export function MailIncident({ incident }: { incident: Incident }): JSX.Element {
	return (
		<>
			<div class="title">
				<h1 tabIndex={-1}>{say("matter_mail")} <span class="member">{incident.member || say("own_site")}</span></h1>
				<IncidentState incident={incident} />
			</div>
			<p class="lead"><span lang="en">{incident.why}</span></p>
			<Figures incident={incident} />
			<div class="columns">
				<div class="stack"><MailsCard id={incident.id} /></div>
				<div class="stack">
					<HistoryCard id={incident.id} />
					<ReportCard id={incident.id} forms={["generic"]} />
				</div>
			</div>
		</>
	);
}
