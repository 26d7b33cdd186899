/* `cadabra health`: asks a running server of this machine how it is, for container health checks
 * and scripts. */
#ifndef CADABRA_HEALTH_H
#define CADABRA_HEALTH_H

#include "server/config.h"

/* Prints the server's answer, or on standard error why there is none. The exit code: 0 when all is
 * well. */
int health_ask(const struct config *config);

#endif
