/*
 * What S3 keeps: buckets and their configuration, versions of objects, multipart uploads and parts,
 * and the files with their content.
 *
 * All that a write decides (conditions, locks, what it replaces) it decides inside one transaction.
 * Content files are shared between versions and counted; one that nobody needs any more is removed
 * after the commit that dropped it, or at the next start. See storage/README.md for the files.
 *
 * The database is opened when it is there, or by the first write. All functions are thread-safe.
 * Texts of results lie in the arena that is passed in. STORE_NOT_FOUND of a bucket's function means
 * that the bucket is gone, where nothing else is said.
 */
#ifndef CADABRA_S3_STORE_H
#define CADABRA_S3_STORE_H

#include "server/base/arena.h"
#include "storage/store.h"

struct s3_store;

/* Never NULL. */
struct s3_store *s3_store_open(struct store_root *root);
void s3_store_close(struct s3_store *store);

/* --- buckets --- */

enum s3_versioning { S3_UNVERSIONED, S3_VERSIONED, S3_SUSPENDED };

/* Kinds of configuration. Stored as numbers: append only, below 63. */
enum s3_document {
    S3_DOC_TAGGING,
    S3_DOC_POLICY,
    S3_DOC_ACL,
    S3_DOC_OWNERSHIP,
    S3_DOC_PUBLIC_ACCESS,
    S3_DOC_CORS,
    S3_DOC_LIFECYCLE,
    S3_DOC_WEBSITE,
    S3_DOC_NOTIFICATION,
    S3_DOC_ENCRYPTION,
    S3_DOC_LOGGING,
    S3_DOC_REPLICATION,
    S3_DOC_INVENTORY,
    S3_DOC_OBJECT_LOCK, /* the default retention */
    S3_DOC_REQUEST_PAYMENT,
    S3_DOC_ACCELERATE,
    S3_DOC_ANALYTICS,
    S3_DOC_METRICS,
    S3_DOC_INTELLIGENT_TIERING,
    S3_DOC_ABAC,
    S3_DOC_METADATA,
};

struct s3_bucket {
    int64_t id;
    const char *name;
    const char *account;
    const char *region;
    int64_t created_ms;
    enum s3_versioning versioning;
    bool object_lock;
    uint64_t documents; /* bit 1 << kind: there is one */
};

static inline bool s3_bucket_has(const struct s3_bucket *b, enum s3_document kind)
{
    return b->documents >> kind & 1;
}

struct s3_document_in {
    enum s3_document kind;
    const char *id; /* "" for kinds of which there is one */
    const char *body;
};

/* Makes the bucket with its first documents. STORE_EXISTS: somebody has one of that name. b->id and
 * b->documents are ignored. */
enum store_status s3_bucket_create(struct s3_store *store, const struct s3_bucket *b,
                                   const struct s3_document_in *documents, size_t document_count);
enum store_status s3_bucket_find(struct s3_store *store, const char *name, struct arena *a,
                                 struct s3_bucket *out);
/* STORE_CONFLICT: it holds versions or markers. Open uploads go with it. */
enum store_status s3_bucket_delete(struct s3_store *store, int64_t id);
enum store_status s3_bucket_set_versioning(struct s3_store *store, int64_t id,
                                           enum s3_versioning versioning);
/* For good. */
enum store_status s3_bucket_enable_lock(struct s3_store *store, int64_t id);

struct s3_bucket_query {
    const char *account;
    const char *prefix; /* NULL: all */
    const char *region; /* NULL: all */
    const char *after;  /* a name; NULL: from the first */
    size_t max;
};

struct s3_buckets {
    struct s3_bucket *items;
    size_t count;
    bool more;
};

/* By name. */
enum store_status s3_bucket_list(struct s3_store *store, const struct s3_bucket_query *query,
                                 struct arena *a, struct s3_buckets *out);
/* Names of all buckets, of all accounts, that have a document of the kind, for background work. */
enum store_status s3_bucket_list_having(struct s3_store *store, enum s3_document kind,
                                        struct arena *a, struct s3_buckets *out);

/* --- documents of a bucket --- */

struct s3_document_row {
    const char *id;
    const char *body;
};

