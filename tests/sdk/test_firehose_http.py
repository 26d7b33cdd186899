"""Deliveries to HTTP endpoints and to OpenSearch's _bulk API, with servers of this test at the other end."""

import base64
import json
import random
import re
import subprocess
import urllib.request

import boto3
import pytest
from firehose_kit import AT_ONCE, Endpoint, accept, body, keys, lines, processors, records_of, s3, until
from lambda_kit import create
from server import Server


@pytest.fixture
def bucket(client):
    name = f"landing-{random.randrange(10**12)}"
    client("s3").create_bucket(Bucket=name)
    return name


def make(firehose, endpoint, bucket="landing", url=None, **more):
    configuration = {
        "EndpointConfiguration": {"Url": url or endpoint.url + "/in", "Name": "here", "AccessKey": "secret key"},
        "BufferingHints": AT_ONCE,
        "RetryOptions": {"DurationInSeconds": 0},
        "S3Configuration": s3(bucket, BufferingHints=AT_ONCE),
        **more,
    }
    return firehose.create_delivery_stream(DeliveryStreamName="h", HttpEndpointDestinationConfiguration=configuration)["DeliveryStreamARN"]


@pytest.mark.parametrize("encoding", ["NONE", "GZIP"])
def test_records_reach_the_endpoint(client, encoding):
    firehose = client("firehose")
    with Endpoint(accept) as endpoint:
        arn = make(
            firehose,
            endpoint,
            RequestConfiguration={
                "ContentEncoding": encoding,
                "CommonAttributes": [{"AttributeName": "stage", "AttributeValue": "\"test\""}],
            },
        )
        firehose.put_record_batch(DeliveryStreamName="h", Records=[{"Data": b"one"}, {"Data": b""}, {"Data": b"\x00\xff"}])
        until(lambda: endpoint.requests)
        request = endpoint.requests[0]
    headers = request["headers"]
    document = json.loads(request["body"])
    assert request["path"] == "/in"
    assert records_of(request) == [b"one", b"", b"\x00\xff"]
    assert document["requestId"] == headers["X-Amz-Firehose-Request-Id"]
    assert document["timestamp"] > 1.7e12
    assert headers["X-Amz-Firehose-Protocol-Version"] == "1.0"
    assert headers["X-Amz-Firehose-Source-Arn"] == arn
    assert headers["X-Amz-Firehose-Access-Key"] == "secret key"
    assert json.loads(headers["X-Amz-Firehose-Common-Attributes"]) == {"commonAttributes": {"stage": '"test"'}}
    assert headers["Content-Type"] == "application/json"
    assert headers.get("Content-Encoding") == ("gzip" if encoding == "GZIP" else None)
    described = firehose.describe_delivery_stream(DeliveryStreamName="h")["DeliveryStreamDescription"]["Destinations"][0]
    assert described["HttpEndpointDestinationDescription"]["EndpointConfiguration"] == {"Url": endpoint.url + "/in", "Name": "here"}


def test_a_refusal_is_tried_again_with_the_same_id(client):
    firehose = client("firehose")
    answers = [lambda r: (503, "busy"), lambda r: (200, {"requestId": "another", "timestamp": 1}), accept]
    with Endpoint(lambda request: answers[min(len(endpoint.requests), 3) - 1](request)) as endpoint:
        make(firehose, endpoint, RetryOptions={"DurationInSeconds": 300})
        firehose.put_record(DeliveryStreamName="h", Record={"Data": b"stubborn"})
        until(lambda: len(endpoint.requests) == 3)
    assert len({r["headers"]["X-Amz-Firehose-Request-Id"] for r in endpoint.requests}) == 1
    assert [records_of(r) for r in endpoint.requests] == [[b"stubborn"]] * 3


