/*
 * What a request is about: its bucket, its key and version, and how they are named in answers.
 */
#ifndef CADABRA_S3_TARGET_H
#define CADABRA_S3_TARGET_H

#include "handlers/s3/state.h"

/* AWS: documents tell times of objects in whole seconds. */
#define S3_SECONDS(ms) SOME_TIME((ms) / 1000 * 1000)

struct s3_target {
    struct s3_bucket bucket;
    const char *key;                     /* NULL: the request is about the bucket */
    const char *version_id;              /* as the client named it; NULL: the present one */
    struct s3_which which;               /* what these two mean */
    const struct s3_pairs *request_tags; /* that the body sets; NULL: the headers say them */
    const struct s3_object *object;      /* that version, where it is known and there; else NULL */
};

/* Finds the bucket, checks x-amz-expected-bucket-owner (may be NULL) and asks s3_authorize() for
 * `action` ("s3:ListBucket"; NULL: not asked). 0, or -1 after failing the request. */
int s3_use_bucket(struct request *req, const char *bucket, const char *expected_owner,
                  const char *action, struct s3_target *out);
/* The same for a key: what is to be written there, or not looked at. */
int s3_use_key(struct request *req, const char *bucket, const char *key, const char *version_id,
               const char *expected_owner, const char *action, struct s3_target *out);
/* The same for a version that is there, which it finds: 404 NoSuchKey or NoSuchVersion, 405 for a
 * delete marker that was asked for by its id. */
int s3_use_object(struct request *req, const char *bucket, const char *key, const char *version_id,
                  const char *expected_owner, const char *action, struct s3_target *out);
/* Without the marker's 405: target->object is NULL where nothing is there. */
int s3_use_object_or_none(struct request *req, const char *bucket, const char *key,
                          const char *version_id, const char *expected_owner, const char *action,
                          bool with_data, struct s3_target *out);
/* What s3_use_object() answers for a target without an object, or with a marker. */
int s3_fail_no_object(struct request *req, const struct s3_target *target);
/* The same for what is said of a version (tags): a delete marker is 405 without its id, too. */
int s3_fail_no_facts(struct request *req, const struct s3_target *target);

/* 0, or -1 with InvalidBucketName. For new buckets. */
int s3_check_bucket_name(struct request *req, const char *name);
int s3_check_key(struct request *req, const char *key);

/* The id of an account by which S3 names owners: 64 hex digits. */
const char *s3_canonical_id(struct arena *a, const char *account);
/* False when it is the id of no account. out holds 13 bytes. */
bool s3_account_of(const char *canonical_id, char *out);
struct s3_Owner *s3_owner(struct arena *a, const char *account);

/* "null" for the null version. */
const char *s3_version_text(struct arena *a, int64_t id, bool null_version);
/* What x-amz-version-id says of an object; NULL in a bucket that was never versioned. */
const char *s3_version_of(struct arena *a, const struct s3_bucket *bucket,
                          const struct s3_object *object);
/* The same in the answer to a write. AWS: who writes a null version is told nothing of it; who
 * reads or copies it is told "null". */
const char *s3_new_version_of(struct arena *a, const struct s3_bucket *bucket,
                              const struct s3_object *object);
/* False when the text is no version id. */
bool s3_version_read(const char *text, struct s3_which *out);
/* An upload's id tells the checksum of its parts, so that a part can be digested before anything is
 * looked up. */
const char *s3_upload_text(struct arena *a, int64_t id, enum s3_checksum_algorithm algorithm);
bool s3_upload_read(const char *text, int64_t *out_id, enum s3_checksum_algorithm *out_algorithm);

/* "abc" -> "\"abc\"" */
const char *s3_etag_text(struct arena *a, const char *etag);
/* Without the quotes that may be there. */
const char *s3_etag_bare(struct arena *a, const char *text);

#endif
