/*
 * The memory of one request: many small allocations that all end together.
 *
 * Nothing is freed singly. Foreign objects of the same lifetime (a SQLite statement, a jansson
 * document, a file) are tied to the arena with arena_defer(); the deferred calls run in reverse
 * order when the arena is released or reset. An arena belongs to one thread at a time. In sanitizer
 * builds each allocation is its own malloc, so that an overrun inside a request is seen.
 */
#ifndef CADABRA_ARENA_H
#define CADABRA_ARENA_H

#include "server/base/base.h"

struct arena_block;
struct arena_deferred;

struct arena {
    struct arena_block *blocks;
    struct arena_deferred *deferred;
    char *next;
    char *end;
};

void arena_init(struct arena *a);
/* Runs the deferred calls in reverse, then frees everything. */
void arena_release(struct arena *a);
/* The same, but keeps the first block for the next request of this connection. */
void arena_reset(struct arena *a);

/* Aligned for any type. arena_alloc's bytes are not initialised, arena_zalloc's are zero. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_zalloc(struct arena *a, size_t size);
#define ARENA_NEW(a, type) ((type *)arena_zalloc((a), sizeof(type)))
/* Zeroed; aborts when count * sizeof(type) does not fit. */
#define ARENA_ARRAY(a, type, count) ((type *)arena_array((a), (count), sizeof(type)))
void *arena_array(struct arena *a, size_t count, size_t size);

char *arena_strdup(struct arena *a, const char *text);
/* Copies len bytes and ends them with a NUL. */
char *arena_strndup(struct arena *a, const char *text, size_t len);
void *arena_memdup(struct arena *a, const void *data, size_t len);
char *arena_printf(struct arena *a, const char *format, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *a, const char *format, va_list arguments) PRINTF_LIKE(2, 0);

void arena_defer(struct arena *a, void (*call)(void *), void *context);

#endif
