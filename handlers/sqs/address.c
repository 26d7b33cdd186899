/*
 * Queue URLs. Clients have them in many forms: http://host:port/account/name,
 * http://sqs.region.amazonaws.com/account/name, http://region.queue.host/account/name,
 * http://host/queue/region/account/name. What counts is the path. An ARN is no address.
 */
#include "handlers/iam/iam.h"
#include "handlers/sqs/operations.h"
#include "server/base/encode.h"

#include "server/service.h"
#include <ctype.h>

enum { NAME_MAX_LEN = 80, PARTS_MAX = 4 };

/* AWS: 404, whatever the model says. */
static const struct aws_error invalid_address = {
    .name = "InvalidAddress",
    .code = "InvalidAddress",
    .status = 404,
    .sender_fault = true,
};

static const struct aws_error access_denied = {
    .name = "AccessDenied",
    .code = "AccessDenied",
    .status = 403,
    .sender_fault = true,
};

static bool is_account(const char *text)
{
    return strlen(text) == 12 && strspn(text, "0123456789") == 12;
}

/* The path behind scheme and host; NULL when there is none. */
static const char *path_of(const char *url)
{
    const char *host = strstr(url, "://");

    return host ? strchr(host + 3, '/') : NULL;
}

/* Splits at slashes, empty parts left out; more than PARTS_MAX count as none. */
static size_t split(struct arena *a, const char *path, char *parts[PARTS_MAX])
{
    char *copy = arena_strndup(a, path, strcspn(path, "?#"));
    char *save = NULL;
    size_t count = 0;

    for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
        if (count == PARTS_MAX)
            return 0;
        parts[count++] = part;
    }
    return count;
}

static bool read_path(struct request *req, const char *path, struct sqs_address *out)
{
    char *parts[PARTS_MAX];
    size_t count = split(&req->arena, path, parts);

    out->scope = (struct scope){.account = req->account, .region = req->region};
    if (count == 4 && str_eq(parts[0], "queue"))
        out->scope.region = parts[1];
    else if (count != 2)
        return false;
    if (!is_account(parts[count - 2]))
        return false;
    out->scope.account = parts[count - 2];
    out->name = url_decode(&req->arena, parts[count - 1], strlen(parts[count - 1]), false, NULL);
    return out->name != NULL;
}

bool sqs_is_sent_to_queue(struct request *req)
{
    struct sqs_address unused;

    return read_path(req, req->path, &unused);
}

/* AWS takes the bare name of one of the caller's queues, too. */
static bool is_name(const char *text)
{
    size_t len = strlen(text);

    return len >= 1 && len <= NAME_MAX_LEN &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == len;
}

int sqs_address_of(struct request *req, const char *url, struct sqs_address *out)
{
    const char *path = url ? path_of(url) : req->path;

    if (path && read_path(req, path, out))
        return 0;
    if (url && is_name(url)) {
        *out = (struct sqs_address){.scope = {.account = req->account, .region = req->region},
                                    .name = url};
        return 0;
    }
    if (!url)
        return sqs_fail_missing(req, "QueueUrl");
    if (strstr(url, "://"))
        return sqs_fail_no_queue(req);
    return aws_fail(req, &invalid_address, "The address %.500s is not valid for this endpoint.",
                    url);
}

static void release_later(void *queue)
{
    sqs_queue_release(queue);
}

/* --- who may use a queue --- */

/* AWS: all that other accounts can be let do. */
static const char *const actions_for_others[] = {
    "SendMessage",        "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility",
    "GetQueueAttributes", "GetQueueUrl",    "PurgeQueue",    "ListDeadLetterSourceQueues",
};

static bool is_for_others(const char *action)
{
    for (size_t i = 0; i < ARRAY_LEN(actions_for_others); i++) {
        if (str_eq(actions_for_others[i], action))
            return true;
    }
    return false;
}

/* AWS: batches are named like what they are made of. */
static const char *action_of(struct request *req)
{
    const char *name = model_text(req->service->model, req->operation->name);
    size_t len = strlen(name), batch = strlen("Batch");

    if (len > batch && str_eq(name + len - batch, "Batch"))
        return arena_strndup(&req->arena, name, len - batch);
    return name;
}

/* AWS tells the action in small letters. */
static const char *told_as(struct request *req, const char *action)
{
    char *text = arena_printf(&req->arena, "sqs:%s", action);

    for (char *p = text; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return text;
}

int sqs_check_access(struct request *req, struct sqs_queue *queue, const char **out_denial)
{
    struct iam_resource resource;
    const char *action;

    *out_denial = NULL;
    if (iam_is_trusted(req->app, req->access_key ? req->account : NULL, queue->account))
        return 0;
    action = action_of(req);
    resource = sqs_queue_resource(queue, &req->arena);
    if (!str_eq(req->account, queue->account) && !is_for_others(action))
        resource.policy = NULL;
    return iam_check_use(req, &resource, told_as(req, action), out_denial);
}

int sqs_use(struct request *req, const char *url, struct sqs_queue **out_queue)
{
    const char *denial;

    struct sqs_address address = {0};
    enum store_status rc;

    if (sqs_address_of(req, url, &address))
        return -1;
    rc = sqs_queue_hold(sqs_of(req->app), &address.scope, address.name, out_queue);
    if (rc != STORE_OK)
        return sqs_fail_store(req, rc);
    arena_defer(&req->arena, release_later, *out_queue);
    if (sqs_check_access(req, *out_queue, &denial))
        return -1;
    return denial ? aws_fail(req, &access_denied, "%s", denial) : 0;
}

const char *sqs_url_of(struct request *req, const char *account, const char *name)
{
    const char *host = request_header(req, "host");

    if (!host || !*host)
        host = arena_printf(&req->arena, "127.0.0.1:%u", (unsigned)req->app->port);
    return arena_printf(&req->arena, "http://%s/%s/%s", host, account, name);
}
