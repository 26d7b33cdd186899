/*
 * The validator's messages, word for word as AWS gives them, on the real models; and what it must
 * let pass. Patterns: by hand, by PCRE2, Java's own syntax, hostile texts.
 */
#include <check.h>
#include <pthread.h>

#include "gen/dynamodb.h"
#include "gen/firehose.h"
#include "gen/iam.h"
#include "gen/kinesis.h"
#include "gen/lambda.h"
#include "gen/logs.h"
#include "gen/s3.h"
#include "gen/sns.h"
#include "gen/sqs.h"
#include "gen/sts.h"
#include "server/app.h"
#include "server/aws_error.h"
#include "server/model/pattern.h"
#include "server/model/validate.h"
#include "tests/unit/run_suite.h"

static struct app app;
static struct request req;

static void setup(void)
{
    app = (struct app){.patterns = pattern_cache_new()};
    req = (struct request){.app = &app, .protocol = PROTOCOL_JSON_1_1};
    arena_init(&req.arena);
}

static void teardown(void)
{
    arena_release(&req.arena);
    pattern_cache_free(app.patterns);
}

/* The message for that input, NULL when it is valid. */
static const char *message(const struct model *m, unsigned operation, const void *in)
{
    req.failure = (struct failure){0};
    int rc = validate_input(&req, m, &m->operations[operation], in);

    ck_assert_int_eq(rc, req.failure.error ? -1 : 0);
    return req.failure.message;
}

#define DATA(text) ((struct bytes){.data = (const uint8_t *)(text), .len = strlen(text)})

START_TEST(test_valid_input_passes)
{
    struct kinesis_PutRecordInput in = {
        .StreamName = "orders-2026_x.y", .PartitionKey = "k", .Data = DATA("hello")};

    ck_assert_ptr_null(message(&kinesis_model, KINESIS_OP_PutRecord, &in));
    in.ExplicitHashKey = "340282366920938463463374607431768211455";
    in.StreamARN = "arn:aws:kinesis:us-east-1:000000000000:stream/orders";
    ck_assert_ptr_null(message(&kinesis_model, KINESIS_OP_PutRecord, &in));
}
END_TEST

START_TEST(test_one_failure)
{
    char name[130];
    memset(name, 'a', 129);
    name[129] = '\0';
    struct kinesis_CreateStreamInput in = {.StreamName = name};
    char expected[512];

    snprintf(
        expected, sizeof expected,
        "1 validation error detected: Value '%s' at 'streamName' failed to satisfy constraint: "
        "Member must have length less than or equal to 128",
        name);
    ck_assert_str_eq(message(&kinesis_model, KINESIS_OP_CreateStream, &in), expected);
    ck_assert_ptr_eq(req.failure.error, &aws_ValidationException);
}
END_TEST

START_TEST(test_pattern_is_told_before_length)
{
    struct kinesis_CreateStreamInput in = {.StreamName = "", .ShardCount = SOME_INT(0)};

    ck_assert_str_eq(message(&kinesis_model, KINESIS_OP_CreateStream, &in),
                     "3 validation errors detected: Value '0' at 'shardCount' failed to satisfy "
                     "constraint: Member must have value greater than or equal to 1; Value '' at "
                     "'streamName' failed to satisfy constraint: Member must satisfy regular "
                     "expression pattern: [a-zA-Z0-9_.-]+; Value '' at 'streamName' failed to "
                     "satisfy constraint: Member must have length greater than or equal to 1");
}
END_TEST

START_TEST(test_null_members_in_the_order_of_java)
{
    struct kinesis_GetShardIteratorInput in = {.StreamName = ""};

    ck_assert_str_eq(
        message(&kinesis_model, KINESIS_OP_GetShardIterator, &in),
        "4 validation errors detected: Value null at 'shardId' failed to satisfy "
        "constraint: Member must not be null; Value null at 'shardIteratorType' failed "
        "to satisfy constraint: Member must not be null; Value '' at 'streamName' "
        "failed to satisfy constraint: Member must satisfy regular expression "
        "pattern: [a-zA-Z0-9_.-]+; Value '' at 'streamName' failed to satisfy "
        "constraint: Member must have length greater than or equal to 1");
}
END_TEST