def test_a_source_keeps_its_order_when_it_is_resharded(client):
    """What a child shard took comes after all that its parents took."""
    kinesis, firehose = client("kinesis"), client("firehose")
    kinesis.create_stream(StreamName="source", ShardCount=1)
    stream = kinesis.describe_stream_summary(StreamName="source")["StreamDescriptionSummary"]["StreamARN"]
    with Endpoint(accept) as endpoint:
        firehose.create_delivery_stream(
            DeliveryStreamName="h",
            DeliveryStreamType="KinesisStreamAsSource",
            KinesisStreamSourceConfiguration={"KinesisStreamARN": stream, "RoleARN": "arn:aws:iam::000000000000:role/r"},
            HttpEndpointDestinationConfiguration={
                "EndpointConfiguration": {"Url": endpoint.url},
                "BufferingHints": AT_ONCE,
                "S3Configuration": s3(),
            },
        )
        sent, low, high = 0, 0, 2**128
        for _ in range(5):
            # More than one page, which takes its time.
            records = [{"Data": b"%d " % (sent + i) + bytes(800_000), "PartitionKey": "k", "ExplicitHashKey": "0"} for i in range(6)]
            shard = kinesis.put_records(StreamName="source", Records=records)["Records"][0]["ShardId"]
            high = (low + high) // 2
            kinesis.split_shard(StreamName="source", ShardToSplit=shard, NewStartingHashKey=str(high))
            kinesis.put_record(StreamName="source", Data=b"%d " % (sent + 6), PartitionKey="k", ExplicitHashKey="0")
            sent += 7

        def arrived():
            return [int(d.split()[0]) for r in endpoint.requests for d in records_of(r)]

        until(lambda: len(arrived()) == sent)
    assert arrived() == list(range(sent))


def test_what_the_endpoint_never_takes_goes_to_s3(client, bucket):
    firehose, store = client("firehose"), client("s3")
    with Endpoint(lambda r: (400, {"requestId": "x", "timestamp": 1, "errorMessage": "no thanks"})) as endpoint:
        make(firehose, endpoint, bucket)
        firehose.put_record_batch(DeliveryStreamName="h", Records=[{"Data": b"a"}, {"Data": b"b"}])
        until(lambda: keys(store, bucket, "http-endpoint-failed/"))
    failed = lines(store, bucket, "http-endpoint-failed/")
    assert [base64.b64decode(f["rawData"]) for f in failed] == [b"a", b"b"]
    assert all(f["errorCode"] == "HttpEndpoint.DestinationException" and f["attemptsMade"] == 1 for f in failed)
    said = json.dumps({"requestId": "x", "timestamp": 1, "errorMessage": "no thanks"})
    assert {f["errorMessage"] for f in failed} == {f"The following response was received from the endpoint destination. 400: {said}"}


