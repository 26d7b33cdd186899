#include "handlers/s3/access.h"

int s3_authorize(struct request *req, const struct s3_target *target, const char *action)
{
    (void)req, (void)target, (void)action;
    return 0;
}
