/*
 * Conditions of policies: operators, quantifiers, and what a missing key means.
 */
#include "handlers/common/policy.h"

#include <arpa/inet.h>

#include "server/base/clock.h"

static const struct {
    const char *name;
    enum policy_compare compare;
    bool negated;
} operators[] = {
    {"StringEquals", POLICY_STRING_EQUALS, false},
    {"StringNotEquals", POLICY_STRING_EQUALS, true},
    {"StringEqualsIgnoreCase", POLICY_STRING_EQUALS_IGNORE_CASE, false},
    {"StringNotEqualsIgnoreCase", POLICY_STRING_EQUALS_IGNORE_CASE, true},
    {"StringLike", POLICY_STRING_LIKE, false},
    {"StringNotLike", POLICY_STRING_LIKE, true},
    {"NumericEquals", POLICY_NUMERIC_EQUALS, false},
    {"NumericNotEquals", POLICY_NUMERIC_EQUALS, true},
    {"NumericLessThan", POLICY_NUMERIC_LESS, false},
    {"NumericLessThanEquals", POLICY_NUMERIC_LESS_EQUALS, false},
    {"NumericGreaterThan", POLICY_NUMERIC_GREATER, false},
    {"NumericGreaterThanEquals", POLICY_NUMERIC_GREATER_EQUALS, false},
    {"DateEquals", POLICY_DATE_EQUALS, false},
    {"DateNotEquals", POLICY_DATE_EQUALS, true},
    {"DateLessThan", POLICY_DATE_LESS, false},
    {"DateLessThanEquals", POLICY_DATE_LESS_EQUALS, false},
    {"DateGreaterThan", POLICY_DATE_GREATER, false},
    {"DateGreaterThanEquals", POLICY_DATE_GREATER_EQUALS, false},
    {"Bool", POLICY_BOOL, false},
    {"BinaryEquals", POLICY_BINARY_EQUALS, false},
    {"IpAddress", POLICY_IP_ADDRESS, false},
    {"NotIpAddress", POLICY_IP_ADDRESS, true},
    {"ArnEquals", POLICY_ARN_LIKE, false},
    {"ArnLike", POLICY_ARN_LIKE, false},
    {"ArnNotEquals", POLICY_ARN_LIKE, true},
    {"ArnNotLike", POLICY_ARN_LIKE, true},
    {"Null", POLICY_NULL, false},
};

static bool cut_prefix(const char **name, size_t *len, const char *prefix)
{
    size_t n = strlen(prefix);

    if (*len <= n || strncasecmp(*name, prefix, n) != 0)
        return false;
    *name += n;
    *len -= n;
    return true;
}

bool policy_read_operator(const char *name, size_t len, struct policy_condition *out)
{
    static const char suffix[] = "IfExists";
    size_t suffix_len = sizeof(suffix) - 1;

    *out = (struct policy_condition){0};
    if (cut_prefix(&name, &len, "ForAnyValue:"))
        out->quantifier = POLICY_FOR_ANY_VALUE;
    else if (cut_prefix(&name, &len, "ForAllValues:"))
        out->quantifier = POLICY_FOR_ALL_VALUES;
    if (len > suffix_len && strncasecmp(name + len - suffix_len, suffix, suffix_len) == 0) {
        out->if_exists = true;
        len -= suffix_len;
    }
    for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
        if (strlen(operators[i].name) == len && strncasecmp(name, operators[i].name, len) == 0) {
            out->compare = operators[i].compare;
            out->negated = operators[i].negated;
            return !(out->if_exists && out->compare == POLICY_NULL);
        }
    }
    return false;
}

/* --- comparing one value of the request with one of the policy --- */

static bool read_address(const char *text, uint8_t out[16], bool *out_v6)
{
    *out_v6 = strchr(text, ':') != NULL;
    memset(out, 0, 16);
    return inet_pton(*out_v6 ? AF_INET6 : AF_INET, text, out) == 1;
}

bool policy_read_network(const char *text, uint8_t out[16], int *out_bits, bool *out_v6)
{
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    char address[64];
    char *end;
    long bits;

    if (len >= sizeof(address))
        return false;
    memcpy(address, text, len);
    address[len] = '\0';
    if (!read_address(address, out, out_v6))
        return false;
    *out_bits = *out_v6 ? 128 : 32;
    if (!slash)
        return true;
    bits = strtol(slash + 1, &end, 10);
    if (slash[1] < '0' || slash[1] > '9' || *end || bits > *out_bits)
        return false;
    *out_bits = (int)bits;
    return true;
}

static bool in_network(const char *network, const char *address)
{
    uint8_t wanted[16];
    uint8_t given[16];
    bool wanted_v6;
    bool given_v6;
    int bits;

    if (!policy_read_network(network, wanted, &bits, &wanted_v6) ||
        !read_address(address, given, &given_v6) || wanted_v6 != given_v6)
        return false;
    for (int i = 0; i < bits; i++)
        if ((wanted[i / 8] ^ given[i / 8]) >> (7 - i % 8) & 1)
            return false;
    return true;
}

static bool read_number(const char *text, double *out)
{
    char *end;

    *out = strtod(text, &end);
    return end != text && !*end;
}

