#include "handlers/s3/form.h"

#include "server/base/utf8.h"

/* What is still to be read. */
struct rest {
    const char *next;
    const char *end;
};

struct part {
    const char *name; /* NULL: none */
    const char *filename;
    const char *content_type;
    struct bytes content;
};

/* boundary=abc or boundary="abc"; NULL when there is none. */
static const char *boundary_of(struct arena *a, const char *content_type)
{
    const char *at = content_type ? strcasestr(content_type, "boundary=") : NULL;
    size_t len;

    if (!at || strncasecmp(content_type, "multipart/form-data", 19) != 0)
        return NULL;
    at += 9;
    if (*at == '"') {
        at++;
        len = strcspn(at, "\"");
    } else {
        len = strcspn(at, "; \t");
    }
    if (len == 0 || len > 256)
        return NULL;
    return arena_printf(a, "\r\n--%.*s", (int)len, at);
}

/* The value of a parameter of a header, name="value" or name=value; NULL when there is none. */
static const char *parameter(struct arena *a, const char *header, const char *name)
{
    size_t name_len = strlen(name);

    for (const char *p = header; (p = strchr(p, ';'));) {
        const char *value;
        size_t len;

        p += 1 + strspn(p + 1, " \t");
        if (strncasecmp(p, name, name_len) != 0 || p[name_len] != '=')
            continue;
        value = p + name_len + 1;
        if (*value == '"') {
            value++;
            len = strcspn(value, "\"");
        } else {
            len = strcspn(value, "; \t");
        }
        return arena_strndup(a, value, len);
    }
    return NULL;
}

/* One line of a part's head. */
static void read_header(struct arena *a, const char *line, struct part *out)
{
    size_t name_len = strcspn(line, ":");
    const char *value = line + name_len + (line[name_len] == ':');

    value += strspn(value, " \t");
    if (name_len == 19 && strncasecmp(line, "content-disposition", 19) == 0) {
        out->name = parameter(a, value, "name");
        out->filename = parameter(a, value, "filename");
    } else if (name_len == 12 && strncasecmp(line, "content-type", 12) == 0) {
        out->content_type = value;
    }
}

/* Lines up to an empty one. */
static bool read_head(struct arena *a, struct rest *rest, struct part *out)
{
    for (int lines = 0; lines < 32; lines++) {
        const char *end = memmem(rest->next, (size_t)(rest->end - rest->next), "\r\n", 2);
        size_t len;

        if (!end)
            return false;
        len = (size_t)(end - rest->next);
        if (len > 8192 || memchr(rest->next, '\0', len))
            return false;
        if (len > 0)
            read_header(a, arena_strndup(a, rest->next, len), out);
        rest->next = end + 2;
        if (len == 0)
            return true;
    }
    return false;
}

/* The part that begins here, up to the delimiter, behind which `rest` stands afterwards. */
static bool read_part(struct arena *a, struct rest *rest, const char *delimiter, struct part *out)
{
    const char *end;

    *out = (struct part){0};
    if (!read_head(a, rest, out))
        return false;
    /* The delimiter begins with a line end, which may be the one that ends the head. */
    end = memmem(rest->next, (size_t)(rest->end - rest->next), delimiter, strlen(delimiter));
    if (!end)
        return false;
    out->content = (struct bytes){(const uint8_t *)rest->next, (size_t)(end - rest->next)};
    rest->next = end + strlen(delimiter);
    return true;
}

/* Behind a delimiter: a line end, and a part follows; "--", and none does. */
static bool skip_delimiter_end(struct rest *rest, bool *out_last)
{
    size_t left = (size_t)(rest->end - rest->next);

    *out_last = left >= 2 && memcmp(rest->next, "--", 2) == 0;
    if (*out_last)
        return true;
    while (rest->next < rest->end && (*rest->next == ' ' || *rest->next == '\t'))
        rest->next++;
    if (rest->end - rest->next < 2 || memcmp(rest->next, "\r\n", 2) != 0)
        return false;
    rest->next += 2;
    return true;
}

/* AWS: of C:\pictures\cat.jpg and /home/a/cat.jpg only the last part. */
static const char *base_name(const char *path)
{
    const char *out = path;

    for (; *path; path++)
        if (*path == '/' || *path == '\\')
            out = path + 1;
    return out;
}

static enum s3_form_status add_field(struct arena *a, struct s3_form *form, const struct part *part,
                                     size_t *bytes)
{
    *bytes += strlen(part->name) + part->content.len;
    if (form->field_count == S3_FORM_FIELDS_MAX || *bytes > S3_FORM_FIELDS_BYTES_MAX)
        return S3_FORM_TOO_LARGE;
    if (memchr(part->content.data, '\0', part->content.len) ||
        !utf8_valid((const char *)part->content.data, part->content.len))
        return S3_FORM_MALFORMED;
    form->fields[form->field_count++] = (struct s3_form_field){
        part->name, arena_strndup(a, (const char *)part->content.data, part->content.len)};
    return S3_FORM_OK;
}

enum s3_form_status s3_form_read(struct arena *a, const char *content_type, struct bytes body,
                                 struct s3_form *out)
{
    const char *delimiter = boundary_of(a, content_type);
    struct rest rest = {(const char *)body.data, (const char *)body.data + body.len};
    size_t bytes = 0;
    bool last = false;
    struct part part;

    *out = (struct s3_form){.filename = ""};
    if (!delimiter)
        return S3_FORM_NO_BOUNDARY;
    out->fields = ARENA_ARRAY(a, struct s3_form_field, S3_FORM_FIELDS_MAX);
    /* The first delimiter may stand at the very beginning, without its line end. */
    if (body.len < strlen(delimiter) - 2 ||
        memcmp(rest.next, delimiter + 2, strlen(delimiter) - 2) != 0)
        return S3_FORM_MALFORMED;
    rest.next += strlen(delimiter) - 2;
    while (skip_delimiter_end(&rest, &last) && !last) {
        enum s3_form_status status;

        if (!read_part(a, &rest, delimiter, &part) || !part.name)
            return S3_FORM_MALFORMED;
        if (strcasecmp(part.name, "file") == 0) {
            out->has_file = true;
            out->file = part.content;
            out->filename = part.filename ? base_name(part.filename) : "";
            out->content_type = part.content_type;
            return S3_FORM_OK; /* AWS: what follows the file is ignored */
        }
        status = add_field(a, out, &part, &bytes);
        if (status)
            return status;
    }
    return last ? S3_FORM_OK : S3_FORM_MALFORMED;
}

const char *s3_form_value(const struct s3_form *form, const char *name)
{
    for (size_t i = 0; i < form->field_count; i++)
        if (strcasecmp(form->fields[i].name, name) == 0)
            return form->fields[i].value;
    return NULL;
}
