/*
 * The JSON codec of attribute values: see custom.h. One pass over the text, values into the arena.
 *
 * Stored text is read back by the same code with `trusted` set: it was checked when it was written.
 */
#include "handlers/dynamodb/value.h"

#include "server/base/encode.h"

struct decoder {
    struct jr *r;
    struct arena *arena;
    bool trusted;
    int depth;
    const char *error;   /* of serialization: ends everything */
    const char *problem; /* of validation: the first one is kept */
};

#define MAP_TYPE "java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>"

static bool failed(const struct decoder *d)
{
    return d->error != NULL || d->r->error != NULL;
}

static void fail(struct decoder *d, const char *error)
{
    if (d->error == NULL)
        d->error = error;
}

static void find_problem(struct decoder *d, const char *problem)
{
    if (d->problem == NULL)
        d->problem = problem;
}

/* AWS: what a JSON value of the wrong kind is called where a scalar of a Java type is expected. */
static void fail_scalar(struct decoder *d, enum jr_type found, const char *java_type,
                        const char *java_class)
{
    struct jr_text lexeme;

    switch (found) {
    case JR_TRUE:
    case JR_FALSE:
        fail(d, arena_printf(d->arena, "%s cannot be converted to %s",
                             found == JR_TRUE ? "TRUE_VALUE" : "FALSE_VALUE", java_type));
        return;
    case JR_NUMBER:
        if (jr_number(d->r, &lexeme))
            fail(d, arena_printf(d->arena, "%s cannot be converted to %s",
                                 memchr(lexeme.data, '.', lexeme.len) ? "DECIMAL_VALUE"
                                                                      : "NUMBER_VALUE",
                                 java_type));
        return;
    case JR_STRING:
        fail(d, arena_printf(d->arena, "STRING_VALUE cannot be converted to %s", java_type));
        return;
    case JR_ARRAY:
        fail(d, arena_printf(d->arena, "Unrecognized collection type class %s", java_class));
        return;
    case JR_OBJECT:
        fail(d, "Start of structure or map found where not expected");
        return;
    default:
        return; /* the reader's own error stands */
    }
}

/* The reader's strings point into the request, or into the arena: both live long enough. False when
 * it is no string, or null, which is as if it were not there. */
static bool decode_string(struct decoder *d, struct ddb_text *out)
{
    struct jr_text text;
    enum jr_type found = jr_peek(d->r);

    if (found != JR_STRING) {
        fail_scalar(d, found, "String", "java.lang.String");
        return false;
    }
    if (!jr_string(d->r, &text))
        return false;
    *out = (struct ddb_text){text.data, text.len};
    return true;
}

/* Plain digits that are canonical already: no sign but '-', no leading zero, no more than 38. */
static bool is_plain_integer(struct ddb_text t)
{
    size_t start = t.len > 0 && t.data[0] == '-';

    if (t.len - start == 0 || t.len - start > DDB_NUMBER_DIGITS_MAX)
        return false;
    if (t.data[start] == '0' && (start == 1 || t.len > 1))
        return false;
    for (size_t i = start; i < t.len; i++)
        if (t.data[i] < '0' || t.data[i] > '9')
            return false;
    return true;
}

static bool decode_number(struct decoder *d, struct ddb_text *out)
{
    struct ddb_number n;
    char text[DDB_NUMBER_TEXT_MAX];

    if (!decode_string(d, out))
        return false;
    if (d->trusted || is_plain_integer(*out))
        return true;
    enum ddb_number_status status = ddb_number_parse(out->data, out->len, &n);
    if (status != DDB_NUMBER_OK) {
        find_problem(d, ddb_number_problem(status, out->data, out->len, d->arena));
        *out = (struct ddb_text){"0", 1};
        return true;
    }
    out->len = ddb_number_format(&n, text);
    out->data = arena_memdup(d->arena, text, out->len);
    return true;
}

