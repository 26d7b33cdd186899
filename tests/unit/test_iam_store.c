/* IAM's store: names, lists with pages, what blocks a deletion, groups, versions, keys, sessions.
 */
#include "storage/iam_store.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static const char A[] = "111111111111";
static const char POLICY[] = "arn:aws:iam::111111111111:policy/team/p";

static struct store_root *root;
static struct iam_store *store;
static struct arena a;

static void setup(void)
{
    char problem[256] = "";

    root = store_open(&(struct store_options){.directory = NULL}, problem, sizeof(problem));
    ck_assert_msg(root != NULL, "%s", problem);
    store = iam_store_open(root);
    arena_init(&a);
}

static void teardown(void)
{
    arena_release(&a);
    iam_store_close(store);
    store_close(root);
}

static enum store_status create(enum iam_kind kind, const char *name, const char *path)
{
    struct iam_entity e = {
        .kind = kind, .name = name, .path = path, .unique_id = "AROAX", .created_ms = 5};

    return iam_entity_create(store, A, &e, 5);
}

static void create_policy(void)
{
    struct iam_policy p = {.name = "p", .path = "/team/", .unique_id = "ANPAX", .created_ms = 7};

    ck_assert_int_eq(iam_policy_create(store, A, &p, "{}", 10), STORE_OK);
}

START_TEST(nothing_is_found_before_anything_is_written)
{
    struct iam_entities list;
    struct iam_entity e;
    struct iam_session session;

    ck_assert_int_eq(iam_entity_find(store, A, IAM_ROLE, "r", &a, &e), STORE_NOT_FOUND);
    ck_assert_int_eq(iam_entity_list(store, A, IAM_ROLE, NULL, NULL, 10, &a, &list), STORE_OK);
    ck_assert_uint_eq(list.count, 0);
    ck_assert_int_eq(iam_session_find(store, "ASIA", &a, &session), STORE_NOT_FOUND);
    ck_assert(!store_has(root, "iam"));
}
END_TEST

START_TEST(names_are_unique_without_case_and_per_account)
{
    struct iam_entity e = {.kind = IAM_ROLE, .name = "R", .path = "/", .unique_id = "AROAY"};

    ck_assert_int_eq(create(IAM_ROLE, "r", "/"), STORE_OK);
    ck_assert_int_eq(create(IAM_ROLE, "R", "/"), STORE_EXISTS);
    ck_assert_int_eq(create(IAM_USER, "r", "/"), STORE_OK);
    ck_assert_int_eq(iam_entity_create(store, "222222222222", &e, 5), STORE_OK);
    ck_assert_int_eq(iam_entity_find(store, A, IAM_ROLE, "r", &a, &e), STORE_OK);
    ck_assert_int_eq(e.created_ms, 5);
    ck_assert_ptr_null(e.trust);
}
END_TEST

START_TEST(an_account_has_a_limit)
{
    char name[2] = "a";

    for (int i = 0; i < 5; i++, name[0]++)
        ck_assert_int_eq(create(IAM_ROLE, name, "/"), STORE_OK);
    ck_assert_int_eq(create(IAM_ROLE, name, "/"), STORE_LIMIT);
    ck_assert_int_eq(create(IAM_USER, name, "/"), STORE_OK);
}
END_TEST

START_TEST(lists_have_pages_and_prefixes)
{
    struct iam_entities list;

    create(IAM_ROLE, "c", "/x/");
    create(IAM_ROLE, "a", "/x/y/");
    create(IAM_ROLE, "b", "/");
    ck_assert_int_eq(iam_entity_list(store, A, IAM_ROLE, "/", NULL, 2, &a, &list), STORE_OK);
    ck_assert_uint_eq(list.count, 2);
    ck_assert(list.more);
    ck_assert_str_eq(list.items[1].name, "b");
    ck_assert_int_eq(iam_entity_list(store, A, IAM_ROLE, "/", "b", 2, &a, &list), STORE_OK);
    ck_assert_uint_eq(list.count, 1);
    ck_assert(!list.more);
    ck_assert_int_eq(iam_entity_list(store, A, IAM_ROLE, "/x/", NULL, 2, &a, &list), STORE_OK);
    ck_assert_uint_eq(list.count, 2);
    ck_assert(!list.more);
}
END_TEST

