"""SQS through boto3: queues, messages, batches, visibility, delays, long polls, attributes, errors in AWS's words."""

import concurrent.futures
import hashlib
import json
import struct
import threading
import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from server import Server


@pytest.fixture
def sqs(client):
    return client("sqs")


@pytest.fixture
def queue(sqs):
    return sqs.create_queue(QueueName="orders")["QueueUrl"]


def refused(call, code, message=None, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    if message is not None:
        assert error["Message"] == message
    return caught.value.response


def bodies(answer):
    return [m["Body"] for m in answer.get("Messages", [])]


def receive(sqs, queue, **more):
    return sqs.receive_message(QueueUrl=queue, **more).get("Messages", [])


def counts(sqs, queue):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return tuple(int(found[name]) for name in names)


def md5_of_attributes(attributes):
    """As AWS's developer guide says it is made."""
    digest = hashlib.md5()
    for name in sorted(attributes):
        value = attributes[name]
        kind = value["DataType"]
        binary = kind.startswith("Binary")
        data = value["BinaryValue"] if binary else value["StringValue"].encode()
        for piece, mark in ((name.encode(), b""), (kind.encode(), b"\2" if binary else b"\1"), (data, b"")):
            digest.update(struct.pack(">I", len(piece)) + piece + mark)
    return digest.hexdigest()


# --- messages ------------------------------------------------------------------------------------------------


def test_a_message_is_sent_received_and_deleted(sqs, queue, account):
    assert queue.endswith(f"/{account}/orders")
    assert sqs.get_queue_url(QueueName="orders")["QueueUrl"] == queue
    sent = sqs.send_message(QueueUrl=queue, MessageBody="one £")
    assert sent["MD5OfMessageBody"] == hashlib.md5("one £".encode()).hexdigest()
    assert "MD5OfMessageAttributes" not in sent and "SequenceNumber" not in sent
    (message,) = receive(sqs, queue)
    assert message["Body"] == "one £"
    assert message["MessageId"] == sent["MessageId"]
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert "Attributes" not in message
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert counts(sqs, queue) == (0, 0, 0)


def test_attributes_come_back_with_the_digest_of_those_asked_for(sqs, queue):
    attributes = {
        "city": {"DataType": "String", "StringValue": "Köln"},
        "amount.net": {"DataType": "Number.eur", "StringValue": "-12.50"},
        "photo": {"DataType": "Binary.png", "BinaryValue": b"\x00\xff\x89"},
    }
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}}
    sent = sqs.send_message(QueueUrl=queue, MessageBody="b", MessageAttributes=attributes, MessageSystemAttributes=trace)
    assert sent["MD5OfMessageAttributes"] == md5_of_attributes(attributes)
    assert sent["MD5OfMessageSystemAttributes"] == md5_of_attributes(trace)

    def got(*names):
        (m,) = receive(sqs, queue, VisibilityTimeout=0, MessageAttributeNames=list(names), AttributeNames=["AWSTraceHeader"])
        assert m["Attributes"] == {"AWSTraceHeader": trace["AWSTraceHeader"]["StringValue"]}
        return m

    for names in (["All"], [".*"], ["city", "amount.*", "photo"]):
        message = got(*names)
        assert message["MessageAttributes"] == attributes
        assert message["MD5OfMessageAttributes"] == md5_of_attributes(attributes)
    some = got("amount.*")
    assert list(some["MessageAttributes"]) == ["amount.net"]
    assert some["MD5OfMessageAttributes"] == md5_of_attributes({"amount.net": attributes["amount.net"]})
    assert "MessageAttributes" not in got("other") and "MD5OfMessageAttributes" not in got()


def test_system_attributes(sqs, queue, account):
    before = int(time.time() * 1000)
    sqs.send_message(QueueUrl=queue, MessageBody="b")
    receive(sqs, queue, VisibilityTimeout=0)
    (message,) = receive(sqs, queue, MessageSystemAttributeNames=["All"])
    told = message["Attributes"]
    assert told["SenderId"] == account and told["ApproximateReceiveCount"] == "2"
    assert before <= int(told["SentTimestamp"]) <= int(told["ApproximateFirstReceiveTimestamp"]) <= time.time() * 1000 + 1
    assert set(told) == {"SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp"}
    refused(sqs.receive_message, "InvalidAttributeName", "Unknown Attribute Colour.", QueueUrl=queue, AttributeNames=["Colour"])


