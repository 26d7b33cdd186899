/*
 * The query of a MetadataExtraction processor: a jq object whose members are the partition keys,
 * {customer_id: .customer_id, year: .at | strftime("%Y")}. jq itself runs in a process of its own
 * (jq.h); this finds the keys by reading the text.
 */
#ifndef CADABRA_FIREHOSE_METADATA_QUERY_H
#define CADABRA_FIREHOSE_METADATA_QUERY_H

#include "server/base/arena.h"

struct metadata_query {
    const char **keys;
    size_t count;
};

/* False, with what is wrong, when the text is not one object with at least one key. Whether jq can
 * compile it is not asked here. */
bool metadata_query_parse(struct arena *a, const char *text, struct metadata_query *out,
                          const char **out_problem);

#endif
