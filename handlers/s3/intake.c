#include "handlers/s3/intake.h"

#include "handlers/s3/customer_key.h"
#include "handlers/s3/target.h"
#include "server/base/digest.h"
#include "server/base/encode.h"

static const int64_t BODY_MAX = INT64_C(5) << 30; /* AWS: of one request */

enum { OTHER_BODY_MAX = 16 << 20, IN_MEMORY = 64 * 1024, SHA256_HEX = 2 * SHA256_LEN };

struct intake {
    struct body_filter filter;
    int64_t size;
    struct digest_stream *md5;
    struct s3_hasher *hasher; /* of the checksum that the client named; NULL: none */
    enum s3_checksum_algorithm algorithm;
    struct s3_hasher *kept_hasher; /* of the one that is stored, where it is another */
    enum s3_checksum_algorithm kept;
    const char *given;   /* value of the checksum, by header */
    const char *trailer; /* or the header in the trailer that will bring it */
    const char *claimed_sha256;
    struct digest_stream *sha256; /* of the body as it was signed */
    struct body_filter sha256_filter;
    struct s3_pairs head;
};

static bool is(const struct request *req, unsigned operation)
{
    return req->operation == &req->service->model->operations[operation];
}

/* --- what the headers say --- */

static int read_checksum_header(struct request *req, struct intake *in)
{
    for (size_t i = 0; i < req->header_count; i++) {
        const struct header *h = &req->headers[i];
        enum s3_checksum_algorithm algorithm;

        if (strncasecmp(h->name, "x-amz-checksum-", 15) != 0 ||
            strcasecmp(h->name, "x-amz-checksum-type") == 0 ||
            strcasecmp(h->name, "x-amz-checksum-algorithm") == 0)
            continue;
        algorithm = s3_checksum_by_header(h->name);
        if (!algorithm)
            return s3_fail_header(req, h->name);
        if (in->given && algorithm == in->algorithm)
            return s3_fail_argument(req, s3_checksum_header(algorithm), h->value,
                                    "Only one value may be specified.");
        if (in->given)
            return aws_fail(req, &s3_InvalidRequest,
                            "Expecting a single x-amz-checksum- header. Multiple checksum Types "
                            "are not allowed.");
        if (!s3_checksum_valid(algorithm, h->value))
            return aws_fail(req, &s3_InvalidRequest, "Value for %s header is invalid.", h->name);
        in->algorithm = algorithm;
        in->given = h->value;
    }
    return 0;
}

/* x-amz-trailer: x-amz-checksum-crc32 */
static int read_trailer_header(struct request *req, struct intake *in)
{
    const char *trailer = request_header(req, "x-amz-trailer");

    if (!trailer)
        return 0;
    if (in->given)
        return aws_fail(req, &s3_InvalidRequest,
                        "Expecting a single x-amz-checksum- header. Multiple checksum Types are "
                        "not allowed.");
    in->algorithm = s3_checksum_by_header(trailer);
    in->trailer = trailer;
    if (!in->algorithm)
        return aws_fail(req, &s3_InvalidRequest,
                        "The value specified in the x-amz-trailer header is not supported");
    return 0;
}

/* A checksum in a presigned query is not looked at, so the header may stand alone beside one. */
static bool is_presigned(const struct request *req)
{
    return strstr(req->query, "Signature=") != NULL;
}

static int read_algorithm_header(struct request *req, const struct intake *in)
{
    const char *name = request_header(req, "x-amz-sdk-checksum-algorithm");

    if (!name)
        return 0;
    if (!in->algorithm && is_presigned(req))
        return 0;
    if (!in->algorithm)
        return aws_fail(req, &s3_InvalidRequest,
                        "x-amz-sdk-checksum-algorithm specified, but no corresponding "
                        "x-amz-checksum-* or x-amz-trailer headers were found.");
    if (s3_checksum_by_name(name) != in->algorithm)
        return aws_fail(req, &s3_InvalidRequest,
                        "Value for x-amz-sdk-checksum-algorithm header is invalid.");
    return 0;
}