ANSWERS = {
    "a time that is no number": (lambda r: {"requestId": json.loads(r["body"])["requestId"], "timestamp": "1"}, "InvalidResponseFromDestination"),
    "no time": (lambda r: {"requestId": json.loads(r["body"])["requestId"]}, "InvalidResponseFromDestination"),
    "no document": (lambda r: "OK", "InvalidResponseFromDestination"),
    "too long": (lambda r: {**accept(r)[1], "more": "x" * 1_100_000}, "ResponseTooLarge"),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_an_answer_that_is_none_takes_nothing(client, bucket, what):
    firehose, store = client("firehose"), client("s3")
    answer, code = ANSWERS[what]
    with Endpoint(lambda r: (200, answer(r))) as endpoint:
        make(firehose, endpoint, bucket)
        firehose.put_record(DeliveryStreamName="h", Record={"Data": b"a"})
        until(lambda: keys(store, bucket))
    (failed,) = lines(store, bucket, "http-endpoint-failed/")
    assert (failed["errorCode"], base64.b64decode(failed["rawData"])) == (f"HttpEndpoint.{code}", b"a")


def test_what_is_too_large_is_not_tried_again(client, bucket):
    firehose, store = client("firehose"), client("s3")
    with Endpoint(lambda r: (413, "too large")) as endpoint:
        make(firehose, endpoint, bucket, RetryOptions={"DurationInSeconds": 7200})
        firehose.put_record(DeliveryStreamName="h", Record={"Data": b"much"})
        until(lambda: keys(store, bucket, "http-endpoint-failed/"))
    assert len(endpoint.requests) == 1
    assert base64.b64decode(lines(store, bucket)[0]["rawData"]) == b"much"


def test_nobody_at_the_other_end(client, bucket):
    firehose, store = client("firehose"), client("s3")
    make(firehose, None, bucket, url="http://127.0.0.1:9/")
    firehose.put_record(DeliveryStreamName="h", Record={"Data": b"lost?"})
    until(lambda: keys(store, bucket))
    (failed,) = lines(store, bucket, "http-endpoint-failed/")
    assert (failed["errorCode"], base64.b64decode(failed["rawData"])) == ("HttpEndpoint.ConnectionFailed", b"lost?")


def test_all_data_is_backed_up_where_asked_for(client, bucket):
    firehose, store = client("firehose"), client("s3")
    with Endpoint(accept) as endpoint:
        make(firehose, endpoint, bucket, S3BackupMode="AllData")
        firehose.put_record_batch(DeliveryStreamName="h", Records=[{"Data": b"a\n"}, {"Data": b"b\n"}])
        until(lambda: endpoint.requests and keys(store, bucket))
    (key,) = keys(store, bucket)
    assert key.count("/") == 4 and key.split("/")[4].startswith("h-1-20")
    assert store.get_object(Bucket=bucket, Key=key)["Body"].read() == b"a\nb\n"


def test_an_update_merges_and_holds_for_what_waits(client, bucket):
    """What could not be delivered yet goes where the update says, with the new key; what it does not name stays."""
    firehose, store = client("firehose"), client("s3")
    with Endpoint(accept) as endpoint:
        make(firehose, None, bucket, url="http://127.0.0.1:9/", RetryOptions={"DurationInSeconds": 7200})
        firehose.put_record(DeliveryStreamName="h", Record={"Data": b"patient"})
        firehose.update_destination(
            DeliveryStreamName="h",
            CurrentDeliveryStreamVersionId="1",
            DestinationId="destinationId-000000000001",
            HttpEndpointDestinationUpdate={
                "EndpointConfiguration": {"Url": endpoint.url + "/new", "AccessKey": "another"},
                "RequestConfiguration": {"ContentEncoding": "GZIP"},
                "S3Update": {"Prefix": "late/"},
            },
        )
        until(lambda: endpoint.requests)
    (request,) = endpoint.requests
    assert (request["path"], records_of(request)) == ("/new", [b"patient"])
    assert (request["headers"]["X-Amz-Firehose-Access-Key"], request["headers"]["Content-Encoding"]) == ("another", "gzip")
    described = firehose.describe_delivery_stream(DeliveryStreamName="h")["DeliveryStreamDescription"]
    http = described["Destinations"][0]["HttpEndpointDestinationDescription"]
    assert (described["VersionId"], http["EndpointConfiguration"]["Url"]) == ("2", endpoint.url + "/new")
    assert http["RetryOptions"] == {"DurationInSeconds": 7200} and http["BufferingHints"] == AT_ONCE
    assert http["S3DestinationDescription"]["Prefix"] == "late/"
    assert http["S3DestinationDescription"]["BucketARN"] == f"arn:aws:s3:::{bucket}"
    assert "another" not in json.dumps(described, default=str)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key and a certificate that vouches for itself, for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=here",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key", "-out", folder / "certificate"],
        check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes((folder / "key").read_bytes() + (folder / "certificate").read_bytes())
    return both


