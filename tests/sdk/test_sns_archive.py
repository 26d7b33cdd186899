"""Archives of FIFO topics, and replays to their subscribers."""

import datetime
import json
import time
import urllib.request

import boto3
import pytest
from botocore.exceptions import ClientError

from server import Server
from sns_kit import make_queue, nothing_more, receive

ARCHIVE = json.dumps({"MessageRetentionPeriod": "30"})


@pytest.fixture
def sns(client):
    return client("sns")


@pytest.fixture
def sqs(client):
    return client("sqs")


@pytest.fixture
def topic(sns):
    attributes = {"FifoTopic": "true", "ContentBasedDeduplication": "true", "ArchivePolicy": ARCHIVE}
    return sns.create_topic(Name="t.fifo", Attributes=attributes)["TopicArn"]


def attributes_of(sns, topic):
    return sns.get_topic_attributes(TopicArn=topic)["Attributes"]


def beginning(sns, topic):
    return attributes_of(sns, topic)["BeginningArchiveTime"]


def since(start, end=None):
    policy = {"PointType": "Timestamp", "StartingPoint": start} | ({"EndingPoint": end} if end else {})
    return json.dumps(policy)


def publish(sns, topic, *messages, **more):
    for message in messages:
        sns.publish(TopicArn=topic, Message=message, MessageGroupId="g", **more)


def fifo_queue(sqs, name):
    return make_queue(sqs, f"{name}.fifo", FifoQueue="true")


def subscribe(sns, topic, arn, **attributes):
    return sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)["SubscriptionArn"]


def replay_status(sns, subscription):
    return sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"].get("ReplayStatus")


def wait_for(sns, subscription, status):
    end = time.monotonic() + 240
    while replay_status(sns, subscription) != status:
        assert time.monotonic() < end, replay_status(sns, subscription)
        time.sleep(0.02)


def replay(sns, subscription, policy):
    sns.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName="ReplayPolicy", AttributeValue=policy
    )


def error_of(call, **arguments):
    with pytest.raises(ClientError) as e:
        call(**arguments)
    return e.value.response["Error"]["Code"], e.value.response["Error"]["Message"]


def messages(sqs, url, count):
    return [json.loads(message["Body"]) for message in receive(sqs, url, count)]


# --- policies ---


def test_archive_policy(sns, topic):
    told = attributes_of(sns, topic)
    assert told["ArchivePolicy"] == ARCHIVE
    begin = datetime.datetime.fromisoformat(told["BeginningArchiveTime"])
    assert abs(begin.timestamp() - time.time()) < 600
    assert not [name for name in told if name.startswith(".")]
    assert error_of(sns.delete_topic, TopicArn=topic) == (
        "InvalidState",
        "Invalid state: Cannot delete a topic with an ArchivePolicy",
    )
    longer = json.dumps({"MessageRetentionPeriod": 365})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue=longer)
    assert beginning(sns, topic) == told["BeginningArchiveTime"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue="{}")
    assert not {"ArchivePolicy", "BeginningArchiveTime"} & set(attributes_of(sns, topic))
    sns.delete_topic(TopicArn=topic)


@pytest.mark.parametrize("policy", [
    "", "x", "[]", '{"a": 1}', '{"MessageRetentionPeriod": "0"}', '{"MessageRetentionPeriod": "366"}',
    '{"MessageRetentionPeriod": "ten"}', '{"MessageRetentionPeriod": {}}'])  # fmt: skip
def test_what_is_no_archive_policy(sns, topic, policy):
    arguments = {"AttributeName": "ArchivePolicy", "AttributeValue": policy}
    code, message = error_of(sns.set_topic_attributes, TopicArn=topic, **arguments)
    assert code == "InvalidParameter" and message.startswith("Invalid parameter: ArchivePolicy: ")
    assert attributes_of(sns, topic)["ArchivePolicy"] == ARCHIVE


def test_standard_topics_have_no_archive(sns):
    topic = sns.create_topic(Name="t")["TopicArn"]
    arguments = {"AttributeName": "ArchivePolicy", "AttributeValue": ARCHIVE}
    assert error_of(sns.set_topic_attributes, TopicArn=topic, **arguments)[0] == "InvalidParameter"
    assert error_of(sns.create_topic, Name="u", Attributes={"ArchivePolicy": ARCHIVE})[0] == "InvalidParameter"


