/* Roles. */
#include "handlers/iam/iam_parts.h"
#include "server/base/clock.h"

enum { SESSION_DEFAULT_S = 3600 };

/* What the lists and the creation show of a role. */
static struct iam_Role show_role(struct request *req, const struct iam_entity *e)
{
    return (struct iam_Role){
        .Path = e->path,
        .RoleName = e->name,
        .RoleId = e->unique_id,
        .Arn = iam_entity_arn(req, e),
        .CreateDate = SOME_TIME(e->created_ms),
        .AssumeRolePolicyDocument = iam_show_document(&req->arena, e->trust),
        .Description = e->description,
        .MaxSessionDuration = SOME_INT(e->session_s),
    };
}

/* AWS: only GetRole and CreateRole tell of tags and boundary, only GetRole of the last use. */
static struct iam_Role *show_whole_role(struct request *req, const struct iam_entity *e)
{
    struct iam_Role *role = ARENA_NEW(&req->arena, struct iam_Role);

    *role = show_role(req, e);
    role->PermissionsBoundary = iam_show_boundary(&req->arena, e->boundary);
    if (e->tags)
        role->Tags = iam_show_tags(&req->arena, e->tags);
    return role;
}

struct iam_RoleLastUsed *iam_show_last_use(struct request *req, const struct iam_entity *role)
{
    struct iam_RoleLastUsed *use = ARENA_NEW(&req->arena, struct iam_RoleLastUsed);

    if (role->used_ms) {
        use->LastUsedDate = SOME_TIME(role->used_ms);
        use->Region = role->used_region;
    }
    return use;
}

static int check_trust(struct request *req, const char *document)
{
    if (iam_document_size(document) > IAM_TRUST_MAX)
        return aws_fail(req, &iam_LimitExceededException,
                        "Cannot exceed quota for ACLSizePerRole: %d", IAM_TRUST_MAX);
    return iam_check_document(req, document, IAM_DOCUMENT_TRUST);
}

int iam_create_role(struct request *req, const struct iam_CreateRoleRequest *in,
                    struct iam_CreateRoleResponse *out)
{
    struct iam_entity role = {
        .kind = IAM_ROLE,
        .name = in->RoleName,
        .path = in->Path ? in->Path : "/",
        .unique_id = iam_new_id(&req->arena, "AROA"),
        .created_ms = clock_now_ms(&req->app->clock),
        .description = in->Description,
        .trust = in->AssumeRolePolicyDocument,
        .session_s = VALUE_OR(in->MaxSessionDuration, SESSION_DEFAULT_S),
        .boundary = in->PermissionsBoundary,
    };

    if (check_trust(req, role.trust) || iam_check_boundary(req, role.boundary) ||
        iam_read_tags(req, &in->Tags, "TagsPerRole", &role.tags) || iam_create_entity(req, &role))
        return -1;
    out->Role = show_whole_role(req, &role);
    return 0;
}

int iam_get_role(struct request *req, const struct iam_GetRoleRequest *in,
                 struct iam_GetRoleResponse *out)
{
    struct iam_entity role;
    enum store_status status = iam_entity_find(iam_store_of(req->app), req->account, IAM_ROLE,
                                               in->RoleName, &req->arena, &role);

    if (status)
        return iam_fail_entity(req, status, IAM_ROLE, in->RoleName);
    out->Role = show_whole_role(req, &role);
    out->Role->RoleLastUsed = iam_show_last_use(req, &role);
    return 0;
}

int iam_list_roles(struct request *req, const struct iam_ListRolesRequest *in,
                   struct iam_ListRolesResponse *out)
{
    struct iam_page page;
    struct iam_entities roles;

    if (iam_page_begin(req, "iam:ListRoles", in->Marker, in->MaxItems, &page))
        return -1;
    if (iam_entity_list(iam_store_of(req->app), req->account, IAM_ROLE, in->PathPrefix, page.after,
                        page.limit, &req->arena, &roles))
        return aws_fail_internal(req);
    out->Roles.items = ARENA_ARRAY(&req->arena, struct iam_Role, roles.count);
    for (size_t i = 0; i < roles.count; i++)
        out->Roles.items[out->Roles.count++] = show_role(req, &roles.items[i]);
    out->Marker =
        iam_page_end(req, &page, roles.more, roles.count ? roles.items[roles.count - 1].name : "",
                     &out->IsTruncated);
    return 0;
}

