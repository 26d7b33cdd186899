#include "handlers/s3/acl.h"

#include "handlers/s3/kept.h"
#include "server/keep.h"

enum { GRANTS_MAX = 100 };

static const char all_users[] = "http://acs.amazonaws.com/groups/global/AllUsers";
static const char authenticated_users[] =
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
static const char log_delivery[] = "http://acs.amazonaws.com/groups/s3/LogDelivery";
/* The account by which EC2 reads bundles (aws-exec-read). */
static const char ec2_bundles[] =
    "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c";

static const char *const permissions[] = {"FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"};

/* --- making --- */

static int fail_malformed(struct request *req)
{
    return aws_fail(req, &s3_MalformedACLError,
                    "The XML you provided was not well-formed or did not validate against our "
                    "published schema");
}

static int add_grant(struct request *req, struct s3_AccessControlPolicy *acl,
                     struct s3_Grantee grantee, const char *permission)
{
    struct s3_Grantee *kept;

    if (acl->Grants.count == GRANTS_MAX)
        return aws_fail(req, &s3_InvalidRequest,
                        "The number of grants exceeds the limit of 100 grants.");
    kept = arena_memdup(&req->arena, &grantee, sizeof(grantee));
    acl->Grants.items[acl->Grants.count++] =
        (struct s3_Grant){.Grantee = kept, .Permission = permission};
    return 0;
}

static int grant_id(struct request *req, struct s3_AccessControlPolicy *acl, const char *id,
                    const char *permission)
{
    return add_grant(req, acl, (struct s3_Grantee){.Type = "CanonicalUser", .ID = id}, permission);
}

static int grant_group(struct request *req, struct s3_AccessControlPolicy *acl, const char *uri,
                       const char *permission)
{
    return add_grant(req, acl, (struct s3_Grantee){.Type = "Group", .URI = uri}, permission);
}

static void begin(struct arena *a, const char *owner, struct s3_AccessControlPolicy *out)
{
    *out = (struct s3_AccessControlPolicy){.Owner = s3_owner(a, owner)};
    out->Grants.items = ARENA_ARRAY(a, struct s3_Grant, GRANTS_MAX);
}

static const struct {
    const char *name;
    const char *group; /* NULL: none */
    const char *permissions[2];
    bool bucket_owner;
} canned[] = {
    {"private", NULL, {NULL}, false},
    {"public-read", all_users, {"READ"}, false},
    {"public-read-write", all_users, {"READ", "WRITE"}, false},
    {"authenticated-read", authenticated_users, {"READ"}, false},
    {"aws-exec-read", NULL, {NULL}, false},
    {"log-delivery-write", log_delivery, {"WRITE", "READ_ACP"}, false},
    {"bucket-owner-read", NULL, {"READ"}, true},
    {"bucket-owner-full-control", NULL, {"FULL_CONTROL"}, true},
};

int s3_acl_check_canned(struct request *req, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(canned); i++)
        if (str_eq(canned[i].name, name))
            return 0;
    return s3_fail_argument(req, "x-amz-acl", name, "");
}

static int make_canned(struct request *req, const struct s3_acl_words *w,
                       struct s3_AccessControlPolicy *out)
{
    size_t i = 0;

    if (s3_acl_check_canned(req, w->canned))
        return -1;
    while (!str_eq(canned[i].name, w->canned))
        i++;
    if (grant_id(req, out, out->Owner->ID, "FULL_CONTROL"))
        return -1;
    if (str_eq(w->canned, "aws-exec-read") && grant_id(req, out, ec2_bundles, "READ"))
        return -1;
    if (canned[i].bucket_owner && !str_eq(w->bucket_owner, w->owner))
        return grant_id(req, out, s3_canonical_id(&req->arena, w->bucket_owner),
                        canned[i].permissions[0]);
    for (size_t k = 0; k < 2 && canned[i].group && canned[i].permissions[k]; k++)
        if (grant_group(req, out, canned[i].group, canned[i].permissions[k]))
            return -1;
    return 0;
}

/* AWS names what is wrong by where it stands: "id" in a header, "CanonicalUser/ID" in a document.
 */
static int check_id(struct request *req, const char *id, const char *name)
{
    char account[13];

    if (id && (s3_account_of(id, account) || str_eq(id, ec2_bundles)))
        return 0;
    return s3_fail_argument(req, name, id, "Invalid id");
}

static int check_group(struct request *req, const char *uri, const char *name)
{
    if (uri &&
        (str_eq(uri, all_users) || str_eq(uri, authenticated_users) || str_eq(uri, log_delivery)))
        return 0;
    return s3_fail_argument(req, name, uri, "Invalid group uri");
}

