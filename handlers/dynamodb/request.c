/* Parameters of item operations: see request.h. */
#include "handlers/dynamodb/request.h"

#include "handlers/dynamodb/legacy.h"
#include "server/base/log.h"

/* {a, b} of those that were given; NULL when none was. */
static const char *given(struct request *req, const struct ddb_parameter *list)
{
    const char *text = NULL;

    for (; list->name != NULL; list++)
        if (list->given)
            text = arena_printf(&req->arena, "%s%s%s", text != NULL ? text : "",
                                text != NULL ? ", " : "", list->name);
    return text;
}

/* "FilterExpression and KeyConditionExpression": all expressions that may use values. */
static const char *value_expressions(struct request *req, const struct ddb_parameter *list,
                                     int *out_count, bool *out_given)
{
    const char *text = NULL;

    *out_count = 0;
    *out_given = false;
    for (; list->name != NULL; list++) {
        if (str_eq(list->name, "ProjectionExpression"))
            continue;
        text = arena_printf(&req->arena, "%s%s%s", text != NULL ? text : "",
                            text != NULL ? " and " : "", list->name);
        *out_count += 1;
        *out_given |= list->given;
    }
    return text;
}

int ddb_check_parameters(struct request *req, const struct ddb_parameter *expressions,
                         const struct ddb_parameter *legacy,
                         const struct dynamodb_ExpressionAttributeNameMap *names,
                         const struct ddb_item *values)
{
    const char *new_style = given(req, expressions);
    const char *old_style = given(req, legacy);
    int count;
    bool any;

    if (new_style != NULL && old_style != NULL)
        return ddb_invalid_request(
            req,
            "Can not use both expression and non-expression parameters in the same "
            "request: Non-expression parameters: {%s} Expression parameters: {%s}",
            old_style, new_style);
    if (names->items != NULL && new_style == NULL)
        return ddb_invalid_request(
            req, "ExpressionAttributeNames can only be specified when using expressions");
    if (values == NULL || !values->set)
        return 0;
    const char *users = value_expressions(req, expressions, &count, &any);
    if (!any && count > 0)
        return ddb_invalid_request(
            req,
            "ExpressionAttributeValues can only be specified when using expressions: %s "
            "%s null",
            users, count > 1 ? "are" : "is");
    return 0;
}

int ddb_check_values(struct request *req, const struct ddb_item *item)
{
    if (item->problem == NULL)
        return 0;
    /* AWS: of the faults of values only those of sets are counted. */
    if (strstr(item->problem, "may not be empty") != NULL ||
        strstr(item->problem, "contains duplicates") ||
        strstr(item->problem, "should not be empty"))
        return ddb_invalid_request(req, "%s", item->problem);
    return ddb_invalid(req, "%s", item->problem);
}

/* --- expressions --- */

int ddb_take_names(struct request *req, const struct dynamodb_ExpressionAttributeNameMap *names,
                   const struct ddb_item *values, struct ddb_names *out)
{
    const char *problem = ddb_names_init(out, &req->arena, names, values);

    if (problem == NULL)
        return 0;
    if (str_starts(problem, "Nesting Levels"))
        return ddb_invalid(req, "%s", problem);
    return ddb_invalid_request(req, "%s", problem);
}

int ddb_end_names(struct request *req, const struct ddb_names *names)
{
    const char *problem = ddb_names_unused(names);

    return problem == NULL ? 0 : ddb_invalid_request(req, "%s", problem);
}

static int fail_expression(struct request *req, const char *kind, const char *problem)
{
    return ddb_invalid_request(req, "Invalid %s: %s", kind, problem);
}

int ddb_take_condition(struct request *req, struct ddb_names *names,
                       const struct ddb_condition_input *in, struct ddb_expr **out)
{
    *out = NULL;
    if (in->expected != NULL &&
        ddb_legacy_expected(req, in->expected, in->conditional_operator, out) != 0)
        return -1;
    if (in->expression == NULL)
        return 0;
    const char *problem = ddb_condition_parse(names, in->expression, out);
    return problem == NULL ? 0 : fail_expression(req, "ConditionExpression", problem);
}

int ddb_take_filter(struct request *req, struct ddb_names *names, const char *expression,
                    struct ddb_expr **out)
{
    if (expression == NULL)
        return 0;
    const char *problem = ddb_condition_parse(names, expression, out);
    return problem == NULL ? 0 : fail_expression(req, "FilterExpression", problem);
}

