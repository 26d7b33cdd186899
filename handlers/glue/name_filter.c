/* Names by a pattern, as GetTables and GetUserDefinedFunctions take one. */
#include "handlers/glue/operations.h"
#include "server/model/pattern.h"

static void free_pattern(void *pattern)
{
    pattern_free(pattern);
}

/* AWS: at the beginning and behind a letter * stands for any text, as it does in Hive, whatever
 * regular expressions say. Behind what can be repeated (. ) ] and escapes such as \w) it repeats
 * that; escaped or among the characters of a class it is itself. */
static const char *java_pattern(struct arena *a, const char *pattern)
{
    char *copy = arena_alloc(a, 2 * strlen(pattern) + 1);
    char *to = copy;
    bool repeats = false;
    bool in_class = false;

    for (const char *c = pattern; *c; c++) {
        if (*c == '\\' && c[1]) {
            *to++ = *c++;
            *to++ = *c;
            repeats = true;
            continue;
        }
        if (*c == '*' && !repeats && !in_class)
            *to++ = '.';
        *to++ = *c;
        repeats = strchr(".)]", *c) != NULL;
        in_class = in_class ? *c != ']' : *c == '[';
    }
    *to = '\0';
    return copy;
}

static bool is_wanted(const char *name, void *pattern)
{
    return pattern_fits(pattern, name);
}

int glue_filter_names(struct request *req, const char *pattern, struct glue_filter *out)
{
    struct pattern *compiled = pattern_new(java_pattern(&req->arena, pattern));

    if (!compiled)
        return aws_fail(req, &glue_InvalidInputException, "Invalid pattern.");
    arena_defer(&req->arena, free_pattern, compiled);
    out->wanted = is_wanted;
    out->context = compiled;
    return 0;
}
