/*
 * A bucket's lifecycle rules: whether they may be stored, which objects they cover, and when they
 * fall due. Nothing here touches a store; lifecycle_run.c carries the rules out.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
 */
#ifndef CADABRA_S3_LIFECYCLE_H
#define CADABRA_S3_LIFECYCLE_H

#include "gen/s3.h"
#include "handlers/common/tags.h"

/* What rules look at. */
struct s3_lifecycle_object {
    const char *key;
    int64_t size;
    struct tag_list tags;
};

struct s3_object;
/* The view of a stored object; texts are borrowed. */
void s3_lifecycle_object_of(struct arena *a, const struct s3_object *object,
                            struct s3_lifecycle_object *out);

/* Enabled, and its filter lets the object through. */
bool s3_lifecycle_covers(const struct s3_LifecycleRule *rule,
                         const struct s3_lifecycle_object *object);
/* True when the rule looks at tags. */
bool s3_lifecycle_wants_tags(const struct s3_LifecycleRule *rule);
/* The prefix of the keys it covers; "" for all. */
const char *s3_lifecycle_prefix(const struct s3_LifecycleRule *rule);

/* AWS: so many days later, and then at the next midnight UTC. */
int64_t s3_lifecycle_due_ms(int64_t since_ms, int days);
/* When the present version of an object expires, and by which rule; false: never. */
bool s3_lifecycle_expiry(const struct s3_LifecycleRules *rules,
                         const struct s3_lifecycle_object *object, int64_t modified_ms,
                         int64_t *out_ms, const char **out_rule_id);

/* Checks rules as PutBucketLifecycleConfiguration does, and gives those without an id one. 0, or -1
 * after aws_fail(). */
int s3_lifecycle_check(struct request *req, struct s3_LifecycleRules *rules);

#endif
