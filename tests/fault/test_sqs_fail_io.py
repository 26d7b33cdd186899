"""The n-th write fails while a FIFO queue is used by a client that tries again: a failed send leaves neither a message nor
a duplicate behind, a failed receipt or deletion leaves the message and its group as they were."""

import pytest

from io_kit import connect, failing_server, plain_binary, stubborn
from server import Server

MESSAGES = 10


def drain(sqs, queue):
    """Bodies in the order in which they came; each is deleted before the next is asked for."""
    got = []
    while True:
        answer = stubborn(sqs.receive_message, QueueUrl=queue, MaxNumberOfMessages=2)
        messages = (answer or {}).get("Messages", [])
        if not messages:
            return got
        for m in messages:
            if stubborn(sqs.delete_message, QueueUrl=queue, ReceiptHandle=m["ReceiptHandle"]) is None:
                return got
            got.append(m["Body"])


@pytest.mark.parametrize("at, count", [(n, 1) for n in range(6, 60, 3)] + [(25, 6), (35, 1000)])
def test_the_nth_write_fails(at, count, fail_io, tmp_path, monkeypatch):
    monkeypatch.setenv("CADABRA_BINARY", plain_binary())
    data = tmp_path / "data"
    try:
        server = failing_server(fail_io, data, at, count)
    except RuntimeError:
        return  # test_fail_io.py looks at that
    sqs, sent, got = connect(server, "sqs"), [], []
    made = stubborn(sqs.create_queue, QueueName="q.fifo", Attributes={"FifoQueue": "true"})
    if made:
        for n in range(MESSAGES):
            if stubborn(sqs.send_message, QueueUrl=made["QueueUrl"], MessageBody=str(n), MessageGroupId="g", MessageDeduplicationId=str(n)):
                sent.append(str(n))
        got = drain(sqs, made["QueueUrl"])
    assert got == sent[: len(got)]
    if count == 1 and made:
        assert got == sent == [str(n) for n in range(MESSAGES)]
    server.kill()
    server = Server(data)
    try:
        if len(got) < len(sent):
            sqs = connect(server, "sqs")
            queue = sqs.get_queue_url(QueueName="q.fifo")["QueueUrl"]
            told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
            there = int(told["ApproximateNumberOfMessages"]) + int(told["ApproximateNumberOfMessagesNotVisible"])
            # One deletion may have been stored although it failed, and one send.
            assert len(sent) - len(got) - 1 <= there <= len(sent) - len(got) + 1
    finally:
        server.stop()
