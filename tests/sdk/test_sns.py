"""Topics, their attributes, tags and policies; subscriptions and theirs; phones and platform applications."""

import json
import re

import boto3
import pytest
from botocore.exceptions import ClientError

from sns_kit import get, make_queue


@pytest.fixture
def sns(client):
    return client("sns")


@pytest.fixture
def topic(sns):
    return sns.create_topic(Name="news")["TopicArn"]


def refused(call, words, code="InvalidParameter", **arguments):
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    assert failure.value.response["Error"] == {"Code": code, "Message": words, "Type": "Sender"}


# --- topics ---


def test_topics(sns, account):
    arn = sns.create_topic(Name="news", Attributes={"DisplayName": "News"}, Tags=[{"Key": "a", "Value": "1"}])["TopicArn"]
    assert arn == f"arn:aws:sns:us-east-1:{account}:news"
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert json.loads(attributes.pop("EffectiveDeliveryPolicy")) == {
        "http": {
            "defaultHealthyRetryPolicy": {
                "minDelayTarget": 20,
                "maxDelayTarget": 20,
                "numRetries": 3,
                "numMaxDelayRetries": 0,
                "numNoDelayRetries": 0,
                "numMinDelayRetries": 0,
                "backoffFunction": "linear",
            },
            "disableSubscriptionOverrides": False,
            "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
        }
    }
    policy = json.loads(attributes.pop("Policy"))
    assert policy["Id"] == "__default_policy_ID" and policy["Statement"][0]["Resource"] == arn
    assert attributes == {
        "TopicArn": arn,
        "Owner": account,
        "DisplayName": "News",
        "SubscriptionsPending": "0",
        "SubscriptionsConfirmed": "0",
        "SubscriptionsDeleted": "0",
    }
    assert sns.create_topic(Name="news")["TopicArn"] == arn
    assert sns.create_topic(Name="news", Attributes={"DisplayName": "News"})["TopicArn"] == arn
    same = "Invalid parameter: Attributes Reason: Topic already exists with different attributes"
    refused(sns.create_topic, same, Name="news", Attributes={"DisplayName": "Old"})
    other = "Invalid parameter: Tags Reason: Topic already exists with different tags"
    refused(sns.create_topic, other, Name="news", Tags=[{"Key": "a", "Value": "2"}])
    assert [topic["TopicArn"] for topic in sns.list_topics()["Topics"]] == [arn]
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    refused(sns.get_topic_attributes, "Topic does not exist", "NotFound", TopicArn=arn)
    assert sns.list_topics()["Topics"] == []


@pytest.mark.parametrize("name", ["", "a b", "a" * 257, "x.fifo"])
def test_topic_names(sns, name):
    refused(sns.create_topic, "Invalid parameter: Topic Name", Name=name)


def test_topic_arns(sns, topic):
    missing = "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"
    refused(sns.get_topic_attributes, missing, TopicArn="randomtopic")
    refused(sns.get_topic_attributes, "Invalid parameter: TopicArn", TopicArn=topic.replace("us-east-1", "eu-west-1"))


def test_fifo_topic(sns):
    arn = sns.create_topic(Name="n.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert attributes["FifoTopic"] == "true" and attributes["ContentBasedDeduplication"] == "false"
    refused(sns.create_topic, "Invalid parameter: Topic Name", Name="n", Attributes={"FifoTopic": "true"})


def test_topic_attributes(sns, topic):
    for name, value in [
        ("DisplayName", "x"),
        ("SignatureVersion", "2"),
        ("TracingConfig", "Active"),
        ("KmsMasterKeyId", "alias/aws/sns"),
        ("SQSSuccessFeedbackSampleRate", "100"),
    ]:
        sns.set_topic_attributes(TopicArn=topic, AttributeName=name, AttributeValue=value)
        assert sns.get_topic_attributes(TopicArn=topic)["Attributes"][name] == value
    refused(sns.set_topic_attributes, "Invalid parameter: AttributeName", TopicArn=topic, AttributeName="Colour", AttributeValue="x")
    refused(sns.set_topic_attributes, "Invalid parameter: AttributeName", TopicArn=topic, AttributeName="FifoTopic", AttributeValue="true")
    for name, value in [("Policy", "no json"), ("SignatureVersion", "3"), ("DeliveryPolicy", '{"http": 1}'), ("DeliveryPolicy", "{")]:
        with pytest.raises(ClientError, match="Invalid parameter"):
            sns.set_topic_attributes(TopicArn=topic, AttributeName=name, AttributeValue=value)


def test_listing_has_pages(sns):
    names = [f"t{i:03}" for i in range(101)]
    for name in names:
        sns.create_topic(Name=name)
    first = sns.list_topics()
    assert len(first["Topics"]) == 100
    second = sns.list_topics(NextToken=first["NextToken"])
    assert "NextToken" not in second
    found = [topic["TopicArn"].rsplit(":")[-1] for topic in first["Topics"] + second["Topics"]]
    assert found == names
    refused(sns.list_topics, "Invalid parameter: NextToken", NextToken="nonsense")


def test_tags(sns, topic):
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "3"}])
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "a", "Value": "3"}, {"Key": "b", "Value": "2"}]
    sns.untag_resource(ResourceArn=topic, TagKeys=["a", "x"])
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "b", "Value": "2"}]
    twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
    refused(sns.tag_resource, "Invalid parameter: Duplicated keys are not allowed.", ResourceArn=topic, Tags=twice)
    many = [{"Key": str(i), "Value": ""} for i in range(51)]
    words = "Could not complete request: tag quota of per resource exceeded"
    refused(sns.tag_resource, words, "TagLimitExceeded", ResourceArn=topic, Tags=many)
    refused(sns.list_tags_for_resource, "Resource does not exist", "ResourceNotFound", ResourceArn=topic + "x")


