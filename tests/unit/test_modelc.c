/*
 * modelc: what it makes of the real models, of a model of awkward shapes, and of mistakes; and that
 * importing the same public model twice gives the same bytes. Run from the repository's root.
 */
#include <check.h>
#include <sys/wait.h>

#include "gen/dynamodb.h"
#include "gen/iam.h"
#include "gen/kinesis.h"
#include "gen/lambda.h"
#include "gen/logs.h"
#include "gen/s3.h"
#include "gen/sqs.h"
#include "gen/sts.h"
#include "tests/unit/run_suite.h"

static char folder[64];

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/cadabra-modelc-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void write_file(const char *name, const char *text)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    ck_assert_int_ge(fputs(text, out), 0);
    ck_assert_int_eq(fclose(out), 0);
}

/* Runs a shell command in the folder; its exit status, and what it printed. */
static int run(const char *command, char *output, size_t size)
{
    char line[16384];
    char program[4096];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);

    ck_assert_int_gt(len, 0);
    program[len] = '\0';
    snprintf(line, sizeof line, "ROOT=$PWD; MODELC=$(dirname %s)/../modelc; cd %s && { %s ; } 2>&1",
             program, folder, command);
    FILE *pipe = popen(line, "r");
    ck_assert_ptr_nonnull(pipe);
    size_t got = fread(output, 1, size - 1, pipe);
    output[got] = '\0';
    return WEXITSTATUS(pclose(pipe));
}

/* What modelc says of a model that is wrong. */
static const char *complaint(const char *model, const char *custom)
{
    static char output[1024];

    write_file("x.model", model);
    if (custom)
        write_file("x.custom", custom);
    ck_assert_int_eq(run("$MODELC x.model x.h x.c", output, sizeof output), 1);
    return output;
}

#define HEAD "service x\nprotocol json-1.0\n"

static const struct operation *operation(const struct model *m, const char *name)
{
    return model_find_operation(m, name, strlen(name));
}

static const struct member *input_member(const struct model *m, const char *op, const char *name)
{
    const struct shape *input = &m->shapes[operation(m, op)->input - 1];

    return model_find_member(m, input, name, strlen(name));
}

START_TEST(test_every_operation_is_found)
{
    for (uint16_t i = 0; i < iam_model.operation_count; i++) {
        const struct operation *op = &iam_model.operations[i];

        ck_assert_ptr_eq(operation(&iam_model, model_text(&iam_model, op->name)), op);
    }
    ck_assert_ptr_null(operation(&iam_model, "CreateRol"));
    ck_assert_ptr_null(operation(&iam_model, "CreateRoles"));
    ck_assert_ptr_null(operation(&iam_model, ""));
    ck_assert_ptr_eq(operation(&kinesis_model, "PutRecord"),
                     &kinesis_model.operations[KINESIS_OP_PutRecord]);
}
END_TEST

START_TEST(test_members_are_described)
{
    const struct member *key = input_member(&kinesis_model, "PutRecord", "PartitionKey");

    ck_assert_uint_eq(key->offset, offsetof(struct kinesis_PutRecordInput, PartitionKey));
    ck_assert_uint_eq(input_member(&kinesis_model, "PutRecord", "Data")->flags, MEMBER_REQUIRED);
    ck_assert_uint_eq(kinesis_model.shapes[key->shape].kind, SHAPE_STRING);
    ck_assert_int_eq(kinesis_model.shapes[key->shape].max, 256);
    ck_assert_ptr_null(input_member(&kinesis_model, "PutRecord", "Partition"));
    ck_assert_uint_eq(operation(&kinesis_model, "PutRecord")->input_size,
                      sizeof(struct kinesis_PutRecordInput));
}
END_TEST

