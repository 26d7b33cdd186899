/* STS: who am I, and credentials for a while. It keeps its sessions in IAM's store. */
#ifndef CADABRA_STS_H
#define CADABRA_STS_H

#include "server/service.h"

extern const struct service sts_service;

#endif
