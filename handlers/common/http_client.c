/*
 * One multi handle per client, which keeps connections and can wait for a descriptor of ours beside
 * libcurl's; one easy handle per call. libcurl is loaded by the first call (server/base/library.h).
 */
#include "handlers/common/http_client.h"

#include "server/base/clock.h"
#include "server/base/library.h"
#include "server/base/strbuf.h"

#include <curl/curl.h>

enum { CONNECTIONS_KEPT = 4, POLL_MS = 1000 };

/* The functions of libcurl, with the types that its header gives them. */
struct curl_library {
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_cleanup) *easy_cleanup;
    __typeof__(curl_easy_strerror) *easy_strerror;
    __typeof__(&curl_easy_setopt) easy_setopt;
    __typeof__(&curl_easy_getinfo) easy_getinfo;
    __typeof__(curl_slist_append) *slist_append;
    __typeof__(curl_slist_free_all) *slist_free_all;
    __typeof__(curl_multi_init) *multi_init;
    __typeof__(curl_multi_cleanup) *multi_cleanup;
    __typeof__(&curl_multi_setopt) multi_setopt;
    __typeof__(curl_multi_add_handle) *multi_add_handle;
    __typeof__(curl_multi_remove_handle) *multi_remove_handle;
    __typeof__(curl_multi_perform) *multi_perform;
    __typeof__(curl_multi_poll) *multi_poll;
    __typeof__(curl_multi_info_read) *multi_info_read;
};

struct http_client {
    struct curl_library lib;
    CURLM *multi; /* NULL until the first call */
};

static bool load(struct curl_library *lib)
{
    const struct library_symbol symbols[] = {
        {"curl_easy_init", &lib->easy_init},
        {"curl_easy_cleanup", &lib->easy_cleanup},
        {"curl_easy_strerror", &lib->easy_strerror},
        {"curl_easy_setopt", &lib->easy_setopt},
        {"curl_easy_getinfo", &lib->easy_getinfo},
        {"curl_slist_append", &lib->slist_append},
        {"curl_slist_free_all", &lib->slist_free_all},
        {"curl_multi_init", &lib->multi_init},
        {"curl_multi_cleanup", &lib->multi_cleanup},
        {"curl_multi_setopt", &lib->multi_setopt},
        {"curl_multi_add_handle", &lib->multi_add_handle},
        {"curl_multi_remove_handle", &lib->multi_remove_handle},
        {"curl_multi_perform", &lib->multi_perform},
        {"curl_multi_poll", &lib->multi_poll},
        {"curl_multi_info_read", &lib->multi_info_read},
    };

    return library_load("libcurl.so.4", symbols, ARRAY_LEN(symbols));
}

struct http_client *http_client_new(void)
{
    return x_calloc(1, sizeof(struct http_client));
}

void http_client_free(struct http_client *c)
{
    if (c && c->multi)
        c->lib.multi_cleanup(c->multi);
    free(c);
}

static bool client_ready(struct http_client *c)
{
    if (c->multi)
        return true;
    if (!load(&c->lib))
        return false;
    c->multi = c->lib.multi_init();
    if (c->multi)
        c->lib.multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    return c->multi != NULL;
}

/* --- one call --- */

struct transfer {
    struct curl_library *lib;
    CURL *easy;
    struct curl_slist *headers;
    struct strbuf body;
    char problem[CURL_ERROR_SIZE];
};

static bool is_clean(const char *text)
{
    for (; *text; text++)
        if ((uint8_t)*text < 0x20 && *text != '\t')
            return false;
    return true;
}

/* Takes ownership of the longer list; the old one stays when there is no memory. */
static void add_header(struct transfer *t, const char *line)
{
    struct curl_slist *longer = t->lib->slist_append(t->headers, line);

    if (longer)
        t->headers = longer;
}

static bool add_headers(struct transfer *t, const struct http_call *call, struct arena *a)
{
    /* libcurl's own, which would accept anything, wait for a 100 Continue and announce a form. */
    add_header(t, "Accept:");
    add_header(t, "Expect:");
    add_header(t, "Content-Type:");
    for (size_t i = 0; i < call->header_count; i++) {
        const struct http_header *h = &call->headers[i];
        bool empty = h->value[0] == '\0';

        if (!is_clean(h->name) || !is_clean(h->value) || strpbrk(h->name, ":; "))
            return false;
        add_header(t, empty ? arena_printf(a, "%s;", h->name)
                            : arena_printf(a, "%s: %s", h->name, h->value));
    }
    return true;
}

static size_t receive(char *data, size_t size, size_t count, void *context)
{
    struct transfer *t = context;

    strbuf_add(&t->body, data, size * count);
    return t->body.overflow ? 0 : size * count;
}

