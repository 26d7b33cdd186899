/* See stream_setting.h. */
#include "handlers/dynamodb/stream_setting.h"

#include "storage/dynamodb_log_store.h"

#define INVALID "One or more parameter values were invalid: "

/* 2026-11-22T21:15:00.123: the time at which the stream was made, unlike that of the one before. */
const char *ddb_stream_new_label(struct request *req, const struct ddb_stream_setting *before)
{
    int64_t ms = clock_now_ms(&req->app->clock);
    char text[TIME_TEXT_MAX];
    char *label;

    do {
        time_iso8601(ms / 1000 * 1000, false, text);
        label = arena_printf(&req->arena, "%.19s.%03d", text, (int)(ms % 1000));
        ms++;
    } while (before->label != NULL && str_eq(label, before->label));
    return label;
}

int ddb_stream_take(struct request *req, const struct dynamodb_StreamSpecification *in,
                    const char *table_name, struct ddb_stream_setting *setting)
{
    if (in == NULL)
        return 0;
    bool on = in->StreamEnabled.value;
    if (!on && in->StreamViewType != NULL)
        return ddb_invalid(req,
                           INVALID
                           "Table is being %s with a stream disabled, UpdateViewType should "
                           "not be specified",
                           table_name == NULL ? "created" : "updated");
    if (on && in->StreamViewType == NULL)
        return ddb_invalid(req, INVALID "StreamViewType is required when a stream is enabled");
    if (on && setting->enabled)
        return ddb_invalid(req, "Table already has an enabled stream: TableName: %s", table_name);
    if (!on && !setting->enabled && table_name != NULL)
        return ddb_invalid(req, "Table does not have an enabled stream: TableName: %s", table_name);
    if (on) {
        setting->label = ddb_stream_new_label(req, setting);
        ddb_view_named(in->StreamViewType, &setting->view);
    }
    setting->enabled = on;
    return 0;
}

static enum store_status open_stream(struct ddb_session *s, const struct scope *scope,
                                     const char *table_name, int64_t table_id,
                                     const struct ddb_definition *d, int64_t now_ms)
{
    struct strbuf text = STRBUF_INIT(4 << 20);
    struct ddb_stream_row row = {
        .table_id = table_id,
        .table_name = table_name,
        .label = d->stream.label,
        .view = d->stream.view,
        .created_ms = now_ms,
    };
    enum store_status rc = ddb_log_next(s, table_id, &row.first);

    ddb_definition_write(&text, d);
    row.definition = text.data;
    if (rc == STORE_OK)
        rc = ddb_stream_insert(s, scope, &row);
    strbuf_release(&text);
    return rc;
}

enum store_status ddb_stream_switch(struct ddb_session *s, const struct scope *scope,
                                    const char *table_name, int64_t table_id,
                                    const struct ddb_stream_setting *before,
                                    const struct ddb_definition *d, int64_t now_ms)
{
    if (before->enabled && !d->stream.enabled)
        return ddb_stream_close(s, table_id, now_ms);
    if (!before->enabled && d->stream.enabled)
        return open_stream(s, scope, table_name, table_id, d, now_ms);
    return STORE_OK;
}
