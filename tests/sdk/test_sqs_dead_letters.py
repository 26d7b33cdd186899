"""Dead-letter queues and the tasks that move their messages back, through boto3."""

import json
import time

import pytest
from test_sqs import bodies, counts, receive, refused


@pytest.fixture
def sqs(client):
    return client("sqs")


def make(sqs, name, **attributes):
    """A queue's URL and ARN."""
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def redrive(arn, times):
    return json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": times})


@pytest.fixture
def pair(sqs):
    dead = make(sqs, "dead")
    return make(sqs, "live", RedrivePolicy=redrive(dead[1], 2), VisibilityTimeout="0"), dead


def exhaust(sqs, queue):
    """Receives until nothing comes any more."""
    while receive(sqs, queue, MaxNumberOfMessages=10):
        pass


def finished(sqs, arn):
    for _ in range(4800):
        (task,) = sqs.list_message_move_tasks(SourceArn=arn)["Results"]
        if task["Status"] not in ("RUNNING", "CANCELLING"):
            return task
        time.sleep(0.05)
    raise AssertionError(task)


def test_what_is_received_too_often_moves(sqs, pair):
    (live, live_arn), (dead, _) = pair
    sent = sqs.send_message(QueueUrl=live, MessageBody="poison", MessageAttributes={"a": {"DataType": "String", "StringValue": "v"}})
    for n in (1, 2):
        (message,) = receive(sqs, live, AttributeNames=["All"])
        assert message["Attributes"]["ApproximateReceiveCount"] == str(n)
    before = message["Attributes"]
    assert not receive(sqs, live)
    assert (counts(sqs, live), counts(sqs, dead)) == ((0, 0, 0), (1, 0, 0))
    (message,) = receive(sqs, dead, AttributeNames=["All"], MessageAttributeNames=["All"])
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "poison")
    assert message["MessageAttributes"]["a"]["StringValue"] == "v"
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == live_arn
    assert message["Attributes"]["ApproximateReceiveCount"] == "3"
    assert message["Attributes"]["SentTimestamp"] == before["SentTimestamp"]


def test_a_fifo_queue_moves_on_to_the_next_of_the_group(sqs):
    dead = make(sqs, "dead.fifo", FifoQueue="true")
    live, _ = make(sqs, "live.fifo", FifoQueue="true", ContentBasedDeduplication="true", VisibilityTimeout="0",
                   RedrivePolicy=redrive(dead[1], 1))
    for body in ("bad", "good"):
        sqs.send_message(QueueUrl=live, MessageBody=body, MessageGroupId="g")
    assert bodies(sqs.receive_message(QueueUrl=live)) == ["bad"]
    assert bodies(sqs.receive_message(QueueUrl=live)) == ["good"]
    (message,) = receive(sqs, dead[0], AttributeNames=["All"])
    assert message["Body"] == "bad" and message["Attributes"]["MessageGroupId"] == "g"


def test_each_queue_of_a_chain_counts_for_itself(sqs):
    last = make(sqs, "last")
    middle = make(sqs, "middle", RedrivePolicy=redrive(last[1], 1), VisibilityTimeout="0")
    first, _ = make(sqs, "first", RedrivePolicy=redrive(middle[1], 2), VisibilityTimeout="0")
    sqs.send_message(QueueUrl=first, MessageBody="b")
    seen = [bodies(sqs.receive_message(QueueUrl=url)) for url in (first, first, first, middle[0], middle[0], last[0])]
    assert seen == [["b"], ["b"], [], ["b"], [], ["b"]]


def test_a_queue_can_be_its_own_dead_letter_queue(sqs):
    url, arn = make(sqs, "self", VisibilityTimeout="0")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive(arn, 1)})
    sqs.send_message(QueueUrl=url, MessageBody="b")
    for _ in range(4):
        assert bodies(sqs.receive_message(QueueUrl=url)) == ["b"]


def test_without_its_dead_letter_queue_a_message_stays(sqs, pair):
    (live, _), (dead, _) = pair
    sqs.send_message(QueueUrl=live, MessageBody="b")
    sqs.delete_queue(QueueUrl=dead)
    for _ in range(4):
        assert bodies(sqs.receive_message(QueueUrl=live)) == ["b"]