def test_permissions(sns, topic):
    sns.add_permission(TopicArn=topic, Label="one", AWSAccountId=["111122223333"], ActionName=["Publish"])
    sns.add_permission(TopicArn=topic, Label="two", AWSAccountId=["111122223333", "444455556666"], ActionName=["Publish", "Subscribe"])
    statements = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])["Statement"]
    assert statements[1:] == [
        {
            "Sid": "one",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": "SNS:Publish",
            "Resource": topic,
        },
        {
            "Sid": "two",
            "Effect": "Allow",
            "Principal": {"AWS": ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root"]},
            "Action": ["SNS:Publish", "SNS:Subscribe"],
            "Resource": topic,
        },
    ]
    call = {"TopicArn": topic, "Label": "one", "AWSAccountId": ["111122223333"], "ActionName": ["Publish"]}
    refused(sns.add_permission, "Invalid parameter: Statement already exists", **call)
    call.update(Label="three", ActionName=["NotExistingAction"])
    refused(sns.add_permission, "Invalid parameter: Policy statement action out of service scope!", **call)
    sns.remove_permission(TopicArn=topic, Label="one")
    statements = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])["Statement"]
    assert [statement["Sid"] for statement in statements] == ["__default_statement_ID", "two"]


def test_data_protection_policy(sns, topic):
    policy = json.dumps({"Name": "p", "Version": "2021-06-01", "Statement": []})
    assert "DataProtectionPolicy" not in sns.get_data_protection_policy(ResourceArn=topic)
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=policy)
    assert sns.get_data_protection_policy(ResourceArn=topic)["DataProtectionPolicy"] == policy


# --- subscriptions ---


def test_subscription(sns, topic, account):
    queue = f"arn:aws:sqs:us-east-1:{account}:q"
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]
    assert re.fullmatch(re.escape(topic) + ":[0-9a-f-]{36}", arn)
    assert sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)["SubscriptionArn"] == arn
    words = "Invalid parameter: Attributes Reason: Subscription already exists with different attributes"
    refused(sns.subscribe, words, TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"] == {
        "SubscriptionArn": arn,
        "TopicArn": topic,
        "Protocol": "sqs",
        "Endpoint": queue,
        "Owner": account,
        "PendingConfirmation": "false",
        "ConfirmationWasAuthenticated": "true",
        "RawMessageDelivery": "false",
        "SubscriptionPrincipal": f"arn:aws:iam::{account}:root",
    }
    expected = {"SubscriptionArn": arn, "Owner": account, "Protocol": "sqs", "Endpoint": queue, "TopicArn": topic}
    assert sns.list_subscriptions()["Subscriptions"] == [expected]
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == [expected]
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsConfirmed"] == "1"
    sns.unsubscribe(SubscriptionArn=arn)
    sns.unsubscribe(SubscriptionArn=arn)
    refused(sns.get_subscription_attributes, "Subscription does not exist", "NotFound", SubscriptionArn=arn)
    few = "Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1"
    refused(sns.unsubscribe, few, SubscriptionArn="randomstring")
    refused(sns.unsubscribe, "Invalid parameter: SubscriptionId", SubscriptionArn=topic)


