/* Contributor insights: switched on and off for tables and indexes, and reported. Nothing is
 * measured: the rules are CloudWatch's. */
#include "handlers/common/page_token.h"
#include "handlers/dynamodb/ops.h"
#include "handlers/dynamodb/redefine.h"

enum { LIST_MAX = 100 };

static const char *status_of(const struct ddb_insights *i)
{
    return i->enabled ? "ENABLED" : "DISABLED";
}

static const char *mode_of(struct request *req, const struct ddb_insights *i)
{
    return arena_strdup(&req->arena, i->mode != NULL ? i->mode : "ACCESSED_AND_THROTTLED_KEYS");
}

/* The setting of the table or of one index; NULL after failing. */
static struct ddb_insights *setting_of(struct request *req, struct ddb_definition *d,
                                       const char *index)
{
    if (index == NULL)
        return &d->insights;
    for (size_t i = 0; i < d->index_count; i++)
        if (d->indexes[i].global && str_eq(d->indexes[i].name, index))
            return &d->indexes[i].insights;
    aws_fail(req, &dynamodb_ResourceNotFoundException,
             "Requested resource not found: Index: %s not found", index);
    return NULL;
}

int dynamodb_update_contributor_insights(struct request *req,
                                         const struct dynamodb_UpdateContributorInsightsInput *in,
                                         struct dynamodb_UpdateContributorInsightsOutput *out)
{
    const struct ddb_table *t = ddb_table_get_named(req, in->TableName);
    bool on = str_eq(in->ContributorInsightsAction, "ENABLE");
    enum ddb_begin begun;

    do {
        if (t == NULL)
            return -1;
        struct ddb_definition d = ddb_definition_copy(&t->definition, &req->arena);
        struct ddb_insights *i = setting_of(req, &d, in->IndexName);
        if (i == NULL)
            return -1;
        i->enabled = on;
        i->changed_ms = req->received_ms;
        if (in->ContributorInsightsMode != NULL)
            i->mode = in->ContributorInsightsMode;
        out->ContributorInsightsMode = mode_of(req, i);
        begun = ddb_redefine_now(req, &t, &d);
    } while (begun == DDB_AGAIN);
    if (begun == DDB_FAILED)
        return -1;
    out->TableName = t->name;
    out->IndexName = in->IndexName;
    out->ContributorInsightsStatus = on ? "ENABLING" : "DISABLING";
    return 0;
}

/* AWS: PK of partition keys, SK of whole keys; C of consumed units, T of throttled ones. */
static void add_rules(struct request *req, const struct ddb_table *t, const char *index,
                      const struct ddb_key_schema *key, const struct ddb_insights *i,
                      struct dynamodb_ContributorInsightsRuleList *out)
{
    static const char *const kinds[] = {"PKC", "PKT", "SKC", "SKT"};
    bool throttled_only = i->mode != NULL && str_eq(i->mode, "THROTTLED_KEYS");

    out->items = ARENA_ARRAY(&req->arena, const char *, ARRAY_LEN(kinds));
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        if ((kinds[k][0] == 'S' && key->range_count == 0) || (kinds[k][2] == 'C' && throttled_only))
            continue;
        out->items[out->count++] = arena_printf(
            &req->arena, "DynamoDBContributorInsights-%s-%s%s%s-%" PRId64, kinds[k], t->name,
            index != NULL ? "-" : "", index != NULL ? index : "", i->changed_ms);
    }
}

int dynamodb_describe_contributor_insights(
    struct request *req, const struct dynamodb_DescribeContributorInsightsInput *in,
    struct dynamodb_DescribeContributorInsightsOutput *out)
{
    const struct ddb_table *t = ddb_table_get_named(req, in->TableName);

    if (t == NULL)
        return -1;
    struct ddb_definition d = t->definition;
    const struct ddb_insights *i = setting_of(req, &d, in->IndexName);
    if (i == NULL)
        return -1;
    out->TableName = t->name;
    out->IndexName = in->IndexName;
    out->ContributorInsightsStatus = status_of(i);
    if (i->changed_ms != 0)
        out->LastUpdateDateTime = SOME_TIME(i->changed_ms);
    if (!i->enabled)
        return 0;
    const struct ddb_index *index =
        in->IndexName != NULL ? ddb_table_index(t, in->IndexName) : NULL;
    out->ContributorInsightsMode = mode_of(req, i);
    add_rules(req, t, in->IndexName, index != NULL ? &index->key : &d.key, i,
              &out->ContributorInsightsRuleList);
    return 0;
}

static void add_summary(struct request *req, const struct ddb_table *t, const char *index,
                        const struct ddb_insights *i,
                        struct dynamodb_ContributorInsightsSummaries *out)
{
    if (i->changed_ms == 0)
        return;
    out->items[out->count++] = (struct dynamodb_ContributorInsightsSummary){
        .TableName = t->name,
        .IndexName = index,
        .ContributorInsightsStatus = status_of(i),
        .ContributorInsightsMode = i->enabled ? mode_of(req, i) : NULL,
    };
}

static void add_table(struct request *req, const struct ddb_table *t,
                      struct dynamodb_ContributorInsightsSummaries *out)
{
    const struct ddb_definition *d = &t->definition;

    add_summary(req, t, NULL, &d->insights, out);
    for (size_t i = 0; i < d->index_count; i++)
        add_summary(req, t, d->indexes[i].name, &d->indexes[i].insights, out);
}

/* A page is the tables whose settings fill it; the token is the name of the last one. */
int dynamodb_list_contributor_insights(struct request *req,
                                       const struct dynamodb_ListContributorInsightsInput *in,
                                       struct dynamodb_ListContributorInsightsOutput *out)
{
    enum { SETTINGS_MAX = 1 + DDB_GLOBAL_INDEXES_MAX + DDB_LOCAL_INDEXES_MAX };
    size_t limit =
        in->MaxResults.set && in->MaxResults.value > 0 ? (size_t)in->MaxResults.value : LIST_MAX;
    const char *after = in->NextToken != NULL ? in->NextToken : "";
    struct scope scope = ddb_scope(req);
    size_t named = 1;

    limit = MIN(limit, (size_t)LIST_MAX);
    out->ContributorInsightsSummaries.items =
        ARENA_ARRAY(&req->arena, struct dynamodb_ContributorInsightsSummary, limit + SETTINGS_MAX);
    if (in->TableName != NULL) {
        const struct ddb_table *t = ddb_table_get_named(req, in->TableName);
        if (t == NULL)
            return -1;
        add_table(req, t, &out->ContributorInsightsSummaries);
        return 0;
    }
    while (named > 0 && out->ContributorInsightsSummaries.count < limit) {
        const char *name;
        struct ddb_session s;
        enum store_status rc = ddb_read_begin(ddb_store_of(req), &s);
        if (rc != STORE_OK)
            return rc == STORE_NOT_FOUND ? 0 : ddb_fail_store(req, rc);
        rc = ddb_table_list(&s, &scope, after, 1, &req->arena, &name, &named);
        ddb_read_end(&s);
        if (rc != STORE_OK)
            return ddb_fail_store(req, rc);
        const struct ddb_table *t = named > 0 ? ddb_table_get_named(req, name) : NULL;
        if (named > 0 && t == NULL)
            return -1;
        if (t != NULL)
            add_table(req, t, &out->ContributorInsightsSummaries);
        after = named > 0 ? name : after;
    }
    if (named > 0)
        out->NextToken = after;
    return 0;
}
