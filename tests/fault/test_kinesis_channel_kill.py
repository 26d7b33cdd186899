"""kill -9 while a channel delivers a stream: all that was put comes to the bucket, however often the server dies."""

import gzip
import json
import os
import random
import threading
import time
import urllib.request

import boto3
from botocore.config import Config

from load import ACCOUNT, FAULTS
from server import Server

FRESH_S = 300
PAD = 10_000  # random bytes: packing them takes a delivery so long that a kill meets it


def client_of(server, name):
    return boto3.client(name, endpoint_url=server.endpoint, region_name="us-east-1", aws_access_key_id=ACCOUNT,
                        aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}))


def start(folder):
    return Server(folder / "data", "--test-clock")


def move(server, seconds):
    body = json.dumps({"advance_ms": seconds * 1000}).encode()
    request = urllib.request.Request(f"{server.endpoint}/_cadabra/clock", body, method="POST")
    urllib.request.urlopen(request).read()


def produce(server, name, done, lock):
    kinesis = client_of(server, "kinesis")
    for number in range(100_000):
        texts = [f"{name}.{number}.{n}" for n in range(number % 4 + 1)]
        try:
            kinesis.put_records(StreamName="s", Records=[
                {"Data": f"{t}:{os.urandom(PAD).hex()};".encode(), "PartitionKey": t} for t in texts])
        except FAULTS:
            return
        with lock:
            done.update(texts)


def hurry(server):
    """Makes what waits due, again and again, until the server dies."""
    try:
        while True:
            move(server, FRESH_S + 1)
            time.sleep(0.02)
    except (OSError, *FAULTS):
        return


def read_new(s3, objects):
    """Adds what each new object of the bucket holds."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="box"):
        for key in (item["Key"] for item in page.get("Contents", [])):
            if key not in objects:
                whole = gzip.decompress(s3.get_object(Bucket="box", Key=key)["Body"].read()).decode()
                objects[key] = [record.split(":")[0] for record in whole.split(";")[:-1]]


def test_kill_while_a_channel_delivers(tmp_path):
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    server = start(tmp_path)
    client_of(server, "s3").create_bucket(Bucket="box")
    kinesis = client_of(server, "kinesis")
    kinesis.create_stream(StreamName="s")
    kinesis.increase_stream_retention_period(StreamName="s", RetentionPeriodHours=8760)
    kinesis.create_channel(
        ChannelName="c", ServiceExecutionRoleARN=f"arn:aws:iam::{ACCOUNT}:role/r",
        StreamConfigurationList=[{"StreamARN": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s",
                                  "RecordConfiguration": {"RecordFormatType": "STRING"}}],
        S3DestinationConfiguration={"StorageConfiguration": {
            "BucketARN": "arn:aws:s3:::box", "ExpectedBucketOwner": ACCOUNT, "CompressionType": "GZIP"}})
    put, lock = set(), threading.Lock()
    for life in range(4):
        before = len(put)
        workers = [threading.Thread(target=produce, args=(server, f"{life}.{n}", put, lock)) for n in range(2)]
        workers.append(threading.Thread(target=hurry, args=(server,)))
        for thread in workers:
            thread.start()
        for _ in range(1200):  # a machine that is busy with other tests may need longer
            if len(put) > before + 50:
                break
            time.sleep(0.05)
        time.sleep(dice.uniform(0.2, 0.9))
        server.kill()
        for thread in workers:
            thread.join()
        assert len(put) > before
        server = start(tmp_path)
    s3 = client_of(server, "s3")
    # The clock of a server that was killed starts anew: its records may lie in this one's future.
    objects = {}
    for _ in range(200):
        move(server, 24 * 3600)
        time.sleep(0.1)
        read_new(s3, objects)
        found = [text for texts in objects.values() for text in texts]
        if put <= set(found):
            break
    assert put <= set(found), f"{len(put - set(found))} of {len(put)} put, and never delivered"
    assert len(found) < 2 * len(put), "more comes twice than kills interrupt"
    server.stop()
