/*
 * Keeps web pages of other sites out. The server needs no credentials, and whoever can create a
 * Lambda function runs code as the user; so a page that the user merely visits must not reach it:
 *
 *   * a request with an Origin (browsers send it with every POST and every script's request) is
 * served only when the page came from this server itself or from an origin that the user has
 * allowed;
 *   * a request that a browser marks as caused by another site (Sec-Fetch-Site), likewise;
 *   * the Host must be a name that only this machine or its neighbours can have, or an allowed one:
 * otherwise a stranger's name that resolves to 127.0.0.1 would make the page "the same site" (DNS
 * rebinding).
 *
 * Programs (SDKs, curl) send no Origin and are not affected. A service whose resources have CORS
 * rules of their own (S3's buckets) is asked instead: what it does not allow is refused, but for
 * reading, which a browser keeps from the page where the answer does not name its origin.
 */
#ifndef CADABRA_GUARD_H
#define CADABRA_GUARD_H

#include "server/net/request.h"

/* 0, or -1 after failing the request with 403 and words that name the option to use. */
int guard_check(struct request *req);

/* True when a page of another origin, which no option allows, sends this to a service that says
 * itself which pages may (service->cors). guard_check() has let it pass; the service must be asked
 * before anything is done, and guard_refuse() ends what it does not allow. */
bool guard_defers(const struct request *req);
int guard_refuse(struct request *req);

/* A preflight asks whether a script may send what it wants to send. Only for requests that passed
 * guard_check(). */
bool guard_is_preflight(const struct request *req);
void guard_answer_preflight(struct request *req);

/* To an allowed page of another origin: the headers that let its script read the answer. */
void guard_add_headers(struct request *req);

#endif
