"""What deployment tools call to make a small pipeline, to read it back on every refresh, and to take it away."""

import json

import pytest
from botocore.exceptions import ClientError

from lambda_kit import package

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}]}
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
TAGS = {"team": "data"}


def test_a_pipeline_is_made_read_back_and_taken_away(client):
    iam, kinesis, dynamodb = client("iam"), client("kinesis"), client("dynamodb")
    logs, functions = client("logs"), client("lambda")

    role = iam.create_role(RoleName="loader", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    iam.put_role_policy(RoleName="loader", PolicyName="inside", PolicyDocument=json.dumps(POLICY))
    iam.attach_role_policy(RoleName="loader", PolicyArn=BASIC)
    kinesis.create_stream(StreamName="orders", ShardCount=1, Tags=TAGS)
    table = dynamodb.create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST", Tags=[{"Key": "team", "Value": "data"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}])["TableDescription"]
    logs.create_log_group(logGroupName="/aws/lambda/loader", tags=TAGS)
    logs.put_retention_policy(logGroupName="/aws/lambda/loader", retentionInDays=7)
    function = functions.create_function(
        FunctionName="loader", Role=role["Arn"], Runtime="python3.12", Handler="index.handler",
        Code={"ZipFile": package({"index.py": "def handler(event, context):\n    return event\n"})}, Publish=False, Tags=TAGS)
    stream = kinesis.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"]
    mapping = functions.create_event_source_mapping(
        FunctionName="loader", EventSourceArn=stream["StreamARN"], StartingPosition="LATEST")

    assert iam.list_role_policies(RoleName="loader")["PolicyNames"] == ["inside"]
    assert [p["PolicyArn"] for p in iam.list_attached_role_policies(RoleName="loader")["AttachedPolicies"]] == [BASIC]
    assert kinesis.list_tags_for_stream(StreamName="orders")["Tags"] == [{"Key": "team", "Value": "data"}]
    assert dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"] == [{"Key": "team", "Value": "data"}]
    assert dynamodb.describe_time_to_live(TableName="orders")["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED"
    assert dynamodb.describe_continuous_backups(TableName="orders")["ContinuousBackupsDescription"]
    group = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/loader")["logGroups"][0]
    assert group["retentionInDays"] == 7
    assert logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"] == TAGS
    assert functions.get_function(FunctionName="loader")["Tags"] == TAGS
    assert functions.list_versions_by_function(FunctionName="loader")["Versions"][0]["Version"] == "$LATEST"
    assert functions.get_function_code_signing_config(FunctionName="loader")["CodeSigningConfigArn"] == ""
    assert functions.list_tags(Resource=function["FunctionArn"])["Tags"] == TAGS
    functions.get_waiter("function_active_v2").wait(FunctionName="loader")
    assert functions.get_event_source_mapping(UUID=mapping["UUID"])["FunctionArn"] == function["FunctionArn"]

    functions.delete_event_source_mapping(UUID=mapping["UUID"])
    functions.delete_function(FunctionName="loader")
    dynamodb.delete_table(TableName="orders")
    kinesis.delete_stream(StreamName="orders", EnforceConsumerDeletion=True)
    logs.delete_log_group(logGroupName="/aws/lambda/loader")
    assert iam.list_instance_profiles_for_role(RoleName="loader")["InstanceProfiles"] == []
    with pytest.raises(ClientError, match="DeleteConflict"):
        iam.delete_role(RoleName="loader")
    iam.detach_role_policy(RoleName="loader", PolicyArn=BASIC)
    iam.delete_role_policy(RoleName="loader", PolicyName="inside")
    iam.delete_role(RoleName="loader")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_role(RoleName="loader")
