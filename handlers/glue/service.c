/* The Glue Data Catalog as the server sees it. */
#include "handlers/glue/operations.h"

enum { BODY_MAX = 8 * 1024 * 1024 };

#define HANDLER(Name, function) .Name = glue_##function,
static const struct glue_handlers handlers = {GLUE_OPERATIONS(HANDLER)};
#undef HANDLER

static void *glue_open(struct app *app)
{
    struct glue *g = x_calloc(1, sizeof(*g));

    g->app = app;
    g->store = glue_store_open(app->store);
    return g;
}

static void glue_close(void *state)
{
    struct glue *g = state;

    glue_store_close(g->store);
    free(g);
}

const struct service glue_service = {
    .model = &glue_model,
    .handlers = &handlers,
    .open = glue_open,
    .close = glue_close,
    .body_max = BODY_MAX,
};
