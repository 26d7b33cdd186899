/*
 * Keys of items: what makes one legal, and their bytes in the store, whose order is DynamoDB's.
 *
 * A string or binary key attribute is its own bytes, a number ddb_number_key(). Where an index has
 * several attributes in its partition or sort key, each is escaped and ended (00 -> 00 FF, end 00
 * 00), so that the order of the whole is that of the parts. The bucket is AWS's hash of the
 * partition key, so scans come in AWS's order.
 */
#ifndef CADABRA_DYNAMODB_KEY_H
#define CADABRA_DYNAMODB_KEY_H

#include "handlers/dynamodb/table.h"

/*
 * What is wrong with a key (Key of GetItem, DeleteItem, UpdateItem), with an item to be stored, or
 * with a starting key, in AWS's words; NULL when it is fine. The texts lie in the arena or are
 * constants.
 */
const char *ddb_key_problem(const struct ddb_table *t, const struct ddb_item *key, struct arena *a);
const char *ddb_item_problem(const struct ddb_table *t, const struct ddb_item *item,
                             struct arena *a);
/* The attributes that are keys of indexes; only those that `before` (may be NULL) holds otherwise.
 */
const char *ddb_index_keys_problem(const struct ddb_table *t, const struct ddb_item *item,
                                   const struct ddb_item *before, struct arena *a);
/* One value of a key: its size and whether it is empty. */
const char *ddb_key_value_problem(const struct ddb_key_part *part, const struct ddb_value *v,
                                  bool is_hash, struct arena *a);
/* AWS: these are told before anything else of a transaction, not among its reasons. */
bool ddb_problem_is_empty_key(const char *problem);

/* The key of an item that has all parts. */
struct ddb_key ddb_key_of(const struct ddb_key_schema *schema, const struct ddb_member *members,
                          size_t count, struct arena *a);
/* The same for an index, whose parts an item may lack: false then. */
bool ddb_index_key_of(const struct ddb_key_schema *schema, const struct ddb_member *members,
                      size_t count, struct arena *a, struct ddb_key *out);
/* The bytes of parts that are given as values, in the order of the schema's parts. `total` is how
 * many parts the schema has: fewer values than that give the common beginning of all keys with
 * these values. */
struct bytes ddb_key_bytes(const struct ddb_value *const *values, size_t count, size_t total,
                           struct arena *a);
/* AWS's hash of the partition key. */
uint32_t ddb_key_bucket(struct bytes hash_key);
/* The same over the whole key: the order in which AWS gives items that an index does not tell
 * apart. */
uint32_t ddb_key_tie(const struct ddb_key *item_key);

/* The item's key attributes, and for an index its keys too: what LastEvaluatedKey holds. */
struct ddb_item ddb_position_of(const struct ddb_table *t, const struct ddb_index *index,
                                const struct ddb_item *item, struct arena *a);

#endif
