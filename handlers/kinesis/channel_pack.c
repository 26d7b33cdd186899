/*
 * zstd is loaded when it is first needed (server/base/library.h). The three functions of it that
 * are used have been the same since its version 1.0, so they are declared here and building needs
 * no header of it.
 */
#include "handlers/kinesis/channel_pack.h"

#include "handlers/common/gzip.h"
#include "server/base/library.h"

enum { ZSTD_LEVEL = 3 /* its default */ };

struct zstd {
    size_t (*bound)(size_t len);
    size_t (*compress)(void *out, size_t room, const void *data, size_t len, int level);
    unsigned (*is_error)(size_t code);
};

static bool load_zstd(struct zstd *out)
{
    const struct library_symbol symbols[] = {
        {"ZSTD_compressBound", &out->bound},
        {"ZSTD_compress", &out->compress},
        {"ZSTD_isError", &out->is_error},
    };

    return library_load("libzstd.so.1", symbols, ARRAY_LEN(symbols));
}

const char *channel_pack_extension(const char *type)
{
    if (str_eq(type, "GZIP"))
        return ".gz";
    return str_eq(type, "ZSTD") ? ".zst" : "";
}

const char *channel_pack_encoding(const char *type)
{
    if (str_eq(type, "GZIP"))
        return "gzip";
    return str_eq(type, "ZSTD") ? "zstd" : NULL;
}

bool channel_pack_ready(const char *type)
{
    struct zstd zstd;

    return !str_eq(type, "ZSTD") || load_zstd(&zstd);
}

static bool zstd(struct strbuf *body)
{
    struct zstd zstd;
    size_t len;

    if (!load_zstd(&zstd))
        return false;
    struct strbuf packed = STRBUF_INIT(zstd.bound(body->len) + 1);
    strbuf_reserve(&packed, zstd.bound(body->len));
    len = zstd.compress(packed.data, packed.capacity, body->data, body->len, ZSTD_LEVEL);
    if (zstd.is_error(len))
        abort(); /* the room suffices: it says so itself */
    packed.len = len;
    packed.max = body->max;
    strbuf_release(body);
    *body = packed;
    return true;
}

bool channel_pack(const char *type, struct strbuf *body)
{
    if (str_eq(type, "GZIP"))
        gzip_strbuf(body);
    return !str_eq(type, "ZSTD") || zstd(body);
}