def test_what_is_no_replay_policy(sns, sqs, topic):
    subscription = subscribe(sns, topic, fifo_queue(sqs, "q")[1])
    start = beginning(sns, topic)
    for policy in (
        "x",
        "[]",
        json.dumps({"PointType": "Timestamp"}),
        json.dumps({"StartingPoint": start}),
        json.dumps({"PointType": "Sequence", "StartingPoint": start}),
        since("yesterday"),
        since("2020-01-01T00:00:00.000Z"),
        since("2999-01-01T00:00:00.000Z"),
        since(start, "2020-01-01T00:00:00.000Z"),
    ):
        arguments = {"AttributeName": "ReplayPolicy", "AttributeValue": policy}
        code, message = error_of(sns.set_subscription_attributes, SubscriptionArn=subscription, **arguments)
        assert code == "InvalidParameter" and message.startswith("Invalid parameter: ReplayPolicy: "), policy
    assert replay_status(sns, subscription) is None


def test_replay_needs_an_archive(sns, sqs):
    url, arn = fifo_queue(sqs, "q")
    topic = sns.create_topic(Name="t.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    now = datetime.datetime.now(datetime.UTC).isoformat()
    arguments = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": arn, "Attributes": {"ReplayPolicy": since(now)}}
    assert error_of(sns.subscribe, **arguments)[0] == "InvalidParameter"
    standard = sns.create_topic(Name="t")["TopicArn"]
    plain = subscribe(sns, standard, make_queue(sqs, "plain")[1])
    arguments = {"AttributeName": "ReplayPolicy", "AttributeValue": since(now)}
    assert error_of(sns.set_subscription_attributes, SubscriptionArn=plain, **arguments)[0] == "InvalidParameter"


# --- replays ---


def test_new_subscriber_gets_what_was(sns, sqs, topic):
    start = beginning(sns, topic)
    attribute = {"a": {"DataType": "Binary", "BinaryValue": b"\0\1"}, "b": {"DataType": "Number", "StringValue": "1"}}
    publish(sns, topic, *(f"m{i}" for i in range(60)), MessageAttributes=attribute, Subject="s")
    url, arn = fifo_queue(sqs, "q")
    subscription = subscribe(sns, topic, arn, ReplayPolicy=since(start))
    wait_for(sns, subscription, "Completed")
    publish(sns, topic, "new", Subject="s")
    got = messages(sqs, url, 61)
    assert [message["Message"] for message in got] == [f"m{i}" for i in range(60)] + ["new"]
    assert [message.get("Replayed") for message in got] == [True] * 60 + [None]
    assert got[0]["MessageAttributes"] == {
        "a": {"Type": "Binary", "Value": "AAE="}, "b": {"Type": "Number", "Value": "1"}}  # fmt: skip
    assert got[0]["Subject"] == "s" and got[0]["Timestamp"] >= start
    numbers = [message["SequenceNumber"] for message in got]
    assert numbers == sorted(numbers) and len({message["MessageId"] for message in got}) == 61
    sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]["ReplayPolicy"]


def test_subscriber_gets_again_what_it_had(sns, sqs, topic):
    url, arn = fifo_queue(sqs, "q")
    subscription = subscribe(sns, topic, arn, RawMessageDelivery="true")
    start = beginning(sns, topic)
    publish(sns, topic, "a", "b")
    first = receive(sqs, url, 2)
    replay(sns, subscription, since(start))
    wait_for(sns, subscription, "Completed")
    again = receive(sqs, url, 2)
    assert [message["Body"] for message in again] == [message["Body"] for message in first] == ["a", "b"]
    assert again[0]["MessageAttributes"] == {"Replayed": {"DataType": "String", "StringValue": "true"}}
    replay(sns, subscription, since(start))
    wait_for(sns, subscription, "Completed")
    assert [message["Body"] for message in receive(sqs, url, 2)] == ["a", "b"]
    replay(sns, subscription, "{}")
    assert replay_status(sns, subscription) is None
    publish(sns, topic, "c")
    assert [message["Body"] for message in receive(sqs, url, 1)] == ["c"]
    assert nothing_more(sqs, url)


def test_only_what_falls_between(sns, sqs, topic):
    url, arn = fifo_queue(sqs, "q")
    watched_url, watched = fifo_queue(sqs, "watched")
    subscribe(sns, topic, watched)
    times = []
    for text in "abc":
        publish(sns, topic, text)
        times.append(messages(sqs, watched_url, 1)[0]["Timestamp"])
        while datetime.datetime.now(datetime.UTC).isoformat()[:23] <= times[-1][:23]:
            time.sleep(0.001)
    subscription = subscribe(sns, topic, arn, ReplayPolicy=since(times[1], times[1]))
    wait_for(sns, subscription, "Completed")
    publish(sns, topic, "d")
    assert [message["Message"] for message in messages(sqs, url, 2)] == ["b", "d"]


