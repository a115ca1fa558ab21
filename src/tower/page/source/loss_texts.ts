/* Reasons of losses that an authority or an effector tells of, in words; a reason that ends in _s is a time. */

export const lossTexts: Partial<Record<string, readonly [japanese: string, english: string]>> = {
	clients_refused: ["断った接続", "connections refused"],
	clients_cut: ["途中で切れた接続", "connections cut short"],
	lines_refused: ["断った文書や問い合わせ", "documents and questions refused"],
	effectors_gone: ["実施装置との切断", "effectors gone"],
	orders_refused: ["実施装置が断った命令", "orders refused"],
	journal_failures: ["ジャーナルの書き込み失敗", "journal not written"],
	place_failures: ["カーネルへの適用・読み戻しの失敗", "kernel did not take it, or read back otherwise"],
	rules_lost: ["消えていて戻した規則", "rules gone and put back"],
	withdrawn_forgotten: ["古い撤回の記憶", "old withdrawals forgotten"],
	receipts: ["受領書", "receipts"],
	strangers: ["許可のない接続", "strangers turned away"],
	lines_too_long: ["長すぎる行", "lines too long"],
	findings: ["検知結果", "findings"],
	health: ["稼働報告", "words of health"],
	ring_full: ["リング満杯", "ring full"],
	waits_for_clock_s: ["時計の確認待ち", "waits for the clock"],
	journal_behind_s: ["ジャーナルの遅れ", "journal behind"],
	place_behind_s: ["カーネルの規則の遅れ", "kernel behind"],
};
