/* What the files of S3's store share. Not for others. */
#ifndef CADABRA_S3_INTERNAL_H
#define CADABRA_S3_INTERNAL_H

#include "storage/lazy.h"
#include "storage/s3_store.h"
#include "storage/sql.h"

struct s3_store {
    struct lazy_db *db;
    struct store_root *root;
    struct s3_files *files;
};

/* Ids of files that lost their last reference in a write, to be removed once it is committed. */
struct s3_garbage {
    char (*ids)[S3_BLOB_ID_MAX];
    size_t count;
    size_t capacity;
};

/* Removes the files and their rows, and frees the list. */
void s3_garbage_collect(struct s3_store *store, struct s3_garbage *garbage);
/* Frees the list: the write did not come to pass. */
void s3_garbage_forget(struct s3_garbage *garbage);
/* Gives a file that has been committed its place. */
void s3_file_settle(struct s3_store *store, const char *id);

/* In a write. */
enum store_status s3_blob_add(struct sql *s, const char *id);   /* the first reference */
enum store_status s3_blob_share(struct sql *s, const char *id); /* one more; STORE_NOT_FOUND */
enum store_status s3_blob_release(struct sql *s, const char *id, struct s3_garbage *garbage);
/* Removes an upload, its parts and their files. */
enum store_status s3_upload_drop(struct sql *s, int64_t upload, struct s3_garbage *garbage);
/* The put of an object inside a write. */
enum store_status s3_put_in(struct sql *s, struct s3_put *put, struct s3_garbage *garbage);

/* Pairs as a column: name NUL value NUL ... */
struct sql_value s3_pack(const struct s3_pairs *pairs, struct arena *a);
struct s3_pairs s3_unpack(struct bytes packed, struct arena *a);

/* The columns of a version that s3_object_row() reads, in its order. */
#define S3_OBJECT_COLUMNS                                                                          \
    "v.id, v.bucket, v.key, v.state, v.marker, v.null_version, v.modified_ms, v.size, v.etag, "    \
    "v.account, v.storage_class, v.checksum_algorithm, v.checksum_type, v.checksum, v.head, "      \
    "v.tags, v.lock_mode, v.retain_until_ms, v.legal_hold, v.restore_until_ms, v.acl, v.upload, "  \
    "v.blob"

/* The columns of a bucket that s3_bucket_row() reads from `first` on. */
#define S3_BUCKET_COLUMNS                                                                          \
    "b.id, b.name, b.account, b.region, b.created_ms, b.versioning, b.object_lock, b.documents"
struct s3_bucket s3_bucket_row(struct sql_stmt *st, int first, struct arena *a);

/* The first text behind all that begin with `prefix`; NULL when there is none. */
char *s3_behind_prefix(struct arena *a, const char *prefix);

#endif
