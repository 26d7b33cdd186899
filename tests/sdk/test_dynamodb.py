"""DynamoDB through boto3: tables, items, expressions, indexes, transactions."""

import json
import random
import threading
import zlib
from decimal import Decimal

import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from botocore.exceptions import ClientError

NUMBER_38 = Decimal("12345678901234567890123456789012345678")


def schema(hash_name, hash_type="S", range_name=None, range_type="S"):
    keys = [{"AttributeName": hash_name, "KeyType": "HASH"}]
    attributes = [{"AttributeName": hash_name, "AttributeType": hash_type}]
    if range_name:
        keys.append({"AttributeName": range_name, "KeyType": "RANGE"})
        attributes.append({"AttributeName": range_name, "AttributeType": range_type})
    return {"KeySchema": keys, "AttributeDefinitions": attributes}


@pytest.fixture
def dynamodb(client):
    return client("dynamodb")


@pytest.fixture
def table(resource):
    return resource("dynamodb").create_table(
        TableName="things", BillingMode="PAY_PER_REQUEST", **schema("pk", "S", "sk", "N"))


@pytest.fixture
def simple(resource):
    return resource("dynamodb").create_table(TableName="simple", BillingMode="PAY_PER_REQUEST", **schema("pk"))


@pytest.fixture
def indexed(resource):
    definition = schema("pk", "S", "sk", "N")
    definition["AttributeDefinitions"] += [{"AttributeName": "g", "AttributeType": "S"},
                                           {"AttributeName": "l", "AttributeType": "N"}]
    return resource("dynamodb").create_table(
        TableName="indexed", BillingMode="PAY_PER_REQUEST", **definition,
        GlobalSecondaryIndexes=[
            {"IndexName": "by_g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"},
                                                {"AttributeName": "l", "KeyType": "RANGE"}],
             "Projection": {"ProjectionType": "ALL"}},
            {"IndexName": "keys_only", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
             "Projection": {"ProjectionType": "KEYS_ONLY"}}],
        LocalSecondaryIndexes=[
            {"IndexName": "by_l", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"},
                                                {"AttributeName": "l", "KeyType": "RANGE"}],
             "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x"]}}])


def refused(call, *arguments, **keywords):
    """The error's code and message."""
    with pytest.raises(ClientError) as e:
        call(*arguments, **keywords)
    return e.value.response["Error"]["Code"], e.value.response["Error"]["Message"]


def paged(call, **keywords):
    items = []
    while True:
        page = call(**keywords)
        items += page["Items"]
        if "LastEvaluatedKey" not in page:
            return items
        keywords["ExclusiveStartKey"] = page["LastEvaluatedKey"]


# --- tables ---


def test_table_life(dynamodb, account):
    made = dynamodb.create_table(TableName="t-one", BillingMode="PROVISIONED",
                                 ProvisionedThroughput={"ReadCapacityUnits": 3, "WriteCapacityUnits": 4},
                                 Tags=[{"Key": "k", "Value": "v"}], DeletionProtectionEnabled=True,
                                 **schema("pk"))["TableDescription"]
    assert made["TableStatus"] == "CREATING"
    assert made["TableArn"] == f"arn:aws:dynamodb:us-east-1:{account}:table/t-one"
    dynamodb.get_waiter("table_exists").wait(TableName="t-one")
    seen = dynamodb.describe_table(TableName="t-one")["Table"]
    assert seen["TableStatus"] == "ACTIVE" and seen["ItemCount"] == 0
    assert seen["ProvisionedThroughput"]["ReadCapacityUnits"] == 3
    assert seen["TableId"] == made["TableId"]
    assert refused(dynamodb.create_table, TableName="t-one", BillingMode="PAY_PER_REQUEST", **schema("pk")) == (
        "ResourceInUseException", "Table already exists: t-one")
    assert refused(dynamodb.delete_table, TableName="t-one")[0] == "ValidationException"
    assert dynamodb.list_tables()["TableNames"] == ["t-one"]


def test_delete_table_removes_items(dynamodb, simple):
    simple.put_item(Item={"pk": "a"})
    assert dynamodb.delete_table(TableName="simple")["TableDescription"]["TableStatus"] == "DELETING"
    assert refused(dynamodb.describe_table, TableName="simple") == (
        "ResourceNotFoundException", "Requested resource not found: Table: simple not found")
    assert refused(simple.get_item, Key={"pk": "a"}) == ("ResourceNotFoundException", "Requested resource not found")
    dynamodb.create_table(TableName="simple", BillingMode="PAY_PER_REQUEST", **schema("pk"))
    assert "Item" not in simple.get_item(Key={"pk": "a"})


def test_list_tables_pages(dynamodb):
    for i in range(5):
        dynamodb.create_table(TableName=f"table-{i}", BillingMode="PAY_PER_REQUEST", **schema("pk"))
    first = dynamodb.list_tables(Limit=2)
    assert first == first | {"TableNames": ["table-0", "table-1"], "LastEvaluatedTableName": "table-1"}
    rest = dynamodb.list_tables(ExclusiveStartTableName="table-1")
    assert rest["TableNames"] == ["table-2", "table-3", "table-4"] and "LastEvaluatedTableName" not in rest


