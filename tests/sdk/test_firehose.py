"""Delivery streams and their operations, driven by boto3 and the AWS CLI."""

import json

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::000000000000:role/firehose"


def s3(bucket="landing", **more):
    return {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}", **more}


def refused(call, code, words="", **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert (error["Code"], words in error["Message"]) == (code, True), error


def describe(firehose, name):
    return firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]


def test_a_plain_stream_is_described_as_aws_does(client, account):
    firehose = client("firehose")
    arn = firehose.create_delivery_stream(DeliveryStreamName="orders", S3DestinationConfiguration=s3())["DeliveryStreamARN"]
    assert arn == f"arn:aws:firehose:us-east-1:{account}:deliverystream/orders"
    d = describe(firehose, "orders")
    created = d.pop("CreateTimestamp")
    plain = {
        "RoleARN": ROLE,
        "BucketARN": "arn:aws:s3:::landing",
        "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
        "CompressionFormat": "UNCOMPRESSED",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": False},
    }
    assert created.year >= 2026
    assert d == {
        "DeliveryStreamName": "orders",
        "DeliveryStreamARN": arn,
        "DeliveryStreamStatus": "ACTIVE",
        "DeliveryStreamType": "DirectPut",
        "VersionId": "1",
        "DeliveryStreamEncryptionConfiguration": {"Status": "DISABLED"},
        "Destinations": [
            {
                "DestinationId": "destinationId-000000000001",
                "S3DestinationDescription": plain,
                "ExtendedS3DestinationDescription": plain | {"S3BackupMode": "Disabled"},
            }
        ],
        "HasMoreDestinations": False,
    }


def test_names_are_unique_and_listed_in_order(client, account):
    firehose = client("firehose")
    for name in ("b", "c", "a"):
        firehose.create_delivery_stream(DeliveryStreamName=name, S3DestinationConfiguration=s3())
    refused(
        firehose.create_delivery_stream,
        "ResourceInUseException",
        f"Firehose b under accountId {account} already exists",
        DeliveryStreamName="b",
        S3DestinationConfiguration=s3(),
    )
    page = firehose.list_delivery_streams(Limit=2)
    assert (page["DeliveryStreamNames"], page["HasMoreDeliveryStreams"]) == (["a", "b"], True)
    page = firehose.list_delivery_streams(ExclusiveStartDeliveryStreamName="b")
    assert (page["DeliveryStreamNames"], page["HasMoreDeliveryStreams"]) == (["c"], False)
    assert firehose.list_delivery_streams(DeliveryStreamType="KinesisStreamAsSource")["DeliveryStreamNames"] == []
    firehose.delete_delivery_stream(DeliveryStreamName="b")
    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == ["a", "c"]


def test_an_unknown_stream_is_named(client, account):
    firehose = client("firehose")
    words = f"Firehose nowhere under account {account} not found."
    for call, more in (
        (firehose.describe_delivery_stream, {}),
        (firehose.delete_delivery_stream, {}),
        (firehose.put_record, {"Record": {"Data": b"x"}}),
        (firehose.put_record_batch, {"Records": [{"Data": b"x"}]}),
        (firehose.list_tags_for_delivery_stream, {}),
        (firehose.tag_delivery_stream, {"Tags": [{"Key": "a"}]}),
        (firehose.untag_delivery_stream, {"TagKeys": ["a"]}),
        (firehose.start_delivery_stream_encryption, {}),
        (firehose.stop_delivery_stream_encryption, {}),
    ):
        refused(call, "ResourceNotFoundException", words, DeliveryStreamName="nowhere", **more)


def test_an_update_of_an_unknown_stream_has_words_of_its_own(client, account):
    refused(
        client("firehose").update_destination,
        "ResourceNotFoundException",
        f"Firehose nowhere under accountId {account} not found.",
        DeliveryStreamName="nowhere",
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        S3DestinationUpdate={"Prefix": "x"},
    )


