/*
 * AddPermission and RemovePermission: statements of the queue's policy, by their Sid.
 *
 * The rest of the policy stays as it was written: only the list of statements is made anew.
 */
#include "handlers/common/policy.h"
#include "handlers/sqs/operations.h"
#include "server/base/json_read.h"
#include "server/base/json_write.h"

enum { ACTIONS_MAX = 7, POLICY_MAX = 1 << 20, LABEL_MAX = 80, DEPTH_MAX = 64 };

struct permission {
    struct request *req;
    const struct sqs_queue *queue;
    const char *label;
    const struct sqs_AddPermissionRequest *add; /* NULL: remove */
};

/* --- one statement --- */

static void write_principal(struct jw *w, const char *account)
{
    char arn[64];

    snprintf(arn, sizeof(arn), "arn:aws:iam::%.12s:root", account);
    jw_string(w, arn);
}

static void write_action(struct jw *w, const char *action)
{
    char text[80];

    snprintf(text, sizeof(text), "SQS:%.64s", action);
    jw_string(w, text);
}

/* AWS: a list of one is the thing itself. */
static void write_list(struct jw *w, const char *key, const char **items, size_t count,
                       void (*write)(struct jw *w, const char *item))
{
    jw_key(w, key);
    if (count > 1)
        jw_begin_array(w);
    for (size_t i = 0; i < count; i++)
        write(w, items[i]);
    if (count > 1)
        jw_end_array(w);
}

static void write_statement(struct jw *w, const struct permission *p)
{
    jw_begin_object(w);
    jw_member_string(w, "Sid", p->label);
    jw_member_string(w, "Effect", "Allow");
    jw_key(w, "Principal");
    jw_begin_object(w);
    write_list(w, "AWS", p->add->AWSAccountIds.items, p->add->AWSAccountIds.count, write_principal);
    jw_end_object(w);
    write_list(w, "Action", p->add->Actions.items, p->add->Actions.count, write_action);
    jw_member_string(w, "Resource", p->queue->arn);
    jw_end_object(w);
}

/* --- the policy --- */

static bool has_sid(struct arena *a, struct jr_text statement, const char *label)
{
    struct jr r;
    struct jr_text key, value;

    jr_init(&r, statement.data, statement.len, a, DEPTH_MAX);
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        if (!jr_text_eq(key, "Sid")) {
            jr_skip(&r, NULL);
            continue;
        }
        return jr_string(&r, &value) && jr_text_eq(value, label);
    }
    return false;
}

/* Copies the statements but for the one to remove, and adds the new one. How many there are. */
static size_t write_statements(struct jw *w, struct jr *r, const struct permission *p)
{
    struct arena *a = &p->req->arena;
    struct jr_text raw;
    size_t count = 0;
    bool single = jr_peek(r) == JR_OBJECT;

    jw_begin_array(w);
    if (!single)
        jr_enter_array(r);
    while (single ? count == 0 && jr_skip(r, &raw) : jr_next_item(r) && jr_skip(r, &raw)) {
        bool removed = !p->add && has_sid(a, raw, p->label);

        if (!removed) {
            jw_raw(w, raw.data, raw.len);
            count++;
        }
        if (single)
            break;
    }
    if (p->add) {
        write_statement(w, p);
        count++;
    }
    jw_end_array(w);
    return count;
}

/* The policy with the change; "" when no statement is left. */
static const char *changed_policy(const struct permission *p, const char *old)
{
    struct arena *a = &p->req->arena;
    struct strbuf text = STRBUF_INIT(POLICY_MAX);
    struct jr r;
    struct jr_text key, raw;
    size_t statements = 0;
    struct jw w;
    char *made;

    jw_init(&w, &text);
    jr_init(&r, old, strlen(old), a, DEPTH_MAX);
    jw_begin_object(&w);
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        jw_key_n(&w, key.data, key.len);
        if (jr_text_eq(key, "Statement"))
            statements = write_statements(&w, &r, p);
        else if (jr_skip(&r, &raw))
            jw_raw(&w, raw.data, raw.len);
    }
    jw_end_object(&w);
    made = arena_strndup(a, text.data, text.len);
    strbuf_release(&text);
    return statements > 0 ? made : "";
}

static bool label_is_there(struct arena *a, const char *text, const char *label)
{
    const char *problem;
    const struct policy *policy = text ? policy_parse(a, text, strlen(text), &problem) : NULL;

    for (size_t i = 0; policy && i < policy->statement_count; i++) {
        if (policy->statements[i].sid && str_eq(policy->statements[i].sid, label))
            return true;
    }
    return false;
}

