/*
 * The gate that all requests pass which touch services. A reset closes it: newcomers wait, and when
 * the last one inside has left, nobody uses any service. While it is closed a descriptor is
 * readable, which makes requests that wait for something leave early.
 *
 * Thread-safe. A request may leave in another thread than it entered in.
 */
#ifndef CADABRA_GATE_H
#define CADABRA_GATE_H

#include "server/base/base.h"

struct gate;

/* NULL, after logging why, when there is no descriptor to be had. */
struct gate *gate_new(void);
/* Nobody may be inside or waiting. NULL is allowed. */
void gate_free(struct gate *g);

/* Waits while the gate is closed. */
void gate_enter(struct gate *g);
/* False when the gate is closed: for threads that must not wait. */
bool gate_try_enter(struct gate *g);
void gate_leave(struct gate *g);

/* Closes the gate and waits until nobody is inside. False when that took longer than timeout_ms:
 * then the gate is open again. Who comes while another has closed it waits for that one first. */
bool gate_close(struct gate *g, int64_t timeout_ms);
void gate_open(struct gate *g);

/* Readable while the gate is closed, and for good some time after gate_hurry(). */
int gate_stop_fd(const struct gate *g);
/* For the shutdown: whoever is still inside and waits after that time shall end early. */
void gate_hurry(struct gate *g, int64_t delay_ms);

#endif