START_TEST(test_enum_in_the_order_of_java)
{
    struct kinesis_GetShardIteratorInput in = {.ShardId = "shardId-0", .ShardIteratorType = "NOW"};

    ck_assert_str_eq(message(&kinesis_model, KINESIS_OP_GetShardIterator, &in),
                     "1 validation error detected: Value 'NOW' at 'shardIteratorType' failed to "
                     "satisfy constraint: Member must satisfy enum value set: "
                     "[AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, "
                     "TRIM_HORIZON]");
    in.ShardIteratorType = "AT_TIMESTAMP";
    ck_assert_ptr_null(message(&kinesis_model, KINESIS_OP_GetShardIterator, &in));
}
END_TEST

START_TEST(test_structures_in_lists_have_numbered_paths)
{
    struct kinesis_PutRecordsRequestEntry entries[] = {
        {.Data = DATA("a"), .PartitionKey = "ok"},
        {.Data = DATA("b"), .PartitionKey = ""},
        {.PartitionKey = "k"},
    };
    struct kinesis_PutRecordsInput in = {.StreamName = "s", .Records = {entries, 3}};

    ck_assert_str_eq(message(&kinesis_model, KINESIS_OP_PutRecords, &in),
                     "2 validation errors detected: Value '' at 'records.2.member.partitionKey' "
                     "failed to satisfy constraint: Member must have length greater than or equal "
                     "to 1; Value null at 'records.3.member.data' failed to satisfy constraint: "
                     "Member must not be null");
}
END_TEST

START_TEST(test_empty_list)
{
    struct kinesis_PutRecordsRequestEntry none[1];
    struct kinesis_PutRecordsInput in = {.StreamName = "s", .Records = {none, 0}};

    ck_assert_str_eq(message(&kinesis_model, KINESIS_OP_PutRecords, &in),
                     "1 validation error detected: Value '[]' at 'records' failed to satisfy "
                     "constraint: Member must have length greater than or equal to 1");
}
END_TEST

START_TEST(test_items_are_told_at_their_list)
{
    const char *keys[] = {"a", "", "b"};
    struct kinesis_RemoveTagsFromStreamInput in = {.StreamName = "s", .TagKeys = {keys, 3}};

    ck_assert_str_eq(message(&kinesis_model, KINESIS_OP_RemoveTagsFromStream, &in),
                     "1 validation error detected: Value '[a, , b]' at 'tagKeys' failed to satisfy "
                     "constraint: Member must satisfy constraint: [Member must have length less "
                     "than or equal to 128, Member must have length greater than or equal to 1]");
}
END_TEST

START_TEST(test_null_item)
{
    const char *keys[] = {"a", NULL};
    struct kinesis_RemoveTagsFromStreamInput in = {.StreamName = "s", .TagKeys = {keys, 2}};

    ck_assert_str_eq(
        message(&kinesis_model, KINESIS_OP_RemoveTagsFromStream, &in),
        "1 validation error detected: Value '[a, null]' at 'tagKeys' failed to satisfy "
        "constraint: Member must satisfy constraint: [Member must have length less "
        "than or equal to 128, Member must have length greater than or equal to 1, "
        "Member must not be null]");
}
END_TEST

START_TEST(test_map_keys)
{
    struct kinesis_TagMap_entry tags[] = {{"", "v"}};
    struct kinesis_AddTagsToStreamInput in = {.StreamName = "s", .Tags = {tags, 1}};

    ck_assert_str_eq(message(&kinesis_model, KINESIS_OP_AddTagsToStream, &in),
                     "1 validation error detected: Value '{=v}' at 'tags' failed to satisfy "
                     "constraint: Map keys must satisfy constraint: [Member must have length less "
                     "than or equal to 128, Member must have length greater than or equal to 1]");
}
END_TEST

START_TEST(test_structures_are_printed_as_java_does)
{
    const char *arn = "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/"
                      "fsap-0123456789abcdef0";
    struct lambda_FileSystemConfig mounts[] = {{.Arn = arn, .LocalMountPath = "/mnt/a"},
                                               {.Arn = arn, .LocalMountPath = "/mnt/b"}};
    struct lambda_UpdateFunctionConfigurationRequest in = {.FunctionName = "f",
                                                           .FileSystemConfigs = {mounts, 2}};
    char expected[1024];

    snprintf(
        expected, sizeof expected,
        "1 validation error detected: Value '[FileSystemConfig(arn=%s, localMountPath=/mnt/a), "
        "FileSystemConfig(arn=%s, localMountPath=/mnt/b)]' at 'fileSystemConfigs' failed to "
        "satisfy constraint: Member must have length less than or equal to 1",
        arn, arn);
    ck_assert_str_eq(message(&lambda_model, LAMBDA_OP_UpdateFunctionConfiguration, &in), expected);
}
END_TEST

