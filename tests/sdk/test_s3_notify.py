"""Events of objects on their way to queues, topics and functions."""

import hashlib
import json
import time
import urllib.parse

import pytest
from s3_kit import code_of, error_of, make_bucket


@pytest.fixture
def s3(client):
    return client("s3")


class Queue:
    def __init__(self, sqs, name):
        self.sqs = sqs
        self.url = sqs.create_queue(QueueName=name)["QueueUrl"]
        self.arn = sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def take(self, count=1):
        """The next `count` messages, as JSON."""
        bodies, end = [], time.monotonic() + 240
        while len(bodies) < count:
            answer = self.sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=10, MaxNumberOfMessages=10)
            assert answer.get("Messages") or time.monotonic() < end, f"{len(bodies)} of {count} came"
            for message in answer.get("Messages", []):
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                bodies.append(json.loads(message["Body"]))
        return bodies

    def is_empty(self):
        return not self.sqs.receive_message(QueueUrl=self.url).get("Messages")


@pytest.fixture
def queue(client):
    return Queue(client("sqs"), "events")


def notify_queue(s3, bucket, queue, events, **more):
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={"QueueConfigurations": [{"QueueArn": queue.arn, "Events": events, **more}]},
    )
    test = queue.take()[0]
    assert test["Event"] == "s3:TestEvent" and test["Bucket"] == bucket and test["Service"] == "Amazon S3"
    assert set(test) == {"Service", "Event", "Time", "Bucket", "RequestId", "HostId"}


def test_records(s3, queue, region):
    bucket = make_bucket(s3)
    notify_queue(s3, bucket, queue, ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"], Id="all")
    etag = s3.put_object(Bucket=bucket, Key="a b/ü+.txt", Body=b"hello")["ETag"]
    record = queue.take()[0]["Records"][0]
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["eventSource"] == "aws:s3" and record["eventVersion"] == "2.1" and record["awsRegion"] == region
    assert record["s3"]["configurationId"] == "all"
    assert record["s3"]["bucket"]["name"] == bucket and record["s3"]["bucket"]["arn"] == f"arn:aws:s3:::{bucket}"
    thing = record["s3"]["object"]
    assert thing["key"] == "a+b/%C3%BC%2B.txt" and urllib.parse.unquote_plus(thing["key"]) == "a b/ü+.txt"
    assert thing["size"] == 5 and f'"{thing["eTag"]}"' == etag and "versionId" not in thing
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "a b/ü+.txt"})
    copied = queue.take()[0]["Records"][0]
    assert copied["eventName"] == "ObjectCreated:Copy"
    assert copied["s3"]["object"]["sequencer"] > thing["sequencer"]
    s3.delete_object(Bucket=bucket, Key="copy")
    removed = queue.take()[0]["Records"][0]
    assert removed["eventName"] == "ObjectRemoved:Delete" and "size" not in removed["s3"]["object"]


def test_versions(s3, queue):
    bucket = make_bucket(s3)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    notify_queue(s3, bucket, queue, ["s3:ObjectCreated:Put", "s3:ObjectRemoved:DeleteMarkerCreated"])
    version = s3.put_object(Bucket=bucket, Key="k")["VersionId"]
    assert queue.take()[0]["Records"][0]["s3"]["object"]["versionId"] == version
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    record = queue.take()[0]["Records"][0]
    assert record["eventName"] == "ObjectRemoved:DeleteMarkerCreated"
    assert record["s3"]["object"]["versionId"] == marker
    assert record["s3"]["object"]["eTag"] == hashlib.md5(b"").hexdigest()
    s3.delete_object(Bucket=bucket, Key="k", VersionId=version)
    assert queue.is_empty()
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket=bucket, Key="k")
    assert "versionId" not in queue.take()[0]["Records"][0]["s3"]["object"]


def test_each_key_of_a_list_has_its_event(s3, queue):
    bucket = make_bucket(s3)
    notify_queue(s3, bucket, queue, ["s3:ObjectRemoved:*"])
    s3.put_object(Bucket=bucket, Key="there")
    keys = ["there", "never", "neither"]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True})
    records = [message["Records"][0] for message in queue.take(3)]
    assert sorted(r["s3"]["object"]["key"] for r in records) == sorted(keys)
    assert {r["eventName"] for r in records} == {"ObjectRemoved:Delete"}


def test_what_leaves_the_content_alone_is_not_in_its_order(s3, queue):
    bucket = make_bucket(s3)
    notify_queue(s3, bucket, queue, ["s3:ObjectTagging:*"])
    s3.put_object(Bucket=bucket, Key="k")
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    for message in queue.take(2):
        assert set(message["Records"][0]["s3"]["object"]) == {"key", "eTag"}


def test_a_restored_object_says_how_long_it_is_there(s3, queue):
    bucket = make_bucket(s3)
    notify_queue(s3, bucket, queue, ["s3:ObjectRestore:*"])
    s3.put_object(Bucket=bucket, Key="k", StorageClass="GLACIER")
    s3.restore_object(Bucket=bucket, Key="k", RestoreRequest={"Days": 1})
    records = {r["eventName"]: r for r in (message["Records"][0] for message in queue.take(2))}
    assert "glacierEventData" not in records["ObjectRestore:Post"]
    restored = records["ObjectRestore:Completed"]["glacierEventData"]["restoreEventData"]
    assert restored["lifecycleRestoreStorageClass"] == "GLACIER"
    assert restored["lifecycleRestorationExpiryTime"].endswith("T00:00:00.000Z")


