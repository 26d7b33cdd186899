#include "server/ops.h"

#include "server/service.h"

static bool works(const struct service *s, uint16_t operation)
{
    return s->handlers && s->model->has_handler(s->handlers, operation);
}

static const char *operation_name(const struct service *s, uint16_t operation)
{
    return model_text(s->model, s->model->operations[operation].name);
}

static void print_lines(FILE *out, const struct service *s)
{
    for (uint16_t i = 0; i < s->model->operation_count; i++)
        fprintf(out, "%-9s %s:%s\n", works(s, i) ? "works" : "not built", s->model->service,
                operation_name(s, i));
}

static void print_row(FILE *out, const struct service *s)
{
    unsigned count = 0;

    for (uint16_t i = 0; i < s->model->operation_count; i++)
        count += works(s, i);
    if (count == 0)
        return;
    fprintf(out, "| %s | %u of %u |", s->model->service, count, s->model->operation_count);
    for (uint16_t i = 0, printed = 0; i < s->model->operation_count; i++)
        if (works(s, i))
            fprintf(out, "%s %s", printed++ ? "," : "", operation_name(s, i));
    fputs(" |\n", out);
}

void ops_print(FILE *out, bool markdown)
{
    if (markdown)
        fputs("| service | operations | which |\n|---|---|---|\n", out);
    for (size_t i = 0; i < service_count; i++)
        if (markdown)
            print_row(out, service_registry[i]);
        else
            print_lines(out, service_registry[i]);
}
