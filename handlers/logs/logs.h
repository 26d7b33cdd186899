/*
 * CloudWatch Logs for other services: a Lambda function's output becomes events of
 * /aws/lambda/<name>.
 */
#ifndef CADABRA_LOGS_H
#define CADABRA_LOGS_H

#include "server/app.h"
#include "server/base/base.h"
#include "storage/store.h"

extern const struct service logs_service;

struct logs_event {
    int64_t time_ms;
    const char *text; /* UTF-8, not NUL-terminated; beyond 1 MB it is cut */
    size_t len;
};

/*
 * Appends events to a stream, and makes its group and the stream where they are missing. All in one
 * write: the events are stored when it returns STORE_OK. Everything is copied. Thread-safe; may be
 * called from background tasks. Names must be legal (logs_group_name_ok); STORE_CONFLICT otherwise.
 */
enum store_status logs_append(struct app *app, struct scope scope, const char *group,
                              const char *stream, const struct logs_event *events, size_t count);

#endif
