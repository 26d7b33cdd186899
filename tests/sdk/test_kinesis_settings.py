"""What can be set of a stream and read back: mode, throughput, record size, encryption, metrics, policies, limits."""

import json
import time

import boto3
import botocore.config
import pytest

from kinesis_kit import refused
from server import Server

TOP = 2**128


@pytest.fixture
def kinesis(client):
    return client("kinesis")


@pytest.fixture
def arn(kinesis, account):
    kinesis.create_stream(StreamName="s", ShardCount=2)
    return f"arn:aws:kinesis:us-east-1:{account}:stream/s"


def summary(kinesis, name="s"):
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]


def test_mode(kinesis, arn):
    kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert summary(kinesis)["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert summary(kinesis)["OpenShardCount"] == 2
    assert kinesis.describe_limits()["OnDemandStreamCount"] == 1
    refused(kinesis.update_shard_count, "ValidationException", StreamName="s", TargetShardCount=4,
            ScalingType="UNIFORM_SCALING")
    kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "PROVISIONED"})
    kinesis.update_shard_count(StreamName="s", TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    assert summary(kinesis)["OpenShardCount"] == 4
    refused(kinesis.update_stream_mode, "ResourceNotFoundException", StreamARN=arn + "x",
            StreamModeDetails={"StreamMode": "ON_DEMAND"})


def read_all(kinesis, name):
    """Records by shard."""
    found = {}
    for shard in kinesis.list_shards(StreamName=name)["Shards"]:
        iterator = kinesis.get_shard_iterator(StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        found[shard["ShardId"]] = kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    return found


def test_a_stream_without_mode_and_shard_count_is_on_demand(kinesis):
    kinesis.create_stream(StreamName="d")
    assert summary(kinesis, "d")["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert summary(kinesis, "d")["OpenShardCount"] == 4
    assert summary(kinesis, "d")["RecordDistributionStrategy"] == "USER_PARTITION_KEY"
    refused(kinesis.create_stream, "ValidationException", StreamName="e", StreamModeDetails={"StreamMode": "PROVISIONED"})


def test_records_are_spread_whatever_their_keys(kinesis, account):
    kinesis.create_stream(StreamName="a", StreamModeDetails={"StreamMode": "ON_DEMAND"}, RecordDistributionStrategy="AUTO")
    assert summary(kinesis, "a")["RecordDistributionStrategy"] == "AUTO"
    shards = {r["ShardId"] for r in kinesis.put_records(StreamName="a", Records=[
        {"Data": b"%d" % i, "PartitionKey": "same", "ExplicitHashKey": "7"} for i in range(8)])["Records"]}
    shards |= {kinesis.put_record(StreamName="a", Data=b"alone")["ShardId"] for _ in range(4)}
    assert len(shards) == 4
    refused(kinesis.put_record, "InvalidArgumentException", StreamName="a", Data=b"x", SequenceNumberForOrdering="1")
    for records in read_all(kinesis, "a").values():
        # Keys come back as they were given, and not at all where none was.
        assert sorted((r["Data"] == b"alone", r.get("PartitionKey")) for r in records) == [(False, "same")] * 2 + [(True, None)]

    arn = f"arn:aws:kinesis:us-east-1:{account}:stream/a"
    kinesis.update_stream_record_distribution_strategy(StreamARN=arn, RecordDistributionStrategy="USER_PARTITION_KEY")
    null = "failed to satisfy constraint: Member must not be null"
    refused(kinesis.put_record, "ValidationException", f"1 validation error detected: Value null at 'partitionKey' {null}",
            StreamName="a", Data=b"x")
    refused(kinesis.put_records, "ValidationException",
            f"1 validation error detected: Value null at 'records.2.member.partitionKey' {null}",
            StreamName="a", Records=[{"Data": b"x", "PartitionKey": "k"}, {"Data": b"x"}])
    assert len({kinesis.put_record(StreamName="a", Data=b"x", PartitionKey="k")["ShardId"] for _ in range(8)}) == 1


def test_only_on_demand_streams_spread_their_records(kinesis, arn):
    refused(kinesis.create_stream, "InvalidArgumentException", StreamName="p", ShardCount=1, RecordDistributionStrategy="AUTO")
    refused(kinesis.update_stream_record_distribution_strategy, "InvalidArgumentException", StreamARN=arn,
            RecordDistributionStrategy="AUTO")
    assert "RecordDistributionStrategy" not in summary(kinesis)
    kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    kinesis.update_stream_record_distribution_strategy(StreamARN=arn, RecordDistributionStrategy="AUTO")
    kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "PROVISIONED"})
    kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert summary(kinesis)["RecordDistributionStrategy"] == "USER_PARTITION_KEY"


def test_a_dry_run_checks_and_does_nothing(kinesis, arn):
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    where = {"StreamName": "s", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(**where)["ShardIterator"]
    start = {"ConsumerARN": consumer, "ShardId": "shardId-000000000000", "StartingPosition": {"Type": "LATEST"}}
    dry = "DryRunOperationException"
    refused(kinesis.put_record, dry, StreamName="s", Data=b"x", PartitionKey="k", DryRun=True)
    refused(kinesis.put_records, dry, StreamName="s", Records=[{"Data": b"x", "PartitionKey": "k"}], DryRun=True)
    refused(kinesis.get_shard_iterator, dry, DryRun=True, **where)
    refused(kinesis.get_records, dry, ShardIterator=iterator, DryRun=True)
    refused(kinesis.subscribe_to_shard, dry, DryRun=True, **start)
    assert all(records == [] for records in read_all(kinesis, "s").values())
    kinesis.subscribe_to_shard(**start)["EventStream"].close()  # its place was not taken
    # What would fail fails as it does in earnest.
    refused(kinesis.put_record, "ResourceNotFoundException", StreamName="no", Data=b"x", PartitionKey="k", DryRun=True)
    refused(kinesis.put_record, "InvalidArgumentException", StreamName="s", Data=b"x", PartitionKey="k",
            ExplicitHashKey=str(TOP), DryRun=True)
    refused(kinesis.get_records, "InvalidArgumentException", ShardIterator="forged", DryRun=True)
    kinesis.put_record(StreamName="s", Data=b"x", PartitionKey="k", DryRun=False)


def test_a_commitment_allows_fifty_consumers(kinesis, arn):
    kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    for i in range(20):
        kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=f"c{i}")
    refused(kinesis.register_stream_consumer, "LimitExceededException", StreamARN=arn, ConsumerName="c20")
    kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    for i in range(20, 50):
        kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=f"c{i}")
    refused(kinesis.register_stream_consumer, "LimitExceededException", StreamARN=arn, ConsumerName="c50")


