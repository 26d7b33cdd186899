/*
 * A list of texts as one text whose order is that of the list: the values of a partition as the key
 * of its row.
 *
 * Each text is followed by byte 1; bytes 1 and 2 within a text are written as 2 3 and 2 4. So all
 * lists that begin with the same texts lie together, and a tuple holds no NUL.
 */
#ifndef CADABRA_GLUE_TUPLE_H
#define CADABRA_GLUE_TUPLE_H

#include "server/base/arena.h"

char *glue_tuple_make(struct arena *a, const char *const *texts, size_t count);

struct glue_texts {
    const char **items;
    size_t count;
};

struct glue_texts glue_tuple_texts(struct arena *a, const char *tuple);

/*
 * Walks a tuple without copying: *position is 0 at first. False at its end. The text borrows from
 * the tuple, still escaped where `*out_escaped`: then glue_tuple_unescape() is needed. Afterwards
 * the first *position bytes are the tuple of the texts seen so far.
 */
bool glue_tuple_next(struct bytes tuple, size_t *position, struct bytes *out_text,
                     bool *out_escaped);
/* out has room for text.len bytes. The length. */
size_t glue_tuple_unescape(struct bytes text, char *out);

#endif
