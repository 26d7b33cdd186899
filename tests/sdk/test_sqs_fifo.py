"""FIFO queues through boto3: order in groups, deduplication, sequence numbers, repeated attempts."""

import concurrent.futures
import hashlib
import threading

import pytest
from test_sqs import bodies, counts, receive, refused


@pytest.fixture
def sqs(client):
    return client("sqs")


@pytest.fixture
def fifo(sqs):
    return sqs.create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]


def send(sqs, queue, *messages):
    """send(sqs, queue, "a1", "b1"): groups by first letter."""
    return [sqs.send_message(QueueUrl=queue, MessageBody=m, MessageGroupId=m[0]) for m in messages]


def test_a_group_gives_its_messages_in_order_and_waits_for_them(sqs, fifo):
    send(sqs, fifo, "a1", "a2", "a3", "b1")
    first = receive(sqs, fifo, MaxNumberOfMessages=2)
    assert bodies({"Messages": first}) == ["a1", "a2"]
    assert bodies(sqs.receive_message(QueueUrl=fifo, MaxNumberOfMessages=10)) == ["b1"]
    sqs.delete_message(QueueUrl=fifo, ReceiptHandle=first[1]["ReceiptHandle"])
    assert "Messages" not in sqs.receive_message(QueueUrl=fifo)
    sqs.delete_message(QueueUrl=fifo, ReceiptHandle=first[0]["ReceiptHandle"])
    assert bodies(sqs.receive_message(QueueUrl=fifo, MaxNumberOfMessages=10)) == ["a3"]