static bool decode_binary(struct decoder *d, struct ddb_text *out)
{
    struct jr_text text;
    enum jr_type found = jr_peek(d->r);

    if (found == JR_NUMBER || found == JR_TRUE || found == JR_FALSE) {
        fail(d, "only base-64-encoded strings are convertible to bytes");
        return false;
    }
    if (found != JR_STRING) {
        fail_scalar(d, found, "Blob", "java.nio.ByteBuffer");
        return false;
    }
    if (!jr_string(d->r, &text))
        return false;
    if (text.len % 4 != 0) {
        fail(d, arena_printf(d->arena,
                             "Base64 encoded length is expected a multiple of 4 bytes but found: "
                             "%zu",
                             text.len));
        return false;
    }
    uint8_t *data = arena_alloc(d->arena, text.len / 4 * 3 + 1);
    if (!base64_decode(text.data, text.len, data, &out->len)) {
        /* AWS: the misspelling is theirs. */
        fail(d, "Invalid last non-pad Base64 character dectected");
        return false;
    }
    out->data = (const char *)data;
    return true;
}

/* AWS: strings and numbers that say yes or no are taken for a Boolean; numbers are not. */
static bool decode_boolean(struct decoder *d, bool *out)
{
    static const char *const yes[] = {"true", "1", "yes"};
    static const char *const no[] = {"false", "0", "no"};
    enum jr_type found = jr_peek(d->r);
    struct jr_text text;

    if (found == JR_TRUE || found == JR_FALSE)
        return jr_bool(d->r, out);
    if (found != JR_STRING) {
        fail_scalar(d, found, "Boolean", "java.lang.Boolean");
        return false;
    }
    if (!jr_string(d->r, &text))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (text.len == strlen(yes[i]) && strncasecmp(text.data, yes[i], text.len) == 0)
            return *out = true;
        if (text.len == strlen(no[i]) && strncasecmp(text.data, no[i], text.len) == 0) {
            *out = false;
            return true;
        }
    }
    fail(d, "Unexpected token received from parser");
    return false;
}

static void *grown(struct decoder *d, void *items, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity == 0 ? 8 : *capacity * 2;
    void *more = arena_alloc(d->arena, *capacity * size);
    if (count > 0)
        memcpy(more, items, count * size);
    return more;
}

/* Enters an array for a list or set; false when it is none. */
static bool enter_list(struct decoder *d)
{
    enum jr_type found = jr_peek(d->r);

    if (found == JR_ARRAY)
        return jr_enter_array(d->r);
    if (found == JR_OBJECT)
        fail(d, "Start of structure or map found where not expected");
    else if (found != JR_ERROR)
        fail(d, "Unexpected field type");
    return false;
}

static int by_text(const void *a, const void *b)
{
    const struct ddb_value *x = *(const struct ddb_value *const *)a;
    const struct ddb_value *y = *(const struct ddb_value *const *)b;
    int order = memcmp(x->text.data, y->text.data, MIN(x->text.len, y->text.len));

    return order != 0 ? order : (x->text.len > y->text.len) - (x->text.len < y->text.len);
}

static bool has_duplicates(const struct ddb_value *set)
{
    AUTO_FREE const struct ddb_value **pointers = NULL;

    if (set->count < 2)
        return false;
    pointers = x_calloc(set->count, sizeof(*pointers));
    for (uint32_t i = 0; i < set->count; i++)
        pointers[i] = &set->items[i];
    qsort(pointers, set->count, sizeof(*pointers), by_text);
    for (uint32_t i = 1; i < set->count; i++)
        if (by_text(&pointers[i - 1], &pointers[i]) == 0)
            return true;
    return false;
}

/* The elements as AWS prints a Java collection: [a, b]. */
static const char *print_set(struct decoder *d, const struct ddb_value *set)
{
    struct strbuf text = STRBUF_INIT(16 * 1024 * 1024);

    strbuf_add_char(&text, '[');
    for (uint32_t i = 0; i < set->count; i++) {
        struct ddb_text element = set->items[i].text;
        if (i > 0)
            strbuf_add(&text, ", ", 2);
        if (set->type == DDB_BS && strbuf_reserve(&text, BASE64_LEN(element.len) + 1)) {
            base64_encode(element.data, element.len, text.data + text.len);
            text.len += BASE64_LEN(element.len);
        } else if (set->type != DDB_BS) {
            strbuf_add(&text, element.data, element.len);
        }
    }
    strbuf_add_char(&text, ']');
    const char *copy = arena_strndup(d->arena, text.data, text.len);
    strbuf_release(&text);
    return copy;
}

#define INVALID "One or more parameter values were invalid: "