def test_the_trace_of_the_caller_goes_along(sqs, queue):
    trace = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1"
    sqs.meta.events.register("before-sign.sqs", lambda request, **_: request.headers.add_header("X-Amzn-Trace-Id", trace))
    sent = sqs.send_message(QueueUrl=queue, MessageBody="b")
    assert "MD5OfMessageSystemAttributes" not in sent
    (message,) = receive(sqs, queue, MessageSystemAttributeNames=["AWSTraceHeader"])
    assert message["Attributes"] == {"AWSTraceHeader": trace}


@pytest.mark.parametrize("arguments, code, message", [
    ({"MessageBody": ""}, "MissingParameter", "The request must contain the parameter MessageBody."),
    ({"MessageBody": "a\x08"}, "InvalidMessageContents", None),
    ({"MessageBody": "a￿"}, "InvalidMessageContents", None),
    ({"MessageBody": "x" * (1048576 + 1)}, "InvalidParameterValue",
     "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."),
    ({"MessageBody": "b", "DelaySeconds": 901}, "InvalidParameterValue",
     "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."),
    ({"MessageBody": "b", "MessageDeduplicationId": "d"}, "InvalidParameterValue",
     "Value d for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is not "
     "valid for this queue type."),
    ({"MessageBody": "b", "MessageGroupId": "a b"}, "InvalidParameterValue",
     "Value a b for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and "
     "punctuation characters. 1 to 128 in length."),
    ({"MessageBody": "b", "MessageAttributes": {"AWS.x": {"DataType": "String", "StringValue": "v"}}}, "InvalidParameterValue", None),
    ({"MessageBody": "b", "MessageAttributes": {"a..b": {"DataType": "String", "StringValue": "v"}}}, "InvalidParameterValue", None),
    ({"MessageBody": "b", "MessageAttributes": {"a§": {"DataType": "String", "StringValue": "v"}}}, "InvalidParameterValue", None),
    ({"MessageBody": "b", "MessageAttributes": {"a": {"DataType": "Text", "StringValue": "v"}}}, "InvalidParameterValue", None),
    ({"MessageBody": "b", "MessageAttributes": {"a": {"DataType": "Number", "StringValue": "1x"}}}, "InvalidParameterValue",
     "Can't cast the value of message (user) attribute 'a' to a number."),
    ({"MessageBody": "b", "MessageAttributes": {"a": {"DataType": "String", "StringValue": ""}}}, "InvalidParameterValue",
     "Message (user) attribute 'a' must contain a non-empty value of type 'String'."),
    ({"MessageBody": "b", "MessageAttributes": {f"a{n}": {"DataType": "String", "StringValue": "v"} for n in range(11)}},
     "InvalidParameterValue", "Number of message attributes [11] exceeds the allowed maximum [10]."),
])
def test_what_cannot_be_sent(sqs, queue, arguments, code, message):
    refused(sqs.send_message, code, message, QueueUrl=queue, **arguments)
    assert counts(sqs, queue) == (0, 0, 0)


