/* What the files of this folder share. Not for others. */
#ifndef CADABRA_IAM_PARTS_H
#define CADABRA_IAM_PARTS_H

#include "gen/iam.h"
#include "handlers/common/tags.h"
#include "handlers/iam/iam.h"
#include "handlers/iam/operations.h"

struct iam_aws_policy;

/* --- common.c: ids, pages, failures, tags --- */

enum { IAM_ID_LEN = 21 };
/* AROA..., AIDA..., ANPA..., AIPA..., AGPA...: as long and of the same characters as those of AWS.
 */
const char *iam_new_id(struct arena *a, const char *prefix);

/* "role", "user", "instance-profile", "group". */
const char *iam_kind_name(enum iam_kind kind);
const char *iam_entity_arn(struct request *req, const struct iam_entity *e);
const char *iam_policy_arn(struct request *req, const char *path, const char *name);

/* How many an account may have of a kind, and how many characters its inline policies. */
int iam_kind_max(enum iam_kind kind);
int64_t iam_inline_max(enum iam_kind kind);

/* AWS's other quotas. */
enum {
    IAM_POLICIES_MAX = 1500,
    IAM_POLICY_SIZE_MAX = 6144,
    IAM_VERSIONS_MAX = 5,
    IAM_ATTACHED_MAX = 10, /* to one entity */
    IAM_TRUST_MAX = 2048,  /* characters of a trust policy */
    IAM_KEYS_MAX = 2,
    IAM_GROUPS_PER_USER = 10,
};

/* What a list request asks for. */
struct iam_page {
    const char *kind;  /* names the list; what its tokens are good for */
    const char *after; /* NULL: from the beginning */
    size_t limit;
};
/* 0, or -1 after failing on a Marker that is not one of this list. */
int iam_page_begin(struct request *req, const char *kind, const char *marker,
                   struct maybe_int max_items, struct iam_page *out);
/* The Marker of a page's end when more follows, else NULL; sets *out_truncated. */
const char *iam_page_end(struct request *req, const struct iam_page *page, bool more,
                         const char *last, struct maybe_bool *out_truncated);

/* "The role with name x cannot be found." and its sisters; always -1. */
int iam_fail_missing(struct request *req, enum iam_kind kind, const char *name);
/* The failures that an entity's operations have in common: missing, or ours. */
int iam_fail_entity(struct request *req, enum store_status status, enum iam_kind kind,
                    const char *name);
/* What making, moving and deleting have in common for all kinds; 0, or -1 after failing. A new name
 * or path that is NULL stays. */
int iam_create_entity(struct request *req, const struct iam_entity *e);
int iam_move_entity(struct request *req, enum iam_kind kind, const char *name, const char *new_name,
                    const char *new_path);
int iam_delete_entity(struct request *req, enum iam_kind kind, const char *name);

/* 0 and the JSON that stores keep (NULL for no tags), or -1 after failing. `quota` is the name of
 * AWS's limit. */
int iam_read_tags(struct request *req, const struct iam_tagListType *in, const char *quota,
                  const char **out_json);
struct iam_tagListType iam_show_tags(struct arena *a, const char *json);
/* One page of an entity's tags, in the order of keys. */
struct iam_tagListType iam_page_of_tags(struct request *req, const char *json,
                                        const struct iam_page *page,
                                        struct maybe_bool *out_truncated, const char **out_marker);
/* What TagX and UntagX do to the JSON; false when there would be too many. */
struct iam_tag_change {
    struct arena *a;
    struct tag_list set;
    const char *const *unset;
    size_t unset_count;
};
bool iam_change_tags(const char **tags, void *change);
/* The tags of TagX, checked; 0, or -1 after failing. */
int iam_read_tag_set(struct request *req, const struct iam_tagListType *in, struct tag_list *out);
/* There would be too many; always -1. */
int iam_fail_tag_limit(struct request *req, const char *quota);
/* Reads the change, applies it to an entity, words the failures. */
int iam_tag_entity(struct request *req, enum iam_kind kind, const char *name,
                   const struct iam_tagListType *set, const char *quota);
