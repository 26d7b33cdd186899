/*
 * A bucket's CORS rules: which pages of other origins may use it, and what their browsers are told.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
 */
#ifndef CADABRA_S3_CORS_H
#define CADABRA_S3_CORS_H

#include "gen/s3.h"

/* What a browser asks, in a preflight or beside a request. */
struct s3_cors_question {
    const char *origin;
    const char *method;  /* of the request itself, or Access-Control-Request-Method */
    const char *headers; /* Access-Control-Request-Headers: a list with commas; NULL: none */
};

/* The first rule that allows all of it, NULL when none does. */
const struct s3_CORSRule *s3_cors_match(const struct s3_CORSRules *rules,
                                        const struct s3_cors_question *question);

/* True when the rule lets any origin in: then "*" is answered, else the origin itself. */
bool s3_cors_any_origin(const struct s3_CORSRule *rule);

/* NULL, or what AWS says of rules that can't be stored (InvalidRequest). */
const char *s3_cors_problem(struct arena *a, const struct s3_CORSRules *rules);

#endif
