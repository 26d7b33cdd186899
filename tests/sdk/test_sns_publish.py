"""Publishing: to queues, functions, delivery streams, phones and apps; batches; FIFO topics; what is refused."""

import base64
import hashlib
import json
import subprocess

import pytest
from botocore.exceptions import ClientError

from sns_kit import bodies, get, make_queue, nothing_more, receive


def subscribe(sns, topic, arn, protocol="sqs", **attributes):
    return sns.subscribe(
        TopicArn=topic, Protocol=protocol, Endpoint=arn, Attributes=attributes, ReturnSubscriptionArn=True
    )["SubscriptionArn"]


@pytest.fixture
def sns(client):
    return client("sns")


@pytest.fixture
def sqs(client):
    return client("sqs")


@pytest.fixture
def topic(sns):
    return sns.create_topic(Name="news")["TopicArn"]


def check_signature(envelope, digest, folder):
    """By OpenSSL, with the certificate that the message names."""
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{envelope[name]}\n" for name in names if name in envelope)
    status, pem = get(envelope.get("SigningCertURL") or envelope["SigningCertUrl"])
    assert status == 200
    key = subprocess.run(["openssl", "x509", "-pubkey", "-noout"], input=pem.encode(), capture_output=True, check=True).stdout
    (folder / "key").write_bytes(key)
    (folder / "signature").write_bytes(base64.b64decode(envelope["Signature"]))
    verify = ["openssl", "dgst", f"-{digest}", "-verify", folder / "key", "-signature", folder / "signature"]
    assert subprocess.run(verify, input=text.encode(), capture_output=True).returncode == 0


def test_envelope(sns, sqs, topic, endpoint, tmp_path):
    url, arn = make_queue(sqs, "q")
    subscription = subscribe(sns, topic, arn)
    attributes = {
        "colour": {"DataType": "String", "StringValue": "red"},
        "size": {"DataType": "Number", "StringValue": "3.5"},
        "blob": {"DataType": "Binary", "BinaryValue": b"\x01\x02"},
    }
    sent = sns.publish(TopicArn=topic, Message='say "hi" ☃\n', Subject="Greeting", MessageAttributes=attributes)
    [message] = receive(sqs, url, 1)
    envelope = json.loads(message["Body"])
    assert list(envelope) == [
        "Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion", "Signature",
        "SigningCertURL", "UnsubscribeURL", "MessageAttributes",
    ]  # fmt: skip
    assert envelope["Type"] == "Notification"
    assert envelope["MessageId"] == sent["MessageId"]
    assert envelope["TopicArn"] == topic
    assert envelope["Message"] == 'say "hi" ☃\n'
    assert envelope["SignatureVersion"] == "1"
    assert envelope["UnsubscribeURL"] == f"{endpoint}/?Action=Unsubscribe&SubscriptionArn={subscription}"
    assert envelope["MessageAttributes"] == {
        "colour": {"Type": "String", "Value": "red"},
        "size": {"Type": "Number", "Value": "3.5"},
        "blob": {"Type": "Binary", "Value": "AQI="},
    }
    assert "MessageAttributes" not in message
    check_signature(envelope, "sha1", tmp_path)
    assert message["Body"].startswith('{\n  "Type" : "Notification",\n  "MessageId" : "')


def test_signature_version_2(sns, sqs, topic, tmp_path):
    url, arn = make_queue(sqs, "q")
    subscribe(sns, topic, arn)
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue="2")
    sns.publish(TopicArn=topic, Message="m")
    envelope = json.loads(bodies(sqs, url, 1)[0])
    assert envelope["SignatureVersion"] == "2"
    check_signature(envelope, "sha256", tmp_path)


def test_raw_delivery(sns, sqs, topic):
    url, arn = make_queue(sqs, "q")
    subscribe(sns, topic, arn, RawMessageDelivery="true")
    attribute = {"DataType": "String", "StringValue": "red"}
    sns.publish(TopicArn=topic, Message="as it is", MessageAttributes={"colour": attribute})
    [message] = receive(sqs, url, 1)
    assert message["Body"] == "as it is"
    assert message["MessageAttributes"]["colour"]["StringValue"] == "red"


