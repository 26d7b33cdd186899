"""Resharding through boto3: parents close and are read to their end, children take over."""

import concurrent.futures
import hashlib
import random

import pytest

from kinesis_kit import refused

TOP = 2**128


@pytest.fixture
def kinesis(client):
    return client("kinesis")


def shards(kinesis, **more):
    return kinesis.list_shards(StreamName="s", **more)["Shards"]


def span(shard):
    return int(shard["HashKeyRange"]["StartingHashKey"]), int(shard["HashKeyRange"]["EndingHashKey"])


def open_spans(kinesis):
    return sorted(span(s) for s in shards(kinesis, ShardFilter={"Type": "AT_LATEST"}))


def whole(spans):
    return spans[0][0] == 0 and spans[-1][1] == TOP - 1 and all(a[1] + 1 == b[0] for a, b in zip(spans, spans[1:]))


def name(index):
    return f"shardId-{index:012}"


def iterator(kinesis, shard, kind="TRIM_HORIZON", **more):
    return kinesis.get_shard_iterator(StreamName="s", ShardId=shard, ShardIteratorType=kind, **more)["ShardIterator"]


def read_to_end(kinesis, it, limit=1000):
    """All records of a closed shard, and the last page."""
    records = []
    while True:
        page = kinesis.get_records(ShardIterator=it, Limit=limit)
        records += page["Records"]
        if "NextShardIterator" not in page:
            return records, page
        assert page["Records"] or page["MillisBehindLatest"], "an open shard"
        it = page["NextShardIterator"]