START_TEST(test_rest_locations)
{
    const struct operation *op = operation(&lambda_model, "Invoke");
    const struct shape *input = &lambda_model.shapes[op->input - 1];
    const struct member *payload =
        &lambda_model.members[input->first_member + input->payload_member - 1];

    ck_assert_str_eq(model_text(&lambda_model, op->method), "POST");
    ck_assert_str_eq(model_text(&lambda_model, op->uri),
                     "/2015-03-31/functions/{FunctionName}/invocations");
    ck_assert_str_eq(model_text(&lambda_model, payload->name), "Payload");
    ck_assert_uint_eq(payload->location, IN_PAYLOAD);
    ck_assert_uint_eq(input_member(&lambda_model, "Invoke", "FunctionName")->location, IN_URI);
    ck_assert_uint_eq(input_member(&lambda_model, "Invoke", "X-Amz-Log-Type")->location, IN_HEADER);
    ck_assert_uint_eq(input_member(&lambda_model, "Invoke", "Qualifier")->location, IN_QUERY);
    ck_assert_uint_eq(input_member(&s3_model, "PutObject", "x-amz-meta-")->location, IN_HEADERS);
    ck_assert_uint_eq(operation(&s3_model, "PutObject")->flags & OPERATION_STREAM_INPUT,
                      OPERATION_STREAM_INPUT);
    ck_assert_uint_eq(operation(&s3_model, "GetObject")->flags & OPERATION_STREAM_OUTPUT,
                      OPERATION_STREAM_OUTPUT);
    ck_assert_uint_eq(operation(&lambda_model, "CreateFunction")->status, 201);
}
END_TEST

START_TEST(test_facts_of_services)
{
    ck_assert_uint_eq(kinesis_model.protocols, PROTOCOL_JSON_1_1 | PROTOCOL_AMZ_CBOR_1_1);
    ck_assert_uint_eq(sqs_model.protocols, PROTOCOL_JSON_1_0 | PROTOCOL_QUERY);
    ck_assert(sqs_model.query_compatible);
    ck_assert_str_eq(sqs_model.xml_namespace, "http://queue.amazonaws.com/doc/2012-11-05/");
    ck_assert_str_eq(dynamodb_model.target_prefix, "DynamoDB_20120810");
    ck_assert_ptr_null(sts_model.target_prefix);
    ck_assert_str_eq(sts_model.api_version, "2011-06-15");
    ck_assert_str_eq(lambda_model.scope, "lambda");
    ck_assert_ptr_eq(logs_model.validation_error, &logs_InvalidParameterException);
    ck_assert_uint_eq(operation(&kinesis_model, "SubscribeToShard")->flags, OPERATION_EVENT_OUTPUT);
    ck_assert_uint_eq(operation(&sts_model, "AssumeRoleWithSAML")->flags, OPERATION_UNSIGNED);
}
END_TEST

START_TEST(test_errors)
{
    ck_assert_str_eq(iam_NoSuchEntityException.name, "NoSuchEntityException");
    ck_assert_str_eq(iam_NoSuchEntityException.code, "NoSuchEntity");
    ck_assert_uint_eq(iam_NoSuchEntityException.status, 404);
    ck_assert(iam_NoSuchEntityException.sender_fault);
    ck_assert_uint_eq(iam_NoSuchEntityException.shape, 0);
    ck_assert_str_eq(sqs_QueueDoesNotExist.code, "QueueDoesNotExist");
    ck_assert_str_eq(sqs_QueueDoesNotExist.query_code, "AWS.SimpleQueueService.NonExistentQueue");
    ck_assert_uint_eq(dynamodb_InternalServerError.status, 500);
    ck_assert(!dynamodb_InternalServerError.sender_fault);
    ck_assert_uint_eq(lambda_ResourceNotFoundException.status, 404);
    /* Has the member Type beside Message. */
    ck_assert_str_eq(
        model_text(&lambda_model,
                   lambda_model.shapes[lambda_ResourceNotFoundException.shape - 1].name),
        "ResourceNotFoundException");
}
END_TEST

static int called(struct request *req, const struct sts_GetCallerIdentityRequest *in,
                  struct sts_GetCallerIdentityResponse *out)
{
    (void)req, (void)in;
    out->Account = "000000000000";
    return 7;
}

START_TEST(test_handlers_are_called_by_slot)
{
    static const struct sts_handlers handlers = {.GetCallerIdentity = called};
    struct sts_GetCallerIdentityRequest in = {0};
    struct sts_GetCallerIdentityResponse out = {0};

    ck_assert(sts_model.has_handler(&handlers, STS_OP_GetCallerIdentity));
    ck_assert(!sts_model.has_handler(&handlers, STS_OP_AssumeRole));
    ck_assert_int_eq(sts_model.call(&handlers, STS_OP_GetCallerIdentity, NULL, &in, &out), 7);
    ck_assert_str_eq(out.Account, "000000000000");
}
END_TEST

