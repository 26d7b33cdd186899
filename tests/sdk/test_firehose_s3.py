"""Deliveries to S3: when, under which keys, in which form; transformations on the way."""

import base64
import datetime
import gzip
import io
import json
import random
import re
import struct
import urllib.request
import uuid
import zipfile
import zlib

import boto3
import pytest
from firehose_kit import AT_ONCE, body, keys, lines, processors, s3, until
from lambda_kit import create
from server import Server


@pytest.fixture
def bucket(client):
    name = f"landing-{random.randrange(10**12)}"
    client("s3").create_bucket(Bucket=name)
    return name


def make(firehose, bucket, name="f", **more):
    configuration = s3(bucket, **{"BufferingHints": AT_ONCE, **more})
    firehose.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=configuration)


def put(firehose, *records, name="f"):
    answer = firehose.put_record_batch(DeliveryStreamName=name, Records=[{"Data": r} for r in records])
    assert answer["FailedPutCount"] == 0


def arrive(store, bucket, prefix="", count=1):
    """The bodies of all objects below a prefix, once there are as many."""
    until(lambda: len(keys(store, bucket, prefix)) >= count)
    return [body(store, bucket, key) for key in keys(store, bucket, prefix)]


# --- when: on a server whose clock this test moves ---


class Clocked:
    def __init__(self, folder):
        self.server = Server(folder / "data", "--test-clock")

    def client(self, service, account="123456789012"):
        session = boto3.Session(aws_access_key_id=account, aws_secret_access_key="test", region_name="us-east-1")
        return session.client(service, endpoint_url=self.server.endpoint)

    def advance(self, seconds):
        document = json.dumps({"advance_ms": int(seconds * 1000)}).encode()
        request = urllib.request.Request(self.server.endpoint + "/_cadabra/clock", data=document, method="POST")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def clocked(tmp_path_factory):
    c = Clocked(tmp_path_factory.mktemp("clocked"))
    yield c
    c.server.stop()


def test_a_buffer_waits_for_its_time_and_no_longer(clocked):
    account = str(random.randrange(10**11, 10**12))
    firehose, store = clocked.client("firehose", account), clocked.client("s3", account)
    bucket = f"timed-{account}"
    store.create_bucket(Bucket=bucket)
    make(firehose, bucket, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900})
    make(firehose, bucket, name="soon", BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 600}, Prefix="soon/")
    put(firehose, b"late")
    put(firehose, b"soon", name="soon")
    clocked.advance(400)
    put(firehose, b"er", name="soon")
    assert keys(store, bucket) == []
    clocked.advance(201)
    assert arrive(store, bucket, "soon/") == [b"sooner"]
    clocked.advance(100)
    assert len(keys(store, bucket)) == 1
    clocked.advance(200)
    assert b"late" in arrive(store, bucket, count=2)


def test_a_record_waits_no_longer_than_the_update_says(clocked):
    account = str(random.randrange(10**11, 10**12))
    firehose, store = clocked.client("firehose", account), clocked.client("s3", account)
    bucket = f"updated-{account}"
    store.create_bucket(Bucket=bucket)
    make(firehose, bucket, BufferingHints={"SizeInMBs": 5, "IntervalInSeconds": 900})
    put(firehose, b"before ")
    firehose.update_destination(
        DeliveryStreamName="f",
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={"BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 60}},
    )
    put(firehose, b"after")
    clocked.advance(61)
    assert arrive(store, bucket) == [b"before after"]


def test_a_buffer_that_is_full_waits_for_nothing(clocked):
    account = str(random.randrange(10**11, 10**12))
    firehose, store = clocked.client("firehose", account), clocked.client("s3", account)
    bucket = f"sized-{account}"
    store.create_bucket(Bucket=bucket)
    make(firehose, bucket, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900})
    sent = [bytes([65 + i]) * 200_000 for i in range(11)]
    for record in sent:
        put(firehose, record)
    until(lambda: len(keys(store, bucket)) == 2)
    sizes = [len(body(store, bucket, key)) for key in keys(store, bucket)]
    assert sizes == [1_000_000, 1_000_000]
    clocked.advance(901)
    until(lambda: len(keys(store, bucket)) == 3)
    assert sorted(b"".join(body(store, bucket, key) for key in keys(store, bucket))) == sorted(b"".join(sent))


