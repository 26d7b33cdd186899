/*
 * Bump allocation in blocks that double from 8 KiB to 64 KiB. What is large gets a block of its
 * own, and the rest of the current one stays in use. The oldest block is at the end of the list; a
 * reset keeps it.
 *
 * With CADABRA_ASAN every allocation is a block, so that the sanitizer sees its bounds.
 */
#include "server/base/arena.h"

struct arena_block {
    struct arena_block *older;
    size_t size; /* of data */
    _Alignas(max_align_t) char data[];
};

struct arena_deferred {
    struct arena_deferred *earlier;
    void (*call)(void *);
    void *context;
};

enum { BLOCK_FIRST = 8192 - sizeof(struct arena_block), BLOCK_LARGEST = 65536 };
enum { ALIGNMENT = _Alignof(max_align_t) };

void arena_init(struct arena *a)
{
    *a = (struct arena){0};
}

static void run_deferred(struct arena *a)
{
    /* A deferred call may defer another. */
    while (a->deferred) {
        struct arena_deferred *d = a->deferred;

        a->deferred = d->earlier;
        d->call(d->context);
    }
}

void arena_release(struct arena *a)
{
    run_deferred(a);
    while (a->blocks) {
        struct arena_block *block = a->blocks;

        a->blocks = block->older;
        free(block);
    }
    arena_init(a);
}

static struct arena_block *new_block(size_t size)
{
    struct arena_block *block;

    if (size > SIZE_MAX - sizeof(*block))
        abort(); /* no such size comes from checked arithmetic */
    block = x_malloc(sizeof(*block) + size);
    block->size = size;
    return block;
}

#ifdef CADABRA_ASAN

void arena_reset(struct arena *a)
{
    arena_release(a);
}

void *arena_alloc(struct arena *a, size_t size)
{
    struct arena_block *block = new_block(size);

    block->older = a->blocks;
    a->blocks = block;
    return block->data;
}

#else

void arena_reset(struct arena *a)
{
    run_deferred(a);
    while (a->blocks && a->blocks->older) {
        struct arena_block *block = a->blocks;

        a->blocks = block->older;
        free(block);
    }
    if (a->blocks) {
        a->next = a->blocks->data;
        a->end = a->next + a->blocks->size;
    }
}

static void add_block(struct arena *a, size_t size)
{
    struct arena_block *block = new_block(size);

    block->older = a->blocks;
    a->blocks = block;
    a->next = block->data;
    a->end = block->data + size;
}

static void *alloc_in_new_block(struct arena *a, size_t size)
{
    void *memory;

    if (!a->blocks) {
        add_block(a, BLOCK_FIRST);
    } else if (size <= BLOCK_FIRST / 2) {
        add_block(a, MIN(2 * a->blocks->size, (size_t)BLOCK_LARGEST));
    }
    if (size > (size_t)(a->end - a->next)) {
        struct arena_block *block = new_block(size);

        block->older = a->blocks;
        a->blocks = block;
        return block->data;
    }
    memory = a->next;
    a->next += size;
    return memory;
}

void *arena_alloc(struct arena *a, size_t size)
{
    void *memory;

    if (size > SIZE_MAX - ALIGNMENT)
        abort();
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!a->next || size > (size_t)(a->end - a->next))
        return alloc_in_new_block(a, size);
    memory = a->next;
    a->next += size;
    return memory;
}

#endif

void *arena_zalloc(struct arena *a, size_t size)
{
    return memset(arena_alloc(a, size), 0, size);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        abort();
    return arena_zalloc(a, total);
}

char *arena_strdup(struct arena *a, const char *text)
{
    return arena_strndup(a, text, strlen(text));
}

char *arena_strndup(struct arena *a, const char *text, size_t len)
{
    char *copy = arena_alloc(a, len + 1);

    if (len)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

void *arena_memdup(struct arena *a, const void *data, size_t len)
{
    void *copy = arena_alloc(a, len);

    return len ? memcpy(copy, data, len) : copy;
}

char *arena_vprintf(struct arena *a, const char *format, va_list arguments)
{
    char probe[256];
    va_list again;
    char *text;
    int len;

    va_copy(again, arguments);
    len = vsnprintf(probe, sizeof(probe), format, arguments);
    if (len < 0)
        abort(); /* an invalid format is our bug */
    text = arena_alloc(a, (size_t)len + 1);
    if ((size_t)len < sizeof(probe))
        memcpy(text, probe, (size_t)len + 1);
    else
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = arena_vprintf(a, format, arguments);
    va_end(arguments);
    return text;
}

void arena_defer(struct arena *a, void (*call)(void *), void *context)
{
    struct arena_deferred *d = arena_alloc(a, sizeof(*d));

    *d = (struct arena_deferred){.earlier = a->deferred, .call = call, .context = context};
    a->deferred = d;
}
