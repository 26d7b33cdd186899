/*
 * Brings the log lines of functions to CloudWatch Logs, behind the invocations' backs: a function
 * that logs much must not wait for the store, nor may it fill our memory.
 */
#ifndef CADABRA_LAMBDA_LOG_WRITER_H
#define CADABRA_LAMBDA_LOG_WRITER_H

#include "server/app.h"
#include "server/base/strbuf.h"

struct log_writer;

struct log_line {
    int64_t time_ms;
    size_t offset; /* in the batch's text */
    size_t len;
};

/* Lines of one stream. Owned by whoever holds it. */
struct log_batch {
    struct log_batch *next;
    char *account;
    char *region;
    char *group;
    char *stream;
    struct strbuf text;
    struct log_line *lines;
    size_t count;
    size_t room;
};

struct log_batch *log_batch_new(const char *account, const char *region, const char *group,
                                const char *stream);
void log_batch_add(struct log_batch *b, int64_t time_ms, const char *text, size_t len);
void log_batch_free(struct log_batch *b);

struct log_writer *log_writer_new(struct app *app);
/* Writes what is still queued, then ends. */
void log_writer_free(struct log_writer *w);
/* Takes the batch over. Waits while too much is queued. */
void log_writer_put(struct log_writer *w, struct log_batch *batch);

#endif
