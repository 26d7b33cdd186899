/*
 * What SQS reads of strangers beside its requests: receipt handles, redrive policies; and packed
 * attributes of messages, which come from disk. The first byte says which.
 */
#include "handlers/sqs/attributes.h"
#include "handlers/sqs/receipt.h"
#include "handlers/sqs/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_receipt(struct arena *a, const char *text)
{
    static const uint8_t secret[SQS_SECRET_LEN] = {7};
    struct sqs_receipt r;

    if (sqs_receipt_read(text, secret, &r) && strcmp(sqs_receipt_make(a, secret, &r), text) != 0)
        abort();
}

static void check_policies(struct arena *a, const char *text)
{
    struct sqs_redrive_allow allow;
    struct sqs_redrive redrive;

    if (sqs_redrive_parse(a, text, &redrive) && redrive.target_arn && redrive.max_receives < 0)
        abort();
    if (sqs_redrive_allow_parse(a, text, &allow))
        sqs_redrive_allows(&allow, text);
}

static void check_attributes(struct arena *a, struct bytes packed)
{
    struct sqs_attribute *list;
    size_t count = sqs_attributes_unpack(packed, a, &list);

    if (count > 0)
        sqs_attributes_pack(a, list, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;

    if (size == 0)
        return 0;
    arena_init(&a);
    char *text = arena_strndup(&a, (const char *)data + 1, size - 1);
    if (data[0] == 'r')
        check_receipt(&a, text);
    else if (data[0] == 'p')
        check_policies(&a, text);
    else
        check_attributes(&a, (struct bytes){data + 1, size - 1});
    arena_release(&a);
    return 0;
}
