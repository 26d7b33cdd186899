#include "server/config.h"

/* Where a value came from; a later source replaces what an earlier one has said. */
enum source { FROM_DEFAULT, FROM_ENVIRONMENT, FROM_FLAG };

struct option {
    const char *flag;    /* without the two dashes; CADABRA_<FLAG> is its environment variable */
    const char *value;   /* what the help calls its value; NULL: a switch */
    const char *initial; /* NULL: none */
    const char *help;
    /* NULL, or what is wrong with the value. */
    const char *(*set)(struct config *c, const char *value);
    struct text_list *(*list)(struct config *c); /* of options that may be given several times */
};

/* --- one function per option: checks the value and keeps it --- */

static const char *set_port(struct config *c, const char *value)
{
    char *end;
    unsigned long port = strtoul(value, &end, 10);

    if (value[0] < '0' || value[0] > '9' || *end || port > 65535)
        return "give a number from 0 to 65535; 0 picks a free port";
    c->port = (uint16_t)port;
    return NULL;
}

static const char *set_host(struct config *c, const char *value)
{
    if (!*value)
        return "give an address such as 127.0.0.1, or 0.0.0.0 for all";
    c->address = arena_strdup(&c->arena, value);
    return NULL;
}

static const char *set_data(struct config *c, const char *value)
{
    if (!*value)
        return "give a directory; it is made if it is missing";
    c->data = arena_strdup(&c->arena, value);
    return NULL;
}

static const char *set_switch(bool *out, const char *value)
{
    if (str_eq(value, "1") || strcasecmp(value, "true") == 0 || strcasecmp(value, "yes") == 0)
        *out = true;
    else if (str_eq(value, "0") || strcasecmp(value, "false") == 0 || strcasecmp(value, "no") == 0)
        *out = false;
    else
        return "it is a switch: give 1 or 0";
    return NULL;
}

static const char *set_memory(struct config *c, const char *value)
{
    return set_switch(&c->memory, value);
}

static const char *set_test_clock(struct config *c, const char *value)
{
    return set_switch(&c->test_clock, value);
}

static const char *set_kinesis_limits(struct config *c, const char *value)
{
    return set_switch(&c->kinesis_limits, value);
}

static const char *set_durability(struct config *c, const char *value)
{
    if (!str_eq(value, "normal") && !str_eq(value, "full"))
        return "give normal (survives kill -9) or full (survives the loss of power too)";
    c->durability_full = str_eq(value, "full");
    return NULL;
}

static const char *set_auth(struct config *c, const char *value)
{
    if (!str_eq(value, "off") && !str_eq(value, "verify") && !str_eq(value, "enforce"))
        return "give off, verify or enforce";
    c->auth_enforce = str_eq(value, "enforce");
    c->auth_verify = c->auth_enforce || str_eq(value, "verify");
    return NULL;
}

static const char *set_account(struct config *c, const char *value)
{
    if (strlen(value) != 12 || strspn(value, "0123456789") != 12)
        return "an account id has 12 digits";
    c->account = arena_strdup(&c->arena, value);
    return NULL;
}

static const char *set_region(struct config *c, const char *value)
{
    size_t len = strlen(value);

    if (len == 0 || len > 31 || strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
        return "give a region such as us-east-1";
    c->region = arena_strdup(&c->arena, value);
    return NULL;
}

static const char *set_trace(struct config *c, const char *value)
{
    if (!*value)
        return "give the name of a file";
    c->trace = arena_strdup(&c->arena, value);
    return NULL;
}

static const char *set_duckdb(struct config *c, const char *value)
{
    if (access(value, R_OK) != 0)
        return "give the file libduckdb.so; server/get-duckdb.sh gets it";
    c->duckdb = arena_strdup(&c->arena, value);
    return NULL;
}

static const char *set_log(struct config *c, const char *value)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq(value, names[i])) {
            c->log_level = (enum log_level)i;
            return NULL;
        }
    }
    return "give error, warn, info or debug";
}

/* Adds the parts of "a,b" to a list. */
static void add_to_list(struct config *c, struct text_list *list, const char *value)
{
    while (*value) {
        size_t len = strcspn(value, ",");

        if (len) {
            const char **items = ARENA_ARRAY(&c->arena, const char *, list->count + 1);

            if (list->count)
                memcpy(items, list->items, list->count * sizeof(*items));
            items[list->count++] = arena_strndup(&c->arena, value, len);
            list->items = items;
        }
        value += len + (value[len] == ',');
    }
}

