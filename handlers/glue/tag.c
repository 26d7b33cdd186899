/* Tags. Of what the Data Catalog holds, databases alone have them. */
#include "handlers/common/arn.h"
#include "handlers/common/tags.h"
#include "handlers/glue/operations.h"

static struct tag_list list_of(struct arena *a, const struct glue_TagsMap *tags)
{
    struct tag_list list = {.items = ARENA_ARRAY(a, struct tag, tags->count), .count = tags->count};

    for (size_t i = 0; i < tags->count; i++)
        list.items[i] = (struct tag){.key = tags->items[i].key, .value = tags->items[i].value};
    return list;
}

static int check_tags(struct request *req, const struct glue_TagsMap *tags)
{
    for (size_t i = 0; i < tags->count; i++) {
        const char *problem = tag_problem(tags->items[i].key, tags->items[i].value);

        if (problem)
            return aws_fail(req, &glue_InvalidInputException, "%s", problem);
    }
    return 0;
}

static int check_count(struct request *req, size_t count)
{
    if (count > TAGS_MAX)
        return aws_fail(req, &glue_InvalidInputException,
                        "The number of tags exceeds the limit of %d.", TAGS_MAX);
    return 0;
}

const char *glue_new_tags(struct request *req, const struct glue_TagsMap *tags)
{
    if (check_tags(req, tags) || check_count(req, tags->count))
        return NULL;
    return tags_to_json(&req->arena, list_of(&req->arena, tags));
}

/* The database of an ARN. */
static int find_tagged(struct request *req, const char *text, struct glue_database_place *out)
{
    struct arn arn;
    const char *name;

    if (!arn_parse(&req->arena, text, &arn) || !str_eq(arn.service, "glue"))
        return aws_fail(req, &glue_InvalidInputException, "Invalid resource ARN: %s", text);
    name = arn_resource_after(&arn, "database/");
    if (!name)
        return aws_fail_unsupported(req, "ResourceArn of anything but databases");
    if (!str_eq(arn.account, req->account) || !str_eq(arn.region, req->region))
        return aws_fail(req, &glue_EntityNotFoundException, "Database %s not found.", name);
    return glue_use_database(req, NULL, name, out);
}

/* Sets or removes until nobody else has changed them meanwhile. */
static int change_tags(struct request *req, const char *arn, const struct tag_list *set,
                       const struct glue_TagKeysList *remove)
{
    struct glue_database_place place;
    struct tag_list tags;
    enum store_status status;

    do {
        if (find_tagged(req, arn, &place))
            return -1;
        tags = tags_from_json(&req->arena, place.row.tags);
        tags = set ? tags_merge(&req->arena, tags, *set)
                   : tags_without(&req->arena, tags, remove->items, remove->count);
        if (check_count(req, tags.count))
            return -1;
        status = glue_database_set_tags(glue_store_of(req), place.row.id, place.row.tags,
                                        tags_to_json(&req->arena, tags));
    } while (status == STORE_CONFLICT);
    return status ? glue_fail_database(req, status, place.row.name) : 0;
}

int glue_tag_resource(struct request *req, const struct glue_TagResourceRequest *in,
                      struct glue_TagResourceResponse *out)
{
    struct tag_list set = list_of(&req->arena, &in->TagsToAdd);

    (void)out;
    return check_tags(req, &in->TagsToAdd) ? -1 : change_tags(req, in->ResourceArn, &set, NULL);
}

int glue_untag_resource(struct request *req, const struct glue_UntagResourceRequest *in,
                        struct glue_UntagResourceResponse *out)
{
    (void)out;
    return change_tags(req, in->ResourceArn, NULL, &in->TagsToRemove);
}

int glue_get_tags(struct request *req, const struct glue_GetTagsRequest *in,
                  struct glue_GetTagsResponse *out)
{
    struct glue_database_place place;
    struct tag_list tags;

    if (find_tagged(req, in->ResourceArn, &place))
        return -1;
    tags = tags_from_json(&req->arena, place.row.tags);
    out->Tags.items = ARENA_ARRAY(&req->arena, struct glue_TagsMap_entry, tags.count + 1);
    out->Tags.count = tags.count;
    for (size_t i = 0; i < tags.count; i++) {
        out->Tags.items[i].key = tags.items[i].key;
        out->Tags.items[i].value = tags.items[i].value;
    }
    return 0;
}
