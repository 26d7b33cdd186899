/* What S3 keeps while it is open, and what its files share. Not for other folders. */
#ifndef CADABRA_S3_STATE_H
#define CADABRA_S3_STATE_H

#include <stdatomic.h>

#include "gen/s3.h"
#include "handlers/s3/errors.h"
#include "handlers/s3/s3.h"
#include "server/service.h"
#include "storage/s3_store.h"

struct s3 {
    struct app *app;
    struct s3_store *store;
    atomic_bool lifecycle_runs;    /* the task of lifecycle_run.c is there */
    atomic_bool lifecycle_changed; /* rules are new */
    atomic_int parquet_readers;    /* processes of select_parquet.c */
};

struct s3 *s3_of(struct app *app);

#endif
