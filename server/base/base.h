/*
 * What every file of cadabra may take for granted: the C library, cleanup guards, allocation that
 * cannot fail, and a ban on the functions that have hurt people.
 *
 * Memory has three lifetimes, no fourth: a scope (AUTO_FREE and friends), a request (arena.h), the
 * process (a struct reached from struct app). Running out of memory aborts; no caller checks for
 * it.
 */
#ifndef CADABRA_BASE_H
#define CADABRA_BASE_H

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define PRINTF_LIKE(format_index, first_argument)                                                  \
    __attribute__((format(printf, format_index, first_argument)))

/* A run of bytes that somebody else owns. data is NULL where AWS would say "absent"; an empty but
 * present run has data != NULL and len 0. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

/* Guards: the variable is released when its scope ends. TAKE() hands the value out of a guard. */
#define AUTO_FREE __attribute__((cleanup(auto_free)))
#define AUTO_CLOSE __attribute__((cleanup(auto_close)))
#define TAKE(pointer)                                                                              \
    ({                                                                                             \
        __typeof__(pointer) taken_ = (pointer);                                                    \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

static inline void auto_free(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}

static inline void auto_close(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* Allocation that aborts instead of failing. x_calloc and x_reallocarray check the multiplication.
 */
void *x_malloc(size_t size);
void *x_calloc(size_t count, size_t size);
void *x_reallocarray(void *old, size_t count, size_t size);
char *x_strdup(const char *text);
char *x_asprintf(const char *format, ...) PRINTF_LIKE(1, 2);

static inline bool str_eq(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* True when text begins with prefix. */
static inline bool str_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

#undef alloca
#pragma GCC poison strcpy strcat sprintf vsprintf gets strtok strncpy

#endif
