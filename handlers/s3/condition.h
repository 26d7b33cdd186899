/*
 * The condition keys of S3 in a request, for its policies.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
 */
#ifndef CADABRA_S3_CONDITION_H
#define CADABRA_S3_CONDITION_H

#include "handlers/common/policy.h"
#include "handlers/s3/target.h"

struct s3_conditions {
    struct request *req;
    const struct s3_target *target;
    const struct policy_caller *caller;
    const char *user_name; /* NULL: not a user */
    const char *user_id;   /* NULL: unsigned */
    const char *prefix; /* s3:prefix of a listing that is only asked about; NULL: the request's */
};

/* struct policy_question's find; context is a struct s3_conditions. */
bool s3_condition_find(void *context, const char *key, struct policy_values *out);

#endif
