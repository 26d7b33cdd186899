/*
 * The rules that all services share for tags. Each service has its own C type for a tag, so these
 * look at one key or value at a time and answer with words; the handler makes its own service's
 * error of them.
 */
#ifndef CADABRA_TAGS_H
#define CADABRA_TAGS_H

#include "server/base/arena.h"

enum { TAGS_MAX = 50, TAG_KEY_MAX = 128, TAG_VALUE_MAX = 256 };

/* One tag, where a store keeps tags as rows or a handler merges lists. */
struct tag {
    const char *key;
    const char *value;
};

struct tag_list {
    struct tag *items;
    size_t count;
};

/* NULL when the tag is legal, else what is wrong. Lengths are counted in characters; letters,
 * digits and blanks of any script and _.:/=+-@ are legal; a key that begins with aws: is not. value
 * may be NULL. */
const char *tag_problem(const char *key, const char *value);

/* `old` with each of `changes` set, in the order in which keys came first. */
struct tag_list tags_merge(struct arena *a, struct tag_list old, struct tag_list changes);
struct tag_list tags_without(struct arena *a, struct tag_list old, const char *const *keys,
                             size_t key_count);
/* A key that stands in the list twice (compared without case when fold_case), or NULL. */
const char *tags_duplicate(struct tag_list tags, bool fold_case);

/* As one JSON object, for stores that keep tags in a column; and back ("" and NULL give none). */
char *tags_to_json(struct arena *a, struct tag_list tags);
struct tag_list tags_from_json(struct arena *a, const char *json);

#endif
