#include "handlers/firehose/hive_type.h"

#include "server/base/room.h"
#include "server/base/strbuf.h"

/* NOLINTBEGIN(misc-no-recursion): types nest; HIVE_DEPTH_MAX bounds them. */

enum {
    TEXT_MAX = 128 * 1024, /* AWS: of a column's type in Glue */
    CHAR_MAX_LEN = 255,
    VARCHAR_MAX_LEN = 65535,
    DECIMAL_DEFAULT = 10,
    NAME_MAX_LEN = 1024,
};

static const struct {
    const char *name;
    enum hive_kind kind;
} scalars[] = {
    {"boolean", HIVE_BOOLEAN}, {"tinyint", HIVE_TINYINT},     {"smallint", HIVE_SMALLINT},
    {"int", HIVE_INT},         {"integer", HIVE_INT},         {"bigint", HIVE_BIGINT},
    {"float", HIVE_FLOAT},     {"real", HIVE_FLOAT},          {"double", HIVE_DOUBLE},
    {"decimal", HIVE_DECIMAL}, {"numeric", HIVE_DECIMAL},     {"string", HIVE_STRING},
    {"char", HIVE_CHAR},       {"varchar", HIVE_VARCHAR},     {"binary", HIVE_BINARY},
    {"date", HIVE_DATE},       {"timestamp", HIVE_TIMESTAMP},
};

struct parser {
    const char *at;
    struct arena *arena;
    const char *problem; /* NULL while all is well */
};

static const struct hive_type *parse(struct parser *p, int depth);

static void *fail(struct parser *p, const char *problem)
{
    if (!p->problem)
        p->problem = problem;
    return NULL;
}

/* --- pieces --- */

static void skip_blanks(struct parser *p)
{
    p->at += strspn(p->at, " \t\r\n");
}

static bool take(struct parser *p, char c)
{
    skip_blanks(p);
    if (*p->at != c)
        return false;
    p->at++;
    return true;
}

static bool expect(struct parser *p, char c)
{
    static const char *const missing[] = {"'<' is missing", "'>' is missing", "',' is missing",
                                          "':' is missing", "'(' is missing", "')' is missing"};

    if (take(p, c))
        return true;
    fail(p, missing[strchr("<>,:()", c) - "<>,:()"]);
    return false;
}

/* Bytes of the word that begins here: letters, digits, underscores, and what is not ASCII. */
static size_t word_length(const struct parser *p)
{
    size_t n = 0;

    while (p->at[n] && ((uint8_t)p->at[n] >= 0x80 || p->at[n] == '_' || p->at[n] == '$' ||
                        (p->at[n] >= '0' && p->at[n] <= '9') ||
                        ((p->at[n] | 0x20) >= 'a' && (p->at[n] | 0x20) <= 'z')))
        n++;
    return n;
}

