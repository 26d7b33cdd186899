"""HTTP endpoints: confirmation, what they get, retries, dead letters, endpoints that never answer, restarts."""

import contextlib
import json
import queue
import threading
import urllib.request

import boto3
import pytest
from botocore.exceptions import ClientError

from server import Server
from sns_kit import Receiver, get, make_queue, receive


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def sns(client):
    return client("sns")


@pytest.fixture
def topic(sns):
    return sns.create_topic(Name="news")["TopicArn"]


def subscribe(sns, topic, receiver, **attributes):
    """A subscription that the endpoint has confirmed, by the link that it was sent."""
    arn = sns.subscribe(
        TopicArn=topic, Protocol="http", Endpoint=receiver.url, Attributes=attributes, ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    _, text = receiver.next_of("SubscriptionConfirmation")
    with urllib.request.urlopen(json.loads(text)["SubscribeURL"]) as answer:
        assert arn in answer.read().decode()
    return arn


def test_confirmation(sns, topic, receiver, endpoint):
    assert sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url)["SubscriptionArn"] == "pending confirmation"
    headers, text = receiver.next()
    message = json.loads(text)
    assert headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    assert headers["x-amz-sns-message-id"] == message["MessageId"]
    assert headers["x-amz-sns-topic-arn"] == topic
    assert "x-amz-sns-subscription-arn" not in headers
    assert headers["User-Agent"] == "Amazon Simple Notification Service Agent"
    assert headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert headers["Connection"] == "Keep-Alive" and "Accept" not in headers
    assert list(message) == [
        "Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL", "Timestamp", "SignatureVersion", "Signature",
        "SigningCertURL",
    ]  # fmt: skip
    assert message["Message"] == (
        f"You have chosen to subscribe to the topic {topic}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message."
    )
    assert message["SubscribeURL"] == f"{endpoint}/?Action=ConfirmSubscription&TopicArn={topic}&Token={message['Token']}"
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"][0]["SubscriptionArn"] == "PendingConfirmation"
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsPending"] == "1"
    arn = sns.confirm_subscription(TopicArn=topic, Token=message["Token"])["SubscriptionArn"]
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert attributes["PendingConfirmation"] == "false"
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsConfirmed"] == "1"
    for token, words in [("a" * 64, "Invalid parameter: Token"), ("randomtoken", "Invalid token")]:
        with pytest.raises(ClientError) as failure:
            sns.confirm_subscription(TopicArn=topic, Token=token)
        assert failure.value.response["Error"]["Message"] == words


def test_confirmation_looks_at_the_region_of_the_topic_only(sns, topic, receiver):
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url)
    token = json.loads(receiver.next()[1])["Token"]
    with pytest.raises(ClientError, match="Invalid parameter: Topic"):
        sns.confirm_subscription(TopicArn=topic.replace("us-east-1", "eu-west-1"), Token=token)
    assert sns.confirm_subscription(TopicArn=topic + "x", Token=token)["SubscriptionArn"].startswith(f"{topic}:")


def test_nothing_before_confirmation(sns, topic, receiver):
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url)
    sns.publish(TopicArn=topic, Message="too early")
    _, text = receiver.next()
    sns.confirm_subscription(TopicArn=topic, Token=json.loads(text)["Token"])
    sns.publish(TopicArn=topic, Message="in time")
    assert json.loads(receiver.next()[1])["Message"] == "in time"


def test_notification_and_unsubscribing(sns, topic, receiver):
    arn = subscribe(sns, topic, receiver)
    for i in range(20):
        sns.publish(TopicArn=topic, Message=str(i), Subject="s")
    got = [receiver.next() for _ in range(20)]
    assert [json.loads(text)["Message"] for _, text in got] == [str(i) for i in range(20)]
    headers, text = got[0]
    assert headers["x-amz-sns-message-type"] == "Notification"
    assert headers["x-amz-sns-subscription-arn"] == arn
    assert "x-amz-sns-rawdelivery" not in headers
    with urllib.request.urlopen(json.loads(text)["UnsubscribeURL"]) as answer:
        assert answer.status == 200
    headers, text = receiver.next()
    assert headers["x-amz-sns-message-type"] == "UnsubscribeConfirmation"
    assert json.loads(text)["Message"].startswith(f"You have chosen to deactivate subscription {arn}.\n")
    assert sns.list_subscriptions()["Subscriptions"] == []
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsDeleted"] == "1"


def test_raw_delivery_and_content_type(sns, topic, receiver):
    policy = {"requestPolicy": {"headerContentType": "application/json"}}
    subscribe(sns, topic, receiver, RawMessageDelivery="true", DeliveryPolicy=json.dumps(policy))
    sns.publish(TopicArn=topic, Message='{"a": 1}')
    headers, text = receiver.next()
    assert text == '{"a": 1}'
    assert headers["x-amz-sns-rawdelivery"] == "true"
    assert headers["Content-Type"] == "application/json"