START_TEST(a_list_grows_to_its_limit)
{
    struct iam_entities list;
    char name[24];

    for (int i = 0; i < 40; i++) {
        struct iam_entity e = {.kind = IAM_ROLE, .name = name, .path = "/", .unique_id = "AROAX"};

        snprintf(name, sizeof(name), "r%02d", i);
        ck_assert_int_eq(iam_entity_create(store, A, &e, 40), STORE_OK);
    }
    for (size_t limit = 15; limit <= 40; limit++) {
        ck_assert_int_eq(iam_entity_list(store, A, IAM_ROLE, NULL, NULL, limit, &a, &list),
                         STORE_OK);
        ck_assert_uint_eq(list.count, limit);
        ck_assert(list.more == (limit < 40));
        for (size_t i = 0; i < limit; i++) {
            snprintf(name, sizeof(name), "r%02zu", i);
            ck_assert_str_eq(list.items[i].name, name);
        }
    }
}
END_TEST

static bool rename_to(struct iam_entity *e, void *context)
{
    e->name = context;
    return context != NULL;
}

START_TEST(changes_are_whole)
{
    struct iam_entity e;
    char name[] = "new";

    create(IAM_USER, "u", "/");
    create(IAM_USER, "v", "/");
    ck_assert_int_eq(iam_entity_change(store, A, IAM_USER, "u", rename_to, NULL, &a),
                     STORE_CONFLICT);
    ck_assert_int_eq(iam_entity_change(store, A, IAM_USER, "u", rename_to, name, &a), STORE_OK);
    ck_assert_int_eq(iam_entity_change(store, A, IAM_USER, "v", rename_to, name, &a), STORE_EXISTS);
    ck_assert_int_eq(iam_entity_find(store, A, IAM_USER, "new", &a, &e), STORE_OK);
    ck_assert_int_eq(iam_entity_find(store, A, IAM_USER, "u", &a, &e), STORE_NOT_FOUND);
}
END_TEST

START_TEST(what_is_tied_to_a_role_blocks_its_deletion)
{
    struct iam_attachment p = {.arn = POLICY, .name = "p", .path = "/team/"};
    enum iam_blocker blocker;
    bool missing;

    create(IAM_ROLE, "r", "/");
    create(IAM_PROFILE, "i", "/");
    ck_assert_int_eq(iam_attach(store, A, IAM_ROLE, "r", &p, 10), STORE_OK);
    ck_assert_int_eq(iam_attach(store, A, IAM_ROLE, "r", &p, 1), STORE_OK);
    ck_assert_int_eq(iam_inline_put(store, A, IAM_ROLE, "r", "in", "{ \"a\" : 1 }", 100), STORE_OK);
    ck_assert_int_eq(iam_profile_add_role(store, A, "i", "r", &missing), STORE_OK);
    ck_assert_int_eq(iam_profile_add_role(store, A, "i", "r", &missing), STORE_LIMIT);
    ck_assert_int_eq(iam_profile_add_role(store, A, "i", "none", &missing), STORE_NOT_FOUND);
    ck_assert(missing);

    ck_assert_int_eq(iam_entity_delete(store, A, IAM_ROLE, "r", &blocker), STORE_CONFLICT);
    ck_assert_int_eq(blocker, IAM_BLOCKED_BY_PROFILE);
    ck_assert_int_eq(iam_entity_delete(store, A, IAM_PROFILE, "i", &blocker), STORE_CONFLICT);
    ck_assert_int_eq(blocker, IAM_BLOCKED_BY_ROLE);
    ck_assert_int_eq(iam_profile_remove_role(store, A, "i", "r"), STORE_OK);
    ck_assert_int_eq(iam_profile_remove_role(store, A, "i", "r"), STORE_NOT_FOUND);
    ck_assert_int_eq(iam_entity_delete(store, A, IAM_ROLE, "r", &blocker), STORE_CONFLICT);
    ck_assert_int_eq(blocker, IAM_BLOCKED_BY_ATTACHED);
    ck_assert_int_eq(iam_detach(store, A, IAM_ROLE, "r", POLICY, &missing), STORE_OK);
    ck_assert_int_eq(iam_detach(store, A, IAM_ROLE, "r", POLICY, &missing), STORE_NOT_FOUND);
    ck_assert(!missing);
    ck_assert_int_eq(iam_entity_delete(store, A, IAM_ROLE, "r", &blocker), STORE_CONFLICT);
    ck_assert_int_eq(blocker, IAM_BLOCKED_BY_INLINE);
    ck_assert_int_eq(iam_inline_delete(store, A, IAM_ROLE, "r", "in", &missing), STORE_OK);
    ck_assert_int_eq(iam_entity_delete(store, A, IAM_ROLE, "r", &blocker), STORE_OK);
    ck_assert_int_eq(iam_entity_delete(store, A, IAM_ROLE, "r", &blocker), STORE_NOT_FOUND);
}
END_TEST