# --- which keys ---


def test_the_default_key(client, bucket):
    firehose, store = client("firehose"), client("s3")
    before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    make(firehose, bucket)
    put(firehose, b"x")
    arrive(store, bucket)
    after = datetime.datetime.now(datetime.timezone.utc)
    (key,) = keys(store, bucket)
    found = re.fullmatch(r"(\d{4}/\d\d/\d\d/\d\d)/f-1-(\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)-([0-9a-f-]{36})", key)
    when = datetime.datetime.strptime(found[2], "%Y-%m-%d-%H-%M-%S").replace(tzinfo=datetime.timezone.utc)
    assert before <= when <= after
    assert found[1] == when.strftime("%Y/%m/%d/%H")
    uuid.UUID(found[3])


def test_prefixes_are_evaluated(client, bucket):
    firehose, store = client("firehose"), client("s3")
    make(
        firehose,
        bucket,
        Prefix="y=!{timestamp:yyyy}/!{timestamp:'m='MM'/d='dd}/!{firehose:random-string}/",
        ErrorOutputPrefix="e/!{firehose:error-output-type}/",
        FileExtension=".json",
        CustomTimeZone="Asia/Kolkata",
    )
    put(firehose, b"x")
    arrive(store, bucket)
    (key,) = keys(store, bucket)
    found = re.fullmatch(r"y=(\d{4})/m=(\d\d)/d=(\d\d)/[0-9a-f-]{11}/f-1-(\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)-[0-9a-f-]{36}\.json", key)
    there = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=5, minutes=30)))
    written = datetime.datetime.strptime(found[4], "%Y-%m-%d-%H-%M-%S")
    assert abs(there.replace(tzinfo=None) - written) < datetime.timedelta(minutes=5)
    assert "-".join(found.groups()[:3]) == found[4][:10]


def test_a_version_and_a_static_prefix(client, bucket):
    firehose, store = client("firehose"), client("s3")
    make(firehose, bucket, Prefix="static-")
    firehose.update_destination(
        DeliveryStreamName="f",
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={"Prefix": "other-"},
    )
    put(firehose, b"x")
    arrive(store, bucket)
    assert re.match(r"other-20\d\d/\d\d/\d\d/\d\d/f-2-", keys(store, bucket)[0])


# --- which form ---


def snappy_block(block):
    """A raw snappy block, as its format description has it."""
    size = shift = at = 0
    while True:
        b = block[at]
        at += 1
        size |= (b & 0x7F) << shift
        shift += 7
        if b < 0x80:
            break
    out = bytearray()
    while at < len(block):
        tag = block[at]
        at += 1
        if tag & 3 == 0:
            n = tag >> 2
            if n >= 60:
                extra = n - 59
                n = int.from_bytes(block[at : at + extra], "little")
                at += extra
            out += block[at : at + n + 1]
            at += n + 1
            continue
        if tag & 3 == 1:
            n, offset = (tag >> 2 & 7) + 4, (tag >> 5) << 8 | block[at]
            at += 1
        else:
            width = 2 if tag & 3 == 2 else 4
            n, offset = (tag >> 2) + 1, int.from_bytes(block[at : at + width], "little")
            at += width
        for _ in range(n):
            out.append(out[-offset])
    assert len(out) == size
    return bytes(out)


def unsnappy(data):
    """What snappy-java's SnappyOutputStream writes."""
    assert data[:16] == b"\x82SNAPPY\x00" + struct.pack(">II", 1, 1)
    out, at = b"", 16
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        out += snappy_block(data[at + 4 : at + 4 + size])
        at += 4 + size
    return out


def unhadoop(data):
    out, at = b"", 0
    while at < len(data):
        plain_size, size = struct.unpack_from(">II", data, at)
        plain = snappy_block(data[at + 8 : at + 8 + size])
        assert len(plain) == plain_size
        out += plain
        at += 8 + size
    return out


