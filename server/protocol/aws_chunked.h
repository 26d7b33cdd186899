/*
 * Decodes the aws-chunked framing of a request body while it arrives (W6).
 *
 *   chunk    = hex-size [";chunk-signature=" 64 hex digits] CRLF bytes CRLF
 *   body     = *chunk, a chunk of size 0 without bytes, *(name ":" value CRLF), CRLF
 *
 * With or without signatures, with or without trailers, at any split of the input, inside or
 * outside HTTP's own chunking (which has been undone before). Nothing of the payload is copied: the
 * decoder answers with runs that point into its input. Its own memory is bounded: one line, and the
 * trailers.
 *
 * With a seed each chunk's signature and the trailer's (x-amz-trailer-signature) are checked:
 *   HMAC(key, algorithm LF timestamp LF scope LF previous signature LF SHA256("") LF
 * SHA256(chunk)). A chunk is handed out before its signature is known to be right, since it is not
 * kept; so what is made of the body must not be committed before aws_chunked_finish() has said OK.
 *
 * One decoder per body, one thread at a time.
 */
#ifndef CADABRA_AWS_CHUNKED_H
#define CADABRA_AWS_CHUNKED_H

#include "server/auth/auth.h"
#include "server/base/arena.h"

enum aws_chunked_status {
    AWS_CHUNKED_OK,
    AWS_CHUNKED_MALFORMED,       /* the framing is broken */
    AWS_CHUNKED_TRUNCATED,       /* the body ended too early */
    AWS_CHUNKED_WRONG_LENGTH,    /* not x-amz-decoded-content-length bytes */
    AWS_CHUNKED_WRONG_SIGNATURE, /* of a chunk or of the trailer */
};

enum { AWS_CHUNKED_TRAILERS_MAX = 16, AWS_CHUNKED_LINE_MAX = 4096 };

struct aws_chunked_options {
    int64_t decoded_length; /* x-amz-decoded-content-length; -1 where the client did not say */
    const struct auth_chunk_seed *seed; /* copied; NULL: signatures are skipped */
};

struct aws_chunked;

/* True when the body has this framing: x-amz-content-sha256 is STREAMING-..., or content-encoding
 * names aws-chunked. */
bool aws_chunked_is_used(const struct request *req);

/* Lies in the arena, and so do its trailers. */
struct aws_chunked *aws_chunked_new(struct arena *a, const struct aws_chunked_options *options);

/* Decodes on from *data, and moves *data and *len past what it took. When it meets payload it stops
 * and answers the run in *out_payload (never empty); otherwise it takes all and *out_payload is
 * empty. A failure is final.
 *
 *     while (len > 0) { status = aws_chunked_next(d, &data, &len, &run); ... use run ... }
 */
enum aws_chunked_status aws_chunked_next(struct aws_chunked *d, const uint8_t **data, size_t *len,
                                         struct bytes *out_payload);

/* The input has ended: was it whole, and as long as the client said? */
enum aws_chunked_status aws_chunked_finish(struct aws_chunked *d);

/* Valid after aws_chunked_finish(); names as sent, x-amz-trailer-signature not among them. */
const struct header *aws_chunked_trailers(const struct aws_chunked *d, size_t *out_count);

/* Fails the request as S3 does; always -1. */
int aws_chunked_fail(struct request *req, enum aws_chunked_status status);

#endif
