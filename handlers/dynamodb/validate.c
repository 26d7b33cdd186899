/*
 * The checks before any operation, in DynamoDB's order: the table's name alone, then the
 * constraints of the model, all together.
 */
#include "handlers/dynamodb/validate.h"

#include "dynamodb.h"
#include "handlers/dynamodb/state.h"
#include "server/model/validate.h"
#include "server/service.h"

enum name_rule {
    NO_NAME,
    CONTROL, /* operations on tables: missing or of wrong length is told in words of its own */
    CREATE,
    DATA, /* operations on items */
};

static enum name_rule rule_of(const char *operation)
{
    static const char *const control[] = {
        "DeleteTable",
        "DescribeTable",
        "UpdateTable",
        "DescribeContinuousBackups",
        "UpdateContinuousBackups",
        "DescribeTimeToLive",
        "UpdateTimeToLive",
    };
    static const char *const data[] = {"PutItem",    "GetItem", "UpdateItem",
                                       "DeleteItem", "Query",   "Scan"};

    if (str_eq(operation, "CreateTable"))
        return CREATE;
    for (size_t i = 0; i < ARRAY_LEN(control); i++)
        if (str_eq(operation, control[i]))
            return CONTROL;
    for (size_t i = 0; i < ARRAY_LEN(data); i++)
        if (str_eq(operation, data[i]))
            return DATA;
    return NO_NAME;
}

/* A string of the input, whatever the operation; *out_has says whether the input can have it. */
static const char *text_of(const struct request *req, const void *in, const char *name,
                           bool *out_has)
{
    const struct model *m = req->service->model;
    const struct shape *s = &m->shapes[req->operation->input - 1];

    for (uint32_t i = 0; i < s->member_count; i++) {
        const struct member *member = &m->members[s->first_member + i];
        if (str_eq(model_text(m, member->name), name)) {
            *out_has = true;
            return *(const char *const *)((const char *)in + member->offset);
        }
    }
    *out_has = false;
    return NULL;
}

static bool has_legal_characters(const char *name)
{
    return name[strspn(
               name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")] == '\0';
}

#define AT_NAME "Value '%s' at 'tableName' failed to satisfy constraint: "

/* All that is wrong with the name, counted. */
static int check_constraints(struct request *req, const char *name, size_t min)
{
    const char *problems[3];
    size_t count = 0;
    size_t len = strlen(name);

    if ((len == 0 && min > 1) || !has_legal_characters(name))
        problems[count++] = arena_printf(
            &req->arena, AT_NAME "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
            name);
    if (len < min)
        problems[count++] = arena_printf(
            &req->arena, AT_NAME "Member must have length greater than or equal to %zu", name, min);
    if (len > 255)
        problems[count++] = arena_printf(
            &req->arena, AT_NAME "Member must have length less than or equal to 255", name);
    if (count == 0)
        return 0;
    const char *text = problems[0];
    for (size_t i = 1; i < count; i++)
        text = arena_printf(&req->arena, "%s; %s", text, problems[i]);
    return ddb_invalid(req, "%zu validation error%s detected: %s", count, count > 1 ? "s" : "",
                       text);
}

static int check_table_name(struct request *req, const char *name, enum name_rule rule)
{
    bool is_arn = name != NULL && str_starts(name, "arn:");

    if (name == NULL && rule == DATA)
        return ddb_invalid(
            req, "1 validation error detected: Value null at 'tableName' failed to satisfy "
                 "constraint: Member must not be null");
    if (name == NULL)
        return ddb_invalid(
            req, "The parameter 'TableName' is required but was not present in the request");
    if (is_arn)
        return 0; /* looked at when the table is */
    if (rule == CONTROL && (strlen(name) < 3 || strlen(name) > 255))
        return ddb_invalid(
            req, "TableName must be at least 3 characters long and at most 255 characters "
                 "long");
    return check_constraints(req, name, rule == DATA ? 1 : 3);
}

/* Six parts with colons between them, the last with a slash inside. */
static bool looks_like_arn(const char *s)
{
    for (int i = 0; i < 5; i++) {
        const char *colon = *s != '\0' ? strchr(s + 1, ':') : NULL;
        if (colon == NULL)
            return false;
        s = colon + 1;
    }
    const char *slash = *s != '\0' ? strchr(s + 1, '/') : NULL;
    return slash != NULL && slash[1] != '\0';
}

static int check_resource(struct request *req, const char *resource)
{
    if (resource == NULL)
        return ddb_invalid(req, "Invalid TableArn");
    if (looks_like_arn(resource))
        return 0;
    return ddb_invalid(req, "Invalid TableArn: Invalid ResourceArn provided as input %s", resource);
}

/* --- what AWS tells in newer words: without the value, and by the path of the member --- */

static int check_limit(struct request *req, const struct dynamodb_QueryInput *in)
{
    if (!in->Limit.set || in->Limit.value >= 1)
        return 0;
    return ddb_invalid(req, "1 validation error detected: Value at 'Limit' failed to satisfy "
                            "constraint: Member must have value greater than or equal to 1");
}

static int check_lookups(struct request *req, const struct dynamodb_BatchGetItemInput *in)
{
    const struct dynamodb_BatchGetRequestMap *map = &in->RequestItems;

    if (map->items != NULL && map->count == 0)
        return ddb_invalid(req,
                           "1 validation error detected: Value at 'RequestItems' failed to satisfy "
                           "constraint: Member must have length greater than or equal to 1");
    for (size_t i = 0; map->items != NULL && i < map->count; i++) {
        const struct dynamodb_KeyList *keys = &map->items[i].value.Keys;
        if (keys->items == NULL || (keys->count >= 1 && keys->count <= 100))
            continue;
        return ddb_invalid(
            req,
            "1 validation error detected: Value at 'RequestItems.%s.member.Keys' failed to satisfy "
            "constraint: Member must have length %s than or equal to %d",
            map->items[i].key, keys->count == 0 ? "greater" : "less", keys->count == 0 ? 1 : 100);
    }
    return 0;
}

static int check_reworded(struct request *req, const void *in)
{
    const char *operation = model_text(req->service->model, req->operation->name);

    if (str_eq(operation, "Query"))
        return check_limit(req, in);
    if (str_eq(operation, "BatchGetItem"))
        return check_lookups(req, in);
    if (str_eq(operation, "BatchWriteItem")) {
        const struct dynamodb_BatchWriteItemInput *write = in;
        if (write->RequestItems.items != NULL && write->RequestItems.count == 0)
            return ddb_invalid(req, "The requestItems parameter is required for BatchWriteItem");
    }
    return 0;
}

int ddb_validate(struct request *req, const void *in)
{
    enum name_rule rule = rule_of(model_text(req->service->model, req->operation->name));
    bool has;

    const char *name = text_of(req, in, "TableName", &has);
    if (rule != NO_NAME && check_table_name(req, name, rule) != 0)
        return -1;
    const char *resource = text_of(req, in, "ResourceArn", &has);
    if (has && check_resource(req, resource) != 0)
        return -1;
    if (check_reworded(req, in) != 0)
        return -1;
    return validate_input(req, req->service->model, req->operation, in);
}