START_TEST(groups_have_users)
{
    struct iam_entities list;
    enum iam_blocker blocker;
    char name[] = "renamed";
    bool missing;

    create(IAM_GROUP, "g", "/");
    create(IAM_GROUP, "h", "/");
    create(IAM_USER, "b", "/");
    create(IAM_USER, "a", "/");
    ck_assert_int_eq(iam_group_add_user(store, A, "none", "a", 2, &missing), STORE_NOT_FOUND);
    ck_assert(!missing);
    ck_assert_int_eq(iam_group_add_user(store, A, "g", "none", 2, &missing), STORE_NOT_FOUND);
    ck_assert(missing);
    ck_assert_int_eq(iam_group_add_user(store, A, "g", "b", 2, &missing), STORE_OK);
    ck_assert_int_eq(iam_group_add_user(store, A, "g", "a", 1, &missing), STORE_OK);
    ck_assert_int_eq(iam_group_add_user(store, A, "g", "a", 1, &missing), STORE_OK);
    ck_assert_int_eq(iam_group_add_user(store, A, "h", "a", 1, &missing), STORE_LIMIT);
    ck_assert_int_eq(iam_groups_of_user(store, A, "a", NULL, 9, &a, &list), STORE_OK);
    ck_assert_uint_eq(list.count, 1);
    ck_assert_str_eq(list.items[0].name, "g");

    ck_assert_int_eq(iam_entity_change(store, A, IAM_USER, "a", rename_to, name, &a), STORE_OK);
    ck_assert_int_eq(iam_users_of_group(store, A, "g", NULL, 1, &a, &list), STORE_OK);
    ck_assert_str_eq(list.items[0].name, "b");
    ck_assert(list.more);
    ck_assert_int_eq(iam_users_of_group(store, A, "g", "b", 1, &a, &list), STORE_OK);
    ck_assert_str_eq(list.items[0].name, "renamed");
    ck_assert(!list.more);

    ck_assert_int_eq(iam_entity_delete(store, A, IAM_GROUP, "g", &blocker), STORE_CONFLICT);
    ck_assert_int_eq(blocker, IAM_BLOCKED_BY_GROUP);
    ck_assert_int_eq(iam_entity_delete(store, A, IAM_USER, "b", &blocker), STORE_CONFLICT);
    ck_assert_int_eq(blocker, IAM_BLOCKED_BY_GROUP);
    ck_assert_int_eq(iam_group_remove_user(store, A, "g", "b", &missing), STORE_OK);
    ck_assert_int_eq(iam_group_remove_user(store, A, "g", "b", &missing), STORE_OK);
    ck_assert_int_eq(iam_group_remove_user(store, A, "g", "none", &missing), STORE_NOT_FOUND);
    ck_assert(missing);
    ck_assert_int_eq(iam_entity_delete(store, A, IAM_USER, "b", &blocker), STORE_OK);
    ck_assert_int_eq(iam_group_remove_user(store, A, "g", "renamed", &missing), STORE_OK);
    ck_assert_int_eq(iam_entity_delete(store, A, IAM_GROUP, "g", &blocker), STORE_OK);
    ck_assert_int_eq(iam_users_of_group(store, A, "g", NULL, 1, &a, &list), STORE_NOT_FOUND);
}
END_TEST

