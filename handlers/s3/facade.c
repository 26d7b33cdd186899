/* S3 for other services: see s3.h. */
#include "handlers/s3/configuration.h"
#include "handlers/s3/new_object.h"
#include "handlers/s3/notify.h"
#include "handlers/s3/reader.h"
#include "server/base/clock.h"
#include "server/base/digest.h"
#include "server/base/encode.h"
#include "server/base/io.h"
#include "server/base/log.h"

enum { PIECE = 128 * 1024, LOOKS_MAX = 5 };

enum store_status s3_bucket_exists(struct app *app, const char *account, const char *bucket)
{
    struct s3_bucket found;
    struct arena a;
    enum store_status rc;

    (void)account; /* names are global */
    arena_init(&a);
    rc = s3_bucket_find(s3_of(app)->store, bucket, &a, &found);
    arena_release(&a);
    return rc;
}

enum store_status s3_bucket_place(struct app *app, const char *bucket, struct arena *a,
                                  struct s3_place *out)
{
    struct s3_bucket found;
    enum store_status rc = s3_bucket_find(s3_of(app)->store, bucket, a, &found);

    if (rc == STORE_OK)
        *out = (struct s3_place){.account = found.account, .region = found.region};
    return rc;
}

/* --- writing --- */

static void tell(struct app *app, struct arena *a, const char *name, const char *account,
                 const struct s3_bucket *bucket, const struct s3_object *o)
{
    const struct s3_event event = {
        .name = name,
        .bucket = bucket,
        .key = o->key,
        .size = o->size,
        .etag = o->marker ? NULL : o->etag,
        .version_id = s3_version_of(a, bucket, o),
        .version = o->id,
        .account = account,
    };

    if (s3_bucket_has(bucket, S3_DOC_NOTIFICATION))
        s3_notify(app, &event);
}

static enum store_status describe(struct app *app, struct arena *a, const char *account,
                                  const struct s3_object_in *in, struct s3_bucket *bucket,
                                  struct s3_object *out)
{
    struct s3_encryption encryption;
    enum store_status rc = s3_bucket_find(s3_of(app)->store, in->bucket, a, bucket);

    if (rc)
        return rc;
    if (in->expected_owner && !str_eq(bucket->account, in->expected_owner))
        return STORE_CONFLICT;
    *out = (struct s3_object){
        .bucket = bucket->id,
        .key = in->key,
        .account = account,
        .modified_ms = clock_now_ms(&app->clock),
        .storage_class = in->storage_class ? in->storage_class : "STANDARD",
        .checksum_algorithm = S3_CHECKSUM_CRC64NVME,
        .checksum_type = S3_CHECKSUM_FULL_OBJECT,
    };
    s3_head_add(a, &out->head, "content-type",
                in->content_type ? in->content_type : "binary/octet-stream");
    if (in->content_encoding)
        s3_head_add(a, &out->head, "content-encoding", in->content_encoding);
    rc = s3_bucket_encryption(app, a, bucket, &encryption);
    if (rc)
        return rc;
    if (in->kms_key) {
        encryption.algorithm = "aws:kms";
        encryption.kms_key = in->kms_key;
    }
    s3_head_add_encryption(a, bucket, &encryption, &out->head);
    return STORE_OK;
}

static enum store_status commit(struct app *app, struct arena *a, const char *account,
                                const struct s3_bucket *bucket, const struct s3_object *object,
                                char out_etag[S3_ETAG_MAX])
{
    struct s3_put put = {.object = *object};
    enum store_status rc = s3_object_put(s3_of(app)->store, &put);

    if (rc) {
        if (object->blob)
            s3_blob_drop(s3_of(app)->store, object->blob);
        return rc;
    }
    if (out_etag)
        snprintf(out_etag, S3_ETAG_MAX, "%s", object->etag);
    tell(app, a, "ObjectCreated:Put", account, bucket, &put.object);
    return STORE_OK;
}

