"""Kinesis through boto3: streams, puts, iterators, limits, errors in AWS's words."""

import base64
import concurrent.futures
import datetime
import hashlib
import json
import re
import time
import urllib.request

import boto3
import pytest

from kinesis_kit import refused
from server import Server

TOP = 2**128


@pytest.fixture
def kinesis(client):
    return client("kinesis")


@pytest.fixture
def stream(kinesis):
    kinesis.create_stream(StreamName="orders", ShardCount=3)
    kinesis.get_waiter("stream_exists").wait(StreamName="orders")
    return "orders"


def iterator(kinesis, shard, kind, **more):
    return kinesis.get_shard_iterator(
        StreamName="orders", ShardId=f"shardId-{shard:012}", ShardIteratorType=kind, **more
    )["ShardIterator"]


def read(kinesis, it, **more):
    """All records from an iterator to the tip."""
    records = []
    while True:
        page = kinesis.get_records(ShardIterator=it, **more)
        if not page["Records"]:
            return records
        records += page["Records"]
        it = page["NextShardIterator"]


def shard_of(key, count=3):
    return min(int(hashlib.md5(key.encode()).hexdigest(), 16) // (TOP // count), count - 1)


# --- streams -------------------------------------------------------------------------------------------------


def test_describe(kinesis, stream, account):
    arn = f"arn:aws:kinesis:us-east-1:{account}:stream/orders"
    by_name = kinesis.describe_stream(StreamName=stream)["StreamDescription"]
    by_arn = kinesis.describe_stream(StreamARN=arn)["StreamDescription"]
    assert by_name == by_arn
    assert by_name["StreamStatus"] == "ACTIVE"
    assert by_name["StreamARN"] == arn
    assert by_name["RetentionPeriodHours"] == 24
    assert by_name["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert by_name["EncryptionType"] == "NONE"
    assert by_name["EnhancedMonitoring"] == [{"ShardLevelMetrics": []}]
    age = datetime.datetime.now(datetime.timezone.utc) - by_name["StreamCreationTimestamp"]
    assert abs(age.total_seconds()) < 600
    ranges = [(int(s["HashKeyRange"]["StartingHashKey"]), int(s["HashKeyRange"]["EndingHashKey"])) for s in by_name["Shards"]]
    assert ranges[0] == (0, 113427455640312821154458202477256070484)
    assert ranges[2][1] == TOP - 1
    assert all(a[1] + 1 == b[0] for a, b in zip(ranges, ranges[1:]))
    summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == 3 and summary["ConsumerCount"] == 0


def test_on_demand_has_four_shards(kinesis):
    kinesis.create_stream(StreamName="d", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    summary = kinesis.describe_stream_summary(StreamName="d")["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == 4
    assert summary["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}


def test_delete_and_create_again(kinesis, stream, account):
    old = kinesis.put_record(StreamName=stream, Data=b"old", PartitionKey="k")
    it = iterator(kinesis, shard_of("k"), "TRIM_HORIZON")
    refused(kinesis.create_stream, "ResourceInUseException", f"Stream orders under account {account} already exists.",
            StreamName=stream, ShardCount=1)
    kinesis.delete_stream(StreamName=stream)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=stream)
    missing = f"Stream orders under account {account} not found."
    refused(kinesis.describe_stream, "ResourceNotFoundException", missing, StreamName=stream)
    refused(kinesis.delete_stream, "ResourceNotFoundException", missing, StreamName=stream)
    refused(kinesis.put_record, "ResourceNotFoundException", missing, StreamName=stream, Data=b"x", PartitionKey="k")
    kinesis.create_stream(StreamName=stream, ShardCount=3)
    refused(kinesis.get_records, "ResourceNotFoundException",
            f"Shard {old['ShardId']} in stream orders under account {account} does not exist", ShardIterator=it)
    assert read(kinesis, iterator(kinesis, shard_of("k"), "TRIM_HORIZON")) == []


def test_list_streams_pages(kinesis, client):
    names = [f"s{i:02}" for i in range(7)]
    for name in names:
        kinesis.create_stream(StreamName=name, ShardCount=1)
    first = kinesis.list_streams(Limit=3)
    assert first["StreamNames"] == names[:3] and first["HasMoreStreams"]
    assert [s["StreamName"] for s in first["StreamSummaries"]] == names[:3]
    second = kinesis.list_streams(Limit=3, NextToken=first["NextToken"])
    assert second["StreamNames"] == names[3:6]
    last = kinesis.list_streams(ExclusiveStartStreamName=names[5])
    assert last["StreamNames"] == names[6:] and not last["HasMoreStreams"] and "NextToken" not in last
    pages = kinesis.get_paginator("list_streams").paginate(Limit=2)
    assert [n for page in pages for n in page["StreamNames"]] == names
    assert client("kinesis", region_name="eu-west-1").list_streams()["StreamNames"] == []
    refused(kinesis.list_streams, "InvalidArgumentException", NextToken="x")


def test_list_shards_pages_and_filters(kinesis, stream):
    every = [s["ShardId"] for s in kinesis.list_shards(StreamName=stream)["Shards"]]
    assert every == [f"shardId-{i:012}" for i in range(3)]
    first = kinesis.list_shards(StreamName=stream, MaxResults=2)
    assert [s["ShardId"] for s in first["Shards"]] == every[:2]
    second = kinesis.list_shards(NextToken=first["NextToken"])
    assert [s["ShardId"] for s in second["Shards"]] == every[2:] and "NextToken" not in second
    after = kinesis.list_shards(StreamName=stream, ExclusiveStartShardId=every[0])
    assert [s["ShardId"] for s in after["Shards"]] == every[1:]
    for kind in ("AT_LATEST", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON"):
        assert len(kinesis.list_shards(StreamName=stream, ShardFilter={"Type": kind})["Shards"]) == 3
    after = kinesis.list_shards(StreamName=stream, ShardFilter={"Type": "AFTER_SHARD_ID", "ShardId": every[1]})
    assert [s["ShardId"] for s in after["Shards"]] == every[2:]
    refused(kinesis.list_shards, "InvalidArgumentException", "NextToken and StreamName cannot be provided together.",
            StreamName=stream, NextToken=first["NextToken"])
    refused(kinesis.list_shards, "InvalidArgumentException", "Either NextToken or StreamName should be provided.")


def test_the_streams_of_another_region_are_not_here(kinesis, client):
    there = client("kinesis", region_name="eu-west-1")
    there.create_stream(StreamName="s", ShardCount=1)
    arn = there.describe_stream(StreamName="s")["StreamDescription"]["StreamARN"]
    it = there.get_shard_iterator(StreamARN=arn, ShardId="0", ShardIteratorType="LATEST")["ShardIterator"]
    consumer = there.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    missing = "ResourceNotFoundException"
    told = refused(kinesis.describe_stream, missing, StreamARN=arn)
    assert told == f"Stream s under account {arn.split(':')[4]} not found."
    refused(kinesis.put_record, missing, StreamARN=arn, Data=b"", PartitionKey="k")
    refused(kinesis.get_shard_iterator, missing, StreamARN=arn, ShardId="0", ShardIteratorType="LATEST")
    refused(kinesis.get_records, missing, StreamARN=arn, ShardIterator=it)
    refused(kinesis.describe_stream_consumer, missing, ConsumerARN=consumer)
    refused(kinesis.list_tags_for_resource, missing, ResourceARN=arn)


# --- records -------------------------------------------------------------------------------------------------


def test_put_and_get_every_way(kinesis, stream):
    shard = shard_of("k")
    latest = iterator(kinesis, shard, "LATEST")
    put = [kinesis.put_record(StreamName=stream, Data=b"%d" % i, PartitionKey="k") for i in range(5)]
    numbers = [p["SequenceNumber"] for p in put]
    assert all(p["ShardId"] == f"shardId-{shard:012}" for p in put)
    assert all(len(n) == 56 for n in numbers) and numbers == sorted(numbers) and len(set(numbers)) == 5

    everything = read(kinesis, iterator(kinesis, shard, "TRIM_HORIZON"))
    assert [r["Data"] for r in everything] == [b"0", b"1", b"2", b"3", b"4"]
    assert [r["SequenceNumber"] for r in everything] == numbers
    assert {r["PartitionKey"] for r in everything} == {"k"}
    assert read(kinesis, latest) == everything
    assert read(kinesis, iterator(kinesis, shard, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[2])) == everything[2:]
    assert read(kinesis, iterator(kinesis, shard, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[2])) == everything[3:]
    assert read(kinesis, iterator(kinesis, shard, "LATEST")) == []

    page = kinesis.get_records(ShardIterator=iterator(kinesis, shard, "TRIM_HORIZON"), Limit=2)
    assert len(page["Records"]) == 2 and page["MillisBehindLatest"] >= 0
    page = kinesis.get_records(ShardIterator=page["NextShardIterator"])
    assert [r["Data"] for r in page["Records"]] == [b"2", b"3", b"4"] and page["MillisBehindLatest"] == 0


def test_at_timestamp(kinesis, stream):
    """boto3 sends whole seconds only."""
    kinesis.put_record(StreamName=stream, Data=b"before", PartitionKey="k")
    time.sleep(1.01 - time.time() % 1)
    second = int(time.time())
    kinesis.put_record(StreamName=stream, Data=b"after", PartitionKey="k")
    for moment, expected in ((second - 10, [b"before", b"after"]), (second, [b"after"])):
        got = read(kinesis, iterator(kinesis, shard_of("k"), "AT_TIMESTAMP", Timestamp=moment))
        assert [r["Data"] for r in got] == expected


def test_put_records_go_to_their_shards(kinesis, stream):
    keys = [f"key{i}" for i in range(500)]
    answer = kinesis.put_records(StreamName=stream, Records=[{"Data": k.encode(), "PartitionKey": k} for k in keys])
    assert answer["FailedRecordCount"] == 0
    assert [r["ShardId"] for r in answer["Records"]] == [f"shardId-{shard_of(k):012}" for k in keys]
    for shard in range(3):
        got = [r["PartitionKey"] for r in read(kinesis, iterator(kinesis, shard, "TRIM_HORIZON"))]
        assert got == [k for k in keys if shard_of(k) == shard]


def test_explicit_hash_key(kinesis, stream):
    for shard in kinesis.describe_stream(StreamName=stream)["StreamDescription"]["Shards"]:
        for end in shard["HashKeyRange"].values():
            assert kinesis.put_record(StreamName=stream, Data=b"", PartitionKey="k", ExplicitHashKey=end)["ShardId"] == shard["ShardId"]
    refused(kinesis.put_record, "InvalidArgumentException",
            f"Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was {TOP}",
            StreamName=stream, Data=b"", PartitionKey="k", ExplicitHashKey=str(TOP))


def test_sequence_number_for_ordering(kinesis, stream, account):
    first = kinesis.put_record(StreamName=stream, Data=b"1", PartitionKey="k")["SequenceNumber"]
    second = kinesis.put_record(StreamName=stream, Data=b"2", PartitionKey="k", SequenceNumberForOrdering=first)
    assert int(second["SequenceNumber"]) > int(first)
    future = str(int(first) + (1 << 80) * 1000)
    refused(kinesis.put_record, "InvalidArgumentException",
            f"ExclusiveMinimumSequenceNumber {future} used in PutRecord on stream orders under account {account} is invalid.",
            StreamName=stream, Data=b"", PartitionKey="k", SequenceNumberForOrdering=future)


def test_limits_of_puts(kinesis, stream):
    big = b"x" * (1 << 20)
    assert kinesis.put_record(StreamName=stream, Data=big[1:], PartitionKey="k")
    refused(kinesis.put_record, "ValidationException",
            "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=1048577 cap=1048577]' at 'data' failed "
            "to satisfy constraint: Member must have length less than or equal to 1048576",
            StreamName=stream, Data=big + b"x", PartitionKey="k")
    refused(kinesis.put_record, "InvalidArgumentException", StreamName=stream, Data=big, PartitionKey="k")
    refused(kinesis.put_record, "ValidationException", StreamName=stream, Data=b"", PartitionKey="k" * 257)
    refused(kinesis.put_records, "InvalidArgumentException", "Records size exceeds 5 MB limit", StreamName=stream,
            Records=[{"Data": big, "PartitionKey": "k"}] * 5)
    refused(kinesis.put_records, "InvalidArgumentException", StreamName=stream,
            Records=[{"Data": b"", "PartitionKey": "k"}, {"Data": big, "PartitionKey": "k"}])
    refused(kinesis.put_records, "ValidationException", StreamName=stream,
            Records=[{"Data": b"", "PartitionKey": "k"}] * 501)
    assert len(read(kinesis, iterator(kinesis, shard_of("k"), "TRIM_HORIZON"))) == 1


def test_large_records_where_the_stream_takes_them(kinesis, endpoint, account):
    """MaxRecordSizeInKiB is younger than the boto3 of many."""
    def call(target, body):
        request = urllib.request.Request(endpoint, json.dumps(body).encode(), {
            "X-Amz-Target": f"Kinesis_20131202.{target}", "Content-Type": "application/x-amz-json-1.1",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={account}/20261122/us-east-1/kinesis/aws4_request, "
                             "SignedHeaders=host, Signature=" + "0" * 64})
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    call("CreateStream", {"StreamName": "orders", "ShardCount": 3, "MaxRecordSizeInKiB": 4096})
    kinesis.put_record(StreamName="orders", Data=b"x" * (3 << 20), PartitionKey="k")
    records = read(kinesis, iterator(kinesis, shard_of("k"), "TRIM_HORIZON"))
    assert [len(r["Data"]) for r in records] == [3 << 20]


def test_answers_carry_a_second_id(kinesis):
    """AWS: between 64 and 80 bytes."""
    found = {kinesis.list_streams()["ResponseMetadata"]["HTTPHeaders"]["x-amz-id-2"] for _ in range(3)}
    assert len(found) == 3 and {len(base64.b64decode(i, validate=True)) for i in found} == {72}


def test_pages_stop_at_ten_megabytes(kinesis, stream):
    for i in range(12):
        kinesis.put_record(StreamName=stream, Data=b"%d" % (i % 10) * 1000000, PartitionKey="k")
    page = kinesis.get_records(ShardIterator=iterator(kinesis, shard_of("k"), "TRIM_HORIZON"))
    assert len(page["Records"]) == 10
    assert len(read(kinesis, page["NextShardIterator"])) == 2


def test_many_producers_keep_their_order(kinesis, stream):
    def produce(producer):
        for i in range(30):
            kinesis.put_record(StreamName=stream, Data=b"%d %d" % (producer, i), PartitionKey="k")

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(produce, range(8)))
    records = read(kinesis, iterator(kinesis, shard_of("k"), "TRIM_HORIZON"))
    seen = [tuple(map(int, r["Data"].split())) for r in records]
    assert len(seen) == 240
    for producer in range(8):
        assert [i for p, i in seen if p == producer] == list(range(30))
    numbers = [int(r["SequenceNumber"]) for r in records]
    assert numbers == sorted(set(numbers))


# --- iterators that are refused ------------------------------------------------------------------------------


def test_shard_names(kinesis, stream, account):
    for name in ("0", "shard-0", "x-00000000000", "shardId-000000000000"):
        assert kinesis.get_shard_iterator(StreamName=stream, ShardId=name, ShardIteratorType="LATEST")["ShardIterator"]
    refused(kinesis.get_shard_iterator, "ResourceNotFoundException",
            f"Could not find shard 2147483648 in stream orders under account {account}.",
            StreamName=stream, ShardId="2147483648", ShardIteratorType="LATEST")
    refused(kinesis.get_shard_iterator, "ResourceNotFoundException",
            f"Shard shardId-000000000009 in stream orders under account {account} does not exist",
            StreamName=stream, ShardId="shardId-000000000009", ShardIteratorType="LATEST")
    refused(kinesis.get_shard_iterator, "ResourceNotFoundException",
            f"Shard shardId-000000000000 in stream none under account {account} does not exist",
            StreamName="none", ShardId="0", ShardIteratorType="LATEST")


def test_iterator_arguments(kinesis, stream):
    number = kinesis.put_record(StreamName=stream, Data=b"", PartitionKey="k", ExplicitHashKey="0")["SequenceNumber"]
    common = {"StreamName": stream, "ShardId": "shardId-000000000000"}
    words = ("Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "
             "(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. ")
    refused(kinesis.get_shard_iterator, "InvalidArgumentException",
            words + "Request specified LATEST and also a StartingSequenceNumber.",
            ShardIteratorType="LATEST", StartingSequenceNumber=number, **common)
    refused(kinesis.get_shard_iterator, "InvalidArgumentException",
            words + "Request specified AT_TIMESTAMP and also a StartingSequenceNumber.",
            ShardIteratorType="AT_TIMESTAMP", Timestamp=0, StartingSequenceNumber=number, **common)
    refused(kinesis.get_shard_iterator, "InvalidArgumentException",
            words + "Request specified AT_SEQUENCE_NUMBER and no StartingSequenceNumber.",
            ShardIteratorType="AT_SEQUENCE_NUMBER", **common)
    refused(kinesis.get_shard_iterator, "InvalidArgumentException",
            "Invalid StartingSequenceNumber. It encodes shardId-000000000000, while it was used in a call to a shard with "
            "shardId-000000000001", StreamName=stream, ShardId="1", ShardIteratorType="AT_SEQUENCE_NUMBER",
            StartingSequenceNumber=number)
    refused(kinesis.get_shard_iterator, "InternalFailure", "", ShardIteratorType="AT_SEQUENCE_NUMBER",
            StartingSequenceNumber="0", **common)
    refused(kinesis.get_shard_iterator, "InvalidArgumentException",
            "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp "
            "parameter.", ShardIteratorType="AT_TIMESTAMP", **common)
    message = refused(kinesis.get_shard_iterator, "InvalidArgumentException", ShardIteratorType="AT_TIMESTAMP",
                      Timestamp=time.time() + 1000, **common)
    assert message.startswith("The timestampInMillis parameter cannot be greater than the currentTimestampInMillis.")
    message = refused(kinesis.get_shard_iterator, "ValidationException", ShardIteratorType="NEWEST", **common)
    assert "[AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]" in message


def test_iterators_that_are_none(kinesis, stream, client):
    it = iterator(kinesis, 0, "LATEST")
    forged = it[:40] + ("A" if it[40] != "A" else "B") + it[41:]
    assert read(kinesis, f'"{it}"') == read(kinesis, it), "as AWS does"
    for wrong in ("x", forged, it[:-4], it + "AAAA", f'"{it}', '"', '""'):
        refused(kinesis.get_records, "InvalidArgumentException", "Invalid ShardIterator.", ShardIterator=wrong)
    refused(client("kinesis", region_name="eu-west-1").get_records, "ResourceNotFoundException", ShardIterator=it)


def test_command_line(aws, stream, tmp_path):
    """From a file: versions 1 and 2 of the CLI read a blob on the command line in different ways."""
    (tmp_path / "data").write_bytes(b"hello")
    aws("kinesis", "put-record", "--stream-name", stream, "--partition-key", "k", "--data", f"fileb://{tmp_path}/data")
    it = aws("kinesis", "get-shard-iterator", "--stream-name", stream, "--shard-id", str(shard_of("k")),
             "--shard-iterator-type", "TRIM_HORIZON")["ShardIterator"]
    assert aws("kinesis", "get-records", "--shard-iterator", it)["Records"][0]["Data"] == "aGVsbG8="


# --- what deployment tools change and read back --------------------------------------------------------------


def test_tags_by_name_and_by_arn(kinesis):
    kinesis.create_stream(StreamName="tagged", ShardCount=1, Tags={"team": "data", "stage": "dev"})
    arn = kinesis.describe_stream_summary(StreamName="tagged")["StreamDescriptionSummary"]["StreamARN"]
    kinesis.add_tags_to_stream(StreamName="tagged", Tags={"stage": "prod", "cost": ""})
    answer = kinesis.list_tags_for_stream(StreamName="tagged")
    assert answer["Tags"] == [
        {"Key": "cost", "Value": ""}, {"Key": "stage", "Value": "prod"}, {"Key": "team", "Value": "data"}]
    assert answer["HasMoreTags"] is False
    kinesis.remove_tags_from_stream(StreamARN=arn, TagKeys=["team", "absent"])
    kinesis.tag_resource(ResourceARN=arn, Tags={"owner": "me"})
    kinesis.untag_resource(ResourceARN=arn, TagKeys=["cost"])
    assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == [
        {"Key": "owner", "Value": "me"}, {"Key": "stage", "Value": "prod"}]
    page = kinesis.list_tags_for_stream(StreamName="tagged", Limit=1)
    assert (page["Tags"][0]["Key"], page["HasMoreTags"]) == ("owner", True)
    page = kinesis.list_tags_for_stream(StreamName="tagged", ExclusiveStartTagKey="owner")
    assert (page["Tags"][0]["Key"], page["HasMoreTags"]) == ("stage", False)


def test_refused_tags_change_nothing(kinesis, stream):
    kinesis.add_tags_to_stream(StreamName=stream, Tags={f"k{i}": "v" for i in range(50)})
    refused(kinesis.add_tags_to_stream, "InvalidArgumentException", StreamName=stream, Tags={"one": "more"})
    illegal = ("Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, "
               "_ . / = + - % @.")
    refused(kinesis.add_tags_to_stream, "InvalidArgumentException", illegal, StreamName=stream, Tags={"k1": "#"})
    refused(kinesis.remove_tags_from_stream, "InvalidArgumentException", illegal, StreamName=stream, TagKeys=["a\tb"])
    assert refused(kinesis.add_tags_to_stream, "InvalidArgumentException", StreamName=stream, Tags={"k1": "5%"}).endswith(
        "because some tags contained illegal characters. The allowed characters are Unicode letters, white-spaces, "
        "'_',',','/','=','+','-','@'.")
    kinesis.add_tags_to_stream(StreamName=stream, Tags={"k1": "a:b"})
    assert len(kinesis.list_tags_for_stream(StreamName=stream)["Tags"]) == 50
    refused(kinesis.list_tags_for_stream, "ResourceNotFoundException", StreamName="absent")
    refused(kinesis.tag_resource, "ValidationException", ResourceARN="arn:aws:s3:::b", Tags={"a": "b"})


def test_retention_is_changed(kinesis, stream):
    def hours():
        return kinesis.describe_stream(StreamName=stream)["StreamDescription"]["RetentionPeriodHours"]

    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=72)
    assert hours() == 72
    refused(kinesis.increase_stream_retention_period, "InvalidArgumentException",
            "Requested retention period (48 hours) for stream orders can not be shorter than existing retention "
            "period (72 hours). Use DecreaseRetentionPeriod API.", StreamName=stream, RetentionPeriodHours=48)
    refused(kinesis.decrease_stream_retention_period, "InvalidArgumentException",
            "Requested retention period (96 hours) for stream orders can not be longer than existing retention "
            "period (72 hours). Use IncreaseRetentionPeriod API.", StreamName=stream, RetentionPeriodHours=96)
    refused(kinesis.decrease_stream_retention_period, "InvalidArgumentException",
            "Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short.",
            StreamName=stream, RetentionPeriodHours=23)
    refused(kinesis.increase_stream_retention_period, "InvalidArgumentException",
            "Maximum allowed retention period is 8760 hours. Requested retention period (8761 hours) is too long.",
            StreamName=stream, RetentionPeriodHours=8761)
    kinesis.decrease_stream_retention_period(StreamName=stream, RetentionPeriodHours=24)
    assert hours() == 24


def test_limits_count_what_is_there(kinesis, stream):
    kinesis.create_stream(StreamName="free", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    limits = kinesis.describe_limits()
    assert (limits["OpenShardCount"], limits["OnDemandStreamCount"]) == (7, 1)
    assert limits["ShardLimit"] > 7 and limits["OnDemandStreamCountLimit"] > 1


def test_pages_have_a_hundred_at_most(kinesis):
    kinesis.create_stream(StreamName="s", ShardCount=101)
    page = kinesis.describe_stream(StreamName="s", Limit=10000)["StreamDescription"]
    assert len(page["Shards"]) == 100 and page["HasMoreShards"]
    rest = kinesis.describe_stream(StreamName="s", ExclusiveStartShardId=page["Shards"][-1]["ShardId"])["StreamDescription"]
    assert len(rest["Shards"]) == 1 and not rest["HasMoreShards"]
    assert len(kinesis.list_shards(StreamName="s")["Shards"]) == 101


def test_pages_of_shards_have_a_thousand_at_most(kinesis):
    kinesis.create_stream(StreamName="s", ShardCount=1001)
    page = kinesis.list_shards(StreamName="s", MaxResults=10000)
    assert len(page["Shards"]) == 1000
    rest = kinesis.list_shards(NextToken=page["NextToken"], MaxResults=10000)
    assert len(rest["Shards"]) == 1 and "NextToken" not in rest


# --- time ----------------------------------------------------------------------------------------------------


def test_what_grows_old(tmp_path):
    """With a clock that is moved: iterators and tokens expire, records and closed shards leave the stream."""
    server = Server(tmp_path / "data", "--test-clock")
    try:
        kinesis = boto3.client("kinesis", endpoint_url=server.endpoint, region_name="us-east-1",
                               aws_access_key_id="123456789012", aws_secret_access_key="x")

        def move(seconds):
            body = json.dumps({"advance_ms": int(seconds * 1000)}).encode()
            urllib.request.urlopen(urllib.request.Request(f"{server.endpoint}/_cadabra/clock", body, method="POST")).read()

        kinesis.create_stream(StreamName="orders", ShardCount=2)
        kinesis.put_record(StreamName="orders", Data=b"old", PartitionKey="k", ExplicitHashKey="0")
        it = iterator(kinesis, 0, "TRIM_HORIZON")
        token = kinesis.list_shards(StreamName="orders", MaxResults=1)["NextToken"]
        move(240)
        assert len(kinesis.get_records(ShardIterator=it)["Records"]) == 1
        move(61)
        message = refused(kinesis.get_records, "ExpiredIteratorException", ShardIterator=it)
        stamp = r"\w{3} \w{3} \d{2} \d{2}:\d{2}:\d{2} UTC \d{4}"
        assert re.fullmatch(f"Iterator expired. The iterator was created at time {stamp} while right now it is {stamp} which "
                            "is further in the future than the tolerated delay of 300000 milliseconds.", message)
        refused(kinesis.list_shards, "ExpiredNextTokenException", NextToken=token)

        kinesis.split_shard(StreamName="orders", ShardToSplit="0", NewStartingHashKey="1000")
        assert len(kinesis.list_shards(StreamName="orders")["Shards"]) == 4
        move(25 * 3600)
        ids = [s["ShardId"][-1] for s in kinesis.list_shards(StreamName="orders")["Shards"]]
        assert ids == ["1", "2", "3"] == [s["ShardId"][-1] for s in kinesis.describe_stream(
            StreamName="orders")["StreamDescription"]["Shards"]]
        page = kinesis.get_records(ShardIterator=iterator(kinesis, 0, "TRIM_HORIZON"))
        assert page["Records"] == [] and "NextShardIterator" not in page and len(page["ChildShards"]) == 2
    finally:
        server.stop()


def test_a_sequence_number_of_a_shard_that_cannot_be(client):
    kinesis = client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    first = kinesis.list_shards(StreamName="s")["Shards"][0]["SequenceNumberRange"]["StartingSequenceNumber"]
    with pytest.raises(kinesis.exceptions.InvalidArgumentException) as caught:
        kinesis.get_shard_iterator(StreamName="s", ShardId="shardId-000000000000", ShardIteratorType="AT_SEQUENCE_NUMBER",
                                   StartingSequenceNumber=str(int(first) | 1 << 35))
    assert "It encodes shardId--02147483648, while it was used" in caught.value.response["Error"]["Message"]
