/*
 * What a request says of the object it makes (PutObject, CreateMultipartUpload, CopyObject, a
 * posted form), and what an answer says of one.
 */
#ifndef CADABRA_S3_NEW_OBJECT_H
#define CADABRA_S3_NEW_OBJECT_H

#include "handlers/s3/intake.h"
#include "handlers/s3/target.h"

/* Headers, metadata, tags, storage class, encryption, lock, ACL and owner, from the request's
 * headers and the bucket's defaults. Not the content. 0, or -1 after failing. */
int s3_new_object(struct request *req, const struct s3_target *target, struct s3_object *out);

/* Parts of it, for CopyObject, which takes some from the source. */
int s3_new_head(struct request *req, struct s3_pairs *out); /* Content-Type ... and metadata */
int s3_new_encryption(struct request *req, const struct s3_target *target, struct s3_pairs *head);
int s3_new_lock(struct request *req, const struct s3_bucket *bucket, struct s3_lock *out);
int s3_new_storage_class(struct request *req, const char **out);

/* If-Match and If-None-Match of a write. 0, or -1 after failing. */
int s3_write_condition(struct request *req, struct s3_condition *out);
/* Fails as S3 does for what a store refused. */
int s3_fail_refusal(struct request *req, const struct s3_condition *condition,
                    enum s3_refusal refusal, const char *key);

/* Stores content as the object (which has everything else), and tells of it: 0, or -1 after
 * failing. event: "ObjectCreated:Put". */
int s3_store_object(struct request *req, const struct s3_target *target,
                    const struct s3_content *content, const struct s3_condition *condition,
                    const char *event, struct s3_object *object);
/* Only the file or the row's data; a file that was made must be dropped when the commit fails. */
int s3_store_content(struct request *req, const struct s3_content *content,
                     struct s3_object *object, char blob[S3_BLOB_ID_MAX]);

/* Adds a pair to a head; the array is copied. */
void s3_head_add(struct arena *a, struct s3_pairs *head, const char *name, const char *value);

struct s3_encryption;
void s3_head_add_encryption(struct arena *a, const struct s3_bucket *bucket,
                            const struct s3_encryption *e, struct s3_pairs *head);

/* --- answers --- */

/* How it is encrypted, for answers to writes and reads. */
void s3_answer_encryption(struct request *req, const struct s3_pairs *head);
void s3_answer_checksum(struct request *req, const struct s3_object *object);
/* What clients compare: Last-Modified and ETag. */
void s3_answer_state(struct request *req, const struct s3_object *object);
/* All of a read: metadata, encryption, tags, lock, class, restore, version. */
void s3_answer_object(struct request *req, const struct s3_target *target);

#endif