START_TEST(test_nested_members)
{
    struct dynamodb_ProvisionedThroughput none = {0};
    struct dynamodb_KeySchemaElement keys[] = {{.AttributeName = "pk", .KeyType = "HASH"}};
    struct dynamodb_AttributeDefinition attributes[] = {{.AttributeName = NULL}};
    struct dynamodb_CreateTableInput in = {
        .TableName = "t3x", .KeySchema = {keys, 1}, .AttributeDefinitions = {attributes, 1}};

    ck_assert_str_eq(
        message(&dynamodb_model, DYNAMODB_OP_CreateTable, &in),
        "2 validation errors detected: Value null at 'attributeDefinitions.1.member.attributeType' "
        "failed to satisfy constraint: Member must not be null; Value null at "
        "'attributeDefinitions.1.member.attributeName' failed to satisfy constraint: Member must "
        "not be null");
    in.AttributeDefinitions.count = 0;
    in.ProvisionedThroughput = &none;
    ck_assert_str_eq(
        message(&dynamodb_model, DYNAMODB_OP_CreateTable, &in),
        "2 validation errors detected: Value null at 'provisionedThroughput.writeCapacityUnits' "
        "failed to satisfy constraint: Member must not be null; Value null at "
        "'provisionedThroughput.readCapacityUnits' failed to satisfy constraint: Member must not "
        "be null");
}
END_TEST

START_TEST(test_rest_services_tell_not_null_of_items)
{
    const char *architectures[] = {"foo"};
    struct lambda_FunctionCode code = {.S3Bucket = "bucket", .S3Key = "key"};
    struct lambda_CreateFunctionRequest in = {
        .FunctionName = "f",
        .Role = "arn:aws:iam::000000000000:role/r",
        .Code = &code,
        .Architectures = {architectures, 1},
    };

    req.protocol = PROTOCOL_REST_JSON;
    ck_assert_str_eq(
        message(&lambda_model, LAMBDA_OP_CreateFunction, &in),
        "1 validation error detected: Value '[foo]' at 'architectures' failed to "
        "satisfy constraint: Member must satisfy constraint: [Member must satisfy enum "
        "value set: [x86_64, arm64], Member must not be null]");
}
END_TEST

START_TEST(test_sensitive_values_are_not_echoed)
{
    struct iam_ChangePasswordRequest in = {.OldPassword = "", .NewPassword = "secret"};

    req.protocol = PROTOCOL_QUERY;
    const char *text = message(&iam_model, IAM_OP_ChangePassword, &in);
    ck_assert_ptr_nonnull(strstr(text, "Value at 'oldPassword' failed to satisfy constraint: "));
    ck_assert_ptr_null(strstr(text, "secret"));
    ck_assert_ptr_eq(req.failure.error, &aws_ValidationError);
}
END_TEST

START_TEST(test_iam_has_words_of_its_own)
{
    char name[70];
    struct iam_GetRoleRequest in = {.RoleName = "a/b"};

    req.protocol = PROTOCOL_QUERY;
    ck_assert_str_eq(message(&iam_model, IAM_OP_GetRole, &in),
                     "The specified value for roleName is invalid. It must contain only "
                     "alphanumeric characters and/or the following: +=,.@_-");
    memset(name, 'a', 65);
    name[65] = '\0';
    in.RoleName = name;
    ck_assert_ptr_nonnull(strstr(message(&iam_model, IAM_OP_GetRole, &in),
                                 "1 validation error detected: Value 'aaa"));
}
END_TEST

START_TEST(test_unchecked_shapes_are_the_handlers)
{
    struct lambda_UpdateFunctionConfigurationRequest in = {.FunctionName = "f",
                                                           .Runtime = "cobol60"};

    ck_assert_ptr_null(message(&lambda_model, LAMBDA_OP_UpdateFunctionConfiguration, &in));
}
END_TEST

START_TEST(test_service_may_name_its_own_error)
{
    struct logs_CreateLogGroupRequest in = {.logGroupName = ""};

    message(&logs_model, LOGS_OP_CreateLogGroup, &in);
    ck_assert_ptr_eq(req.failure.error, &logs_InvalidParameterException);
}
END_TEST

