/* Tags of objects and buckets: their rules, and the form in which headers bear them. */
#ifndef CADABRA_S3_TAGGING_H
#define CADABRA_S3_TAGGING_H

#include "handlers/s3/state.h"

enum { S3_OBJECT_TAGS_MAX = 10, S3_BUCKET_TAGS_MAX = 50 };

/* key=value&key2=value2, percent-encoded (x-amz-tagging); NULL: none. 0, or -1 after failing. */
int s3_tags_of_header(struct request *req, const char *text, struct s3_pairs *out);
/* From a document's TagSet. 0, or -1 after failing. */
int s3_tags_of_set(struct request *req, const struct s3_TagSet *set, size_t max,
                   struct s3_pairs *out);
void s3_tags_to_set(struct arena *a, const struct s3_pairs *tags, struct s3_TagSet *out);

#endif