static void check_set(struct decoder *d, const struct ddb_value *set)
{
    if (d->problem != NULL || d->trusted)
        return;
    if (set->count == 0) {
        /* AWS: the two blanks are theirs. */
        find_problem(d, set->type == DDB_SS   ? INVALID "An string set  may not be empty"
                        : set->type == DDB_NS ? INVALID "An number set  may not be empty"
                                              : INVALID "Binary sets should not be empty");
        return;
    }
    if (!has_duplicates(set))
        return;
    if (set->type == DDB_NS)
        find_problem(d, "Input collection contains duplicates");
    else
        find_problem(d, arena_printf(d->arena, INVALID "Input collection %s%s contains duplicates.",
                                     print_set(d, set), set->type == DDB_BS ? "of type BS" : ""));
}

static bool decode_set(struct decoder *d, struct ddb_value *out)
{
    uint32_t capacity = 0;
    uint8_t type = out->type == DDB_SS ? DDB_S : out->type == DDB_NS ? DDB_N : DDB_B;

    if (!enter_list(d))
        return false;
    while (jr_next_item(d->r)) {
        out->items = grown(d, out->items, out->count, &capacity, sizeof(*out->items));
        struct ddb_value *element = &out->items[out->count];
        *element = (struct ddb_value){.type = type};
        bool read = type == DDB_S   ? decode_string(d, &element->text)
                    : type == DDB_N ? decode_number(d, &element->text)
                                    : decode_binary(d, &element->text);
        if (!read)
            return false;
        out->count++;
    }
    check_set(d, out);
    return !failed(d);
}

static void decode_value(struct decoder *d, struct ddb_value *out);

// NOLINTNEXTLINE(misc-no-recursion)
static bool decode_list(struct decoder *d, struct ddb_value *out)
{
    uint32_t capacity = 0;

    if (!enter_list(d))
        return false;
    while (jr_next_item(d->r)) {
        out->items = grown(d, out->items, out->count, &capacity, sizeof(*out->items));
        decode_value(d, &out->items[out->count]);
        if (failed(d))
            return false;
        out->count++;
    }
    return !failed(d);
}

/* FNV-1a. */
static uint32_t hash_of(struct ddb_text t)
{
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < t.len; i++)
        hash = (hash ^ (uint8_t)t.data[i]) * 16777619U;
    return hash;
}

/* Of members with one name the last stays, at the place of the first. */
static uint32_t drop_duplicates(struct ddb_member *members, uint32_t count)
{
    AUTO_FREE uint32_t *slots = NULL;
    uint32_t mask = 63;
    uint32_t kept = 0;

    while (mask < 2 * (uint64_t)count)
        mask = mask * 2 + 1;
    slots = x_calloc((size_t)mask + 1, sizeof(*slots)); /* 1 + index of the member */
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = hash_of(members[i].name) & mask;
        while (slots[at] != 0 && !ddb_text_equal(members[slots[at] - 1].name, members[i].name))
            at = (at + 1) & mask;
        if (slots[at] != 0) {
            members[slots[at] - 1].value = members[i].value;
            continue;
        }
        members[kept] = members[i];
        slots[at] = ++kept;
    }
    return kept;
}

static bool may_have_duplicates(const struct ddb_member *members, uint32_t count)
{
    if (count > 24)
        return true;
    for (uint32_t i = 1; i < count; i++)
        if (ddb_members_find(members, i, members[i].name) != NULL)
            return true;
    return false;
}

/* Members of an object; out_name (may be NULL) gets the name of the member with the first problem.
 */
// NOLINTNEXTLINE(misc-no-recursion)
static bool decode_members(struct decoder *d, struct ddb_member **out_members, uint32_t *out_count,
                           struct ddb_text *out_problem_name)
{
    struct ddb_member *members = NULL;
    uint32_t count = 0;
    uint32_t capacity = 0;
    struct jr_text key;

    if (!jr_enter_object(d->r))
        return false;
    while (jr_next_key(d->r, &key)) {
        bool was_fine = d->problem == NULL;
        members = grown(d, members, count, &capacity, sizeof(*members));
        members[count].name = (struct ddb_text){key.data, key.len};
        decode_value(d, &members[count].value);
        if (failed(d))
            return false;
        if (was_fine && d->problem != NULL && out_problem_name != NULL)
            *out_problem_name = members[count].name;
        count++;
    }
    if (failed(d))
        return false;
    if (!d->trusted && may_have_duplicates(members, count))
        count = drop_duplicates(members, count);
    *out_members = members;
    *out_count = count;
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion)
static bool decode_map(struct decoder *d, struct ddb_value *out)
{
    enum jr_type found = jr_peek(d->r);

    if (found == JR_ARRAY)
        fail(d, "Unrecognized collection type " MAP_TYPE);
    else if (found != JR_OBJECT && found != JR_ERROR)
        fail(d, "Unexpected field type");
    return !failed(d) && decode_members(d, &out->members, &out->count, NULL);
}

