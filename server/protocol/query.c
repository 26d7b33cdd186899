/*
 * The query protocol: forms in, XML out.
 *
 * A form is a flat list of names like "Filters.member.2.Values.member.1". It is decoded once and
 * sorted; then all names below a prefix are one run of the sorted list, found by binary search, so
 * that no form, however made, costs more than its sorting. In the sorted names '.' is the byte 1,
 * the smallest that a name can hold: thus "A" is followed by "A.x" and not by "A-x".
 */
#include "server/base/encode.h"
#include "server/protocol/query_json.h"
#include "server/protocol/uri_template.h"
#include "server/protocol/xml.h"
#include "server/protocol/xml_write.h"

/* NOLINTBEGIN(misc-no-recursion): shapes nest; decode_enter() bounds the depth. */

enum { SEPARATOR = 1, FIELDS_MAX = 1 << 18 };

struct field {
    const char *name; /* decoded, '.' replaced */
    size_t name_len;
    const char *value;
    size_t value_len;
    size_t order; /* as sent: of equal names the first counts */
};

/* The fields whose names begin with the same `prefix` bytes. */
struct run {
    const struct field *first;
    const struct field *end;
    size_t prefix;
};

static int field_compare(const void *a, const void *b)
{
    const struct field *x = a, *y = b;
    size_t len = MIN(x->name_len, y->name_len);
    int order = memcmp(x->name, y->name, len);

    if (order != 0)
        return order;
    if (x->name_len != y->name_len)
        return x->name_len < y->name_len ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static size_t count_fields(const char *text, const char *end)
{
    struct uri_parameter p;
    size_t count = 0;

    while (uri_parameter_next(&text, end, &p))
        count++;
    return count;
}

static bool read_fields(struct decoder *d, const char *text, size_t len, struct field *fields,
                        size_t *count)
{
    const char *end = text + len;
    struct uri_parameter p;

    while (uri_parameter_next(&text, end, &p)) {
        struct field *f = &fields[*count];
        char *name = url_decode(d->arena, p.name, p.name_len, true, &f->name_len);
        f->value = url_decode(d->arena, p.value, p.value_len, true, &f->value_len);
        if (!name || !f->value)
            return decode_fail(d, "The form holds a broken percent escape");
        for (size_t i = 0; i < f->name_len; i++) {
            if (name[i] == '\0')
                return decode_fail(d, "A NUL character can not be part of a name");
            if (name[i] == '.')
                name[i] = SEPARATOR;
        }
        f->name = name;
        f->order = (*count)++;
    }
    return true;
}

/* The part of the run whose names go on with `name` and then end or go on with a separator. */
static struct run run_below(const struct run *r, const char *name)
{
    size_t len = strlen(name);
    const struct field *low = r->first, *high = r->end;

    while (low < high) { /* first name that is not smaller */
        const struct field *middle = low + (high - low) / 2;
        size_t have = MIN(middle->name_len - r->prefix, len);
        int order = memcmp(middle->name + r->prefix, name, have);
        if (order < 0 || (order == 0 && have < len))
            low = middle + 1;
        else
            high = middle;
    }
    struct run below = {low, low, r->prefix + len};
    const struct field *stop = r->end;
    while (low < stop) { /* first name behind the run */
        const struct field *middle = low + (stop - low) / 2;
        bool inside = middle->name_len >= below.prefix &&
                      memcmp(middle->name + r->prefix, name, len) == 0 &&
                      (middle->name_len == below.prefix || middle->name[below.prefix] == SEPARATOR);
        if (inside)
            low = middle + 1;
        else
            stop = middle;
    }
    below.end = low;
    return below;
}

/* The fields below this run's name, without the one that is the name itself: their names go on
 * behind a separator. */
static struct run run_inside(const struct run *r)
{
    struct run inside = *r;

    while (inside.first < inside.end && inside.first->name_len == r->prefix)
        inside.first++;
    inside.prefix++;
    return inside;
}

static bool decode_value(struct decoder *d, const struct member *mb, const struct shape *s,
                         const struct run *r, bool flattened, void *out);

/* Each element of a list or map: its number, and what stands below it. */
struct numbered {
    uint64_t number;
    struct run run;
};

static int numbered_compare(const void *a, const void *b)
{
    const struct numbered *x = a, *y = b;

    return x->number < y->number ? -1 : x->number > y->number;
}

/* Splits "1.x", "1.y", "2.x" ... into its elements, in the order of their numbers; AWS does not
 * mind gaps. */
static bool split_numbered(struct decoder *d, const struct run *r, struct numbered **out_elements,
                           size_t *out_count)
{
    struct numbered *elements = ARENA_ARRAY(d->arena, struct numbered, (size_t)(r->end - r->first));
    size_t count = 0;

    for (const struct field *f = r->first; f < r->end;) {
        const char *digits = f->name + r->prefix;
        size_t len = 0, left = f->name_len - r->prefix;
        uint64_t number = 0;
        while (len < left && len < 10 && digits[len] >= '0' && digits[len] <= '9')
            number = number * 10 + (uint64_t)(digits[len++] - '0');
        if (len == 0 || (len < left && digits[len] != SEPARATOR)) {
            const char *end = memchr(digits, SEPARATOR, left);
            size_t shown = MIN(end ? (size_t)(end - digits) : left, 100);
            return decode_fail(d, "Key %.*s is not a number in a list or map", (int)shown, digits);
        }
        const struct field *begin = f;
        while (f < r->end && f->name_len >= r->prefix + len &&
               memcmp(f->name + r->prefix, digits, len) == 0 &&
               (f->name_len == r->prefix + len || f->name[r->prefix + len] == SEPARATOR))
            f++;
        elements[count++] = (struct numbered){number, {begin, f, r->prefix + len}};
    }
    qsort(elements, count, sizeof(*elements), numbered_compare);
    *out_elements = elements;
    *out_count = count;
    return true;
}

static bool decode_list(struct decoder *d, const struct shape *s, const struct run *r,
                        bool flattened, void *out)
{
    const struct member *mb = first_member(d->m, s);
    const struct shape *element = member_shape(d->m, mb);
    struct growing g = {.size = element->size};
    struct run inside = run_inside(r);
    struct numbered *elements;
    size_t count;

    if (!flattened) {
        inside = run_below(&inside, xml_wire_name(d->m, mb));
        inside = run_inside(&inside);
    }
    if (!split_numbered(d, &inside, &elements, &count))
        return false;
    for (size_t i = 0; i < count; i++) {
        void *place = growing_add(d, &g);
        if (!place ||
            !decode_value(d, mb, element, &elements[i].run, is_flattened(element, mb), place))
            return false;
    }
    growing_finish(&g, out);
    return true;
}

static bool decode_map(struct decoder *d, const struct shape *s, const struct run *r,
                       bool flattened, void *out)
{
    const struct member *mb = first_member(d->m, s);
    struct growing g = {.size = map_entry_size(d->m, s)};
    struct run inside = run_inside(r);
    struct numbered *entries;
    size_t count;

    if (!flattened) {
        inside = run_below(&inside, "entry");
        inside = run_inside(&inside);
    }
    if (!split_numbered(d, &inside, &entries, &count))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct run entry = run_inside(&entries[i].run);
        struct run key = run_below(&entry, xml_wire_name(d->m, &mb[0]));
        struct run value = run_below(&entry, xml_wire_name(d->m, &mb[1]));
        if (key.first == key.end || value.first == value.end)
            return decode_fail(d, "An entry of a map has no key or no value");
        char *place = growing_add(d, &g);
        if (!place ||
            !string_from_text(d, key.first->value, key.first->value_len, (const char **)place) ||
            !decode_value(d, &mb[1], member_shape(d->m, &mb[1]), &value, false,
                          place + mb[1].offset))
            return false;
    }
    growing_finish_map(d, &g, out);
    return true;
}

