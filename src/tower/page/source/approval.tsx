/* One order on one screen: what is asked, why, how wide, until when, at what cost, what silence means; and the answer. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import type { Decision, DecisionResult, OrderDetail, Related } from "../generated/api";
import { OrderState } from "./approvals";
import { Refusal, get, may, send } from "./api";
import { amount, percent, short, span } from "./format";
import { Icon, type IconName } from "./icons";
import { say } from "./language";
import { towerNow, useResource } from "./live";
import { type OrderBytes, orderBytes, ruleWords } from "./order";
import { At, Bar, Card, Countdown, Empty, Mark, Missing, Problem } from "./parts";
import { PasskeyUnused, challengeFits, passkeySign } from "./passkey";
import { useClock } from "./value";

const REASON_MAX = 200;

const Question = (props: { icon?: IconName; ask: string; tone?: string; children: ComponentChildren }): JSX.Element => (
	<section class={`question ${props.tone ?? ""}`}>
		<h2>{props.ask}</h2>
		<div>{props.children}</div>
	</section>
);

const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** Whom an order of re-identification asks for; none of any other. */
const pseudonyms = (document: Record<string, unknown>): string[] => list((document["reveal"] as Record<string, unknown> | undefined)?.["pseudonyms"]);
const number = (value: unknown): number => (typeof value === "number" ? value : 0);

function What({ detail: { order }, document }: { detail: OrderDetail; document: Record<string, unknown> }): JSX.Element {
	if (order.kind === "standing_order") {
		return (
			<>
				<p class="answer">{say("asked_standing", { requester: order.requester, n: order.rules })}</p>
				<ul class="rules">
					<li>{say("standing_actions", { words: list(document["actions"]).join(", ") })}</li>
					<li>{say("standing_kinds", { words: list(document["kinds"]).map((kind) => say(`kind_${kind}` as "kind_flood")).join(", ") })}</li>
					<li>{say("standing_effectors", { words: list(document["effectors"]).join(", ") })}</li>
				</ul>
			</>
		);
	}
	if (order.class === "reidentify") {
		return (
			<>
				<p class="answer">{say("asked_reveal", { requester: order.requester, effector: order.effector ?? "", member: order.member || say("own_site") })}</p>
				<ul class="scope">{pseudonyms(document).map((pseudonym) => <li class="address">{pseudonym}</li>)}</ul>
				<p><Mark tone="attack">{say(`class_${order.class}`)}</Mark></p>
			</>
		);
	}
	const rules = (Array.isArray(document["rules"]) ? document["rules"] : []) as Record<string, unknown>[];
	return (
		<>
			<p class="answer">{say("asked_order", { requester: order.requester, effector: order.effector ?? "", member: order.member || say("own_site") })}</p>
			<ul class="rules">{rules.map((rule) => <li>{ruleWords(rule)}</li>)}</ul>
			<p><Mark tone="plain">{say(`class_${order.class}`)}</Mark></p>
		</>
	);
}

/** How wide, and at what cost: of traffic, or of somebody's privacy. */
function Reach({ order, document }: { order: OrderDetail["order"]; document: Record<string, unknown> }): JSX.Element {
	if (order.class === "reidentify") return <Question ask={say("ask_wide")} tone="attack"><p class="answer">{say("wide_reveal", { n: pseudonyms(document).length })}</p></Question>;
	return (
		<Question ask={say("ask_wide")} tone={order.touches_protected ? "attack" : ""}>
			<ul class="scope">{list(document["scope"]).map((scope) => <li class="address">{scope}</li>)}</ul>
			<p class="note">{document["touches_protected"] === true ? say("wide_protected") : say("wide_spared")}</p>
		</Question>
	);
}

function Cost({ order }: { order: OrderDetail["order"] }): JSX.Element {
	const predicted = order.predicted;
	if (order.class === "reidentify") return <Question ask={say("ask_cost")}><p class="answer">{say("cost_reveal")}</p></Question>;
	return (
		<Question ask={say("ask_cost")}>
			<dl class="costs">
				<div><dt>{say("predicted_stops")}</dt><dd><Bar permille={predicted.stopped_permille} tone="dropped" /></dd></div>
				<div><dt>{say("predicted_cost")}</dt><dd><Bar permille={predicted.collateral_permille} tone="legit" /></dd></div>
			</dl>
			<p class="note">{say("limit_words", { share: percent(order.collateral_limit_permille) })}</p>
			{order.measured && <p class="note">{say("measured_words", { packets: amount(order.measured.stopped_packets), share: percent(order.measured.collateral_permille) })}</p>}
		</Question>
	);
}

