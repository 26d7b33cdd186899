/*
 * Reads a .model and the .custom beside it, line by line. The format is described in README.md.
 *
 * A line that begins at the margin opens a block (or states a fact of the service); the indented
 * lines after it belong to that block. Words are cut out of the file's text in place.
 */
#include "server/model/modelc.h"

#include <limits.h>

struct reader {
    const char *path;
    int line;
    char *rest; /* of the line being read */
    struct source_service *service;
    struct source_shape *shape; /* the open block: one of the two, or none */
    struct source_operation *operation;
};

struct word_value {
    const char *word;
    int value;
};

static const struct word_value kinds[] = {
    {"structure", SHAPE_STRUCTURE}, {"list", SHAPE_LIST},           {"map", SHAPE_MAP},
    {"string", SHAPE_STRING},       {"blob", SHAPE_BLOB},           {"boolean", SHAPE_BOOLEAN},
    {"integer", SHAPE_INTEGER},     {"long", SHAPE_LONG},           {"float", SHAPE_FLOAT},
    {"double", SHAPE_DOUBLE},       {"timestamp", SHAPE_TIMESTAMP}, {"document", SHAPE_DOCUMENT},
};

static const struct word_value protocols[] = {
    {"json-1.0", PROTOCOL_JSON_1_0},
    {"json-1.1", PROTOCOL_JSON_1_1},
    {"query", PROTOCOL_QUERY},
    {"rest-json", PROTOCOL_REST_JSON},
    {"rest-xml", PROTOCOL_REST_XML},
    {"rpc-v2-cbor", PROTOCOL_RPC_V2_CBOR},
    {"amz-cbor-1.1", PROTOCOL_AMZ_CBOR_1_1},
};

static const struct word_value timestamps[] = {
    {"unix", TIMESTAMP_UNIX},
    {"iso8601", TIMESTAMP_ISO8601},
    {"http", TIMESTAMP_HTTP},
};

static const struct word_value shape_marks[] = {
    {"union", SHAPE_UNION},   {"error", SHAPE_ERROR},         {"flattened", SHAPE_FLATTENED},
    {"sparse", SHAPE_SPARSE}, {"streaming", SHAPE_STREAMING}, {"eventstream", SHAPE_EVENT_STREAM},
    {"event", SHAPE_EVENT},   {"sensitive", SHAPE_SENSITIVE},
};

static const struct word_value member_marks[] = {
    {"required", MEMBER_REQUIRED},          {"idempotency", MEMBER_IDEMPOTENCY_TOKEN},
    {"xmlattribute", MEMBER_XML_ATTRIBUTE}, {"jsonvalue", MEMBER_JSON_VALUE},
    {"eventheader", MEMBER_EVENT_HEADER},   {"eventpayload", MEMBER_EVENT_PAYLOAD},
    {"flattened", MEMBER_FLATTENED},        {"streaming", MEMBER_STREAMING},
};

static const struct word_value member_places[] = {
    {"header", IN_HEADER},
    {"headers", IN_HEADERS},
    {"uri", IN_URI},
    {"query", IN_QUERY},
};

static int lookup(const struct word_value *table, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(table[i].word, word))
            return table[i].value;
    return -1;
}
#define LOOKUP(table, word) lookup((table), ARRAY_LEN(table), (word))

/* Cuts the next word out of the line; NULL at its end. */
static char *next_word(struct reader *r)
{
    char *word = r->rest + strspn(r->rest, " ");
    size_t len = strcspn(word, " ");

    if (len == 0)
        return NULL;
    r->rest = word + len;
    if (*r->rest)
        *r->rest++ = '\0';
    return word;
}

static char *need_word(struct reader *r, const char *what)
{
    char *word = next_word(r);

    if (!word)
        fail_at(r->path, r->line, "%s is missing", what);
    return word;
}

/* Splits "key=value" in place; the value, or NULL where there is no '='. */
static char *split_value(char *word)
{
    char *equals = strchr(word, '=');

    if (!equals)
        return NULL;
    *equals = '\0';
    return equals + 1;
}

