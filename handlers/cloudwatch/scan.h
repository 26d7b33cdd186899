/* What the parsers of rules and of expressions read by: a place in a text. */
#ifndef CADABRA_CLOUDWATCH_SCAN_H
#define CADABRA_CLOUDWATCH_SCAN_H

#include "server/base/base.h"

#include <ctype.h>

static inline void scan_space(const char **next)
{
    while (isspace((unsigned char)**next))
        (*next)++;
}

/* Whether `c` stands here, perhaps behind blanks; then it is passed. */
static inline bool scan_take(const char **next, char c)
{
    scan_space(next);
    if (**next != c)
        return false;
    (*next)++;
    return true;
}

#endif
