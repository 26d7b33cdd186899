"""Orders through Firehose to S3, with kill -9 again and again: every order that was accepted arrives, and once."""

import collections
import json
import random
import sys
import time
import urllib.request

import boto3
import pathlib
from botocore.config import Config
from load import FAULTS
from server import Server

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "workflows"))
import orders  # noqa: E402

ACCOUNT = "555566667777"
BATCH = 500
KILLS = 6


def client(server, service):
    session = boto3.Session(ACCOUNT, "test", region_name="us-east-1")
    return session.client(service, endpoint_url=server.endpoint, config=Config(retries={"total_max_attempts": 1}))


def delivered(server):
    store = client(server, "s3")
    pages = store.get_paginator("list_objects_v2").paginate(Bucket="landing")
    found = [(o["Key"], o["Size"]) for page in pages for o in page.get("Contents", [])]
    text = b"".join(store.get_object(Bucket="landing", Key=key)["Body"].read() for key, _ in found)
    return text.splitlines(keepends=True), [size for _, size in found]


def advance(server, seconds):
    document = json.dumps({"advance_ms": seconds * 1000}).encode()
    urllib.request.urlopen(urllib.request.Request(server.endpoint + "/_cadabra/clock", data=document, method="POST")).read()


def put_all(server, lines, at, accepted, unknown, until):
    """Puts batches from `at` on until that time or the end; what got no answer is unknown, and not put again."""
    firehose = client(server, "firehose")
    while at < len(lines) and time.monotonic() < until:
        batch = lines[at : at + BATCH]
        at += BATCH
        try:
            answer = firehose.put_record_batch(DeliveryStreamName="orders", Records=[{"Data": line} for line in batch])
            assert answer["FailedPutCount"] == 0
            accepted.update(batch)
        except FAULTS:
            unknown.update(batch)
    return at


def test_orders_arrive_once_through_kills(tmp_path):
    lines = [(json.dumps(order) + "\n").encode() for order in orders.orders(orders.wanted())]
    dice = random.Random(4566)
    accepted, unknown = collections.Counter(), collections.Counter()
    server = Server(tmp_path / "data", "--test-clock")
    client(server, "s3").create_bucket(Bucket="landing")
    client(server, "firehose").create_delivery_stream(
        DeliveryStreamName="orders",
        S3DestinationConfiguration={
            "RoleARN": "arn:aws:iam::000000000000:role/r",
            "BucketARN": "arn:aws:s3:::landing",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
        },
    )
    began, at = time.monotonic(), 0
    for _ in range(KILLS):
        # The kill comes at any moment: also between an object that was written and the buffer's end.
        at = put_all(server, lines, at, accepted, unknown, time.monotonic() + dice.uniform(0.02, 0.1))
        server.kill()
        server = Server(tmp_path / "data", "--test-clock")
    at = put_all(server, lines, at, accepted, unknown, time.monotonic() + 3600)
    took = time.monotonic() - began
    advance(server, 61)
    end = time.monotonic() + 600
    found, sizes = delivered(server)
    while len(found) < sum(accepted.values()) and time.monotonic() < end:
        time.sleep(0.2)
        found, sizes = delivered(server)
    time.sleep(0.5)
    found, sizes = delivered(server)
    counted = collections.Counter(found)
    assert not accepted - counted, "accepted and not delivered"
    assert not counted - accepted - unknown, "delivered more often than put"
    assert max(sizes) <= 1024 * 1024, "beyond the buffer's size"
    print(f"{len(lines)} orders in {took:.1f} s, {len(sizes)} objects, peak {server.resident_kib()[1] // 1024} MiB")
    server.stop()