static int64_t read_number(struct reader *r, const char *text, int64_t min, int64_t max)
{
    char *end;

    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end || number < min || number > max)
        fail_at(r->path, r->line, "'%s' is not a number that may stand here", text);
    return number;
}

static enum timestamp_format read_timestamp(struct reader *r, const char *word)
{
    int format = LOOKUP(timestamps, word);

    if (format < 0)
        fail_at(r->path, r->line, "unknown timestamp format '%s'", word);
    return (enum timestamp_format)format;
}

static void read_member_value(struct reader *r, struct source_member *m, const char *key,
                              const char *value)
{
    int place = LOOKUP(member_places, key);

    if (place >= 0) {
        m->location = (enum member_location)place;
        m->wire = value;
    } else if (str_eq(key, "wire")) {
        m->wire = value;
    } else if (str_eq(key, "queryname")) {
        m->query_name = value;
    } else if (str_eq(key, "xmlns")) {
        m->xml_namespace = value;
    } else if (str_eq(key, "xmlprefix")) {
        m->xml_prefix = value;
    } else if (str_eq(key, "timestamp")) {
        m->timestamp_format = read_timestamp(r, value);
    } else {
        fail_at(r->path, r->line, "unknown trait '%s' of a member", key);
    }
}

static void read_member(struct reader *r)
{
    struct source_shape *shape = r->shape;
    struct source_member *m = ARRAY_GROW(shape->members, shape->member_count);

    m->line = r->line;
    m->name = need_word(r, "the name of a member");
    m->shape_name = need_word(r, "the shape of a member");
    for (char *word; (word = next_word(r));) {
        const char *value = split_value(word);
        int mark = LOOKUP(member_marks, word);

        if (value)
            read_member_value(r, m, word, value);
        else if (mark >= 0)
            m->flags |= (unsigned)mark;
        else if (str_eq(word, "status"))
            m->location = IN_STATUS;
        else
            fail_at(r->path, r->line, "unknown trait '%s' of a member", word);
    }
}

static void read_shape_value(struct reader *r, const char *key, const char *value)
{
    struct source_shape *s = r->shape;

    if (str_eq(key, "min")) {
        s->min = read_number(r, value, INT64_MIN, INT64_MAX);
        s->flags |= SHAPE_HAS_MIN;
    } else if (str_eq(key, "max")) {
        s->max = read_number(r, value, INT64_MIN, INT64_MAX);
        s->flags |= SHAPE_HAS_MAX;
    } else if (str_eq(key, "wire")) {
        s->wire = value;
    } else if (str_eq(key, "xmlns")) {
        s->xml_namespace = value;
    } else if (str_eq(key, "xmlprefix")) {
        s->xml_prefix = value;
    } else if (str_eq(key, "timestamp")) {
        s->timestamp_format = read_timestamp(r, value);
    } else if (str_eq(key, "payload")) {
        s->payload = value;
    } else if (str_eq(key, "status")) {
        s->status = (int)read_number(r, value, 100, 599);
    } else if (str_eq(key, "code")) {
        s->code = value;
    } else {
        fail_at(r->path, r->line, "unknown trait '%s' of a shape", key);
    }
}

static void read_shape(struct reader *r, enum shape_kind kind)
{
    struct source_shape *s = ARRAY_GROW(r->service->shapes, r->service->shape_count);

    r->shape = s;
    s->line = r->line;
    s->kind = kind;
    s->custom = -1;
    s->name = need_word(r, "the name of a shape");
    for (char *word; (word = next_word(r));) {
        const char *value = split_value(word);
        int mark = LOOKUP(shape_marks, word);

        if (value)
            read_shape_value(r, word, value);
        else if (mark >= 0)
            s->flags |= (unsigned)mark;
        else if (str_eq(word, "fault"))
            s->fault = true;
        else
            fail_at(r->path, r->line, "unknown trait '%s' of a shape", word);
    }
}

