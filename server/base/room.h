/* Arrays in an arena that grow by one item at a time. */
#ifndef CADABRA_ROOM_H
#define CADABRA_ROOM_H

#include "server/base/arena.h"

/* The array, which holds `count` items of that size and has place for *room: itself, or a copy with
 * more room, which is zero. NULL with no room is an empty array. */
static inline void *room_for_one(struct arena *a, void *items, size_t count, size_t *room,
                                 size_t size)
{
    enum { ROOM_FIRST = 8 };
    void *more;

    if (count < *room)
        return items;
    *room = MAX(2 * *room, (size_t)ROOM_FIRST);
    more = arena_array(a, *room, size);
    if (count)
        memcpy(more, items, count * size);
    return more;
}

#endif