@pytest.mark.parametrize("trusted", [True, False])
def test_certificates_are_checked(tmp_path, certificate, trusted):
    server = Server(tmp_path / "data", env={"SSL_CERT_FILE": str(certificate)} if trusted else {})
    session = boto3.Session(aws_access_key_id="777788880000", aws_secret_access_key="test", region_name="us-east-1")
    firehose, store = (session.client(name, endpoint_url=server.endpoint) for name in ("firehose", "s3"))
    store.create_bucket(Bucket="tls")
    with Endpoint(accept, certificate) as endpoint:
        make(firehose, endpoint, "tls")
        firehose.put_record(DeliveryStreamName="h", Record={"Data": b"private"})
        if trusted:
            until(lambda: endpoint.requests)
        else:
            until(lambda: keys(store, "tls"))
            (failed,) = lines(store, "tls", "http-endpoint-failed/")
            assert failed["errorCode"] == "HttpEndpoint.ConnectionFailed" and "certificate" in failed["errorMessage"]
            assert not endpoint.requests
    server.stop()


# --- OpenSearch ---


def bulk(statuses):
    """An engine that answers each document with what statuses(document) says."""

    def answer(request):
        rows = [json.loads(line) if line.strip() else None for line in request["body"].decode().splitlines()]
        items = []
        for action, document in zip(rows[::2], rows[1::2]):
            status = statuses(document)
            item = {**action["index"], "status": status}
            if status >= 300:
                item["error"] = {"type": "mapper_parsing_exception", "reason": f"refused with {status}"}
            items.append({"index": item})
        return 200, {"took": 1, "errors": any(i["index"]["status"] >= 300 for i in items), "items": items}

    return answer


def actions(request):
    return [json.loads(line)["index"] for line in request["body"].decode().splitlines()[::2]]


def make_search(firehose, endpoint, bucket="landing", engine="Amazonopensearchservice", **more):
    configuration = {
        "RoleARN": "arn:aws:iam::000000000000:role/firehose",
        "ClusterEndpoint": endpoint.url,
        "IndexName": "weblogs",
        "BufferingHints": AT_ONCE,
        "RetryOptions": {"DurationInSeconds": 0},
        "S3Configuration": s3(bucket, BufferingHints=AT_ONCE, Prefix="es/"),
        **more,
    }
    firehose.create_delivery_stream(DeliveryStreamName="o", **{f"{engine}DestinationConfiguration": configuration})


ROTATIONS = {
    "NoRotation": r"weblogs",
    "OneHour": r"weblogs-20\d\d-\d\d-\d\d-\d\d",
    "OneDay": r"weblogs-20\d\d-\d\d-\d\d",
    "OneWeek": r"weblogs-20\d\d-w\d\d",
    "OneMonth": r"weblogs-20\d\d-\d\d",
}


@pytest.mark.parametrize("period", ROTATIONS)
def test_documents_are_indexed(client, period):

    firehose = client("firehose")
    with Endpoint(bulk(lambda d: 201)) as endpoint:
        make_search(firehose, endpoint, IndexRotationPeriod=period)
        firehose.put_record_batch(DeliveryStreamName="o", Records=[{"Data": b'{"a": 1}'}, {"Data": b'{\n "b": 2\n}\n'}])
        until(lambda: endpoint.requests)
    (request,) = endpoint.requests
    assert request["path"] == "/_bulk"
    assert [json.loads(line) for line in request["body"].decode().splitlines()[1::2]] == [{"a": 1}, {"b": 2}]
    assert all(re.fullmatch(ROTATIONS[period], a["_index"]) for a in actions(request))
    assert len({a["_id"] for a in actions(request)}) == 2


def test_the_engine_gives_ids_where_asked_for(client):
    firehose = client("firehose")
    with Endpoint(bulk(lambda d: 201)) as endpoint:
        make_search(firehose, endpoint, DocumentIdOptions={"DefaultDocumentIdFormat": "NO_DOCUMENT_ID"})
        firehose.put_record(DeliveryStreamName="o", Record={"Data": b"{}"})
        until(lambda: endpoint.requests)
    assert "_id" not in actions(endpoint.requests[0])[0]


