/*
 * hinomi-tower account: makes or changes an account while no tower runs; the
 * first one has to come from somewhere. Afterwards PUT /api/v1/accounts does.
 */
#pragma once

/** @return exit code: 0 done, 1 refused or failed, 2 the command line is wrong */
int account_command(int argc, char **argv);
