/* Names by a pattern, as GetTables and GetUserDefinedFunctions take one. */
#include "handlers/glue/operations.h"
#include "server/model/pattern.h"

static void free_cache(void *cache)
{
    pattern_cache_free(cache);
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

int glue_name_filter_init(struct request *req, const char *pattern, struct glue_name_filter *out)
{
    out->pattern = java_pattern(&req->arena, pattern);
    if (!pattern_compiles(out->pattern))
        return aws_fail(req, &glue_InvalidInputException, "Invalid pattern.");
    out->cache = pattern_cache_new();
    arena_defer(&req->arena, free_cache, out->cache);
    return 0;
}

bool glue_name_wanted(const char *name, void *filter)
{
    const struct glue_name_filter *f = filter;

    return pattern_matches(f->cache, f->pattern, name);
}
