/*
 * Who waits for changes of a table: one feed for each table that somebody logs or reads.
 *
 * A feed is shared by the table's snapshots, which wake it after a commit, and by readers, which
 * wait at it. It lives as long as anybody holds it. Thread-safe.
 */
#ifndef CADABRA_DYNAMODB_FEED_H
#define CADABRA_DYNAMODB_FEED_H

#include "server/waitq.h"

struct ddb_feeds;
struct ddb_feed;

struct ddb_feeds *ddb_feeds_new(void);
void ddb_feeds_free(struct ddb_feeds *feeds); /* all feeds must have been released */

/* The table's feed, held. */
struct ddb_feed *ddb_feed_hold(struct ddb_feeds *feeds, int64_t table_id);
void ddb_feed_release(struct ddb_feed *feed); /* NULL is allowed */

/* After a logged change has been committed, or a stream was closed. NULL is allowed. */
void ddb_feed_wake(struct ddb_feed *feed);
struct waitq *ddb_feed_waitq(struct ddb_feed *feed);
/* Woken with every feed. */
struct waitq *ddb_feeds_waitq(struct ddb_feeds *feeds);

#endif
