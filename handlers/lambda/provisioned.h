/*
 * Keeps sandboxes ready for versions that ask for provisioned concurrency. Thread-safe.
 */
#ifndef CADABRA_LAMBDA_PROVISIONED_H
#define CADABRA_LAMBDA_PROVISIONED_H

struct lambda;
struct provisioner;

struct provisioner *provisioner_new(struct lambda *l);
/* All background tasks must have been stopped. */
void provisioner_free(struct provisioner *p);
/* Starts working when anything is asked for. */
void provisioner_look(struct provisioner *p);

#endif