static bool is_number(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len < 19 && strspn(text, "0123456789") == len;
}

static int check_length(struct request *req)
{
    const char *length = request_header(req, "content-length");
    const char *decoded = request_header(req, "x-amz-decoded-content-length");
    const char *sha256 = request_header(req, "x-amz-content-sha256");
    bool chunked = sha256 && str_starts(sha256, "STREAMING-");

    if (chunked ? !decoded || !is_number(decoded)
                : !length && !request_header(req, "transfer-encoding"))
        return aws_fail(req, &s3_MissingContentLength,
                        "You must provide the Content-Length HTTP header.");
    if (decoded && chunked)
        length = decoded;
    if (length && is_number(length) && strtoll(length, NULL, 10) > BODY_MAX) {
        aws_fail(req, &s3_EntityTooLarge, "Your proposed upload exceeds the maximum allowed size");
        aws_fail_detail(req, "ProposedSize", length);
        aws_fail_detail(req, "MaxSizeAllowed", arena_printf(&req->arena, "%" PRId64, BODY_MAX));
        return -1;
    }
    return 0;
}

static int check_md5_header(struct request *req)
{
    const char *given = request_header(req, "content-md5");

    if (!given || s3_checksum_valid(S3_CHECKSUM_MD5, given))
        return 0;
    aws_fail(req, &s3_InvalidDigest, "The Content-MD5 you specified was invalid.");
    aws_fail_detail(req, "Content-MD5", given);
    return -1;
}

static int read_sha256(struct request *req, struct intake *in)
{
    const char *given = request_header(req, "x-amz-content-sha256");

    if (!given || str_eq(given, "UNSIGNED-PAYLOAD") || str_starts(given, "STREAMING-"))
        return 0;
    if (strlen(given) != SHA256_HEX || strspn(given, "0123456789abcdefABCDEF") != SHA256_HEX)
        return s3_fail_argument(req, "x-amz-content-sha256", given,
                                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, "
                                "STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
                                "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
                                "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 "
                                "value.");
    in->claimed_sha256 = given;
    return 0;
}

/* --- the pass --- */

static int push_digests(struct request *req, struct body_filter *filter, const void *data,
                        size_t len)
{
    struct intake *in = filter->context;

    in->size += (int64_t)len;
    if (in->md5)
        digest_update(in->md5, data, len);
    if (in->hasher)
        s3_hasher_update(in->hasher, data, len);
    if (in->kept_hasher)
        s3_hasher_update(in->kept_hasher, data, len);
    return body_emit(req, filter, data, len);
}

static int finish_nothing(struct request *req, struct body_filter *filter)
{
    (void)req, (void)filter;
    return 0;
}

static int push_sha256(struct request *req, struct body_filter *filter, const void *data,
                       size_t len)
{
    struct intake *in = filter->context;

    digest_update(in->sha256, data, len);
    return body_emit(req, filter, data, len);
}

static int finish_sha256(struct request *req, struct body_filter *filter)
{
    struct intake *in = filter->context;
    uint8_t digest[DIGEST_LEN_MAX];
    char *hex = arena_alloc(&req->arena, SHA256_HEX + 1);

    digest_end(TAKE(in->sha256), digest);
    hex_encode(digest, SHA256_LEN, hex);
    req->body_sha256 = hex;
    return 0;
}

static void free_digests(void *context)
{
    struct intake *in = context;

    if (in->md5)
        digest_end(in->md5, NULL);
    if (in->sha256)
        digest_end(in->sha256, NULL);
}

static void add_filters(struct request *req, struct intake *in)
{
    if (in->claimed_sha256) {
        in->sha256 = digest_begin(DIGEST_SHA256);
        in->sha256_filter =
            (struct body_filter){.push = push_sha256, .finish = finish_sha256, .context = in};
        body_add_filter(req, &in->sha256_filter);
    }
    in->md5 = digest_begin(DIGEST_MD5);
    if (in->algorithm)
        in->hasher = s3_hasher_new(&req->arena, in->algorithm);
    if (in->algorithm != in->kept)
        in->kept_hasher = s3_hasher_new(&req->arena, in->kept);
    in->filter =
        (struct body_filter){.push = push_digests, .finish = finish_nothing, .context = in};
    body_add_filter(req, &in->filter);
    arena_defer(&req->arena, free_digests, in);
}

