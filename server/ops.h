/* `cadabra ops`: every operation that the models know, and whether it works. README's table is made
 * from it. */
#ifndef CADABRA_OPS_H
#define CADABRA_OPS_H

#include "server/base/base.h"

/* One line per operation, or a Markdown table with one row per service. */
void ops_print(FILE *out, bool markdown);

#endif
