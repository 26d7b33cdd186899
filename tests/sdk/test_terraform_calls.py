"""The calls that Terraform's AWS provider makes: to create a resource, to wait until what it reads is what it wrote,
to refresh it, and to wait until it is gone. Where the provider looks for a code, a status or an equality, so do these."""

import base64
import io
import json

import pytest

from firehose_kit import until
from lambda_kit import package
from s3_kit import bucket_name, code_of, make_bucket, refused

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
TAGS = {"Name": "orders", "Owner": ""}


def pairs(tags, key="Key", value="Value"):
    return [{key: k, value: v} for k, v in tags.items()]


def dictionary(tags, key="Key", value="Value"):
    return {t[key]: t[value] for t in tags}


@pytest.fixture
def s3(client):
    return client("s3")


@pytest.fixture
def role(client):
    iam = client("iam")
    name = bucket_name()
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]


def test_provider_configuration(client, account):
    """The account of all ARNs that the provider makes up itself."""
    who = client("sts").get_caller_identity()
    assert (who["Account"], who["Arn"].split(":")[1]) == (account, "aws")


# What a refresh of aws_s3_bucket asks, and the code by which the provider knows that there is nothing.
NOTHING = {
    "get_bucket_policy": "NoSuchBucketPolicy",
    "get_bucket_cors": "NoSuchCORSConfiguration",
    "get_bucket_website": "NoSuchWebsiteConfiguration",
    "get_bucket_lifecycle_configuration": "NoSuchLifecycleConfiguration",
    "get_bucket_replication": "ReplicationConfigurationNotFoundError",
    "get_object_lock_configuration": "ObjectLockConfigurationNotFoundError",
    "get_bucket_tagging": "NoSuchTagSet",
}
DEFAULTS = {
    "get_bucket_acl": ("Grants", 0, "Permission", "FULL_CONTROL"),
    "get_bucket_request_payment": ("Payer", "BucketOwner"),
    "get_bucket_encryption": (
        "ServerSideEncryptionConfiguration", "Rules", 0, "ApplyServerSideEncryptionByDefault", "SSEAlgorithm", "AES256",
    ),
    "get_public_access_block": ("PublicAccessBlockConfiguration", "RestrictPublicBuckets", True),
    "get_bucket_ownership_controls": ("OwnershipControls", "Rules", 0, "ObjectOwnership", "BucketOwnerEnforced"),
}  # fmt: skip
EMPTY = {
    "get_bucket_versioning": "Status",
    "get_bucket_accelerate_configuration": "Status",
    "get_bucket_logging": "LoggingEnabled",
}


def test_a_bucket_and_its_refresh(s3):
    name = bucket_name()
    assert refused(s3.head_bucket, Bucket=name)[:2] == ("404", 404)
    s3.create_bucket(Bucket=name)
    assert s3.head_bucket(Bucket=name)["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == "us-east-1"
    for call, code in NOTHING.items():
        assert code_of(getattr(s3, call), Bucket=name) == code, call
    for call, path in DEFAULTS.items():
        value = getattr(s3, call)(Bucket=name)
        for step in path[:-1]:
            value = value[step]
        assert value == path[-1], call
    for call, member in EMPTY.items():
        assert member not in getattr(s3, call)(Bucket=name), call
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs(TAGS)})
    assert dictionary(s3.get_bucket_tagging(Bucket=name)["TagSet"]) == TAGS
    s3.delete_bucket_tagging(Bucket=name)
    s3.delete_bucket(Bucket=name)
    assert refused(s3.head_bucket, Bucket=name)[:2] == ("404", 404)
    for call in [*NOTHING, *DEFAULTS, *EMPTY]:
        assert code_of(getattr(s3, call), Bucket=name) == "NoSuchBucket", call
    assert code_of(s3.delete_bucket, Bucket=name) == "NoSuchBucket"


