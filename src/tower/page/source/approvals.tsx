/* What waits for people's answers, and what they answered. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { OrderSummary } from "../generated/api";
import { percent } from "./format";
import { say } from "./language";
import { usePages } from "./pages";
import { At, Card, Choice, Countdown, Mark, Missing, Table, type Tone } from "./parts";

const STATES = ["waiting", "in_force", "over", "all"] as const;
const TONES: Record<OrderSummary["state"], Tone> = { waiting: "warn", active: "accent", ended: "plain", refused: "attack", withdrawn: "plain", expired: "plain" };

export const OrderState = ({ order }: { order: OrderSummary }): JSX.Element => (
	<span class="marks">
		<Mark tone={TONES[order.state]}>{say(`order_${order.state}`)}</Mark>
		{order.is_urgent && <Mark tone="attack" icon="alarm">{say("urgent")}</Mark>}
		{order.touches_protected && <Mark tone="attack">{say("protected")}</Mark>}
	</span>
);

export function ApprovalsView(): JSX.Element {
	const [state, setState] = useState<(typeof STATES)[number]>("waiting");
	const { first, rows, More } = usePages<OrderSummary>(`/orders?state=${state}`, ["order", "receipt"], (row) => row.digest);
	return (
		<>
			<h1 tabIndex={-1}>{say("view_approvals")}</h1>
			<Card title={say(`orders_${state}`)} aside={<Choice label={say("which")} names={STATES} words={(name) => say(`orders_${name}`)} chosen={state} choose={setState} />}>
				{!first.data ? <Missing of={first} /> : (
					<Table
						caption={say("view_approvals")}
						rows={rows}
						empty={state === "waiting" ? say("nothing_waits") : say("no_order")}
						columns={[
							{
								head: say("asked"),
								isHead: true,
								cell: (row) => (
									<a href={`#/approvals/${row.digest}`}>
										<b>{row.kind === "standing_order" ? say("standing_order") : say(`class_${row.class}`)}</b>
										<small>{[row.member, row.scope.slice(0, 2).join(", ")].filter(Boolean).join(" · ")}</small>
									</a>
								),
							},
							{ head: say("why"), cell: (row) => <span class="why" lang="en">{row.why}</span> },
							{ head: say("state"), cell: (row) => <OrderState order={row} /> },
							{ head: say("stops_costs"), cell: (row) => (row.class === "reidentify" ? "–" : `${percent(row.predicted.stopped_permille)} / ${percent(row.predicted.collateral_permille)}`), isNumber: true },
							{
								head: state === "waiting" ? say("answer_within") : say("ends"),
								cell: (row) => (row.decide_by_ms !== null ? <Countdown at_ms={row.decide_by_ms} over={say("over")} /> : <At at_ms={row.expires_ms} />),
							},
						]}
					/>
				)}
				<More />
			</Card>
		</>
	);
}
