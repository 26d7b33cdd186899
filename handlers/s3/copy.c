#include "handlers/s3/copy.h"

#include "server/base/clock.h"
#include "server/base/digest.h"
#include "server/base/encode.h"
#include "server/base/io.h"
#include "server/base/log.h"

enum { PIECE = 256 * 1024 };

/* --- the source --- */

static int fail_source(struct request *req, const char *text)
{
    return s3_fail_argument(req, "x-amz-copy-source", "x-amz-copy-source", text);
}

/* [/]bucket/key[?versionId=id], percent-encoded. */
static int parse_source(struct request *req, const char *text, const char **bucket,
                        const char **key, const char **version)
{
    static const char mark[] = "?versionId=";
    const char *question = strstr(text, mark);
    const char *begin = text + (*text == '/');
    size_t len = question ? (size_t)(question - begin) : strlen(begin);
    /* AWS: a plus sign is a blank here, as forms have it. */
    const char *name = url_decode(&req->arena, begin, len, true, NULL);
    const char *slash = name ? strchr(name, '/') : NULL;

    if (!slash || slash == name)
        return fail_source(req, "Invalid copy source object key");
    if (!slash[1])
        return fail_source(req, "Copy Source must mention the source bucket and key: "
                                "sourcebucket/sourcekey");
    *bucket = arena_strndup(&req->arena, name, (size_t)(slash - name));
    *key = slash + 1;
    *version = question ? question + strlen(mark) : NULL;
    return 0;
}

static bool read_time(struct request *req, const char *header, int64_t *out_s)
{
    const char *text = request_header(req, header);
    int64_t ms;

    if (!text || (!time_parse_http(text, &ms) && !time_parse_iso8601(text, &ms)))
        return false;
    *out_s = ms / 1000;
    return true;
}

/* AWS: a match that holds outweighs a time, as for reads; what does not hold is always 412. */
static int check_conditions(struct request *req, const struct s3_object *o)
{
    const char *match = request_header(req, "x-amz-copy-source-if-match");
    const char *none_match = request_header(req, "x-amz-copy-source-if-none-match");
    int64_t modified_s = o->modified_ms / 1000, s;

    if (match) {
        if (!str_eq(match, "*") && !str_eq(s3_etag_bare(&req->arena, match), o->etag))
            return s3_fail_precondition(req, "x-amz-copy-source-If-Match");
    } else if (read_time(req, "x-amz-copy-source-if-unmodified-since", &s) && modified_s > s) {
        return s3_fail_precondition(req, "x-amz-copy-source-If-Unmodified-Since");
    }
    if (none_match) {
        if (str_eq(none_match, "*") || str_eq(s3_etag_bare(&req->arena, none_match), o->etag))
            return s3_fail_precondition(req, "x-amz-copy-source-If-None-Match");
    } else if (read_time(req, "x-amz-copy-source-if-modified-since", &s) && modified_s <= s &&
               s <= clock_now_ms(&req->app->clock) / 1000) { /* AWS: no time to come */
        return s3_fail_precondition(req, "x-amz-copy-source-If-Modified-Since");
    }
    return 0;
}

static int check_archived(struct request *req, const struct s3_object *o)
{
    if ((!str_eq(o->storage_class, "GLACIER") && !str_eq(o->storage_class, "DEEP_ARCHIVE")) ||
        o->restore_until_ms > clock_now_ms(&req->app->clock))
        return 0;
    return aws_fail(req, &s3_ObjectNotInActiveTierError,
                    "The source object of the COPY action is not in the active tier and is only "
                    "stored in Amazon S3 Glacier.");
}

int s3_source_read(struct request *req, const char *copy_source, const char *expected_owner,
                   struct s3_source *out)
{
    const char *bucket = NULL, *key = NULL, *version = NULL;

    if (parse_source(req, copy_source, &bucket, &key, &version) ||
        s3_use_object_or_none(req, bucket, key, version, expected_owner,
                              version ? "s3:GetObjectVersion" : "s3:GetObject", true, &out->target))
        return -1;
    if (out->target.object && out->target.object->marker && version)
        return aws_fail(req, &s3_InvalidRequest,
                        "The source of a copy request may not specifically refer to a delete "
                        "marker by version id.");
    if (!out->target.object || out->target.object->marker)
        return s3_fail_no_object(req, &out->target);
    if (s3_customer_key_read(req, true, &out->key) ||
        s3_customer_key_check(req, &out->key, &out->target.object->head) ||
        check_conditions(req, out->target.object))
        return -1;
    return check_archived(req, out->target.object);
}

