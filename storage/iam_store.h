/*
 * What IAM keeps: roles, users, groups and instance profiles with their policies and keys, managed
 * policies with their versions, what an account has once, and the sessions that STS gives out.
 *
 * Everything belongs to an account; IAM knows no region, so all lies in the scope (account,
 * "aws-global"). Functions are thread-safe. Texts that they return lie in the arena; texts that
 * they are given are borrowed for the call. "Not found" is STORE_NOT_FOUND, of the first thing in
 * the parameters that is missing unless said otherwise.
 *
 * Lists come in the order of names. A list holds at most `limit` items that come after `after`
 * (NULL: from the first) and says whether more follow.
 */
#ifndef CADABRA_IAM_STORE_H
#define CADABRA_IAM_STORE_H

#include "server/base/arena.h"
#include "storage/store.h"

struct iam_store;

struct iam_store *iam_store_open(struct store_root *root);
void iam_store_close(struct iam_store *store);

enum iam_kind { IAM_ROLE = 1, IAM_USER = 2, IAM_PROFILE = 3, IAM_GROUP = 4 };

struct iam_entity {
    int64_t id; /* the store's own; 0 in what is to be made */
    enum iam_kind kind;
    const char *name;
    const char *path;
    const char *unique_id; /* AROA..., AIDA..., AIPA..., AGPA... */
    int64_t created_ms;
    const char *description; /* NULL: none, and so for the next four */
    const char *trust;       /* a role's assume-role policy */
    const char *boundary;    /* ARN */
    const char *tags;        /* JSON object */
    const char *used_region;
    int64_t used_ms;  /* a role was last assumed; 0: never */
    int session_s;    /* a role's longest session */
    int64_t login_ms; /* a user's login profile was made; 0: there is none */
    bool login_reset; /* with a new password at the next login */
};

struct iam_entities {
    struct iam_entity *items;
    size_t count;
    bool more;
};

struct iam_names {
    const char **items;
    size_t count;
    bool more;
};

/* --- roles, users, groups, instance profiles: iam_store.c --- */

/* STORE_EXISTS: there is one of that name in any case; STORE_LIMIT: the account has `max` of that
 * kind. */
enum store_status iam_entity_create(struct iam_store *store, const char *account,
                                    const struct iam_entity *entity, int64_t max);
enum store_status iam_entity_find(struct iam_store *store, const char *account, enum iam_kind kind,
                                  const char *name, struct arena *a, struct iam_entity *out);
enum store_status iam_entity_list(struct iam_store *store, const char *account, enum iam_kind kind,
                                  const char *path_prefix, const char *after, size_t limit,
                                  struct arena *a, struct iam_entities *out);

/*
 * Reads the entity, lets `change` alter it (all but id, kind, unique_id and created_ms), and writes
 * it, in one transaction. change must be quick and touch nothing but the entity and its context;
 * when it answers false, nothing is written and STORE_CONFLICT is returned. STORE_EXISTS: the new
 * name is taken.
 */
enum store_status iam_entity_change(struct iam_store *store, const char *account,
                                    enum iam_kind kind, const char *name,
                                    bool (*change)(struct iam_entity *entity, void *context),
                                    void *context, struct arena *a);

enum iam_blocker {
    IAM_BLOCKED_BY_ATTACHED,
    IAM_BLOCKED_BY_INLINE,
    IAM_BLOCKED_BY_PROFILE,
    IAM_BLOCKED_BY_GROUP, /* a user is in one, or a group has one */
    IAM_BLOCKED_BY_KEYS,
    IAM_BLOCKED_BY_LOGIN,
    IAM_BLOCKED_BY_ROLE
};
/* STORE_CONFLICT: something still belongs to it; *out_blocker says what. */
enum store_status iam_entity_delete(struct iam_store *store, const char *account,
                                    enum iam_kind kind, const char *name,
                                    enum iam_blocker *out_blocker);

/* --- the role in an instance profile: iam_member_store.c --- */