def test_what_is_given_back_comes_before_what_follows(sqs, fifo):
    send(sqs, fifo, "a1", "a2", "b1")
    (first,) = receive(sqs, fifo)
    sqs.change_message_visibility(QueueUrl=fifo, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    # AWS: groups take turns.
    assert bodies(sqs.receive_message(QueueUrl=fifo, MaxNumberOfMessages=10)) == ["b1", "a1", "a2"]


def test_the_end_of_a_message_wakes_who_waits_for_its_group(sqs, fifo, client):
    send(sqs, fifo, "a1", "a2")
    (first,) = receive(sqs, fifo)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        poll = pool.submit(client("sqs").receive_message, QueueUrl=fifo, WaitTimeSeconds=10)
        sqs.delete_message(QueueUrl=fifo, ReceiptHandle=first["ReceiptHandle"])
        assert bodies(poll.result()) == ["a2"]


def test_duplicates_are_accepted_and_not_delivered(sqs, fifo):
    one = sqs.send_message(QueueUrl=fifo, MessageBody="x", MessageGroupId="g")
    same = sqs.send_message(QueueUrl=fifo, MessageBody="x", MessageGroupId="h")
    named = sqs.send_message(QueueUrl=fifo, MessageBody="y", MessageGroupId="g",
                             MessageDeduplicationId=hashlib.sha256(b"x").hexdigest())
    for sent in (same, named):
        assert (sent["MessageId"], sent["SequenceNumber"]) == (one["MessageId"], one["SequenceNumber"])
    batch = sqs.send_message_batch(QueueUrl=fifo, Entries=[
        {"Id": str(n), "MessageBody": str(n), "MessageGroupId": "g", "MessageDeduplicationId": "d"} for n in range(3)])
    assert len({e["MessageId"] for e in batch["Successful"]}) == 1
    (x, zero) = receive(sqs, fifo, MaxNumberOfMessages=10, AttributeNames=["All"])
    assert (x["Body"], zero["Body"]) == ("x", "0")
    assert x["Attributes"]["MessageDeduplicationId"] == hashlib.sha256(b"x").hexdigest()
    assert x["Attributes"]["SequenceNumber"] == one["SequenceNumber"] < zero["Attributes"]["SequenceNumber"]
    assert x["Attributes"]["MessageGroupId"] == "g" and len(one["SequenceNumber"]) == 20
    sqs.delete_message(QueueUrl=fifo, ReceiptHandle=x["ReceiptHandle"])
    sqs.send_message(QueueUrl=fifo, MessageBody="x", MessageGroupId="k")  # what is deleted is still known
    assert "Messages" not in sqs.receive_message(QueueUrl=fifo)


def test_groups_can_deduplicate_for_themselves(sqs):
    queue = sqs.create_queue(QueueName="fast.fifo", Attributes={
        "FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"})["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert (told["DeduplicationScope"], told["FifoThroughputLimit"]) == ("messageGroup", "perMessageGroupId")
    for group in "gh":
        for _ in range(2):
            sqs.send_message(QueueUrl=queue, MessageBody=group, MessageGroupId=group, MessageDeduplicationId="same")
    assert bodies(sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)) == ["g", "h"]


def test_a_repeated_attempt_gets_the_same_messages(sqs, fifo):
    send(sqs, fifo, "a1", "b1", "b2")
    first = receive(sqs, fifo, MaxNumberOfMessages=2, ReceiveRequestAttemptId="try")
    again = receive(sqs, fifo, MaxNumberOfMessages=2, ReceiveRequestAttemptId="try")
    assert [m["ReceiptHandle"] for m in again] == [m["ReceiptHandle"] for m in first] and bodies({"Messages": again}) == ["a1", "b1"]
    sqs.delete_message(QueueUrl=fifo, ReceiptHandle=again[1]["ReceiptHandle"])
    assert bodies(sqs.receive_message(QueueUrl=fifo, ReceiveRequestAttemptId="try")) == ["b2"]


def test_a_handle_is_good_until_its_time_is_over(sqs, fifo):
    send(sqs, fifo, "a1")
    (message,) = receive(sqs, fifo, VisibilityTimeout=0)
    handle = message["ReceiptHandle"]
    refused(sqs.delete_message, "InvalidParameterValue",
            f"Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
            QueueUrl=fifo, ReceiptHandle=handle)
    assert counts(sqs, fifo) == (1, 0, 0)


@pytest.mark.parametrize("arguments, code, message", [
    ({}, "MissingParameter", "The request must contain the parameter MessageGroupId."),
    ({"MessageGroupId": "g", "DelaySeconds": 2}, "InvalidParameterValue",
     "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type."),
    ({"MessageGroupId": "g"}, "InvalidParameterValue",
     "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"),
    ({"MessageGroupId": "g", "MessageDeduplicationId": "x" * 129}, "InvalidParameterValue", None),
])
def test_what_a_fifo_queue_refuses(sqs, arguments, code, message):
    queue = sqs.create_queue(QueueName="strict.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    refused(sqs.send_message, code, message, QueueUrl=queue, MessageBody="b", **arguments)


def test_the_delay_of_the_queue_holds_the_group(sqs):
    queue = sqs.create_queue(QueueName="late.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true",
                                                                "DelaySeconds": "1"})["QueueUrl"]
    send(sqs, queue, "a1")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "0"})
    send(sqs, queue, "a2")
    assert bodies(sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=10)) == ["a1", "a2"]


def test_order_holds_under_many_receivers(sqs, fifo, client):
    groups, each = "abcde", 20
    for n in range(each):
        sqs.send_message_batch(QueueUrl=fifo, Entries=[
            {"Id": g, "MessageBody": f"{g}{n}", "MessageGroupId": g} for g in groups])
    got, lock = {g: [] for g in groups}, threading.Lock()

    def drain(_):
        own = client("sqs")
        while sum(map(len, got.values())) < each * len(groups):
            found = receive(own, fifo, MaxNumberOfMessages=3, WaitTimeSeconds=1)
            with lock:  # before they are deleted: nobody else can have the group's next ones
                for m in found:
                    got[m["Body"][0]].append(int(m["Body"][1:]))
            if found:
                own.delete_message_batch(QueueUrl=fifo, Entries=[
                    {"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(found)])

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(drain, range(6)))
    assert all(got[g] == list(range(each)) for g in groups)
