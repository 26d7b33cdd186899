"""Kinesis streams as destinations of a table's changes: they arrive, in order, whatever happens to the server."""

import json

import pytest
from dynamodb_kit import OwnServer, eventually, key, make, refused


@pytest.fixture
def dynamodb(client):
    return client("dynamodb")


@pytest.fixture
def kinesis(client):
    return client("kinesis")


def stream(kinesis, name="changes"):
    kinesis.create_stream(StreamName=name, ShardCount=2)
    return eventually(lambda: (d := kinesis.describe_stream(StreamName=name)["StreamDescription"])["StreamStatus"]
                      == "ACTIVE" and d["StreamARN"])


def arrived(kinesis, name="changes"):
    found = []
    for shard in kinesis.list_shards(StreamName=name)["Shards"]:
        at = kinesis.get_shard_iterator(StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        found += [json.loads(r["Data"]) for r in kinesis.get_records(ShardIterator=at["ShardIterator"])["Records"]]
    return found


def statuses(dynamodb):
    found = dynamodb.describe_kinesis_streaming_destination(TableName="things")
    return [(d["StreamArn"], d["DestinationStatus"], d["ApproximateCreationDateTimePrecision"])
            for d in found["KinesisDataStreamDestinations"]]


def test_changes_arrive(dynamodb, kinesis):
    make(dynamodb)
    arn = stream(kinesis)
    assert statuses(dynamodb) == []
    dynamodb.put_item(TableName="things", Item=key("before"))
    made = dynamodb.enable_kinesis_streaming_destination(TableName="things", StreamArn=arn)
    assert made["DestinationStatus"] == "ENABLING" and made["StreamArn"] == arn
    assert statuses(dynamodb) == [(arn, "ACTIVE", "MILLISECOND")]
    dynamodb.put_item(TableName="things", Item=key("a") | {"x": {"N": "1"}})
    dynamodb.update_item(TableName="things", Key=key("a"), UpdateExpression="SET x = :v",
                         ExpressionAttributeValues={":v": {"N": "2"}})
    dynamodb.delete_item(TableName="things", Key=key("a"))
    eventually(lambda: len(arrived(kinesis)) == 3)
    insert, modify, remove = arrived(kinesis)
    assert [r["eventName"] for r in (insert, modify, remove)] == ["INSERT", "MODIFY", "REMOVE"]
    assert modify["dynamodb"]["Keys"] == key("a")
    assert modify["dynamodb"]["OldImage"]["x"] == {"N": "1"} and modify["dynamodb"]["NewImage"]["x"] == {"N": "2"}
    assert "NewImage" not in remove["dynamodb"]
    assert insert["tableName"] == "things" and insert["eventSource"] == "aws:dynamodb"
    assert insert["recordFormat"] == "application/json" and insert["userIdentity"] is None
    assert 1e12 < insert["dynamodb"]["ApproximateCreationDateTime"] < 1e13

    dynamodb.update_kinesis_streaming_destination(TableName="things", StreamArn=arn, UpdateKinesisStreamingConfiguration={
        "ApproximateCreationDateTimePrecision": "MICROSECOND"})
    dynamodb.put_item(TableName="things", Item=key("b"))
    eventually(lambda: len(arrived(kinesis)) == 4)
    [exact] = [r for r in arrived(kinesis) if r["dynamodb"]["Keys"] == key("b")]
    assert exact["dynamodb"]["ApproximateCreationDateTime"] > 1e15
    assert exact["dynamodb"]["ApproximateCreationDateTimePrecision"] == "MICROSECOND"

    dynamodb.disable_kinesis_streaming_destination(TableName="things", StreamArn=arn)
    dynamodb.put_item(TableName="things", Item=key("unseen"))
    assert statuses(dynamodb) == [(arn, "DISABLED", "MICROSECOND")]
    dynamodb.enable_kinesis_streaming_destination(TableName="things", StreamArn=arn)
    dynamodb.put_item(TableName="things", Item=key("last"))
    eventually(lambda: len(arrived(kinesis)) == 5)
    assert key("unseen") not in [r["dynamodb"]["Keys"] for r in arrived(kinesis)]


def test_what_is_refused(dynamodb, kinesis):
    make(dynamodb)
    arn = stream(kinesis)
    ask = {"TableName": "things", "StreamArn": arn}
    assert refused(dynamodb.enable_kinesis_streaming_destination, TableName="missing",
                   StreamArn=arn) == "ResourceNotFoundException"
    assert refused(dynamodb.enable_kinesis_streaming_destination, TableName="things",
                   StreamArn=arn + "x") == "ResourceNotFoundException"
    assert refused(dynamodb.disable_kinesis_streaming_destination, **ask) == "ResourceNotFoundException"
    dynamodb.enable_kinesis_streaming_destination(**ask)
    assert refused(dynamodb.enable_kinesis_streaming_destination, **ask) == "ValidationException"
    assert refused(dynamodb.update_kinesis_streaming_destination, **ask) == "ValidationException"
    dynamodb.disable_kinesis_streaming_destination(**ask)
    assert refused(dynamodb.disable_kinesis_streaming_destination, **ask) == "ValidationException"


def test_nothing_is_lost_when_the_server_is_killed(tmp_path):
    with OwnServer(tmp_path) as server:
        dynamodb, kinesis = server.client("dynamodb"), server.client("kinesis")
        make(dynamodb)
        dynamodb.enable_kinesis_streaming_destination(TableName="things", StreamArn=stream(kinesis))
        for i in range(300):
            dynamodb.put_item(TableName="things", Item=key("counter", 1) | {"n": {"N": str(i)}})
        server.kill_and_start()
        kinesis = server.client("kinesis")
        seen = eventually(lambda: (n := [int(r["dynamodb"]["NewImage"]["n"]["N"]) for r in arrived(kinesis)])
                          and n[-1] == 299 and n)
        assert sorted(set(seen)) == list(range(300))  # at least once
        first = [n for i, n in enumerate(seen) if n not in seen[:i]]
        assert first == sorted(first)
