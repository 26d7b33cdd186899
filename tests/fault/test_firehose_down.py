"""Destinations that are down for minutes while the server is killed again and again: nothing that was accepted is lost.

One stream delivers to an HTTP endpoint that answers 503 or nothing at all, one to a bucket that is not there yet.
"""

import base64
import collections
import json
import random
import threading
import time

from http_kit import HttpServer
from load import FAULTS
from server import Server
from test_firehose_kill import advance, client

ROLE = "arn:aws:iam::000000000000:role/r"
KILLS = 4


class Endpoint(HttpServer):
    """Takes requests when it is up, and keeps the records of each request id once: a try may have been taken unnoticed."""

    def __init__(self, dice):
        self.up, self.refused, self.taken, self.dice = False, 0, {}, dice
        super().__init__(self.take)

    def take(self, path, headers, body):
        data = json.loads(body)
        answer = {"requestId": data["requestId"], "timestamp": 1578090903599}
        if self.up:
            self.taken[data["requestId"]] = [base64.b64decode(r["data"]) for r in data["records"]]
            return 200, answer
        self.refused += 1
        return None if self.dice.randrange(3) == 0 else (503, answer)

    def records(self):
        return [record for records in list(self.taken.values()) for record in records]


def create(server, endpoint):
    hints = {"SizeInMBs": 1, "IntervalInSeconds": 1}
    backup = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::late", "BufferingHints": hints}
    firehose = client(server, "firehose")
    firehose.create_delivery_stream(DeliveryStreamName="bucket", S3DestinationConfiguration=backup)
    firehose.create_delivery_stream(
        DeliveryStreamName="endpoint",
        HttpEndpointDestinationConfiguration={
            "EndpointConfiguration": {"Url": endpoint.url + "/"},
            "BufferingHints": hints,
            "RetryOptions": {"DurationInSeconds": 7200},
            "S3Configuration": backup,
        },
    )


def put_until_killed(server, seconds, number, accepted, unknown):
    """Batches into both streams; the kill comes some time after the first ones were accepted, at any moment of one. A
    batch that got no answer is unknown."""
    firehose = client(server, "firehose")
    killer = threading.Timer(seconds, server.kill)
    while True:
        number += 1
        for name in ("endpoint", "bucket"):
            batch = [f"{name} {number} {i}\n".encode() for i in range(20)]
            try:
                firehose.put_record_batch(DeliveryStreamName=name, Records=[{"Data": record} for record in batch])
                accepted[name].update(batch)
            except FAULTS:
                unknown.update(batch)
                killer.join()
                return number
        if not killer.ident:
            killer.start()


def delivered(server):
    store = client(server, "s3")
    pages = store.get_paginator("list_objects_v2").paginate(Bucket="late")
    keys = [o["Key"] for page in pages for o in page.get("Contents", [])]
    assert not [key for key in keys if "failed" in key], "the retry duration was not over"
    return [line for key in keys for line in store.get_object(Bucket="late", Key=key)["Body"].read().splitlines(keepends=True)]


def comes_true(look, seconds=3):
    """Whether it does within a while: the clock is not moved so fast that the retry duration is over before the server has
    come to its tries."""
    end = time.monotonic() + seconds
    while not look() and time.monotonic() < end:
        time.sleep(0.1)
    return look()


def test_nothing_is_lost_while_destinations_are_down(tmp_path):
    dice = random.Random(4566)
    endpoint = Endpoint(dice)
    accepted, unknown = {"endpoint": collections.Counter(), "bucket": collections.Counter()}, collections.Counter()
    server = Server(tmp_path / "data", "--test-clock")
    create(server, endpoint)
    number = 0
    for _ in range(KILLS):
        number = put_until_killed(server, dice.uniform(0.1, 0.4), number, accepted, unknown)
        server = Server(tmp_path / "data", "--test-clock")
        refused = endpoint.refused
        for _ in range(40):  # it is tried again, after minutes
            advance(server, 121)
            if comes_true(lambda: endpoint.refused > refused):
                break
        assert endpoint.refused > refused, "not tried again"
    endpoint.up = True
    client(server, "s3").create_bucket(Bucket="late")
    found = {}

    def all_there():
        found.update(endpoint=endpoint.records(), bucket=delivered(server))
        return all(len(found[name]) >= sum(accepted[name].values()) for name in found)

    for _ in range(40):
        advance(server, 121)
        if comes_true(all_there):
            break
    assert all_there(), "not delivered"
    for name, records in found.items():
        counted = collections.Counter(records)
        assert not accepted[name] - counted, f"{name}: accepted and not delivered"
        assert not counted - accepted[name] - unknown, f"{name}: delivered more often than put"
    server.stop()
    endpoint.close()
