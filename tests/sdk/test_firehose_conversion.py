"""Format conversion: JSON records become Parquet files by the schema of a Glue table, and what does not fit is told.

Each deserializer's rules, case by case, are tested in tests/unit/test_firehose_convert.c; pyarrow reads the files here.
"""

import base64
import datetime
import decimal
import io
import json
import random

import pyarrow
import pyarrow.parquet
import pytest
from botocore.exceptions import ClientError
from firehose_kit import AT_ONCE, body, keys, lines, s3, until
from server import Server
from test_firehose_s3 import Clocked

SCHEMA = {"RoleARN": "arn:aws:iam::000000000000:role/glue", "DatabaseName": "shop", "TableName": "orders", "Region": "us-east-1"}
OPENX = {"Deserializer": {"OpenXJsonSerDe": {"CaseInsensitive": False, "ColumnToJsonKeyMappings": {"ts": "timestamp"}}}}
HIVE = {"Deserializer": {"HiveJsonSerDe": {"TimestampFormats": ["yyyy-MM-dd", "millis"]}}}
PARQUET = {"Serializer": {"ParquetSerDe": {"Compression": "GZIP"}}}
ORC = {"Serializer": {"OrcSerDe": {"StripeSizeBytes": 67108864, "FormatVersion": "V0_12"}}}
DESTINATION = "destinationId-000000000001"


def conversion(**more):
    return {"InputFormatConfiguration": OPENX, "OutputFormatConfiguration": PARQUET, "SchemaConfiguration": SCHEMA, **more}


def create(firehose, configured, name="f", **more):
    firehose.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=s3(DataFormatConversionConfiguration=configured, **more))


def update(firehose, version, **more):
    firehose.update_destination(DeliveryStreamName="f", CurrentDeliveryStreamVersionId=str(version), DestinationId=DESTINATION, ExtendedS3DestinationUpdate=more)


def described(firehose, name="f"):
    (destination,) = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]["Destinations"]
    return destination["ExtendedS3DestinationDescription"], destination["S3DestinationDescription"]


def refused(call, *arguments, **named):
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    return caught.value.response["Error"]


