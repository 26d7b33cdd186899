"""Time to live: items go when the server's clock passes their time, and streams tell who removed them."""

import time

import pytest
from dynamodb_kit import OwnServer, eventually, key, make, refused

ON = {"Enabled": True, "AttributeName": "expires"}
OFF = {"Enabled": False, "AttributeName": "expires"}


@pytest.fixture
def dynamodb(client):
    return client("dynamodb")


def item(pk, expires, sk=1):
    return key(pk, sk) | {"expires": {"N": str(expires)}}


def left(dynamodb):
    return sorted(i["pk"]["S"] for i in dynamodb.scan(TableName="things")["Items"])


def test_it_is_switched_on_and_off(dynamodb):
    make(dynamodb)
    ask = lambda: dynamodb.describe_time_to_live(TableName="things")["TimeToLiveDescription"]
    assert ask() == {"TimeToLiveStatus": "DISABLED"}
    assert refused(dynamodb.update_time_to_live, TableName="things", TimeToLiveSpecification=OFF) == "ValidationException"
    answer = dynamodb.update_time_to_live(TableName="things", TimeToLiveSpecification=ON)
    assert answer["TimeToLiveSpecification"] == ON
    assert ask() == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    assert refused(dynamodb.update_time_to_live, TableName="things", TimeToLiveSpecification=ON) == "ValidationException"
    assert refused(dynamodb.update_time_to_live, TableName="things",
                   TimeToLiveSpecification=ON | {"AttributeName": "other"}) == "ValidationException"
    dynamodb.update_time_to_live(TableName="things", TimeToLiveSpecification=OFF)
    assert ask() == {"TimeToLiveStatus": "DISABLED"}
    assert refused(dynamodb.update_time_to_live, TableName="missing",
                   TimeToLiveSpecification=ON) == "ResourceNotFoundException"


def test_what_is_due_goes_and_nothing_else(dynamodb):
    now = int(time.time())
    make(dynamodb)
    dynamodb.put_item(TableName="things", Item=item("before", now - 10))  # older than the setting
    dynamodb.update_time_to_live(TableName="things", TimeToLiveSpecification=ON)
    dynamodb.put_item(TableName="things", Item=item("due", now - 10))
    dynamodb.put_item(TableName="things", Item=item("later", now + 3600))
    dynamodb.put_item(TableName="things", Item=item("ages ago", now - 6 * 365 * 86400))
    dynamodb.put_item(TableName="things", Item=key("text") | {"expires": {"S": str(now - 10)}})
    dynamodb.put_item(TableName="things", Item=key("none"))
    dynamodb.put_item(TableName="things", Item=item("saved", now + 1))
    dynamodb.update_item(TableName="things", Key=key("saved"), UpdateExpression="REMOVE expires")
    dynamodb.put_item(TableName="things", Item=item("last", now - 1))
    eventually(lambda: not {"before", "due", "last"} & set(left(dynamodb)))
    assert left(dynamodb) == ["ages ago", "later", "none", "saved", "text"]


def test_the_stream_tells_who_removed_it(tmp_path):
    with OwnServer(tmp_path) as server:
        dynamodb, streams = server.client("dynamodb"), server.client("dynamodbstreams")
        arn = make(dynamodb, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
                   GlobalSecondaryIndexes=[{"IndexName": "by_sk", "Projection": {"ProjectionType": "ALL"},
                                            "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}]}])["LatestStreamArn"]
        dynamodb.update_time_to_live(TableName="things", TimeToLiveSpecification=ON)
        soon = int(time.time()) + 3000
        for i in range(120):
            dynamodb.put_item(TableName="things", Item=item(f"p{i}", soon))
        dynamodb.put_item(TableName="things", Item=item("later", soon + 3600))
        server.kill_and_start()  # nothing but the clock makes them go
        dynamodb, streams = server.client("dynamodb"), server.client("dynamodbstreams")
        server.advance(3001)
        eventually(lambda: left(dynamodb) == ["later"])
        assert dynamodb.scan(TableName="things", IndexName="by_sk")["Count"] == 1
        shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        at = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        records = streams.get_records(ShardIterator=at)["Records"]
        removed = [r for r in records if r["eventName"] == "REMOVE"]
        assert len(removed) == 120 and removed == records[121:]
        assert all(r["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"} for r in removed)
        assert removed[0]["dynamodb"]["OldImage"]["expires"] == {"N": str(soon)}