static enum store_status put_bytes(struct app *app, struct arena *a, const char *account,
                                   const struct s3_object_in *in, char out_etag[S3_ETAG_MAX])
{
    struct s3_bucket bucket;
    struct s3_object object;
    struct s3_content content;
    char blob[S3_BLOB_ID_MAX];
    enum store_status rc = describe(app, a, account, in, &bucket, &object);

    if (rc)
        return rc;
    s3_content_of(a, in->body, S3_CHECKSUM_CRC64NVME, &content);
    object.size = content.size;
    object.etag = content.md5;
    object.checksum = content.checksum;
    if (content.size > S3_INLINE_MAX) {
        rc = s3_blob_write(s3_of(app)->store, in->body.data, in->body.len, blob);
        object.blob = blob;
    } else if (content.size) {
        object.data = in->body;
    }
    return rc ? rc : commit(app, a, account, &bucket, &object, out_etag);
}

enum store_status s3_put(struct app *app, const char *account, const struct s3_object_in *in,
                         char out_etag[S3_ETAG_MAX])
{
    struct arena a;
    enum store_status rc;

    arena_init(&a);
    rc = put_bytes(app, &a, account, in, out_etag);
    arena_release(&a);
    return rc;
}

/* --- from a file --- */

struct copying {
    int from;
    int to;
    int64_t size;
    struct digest_stream *md5;
    struct s3_hasher *hasher;
};

static bool copy_file(const struct copying *c, uint8_t *piece)
{
    int64_t done = 0;

    while (done < c->size) {
        ssize_t n = pread(c->from, piece, (size_t)MIN(c->size - done, PIECE), done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || !io_write(c->to, piece, (size_t)n, IO_FOREVER)) {
            log_error("cannot copy a file into an object: %s",
                      n == 0 ? "it is shorter than was said" : strerror(errno));
            return false;
        }
        digest_update(c->md5, piece, (size_t)n);
        s3_hasher_update(c->hasher, piece, (size_t)n);
        done += n;
    }
    return true;
}

static enum store_status put_file(struct app *app, struct arena *a, const char *account,
                                  const struct s3_object_in *in, int fd, int64_t size,
                                  char out_etag[S3_ETAG_MAX])
{
    struct copying c = {.from = fd, .size = size};
    struct s3_bucket bucket;
    struct s3_object object;
    char blob[S3_BLOB_ID_MAX], hex[2 * MD5_LEN + 1];
    uint8_t digest[DIGEST_LEN_MAX];
    bool copied;
    enum store_status rc = describe(app, a, account, in, &bucket, &object);

    if (rc)
        return rc;
    c.to = s3_blob_temporary(s3_of(app)->store);
    if (c.to < 0)
        return STORE_FAILED;
    c.md5 = digest_begin(DIGEST_MD5);
    c.hasher = s3_hasher_new(a, S3_CHECKSUM_CRC64NVME);
    copied = copy_file(&c, arena_alloc(a, PIECE));
    digest_end(c.md5, digest);
    hex_encode(digest, MD5_LEN, hex);
    rc = copied ? s3_blob_adopt(s3_of(app)->store, c.to, blob) : STORE_FAILED;
    close(c.to);
    if (rc)
        return rc;
    object.size = size;
    object.blob = blob;
    object.etag = hex;
    object.checksum = s3_hasher_end(c.hasher);
    return commit(app, a, account, &bucket, &object, out_etag);
}

enum store_status s3_put_file(struct app *app, const char *account, const struct s3_object_in *in,
                              int fd, int64_t size, char out_etag[S3_ETAG_MAX])
{
    struct arena a;
    enum store_status rc;

    arena_init(&a);
    rc = put_file(app, &a, account, in, fd, size, out_etag);
    arena_release(&a);
    return rc;
}

enum store_status s3_delete(struct app *app, const char *account, const char *bucket,
                            const char *key)
{
    struct s3_remove remove = {.which.key = key, .account = account};
    struct s3_bucket found;
    struct arena a;
    enum store_status rc;

    arena_init(&a);
    rc = s3_bucket_find(s3_of(app)->store, bucket, &a, &found);
    if (rc == STORE_OK) {
        remove.bucket = found.id;
        remove.now_ms = clock_now_ms(&app->clock);
        rc = s3_object_remove(s3_of(app)->store, &remove);
    }
    if (rc == STORE_OK && (remove.found || remove.marker))
        tell(app, &a, remove.marker ? "ObjectRemoved:DeleteMarkerCreated" : "ObjectRemoved:Delete",
             account, &found,
             &(struct s3_object){.key = key,
                                 .id = remove.version,
                                 .marker = true,
                                 .null_version = remove.null_version});
    arena_release(&a);
    return rc;
}

