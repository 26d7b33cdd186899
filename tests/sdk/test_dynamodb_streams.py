"""DynamoDB Streams through boto3: what is recorded, in which order, and who may read it."""

import threading

import pytest
from botocore.exceptions import ClientError
from dynamodb_kit import KEYS, OwnServer, key, refused

@pytest.fixture
def dynamodb(client):
    return client("dynamodb")


@pytest.fixture
def streams(client):
    return client("dynamodbstreams")


def make(dynamodb, name="things", view="NEW_AND_OLD_IMAGES", **more):
    """The new table's stream."""
    made = dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **KEYS,
                                 StreamSpecification={"StreamEnabled": True, "StreamViewType": view}, **more)
    return made["TableDescription"]["LatestStreamArn"]


def shard_of(streams, arn):
    return streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]


def iterator(streams, arn, kind="TRIM_HORIZON", **more):
    return streams.get_shard_iterator(StreamArn=arn, ShardId=shard_of(streams, arn), ShardIteratorType=kind,
                                      **more)["ShardIterator"]


def records(streams, arn, **more):
    """All that is there."""
    found, at = [], iterator(streams, arn, **more)
    while at:
        page = streams.get_records(ShardIterator=at)
        if not page["Records"]:
            break
        found += page["Records"]
        at = page.get("NextShardIterator")
    return found


