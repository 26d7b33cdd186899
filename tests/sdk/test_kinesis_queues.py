"""Queues on Kinesis streams: what they deliver and when, dead letters, receipts, limits, errors."""

import concurrent.futures
import datetime
import json
import threading
import time
import urllib.request

import boto3
import botocore.config
import pytest

from kinesis_kit import refused
from server import Server

HOUR = 3600


@pytest.fixture
def kinesis(client):
    """What is wrong with a request is for the server to say."""
    return client("kinesis", config=botocore.config.Config(parameter_validation=False))


@pytest.fixture
def stream(kinesis, account):
    """The ARN of an on-demand stream with four shards."""
    kinesis.create_stream(StreamName="s")
    return f"arn:aws:kinesis:us-east-1:{account}:stream/s"


@pytest.fixture
def timed(tmp_path):
    """A server whose clock can be moved: its client, a stream's ARN, and how to move it."""
    server = Server(tmp_path / "data", "--test-clock")

    def move(seconds):
        body = json.dumps({"advance_ms": int(seconds * 1000)}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{server.endpoint}/_cadabra/clock", body, method="POST")).read()

    kinesis = boto3.client("kinesis", endpoint_url=server.endpoint, region_name="us-east-1",
                           aws_access_key_id="123456789012", aws_secret_access_key="x")
    kinesis.create_stream(StreamName="s")
    yield kinesis, "arn:aws:kinesis:us-east-1:123456789012:stream/s", move
    server.stop()


def new_queue(kinesis, stream, name="q", start="TRIM_HORIZON", **attributes):
    return kinesis.create_queue(
        QueueName=name, StreamConfigurationList=[{"StreamARN": stream, "StartingPosition": {"Type": start}}],
        **({"QueueAttributes": attributes} if attributes else {}))["QueueDescription"]["QueueARN"]


def put(kinesis, stream, *texts):
    answer = kinesis.put_records(StreamARN=stream, Records=[
        {"Data": t.encode(), "PartitionKey": f"key {t}"} for t in texts])
    assert answer["FailedRecordCount"] == 0


def receive(kinesis, queue, **more):
    return kinesis.receive_queue_records(QueueARN=queue, **{"WaitTimeSeconds": 1, **more})["QueueRecords"]


def receive_dead(kinesis, queue, **more):
    return kinesis.receive_dead_letter_queue_records(QueueARN=queue, **{"WaitTimeSeconds": 1, **more})["QueueRecords"]


def texts(records):
    return sorted(r["Data"].decode() for r in records)


def entries(records, **more):
    return [{"ReceiptHandle": r["ReceiptHandle"], **more} for r in records]


def failures(answer):
    assert answer["Successful"] == []
    return [f["ErrorCode"] for f in answer["Failed"]]


def acknowledge(kinesis, queue, records):
    answer = kinesis.acknowledge_queue_records(QueueARN=queue, Entries=entries(records))
    assert answer["Failed"] == [] and answer["Successful"] == entries(records)


# --- queues --------------------------------------------------------------------------------------------------


def test_a_queue_is_described(kinesis, stream, account):
    answer = kinesis.create_queue(QueueName="q", StreamConfigurationList=[{"StreamARN": stream}],
                                  Tags={"team": "data"})["QueueDescription"]
    arn = answer["QueueARN"]
    assert arn.startswith(f"arn:aws:kinesis:us-east-1:{account}:queue/") and arn.rsplit("/")[1] != "q"
    assert answer["QueueStatus"] == "CREATING"
    assert answer["StreamConfigurationList"] == [{"StreamARN": stream, "StartingPosition": {"Type": "LATEST"}}]
    assert answer["QueueAttributes"] == {
        "VisibilityTimeoutSeconds": 30, "DeadLetterConfiguration": {"TargetType": "BUILT_IN", "MaxReceiveCount": 6}}
    told = kinesis.describe_queue(QueueARN=arn)["QueueDescription"]
    assert told["QueueStatus"] == "ACTIVE" and told["QueueName"] == "q"
    start = told["StreamConfigurationList"][0]["StartingPosition"]
    assert start == {"Type": "LATEST", "Timestamp": told["QueueCreationTimestamp"]}
    assert told["QueueAttributes"] == answer["QueueAttributes"]
    summary = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert (summary["QueueCount"], summary["ConsumerCount"]) == (1, 0)

    kinesis.delete_queue(QueueARN=arn)
    refused(kinesis.describe_queue, "ResourceNotFoundException", f"Queue {arn} not found.", QueueARN=arn)
    refused(kinesis.delete_queue, "ResourceNotFoundException", QueueARN=arn)
    refused(receive, "ResourceNotFoundException", kinesis=kinesis, queue=arn)
    assert kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["QueueCount"] == 0


def test_attributes_change_one_by_one(kinesis, stream):
    arn = new_queue(kinesis, stream, VisibilityTimeoutSeconds=0, DeadLetterConfiguration={"TargetType": "NONE"})
    told = kinesis.describe_queue(QueueARN=arn)["QueueDescription"]["QueueAttributes"]
    assert told == {"VisibilityTimeoutSeconds": 0, "DeadLetterConfiguration": {"TargetType": "NONE"}}
    answer = kinesis.update_queue(QueueARN=arn, QueueAttributes={"VisibilityTimeoutSeconds": 43200})["QueueDescription"]
    assert answer["QueueStatus"] == "UPDATING"
    assert answer["QueueAttributes"] == {"VisibilityTimeoutSeconds": 43200, "DeadLetterConfiguration": {"TargetType": "NONE"}}
    built_in = {"TargetType": "BUILT_IN", "MaxReceiveCount": 1000}
    kinesis.update_queue(QueueARN=arn, QueueAttributes={"DeadLetterConfiguration": built_in})
    told = kinesis.describe_queue(QueueARN=arn)["QueueDescription"]
    assert told["QueueStatus"] == "ACTIVE"
    assert told["QueueAttributes"] == {"VisibilityTimeoutSeconds": 43200, "DeadLetterConfiguration": built_in}
    refused(kinesis.update_queue, "ValidationException", "MaxReceiveCount is required when TargetType is BUILT_IN.", QueueARN=arn,
            QueueAttributes={"DeadLetterConfiguration": {"TargetType": "BUILT_IN"}})


def test_what_a_queue_cannot_be_made_of(kinesis, stream, account):
    def refuse(code, message="", name="q", **changes):
        told = refused(kinesis.create_queue, code, **{
            "QueueName": name, "StreamConfigurationList": [{"StreamARN": stream}], **changes})
        assert message in told

    def starting(**position):
        return {"StreamConfigurationList": [{"StreamARN": stream, "StartingPosition": position}]}

    now = datetime.datetime.now(datetime.timezone.utc)
    refuse("ValidationException", "exactly one", StreamConfigurationList=[{"StreamARN": stream}] * 2)
    refuse("ResourceNotFoundException", StreamConfigurationList=[{"StreamARN": stream + "x"}])
    refuse("ResourceNotFoundException", StreamConfigurationList=[{"StreamARN": stream.replace("us-east-1", "eu-west-1")}])
    refuse("ResourceNotFoundException", StreamConfigurationList=[{"StreamARN": stream.replace(account, "999999999999")}])
    refuse("ValidationException", "Timestamp is required", **starting(Type="AT_TIMESTAMP"))
    refuse("ValidationException", "Timestamp can only", **starting(Type="LATEST", Timestamp=now))
    refuse("InvalidArgumentException", "future", **starting(Type="AT_TIMESTAMP", Timestamp=now + datetime.timedelta(days=1)))
    refuse("ValidationException", **starting(Type="AT_SEQUENCE_NUMBER"))
    refuse("ValidationException", name="a b")
    refuse("ValidationException", name="x" * 129)
    refuse("ValidationException", QueueAttributes={"VisibilityTimeoutSeconds": 43201})
    refuse("ValidationException", "MaxReceiveCount is required",
           QueueAttributes={"DeadLetterConfiguration": {"TargetType": "BUILT_IN"}})
    refuse("ValidationException", "can only", QueueAttributes={
        "DeadLetterConfiguration": {"TargetType": "NONE", "MaxReceiveCount": 3}})
    refuse("ValidationException", QueueAttributes={"DeadLetterConfiguration": {"TargetType": "BUILT_IN", "MaxReceiveCount": 1001}})
    refuse("InvalidArgumentException", Tags={f"k{n}": "v" for n in range(51)})
    kinesis.create_stream(StreamName="p", ShardCount=1)
    refuse("ValidationException", "not in On-Demand mode", StreamConfigurationList=[{"StreamARN": stream[:-1] + "p"}])
    assert kinesis.list_queues()["QueueSummaries"] == []
    new_queue(kinesis, stream, "x" * 128)
    refuse("ResourceInUseException", "already exists", name="x" * 128)


def test_wrong_arns(kinesis, stream, account):
    arn = new_queue(kinesis, stream)
    for call in kinesis.describe_queue, kinesis.delete_queue, kinesis.receive_queue_records:
        refused(call, "ResourceNotFoundException", QueueARN=arn + "0")
        refused(call, "ResourceNotFoundException", QueueARN=arn.replace(account, "999999999999"))
        refused(call, "ResourceNotFoundException", QueueARN=arn.replace("us-east-1", "eu-west-1"))
        refused(call, "ValidationException", QueueARN=stream)
    assert kinesis.describe_queue(QueueARN=arn)


def test_lists(kinesis, stream):
    kinesis.create_stream(StreamName="t")
    other = stream[:-1] + "t"
    arns = {name: new_queue(kinesis, stream, name) for name in ("b", "a", "d")}
    arns["c"] = new_queue(kinesis, other, "c")
    all_of = kinesis.list_queues()["QueueSummaries"]
    assert [(q["QueueName"], q["QueueARN"], q["QueueStatus"]) for q in all_of] == [
        (name, arns[name], "ACTIVE") for name in "abcd"]
    made = kinesis.describe_stream_summary(StreamName="t")["StreamDescriptionSummary"]["StreamCreationTimestamp"]
    assert all_of[2]["Streams"] == [{"StreamARN": other, "StreamCreationTimestamp": made}]

    def names(**arguments):
        answer = kinesis.list_queues(**arguments)
        return "".join(q["QueueName"] for q in answer["QueueSummaries"]), answer.get("NextToken")

    only = [{"StreamARN": stream}]
    assert names(StreamFilter=only) == ("abd", None)
    assert names(StreamFilter=[{"StreamARN": other, "StreamCreationTimestamp": made}]) == ("c", None)
    assert names(StreamFilter=[{"StreamARN": other, "StreamCreationTimestamp": made - datetime.timedelta(hours=1)}]) == ("", None)
    assert names(StreamFilter=[{"StreamARN": other + "x"}]) == ("", None)
    refused(kinesis.list_queues, "ValidationException", StreamFilter=only * 2)
    page, token = names(MaxResults=3)
    assert page == "abc" and names(MaxResults=3, NextToken=token) == ("d", None)
    page, of_stream = names(MaxResults=2, StreamFilter=only)
    assert page == "ab" and names(MaxResults=2, StreamFilter=only, NextToken=of_stream) == ("d", None)
    for wrong in "x", token[:-1], of_stream:
        refused(kinesis.list_queues, "InvalidArgumentException", NextToken=wrong)


def test_tags_and_policies(kinesis, stream):
    arn = new_queue(kinesis, stream)
    kinesis.tag_resource(ResourceARN=arn, Tags={"a": "1", "b": "2"})
    kinesis.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert kinesis.list_tags_for_resource(ResourceARN=stream)["Tags"] == []
    policy = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "kinesis:ReceiveQueueRecords", "Resource": arn}]})
    kinesis.put_resource_policy(ResourceARN=arn, Policy=policy)
    assert kinesis.get_resource_policy(ResourceARN=arn)["Policy"] == policy
    assert kinesis.get_resource_policy(ResourceARN=stream)["Policy"] == "{}"
    kinesis.delete_resource_policy(ResourceARN=arn)
    assert kinesis.get_resource_policy(ResourceARN=arn)["Policy"] == "{}"
    refused(kinesis.list_tags_for_resource, "ResourceNotFoundException", ResourceARN=arn + "0")


