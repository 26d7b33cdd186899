#include "handlers/sqs/heap.h"

static bool before(const struct sqs_heap *h, const struct sqs_entry *a, const struct sqs_entry *b)
{
    if (h->by_time && a->visible_ms != b->visible_ms)
        return a->visible_ms < b->visible_ms;
    return h->by_time ? a->number < b->number : a->rank < b->rank;
}

static void place(struct sqs_heap *h, size_t at, struct sqs_entry *e)
{
    h->items[at] = e;
    e->heap_at = (uint32_t)at;
}

static void rise(struct sqs_heap *h, size_t at, struct sqs_entry *e)
{
    while (at > 0 && before(h, e, h->items[(at - 1) / 2])) {
        place(h, at, h->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(h, at, e);
}

static void sink(struct sqs_heap *h, size_t at, struct sqs_entry *e)
{
    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= h->count)
            break;
        if (child + 1 < h->count && before(h, h->items[child + 1], h->items[child]))
            child++;
        if (!before(h, h->items[child], e))
            break;
        place(h, at, h->items[child]);
        at = child;
    }
    place(h, at, e);
}

void sqs_heap_add(struct sqs_heap *h, struct sqs_entry *e)
{
    if (h->count == h->capacity) {
        h->capacity = MAX(h->capacity * 2, (size_t)16);
        h->items = x_reallocarray(h->items, h->capacity, sizeof(struct sqs_entry *));
    }
    h->count++;
    rise(h, h->count - 1, e);
}

void sqs_heap_remove(struct sqs_heap *h, struct sqs_entry *e)
{
    size_t at = e->heap_at;
    struct sqs_entry *last;

    assert(at < h->count && h->items[at] == e);
    last = h->items[--h->count];
    if (last == e)
        return;
    if (at > 0 && before(h, last, h->items[(at - 1) / 2]))
        rise(h, at, last);
    else
        sink(h, at, last);
}

void sqs_heap_release(struct sqs_heap *h)
{
    free(h->items);
    h->items = NULL;
    h->count = h->capacity = 0;
}
