/* The bodies of REST-JSON (Lambda, OpenSearch, QuickSight), in answers and errors. */
#include "server/protocol/rest.h"

static void encode(struct request *req, const struct model *m, const struct shape *s,
                   const struct member *payload, const void *value)
{
    struct jw w;

    jw_init(&w, &req->response.bytes);
    if (payload)
        json_encode_payload(&w, m, payload, value);
    else
        json_encode_structure(&w, m, s, value);
}

const struct rest_body rest_json_body = {
    .content_type = "application/json",
    .decode = json_decode_body,
    .encode = encode,
};

/* Lambda's errors have a member that tells whose fault it was; AWS fills it always. */
static const struct member *find_type_member(const struct model *m, const struct shape *s)
{
    for (uint32_t i = 0; s && i < s->member_count; i++) {
        const struct member *mb = &first_member(m, s)[i];
        if (str_eq(model_text(m, mb->wire_name), "Type") && mb->location == IN_BODY &&
            member_shape(m, mb)->kind == SHAPE_STRING)
            return mb;
    }
    return NULL;
}

void rest_json_encode_error(struct request *req, const struct model *m, const char *message_name,
                            const struct member *message, const struct shape *s,
                            const void *members)
{
    const struct member *type = find_type_member(m, s);
    struct jw w;

    jw_init(&w, &req->response.bytes);
    jw_begin_object(&w);
    if (type && !(members && member_value(m, type, members)))
        jw_member_string(&w, "Type", req->failure.error->sender_fault ? "User" : "Service");
    if (members && s)
        json_encode_members(&w, m, s, members, message);
    if (req->failure.message && *req->failure.message)
        jw_member_string(&w, message_name, req->failure.message);
    jw_end_object(&w);
}