struct s3_documents {
    struct s3_document_row *items;
    size_t count;
    bool more;
};

/* Adds or replaces. STORE_LIMIT: there are `max` of that kind already (0: no limit). */
enum store_status s3_document_put(struct s3_store *store, int64_t bucket,
                                  const struct s3_document_in *document, size_t max);
/* STORE_NOT_FOUND: there is none. */
enum store_status s3_document_get(struct s3_store *store, int64_t bucket, enum s3_document kind,
                                  const char *id, struct arena *a, const char **out_body);
/* STORE_NOT_FOUND: there was none. */
enum store_status s3_document_delete(struct s3_store *store, int64_t bucket, enum s3_document kind,
                                     const char *id);
/* By id, those after `after` ("": from the first), at most max. */
enum store_status s3_document_list(struct s3_store *store, int64_t bucket, enum s3_document kind,
                                   const char *after, size_t max, struct arena *a,
                                   struct s3_documents *out);

/* --- objects --- */

struct s3_pair {
    const char *name;
    const char *value;
};

struct s3_pairs {
    struct s3_pair *items;
    size_t count;
};

/* The value of that name (compared without case), NULL when there is none. */
const char *s3_pairs_find(const struct s3_pairs *pairs, const char *name);

enum s3_lock_mode { S3_LOCK_NONE, S3_LOCK_GOVERNANCE, S3_LOCK_COMPLIANCE };

/* Numbers are stored: append only. */
enum s3_checksum_algorithm {
    S3_CHECKSUM_NONE,
    S3_CHECKSUM_CRC32,
    S3_CHECKSUM_CRC32C,
    S3_CHECKSUM_SHA1,
    S3_CHECKSUM_SHA256,
    S3_CHECKSUM_CRC64NVME,
    S3_CHECKSUM_SHA512,
    S3_CHECKSUM_MD5,
    S3_CHECKSUM_XXHASH64,
    S3_CHECKSUM_XXHASH3,
    S3_CHECKSUM_XXHASH128,
};

enum s3_checksum_type { S3_CHECKSUM_FULL_OBJECT, S3_CHECKSUM_COMPOSITE };

/* AWS tells a hold that was taken off from one that never was. */
enum s3_legal_hold { S3_HOLD_NEVER, S3_HOLD_ON, S3_HOLD_OFF };

struct s3_lock {
    enum s3_lock_mode mode;
    int64_t retain_until_ms;
    enum s3_legal_hold legal_hold;
};

/* A version of an object, or a delete marker. */
struct s3_object {
    int64_t id; /* a higher one is newer */
    int64_t bucket;
    const char *key;
    bool present;      /* the one that its key stands for */
    bool marker;       /* a delete marker: size 0, etag "" */
    bool null_version; /* written while versioning was off or suspended */
    int64_t modified_ms;
    int64_t size;
    const char *etag; /* without quotes */
    const char *account;
    const char *storage_class;
    enum s3_checksum_algorithm checksum_algorithm;
    enum s3_checksum_type checksum_type;
    const char *checksum; /* base64, of a composite one with its -N; NULL: none */
    struct s3_pairs head; /* what is said of it, by header names in lower case */
    struct s3_pairs tags;
    struct s3_lock lock;
    int64_t restore_until_ms; /* 0: not restored */
    const char *acl;          /* NULL: private */
    /* The content is one of these; an empty object has none. */
    int64_t upload;    /* 0: none */
    const char *blob;  /* NULL: none */
    struct bytes data; /* only where asked for */
};

/* Which version is meant. */
struct s3_which {
    const char *key;
    enum { S3_PRESENT, S3_NULL_VERSION, S3_BY_ID } by;
    int64_t id;
};

/* What a request demands of the present state. */
struct s3_condition {
    const char *if_match; /* an ETag without quotes, or "*"; NULL: nothing */
    bool if_none_match;   /* no object may be there */
    int64_t opened_ms;    /* of a completed upload: a change since then is a conflict; 0: does not
                             matter */
    bool removed;         /* likewise: the object has gone since then; the store finds out */
};

