/*
 * Which program runs a function: the interpreter at hand for its runtime, or the bootstrap in its
 * package. And the environment that AWS promises to it.
 */
#ifndef CADABRA_LAMBDA_PROGRAM_H
#define CADABRA_LAMBDA_PROGRAM_H

#include "handlers/lambda/view.h"
#include "server/app.h"
#include "server/base/arena.h"
#include "storage/lambda_store.h"

enum runtime_kind {
    RUNTIME_UNKNOWN, /* AWS has no such runtime */
    RUNTIME_UNBUILT, /* AWS has it, we do not run it: dotnet, go1.x */
    RUNTIME_PYTHON,
    RUNTIME_NODE,
    RUNTIME_RUBY,
    RUNTIME_JAVA,
    RUNTIME_PROVIDED,
};

enum runtime_kind runtime_kind_of(const char *runtime);
/* The names of all runtimes of AWS, as its messages list them. */
extern const char runtime_names[];

struct programs;

/* runtime_dir: where the bootstraps are to be written, by the first function that needs one. */
struct programs *programs_new(const char *runtime_dir);
void programs_free(struct programs *p);

/* What differs between the sandboxes of a function. */
struct program_place {
    const char *task_root;   /* the unpacked package */
    const char *layers_root; /* what its layers hold; NULL: it has none */
    const char *tmp_dir;     /* TMPDIR of a function without a view */
    struct views *views;
    uint16_t runtime_api_port;
    uint16_t server_port;
    const char *log_group;
    const char *log_stream;
    const char *mark;
    bool provisioned;
};

struct program {
    char **argv;
    char **environment;
    const struct view *view; /* what it sees; NULL: the machine as it is */
    const char *directory;   /* where it starts */
    const char *layers;      /* where it finds its layers; NULL: it has none */
};

/* False when the machine has nothing to run it with; out_problem is then words for the user. */
bool programs_find(struct programs *p, const struct lambda_function *f,
                   const struct program_place *place, struct arena *a, struct program *out,
                   const char **out_problem);

#endif
