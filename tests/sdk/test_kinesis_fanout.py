"""Consumers with fan-out of their own: registration, and subscriptions that push what arrives."""

import concurrent.futures
import datetime
import json
import threading
import time
import urllib.request

import botocore.exceptions
import pytest

from kinesis_kit import refused
from server import Server


def name(index):
    return f"shardId-{index:012}"


@pytest.fixture
def kinesis(client):
    return client("kinesis")


@pytest.fixture
def arn(kinesis, account):
    kinesis.create_stream(StreamName="s", ShardCount=2)
    return f"arn:aws:kinesis:us-east-1:{account}:stream/s"


@pytest.fixture
def consumer(kinesis, arn):
    return kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]


def put(kinesis, data, shard=0, count=2):
    key = str(2**128 // count * shard)
    return kinesis.put_record(StreamName="s", Data=data, PartitionKey="k", ExplicitHashKey=key)


def subscribe(kinesis, consumer, shard=0, **position):
    return kinesis.subscribe_to_shard(
        ConsumerARN=consumer, ShardId=name(shard), StartingPosition=position or {"Type": "TRIM_HORIZON"}
    )["EventStream"]


def events(stream):
    for event in stream:
        yield event["SubscribeToShardEvent"]


def take(stream, count):
    """The first `count` records, and the last event."""
    records = []
    for event in events(stream):
        records += event["Records"]
        if len(records) >= count:
            return records, event


# --- registration --------------------------------------------------------------------------------------------


def test_register_describe_list_deregister(kinesis, arn, account):
    made = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="first", Tags={"team": "data"})["Consumer"]
    created = made["ConsumerCreationTimestamp"]
    assert made["ConsumerName"] == "first" and made["ConsumerStatus"] == "ACTIVE"
    assert made["ConsumerARN"] == f"{arn}/consumer/first:{int(created.timestamp())}"
    assert abs((datetime.datetime.now(datetime.timezone.utc) - created).total_seconds()) < 600
    refused(kinesis.register_stream_consumer, "ResourceInUseException", StreamARN=arn, ConsumerName="first")
    by_arn = kinesis.describe_stream_consumer(ConsumerARN=made["ConsumerARN"])["ConsumerDescription"]
    by_name = kinesis.describe_stream_consumer(StreamARN=arn, ConsumerName="first")["ConsumerDescription"]
    assert by_arn == by_name == {**made, "StreamARN": arn}
    for more in ({"StreamARN": arn}, {"StreamARN": arn, "ConsumerName": "first"}):
        assert kinesis.describe_stream_consumer(ConsumerARN=made["ConsumerARN"], **more)["ConsumerDescription"] == by_arn
    for other in ({"StreamARN": arn + "x"}, {"ConsumerName": "second"}):
        refused(kinesis.describe_stream_consumer, "InvalidArgumentException", ConsumerARN=made["ConsumerARN"], **other)
    assert kinesis.list_tags_for_resource(ResourceARN=made["ConsumerARN"])["Tags"] == [{"Key": "team", "Value": "data"}]
    kinesis.tag_resource(ResourceARN=made["ConsumerARN"], Tags={"a": "b"})
    kinesis.untag_resource(ResourceARN=made["ConsumerARN"], TagKeys=["team"])
    assert kinesis.list_tags_for_resource(ResourceARN=made["ConsumerARN"])["Tags"] == [{"Key": "a", "Value": "b"}]
    assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == []

    for i in range(4):
        kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=f"more{i}")
    first = kinesis.list_stream_consumers(StreamARN=arn, MaxResults=2)
    assert [c["ConsumerName"] for c in first["Consumers"]] == ["first", "more0"]
    pages = kinesis.get_paginator("list_stream_consumers").paginate(StreamARN=arn, PaginationConfig={"PageSize": 2})
    assert [c["ConsumerName"] for p in pages for c in p["Consumers"]] == ["first", "more0", "more1", "more2", "more3"]
    summary = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert summary["ConsumerCount"] == 5

    kinesis.deregister_stream_consumer(StreamARN=arn, ConsumerName="more0")
    kinesis.deregister_stream_consumer(ConsumerARN=made["ConsumerARN"])
    refused(kinesis.describe_stream_consumer, "ResourceNotFoundException", f"Consumer first, account {account} not found.",
            StreamARN=arn, ConsumerName="first")
    refused(kinesis.describe_stream_consumer, "ResourceNotFoundException", ConsumerARN=made["ConsumerARN"])
    refused(kinesis.describe_stream_consumer, "InvalidArgumentException", ConsumerName="more1")
    refused(kinesis.describe_stream_consumer, "ResourceNotFoundException", ConsumerARN=f"{arn}/consumer/more1:1")
    refused(kinesis.list_stream_consumers, "ResourceNotFoundException", StreamARN=arn + "x")


