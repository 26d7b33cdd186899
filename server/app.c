/*
 * Opening, closing and emptying everything. Services open in the order of the registry and close in
 * reverse, so one may rely on those before it in the list.
 */
#include "server/app.h"

#include "server/background.h"
#include "server/base/log.h"
#include "server/config.h"
#include "server/gate.h"
#include "server/model/pattern.h"
#include "server/service.h"
#include "storage/store.h"

enum { RESET_WAIT_MS = 60000 };

static bool open_services(struct app *app)
{
    for (size_t i = 0; i < service_count; i++) {
        const struct service *s = service_registry[i];

        if (!s->open)
            continue;
        app->service_states[i] = s->open(app);
        if (!app->service_states[i]) {
            log_error("%s could not be opened", s->model->service);
            return false;
        }
    }
    for (size_t i = 0; i < service_count; i++)
        if (service_registry[i]->start)
            service_registry[i]->start(app->service_states[i]);
    return true;
}

static void close_services(struct app *app)
{
    for (size_t i = service_count; i-- > 0;) {
        void *state = TAKE(app->service_states[i]);

        if (state)
            service_registry[i]->close(state);
    }
}

bool app_open(struct app *app)
{
    struct store_options options = {.directory = app->config->data,
                                    .durability_full = app->config->durability_full};
    char problem[512] = "";

    app->service_states = x_calloc(service_count, sizeof(*app->service_states));
    app->background = background_new();
    app->patterns = pattern_cache_new();
    app->gate = gate_new();
    if (!app->gate)
        return false;
    app->stop_fd = gate_stop_fd(app->gate);
    app->store = store_open(&options, problem, sizeof(problem));
    if (!app->store) {
        log_error("%s", problem);
        return false;
    }
    return open_services(app);
}

void app_close(struct app *app)
{
    if (app->background)
        background_stop_all(app->background);
    if (app->service_states)
        close_services(app);
    if (app->background)
        background_free(TAKE(app->background));
    if (app->store)
        store_close(TAKE(app->store));
    gate_free(TAKE(app->gate));
    pattern_cache_free(TAKE(app->patterns));
    free(TAKE(app->service_states));
    app->stop_fd = -1;
}

enum app_reset_outcome app_reset(struct app *app)
{
    bool done;

    if (!gate_close(app->gate, RESET_WAIT_MS)) {
        log_warn("reset: a request has not ended within %d s", RESET_WAIT_MS / 1000);
        return APP_RESET_BUSY;
    }
    background_stop_all(app->background);
    close_services(app);
    done = store_empty(app->store) == STORE_OK;
    done = open_services(app) && done;
    gate_open(app->gate);
    log_info("reset: %s", done ? "everything is empty" : "failed");
    return done ? APP_RESET_DONE : APP_RESET_FAILED;
}