@pytest.mark.parametrize(
    "protocol, target, words",
    [
        ("carrier-pigeon", "x", "Amazon SNS does not support this protocol string: carrier-pigeon"),
        ("http", "https://example.com", "Endpoint must match the specified protocol"),
        ("sqs", "q", "SQS endpoint ARN"),
        ("lambda", "f", "Lambda endpoint ARN"),
        ("email", "nobody", "Email address"),
    ],
)
def test_subscriptions_refused(sns, topic, protocol, target, words):
    refused(sns.subscribe, f"Invalid parameter: {words}", TopicArn=topic, Protocol=protocol, Endpoint=target)


def test_phone_numbers_of_subscriptions(sns, topic):
    assert sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+15/55-123.4567")["SubscriptionArn"]
    for number in ["NAA+15551234567", "+15--551234567", "/+15551234567", "+15551234567."]:
        refused(sns.subscribe, f"Invalid SMS endpoint: {number}", TopicArn=topic, Protocol="sms", Endpoint=number)


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("Colour", "red", "AttributeName"),
        ("RawMessageDelivery", "maybe", "RawMessageDelivery: Invalid value [maybe]. Must be true or false."),
        ("FilterPolicyScope", "Both", "FilterPolicyScope: Invalid value [Both]. Please use either MessageBody or MessageAttributes"),
        ("RedrivePolicy", '{"deadLetterTargetArn": "x"}', "RedrivePolicy: deadLetterTargetArn is an invalid arn"),
        (
            "FilterPolicy",
            '{"key":[{"wrong-operator":true}]}',
            "FilterPolicy: Unrecognized match type wrong-operator\n"
            ' at [Source: (String)"{"key":[{"wrong-operator":true}]}"; line: 1, column: 31]',
        ),
        ("FilterPolicy", '{"a":[1],"b":[1],"c":[1],"d":[1],"e":[1],"f":[1]}', "FilterPolicy: Filter policy can not have more than 5 keys"),
        ("FilterPolicy", json.dumps({"a": list(range(151))}), "FilterPolicy: Filter policy is too complex"),
    ],
)
def test_subscription_attributes_refused(sns, topic, account, name, value, words):
    queue = f"arn:aws:sqs:us-east-1:{account}:q"
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]
    refused(sns.set_subscription_attributes, f"Invalid parameter: {words}", SubscriptionArn=arn, AttributeName=name, AttributeValue=value)
    words = f"Invalid parameter: Attributes Reason: {words}"
    refused(sns.subscribe, words, TopicArn=topic, Protocol="sqs", Endpoint=queue + "2", Attributes={name: value})


def test_nested_policies_need_the_body(sns, topic, account):
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{account}:q")["SubscriptionArn"]
    nested = json.dumps({"a": {"b": ["x"]}})

    def put(name, value):
        return {"SubscriptionArn": arn, "AttributeName": name, "AttributeValue": value}

    words = "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy"
    refused(sns.set_subscription_attributes, words, **put("FilterPolicy", nested))
    sns.set_subscription_attributes(**put("FilterPolicyScope", "MessageBody"))
    assert "FilterPolicyScope" not in sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    sns.set_subscription_attributes(**put("FilterPolicy", nested))
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert attributes["FilterPolicy"] == nested and attributes["FilterPolicyScope"] == "MessageBody"
    refused(sns.set_subscription_attributes, words, **put("FilterPolicyScope", "MessageAttributes"))
    sns.set_subscription_attributes(**put("FilterPolicy", ""))
    assert "FilterPolicy" not in sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]


def test_delivery_policies(sns, topic):
    arn = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://127.0.0.1:9/", ReturnSubscriptionArn=True)["SubscriptionArn"]
    policy = {"http": {"defaultHealthyRetryPolicy": {"minDelayTarget": 5, "maxDelayTarget": 9, "numRetries": 7}}}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DeliveryPolicy", AttributeValue=json.dumps(policy))
    effective = json.loads(sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["EffectiveDeliveryPolicy"])
    assert effective["healthyRetryPolicy"]["numRetries"] == 7
    own = {"healthyRetryPolicy": {"numRetries": 1}, "throttlePolicy": {"maxReceivesPerSecond": 10}}
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="DeliveryPolicy", AttributeValue=json.dumps(own))
    effective = json.loads(sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["EffectiveDeliveryPolicy"])
    assert effective["healthyRetryPolicy"]["numRetries"] == 1
    assert effective["throttlePolicy"] == {"maxReceivesPerSecond": 10}
    wrong = {"healthyRetryPolicy": {"minDelayTarget": 30, "maxDelayTarget": 20}}
    with pytest.raises(ClientError, match="minDelayTarget"):
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="DeliveryPolicy", AttributeValue=json.dumps(wrong))