/* Of an object: the client's, else AWS's default; of a part: that of its upload. */
static enum s3_checksum_algorithm kept_algorithm(struct request *req, const struct intake *in)
{
    const char *upload = is(req, S3_OP_UploadPart) ? request_query(req, "uploadId") : NULL;
    enum s3_checksum_algorithm algorithm;
    int64_t id;

    if (upload && s3_upload_read(upload, &id, &algorithm) && algorithm)
        return algorithm;
    return in->algorithm ? in->algorithm : S3_CHECKSUM_CRC64NVME;
}

/* --- the verdict --- */

static int check_md5(struct request *req, const uint8_t digest[MD5_LEN])
{
    const char *given = request_header(req, "content-md5");
    char made[BASE64_LEN(MD5_LEN) + 1];

    base64_encode(digest, MD5_LEN, made);
    if (!given || str_eq(given, made))
        return 0;
    aws_fail(req, &s3_BadDigest, "The Content-MD5 you specified did not match what we received.");
    aws_fail_detail(req, "ExpectedDigest", given);
    aws_fail_detail(req, "CalculatedDigest", arena_strdup(&req->arena, made));
    return -1;
}

static const char *trailer_value(const struct request *req, const char *name)
{
    for (size_t i = 0; i < req->trailer_count; i++)
        if (strcasecmp(req->trailers[i].name, name) == 0)
            return req->trailers[i].value;
    return NULL;
}

static int check_trailer(struct request *req, struct intake *in)
{
    if (!in->trailer && req->trailer_count == 0)
        return 0;
    if (in->trailer)
        in->given = trailer_value(req, in->trailer);
    if (!in->given || req->trailer_count != 1)
        return aws_fail(req, &s3_MalformedTrailerError,
                        "The request contained trailing data that was not well-formed or did not "
                        "conform to our published schema.");
    if (!s3_checksum_valid(in->algorithm, in->given))
        return aws_fail(req, &s3_InvalidRequest, "Value for %s trailing header is invalid.",
                        in->trailer);
    return 0;
}

static int check_checksum(struct request *req, const struct intake *in, const char *made)
{
    if (!in->given)
        return 0;
    assert(made); /* a value is given for an algorithm, and then one is computed */
    if (str_eq(in->given, made))
        return 0;
    return aws_fail(req, &s3_BadDigest,
                    "The %s you specified did not match the calculated checksum.",
                    s3_checksum_name(in->algorithm));
}

static int check_sha256(struct request *req, const struct intake *in)
{
    if (!in->claimed_sha256 || strcasecmp(in->claimed_sha256, req->body_sha256) == 0)
        return 0;
    aws_fail(req, &s3_XAmzContentSHA256Mismatch,
             "The provided 'x-amz-content-sha256' header does not match what was computed.");
    aws_fail_detail(req, "ClientComputedContentSHA256", in->claimed_sha256);
    aws_fail_detail(req, "S3ComputedContentSHA256", req->body_sha256);
    return -1;
}

int s3_intake_end(struct request *req, struct s3_content *out)
{
    struct intake *in = req->intake;
    uint8_t digest[DIGEST_LEN_MAX];

    digest_end(TAKE(in->md5), digest);
    if (check_trailer(req, in))
        return -1;
    *out = (struct s3_content){
        .size = in->size,
        .memory = req->body,
        .fd = body_file(req),
        .algorithm = in->kept,
        .given_algorithm = in->given ? in->algorithm : S3_CHECKSUM_NONE,
        .given_checksum = in->given,
        .head = in->head,
    };
    hex_encode(digest, MD5_LEN, out->md5);
    out->checksum = in->hasher ? s3_hasher_end(in->hasher) : NULL;
    if (check_sha256(req, in) || check_md5(req, digest) || check_checksum(req, in, out->checksum))
        return -1;
    if (in->kept_hasher)
        out->checksum = s3_hasher_end(in->kept_hasher);
    return 0;
}

