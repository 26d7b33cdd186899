/*
 * Firehose for the rest of the server: other services (SNS, CloudWatch Logs) put records into
 * delivery streams through this.
 *
 * https://docs.aws.amazon.com/firehose/latest/dev/what-is-this-service.html
 *
 * Thread-safe; may be called from background tasks. What is given is copied.
 */
#ifndef CADABRA_FIREHOSE_H
#define CADABRA_FIREHOSE_H

#include "server/app.h"
#include "server/base/base.h"
#include "storage/store.h"

extern const struct service firehose_service;

/* All or none; what is accepted survives kill -9. STORE_NOT_FOUND: no such stream. STORE_CONFLICT:
 * the stream takes its records from a source of its own, or a record is longer than
 * FIREHOSE_RECORD_MAX. */
enum store_status firehose_put(struct app *app, const char *delivery_stream_arn,
                               const struct bytes *records, size_t count);

enum { FIREHOSE_RECORD_MAX = 1000 * 1024 };

#endif
