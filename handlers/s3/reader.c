#include "handlers/s3/reader.h"

#include "server/base/log.h"
#include "server/base/nameless.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { COPY_PIECE = 16 * 1024 };

struct s3_reader {
    struct s3_store *store;
    struct arena *arena;
    struct s3_range range;
    struct bytes data;     /* content in the row */
    struct s3_parts parts; /* content in parts, those of the range */
    struct s3_pin *pin;    /* holds their files */
    size_t part;           /* the one that is open */
    int fd;                /* -1: none */
    const uint8_t *key;    /* NULL: not encrypted */
    struct s3_cipher *cipher;
};

static void close_reader(void *context)
{
    struct s3_reader *r = context;

    if (r->fd >= 0)
        close(r->fd);
    if (r->pin)
        s3_unpin(r->store, r->pin);
}

static enum store_status use_cipher(struct s3_reader *r, const struct s3_pairs *head)
{
    uint8_t counter[S3_COUNTER_LEN];

    if (!r->key)
        return STORE_OK;
    if (!s3_counter_read(head, counter)) {
        log_error("encrypted content without a counter");
        return STORE_FAILED;
    }
    r->cipher = s3_cipher_new(r->arena, r->key, counter);
    return STORE_OK;
}

static enum store_status open_part(struct s3_reader *r, size_t index)
{
    enum store_status rc;

    if (r->fd >= 0 && index == r->part)
        return STORE_OK;
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
    r->part = index;
    rc = s3_blob_open(r->store, r->parts.items[index].blob, &r->fd);
    return rc ? rc : use_cipher(r, &r->parts.items[index].head);
}

/* True when the parts hold the whole range: else they have gone meanwhile. */
static bool parts_hold(const struct s3_reader *r)
{
    int64_t at = r->range.from;

    for (size_t i = 0; i < r->parts.count; i++) {
        const struct s3_part *p = &r->parts.items[i];

        if (p->start > at)
            return false;
        at = p->start + p->size;
    }
    return at >= r->range.to;
}

static enum store_status open_parts(struct s3_reader *r, int64_t upload)
{
    enum store_status rc;

    r->pin = s3_pin(r->store);
    rc = s3_part_range(r->store, upload, r->range.from, r->range.to, r->arena, &r->parts);
    if (rc)
        return rc;
    if (!parts_hold(r) || r->parts.count == 0)
        return STORE_NOT_FOUND;
    return open_part(r, 0);
}

enum store_status s3_reader_open(struct s3_store *store, struct arena *a,
                                 const struct s3_object *object, const struct s3_customer_key *key,
                                 struct s3_range range, struct s3_reader **out)
{
    struct s3_reader *r = ARENA_NEW(a, struct s3_reader);
    enum store_status rc;

    *r = (struct s3_reader){.store = store, .arena = a, .range = range, .fd = -1};
    if (key && key->given)
        r->key = arena_memdup(a, key->key, S3_KEY_LEN);
    arena_defer(a, close_reader, r);
    *out = r;
    if (range.from == range.to)
        return STORE_OK;
    if (object->upload)
        return open_parts(r, object->upload);
    rc = use_cipher(r, &object->head);
    if (rc)
        return rc;
    if (object->blob)
        return s3_blob_open(store, object->blob, &r->fd);
    r->data = object->data;
    if (r->data.len == (size_t)object->size)
        return STORE_OK;
    log_error("an object of %" PRId64 " bytes has %zu in its row", object->size, r->data.len);
    return STORE_FAILED;
}

static ssize_t read_file(const struct s3_reader *r, void *out, size_t max, int64_t at)
{
    ssize_t n;

    do
        n = pread(r->fd, out, max, at);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        return n;
    log_error("cannot read an object's file: %s",
              n < 0 ? strerror(errno) : "it is shorter than it was");
    return -1;
}

