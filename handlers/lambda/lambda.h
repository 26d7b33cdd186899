/*
 * Lambda for the rest of the server.
 */
#ifndef CADABRA_LAMBDA_H
#define CADABRA_LAMBDA_H

#include "server/app.h"
#include "server/service.h"

struct lambda;

extern const struct service lambda_service;

struct lambda *lambda_of(struct app *app);

#endif
