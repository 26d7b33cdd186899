"""Channels: what they deliver of a stream to S3 and when, how it is packed and named, what goes to the dead letters."""

import base64
import ctypes
import gzip
import json
import re
import time
import urllib.request

import boto3
import botocore.config
import pytest

from kinesis_kit import refused
from server import Server

ACCOUNT = "123456789012"
STREAM = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/channels"
FRESH = 300
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
DEFAULT_KEY = ("kinesis-channel/!{channel-name}/!{channel-id}/!{yyyy}/!{MM}/!{dd}/!{HH}/"
               "!{channel-name}-!{channel-id}-!{yyyy}-!{MM}-!{dd}-!{HH}-!{mm}!{extension}")


class Shop:
    """A server whose clock can be moved and that can be killed, with an on-demand stream `s` and a bucket `box`."""

    def __init__(self, folder):
        self.folder = folder
        self.start()
        self.kinesis.create_stream(StreamName="s")
        self.s3.create_bucket(Bucket="box")

    def start(self):
        self.server = Server(self.folder / "data", "--test-clock")
        keywords = {"endpoint_url": self.server.endpoint, "region_name": "us-east-1", "aws_access_key_id": ACCOUNT,
                    "aws_secret_access_key": "x", "config": botocore.config.Config(parameter_validation=False)}
        self.kinesis, self.s3, self.logs = (boto3.client(name, **keywords) for name in ("kinesis", "s3", "logs"))

    def move(self, seconds):
        body = json.dumps({"advance_ms": int(seconds * 1000)}).encode()
        urllib.request.urlopen(
            urllib.request.Request(f"{self.server.endpoint}/_cadabra/clock", body, method="POST")).read()

    def put(self, *records):
        answer = self.kinesis.put_records(StreamName="s", Records=[
            {"Data": r, "PartitionKey": f"key {i}"} for i, r in enumerate(records)])
        assert answer["FailedRecordCount"] == 0

    def keys(self, bucket="box"):
        return [o["Key"] for o in self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]

    def wait(self, count, bucket="box"):
        """The objects of the bucket, once there are so many."""
        for _ in range(4800):
            if len(found := self.keys(bucket)) >= count:
                assert len(found) == count
                return [self.s3.get_object(Bucket=bucket, Key=key) for key in found]
            time.sleep(0.05)
        raise AssertionError(f"{len(found)} objects, not {count}")

    def create(self, name="c", stream=STREAM, format="BYTE_ARRAY", freshness=FRESH, dead=None, logging=None,
               **storage):
        destination = {"StorageConfiguration": {"BucketARN": "arn:aws:s3:::box", "ExpectedBucketOwner": ACCOUNT,
                                                "CompressionType": "NONE", **storage}}
        if freshness is not None:
            destination["DataFreshnessInSeconds"] = freshness
        if dead:
            destination["DeadLetterQueueS3Configuration"] = dead
        return self.kinesis.create_channel(**request(name, stream, format, destination, logging))["ChannelDescription"]

    def describe(self, arn):
        return self.kinesis.describe_channel(ChannelARN=arn)["ChannelDescription"]


def request(name="c", stream=STREAM, format="BYTE_ARRAY", destination=None, logging=None, **more):
    asked = {"ChannelName": name, "ServiceExecutionRoleARN": ROLE, "StreamConfigurationList": [
        {"StreamARN": stream, "RecordConfiguration": {"RecordFormatType": format}}], **more}
    if destination:
        asked["S3DestinationConfiguration"] = destination
    if logging:
        asked["LoggingConfiguration"] = {"CloudWatchLogs": logging}
    return asked


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path)
    yield shop
    shop.server.stop()


def unzstd(packed):
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_decompress.restype = ctypes.c_size_t
    library.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    room = ctypes.create_string_buffer(1 << 20)
    length = library.ZSTD_decompress(room, len(room), packed, len(packed))
    assert length <= len(room)
    return room.raw[:length]


# --- operations ----------------------------------------------------------------------------------------------


