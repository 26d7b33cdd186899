#include "handlers/s3/post_policy.h"

#include "server/base/clock.h"
#include "server/base/encode.h"
#include "server/base/json_read.h"

enum { POLICY_TEXT_MAX = 20 * 1024, CONDITIONS_MAX = 256, DEPTH_MAX = 8 };

struct reader {
    struct arena *arena;
    struct jr r;
    struct s3_post_policy *out;
    const char *problem;
};

static bool fail(struct reader *x, const char *problem)
{
    if (!x->problem)
        x->problem = x->r.error ? "Invalid Policy: Invalid JSON." : problem;
    return false;
}

static const char *text_of(struct reader *x, struct jr_text t)
{
    return arena_strndup(x->arena, t.data, t.len);
}

static bool add(struct reader *x, enum s3_post_match match, const char *field, const char *value)
{
    struct s3_post_policy *p = x->out;

    if (p->count == CONDITIONS_MAX)
        return fail(x, "Invalid Policy: Too many conditions.");
    /* "\$key" is the field too: some clients escape the dollar. */
    if (*field == '\\')
        field++;
    p->conditions[p->count++] = (struct s3_post_condition){
        .match = match,
        .field = *field == '$' ? field + 1 : "", /* AWS: without it no field is meant */
        .value = value,
        .text = arena_printf(x->arena, "[\"%s\", \"%s\", \"%s\"]",
                             match == S3_POST_EQUALS ? "eq" : "starts-with", field, value),
    };
    return true;
}

/* {"acl": "public-read"} */
static bool read_simple(struct reader *x)
{
    struct jr_text name;
    struct jr_text value;
    int count = 0;

    for (jr_enter_object(&x->r); jr_next_key(&x->r, &name); count++) {
        if (jr_peek(&x->r) != JR_STRING || !jr_string(&x->r, &value))
            return fail(x, "Invalid Policy: Invalid Simple-Condition: value must be a string.");
        if (!add(x, S3_POST_EQUALS, arena_printf(x->arena, "$%s", text_of(x, name)),
                 text_of(x, value)))
            return false;
    }
    return count == 1 ||
           fail(x, "Invalid Policy: Invalid Simple-Condition: Simple-Conditions must have exactly "
                   "one property specified.");
}

/* A number, or a string that is one. */
static bool read_size(struct reader *x, int64_t *out)
{
    enum jr_type type = jr_peek(&x->r);
    struct jr_text t;
    const char *text;
    char *end;

    if (type == JR_STRING ? !jr_string(&x->r, &t) : (type != JR_NUMBER || !jr_number(&x->r, &t)))
        return fail(x, "Invalid Policy: Invalid content-length-range: bounds must be numbers.");
    text = text_of(x, t);
    errno = 0;
    *out = strtoll(text, &end, 10);
    return (!errno && !*end && end != text && *out >= 0) ||
           fail(x, "Invalid Policy: Invalid content-length-range: bounds must be numbers.");
}

static bool read_range(struct reader *x)
{
    static const char wrong[] = "Invalid Policy: Invalid content-length-range: wrong number of "
                                "arguments.";

    if (!jr_next_item(&x->r) || jr_peek(&x->r) == JR_END)
        return fail(x, wrong);
    if (!read_size(x, &x->out->size_min))
        return false;
    if (!jr_next_item(&x->r))
        return fail(x, wrong);
    if (!read_size(x, &x->out->size_max))
        return false;
    if (jr_next_item(&x->r))
        return fail(x, wrong);
    x->out->has_range = true;
    return true;
}

/* ["starts-with", "$key", "user/"] */
static bool read_triple(struct reader *x)
{
    static const char wrong[] = "Invalid Policy: Invalid Condition: wrong number of arguments.";
    struct jr_text t[3];
    enum s3_post_match match;

    jr_enter_array(&x->r);
    if (!jr_next_item(&x->r) || jr_peek(&x->r) != JR_STRING || !jr_string(&x->r, &t[0]))
        return fail(x, wrong);
    const char *op = text_of(x, t[0]);
    if (strcasecmp(op, "content-length-range") == 0)
        return read_range(x);
    if (strcasecmp(op, "eq") == 0)
        match = S3_POST_EQUALS;
    else if (strcasecmp(op, "starts-with") == 0)
        match = S3_POST_STARTS_WITH;
    else
        return fail(x, arena_printf(x->arena,
                                    "Invalid Policy: Invalid Condition: unknown operation '%.64s'.",
                                    op));
    for (int i = 1; i < 3; i++)
        if (!jr_next_item(&x->r) || jr_peek(&x->r) != JR_STRING || !jr_string(&x->r, &t[i]))
            return fail(x, wrong);
    if (jr_next_item(&x->r))
        return fail(x, wrong);
    return add(x, match, text_of(x, t[1]), text_of(x, t[2]));
}