@pytest.mark.parametrize("engine, kind", [("Amazonopensearchservice", "AmazonOpenSearchService"), ("Elasticsearch", "elasticsearch")])
def test_documents_that_are_refused_go_to_s3_the_others_stay(client, bucket, engine, kind):
    firehose, store = client("firehose"), client("s3")
    with Endpoint(bulk(lambda d: 400 if d["n"] % 3 == 0 else 201)) as endpoint:
        make_search(firehose, endpoint, bucket, engine, TypeName="weblog" if engine == "Elasticsearch" else "")
        described = firehose.describe_delivery_stream(DeliveryStreamName="o")["DeliveryStreamDescription"]["Destinations"][0]
        assert described[f"{engine}DestinationDescription"]["S3BackupMode"] == "FailedDocumentsOnly"
        firehose.put_record_batch(DeliveryStreamName="o", Records=[{"Data": json.dumps({"n": n}).encode()} for n in range(9)])
        until(lambda: keys(store, bucket))
    failed = lines(store, bucket, f"es/{kind}-failed/")
    assert {a.get("_type") for a in actions(endpoint.requests[0])} == {"weblog" if engine == "Elasticsearch" else None}
    assert [json.loads(base64.b64decode(f["rawData"]))["n"] for f in failed] == [0, 3, 6]
    assert {(f["errorCode"], f["errorMessage"]) for f in failed} == {("400", "refused with 400")}
    assert [f["esDocumentId"] for f in failed] == [actions(endpoint.requests[0])[n]["_id"] for n in (0, 3, 6)]
    assert len(endpoint.requests) == 1


def test_busy_documents_are_tried_again_alone_and_under_their_ids(client):
    firehose = client("firehose")
    with Endpoint(lambda r: bulk(lambda d: 429 if d["n"] == 1 and len(endpoint.requests) < 3 else 201)(r)) as endpoint:
        make_search(firehose, endpoint, RetryOptions={"DurationInSeconds": 300})
        firehose.put_record_batch(DeliveryStreamName="o", Records=[{"Data": json.dumps({"n": n}).encode()} for n in range(3)])
        until(lambda: len(endpoint.requests) == 3)
    first, second, third = map(actions, endpoint.requests)
    assert len(first) == 3
    assert [a["_id"] for a in second] == [a["_id"] for a in third] == [first[1]["_id"]]


def test_an_update_of_an_engine_merges(client):
    firehose = client("firehose")
    with Endpoint(bulk(lambda d: 201)) as endpoint:
        make_search(firehose, endpoint, IndexRotationPeriod="OneHour")
        firehose.update_destination(
            DeliveryStreamName="o",
            CurrentDeliveryStreamVersionId="1",
            DestinationId="destinationId-000000000001",
            AmazonopensearchserviceDestinationUpdate={"IndexName": "other", "DocumentIdOptions": {"DefaultDocumentIdFormat": "NO_DOCUMENT_ID"}},
        )
        firehose.put_record(DeliveryStreamName="o", Record={"Data": b"{}"})
        until(lambda: endpoint.requests)
    (action,) = actions(endpoint.requests[0])
    assert re.fullmatch(ROTATIONS["OneHour"].replace("weblogs", "other"), action["_index"]) and "_id" not in action


