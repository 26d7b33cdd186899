/*
 * The decoder of aws-chunked bodies: a state machine over lines and runs of payload.
 *
 * Must hold: `left` never exceeds what decoded_length allows; a line is kept only until its LF and
 * has a maximum; after a failure nothing more is decoded and every call answers the same status.
 */
#include "server/protocol/aws_chunked.h"

#include "server/aws_error.h"
#include "server/base/encode.h"

enum state {
    AT_SIZE_LINE,
    AT_PAYLOAD,
    AFTER_PAYLOAD, /* wants CR LF */
    AT_TRAILER,
    AT_END,
};

enum { HEX_LEN = 2 * SHA256_LEN };

/* Larger than any object (5 TiB), and small enough that sums can't overflow. */
static const int64_t CHUNK_MAX = INT64_C(1) << 50;

static const char EMPTY_SHA256[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct aws_chunked {
    struct arena *arena;
    enum aws_chunked_status status; /* the first failure */
    enum state state;
    int64_t decoded_length; /* as promised; -1 */
    int64_t total;          /* of all chunk sizes so far */
    int64_t left;           /* of this chunk */

    char line[AWS_CHUNKED_LINE_MAX + 1]; /* what came of the present line */
    size_t line_len;

    bool check; /* signatures */
    uint8_t key[SHA256_LEN];
    const char *timestamp;
    const char *scope;
    char previous[HEX_LEN + 1]; /* signature of the chunk before, of the request at first */
    char claimed[HEX_LEN + 1];  /* what the chunk's head says its signature is */
    struct sha256_stream *hash; /* of this chunk's payload; NULL between chunks */

    struct header trailers[AWS_CHUNKED_TRAILERS_MAX];
    size_t trailer_count;
    const char *trailer_signature;
};

bool aws_chunked_is_used(const struct request *req)
{
    const char *hash = request_header(req, "x-amz-content-sha256");
    const char *encoding = request_header(req, "content-encoding");

    return (hash && str_starts(hash, "STREAMING-")) ||
           (encoding && strcasestr(encoding, "aws-chunked"));
}

static void drop_hash(void *context)
{
    struct aws_chunked *d = context;

    if (d->hash)
        sha256_end(d->hash, NULL);
    d->hash = NULL;
}

struct aws_chunked *aws_chunked_new(struct arena *a, const struct aws_chunked_options *options)
{
    struct aws_chunked *d = ARENA_NEW(a, struct aws_chunked);
    const struct auth_chunk_seed *seed = options->seed;

    d->arena = a;
    d->decoded_length = options->decoded_length;
    if (seed) {
        assert(strlen(seed->signature) == HEX_LEN);
        d->check = true;
        d->timestamp = arena_strdup(a, seed->timestamp);
        d->scope = arena_strdup(a, seed->scope);
        memcpy(d->key, seed->signing_key, sizeof(d->key));
        memcpy(d->previous, seed->signature, sizeof(d->previous));
        arena_defer(a, drop_hash, d);
    }
    return d;
}

static enum aws_chunked_status fail(struct aws_chunked *d, enum aws_chunked_status status)
{
    drop_hash(d);
    d->status = status;
    return status;
}

/* Compares `claimed` with HMAC(key, algorithm LF timestamp LF scope LF previous LF rest), and makes
 * it the previous. */
static bool signature_holds(struct aws_chunked *d, const char *algorithm, const char *rest,
                            const char *claimed)
{
    AUTO_FREE char *text =
        x_asprintf("%s\n%s\n%s\n%s\n%s", algorithm, d->timestamp, d->scope, d->previous, rest);
    uint8_t digest[SHA256_LEN];

    hmac_sha256(d->key, sizeof(d->key), text, strlen(text), digest);
    hex_encode(digest, sizeof(digest), d->previous);
    return equal_constant_time(claimed, d->previous, HEX_LEN);
}

static enum aws_chunked_status check_chunk(struct aws_chunked *d)
{
    uint8_t digest[SHA256_LEN];
    char rest[2 * HEX_LEN + 2];

    if (!d->check)
        return AWS_CHUNKED_OK;
    sha256_end(TAKE(d->hash), digest);
    snprintf(rest, sizeof(rest), "%s\n", EMPTY_SHA256);
    hex_encode(digest, sizeof(digest), rest + HEX_LEN + 1);
    if (!signature_holds(d, "AWS4-HMAC-SHA256-PAYLOAD", rest, d->claimed))
        return fail(d, AWS_CHUNKED_WRONG_SIGNATURE);
    return AWS_CHUNKED_OK;
}

static enum aws_chunked_status check_trailer(struct aws_chunked *d)
{
    uint8_t digest[SHA256_LEN];
    char hex[HEX_LEN + 1];
    struct sha256_stream *hash;

    if (!d->check || (d->trailer_count == 0 && !d->trailer_signature))
        return AWS_CHUNKED_OK;
    if (!d->trailer_signature || strlen(d->trailer_signature) != HEX_LEN)
        return fail(d, AWS_CHUNKED_WRONG_SIGNATURE);
    hash = sha256_begin();
    for (size_t i = 0; i < d->trailer_count; i++) {
        const struct header *t = &d->trailers[i];

        sha256_update(hash, t->name, strlen(t->name));
        sha256_update(hash, ":", 1);
        sha256_update(hash, t->value, strlen(t->value));
        sha256_update(hash, "\n", 1);
    }
    sha256_end(hash, digest);
    hex_encode(digest, sizeof(digest), hex);
    if (!signature_holds(d, "AWS4-HMAC-SHA256-TRAILER", hex, d->trailer_signature))
        return fail(d, AWS_CHUNKED_WRONG_SIGNATURE);
    return AWS_CHUNKED_OK;
}

/* 1 to 16 hex digits in either case; -1 when there are none, too many, or a size that nothing has.
 */
static int64_t read_size(const char *text, const char **out_rest)
{
    size_t digits = strspn(text, "0123456789abcdefABCDEF");
    uint64_t size;

    if (digits == 0 || digits > 16)
        return -1;
    size = strtoull(text, NULL, 16);
    *out_rest = text + digits;
    return size > (uint64_t)CHUNK_MAX ? -1 : (int64_t)size;
}

static enum aws_chunked_status begin_chunk(struct aws_chunked *d)
{
    static const char mark[] = ";chunk-signature=";
    const char *rest = "";
    int64_t size = read_size(d->line, &rest);
    const char *signature = strstr(rest, mark);

    if (size < 0 || (*rest && *rest != ';'))
        return fail(d, AWS_CHUNKED_MALFORMED);
    if (d->decoded_length >= 0 && size > d->decoded_length - d->total)
        return fail(d, AWS_CHUNKED_WRONG_LENGTH);
    if (size > CHUNK_MAX - d->total)
        return fail(d, AWS_CHUNKED_MALFORMED);
    if (d->check) {
        if (!signature || strlen(signature + strlen(mark)) != HEX_LEN)
            return fail(d, AWS_CHUNKED_WRONG_SIGNATURE);
        memcpy(d->claimed, signature + strlen(mark), sizeof(d->claimed));
        d->hash = sha256_begin();
    }
    d->total += size;
    d->left = size;
    d->state = size > 0 ? AT_PAYLOAD : AT_TRAILER;
    return size > 0 ? AWS_CHUNKED_OK : check_chunk(d);
}

/* name:value, or the empty line that ends the body. */
static enum aws_chunked_status read_trailer(struct aws_chunked *d)
{
    char *colon = strchr(d->line, ':');
    const char *value;
    size_t value_len;

    if (d->line_len == 0) {
        d->state = AT_END;
        return check_trailer(d);
    }
    if (!colon || colon == d->line)
        return fail(d, AWS_CHUNKED_MALFORMED);
    value = colon + 1 + strspn(colon + 1, " \t");
    value_len = strlen(value);
    while (value_len > 0 && strchr(" \t", value[value_len - 1]))
        value_len--;
    value = arena_strndup(d->arena, value, value_len);
    *colon = '\0';
    if (strcasecmp(d->line, "x-amz-trailer-signature") == 0) {
        d->trailer_signature = value;
        return AWS_CHUNKED_OK;
    }
    if (d->trailer_count == AWS_CHUNKED_TRAILERS_MAX)
        return fail(d, AWS_CHUNKED_MALFORMED);
    d->trailers[d->trailer_count++] =
        (struct header){.name = arena_strdup(d->arena, d->line), .value = value};
    return AWS_CHUNKED_OK;
}

/* Takes input up to the end of the line; when it is whole, acts on it. */
static enum aws_chunked_status take_line(struct aws_chunked *d, const uint8_t **data, size_t *len)
{
    const uint8_t *lf = memchr(*data, '\n', *len);
    size_t taken = lf ? (size_t)(lf - *data) + 1 : *len;

    if (taken > AWS_CHUNKED_LINE_MAX - d->line_len)
        return fail(d, AWS_CHUNKED_MALFORMED);
    memcpy(d->line + d->line_len, *data, taken);
    d->line_len += taken;
    *data += taken;
    *len -= taken;
    if (!lf)
        return AWS_CHUNKED_OK;
    if (d->line_len < 2 || d->line[d->line_len - 2] != '\r' || memchr(d->line, '\0', d->line_len))
        return fail(d, AWS_CHUNKED_MALFORMED);
    d->line_len -= 2;
    d->line[d->line_len] = '\0';
    if (d->state == AT_SIZE_LINE)
        begin_chunk(d);
    else if (d->state == AT_TRAILER)
        read_trailer(d);
    else if (d->line_len > 0)
        fail(d, AWS_CHUNKED_MALFORMED); /* payload is longer than its chunk said */
    else
        d->state = AT_SIZE_LINE;
    d->line_len = 0;
    return d->status;
}

static enum aws_chunked_status take_payload(struct aws_chunked *d, const uint8_t **data,
                                            size_t *len, struct bytes *out_payload)
{
    size_t taken = (uint64_t)d->left < *len ? (size_t)d->left : *len;

    *out_payload = (struct bytes){.data = *data, .len = taken};
    if (d->check)
        sha256_update(d->hash, *data, taken);
    *data += taken;
    *len -= taken;
    d->left -= (int64_t)taken;
    if (d->left > 0)
        return AWS_CHUNKED_OK;
    d->state = AFTER_PAYLOAD;
    return check_chunk(d);
}

enum aws_chunked_status aws_chunked_next(struct aws_chunked *d, const uint8_t **data, size_t *len,
                                         struct bytes *out_payload)
{
    *out_payload = (struct bytes){.data = *data, .len = 0};
    while (*len > 0 && d->status == AWS_CHUNKED_OK) {
        if (d->state == AT_PAYLOAD)
            return take_payload(d, data, len, out_payload);
        if (d->state == AT_END)
            return fail(d, AWS_CHUNKED_MALFORMED);
        take_line(d, data, len);
    }
    return d->status;
}

enum aws_chunked_status aws_chunked_finish(struct aws_chunked *d)
{
    if (d->status)
        return d->status;
    if (d->state != AT_END)
        return fail(d, AWS_CHUNKED_TRUNCATED);
    if (d->decoded_length >= 0 && d->total != d->decoded_length)
        return fail(d, AWS_CHUNKED_WRONG_LENGTH);
    return AWS_CHUNKED_OK;
}

const struct header *aws_chunked_trailers(const struct aws_chunked *d, size_t *out_count)
{
    *out_count = d->trailer_count;
    return d->trailers;
}

int aws_chunked_fail(struct request *req, enum aws_chunked_status status)
{
    static const struct aws_error incomplete = {
        .name = "IncompleteBody", .code = "IncompleteBody", .status = 400, .sender_fault = true};
    static const struct aws_error mismatch = {.name = "SignatureDoesNotMatch",
                                              .code = "SignatureDoesNotMatch",
                                              .status = 403,
                                              .sender_fault = true};

    switch (status) {
    case AWS_CHUNKED_WRONG_SIGNATURE:
        return aws_fail(req, &mismatch,
                        "The request signature we calculated does not match the signature you "
                        "provided. Check your key and signing method.");
    case AWS_CHUNKED_WRONG_LENGTH:
        return aws_fail(req, &incomplete,
                        "You did not provide the number of bytes specified by the "
                        "x-amz-decoded-content-length HTTP header");
    case AWS_CHUNKED_MALFORMED:
    case AWS_CHUNKED_TRUNCATED:
    case AWS_CHUNKED_OK:
        break;
    }
    assert(status != AWS_CHUNKED_OK);
    return aws_fail(req, &incomplete, "The request body terminated unexpectedly");
}