def test_a_bucket_is_emptied_by_force(s3):
    name = make_bucket(s3, ObjectLockEnabledForBucket=True)
    assert s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"] == {"ObjectLockEnabled": "Enabled"}
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    for _ in range(2):
        s3.put_object(Bucket=name, Key="a//b", Body=b"x")
    s3.delete_object(Bucket=name, Key="a//b")
    assert code_of(s3.delete_bucket, Bucket=name) == "BucketNotEmpty"
    found = s3.list_object_versions(Bucket=name)
    for kind in ("Versions", "DeleteMarkers"):
        objects = [{"Key": o["Key"], "VersionId": o["VersionId"]} for o in found[kind]]
        answer = s3.delete_objects(
            Bucket=name, Delete={"Objects": objects, "Quiet": True}, BypassGovernanceRetention=True
        )
        assert "Errors" not in answer
    s3.delete_bucket(Bucket=name)


def bucket_parts():
    """The resources beside aws_s3_bucket: what is put, where it is read back, how it is removed, what is read then."""
    return {
        "versioning": (
            "put_bucket_versioning", "VersioningConfiguration", {"Status": "Enabled"},
            "get_bucket_versioning", (), None, None,
        ),
        "cors": (
            "put_bucket_cors", "CORSConfiguration",
            {"CORSRules": [{"ID": "r", "AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://a.test", "*"],
                            "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 3000}]},
            "get_bucket_cors", (), "delete_bucket_cors", "NoSuchCORSConfiguration",
        ),
        "website": (
            "put_bucket_website", "WebsiteConfiguration",
            {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"},
             "RoutingRules": [{"Condition": {"KeyPrefixEquals": "docs/"},
                               "Redirect": {"ReplaceKeyPrefixWith": "documents/"}}]},
            "get_bucket_website", (), "delete_bucket_website", "NoSuchWebsiteConfiguration",
        ),
        "public_access_block": (
            "put_public_access_block", "PublicAccessBlockConfiguration",
            {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": True,
             "RestrictPublicBuckets": False},
            "get_public_access_block", ("PublicAccessBlockConfiguration",), "delete_public_access_block",
            "NoSuchPublicAccessBlockConfiguration",
        ),
        "ownership_controls": (
            "put_bucket_ownership_controls", "OwnershipControls",
            {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
            "get_bucket_ownership_controls", ("OwnershipControls",), "delete_bucket_ownership_controls",
            "OwnershipControlsNotFoundError",
        ),
        "encryption": (
            "put_bucket_encryption", "ServerSideEncryptionConfiguration",
            {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": True}]},
            "get_bucket_encryption", ("ServerSideEncryptionConfiguration",), None, None,
        ),
        "request_payment": (
            "put_bucket_request_payment", "RequestPaymentConfiguration", {"Payer": "Requester"},
            "get_bucket_request_payment", (), None, None,
        ),
        "accelerate": (
            "put_bucket_accelerate_configuration", "AccelerateConfiguration", {"Status": "Enabled"},
            "get_bucket_accelerate_configuration", (), None, None,
        ),
        "notification": (
            "put_bucket_notification_configuration", "NotificationConfiguration", {"EventBridgeConfiguration": {}},
            "get_bucket_notification_configuration", (), None, None,
        ),
    }  # fmt: skip


PARTS = sorted(bucket_parts())


def plain(answer):
    return {k: v for k, v in answer.items() if k != "ResponseMetadata"}


@pytest.mark.parametrize("part", PARTS)
def test_parts_of_a_bucket_are_read_as_written(s3, part):
    name = make_bucket(s3)
    put, member, value, get, path, delete, code = bucket_parts()[part]
    getattr(s3, put)(Bucket=name, **{member: value})
    found = plain(getattr(s3, get)(Bucket=name))
    for step in path:
        found = found[step]
    assert found == value
    if delete:
        getattr(s3, delete)(Bucket=name)
        assert code_of(getattr(s3, get), Bucket=name) == code
        getattr(s3, delete)(Bucket=name)


def test_lifecycle_rules_are_waited_for(s3):
    name = make_bucket(s3)
    rules = [
        {
            "ID": "all",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Expiration": {"Days": 365},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 2},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        },
        {
            "ID": "logs",
            "Status": "Disabled",
            "Filter": {"And": {"Prefix": "logs/", "Tags": pairs({"a": "b"}), "ObjectSizeGreaterThan": 500}},
            "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 90, "StorageClass": "GLACIER"}],
        },
    ]
    answer = s3.put_bucket_lifecycle_configuration(
        Bucket=name,
        LifecycleConfiguration={"Rules": rules},
        TransitionDefaultMinimumObjectSize="all_storage_classes_128K",
    )
    assert answer["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    found = s3.get_bucket_lifecycle_configuration(Bucket=name)
    assert (found["Rules"], found["TransitionDefaultMinimumObjectSize"]) == (rules, "all_storage_classes_128K")
    s3.delete_bucket_lifecycle(Bucket=name)
    assert code_of(s3.get_bucket_lifecycle_configuration, Bucket=name) == "NoSuchLifecycleConfiguration"


def test_a_policy_is_waited_for(s3, account):
    name = make_bucket(s3)
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "1", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                       "Action": "s3:*", "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]}],
    }  # fmt: skip
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    assert json.loads(s3.get_bucket_policy(Bucket=name)["Policy"]) == policy
    s3.delete_bucket_policy(Bucket=name)
    assert code_of(s3.get_bucket_policy, Bucket=name) == "NoSuchBucketPolicy"


@pytest.mark.parametrize("kind", ["analytics", "inventory", "metrics", "intelligent_tiering"])
def test_configurations_by_id_that_are_not_there(s3, kind):
    name = make_bucket(s3)
    call = getattr(s3, f"get_bucket_{kind}_configuration")
    assert code_of(call, Bucket=name, Id="none") == "NoSuchConfiguration"


def test_an_object(s3):
    name = make_bucket(s3)
    s3.upload_fileobj(io.BytesIO(b"{}"), name, "app.json", ExtraArgs={"Tagging": "Name=orders", "ContentType": "a/b"})
    head = s3.head_object(Bucket=name, Key="app.json", ChecksumMode="ENABLED")
    assert (head["ContentType"], head["ETag"]) == ("a/b", '"99914b932bd37a50b983c5e7c90ae93b"')
    assert "StorageClass" not in head and head["ServerSideEncryption"] == "AES256"
    assert s3.get_object_tagging(Bucket=name, Key="app.json")["TagSet"] == pairs({"Name": "orders"})
    s3.delete_object(Bucket=name, Key="app.json")
    assert refused(s3.head_object, Bucket=name, Key="app.json")[:2] == ("404", 404)


def test_a_table(client):
    dynamodb = client("dynamodb")
    arn = dynamodb.create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("id", "day")],
        GlobalSecondaryIndexes=[
            {"IndexName": "by_day", "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}],
             "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["total"]}}
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        TableClass="STANDARD",
        DeletionProtectionEnabled=False,
        Tags=pairs(TAGS),
    )["TableDescription"]["TableArn"]  # fmt: skip

    def described():
        return dynamodb.describe_table(TableName="orders")["Table"]

    until(lambda: described()["TableStatus"] == "ACTIVE")
    until(lambda: all(i["IndexStatus"] == "ACTIVE" for i in described()["GlobalSecondaryIndexes"]))
    table = described()
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    assert table["DeletionProtectionEnabled"] is False and table["LatestStreamArn"].startswith(arn + "/stream/")
    assert table["GlobalSecondaryIndexes"][0]["Projection"]["NonKeyAttributes"] == ["total"]
    backups = dynamodb.describe_continuous_backups(TableName="orders")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"
    ttl = dynamodb.describe_time_to_live(TableName="orders")["TimeToLiveDescription"]
    assert ttl["TimeToLiveStatus"] == "DISABLED"
    assert dictionary(dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"]) == TAGS

    dynamodb.update_time_to_live(
        TableName="orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    until(
        lambda: (
            dynamodb.describe_time_to_live(TableName="orders")["TimeToLiveDescription"]
            == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
        )
    )
    dynamodb.update_continuous_backups(
        TableName="orders", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    until(
        lambda: (
            dynamodb.describe_continuous_backups(TableName="orders")["ContinuousBackupsDescription"][
                "PointInTimeRecoveryDescription"
            ]["PointInTimeRecoveryStatus"]
            == "ENABLED"
        )
    )
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["Owner"])
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == pairs({"Name": "orders"})

    dynamodb.delete_table(TableName="orders")
    until(lambda: not table_is_there(dynamodb))
    assert code_of(dynamodb.delete_table, TableName="orders") == "ResourceNotFoundException"


def table_is_there(dynamodb):
    try:
        return dynamodb.describe_table(TableName="orders")["Table"]["TableStatus"]
    except dynamodb.exceptions.ResourceNotFoundException:
        return None


def test_a_stream(client):
    kinesis = client("kinesis")
    kinesis.create_stream(StreamName="orders", ShardCount=1, StreamModeDetails={"StreamMode": "PROVISIONED"})

    def summary():
        found = kinesis.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"]
        return found if found["StreamStatus"] == "ACTIVE" else None

    found = until(summary)
    assert (found["RetentionPeriodHours"], found["OpenShardCount"]) == (24, 1)
    assert found["EnhancedMonitoring"] == [{"ShardLevelMetrics": []}] and found["EncryptionType"] == "NONE"
    kinesis.increase_stream_retention_period(StreamName="orders", RetentionPeriodHours=48)
    assert until(summary)["RetentionPeriodHours"] == 48
    metrics = kinesis.enable_enhanced_monitoring(StreamName="orders", ShardLevelMetrics=["IncomingBytes"])
    assert metrics["DesiredShardLevelMetrics"] == ["IncomingBytes"]
    until(summary)
    kinesis.start_stream_encryption(StreamName="orders", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    assert until(summary)["KeyId"] == "alias/aws/kinesis"
    kinesis.update_shard_count(StreamName="orders", TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    assert until(summary)["OpenShardCount"] == 2
    kinesis.add_tags_to_stream(StreamName="orders", Tags=TAGS)
    assert dictionary(kinesis.list_tags_for_stream(StreamName="orders")["Tags"]) == TAGS
    kinesis.update_stream_mode(StreamARN=found["StreamARN"], StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert until(summary)["StreamModeDetails"]["StreamMode"] == "ON_DEMAND"
    kinesis.register_stream_consumer(StreamARN=found["StreamARN"], ConsumerName="c")
    assert code_of(kinesis.delete_stream, StreamName="orders") == "ResourceInUseException"
    kinesis.delete_stream(StreamName="orders", EnforceConsumerDeletion=True)
    until(lambda: code_when_refused(kinesis.describe_stream_summary, StreamName="orders"))
    assert code_of(kinesis.delete_stream, StreamName="orders") == "ResourceNotFoundException"


def code_when_refused(call, **arguments):
    try:
        call(**arguments)
    except Exception as error:
        return error.response["Error"]["Code"]
    return None


def test_a_delivery_stream(client, s3, role):
    firehose = client("firehose")
    bucket = make_bucket(s3)
    kept = {
        "RoleARN": role,
        "BucketARN": f"arn:aws:s3:::{bucket}",
        "Prefix": "orders/",
        "ErrorOutputPrefix": "failed/!{firehose:error-output-type}/",
        "BufferingHints": {"IntervalInSeconds": 300, "SizeInMBs": 5},
        "CompressionFormat": "GZIP",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": False},
        "S3BackupMode": "Disabled",
    }
    firehose.create_delivery_stream(
        DeliveryStreamName="orders",
        DeliveryStreamType="DirectPut",
        ExtendedS3DestinationConfiguration={**kept, "ProcessingConfiguration": {"Enabled": False, "Processors": []}},
        Tags=pairs(TAGS),
    )

    def described():
        return firehose.describe_delivery_stream(DeliveryStreamName="orders")["DeliveryStreamDescription"]

    found = until(lambda: described() if described()["DeliveryStreamStatus"] == "ACTIVE" else None)
    destination = found["Destinations"][0]
    assert {k: v for k, v in destination["ExtendedS3DestinationDescription"].items() if k in kept} == kept
    tags = firehose.list_tags_for_delivery_stream(DeliveryStreamName="orders")
    assert dictionary(tags["Tags"]) == TAGS and tags["HasMoreTags"] is False
    firehose.update_destination(
        DeliveryStreamName="orders",
        CurrentDeliveryStreamVersionId=found["VersionId"],
        DestinationId=destination["DestinationId"],
        ExtendedS3DestinationUpdate={"BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 5}},
    )
    changed = described()
    assert changed["VersionId"] == "2"
    hints = changed["Destinations"][0]["ExtendedS3DestinationDescription"]["BufferingHints"]
    assert hints["IntervalInSeconds"] == 60
    firehose.delete_delivery_stream(DeliveryStreamName="orders")
    until(lambda: code_when_refused(firehose.describe_delivery_stream, DeliveryStreamName="orders"))


def test_a_role_and_a_policy(client, account):
    iam = client("iam")
    made = iam.create_role(
        RoleName="orders", Path="/", AssumeRolePolicyDocument=json.dumps(TRUST), MaxSessionDuration=3600, Tags=pairs(TAGS)
    )["Role"]
    found = iam.get_role(RoleName="orders")["Role"]
    assert found["AssumeRolePolicyDocument"] == TRUST and found["RoleId"] == made["RoleId"]
    assert dictionary(found["Tags"]) == TAGS and found["MaxSessionDuration"] == 3600
    policy = iam.create_policy(PolicyName="read", Path="/", PolicyDocument=json.dumps(READ), Tags=pairs(TAGS))["Policy"]
    read = iam.get_policy(PolicyArn=policy["Arn"])["Policy"]
    assert dictionary(read["Tags"]) == TAGS and read["DefaultVersionId"] == "v1"
    version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId="v1")["PolicyVersion"]
    assert version["Document"] == READ
    iam.attach_role_policy(RoleName="orders", PolicyArn=policy["Arn"])
    iam.put_role_policy(RoleName="orders", PolicyName="inline", PolicyDocument=json.dumps(READ))
    assert [p["PolicyArn"] for p in iam.list_attached_role_policies(RoleName="orders")["AttachedPolicies"]] == [
        policy["Arn"]
    ]
    assert iam.list_role_policies(RoleName="orders")["PolicyNames"] == ["inline"]
    assert iam.get_role_policy(RoleName="orders", PolicyName="inline")["PolicyDocument"] == READ
    assert code_of(iam.get_role_policy, RoleName="orders", PolicyName="none") == "NoSuchEntity"
    iam.create_policy_version(PolicyArn=policy["Arn"], PolicyDocument=json.dumps(READ), SetAsDefault=True)
    versions = iam.list_policy_versions(PolicyArn=policy["Arn"])["Versions"]
    assert [(v["VersionId"], v["IsDefaultVersion"]) for v in versions] == [("v2", True), ("v1", False)]
    iam.update_assume_role_policy(RoleName="orders", PolicyDocument=json.dumps(TRUST))
    assert code_of(iam.delete_policy, PolicyArn=policy["Arn"]) == "DeleteConflict"
    assert code_of(iam.delete_role, RoleName="orders") == "DeleteConflict"
    assert iam.list_instance_profiles_for_role(RoleName="orders")["InstanceProfiles"] == []
    iam.detach_role_policy(RoleName="orders", PolicyArn=policy["Arn"])
    iam.delete_role_policy(RoleName="orders", PolicyName="inline")
    iam.delete_role(RoleName="orders")
    iam.delete_policy_version(PolicyArn=policy["Arn"], VersionId="v1")
    iam.delete_policy(PolicyArn=policy["Arn"])
    assert refused(iam.get_role, RoleName="orders")[:2] == ("NoSuchEntity", 404)
    assert refused(iam.get_policy, PolicyArn=policy["Arn"])[:2] == ("NoSuchEntity", 404)


WRITTEN = {
    "standard": {
        "DelaySeconds": "0",
        "MaximumMessageSize": "262144",
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "VisibilityTimeout": "30",
        "SqsManagedSseEnabled": "true",
    },
    "fifo": {
        "FifoQueue": "true",
        "ContentBasedDeduplication": "false",
        "DeduplicationScope": "queue",
        "FifoThroughputLimit": "perQueue",
        "VisibilityTimeout": "60",
    },
    "encrypted": {"KmsMasterKeyId": "alias/aws/sqs", "KmsDataKeyReusePeriodSeconds": "300"},
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_queue_has_the_attributes_it_was_given(client, account, kind):
    """The provider polls GetQueueAttributes until each attribute that it wrote reads the same, six times in a row."""
    sqs = client("sqs")
    name = "orders.fifo" if kind == "fifo" else "orders"
    dead = sqs.create_queue(QueueName="dead-" + name, Attributes={"FifoQueue": "true"} if kind == "fifo" else {})
    dead_arn = sqs.get_queue_attributes(QueueUrl=dead["QueueUrl"], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    arn = dead_arn.replace("dead-", "")
    redrive = {"deadLetterTargetArn": dead_arn, "maxReceiveCount": 4}
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "s", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                       "Action": "sqs:SendMessage", "Resource": arn}],
    }  # fmt: skip
    written = {**WRITTEN[kind], "RedrivePolicy": json.dumps(redrive), "Policy": json.dumps(policy)}
    url = sqs.create_queue(QueueName=name, Attributes=written, tags=TAGS)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert {k: found.get(k) for k in WRITTEN[kind]} == WRITTEN[kind]
    assert json.loads(found["RedrivePolicy"]) == redrive and json.loads(found["Policy"]) == policy
    assert found["QueueArn"] == arn
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == TAGS
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "45", "Policy": "", "RedrivePolicy": ""})
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert found["VisibilityTimeout"] == "45" and "Policy" not in found and "RedrivePolicy" not in found
    sqs.delete_queue(QueueUrl=url)
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])


def test_a_topic_and_a_subscription(client, account):
    sns, sqs = client("sns"), client("sqs")
    topic = sns.create_topic(Name="orders", Attributes={"DisplayName": "Orders"}, Tags=pairs(TAGS))["TopicArn"]
    found = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (found["DisplayName"], found["Owner"]) == ("Orders", account) and json.loads(found["Policy"])["Statement"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="TracingConfig", AttributeValue="PassThrough")
    assert dictionary(sns.list_tags_for_resource(ResourceArn=topic)["Tags"]) == TAGS
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    given = {"RawMessageDelivery": "true", "FilterPolicy": '{"kind":["new"]}', "FilterPolicyScope": "MessageBody"}
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, ReturnSubscriptionArn=True, Attributes=given)[
        "SubscriptionArn"
    ]
    read = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert {k: read[k] for k in given} == given
    assert (read["PendingConfirmation"], read["ConfirmationWasAuthenticated"]) == ("false", "true")
    assert (read["Endpoint"], read["Protocol"], read["TopicArn"]) == (queue, "sqs", topic)
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue="{}")
    sns.unsubscribe(SubscriptionArn=arn)
    assert refused(sns.get_subscription_attributes, SubscriptionArn=arn)[:2] == ("NotFound", 404)
    sns.delete_topic(TopicArn=topic)
    assert refused(sns.get_topic_attributes, TopicArn=topic)[:2] == ("NotFound", 404)


def test_a_log_group(client, account):
    logs = client("logs")
    logs.create_log_group(logGroupName="/aws/orders", tags=TAGS, logGroupClass="STANDARD")
    logs.put_retention_policy(logGroupName="/aws/orders", retentionInDays=14)
    group = logs.describe_log_groups(logGroupNamePrefix="/aws/orders")["logGroups"][0]
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:/aws/orders"
    assert (group["arn"], group["logGroupArn"]) == (arn + ":*", arn)
    assert (group["retentionInDays"], group["logGroupClass"]) == (14, "STANDARD")
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == TAGS
    logs.untag_resource(resourceArn=arn, tagKeys=["Owner"])
    logs.delete_retention_policy(logGroupName="/aws/orders")
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix="/aws/orders")["logGroups"][0]
    logs.delete_log_group(logGroupName="/aws/orders")
    assert logs.describe_log_groups(logGroupNamePrefix="/aws/orders")["logGroups"] == []
    assert code_of(logs.delete_log_group, logGroupName="/aws/orders") == "ResourceNotFoundException"


def test_a_function_its_permission_and_its_source(client, role):
    functions, sqs = client("lambda"), client("sqs")
    code = package({"app.py": "def handler(event, context):\n    return event\n"})
    made = functions.create_function(
        FunctionName="orders", Role=role, Runtime="python3.12", Handler="app.handler", Code={"ZipFile": code},
        MemorySize=128, Timeout=3, Architectures=["x86_64"], PackageType="Zip", Publish=False,
        EphemeralStorage={"Size": 512}, TracingConfig={"Mode": "PassThrough"},
        Environment={"Variables": {"STAGE": "test"}}, Tags=TAGS,
    )  # fmt: skip
    until(lambda: functions.get_function(FunctionName="orders")["Configuration"]["State"] == "Active")
    found = functions.get_function(FunctionName="orders")
    configuration = found["Configuration"]
    assert found["Tags"] == TAGS and "Concurrency" not in found
    assert configuration["CodeSha256"] == made["CodeSha256"] and configuration["LastUpdateStatus"] == "Successful"
    assert len(base64.b64decode(configuration["CodeSha256"])) == 32
    assert functions.list_versions_by_function(FunctionName="orders")["Versions"][0]["Version"] == "$LATEST"
    assert not functions.get_function_code_signing_config(FunctionName="orders")["CodeSigningConfigArn"]
    functions.update_function_configuration(FunctionName="orders", Timeout=5)
    until(lambda: functions.get_function(FunctionName="orders")["Configuration"]["LastUpdateStatus"] == "Successful")

    assert code_of(functions.get_policy, FunctionName="orders") == "ResourceNotFoundException"
    functions.add_permission(
        FunctionName="orders", StatementId="sns", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com"
    )
    statements = json.loads(functions.get_policy(FunctionName="orders")["Policy"])["Statement"]
    assert [s["Sid"] for s in statements] == ["sns"]
    functions.remove_permission(FunctionName="orders", StatementId="sns")
    assert code_of(functions.get_policy, FunctionName="orders") == "ResourceNotFoundException"

    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    source = functions.create_event_source_mapping(
        EventSourceArn=queue, FunctionName="orders", BatchSize=10, Enabled=True, Tags=TAGS
    )

    def mapping():
        return functions.get_event_source_mapping(UUID=source["UUID"])

    until(lambda: mapping()["State"] == "Enabled")
    assert mapping()["FunctionArn"] == made["FunctionArn"] and mapping()["BatchSize"] == 10
    assert functions.list_tags(Resource=source["EventSourceMappingArn"])["Tags"] == TAGS
    functions.update_event_source_mapping(UUID=source["UUID"], Enabled=False)
    until(lambda: mapping()["State"] == "Disabled")
    functions.delete_event_source_mapping(UUID=source["UUID"])
    until(lambda: code_when_refused(functions.get_event_source_mapping, UUID=source["UUID"]))
    functions.delete_function(FunctionName="orders")
    assert refused(functions.get_function, FunctionName="orders")[:2] == ("ResourceNotFoundException", 404)
