/* Column statistics of tables and partitions: kept for those that plan queries by them. */
#include "handlers/glue/operations.h"
#include "server/base/strbuf.h"

enum {
    NAMES_MAX = 8192,       /* bytes of values in a message; what is beyond is left out */
    DECIMAL_BYTES_MAX = 32, /* the largest decimal, of 38 digits, takes 16 */
};

/* Whose statistics: a table's (tuple "") or a partition's. */
struct owner {
    struct glue_table_place place;
    const char *tuple;
    const struct glue_ValueStringList *values; /* of the partition; NULL: the table's */
};

/* AWS: a partition is named here, as in no other operation. */
static int fail_owner(struct request *req, enum store_status status, const struct owner *o)
{
    struct strbuf names = STRBUF_INIT(NAMES_MAX);

    if (status != STORE_NOT_FOUND || !o->values)
        return glue_fail_table(req, status, o->place.row.name);
    for (size_t i = 0; i < o->values->count; i++)
        strbuf_add_format(&names, "%s%s", i ? ", " : "", o->values->items[i]);
    aws_fail(req, &glue_EntityNotFoundException, "Partition [%s] not found",
             names.data ? names.data : "");
    strbuf_release(&names);
    return -1;
}

/* No values are those of no partition: their tuple would be the table's. */
static int use_partition(struct request *req, struct owner *o,
                         const struct glue_ValueStringList *values)
{
    struct glue_partition_row row;
    enum store_status status = STORE_NOT_FOUND;

    o->values = values;
    o->tuple = glue_tuple_make(&req->arena, values->items, values->count);
    if (values->count > 0)
        status =
            glue_partition_find(glue_store_of(req), o->place.row.id, o->tuple, &req->arena, &row);
    return status ? fail_owner(req, status, o) : 0;
}

/* --- what statistics may be --- */

/* The data of the type are there, and no others. */
static bool has_its_type(const struct glue_ColumnStatisticsData *d)
{
    const struct {
        const char *type;
        const void *data;
    } kinds[] = {
        {"BOOLEAN", d->BooleanColumnStatisticsData}, {"DATE", d->DateColumnStatisticsData},
        {"DECIMAL", d->DecimalColumnStatisticsData}, {"DOUBLE", d->DoubleColumnStatisticsData},
        {"LONG", d->LongColumnStatisticsData},       {"STRING", d->StringColumnStatisticsData},
        {"BINARY", d->BinaryColumnStatisticsData},
    };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (str_eq(d->Type, kinds[i].type) != (kinds[i].data != NULL))
            return false;
    }
    return true;
}

/* AWS: a minimum is not above its maximum, nor is an average. (Of decimals this is not seen.) */
static bool is_possible(const struct glue_ColumnStatisticsData *d)
{
    const struct glue_DateColumnStatisticsData *date = d->DateColumnStatisticsData;
    const struct glue_DoubleColumnStatisticsData *real = d->DoubleColumnStatisticsData;
    const struct glue_LongColumnStatisticsData *whole = d->LongColumnStatisticsData;
    const struct glue_StringColumnStatisticsData *text = d->StringColumnStatisticsData;
    const struct glue_BinaryColumnStatisticsData *binary = d->BinaryColumnStatisticsData;

    if (date && date->MinimumValue.set && date->MaximumValue.set)
        return date->MinimumValue.ms <= date->MaximumValue.ms;
    if (real && real->MinimumValue.set && real->MaximumValue.set)
        return real->MinimumValue.value <= real->MaximumValue.value;
    if (whole && whole->MinimumValue.set && whole->MaximumValue.set)
        return whole->MinimumValue.value <= whole->MaximumValue.value;
    if (text)
        return text->AverageLength.value <= (double)text->MaximumLength.value;
    return !binary || binary->AverageLength.value <= (double)binary->MaximumLength.value;
}

static bool is_decimal(const struct glue_DecimalNumber *n)
{
    return !n || n->UnscaledValue.len <= DECIMAL_BYTES_MAX;
}

static int check_statistics(struct request *req, const struct glue_ColumnStatistics *s)
{
    const struct glue_ColumnStatisticsData *d = s->StatisticsData;
    const struct glue_DecimalColumnStatisticsData *decimal = d->DecimalColumnStatisticsData;

    if (!has_its_type(d))
        return aws_fail(req, &glue_InvalidInputException,
                        "Statistics of column %s must hold the data of their type %s, and no other "
                        "data.",
                        s->ColumnName, d->Type);
    if (!is_possible(d))
        return aws_fail(req, &glue_InvalidInputException,
                        "Statistics of column %s have a minimum or an average above the maximum.",
                        s->ColumnName);
    if (decimal && (!is_decimal(decimal->MinimumValue) || !is_decimal(decimal->MaximumValue)))
        return aws_fail(req, &glue_InvalidInputException,
                        "Statistics of column %s have a decimal of more than %d bytes.",
                        s->ColumnName, DECIMAL_BYTES_MAX);
    return 0;
}