def test_a_message_may_have_a_mebibyte(sqs, queue):
    body = "é" * (1048576 // 2)
    sqs.send_message(QueueUrl=queue, MessageBody=body)
    assert bodies(sqs.receive_message(QueueUrl=queue)) == [body]


def test_a_group_of_a_standard_queue_is_told_and_does_not_block(sqs, queue):
    for n in range(2):
        sqs.send_message(QueueUrl=queue, MessageBody=str(n), MessageGroupId="tenant")
    first = receive(sqs, queue, AttributeNames=["MessageGroupId"])
    assert first[0]["Attributes"] == {"MessageGroupId": "tenant"}
    assert bodies(sqs.receive_message(QueueUrl=queue)) == ["1"]


# --- batches -------------------------------------------------------------------------------------------------


def test_batches_tell_which_entries_failed(sqs, queue):
    sent = sqs.send_message_batch(QueueUrl=queue, Entries=[
        {"Id": "good", "MessageBody": "1"}, {"Id": "bad", "MessageBody": "2\x01"}, {"Id": "also", "MessageBody": "3"}])
    assert [e["Id"] for e in sent["Successful"]] == ["good", "also"]
    (failed,) = sent["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("bad", "InvalidMessageContents", True)
    got = receive(sqs, queue, MaxNumberOfMessages=10)
    assert bodies({"Messages": got}) == ["1", "3"]
    handles = [m["ReceiptHandle"] for m in got]
    changed = sqs.change_message_visibility_batch(QueueUrl=queue, Entries=[
        {"Id": "a", "ReceiptHandle": handles[0], "VisibilityTimeout": 0},
        {"Id": "b", "ReceiptHandle": handles[1], "VisibilityTimeout": 99999}])
    assert [e["Id"] for e in changed["Successful"]] == ["a"]
    assert [(e["Id"], e["Code"]) for e in changed["Failed"]] == [("b", "InvalidParameterValue")]
    assert counts(sqs, queue) == (1, 1, 0)
    deleted = sqs.delete_message_batch(QueueUrl=queue, Entries=[
        {"Id": "x", "ReceiptHandle": handles[0]}, {"Id": "y", "ReceiptHandle": "forged"}, {"Id": "z", "ReceiptHandle": handles[1]}])
    assert [e["Id"] for e in deleted["Successful"]] == ["x", "z"]
    assert [(e["Id"], e["Code"]) for e in deleted["Failed"]] == [("y", "ReceiptHandleIsInvalid")]
    assert counts(sqs, queue) == (0, 0, 0)


def test_batches_that_are_refused_as_a_whole(sqs, queue):
    def send(*entries):
        return {"QueueUrl": queue, "Entries": list(entries)}

    one = {"Id": "a", "MessageBody": "b"}
    many = [dict(one, Id=str(n)) for n in range(11)]
    prefix = "AWS.SimpleQueueService."
    refused(sqs.send_message_batch, prefix + "EmptyBatchRequest",
            "There should be at least one SendMessageBatchRequestEntry in the request.", **send())
    refused(sqs.send_message_batch, prefix + "TooManyEntriesInBatchRequest",
            "Maximum number of entries per request are 10. You have sent 11.", **send(*many))
    refused(sqs.send_message_batch, prefix + "BatchEntryIdsNotDistinct", "Id a repeated.", **send(one, one))
    refused(sqs.send_message_batch, prefix + "InvalidBatchEntryId", **send(dict(one, Id="a b")))
    refused(sqs.send_message_batch, prefix + "BatchRequestTooLong",
            "Batch requests cannot be longer than 1048576 bytes. You have sent 1048578 bytes.",
            **send(dict(one, MessageBody="x" * 524289), {"Id": "b", "MessageBody": "x" * 524289}))


# --- visibility, delays, long polls --------------------------------------------------------------------------


def test_a_delayed_message_wakes_who_waits(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="much later", DelaySeconds=900)
    assert counts(sqs, queue) == (0, 0, 1)
    start = time.monotonic()
    sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=1)
    assert bodies(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)) == ["later"]
    assert time.monotonic() - start < 19


def test_a_visibility_timeout_that_passes_ends_a_long_poll(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="again")
    assert bodies(sqs.receive_message(QueueUrl=queue, VisibilityTimeout=1)) == ["again"]
    start = time.monotonic()
    (message,) = receive(sqs, queue, WaitTimeSeconds=20, AttributeNames=["All"])
    assert time.monotonic() - start < 19
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_message_ends_one_of_many_long_polls(sqs, queue, client):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        polls = [pool.submit(lambda: bodies(client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=4))) for _ in range(8)]
        sqs.send_message(QueueUrl=queue, MessageBody="only one")
        assert sorted(b for p in polls for b in p.result()) == ["only one"]


def test_a_long_poll_without_messages_ends_when_it_should(sqs):
    queue = sqs.create_queue(QueueName="slow", Attributes={"ReceiveMessageWaitTimeSeconds": "1"})["QueueUrl"]
    start = time.monotonic()
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    assert time.monotonic() - start >= 0.9
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"ReceiveMessageWaitTimeSeconds": "20"})
    start = time.monotonic()
    assert "Messages" not in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=0)
    assert time.monotonic() - start < 19


