/*
 * Archives of FIFO topics: which policies there are, and messages as archives keep them.
 *
 * A topic with the attribute ArchivePolicy keeps what is published for so many days. Beside it the
 * attributes hold since when it has done so, under a name that no client can set.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/fifo-message-archiving-replay.html
 */
#ifndef CADABRA_SNS_ARCHIVE_H
#define CADABRA_SNS_ARCHIVE_H

#include "handlers/sns/message.h"

#define SNS_ARCHIVE_POLICY "ArchivePolicy"
#define SNS_ARCHIVE_SINCE ".ArchiveSince"
#define SNS_REPLAY_POLICY "ReplayPolicy"

/* Reads {"MessageRetentionPeriod": "30"}, or {}: no archive, 0 days. NULL, or AWS's words. */
const char *sns_archive_read(struct arena *a, const char *policy, int *out_days);
/* The attributes that setting the policy sets: it, and since when. set has room for two. Old are
 * the topic's attributes, empty for a new one. */
struct tag_list sns_archive_attributes(struct arena *a, struct tag_list old, const char *policy,
                                       int64_t now_ms, struct tag set[2]);
/* From when on there are messages in the archive; -1: there is none. */
int64_t sns_archive_beginning_ms(struct arena *a, struct tag_list topic_attributes, int64_t now_ms);

/* Reads {"PointType": "Timestamp", "StartingPoint": ..., "EndingPoint": ...}, or {}: no replay,
 * *out_on is false. Of *out only the times are set. NULL, or AWS's words. */
const char *sns_replay_read(struct arena *a, const char *policy, int64_t beginning_ms,
                            int64_t now_ms, bool *out_on, struct sns_replay *out);
const char *sns_replay_status_text(enum sns_replay_status status);

const char *sns_archive_write_message(struct arena *a, const struct sns_message *m);
/* False when it is not what was written. The sequence is not in there. */
bool sns_archive_read_message(struct arena *a, const struct sns_archived *archived,
                              struct sns_message *out);

#endif
