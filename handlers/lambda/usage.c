/*
 * A process belongs to a sandbox when it, or one of its ancestors, is in the session that the
 * sandbox's first process leads; or, for those that left the session and lost their parent, when
 * an ancestor that we adopted carries the sandbox's mark.
 */
#include "handlers/lambda/usage.h"

enum { DEPTH_MAX = 256 };

static struct usage *find_session(struct usage *items, size_t count, pid_t session)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i].pid && items[i].pid == session)
            return &items[i];
    }
    return NULL;
}

static struct usage *find_mark(struct usage *items, size_t count, pid_t pid)
{
    for (size_t i = 0; i < count; i++) {
        if (process_has_mark(pid, items[i].mark))
            return &items[i];
    }
    return NULL;
}

static struct usage *owner_of(const struct process_table *t, const struct process_entry *entry,
                              struct usage *items, size_t count)
{
    pid_t self = getpid(), own_session = getsid(0);

    for (int depth = 0; entry && depth < DEPTH_MAX; depth++) {
        struct usage *owner = find_session(items, count, entry->session);

        if (owner)
            return owner;
        if (entry->parent == self)
            return entry->session == own_session ? NULL : find_mark(items, count, entry->pid);
        if (entry->parent <= 1)
            return NULL;
        entry = process_table_find(t, entry->parent);
    }
    return NULL;
}

void usage_measure(struct usage *items, size_t count)
{
    struct process_table table;

    process_table_read(&table);
    for (size_t i = 0; i < table.count; i++) {
        const struct process_entry *entry = &table.entries[i];
        struct usage *owner = owner_of(&table, entry, items, count);

        if (!owner)
            continue;
        owner->processes += entry->threads;
        owner->memory += process_memory(entry->pid);
    }
    process_table_release(&table);
}
