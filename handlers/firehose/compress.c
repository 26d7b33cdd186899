#include "handlers/firehose/compress.h"

#include "server/base/library.h"

#include <snappy-c.h>
#include <zlib.h>

enum {
    PIECE = 64 * 1024,
    JAVA_BLOCK = 32 * 1024,    /* snappy-java's own */
    HADOOP_BLOCK = 256 * 1024, /* io.compression.codec.snappy.buffersize */
    GZIP_WINDOW = 15 + 16,
    RAW_WINDOW = -15,
    ZIP_VERSION = 20,
    ZIP_FLAGS = 0x0808, /* sizes follow the data; the name is UTF-8 */
    ZIP_DEFLATE = 8,
    ZIP_DATE = 0x0021, /* 1980-01-01: objects of the same records are the same */
};

enum format { PLAIN, GZIP, ZIP, SNAPPY, HADOOP_SNAPPY };

struct snappy_library {
    __typeof__(snappy_compress) *compress;
    __typeof__(snappy_max_compressed_length) *max_compressed_length;
};

struct compressor {
    enum format format;
    struct spool *out;
    z_stream deflate;
    char *entry_name;
    uint32_t crc;
    int64_t in_size;
    int64_t data_start; /* of the ZIP entry's bytes in the spool */
    struct snappy_library snappy;
    struct strbuf block; /* what waits to fill a block of snappy */
    size_t block_size;
};

