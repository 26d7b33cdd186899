/*
 * Whether the resource policy of a function or a layer lets somebody in. It looks at what
 * AddPermission can write: principals, actions, and the conditions StringEquals, StringLike,
 * ArnLike and ArnEquals on the keys below; a statement with any other condition allows nothing.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
 */
#ifndef CADABRA_LAMBDA_POLICY_H
#define CADABRA_LAMBDA_POLICY_H

#include "server/base/arena.h"

struct policy_question {
    const char *action;         /* "lambda:InvokeFunction" */
    const char *service;        /* principal "s3.amazonaws.com"; NULL: the principal is an account,
                                   or nobody in particular */
    const char *account;        /* of the principal; NULL with a service, or for everybody */
    const char *source_arn;     /* AWS:SourceArn, NULL: none */
    const char *source_account; /* AWS:SourceAccount, NULL: none */
    const char *url_auth_type;  /* lambda:FunctionUrlAuthType, NULL: none */
};

/* `statements`: JSON objects with commas between; NULL allows nothing. */
bool policy_allows(struct arena *a, const char *statements, const struct policy_question *q);

/* Exposed for tests: '*' stands for any characters, '?' for one. */
bool policy_glob(const char *pattern, const char *text);

#endif
