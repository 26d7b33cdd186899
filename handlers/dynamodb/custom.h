/*
 * The C types of DynamoDB's AttributeValue and of maps of it, and their JSON codec. They stand on
 * the hot path of every item operation, so they are hand-written; server/model/dynamodb.custom
 * binds them to the shapes.
 *
 * Decoding reads JSON text once, straight into arena structures. It tells two kinds of fault apart,
 * because AWS answers them at different times: JSON of the wrong type is a SerializationException
 * and ends the decoding; a value that is well typed but wrong (a number of 39 digits, an empty set)
 * is remembered in `problem` in the words of the ValidationException, which the operation raises
 * when its turn has come in AWS's order of checks.
 *
 * Numbers are held as canonical text (plain decimal digits, no leading or trailing zeros), so that
 * equal numbers are equal texts. Texts and binaries point into the request or its arena and are not
 * NUL-terminated.
 */
#ifndef CADABRA_DYNAMODB_CUSTOM_H
#define CADABRA_DYNAMODB_CUSTOM_H

#include "server/model/shape.h"

enum ddb_type {
    DDB_NONE, /* absent */
    DDB_S,
    DDB_N,
    DDB_B,
    DDB_SS,
    DDB_NS,
    DDB_BS,
    DDB_M,
    DDB_L,
    DDB_BOOL,
    DDB_NULL,
};

struct ddb_text {
    const char *data;
    size_t len;
};

struct ddb_member;

struct ddb_value {
    uint8_t type; /* enum ddb_type */
    bool truth;   /* BOOL */
    uint32_t count;
    union {
        struct ddb_text text;       /* S, N, B */
        struct ddb_value *items;    /* SS, NS, BS, L: `count` of them; sets hold S, N or B */
        struct ddb_member *members; /* M: `count` of them, names distinct */
    };
};

struct ddb_member {
    struct ddb_text name;
    struct ddb_value value;
};

/* The AttributeValue shape where it stands alone. */
struct ddb_attribute {
    struct ddb_value value; /* type DDB_NONE with problem NULL: absent */
    const char *problem;
};

/* A map of names to values: an item, a key, the expression attribute values. */
struct ddb_item {
    struct ddb_member *members;
    size_t count;
    bool set;                     /* false: absent */
    const char *problem;          /* first thing wrong with a value, or NULL */
    struct ddb_text problem_name; /* the member that it is about */
    struct ddb_text json; /* data != NULL: canonical text, which stands for the members and is
                             encoded as it is */
};

extern const struct custom_codec dynamodb_attribute_codec; /* struct ddb_attribute */
extern const struct custom_codec dynamodb_item_codec;      /* struct ddb_item */

#endif
