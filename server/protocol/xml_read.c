/* XML documents to trees: see xml_read.h. */
#include "server/protocol/xml_read.h"

#include <expat.h>

#include "server/base/strbuf.h"

enum { NODES_MAX = 1 << 18, ATTRIBUTES_MAX = 64 };

struct reading {
    XML_Parser parser;
    struct arena *arena;
    struct xml_node *root;
    struct xml_node *current;
    struct strbuf text; /* of the element that is open; begins anew with each */
    int depth;
    int max_depth;
    size_t nodes;
    const char *error;
};

static void refuse(struct reading *r, const char *text)
{
    if (!r->error)
        r->error = text;
    XML_StopParser(r->parser, XML_FALSE);
}

static void add_attributes(struct reading *r, struct xml_node *node, const XML_Char **attributes)
{
    size_t count = 0;

    while (attributes[2 * count])
        count++;
    if (count > ATTRIBUTES_MAX) {
        refuse(r, "an element has too many attributes");
        return;
    }
    node->attributes = ARENA_ARRAY(r->arena, struct xml_attribute, count);
    node->attribute_count = count;
    for (size_t i = 0; i < count; i++) {
        node->attributes[i].name = arena_strdup(r->arena, attributes[2 * i]);
        node->attributes[i].value = arena_strdup(r->arena, attributes[2 * i + 1]);
    }
}

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *r = context;

    if (r->depth >= r->max_depth || ++r->nodes > NODES_MAX) {
        refuse(r, "the document is nested too deeply or too large");
        return;
    }
    r->depth++;
    struct xml_node *node = ARENA_NEW(r->arena, struct xml_node);
    node->name = arena_strdup(r->arena, name);
    node->text = "";
    node->parent = r->current;
    if (!r->current)
        r->root = node;
    else if (r->current->last_child)
        r->current->last_child->next = node;
    else
        r->current->first_child = node;
    if (r->current)
        r->current->last_child = node;
    r->current = node;
    if (attributes[0])
        add_attributes(r, node, attributes);
    strbuf_clear(&r->text);
}

static void on_end(void *context, const XML_Char *name)
{
    struct reading *r = context;
    struct xml_node *node = r->current;

    (void)name;
    if (r->error || !node)
        return;
    if (!node->first_child && r->text.len > 0) {
        node->text = arena_strndup(r->arena, r->text.data, r->text.len);
        node->text_len = r->text.len;
    }
    strbuf_clear(&r->text);
    r->current = node->parent;
    r->depth--;
}

static void on_text(void *context, const XML_Char *text, int len)
{
    struct reading *r = context;

    strbuf_add(&r->text, text, (size_t)len);
}

static void on_doctype(void *context, const XML_Char *name, const XML_Char *system_id,
                       const XML_Char *public_id, int has_internal_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_internal_subset;
    refuse(context, "a document type is not allowed");
}

struct xml_node *xml_read(struct arena *a, const void *data, size_t len, int max_depth,
                          const char **out_error)
{
    struct reading r = {.arena = a, .max_depth = max_depth};

    if (len > INT32_MAX) {
        *out_error = "the document is too large";
        return NULL;
    }
    r.parser = XML_ParserCreate(NULL);
    if (!r.parser)
        abort(); /* out of memory */
    strbuf_init(&r.text, len);
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    if (XML_Parse(r.parser, data, (int)len, XML_TRUE) != XML_STATUS_OK && !r.error)
        r.error = XML_ErrorString(XML_GetErrorCode(r.parser));
    XML_ParserFree(r.parser);
    strbuf_release(&r.text);
    if (r.error) {
        *out_error = r.error;
        return NULL;
    }
    return r.root;
}

bool xml_name_is(const char *written, const char *name)
{
    if (str_eq(written, name))
        return true;
    const char *colon = strchr(written, ':');
    return colon && str_eq(colon + 1, name);
}

const struct xml_node *xml_child(const struct xml_node *node, const char *name)
{
    const struct xml_node *child = node->first_child;

    while (child && !xml_name_is(child->name, name))
        child = child->next;
    return child;
}