def test_filter_policies_hold_for_replays(sns, sqs, topic):
    start = beginning(sns, topic)
    for text in "abab":
        attribute = {"kind": {"DataType": "String", "StringValue": text}}
        sns.publish(
            TopicArn=topic, Message=text, MessageGroupId=text, MessageAttributes=attribute,
            MessageDeduplicationId=f"{text}{time.monotonic_ns()}"
        )  # fmt: skip
    url, arn = fifo_queue(sqs, "q")
    subscription = subscribe(sns, topic, arn, ReplayPolicy=since(start), FilterPolicy=json.dumps({"kind": ["b"]}))
    wait_for(sns, subscription, "Completed")
    assert [message["Message"] for message in messages(sqs, url, 2)] == ["b", "b"]
    assert nothing_more(sqs, url)


def test_nothing_is_lost_or_out_of_order_around_a_replay(sns, sqs, topic):
    start = beginning(sns, topic)
    publish(sns, topic, *(f"{i:03}" for i in range(100)))
    url, arn = fifo_queue(sqs, "q")
    subscription = subscribe(sns, topic, arn, ReplayPolicy=since(start))
    publish(sns, topic, *(f"{i:03}" for i in range(100, 200)))
    wait_for(sns, subscription, "Completed")
    publish(sns, topic, "200")
    assert [message["Message"] for message in messages(sqs, url, 201)] == [f"{i:03}" for i in range(201)]
    assert nothing_more(sqs, url)


def test_duplicates_are_archived_once(sns, sqs, topic):
    start = beginning(sns, topic)
    publish(sns, topic, "same", "same", "other")
    url, arn = fifo_queue(sqs, "q")
    subscription = subscribe(sns, topic, arn, ReplayPolicy=since(start))
    wait_for(sns, subscription, "Completed")
    assert [message["Message"] for message in messages(sqs, url, 2)] == ["same", "other"]
    assert nothing_more(sqs, url)


def test_a_cleared_archive_is_gone(sns, sqs, topic):
    publish(sns, topic, "before")
    for policy in ("{}", ARCHIVE):
        sns.set_topic_attributes(TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue=policy)
    start = beginning(sns, topic)
    publish(sns, topic, "after")
    url, arn = fifo_queue(sqs, "q")
    subscription = subscribe(sns, topic, arn, ReplayPolicy=since(start))
    wait_for(sns, subscription, "Completed")
    assert [message["Message"] for message in messages(sqs, url, 1)] == ["after"]
    assert nothing_more(sqs, url)


# --- time and restarts: on servers of their own ---


def advance_hours(server, hours):
    body = json.dumps({"advance_ms": hours * 3600 * 1000}).encode()
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"{server.endpoint}/_cadabra/clock", body, headers)).read()


def test_retention_and_restart(tmp_path, account):
    data = tmp_path / "data"
    session = boto3.Session(account, "test", region_name="us-east-1")
    attributes = {
        "FifoTopic": "true",
        "ContentBasedDeduplication": "true",
        "ArchivePolicy": json.dumps({"MessageRetentionPeriod": "1"}),
    }
    server = Server(data, "--test-clock")
    try:
        sns = session.client("sns", endpoint_url=server.endpoint)
        topic = sns.create_topic(Name="t.fifo", Attributes=attributes)["TopicArn"]
        publish(sns, topic, "old")
        server.kill()
        server = Server(data, "--test-clock")
        sns, sqs = (session.client(name, endpoint_url=server.endpoint) for name in ("sns", "sqs"))
        url, arn = fifo_queue(sqs, "q")
        subscription = subscribe(sns, topic, arn, ReplayPolicy=since(beginning(sns, topic)))
        wait_for(sns, subscription, "Completed")
        assert [message["Message"] for message in messages(sqs, url, 1)] == ["old"]
        advance_hours(server, 13)
        publish(sns, topic, "young")
        assert [message["Message"] for message in messages(sqs, url, 1)] == ["young"]
        advance_hours(server, 13)
        start = datetime.datetime.fromisoformat(beginning(sns, topic)) + datetime.timedelta(minutes=1)
        replay(sns, subscription, since(start.isoformat()))
        wait_for(sns, subscription, "Completed")
        assert [message["Message"] for message in messages(sqs, url, 1)] == ["young"]
    finally:
        server.stop()