def test_filters(s3, queue):
    bucket = make_bucket(s3)
    rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "Suffix", "Value": ".csv"}]
    notify_queue(s3, bucket, queue, ["s3:ObjectCreated:*"], Filter={"Key": {"FilterRules": rules}})
    for key in ("in/a.txt", "out/a.csv", "in/a.csv"):
        s3.put_object(Bucket=bucket, Key=key)
    assert queue.take()[0]["Records"][0]["s3"]["object"]["key"] == "in/a.csv"
    assert queue.is_empty()


def test_topic(s3, client, queue):
    sns = client("sns")
    topic = sns.create_topic(Name="events")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": "false"})
    bucket = make_bucket(s3)
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectTagging:*"]}]},
    )
    assert json.loads(queue.take()[0]["Message"])["Event"] == "s3:TestEvent"
    s3.put_object(Bucket=bucket, Key="k")
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    message = queue.take()[0]
    assert message["Subject"] == "Amazon S3 Notification"
    record = json.loads(message["Message"])["Records"][0]
    assert record["eventName"] == "ObjectTagging:Put" and record["eventVersion"] == "2.3"


def test_function(s3, client, account):
    import lambda_kit

    lam = client("lambda")
    bucket = make_bucket(s3)
    arn = lambda_kit.create(lam, "def handler(event, context):\n    return event\n", name="events")["FunctionArn"]
    put = {
        "Bucket": bucket,
        "NotificationConfiguration": {
            "LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        },
    }
    assert code_of(s3.put_bucket_notification_configuration, **put) == "InvalidArgument"
    lam.add_permission(
        FunctionName="events",
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{bucket}",
        SourceAccount=account,
    )
    s3.put_bucket_notification_configuration(**put)
    configuration = s3.get_bucket_notification_configuration(Bucket=bucket)["LambdaFunctionConfigurations"][0]
    assert configuration["LambdaFunctionArn"] == arn and configuration["Id"]


def test_configuration_is_checked(s3, queue, region, account):
    bucket = make_bucket(s3)

    def code(*rules, kind="QueueConfigurations", **more):
        configuration = {kind: list(rules)}
        return code_of(
            s3.put_bucket_notification_configuration, Bucket=bucket, NotificationConfiguration=configuration, **more
        )

    missing = f"arn:aws:sqs:{region}:{account}:nothing"
    good = {"QueueArn": queue.arn, "Events": ["s3:ObjectCreated:*"]}
    assert code({"QueueArn": missing, "Events": ["s3:ObjectCreated:*"]}) == "InvalidArgument"
    assert code({"QueueArn": queue.arn, "Events": ["s3:ObjectEaten"]}) == "InvalidArgument"
    assert code({"QueueArn": "queue", "Events": ["s3:ObjectCreated:*"]}) == "InvalidArgument"
    assert code({**good, "Filter": {"Key": {"FilterRules": [{"Name": "middle", "Value": "x"}]}}}) == "InvalidArgument"
    assert code({**good, "Filter": {"Key": {"FilterRules": [{"Name": "prefix"}]}}}) == "MalformedXML"
    assert code({**good, "Filter": {"Key": {"FilterRules": [{"Value": "x"}]}}}) == "MalformedXML"
    assert code(good, {**good, "Events": ["s3:ObjectCreated:Put"]}) == "InvalidArgument"
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={"QueueConfigurations": [{"QueueArn": missing, "Events": ["s3:ObjectCreated:*"]}]},
        SkipDestinationValidation=True,
    )
    s3.put_object(Bucket=bucket, Key="k")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)


@pytest.mark.parametrize(
    "kind, member, element",
    [
        ("QueueConfigurations", "QueueArn", "Queue"),
        ("TopicConfigurations", "TopicArn", "Topic"),
        ("LambdaFunctionConfigurations", "LambdaFunctionArn", "CloudFunction"),
    ],
)
def test_what_is_no_arn_is_named_by_its_element(s3, kind, member, element):
    error = error_of(
        s3.put_bucket_notification_configuration,
        Bucket=make_bucket(s3),
        NotificationConfiguration={kind: [{member: "nonsense", "Events": ["s3:ObjectCreated:*"]}]},
    )
    assert error["Code"] == "InvalidArgument" and error["Message"] == "The ARN could not be parsed"
    assert error["ArgumentName"] == element and error["ArgumentValue"] == "nonsense"


def test_all_destinations_that_are_not_there_are_named(s3, region, account):
    arns = [f"arn:aws:sqs:{region}:{account}:missing-{i}" for i in range(2)]
    rules = [
        {"QueueArn": arns[0], "Events": ["s3:ObjectCreated:*"]},
        {"QueueArn": arns[1], "Events": ["s3:ObjectRemoved:*"]},
    ]
    error = error_of(
        s3.put_bucket_notification_configuration,
        Bucket=make_bucket(s3),
        NotificationConfiguration={"QueueConfigurations": rules},
    )
    assert [error["ArgumentName1"], error["ArgumentName2"]] == arns
    assert error["ArgumentValue1"] == error["ArgumentValue2"] == "The destination queue does not exist"


def test_names_of_filter_rules_come_back_in_one_spelling(s3, queue):
    bucket = make_bucket(s3)
    rules = [{"Name": "PREFIX", "Value": "in/"}, {"Name": "suffix", "Value": ""}]
    notify_queue(s3, bucket, queue, ["s3:ObjectCreated:*"], Filter={"Key": {"FilterRules": rules}})
    kept = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"][0]["Filter"]["Key"]
    assert kept["FilterRules"] == [{"Name": "Prefix", "Value": "in/"}, {"Name": "Suffix", "Value": ""}]
