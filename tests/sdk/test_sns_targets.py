"""SNS to functions and delivery streams."""

import json

import pytest

from lambda_kit import create, eventually
from sns_kit import make_queue, nothing_more, receive

TO_QUEUE = """
import json, os, urllib.request

def handler(event, context):
    # What came goes into the queue, without an SDK.
    body = json.dumps({"QueueUrl": os.environ["QUEUE"], "MessageBody": json.dumps(event)}).encode()
    scope = os.environ["ACCOUNT"] + "/20260101/us-east-1/sqs/aws4_request"
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage",
               "Authorization": "AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host, Signature=0"}
    urllib.request.urlopen(urllib.request.Request(os.environ["ENDPOINT"], data=body, headers=headers)).read()
"""


@pytest.fixture
def function(client, account, endpoint):
    """A function that puts its events into a queue: its ARN, and the queue's URL."""
    url, _ = make_queue(client("sqs"), "seen")
    variables = {"QUEUE": url, "ACCOUNT": account, "ENDPOINT": endpoint}
    return create(client("lambda"), TO_QUEUE, Environment={"Variables": variables}, Timeout=30)["FunctionArn"], url


def test_many_queues_and_one_that_is_gone(client):
    sns, sqs = client("sns"), client("sqs")
    topic = sns.create_topic(Name="news")["TopicArn"]
    queues = [make_queue(sqs, f"q{i}") for i in range(12)]
    small = sqs.create_queue(QueueName="small", Attributes={"MaximumMessageSize": "1024"})["QueueUrl"]
    dead_url, dead_arn = make_queue(sqs, "dead")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn})
    small_arn = sqs.get_queue_attributes(QueueUrl=small, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    for _, arn in [*queues, (small, small_arn)]:
        attributes = {"RawMessageDelivery": "true", "RedrivePolicy": redrive}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    sqs.delete_queue(QueueUrl=queues[5][0])
    entries = [{"Id": str(i), "Message": f"{i}" if i else "x" * 2000} for i in range(10)]
    sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    sent = sorted(entry["Message"] for entry in entries)
    for i, (url, _) in enumerate(queues):
        if i != 5:
            assert sorted(message["Body"] for message in receive(sqs, url, 10)) == sent
            assert nothing_more(sqs, url)
    # What is too large for a queue holds back no other message.
    assert sorted(message["Body"] for message in receive(sqs, small, 9)) == sent[:9]
    dead = receive(sqs, dead_url, 11)
    assert sorted(message["Body"] for message in dead) == sorted([*sent, sent[-1]])


def test_function(client, function):
    sns, (arn, url) = client("sns"), function
    topic = sns.create_topic(Name="news", Attributes={"SignatureVersion": "2"})["TopicArn"]
    client("lambda").add_permission(
        FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com", SourceArn=topic
    )
    subscription = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)["SubscriptionArn"]
    attribute = {"DataType": "String", "StringValue": "v"}
    sent = sns.publish(TopicArn=topic, Message="hello", MessageAttributes={"a": attribute})["MessageId"]
    [message] = receive(client("sqs"), url, 1)
    [record] = json.loads(message["Body"])["Records"]
    assert record["EventSource"] == "aws:sns"
    assert record["EventVersion"] == "1.0"
    assert record["EventSubscriptionArn"] == subscription
    event = record["Sns"]
    assert event["MessageId"] == sent and event["Message"] == "hello" and event["TopicArn"] == topic
    assert event["Subject"] is None and event["Type"] == "Notification"
    assert event["MessageAttributes"] == {"a": {"Type": "String", "Value": "v"}}
    assert event["SignatureVersion"] == "1"  # AWS: whatever the topic's is
    assert event["SigningCertUrl"].endswith(".pem") and event["Signature"] and event["UnsubscribeUrl"]


def test_function_that_does_not_let_the_topic_in(client, function):
    sns, (arn, _) = client("sns"), function
    dead_url, dead_arn = make_queue(client("sqs"), "dead")
    topic = sns.create_topic(Name="news")["TopicArn"]
    redrive = json.dumps({"deadLetterTargetArn": dead_arn})
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn, Attributes={"RedrivePolicy": redrive})
    sns.publish(TopicArn=topic, Message="hello")
    [message] = receive(client("sqs"), dead_url, 1)
    envelope = json.loads(message["Body"])
    assert (envelope["Type"], envelope["Message"]) == ("Notification", "hello")


def test_delivery_stream(client, account):
    sns, firehose, s3 = client("sns"), client("firehose"), client("s3")
    role = "arn:aws:iam::123456789012:role/r"
    bucket = f"sns-{account}"
    s3.create_bucket(Bucket=bucket)
    stream = firehose.create_delivery_stream(
        DeliveryStreamName="d",
        ExtendedS3DestinationConfiguration={
            "RoleARN": role,
            "BucketARN": f"arn:aws:s3:::{bucket}",
            "BufferingHints": {"IntervalInSeconds": 0, "SizeInMBs": 1},
        },
    )["DeliveryStreamARN"]
    topic = sns.create_topic(Name="news")["TopicArn"]
    attributes = {"SubscriptionRoleArn": role, "RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="firehose", Endpoint=stream, Attributes=attributes)
    sns.publish(TopicArn=topic, Message="into the lake")
    keys = eventually(lambda: [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])])
    assert s3.get_object(Bucket=bucket, Key=keys[0])["Body"].read() == b"into the lake"


def test_status_logging(client, account):
    sns, sqs, logs = client("sns"), client("sqs"), client("logs")
    role = "arn:aws:iam::123456789012:role/r"
    feedback = {"SQSSuccessFeedbackRoleArn": role, "SQSFailureFeedbackRoleArn": role, "SQSSuccessFeedbackSampleRate": "100"}
    topic = sns.create_topic(Name="news", Attributes=feedback)["TopicArn"]
    good, arn = make_queue(sqs, "good")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn + "-gone")
    sent = sns.publish(TopicArn=topic, Message="hello")["MessageId"]

    def line(group):
        [event] = logs.filter_log_events(logGroupName=group)["events"]
        return json.loads(event["message"])

    taken = line(f"sns/us-east-1/{account}/news")
    assert taken["status"] == "SUCCESS" and taken["delivery"]["destination"] == arn
    assert taken["notification"]["messageId"] == sent and taken["notification"]["topicArn"] == topic
    assert taken["notification"]["messageMD5Sum"] == "5d41402abc4b2a76b9719d911017c592"
    lost = line(f"sns/us-east-1/{account}/news/Failure")
    assert lost["status"] == "FAILURE" and lost["delivery"]["destination"] == arn + "-gone"
    assert lost["delivery"]["providerResponse"] == "The specified queue does not exist."
