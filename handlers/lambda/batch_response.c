#include "handlers/lambda/batch_response.h"

#include "server/base/json_read.h"

enum { DEPTH_MAX = 1000, FAILURES_MAX = 10000 };

/* {"itemIdentifier": "..."} AWS: an empty or missing identifier fails the whole batch. */
static const char *read_failure(struct jr *r)
{
    struct jr_text key, text = {0};

    if (jr_peek(r) != JR_OBJECT) {
        jr_skip(r, NULL);
        return NULL;
    }
    for (jr_enter_object(r); jr_next_key(r, &key);) {
        if (jr_text_eq(key, "itemIdentifier") && jr_peek(r) == JR_STRING)
            jr_string(r, &text);
        else
            jr_skip(r, NULL);
    }
    return text.len ? arena_strndup(r->arena, text.data, text.len) : NULL;
}

static void read_failures(struct jr *r, struct batch_response *out)
{
    size_t room = 0;

    if (jr_peek(r) != JR_ARRAY) {
        /* AWS: null is an empty list. */
        out->valid = jr_peek(r) == JR_NULL;
        jr_skip(r, NULL);
        return;
    }
    for (jr_enter_array(r); jr_next_item(r);) {
        const char *id = read_failure(r);

        if (!id || out->failed_count == FAILURES_MAX) {
            out->valid = false;
            continue;
        }
        if (out->failed_count == room) {
            const char **more = ARENA_ARRAY(r->arena, const char *, room = room ? 2 * room : 16);

            if (out->failed_count)
                memcpy(more, out->failed, out->failed_count * sizeof(*more));
            out->failed = more;
        }
        out->failed[out->failed_count++] = id;
    }
}

void batch_response_read(struct arena *a, struct bytes response, struct batch_response *out)
{
    struct jr_text key, raw;
    struct jr r;

    *out = (struct batch_response){.valid = true};
    if (!response.len)
        return;
    jr_init(&r, response.data, response.len, a, DEPTH_MAX);
    if (jr_peek(&r) != JR_OBJECT)
        return; /* AWS: null, a text ...: nothing has failed */
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        if (jr_text_eq(key, "batchItemFailures")) {
            read_failures(&r, out);
        } else if (jr_text_eq(key, "state") && jr_peek(&r) == JR_OBJECT) {
            if (jr_skip(&r, &raw))
                out->state = arena_strndup(a, raw.data, raw.len);
        } else {
            jr_skip(&r, NULL);
        }
    }
    out->valid = out->valid && jr_finish(&r);
}
