/*
 * The rule of a composite alarm: in which states of others it is in alarm.
 *
 *   (ALARM("cpu") OR ALARM(disk)) AND NOT OK("arn:aws:cloudwatch:...:alarm:backup")
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
 *
 * A rule is compiled into a list of steps for a stack of truths, so its length costs no stack.
 */
#ifndef CADABRA_CLOUDWATCH_ALARM_RULE_H
#define CADABRA_CLOUDWATCH_ALARM_RULE_H

#include "server/base/arena.h"

struct alarm_rule;

struct alarm_rule_problem {
    const char *text;
    bool unsupported; /* AWS understands it, and the text is its name */
};

/* NULL after filling *out. Lives in the arena. */
const struct alarm_rule *alarm_rule_compile(struct arena *a, const char *text,
                                            struct alarm_rule_problem *out);
/* The alarms that it names, each as often as it does: names, or ARNs as they were written. */
const char *const *alarm_rule_names(const struct alarm_rule *r, size_t *out_count);
/* states: of each of these, in their order; NULL for one that is not there, which is in none. */
bool alarm_rule_holds(const struct alarm_rule *r, const char *const *states, struct arena *scratch);

#endif
