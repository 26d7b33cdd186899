/*
 * Login profiles: that a user may sign in to the console. There is none here, so of the password
 * nothing is kept; it is checked as AWS does where an account has no policy for passwords.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
 */
#include "handlers/iam/iam_parts.h"
#include "server/base/clock.h"

#include <ctype.h>

enum { PASSWORD_MIN = 8, CLASSES_MIN = 3 };

static int fail_no_profile(struct request *req, const char *user)
{
    return aws_fail(req, &iam_NoSuchEntityException, "Login Profile for User %s cannot be found.",
                    user);
}

static int check_password(struct request *req, const char *password)
{
    bool upper = false;
    bool lower = false;
    bool digit = false;
    bool symbol = false;

    for (const char *p = password; *p; p++) {
        upper = upper || isupper((unsigned char)*p);
        lower = lower || islower((unsigned char)*p);
        digit = digit || isdigit((unsigned char)*p);
        symbol = symbol || strchr("!@#$%^&*()_+-=[]{}|'", *p);
    }
    if (strlen(password) < PASSWORD_MIN || upper + lower + digit + symbol < CLASSES_MIN)
        return aws_fail(req, &iam_PasswordPolicyViolationException,
                        "Password does not conform to the account password policy.");
    return 0;
}

/* --- changing --- */

struct change {
    enum { CREATE, UPDATE, DELETE } what;
    int64_t now_ms;
    struct maybe_bool reset;
};

static bool change_profile(struct iam_entity *user, void *context)
{
    const struct change *c = context;

    if ((c->what == CREATE) == (user->login_ms > 0))
        return false;
    if (c->what == CREATE)
        user->login_ms = c->now_ms;
    if (c->what == DELETE)
        user->login_ms = 0;
    user->login_reset = VALUE_OR(c->reset, c->what == UPDATE && user->login_reset);
    return true;
}

static int change(struct request *req, const char *user, struct change *c)
{
    enum store_status status = iam_entity_change(iam_store_of(req->app), req->account, IAM_USER,
                                                 user, change_profile, c, &req->arena);

    if (status == STORE_CONFLICT && c->what == CREATE)
        return aws_fail(req, &iam_EntityAlreadyExistsException,
                        "Login Profile for User %s already exists.", user);
    if (status == STORE_CONFLICT)
        return fail_no_profile(req, user);
    return status ? iam_fail_entity(req, status, IAM_USER, user) : 0;
}

/* --- the operations --- */

int iam_create_login_profile(struct request *req, const struct iam_CreateLoginProfileRequest *in,
                             struct iam_CreateLoginProfileResponse *out)
{
    struct change c = {
        .what = CREATE,
        .now_ms = clock_now_ms(&req->app->clock),
        .reset = SOME_BOOL(VALUE_OR(in->PasswordResetRequired, false)),
    };
    const char *user = iam_user_or_caller(req, in->UserName);

    if (!user)
        return -1;
    if (!in->Password)
        return aws_fail(req, &aws_ValidationError, "Password must be specified.");
    if (check_password(req, in->Password) || change(req, user, &c))
        return -1;
    out->LoginProfile = ARENA_NEW(&req->arena, struct iam_LoginProfile);
    out->LoginProfile->UserName = user;
    out->LoginProfile->CreateDate = SOME_TIME(c.now_ms);
    out->LoginProfile->PasswordResetRequired = c.reset;
    return 0;
}

int iam_get_login_profile(struct request *req, const struct iam_GetLoginProfileRequest *in,
                          struct iam_GetLoginProfileResponse *out)
{
    const char *name = iam_user_or_caller(req, in->UserName);
    struct iam_entity user;
    enum store_status status;

    if (!name)
        return -1;
    status =
        iam_entity_find(iam_store_of(req->app), req->account, IAM_USER, name, &req->arena, &user);
    if (status)
        return iam_fail_entity(req, status, IAM_USER, name);
    if (!user.login_ms)
        return fail_no_profile(req, name);
    out->LoginProfile = ARENA_NEW(&req->arena, struct iam_LoginProfile);
    out->LoginProfile->UserName = name;
    out->LoginProfile->CreateDate = SOME_TIME(user.login_ms);
    out->LoginProfile->PasswordResetRequired = SOME_BOOL(user.login_reset);
    return 0;
}

int iam_update_login_profile(struct request *req, const struct iam_UpdateLoginProfileRequest *in,
                             struct iam_UpdateLoginProfileOutput *out)
{
    struct change c = {.what = UPDATE, .reset = in->PasswordResetRequired};

    (void)out;
    if (in->Password && check_password(req, in->Password))
        return -1;
    return change(req, in->UserName, &c);
}

int iam_delete_login_profile(struct request *req, const struct iam_DeleteLoginProfileRequest *in,
                             struct iam_DeleteLoginProfileOutput *out)
{
    struct change c = {.what = DELETE};
    const char *user = iam_user_or_caller(req, in->UserName);

    (void)out;
    return user ? change(req, user, &c) : -1;
}
