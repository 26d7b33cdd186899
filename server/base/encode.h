/* Hex, base64 and percent encoding. Decoders refuse what is not exactly right and never read past
 * len. */
#ifndef CADABRA_ENCODE_H
#define CADABRA_ENCODE_H

#include "server/base/arena.h"

/* out holds 2 * len + 1 bytes; lower case, NUL-terminated. */
void hex_encode(const void *data, size_t len, char *out);
/* out holds len / 2 bytes. False on an odd length or a character that is no hex digit (either
 * case). */
bool hex_decode(const char *text, size_t len, uint8_t *out);

#define BASE64_LEN(n) (((n) + 2) / 3 * 4)
/* out holds BASE64_LEN(len) + 1 bytes; NUL-terminated, padded. */
void base64_encode(const void *data, size_t len, char *out);
/* out holds at least len / 4 * 3 bytes. Standard alphabet, padding required, no white space, as AWS
 * demands; out_len is written on success only. */
bool base64_decode(const char *text, size_t len, uint8_t *out, size_t *out_len);

/* RFC 3986: everything but unreserved characters becomes %XX (upper case); '/' stays when
 * keep_slash. */
char *url_encode(struct arena *a, const char *text, size_t len, bool keep_slash);
/* Decodes %XX, and '+' to a blank when plus_is_space. NULL on a broken escape. NUL-terminated;
 * out_len (may be NULL) tells the length, since %00 is a legal byte. */
char *url_decode(struct arena *a, const char *text, size_t len, bool plus_is_space,
                 size_t *out_len);

#endif
