/* What the view of exercises says, beside texts.ts: it comes with that view, and not with the first load. */
import type { ExerciseEvent } from "../generated/api";
import { fill, language } from "./language";

type Row = readonly [japanese: string, english: string];

export const exerciseTexts = {
	words: ["閉じた仮想ネットワークの中で攻撃を再現し、検知から遮断、証明までを確かめます。", "Attacks are played in closed networks of the machine's own: seen, ordered, stopped, proven."],
	apart: ["演習の事案や台帳は演習の中だけのもので、この画面の他の表示には混ざりません。", "Incidents and ledger of an exercise stay within it; nothing of it mixes with what the other views show."],
	here: ["この画面は演習専用の管制サーバーのものです。事案、承認、台帳も演習の内容です。", "This tower is the exercise's own: incidents, approvals and ledger here are of the exercise."],
	none: ["この管制サーバーには演習の実行役がありません。設定の exercise で指定するか、端末で hinomi exercise run を実行してください。", "Nobody plays exercises for this tower: the option exercise of its configuration names who does; or use hinomi exercise run on a terminal."],
	silent: ["演習の実行役が応答していません。以下は最後に聞いた内容です。", "Whoever plays exercises does not answer; what follows was heard last."],
	scenarios: ["シナリオ", "Scenarios"],
	scenario: ["シナリオ", "Scenario"],
	no_scenario: ["演習は用意されていません。", "No exercise is available."],
	takes: ["長さ", "Takes"],
	last: ["前回", "Last time"],
	never: ["まだ実施されていません", "not yet"],
	start: ["開始", "Start"],
	start_of: ["開始:「{name}」", "Start {name}"],
	start_role: ["開始できるのは運用者と分析者です。", "Operators and analysts can start one."],
	stop: ["中止", "Stop"],
	now: ["いまの演習", "The exercise now"],
	latest: ["最新の演習", "The last exercise"],
	partly: ["誤りあり", "not all right"],
	results: ["これまでの結果", "Results so far"],
	waiting: ["準備中", "being set up"],
	running: ["実施中", "running"],
	done: ["終了", "done"],
	failed: ["中断", "ended early"],
	failed_words: ["演習は最後まで行われませんでした。", "The exercise did not come to its end."],
	happened: ["起きたこと", "What happened"],
	nothing_yet: ["まだ何も起きていません。", "Nothing has happened yet."],
	served: ["応答できた要求(毎秒)", "Requests served, each second"],
	served_summary: ["正規の利用者 {of} 件の要求のうち、直近では Hinomi ありで {with} 件に応答。", "Of {of} requests of legitimate clients, {with} were served with Hinomi in the last second."],
	lost: ["このほか {n} 件は記録の上限を超えました。", "{n} more did not fit into the record."],
	score: ["結果", "Score"],
	with: ["Hinomi あり", "With Hinomi"],
	without: ["Hinomi なし", "Without"],
	served_n: ["{of} 件の要求のうち {n} 件に応答", "{n} of {of} requests served"],
	attack: ["攻撃", "Attack"],
	decision: ["判断", "Decision"],
	found_after: ["検知", "Found after"],
	rule_after: ["遮断開始", "Rule after"],
	gone_after: ["解除", "Gone after"],
	leak: ["漏れ", "Leak"],
	cost: ["巻き添え", "Cost"],
	judged: ["判定", "Judged"],
	right: ["正しい", "right"],
	wrong: ["誤り", "wrong"],
	unjudged: ["判定なし", "not judged"],
	no_attacks: ["このシナリオに攻撃はありません。", "This scenario has no attack."],
	mail: ["標的型メール", "Targeted mails"],
	no_mail: ["メールは再生されませんでした。", "No mail was played:"],
	mail_aimed: ["標的宛て {of} 通のうち {n} 通に印", "{n} of {of} aimed at the member tagged"],
	mail_others: ["通常のメール {of} 通のうち {n} 通に印", "{n} of {of} ordinary ones tagged"],
	mail_delivered: ["{of} 通のうち {n} 通が届いた", "{n} of {of} delivered"],
	mail_unread: ["{n} 通は読めずに通過", "{n} passed unread"],
	sums: ["判定の内訳", "Judged right, wrong, not at all"],
	ledger: ["台帳の検証", "Ledger verified"],
	verified: ["正しい", "right"],
	not_verified: ["正しくない", "not right"],
	troubles: ["演習自体の問題", "Troubles of the exercise"],
	join: ["参加する", "Take part"],
	join_words: ["この演習には、画面で承認を待つ要請があります。はじまる前にパスキーを作ると、演習のポリシーがあなたを当直(guest)として知り、承認できるようになります。", "This exercise has an order that waits for approval on this page. With a passkey made before it begins, its policy knows you as guest, on duty, and you can approve."],
	join_until: ["開始まで", "It begins in"],
	join_over: ["開始します", "now"],
	join_button: ["パスキーを作って参加", "Make a passkey and take part"],
	joined: ["参加しました。演習がはじまるとログアウトされます。アカウント名 guest とパスキーでログインし直し、「承認」で要請を待ってください。", "You take part. When the exercise begins you are signed out: sign in as guest with the passkey, and wait for the order under Approvals."],
	join_failed: ["パスキーを作れませんでした。もう一度お試しください。", "No passkey was made. Please try again."],
	decision_standing: ["常設命令", "standing order"],
	decision_approved: ["承認", "approved"],
	decision_refused: ["拒否", "refused"],
	decision_ratified: ["緊急・追認", "urgent, ratified"],
	decision_lapsed: ["緊急・失効", "urgent, lapses"],
	decision_page: ["画面で承認", "at this page"],
} as const satisfies Record<string, Row>;

