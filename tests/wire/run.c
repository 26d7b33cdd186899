/*
 * Wire tests: raw requests and exact answers, through the real pipeline, without a socket.
 *
 *   run FOLDER|FILE...
 *
 * A file (*.t) is a run of exchanges with one server that keeps everything in memory:
 *
 *   options: --allow-origin http://a.example     before the first exchange; optional
 *
 *   === what this exchange shows
 *   POST /path HTTP/1.1
 *   Header: value
 *
 *   body
 *   ---
 *   400
 *   Header: value
 *
 *   body
 *
 * Lines that begin with # before the first exchange are comments. All headers of the answer must be
 * listed, in their order. In an answer {{uuid}}, {{time}}, {{number}}, {{id}} (letters, digits and
 * +/=) and {{any}} (the rest of the line) stand for themselves; {{keep NAME}} is {{id}} and its
 * text is put where {{NAME}} stands in later requests. In a request {{repeat N TEXT}} is TEXT, N
 * times. The last line feed of a body belongs to the file, not to the body.
 */
#include <dirent.h>

#include "server/app.h"
#include "server/base/log.h"
#include "server/config.h"
#include "server/dispatch.h"
#include "server/net/listener.h"
#include "tests/wire/raw_request.h"

enum { TEXT_MAX = 64 << 20, ARGUMENTS_MAX = 32 };

struct kept {
    const char *name;
    const char *value;
};

struct test_file {
    const char *path;
    struct arena arena;
    struct app app;
    struct config config;
    struct kept kept[16];
    size_t kept_count;
    int failures;
    int exchanges;
};

/* --- reading --- */

static char *read_file(struct arena *a, const char *path)
{
    FILE *file = fopen(path, "rb");
    struct strbuf text = STRBUF_INIT(TEXT_MAX);
    char piece[4096], *copy;
    size_t n;

    if (!file)
        return NULL;
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
        strbuf_add(&text, piece, n);
    fclose(file);
    copy = arena_strndup(a, text.data ? text.data : "", text.len);
    strbuf_release(&text);
    return copy;
}

static const char *kept_value(const struct test_file *t, const char *name, size_t len)
{
    for (size_t i = 0; i < t->kept_count; i++)
        if (strlen(t->kept[i].name) == len && memcmp(t->kept[i].name, name, len) == 0)
            return t->kept[i].value;
    return NULL;
}

/* Replaces {{repeat N TEXT}} and {{NAME}}. */
static char *expand(struct test_file *t, const char *text)
{
    struct strbuf out = STRBUF_INIT(TEXT_MAX);
    char *copy;

    while (*text) {
        const char *mark = strstr(text, "{{"), *end = mark ? strstr(mark, "}}") : NULL;
        const char *value;

        if (!end) {
            strbuf_add_text(&out, text);
            break;
        }
        strbuf_add(&out, text, (size_t)(mark - text));
        mark += 2;
        value = kept_value(t, mark, (size_t)(end - mark));
        if (value) {
            strbuf_add_text(&out, value);
        } else if (str_starts(mark, "repeat ")) {
            char *what;
            long times = strtol(mark + strlen("repeat "), &what, 10);

            for (long i = 0; i < times; i++)
                strbuf_add(&out, what + 1, (size_t)(end - what - 1));
        } else {
            strbuf_add(&out, mark - 2, (size_t)(end + 2 - (mark - 2)));
        }
        text = end + 2;
    }
    copy = arena_strndup(&t->arena, out.data ? out.data : "", out.len);
    strbuf_release(&out);
    return copy;
}

/* --- comparing --- */

static size_t run_of(const char *text, const char *alphabet)
{
    return strspn(text, alphabet);
}

