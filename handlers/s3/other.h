/*
 * What comes to S3 and is no operation of its model: forms posted by browsers, preflights, and
 * requests to websites.
 */
#ifndef CADABRA_S3_OTHER_H
#define CADABRA_S3_OTHER_H

#include "handlers/s3/target.h"
#include "server/service.h"

/* The service's answer_other. */
bool s3_answer_other(struct request *req);
/* The service's cors. */
bool s3_cors(struct request *req, struct cors_answer *out);

/* --- the parts --- */

/* post_object.c: 0, or -1 after failing. */
int s3_post_object(struct request *req, const char *bucket);
/* website.c */
void s3_answer_website(struct request *req);
/* Bucket and key (may be "") that the path names, decoded. False when it names no bucket. */
bool s3_path(struct request *req, const char **out_bucket, const char **out_key);
/* Text as it may stand in XML and HTML. */
void s3_add_escaped(struct strbuf *b, const char *text);

#endif
