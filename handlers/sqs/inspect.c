/*
 * What is in a queue, without receiving it: /_aws/sqs/messages?QueueUrl=..., and
 * /_aws/sqs/messages/<region>/<account>/<name>. The answer is one of ReceiveMessage, in the
 * client's protocol, with all messages and all attributes; ShowInvisible and ShowDelayed add those
 * that could not be received now, and tell which they are.
 */
#include "handlers/sqs/operations.h"
#include "server/base/encode.h"

enum { SHOWN_MAX = 10000 }; /* messages in one answer */

static const char no_handle[] = "SQS/BACKDOOR/ACCESS";

static bool is_on(struct request *req, const char *parameter)
{
    const char *value = request_query(req, parameter);

    return value && (strcasecmp(value, "true") == 0 || str_eq(value, "1"));
}

static void release_later(void *queue)
{
    sqs_queue_release(queue);
}

/* <region>/<account>/<name> behind the path, or else a URL. */
static int find_queue(struct request *req, const char *url, struct sqs_queue **out_queue)
{
    const char *rest = req->path + strlen(SQS_INSPECT_PATH);
    char *copy, *save = NULL;
    struct scope scope;
    const char *name;
    enum store_status rc;

    if (*rest != '/' && !url)
        url = request_query(req, "QueueUrl");
    if (*rest != '/')
        return url && *url ? sqs_use(req, url, out_queue) : sqs_fail_no_queue(req);
    copy = url_decode(&req->arena, rest, strlen(rest), false, NULL);
    scope.region = copy ? strtok_r(copy, "/", &save) : NULL;
    scope.account = scope.region ? strtok_r(NULL, "/", &save) : NULL;
    name = scope.account ? strtok_r(NULL, "/", &save) : NULL;
    if (!name)
        return sqs_fail_no_queue(req);
    rc = sqs_queue_hold(sqs_of(req->app), &scope, name, out_queue);
    if (rc != STORE_OK)
        return sqs_fail_store(req, rc);
    arena_defer(&req->arena, release_later, *out_queue);
    return 0;
}

struct inspection {
    int64_t *numbers;
    enum sqs_entry_state *states;
    size_t count;
};

/* The lock is held. A FIFO queue's messages behind one that is in flight are invisible, too. */
static void add_state(struct sqs_queue *queue, enum sqs_entry_state state, bool show_invisible,
                      struct inspection *in)
{
    size_t found =
        sqs_index_list(queue->index, state, SHOWN_MAX - in->count, in->numbers + in->count);
    size_t kept = in->count;

    for (size_t i = in->count; i < in->count + found; i++) {
        bool blocked = state == SQS_READY &&
                       sqs_index_is_blocked(sqs_index_find(queue->index, in->numbers[i]));

        if (blocked && !show_invisible)
            continue;
        in->numbers[kept] = in->numbers[i];
        in->states[kept++] = blocked ? SQS_IN_FLIGHT : state;
    }
    in->count = kept;
}

static void look(struct request *req, struct sqs_queue *queue, bool show_invisible,
                 bool show_delayed, struct inspection *in)
{
    in->numbers = ARENA_ARRAY(&req->arena, int64_t, SHOWN_MAX);
    in->states = ARENA_ARRAY(&req->arena, enum sqs_entry_state, SHOWN_MAX);
    in->count = 0;
    pthread_mutex_lock(&queue->lock);
    sqs_index_advance(queue->index, clock_now_ms(&req->app->clock));
    if (show_invisible)
        add_state(queue, SQS_IN_FLIGHT, true, in);
    add_state(queue, SQS_READY, show_invisible, in);
    if (show_delayed)
        add_state(queue, SQS_DELAYED, true, in);
    pthread_mutex_unlock(&queue->lock);
}

static void add_mark(struct sqs_Message *m, const char *name, bool value)
{
    m->Attributes.items[m->Attributes.count++] = (struct sqs_MessageSystemAttributeMap_entry){
        .key = name, .value = value ? "true" : "false"};
}

int sqs_inspect(struct request *req, const struct sqs_ReceiveMessageRequest *in,
                struct sqs_ReceiveMessageResult *out)
{
    const char *all[] = {"All"};
    const struct sqs_ReceiveMessageRequest everything = {
        .AttributeNames = {.items = all, .count = 1},
        .MessageAttributeNames = {.items = all, .count = 1},
    };
    bool show_invisible = is_on(req, "ShowInvisible"), show_delayed = is_on(req, "ShowDelayed");
    struct inspection seen;
    struct sqs_queue *queue;
    struct sqs_take *items;

    if (find_queue(req, in->QueueUrl, &queue))
        return -1;
    look(req, queue, show_invisible, show_delayed, &seen);
    items = ARENA_ARRAY(&req->arena, struct sqs_take, seen.count);
    for (size_t i = 0; i < seen.count; i++)
        items[i].number = seen.numbers[i];
    if (sqs_store_peek(sqs_of(req->app)->store, &queue->ref, items, seen.count, &req->arena) !=
        STORE_OK)
        return aws_fail_internal(req);
    out->Messages.items = ARENA_ARRAY(&req->arena, struct sqs_Message, seen.count);
    for (size_t i = 0; i < seen.count; i++) {
        struct sqs_Message *m = &out->Messages.items[out->Messages.count];

        if (!items[i].content.body)
            continue; /* deleted meanwhile */
        sqs_tell_message(req, &everything, queue, no_handle, &items[i], m);
        if (show_invisible)
            add_mark(m, "IsVisible", seen.states[i] != SQS_IN_FLIGHT);
        if (show_delayed)
            add_mark(m, "IsDelayed", seen.states[i] == SQS_DELAYED);
        out->Messages.count++;
    }
    return 0;
}
