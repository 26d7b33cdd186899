/*
 * The words in which AWS refuses a JSON value of the wrong type. There are three sets of them, by
 * the age of the service's framework; people search for these texts, so they are kept exactly,
 * oddities and all.
 *
 * AWS: as recorded against the real services by the authors of dynalite (DynamoDB) and kinesalite
 * (Kinesis), and by measurement of Athena in 2026 (the common set).
 */
#include "server/protocol/codec.h"

enum { EXCERPT_MAX = 1024 };

static bool is_decimal(struct jr_text raw)
{
    return memchr(raw.data, '.', raw.len) || memchr(raw.data, 'e', raw.len) ||
           memchr(raw.data, 'E', raw.len);
}

static const char *token_name(enum jr_type type)
{
    switch (type) {
    case JR_STRING:
        return "STRING_VALUE";
    case JR_TRUE:
        return "TRUE_VALUE";
    case JR_FALSE:
        return "FALSE_VALUE";
    default:
        return "NUMBER_VALUE";
    }
}

/* The string itself, without its quotes, for messages that quote it. */
static struct jr_text unquoted(struct jr_text raw)
{
    if (raw.len >= 2)
        raw = (struct jr_text){raw.data + 1, raw.len - 2};
    raw.len = MIN(raw.len, (size_t)EXCERPT_MAX);
    return raw;
}

static const char *blob_fault(struct decoder *d, struct jr_text text)
{
    if (text.len % 4 != 0)
        return arena_printf(d->arena,
                            "Base64 encoded length is expected a multiple of 4 bytes but found: "
                            "%zu",
                            text.len);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                      c == '+' || c == '/';
        bool padding = c == '=' && i + 2 >= text.len;
        if (!letter && !padding)
            return arena_printf(d->arena, "Invalid Base64 character: '%c'",
                                c >= 0x20 && c < 0x7F ? c : '?');
    }
    return "Invalid last non-pad Base64 character dectected"; /* AWS: spelt so */
}

/* --- DynamoDB --- */

static const char *dynamodb_collection(struct decoder *d, const struct shape *s)
{
    const char *package = "com.amazonaws.dynamodb.v20120810.";

    switch ((enum shape_kind)s->kind) {
    case SHAPE_STRUCTURE:
        return arena_printf(d->arena, "Unrecognized collection type class %s%s", package,
                            model_text(d->m, s->name));
    case SHAPE_MAP: {
        const struct shape *value = member_shape(d->m, first_member(d->m, s) + 1);
        bool text = value->kind == SHAPE_STRING;
        return arena_printf(
            d->arena, "Unrecognized collection type java.util.Map<java.lang.String, %s%s>",
            text ? "java.lang." : package, text ? "String" : model_text(d->m, value->name));
    }
    case SHAPE_BLOB:
        return "Unrecognized collection type class java.nio.ByteBuffer";
    default:
        return arena_printf(d->arena, "Unrecognized collection type class java.lang.%s",
                            shape_type_name(s));
    }
}

static const char *dynamodb_words(struct decoder *d, const struct shape *s, bool is_element,
                                  enum jr_type type, struct jr_text raw)
{
    if (type == JR_OBJECT)
        return "Start of structure or map found where not expected";
    if (type == JR_ARRAY)
        return dynamodb_collection(d, s);
    if (s->kind == SHAPE_STRUCTURE || s->kind == SHAPE_CUSTOM)
        return is_element ? "Unexpected value type in payload" : "Unexpected field type";
    if (s->kind == SHAPE_LIST || s->kind == SHAPE_MAP)
        return "Unexpected field type";
    if (s->kind == SHAPE_BLOB)
        return type == JR_STRING ? blob_fault(d, unquoted(raw))
                                 : "only base-64-encoded strings are convertible to bytes";
    if (s->kind == SHAPE_BOOLEAN && type == JR_STRING)
        return "Unexpected token received from parser";
    const char *token = type == JR_NUMBER && is_decimal(raw) ? "DECIMAL_VALUE" : token_name(type);
    return arena_printf(d->arena, "%s cannot be converted to %s", token, shape_type_name(s));
}

/* --- the others --- */

static const char *container_words(const struct shape *s, enum jr_type type)
{
    if (type == JR_OBJECT)
        return "Start of structure or map found where not expected.";
    if (type == JR_ARRAY)
        return "Start of list found where not expected";
    if (s->kind == SHAPE_LIST)
        return "Expected list or null";
    if (s->kind == SHAPE_MAP)
        return "Expected map or null";
    return "Expected null";
}

static const char *class_words(struct decoder *d, const struct shape *s, enum jr_type type,
                               struct jr_text raw)
{
    const char *class = "com.amazon.coral.value.json.numbers.TruncatingBigNumber";

    if (type == JR_STRING && (s->kind == SHAPE_BLOB || s->kind == SHAPE_BOOLEAN)) {
        struct jr_text text = unquoted(raw);
        if (s->kind == SHAPE_BOOLEAN)
            return arena_printf(d->arena, "'%.*s' can not be converted to an Boolean",
                                (int)text.len, text.data);
        return arena_printf(d->arena, "'%.*s' can not be converted to a Blob: %s", (int)text.len,
                            text.data, blob_fault(d, text));
    }
    if (type == JR_STRING)
        class = "java.lang.String";
    else if (type != JR_NUMBER)
        class = "java.lang.Boolean";
    if (s->kind == SHAPE_TIMESTAMP)
        return arena_printf(d->arena, "class %s can not be converted to milliseconds since epoch",
                            class);
    return arena_printf(d->arena, "class %s can not be converted to %s %s", class,
                        s->kind == SHAPE_BLOB ? "a" : "an",
                        shape_type_name(s)); /* AWS: "an String" */
}

static const char *common_words(struct decoder *d, const struct shape *s, enum jr_type type,
                                struct jr_text raw)
{
    if (type == JR_STRING && s->kind == SHAPE_BLOB)
        return blob_fault(d, unquoted(raw));
    return arena_printf(d->arena, "%s can not be converted to %s %s", token_name(type),
                        s->kind == SHAPE_INTEGER ? "an" : "a", shape_type_name(s));
}

const char *json_mismatch(struct decoder *d, const struct shape *s, bool is_element,
                          enum jr_type type, struct jr_text raw)
{
    enum json_words words = d->req->service ? d->req->service->json_words : JSON_WORDS_COMMON;
    bool container = s->kind == SHAPE_STRUCTURE || s->kind == SHAPE_LIST || s->kind == SHAPE_MAP ||
                     s->kind == SHAPE_CUSTOM;

    if (words == JSON_WORDS_DYNAMODB)
        return dynamodb_words(d, s, is_element, type, raw);
    if (container || type == JR_OBJECT || type == JR_ARRAY)
        return container_words(s, type);
    if (words == JSON_WORDS_CLASSES)
        return class_words(d, s, type, raw);
    return common_words(d, s, type, raw);
}