static struct text_list *list_of_origins(struct config *c)
{
    return &c->allowed_origins;
}

static const char *set_allow_origin(struct config *c, const char *value)
{
    size_t first = c->allowed_origins.count;

    add_to_list(c, &c->allowed_origins, value);
    for (size_t i = first; i < c->allowed_origins.count; i++) {
        const char *origin = c->allowed_origins.items[i];
        const char *authority = strstr(origin, "://");

        if (!str_eq(origin, "*") && (!authority || !authority[3] || strchr(authority + 3, '/')))
            return "give origins such as http://localhost:3000, without a path, or *";
    }
    return NULL;
}

static struct text_list *list_of_hosts(struct config *c)
{
    return &c->allowed_hosts;
}

static const char *set_allow_host(struct config *c, const char *value)
{
    size_t first = c->allowed_hosts.count;

    add_to_list(c, &c->allowed_hosts, value);
    for (size_t i = first; i < c->allowed_hosts.count; i++)
        if (strpbrk(c->allowed_hosts.items[i], ":/ "))
            return "give names such as aws.example.test, without scheme and port";
    return NULL;
}

static const struct option options[] = {
    {"port", "PORT", "4566", "Port to listen on; 0 picks a free one.", set_port},
    {"host", "ADDRESS[,ADDRESS]", "127.0.0.1,::1",
     "Addresses to listen on; 0.0.0.0,:: serves other machines too.", set_host},
    {"data", "DIR", NULL,
     "Where everything is kept. Default: $XDG_DATA_HOME/cadabra or ~/.local/share/cadabra.",
     set_data},
    {"memory", NULL, "0", "Keep nothing: all is gone when the server ends.", set_memory},
    {"durability", "normal|full", "normal",
     "normal survives kill -9 of the server, full also the loss of power.", set_durability},
    {"auth", "off|verify|enforce", "off",
     "verify refuses requests whose signature is wrong; enforce evaluates policies, too (S3).",
     set_auth},
    {"account", "ID", "000000000000",
     "Account of access keys that are not themselves a 12-digit account id.", set_account},
    {"region", "REGION", "us-east-1", "Region of requests that are not signed.", set_region},
    {"trace", "FILE", NULL,
     "Append every request and answer, bodies included, to FILE as JSON lines.", set_trace},
    {"log", "LEVEL", "info", "error, warn, info (a line per request) or debug.", set_log},
    {"allow-origin", "ORIGIN[,ORIGIN]", NULL,
     "Web pages of this origin may call the server; * for all. May be repeated.", set_allow_origin,
     list_of_origins},
    {"allow-host", "NAME[,NAME]", NULL,
     "The server may be called by this name and those below it. May be repeated.", set_allow_host,
     list_of_hosts},
    {"duckdb", "FILE", NULL,
     "DuckDB's library, which reads and writes Parquet. Default: libduckdb.so beside the program, "
     "in "
     "../duckdb or ../lib/cadabra from there.",
     set_duckdb},
    {"kinesis-limits", NULL, "0",
     "Shards of Kinesis take and give no more a second than on AWS; else they are as fast as they "
     "can.",
     set_kinesis_limits},
    {"test-clock", NULL, "0", "POST /_cadabra/clock may move the clock, for tests.",
     set_test_clock},
};

static void environment_name(const struct option *o, char out[40])
{
    size_t len = (size_t)snprintf(out, 40, "CADABRA_%s", o->flag);

    for (size_t i = 0; i < len; i++)
        if (out[i] == '-')
            out[i] = '_';
        else if (out[i] >= 'a' && out[i] <= 'z')
            out[i] = (char)(out[i] - 'a' + 'A');
}

/* --- reading --- */

struct reading {
    struct config *config;
    enum source sources[ARRAY_LEN(options)];
    const char *problem;
};