def unzip(data):
    archive = zipfile.ZipFile(io.BytesIO(data))
    (name,) = archive.namelist()
    assert archive.testzip() is None and name.startswith("f-1-")
    return archive.read(name)


FORMATS = {
    "UNCOMPRESSED": ("", None, lambda data: data),
    "GZIP": (".gz", "gzip", gzip.decompress),
    "ZIP": (".zip", "zip", unzip),
    "Snappy": (".snappy", "snappy-java", unsnappy),
    "HADOOP_SNAPPY": (".snappy", "hadoop-snappy", unhadoop),
}


@pytest.mark.parametrize("form", FORMATS)
def test_compressions(client, bucket, form):
    firehose, store = client("firehose"), client("s3")
    extension, encoding, undo = FORMATS[form]
    make(firehose, bucket, CompressionFormat=form, BufferingHints={"SizeInMBs": 5, "IntervalInSeconds": 1})
    sent = [f"line {i} of some text that repeats itself\n".encode() * 20 for i in range(450)]
    put(firehose, *sent)
    (data,) = arrive(store, bucket)
    (key,) = keys(store, bucket)
    assert key.endswith(extension)
    assert undo(data) == b"".join(sent)
    head = store.head_object(Bucket=bucket, Key=key)
    assert (head["ContentType"], head.get("ContentEncoding")) == ("application/octet-stream", encoding)


def test_large_buffers_go_through_a_file(client, bucket):
    firehose, store = client("firehose"), client("s3")
    make(firehose, bucket, BufferingHints={"SizeInMBs": 8, "IntervalInSeconds": 900})
    blocks = [random.randbytes(1_000_000) for _ in range(9)]
    for block in blocks:
        put(firehose, block)
    (data,) = arrive(store, bucket)
    assert data == b"".join(blocks[:8])


KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"


def test_objects_are_marked_with_the_key_of_their_destination(client, bucket):
    """The destination's own, the copies' of what came in; what has none as the bucket says. Small and large objects."""
    firehose, store = client("firehose"), client("s3")
    with_key = {"EncryptionConfiguration": {"KMSEncryptionConfig": {"AWSKMSKeyARN": KEY}}}
    make(firehose, bucket, Prefix="plain/", S3BackupMode="Enabled", S3BackupConfiguration=s3(bucket, Prefix="copy/", BufferingHints=AT_ONCE, **with_key))
    make(firehose, bucket, name="g", Prefix="own/", BufferingHints={"SizeInMBs": 2, "IntervalInSeconds": 1}, **with_key)
    put(firehose, b"x")
    put(firehose, b"y", name="g")
    put(firehose, random.randbytes(1_000_000), random.randbytes(900_000), name="g")
    until(lambda: keys(store, bucket, "plain/") and keys(store, bucket, "copy/"))
    until(lambda: sum(len(body(store, bucket, key)) for key in keys(store, bucket, "own/")) == 1_900_001)
    marks = {
        prefix: {(h["ServerSideEncryption"], h.get("SSEKMSKeyId")) for h in (store.head_object(Bucket=bucket, Key=key) for key in keys(store, bucket, prefix))}
        for prefix in ("plain/", "copy/", "own/")
    }
    assert marks == {"plain/": {("AES256", None)}, "copy/": {("aws:kms", KEY)}, "own/": {("aws:kms", KEY)}}


# --- transformations ---

def function(client, code, name="f"):
    return create(client("lambda"), code, name=name, Timeout=60)["FunctionArn"]


def transformed(arn, *more, **parameters):
    given = {"LambdaArn": arn, "BufferSizeInMBs": "1", "BufferIntervalInSeconds": "0", **parameters}
    return processors(("Lambda", given), *more)


CASES = r"""
import base64

def handler(event, context):
    assert event["deliveryStreamArn"].endswith(":deliverystream/f") and event["region"] == "us-east-1" and event["invocationId"]
    out = []
    for r in event["records"]:
        assert r["approximateArrivalTimestamp"] > 1.7e12
        text = base64.b64decode(r["data"]).decode()
        result = {"drop": "Dropped", "fail": "ProcessingFailed"}.get(text, "Ok")
        out.append({"recordId": r["recordId"], "result": result, "data": base64.b64encode(text.upper().encode()).decode()})
    return {"records": out}
"""


