/*
 * What a function sees of the file system: as on AWS its package at /var/task, its runtime at
 * /var/runtime, its layers at /opt, and a /tmp that belongs to its sandbox alone and holds no more
 * than the function's ephemeral storage. All else is as on the machine.
 *
 * It takes a mount namespace, which root may make, and others in a user namespace where the machine
 * allows that. Where it does not (as in a container with Docker's default profile), functions see
 * the machine as it is.
 */
#ifndef CADABRA_LAMBDA_VIEW_H
#define CADABRA_LAMBDA_VIEW_H

#include "server/base/arena.h"

#define VIEW_TASK "/var/task"
#define VIEW_RUNTIME "/var/runtime"

struct view;
struct views;

/* directory: where folders to mount upon may be made; it is made when it is first needed. */
struct views *views_new(const char *directory);
void views_free(struct views *v);

/* What differs between functions: folders of the machine. */
struct view_wish {
    const char *task;
    const char *runtime;
    const char *layers;  /* NULL: none */
    const char *program; /* what runs the function, to stay visible if it lies in /tmp or /opt;
                            NULL: something in the package */
    int tmp_mb;
};

/* NULL where functions see the machine as it is. The first call finds that out. Thread-safe. */
const struct view *views_make(struct views *v, const struct view_wish *wish, struct arena *a);
/* Where layers are seen: /opt, unless the program itself lies there. */
const char *view_layers(const struct view_wish *wish);

/* In a child that has one thread: moves it into namespaces of its own and sets up the view there.
 * Async-signal-safe. 0, or the errno. */
int view_enter(const struct view *view);

#endif