def test_message_structure(sns, sqs, topic):
    url, arn = make_queue(sqs, "q")
    subscribe(sns, topic, arn, RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message=json.dumps({"default": "d", "sqs": "s", "x": 1}), MessageStructure="json")
    sns.publish(TopicArn=topic, Message=json.dumps({"default": "d", "lambda": "l"}), MessageStructure="json")
    assert sorted(bodies(sqs, url, 2)) == ["d", "s"]
    for message, words in [
        ('{"sqs": "s"}', "Message Structure - No default entry in JSON message body"),
        ("no json", "Message Structure - JSON message body failed to parse"),
    ]:
        with pytest.raises(ClientError, match=words):
            sns.publish(TopicArn=topic, Message=message, MessageStructure="json")


def test_many_queues_get_every_message(sns, sqs, topic):
    queues = [make_queue(sqs, f"q{i}") for i in range(5)]
    for _, arn in queues:
        subscribe(sns, topic, arn, RawMessageDelivery="true")
    for i in range(30):
        sns.publish(TopicArn=topic, Message=str(i))
    for url, _ in queues:
        assert sorted(bodies(sqs, url, 30), key=int) == [str(i) for i in range(30)]


def test_batch(sns, sqs, topic):
    url, arn = make_queue(sqs, "q")
    subscribe(sns, topic, arn, RawMessageDelivery="true")
    entries = [{"Id": str(i), "Message": f"m{i}"} for i in range(10)]
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == [str(i) for i in range(10)]
    assert len({entry["MessageId"] for entry in answer["Successful"]}) == 10
    assert answer["Failed"] == []
    assert sorted(bodies(sqs, url, 10)) == [f"m{i}" for i in range(10)]


