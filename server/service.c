/* The states of all services, in the order of the registry. */
#include "server/service.h"

#include "server/app.h"

void *service_state(struct app *app, const struct service *service)
{
    for (size_t i = 0; i < service_count; i++)
        if (service_registry[i] == service)
            return app->service_states[i];
    abort(); /* a service that is not in the registry is our bug */
}
