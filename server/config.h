/*
 * What the user has asked for: defaults, overridden by environment variables, overridden by flags.
 * All options stand in one table in config.c, from which --help is printed.
 *
 * Read-only once config_read() has returned; every thread may read it.
 */
#ifndef CADABRA_CONFIG_H
#define CADABRA_CONFIG_H

#include "server/base/arena.h"
#include "server/base/log.h"

struct text_list {
    const char **items;
    size_t count;
};

struct config {
    uint16_t port;       /* 0: a free one */
    const char *address; /* numeric addresses with commas between */
    const char *data;    /* the data directory; NULL with `memory` */
    bool memory;
    bool durability_full;
    bool auth_verify;
    bool auth_enforce;   /* and policies hold for the owner's own account; auth_verify is set too */
    const char *account; /* 12 digits: of credentials that do not say their own */
    const char *region;  /* of unsigned requests */
    const char *trace;   /* file, or NULL */
    enum log_level log_level;
    struct text_list allowed_origins; /* "https://app.example", or "*" for all */
    struct text_list allowed_hosts;   /* names by which the server may be called, without port */
    const char *duckdb;               /* libduckdb.so; NULL: beside the program */
    bool test_clock;                  /* POST /_cadabra/clock may move the clock */
    bool kinesis_limits;              /* shards take and give no more than AWS's do */
    struct arena arena;               /* holds all of the above */
};

enum config_outcome {
    CONFIG_OK,
    CONFIG_HELP,    /* --help was asked for */
    CONFIG_VERSION, /* --version was asked for */
    CONFIG_WRONG,   /* out_problem says what, and what to do about it, in one line */
};

/* Reads arguments[0..count), which are flags only (no program name), and the environment.
 * *out_problem lies in the config. In any case config_release() must be called. */
enum config_outcome config_read(struct config *c, int count, char *const *arguments,
                                const char **out_problem);
void config_release(struct config *c);

/* The table of options as a help text. */
void config_print_help(FILE *out);

#endif