START_TEST(inline_policies_have_a_size_together)
{
    const char *document;
    struct iam_names names;
    bool missing;

    create(IAM_ROLE, "r", "/");
    ck_assert_int_eq(iam_inline_put(store, A, IAM_ROLE, "r", "x", "{ 345 }", 10), STORE_OK);
    ck_assert_int_eq(iam_inline_put(store, A, IAM_ROLE, "r", "y", "123456", 10), STORE_LIMIT);
    ck_assert_int_eq(iam_inline_put(store, A, IAM_ROLE, "r", "x", "1234567890", 10), STORE_OK);
    ck_assert_int_eq(iam_inline_get(store, A, IAM_ROLE, "r", "x", &a, &document, &missing),
                     STORE_OK);
    ck_assert_str_eq(document, "1234567890");
    ck_assert_int_eq(iam_inline_get(store, A, IAM_ROLE, "r", "y", &a, &document, &missing),
                     STORE_NOT_FOUND);
    ck_assert(!missing);
    ck_assert_int_eq(iam_inline_list(store, A, IAM_ROLE, "r", NULL, 1, &a, &names), STORE_OK);
    ck_assert_uint_eq(names.count, 1);
    ck_assert(!names.more);
}
END_TEST

START_TEST(policies_have_versions)
{
    struct iam_version v;
    struct iam_versions all;
    struct iam_policy p;
    enum iam_policy_blocker blocker;
    bool missing;

    create_policy();
    ck_assert_int_eq(iam_version_create(store, POLICY, "[2]", false, 8, 3, &v), STORE_OK);
    ck_assert_int_eq(v.number, 2);
    ck_assert_int_eq(iam_version_create(store, POLICY, "[3]", true, 9, 3, &v), STORE_OK);
    ck_assert_int_eq(iam_version_create(store, POLICY, "[4]", true, 9, 3, &v), STORE_LIMIT);
    ck_assert_int_eq(iam_policy_find(store, POLICY, &a, &p), STORE_OK);
    ck_assert_int_eq(p.version, 3);
    ck_assert_int_eq(p.updated_ms, 9);
    ck_assert_int_eq(iam_version_delete(store, POLICY, 3, &missing), STORE_CONFLICT);
    ck_assert_int_eq(iam_version_delete(store, POLICY, 2, &missing), STORE_OK);
    ck_assert_int_eq(iam_version_get(store, POLICY, 2, &a, &v, &missing), STORE_NOT_FOUND);
    ck_assert(!missing);
    ck_assert_int_eq(iam_version_create(store, POLICY, "[4]", false, 9, 3, &v), STORE_OK);
    ck_assert_int_eq(v.number, 4);
    ck_assert_int_eq(iam_version_set_default(store, POLICY, 1, 10, &missing), STORE_OK);
    ck_assert_int_eq(iam_version_list(store, POLICY, &a, &all), STORE_OK);
    ck_assert_uint_eq(all.count, 3);
    ck_assert_int_eq(all.items[0].number, 4);
    ck_assert(all.items[2].is_default);
    ck_assert_int_eq(iam_policy_delete(store, POLICY, &blocker), STORE_CONFLICT);
    ck_assert_int_eq(blocker, IAM_POLICY_HAS_VERSIONS);
}
END_TEST