/* The part that holds the byte at that place of the object; readers go forward mostly. */
static size_t part_at(const struct s3_reader *r, int64_t at)
{
    const struct s3_part *p = r->parts.items;
    size_t i = r->part;

    while (i > 0 && p[i].start > at)
        i--;
    while (i + 1 < r->parts.count && p[i].start + p[i].size <= at)
        i++;
    return i;
}

static ssize_t read_part(struct s3_reader *r, void *out, size_t max, int64_t at)
{
    size_t index = part_at(r, at);
    const struct s3_part *p = &r->parts.items[index];
    int64_t inside = at - p->start;
    ssize_t n;

    if (open_part(r, index))
        return -1;
    n = read_file(r, out, (size_t)MIN((int64_t)max, p->size - inside), inside);
    if (n > 0 && r->cipher)
        s3_cipher_run(r->cipher, inside, out, out, (size_t)n);
    return n;
}

ssize_t s3_reader_read(struct s3_reader *r, void *out, size_t max, int64_t offset)
{
    int64_t at = r->range.from + offset;
    ssize_t n;

    if (at >= r->range.to)
        return 0;
    max = (size_t)MIN((int64_t)max, r->range.to - at);
    if (r->parts.count)
        return read_part(r, out, max, at);
    if (r->fd >= 0) {
        n = read_file(r, out, max, at);
    } else {
        memcpy(out, r->data.data + at, max);
        n = (ssize_t)max;
    }
    if (n > 0 && r->cipher)
        s3_cipher_run(r->cipher, at, out, out, (size_t)n);
    return n;
}

static ssize_t read_source(void *context, void *out, size_t max, int64_t offset)
{
    return s3_reader_read(context, out, max, offset);
}

/* Content in one file is sent by the kernel. */
static bool is_one_file(const struct s3_reader *r, int64_t *out_offset)
{
    if (r->fd < 0 || r->cipher || r->parts.count > 1)
        return false;
    *out_offset = r->range.from - (r->parts.count ? r->parts.items[0].start : 0);
    return true;
}

static bool copy_to(struct s3_reader *r, int fd)
{
    char piece[COPY_PIECE];
    int64_t at = 0;
    ssize_t n;

    while ((n = s3_reader_read(r, piece, sizeof(piece), at)) > 0) {
        for (ssize_t done = 0; done < n;) {
            ssize_t written = pwrite(fd, piece + done, (size_t)(n - done), at + done);

            if (written < 0 && errno != EINTR) {
                log_error("cannot copy an object: %s", strerror(errno));
                return false;
            }
            done += MAX(written, 0);
        }
        at += n;
    }
    return n == 0;
}

int s3_reader_file(struct s3_reader *r, const char *directory)
{
    struct stat st;
    int64_t offset;
    int fd;

    if (is_one_file(r, &offset) && offset == 0 && fstat(r->fd, &st) == 0 &&
        st.st_size == r->range.to)
        return fcntl(r->fd, F_DUPFD_CLOEXEC, 0);
    fd = nameless_open(directory);
    if (fd < 0)
        log_error("a temporary file in %s: %s", directory, strerror(errno));
    if (fd < 0 || copy_to(r, fd))
        return fd;
    close(fd);
    return -1;
}

void s3_reader_answer(struct s3_reader *r, struct request *req)
{
    struct response *response = &req->response;
    int64_t len = r->range.to - r->range.from;

    if (len == 0) {
        response->kind = BODY_BYTES;
    } else if (is_one_file(r, &response->file_offset)) {
        response->kind = BODY_FILE;
        response->file = r->fd;
        response->file_length = len;
        r->fd = -1;
    } else if (!r->parts.count && r->fd < 0 && !r->cipher) {
        response->kind = BODY_BYTES;
        strbuf_add(&response->bytes, r->data.data + r->range.from, (size_t)len);
    } else {
        response->kind = BODY_SOURCE;
        response->source = (struct body_source){.read = read_source, .context = r, .length = len};
    }
}
