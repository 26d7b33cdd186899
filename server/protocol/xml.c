/*
 * XML bodies: the structures of REST-XML, and the answers of the query protocol.
 *
 * Decoding walks the tree that xml_read() made, with the descriptors; encoding writes straight out
 * of the structs. Namespaces are written where the model has them and ignored when read, as AWS
 * does.
 */
#include "server/protocol/xml.h"

#include "server/protocol/xml_write.h"

/* NOLINTBEGIN(misc-no-recursion): shapes nest; the depth of a tree is bounded when it is read. */

const char *xml_wire_name(const struct model *m, const struct member *mb)
{
    return model_text(m, mb->query_name ? mb->query_name : mb->wire_name);
}

const char *xml_list_element_name(const struct model *m, const struct shape *list)
{
    return xml_wire_name(m, first_member(m, list));
}

const char *xml_member_name(const struct model *m, const struct member *mb)
{
    const struct shape *s = member_shape(m, mb);

    /* AWS: where it is the list's shape that is flattened (older models) and not the member, its
     * elements bear the name that the shape gives them. */
    if (s->kind == SHAPE_LIST && (s->flags & SHAPE_FLATTENED)) {
        const char *name = xml_list_element_name(m, s);
        if (!str_eq(name, "member"))
            return name;
    }
    return xml_wire_name(m, mb);
}

/* --- decoding --- */

static bool decode_value(struct decoder *d, const struct member *mb, const struct shape *s,
                         const struct xml_node *node, void *out);

static bool decode_scalar(struct decoder *d, const struct member *mb, const struct shape *s,
                          const char *text, size_t len, void *out)
{
    /* White space around numbers and dates means nothing; in strings it does. */
    if (s->kind != SHAPE_STRING) {
        while (len > 0 && strchr(" \t\r\n", text[len - 1]))
            len--;
        while (len > 0 && strchr(" \t\r\n", *text)) {
            text++;
            len--;
        }
    }
    return scalar_from_text(d, mb, s, TIMESTAMP_ISO8601, text, len, out);
}

static bool decode_list(struct decoder *d, const struct shape *s, const struct xml_node *node,
                        void *out)
{
    const struct member *mb = first_member(d->m, s);
    const struct shape *element = member_shape(d->m, mb);
    struct growing g = {.size = element->size};

    for (const struct xml_node *child = node->first_child; child; child = child->next) {
        void *place = growing_add(d, &g);
        if (!place || !decode_value(d, mb, element, child, place))
            return false;
    }
    growing_finish(&g, out);
    return true;
}

/* The node and those of its later siblings that have the same name are the elements. */
static bool decode_flattened_list(struct decoder *d, const struct shape *s,
                                  const struct xml_node *node, void *out)
{
    const struct member *mb = first_member(d->m, s);
    const struct shape *element = member_shape(d->m, mb);
    struct growing g = {.size = element->size};

    for (const struct xml_node *sibling = node; sibling; sibling = sibling->next) {
        if (!str_eq(sibling->name, node->name))
            continue;
        void *place = growing_add(d, &g);
        if (!place || !decode_value(d, mb, element, sibling, place))
            return false;
    }
    growing_finish(&g, out);
    return true;
}

static bool decode_entry(struct decoder *d, const struct shape *map, const struct xml_node *entry,
                         struct growing *g)
{
    const struct member *mb = first_member(d->m, map);
    const struct xml_node *key = xml_child(entry, xml_wire_name(d->m, &mb[0]));
    const struct xml_node *value = xml_child(entry, xml_wire_name(d->m, &mb[1]));

    if (!key || !value)
        return decode_fail(d, "An entry of a map has no key or no value");
    char *place = growing_add(d, g);
    return place && string_from_text(d, key->text, key->text_len, (const char **)place) &&
           decode_value(d, &mb[1], member_shape(d->m, &mb[1]), value, place + mb[1].offset);
}

static bool decode_map(struct decoder *d, const struct shape *s, const struct xml_node *first,
                       bool flattened, void *out)
{
    struct growing g = {.size = map_entry_size(d->m, s)};

    for (const struct xml_node *entry = first; entry; entry = entry->next) {
        if (flattened && !str_eq(entry->name, first->name))
            continue;
        if (!decode_entry(d, s, entry, &g))
            return false;
    }
    growing_finish_map(d, &g, out);
    return true;
}

