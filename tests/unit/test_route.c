#include "server/route.h"

#include <check.h>

#include "server/app.h"
#include "server/service.h"
#include "tests/unit/run_suite.h"

struct call {
    const char *method;
    const char *target;
    const char *type;       /* Content-Type, or NULL */
    const char *aws_target; /* X-Amz-Target, or NULL */
    const char *scope;      /* "" for unsigned */
    const char *body;
};

/* "service:Operation protocol", or "code status" of the refusal. */
static const char *route(const struct call *c)
{
    static char text[200];
    struct auth_result auth = {.kind = c->scope[0] ? AUTH_V4_HEADER : AUTH_NONE,
                               .service = c->scope};
    struct header headers[3];
    struct request req = {.method = c->method, .target = c->target, .headers = headers};
    int failed;

    arena_init(&req.arena);
    req.path = arena_strndup(&req.arena, c->target, strcspn(c->target, "?"));
    req.query = strchr(c->target, '?') ? strchr(c->target, '?') + 1 : "";
    req.body =
        (struct bytes){(const uint8_t *)(c->body ? c->body : ""), c->body ? strlen(c->body) : 0};
    if (c->type)
        headers[req.header_count++] = (struct header){"content-type", c->type};
    if (c->aws_target)
        headers[req.header_count++] = (struct header){"X-Amz-Target", c->aws_target};
    if (str_starts(c->target, "/service/"))
        headers[req.header_count++] = (struct header){"smithy-protocol", "rpc-v2-cbor"};
    route_by_head(&req, &auth);
    failed = route_by_body(&req, &auth);
    if (failed)
        snprintf(text, sizeof(text), "%s %u", req.failure.error->code, req.failure.error->status);
    else
        snprintf(text, sizeof(text), "%s:%s %#x", req.service->model->service,
                 model_text(req.service->model, req.operation->name), req.protocol);
    arena_release(&req.arena);
    return text;
}

#define ROUTES(expected, ...) ck_assert_str_eq(route(&(struct call){__VA_ARGS__}), expected)

START_TEST(targets_name_service_and_operation)
{
    ROUTES("kinesis:PutRecord 0x2", "POST", "/", "application/x-amz-json-1.1",
           "Kinesis_20131202.PutRecord", "kinesis");
    ROUTES("kinesis:PutRecord 0x40", "POST", "/", "application/x-amz-cbor-1.1",
           "Kinesis_20131202.PutRecord", "kinesis");
    ROUTES("dynamodb:PutItem 0x1", "POST", "/", "application/x-amz-json-1.0",
           "DynamoDB_20120810.PutItem", "dynamodb");
    ROUTES("dynamodbstreams:ListStreams 0x1", "POST", "/", "application/x-amz-json-1.0",
           "DynamoDBStreams_20120810.ListStreams", "dynamodb");
    /* The scope need not agree, nor need there be a signature or the right content type. */
    ROUTES("dynamodb:PutItem 0x1", "POST", "/", NULL, "DynamoDB_20120810.PutItem", "kinesis");
    ROUTES("sqs:SendMessage 0x1", "POST", "/", "text/plain", "AmazonSQS.SendMessage", "");
}
END_TEST

START_TEST(unknown_targets_are_refused)
{
    ROUTES("UnknownOperationException 400", "POST", "/", NULL, "Kinesis_20131202.Nonsense",
           "kinesis");
    ROUTES("UnknownOperationException 400", "POST", "/", NULL, "Kinesis_20131202.PutRecordX",
           "kinesis");
    ROUTES("UnknownOperationException 400", "POST", "/", NULL, "Kinesis_20131202.PutRecor",
           "kinesis");
    ROUTES("UnknownOperationException 400", "POST", "/", NULL, "Kinesis_20131202.", "kinesis");
    ROUTES("UnknownOperationException 400", "POST", "/", NULL, "Kinesis_20131202", "kinesis");
    ROUTES("UnknownOperationException 400", "POST", "/", NULL, "Nothing.PutRecord", "kinesis");
    ROUTES("UnknownOperationException 400", "POST", "/", NULL, "", "kinesis");
    ROUTES("UnknownOperationException 400", "POST", "/", NULL, NULL, "kinesis");
}
END_TEST

