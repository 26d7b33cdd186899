/* The state of the service, and what its files share. Not for others. */
#ifndef CADABRA_SNS_STATE_H
#define CADABRA_SNS_STATE_H

#include "handlers/common/tags.h"
#include "handlers/iam/iam.h"
#include "handlers/sns/sns.h"
#include "server/aws_error.h"
#include "storage/sns_store.h"
#include <sns.h> /* generated from the model; "handlers/sns/sns.h" is ours */

struct sns_signer;
struct sns_fanout;
struct sns_lanes;
struct sns_replays;

struct sns {
    struct app *app;
    struct sns_store *store;
    struct sns_signer *signer;
    struct sns_fanout *fanout;
    struct sns_lanes *lanes;
    struct sns_replays *replays;
};

struct sns *sns_of(struct app *app);

/* --- names: name.c --- */

struct sns_topic_name {
    struct scope scope;
    const char *name;
    const char *arn;
};

/* Takes an ARN of a topic apart; fails the request with AWS's words about `parameter`. A topic of
 * another region is refused, but for requests that nobody signed (links in messages). */
int sns_topic_named(struct request *req, const char *arn, const char *parameter,
                    struct sns_topic_name *out);
/* The same without a request. */
bool sns_topic_split(struct arena *a, const char *arn, struct sns_topic_name *out);
char *sns_topic_arn(struct arena *a, const struct scope *scope, const char *name);
/* Finds the topic and asks whether the caller may do that ("Publish"). 0, or "Topic does
 * not exist", or an AuthorizationError. */
int sns_topic_use(struct request *req, const char *arn, const char *action,
                  struct sns_topic_name *out_name, struct sns_topic *out);
bool sns_is_fifo(const char *topic_name);
/* Its policy, as it was set or as AWS writes it at first. */
const char *sns_topic_policy(struct arena *a, const struct sns_topic_name *name,
                             const struct sns_topic *topic);
/* The topic as policies see it. */
struct iam_resource sns_topic_resource(struct arena *a, const struct sns_topic_name *name,
                                       const struct sns_topic *topic);
/* Who asks, as an ARN. */
const char *sns_caller_arn(struct request *req);
/* http://host:port, as the client reached this server. */
const char *sns_origin(struct request *req);
/* "An ARN must have at least 6 elements, not 2" */
int sns_fail_arn(struct request *req, const char *parameter, const char *arn);

/* --- lists of attributes, kept as JSON objects --- */

/* The value, or NULL. */
const char *sns_attribute_of(struct tag_list attributes, const char *name);
bool sns_attribute_true(struct tag_list attributes, const char *name);

/* Sets attributes of a row; one with an empty value is removed. */
enum store_status sns_set_attributes(struct sns *sns, enum sns_text which, int64_t id,
                                     struct arena *a, struct tag_list set);
/* The same with an attribute list from elsewhere, as a new row starts with. NULL: none. */
const char *sns_attributes_json(struct arena *a, struct tag_list attributes);

/* --- page tokens of lists by id --- */

/* The id to go on after; 0 without a token. -1 and a failed request for a token of another list. */
int sns_page_after(struct request *req, const char *kind, const char *token, int64_t *out_after);
char *sns_page_token(struct arena *a, const char *kind, int64_t last);

#endif