static void set_body(struct transfer *t, const struct http_call *call)
{
    if (str_eq(call->method, "GET"))
        return;
    t->lib->easy_setopt(t->easy, CURLOPT_POST, 1L);
    t->lib->easy_setopt(t->easy, CURLOPT_POSTFIELDS,
                        call->body.data ? (const char *)call->body.data : "");
    t->lib->easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
    t->lib->easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, call->method);
}

static void set_options(struct transfer *t, const struct http_call *call)
{
    const char *authorities =
        getenv("SSL_CERT_FILE"); /* NOLINT(concurrency-mt-unsafe): only read */
    struct curl_library *lib = t->lib;
    CURL *easy = t->easy;

    lib->easy_setopt(easy, CURLOPT_URL, call->url);
    lib->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    lib->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    lib->easy_setopt(easy, CURLOPT_PROXY, "");
    lib->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    lib->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
    lib->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)call->timeout_ms);
    lib->easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers);
    lib->easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
    lib->easy_setopt(easy, CURLOPT_WRITEDATA, t);
    lib->easy_setopt(easy, CURLOPT_ERRORBUFFER, t->problem);
    if (authorities && authorities[0])
        lib->easy_setopt(easy, CURLOPT_CAINFO, authorities);
    set_body(t, call);
}

/* Runs the transfer to its end; false when it was given up. */
static bool perform(struct http_client *c, int stop_fd, CURLcode *out_code)
{
    int running = 1;
    int left;

    while (running) {
        struct curl_waitfd stop = {.fd = stop_fd, .events = CURL_WAIT_POLLIN};

        if (c->lib.multi_perform(c->multi, &running) != CURLM_OK)
            return false;
        if (running && c->lib.multi_poll(c->multi, &stop, stop_fd >= 0, POLL_MS, NULL) != CURLM_OK)
            return false;
        if (running && stop.revents)
            return false;
    }
    for (CURLMsg *m; (m = c->lib.multi_info_read(c->multi, &left)) != NULL;)
        if (m->msg == CURLMSG_DONE)
            *out_code = m->data.result;
    return true;
}

static enum http_outcome outcome_of(CURLcode code, const struct transfer *t)
{
    switch (code) {
    case CURLE_OK:
        return HTTP_ANSWERED;
    case CURLE_OPERATION_TIMEDOUT:
        return HTTP_TIMEOUT;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return HTTP_BAD_CALL;
    default:
        return t->body.overflow ? HTTP_TOO_LARGE : HTTP_FAILED;
    }
}

static void read_answer(struct transfer *t, struct arena *a, struct http_answer *out)
{
    char *type = NULL;
    long status = 0;

    t->lib->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    t->lib->easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
    *out = (struct http_answer){
        .status = (int)status,
        .body = {(uint8_t *)arena_strndup(a, t->body.data ? t->body.data : "", t->body.len),
                 t->body.len},
        .content_type = type ? arena_strdup(a, type) : NULL,
    };
}

static enum http_outcome run(struct http_client *c, struct transfer *t,
                             const struct http_call *call, struct arena *a, struct http_answer *out,
                             const char **out_problem)
{
    CURLcode code = CURLE_FAILED_INIT;
    enum http_outcome outcome;
    bool ended;

    set_options(t, call);
    if (c->lib.multi_add_handle(c->multi, t->easy) != CURLM_OK) {
        *out_problem = "libcurl takes no call";
        return HTTP_FAILED;
    }
    ended = perform(c, call->stop_fd, &code);
    c->lib.multi_remove_handle(c->multi, t->easy);
    if (!ended) {
        *out_problem = "given up";
        return HTTP_STOPPED;
    }
    outcome = outcome_of(code, t);
    if (outcome == HTTP_ANSWERED)
        read_answer(t, a, out);
    else if (outcome == HTTP_TOO_LARGE)
        *out_problem = arena_printf(a, "The answer is longer than %zu bytes", call->answer_max);
    else
        *out_problem = arena_strdup(a, t->problem[0] ? t->problem : c->lib.easy_strerror(code));
    return outcome;
}

enum http_outcome http_client_call(struct http_client *c, const struct http_call *call,
                                   struct arena *a, struct http_answer *out,
                                   const char **out_problem)
{
    struct transfer t = {.lib = &c->lib, .body = STRBUF_INIT(call->answer_max)};
    enum http_outcome outcome = HTTP_BAD_CALL;
    const char *unwanted;

    out_problem = out_problem ? out_problem : &unwanted;
    if (!client_ready(c) || !(t.easy = c->lib.easy_init())) {
        *out_problem = "libcurl is not there";
        return HTTP_FAILED;
    }
    if (add_headers(&t, call, a))
        outcome = run(c, &t, call, a, out, out_problem);
    else
        *out_problem = "A header holds characters that no header may hold";
    c->lib.easy_cleanup(t.easy);
    c->lib.slist_free_all(t.headers);
    strbuf_release(&t.body);
    return outcome;
}
