#include "handlers/sqs/attributes.h"

#include "server/base/digest.h"
#include "server/base/encode.h"

enum { TRANSPORT_TEXT = 1, TRANSPORT_BINARY = 2 };

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct sqs_attribute *)a)->name, ((const struct sqs_attribute *)b)->name);
}

static uint8_t *put_piece(uint8_t *out, const void *data, size_t len)
{
    for (int i = 0; i < 4; i++)
        *out++ = (uint8_t)(len >> (24 - 8 * i));
    if (len > 0)
        memcpy(out, data, len);
    return out + len;
}

struct bytes sqs_attributes_pack(struct arena *a, struct sqs_attribute *attributes, size_t count)
{
    size_t size = sqs_attributes_size(attributes, count) + count * (3 * 4 + 1);
    uint8_t *data, *out;

    if (count == 0)
        return (struct bytes){0};
    qsort(attributes, count, sizeof(attributes[0]), by_name);
    data = out = arena_alloc(a, size);
    for (size_t i = 0; i < count; i++) {
        const struct sqs_attribute *at = &attributes[i];

        out = put_piece(out, at->name, strlen(at->name));
        out = put_piece(out, at->type, strlen(at->type));
        *out++ = sqs_attribute_is_binary(at) ? TRANSPORT_BINARY : TRANSPORT_TEXT;
        out = put_piece(out, at->value.data, at->value.len);
    }
    assert((size_t)(out - data) == size);
    return (struct bytes){data, size};
}

/* False when less is left than the length says. */
static bool get_piece(struct bytes *in, struct bytes *out)
{
    size_t len = 0;

    if (in->len < 4)
        return false;
    for (int i = 0; i < 4; i++)
        len = len << 8 | in->data[i];
    if (in->len - 4 < len)
        return false;
    *out = (struct bytes){in->data + 4, len};
    *in = (struct bytes){in->data + 4 + len, in->len - 4 - len};
    return true;
}

static bool get_attribute(struct bytes *in, struct arena *a, struct sqs_attribute *out)
{
    struct bytes name, type;

    if (!get_piece(in, &name) || !get_piece(in, &type) || in->len == 0)
        return false;
    *in = (struct bytes){in->data + 1, in->len - 1};
    if (!get_piece(in, &out->value))
        return false;
    out->name = arena_strndup(a, (const char *)name.data, name.len);
    out->type = arena_strndup(a, (const char *)type.data, type.len);
    return true;
}

size_t sqs_attributes_unpack(struct bytes packed, struct arena *a,
                             struct sqs_attribute **out_attributes)
{
    struct sqs_attribute *list;
    size_t count = 0;

    *out_attributes = NULL;
    if (packed.len == 0)
        return 0;
    list = ARENA_ARRAY(a, struct sqs_attribute, SQS_ATTRIBUTES_MAX);
    while (count < SQS_ATTRIBUTES_MAX && get_attribute(&packed, a, &list[count]))
        count++;
    *out_attributes = list;
    return count;
}

void sqs_md5_text(const void *data, size_t len, char out[SQS_MD5_TEXT])
{
    uint8_t digest[MD5_LEN];

    md5(data, len, digest);
    hex_encode(digest, sizeof(digest), out);
}

size_t sqs_attributes_size(const struct sqs_attribute *attributes, size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += strlen(attributes[i].name) + strlen(attributes[i].type) + attributes[i].value.len;
    return size;
}
