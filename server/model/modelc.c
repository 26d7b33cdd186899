/*
 * modelc IN.model OUT.h OUT.c: compiles the facts of one AWS service to C structs and tables, at
 * build time.
 *
 * It reads everything (modelc_read.c), looks up every name (modelc_resolve.c), and only then
 * writes: structs and handler slots to the header (modelc_header.c), constant tables to the source
 * (modelc_tables.c). Input is ours, so the first mistake ends the run with file and line. The
 * process is short: memory is given back by its end.
 */
#include "server/model/modelc.h"

#include <ctype.h>

void *grow_array(void *array, size_t count, size_t element_size)
{
    /* Room doubles whenever the count is a power of two. */
    if (count == 0 || (count & (count - 1)) == 0)
        array = realloc(array, (count ? count * 2 : 1) * element_size);
    if (!array)
        fail_at("modelc", 0, "out of memory");
    memset((char *)array + count * element_size, 0, element_size);
    return array;
}

char *format_text(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        fail_at("modelc", 0, "out of memory");
    va_end(arguments);
    return text;
}

void fail_at(const char *path, int line, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fprintf(stderr, "%s:%d: ", path, line);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

char *upper_case(const char *text)
{
    char *upper = format_text("%s", text);

    for (char *c = upper; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return upper;
}

static void write_file(const char *path, const struct source_service *service,
                       void (*write)(const struct source_service *service, FILE *out))
{
    FILE *out = fopen(path, "w");

    if (!out)
        fail_at(path, 0, "%s", strerror(errno));
    write(service, out);
    if (ferror(out) | fclose(out)) {
        unlink(path);
        fail_at(path, 0, "cannot be written");
    }
}

int main(int argc, char **argv)
{
    struct source_service service = {0};

    if (argc != 4) {
        fprintf(stderr, "usage: modelc IN.model OUT.h OUT.c\n");
        return 2;
    }
    read_model(&service, argv[1]);
    resolve_model(&service);
    write_file(argv[2], &service, write_header);
    write_file(argv[3], &service, write_tables);
    return 0;
}