def test_unsubscribing_with_authentication(sns, topic, receiver, endpoint):
    arn = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url, ReturnSubscriptionArn=True)["SubscriptionArn"]
    token = json.loads(receiver.next()[1])["Token"]
    sns.confirm_subscription(TopicArn=topic, Token=token, AuthenticateOnUnsubscribe="true")
    status, text = get(f"{endpoint}/?Action=Unsubscribe&SubscriptionArn={arn}")
    assert status == 403 and "AuthorizationError" in text
    sns.unsubscribe(SubscriptionArn=arn)
    assert sns.list_subscriptions()["Subscriptions"] == []
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url)
    assert receiver.next()[0]["x-amz-sns-message-type"] == "SubscriptionConfirmation"  # nothing was said of the end


def test_refusal_goes_to_the_dead_letters(sns, client, topic, receiver):
    """What the endpoint is to blame for is not tried again."""
    url, arn = make_queue(client("sqs"), "dead")
    subscribe(sns, topic, receiver, RedrivePolicy=json.dumps({"deadLetterTargetArn": arn}))
    receiver.answer = lambda headers, text: 403
    sent = sns.publish(TopicArn=topic, Message="unwanted")
    [message] = receive(client("sqs"), url, 1)
    assert json.loads(message["Body"])["MessageId"] == sent["MessageId"]
    assert "MessageAttributes" not in message


def test_an_endpoint_that_hangs_holds_up_no_other(sns, topic, receiver):
    stuck, release = Receiver(), threading.Event()
    subscribe(sns, topic, stuck)
    subscribe(sns, topic, receiver)
    stuck.answer = lambda headers, text: release.wait(60) and 200
    for i in range(10):
        sns.publish(TopicArn=topic, Message=str(i))
    assert sorted(json.loads(receiver.next()[1])["Message"] for _ in range(10)) == [str(i) for i in range(10)]
    assert stuck.messages.empty()
    release.set()
    assert sorted(json.loads(stuck.next()[1])["Message"] for _ in range(10)) == [str(i) for i in range(10)]
    stuck.close()


# --- on a server of its own, whose clock can be moved ---


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "data", "--test-clock")
    yield server
    server.stop()


def connect(server, service="sns"):
    return boto3.client(
        service, endpoint_url=server.endpoint, region_name="us-east-1", aws_access_key_id="000000000001", aws_secret_access_key="x"
    )


def advance(server, seconds):
    assert get(f"{server.endpoint}/_cadabra/clock", "POST", {"advance_ms": seconds * 1000})[0] == 200


def test_retries(server, receiver):
    sns, sqs = connect(server), connect(server, "sqs")
    topic = sns.create_topic(Name="news")["TopicArn"]
    url, dead = make_queue(sqs, "dead")
    retries = {"healthyRetryPolicy": {"minDelayTarget": 100, "maxDelayTarget": 300, "numRetries": 3, "numNoDelayRetries": 1}}
    subscribe(sns, topic, receiver, DeliveryPolicy=json.dumps(retries), RedrivePolicy=json.dumps({"deadLetterTargetArn": dead}))
    receiver.answer = lambda headers, text: 503 if json.loads(text)["Message"] == "again" else 200
    sent = sns.publish(TopicArn=topic, Message="again")
    first, second = receiver.next(), receiver.next()  # at once, and again without a delay
    assert first[1] == second[1]
    sns.publish(TopicArn=topic, Message="behind it")
    assert json.loads(receiver.next()[1])["Message"] == "behind it"
    third = None
    while not third:  # again, where the second outcome had not been noted yet
        advance(server, 100)
        with contextlib.suppress(queue.Empty):
            third = receiver.next(timeout=5)
    assert third[1] == first[1]
    messages = []
    while not messages:  # again, where the last outcome had not been noted yet
        advance(server, 300)
        messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MessageAttributeNames=["All"]).get("Messages", [])
    [message] = messages
    assert json.loads(message["Body"])["MessageId"] == sent["MessageId"]
    assert "MessageAttributes" not in message


def test_deliveries_survive_a_kill(tmp_path, receiver):
    server = Server(tmp_path / "data", "--test-clock")
    sns = connect(server)
    topic = sns.create_topic(Name="news")["TopicArn"]
    subscribe(sns, topic, receiver)
    receiver.answer = lambda headers, text: 503
    sent = [sns.publish(TopicArn=topic, Message=str(i))["MessageId"] for i in range(5)]
    for _ in range(5):
        receiver.next()
    server.kill()
    receiver.answer = lambda headers, text: 200
    server = Server(tmp_path / "data", "--test-clock")
    try:
        advance(server, 60)
        assert sorted(receiver.next()[0]["x-amz-sns-message-id"] for _ in range(5)) == sorted(sent)
    finally:
        server.stop()
