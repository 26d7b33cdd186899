/*
 * What a client may call a function: its name, a partial ARN (123456789012:function:f, function:f,
 * us-east-1:123456789012:function:f) or the whole ARN, each with a qualifier at the end if it
 * likes.
 */
#ifndef CADABRA_LAMBDA_NAME_H
#define CADABRA_LAMBDA_NAME_H

#include "server/base/arena.h"

enum { FUNCTION_NAME_MAX = 64 };

struct function_name {
    const char *name;
    const char *account;   /* NULL where the text names none */
    const char *region;    /* NULL likewise */
    const char *qualifier; /* NULL likewise; $LATEST, a version or an alias */
};

/* False when the text is no function's name in any of these forms. The parts lie in the arena. */
bool function_name_parse(struct arena *a, const char *text, struct function_name *out);

#endif
