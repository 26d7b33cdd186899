"""Filter policies: what a subscription with each of them gets, on attributes and on bodies."""

import json

import pytest
from botocore.exceptions import ClientError

from sns_kit import bodies, make_queue


@pytest.fixture
def sns(client):
    return client("sns")


@pytest.fixture
def sqs(client):
    return client("sqs")


def string(value):
    return {"DataType": "String", "StringValue": value}


def number(value):
    return {"DataType": "Number", "StringValue": value}


def array(value):
    return {"DataType": "String.Array", "StringValue": json.dumps(value)}


def delivered(sns, sqs, policy, messages, scope="MessageAttributes"):
    """Which of the messages (name -> arguments of Publish) a subscription with that policy gets."""
    topic = sns.create_topic(Name="news")["TopicArn"]
    url, arn = make_queue(sqs, "q")
    attributes = {"FilterPolicy": json.dumps(policy), "FilterPolicyScope": scope, "RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    end_url, end_arn = make_queue(sqs, "all")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=end_arn, Attributes={"RawMessageDelivery": "true"})
    for name, arguments in messages.items():
        sns.publish(**{"TopicArn": topic, "Message": name, **arguments})
    assert len(bodies(sqs, end_url, len(messages))) == len(messages)  # all have been through by now
    got = []
    while True:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60)
        if "Messages" not in answer:
            return got
        got += [message["Body"] for message in answer["Messages"]]


ATTRIBUTES = {
    "red": {"colour": string("red"), "price": number("10")},
    "blue": {"colour": string("blue"), "price": number("99.5")},
    "both": {"colour": array(["red", "blue", 5, True, None])},
    "ten as text": {"colour": string("10"), "ip": string("10.0.0.7")},
    "binary": {"colour": {"DataType": "Binary", "BinaryValue": b"red"}},
    "none": {},
}


@pytest.mark.parametrize(
    "policy, expected",
    [
        ({"colour": ["red"]}, {"red", "both"}),
        ({"colour": ["red"], "price": [{"numeric": [">", 5, "<=", 10]}]}, {"red"}),
        ({"price": [10]}, {"red"}),
        ({"price": [99.5000001]}, {"blue"}),  # five digits count
        ({"price": [{"numeric": ["=", 99.5]}]}, {"blue"}),
        ({"colour": [{"anything-but": ["red", "10"]}]}, {"blue", "both"}),
        ({"colour": [{"anything-but": {"prefix": "r"}}]}, {"blue", "both", "ten as text"}),
        ({"colour": [{"prefix": "b"}, {"suffix": "ed"}]}, {"red", "blue", "both"}),
        ({"colour": [{"equals-ignore-case": "RED"}]}, {"red", "both"}),
        ({"colour": [{"wildcard": "b*e"}]}, {"blue", "both"}),
        ({"colour": [{"exists": False}]}, {"binary", "none"}),
        ({"price": [{"exists": True}]}, {"red", "blue"}),
        ({"ip": [{"cidr": "10.0.0.0/24"}]}, {"ten as text"}),
        ({"colour": [True]}, {"both"}),
        ({"colour": [None]}, {"both"}),
        ({"colour": [5]}, {"both"}),
        ({"$or": [{"colour": ["blue"]}, {"ip": [{"exists": True}]}]}, {"blue", "both", "ten as text"}),
    ],
)
def test_attributes(sns, sqs, policy, expected):
    got = _names(sns, sqs, policy, {name: {"MessageAttributes": attributes} for name, attributes in ATTRIBUTES.items()})
    assert got == expected


BODIES = {
    "order": {"store": {"city": "Rome", "tags": ["a", "b"]}, "total": 12.5, "paid": True},
    "items": {"items": [{"sku": "x", "count": 1}, {"sku": "y", "count": 9}]},
    "nothing": {"store": None},
}


