/* Users, and what they can't have here: devices and certificates, so these lists are empty. */
#include "handlers/common/arn.h"
#include "handlers/iam/iam_parts.h"
#include "server/base/clock.h"

struct iam_User iam_show_user(struct request *req, const struct iam_entity *e)
{
    return (struct iam_User){
        .Path = e->path,
        .UserName = e->name,
        .UserId = e->unique_id,
        .Arn = iam_entity_arn(req, e),
        .CreateDate = SOME_TIME(e->created_ms),
    };
}

static struct iam_User *show_whole_user(struct request *req, const struct iam_entity *e)
{
    struct iam_User *user = ARENA_NEW(&req->arena, struct iam_User);

    *user = iam_show_user(req, e);
    user->PermissionsBoundary = iam_show_boundary(&req->arena, e->boundary);
    if (e->tags)
        user->Tags = iam_show_tags(&req->arena, e->tags);
    return user;
}

static int find_user(struct request *req, const char *name, struct iam_entity *out)
{
    enum store_status status =
        iam_entity_find(iam_store_of(req->app), req->account, IAM_USER, name, &req->arena, out);

    return status ? iam_fail_entity(req, status, IAM_USER, name) : 0;
}

int iam_create_user(struct request *req, const struct iam_CreateUserRequest *in,
                    struct iam_CreateUserResponse *out)
{
    struct iam_entity user = {
        .kind = IAM_USER,
        .name = in->UserName,
        .path = in->Path ? in->Path : "/",
        .unique_id = iam_new_id(&req->arena, "AIDA"),
        .created_ms = clock_now_ms(&req->app->clock),
        .boundary = in->PermissionsBoundary,
    };

    if (iam_check_boundary(req, user.boundary) ||
        iam_read_tags(req, &in->Tags, "TagsPerUser", &user.tags) || iam_create_entity(req, &user))
        return -1;
    out->User = show_whole_user(req, &user);
    return 0;
}

/* AWS: the root has an ARN and the account as its id, but neither name nor path. */
static int get_caller(struct request *req, struct iam_GetUserResponse *out)
{
    struct iam_caller caller;
    struct iam_entity user;

    if (iam_caller_of(req, &caller))
        return -1;
    if (caller.user_name) {
        if (find_user(req, caller.user_name, &user))
            return -1;
        out->User = show_whole_user(req, &user);
        return 0;
    }
    if (caller.kind == IAM_CALLER_SESSION)
        return aws_fail(req, &aws_ValidationError,
                        "Must specify userName when calling with non-User credentials");
    out->User = ARENA_NEW(&req->arena, struct iam_User);
    out->User->UserId = caller.id;
    out->User->Arn = caller.arn;
    return 0;
}

int iam_get_user(struct request *req, const struct iam_GetUserRequest *in,
                 struct iam_GetUserResponse *out)
{
    struct iam_entity user;

    if (!in->UserName)
        return get_caller(req, out);
    if (find_user(req, in->UserName, &user))
        return -1;
    out->User = show_whole_user(req, &user);
    return 0;
}

int iam_list_users(struct request *req, const struct iam_ListUsersRequest *in,
                   struct iam_ListUsersResponse *out)
{
    struct iam_page page;
    struct iam_entities users;

    if (iam_page_begin(req, "iam:ListUsers", in->Marker, in->MaxItems, &page))
        return -1;
    if (iam_entity_list(iam_store_of(req->app), req->account, IAM_USER, in->PathPrefix, page.after,
                        page.limit, &req->arena, &users))
        return aws_fail_internal(req);
    out->Users.items = ARENA_ARRAY(&req->arena, struct iam_User, users.count);
    for (size_t i = 0; i < users.count; i++)
        out->Users.items[out->Users.count++] = iam_show_user(req, &users.items[i]);
    out->Marker =
        iam_page_end(req, &page, users.more, users.count ? users.items[users.count - 1].name : "",
                     &out->IsTruncated);
    return 0;
}

int iam_update_user(struct request *req, const struct iam_UpdateUserRequest *in,
                    struct iam_UpdateUserOutput *out)
{
    (void)out;
    return iam_move_entity(req, IAM_USER, in->UserName, in->NewUserName, in->NewPath);
}

int iam_delete_user(struct request *req, const struct iam_DeleteUserRequest *in,
                    struct iam_DeleteUserOutput *out)
{
    (void)out;
    return iam_delete_entity(req, IAM_USER, in->UserName);
}

