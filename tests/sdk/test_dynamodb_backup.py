"""Backups and recovery to a point in time: what comes back is what was there at that moment."""

import threading
import time

import pytest
from dynamodb_kit import OwnServer, eventually, key, make, refused

INDEX = {"IndexName": "by_sk", "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}],
         "Projection": {"ProjectionType": "ALL"}}


@pytest.fixture
def dynamodb(client):
    return client("dynamodb")


def fill(dynamodb, count, table="things", size=10):
    for start in range(0, count, 25):
        dynamodb.batch_write_item(RequestItems={table: [
            {"PutRequest": {"Item": key(f"p{i}", i) | {"x": {"S": "x" * size}}}} for i in range(start, min(start + 25, count))]})


def rows(dynamodb, table, **more):
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, **more)
    return {(i["pk"]["S"], i["sk"]["N"]): i for p in pages for i in p["Items"]}


def active(dynamodb, name):
    return eventually(lambda: (t := dynamodb.describe_table(TableName=name)["Table"])["TableStatus"] == "ACTIVE" and t)


def test_a_backup_is_made_described_listed_restored_and_deleted(dynamodb):
    table = make(dynamodb, GlobalSecondaryIndexes=[INDEX])
    fill(dynamodb, 30)
    made = dynamodb.create_backup(TableName="things", BackupName="first")["BackupDetails"]
    assert made["BackupArn"].startswith(table["TableArn"] + "/backup/0") and made["BackupType"] == "USER"
    before = rows(dynamodb, "things")
    fill(dynamodb, 60)
    dynamodb.delete_item(TableName="things", Key=key("p1", 1))

    found = dynamodb.describe_backup(BackupArn=made["BackupArn"])["BackupDescription"]
    assert found["BackupDetails"]["BackupStatus"] == "AVAILABLE"
    assert found["SourceTableDetails"]["ItemCount"] == 30 and found["SourceTableDetails"]["TableId"] == table["TableId"]
    assert found["SourceTableDetails"]["BillingMode"] == "PAY_PER_REQUEST"
    [index] = found["SourceTableFeatureDetails"]["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "by_sk"
    dynamodb.create_backup(TableName="things", BackupName="second")
    listed = dynamodb.list_backups(TableName="things", Limit=1)
    assert [b["BackupName"] for b in listed["BackupSummaries"]] == ["first"]
    listed = dynamodb.list_backups(ExclusiveStartBackupArn=listed["LastEvaluatedBackupArn"])
    assert [b["BackupName"] for b in listed["BackupSummaries"]] == ["second"] and "LastEvaluatedBackupArn" not in listed

    assert refused(dynamodb.restore_table_from_backup, TargetTableName="things",
                   BackupArn=made["BackupArn"]) == "TableAlreadyExistsException"
    dynamodb.delete_table(TableName="things")  # a backup outlives its table
    restored = dynamodb.restore_table_from_backup(TargetTableName="again", BackupArn=made["BackupArn"])["TableDescription"]
    assert restored["TableStatus"] == "CREATING" and restored["RestoreSummary"]["SourceBackupArn"] == made["BackupArn"]
    assert active(dynamodb, "again")["RestoreSummary"]["RestoreInProgress"] is False
    assert rows(dynamodb, "again") == before
    assert rows(dynamodb, "again", IndexName="by_sk") == before

    gone = dynamodb.delete_backup(BackupArn=made["BackupArn"])["BackupDescription"]
    assert gone["BackupDetails"]["BackupStatus"] == "DELETED"
    assert refused(dynamodb.describe_backup, BackupArn=made["BackupArn"]) == "BackupNotFoundException"
    assert refused(dynamodb.create_backup, TableName="missing", BackupName="name") == "TableNotFoundException"


def test_a_backup_of_a_table_that_changes_is_of_one_moment(dynamodb):
    """Two counters of one transaction stay equal in every backup, and nothing later is in it."""
    make(dynamodb)
    fill(dynamodb, 1500, size=300)
    stop = threading.Event()

    def work():
        while not stop.is_set():
            dynamodb.transact_write_items(TransactItems=[
                {"Update": {"TableName": "things", "Key": key(k, n), "UpdateExpression": "ADD n :one",
                            "ExpressionAttributeValues": {":one": {"N": "1"}}}} for k, n in (("p0", 0), ("p1499", 1499), ("new", 1))])

    threads = [threading.Thread(target=work) for _ in range(3)]
    for t in threads:
        t.start()
    arns = [dynamodb.create_backup(TableName="things", BackupName=f"backup{i}")["BackupDetails"]["BackupArn"]
            for i in range(3)]
    for arn in arns:
        eventually(lambda: dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"]
                   == "AVAILABLE")
    stop.set()
    for t in threads:
        t.join()
    for i, arn in enumerate(arns):
        eventually(lambda: dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["SourceTableDetails"]["ItemCount"]
                   in (1500, 1501))
        dynamodb.restore_table_from_backup(TargetTableName=f"copy{i}", BackupArn=arn)
        active(dynamodb, f"copy{i}")
        found = rows(dynamodb, f"copy{i}")
        counters = [found.get(k, {}).get("n", {"N": "0"})["N"] for k in (("p0", "0"), ("p1499", "1499"), ("new", "1"))]
        assert counters[0] == counters[1] == counters[2]
        assert len(found) == 1500 + (counters[0] != "0")


def test_overrides(dynamodb):
    make(dynamodb, GlobalSecondaryIndexes=[INDEX])
    fill(dynamodb, 3)
    arn = dynamodb.create_backup(TableName="things", BackupName="backup")["BackupDetails"]["BackupArn"]
    made = dynamodb.restore_table_from_backup(
        TargetTableName="other", BackupArn=arn, GlobalSecondaryIndexOverride=[], BillingModeOverride="PROVISIONED",
        ProvisionedThroughputOverride={"ReadCapacityUnits": 3, "WriteCapacityUnits": 4})["TableDescription"]
    assert made["ProvisionedThroughput"]["ReadCapacityUnits"] == 3 and "GlobalSecondaryIndexes" not in made
    assert "BillingModeSummary" not in made
    assert refused(dynamodb.restore_table_from_backup, TargetTableName="more", BackupArn=arn,
                   GlobalSecondaryIndexOverride=[INDEX | {"IndexName": "unknown"}]) == "ValidationException"


def test_recovery_is_switched_on_and_off(dynamodb):
    make(dynamodb)
    ask = lambda: dynamodb.describe_continuous_backups(TableName="things")["ContinuousBackupsDescription"]
    assert ask() == {"ContinuousBackupsStatus": "ENABLED",
                     "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"}}
    assert refused(dynamodb.restore_table_to_point_in_time, SourceTableName="things", TargetTableName="other",
                   UseLatestRestorableTime=True) == "PointInTimeRecoveryUnavailableException"
    dynamodb.update_continuous_backups(TableName="things", PointInTimeRecoverySpecification={
        "PointInTimeRecoveryEnabled": True})
    on = ask()["PointInTimeRecoveryDescription"]
    assert on["PointInTimeRecoveryStatus"] == "ENABLED" and on["RecoveryPeriodInDays"] == 35
    assert on["EarliestRestorableDateTime"] <= on["LatestRestorableDateTime"]
    assert refused(dynamodb.restore_table_to_point_in_time, SourceTableName="things", TargetTableName="other",
                   RestoreDateTime=time.time() - 3600) == "InvalidRestoreTimeException"
    dynamodb.update_continuous_backups(TableName="things", PointInTimeRecoverySpecification={
        "PointInTimeRecoveryEnabled": False})
    assert "EarliestRestorableDateTime" not in ask()["PointInTimeRecoveryDescription"]


