/*
 * What CloudWatch keeps: metrics and their points, alarms with their history, dashboards.
 *
 * Functions are thread-safe. Texts they return lie in the arena, texts they are given are borrowed
 * for the call. Alarms and their history are documents of the handlers' making.
 */
#ifndef CADABRA_CLOUDWATCH_STORE_H
#define CADABRA_CLOUDWATCH_STORE_H

#include "server/base/arena.h"
#include "storage/store.h"

struct cloudwatch_store;

struct cloudwatch_store *cloudwatch_store_open(struct store_root *root);
void cloudwatch_store_close(struct cloudwatch_store *store);

/* --- metrics and points: cloudwatch_metric_store.c --- */

/* What was measured at one time, or within one minute. */
struct cloudwatch_point {
    int64_t at_s;
    const char *unit;
    double samples, sum, minimum, maximum;
    /* value, how often, value, ...: an even number of doubles; 0 where only the sums are known */
    const double *pairs;
    size_t pair_count;
};

struct cloudwatch_new_point {
    const char *namespace;
    const char *name;
    const char *identity; /* of the metric: which is made where it is new */
    struct cloudwatch_point point;
};

enum store_status cloudwatch_points_add(struct cloudwatch_store *store, const struct scope *scope,
                                        const struct cloudwatch_new_point *points, size_t count);

struct cloudwatch_span {
    int64_t from_s, until_s; /* the first is inside, the last outside */
    const char *unit;        /* NULL: any */
};

/* Calls visit() for each point of the metric in that span, in order of time. The point is borrowed
 * for the call. Having none, or no such metric, is STORE_OK. */
enum store_status cloudwatch_points_visit(struct cloudwatch_store *store, const struct scope *scope,
                                          const char *identity, const struct cloudwatch_span *span,
                                          void (*visit)(const struct cloudwatch_point *point,
                                                        void *context),
                                          void *context);
/* Removes what is older, of all accounts. */
enum store_status cloudwatch_points_trim(struct cloudwatch_store *store, int64_t before_s);

struct cloudwatch_metric {
    int64_t id;
    const char *identity;
};

struct cloudwatch_metric_filter {
    const char *namespace, *name; /* NULL: any */
    int64_t since_ms;             /* has points of that time or later */
    int64_t after_id;             /* 0: from the first */
    bool (*wanted)(const char *identity, void *context);
    void *context;
};

/* At most `limit` metrics, in the order in which they came. */
enum store_status cloudwatch_metric_list(struct cloudwatch_store *store, const struct scope *scope,
                                         const struct cloudwatch_metric_filter *filter,
                                         size_t limit, struct arena *a,
                                         struct cloudwatch_metric *out, size_t *out_count);

/* --- alarms: cloudwatch_alarm_store.c --- */

struct cloudwatch_alarm {
    const char *account, *region;
    const char *name;
    const char *document;
    const char *tags; /* JSON object, or "" */
    bool composite;   /* what its document is */
};

/* Makes or replaces the alarm of that name; the tags and the kind of one that is there stay. */
enum store_status cloudwatch_alarm_put(struct cloudwatch_store *store, const struct scope *scope,
                                       const struct cloudwatch_alarm *alarm);
/* Replaces the document, if it still is `old`; STORE_CONFLICT if it is another. */
enum store_status cloudwatch_alarm_change(struct cloudwatch_store *store, const struct scope *scope,
                                          const char *name, const char *old, const char *document);
enum store_status cloudwatch_alarm_set_tags(struct cloudwatch_store *store,
                                            const struct scope *scope, const char *name,
                                            const char *tags);
enum store_status cloudwatch_alarm_find(struct cloudwatch_store *store, const struct scope *scope,
                                        const char *name, struct arena *a,
                                        struct cloudwatch_alarm *out);
/* All of them or, STORE_NOT_FOUND, none; then *out_missing is one that is not there. */
enum store_status cloudwatch_alarms_delete(struct cloudwatch_store *store,
                                           const struct scope *scope, const char *const *names,
                                           size_t count, const char **out_missing);
/* At most `limit` alarms whose names begin with `prefix` and come after `after`, in their order. */
enum store_status cloudwatch_alarm_list(struct cloudwatch_store *store, const struct scope *scope,
                                        const char *prefix, const char *after, size_t limit,
                                        struct arena *a, struct cloudwatch_alarm *out,
                                        size_t *out_count);
/* Calls visit() for every alarm there is, of all accounts. The alarm is borrowed for the call, in
 * which the store must not be written to. */
enum store_status cloudwatch_alarm_visit(struct cloudwatch_store *store,
                                         void (*visit)(const struct cloudwatch_alarm *alarm,
                                                       void *context),
                                         void *context);

struct cloudwatch_history_item {
    int64_t id;
    const char *alarm;
    int64_t at_ms;
    const char *document;
};

struct cloudwatch_history_filter {
    const char *alarm;         /* NULL: of all */
    int64_t from_ms, until_ms; /* both inside */
    bool ascending;
    int64_t after_id; /* of the last item of the page before; 0: from the first */
};

enum store_status cloudwatch_history_add(struct cloudwatch_store *store, const struct scope *scope,
                                         const struct cloudwatch_history_item *item);
enum store_status cloudwatch_history_list(struct cloudwatch_store *store, const struct scope *scope,
                                          const struct cloudwatch_history_filter *filter,
                                          size_t limit, struct arena *a,
                                          struct cloudwatch_history_item *out, size_t *out_count);

/* --- dashboards: cloudwatch_dashboard_store.c --- */

struct cloudwatch_dashboard {
    const char *name;
    const char *body;
    int64_t modified_ms;
    const char *tags; /* JSON object, or "" */
};

/* Makes or replaces; the tags of one that is there stay. */
enum store_status cloudwatch_dashboard_put(struct cloudwatch_store *store,
                                           const struct scope *scope,
                                           const struct cloudwatch_dashboard *dashboard);
enum store_status cloudwatch_dashboard_set_tags(struct cloudwatch_store *store,
                                                const struct scope *scope, const char *name,
                                                const char *tags);
enum store_status cloudwatch_dashboard_find(struct cloudwatch_store *store,
                                            const struct scope *scope, const char *name,
                                            struct arena *a, struct cloudwatch_dashboard *out);
/* As cloudwatch_alarms_delete(). */
enum store_status cloudwatch_dashboards_delete(struct cloudwatch_store *store,
                                               const struct scope *scope, const char *const *names,
                                               size_t count, const char **out_missing);
enum store_status cloudwatch_dashboard_list(struct cloudwatch_store *store,
                                            const struct scope *scope, const char *prefix,
                                            const char *after, size_t limit, struct arena *a,
                                            struct cloudwatch_dashboard *out, size_t *out_count);

#endif