/* --- what all operations do --- */

static int put(struct request *req, const struct owner *o,
               const struct glue_UpdateColumnStatisticsList *list,
               struct glue_ColumnStatisticsErrors *out)
{
    struct glue_statistics_row *rows =
        ARENA_ARRAY(&req->arena, struct glue_statistics_row, list->count);
    enum store_status status;

    for (size_t i = 0; i < list->count; i++) {
        if (check_statistics(req, &list->items[i]))
            return -1;
        rows[i] = (struct glue_statistics_row){
            .column = glue_fold(&req->arena, list->items[i].ColumnName),
            .document = glue_document(&req->arena, "ColumnStatistics", &list->items[i]),
        };
    }
    status = glue_statistics_put(glue_store_of(req), o->place.row.id, o->tuple, rows, list->count);
    out->items = ARENA_NEW(&req->arena, struct glue_ColumnStatisticsError);
    return status ? fail_owner(req, status, o) : 0;
}

static int get(struct request *req, const struct owner *o,
               const struct glue_GetColumnNamesList *names, struct glue_ColumnStatisticsList *out,
               struct glue_ColumnErrors *out_errors)
{
    out->items = ARENA_ARRAY(&req->arena, struct glue_ColumnStatistics, names->count + 1);
    out_errors->items = ARENA_ARRAY(&req->arena, struct glue_ColumnError, names->count + 1);
    for (size_t i = 0; i < names->count; i++) {
        const char *document;
        enum store_status status =
            glue_statistics_find(glue_store_of(req), o->place.row.id, o->tuple,
                                 glue_fold(&req->arena, names->items[i]), &req->arena, &document);

        if (status == STORE_NOT_FOUND)
            out_errors->items[out_errors->count++] = (struct glue_ColumnError){
                .ColumnName = names->items[i],
                .Error = glue_error_detail(req, &glue_EntityNotFoundException,
                                           "Statistics do not exist for this column")};
        else if (status)
            return aws_fail_internal(req);
        else
            glue_read_document(document, "ColumnStatistics", &req->arena,
                               &out->items[out->count++]);
    }
    return 0;
}

static int delete_statistics(struct request *req, const struct owner *o, const char *column)
{
    return glue_statistics_delete(glue_store_of(req), o->place.row.id, o->tuple,
                                  glue_fold(&req->arena, column))
               ? aws_fail_internal(req)
               : 0;
}

/* --- of tables --- */

int glue_update_column_statistics_for_table(
    struct request *req, const struct glue_UpdateColumnStatisticsForTableRequest *in,
    struct glue_UpdateColumnStatisticsForTableResponse *out)
{
    struct owner o = {.tuple = ""};

    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &o.place))
        return -1;
    return put(req, &o, &in->ColumnStatisticsList, &out->Errors);
}

int glue_get_column_statistics_for_table(struct request *req,
                                         const struct glue_GetColumnStatisticsForTableRequest *in,
                                         struct glue_GetColumnStatisticsForTableResponse *out)
{
    struct owner o = {.tuple = ""};

    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &o.place))
        return -1;
    return get(req, &o, &in->ColumnNames, &out->ColumnStatisticsList, &out->Errors);
}

int glue_delete_column_statistics_for_table(
    struct request *req, const struct glue_DeleteColumnStatisticsForTableRequest *in,
    struct glue_DeleteColumnStatisticsForTableResponse *out)
{
    struct owner o = {.tuple = ""};

    (void)out;
    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &o.place))
        return -1;
    return delete_statistics(req, &o, in->ColumnName);
}

/* --- of partitions --- */

int glue_update_column_statistics_for_partition(
    struct request *req, const struct glue_UpdateColumnStatisticsForPartitionRequest *in,
    struct glue_UpdateColumnStatisticsForPartitionResponse *out)
{
    struct owner o;

    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &o.place) ||
        use_partition(req, &o, &in->PartitionValues))
        return -1;
    return put(req, &o, &in->ColumnStatisticsList, &out->Errors);
}

int glue_get_column_statistics_for_partition(
    struct request *req, const struct glue_GetColumnStatisticsForPartitionRequest *in,
    struct glue_GetColumnStatisticsForPartitionResponse *out)
{
    struct owner o;

    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &o.place) ||
        use_partition(req, &o, &in->PartitionValues))
        return -1;
    return get(req, &o, &in->ColumnNames, &out->ColumnStatisticsList, &out->Errors);
}

int glue_delete_column_statistics_for_partition(
    struct request *req, const struct glue_DeleteColumnStatisticsForPartitionRequest *in,
    struct glue_DeleteColumnStatisticsForPartitionResponse *out)
{
    struct owner o;

    (void)out;
    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &o.place) ||
        use_partition(req, &o, &in->PartitionValues))
        return -1;
    return delete_statistics(req, &o, in->ColumnName);
}