def test_a_channel_is_described(shop):
    made = shop.create(freshness=None)
    arn, name = made["ChannelARN"], made["ChannelId"]
    assert re.fullmatch(UUID, name) and arn == f"arn:aws:kinesis:us-east-1:{ACCOUNT}:channel/{name}"
    assert made["ChannelStatus"] == "CREATING"
    told = shop.describe(arn)
    assert told["ChannelStatus"] == "ACTIVE" and "ChannelStatusReason" not in told
    assert {k: v for k, v in told.items() if k != "ChannelStatus"} == {k: v for k, v in made.items() if k != "ChannelStatus"}
    assert told["ChannelName"] == "c" and told["ServiceExecutionRoleARN"] == ROLE
    summary = shop.kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert summary["ChannelCount"] == 1
    limits = shop.kinesis.describe_limits()
    assert (limits["ChannelCount"], limits["ChannelCountLimit"]) == (1, 100)
    assert told["StreamConfigurationList"] == [
        {"StreamARN": STREAM, "StreamCreationTimestamp": summary["StreamCreationTimestamp"],
         "RecordConfiguration": {"RecordFormatType": "BYTE_ARRAY"}}]
    assert told["S3DestinationConfiguration"] == {
        "DataFreshnessInSeconds": 300,
        "DeadLetterQueueS3Configuration": {"BucketARN": "arn:aws:s3:::box", "ExpectedBucketOwner": ACCOUNT,
                                           "ErrorOutputPrefix": f"kinesis-channel/errors/c/{name}/"},
        "StorageConfiguration": {"BucketARN": "arn:aws:s3:::box", "ExpectedBucketOwner": ACCOUNT, "CompressionType": "NONE",
                                 "StorageClass": "STANDARD", "OutputKeyTemplate": DEFAULT_KEY}}
    assert told["LoggingConfiguration"] == {"CloudWatchLogs": {"Enabled": False}}

    shop.kinesis.delete_channel(ChannelARN=arn)
    refused(shop.kinesis.describe_channel, "ResourceNotFoundException", f"Channel {arn} not found.", ChannelARN=arn)
    refused(shop.kinesis.delete_channel, "ResourceNotFoundException", ChannelARN=arn)
    refused(shop.kinesis.update_channel, "ResourceNotFoundException", ChannelARN=arn,
            S3DestinationConfiguration={"DataFreshnessInSeconds": 300})
    shop.create()  # the name is free, and the stream may have one again


def test_what_is_updated(shop):
    arn = shop.create()["ChannelARN"]
    update = shop.kinesis.update_channel
    told = update(ChannelARN=arn, S3DestinationConfiguration={"DataFreshnessInSeconds": 900})["ChannelDescription"]
    assert told["ChannelStatus"] == "UPDATING" and told["S3DestinationConfiguration"]["DataFreshnessInSeconds"] == 900
    update(ChannelARN=arn, LoggingConfiguration={"CloudWatchLogs": {"Enabled": True, "LogStreamName": "mine"}})
    told = shop.describe(arn)
    group = f"/aws/kinesis/c/{told['ChannelId']}"
    assert told["LoggingConfiguration"] == {
        "CloudWatchLogs": {"Enabled": True, "LogGroupName": group, "LogStreamName": "mine"}}
    assert told["S3DestinationConfiguration"]["DataFreshnessInSeconds"] == 900
    for seconds in (299, 901):
        refused(update, "ValidationException", ChannelARN=arn, S3DestinationConfiguration={"DataFreshnessInSeconds": seconds})
    refused(update, "ValidationException", ChannelARN=arn)
    refused(update, "NotImplemented", ChannelARN=arn, S3TablesDestinationConfiguration={"DataFreshnessInSeconds": 300})
    shop.server.kill()
    shop.start()
    assert shop.describe(arn) == told


