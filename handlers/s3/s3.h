/*
 * Amazon S3, as the server and other services see it.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html
 */
#ifndef CADABRA_S3_H
#define CADABRA_S3_H

#include "server/app.h"
#include "server/base/arena.h"
#include "storage/store.h"

extern const struct service s3_service;

/*
 * For other services. All are thread-safe, may be called from background tasks, and copy what they
 * keep. No permission is checked: the caller answers for that. Bucket names are global; `account`
 * is the caller's, and owns what is written.
 */

struct s3_place {
    const char *account; /* who owns the bucket */
    const char *region;
};

/* STORE_OK or STORE_NOT_FOUND. */
enum store_status s3_bucket_place(struct app *app, const char *bucket, struct arena *a,
                                  struct s3_place *out);
/* STORE_OK or STORE_NOT_FOUND. */
enum store_status s3_bucket_exists(struct app *app, const char *account, const char *bucket);

struct s3_object_in {
    const char *bucket;
    const char *key;
    struct bytes body;
    const char *content_type;     /* NULL: binary/octet-stream */
    const char *content_encoding; /* NULL: none */
    const char *kms_key;          /* encrypted with that key of KMS; NULL: as the bucket says */
    const char *storage_class;    /* NULL: STANDARD */
    const char *expected_owner;   /* STORE_CONFLICT for the bucket of another account; NULL: any */
};

enum { S3_ETAG_MAX = 48 };

/* For bodies up to some tens of MB; sends the bucket's notifications. STORE_NOT_FOUND: no such
 * bucket. out_etag without quotes; NULL is allowed. */
enum store_status s3_put(struct app *app, const char *account, const struct s3_object_in *in,
                         char out_etag[S3_ETAG_MAX]);
/* The same, with the first `size` bytes of a file as body (in->body is ignored). */
enum store_status s3_put_file(struct app *app, const char *account, const struct s3_object_in *in,
                              int fd, int64_t size, char out_etag[S3_ETAG_MAX]);

/* Removes the present object, as DELETE without a version does. */
enum store_status s3_delete(struct app *app, const char *account, const char *bucket,
                            const char *key);

/* An object that is being read: its bytes stay the same whatever is written meanwhile. One thread
 * at a time. */
struct s3_object_reader;

/* version_id NULL: the present object. STORE_NOT_FOUND: no such bucket, object or version, or it is
 * a delete marker; STORE_CONFLICT: encrypted with a customer's key. */
enum store_status s3_read_open(struct app *app, const char *account, const char *bucket,
                               const char *key, const char *version_id,
                               struct s3_object_reader **out);
int64_t s3_read_size(const struct s3_object_reader *r);
const char *s3_read_etag(const struct s3_object_reader *r);         /* without quotes */
const char *s3_read_content_type(const struct s3_object_reader *r); /* NULL where none was given */
const char *s3_read_content_encoding(const struct s3_object_reader *r);
/* Bytes read, 0 behind the end, -1 on a failure, after logging it. */
ssize_t s3_read(struct s3_object_reader *r, void *out, size_t max, int64_t offset);
void s3_read_close(struct s3_object_reader *r);

struct s3_listed {
    const char *key;
    int64_t size;
    const char *etag; /* without quotes */
    int64_t modified_ms;
};

struct s3_listing {
    struct s3_listed *items;
    size_t count;
    bool truncated; /* there is more: go on with the last key as start_after */
};

/* Present objects whose keys begin with prefix ("" or NULL: all) and lie behind start_after (NULL:
 * from the first), by key. */
enum store_status s3_list(struct app *app, const char *account, const char *bucket,
                          const char *prefix, const char *start_after, size_t max, struct arena *a,
                          struct s3_listing *out);

#endif
