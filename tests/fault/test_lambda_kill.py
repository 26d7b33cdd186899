"""kill -9 while functions run: what was accepted is carried out, what was read is delivered."""

import json
import os
import pathlib
import signal
import sys
import tempfile
import time

import boto3
import pytest
from botocore.config import Config

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "sdk"))

from lambda_kit import create, eventually
from server import Server

RECORDER = """
import base64, json, time
def handler(event, context):
    time.sleep({seconds})
    data = [base64.b64decode(r["kinesis"]["data"]).decode() for r in event.get("Records", [])] or [str(event["n"])]
    with open({out!r}, "a") as f:
        f.write(json.dumps(data) + "\\n")
"""

LONG = """
import time
def handler(event, context):
    open({out!r}, "w").close()
    time.sleep(1000)
"""


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="cadabra-lambda-kill-") as path:
        yield pathlib.Path(path)


def client(server, service):
    return boto3.client(
        service,
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id="123456789012",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}),
    )


def delivered(out):
    return [int(v) for line in out.read_text().splitlines() for v in json.loads(line)] if out.exists() else []


def test_accepted_events_survive(folder):
    out = folder / "out"
    server = Server(folder / "data")
    functions = client(server, "lambda")
    # The last one takes longer than it takes to kill the server.
    create(functions, RECORDER.format(out=str(out), seconds="10 if event['n'] == 29 else 0.3"), Timeout=60)
    for n in range(30):
        functions.invoke(FunctionName="f", InvocationType="Event", Payload=json.dumps({"n": n}))
    server.kill()
    before = len(delivered(out))
    assert before < 30
    server = Server(folder / "data")
    eventually(lambda: set(delivered(out)) == set(range(30)))
    server.stop()


def test_records_are_delivered_across_kills(folder):
    out = folder / "out"
    server = Server(folder / "data")
    functions, kinesis = client(server, "lambda"), client(server, "kinesis")
    create(functions, RECORDER.format(out=str(out), seconds=0.02), Timeout=100)
    kinesis.create_stream(StreamName="s", ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName="s")
    arn = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
    functions.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="f", StartingPosition="LATEST", BatchSize=10
    )
    acknowledged = 0
    for _ in range(4):
        kinesis = client(server, "kinesis")
        for _ in range(10):
            records = [
                {"Data": str(acknowledged + i).encode(), "PartitionKey": str(i)} for i in range(20)
            ]
            assert kinesis.put_records(StreamName="s", Records=records)["FailedRecordCount"] == 0
            acknowledged += 20
        time.sleep(0.3)
        server.kill()
        server = Server(folder / "data")
    eventually(lambda: set(delivered(out)) >= set(range(acknowledged)))
    time.sleep(0.5)
    got = delivered(out)
    # At least once: a batch that was under way when the server was killed comes again, no more.
    assert acknowledged <= len(got) <= acknowledged + 4 * 2 * 10
    server.stop()
    assert not any(runs_of(server))


def runs_of(server):
    """The functions of a server, known by its address."""
    address = f"AWS_ENDPOINT_URL={server.endpoint}\0".encode()
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if address in (process / "environ").read_bytes():
                yield process
        except OSError:
            pass


def test_functions_of_a_killed_server_are_ended(folder):
    server = Server(folder / "data")
    functions = client(server, "lambda")
    create(functions, "import time\ndef handler(e, c):\n    time.sleep(1000)\n", Timeout=900)
    functions.invoke(FunctionName="f", InvocationType="Event")
    eventually(lambda: any(runs_of(server)))
    server.kill()
    eventually(lambda: not any(runs_of(server)))


def test_a_server_ends_what_a_killed_one_left(folder):
    """For the case that the process which looks after that was killed, too."""
    server = Server(folder / "data")
    functions = client(server, "lambda")
    create(functions, LONG.format(out=str(folder / "begun")), Timeout=900)
    functions.invoke(FunctionName="f", InvocationType="Event")
    # Before that it would end by itself, for want of a server to ask for its event.
    eventually((folder / "begun").exists)
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        if command(process) == b"cadabra\0helper\0lambda\0" and parent(process) == server.process.pid:
            os.kill(int(process.name), signal.SIGKILL)
    server.kill()
    assert any(runs_of(server))
    again = Server(folder / "data")
    eventually(lambda: not any(runs_of(server)))
    again.stop()


def command(process):
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def parent(process):
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