def test_ok_dropped_and_failed(client, bucket):
    firehose, store = client("firehose"), client("s3")
    arn = function(client, CASES)
    make(firehose, bucket, Prefix="ok/", ErrorOutputPrefix="bad/", ProcessingConfiguration=transformed(arn))
    put(firehose, b"a", b"drop", b"fail", b"b")
    assert arrive(store, bucket, "ok/") == [b"AB"]
    until(lambda: keys(store, bucket, "bad/"))
    (failed,) = lines(store, bucket, "bad/processing-failed/")
    assert base64.b64decode(failed["rawData"]) == b"fail"
    assert (failed["errorCode"], failed["attemptsMade"], failed["lambdaArn"]) == ("Lambda.ProcessingFailedStatus", 1, arn)
    assert failed["arrivalTimestamp"] <= failed["attemptEndingTimestamp"]
    assert set(failed) == {
        "attemptsMade", "arrivalTimestamp", "errorCode", "errorMessage", "attemptEndingTimestamp", "rawData", "lambdaArn",
    }


WRONG_ANSWERS = {
    "too few": ("records[:-1]", "Lambda.MissingRecordId"),
    "one twice": ("records + records[:1]", "Lambda.DuplicatedRecordId"),
    "foreign": ("records + [dict(records[0], recordId='somebody')]", "Lambda.JsonProcessingException"),
    "no data": ("[{k: v for k, v in r.items() if k != 'data'} for r in records]", "Lambda.JsonProcessingException"),
    "no base64": ("[dict(r, data='*') for r in records]", "Lambda.JsonProcessingException"),
    "no such result": ("[dict(r, result='Fine') for r in records]", "Lambda.JsonProcessingException"),
    "nothing": ("None", "Lambda.JsonProcessingException"),
    "an error": ("1 / 0", "Lambda.FunctionError"),
    "too much": ("[dict(r, data='A' * 3_200_000) for r in records]", "Lambda.FunctionError"),
}


@pytest.mark.parametrize("what", WRONG_ANSWERS)
def test_an_answer_that_is_wrong_passes_nothing_through(client, bucket, what):
    firehose, store = client("firehose"), client("s3")
    answer, code = WRONG_ANSWERS[what]
    arn = function(
        client,
        "def handler(event, context):\n"
        "    records = [dict(recordId=r['recordId'], result='Ok', data=r['data']) for r in event['records']]\n"
        f"    return {{'records': {answer}}}\n",
    )
    make(firehose, bucket, Prefix="ok/", ErrorOutputPrefix="bad/", ProcessingConfiguration=transformed(arn, NumberOfRetries="1"))
    put(firehose, b"a", b"b")
    until(lambda: keys(store, bucket))
    failed = lines(store, bucket, "bad/processing-failed/")
    assert [base64.b64decode(f["rawData"]) for f in failed] == [b"a", b"b"]
    assert {(f["errorCode"], f["attemptsMade"]) for f in failed} == {(code, 2)}
    assert keys(store, bucket, "ok/") == []


def test_a_function_that_takes_too_long(client, bucket):
    firehose, store = client("firehose"), client("s3")
    arn = create(client("lambda"), "import time\ndef handler(event, context):\n    time.sleep(60)\n", name="f", Timeout=1)["FunctionArn"]
    make(firehose, bucket, ProcessingConfiguration=transformed(arn, NumberOfRetries="0"))
    put(firehose, b"a")
    until(lambda: keys(store, bucket))
    (failed,) = lines(store, bucket, "processing-failed/")
    assert (failed["errorCode"], failed["attemptsMade"]) == ("Lambda.FunctionTimedOut", 1)
    assert base64.b64decode(failed["rawData"]) == b"a"