START_TEST(test_item_sizes)
{
    const struct member *tags = input_member(&kinesis_model, "AddTagsToStream", "Tags");
    const struct member *records = input_member(&kinesis_model, "PutRecords", "Records");

    ck_assert_uint_eq(kinesis_model.shapes[tags->shape].item_size,
                      sizeof(struct kinesis_TagMap_entry));
    ck_assert_uint_eq(kinesis_model.shapes[records->shape].item_size,
                      sizeof(struct kinesis_PutRecordsRequestEntry));
}
END_TEST

START_TEST(test_awkward_shapes_compile)
{
    char output[8192];

    write_file(
        "odd.model",
        "service odd\nprotocol rest-xml\n\n"
        "operation Do GET /\n\noperation Take POST /{default}\n    input Tree\n\n"
        "operation Give POST /x\n    output Matrix_holder\n\n"
        "structure DoInput\n    a Text\n\n"
        "structure Tree\n    default Text uri=default\n    long Text\n    left Tree\n"
        "    children Trees\n    byName TreeMap\n    9lives Number\n    x-y Number\n\n"
        "structure Empty\n\n"
        "structure Oops error status=500 fault\n    Message Text\n    tree Tree\n\n"
        "structure Matrix_holder\n    matrix Matrix\n    maps MapOfMaps\n    empty Empty\n\n"
        "list Trees\n    member Tree\n\nmap TreeMap\n    key Text\n    value Tree\n\n"
        "list Row\n    member Number\n\nlist Matrix\n    member Row\n\n"
        "map MapOfMaps\n    key Text\n    value MapOfRows\n\n"
        "map MapOfRows\n    key Text\n    value Row\n\n"
        "string Text\n    pattern [\"\\\\?]+ ?\?/ x\n    enum a \"b\"\n\ninteger Number min=-5\n");
    ck_assert_msg(run("mkdir gen && $MODELC odd.model gen/odd.h gen/odd.c && "
                      "gcc -std=gnu17 -Wall -Wextra -Werror -Wno-missing-field-initializers "
                      "-D_GNU_SOURCE -I$ROOT -I. -fsyntax-only gen/odd.c",
                      output, sizeof output) == 0,
                  "%s", output);
    /* The input of Do is another shape than the one that happens to have the name. */
    ck_assert_int_eq(run("grep -c 'const struct odd_DoInput_ \\*in' gen/odd.h", output, 64), 0);
    ck_assert_int_eq(run("grep -c 'const char \\*default_;' gen/odd.h", output, 64), 0);
}
END_TEST

START_TEST(test_custom_shapes)
{
    char output[8192];

    write_file("cust.model", HEAD "\nstructure Holder\n    one Value\n    many Values\n\n"
                                  "list Values\n    member Value\n\nstructure Value\n    S Text\n\n"
                                  "string Text\n");
    write_file("cust.custom", "include \"value.h\"\nValue struct my_value my_codec\n");
    write_file("value.h", "struct my_value { long number; };\n"
                          "extern const struct custom_codec my_codec;\n");
    ck_assert_msg(run("sed -i 's/service x/service cust/' cust.model && mkdir gen && "
                      "$MODELC cust.model gen/cust.h gen/cust.c && "
                      "gcc -std=gnu17 -Wall -Wextra -Werror -Wno-missing-field-initializers "
                      "-D_GNU_SOURCE -I$ROOT -I. -fsyntax-only gen/cust.c && "
                      "grep -q 'struct my_value one;' gen/cust.h && "
                      "grep -q 'struct my_value \\*items;' gen/cust.h",
                      output, sizeof output) == 0,
                  "%s", output);
}
END_TEST

