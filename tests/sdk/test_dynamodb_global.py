"""Global tables: replicas in other regions hold the same items, whichever of them is written to."""

import time

import pytest
from boto3 import client as boto3_client
from dynamodb_kit import eventually, key, make, refused

INDEX = {"IndexName": "by_sk", "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}],
         "Projection": {"ProjectionType": "ALL"}}


@pytest.fixture
def at(endpoint, account):
    """at("dynamodb", "eu-west-1"): a client of that region."""
    return lambda service, region: boto3_client(service, endpoint_url=endpoint, region_name=region,
                                                aws_access_key_id=account, aws_secret_access_key="x")


def add(dynamodb, region):
    return dynamodb.update_table(TableName="things", ReplicaUpdates=[{"Create": {"RegionName": region}}])


def replicas(dynamodb):
    table = dynamodb.describe_table(TableName="things")["Table"]
    return {r["RegionName"]: r["ReplicaStatus"] for r in table.get("Replicas", [])}


def ready(dynamodb, *regions):
    eventually(lambda: replicas(dynamodb) == {r: "ACTIVE" for r in regions})


def items(dynamodb, **more):
    pages = dynamodb.get_paginator("scan").paginate(TableName="things", **more)
    return sorted((i["pk"]["S"], i["sk"]["N"], str(i.get("x"))) for p in pages for i in p["Items"])


def test_replicas_hold_the_same(at):
    us, eu, ap = at("dynamodb", "us-east-1"), at("dynamodb", "eu-west-1"), at("dynamodb", "ap-south-1")
    make(us, GlobalSecondaryIndexes=[INDEX])
    for start in range(0, 1000, 25):
        us.batch_write_item(RequestItems={"things": [{"PutRequest": {"Item": key(f"p{i}", i)}}
                                                     for i in range(start, start + 25)]})
    add(us, "eu-west-1")
    for i in range(30):  # while the items are still being copied
        us.delete_item(TableName="things", Key=key(f"p{i}", i))
        us.put_item(TableName="things", Item=key("new", i))
    ready(us, "eu-west-1")
    table = eu.describe_table(TableName="things")["Table"]
    assert table["GlobalTableVersion"] == "2019.11.21" and replicas(eu) == {"us-east-1": "ACTIVE"}
    assert table["TableArn"].split(":")[3] == "eu-west-1" and table["StreamSpecification"]["StreamEnabled"]
    assert items(eu) == items(us) and len(items(eu)) == 1000
    add(eu, "ap-south-1")
    ready(eu, "us-east-1", "ap-south-1")
    assert replicas(us) == {"eu-west-1": "ACTIVE", "ap-south-1": "ACTIVE"}
    ap.put_item(TableName="things", Item=key("from ap"))
    eu.update_item(TableName="things", Key=key("from ap"), UpdateExpression="SET x = :v",
                   ExpressionAttributeValues={":v": {"S": "eu"}})
    us.transact_write_items(TransactItems=[{"Delete": {"TableName": "things", "Key": key("p500", 500)}}])
    assert items(us) == items(eu) == items(ap) == items(ap, IndexName="by_sk")
    assert us.get_item(TableName="things", Key=key("from ap"))["Item"]["x"] == {"S": "eu"}
    assert "Item" not in ap.get_item(TableName="things", Key=key("p500", 500))