def test_redrive_policies_are_checked(sqs, pair, account):
    (live, live_arn), (dead, dead_arn) = pair
    fifo = make(sqs, "f.fifo", FifoQueue="true")
    for policy in ("nonsense", "{}x", json.dumps({"deadLetterTargetArn": dead_arn}), json.dumps({"maxReceiveCount": 1}),
                   redrive(dead_arn, 0), redrive(dead_arn, 1001), redrive(dead_arn + "x", 1), redrive(fifo[1], 1)):
        refused(sqs.set_queue_attributes, "InvalidParameterValue", QueueUrl=live, Attributes={"RedrivePolicy": policy})
    sqs.set_queue_attributes(QueueUrl=live, Attributes={"RedrivePolicy": ""})
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=live, AttributeNames=["RedrivePolicy"])
    deny = {"RedriveAllowPolicy": json.dumps({"redrivePermission": "denyAll"})}
    sqs.set_queue_attributes(QueueUrl=dead, Attributes=deny)
    refused(sqs.set_queue_attributes, "InvalidParameterValue", QueueUrl=live, Attributes={"RedrivePolicy": redrive(dead_arn, 1)})
    by_queue = {"RedriveAllowPolicy": json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [live_arn]})}
    sqs.set_queue_attributes(QueueUrl=dead, Attributes=by_queue)
    sqs.set_queue_attributes(QueueUrl=live, Attributes={"RedrivePolicy": redrive(dead_arn, "1")})
    told = sqs.get_queue_attributes(QueueUrl=live, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    assert json.loads(told) == {"deadLetterTargetArn": dead_arn, "maxReceiveCount": 1}


def test_sources_are_listed(sqs, pair):
    (live, _), (dead, dead_arn) = pair
    more = [make(sqs, f"s{n}", RedrivePolicy=redrive(dead_arn, 3))[0] for n in range(3)]
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [live, *more]
    pages = list(sqs.get_paginator("list_dead_letter_source_queues").paginate(QueueUrl=dead, PaginationConfig={"PageSize": 3}))
    assert [len(p["queueUrls"]) for p in pages] == [3, 1]
    assert sqs.list_dead_letter_source_queues(QueueUrl=live)["queueUrls"] == []


def test_a_task_moves_messages_back_to_where_they_came_from(sqs, pair):
    (live, _), (dead, dead_arn) = pair
    sent = {sqs.send_message(QueueUrl=live, MessageBody=str(n))["MessageId"] for n in range(25)}
    exhaust(sqs, live)
    assert counts(sqs, dead) == (25, 0, 0)
    handle = sqs.start_message_move_task(SourceArn=dead_arn)["TaskHandle"]
    task = finished(sqs, dead_arn)
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"], task["ApproximateNumberOfMessagesToMove"]) == ("COMPLETED", 25, 25)
    assert "TaskHandle" not in task and "DestinationArn" not in task
    assert (counts(sqs, live), counts(sqs, dead)) == ((25, 0, 0), (0, 0, 0))
    moved = [m for _ in range(3) for m in receive(sqs, live, MaxNumberOfMessages=10, VisibilityTimeout=30, AttributeNames=["All"])]
    assert sorted(int(m["Body"]) for m in moved) == list(range(25))
    # AWS: they are new messages.
    assert not sent & {m["MessageId"] for m in moved}
    assert {m["Attributes"]["ApproximateReceiveCount"] for m in moved} == {"1"}
    assert not any("DeadLetterQueueSourceArn" in m["Attributes"] for m in moved)
    refused(sqs.cancel_message_move_task, "AWS.SimpleQueueService.UnsupportedOperation", TaskHandle=handle)


def test_a_task_with_a_rate_is_cancelled(sqs, pair):
    (live, _), (dead, dead_arn) = pair
    target, target_arn = make(sqs, "target")
    for n in range(40):  # as many seconds of work
        sqs.send_message(QueueUrl=live, MessageBody=str(n))
    exhaust(sqs, live)
    handle = sqs.start_message_move_task(SourceArn=dead_arn, DestinationArn=target_arn, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    refused(sqs.start_message_move_task, "InvalidParameterValue",
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
            SourceArn=dead_arn)
    (running,) = sqs.list_message_move_tasks(SourceArn=dead_arn)["Results"]
    assert (running["Status"], running["TaskHandle"], running["MaxNumberOfMessagesPerSecond"]) == ("RUNNING", handle, 1)
    end = time.monotonic() + 40
    while not counts(sqs, target)[0] and time.monotonic() < end:
        time.sleep(0.02)
    sqs.cancel_message_move_task(TaskHandle=handle)
    task = finished(sqs, dead_arn)
    assert task["Status"] == "CANCELLED" and 0 < task["ApproximateNumberOfMessagesMoved"] < 40
    assert counts(sqs, target)[0] == task["ApproximateNumberOfMessagesMoved"]
    assert counts(sqs, target)[0] + counts(sqs, dead)[0] == 40


def test_tasks_that_cannot_be_started(sqs, pair, account):
    (live, live_arn), (_, dead_arn) = pair
    start = sqs.start_message_move_task
    refused(start, "InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.", SourceArn=live_arn)
    response = refused(start, "ResourceNotFoundException",
                       "The resource that you specified for the SourceArn parameter doesn't exist.", SourceArn=dead_arn + "x")
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 404
    refused(start, "ResourceNotFoundException", "The resource that you specified for the DestinationArn parameter doesn't exist.",
            SourceArn=dead_arn, DestinationArn=dead_arn + "x")
    refused(start, "InvalidParameterValue", SourceArn=dead_arn, MaxNumberOfMessagesPerSecond=501)
    refused(sqs.cancel_message_move_task, "InvalidParameterValue", "Value for parameter TaskHandle is invalid.", TaskHandle="x")