# --- phones ---


def test_sms_attributes(sns):
    assert sns.get_sms_attributes()["attributes"] == {"MonthlySpendLimit": "1"}
    sns.set_sms_attributes(attributes={"DefaultSMSType": "Transactional", "DefaultSenderID": "cadabra"})
    assert sns.get_sms_attributes(attributes=["DefaultSMSType"])["attributes"] == {"DefaultSMSType": "Transactional"}
    refused(sns.set_sms_attributes, "DefaultSMSType is invalid", attributes={"DefaultSMSType": "Loud"})
    refused(sns.set_sms_attributes, "Colour is not a valid attribute", attributes={"Colour": "red"})


def test_opting_out(sns, account, endpoint):
    number = "+15551230001"
    opt_out = {"phoneNumber": number, "accountId": account, "region": "us-east-1"}
    assert get(f"{endpoint}/_aws/sns/phone-opt-outs", "POST", opt_out)[0] == 204
    assert sns.check_if_phone_number_is_opted_out(phoneNumber=number)["isOptedOut"] is True
    assert sns.list_phone_numbers_opted_out()["phoneNumbers"] == [number]
    sns.publish(PhoneNumber=number, Message="unwanted")
    inbox = f"{endpoint}/_aws/sns/sms-messages?accountId={account}"
    assert get(inbox)[1]["sms_messages"] == {}
    sns.opt_in_phone_number(phoneNumber=number)
    assert sns.check_if_phone_number_is_opted_out(phoneNumber=number)["isOptedOut"] is False
    sns.publish(PhoneNumber=number, Message="welcome")
    assert list(get(inbox)[1]["sms_messages"]) == [number]
    words = "Invalid parameter: PhoneNumber Reason: input incorrectly formatted"
    refused(sns.check_if_phone_number_is_opted_out, words, phoneNumber="+44454invalid")


def test_sandbox(sns, account, endpoint):
    number = "+15551230002"
    assert sns.get_sms_sandbox_account_status()["IsInSandbox"] is False
    sns.create_sms_sandbox_phone_number(PhoneNumber=number)
    assert sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"] == [{"PhoneNumber": number, "Status": "Pending"}]
    [message] = get(f"{endpoint}/_aws/sns/sms-messages?accountId={account}")[1]["sms_messages"][number]
    code = re.search(r"\d{6}", message["Message"])[0]
    wrong = "000000" if code != "000000" else "111111"
    with pytest.raises(sns.exceptions.VerificationException) as failure:
        sns.verify_sms_sandbox_phone_number(PhoneNumber=number, OneTimePassword=wrong)
    assert failure.value.response["Status"] == "INVALID"
    sns.verify_sms_sandbox_phone_number(PhoneNumber=number, OneTimePassword=code)
    assert sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"] == [{"PhoneNumber": number, "Status": "Verified"}]
    sns.delete_sms_sandbox_phone_number(PhoneNumber=number)
    refused(sns.delete_sms_sandbox_phone_number, "The phone number does not exist", "ResourceNotFound", PhoneNumber=number)
    assert sns.list_origination_numbers()["PhoneNumbers"] == []


# --- apps ---


def test_platform_applications(sns, account):
    secret = {"PlatformCredential": "c", "PlatformPrincipal": "p"}
    arn = sns.create_platform_application(Name="app", Platform="APNS", Attributes=secret)["PlatformApplicationArn"]
    assert arn == f"arn:aws:sns:us-east-1:{account}:app/APNS/app"
    assert sns.get_platform_application_attributes(PlatformApplicationArn=arn)["Attributes"] == {"Enabled": "true"}
    topic = f"arn:aws:sns:us-east-1:{account}:t"
    sns.set_platform_application_attributes(PlatformApplicationArn=arn, Attributes={"EventEndpointCreated": topic})
    assert sns.list_platform_applications()["PlatformApplications"] == [
        {"PlatformApplicationArn": arn, "Attributes": {"Enabled": "true", "EventEndpointCreated": topic}}
    ]
    words = "Invalid parameter: Platform Reason: Palm is not supported"
    refused(sns.create_platform_application, words, Name="a", Platform="Palm", Attributes=secret)
    words = "Invalid parameter: @a Reason: must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'"
    refused(sns.create_platform_application, words, Name="@a", Platform="APNS", Attributes=secret)
    sns.delete_platform_application(PlatformApplicationArn=arn)
    refused(
        sns.get_platform_application_attributes, "PlatformApplication does not exist", "NotFound", PlatformApplicationArn=arn
    )


