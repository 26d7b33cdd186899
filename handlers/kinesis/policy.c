/*
 * Resource policies of streams and consumers: kept and given back. Nobody is let in or kept out by
 * them, as no other caller is checked either.
 */
#include "handlers/common/policy.h"

#include "handlers/kinesis/operations.h"

static int check_policy(struct request *req, const char *text)
{
    const char *problem = NULL;
    const struct policy *p = policy_parse(&req->arena, text, strlen(text), &problem);

    if (!p)
        return aws_fail(req, &kinesis_InvalidArgumentException, "Policy is invalid: %s", problem);
    for (size_t i = 0; i < p->statement_count; i++) {
        if (!p->statements[i].principal_count)
            return aws_fail(req, &kinesis_InvalidArgumentException,
                            "Policy is invalid: Missing required field Principal");
    }
    return 0;
}

static int not_found(struct request *req, const char *arn)
{
    return aws_fail(req, &kinesis_ResourceNotFoundException,
                    "No resource policy found for resource ARN %s.", arn);
}

/* *out_policy is NULL when there is none. */
static int read_policy(struct request *req, const struct kinesis_target *target,
                       const char **out_policy)
{
    enum store_status rc = kinesis_store_policy(kinesis_of(req->app)->store, target->resource,
                                                &req->arena, out_policy);

    if (rc == STORE_NOT_FOUND)
        return kinesis_fail_gone(req, target->hold);
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

static int write_policy(struct request *req, const struct kinesis_target *target,
                        const char *policy)
{
    enum store_status rc =
        kinesis_store_set_policy(kinesis_of(req->app)->store, target->resource, policy);

    if (rc == STORE_NOT_FOUND)
        return kinesis_fail_gone(req, target->hold);
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

int kinesis_put_resource_policy(struct request *req,
                                const struct kinesis_PutResourcePolicyInput *in,
                                struct kinesis_PutResourcePolicyOutput *out)
{
    struct kinesis_target target;

    (void)out;
    if (kinesis_use_target(req, in->ResourceARN, in->StreamId, &target) ||
        check_policy(req, in->Policy))
        return -1;
    return write_policy(req, &target, in->Policy);
}

int kinesis_get_resource_policy(struct request *req,
                                const struct kinesis_GetResourcePolicyInput *in,
                                struct kinesis_GetResourcePolicyOutput *out)
{
    struct kinesis_target target;
    const char *policy = NULL;

    if (kinesis_use_target(req, in->ResourceARN, in->StreamId, &target) ||
        read_policy(req, &target, &policy))
        return -1;
    out->Policy = policy ? policy : "{}"; /* AWS: not an error, unlike deleting what is not there */
    return 0;
}

int kinesis_delete_resource_policy(struct request *req,
                                   const struct kinesis_DeleteResourcePolicyInput *in,
                                   struct kinesis_DeleteResourcePolicyOutput *out)
{
    struct kinesis_target target;
    const char *policy = NULL;

    (void)out;
    if (kinesis_use_target(req, in->ResourceARN, in->StreamId, &target) ||
        read_policy(req, &target, &policy))
        return -1;
    if (!policy)
        return not_found(req, in->ResourceARN);
    return write_policy(req, &target, NULL);
}
