/* Allocation that aborts when memory runs out: no caller has anything better to do. */
#include "server/base/base.h"

static void *must_have(void *memory)
{
    if (!memory) {
        static const char text[] = "cadabra: out of memory\n";
        if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
            abort();
        abort();
    }
    return memory;
}

void *x_malloc(size_t size)
{
    return must_have(malloc(size ? size : 1));
}

void *x_calloc(size_t count, size_t size)
{
    return must_have(calloc(count ? count : 1, size ? size : 1));
}

void *x_reallocarray(void *old, size_t count, size_t size)
{
    return must_have(reallocarray(old, count ? count : 1, size ? size : 1));
}

char *x_strdup(const char *text)
{
    return must_have(strdup(text));
}

char *x_asprintf(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    return must_have(text);
}
