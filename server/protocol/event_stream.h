/*
 * Event streams (application/vnd.amazon.eventstream): answers that go on, message by message, over
 * an ordinary HTTP body (W16). A handler chooses BODY_STREAM for its answer and writes messages
 * with these functions; the first is the initial response, then events, at last perhaps an
 * exception. Payloads are in the protocol of the request.
 */
#ifndef CADABRA_EVENT_STREAM_H
#define CADABRA_EVENT_STREAM_H

#include "server/net/request.h"

/* The members of the output beside the stream. Clients that are RPC (not REST) demand it as the
 * first message. */
void event_stream_initial_response(struct request *req, const void *out, struct strbuf *b);
/* One event: `type` is the member of the output's event stream, `event` that member's struct. */
void event_stream_event(struct request *req, const char *type, const void *event, struct strbuf *b);
/* The last message, when the stream ends in an error of the model. */
void event_stream_exception(struct request *req, const struct aws_error *error, const char *message,
                            struct strbuf *b);

/* --- the messages themselves --- */

enum event_value_type {
    EVENT_TRUE,
    EVENT_FALSE,
    EVENT_BYTE,
    EVENT_SHORT,
    EVENT_INTEGER,
    EVENT_LONG,
    EVENT_BYTES,
    EVENT_STRING,
    EVENT_TIMESTAMP, /* milliseconds */
    EVENT_UUID,
};

struct event_header {
    const char *name; /* borrowed; not NUL-terminated when decoded */
    size_t name_len;
    enum event_value_type type;
    int64_t number;     /* BYTE to LONG, TIMESTAMP */
    struct bytes bytes; /* BYTES, STRING, UUID; borrowed */
};

enum { EVENT_HEADERS_MAX = 32, EVENT_MESSAGE_MAX = 16 << 20 };

struct event_message {
    struct event_header headers[EVENT_HEADERS_MAX];
    size_t header_count;
    struct bytes payload;
};

/* Appends one message with its lengths and checksums. */
void event_message_write(struct strbuf *b, const struct event_header *headers, size_t header_count,
                         struct bytes payload);
/* Reads one message from the beginning of data. Its length, 0 when more bytes are needed, -1 when
 * it is broken; out borrows from data. */
int64_t event_message_read(const void *data, size_t len, struct event_message *out);

#endif
