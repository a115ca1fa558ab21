/* Amounts, times and names as people read them, in the page's language. */
import { language, say } from "./language";
import type { TextKey } from "./texts";

const STEPS = ["", "k", "M", "G", "T", "P"];

/** Three digits and a prefix: 412 k, 2.90 G. */
export function amount(value: number, unit = ""): string {
	let step = 0;
	while (Math.abs(value) >= 999.5 && step < STEPS.length - 1) {
		value /= 1000;
		step++;
	}
	const digits = step === 0 ? 0 : Math.abs(value) >= 99.95 ? 0 : Math.abs(value) >= 9.995 ? 1 : 2;
	return `${value.toFixed(digits)} ${STEPS[step] ?? ""}${unit}`.trimEnd();
}

export const pps = (value: number): string => amount(value, "pps");
export const bps = (value: number): string => amount(value, "bps");
export const count = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ",");
export const percent = (permille: number): string => `${(permille / 10).toFixed(permille === 1000 ? 0 : 1)} %`;

const two = (value: number): string => String(value).padStart(2, "0");

/* Local time in the order of ISO 8601, which nobody misreads. Written here: the browser's own formats take long to set up. */
export function clockTime(ms: number): string {
	const date = new Date(ms);
	return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export function dateTime(ms: number): string {
	const date = new Date(ms);
	return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clockTime(ms)}`;
}

/** The time alone where it is of today. */
export const when = (ms: number, now: number): string => (now - ms < 20 * 3600_000 && now >= ms - 60_000 ? clockTime(ms) : dateTime(ms));

/** A span of time in its two largest units: "3 min 20 s". */
export function span(ms: number): string {
	const seconds = Math.max(0, Math.floor(ms / 1000));
	const [days, hours, minutes, rest] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
	const parts: [number, TextKey][] = [[days, "unit_d"], [hours, "unit_h"], [minutes, "unit_min"], [rest, "unit_s"]];
	const first = parts.findIndex(([value]) => value > 0);
	if (first < 0) return say("unit_s", { n: 0 });
	return parts.slice(first, first + 2).filter(([value]) => value > 0).map(([value, key]) => say(key, { n: value })).join(" ");
}

export const ago = (ms: number, now: number): string => (now - ms < 1500 ? say("just_now") : say("ago", { span: span(now - ms) }));

const UPPER = /^(syn|ack|psh|rst|fin|urg|ece|cwr|tcp|udp|dns|ntp|sip|vse|quic|dtls|radius|dhcp|vpn|icmp|icmpv6|gre|esp|ah|igmp|sctp|ip|ipv6|qotd|tftp|snmp|xdmcp|cldap|slp|ssdp|rip|ssh|http|https|coap|mdns|ws|ldap|rdp|stun|arms|l2tp|sentinel)$/;
const JAPANESE: Record<string, string> = {
	flood: "フラッド", reflection: "リフレクション", attack: "攻撃", fragment: "断片", connection: "接続", request: "要求", middlebox: "中間装置",
	random: "無作為", protocol: "プロトコル", other: "その他の", empty: "空", fixed: "固定", length: "長", query: "問合せ", payload: "ペイロード付き",
};

/** "syn_ece_cwr_flood" as "SYN ECE CWR flood", or in Japanese; doc/vectors.md explains each. */
export function vectorName(name: string): string {
	const words = name.split("_").map((word) => (UPPER.test(word) ? word.toUpperCase() : language.now === "ja" ? (JAPANESE[word] ?? word) : word));
	const text = words.join(" ");
	return text.charAt(0).toUpperCase() + text.slice(1);
}

const countries = new Map<string, Intl.DisplayNames>();

/** The country's name, or that it is not known. */
export function countryName(code: string): string {
	const names = countries.get(language.now) ?? new Intl.DisplayNames([language.now], { type: "region" });
	countries.set(language.now, names);
	try {
		return (code !== "" && names.of(code)) || say("unknown");
	} catch {
		return code;
	}
}

export const short = (digest: string): string => digest.slice(0, 8);
