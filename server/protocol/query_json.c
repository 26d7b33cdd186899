#include "server/protocol/query_json.h"

#include "server/base/json_write.h"
#include "server/protocol/xml.h"

bool query_wants_json(const struct request *req)
{
    const char *accept = request_header(req, "accept");

    return accept && strstr(accept, "application/json") && !strstr(accept, "xml");
}

/* Where JSON goes. */
struct json_out {
    struct jw w;
    struct arena *arena;
    const struct model *m;
};

/* NOLINTBEGIN(misc-no-recursion): shapes nest as deep as the model says */

static void write_value(struct json_out *j, const struct member *mb, const struct shape *s,
                        const void *value);

/* What has the same name stands in an array when there are several. */
static void begin_several(struct json_out *j, size_t count)
{
    if (count != 1)
        jw_begin_array(&j->w);
}

static void end_several(struct json_out *j, size_t count)
{
    if (count != 1)
        jw_end_array(&j->w);
}

static void write_elements(struct json_out *j, const struct shape *s, const struct sequence *list)
{
    const struct member *mb = first_member(j->m, s);
    const struct shape *element = member_shape(j->m, mb);

    begin_several(j, list->count);
    for (size_t i = 0; i < list->count; i++)
        write_value(j, mb, element, (const char *)list->items + i * element->size);
    end_several(j, list->count);
}

static void write_entries(struct json_out *j, const struct shape *s, const struct sequence *map)
{
    const struct member *mb = first_member(j->m, s);
    size_t size = map_entry_size(j->m, s);

    begin_several(j, map->count);
    for (size_t i = 0; i < map->count; i++) {
        jw_begin_object(&j->w);
        jw_member_string(&j->w, xml_wire_name(j->m, &mb[0]), map_entry_key(map, size, i));
        jw_key(&j->w, xml_wire_name(j->m, &mb[1]));
        write_value(j, &mb[1], member_shape(j->m, &mb[1]), map_entry_value(&mb[1], map, size, i));
        jw_end_object(&j->w);
    }
    end_several(j, map->count);
}

static void write_structure(struct json_out *j, const struct shape *s, const void *value)
{
    const struct member *members = first_member(j->m, s);

    jw_begin_object(&j->w);
    for (uint32_t i = 0; i < s->member_count; i++) {
        const struct member *mb = &members[i];
        const struct shape *shape = member_shape(j->m, mb);
        const void *v = encoded_in_body(mb) ? member_value(j->m, mb, value) : NULL;

        if (!v)
            continue;
        jw_key(&j->w, xml_member_name(j->m, mb));
        if (shape->kind == SHAPE_LIST && is_flattened(shape, mb))
            write_elements(j, shape, v);
        else if (shape->kind == SHAPE_MAP && is_flattened(shape, mb))
            write_entries(j, shape, v);
        else
            write_value(j, mb, shape, v);
    }
    jw_end_object(&j->w);
}

static void write_value(struct json_out *j, const struct member *mb, const struct shape *s,
                        const void *value)
{
    switch ((enum shape_kind)s->kind) {
    case SHAPE_STRUCTURE:
        write_structure(j, s, value);
        return;
    case SHAPE_LIST:
    case SHAPE_MAP:
        jw_begin_object(&j->w);
        jw_key(&j->w, s->kind == SHAPE_LIST ? xml_list_element_name(j->m, s) : "entry");
        if (s->kind == SHAPE_LIST)
            write_elements(j, s, value);
        else
            write_entries(j, s, value);
        jw_end_object(&j->w);
        return;
    default:
        jw_string(&j->w, value_present(j->m, s, value)
                             ? scalar_to_text(j->arena, mb, s, TIMESTAMP_ISO8601, value)
                             : "");
    }
}

/* NOLINTEND(misc-no-recursion) */

static void json_out_init(struct json_out *j, struct request *req, const struct model *m)
{
    *j = (struct json_out){.arena = &req->arena, .m = m};
    jw_init(&j->w, &req->response.bytes);
}

void query_json_encode(struct request *req, const struct model *m, const struct operation *op,
                       const void *out)
{
    const char *name = model_text(m, op->name);
    struct json_out j;

    json_out_init(&j, req, m);
    jw_begin_object(&j.w);
    jw_key(&j.w, arena_printf(&req->arena, "%sResponse", name));
    jw_begin_object(&j.w);
    if (op->output) {
        jw_key(&j.w, op->result_wrapper ? model_text(m, op->result_wrapper)
                                        : arena_printf(&req->arena, "%sResult", name));
        write_structure(&j, shape_at(m, op->output - 1), out);
    }
    jw_key(&j.w, "ResponseMetadata");
    jw_begin_object(&j.w);
    jw_member_string(&j.w, "RequestId", req->request_id);
    jw_end_object(&j.w);
    jw_end_object(&j.w);
    jw_end_object(&j.w);
}

void query_json_encode_error(struct request *req, const char *code)
{
    struct json_out j;

    json_out_init(&j, req, NULL);
    jw_begin_object(&j.w);
    jw_key(&j.w, "ErrorResponse");
    jw_begin_object(&j.w);
    jw_key(&j.w, "Error");
    jw_begin_object(&j.w);
    jw_member_string(&j.w, "Type", req->failure.error->sender_fault ? "Sender" : "Receiver");
    jw_member_string(&j.w, "Code", code);
    jw_member_string(&j.w, "Message", req->failure.message);
    jw_end_object(&j.w);
    jw_member_string(&j.w, "RequestId", req->request_id);
    jw_end_object(&j.w);
    jw_end_object(&j.w);
}
