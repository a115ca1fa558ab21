/*
 * The hosts of an exercise: an HTTP/1.1 server on port 80 of every address of
 * the member. `GET /N` is answered with N bytes; one request per connection.
 *
 * Bounded: connections, request, answer and the time of each have a limit.
 */
#pragma once

#define SERVER_PORT 80
#define SERVER_ANSWER_BYTES_MAX 65536

/**
 * Serves until the process is killed; to be run in a process and namespace of its own.
 *
 * @param context not used
 * @return exit status: the port cannot be had
 */
int server_run(void *context);