def test_all_documents_are_backed_up_as_they_came(client, bucket):
    """S3 gets what came in, the engine what the function made of it, and the error prefix what the function failed."""
    firehose, store = client("firehose"), client("s3")
    upper = create(
        client("lambda"),
        "import base64, json\n"
        "def one(r):\n"
        "    n = json.loads(base64.b64decode(r['data']))['n']\n"
        "    data = base64.b64encode(json.dumps({'n': n * 10}).encode()).decode()\n"
        "    return dict(recordId=r['recordId'], result='Ok' if n % 2 else 'ProcessingFailed', data=data)\n"
        "def handler(event, context):\n"
        "    return {'records': [one(r) for r in event['records']]}\n",
        name="tenfold",
        Timeout=60,
    )["FunctionArn"]
    with Endpoint(bulk(lambda d: 201)) as endpoint:
        make_search(
            firehose,
            endpoint,
            bucket,
            S3BackupMode="AllDocuments",
            ProcessingConfiguration=processors(("Lambda", {"LambdaArn": upper, "BufferSizeInMBs": "1", "BufferIntervalInSeconds": "0"})),
        )
        firehose.put_record_batch(DeliveryStreamName="o", Records=[{"Data": json.dumps({"n": n}).encode()} for n in range(4)])
        until(lambda: endpoint.requests and len(keys(store, bucket)) == 2)
    assert [json.loads(line) for line in endpoint.requests[0]["body"].decode().splitlines()[1::2]] == [{"n": 10}, {"n": 30}]
    (copy,) = keys(store, bucket, "es/2")
    assert body(store, bucket, copy) == b'{"n": 0}{"n": 1}{"n": 2}{"n": 3}'
    failed = lines(store, bucket, "es/processing-failed/")
    assert [json.loads(base64.b64decode(f["rawData"])) for f in failed] == [{"n": 0}, {"n": 2}]


def test_an_engine_that_is_down_loses_nothing(client, bucket):
    firehose, store = client("firehose"), client("s3")
    with Endpoint(lambda r: (502, "bad gateway")) as endpoint:
        make_search(firehose, endpoint, bucket)
        firehose.put_record(DeliveryStreamName="o", Record={"Data": b"{}"})
        until(lambda: keys(store, bucket))
    (failed,) = lines(store, bucket)
    assert (failed["errorCode"], failed["rawData"]) == ("502", base64.b64encode(b"{}").decode())


# --- an endpoint that is down for minutes, and a server that is killed meanwhile ---


def test_nothing_is_lost_while_the_endpoint_is_down(tmp_path):
    def clients(server):
        session = boto3.Session(aws_access_key_id="777788889999", aws_secret_access_key="test", region_name="us-east-1")
        return (session.client(name, endpoint_url=server.endpoint) for name in ("firehose", "s3"))

    def advance(server, seconds):
        document = json.dumps({"advance_ms": seconds * 1000}).encode()
        urllib.request.urlopen(urllib.request.Request(server.endpoint + "/_cadabra/clock", data=document, method="POST")).read()

    down, taken = True, []

    def answer(request):
        if down:
            return 503, "down"
        taken.extend(records_of(request))
        return accept(request)

    server = Server(tmp_path / "data", "--test-clock")
    with Endpoint(answer) as endpoint:
        firehose, store = clients(server)
        store.create_bucket(Bucket="outage")
        make(firehose, endpoint, "outage", RetryOptions={"DurationInSeconds": 600})
        firehose.put_record(DeliveryStreamName="h", Record={"Data": b"patient"})
        until(lambda: len(endpoint.requests) >= 2)
        advance(server, 300)
        server.kill()
        server = Server(tmp_path / "data", "--test-clock")
        firehose, store = clients(server)
        firehose.put_record(DeliveryStreamName="h", Record={"Data": b"late"})
        tried = len(endpoint.requests)
        until(lambda: len(endpoint.requests) > tried + 1)
        down = False
        advance(server, 120)
        until(lambda: len(taken) >= 2)
        assert sorted(taken) == [b"late", b"patient"]
        patient = [r for r in endpoint.requests if records_of(r) == [b"patient"]]
        assert len({r["headers"]["X-Amz-Firehose-Request-Id"] for r in patient}) == 1
        # And one that stays down beyond the retry duration: into S3.
        down = True
        seen = len(endpoint.requests)
        firehose.put_record(DeliveryStreamName="h", Record={"Data": b"given up"})
        until(lambda: len(endpoint.requests) >= seen + 2)  # with the second try the first is on record
        advance(server, 601)
        until(lambda: keys(store, "outage"))
        (failed,) = lines(store, "outage", "http-endpoint-failed/")
        assert base64.b64decode(failed["rawData"]) == b"given up" and failed["attemptsMade"] >= 2
    server.stop()
