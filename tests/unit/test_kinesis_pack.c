/* Packs of records: what was packed is found again, and what was not written by us is told. */
#include "storage/kinesis_pack.h"
#include "tests/unit/run_suite.h"

#include <check.h>

enum { COUNT = 3, HEAD_MAX = 256 };

static const char *const keys[COUNT] = {"a", "", "a longer key"};
static const struct bytes data[COUNT] = {
    {(const uint8_t *)"first", 5}, {(const uint8_t *)"", 0}, {(const uint8_t *)"third\0one", 9}};

/* The keys begin behind the index, the data behind the keys. */
static size_t pack(uint8_t head[HEAD_MAX])
{
    size_t key_bytes = 0;

    for (size_t i = 0; i < COUNT; i++)
        key_bytes += strlen(keys[i]) + 1;
    struct kinesis_packer p = kinesis_pack_begin(head, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        kinesis_pack_add(&p, keys[i], data[i]);
    ck_assert_ptr_eq(p.index, head + (size_t)COUNT * KINESIS_PACK_ENTRY);
    ck_assert_ptr_eq(p.keys, head + kinesis_pack_head(COUNT, key_bytes));
    return kinesis_pack_head(COUNT, key_bytes);
}

START_TEST(records_come_back)
{
    uint8_t head[HEAD_MAX];
    size_t len = pack(head);
    const char *text = (const char *)head + (size_t)COUNT * KINESIS_PACK_ENTRY;
    size_t data_end = 0;

    for (size_t i = 0; i < COUNT; i++) {
        struct kinesis_pack_entry e;
        ck_assert(kinesis_pack_entry(head, i, &e));
        ck_assert_str_eq(text + e.key, keys[i]);
        ck_assert_uint_eq(e.key_end - e.key, strlen(keys[i]) + 1);
        ck_assert_uint_eq(e.data, data_end);
        ck_assert_uint_eq(e.data_end - e.data, data[i].len);
        ck_assert(kinesis_pack_whole(&e, text + e.key, data[i].data));
        data_end = e.data_end;
        if (i + 1 == COUNT)
            ck_assert_uint_eq(kinesis_pack_head(COUNT, e.key_end), len);
    }
}
END_TEST

START_TEST(any_changed_bit_is_seen)
{
    uint8_t head[HEAD_MAX];
    size_t len = pack(head);
    const char *text = (const char *)head + (size_t)COUNT * KINESIS_PACK_ENTRY;
    struct kinesis_pack_entry e;
    uint8_t changed[9];

    for (size_t bit = 0; bit < 8 * sizeof(changed); bit++) {
        memcpy(changed, data[2].data, sizeof(changed));
        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert(kinesis_pack_entry(head, 2, &e));
        ck_assert(!kinesis_pack_whole(&e, text + e.key, changed));
    }
    for (size_t bit = 0; bit < 8 * strlen(keys[2]); bit++) {
        uint8_t *at = head + len - strlen(keys[2]) - 1 + bit / 8;
        *at ^= (uint8_t)(1 << bit % 8);
        ck_assert(!kinesis_pack_whole(&e, text + e.key, data[2].data));
        *at ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert(kinesis_pack_whole(&e, text + e.key, data[2].data));
}
END_TEST

/* A key must end where the index says, or what reads it as a text goes on. */
START_TEST(a_key_without_its_nul_is_not_whole)
{
    struct kinesis_pack_entry e = {.key = 0, .key_end = 3};

    ck_assert(!kinesis_pack_whole(&e, "abc", data[0].data));
    ck_assert(!kinesis_pack_whole(&e, "a\0\0", data[0].data));
}
END_TEST

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

START_TEST(an_index_out_of_order_is_refused)
{
    static const uint32_t bad[][4] = {
        /* key end, data end; of the next record */
        {2, 5, 2, 6},          /* no key, not even its NUL */
        {2, 5, 1, 6},          /* backwards */
        {2, 5, 4, 4},          /* data backwards */
        {2, 5, UINT32_MAX, 6}, /* beyond all packs */
        {2, 5, 4, UINT32_MAX},
    };
    uint8_t index[2 * KINESIS_PACK_ENTRY] = {0};
    struct kinesis_pack_entry e;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        put32(index, bad[i][0]);
        put32(index + 4, bad[i][1]);
        put32(index + KINESIS_PACK_ENTRY, bad[i][2]);
        put32(index + KINESIS_PACK_ENTRY + 4, bad[i][3]);
        ck_assert(kinesis_pack_entry(index, 0, &e));
        ck_assert(!kinesis_pack_entry(index, 1, &e));
    }
    memset(index, 0, sizeof(index)); /* as a hole in a file reads */
    ck_assert(!kinesis_pack_entry(index, 0, &e));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kinesis pack");
    TCase *c = tcase_create("all");

    tcase_add_test(c, records_come_back);
    tcase_add_test(c, any_changed_bit_is_seen);
    tcase_add_test(c, a_key_without_its_nul_is_not_whole);
    tcase_add_test(c, an_index_out_of_order_is_refused);
    suite_add_tcase(suite, c);

    return run_suite(suite);
}
