#include "handlers/kinesis/name.h"

#include "handlers/common/arn.h"

bool kinesis_arn_read(struct arena *a, const char *text, struct kinesis_arn *out)
{
    static const char between[] = "/consumer/";
    const char *resource;
    struct arn arn;
    char *consumer;
    char *colon;

    if (!arn_parse(a, text, &arn) || !str_eq(arn.service, "kinesis") ||
        !(resource = arn_resource_after(&arn, "stream/")))
        return false;
    *out = (struct kinesis_arn){
        .scope = {.account = arn.account, .region = arn.region},
        .stream = arena_strndup(a, resource, strcspn(resource, "/")),
    };
    if (!strchr(resource, '/'))
        return true;
    if (!str_starts(resource + strlen(out->stream), between))
        return false;
    consumer = arena_strdup(a, resource + strlen(out->stream) + strlen(between));
    colon = strchr(consumer, ':');
    if (!colon)
        return false;
    *colon = '\0';
    out->consumer = consumer;
    out->created_s = colon + 1;
    return true;
}
