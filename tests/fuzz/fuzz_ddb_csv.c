/* CSV of imports: fields lie in the record's text, end with a NUL, and none is lost. */
#include "handlers/dynamodb/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct csv *c)
{
    if (c->count == 0 || c->count > CSV_FIELDS_MAX)
        abort();
    for (size_t i = 0; i < c->count && !c->damaged; i++) {
        const struct csv_field *f = &c->fields[i];
        if (f->start + f->len >= c->text.len || csv_field(c, i)[f->len] != '\0')
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct csv c;

    csv_init(&c, ',', 4096);
    for (size_t i = 0; i < size; i++)
        if (csv_add(&c, (char)data[i]))
            check(&c);
    if (csv_end(&c))
        check(&c);
    csv_release(&c);
    return 0;
}
