/*
 * Provisioned concurrency: sandboxes of a version that are started before they are needed. One
 * background task, there while any is asked for, compares what is wanted with what is there and
 * starts what is missing; so those that crash are replaced.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
 */
#include "handlers/lambda/provisioned.h"

#include "handlers/common/page_token.h"
#include "handlers/lambda/state.h"
#include "server/aws_error.h"
#include "server/background.h"
#include "server/waitq.h"

enum { CONFIGS_MAX = 1000, LOOK_AGAIN_MS = 1000, LIST_MAX = 50 };

struct provisioner {
    struct lambda *lambda;
    struct waitq *changed;
    pthread_mutex_t lock;
    bool running; /* under lock */
};

/* --- the task --- */

static void provide(struct lambda *l, const struct lambda_provisioned *p, struct arena *a,
                    int stop_fd)
{
    struct scope scope = {.account = p->account, .region = p->region};
    struct lambda_function f;

    if (lambda_lookup(l, scope, p->function, p->qualifier, false, a, &f) != STORE_OK)
        return;
    size_t there = pool_provisioned(l->pool, &f);
    if (there > (size_t)p->wanted)
        pool_unprovision(l->pool, &f, (size_t)p->wanted);
    for (; there < (size_t)p->wanted; there++) {
        if (pool_provision(l->pool, &f, stop_fd) != POOL_RAN)
            return; /* it is tried again, after a while */
    }
}

/* True while there is something to provide. */
static bool provide_all(struct lambda *l, int stop_fd)
{
    const struct lambda_provisioned_filter everybody = {0};
    struct lambda_provisioned *configs;
    struct arena a;
    size_t count = 0;

    arena_init(&a);
    enum store_status rc =
        lambda_store_provisioned_list(l->store, &everybody, CONFIGS_MAX, &a, &configs, &count);
    for (size_t i = 0; !rc && i < count; i++)
        provide(l, &configs[i], &a, stop_fd);
    arena_release(&a);
    return rc || count;
}

static void work(struct background_task *task, void *context)
{
    struct provisioner *p = context;
    bool there = lambda_wait_for_server(p->lambda, task);

    while (there && !background_stopping(task)) {
        uint64_t ticket = waitq_ticket(p->changed);

        there = provide_all(p->lambda, background_stop_fd(task));
        if (there) {
            waitq_wait(p->changed, ticket, LOOK_AGAIN_MS, -1, background_stop_fd(task));
            continue;
        }
        pthread_mutex_lock(&p->lock);
        there = waitq_ticket(p->changed) != ticket;
        p->running = there;
        pthread_mutex_unlock(&p->lock);
    }
}

void provisioned_changed(struct lambda *l)
{
    struct provisioner *p = l->provisioner;

    waitq_wake(p->changed);
    pthread_mutex_lock(&p->lock);
    bool start = !p->running;
    pthread_mutex_unlock(&p->lock);
    if (start)
        provisioner_look(p);
}

void provisioner_look(struct provisioner *p)
{
    const struct lambda_provisioned_filter everybody = {0};
    struct lambda_provisioned *configs;
    struct arena a;
    size_t count = 0;

    arena_init(&a);
    lambda_store_provisioned_list(p->lambda->store, &everybody, 1, &a, &configs, &count);
    arena_release(&a);
    if (!count)
        return;
    pthread_mutex_lock(&p->lock);
    if (!p->running)
        p->running = background_run(p->lambda->app->background, "lambda-provision", work, p);
    pthread_mutex_unlock(&p->lock);
}

struct provisioner *provisioner_new(struct lambda *l)
{
    struct provisioner *p = x_calloc(1, sizeof(*p));