static void read_operation(struct reader *r)
{
    struct source_operation *o = ARRAY_GROW(r->service->operations, r->service->operation_count);

    r->operation = o;
    o->line = r->line;
    o->status = 200;
    o->name = need_word(r, "the name of an operation");
    o->method = need_word(r, "the method of an operation");
    o->uri = need_word(r, "the URI of an operation");
}

static void read_operation_detail(struct reader *r)
{
    struct source_operation *o = r->operation;
    char *key = need_word(r, "a word");

    if (str_eq(key, "input")) {
        o->input_name = need_word(r, "the shape of the input");
    } else if (str_eq(key, "output")) {
        o->output_name = need_word(r, "the shape of the output");
    } else if (str_eq(key, "wrapper")) {
        o->wrapper = need_word(r, "the wrapper's name");
    } else if (str_eq(key, "status")) {
        o->status = (int)read_number(r, need_word(r, "the status"), 100, 599);
    } else if (str_eq(key, "unsigned")) {
        o->flags |= OPERATION_UNSIGNED;
    } else if (str_eq(key, "unsigned-payload")) {
        o->flags |= OPERATION_UNSIGNED_PAYLOAD;
    } else if (str_eq(key, "checksum-required")) {
        o->flags |= OPERATION_CHECKSUM_REQUIRED;
    } else if (str_eq(key, "errors")) {
        for (const char *word; (word = next_word(r));)
            *ARRAY_GROW(o->errors, o->error_count) = word;
    } else {
        fail_at(r->path, r->line, "unknown fact '%s' of an operation", key);
    }
}

/* Patterns and enum values stand as they are up to the end of the line. */
static void read_scalar_detail(struct reader *r)
{
    struct source_shape *s = r->shape;
    char *key = need_word(r, "a word");

    if (!*r->rest)
        fail_at(r->path, r->line, "nothing follows '%s'", key);
    if (str_eq(key, "pattern"))
        s->pattern = r->rest;
    else if (str_eq(key, "enum"))
        *ARRAY_GROW(s->enums, s->enum_count) = r->rest;
    else
        fail_at(r->path, r->line, "unknown fact '%s' of a shape", key);
    r->rest += strlen(r->rest);
}

static void read_detail(struct reader *r)
{
    if (r->operation)
        read_operation_detail(r);
    else if (!r->shape)
        fail_at(r->path, r->line, "an indented line belongs to no block");
    else if (r->shape->kind <= SHAPE_MAP)
        read_member(r);
    else
        read_scalar_detail(r);
}

static void read_protocols(struct reader *r)
{
    for (const char *word; (word = next_word(r));) {
        int protocol = LOOKUP(protocols, word);

        if (protocol < 0)
            fail_at(r->path, r->line, "unknown protocol '%s'", word);
        r->service->protocols |= (unsigned)protocol;
    }
}

static void read_model_line(struct reader *r)
{
    if (*r->rest == ' ') {
        read_detail(r);
        return;
    }
    char *key = need_word(r, "a word");
    int kind = LOOKUP(kinds, key);

    r->shape = NULL;
    r->operation = NULL;
    if (kind >= 0)
        read_shape(r, (enum shape_kind)kind);
    else if (str_eq(key, "operation"))
        read_operation(r);
    else if (str_eq(key, "service"))
        r->service->name = need_word(r, "the service's name");
    else if (str_eq(key, "api-version"))
        r->service->api_version = need_word(r, "the version");
    else if (str_eq(key, "scope"))
        r->service->scope = need_word(r, "the scope");
    else if (str_eq(key, "target-prefix"))
        r->service->target_prefix = need_word(r, "the prefix");
    else if (str_eq(key, "xmlns"))
        r->service->xml_namespace = need_word(r, "the namespace");
    else if (str_eq(key, "protocol"))
        read_protocols(r);
    else if (str_eq(key, "query-compatible"))
        r->service->query_compatible = true;
    else
        fail_at(r->path, r->line, "unknown word '%s'", key);
}

