/*
 * Server-side encryption, as far as it can be seen: the state is kept and described, and puts say
 * that records are encrypted. There is no KMS, so keys are not asked for.
 */
#include "handlers/firehose/operations.h"
#include "server/model/stored.h"

static const char *to_json(struct request *req, const char *status, const char *type,
                           const char *key)
{
    const struct firehose_DeliveryStreamEncryptionConfiguration c = {
        .KeyARN = key, .KeyType = type, .Status = status};

    return stored_to_json(&firehose_model,
                          model_structure(&firehose_model, "DeliveryStreamEncryptionConfiguration"),
                          &c, &req->arena);
}

int firehose_new_encryption(struct request *req,
                            const struct firehose_DeliveryStreamEncryptionConfigurationInput *in,
                            const char **out_json)
{
    bool own;

    if (!in)
        return 0;
    own = str_eq(in->KeyType, "AWS_OWNED_CMK");
    if (own && in->KeyARN)
        return aws_fail(req, &firehose_InvalidArgumentException,
                        "KeyARN cannot be specified when KeyType is AWS_OWNED_CMK");
    if (!own && !in->KeyARN)
        return aws_fail(req, &firehose_InvalidArgumentException,
                        "KeyARN is required when KeyType is CUSTOMER_MANAGED_CMK");
    *out_json = to_json(req, "ENABLED", in->KeyType, in->KeyARN);
    return 0;
}

static int change(struct request *req, const char *name, const char *json, bool encrypted)
{
    struct firehose_stream stream;

    if (firehose_find(req, name, &stream))
        return -1;
    if (!str_eq(stream.type, FIREHOSE_DIRECT_PUT))
        return aws_fail(req, &firehose_InvalidArgumentException,
                        "This operation is not permitted on KinesisStreamAsSource delivery stream "
                        "type.");
    switch (
        firehose_store_set_encryption(firehose_of(req->app)->store, stream.id, json, encrypted)) {
    case STORE_OK:
        return 0;
    case STORE_NOT_FOUND:
        return firehose_fail_missing(req, name);
    default:
        return aws_fail_internal(req);
    }
}

int firehose_start_encryption(struct request *req,
                              const struct firehose_StartDeliveryStreamEncryptionInput *in,
                              struct firehose_StartDeliveryStreamEncryptionOutput *out)
{
    const struct firehose_DeliveryStreamEncryptionConfigurationInput own = {.KeyType =
                                                                                "AWS_OWNED_CMK"};
    const char *json = NULL;

    (void)out;
    if (firehose_new_encryption(req,
                                in->DeliveryStreamEncryptionConfigurationInput
                                    ? in->DeliveryStreamEncryptionConfigurationInput
                                    : &own,
                                &json))
        return -1;
    return change(req, in->DeliveryStreamName, json, true);
}

int firehose_stop_encryption(struct request *req,
                             const struct firehose_StopDeliveryStreamEncryptionInput *in,
                             struct firehose_StopDeliveryStreamEncryptionOutput *out)
{
    (void)out;
    return change(req, in->DeliveryStreamName, to_json(req, "DISABLED", NULL, NULL), false);
}
