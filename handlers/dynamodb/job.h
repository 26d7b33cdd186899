/*
 * Work on whole tables, in steps of some milliseconds that each are one write: entries of a new
 * index, times of expiry, copies of tables. What has a first step only is done when it is started,
 * so with a small table nobody waits; the keeper does the rest.
 *
 * A copy that shows the table as it was at one moment is made in two parts: all items as they are
 * now, then, backwards, whatever the log says has changed since that moment. So the table must log
 * from that moment until the copy is done (ddb_definition.copies).
 */
#ifndef CADABRA_DYNAMODB_JOB_H
#define CADABRA_DYNAMODB_JOB_H

#include "handlers/dynamodb/state.h"
#include "storage/dynamodb_job_store.h"

enum ddb_job_kind {
    DDB_JOB_FILL_INDEX = 1, /* number: serial of the index */
    DDB_JOB_FILL_EXPIRY,
    DDB_JOB_PURGE_INDEX, /* number: serial of the index, which has no definition any more */
    DDB_JOB_COPY, /* number: the first change that the copy shall not show; 0: all is shown */
    DDB_JOB_UNDO, /* the second part of a copy; position: the last change to look at, + 1 */
};

/* In the session of the change that needs it. The caller then tells ddb_table_changed() of the
 * tables, and wakes the keeper. */
enum store_status ddb_job_start(struct ddb *d, struct ddb_session *s, struct ddb_job *job);
/* One step of each job; true when there are jobs left. stop(context): end early. */
bool ddb_jobs_step(struct ddb *d, bool (*stop)(const void *context), const void *context);

#endif