int iam_untag_entity(struct request *req, enum iam_kind kind, const char *name,
                     const struct iam_tagKeyListType *keys);

/* TagPolicy (set) or UntagPolicy (unset; then set is NULL). */
int iam_tag_policy_arn(struct request *req, const char *arn, const struct iam_tagListType *set,
                       const struct iam_tagKeyListType *unset);

/* A policy document as AWS sends it: percent-encoded. */
const char *iam_show_document(struct arena *a, const char *document);

/* NULL, or a boundary as responses show it. */
struct iam_AttachedPermissionsBoundary *iam_show_boundary(struct arena *a, const char *arn);
/* 0 when the ARN may be a boundary (NULL may), else -1 after failing. */
int iam_check_boundary(struct request *req, const char *arn);

/* A user as lists show it. */
struct iam_User iam_show_user(struct request *req, const struct iam_entity *e);
struct iam_RoleLastUsed *iam_show_last_use(struct request *req, const struct iam_entity *role);
/* Managed policies and versions as lists show them, and instance profiles with their roles; 0, or
 * -1 after failing. */
struct iam_Policy iam_show_policy(struct request *req, const struct iam_policy *p);
int iam_show_aws_policy(struct request *req, const struct iam_aws_policy *p,
                        struct iam_Policy *out);
struct iam_PolicyVersion iam_show_version(struct request *req, const struct iam_version *v);
int iam_show_profiles(struct request *req, const struct iam_entities *all,
                      struct iam_instanceProfileListType *out);

/* A UserName that may be left out: then the caller, who must be a user. NULL after failing. */
const char *iam_user_or_caller(struct request *req, const char *name);

/* --- account.c --- */

/* The account's policy for passwords. STORE_NOT_FOUND: it has none. */
enum store_status iam_find_password_policy(struct request *req, struct iam_PasswordPolicy *out);

/* --- document.c --- */

enum iam_document_kind {
    IAM_DOCUMENT_INLINE,  /* of one role, user or group, or of a session */
    IAM_DOCUMENT_MANAGED, /* a policy that stands alone */
    IAM_DOCUMENT_TRUST,
};
/* NULL when the document is a policy of that kind, else AWS's words for MalformedPolicyDocument. */
const char *iam_document_problem(struct arena *a, const char *document,
                                 enum iam_document_kind kind);
/* 0, or -1 after failing with them. */
int iam_check_document(struct request *req, const char *document, enum iam_document_kind kind);

/* --- document_text.c: texts inside documents --- */

/* NULL when the resource is "*" or an ARN whose parts may be patterns, else AWS's words.
 * *out_legacy says that only AWS's older parser refuses it. */
const char *iam_resource_problem(struct arena *a, const char *resource, bool *out_legacy);
/* Of a condition, without the quantifier. */
bool iam_is_operator(const char *name, size_t len);
/* What a condition compares dates with: seconds since 1970, or ISO 8601. */
bool iam_is_date(const char *text);

/* --- aws_policies.c: those policies of AWS that are carried here, in the order of names --- */

struct iam_aws_policy {
    const char *name;
    const char *path;
    const char *document;
    int version;
    int64_t created_ms;
    int64_t updated_ms;
};
extern const struct iam_aws_policy iam_aws_policies[];
extern const size_t iam_aws_policy_count;
const struct iam_aws_policy *iam_aws_policy_find(const char *arn);
/* Whether the ARN has the form of a policy of AWS. Any such may be attached. */
bool iam_is_aws_policy(const char *arn);

/* --- the operations --- */

#define IAM_PROTOTYPE(Name, function, In, Out)                                                     \
    int iam_##function(struct request *req, const struct iam_##In *in, struct iam_##Out *out);
IAM_OPERATIONS(IAM_PROTOTYPE)
#undef IAM_PROTOTYPE

#endif