int ddb_take_attributes(struct request *req, const struct dynamodb_AttributeNameList *attributes,
                        struct ddb_paths *out)
{
    *out = (struct ddb_paths){0};
    out->items = ARENA_ARRAY(&req->arena, struct ddb_path, attributes->count);
    for (size_t i = 0; i < attributes->count; i++) {
        struct ddb_step *step = ARENA_NEW(&req->arena, struct ddb_step);
        step->name = ddb_text_of(attributes->items[i]);
        for (size_t k = 0; k < i; k++)
            if (str_eq(attributes->items[k], attributes->items[i]))
                return ddb_invalid(
                    req,
                    "One or more parameter values were invalid: Duplicate value in attribute "
                    "name: %s",
                    attributes->items[i]);
        out->items[out->count++] = (struct ddb_path){step, 1};
    }
    return 0;
}

int ddb_take_projection(struct request *req, struct ddb_names *names, const char *expression,
                        struct ddb_paths *out)
{
    if (expression == NULL)
        return 0;
    const char *problem = ddb_projection_parse(names, expression, out);
    return problem == NULL ? 0 : fail_expression(req, "ProjectionExpression", problem);
}

int ddb_take_update(struct request *req, struct ddb_names *names, const char *expression,
                    struct ddb_update *out)
{
    const char *problem = ddb_update_parse(names, expression, out);

    return problem == NULL ? 0 : fail_expression(req, "UpdateExpression", problem);
}

/* --- paths into keys --- */

const char *ddb_key_path_problem(const struct ddb_table *t, const struct ddb_path *path,
                                 struct arena *a)
{
    const struct ddb_definition *d = &t->definition;
    const char *kind = NULL;

    if (path->count < 2)
        return NULL;
    if (ddb_schema_has(&d->key, path->steps[0].name))
        kind = "Key";
    for (size_t i = 0; i < d->index_count && kind == NULL; i++)
        if (ddb_schema_has(&d->indexes[i].key, path->steps[0].name))
            kind = "IndexKey";
    if (kind == NULL)
        return NULL;
    return arena_printf(
        a,
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not "
        "allowed: %s: %.*s",
        kind, (int)path->steps[0].name.len, path->steps[0].name.data);
}

struct key_check {
    struct request *req;
    const struct ddb_table *table;
};

static bool check_path(void *context, const struct ddb_path *path)
{
    struct key_check *check = context;
    const char *problem = ddb_key_path_problem(check->table, path, &check->req->arena);

    if (problem != NULL)
        ddb_invalid(check->req, "%s", problem);
    return problem == NULL;
}

int ddb_check_expr_keys(struct request *req, const struct ddb_table *t, const struct ddb_expr *e)
{
    return e == NULL || ddb_expr_paths(e, check_path, &(struct key_check){req, t}) ? 0 : -1;
}

int ddb_check_paths_keys(struct request *req, const struct ddb_table *t,
                         const struct ddb_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        if (!check_path(&(struct key_check){req, t}, &paths->items[i]))
            return -1;
    return 0;
}

enum store_status ddb_item_from_row(const struct ddb_row *row, const struct ddb_paths *paths,
                                    struct arena *a, struct ddb_item *out)
{
    struct ddb_text json = {(const char *)row->body.data, row->body.len};
    struct ddb_item whole;

    if (paths->count == 0) {
        *out = (struct ddb_item){.set = true, .json = json};
        return STORE_OK;
    }
    if (!ddb_item_parse(json, a, &whole)) {
        log_error("a stored item cannot be read: the database is damaged");
        return STORE_FAILED;
    }
    *out = ddb_project(paths, &whole, a);
    return STORE_OK;
}

/* --- failing --- */

int ddb_fail_condition(struct request *req, const char *return_values, bool existed,
                       const struct ddb_item *old)
{
    static const char text[] = "The conditional request failed";

    if (!existed || return_values == NULL || !str_eq(return_values, "ALL_OLD"))
        return aws_fail(req, &dynamodb_ConditionalCheckFailedException, "%s", text);
    struct dynamodb_ConditionalCheckFailedException *members =
        ARENA_NEW(&req->arena, struct dynamodb_ConditionalCheckFailedException);
    members->Item = *old;
    return aws_fail_with(req, &dynamodb_ConditionalCheckFailedException, members, "%s", text);
}
