/* One member: networks, contacts, assets with their past, keys, health. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Asset, AssetList, Contact, Member, MemberDetail, MemberPut, Now, Sector } from "../generated/api";
import { may, send } from "./api";
import { language, say } from "./language";
import { useResource } from "./live";
import { HealthTable } from "./members";
import { usePages } from "./pages";
import { At, Card, Doing, Facts, Mark, Missing, Table } from "./parts";
import { ago } from "./format";
import { towerNow } from "./live";

const NAME = "[a-z0-9][a-z0-9._\\-]{0,62}";

interface FieldProps {
	label: string;
	value: string;
	set: (value: string) => void;
	pattern?: string;
	isLong?: boolean;
}

export const TextField = ({ label, value, set, pattern, isLong }: FieldProps): JSX.Element => (
	<label class="field">
		<span>{label}</span>
		{isLong ? <textarea rows={3} class="address" value={value} onInput={(event) => set(event.currentTarget.value)} />
			: <input value={value} {...(pattern === undefined ? {} : { pattern })} onInput={(event) => set(event.currentTarget.value)} />}
	</label>
);

export function MemberForm({ member, sectors, done }: { member: Member | null; sectors: Sector[]; done: () => void }): JSX.Element {
	const [name, setName] = useState(member?.name ?? "");
	const [title, setTitle] = useState(member?.title ?? "");
	const [sector, setSector] = useState(member?.sector ?? "");
	const [isActive, setActive] = useState(member?.is_active ?? true);
	const [networks, setNetworks] = useState(member?.networks.join("\n") ?? "");
	const save = async (): Promise<void> => {
		const body: MemberPut = { title, sector: sector || null, is_active: isActive, networks: networks.split(/[\s,]+/).filter(Boolean) };
		await send("PUT", `/members/${encodeURIComponent(name)}`, body);
		done();
	};
	return (
		<form class="form" onSubmit={(event) => event.preventDefault()}>
			{member === null && <TextField label={say("member_name")} value={name} set={setName} pattern={NAME} />}
			<TextField label={say("member_title")} value={title} set={setTitle} />
			<label class="field">
				<span>{say("sector")}</span>
				<select value={sector} onChange={(event) => setSector(event.currentTarget.value)}>
					<option value="">–</option>
					{sectors.filter((one) => one.number > 0).map((one) => <option value={one.name}>{language.now === "ja" ? one.ja : one.en}</option>)}
				</select>
			</label>
			<TextField label={say("networks_lines")} value={networks} set={setNetworks} isLong />
			<label class="tick"><input type="checkbox" checked={isActive} onChange={(event) => setActive(event.currentTarget.checked)} /> {say("is_active")}</label>
			<Doing label={say("save")} class="primary" act={save} isOff={!new RegExp(`^${NAME}$`).test(name) || title === ""} />
		</form>
	);
}

function ContactsCard({ name, contacts, changed }: { name: string; contacts: Contact[]; changed: () => void }): JSX.Element {
	const [draft, setDraft] = useState<Contact>({ role: "", name: "", reach: "" });
	const put = async (items: Contact[]): Promise<void> => {
		await send("PUT", `/members/${name}/contacts`, { items });
		setDraft({ role: "", name: "", reach: "" });
		changed();
	};
	return (
		<Card title={say("contacts")}>
			<Table
				caption={say("contacts")}
				rows={contacts}
				empty={say("no_contact")}
				columns={[
					{ head: say("contact"), isHead: true, cell: (row) => row.name },
					{ head: say("contact_role"), cell: (row) => row.role },
					{ head: say("reach"), cell: (row) => row.reach },
					...(may("operator") ? [{ head: say("change"), cell: (row: Contact) => <Doing label={say("remove")} act={() => put(contacts.filter((one) => one !== row))} /> }] : []),
				]}
			/>
			{may("operator") && (
				<details>
					<summary>{say("add_contact")}</summary>
					<form class="form" onSubmit={(event) => event.preventDefault()}>
						<TextField label={say("contact")} value={draft.name} set={(value) => setDraft({ ...draft, name: value })} />
						<TextField label={say("contact_role")} value={draft.role} set={(value) => setDraft({ ...draft, role: value })} />
						<TextField label={say("reach")} value={draft.reach} set={(value) => setDraft({ ...draft, reach: value })} />
						<Doing label={say("save")} class="primary" act={() => put([...contacts, draft])} isOff={draft.name === ""} />
					</form>
				</details>
			)}
		</Card>
	);
}

function AssetPast({ name, id }: { name: string; id: string }): JSX.Element {
	const past = useResource<AssetList>(`/members/${name}/assets/${encodeURIComponent(id)}/history`);
	if (!past.data) return <Missing of={past} />;
	return (
		<Table
			caption={say("asset_past", { id })}
			isCaptionShown
			rows={past.data.items}
			empty={say("nothing_yet")}
			columns={[
				{ head: say("changed"), isHead: true, cell: (row) => <><At at_ms={row.changed_ms} /><small>{row.changed_by}</small></> },
				{ head: say("product"), cell: (row) => `${row.product} ${row.version}` },
				{ head: say("where"), cell: (row) => row.place },
				{ head: say("state"), cell: (row) => say(row.is_retired ? "retired" : "in_use") },
			]}
		/>
	);
}

function AssetsCard({ name }: { name: string }): JSX.Element {
	const assets = usePages<Asset>(`/members/${name}/assets`, [], (row) => row.id);
	const [past, setPast] = useState<string | null>(null);
	const [draft, setDraft] = useState({ id: "", product: "", version: "", place: "", note: "" });
	const put = async (): Promise<void> => {
		await send("PUT", `/members/${name}/assets`, { items: [{ ...draft, is_retired: false }] });
		setDraft({ id: "", product: "", version: "", place: "", note: "" });
		assets.first.again();
	};
	return (
		<Card title={say("assets")}>
			{!assets.first.data ? <Missing of={assets.first} /> : (
				<Table
					caption={say("assets")}
					rows={assets.rows}
					empty={say("no_asset")}
					columns={[
						{ head: say("product"), isHead: true, cell: (row) => <>{row.product} {row.version}<small>{row.id}</small></> },
						{ head: say("where"), cell: (row) => <>{row.place}{row.note !== "" && <small>{row.note}</small>}</> },
						{ head: say("state"), cell: (row) => <Mark tone={row.is_retired ? "plain" : "good"}>{say(row.is_retired ? "retired" : "in_use")}</Mark> },
						{
							head: say("changed"),
							cell: (row) => <button type="button" class="link" aria-expanded={past === row.id} onClick={() => setPast(past === row.id ? null : row.id)}>{ago(row.changed_ms, towerNow())}</button>,
						},
					]}
				/>
			)}
			<assets.More />
			{past !== null && <AssetPast name={name} id={past} />}
			{may("operator") && (
				<details>
					<summary>{say("put_asset")}</summary>
					<form class="form" onSubmit={(event) => event.preventDefault()}>
						{(["id", "product", "version", "place", "note"] as const).map((part) => (
							<TextField label={say(`asset_${part}`)} value={draft[part]} set={(value) => setDraft({ ...draft, [part]: value })} />
						))}
						<Doing label={say("save")} class="primary" act={put} isOff={draft.id === "" || draft.product === ""} />
					</form>
				</details>
			)}
		</Card>
	);
}

export function MemberView({ name }: { name: string }): JSX.Element {
	const detail = useResource<MemberDetail>(`/members/${name}`, ["health"]);
	const now = useResource<Now>("/now", ["incident"]);
	const [isChanging, setChanging] = useState(false);
	const back = <p class="back"><a href="#/members">← {say("all_members")}</a></p>;
	if (!detail.data) return <>{back}<h1 tabIndex={-1}>{say("view_member")}</h1><Missing of={detail} /></>;
	const { member, contacts, keys, health } = detail.data;
	const sector = now.data?.sectors.find((one) => one.name === member.sector);
	return (
		<>
			{back}
			<div class="title">
				<h1 tabIndex={-1}>{member.title || member.name}</h1>
				<Mark tone={member.is_active ? "good" : "plain"}>{say(member.is_active ? "active" : "inactive")}</Mark>
			</div>
			<div class="columns">
				<Card title={say("registered")} aside={may("operator") && <button type="button" aria-expanded={isChanging} onClick={() => setChanging(!isChanging)}>{say("change")}</button>}>
					{isChanging ? <MemberForm member={member} sectors={now.data?.sectors ?? []} done={() => { setChanging(false); detail.again(); }} /> : (
						<Facts
							rows={[
								[say("member_name"), member.name],
								[say("sector"), sector ? (language.now === "ja" ? sector.ja : sector.en) : (member.sector ?? "–")],
								[say("networks"), <ul class="scope">{member.networks.map((network) => <li class="address">{network}</li>)}</ul>],
								[say("changed"), <><At at_ms={member.changed_ms} /> {member.changed_by}</>],
							]}
						/>
					)}
				</Card>
				<ContactsCard name={name} contacts={contacts} changed={detail.again} />
			</div>
			<Card title={say("health")}>
				<HealthTable rows={health} hasMember={false} />
				<p class="note">{say("lost_words")}</p>
			</Card>
			<AssetsCard name={name} />
			<Card title={say("keys_member")}>
				<Table
					caption={say("keys_member")}
					rows={keys}
					empty={say("no_key")}
					columns={[
						{ head: say("key_name"), isHead: true, cell: (row) => row.name },
						{ head: say("key_use"), cell: (row) => row.use },
						{ head: say("key"), cell: (row) => <span class="address break">{row.vkey}</span> },
					]}
				/>
			</Card>
		</>
	);
}
