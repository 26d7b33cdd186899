/*
 * The log of one sandbox: lines that the function prints and lines of the platform (START, END,
 * REPORT), on their way to CloudWatch Logs and, as the last 4 KB of an invocation, to a caller that
 * asked for them. One thread at a time, the one that runs the invocation.
 */
#ifndef CADABRA_LAMBDA_FUNCTION_LOG_H
#define CADABRA_LAMBDA_FUNCTION_LOG_H

#include "handlers/lambda/log_writer.h"

enum { LOG_TAIL_MAX = 4096 };

struct function_log {
    struct log_writer *writer; /* NULL: keep the tail only */
    const char *account;       /* borrowed, as the three below */
    const char *region;
    const char *group;
    const char *stream;
    struct clock_source *clock;

    struct log_batch *batch; /* not handed over yet */
    struct strbuf line;      /* what came after the last newline */
    struct strbuf tail;
    int64_t taken; /* bytes of the present invocation */
};

void function_log_init(struct function_log *l);
/* Hands over what is left and frees everything. */
void function_log_release(struct function_log *l);

/* A new invocation: empties the tail and starts counting anew. */
void function_log_begin(struct function_log *l);
/* Takes what the function printed. Beyond some MB an invocation its lines are dropped. */
void function_log_take(struct function_log *l, const char *data, size_t len);
/* Reads fd (non-blocking) until it is empty, though not for ever. */
void function_log_drain(struct function_log *l, int fd);
/* A line of the platform, newline included; it ends a line of the function's that has no end yet.
 */
void function_log_add(struct function_log *l, const char *format, ...) PRINTF_LIKE(2, 3);
/* Hands the lines so far to the writer. */
void function_log_flush(struct function_log *l);
/* The last LOG_TAIL_MAX bytes of the invocation. */
struct bytes function_log_tail(const struct function_log *l);

#endif
