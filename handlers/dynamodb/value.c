/* Looking into attribute values, measuring and comparing them: see value.h. */
#include "handlers/dynamodb/value.h"

static const char *const type_names[] = {"",   "S", "N", "B",    "SS",  "NS",
                                         "BS", "M", "L", "BOOL", "NULL"};

/* Sets and maps above this are compared by sorting, below by looking for each. */
enum { QUADRATIC_MAX = 24 };

const char *ddb_type_name(enum ddb_type type)
{
    return type_names[type];
}

enum ddb_type ddb_type_named(struct ddb_text name)
{
    for (size_t i = 1; i < ARRAY_LEN(type_names); i++)
        if (ddb_text_equal(name, ddb_text_of(type_names[i])))
            return (enum ddb_type)i;
    return DDB_NONE;
}

const struct ddb_value *ddb_members_find(const struct ddb_member *members, size_t count,
                                         struct ddb_text name)
{
    for (size_t i = 0; i < count; i++)
        if (ddb_text_equal(members[i].name, name))
            return &members[i].value;
    return NULL;
}

struct ddb_number ddb_value_number(const struct ddb_value *v)
{
    struct ddb_number n = {0};
    enum ddb_number_status status = ddb_number_parse(v->text.data, v->text.len, &n);

    assert(status == DDB_NUMBER_OK);
    (void)status;
    return n;
}

struct ddb_value ddb_number_value(const struct ddb_number *n, struct arena *a)
{
    char text[DDB_NUMBER_TEXT_MAX];
    size_t len = ddb_number_format(n, text);

    return (struct ddb_value){.type = DDB_N, .text = {arena_strndup(a, text, len), len}};
}

static size_t number_size(const struct ddb_value *v)
{
    struct ddb_number n = ddb_value_number(v);

    return ddb_number_size(&n);
}

/* Values nest at most DDB_NESTING_MAX levels, which bounds this and the other recursions here. */
// NOLINTNEXTLINE(misc-no-recursion)
size_t ddb_value_size(const struct ddb_value *v)
{
    size_t size = 0;

    switch (v->type) {
    case DDB_S:
    case DDB_B:
        return v->text.len;
    case DDB_N:
        return number_size(v);
    case DDB_SS:
    case DDB_NS:
    case DDB_BS:
        for (uint32_t i = 0; i < v->count; i++)
            size += ddb_value_size(&v->items[i]);
        return size;
    case DDB_L:
        for (uint32_t i = 0; i < v->count; i++)
            size += 1 + ddb_value_size(&v->items[i]);
        return size + 3;
    case DDB_M:
        return 3 + v->count + ddb_members_size(v->members, v->count);
    default:
        return 1;
    }
}

// NOLINTNEXTLINE(misc-no-recursion)
size_t ddb_members_size(const struct ddb_member *members, size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += members[i].name.len + ddb_value_size(&members[i].value);
    return size;
}

static int text_order(struct ddb_text a, struct ddb_text b)
{
    int order = memcmp(a.data, b.data, MIN(a.len, b.len));

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

int ddb_value_order(const struct ddb_value *a, const struct ddb_value *b)
{
    assert(a->type == b->type && (a->type == DDB_S || a->type == DDB_N || a->type == DDB_B));
    if (a->type != DDB_N)
        return text_order(a->text, b->text);
    struct ddb_number x = ddb_value_number(a);
    struct ddb_number y = ddb_value_number(b);
    return ddb_number_compare(&x, &y);
}

bool ddb_set_has(const struct ddb_value *set, const struct ddb_value *v)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (set->items[i].type == v->type && ddb_text_equal(set->items[i].text, v->text))
            return true;
    return false;
}

static int by_text(const void *a, const void *b)
{
    return text_order((*(const struct ddb_value *const *)a)->text,
                      (*(const struct ddb_value *const *)b)->text);
}

static int by_name(const void *a, const void *b)
{
    return text_order((*(const struct ddb_member *const *)a)->name,
                      (*(const struct ddb_member *const *)b)->name);
}

/* Pointers to the elements, in order; to be freed. */
static const void **sorted(const void *items, size_t count, size_t size,
                           int (*order)(const void *, const void *))
{
    const void **pointers = x_calloc(count, sizeof(*pointers));

    for (size_t i = 0; i < count; i++)
        pointers[i] = (const char *)items + i * size;
    qsort(pointers, count, sizeof(*pointers), order);
    return pointers;
}

/* Both have the same count, and no set holds a value twice. */
static bool sets_equal(const struct ddb_value *a, const struct ddb_value *b)
{
    if (a->count <= QUADRATIC_MAX) {
        for (uint32_t i = 0; i < a->count; i++)
            if (!ddb_set_has(b, &a->items[i]))
                return false;
        return true;
    }
    AUTO_FREE const void **x = sorted(a->items, a->count, sizeof(*a->items), by_text);
    AUTO_FREE const void **y = sorted(b->items, b->count, sizeof(*b->items), by_text);
    for (uint32_t i = 0; i < a->count; i++)
        if (by_text(&x[i], &y[i]) != 0)
            return false;
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion)
bool ddb_members_equal(const struct ddb_member *a, size_t a_count, const struct ddb_member *b,
                       size_t b_count)
{
    if (a_count != b_count)
        return false;
    if (a_count <= QUADRATIC_MAX) {
        for (size_t i = 0; i < a_count; i++) {
            const struct ddb_value *other = ddb_members_find(b, b_count, a[i].name);
            if (other == NULL || !ddb_value_equal(&a[i].value, other))
                return false;
        }
        return true;
    }
    AUTO_FREE const void **x = sorted(a, a_count, sizeof(*a), by_name);
    AUTO_FREE const void **y = sorted(b, b_count, sizeof(*b), by_name);
    for (size_t i = 0; i < a_count; i++) {
        const struct ddb_member *left = x[i];
        const struct ddb_member *right = y[i];
        if (!ddb_text_equal(left->name, right->name) ||
            !ddb_value_equal(&left->value, &right->value))
            return false;
    }
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion)
bool ddb_value_equal(const struct ddb_value *a, const struct ddb_value *b)
{
    if (a->type != b->type || a->count != b->count)
        return false;
    switch (a->type) {
    case DDB_S:
    case DDB_N:
    case DDB_B:
        return ddb_text_equal(a->text, b->text);
    case DDB_SS:
    case DDB_NS:
    case DDB_BS:
        return sets_equal(a, b);
    case DDB_L:
        for (uint32_t i = 0; i < a->count; i++)
            if (!ddb_value_equal(&a->items[i], &b->items[i]))
                return false;
        return true;
    case DDB_M:
        return ddb_members_equal(a->members, a->count, b->members, b->count);
    case DDB_BOOL:
        return a->truth == b->truth;
    default:
        return true;
    }
}