/* --- documents --- */

/* The wrong document is not even parsed. */
static int finish_document(struct request *req, struct body_filter *filter)
{
    struct intake *in = filter->context;
    uint8_t digest[DIGEST_LEN_MAX];

    if (check_trailer(req, in))
        return -1;
    if (in->md5) {
        digest_end(TAKE(in->md5), digest);
        if (check_md5(req, digest))
            return -1;
    }
    return in->hasher ? check_checksum(req, in, s3_hasher_end(in->hasher)) : 0;
}

static bool takes_document(const struct request *req)
{
    const struct model *m = req->service->model;
    const struct shape *input;

    if (!req->operation->input)
        return false;
    input = &m->shapes[req->operation->input - 1];
    for (uint32_t i = 0; i < input->member_count; i++) {
        const struct member *member = &m->members[input->first_member + i];

        if (member->location == IN_PAYLOAD || member->location == IN_BODY)
            return true;
    }
    return false;
}

bool s3_document_is_digested(const struct request *req)
{
    for (size_t i = 0; i < req->header_count; i++)
        if (s3_checksum_by_header(req->headers[i].name))
            return true;
    return request_header(req, "content-md5") || request_header(req, "x-amz-trailer");
}

static int begin_document(struct request *req)
{
    struct intake *in;

    req->body_max = OTHER_BODY_MAX;
    if (!takes_document(req))
        return 0;
    in = ARENA_NEW(&req->arena, struct intake);
    /* AWS: what CompleteMultipartUpload says in x-amz-checksum-... is said of the object. */
    if (!is(req, S3_OP_CompleteMultipartUpload) &&
        (read_checksum_header(req, in) || read_trailer_header(req, in) ||
         read_algorithm_header(req, in)))
        return -1;
    if (check_md5_header(req))
        return -1;
    if (request_header(req, "content-md5"))
        in->md5 = digest_begin(DIGEST_MD5);
    if (in->algorithm)
        in->hasher = s3_hasher_new(&req->arena, in->algorithm);
    if (!in->md5 && !in->hasher)
        return 0;
    in->filter =
        (struct body_filter){.push = push_digests, .finish = finish_document, .context = in};
    body_add_filter(req, &in->filter);
    arena_defer(&req->arena, free_digests, in);
    return 0;
}

static int begin_object(struct request *req)
{
    struct intake *in = ARENA_NEW(&req->arena, struct intake);

    if (check_length(req) || read_checksum_header(req, in) || read_trailer_header(req, in) ||
        read_algorithm_header(req, in) || check_md5_header(req) || read_sha256(req, in))
        return -1;
    in->kept = kept_algorithm(req, in);
    req->body_max = (size_t)BODY_MAX;
    req->body_in_memory = IN_MEMORY;
    req->body_stays_file = true;
    req->intake = in;
    add_filters(req, in);
    return s3_customer_key_begin(req, &in->head);
}

int s3_intake_begin(struct request *req)
{
    bool object = is(req, S3_OP_PutObject) || is(req, S3_OP_UploadPart);

    return object ? begin_object(req) : begin_document(req);
}

void s3_content_of(struct arena *a, struct bytes body, enum s3_checksum_algorithm algorithm,
                   struct s3_content *out)
{
    struct s3_hasher *hasher = s3_hasher_new(a, algorithm);
    uint8_t digest[MD5_LEN];

    md5(body.data, body.len, digest);
    s3_hasher_update(hasher, body.data, body.len);
    *out = (struct s3_content){
        .size = (int64_t)body.len,
        .memory = body,
        .fd = -1,
        .algorithm = algorithm,
        .checksum = s3_hasher_end(hasher),
    };
    hex_encode(digest, MD5_LEN, out->md5);
}
