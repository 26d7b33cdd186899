/*
 * The store as a whole, and its content files.
 *
 * A file is made under a provisional name, then a row in `blob` makes it count, then it moves into
 * its place; it goes when its count has reached zero, and then its row. So whatever a crash leaves
 * is known at the next start: files under provisional names that have no row, and rows without
 * references.
 */
#include "storage/s3_store.h"

#include "server/base/embed.h"
#include "server/base/log.h"
#include "server/base/nameless.h"
#include "storage/blob.h"
#include "storage/s3_internal.h"

#include <pthread.h>
#include <stdatomic.h>

EMBED(storage_schema_s3_001_sql);
EMBED(storage_schema_s3_002_sql);

static const struct sql_migration migrations[] = {
    {embed_storage_schema_s3_001_sql},
    {embed_storage_schema_s3_002_sql},
};

static const char database[] = "s3";

struct s3_pin {
    struct s3_pin *newer;
    struct s3_pin *older;
    uint64_t number; /* rises */
};

/* Garbage that waits for readers. */
struct late_garbage {
    struct late_garbage *next;
    uint64_t number; /* of the newest pin that may still need it */
    struct s3_garbage garbage;
};

struct s3_files {
    pthread_mutex_t lock; /* guards all of this but dir, which it makes */
    struct s3_pin *newest;
    struct s3_pin *oldest;
    uint64_t pins; /* taken so far */
    struct late_garbage *late;
    _Atomic(struct blob_dir *) dir; /* opened by the first use */
};

static bool blob_counts(void *context, const char *id)
{
    struct s3_store *store = context;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc)
        return rc != STORE_NOT_FOUND; /* when in doubt it stays */
    rc = sql_step(sql_query(s, "SELECT 1 FROM blob WHERE id = ?1 AND refs > 0", sql_text(id)));
    sql_read_end(s);
    return rc != STORE_NOT_FOUND;
}

static struct blob_dir *files_of(struct s3_store *store)
{
    struct s3_files *f = store->files;
    struct blob_dir *dir = atomic_load_explicit(&f->dir, memory_order_acquire);

    if (dir)
        return dir;
    pthread_mutex_lock(&f->lock);
    dir = atomic_load(&f->dir);
    if (!dir) {
        dir = blob_open_counted(store->root, database, blob_counts, store);
        atomic_store_explicit(&f->dir, dir, memory_order_release);
    }
    pthread_mutex_unlock(&f->lock);
    return dir;
}

/* --- files --- */

enum store_status s3_blob_adopt(struct s3_store *store, int fd, char out_id[S3_BLOB_ID_MAX])
{
    struct blob_dir *dir = files_of(store);

    return dir ? blob_link(dir, fd, out_id) : STORE_FAILED;
}

enum store_status s3_blob_write(struct s3_store *store, const void *data, size_t len,
                                char out_id[S3_BLOB_ID_MAX])
{
    struct blob_dir *dir = files_of(store);
    struct blob_writer *w;
    int64_t size;
    enum store_status rc = dir ? blob_begin(dir, &w) : STORE_FAILED;

    if (rc)
        return rc;
    blob_write(w, data, len); /* a failure is kept for the next call */
    return blob_provisional(w, out_id, &size);
}

int s3_blob_temporary(struct s3_store *store)
{
    int fd = nameless_open(store_directory(store->root));

    if (fd < 0)
        log_error("cannot make a temporary file in %s: %m", store_directory(store->root));
    return fd;
}

void s3_blob_drop(struct s3_store *store, const char *id)
{
    struct blob_dir *dir = files_of(store);

    if (dir)
        blob_remove(dir, id);
}

enum store_status s3_blob_open(struct s3_store *store, const char *id, int *out_fd)
{
    struct blob_dir *dir = files_of(store);
    int64_t size;

    return dir ? blob_read(dir, id, out_fd, &size) : STORE_FAILED;
}

void s3_file_settle(struct s3_store *store, const char *id)
{
    struct blob_dir *dir = files_of(store);

    if (dir)
        blob_settle(dir, id);
}

/* --- counting references --- */