static const struct member *find_member(const struct model *m, const struct shape *s,
                                        const char *name, uint32_t *expected)
{
    const struct member *members = first_member(m, s);

    for (uint32_t n = 0, i = *expected; n < s->member_count; n++, i++) {
        if (i >= s->member_count)
            i = 0;
        if (members[i].location != IN_BODY || (members[i].flags & MEMBER_XML_ATTRIBUTE))
            continue;
        if (xml_name_is(name, xml_member_name(m, &members[i]))) {
            *expected = i + 1;
            return &members[i];
        }
    }
    return NULL;
}

static bool decode_attributes(struct decoder *d, const struct shape *s, const struct xml_node *node,
                              void *out)
{
    const struct member *members = first_member(d->m, s);

    for (uint32_t i = 0; i < s->member_count; i++) {
        const struct member *mb = &members[i];
        if (!(mb->flags & MEMBER_XML_ATTRIBUTE))
            continue;
        for (size_t j = 0; j < node->attribute_count; j++) {
            const struct xml_attribute *attribute = &node->attributes[j];
            if (xml_name_is(attribute->name, model_text(d->m, mb->wire_name)) &&
                !decode_scalar(d, mb, member_shape(d->m, mb), attribute->value,
                               strlen(attribute->value), (char *)out + mb->offset))
                return false;
        }
    }
    return true;
}

static bool decode_member(struct decoder *d, const struct member *mb, const struct xml_node *node,
                          void *out)
{
    const struct shape *s = member_shape(d->m, mb);
    void *place = (char *)out + mb->offset;

    if (is_flattened(s, mb)) {
        if (value_present(d->m, s, place))
            return true; /* gathered when the first of its elements came */
        return s->kind == SHAPE_LIST ? decode_flattened_list(d, s, node, place)
                                     : decode_map(d, s, node, true, place);
    }
    place = member_place(d, mb, out);
    return place && decode_value(d, mb, s, node, place);
}

static bool decode_structure(struct decoder *d, const struct shape *s, const struct xml_node *node,
                             void *out)
{
    uint32_t expected = 0;

    if (node->attribute_count > 0 && !decode_attributes(d, s, node, out))
        return false;
    for (const struct xml_node *child = node->first_child; child; child = child->next) {
        const struct member *mb = find_member(d->m, s, child->name, &expected);
        if (!mb)
            continue;
        if (is_flattened(member_shape(d->m, mb), mb))
            expected--; /* more of the same will follow */
        if (!decode_member(d, mb, child, out))
            return false;
    }
    return true;
}

static bool decode_value(struct decoder *d, const struct member *mb, const struct shape *s,
                         const struct xml_node *node, void *out)
{
    switch ((enum shape_kind)s->kind) {
    case SHAPE_STRUCTURE:
        return decode_structure(d, s, node, out);
    case SHAPE_LIST:
        return decode_list(d, s, node, out);
    case SHAPE_MAP:
        return decode_map(d, s, node->first_child, false, out);
    case SHAPE_DOCUMENT:
    case SHAPE_CUSTOM:
        return decode_fail(d, "%s can not be read from XML", model_text(d->m, s->name));
    default:
        if (node->first_child)
            return decode_fail(d, "Unexpected element inside %s", node->name);
        return decode_scalar(d, mb, s, node->text, node->text_len, out);
    }
}

bool xml_decode_body(struct decoder *d, const struct shape *s, void *out)
{
    const char *error = NULL;
    const struct xml_node *root =
        xml_read(d->arena, d->req->body.data, d->req->body.len, PROTOCOL_DEPTH_MAX, &error);

    if (!root) {
        /* AWS: the same sentence whatever is wrong. */
        return decode_fail(d, "The XML you provided was not well-formed or did not validate "
                              "against our published schema");
    }
    return decode_structure(d, s, root, out);
}

/* --- encoding --- */

static void encode_namespace(struct xml_out *x, const struct member *mb, const struct shape *s)
{
    model_name uri = mb && mb->xml_namespace ? mb->xml_namespace : s->xml_namespace;
    model_name prefix = mb && mb->xml_namespace ? mb->xml_prefix : s->xml_prefix;

    if (!uri)
        return;
    if (!prefix) {
        xml_attribute(x->b, "xmlns", model_text(x->m, uri));
        return;
    }
    strbuf_add(x->b, " xmlns:", 7);
    strbuf_add_text(x->b, model_text(x->m, prefix));
    strbuf_add(x->b, "=\"", 2);
    xml_text(x->b, model_text(x->m, uri), strlen(model_text(x->m, uri)));
    strbuf_add_char(x->b, '"');
}

