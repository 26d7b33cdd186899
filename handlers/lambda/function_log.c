/*
 * Splits output into log events at newlines. A carriage return inside of a line stands for a
 * newline that shall not end the event: so AWS's runtimes, and ours, log a stack trace as one.
 */
#include "handlers/lambda/function_log.h"

enum {
    EVENT_MAX = 256 * 1024 - 26,      /* of CloudWatch Logs */
    TAIL_KEEP = 4 * LOG_TAIL_MAX,     /* the tail is cut when it has grown so long */
    BATCH_BYTES = 256 * 1024,         /* handed over beyond that */
    INVOCATION_MAX = 8 * 1024 * 1024, /* of function output that is kept */
    CHUNK = 64 * 1024,                /* the size of a pipe */
    DRAIN_CHUNKS = 64,
};

void function_log_init(struct function_log *l)
{
    strbuf_init(&l->line, EVENT_MAX);
    strbuf_init(&l->tail, TAIL_KEEP + EVENT_MAX + 1);
}

void function_log_release(struct function_log *l)
{
    if (l->line.len)
        function_log_take(l, "\n", 1);
    function_log_flush(l);
    strbuf_release(&l->line);
    strbuf_release(&l->tail);
}

void function_log_begin(struct function_log *l)
{
    strbuf_clear(&l->tail);
    l->taken = 0;
}

struct bytes function_log_tail(const struct function_log *l)
{
    size_t len = MIN(l->tail.len, (size_t)LOG_TAIL_MAX);

    return (struct bytes){.data = (const uint8_t *)(l->tail.data + l->tail.len - len), .len = len};
}

void function_log_flush(struct function_log *l)
{
    struct log_batch *batch = TAKE(l->batch);

    if (batch)
        log_writer_put(l->writer, batch);
}

/* One event; text ends with its newline. */
static void add_event(struct function_log *l, const char *text, size_t len)
{
    if (l->tail.len > TAIL_KEEP) {
        struct bytes last = function_log_tail(l);

        memmove(l->tail.data, last.data, last.len);
        l->tail.len = last.len;
    }
    strbuf_add(&l->tail, text, len);
    if (!l->writer)
        return;
    if (!l->batch)
        l->batch = log_batch_new(l->account, l->region, l->group, l->stream);
    log_batch_add(l->batch, clock_now_ms(l->clock), text, len);
    if (l->batch->text.len > BATCH_BYTES)
        function_log_flush(l);
}

static void end_line(struct function_log *l)
{
    for (size_t i = 0; i < l->line.len; i++) {
        if (l->line.data[i] == '\r')
            l->line.data[i] = '\n';
    }
    l->line.overflow = false;
    /* Room for the newline, whatever the line's length. */
    if (l->line.len == EVENT_MAX)
        l->line.len--;
    strbuf_add_char(&l->line, '\n');
    add_event(l, l->line.data, l->line.len);
    strbuf_clear(&l->line);
}

/* Splits at newlines; what comes after the last one is kept for the next call. */
static void split(struct function_log *l, const char *data, size_t len)
{
    while (len) {
        const char *newline = memchr(data, '\n', len);
        size_t n = newline ? (size_t)(newline - data) : len;
        size_t part = MIN(n, (size_t)EVENT_MAX - 1 - l->line.len);

        strbuf_add(&l->line, data, part);
        if (part == n && !newline)
            return;
        end_line(l);
        part += part == n; /* the newline itself */
        data += part;
        len -= part;
    }
}

void function_log_take(struct function_log *l, const char *data, size_t len)
{
    if (l->taken > INVOCATION_MAX)
        return;
    l->taken += (int64_t)len;
    if (l->taken <= INVOCATION_MAX)
        split(l, data, len);
    else
        function_log_add(l, "cadabra: what this invocation prints beyond %d bytes is dropped\n",
                         INVOCATION_MAX);
}

void function_log_drain(struct function_log *l, int fd)
{
    AUTO_FREE char *chunk = x_malloc(CHUNK);

    for (int i = 0; i < DRAIN_CHUNKS; i++) {
        ssize_t n = read(fd, chunk, CHUNK);

        if (n <= 0)
            return;
        function_log_take(l, chunk, (size_t)n);
    }
}

void function_log_add(struct function_log *l, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    int n = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (l->line.len)
        end_line(l);
    add_event(l, text, MIN((size_t)MAX(n, 0), sizeof(text) - 1));
}