/* STORE_NOT_FOUND: *out_role_missing says which. STORE_LIMIT: the profile has a role. */
enum store_status iam_profile_add_role(struct iam_store *store, const char *account,
                                       const char *profile, const char *role,
                                       bool *out_role_missing);
enum store_status iam_profile_remove_role(struct iam_store *store, const char *account,
                                          const char *profile, const char *role);
/* The role in a profile. */
enum store_status iam_profile_role(struct iam_store *store, int64_t profile_id, struct arena *a,
                                   struct iam_entity *out);
enum store_status iam_profiles_of_role(struct iam_store *store, const char *account,
                                       const char *role, const char *after, size_t limit,
                                       struct arena *a, struct iam_entities *out);

/* --- the users in a group: iam_member_store.c --- */

/* Who is in it already is no error. STORE_NOT_FOUND: *out_user_missing says which. STORE_LIMIT: the
 * user is in `max` groups. */
enum store_status iam_group_add_user(struct iam_store *store, const char *account,
                                     const char *group, const char *user, int64_t max,
                                     bool *out_user_missing);
/* Nor who is not. */
enum store_status iam_group_remove_user(struct iam_store *store, const char *account,
                                        const char *group, const char *user,
                                        bool *out_user_missing);
enum store_status iam_users_of_group(struct iam_store *store, const char *account,
                                     const char *group, const char *after, size_t limit,
                                     struct arena *a, struct iam_entities *out);
enum store_status iam_groups_of_user(struct iam_store *store, const char *account, const char *user,
                                     const char *after, size_t limit, struct arena *a,
                                     struct iam_entities *out);

/* --- policies inside an entity: iam_policy_store.c --- */

/* STORE_LIMIT: all documents of the entity together would have more than `max_size` characters
 * other than white space (iam_document_size). */
enum store_status iam_inline_put(struct iam_store *store, const char *account, enum iam_kind kind,
                                 const char *name, const char *policy, const char *document,
                                 int64_t max_size);
/* Whether the entity or the policy is missing, out_entity_missing says. */
enum store_status iam_inline_get(struct iam_store *store, const char *account, enum iam_kind kind,
                                 const char *name, const char *policy, struct arena *a,
                                 const char **out_document, bool *out_entity_missing);
enum store_status iam_inline_delete(struct iam_store *store, const char *account,
                                    enum iam_kind kind, const char *name, const char *policy,
                                    bool *out_entity_missing);
enum store_status iam_inline_list(struct iam_store *store, const char *account, enum iam_kind kind,
                                  const char *name, const char *after, size_t limit,
                                  struct arena *a, struct iam_names *out);
struct iam_inline {
    const char *name;
    const char *document;
};

struct iam_inlines {
    struct iam_inline *items;
    size_t count;
};
/* All of an entity, which is given by its id. */
enum store_status iam_inline_all(struct iam_store *store, int64_t entity, struct arena *a,
                                 struct iam_inlines *out);
/* AWS does not count white space. */
int64_t iam_document_size(const char *document);

/* --- managed policies: iam_managed_store.c --- */

struct iam_policy {
    int64_t id;
    const char *name;
    const char *path;
    const char *unique_id; /* ANPA... */
    const char *description;
    const char *tags;
    int64_t created_ms;
    int64_t updated_ms;
    int version; /* the default */
    int64_t attached;
    int64_t boundaries; /* entities that have it as their boundary */
};

struct iam_policies {
    struct iam_policy *items;
    size_t count;
    bool more;
};

struct iam_version {
    int number;
    int64_t created_ms;
    bool is_default;
    const char *document;
};

struct iam_versions {
    struct iam_version *items;
    size_t count;
};

struct iam_policy_filter {
    const char *path_prefix; /* NULL: any */
    bool only_attached;
    bool only_boundary; /* used as a boundary */
};

/* A managed policy is named by its ARN in the interface of AWS, whose parts are the account, the
 * path and the name: arn:aws:iam::account:policy/path/name. Here `arn` is always whole; its account
 * is that of the policy. */