def test_a_stream_with_queues_stays_as_it_is(kinesis, stream):
    arn = new_queue(kinesis, stream)
    for enforce in True, False:
        told = refused(kinesis.delete_stream, "ResourceInUseException", StreamName="s", EnforceConsumerDeletion=enforce)
        assert "has queues" in told
    provisioned = {"StreamARN": stream, "StreamModeDetails": {"StreamMode": "PROVISIONED"}}
    assert "has queues" in refused(kinesis.update_stream_mode, "ResourceInUseException", **provisioned)
    kinesis.update_stream_mode(StreamARN=stream, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    kinesis.delete_queue(QueueARN=arn)
    kinesis.update_stream_mode(**provisioned)
    kinesis.delete_stream(StreamName="s")


def test_queues_and_consumers_share_a_limit(kinesis, stream):
    for n in range(12):
        new_queue(kinesis, stream, f"q{n}")
        if n < 8:
            kinesis.register_stream_consumer(StreamARN=stream, ConsumerName=f"c{n}")
    refused(new_queue, "LimitExceededException", kinesis=kinesis, stream=stream, name="more")
    refused(kinesis.register_stream_consumer, "LimitExceededException", StreamARN=stream, ConsumerName="more")
    refused(new_queue, "ResourceInUseException", kinesis=kinesis, stream=stream, name="q0")
    kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    new_queue(kinesis, stream, "more")


# --- delivery ------------------------------------------------------------------------------------------------


def test_records_are_delivered_once_and_acknowledged(kinesis, stream):
    put(kinesis, stream, "early")
    latest = new_queue(kinesis, stream, "latest", "LATEST")
    horizon = new_queue(kinesis, stream, "horizon")
    put(kinesis, stream, *(f"r{n:02}" for n in range(23)))
    kinesis.put_record(StreamARN=stream, Data=b"", PartitionKey="empty")
    found = {}
    for queue in latest, horizon:
        found[queue] = []
        while page := receive(kinesis, queue):
            assert len(page) <= 10
            found[queue] += page
            acknowledge(kinesis, queue, page)
    expected = [""] + [f"r{n:02}" for n in range(23)]
    assert texts(found[latest]) == expected
    assert texts(found[horizon]) == sorted(expected + ["early"])
    by_id = {r["RecordId"]: r for r in found[horizon]}
    assert len(by_id) == 25
    for r in found[latest]:  # the same in every queue
        assert by_id[r["RecordId"]]["Data"] == r["Data"]
        assert r["PartitionKey"] == ("key " + r["Data"].decode() if r["Data"] else "empty")
        assert r["ReceiveCount"] == 1 and r["RecordId"].isalnum() and r["RecordId"].lower() == r["RecordId"]
        assert r["ApproximateArrivalTimestamp"] <= r["FirstReceiveTimestamp"]
    handles = [r["ReceiptHandle"] for page in found.values() for r in page]
    assert len(set(handles)) == len(handles)


def test_limit_and_visibility_zero(kinesis, stream):
    queue = new_queue(kinesis, stream)
    put(kinesis, stream, "a", "b", "c")
    first = receive(kinesis, queue, Limit=1, VisibilityTimeoutSeconds=0)
    again = receive(kinesis, queue, Limit=1)
    assert [r["RecordId"] for r in first] == [r["RecordId"] for r in again] and again[0]["ReceiveCount"] == 2
    assert again[0]["FirstReceiveTimestamp"] == first[0]["FirstReceiveTimestamp"]
    assert len(receive(kinesis, queue)) == 2
    for wrong in {"Limit": 0}, {"Limit": 11}, {"WaitTimeSeconds": 0}, {"WaitTimeSeconds": 21}, {"VisibilityTimeoutSeconds": -1}:
        refused(receive, "ValidationException", kinesis=kinesis, queue=queue, **wrong)


def test_what_is_not_acknowledged_comes_again(timed):
    kinesis, stream, move = timed
    queue = new_queue(kinesis, stream)
    put(kinesis, stream, "a", "b")
    first = receive(kinesis, queue)
    assert texts(first) == ["a", "b"] and receive(kinesis, queue) == []
    acknowledge(kinesis, queue, [r for r in first if r["Data"] == b"a"])
    move(15)  # the clock goes on meanwhile
    assert receive(kinesis, queue) == []
    move(16)
    again = receive(kinesis, queue, VisibilityTimeoutSeconds=HOUR)
    assert texts(again) == ["b"] and again[0]["ReceiveCount"] == 2
    # The receipt of a record that was received again since is no good; that of one acknowledged neither.
    answer = kinesis.acknowledge_queue_records(QueueARN=queue, Entries=entries(first))
    assert sorted(failures(answer)) == ["InvalidArgumentException", "ResourceNotFoundException"]
    # A new timeout of the queue does not touch what is in flight.
    kinesis.update_queue(QueueARN=queue, QueueAttributes={"VisibilityTimeoutSeconds": 1})
    move(HOUR / 2)
    assert receive(kinesis, queue) == []
    move(HOUR / 2)
    assert texts(receive(kinesis, queue)) == ["b"]
    move(2)  # the queue's new timeout
    last = receive(kinesis, queue)
    assert texts(last) == ["b"]
    move(2)
    acknowledge(kinesis, queue, last)  # its time is over, but nobody has received it since
    assert receive(kinesis, queue) == []


def test_visibility_of_single_records(timed):
    kinesis, stream, move = timed
    queue = new_queue(kinesis, stream)
    put(kinesis, stream, "long", "now", "same")
    records = {r["Data"].decode(): r for r in receive(kinesis, queue)}
    answer = kinesis.update_queue_records_visibility(QueueARN=queue, Entries=[
        {"ReceiptHandle": records["long"]["ReceiptHandle"], "VisibilityTimeoutSeconds": 600},
        {"ReceiptHandle": records["now"]["ReceiptHandle"], "VisibilityTimeoutSeconds": 0},
        {"ReceiptHandle": "x" * 76, "VisibilityTimeoutSeconds": 0}])
    assert len(answer["Successful"]) == 2
    assert [(f["ReceiptHandle"], f["ErrorCode"]) for f in answer["Failed"]] == [("x" * 76, "InvalidArgumentException")]
    assert texts(receive(kinesis, queue, VisibilityTimeoutSeconds=HOUR)) == ["now"]
    move(31)
    assert texts(receive(kinesis, queue, VisibilityTimeoutSeconds=HOUR)) == ["same"]
    move(300)
    assert receive(kinesis, queue) == []
    move(300)
    assert texts(receive(kinesis, queue)) == ["long"]


def test_dead_letters(timed):
    kinesis, stream, move = timed
    queue = new_queue(kinesis, stream, DeadLetterConfiguration={"TargetType": "BUILT_IN", "MaxReceiveCount": 2})
    put(kinesis, stream, "a", "b", "c")
    assert len(receive(kinesis, queue)) == 3
    move(31)
    second = receive(kinesis, queue)
    assert {r["ReceiveCount"] for r in second} == {2}
    assert receive_dead(kinesis, queue) == []  # in flight for the last time
    acknowledge(kinesis, queue, [r for r in second if r["Data"] == b"c"])
    move(31)
    assert receive(kinesis, queue) == []
    # What was received as a record cannot be acknowledged as one any more.
    live = [r for r in second if r["Data"] != b"c"]
    assert failures(kinesis.acknowledge_queue_records(QueueARN=queue, Entries=entries(live))) == ["InvalidArgumentException"] * 2
    assert failures(kinesis.acknowledge_dead_letter_queue_records(
        QueueARN=queue, Entries=entries(live))) == ["InvalidArgumentException"] * 2
    dead = receive_dead(kinesis, queue)
    assert texts(dead) == ["a", "b"] and receive_dead(kinesis, queue) == []
    assert {r["RecordId"] for r in dead} == {r["RecordId"] for r in live}
    assert failures(kinesis.acknowledge_queue_records(QueueARN=queue, Entries=entries(dead))) == ["InvalidArgumentException"] * 2

    by_text = {r["Data"].decode(): r for r in dead}
    answer = kinesis.update_dead_letter_queue_records_visibility(
        QueueARN=queue, Entries=entries([by_text["a"]], VisibilityTimeoutSeconds=0))
    assert answer["Failed"] == []
    assert texts(receive_dead(kinesis, queue, VisibilityTimeoutSeconds=HOUR)) == ["a"]
    answer = kinesis.restore_dead_letter_queue_records(QueueARN=queue, Entries=entries([by_text["b"]]))
    assert answer == {**answer, "Successful": entries([by_text["b"]]), "Failed": []}
    assert failures(kinesis.restore_dead_letter_queue_records(
        QueueARN=queue, Entries=entries([by_text["b"]]))) == ["InvalidArgumentException"]
    restored = receive(kinesis, queue, VisibilityTimeoutSeconds=0)
    assert texts(restored) == ["b"] and restored[0]["ReceiveCount"] == 1
    acknowledge(kinesis, queue, restored)
    move(HOUR)
    dead = receive_dead(kinesis, queue)
    assert texts(dead) == ["a"]
    answer = kinesis.acknowledge_dead_letter_queue_records(QueueARN=queue, Entries=entries(dead))
    assert answer["Successful"] == entries(dead)
    assert failures(kinesis.acknowledge_dead_letter_queue_records(
        QueueARN=queue, Entries=entries(dead))) == ["ResourceNotFoundException"]
    move(HOUR)
    assert receive_dead(kinesis, queue) == [] and receive(kinesis, queue) == []


def test_without_dead_letters_it_goes_on(kinesis, stream):
    queue = new_queue(kinesis, stream, DeadLetterConfiguration={"TargetType": "NONE"})
    put(kinesis, stream, "a")
    for count in range(1, 10):
        assert [r["ReceiveCount"] for r in receive(kinesis, queue, VisibilityTimeoutSeconds=0)] == [count]


def test_what_leaves_the_stream_leaves_the_queue(timed):
    kinesis, stream, move = timed
    queue = new_queue(kinesis, stream, DeadLetterConfiguration={"TargetType": "BUILT_IN", "MaxReceiveCount": 2})
    put(kinesis, stream, "dead", "seen")
    for _ in range(2):
        kinesis.update_queue_records_visibility(QueueARN=queue, Entries=entries(
            [r for r in receive(kinesis, queue) if r["Data"] == b"dead"], VisibilityTimeoutSeconds=0))
    assert texts(receive_dead(kinesis, queue, VisibilityTimeoutSeconds=0)) == ["dead"]
    put(kinesis, stream, "unseen")
    move(23 * HOUR)
    seen = receive(kinesis, queue, VisibilityTimeoutSeconds=0)
    assert texts(seen) == ["seen", "unseen"]
    move(HOUR)
    put(kinesis, stream, "new")
    assert texts(receive(kinesis, queue)) == ["new"]
    assert receive_dead(kinesis, queue) == []
    assert set(failures(kinesis.acknowledge_queue_records(QueueARN=queue, Entries=entries(seen)))) == {"ResourceNotFoundException"}


def test_starting_at_a_time(timed):
    kinesis, stream, move = timed
    put(kinesis, stream, "before")
    move(100)
    kinesis.put_record(StreamARN=stream, Data=b"at", PartitionKey="k")
    page = []
    for shard in kinesis.list_shards(StreamARN=stream)["Shards"]:
        it = kinesis.get_shard_iterator(StreamARN=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        page += kinesis.get_records(ShardIterator=it["ShardIterator"])["Records"]
    at = next(r["ApproximateArrivalTimestamp"] for r in page if r["Data"] == b"at")
    move(100)
    put(kinesis, stream, "after")
    answer = kinesis.create_queue(QueueName="q", StreamConfigurationList=[
        {"StreamARN": stream, "StartingPosition": {"Type": "AT_TIMESTAMP", "Timestamp": at}}])["QueueDescription"]
    assert answer["StreamConfigurationList"][0]["StartingPosition"]["Timestamp"] == at
    found = receive(kinesis, answer["QueueARN"])
    found += receive(kinesis, answer["QueueARN"])
    assert texts(found) == ["after", "at"]
    old = kinesis.create_queue(QueueName="old", StreamConfigurationList=[
        {"StreamARN": stream, "StartingPosition": {"Type": "AT_TIMESTAMP", "Timestamp": 1}}])["QueueDescription"]
    made = kinesis.describe_stream_summary(StreamARN=stream)["StreamDescriptionSummary"]["StreamCreationTimestamp"]
    assert old["StreamConfigurationList"][0]["StartingPosition"]["Timestamp"] == made
    assert texts(receive(kinesis, old["QueueARN"])) == ["after", "at", "before"]


def test_all_shards_before_and_after_resharding(kinesis, account):
    kinesis.create_stream(StreamName="r", ShardCount=2)
    arn = f"arn:aws:kinesis:us-east-1:{account}:stream/r"
    put(kinesis, arn, "old 1", "old 2", "old 3")
    kinesis.split_shard(StreamName="r", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**125))
    put(kinesis, arn, *(f"split {n}" for n in range(6)))
    kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    horizon = new_queue(kinesis, arn, "horizon")
    latest = new_queue(kinesis, arn, "latest", "LATEST")
    kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    kinesis.update_stream_warm_throughput(StreamName="r", WarmThroughputMiBps=5)
    assert len(kinesis.list_shards(StreamName="r", ShardFilter={"Type": "AT_LATEST"})["Shards"]) == 5
    new = [f"scaled {n}" for n in range(6)]
    put(kinesis, arn, *new)
    assert texts(receive(kinesis, latest)) == new
    found = receive(kinesis, horizon) + receive(kinesis, horizon)
    assert texts(found) == sorted(new + [f"old {n}" for n in (1, 2, 3)] + [f"split {n}" for n in range(6)])


def test_many_consumers_share_the_work(kinesis, stream):
    queue = new_queue(kinesis, stream)
    expected = {f"r{n}" for n in range(400)}
    for n in range(0, 400, 100):
        put(kinesis, stream, *(f"r{m}" for m in range(n, n + 100)))

    def work(_):
        mine = []
        while page := receive(kinesis, queue, VisibilityTimeoutSeconds=43200):
            mine += texts(page)
            acknowledge(kinesis, queue, page)
        return mine

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        found = [text for mine in pool.map(work, range(6)) for text in mine]
    assert len(found) == 400 and set(found) == expected


# --- waiting -------------------------------------------------------------------------------------------------


def later(call):
    """Runs call in a moment, when the other one waits."""
    thread = threading.Timer(0.3, call)
    thread.start()
    return thread


def test_a_put_ends_the_waiting(kinesis, stream):
    queue = new_queue(kinesis, stream)
    thread = later(lambda: put(kinesis, stream, "a"))
    began = time.monotonic()
    assert texts(receive(kinesis, queue, WaitTimeSeconds=20)) == ["a"]
    assert time.monotonic() - began < 15
    thread.join()


def test_a_visible_record_ends_the_waiting(kinesis, stream):
    queue = new_queue(kinesis, stream, VisibilityTimeoutSeconds=HOUR)
    put(kinesis, stream, "a")
    found = receive(kinesis, queue)
    thread = later(lambda: kinesis.update_queue_records_visibility(
        QueueARN=queue, Entries=entries(found, VisibilityTimeoutSeconds=0)))
    assert texts(receive(kinesis, queue, WaitTimeSeconds=20, VisibilityTimeoutSeconds=1)) == ["a"]
    thread.join()
    assert texts(receive(kinesis, queue, WaitTimeSeconds=20)) == ["a"]  # after its second


def test_deleting_ends_the_waiting(kinesis, stream):
    queue = new_queue(kinesis, stream)
    thread = later(lambda: kinesis.delete_queue(QueueARN=queue))
    refused(receive, "ResourceNotFoundException", kinesis=kinesis, queue=queue, WaitTimeSeconds=20)
    thread.join()


def test_the_wait_ends(kinesis, stream):
    queue = new_queue(kinesis, stream)
    began = time.monotonic()
    assert receive(kinesis, queue) == []
    assert time.monotonic() - began >= 1


# --- receipts ------------------------------------------------------------------------------------------------


def test_receipts_of_others(kinesis, stream):
    mine, other = new_queue(kinesis, stream, "mine"), new_queue(kinesis, stream, "other")
    put(kinesis, stream, "a")
    found, foreign = receive(kinesis, mine), receive(kinesis, other)
    handle = found[0]["ReceiptHandle"]
    broken = ("B" if handle[20] == "A" else "A").join((handle[:20], handle[21:]))
    shard = kinesis.get_shard_iterator(StreamARN=stream, ShardId="0", ShardIteratorType="LATEST")["ShardIterator"]
    wrong = [foreign[0]["ReceiptHandle"], broken, "x", shard, handle[:-4], handle + "AAAA", "=" * 76]
    for call, more in ((kinesis.acknowledge_queue_records, {}), (kinesis.restore_dead_letter_queue_records, {}),
                       (kinesis.update_queue_records_visibility, {"VisibilityTimeoutSeconds": 0})):
        answer = call(QueueARN=mine, Entries=[{"ReceiptHandle": h, **more} for h in wrong])
        assert failures(answer) == ["InvalidArgumentException"] * len(wrong)
        assert [f["ReceiptHandle"] for f in answer["Failed"]] == wrong and all(f["ErrorMessage"] for f in answer["Failed"])
    # One of them being good is enough; twice is not.
    answer = kinesis.acknowledge_queue_records(QueueARN=mine, Entries=[
        {"ReceiptHandle": "x"}, {"ReceiptHandle": handle}, {"ReceiptHandle": handle}])
    assert answer["Successful"] == [{"ReceiptHandle": handle}]
    assert [f["ErrorCode"] for f in answer["Failed"]] == ["InvalidArgumentException", "ResourceNotFoundException"]
    for count in 0, 11:
        refused(kinesis.acknowledge_queue_records, "ValidationException", QueueARN=mine, Entries=entries(found) * count)
    kinesis.delete_queue(QueueARN=other)
    refused(kinesis.acknowledge_queue_records, "ResourceNotFoundException", QueueARN=other, Entries=entries(foreign))
    again = new_queue(kinesis, stream, "other")
    assert failures(kinesis.acknowledge_queue_records(QueueARN=again, Entries=entries(foreign))) == ["InvalidArgumentException"]
    assert texts(receive(kinesis, again)) == ["a"]
