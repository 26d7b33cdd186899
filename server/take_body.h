/* How the body of a request to a service is taken: its limit, and the decoders between the wire and
 * the body. */
#ifndef CADABRA_TAKE_BODY_H
#define CADABRA_TAKE_BODY_H

#include "server/auth/auth.h"
#include "server/net/request.h"

/* Before the body comes, with req->service set as far as known. -1 after refusing what announces
 * itself as too large. */
int take_body_begin(struct request *req, const struct auth_result *auth);

/* When it has come: 0, or -1 after failing the request for a body that could not be taken. */
int take_body_check(struct request *req);

#endif
