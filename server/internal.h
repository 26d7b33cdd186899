/*
 * What the server answers on its own behalf, not as AWS. Paths that begin with /_ are its own: no
 * bucket can have such a name.
 *
 *   GET  /                                       unsigned: a word to whoever opens it in a browser
 *   GET  /_cadabra/health, /_localstack/health   {"services": {"kinesis": "running", ...},
 * "version": ...} POST /_cadabra/reset, /moto-api/reset        empties everything POST
 * /_cadabra/clock                         {"advance_ms": N} moves the clock, with --test-clock
 */
#ifndef CADABRA_INTERNAL_H
#define CADABRA_INTERNAL_H

#include "server/auth/auth.h"
#include "server/net/request.h"

/* Whether the request is one of those, by method and path. */
bool internal_is_meant(const struct request *req, const struct auth_result *auth);

/* Answers it. May block until a reset is done. */
void internal_answer(struct request *req);

#endif
