/* Where attacks come from: countries on a map, and networks (AS) in a list. The map's outline is fetched with this file. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Incident, Origin, Sources } from "../generated/api";
import { get } from "./api";
import { amount, countryName, percent } from "./format";
import { say } from "./language";
import { Bar, Card, Empty, Table } from "./parts";
import { centres, height, outline, width } from "world";

const SHOWN_MAX = 6;

export function WorldMap({ origins }: { origins: Origin[] }): JSX.Element {
	const spots = origins.flatMap((origin) => {
		const centre = centres[origin.country];
		return centre ? [{ origin, centre }] : [];
	});
	const [first] = spots;
	return (
		<svg class="map" viewBox={`0 0 ${width} ${height}`} role="img"
			aria-label={first ? say("map_words", { country: countryName(first.origin.country), share: percent(first.origin.packets_permille), n: spots.length }) : say("map_empty")}>
			<path class="land" d={outline} />
			{spots.map(({ origin, centre: [x, y] }) => (
				<circle class="spot" cx={x} cy={y} r={3 + Math.sqrt(origin.packets_permille) * 1.15}>
					<title>{`${countryName(origin.country)} ${percent(origin.packets_permille)}`}</title>
				</circle>
			))}
		</svg>
	);
}

export function OriginTables({ origins }: { origins: Origin[] }): JSX.Element {
	const countries = origins.filter((origin) => origin.asn === 0);
	const networks = origins.filter((origin) => origin.asn !== 0);
	const columns = (head: string, name: (row: Origin) => string) => [
		{ head, cell: (row: Origin) => <>{name(row)}<small>{say("sources_n", { n: amount(row.source_count) })}</small></>, isHead: true },
		{ head: say("share_packets"), cell: (row: Origin) => <Bar permille={row.packets_permille} tone="attack" />, isNumber: true },
	];
	return (
		<div class="columns even">
			<Table caption={say("countries")} isCaptionShown isCompact rows={countries.slice(0, SHOWN_MAX)} empty={say("no_origin")} columns={columns(say("country"), (row) => countryName(row.country))} />
			<Table caption={say("networks_as")} isCaptionShown isCompact rows={networks.slice(0, SHOWN_MAX)} empty={say("no_origin")} columns={columns(say("network_as"), (row) => `AS${row.asn}`)} />
		</div>
	);
}

export const OriginsCard = ({ origins, title }: { origins: Origin[]; title: string }): JSX.Element => (
	<Card title={title}>
		{origins.length === 0 && <Empty>{say("no_origin")}</Empty>}
		<WorldMap origins={origins.filter((origin) => origin.asn === 0)} />
		{origins.length > 0 && <OriginTables origins={origins} />}
	</Card>
);

/** Joins the origins of several attacks, each weighed by its packets. */
export function originsJoin(lists: { weight: number; origins: Origin[] }[]): Origin[] {
	const all = new Map<string, Origin>();
	const whole = lists.reduce((sum, list) => sum + list.weight, 0) || 1;
	for (const { weight, origins } of lists) {
		for (const origin of origins) {
			const key = `${origin.asn}/${origin.country}`;
			const before = all.get(key) ?? { ...origin, source_count: 0, packets_permille: 0 };
			all.set(key, {
				...before,
				source_count: before.source_count + origin.source_count,
				packets_permille: before.packets_permille + (origin.packets_permille * weight) / whole,
			});
		}
	}
	return [...all.values()].map((origin) => ({ ...origin, packets_permille: Math.round(origin.packets_permille) })).sort((a, b) => b.packets_permille - a.packets_permille);
}

export function NowSources({ attacks }: { attacks: Incident[] }): JSX.Element {
	const [origins, setOrigins] = useState<Origin[]>([]);
	const ids = attacks.map((attack) => attack.id).join();
	useEffect(() => {
		let isOver = false;
		const read = async (attack: Incident) => ({ weight: attack.peak_pps, origins: (await get<Sources>(`/incidents/${attack.id}/sources`)).origins });
		void Promise.allSettled(attacks.map(read)).then((answers) => {
			if (!isOver) setOrigins(originsJoin(answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []))));
		});
		return () => void (isOver = true);
	}, [ids]);
	return <OriginsCard origins={origins} title={say("where_from")} />;
}
