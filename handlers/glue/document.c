/*
 * Rows and structures of the model. A document is the input structure as it came (TableInput); it
 * is read as the output structure (Table), whose members of the same names are the same.
 */
#include "handlers/glue/operations.h"
#include "server/base/log.h"
#include "server/model/stored.h"

char *glue_document(struct arena *a, const char *structure, const void *value)
{
    return stored_to_json(&glue_model, model_structure(&glue_model, structure), value, a);
}

void glue_read_document(const char *document, const char *structure, struct arena *a, void *out)
{
    if (!stored_from_json(&glue_model, model_structure(&glue_model, structure), document, a, out))
        log_error("glue: a stored %s can't be read", structure);
}

/* AWS: these are told even if nobody gave them. */
static void fill_storage(struct glue_StorageDescriptor *sd)
{
    static const struct glue_Order none;

    if (!sd)
        return;
    if (!sd->Compressed.set)
        sd->Compressed = SOME_BOOL(false);
    if (!sd->NumberOfBuckets.set)
        sd->NumberOfBuckets = SOME_INT(0);
    if (!sd->StoredAsSubDirectories.set)
        sd->StoredAsSubDirectories = SOME_BOOL(false);
    if (!sd->SortColumns.items)
        sd->SortColumns.items = (struct glue_Order *)&none;
}

void glue_read_table(const struct glue_table_row *row, const struct scope *scope, struct arena *a,
                     struct glue_Table *out)
{
    memset(out, 0, sizeof(*out));
    glue_read_document(row->document, "Table", a, out);
    out->Name = row->name;
    out->DatabaseName = row->database;
    out->CreateTime = glue_seconds(row->created_ms);
    out->UpdateTime = glue_seconds(row->updated_ms);
    out->CreatedBy = row->created_by;
    out->CatalogId = scope->account;
    out->VersionId = arena_printf(a, "%" PRId64, row->version);
    out->IsRegisteredWithLakeFormation = SOME_BOOL(false);
    out->IsMultiDialectView = SOME_BOOL(false);
    if (!out->Retention.set)
        out->Retention = SOME_INT(0);
    fill_storage(out->StorageDescriptor);
}

void glue_read_partition(const struct glue_partition_row *row, const struct glue_table_place *table,
                         struct arena *a, struct glue_Partition *out)
{
    struct glue_texts values = glue_tuple_texts(a, row->tuple);

    memset(out, 0, sizeof(*out));
    glue_read_document(row->document, "Partition", a, out);
    out->Values.items = values.items;
    out->Values.count = values.count;
    out->DatabaseName = table->row.database;
    out->TableName = table->row.name;
    out->CreationTime = glue_seconds(row->created_ms);
    out->CatalogId = table->scope.account;
    fill_storage(out->StorageDescriptor);
}