START_TEST(test_mistakes_are_told_with_file_and_line)
{
    ck_assert_str_eq(complaint(HEAD "bogus x\n", NULL), "x.model:3: unknown word 'bogus'\n");
    ck_assert_str_eq(complaint(HEAD "structure A\n    b Missing\n", NULL),
                     "x.model:4: there is no shape 'Missing'\n");
    ck_assert_str_eq(complaint(HEAD "structure A\nstring A\n", NULL),
                     "x.model:4: shape 'A' is there twice\n");
    ck_assert_str_eq(complaint(HEAD "string A min=x\n", NULL),
                     "x.model:3: 'x' is not a number that may stand here\n");
    ck_assert_str_eq(complaint(HEAD "list L\n", NULL),
                     "x.model:3: a list has one line: member SHAPE\n");
    ck_assert_str_eq(complaint(HEAD "    member X\n", NULL),
                     "x.model:3: an indented line belongs to no block\n");
    ck_assert_str_eq(complaint(HEAD "structure A payload=b\n    a T\nstring T\n", NULL),
                     "x.model:3: there is no member 'b'\n");
    ck_assert_str_eq(complaint(HEAD "structure A\n    a T\n    a T\nstring T\n", NULL),
                     "x.model:5: member 'a' is there twice\n");
    ck_assert_str_eq(complaint(HEAD "operation O POST / now\n", NULL),
                     "x.model:3: too many words\n");
    ck_assert_str_eq(complaint(HEAD "operation O POST /\n    errors T\nstring T\n", NULL),
                     "x.model:3: 'T' is not an error\n");
    ck_assert_str_eq(complaint("protocol json-1.0\n", NULL),
                     "x.model:1: service and protocol must be stated\n");
    ck_assert_str_eq(complaint("service x\nprotocol soap\n", NULL),
                     "x.model:2: unknown protocol 'soap'\n");
    ck_assert_str_eq(complaint(HEAD "string T\n", "# note\nNone struct t t_codec\n"),
                     "x.custom:2: there is no shape 'None'\n");
    ck_assert_str_eq(complaint(HEAD "string T\n", "string T\nunchecked U\n"),
                     "x.custom:1: the codec is missing\n");
    ck_assert_str_eq(complaint(HEAD "string T\n", "unchecked U\n"),
                     "x.custom:1: no shape fits 'U'\n");
    ck_assert_str_eq(complaint(HEAD "string T\n", "validation-error T\n"),
                     "x.custom:0: there is no error 'T'\n");
}
END_TEST

START_TEST(test_import_is_stable)
{
    char output[8192];

    write_file("service-2.json",
               "{\"metadata\": {\"apiVersion\": \"2020-01-01\", \"endpointPrefix\": \"tiny\","
               " \"protocol\": \"rest-json\"}, \"operations\": {\"Go\": {\"name\": \"Go\","
               " \"http\": {\"method\": \"PUT\", \"requestUri\": \"/go/{Id}\","
               " \"responseCode\": 202}, \"input\": {\"shape\": \"GoIn\"},"
               " \"errors\": [{\"shape\": \"Bad\"}]}}, \"shapes\": {"
               "\"GoIn\": {\"type\": \"structure\", \"required\": [\"Id\"], \"members\": {"
               "\"Id\": {\"shape\": \"Id\", \"location\": \"uri\", \"locationName\": \"Id\"},"
               "\"At\": {\"shape\": \"T\", \"locationName\": \"at\"}}},"
               "\"Id\": {\"type\": \"string\", \"min\": 1, \"pattern\": \"[a-z]+ x\"},"
               "\"T\": {\"type\": \"timestamp\", \"timestampFormat\": \"iso8601\"},"
               "\"Bad\": {\"type\": \"structure\", \"members\": {}, \"exception\": true,"
               " \"error\": {\"httpStatusCode\": 404}}}}");
    write_file("expected.model", "service tiny\n"
                                 "api-version 2020-01-01\n"
                                 "scope tiny\n"
                                 "protocol rest-json\n\n"
                                 "operation Go PUT /go/{Id}\n"
                                 "    status 202\n"
                                 "    input GoIn\n"
                                 "    errors Bad\n\n"
                                 "structure Bad error status=404\n\n"
                                 "structure GoIn\n"
                                 "    Id Id required uri=Id\n"
                                 "    At T wire=at\n\n"
                                 "string Id min=1\n"
                                 "    pattern [a-z]+ x\n\n"
                                 "timestamp T timestamp=iso8601\n");
    ck_assert_msg(run("python3 $ROOT/server/model/import.py service-2.json tiny >tiny.model && "
                      "diff -u expected.model tiny.model && "
                      "python3 $ROOT/server/model/import.py service-2.json tiny | "
                      "cmp - tiny.model && $MODELC tiny.model tiny.h tiny.c",
                      output, sizeof output) == 0,
                  "%s", output);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("modelc");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_every_operation_is_found);
    tcase_add_test(tc, test_members_are_described);
    tcase_add_test(tc, test_rest_locations);
    tcase_add_test(tc, test_facts_of_services);
    tcase_add_test(tc, test_errors);
    tcase_add_test(tc, test_handlers_are_called_by_slot);
    tcase_add_test(tc, test_item_sizes);
    tcase_add_test(tc, test_awkward_shapes_compile);
    tcase_add_test(tc, test_custom_shapes);
    tcase_add_test(tc, test_mistakes_are_told_with_file_and_line);
    tcase_add_test(tc, test_import_is_stable);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
