/* Templates of the keys that channels deliver under; one that has no problem makes keys. */
#include "handlers/kinesis/channel_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct channel_key values = {
        .channel_name = "c",
        .channel_id = "id",
        .stream_name = "s",
        .extension = ".gz",
        .at_ms = 1770000000000,
    };
    struct strbuf key = STRBUF_INIT(64 * 1024);
    struct strbuf other = STRBUF_INIT(64 * 1024);
    bool compressed = size > 0 && data[0] & 1;
    char *template;

    if (size == 0)
        return 0;
    template = x_malloc(size);
    memcpy(template, data + 1, size - 1);
    template[size - 1] = '\0';
    if (!channel_key_problem(template, compressed)) {
        channel_key_write(template, &values, "-x", &key);
        strbuf_add_char(&key, '\0');
        channel_key_write(template, &values, "-y", &other);
        strbuf_add_char(&other, '\0');
        /* The suffix is in it: else two objects had one key. */
        if (!key.overflow &&
            (str_eq(key.data, other.data) || strstr(key.data, "//") || key.data[0] == '/'))
            abort();
    }
    strbuf_release(&key);
    strbuf_release(&other);
    free(template);
    return 0;
}