START_TEST(policies_know_who_uses_them)
{
    struct iam_attachment p = {.arn = POLICY, .name = "p", .path = "/team/"};
    struct iam_users_of_policy what = {.arn = POLICY, .kind = IAM_ROLE};
    struct iam_policy_filter filter = {.only_attached = true};
    struct iam_entities entities;
    struct iam_policies policies;
    struct iam_policy_uses uses;
    struct iam_entity bounded = {
        .kind = IAM_USER, .name = "u", .path = "/", .unique_id = "AIDAX", .boundary = POLICY};
    enum iam_blocker entity_blocker;
    enum iam_policy_blocker blocker;
    bool missing;

    ck_assert_int_eq(iam_policy_count_uses(store, A, POLICY, &uses), STORE_OK);
    ck_assert_int_eq(uses.attached, 0);
    create_policy();
    create(IAM_ROLE, "r", "/");
    ck_assert_int_eq(iam_policy_list(store, A, &filter, NULL, 5, &a, &policies), STORE_OK);
    ck_assert_uint_eq(policies.count, 0);
    ck_assert_int_eq(iam_attach(store, A, IAM_ROLE, "r", &p, 10), STORE_OK);
    ck_assert_int_eq(iam_policy_list(store, A, &filter, NULL, 5, &a, &policies), STORE_OK);
    ck_assert_uint_eq(policies.count, 1);
    ck_assert_int_eq(policies.items[0].attached, 1);
    ck_assert_int_eq(iam_attached_entities(store, A, &what, NULL, 5, &a, &entities), STORE_OK);
    ck_assert_uint_eq(entities.count, 1);
    ck_assert_int_eq(iam_entity_create(store, "222222222222", &bounded, 5), STORE_OK);
    ck_assert_int_eq(iam_policy_count_uses(store, A, POLICY, &uses), STORE_OK);
    ck_assert_int_eq(uses.attached, 1);
    ck_assert_int_eq(uses.boundaries, 0);
    ck_assert_int_eq(iam_policy_count_uses(store, "222222222222", POLICY, &uses), STORE_OK);
    ck_assert_int_eq(uses.attached, 0);
    ck_assert_int_eq(uses.boundaries, 1);
    ck_assert_int_eq(iam_entity_delete(store, "222222222222", IAM_USER, "u", &entity_blocker),
                     STORE_OK);
    ck_assert_int_eq(iam_policy_delete(store, POLICY, &blocker), STORE_CONFLICT);
    ck_assert_int_eq(blocker, IAM_POLICY_ATTACHED);
    ck_assert_int_eq(iam_detach(store, A, IAM_ROLE, "r", POLICY, &missing), STORE_OK);
    ck_assert_int_eq(iam_policy_delete(store, "arn:aws:iam::111111111111:policy/p", &blocker),
                     STORE_NOT_FOUND); /* another path */
    ck_assert_int_eq(iam_policy_delete(store, "policy/p", &blocker), STORE_NOT_FOUND);
    ck_assert_int_eq(iam_policy_delete(store, POLICY, &blocker), STORE_OK);
}
END_TEST

START_TEST(keys_and_sessions_are_found_by_id)
{
    struct iam_access_key k = {.id = "AKIA1", .secret = "s", .active = true, .created_ms = 1};
    struct iam_access_key second = {.id = "AKIA2", .secret = "s"};
    struct iam_session session = {.id = "ASIA1",
                                  .account = A,
                                  .secret = "s",
                                  .token = "t",
                                  .arn = "arn",
                                  .user_id = "AROA:x",
                                  .expires_ms = 100,
                                  .policy = "{}",
                                  .policy_arns = "arn:1 arn:2"};
    enum iam_blocker blocker;
    bool missing;

    create(IAM_USER, "u", "/");
    ck_assert_int_eq(iam_key_create(store, A, "none", &k, 1), STORE_NOT_FOUND);
    ck_assert_int_eq(iam_key_create(store, A, "u", &k, 1), STORE_OK);
    ck_assert_int_eq(iam_key_create(store, A, "u", &second, 1), STORE_LIMIT);
    ck_assert_int_eq(iam_key_set_active(store, A, "u", "AKIA1", false, &missing), STORE_OK);
    ck_assert_int_eq(iam_key_find(store, "AKIA1", &a, &k), STORE_OK);
    ck_assert_str_eq(k.user, "u");
    ck_assert_str_eq(k.account, A);
    ck_assert(!k.active);
    ck_assert_int_eq(iam_entity_delete(store, A, IAM_USER, "u", &blocker), STORE_CONFLICT);
    ck_assert_int_eq(iam_key_delete(store, A, "u", "AKIA2", &missing), STORE_NOT_FOUND);
    ck_assert(!missing);
    ck_assert_int_eq(iam_key_delete(store, A, "u", "AKIA1", &missing), STORE_OK);

    ck_assert_int_eq(iam_session_add(store, &session, 0), STORE_OK);
    session.id = "ASIA2";
    session.expires_ms = 300;
    ck_assert_int_eq(iam_session_add(store, &session, 200), STORE_OK);
    ck_assert_int_eq(iam_session_find(store, "ASIA1", &a, &session), STORE_NOT_FOUND);
    ck_assert_int_eq(iam_session_find(store, "ASIA2", &a, &session), STORE_OK);
    ck_assert_str_eq(session.token, "t");
    ck_assert_str_eq(session.policy, "{}");
    ck_assert_str_eq(session.policy_arns, "arn:1 arn:2");
}
END_TEST