static bool set_option(struct reading *r, size_t index, enum source source, const char *name,
                       const char *value)
{
    const struct option *o = &options[index];
    const char *problem;

    if (o->list && r->sources[index] != source)
        *o->list(r->config) = (struct text_list){0};
    r->sources[index] = source;
    problem = o->set(r->config, value);
    if (problem)
        r->problem =
            arena_printf(&r->config->arena, "%s: '%s' is not right: %s.", name, value, problem);
    return !problem;
}

static bool read_environment(struct reading *r)
{
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        char name[40];
        const char *value;

        environment_name(&options[i], name);
        value = getenv(name);
        if (value && *value && !set_option(r, i, FROM_ENVIRONMENT, name, value))
            return false;
    }
    return true;
}

static const struct option *find_option(const char *flag, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if (strlen(options[i].flag) == len && memcmp(options[i].flag, flag, len) == 0)
            return &options[i];
    return NULL;
}

/* Reads arguments[*index], and the one after it where the value stands there. */
static bool read_flag(struct reading *r, int count, char *const *arguments, int *index)
{
    const char *argument = arguments[*index], *value;
    const struct option *o = NULL;
    size_t len;

    if (str_starts(argument, "--")) {
        len = strcspn(argument + 2, "=");
        o = find_option(argument + 2, len);
    }
    if (!o) {
        r->problem =
            arena_printf(&r->config->arena,
                         "%s: there is no such option; `cadabra --help` lists them all.", argument);
        return false;
    }
    if (argument[2 + len] == '=') {
        value = argument + 2 + len + 1;
    } else if (!o->value) {
        value = "1";
    } else if (*index + 1 < count) {
        value = arguments[++*index];
    } else {
        r->problem = arena_printf(&r->config->arena, "%s needs a value: %s %s.", argument, argument,
                                  o->value);
        return false;
    }
    return set_option(r, (size_t)(o - options), FROM_FLAG,
                      arena_printf(&r->config->arena, "--%s", o->flag), value);
}

static bool choose_data_directory(struct config *c, const char **out_problem)
{
    const char *base = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

    if (c->memory)
        c->data = NULL;
    else if (c->data)
        return true;
    else if (base && base[0] == '/')
        c->data = arena_printf(&c->arena, "%s/cadabra", base);
    else if (home && home[0] == '/')
        c->data = arena_printf(&c->arena, "%s/.local/share/cadabra", home);
    else
        *out_problem = "there is no home directory to keep data in: give --data DIR or --memory.";
    return c->memory || c->data;
}

enum config_outcome config_read(struct config *c, int count, char *const *arguments,
                                const char **out_problem)
{
    struct reading r = {.config = c};

    *c = (struct config){0};
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if (options[i].initial)
            set_option(&r, i, FROM_DEFAULT, options[i].flag, options[i].initial);
    for (int i = 0; i < count; i++) {
        if (str_eq(arguments[i], "--help") || str_eq(arguments[i], "-h"))
            return CONFIG_HELP;
        if (str_eq(arguments[i], "--version"))
            return CONFIG_VERSION;
    }
    assert(!r.problem);
    if (read_environment(&r)) {
        for (int i = 0; i < count; i++)
            if (!read_flag(&r, count, arguments, &i))
                break;
    }
    if (r.problem)
        *out_problem = r.problem;
    else if (choose_data_directory(c, out_problem))
        return CONFIG_OK;
    return CONFIG_WRONG;
}

void config_release(struct config *c)
{
    arena_release(&c->arena);
}

void config_print_help(FILE *out)
{
    fputs(
        "cadabra: a local AWS for data pipelines\n"
        "\n"
        "Usage:\n"
        "  cadabra [OPTIONS]          serve until SIGTERM or Ctrl-C\n"
        "  cadabra ops [--markdown]   list every operation, and whether it works\n"
        "  cadabra health [OPTIONS]   ask the server on --port how it is; exit code 0 means well\n"
        "\n"
        "Options, each with the environment variable that sets it too:\n",
        out);
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        const struct option *o = &options[i];
        char name[40];

        environment_name(o, name);
        fprintf(out, "  --%s%s%s\n      %s\n      %s", o->flag, o->value ? " " : "",
                o->value ? o->value : "", o->help, name);
        if (o->value && o->initial)
            fprintf(out, ", default %s", o->initial);
        fputc('\n', out);
    }
    fputs("  --help, --version\n", out);
}