@pytest.mark.parametrize(
    "policy, expected",
    [
        ({"store": {"city": ["Rome"]}}, {"order"}),
        ({"store": {"tags": ["b"]}, "total": [{"numeric": [">", 12]}]}, {"order"}),
        ({"paid": [True]}, {"order"}),
        ({"store": [None]}, {"nothing"}),
        ({"items": {"sku": ["y"], "count": [9]}}, {"items"}),
        ({"items": {"sku": ["x"], "count": [9]}}, set()),
        ({"items": {"sku": [{"exists": False}]}}, {"order", "nothing"}),
        ({"store.city": ["Rome"]}, {"order"}),
    ],
)
def test_bodies(sns, sqs, policy, expected):
    messages = {json.dumps(body): {} for body in BODIES.values()} | {"no json": {}, "[1]": {}}
    names = {json.dumps(body): name for name, body in BODIES.items()}
    got = delivered(sns, sqs, policy, messages, "MessageBody")
    assert {names[body] for body in got} == expected


def _names(sns, sqs, policy, messages):
    got = delivered(sns, sqs, policy, messages)
    assert len(got) == len(set(got))
    return set(got)


def test_changed_policy_counts_at_once(sns, sqs):
    topic = sns.create_topic(Name="news")["TopicArn"]
    url, arn = make_queue(sqs, "q")
    subscription = sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"FilterPolicy": '{"a": ["x"]}', "RawMessageDelivery": "true"},
    )["SubscriptionArn"]
    sns.publish(TopicArn=topic, Message="one", MessageAttributes={"a": string("y")})
    sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName="FilterPolicy", AttributeValue='{"a": ["y"]}')
    sns.publish(TopicArn=topic, Message="two", MessageAttributes={"a": string("y")})
    assert bodies(sqs, url, 1) == ["two"]


def test_batch_entries_are_filtered_one_by_one(sns, sqs):
    topic = sns.create_topic(Name="news")["TopicArn"]
    url, arn = make_queue(sqs, "q")
    attributes = {"FilterPolicy": '{"n": [{"numeric": ["<", 3]}]}', "RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    entries = [{"Id": str(i), "Message": str(i), "MessageAttributes": {"n": number(str(i))}} for i in range(6)]
    sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert sorted(bodies(sqs, url, 3)) == ["0", "1", "2"]


def test_faults_are_told_without_white_space(sns, sqs):
    topic, queue = sns.create_topic(Name="t")["TopicArn"], make_queue(sqs, "q")
    policy = '{ "key": [ {"suffix": "a b", "prefix": "c \\" d"} ] }'
    with pytest.raises(ClientError) as failure:
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue[1], Attributes={"FilterPolicy": policy})
    assert failure.value.response["Error"]["Message"] == (
        "Invalid parameter: Attributes Reason: FilterPolicy: Only one key allowed in match expression\n"
        ' at [Source: (String)"{"key":[{"suffix":"a b","prefix":"c \\" d"}]}"; line: 1, column: 35]'
    )


@pytest.mark.parametrize("operand, column, message", [
    ({"suffix": "test"}, 36, "Unsupported anything-but pattern: suffix"),
    ({"equals-ignore-case": "test"}, 48, "Unsupported anything-but pattern: equals-ignore-case"),
    ({"wildcard": ["a*"]}, 38, "Unsupported anything-but pattern: wildcard"),
    ({"wrong-operator": None}, 47, "Unsupported anything-but pattern: wrong-operator"),
    ({"prefix": False}, 40, "prefix match pattern must be a string"),
    ({"prefix": ["a", "b"]}, 36, "prefix match pattern must be a string"),
    ({"prefix": ""}, 37, "Null prefix not allowed"),
])
def test_anything_but_takes_one_prefix_and_nothing_else(sns, sqs, operand, column, message):
    topic, queue = sns.create_topic(Name="t")["TopicArn"], make_queue(sqs, "q")
    policy = json.dumps({"key": [{"anything-but": operand}]}, separators=(",", ":"))
    with pytest.raises(ClientError) as failure:
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue[1], Attributes={"FilterPolicy": policy})
    assert failure.value.response["Error"]["Message"] == (
        f"Invalid parameter: Attributes Reason: FilterPolicy: {message}\n"
        f' at [Source: (String)"{policy}"; line: 1, column: {column}]'
    )
