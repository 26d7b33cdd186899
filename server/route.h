/*
 * Which service, which operation, which protocol: from the headers and the raw target, and for the
 * query protocol from the form. Never from the Host. The order of the marks is the one that has no
 * holes (route_by_head's body).
 */
#ifndef CADABRA_ROUTE_H
#define CADABRA_ROUTE_H

#include "server/auth/auth.h"
#include "server/net/request.h"

/* Sets req->service, req->operation and req->protocol as far as the headers tell; never fails. What
 * is still unknown afterwards, route_by_body() finds or refuses. */
void route_by_head(struct request *req, const struct auth_result *auth);

/* The rest, with the body at hand. 0, or -1 after failing the request in the shape of its protocol.
 */
int route_by_body(struct request *req, const struct auth_result *auth);

/* Of an X-Amz-Target, with which a line may end; NULL when there is none. */
const struct service *route_service_of_target(const char *target);

/* A path that a service has beside its operations (own_path of service.h). */
bool route_is_own_path(const struct request *req);

#endif