def test_split_closes_the_parent_and_opens_children(kinesis):
    kinesis.create_stream(StreamName="s", ShardCount=1)
    before = [kinesis.put_record(StreamName="s", Data=b"%d" % i, PartitionKey=str(i)) for i in range(7)]
    waiting = iterator(kinesis, name(0), "LATEST")
    kinesis.split_shard(StreamName="s", ShardToSplit=name(0), NewStartingHashKey=str(TOP // 4))
    parent, low, high = shards(kinesis)
    assert [s["ShardId"] for s in (parent, low, high)] == [name(0), name(1), name(2)]
    assert span(low) == (0, TOP // 4 - 1) and span(high) == (TOP // 4, TOP - 1)
    assert low["ParentShardId"] == high["ParentShardId"] == name(0) and "AdjacentParentShardId" not in low
    end = int(parent["SequenceNumberRange"]["EndingSequenceNumber"])
    assert all(int(b["SequenceNumber"]) < end for b in before)
    assert "EndingSequenceNumber" not in low["SequenceNumberRange"]

    after = kinesis.put_records(StreamName="s", Records=[{"Data": b"new", "PartitionKey": str(i)} for i in range(20)])
    for i, record in enumerate(after["Records"]):
        key = int(hashlib.md5(str(i).encode()).hexdigest(), 16)
        assert record["ShardId"] == (name(1) if key < TOP // 4 else name(2))
        assert int(record["SequenceNumber"]) > max(int(b["SequenceNumber"]) for b in before)

    records, last = read_to_end(kinesis, iterator(kinesis, name(0)), limit=3)
    assert [r["Data"] for r in records] == [b"%d" % i for i in range(7)]
    assert last["ChildShards"] == [
        {"ShardId": s["ShardId"], "ParentShards": [name(0)], "HashKeyRange": s["HashKeyRange"]} for s in (low, high)
    ]
    records, last = read_to_end(kinesis, waiting)
    assert records == [] and len(last["ChildShards"]) == 2 and last["MillisBehindLatest"] == 0
    summary = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == 2


def test_merge(kinesis, account):
    kinesis.create_stream(StreamName="s", ShardCount=3)
    arn = f"arn:aws:kinesis:us-east-1:{account}:stream/s"
    for i in range(10):
        kinesis.put_record(StreamName="s", Data=b"%d" % i, PartitionKey="k", ExplicitHashKey="1")
    kinesis.merge_shards(StreamARN=arn, ShardToMerge=name(0), AdjacentShardToMerge=name(1))
    merged = shards(kinesis)[3]
    assert merged["ParentShardId"] == name(0) and merged["AdjacentParentShardId"] == name(1)
    assert span(merged)[0] == 0 and whole(open_spans(kinesis)) and len(open_spans(kinesis)) == 2
    for parent, count in ((0, 10), (1, 0)):
        records, last = read_to_end(kinesis, iterator(kinesis, name(parent)))
        assert len(records) == count
        assert last["ChildShards"] == [
            {"ShardId": name(3), "ParentShards": [name(0), name(1)], "HashKeyRange": merged["HashKeyRange"]}
        ]
    put = kinesis.put_record(StreamName="s", Data=b"x", PartitionKey="k", ExplicitHashKey="1")
    assert put["ShardId"] == name(3)


def test_what_cannot_be_split_or_merged(kinesis, account):
    kinesis.create_stream(StreamName="s", ShardCount=2)
    half = TOP // 2
    where = f"in stream s under account {account}"
    refused(kinesis.split_shard, "ResourceNotFoundException", f"Stream x under account {account} not found.",
            StreamName="x", ShardToSplit=name(0), NewStartingHashKey="2")
    refused(kinesis.split_shard, "ResourceNotFoundException", f"Could not find shard {name(7)} {where}.",
            StreamName="s", ShardToSplit=name(7), NewStartingHashKey="2")
    refused(kinesis.split_shard, "ResourceNotFoundException", f"Could not find shard word {where}.",
            StreamName="s", ShardToSplit="word", NewStartingHashKey="2")
    refused(kinesis.merge_shards, "ResourceNotFoundException",
            f"Could not find shard word in stream x under account {account}.",
            StreamName="x", ShardToMerge=name(0), AdjacentShardToMerge="word")
    for key in (0, 1, half - 1, half, TOP - 1, TOP, 10**39 - 1):
        refused(kinesis.split_shard, "InvalidArgumentException",
                f"NewStartingHashKey {key} used in SplitShard() on shard {name(0)} {where} is not both greater than one "
                f"plus the shard's StartingHashKey 0 and less than the shard's EndingHashKey {half - 1}.",
                StreamName="s", ShardToSplit=name(0), NewStartingHashKey=str(key))
    kinesis.split_shard(StreamName="s", ShardToSplit=name(0), NewStartingHashKey="2")
    closed = (f"Shard {name(0)} {where} has already been merged or split, and thus is not eligible for merging or "
              "splitting.")
    refused(kinesis.split_shard, "InvalidArgumentException", closed, StreamName="s", ShardToSplit=name(0),
            NewStartingHashKey="3")
    refused(kinesis.merge_shards, "InvalidArgumentException", closed, StreamName="s", ShardToMerge=name(0),
            AdjacentShardToMerge=name(1))
    for pair in ((1, 3), (2, 2), (2, 1)):
        refused(kinesis.merge_shards, "InvalidArgumentException",
                f"Shards {name(pair[0])} and {name(pair[1])} {where} are not an adjacent pair of shards eligible for merging",
                StreamName="s", ShardToMerge=name(pair[0]), AdjacentShardToMerge=name(pair[1]))
    assert whole(open_spans(kinesis)) and len(open_spans(kinesis)) == 3


@pytest.mark.parametrize("first, counts", [(1, (2, 4, 2, 1)), (3, (6, 3, 4, 5, 7)), (5, (10, 9, 16))])
def test_update_shard_count_is_uniform(kinesis, first, counts):
    kinesis.create_stream(StreamName="s", ShardCount=first)
    current = first
    for target in counts:
        answer = kinesis.update_shard_count(StreamName="s", TargetShardCount=target, ScalingType="UNIFORM_SCALING")
        assert answer["CurrentShardCount"] == current and answer["TargetShardCount"] == target
        assert answer["StreamName"] == "s" and answer["StreamARN"].endswith(":stream/s")
        spans = open_spans(kinesis)
        assert len(spans) == target and whole(spans)
        sizes = [b - a for a, b in spans]
        assert max(sizes) - min(sizes) < 2**22
        current = target
    every = {s["ShardId"]: s for s in shards(kinesis)}
    for shard in every.values():
        for parent in ("ParentShardId", "AdjacentParentShardId"):
            if parent in shard:
                assert "EndingSequenceNumber" in every[shard[parent]]["SequenceNumberRange"]
                assert int(every[shard[parent]]["SequenceNumberRange"]["StartingSequenceNumber"]) < int(
                    shard["SequenceNumberRange"]["StartingSequenceNumber"])


def test_doubling_makes_no_shards_between(kinesis):
    kinesis.create_stream(StreamName="s", ShardCount=6)
    kinesis.update_shard_count(StreamName="s", TargetShardCount=12, ScalingType="UNIFORM_SCALING")
    assert len(shards(kinesis)) == 18
    kinesis.update_shard_count(StreamName="s", TargetShardCount=6, ScalingType="UNIFORM_SCALING")
    assert len(shards(kinesis)) == 24
    kinesis.update_shard_count(StreamName="s", TargetShardCount=6, ScalingType="UNIFORM_SCALING")
    assert len(shards(kinesis)) == 24


def test_update_shard_count_refuses(kinesis, account):
    kinesis.create_stream(StreamName="s", ShardCount=4)
    refused(kinesis.update_shard_count, "InvalidArgumentException",
            "UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: 4 "
            "Target shard count: 9", StreamName="s", TargetShardCount=9, ScalingType="UNIFORM_SCALING")
    refused(kinesis.update_shard_count, "InvalidArgumentException",
            "UpdateShardCount cannot scale down below half your current open shard count. Current open shard count: 4 "
            "Target shard count: 1", StreamName="s", TargetShardCount=1, ScalingType="UNIFORM_SCALING")
    kinesis.create_stream(StreamName="d", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    mode = f"Request is invalid. Stream d under account {account} is in On-Demand mode."
    refused(kinesis.update_shard_count, "ValidationException", mode, StreamName="d", TargetShardCount=5,
            ScalingType="UNIFORM_SCALING")
    refused(kinesis.split_shard, "ValidationException", mode, StreamName="d", ShardToSplit=name(0), NewStartingHashKey="9")
    refused(kinesis.merge_shards, "ValidationException", mode, StreamName="d", ShardToMerge=name(0),
            AdjacentShardToMerge=name(1))


def test_list_shards_filters_after_a_split(kinesis):
    kinesis.create_stream(StreamName="s", ShardCount=2)
    kinesis.split_shard(StreamName="s", ShardToSplit=name(0), NewStartingHashKey="1000")

    def listed(**shard_filter):
        return [int(s["ShardId"][-3:]) for s in shards(kinesis, ShardFilter=shard_filter)]

    assert listed(Type="AT_LATEST") == [1, 2, 3]
    assert listed(Type="AT_TRIM_HORIZON") == [0, 1]
    assert listed(Type="FROM_TRIM_HORIZON") == [0, 1, 2, 3]
    assert listed(Type="AFTER_SHARD_ID", ShardId=name(1)) == [2, 3]
    created = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamCreationTimestamp"]
    assert listed(Type="AT_TIMESTAMP", Timestamp=created.timestamp() - 5) == [0, 1]
    assert listed(Type="FROM_TIMESTAMP", Timestamp=created.timestamp() - 5) == [0, 1, 2, 3]


def test_producers_lose_nothing_while_shards_change(kinesis):
    """Order per key holds when a shard is read after its parents; every acknowledged record is there once."""
    kinesis.create_stream(StreamName="s", ShardCount=2)
    producers, each = 8, 60

    def produce(p):
        for i in range(each):
            kinesis.put_record(StreamName="s", Data=b"%d" % i, PartitionKey=f"key-{p}")

    with concurrent.futures.ThreadPoolExecutor(producers) as pool:
        running = [pool.submit(produce, p) for p in range(producers)]
        for target in (4, 3, 6, 5, 9, 5):
            kinesis.update_shard_count(StreamName="s", TargetShardCount=target, ScalingType="UNIFORM_SCALING")
        [r.result() for r in running]
    seen = {f"key-{p}": [] for p in range(producers)}
    done = set()
    every = {s["ShardId"]: s for s in shards(kinesis)}

    def walk(shard_id):
        if shard_id in done:
            return
        done.add(shard_id)
        for parent in ("ParentShardId", "AdjacentParentShardId"):
            if parent in every[shard_id]:
                walk(every[shard_id][parent])
        it = iterator(kinesis, shard_id)
        while it:
            page = kinesis.get_records(ShardIterator=it)
            for record in page["Records"]:
                seen[record["PartitionKey"]].append(int(record["Data"]))
            if not page["Records"] and "EndingSequenceNumber" not in every[shard_id]["SequenceNumberRange"]:
                break
            it = page.get("NextShardIterator")

    for shard_id in random.sample(list(every), len(every)):
        walk(shard_id)
    assert all(values == list(range(each)) for values in seen.values())