/* The name as it stands in the sorted fields; members' names hold no dots but in odd models. */
static const char *as_sorted(struct decoder *d, const char *name)
{
    if (!strchr(name, '.'))
        return name;
    char *copy = arena_strdup(d->arena, name);
    for (char *p = copy; *p; p++) {
        if (*p == '.')
            *p = SEPARATOR;
    }
    return copy;
}

static bool decode_structure(struct decoder *d, const struct shape *s, const struct run *r,
                             void *out)
{
    const struct member *members = first_member(d->m, s);

    for (uint32_t i = 0; i < s->member_count; i++) {
        const struct member *mb = &members[i];
        const struct shape *shape = member_shape(d->m, mb);
        struct run below = run_below(r, as_sorted(d, xml_member_name(d->m, mb)));
        if (below.first == below.end)
            continue;
        void *place = member_place(d, mb, out);
        if (!place || !decode_value(d, mb, shape, &below, is_flattened(shape, mb), place))
            return false;
    }
    return true;
}

static bool decode_container(struct decoder *d, const struct shape *s, const struct run *r,
                             bool flattened, void *out)
{
    struct run inside;

    if (s->kind == SHAPE_LIST)
        return decode_list(d, s, r, flattened, out);
    if (s->kind == SHAPE_MAP)
        return decode_map(d, s, r, flattened, out);
    inside = run_inside(r);
    return decode_structure(d, s, &inside, out);
}

