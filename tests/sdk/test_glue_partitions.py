"""Partitions of tables in the Glue Data Catalog: expressions, pages, batches, indexes, statistics."""

import datetime
import random

import pytest
from botocore.exceptions import ClientError

WHERE = {"DatabaseName": "shop", "TableName": "orders"}
KEYS = [("year", "int"), ("month", "string"), ("day", "date"), ("at", "timestamp"), ("price", "decimal(10,2)"), ("score", "float")]
COUNT_WRONG = ("InvalidInputException", "The number of partition keys do not match the number of partition values")


def refused(call, **named):
    with pytest.raises(ClientError) as caught:
        call(**named)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def make_table(glue, *keys, **more):
    glue.create_database(DatabaseInput={"Name": "shop"})
    columns = [{"Name": "id", "Type": "int"}]
    glue.create_table(
        DatabaseName="shop",
        TableInput={"Name": "orders", "StorageDescriptor": {"Columns": columns}, "PartitionKeys": [{"Name": n, "Type": t} for n, t in keys]},
        **more,
    )


@pytest.fixture
def glue(client):
    return client("glue")


def partition(*values, **more):
    return {"Values": list(values), "StorageDescriptor": {"Columns": [{"Name": "id", "Type": "int"}], "Location": "s3://lake/" + "/".join(values)}, **more}


def fill(glue, partitions):
    for i in range(0, len(partitions), 100):
        errors = glue.batch_create_partition(**WHERE, PartitionInputList=partitions[i : i + 100])["Errors"]
        assert errors == []


def values_of(glue, **how):
    pages = glue.get_paginator("get_partitions").paginate(**WHERE, **how)
    return [tuple(p["Values"]) for page in pages for p in page["Partitions"]]


def test_a_partition(glue, account):
    make_table(glue, ("year", "string"), ("month", "string"))
    given = partition("2024", "01", Parameters={"rows": "5"}, LastAccessTime=datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc))
    glue.create_partition(**WHERE, PartitionInput=given)
    found = glue.get_partition(**WHERE, PartitionValues=["2024", "01"])["Partition"]
    created = found.pop("CreationTime")
    storage = {**given["StorageDescriptor"], "Compressed": False, "NumberOfBuckets": 0, "SortColumns": [], "StoredAsSubDirectories": False}
    assert found == {**given, "StorageDescriptor": storage, **WHERE, "CatalogId": account}
    assert refused(glue.create_partition, **WHERE, PartitionInput=given) == ("AlreadyExistsException", "Partition already exists.")
    assert refused(glue.create_partition, **WHERE, PartitionInput={"Values": ["2024"]}) == COUNT_WRONG
    gone = ("EntityNotFoundException", "Cannot find partition.")
    assert refused(glue.get_partition, **WHERE, PartitionValues=["2024", "02"]) == gone
    assert refused(glue.get_partition, DatabaseName="shop", TableName="x", PartitionValues=["1"]) == ("EntityNotFoundException", "Table x not found.")
    # What changes keeps the time of its making, and may move.
    glue.update_partition(**WHERE, PartitionValueList=["2024", "01"], PartitionInput={"Parameters": {"rows": "6"}})
    glue.update_partition(**WHERE, PartitionValueList=["2024", "01"], PartitionInput={"Values": ["2024", "1"], "Parameters": {"rows": "7"}})
    moved = glue.get_partition(**WHERE, PartitionValues=["2024", "1"])["Partition"]
    assert (moved["Parameters"], moved["CreationTime"], "StorageDescriptor" in moved) == ({"rows": "7"}, created, False)
    assert refused(glue.update_partition, **WHERE, PartitionValueList=["2024", "01"], PartitionInput=given) == gone
    glue.create_partition(**WHERE, PartitionInput=given)
    assert refused(glue.update_partition, **WHERE, PartitionValueList=["2024", "1"], PartitionInput=given)[0] == "AlreadyExistsException"
    glue.delete_partition(**WHERE, PartitionValues=["2024", "1"])
    assert refused(glue.delete_partition, **WHERE, PartitionValues=["2024", "1"]) == gone
    assert values_of(glue) == [("2024", "01")]


