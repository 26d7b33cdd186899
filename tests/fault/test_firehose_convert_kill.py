"""Orders through a conversion to Parquet, with kill -9 again and again: each is a row, and once."""

import collections
import io
import json
import random
import time

import pyarrow.parquet
from server import Server
from test_firehose_kill import client, orders, put_all

KILLS = 6


def delivered(server):
    """The invoices and their lines of all files, counted."""
    store = client(server, "s3")
    found = collections.Counter()
    for page in store.get_paginator("list_objects_v2").paginate(Bucket="landing"):
        for listed in page.get("Contents", []):
            assert listed["Key"].startswith("orders/") and listed["Key"].endswith(".parquet"), listed
            body = store.get_object(Bucket="landing", Key=listed["Key"])["Body"].read()
            found.update(pyarrow.parquet.read_table(io.BytesIO(body)).column("number").to_pylist())
    return found


def make_stream(server):
    client(server, "s3").create_bucket(Bucket="landing")
    glue = client(server, "glue")
    glue.create_database(DatabaseInput={"Name": "shop"})
    columns = [{"Name": "number", "Type": "bigint"}, {"Name": "customer", "Type": "string"}]
    glue.create_table(DatabaseName="shop", TableInput={"Name": "orders", "StorageDescriptor": {"Columns": columns}})
    client(server, "firehose").create_delivery_stream(
        DeliveryStreamName="orders",
        ExtendedS3DestinationConfiguration={
            "RoleARN": "arn:aws:iam::000000000000:role/r",
            "BucketARN": "arn:aws:s3:::landing",
            "Prefix": "orders/",
            "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 0},
            "DataFormatConversionConfiguration": {
                "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
                "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
                "SchemaConfiguration": {"RoleARN": "arn:aws:iam::000000000000:role/r", "DatabaseName": "shop", "TableName": "orders"},
            },
        },
    )


def test_rows_arrive_once_through_kills(tmp_path):
    # A line that is put is a number; so what arrives can be counted without the order's own text.
    lines = [json.dumps({"number": i, "customer": str(order)}).encode() for i, order in enumerate(orders.orders(20000))]
    number_of = {line: i for i, line in enumerate(lines)}
    dice = random.Random(4566)
    accepted, unknown = collections.Counter(), collections.Counter()
    server = Server(tmp_path / "data")
    make_stream(server)
    at = 0
    for _ in range(KILLS):
        # Deliveries begin at once, so a kill hits them anywhere.
        at = put_all(server, lines, at, accepted, unknown, time.monotonic() + dice.uniform(0.02, 0.2))
        server.kill()
        server = Server(tmp_path / "data")
    put_all(server, lines, at, accepted, unknown, time.monotonic() + 3600)
    expected = collections.Counter(number_of[line] for line in accepted.elements())
    possible = expected + collections.Counter(number_of[line] for line in unknown.elements())
    end = time.monotonic() + 600
    while sum((expected - (found := delivered(server))).values()) and time.monotonic() < end:
        time.sleep(0.2)
    assert not expected - found, "accepted and not delivered"
    assert not found - possible, "delivered more often than put"
    print(f"{len(lines)} rows, peak {server.resident_kib()[1] // 1024} MiB")
    server.stop()
