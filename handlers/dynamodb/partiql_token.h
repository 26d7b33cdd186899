/* Tokens of PartiQL. */
#ifndef CADABRA_DYNAMODB_PARTIQL_TOKEN_H
#define CADABRA_DYNAMODB_PARTIQL_TOKEN_H

#include "handlers/dynamodb/value.h"

enum partiql_token_kind {
    PARTIQL_END,
    PARTIQL_WORD,   /* a keyword, or a name without quotes */
    PARTIQL_NAME,   /* "a name" */
    PARTIQL_STRING, /* 'text' */
    PARTIQL_NUMBER, /* without a sign */
    PARTIQL_SIGN,
};

struct partiql_token {
    uint8_t kind;
    struct ddb_text text; /* of names and strings what stands between the quotes */
    uint32_t line;        /* counted from 1, as are columns, which are characters */
    uint32_t column;
    uint32_t length;
};

/* Up to PARTIQL_END. NULL: the text has something that is no token. */
struct partiql_token *partiql_tokens(struct arena *a, const char *text, size_t *out_count);

/* Whatever its case. */
bool partiql_is_word(const struct partiql_token *t, const char *word);
bool partiql_is_sign(const struct partiql_token *t, const char *sign);
/* Whether the word means something to PartiQL, so that a path cannot go on with it. */
bool partiql_is_keyword(struct ddb_text word);

#endif