static bool is_word(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* A number of at most five digits; -1: none. */
static int read_number(struct parser *p)
{
    int value = 0;
    size_t n;

    skip_blanks(p);
    n = strspn(p->at, "0123456789");
    if (n < 1 || n > 5) {
        fail(p, "a number is missing or too long");
        return -1;
    }
    for (; n > 0; n--)
        value = value * 10 + (*p->at++ - '0');
    return value;
}

/* --- scalars --- */

static const struct hive_type *parse_decimal(struct parser *p, struct hive_type *type)
{
    type->precision = DECIMAL_DEFAULT;
    if (!take(p, '('))
        return type;
    type->precision = read_number(p);
    if (take(p, ','))
        type->scale = read_number(p);
    if (!expect(p, ')'))
        return NULL;
    if (type->precision < 1 || type->precision > HIVE_PRECISION_MAX || type->scale < 0 ||
        type->scale > type->precision)
        return fail(p, "a decimal has 1 to 38 digits, and not more behind the point");
    return type;
}

static const struct hive_type *parse_sized(struct parser *p, struct hive_type *type)
{
    int max = type->kind == HIVE_CHAR ? CHAR_MAX_LEN : VARCHAR_MAX_LEN;

    if (!expect(p, '('))
        return NULL;
    type->precision = read_number(p);
    if (!expect(p, ')'))
        return NULL;
    if (type->precision < 1 || type->precision > max)
        return fail(p, "a char has 1 to 255, a varchar 1 to 65535 characters");
    return type;
}

static const struct hive_type *parse_scalar(struct parser *p, const char *word, size_t len)
{
    struct hive_type *type = ARENA_NEW(p->arena, struct hive_type);
    size_t i = 0;

    while (i < ARRAY_LEN(scalars) && !is_word(word, len, scalars[i].name))
        i++;
    if (i == ARRAY_LEN(scalars))
        return fail(p, "the type is unknown");
    type->kind = scalars[i].kind;
    if (type->kind == HIVE_DECIMAL)
        return parse_decimal(p, type);
    if (type->kind == HIVE_CHAR || type->kind == HIVE_VARCHAR)
        return parse_sized(p, type);
    if (type->kind == HIVE_DOUBLE) { /* Hive: double precision */
        skip_blanks(p);
        if (is_word(p->at, word_length(p), "precision"))
            p->at += strlen("precision");
    }
    return type;
}

/* --- what nests --- */

static const struct hive_type *parse_array(struct parser *p, int depth)
{
    struct hive_type *type = ARENA_NEW(p->arena, struct hive_type);

    type->kind = HIVE_ARRAY;
    if (!expect(p, '<') || !(type->element = parse(p, depth + 1)) || !expect(p, '>'))
        return NULL;
    return type;
}

static const struct hive_type *parse_map(struct parser *p, int depth)
{
    struct hive_type *type = ARENA_NEW(p->arena, struct hive_type);

    type->kind = HIVE_MAP;
    if (!expect(p, '<') || !(type->key = parse(p, depth + 1)) || !expect(p, ',') ||
        !(type->element = parse(p, depth + 1)) || !expect(p, '>'))
        return NULL;
    return type->key->kind < HIVE_ARRAY ? type : fail(p, "the key of a map is a scalar");
}

/* A word, or anything between backticks, of which two stand for one. */
static const char *read_name(struct parser *p)
{
    struct strbuf name = STRBUF_INIT(NAME_MAX_LEN);
    const char *out = NULL;

    skip_blanks(p);
    if (*p->at != '`') {
        size_t n = word_length(p);
        strbuf_add(&name, p->at, n);
        p->at += n;
    } else {
        for (p->at++; *p->at && (*p->at != '`' || p->at[1] == '`'); p->at++) {
            strbuf_add_char(&name, *p->at);
            p->at += *p->at == '`';
        }
        if (!take(p, '`'))
            fail(p, "a name is not closed");
    }
    if (name.len > 0 && !name.overflow)
        out = arena_strndup(p->arena, name.data, name.len);
    else
        fail(p, "the name of a field is missing or too long");
    strbuf_release(&name);
    return p->problem ? NULL : out;
}

struct field_list {
    struct hive_field *items;
    size_t count;
    size_t capacity;
};

static bool add_field(struct parser *p, struct field_list *list, const struct hive_field *field)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcasecmp(list->items[i].name, field->name) == 0)
            return fail(p, "two fields have one name") != NULL;
    if (list->count == HIVE_FIELDS_MAX)
        return fail(p, "a struct has too many fields") != NULL;
    list->items =
        room_for_one(p->arena, list->items, list->count, &list->capacity, sizeof(*list->items));
    list->items[list->count++] = *field;
    return true;
}

static const struct hive_type *parse_struct(struct parser *p, int depth)
{
    struct hive_type *type = ARENA_NEW(p->arena, struct hive_type);
    struct field_list list = {0};

    if (!expect(p, '<'))
        return NULL;
    do {
        struct hive_field field;

        if (!(field.name = read_name(p)) || !expect(p, ':') ||
            !(field.type = parse(p, depth + 1)) || !add_field(p, &list, &field))
            return NULL;
    } while (take(p, ','));
    if (!expect(p, '>'))
        return NULL;
    *type =
        (struct hive_type){.kind = HIVE_STRUCT, .fields = list.items, .field_count = list.count};
    return type;
}

static const struct hive_type *parse(struct parser *p, int depth)
{
    const char *word;
    size_t len;

    if (depth > HIVE_DEPTH_MAX)
        return fail(p, "the type is nested too deeply");
    skip_blanks(p);
    word = p->at;
    len = word_length(p);
    p->at += len;
    if (is_word(word, len, "array"))
        return parse_array(p, depth);
    if (is_word(word, len, "map"))
        return parse_map(p, depth);
    if (is_word(word, len, "struct"))
        return parse_struct(p, depth);
    return parse_scalar(p, word, len);
}

const struct hive_type *hive_type_parse(struct arena *a, const char *text, const char **out_problem)
{
    struct parser p = {.at = text, .arena = a};
    const struct hive_type *type;

    if (strnlen(text, TEXT_MAX + 1) > TEXT_MAX)
        type = fail(&p, "the type is too long");
    else
        type = parse(&p, 0);
    skip_blanks(&p);
    if (type && *p.at)
        type = fail(&p, "something stands behind the type");
    *out_problem = p.problem;
    return p.problem ? NULL : type;
}

/* NOLINTEND(misc-no-recursion) */
