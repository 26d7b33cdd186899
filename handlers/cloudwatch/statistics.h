/*
 * Points of a metric, summed up by periods, and the statistics of a period.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
 *
 * Percentiles are interpolated between the values of a period. Of statistic sets the values are not
 * known: as on AWS a period that holds one has percentiles only where all its values are equal.
 */
#ifndef CADABRA_CLOUDWATCH_STATISTICS_H
#define CADABRA_CLOUDWATCH_STATISTICS_H

#include "server/base/arena.h"
#include "storage/cloudwatch_store.h"

struct weighted {
    double value;
    double weight; /* how often it was measured */
};

/* One period that has points. */
struct summary {
    int64_t at_s;
    const char *unit;
    double samples, sum, minimum, maximum;
    struct weighted *values;
    size_t value_count;
    bool values_known; /* all of them */
};

/* In order of time; those of one period by unit, as they came. Lives in its arena. */
struct summaries {
    struct arena *arena;
    int64_t from_s; /* where the first period begins */
    int64_t period_s;
    bool keep_values; /* for percentiles */
    struct summary *items;
    size_t count, capacity;
};

/* Of struct summaries, for cloudwatch_points_visit(). Points must come in order of time. */
void summaries_add(const struct cloudwatch_point *point, void *summaries);

struct statistic {
    enum {
        STATISTIC_SAMPLE_COUNT,
        STATISTIC_AVERAGE,
        STATISTIC_SUM,
        STATISTIC_MINIMUM,
        STATISTIC_MAXIMUM,
        STATISTIC_PERCENTILE,
    } kind;
    double percentile; /* 0 to 100 */
};

/* "Average", "p99", "p99.9". False where it is none; trimmed means and their like are none here. */
bool statistic_parse(const char *text, struct statistic *out);
/* False where the period does not have it. Sorts the values of the period. */
bool statistic_of(struct summary *s, const struct statistic *statistic, double *out);

#endif