static bool read_conditions(struct reader *x)
{
    if (jr_peek(&x->r) != JR_ARRAY)
        return fail(x, "Invalid Policy: Invalid 'conditions': must be a list.");
    for (jr_enter_array(&x->r); jr_next_item(&x->r);) {
        enum jr_type type = jr_peek(&x->r);
        bool good = false;

        if (type == JR_OBJECT)
            good = read_simple(x);
        else if (type == JR_ARRAY)
            good = read_triple(x);
        if (!good)
            return fail(x, "Invalid Policy: Invalid Condition.");
    }
    return !x->r.error || fail(x, NULL);
}

static bool read_expiration(struct reader *x)
{
    struct jr_text t;

    return (jr_peek(&x->r) == JR_STRING && jr_string(&x->r, &t) &&
            time_parse_iso8601(text_of(x, t), &x->out->expires_ms)) ||
           fail(x, "Invalid Policy: Invalid 'expiration' value.");
}

static bool read_document(struct reader *x)
{
    bool expiration = false;
    bool conditions = false;
    struct jr_text name;

    if (jr_peek(&x->r) != JR_OBJECT)
        return fail(x, "Invalid Policy: Invalid JSON.");
    for (jr_enter_object(&x->r); jr_next_key(&x->r, &name);) {
        bool good;

        if (jr_text_eq(name, "expiration")) {
            good = read_expiration(x);
            expiration = true;
        } else if (jr_text_eq(name, "conditions")) {
            good = read_conditions(x);
            conditions = true;
        } else {
            good = fail(x, arena_printf(x->arena, "Invalid Policy: Unexpected: '%.*s'.",
                                        (int)MIN(name.len, 64), name.data));
        }
        if (!good)
            return false;
    }
    if (!jr_finish(&x->r))
        return fail(x, "Invalid Policy: Invalid JSON.");
    if (!expiration)
        return fail(x, "Invalid Policy: Policy missing expiration.");
    return conditions || fail(x, "Invalid Policy: Policy missing conditions.");
}

const char *s3_post_policy_read(struct arena *a, const char *text, struct s3_post_policy *out)
{
    size_t len = strlen(text);
    struct reader x = {.arena = a, .out = out};
    uint8_t *json;

    *out = (struct s3_post_policy){0};
    if (len > BASE64_LEN(POLICY_TEXT_MAX))
        return "Invalid Policy: The policy is too large.";
    json = arena_alloc(a, len / 4 * 3 + 3);
    if (!base64_decode(text, len, json, &len))
        return "Invalid Policy: Invalid base64.";
    out->conditions = ARENA_ARRAY(a, struct s3_post_condition, CONDITIONS_MAX);
    jr_init(&x.r, json, len, a, DEPTH_MAX);
    return read_document(&x) ? NULL : x.problem;
}

/* --- the form against it --- */

/* Fields that need no condition. */
static bool is_exempt(const char *name)
{
    static const char *const names[] = {"policy", "signature",       "awsaccesskeyid",
                                        "file",   "x-amz-signature", "submit"};

    if (strncasecmp(name, "x-ignore-", 9) == 0)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcasecmp(names[i], name) == 0)
            return true;
    return false;
}

static bool has_condition(const struct s3_post_policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->count; i++)
        if (strcasecmp(policy->conditions[i].field, name) == 0)
            return true;
    return false;
}

/* AWS: of a content type with commas each item must begin so. */
static bool all_start_with(const char *value, const char *prefix)
{
    while (true) {
        value += strspn(value, " ");
        if (!str_starts(value, prefix))
            return false;
        value = strchr(value, ',');
        if (!value)
            return true;
        value++;
    }
}

static bool fits(const struct s3_post_condition *c, const char *value)
{
    if (c->match == S3_POST_EQUALS)
        return str_eq(value, c->value);
    if (strcasecmp(c->field, "content-type") == 0)
        return all_start_with(value, c->value);
    return str_starts(value, c->value);
}

const char *s3_post_policy_refusal(struct arena *a, const struct s3_post_policy *policy,
                                   const struct s3_form *form, const char *bucket, const char *key)
{
    for (size_t i = 0; i < policy->count; i++) {
        const struct s3_post_condition *c = &policy->conditions[i];
        const char *value = s3_form_value(form, c->field);

        if (strcasecmp(c->field, "bucket") == 0)
            value = bucket;
        else if (strcasecmp(c->field, "key") == 0)
            value = key;
        if (!value ? c->match == S3_POST_EQUALS || *c->value : !fits(c, value))
            return arena_printf(a, "Invalid according to Policy: Policy Condition failed: %.2000s",
                                c->text);
    }
    for (size_t i = 0; i < form->field_count; i++) {
        const char *name = form->fields[i].name;

        if (!is_exempt(name) && strcasecmp(name, "bucket") != 0 && !has_condition(policy, name))
            return arena_printf(a, "Invalid according to Policy: Extra input fields: %.1000s",
                                name);
    }
    return NULL;
}
