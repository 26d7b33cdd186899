"""Format conversion by a table of the Glue Data Catalog: what is checked, what arrives; kept while it is disabled.

Deserializers, types and failures in full are tested in tests/unit/test_firehose_convert.c and test_firehose_parquet.c.
"""

import random

import pytest
from botocore.exceptions import ClientError
from firehose_kit import AT_ONCE, body, keys, lines, s3, until

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
    bucket = f"landing-{random.randrange(10**12)}"
    store.create_bucket(Bucket=bucket)
    orders_table(glue, ("id", "bigint"), ("item_name", "string"))
    firehose.create_delivery_stream(
        DeliveryStreamName="f",
        ExtendedS3DestinationConfiguration=s3(
            bucket, Prefix="data/", ErrorOutputPrefix="failed/", BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 0},
            DataFormatConversionConfiguration=conversion()))
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
