/*
 * Whatever stands in Authorization, in the query and in the path: it is read, made canonical, and
 * verified (against a key that is known, where the input names it) without harm, and never passes
 * by chance.
 *
 * The input is lines: Authorization, X-Amz-Date, target, further headers as name:value.
 */
#include "server/app.h"
#include "server/auth/auth.h"
#include "server/auth/sigv4.h"
#include "server/service.h"
#include "storage/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { HEADERS_MAX = 32 };

static struct app app;

/* The services that give out keys are asked for them, so they must be open. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct store_options options = {.directory = NULL};
    char problem[256];

    (void)argc;
    (void)argv;
    app.store = store_open(&options, problem, sizeof(problem));
    app.service_states = x_calloc(service_count, sizeof(*app.service_states));
    if (!app.store)
        abort();
    for (size_t i = 0; i < service_count; i++)
        if (service_registry[i]->find_credential)
            app.service_states[i] = service_registry[i]->open(&app);
    return 0;
}

static void split(struct request *req, char *text)
{
    char *line = strsep(&text, "\n");
    char *question;

    req->headers = ARENA_ARRAY(&req->arena, struct header, HEADERS_MAX);
    if (*line)
        req->headers[req->header_count++] = (struct header){.name = "Authorization", .value = line};
    if ((line = strsep(&text, "\n")) && *line)
        req->headers[req->header_count++] = (struct header){.name = "X-Amz-Date", .value = line};
    if ((line = strsep(&text, "\n"))) {
        req->target = req->path = line;
        if ((question = strchr(line, '?'))) {
            *question = '\0';
            req->query = question + 1;
        }
    }
    while ((line = strsep(&text, "\n")) && req->header_count < HEADERS_MAX) {
        char *colon = strchr(line, ':');

        if (!colon)
            continue;
        *colon = '\0';
        req->headers[req->header_count++] = (struct header){.name = line, .value = colon + 1};
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request req = {.app = &app, .method = "GET", .target = "/", .path = "/", .query = ""};
    struct auth_result result;
    struct auth_chunk_seed seed;

    if (size > 16384 || memchr(data, '\0', size))
        return 0;
    req.body = (struct bytes){.data = (const uint8_t *)"", .len = 0};
    arena_init(&req.arena);
    split(&req, arena_strndup(&req.arena, (const char *)data, size));
    auth_parse(&req, &result);
    auth_identify(&req, &result, "000000000000");
    if (strlen(req.account) != 12 || !*req.region)
        abort();
    sigv4_canonical_request(&req, result.signed_headers, SIGV4_PATH_AS_IS, "UNSIGNED-PAYLOAD");
    sigv4_canonical_request(&req, result.signed_headers, SIGV4_PATH_NORMALIZED, "x");
    auth_chunk_seed(&req, &result, &seed);
    req.protocol = size % 2 ? PROTOCOL_QUERY : PROTOCOL_JSON_1_1;
    if (auth_verify(&req, &result) == 0)
        abort(); /* nothing here is signed, and there is no operation that may be unsigned */
    arena_release(&req.arena);
    return 0;
}