START_TEST(test_length_counts_characters)
{
    char key[4 * 256 + 1] = "";
    struct kinesis_PutRecordInput in = {.StreamName = "s", .PartitionKey = key, .Data = DATA("x")};

    for (size_t i = 0; i < 256; i++)
        memcpy(key + 4 * i, "\xF0\x9F\x98\x80", 5);
    ck_assert_ptr_null(message(&kinesis_model, KINESIS_OP_PutRecord, &in));

    char longer[260];
    memset(longer, 'k', 257);
    longer[257] = '\0';
    in.PartitionKey = longer;
    ck_assert_ptr_nonnull(message(&kinesis_model, KINESIS_OP_PutRecord, &in));
}
END_TEST

START_TEST(test_at_most_ten_failures)
{
    struct kinesis_PutRecordsRequestEntry entries[20] = {0};
    struct kinesis_PutRecordsInput in = {.StreamName = "s", .Records = {entries, 20}};

    ck_assert_ptr_nonnull(strstr(message(&kinesis_model, KINESIS_OP_PutRecords, &in),
                                 "10 validation errors detected: "));
}
END_TEST

START_TEST(test_message_is_bounded)
{
    size_t size = 1 << 20;
    char *name = arena_alloc(&req.arena, size + 1);
    memset(name, 'a', size);
    name[size] = '\0';
    struct kinesis_CreateStreamInput in = {.StreamName = name};

    const char *text = message(&kinesis_model, KINESIS_OP_CreateStream, &in);
    ck_assert_uint_lt(strlen(text), 1024);
    ck_assert_ptr_nonnull(strstr(text, "Member must have length less than or equal to 128"));
}
END_TEST

START_TEST(test_simple_patterns)
{
    const char *pattern = "[a-zA-Z0-9_.-]+";

    ck_assert(pattern_matches(NULL, pattern, "aZ09_.-"));
    ck_assert(!pattern_matches(NULL, pattern, ""));
    ck_assert(!pattern_matches(NULL, pattern, "a b"));
    ck_assert(!pattern_matches(NULL, pattern, "a\n"));
    ck_assert(!pattern_matches(NULL, pattern, "\xC3\xBC"));
    ck_assert(pattern_matches(NULL, "[0-9]{12}", "012345678901"));
    ck_assert(!pattern_matches(NULL, "[0-9]{12}", "0123456789012"));
    ck_assert(pattern_matches(NULL, "^[a-z]{0,2}$", ""));
    ck_assert(!pattern_matches(NULL, "^[a-z]{0,2}$", "abc"));
    ck_assert(pattern_matches(NULL, "[a-z]{2,}", "abcdef"));
    ck_assert(pattern_matches(NULL, "[\\w+=,.@-]+", "user.name@x"));
    ck_assert(!pattern_matches(NULL, "[^a]+", "bab"));
}
END_TEST

START_TEST(test_patterns_of_java)
{
    ck_assert(pattern_matches(NULL, "0|([1-9]\\d{0,128})", "1234"));
    ck_assert(!pattern_matches(NULL, "0|([1-9]\\d{0,128})", "01"));
    ck_assert(!pattern_matches(NULL, "0|([1-9]\\d{0,128})", "1\n"));
    /* The whole text must match, whichever alternative does it. */
    ck_assert(pattern_matches(NULL, "a|ab", "ab"));
    ck_assert(pattern_matches(NULL, "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+", "t\xC3\xA9xt\n"));
    ck_assert(!pattern_matches(NULL, "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+", "\xE2\x82\xAC"));
    ck_assert(pattern_matches(NULL, "[\\uD800\\uDC00-\\uDBFF\\uDFFF]", "\xF0\x9F\x98\x80"));
    ck_assert(pattern_matches(NULL, "\\p{Print}+", "a b~"));
    ck_assert(!pattern_matches(NULL, "[\\p{Print}]+", "a\tb"));
    ck_assert(pattern_matches(NULL, "[\\p{L}\\p{Z}]+", "\xC3\xBC x"));
    ck_assert(!pattern_matches(NULL, "[\\p{L}]+", "\xFF\xFE"));
}
END_TEST

START_TEST(test_hostile_text_is_cheap)
{
    char text[5001];

    memset(text, 'a', 5000);
    text[5000] = '\0';
    ck_assert(!pattern_matches(app.patterns, "(a+)+[bc]", text));
}
END_TEST

