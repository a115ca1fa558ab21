/* Amounts, times and names as people read them; prefixes; what an order's exact bytes say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { OrderDetail } from "../generated/api";
import { fromBase64, fromBase64url } from "../source/bytes";
import { amount, bps, countryName, percent, span, vectorName } from "../source/format";
import { language } from "../source/language";
import { covers } from "../source/network";
import { orderBytes, ruleWords } from "../source/order";
import { challengeFits } from "../source/passkey";
import { Scene } from "./scene";

test("amounts keep three digits", () => {
	assert.deepEqual([0, 999, 1000, 9994, 99_940, 999_499, 999_500, 2_900_000_000].map((value) => amount(value)), ["0", "999", "1.00 k", "9.99 k", "99.9 k", "999 k", "1.00 M", "2.90 G"]);
	assert.equal(bps(4_850_000_000), "4.85 Gbps");
	assert.deepEqual([0, 1, 985, 1000].map(percent), ["0.0 %", "0.1 %", "98.5 %", "100 %"]);
});

test("spans name their two largest units, in both languages", () => {
	language.now = "en";
	assert.deepEqual([0, 59_999, 60_000, 3_725_000, 90_000_000, -5].map(span), ["0 s", "59 s", "1 min", "1 h 2 min", "1 d 1 h", "0 s"]);
	language.now = "ja";
	assert.equal(span(200_000), "3 分 20 秒");
});

test("vectors and countries have names in both languages", () => {
	language.now = "en";
	assert.deepEqual([vectorName("syn_ece_cwr_flood"), vectorName("udp_reflection_4242"), countryName("IN"), countryName("")], ["SYN ECE CWR flood", "UDP reflection 4242", "India", "unknown"]);
	language.now = "ja";
	assert.deepEqual([vectorName("ntp_reflection"), countryName("IN")], ["NTP リフレクション", "インド"]);
});

test("a prefix covers what lies within it, of its own family", () => {
	for (const [outer, inner] of [["192.0.2.0/24", "192.0.2.10"], ["192.0.2.10", "192.0.2.10"], ["2001:db8::/32", "2001:db8:1::/48"], ["::/0", "2001:db8::1"], ["0.0.0.0/0", "192.0.2.1"]] as const) assert.ok(covers(outer, inner), `${outer} ${inner}`);
	for (const [outer, inner] of [["192.0.2.0/25", "192.0.2.200"], ["192.0.2.10", "192.0.2.0/24"], ["0.0.0.0/0", "2001:db8::1"], ["2001:db8::/33", "2001:db8:8000::1"], ["192.0.2.0/40", "192.0.2.1"], ["x", "192.0.2.1"], ["1:2::3::4/8", "::1"]] as const) assert.ok(!covers(outer, inner), `${outer} ${inner}`);
});

test("an order is shown from the bytes that its digest covers, or as not checked", async () => {
	const detail = new Scene("busy").orders.at(-1) as OrderDetail;
	const right = await orderBytes(detail);
	assert.deepEqual([right.isChecked, right.document, right.signers], [true, detail.document, ["authority.example"]]);
	const changed = await orderBytes({ ...detail, note: (detail.note ?? "").replace("telecom", "another") });
	assert.deepEqual([changed.isChecked, changed.document], [false, detail.document]);
	assert.equal((await orderBytes({ ...detail, note: null })).isChecked, false);
});

test("rules are told in words", () => {
	language.now = "en";
	assert.equal(ruleWords({ action: "drop", destination: "192.0.2.10", length_bytes: [468, 468], protocol: 17, signature: "ntp_private", source_ports: [123, 123] }), "drop UDP, from port 123, that looks like ntp_private, 468 bytes long, to 192.0.2.10");
	assert.equal(ruleWords({ action: "limit", limit: { per: "source", pps: 20 }, destination: "192.0.2.10", protocol: 6, destination_ports: [443, 444] }), "limit (per:source,pps:20) TCP, to port 443–444, to 192.0.2.10");
});

test("a challenge is that of the document's line, and of no other", async () => {
	assert.ok(await challengeFits("{}", "yj0WO6sFU4GCciYUBWjzvvfqrBh869doeOC2Pp5EI1Y"));
	assert.ok(!(await challengeFits("{ }", "yj0WO6sFU4GCciYUBWjzvvfqrBh869doeOC2Pp5EI1Y")));
});

test("base64 is read in its one form", () => {
	assert.equal(fromBase64("AAE=")?.length, 2);
	for (const bad of ["AAE", "AAF=", "A", "AA=E", "AAE=\n"]) assert.equal(fromBase64(bad), null, bad);
	assert.equal(fromBase64url("-_8")?.length, 2);
});