/* --- the bytes --- */

struct copying {
    struct s3_reader *reader;
    struct s3_cipher *cipher; /* NULL: not encrypted */
    struct digest_stream *md5;
    struct s3_hasher *hasher;
    int fd;
    int64_t size;
};

static void close_file(void *context)
{
    close(*(int *)context);
}

static bool write_copy(int fd, const uint8_t *data, size_t len)
{
    if (io_write(fd, data, len, IO_FOREVER))
        return true;
    log_error("cannot write the copy of an object: %m");
    return false;
}

static bool copy_all(const struct copying *c, uint8_t *piece)
{
    for (int64_t done = 0; done < c->size;) {
        ssize_t n = s3_reader_read(c->reader, piece, PIECE, done);

        if (n <= 0)
            return false;
        digest_update(c->md5, piece, (size_t)n);
        s3_hasher_update(c->hasher, piece, (size_t)n);
        if (c->cipher)
            s3_cipher_run(c->cipher, done, piece, piece, (size_t)n);
        if (!write_copy(c->fd, piece, (size_t)n))
            return false;
        done += n;
    }
    return true;
}

/* It ends with the request. */
static int open_file(struct request *req, int *out_fd)
{
    *out_fd = s3_blob_temporary(s3_of(req->app)->store);
    if (*out_fd < 0)
        return aws_fail_internal(req);
    arena_defer(&req->arena, close_file, arena_memdup(&req->arena, out_fd, sizeof(*out_fd)));
    return 0;
}

static int open_copy(struct request *req, const struct s3_source *source, struct s3_range range,
                     struct copying *c)
{
    enum store_status rc = s3_reader_open(s3_of(req->app)->store, &req->arena,
                                          source->target.object, &source->key, range, &c->reader);

    if (rc == STORE_NOT_FOUND)
        return s3_fail_no_key(req, source->target.key);
    return rc ? aws_fail_internal(req) : open_file(req, &c->fd);
}

int s3_copy_content(struct request *req, const struct s3_source *source, struct s3_range range,
                    enum s3_checksum_algorithm algorithm, const struct s3_customer_key *key,
                    struct s3_content *out)
{
    struct copying c = {.size = range.to - range.from};
    uint8_t counter[S3_COUNTER_LEN], digest[DIGEST_LEN_MAX];
    uint8_t *piece;
    bool done;

    *out = (struct s3_content){.size = c.size, .algorithm = algorithm};
    if (open_copy(req, source, range, &c))
        return -1;
    if (key->given) {
        s3_customer_key_head(&req->arena, key, counter, &out->head);
        c.cipher = s3_cipher_new(&req->arena, key->key, counter);
    }
    c.md5 = digest_begin(DIGEST_MD5);
    c.hasher = s3_hasher_new(&req->arena, algorithm);
    piece = x_malloc(PIECE);
    done = copy_all(&c, piece);
    free(piece);
    digest_end(c.md5, digest);
    hex_encode(digest, MD5_LEN, out->md5);
    out->checksum = s3_hasher_end(c.hasher);
    out->fd = c.fd;
    return done ? 0 : aws_fail_internal(req);
}

int s3_encrypt_content(struct request *req, const struct s3_customer_key *key,
                       struct s3_content *content)
{
    struct bytes in = content->memory;
    uint8_t counter[S3_COUNTER_LEN];
    struct s3_cipher *cipher;
    uint8_t *piece;
    bool good = true;

    if (!key->given)
        return 0;
    if (open_file(req, &content->fd))
        return -1;
    s3_customer_key_head(&req->arena, key, counter, &content->head);
    cipher = s3_cipher_new(&req->arena, key->key, counter);
    piece = x_malloc(PIECE);
    for (size_t done = 0, n; good && done < in.len; done += n) {
        n = MIN(in.len - done, (size_t)PIECE);
        s3_cipher_run(cipher, (int64_t)done, in.data + done, piece, n);
        good = write_copy(content->fd, piece, n);
    }
    free(piece);
    return good ? 0 : aws_fail_internal(req);
}