    p->lambda = l;
    p->changed = waitq_new();
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

void provisioner_free(struct provisioner *p)
{
    if (!p)
        return;
    waitq_free(p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

/* --- operations --- */

struct shown {
    int available;
    const char *status;
    const char *modified;
};

static struct shown show(struct request *req, const struct lambda_function *f,
                         const struct lambda_provisioned *p)
{
    size_t there = pool_provisioned(lambda_state(req)->pool, f);
    struct shown s = {.available = (int)MIN(there, (size_t)p->wanted)};
    char time[TIME_TEXT_MAX];

    s.status = s.available == p->wanted ? "READY" : "IN_PROGRESS";
    time_iso8601(p->modified_ms, false, time);
    time[strcspn(time, ".Z")] = 0;
    s.modified = arena_printf(&req->arena, "%s+0000", time);
    return s;
}

/* AWS: the function's version, not $LATEST. */
static int find_target(struct request *req, const char *name, const char *qualifier,
                       struct lambda_function *out)
{
    if (str_eq(qualifier, "$LATEST"))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "The function resource provided must be an alias or a published "
                           "version.");
    if (lambda_resolve(req, name, qualifier, out) < 0)
        return -1;
    out->qualifier = qualifier;
    return 0;
}

/* Fails when an alias and the version that it points to would both have one. */
static int check_overlap(struct request *req, const struct lambda_function *f,
                         const struct lambda_provisioned *configs, size_t count)
{
    bool is_alias = lambda_version_number(f->qualifier) < 0;

    for (size_t i = 0; i < count; i++) {
        struct lambda_function other;

        if (str_eq(configs[i].qualifier, f->qualifier) ||
            lambda_lookup(lambda_state(req), scope_of(req), f->name, configs[i].qualifier, false,
                          &req->arena, &other) != STORE_OK ||
            other.version != f->version)
            continue;
        return lambda_fail(req, &lambda_ResourceConflictException,
                           is_alias ? "Alias can't be used for Provisioned Concurrency "
                                      "configuration on an already Provisioned version"
                                    : "Version is pointed by a Provisioned Concurrency alias");
    }
    return 0;
}

static int check_room(struct request *req, const struct lambda_function *f, int wanted,
                      const struct lambda_provisioned *configs, size_t count)
{
    int others = 0;

    for (size_t i = 0; i < count; i++)
        others += str_eq(configs[i].qualifier, f->qualifier) ? 0 : configs[i].wanted;
    if (f->reserved >= 0 && others + wanted > f->reserved)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Requested Provisioned Concurrency should not be greater than the "
                           "reservedConcurrentExecution for function");
    if (others + wanted > POOL_SANDBOXES_MAX)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Specified ConcurrentExecutions for function is greater than "
                           "account's unreserved concurrency [%d].",
                           POOL_SANDBOXES_MAX);
    return 0;
}

static int list(struct request *req, const struct lambda_function *f, const char *qualifier,
                struct lambda_provisioned **out, size_t *out_count)
{
    const struct scope scope = scope_of(req);
    const struct lambda_provisioned_filter filter = {
        .scope = &scope, .function = f->name, .qualifier = qualifier};

    return lambda_store_provisioned_list(lambda_state(req)->store, &filter, CONFIGS_MAX,
                                         &req->arena, out, out_count) == STORE_OK
               ? 0
               : aws_fail_internal(req);
}

int lambda_provisioned_sum(struct request *req, const struct lambda_function *f, int *out)
{
    struct lambda_provisioned *configs;
    size_t count;

    if (list(req, f, NULL, &configs, &count) < 0)
        return -1;
    *out = 0;
    for (size_t i = 0; i < count; i++)
        *out += configs[i].wanted;
    return 0;
}

int lambda_put_provisioned_concurrency_config(
    struct request *req, const struct lambda_PutProvisionedConcurrencyConfigRequest *in,
    struct lambda_PutProvisionedConcurrencyConfigResponse *out)
{
    struct lambda *l = lambda_state(req);
    struct lambda_provisioned p = {.wanted = in->ProvisionedConcurrentExecutions.value,
                                   .modified_ms = clock_now_ms(&req->app->clock)};
    struct lambda_provisioned *configs;
    struct lambda_function f;
    size_t count;

    if (str_eq(in->Qualifier, "$LATEST"))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Provisioned Concurrency Configs cannot be applied to unpublished "
                           "function versions.");
    if (find_target(req, in->FunctionName, in->Qualifier, &f) < 0 ||
        list(req, &f, NULL, &configs, &count) < 0 || check_overlap(req, &f, configs, count) < 0 ||
        check_room(req, &f, p.wanted, configs, count) < 0)
        return -1;
    p.qualifier = f.qualifier;
    if (lambda_store_provisioned_put(l->store, scope_of(req), f.name, &p) != STORE_OK)
        return aws_fail_internal(req);
    provisioned_changed(l);
    struct shown s = show(req, &f, &p);
    *out = (struct lambda_PutProvisionedConcurrencyConfigResponse){
        .RequestedProvisionedConcurrentExecutions = SOME_INT(p.wanted),
        .AvailableProvisionedConcurrentExecutions = SOME_INT(s.available),
        .AllocatedProvisionedConcurrentExecutions = SOME_INT(s.available),
        .Status = s.status,
        .LastModified = s.modified,
    };
    return 0;
}

