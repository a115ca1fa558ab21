/* What is in a log, for people: its entries one by one, and a year's by kind and class. Both verify the whole log first. */
#pragma once

#include "authority/ledger_options.h"

/**
 * Lists entries, a line each.
 *
 * @param options arguments[0] is the log's directory; trust is filled
 * @param first index of the first
 * @param count how many at most
 * @return an exit status of enum ledger_exit
 */
int ledger_show(const struct ledger_options *options, uint64_t first, uint64_t count);

/**
 * Counts the documents of a year. What says no class counts under that of the order it is about.
 *
 * @param options arguments[0] is the log's directory; trust is filled
 * @param year of UTC
 * @return an exit status of enum ledger_exit
 */
int ledger_report(const struct ledger_options *options, int year);