static void encode_attributes(struct xml_out *x, const struct shape *s, const void *value)
{
    const struct member *members = first_member(x->m, s);

    for (uint32_t i = 0; i < s->member_count; i++) {
        const void *v;
        if (!(members[i].flags & MEMBER_XML_ATTRIBUTE) ||
            !(v = member_value(x->m, &members[i], value)))
            continue;
        xml_attribute(
            x->b, model_text(x->m, members[i].wire_name),
            scalar_to_text(x->arena, &members[i], member_shape(x->m, &members[i]), x->times, v));
    }
}

static void encode_list_elements(struct xml_out *x, const struct shape *s, const char *name,
                                 const struct sequence *list)
{
    const struct member *mb = first_member(x->m, s);
    const struct shape *element = member_shape(x->m, mb);

    for (size_t i = 0; i < list->count; i++)
        xml_encode_element(x, mb, element, name, (const char *)list->items + i * element->size);
}

static void encode_map_entries(struct xml_out *x, const struct shape *s, const char *name,
                               const struct sequence *map)
{
    const struct member *mb = first_member(x->m, s);
    const struct shape *shape = member_shape(x->m, &mb[1]);
    size_t size = map_entry_size(x->m, s);

    for (size_t i = 0; i < map->count; i++) {
        const char *key = map_entry_key(map, size, i);
        xml_open(x->b, name);
        xml_encode_element(x, &mb[0], member_shape(x->m, &mb[0]), xml_wire_name(x->m, &mb[0]),
                           &key);
        xml_encode_element(x, &mb[1], shape, xml_wire_name(x->m, &mb[1]),
                           map_entry_value(&mb[1], map, size, i));
        xml_close(x->b, name);
    }
}

static void encode_content(struct xml_out *x, const struct member *mb, const struct shape *s,
                           const void *value)
{
    const char *text;

    switch ((enum shape_kind)s->kind) {
    case SHAPE_STRUCTURE:
        xml_encode_members(x, s, value, NULL);
        break;
    case SHAPE_LIST:
        encode_list_elements(x, s, xml_list_element_name(x->m, s), value);
        break;
    case SHAPE_MAP:
        encode_map_entries(x, s, "entry", value);
        break;
    case SHAPE_DOCUMENT:
    case SHAPE_CUSTOM:
        assert(!"documents and custom shapes belong to JSON services");
        break;
    default:
        if (!value_present(x->m, s, value))
            break;
        text = scalar_to_text(x->arena, mb, s, x->times, value);
        xml_text(x->b, text, strlen(text));
    }
}

void xml_encode_element(struct xml_out *x, const struct member *mb, const struct shape *s,
                        const char *name, const void *value)
{
    xml_open_begin(x->b, name);
    encode_namespace(x, mb, s);
    if (s->kind == SHAPE_STRUCTURE)
        encode_attributes(x, s, value);
    xml_open_end(x->b);
    encode_content(x, mb, s, value);
    xml_close(x->b, name);
}

static void encode_member(struct xml_out *x, const struct member *mb, const void *value)
{
    const struct shape *s = member_shape(x->m, mb);
    const char *name = xml_member_name(x->m, mb);

    if (s->kind == SHAPE_LIST && is_flattened(s, mb))
        encode_list_elements(x, s, name, value);
    else if (s->kind == SHAPE_MAP && is_flattened(s, mb))
        encode_map_entries(x, s, name, value);
    else
        xml_encode_element(x, mb, s, name, value);
}

void xml_encode_members(struct xml_out *x, const struct shape *s, const void *value,
                        const struct member *except)
{
    const struct member *members = first_member(x->m, s);

    for (uint32_t i = 0; i < s->member_count; i++) {
        const struct member *mb = &members[i];
        if (mb == except || !encoded_in_body(mb) || (mb->flags & MEMBER_XML_ATTRIBUTE) ||
            (member_shape(x->m, mb)->flags & SHAPE_EVENT_STREAM) ||
            (mb->flags & MEMBER_EVENT_HEADER))
            continue;
        const void *v = member_value(x->m, mb, value);
        if (v)
            encode_member(x, mb, v);
    }
}

/* NOLINTEND(misc-no-recursion) */
