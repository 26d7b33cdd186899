/* The line is put together on the stack and goes out in one write(). What a client sent may stand
 * in it, hence control characters are replaced: nobody forges a line. */
#include "server/base/log.h"

#include "server/base/clock.h"

enum { LINE_MAX_BYTES = 4096 };

static _Atomic int max_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    max_level = (int)level;
}

bool log_enabled(enum log_level level)
{
    return (int)level <= max_level;
}

void log_line(enum log_level level, const char *file, int line, const char *format, ...)
{
    static const char *const names[] = {"error", "warn ", "info ", "debug"};
    static const struct clock_source real_time;
    char text[LINE_MAX_BYTES], stamp[TIME_TEXT_MAX];
    size_t room = sizeof(text) - 1, len; /* one byte is for the line feed */
    va_list arguments;
    int saved_errno = errno;
    int added;

    if (!log_enabled(level))
        return;
    time_iso8601(clock_now_ms(&real_time), true, stamp);
    if (level == LOG_LEVEL_INFO)
        len = (size_t)snprintf(text, room, "%s %s ", stamp, names[level]);
    else
        len = (size_t)snprintf(text, room, "%s %s %s:%d: ", stamp, names[level], file, line);
    len = MIN(len, room - 1);
    va_start(arguments, format);
    added = vsnprintf(text + len, room - len, format, arguments);
    va_end(arguments);
    len = MIN(len + (size_t)MAX(0, added), room - 1);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = '?';
    text[len++] = '\n';
    if (write(STDERR_FILENO, text, len) < 0) {
        /* Nowhere to say it. */
    }
    errno = saved_errno;
}
