/*
 * Classic BPF (Documentation/networking/filter.rst) that returns how many
 * bytes of a packet are kept, counted from its first:
 *
 *   TCP                       to the end of its header, as its data offset says
 *   UDP                       header and SIGNATURE_LOOK_BYTES of payload
 *   ICMP, ICMPv6 errors       header and the quoted IP header with 8 bytes behind it (RFC 792, RFC 4443)
 *   later IPv4 fragments      to the end of the IP header
 *   other IP protocols        the first 16 bytes behind the IP header
 *   tunnels, MPLS, PPPoE, three tags, IPv6 extension headers
 *                             CUT_BYTES in all: up to that, bytes of an inner payload may be among them
 *   what is not IP            22 bytes: the Ethernet header with two tags
 *
 * So nothing that TCP, ICMP echo or a fragment carries ever enters, and of
 * UDP the first bytes, which decode/signature.c turns into a name. The
 * packets stay in a ring that only this process maps.
 *
 * A load past the end of a packet would drop it uncounted, so each one has a
 * length check before it. X is the offset of the network header, then that of
 * the transport header. A WHEN jumps over what it guards, whose length the
 * compiler counts.
 */
#include "sensor/cut.h"

#include <linux/filter.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "decode/observation.h"
#include "decode/signature.h"
#include "sensor/input.h"

#define CUT_BYTES INPUT_HEADER_BYTES
#define OTHER_BYTES 16
#define NOT_IP_BYTES 22
#define ICMP_ERROR_BYTES (8 + 60 + 8)
#define ICMPV6_ERROR_BYTES (8 + 40 + 8)
#define MOBILITY_HEADER 135 /* IPv6 extension headers of the IANA registry that decode does not name */
#define HOST_IDENTITY 139
#define SHIM6 140

#define LOAD_LENGTH BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0)
#define LOAD_PROTOCOL BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL))
#define LOAD_RANDOM BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM))
#define MODULO(value) BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, value)
#define LOAD_U16(at) BPF_STMT(BPF_LD | BPF_H | BPF_ABS, at)
#define LOAD_X_U8(at) BPF_STMT(BPF_LD | BPF_B | BPF_IND, at)
#define LOAD_X_U16(at) BPF_STMT(BPF_LD | BPF_H | BPF_IND, at)
#define SET_X(value) BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, value)
#define X_TO_A BPF_STMT(BPF_MISC | BPF_TXA, 0)
#define A_TO_X BPF_STMT(BPF_MISC | BPF_TAX, 0)
#define STORE(slot) BPF_STMT(BPF_ST, slot)
#define LOAD(slot) BPF_STMT(BPF_LD | BPF_W | BPF_MEM, slot)
#define AND(value) BPF_STMT(BPF_ALU | BPF_AND | BPF_K, value)
#define SHIFT_LEFT(bits) BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, bits)
#define SHIFT_RIGHT(bits) BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, bits)
#define ADD(value) BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, value)
#define ADD_X BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0)
#define SUBTRACT_X BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0)
#define KEEP(bytes) BPF_STMT(BPF_RET | BPF_K, bytes)
#define KEEP_A BPF_STMT(BPF_RET | BPF_A, 0)
#define LENGTH(...) (sizeof((struct sock_filter[]){__VA_ARGS__}) / sizeof(struct sock_filter))
#define SKIP(...) BPF_STMT(BPF_JMP | BPF_JA, LENGTH(__VA_ARGS__))
#define WHEN(value, ...) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, LENGTH(__VA_ARGS__)), __VA_ARGS__
#define WHEN_NOT(value, ...) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, LENGTH(__VA_ARGS__), 0), __VA_ARGS__
#define WHEN_EITHER(one, other, ...) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, one, 1, 0), WHEN(other, __VA_ARGS__)
#define WHEN_BELOW(value, ...) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, value, LENGTH(__VA_ARGS__), 0), __VA_ARGS__
#define WHEN_BELOW_X(...) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_X, 0, LENGTH(__VA_ARGS__), 0), __VA_ARGS__
#define WHEN_BITS(value, ...) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, value, 0, LENGTH(__VA_ARGS__)), __VA_ARGS__
#define KEEP_X_AND(bytes) X_TO_A, ADD(bytes), KEEP_A
#define KEEP_SHORT(bytes) LOAD_LENGTH, WHEN_BELOW_X(KEEP_A), SUBTRACT_X, WHEN_BELOW(bytes, KEEP_X_AND(bytes))

/* Leaves the ethertype in A and the network header's offset in X; steps over two tags. */
static const struct sock_filter ethernet[] = {
	LOAD_LENGTH,
	WHEN_BELOW(NOT_IP_BYTES, KEEP(NOT_IP_BYTES)),
	SET_X(14),
	LOAD_U16(12),
	WHEN_EITHER(0x8100, 0x88a8, SET_X(18), LOAD_U16(16)),
	WHEN_EITHER(0x8100, 0x88a8, SET_X(22), LOAD_U16(20)),
};

/* The same where there is no link header. */
static const struct sock_filter raw_ip[] = {
	SET_X(0),
	LOAD_PROTOCOL,
};

enum scratch { SCRATCH_HEADER = 0, SCRATCH_PROTOCOL = 1 };

/* RFC 791 section 3.1. Leaves the transport header's offset in X and its protocol in the scratch memory. */
#define IPV4_HEADER \
	KEEP_SHORT(20), LOAD_X_U8(9), STORE(SCRATCH_PROTOCOL), \
	LOAD_X_U8(0), AND(0x0f), SHIFT_LEFT(2), STORE(SCRATCH_HEADER), WHEN_BELOW(20, KEEP_X_AND(20)), \
	LOAD_X_U16(6), WHEN_BITS(0x1fff, LOAD(SCRATCH_HEADER), ADD_X, KEEP_A), \
	LOAD(SCRATCH_HEADER), ADD_X, A_TO_X