def test_streams_and_settings_of_replicas(at):
    us, eu = at("dynamodb", "us-east-1"), at("dynamodb", "eu-west-1")
    make(us)
    add(us, "eu-west-1")
    ready(us, "eu-west-1")
    eu.put_item(TableName="things", Item=key("a"))
    for region, dynamodb in (("us-east-1", us), ("eu-west-1", eu)):
        streams = at("dynamodbstreams", region)
        arn = dynamodb.describe_table(TableName="things")["Table"]["LatestStreamArn"]
        shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        start = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        [record] = streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
        assert record["eventName"] == "INSERT" and record["awsRegion"] == region
    us.update_table(TableName="things", GlobalSecondaryIndexUpdates=[{"Create": INDEX}],
                    AttributeDefinitions=[{"AttributeName": "sk", "AttributeType": "N"}])
    us.update_time_to_live(TableName="things", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
    assert items(eu, IndexName="by_sk") == [("a", "1", "None")]
    assert eu.describe_time_to_live(TableName="things")["TimeToLiveDescription"]["AttributeName"] == "expires"
    us.put_item(TableName="things", Item=key("b") | {"expires": {"N": str(int(time.time()) - 5)}})
    eventually(lambda: len(items(eu)) == 1 and len(items(us)) == 1)


def test_replicas_go(at):
    us, eu, ap = at("dynamodb", "us-east-1"), at("dynamodb", "eu-west-1"), at("dynamodb", "ap-south-1")
    make(us)
    make(ap)
    assert refused(add, dynamodb=us, region="us-east-1") == "ValidationException"
    assert refused(add, dynamodb=us, region="ap-south-1") == "ValidationException"  # a table of its own
    add(us, "eu-west-1")
    ready(us, "eu-west-1")
    us.put_item(TableName="things", Item=key("a"))
    us.update_table(TableName="things", ReplicaUpdates=[{"Delete": {"RegionName": "eu-west-1"}}])
    assert refused(eu.describe_table, TableName="things") == "ResourceNotFoundException"
    assert replicas(us) == {} and items(us) == [("a", "1", "None")]
    assert refused(us.update_table, TableName="things",
                   ReplicaUpdates=[{"Delete": {"RegionName": "eu-west-1"}}]) == "ValidationException"
    add(us, "eu-west-1")
    ready(us, "eu-west-1")
    us.delete_table(TableName="things")
    assert replicas(eu) == {} and items(eu) == [("a", "1", "None")]
    eu.put_item(TableName="things", Item=key("b"))


def test_the_old_version_joins_tables_that_are_there(at):
    us, eu, ap = at("dynamodb", "us-east-1"), at("dynamodb", "eu-west-1"), at("dynamodb", "ap-south-1")
    stream = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
    group = lambda *regions: [{"RegionName": r} for r in regions]
    make(us, **stream)
    assert refused(us.create_global_table, GlobalTableName="things",
                   ReplicationGroup=group("us-east-1", "eu-west-1")) == "TableNotFoundException"
    assert refused(us.create_global_table, GlobalTableName="things",
                   ReplicationGroup=group("us-east-1", "r" * 64)) == "TableNotFoundException"
    assert us.list_global_tables(RegionName="r" * 64)["GlobalTables"] == []
    assert refused(us.describe_global_table, GlobalTableName="things") == "GlobalTableNotFoundException"
    make(eu, **stream)
    make(ap, **stream)
    made = us.create_global_table(GlobalTableName="things", ReplicationGroup=group("us-east-1", "eu-west-1"))
    made = made["GlobalTableDescription"]
    assert made["GlobalTableStatus"] == "ACTIVE" and ":global-table/things" in made["GlobalTableArn"]
    assert refused(eu.create_global_table, GlobalTableName="things",
                   ReplicationGroup=group("us-east-1", "eu-west-1")) == "GlobalTableAlreadyExistsException"
    eu.update_global_table(GlobalTableName="things", ReplicaUpdates=[{"Create": {"RegionName": "ap-south-1"}}])
    us.put_item(TableName="things", Item=key("a"))
    assert items(us) == items(eu) == items(ap) == [("a", "1", "None")]
    [listed] = ap.list_global_tables()["GlobalTables"]
    assert sorted(r["RegionName"] for r in listed["ReplicationGroup"]) == ["ap-south-1", "eu-west-1", "us-east-1"]
    us.update_global_table(GlobalTableName="things", ReplicaUpdates=[{"Delete": {"RegionName": "eu-west-1"}}])
    us.put_item(TableName="things", Item=key("b"))
    assert len(items(ap)) == 2 and len(items(eu)) == 1
    assert refused(us.update_global_table, GlobalTableName="things",
                   ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}]) == "ValidationException"  # it is not empty