def test_long_polls_end_when_their_queue_is_deleted(sqs, client):
    """However far they have come when it is."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        for n in range(10):
            queue = sqs.create_queue(QueueName=f"short-{n}")["QueueUrl"]
            poll = pool.submit(client("sqs").receive_message, QueueUrl=queue, WaitTimeSeconds=20)
            time.sleep(n * 0.005)
            start = time.monotonic()
            sqs.delete_queue(QueueUrl=queue)
            with pytest.raises(ClientError):
                poll.result()
            assert time.monotonic() - start < 19


def test_visibility_is_changed(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="b")
    handle = receive(sqs, queue)[0]["ReceiptHandle"]
    change = sqs.change_message_visibility
    change(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
    (message,) = receive(sqs, queue)
    assert message["ReceiptHandle"] != handle
    refused(change, "InvalidParameterValue", QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=43201)
    refused(change, "InvalidParameterValue",
            f"Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is "
            "beyond the limit [43200 seconds].", QueueUrl=queue, ReceiptHandle=wait_a_moment(handle), VisibilityTimeout=43200)
    refused(change, "ReceiptHandleIsInvalid", QueueUrl=queue, ReceiptHandle="forged", VisibilityTimeout=1)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)  # AWS: an old handle is good for that, too
    refused(change, "InvalidParameterValue", QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=1)


def wait_a_moment(value):
    """So that 12 hours from now are more than 12 hours from the receipt."""
    time.sleep(0.01)
    return value


def test_a_handle_of_another_queue_is_refused(sqs, queue):
    other = sqs.create_queue(QueueName="other")["QueueUrl"]
    for url in (queue, other):
        sqs.send_message(QueueUrl=url, MessageBody="b")
    handle = receive(sqs, other)[0]["ReceiptHandle"]
    refused(sqs.delete_message, "ReceiptHandleIsInvalid",
            f'The input receipt handle "{handle}" is not a valid receipt handle.', QueueUrl=queue, ReceiptHandle=handle)
    swapped = ("A" if handle[20] != "A" else "B").join((handle[:20], handle[21:]))
    refused(sqs.delete_message, "ReceiptHandleIsInvalid", QueueUrl=other, ReceiptHandle=swapped)


# --- queues --------------------------------------------------------------------------------------------------


def test_queues_are_listed_in_pages(sqs):
    urls = [sqs.create_queue(QueueName=f"q{n}")["QueueUrl"] for n in range(5)]
    sqs.create_queue(QueueName="r")
    assert sqs.list_queues(QueueNamePrefix="q")["QueueUrls"] == urls
    pages = list(sqs.get_paginator("list_queues").paginate(QueueNamePrefix="q", PaginationConfig={"PageSize": 2}))
    assert [p["QueueUrls"] for p in pages] == [urls[:2], urls[2:4], urls[4:]]
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="none")
    refused(sqs.list_queues, "InvalidParameterValue", NextToken="forged", MaxResults=2)


def test_a_queue_is_made_again_and_deleted(sqs, queue):
    assert sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "30"})["QueueUrl"] == queue
    refused(sqs.create_queue, "QueueAlreadyExists",
            "A queue already exists with the same name and a different value for attribute VisibilityTimeout",
            QueueName="orders", Attributes={"VisibilityTimeout": "31"})
    sqs.send_message(QueueUrl=queue, MessageBody="old")
    sqs.delete_queue(QueueUrl=queue)
    response = refused(sqs.send_message, "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.",
                       QueueUrl=queue, MessageBody="b")
    assert response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"
    assert "QueueUrls" not in sqs.list_queues()
    again = sqs.create_queue(QueueName="orders")["QueueUrl"]
    assert counts(sqs, again) == (0, 0, 0)


@pytest.mark.parametrize("name, attributes, code", [
    ("a b", {}, "InvalidParameterValue"), ("x" * 81, {}, "InvalidParameterValue"), ("a.fifo", {}, "InvalidParameterValue"),
    ("a", {"FifoQueue": "true"}, "InvalidParameterValue"), ("a", {"FifoQueue": "false"}, "InvalidAttributeName"),
    ("a", {"Colour": "red"}, "InvalidAttributeName"), ("a", {"VisibilityTimeout": "43201"}, "InvalidAttributeValue"),
    ("a", {"DelaySeconds": "-1"}, "InvalidAttributeValue"), ("a", {"MaximumMessageSize": "1023"}, "InvalidAttributeValue"),
    ("a", {"MessageRetentionPeriod": "59"}, "InvalidAttributeValue"), ("a", {"Policy": "{"}, "InvalidAttributeValue"),
    ("a", {"RedrivePolicy": "[]"}, "InvalidParameterValue"), ("a", {"RedriveAllowPolicy": "{}"}, "InvalidParameterValue"),
    ("a.fifo", {"FifoQueue": "true", "FifoThroughputLimit": "perMessageGroupId"}, "InvalidAttributeValue"),
])
def test_queues_that_cannot_be_made(sqs, name, attributes, code):
    refused(sqs.create_queue, code, QueueName=name, Attributes=attributes)
    assert "QueueUrls" not in sqs.list_queues()


def test_attributes_are_set_and_told(sqs, queue, account):
    get = lambda *names: sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=list(names)).get("Attributes")  # noqa: E731
    told = get("All")
    assert abs(int(told.pop("CreatedTimestamp")) - time.time()) < 600 and int(told.pop("LastModifiedTimestamp"))
    assert told == {
        "QueueArn": f"arn:aws:sqs:us-east-1:{account}:orders", "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0", "VisibilityTimeout": "30",
        "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600", "DelaySeconds": "0",
        "ReceiveMessageWaitTimeSeconds": "0", "SqsManagedSseEnabled": "true"}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "0", "MaximumMessageSize": "1024", "DelaySeconds": "5"})
    assert get("VisibilityTimeout", "DelaySeconds") == {"VisibilityTimeout": "0", "DelaySeconds": "5"}
    assert get() is None
    refused(sqs.send_message, "InvalidParameterValue", QueueUrl=queue, MessageBody="x" * 1025)
    refused(sqs.set_queue_attributes, "InvalidAttributeValue", QueueUrl=queue, Attributes={"VisibilityTimeout": "5", "DelaySeconds": "x"})
    assert get("VisibilityTimeout") == {"VisibilityTimeout": "0"}
    refused(sqs.get_queue_attributes, "InvalidAttributeName", "Unknown Attribute Colour.", QueueUrl=queue, AttributeNames=["Colour"])


def test_permissions_are_statements_of_the_policy(sqs, queue, account):
    policy = lambda: sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"]).get("Attributes")  # noqa: E731
    arn = f"arn:aws:sqs:us-east-1:{account}:orders"
    add = {"QueueUrl": queue, "AWSAccountIds": ["111122223333"], "Actions": ["SendMessage"]}
    sqs.add_permission(Label="one", **add)
    one = {"Sid": "one", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "SQS:SendMessage",
           "Resource": arn}
    assert json.loads(policy()["Policy"]) == {"Version": "2008-10-17", "Id": f"{arn}/SQSDefaultPolicy", "Statement": [one]}
    sqs.add_permission(Label="two", **dict(add, Actions=["ReceiveMessage", "DeleteMessage"]))
    refused(sqs.add_permission, "InvalidParameterValue", "Value two for parameter Label is invalid. Reason: Already exists.",
            Label="two", **add)
    sqs.remove_permission(QueueUrl=queue, Label="one")
    assert [s["Action"] for s in json.loads(policy()["Policy"])["Statement"]] == [["SQS:ReceiveMessage", "SQS:DeleteMessage"]]
    sqs.remove_permission(QueueUrl=queue, Label="two")
    assert policy() is None
    refused(sqs.remove_permission, "InvalidParameterValue", "Value two for parameter Label is invalid. Reason: can't find label.",
            QueueUrl=queue, Label="two")
    refused(sqs.add_permission, "OverLimit", Label="x", **dict(add, Actions=["SendMessage"] * 8))
    refused(sqs.add_permission, "InvalidParameterValue", Label="x", **dict(add, Actions=["DeleteQueue"]))


def test_tags(sqs):
    queue = sqs.create_queue(QueueName="tagged", tags={"team": "shop", "stage": "test"})["QueueUrl"]
    sqs.tag_queue(QueueUrl=queue, Tags={"stage": "live", "Ünïcode": ""})
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"team": "shop", "stage": "live", "Ünïcode": ""}
    sqs.untag_queue(QueueUrl=queue, TagKeys=["team", "none", "Ünïcode"])
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"stage": "live"}
    refused(sqs.tag_queue, "InvalidParameterValue", "Too many tags added for queue tagged.", QueueUrl=queue,
            Tags={f"k{n}": "v" for n in range(50)})


def test_regions_and_accounts_are_apart(sqs, client, session, endpoint, account):
    queue = sqs.create_queue(QueueName="here")["QueueUrl"]
    there = session.client("sqs", region_name="eu-west-1", endpoint_url=endpoint)
    refused(there.get_queue_url, "AWS.SimpleQueueService.NonExistentQueue", QueueName="here")
    stranger = boto3.Session("999988887777", "x", region_name="us-east-1").client("sqs", endpoint_url=endpoint)
    refused(stranger.get_queue_url, "AWS.SimpleQueueService.NonExistentQueue", QueueName="here")
    actions = ["GetQueueUrl", "SendMessage"]
    sqs.add_permission(QueueUrl=queue, Label="stranger", AWSAccountIds=["999988887777"], Actions=actions)
    assert stranger.get_queue_url(QueueName="here", QueueOwnerAWSAccountId=account)["QueueUrl"] == queue
    stranger.send_message(QueueUrl=queue, MessageBody="from abroad")
    assert bodies(sqs.receive_message(QueueUrl=queue)) == ["from abroad"]


@pytest.mark.parametrize("form", [
    "http://sqs.us-east-1.localhost.localstack.cloud:4566/{account}/orders", "https://sqs.us-east-1.amazonaws.com/{account}/orders",
    "http://us-east-1.queue.localhost.localstack.cloud:4566/{account}/orders", "https://queue.amazonaws.com/{account}/orders",
    "http://anything:1/queue/us-east-1/{account}/orders", "orders"])
def test_queue_urls_in_many_forms(sqs, queue, account, form):
    sqs.send_message(QueueUrl=form.format(account=account), MessageBody="b")
    assert bodies(sqs.receive_message(QueueUrl=queue)) == ["b"]


def test_what_is_no_queue_url(sqs, queue, account):
    refused(sqs.send_message, "InvalidAddress", QueueUrl=f"arn:aws:sqs:us-east-1:{account}:orders", MessageBody="b")
    for url in ("http://host", "http://host/orders", f"http://host/{account}", f"http://host/{account}/unknown", "unknown"):
        refused(sqs.send_message, "AWS.SimpleQueueService.NonExistentQueue", QueueUrl=url, MessageBody="b")


# --- time and restarts: on servers of their own --------------------------------------------------------------


@pytest.fixture
def server(tmp_path):
    started = []

    def start(*arguments):
        started.append(Server(tmp_path / "data", *arguments))
        return started[-1]

    yield start
    if started[-1].process.poll() is None:
        started[-1].stop()


def client_of(server):
    config = Config(retries={"max_attempts": 0})
    return boto3.Session("111122223333", "x", region_name="us-east-1").client("sqs", endpoint_url=server.endpoint, config=config)


def advance(server, seconds):
    import urllib.request

    body = json.dumps({"advance_ms": int(seconds * 1000)}).encode()
    urllib.request.urlopen(urllib.request.Request(server.endpoint + "/_cadabra/clock", body, method="POST")).read()


def test_what_time_does(server):
    one = server("--test-clock")
    sqs = client_of(one)
    queue = sqs.create_queue(QueueName="q", Attributes={"MessageRetentionPeriod": "3600"})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="old")
    sqs.send_message(QueueUrl=queue, MessageBody="delayed", DelaySeconds=900)
    assert bodies(sqs.receive_message(QueueUrl=queue, VisibilityTimeout=600)) == ["old"]
    advance(one, 601)
    assert counts(sqs, queue) == (1, 0, 1)
    advance(one, 300)
    assert counts(sqs, queue) == (2, 0, 0)
    sqs.purge_queue(QueueUrl=queue)
    assert counts(sqs, queue) == (0, 0, 0)
    refused(sqs.purge_queue, "AWS.SimpleQueueService.PurgeQueueInProgress",
            "Only one PurgeQueue operation on q is allowed every 60 seconds.", QueueUrl=queue)
    advance(one, 60)
    sqs.purge_queue(QueueUrl=queue)
    sqs.send_message(QueueUrl=queue, MessageBody="ages")
    advance(one, 3601)
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    # A clock that is moved ends long polls whose message becomes visible by it.
    sqs.send_message(QueueUrl=queue, MessageBody="jump", DelaySeconds=900)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        poll = pool.submit(client_of(one).receive_message, QueueUrl=queue, WaitTimeSeconds=20)
        start = time.monotonic()
        advance(one, 901)
        assert bodies(poll.result()) == ["jump"]
        assert time.monotonic() - start < 19


def test_nothing_is_lost_or_forgotten_by_kill_9(server):
    one = server()
    sqs = client_of(one)
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    fifo = sqs.create_queue(QueueName="f.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    attributes = {"a": {"DataType": "Number", "StringValue": "7"}}
    for n in range(5):
        sqs.send_message(QueueUrl=queue, MessageBody=str(n), MessageAttributes=attributes)
    group = {"MessageGroupId": "g"}
    sent = [sqs.send_message(QueueUrl=fifo, MessageBody=b, MessageDeduplicationId=b, **group) for b in "abc"]
    deleted, held = receive(sqs, queue, MaxNumberOfMessages=2, VisibilityTimeout=3600)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=deleted["ReceiptHandle"])
    first = receive(sqs, fifo, VisibilityTimeout=3600)[0]
    one.kill()

    two = server()
    sqs = client_of(two)
    queue, fifo = (sqs.get_queue_url(QueueName=n)["QueueUrl"] for n in ("q", "f.fifo"))
    assert counts(sqs, queue) == (3, 1, 0)
    left = receive(sqs, queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    assert sorted(m["Body"] for m in left) == sorted(set("01234") - {deleted["Body"], held["Body"]})
    assert all(m["MessageAttributes"] == attributes for m in left)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=held["ReceiptHandle"])  # a handle from before
    assert counts(sqs, queue) == (0, 3, 0)
    # The group still waits for its first message, and what was sent is still known.
    assert "Messages" not in sqs.receive_message(QueueUrl=fifo)
    again = sqs.send_message(QueueUrl=fifo, MessageBody="c", MessageDeduplicationId="c", **group)
    assert again["MessageId"] == sent[2]["MessageId"] and again["SequenceNumber"] == sent[2]["SequenceNumber"]
    newer = sqs.send_message(QueueUrl=fifo, MessageBody="d", MessageDeduplicationId="d", **group)
    assert newer["SequenceNumber"] > sent[2]["SequenceNumber"]
    sqs.delete_message(QueueUrl=fifo, ReceiptHandle=first["ReceiptHandle"])
    assert bodies(sqs.receive_message(QueueUrl=fifo, MaxNumberOfMessages=10)) == ["b", "c", "d"]


def test_every_message_is_received_once_by_many(sqs, queue, client):
    """Senders, and receivers that delete: nothing is lost, nothing comes twice."""
    got, lock = [], threading.Lock()

    def send(part):
        own = client("sqs")
        for n in range(10):
            own.send_message_batch(QueueUrl=queue, Entries=[{"Id": str(i), "MessageBody": f"{part}.{n}.{i}"} for i in range(5)])

    def drain(_):
        own = client("sqs")
        while len(got) < 200:
            found = receive(own, queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            if found:
                own.delete_message_batch(QueueUrl=queue, Entries=[
                    {"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(found)])
            with lock:
                got.extend(m["Body"] for m in found)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda f: f[0](f[1]), [(send, n) for n in range(4)] + [(drain, n) for n in range(4)]))
    assert sorted(got) == sorted(f"{p}.{n}.{i}" for p in range(4) for n in range(10) for i in range(5))
    assert counts(sqs, queue) == (0, 0, 0)
