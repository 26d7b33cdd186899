/* Which partitions of a table are wanted: by an expression, and of a share of the table. */
#ifndef CADABRA_GLUE_PARTITION_FILTER_H
#define CADABRA_GLUE_PARTITION_FILTER_H

#include "gen/glue.h"
#include "handlers/glue/expression.h"
#include "storage/glue_store.h"

struct partition_filter {
    struct arena *arena;
    const struct glue_expression *expression; /* NULL: all */
    struct glue_keys keys;
    struct bytes *values; /* of the partition that is looked at; */
    char *room;           /* room for the texts among them that were escaped */
    size_t room_len;
    uint32_t segment; /* of so many; 0 segments: all is wanted */
    uint32_t segments;
    bool bad_value;      /* the problem is one of what is stored, not of what was asked */
    const char *problem; /* in AWS's words, after a failure */
};

/* False where the expression (NULL or blank: none) is none over these keys. The keys are borrowed.
 */
bool partition_filter_init(struct partition_filter *f, struct arena *a, const char *expression,
                           const struct glue_ColumnList *keys);

/* glue_partition_list() of what is wanted. STORE_CONFLICT: a value is none of its key's type. */
enum store_status partition_filter_list(struct partition_filter *f, struct glue_store *store,
                                        int64_t table_id, const char *after, size_t limit,
                                        struct glue_partition_row *out, size_t *out_count,
                                        bool *out_more);

#endif
