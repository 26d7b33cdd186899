/*
 * SQS messages as a function gets them.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
#ifndef CADABRA_LAMBDA_QUEUE_EVENT_H
#define CADABRA_LAMBDA_QUEUE_EVENT_H

#include "handlers/sqs/sqs.h"
#include "server/base/strbuf.h"

/* An element of the event's Records. With `filtered` as filters see it: a body that is JSON stands
 * there as JSON. */
void queue_record_write(struct strbuf *out, struct arena *a, const char *queue_arn,
                        const char *region, const struct sqs_incoming *m, bool filtered);

#endif
