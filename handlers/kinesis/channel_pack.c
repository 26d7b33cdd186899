/*
 * zstd is loaded when it is first needed (server/base/library.h). The three functions of it that
 * are used have been the same since its version 1.0, so they are declared here and building needs
 * no header of it.
 */
#include "handlers/kinesis/channel_pack.h"

#include "server/base/library.h"

#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16, GZIP_MEMORY = 8, ZSTD_LEVEL = 3 /* zstd's default */ };

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

/* The packed bytes take the place of the others; what may come into the buffer stays the same. */
static void replace(struct strbuf *body, struct strbuf *packed, size_t len)
{
    packed->len = len;
    packed->max = body->max;
    strbuf_release(body);
    *body = *packed;
}

static void gzip(struct strbuf *body)
{
    z_stream z = {0};

    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        abort(); /* no memory */
    struct strbuf packed = STRBUF_INIT(deflateBound(&z, body->len) + 1);
    strbuf_reserve(&packed, deflateBound(&z, body->len));
    z.next_in = (Bytef *)body->data;
    z.avail_in = (uInt)body->len;
    z.next_out = (Bytef *)packed.data;
    z.avail_out = (uInt)packed.capacity;
    deflate(&z, Z_FINISH);
    replace(body, &packed, z.total_out);
    deflateEnd(&z);
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
    replace(body, &packed, len);
    return true;
}

bool channel_pack(const char *type, struct strbuf *body)
{
    if (str_eq(type, "GZIP"))
        gzip(body);
    return !str_eq(type, "ZSTD") || zstd(body);
}
