#include "handlers/s3/configuration.h"

int s3_new_bucket_documents(struct request *req, const struct s3_CreateBucketRequest *in,
                            struct s3_document_in *out, size_t *out_count)
{
    (void)req, (void)in, (void)out;
    *out_count = 0;
    return 0;
}

enum store_status s3_bucket_encryption(struct app *app, struct arena *a,
                                       const struct s3_bucket *bucket, struct s3_encryption *out)
{
    (void)app, (void)a, (void)bucket;
    *out = (struct s3_encryption){.algorithm = "AES256"};
    return STORE_OK;
}

const char *s3_expiration(struct request *req, const struct s3_bucket *bucket,
                          const struct s3_object *object)
{
    (void)req, (void)bucket, (void)object;
    return NULL;
}