START_TEST(an_alias_belongs_to_one_account)
{
    static const char B[] = "222222222222";
    const char *text;

    ck_assert_int_eq(iam_alias_get(store, A, &a, &text), STORE_NOT_FOUND);
    ck_assert_int_eq(iam_alias_set(store, A, "one"), STORE_OK);
    ck_assert_int_eq(iam_alias_set(store, B, "one"), STORE_EXISTS);
    ck_assert_int_eq(iam_alias_set(store, A, "one"), STORE_EXISTS);
    ck_assert_int_eq(iam_password_policy_set(store, A, "{}"), STORE_OK);
    ck_assert_int_eq(iam_alias_set(store, A, "two"), STORE_OK);
    ck_assert_int_eq(iam_alias_remove(store, B, "two"), STORE_NOT_FOUND);
    ck_assert_int_eq(iam_alias_get(store, A, &a, &text), STORE_OK);
    ck_assert_str_eq(text, "two");
    ck_assert_int_eq(iam_alias_remove(store, A, "two"), STORE_OK);
    ck_assert_int_eq(iam_alias_set(store, B, "one"), STORE_OK);
    ck_assert_int_eq(iam_password_policy_get(store, B, &a, &text), STORE_NOT_FOUND);
    ck_assert_int_eq(iam_password_policy_get(store, A, &a, &text), STORE_OK);
    ck_assert_str_eq(text, "{}");
    ck_assert_int_eq(iam_password_policy_remove(store, A), STORE_OK);
    ck_assert_int_eq(iam_password_policy_remove(store, A), STORE_NOT_FOUND);
}
END_TEST

static bool rename_tags(struct iam_provider *provider, void *context)
{
    provider->tags = context;
    return context != NULL;
}

START_TEST(providers_are_of_an_account)
{
    static const char B[] = "222222222222";
    struct iam_provider p = {.url = "b.example.com", .document = "{}"};
    struct iam_providers all;

    ck_assert_int_eq(iam_provider_find(store, A, p.url, &a, &p), STORE_NOT_FOUND);
    ck_assert_int_eq(iam_provider_create(store, A, &p, 2), STORE_OK);
    ck_assert_int_eq(iam_provider_create(store, A, &p, 2), STORE_EXISTS);
    p.url = "a.example.com";
    ck_assert_int_eq(iam_provider_create(store, A, &p, 2), STORE_OK);
    p.url = "c.example.com";
    ck_assert_int_eq(iam_provider_create(store, A, &p, 2), STORE_LIMIT);
    ck_assert_int_eq(iam_provider_list(store, B, 5, &a, &all), STORE_OK);
    ck_assert_uint_eq(all.count, 0);
    ck_assert_int_eq(iam_provider_list(store, A, 5, &a, &all), STORE_OK);
    ck_assert_uint_eq(all.count, 2);
    ck_assert_str_eq(all.items[0].url, "a.example.com");

    ck_assert_int_eq(iam_provider_change(store, A, "a.example.com", rename_tags, "{\"k\":1}", &a),
                     STORE_OK);
    ck_assert_int_eq(iam_provider_change(store, A, "a.example.com", rename_tags, NULL, &a),
                     STORE_CONFLICT);
    ck_assert_int_eq(iam_provider_change(store, B, "a.example.com", rename_tags, "{}", &a),
                     STORE_NOT_FOUND);
    ck_assert_int_eq(iam_provider_find(store, A, "a.example.com", &a, &p), STORE_OK);
    ck_assert_str_eq(p.tags, "{\"k\":1}");
    ck_assert_int_eq(iam_provider_delete(store, A, "a.example.com"), STORE_OK);
    ck_assert_int_eq(iam_provider_delete(store, A, "a.example.com"), STORE_OK);
    ck_assert_int_eq(iam_provider_find(store, A, "a.example.com", &a, &p), STORE_NOT_FOUND);
}
END_TEST

