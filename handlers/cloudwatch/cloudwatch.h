/* CloudWatch as the server sees it. */
#ifndef CADABRA_CLOUDWATCH_H
#define CADABRA_CLOUDWATCH_H

#include "server/service.h"

extern const struct service cloudwatch_service;

#endif
