/*
 * jq queries over records. jq runs in a process of its own, this program started again as its
 * helper (struct service.helper): a query of a user's may loop for ever, ask for all memory, or
 * meet one of jq's own faults, and none of that may touch the server. The helper has no
 * environment, no files, little memory, and each record little time.
 */
#ifndef CADABRA_FIREHOSE_QUERY_H
#define CADABRA_FIREHOSE_QUERY_H

#include "server/base/arena.h"

struct query;

/* Starts the helper and lets it compile the query. NULL, with jq's words or ours in the arena, when
 * that fails. It belongs to one thread. */
struct query *query_open(const char *text, struct arena *a, const char **out_problem);
void query_close(struct query *q); /* NULL is allowed */

/* The query's first output for one JSON document, as JSON in the arena. False with words. A helper
 * that died or was too slow is started anew for the next record. */
bool query_run(struct query *q, struct bytes document, struct arena *a, struct bytes *out,
               const char **out_problem);

/* The helper: reads the query and documents from its input until that ends. */
int query_helper(void);

#endif
