/*
 * Tags of functions and of event source mappings.
 */
#include "handlers/lambda/state.h"

#include "handlers/common/arn.h"
#include "handlers/common/tags.h"
#include "handlers/lambda/name.h"
#include "server/aws_error.h"

/* What a tag request is about: one of the two. */
struct tagged {
    bool is_mapping;
    struct lambda_function function;
    struct lambda_mapping mapping;
};

static int find(struct request *req, const char *resource, struct tagged *out)
{
    struct arn arn;
    const char *uuid;

    if (!arn_parse(&req->arena, resource, &arn))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "The specified resource '%s' is not an ARN.", resource);
    uuid = arn_resource_after(&arn, "event-source-mapping:");
    out->is_mapping = uuid != NULL;
    struct function_name name;
    if (!uuid && function_name_parse(&req->arena, resource, &name) && name.qualifier)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Tags on function aliases and versions are not supported. Please "
                           "specify a function ARN.");
    if (!uuid)
        return lambda_resolve(req, resource, NULL, &out->function);
    if (lambda_store_mapping_find(lambda_state(req)->store, scope_of(req), uuid, &req->arena,
                                  &out->mapping) != STORE_OK)
        return lambda_fail(req, &lambda_ResourceNotFoundException,
                           "Event source mapping not found: %s", resource);
    return 0;
}

static const char *tags_of(const struct tagged *t)
{
    return t->is_mapping ? t->mapping.tags : t->function.tags;
}

static int store_tags(struct request *req, struct tagged *t, const char *json)
{
    struct lambda_store *store = lambda_state(req)->store;
    enum store_status rc;

    if (t->is_mapping) {
        t->mapping.tags = json;
        rc = lambda_store_mapping_replace(store, &t->mapping);
    } else {
        t->function.tags = json;
        rc = lambda_store_replace(store, &t->function, t->function.revision);
    }
    if (rc == STORE_CONFLICT || rc == STORE_NOT_FOUND)
        return lambda_fail(req, &lambda_ResourceConflictException,
                           "The operation cannot be performed at this time. An update is in "
                           "progress for this resource.");
    return rc ? aws_fail_internal(req) : 0;
}

int lambda_list_tags(struct request *req, const struct lambda_ListTagsRequest *in,
                     struct lambda_ListTagsResponse *out)
{
    struct tagged t = {0};

    if (find(req, in->Resource, &t) < 0)
        return -1;
    out->Tags = lambda_tags_from_json(&req->arena, tags_of(&t));
    return 0;
}

int lambda_tag_resource(struct request *req, const struct lambda_TagResourceRequest *in,
                        struct lambda_TagResourceOutput *out)
{
    struct arena *a = &req->arena;
    struct tagged t = {0};

    (void)out;
    const char *changes = lambda_tags_json(req, &in->Tags);
    if (!changes || find(req, in->Resource, &t) < 0)
        return -1;
    if (!in->Tags.count)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "An error occurred and the request cannot be processed.");
    struct tag_list merged =
        tags_merge(a, tags_from_json(a, tags_of(&t)), tags_from_json(a, changes));
    if (merged.count > TAGS_MAX)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Number of tags exceeds resource tag limit.");
    return store_tags(req, &t, tags_to_json(a, merged));
}

int lambda_untag_resource(struct request *req, const struct lambda_UntagResourceRequest *in,
                          struct lambda_UntagResourceOutput *out)
{
    struct arena *a = &req->arena;
    struct tagged t = {0};

    (void)out;
    if (find(req, in->Resource, &t) < 0)
        return -1;
    struct tag_list left = tags_without(a, tags_from_json(a, tags_of(&t)),
                                        (const char *const *)in->TagKeys.items, in->TagKeys.count);
    return store_tags(req, &t, tags_to_json(a, left));
}
