/*
 * What happened to an object, and the JSON by which S3 tells of it.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
#ifndef CADABRA_S3_EVENT_H
#define CADABRA_S3_EVENT_H

#include "handlers/s3/notify.h"
#include "server/base/strbuf.h"

/* True when `wanted` ("s3:ObjectCreated:*", "s3:ObjectRemoved:Delete") is a name that S3 knows. */
bool s3_event_is_known(const char *wanted);

/* Whether a configuration asks for this event; filter may be NULL. */
bool s3_event_wanted(const struct s3_EventList *wanted,
                     const struct s3_NotificationConfigurationFilter *filter,
                     const struct s3_event *e);

/* True when one event under one key could fall under both configurations, which AWS refuses. */
bool s3_event_overlap(const struct s3_EventList *a,
                      const struct s3_NotificationConfigurationFilter *a_filter,
                      const struct s3_EventList *b,
                      const struct s3_NotificationConfigurationFilter *b_filter);

/* {"Records":[...]}, for the configuration of that id. */
void s3_event_write(struct strbuf *b, struct arena *a, const struct s3_event *e, int64_t at_ms,
                    const char *configuration_id);
/* What a queue or topic is sent when a configuration names it. */
void s3_event_write_test(struct strbuf *b, const char *bucket, int64_t at_ms,
                         const char *request_id, const char *id_2);

#endif