def test_a_table_without_keys_has_no_partitions(glue):
    make_table(glue)
    no_keys = ("InvalidInputException", "Table orders has no partition keys.")
    assert refused(glue.create_partition, **WHERE, PartitionInput={"Values": []}) == no_keys
    assert refused(glue.batch_create_partition, **WHERE, PartitionInputList=[partition("a")]) == no_keys
    assert values_of(glue) == []


def test_batches(glue):
    make_table(glue, ("k", "string"))
    fill(glue, [partition("a"), partition("b")])
    errors = glue.batch_create_partition(**WHERE, PartitionInputList=[partition("b"), partition("c"), partition("c")])["Errors"]
    there = {"ErrorCode": "AlreadyExistsException", "ErrorMessage": "Partition already exists."}
    assert errors == [{"PartitionValues": ["b"], "ErrorDetail": there}, {"PartitionValues": ["c"], "ErrorDetail": there}]
    assert refused(glue.batch_create_partition, **WHERE, PartitionInputList=[partition("d"), partition("d", "e")]) == COUNT_WRONG
    assert values_of(glue) == [("a",), ("b",), ("c",)]
    found = glue.batch_get_partition(**WHERE, PartitionsToGet=[{"Values": [v]} for v in "axc"])
    assert [p["Values"] for p in found["Partitions"]] == [["a"], ["c"]]
    assert found["UnprocessedKeys"] == []
    entries = [{"PartitionValueList": [v], "PartitionInput": {"Values": [v], "Parameters": {"new": v}}} for v in "ax"]
    missing = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": "Cannot find partition."}
    assert glue.batch_update_partition(**WHERE, Entries=entries)["Errors"] == [{"PartitionValueList": ["x"], "ErrorDetail": missing}]
    assert glue.get_partition(**WHERE, PartitionValues=["a"])["Partition"]["Parameters"] == {"new": "a"}
    errors = glue.batch_delete_partition(**WHERE, PartitionsToDelete=[{"Values": [v]} for v in "abx"])["Errors"]
    assert errors == [{"PartitionValues": ["x"], "ErrorDetail": missing}]
    assert values_of(glue) == [("c",)]


def test_large_batches_come_in_pieces(glue):
    make_table(glue, ("k", "string"))
    fill(glue, [{**partition(v), "Parameters": dict.fromkeys("xyz", "v" * 500_000)} for v in "abcde"])
    wanted = [{"Values": [v]} for v in "abcde"]
    found = glue.batch_get_partition(**WHERE, PartitionsToGet=wanted)
    assert [p["Values"] for p in found["Partitions"]] == [["a"], ["b"], ["c"]]
    assert found["UnprocessedKeys"] == wanted[3:]
    found = glue.batch_get_partition(**WHERE, PartitionsToGet=found["UnprocessedKeys"])
    assert [p["Values"] for p in found["Partitions"]] == [["d"], ["e"]]
    assert found["UnprocessedKeys"] == []


def test_expressions_by_type(glue):
    make_table(glue, *KEYS)
    rows = [
        ("2023", "12", "2023-12-31", "2023-12-31 23:59:59.5", "9.5", "1"),
        ("2024", "01", "2024-01-01", "2024-01-01 00:00:00", "10", "1"),
        ("2024", "02", "2024-02-29", "2024-02-29 12:00:00.000000001", "100.25", "1"),
    ]
    fill(glue, [partition(*r) for r in rows])
    for expression, wanted in {
        "": rows,
        "  ": rows,
        "year = 2024": rows[1:],
        "year='2023' or month='02'": [rows[0], rows[2]],
        "year = 2024 AND month LIKE '%2'": rows[2:],
        "YEAR in (2023, '02024') and not (month = '12')": rows[1:],
        "day BETWEEN '2024-01-01' AND '2024-12-31'": rows[1:],
        "at > '2024-02-29 12:00:00'": rows[2:],
        "price > 9.5 and price <= 100.250": rows[1:],
        "price < 10": rows[:1],  # numbers, not texts
        "month <> '01' and month is not null": [rows[0], rows[2]],
        "year = 1999": [],
        "score is not null": rows,
        "(" * 60 + "year = 2023" + ")" * 60: rows[:1],
    }.items():
        assert values_of(glue, Expression=expression) == list(wanted), expression
    for expression, code, words in [
        ("nothing = 1", "InvalidInputException", "Invalid partition expression!"),
        ("year = ", "InvalidInputException", "Unsupported expression 'year = '"),
        ("year = 'x'", "InvalidInputException", '"x" is not an integer.'),
        ("year LIKE '2%'", "InvalidInputException", "Integral data type doesn't support operation 'LIKE'"),
        ("score = 1", "InvalidInputException", "Unknown type : 'float'"),
        ("(" * 2000, "InvalidInputException", f"Unsupported expression '{'(' * 2000}'"),
    ]:
        assert refused(glue.get_partitions, **WHERE, Expression=expression) == (code, words)
    glue.create_partition(**WHERE, PartitionInput=partition("soon", *rows[0][1:]))
    assert refused(glue.get_partitions, **WHERE, Expression="year = 2024") == ("InvalidStateException", '"soon" is not an integer.')