/* The limits must not refuse what is only long. */
START_TEST(test_long_texts_match)
{
    size_t size = 131072;
    char *text = arena_alloc(&req.arena, size + 1);

    memset(text, 'a', size);
    text[size] = '\0';
    ck_assert(pattern_matches(app.patterns, "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+", text));
    ck_assert(pattern_matches(app.patterns, "arn:.*|a.*", text));
    ck_assert(pattern_matches(app.patterns, "([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)", text));
    text[16384] = '\0';
    ck_assert(
        pattern_matches(app.patterns, "^(?:[A-Za-z0-9+\\/]{4})*(?:[A-Za-z0-9+\\/]{2}==)?$", text));
}
END_TEST

static bool compiles(const char *text)
{
    struct pattern *p = pattern_new(text);
    bool does = p != NULL;

    pattern_free(p);
    return does;
}

START_TEST(test_a_pattern_of_a_client)
{
    struct pattern *p = pattern_new("a.*|b");

    ck_assert(pattern_fits(p, "abc"));
    ck_assert(pattern_fits(p, "b"));
    ck_assert(!pattern_fits(p, "bc")); /* the whole text */
    pattern_free(p);
    ck_assert(!compiles("(["));
    ck_assert(!compiles("\\"));
}
END_TEST

START_TEST(test_every_pattern_of_every_model_compiles)
{
    static const struct model *const models[] = {
        &kinesis_model, &dynamodb_model, &lambda_model, &sts_model, &iam_model,
        &logs_model,    &firehose_model, &s3_model,     &sqs_model, &sns_model};
    int count = 0;

    for (size_t i = 0; i < ARRAY_LEN(models); i++)
        for (int j = 0; j < models[i]->shape_count; j++) {
            model_name pattern = models[i]->shapes[j].pattern;

            count += pattern != 0;
            ck_assert_msg(!pattern || compiles(model_text(models[i], pattern)), "%s",
                          model_text(models[i], pattern));
        }
    ck_assert_int_gt(count, 200);
}
END_TEST

static void *match_many(void *cache)
{
    static const char *const patterns[] = {"a|b", "b|a", "c|d", "(x)", "(y)+", "z|", "q?|w"};

    for (int i = 0; i < 2000; i++)
        ck_assert(pattern_matches(cache, patterns[i % ARRAY_LEN(patterns)],
                                  i % ARRAY_LEN(patterns) < 2    ? "a"
                                  : i % ARRAY_LEN(patterns) == 2 ? "d"
                                  : i % ARRAY_LEN(patterns) == 3 ? "x"
                                  : i % ARRAY_LEN(patterns) == 4 ? "yyy"
                                                                 : ""));
    return NULL;
}

START_TEST(test_threads_share_the_cache)
{
    pthread_t threads[4];

    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, match_many, app.patterns), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("validate");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_valid_input_passes);
    tcase_add_test(tc, test_one_failure);
    tcase_add_test(tc, test_pattern_is_told_before_length);
    tcase_add_test(tc, test_null_members_in_the_order_of_java);
    tcase_add_test(tc, test_enum_in_the_order_of_java);
    tcase_add_test(tc, test_structures_in_lists_have_numbered_paths);
    tcase_add_test(tc, test_empty_list);
    tcase_add_test(tc, test_items_are_told_at_their_list);
    tcase_add_test(tc, test_null_item);
    tcase_add_test(tc, test_map_keys);
    tcase_add_test(tc, test_structures_are_printed_as_java_does);
    tcase_add_test(tc, test_nested_members);
    tcase_add_test(tc, test_rest_services_tell_not_null_of_items);
    tcase_add_test(tc, test_sensitive_values_are_not_echoed);
    tcase_add_test(tc, test_iam_has_words_of_its_own);
    tcase_add_test(tc, test_unchecked_shapes_are_the_handlers);
    tcase_add_test(tc, test_service_may_name_its_own_error);
    tcase_add_test(tc, test_length_counts_characters);
    tcase_add_test(tc, test_at_most_ten_failures);
    tcase_add_test(tc, test_message_is_bounded);
    tcase_add_test(tc, test_simple_patterns);
    tcase_add_test(tc, test_patterns_of_java);
    tcase_add_test(tc, test_hostile_text_is_cheap);
    tcase_add_test(tc, test_long_texts_match);
    tcase_add_test(tc, test_a_pattern_of_a_client);
    tcase_add_test(tc, test_every_pattern_of_every_model_compiles);
    tcase_add_test(tc, test_threads_share_the_cache);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
