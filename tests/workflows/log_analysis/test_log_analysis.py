"""Workflow: lines of an access log go into Firehose, a function makes documents of them, and a search engine has them.

The engine is an HTTP server here that speaks _bulk and keeps documents by their ids. Lines that are none come out as lines
of JSON below processing-failed/. The real log is ../shared/data/apache_access.log.xz, of which the function accepts 9,331
lines and fails 669; similar lines are made where it is not.
"""

import base64
import io
import json
import lzma
import pathlib
import random
import sys
import time
import urllib.request
import zipfile

import boto3
import pytest
from http_kit import HttpServer
from server import TOP, Server

HERE = pathlib.Path(__file__).parent
REAL = TOP.parent / "shared" / "data" / "apache_access.log.xz"
ACCOUNT, BUCKET, STREAM, ROLE = "111122224444", "weblogs", "web-logs", "arn:aws:iam::111122224444:role/firehose"
BATCH = 500

sys.path.insert(0, str(HERE / "function"))
from apache_to_json import document  # noqa: E402


def made(count):
    """Lines as a log has them, some with a size of "-", which the function does not take."""
    dice = random.Random(4566)
    for i in range(count):
        size = "-" if dice.randrange(15) == 0 else str(dice.randrange(100, 99999))
        path = dice.choice(["/", "/cart", "/größe?q=\"50%\"", "/images/logo.png"])
        yield (f"10.0.{dice.randrange(256)}.{dice.randrange(256)} - - [17/May/2015:{i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02} +0000] "
               f"\"GET {path} HTTP/1.1\" {dice.choice([200, 304, 404])} {size} \"-\" \"agent/{i}\"\n").encode()


@pytest.fixture(scope="module")
def log():
    """The lines, those that the function accepts as documents, and those that it fails."""
    lines = lzma.open(REAL).read().splitlines(keepends=True) if REAL.exists() else list(made(3000))
    documents = [found for found in (document(line.decode()) for line in lines) if found]
    failed = [line for line in lines if not document(line.decode())]
    if REAL.exists():
        assert (len(documents), len(failed)) == (9_331, 669)
    assert documents and failed
    return lines, documents, failed


class Engine(HttpServer):
    """POST /_bulk, as OpenSearch takes it: a document that comes again under its id is overwritten."""

    def __init__(self):
        self.documents, self.refused, self.down = {}, 0, False
        super().__init__(lambda path, headers, body: self.bulk(body) if path == "/_bulk" else (404, {}))

    def bulk(self, data):
        if self.down:
            self.refused += 1
            return 503, {"error": "unavailable"}
        rows = [json.loads(row) for row in data.decode().splitlines()]
        items = []
        for action, source in zip(rows[::2], rows[1::2]):
            where = action["index"]
            self.documents[where["_index"], where["_id"]] = source
            items.append({"index": {**where, "status": 201}})
        return 200, {"took": 1, "errors": False, "items": items}


@pytest.fixture
def engine():
    running = Engine()
    yield running
    running.close()