/* No account here has an address. */
static int fail_email(struct request *req)
{
    return aws_fail(req, &s3_UnresolvableGrantByEmailAddress,
                    "The e-mail address you provided does not match any account on record.");
}

/* id="...", uri="...", emailAddress="..." */
static int make_header(struct request *req, const char *name, const char *header,
                       const char *permission, struct s3_AccessControlPolicy *out)
{
    char *rest = header ? arena_strdup(&req->arena, header) : NULL;

    for (char *pair; rest && (pair = strsep(&rest, ","));) {
        char *value;
        size_t len;

        pair += strspn(pair, " ");
        value = strchr(pair, '=');
        if (!value)
            return s3_fail_argument(req, name, header, "Argument format not recognized");
        *value++ = '\0';
        len = strlen(value);
        while (len > 0 && strchr("\" ", value[len - 1]))
            value[--len] = '\0';
        value += *value == '"';
        if (strcasecmp(pair, "id") == 0) {
            if (check_id(req, value, "id") || grant_id(req, out, value, permission))
                return -1;
        } else if (strcasecmp(pair, "uri") == 0) {
            if (check_group(req, value, "uri") || grant_group(req, out, value, permission))
                return -1;
        } else if (strcasecmp(pair, "emailAddress") == 0) {
            return fail_email(req);
        } else {
            return s3_fail_argument(req, name, header, "Argument format not recognized");
        }
    }
    return 0;
}

static int make_headers(struct request *req, const struct s3_acl_words *w,
                        struct s3_AccessControlPolicy *out)
{
    return make_header(req, "x-amz-grant-full-control", w->full_control, "FULL_CONTROL", out) ||
                   make_header(req, "x-amz-grant-read", w->read, "READ", out) ||
                   make_header(req, "x-amz-grant-read-acp", w->read_acp, "READ_ACP", out) ||
                   make_header(req, "x-amz-grant-write", w->write, "WRITE", out) ||
                   make_header(req, "x-amz-grant-write-acp", w->write_acp, "WRITE_ACP", out)
               ? -1
               : 0;
}

static bool is_permission(const char *text)
{
    for (size_t i = 0; text && i < ARRAY_LEN(permissions); i++)
        if (str_eq(permissions[i], text))
            return true;
    return false;
}

static int make_document(struct request *req, const struct s3_acl_words *w,
                         struct s3_AccessControlPolicy *out)
{
    const struct s3_AccessControlPolicy *in = w->document;

    if (!in->Owner || !in->Owner->ID || !in->Grants.items)
        return fail_malformed(req);
    if (check_id(req, in->Owner->ID, "CanonicalUser/ID"))
        return -1;
    if (!str_eq(in->Owner->ID, out->Owner->ID))
        return s3_fail_denied(req);
    for (size_t i = 0; i < in->Grants.count; i++) {
        const struct s3_Grantee *g = in->Grants.items[i].Grantee;
        const char *permission = in->Grants.items[i].Permission;
        int rc;

        if (!g || !g->Type || !is_permission(permission))
            return fail_malformed(req);
        if (str_eq(g->Type, "CanonicalUser"))
            rc = check_id(req, g->ID, "CanonicalUser/ID") || grant_id(req, out, g->ID, permission);
        else if (str_eq(g->Type, "Group"))
            rc = check_group(req, g->URI, "Group/URI") || grant_group(req, out, g->URI, permission);
        else if (str_eq(g->Type, "AmazonCustomerByEmail"))
            rc = fail_email(req);
        else
            rc = fail_malformed(req);
        if (rc)
            return -1;
    }
    return 0;
}

static bool has_grant_headers(const struct s3_acl_words *w)
{
    return w->full_control || w->read || w->read_acp || w->write || w->write_acp;
}

bool s3_acl_is_given(const struct s3_acl_words *w)
{
    return w->canned || w->document || has_grant_headers(w);
}

int s3_acl_make(struct request *req, const struct s3_acl_words *w,
                struct s3_AccessControlPolicy *out)
{
    begin(&req->arena, w->owner, out);
    if (w->canned && has_grant_headers(w))
        return aws_fail(req, &s3_InvalidRequest,
                        "Specifying both Canned ACLs and Header Grants is not allowed");
    if (w->document && (w->canned || has_grant_headers(w)))
        return aws_fail(req, &s3_UnexpectedContent, "This request does not support content");
    if (w->canned)
        return make_canned(req, w, out);
    if (w->document)
        return make_document(req, w, out);
    if (has_grant_headers(w))
        return make_headers(req, w, out);
    return grant_id(req, out, out->Owner->ID, "FULL_CONTROL");
}