enum store_status s3_blob_add(struct sql *s, const char *id)
{
    return sql_exec(s, "INSERT INTO blob (id, refs) VALUES (?1, 1)", sql_text(id));
}

enum store_status s3_blob_share(struct sql *s, const char *id)
{
    enum store_status rc =
        sql_exec(s, "UPDATE blob SET refs = refs + 1 WHERE id = ?1 AND refs > 0", sql_text(id));

    return rc == STORE_OK && sql_changes(s) == 0 ? STORE_NOT_FOUND : rc;
}

static void garbage_add(struct s3_garbage *garbage, const char *id)
{
    if (garbage->count == garbage->capacity) {
        garbage->capacity = garbage->capacity ? 2 * garbage->capacity : 4;
        garbage->ids = x_reallocarray(garbage->ids, garbage->capacity, sizeof(*garbage->ids));
    }
    snprintf(garbage->ids[garbage->count++], S3_BLOB_ID_MAX, "%s", id);
}

enum store_status s3_blob_release(struct sql *s, const char *id, struct s3_garbage *garbage)
{
    struct sql_stmt *st =
        sql_query(s, "UPDATE blob SET refs = refs - 1 WHERE id = ?1 RETURNING refs", sql_text(id));
    enum store_status rc = sql_step(st);
    int64_t left;

    if (rc == STORE_NOT_FOUND)
        return STORE_OK;
    if (rc)
        return rc;
    left = sql_column_int(st, 0);
    sql_reset(st);
    if (left == 0)
        garbage_add(garbage, id);
    return STORE_OK;
}

static enum store_status forget_rows(struct sql *s, void *context)
{
    const struct s3_garbage *garbage = context;
    enum store_status rc = STORE_OK;

    for (size_t i = 0; rc == STORE_OK && i < garbage->count; i++)
        rc = sql_exec(s, "DELETE FROM blob WHERE id = ?1 AND refs = 0", sql_text(garbage->ids[i]));
    return rc;
}

static void collect_now(struct s3_store *store, struct s3_garbage *garbage)
{
    struct blob_dir *dir = garbage->count ? files_of(store) : NULL;

    for (size_t i = 0; dir && i < garbage->count; i++)
        blob_remove(dir, garbage->ids[i]);
    if (dir) /* what fails is tried again at the next start */
        lazy_write(store->db, forget_rows, garbage);
    s3_garbage_forget(garbage);
}

/* Takes the garbage over when somebody may be reading it. */
static bool collect_later(struct s3_files *f, struct s3_garbage *garbage)
{
    struct late_garbage *late = NULL;

    pthread_mutex_lock(&f->lock);
    if (f->oldest) {
        late = x_calloc(1, sizeof(*late));
        late->garbage = *garbage;
        late->number = f->pins;
        late->next = f->late;
        f->late = late;
        *garbage = (struct s3_garbage){0};
    }
    pthread_mutex_unlock(&f->lock);
    return late != NULL;
}

void s3_garbage_collect(struct s3_store *store, struct s3_garbage *garbage)
{
    if (garbage->count && !collect_later(store->files, garbage))
        collect_now(store, garbage);
}

struct s3_pin *s3_pin(struct s3_store *store)
{
    struct s3_files *f = store->files;
    struct s3_pin *pin = x_calloc(1, sizeof(*pin));

    pthread_mutex_lock(&f->lock);
    pin->number = ++f->pins;
    pin->older = f->newest;
    if (f->newest)
        f->newest->newer = pin;
    else
        f->oldest = pin;
    f->newest = pin;
    pthread_mutex_unlock(&f->lock);
    return pin;
}

/* Takes out of the list what no reader can need any more. */
static struct late_garbage *take_due(struct s3_files *f)
{
    struct late_garbage *due = NULL;

    for (struct late_garbage **at = &f->late; *at;) {
        struct late_garbage *late = *at;

        if (f->oldest && f->oldest->number <= late->number) {
            at = &late->next;
            continue;
        }
        *at = late->next;
        late->next = due;
        due = late;
    }
    return due;
}

