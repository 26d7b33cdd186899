/*
 * Looks at all alarms: when data come in, and every few seconds, since time alone can change a
 * state. The task runs while there are alarms. Actions are carried out before the new state is
 * kept: a server that dies between the two tells twice, never not at all.
 *
 * Thread-safe.
 */
#ifndef CADABRA_CLOUDWATCH_ALARM_WATCH_H
#define CADABRA_CLOUDWATCH_ALARM_WATCH_H

#include "handlers/cloudwatch/alarm_evaluate.h"
#include "storage/cloudwatch_store.h"

struct alarm_watch;
struct cloudwatch;

struct alarm_watch *alarm_watch_new(struct cloudwatch *cloudwatch);
void alarm_watch_free(struct alarm_watch *w); /* when the task has ended */

/* There are alarms now: look at them at once. */
void alarm_watch_start(struct alarm_watch *w);
/* There are new data. */
void alarm_watch_wake(struct alarm_watch *w);

/* Who changes an alarm claims it before reading it, and so waits while another does: nobody tells
 * again what is being told. The claim is the caller's until it is released; `name` is borrowed. */
struct alarm_claim {
    struct scope scope;
    const char *name;
    struct alarm_claim *next;
};

void alarm_claim(struct alarm_watch *w, struct alarm_claim *claim);
void alarm_release(struct alarm_watch *w, struct alarm_claim *claim);

/* Gives the alarm, which the caller has claimed, the new state, with history and actions.
 * STORE_CONFLICT: it was deleted meanwhile. */
enum store_status alarm_transition(struct cloudwatch *cloudwatch,
                                   const struct cloudwatch_alarm *stored,
                                   const struct cloudwatch_MetricAlarm *alarm,
                                   const struct alarm_verdict *verdict, struct arena *a);

/* An alarm of the store, of a composite one what it has in common with others. False when its
 * document cannot be read. */
bool alarm_read(struct arena *a, const struct cloudwatch_alarm *stored,
                struct cloudwatch_MetricAlarm *out);
char *alarm_write(struct arena *a, const struct cloudwatch_MetricAlarm *alarm);
/* The same for one that may be composite: then it was read from `stored`. */
const char *alarm_rewrite(struct arena *a, const struct cloudwatch_alarm *stored,
                          const struct cloudwatch_MetricAlarm *alarm);

/* A line of the history. */
struct alarm_event {
    const char *type, *summary;
    const char *data; /* JSON */
};

/* Adds it. Failing is logged. */
void alarm_note(struct cloudwatch *cloudwatch, const struct scope *scope, const char *alarm,
                bool composite, const struct alarm_event *event);
/* That it was made or changed. */
void alarm_note_put(struct cloudwatch *cloudwatch, const struct scope *scope, const char *alarm,
                    bool composite, bool created);

#endif
