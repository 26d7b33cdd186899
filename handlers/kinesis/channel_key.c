#include "handlers/kinesis/channel_key.h"

#include "server/base/clock.h"

const char channel_key_default[] =
    "kinesis-channel/!{channel-name}/!{channel-id}/!{yyyy}/!{MM}/!{dd}/!{HH}/"
    "!{channel-name}-!{channel-id}-!{yyyy}-!{MM}-!{dd}-!{HH}-!{mm}!{extension}";

/* Those of the time: where they stand in 20261122T172000Z. */
static const struct {
    const char *name;
    uint8_t from;
    uint8_t len;
} times[] = {{"yyyy", 0, 4}, {"yy", 2, 2}, {"MM", 4, 2}, {"dd", 6, 2}, {"HH", 9, 2}, {"mm", 11, 2}};

static const char extension_name[] = "extension";

/* A run of literal text, or a variable. */
struct part {
    bool variable;
    const char *text; /* a variable's name */
    size_t len;
};

/* The part at *at, which moves behind it. False: a variable that is not closed. */
static bool next_part(const char **at, struct part *out)
{
    const char *from = *at;
    const char *end;

    *out = (struct part){.variable = from[0] == '!' && from[1] == '{'};
    if (out->variable) {
        end = strchr(from, '}');
        out->text = from + 2;
        out->len = end ? (size_t)(end - out->text) : 0;
        *at = end ? end + 1 : from;
        return end != NULL;
    }
    end = strstr(from, "!{");
    out->text = from;
    out->len = end ? (size_t)(end - from) : strlen(from);
    *at = from + out->len;
    return true;
}

static bool is(const struct part *p, const char *name)
{
    return p->len == strlen(name) && memcmp(p->text, name, p->len) == 0;
}

/* extension, or extension:.literal */
static bool is_extension(const struct part *p)
{
    size_t len = sizeof(extension_name) - 1;

    return is(p, extension_name) ||
           (p->len > len && memcmp(p->text, extension_name, len) == 0 && p->text[len] == ':');
}

static bool legal_extension(const struct part *p)
{
    const char *literal = p->text + sizeof(extension_name);
    size_t len = p->len - sizeof(extension_name);

    if (is(p, extension_name))
        return true;
    for (size_t i = 0; i < len; i++)
        if (literal[i] != '.' && (literal[i] < 'a' || literal[i] > 'z'))
            return false;
    return len > 0 && literal[0] == '.';
}

static bool is_known(const struct part *p)
{
    if (is(p, "channel-name") || is(p, "channel-id") || is(p, "stream-name"))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(times); i++)
        if (is(p, times[i].name))
            return true;
    return false;
}

static bool legal_literal(const struct part *p)
{
    for (size_t i = 0; i < p->len; i++) {
        char c = p->text[i];
        bool alphanumeric =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!alphanumeric && !strchr("!-_'.*()/=", c))
            return false;
    }
    return true;
}

static bool has_dot_segment(const char *template)
{
    size_t len = strlen(template);

    return strncmp(template, "./", 2) == 0 || strstr(template, "/./") || strstr(template, "..") ||
           (len >= 2 && strcmp(template + len - 2, "/.") == 0) || str_eq(template, ".");
}

const char *channel_key_problem(const char *template, bool compressed)
{
    bool extension = false;
    struct part p;

    if (template[0] == '/')
        return "it must not start with a forward slash";
    if (has_dot_segment(template))
        return "it must not contain path traversal";
    if (strstr(template, "//"))
        return "it must not contain consecutive slashes";
    for (const char *at = template; *at;) {
        if (!next_part(&at, &p))
            return "it has a variable that is not closed";
        if (p.variable && is_extension(&p)) {
            if (*at)
                return "the extension must stand at its end";
            if (!legal_extension(&p))
                return "a literal extension starts with a period and has lowercase letters and "
                       "periods only";
            extension = true;
        } else if (p.variable ? !is_known(&p) : !legal_literal(&p)) {
            return p.variable ? "it has a variable that is not supported"
                              : "it has a character that is not allowed";
        }
    }
    if (compressed && !extension)
        return "it must include an extension when compression is enabled";
    return NULL;
}

static void write_variable(const struct part *p, const struct channel_key *values,
                           const char *suffix, struct strbuf *out)
{
    char now[TIME_TEXT_MAX];

    if (is_extension(p)) {
        strbuf_add_text(out, suffix);
        if (is(p, extension_name))
            strbuf_add_text(out, values->extension);
        else
            strbuf_add(out, p->text + sizeof(extension_name), p->len - sizeof(extension_name));
    } else if (is(p, "channel-name")) {
        strbuf_add_text(out, values->channel_name);
    } else if (is(p, "channel-id")) {
        strbuf_add_text(out, values->channel_id);
    } else if (is(p, "stream-name")) {
        strbuf_add_text(out, values->stream_name);
    }
    time_basic(values->at_ms, now);
    for (size_t i = 0; i < ARRAY_LEN(times); i++)
        if (is(p, times[i].name))
            strbuf_add(out, now + times[i].from, times[i].len);
}

void channel_key_write(const char *template, const struct channel_key *values, const char *suffix,
                       struct strbuf *out)
{
    struct part p = {0};

    for (const char *at = template; *at && next_part(&at, &p);) {
        if (p.variable)
            write_variable(&p, values, suffix, out);
        else
            strbuf_add(out, p.text, p.len);
    }
    if (!p.variable || !is_extension(&p))
        strbuf_add_text(out, suffix);
}
