/* Structs of a model as JSON that is kept, and merged by the names of their members. */
#include "server/model/stored.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <firehose.h>
#include <glue.h>
#include <math.h>

static struct arena arena;

static void set_up(void)
{
    arena_init(&arena);
}

static void tear_down(void)
{
    arena_release(&arena);
}

static const struct shape *shape(const char *name)
{
    return model_structure(&firehose_model, name);
}

START_TEST(what_is_kept_comes_back)
{
    struct firehose_ProcessorParameter parameter = {"LambdaArn", "arn \"quoted\" \xc3\xa9\n"};
    struct firehose_Processor processors[] = {
        {.Type = "Lambda", .Parameters = {&parameter, 1}},
        {.Type = "AppendDelimiterToRecord"},
    };
    struct firehose_ProcessingConfiguration processing = {
        .Enabled = SOME_BOOL(true), .Processors = {processors, ARRAY_LEN(processors)}};
    struct firehose_BufferingHints hints = {.SizeInMBs = SOME_INT(7)};
    const struct firehose_ExtendedS3DestinationDescription in = {
        .RoleARN = "role",
        .Prefix = "",
        .BufferingHints = &hints,
        .ProcessingConfiguration = &processing,
    };
    struct firehose_ExtendedS3DestinationDescription out = {0};
    const struct shape *s = shape("ExtendedS3DestinationDescription");
    const char *json = stored_to_json(&firehose_model, s, &in, &arena);

    ck_assert(stored_from_json(&firehose_model, s, json, &arena, &out));
    ck_assert_str_eq(out.RoleARN, "role");
    ck_assert_str_eq(out.Prefix, "");
    ck_assert_ptr_null(out.BucketARN);
    ck_assert_int_eq(out.BufferingHints->SizeInMBs.value, 7);
    ck_assert(!out.BufferingHints->IntervalInSeconds.set);
    ck_assert(out.ProcessingConfiguration->Enabled.value);
    ck_assert_uint_eq(out.ProcessingConfiguration->Processors.count, 2);
    ck_assert_str_eq(
        out.ProcessingConfiguration->Processors.items[0].Parameters.items[0].ParameterValue,
        parameter.ParameterValue);
    ck_assert_ptr_null(out.ProcessingConfiguration->Processors.items[1].Parameters.items);
    ck_assert_str_eq(stored_to_json(&firehose_model, s, &out, &arena), json);
}
END_TEST

START_TEST(maps_doubles_and_times_come_back)
{
    struct firehose_ColumnToJsonKeyMappings_entry entries[] = {{"ts", "timestamp"}, {"a", "b"}};
    const struct firehose_OpenXJsonSerDe serde = {.ColumnToJsonKeyMappings = {entries, 2}};
    const struct firehose_OrcSerDe orc = {.PaddingTolerance = SOME_DOUBLE(0.05),
                                          .RowIndexStride = SOME_INT(-3)};
    const struct firehose_KinesisStreamSourceDescription source = {.DeliveryStartTimestamp =
                                                                       SOME_TIME(1770000000123)};
    struct firehose_OpenXJsonSerDe serde_out = {0};
    struct firehose_OrcSerDe orc_out = {0};
    struct firehose_KinesisStreamSourceDescription source_out = {0};

#define ROUND(name, in, out)                                                                       \
    ck_assert(stored_from_json(&firehose_model, shape(name),                                       \
                               stored_to_json(&firehose_model, shape(name), &(in), &arena),        \
                               &arena, &(out)))
    ROUND("OpenXJsonSerDe", serde, serde_out);
    ROUND("OrcSerDe", orc, orc_out);
    ROUND("KinesisStreamSourceDescription", source, source_out);
    ck_assert_uint_eq(serde_out.ColumnToJsonKeyMappings.count, 2);
    ck_assert_str_eq(serde_out.ColumnToJsonKeyMappings.items[1].key, "a");
    ck_assert_str_eq(serde_out.ColumnToJsonKeyMappings.items[1].value, "b");
    ck_assert_double_eq(orc_out.PaddingTolerance.value, 0.05);
    ck_assert_int_eq(orc_out.RowIndexStride.value, -3);
    ck_assert_int_eq(source_out.DeliveryStartTimestamp.ms, 1770000000123);
}
END_TEST

