/* GetPartitions. */
#include "handlers/common/page_token.h"
#include "handlers/glue/operations.h"
#include "handlers/glue/partition_filter.h"

enum { PAGE_MAX = 1000 };

static int check_list(struct request *req, const struct glue_GetPartitionsRequest *in)
{
    if (in->TransactionId)
        return aws_fail_unsupported(req, "TransactionId");
    if (in->QueryAsOfTime.set)
        return aws_fail_unsupported(req, "QueryAsOfTime");
    if (in->Segment && in->Segment->SegmentNumber.value >= in->Segment->TotalSegments.value)
        return aws_fail(req, &glue_InvalidInputException,
                        "SegmentNumber must be less than TotalSegments.");
    return 0;
}

/* What must be the same on all pages. */
static const char *token_kind(struct request *req, const struct glue_GetPartitionsRequest *in,
                              const struct glue_table_place *place)
{
    return arena_printf(&req->arena, "GetPartitions %" PRId64 " %d/%d %s", place->row.id,
                        in->Segment ? in->Segment->SegmentNumber.value : 0,
                        in->Segment ? in->Segment->TotalSegments.value : 0,
                        in->Expression ? in->Expression : "");
}

static int fail_filter(struct request *req, enum store_status status,
                       const struct partition_filter *f)
{
    if (status != STORE_CONFLICT)
        return aws_fail_internal(req);
    return aws_fail(req, f->bad_value ? &glue_InvalidStateException : &glue_InvalidInputException,
                    "%s", f->problem);
}

static void answer(struct request *req, const struct glue_table_place *place,
                   const struct glue_partition_row *rows, size_t count, bool without_columns,
                   struct glue_PartitionList *out)
{
    out->items = ARENA_ARRAY(&req->arena, struct glue_Partition, count + 1);
    out->count = count;
    for (size_t i = 0; i < count; i++) {
        glue_read_partition(&rows[i], place, &req->arena, &out->items[i]);
        if (without_columns && out->items[i].StorageDescriptor)
            out->items[i].StorageDescriptor->Columns = (struct glue_ColumnList){0};
    }
}

int glue_get_partitions(struct request *req, const struct glue_GetPartitionsRequest *in,
                        struct glue_GetPartitionsResponse *out)
{
    size_t limit = (size_t)VALUE_OR(in->MaxResults, PAGE_MAX);
    struct glue_partition_row *rows = ARENA_ARRAY(&req->arena, struct glue_partition_row, limit);
    struct glue_table_place place;
    struct glue_Table table;
    struct partition_filter filter;
    const char *kind;
    const char *after;
    size_t count;
    bool more;
    enum store_status status;

    if (check_list(req, in) ||
        glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &place))
        return -1;
    kind = token_kind(req, in, &place);
    if (glue_read_token(req, kind, in->NextToken, &after))
        return -1;
    glue_read_table(&place.row, &place.scope, &req->arena, &table);
    if (!partition_filter_init(&filter, &req->arena, in->Expression, &table.PartitionKeys))
        return fail_filter(req, STORE_CONFLICT, &filter);
    if (in->Segment) {
        filter.segment = (uint32_t)in->Segment->SegmentNumber.value;
        filter.segments = (uint32_t)in->Segment->TotalSegments.value;
    }
    status = partition_filter_list(&filter, glue_store_of(req), place.row.id, after, limit, rows,
                                   &count, &more);
    if (status)
        return fail_filter(req, status, &filter);
    answer(req, &place, rows, count, VALUE_OR(in->ExcludeColumnSchema, false), &out->Partitions);
    if (more)
        out->NextToken = page_token_make(&req->arena, kind, rows[count - 1].tuple);
    return 0;
}