def test_many_partitions_in_pages(glue):
    make_table(glue, ("year", "int"), ("day", "string"))
    every = [(str(2000 + y), f"{d:03}") for y in range(6) for d in range(200)]
    shuffled = random.sample(every, len(every))
    fill(glue, [partition(*v) for v in shuffled])
    assert values_of(glue) == every
    first = glue.get_partitions(**WHERE)
    assert len(first["Partitions"]) == 1000 and first["NextToken"]
    wanted = [v for v in every if v[0] == "2004" and v[1] >= "150"]
    assert values_of(glue, Expression="year = 2004 AND day >= '150'", PaginationConfig={"PageSize": 7}) == wanted
    # The second key alone
    assert values_of(glue, Expression="day = '007'") == [v for v in every if v[1] == "007"]
    # A token is one of its own list.
    token = glue.get_partitions(**WHERE, MaxResults=5)["NextToken"]
    assert refused(glue.get_partitions, **WHERE, MaxResults=5, NextToken=token, Expression="year = 1")[0] == "InvalidInputException"
    shares = [values_of(glue, Segment={"SegmentNumber": i, "TotalSegments": 3}) for i in range(3)]
    assert all(shares) and sorted(v for share in shares for v in share) == every
    assert refused(glue.get_partitions, **WHERE, Segment={"SegmentNumber": 3, "TotalSegments": 3})[0] == "InvalidInputException"


def test_pages_of_long_values_are_shorter(glue):
    make_table(glue, *[(f"k{i}", "string") for i in range(100)])
    rows = [(f"{i:02}", *["v" * 1024] * 99) for i in range(50)]
    for i in range(0, 50, 10):
        glue.batch_create_partition(**WHERE, PartitionInputList=[{"Values": list(r)} for r in rows[i : i + 10]])
    first = glue.get_partitions(**WHERE)
    assert [p["Values"][0] for p in first["Partitions"]] == [r[0] for r in rows[:42]]
    assert values_of(glue) == rows
    found = glue.batch_get_partition(**WHERE, PartitionsToGet=[{"Values": list(r)} for r in rows])
    assert (len(found["Partitions"]), len(found["UnprocessedKeys"])) == (42, 8)
    # Longer ones would be no position to go on from.
    assert refused(glue.create_partition, **WHERE, PartitionInput={"Values": ["\N{GRINNING FACE}" * 1024] * 100})[0] == "InvalidInputException"


def test_columns_may_be_left_out(glue):
    make_table(glue, ("k", "string"))
    fill(glue, [partition("a")])
    (found,) = glue.get_partitions(**WHERE, ExcludeColumnSchema=True)["Partitions"]
    assert found["StorageDescriptor"]["Location"] == "s3://lake/a"
    assert "Columns" not in found["StorageDescriptor"]


def test_values_of_any_characters(glue):
    make_table(glue, ("a", "string"), ("b", "string"))
    odd = [("\x01", "\x02"), ("\x02\x01x", " "), ("a/b=c", "ä'%"), ("__HIVE_DEFAULT_PARTITION__", "x"), ("\x01" * 300, "\x02y\x01")]
    fill(glue, [{"Values": list(v)} for v in odd])
    assert sorted(values_of(glue)) == sorted(odd)
    assert glue.get_partition(**WHERE, PartitionValues=["\x01", "\x02"])["Partition"]["Values"] == ["\x01", "\x02"]
    assert values_of(glue, Expression="b = 'ä''%'") == [odd[2]]
    assert values_of(glue, Expression="a is null") == [odd[3]]
    assert values_of(glue, Expression="a like '_%' and b like '_y_'") == [odd[4]]
    assert sorted(values_of(glue, PaginationConfig={"PageSize": 1})) == sorted(odd)


