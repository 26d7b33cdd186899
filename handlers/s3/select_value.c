/* Values of S3 Select: from JSON, as numbers, as text, compared. */
#include "handlers/s3/select_query.h"

#include "server/base/clock.h"
#include "server/base/json_write.h"

static const char *terminated(struct arena *a, struct jr_text t)
{
    return arena_strndup(a, t.data, t.len);
}

bool select_number(struct arena *a, const struct select_value *v, struct select_value *out)
{
    const char *text;
    char *end;

    if (v->type == SELECT_INT || v->type == SELECT_FLOAT) {
        *out = *v;
        return true;
    }
    if (v->type != SELECT_STRING || v->text.len == 0 || v->text.len > 400)
        return false;
    text = terminated(a, v->text);
    text += strspn(text, " ");
    if (!strchr("+-.0123456789", *text) || strpbrk(text, "xXnN"))
        return false;
    errno = 0;
    *out = select_int(strtoll(text, &end, 10));
    if (end == text || errno || *end) {
        *out = (struct select_value){.type = SELECT_FLOAT, .real = strtod(text, &end)};
        if (end == text)
            return false;
    }
    return end[strspn(end, " ")] == '\0';
}

static double as_double(const struct select_value *v)
{
    return v->type == SELECT_INT ? (double)v->integer : v->real;
}

static int sign(double d)
{
    return (d > 0) - (d < 0);
}

static int compare_texts(struct jr_text a, struct jr_text b)
{
    int order = memcmp(a.data, b.data, MIN(a.len, b.len));

    return order ? (order > 0) - (order < 0) : (a.len > b.len) - (a.len < b.len);
}

static bool is_number(const struct select_value *v)
{
    return v->type == SELECT_INT || v->type == SELECT_FLOAT;
}

static bool compare_numbers(const struct select_value *a, const struct select_value *b, int *out)
{
    if (a->type == SELECT_INT && b->type == SELECT_INT)
        *out = (a->integer > b->integer) - (a->integer < b->integer);
    else
        *out = sign(as_double(a) - as_double(b));
    return true;
}

static bool is_time(const struct select_context *c, const struct select_value *v)
{
    return v->type == SELECT_STRING && c->row && c->row->times_are_texts;
}

/* A field of CSV takes the type of what it is compared with. False where it can't. */
static bool adopt_type(struct select_context *c, const struct select_value *field,
                       const struct select_value *other, struct select_value *out)
{
    *out = *field;
    if (!field->untyped && !(other->type == SELECT_TIMESTAMP && is_time(c, field)))
        return true;
    if (other->type == SELECT_TIMESTAMP)
        return select_cast_to(c, field, SELECT_TO_TIMESTAMP, out);
    if (other->type == SELECT_BOOL)
        return select_cast_to(c, field, SELECT_TO_BOOL, out);
    return true;
}

/* Numbers are compared as numbers, and two fields of CSV too where both read as numbers. */
static bool both_numbers(struct select_context *c, const struct select_value *a,
                         const struct select_value *b, struct select_value *left,
                         struct select_value *right)
{
    if (is_number(a) && is_number(b)) {
        *left = *a;
        *right = *b;
        return true;
    }
    if (!(a->untyped && (is_number(b) || b->untyped)) && !(b->untyped && is_number(a)))
        return false;
    return select_number(c->arena, a, left) && select_number(c->arena, b, right);
}

bool select_compare(struct select_context *c, const struct select_value *a,
                    const struct select_value *b, int *out)
{
    struct select_value left;
    struct select_value right;

    if (both_numbers(c, a, b, &left, &right))
        return compare_numbers(&left, &right, out);
    if (!adopt_type(c, a, b, &left) || !adopt_type(c, b, a, &right) || left.type != right.type)
        return false;
    switch (left.type) {
    case SELECT_STRING:
    case SELECT_JSON:
        *out = compare_texts(left.text, right.text);
        return true;
    case SELECT_BOOL:
        *out = left.boolean - right.boolean;
        return true;
    case SELECT_TIMESTAMP:
        *out = (left.integer > right.integer) - (left.integer < right.integer);
        return true;
    default:
        return false;
    }
}

