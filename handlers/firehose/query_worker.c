/*
 * The helper process: it loads libjq, compiles the query that it is sent and runs it on document
 * after document. Where anything goes wrong beyond the query's own errors, it ends, and the server
 * starts another one.
 */
#include "handlers/firehose/query.h"

#include "handlers/common/helper_process.h"
#include "handlers/firehose/query_protocol.h"
#include "server/base/io.h"
#include "server/base/library.h"
#include "server/base/strbuf.h"

#include <jq.h>

enum { MEMORY_MAX_MB = 512, STACK_MAX_MB = 64, PROBLEM_MAX = 1024 };

struct jq_library {
    __typeof__(jq_init) *init;
    __typeof__(jq_set_error_cb) *set_error_cb;
    __typeof__(jq_set_attr) *set_attr;
    __typeof__(jq_compile) *compile;
    __typeof__(jq_start) *start;
    __typeof__(jq_next) *next;
    __typeof__(jv_get_kind) *get_kind;
    __typeof__(jv_copy) *copy;
    __typeof__(jv_free) *free;
    __typeof__(jv_string) *string;
    __typeof__(jv_array) *array;
    __typeof__(jv_string_value) *string_value;
    __typeof__(jv_dump_string) *dump_string;
    __typeof__(jv_parse_sized) *parse_sized;
    __typeof__(jv_invalid_get_msg) *invalid_get_msg;
};

struct worker {
    struct jq_library lib;
    jq_state *jq;
    char problem[PROBLEM_MAX]; /* the first error that jq reported */
};

static bool load(struct jq_library *lib)
{
    const struct library_symbol symbols[] = {
        {"jq_init", &lib->init},
        {"jq_set_error_cb", &lib->set_error_cb},
        {"jq_set_attr", &lib->set_attr},
        {"jq_compile", &lib->compile},
        {"jq_start", &lib->start},
        {"jq_next", &lib->next},
        {"jv_get_kind", &lib->get_kind},
        {"jv_copy", &lib->copy},
        {"jv_free", &lib->free},
        {"jv_string", &lib->string},
        {"jv_array", &lib->array},
        {"jv_string_value", &lib->string_value},
        {"jv_dump_string", &lib->dump_string},
        {"jv_parse_sized", &lib->parse_sized},
        {"jv_invalid_get_msg", &lib->invalid_get_msg},
    };

    return library_load("libjq.so.1", symbols, ARRAY_LEN(symbols));
}

/* --- input and output --- */

/* A message, NUL-terminated, to be freed; NULL at the end. */
static char *read_message(size_t *out_len)
{
    uint32_t len;
    AUTO_FREE char *text = NULL;

    if (!io_read(STDIN_FILENO, &len, sizeof(len), IO_FOREVER) || len > QUERY_DOCUMENT_MAX)
        return NULL;
    text = x_malloc((size_t)len + 1);
    if (!io_read(STDIN_FILENO, text, len, IO_FOREVER))
        return NULL;
    text[len] = '\0';
    *out_len = len;
    return TAKE(text);
}

static bool answer(bool well, const char *text)
{
    bool too_long = strlen(text) > QUERY_ANSWER_MAX;
    const char *said = too_long ? "the output is too long" : text;
    struct query_answer_head head = {.well = well && !too_long, .len = (uint32_t)strlen(said)};

    return io_write(STDOUT_FILENO, &head, sizeof(head), IO_FOREVER) &&
           io_write(STDOUT_FILENO, said, head.len, IO_FOREVER);
}

/* --- jq --- */

static void note_error(void *context, jv message)
{
    struct worker *w = context;

    if (!w->problem[0])
        snprintf(w->problem, sizeof(w->problem), "%s",
                 w->lib.get_kind(message) == JV_KIND_STRING ? w->lib.string_value(message)
                                                            : "an error without words");
    w->lib.free(message);
}

static bool compile(struct worker *w, const char *text)
{
    w->jq = w->lib.init();
    if (!w->jq)
        return false;
    w->lib.set_error_cb(w->jq, note_error, w);
    /* No modules: nothing is read from the machine's files. */
    w->lib.set_attr(w->jq, w->lib.string("JQ_ORIGIN"), w->lib.string("/nonexistent"));
    w->lib.set_attr(w->jq, w->lib.string("JQ_LIBRARY_PATH"), w->lib.array());
    w->lib.set_attr(w->jq, w->lib.string("PROGRAM_ORIGIN"), w->lib.string("/nonexistent"));
    return w->lib.compile(w->jq, text) != 0;
}

/* Answers with a value, or with the words of an invalid one. */
static bool answer_value(struct worker *w, jv value, const char *words)
{
    jv message;
    bool written;

    if (w->lib.get_kind(value) != JV_KIND_INVALID) {
        message = w->lib.dump_string(value, 0);
        written = answer(true, w->lib.string_value(message));
        w->lib.free(message);
        return written;
    }
    message = w->lib.invalid_get_msg(value);
    written = answer(
        false, w->lib.get_kind(message) == JV_KIND_STRING ? w->lib.string_value(message) : words);
    w->lib.free(message);
    return written;
}

static bool run(struct worker *w, const char *document, size_t len)
{
    jv input = w->lib.parse_sized(document, (int)len);

    if (w->lib.get_kind(input) == JV_KIND_INVALID)
        return answer_value(w, input, "the record is no JSON document");
    w->lib.start(w->jq, input, 0);
    return answer_value(w, w->lib.next(w->jq), "the query has no output");
}

int query_helper(void)
{
    struct worker w = {0};
    size_t len;
    AUTO_FREE char *text = NULL;

    helper_limit(STACK_MAX_MB, MEMORY_MAX_MB);
    text = load(&w.lib) ? read_message(&len) : NULL;
    if (!text)
        return EXIT_FAILURE;
    if (!compile(&w, text))
        return answer(false, w.problem[0] ? w.problem : "jq does not take it") ? EXIT_SUCCESS
                                                                               : EXIT_FAILURE;
    if (!answer(true, ""))
        return EXIT_FAILURE;
    for (;;) {
        AUTO_FREE char *document = read_message(&len);
        if (!document || !run(&w, document, len))
            break;
    }
    return EXIT_SUCCESS; /* its memory ends with it */
}
