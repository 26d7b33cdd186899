/*
 * Which account and region a request belongs to, and the secrets of access keys.
 *
 * A 12-digit access key is the account itself, so that tests separate themselves by nothing but
 * their key. Keys that IAM or STS gave out begin with AKIA or ASIA; only for these the services are
 * asked, so a request with any other key costs no look-up.
 */
#include "server/auth/auth.h"

#include "server/app.h"
#include "server/service.h"

enum { ACCOUNT_LEN = 12 };

/* The secret of the constant keys. AWS gives every key its own; a local server that anyone may use
 * has nothing to protect, and clients must be able to sign without asking first. */
static const char CONSTANT_SECRET[] = "test";

static bool is_account_id(const char *text)
{
    return strlen(text) == ACCOUNT_LEN && strspn(text, "0123456789") == ACCOUNT_LEN;
}

/* AKIA: of a user; ASIA: of a session. */
static bool looks_given_out(const char *access_key)
{
    return str_starts(access_key, "AKIA") || str_starts(access_key, "ASIA");
}

static bool find_given_out(struct app *app, const char *access_key, struct arena *a,
                           struct credential *out)
{
    for (size_t i = 0; i < service_count; i++) {
        const struct service *s = service_registry[i];

        if (s->find_credential && s->find_credential(service_state(app, s), access_key, a, out))
            return true;
    }
    return false;
}

bool auth_find_credential(struct app *app, const char *access_key, struct arena *a,
                          struct credential *out)
{
    bool account = is_account_id(access_key);

    if (account || str_eq(access_key, "test")) {
        *out = (struct credential){.secret = CONSTANT_SECRET};
        if (account)
            memcpy(out->account, access_key, ACCOUNT_LEN + 1);
        return true;
    }
    return looks_given_out(access_key) && find_given_out(app, access_key, a, out);
}

/* Regions become parts of ARNs and keys of stores, so only what can't disturb there is taken as it
 * is. */
static bool is_region(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    return len > 0 && len < sizeof(((struct request *)NULL)->region) && text[len] == '\0';
}

void auth_identify(struct request *req, const struct auth_result *auth, const char *default_account)
{
    struct credential credential = {0};
    const char *key = auth->access_key;
    const char *account = default_account;

    req->access_key = *key ? key : NULL;
    if (is_account_id(key))
        account = key;
    else if (looks_given_out(key) && find_given_out(req->app, key, &req->arena, &credential) &&
             *credential.account)
        account = credential.account;
    assert(strlen(account) == ACCOUNT_LEN);
    memcpy(req->account, account, ACCOUNT_LEN + 1);
    snprintf(req->region, sizeof(req->region), "%s",
             is_region(auth->region) ? auth->region : "us-east-1");
}
