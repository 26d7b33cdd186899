/*
 * What happens to a request of the main port, from its headers to its log line. The body of
 * dispatch.c reads from top to bottom in that order.
 */
#ifndef CADABRA_DISPATCH_H
#define CADABRA_DISPATCH_H

#include "server/net/listener.h"

extern const struct endpoint_handler dispatch_handler;

#endif
