/*
 * Composite alarms: in alarm when a rule about other alarms holds, else OK.
 *
 * They are looked at by the watch after all others, as what these are by then. One that depends on
 * another one follows it with the next look.
 */
#ifndef CADABRA_CLOUDWATCH_COMPOSITE_H
#define CADABRA_CLOUDWATCH_COMPOSITE_H

#include "handlers/cloudwatch/alarm_evaluate.h"
#include "handlers/cloudwatch/operations.h"

/* Of the store's document; false when it cannot be read. */
bool composite_read(struct arena *a, const struct cloudwatch_alarm *stored,
                    struct cloudwatch_CompositeAlarm *out);
/* The document with the state and the settings of `alarm`, which was read from it. */
const char *composite_write(struct arena *a, const struct cloudwatch_alarm *stored,
                            const struct cloudwatch_MetricAlarm *alarm);
/* What it has in common with alarms on metrics. */
struct cloudwatch_MetricAlarm composite_as_alarm(struct arena *a,
                                                 const struct cloudwatch_CompositeAlarm *composite);

/* False: it keeps its state. */
bool composite_judge(struct cloudwatch *cloudwatch, const struct cloudwatch_alarm *stored,
                     struct arena *a, struct alarm_verdict *out);
/* The name of a composite alarm that is none of `names` and depends on one of them, which
 * *out_needed tells; NULL: there is none. -1 when the store failed. */
int composite_dependent(struct request *req, const struct cloudwatch_AlarmNames *names,
                        const char **out_needed, const char **out_dependent);

#endif