/* RFC 8200 section 3. The same. */
#define IPV6_HEADER KEEP_SHORT(40), LOAD_X_U8(6), STORE(SCRATCH_PROTOCOL), X_TO_A, ADD(40), A_TO_X

static const struct sock_filter network[] = {
	WHEN(0x8100, KEEP(CUT_BYTES)),
	WHEN(0x88a8, KEEP(CUT_BYTES)),
	WHEN(0x9100, KEEP(CUT_BYTES)),
	WHEN(0x8847, KEEP(CUT_BYTES)),
	WHEN(0x8848, KEEP(CUT_BYTES)),
	WHEN(0x8864, KEEP(CUT_BYTES)),
	WHEN(0x86dd, IPV6_HEADER, SKIP(WHEN_NOT(0x0800, KEEP(NOT_IP_BYTES)), IPV4_HEADER)),
	WHEN_NOT(0x0800, KEEP(NOT_IP_BYTES)),
	IPV4_HEADER,
};

#define TCP_DATA_OFFSET LOAD_X_U8(12), AND(0xf0), SHIFT_RIGHT(2)

static const struct sock_filter transport[] = {
	LOAD(SCRATCH_PROTOCOL),
	/* RFC 9293 section 3.1. */
	WHEN(PROTOCOL_TCP, KEEP_SHORT(20), TCP_DATA_OFFSET, WHEN_BELOW(20, KEEP_X_AND(20)), ADD_X, KEEP_A),
	/* RFC 768; the ports of decode/tunnel.c. */
	WHEN(PROTOCOL_UDP, KEEP_SHORT(8), LOAD_X_U16(2),
		WHEN(4789, KEEP(CUT_BYTES)), WHEN(8472, KEEP(CUT_BYTES)), WHEN(6081, KEEP(CUT_BYTES)),
		WHEN(6635, KEEP(CUT_BYTES)), KEEP_X_AND(8 + SIGNATURE_LOOK_BYTES)),
	/* RFC 792: unreachable, source quench, redirect, time exceeded, parameter problem. */
	WHEN(PROTOCOL_ICMP, KEEP_SHORT(8), LOAD_X_U8(0),
		WHEN(3, KEEP_X_AND(ICMP_ERROR_BYTES)), WHEN(4, KEEP_X_AND(ICMP_ERROR_BYTES)),
		WHEN(5, KEEP_X_AND(ICMP_ERROR_BYTES)), WHEN(11, KEEP_X_AND(ICMP_ERROR_BYTES)),
		WHEN(12, KEEP_X_AND(ICMP_ERROR_BYTES)), KEEP_X_AND(8)),
	/* RFC 4443 section 2.1: errors are below 128. */
	WHEN(PROTOCOL_ICMPV6, KEEP_SHORT(8), LOAD_X_U8(0), WHEN_BELOW(128, KEEP_X_AND(ICMPV6_ERROR_BYTES)), KEEP_X_AND(8)),
	/* Headers that another IP or transport header follows. */
	WHEN(PROTOCOL_HOPOPT, KEEP(CUT_BYTES)),
	WHEN(PROTOCOL_IPV4, KEEP(CUT_BYTES)),
	WHEN(PROTOCOL_IPV6, KEEP(CUT_BYTES)),
	WHEN(PROTOCOL_IPV6_ROUTE, KEEP(CUT_BYTES)),
	WHEN(PROTOCOL_IPV6_FRAG, KEEP(CUT_BYTES)),
	WHEN(PROTOCOL_GRE, KEEP(CUT_BYTES)),
	WHEN(PROTOCOL_AH, KEEP(CUT_BYTES)),
	WHEN(PROTOCOL_IPV6_OPTS, KEEP(CUT_BYTES)),
	WHEN(PROTOCOL_ETHERIP, KEEP(CUT_BYTES)),
	WHEN(MOBILITY_HEADER, KEEP(CUT_BYTES)),
	WHEN(PROTOCOL_MPLS, KEEP(CUT_BYTES)),
	WHEN(HOST_IDENTITY, KEEP(CUT_BYTES)),
	WHEN(SHIM6, KEEP(CUT_BYTES)),
	KEEP_X_AND(OTHER_BYTES),
};

/** Puts a part behind those that are there. */
static void code_add(struct sock_fprog *program, const struct sock_filter *part, size_t length)
{
	memcpy(program->filter + program->len, part, length * sizeof(*part));
	program->len = (unsigned short)(program->len + length);
}

int cut_attach(int fd, bool is_ethernet, uint32_t sampling)
{
	const struct sock_filter sample[] = {LOAD_RANDOM, MODULO(sampling), WHEN_NOT(0, KEEP(0))};
	struct sock_filter code[ARRAY_LEN(sample) + ARRAY_LEN(ethernet) + ARRAY_LEN(network) + ARRAY_LEN(transport)];
	struct sock_fprog program = {.filter = code};
	int on = 1;
	if (sampling > 1)
		code_add(&program, sample, ARRAY_LEN(sample));
	if (is_ethernet)
		code_add(&program, ethernet, ARRAY_LEN(ethernet));
	else
		code_add(&program, raw_ip, ARRAY_LEN(raw_ip));
	code_add(&program, network, ARRAY_LEN(network));
	code_add(&program, transport, ARRAY_LEN(transport));
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)) != 0)
		return E_SYS;
	return OK;
}
