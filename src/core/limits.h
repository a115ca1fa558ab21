/*
 * Every cap that a peer or a file could push against, in one place: the
 * number, its unit in the name, why it is what it is, and what happens there.
 * Caps that operators set live in the configuration; these are the defaults
 * and the walls behind them.
 */
#pragma once

/* Flow exports (decode/flow.h). At the cap the least recently heard makes room, and flow_counters tells. */
#define LIMIT_FLOW_EXPORTERS 1024 /* exporter address + domain pairs; a large carrier has some hundreds */
#define LIMIT_FLOW_TEMPLATES 8192 /* over all exporters; 8 each is common, 60 the most seen in captures */
#define LIMIT_FLOW_TEMPLATE_FIELDS 256 /* fields of one template; more is refused */
#define LIMIT_FLOW_NOTES 64 /* samplers of one exporter and domain; the next is refused and counted */
#define LIMIT_FLOW_SAMPLING 1000000 /* 1:n that is believed; more is refused and the last good rate stays */

/* Configuration, logging and metrics (core/conf.h, core/log.h, core/metrics.h). */
#define LIMIT_CONF_BYTES 1048576 /* a configuration file; a larger one is refused */
#define LIMIT_LOG_LINE_BYTES 1024 /* one log line; the rest is cut */
#define LIMIT_LOG_PEER_TEXT_BYTES 64 /* of text that a peer chose, inside a log line; the rest is cut and "..." stands for it */
#define LIMIT_LOG_BURST 10 /* lines that one log bucket lets through at once; then one per second, the rest is counted */
#define LIMIT_METRICS_BYTES 1048576 /* one exposition; whole samples beyond are left out and counted in its last line */

/* The sensor's own files and sockets (sensor/). */
#define LIMIT_STATE_BYTES 67108864 /* a saved state file; a larger one is not loaded */
#define LIMIT_FINDINGS_QUEUE_BYTES 8388608 /* findings that wait for a full disk or a slow reader; more are lost, and counted */
#define LIMIT_LINK_QUEUE_BYTES 1048576 /* lines that wait for the authority or the tower, of each; more are lost, and counted */
#define LIMIT_SERVICE_CLIENTS 8 /* connections of one local service at a time; more wait in the kernel's backlog */
#define LIMIT_SERVICE_REQUEST_BYTES 4096 /* a request; a longer one ends the connection */
#define LIMIT_SERVICE_REPLY_BYTES 16777216 /* a reply; a longer one is an error reply */
#define LIMIT_SERVICE_TIME_MS 5000 /* from accept to the end of the reply */
#define LIMIT_STATUS_FINDINGS 64 /* open findings in one status reply; the rest is counted */
#define LIMIT_STATUS_TALKERS 20 /* talkers in one status reply */
#define LIMIT_SCAN_ORDER_RECORDS 262144 /* of an nfdump file, held back to put them in order; beyond that they may come late */
#define LIMIT_EXPORTERS_COUNTED 1024 /* flow exporters with counters of their own; later ones share the entry "other" */
#define LIMIT_SOURCE_SET_FILES 4096 /* that one sweep puts in order; of more, those that are too old go */
#define LIMIT_SOURCE_SETS_BYTES 1073741824 /* of all files of source sets; beyond, the oldest go, else no more is stored */

/* Keys and the ledger (authority/). */
#define LIMIT_KEY_FILE_BYTES 512 /* a private key's file; a longer one is no key */
#define LIMIT_LEDGER_BATCH_BYTES 16777216 /* one append in the journal; a larger one is refused, and its caller divides it */
#define LIMIT_LEDGER_SETTLE_BYTES 4194304 /* of the journal, at which the tiles are synced and it is emptied: 2,000 orders */
#define LIMIT_LEDGER_JOURNAL_BYTES 67108864 /* of the journal; at the cap appends wait until it is emptied */
#define LIMIT_WITNESS_REQUEST_BYTES 131072 /* a checkpoint and its consistency proof; a longer request is answered 400 */
#define LIMIT_WITNESS_LOGS 32 /* logs that one witness looks after; the configuration may not name more */
#define LIMIT_WITNESS_TIME_MS 5000 /* from a client's connection to the answer; it is cut off then */
#define LIMIT_AUTHORITY_CLIENTS 64 /* connections to the authority; the next is closed at once, and the log tells how many */
#define LIMIT_AUTHORITY_REQUEST_BYTES 262144 /* one line from a client; a longer one ends the connection */
#define LIMIT_AUTHORITY_REPLIES_BYTES 4194304 /* what a client does not read; beyond, it is cut off */
#define LIMIT_AUTHORITY_LIST_BYTES 1048576 /* notes in one answer that lists orders, and one more; the rest is asked for again */
#define LIMIT_AUTHORITY_ORDERS_PER_MIN 120 /* orders made of countermeasures; what is beyond is refused, and the log tells */

