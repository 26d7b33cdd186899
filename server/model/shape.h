/*
 * Shapes: what modelc knows of an AWS service, as constant tables.
 *
 * For every service modelc generates a header with a C struct per structure shape
 * (build/<kind>/gen/<service>.h) and a struct model of tables that describe the same structs to the
 * codecs in server/protocol, to the validator and to the router. Tables refer to each other by
 * index and to names by offset, never by pointer: they need no relocation, so they cost neither
 * start-up time nor memory until they are used.
 *
 * How a shape looks in C:
 *
 *   string, enum       const char *             NULL is absent; never holds a NUL byte
 *   blob               struct bytes             data NULL is absent
 *   boolean            struct maybe_bool
 *   byte short integer struct maybe_int
 *   long               struct maybe_long
 *   float double       struct maybe_double
 *   timestamp          struct maybe_time        milliseconds since 1970
 *   document           struct bytes             the JSON text itself
 *   structure, union   struct <service>_<Shape> *           NULL is absent
 *   list, set          struct <service>_<Shape>, by value   items NULL is absent:
 *                          { T *items; size_t count; }
 *   map                struct <service>_<Shape>, by value   items NULL is absent:
 *                          { struct <service>_<Shape>_entry *items; size_t count; }
 *                          an entry is { const char *key; T value; }
 *   event stream       struct <service>_<Shape> *           always NULL in decoded input
 *   custom             by value, the C type of handlers/<service>/custom.h
 *
 * T is the element as above, but structures are stored by value in lists and maps, not by pointer.
 *
 * The single member of a list's shape is named "member", those of a map's "key" and "value", and so
 * are their wire names unless the model gives others.
 */
#ifndef CADABRA_SHAPE_H
#define CADABRA_SHAPE_H

#include "server/base/arena.h"
#include "server/base/json_read.h"
#include "server/base/json_write.h"

struct maybe_bool {
    bool set;
    bool value;
};
struct maybe_int {
    bool set;
    int32_t value;
};
struct maybe_long {
    bool set;
    int64_t value;
};
struct maybe_double {
    bool set;
    double value;
};
struct maybe_time {
    bool set;
    int64_t ms;
};

/* What every generated list and map looks like, whatever it holds. */
struct any_list {
    void *items;
    size_t count;
};

#define SOME_BOOL(v) ((struct maybe_bool){.set = true, .value = (v)})
#define SOME_INT(v) ((struct maybe_int){.set = true, .value = (v)})
#define SOME_LONG(v) ((struct maybe_long){.set = true, .value = (v)})
#define SOME_DOUBLE(v) ((struct maybe_double){.set = true, .value = (v)})
#define SOME_TIME(v) ((struct maybe_time){.set = true, .ms = (v)})
/* The value, or what stands for it when the client left it out. */
#define VALUE_OR(maybe, otherwise) ((maybe).set ? (maybe).value : (otherwise))

enum shape_kind {
    SHAPE_STRUCTURE,
    SHAPE_LIST,
    SHAPE_MAP,
    SHAPE_STRING,
    SHAPE_BLOB,
    SHAPE_BOOLEAN,
    SHAPE_INTEGER, /* byte, short and integer: maybe_int */
    SHAPE_LONG,
    SHAPE_FLOAT,
    SHAPE_DOUBLE,
    SHAPE_TIMESTAMP,
    SHAPE_DOCUMENT,
    SHAPE_CUSTOM,
};

enum shape_flag {
    SHAPE_UNION = 1 << 0,
    SHAPE_ERROR = 1 << 1,
    SHAPE_FLATTENED = 1 << 2, /* list or map without the wrapping element */
    SHAPE_SPARSE = 1 << 3,    /* null elements are kept */
    SHAPE_STREAMING = 1 << 4, /* blob that is a body of its own */
    SHAPE_EVENT_STREAM = 1 << 5,
    SHAPE_EVENT = 1 << 6,
    SHAPE_SENSITIVE = 1 << 7, /* never logged or traced */
    SHAPE_HAS_MIN = 1 << 8,
    SHAPE_HAS_MAX = 1 << 9,
};

enum timestamp_format {
    TIMESTAMP_DEFAULT,
    TIMESTAMP_UNIX,
    TIMESTAMP_ISO8601,
    TIMESTAMP_HTTP,
    TIMESTAMP_ISO8601_MS /* in no model: ISO 8601 with milliseconds, be they 0, too */
};

/* Where in the HTTP message a member of an operation's input or output stands. */
enum member_location {
    IN_BODY,
    IN_HEADER,
    IN_HEADERS, /* a map: all headers with the prefix wire_name */
    IN_URI,
    IN_QUERY, /* one parameter, or a list or map of them */
    IN_STATUS,
    IN_PAYLOAD, /* this member alone is the body */
};

enum member_flag {
    MEMBER_REQUIRED = 1 << 0,
    MEMBER_IDEMPOTENCY_TOKEN = 1 << 1,
    MEMBER_XML_ATTRIBUTE = 1 << 2,
    MEMBER_JSON_VALUE = 1 << 3, /* a string that travels as JSON, base64 in a header */
    MEMBER_EVENT_HEADER = 1 << 4,
    MEMBER_EVENT_PAYLOAD = 1 << 5,
    MEMBER_FLATTENED = 1 << 6,
    MEMBER_STREAMING = 1 << 7, /* a payload of any length */
};

/* A name is an offset into model.strings; 0 is the empty string and stands for "none". */
typedef uint32_t model_name;