void s3_unpin(struct s3_store *store, struct s3_pin *pin)
{
    struct s3_files *f = store->files;
    struct late_garbage *due;

    pthread_mutex_lock(&f->lock);
    *(pin->newer ? &pin->newer->older : &f->newest) = pin->older;
    *(pin->older ? &pin->older->newer : &f->oldest) = pin->newer;
    due = take_due(f);
    pthread_mutex_unlock(&f->lock);
    free(pin);
    while (due) {
        struct late_garbage *next = due->next;

        collect_now(store, &due->garbage);
        free(due);
        due = next;
    }
}

void s3_garbage_forget(struct s3_garbage *garbage)
{
    free(garbage->ids);
    *garbage = (struct s3_garbage){0};
}

/* --- pairs --- */

const char *s3_pairs_find(const struct s3_pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (strcasecmp(pairs->items[i].name, name) == 0)
            return pairs->items[i].value;
    return NULL;
}

struct sql_value s3_pack(const struct s3_pairs *pairs, struct arena *a)
{
    size_t len = 0;
    char *packed, *next;

    for (size_t i = 0; i < pairs->count; i++)
        len += strlen(pairs->items[i].name) + strlen(pairs->items[i].value) + 2;
    if (len == 0)
        return (struct sql_value){.kind = SQL_NULL};
    packed = next = arena_alloc(a, len);
    for (size_t i = 0; i < pairs->count; i++) {
        next = stpcpy(next, pairs->items[i].name) + 1;
        next = stpcpy(next, pairs->items[i].value) + 1;
    }
    return sql_blob((struct bytes){.data = (const uint8_t *)packed, .len = len});
}

struct s3_pairs s3_unpack(struct bytes packed, struct arena *a)
{
    struct s3_pairs pairs = {0};
    const char *next, *end;
    size_t texts = 0;

    if (packed.len == 0)
        return pairs;
    next = arena_strndup(a, (const char *)packed.data, packed.len);
    end = next + packed.len;
    for (const char *p = next; p < end; p += strlen(p) + 1)
        texts++;
    pairs.items = ARENA_ARRAY(a, struct s3_pair, texts / 2);
    while (pairs.count < texts / 2) {
        struct s3_pair *pair = &pairs.items[pairs.count++];

        pair->name = next;
        next += strlen(next) + 1;
        pair->value = next;
        next += strlen(next) + 1;
    }
    return pairs;
}

char *s3_behind_prefix(struct arena *a, const char *prefix)
{
    size_t len = strlen(prefix);
    char *text;

    while (len > 0 && (unsigned char)prefix[len - 1] == 0xff)
        len--;
    if (len == 0)
        return NULL;
    text = arena_strndup(a, prefix, len);
    text[len - 1] = (char)(text[len - 1] + 1);
    return text;
}

/* --- the store --- */

/* What the last run did not come to remove. */
static void collect_left(struct s3_store *store)
{
    struct s3_garbage garbage = {0};
    struct sql *s;
    struct sql_stmt *st;
    struct arena a;

    if (lazy_read_begin(store->db, &s))
        return;
    arena_init(&a);
    st = sql_prepare(s, "SELECT id FROM blob WHERE refs = 0");
    while (sql_step(st) == STORE_OK)
        garbage_add(&garbage, sql_column_text(st, 0, &a));
    sql_read_end(s);
    arena_release(&a);
    s3_garbage_collect(store, &garbage);
}

struct s3_store *s3_store_open(struct store_root *root)
{
    struct s3_store *store = x_calloc(1, sizeof(*store));

    store->root = root;
    store->db = lazy_new(root, database, migrations, ARRAY_LEN(migrations));
    store->files = x_calloc(1, sizeof(*store->files));
    pthread_mutex_init(&store->files->lock, NULL);
    if (store_has(root, database)) {
        files_of(store);
        collect_left(store);
    }
    return store;
}

void s3_store_close(struct s3_store *store)
{
    if (!store)
        return;
    assert(!store->files->oldest && !store->files->late); /* no request is left */
    blob_close(atomic_load(&store->files->dir));
    lazy_free(store->db);
    pthread_mutex_destroy(&store->files->lock);
    free(store->files);
    free(store);
}
