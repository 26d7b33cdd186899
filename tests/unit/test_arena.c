#include "server/base/arena.h"
#include "tests/unit/run_suite.h"

#include <check.h>

START_TEST(memory_is_aligned_and_does_not_overlap)
{
    struct arena a;
    uint8_t *blocks[400];

    arena_init(&a);
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
        size_t size = i * i % 9001 + 1;

        blocks[i] = arena_alloc(&a, size);
        ck_assert_uint_eq((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
        memset(blocks[i], (int)(i & 0xff), size);
    }
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
        for (size_t k = 0; k < i * i % 9001 + 1; k++)
            ck_assert_uint_eq(blocks[i][k], i & 0xff);
    arena_release(&a);
}
END_TEST

START_TEST(large_and_empty_allocations_work)
{
    struct arena a;
    char *large, *small;

    arena_init(&a);
    large = arena_zalloc(&a, 5000000);
    small = arena_alloc(&a, 0);
    ck_assert_ptr_nonnull(small);
    ck_assert_int_eq(large[4999999], 0);
    memset(large, 'x', 5000000);
    small = arena_strdup(&a, "after");
    ck_assert_str_eq(small, "after");
    ck_assert_int_eq(large[4999999], 'x');
    arena_release(&a);
}
END_TEST

START_TEST(reset_begins_again_in_the_first_block)
{
    struct arena a;

    arena_init(&a);
    arena_reset(&a);
    for (int round = 0; round < 3; round++) {
        char *zeroed = ARENA_ARRAY(&a, char, 100);

        for (int i = 0; i < 100; i++)
            ck_assert_int_eq(zeroed[i], 0);
        memset(zeroed, 'z', 100);
        memset(arena_alloc(&a, 100000), 'y', 100000);
        memset(arena_alloc(&a, 7000), 'y', 7000);
        memset(arena_alloc(&a, 7000), 'y', 7000);
        arena_reset(&a);
    }
    arena_release(&a);
    arena_release(&a);
}
END_TEST

struct note {
    char *text;
    char letter;
};

static void write_note(void *context)
{
    struct note *n = context;
    size_t len = strlen(n->text);

    n->text[len] = n->letter;
    n->text[len + 1] = '\0';
}

START_TEST(deferred_calls_run_in_reverse_and_once)
{
    struct arena a;
    char text[10] = "";
    struct note notes[] = {{text, 'a'}, {text, 'b'}, {text, 'c'}};

    arena_init(&a);
    arena_defer(&a, write_note, &notes[0]);
    arena_defer(&a, write_note, &notes[1]);
    arena_reset(&a);
    ck_assert_str_eq(text, "ba");
    arena_defer(&a, write_note, &notes[2]);
    arena_release(&a);
    ck_assert_str_eq(text, "bac");
}
END_TEST

START_TEST(texts_are_copied_and_formatted)
{
    struct arena a;
    char wide[1000];

    arena_init(&a);
    memset(wide, 'w', sizeof(wide) - 1);
    wide[sizeof(wide) - 1] = '\0';
    ck_assert_str_eq(arena_strndup(&a, "shard-000", 5), "shard");
    ck_assert_str_eq(arena_strndup(&a, NULL, 0), "");
    ck_assert_str_eq(arena_printf(&a, "%s-%d", "a", 7), "a-7");
    ck_assert_str_eq(arena_printf(&a, "%s", wide), wide);
    ck_assert_mem_eq(arena_memdup(&a, "a\0b", 3), "a\0b", 3);
    arena_release(&a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("arena");
    TCase *c = tcase_create("arena");

    tcase_add_test(c, memory_is_aligned_and_does_not_overlap);
    tcase_add_test(c, large_and_empty_allocations_work);
    tcase_add_test(c, reset_begins_again_in_the_first_block);
    tcase_add_test(c, deferred_calls_run_in_reverse_and_once);
    tcase_add_test(c, texts_are_copied_and_formatted);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
