"""kill -9 while messages are published: whatever was acknowledged is in every queue, and at every HTTP endpoint."""

import json
import threading
import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from server import Server
from sns_kit import Receiver, make_queue

QUEUES = 3
ACCOUNT = "111122223333"


def connect(server, service):
    session = boto3.Session(ACCOUNT, "test", region_name="us-east-1")
    return session.client(service, endpoint_url=server.endpoint, config=Config(retries={"max_attempts": 1}))


def publish_until_it_dies(server, topic, thread, acknowledged):
    sns = connect(server, "sns")
    number = 0
    while True:
        text = f"{thread}-{number}"
        try:
            sns.publish(TopicArn=topic, Message=text)
        except (BotoCoreError, ClientError):
            return
        acknowledged.append(text)
        number += 1


def drain(sqs, url):
    got = set()
    while True:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600).get("Messages", [])
        if not messages:
            return got
        got |= {message["Body"] for message in messages}


@pytest.mark.parametrize("after", [50, 200])
def test_acknowledged_messages_are_everywhere(tmp_path, after):
    receiver = Receiver()
    server = Server(tmp_path / "data", "--test-clock")
    sns, sqs = connect(server, "sns"), connect(server, "sqs")
    topic = sns.create_topic(Name="news")["TopicArn"]
    names = []
    for i in range(QUEUES):
        url, arn = make_queue(sqs, f"q{i}")
        names.append(url.rsplit("/", 1)[1])
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url)
    sns.confirm_subscription(TopicArn=topic, Token=json.loads(receiver.next()[1])["Token"])
    lists = [[] for _ in range(4)]
    threads = [threading.Thread(target=publish_until_it_dies, args=(server, topic, i, lists[i])) for i in range(4)]
    for thread in threads:
        thread.start()
    while sum(map(len, lists)) < after:
        time.sleep(0.001)
    server.kill()
    for thread in threads:
        thread.join()
    acknowledged = {text for texts in lists for text in texts}
    server = Server(tmp_path / "data", "--test-clock")
    try:
        sqs = connect(server, "sqs")
        for name in names:
            missing = acknowledged - drain(sqs, sqs.get_queue_url(QueueName=name)["QueueUrl"])
            assert not missing, f"{len(missing)} of {len(acknowledged)} are not in {name}"
        heard = set()
        while not acknowledged <= heard:
            heard.add(json.loads(receiver.next()[1])["Message"])
    finally:
        server.stop()
        receiver.close()
