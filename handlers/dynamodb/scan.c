/* Scan: buckets in order; a parallel scan gives each segment its share of them. */
#include "handlers/dynamodb/legacy.h"
#include "handlers/dynamodb/page.h"
#include "handlers/dynamodb/request.h"

static int check_segments(struct request *req, const struct dynamodb_ScanInput *in)
{
    if (in->Segment.set && !in->TotalSegments.set)
        return ddb_invalid(
            req, "The TotalSegments parameter is required but was not present in the request when "
                 "Segment parameter is present");
    if (!in->TotalSegments.set)
        return 0;
    if (!in->Segment.set)
        return ddb_invalid(
            req, "The Segment parameter is required but was not present in the request when "
                 "parameter TotalSegments is present");
    if (in->Segment.value >= in->TotalSegments.value)
        return ddb_invalid(
            req,
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            "Segment: %d is not less than TotalSegments: %d",
            in->Segment.value, in->TotalSegments.value);
    return 0;
}

static int check(struct request *req, const struct dynamodb_ScanInput *in, struct ddb_page *p)
{
    struct ddb_names names;

    if (ddb_check_parameters(
            req,
            (struct ddb_parameter[]){{"ProjectionExpression", in->ProjectionExpression},
                                     {"FilterExpression", in->FilterExpression},
                                     {NULL, 0}},
            (struct ddb_parameter[]){{"AttributesToGet", in->AttributesToGet.items},
                                     {"ScanFilter", in->ScanFilter.items},
                                     {"ConditionalOperator", in->ConditionalOperator},
                                     {NULL, 0}},
            &in->ExpressionAttributeNames, &in->ExpressionAttributeValues) != 0 ||
        ddb_take_attributes(req, &in->AttributesToGet, &p->paths) != 0 ||
        ddb_legacy_filter(req, &in->ScanFilter, in->ConditionalOperator, &p->filter) != 0 ||
        ddb_page_check(p) != 0 || check_segments(req, in) != 0 ||
        ddb_take_names(req, &in->ExpressionAttributeNames, &in->ExpressionAttributeValues,
                       &names) != 0 ||
        ddb_take_filter(req, &names, in->FilterExpression, &p->filter) != 0 ||
        ddb_take_projection(req, &names, in->ProjectionExpression, &p->paths) != 0)
        return -1;
    return ddb_end_names(req, &names);
}

/* AWS: segments share 4096 equal parts of the hashes. */
static uint32_t segment_start(uint64_t segment, uint64_t total)
{
    enum { PARTS = 4096 };
    uint64_t part = (PARTS * segment + total - 1) / total;

    return part >= PARTS ? UINT32_MAX : (uint32_t)(part << 20);
}

static int find_range(struct request *req, const struct dynamodb_ScanInput *in, struct ddb_page *p,
                      struct ddb_range *range)
{
    uint64_t total = (uint64_t)VALUE_OR(in->TotalSegments, 1);
    uint64_t segment = (uint64_t)VALUE_OR(in->Segment, 0);
    uint32_t next = segment_start(segment + 1, total);

    range->whole = true;
    range->first_bucket = segment_start(segment, total);
    range->last_bucket = segment + 1 == total ? UINT32_MAX : next - (next > 0);
    if (ddb_page_start_count(p) != 0 ||
        (p->index != NULL &&
         (ddb_page_start_parts(p, true) != 0 || ddb_page_start_parts(p, false) != 0)) ||
        ddb_page_check_index(p) != 0 || ddb_page_start(p, range) != 0)
        return -1;
    if (range->after == NULL)
        return 0;
    if (range->after->bucket < range->first_bucket || range->after->bucket > range->last_bucket)
        return ddb_invalid(
            req,
            "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use "
            "ExclusiveStartKey with correct Segment. TotalSegments: %d Segment: %d",
            in->TotalSegments.value, in->Segment.value);
    return 0;
}

int dynamodb_scan(struct request *req, const struct dynamodb_ScanInput *in,
                  struct dynamodb_ScanOutput *out)
{
    struct ddb_page_input input = {
        .index_name = in->IndexName,
        .select = in->Select,
        .projection = in->ProjectionExpression,
        .attributes_to_get = &in->AttributesToGet,
        .limit = in->Limit,
        .consistent = VALUE_OR(in->ConsistentRead, false),
        .return_capacity = in->ReturnConsumedCapacity,
        .start = &in->ExclusiveStartKey,
        .operation = "Scan",
    };
    struct ddb_page p = {.req = req, .in = &input};
    struct ddb_range range = {0};

    if (check(req, in, &p) != 0 || ddb_page_open(&p, in->TableName) != 0 ||
        find_range(req, in, &p, &range) != 0 || ddb_page_check_paths(&p) != 0)
        return -1;
    /* With more segments than parts some have none. */
    bool is_empty = range.first_bucket > range.last_bucket ||
                    (range.first_bucket == UINT32_MAX && VALUE_OR(in->Segment, 0) > 0);
    if (is_empty)
        p.items.items = ARENA_ARRAY(&req->arena, struct ddb_item, 1);
    else if (ddb_page_read(&p, &range) != 0)
        return -1;
    out->Items = p.select == DDB_SELECT_COUNT ? (struct dynamodb_ItemList){0} : p.items;
    out->Count = SOME_INT((int32_t)p.matched);
    out->ScannedCount = SOME_INT((int32_t)p.scanned);
    out->LastEvaluatedKey = ddb_page_last_key(&p);
    out->ConsumedCapacity = ddb_page_capacity(&p);
    return 0;
}
