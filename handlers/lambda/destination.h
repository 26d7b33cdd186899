/*
 * Where results and failures of functions go: queues, topics, functions, buckets. The texts of the
 * records are AWS's.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
 */
#ifndef CADABRA_LAMBDA_DESTINATION_H
#define CADABRA_LAMBDA_DESTINATION_H

#include "server/app.h"
#include "server/base/arena.h"

enum destination_kind {
    DESTINATION_NONE, /* no ARN, or one of another service */
    DESTINATION_SQS,
    DESTINATION_SNS,
    DESTINATION_LAMBDA,
    DESTINATION_S3,
    DESTINATION_EVENTS, /* known, not built */
};

enum destination_kind destination_kind(struct arena *a, const char *arn);

struct destination_attribute {
    const char *name;
    const char *type;
    const char *value;
};

struct destination_message {
    struct bytes body;
    const char *s3_prefix; /* of the object's key in a bucket; NULL: a bucket takes none */
    const char *account;   /* whose bucket */
    const struct destination_attribute *attributes; /* of messages in queues and topics */
    size_t attribute_count;
};

enum destination_outcome {
    DESTINATION_SENT,
    DESTINATION_GONE,  /* there is nothing of that name, or it takes no such message: logged */
    DESTINATION_RETRY, /* a fault that may pass */
};

/* Hands the message over; it is kept there when DESTINATION_SENT is returned. */
enum destination_outcome destination_send(struct app *app, const char *arn,
                                          const struct destination_message *m);

#endif