/* The content of one member of an AttributeValue object; out->type says which. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool decode_typed(struct decoder *d, struct ddb_value *out)
{
    switch (out->type) {
    case DDB_S:
        return decode_string(d, &out->text);
    case DDB_N:
        return decode_number(d, &out->text);
    case DDB_B:
        return decode_binary(d, &out->text);
    case DDB_SS:
    case DDB_NS:
    case DDB_BS:
        return decode_set(d, out);
    case DDB_L:
        return decode_list(d, out);
    case DDB_M:
        return decode_map(d, out);
    case DDB_NULL:
        if (!decode_boolean(d, &out->truth))
            return false;
        if (!out->truth)
            find_problem(d, INVALID "Null attribute value types must have the value of true");
        return true;
    default:
        return decode_boolean(d, &out->truth);
    }
}

/* Enters the object of an AttributeValue; false when it is something else. */
static bool enter_value(struct decoder *d)
{
    enum jr_type found = jr_peek(d->r);

    if (found == JR_OBJECT)
        return jr_enter_object(d->r);
    if (found == JR_ARRAY)
        fail(d, "Unrecognized collection type class "
                "com.amazonaws.dynamodb.v20120810.AttributeValue");
    else if (found != JR_ERROR)
        fail(d, "Unexpected value type in payload");
    return false;
}

// NOLINTNEXTLINE(misc-no-recursion)
static void decode_value(struct decoder *d, struct ddb_value *out)
{
    struct jr_text key;
    int found = 0;

    *out = (struct ddb_value){.type = DDB_NULL, .truth = true};
    if (d->depth == DDB_NESTING_MAX) {
        find_problem(d, "Nesting Levels have exceeded supported limits: Attributes in the item "
                        "have nested levels beyond supported limit");
        jr_skip(d->r, NULL);
        return;
    }
    d->depth++;
    if (jr_peek(d->r) == JR_NULL)
        jr_null(d->r);
    else if (!enter_value(d))
        return;
    else
        while (jr_next_key(d->r, &key)) {
            enum ddb_type type = ddb_type_named((struct ddb_text){key.data, key.len});
            if (type == DDB_NONE || jr_peek(d->r) == JR_NULL) {
                jr_skip(d->r, NULL);
                continue;
            }
            *out = (struct ddb_value){.type = (uint8_t)type};
            if (!decode_typed(d, out))
                return;
            found++;
        }
    d->depth--;
    if (found == 0)
        find_problem(d, "Supplied AttributeValue is empty, must contain exactly one of the "
                        "supported datatypes");
    else if (found > 1)
        find_problem(d, "Supplied AttributeValue has more than one datatypes set, must contain "
                        "exactly one of the supported datatypes");
}

static int finish(const struct decoder *d, const char **out_error)
{
    if (!failed(d))
        return 0;
    *out_error = d->error != NULL ? d->error : d->r->error;
    return -1;
}

static int decode_attribute(struct jr *r, struct arena *a, void *out, const char **out_error)
{
    struct ddb_attribute *attribute = out;
    struct decoder d = {.r = r, .arena = a};

    decode_value(&d, &attribute->value);
    attribute->problem = d.problem;
    return finish(&d, out_error);
}

static int decode_item(struct jr *r, struct arena *a, void *out, const char **out_error)
{
    struct ddb_item *item = out;
    struct decoder d = {.r = r, .arena = a};
    struct ddb_value map = {.type = DDB_M};
    enum jr_type found = jr_peek(r);

    if (found == JR_ARRAY)
        fail(&d, "Unrecognized collection type " MAP_TYPE);
    else if (found != JR_OBJECT && found != JR_ERROR)
        fail(&d, "Unexpected field type");
    else if (decode_members(&d, &map.members, &map.count, &item->problem_name)) {
        item->members = map.members;
        item->count = map.count;
        item->problem = d.problem;
        item->set = true;
    }
    return finish(&d, out_error);
}