LARGE = {"SizeInMBs": 64, "IntervalInSeconds": 60}
WRONG = {
    "compression comes first": ({}, {"CompressionFormat": "GZIP", "BufferingHints": AT_ONCE}, "The S3 destination's compression format must be set to UNCOMPRESSED"),
    "buffers are large": ({}, {"BufferingHints": {"SizeInMBs": 63, "IntervalInSeconds": 60}}, "BufferingHints.SizeInMBs must be at least 64 when data format conversion is enabled."),
    "input": ({"Enabled": True}, {}, "InputFormatConfiguration must not be null"),
    "output": ({"InputFormatConfiguration": OPENX}, {}, "OutputFormatConfiguration must not be null"),
    "schema": ({"InputFormatConfiguration": OPENX, "OutputFormatConfiguration": PARQUET}, {}, "SchemaConfiguration must not be null"),
    "deserializer": (conversion(InputFormatConfiguration={"Deserializer": {}}), {}, "Deserializer must not be null"),
    "one deserializer": (
        conversion(InputFormatConfiguration={"Deserializer": {**OPENX["Deserializer"], **HIVE["Deserializer"]}}), {},
        "More than one deserializer specified. Only one may be chosen."),
    "serializer": (conversion(OutputFormatConfiguration={}), {}, "Serializer must not be null"),
    "one serializer": (
        conversion(OutputFormatConfiguration={"Serializer": {**PARQUET["Serializer"], **ORC["Serializer"]}}), {},
        "More than one serializer specified. Only one may be chosen."),
    "a table": (conversion(SchemaConfiguration={**SCHEMA, "TableName": None}), {}, "SchemaConfiguration.TableName must not be null or empty"),
    "formats of timestamps": (
        conversion(InputFormatConfiguration={"Deserializer": {"HiveJsonSerDe": {"TimestampFormats": ["xxxx-ww"]}}}), {},
        "Invalid deserializer option(s): TimestampFormats: xxxx-ww"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_configuration_is_checked(client, what):
    configured, more, words = WRONG[what]
    schema = {k: v for k, v in configured.get("SchemaConfiguration", {}).items() if v}
    configured = {**configured, **({"SchemaConfiguration": schema} if schema else {})}
    error = refused(create, client("firehose"), configured, **{"BufferingHints": LARGE, **more})
    assert (error["Code"], words in error["Message"]) == ("InvalidArgumentException", True), error


def test_orc_is_refused_by_name(client):
    firehose = client("firehose")
    error = refused(create, firehose, conversion(OutputFormatConfiguration=ORC), BufferingHints=LARGE)
    assert (error["Code"], "OrcSerDe" in error["Message"]) == ("NotImplemented", True), error
    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == []


def orders_table(glue, *columns):
    glue.create_database(DatabaseInput={"Name": "shop"})
    glue.create_table(DatabaseName="shop", TableInput=table_input(*columns))


def table_input(*columns):
    return {
        "Name": "orders",
        "StorageDescriptor": {"Columns": [{"Name": n, "Type": t} for n, t in columns]},
        "PartitionKeys": [{"Name": "day", "Type": "string"}],
    }


def test_the_table_must_be_there(client):
    firehose, glue = client("firehose"), client("glue")
    error = refused(create, firehose, conversion(), BufferingHints=LARGE)
    assert error["Code"] == "InvalidArgumentException"
    assert "The specified table/database could not be found" in error["Message"]
    orders_table(glue, ("id", "int"), ("broken", "no_type"))
    error = refused(create, firehose, conversion(), BufferingHints=LARGE)
    assert "Column broken of type no_type" in error["Message"]
    glue.update_table(DatabaseName="shop", TableInput=table_input(("id", "int")))
    error = refused(create, firehose, conversion(SchemaConfiguration={**SCHEMA, "VersionId": "7"}), BufferingHints=LARGE)
    assert "The specified table/database could not be found" in error["Message"]
    create(firehose, conversion(SchemaConfiguration={**SCHEMA, "VersionId": "1"}), BufferingHints=LARGE)
    error = refused(create, firehose, conversion(SchemaConfiguration={**SCHEMA, "VersionId": "0"}), name="g", BufferingHints=LARGE)
    assert "Column broken of type no_type" in error["Message"]


def test_records_become_rows_of_the_table(client):
    firehose, glue, store = client("firehose"), client("glue"), client("s3")
    orders_table(glue, ("id", "bigint"), ("item_name", "string"))
    bucket = make_stream(client, conversion(), Prefix="data/", ErrorOutputPrefix="failed/")
    records = [b'{"id": 1, "item_name": "lamp"}', b'{"id": "no number"}', b'{"id": 2, "item_name": "chair"}']
    firehose.put_record_batch(DeliveryStreamName="f", Records=[{"Data": r} for r in records])
    key, *_ = until(lambda: keys(store, bucket, "data/"))
    assert key.endswith(".parquet")
    file = body(store, bucket, key)
    assert (file[:4], file[-4:]) == (b"PAR1", b"PAR1")
    assert b"item_name" in file
    until(lambda: keys(store, bucket, "failed/"))
    (failed,) = lines(store, bucket, "failed/")
    assert failed["lastErrorCode"].startswith("DataFormatConversion.")
    assert failed["dataCatalogTable"]["tableName"] == "orders"


@pytest.mark.parametrize("option", [{"PageSizeBytes": 65536}, {"MaxPaddingBytes": 1}])
def test_options_of_the_writer_that_are_not_honoured_are_refused_by_name(client, option):
    output = {"Serializer": {"ParquetSerDe": option}}
    error = refused(create, client("firehose"), conversion(OutputFormatConfiguration=output), BufferingHints=LARGE)
    assert (error["Code"], *option) == ("NotImplemented", error["Message"].split("ParquetSerDe.")[1].split(" ")[0])


def test_without_the_library_a_stream_is_refused_with_what_to_do(tmp_path, session):
    (tmp_path / "libduckdb.so").write_bytes(b"no library")
    server = Server(tmp_path / "data", "--duckdb", str(tmp_path / "libduckdb.so"))
    try:
        (tmp_path / "libduckdb.so").unlink()

        def there(service):
            return session.client(service, endpoint_url=server.endpoint)

        make_table(there, [("a", "int")])
        error = refused(create, there("firehose"), conversion(), BufferingHints=LARGE)
        assert (error["Code"], "run server/get-duckdb.sh" in error["Message"]) == ("NotImplemented", True)
    finally:
        server.stop()


# --- conversions ---


def make_table(client, columns, partition_keys=()):
    glue = client("glue")
    glue.create_database(DatabaseInput={"Name": "shop"})
    glue.create_table(
        DatabaseName="shop",
        TableInput={
            "Name": "orders",
            "StorageDescriptor": {"Columns": [{"Name": n, "Type": t} for n, t in columns], "Location": "s3://landing/"},
            "PartitionKeys": [{"Name": n, "Type": t} for n, t in partition_keys],
        },
    )


def make_stream(client, configured, **more):
    """The stream f, which converts; gives the bucket that it writes to."""
    bucket = f"landing-{random.randrange(10**12)}"
    client("s3").create_bucket(Bucket=bucket)
    configuration = s3(
        bucket,
        Prefix="good/",
        ErrorOutputPrefix="bad/!{firehose:error-output-type}/",
        BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 0},
        DataFormatConversionConfiguration=configured,
    )
    client("firehose").create_delivery_stream(DeliveryStreamName="f", ExtendedS3DestinationConfiguration={**configuration, **more})
    return bucket


def convert(client, records, configured, **more):
    """Puts the records through a stream of their own; gives the bucket that they go to."""
    firehose = client("firehose")
    bucket = make_stream(client, configured, **more)
    answer = firehose.put_record_batch(DeliveryStreamName="f", Records=[{"Data": r if isinstance(r, bytes) else json.dumps(r)} for r in records])
    assert answer["FailedPutCount"] == 0
    return bucket


def rows_of(store, bucket):
    """All rows below good/, and the schema of their files."""
    tables = [pyarrow.parquet.read_table(io.BytesIO(body(store, bucket, key))) for key in keys(store, bucket, "good/")]
    return [row for table in tables for row in table.to_pylist()], tables[0].schema if tables else None


COLUMNS = [
    ("flag", "boolean"), ("tiny", "tinyint"), ("small", "smallint"), ("id", "int"), ("big", "bigint"), ("ratio", "float"), ("mean", "double"),
    ("price", "decimal(10,2)"), ("huge", "decimal(38,4)"), ("name", "string"), ("code", "varchar(3)"), ("mark", "char(2)"), ("raw", "binary"),
    ("day", "date"), ("at", "timestamp"), ("tags", "array<string>"), ("counts", "map<string,int>"),
    ("place", "struct<city:string,at:struct<lat:double,lon:double>>"), ("nested", "array<struct<k:string,v:array<int>>>"),
]
ROW = {
    "flag": True, "tiny": -128, "small": 32767, "id": 7, "big": 2**62, "ratio": 0.5, "mean": 1e300, "price": 1234567.89,
    "huge": 12345.6789, "name": "Ünï ☃", "code": "abcd", "mark": "xy", "raw": "bytes", "day": "2024-02-29", "at": "2024-02-29 12:34:56.789",
    "tags": ["a", None, ""], "counts": {"one": 1, "none": None}, "place": {"city": "Ulm", "at": {"lat": 48.4, "lon": 9.99}},
    "nested": [{"k": "x", "v": [1, 2]}, {"k": None, "v": []}, None],
}
READ = {
    **ROW, "price": decimal.Decimal("1234567.89"), "huge": decimal.Decimal("12345.6789"), "code": "abc", "raw": b"bytes",
    "day": datetime.date(2024, 2, 29), "at": datetime.datetime(2024, 2, 29, 12, 34, 56, 789000), "counts": [("one", 1), ("none", None)],
}
HIVE_PLAIN = {"Deserializer": {"HiveJsonSerDe": {}}}
OPENX_PLAIN = {"Deserializer": {"OpenXJsonSerDe": {}}}


@pytest.mark.parametrize("deserializer", [OPENX_PLAIN, HIVE_PLAIN], ids=["openx", "hive"])
def test_each_type_becomes_its_own(client, deserializer):
    # OpenX knows no binary.
    left_out = {"raw"} if deserializer is OPENX_PLAIN else set()
    expected = {k: v for k, v in READ.items() if k not in left_out}
    make_table(client, [(n, t) for n, t in COLUMNS if n not in left_out], [("year", "string")])
    bucket = convert(client, [ROW, {"ID": 8, "unknown": 1}, {}], conversion(InputFormatConfiguration=deserializer, OutputFormatConfiguration={"Serializer": {"ParquetSerDe": {}}}))
    (key,) = until(lambda: keys(client("s3"), bucket, "good/"))
    assert key.endswith(".parquet")
    rows, schema = rows_of(client("s3"), bucket)
    assert rows == [expected, {**dict.fromkeys(expected), "id": 8}, dict.fromkeys(expected)]
    p = pyarrow
    types = [
        ("flag", p.bool_()), ("tiny", p.int8()), ("small", p.int16()), ("id", p.int32()), ("big", p.int64()), ("ratio", p.float32()),
        ("mean", p.float64()), ("price", p.decimal128(10, 2)), ("huge", p.decimal128(38, 4)), ("name", p.string()), ("code", p.string()),
        ("mark", p.string()), ("raw", p.binary()), ("day", p.date32()), ("at", p.timestamp("us")), ("tags", p.list_(p.field("element", p.string()))),
        ("counts", p.map_(p.string(), p.int32())),
        ("place", p.struct([("city", p.string()), ("at", p.struct([("lat", p.float64()), ("lon", p.float64())]))])),
        ("nested", p.list_(p.field("element", p.struct([("k", p.string()), ("v", p.list_(p.field("element", p.int32())))])))),
    ]
    assert [(f.name, f.type) for f in schema] == [(name, kind) for name, kind in types if name not in left_out]
    assert keys(client("s3"), bucket, "bad/") == []


@pytest.mark.parametrize(
    "options, compression, encoding",
    [
        ({}, "SNAPPY", "PLAIN"),
        ({"Compression": "GZIP", "EnableDictionaryCompression": True}, "GZIP", "PLAIN_DICTIONARY"),
        ({"Compression": "UNCOMPRESSED", "WriterVersion": "V2", "BlockSizeBytes": 67108864, "PageSizeBytes": 1048576, "MaxPaddingBytes": 0}, "UNCOMPRESSED", "DELTA_LENGTH_BYTE_ARRAY"),
    ],
)
def test_the_writer_s_options(client, options, compression, encoding):
    make_table(client, [("kind", "string")])
    records = [b"".join(b'{"kind":"kind %d"}\n' % (i % 3) for i in range(1000))]
    bucket = convert(client, records, conversion(InputFormatConfiguration=OPENX_PLAIN, OutputFormatConfiguration={"Serializer": {"ParquetSerDe": options}}))
    (key,) = until(lambda: keys(client("s3"), bucket, "good/"))
    column = pyarrow.parquet.ParquetFile(io.BytesIO(body(client("s3"), bucket, key))).metadata.row_group(0).column(0)
    assert (column.num_values, column.compression, encoding in column.encodings) == (1000, compression, True), column.encodings


def test_what_does_not_fit_is_told_and_lost_nowhere(client):
    make_table(client, [("id", "int"), ("name", "string")])
    bad = [b"no JSON", b'{"id":"oops"}', b'{"id":1}{"id":{}}']
    good = [{"id": i, "name": f"n{i}"} for i in range(20)]
    bucket = convert(client, [*good[:10], *bad, *good[10:]], conversion(InputFormatConfiguration=OPENX_PLAIN))
    store = client("s3")
    until(lambda: len(rows_of(store, bucket)[0]) == 20 and len(lines(store, bucket, "bad/")) == 3)
    assert rows_of(store, bucket)[0] == good
    assert all(key.startswith("bad/format-conversion-failed/") for key in keys(store, bucket, "bad/"))
    failed = lines(store, bucket, "bad/")
    assert sorted(base64.b64decode(line["rawData"]) for line in failed) == sorted(bad)
    for line in failed:
        assert line["lastErrorCode"].startswith("DataFormatConversion.") and line["attemptsMade"] == 1
        assert line["dataCatalogTable"] == {"catalogId": line["dataCatalogTable"]["catalogId"], "databaseName": "shop", "tableName": "orders", "region": "us-east-1", "versionId": "LATEST", "catalogArn": None}


def test_files_by_partition(tmp_path):
    clocked = Clocked(tmp_path)  # partitions wait for a minute at least
    client = clocked.client
    make_table(client, [("id", "int")], [("country", "string")])
    extraction = [{"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{c:.country}"}, {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"}]
    firehose, store = client("firehose"), client("s3")
    bucket = make_stream(
        client,
        conversion(InputFormatConfiguration=OPENX_PLAIN),
        Prefix="country=!{partitionKeyFromQuery:c}/",
        ErrorOutputPrefix="bad/",
        BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 60},
        DynamicPartitioningConfiguration={"Enabled": True},
        ProcessingConfiguration={"Enabled": True, "Processors": [{"Type": "MetadataExtraction", "Parameters": extraction}]},
    )
    firehose.put_record_batch(DeliveryStreamName="f", Records=[{"Data": json.dumps({"id": i, "country": c})} for i, c in enumerate(["de", "fr", "de", "fr"])])
    found = until(lambda: clocked.advance(60) and len(k := keys(store, bucket)) == 2 and k)
    read = {key.split("/")[0]: pyarrow.parquet.read_table(io.BytesIO(body(store, bucket, key))).to_pylist() for key in found}
    assert read == {"country=de": [{"id": 0}, {"id": 2}], "country=fr": [{"id": 1}, {"id": 3}]}
    clocked.server.stop()


def test_the_table_as_it_is_when_a_file_is_written(client):
    """LATEST follows the table; when it is gone, records go to the error prefix."""
    make_table(client, [("id", "int")])
    glue, store, firehose = client("glue"), client("s3"), client("firehose")
    bucket = convert(client, [{"id": 1, "more": "x"}], conversion(InputFormatConfiguration=OPENX_PLAIN))
    until(lambda: rows_of(store, bucket)[0] == [{"id": 1}])
    glue.update_table(DatabaseName="shop", TableInput={"Name": "orders", "StorageDescriptor": {"Columns": [{"Name": "more", "Type": "string"}]}})
    firehose.put_record(DeliveryStreamName="f", Record={"Data": json.dumps({"id": 2, "more": "y"})})
    until(lambda: {"more": "y"} in rows_of(store, bucket)[0])
    glue.delete_table(DatabaseName="shop", Name="orders")
    firehose.put_record(DeliveryStreamName="f", Record={"Data": b'{"id":3}'})
    (line,) = until(lambda: lines(store, bucket, "bad/"))
    assert (line["lastErrorCode"], base64.b64decode(line["rawData"])) == ("DataFormatConversion.EntityNotFound", b'{"id":3}')


def test_a_disabled_conversion_is_kept_and_merged(client):
    firehose = client("firehose")
    configured = conversion(OutputFormatConfiguration=ORC, Enabled=False)
    create(firehose, configured, CompressionFormat="GZIP")
    extended, plain = described(firehose)
    assert extended["DataFormatConversionConfiguration"] == configured
    assert extended["BufferingHints"] == {"SizeInMBs": 5, "IntervalInSeconds": 300}
    assert "DataFormatConversionConfiguration" not in plain
    # Members that are named change, those of the schema singly; others stay.
    update(firehose, 1, DataFormatConversionConfiguration={"SchemaConfiguration": {"TableName": "other"}, "InputFormatConfiguration": HIVE})
    merged = {**configured, "SchemaConfiguration": {**SCHEMA, "TableName": "other"}, "InputFormatConfiguration": HIVE}
    assert described(firehose)[0]["DataFormatConversionConfiguration"] == merged
    update(firehose, 2, Prefix="p/")
    assert described(firehose)[0]["DataFormatConversionConfiguration"] == merged
    # What is merged is what is checked.
    error = refused(update, firehose, 3, DataFormatConversionConfiguration={"Enabled": True})
    assert "compression format must be set to UNCOMPRESSED" in error["Message"]
    error = refused(update, firehose, 3, CompressionFormat="UNCOMPRESSED", DataFormatConversionConfiguration={"Enabled": True})
    assert "SizeInMBs must be at least 64" in error["Message"]
    error = refused(update, firehose, 3, CompressionFormat="UNCOMPRESSED", BufferingHints=LARGE, DataFormatConversionConfiguration={"Enabled": True})
    assert "OrcSerDe" in error["Message"]
    assert described(firehose)[0]["DataFormatConversionConfiguration"]["Enabled"] is False


def test_a_disabled_conversion_converts_nothing(client):
    firehose, store = client("firehose"), client("s3")
    bucket = f"landing-{random.randrange(10**12)}"
    store.create_bucket(Bucket=bucket)
    firehose.create_delivery_stream(
        DeliveryStreamName="raw",
        ExtendedS3DestinationConfiguration=s3(bucket, BufferingHints=AT_ONCE, DataFormatConversionConfiguration=conversion(Enabled=False)),
    )
    firehose.put_record(DeliveryStreamName="raw", Record={"Data": b"no JSON at all"})
    (key,) = until(lambda: keys(store, bucket))
    assert body(store, bucket, key) == b"no JSON at all"
    assert not key.endswith(".parquet")
