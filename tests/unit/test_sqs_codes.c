/* Receipt handles, digests of attributes, what was sent lately, attempts, attributes of queues. */
#include "handlers/sqs/attempts.h"
#include "handlers/sqs/attributes.h"
#include "handlers/sqs/dedup.h"
#include "handlers/sqs/receipt.h"
#include "handlers/sqs/settings.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static struct arena arena;

static void set_up(void)
{
    arena_init(&arena);
}

static void tear_down(void)
{
    arena_release(&arena);
}

/* --- receipt handles --- */

static const uint8_t secret[SQS_SECRET_LEN] = {1, 2, 3};

START_TEST(a_handle_comes_back)
{
    const struct sqs_receipt in = {.queue = 7, .number = (INT64_C(1) << 40) - 1, .received = 3};
    char *text = sqs_receipt_make(&arena, secret, &in);
    struct sqs_receipt out;

    ck_assert(sqs_receipt_read(text, secret, &out));
    ck_assert_int_eq(out.queue, in.queue);
    ck_assert_int_eq(out.number, in.number);
    ck_assert_int_eq(out.received, in.received);
}
END_TEST

START_TEST(a_forged_handle_is_refused)
{
    static const uint8_t other[SQS_SECRET_LEN] = {3, 2, 1};
    const struct sqs_receipt in = {.queue = 7, .number = 8, .received = 1};
    char *text = sqs_receipt_make(&arena, secret, &in);
    struct sqs_receipt out;

    ck_assert(!sqs_receipt_read(text, other, &out));
    ck_assert(!sqs_receipt_read("", secret, &out));
    ck_assert(!sqs_receipt_read(arena_printf(&arena, "%sAAAA", text), secret, &out));
    for (size_t i = 0; text[i]; i++) {
        char *changed = arena_strdup(&arena, text);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        ck_assert(!sqs_receipt_read(changed, secret, &out));
        changed[i] = '\0';
        ck_assert(!sqs_receipt_read(changed, secret, &out));
    }
}
END_TEST

/* --- attributes of messages --- */