def test_every_second_comes_back(tmp_path):
    with OwnServer(tmp_path) as server:
        dynamodb = server.client("dynamodb")
        make(dynamodb, GlobalSecondaryIndexes=[INDEX])
        fill(dynamodb, 1200)
        dynamodb.update_continuous_backups(TableName="things", PointInTimeRecoverySpecification={
            "PointInTimeRecoveryEnabled": True})
        moments = []
        for i in range(4):
            server.advance(60)
            dynamodb.put_item(TableName="things", Item=key("made", i))
            dynamodb.delete_item(TableName="things", Key=key(f"p{i}", i))
            dynamodb.update_item(TableName="things", Key=key("p1199", 1199), UpdateExpression="SET x = :v",
                                 ExpressionAttributeValues={":v": {"S": f"value {i}"}})
            described = dynamodb.describe_continuous_backups(TableName="things")["ContinuousBackupsDescription"]
            latest = described["PointInTimeRecoveryDescription"]["LatestRestorableDateTime"]
            server.advance(60)
            moments.append((latest.timestamp() + 1, rows(dynamodb, "things")))
        server.kill_and_start()
        server.advance(600)
        dynamodb = server.client("dynamodb")
        for i, (when, expected) in enumerate(moments):
            dynamodb.restore_table_to_point_in_time(SourceTableName="things", TargetTableName=f"copy{i}", RestoreDateTime=when)
            active(dynamodb, f"copy{i}")
            assert rows(dynamodb, f"copy{i}") == expected == rows(dynamodb, f"copy{i}", IndexName="by_sk")
        dynamodb.delete_table(TableName="things")
        [kept] = dynamodb.list_backups(BackupType="SYSTEM")["BackupSummaries"]
        assert kept["BackupName"] == "things$DeletedTableBackup"
        dynamodb.restore_table_from_backup(TargetTableName="things", BackupArn=kept["BackupArn"])
        active(dynamodb, "things")
        assert rows(dynamodb, "things") == moments[3][1]
        server.advance(36 * 86400)
        eventually(lambda: dynamodb.list_backups(BackupType="SYSTEM")["BackupSummaries"] == [])


def test_an_index_of_a_larger_table_is_filled_in_the_background(dynamodb):
    make(dynamodb)
    fill(dynamodb, 3000)
    made = dynamodb.update_table(TableName="things", GlobalSecondaryIndexUpdates=[{"Create": INDEX}],
                                 AttributeDefinitions=[{"AttributeName": "sk", "AttributeType": "N"}])["TableDescription"]
    assert made["GlobalSecondaryIndexes"][0]["IndexStatus"] == "CREATING"
    for i in range(20):
        dynamodb.delete_item(TableName="things", Key=key(f"p{i}", i))
        dynamodb.put_item(TableName="things", Item=key("new", i))
    eventually(lambda: dynamodb.describe_table(TableName="things")["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"]
               == "ACTIVE")
    assert rows(dynamodb, "things", IndexName="by_sk") == rows(dynamodb, "things")
    eventually(lambda: dynamodb.describe_table(TableName="things")["Table"]["ItemCount"] == 3000)
    dynamodb.update_table(TableName="things", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by_sk"}}])
    assert "GlobalSecondaryIndexes" not in dynamodb.describe_table(TableName="things")["Table"]
