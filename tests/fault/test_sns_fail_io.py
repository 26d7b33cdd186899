"""The n-th write fails while a FIFO topic is published to, by a publisher that tries again: what was acknowledged, at
whatever attempt, is in the queue. A failed attempt must not make the next one look like a duplicate."""

import pytest

from io_kit import connect, failing_server, plain_binary, stubborn
from server import Server
from test_sns_kill import drain

ACCOUNT = "111122223333"


@pytest.mark.parametrize("at, count", [(n, 1) for n in range(8, 64, 4)] + [(30, 6), (40, 1000)])
def test_the_nth_write_fails(at, count, fail_io, tmp_path, monkeypatch):
    monkeypatch.setenv("CADABRA_BINARY", plain_binary())
    data = tmp_path / "data"
    try:
        server = failing_server(fail_io, data, at, count)
    except RuntimeError:
        return  # test_fail_io.py looks at that
    sns, sqs = connect(server, "sns"), connect(server, "sqs")
    topic = stubborn(sns.create_topic, Name="t.fifo", Attributes={"FifoTopic": "true"})
    queue = stubborn(sqs.create_queue, QueueName="q")
    acknowledged = set()
    if topic and queue:
        target = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"
        made = stubborn(
            sns.subscribe, TopicArn=topic["TopicArn"], Protocol="sqs", Endpoint=target, Attributes={"RawMessageDelivery": "true"}
        )
        for i in range(12 if made else 0):
            arguments = {"Message": f"m{i}", "MessageGroupId": "g", "MessageDeduplicationId": f"d{i}"}
            if stubborn(sns.publish, TopicArn=topic["TopicArn"], **arguments):
                acknowledged.add(f"m{i}")
    server.kill()
    server = Server(data)
    try:
        if acknowledged:
            sqs = connect(server, "sqs")
            assert acknowledged <= drain(sqs, sqs.get_queue_url(QueueName="q")["QueueUrl"])
    finally:
        server.stop()