/* Orders that are carried out (effect/). */
#define LIMIT_EFFECT_ORDERS 256 /* in force at once; one more is refused, and counted */
#define LIMIT_EFFECT_RULES 4096 /* of all orders in force; an order that brings more is refused: what XDP and nftables hold */
#define LIMIT_EFFECT_WITHDRAWN 1024 /* standing orders known to be withdrawn; the longest known makes room, and is counted */
#define LIMIT_EFFECT_JOURNAL_BYTES 67108864 /* a longer journal is not read; it is written anew long before */
#define LIMIT_EFFECT_COMPACT_BYTES 8388608 /* of journal at which it is written anew, and again each time it has doubled */
#define LIMIT_EFFECT_RECEIPTS_BYTES 4194304 /* receipts that wait for the authority; more are lost, and counted */
#define LIMIT_EFFECT_RUN_MS 10000 /* one nft command; then it is ended and counts as failed */

/* Mails (mail/). What is beyond is not read, and the verdict says so. */
#define LIMIT_MAIL_BYTES 33554432 /* a mail; of a longer one the beginning is read. Providers take 25 to 50 MB */
#define LIMIT_MAIL_DEPTH 24 /* multiparts and mails within each other; people come to 6 */
#define LIMIT_MAIL_PARTS 256 /* leaves of the MIME tree */
#define LIMIT_MAIL_HEADERS 512 /* header fields of one mail; mails with 60 are long */
#define LIMIT_MAIL_HEADER_BYTES 262144 /* of all header fields of a mail */
#define LIMIT_MAIL_TEXT_BYTES 1048576 /* of text that is looked through for links, over all parts */
#define LIMIT_MAIL_HTML_BYTES 2097152 /* of one HTML part */
#define LIMIT_MAIL_LINK_BYTES 4096 /* of one link; the rest is cut */
#define LIMIT_MAIL_LINKS 1024 /* links of one mail */
#define LIMIT_MAIL_PEOPLE 100000 /* in the directory; one more is refused at the start */
#define LIMIT_MAIL_DNS_BYTES 67108864 /* file of recorded DNS; a larger one is refused at the start */
#define LIMIT_MAIL_DNS_RECORDS 1000000 /* answers in it; one more is refused at the start */
#define LIMIT_MAIL_FILE_BYTES 68719476736 /* a file of mails; a larger one is passed over, and counted */
#define LIMIT_MAIL_PART_BYTES 16777216 /* of one decoded part */

/* Detection (detect/). Within the memory that is configured; at the cap a counter of detect_counters tells. */
#define LIMIT_DETECT_OPEN_FINDINGS 512 /* of one detector; more open at once is a carpet, which is one finding */
#define LIMIT_DETECT_WATCHES 4096 /* profiles of one detector */
#define LIMIT_DETECT_PACKETS (UINT64_C(1) << 40) /* of one observation, corrected for sampling: more is not believed */
#define LIMIT_DETECT_BYTES (UINT64_C(1) << 50) /* likewise */
#define LIMIT_DETECT_SENDERS 1048576 /* addresses of which it is remembered how they send; the one that sends least makes room */
#define LIMIT_DETECT_TIME_NS INT64_C(8000000000000000000) /* the year 2223: a later time is this one, so that sums of times fit */

/* Attachments of one mail (mail/payload.h). At the cap the look ends there, and payload_facts.unread says which it was. */
#define LIMIT_MAIL_PAYLOAD_BYTES 33554432 /* unpacked, over all parts: what one core unpacks in a second */
#define LIMIT_MAIL_PAYLOAD_ENTRY_BYTES 8388608 /* of one entry of an archive, where its type makes it worth to read on */
#define LIMIT_MAIL_PAYLOAD_ENTRIES 4096 /* listed, over all archives */
#define LIMIT_MAIL_PAYLOAD_DEPTH 5 /* archive in archive */
#define LIMIT_MAIL_PAYLOAD_PIXELS 16777216 /* decoded to look for QR codes; two photographs, or many logos */
#define LIMIT_MAIL_PAYLOAD_LINKS 64 /* from QR codes, calendars and shortcuts of one part; more are not handed on */
#define LIMIT_MAIL_PAYLOAD_LINK_BYTES 2048 /* a longer link is not handed on */
#define LIMIT_MAIL_OLE_ENTRIES 8192 /* directory entries of a compound file */

