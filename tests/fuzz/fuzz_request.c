/* Whole requests through the pipeline: routing, guard, every protocol's decoder, the validator,
 * whatever handlers are there, and the encoders. One server in memory serves them all. */
#include "server/app.h"
#include "server/base/log.h"
#include "server/config.h"
#include "server/dispatch.h"
#include "server/net/listener.h"
#include "tests/wire/raw_request.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config config;
static struct app app;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char *arguments[] = {"--memory", "--log=error", "--auth=off"};
    struct listener_options listener = {.app = &app};
    const char *problem;

    (void)argc;
    (void)argv;
    if (config_read(&config, ARRAY_LEN(arguments), arguments, &problem) != CONFIG_OK)
        abort();
    log_set_level(LOG_LEVEL_ERROR);
    app = (struct app){.config = &config, .stop_fd = -1};
    app.listener = listener_new(&listener);
    if (!app_open(&app))
        abort();
    return 0;
}

/* Bodies that are made while they are sent would be endless here: a few pieces are enough. */
static void read_stream(struct request *req)
{
    struct strbuf out = STRBUF_INIT(RAW_ANSWER_MAX);

    for (int i = 0; i < 3; i++)
        if (req->response.stream.next(req, req->response.stream.context, &out) <= 0)
            break;
    strbuf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = x_malloc(size + 1), *rest = text;
    struct request req;

    memcpy(text, data, size);
    text[size] = '\0';
    raw_request_open(&req, &app);
    if (raw_request_head(&req, &rest)) {
        if (dispatch_handler.begin(&req) == 0) {
            body_push(&req, rest, size - (size_t)(rest - text));
            body_finish(&req);
        }
        dispatch_handler.serve(&req);
        if (req.response.kind == BODY_STREAM)
            read_stream(&req);
        dispatch_handler.done(&req);
    }
    raw_request_close(&req);
    free(text);
    return 0;
}
