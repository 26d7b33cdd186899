/* See csv.h: a state machine of four states. */
#include "handlers/dynamodb/csv.h"

void csv_init(struct csv *c, char delimiter, size_t record_max)
{
    *c = (struct csv){.delimiter = delimiter};
    strbuf_init(&c->text, record_max);
}

void csv_release(struct csv *c)
{
    strbuf_release(&c->text);
}

static void begin_record(struct csv *c)
{
    strbuf_clear(&c->text);
    c->text.overflow = false;
    c->fields[0] = (struct csv_field){0, 0};
    c->count = 0;
    c->damaged = c->complete = c->any = false;
    c->state = CSV_START;
}

static void end_field(struct csv *c)
{
    if (c->count == CSV_FIELDS_MAX) {
        c->damaged = true;
        return;
    }
    struct csv_field *f = &c->fields[c->count++];
    f->len = c->text.len - f->start;
    strbuf_add_char(&c->text, '\0');
    if (c->count < CSV_FIELDS_MAX)
        c->fields[c->count].start = c->text.len;
    c->state = CSV_START;
}

static bool end_record(struct csv *c)
{
    bool empty = !c->any;

    end_field(c);
    c->damaged |= c->text.overflow;
    c->complete = true;
    return !empty;
}

/* A CR stands before the LF that ends the record, and is no part of the field. */
static void drop_return(struct csv *c)
{
    if (c->state == CSV_PLAIN && c->count < CSV_FIELDS_MAX &&
        c->text.len > c->fields[c->count].start && c->text.data[c->text.len - 1] == '\r')
        c->text.data[--c->text.len] = '\0';
}

static bool add_plain(struct csv *c, char byte)
{
    if (byte == '\n') {
        drop_return(c);
        return end_record(c);
    }
    if (byte == c->delimiter) {
        c->any = true;
        end_field(c);
        return false;
    }
    c->any |= byte != '\r';
    if (byte == '"' && c->state == CSV_START) {
        c->state = CSV_QUOTED;
        return false;
    }
    c->state = CSV_PLAIN;
    strbuf_add_char(&c->text, byte);
    return false;
}

bool csv_add(struct csv *c, char byte)
{
    if (c->complete)
        begin_record(c);
    if (c->state == CSV_QUOTED) {
        if (byte == '"')
            c->state = CSV_QUOTE_IN_QUOTED;
        else
            strbuf_add_char(&c->text, byte);
        return false;
    }
    if (c->state != CSV_QUOTE_IN_QUOTED)
        return add_plain(c, byte);
    if (byte == '"') {
        strbuf_add_char(&c->text, byte);
        c->state = CSV_QUOTED;
        return false;
    }
    /* The field is over: nothing may follow but its end. */
    if (byte == '\r')
        return false;
    if (byte != '\n' && byte != c->delimiter)
        c->damaged = true;
    if (byte == '\n')
        return end_record(c);
    if (byte == c->delimiter) {
        end_field(c);
        return false;
    }
    c->state = CSV_PLAIN;
    strbuf_add_char(&c->text, byte);
    return false;
}

bool csv_end(struct csv *c)
{
    if (c->complete)
        begin_record(c);
    if (!c->any)
        return false;
    c->damaged |= c->state == CSV_QUOTED;
    return end_record(c);
}
