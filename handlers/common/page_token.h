/*
 * Page tokens (NextToken, Marker): where to go on, in a form that clients cannot take apart and
 * that carries a check sum, so that a foreign or cut token is recognised. A token is base64url text
 * without '='.
 *
 * `kind` names the operation and whatever of the request must not change between pages: it is mixed
 * into the check sum, so a token of another list or with other filters is refused.
 */
#ifndef CADABRA_PAGE_TOKEN_H
#define CADABRA_PAGE_TOKEN_H

#include "server/base/arena.h"

/* Bytes of a position; the caller sees to it that none is longer. */
enum { PAGE_POSITION_MAX = 256 * 1024 };

/* The token that says "go on after `position`". */
char *page_token_make(struct arena *a, const char *kind, const char *position);
/* NULL when the token is not one of this kind. */
char *page_token_read(struct arena *a, const char *kind, const char *token);

#endif
