/*
 * Whether the resource policy of a function or a layer lets somebody in.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
 */
#ifndef CADABRA_LAMBDA_ACCESS_H
#define CADABRA_LAMBDA_ACCESS_H

#include "server/base/arena.h"

struct access_question {
    const char *action;         /* "lambda:InvokeFunction" */
    const char *resource;       /* the ARN, with its qualifier */
    const char *service;        /* principal "s3.amazonaws.com"; NULL: it is an account, or nobody
                                   in particular */
    const char *account;        /* of the principal; NULL with a service, or for anybody */
    const char *source_arn;     /* AWS:SourceArn, NULL: none */
    const char *source_account; /* AWS:SourceAccount, NULL: none */
    const char *url_auth_type;  /* lambda:FunctionUrlAuthType, NULL: none */
};

/* `statements`: JSON objects with commas between, as the store keeps them; NULL allows nothing. */
bool access_allows(struct arena *a, const char *statements, const struct access_question *q);

#endif
