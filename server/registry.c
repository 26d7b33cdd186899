/*
 * The services, by hand: the only place of the server that knows them. A service may use those
 * above it in the list when it opens; they close in reverse.
 */
#include "server/service.h"

#include "handlers/cloudwatch/cloudwatch.h"
#include "handlers/dynamodb/service.h"
#include "handlers/dynamodb/streams.h"
#include "handlers/firehose/firehose.h"
#include "handlers/glue/glue.h"
#include "handlers/iam/iam.h"
#include "handlers/kinesis/kinesis.h"
#include "handlers/lambda/lambda.h"
#include "handlers/logs/logs.h"
#include "handlers/s3/s3.h"
#include "handlers/sns/sns.h"
#include "handlers/sqs/sqs.h"
#include "handlers/sts/sts.h"

const struct service *const service_registry[] = {
    &sts_service,
    &iam_service,
    &logs_service,
    &kinesis_service,
    &sqs_service,
    &dynamodb_service,
    &dynamodbstreams_service,
    &lambda_service, /* calls all of the above */
    &s3_service,
    &glue_service,
    &firehose_service,   /* calls kinesis, logs, lambda, s3, glue */
    &sns_service,        /* calls sqs, lambda, firehose */
    &cloudwatch_service, /* calls lambda, sns */
};

const size_t service_count = ARRAY_LEN(service_registry);
