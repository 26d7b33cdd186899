#!/usr/bin/env python3
"""make bench-dynamodb: DynamoDB as ratios to something bare of the same run, its latency while others write, and a large
table. Other servers of DynamoDB's API are measured where they are installed (dynalite, moto_server).

usage: dynamodb.py build/release         BENCH_ITEMS: of the large table, 1,000,000
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

from run import ACCOUNT, BUILD, CONNECTIONS, SECONDS, Bench, constant_request, free_port, numbered_request, wrk

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "sdk"))

import boto3  # noqa: E402

from server import Server  # noqa: E402

ITEMS = int(os.environ.get("BENCH_ITEMS", "1000000"))
SMALL = min(10_000, ITEMS)
WRITERS = 8
TARGET = "DynamoDB_20120810."
INDEXES = ("one", "two", "three")


def clients(endpoint, *names):
    session = boto3.Session(ACCOUNT, "test", region_name="us-east-1")
    return [session.client(name, endpoint_url=endpoint) for name in names]


def table(dynamodb, name, sort=False):
    keys = [("pk", "HASH", "S")] + ([("sk", "RANGE", "N")] if sort else [])
    dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST",
                          KeySchema=[{"AttributeName": n, "KeyType": k} for n, k, _ in keys],
                          AttributeDefinitions=[{"AttributeName": n, "AttributeType": t} for n, _, t in keys])


def get(name, key="k"):
    return constant_request(TARGET + "GetItem", "1.0", json.dumps({"TableName": name, "Key": {"pk": {"S": key}}}))


def put(name, more=""):
    return numbered_request(TARGET + "PutItem", "1.0", f'{{"TableName":"{name}","Item":{{"pk":{{"S":"n',
                            '"},' + more + '"text":{"S":"' + "x" * 1000 + '"}}}')


def query(name, values, condition="pk = :k", **more):
    return constant_request(TARGET + "Query", "1.0", json.dumps(
        {"TableName": name, "KeyConditionExpression": condition, "ExpressionAttributeValues": values} | more))


class DynamoBench(Bench):
    def serve(self):
        server = Server(f"{self.folder}/data", "--log", "warn")
        self.dynamodb, self.s3 = clients(server.endpoint, "dynamodb", "s3")
        self.prepare(self.dynamodb)
        return server

    def prepare(self, dynamodb):
        table(dynamodb, "bench")
        table(dynamodb, "pages", sort=True)
        dynamodb.put_item(TableName="bench", Item={"pk": {"S": "k"}, "text": {"S": "x" * 1000}})
        for start in range(0, 100, 25):
            dynamodb.batch_write_item(RequestItems={"pages": [{"PutRequest": {"Item": {
                "pk": {"S": "k"}, "sk": {"N": str(n)}, "text": {"S": "x" * 180}}}} for n in range(start, start + 25)]})

    def query_page(self, server):
        port = free_port()
        bare = subprocess.Popen([BUILD / "bench_bare_server", str(port), "1024"], stdout=subprocess.DEVNULL)
        script = query("pages", {":k": {"S": "k"}})
        try:
            time.sleep(0.3)
            limit = [wrk(f"http://127.0.0.1:{port}/", script, self.folder)]
            ours = [wrk(server.endpoint + "/", script, self.folder)]
        finally:
            bare.kill()
        self.ratio("Query of 100 items of 200 bytes / bare server", ours, limit, "requests/s", 0.1)

    def p99_ms(self, url, script):
        path = pathlib.Path(self.folder) / "latency.lua"
        path.write_text(script)
        done = subprocess.run(["wrk", "--latency", "-t", "1", "-c", "4", "-d", f"{SECONDS}s", "-s", str(path), url],
                              capture_output=True, text=True, check=True)
        value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout).groups()
        return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]

    def latency(self, server):
        """While others write."""
        path = pathlib.Path(self.folder) / "writers.lua"
        path.write_text(put("bench"))
        for name, script in (("GetItem", get("bench")), ("Query", query("pages", {":k": {"S": "k"}}))):
            writers = subprocess.Popen(["wrk", "-t", "1", "-c", str(WRITERS), "-d", f"{SECONDS + 2}s", "-s", str(path),
                                        server.endpoint + "/"], stdout=subprocess.DEVNULL)
            time.sleep(1)
            ms = self.p99_ms(server.endpoint + "/", script)
            writers.wait()
            self.row(f"{name}: p99 while {WRITERS} clients write", f"{ms:.1f} ms", "< 5 ms", ms < 5)

    def import_items(self, name, count):
        """A table with three indexes, imported from S3."""
        attribute = lambda n: {"AttributeName": n, "AttributeType": "S"}
        key = lambda n: [{"AttributeName": n, "KeyType": "HASH"}]
        part = 50_000
        self.s3.create_bucket(Bucket=f"bench-{name}")
        for start in range(0, count, part):
            lines = (f'{{"Item":{{"pk":{{"S":"k{n}"}},' + ",".join(f'"{i}":{{"S":"{i}{n // 20}"}}' for i in INDEXES) +
                     f',"text":{{"S":"{"x" * 100}"}}}}}}\n' for n in range(start, min(start + part, count)))
            self.s3.put_object(Bucket=f"bench-{name}", Key=f"part{start:09}.json", Body="".join(lines).encode())
        began = time.monotonic()
        arn = self.dynamodb.import_table(
            S3BucketSource={"S3Bucket": f"bench-{name}"}, InputFormat="DYNAMODB_JSON",
            TableCreationParameters={
                "TableName": name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": key("pk"),
                "AttributeDefinitions": [attribute(n) for n in ("pk", *INDEXES)],
                "GlobalSecondaryIndexes": [{"IndexName": f"by_{n}", "KeySchema": key(n),
                                            "Projection": {"ProjectionType": "ALL"}} for n in INDEXES]},
        )["ImportTableDescription"]["ImportArn"]
        while self.dynamodb.describe_import(ImportArn=arn)["ImportTableDescription"]["ImportStatus"] == "IN_PROGRESS":
            time.sleep(0.2)
        print(f"imported {count:,} items with three indexes: {count / (time.monotonic() - began):,.0f} items/s")

    def rates(self, server, name, count):
        indexed = ",".join(f'"{i}":{{"S":"{i}1"}}' for i in INDEXES) + ","
        return [wrk(server.endpoint + "/", script, self.folder) for script in (
            get(name, f"k{count // 2}"), put(name, indexed),
            query(name, {":v": {"S": f"one{count // 40}"}}, "one = :v", IndexName="by_one"))]

    def large(self, server):
        self.import_items("small", SMALL)
        self.import_items("large", ITEMS)
        pairs = zip(("GetItem", "PutItem", "Query"), self.rates(server, "small", SMALL), self.rates(server, "large", ITEMS))
        for name, small, large in pairs:
            self.ratio(f"{name}: {ITEMS:,} items / {SMALL:,}", [large], [small], "requests/s", 0.5)
        began = time.monotonic()
        self.dynamodb.describe_table(TableName="large")
        described = (time.monotonic() - began) * 1000
        self.row("DescribeTable of the large table", f"{described:.0f} ms", "< 100 ms", described < 100)
        began = time.monotonic()
        self.dynamodb.delete_table(TableName="large")
        deleted = (time.monotonic() - began) * 1000
        self.row("DeleteTable of the large table", f"{deleted:.0f} ms", "< 100 ms", deleted < 100)

    def other(self, server, program, arguments, least):
        if not shutil.which(program):
            print(f"{program} is not installed: not compared")
            return
        port = free_port()
        process = subprocess.Popen([program, *arguments, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            endpoint = f"http://127.0.0.1:{port}"
            time.sleep(4)
            [dynamodb] = clients(endpoint, "dynamodb")
            self.prepare(dynamodb)
            for name, script in (("GetItem", get("bench")), ("PutItem", put("bench")),
                                 ("Query", query("pages", {":k": {"S": "k"}}))):
                self.ratio(f"{name} / {program}", [wrk(server.endpoint + "/", script, self.folder)],
                           [wrk(endpoint + "/", script, self.folder)], "requests/s", least)
        finally:
            process.kill()

    def run(self):
        try:
            server = self.serve()
            self.get_item(server)
            self.query_page(server)
            self.writes(server, "PutItem", put("bench"), "dynamodb", 0.7)
            self.latency(server)
            self.other(server, "dynalite", ["--port"], 4)
            self.other(server, "moto_server", ["-p"], 50)
            self.large(server)
            rss, most = server.resident_kib()
            self.row("server memory, at most", f"{most / 1024:.1f} MiB", "< 150 MiB", most < 150 * 1024)
            server.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return all(row[3] == "reached" for row in self.rows)


if __name__ == "__main__":
    print(f"{CONNECTIONS} connections, {SECONDS} s each")
    sys.exit(0 if DynamoBench().run() else 1)