function Questions({ detail, bytes }: { detail: OrderDetail; bytes: OrderBytes }): JSX.Element {
	useClock();
	const { order } = detail;
	const { document } = bytes;
	const [begin_ms, end_ms] = [number(document["not_before_ms"]), number(document["expires_ms"])];
	return (
		<div class="questions">
			<Question ask={say("ask_what")}><What detail={detail} document={document} /></Question>
			<Question ask={say("ask_why")}>
				<p class="answer" lang="en">{String(document["why"] ?? "")}</p>
				<p class="note">{say("basis")}: <span lang="en">{String(document["basis"] ?? "–")}</span></p>
				{order.finding !== null && <p class="note">{say("finding")} <span class="address">{short(order.finding)}</span></p>}
			</Question>
			<Reach order={order} document={document} />
			<Question ask={say("ask_until")}>
				<p class="answer"><At at_ms={end_ms} /> <small>{end_ms > towerNow() ? say("in", { span: span(end_ms - towerNow()) }) : say("over")}</small></p>
				<p class="note">{say("from")} <At at_ms={begin_ms} /> · {say("ends_itself")}</p>
			</Question>
			<Cost order={order} />
			<Question ask={say("ask_silence")} tone="warn">
				<p class="answer">{say(`silence_${detail.silence}`)}</p>
				{order.decide_by_ms !== null && <p class="marks"><Countdown at_ms={order.decide_by_ms} over={say("over")} /> <At at_ms={order.decide_by_ms} /></p>}
			</Question>
		</div>
	);
}

/** What was handed out to be signed says what the person said, about this order, or it is not signed. */
async function decisionFits(decision: Decision, digest: string, isYes: boolean, reason: string): Promise<boolean> {
	try {
		const document = JSON.parse(decision.document) as Record<string, unknown>;
		const act = String(document["document"]);
		return document["subject"] === digest && (isYes ? act === "approval" || act === "ratification" : act === "refusal") && act === decision.act &&
			document["reason"] === reason && (await challengeFits(decision.document, decision.challenge));
	} catch {
		return false;
	}
}

type Outcome = { tone: "good" | "problem"; words: string };

async function decide(digest: string, isYes: boolean, reason: string): Promise<Outcome> {
	const decision = await get<Decision>(`/orders/${digest}/decision?approve=${isYes}&reason=${encodeURIComponent(reason)}`);
	if (!(await decisionFits(decision, digest, isYes, reason))) return { tone: "problem", words: say("decision_unfit") };
	if (decision.relying_party === "") return { tone: "problem", words: say("decision_no_passkey") };
	const webauthn = await passkeySign(decision.challenge, decision.relying_party);
	const result = await send<DecisionResult>("POST", `/orders/${digest}/decision`, { document: decision.document, webauthn });
	return { tone: "good", words: say(isYes ? "approved_words" : "refused_words", { detail: result.detail }) };
}

function Answer({ detail, isChecked, again }: { detail: OrderDetail; isChecked: boolean; again: () => void }): JSX.Element {
	const [reason, setReason] = useState("");
	const [isBusy, setBusy] = useState(false);
	const [outcome, setOutcome] = useState<Outcome | null>(null);
	const [refusal, setRefusal] = useState<Refusal | null>(null);
	const id = useId();
	const { may_decide: mayDecide, order } = detail;
	const press = async (isYes: boolean): Promise<void> => {
		setBusy(true);
		setOutcome(null);
		setRefusal(null);
		try {
			setOutcome(await decide(order.digest, isYes, reason.trim()));
			again();
		} catch (error) {
			if (error instanceof PasskeyUnused) setOutcome({ tone: "problem", words: say("passkey_unused") });
			else setRefusal(error instanceof Refusal ? error : new Refusal(0, "gone", ""));
		}
		setBusy(false);
	};
	const isOpen = mayDecide.approve || mayDecide.refuse;
	return (
		<Card title={say("your_answer")} class="answer-card">
			{!may("approver") && <Empty>{say("answer_role")}</Empty>}
			{may("approver") && !isOpen && <p class="note">{say("answer_not")} <span lang="en">{mayDecide.why}</span></p>}
			{may("approver") && isOpen && !isChecked && <p class="problem" role="alert"><Icon name="alarm" />{say("not_checked")}</p>}
			{may("approver") && isOpen && (
				<form class="stack" onSubmit={(event) => event.preventDefault()}>
					<label class="field" for={id}><span>{say("reason")}</span></label>
					<textarea id={id} rows={2} maxLength={REASON_MAX} value={reason} aria-describedby={`${id}-hint`} onInput={(event) => setReason(event.currentTarget.value)} />
					<p class="note" id={`${id}-hint`}>{say("reason_words")}</p>
					<div class="row">
						<button type="button" class="primary" disabled={isBusy || !mayDecide.approve || !isChecked} onClick={() => void press(true)}><Icon name="key" />{say("approve")}</button>
						<button type="button" class="danger" disabled={isBusy || !mayDecide.refuse || !isChecked || reason.trim() === ""} onClick={() => void press(false)}><Icon name="key" />{say("refuse")}</button>
					</div>
				</form>
			)}
			<div role="status" aria-live="polite">
				{isBusy && <p class="note">{say("touch_passkey")}</p>}
				{outcome && <p class={outcome.tone === "good" ? "done" : "problem"}><Icon name={outcome.tone === "good" ? "check" : "alarm"} />{outcome.words}</p>}
			</div>
			{refusal && <Problem refusal={refusal} />}
		</Card>
	);
}