def test_warm_throughput_needs_a_commitment(kinesis, arn):
    def warm(mibps):
        return kinesis.update_stream_warm_throughput(StreamARN=arn, WarmThroughputMiBps=mibps)

    assert kinesis.describe_account_settings()["MinimumThroughputBillingCommitment"] == {"Status": "DISABLED"}
    refused(warm, "ValidationException", mibps=8)
    kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    refused(warm, "ValidationException", mibps=8)
    enabled = kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    enabled = enabled["MinimumThroughputBillingCommitment"]
    assert enabled["Status"] == "ENABLED" and "EndedAt" not in enabled
    assert (enabled["EarliestAllowedEndAt"] - enabled["StartedAt"]).total_seconds() == 24 * 3600
    answer = warm(8)
    assert answer["StreamName"] == "s" and answer["WarmThroughput"] == {"TargetMiBps": 8, "CurrentMiBps": 8}
    assert summary(kinesis)["OpenShardCount"] == 8
    assert summary(kinesis)["WarmThroughput"] == {"TargetMiBps": 8, "CurrentMiBps": 8}
    warm(5)
    assert summary(kinesis)["OpenShardCount"] == 8
    kinesis.create_stream(StreamName="w", StreamModeDetails={"StreamMode": "ON_DEMAND"}, WarmThroughputMiBps=6)
    assert summary(kinesis, "w")["OpenShardCount"] == 6
    ending = kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "DISABLED"})
    ending = ending["MinimumThroughputBillingCommitment"]
    assert ending["Status"] == "ENABLED_UNTIL_EARLIEST_ALLOWED_END"
    assert ending["EndedAt"] == ending["EarliestAllowedEndAt"]
    assert kinesis.describe_account_settings()["MinimumThroughputBillingCommitment"] == ending