@pytest.mark.parametrize(
    "entries, code",
    [
        ([{"Id": "a", "Message": "m"}, {"Id": "a", "Message": "m"}], "BatchEntryIdsNotDistinct"),
        ([{"Id": str(i), "Message": "m"} for i in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a.b", "Message": "m"}], "InvalidBatchEntryId"),
        ([{"Id": "a" * 81, "Message": "m"}], "InvalidBatchEntryId"),
        ([{"Id": str(i), "Message": "m" * 60000} for i in range(5)], "BatchRequestTooLong"),
    ],
)
def test_batch_refused(sns, topic, entries, code):
    with pytest.raises(ClientError) as failure:
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert failure.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    "message, code, words",
    [
        ({"Message": ""}, "InvalidParameter", "Invalid parameter: Empty message"),
        ({"Message": "m", "Subject": "a\nb"}, "InvalidParameter", "Invalid parameter: Subject"),
        ({"Message": "m", "Subject": "x" * 101}, "InvalidParameter", "Invalid parameter: Subject"),
        ({"Message": "x" * 262145}, "InvalidParameter", "Invalid parameter: Message too long"),
        (
            {"Message": "m", "MessageDeduplicationId": "1"},
            "InvalidParameter",
            "Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is "
            "not valid for this topic type",
        ),
        (
            {"Message": "m", "MessageAttributes": {"a": {"DataType": "Text", "StringValue": "x"}}},
            "ParameterValueInvalid",
            "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is Binary, "
            "Number, and String.",
        ),
        (
            {"Message": "m", "MessageAttributes": {"a": {"DataType": "String", "StringValue": ""}}},
            "ParameterValueInvalid",
            "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'String'.",
        ),
        (
            {"Message": "m", "MessageAttributes": {"a": {"DataType": "String", "BinaryValue": b"x"}}},
            "ParameterValueInvalid",
            "The message attribute 'a' with type 'String' must use field 'String'.",
        ),
        (
            {"Message": "m", "MessageAttributes": {"a": {"DataType": "Number", "StringValue": "one"}}},
            "ParameterValueInvalid",
            "Could not cast message attribute 'a' value to number.",
        ),
        (
            {"Message": "m", "MessageAttributes": {".a": {"DataType": "String", "StringValue": "x"}}},
            "ParameterValueInvalid",
            "Invalid message attribute name starting with character '.' was found.",
        ),
        (
            {"Message": "m", "MessageAttributes": {"a^": {"DataType": "String", "StringValue": "x"}}},
            "ParameterValueInvalid",
            "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. Can only include alphanumeric "
            "characters, hyphens, underscores, or dots.",
        ),
    ],
)
def test_refused(sns, topic, message, code, words):
    with pytest.raises(ClientError) as failure:
        sns.publish(TopicArn=topic, **message)
    assert failure.value.response["Error"]["Code"] == code
    assert failure.value.response["Error"]["Message"] == words


def test_targets(sns, topic):
    with pytest.raises(ClientError, match="Topic does not exist"):
        sns.publish(TopicArn=topic + "x", Message="m")
    with pytest.raises(ClientError, match="An ARN must have at least 6 elements, not 1"):
        sns.publish(TopicArn="randomstring", Message="m")
    with pytest.raises(ClientError, match="no value for required parameter"):
        sns.publish(Message="m")
    assert sns.publish(TargetArn=topic, Message="m")["MessageId"]


# --- FIFO ---


@pytest.fixture
def fifo(sns):
    return sns.create_topic(Name="news.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]


def test_fifo_order_and_deduplication(sns, sqs, fifo):
    url, arn = make_queue(sqs, "q.fifo", FifoQueue="true")
    subscribe(sns, fifo, arn, RawMessageDelivery="true")
    answers = [
        sns.publish(TopicArn=fifo, Message=f"m{i}", MessageGroupId="g", MessageDeduplicationId=f"d{i}") for i in range(12)
    ]
    numbers = [answer["SequenceNumber"] for answer in answers]
    assert numbers == sorted(numbers) and len(set(numbers)) == 12 and all(len(number) == 20 for number in numbers)
    again = sns.publish(TopicArn=fifo, Message="other", MessageGroupId="g", MessageDeduplicationId="d3")
    assert again["MessageId"] == answers[3]["MessageId"]
    assert again["SequenceNumber"] == answers[3]["SequenceNumber"]
    messages = receive(sqs, url, 12)
    assert [message["Body"] for message in messages] == [f"m{i}" for i in range(12)]
    assert messages[0]["Attributes"]["MessageGroupId"] == "g"
    assert messages[0]["Attributes"]["MessageDeduplicationId"] == "d0"
    assert nothing_more(sqs, url)


def test_fifo_content_based(sns, sqs, fifo):
    url, arn = make_queue(sqs, "q.fifo", FifoQueue="true")
    subscribe(sns, fifo, arn)
    with pytest.raises(ClientError, match="should either have ContentBasedDeduplication enabled"):
        sns.publish(TopicArn=fifo, Message="m", MessageGroupId="g")
    sns.set_topic_attributes(TopicArn=fifo, AttributeName="ContentBasedDeduplication", AttributeValue="true")
    with pytest.raises(ClientError, match="The MessageGroupId parameter is required for FIFO topics"):
        sns.publish(TopicArn=fifo, Message="m")
    first = sns.publish(TopicArn=fifo, Message="m", MessageGroupId="g")
    second = sns.publish(TopicArn=fifo, Message="m", MessageGroupId="g")
    assert first["MessageId"] == second["MessageId"]
    [message] = receive(sqs, url, 1)
    envelope = json.loads(message["Body"])
    assert envelope["SequenceNumber"] == first["SequenceNumber"]
    assert "Signature" not in envelope
    assert message["Attributes"]["MessageDeduplicationId"] == hashlib.sha256(b"m").hexdigest()


def test_fifo_batch_to_a_standard_queue(sns, sqs, fifo):
    url, arn = make_queue(sqs, "q")
    subscribe(sns, fifo, arn, RawMessageDelivery="true")
    entries = [{"Id": str(i), "Message": f"m{i % 2}", "MessageGroupId": "g", "MessageDeduplicationId": f"d{i % 2}"} for i in range(4)]
    answer = sns.publish_batch(TopicArn=fifo, PublishBatchRequestEntries=entries)
    ids = [entry["MessageId"] for entry in answer["Successful"]]
    assert ids[0] == ids[2] and ids[1] == ids[3] and ids[0] != ids[1]
    assert sorted(bodies(sqs, url, 2)) == ["m0", "m1"]


def test_fifo_takes_queues_only(sns, sqs, topic, fifo, account):
    with pytest.raises(ClientError, match="Invalid protocol type: lambda"):
        subscribe(sns, fifo, f"arn:aws:lambda:us-east-1:{account}:function:f", "lambda")
    _, arn = make_queue(sqs, "q.fifo", FifoQueue="true")
    with pytest.raises(ClientError, match="FIFO SQS Queues can not be subscribed to standard SNS topics"):
        subscribe(sns, topic, arn)


def test_trace_header_goes_along(sns, sqs, topic):
    url, arn = make_queue(sqs, "q")
    subscribe(sns, topic, arn)
    trace = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1"

    def add_header(request, **_):
        request.headers["X-Amzn-Trace-Id"] = trace

    sns.meta.events.register("before-send.sns.Publish", add_header)
    sns.publish(TopicArn=topic, Message="m")
    [message] = receive(sqs, url, 1)
    assert message["Attributes"]["AWSTraceHeader"] == trace


def test_structure_is_checked_before_the_group(sns, fifo):
    entry = {"Id": "a", "Message": '{"x": 1}', "MessageStructure": "json"}
    with pytest.raises(ClientError, match="No default entry in JSON message body"):
        sns.publish_batch(TopicArn=fifo, PublishBatchRequestEntries=[entry])


# --- dead letters ---


def test_dead_letters_of_a_queue_that_is_gone(sns, sqs, topic):
    url, arn = make_queue(sqs, "q")
    dead_url, dead_arn = make_queue(sqs, "dead")
    subscribe(sns, topic, arn, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead_arn}))
    sqs.delete_queue(QueueUrl=url)
    sent = sns.publish(TopicArn=topic, Message="lost?")
    [message] = receive(sqs, dead_url, 1)
    assert json.loads(message["Body"])["MessageId"] == sent["MessageId"]
    assert "MessageAttributes" not in message  # AWS: why it is there is told nowhere but in the status log


