/* Dynamic partitioning: keys by a jq query, and which partition a record belongs to. */
#include "handlers/firehose/process.h"

#include "handlers/firehose/query.h"
#include "server/base/json_read.h"
#include "server/base/json_write.h"

enum { KEYS_MAX = 50, DEPTH_MAX = 300 };

static void fail(struct processing *p, const struct record *r, const char *message)
{
    const struct undelivered why = {
        .code = "DynamicPartitioning.MetadataExtractionFailed",
        .message = message,
        .attempts = 1,
    };

    processing_fail(p, r, &why);
}

/* --- the query --- */

static const char not_text[] = "partitionKeys values must not be null or empty";

/* A value as text: strings as they are, numbers and truth as JSON has them. */
static const char *read_value(struct jr *r)
{
    struct jr_text text = {0};
    enum jr_type type = jr_peek(r);

    if (type == JR_STRING)
        jr_string(r, &text);
    else if (type == JR_NUMBER || type == JR_TRUE || type == JR_FALSE)
        jr_skip(r, &text);
    if (text.len == 0 || memchr(text.data, '\0', text.len))
        return NULL;
    return arena_strndup(r->arena, text.data, text.len);
}

/* NULL, or what is wrong with the query's output. */
static const char *read_keys(struct arena *a, struct bytes output, struct record *r)
{
    struct partition_key *keys = ARENA_ARRAY(a, struct partition_key, KEYS_MAX);
    size_t count = 0;
    struct jr_text name;
    struct jr reader;

    jr_init(&reader, output.data, output.len, a, DEPTH_MAX);
    if (jr_peek(&reader) != JR_OBJECT)
        return "The query gives no object";
    for (jr_enter_object(&reader); jr_next_key(&reader, &name);) {
        const char *value = read_value(&reader);

        if (!value || count == KEYS_MAX)
            return not_text;
        keys[count++] = (struct partition_key){arena_strndup(a, name.data, name.len), value};
    }
    r->keys.query = keys;
    r->keys.query_count = count;
    return reader.error;
}

void partition_by_query(struct processing *p, const struct firehose_Processor *processor)
{
    struct arena *a = p->work->arena;
    const char *problem = NULL;
    struct query *q =
        query_open(processor_parameter(processor, "MetadataExtractionQuery"), a, &problem);
    struct record_list out = {0};

    for (size_t i = 0; i < p->records.count; i++) {
        struct record *r = &p->records.items[i];
        struct bytes output;

        if (q && query_run(q, r->data, a, &output, &problem))
            problem = read_keys(a, output, r);
        if (problem)
            fail(p, r, problem);
        else
            record_list_add(a, &out, r);
        if (q)
            problem = NULL;
    }
    query_close(q);
    p->records = out;
}

/* --- the partition --- */

/* The keys of one kind that the prefix uses, in its order: what they are not part of does not tell
 * partitions apart. */
static void write_keys(struct jw *w, const struct prefix *prefix, enum prefix_part_kind kind,
                       const struct partition_key *keys, size_t count)
{
    jw_begin_object(w);
    for (size_t i = 0; i < prefix->count; i++) {
        const struct prefix_part *part = &prefix->parts[i];

        if (part->kind == kind)
            jw_member_string(w, part->text, partition_key_value(keys, count, part->text));
    }
    jw_end_object(w);
}

static const char *find_problem(struct processing *p, const struct prefix *prefix,
                                const struct record *r)
{
    const struct prefix_values values = {.at_ms = r->at_ms, .keys = r->keys};
    struct strbuf text = STRBUF_INIT(PREFIX_MAX);
    const char *missing;
    const char *problem = NULL;

    if (!prefix_write(prefix, &values, &text, &missing))
        problem = arena_printf(p->work->arena, "partitionKeys must have a value for %s", missing);
    else if (text.overflow)
        problem = "The evaluated prefix is longer than 512 characters";
    strbuf_release(&text);
    return problem;
}

const char *partition_sort(struct processing *p, const struct prefix *prefix,
                           const struct record *r)
{
    const char *problem = find_problem(p, prefix, r);
    struct strbuf text = STRBUF_INIT(FIREHOSE_TEXT_MAX);
    struct jw w;
    char *sort;

    if (problem) {
        fail(p, r, problem);
        return NULL;
    }
    jw_init(&w, &text);
    jw_begin_object(&w);
    jw_key(&w, "query");
    write_keys(&w, prefix, PREFIX_FROM_QUERY, r->keys.query, r->keys.query_count);
    jw_key(&w, "lambda");
    write_keys(&w, prefix, PREFIX_FROM_LAMBDA, r->keys.lambda, r->keys.lambda_count);
    jw_end_object(&w);
    sort = arena_strndup(p->work->arena, text.data, text.len);
    strbuf_release(&text);
    return sort;
}
