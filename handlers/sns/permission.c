/* AddPermission and RemovePermission: statements of a topic's policy. */
#include "handlers/common/arn.h"
#include "handlers/common/policy.h"
#include "handlers/sns/operations.h"
#include "server/base/json_read.h"
#include "server/base/json_write.h"

enum { DEPTH_MAX = 32, POLICY_MAX = 64 * 1024 };

static const char *const allowed_actions[] = {
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "ListSubscriptionsByTopic",
    "Subscribe",
    "Publish",
    "Receive",
};

struct edit {
    struct arena *arena;
    const char *policy; /* where none was set: AWS's own */
    const char *label;
    const char *add; /* a statement, or NULL: remove the one of that label */
};

/* "Sid" of the statement that is next, without consuming it. */
static bool has_label(const struct jr *at, const char *label)
{
    struct jr r = *at;
    struct jr_text key, sid;

    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        if (jr_text_eq(key, "Sid") && jr_peek(&r) == JR_STRING)
            return jr_string(&r, &sid) && jr_text_eq(sid, label);
        jr_skip(&r, NULL);
    }
    return false;
}

static void write_statements(struct jr *r, struct jw *w, const struct edit *e, bool *out_found)
{
    struct jr_text raw;
    bool list = jr_peek(r) == JR_ARRAY;

    jw_begin_array(w);
    if (list)
        jr_enter_array(r);
    while (!list || jr_next_item(r)) {
        bool same = jr_peek(r) == JR_OBJECT && has_label(r, e->label);

        *out_found |= same;
        if (jr_skip(r, &raw) && !(same && !e->add))
            jw_raw(w, raw.data, raw.len);
        if (!list)
            break;
    }
    if (e->add)
        jw_raw(w, e->add, strlen(e->add));
    jw_end_array(w);
}

/* Everything else stays as it was written. */
static const char *edit_policy(struct edit *e, bool *out_found)
{
    struct strbuf b = STRBUF_INIT(POLICY_MAX);
    struct jr_text key, raw;
    const char *text = NULL;
    struct jw w;
    struct jr r;

    *out_found = false;
    jw_init(&w, &b);
    jr_init(&r, e->policy, strlen(e->policy), e->arena, DEPTH_MAX);
    jw_begin_object(&w);
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        jw_key_n(&w, key.data, key.len);
        if (jr_text_eq(key, "Statement"))
            write_statements(&r, &w, e, out_found);
        else if (jr_skip(&r, &raw))
            jw_raw(&w, raw.data, raw.len);
    }
    jw_end_object(&w);
    if (jr_finish(&r) && !b.overflow)
        text = arena_strndup(e->arena, b.data, b.len);
    strbuf_release(&b);
    return text;
}

static int apply(struct request *req, const char *arn, const char *action, struct edit *e)
{
    struct sns_topic_name name;
    struct sns_topic topic;
    struct tag policy = {"Policy", NULL};
    bool found;

    if (sns_topic_use(req, arn, action, &name, &topic))
        return -1;
    e->arena = &req->arena;
    e->policy = sns_topic_policy(&req->arena, &name, &topic);
    policy.value = edit_policy(e, &found);
    if (e->add && found)
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: Statement already exists");
    if (!policy.value)
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: Policy too long");
    return sns_set_attributes(sns_of(req->app), SNS_TOPIC_ATTRIBUTES, topic.id, &req->arena,
                              (struct tag_list){&policy, 1}) == STORE_OK
               ? 0
               : aws_fail_internal(req);
}

/* One value stands alone, several in a list. */
static void write_values(struct jw *w, const char *const *values, size_t count)
{
    if (count != 1)
        jw_begin_array(w);
    for (size_t i = 0; i < count; i++)
        jw_string(w, values[i]);
    if (count != 1)
        jw_end_array(w);
}

static const char *make_statement(struct request *req, const struct sns_AddPermissionInput *in)
{
    struct arena *a = &req->arena;
    const char **accounts = ARENA_ARRAY(a, const char *, in->AWSAccountId.count);
    const char **actions = ARENA_ARRAY(a, const char *, in->ActionName.count);
    struct strbuf b = STRBUF_INIT(POLICY_MAX);
    const char *text;
    struct jw w;

    for (size_t i = 0; i < in->AWSAccountId.count; i++)
        accounts[i] = arn_make(a, "iam", "", in->AWSAccountId.items[i], "root");
    for (size_t i = 0; i < in->ActionName.count; i++)
        actions[i] = arena_printf(a, "SNS:%s", in->ActionName.items[i]);
    jw_init(&w, &b);
    jw_begin_object(&w);
    jw_member_string(&w, "Sid", in->Label);
    jw_member_string(&w, "Effect", "Allow");
    jw_key(&w, "Principal");
    jw_begin_object(&w);
    jw_key(&w, "AWS");
    write_values(&w, accounts, in->AWSAccountId.count);
    jw_end_object(&w);
    jw_key(&w, "Action");
    write_values(&w, actions, in->ActionName.count);
    jw_member_string(&w, "Resource", in->TopicArn);
    jw_end_object(&w);
    text = b.overflow ? NULL : arena_strndup(a, b.data, b.len);
    strbuf_release(&b);
    return text;
}

static bool is_allowed_action(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(allowed_actions); i++) {
        if (str_eq(name, allowed_actions[i]))
            return true;
    }
    return false;
}

int sns_add_permission(struct request *req, const struct sns_AddPermissionInput *in,
                       struct sns_AddPermissionOutput *out)
{
    struct edit edit = {.label = in->Label};

    (void)out;
    for (size_t i = 0; i < in->ActionName.count; i++) {
        if (!is_allowed_action(in->ActionName.items[i]))
            return aws_fail(req, &sns_InvalidParameterException,
                            "Invalid parameter: Policy statement action out of service scope!");
    }
    for (size_t i = 0; i < in->AWSAccountId.count; i++) {
        const char *account = in->AWSAccountId.items[i];

        if (strlen(account) != 12 || strspn(account, "0123456789") != 12)
            return aws_fail(req, &sns_InvalidParameterException,
                            "Invalid parameter: Policy Error: PrincipalNotFound");
    }
    edit.add = make_statement(req, in);
    if (!edit.add)
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: Policy too long");
    return apply(req, in->TopicArn, "AddPermission", &edit);
}

int sns_remove_permission(struct request *req, const struct sns_RemovePermissionInput *in,
                          struct sns_RemovePermissionOutput *out)
{
    struct edit edit = {.label = in->Label};

    (void)out;
    return apply(req, in->TopicArn, "RemovePermission", &edit);
}