@pytest.mark.parametrize("change, message", [
    ({"BillingMode": "PROVISIONED"}, "One or more parameter values were invalid: ReadCapacityUnits and "
     "WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"),
    ({"KeySchema": [{"AttributeName": "pk", "KeyType": "RANGE"}]},
     "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"),
    ({"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "x", "AttributeType": "S"}]},
     "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of "
     "attributes defined in AttributeDefinitions"),
    ({"LocalSecondaryIndexes": [{"IndexName": "abc", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                                 "Projection": {"ProjectionType": "ALL"}}]},
     "One or more parameter values were invalid: Table KeySchema does not have a range key, which is required when "
     "specifying a LocalSecondaryIndex"),
])
def test_bad_tables_are_refused(dynamodb, change, message):
    definition = {"BillingMode": "PAY_PER_REQUEST"} | schema("pk") | change
    assert refused(dynamodb.create_table, TableName="bad", **definition) == ("ValidationException", message)
    assert dynamodb.list_tables()["TableNames"] == []


def test_accounts_and_regions_are_apart(client, account, endpoint):
    import boto3
    client("dynamodb").create_table(TableName="mine", BillingMode="PAY_PER_REQUEST", **schema("pk"))
    for other, region in ((account, "eu-west-1"), ("999999999999", "us-east-1")):
        there = boto3.client("dynamodb", endpoint_url=endpoint, region_name=region, aws_access_key_id=other,
                             aws_secret_access_key="x")
        assert "mine" not in there.list_tables()["TableNames"]


# --- items ---


def test_all_types_come_back(table):
    item = {
        "pk": "x", "sk": Decimal(1), "n": NUMBER_38, "small": Decimal("-1.5E-130"), "large": Decimal("9.9E+36"),
        "b": Binary(bytes(range(256))), "ss": {"a", "b"}, "ns": {Decimal("1"), Decimal("2.5")},
        "bs": {Binary(b"1"), Binary(b"2")}, "m": {"l": [1, "two", None, True, {"deep": [Decimal("0.1")]}]},
        "empty": "", "ü": "\u0000\U0001f600",
    }
    table.put_item(Item=item)
    back = table.get_item(Key={"pk": "x", "sk": 1}, ConsistentRead=True)["Item"]
    assert back == item
    assert "Item" not in table.get_item(Key={"pk": "x", "sk": 2})


def test_numbers_are_normalised(dynamodb, table):
    for text, canonical in (("1e3", "1000"), ("3.140", "3.14"), ("-0", "0"), ("0001.23", "1.23"), ("+3", "3")):
        dynamodb.put_item(TableName="things", Item={"pk": {"S": "n"}, "sk": {"N": "7"}, "v": {"N": text}})
        assert dynamodb.get_item(TableName="things", Key={"pk": {"S": "n"}, "sk": {"N": "7.0"}})["Item"]["v"] == {"N": canonical}


@pytest.mark.parametrize("value, message", [
    ({"N": "NaN"}, "The parameter cannot be converted to a numeric value: NaN"),
    ({"N": "1e126"}, "Number overflow. Attempting to store a number with magnitude larger than supported range"),
    ({"N": "1e-131"}, "Number underflow. Attempting to store a number with magnitude smaller than supported range"),
    ({"N": "123456789012345678901234567890123456789"}, "Attempting to store more than 38 significant digits in a Number"),
    ({"SS": []}, "1 validation error detected: One or more parameter values were invalid: An string set  may not be empty"),
    ({"NULL": False}, "One or more parameter values were invalid: Null attribute value types must have the value of true"),
    ({"NS": ["1", "1.0"]}, "1 validation error detected: Input collection contains duplicates"),
    ({"S": "x" * 409600}, "Item size has exceeded the maximum allowed size"),
])
def test_bad_values_are_refused(dynamodb, simple, value, message):
    assert refused(dynamodb.put_item, TableName="simple", Item={"pk": {"S": "k"}, "v": value}) == (
        "ValidationException", message)
    assert "Item" not in dynamodb.get_item(TableName="simple", Key={"pk": {"S": "k"}})


def test_the_largest_item_fits(simple):
    item = {"pk": "k", "v": "x" * (409600 - 4)}
    simple.put_item(Item=item)
    assert simple.get_item(Key={"pk": "k"})["Item"] == item


@pytest.mark.parametrize("key, message", [
    ({"pk": "a"}, "The provided key element does not match the schema"),
    ({"pk": "a", "sk": "1"}, "The provided key element does not match the schema"),
    ({"pk": "a", "sk": 1, "x": 1}, "The provided key element does not match the schema"),
    ({"pk": "", "sk": 1}, "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
                          "contain an empty string value. Key: pk"),
    ({"pk": "x" * 2049, "sk": 1}, "One or more parameter values were invalid: Size of hashkey has exceeded the maximum "
                                  "size limit of2048 bytes"),
])
def test_bad_keys_are_refused(table, key, message):
    assert refused(table.get_item, Key=key) == ("ValidationException", message)


def test_put_checks_its_keys(table):
    invalid = "One or more parameter values were invalid: "
    assert refused(table.put_item, Item={"pk": "a"})[1] == invalid + "Missing the key sk in the item"
    assert refused(table.put_item, Item={"pk": 1, "sk": 1})[1] == (
        invalid + "Type mismatch for key pk expected: S actual: N")


def test_faults_of_expressions_are_counted_as_aws_does(simple):
    counted = "1 validation error detected: "
    assert refused(simple.delete_item, Key={"pk": "a"}, ConditionExpression="attribute_not_exists(b)",
                   ExpressionAttributeNames={"#count": "count"})[1] == (
        counted + "Value provided in ExpressionAttributeNames unused in expressions: keys: {#count}")
    assert refused(simple.update_item, Key={"pk": "a"}, UpdateExpression="SET x = :s",
                   ExpressionAttributeValues={":s": set()})[1] == (
        counted + "One or more parameter values were invalid: An number set  may not be empty")


def test_return_values(table):
    assert "Attributes" not in table.put_item(Item={"pk": "a", "sk": 1, "v": 1}, ReturnValues="ALL_OLD")
    assert table.put_item(Item={"pk": "a", "sk": 1, "v": 2}, ReturnValues="ALL_OLD")["Attributes"]["v"] == 1
    assert table.delete_item(Key={"pk": "a", "sk": 1}, ReturnValues="ALL_OLD")["Attributes"]["v"] == 2
    assert "Attributes" not in table.delete_item(Key={"pk": "a", "sk": 1}, ReturnValues="ALL_OLD")


def test_crc32_of_every_answer(client, dynamodb, simple):
    seen = []
    dynamodb.meta.events.register("after-call.dynamodb", lambda http_response, **_: seen.append(http_response))
    dynamodb.put_item(TableName="simple", Item={"pk": {"S": "a"}})
    dynamodb.get_item(TableName="simple", Key={"pk": {"S": "a"}})
    refused(dynamodb.get_item, TableName="simple", Key={"x": {"S": "a"}})
    assert len(seen) == 3
    for response in seen:
        assert int(response.headers["x-amz-crc32"]) == zlib.crc32(response.content)


# --- batches ---


def test_batches(resource, table):
    with table.batch_writer() as batch:
        for i in range(120):
            batch.put_item(Item={"pk": f"p{i % 3}", "sk": i, "v": "x" * i})
        batch.delete_item(Key={"pk": "p0", "sk": 0})
    keys = [{"pk": f"p{i % 3}", "sk": i} for i in range(100)]
    answer = resource("dynamodb").batch_get_item(RequestItems={"things": {"Keys": keys, "ProjectionExpression": "sk"}})
    assert answer["UnprocessedKeys"] == {}
    assert {item["sk"] for item in answer["Responses"]["things"]} == set(range(1, 100))


def test_bad_batches_write_nothing(dynamodb, simple):
    def put(key):
        return {"PutRequest": {"Item": {"pk": {"S": key}}}}

    duplicates = [put("a"), {"DeleteRequest": {"Key": {"pk": {"S": "a"}}}}]
    assert refused(dynamodb.batch_write_item, RequestItems={"simple": duplicates}) == (
        "ValidationException", "Provided list of item keys contains duplicates")
    assert refused(dynamodb.batch_write_item, RequestItems={"simple": [put(str(i)) for i in range(26)]})[0] == "ValidationException"
    assert refused(dynamodb.batch_write_item, RequestItems={"simple": [put("a"), put("")]})[0] == "ValidationException"
    assert refused(dynamodb.batch_write_item, RequestItems={"simple": [put("a")], "none": [put("a")]})[0] == (
        "ResourceNotFoundException")
    assert dynamodb.scan(TableName="simple")["Count"] == 0


# --- query and scan ---


def test_query_ranges(table):
    with table.batch_writer() as batch:
        for i in range(-50, 50):
            batch.put_item(Item={"pk": "p", "sk": Decimal(i) / 2})
    every = [Decimal(i) / 2 for i in range(-50, 50)]
    sk = Key("sk")
    for condition, expected in (
        (None, every), (sk.eq(3), [3]), (sk.lt(-20), [n for n in every if n < -20]),
        (sk.lte(-20), [n for n in every if n <= -20]), (sk.gt(Decimal("20.5")), [n for n in every if n > 20.5]),
        (sk.gte(Decimal("20.5")), [n for n in every if n >= 20.5]),
        (sk.between(-1, 1), [n for n in every if -1 <= n <= 1]),
    ):
        whole = Key("pk").eq("p") & condition if condition else Key("pk").eq("p")
        for forward in (True, False):
            items = paged(table.query, KeyConditionExpression=whole, ScanIndexForward=forward, Limit=7)
            assert [i["sk"] for i in items] == (expected if forward else expected[::-1])


def test_begins_with_on_text_and_binary(resource):
    for kind, values in (("S", ["a", "ab", "abc", "ab\uffff", "b"]), ("B", [b"a", b"\xff", b"\xff\xff", b"\xff\xffz", b"b"])):
        t = resource("dynamodb").create_table(TableName=f"bw-{kind}", BillingMode="PAY_PER_REQUEST",
                                              **schema("pk", "S", "sk", kind))
        for v in values:
            t.put_item(Item={"pk": "p", "sk": v})
        prefix = values[1]
        items = t.query(KeyConditionExpression=Key("pk").eq("p") & Key("sk").begins_with(prefix))["Items"]
        assert [bytes(i["sk"].value) if kind == "B" else i["sk"] for i in items] == sorted(
            (v for v in values if v.startswith(prefix)), key=lambda v: v if kind == "B" else v.encode())


def test_filter_limit_and_count(table):
    with table.batch_writer() as batch:
        for i in range(20):
            batch.put_item(Item={"pk": "p", "sk": i, "even": i % 2 == 0})
    page = table.query(KeyConditionExpression=Key("pk").eq("p"), FilterExpression=Attr("even").eq(True), Limit=5)
    assert (page["Count"], page["ScannedCount"]) == (3, 5) and page["LastEvaluatedKey"] == {"pk": "p", "sk": 4}
    counted = table.scan(Select="COUNT", FilterExpression=Attr("even").eq(True))
    assert (counted["Count"], counted["ScannedCount"]) == (10, 20) and "Items" not in counted
    only = table.scan(ProjectionExpression="sk", Limit=1)["Items"]
    assert len(only) == 1 and list(only[0]) == ["sk"]


def test_pages_end_at_a_megabyte(simple):
    for i in range(30):
        simple.put_item(Item={"pk": str(i), "v": "x" * 100_000})
    page = simple.scan()
    assert 10 <= page["Count"] <= 11 and "LastEvaluatedKey" in page
    assert {i["pk"] for i in paged(simple.scan)} == {str(i) for i in range(30)}


def test_parallel_scan_covers_everything_once(simple):
    with simple.batch_writer() as batch:
        for i in range(200):
            batch.put_item(Item={"pk": str(i)})
    for total in (1, 3, 7, 5000):
        segments = range(total) if total < 100 else random.sample(range(total), 40)
        found = [i["pk"] for s in segments for i in paged(simple.scan, Segment=s, TotalSegments=total, Limit=9)]
        assert len(found) == len(set(found))
        assert total > 100 or len(found) == 200


@pytest.mark.parametrize("parameters, message", [
    ({"KeyConditionExpression": "sk = :v", "ExpressionAttributeValues": {":v": 1}},
     "Query condition missed key schema element: pk"),
    ({"KeyConditionExpression": "pk > :v", "ExpressionAttributeValues": {":v": "a"}}, "Query key condition not supported"),
    ({"KeyConditionExpression": "pk = :v OR sk = :v", "ExpressionAttributeValues": {":v": "a"}},
     "Invalid operator used in KeyConditionExpression: OR"),
    ({"KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": {":v": 1}},
     "One or more parameter values were invalid: Condition parameter type does not match schema type"),
    ({"KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": {":v": "a"}, "FilterExpression": "sk = :v"},
     "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk"),
    ({"KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": {":v": "a"}, "IndexName": "none"},
     "The table does not have the specified index: none"),
    ({"KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": {":v": "a"}, "ExclusiveStartKey": {"pk": "b", "sk": 1}},
     "The provided starting key is outside query boundaries based on provided conditions"),
    ({}, "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."),
])
def test_bad_queries_are_refused(table, parameters, message):
    assert refused(table.query, **parameters) == ("ValidationException", message)


# --- indexes ---


def test_indexes_follow_the_items(indexed):
    for i in range(30):
        indexed.put_item(Item={"pk": f"p{i % 2}", "sk": i, "g": f"g{i % 3}", "l": -i, "x": "x", "y": "y"})
    by_g = paged(indexed.query, IndexName="by_g", KeyConditionExpression=Key("g").eq("g1"), Limit=3)
    assert [i["sk"] for i in by_g] == sorted((i for i in range(30) if i % 3 == 1), reverse=True)
    keys = indexed.query(IndexName="keys_only", KeyConditionExpression=Key("g").eq("g1"))["Items"]
    assert len(keys) == 10 and all(set(i) == {"pk", "sk", "g"} for i in keys)
    local = indexed.query(IndexName="by_l", KeyConditionExpression=Key("pk").eq("p0") & Key("l").lt(-20))["Items"]
    assert [i["l"] for i in local] == [-28, -26, -24, -22] and all(set(i) == {"pk", "sk", "l", "x"} for i in local)
    whole = indexed.query(IndexName="by_l", KeyConditionExpression=Key("pk").eq("p0"), Select="ALL_ATTRIBUTES")["Items"]
    assert all("y" in i for i in whole)

    indexed.update_item(Key={"pk": "p1", "sk": 1}, UpdateExpression="REMOVE g")
    indexed.put_item(Item={"pk": "p0", "sk": 4, "g": "other", "l": 1})
    indexed.delete_item(Key={"pk": "p1", "sk": 7})
    left = {i["sk"] for i in indexed.query(IndexName="keys_only", KeyConditionExpression=Key("g").eq("g1"))["Items"]}
    assert left == {i for i in range(30) if i % 3 == 1} - {1, 4, 7}
    assert indexed.scan(IndexName="by_g", Select="COUNT")["Count"] == 28


def test_index_rules(indexed):
    assert refused(indexed.put_item, Item={"pk": "p", "sk": 1, "g": 5})[1] == (
        "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: by_g")
    assert refused(indexed.query, IndexName="by_g", ConsistentRead=True, KeyConditionExpression=Key("g").eq("a"))[1] == (
        "Consistent reads are not supported on global secondary indexes")
    assert refused(indexed.query, IndexName="keys_only", Select="ALL_ATTRIBUTES", KeyConditionExpression=Key("g").eq("a"))[1] == (
        "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary "
        "index keys_only because its projection type is not ALL")


def test_consumed_capacity(indexed, simple):
    simple.put_item(Item={"pk": "a", "v": "x" * 5000})
    got = simple.get_item(Key={"pk": "a"}, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]
    assert got == {"TableName": "simple", "CapacityUnits": 1.0}
    strong = simple.get_item(Key={"pk": "a"}, ReturnConsumedCapacity="TOTAL", ConsistentRead=True)["ConsumedCapacity"]
    assert strong["CapacityUnits"] == 2.0
    put = indexed.put_item(Item={"pk": "p", "sk": 1, "g": "g", "l": 2}, ReturnConsumedCapacity="INDEXES",
                           ReturnItemCollectionMetrics="SIZE")
    assert put["ConsumedCapacity"] == {
        "TableName": "indexed", "CapacityUnits": 4.0, "Table": {"CapacityUnits": 1.0},
        "LocalSecondaryIndexes": {"by_l": {"CapacityUnits": 1.0}},
        "GlobalSecondaryIndexes": {"by_g": {"CapacityUnits": 1.0}, "keys_only": {"CapacityUnits": 1.0}}}
    assert put["ItemCollectionMetrics"]["ItemCollectionKey"] == {"pk": "p"}
    again = indexed.put_item(Item={"pk": "p", "sk": 1, "g": "g", "l": 2}, ReturnConsumedCapacity="INDEXES")
    assert again["ConsumedCapacity"] == {"TableName": "indexed", "CapacityUnits": 1.0, "Table": {"CapacityUnits": 1.0}}


# --- updates and conditions ---


def test_update_expressions(table):
    key = {"pk": "a", "sk": 1}
    table.update_item(Key=key, UpdateExpression="SET n = :n, m = :m, l = :l",
                      ExpressionAttributeValues={":n": NUMBER_38, ":m": {"a": {"b": 1}}, ":l": [0, 1, 2, 3]})
    answer = table.update_item(
        Key=key, ReturnValues="UPDATED_NEW",
        UpdateExpression="SET n = n - :one, m.a.c = if_not_exists(m.x, :one), l[9] = :one, l[1] = l[0] REMOVE l[2] ADD s :s",
        ExpressionAttributeValues={":one": 1, ":s": {"x", "y"}})["Attributes"]
    assert answer["n"] == Decimal(int(NUMBER_38) - 1) and answer["s"] == {"x", "y"}
    assert answer["m"] == {"a": {"c": 1}}
    item = table.get_item(Key=key)["Item"]
    assert item["l"] == [0, 0, 3, 1] and item["m"] == {"a": {"b": 1, "c": 1}}
    table.update_item(Key=key, UpdateExpression="DELETE s :s SET l = list_append(:x, l)",
                      ExpressionAttributeValues={":s": {"x", "y"}, ":x": ["first"]})
    item = table.get_item(Key=key)["Item"]
    assert "s" not in item and item["l"] == ["first", 0, 0, 3, 1]


@pytest.mark.parametrize("expression, message", [
    ("SET a.b = :v", "The document path provided in the update expression is invalid for update"),
    ("SET a = b + :v", "The provided expression refers to an attribute that does not exist in the item"),
    ("SET pk = :v", "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key"),
    ("SET t = t + :v", "An operand in the update expression has an incorrect data type"),
    ("SET big = big + :v", "Attempting to store more than 38 significant digits in a Number"),
    ("SET a = :v, a.b = :v", "1 validation error detected: Invalid UpdateExpression: Two document paths overlap with each "
     "other; must remove or rewrite one of these paths; path one: [a], path two: [a, b]"),
    ("SET a = :v SET b = :v", '1 validation error detected: Invalid UpdateExpression: The "SET" section can only be used '
     "once in an update expression;"),
    ("SET status = :v", "1 validation error detected: Invalid UpdateExpression: Attribute name is a reserved keyword; "
     "reserved keyword: status"),
    ("INVALID SYNTAX", '1 validation error detected: Invalid UpdateExpression: Syntax error; token: "INVALID", near: '
     '"INVALID SYNTAX"'),
])
def test_bad_updates_change_nothing(simple, expression, message):
    item = {"pk": "k", "t": "text", "big": Decimal(10**37)}
    simple.put_item(Item=item)
    names = {":v": Decimal("0.5")} if ":v" in expression else None
    parameters = {"ExpressionAttributeValues": names} if names else {}
    assert refused(simple.update_item, Key={"pk": "k"}, UpdateExpression=expression, **parameters) == (
        "ValidationException", message)
    assert simple.get_item(Key={"pk": "k"})["Item"] == item


def test_conditions(simple):
    simple.put_item(Item={"pk": "a", "n": 5, "l": ["x"], "s": {"p"}})
    for condition in (Attr("n").eq(5), Attr("n").between(5, 6), Attr("n").is_in([1, 5]), Attr("l").contains("x"),
                      Attr("s").contains("p"), Attr("l").size().eq(1), Attr("none").not_exists(), Attr("none").ne(1),
                      ~Attr("n").lt(5), Attr("pk").begins_with("a"), Attr("n").attribute_type("N"), Attr("l[0]").eq("x")):
        simple.put_item(Item={"pk": "a", "n": 5, "l": ["x"], "s": {"p"}}, ConditionExpression=condition)
    for condition in (Attr("n").eq(6), Attr("n").eq("5"), Attr("none").eq(1), Attr("none").lt(1), Attr("n").begins_with("5"),
                      Attr("pk").exists() & Attr("none").exists()):
        assert refused(simple.put_item, Item={"pk": "a"}, ConditionExpression=condition) == (
            "ConditionalCheckFailedException", "The conditional request failed")
    with pytest.raises(ClientError) as e:
        simple.delete_item(Key={"pk": "a"}, ConditionExpression=Attr("n").eq(1), ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert e.value.response["Item"]["n"] == {"N": "5"}


def test_legacy_parameters(dynamodb, table):
    table.put_item(Item={"pk": "a", "sk": 1, "n": 5, "s": {"x"}})
    key = {"pk": {"S": "a"}, "sk": {"N": "1"}}
    dynamodb.update_item(TableName="things", Key=key, Expected={"n": {"Value": {"N": "5"}}},
                         AttributeUpdates={"n": {"Action": "ADD", "Value": {"N": "2"}},
                                           "s": {"Action": "DELETE", "Value": {"SS": ["x"]}},
                                           "t": {"Value": {"S": "new"}}})
    assert dynamodb.get_item(TableName="things", Key=key, AttributesToGet=["n", "s", "t"])["Item"] == {
        "n": {"N": "7"}, "t": {"S": "new"}}
    assert refused(dynamodb.put_item, TableName="things", Item=key, Expected={"n": {"Exists": False}})[0] == (
        "ConditionalCheckFailedException")
    page = dynamodb.query(TableName="things",
                          KeyConditions={"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]},
                                         "sk": {"ComparisonOperator": "GE", "AttributeValueList": [{"N": "0"}]}},
                          QueryFilter={"n": {"ComparisonOperator": "GT", "AttributeValueList": [{"N": "6"}]}})
    assert page["Count"] == 1
    assert dynamodb.scan(TableName="things", ScanFilter={"t": {"ComparisonOperator": "NULL"}})["Count"] == 0


def test_placeholders_must_be_used(dynamodb, simple):
    assert refused(dynamodb.get_item, TableName="simple", Key={"pk": {"S": "missing"}}, ProjectionExpression="a",
                   ExpressionAttributeNames={"#x": "y"})[1] == (
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#x}")
    assert refused(dynamodb.scan, TableName="simple", FilterExpression="#a = :b", ExpressionAttributeValues={":b": {"N": "1"}})[1] == (
        "Invalid FilterExpression: An expression attribute name used in the document path is not defined; attribute name: #a")


# --- transactions ---


def test_transactions_are_all_or_nothing(dynamodb, simple):
    simple.put_item(Item={"pk": "a", "n": 1})
    put = {"Put": {"TableName": "simple", "Item": {"pk": {"S": "b"}}}}
    update = {"Update": {"TableName": "simple", "Key": {"pk": {"S": "a"}}, "UpdateExpression": "ADD n :one",
                         "ExpressionAttributeValues": {":one": {"N": "1"}}}}
    check = {"ConditionCheck": {"TableName": "simple", "Key": {"pk": {"S": "c"}}, "ConditionExpression": "attribute_exists(pk)",
                                "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}
    with pytest.raises(ClientError) as e:
        dynamodb.transact_write_items(TransactItems=[put, update, check])
    assert e.value.response["Error"]["Code"] == "TransactionCanceledException"
    assert e.value.response["Error"]["Message"] == (
        "Transaction cancelled, please refer cancellation reasons for specific reasons [None, None, ConditionalCheckFailed]")
    assert [r["Code"] for r in e.value.response["CancellationReasons"]] == ["None", "None", "ConditionalCheckFailed"]
    assert simple.scan()["Count"] == 1 and simple.get_item(Key={"pk": "a"})["Item"]["n"] == 1

    answer = dynamodb.transact_write_items(TransactItems=[put, update], ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"][0]["CapacityUnits"] == 4.0
    got = dynamodb.transact_get_items(TransactItems=[
        {"Get": {"TableName": "simple", "Key": {"pk": {"S": key}}}} for key in ("a", "b", "none")])["Responses"]
    assert got == [{"Item": {"pk": {"S": "a"}, "n": {"N": "2"}}}, {"Item": {"pk": {"S": "b"}}}, {}]
    assert refused(dynamodb.transact_write_items, TransactItems=[put, put])[1] == (
        "Transaction request cannot include multiple operations on one item")


def test_a_transaction_is_done_once(dynamodb, simple):
    def add(amount):
        return [{"Update": {"TableName": "simple", "Key": {"pk": {"S": "a"}}, "UpdateExpression": "ADD n :n",
                            "ExpressionAttributeValues": {":n": {"N": str(amount)}}}}]

    for _ in range(3):
        dynamodb.transact_write_items(TransactItems=add(1), ClientRequestToken="once")
    assert simple.get_item(Key={"pk": "a"})["Item"]["n"] == 1
    assert refused(dynamodb.transact_write_items, TransactItems=add(2), ClientRequestToken="once")[0] == (
        "IdempotentParameterMismatchException")


def in_threads(count, work):
    failures = []

    def run(i):
        try:
            work(i)
        except Exception as e:  # noqa: BLE001 - told below
            failures.append(e)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert failures == []


def test_counters_of_many_clients_are_exact(dynamodb, simple):
    def work(_):
        for _ in range(5):
            dynamodb.update_item(TableName="simple", Key={"pk": {"S": "count"}}, UpdateExpression="ADD n :one",
                                 ExpressionAttributeValues={":one": {"N": "1"}})

    in_threads(32, work)
    assert simple.get_item(Key={"pk": "count"})["Item"]["n"] == 160


def test_money_is_neither_made_nor_lost(dynamodb, simple):
    accounts = [f"account-{i}" for i in range(8)]
    for a in accounts:
        simple.put_item(Item={"pk": a, "n": 100})

    def move(key, amount, condition):
        update = {"TableName": "simple", "Key": {"pk": {"S": key}}, "UpdateExpression": "ADD n :n",
                  "ExpressionAttributeValues": {":n": {"N": str(amount)}}}
        if condition:
            update |= {"ConditionExpression": "n >= :min"}
            update["ExpressionAttributeValues"] |= {":min": {"N": str(-amount)}}
        return {"Update": update}

    def work(i):
        chance = random.Random(i)
        for _ in range(6):
            a, b = chance.sample(accounts, 2)
            amount = chance.randint(1, 60)
            try:
                dynamodb.transact_write_items(TransactItems=[move(a, -amount, True), move(b, amount, False)])
            except ClientError as e:
                assert e.response["Error"]["Code"] == "TransactionCanceledException"

    in_threads(16, work)
    balances = [i["n"] for i in simple.scan(ConsistentRead=True)["Items"]]
    assert sum(balances) == 800 and min(balances) >= 0


# --- a random walk beside a dictionary ---


def random_value(chance, depth=0):
    kinds = ["S", "N", "BOOL", "NULL"] + (["L", "M"] if depth < 3 else [])
    kind = chance.choice(kinds)
    if kind == "S":
        return {"S": "".join(chance.choice("abü\u2028\"\\") for _ in range(chance.randint(0, 6)))}
    if kind == "N":
        return {"N": str(chance.randint(-10**12, 10**12))}
    if kind == "BOOL":
        return {"BOOL": chance.random() < 0.5}
    if kind == "NULL":
        return {"NULL": True}
    if kind == "L":
        return {"L": [random_value(chance, depth + 1) for _ in range(chance.randint(0, 3))]}
    return {"M": {k: random_value(chance, depth + 1) for k in chance.sample("abcd", chance.randint(0, 3))}}


def test_random_operations_agree_with_a_dictionary(dynamodb, indexed):
    chance = random.Random(20261122)
    model = {}

    def key_of(pk, sk):
        return {"pk": {"S": pk}, "sk": {"N": str(sk)}}

    for step in range(400):
        pk, sk = chance.choice("xyz"), chance.randint(-5, 5)
        key = key_of(pk, sk)
        action = chance.choice(["put", "put", "update", "delete", "get", "query", "index"])
        if action == "put":
            item = key | {"v": random_value(chance)}
            if chance.random() < 0.6:
                item["g"] = {"S": chance.choice("gh")}
            if chance.random() < 0.6:
                item["l"] = {"N": str(chance.randint(0, 9))}
            dynamodb.put_item(TableName="indexed", Item=item)
            model[pk, sk] = item
        elif action == "update":
            value = random_value(chance)
            dynamodb.update_item(TableName="indexed", Key=key, UpdateExpression="SET w = :v REMOVE v",
                                 ExpressionAttributeValues={":v": value})
            item = dict(model.get((pk, sk), key))
            item.pop("v", None)
            model[pk, sk] = item | {"w": value}
        elif action == "delete":
            dynamodb.delete_item(TableName="indexed", Key=key)
            model.pop((pk, sk), None)
        elif action == "get":
            assert dynamodb.get_item(TableName="indexed", Key=key).get("Item") == model.get((pk, sk))
        elif action == "query":
            low = chance.randint(-5, 5)
            got = paged(dynamodb.query, TableName="indexed", KeyConditionExpression="pk = :p AND sk >= :s", Limit=3,
                        ExpressionAttributeValues={":p": {"S": pk}, ":s": {"N": str(low)}})
            assert got == [model[p, s] for p, s in sorted(model) if p == pk and s >= low], step
        else:
            g = chance.choice("gh")
            got = paged(dynamodb.query, TableName="indexed", IndexName="by_g", KeyConditionExpression="g = :g", Limit=2,
                        ExpressionAttributeValues={":g": {"S": g}})
            expected = [i for i in model.values() if i.get("g") == {"S": g} and "l" in i]
            assert [i["l"]["N"] for i in got] == sorted((i["l"]["N"] for i in expected), key=int), step
            assert sorted(map(json.dumps, got)) == sorted(map(json.dumps, expected)), step
    assert sorted(map(json.dumps, paged(dynamodb.scan, TableName="indexed"))) == sorted(map(json.dumps, model.values()))


# --- hostile input, over the wire ---


def raw(endpoint, account, operation, body):
    import urllib.error
    import urllib.request

    request = urllib.request.Request(endpoint, data=body.encode(), headers={
        "X-Amz-Target": f"DynamoDB_20120810.{operation}", "Content-Type": "application/x-amz-json-1.0",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={account}/20261122/us-east-1/dynamodb/aws4_request, "
                         "SignedHeaders=host, Signature=0"})
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as e:
        return e.code, json.loads(e.read())


@pytest.mark.parametrize("item, kind", [
    ('{"pk":{"S":"a"},"b":{"B":"not base64!"}}', "com.amazon.coral.service#SerializationException"),
    ('{"pk":{"S":7}}', "com.amazon.coral.service#SerializationException"),
    ('{"pk":{"S":"a"},"v":' + '{"L":[' * 33 + '{"S":"x"}' + "]}" * 33 + "}", "com.amazon.coral.validate#ValidationException"),
    ('{"pk":{"S":"a"},"v":' + '{"L":[' * 5000, "com.amazon.coral.service#SerializationException"),
    ('{"pk":{"S":"a"},"v":{"N":"1.0e100000000"}}', "com.amazon.coral.validate#ValidationException"),
    ('{"pk":{"S":"a"},"v":{"S":"x","N":"1"}}', "com.amazon.coral.validate#ValidationException"),
    ('{"pk":{}}', "com.amazon.coral.validate#ValidationException"),
])
def test_hostile_items(endpoint, account, simple, item, kind):
    status, body = raw(endpoint, account, "PutItem", '{"TableName":"simple","Item":' + item + "}")
    assert status == 400 and body["__type"] == kind
    assert simple.scan()["Count"] == 0


def test_long_and_deep_expressions(dynamodb, simple):
    values = {":v": {"N": "1"}}
    for expression in ("a = :v OR " * 600 + "a = :v", "(" * 2000 + "a = :v" + ")" * 2000, "NOT " * 1000 + "a = :v",
                       "a." * 2000 + "a = :v", "a" * 5000 + " = :v"):
        code, message = refused(dynamodb.scan, TableName="simple", FilterExpression=expression,
                                ExpressionAttributeValues=values)
        assert code == "ValidationException" and message.startswith("Invalid FilterExpression: ")


def test_binary_keys(dynamodb, resource):
    t = resource("dynamodb").create_table(TableName="binary", BillingMode="PAY_PER_REQUEST", **schema("pk", "B"))
    for data in (b"\x00", b"\x00\x00", b"\xff" * 2048):
        t.put_item(Item={"pk": data})
        assert t.get_item(Key={"pk": data})["Item"]["pk"] == Binary(data)
    assert t.scan()["Count"] == 3


# --- changing tables ---


def index_update(name, **keys):
    return {"IndexName": name, "Projection": {"ProjectionType": "ALL"},
            "KeySchema": [{"AttributeName": a, "KeyType": k} for a, k in keys.items()]}


def test_update_table_adds_and_removes_an_index(dynamodb, table):
    with table.batch_writer() as batch:
        for i in range(50):
            batch.put_item(Item={"pk": "p", "sk": i, "g": "even" if i % 2 == 0 else i})
        batch.put_item(Item={"pk": "p", "sk": 50})
    answer = dynamodb.update_table(
        TableName="things", AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "S"},
                                                  {"AttributeName": "sk", "AttributeType": "N"}],
        GlobalSecondaryIndexUpdates=[{"Create": index_update("late", g="HASH", sk="RANGE")}])
    description = answer["TableDescription"]
    assert description["TableStatus"] == "UPDATING"
    assert description["GlobalSecondaryIndexes"][0]["IndexStatus"] == "CREATING"
    assert {a["AttributeName"] for a in description["AttributeDefinitions"]} == {"pk", "sk", "g"}

    found = table.query(IndexName="late", KeyConditionExpression=Key("g").eq("even"))["Items"]
    assert [int(i["sk"]) for i in found] == list(range(0, 50, 2))
    table.put_item(Item={"pk": "q", "sk": -1, "g": "even"})
    assert table.query(IndexName="late", KeyConditionExpression=Key("g").eq("even"))["Count"] == 26
    code, message = refused(lambda: table.put_item(Item={"pk": "q", "sk": -1, "g": 5}))
    assert code == "ValidationException" and "Type mismatch for Index Key g" in message

    again = {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "late"}}]}
    dynamodb.update_table(TableName="things", **again)
    description = dynamodb.describe_table(TableName="things")["Table"]
    assert "GlobalSecondaryIndexes" not in description
    assert {a["AttributeName"] for a in description["AttributeDefinitions"]} == {"pk", "sk"}
    table.put_item(Item={"pk": "q", "sk": -1, "g": 5})
    code, _ = refused(lambda: table.query(IndexName="late", KeyConditionExpression=Key("g").eq("even")))
    assert code == "ValidationException"
    code, message = refused(lambda: dynamodb.update_table(TableName="things", **again))
    assert (code, message) == ("ResourceNotFoundException", "The table does not have the specified index: late")


def test_update_table_changes_how_it_is_billed_and_protected(dynamodb, indexed):
    code, message = refused(lambda: dynamodb.update_table(TableName="indexed"))
    assert code == "ValidationException" and message.startswith("At least one of ProvisionedThroughput")
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
    code, _ = refused(lambda: dynamodb.update_table(TableName="indexed", BillingMode="PROVISIONED"))
    assert code == "ValidationException"
    code, message = refused(lambda: dynamodb.update_table(
        TableName="indexed", BillingMode="PROVISIONED", ProvisionedThroughput=units))
    assert code == "ValidationException" and "must be specified for index: by_g" in message
    dynamodb.update_table(
        TableName="indexed", BillingMode="PROVISIONED", ProvisionedThroughput=units,
        DeletionProtectionEnabled=True, TableClass="STANDARD_INFREQUENT_ACCESS",
        GlobalSecondaryIndexUpdates=[{"Update": {"IndexName": name, "ProvisionedThroughput": units}}
                                     for name in ("by_g", "keys_only")])
    table = dynamodb.describe_table(TableName="indexed")["Table"]
    assert table["ProvisionedThroughput"]["WriteCapacityUnits"] == 6
    assert table["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert {i["ProvisionedThroughput"]["ReadCapacityUnits"] for i in table["GlobalSecondaryIndexes"]} == {5}
    code, message = refused(lambda: dynamodb.update_table(TableName="indexed", ProvisionedThroughput=units))
    assert code == "ValidationException" and "will not change" in message
    code, _ = refused(lambda: dynamodb.delete_table(TableName="indexed"))
    assert code == "ValidationException"
    dynamodb.update_table(TableName="indexed", DeletionProtectionEnabled=False, BillingMode="PAY_PER_REQUEST")
    assert dynamodb.describe_table(TableName="indexed")["Table"]["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    dynamodb.delete_table(TableName="indexed")


def test_tags_of_tables(dynamodb, simple):
    arn = dynamodb.describe_table(TableName="simple")["Table"]["TableArn"]
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "3"}])
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "1"},
                                                                       {"Key": "b", "Value": "3"}]
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["a", "absent"])
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "3"}]
    code, _ = refused(lambda: dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "aws:x", "Value": ""}]))
    assert code == "ValidationException"
    code, message = refused(lambda: dynamodb.list_tags_of_resource(ResourceArn=arn + "x"))
    assert code == "ResourceNotFoundException" and arn in message


