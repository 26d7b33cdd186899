/*
 * IAM for the rest of the program: the service itself, who a request's sender is, and what STS
 * needs to hand out sessions of roles.
 */
#ifndef CADABRA_IAM_H
#define CADABRA_IAM_H

#include "handlers/common/policy.h"
#include "server/app.h"
#include "server/service.h"
#include "storage/iam_store.h"

extern const struct service iam_service;

struct iam_store *iam_store_of(struct app *app);

enum iam_caller_kind { IAM_CALLER_ROOT, IAM_CALLER_USER, IAM_CALLER_SESSION };

struct iam_caller {
    enum iam_caller_kind kind;
    const char *arn;
    const char *id;        /* of the account, AIDA..., AROA...:session */
    const char *user_name; /* of a user, and of a session that acts as one; else NULL */
    /* Of a session: what it may do at most (struct iam_session); NULL: not limited so. */
    const char *policy;
    const char *policy_arns;
};

/* Who sends the request, by its access key. A key that nobody gave out speaks for the account's
 * root. In the request's arena. 0, or -1 after aws_fail_internal(). */
int iam_caller_of(struct request *req, struct iam_caller *out);

/* What the policies of the request's sender say: POLICY_ALLOW for the root of an account, and for
 * others what their own and their attached policies say, within their boundary and what their
 * session was given. 0, or -1 after
 * aws_fail_internal(). */
int iam_identity_verdict(struct request *req, const struct policy_question *question,
                         enum policy_verdict *out);

/* --- what has a policy of its own: resource.c --- */

struct iam_resource {
    const char *account; /* whose it is */
    const char *arn;
    const char *policy; /* NULL: none */
};

/* A service that acts by itself: S3 that tells a queue what happened, SNS that delivers. */
struct iam_service {
    const char *principal;  /* "sns.amazonaws.com" */
    const char *source_arn; /* for what */
    const char *source_account;
};

/* Whether the account may use what the owner has without anybody asking a policy: its own, unless
 * --auth=enforce says otherwise. account NULL: nobody signed. */
bool iam_is_trusted(struct app *app, const char *account, const char *owner);
/* Whether the service may do `action` ("SQS:SendMessage") with the resource. */
bool iam_service_may_use(struct app *app, const struct iam_service *by,
                         const struct iam_resource *resource, const char *action);
/* The same for the request's sender. *out_denial is NULL, or AWS's sentence: "User: ... is not
 * authorized to perform: ...". 0, or -1 after aws_fail_internal(). */
int iam_check_use(struct request *req, const struct iam_resource *resource, const char *action,
                  const char **out_denial);

/* arn:aws:iam::123456789012:role/path/name -> its account and name, in the arena; false when it is
 * no such ARN. */
bool iam_split_role_arn(struct arena *a, const char *arn, const char **out_account,
                        const char **out_name);

/* NULL when the text is a policy without principals, else AWS's words for what is wrong. */
const char *iam_session_policy_problem(struct arena *a, const char *policy);

/* An id (AROA...) that is always the same for the same text: of roles that nobody made. */
const char *iam_id_of(struct arena *a, const char *prefix, const char *text);

enum { IAM_ACCESS_KEY_LEN = 20, IAM_SECRET_LEN = 40 };

/* A new access key id: prefix (AKIA, ASIA), then 16 characters that hold the account as those of
 * AWS do. */
void iam_new_access_key(const char *prefix, const char *account, char out[IAM_ACCESS_KEY_LEN + 1]);
void iam_new_secret(char out[IAM_SECRET_LEN + 1]);
/* The account that such a key id holds, 12 digits; false when it is no key id of that form. */
bool iam_account_in_access_key(const char *access_key, char out[13]);

#endif