/* Workers that read mails, and the milter (mail/worker.h, mail/milter.h). */
#define LIMIT_FILES_DEPTH 8 /* directories within a directory that is to be read */
#define LIMIT_MAIL_WORKERS 64 /* processes; the configuration may not ask for more */
#define LIMIT_MAIL_RECIPIENTS 64 /* of an envelope that a worker is told; more are left out */
#define LIMIT_MAIL_ADDRESS_BYTES 1024 /* one text of an envelope; a longer one is not told. RFC 5321 4.5.3.1 allows 256 */
#define LIMIT_MAIL_SEALED_QUEUE 256 /* addresses that wait to be written; beyond it they are counted and not kept */
#define LIMIT_MAIL_SEALED_ROWS 65536 /* sealed addresses; the oldest make room. 30 days of a thousand findings, some 30 MB */
#define LIMIT_MAIL_ENVELOPE_BYTES 65536 /* all texts of one */

/* The control tower's page and interface (tower/). */
#define LIMIT_TOWER_CONNECTIONS 2048 /* HTTP connections at a time; more wait in the kernel's backlog */
#define LIMIT_TOWER_CONNECTION_BYTES 32768 /* of a request's line and headers, and of a reply on its way; longer is refused */
#define LIMIT_TOWER_HEAD_MS 10000 /* for a request to arrive, its body included, and for a peer to be quiet; then it is cut off */
#define LIMIT_TOWER_BODY_BYTES 1048576 /* of POST /documents; other bodies have LIMIT_TOWER_FORM_BYTES; longer is 413 */
#define LIMIT_TOWER_FORM_BYTES 65536 /* of other bodies: a hundred assets; longer is 413 */
#define LIMIT_TOWER_BODIES_BYTES 67108864 /* of all bodies at a time; beyond, 503 and a counter */
#define LIMIT_TOWER_LINES 4096 /* of one POST /documents; more is 413 */
#define LIMIT_TOWER_JOBS 512 /* requests that wait for the thread that writes; one more is 503, and counted */
#define LIMIT_TOWER_WATCHERS 1024 /* event streams; one more is 503, and counted */
#define LIMIT_TOWER_EVENTS 8192 /* kept for watchers that are behind; who is further behind is told of a gap, and it is counted */
#define LIMIT_TOWER_EVENTS_BYTES 8388608 /* likewise */
#define LIMIT_TOWER_EVENT_BYTES 12288 /* one event; a longer one is left out and counted as a gap */
#define LIMIT_TOWER_SESSIONS 1024 /* of the page; the one that was used longest ago makes room, and is counted */
#define LIMIT_TOWER_CHALLENGES 256 /* given out for passkeys; the oldest makes room */
#define LIMIT_TOWER_CHALLENGE_MS 120000 /* to answer one */
#define LIMIT_TOWER_BUCKETS 4096 /* accounts and addresses whose rate is remembered; the longest quiet makes room */
#define LIMIT_TOWER_FAILURES 20 /* of one address to prove who it is, at once; then one in three seconds, and 429 */
#define LIMIT_TOWER_SENDERS 64 /* connections to the documents' socket; one more is closed at once, and logged */
#define LIMIT_TOWER_TURN_LINES 1024 /* of one sender before the next has its turn */
#define LIMIT_TOWER_ANSWERS_BYTES 1048576 /* answers that a sender does not read; then nothing more is read from it */
#define LIMIT_TOWER_ORDERS 256 /* orders of the authority that are followed: as many as it has */
#define LIMIT_TOWER_ANSWER_BYTES 4194304 /* one answer of the authority; a longer one ends the connection */
#define LIMIT_TOWER_RELAY_MS 3000 /* for the authority to answer; then 503 */
#define LIMIT_TOWER_PLAYER_MS 3000 /* for whoever plays exercises to answer; then 503 */
#define LIMIT_TOWER_FILE_BYTES 8388608 /* of the page or the ledger; a longer one is not served */
