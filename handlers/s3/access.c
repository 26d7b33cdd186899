#include "handlers/s3/access.h"

int s3_authorize(struct request *req, const struct s3_target *target, const char *action)
{
    (void)req, (void)target, (void)action;
    return 0;
}

int s3_new_object_acl(struct request *req, const struct s3_target *target, const char **out_acl)
{
    (void)req, (void)target;
    *out_acl = NULL;
    return 0;
}