static enum format format_of(const char *name)
{
    static const char *const names[] = {"UNCOMPRESSED", "GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq(name, names[i]))
            return (enum format)i;
    return PLAIN;
}

const char *compression_extension(const char *format)
{
    /* AWS: the table of its guide has .hsnappy for the last; what is delivered ends in .snappy. */
    static const char *const extensions[] = {"", ".gz", ".zip", ".snappy", ".snappy"};

    return extensions[format_of(format)];
}

const char *compression_encoding(const char *format)
{
    static const char *const encodings[] = {NULL, "gzip", "zip", "snappy-java", "hadoop-snappy"};

    return encodings[format_of(format)];
}

/* --- numbers --- */

static void add_le(struct spool *out, uint32_t value, size_t bytes)
{
    uint8_t b[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                    (uint8_t)(value >> 24)};

    spool_add(out, b, bytes);
}

static void add_be32(struct spool *out, uint32_t value)
{
    uint8_t b[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                    (uint8_t)value};

    spool_add(out, b, sizeof(b));
}

/* --- deflate --- */

static void deflate_all(struct compressor *c, const void *data, size_t len, int flush)
{
    uint8_t piece[PIECE / 4];
    int rc;

    c->deflate.next_in = (Bytef *)(uintptr_t)data;
    c->deflate.avail_in = (uInt)len;
    do {
        c->deflate.next_out = piece;
        c->deflate.avail_out = sizeof(piece);
        rc = deflate(&c->deflate, flush);
        spool_add(c->out, piece, sizeof(piece) - c->deflate.avail_out);
    } while (rc == Z_OK && c->deflate.avail_out == 0);
}

static void begin_deflate(struct compressor *c, int window)
{
    if (deflateInit2(&c->deflate, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        abort(); /* no memory */
}

/* --- ZIP --- */

/* What the local header and the central directory have in common. */
static void zip_head(struct compressor *c, uint32_t crc, uint32_t packed, uint32_t size)
{
    add_le(c->out, ZIP_VERSION, 2);
    add_le(c->out, ZIP_FLAGS, 2);
    add_le(c->out, ZIP_DEFLATE, 2);
    add_le(c->out, 0, 2);
    add_le(c->out, ZIP_DATE, 2);
    add_le(c->out, crc, 4);
    add_le(c->out, packed, 4);
    add_le(c->out, size, 4);
    add_le(c->out, (uint32_t)strlen(c->entry_name), 2);
    add_le(c->out, 0, 2);
}

static void begin_zip(struct compressor *c)
{
    add_le(c->out, 0x04034b50, 4);
    zip_head(c, 0, 0, 0);
    spool_add(c->out, c->entry_name, strlen(c->entry_name));
    c->data_start = c->out->size;
    begin_deflate(c, RAW_WINDOW);
}

static void end_zip(struct compressor *c)
{
    uint32_t packed = (uint32_t)(c->out->size - c->data_start);
    uint32_t directory;

    add_le(c->out, 0x08074b50, 4);
    add_le(c->out, c->crc, 4);
    add_le(c->out, packed, 4);
    add_le(c->out, (uint32_t)c->in_size, 4);
    directory = (uint32_t)c->out->size;
    add_le(c->out, 0x02014b50, 4);
    add_le(c->out, ZIP_VERSION, 2);
    zip_head(c, c->crc, packed, (uint32_t)c->in_size);
    add_le(c->out, 0, 4); /* comment, disk */
    add_le(c->out, 0, 2);
    add_le(c->out, 0, 4);
    add_le(c->out, 0, 4); /* offset of the local header */
    spool_add(c->out, c->entry_name, strlen(c->entry_name));
    uint32_t length = (uint32_t)c->out->size - directory;
    add_le(c->out, 0x06054b50, 4);
    add_le(c->out, 0, 4);
    add_le(c->out, 1, 2);
    add_le(c->out, 1, 2);
    add_le(c->out, length, 4);
    add_le(c->out, directory, 4);
    add_le(c->out, 0, 2);
}

/* --- snappy --- */

static void end_block(struct compressor *c)
{
    size_t packed_len = c->snappy.max_compressed_length(c->block.len);
    AUTO_FREE char *packed = x_malloc(packed_len);

    if (c->block.len == 0)
        return;
    if (c->snappy.compress(c->block.data, c->block.len, packed, &packed_len) != SNAPPY_OK)
        abort(); /* the room suffices: it says so itself */
    if (c->format == HADOOP_SNAPPY)
        add_be32(c->out, (uint32_t)c->block.len);
    add_be32(c->out, (uint32_t)packed_len);
    spool_add(c->out, packed, packed_len);
    strbuf_clear(&c->block);
}

static void add_to_blocks(struct compressor *c, const char *data, size_t len)
{
    while (len > 0) {
        size_t n = MIN(len, c->block_size - c->block.len);

        strbuf_add(&c->block, data, n);
        data += n;
        len -= n;
        if (c->block.len == c->block_size)
            end_block(c);
    }
}

static bool begin_snappy(struct compressor *c)
{
    const struct library_symbol symbols[] = {
        {"snappy_compress", &c->snappy.compress},
        {"snappy_max_compressed_length", &c->snappy.max_compressed_length},
    };

    if (!library_load("libsnappy.so.1", symbols, ARRAY_LEN(symbols)))
        return false;
    c->block_size = c->format == SNAPPY ? JAVA_BLOCK : HADOOP_BLOCK;
    strbuf_init(&c->block, c->block_size);
    if (c->format == SNAPPY) {
        spool_add(c->out, "\x82SNAPPY\0", 8);
        add_be32(c->out, 1); /* version */
        add_be32(c->out, 1); /* the oldest that can read it */
    }
    return true;
}

/* --- all of them --- */

struct compressor *compressor_new(const char *format, const char *entry_name, struct spool *out)
{
    struct compressor *c = x_calloc(1, sizeof(*c));

    c->format = format_of(format);
    c->out = out;
    c->entry_name = x_strdup(entry_name);
    if (c->format == GZIP) {
        begin_deflate(c, GZIP_WINDOW);
    } else if (c->format == ZIP) {
        begin_zip(c);
    } else if (c->format != PLAIN && !begin_snappy(c)) {
        free(c->entry_name);
        free(c);
        return NULL;
    }
    return c;
}

void compressor_add(struct compressor *c, const void *data, size_t len)
{
    switch (c->format) {
    case PLAIN:
        spool_add(c->out, data, len);
        break;
    case ZIP:
        c->crc = (uint32_t)crc32(c->crc, data, (uInt)len);
        c->in_size += (int64_t)len;
        /* fall through */
    case GZIP:
        deflate_all(c, data, len, Z_NO_FLUSH);
        break;
    case SNAPPY:
    case HADOOP_SNAPPY:
        add_to_blocks(c, data, len);
    }
}

void compressor_finish(struct compressor *c)
{
    if (c->format == GZIP || c->format == ZIP) {
        deflate_all(c, "", 0, Z_FINISH);
        deflateEnd(&c->deflate);
        if (c->format == ZIP)
            end_zip(c);
    } else if (c->format != PLAIN) {
        end_block(c);
        strbuf_release(&c->block);
    }
    free(c->entry_name);
    free(c);
}