def test_a_table_shows_its_stream(dynamodb, streams, account):
    arn = make(dynamodb)
    table = dynamodb.describe_table(TableName="things")["Table"]
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["LatestStreamArn"] == arn == f"{table['TableArn']}/stream/{table['LatestStreamLabel']}"
    assert streams.list_streams()["Streams"] == [
        {"StreamArn": arn, "TableName": "things", "StreamLabel": table["LatestStreamLabel"]}]
    stream = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    assert stream["StreamStatus"] == "ENABLED" and stream["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert stream["TableName"] == "things" and stream["KeySchema"] == KEYS["KeySchema"]
    [shard] = stream["Shards"]
    assert len(shard["ShardId"]) == 37 and shard["ShardId"].startswith("shardId-0000000")
    assert len(shard["SequenceNumberRange"]["StartingSequenceNumber"]) == 21
    assert "EndingSequenceNumber" not in shard["SequenceNumberRange"]


def test_records_tell_what_happened(dynamodb, streams):
    arn = make(dynamodb)
    dynamodb.put_item(TableName="things", Item=key("a") | {"x": {"S": "old"}})
    dynamodb.update_item(TableName="things", Key=key("a"), UpdateExpression="SET x = :v",
                         ExpressionAttributeValues={":v": {"S": "new"}})
    dynamodb.delete_item(TableName="things", Key=key("a"))
    insert, modify, remove = records(streams, arn)
    assert [r["eventName"] for r in (insert, modify, remove)] == ["INSERT", "MODIFY", "REMOVE"]
    assert all(r["eventSource"] == "aws:dynamodb" and r["eventVersion"] == "1.1" and r["awsRegion"] == "us-east-1"
               and "userIdentity" not in r for r in (insert, modify, remove))
    assert len({r["eventID"] for r in (insert, modify, remove)}) == 3
    assert insert["dynamodb"]["Keys"] == key("a") and "OldImage" not in insert["dynamodb"]
    assert insert["dynamodb"]["NewImage"] == key("a") | {"x": {"S": "old"}}
    assert modify["dynamodb"]["OldImage"]["x"] == {"S": "old"} and modify["dynamodb"]["NewImage"]["x"] == {"S": "new"}
    assert remove["dynamodb"]["OldImage"]["x"] == {"S": "new"} and "NewImage" not in remove["dynamodb"]
    # keys: 2 + 1 and 2 + 2; the image has them and x with three characters
    assert insert["dynamodb"]["SizeBytes"] == 7 + 7 + 4
    numbers = [r["dynamodb"]["SequenceNumber"] for r in (insert, modify, remove)]
    assert numbers == sorted(numbers) and len(set(numbers)) == 3


@pytest.mark.parametrize("view, shown", [("KEYS_ONLY", set()), ("NEW_IMAGE", {"NewImage"}), ("OLD_IMAGE", {"OldImage"}),
                                         ("NEW_AND_OLD_IMAGES", {"NewImage", "OldImage"})])
def test_views(dynamodb, streams, view, shown):
    arn = make(dynamodb, view=view)
    dynamodb.put_item(TableName="things", Item=key("a"))
    dynamodb.put_item(TableName="things", Item=key("a") | {"x": {"L": [{"N": "1.50"}]}})
    record = records(streams, arn)[1]["dynamodb"]
    assert set(record) & {"NewImage", "OldImage"} == shown
    assert record["StreamViewType"] == view and record["Keys"] == key("a")


def test_what_changes_nothing_is_not_recorded(dynamodb, streams):
    arn = make(dynamodb)
    item = key("a") | {"s": {"SS": ["x", "y"]}, "n": {"N": "1.0"}}
    dynamodb.put_item(TableName="things", Item=item)
    dynamodb.put_item(TableName="things", Item=key("a") | {"n": {"N": "1"}, "s": {"SS": ["y", "x"]}})
    dynamodb.update_item(TableName="things", Key=key("a"), UpdateExpression="SET n = :v",
                         ExpressionAttributeValues={":v": {"N": "1"}})
    dynamodb.delete_item(TableName="things", Key=key("b"))
    with pytest.raises(ClientError):
        dynamodb.put_item(TableName="things", Item=key("a"), ConditionExpression="attribute_not_exists(pk)")
    assert [r["eventName"] for r in records(streams, arn)] == ["INSERT"]


def test_batches_and_transactions(dynamodb, streams):
    arn = make(dynamodb)
    other = make(dynamodb, "other", "KEYS_ONLY")
    dynamodb.batch_write_item(RequestItems={"things": [{"PutRequest": {"Item": key(c)}} for c in "abc"]})
    dynamodb.transact_write_items(TransactItems=[
        {"Put": {"TableName": "things", "Item": key("d")}},
        {"Delete": {"TableName": "things", "Key": key("a")}},
        {"Put": {"TableName": "other", "Item": key("o")}},
        {"ConditionCheck": {"TableName": "things", "Key": key("b"), "ConditionExpression": "attribute_exists(pk)"}}])
    with pytest.raises(ClientError):
        dynamodb.transact_write_items(TransactItems=[
            {"Put": {"TableName": "things", "Item": key("never")}},
            {"ConditionCheck": {"TableName": "things", "Key": key("b"), "ConditionExpression": "attribute_not_exists(pk)"}}])
    found = [(r["eventName"], r["dynamodb"]["Keys"]["pk"]["S"]) for r in records(streams, arn)]
    assert sorted(found[:3]) == [("INSERT", "a"), ("INSERT", "b"), ("INSERT", "c")]
    assert sorted(found[3:]) == [("INSERT", "d"), ("REMOVE", "a")]
    assert [r["dynamodb"]["Keys"]["pk"]["S"] for r in records(streams, other)] == ["o"]


def test_each_item_is_told_in_the_order_of_its_commits(dynamodb, streams):
    arn = make(dynamodb)

    def count(who):
        for _ in range(25):
            dynamodb.update_item(TableName="things", Key=key("shared"), UpdateExpression="ADD n :one",
                                 ExpressionAttributeValues={":one": {"N": "1"}})
            dynamodb.update_item(TableName="things", Key=key(f"own{who}"), UpdateExpression="ADD n :one",
                                 ExpressionAttributeValues={":one": {"N": "1"}})

    threads = [threading.Thread(target=count, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    found = records(streams, arn)
    assert len(found) == 8 * 50
    for pk, total in [("shared", 200)] + [(f"own{i}", 25) for i in range(8)]:
        images = [r["dynamodb"] for r in found if r["dynamodb"]["Keys"]["pk"]["S"] == pk]
        assert [int(i["NewImage"]["n"]["N"]) for i in images] == list(range(1, total + 1))
        assert all(a["NewImage"] == b["OldImage"] for a, b in zip(images, images[1:]))


def test_iterators(dynamodb, streams):
    arn = make(dynamodb, view="KEYS_ONLY")
    latest = iterator(streams, arn, "LATEST")
    for i in range(5):
        dynamodb.put_item(TableName="things", Item=key("a", i))
    page = streams.get_records(ShardIterator=latest, Limit=2)
    assert [r["dynamodb"]["Keys"]["sk"]["N"] for r in page["Records"]] == ["0", "1"]
    page = streams.get_records(ShardIterator=page["NextShardIterator"])
    assert [r["dynamodb"]["Keys"]["sk"]["N"] for r in page["Records"]] == ["2", "3", "4"]
    assert streams.get_records(ShardIterator=page["NextShardIterator"])["Records"] == []
    number = page["Records"][1]["dynamodb"]["SequenceNumber"]
    at = records(streams, arn, kind="AT_SEQUENCE_NUMBER", SequenceNumber=number)
    after = records(streams, arn, kind="AFTER_SEQUENCE_NUMBER", SequenceNumber=number)
    assert [len(at), len(after)] == [2, 1]
    assert refused(streams.get_records, ShardIterator="nonsense") == "ValidationException"
    shard = shard_of(streams, arn)
    ask = {"StreamArn": arn, "ShardId": shard}
    assert refused(streams.get_shard_iterator, ShardIteratorType="AT_SEQUENCE_NUMBER", **ask) == "ValidationException"
    assert refused(streams.get_shard_iterator, ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber="9" * 21,
                   **ask) == "ValidationException"
    assert refused(streams.get_shard_iterator, ShardIteratorType="LATEST", StreamArn=arn,
                   ShardId=shard[:-1] + "x") == "ResourceNotFoundException"
    assert refused(streams.describe_stream, StreamArn=arn[:-1] + "x") == "ResourceNotFoundException"


def test_switching_off_and_on(dynamodb, streams):
    first = make(dynamodb)
    dynamodb.put_item(TableName="things", Item=key("a"))
    again = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    assert refused(dynamodb.update_table, TableName="things", StreamSpecification=again) == "ValidationException"
    off = dynamodb.update_table(TableName="things", StreamSpecification={"StreamEnabled": False})["TableDescription"]
    assert "StreamSpecification" not in off
    dynamodb.put_item(TableName="things", Item=key("unseen"))
    stream = streams.describe_stream(StreamArn=first)["StreamDescription"]
    assert stream["StreamStatus"] == "DISABLED"
    last = stream["Shards"][0]["SequenceNumberRange"]["EndingSequenceNumber"]
    assert [r["dynamodb"]["SequenceNumber"] for r in records(streams, first)] == [last]
    page = streams.get_records(ShardIterator=iterator(streams, first))
    assert "NextShardIterator" not in page
    second = dynamodb.update_table(TableName="things", StreamSpecification=again)["TableDescription"]["LatestStreamArn"]
    assert second != first
    dynamodb.put_item(TableName="things", Item=key("c"))
    assert [r["dynamodb"]["Keys"]["pk"]["S"] for r in records(streams, second)] == ["c"]
    assert [s["StreamArn"] for s in streams.list_streams(TableName="things")["Streams"]] == [first, second]
    page = streams.list_streams(TableName="things", Limit=1)
    assert page["LastEvaluatedStreamArn"] == first
    assert [s["StreamArn"] for s in streams.list_streams(ExclusiveStartStreamArn=first)["Streams"]] == [second]


def test_a_stream_outlives_its_table(dynamodb, streams):
    arn = make(dynamodb)
    dynamodb.put_item(TableName="things", Item=key("a"))
    dynamodb.delete_table(TableName="things")
    assert streams.describe_stream(StreamArn=arn)["StreamDescription"]["StreamStatus"] == "DISABLED"
    assert [r["eventName"] for r in records(streams, arn)] == ["INSERT"]


def test_other_accounts_see_nothing(dynamodb, streams, endpoint):
    import boto3

    arn = make(dynamodb)
    at = iterator(streams, arn)
    stranger = boto3.client("dynamodbstreams", endpoint_url=endpoint, region_name="us-east-1",
                            aws_access_key_id="999999999999", aws_secret_access_key="x")
    assert refused(stranger.describe_stream, StreamArn=arn) == "ResourceNotFoundException"
    assert refused(stranger.get_records, ShardIterator=at) == "ResourceNotFoundException"


def test_a_table_of_indexes_and_large_items(dynamodb, streams):
    arn = make(dynamodb, GlobalSecondaryIndexes=[
        {"IndexName": "by_sk", "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}],
         "Projection": {"ProjectionType": "ALL"}}])
    for i in range(6):
        dynamodb.put_item(TableName="things", Item=key("a", i) | {"x": {"S": "x" * 300_000}})
    page = streams.get_records(ShardIterator=iterator(streams, arn))
    assert 0 < len(page["Records"]) <= 4  # a page ends at 1 MB
    assert len(records(streams, arn)) == 6


def test_streams_survive_a_restart_and_are_trimmed_after_a_day(tmp_path):
    with OwnServer(tmp_path) as server:
        dynamodb, streams = server.client("dynamodb"), server.client("dynamodbstreams")
        arn = make(dynamodb)
        dynamodb.put_item(TableName="things", Item=key("a"))
        old = iterator(streams, arn)
        server.kill_and_start()
        dynamodb, streams = server.client("dynamodb"), server.client("dynamodbstreams")
        dynamodb.put_item(TableName="things", Item=key("b"))
        assert [r["dynamodb"]["Keys"]["pk"]["S"] for r in records(streams, arn)] == ["a", "b"]
        number = records(streams, arn)[0]["dynamodb"]["SequenceNumber"]
        server.advance(23 * 3600)
        assert refused(streams.get_records, ShardIterator=old) == "ExpiredIteratorException"
        dynamodb.put_item(TableName="things", Item=key("c"))
        server.advance(2 * 3600)
        assert [r["dynamodb"]["Keys"]["pk"]["S"] for r in records(streams, arn)] == ["c"]
        assert refused(streams.get_shard_iterator, StreamArn=arn, ShardId=shard_of(streams, arn),
                       ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber=number) == "TrimmedDataAccessException"