def test_tags_keep_their_order_and_page(client):
    firehose = client("firehose")
    tags = [{"Key": f"{i}k", "Value": str(i)} for i in range(9, 0, -1)]
    firehose.create_delivery_stream(DeliveryStreamName="t", S3DestinationConfiguration=s3(), Tags=tags)
    page = firehose.list_tags_for_delivery_stream(DeliveryStreamName="t", Limit=4)
    assert (page["Tags"], page["HasMoreTags"]) == (tags[:4], True)
    page = firehose.list_tags_for_delivery_stream(DeliveryStreamName="t", ExclusiveStartTagKey="6k")
    assert (page["Tags"], page["HasMoreTags"]) == (tags[4:], False)
    firehose.tag_delivery_stream(DeliveryStreamName="t", Tags=[{"Key": "9k", "Value": "new"}, {"Key": "plain"}])
    firehose.untag_delivery_stream(DeliveryStreamName="t", TagKeys=["8k", "not there"])
    kept = firehose.list_tags_for_delivery_stream(DeliveryStreamName="t")["Tags"]
    assert kept == [{"Key": "9k", "Value": "new"}, *tags[2:], {"Key": "plain", "Value": ""}]
    many = [{"Key": f"n{i}", "Value": ""} for i in range(42)]
    refused(firehose.tag_delivery_stream, "LimitExceededException", DeliveryStreamName="t", Tags=many)


def test_encryption_is_started_and_stopped(client):
    firehose = client("firehose")
    firehose.create_delivery_stream(DeliveryStreamName="e", S3DestinationConfiguration=s3())
    assert firehose.put_record(DeliveryStreamName="e", Record={"Data": b"x"})["Encrypted"] is False
    firehose.start_delivery_stream_encryption(DeliveryStreamName="e")
    assert describe(firehose, "e")["DeliveryStreamEncryptionConfiguration"] == {"Status": "ENABLED", "KeyType": "AWS_OWNED_CMK"}
    assert firehose.put_record_batch(DeliveryStreamName="e", Records=[{"Data": b"x"}])["Encrypted"] is True
    firehose.stop_delivery_stream_encryption(DeliveryStreamName="e")
    assert describe(firehose, "e")["DeliveryStreamEncryptionConfiguration"] == {"Status": "DISABLED"}
    refused(
        firehose.start_delivery_stream_encryption,
        "InvalidArgumentException",
        "KeyARN cannot be specified when KeyType is AWS_OWNED_CMK",
        DeliveryStreamName="e",
        DeliveryStreamEncryptionConfigurationInput={
            "KeyType": "AWS_OWNED_CMK",
            "KeyARN": "arn:aws:kms:us-east-1:123456789012:key/a",
        },
    )


def test_limits_of_puts(client):
    firehose = client("firehose")
    firehose.create_delivery_stream(DeliveryStreamName="l", S3DestinationConfiguration=s3())
    firehose.put_record(DeliveryStreamName="l", Record={"Data": b"x" * 1024000})
    refused(firehose.put_record, "ValidationException", DeliveryStreamName="l", Record={"Data": b"x" * 1024001})
    mib = b"x" * 1024000
    refused(firehose.put_record_batch, "InvalidArgumentException", DeliveryStreamName="l", Records=[{"Data": mib}] * 5)
    refused(firehose.put_record_batch, "ValidationException", DeliveryStreamName="l", Records=[{"Data": b""}] * 501)
    answer = firehose.put_record_batch(DeliveryStreamName="l", Records=[{"Data": b""}] * 500)
    assert answer["FailedPutCount"] == 0
    assert len({r["RecordId"] for r in answer["RequestResponses"]}) == 500