def test_twenty_consumers_and_deletion(kinesis, arn):
    for i in range(20):
        kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=f"c{i}")
    refused(kinesis.register_stream_consumer, "LimitExceededException", StreamARN=arn, ConsumerName="c20")
    refused(kinesis.register_stream_consumer, "ResourceInUseException", StreamARN=arn, ConsumerName="c19")
    refused(kinesis.delete_stream, "ResourceInUseException", StreamName="s")
    kinesis.delete_stream(StreamName="s", EnforceConsumerDeletion=True)
    kinesis.create_stream(StreamName="s", ShardCount=1)
    assert kinesis.list_stream_consumers(StreamARN=arn)["Consumers"] == []
    kinesis.delete_stream(StreamName="s")


# --- subscriptions -------------------------------------------------------------------------------------------


def test_records_are_pushed_as_they_arrive(kinesis, consumer):
    put(kinesis, b"before")
    latest = subscribe(kinesis, consumer, 1, Type="LATEST")
    stream = subscribe(kinesis, consumer)
    records, event = take(stream, 1)
    assert [r["Data"] for r in records] == [b"before"]
    assert event["MillisBehindLatest"] == 0 and event["ContinuationSequenceNumber"] == records[0]["SequenceNumber"]
    waits = []
    for i in range(20):
        begin = time.monotonic()
        answer = put(kinesis, b"%d" % i)
        records, event = take(stream, 1)
        waits.append(time.monotonic() - begin)
        assert [r["Data"] for r in records] == [b"%d" % i]
        assert records[0]["SequenceNumber"] == answer["SequenceNumber"] == event["ContinuationSequenceNumber"]
        assert records[0]["PartitionKey"] == "k"
    assert min(waits) < 2, "pushed, not polled for"
    put(kinesis, b"other", 1)
    records, _ = take(latest, 1)
    assert [r["Data"] for r in records] == [b"other"]


def test_every_starting_position(kinesis, arn):
    numbers = [put(kinesis, b"%d" % i)["SequenceNumber"] for i in range(5)]
    page = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(
        StreamName="s", ShardId=name(0), ShardIteratorType="TRIM_HORIZON")["ShardIterator"])
    third = page["Records"][2]["ApproximateArrivalTimestamp"]
    for i, (position, expected) in enumerate((
        ({"Type": "AT_SEQUENCE_NUMBER", "SequenceNumber": numbers[3]}, [b"3", b"4"]),
        ({"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": numbers[3]}, [b"4"]),
        ({"Type": "TRIM_HORIZON"}, [b"0", b"1", b"2", b"3", b"4"]),
        ({"Type": "AT_TIMESTAMP", "Timestamp": third}, None),
    )):
        one = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=f"c{i}")["Consumer"]["ConsumerARN"]
        stream = subscribe(kinesis, one, **position)
        records, _ = take(stream, 1)
        if expected is None:
            assert [r for r in page["Records"] if r["ApproximateArrivalTimestamp"] >= third][0]["Data"] == records[0]["Data"]
        else:
            assert [r["Data"] for r in records] == expected
        stream.close()


def test_what_cannot_be_subscribed_to(kinesis, consumer, arn, account):
    def call(code, message=None, consumer=consumer, shard=0, **position):
        refused(kinesis.subscribe_to_shard, code, message, ConsumerARN=consumer, ShardId=name(shard),
                StartingPosition=position or {"Type": "LATEST"})

    call("ResourceNotFoundException", f"Could not find shard {name(7)} in stream s under account {account}.", shard=7)
    call("ResourceNotFoundException", consumer=consumer + "1")
    call("ResourceNotFoundException", consumer=consumer.replace("consumer/c", "consumer/d"))
    call("ResourceNotFoundException", consumer=consumer.replace("stream/s", "stream/t"))
    call("InvalidArgumentException", Type="AT_SEQUENCE_NUMBER")
    call("InvalidArgumentException", Type="LATEST", SequenceNumber="5")
    call("InvalidArgumentException", Type="AT_TIMESTAMP")
    other = put(kinesis, b"x", 1)["SequenceNumber"]
    call("InvalidArgumentException", Type="AFTER_SEQUENCE_NUMBER", SequenceNumber=other)
    call("ValidationException", Type="NEWEST")
    call("ValidationException", consumer=arn)


def test_subscribing_again_at_once_is_refused(kinesis, consumer, account):
    stream = subscribe(kinesis, consumer)
    refused(kinesis.subscribe_to_shard, "ResourceInUseException",
            f"Another active subscription exists for this consumer: {account}:s:{name(0)}:c",
            ConsumerARN=consumer, ShardId=name(0), StartingPosition={"Type": "LATEST"})
    put(kinesis, b"x")
    assert [r["Data"] for r in take(stream, 1)[0]] == [b"x"]
    other = subscribe(kinesis, consumer, 1)
    put(kinesis, b"y", 1)
    assert [r["Data"] for r in take(other, 1)[0]] == [b"y"]