static struct bytes text_bytes(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

START_TEST(the_digest_is_that_of_aws)
{
    struct sqs_attribute list[] = {
        {"test_attribute_name_2", "String", text_bytes("test_attribute_value_2")},
        {"test_attribute_name_1", "String", text_bytes("test_attribute_value_1")},
        {"bytes", "Binary.x", {(const uint8_t *)"\0\1\2", 3}},
    };
    struct bytes packed = sqs_attributes_pack(&arena, &list[1], 1);
    char digest[SQS_MD5_TEXT];

    /* As the SDKs compute it of that one attribute, by hand. */
    ck_assert_uint_eq(packed.len, 4 + 21 + 4 + 6 + 1 + 4 + 22);
    ck_assert_int_eq(memcmp(packed.data, "\0\0\0\x15test_attribute_name_1\0\0\0\6String\1", 36), 0);
    packed = sqs_attributes_pack(&arena, list, ARRAY_LEN(list));
    ck_assert_str_eq(list[0].name, "bytes"); /* sorted */
    sqs_md5_text(packed.data, packed.len, digest);
    ck_assert_str_eq(digest, "d6468473656f0dca8f3fbac681820bf6");
}
END_TEST

START_TEST(attributes_come_back)
{
    struct sqs_attribute in[] = {
        {"a", "Number.int", text_bytes("42")},
        {"b", "Binary", {(const uint8_t *)"\0\xff", 2}},
    };
    struct bytes packed = sqs_attributes_pack(&arena, in, ARRAY_LEN(in));
    struct sqs_attribute *out;

    ck_assert_uint_eq(sqs_attributes_unpack(packed, &arena, &out), 2);
    ck_assert_str_eq(out[0].name, "a");
    ck_assert_str_eq(out[0].type, "Number.int");
    ck_assert(!sqs_attribute_is_binary(&out[0]));
    ck_assert_uint_eq(out[1].value.len, 2);
    ck_assert(sqs_attribute_is_binary(&out[1]));
    for (size_t cut = 0; cut < packed.len; cut++) /* never reads behind the end */
        ck_assert_uint_le(
            sqs_attributes_unpack((struct bytes){arena_memdup(&arena, packed.data, cut), cut},
                                  &arena, &out),
            1);
}
END_TEST

/* --- what was sent lately --- */

START_TEST(a_key_is_known_for_five_minutes)
{
    struct sqs_dedup d = {0};
    struct sqs_sent sent = {.number = 1, .sent_ms = 1000};

    sqs_dedup_key(NULL, "id", sent.key);
    ck_assert_ptr_null(sqs_dedup_find(&d, sent.key, 1000));
    sqs_dedup_add(&d, &sent);
    ck_assert_ptr_nonnull(sqs_dedup_find(&d, sent.key, 1000 + SQS_DEDUP_MS - 1));
    ck_assert_ptr_null(sqs_dedup_find(&d, sent.key, 1000 + SQS_DEDUP_MS));
    ck_assert_int_eq(d.forgotten, 1);
    sqs_dedup_release(&d);
}
END_TEST

START_TEST(groups_and_ids_do_not_mix)
{
    uint8_t a[SQS_DEDUP_KEY_LEN], b[SQS_DEDUP_KEY_LEN], c[SQS_DEDUP_KEY_LEN];

    sqs_dedup_key("ab", "c", a);
    sqs_dedup_key("a", "bc", b);
    sqs_dedup_key(NULL, "abc", c);
    ck_assert_int_ne(memcmp(a, b, sizeof(a)), 0);
    ck_assert_int_ne(memcmp(a, c, sizeof(a)), 0);
}
END_TEST

START_TEST(attempts_are_known_for_five_minutes_and_not_without_bound)
{
    struct sqs_attempts list = {0};

    for (int i = 0; i < SQS_ATTEMPTS_MAX + 50; i++) {
        struct sqs_attempt a = {.id = arena_printf(&arena, "%d", i), .at_ms = i, .count = 1};
        sqs_attempts_note(&list, &a);
    }
    ck_assert_uint_eq(list.count, SQS_ATTEMPTS_MAX);
    ck_assert_ptr_null(sqs_attempts_find(&list, "49", 2000));
    ck_assert_ptr_nonnull(sqs_attempts_find(&list, "50", 2000));
    ck_assert_ptr_null(sqs_attempts_find(&list, "50", 2000 + SQS_ATTEMPT_MS));
    sqs_attempts_release(&list);
}
END_TEST

/* --- attributes of queues --- */

START_TEST(settings_come_back_and_have_defaults)
{
    struct sqs_settings in = {
        .text = {[SQS_POLICY] = "{\"a\":\"\\\"\"}", [SQS_DELAY_SECONDS] = "9"}};
    struct sqs_settings out = sqs_settings_from_json(&arena, sqs_settings_to_json(&arena, &in));

    ck_assert_str_eq(out.text[SQS_POLICY], in.text[SQS_POLICY]);
    ck_assert_int_eq(sqs_setting_number(&out, SQS_DELAY_SECONDS), 9);
    ck_assert_int_eq(sqs_setting_number(&out, SQS_VISIBILITY_TIMEOUT), 30);
    ck_assert_ptr_null(out.text[SQS_VISIBILITY_TIMEOUT]);
    ck_assert_int_eq(sqs_setting_named("Colour"), SQS_SETTINGS);
}
END_TEST

START_TEST(values_are_checked)
{
    static const struct {
        enum sqs_setting which;
        const char *value;
        bool fits;
    } cases[] = {
        {SQS_VISIBILITY_TIMEOUT, "43200", true},  {SQS_VISIBILITY_TIMEOUT, "43201", false},
        {SQS_VISIBILITY_TIMEOUT, "-1", false},    {SQS_VISIBILITY_TIMEOUT, " 1", false},
        {SQS_VISIBILITY_TIMEOUT, "", false},      {SQS_DELAY_SECONDS, "99999999999", false},
        {SQS_MAXIMUM_MESSAGE_SIZE, "1024", true}, {SQS_MAXIMUM_MESSAGE_SIZE, "1048577", false},
        {SQS_FIFO_QUEUE, "True", true},           {SQS_FIFO_QUEUE, "yes", false},
        {SQS_DEDUPLICATION_SCOPE, "queue", true}, {SQS_DEDUPLICATION_SCOPE, "Queue", false},
        {SQS_THROUGHPUT_LIMIT, "perQueue", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ck_assert_msg(sqs_setting_fits(cases[i].which, cases[i].value) == cases[i].fits, "%s %s",
                      sqs_setting_name(cases[i].which), cases[i].value);
}
END_TEST

START_TEST(redrive_policies_are_read)
{
    struct sqs_redrive r;

    ck_assert(sqs_redrive_parse(&arena, NULL, &r) && !r.target_arn);
    ck_assert(sqs_redrive_parse(&arena, "{}", &r) && !r.target_arn);
    ck_assert(sqs_redrive_parse(
        &arena, "{\"deadLetterTargetArn\":\"a\",\"maxReceiveCount\":\"7\",\"x\":[1]}", &r));
    ck_assert_str_eq(r.target_arn, "a");
    ck_assert_int_eq(r.max_receives, 7);
    ck_assert(!sqs_redrive_parse(&arena, "{\"deadLetterTargetArn\":\"a\"}", &r));
    ck_assert(!sqs_redrive_parse(&arena, "{\"deadLetterTargetArn\":7,\"maxReceiveCount\":1}", &r));
    ck_assert(!sqs_redrive_parse(&arena, "[1]", &r));
    ck_assert(!sqs_redrive_parse(&arena, "{\"a\"", &r));
}
END_TEST

START_TEST(redrive_allow_policies_are_read)
{
    struct sqs_redrive_allow p;

    ck_assert(sqs_redrive_allow_parse(&arena, NULL, &p) && sqs_redrive_allows(&p, "x"));
    ck_assert(sqs_redrive_allow_parse(&arena, "{\"redrivePermission\":\"denyAll\"}", &p));
    ck_assert(!sqs_redrive_allows(&p, "x"));
    ck_assert(sqs_redrive_allow_parse(
        &arena, "{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\"x\",\"y\"]}", &p));
    ck_assert(sqs_redrive_allows(&p, "y") && !sqs_redrive_allows(&p, "z"));
    ck_assert(!sqs_redrive_allow_parse(&arena, "{\"redrivePermission\":\"byQueue\"}", &p));
    ck_assert(!sqs_redrive_allow_parse(
        &arena, "{\"redrivePermission\":\"allowAll\",\"sourceQueueArns\":[\"x\"]}", &p));
    ck_assert(!sqs_redrive_allow_parse(&arena, "{\"redrivePermission\":\"some\"}", &p));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sqs_codes");
    TCase *c = tcase_create("codes");

    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, a_handle_comes_back);
    tcase_add_test(c, a_forged_handle_is_refused);
    tcase_add_test(c, the_digest_is_that_of_aws);
    tcase_add_test(c, attributes_come_back);
    tcase_add_test(c, a_key_is_known_for_five_minutes);
    tcase_add_test(c, groups_and_ids_do_not_mix);
    tcase_add_test(c, attempts_are_known_for_five_minutes_and_not_without_bound);
    tcase_add_test(c, settings_come_back_and_have_defaults);
    tcase_add_test(c, values_are_checked);
    tcase_add_test(c, redrive_policies_are_read);
    tcase_add_test(c, redrive_allow_policies_are_read);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