static int change_policy(struct arena *a, struct sqs_settings *settings, const void *context)
{
    const struct permission *p = context;
    const char *old = settings->text[SQS_POLICY];
    bool there = label_is_there(a, old, p->label);
    const char *made;

    if (p->add && there)
        return aws_fail(p->req, &sqs_InvalidParameterValue,
                        "Value %s for parameter Label is invalid. Reason: Already exists.",
                        p->label);
    if (!p->add && !there)
        return aws_fail(p->req, &sqs_InvalidParameterValue,
                        "Value %s for parameter Label is invalid. Reason: can't find label.",
                        p->label);
    if (!old)
        old = arena_printf(
            a, "{\"Version\":\"2008-10-17\",\"Id\":\"%s/SQSDefaultPolicy\",\"Statement\":[]}",
            p->queue->arn);
    made = changed_policy(p, old);
    settings->text[SQS_POLICY] = *made ? made : NULL;
    return 0;
}

static int apply(const struct permission *p, struct sqs_queue *queue)
{
    struct request *req = p->req;
    bool refused;
    enum store_status rc =
        sqs_queue_change(sqs_of(req->app), queue, change_policy, p, &req->arena, &refused);

    if (refused)
        return -1;
    return rc == STORE_OK ? 0 : sqs_fail_store(req, rc);
}

/* --- the operations --- */

static int check_label(struct request *req, const char *label)
{
    size_t len = label ? strlen(label) : 0;

    if (!label)
        return sqs_fail_missing(req, "Label");
    if (len >= 1 && len <= LABEL_MAX &&
        strspn(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len)
        return 0;
    return aws_fail(req, &sqs_InvalidParameterValue,
                    "Value %s for parameter Label is invalid. Reason: Can only include "
                    "alphanumeric characters, hyphens, or underscores. 1 to 80 in length.",
                    label);
}

static int check_action(struct request *req, const char *action)
{
    static const char *const shared[] = {
        "*",           "ChangeMessageVisibility",    "DeleteMessage", "GetQueueAttributes",
        "GetQueueUrl", "ListDeadLetterSourceQueues", "PurgeQueue",    "ReceiveMessage",
        "SendMessage"};
    static const char *const owners[] = {
        "AddPermission", "CreateQueue",          "DeleteQueue",           "ListQueues",
        "ListQueueTags", "RemovePermission",     "SetQueueAttributes",    "TagQueue",
        "UntagQueue",    "StartMessageMoveTask", "CancelMessageMoveTask", "ListMessageMoveTasks"};

    for (size_t i = 0; i < ARRAY_LEN(shared); i++) {
        if (str_eq(action, shared[i]))
            return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(owners); i++) {
        if (str_eq(action, owners[i]))
            return aws_fail(req, &sqs_InvalidParameterValue,
                            "Value SQS:%s for parameter ActionName is invalid. Reason: Only the "
                            "queue owner is allowed to invoke this action.",
                            action);
    }
    return aws_fail(req, &sqs_InvalidParameterValue,
                    "Value SQS:%s for parameter ActionName is invalid. Reason: Please refer to the "
                    "appropriate WSDL for a list of valid actions. ",
                    action);
}

static int check_accounts(struct request *req, const struct sqs_AWSAccountIdList *accounts)
{
    if (accounts->count == 0)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Value [] for parameter PrincipalId is invalid. Reason: Unable to verify.");
    for (size_t i = 0; i < accounts->count; i++) {
        const char *id = accounts->items[i];

        if (strlen(id) != 12 || strspn(id, "0123456789") != 12)
            return aws_fail(req, &sqs_InvalidParameterValue,
                            "Value [%s] for parameter PrincipalId is invalid. Reason: Unable to "
                            "verify.",
                            id);
    }
    return 0;
}

int sqs_add_permission(struct request *req, const struct sqs_AddPermissionRequest *in,
                       struct sqs_AddPermissionOutput *out)
{
    struct sqs_queue *queue;

    (void)out;
    if (sqs_use(req, in->QueueUrl, &queue) || check_label(req, in->Label))
        return -1;
    if (in->Actions.count == 0)
        return sqs_fail_missing(req, "Actions");
    if (in->Actions.count > ACTIONS_MAX)
        return aws_fail(req, &sqs_OverLimit, "%zu Actions were found, maximum allowed is %d.",
                        in->Actions.count, ACTIONS_MAX);
    for (size_t i = 0; i < in->Actions.count; i++) {
        if (check_action(req, in->Actions.items[i]))
            return -1;
    }
    if (check_accounts(req, &in->AWSAccountIds))
        return -1;
    const struct permission p = {.req = req, .queue = queue, .label = in->Label, .add = in};
    return apply(&p, queue);
}

int sqs_remove_permission(struct request *req, const struct sqs_RemovePermissionRequest *in,
                          struct sqs_RemovePermissionOutput *out)
{
    struct sqs_queue *queue;

    (void)out;
    if (sqs_use(req, in->QueueUrl, &queue) || check_label(req, in->Label))
        return -1;
    const struct permission p = {.req = req, .queue = queue, .label = in->Label};
    return apply(&p, queue);
}