enum store_status iam_policy_create(struct iam_store *store, const char *account,
                                    const struct iam_policy *policy, const char *document,
                                    int64_t max);
enum store_status iam_policy_find(struct iam_store *store, const char *arn, struct arena *a,
                                  struct iam_policy *out);
enum store_status iam_policy_list(struct iam_store *store, const char *account,
                                  const struct iam_policy_filter *filter, const char *after,
                                  size_t limit, struct arena *a, struct iam_policies *out);
enum iam_policy_blocker { IAM_POLICY_ATTACHED, IAM_POLICY_HAS_VERSIONS };
enum store_status iam_policy_delete(struct iam_store *store, const char *arn,
                                    enum iam_policy_blocker *out_blocker);
enum store_status iam_policy_change_tags(struct iam_store *store, const char *arn,
                                         bool (*change)(const char **tags, void *context),
                                         void *context, struct arena *a);

/* STORE_LIMIT: it has `max` versions. */
enum store_status iam_version_create(struct iam_store *store, const char *arn, const char *document,
                                     bool make_default, int64_t now_ms, int64_t max,
                                     struct iam_version *out);
/* out_policy_missing tells apart what was not found. */
enum store_status iam_version_get(struct iam_store *store, const char *arn, int number,
                                  struct arena *a, struct iam_version *out,
                                  bool *out_policy_missing);
/* Newest first, all of them: there are never many. */
enum store_status iam_version_list(struct iam_store *store, const char *arn, struct arena *a,
                                   struct iam_versions *out);
/* STORE_CONFLICT: it is the default. */
enum store_status iam_version_delete(struct iam_store *store, const char *arn, int number,
                                     bool *out_policy_missing);
enum store_status iam_version_set_default(struct iam_store *store, const char *arn, int number,
                                          int64_t now_ms, bool *out_policy_missing);

/* --- managed policies attached to entities: iam_policy_store.c --- */

struct iam_attachment {
    const char *arn;
    const char *name;
    const char *path;
};

struct iam_attachments {
    struct iam_attachment *items;
    size_t count;
    bool more;
};

/* Attaching twice is no error. STORE_LIMIT: the entity has `max`. Whether the policy exists is not
 * looked at. */
enum store_status iam_attach(struct iam_store *store, const char *account, enum iam_kind kind,
                             const char *name, const struct iam_attachment *what, int64_t max);
enum store_status iam_detach(struct iam_store *store, const char *account, enum iam_kind kind,
                             const char *name, const char *arn, bool *out_entity_missing);
struct iam_attached_query {
    const char *path_prefix; /* NULL: any */
    const char *after;       /* an ARN; NULL: from the first */
    size_t limit;
};
/* In the order of ARNs. */
enum store_status iam_attached_list(struct iam_store *store, const char *account,
                                    enum iam_kind kind, const char *name,
                                    const struct iam_attached_query *query, struct arena *a,
                                    struct iam_attachments *out);
/* Who uses a managed policy. */
struct iam_users_of_policy {
    const char *arn;
    enum iam_kind kind;
    bool as_boundary; /* else: attached */
    const char *path_prefix;
};
enum store_status iam_attached_entities(struct iam_store *store, const char *account,
                                        const struct iam_users_of_policy *what, const char *after,
                                        size_t limit, struct arena *a, struct iam_entities *out);

struct iam_policy_uses {
    int64_t attached;
    int64_t boundaries;
};
/* How many entities of the account use a managed policy, which need not be the account's. */
enum store_status iam_policy_count_uses(struct iam_store *store, const char *account,
                                        const char *arn, struct iam_policy_uses *out);

/* --- what an account has once: iam_account_store.c --- */

/* Takes the place of the alias that the account has. STORE_EXISTS: an account has it, this one or
 * another. */
enum store_status iam_alias_set(struct iam_store *store, const char *account, const char *alias);
/* STORE_NOT_FOUND: it is not the account's alias; of iam_alias_get(): the account has none. */
enum store_status iam_alias_remove(struct iam_store *store, const char *account, const char *alias);
enum store_status iam_alias_get(struct iam_store *store, const char *account, struct arena *a,
                                const char **out);
