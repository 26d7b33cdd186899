/*
 * A token is base64url of: 8 bytes of SHA256(kind NUL position), then the position. The sum is no
 * secret; it tells tokens of different lists apart and catches what was cut off, which is all that
 * a local server needs.
 */
#include "handlers/common/page_token.h"

#include "server/base/digest.h"
#include "server/base/encode.h"

enum { SUM_LEN = 8, TOKEN_MAX = BASE64_LEN(SUM_LEN + PAGE_POSITION_MAX) };

static void sum_of(const char *kind, const char *position, size_t position_len,
                   uint8_t out[SUM_LEN])
{
    uint8_t digest[SHA256_LEN];
    struct sha256_stream *s = sha256_begin();

    sha256_update(s, kind, strlen(kind) + 1);
    sha256_update(s, position, position_len);
    sha256_end(s, digest);
    memcpy(out, digest, SUM_LEN);
}

char *page_token_make(struct arena *a, const char *kind, const char *position)
{
    size_t len = strnlen(position, PAGE_POSITION_MAX);
    uint8_t *raw = arena_alloc(a, SUM_LEN + len);
    char *token = arena_alloc(a, BASE64_LEN(SUM_LEN + len) + 1);

    sum_of(kind, position, len, raw);
    memcpy(raw + SUM_LEN, position, len);
    base64_encode(raw, SUM_LEN + len, token);
    for (char *p = token; *p; p++) {
        if (*p == '+')
            *p = '-';
        else if (*p == '/')
            *p = '_';
        else if (*p == '=')
            *p = '\0';
        if (!*p)
            break;
    }
    return token;
}

char *page_token_read(struct arena *a, const char *kind, const char *token)
{
    size_t len = strlen(token);
    size_t padded_len = (len + 3) / 4 * 4;
    size_t raw_len;
    char *padded;
    uint8_t *raw;
    uint8_t sum[SUM_LEN];

    if (len == 0 || len > TOKEN_MAX)
        return NULL;
    padded = arena_alloc(a, padded_len + 1);
    for (size_t i = 0; i < padded_len; i++)
        padded[i] = i >= len ? '=' : token[i] == '-' ? '+' : token[i] == '_' ? '/' : token[i];
    raw = arena_alloc(a, padded_len / 4 * 3);
    if (!base64_decode(padded, padded_len, raw, &raw_len) || raw_len < SUM_LEN)
        return NULL;
    sum_of(kind, (const char *)raw + SUM_LEN, raw_len - SUM_LEN, sum);
    if (memcmp(sum, raw, SUM_LEN) != 0)
        return NULL;
    return arena_strndup(a, (const char *)raw + SUM_LEN, raw_len - SUM_LEN);
}
