/*
 * Access control lists: made of a request's words, kept with a bucket or an object, and asked.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
 */
#ifndef CADABRA_S3_ACL_H
#define CADABRA_S3_ACL_H

#include "handlers/s3/target.h"

/* What a request says of an ACL, in one of three ways. Texts are NULL where it says nothing. */
struct s3_acl_words {
    const char *canned; /* x-amz-acl */
    const char *full_control;
    const char *read;
    const char *read_acp;
    const char *write;
    const char *write_acp;
    const struct s3_AccessControlPolicy *document;
    const char *owner;        /* account of the bucket or object that gets it */
    const char *bucket_owner; /* account */
};

/* True when the request says something. */
bool s3_acl_is_given(const struct s3_acl_words *words);
/* 0 for a name that AWS has, or -1 after failing. */
int s3_acl_check_canned(struct request *req, const char *name);
/* 0, or -1 after failing. Nothing given makes a private one. */
int s3_acl_make(struct request *req, const struct s3_acl_words *words,
                struct s3_AccessControlPolicy *out);

/* The text that is stored, and back; text NULL: a private one of that owner. False when it can't
 * be read. */
const char *s3_acl_text(struct arena *a, const struct s3_AccessControlPolicy *acl);
bool s3_acl_read(struct arena *a, const char *text, const char *owner,
                 struct s3_AccessControlPolicy *out);

/* Some grant is for everybody, or for everybody with an account. */
bool s3_acl_is_public(const struct s3_AccessControlPolicy *acl);

/* "READ", "WRITE", ... granted to that account (NULL: nobody's, an unsigned request)? with_public:
 * grants to groups count. */
bool s3_acl_allows(struct arena *a, const struct s3_AccessControlPolicy *acl, const char *account,
                   const char *permission, bool with_public);

/* The bucket's. 0, or -1 after a failure of the store. */
int s3_acl_of_bucket(struct request *req, const struct s3_bucket *bucket,
                     struct s3_AccessControlPolicy *out);

/* --- ownership and public access --- */

enum s3_ownership { S3_BUCKET_OWNER_ENFORCED, S3_BUCKET_OWNER_PREFERRED, S3_OBJECT_WRITER };

/* 0, or -1 after a failure of the store (aws_fail_internal). */
int s3_ownership_of(struct request *req, const struct s3_bucket *bucket, enum s3_ownership *out);
struct s3_public_block {
    bool block_acls;
    bool ignore_acls;
    bool block_policy;
    bool restrict_buckets;
};
int s3_public_block_of(struct request *req, const struct s3_bucket *bucket,
                       struct s3_public_block *out);

#endif