START_TEST(forms_name_an_action)
{
    static const char form[] = "application/x-www-form-urlencoded; charset=utf-8";

    ROUTES("sts:GetCallerIdentity 0x4", "POST", "/", form, NULL, "sts",
           "Action=GetCallerIdentity&Version=2011-06-15");
    ROUTES("iam:CreateRole 0x4", "POST", "/", form, NULL, "",
           "Version=2010%2D05%2D08&Action=CreateRole");
    ROUTES("sts:GetCallerIdentity 0x4", "GET", "/?Action=GetCallerIdentity&Version=2011-06-15",
           NULL, NULL, "");
    /* Names that two services have: the scope decides, else the version. */
    ROUTES("sns:AddPermission 0x4", "POST", "/", form, NULL, "sns", "Action=AddPermission");
    ROUTES("sqs:AddPermission 0x4", "POST", "/", form, NULL, "",
           "Action=AddPermission&Version=2012-11-05");
    ROUTES("InvalidAction 400", "POST", "/", form, NULL, "sts", "Action=Nonsense");
    ROUTES("UnknownOperationException 404", "POST", "/", form, NULL, "sts", "Version=2011-06-15");
    /* A name that only one service has needs neither. */
    ROUTES("sts:GetCallerIdentity 0x4", "POST", "/", form, NULL, "", "Action=GetCallerIdentity");
    ROUTES("InvalidAction 400", "POST", "/", form, NULL, "", "Action=AddPermission");
    ROUTES("UnknownOperationException 404", "POST", "/", form, NULL, "", "");
}
END_TEST

START_TEST(queues_are_addressed_by_path)
{
    static const char form[] = "application/x-www-form-urlencoded";

    ROUTES("sqs:SendMessage 0x4", "POST", "/123456789012/orders", form, NULL, "",
           "Action=SendMessage&Version=2012-11-05");
    ROUTES("sqs:SendMessage 0x4", "POST", "/123456789012/orders", form, NULL, "sqs",
           "Action=SendMessage&Version=2012-11-05");
    ROUTES("sqs:ReceiveMessage 0x4", "GET", "/_aws/sqs/messages?QueueUrl=q", NULL, NULL, "");
    ROUTES("sqs:ReceiveMessage 0x4", "GET", "/_aws/sqs/messages/r/123456789012/q", NULL, NULL, "");
    ROUTES("sqs:ReceiveMessage 0x1", "POST", "/_aws/sqs/messages", "application/x-amz-json-1.0",
           NULL, "sqs");
}
END_TEST

START_TEST(paths_name_an_operation)
{
    ROUTES("lambda:CreateFunction 0x8", "POST", "/2015-03-31/functions", NULL, NULL, "lambda");
    ROUTES("lambda:ListFunctions 0x8", "GET", "/2015-03-31/functions/", NULL, NULL, "lambda");
    ROUTES("lambda:Invoke 0x8", "POST", "/2015-03-31/functions/f/invocations", NULL, NULL,
           "lambda");
    ROUTES(
        "lambda:Invoke 0x8", "POST",
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Ar%3A1%3Afunction%3Af/invocations?Qualifier=1",
        NULL, NULL, "lambda");
    /* curl: unsigned, and with a form's content type. */
    ROUTES("lambda:Invoke 0x8", "POST", "/2015-03-31/functions/f/invocations",
           "application/x-www-form-urlencoded", NULL, "", "{}");
    ROUTES("UnknownOperationException 404", "POST", "/2015-03-31/nonsense", NULL, NULL, "lambda");
    ROUTES("UnknownOperationException 404", "PATCH", "/2015-03-31/functions", NULL, NULL, "lambda");
    ROUTES("s3:ListBuckets 0x10", "GET", "/", NULL, NULL, "s3");
    ROUTES("s3:GetObject 0x10", "GET", "/bucket/a//b/../c", NULL, NULL, "s3");
    ROUTES("s3:GetObject 0x10", "GET", "/bucket/key", NULL, NULL, "");
    ROUTES("s3:ListParts 0x10", "GET", "/bucket/key?uploadId=1", NULL, NULL, "s3");
    ROUTES("s3:PutObject 0x10", "PUT", "/bucket/key", "application/x-www-form-urlencoded", NULL,
           "s3");
}
END_TEST

START_TEST(services_that_are_not_there_are_named)
{
    ROUTES("NotImplemented 501", "POST", "/", "application/x-www-form-urlencoded", NULL, "ec2",
           "Action=DescribeInstances&Version=2016-11-15");
    ROUTES("NotImplemented 501", "GET", "/v2/clusters", NULL, NULL, "kafka");
    ROUTES("UnknownOperationException 400", "POST", "/service/Nothing/operation/PutMetricData",
           NULL, NULL, "monitoring");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("route");
    TCase *c = tcase_create("route");

    tcase_add_test(c, targets_name_service_and_operation);
    tcase_add_test(c, unknown_targets_are_refused);
    tcase_add_test(c, forms_name_an_action);
    tcase_add_test(c, queues_are_addressed_by_path);
    tcase_add_test(c, paths_name_an_operation);
    tcase_add_test(c, services_that_are_not_there_are_named);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
