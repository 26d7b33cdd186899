#!/usr/bin/env python3
"""make bench-kinesis-large: records of 1 MB, 8 producers, 8 consumers, 5 minutes. The server's memory stays flat and
below 150 MiB, nothing fails, and every record comes once, whole and in order.

The rate is four times what AWS takes; without one the disk would be full before the end (BENCH_RATE, records a second
and producer; BENCH_SECONDS).
usage: kinesis_large.py build/release
"""

import base64
import http.client
import json
import os
import pathlib
import shutil
import sys
import threading
import time

from run import ACCOUNT, HEADERS, Bench

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "sdk"))

from server import Server  # noqa: E402

COUNT = 8
SECONDS = int(os.environ.get("BENCH_SECONDS", "300"))
RATE = float(os.environ.get("BENCH_RATE", "4"))
NUMBER = 9  # bytes of a record that tell its number, of 12 characters: the rest is text that is made once
FILLER = base64.b64encode(os.urandom(1_000_000 - NUMBER)).decode()
DRAINED_S = 60  # for what is still to be read when the producers have stopped


class Client:
    """Requests without an SDK: the clients shall not need the processors that the server runs on."""

    def __init__(self, server):
        self.http = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def call(self, operation, body):
        self.http.request("POST", "/", body, HEADERS | {"X-Amz-Target": f"Kinesis_20131202.{operation}",
                                                        "Content-Type": "application/x-amz-json-1.1"})
        answer = self.http.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{operation}: {answer.status} {data[:200]}")
        return json.loads(data) if data else None


class Lane:
    """A producer and a consumer of one shard."""

    def __init__(self, server, number):
        self.server, self.shard = server, f"shardId-{number:012}"
        self.hash = str((2**128 // COUNT) * number)
        self.put, self.got, self.failure = 0, 0, None
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.guarded, args=(task,)) for task in (self.produce, self.consume)]
        for thread in self.threads:
            thread.start()

    def guarded(self, task):
        try:
            task()
        except Exception as failure:  # whatever it is, it is told at the end
            self.failure = failure
            self.stop.set()

    def produce(self):
        client, begin = Client(self.server), time.monotonic()
        while not self.stop.wait(max(0, begin + self.put / RATE - time.monotonic())):
            data = base64.b64encode(b"%09d" % self.put).decode() + FILLER
            client.call("PutRecord", f'{{"StreamName":"large","PartitionKey":"k","ExplicitHashKey":"{self.hash}",'
                                     f'"Data":"{data}"}}')
            self.put += 1

    def consume(self):
        client, deadline = Client(self.server), None
        iterator = client.call("GetShardIterator", json.dumps({
            "StreamName": "large", "ShardId": self.shard, "ShardIteratorType": "TRIM_HORIZON"}))["ShardIterator"]
        while True:
            stopped = self.stop.is_set() and not self.threads[0].is_alive()
            page = client.call("GetRecords", json.dumps({"ShardIterator": iterator}))
            for record in page["Records"]:
                wanted = base64.b64encode(b"%09d" % self.got).decode()
                assert record["Data"][:12] == wanted and record["Data"][12:] == FILLER, f"not record {self.got}"
                self.got += 1
            iterator = page["NextShardIterator"]
            if stopped and self.got == self.put:
                return
            deadline = deadline or (time.monotonic() + DRAINED_S if stopped else None)
            assert not deadline or time.monotonic() < deadline, f"{self.got} of {self.put} records came"
            if not page["Records"]:
                time.sleep(0.2)


class LargeBench(Bench):
    def watch(self, server, lanes):
        """Resident memory each second, in MiB."""
        samples = []
        for _ in range(SECONDS):
            time.sleep(1)
            samples.append(server.resident_kib()[0] / 1024)
            if any(lane.failure for lane in lanes):
                break
        return samples

    def run(self):
        try:
            server = Server(f"{self.folder}/data", "--log", "warn")
            Client(server).call("CreateStream", f'{{"StreamName":"large","ShardCount":{COUNT}}}')
            lanes = [Lane(server, n) for n in range(COUNT)]
            samples = self.watch(server, lanes)
            for lane in lanes:
                lane.stop.set()
            for thread in [t for lane in lanes for t in lane.threads]:
                thread.join()
            failures = [str(lane.failure) for lane in lanes if lane.failure]
            most, third = server.resident_kib()[1] / 1024, len(samples) // 3
            before, after = max(samples[third:2 * third], default=0), max(samples[2 * third:], default=0)
            name = f"{COUNT} producers and consumers of 1 MB, {SECONDS} s"
            self.row(f"{name}: memory at most", f"{most:.0f} MiB", "< 150 MiB", most < 150)
            self.row(f"{name}: last third beside the one before", f"{after:.0f} of {before:.0f} MiB", "<= 1.25",
                     after <= 1.25 * before)
            self.row(f"{name}: records put, and read in order", f"{sum(x.put for x in lanes)}, {sum(x.got for x in lanes)}",
                     "the same, no error", not failures and all(x.put == x.got > 0 for x in lanes))
            print(*failures, sep="\n", end="")
            server.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return all(row[3] == "reached" for row in self.rows)


if __name__ == "__main__":
    sys.exit(0 if LargeBench().run() else 1)
