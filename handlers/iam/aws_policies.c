/*
 * Those policies of AWS that data pipelines use most, with their documents as AWS publishes them.
 * AWS has some 1,500; any of them may be attached (nothing here evaluates policies), but only these
 * can be read.
 */
#include "handlers/iam/iam_parts.h"

static const char PREFIX[] = "arn:aws:iam::aws:policy/";

const struct iam_aws_policy iam_aws_policies[] = {
    {.name = "AWSGlueServiceRole",
     .path = "/service-role/",
     .version = 5,
     .created_ms = INT64_C(1502717841000),
     .updated_ms = INT64_C(1694450387000),
     .document = "{\"Statement\":[{\"Action\":[\"glue:*\",\"s3:GetBucketLocation\","
                 "\"s3:ListBucket\",\"s3:ListAllMyBuckets\",\"s3:GetBucketAcl\","
                 "\"ec2:DescribeVpcEndpoints\",\"ec2:DescribeRouteTables\","
                 "\"ec2:CreateNetworkInterface\",\"ec2:DeleteNetworkInterface\","
                 "\"ec2:DescribeNetworkInterfaces\",\"ec2:DescribeSecurityGroups\","
                 "\"ec2:DescribeSubnets\",\"ec2:DescribeVpcAttribute\",\"iam:ListRolePolicies\","
                 "\"iam:GetRole\",\"iam:GetRolePolicy\",\"cloudwatch:PutMetricData\"],"
                 "\"Effect\":\"Allow\",\"Resource\":[\"*\"]},{\"Action\":[\"s3:CreateBucket\"],"
                 "\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:s3:::aws-glue-*\"]},"
                 "{\"Action\":[\"s3:GetObject\",\"s3:PutObject\",\"s3:DeleteObject\"],"
                 "\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:s3:::aws-glue-*/*\","
                 "\"arn:aws:s3:::*/*aws-glue-*/*\"]},{\"Action\":[\"s3:GetObject\"],"
                 "\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:s3:::crawler-public*\","
                 "\"arn:aws:s3:::aws-glue-*\"]},{\"Action\":[\"logs:CreateLogGroup\","
                 "\"logs:CreateLogStream\",\"logs:PutLogEvents\"],\"Effect\":\"Allow\","
                 "\"Resource\":[\"arn:aws:logs:*:*:*:/aws-glue/*\"]},"
                 "{\"Action\":[\"ec2:CreateTags\",\"ec2:DeleteTags\"],"
                 "\"Condition\":{\"ForAllValues:StringEquals\":{\"aws:TagKeys\":[\"aws-glue-"
                 "service-resource\"]}},"
                 "\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:ec2:*:*:network-interface/*\","
                 "\"arn:aws:ec2:*:*:security-group/*\",\"arn:aws:ec2:*:*:instance/*\"]}],"
                 "\"Version\":\"2012-10-17\"}"},
    {.name = "AWSLambdaBasicExecutionRole",
     .path = "/service-role/",
     .version = 1,
     .created_ms = INT64_C(1428591823000),
     .updated_ms = INT64_C(1428591823000),
     .document = "{\"Statement\":[{\"Action\":[\"logs:CreateLogGroup\",\"logs:CreateLogStream\","
                 "\"logs:PutLogEvents\"],\"Effect\":\"Allow\",\"Resource\":\"*\"}],"
                 "\"Version\":\"2012-10-17\"}"},
    {.name = "AWSLambdaDynamoDBExecutionRole",
     .path = "/service-role/",
     .version = 1,
     .created_ms = INT64_C(1428592169000),
     .updated_ms = INT64_C(1428592169000),
     .document = "{\"Statement\":[{\"Action\":[\"dynamodb:DescribeStream\","
                 "\"dynamodb:GetRecords\",\"dynamodb:GetShardIterator\","
                 "\"dynamodb:ListStreams\",\"logs:CreateLogGroup\",\"logs:CreateLogStream\","
                 "\"logs:PutLogEvents\"],\"Effect\":\"Allow\",\"Resource\":\"*\"}],"
                 "\"Version\":\"2012-10-17\"}"},
    {.name = "AWSLambdaInvocation-DynamoDB",
     .path = "/",
     .version = 1,
     .created_ms = INT64_C(1423248047000),
     .updated_ms = INT64_C(1423248047000),
     .document = "{\"Statement\":[{\"Action\":[\"lambda:InvokeFunction\"],\"Effect\":\"Allow\","
                 "\"Resource\":\"*\"},{\"Action\":[\"dynamodb:DescribeStream\","
                 "\"dynamodb:GetRecords\",\"dynamodb:GetShardIterator\","
                 "\"dynamodb:ListStreams\"],\"Effect\":\"Allow\",\"Resource\":\"*\"}],"
                 "\"Version\":\"2012-10-17\"}"},
    {.name = "AWSLambdaKinesisExecutionRole",
     .path = "/service-role/",
     .version = 2,
     .created_ms = INT64_C(1428592456000),
     .updated_ms = INT64_C(1542658164000),
     .document = "{\"Statement\":[{\"Action\":[\"kinesis:DescribeStream\","
                 "\"kinesis:DescribeStreamSummary\",\"kinesis:GetRecords\","
                 "\"kinesis:GetShardIterator\",\"kinesis:ListShards\",\"kinesis:ListStreams\","
                 "\"kinesis:SubscribeToShard\",\"logs:CreateLogGroup\",\"logs:CreateLogStream\","
                 "\"logs:PutLogEvents\"],\"Effect\":\"Allow\",\"Resource\":\"*\"}],"
                 "\"Version\":\"2012-10-17\"}"},
    {.name = "AWSLambdaRole",
     .path = "/service-role/",
     .version = 1,
     .created_ms = INT64_C(1423248088000),
     .updated_ms = INT64_C(1423248088000),
     .document = "{\"Statement\":[{\"Action\":[\"lambda:InvokeFunction\"],\"Effect\":\"Allow\","
                 "\"Resource\":[\"*\"]}],\"Version\":\"2012-10-17\"}"},
    {.name = "AWSLambdaSQSQueueExecutionRole",
     .path = "/service-role/",
     .version = 1,
     .created_ms = INT64_C(1529013045000),
     .updated_ms = INT64_C(1529013045000),
     .document = "{\"Statement\":[{\"Action\":[\"sqs:ReceiveMessage\",\"sqs:DeleteMessage\","
                 "\"sqs:GetQueueAttributes\",\"logs:CreateLogGroup\",\"logs:CreateLogStream\","
                 "\"logs:PutLogEvents\"],\"Effect\":\"Allow\",\"Resource\":\"*\"}],"
                 "\"Version\":\"2012-10-17\"}"},
    {.name = "AWSLambdaVPCAccessExecutionRole",
     .path = "/service-role/",
     .version = 3,
     .created_ms = INT64_C(1455232526000),
     .updated_ms = INT64_C(1704494306000),
     .document = "{\"Statement\":[{\"Action\":[\"logs:CreateLogGroup\",\"logs:CreateLogStream\","
                 "\"logs:PutLogEvents\",\"ec2:CreateNetworkInterface\","
                 "\"ec2:DescribeNetworkInterfaces\",\"ec2:DescribeSubnets\","
                 "\"ec2:DeleteNetworkInterface\",\"ec2:AssignPrivateIpAddresses\","
                 "\"ec2:UnassignPrivateIpAddresses\"],\"Effect\":\"Allow\",\"Resource\":\"*\","
                 "\"Sid\":\"AWSLambdaVPCAccessExecutionPermissions\"}],"
                 "\"Version\":\"2012-10-17\"}"},
    {.name = "AWSLambda_FullAccess",
     .path = "/",
     .version = 7,
     .created_ms = INT64_C(1605647648000),
     .updated_ms = INT64_C(1770919251000),
     .document =
         "{\"Statement\":[{\"Action\":[\"cloudformation:DescribeStacks\","
         "\"cloudformation:ListStackResources\",\"cloudwatch:ListMetrics\","
         "\"cloudwatch:GetMetricData\",\"ec2:DescribeSecurityGroups\","
         "\"ec2:DescribeSubnets\",\"ec2:DescribeVpcs\",\"kms:DescribeKey\","
         "\"kms:ListAliases\",\"iam:GetPolicy\",\"iam:GetPolicyVersion\","
         "\"iam:GetRole\",\"iam:GetRolePolicy\",\"iam:ListAttachedRolePolicies\","
         "\"iam:ListRolePolicies\",\"iam:ListRoles\",\"lambda:*\","
         "\"logs:DescribeLogGroups\",\"states:DescribeStateMachine\","
         "\"states:ListStateMachines\",\"tag:GetResources\",\"xray:GetTraceSummaries\","
         "\"xray:BatchGetTraces\"],\"Effect\":\"Allow\",\"Resource\":\"*\"},"
         "{\"Action\":\"iam:PassRole\","
         "\"Condition\":{\"StringEquals\":{\"iam:PassedToService\":\"lambda.amazonaws.com\"}},"
         "\"Effect\":\"Allow\",\"Resource\":\"*\"},"
         "{\"Action\":[\"logs:DescribeLogStreams\",\"logs:GetLogEvents\","
         "\"logs:FilterLogEvents\",\"logs:StartLiveTail\",\"logs:StopLiveTail\"],"
         "\"Effect\":\"Allow\","
         "\"Resource\":\"arn:aws:logs:*:*:log-group:/aws/lambda/*\"},"
         "{\"Action\":\"iam:CreateServiceLinkedRole\","
         "\"Condition\":{\"StringEquals\":{\"iam:AWSServiceName\":\"lambda.amazonaws.com\"}},"
         "\"Effect\":\"Allow\","
         "\"Resource\":\"arn:aws:iam::*:role/aws-service-role/lambda.amazonaws.com/"
         "AWSServiceRoleForLambda\"}],"
         "\"Version\":\"2012-10-17\"}"},
    {.name = "AWSLambda_ReadOnlyAccess",
     .path = "/",
     .version = 5,
     .created_ms = INT64_C(1605647432000),
     .updated_ms = INT64_C(1770919375000),
     .document = "{\"Statement\":[{\"Action\":[\"cloudformation:DescribeStacks\","
                 "\"cloudformation:ListStacks\",\"cloudformation:ListStackResources\","
                 "\"cloudwatch:GetMetricData\",\"cloudwatch:ListMetrics\","
                 "\"ec2:DescribeSecurityGroups\",\"ec2:DescribeSubnets\",\"ec2:DescribeVpcs\","
                 "\"kms:ListAliases\",\"iam:GetPolicy\",\"iam:GetPolicyVersion\","
                 "\"iam:GetRole\",\"iam:GetRolePolicy\",\"iam:ListAttachedRolePolicies\","
                 "\"iam:ListRolePolicies\",\"iam:ListRoles\",\"logs:DescribeLogGroups\","
                 "\"lambda:Get*\",\"lambda:List*\",\"states:DescribeStateMachine\","
                 "\"states:ListStateMachines\",\"tag:GetResources\",\"xray:GetTraceSummaries\","
                 "\"xray:BatchGetTraces\"],\"Effect\":\"Allow\",\"Resource\":\"*\"},"
                 "{\"Action\":[\"logs:DescribeLogStreams\",\"logs:GetLogEvents\","
                 "\"logs:FilterLogEvents\",\"logs:StartQuery\",\"logs:StopQuery\","
                 "\"logs:DescribeQueries\",\"logs:GetLogGroupFields\",\"logs:GetLogRecord\","
                 "\"logs:GetQueryResults\",\"logs:StartLiveTail\",\"logs:StopLiveTail\"],"
                 "\"Effect\":\"Allow\","
                 "\"Resource\":\"arn:aws:logs:*:*:log-group:/aws/lambda/*\"}],"
                 "\"Version\":\"2012-10-17\"}"},
    {.name = "AWSStepFunctionsFullAccess",
     .path = "/",
     .version = 1,
     .created_ms = INT64_C(1484171492000),
     .updated_ms = INT64_C(1484171492000),
     .document = "{\"Statement\":[{\"Action\":\"states:*\",\"Effect\":\"Allow\","
                 "\"Resource\":\"*\"}],\"Version\":\"2012-10-17\"}"},
    {.name = "AdministratorAccess",
     .path = "/",
     .version = 1,
     .created_ms = INT64_C(1423247986000),
     .updated_ms = INT64_C(1423247986000),
     .document = "{\"Statement\":[{\"Action\":\"*\",\"Effect\":\"Allow\",\"Resource\":\"*\"}],"
                 "\"Version\":\"2012-10-17\"}"},
    {.name = "AmazonKinesisFullAccess",
     .path = "/",
     .version = 1,
     .created_ms = INT64_C(1423248029000),
     .updated_ms = INT64_C(1423248029000),
     .document = "{\"Statement\":[{\"Action\":\"kinesis:*\",\"Effect\":\"Allow\","
                 "\"Resource\":\"*\"}],\"Version\":\"2012-10-17\"}"},
    {.name = "AmazonKinesisReadOnlyAccess",
     .path = "/",
     .version = 1,
     .created_ms = INT64_C(1423248030000),
     .updated_ms = INT64_C(1423248030000),
     .document = "{\"Statement\":[{\"Action\":[\"kinesis:Get*\",\"kinesis:List*\","
                 "\"kinesis:Describe*\"],\"Effect\":\"Allow\",\"Resource\":\"*\"}],"
                 "\"Version\":\"2012-10-17\"}"},
    {.name = "AmazonS3FullAccess",
     .path = "/",
     .version = 2,
     .created_ms = INT64_C(1423248058000),
     .updated_ms = INT64_C(1632773797000),
     .document = "{\"Statement\":[{\"Action\":[\"s3:*\",\"s3-object-lambda:*\"],"
                 "\"Effect\":\"Allow\",\"Resource\":\"*\"}],\"Version\":\"2012-10-17\"}"},
    {.name = "AmazonS3ReadOnlyAccess",
     .path = "/",
     .version = 3,
     .created_ms = INT64_C(1423248059000),
     .updated_ms = INT64_C(1691703099000),
     .document = "{\"Statement\":[{\"Action\":[\"s3:Get*\",\"s3:List*\",\"s3:Describe*\","
                 "\"s3-object-lambda:Get*\",\"s3-object-lambda:List*\"],\"Effect\":\"Allow\","
                 "\"Resource\":\"*\"}],\"Version\":\"2012-10-17\"}"},
    {.name = "AmazonSNSFullAccess",
     .path = "/",
     .version = 2,
     .created_ms = INT64_C(1423248065000),
     .updated_ms = INT64_C(1727217125000),
     .document = "{\"Statement\":[{\"Action\":\"sns:*\",\"Effect\":\"Allow\",\"Resource\":\"*\","
                 "\"Sid\":\"SNSFullAccess\"},"
                 "{\"Action\":[\"sms-voice:DescribeVerifiedDestinationNumbers\","
                 "\"sms-voice:CreateVerifiedDestinationNumber\","
                 "\"sms-voice:SendDestinationNumberVerificationCode\","
                 "\"sms-voice:SendTextMessage\",\"sms-voice:DeleteVerifiedDestinationNumber\","
                 "\"sms-voice:VerifyDestinationNumber\",\"sms-voice:DescribeAccountAttributes\","
                 "\"sms-voice:DescribeSpendLimits\",\"sms-voice:DescribePhoneNumbers\","
                 "\"sms-voice:SetTextMessageSpendLimitOverride\","
                 "\"sms-voice:DescribeOptedOutNumbers\",\"sms-voice:DeleteOptedOutNumber\"],"
                 "\"Condition\":{\"StringEquals\":{\"aws:CalledViaLast\":\"sns.amazonaws.com\"}},"
                 "\"Effect\":\"Allow\",\"Resource\":\"*\",\"Sid\":\"SMSAccessViaSNS\"}],"
                 "\"Version\":\"2012-10-17\"}"},
    {.name = "AmazonSQSFullAccess",
     .path = "/",
     .version = 1,
     .created_ms = INT64_C(1423248067000),
     .updated_ms = INT64_C(1423248067000),
     .document = "{\"Statement\":[{\"Action\":[\"sqs:*\"],\"Effect\":\"Allow\","
                 "\"Resource\":\"*\"}],\"Version\":\"2012-10-17\"}"},
    {.name = "AmazonSQSReadOnlyAccess",
     .path = "/",
     .version = 4,
     .created_ms = INT64_C(1423248068000),
     .updated_ms = INT64_C(1716574604000),
     .document = "{\"Statement\":[{\"Action\":[\"sqs:GetQueueAttributes\",\"sqs:GetQueueUrl\","
                 "\"sqs:ListDeadLetterSourceQueues\",\"sqs:ListQueues\","
                 "\"sqs:ListMessageMoveTasks\",\"sqs:ListQueueTags\"],\"Effect\":\"Allow\","
                 "\"Resource\":\"*\",\"Sid\":\"AmazonSQSReadOnlyAccess\"}],"
                 "\"Version\":\"2012-10-17\"}"},
    {.name = "CloudWatchLogsFullAccess",
     .path = "/",
     .version = 8,
     .created_ms = INT64_C(1423248002000),
     .updated_ms = INT64_C(1770919233000),
     .document = "{\"Statement\":[{\"Action\":[\"logs:*\",\"cloudwatch:GenerateQuery\","
                 "\"cloudwatch:GenerateQueryResultsSummary\","
                 "\"observabilityadmin:GetS3TableIntegration\","
                 "\"observabilityadmin:ListS3TableIntegrations\","
                 "\"observabilityadmin:ListTelemetryPipelines\"],\"Effect\":\"Allow\","
                 "\"Resource\":\"*\",\"Sid\":\"CloudWatchLogsFullAccess\"}],"
                 "\"Version\":\"2012-10-17\"}"},
    {.name = "CloudWatchLogsReadOnlyAccess",
     .path = "/",
     .version = 12,
     .created_ms = INT64_C(1423248003000),
     .updated_ms = INT64_C(1770919153000),
     .document = "{\"Statement\":[{\"Action\":[\"logs:Describe*\",\"logs:Get*\",\"logs:List*\","
                 "\"logs:StartQuery\",\"logs:StopQuery\",\"logs:TestMetricFilter\","
                 "\"logs:FilterLogEvents\",\"logs:StartLiveTail\",\"logs:StopLiveTail\","
                 "\"cloudwatch:GenerateQuery\",\"cloudwatch:GenerateQueryResultsSummary\","
                 "\"observabilityadmin:ListS3TableIntegrations\","
                 "\"observabilityadmin:GetS3TableIntegration\","
                 "\"observabilityadmin:ListTelemetryPipelines\"],\"Effect\":\"Allow\","
                 "\"Resource\":\"*\",\"Sid\":\"CloudWatchLogsReadOnlyAccess\"}],"
                 "\"Version\":\"2012-10-17\"}"},
    {.name = "IAMFullAccess",
     .path = "/",
     .version = 2,
     .created_ms = INT64_C(1423248038000),
     .updated_ms = INT64_C(1561146000000),
     .document = "{\"Statement\":[{\"Action\":[\"iam:*\",\"organizations:DescribeAccount\","
                 "\"organizations:DescribeOrganization\","
                 "\"organizations:DescribeOrganizationalUnit\",\"organizations:DescribePolicy\","
                 "\"organizations:ListChildren\",\"organizations:ListParents\","
                 "\"organizations:ListPoliciesForTarget\",\"organizations:ListRoots\","
                 "\"organizations:ListPolicies\",\"organizations:ListTargetsForPolicy\"],"
                 "\"Effect\":\"Allow\",\"Resource\":\"*\"}],\"Version\":\"2012-10-17\"}"},
    {.name = "IAMReadOnlyAccess",
     .path = "/",
     .version = 4,
     .created_ms = INT64_C(1423248039000),
     .updated_ms = INT64_C(1516907487000),
     .document = "{\"Statement\":[{\"Action\":[\"iam:GenerateCredentialReport\","
                 "\"iam:GenerateServiceLastAccessedDetails\",\"iam:Get*\",\"iam:List*\","
                 "\"iam:SimulateCustomPolicy\",\"iam:SimulatePrincipalPolicy\"],"
                 "\"Effect\":\"Allow\",\"Resource\":\"*\"}],\"Version\":\"2012-10-17\"}"},
    {.name = "PowerUserAccess",
     .path = "/",
     .version = 12,
     .created_ms = INT64_C(1423247987000),
     .updated_ms = INT64_C(1770919154000),
     .document = "{\"Statement\":[{\"Effect\":\"Allow\",\"NotAction\":[\"iam:*\","
                 "\"organizations:*\",\"account:*\"],\"Resource\":\"*\"},"
                 "{\"Action\":[\"account:GetAccountInformation\","
                 "\"account:GetGovCloudAccountInformation\",\"account:GetPrimaryEmail\","
                 "\"account:ListRegions\",\"iam:CreateServiceLinkedRole\","
                 "\"iam:DeleteServiceLinkedRole\",\"iam:ListRoles\","
                 "\"organizations:DescribeEffectivePolicy\","
                 "\"organizations:DescribeOrganization\"],\"Effect\":\"Allow\","
                 "\"Resource\":\"*\"}],\"Version\":\"2012-10-17\"}"},
};

const size_t iam_aws_policy_count = ARRAY_LEN(iam_aws_policies);

bool iam_is_aws_policy(const char *arn)
{
    return str_starts(arn, PREFIX) && arn[strlen(PREFIX)] != '\0' && arn[strlen(arn) - 1] != '/';
}

const struct iam_aws_policy *iam_aws_policy_find(const char *arn)
{
    if (!iam_is_aws_policy(arn))
        return NULL;
    arn += strlen(PREFIX) - 1; /* paths begin with the slash */
    for (size_t i = 0; i < iam_aws_policy_count; i++) {
        const struct iam_aws_policy *p = &iam_aws_policies[i];

        if (str_starts(arn, p->path) && str_eq(arn + strlen(p->path), p->name))
            return p;
    }
    return NULL;
}
