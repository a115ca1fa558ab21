/*
 * What signatures compare: up to 16 bytes of a UDP payload under a mask,
 * which is what XDP and nftables can both test without a loop. Each row is
 * wider than the decoder's check of the same name, but for ssdp (answers
 * alone), quic_initial (version 1 alone) and dvr_dhcpdiscover (newer devices).
 */
#include "record/rule.h"

#define LOOK(...) {__VA_ARGS__}

const struct rule_pattern rule_signatures[RULE_SIGNATURE_COUNT] = {
	[RULE_SIGNATURE_NONE] = {.name = "none"},
	[RULE_SIGNATURE_BACNET] = {"bacnet", LOOK(0xff, 0xf0), LOOK(0x81, 0x00)}, /* ASHRAE 135 annex J.2 */
	[RULE_SIGNATURE_CLDAP] = {"cldap", LOOK(0xff), LOOK(0x30)}, /* RFC 4511: a BER sequence */
	/* RFC 1035 section 4.1.1: QR, Z, one question, no answer. */
	[RULE_SIGNATURE_DNS_QUERY] = {"dns_query", LOOK(0, 0, 0x80, 0x40, 0xff, 0xff, 0xff, 0xff),
		LOOK(0, 0, 0, 0, 0, 1, 0, 0)},
	[RULE_SIGNATURE_DNS_RESPONSE] = {"dns_response", LOOK(0, 0, 0x80, 0x40, 0xff, 0xfe), LOOK(0, 0, 0x80)},
	[RULE_SIGNATURE_DTLS] = {"dtls", LOOK(0xfc, 0xff, 0xfd), LOOK(0x14, 0xfe, 0xfd)}, /* RFC 6347 section 4.1 */
	[RULE_SIGNATURE_DVR_DHCPDISCOVER] = {"dvr_dhcpdiscover", LOOK(0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff),
		LOOK(0, 0, 0, 0, 'D', 'H', 'I', 'P')},
	[RULE_SIGNATURE_GAME] = {"game", LOOK(0xff, 0xff, 0xff, 0xff), LOOK(0xff, 0xff, 0xff, 0xff)},
	/* memcached's protocol.txt, "UDP protocol": the last word of the frame header is zero. */
	[RULE_SIGNATURE_MEMCACHED] = {"memcached", LOOK(0, 0, 0, 0, 0, 0, 0xff, 0xff), LOOK(0)},
	[RULE_SIGNATURE_MSSQL] = {"mssql", LOOK(0xff), LOOK(0x05)}, /* [MC-SQLR] section 2.2.5 */
	[RULE_SIGNATURE_NTP_CONTROL] = {"ntp_control", LOOK(0x07, 0x80), LOOK(0x06, 0x80)}, /* RFC 9327: an answer */
	[RULE_SIGNATURE_NTP_PRIVATE] = {"ntp_private", LOOK(0x87), LOOK(0x87)},
	[RULE_SIGNATURE_QUIC_INITIAL] = {"quic_initial", LOOK(0xf0, 0xff, 0xff, 0xff, 0xff), LOOK(0xc0, 0, 0, 0, 1)},
	[RULE_SIGNATURE_SNMP] = {"snmp", LOOK(0xff), LOOK(0x30)}, /* RFC 3416: a BER sequence */
	[RULE_SIGNATURE_SSDP] = {"ssdp", LOOK(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		LOOK('H', 'T', 'T', 'P', '/', '1', '.')},
	/* RFC 8489 section 5: two zero bits, magic cookie. */
	[RULE_SIGNATURE_STUN] = {"stun", LOOK(0xc0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff), LOOK(0, 0, 0, 0, 0x21, 0x12, 0xa4, 0x42)},
	[RULE_SIGNATURE_TP240] = {"tp240", LOOK(0xff, 0xff, 0xff, 0xff), LOOK('c', 'a', 'l', 'l')},
	[RULE_SIGNATURE_VSE] = {"vse",
		LOOK(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		LOOK(0xff, 0xff, 0xff, 0xff, 'T', 'S', 'o', 'u', 'r', 'c', 'e', ' ', 'E', 'n', 'g', 'i')},
	[RULE_SIGNATURE_WS_DISCOVERY] = {"ws_discovery", LOOK(0xff), LOOK('<')},
};

unsigned rule_signature_bytes(enum rule_signature signature)
{
	unsigned count = RULE_LOOK_BYTES;
	while (count > 0 && rule_signatures[signature].mask[count - 1] == 0)
		count--;
	return count;
}
