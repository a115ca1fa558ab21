/*
 * The sensor's configuration: one struct, filled from hinomi.conf (see
 * doc/hinomi.conf.example for every option in words) or left at its defaults.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/conf.h"
#include "core/err.h"
#include "core/ip.h"
#include "detect/detect.h"
#include "intel/intel.h"
#include "record/document.h"

#define CONFIG_CAPTURES_MAX 16 /* interfaces of one sensor */
#define CONFIG_COLLECTORS_MAX 16 /* listening addresses of one sensor */
#define CONFIG_SOCKETS_MAX 16 /* sockets of one collector */
#define CONFIG_PREFIXES_MAX 65536 /* of one list */
#define CONFIG_THRESHOLDS_MAX 1024 /* networks with thresholds of their own */
#define CONFIG_PATH_BYTES 108 /* as sun_path of unix(7) */

enum capture_method {
	CAPTURE_METHOD_NONE = 0,
	CAPTURE_METHOD_AUTO, /* xdp where it works, else packet */
	CAPTURE_METHOD_XDP,
	CAPTURE_METHOD_PACKET,
};

/** Prefixes in the order given; owned. */
struct config_prefixes {
	struct ip_prefix *items;
	size_t count;
};

/** One interface to watch. */
struct config_capture {
	char interface[16]; /* as IFNAMSIZ */
	int method; /* enum capture_method */
	uint64_t sampling; /* 1:n, in the kernel */
	uint64_t ring_bytes; /* 0: the method's own */
	bool promiscuous;
	char pin_directory[CONFIG_PATH_BYTES]; /* "": not pinned */
};

/** An address and port to listen on. */
struct config_listen {
	char text[64]; /* as configured */
	struct sockaddr_storage addr;
	socklen_t addr_bytes; /* 0: not configured */
	bool is_loopback;
};

/** One address where flow exports arrive. */
struct config_collector {
	struct config_listen listen;
	uint64_t receive_buffer_bytes;
	uint64_t sockets; /* with SO_REUSEPORT; the kernel spreads exporters over them */
	struct config_prefixes exporters; /* who may send; empty: everybody */
};

struct config {
	struct detect_config detect; /* sensor's name, default thresholds, learn, memory ... */
	struct detect_threshold *thresholds; /* owned; detect.networks */
	size_t threshold_count;
	bool has_default_threshold; /* a section "default" was there */
	struct config_prefixes networks, domestic, foreign;
	char country[3];
	char database[CONFIG_PATH_BYTES]; /* "": none */
	struct config_capture captures[CONFIG_CAPTURES_MAX];
	size_t capture_count;
	struct config_collector collectors[CONFIG_COLLECTORS_MAX];
	size_t collector_count;
	uint64_t default_sampling; /* of exporters that never tell */
	char findings_file[CONFIG_PATH_BYTES]; /* "-": standard output, "": none */
	char outgoing_file[CONFIG_PATH_BYTES]; /* "": none */
	bool outgoing_classes[FLOW_CLASS_COUNT];
	struct config_listen metrics; /* Prometheus */
	bool metrics_remote; /* metrics may be other than loopback */
	char status_socket[CONFIG_PATH_BYTES]; /* "": none */
	char state_directory[CONFIG_PATH_BYTES]; /* "": nothing survives a restart */
	uint64_t save_every_ms; /* changed templates and baselines reach the disk within this */
	char authority[CONFIG_PATH_BYTES]; /* socket of the authority, "": no countermeasures are made */
	char sets_directory[CONFIG_PATH_BYTES]; /* of source sets, "": none are made */
	uint64_t senders_most; /* addresses that a source set may name */
	struct config_prefixes protected; /* never in a source set, spared by every rule */
	char policy[CONFIG_PATH_BYTES]; /* file whose protected space belongs to that too, "": none */
	uint64_t stopped_permille, collateral_permille, rules_most; /* what is asked of countermeasures */
	uint64_t duration_ms; /* wished for */
	bool is_urgent;
	char tower[CONFIG_PATH_BYTES]; /* socket of the tower, "": it is not told of health */
	char member[DOCUMENT_NAME_BYTES]; /* whose sensor this is, for the tower */
	uint64_t pulse_ms; /* how often the tower is told */
	char user[32]; /* to become when started by root, "": stay */
};

/**
 * Sets every default.
 *
 * @param ret_config filled; free with config_done()
 */
void config_init(struct config *ret_config);
void config_done(struct config *config);

/**
 * Reads a file over the defaults and checks the whole.
 *
 * @param config initialised; after an error only good for config_done()
 * @param path of the file
 * @param ret_complaint on an error one line
 * @return OK, E_CONFIG, or E_SYS: cannot be read
 */
MUST_USE int config_load(struct config *config, const char *path, char ret_complaint[static CONF_COMPLAINT_BYTES]);

/** As config_load(), from text that is at hand. */
MUST_USE int config_parse(struct config *config, const char *file_name, const char *text, size_t length_bytes,
	char ret_complaint[static CONF_COMPLAINT_BYTES]);

/**
 * Adds a prefix to a list.
 *
 * @param text of the prefix
 * @return NULL, or what is wrong: static text
 */
const char *config_prefix_add(struct config_prefixes *list, const char *text);

/**
 * Adds the protected space of the policy that the configuration names, if it names one.
 *
 * @param config of config_load()
 * @param ret_complaint after an error one line
 * @return OK; E_CONFIG: the policy is wrong, or has more than there is room for; E_SYS: it cannot be read; E_NOMEM
 */
MUST_USE int config_policy_read(struct config *config, char ret_complaint[static CONF_COMPLAINT_BYTES]);

/** What intel_new() needs, borrowed from the configuration. */
struct intel_config config_intel(const struct config *config);

/** What one engine gets of the live sensor's configuration: where there are two they share its memory. */
struct detect_config config_engine(const struct config *config);
