#include "handlers/s3/cors.h"

#include "server/base/encode.h"

enum { RULES_MAX = 100 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same(const char *a, const char *b, size_t len, bool fold)
{
    for (size_t i = 0; i < len; i++)
        if (a[i] != b[i] && !(fold && lower(a[i]) == lower(b[i])))
            return false;
    return true;
}

/* A pattern has one '*' at most. */
static bool fits(const char *pattern, const char *text, size_t len, bool fold)
{
    const char *star = strchr(pattern, '*');
    size_t head = star ? (size_t)(star - pattern) : strlen(pattern);
    size_t tail = star ? strlen(star + 1) : 0;

    if (!star)
        return head == len && same(pattern, text, len, fold);
    return len >= head + tail && same(pattern, text, head, fold) &&
           same(star + 1, text + len - tail, tail, fold);
}

static bool origin_fits(const struct s3_CORSRule *rule, const char *origin)
{
    for (size_t i = 0; i < rule->AllowedOrigins.count; i++)
        if (fits(rule->AllowedOrigins.items[i], origin, strlen(origin), false))
            return true;
    return false;
}

static bool method_fits(const struct s3_CORSRule *rule, const char *method)
{
    for (size_t i = 0; i < rule->AllowedMethods.count; i++)
        if (str_eq(rule->AllowedMethods.items[i], method))
            return true;
    return false;
}

static bool header_fits(const struct s3_CORSRule *rule, const char *name, size_t len)
{
    for (size_t i = 0; i < rule->AllowedHeaders.count; i++)
        if (fits(rule->AllowedHeaders.items[i], name, len, true))
            return true;
    return false;
}

static bool headers_fit(const struct s3_CORSRule *rule, const char *headers)
{
    while (headers && *headers) {
        size_t len = strcspn(headers, ", \t");

        if (len > 0 && !header_fits(rule, headers, len))
            return false;
        headers += len + (headers[len] != '\0');
    }
    return true;
}

const struct s3_CORSRule *s3_cors_match(const struct s3_CORSRules *rules,
                                        const struct s3_cors_question *question)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct s3_CORSRule *rule = &rules->items[i];

        if (origin_fits(rule, question->origin) && method_fits(rule, question->method) &&
            headers_fit(rule, question->headers))
            return rule;
    }
    return NULL;
}

bool s3_cors_any_origin(const struct s3_CORSRule *rule)
{
    for (size_t i = 0; i < rule->AllowedOrigins.count; i++)
        if (str_eq(rule->AllowedOrigins.items[i], "*"))
            return true;
    return false;
}

static bool too_many_stars(const char *text)
{
    const char *star = strchr(text, '*');

    return star && strchr(star + 1, '*');
}

static const char *rule_problem(struct arena *a, const struct s3_CORSRule *rule)
{
    static const char *const methods[] = {"GET", "PUT", "HEAD", "POST", "DELETE"};

    for (size_t i = 0; i < rule->AllowedMethods.count; i++) {
        const char *method = rule->AllowedMethods.items[i];
        size_t k = 0;

        while (k < ARRAY_LEN(methods) && !str_eq(methods[k], method))
            k++;
        if (k == ARRAY_LEN(methods))
            return arena_printf(a,
                                "Found unsupported HTTP method in CORS config. Unsupported method "
                                "is %.100s",
                                method);
    }
    for (size_t i = 0; i < rule->AllowedOrigins.count; i++)
        if (too_many_stars(rule->AllowedOrigins.items[i]))
            return arena_printf(a, "AllowedOrigin \"%.1000s\" can not have more than one wildcard.",
                                rule->AllowedOrigins.items[i]);
    for (size_t i = 0; i < rule->AllowedHeaders.count; i++)
        if (too_many_stars(rule->AllowedHeaders.items[i]))
            return arena_printf(a, "AllowedHeader \"%.1000s\" can not have more than one wildcard.",
                                rule->AllowedHeaders.items[i]);
    for (size_t i = 0; i < rule->ExposeHeaders.count; i++)
        if (strchr(rule->ExposeHeaders.items[i], '*'))
            return arena_printf(a,
                                "ExposeHeader \"%.1000s\" contains wildcard. We currently do not "
                                "support wildcard for ExposeHeader",
                                rule->ExposeHeaders.items[i]);
    return NULL;
}

const char *s3_cors_problem(struct arena *a, const struct s3_CORSRules *rules)
{
    if (rules->count > RULES_MAX)
        return "The number of CORS rules should not exceed allowed limit of 100 rules.";
    for (size_t i = 0; i < rules->count; i++) {
        const char *problem = rule_problem(a, &rules->items[i]);

        if (problem)
            return problem;
    }
    return NULL;
}