export const newsTexts: Record<ExerciseEvent["news"], Row> = {
	trouble: ["演習の問題", "trouble of the exercise"],
	first_packet: ["攻撃の最初のパケット", "first packet of the attack"],
	found: ["検知", "found"],
	changes: ["攻撃が変化", "the attack changes"],
	over: ["攻撃の終わりを検知", "seen to be over"],
	asked: ["要請が承認を待つ", "an order waits for approvals"],
	ordered: ["命令", "an order is made"],
	in_force: ["遮断開始", "a rule is in force"],
	refused: ["要請は拒否", "the order is refused"],
	ratified: ["追認", "ratified"],
	lapsed: ["追認されず失効", "not ratified: it has lapsed"],
	gone: ["命令は終了", "the order has ended"],
	well: ["利用者は平常に戻る", "clients are well again"],
};

export const scenarioTexts: Record<string, Row> = {
	burst: ["短時間の集中攻撃", "Short bursts"],
	carpet: ["絨毯爆撃型の攻撃", "Carpet bombing"],
	"carpet-small": ["小規模な絨毯爆撃型の攻撃", "A small carpet"],
	changing: ["手口を変え続ける攻撃", "Vectors that change"],
	"december-26": ["12月26日の攻撃", "The floods of 26 December"],
	"flash-crowd": ["アクセス集中(攻撃ではない)", "A flash crowd, no attack"],
	"multi-vector": ["複数の手口の同時攻撃", "Several vectors at once"],
	"one-flood": ["ひとつのフラッド", "One flood"],
	"port-carpet": ["全ポートへの攻撃", "A carpet of ports"],
	pulse: ["脈動する攻撃", "A pulse wave"],
	quiet: ["平穏な一日(攻撃なし)", "A quiet day, no attack"],
	ramp: ["ゆっくり強まる攻撃", "A slow ramp"],
	speedtest: ["速度測定(攻撃ではない)", "A speed test, no attack"],
	stomp: ["接続を装う攻撃", "A flood after true handshakes"],
};

export type ExerciseKey = keyof typeof exerciseTexts;
const of = ([japanese, english]: Row): string => (language.now === "ja" ? japanese : english);

export const tell = (key: ExerciseKey, parts: Record<string, string | number> = {}): string => fill(of(exerciseTexts[key]), parts);
export const newsWords = (news: ExerciseEvent["news"]): string => of(newsTexts[news]);
/** A scenario's name for people; one that is not known here is called as its file. */
export const scenarioWords = (name: string): string => (scenarioTexts[name] ? of(scenarioTexts[name]) : name);
export const decisionWords = (name: string): string => (`decision_${name}` in exerciseTexts ? tell(`decision_${name}` as ExerciseKey) : name);
