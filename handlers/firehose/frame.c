/* A frame: length of the data (4 bytes), length of the meta data (2), arrival (8), data, meta data.
 * In the byte order of the machine: a data directory stays on its machine. */
#include "handlers/firehose/frame.h"
#include "server/base/room.h"

enum { HEAD = 14, CHUNK_AIM = 64 * 1024, META_MAX = UINT16_MAX };

struct frame_reader frames_of(struct bytes chunk)
{
    return (struct frame_reader){chunk.data, chunk.data + chunk.len};
}

bool frame_next(struct frame_reader *r, struct frame *out)
{
    uint32_t data_len;
    uint16_t meta_len;

    if ((size_t)(r->end - r->next) < HEAD)
        return false;
    memcpy(&data_len, r->next, 4);
    memcpy(&meta_len, r->next + 4, 2);
    if ((size_t)(r->end - r->next) - HEAD < (size_t)data_len + meta_len)
        return false;
    memcpy(&out->at_ms, r->next + 6, 8);
    out->data = (struct bytes){r->next + HEAD, data_len};
    out->meta = (struct bytes){r->next + HEAD + data_len, meta_len};
    r->next += HEAD + data_len + meta_len;
    return true;
}

void chunker_init(struct chunker *c, struct arena *a)
{
    *c = (struct chunker){.arena = a, .open = STRBUF_INIT(FIREHOSE_TEXT_MAX)};
}

static void end_chunk(struct chunker *c)
{
    if (c->open_records == 0)
        return;
    c->chunks = room_for_one(c->arena, c->chunks, c->count, &c->capacity, sizeof(*c->chunks));
    c->chunks[c->count++] = (struct firehose_chunk){
        .data = {arena_memdup(c->arena, c->open.data, c->open.len), c->open.len},
        .records = c->open_records,
        .bytes = c->open_bytes,
        .oldest_ms = c->open_oldest_ms,
    };
    strbuf_clear(&c->open);
    c->open_records = c->open_bytes = 0;
}

void chunker_add(struct chunker *c, const struct frame *f)
{
    uint32_t data_len = (uint32_t)f->data.len;
    uint16_t meta_len = (uint16_t)MIN(f->meta.len, (size_t)META_MAX);
    uint8_t head[HEAD];

    if (c->open_records && c->open.len + HEAD + data_len + meta_len > CHUNK_AIM)
        end_chunk(c);
    memcpy(head, &data_len, 4);
    memcpy(head + 4, &meta_len, 2);
    memcpy(head + 6, &f->at_ms, 8);
    strbuf_add(&c->open, head, HEAD);
    strbuf_add(&c->open, f->data.data, data_len);
    strbuf_add(&c->open, f->meta.data, meta_len);
    c->open_oldest_ms = c->open_records ? MIN(c->open_oldest_ms, f->at_ms) : f->at_ms;
    c->open_records++;
    c->open_bytes += data_len;
}

void chunker_finish(struct chunker *c)
{
    end_chunk(c);
    strbuf_release(&c->open);
}