START_TEST(blobs_and_what_is_no_number_come_back)
{
    struct glue_DecimalNumber decimal = {.UnscaledValue = {(const uint8_t *)"\0\xff", 2},
                                         .Scale = SOME_INT(2)};
    const struct glue_DecimalColumnStatisticsData in = {.MinimumValue = &decimal};
    const struct glue_DoubleColumnStatisticsData doubles = {.MinimumValue = SOME_DOUBLE(-INFINITY),
                                                            .MaximumValue = SOME_DOUBLE(NAN)};
    struct glue_DecimalColumnStatisticsData out = {0};
    struct glue_DoubleColumnStatisticsData doubles_out = {0};
    const struct shape *s = model_structure(&glue_model, "DecimalColumnStatisticsData");
    const struct shape *d = model_structure(&glue_model, "DoubleColumnStatisticsData");

    ck_assert(stored_from_json(&glue_model, s, stored_to_json(&glue_model, s, &in, &arena), &arena,
                               &out));
    ck_assert_mem_eq(out.MinimumValue->UnscaledValue.data, "\0\xff", 2);
    ck_assert_uint_eq(out.MinimumValue->UnscaledValue.len, 2);
    ck_assert(stored_from_json(&glue_model, d, stored_to_json(&glue_model, d, &doubles, &arena),
                               &arena, &doubles_out));
    ck_assert(isinf(doubles_out.MinimumValue.value) && doubles_out.MinimumValue.value < 0);
    ck_assert(isnan(doubles_out.MaximumValue.value));
    memset(&out, 0, sizeof(out));
    ck_assert(!stored_from_json(&glue_model, s, "{\"MinimumValue\":{\"UnscaledValue\":\"x\"}}",
                                &arena, &out));
}
END_TEST

START_TEST(what_is_damaged_is_refused)
{
    static const char *const wrong[] = {
        "", "{", "[]", "{\"RoleARN\":1}", "{\"BufferingHints\":[]}", "{\"RoleARN\":\"r\"} x"};
    struct firehose_S3DestinationDescription out;

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        memset(&out, 0, sizeof(out));
        ck_assert(!stored_from_json(&firehose_model, shape("S3DestinationDescription"), wrong[i],
                                    &arena, &out));
    }
    /* What the model no longer knows is passed over. */
    memset(&out, 0, sizeof(out));
    ck_assert(stored_from_json(&firehose_model, shape("S3DestinationDescription"),
                               "{\"Former\":{\"a\":[1]},\"RoleARN\":\"r\"}", &arena, &out));
    ck_assert_str_eq(out.RoleARN, "r");
}
END_TEST

/* Structures of the same members with shapes of their own: enums, integers in structures. */
START_TEST(members_are_merged_by_name)
{
    struct firehose_ElasticsearchBufferingHints hints = {.SizeInMBs = SOME_INT(9)};
    struct firehose_AmazonopensearchserviceBufferingHints old = {.SizeInMBs = SOME_INT(1),
                                                                 .IntervalInSeconds = SOME_INT(60)};
    const struct firehose_ElasticsearchDestinationDescription from = {
        .IndexName = "new", .S3BackupMode = "AllDocuments", .BufferingHints = &hints};
    struct firehose_AmazonopensearchserviceDestinationDescription into = {
        .IndexName = "old", .TypeName = "kept", .BufferingHints = &old};

    stored_merge(&firehose_model, shape("AmazonopensearchserviceDestinationDescription"), &into,
                 shape("ElasticsearchDestinationDescription"), &from, &arena);
    ck_assert_str_eq(into.IndexName, "new");
    ck_assert_str_eq(into.TypeName, "kept");
    ck_assert_str_eq(into.S3BackupMode, "AllDocuments");
    ck_assert_int_eq(into.BufferingHints->SizeInMBs.value, 9);
    ck_assert_int_eq(into.BufferingHints->IntervalInSeconds.value, 60);
    ck_assert_int_eq(old.SizeInMBs.value, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stored");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, what_is_kept_comes_back);
    tcase_add_test(tc, maps_doubles_and_times_come_back);
    tcase_add_test(tc, blobs_and_what_is_no_number_come_back);
    tcase_add_test(tc, what_is_damaged_is_refused);
    tcase_add_test(tc, members_are_merged_by_name);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
