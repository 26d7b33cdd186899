/* Names by a pattern, as GetTables and GetUserDefinedFunctions take one. */
#include "handlers/glue/operations.h"
#include "server/model/pattern.h"

static void free_cache(void *cache)
{
    pattern_cache_free(cache);
}

/* AWS: behind a letter or at the beginning, * stands for any text, as it does in Hive; elsewhere it
 * repeats what is before it. */
static bool is_wild(const char *pattern, const char *star)
{
    size_t before = (size_t)(star - pattern);

    if (before == 0)
        return true;
    if (before > 1 && star[-2] == '\\')
        return false;
    return !strchr(".)]", star[-1]);
}

static const char *java_pattern(struct arena *a, const char *pattern)
{
    char *copy = arena_alloc(a, 2 * strlen(pattern) + 1);
    char *to = copy;

    for (const char *c = pattern; *c; c++) {
        if (*c == '*' && is_wild(pattern, c))
            *to++ = '.';
        *to++ = *c;
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