static struct jr_text number_text(struct arena *a, double value)
{
    struct strbuf b = STRBUF_INIT(400);
    struct jw w;
    struct jr_text out;

    jw_init(&w, &b);
    jw_double(&w, value);
    out = (struct jr_text){arena_strndup(a, b.data, b.len), b.len};
    strbuf_release(&b);
    return out;
}

struct jr_text select_text(struct arena *a, const struct select_value *v)
{
    char text[TIME_TEXT_MAX] = "";

    switch (v->type) {
    case SELECT_BOOL:
        return v->boolean ? (struct jr_text){"true", 4} : (struct jr_text){"false", 5};
    case SELECT_INT:
        snprintf(text, sizeof(text), "%" PRId64, v->integer);
        break;
    case SELECT_FLOAT:
        return number_text(a, v->real);
    case SELECT_TIMESTAMP:
        time_iso8601(v->integer, true, text);
        break;
    case SELECT_STRING:
    case SELECT_JSON:
        return v->text;
    default:
        break;
    }
    return (struct jr_text){arena_strndup(a, text, strlen(text)), strlen(text)};
}

/* --- JSON --- */

bool select_from_json(struct arena *a, struct jr_text json, struct select_value *out)
{
    struct jr r;
    struct jr_text t;
    bool value;

    jr_init(&r, json.data, json.len, a, 128);
    *out = (struct select_value){.type = SELECT_NULL};
    switch (jr_peek(&r)) {
    case JR_STRING:
        if (!jr_string(&r, &t))
            return false;
        *out = select_string(t.data, t.len);
        return true;
    case JR_NUMBER:
        if (!jr_number(&r, &t))
            return false;
        *out = select_string(t.data, t.len);
        return select_number(a, out, out);
    case JR_TRUE:
    case JR_FALSE:
        if (!jr_bool(&r, &value))
            return false;
        *out = select_bool(value);
        return true;
    case JR_NULL:
        return true;
    case JR_OBJECT:
    case JR_ARRAY:
        *out = (struct select_value){.type = SELECT_JSON, .text = json};
        return true;
    default:
        return false;
    }
}

static bool name_fits(const struct select_step *step, struct jr_text key)
{
    size_t len = strlen(step->name);

    if (len != key.len)
        return false;
    return step->exact ? memcmp(step->name, key.data, len) == 0
                       : strncasecmp(step->name, key.data, len) == 0;
}

/* The text of the member or element that the step means; data NULL when there is none. */
static struct jr_text follow(struct arena *a, struct jr_text json, const struct select_step *step)
{
    struct jr_text found = {NULL, 0};
    struct jr_text key;
    struct jr r;
    int64_t i = 0;

    jr_init(&r, json.data, json.len, a, 128);
    if (step->name && jr_peek(&r) == JR_OBJECT) {
        for (jr_enter_object(&r); jr_next_key(&r, &key);) {
            bool wanted = name_fits(step, key);

            if (!jr_skip(&r, wanted ? &found : NULL) || wanted)
                break;
        }
    } else if (!step->name && jr_peek(&r) == JR_ARRAY) {
        for (jr_enter_array(&r); jr_next_item(&r); i++) {
            bool wanted = i == step->index;

            if (!jr_skip(&r, wanted ? &found : NULL) || wanted)
                break;
        }
    }
    return found;
}

struct select_value select_at_path(struct arena *a, struct jr_text json,
                                   const struct select_path *path, size_t from)
{
    struct select_value out = {.type = SELECT_MISSING};

    for (size_t i = from; i < path->count && json.data; i++)
        json = follow(a, json, &path->steps[i]);
    if (json.data && !select_from_json(a, json, &out))
        out.type = SELECT_MISSING;
    return out;
}
