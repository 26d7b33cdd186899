/*
 * The body of PutObject and UploadPart while it comes in: one pass from the wire to its file, in
 * which it is digested and, with a customer's key, encrypted.
 *
 * s3_intake_begin() is part of the service's begin; s3_intake_end() is called by the handler and
 * checks everything that the request said of its body. Until the handler has stored the content,
 * nothing of it is there for anybody: it is in memory, or in a file without a name.
 *
 * Bodies of other operations are documents: what their headers say of their digests is checked
 * while they come in, too, and a document that is not what was sent reaches no parser.
 */
#ifndef CADABRA_S3_INTAKE_H
#define CADABRA_S3_INTAKE_H

#include "handlers/s3/checksum.h"
#include "handlers/s3/state.h"

/* What becomes of content that is in memory or in a nameless file. */
struct s3_content {
    int64_t size;        /* as the client sees it */
    struct bytes memory; /* where fd is -1 */
    int fd;              /* not owned */
    char md5[33];        /* in hex */
    enum s3_checksum_algorithm algorithm;
    const char *checksum;                       /* base64 */
    enum s3_checksum_algorithm given_algorithm; /* that the client used; it may be another */
    const char *given_checksum;
    struct s3_pairs head; /* how it is encrypted: to be stored with it */
};

int s3_intake_begin(struct request *req);
/* 0, or -1 after failing the request. */
int s3_intake_end(struct request *req, struct s3_content *out);

/* Whether the request said a digest of its document: then it was right. */
bool s3_document_is_digested(const struct request *req);

/* The content of bytes that are there already (a posted form, another service). */
void s3_content_of(struct arena *a, struct bytes body, enum s3_checksum_algorithm algorithm,
                   struct s3_content *out);

#endif
