/*
 * What happened to an object, for the bucket's notifications.
 */
#ifndef CADABRA_S3_NOTIFY_H
#define CADABRA_S3_NOTIFY_H

#include "handlers/iam/iam.h"
#include "handlers/s3/state.h"

struct s3_event {
    const char *name;               /* "ObjectCreated:Put", without "s3:" */
    const struct s3_bucket *bucket; /* s3_bucket_has(bucket, S3_DOC_NOTIFICATION): somebody asks */
    const char *key;
    int64_t size;
    const char *etag;       /* without quotes; NULL: none */
    const char *version_id; /* NULL: none */
    int64_t version;        /* rises with time: the sequencer */
    const char *account;    /* whose request it was */
    const char *request_id; /* NULL when another service did it */
    const char *id_2;
    int64_t restore_until_ms;  /* ObjectRestore:Completed: until when the copy is there, */
    const char *storage_class; /* and from where it comes */
};

/* As whom S3 tells others what happened in the bucket. */
struct iam_service s3_event_sender(struct arena *a, const struct s3_bucket *bucket);
/* After the commit. Returns at once; delivery is somebody else's work. Thread-safe. */
void s3_notify(struct app *app, const struct s3_event *event);
/* The same for what a request did to `object`. */
void s3_notify_of(struct request *req, const char *name, const struct s3_bucket *bucket,
                  const struct s3_object *object);

#endif