START_TEST(an_account_is_counted)
{
    struct iam_attachment what = {.arn = POLICY, .name = "p", .path = "/team/"};
    struct iam_counts counts;
    struct iam_inlines inside;
    struct iam_entity e;

    ck_assert_int_eq(iam_count(store, A, &counts), STORE_OK);
    ck_assert_int_eq(counts.users, 0);
    ck_assert_int_eq(create(IAM_USER, "u", "/"), STORE_OK);
    ck_assert_int_eq(create(IAM_USER, "v", "/"), STORE_OK);
    ck_assert_int_eq(create(IAM_ROLE, "r", "/"), STORE_OK);
    create_policy();
    ck_assert_int_eq(iam_attach(store, A, IAM_USER, "u", &what, 10), STORE_OK);
    ck_assert_int_eq(iam_attach(store, A, IAM_ROLE, "r", &what, 10), STORE_OK);
    ck_assert_int_eq(iam_inline_put(store, A, IAM_USER, "u", "b", "{}", 100), STORE_OK);
    ck_assert_int_eq(iam_inline_put(store, A, IAM_USER, "u", "a", "[]", 100), STORE_OK);
    ck_assert_int_eq(iam_count(store, A, &counts), STORE_OK);
    ck_assert_int_eq(counts.users, 2);
    ck_assert_int_eq(counts.roles, 1);
    ck_assert_int_eq(counts.groups, 0);
    ck_assert_int_eq(counts.policies, 1);
    ck_assert_int_eq(counts.policies_in_use, 1);

    ck_assert_int_eq(iam_entity_find(store, A, IAM_USER, "u", &a, &e), STORE_OK);
    ck_assert_int_eq(iam_inline_all(store, e.id, &a, &inside), STORE_OK);
    ck_assert_uint_eq(inside.count, 2);
    ck_assert_str_eq(inside.items[0].name, "a");
    ck_assert_str_eq(inside.items[0].document, "[]");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("iam_store");
    TCase *c = tcase_create("iam_store");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, nothing_is_found_before_anything_is_written);
    tcase_add_test(c, names_are_unique_without_case_and_per_account);
    tcase_add_test(c, an_account_has_a_limit);
    tcase_add_test(c, lists_have_pages_and_prefixes);
    tcase_add_test(c, a_list_grows_to_its_limit);
    tcase_add_test(c, changes_are_whole);
    tcase_add_test(c, what_is_tied_to_a_role_blocks_its_deletion);
    tcase_add_test(c, groups_have_users);
    tcase_add_test(c, inline_policies_have_a_size_together);
    tcase_add_test(c, policies_have_versions);
    tcase_add_test(c, policies_know_who_uses_them);
    tcase_add_test(c, keys_and_sessions_are_found_by_id);
    tcase_add_test(c, an_alias_belongs_to_one_account);
    tcase_add_test(c, providers_are_of_an_account);
    tcase_add_test(c, an_account_is_counted);
    suite_add_tcase(s, c);
    return run_suite(s);
}
