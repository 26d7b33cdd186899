"""SQS through boto3: queues, messages, batches, long polls, errors in AWS's words."""

import hashlib
import json
import time

import pytest
from botocore.exceptions import ClientError


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


def test_a_message_is_sent_received_and_deleted(sqs, queue, account):
    assert queue.endswith(f"/{account}/orders")
    assert sqs.get_queue_url(QueueName="orders")["QueueUrl"] == queue
    sent = sqs.send_message(QueueUrl=queue, MessageBody="one £")
    assert sent["MD5OfMessageBody"] == hashlib.md5("one £".encode()).hexdigest()
    assert "MD5OfMessageAttributes" not in sent and "SequenceNumber" not in sent
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert message["Body"] == "one £"
    assert message["MessageId"] == sent["MessageId"]
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert "Attributes" not in message
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def test_a_long_poll_ends_with_the_message(sqs, client, queue):
    import threading

    got = []
    poll = threading.Thread(target=lambda: got.extend(bodies(client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=20))))
    start = time.monotonic()
    poll.start()
    while not got and time.monotonic() - start < 0.3:
        time.sleep(0.02)
    sqs.send_message(QueueUrl=queue, MessageBody="late")
    poll.join(15)
    assert got == ["late"]


def test_a_visibility_timeout_that_passes_ends_a_long_poll(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="again")
    assert bodies(sqs.receive_message(QueueUrl=queue, VisibilityTimeout=1)) == ["again"]
    start = time.monotonic()
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20, AttributeNames=["All"])["Messages"]
    assert time.monotonic() - start < 10
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"
