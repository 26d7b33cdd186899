/*
 * Who may do what: the one question that every operation asks before it acts.
 */
#ifndef CADABRA_S3_ACCESS_H
#define CADABRA_S3_ACCESS_H

#include "handlers/s3/target.h"

/* May the sender of the request do `action` ("s3:GetObject") to the target? 0, or -1 after failing
 * with AccessDenied. target->key is NULL for actions on the bucket; target->object is the version
 * that is there, where the operation knows it. */
int s3_authorize(struct request *req, const struct s3_target *target, const char *action);

/* The same for what is asked of the account, where no bucket is looked at: s3:ListAllMyBuckets
 * (bucket NULL), s3:CreateBucket. The account may; with --auth=enforce IAM says who of it. */
int s3_authorize_account(struct request *req, const char *bucket, const char *action);

/* Owner and ACL of a new object, by its request (x-amz-acl, x-amz-grant-...) and the bucket's
 * ownership: the owner's account, and what is stored of the ACL, NULL for a private one. 0, or -1
 * after failing. */
int s3_new_object_acl(struct request *req, const struct s3_target *target, const char **out_owner,
                      const char **out_acl);

#endif