static int fail_none(struct request *req)
{
    return lambda_fail(req, &lambda_ProvisionedConcurrencyConfigNotFoundException,
                       "No Provisioned Concurrency Config found for this function");
}

int lambda_get_provisioned_concurrency_config(
    struct request *req, const struct lambda_GetProvisionedConcurrencyConfigRequest *in,
    struct lambda_GetProvisionedConcurrencyConfigResponse *out)
{
    struct lambda_provisioned *configs;
    struct lambda_function f;
    size_t count;

    if (find_target(req, in->FunctionName, in->Qualifier, &f) < 0 ||
        list(req, &f, f.qualifier, &configs, &count) < 0)
        return -1;
    if (!count)
        return fail_none(req);
    struct shown s = show(req, &f, &configs[0]);
    *out = (struct lambda_GetProvisionedConcurrencyConfigResponse){
        .RequestedProvisionedConcurrentExecutions = SOME_INT(configs[0].wanted),
        .AvailableProvisionedConcurrentExecutions = SOME_INT(s.available),
        .AllocatedProvisionedConcurrentExecutions = SOME_INT(s.available),
        .Status = s.status,
        .LastModified = s.modified,
    };
    return 0;
}

int lambda_delete_provisioned_concurrency_config(
    struct request *req, const struct lambda_DeleteProvisionedConcurrencyConfigRequest *in,
    struct lambda_DeleteProvisionedConcurrencyConfigOutput *out)
{
    struct lambda *l = lambda_state(req);
    struct lambda_function f;

    (void)out;
    if (find_target(req, in->FunctionName, in->Qualifier, &f) < 0)
        return -1;
    enum store_status rc =
        lambda_store_provisioned_remove(l->store, scope_of(req), f.name, f.qualifier);
    if (rc == STORE_NOT_FOUND)
        return fail_none(req);
    if (rc)
        return aws_fail_internal(req);
    pool_unprovision(l->pool, &f, 0);
    return 0;
}

int lambda_list_provisioned_concurrency_configs(
    struct request *req, const struct lambda_ListProvisionedConcurrencyConfigsRequest *in,
    struct lambda_ListProvisionedConcurrencyConfigsResponse *out)
{
    struct arena *a = &req->arena;
    size_t max = (size_t)MIN(VALUE_OR(in->MaxItems, LIST_MAX), LIST_MAX);
    struct lambda_ProvisionedConcurrencyConfigList *shown = &out->ProvisionedConcurrencyConfigs;
    struct lambda_provisioned *configs;
    struct lambda_function f;
    const char *after = "";
    size_t count;

    if (lambda_resolve_latest(req, in->FunctionName, &f) < 0 ||
        list(req, &f, NULL, &configs, &count) < 0)
        return -1;
    const char *kind = arena_printf(a, "ListProvisionedConcurrencyConfigs %s", f.name);
    if (in->Marker && !(after = page_token_read(a, kind, in->Marker)))
        return lambda_fail(req, &lambda_InvalidParameterValueException, "Invalid marker");
    shown->items = ARENA_ARRAY(a, struct lambda_ProvisionedConcurrencyConfigListItem, max);
    for (size_t i = 0; i < count; i++) {
        struct lambda_function version = f;

        if (strcmp(configs[i].qualifier, after) <= 0)
            continue;
        if (shown->count == max) {
            out->NextMarker = page_token_make(a, kind, configs[i - 1].qualifier);
            break;
        }
        lambda_lookup(lambda_state(req), scope_of(req), f.name, configs[i].qualifier, false, a,
                      &version);
        struct shown s = show(req, &version, &configs[i]);
        shown->items[shown->count++] = (struct lambda_ProvisionedConcurrencyConfigListItem){
            .FunctionArn = lambda_qualified_arn(a, &f, configs[i].qualifier),
            .RequestedProvisionedConcurrentExecutions = SOME_INT(configs[i].wanted),
            .AvailableProvisionedConcurrentExecutions = SOME_INT(s.available),
            .AllocatedProvisionedConcurrentExecutions = SOME_INT(s.available),
            .Status = s.status,
            .LastModified = s.modified,
        };
    }
    return 0;
}
