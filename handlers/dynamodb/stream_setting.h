/* A table's stream, switched on and off: used by CreateTable, UpdateTable and DeleteTable. */
#ifndef CADABRA_DYNAMODB_STREAM_SETTING_H
#define CADABRA_DYNAMODB_STREAM_SETTING_H

#include "handlers/dynamodb/ops.h"

/* Changes `setting` as the request asks, NULL for not at all. table_name NULL: of a new table. 0,
 * or -1 after failing the request. */
int ddb_stream_take(struct request *req, const struct dynamodb_StreamSpecification *in,
                    const char *table_name, struct ddb_stream_setting *setting);
/* A label that the stream before did not have. */
const char *ddb_stream_new_label(struct request *req, const struct ddb_stream_setting *before);
/* In the session that stores the definition: opens or closes the stream, as `before` and the
 * definition differ. */
enum store_status ddb_stream_switch(struct ddb_session *s, const struct scope *scope,
                                    const char *table_name, int64_t table_id,
                                    const struct ddb_stream_setting *before,
                                    const struct ddb_definition *d, int64_t now_ms);

#endif