def test_record_size(kinesis, arn):
    large = b"x" * (5 << 20)
    refused(kinesis.put_record, "ValidationException", StreamName="s", Data=large, PartitionKey="k")
    kinesis.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=10240)
    assert summary(kinesis)["MaxRecordSizeInKiB"] == 10240
    put = kinesis.put_record(StreamName="s", Data=large, PartitionKey="k")
    it = kinesis.get_shard_iterator(StreamName="s", ShardId=put["ShardId"], ShardIteratorType="TRIM_HORIZON")
    assert kinesis.get_records(ShardIterator=it["ShardIterator"])["Records"][0]["Data"] == large
    kinesis.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=1024)
    refused(kinesis.put_record, "ValidationException", StreamName="s", Data=large, PartitionKey="k")
    refused(kinesis.update_max_record_size, "ValidationException", StreamARN=arn, MaxRecordSizeInKiB=10241)


def test_encryption(kinesis, arn):
    key = {"StreamName": "s", "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
    assert "EncryptionType" not in kinesis.put_record(StreamName="s", Data=b"x", PartitionKey="k")
    kinesis.start_stream_encryption(**key)
    for described in (summary(kinesis), kinesis.describe_stream(StreamName="s")["StreamDescription"]):
        assert described["EncryptionType"] == "KMS" and described["KeyId"] == "alias/aws/kinesis"
    assert kinesis.put_record(StreamName="s", Data=b"x", PartitionKey="k")["EncryptionType"] == "KMS"
    kinesis.stop_stream_encryption(**key)
    assert summary(kinesis)["EncryptionType"] == "NONE" and "KeyId" not in summary(kinesis)
    refused(kinesis.start_stream_encryption, "InvalidArgumentException", **{**key, "EncryptionType": "NONE"})


def test_shard_level_metrics(kinesis, arn):
    def on():
        return summary(kinesis)["EnhancedMonitoring"][0]["ShardLevelMetrics"]

    answer = kinesis.enable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["IncomingBytes", "OutgoingBytes"])
    assert answer["StreamName"] == "s" and answer["StreamARN"] == arn
    assert answer["CurrentShardLevelMetrics"] == []
    assert sorted(answer["DesiredShardLevelMetrics"]) == ["IncomingBytes", "OutgoingBytes"] == sorted(on())
    kinesis.enable_enhanced_monitoring(StreamARN=arn, ShardLevelMetrics=["ALL"])
    assert len(on()) == 7
    answer = kinesis.disable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["IncomingBytes"])
    assert len(answer["CurrentShardLevelMetrics"]) == 7 and len(answer["DesiredShardLevelMetrics"]) == 6
    kinesis.disable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["ALL"])
    assert on() == []


def test_resource_policies(kinesis, arn, account):
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    for resource, action in ((arn, "kinesis:PutRecord"), (consumer, "kinesis:SubscribeToShard")):
        document = json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": account}, "Action": action, "Resource": resource}]})
        kinesis.put_resource_policy(ResourceARN=resource, Policy=document)
        assert kinesis.get_resource_policy(ResourceARN=resource)["Policy"] == document
    refused(kinesis.put_resource_policy, "InvalidArgumentException", ResourceARN=arn, Policy="{")
    refused(kinesis.put_resource_policy, "InvalidArgumentException", ResourceARN=arn, Policy=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}]}))
    kinesis.delete_resource_policy(ResourceARN=arn)
    assert kinesis.get_resource_policy(ResourceARN=arn)["Policy"] == "{}"
    assert kinesis.get_resource_policy(ResourceARN=consumer)["Policy"] != "{}"
    refused(kinesis.delete_resource_policy, "ResourceNotFoundException",
            f"No resource policy found for resource ARN {arn}.", ResourceARN=arn)
    refused(kinesis.get_resource_policy, "ResourceNotFoundException", ResourceARN=arn + "x")