def test_a_table_whose_keys_are_renamed_keeps_its_partitions(glue):
    make_table(glue, ("partition_0", "string"))
    fill(glue, [partition("2024")])
    glue.update_table(DatabaseName="shop", TableInput={"Name": "orders", "PartitionKeys": [{"Name": "year", "Type": "int"}]})
    assert values_of(glue, Expression="year = 2024") == [("2024",)]


def test_indexes(glue):
    make_table(glue, ("year", "int"), ("month", "string"), PartitionIndexes=[{"IndexName": "one", "Keys": ["year"]}])
    glue.create_partition_index(**WHERE, PartitionIndex={"IndexName": "two", "Keys": ["month", "year"]})
    found = glue.get_partition_indexes(**WHERE)["PartitionIndexDescriptorList"]
    assert found == [
        {"IndexName": "one", "Keys": [{"Name": "year", "Type": "int"}], "IndexStatus": "ACTIVE"},
        {"IndexName": "two", "Keys": [{"Name": "month", "Type": "string"}, {"Name": "year", "Type": "int"}], "IndexStatus": "ACTIVE"},
    ]
    for index, error in [
        (("x", ["nosuchcol"]), ("InvalidInputException", "IndexKeys not a part of PartitionColumns. Verify the indexKeys : [nosuchcol]")),
        (("one", ["month"]), ("AlreadyExistsException", "Partition Index one already exists with the same name.")),
        (("x", ["month", "year"]), ("AlreadyExistsException", "Partition Index two already exists with the same keys.")),
    ]:
        assert refused(glue.create_partition_index, **WHERE, PartitionIndex={"IndexName": index[0], "Keys": index[1]}) == error
    glue.create_partition_index(**WHERE, PartitionIndex={"IndexName": "three", "Keys": ["year", "month"]})
    assert refused(glue.create_partition_index, **WHERE, PartitionIndex={"IndexName": "four", "Keys": ["month"]}) == (
        "ResourceNumberLimitExceededException", "Partition index limit exceeded. Maximum: 3")
    glue.delete_partition_index(**WHERE, IndexName="two")
    assert refused(glue.delete_partition_index, **WHERE, IndexName="two") == ("EntityNotFoundException", "Index with the given indexName : two does not exist.")
    assert refused(glue.get_partition_indexes, DatabaseName="shop", TableName="x") == ("EntityNotFoundException", "Table x not found.")


STATISTICS = [
    {"ColumnName": "id", "ColumnType": "int", "AnalyzedTime": datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc),
     "StatisticsData": {"Type": "LONG", "LongColumnStatisticsData": {"MinimumValue": 1, "MaximumValue": 10, "NumberOfNulls": 0, "NumberOfDistinctValues": 10}}},
    {"ColumnName": "price", "ColumnType": "decimal(9,2)", "AnalyzedTime": datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc),
     "StatisticsData": {"Type": "DECIMAL", "DecimalColumnStatisticsData": {"MinimumValue": {"UnscaledValue": b"\x00\xff", "Scale": 2}, "NumberOfNulls": 1, "NumberOfDistinctValues": 2}}},
]
NO_STATISTICS = {"ColumnName": "none", "Error": {"ErrorCode": "EntityNotFoundException", "ErrorMessage": "Statistics do not exist for this column"}}


def test_statistics_of_a_table(glue):
    make_table(glue)
    assert glue.update_column_statistics_for_table(**WHERE, ColumnStatisticsList=STATISTICS)["Errors"] == []
    found = glue.get_column_statistics_for_table(**WHERE, ColumnNames=["ID", "none", "price"])
    assert found["ColumnStatisticsList"] == STATISTICS
    assert found["Errors"] == [NO_STATISTICS]
    glue.delete_column_statistics_for_table(**WHERE, ColumnName="id")
    glue.delete_column_statistics_for_table(**WHERE, ColumnName="id")
    assert glue.get_column_statistics_for_table(**WHERE, ColumnNames=["id"])["ColumnStatisticsList"] == []
    assert refused(glue.get_column_statistics_for_table, DatabaseName="shop", TableName="x", ColumnNames=["id"])[0] == "EntityNotFoundException"


