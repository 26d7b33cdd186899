/* Event-stream messages: what is read must come out of the writer byte for byte. */
#include "server/protocol/event_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf b = STRBUF_INIT(EVENT_MESSAGE_MAX);
    struct event_message m;
    int64_t len = event_message_read(data, size, &m);

    if (len > 0) {
        event_message_write(&b, m.headers, m.header_count, m.payload);
        if ((int64_t)b.len != len || memcmp(b.data, data, b.len) != 0)
            abort();
    }
    strbuf_release(&b);
    return 0;
}