function said(document: Related): string {
	const text = (name: string): string => String(document.document[name] ?? "");
	if (document.kind === "receipt") return `${text("effector")} · ${text("state")} ${text("why")}`.trim();
	if (document.kind === "approval") return `${text("by")} (${text("role") || "–"}) ${text("reason")}`.trim();
	return text("why");
}

function documentKey(document: Related) {
	const act = document.kind === "approval" ? String(document.document["document"]) : document.kind;
	switch (act) {
		case "refusal": return "said_refusal";
		case "ratification": return "said_ratification";
		case "withdrawal": return "said_withdrawal";
		case "receipt": return "said_receipt";
		case "approval": return "said_approval";
		case "countermeasure": return "said_countermeasure";
		default: return "said_order";
	}
}

const Course = ({ detail }: { detail: OrderDetail }): JSX.Element => (
	<Card title={say("course")}>
		{detail.authority && (
			<p class="note">
				{say("authority_state", { state: detail.authority.state })}
				{detail.authority.approved_by.length > 0 && ` ${say("approved_by", { names: detail.authority.approved_by.join(", ") })}`}
				{detail.authority.waits_for.length > 0 && detail.order.is_waiting && ` ${say("waits_for", { names: detail.authority.waits_for.join(", ") })}`}
			</p>
		)}
		{detail.documents.length === 0 && <Empty>{say("nothing_yet")}</Empty>}
		<ol class="timeline">
			{detail.documents.map((document) => (
				<li class="accent">
					<span class="at"><At at_ms={document.at_ms} /></span>
					<span><b>{say(documentKey(document))}</b> <span lang="en">{said(document)}</span></span>
				</li>
			))}
		</ol>
	</Card>
);

export function ApprovalView({ digest }: { digest: string }): JSX.Element {
	const detail = useResource<OrderDetail>(`/orders/${digest}`, ["order", "receipt"]);
	const [bytes, setBytes] = useState<OrderBytes | null>(null);
	useEffect(() => {
		let isOver = false;
		if (detail.data) void orderBytes(detail.data).then((read) => !isOver && setBytes(read));
		return () => void (isOver = true);
	}, [detail.data]);
	const back = <p class="back"><a href="#/approvals">← {say("all_orders")}</a></p>;
	if (!detail.data || !bytes) return <>{back}<h1 tabIndex={-1}>{say("view_approval")}</h1><Missing of={detail} /></>;
	return (
		<>
			{back}
			<div class="title">
				<h1 tabIndex={-1}>{say("order_n", { n: short(digest) })}</h1>
				<OrderState order={detail.data.order} />
			</div>
			<Questions detail={detail.data} bytes={bytes} />
			<Answer detail={detail.data} isChecked={bytes.isChecked} again={detail.again} />
			<div class="columns">
				<Course detail={detail.data} />
				<Card title={say("exact")}>
					<p class={bytes.isChecked ? "done" : "problem"}>
						<Icon name={bytes.isChecked ? "check" : "alarm"} />
						{bytes.isChecked ? say("exact_checked") : say("not_checked")}
					</p>
					<p class="address break">{digest}</p>
					{bytes.signers.length > 0 && <p class="note">{say("signed_by", { names: bytes.signers.join(", ") })}</p>}
					<details><summary>{say("authority_words")}</summary><pre lang="en" tabIndex={0}>{detail.data.words.join("\n") || "–"}</pre></details>
					<details><summary>{say("document")}</summary><pre lang="en" tabIndex={0}>{JSON.stringify(bytes.document, null, 2)}</pre></details>
				</Card>
			</div>
		</>
	);
}
