/*
 * Tag rules. AWS: "Unicode letters, digits, whitespace and the special characters _.:/=+-@";
 * whether a character beyond ASCII is a letter AWS takes from Unicode's tables. Here all of them
 * are legal but the control characters: what is refused less is a remote case, what is refused
 * wrongly would not be.
 */
#include "handlers/common/tags.h"

#include "server/base/json_read.h"
#include "server/base/json_write.h"

enum { JSON_MAX = 1024 * 1024 };

static size_t characters(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80; /* not a continuation byte of UTF-8 */
    return count;
}

static bool is_legal(const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool alphanumeric =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (c < 0x80 && !alphanumeric && !strchr(" \t\n\v\f\r_.:/=+-@", c))
            return false;
    }
    return true;
}

const char *tag_problem(const char *key, const char *value)
{
    size_t key_len = characters(key);

    if (key_len == 0)
        return "Tag keys must have at least 1 character";
    if (key_len > TAG_KEY_MAX)
        return "Tag keys must have at most 128 characters";
    if (strncasecmp(key, "aws:", 4) == 0)
        return "Tag keys that begin with aws: are reserved for system use";
    if (!is_legal(key))
        return "Tag keys may hold letters, digits, white space and _.:/=+-@ only";
    if (value && characters(value) > TAG_VALUE_MAX)
        return "Tag values must have at most 256 characters";
    if (value && !is_legal(value))
        return "Tag values may hold letters, digits, white space and _.:/=+-@ only";
    return NULL;
}

static struct tag *find(struct tag_list list, const char *key)
{
    for (size_t i = 0; i < list.count; i++)
        if (str_eq(list.items[i].key, key))
            return &list.items[i];
    return NULL;
}

struct tag_list tags_merge(struct arena *a, struct tag_list old, struct tag_list changes)
{
    struct tag_list all = {.items = ARENA_ARRAY(a, struct tag, old.count + changes.count)};

    for (size_t i = 0; i < old.count; i++)
        all.items[all.count++] = old.items[i];
    for (size_t i = 0; i < changes.count; i++) {
        struct tag *present = find(all, changes.items[i].key);

        if (present)
            *present = changes.items[i];
        else
            all.items[all.count++] = changes.items[i];
    }
    return all;
}

static bool contains(const char *const *keys, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(keys[i], key))
            return true;
    return false;
}

struct tag_list tags_without(struct arena *a, struct tag_list old, const char *const *keys,
                             size_t key_count)
{
    struct tag_list left = {.items = ARENA_ARRAY(a, struct tag, old.count)};

    for (size_t i = 0; i < old.count; i++)
        if (!contains(keys, key_count, old.items[i].key))
            left.items[left.count++] = old.items[i];
    return left;
}

const char *tags_duplicate(struct tag_list tags, bool fold_case)
{
    for (size_t i = 0; i < tags.count; i++)
        for (size_t j = 0; j < i; j++) {
            const char *l = tags.items[i].key;
            const char *r = tags.items[j].key;

            if (fold_case ? strcasecmp(l, r) == 0 : str_eq(l, r))
                return l;
        }
    return NULL;
}

char *tags_to_json(struct arena *a, struct tag_list tags)
{
    struct strbuf text = STRBUF_INIT(JSON_MAX);
    struct jw w;
    char *out;

    jw_init(&w, &text);
    jw_begin_object(&w);
    for (size_t i = 0; i < tags.count; i++)
        jw_member_string(&w, tags.items[i].key, tags.items[i].value ? tags.items[i].value : "");
    jw_end_object(&w);
    out = arena_strndup(a, text.data, text.len);
    strbuf_release(&text);
    return out;
}

struct tag_list tags_from_json(struct arena *a, const char *json)
{
    struct tag_list tags = {0};
    size_t capacity = 0;
    struct jr_text key;
    struct jr_text value;
    struct jr r;

    if (!json || !*json)
        return tags;
    for (const char *p = json; *p; p++)
        capacity += *p == ':';
    tags.items = ARENA_ARRAY(a, struct tag, capacity);
    jr_init(&r, json, strlen(json), a, 2);
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        if (!jr_string(&r, &value))
            break;
        tags.items[tags.count++] = (struct tag){.key = arena_strndup(a, key.data, key.len),
                                                .value = arena_strndup(a, value.data, value.len)};
    }
    return tags;
}