def test_settings_survive_a_restart(tmp_path):
    server = Server(tmp_path / "data")

    def connect():
        return boto3.client("kinesis", endpoint_url=server.endpoint, region_name="us-east-1",
                            aws_access_key_id="123456789012", aws_secret_access_key="x")

    kinesis = connect()
    arn = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
    kinesis.create_stream(StreamName="s", ShardCount=1)
    kinesis.create_stream(StreamName="a", RecordDistributionStrategy="AUTO")
    kinesis.put_record(StreamName="s", Data=b"old", PartitionKey="k")
    kinesis.split_shard(StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(TOP // 2))
    kinesis.start_stream_encryption(StreamName="s", EncryptionType="KMS", KeyId="k")
    kinesis.enable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["IncomingBytes"])
    kinesis.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=2048)
    kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")
    new = kinesis.put_record(StreamName="s", Data=b"new", PartitionKey="k")
    before = (summary(kinesis), kinesis.list_shards(StreamName="s")["Shards"], kinesis.list_stream_consumers(StreamARN=arn)["Consumers"])
    server.stop()
    server = Server(tmp_path / "data")
    try:
        kinesis = connect()
        assert before == (summary(kinesis), kinesis.list_shards(StreamName="s")["Shards"],
                          kinesis.list_stream_consumers(StreamARN=arn)["Consumers"])
        assert len({kinesis.put_record(StreamName="a", Data=b"x")["ShardId"] for _ in range(4)}) == 4
        for shard, data, ends in (("shardId-000000000000", b"old", True), (new["ShardId"], b"new", False)):
            it = kinesis.get_shard_iterator(StreamName="s", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
            page = kinesis.get_records(ShardIterator=it["ShardIterator"])
            assert [r["Data"] for r in page["Records"]] == [data]
            assert ("NextShardIterator" not in page) == ends
    finally:
        server.stop()


def test_limits_of_shards_when_they_are_kept(tmp_path):
    server = Server(tmp_path / "data", "--kinesis-limits")
    try:
        kinesis = boto3.client("kinesis", endpoint_url=server.endpoint, region_name="us-east-1",
                               aws_access_key_id="123456789012", aws_secret_access_key="x",
                               config=botocore.config.Config(retries={"max_attempts": 0}))
        kinesis.create_stream(StreamName="s", ShardCount=2)
        mine = {"PartitionKey": "k", "ExplicitHashKey": "0"}
        where = "Rate exceeded for shard shardId-000000000000 in stream s under account 123456789012."
        it = kinesis.get_shard_iterator(StreamName="s", ShardId="shardId-000000000000",
                                        ShardIteratorType="TRIM_HORIZON")["ShardIterator"]

        def until_refused(call):
            for _ in range(200):
                try:
                    call()
                except kinesis.exceptions.ProvisionedThroughputExceededException as e:
                    assert e.response["Error"]["Message"] == where
                    return
            pytest.fail("never refused")

        until_refused(lambda: kinesis.put_record(StreamName="s", Data=b"x" * 1_000_000, **mine))
        half = b"y" * 600_000
        answer = kinesis.put_records(StreamName="s", Records=[
            {"Data": half, **mine}, {"Data": half, **mine}, {"Data": b"z", "PartitionKey": "k", "ExplicitHashKey": str(TOP - 1)}])
        failed = [r for r in answer["Records"] if "ErrorCode" in r]
        assert answer["FailedRecordCount"] == len(failed) >= 1
        assert failed[0] == {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": where}
        assert answer["Records"][2]["ShardId"] == "shardId-000000000001"
        until_refused(lambda: kinesis.get_records(ShardIterator=it, Limit=1))
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                kinesis.put_record(StreamName="s", Data=b"again", **mine)
                break
            except kinesis.exceptions.ProvisionedThroughputExceededException:
                time.sleep(0.1)
        else:
            pytest.fail("the shard never recovered")
    finally:
        server.stop()
