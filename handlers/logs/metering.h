/*
 * Metric filters at work: events that come in become values of metrics.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
 */
#ifndef CADABRA_LOGS_METERING_H
#define CADABRA_LOGS_METERING_H

#include "handlers/logs/operations.h"

/* After events were added to a group. Costs one atomic load where there are no metric filters.
 * Failing is logged. */
void logs_meter(struct logs *l, const struct scope *scope, const char *group,
                const struct logs_new_event *events, size_t count);

#endif
