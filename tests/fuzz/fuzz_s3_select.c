/* S3 Select: the first line is the query, the rest an
 * object, read as CSV and as JSON. */
#include "handlers/s3/select_input.h"
#include "handlers/s3/select_output.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct rest {
    const uint8_t *data;
    size_t len;
};

static ssize_t take(void *context, void *out, size_t max)
{
    struct rest *r = context;
    size_t len = MIN(MIN(r->len, max), 7);

    memcpy(out, r->data, len);
    r->data += len;
    r->len -= len;
    return (ssize_t)len;
}

static void run(const char *sql, struct rest rest, const struct s3_InputSerialization *in,
                const struct s3_OutputSerialization *out)
{
    struct strbuf b = STRBUF_INIT(1 << 20);
    struct select_error error = {0};
    struct select_result result;
    struct select_row row;
    struct arena a;

    arena_init(&a);
    struct select_query *q = select_parse(&a, sql, &error);
    if (!q && !error.code)
        abort();
    struct select_input *input =
        q ? select_input_new(in, select_from_path(q), (struct select_source){take, &rest}, &error)
          : NULL;
    while (input && select_input_next(input, &a, &row, &error) > 0) {
        enum select_outcome outcome = select_row(q, &a, &row, &result, &error);

        if (outcome == SELECT_RESULT)
            select_output_write(&b, &a, out, q, &row, &result);
        if (outcome == SELECT_DONE || outcome == SELECT_FAULT)
            break;
    }
    if (input && !error.code && select_finish(q, &a, &result, &error) == SELECT_RESULT)
        select_output_write(&b, &a, out, q, &row, &result);
    select_input_free(input);
    strbuf_release(&b);
    arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s3_CSVInput csv = {.FileHeaderInfo = "USE",
                              .AllowQuotedRecordDelimiter = SOME_BOOL(true)};
    struct s3_JSONInput json = {.Type = "DOCUMENT"};
    struct s3_CSVOutput csv_out = {0};
    struct s3_JSONOutput json_out = {0};
    const uint8_t *line = memchr(data, '\n', size);
    size_t len = line ? (size_t)(line - data) : size;
    struct rest rest = {data + len + (line != NULL), size - len - (line != NULL)};
    char *sql = strndup((const char *)data, len);

    run(sql, rest, &(struct s3_InputSerialization){.CSV = &csv},
        &(struct s3_OutputSerialization){.JSON = &json_out});
    run(sql, rest, &(struct s3_InputSerialization){.JSON = &json},
        &(struct s3_OutputSerialization){.CSV = &csv_out});
    free(sql);
    return 0;
}