static size_t placeholder_length(const char *name, size_t len, const char *actual)
{
    static const char id[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-";

    if (len == 4 && memcmp(name, "uuid", 4) == 0)
        return run_of(actual, "0123456789abcdef-") == 36 ? 36 : 0;
    if (len == 4 && memcmp(name, "time", 4) == 0)
        return run_of(actual, "0123456789-:.TZEe+");
    if (len == 6 && memcmp(name, "number", 6) == 0)
        return run_of(actual, "0123456789");
    if (len == 3 && memcmp(name, "any", 3) == 0)
        return strcspn(actual, "\n");
    return run_of(actual, id);
}

static bool matches(struct test_file *t, const char *expected, const char *actual)
{
    while (*expected) {
        const char *end = str_starts(expected, "{{") ? strstr(expected, "}}") : NULL;
        const char *name = expected + 2;
        size_t len;

        if (!end) {
            if (*expected++ != *actual++)
                return false;
            continue;
        }
        len = placeholder_length(name, (size_t)(end - name), actual);
        if (len == 0)
            return false;
        if (str_starts(name, "keep ") && t->kept_count < ARRAY_LEN(t->kept)) {
            name += strlen("keep ");
            t->kept[t->kept_count++] =
                (struct kept){.name = arena_strndup(&t->arena, name, (size_t)(end - name)),
                              .value = arena_strndup(&t->arena, actual, len)};
        }
        actual += len;
        expected = end + 2;
    }
    return *actual == '\0';
}

/* --- one exchange --- */

static void add_body(struct request *req, struct strbuf *out)
{
    struct response *r = &req->response;

    if (r->kind == BODY_BYTES && r->bytes.data)
        strbuf_add(out, r->bytes.data, r->bytes.len);
    if (r->kind == BODY_STREAM)
        while (r->stream.next(req, r->stream.context, out) > 0)
            ;
}

/* The answer as a test file has it. */
static char *answer_text(struct request *req, struct arena *a)
{
    struct strbuf out = STRBUF_INIT(TEXT_MAX);
    char *text;

    strbuf_add_format(&out, "%u\n", req->response.status);
    for (size_t i = 0; i < req->response.header_count; i++)
        strbuf_add_format(&out, "%s: %s\n", req->response.headers[i].name,
                          req->response.headers[i].value);
    strbuf_add_text(&out, "\n");
    add_body(req, &out);
    text = arena_strndup(a, out.data, out.len);
    strbuf_release(&out);
    return text;
}

/* Empty lines at the end belong to the file. */
static char *without_last_lines(char *text)
{
    size_t len = strlen(text);

    while (len > 0 && text[len - 1] == '\n')
        text[--len] = '\0';
    return text;
}

static void run_exchange(struct test_file *t, const char *title, const char *request_template,
                         const char *expected)
{
    char *text = expand(t, request_template), *actual;
    struct request req;
    bool refused;

    t->exchanges++;
    raw_request_open(&req, &t->app);
    if (!raw_request_head(&req, &text)) {
        printf("%s: %s: this is no request\n", t->path, title);
        t->failures++;
        raw_request_close(&req);
        return;
    }
    refused = dispatch_handler.begin(&req) < 0;
    if (!refused) {
        body_push(&req, text, strlen(text));
        body_finish(&req);
    }
    dispatch_handler.serve(&req);
    actual = without_last_lines(answer_text(&req, &t->arena));
    dispatch_handler.done(&req);
    raw_request_close(&req);
    if (!matches(t, expected, actual)) {
        printf("%s: %s\n--- expected\n%s\n--- got\n%s\n", t->path, title, expected, actual);
        t->failures++;
    }
}

/* --- one file --- */

static bool open_server(struct test_file *t, char *options)
{
    char *arguments[ARGUMENTS_MAX] = {"--memory", "--log", "error"}, *rest = options;
    struct listener_options listener = {.app = &t->app};
    int count = 3;
    const char *problem = "";

    while (rest && *rest && count < ARGUMENTS_MAX) {
        char *end = rest + strcspn(rest, " ");

        arguments[count++] = rest;
        rest = *end ? end + 1 : NULL;
        *end = '\0';
    }
    if (config_read(&t->config, count, arguments, &problem) != CONFIG_OK) {
        printf("%s: options: %s\n", t->path, problem);
        return false;
    }
    log_set_level(t->config.log_level);
    t->app = (struct app){.config = &t->config, .stop_fd = -1, .port = 4566};
    t->app.listener = listener_new(&listener);
    return t->app.listener && app_open(&t->app);
}

/* Cuts the text at the next line that is `mark` or begins with it; NULL when there is none. */
static char *cut_at(char *text, const char *mark)
{
    size_t len = strlen(mark);

    for (char *line = text; line && *line;
         line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        if (strncmp(line, mark, len) == 0) {
            if (line > text)
                line[-1] = '\0';
            else
                line[0] = '\0';
            return line + len;
        }
    }
    return NULL;
}

static void run_exchanges(struct test_file *t, char *text)
{
    char *exchange = cut_at(text, "=== ");

    while (exchange) {
        char *following = cut_at(exchange, "=== ");
        char *title = raw_next_line(&exchange), *answer = cut_at(exchange, "---\n");

        if (!answer) {
            printf("%s: %s: no line --- after the request\n", t->path, title);
            t->failures++;
            return;
        }
        run_exchange(t, title, exchange, without_last_lines(answer));
        exchange = following;
    }
}

static int run_file(const char *path, int *exchanges)
{
    struct test_file t = {.path = path};
    char *text, *options = NULL;
    int failures;

    arena_init(&t.arena);
    text = read_file(&t.arena, path);
    if (text && str_starts(text, "options: ")) {
        options = raw_next_line(&text) + strlen("options: ");
    }
    if (text && open_server(&t, options))
        run_exchanges(&t, text);
    else
        t.failures++;
    app_close(&t.app);
    listener_free(t.app.listener);
    config_release(&t.config);
    *exchanges += t.exchanges;
    failures = t.failures;
    arena_release(&t.arena);
    return failures;
}

static int is_test(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > 2 && str_eq(entry->d_name + len - 2, ".t");
}

static int run_path(const char *path, int *exchanges)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_test, alphasort), failures = 0;

    if (count < 0)
        return run_file(path, exchanges);
    for (int i = 0; i < count; i++) {
        char *file = x_asprintf("%s/%s", path, entries[i]->d_name);

        failures += run_file(file, exchanges);
        free(file);
        free(entries[i]);
    }
    free(entries);
    return failures;
}

int main(int argc, char **argv)
{
    int failures = 0, exchanges = 0;

    for (int i = 1; i < argc; i++)
        failures += run_path(argv[i], &exchanges);
    printf("wire: %d passed, %d failed\n", exchanges - failures, failures);
    return failures || exchanges == 0;
}
