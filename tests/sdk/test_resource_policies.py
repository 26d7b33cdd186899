"""Policies of queues and topics: who may use them, and which services may send to them."""

import json

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from server import Server
from sns_kit import make_queue, nothing_more, receive


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("strict") / "data", "--auth=enforce")
    yield server
    server.stop()


@pytest.fixture
def enforced(strict, account):
    """Clients of this test's account at a server with --auth=enforce."""
    return lambda service, key=account, secret="test": connect(strict.endpoint, service, key, secret)


@pytest.fixture
def other(endpoint, account):
    """Clients of another account at the usual server."""
    stranger = str(10**11 + (int(account) + 1) % (9 * 10**11))
    return lambda service: connect(endpoint, service, stranger)


def connect(endpoint, service, key, secret="test"):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"max_attempts": 1}),
    )


def refused(call, **arguments):
    with pytest.raises(ClientError) as e:
        call(**arguments)
    return e.value.response


def policy(principal, action, resource, condition=None, effect="Allow"):
    statement = {"Effect": effect, "Principal": principal, "Action": action, "Resource": resource}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def from_source(arn):
    return {"ArnEquals": {"aws:SourceArn": arn}}


def let_in(sqs, url, arn, service, source):
    document = policy({"Service": f"{service}.amazonaws.com"}, "sqs:SendMessage", arn, from_source(source))
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})


# --- SNS to SQS ---


def deliver(sns, sqs, queue, dead):
    """Publishes to a topic that one queue has subscribed: the topic's ARN."""
    topic = sns.create_topic(Name="news")["TopicArn"]
    attributes = {"RawMessageDelivery": "true", "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=attributes)
    sns.publish(TopicArn=topic, Message="1")
    return topic


def test_enforced_delivery_needs_the_policy_of_the_queue(enforced):
    sns, sqs = enforced("sns"), enforced("sqs")
    (url, arn), (dead_url, dead_arn) = make_queue(sqs, "q"), make_queue(sqs, "dead")
    let_in(sqs, dead_url, dead_arn, "sns", f"{arn.rsplit(':', 1)[0].replace('sqs', 'sns')}:news")
    topic = deliver(sns, sqs, arn, dead_arn)
    [dead] = receive(sqs, dead_url, 1)
    assert dead["Body"] == "1"
    let_in(sqs, url, arn, "sns", topic + "-not")
    sns.publish(TopicArn=topic, Message="2")
    assert receive(sqs, dead_url, 1)[0]["Body"] == "2"
    let_in(sqs, url, arn, "sns", topic)
    sns.publish(TopicArn=topic, Message="3")
    assert receive(sqs, url, 1)[0]["Body"] == "3"
    assert nothing_more(sqs, dead_url)


def test_enforced_dead_letters_need_a_policy_too(enforced):
    sns, sqs = enforced("sns"), enforced("sqs")
    (url, arn), (dead_url, dead_arn) = make_queue(sqs, "q"), make_queue(sqs, "dead")
    topic = deliver(sns, sqs, arn, dead_arn)
    let_in(sqs, dead_url, dead_arn, "sns", topic)
    sns.publish(TopicArn=topic, Message="2")
    assert [message["Body"] for message in receive(sqs, dead_url, 1)] == ["2"]
    assert nothing_more(sqs, dead_url)


def test_own_queue_needs_no_policy(client):
    sns, sqs = client("sns"), client("sqs")
    (url, arn), (_, dead_arn) = make_queue(sqs, "q"), make_queue(sqs, "dead")
    deliver(sns, sqs, arn, dead_arn)
    assert receive(sqs, url, 1)[0]["Body"] == "1"


def test_queue_of_another_account_needs_one(client, other):
    sns, sqs, theirs = client("sns"), client("sqs"), other("sqs")
    (url, arn), (dead_url, dead_arn) = make_queue(theirs, "q"), make_queue(sqs, "dead")
    topic = deliver(sns, sqs, arn, dead_arn)
    assert receive(sqs, dead_url, 1)[0]["Body"] == "1"
    let_in(theirs, url, arn, "sns", topic)
    sns.publish(TopicArn=topic, Message="2")
    assert receive(theirs, url, 1)[0]["Body"] == "2"


# --- S3 to SQS and SNS ---


def notify(s3, bucket, kind, arn):
    configuration = {f"{kind}Configurations": [{f"{kind}Arn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    return {"Bucket": bucket, "NotificationConfiguration": configuration}


@pytest.mark.parametrize("kind", ["Queue", "Topic"])
def test_enforced_notification_needs_a_policy(enforced, account, kind):
    s3, sns, sqs = enforced("s3"), enforced("sns"), enforced("sqs")
    bucket = f"b-{kind.lower()}-{account}"
    s3.create_bucket(Bucket=bucket)
    url, arn = make_queue(sqs, "q")
    topic = sns.create_topic(Name="news")["TopicArn"]
    target = arn if kind == "Queue" else topic
    error = refused(s3.put_bucket_notification_configuration, **notify(s3, bucket, kind, target))["Error"]
    assert error["Code"] == "InvalidArgument"
    assert error["Message"] == "Unable to validate the following destination configurations"
    assert error["ArgumentName1"] == target
    assert error["ArgumentValue1"] == (
        f"Permissions on the destination {kind.lower()} do not allow S3 to publish notifications from this bucket"
    )
    if kind == "Queue":
        let_in(sqs, url, arn, "s3", f"arn:aws:s3:::{bucket}")
    else:
        allowed = policy({"Service": "s3.amazonaws.com"}, "sns:Publish", topic, from_source(f"arn:aws:s3:::{bucket}"))
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=allowed)
        let_in(sqs, url, arn, "sns", topic)
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    s3.put_bucket_notification_configuration(**notify(s3, bucket, kind, target))
    assert "s3:TestEvent" in receive(sqs, url, 1)[0]["Body"]
    s3.put_object(Bucket=bucket, Key="k")
    assert "ObjectCreated:Put" in receive(sqs, url, 1)[0]["Body"]


def test_notification_to_another_account_needs_a_policy(client, other, account):
    s3, theirs = client("s3"), other("sqs")
    s3.create_bucket(Bucket=f"b-{account}")
    url, arn = make_queue(theirs, "q")
    wanted = notify(s3, f"b-{account}", "Queue", arn)
    assert refused(s3.put_bucket_notification_configuration, **wanted)["Error"]["Code"] == "InvalidArgument"
    let_in(theirs, url, arn, "s3", f"arn:aws:s3:::b-{account}")
    s3.put_bucket_notification_configuration(**wanted)
    assert "s3:TestEvent" in receive(theirs, url, 1)[0]["Body"]


# --- requests ---


def test_another_account_needs_the_policy_of_the_queue(client, other, account):
    sqs, theirs = client("sqs"), other("sqs")
    url, arn = make_queue(sqs, "q")
    answer = refused(theirs.send_message, QueueUrl=url, MessageBody="x")
    stranger = theirs._request_signer._credentials.access_key
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert answer["Error"]["Code"] == "AccessDenied"
    assert answer["Error"]["Message"] == (
        f"User: arn:aws:iam::{stranger}:root is not authorized to perform: sqs:sendmessage on resource: {arn} "
        "because no resource-based policy allows the sqs:sendmessage action"
    )
    error = refused(theirs.get_queue_url, QueueName="q", QueueOwnerAWSAccountId=account)["Error"]
    assert error["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert error["Message"] == "The specified queue does not exist or you do not have access to it."
    sqs.add_permission(QueueUrl=url, Label="them", AWSAccountIds=[stranger], Actions=["SendMessage", "GetQueueUrl"])
    assert theirs.get_queue_url(QueueName="q", QueueOwnerAWSAccountId=account)["QueueUrl"] == url
    theirs.send_message(QueueUrl=url, MessageBody="x")
    theirs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "y"}])
    assert refused(theirs.receive_message, QueueUrl=url)["Error"]["Code"] == "AccessDenied"
    receive(sqs, url, 2)


def test_what_other_accounts_can_not_be_let_do(client, other):
    sqs, theirs = client("sqs"), other("sqs")
    url, arn = make_queue(sqs, "q")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy("*", "sqs:*", arn)})
    theirs.send_message(QueueUrl=url, MessageBody="x")
    theirs.purge_queue(QueueUrl=url)
    for call, arguments in (
        (theirs.delete_queue, {}),
        (theirs.set_queue_attributes, {"Attributes": {"DelaySeconds": "1"}}),
        (theirs.tag_queue, {"Tags": {"a": "b"}}),
        (theirs.add_permission, {"Label": "l", "AWSAccountIds": ["123456789012"], "Actions": ["*"]}),
    ):
        assert refused(call, QueueUrl=url, **arguments)["Error"]["Code"] == "AccessDenied"


