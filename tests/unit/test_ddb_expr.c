#include "handlers/dynamodb/expr.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static struct arena arena;
static struct ddb_item item;
static struct ddb_item values;
static struct ddb_names names;

static struct dynamodb_ExpressionAttributeNameMap_entry entries[] = {{"#s", "status"}, {"#m", "m"}};
static const struct dynamodb_ExpressionAttributeNameMap map = {entries, ARRAY_LEN(entries)};

static struct ddb_item parsed(const char *json)
{
    struct ddb_item out;

    ck_assert_msg(ddb_item_parse(ddb_text_of(json), &arena, &out), "%s", json);
    return out;
}

static void setup(void)
{
    arena_init(&arena);
    item = parsed("{\"n\":{\"N\":\"5\"},\"t\":{\"S\":\"text\"},\"e\":{\"S\":\"\"},\"u\":{\"S\":"
                  "\"\xf0\x9f\x98\x80\"},"
                  "\"l\":{\"L\":[{\"N\":\"0\"},{\"N\":\"1\"},{\"N\":\"2\"},{\"N\":\"3\"}]},\"ss\":{"
                  "\"SS\":[\"a\",\"b\"]},"
                  "\"m\":{\"M\":{\"k\":{\"S\":\"v\"},\"d\":{\"L\":[{\"M\":{\"x\":{\"N\":\"1\"},"
                  "\"y\":{\"N\":\"2\"}}}]}}},"
                  "\"status\":{\"BOOL\":true},\"z\":{\"NULL\":true}}");
    values = parsed("{\":n\":{\"N\":\"5\"},\":one\":{\"N\":\"1\"},\":t\":{\"S\":\"te\"},\":l\":{"
                    "\"L\":[{\"N\":\"9\"}]},"
                    "\":ss\":{\"SS\":[\"b\",\"c\"]},\":S\":{\"S\":\"S\"},\":b\":{\"B\":\"AA==\"},"
                    "\":true\":{\"BOOL\":true},"
                    "\":m\":{\"M\":{}}}");
    ck_assert_ptr_null(ddb_names_init(&names, &arena, &map, &values));
}

static void teardown(void)
{
    arena_release(&arena);
}