def test_what_statistics_may_not_be(glue):
    make_table(glue, ("k", "string"))
    fill(glue, [partition("a")])
    counts = {"NumberOfNulls": 0, "NumberOfDistinctValues": 1}
    longs = {"LongColumnStatisticsData": {**counts, "MinimumValue": 1, "MaximumValue": 1}}
    days = [datetime.datetime(2024, 1, day, tzinfo=datetime.timezone.utc) for day in (1, 2)]

    def put(data):
        given = [{**STATISTICS[0], "StatisticsData": data}]
        glue.update_column_statistics_for_table(**WHERE, ColumnStatisticsList=given)
        glue.update_column_statistics_for_partition(**WHERE, PartitionValues=["a"], ColumnStatisticsList=given)

    for data in [
        {"Type": "LONG"},
        {"Type": "DOUBLE", **longs},
        {"Type": "LONG", **longs, "DoubleColumnStatisticsData": counts},
        {"Type": "LONG", "LongColumnStatisticsData": {**counts, "MinimumValue": 2, "MaximumValue": 1}},
        {"Type": "DOUBLE", "DoubleColumnStatisticsData": {**counts, "MinimumValue": 0.5, "MaximumValue": 0.25}},
        {"Type": "DATE", "DateColumnStatisticsData": {**counts, "MinimumValue": days[1], "MaximumValue": days[0]}},
        {"Type": "STRING", "StringColumnStatisticsData": {**counts, "MaximumLength": 3, "AverageLength": 3.5}},
        {"Type": "BINARY", "BinaryColumnStatisticsData": {"NumberOfNulls": 0, "MaximumLength": 3, "AverageLength": 3.5}},
        {"Type": "DECIMAL", "DecimalColumnStatisticsData": {**counts, "MinimumValue": {"UnscaledValue": b"1" * 33, "Scale": 0}}},
    ]:
        assert refused(put, data=data)[0] == "InvalidInputException", data
    for data in [
        {"Type": "LONG", **longs},
        {"Type": "LONG", "LongColumnStatisticsData": counts},
        {"Type": "DATE", "DateColumnStatisticsData": {**counts, "MinimumValue": days[0], "MaximumValue": days[1]}},
        {"Type": "BOOLEAN", "BooleanColumnStatisticsData": {"NumberOfTrues": 1, "NumberOfFalses": 2, "NumberOfNulls": 0}},
        {"Type": "BINARY", "BinaryColumnStatisticsData": {"NumberOfNulls": 0, "MaximumLength": 3, "AverageLength": 3}},
    ]:
        put(data)
        assert glue.get_column_statistics_for_table(**WHERE, ColumnNames=["id"])["ColumnStatisticsList"][0]["StatisticsData"] == data


def test_statistics_of_a_partition(glue):
    make_table(glue, ("k", "string"))
    fill(glue, [partition("a")])
    which = {**WHERE, "PartitionValues": ["a"]}
    assert glue.update_column_statistics_for_partition(**which, ColumnStatisticsList=STATISTICS)["Errors"] == []
    found = glue.get_column_statistics_for_partition(**which, ColumnNames=["id", "none"])
    assert (found["ColumnStatisticsList"], found["Errors"]) == (STATISTICS[:1], [NO_STATISTICS])
    assert glue.get_column_statistics_for_table(**WHERE, ColumnNames=["id"])["ColumnStatisticsList"] == []
    glue.delete_column_statistics_for_partition(**which, ColumnName="id")
    assert glue.get_column_statistics_for_partition(**which, ColumnNames=["id"])["ColumnStatisticsList"] == []
    gone = refused(glue.update_column_statistics_for_partition, **{**which, "PartitionValues": ["b"]}, ColumnStatisticsList=STATISTICS)
    assert gone == ("EntityNotFoundException", "Partition [b] not found")
    gone = refused(glue.get_column_statistics_for_partition, **{**which, "PartitionValues": ["a", "b"]}, ColumnNames=["id"])
    assert gone == ("EntityNotFoundException", "Partition [a, b] not found")
    gone = refused(glue.get_column_statistics_for_partition, **{**which, "PartitionValues": []}, ColumnNames=["id"])
    assert gone == ("EntityNotFoundException", "Partition [] not found")
    # They go with their partition.
    glue.delete_partition(**which)
    glue.create_partition(**WHERE, PartitionInput=partition("a"))
    assert glue.get_column_statistics_for_partition(**which, ColumnNames=["price"])["ColumnStatisticsList"] == []
