/*
 * POST policies: what the owner of a bucket lets a browser's form upload.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
#ifndef CADABRA_S3_POST_POLICY_H
#define CADABRA_S3_POST_POLICY_H

#include "handlers/s3/form.h"

enum s3_post_match { S3_POST_EQUALS, S3_POST_STARTS_WITH };

struct s3_post_condition {
    enum s3_post_match match;
    const char *field; /* without '$' */
    const char *value;
    const char *text; /* as AWS repeats it: ["eq", "$key", "a"] */
};

struct s3_post_policy {
    int64_t expires_ms;
    struct s3_post_condition *conditions;
    size_t count;
    bool has_range;
    int64_t size_min;
    int64_t size_max;
};

/* NULL, or what is wrong with the document (InvalidPolicyDocument: "Invalid Policy: ..."). text is
 * the field as it came, in base64. */
const char *s3_post_policy_read(struct arena *a, const char *text, struct s3_post_policy *out);

/* NULL, or why the form is not what the policy allows (AccessDenied: "Invalid according to Policy:
 * ..."). `bucket` and `key` (with the file's name in it) stand for the fields of these names.
 * Expiry and size are not looked at. */
const char *s3_post_policy_refusal(struct arena *a, const struct s3_post_policy *policy,
                                   const struct s3_form *form, const char *bucket, const char *key);

#endif
