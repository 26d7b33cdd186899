/* Prefixes of S3 keys with their expressions and time patterns; what parses is evaluated. Then the
 * keys of a metadata query, and an aggregate of records, from the same bytes. */
#include "handlers/firehose/kpl.h"
#include "handlers/firehose/metadata_query.h"
#include "handlers/firehose/prefix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void evaluate(struct arena *a, struct prefix *p, bool error, int64_t at_ms)
{
    const struct partition_key keys[] = {{"k", "value"}};
    const struct prefix_values values = {
        .at_ms = at_ms,
        .error_type = error ? "processing-failed" : NULL,
        .keys = {keys, 1, keys, 1},
    };
    struct strbuf out = STRBUF_INIT(PREFIX_MAX);
    const char *missing;

    if (error)
        prefix_complete_error(a, p);
    else
        prefix_complete(a, p);
    prefix_write(p, &values, &out, &missing);
    if (out.len > PREFIX_MAX)
        abort();
    strbuf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct metadata_query query;
    struct kpl_records records;
    const char *problem = NULL;
    struct prefix prefix;
    const char *text;
    int64_t at_ms = 0;
    struct arena a;

    if (size < 4)
        return 0;
    arena_init(&a);
    /* Some time between 1970 and 2106. */
    at_ms = (int64_t)((uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8) *
            1000;
    text = arena_strndup(&a, (const char *)data + 3, size - 3);
    if (prefix_parse(&a, text, "Prefix", &prefix, &problem))
        evaluate(&a, &prefix, data[2] & 1, at_ms);
    else if (!problem)
        abort();
    metadata_query_parse(&a, text, &query, &problem);
    kpl_open(&a, (struct bytes){data, size}, "", &records);
    if (records.count == 0)
        abort();
    arena_release(&a);
    return 0;
}