enum s3_refusal {
    S3_ACCEPTED,
    S3_PRECONDITION, /* the condition does not hold */
    S3_NO_KEY,       /* if_match, and there is no object */
    S3_CHANGED,      /* since the upload was opened */
    S3_LOCKED,       /* retention or legal hold */
    S3_NO_UPLOAD,
    S3_WRONG_PART, /* part_number says which */
    S3_SMALL_PART,
};

/* Files that hold content not yet committed, for s3_content_*. */
enum { S3_BLOB_ID_MAX = 33, S3_INLINE_MAX = 16 * 1024 };

/*
 * Content files are made before the rows that refer to them.
 *
 * s3_blob_adopt() gives a nameless file in the data directory a provisional name;
 * s3_blob_write() makes one of bytes. The function that commits takes it over in success; after a
 * failure the caller removes it by s3_blob_drop().
 */
enum store_status s3_blob_adopt(struct s3_store *store, int fd, char out_id[S3_BLOB_ID_MAX]);
enum store_status s3_blob_write(struct s3_store *store, const void *data, size_t len,
                                char out_id[S3_BLOB_ID_MAX]);
/* A nameless file in the data directory, for reading and writing; -1 after logging why. */
int s3_blob_temporary(struct s3_store *store);
void s3_blob_drop(struct s3_store *store, const char *id);
/* An open descriptor; STORE_NOT_FOUND when its last version has been removed meanwhile. */
enum store_status s3_blob_open(struct s3_store *store, const char *id, int *out_fd);

/* While a pin is held, no file is removed that was there when it was taken: for readers that open
 * the files of many parts one after another. */
struct s3_pin;
struct s3_pin *s3_pin(struct s3_store *store);
void s3_unpin(struct s3_store *store, struct s3_pin *pin);

struct s3_put {
    struct s3_object object; /* id, present and null_version are set by the call; data is stored */
    bool shares_blob;        /* object.blob is that of another version, and counted once more */
    struct s3_condition condition;
    enum s3_versioning versioning; /* set by the call: of the bucket */
    enum s3_refusal refusal;       /* when it returns STORE_CONFLICT */
};

/* Makes the object the present one of its key. STORE_NOT_FOUND: the bucket is gone, or shares_blob
 * and the blob is; STORE_CONFLICT: see refusal. */
enum store_status s3_object_put(struct s3_store *store, struct s3_put *put);

/* with_data: reads small content along. STORE_NOT_FOUND: no such version; a marker is found. */
enum store_status s3_object_find(struct s3_store *store, int64_t bucket,
                                 const struct s3_which *which, bool with_data, struct arena *a,
                                 struct s3_object *out);
/* The same, and the bucket by its name, in one read. STORE_NOT_FOUND with out_bucket->id 0: no such
 * bucket. */
enum store_status s3_object_find_in(struct s3_store *store, const char *bucket,
                                    const struct s3_which *which, bool with_data, struct arena *a,
                                    struct s3_bucket *out_bucket, struct s3_object *out);

struct s3_remove {
    int64_t bucket;
    struct s3_which which; /* S3_PRESENT: as the bucket's versioning says, a marker may be made */
    const char *account;   /* owner of a marker */
    struct s3_condition condition;
    int64_t now_ms;
    bool bypass_governance;
    /* Set by the call. */
    enum s3_refusal refusal;
    bool found;        /* something was removed or hidden */
    bool marker;       /* a marker was made, or the version removed was one */
    int64_t version;   /* of the marker made, or of what was removed; 0: the bucket has none */
    bool null_version; /* that version is the null one */
};

/* STORE_CONFLICT: see refusal. What was not there is no failure. */
enum store_status s3_object_remove(struct s3_store *store, struct s3_remove *remove);

/* Which of a version's facts s3_object_change() writes. */
enum s3_object_fact {
    S3_FACT_TAGS = 1 << 0,
    S3_FACT_LOCK = 1 << 1,
    S3_FACT_ACL = 1 << 2,
    S3_FACT_RESTORE = 1 << 3,
    S3_FACT_HEAD = 1 << 4,
    S3_FACT_STORAGE_CLASS = 1 << 5,
};

/* Writes these facts of `object` over those of the version object->id. STORE_NOT_FOUND: it is gone.
 */
