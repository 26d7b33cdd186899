/*
 * Multipart uploads: what their operations share.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
 */
#ifndef CADABRA_S3_MULTIPART_H
#define CADABRA_S3_MULTIPART_H

#include "handlers/s3/customer_key.h"
#include "handlers/s3/target.h"

/* In an upload's head: the client said nothing of a checksum. */
#define S3_HEAD_CHECKSUM_DEFAULT ":checksum-default"

/* Finds the upload of the target's key; `open`: it must not be completed. 0, or -1 with
 * NoSuchUpload. */
int s3_use_upload(struct request *req, const struct s3_target *target, const char *upload_id,
                  bool open, struct s3_upload *out);
/* 0 when the customer's key of a request is the one that the upload was begun with, or neither has
 * one. */
int s3_check_upload_key(struct request *req, const struct s3_upload *upload,
                        const struct s3_customer_key *key);
bool s3_checksum_is_default(const struct s3_upload *upload);

#endif