def test_dead_letters_of_a_fifo_queue_keep_their_group(sns, sqs, fifo):
    url, arn = make_queue(sqs, "q.fifo", FifoQueue="true")
    dead_url, dead_arn = make_queue(sqs, "dead.fifo", FifoQueue="true")
    subscribe(sns, fifo, arn, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead_arn}))
    sqs.delete_queue(QueueUrl=url)
    sns.publish(TopicArn=fifo, Message="lost?", MessageGroupId="g", MessageDeduplicationId="d")
    [message] = receive(sqs, dead_url, 1)
    attributes = message["Attributes"]
    assert (attributes["MessageGroupId"], attributes["MessageDeduplicationId"]) == ("g", "d")


# --- phones, mailboxes, apps ---


def test_sms(sns, topic, account, endpoint):
    inbox = f"{endpoint}/_aws/sns/sms-messages?accountId={account}&region=us-east-1"
    subscribe(sns, topic, "+15550001", "sms")
    to_topic = sns.publish(TopicArn=topic, Message="alarm", Subject="s")["MessageId"]
    direct = sns.publish(PhoneNumber="+15550002", Message="hi")["MessageId"]
    status, answer = get(inbox)
    assert status == 200 and answer["region"] == "us-east-1"
    assert sorted(answer["sms_messages"]) == ["+15550001", "+15550002"]
    [first] = answer["sms_messages"]["+15550001"]
    assert first["Message"] == "alarm" and first["MessageId"] == to_topic and first["TopicArn"] == topic
    [second] = answer["sms_messages"]["+15550002"]
    assert second["MessageId"] == direct and second["TopicArn"] is None
    _, one = get(inbox + "&phoneNumber=%2B15550002")
    assert list(one["sms_messages"]) == ["+15550002"]
    assert get(inbox + "&phoneNumber=%2B15550002", "DELETE")[0] == 204
    assert list(get(inbox)[1]["sms_messages"]) == ["+15550001"]
    assert get(inbox, "DELETE")[0] == 204
    assert get(inbox)[1]["sms_messages"] == {}
    with pytest.raises(ClientError, match=r"\+1a234 is not valid to publish to"):
        sns.publish(PhoneNumber="+1a234", Message="m")


