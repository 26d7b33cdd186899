#include "handlers/common/gzip.h"

#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8 };

void gzip_strbuf(struct strbuf *body)
{
    z_stream z = {0};

    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        abort(); /* no memory */
    size_t room = deflateBound(&z, body->len);
    struct strbuf packed = STRBUF_INIT(room);
    strbuf_reserve(&packed, room);
    z.next_in = (Bytef *)body->data;
    z.avail_in = (uInt)body->len;
    z.next_out = (Bytef *)packed.data;
    z.avail_out = (uInt)room;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort(); /* the room suffices: it says so itself */
    packed.len = z.total_out;
    packed.max = body->max;
    deflateEnd(&z);
    strbuf_release(body);
    *body = packed;
}
