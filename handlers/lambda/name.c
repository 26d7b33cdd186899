/*
 * Function names are read from the left, part by part, as the pattern in AWS's model does:
 * (arn:(aws[a-zA-Z-]*)?:lambda:)?(region:)?(account:)?(function:)?name(:qualifier)?
 */
#include "handlers/lambda/name.h"

#include <ctype.h>

/* [a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1} */
static bool is_region(const char *s, size_t len)
{
    size_t dashes = 0;

    if (len < 8 || !islower((unsigned char)s[0]) || !islower((unsigned char)s[1]) || s[2] != '-')
        return false;
    for (size_t i = 0; i < len - 1; i++) {
        if (s[i] == '-')
            dashes++;
        else if (!islower((unsigned char)s[i]))
            return false;
    }
    return isdigit((unsigned char)s[len - 1]) && s[len - 2] == '-' && (dashes == 2 || dashes == 3);
}

static bool is_account(const char *s, size_t len)
{
    if (len != 12)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)s[i]))
            return false;
    }
    return true;
}

static bool is_word(const char *s)
{
    if (!*s)
        return false;
    for (; *s; s++) {
        if (!isalnum((unsigned char)*s) && *s != '-' && *s != '_')
            return false;
    }
    return true;
}

/* Skips "arn:partition:lambda:"; false when it begins so and is not one. */
static bool skip_arn_prefix(char **text)
{
    char *partition = *text + strlen("arn:");
    char *end;

    if (!str_starts(*text, "arn:"))
        return true;
    end = strchr(partition, ':');
    if (!end || (end != partition && !str_starts(partition, "aws")) || !str_starts(end, ":lambda:"))
        return false;
    *text = end + strlen(":lambda:");
    return true;
}

/* Takes the part before the next colon when `accepts` it. */
static const char *take_part(char **text, bool (*accepts)(const char *, size_t))
{
    char *part = *text;
    char *colon = strchr(part, ':');

    if (!colon || !accepts(part, (size_t)(colon - part)))
        return NULL;
    *colon = 0;
    *text = colon + 1;
    return part;
}

bool function_name_parse(struct arena *a, const char *text, struct function_name *out)
{
    char *rest = arena_strdup(a, text);
    struct function_name name = {0};

    if (!skip_arn_prefix(&rest))
        return false;
    name.region = take_part(&rest, is_region);
    name.account = take_part(&rest, is_account);
    if (str_starts(rest, "function:") && rest[strlen("function:")])
        rest += strlen("function:");
    name.name = rest;
    char *colon = strchr(rest, ':');
    if (colon) {
        *colon = 0;
        name.qualifier = colon + 1;
        if (!str_eq(name.qualifier, "$LATEST") && !is_word(name.qualifier))
            return false;
    }
    if (!is_word(name.name))
        return false;
    *out = name;
    return true;
}
