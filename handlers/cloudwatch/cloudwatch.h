/* CloudWatch for the rest of the server: other services put their metrics through this. */
#ifndef CADABRA_CLOUDWATCH_H
#define CADABRA_CLOUDWATCH_H

#include "gen/cloudwatch.h"
#include "server/app.h"
#include "server/service.h"
#include "storage/store.h"

extern const struct service cloudwatch_service;

/* One value of one metric. */
struct cloudwatch_measure {
    const char *namespace, *name;
    struct cloudwatch_Dimensions dimensions;
    double value;
    const char *unit; /* NULL: None */
    int64_t time_ms;
};

/* Thread-safe; may be called from background tasks. Everything is borrowed for the call. */
enum store_status cloudwatch_put(struct app *app, struct scope scope,
                                 const struct cloudwatch_measure *measures, size_t count);

#endif
