/*
 * Where a stream delivers to. What is kept of it is the API's DestinationDescription as JSON: made
 * from the configuration of a new stream, changed by UpdateDestination, described as it is, and
 * read by deliveries through struct destination.
 *
 * A plain S3 destination is kept as an extended one, as AWS has it.
 */
#ifndef CADABRA_FIREHOSE_DESTINATION_H
#define CADABRA_FIREHOSE_DESTINATION_H

#include <firehose.h> /* generated from the model */

#include "server/net/request.h"
#include "storage/firehose_store.h"

enum destination_kind { DESTINATION_S3, DESTINATION_HTTP, DESTINATION_SEARCH };

/* A description with what deliveries want to know of it at hand. Borrows from it. */
struct destination {
    struct firehose_DestinationDescription *description;
    enum destination_kind kind;
    const struct firehose_ExtendedS3DestinationDescription *s3;                  /* S3 */
    const struct firehose_HttpEndpointDestinationDescription *http;              /* HTTP */
    const struct firehose_AmazonopensearchserviceDestinationDescription *search; /* SEARCH */
    bool elasticsearch; /* it was configured as that: then it is called so in S3 keys */
    const struct firehose_ProcessingConfiguration *processing; /* NULL: none, or not enabled */
    /* Of the format; NULL: none, or not enabled. */
    const struct firehose_DataFormatConversionConfiguration *conversion;
    const struct firehose_S3DestinationDescription *copies;   /* of what comes in; NULL: none */
    const struct firehose_S3DestinationDescription *failures; /* where what fails goes */
    const struct firehose_CloudWatchLoggingOptions *logging;  /* NULL: none */
    int64_t bytes_max;                                        /* of a delivery */
    int64_t wait_ms;
    int64_t records_max; /* 0: any number */
    bool partitioned;    /* dynamically */
};

/* What the description says; all in the arena. */
void destination_look(struct firehose_DestinationDescription *description, struct arena *a,
                      struct destination *out);
/* From the text in a store. */
bool destination_read(const char *json, struct arena *a, struct destination *out);
char *destination_to_json(const struct firehose_DestinationDescription *description,
                          struct arena *a);
/* Where records go that come in. */
struct firehose_route destination_route(const struct destination *d);

/* Whether it converts its records' format: AWS: unless Enabled is false. */
bool destination_converts(const struct firehose_ExtendedS3DestinationDescription *s3);

/* The value of a processor's parameter; NULL: not given. */
const char *processor_parameter(const struct firehose_Processor *p, const char *name);
/* The first processor of that type; NULL: there is none. */
const struct firehose_Processor *
destination_processor(const struct firehose_ProcessingConfiguration *processing, const char *type);

/* The name of the bucket in an ARN of S3. */
const char *destination_bucket(const char *bucket_arn);

/* --- making and changing: destination_make.c. 0, or a failed request --- */

int destination_new(struct request *req, const struct firehose_CreateDeliveryStreamInput *in,
                    struct firehose_DestinationDescription *out, const char **out_secret);
/* Changes `description` in place; *secret stays unless there is a new one. */
int destination_change(struct request *req, const struct firehose_UpdateDestinationInput *in,
                       struct firehose_DestinationDescription *description, const char **secret);

/* --- what must hold: destination_check.c. 0, or a failed request --- */

int destination_check(struct request *req, const struct destination *d);

#endif