def test_a_record_that_no_event_can_hold_fails_alone(client, bucket):
    """Lambda takes 6 MB; records of Kinesis may have 10 MiB."""
    kinesis, firehose, store = client("kinesis"), client("firehose"), client("s3")
    kinesis.create_stream(StreamName="source", ShardCount=1, MaxRecordSizeInKiB=10240)
    arn = kinesis.describe_stream_summary(StreamName="source")["StreamDescriptionSummary"]["StreamARN"]
    same = function(client, "def handler(event, context):\n    return {'records': [dict(r, result='Ok') for r in event['records']]}\n")
    firehose.create_delivery_stream(
        DeliveryStreamName="f",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": arn, "RoleARN": "arn:aws:iam::000000000000:role/r"},
        ExtendedS3DestinationConfiguration=s3(
            bucket, BufferingHints=AT_ONCE, Prefix="ok/", ErrorOutputPrefix="bad/", ProcessingConfiguration=transformed(same)
        ),
    )
    large = random.randbytes(5_000_000)
    for data in (large, b"small"):
        kinesis.put_record(StreamName="source", Data=data, PartitionKey="k")
    assert arrive(store, bucket, "ok/") == [b"small"]
    until(lambda: keys(store, bucket, "bad/"))
    (failed,) = lines(store, bucket, "bad/processing-failed/")
    assert (failed["errorCode"], failed["attemptsMade"]) == ("Lambda.RequestTooLarge", 1)
    assert base64.b64decode(failed["rawData"]) == large


def test_a_function_that_is_not_there(client, bucket, account):
    firehose, store = client("firehose"), client("s3")
    arn = f"arn:aws:lambda:us-east-1:{account}:function:nobody"
    make(firehose, bucket, ProcessingConfiguration=transformed(arn, NumberOfRetries="0"))
    put(firehose, b"a")
    until(lambda: keys(store, bucket))
    (failed,) = lines(store, bucket, "processing-failed/")
    assert failed["errorCode"] == "Lambda.ResourceNotFound"


def test_what_came_in_is_backed_up(client, bucket):
    firehose, store = client("firehose"), client("s3")
    arn = function(client, CASES)
    make(
        firehose,
        bucket,
        Prefix="ok/",
        ProcessingConfiguration=transformed(arn),
        S3BackupMode="Enabled",
        S3BackupConfiguration=s3(bucket, Prefix="raw/", BufferingHints=AT_ONCE, CompressionFormat="GZIP"),
    )
    put(firehose, b"a", b"drop", b"b")
    assert arrive(store, bucket, "ok/") == [b"AB"]
    assert gzip.decompress(arrive(store, bucket, "raw/")[0]) == b"adropb"


# --- partitions ---

