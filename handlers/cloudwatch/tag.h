/* Tags of alarms and dashboards. */
#ifndef CADABRA_CLOUDWATCH_TAG_H
#define CADABRA_CLOUDWATCH_TAG_H

#include "gen/cloudwatch.h"
#include "server/aws_error.h"

/* The tags of a new resource as its store keeps them; NULL after failing the request. */
const char *cloudwatch_new_tags(struct request *req, const struct cloudwatch_TagList *tags);

#endif