/* --- reading --- */

struct s3_object_reader {
    struct arena arena;
    struct s3_object object;
    struct s3_reader *reader;
};

static enum store_status open_once(struct s3_store *store, const char *bucket,
                                   const struct s3_which *which, struct s3_object_reader *r)
{
    struct s3_bucket found;
    enum store_status rc =
        s3_object_find_in(store, bucket, which, true, &r->arena, &found, &r->object);

    if (rc)
        return rc;
    if (r->object.marker)
        return STORE_NOT_FOUND;
    if (s3_pairs_find(&r->object.head, S3_HEAD_SSE_C))
        return STORE_CONFLICT;
    return s3_reader_open(store, &r->arena, &r->object, NULL,
                          (struct s3_range){.from = 0, .to = r->object.size}, &r->reader);
}

enum store_status s3_read_open(struct app *app, const char *account, const char *bucket,
                               const char *key, const char *version_id,
                               struct s3_object_reader **out)
{
    struct s3_which which = {.key = key, .by = S3_PRESENT};
    struct s3_object_reader *r;
    enum store_status rc = STORE_NOT_FOUND;

    (void)account;
    if (version_id && !s3_version_read(version_id, &which))
        return STORE_NOT_FOUND;
    r = x_calloc(1, sizeof(*r));
    /* An object that is replaced between the look at its row and the opening of its file is looked
     * for again. */
    for (int i = 0; i < LOOKS_MAX && rc == STORE_NOT_FOUND; i++) {
        arena_init(&r->arena);
        r->reader = NULL;
        rc = open_once(s3_of(app)->store, bucket, &which, r);
        if (rc == STORE_OK) {
            *out = r;
            return rc;
        }
        if (!r->reader)
            i = LOOKS_MAX; /* it is not there */
        arena_release(&r->arena);
    }
    free(r);
    return rc;
}

int64_t s3_read_size(const struct s3_object_reader *r)
{
    return r->object.size;
}

const char *s3_read_etag(const struct s3_object_reader *r)
{
    return r->object.etag;
}

const char *s3_read_content_type(const struct s3_object_reader *r)
{
    return s3_pairs_find(&r->object.head, "content-type");
}

const char *s3_read_content_encoding(const struct s3_object_reader *r)
{
    return s3_pairs_find(&r->object.head, "content-encoding");
}

ssize_t s3_read(struct s3_object_reader *r, void *out, size_t max, int64_t offset)
{
    return s3_reader_read(r->reader, out, max, offset);
}

void s3_read_close(struct s3_object_reader *r)
{
    if (!r)
        return;
    arena_release(&r->arena);
    free(r);
}

enum store_status s3_list(struct app *app, const char *account, const char *bucket,
                          const char *prefix, const char *start_after, size_t max, struct arena *a,
                          struct s3_listing *out)
{
    struct s3_list_query query = {
        .prefix = prefix ? prefix : "",
        .delimiter = "",
        .after = start_after ? start_after : "",
        .max = max,
    };
    struct s3_bucket found;
    struct s3_page page;
    enum store_status rc = s3_bucket_find(s3_of(app)->store, bucket, a, &found);

    (void)account;
    *out = (struct s3_listing){0};
    if (rc)
        return rc;
    query.bucket = found.id;
    rc = s3_object_list(s3_of(app)->store, &query, a, &page);
    if (rc)
        return rc;
    out->items = ARENA_ARRAY(a, struct s3_listed, page.count + 1);
    out->truncated = page.more;
    for (size_t i = 0; i < page.count; i++) {
        const struct s3_object *o = &page.items[i].object;

        out->items[out->count++] = (struct s3_listed){
            .key = o->key, .size = o->size, .etag = o->etag, .modified_ms = o->modified_ms};
    }
    return STORE_OK;
}