static bool decode_value(struct decoder *d, const struct member *mb, const struct shape *s,
                         const struct run *r, bool flattened, void *out)
{
    switch ((enum shape_kind)s->kind) {
    case SHAPE_STRUCTURE:
    case SHAPE_LIST:
    case SHAPE_MAP: {
        if (!decode_enter(d))
            return false;
        bool good = decode_container(d, s, r, flattened, out);
        decode_leave(d);
        return good;
    }
    case SHAPE_DOCUMENT:
    case SHAPE_CUSTOM:
        return decode_fail(d, "%s can not be read from a form", model_text(d->m, s->name));
    default:
        if (r->first->name_len != r->prefix)
            return decode_fail(d, "Start of structure or map found where not expected.");
        return scalar_from_text(d, mb, s, TIMESTAMP_ISO8601, r->first->value, r->first->value_len,
                                out);
    }
}

bool query_decode_body(struct decoder *d, const struct shape *s, void *out)
{
    const char *query = d->req->query ? d->req->query : "";
    const char *body = (const char *)d->req->body.data;
    size_t query_len = strlen(query), body_len = d->req->body.len, count = 0;
    size_t total = count_fields(query, query + query_len) + count_fields(body, body + body_len);

    if (total > FIELDS_MAX)
        return decode_fail(d, "The form has too many fields");
    struct field *fields = ARENA_ARRAY(d->arena, struct field, MAX(total, 1));
    if (!read_fields(d, body, body_len, fields, &count) ||
        !read_fields(d, query, query_len, fields, &count))
        return false;
    qsort(fields, count, sizeof(*fields), field_compare);
    struct run all = {fields, fields + count, 0};
    return decode_structure(d, s, &all, out);
}

/* NOLINTEND(misc-no-recursion) */

static void write_root(struct strbuf *b, const struct model *m, const char *name)
{
    xml_open_begin(b, name);
    if (m && *m->xml_namespace)
        xml_attribute(b, "xmlns", m->xml_namespace);
    xml_open_end(b);
}

void query_encode(struct request *req, const struct model *m, const struct operation *op,
                  const void *out)
{
    struct strbuf *b = &req->response.bytes;
    struct xml_out x = {b, &req->arena, m, TIMESTAMP_ISO8601};
    const char *root = arena_printf(&req->arena, "%sResponse", model_text(m, op->name));

    if (query_wants_json(req)) {
        query_json_encode(req, m, op, out);
        return;
    }
    write_root(b, m, root);
    if (op->output) {
        const char *result = op->result_wrapper
                                 ? model_text(m, op->result_wrapper)
                                 : arena_printf(&req->arena, "%sResult", model_text(m, op->name));
        xml_open(b, result);
        xml_encode_members(&x, shape_at(m, op->output - 1), out, NULL);
        xml_close(b, result);
    }
    xml_open(b, "ResponseMetadata");
    xml_element(b, "RequestId", req->request_id);
    xml_close(b, "ResponseMetadata");
    xml_close(b, root);
}

void query_encode_error(struct request *req, const struct model *m, const char *code,
                        const struct member *message, const struct shape *s, const void *members)
{
    const struct aws_error *error = req->failure.error;
    struct strbuf *b = &req->response.bytes;
    struct xml_out x = {b, &req->arena, m, TIMESTAMP_ISO8601};

    /* AWS: says no more than that, and not even in JSON to who accepts it. */
    if (str_eq(code, "UnknownOperationException")) {
        strbuf_add_text(b, "<UnknownOperationException/>\n");
        return;
    }
    if (query_wants_json(req)) {
        query_json_encode_error(req, code);
        return;
    }
    write_root(b, m, "ErrorResponse");
    xml_open(b, "Error");
    xml_element(b, "Type", error->sender_fault ? "Sender" : "Receiver");
    xml_element(b, "Code", code);
    if (req->failure.message)
        xml_message(b, req->failure.message);
    if (members && s)
        xml_encode_members(&x, s, members, message);
    if (req->service && req->service->sqs_words)
        strbuf_add_text(b, "<Detail/>");
    xml_close(b, "Error");
    xml_element(b, "RequestId", req->request_id);
    xml_close(b, "ErrorResponse");
}