enum store_status s3_object_change(struct s3_store *store, const struct s3_object *object,
                                   unsigned facts);

/* Moves the present object of a bucket to another key, replacing what is there. */
struct s3_rename {
    int64_t bucket;
    const char *from;
    const char *to;
    struct s3_condition from_condition;
    struct s3_condition to_condition;
    int64_t now_ms;
    enum s3_refusal refusal;
};
enum store_status s3_object_rename(struct s3_store *store, struct s3_rename *rename);

/* --- listing --- */

struct s3_list_query {
    int64_t bucket;
    const char *prefix;    /* "" : all */
    const char *delimiter; /* "" : none */
    const char *after; /* keys behind this one, and prefixes behind this one; "": from the first */
    int64_t after_version; /* s3_version_list: and of that key, versions older than this; 0: none */
    size_t max;
};

/* One entry of a page: an object (of which listings know key, size, etag, modified_ms, account,
 * storage_class, checksum algorithm and type, restore_until_ms), or a common prefix. */
struct s3_list_item {
    const char *prefix; /* NULL: an object */
    struct s3_object object;
};

struct s3_page {
    struct s3_list_item *items;
    size_t count;
    bool more;
};

/* Present objects by key. */
enum store_status s3_object_list(struct s3_store *store, const struct s3_list_query *query,
                                 struct arena *a, struct s3_page *out);
/* All versions and markers by key, newest first. */
enum store_status s3_version_list(struct s3_store *store, const struct s3_list_query *query,
                                  struct arena *a, struct s3_page *out);

/* --- multipart uploads --- */

struct s3_upload {
    int64_t id;
    int64_t version; /* 0: it is open */
    int64_t created_ms;
    struct s3_object
        object; /* what it becomes: key, account, class, checksum, head, tags, lock, acl */
};

struct s3_part {
    int number;
    int64_t start;
    int64_t size;
    int64_t modified_ms;
    const char *etag;
    const char *checksum; /* base64, NULL: none */
    struct s3_pairs head;
    const char *blob;
};

struct s3_parts {
    struct s3_part *items;
    size_t count;
    bool more;
};

enum store_status s3_upload_create(struct s3_store *store, const struct s3_upload *upload,
                                   int64_t *out_id);
enum store_status s3_upload_find(struct s3_store *store, int64_t bucket, int64_t id,
                                 struct arena *a, struct s3_upload *out);
/* Adds the part or replaces it; the upload must be open (STORE_NOT_FOUND). */
enum store_status s3_part_put(struct s3_store *store, int64_t upload, const struct s3_part *part);
/* Parts with a number above `after`, at most max; of open and of completed uploads. */
enum store_status s3_part_list(struct s3_store *store, int64_t upload, int after, size_t max,
                               struct arena *a, struct s3_parts *out);
/* Those parts of a completed upload that hold bytes [from, to). */
enum store_status s3_part_range(struct s3_store *store, int64_t upload, int64_t from, int64_t to,
                                struct arena *a, struct s3_parts *out);

struct s3_complete {
    struct s3_put put;  /* object.upload is the upload; size, etag, checksum are set already */
    const int *numbers; /* of the parts that make the object, rising */
    const char *const *etags; /* of each, as they were when the ETag was made of them */
    size_t count;
};

/* Turns the upload into an object, in time that does not grow with its size. STORE_CONFLICT: see
 * put.refusal (S3_WRONG_PART: one was replaced meanwhile; S3_NO_UPLOAD). */
enum store_status s3_upload_complete(struct s3_store *store, struct s3_complete *complete);
/* STORE_NOT_FOUND: there is no open upload of that id. */
enum store_status s3_upload_abort(struct s3_store *store, int64_t bucket, int64_t id);

struct s3_upload_item {
    const char *prefix; /* NULL: an upload */
    struct s3_upload upload;
};

struct s3_upload_page {
    struct s3_upload_item *items;
    size_t count;
    bool more;
};

/* Open uploads by key, then oldest first; after_version is an upload id: later ones of `after`. */
enum store_status s3_upload_list(struct s3_store *store, const struct s3_list_query *query,
                                 struct arena *a, struct s3_upload_page *out);

#endif
