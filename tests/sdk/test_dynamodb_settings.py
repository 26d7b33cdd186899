"""What is stored with a table and told again: resource policies, contributor insights, warm throughput, classes."""

import json

import pytest
from dynamodb_kit import key, make, refused

INDEX = {"IndexName": "by_sk", "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}],
         "Projection": {"ProjectionType": "ALL"}}


@pytest.fixture
def dynamodb(client):
    return client("dynamodb")


def policy(action):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": f"dynamodb:{action}", "Resource": "*"}]})


def test_resource_policies(dynamodb):
    table = make(dynamodb, StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    for arn in (table["TableArn"], table["LatestStreamArn"]):
        assert refused(dynamodb.get_resource_policy, ResourceArn=arn) == "PolicyNotFoundException"
        first = dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy("GetItem"))["RevisionId"]
        assert dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy("GetItem"))["RevisionId"] == first
        found = dynamodb.get_resource_policy(ResourceArn=arn)
        assert found["Policy"] == policy("GetItem") and found["RevisionId"] == first
        assert refused(dynamodb.put_resource_policy, ResourceArn=arn, Policy=policy("Query"),
                       ExpectedRevisionId="1") == "PolicyNotFoundException"
        dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy("Query"), ExpectedRevisionId=first)
        assert dynamodb.get_resource_policy(ResourceArn=arn)["Policy"] == policy("Query")
        dynamodb.delete_resource_policy(ResourceArn=arn)
        assert refused(dynamodb.get_resource_policy, ResourceArn=arn) == "PolicyNotFoundException"
        assert "RevisionId" not in dynamodb.delete_resource_policy(ResourceArn=arn)
    assert refused(dynamodb.put_resource_policy, ResourceArn=table["TableArn"], Policy="{") == "ValidationException"
    assert refused(dynamodb.put_resource_policy, ResourceArn=table["TableArn"] + "x",
                   Policy=policy("Query")) == "ResourceNotFoundException"
    made = make(dynamodb, "other", ResourcePolicy=policy("Scan"))
    assert dynamodb.get_resource_policy(ResourceArn=made["TableArn"])["Policy"] == policy("Scan")


def test_contributor_insights(dynamodb):
    make(dynamodb, GlobalSecondaryIndexes=[INDEX])
    ask = lambda **more: dynamodb.describe_contributor_insights(TableName="things", **more)
    assert ask()["ContributorInsightsStatus"] == "DISABLED" and "LastUpdateDateTime" not in ask()
    made = dynamodb.update_contributor_insights(TableName="things", ContributorInsightsAction="ENABLE")
    assert made["ContributorInsightsStatus"] == "ENABLING"
    assert ask()["ContributorInsightsStatus"] == "ENABLED"
    assert [r.split("-")[1] for r in ask()["ContributorInsightsRuleList"]] == ["PKC", "PKT", "SKC", "SKT"]
    assert ask(IndexName="by_sk")["ContributorInsightsStatus"] == "DISABLED"
    dynamodb.update_contributor_insights(TableName="things", IndexName="by_sk", ContributorInsightsAction="ENABLE",
                                         ContributorInsightsMode="THROTTLED_KEYS")
    assert ask(IndexName="by_sk")["ContributorInsightsMode"] == "THROTTLED_KEYS"
    assert [(s["TableName"], s.get("IndexName")) for s in
            dynamodb.list_contributor_insights()["ContributorInsightsSummaries"]] == [("things", None), ("things", "by_sk")]
    assert refused(ask, IndexName="unknown") == "ResourceNotFoundException"
    dynamodb.update_contributor_insights(TableName="things", ContributorInsightsAction="DISABLE")
    assert ask()["ContributorInsightsStatus"] == "DISABLED"


def test_warm_throughput(dynamodb):
    made = make(dynamodb, WarmThroughput={"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 5000},
                GlobalSecondaryIndexes=[INDEX | {"WarmThroughput": {"ReadUnitsPerSecond": 14000, "WriteUnitsPerSecond": 6000}}])
    assert made["WarmThroughput"] == {"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 5000, "Status": "ACTIVE"}
    assert made["GlobalSecondaryIndexes"][0]["WarmThroughput"]["ReadUnitsPerSecond"] == 14000
    dynamodb.update_table(TableName="things", WarmThroughput={"ReadUnitsPerSecond": 15000})
    found = dynamodb.describe_table(TableName="things")["Table"]["WarmThroughput"]
    assert found == {"ReadUnitsPerSecond": 15000, "WriteUnitsPerSecond": 5000, "Status": "ACTIVE"}
    assert refused(dynamodb.update_table, TableName="things",
                   WarmThroughput={"ReadUnitsPerSecond": 12500}) == "ValidationException"


def test_classes_and_protection(dynamodb):
    make(dynamodb, TableClass="STANDARD_INFREQUENT_ACCESS", DeletionProtectionEnabled=True)
    table = dynamodb.describe_table(TableName="things")["Table"]
    assert table["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert refused(dynamodb.delete_table, TableName="things") == "ValidationException"
    dynamodb.update_table(TableName="things", DeletionProtectionEnabled=False, TableClass="STANDARD")
    assert dynamodb.describe_table(TableName="things")["Table"]["TableClassSummary"]["TableClass"] == "STANDARD"
    dynamodb.put_item(TableName="things", Item=key("a"))
    dynamodb.delete_table(TableName="things")
    assert refused(dynamodb.put_item, TableName="things", Item=key("a")) == "ResourceNotFoundException"
