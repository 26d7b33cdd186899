/* Writes JSON text into a strbuf, with the commas in the right places. One document per writer. */
#ifndef CADABRA_JSON_WRITE_H
#define CADABRA_JSON_WRITE_H

#include "server/base/strbuf.h"

struct jw {
    struct strbuf *out;
    bool needs_comma;
};

static inline void jw_init(struct jw *w, struct strbuf *out)
{
    *w = (struct jw){.out = out};
}

void jw_begin_object(struct jw *w);
void jw_end_object(struct jw *w);
void jw_begin_array(struct jw *w);
void jw_end_array(struct jw *w);
void jw_key(struct jw *w, const char *key);
void jw_key_n(struct jw *w, const char *key, size_t len);
void jw_string(struct jw *w, const char *text);
void jw_string_n(struct jw *w, const char *text, size_t len);
void jw_base64(struct jw *w, const void *data, size_t len);
void jw_int(struct jw *w, int64_t value);
/* Shortest text that reads back as the same double; NaN and infinities as AWS writes them ("NaN",
 * ...). */
void jw_double(struct jw *w, double value);
void jw_bool(struct jw *w, bool value);
void jw_null(struct jw *w);
/* Text that is JSON already. */
void jw_raw(struct jw *w, const char *json, size_t len);

/* Shorthand for the most frequent members. */
void jw_member_string(struct jw *w, const char *key,
                      const char *text); /* nothing when text is NULL */
void jw_member_int(struct jw *w, const char *key, int64_t value);
void jw_member_bool(struct jw *w, const char *key, bool value);

#endif
