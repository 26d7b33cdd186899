/*
 * CSV as RFC 4180 has it, in pieces as they come: fields may be quoted, quotes are doubled inside,
 * records end with LF or CRLF outside of quotes. A record that is too long is skipped and told as
 * damaged.
 */
#ifndef CADABRA_DYNAMODB_CSV_H
#define CADABRA_DYNAMODB_CSV_H

#include "server/base/strbuf.h"

enum { CSV_FIELDS_MAX = 1024 };

struct csv_field {
    size_t start; /* in the record's text, where each field ends with a NUL */
    size_t len;
};

struct csv {
    char delimiter;
    struct strbuf text;
    struct csv_field fields[CSV_FIELDS_MAX];
    size_t count;
    bool damaged; /* too long, too many fields, or quotes where none may be */

    /* Between two calls. */
    enum { CSV_START, CSV_PLAIN, CSV_QUOTED, CSV_QUOTE_IN_QUOTED } state;
    bool complete; /* the fields are of a whole record, which the next byte ends */
    bool any;      /* something of a record has been read */
};

void csv_init(struct csv *c, char delimiter, size_t record_max);
void csv_release(struct csv *c);
/* True when the byte ends a record: its fields are there until the next call. */
bool csv_add(struct csv *c, char byte);
/* At the end of the text: true when it ends a last record. */
bool csv_end(struct csv *c);
static inline const char *csv_field(const struct csv *c, size_t i)
{
    return c->text.data + c->fields[i].start;
}

#endif