def test_enforced_users_need_policies(enforced, account):
    iam, sns, sqs = enforced("iam"), enforced("sns"), enforced("sqs")
    iam.create_user(UserName="anna")
    key = iam.create_access_key(UserName="anna")["AccessKey"]
    anna_sqs = enforced("sqs", key["AccessKeyId"], key["SecretAccessKey"])
    anna_sns = enforced("sns", key["AccessKeyId"], key["SecretAccessKey"])
    url, arn = make_queue(sqs, "q")
    topic = sns.create_topic(Name="news")["TopicArn"]
    # AWS: the policy that a topic has at first lets all users of the account in.
    anna_sns.publish(TopicArn=topic, Message="x")
    service = policy({"Service": "s3.amazonaws.com"}, "sns:Publish", topic)
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=service)
    sns.publish(TopicArn=topic, Message="root may")
    error = refused(anna_sqs.send_message, QueueUrl=url, MessageBody="x")["Error"]
    assert error["Code"] == "AccessDenied"
    assert error["Message"].endswith("because no identity-based policy allows the sqs:sendmessage action")
    error = refused(anna_sns.publish, TopicArn=topic, Message="x")["Error"]
    assert error["Code"] == "AuthorizationError"
    statement = {"Effect": "Allow", "Action": ["sqs:SendMessage", "sns:Publish"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="anna", PolicyName="own", PolicyDocument=document)
    anna_sqs.send_message(QueueUrl=url, MessageBody="x")
    anna_sns.publish(TopicArn=topic, Message="x")
    denied = policy({"AWS": f"arn:aws:iam::{account}:user/anna"}, "sqs:SendMessage", arn, effect="Deny")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": denied})
    error = refused(anna_sqs.send_message, QueueUrl=url, MessageBody="x")["Error"]
    assert error["Message"].endswith("with an explicit deny in a resource-based policy")
    sqs.send_message(QueueUrl=url, MessageBody="root may")
