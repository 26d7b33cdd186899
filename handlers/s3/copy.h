/* Copies: where from, under which conditions, and moving the bytes where they cannot be shared. */
#ifndef CADABRA_S3_COPY_H
#define CADABRA_S3_COPY_H

#include "handlers/s3/intake.h"
#include "handlers/s3/reader.h"
#include "handlers/s3/target.h"

struct s3_source {
    struct s3_target target; /* its object is there, and no marker */
    struct s3_customer_key key;
};

/* Finds what x-amz-copy-source names, asks for permission to read it, and checks the
 * x-amz-copy-source-if-... headers and its customer's key. 0, or -1 after failing. */
int s3_source_read(struct request *req, const char *copy_source, const char *expected_owner,
                   struct s3_source *out);

/* Reads a range of the source into a new nameless file, digested, and encrypted with `key` where
 * one was given. out->fd ends with the request. 0, or -1 after failing. */
int s3_copy_content(struct request *req, const struct s3_source *source, struct s3_range range,
                    enum s3_checksum_algorithm algorithm, const struct s3_customer_key *key,
                    struct s3_content *out);

/* Content in memory goes into a file, too, encrypted, where a key was given. 0, or -1 after
 * failing.
 */
int s3_encrypt_content(struct request *req, const struct s3_customer_key *key,
                       struct s3_content *content);

#endif
