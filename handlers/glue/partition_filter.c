/*
 * The walk through a table's partitions is the store's; here it is told which are wanted. Of one
 * that is not, the shortest beginning of its values is found for which the expression cannot be
 * true, whatever follows: the store passes over all that begin so. So a condition on the first keys
 * costs what matches, not what there is.
 */
#include "handlers/glue/partition_filter.h"

#include "server/base/digest.h"

bool partition_filter_init(struct partition_filter *f, struct arena *a, const char *expression,
                           const struct glue_ColumnList *keys)
{
    struct glue_key *items = ARENA_ARRAY(a, struct glue_key, keys->count);

    *f = (struct partition_filter){
        .arena = a,
        .keys = {.items = items, .count = keys->count},
        .values = ARENA_ARRAY(a, struct bytes, keys->count),
    };
    for (size_t i = 0; i < keys->count; i++) {
        items[i].name = keys->items[i].Name;
        items[i].type = keys->items[i].Type ? keys->items[i].Type : "";
    }
    if (!expression || !expression[strspn(expression, " \t\r\n")])
        return true;
    f->expression = glue_expression_parse(a, expression, &f->keys, &f->problem);
    return f->expression != NULL;
}

/* Room for the texts of a tuple, used for one partition after another: there may be millions, and
 * the arena gives nothing back before the request ends. */
static char *room_for(struct partition_filter *f, size_t len)
{
    if (len > f->room_len) {
        f->room_len = MAX(len, 2 * f->room_len);
        f->room = arena_alloc(f->arena, f->room_len);
    }
    return f->room;
}

static size_t read_values(struct partition_filter *f, struct bytes tuple)
{
    char *room = room_for(f, tuple.len);
    struct bytes text;
    size_t position = 0;
    size_t count = 0;
    bool escaped;

    while (count < f->keys.count && glue_tuple_next(tuple, &position, &text, &escaped)) {
        if (escaped) {
            text = (struct bytes){.len = glue_tuple_unescape(text, room),
                                  .data = (const uint8_t *)room};
            room += text.len;
        }
        f->values[count++] = text;
    }
    return count;
}

/* How many bytes the first `count` texts of the tuple take. */
static size_t beginning(struct bytes tuple, size_t count)
{
    struct bytes text;
    size_t position = 0;
    bool escaped;

    while (count-- > 0 && glue_tuple_next(tuple, &position, &text, &escaped))
        ;
    return position;
}

static bool matches(struct partition_filter *f, struct bytes tuple, int64_t *out_hopeless,
                    bool *out_failed)
{
    struct glue_known known = {
        .values = f->values, .count = read_values(f, tuple), .arena = f->arena};
    size_t count = known.count;
    unsigned truth = glue_expression_eval(f->expression, &known);

    if (known.problem) {
        f->problem = known.problem;
        f->bad_value = true;
        *out_failed = true;
        return false;
    }
    if (truth & GLUE_TRUE)
        return true;
    for (known.count = 0; known.count < count; known.count++) {
        if (!(glue_expression_eval(f->expression, &known) & GLUE_TRUE)) {
            *out_hopeless = (int64_t)beginning(tuple, known.count);
            break;
        }
    }
    return false;
}

static bool wanted(struct bytes tuple, void *context, int64_t *out_hopeless, bool *out_failed)
{
    struct partition_filter *f = context;

    if (f->segments > 0 && crc32_of(tuple.data, tuple.len) % f->segments != f->segment)
        return false;
    return !f->expression || matches(f, tuple, out_hopeless, out_failed);
}

enum store_status partition_filter_list(struct partition_filter *f, struct glue_store *store,
                                        int64_t table_id, const char *after, size_t limit,
                                        struct glue_partition_row *out, size_t *out_count,
                                        bool *out_more)
{
    const struct glue_partition_filter filter = {
        .after = after,
        .wanted = f->expression || f->segments > 0 ? wanted : NULL,
        .context = f,
    };

    return glue_partition_list(store, table_id, &filter, limit, f->arena, out, out_count, out_more);
}
