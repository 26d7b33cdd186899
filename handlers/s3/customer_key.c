#include "handlers/s3/customer_key.h"

#include "server/base/digest.h"
#include "server/base/encode.h"
#include "server/base/log.h"

#include <openssl/evp.h>

enum { BLOCK = 16, PIECE = 16 * 1024 };

/* --- headers --- */

#define INVALID_KEY "The secret key was invalid for the specified algorithm."

static int fail_header(struct request *req, const char *name, const char *value, const char *text)
{
    return s3_fail_argument(req, name, value, text);
}

static int check_key(struct request *req, const char *key, const char *md5_text, const char *prefix,
                     struct s3_customer_key *out)
{
    uint8_t decoded[64], digest[MD5_LEN];
    char made[BASE64_LEN(MD5_LEN) + 1];
    size_t len;

    if (strlen(key) != BASE64_LEN(S3_KEY_LEN) || !base64_decode(key, strlen(key), decoded, &len) ||
        len != S3_KEY_LEN)
        return fail_header(req, arena_printf(&req->arena, "%s-key", prefix), NULL, INVALID_KEY);
    md5(decoded, len, digest);
    base64_encode(digest, sizeof(digest), made);
    if (!str_eq(made, md5_text))
        return fail_header(req, arena_printf(&req->arena, "%s-key-MD5", prefix), md5_text,
                           "The calculated MD5 hash of the key did not match the hash that was "
                           "provided.");
    memcpy(out->key, decoded, S3_KEY_LEN);
    out->md5 = md5_text;
    out->given = true;
    return 0;
}

int s3_customer_key_read(struct request *req, bool of_copy_source, struct s3_customer_key *out)
{
    const char *prefix = of_copy_source ? "x-amz-copy-source-server-side-encryption-customer"
                                        : "x-amz-server-side-encryption-customer";
    const char *algorithm = request_header(req, arena_printf(&req->arena, "%s-algorithm", prefix));
    const char *key = request_header(req, arena_printf(&req->arena, "%s-key", prefix));
    const char *md5_text = request_header(req, arena_printf(&req->arena, "%s-key-MD5", prefix));

    *out = (struct s3_customer_key){0};
    if (!algorithm && !key && !md5_text)
        return 0;
    if (!algorithm)
        return fail_header(req, arena_printf(&req->arena, "%s-algorithm", prefix), NULL,
                           "Requests specifying Server Side Encryption with Customer provided keys "
                           "must provide a valid encryption algorithm.");
    if (!str_eq(algorithm, "AES256")) {
        aws_fail(req, &s3_InvalidEncryptionAlgorithmError,
                 "The Encryption request you specified is not valid. Supported value: AES256.");
        aws_fail_detail(req, "ArgumentName", arena_printf(&req->arena, "%s-algorithm", prefix));
        aws_fail_detail(req, "ArgumentValue", algorithm);
        return -1;
    }
    if (!key)
        return fail_header(req, arena_printf(&req->arena, "%s-key", prefix), NULL,
                           "Requests specifying Server Side Encryption with Customer provided keys "
                           "must provide an appropriate secret key.");
    if (!md5_text)
        return fail_header(req, arena_printf(&req->arena, "%s-key-MD5", prefix), NULL,
                           "Requests specifying Server Side Encryption with Customer provided keys "
                           "must provide the client calculated MD5 of the secret key.");
    return check_key(req, key, md5_text, prefix, out);
}

int s3_customer_key_check(struct request *req, const struct s3_customer_key *key,
                          const struct s3_pairs *head)
{
    const char *stored = s3_pairs_find(head, S3_HEAD_SSE_C_MD5);

    if (!stored && !key->given)
        return 0;
    if (!stored)
        return aws_fail(req, &s3_InvalidRequest,
                        "The encryption parameters are not applicable to this object.");
    if (!key->given)
        return aws_fail(req, &s3_InvalidRequest,
                        "The object was stored using a form of Server Side Encryption. The correct "
                        "parameters must be provided to retrieve the object.");
    if (!str_eq(stored, key->md5))
        return aws_fail(req, &s3_AccessDenied,
                        "Requests specifying Server Side Encryption with Customer provided keys "
                        "must provide the correct secret key.");
    return 0;
}

void s3_customer_key_head(struct arena *a, const struct s3_customer_key *key,
                          uint8_t out_counter[S3_COUNTER_LEN], struct s3_pairs *head)
{
    char *hex = arena_alloc(a, 2 * S3_COUNTER_LEN + 1);
    struct s3_pair *pairs = ARENA_ARRAY(a, struct s3_pair, 3);

    random_bytes(out_counter, S3_COUNTER_LEN);
    hex_encode(out_counter, S3_COUNTER_LEN, hex);
    pairs[0] = (struct s3_pair){S3_HEAD_SSE_C, "AES256"};
    pairs[1] = (struct s3_pair){S3_HEAD_SSE_C_MD5, key->md5};
    pairs[2] = (struct s3_pair){S3_HEAD_COUNTER, hex};
    *head = (struct s3_pairs){.items = pairs, .count = 3};
}

