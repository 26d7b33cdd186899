/* XML out: see xml_write.h. */
#include "server/protocol/xml_write.h"

#include "server/base/utf8.h"

void xml_declaration(struct strbuf *b)
{
    strbuf_add_text(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
}

void xml_open_begin(struct strbuf *b, const char *name)
{
    strbuf_add_char(b, '<');
    strbuf_add_text(b, name);
}

void xml_open_end(struct strbuf *b)
{
    strbuf_add_char(b, '>');
}

void xml_open(struct strbuf *b, const char *name)
{
    xml_open_begin(b, name);
    xml_open_end(b);
}

void xml_close(struct strbuf *b, const char *name)
{
    strbuf_add(b, "</", 2);
    strbuf_add_text(b, name);
    strbuf_add_char(b, '>');
}

void xml_attribute(struct strbuf *b, const char *name, const char *value)
{
    strbuf_add_char(b, ' ');
    strbuf_add_text(b, name);
    strbuf_add(b, "=\"", 2);
    xml_text(b, value, strlen(value));
    strbuf_add_char(b, '"');
}

/* What stands for the character, NULL when it stands for itself. */
static const char *escape_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\r': /* parsers would make it a line feed */
        return "&#xD;";
    default:
        return NULL;
    }
}

static bool is_control(char c)
{
    return (uint8_t)c < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

static void write_text(struct strbuf *b, const char *text, size_t len, bool keep_controls)
{
    const char *end = text + len;
    const char *written = text; /* what lies before has been written */

    for (const char *p = text; p < end;) {
        const char *escape = escape_of(*p);
        size_t n = utf8_sequence(p, end);
        if (!escape && n > 0 && !is_control(*p)) {
            p += n;
            continue;
        }
        strbuf_add(b, written, (size_t)(p - written));
        if (escape)
            strbuf_add_text(b, escape);
        else if (n > 0 && keep_controls)
            strbuf_add_format(b, "&#x%X;", (unsigned)(uint8_t)*p);
        else
            strbuf_add(b, "\xEF\xBF\xBD", 3);
        written = ++p;
    }
    strbuf_add(b, written, (size_t)(end - written));
}

void xml_text(struct strbuf *b, const char *text, size_t len)
{
    /* AWS: S3 writes control characters of keys as &#x1;, though XML 1.0 has no place for them. */
    write_text(b, text, len, true);
}

void xml_message(struct strbuf *b, const char *text)
{
    xml_open(b, "Message");
    write_text(b, text, strlen(text), false);
    xml_close(b, "Message");
}

void xml_element(struct strbuf *b, const char *name, const char *text)
{
    xml_open(b, name);
    xml_text(b, text, strlen(text));
    xml_close(b, name);
}
