/*
 * Queries for metrics, and expressions over them: what GetMetricData answers and what alarms on
 * Metrics look at. Its memory is its arena's.
 */
#ifndef CADABRA_CLOUDWATCH_DATA_SET_H
#define CADABRA_CLOUDWATCH_DATA_SET_H

#include "gen/cloudwatch.h"
#include "handlers/cloudwatch/math.h"
#include "server/net/request.h"
#include "storage/cloudwatch_store.h"

/* One query, in the order of the request. */
struct data_query {
    const struct cloudwatch_MetricDataQuery *asked;
    const struct math_expression *expression; /* NULL: a metric */
    const char *const *needs;                 /* ids that it names; as far as they are unknown */
    struct math_value value;                  /* as far as it is known */
    bool known;
    const char *units; /* a metric has several: what is said of them; else NULL */
};

struct data_set {
    struct arena *arena;
    struct cloudwatch_store *store;
    struct scope scope;
    int64_t start_ms, end_ms, now_ms;
    struct data_query *items;
    size_t count;
    struct data_query **by_id;         /* the items, in that order */
    const struct math_series *metrics; /* all of them, once one expression was evaluated */
    size_t metric_count;
    const char *culprit; /* the id of the expression that could not be evaluated */
};

/* Checks the queries and makes a set of them; the caller fills in the times before data are asked
 * for. 0, or -1 after failing. */
int data_set_open(struct request *req, const struct cloudwatch_MetricDataQueries *queries,
                  struct data_set *out);
/* The same for queries that were checked when they came; false where they are none any more. */
bool data_set_reopen(struct arena *a, const struct cloudwatch_MetricDataQueries *queries,
                     struct data_set *out);

enum data_outcome { DATA_OK, DATA_FAILED /* a fault of ours, logged */, DATA_INVALID };

/* Makes the value of one query known, and with it those of all others that it needs.
 * DATA_INVALID: *out says which expression is at fault, and why. */
enum data_outcome data_set_need(struct data_set *s, size_t i, struct math_problem *out);
/* The same for a request: 0, or -1 after failing. */
int data_set_answer(struct request *req, struct data_set *s, size_t i);

/* The longest period of its metrics; 0: it has none. */
int64_t data_set_period(const struct data_set *s);

#endif
