/*
 * Login profiles: that a user may sign in to the console. There is none here, so of the password
 * nothing is kept. It is checked by the account's policy for passwords, or as AWS does where there
 * is none. What the policy says of age and reuse cannot be checked: that takes earlier passwords.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
 */
#include "handlers/iam/iam_parts.h"
#include "server/base/clock.h"

#include <ctype.h>

enum { DEFAULT_MIN = 8, CLASSES_MIN = 3 };

static int fail_no_profile(struct request *req, const char *user)
{
    return aws_fail(req, &iam_NoSuchEntityException, "Login Profile for User %s cannot be found.",
                    user);
}

/* The classes of characters that a password has. */
struct classes {
    bool upper;
    bool lower;
    bool digit;
    bool symbol;
};

static struct classes classes_of(const char *password)
{
    struct classes has = {0};

    for (const char *p = password; *p; p++) {
        has.upper = has.upper || isupper((unsigned char)*p);
        has.lower = has.lower || islower((unsigned char)*p);
        has.digit = has.digit || isdigit((unsigned char)*p);
        has.symbol = has.symbol || strchr("!@#$%^&*()_+-=[]{}|'", *p);
    }
    return has;
}

static bool follows_default(size_t len, struct classes has)
{
    return len >= DEFAULT_MIN && has.upper + has.lower + has.digit + has.symbol >= CLASSES_MIN;
}

static bool follows(const struct iam_PasswordPolicy *policy, size_t len, struct classes has)
{
    return len >= (size_t)VALUE_OR(policy->MinimumPasswordLength, 0) &&
           (has.upper || !VALUE_OR(policy->RequireUppercaseCharacters, false)) &&
           (has.lower || !VALUE_OR(policy->RequireLowercaseCharacters, false)) &&
           (has.digit || !VALUE_OR(policy->RequireNumbers, false)) &&
           (has.symbol || !VALUE_OR(policy->RequireSymbols, false));
}

static int check_password(struct request *req, const char *password)
{
    struct classes has = classes_of(password);
    size_t len = strlen(password);
    struct iam_PasswordPolicy policy = {0};
    enum store_status status = iam_find_password_policy(req, &policy);
    bool good = status ? follows_default(len, has) : follows(&policy, len, has);

    if (status && status != STORE_NOT_FOUND)
        return aws_fail_internal(req);
    if (!good)
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