def test_an_update_needs_the_version_and_merges(client):
    firehose = client("firehose")
    firehose.create_delivery_stream(
        DeliveryStreamName="u",
        ExtendedS3DestinationConfiguration=s3(Prefix="a/", BufferingHints={"SizeInMBs": 7, "IntervalInSeconds": 70}),
    )
    change = dict(
        DeliveryStreamName="u",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={"Prefix": "b/", "CompressionFormat": "GZIP"},
    )
    refused(firehose.update_destination, "ConcurrentModificationException", CurrentDeliveryStreamVersionId="2", **change)
    firehose.update_destination(CurrentDeliveryStreamVersionId="1", **change)
    d = describe(firehose, "u")
    extended = d["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert (d["VersionId"], extended["Prefix"], extended["CompressionFormat"]) == ("2", "b/", "GZIP")
    assert extended["BufferingHints"] == {"SizeInMBs": 7, "IntervalInSeconds": 70}
    assert "LastUpdateTimestamp" in d
    refused(firehose.update_destination, "ConcurrentModificationException", CurrentDeliveryStreamVersionId="1", **change)


def test_an_update_keeps_to_the_type_and_the_id(client):
    firehose = client("firehose")
    firehose.create_delivery_stream(DeliveryStreamName="k", S3DestinationConfiguration=s3())
    this = dict(DeliveryStreamName="k", CurrentDeliveryStreamVersionId="1", DestinationId="destinationId-000000000001")
    for update, words in (
        ({"HttpEndpointDestinationUpdate": {}}, "Changing the destination type to or from HttpEndpoint is not supported at this time"),
        ({"ElasticsearchDestinationUpdate": {}}, "Changing the destination type to or from Elasticsearch"),
        ({"S3DestinationUpdate": {}, "ExtendedS3DestinationUpdate": {}}, "Exactly one destination configuration is supported"),
        ({}, "Exactly one destination configuration is supported"),
        ({"S3DestinationUpdate": {}, "DestinationId": "destinationId-9"}, "Destination Id destinationId-9 not found"),
        ({"ExtendedS3DestinationUpdate": {"Prefix": "!{timestamp:yyyy}"}}, "ErrorOutputPrefix cannot be null"),
    ):
        refused(firehose.update_destination, "InvalidArgumentException", words, **{**this, **update})


def test_what_an_update_can_not_take_back(client):
    firehose = client("firehose")
    query = [{"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{k:.k}"}, {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"}]
    firehose.create_delivery_stream(
        DeliveryStreamName="b",
        ExtendedS3DestinationConfiguration=s3(
            Prefix="!{partitionKeyFromQuery:k}/",
            ErrorOutputPrefix="e/",
            BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 60},
            DynamicPartitioningConfiguration={"Enabled": True},
            ProcessingConfiguration={"Enabled": True, "Processors": [{"Type": "MetadataExtraction", "Parameters": query}]},
            S3BackupMode="Enabled",
            S3BackupConfiguration=s3(),
        ),
    )
    this = dict(DeliveryStreamName="b", CurrentDeliveryStreamVersionId="1", DestinationId="destinationId-000000000001")
    for update, words in (
        ({"DynamicPartitioningConfiguration": {"Enabled": False}, "Prefix": "p/"}, "Dynamic Partitioning cannot be disabled"),
        ({"S3BackupMode": "Disabled"}, "S3 backup cannot be disabled"),
    ):
        refused(firehose.update_destination, "InvalidArgumentException", words, ExtendedS3DestinationUpdate=update, **this)
    firehose.create_delivery_stream(DeliveryStreamName="c", S3DestinationConfiguration=s3())
    this["DeliveryStreamName"] = "c"
    update = {"DynamicPartitioningConfiguration": {"Enabled": True}}
    refused(firehose.update_destination, "InvalidArgumentException", "cannot be enabled", ExtendedS3DestinationUpdate=update, **this)
    # A backup that begins needs all that one has.
    for given, missing in ({}, "RoleARN"), ({"RoleARN": ROLE}, "BucketARN"), ({"BucketARN": "arn:aws:s3:::b"}, "RoleARN"):
        update = {"S3BackupMode": "Enabled", "S3BackupUpdate": {"Prefix": "p/", **given}}
        refused(firehose.update_destination, "InvalidArgumentException", missing, ExtendedS3DestinationUpdate=update, **this)
    firehose.update_destination(ExtendedS3DestinationUpdate={"S3BackupMode": "Enabled", "S3BackupUpdate": s3()}, **this)
    assert describe(firehose, "c")["Destinations"][0]["ExtendedS3DestinationDescription"]["S3BackupMode"] == "Enabled"


def lambda_processor(*parameters):
    names = [{"ParameterName": n, "ParameterValue": v} for n, v in parameters]
    return {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": names}]}


WRONG = {
    "expressions need an error prefix": (
        s3(Prefix="!{timestamp:yyyy}/"),
        "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions",
    ),
    "the error prefix names the error": (
        s3(Prefix="!{timestamp:yyyy}/", ErrorOutputPrefix="e/!{timestamp:yyyy}/"),
        "ErrorOutputPrefix must contain at least one occurrence of !{firehose:error-output-type}",
    ),
    "the prefix names no error": (
        s3(Prefix="!{firehose:error-output-type}/", ErrorOutputPrefix="e/"),
        "Prefix must not contain any occurrence of !{firehose:error-output-type}",
    ),
    "letters mean something": (
        s3(Prefix="!{timestamp:yyyy-bb}/", ErrorOutputPrefix="e/"),
        "Invalid conversion character used in the value of the expression in Prefix",
    ),
    "prefixes are short": (s3(Prefix="x" * 513), "Length of evaluated prefix cannot be greater than 512"),
    "evaluated prefixes are short": (
        s3(Prefix="!{timestamp:'" + "x" * 513 + "'}", ErrorOutputPrefix="e/"),
        "Length of evaluated prefix cannot be greater than 512",
    ),
    "evaluated error prefixes are short": (
        s3(ErrorOutputPrefix="!{firehose:error-output-type}" + "x" * 512),
        "Length of evaluated ErrorOutputPrefix cannot be greater than 512",
    ),
    "a function is named": (
        s3(ProcessingConfiguration=lambda_processor(("NumberOfRetries", "1"))),
        "LambdaArn is required when Lambda processor is used.",
    ),
    "retries are bounded": (
        s3(ProcessingConfiguration=lambda_processor(("LambdaArn", "arn:aws:lambda:us-east-1:1:function:f"), ("NumberOfRetries", "301"))),
        "Number of retries for lambda must be between 0 and 300.",
    ),
    "partitions are large": (
        s3(
            Prefix="!{partitionKeyFromQuery:k}/",
            ErrorOutputPrefix="e/",
            DynamicPartitioningConfiguration={"Enabled": True},
            BufferingHints={"SizeInMBs": 63, "IntervalInSeconds": 60},
        ),
        "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled.",
    ),
    "partitions wait for a minute": (
        s3(
            Prefix="!{partitionKeyFromQuery:k}/",
            ErrorOutputPrefix="e/",
            DynamicPartitioningConfiguration={"Enabled": True},
            BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 59},
        ),
        "BufferingHints.IntervalInSeconds must be at least 60 when Dynamic Partitioning is enabled.",
    ),
    "hints come in pairs": (s3(BufferingHints={"SizeInMBs": 5}), "SizeInMBs and for IntervalInSeconds"),
    "hints of copies come in pairs": (
        s3(S3BackupMode="Enabled", S3BackupConfiguration=s3(BufferingHints={"IntervalInSeconds": 5})),
        "SizeInMBs and for IntervalInSeconds",
    ),
    "partitions have a place in the prefix": (
        s3(Prefix="p/", DynamicPartitioningConfiguration={"Enabled": True}, BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 60}),
        "S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled",
    ),
    "zones exist": (s3(CustomTimeZone="Moon/Crater"), "CustomTimeZone"),
    "errors are logged to a group": (
        s3(CloudWatchLoggingOptions={"Enabled": True, "LogStreamName": "s"}),
        "CloudWatch Log Group Name is required if CloudWatch Logging is enabled",
    ),
    "errors are logged to a stream": (
        s3(CloudWatchLoggingOptions={"Enabled": True, "LogGroupName": "g", "LogStreamName": ""}),
        "CloudWatch Log Stream Name is required if CloudWatch Logging is enabled",
    ),
    "errors of copies are logged to a group": (
        s3(S3BackupMode="Enabled", S3BackupConfiguration=s3(CloudWatchLoggingOptions={"Enabled": True})),
        "CloudWatch Log Group Name is required if CloudWatch Logging is enabled",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_can_not_work_is_refused(client, what):
    configuration, words = WRONG[what]
    refused(
        client("firehose").create_delivery_stream,
        "InvalidArgumentException",
        words,
        DeliveryStreamName="wrong",
        ExtendedS3DestinationConfiguration=configuration,
    )


def test_one_destination_exactly(client):
    firehose = client("firehose")
    words = "Exactly one destination configuration is supported for a Firehose"
    refused(firehose.create_delivery_stream, "InvalidArgumentException", words, DeliveryStreamName="x")
    refused(
        firehose.create_delivery_stream,
        "InvalidArgumentException",
        words,
        DeliveryStreamName="x",
        S3DestinationConfiguration=s3(),
        ExtendedS3DestinationConfiguration=s3(),
    )


KAFKA = {
    "MSKClusterARN": "arn:aws:kafka:us-east-1:123456789012:cluster/c/a1",
    "TopicName": "t",
    "AuthenticationConfiguration": {"RoleARN": ROLE, "Connectivity": "PRIVATE"},
}
NOT_BUILT = {
    "SplunkDestinationConfiguration": {"HECEndpoint": "https://s:8088", "HECEndpointType": "Raw", "HECToken": "t", "S3Configuration": s3()},
    "RedshiftDestinationConfiguration": {
        "RoleARN": ROLE,
        "ClusterJDBCURL": "jdbc:redshift://c.us-east-1.redshift.amazonaws.com:5439/dev",
        "CopyCommand": {"DataTableName": "t"},
        "S3Configuration": s3(),
    },
    "AmazonOpenSearchServerlessDestinationConfiguration": {"RoleARN": ROLE, "IndexName": "i", "S3Configuration": s3()},
    "SnowflakeDestinationConfiguration": {
        "AccountUrl": "https://a.snowflakecomputing.com", "Database": "d", "Schema": "s", "Table": "t", "RoleARN": ROLE, "S3Configuration": s3(),
    },
    "IcebergDestinationConfiguration": {"RoleARN": ROLE, "CatalogConfiguration": {"CatalogARN": "arn:aws:glue:us-east-1:123456789012:catalog"}, "S3Configuration": s3()},
    "MSKSourceConfiguration": KAFKA,
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_BUILT)
def test_what_is_not_built_is_refused_by_name(client, name):
    firehose = client("firehose")
    more = {"S3DestinationConfiguration": s3(), "DeliveryStreamType": "MSKAsSource"} if name.startswith("MSK") else {}
    refused(firehose.create_delivery_stream, "NotImplemented", name, DeliveryStreamName="n", **{name: NOT_BUILT[name]}, **more)
    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == []


def test_the_cli_drives_it(aws):
    aws("firehose", "create-delivery-stream", "--delivery-stream-name", "cli", "--s3-destination-configuration", json.dumps(s3()))
    answer = aws("firehose", "put-record", "--delivery-stream-name", "cli", "--record", '{"Data": "aGVsbG8="}')
    assert len(answer["RecordId"]) > 100
    assert aws("firehose", "list-delivery-streams")["DeliveryStreamNames"] == ["cli"]
