/*
 * Attribute values: looking into them, measuring, comparing, and their JSON text. The types are in
 * custom.h.
 *
 * Values are never changed once they are built: an update makes new containers along the path it
 * touches and shares the rest. All memory is the caller's arena.
 */
#ifndef CADABRA_DYNAMODB_VALUE_H
#define CADABRA_DYNAMODB_VALUE_H

#include "handlers/dynamodb/custom.h"
#include "handlers/dynamodb/number.h"

enum {
    DDB_ITEM_SIZE_MAX = 400 * 1024,
    DDB_NESTING_MAX = 32,
};

/* "S", "NS", ...; DDB_NONE gives "". */
const char *ddb_type_name(enum ddb_type type);
/* The type of that name, DDB_NONE when there is none. */
enum ddb_type ddb_type_named(struct ddb_text name);

static inline bool ddb_text_equal(struct ddb_text a, struct ddb_text b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static inline struct ddb_text ddb_text_of(const char *text)
{
    return (struct ddb_text){text, strlen(text)};
}

/* The member's value, or NULL. */
const struct ddb_value *ddb_members_find(const struct ddb_member *members, size_t count,
                                         struct ddb_text name);
static inline const struct ddb_value *ddb_item_find(const struct ddb_item *item,
                                                    struct ddb_text name)
{
    return ddb_members_find(item->members, item->count, name);
}

static inline bool ddb_is_set(const struct ddb_value *v)
{
    return v->type == DDB_SS || v->type == DDB_NS || v->type == DDB_BS;
}

/* Bytes as AWS counts them towards the 400 KB: names, values, overhead of lists and maps. */
size_t ddb_value_size(const struct ddb_value *v);
size_t ddb_members_size(const struct ddb_member *members, size_t count);

/* Same type and same value; sets and maps whatever their order. */
bool ddb_value_equal(const struct ddb_value *a, const struct ddb_value *b);
bool ddb_members_equal(const struct ddb_member *a, size_t a_count, const struct ddb_member *b,
                       size_t b_count);
/* The order of two values of one type S, N or B: below 0, 0, above 0. */
int ddb_value_order(const struct ddb_value *a, const struct ddb_value *b);
/* A number value whose text is parsed; v must be of type N, and its text canonical. */
struct ddb_number ddb_value_number(const struct ddb_value *v);
struct ddb_value ddb_number_value(const struct ddb_number *n, struct arena *a);
/* Whether `set`, a set, holds the scalar `v`. */
bool ddb_set_has(const struct ddb_value *set, const struct ddb_value *v);

/* Canonical text of an item: what is stored, and what clients get. */
void ddb_members_write(struct strbuf *out, const struct ddb_member *members, size_t count);
void ddb_value_write(struct strbuf *out, const struct ddb_value *v);
/* Reads text that ddb_members_write made. False when it is none: our bug or a damaged database. */
bool ddb_item_parse(struct ddb_text json, struct arena *a, struct ddb_item *out);

#endif
