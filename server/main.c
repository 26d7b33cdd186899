/*
 * Options, start, stop. The order of starting is that of need: listener (services may open
 * endpoints of their own), trace, data directory and services, and last the port, so that whoever
 * can connect is served. It ends in reverse: the port first, with requests in flight brought to
 * their end, then background work and services.
 */
#include <malloc.h>
#include <signal.h>

#include "server/app.h"
#include "server/base/log.h"
#include "server/config.h"
#include "server/dispatch.h"
#include "server/gate.h"
#include "server/health.h"
#include "server/net/listener.h"
#include "server/ops.h"
#include "server/service.h"
#include "server/trace.h"
#include "server/version.h"
#include "storage/store.h"

/* Less than what listener.h gives before it cuts connections. */
enum { EXIT_WRONG_USE = 2, REQUEST_GRACE_MS = 6000 };

/* A thread per connection: with glibc's default of eight arenas per core each would hoard memory of
 * its own. A request's body is taken from them too, up to BODY_MEMORY_MAX: mapping it anew for each
 * request costs as much as what is done with it. Answers of several MB, as those of GetRecords, are
 * mapped: in the heap they take a little less time, but 32 at once leave half as much memory again
 * behind (155 MiB for 110). What free() leaves behind in any case is given back later
 * (server/net/accept.c). */
static void set_up_malloc(void)
{
    mallopt(M_MMAP_THRESHOLD, 2 << 20);
    mallopt(M_ARENA_MAX, 4);
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
}

/* SIGTERM, SIGINT and SIGHUP are blocked in all threads, and taken by main() alone. */
static void block_signals(sigset_t *out_set)
{
    sigemptyset(out_set);
    sigaddset(out_set, SIGTERM);
    sigaddset(out_set, SIGINT);
    sigaddset(out_set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, out_set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* Every address of the list is this machine's own. */
static bool is_local(const char *list)
{
    for (; *list; list += strcspn(list, ","), list += *list == ',')
        if (!str_starts(list, "127.") && !str_starts(list, "::1") && !str_starts(list, "localhost"))
            return false;
    return true;
}

static void print_start(const struct app *app)
{
    const char *address = app->config->address;

    if (!is_local(address))
        log_warn("whoever reaches %s, port %u, can run code here as a Lambda function", address,
                 app->port);
    if (strstr(address, "127.0.0.1") || strstr(address, "0.0.0.0") || strstr(address, "localhost"))
        printf("cadabra %s listens on http://127.0.0.1:%u", CADABRA_VERSION, app->port);
    else
        printf("cadabra %s listens on %s, port %u", CADABRA_VERSION, address, app->port);
    if (app->config->memory)
        printf(" and keeps nothing (--memory).\n");
    else
        printf(" and keeps its data in %s\n", store_directory(app->store));
    printf("Ready.\n");
    fflush(stdout);
}

/* Opens the port, serves until a signal comes, and closes the port. */
static bool serve_until_signal(struct app *app, const sigset_t *signals)
{
    struct endpoint_options options = {
        .address = app->config->address, .port = app->config->port, .handler = &dispatch_handler};
    struct endpoint *endpoint;
    int number = 0;

    listener_set_temp_dir(app->listener, store_directory(app->store));
    endpoint = listener_open_endpoint(app->listener, &options);
    if (!endpoint) {
        log_error("%s, port %u cannot be opened: give another --port (0: a free one) or --host",
                  app->config->address, app->config->port);
        return false;
    }
    app->port = endpoint_port(endpoint);
    print_start(app);
    sigwait(signals, &number);
    log_info("signal %d: requests in flight may end, then the server does", number);
    /* A second signal ends it at once. */
    pthread_sigmask(SIG_UNBLOCK, signals, NULL);
    gate_hurry(app->gate, REQUEST_GRACE_MS);
    endpoint_close(endpoint);
    return true;
}

static int serve(const struct config *config)
{
    struct listener_options options = {0};
    struct app app = {.config = config, .stop_fd = -1};
    sigset_t signals;
    bool well;

    set_up_malloc();
    block_signals(&signals);
    log_set_level(config->log_level);
    options.app = &app;
    app.listener = listener_new(&options);
    if (config->trace)
        app.trace = trace_open(config->trace);
    well = app.listener && (app.trace || !config->trace) && app_open(&app) &&
           serve_until_signal(&app, &signals);
    app_close(&app);
    listener_free(app.listener);
    trace_close(app.trace);
    return well ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int with_config(int count, char *const *arguments, int (*run)(const struct config *config))
{
    struct config config;
    const char *problem = NULL;
    int code = EXIT_SUCCESS;

    switch (config_read(&config, count, arguments, &problem)) {
    case CONFIG_OK:
        code = run(&config);
        break;
    case CONFIG_HELP:
        config_print_help(stdout);
        break;
    case CONFIG_VERSION:
        printf("cadabra %s\n", CADABRA_VERSION);
        break;
    case CONFIG_WRONG:
        fprintf(stderr, "cadabra: %s See cadabra --help.\n", problem);
        code = EXIT_WRONG_USE;
        break;
    }
    config_release(&config);
    return code;
}

/* `cadabra helper <service>`: started by the service itself, see service.h. */
static int help_service(const char *name)
{
    for (size_t i = 0; i < service_count; i++)
        if (service_registry[i]->helper && str_eq(service_registry[i]->model->service, name))
            return service_registry[i]->helper();
    return EXIT_WRONG_USE;
}

int main(int argc, char **argv)
{
    if (argc == 3 && str_eq(argv[1], "helper"))
        return help_service(argv[2]);
    if (argc > 1 && str_eq(argv[1], "ops")) {
        bool markdown = argc > 2 && str_eq(argv[2], "--markdown");

        if (argc > 2 + markdown) {
            fprintf(stderr, "cadabra: ops knows --markdown only. See cadabra --help.\n");
            return EXIT_WRONG_USE;
        }
        ops_print(stdout, markdown);
        return EXIT_SUCCESS;
    }
    if (argc > 1 && str_eq(argv[1], "health"))
        return with_config(argc - 2, argv + 2, health_ask);
    return with_config(argc - 1, argv + 1, serve);
}
