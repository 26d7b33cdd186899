#include "handlers/s3/notify.h"

#include "handlers/s3/target.h"

void s3_notify(struct app *app, const struct s3_event *event)
{
    (void)app, (void)event;
}

void s3_notify_of(struct request *req, const char *name, const struct s3_bucket *bucket,
                  const struct s3_object *object)
{
    struct s3_event event = {
        .name = name,
        .bucket = bucket,
        .key = object->key,
        .size = object->size,
        .etag = object->marker ? NULL : object->etag,
        .version = object->id,
        .account = req->account,
        .request_id = req->request_id,
        .id_2 = req->id_2,
    };

    if (!s3_bucket_has(bucket, S3_DOC_NOTIFICATION))
        return;
    event.version_id = s3_version_of(&req->arena, bucket, object);
    s3_notify(req->app, &event);
}
