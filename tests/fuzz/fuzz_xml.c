/* XML documents, and S3's requests made of them: what is accepted must survive encoding and
 * decoding. */
#include "tests/fuzz/fuzz.h"

#include "gen/s3.h"
#include "server/protocol/xml.h"
#include "server/protocol/xml_write.h"

/* Writes a tree as a document; expat has checked its names. */
static void write_tree(const struct xml_node *node, struct strbuf *b)
{
    xml_open_begin(b, node->name);
    for (size_t i = 0; i < node->attribute_count; i++)
        xml_attribute(b, node->attributes[i].name, node->attributes[i].value);
    xml_open_end(b);
    xml_text(b, node->text, node->text_len);
    for (const struct xml_node *child = node->first_child; child; child = child->next)
        write_tree(child, b);
    xml_close(b, node->name);
}

static bool same_tree(const struct xml_node *a, const struct xml_node *b)
{
    if (!a || !b)
        return a == b;
    if (!str_eq(a->name, b->name) || a->text_len != b->text_len ||
        memcmp(a->text, b->text, a->text_len) != 0 || a->attribute_count != b->attribute_count)
        return false;
    const struct xml_node *x = a->first_child, *y = b->first_child;
    for (; x && y; x = x->next, y = y->next) {
        if (!same_tree(x, y))
            return false;
    }
    return x == y;
}

static void fuzz_tree(const uint8_t *data, size_t size)
{
    struct strbuf b = STRBUF_INIT(64 << 20);
    struct arena arena;
    const char *error = NULL;

    arena_init(&arena);
    const struct xml_node *root = xml_read(&arena, data, size, 64, &error);
    if (!root && !error)
        abort();
    if (root) {
        write_tree(root, &b);
        if (!same_tree(root, xml_read(&arena, b.data, b.len, 64, &error)))
            abort();
    }
    strbuf_release(&b);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request_fixture f;

    fuzz_tree(data, size);
    if (!fuzz_open(&f, &s3_model, PROTOCOL_REST_XML, &data, &size))
        return 0;
    f.req.path = "/bucket/key";
    if (!fixture_decode(&f, data, size))
        fuzz_answer_failure(&f);
    fixture_close(&f);
    return 0;
}
