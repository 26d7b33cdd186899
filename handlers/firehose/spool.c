#include "handlers/firehose/spool.h"

#include "server/base/io.h"
#include "server/base/log.h"
#include "server/base/nameless.h"

#include <sys/stat.h>

enum { MEMORY_MAX = 1024 * 1024 };

void spool_init(struct spool *s, const char *directory)
{
    *s = (struct spool){.directory = directory, .memory = STRBUF_INIT(MEMORY_MAX), .fd = -1};
}

void spool_release(struct spool *s)
{
    strbuf_release(&s->memory);
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

static bool fail(struct spool *s)
{
    log_error("a temporary file in %s: %s", s->directory, strerror(errno));
    s->failed = true;
    return false;
}

static void write_file(struct spool *s, const void *data, size_t len)
{
    if (!s->failed && !io_write(s->fd, data, len, IO_FOREVER))
        fail(s);
}

int spool_file(struct spool *s)
{
    s->fd = nameless_open(s->directory);
    if (s->fd < 0)
        fail(s);
    return s->fd;
}

bool spool_measure(struct spool *s)
{
    struct stat st;

    if (fstat(s->fd, &st) < 0)
        return fail(s);
    s->size = st.st_size;
    return true;
}

static void move_to_file(struct spool *s)
{
    if (spool_file(s) < 0)
        return;
    write_file(s, s->memory.data, s->memory.len);
    strbuf_release(&s->memory);
}

void spool_add(struct spool *s, const void *data, size_t len)
{
    if (s->failed || len == 0)
        return;
    s->size += (int64_t)len;
    if (s->fd < 0 && s->memory.len + len > MEMORY_MAX)
        move_to_file(s);
    if (s->fd >= 0)
        write_file(s, data, len);
    else if (!s->failed)
        strbuf_add(&s->memory, data, len);
}