bool ddb_item_parse(struct ddb_text json, struct arena *a, struct ddb_item *out)
{
    struct jr r;
    struct decoder d = {.r = &r, .arena = a, .trusted = true};
    struct ddb_value map = {.type = DDB_M};

    jr_init(&r, json.data, json.len, a, 3 * DDB_NESTING_MAX);
    if (!decode_members(&d, &map.members, &map.count, NULL))
        return false;
    *out = (struct ddb_item){.members = map.members, .count = map.count, .set = true};
    return true;
}

static void write_scalar(struct jw *w, const struct ddb_value *v)
{
    if (v->type == DDB_B)
        jw_base64(w, v->text.data, v->text.len);
    else
        jw_string_n(w, v->text.data, v->text.len);
}

static void write_members(struct jw *w, const struct ddb_member *members, size_t count);

// NOLINTNEXTLINE(misc-no-recursion)
static void write_value(struct jw *w, const struct ddb_value *v)
{
    jw_begin_object(w);
    jw_key(w, ddb_type_name(v->type));
    switch (v->type) {
    case DDB_S:
    case DDB_N:
    case DDB_B:
        write_scalar(w, v);
        break;
    case DDB_SS:
    case DDB_NS:
    case DDB_BS:
        jw_begin_array(w);
        for (uint32_t i = 0; i < v->count; i++)
            write_scalar(w, &v->items[i]);
        jw_end_array(w);
        break;
    case DDB_L:
        jw_begin_array(w);
        for (uint32_t i = 0; i < v->count; i++)
            write_value(w, &v->items[i]);
        jw_end_array(w);
        break;
    case DDB_M:
        write_members(w, v->members, v->count);
        break;
    default:
        jw_bool(w, v->truth);
        break;
    }
    jw_end_object(w);
}

// NOLINTNEXTLINE(misc-no-recursion)
static void write_members(struct jw *w, const struct ddb_member *members, size_t count)
{
    jw_begin_object(w);
    for (size_t i = 0; i < count; i++) {
        jw_key_n(w, members[i].name.data, members[i].name.len);
        write_value(w, &members[i].value);
    }
    jw_end_object(w);
}

void ddb_members_write(struct strbuf *out, const struct ddb_member *members, size_t count)
{
    struct jw w;

    jw_init(&w, out);
    write_members(&w, members, count);
}

void ddb_value_write(struct strbuf *out, const struct ddb_value *v)
{
    struct jw w;

    jw_init(&w, out);
    write_value(&w, v);
}

static void encode_attribute(struct jw *w, const void *value)
{
    const struct ddb_attribute *attribute = value;

    write_value(w, &attribute->value);
}

static void encode_item(struct jw *w, const void *value)
{
    const struct ddb_item *item = value;

    if (item->json.data != NULL)
        jw_raw(w, item->json.data, item->json.len);
    else
        write_members(w, item->members, item->count);
}

static bool attribute_is_set(const void *value)
{
    const struct ddb_attribute *attribute = value;

    return attribute->value.type != DDB_NONE;
}

static bool item_is_set(const void *value)
{
    return ((const struct ddb_item *)value)->set;
}

static const char *describe(void (*encode)(struct jw *, const void *), const void *value,
                            struct arena *a)
{
    struct strbuf text = STRBUF_INIT(64 * 1024 * 1024);
    struct jw w;

    jw_init(&w, &text);
    encode(&w, value);
    const char *copy = arena_strndup(a, text.data, text.len);
    strbuf_release(&text);
    return copy;
}

static const char *describe_attribute(const void *value, struct arena *a)
{
    return describe(encode_attribute, value, a);
}

static const char *describe_item(const void *value, struct arena *a)
{
    return describe(encode_item, value, a);
}

const struct custom_codec dynamodb_attribute_codec = {
    .size = sizeof(struct ddb_attribute),
    .decode_json = decode_attribute,
    .encode_json = encode_attribute,
    .is_set = attribute_is_set,
    .describe = describe_attribute,
};

const struct custom_codec dynamodb_item_codec = {
    .size = sizeof(struct ddb_item),
    .decode_json = decode_item,
    .encode_json = encode_item,
    .is_set = item_is_set,
    .describe = describe_item,
};