/* Shape, C type of one or more words, codec. */
static void read_custom_shape(struct reader *r, const char *shape_name)
{
    struct source_custom *c = ARRAY_GROW(r->service->customs, r->service->custom_count);
    const char *type = NULL;
    const char *last = need_word(r, "the C type");

    for (const char *word; (word = next_word(r)); last = word)
        type = type ? format_text("%s %s", type, last) : last;
    if (!type)
        fail_at(r->path, r->line, "the codec is missing");
    *c = (struct source_custom){
        .shape_name = shape_name, .c_type = type, .codec = last, .line = r->line};
}

static void read_rule(struct reader *r, bool has_words)
{
    struct source_rule *rule = ARRAY_GROW(r->service->rules, r->service->rule_count);

    rule->line = r->line;
    rule->subject = need_word(r, has_words ? "the pattern" : "the shape");
    if (has_words && !*r->rest)
        fail_at(r->path, r->line, "the words are missing");
    if (has_words) {
        rule->words = r->rest;
        r->rest += strlen(r->rest);
    }
}

static void read_root(struct reader *r)
{
    struct source_rule *rule = ARRAY_GROW(r->service->rules, r->service->rule_count);

    rule->line = r->line;
    rule->subject = need_word(r, "the shape");
    rule->root = need_word(r, "the element");
}

static void read_last(struct reader *r)
{
    struct source_rule *rule = ARRAY_GROW(r->service->rules, r->service->rule_count);

    rule->line = r->line;
    rule->subject = need_word(r, "the structure");
    rule->last = need_word(r, "the member");
}

static void read_custom_line(struct reader *r)
{
    char *key = need_word(r, "a word");

    if (str_eq(key, "include"))
        *ARRAY_GROW(r->service->includes, r->service->include_count) =
            need_word(r, "the header's name");
    else if (str_eq(key, "protocol"))
        read_protocols(r);
    else if (str_eq(key, "xmlns"))
        r->service->xml_namespace = need_word(r, "the namespace");
    else if (str_eq(key, "validation-error"))
        r->service->validation_error = need_word(r, "the error's shape");
    else if (str_eq(key, "unchecked"))
        read_rule(r, false);
    else if (str_eq(key, "root"))
        read_root(r);
    else if (str_eq(key, "last"))
        read_last(r);
    else if (str_eq(key, "pattern-words"))
        read_rule(r, true);
    else
        read_custom_shape(r, key);
}

/* The whole file, NUL-terminated; NULL where there is none. */
static char *read_file(const char *path)
{
    FILE *in = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;

    if (!in)
        return NULL;
    if (getdelim(&text, &size, '\0', in) < 0)
        fail_at(path, 0, "cannot be read, or is empty");
    fclose(in);
    return text;
}

static void read_lines(struct reader *r, char *text, void (*read_line)(struct reader *r))
{
    for (char *line = text; line && *line;) {
        char *end = strchrnul(line, '\n');
        bool last = *end == '\0';

        *end = '\0';
        r->line++;
        r->rest = line;
        if (*line && *line != '#') {
            read_line(r);
            if (next_word(r))
                fail_at(r->path, r->line, "too many words");
        }
        line = last ? NULL : end + 1;
    }
}

void read_model(struct source_service *service, const char *path)
{
    const char *suffix = strrchr(path, '.');
    char *text = read_file(path);

    if (!text)
        fail_at(path, 0, "%s", strerror(errno));
    if (!suffix || !str_eq(suffix, ".model"))
        fail_at(path, 0, "is not named .model");
    service->path = path;
    read_lines(&(struct reader){.path = path, .service = service}, text, read_model_line);

    const char *custom_path = format_text("%.*s.custom", (int)(suffix - path), path);
    char *custom_text = read_file(custom_path);
    if (!custom_text)
        return;
    service->custom_path = custom_path;
    read_lines(&(struct reader){.path = custom_path, .service = service}, custom_text,
               read_custom_line);
}
