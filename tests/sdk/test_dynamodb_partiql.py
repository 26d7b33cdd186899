"""PartiQL in DynamoDB: ExecuteStatement, BatchExecuteStatement, ExecuteTransaction."""

import pytest
from botocore.exceptions import ClientError

MALFORMED = "Statement wasn't well formed, can't be processed: "


@pytest.fixture
def table(client):
    """A table with a partition key `pk`, one with `pk` and `sk`, an index on `kind`; and how to run statements."""
    return Tables(client("dynamodb"))


class Tables:
    def __init__(self, dynamodb):
        self.dynamodb = dynamodb
        dynamodb.create_table(TableName="one", BillingMode="PAY_PER_REQUEST",
                              AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                              KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])
        dynamodb.create_table(
            TableName="two", BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"},
                                  {"AttributeName": "sk", "AttributeType": "N"},
                                  {"AttributeName": "kind", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            GlobalSecondaryIndexes=[{"IndexName": "by-kind",
                                     "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
                                     "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["v"]}}])

    def run(self, statement, *parameters, **more):
        if parameters:
            more["Parameters"] = list(parameters)
        return self.dynamodb.execute_statement(Statement=statement, **more)

    def items(self, statement, *parameters, **more):
        return self.run(statement, *parameters, **more)["Items"]

    def refused(self, statement, *parameters, **more):
        """Code and message."""
        with pytest.raises(ClientError) as failure:
            self.run(statement, *parameters, **more)
        error = failure.value.response["Error"]
        return error["Code"], error["Message"]

    def message(self, statement, *parameters, **more):
        code, message = self.refused(statement, *parameters, **more)
        assert code == "ValidationException"
        return message

    def item(self, pk, table="one"):
        return self.dynamodb.get_item(TableName=table, Key={"pk": {"S": pk}}, ConsistentRead=True).get("Item")

    def fill(self):
        for pk in "ab":
            for sk in range(1, 6):
                self.dynamodb.put_item(TableName="two", Item={
                    "pk": {"S": pk}, "sk": {"N": str(sk)}, "kind": {"S": "odd" if sk % 2 else "even"},
                    "v": {"N": str(sk * 10)}, "m": {"M": {"deep": {"S": f"{pk}{sk}"}}}})


def keys(items):
    return [(item["pk"]["S"], item["sk"]["N"]) for item in items]


# --- what statements do ---

def test_insert_takes_all_types_and_refuses_what_is_there(table):
    assert table.items("""INSERT INTO "one" VALUE {'pk': 'k', 'n': -1.50, 'e': 7.31e6, 'l': [1, 'two', null],
                          'm': {'t': true, "f": false}, 'ss': <<'a', 'b'>>, 'ns': <<1, 2>>, 'q': 'it''s', 'p': ?}""",
                       {"B": b"\x00\xff"}) == []
    assert table.item("k") == {
        "pk": {"S": "k"}, "n": {"N": "-1.5"}, "e": {"N": "7310000"}, "l": {"L": [{"N": "1"}, {"S": "two"}, {"NULL": True}]},
        "m": {"M": {"t": {"BOOL": True}, "f": {"BOOL": False}}}, "ss": {"SS": ["a", "b"]}, "ns": {"NS": ["1", "2"]},
        "q": {"S": "it's"}, "p": {"B": b"\x00\xff"}}
    assert table.refused("INSERT INTO one VALUE {'pk': 'k'}") == (
        "DuplicateItemException", "Duplicate primary key exists in table")


def test_update_sets_removes_and_needs_the_item(table):
    table.run("INSERT INTO one VALUE {'pk': 'k', 'n': 1, 'l': [1], 'gone': 'x', 'm': {'a': 1}}")
    assert table.items("UPDATE one SET n = n + 1, l = list_append(l, [2]) SET m.b = ?, z = if_not_exists(z, 9) "
                       "REMOVE gone WHERE pk = 'k' AND n = 1", {"S": "p"}) == []
    assert table.item("k") == {"pk": {"S": "k"}, "n": {"N": "2"}, "l": {"L": [{"N": "1"}, {"N": "2"}]},
                               "m": {"M": {"a": {"N": "1"}, "b": {"S": "p"}}}, "z": {"N": "9"}}
    for statement in ("UPDATE one SET n = 5 WHERE pk = 'k' AND n = 1", "UPDATE one SET n = 5 WHERE pk = 'none'"):
        assert table.refused(statement)[0] == "ConditionalCheckFailedException"
    assert table.item("none") is None


def test_sets_grow_and_shrink(table):
    table.run("INSERT INTO one VALUE {'pk': 'k', 'ss': <<'a', 'b'>>}")
    table.run("UPDATE one SET ss = SET_ADD(ss, <<'c'>>) SET new = set_add(new, ?) WHERE pk = 'k'", {"NS": ["1"]})
    assert set(table.item("k")["ss"]["SS"]) == {"a", "b", "c"} and table.item("k")["new"] == {"NS": ["1"]}
    table.run("UPDATE one SET ss = set_delete(ss, <<'a', 'b', 'c'>>) WHERE pk = 'k'")
    assert "ss" not in table.item("k")


def test_from_may_come_first(table):
    table.run("INSERT INTO one VALUE {'pk': 'k', 'a': 1}")
    assert table.items("FROM one WHERE pk = 'k' SET c = 2 REMOVE a RETURNING ALL NEW *") == [
        {"pk": {"S": "k"}, "c": {"N": "2"}}]
    assert table.message("FROM one SET c = 1") == (
        "Where clause does not contain a mandatory equality on all key attributes")


def test_delete_is_silent_about_what_is_not_there(table):
    table.run("INSERT INTO one VALUE {'pk': 'k', 'a': 1}")
    assert table.refused("DELETE FROM one WHERE pk = 'k' AND a = 2")[0] == "ConditionalCheckFailedException"
    assert table.items("DELETE FROM one WHERE pk = 'k' AND a = 1 RETURNING ALL OLD *") == [
        {"pk": {"S": "k"}, "a": {"N": "1"}}]
    assert table.items("DELETE FROM one WHERE pk = 'k'") == []
    assert table.message("DELETE FROM two WHERE pk = 'k'") == (
        "Where clause does not contain a mandatory equality on all key attributes")


@pytest.mark.parametrize("clause, expected", [
    ("ALL OLD", {"pk": {"S": "k"}, "a": {"N": "1"}, "b": {"N": "1"}}),
    ("ALL NEW", {"pk": {"S": "k"}, "a": {"N": "2"}, "b": {"N": "1"}}),
    ("MODIFIED OLD", {"a": {"N": "1"}}),
    ("MODIFIED NEW", {"a": {"N": "2"}}),
])
def test_update_returns_what_is_asked_for(table, clause, expected):
    table.run("INSERT INTO one VALUE {'pk': 'k', 'a': 1, 'b': 1}")
    assert table.items(f"UPDATE one SET a = 2 WHERE pk = 'k' RETURNING {clause} *") == [expected]


# --- SELECT ---

def test_select_reads_the_part_that_where_names(table):
    table.fill()
    assert keys(table.items("SELECT * FROM two WHERE pk = 'a' AND sk = 3")) == [("a", "3")]
    assert keys(table.items("SELECT * FROM two WHERE pk = 'a' AND sk BETWEEN 2 AND 4")) == [
        ("a", "2"), ("a", "3"), ("a", "4")]
    assert keys(table.items("SELECT * FROM two WHERE pk = ? AND sk >= ? ORDER BY sk DESC", {"S": "b"}, {"N": "4"})) == [
        ("b", "5"), ("b", "4")]
    assert sorted(keys(table.items("SELECT * FROM two WHERE pk IN ['a', 'b'] AND v = 30"))) == [("a", "3"), ("b", "3")]
    assert sorted(keys(table.items("SELECT * FROM two WHERE v > 40 OR m.deep = 'a1'"))) == [
        ("a", "1"), ("a", "5"), ("b", "5")]
    assert len(table.items("SELECT * FROM two")) == 10


def test_select_names_nested_columns_by_their_last_step(table):
    table.fill()
    assert table.items("SELECT sk, m.deep FROM two WHERE pk = 'a' AND sk = 1") == [
        {"sk": {"N": "1"}, "deep": {"S": "a1"}}]
    assert table.items("SELECT nothing FROM two WHERE pk = 'a' AND sk = 1") == [{}]


def test_select_pages_and_counts_rows_of_the_range(table):
    table.fill()
    statement, found, token = "SELECT * FROM two WHERE pk IN ['b', 'a'] AND v <> 20", [], None
    while True:
        page = table.run(statement, Limit=3, **({"NextToken": token} if token else {}))
        found += keys(page["Items"])
        assert len(page["Items"]) <= 3
        token = page.get("NextToken")
        if not token:
            break
    assert sorted(found) == [(pk, str(sk)) for pk in "ab" for sk in (1, 3, 4, 5)]
    token = table.run(statement, Limit=3)["NextToken"]
    assert table.message("SELECT * FROM two", NextToken=token) == "NextToken does not match request"


@pytest.mark.parametrize("condition, holds", [
    ("attribute_exists(a)", True), ("NOT attribute_exists(a)", False), ("ATTRIBUTE_NOT_EXISTS(b)", True),
    ("attribute_exists(a) = false", False), ("a IS MISSING", False), ("b IS MISSING", True), ("a IS NOT MISSING", True),
    ("nul IS NULL", True), ("a IS NULL", False), ("s IS STRING", True), ("s IS NOT STRING", False), ("size(s) = 3", True),
    ("attribute_type(s, 'S')", True), ("begins_with(s, 'st')", True), ("contains(s, 'tr')", True),
    ("s IN ('x', 'str')", True), ("NOT s IN ['x']", True), ("s NOT IN ['str']", False), ("a BETWEEN 1 AND 5", True),
    ("((a = 5))", True), ("(a = 1 OR (s = 'str' AND a <> 4))", True), ("5 = a", True), ("a != 5", False),
])
def test_conditions(table, condition, holds):
    table.run("INSERT INTO one VALUE {'pk': 'k', 'a': 5, 's': 'str', 'nul': null}")
    assert len(table.items(f"SELECT * FROM one WHERE pk = 'k' AND {condition}")) == holds


def test_select_from_an_index(table):
    table.fill()
    assert sorted(keys(table.items('SELECT * FROM "two"."by-kind" WHERE kind = \'even\' AND v > 20'))) == [
        ("a", "4"), ("b", "4")]
    assert table.message('SELECT m FROM "two"."by-kind" WHERE kind = \'even\'') == (
        "One or more parameter values were invalid: Global secondary index by-kind does not project [m]")
    assert table.message("SELECT pk FROM two.\"by-kind\" WHERE kind = 'even' AND m = 1") == (
        "One or more parameter values were invalid: Secondary index by-kind does not project one or more filter "
        "attributes: [m]")
    assert table.message('SELECT * FROM "two"."none" WHERE kind = 1') == "The table does not have the specified index"
    assert table.message('SELECT * FROM "two"."by-kind" WHERE kind = \'x\'', ConsistentRead=True) == (
        "Strongly consistent read is not supported on Global Secondary Indexes")


def test_comments_and_case_do_not_matter(table):
    table.run("-- first\ninsert into \"one\" value {'pk': 'k'} /* done */;")
    assert table.items("select * from one -- a note\nwhere /* here */ pk = 'k'") == [{"pk": {"S": "k"}}]


def test_capacity_is_counted_as_for_other_reads_and_writes(table):
    table.run("INSERT INTO one VALUE {'pk': 'k'}")
    got = table.run("SELECT * FROM one WHERE pk = 'k'", ReturnConsumedCapacity="TOTAL")
    assert got["ConsumedCapacity"] == {"TableName": "one", "CapacityUnits": 0.5}
    put = table.run("INSERT INTO one VALUE {'pk': 'l'}", ReturnConsumedCapacity="TOTAL")
    assert put["ConsumedCapacity"] == {"TableName": "one", "CapacityUnits": 1.0}


# --- what is refused ---

@pytest.mark.parametrize("statement, message", [
    ("SELECTT * FROM one", MALFORMED + "Expected data manipulation"),
    ("SELECT * FROM one WHERE pk = 'k' foo", MALFORMED + "Unexpected token after expression"),
    ("DELETE FROM one WHERE pk = 'k' ORDER BY pk", MALFORMED + "Unexpected token after expression"),
    ("SELECT * FROM one WHERE", MALFORMED + "Unexpected term"),
    ("SELECT * FROM one WHERE pk = 'k' AND", MALFORMED + "Missing right-hand side expression of infix operator"),
    ("SELECT * FROM one WHERE ORDER BY pk", MALFORMED + "Unexpected keyword"),
    ("SELECT * FROM one WHERE IS NULL", MALFORMED + "Unexpected operator"),
    ("SELECT * FROM one WHERE pk = 'k' AND x IS FOO", MALFORMED + "Expected type name"),
    ("SELECT * FROM one WHERE attribute_exists(m.inner)", MALFORMED + "Invalid path dot component"),
    ("SELECT * FROM one WHERE pk = 1e2147483648", MALFORMED),
    ("SELECT * FROM one WHERE pk = 'k' # note", MALFORMED),
    ("SELECT * FROM one WHERE pk = 'k' /* note", MALFORMED),
    ("SELECT * FROM \"one", MALFORMED),
    ("DELETE FROM WHERE pk = 'k'", MALFORMED + "Expected identifier for simple path"),
    ("SELECT * FROM one t WHERE pk = 'k'", "Aliasing is not supported"),
    ("UPDATE one AS t SET a = 1 WHERE pk = 'k'", "Aliasing is not supported"),
    ("SELECT * FROM \"\" WHERE pk = 'k'", "Path component cannot be an empty string"),
    ("SELECT * FROM a.b.c", "A path may contain at most 2 components in the FROM clause"),
    ("SELECT COUNT(*) FROM one", "Unexpected path component at 1:8:5"),
    ("SELECT * FROM one WHERE f(a) = 1", "Unrecognized function: f at 1:25:1"),
    ("SELECT * FROM one WHERE attribute_exists('a')",
     "Operator or function requires a document path; operator or function: attribute_exists"),
    ("SELECT * FROM one WHERE attribute_exists()", "Incorrect number of operands for operator or function; operator or "
     "function: attribute_exists, number of operands: 0"),
    ("SELECT * FROM one WHERE a < true",
     "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL"),
    ("SELECT * FROM none WHERE a < true",
     "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL"),
    ("INSERT INTO one VALUE {'pk': 'k', 'l': [1, {'x': 1e126}]}", "Number overflow. Attempting to store a number with "
     "magnitude larger than supported range under root[1].x"),
    ("INSERT INTO one VALUE {'pk': 'k', 's': <<>>}", "Empty bags are not supported"),
    ("UPDATE one SET a = set_add(b, <<'x'>>) WHERE pk = 'k'",
     "The first argument to SET_ADD must equal the assignment value at 1:20:7"),
    ("UPDATE one SET a = set_add(a, 'x') WHERE pk = 'k'",
     "The second argument to SET_ADD must be a value with type SET at 1:28:1"),
    ("UPDATE one SET a = set_delete(a) WHERE pk = 'k'", "SET_DELETE must have exactly two arguments at 1:20:10"),
    ("DELETE FROM one WHERE pk = 'k' RETURNING MODIFIED OLD *", "Invalid returning clause: RETURNING MODIFIED OLD *. Only "
     "RETURNING ALL OLD * is allowed in DELETE statements."),
    ("SELECT * FROM one WHERE pk = ?", "Number of parameters in request and statement don't match."),
])
def test_refusals(table, statement, message):
    assert table.message(statement) == message


def test_an_unknown_table(table):
    assert table.refused("SELECT * FROM none WHERE pk = 'k'") == (
        "ResourceNotFoundException", "Requested resource not found")


def test_deep_statements_end(table):
    for statement in ("SELECT * FROM one WHERE " + "(" * 4000 + "a = 1", "SELECT * FROM one WHERE " + "NOT " * 1500 + "a = 1",
                      "INSERT INTO one VALUE {'pk': 'k', 'a': " + "[" * 4000):
        assert table.refused(statement)[0] == "ValidationException"


# --- many at once ---

def test_batch_reads_and_writes_fail_one_by_one(table):
    table.run("INSERT INTO one VALUE {'pk': 'k', 'a': 1}")
    got = table.dynamodb.batch_execute_statement(ReturnConsumedCapacity="TOTAL", Statements=[
        {"Statement": "SELECT * FROM one WHERE pk = 'k'"},
        {"Statement": "SELECT a FROM one WHERE pk = ?", "Parameters": [{"S": "none"}]},
        {"Statement": "SELECT * FROM nowhere WHERE pk = 'k'"},
        {"Statement": "SLECT"},
        {"Statement": "SELECT * FROM one WHERE a = 1"}])
    assert got["Responses"] == [
        {"TableName": "one", "Item": {"pk": {"S": "k"}, "a": {"N": "1"}}},
        {"TableName": "one"},
        {"TableName": "nowhere", "Error": {"Code": "ResourceNotFound", "Message": "Requested resource not found"}},
        {"Error": {"Code": "ValidationError", "Message": MALFORMED + "Expected data manipulation"}},
        {"Error": {"Code": "ValidationError", "Message": "Select statements within BatchExecuteStatement must specify the "
                   "primary key in the where clause."}}]
    assert got["ConsumedCapacity"] == [{"TableName": "one", "CapacityUnits": 1.0}]
    got = table.dynamodb.batch_execute_statement(Statements=[
        {"Statement": "INSERT INTO one VALUE {'pk': 'k'}"},
        {"Statement": "UPDATE one SET a = 2 WHERE pk = 'l'"},
        {"Statement": "INSERT INTO one VALUE {'pk': 'new'}"}])
    assert [r.get("Error", {}).get("Code") for r in got["Responses"]] == [
        "DuplicateItem", "ConditionalCheckFailed", None]
    assert table.item("new")


@pytest.mark.parametrize("statements, message", [
    (["SELECT * FROM one WHERE pk = 'a'", "DELETE FROM one WHERE pk = 'b'"],
     "Read and write requests together in the same batch is not supported."),
    (["DELETE FROM one WHERE pk = 'a'", "UPDATE one SET x = 1 WHERE pk = 'a'"],
     "Provided list of item keys contains duplicates"),
])
def test_batches_that_are_refused_as_a_whole(table, statements, message):
    with pytest.raises(ClientError) as failure:
        table.dynamodb.batch_execute_statement(Statements=[{"Statement": s} for s in statements])
    assert failure.value.response["Error"]["Message"] == message


def transact(table, *statements, **more):
    return table.dynamodb.execute_transaction(TransactStatements=[{"Statement": s} for s in statements], **more)


def test_a_transaction_happens_as_a_whole(table):
    table.run("INSERT INTO one VALUE {'pk': 'k', 'n': 0}")
    table.run("INSERT INTO one VALUE {'pk': 'm'}")
    got = transact(table, "INSERT INTO one VALUE {'pk': 'l'}", "UPDATE one SET n = n + 1 WHERE pk = 'k'",
                   "EXISTS(SELECT * FROM one WHERE pk = 'm' AND attribute_not_exists(gone))")
    assert got["Responses"] == [] and table.item("k")["n"] == {"N": "1"}
    with pytest.raises(ClientError) as failure:
        transact(table, "UPDATE one SET n = n + 1 WHERE pk = 'k'", "INSERT INTO one VALUE {'pk': 'l'}")
    assert failure.value.response["Error"]["Message"].endswith("[None, DuplicateItem]")
    assert failure.value.response["CancellationReasons"][1] == {
        "Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}
    assert table.item("k")["n"] == {"N": "1"}
    got = transact(table, "SELECT n FROM one WHERE pk = 'k'", "SELECT * FROM one WHERE pk = 'none'")
    assert got["Responses"] == [{"Item": {"n": {"N": "1"}}}, {}]


def test_a_repeated_transaction_is_done_once(table):
    table.run("INSERT INTO one VALUE {'pk': 'k', 'n': 0}")
    for _ in range(2):
        transact(table, "UPDATE one SET n = n + 1 WHERE pk = 'k'", ClientRequestToken="the-same-token")
    assert table.item("k")["n"] == {"N": "1"}


@pytest.mark.parametrize("statements, message", [
    (["SELECT * FROM one WHERE"], "Validation failed in TransactStatements[0]: " + MALFORMED + "Unexpected term"),
    (["UPDATE one SET a = 1 WHERE pk = 'k' RETURNING ALL NEW *"],
     "Validation failed in TransactStatements[0]: RETURNING clause is not supported in ExecuteTransaction."),
    (["SELECT * FROM two.\"by-kind\" WHERE kind = 'x'"],
     "Validation failed in TransactStatements[0]: Reads on indices are not supported within transactions."),
    (["SELECT * FROM one WHERE pk = 'k' AND a = 1"], "Validation failed in TransactStatements[0]: Select statements within "
     "ExecuteTransaction must specify the primary key in the where clause."),
    (["EXISTS(SELECT * FROM one WHERE pk = 'k')", "DELETE FROM one WHERE pk = 'l'"], "Validation failed in "
     "TransactStatements[0]: EXISTS() must contain a single item read with additional condition"),
    (["SELECT * FROM one WHERE pk = 'k'", "DELETE FROM one WHERE pk = 'l'"],
     "ExecuteTransaction API does not support both read and write operations in the same request."),
])
def test_transactions_that_are_refused(table, statements, message):
    with pytest.raises(ClientError) as failure:
        transact(table, *statements)
    assert failure.value.response["Error"]["Code"] == "ValidationException"
    assert failure.value.response["Error"]["Message"] == message
