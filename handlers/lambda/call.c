/*
 * How other services run functions: lambda.h. The same ways as Invoke's, less its request.
 */
#include "handlers/lambda/lambda.h"

#include "handlers/common/arn.h"
#include "handlers/lambda/access.h"
#include "handlers/lambda/async.h"
#include "handlers/lambda/name.h"
#include "handlers/lambda/state.h"
#include "server/base/digest.h"

enum { LOOKUPS_MAX = 10 }; /* of a function that is being changed all the time */

static bool is_allowed(struct lambda *l, const struct lambda_function *f,
                       const struct lambda_caller *caller, struct arena *a, bool *out_failed)
{
    struct scope scope = {.account = f->account, .region = f->region};
    struct access_question q = {.action = "lambda:InvokeFunction",
                                .resource = lambda_qualified_arn(a, f, f->qualifier),
                                .service = caller->principal,
                                .source_arn = caller->source_arn,
                                .source_account = caller->source_account};
    const char *statements;
    struct arn source;

    if (!q.source_account && q.source_arn && arn_parse(a, q.source_arn, &source))
        q.source_account = source.account;
    const char *holder = lambda_policy_holder(a, f->name, f->qualifier);
    *out_failed = lambda_store_permissions(l->store, scope, holder, a, &statements) != STORE_OK;
    return !*out_failed && access_allows(a, statements, &q);
}

static enum lambda_check find(struct lambda *l, const char *function_arn,
                              const struct lambda_caller *caller, struct arena *a,
                              struct lambda_function *out)
{
    struct function_name name;
    bool failed;

    if (!function_name_parse(a, function_arn, &name) || !name.account || !name.region)
        return LAMBDA_NO_FUNCTION;
    struct scope scope = {.account = name.account, .region = name.region};
    enum store_status rc = lambda_lookup(l, scope, name.name, name.qualifier, true, a, out);
    if (rc)
        return rc == STORE_NOT_FOUND ? LAMBDA_NO_FUNCTION : LAMBDA_FAILED;
    if (!caller || is_allowed(l, out, caller, a, &failed))
        return LAMBDA_OK;
    return failed ? LAMBDA_FAILED : LAMBDA_NOT_ALLOWED;
}

enum lambda_check lambda_check(struct app *app, const char *function_arn,
                               const struct lambda_caller *caller)
{
    struct lambda_function f;
    struct arena a;

    arena_init(&a);
    enum lambda_check check = find(lambda_of(app), function_arn, caller, &a, &f);
    arena_release(&a);
    return check;
}

enum lambda_check lambda_invoke_event(struct app *app, const char *function_arn,
                                      const struct lambda_caller *caller, struct bytes payload)
{
    struct lambda *l = lambda_of(app);
    int64_t now = clock_now_ms(&app->clock);
    struct lambda_function f;
    char request_id[37];
    struct arena a;

    arena_init(&a);
    enum lambda_check check = find(l, function_arn, caller, &a, &f);
    if (check == LAMBDA_OK) {
        uuid_v4(request_id);
        const struct lambda_event event = {
            .account = f.account,
            .region = f.region,
            .function = f.name,
            .arn = function_arn,
            .request_id = request_id,
            .payload = payload,
            .accepted_ms = now,
            .due_ms = now,
        };
        if (async_put(l->async, &event) != STORE_OK)
            check = LAMBDA_FAILED;
    }
    arena_release(&a);
    return check;
}

static void describe(const struct invocation *in, enum pool_status status, struct arena *a,
                     struct lambda_outcome *out)
{
    *out = (struct lambda_outcome){.ran = status == POOL_RAN && !in->stopped, .status = 200};
    if (status == POOL_THROTTLED || status == POOL_RESERVED)
        out->status = 429;
    else if (!out->ran)
        out->status = 500;
    if (!out->ran)
        return;
    out->function_error = in->function_error ? "Unhandled" : NULL;
    out->payload.data =
        arena_memdup(a, in->response.data ? in->response.data : "", in->response.len);
    out->payload.len = in->response.len;
}

enum lambda_check lambda_invoke_wait(struct app *app, const char *function_arn,
                                     const struct lambda_caller *caller, struct bytes payload,
                                     struct arena *a, struct lambda_outcome *out)
{
    struct lambda *l = lambda_of(app);
    struct invocation *in = ARENA_NEW(a, struct invocation);
    enum pool_status status = POOL_OUTDATED;
    enum lambda_check check = LAMBDA_OK;
    struct lambda_function f;
    char request_id[37];

    uuid_v4(request_id);
    *in = (struct invocation){.request_id = request_id,
                              .payload = payload,
                              .function_arn = function_arn,
                              .stop_fd = app->stop_fd};
    for (int i = 0; i < LOOKUPS_MAX && status == POOL_OUTDATED && check == LAMBDA_OK; i++) {
        check = find(l, function_arn, caller, a, &f);
        if (check == LAMBDA_OK)
            status = lambda_run(l, &f, in);
    }
    if (check == LAMBDA_OK)
        describe(in, status, a, out);
    strbuf_release(&in->response);
    return check;
}
