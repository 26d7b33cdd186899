/*
 * Documents of a bucket as structs of the model: each kind of configuration is stored as the struct
 * that its operation takes, by server/keep.h.
 *
 *   S3_DOC_TAGGING Tagging              S3_DOC_ACL AccessControlPolicy
 *   S3_DOC_OWNERSHIP OwnershipControls  S3_DOC_PUBLIC_ACCESS PublicAccessBlockConfiguration
 *   S3_DOC_CORS CORSConfiguration       S3_DOC_LIFECYCLE BucketLifecycleConfiguration
 *   and so on: the whole table is in kept.c.
 *
 * S3_DOC_POLICY is kept as it came, S3_DOC_OBJECT_LOCK is lock.c's.
 */
#ifndef CADABRA_S3_KEPT_H
#define CADABRA_S3_KEPT_H

#include "handlers/s3/state.h"

/* Fills the zeroed struct of the kind. 1: it is there; 0: the bucket has none; -1: a failure of the
 * store, logged. No look-up is made for kinds that the bucket has not. */
int s3_kept_find(struct s3 *s3, struct arena *a, const struct s3_bucket *bucket,
                 enum s3_document kind, void *out);
/* The text of a document; NULL in *out_text: none. 0, or -1. */
int s3_kept_text(struct s3 *s3, struct arena *a, const struct s3_bucket *bucket,
                 enum s3_document kind, const char **out_text);

/* For operations: 0, or -1 after failing with the kind's own error (NoSuchCORSConfiguration). */
int s3_kept_get(struct request *req, const struct s3_bucket *bucket, enum s3_document kind,
                void *out);
int s3_kept_put(struct request *req, const struct s3_bucket *bucket, enum s3_document kind,
                const void *value);
/* Of what is not there no failure is made, as AWS has it. */
int s3_kept_delete(struct request *req, const struct s3_bucket *bucket, enum s3_document kind);

/* Kinds of which a bucket has many, by id (inventory, analytics, ...). */
int s3_kept_get_one(struct request *req, const struct s3_bucket *bucket, enum s3_document kind,
                    const char *id, void *out);
int s3_kept_put_one(struct request *req, const struct s3_bucket *bucket, enum s3_document kind,
                    const char *id, const void *value);
int s3_kept_delete_one(struct request *req, const struct s3_bucket *bucket, enum s3_document kind,
                       const char *id);
enum { S3_KEPT_PAGE = 100, S3_KEPT_MAX = 1000 };
/* A page of them into an array of `size` bytes each; *out_next is the token of the next page, NULL
 * at the end. */
int s3_kept_list(struct request *req, const struct s3_bucket *bucket, enum s3_document kind,
                 const char *token, size_t size, struct any_list *out, const char **out_next);

/* What a struct is called in the store, for those that are no document (ACLs of objects). */
const char *s3_kept_shape(enum s3_document kind);

#endif