START_TEST(conditions_hold_or_not)
{
    static const struct {
        const char *text;
        bool holds;
    } cases[] = {
        {"n = :n", true},
        {"n <> :n", false},
        {"n < :n", false},
        {"n <= :n AND n >= :n", true},
        {"n between :one AND :n", true},
        {"n IN (:one, :t, :n)", true},
        {"n = :t", false},
        {"n <> :t", true},
        {"nope = :n", false},
        {"nope < :n", false},
        {"nope <> :n", true},
        {"nope = nope2", false},
        {"nope <> nope2", true},
        {"NOT nope = :n", true},
        {"attribute_exists(m.k) AND attribute_not_exists(m.q)", true},
        {"attribute_type(t, :S)", true},
        {"attribute_type(n, :S)", false},
        {"begins_with(t, :t)", true},
        {"begins_with(n, :t)", false},
        {"contains(ss, :S) OR contains(t, :t)", true},
        {"contains(l, :one)", true},
        {"contains(n, :n)", false},
        {"size(l) > :one", true},
        {"size(u) = :one", false},
        {"size(e) < :one", true},
        {"size(nope) < :one", false},
        {"#s = :true", true},
        {"#m.d[0].x = :one", true},
        {"(m.d)[0].x = :one", true},
        {"n = :n AND (t = :t OR (l[1] = :one AND NOT z = :n))", true},
        {"n = :one OR n = :n AND t = :t", false},
        {"(n = :one OR n = :n) AND begins_with(t, :t)", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ddb_expr *e;
        const char *problem = ddb_condition_parse(&names, cases[i].text, &e);
        ck_assert_msg(problem == NULL, "%s: %s", cases[i].text, problem);
        ck_assert_msg(ddb_condition_holds(e, &item, &arena) == cases[i].holds, "%s", cases[i].text);
    }
}
END_TEST

START_TEST(bad_conditions_are_told_in_aws_s_words)
{
    static const char *const cases[][2] = {
        {"", "The expression can not be empty;"},
        {"a", "Syntax error; token: \"<EOF>\", near: \"a\""},
        {"a = ", "Syntax error; token: \"<EOF>\", near: \"=\""},
        {"a = = :n", "Syntax error; token: \"=\", near: \"= = :n\""},
        {"a !!! :n", "Syntax error; token: \"!\", near: \"a !!\""},
        {"first-name = :n", "Syntax error; token: \"-\", near: \"first-name\""},
        {"a = :n and", "Syntax error; token: \"<EOF>\", near: \"and\""},
        {"a = :n b", "Syntax error; token: \"b\", near: \":n b\""},
        {"(a = :n", "Syntax error; token: \"<EOF>\", near: \":n\""},
        {"a = :", "Syntax error; token: \":\", near: \"= :\""},
        {"((a = :n))", "The expression has redundant parentheses;"},
        {"status = :n", "Attribute name is a reserved keyword; reserved keyword: status"},
        {"foo(a)", "Invalid function name; function: foo"},
        {"size(a)",
         "The function is not allowed to be used this way in an expression; function: size"},
        {"a = begins_with(a, :t)",
         "The function is not allowed to be used this way in an expression; function: begins_with"},
        {"contains(a)",
         "Incorrect number of operands for operator or function; operator or function: contains, "
         "number of operands: 1"},
        {"contains(a, a)",
         "The first operand must be distinct from the remaining operands for this operator or "
         "function; operator: contains, first operand: [a]"},
        {"l[0] = l[0]",
         "The first operand must be distinct from the remaining operands for this operator or "
         "function; operator: =, first operand: [l, [0]]"},
        {"attribute_exists(:n)",
         "Operator or function requires a document path; operator or function: attribute_exists"},
        {"begins_with(a, :n)",
         "Incorrect operand type for operator or function; operator or function: begins_with, "
         "operand type: N"},
        {"attribute_type(a, :t)", "Invalid attribute type name found; type: te, valid types: "
                                  "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}"},
        {"a BETWEEN :n AND :t",
         "The BETWEEN operator requires same data type for lower and upper bounds; lower bound "
         "operand: AttributeValue: {N:5}, upper bound operand: AttributeValue: {S:te}"},
        {"a BETWEEN :n AND :one",
         "The BETWEEN operator requires upper bound to be greater than or equal to lower "
         "bound; lower bound operand: AttributeValue: {N:5}, upper bound operand: "
         "AttributeValue: {N:1}"},
        {"#x = :n", "An expression attribute name used in the document path is not defined; "
                    "attribute name: #x"},
        {"a = :x",
         "An expression attribute value used in expression is not defined; attribute value: :x"},
        {":x = #x",
         "An expression attribute value used in expression is not defined; attribute value: :x"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ddb_expr *e;
        const char *problem = ddb_condition_parse(&names, cases[i][0], &e);
        ck_assert_msg(problem != NULL, "%s", cases[i][0]);
        ck_assert_str_eq(problem, cases[i][1]);
    }
}
END_TEST

START_TEST(updates_read_the_old_item)
{
    static const char *const cases[][3] = {
        {"SET n = n + :one, a = n", "n", "{\"N\":\"6\"}"},
        {"SET n = n + :one, a = n", "a", "{\"N\":\"5\"}"},
        {"SET n = (n - :one)", "n", "{\"N\":\"4\"}"},
        {"SET q = if_not_exists(q, :one) + :one", "q", "{\"N\":\"2\"}"},
        {"SET q = if_not_exists(n, :one)", "q", "{\"N\":\"5\"}"},
        {"SET l = list_append(:l, l)", "l",
         "{\"L\":[{\"N\":\"9\"},{\"N\":\"0\"},{\"N\":\"1\"},{\"N\":\"2\"},{\"N\":\"3\"}]}"},
        {"REMOVE l[1] SET l[3] = :n", "l", "{\"L\":[{\"N\":\"0\"},{\"N\":\"2\"},{\"N\":\"5\"}]}"},
        {"SET l[20] = :n, l[10] = :one", "l",
         "{\"L\":[{\"N\":\"0\"},{\"N\":\"1\"},{\"N\":\"2\"},{\"N\":\"3\"},{\"N\":\"1\"},{\"N\":"
         "\"5\"}]}"},
        {"REMOVE l[0], l[2], l[9]", "l", "{\"L\":[{\"N\":\"1\"},{\"N\":\"3\"}]}"},
        {"SET m.d[0].x = l[2] REMOVE m.k", "m",
         "{\"M\":{\"d\":{\"L\":[{\"M\":{\"x\":{\"N\":\"2\"},\"y\":{\"N\":\"2\"}}}]}}}"},
        {"ADD n :one, ss :ss, fresh :ss", "ss", "{\"SS\":[\"a\",\"b\",\"c\"]}"},
        {"ADD n :one, ss :ss, fresh :ss", "fresh", "{\"SS\":[\"b\",\"c\"]}"},
        {"DELETE ss :ss", "ss", "{\"SS\":[\"a\"]}"},
        {"DELETE nope :ss set t = :t", "t", "{\"S\":\"te\"}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct strbuf text = STRBUF_INIT(1 << 16);
        struct ddb_update update;
        struct ddb_item after;
        const char *problem = ddb_update_parse(&names, cases[i][0], &update);
        ck_assert_msg(problem == NULL, "%s: %s", cases[i][0], problem);
        problem = ddb_update_apply(&update, &item, &arena, &after);
        ck_assert_msg(problem == NULL, "%s: %s", cases[i][0], problem);
        const struct ddb_value *v = ddb_item_find(&after, ddb_text_of(cases[i][1]));
        ck_assert_ptr_nonnull(v);
        ddb_value_write(&text, v);
        ck_assert_str_eq(text.data, cases[i][2]);
        strbuf_release(&text);
    }
    ck_assert_int_eq(item.count, 9); /* the old item is as it was */
}
END_TEST

START_TEST(bad_updates_are_told_in_aws_s_words)
{
    static const char *const cases[][2] = {
        {"SET a = :n,", "Syntax error; token: \"<EOF>\", near: \",\""},
        {"SET a = :n SET b = :n",
         "The \"SET\" section can only be used once in an update expression;"},
        {"NONSENSE a", "Syntax error; token: \"NONSENSE\", near: \"NONSENSE a\""},
        {"ADD hits : incr", "Syntax error; token: \":\", near: \"hits : incr\""},
        {"SET a = :n, a = :n",
         "Two document paths overlap with each other; must remove or rewrite one of these paths; "
         "path one: [a], path two: [a]"},
        {"SET a.b = :n, a[0] = :n",
         "Two document paths conflict with each other; must remove or rewrite one of these "
         "paths; path one: [a, b], path two: [a, [0]]"},
        {"ADD a :t", "Incorrect operand type for operator or function; operator: ADD, operand "
                     "type: STRING, typeSet: "
                     "ALLOWED_FOR_ADD_OPERAND"},
        {"DELETE a :n",
         "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, "
         "typeSet: ALLOWED_FOR_DELETE_OPERAND"},
        {"SET a = list_append(a, :t)",
         "Incorrect operand type for operator or function; operator or function: "
         "list_append, operand type: S"},
        {"SET a = :t + :n",
         "Incorrect operand type for operator or function; operator or function: +, operand type: "
         "S"},
        {"SET a = size(b)", "Invalid function name; function: size"},
        {"SET a = if_not_exists(:n, :n)",
         "Operator or function requires a document path; operator or function: "
         "if_not_exists"},
        {"SET a = if_not_exists(b)",
         "Incorrect number of operands for operator or function; operator or function: "
         "if_not_exists, number of operands: 1"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ddb_update update;
        const char *problem = ddb_update_parse(&names, cases[i][0], &update);
        ck_assert_msg(problem != NULL, "%s", cases[i][0]);
        ck_assert_str_eq(problem, cases[i][1]);
    }
}
END_TEST

START_TEST(updates_that_do_not_fit_the_item_fail)
{
    static const char *const cases[][2] = {
        {"SET q.a = :n",
         "The document path provided in the update expression is invalid for update"},
        {"SET n.a = :n",
         "The document path provided in the update expression is invalid for update"},
        {"REMOVE m.k.x",
         "The document path provided in the update expression is invalid for update"},
        {"SET l.a = :n",
         "The document path provided in the update expression is invalid for update"},
        {"SET a = q",
         "The provided expression refers to an attribute that does not exist in the item"},
        {"SET a = t + :n", "An operand in the update expression has an incorrect data type"},
        {"ADD t :n", "An operand in the update expression has an incorrect data type"},
        {"DELETE n :ss", "An operand in the update expression has an incorrect data type"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ddb_update update;
        struct ddb_item after;
        ck_assert_ptr_null(ddb_update_parse(&names, cases[i][0], &update));
        ck_assert_str_eq(ddb_update_apply(&update, &item, &arena, &after), cases[i][1]);
    }
}
END_TEST

START_TEST(projections_keep_what_is_named)
{
    static const char *const cases[][2] = {
        {"n, q", "{\"n\":{\"N\":\"5\"}}"},
        {"l[2], l[0]", "{\"l\":{\"L\":[{\"N\":\"0\"},{\"N\":\"2\"}]}}"},
        {"m.d[0].y, #m.k",
         "{\"m\":{\"M\":{\"d\":{\"L\":[{\"M\":{\"y\":{\"N\":\"2\"}}}]},\"k\":{\"S\":\"v\"}}}}"},
        {"m.d[0].x, m.d[0].y",
         "{\"m\":{\"M\":{\"d\":{\"L\":[{\"M\":{\"x\":{\"N\":\"1\"},\"y\":{\"N\":\"2\"}}}]}}}}"},
        {"m.q, l[9], n.x", "{}"},
        {"#s", "{\"status\":{\"BOOL\":true}}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct strbuf text = STRBUF_INIT(1 << 16);
        struct ddb_paths paths;
        const char *problem = ddb_projection_parse(&names, cases[i][0], &paths);
        ck_assert_msg(problem == NULL, "%s: %s", cases[i][0], problem);
        struct ddb_item part = ddb_project(&paths, &item, &arena);
        ddb_members_write(&text, part.members, part.count);
        ck_assert_str_eq(text.data, cases[i][1]);
        strbuf_release(&text);
    }
}
END_TEST

START_TEST(limits_bound_the_work)
{
    struct ddb_expr *e;
    char *deep = ARENA_ARRAY(&arena, char, 4097);
    char *wide = ARENA_ARRAY(&arena, char, 6000);

    memset(deep, '(', 2000);
    memcpy(deep + 2000, "n = :n", 6);
    memset(deep + 2006, ')', 2000);
    ck_assert_ptr_nonnull(ddb_condition_parse(&names, deep, &e));
    memset(wide, 'a', 4097);
    ck_assert_str_eq(
        ddb_condition_parse(&names, wide, &e),
        "Expression size has exceeded the maximum allowed size; expression size: 4097");
    const char *chain = "n = :n";
    for (int i = 0; i < 200; i++)
        chain = arena_printf(&arena, "%s or n=:n", chain);
    ck_assert_str_eq(ddb_condition_parse(&names, chain, &e),
                     "The expression contains too many operators; operator count: 301");
}
END_TEST

START_TEST(unused_placeholders_are_told)
{
    struct ddb_expr *e;

    ck_assert_ptr_null(ddb_condition_parse(&names, "#s = :n AND a = :one", &e));
    ck_assert_str_eq(
        ddb_names_unused(&names),
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#m}");
    ck_assert(ddb_is_reserved(ddb_text_of("Status")));
    ck_assert(!ddb_is_reserved(ddb_text_of("pk")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ddb_expr");
    TCase *tests = tcase_create("all");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, conditions_hold_or_not);
    tcase_add_test(tests, bad_conditions_are_told_in_aws_s_words);
    tcase_add_test(tests, updates_read_the_old_item);
    tcase_add_test(tests, bad_updates_are_told_in_aws_s_words);
    tcase_add_test(tests, updates_that_do_not_fit_the_item_fail);
    tcase_add_test(tests, projections_keep_what_is_named);
    tcase_add_test(tests, limits_bound_the_work);
    tcase_add_test(tests, unused_placeholders_are_told);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