def test_what_is_refused(shop):
    storage = {"BucketARN": "arn:aws:s3:::box", "ExpectedBucketOwner": ACCOUNT, "CompressionType": "NONE"}
    good = {"StorageConfiguration": storage}
    create = shop.kinesis.create_channel
    refused(create, "ValidationException", **request())
    refused(create, "NotImplemented", **request(S3TablesDestinationConfiguration={
        "DeadLetterQueueS3Configuration": {"BucketARN": "arn:aws:s3:::box", "ExpectedBucketOwner": ACCOUNT},
        "S3TablesConfigurationList": [{"TableBucketARN": f"arn:aws:s3tables:us-east-1:{ACCOUNT}:bucket/box", "Namespace": "n",
                                       "TableName": "t", "CompressionType": "NONE"}]}))
    refused(create, "NotImplemented", **request(format="GSR_JSON", destination=good))
    refused(create, "ValidationException", **request(format="XML", destination=good))
    refused(create, "ValidationException", **request(name="a b", destination=good))
    for seconds in (299, 901):
        refused(create, "ValidationException", **request(destination={**good, "DataFreshnessInSeconds": seconds}))
    refused(create, "ResourceNotFoundException", **request(stream=f"{STREAM}2", destination=good))
    refused(create, "InvalidArgumentException",
            **request(destination=good, EncryptionConfiguration={"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}))
    two = request(destination=good)
    two["StreamConfigurationList"] *= 2
    refused(create, "ValidationException", **two)
    shop.kinesis.create_stream(StreamName="fixed", ShardCount=1, StreamModeDetails={"StreamMode": "PROVISIONED"})
    refused(create, "ValidationException", **request(stream=STREAM[:-1] + "fixed", destination=good))

    shop.create("c")
    refused(create, "ResourceInUseException", **request("c", destination=good))
    refused(create, "LimitExceededException", **request("other", destination=good))
    refused(shop.kinesis.delete_stream, "ResourceInUseException", StreamName="s")
    refused(shop.kinesis.update_stream_mode, "ResourceInUseException", StreamARN=STREAM,
            StreamModeDetails={"StreamMode": "PROVISIONED"})
    refused(shop.kinesis.describe_channel, "ValidationException", ChannelARN="x")


@pytest.mark.parametrize("template, compression", [
    ("/data/!{channel-name}!{extension}", "GZIP"),
    ("data/../!{channel-name}!{extension}", "GZIP"),
    ("data/./!{channel-name}", "NONE"),
    ("data//!{channel-name}!{extension}", "GZIP"),
    ("!{channel-name}!{extension}/!{yyyy}", "GZIP"),
    ("!{extension}!{extension}", "GZIP"),
    ("data/!{partition-id}!{extension}", "GZIP"),
    ("data/!{channel-name}", "ZSTD"),
    ("data/!{channel-name}/!{yyyy", "NONE"),
    ("data/{yyyy}", "NONE"),
    ("data/!{extension:json}", "NONE"),
    ("data/!{extension:.JSON}", "NONE"),
    ("a" * 986 + "!{yy}", "NONE"),
])
def test_a_template_that_makes_no_keys(shop, template, compression):
    refused(shop.create, "ValidationException", OutputKeyTemplate=template, CompressionType=compression)


def test_a_bucket_that_is_not_there_fails_the_channel(shop):
    for bucket, owner, words in (("none", ACCOUNT, "does not exist"), ("box", "999999999999", "owned")):
        made = shop.create(BucketARN=f"arn:aws:s3:::{bucket}", ExpectedBucketOwner=owner)
        assert made["ChannelStatus"] == "CREATING"
        told = shop.describe(made["ChannelARN"])
        assert told["ChannelStatus"] == "FAILED" and words in told["ChannelStatusReason"]
        listed = shop.kinesis.list_channels()["ChannelSummaries"][0]
        assert (listed["ChannelStatus"], listed["ChannelStatusReason"]) == ("FAILED", told["ChannelStatusReason"])
        refused(shop.kinesis.update_channel, "ResourceInUseException", ChannelARN=made["ChannelARN"],
                S3DestinationConfiguration={"DataFreshnessInSeconds": 300})
        shop.kinesis.delete_channel(ChannelARN=made["ChannelARN"])
    shop.kinesis.delete_stream(StreamName="s")


def test_channels_are_listed(shop):
    arns = {}
    for i in range(5):
        shop.kinesis.create_stream(StreamName=f"s{i}")
        arns[f"c{i}"] = shop.create(f"c{i}", stream=f"{STREAM}{i}")["ChannelARN"]
    found, token = [], {}
    while token is not None:
        page = shop.kinesis.list_channels(MaxResults=2, **token)
        assert len(page["ChannelSummaries"]) <= 2
        found += page["ChannelSummaries"]
        token = {"NextToken": page["NextToken"]} if "NextToken" in page else None
    assert {s["ChannelName"]: s["ChannelARN"] for s in found} == arns
    assert [s["ChannelName"] for s in found] == sorted(arns)
    one = shop.kinesis.list_channels(StreamFilter=[{"StreamARN": f"{STREAM}3"}])["ChannelSummaries"]
    assert [(s["ChannelName"], s["ChannelStatus"], s["ChannelDestinationType"]) for s in one] == [("c3", "ACTIVE", "S3")]
    assert one[0]["Streams"][0]["StreamARN"] == f"{STREAM}3"
    assert shop.kinesis.list_channels(StreamFilter=[{"StreamARN": STREAM}])["ChannelSummaries"] == []
    assert shop.kinesis.list_channels(StreamFilter=[{"StreamARN": f"{STREAM}9"}])["ChannelSummaries"] == []
    refused(shop.kinesis.list_channels, "InvalidArgumentException", NextToken="x")


def test_tags(shop):
    destination = {"StorageConfiguration": {"BucketARN": "arn:aws:s3:::box", "ExpectedBucketOwner": ACCOUNT,
                                            "CompressionType": "NONE"}}
    arn = shop.kinesis.create_channel(**request(destination=destination, Tags={"team": "data"}))[
        "ChannelDescription"]["ChannelARN"]

    def tags():
        return {t["Key"]: t["Value"] for t in shop.kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"]}

    assert tags() == {"team": "data"}
    shop.kinesis.tag_resource(ResourceARN=arn, Tags={"stage": "test"})
    shop.kinesis.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert tags() == {"stage": "test"}
    shop.kinesis.delete_channel(ChannelARN=arn)
    refused(shop.kinesis.list_tags_for_resource, "ResourceNotFoundException", ResourceARN=arn)


# --- delivery ------------------------------------------------------------------------------------------------


def test_only_new_records_are_delivered_and_when_they_are_due(shop):
    shop.put(b"before")
    channel = shop.create()
    shop.put(b"one ")
    shop.move(FRESH - 100)
    shop.put(b"two ")
    time.sleep(0.5)
    assert shop.keys() == []
    shop.move(101)
    (found,) = shop.wait(1)
    assert sorted(found["Body"].read().split()) == [b"one", b"two"]
    assert found["ContentType"] == "application/octet-stream" and "StorageClass" not in found
    (key,) = shop.keys()
    name, id = channel["ChannelName"], channel["ChannelId"]
    assert re.fullmatch(rf"kinesis-channel/{name}/{id}/\d{{4}}/\d\d/\d\d/\d\d/{name}-{id}-\d{{4}}(-\d\d){{4}}-{UUID}", key)
    shop.put(b"three")
    shop.move(FRESH + 1)
    bodies = [found["Body"].read() for found in shop.wait(2)]
    assert b"three" in bodies


@pytest.mark.parametrize("compression, extension, unpack", [
    ("NONE", "", bytes), ("GZIP", ".gz", gzip.decompress), ("ZSTD", ".zst", unzstd)])
def test_compressions_keys_and_classes(shop, compression, extension, unpack):
    shop.create(CompressionType=compression, StorageClass="GLACIER_IR",
                OutputKeyTemplate="data/stream=!{stream-name}/!{yy}!{MM}!{dd}T!{HH}!{mm}!{extension}")
    records = [f"{n:04}".encode() for n in range(300)]
    shop.put(*records)
    shop.move(FRESH + 1)
    (found,) = shop.wait(1)
    whole = unpack(found["Body"].read())
    assert sorted(whole[i:i + 4] for i in range(0, len(whole), 4)) == records
    assert found["StorageClass"] == "GLACIER_IR"
    assert found.get("ContentEncoding") == {"GZIP": "gzip", "ZSTD": "zstd"}.get(compression)
    assert re.fullmatch(rf"data/stream=s/\d{{6}}T\d{{4}}-{UUID}{re.escape(extension)}", shop.keys()[0])


@pytest.mark.parametrize("format, good, bad", [
    ("JSON", [b'{"a": 1}', b"[1, 2]", b'"x"'], [b"{", b"", b"{} {}"]),
    ("STRING", ["grün".encode(), b"{", b""], [b"\xff\xfe", b"\xc3"]),
    ("BYTE_ARRAY", [b"\xff\xfe", b"\x00", b""], []),
])
def test_formats_and_dead_letters(shop, format, good, bad):
    shop.s3.create_bucket(Bucket="dead")
    shop.create(format=format, logging={"Enabled": True, "LogGroupName": "g", "LogStreamName": "l"},
                OutputKeyTemplate="x!{extension:.data}", dead={
        "BucketARN": "arn:aws:s3:::dead", "ExpectedBucketOwner": ACCOUNT, "ErrorOutputPrefix": "errors/"})
    shop.put(*good, *bad)
    shop.move(FRESH + 1)
    (found,) = shop.wait(1)
    body = found["Body"].read()
    assert len(body) == sum(map(len, good)) and all(g in body for g in good)
    assert shop.keys()[0].endswith(".data")
    lines = []
    if bad:
        (found,) = shop.wait(1, "dead")
        lines = [json.loads(line) for line in found["Body"].read().splitlines()]
        assert shop.keys("dead")[0].startswith("errors/")
    assert sorted(base64.b64decode(line["rawData"]) for line in lines) == sorted(bad)
    for line in lines:
        assert line["streamARN"] == STREAM and line["errorCode"] == "InvalidRecord"
        where = {"StreamName": "s", "ShardId": line["shardId"], "ShardIteratorType": "AT_SEQUENCE_NUMBER",
                 "StartingSequenceNumber": line["sequenceNumber"]}
        record = shop.kinesis.get_records(ShardIterator=shop.kinesis.get_shard_iterator(**where)["ShardIterator"], Limit=1)
        assert record["Records"][0]["Data"] == base64.b64decode(line["rawData"])
    if bad:
        for _ in range(600):
            groups = shop.logs.describe_log_groups()["logGroups"]
            if groups and (events := shop.logs.get_log_events(logGroupName="g", logStreamName="l")["events"]):
                break
            time.sleep(0.05)
        assert json.loads(events[0]["message"])["errorCode"] == "InvalidRecord"


def test_resharded_streams_are_delivered_in_order(shop):
    shop.create()
    for n in range(10):
        shop.kinesis.put_record(StreamName="s", PartitionKey="same", Data=f"{n};".encode())
    shards = len(shop.kinesis.list_shards(StreamName="s")["Shards"])
    shop.kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    shop.kinesis.update_stream_warm_throughput(StreamName="s", WarmThroughputMiBps=16)
    assert len(shop.kinesis.list_shards(StreamName="s")["Shards"]) > shards
    for n in range(10, 20):
        shop.kinesis.put_record(StreamName="s", PartitionKey="same", Data=f"{n};".encode())
    shop.move(FRESH + 1)
    (found,) = shop.wait(1)
    assert found["Body"].read() == b"".join(b"%d;" % n for n in range(20))


def test_large_deliveries_are_several_objects(shop):
    shop.create()
    for n in range(9):
        shop.put(*[bytes([n]) * 1_000_000 for _ in range(5)])
    shop.move(FRESH + 1)
    bodies = [found["Body"].read() for found in shop.wait(2)]
    assert sum(map(len, bodies)) == 45_000_000 and max(map(len, bodies)) < 40_000_000
    whole = b"".join(bodies)
    assert all(whole.count(bytes([n])) == 5_000_000 for n in range(9))


def test_a_channel_goes_on_after_kill(shop):
    arn = shop.create()["ChannelARN"]
    shop.put(b"one ")
    shop.move(FRESH + 1)
    shop.wait(1)
    shop.put(b"two ")
    shop.server.kill()
    shop.start()
    shop.put(b"three ")
    shop.move(2 * FRESH + 2)
    for _ in range(4800):
        bodies = [shop.s3.get_object(Bucket="box", Key=key)["Body"].read() for key in shop.keys()]
        if {b"two", b"three"} <= set(b"".join(bodies).split()):
            break
        time.sleep(0.05)
    # What a kill interrupts may come twice.
    assert set(b"".join(bodies).split()) == {b"one", b"two", b"three"}
    assert shop.describe(arn)["ChannelStatus"] == "ACTIVE"


def test_a_deleted_channel_delivers_nothing(shop):
    arn = shop.create()["ChannelARN"]
    shop.put(b"x")
    shop.kinesis.delete_channel(ChannelARN=arn)
    shop.create("other")
    shop.put(b"y")
    shop.move(FRESH + 1)
    (found,) = shop.wait(1)
    assert found["Body"].read() == b"y"


DEAD = {"BucketARN": "arn:aws:s3:::dead", "ExpectedBucketOwner": ACCOUNT}


def log_codes(shop, group):
    try:
        events = shop.logs.get_log_events(logGroupName=group, logStreamName="DestinationDelivery")["events"]
    except shop.logs.exceptions.ResourceNotFoundException:
        return []
    return [json.loads(e["message"])["errorCode"] for e in events]


def wait_for_codes(shop, group, count):
    for _ in range(4800):
        if len(codes := log_codes(shop, group)) >= count:
            return codes
        time.sleep(0.05)
    raise AssertionError(codes)


def test_a_bucket_that_is_gone_is_tried_again(shop):
    shop.s3.create_bucket(Bucket="dead")
    made = shop.create(logging={"Enabled": True}, dead=DEAD)
    group = made["LoggingConfiguration"]["CloudWatchLogs"]["LogGroupName"]
    assert group == f"/aws/kinesis/c/{made['ChannelId']}"
    shop.s3.delete_bucket(Bucket="box")

    shop.put(b"kept")
    shop.move(FRESH + 1)
    assert wait_for_codes(shop, group, 1) == ["S3.NoSuchBucket"]
    shop.s3.create_bucket(Bucket="box")
    shop.move(61)
    (found,) = shop.wait(1)
    assert found["Body"].read() == b"kept"

    # For more than an hour: the dead-letter queue has it.
    shop.s3.delete_object(Bucket="box", Key=shop.keys()[0])
    shop.s3.delete_bucket(Bucket="box")
    shop.put(b"late")
    shop.move(FRESH + 1)
    assert wait_for_codes(shop, group, 2)[1] == "S3.NoSuchBucket"
    shop.move(3601)
    (found,) = shop.wait(1, "dead")
    line = json.loads(found["Body"].read())
    assert (base64.b64decode(line["rawData"]), line["errorCode"]) == (b"late", "S3.DeliveryFailed")
    assert shop.keys("dead")[0].startswith(f"kinesis-channel/errors/c/{made['ChannelId']}/")
    assert wait_for_codes(shop, group, 3)[2] == "S3.DeliveryFailed"


def test_what_is_given_up_goes_to_the_dead_letters_at_once(shop):
    shop.s3.create_bucket(Bucket="dead")
    made = shop.create(logging={"Enabled": True}, dead=DEAD)
    group = made["LoggingConfiguration"]["CloudWatchLogs"]["LogGroupName"]
    shop.s3.delete_bucket(Bucket="box")
    for n in range(9):
        shop.put(*[bytes([n]) * 1_000_000 for _ in range(5)])
    shop.move(FRESH + 1)
    wait_for_codes(shop, group, 1)
    shop.move(3601)
    lines = [line for found in shop.wait(2, "dead") for line in found["Body"].read().splitlines()]
    assert sorted(base64.b64decode(json.loads(line)["rawData"])[0] for line in lines) == sorted(5 * list(range(9)))


def test_refused_dead_letters_do_not_repeat_the_others(shop):
    shop.s3.create_bucket(Bucket="dead")
    made = shop.create(format="JSON", logging={"Enabled": True}, dead=DEAD)
    group = made["LoggingConfiguration"]["CloudWatchLogs"]["LogGroupName"]
    shop.s3.delete_bucket(Bucket="dead")
    shop.put(b"{}", b"no json")
    shop.move(FRESH + 1)
    for failures in range(1, 4):
        assert wait_for_codes(shop, group, failures) == failures * ["S3.NoSuchBucket"]
        shop.move(61)
    shop.s3.create_bucket(Bucket="dead")
    shop.move(61)
    (good,) = shop.wait(1)
    (bad,) = shop.wait(1, "dead")
    assert good["Body"].read() == b"{}" and b"InvalidRecord" in bad["Body"].read()
    events = shop.logs.get_log_events(logGroupName=group, logStreamName="DestinationDelivery")["events"]
    assert json.loads(events[0]["message"])["destination"] == DEAD["BucketARN"]


def test_what_leaves_the_stream_undelivered_is_told(shop):
    made = shop.create(logging={"Enabled": True})
    group = made["LoggingConfiguration"]["CloudWatchLogs"]["LogGroupName"]
    shop.s3.delete_bucket(Bucket="box")  # with the dead letters
    shop.put(b"lost", b"lost too")
    shop.move(FRESH + 1)
    assert wait_for_codes(shop, group, 1) == ["S3.NoSuchBucket"]
    shop.move(25 * 3600)
    assert wait_for_codes(shop, group, 2)[1:] == ["RecordsExpired"]
    # The next one has its own hour.
    shop.put(b"new")
    shop.move(FRESH + 1)
    assert wait_for_codes(shop, group, 3)[2:] == ["S3.NoSuchBucket"]
    shop.s3.create_bucket(Bucket="box")
    shop.move(61)
    (found,) = shop.wait(1)
    assert found["Body"].read() == b"new"


def test_an_encrypted_channel(shop):
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    destination = {"StorageConfiguration": {"BucketARN": "arn:aws:s3:::box", "ExpectedBucketOwner": ACCOUNT,
                                            "CompressionType": "NONE"}}
    encryption = {"EncryptionType": "KMS", "KeyId": key}
    made = shop.kinesis.create_channel(**request(destination=destination, EncryptionConfiguration=encryption))
    assert made["ChannelDescription"]["EncryptionConfiguration"] == encryption
    shop.put(b"x")
    shop.move(FRESH + 1)
    (found,) = shop.wait(1)
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", key)
