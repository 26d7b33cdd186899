/*
 * What CreateEventSourceMapping and UpdateEventSourceMapping check and take over.
 */
#ifndef CADABRA_LAMBDA_EVENT_SOURCE_H
#define CADABRA_LAMBDA_EVENT_SOURCE_H

#include "handlers/lambda/state.h"

enum { FILTERS_MAX = 10 }; /* AWS: five, ten on request */

/* What both of them say. */
struct event_source_request {
    const char *function; /* NULL: unchanged */
    struct maybe_bool enabled;
    struct maybe_int batch_size, window, parallelization, age, retries, tumbling;
    struct maybe_bool bisect;
    const struct lambda_FilterCriteria *filter;
    const struct lambda_DestinationConfig *destination;
    const struct lambda_FunctionResponseTypeList *response_types;
    const struct lambda_ScalingConfig *scaling;
    size_t source_access_count;
    bool kafka, document_db, metrics, logging, provisioned;
    const char *kms_key_arn;
};

bool event_source_is_queue(const char *source_arn);
/* Fails unless the source is one that can be read, and is there. */
int event_source_check_source(struct request *req, const char *source_arn);
int event_source_check_position(struct request *req,
                                const struct lambda_CreateEventSourceMappingRequest *in);
/* Refuses what is wrong, and sets the rest in m, whose source_arn is set. 0, or -1 after failing.
 */
int event_source_take(struct request *req, const struct event_source_request *r,
                      struct lambda_mapping *m);
/* The ARN of a function, which need not exist, with the qualifier that the text has. NULL after
 * failing. */
const char *event_source_function_arn(struct request *req, const char *text);

#endif
