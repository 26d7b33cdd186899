"""Kinesis in CBOR, as the Java SDK speaks it: requests, answers, errors and event streams."""

import binascii
import http.client
import struct
import urllib.parse

import pytest


def head(major, n):
    for bits, limit, form in ((24, 2**8, ">B"), (25, 2**16, ">H"), (26, 2**32, ">I"), (27, 2**64, ">Q")):
        if n < 24:
            return bytes([major << 5 | n])
        if n < limit:
            return bytes([major << 5 | bits]) + struct.pack(form, n)


def encode(value):
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(encode, value))
    return b"\xbf" + b"".join(encode(k) + encode(v) for k, v in value.items()) + b"\xff"


class Epoch(int):
    """A time: milliseconds under tag 1."""


def decode(data):
    at = 0

    def number(low):
        nonlocal at
        if low < 24:
            return low
        size = 1 << (low - 24)
        at += size
        return int.from_bytes(data[at - size : at], "big")

    def item():
        nonlocal at
        first = data[at]
        at += 1
        major, low = first >> 5, first & 31
        if major == 7:
            if low == 27:
                at += 8
                return struct.unpack(">d", data[at - 8 : at])[0]
            return {20: False, 21: True, 22: None, 31: StopIteration}[low]
        if major == 6:
            assert number(low) == 1
            return Epoch(item())
        n = None if low == 31 else number(low)
        if major in (0, 1):
            return n if major == 0 else -1 - n
        if major in (2, 3):
            at += n
            return data[at - n : at] if major == 2 else data[at - n : at].decode()
        values = []
        while n is None or len(values) < n * (major - 3):
            value = item()
            if value is StopIteration:
                break
            values.append(value)
        return values if major == 4 else dict(zip(values[::2], values[1::2]))

    value = item()
    assert at == len(data)
    return value


@pytest.fixture
def send(endpoint, account):
    """send("PutRecord", {...}) -> status, decoded answer (or the open response, with raw=True). Bytes go as they are."""
    where = urllib.parse.urlsplit(endpoint)
    opened = []

    def call(operation, members, raw=False):
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=300)
        opened.append(connection)
        connection.request("POST", "/", members if isinstance(members, bytes) else encode(members), {
            "Content-Type": "application/x-amz-cbor-1.1",
            "X-Amz-Target": f"Kinesis_20131202.{operation}",
            "X-Amz-Date": "20261122T000000Z",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={account}/20261122/us-east-1/kinesis/aws4_request, "
                             "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64,
        })
        response = connection.getresponse()
        if raw:
            return response
        body = response.read()
        if body:
            assert response.getheader("Content-Type") == "application/x-amz-cbor-1.1"
        return response.status, decode(body) if body else None

    yield call
    for connection in opened:
        connection.close()


def message(response):
    """One message of an event stream: its headers, and its payload decoded."""
    prelude = response.read(12)
    total, headers_length, crc = struct.unpack(">III", prelude)
    assert binascii.crc32(prelude[:8]) == crc
    rest = response.read(total - 12)
    assert binascii.crc32(prelude + rest[:-4]) == struct.unpack(">I", rest[-4:])[0]
    headers, at = {}, 0
    while at < headers_length:
        name = rest[at + 1 : at + 1 + rest[at]].decode()
        at += 1 + len(name)
        assert rest[at] == 7
        length = struct.unpack(">H", rest[at + 1 : at + 3])[0]
        headers[name] = rest[at + 3 : at + 3 + length].decode()
        at += 3 + length
    return headers, decode(rest[headers_length:-4])