def test_limits_and_endpoints(dynamodb):
    assert dynamodb.describe_limits()["TableMaxReadCapacityUnits"] == 40000
    assert dynamodb.describe_endpoints()["Endpoints"][0]["CachePeriodInMinutes"] == 1440


def test_what_a_table_has_not_switched_on(dynamodb, simple):
    ttl = dynamodb.describe_time_to_live(TableName="simple")["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "DISABLED"}
    backups = dynamodb.describe_continuous_backups(TableName="simple")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"] == {"PointInTimeRecoveryStatus": "DISABLED"}
    assert refused(dynamodb.describe_time_to_live, TableName="absent") == (
        "ResourceNotFoundException", "Requested resource not found: Table: absent not found")
    assert refused(dynamodb.describe_continuous_backups, TableName="absent") == (
        "TableNotFoundException", "Table not found: absent")


def test_words_for_wrong_definitions_and_selections(dynamodb, indexed):
    """Recorded from AWS by moto's tests."""
    definition = schema("id")
    definition["AttributeDefinitions"].append({"AttributeName": "created_at", "AttributeType": "N"})
    code, message = refused(lambda: dynamodb.create_table(TableName="new", BillingMode="PAY_PER_REQUEST", **definition))
    assert code == "ValidationException" and message.endswith(
        "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
    definition["AttributeDefinitions"].insert(1, {"AttributeName": "user", "AttributeType": "S"})
    index = {"IndexName": "by_user", "KeySchema": [{"AttributeName": "user", "KeyType": "HASH"}],
             "Projection": {"ProjectionType": "ALL"}}
    _, message = refused(lambda: dynamodb.create_table(TableName="new", BillingMode="PAY_PER_REQUEST",
                                                       GlobalSecondaryIndexes=[index], **definition))
    assert message == ("One or more parameter values were invalid: Some AttributeDefinitions are not used. "
                       "AttributeDefinitions: [created_at, id, user], keys used: [id, user]")
    condition = {"KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "x"}}}
    words = "Cannot specify the ProjectionExpression when choosing to get only the Count"
    for call, more, before in ((dynamodb.query, condition, "1 validation error detected: "), (dynamodb.scan, {}, "")):
        _, message = refused(lambda: call(TableName="indexed", IndexName="by_g", Select="COUNT",
                                          ProjectionExpression="g", **more))
        assert message == before + words
    dynamodb.put_item(TableName="indexed", Item={"pk": {"S": "p"}, "sk": {"N": "1"}, "m": {"M": {"a": {"L": []}}}})
    equal = {"m": {"ComparisonOperator": "EQ", "AttributeValueList": [{"M": {"a": {"L": []}}}]}}
    assert dynamodb.scan(TableName="indexed", ScanFilter=equal)["Count"] == 1