def test_push(sns, topic, account, endpoint):
    app = sns.create_platform_application(Name="app", Platform="GCM", Attributes={"PlatformCredential": "k"})
    target = sns.create_platform_endpoint(PlatformApplicationArn=app["PlatformApplicationArn"], Token="t")["EndpointArn"]
    subscribe(sns, topic, target, "application")
    sns.publish(TopicArn=topic, Message=json.dumps({"default": "d", "GCM": '{"data": 1}'}), MessageStructure="json")
    sns.publish(TargetArn=target, Message="direct")
    _, answer = get(f"{endpoint}/_aws/sns/platform-endpoint-messages?accountId={account}")
    messages = answer["platform_endpoint_messages"][target]
    assert [message["Message"] for message in messages] == ['{"data": 1}', "direct"]
    assert get(f"{endpoint}/_aws/sns/platform-endpoint-messages?endpointArn={target}", "DELETE")[0] == 204
    sns.set_endpoint_attributes(EndpointArn=target, Attributes={"Enabled": "false"})
    with pytest.raises(ClientError, match="Endpoint is disabled"):
        sns.publish(TargetArn=target, Message="m")
    with pytest.raises(ClientError, match="No endpoint found for the target arn specified"):
        sns.publish(TargetArn=target + "x", Message="m")


def test_mail(sns, topic, account, endpoint):
    inbox = f"{endpoint}/_aws/sns/email-messages?accountId={account}"
    subscription = subscribe(sns, topic, "me@example.com", "email")
    sns.publish(TopicArn=topic, Message="too early")
    _, token = get(f"{endpoint}/_aws/sns/subscription-tokens/{subscription}")
    assert token["subscription_arn"] == subscription
    sns.confirm_subscription(TopicArn=topic, Token=token["subscription_token"])
    sns.publish(TopicArn=topic, Message="hello")
    messages = get(inbox)[1]["email_messages"]["me@example.com"]
    assert "hello" == messages[1]["Message"] and len(messages) == 2
    assert json.loads(messages[0]["Message"])["Type"] == "SubscriptionConfirmation"


def test_other_accounts_ask_the_policy(sns, topic, session, endpoint):
    import boto3

    other = boto3.client(
        "sns", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="111122223333", aws_secret_access_key="test"
    )
    with pytest.raises(ClientError) as failure:
        other.publish(TopicArn=topic, Message="m")
    assert failure.value.response["Error"]["Code"] == "AuthorizationError"
    sns.add_permission(TopicArn=topic, Label="l", AWSAccountId=["111122223333"], ActionName=["Publish"])
    assert other.publish(TopicArn=topic, Message="m")["MessageId"]


def test_groups_of_standard_topics_reach_the_queue(sns, sqs, topic):
    url, arn = make_queue(sqs, "q")
    subscribe(sns, topic, arn, RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message="m", MessageGroupId="tenant")
    [message] = receive(sqs, url, 1)
    assert message["Attributes"]["MessageGroupId"] == "tenant"


def test_texts_that_are_too_long_are_refused(sns, topic, account):
    queue = f"arn:aws:sqs:us-east-1:{account}:q"
    long = "x" * 300_000
    calls = [
        lambda: sns.set_topic_attributes(TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue=long),
        lambda: sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://x/" + long),
        lambda: subscribe(sns, topic, queue, FilterPolicy=json.dumps({"a": [long]})),
        lambda: subscribe(sns, topic, queue, RedrivePolicy=json.dumps({"deadLetterTargetArn": queue, "x": long})),
        lambda: sns.set_sms_attributes(attributes={"DeliveryStatusIAMRole": long}),
    ]
    for call in calls:
        with pytest.raises(ClientError) as failure:
            call()
        assert failure.value.response["Error"]["Code"] == "InvalidParameter"


def test_hostile_message_texts(sns, sqs, topic):
    """Every text that a message may hold comes out of the envelope as it went in."""
    url, arn = make_queue(sqs, "q")
    subscribe(sns, topic, arn)
    texts = ['"}\n{"', "\\u0000 \\", "\u2028\u2029\x7f", "\t\r\n", "{" * 1000, "😀" * 1000, '"' * 100_000]
    for text in texts:
        sns.publish(TopicArn=topic, Message=text)
    got = [json.loads(body)["Message"] for body in bodies(sqs, url, len(texts))]
    assert sorted(got) == sorted(texts)