def test_the_whole_life_of_a_stream(send, account):
    arn = f"arn:aws:kinesis:us-east-1:{account}:stream/s"
    assert send("CreateStream", {"StreamName": "s", "ShardCount": 1}) == (200, None)
    _, consumer = send("RegisterStreamConsumer", {"StreamARN": arn, "ConsumerName": "c", "Tags": {"a": "b"}})
    consumer = consumer["Consumer"]
    assert isinstance(consumer["ConsumerCreationTimestamp"], Epoch) and consumer["ConsumerCreationTimestamp"] > 1.7e12
    _, put = send("PutRecord", {"StreamARN": arn, "Data": b"\x00\xff", "PartitionKey": "k"})

    response = send("SubscribeToShard", {
        "ConsumerARN": consumer["ConsumerARN"], "ShardId": "shardId-000000000000",
        "StartingPosition": {"Type": "TRIM_HORIZON"}}, raw=True)
    assert response.getheader("Content-Type") == "application/vnd.amazon.eventstream"
    headers, payload = message(response)
    assert headers == {":message-type": "event", ":event-type": "initial-response",
                       ":content-type": "application/x-amz-cbor-1.1"} and payload == {}
    headers, event = message(response)
    assert headers[":event-type"] == "SubscribeToShardEvent"
    assert event["ContinuationSequenceNumber"] == put["SequenceNumber"] and event["MillisBehindLatest"] == 0
    record = event["Records"][0]
    assert record["Data"] == b"\x00\xff" and record["PartitionKey"] == "k"
    assert isinstance(record["ApproximateArrivalTimestamp"], Epoch)

    assert send("SplitShard", {"StreamName": "s", "ShardToSplit": "0", "NewStartingHashKey": "1000"}) == (200, None)
    while True:
        headers, event = message(response)
        if "ChildShards" in event:
            break
    assert [c["ShardId"] for c in event["ChildShards"]] == ["shardId-000000000001", "shardId-000000000002"]
    assert event["ChildShards"][0]["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": "999"}
    assert response.read() == b""

    _, count = send("UpdateShardCount", {"StreamARN": arn, "TargetShardCount": 4, "ScalingType": "UNIFORM_SCALING"})
    assert count["CurrentShardCount"] == 2 and count["TargetShardCount"] == 4
    _, shards = send("ListShards", {"StreamName": "s", "ShardFilter": {"Type": "AT_LATEST"}})
    assert len(shards["Shards"]) == 4
    _, metrics = send("EnableEnhancedMonitoring", {"StreamName": "s", "ShardLevelMetrics": ["IncomingBytes"]})
    assert metrics["DesiredShardLevelMetrics"] == ["IncomingBytes"]
    _, settings = send("UpdateAccountSettings", {"MinimumThroughputBillingCommitment": {"Status": "ENABLED"}})
    assert isinstance(settings["MinimumThroughputBillingCommitment"]["StartedAt"], int)
    _, described = send("DescribeStreamConsumer", {"ConsumerARN": consumer["ConsumerARN"]})
    assert described["ConsumerDescription"]["StreamARN"] == arn
    assert send("DeregisterStreamConsumer", {"ConsumerARN": consumer["ConsumerARN"]}) == (200, None)
    status, error = send("DescribeStreamConsumer", {"ConsumerARN": consumer["ConsumerARN"]})
    assert status == 400 and error["__type"] == "ResourceNotFoundException"


def test_a_subscription_that_is_refused_or_cut(send, account):
    arn = f"arn:aws:kinesis:us-east-1:{account}:stream/s"
    send("CreateStream", {"StreamName": "s", "ShardCount": 1})
    _, consumer = send("RegisterStreamConsumer", {"StreamARN": arn, "ConsumerName": "c"})
    want = {"ConsumerARN": consumer["Consumer"]["ConsumerARN"], "ShardId": "shardId-000000000000",
            "StartingPosition": {"Type": "LATEST"}}
    response = send("SubscribeToShard", want, raw=True)
    message(response)
    status, error = send("SubscribeToShard", want)
    assert status == 400 and error["__type"] == "ResourceInUseException"
    send("DeregisterStreamConsumer", {"ConsumerARN": want["ConsumerARN"]})
    while True:
        headers, payload = message(response)
        if headers[":message-type"] == "exception":
            break
    assert headers[":exception-type"] == "ResourceNotFoundException" and "not found" in payload["message"]


def test_no_body_is_malformed_as_in_json(send):
    assert send("ListStreams", b"") == (400, {"__type": "SerializationException"})
    assert send("ListStreams", b"\xbf\xff")[0] == 200


def test_a_queue(send, account):
    arn = f"arn:aws:kinesis:us-east-1:{account}:stream/s"
    assert send("CreateStream", {"StreamName": "s"}) == (200, None)
    status, answer = send("CreateQueue", {"QueueName": "q", "StreamConfigurationList": [
        {"StreamARN": arn, "StartingPosition": {"Type": "TRIM_HORIZON"}}]})
    assert status == 200 and isinstance(answer["QueueDescription"]["QueueCreationTimestamp"], Epoch)
    queue = answer["QueueDescription"]["QueueARN"]
    assert send("PutRecord", {"StreamARN": arn, "Data": b"\x00\xff", "PartitionKey": "k"})[0] == 200
    status, answer = send("ReceiveQueueRecords", {"QueueARN": queue, "WaitTimeSeconds": 1})
    record = answer["QueueRecords"][0]
    assert record["Data"] == b"\x00\xff" and record["ReceiveCount"] == 1
    assert isinstance(record["ApproximateArrivalTimestamp"], Epoch) and isinstance(record["FirstReceiveTimestamp"], Epoch)
    handle = {"ReceiptHandle": record["ReceiptHandle"]}
    assert send("AcknowledgeQueueRecords", {"QueueARN": queue, "Entries": [handle]}) == (
        200, {"Successful": [handle], "Failed": []})
    assert send("ReceiveQueueRecords", {"QueueARN": queue, "WaitTimeSeconds": 1}) == (200, {"QueueRecords": []})
