#!/usr/bin/env python3
"""make bench-kinesis: Kinesis Data Streams, as ratios to something bare of the same run, and the latency of fan-out.

usage: kinesis.py build/release
"""

import base64
import json
import pathlib
import shutil
import statistics
import sys
import threading
import time

from run import ACCOUNT, SECONDS, Bench, constant_request, cycled_requests

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "sdk"))

import boto3  # noqa: E402

from server import Server  # noqa: E402

RATE, BATCH = 1000, 10  # records a second of the latency run, in calls of so many


class KinesisBench(Bench):
    def serve(self):
        server = Server(f"{self.folder}/data", "--log", "warn")
        self.kinesis = boto3.client("kinesis", endpoint_url=server.endpoint, region_name="us-east-1",
                                    aws_access_key_id=ACCOUNT, aws_secret_access_key="test")
        for name, shards in (("bench", 4), ("read", 1), ("fanout", 1)):
            self.kinesis.create_stream(StreamName=name, ShardCount=shards)
        return server

    def put_record(self, server):
        data = base64.b64encode(b"x" * 1000).decode()
        self.writes(server, "PutRecord", cycled_requests(
            "Kinesis_20131202.PutRecord", "1.1",
            [f'{{"StreamName":"bench","Data":"{data}","PartitionKey":"k{n}"}}' for n in range(64)]), "kinesis", 0.7)

    def put_records(self, server):
        data = base64.b64encode(b"x" * 1000).decode()
        records = ",".join(f'{{"Data":"{data}","PartitionKey":"k{n}"}}' for n in range(500))
        body = f'{{"StreamName":"bench","Records":[{records}]}}'
        self.beside_bare("PutRecords of 500 records of 1 KB / bare server", server,
                         constant_request("Kinesis_20131202.PutRecords", "1.1", body), 64 * 1024, 0.3, "MB/s",
                         len(body) / 1e6)

    def get_records(self, server):
        for i in range(20):
            self.kinesis.put_records(StreamName="read", Records=[{"Data": b"x" * 100, "PartitionKey": f"{i}-{n}"}
                                                                 for n in range(500)])
        iterator = self.kinesis.get_shard_iterator(StreamName="read", ShardId="shardId-000000000000",
                                                   ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        page = self.kinesis.get_records(ShardIterator=iterator)
        assert len(page["Records"]) == 10_000
        size = int(page["ResponseMetadata"]["HTTPHeaders"]["content-length"])
        self.beside_bare("GetRecords of 10,000 records of 100 bytes / bare server", server,
                         constant_request("Kinesis_20131202.GetRecords", "1.1", json.dumps({"ShardIterator": iterator})),
                         size, 0.2, "MB/s", size / 1e6)

    def fan_out(self):
        """From before the put to the event, at a steady rate. Each record carries the time of its put."""
        arn = self.kinesis.describe_stream_summary(StreamName="fanout")["StreamDescriptionSummary"]["StreamARN"]
        consumer = self.kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
        stream = self.kinesis.subscribe_to_shard(ConsumerARN=consumer, ShardId="shardId-000000000000",
                                                 StartingPosition={"Type": "LATEST"})["EventStream"]
        calls = RATE // BATCH * SECONDS

        def produce():
            begin = time.monotonic()
            for call in range(calls):
                time.sleep(max(0, begin + call * BATCH / RATE - time.monotonic()))
                now = b"%d" % time.monotonic_ns()
                self.kinesis.put_records(StreamName="fanout", Records=[
                    {"Data": now, "PartitionKey": f"{n}"} for n in range(BATCH)])

        producer = threading.Thread(target=produce)
        producer.start()
        waits = []
        for event in stream:
            now = time.monotonic_ns()
            waits += [(now - int(r["Data"])) / 1e6 for r in event["SubscribeToShardEvent"]["Records"]]
            if len(waits) >= calls * BATCH:
                break
        producer.join()
        stream.close()
        cuts = statistics.quantiles(waits, n=100)
        for name, value, most in (("p50", cuts[49], 50), ("p99", cuts[98], 200)):
            self.row(f"put to SubscribeToShard event at {RATE:,} records/s, {name}", f"{value:.1f} ms", f"<= {most} ms",
                     value <= most)

    def run(self):
        try:
            server = self.serve()
            self.put_record(server)
            self.put_records(server)
            self.get_records(server)
            self.fan_out()
            rss, most = server.resident_kib()
            print(f"server memory after the load: {rss / 1024:.1f} MiB, at most {most / 1024:.1f} MiB")
            server.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return all(row[3] == "reached" for row in self.rows)


if __name__ == "__main__":
    sys.exit(0 if KinesisBench().run() else 1)