bool s3_counter_read(const struct s3_pairs *head, uint8_t out[S3_COUNTER_LEN])
{
    const char *hex = s3_pairs_find(head, S3_HEAD_COUNTER);

    return hex && strlen(hex) == 2 * S3_COUNTER_LEN && hex_decode(hex, strlen(hex), out);
}

/* --- the cipher --- */

struct s3_cipher {
    EVP_CIPHER_CTX *context;
    uint8_t key[S3_KEY_LEN];
    uint8_t counter[S3_COUNTER_LEN];
    int64_t offset; /* where the context stands */
};

static void free_cipher(void *context)
{
    struct s3_cipher *c = context;

    EVP_CIPHER_CTX_free(c->context);
    explicit_bzero(c->key, sizeof(c->key));
}

/* The counter is a number of 128 bits, highest byte first. */
static void move_to(struct s3_cipher *c, int64_t offset)
{
    uint8_t counter[S3_COUNTER_LEN], skipped[BLOCK] = {0};
    uint64_t carry = (uint64_t)(offset / BLOCK);
    int n;

    memcpy(counter, c->counter, sizeof(counter));
    for (int i = S3_COUNTER_LEN - 1; i >= 0 && carry; i--) {
        carry += counter[i];
        counter[i] = (uint8_t)carry;
        carry >>= 8;
    }
    if (EVP_EncryptInit_ex(c->context, EVP_aes_256_ctr(), NULL, c->key, counter) != 1 ||
        EVP_EncryptUpdate(c->context, skipped, &n, skipped, (int)(offset % BLOCK)) != 1)
        abort(); /* no memory */
    c->offset = offset;
}

struct s3_cipher *s3_cipher_new(struct arena *a, const uint8_t key[S3_KEY_LEN],
                                const uint8_t counter[S3_COUNTER_LEN])
{
    struct s3_cipher *c = ARENA_NEW(a, struct s3_cipher);

    c->context = EVP_CIPHER_CTX_new();
    if (!c->context)
        abort();
    memcpy(c->key, key, S3_KEY_LEN);
    memcpy(c->counter, counter, S3_COUNTER_LEN);
    arena_defer(a, free_cipher, c);
    move_to(c, 0);
    return c;
}

void s3_cipher_run(struct s3_cipher *c, int64_t offset, const void *in, void *out, size_t len)
{
    const uint8_t *from = in;
    uint8_t *to = out;

    if (offset != c->offset)
        move_to(c, offset);
    c->offset += (int64_t)len;
    while (len > 0) {
        int n, piece = (int)MIN(len, (size_t)1 << 30);

        if (EVP_EncryptUpdate(c->context, to, &n, from, piece) != 1)
            abort();
        from += piece;
        to += piece;
        len -= (size_t)piece;
    }
}

/* --- the filter --- */

struct encryption {
    struct body_filter filter;
    struct s3_cipher *cipher;
    int64_t offset;
};

static int push_encrypted(struct request *req, struct body_filter *filter, const void *data,
                          size_t len)
{
    struct encryption *e = filter->context;
    const uint8_t *next = data;
    uint8_t piece[PIECE];

    while (len > 0) {
        size_t n = MIN(len, sizeof(piece));

        s3_cipher_run(e->cipher, e->offset, next, piece, n);
        if (body_emit(req, filter, piece, n))
            return -1;
        e->offset += (int64_t)n;
        next += n;
        len -= n;
    }
    return 0;
}

static int finish_encrypted(struct request *req, struct body_filter *filter)
{
    (void)req, (void)filter;
    return 0;
}

int s3_customer_key_begin(struct request *req, struct s3_pairs *head)
{
    struct s3_customer_key key;
    uint8_t counter[S3_COUNTER_LEN];
    struct encryption *e;

    if (s3_customer_key_read(req, false, &key))
        return -1;
    if (!key.given)
        return 0;
    s3_customer_key_head(&req->arena, &key, counter, head);
    e = ARENA_NEW(&req->arena, struct encryption);
    e->cipher = s3_cipher_new(&req->arena, key.key, counter);
    e->filter =
        (struct body_filter){.push = push_encrypted, .finish = finish_encrypted, .context = e};
    body_add_filter(req, &e->filter);
    return 0;
}
