/*
 * The gzip filter of body.h: zlib's inflate in a small window on the stack, so that no more of a
 * bomb is unpacked than body_max lets through.
 */
#include "server/net/request.h"

#include <zlib.h>

enum { GZIP_ONLY = 16 + MAX_WBITS, PIECE = 16 * 1024 };

struct gunzip {
    struct body_filter filter; /* first */
    z_stream z;
    bool inside; /* a member has begun and not ended */
};

static void end(void *context)
{
    inflateEnd(context);
}

static int gunzip_push(struct request *req, struct body_filter *filter, const void *data,
                       size_t len)
{
    struct gunzip *g = (struct gunzip *)filter;
    uint8_t piece[PIECE];

    while (len > 0) {
        uInt in = (uInt)MIN(len, (size_t)UINT32_MAX);
        int rc;

        g->inside = true;
        g->z.next_in = (Bytef *)data;
        g->z.avail_in = in;
        do {
            g->z.next_out = piece;
            g->z.avail_out = sizeof(piece);
            rc = inflate(&g->z, Z_NO_FLUSH);
            if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) {
                req->body_state = BODY_MALFORMED;
                return -1;
            }
            if (body_emit(req, filter, piece, sizeof(piece) - g->z.avail_out) < 0)
                return -1;
        } while (rc != Z_STREAM_END && (g->z.avail_in > 0 || g->z.avail_out == 0));
        if (rc == Z_STREAM_END) {
            g->inside = false;
            inflateReset(&g->z);
        }
        data = (const uint8_t *)data + (in - g->z.avail_in);
        len -= in - g->z.avail_in;
    }
    return 0;
}

static int gunzip_finish(struct request *req, struct body_filter *filter)
{
    if (!((struct gunzip *)filter)->inside)
        return 0;
    req->body_state = BODY_MALFORMED;
    return -1;
}

void body_add_gunzip(struct request *req)
{
    struct gunzip *g = ARENA_NEW(&req->arena, struct gunzip);

    g->filter.push = gunzip_push;
    g->filter.finish = gunzip_finish;
    if (inflateInit2(&g->z, GZIP_ONLY) != Z_OK)
        abort(); /* it has no other reason than memory */
    arena_defer(&req->arena, end, &g->z);
    body_add_filter(req, &g->filter);
}