struct member {
    model_name name;       /* the C member and the validator's name */
    model_name wire_name;  /* locationName, or the name again */
    model_name query_name; /* for the EC2-like and query protocols where it differs; else 0 */
    model_name xml_namespace;
    model_name xml_prefix;
    uint32_t offset; /* in the parent struct; in a map entry of the value */
    uint16_t shape;
    uint8_t location;         /* enum member_location */
    uint8_t timestamp_format; /* DEFAULT: the shape's, then the location's */
    uint16_t flags;
};

struct shape {
    model_name name;
    uint8_t kind; /* enum shape_kind */
    uint8_t timestamp_format;
    uint16_t flags;
    uint32_t size;         /* of the C type when stored by value */
    uint32_t item_size;    /* list, map: from one item or entry to the next */
    uint32_t first_member; /* of a structure; a list has one, a map two: key and value */
    uint32_t member_count;
    uint16_t payload_member; /* 1 + index among its members of the IN_PAYLOAD member; 0: none */
    uint16_t custom;         /* SHAPE_CUSTOM: index into model.customs */
    model_name wire_name;    /* locationName of the shape: XML root element */
    model_name xml_namespace;
    model_name xml_prefix;
    model_name pattern;       /* 0: none */
    model_name pattern_words; /* said of a value that does not match; 0: the usual words */
    uint32_t first_enum;      /* into model.enums, in the order that AWS prints */
    uint32_t enum_count;
    int64_t min; /* length, size or value, by kind */
    int64_t max;
};

/* A shape whose C type and codec are hand-written, for hot paths. `out` and `value` point at the C
 * type. */
struct custom_codec {
    size_t size;
    /* Returns 0, or -1 after setting *out_error to the text of a SerializationException. */
    int (*decode_json)(struct jr *r, struct arena *a, void *out, const char **out_error);
    void (*encode_json)(struct jw *w, const void *value);
    bool (*is_set)(const void *value);
    /* The value in the words of a validation message, in a. */
    const char *(*describe)(const void *value, struct arena *a);
};

/* One error of a service. Generated from its model, or written by hand where the model is silent.
 */
struct aws_error {
    const char *name;       /* shape name: ResourceNotFoundException */
    const char *code;       /* what JSON and XML clients see; most often the name */
    const char *query_code; /* for x-amzn-query-error; NULL: same as code */
    uint16_t status;
    bool sender_fault;
    uint16_t shape; /* 1 + index into model.shapes for the members beside message; 0: none */
};

enum operation_flag {
    OPERATION_UNSIGNED = 1 << 0,     /* authtype none */
    OPERATION_STREAM_INPUT = 1 << 1, /* the input's payload is a streaming blob */
    OPERATION_STREAM_OUTPUT = 1 << 2,
    OPERATION_EVENT_OUTPUT = 1 << 3, /* the output holds an event stream */
    OPERATION_CHECKSUM_REQUIRED = 1 << 4,
    OPERATION_UNSIGNED_PAYLOAD = 1 << 5, /* the signature does not cover the body */
};

struct operation {
    model_name name;
    model_name method;
    model_name uri;            /* REST template: /2015-03-31/functions/{FunctionName}?Qualifier */
    model_name result_wrapper; /* query protocol: PutItemResult, 0: none */
    uint16_t input;            /* 1 + shape index; 0: none */
    uint16_t output;
    uint16_t status; /* of success; 200 mostly */
    uint16_t flags;
    uint32_t input_size; /* sizeof the C structs, 1 at the least */
    uint32_t output_size;
};

enum protocol_kind {
    PROTOCOL_JSON_1_0 = 1 << 0,
    PROTOCOL_JSON_1_1 = 1 << 1,
    PROTOCOL_QUERY = 1 << 2,
    PROTOCOL_REST_JSON = 1 << 3,
    PROTOCOL_REST_XML = 1 << 4,
    PROTOCOL_RPC_V2_CBOR = 1 << 5,
    PROTOCOL_AMZ_CBOR_1_1 = 1 << 6, /* application/x-amz-cbor-1.1: Kinesis clients in Java */
};

struct request;

struct model {
    const char *service;       /* our name for it: kinesis, dynamodb, lambda, sts ... */
    const char *scope;         /* service field of the credential scope */
    const char *target_prefix; /* NULL for REST and query services */
    const char *service_id;    /* rpc-v2-cbor: /service/<Name>/ ; NULL where not spoken */
    const char *api_version;
    const char *xml_namespace;                /* "" where none */
    const struct aws_error *validation_error; /* NULL: ValidationException */
    unsigned protocols;                       /* enum protocol_kind, or'ed */
    bool query_compatible;                    /* JSON errors carry x-amzn-query-error */
    const char *strings;
    const struct shape *shapes;
    const struct member *members;
    const model_name *enums;
    const struct operation *operations; /* sorted by name */
    const struct aws_error *const *errors;
    const struct custom_codec *const *customs;
    uint16_t shape_count;
    uint16_t operation_count;
    uint16_t error_count;
    uint16_t custom_count;
    /* Generated: calls the typed slot of `struct <service>_handlers`, and says whether it is
     * filled. */
    int (*call)(const void *handlers, uint16_t operation, struct request *req, const void *in,
                void *out);
    bool (*has_handler)(const void *handlers, uint16_t operation);
};

static inline const char *model_text(const struct model *m, model_name n)
{
    return m->strings + n;
}

/* The operation of that name; NULL when there is none. */
const struct operation *model_find_operation(const struct model *m, const char *name, size_t len);
/* The member of a structure that travels under that name; NULL when there is none. */
const struct member *model_find_member(const struct model *m, const struct shape *structure,
                                       const char *wire_name, size_t len);
/* Whether the client (or the handler) has given a value. slot is where a structure's member stands,
 * so for a structure it is the place of the pointer. */
bool shape_is_set(const struct model *m, const struct shape *shape, const void *slot);

#endif
