"""16 shards, 64 producers, kill -9 in the middle: every acknowledged record is there once, in the order of its shard."""

import concurrent.futures
import threading
import time

import boto3
from botocore.config import Config

from load import ACCOUNT, FAULTS
from server import Server

SHARDS, PRODUCERS = 16, 64


def connect(server):
    return boto3.client("kinesis", endpoint_url=server.endpoint, region_name="us-east-1", aws_access_key_id=ACCOUNT,
                        aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}, max_pool_connections=1))


class Producer:
    """Puts numbers that only grow, each with its own key, in turns singly and in batches."""

    def __init__(self, number):
        self.key, self.next, self.acknowledged = f"producer-{number}", 0, []

    def run(self, server, stop):
        client = connect(server)
        while not stop.is_set():
            count = 1 if self.next % 3 else 5
            values = [f"{self.key} {self.next + i}" for i in range(count)]
            self.next += count
            try:
                if count == 1:
                    answers = [client.put_record(StreamName="s", Data=values[0].encode(), PartitionKey=self.key)]
                else:
                    answers = client.put_records(
                        StreamName="s", Records=[{"Data": v.encode(), "PartitionKey": self.key} for v in values])["Records"]
            except FAULTS:
                return
            self.acknowledged += [(a["ShardId"], a["SequenceNumber"], v) for a, v in zip(answers, values)]


def read_shard(client, shard):
    records, iterator = [], client.get_shard_iterator(
        StreamName="s", ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    while iterator:
        page = client.get_records(ShardIterator=iterator)
        if not page["Records"] and "NextShardIterator" in page:
            break
        records += page["Records"]
        iterator = page.get("NextShardIterator")
    return records


def test_kill_among_many_producers(tmp_path):
    server = Server(tmp_path / "data")
    connect(server).create_stream(StreamName="s", ShardCount=SHARDS)
    producers = [Producer(n) for n in range(PRODUCERS)]
    lives = 3
    for life in range(lives):
        before, stop = sum(len(p.acknowledged) for p in producers), threading.Event()
        with concurrent.futures.ThreadPoolExecutor(PRODUCERS) as pool:
            running = [pool.submit(p.run, server, stop) for p in producers]
            while sum(len(p.acknowledged) for p in producers) < before + 1500:
                time.sleep(0.01)
            if life == 1:  # and in the middle of a resharding
                try:
                    connect(server).update_shard_count(StreamName="s", TargetShardCount=SHARDS + 5, ScalingType="UNIFORM_SCALING")
                except FAULTS:
                    pass
            if life < lives - 1:
                server.kill()
            stop.set()
            [r.result() for r in running]
        if life < lives - 1:
            server = Server(tmp_path / "data")

    client = connect(server)
    shards = client.list_shards(StreamName="s")["Shards"]
    open_spans = sorted((int(s["HashKeyRange"]["StartingHashKey"]), int(s["HashKeyRange"]["EndingHashKey"]))
                        for s in shards if "EndingSequenceNumber" not in s["SequenceNumberRange"])
    assert open_spans[0][0] == 0 and open_spans[-1][1] == 2**128 - 1
    assert all(a[1] + 1 == b[0] for a, b in zip(open_spans, open_spans[1:]))
    stored, order = {}, {p.key: [] for p in producers}
    for shard in shards:
        records = read_shard(client, shard["ShardId"])
        numbers = [int(r["SequenceNumber"]) for r in records]
        assert numbers == sorted(set(numbers))
        for record in records:
            value = record["Data"].decode()
            assert value not in stored
            stored[value] = (shard["ShardId"], record["SequenceNumber"])
            order[record["PartitionKey"]].append((int(record["SequenceNumber"]), int(value.split()[1])))
    for producer in producers:
        for shard, number, value in producer.acknowledged:
            assert stored[value] == (shard, number)
        in_order = [value for _, value in sorted(order[producer.key])]
        assert in_order == sorted(in_order)
    server.stop()
