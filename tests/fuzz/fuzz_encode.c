/* Decoders of small encodings: what they accept must come back from the encoders. */
#include "server/base/clock.h"
#include "server/base/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
    if (!condition)
        abort();
}

static void try_base64(const char *text, size_t len)
{
    AUTO_FREE uint8_t *bytes = x_malloc(len / 4 * 3);
    AUTO_FREE uint8_t *again = x_malloc(len / 4 * 3);
    AUTO_FREE char *encoded = x_malloc(BASE64_LEN(len) + 1);
    size_t bytes_len, again_len = 0;

    if (!base64_decode(text, len, bytes, &bytes_len))
        return;
    base64_encode(bytes, bytes_len, encoded);
    check(strlen(encoded) == len && base64_decode(encoded, len, again, &again_len));
    check(again_len == bytes_len && memcmp(again, bytes, bytes_len) == 0);
}

static void try_hex(const char *text, size_t len)
{
    AUTO_FREE uint8_t *bytes = x_malloc(len / 2);
    AUTO_FREE char *encoded = x_malloc(len + 1);

    if (hex_decode(text, len, bytes)) {
        hex_encode(bytes, len / 2, encoded);
        check(strncasecmp(encoded, text, len) == 0);
    }
}

static void try_url(const char *text, size_t len)
{
    struct arena a;
    size_t decoded_len, again_len = 0;
    char *decoded, *encoded, *again;

    arena_init(&a);
    decoded = url_decode(&a, text, len, false, &decoded_len);
    if (decoded) {
        encoded = url_encode(&a, decoded, decoded_len, true);
        again = url_decode(&a, encoded, strlen(encoded), true, &again_len);
        check(again && again_len == decoded_len && memcmp(again, decoded, decoded_len) == 0);
    }
    arena_release(&a);
}

static void try_times(const char *text)
{
    char written[TIME_TEXT_MAX];
    int64_t ms, again = 0;

    if (time_parse_iso8601(text, &ms)) {
        time_iso8601(ms, true, written);
        check(written[4] != '-' || written[0] == '-' || /* an offset may lead out of four digits */
              (time_parse_iso8601(written, &again) && again == ms));
    }
    if (time_parse_http(text, &ms)) {
        time_http(ms, written);
        check(time_parse_http(written, &again) && ms - again < 1000);
    }
    if (time_parse_basic(text, &ms)) {
        time_basic(ms, written);
        check(time_parse_basic(written, &again) && again == ms);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = x_malloc(size + 1);

    memcpy(text, data, size);
    text[size] = '\0';
    try_base64(text, size);
    try_hex(text, size);
    try_url(text, size);
    try_times(text);
    return 0;
}
