"""Functions that crash, hang, flood, fork and leak, side by side, while their settings change and records flow."""

import collections
import pathlib
import random
import sys
import tempfile
import threading
import time

import boto3
import pytest
from botocore.config import Config

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "sdk"))

from lambda_kit import create, eventually, invoke
from server import Server

SECONDS = 12

WILD = """
import os, random, subprocess, time
def handler(event, context):
    what = event.get("what")
    if what == "exit": os._exit(3)
    if what == "hang": time.sleep(100)
    if what == "raise": raise ValueError("x" * 1000)
    if what == "fork": subprocess.Popen(["setsid", "sleep", "4321"])
    if what == "flood": os.write(1, b"z" * 300000)
    if what == "late": time.sleep(random.choice([.97, .98, .99, 1.0, 1.01]))
    if what == "big": return "x" * 3000000
    return what
"""

# Every tenth batch crashes, raises or hangs.
RECORDER = """
import base64, os, random, time
def handler(event, context):
    r = random.random()
    if r < .04: os._exit(1)
    if r < .08: raise ValueError()
    if r < .10: time.sleep(5)
    with open({out!r}, "a") as f:
        f.write("".join(base64.b64decode(r["kinesis"]["data"]).decode() + "\\n" for r in event["Records"]))
"""

EXPECTED = {
    "ok": {None},
    "exit": {"Runtime.ExitError"},
    "hang": {"Sandbox.Timedout"},
    "raise": {"ValueError"},
    "fork": {None},
    "flood": {None},
    "late": {None, "Sandbox.Timedout"},
    "big": {None},
}


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="cadabra-lambda-stress-") as path:
        yield pathlib.Path(path)


def call_wildly(functions, stop, seen):
    while time.monotonic() < stop or sum(seen.values()) <= 10:
        what = random.choice([*EXPECTED, "update", "event"])
        if what == "update":
            functions.update_function_configuration(FunctionName="f", Description=str(random.random()))
        elif what == "event":
            functions.invoke(FunctionName="f", InvocationType="Event", Payload='{"what": "ok"}')
        else:
            body, error = invoke(functions, {"what": what})
            seen[what, body["errorType"] if error else None] += 1


def test_faults_while_records_flow(folder):
    out = folder / "out"
    server = Server(folder / "data")

    def client(service):
        return boto3.client(
            service,
            endpoint_url=server.endpoint,
            region_name="us-east-1",
            aws_access_key_id="123456789012",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 1}, max_pool_connections=16),
        )

    functions, kinesis = client("lambda"), client("kinesis")
    create(functions, WILD, Timeout=1)
    create(functions, RECORDER.format(out=str(out)), name="recorder", Timeout=1)
    kinesis.create_stream(StreamName="s", ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName="s")
    arn = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
    functions.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="recorder", StartingPosition="TRIM_HORIZON", BatchSize=20
    )
    seen, stop = collections.Counter(), time.monotonic() + SECONDS
    threads = [threading.Thread(target=call_wildly, args=(functions, stop, seen)) for _ in range(4)]
    for thread in threads:
        thread.start()
    sent = 0
    while time.monotonic() < stop:
        records = [{"Data": str(sent + i).encode(), "PartitionKey": str(i)} for i in range(20)]
        assert kinesis.put_records(StreamName="s", Records=records)["FailedRecordCount"] == 0
        sent += 20
        time.sleep(0.2)
    for thread in threads:
        thread.join()
    # On a machine that is busy enough anything may be late.
    unexpected = {
        key: n for key, n in seen.items() if key[1] not in EXPECTED[key[0]] and key[1] != "Sandbox.Timedout"
    }
    assert not unexpected and sum(seen.values()) > 10
    eventually(lambda: out.exists() and set(map(int, out.read_text().split())) == set(range(sent)))
    server.stop()
    eventually(lambda: not [p for p in pathlib.Path("/proc").glob("[0-9]*") if command(p) == b"sleep\x004321\x00"])


def command(process):
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