PARTITIONED = {"BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60}, "DynamicPartitioningConfiguration": {"Enabled": True}}


class Patient:
    """An account on the server whose clock is moved: partitions wait for a minute at least."""

    def __init__(self, clocked):
        self.clocked = clocked
        self.account = str(random.randrange(10**11, 10**12))
        self.bucket = f"patient-{self.account}"
        self.client("s3").create_bucket(Bucket=self.bucket)

    def client(self, service):
        return self.clocked.client(service, self.account)

    def until_there_are(self, count):
        until(lambda: self.clocked.advance(60) and len(keys(self.client("s3"), self.bucket)) == count)


@pytest.fixture
def patient(clocked):
    return Patient(clocked)


def by_query(query):
    return ("MetadataExtraction", {"MetadataExtractionQuery": query, "JsonParsingEngine": "JQ-1.6"})


def test_partitions_by_query(patient):
    firehose, store, bucket = patient.client("firehose"), patient.client("s3"), patient.bucket
    make(
        firehose,
        bucket,
        **PARTITIONED,
        Prefix="c=!{partitionKeyFromQuery:customer}/y=!{partitionKeyFromQuery:year}/",
        ErrorOutputPrefix="bad/!{firehose:error-output-type}/",
        ProcessingConfiguration=processors(
            by_query('{customer:.customer, year:(.at|strftime("%Y"))}'), ("AppendDelimiterToRecord", {"Delimiter": "\\n"})
        ),
    )
    records = [{"customer": c, "at": at} for c, at in (("ann", 1565382027), ("bob", 1565382027), ("ann", 1765382027), ("ann", 1565382028))]
    broken = [b"no json", b'{"customer": "x"}', b'{"customer": "", "at": 1}', b"[]"]
    put(firehose, *[json.dumps(r).encode() for r in records], *broken)
    patient.until_there_are(4)
    assert lines(store, bucket, "c=ann/y=2019/f-1-") == [records[0], records[3]]
    assert lines(store, bucket, "c=bob/y=2019/f-1-") == [records[1]]
    assert lines(store, bucket, "c=ann/y=2025/f-1-") == [records[2]]
    failed = lines(store, bucket, "bad/processing-failed/")
    assert [base64.b64decode(f["rawData"]) for f in failed] == broken
    assert {f["errorCode"] for f in failed} == {"DynamicPartitioning.MetadataExtractionFailed"}


def test_active_partitions_are_bounded(clocked):
    """500 wait for their delivery: records of further ones fail, those of the same don't, and after a delivery there is room."""
    account = str(random.randrange(10**11, 10**12))
    firehose, store = clocked.client("firehose", account), clocked.client("s3", account)
    bucket = f"active-{account}"
    store.create_bucket(Bucket=bucket)
    make(
        firehose,
        bucket,
        **{**PARTITIONED, "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 900}},
        Prefix="!{partitionKeyFromQuery:k}/",
        ErrorOutputPrefix="bad/",
        ProcessingConfiguration=processors(("RecordDeAggregation", {"SubRecordType": "JSON"}), by_query("{k:.k}")),
    )
    # One put is processed at once, and in order.
    documents = [json.dumps({"k": k}).encode() for k in (*range(500), 7, "late", 8)]
    put(firehose, b"".join(documents[:250]), b"".join(documents[250:]))
    until(lambda: clocked.advance(901) and len(keys(store, bucket)) == 501)
    (failed,) = lines(store, bucket, "bad/activePartitionExceeded/")
    assert base64.b64decode(failed["rawData"]) == b'{"k": "late"}'
    assert arrive(store, bucket, "7/") == [b'{"k": 7}{"k": 7}']
    put(firehose, documents[501])
    until(lambda: clocked.advance(901) and keys(store, bucket, "late/"))


def test_partitions_by_function(patient):
    firehose, store, bucket = patient.client("firehose"), patient.client("s3"), patient.bucket
    arn = function(
        patient.client,
        "import base64\n"
        "def handler(event, context):\n"
        "    out = []\n"
        "    for r in event['records']:\n"
        "        keys = {'k': base64.b64decode(r['data']).decode()[:1], 'unused': r['recordId']}\n"
        "        out.append(dict(recordId=r['recordId'], result='Ok', data=r['data'], metadata={'partitionKeys': keys}))\n"
        "    return {'records': out}\n",
    )
    make(
        firehose,
        bucket,
        **PARTITIONED,
        Prefix="!{partitionKeyFromLambda:k}/",
        ErrorOutputPrefix="bad/",
        ProcessingConfiguration=transformed(arn),
    )
    put(firehose, b"a1", b"b1", b"a2", b"")
    patient.until_there_are(3)
    assert arrive(store, bucket, "a/") == [b"a1a2"]
    assert arrive(store, bucket, "b/") == [b"b1"]
    assert len(lines(store, bucket, "bad/processing-failed/")) == 1


def test_a_query_that_never_ends_costs_its_record_only(patient):
    firehose, store, bucket = patient.client("firehose"), patient.client("s3"), patient.bucket
    make(
        firehose,
        bucket,
        **PARTITIONED,
        Prefix="k=!{partitionKeyFromQuery:k}/",
        ErrorOutputPrefix="bad/",
        ProcessingConfiguration=processors(by_query("{k: (if .k == 0 then last(repeat(1)) else .k end)}")),
    )
    put(firehose, b'{"k": 1}', b'{"k": 0}', b'{"k": 1}')
    patient.until_there_are(2)
    assert arrive(store, bucket, "k=1/") == [b'{"k": 1}{"k": 1}']
    (failed,) = lines(store, bucket, "bad/processing-failed/")
    assert base64.b64decode(failed["rawData"]) == b'{"k": 0}'


def test_a_query_that_does_not_compile_is_refused(client, bucket):
    firehose = client("firehose")
    with pytest.raises(firehose.exceptions.InvalidArgumentException, match="syntax error"):
        make(
            firehose,
            bucket,
            **PARTITIONED,
            Prefix="k=!{partitionKeyFromQuery:k}/",
            ErrorOutputPrefix="bad/",
            ProcessingConfiguration=processors(by_query("{k: .k ||}")),
        )


@pytest.mark.parametrize("kind", ["JSON", "DELIMITED"])
def test_aggregates_are_taken_apart(patient, kind):
    firehose, store, bucket = patient.client("firehose"), patient.client("s3"), patient.bucket
    more = {"Delimiter": base64.b64encode(b"####").decode()} if kind == "DELIMITED" else {}
    make(
        firehose,
        bucket,
        **PARTITIONED,
        Prefix="k=!{partitionKeyFromQuery:k}/",
        ErrorOutputPrefix="bad/",
        ProcessingConfiguration=processors(
            ("RecordDeAggregation", {"SubRecordType": kind, **more}), by_query("{k: .k}"), ("AppendDelimiterToRecord", {})
        ),
    )
    parts = [b'{"k": 1, "n": 1}', b'{"k":2}', b'{"k": 1, "n": 2}']
    put(firehose, (b"" if kind == "JSON" else b"####").join(parts))
    patient.until_there_are(2)
    assert arrive(store, bucket, "k=1/") == [parts[0] + b"\n" + parts[2] + b"\n"]
    assert arrive(store, bucket, "k=2/") == [parts[1] + b"\n"]


def test_logs_are_unpacked(client, bucket):
    firehose, store = client("firehose"), client("s3")
    make(
        firehose,
        bucket,
        ErrorOutputPrefix="bad/",
        Prefix="ok/",
        ProcessingConfiguration=processors(
            ("Decompression", {"CompressionFormat": "GZIP"}), ("CloudWatchLogProcessing", {"DataMessageExtraction": "true"})
        ),
    )
    event = {"messageType": "DATA_MESSAGE", "owner": "1", "logEvents": [{"id": "1", "message": "one"}, {"id": "2", "message": "two \u00e9"}]}
    control = {"messageType": "CONTROL_MESSAGE", "logEvents": [{"id": "", "message": "checking"}]}
    packed = [gzip.compress(json.dumps(d).encode()) for d in (event, control)]
    bomb = zlib.compressobj(wbits=31)
    bomb = bomb.compress(b"0" * 20_000_000) + bomb.flush()
    no_log = gzip.compress(b"[]")
    put(firehose, *packed, b"not packed", bomb, no_log)
    until(lambda: len(keys(store, bucket)) == 3)
    assert arrive(store, bucket, "ok/") == ["one\ntwo \u00e9\n".encode()]
    assert [base64.b64decode(f["rawData"]) for f in lines(store, bucket, "bad/decompression-failed/")] == [b"not packed", bomb]
    assert [base64.b64decode(f["rawData"]) for f in lines(store, bucket, "bad/processing-failed/")] == [no_log]


def test_what_is_much_unpacked_is_taken_in_rounds(client, bucket):
    """More than the 64 MiB that are unpacked at once."""
    firehose, store = client("firehose"), client("s3")
    make(firehose, bucket, Prefix="ok/", ErrorOutputPrefix="bad/", ProcessingConfiguration=processors(("Decompression", {"CompressionFormat": "GZIP"})))
    plain = [bytes([i]) * (9 << 20) for i in range(9)]
    put(firehose, *[gzip.compress(p) for p in plain], b"not packed")

    def sizes():
        pages = store.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="ok/")
        return sum(o["Size"] for page in pages for o in page.get("Contents", []))

    until(lambda: sizes() >= len(plain) * len(plain[0]))
    arrived = b"".join(body(store, bucket, key) for key in keys(store, bucket, "ok/"))
    assert len(arrived) == len(plain) * len(plain[0])
    assert [arrived.count(p) for p in plain] == [1] * len(plain)
    (failed,) = until(lambda: lines(store, bucket, "bad/decompression-failed/"))
    assert base64.b64decode(failed["rawData"]) == b"not packed"


# --- from Kinesis ---


def test_a_kinesis_stream_is_a_source(client, bucket):
    kinesis, firehose, store = client("kinesis"), client("firehose"), client("s3")
    kinesis.create_stream(StreamName="source", ShardCount=2)
    arn = kinesis.describe_stream_summary(StreamName="source")["StreamDescriptionSummary"]["StreamARN"]
    firehose.create_delivery_stream(
        DeliveryStreamName="f",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": arn, "RoleARN": "arn:aws:iam::000000000000:role/r"},
        ExtendedS3DestinationConfiguration=s3(bucket, BufferingHints=AT_ONCE),
    )
    description = firehose.describe_delivery_stream(DeliveryStreamName="f")["DeliveryStreamDescription"]
    assert description["Source"]["KinesisStreamSourceDescription"]["KinesisStreamARN"] == arn
    with pytest.raises(firehose.exceptions.InvalidArgumentException):
        firehose.put_record(DeliveryStreamName="f", Record={"Data": b"x"})
    sent = [f"{i}\n".encode() for i in range(300)]
    kinesis.put_records(StreamName="source", Records=[{"Data": d, "PartitionKey": d.decode()} for d in sent])

    def all_of_it():
        return b"".join(body(store, bucket, key) for key in keys(store, bucket))

    until(lambda: len(all_of_it()) >= len(b"".join(sent)))
    assert sorted(all_of_it().splitlines(keepends=True)) == sorted(sent)


def test_functions_are_told_of_the_source(client, bucket):
    kinesis, firehose, store = client("kinesis"), client("firehose"), client("s3")
    kinesis.create_stream(StreamName="source", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="source")["StreamDescriptionSummary"]["StreamARN"]
    echo = function(
        client,
        "import base64, json\n"
        "def handler(event, context):\n"
        "    def told(r):\n"
        "        text = json.dumps({**r['kinesisRecordMetadata'], 'stream': event['sourceKinesisStreamArn']})\n"
        "        data = base64.b64encode((text + '\\n').encode()).decode()\n"
        "        return dict(recordId=r['recordId'], result='Ok', data=data)\n"
        "    return {'records': [told(r) for r in event['records']]}\n",
    )
    firehose.create_delivery_stream(
        DeliveryStreamName="f",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": arn, "RoleARN": "arn:aws:iam::000000000000:role/r"},
        ExtendedS3DestinationConfiguration=s3(bucket, BufferingHints=AT_ONCE, ProcessingConfiguration=transformed(echo)),
    )
    sequence = kinesis.put_record(StreamName="source", Data=b"x", PartitionKey="key")["SequenceNumber"]
    until(lambda: keys(store, bucket))
    (told,) = lines(store, bucket)
    assert (told["sequenceNumber"], told["partitionKey"], told["shardId"]) == (sequence, "key", "shardId-000000000000")
    assert told["stream"] == arn


# --- when S3 is not there ---


def test_a_bucket_that_comes_late_gets_everything(client):
    firehose, store = client("firehose"), client("s3")
    name = f"late-{random.randrange(10**12)}"
    make(firehose, name)
    put(firehose, b"first")
    put(firehose, b"second")
    store.create_bucket(Bucket=name)
    until(lambda: b"".join(sorted(body(store, name, key) for key in keys(store, name))) in (b"firstsecond",))


def test_errors_are_told_to_cloudwatch_logs(client):
    firehose, logs = client("firehose"), client("logs")
    logs.create_log_group(logGroupName="/aws/kinesisfirehose/f")
    make(
        firehose,
        f"nowhere-{random.randrange(10**12)}",
        CloudWatchLoggingOptions={"Enabled": True, "LogGroupName": "/aws/kinesisfirehose/f", "LogStreamName": "S3Delivery"},
    )
    put(firehose, b"x")
    event = until(lambda: logs.filter_log_events(logGroupName="/aws/kinesisfirehose/f")["events"])[0]
    told = json.loads(event["message"])
    assert (told["errorCode"], told["deliveryStreamVersionId"]) == ("S3.NoSuchBucket", 1)