class Pipeline:
    def __init__(self, server):
        self.server = server
        session = boto3.Session(ACCOUNT, "test", region_name="us-east-1")
        names = ("firehose", "lambda", "s3")
        self.firehose, self.functions, self.s3 = (session.client(n, endpoint_url=server.endpoint) for n in names)

    def build(self, **destination):
        self.s3.create_bucket(Bucket=BUCKET)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as z:
            z.write(HERE / "function" / "apache_to_json.py", "apache_to_json.py")
        arn = self.functions.create_function(
            FunctionName="apache", Runtime="python3.12", Role=ROLE, Handler="apache_to_json.lambda_handler", Timeout=60,
            Code={"ZipFile": packed.getvalue()},
        )["FunctionArn"]  # fmt: skip
        parameters = {"LambdaArn": arn, "BufferSizeInMBs": "1", "BufferIntervalInSeconds": "1"}
        lambda_ = {"Type": "Lambda", "Parameters": [{"ParameterName": n, "ParameterValue": v} for n, v in parameters.items()]}
        for configuration in destination.values():
            configuration |= {"RoleARN": ROLE, "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 1}}
            configuration["ProcessingConfiguration"] = {"Enabled": True, "Processors": [lambda_]}
        self.firehose.create_delivery_stream(DeliveryStreamName=STREAM, **destination)

    def put(self, lines):
        for i in range(0, len(lines), BATCH):
            answer = self.firehose.put_record_batch(DeliveryStreamName=STREAM, Records=[{"Data": line} for line in lines[i : i + BATCH]])
            assert answer["FailedPutCount"] == 0

    def lines(self, prefix):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        keys = [o["Key"] for page in pages for o in page.get("Contents", [])]
        return [json.loads(line) for key in keys for line in self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().splitlines()]

    def advance(self, seconds):
        text = json.dumps({"advance_ms": seconds * 1000}).encode()
        urllib.request.urlopen(urllib.request.Request(self.server.endpoint + "/_cadabra/clock", data=text, method="POST")).read()


def until(look):
    end = time.monotonic() + 600
    while not look():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def advance_until(pipeline, look, seconds=3):
    """Moves the clock by two minutes, and again when that was not enough; no faster than the server works, for what is
    tried in vain for two hours goes elsewhere."""
    for _ in range(40):
        pipeline.advance(121)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if look():
                return
            time.sleep(0.1)
    raise AssertionError("moved the clock in vain")


def as_set(documents):
    """Documents and how often each is there: lines of a log may be alike."""
    return sorted(json.dumps(d, sort_keys=True) for d in documents)


def raw(failures):
    return sorted(base64.b64decode(f["rawData"]) for f in failures)


def to_engine(engine):
    """The configuration of such a destination."""
    backup = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{BUCKET}", "Prefix": "logs/", "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 1}}
    return {"ClusterEndpoint": engine.url, "IndexName": "weblogs", "IndexRotationPeriod": "OneDay", "S3Configuration": backup}


def test_to_s3(folder, log):
    lines, documents, failed = log
    server = Server(folder / "data")
    pipeline = Pipeline(server)
    pipeline.build(ExtendedS3DestinationConfiguration={"BucketARN": f"arn:aws:s3:::{BUCKET}", "Prefix": "good/", "ErrorOutputPrefix": "bad/"})
    pipeline.put(lines)
    until(lambda: len(pipeline.lines("good/")) + len(pipeline.lines("bad/processing-failed/")) >= len(lines))
    assert as_set(pipeline.lines("good/")) == as_set(documents)
    assert raw(pipeline.lines("bad/processing-failed/")) == sorted(failed)
    assert len(pipeline.lines("")) == len(lines)
    server.stop()


def test_to_a_search_engine(folder, engine, log):
    lines, documents, failed = log
    server = Server(folder / "data")
    pipeline = Pipeline(server)
    pipeline.build(AmazonopensearchserviceDestinationConfiguration=to_engine(engine))
    pipeline.put(lines)
    until(lambda: len(engine.documents) + len(pipeline.lines("logs/processing-failed/")) >= len(lines))
    assert as_set(engine.documents.values()) == as_set(documents)
    assert raw(pipeline.lines("logs/processing-failed/")) == sorted(failed)
    assert len(pipeline.lines("")) == len(failed)
    assert all(index.startswith("weblogs-2") for index, _ in engine.documents)
    server.stop()


def test_nothing_is_lost_while_the_engine_is_down_and_the_server_is_killed(folder, engine, log):
    """Down for minutes (the server's clock is moved), killed meanwhile, also amid the puts: each document arrives, and
    under one id, in the end."""
    lines, documents, failed = log
    half = len(lines) // 2
    engine.down = True
    server = Server(folder / "data", "--test-clock")
    pipeline = Pipeline(server)
    pipeline.build(AmazonopensearchserviceDestinationConfiguration={**to_engine(engine), "RetryOptions": {"DurationInSeconds": 7200}})
    pipeline.put(lines[:half])
    pipeline.advance(2)
    until(lambda: engine.refused >= 2)
    server.kill()
    server = Server(folder / "data", "--test-clock")
    pipeline = Pipeline(server)
    pipeline.put(lines[half:])
    for _ in range(4):
        seen = engine.refused
        advance_until(pipeline, lambda: engine.refused > seen)
    server.kill()
    engine.down = False
    server = Server(folder / "data", "--test-clock")
    pipeline = Pipeline(server)
    advance_until(pipeline, lambda: len(engine.documents) + len(pipeline.lines("logs/processing-failed/")) >= len(lines))
    assert as_set(engine.documents.values()) == as_set(documents)
    assert raw(pipeline.lines("logs/processing-failed/")) == sorted(failed)
    assert len(pipeline.lines("")) == len(failed)
    server.stop()