/* A policy for passwords, as JSON. STORE_NOT_FOUND: there is none. */
enum store_status iam_password_policy_set(struct iam_store *store, const char *account,
                                          const char *json);
enum store_status iam_password_policy_remove(struct iam_store *store, const char *account);
enum store_status iam_password_policy_get(struct iam_store *store, const char *account,
                                          struct arena *a, const char **out);

/* How much of everything an account has. */
struct iam_counts {
    int64_t users;
    int64_t groups;
    int64_t roles;
    int64_t profiles;
    int64_t policies;
    int64_t policies_in_use; /* attached or a boundary, those of AWS too */
    int64_t providers;
};
enum store_status iam_count(struct iam_store *store, const char *account, struct iam_counts *out);

/* --- OpenID Connect providers: iam_provider_store.c --- */

struct iam_provider {
    const char *url;      /* without its scheme */
    const char *document; /* JSON */
    const char *tags;     /* NULL: none */
};

struct iam_providers {
    struct iam_provider *items;
    size_t count;
};

/* STORE_EXISTS: there is one of that URL; STORE_LIMIT: the account has `max`. */
enum store_status iam_provider_create(struct iam_store *store, const char *account,
                                      const struct iam_provider *provider, int64_t max);
enum store_status iam_provider_find(struct iam_store *store, const char *account, const char *url,
                                    struct arena *a, struct iam_provider *out);
/* In the order of URLs. */
enum store_status iam_provider_list(struct iam_store *store, const char *account, size_t max,
                                    struct arena *a, struct iam_providers *out);
/* As iam_entity_change() does it, for document and tags. */
enum store_status iam_provider_change(struct iam_store *store, const char *account, const char *url,
                                      bool (*change)(struct iam_provider *provider, void *context),
                                      void *context, struct arena *a);
/* Deleting what is not there is STORE_OK. */
enum store_status iam_provider_delete(struct iam_store *store, const char *account,
                                      const char *url);

/* --- keys and sessions: iam_key_store.c --- */

struct iam_access_key {
    const char *id;
    const char *secret;
    const char *account;
    const char *user;    /* name, */
    const char *path;    /* path and */
    const char *user_id; /* id of whom it belongs to; not read by iam_key_create */
    bool active;
    int64_t created_ms;
};

struct iam_access_keys {
    struct iam_access_key *items;
    size_t count;
};

enum store_status iam_key_create(struct iam_store *store, const char *account, const char *user,
                                 const struct iam_access_key *key, int64_t max);
enum store_status iam_key_list(struct iam_store *store, const char *account, const char *user,
                               struct arena *a, struct iam_access_keys *out);
enum store_status iam_key_find(struct iam_store *store, const char *id, struct arena *a,
                               struct iam_access_key *out);
/* STORE_NOT_FOUND: the user or the key, as out_user_missing says. */
enum store_status iam_key_set_active(struct iam_store *store, const char *account, const char *user,
                                     const char *id, bool active, bool *out_user_missing);
enum store_status iam_key_delete(struct iam_store *store, const char *account, const char *user,
                                 const char *id, bool *out_user_missing);

struct iam_session {
    const char *id; /* ASIA... */
    const char *account;
    const char *secret;
    const char *token;
    const char *arn;     /* whom it acts as: arn:aws:sts::a:assumed-role/role/session */
    const char *user_id; /* AROA...:session */
    int64_t expires_ms;
    const char *policy;      /* what it may do at most; NULL: not limited so */
    const char *policy_arns; /* the same of managed policies, spaces between them; NULL: none */
};

/* Keeps the session, and forgets those that expired before `forget_before_ms`. */
enum store_status iam_session_add(struct iam_store *store, const struct iam_session *session,
                                  int64_t forget_before_ms);
enum store_status iam_session_find(struct iam_store *store, const char *id, struct arena *a,
                                   struct iam_session *out);

#endif