/* ISO 8601, or seconds since 1970; as milliseconds. */
static bool read_date(const char *text, double *out)
{
    int64_t ms;

    if (time_parse_iso8601(text, &ms)) {
        *out = (double)ms;
        return true;
    }
    if (!read_number(text, out))
        return false;
    *out *= 1000;
    return true;
}

static bool compare_numbers(enum policy_compare compare, double given, double wanted)
{
    switch (compare) {
    case POLICY_NUMERIC_LESS:
    case POLICY_DATE_LESS:
        return given < wanted;
    case POLICY_NUMERIC_LESS_EQUALS:
    case POLICY_DATE_LESS_EQUALS:
        return given <= wanted;
    case POLICY_NUMERIC_GREATER:
    case POLICY_DATE_GREATER:
        return given > wanted;
    case POLICY_NUMERIC_GREATER_EQUALS:
    case POLICY_DATE_GREATER_EQUALS:
        return given >= wanted;
    default:
        return given == wanted;
    }
}

/* One part of six: up to the next colon, the last is the whole rest. */
static void next_part(const char **rest, bool last, char *out, size_t size)
{
    size_t len = last ? strlen(*rest) : strcspn(*rest, ":");

    snprintf(out, size, "%.*s", (int)MIN(len, size - 1), *rest);
    *rest += len;
    *rest += **rest == ':';
}

/* AWS: each of the six parts of an ARN is matched by itself, so that no '*' crosses a colon before
 * the resource. Variables bring colons of their own, so there the whole is matched. */
static bool arn_matches(const struct policy *p, const struct policy_question *q,
                        const char *pattern, const char *arn)
{
    char wanted[2048];
    char given[2048];

    if (strstr(pattern, "${") || !strchr(pattern, ':'))
        return policy_match_text(p, q, pattern, arn, 0);
    if (!str_starts(arn, "arn:") || strlen(arn) >= sizeof(given) ||
        strlen(pattern) >= sizeof(wanted))
        return false;
    for (int part = 0; part < 6; part++) {
        next_part(&pattern, part == 5, wanted, sizeof(wanted));
        next_part(&arn, part == 5, given, sizeof(given));
        if (!policy_glob(wanted, given, false))
            return false;
    }
    return true;
}

static bool matches(const struct policy *p, const struct policy_question *q,
                    enum policy_compare compare, const char *wanted, const char *given)
{
    double left;
    double right;

    switch (compare) {
    case POLICY_STRING_LIKE:
        return policy_match_text(p, q, wanted, given, 0);
    case POLICY_STRING_EQUALS:
        return policy_match_text(p, q, wanted, given, POLICY_EXACT);
    case POLICY_STRING_EQUALS_IGNORE_CASE:
        return policy_match_text(p, q, wanted, given, POLICY_EXACT | POLICY_FOLD);
    case POLICY_BOOL:
        return strcasecmp(wanted, given) == 0;
    case POLICY_BINARY_EQUALS:
        return str_eq(wanted, given);
    case POLICY_IP_ADDRESS:
        return in_network(wanted, given);
    case POLICY_ARN_LIKE:
        return arn_matches(p, q, wanted, given);
    case POLICY_NUMERIC_EQUALS:
    case POLICY_NUMERIC_LESS:
    case POLICY_NUMERIC_LESS_EQUALS:
    case POLICY_NUMERIC_GREATER:
    case POLICY_NUMERIC_GREATER_EQUALS:
        return read_number(given, &left) && read_number(wanted, &right) &&
               compare_numbers(compare, left, right);
    default:
        return read_date(given, &left) && read_date(wanted, &right) &&
               compare_numbers(compare, left, right);
    }
}

/* --- many against many --- */

/* Whether the request's value is one of the policy's; for a negated operator, none of them. */
static bool one_fits(const struct policy *p, const struct policy_question *q,
                     const struct policy_condition *c, const char *given)
{
    for (size_t i = 0; i < c->values.count; i++)
        if (matches(p, q, c->compare, c->values.items[i], given))
            return !c->negated;
    return c->negated;
}

static bool null_holds(const struct policy_condition *c, bool present)
{
    for (size_t i = 0; i < c->values.count; i++)
        if ((strcasecmp(c->values.items[i], "true") == 0) == !present)
            return true;
    return false;
}

bool policy_condition_holds(const struct policy *p, const struct policy_question *q,
                            const struct policy_condition *c)
{
    struct policy_values given = {0};
    bool present = q->find && q->find(q->context, c->key, &given) && given.count > 0;
    size_t fitting = 0;

    if (c->compare == POLICY_NULL)
        return null_holds(c, present);
    if (!present) {
        if (c->quantifier == POLICY_FOR_ANY_VALUE)
            return c->if_exists;
        return c->quantifier == POLICY_FOR_ALL_VALUES || c->if_exists || c->negated;
    }
    for (size_t i = 0; i < given.count; i++)
        fitting += one_fits(p, q, c, given.items[i]);
    /* AWS: several values without a quantifier: a negated operator must hold for all of them. */
    if (c->quantifier == POLICY_FOR_ALL_VALUES || (c->quantifier == POLICY_PLAIN && c->negated))
        return fitting == given.count;
    return fitting > 0;
}
