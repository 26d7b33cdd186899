/* What rest_json.c and rest_xml.c give to rest.c; not for other folders. */
#ifndef CADABRA_PROTOCOL_REST_H
#define CADABRA_PROTOCOL_REST_H

#include "server/protocol/codec.h"

/* How a body that is not plain bytes is read and written. */
struct rest_body {
    const char *content_type;
    /* The structure s itself (payload NULL), or the value of the member that alone is the body. */
    bool (*decode)(struct decoder *d, const struct shape *s, const struct member *payload,
                   void *out);
    /* Writes into req->response.bytes. value NULL: the payload is absent, write what stands for
     * that. */
    void (*encode)(struct request *req, const struct model *m, const struct shape *s,
                   const struct member *payload, const void *value);
};

extern const struct rest_body rest_json_body;
extern const struct rest_body rest_xml_body;

/* Errors of the two. `message` is the member of s that bears the text, or NULL. */
void rest_json_encode_error(struct request *req, const struct model *m, const char *message_name,
                            const struct member *message, const struct shape *s,
                            const void *members);
void rest_xml_encode_error(struct request *req, const struct model *m, const char *code,
                           const struct member *message, const struct shape *s,
                           const void *members);

#endif