static bool set_boundary(struct iam_entity *user, void *context)
{
    user->boundary = context;
    return true;
}

static int change_boundary(struct request *req, const char *name, const char *arn)
{
    enum store_status status = iam_entity_change(iam_store_of(req->app), req->account, IAM_USER,
                                                 name, set_boundary, (void *)arn, &req->arena);

    return status ? iam_fail_entity(req, status, IAM_USER, name) : 0;
}

int iam_put_user_permissions_boundary(struct request *req,
                                      const struct iam_PutUserPermissionsBoundaryRequest *in,
                                      struct iam_PutUserPermissionsBoundaryOutput *out)
{
    (void)out;
    if (iam_check_boundary(req, in->PermissionsBoundary))
        return -1;
    return change_boundary(req, in->UserName, in->PermissionsBoundary);
}

int iam_delete_user_permissions_boundary(struct request *req,
                                         const struct iam_DeleteUserPermissionsBoundaryRequest *in,
                                         struct iam_DeleteUserPermissionsBoundaryOutput *out)
{
    (void)out;
    return change_boundary(req, in->UserName, NULL);
}

int iam_tag_user(struct request *req, const struct iam_TagUserRequest *in,
                 struct iam_TagUserOutput *out)
{
    (void)out;
    return iam_tag_entity(req, IAM_USER, in->UserName, &in->Tags, "TagsPerUser");
}

int iam_untag_user(struct request *req, const struct iam_UntagUserRequest *in,
                   struct iam_UntagUserOutput *out)
{
    (void)out;
    return iam_untag_entity(req, IAM_USER, in->UserName, &in->TagKeys);
}

int iam_list_user_tags(struct request *req, const struct iam_ListUserTagsRequest *in,
                       struct iam_ListUserTagsResponse *out)
{
    struct iam_page page;
    struct iam_entity user;

    if (iam_page_begin(req, "iam:ListUserTags", in->Marker, in->MaxItems, &page) ||
        find_user(req, in->UserName, &user))
        return -1;
    out->Tags = iam_page_of_tags(req, user.tags, &page, &out->IsTruncated, &out->Marker);
    return 0;
}

/* --- what users can't have: nothing makes these, so there are none --- */

int iam_list_mfa_devices(struct request *req, const struct iam_ListMFADevicesRequest *in,
                         struct iam_ListMFADevicesResponse *out)
{
    struct iam_entity user;

    out->MFADevices.items = ARENA_ARRAY(&req->arena, struct iam_MFADevice, 0);
    out->IsTruncated = SOME_BOOL(false);
    return in->UserName ? find_user(req, in->UserName, &user) : 0;
}

int iam_list_virtual_mfa_devices(struct request *req,
                                 const struct iam_ListVirtualMFADevicesRequest *in,
                                 struct iam_ListVirtualMFADevicesResponse *out)
{
    (void)in;
    out->VirtualMFADevices.items = ARENA_ARRAY(&req->arena, struct iam_VirtualMFADevice, 0);
    out->IsTruncated = SOME_BOOL(false);
    return 0;
}

int iam_list_signing_certificates(struct request *req,
                                  const struct iam_ListSigningCertificatesRequest *in,
                                  struct iam_ListSigningCertificatesResponse *out)
{
    struct iam_entity user;

    out->Certificates.items = ARENA_ARRAY(&req->arena, struct iam_SigningCertificate, 0);
    out->IsTruncated = SOME_BOOL(false);
    return in->UserName ? find_user(req, in->UserName, &user) : 0;
}

int iam_list_ssh_public_keys(struct request *req, const struct iam_ListSSHPublicKeysRequest *in,
                             struct iam_ListSSHPublicKeysResponse *out)
{
    struct iam_entity user;

    out->SSHPublicKeys.items = ARENA_ARRAY(&req->arena, struct iam_SSHPublicKeyMetadata, 0);
    out->IsTruncated = SOME_BOOL(false);
    return in->UserName ? find_user(req, in->UserName, &user) : 0;
}

int iam_list_service_specific_credentials(
    struct request *req, const struct iam_ListServiceSpecificCredentialsRequest *in,
    struct iam_ListServiceSpecificCredentialsResponse *out)
{
    struct iam_entity user;

    out->ServiceSpecificCredentials.items =
        ARENA_ARRAY(&req->arena, struct iam_ServiceSpecificCredentialMetadata, 0);
    return in->UserName ? find_user(req, in->UserName, &user) : 0;
}