def test_endpoints(sns):
    app = sns.create_platform_application(Name="app", Platform="GCM", Attributes={"PlatformCredential": "c"})["PlatformApplicationArn"]
    make = {"PlatformApplicationArn": app, "Token": "t1", "CustomUserData": "me"}
    arn = sns.create_platform_endpoint(**make)["EndpointArn"]
    assert sns.create_platform_endpoint(**make)["EndpointArn"] == arn
    words = f"Invalid parameter: Token Reason: Endpoint {arn} already exists with the same Token, but different attributes."
    refused(sns.create_platform_endpoint, words, PlatformApplicationArn=app, Token="t1", Attributes={"Enabled": "false"})
    expected = {"Enabled": "true", "Token": "t1", "CustomUserData": "me"}
    assert sns.get_endpoint_attributes(EndpointArn=arn)["Attributes"] == expected
    sns.set_endpoint_attributes(EndpointArn=arn, Attributes={"Token": "t2"})
    assert sns.create_platform_endpoint(**make)["EndpointArn"] != arn
    endpoints = sns.list_endpoints_by_platform_application(PlatformApplicationArn=app)["Endpoints"]
    assert [endpoint["Attributes"]["Token"] for endpoint in endpoints] == ["t2", "t1"]
    words = "Invalid parameter: Attributes Reason: Invalid attribute name: Colour"
    refused(sns.set_endpoint_attributes, words, EndpointArn=arn, Attributes={"Colour": "red"})
    sns.delete_endpoint(EndpointArn=arn)
    sns.delete_endpoint(EndpointArn=arn)
    topic = sns.create_topic(Name="news")["TopicArn"]
    words = f"Invalid parameter: Endpoint Reason: Endpoint does not exist for endpoint arn{arn}"
    refused(sns.subscribe, words, TopicArn=topic, Protocol="application", Endpoint=arn)
    refused(sns.get_endpoint_attributes, "Endpoint does not exist", "NotFound", EndpointArn=arn)


def test_cli(aws):
    arn = aws("sns", "create-topic", "--name", "by-cli")["TopicArn"]
    assert aws("sns", "publish", "--topic-arn", arn, "--message", "hello")["MessageId"]
    assert aws("sns", "list-topics")["Topics"] == [{"TopicArn": arn}]


def test_subscribing_again(sns, client):
    topic = sns.create_topic(Name="again")["TopicArn"]
    arn = make_queue(client("sqs"), "q")[1]

    def subscribe(**attributes):
        return sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)["SubscriptionArn"]

    first = subscribe(RawMessageDelivery="True")
    for attributes in ({}, {"RawMessageDelivery": "true"}, {"FilterPolicyScope": "MessageAttributes"}, {"FilterPolicy": ""}):
        assert subscribe(**attributes) == first
    for attributes in ({"RawMessageDelivery": "false"}, {"FilterPolicyScope": "MessageBody"}):
        with pytest.raises(ClientError, match="Subscription already exists with different attributes"):
            subscribe(**attributes)


def test_delivery_policy_is_told_with_all_members(sns):
    topic = sns.create_topic(Name="t")["TopicArn"]
    given = json.dumps({"requestPolicy": {"headerContentType": "text/csv"}})
    arn = sns.subscribe(
        TopicArn=topic, Protocol="http", Endpoint="http://127.0.0.1:9/", Attributes={"DeliveryPolicy": given},
        ReturnSubscriptionArn=True
    )["SubscriptionArn"]  # fmt: skip
    told = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert json.loads(told["DeliveryPolicy"]) == {
        "healthyRetryPolicy": None, "sicklyRetryPolicy": None, "throttlePolicy": None,
        "requestPolicy": {"headerContentType": "text/csv"}, "guaranteed": False}  # fmt: skip
    assert json.loads(told["EffectiveDeliveryPolicy"])["healthyRetryPolicy"]["numRetries"] == 3


def test_principal_of_a_subscription(client, endpoint, account):
    iam, sqs = client("iam"), client("sqs")
    user = iam.create_user(UserName="anna")["User"]["Arn"]
    key = iam.create_access_key(UserName="anna")["AccessKey"]
    anna = boto3.client("sns", endpoint_url=endpoint, region_name="us-east-1",
                        aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])  # fmt: skip
    topic = anna.create_topic(Name="t")["TopicArn"]
    arn = anna.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=make_queue(sqs, "q")[1])["SubscriptionArn"]
    told = client("sns").get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert told["SubscriptionPrincipal"] == user
