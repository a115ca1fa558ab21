/* Accounts: who may sign in and do what; an operator makes, changes and switches them off. A token is shown once. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Account, AccountMade, AccountPut } from "../generated/api";
import { may, send, session } from "./api";
import { say } from "./language";
import { TextField } from "./member";
import { usePages } from "./pages";
import { At, Card, Doing, Mark, Missing, Table } from "./parts";

type Role = Account["roles"][number];
const ROLES: Role[] = ["operator", "analyst", "approver", "inspector", "reader", "sender"];
const NAME = "[a-z0-9][a-z0-9._\\-]{0,62}";

const put = (name: string, body: AccountPut): Promise<AccountMade> => send<AccountMade>("PUT", `/accounts/${encodeURIComponent(name)}`, body);

function AccountForm({ account, done }: { account: Account | null; done: (made: AccountMade) => void }): JSX.Element {
	const [name, setName] = useState(account?.name ?? "");
	const [roles, setRoles] = useState<Role[]>(account?.roles ?? ["reader"]);
	const [member, setMember] = useState(account?.member ?? "");
	const [isActive, setActive] = useState(account?.is_active ?? true);
	const [isNew, setNew] = useState(account === null);
	const isSender = roles.includes("sender");
	const save = async (): Promise<void> => done(await put(name, { roles, member: isSender ? member : "", is_active: isActive, new_token: isNew }));
	const isWhole = new RegExp(`^${NAME}$`).test(name) && roles.length > 0 && (!isSender || (member !== "" && roles.length === 1));
	return (
		<form class="form" onSubmit={(event) => event.preventDefault()}>
			{account === null && <TextField label={say("account")} value={name} set={setName} pattern={NAME} />}
			<fieldset class="ticks">
				<legend>{account === null ? say("roles") : say("roles_of", { name })}</legend>
				{ROLES.map((role) => (
					<label class="tick">
						<input type="checkbox" checked={roles.includes(role)} onChange={(event) => setRoles(ROLES.filter((one) => (one === role ? event.currentTarget.checked : roles.includes(one))))} /> {say(`role_${role}`)}
					</label>
				))}
			</fieldset>
			{isSender && <TextField label={say("speaks_for")} value={member} set={setMember} />}
			<label class="tick"><input type="checkbox" checked={isActive} onChange={(event) => setActive(event.currentTarget.checked)} /> {say("may_sign_in")}</label>
			<label class="tick"><input type="checkbox" checked={isNew} onChange={(event) => setNew(event.currentTarget.checked)} /> {say("new_token")}</label>
			<Doing label={say("save")} class="primary" act={save} isOff={!isWhole} />
			{isSender && roles.length > 1 && <p class="note">{say("sender_alone")}</p>}
		</form>
	);
}

/** What is shown once: nobody can ask for it again. */
const Token = ({ made, close }: { made: AccountMade; close: () => void }): JSX.Element => (
	<div class="note warn" role="status">
		<p>{say("token_once", { name: made.account.name })}</p>
		<p><output class="address break">{made.token}</output></p>
		<button type="button" onClick={close}>{say("close")}</button>
	</div>
);

export function AccountsCard(): JSX.Element {
	const accounts = usePages<Account>("/accounts", [], (row) => row.name);
	const [open, setOpen] = useState<string | null>(null); /* the account that is changed; "": a new one */
	const [made, setMade] = useState<AccountMade | null>(null);
	const done = (answer: AccountMade): void => {
		setOpen(null);
		setMade(answer.token === null ? null : answer);
		accounts.first.again();
	};
	const toggle = (row: Account) => async (): Promise<void> => done(await put(row.name, { roles: row.roles, member: row.member, is_active: !row.is_active, new_token: false }));
	const isOperator = may("operator");
	const changing = accounts.rows.find((row) => row.name === open) ?? null;
	const change = (row: Account): JSX.Element => (
		<span class="row">
			<button type="button" aria-expanded={open === row.name} onClick={() => setOpen(open === row.name ? null : row.name)}>{say("change")}</button>
			{row.name !== session.now?.name && <Doing label={say(row.is_active ? "switch_off" : "switch_on")} act={toggle(row)} />}
		</span>
	);
	return (
		<Card title={say("accounts")} aside={isOperator && <button type="button" aria-expanded={open === ""} onClick={() => setOpen(open === "" ? null : "")}>{say("new_account")}</button>}>
			{made && <Token made={made} close={() => setMade(null)} />}
			{isOperator && open !== null && (open === "" || changing) && <AccountForm key={open} account={changing} done={done} />}
			{!accounts.first.data ? <Missing of={accounts.first} /> : (
				<Table
					caption={say("accounts")}
					rows={accounts.rows}
					empty={say("nothing_yet")}
					columns={[
						{ head: say("account"), isHead: true, cell: (row) => <><b>{row.name}</b><small>{row.member || say("own_site")}</small></> },
						{ head: say("roles"), cell: (row) => row.roles.map((role) => say(`role_${role}`)).join(", ") },
						{ head: say("state"), cell: (row) => (row.is_active ? <Mark tone="good" icon="check">{say("active")}</Mark> : <Mark tone="plain">{say("inactive")}</Mark>) },
						{ head: say("token"), cell: (row) => say(row.has_token ? "token_there" : "token_none") },
						{ head: say("changed"), cell: (row) => <At at_ms={row.changed_ms} /> },
						...(isOperator ? [{ head: say("change"), cell: change }] : []),
					]}
				/>
			)}
			<accounts.More />
		</Card>
	);
}
