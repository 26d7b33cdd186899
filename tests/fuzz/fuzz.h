/* What the codecs' fuzz targets share: the first two bytes of an input choose the operation, the
 * rest is the request. */
#ifndef CADABRA_TESTS_FUZZ_H
#define CADABRA_TESTS_FUZZ_H

#include "tests/unit/request_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Opens a fixture on the chosen operation; false when the input is too short. Moves *data behind
 * the choice. */
static inline bool fuzz_open(struct request_fixture *f, const struct model *m,
                             enum protocol_kind protocol, const uint8_t **data, size_t *size)
{
    if (*size < 2)
        return false;
    unsigned choice = (unsigned)((*data)[0] | (*data)[1] << 8);
    fixture_open_operation(f, m, &m->operations[choice % m->operation_count], protocol);
    *data += 2;
    *size -= 2;
    return true;
}

/* What was refused must be answerable. */
static inline void fuzz_answer_failure(struct request_fixture *f)
{
    if (!f->req.failure.error)
        abort();
    protocol_encode_error(&f->req);
}

/* Cuts the text up to the next line end off; NUL-terminated, in the fixture's arena. */
static inline const char *fuzz_line(struct request_fixture *f, const uint8_t **data, size_t *size)
{
    const uint8_t *stop = memchr(*data, '\n', *size);
    size_t len = stop ? (size_t)(stop - *data) : *size;
    const char *line = arena_strndup(&f->req.arena, (const char *)*data, len);

    *data += len + (stop != NULL);
    *size -= len + (stop != NULL);
    return line;
}

#endif