static int change_role(struct request *req, const char *name,
                       bool (*change)(struct iam_entity *role, void *context), const void *context)
{
    enum store_status status = iam_entity_change(iam_store_of(req->app), req->account, IAM_ROLE,
                                                 name, change, (void *)context, &req->arena);

    return status ? iam_fail_entity(req, status, IAM_ROLE, name) : 0;
}

static bool apply_update(struct iam_entity *role, void *context)
{
    const struct iam_UpdateRoleRequest *in = context;

    if (in->Description)
        role->description = in->Description;
    role->session_s = VALUE_OR(in->MaxSessionDuration, role->session_s);
    return true;
}

int iam_update_role(struct request *req, const struct iam_UpdateRoleRequest *in,
                    struct iam_UpdateRoleResponse *out)
{
    (void)out;
    return change_role(req, in->RoleName, apply_update, in);
}

static bool apply_description(struct iam_entity *role, void *context)
{
    const struct iam_UpdateRoleDescriptionRequest *in = context;

    role->description = in->Description;
    return true;
}

int iam_update_role_description(struct request *req,
                                const struct iam_UpdateRoleDescriptionRequest *in,
                                struct iam_UpdateRoleDescriptionResponse *out)
{
    struct iam_entity role;

    if (change_role(req, in->RoleName, apply_description, in))
        return -1;
    if (iam_entity_find(iam_store_of(req->app), req->account, IAM_ROLE, in->RoleName, &req->arena,
                        &role))
        return aws_fail_internal(req);
    out->Role = show_whole_role(req, &role);
    return 0;
}

static bool apply_trust(struct iam_entity *role, void *context)
{
    const struct iam_UpdateAssumeRolePolicyRequest *in = context;

    role->trust = in->PolicyDocument;
    return true;
}

int iam_update_assume_role_policy(struct request *req,
                                  const struct iam_UpdateAssumeRolePolicyRequest *in,
                                  struct iam_UpdateAssumeRolePolicyOutput *out)
{
    (void)out;
    if (check_trust(req, in->PolicyDocument))
        return -1;
    return change_role(req, in->RoleName, apply_trust, in);
}

int iam_delete_role(struct request *req, const struct iam_DeleteRoleRequest *in,
                    struct iam_DeleteRoleOutput *out)
{
    (void)out;
    return iam_delete_entity(req, IAM_ROLE, in->RoleName);
}

static bool apply_boundary(struct iam_entity *role, void *context)
{
    const struct iam_PutRolePermissionsBoundaryRequest *in = context;

    role->boundary = in->PermissionsBoundary;
    return true;
}

int iam_put_role_permissions_boundary(struct request *req,
                                      const struct iam_PutRolePermissionsBoundaryRequest *in,
                                      struct iam_PutRolePermissionsBoundaryOutput *out)
{
    (void)out;
    if (iam_check_boundary(req, in->PermissionsBoundary))
        return -1;
    return change_role(req, in->RoleName, apply_boundary, in);
}

static bool remove_boundary(struct iam_entity *role, void *context)
{
    (void)context;
    role->boundary = NULL;
    return true;
}

int iam_delete_role_permissions_boundary(struct request *req,
                                         const struct iam_DeleteRolePermissionsBoundaryRequest *in,
                                         struct iam_DeleteRolePermissionsBoundaryOutput *out)
{
    (void)out;
    return change_role(req, in->RoleName, remove_boundary, NULL);
}

int iam_tag_role(struct request *req, const struct iam_TagRoleRequest *in,
                 struct iam_TagRoleOutput *out)
{
    (void)out;
    return iam_tag_entity(req, IAM_ROLE, in->RoleName, &in->Tags, "TagsPerRole");
}

int iam_untag_role(struct request *req, const struct iam_UntagRoleRequest *in,
                   struct iam_UntagRoleOutput *out)
{
    (void)out;
    return iam_untag_entity(req, IAM_ROLE, in->RoleName, &in->TagKeys);
}

int iam_list_role_tags(struct request *req, const struct iam_ListRoleTagsRequest *in,
                       struct iam_ListRoleTagsResponse *out)
{
    struct iam_page page;
    struct iam_entity role;
    enum store_status status;

    if (iam_page_begin(req, "iam:ListRoleTags", in->Marker, in->MaxItems, &page))
        return -1;
    status = iam_entity_find(iam_store_of(req->app), req->account, IAM_ROLE, in->RoleName,
                             &req->arena, &role);
    if (status)
        return iam_fail_entity(req, status, IAM_ROLE, in->RoleName);
    out->Tags = iam_page_of_tags(req, role.tags, &page, &out->IsTruncated, &out->Marker);
    return 0;
}