def test_a_split_ends_with_child_shards(kinesis, consumer):
    put(kinesis, b"last")
    stream = subscribe(kinesis, consumer)
    assert [r["Data"] for r in take(stream, 1)[0]] == [b"last"]
    kinesis.split_shard(StreamName="s", ShardToSplit=name(0), NewStartingHashKey="1000")
    rest = list(events(stream))
    assert sum(len(e["Records"]) for e in rest) == 0
    assert [c["ShardId"] for c in rest[-1]["ChildShards"]] == [name(2), name(3)]
    assert all(c["ParentShards"] == [name(0)] for c in rest[-1]["ChildShards"])
    assert "ContinuationSequenceNumber" not in rest[-1]
    put(kinesis, b"child")
    assert [r["Data"] for r in take(subscribe(kinesis, consumer, 2), 1)[0]] == [b"child"]


@pytest.mark.parametrize("how", ["stream", "consumer"])
def test_deletion_ends_the_subscription(kinesis, consumer, how):
    stream = subscribe(kinesis, consumer)
    if how == "stream":
        kinesis.delete_stream(StreamName="s", EnforceConsumerDeletion=True)
    else:
        kinesis.deregister_stream_consumer(ConsumerARN=consumer)
    with pytest.raises(botocore.exceptions.EventStreamError) as caught:
        list(stream)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_no_subscription_outlives_its_consumer(kinesis, arn):
    """Subscriptions and the deregistration come at the same moment: whoever got in is told, and at once."""
    subscribers, rounds = 4, 12
    start = threading.Barrier(subscribers + 1)

    def follow(consumer, shard):
        start.wait()
        with pytest.raises((botocore.exceptions.ClientError, botocore.exceptions.EventStreamError)) as caught:
            list(subscribe(kinesis, consumer, shard))
        return caught.value.response["Error"]["Code"]

    kinesis.update_shard_count(StreamName="s", TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    with concurrent.futures.ThreadPoolExecutor(subscribers) as pool:
        for _ in range(rounds):
            consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
            running = [pool.submit(follow, consumer, 2 + i) for i in range(subscribers)]
            start.wait()
            kinesis.deregister_stream_consumer(ConsumerARN=consumer)
            assert {r.result() for r in running} == {"ResourceNotFoundException"}


def test_all_subscribers_get_all_records_in_order(kinesis, arn):
    consumers = [
        kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=f"c{i}")["Consumer"]["ConsumerARN"] for i in range(4)
    ]
    count = 400

    def follow(consumer):
        return [int(r["Data"]) for r in take(subscribe(kinesis, consumer), count)[0]]

    with concurrent.futures.ThreadPoolExecutor(len(consumers)) as pool:
        running = [pool.submit(follow, c) for c in consumers]
        for i in range(0, count, 20):
            kinesis.put_records(StreamName="s", Records=[
                {"Data": b"%d" % j, "PartitionKey": "k", "ExplicitHashKey": "0"} for j in range(i, i + 20)])
        assert all(r.result() == list(range(count)) for r in running)


def test_five_minutes_and_a_newer_subscription(tmp_path):
    """With a clock that is moved: a newer subscription takes over after five seconds; each lives five minutes."""
    import boto3

    server = Server(tmp_path / "data", "--test-clock")
    try:
        kinesis = boto3.client("kinesis", endpoint_url=server.endpoint, region_name="us-east-1",
                               aws_access_key_id="123456789012", aws_secret_access_key="x")

        def move(seconds):
            request = urllib.request.Request(
                f"{server.endpoint}/_cadabra/clock", json.dumps({"advance_ms": seconds * 1000}).encode(), method="POST")
            urllib.request.urlopen(request).read()

        kinesis.create_stream(StreamName="s", ShardCount=1)
        arn = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
        consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
        older = subscribe(kinesis, consumer)
        move(6)
        newer = subscribe(kinesis, consumer)
        with pytest.raises(botocore.exceptions.EventStreamError) as caught:
            list(older)
        assert caught.value.response["Error"]["Code"] == "ResourceInUseException"
        assert caught.value.response["Error"]["Message"].startswith("Another active subscription exists")
        number = put(kinesis, b"x", count=1)["SequenceNumber"]
        records, event = take(newer, 1)
        move(301)
        rest = list(events(newer))
        assert sum(len(e["Records"]) for e in rest) == 0
        put(kinesis, b"y", count=1)
        again = subscribe(kinesis, consumer, Type="AFTER_SEQUENCE_NUMBER",
                          SequenceNumber=(rest or [event])[-1]["ContinuationSequenceNumber"])
        assert [r["Data"] for r in take(again, 1)[0]] == [b"y"]
        assert int(number) == int(records[0]["SequenceNumber"])
    finally:
        server.stop()


def test_silence_is_told_as_an_event(kinesis, consumer):
    """Clients give up on subscriptions from which nothing comes for half a minute."""
    stream = subscribe(kinesis, consumer, Type="LATEST")
    event = next(events(stream))
    assert event["Records"] == [] and event["MillisBehindLatest"] == 0
    put(kinesis, b"after")
    stream.close()
    numbered = {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": event["ContinuationSequenceNumber"]}
    it = kinesis.get_shard_iterator(StreamName="s", ShardId=name(0), ShardIteratorType=numbered["Type"],
                                    StartingSequenceNumber=numbered["SequenceNumber"])["ShardIterator"]
    assert [r["Data"] for r in kinesis.get_records(ShardIterator=it)["Records"]] == [b"after"]