/* --- keeping --- */

const char *s3_acl_text(struct arena *a, const struct s3_AccessControlPolicy *acl)
{
    return keep_write(a, &s3_model, s3_kept_shape(S3_DOC_ACL), acl);
}

bool s3_acl_read(struct arena *a, const char *text, const char *owner,
                 struct s3_AccessControlPolicy *out)
{
    struct s3_Grantee *grantee;

    if (text) {
        *out = (struct s3_AccessControlPolicy){0};
        return keep_read(a, &s3_model, s3_kept_shape(S3_DOC_ACL), text, out);
    }
    begin(a, owner, out);
    grantee = ARENA_NEW(a, struct s3_Grantee);
    *grantee = (struct s3_Grantee){.Type = "CanonicalUser", .ID = out->Owner->ID};
    out->Grants.items[0] = (struct s3_Grant){grantee, "FULL_CONTROL"};
    out->Grants.count = 1;
    return true;
}

int s3_acl_of_bucket(struct request *req, const struct s3_bucket *bucket,
                     struct s3_AccessControlPolicy *out)
{
    const char *text;

    if (s3_kept_text(s3_of(req->app), &req->arena, bucket, S3_DOC_ACL, &text) ||
        !s3_acl_read(&req->arena, text, bucket->account, out))
        return aws_fail_internal(req);
    return 0;
}

/* --- asking --- */

static bool is_public_group(const struct s3_Grantee *g)
{
    return g && g->URI && (str_eq(g->URI, all_users) || str_eq(g->URI, authenticated_users));
}

bool s3_acl_is_public(const struct s3_AccessControlPolicy *acl)
{
    for (size_t i = 0; i < acl->Grants.count; i++)
        if (is_public_group(acl->Grants.items[i].Grantee))
            return true;
    return false;
}

bool s3_acl_allows(struct arena *a, const struct s3_AccessControlPolicy *acl, const char *account,
                   const char *permission, bool with_public)
{
    const char *id = account ? s3_canonical_id(a, account) : NULL;

    for (size_t i = 0; i < acl->Grants.count; i++) {
        const struct s3_Grant *grant = &acl->Grants.items[i];
        const struct s3_Grantee *g = grant->Grantee;

        if (!g || !grant->Permission ||
            (!str_eq(grant->Permission, permission) && !str_eq(grant->Permission, "FULL_CONTROL")))
            continue;
        if (id && g->ID && str_eq(g->ID, id))
            return true;
        if (with_public && g->URI &&
            (str_eq(g->URI, all_users) || (account && str_eq(g->URI, authenticated_users))))
            return true;
    }
    return false;
}

/* --- ownership and public access --- */

int s3_ownership_of(struct request *req, const struct s3_bucket *bucket, enum s3_ownership *out)
{
    struct s3_OwnershipControls controls = {0};
    const char *name = "ObjectWriter"; /* AWS: of a bucket whose controls were removed */

    if (s3_kept_find(s3_of(req->app), &req->arena, bucket, S3_DOC_OWNERSHIP, &controls) < 0)
        return aws_fail_internal(req);
    if (controls.Rules.count && controls.Rules.items[0].ObjectOwnership)
        name = controls.Rules.items[0].ObjectOwnership;
    *out = str_eq(name, "BucketOwnerEnforced")    ? S3_BUCKET_OWNER_ENFORCED
           : str_eq(name, "BucketOwnerPreferred") ? S3_BUCKET_OWNER_PREFERRED
                                                  : S3_OBJECT_WRITER;
    return 0;
}

int s3_public_block_of(struct request *req, const struct s3_bucket *bucket,
                       struct s3_public_block *out)
{
    struct s3_PublicAccessBlockConfiguration c = {0};

    if (s3_kept_find(s3_of(req->app), &req->arena, bucket, S3_DOC_PUBLIC_ACCESS, &c) < 0)
        return aws_fail_internal(req);
    *out = (struct s3_public_block){
        .block_acls = VALUE_OR(c.BlockPublicAcls, false),
        .ignore_acls = VALUE_OR(c.IgnorePublicAcls, false),
        .block_policy = VALUE_OR(c.BlockPublicPolicy, false),
        .restrict_buckets = VALUE_OR(c.RestrictPublicBuckets, false),
    };
    return 0;
}
