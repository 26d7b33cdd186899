#!/usr/bin/env python3
"""make bench: the figures of README's table, as ratios from one run.

Machines differ and drift, so every figure of speed is a ratio to something bare that was measured in the same run,
in turns with it: a libmicrohttpd server that answers a constant, or a C loop that writes the same rows.
usage: run.py build/release [NAME...]
"""

import base64
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "sdk"))

import boto3  # noqa: E402

from server import Server  # noqa: E402

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "4"))
CONNECTIONS = 32
ACCOUNT = "123456789012"
BUILD = pathlib.Path(sys.argv[1]).resolve()
os.environ["CADABRA_BINARY"] = str(BUILD / "cadabra")
HEADERS = {
    "Authorization": f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20261122/us-east-1/dynamodb/aws4_request, "
                     "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64,
    "X-Amz-Date": "20261122T000000Z",
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wrk(url, script, folder):
    """Requests per second of one run; the script makes the requests."""
    path = pathlib.Path(folder) / "wrk.lua"
    path.write_text(script)
    done = subprocess.run(["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s", "-s", str(path), url],
                          capture_output=True, text=True, check=True)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    if wrong:
        raise RuntimeError(f"{wrong.group(0)} from {url}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))


def lua_table(values):
    return "{" + ", ".join(f"[{json.dumps(k)}] = {json.dumps(v)}" for k, v in values.items()) + "}"


def constant_request(target, version, body):
    headers = HEADERS | {"X-Amz-Target": target, "Content-Type": f"application/x-amz-json-{version}"}
    return (f"wrk.method = 'POST'\nwrk.body = {json.dumps(body)}\n"
            f"for k, v in pairs({lua_table(headers)}) do wrk.headers[k] = v end\n")


def numbered_request(target, version, before, after):
    """Each request has a number of its own between the two halves of its body."""
    return constant_request(target, version, "") + (
        f"local before, after, n = {json.dumps(before)}, {json.dumps(after)}, math.random(1, 1000000) * 100000\n"
        "function request()\n  n = n + 1\n  return wrk.format(nil, nil, nil, before .. n .. after)\nend\n")


def cycled_requests(target, version, bodies):
    """The requests of a few bodies in turn, made beforehand: the script shall cost as little as it can."""
    return constant_request(target, version, "") + (
        f"local requests, n = {{}}, 0\n"
        f"function init()\n  for _, body in ipairs({{{', '.join(json.dumps(body) for body in bodies)}}}) do\n"
        "    requests[#requests + 1] = wrk.format(nil, nil, nil, body)\n  end\nend\n"
        "function request()\n  n = n % #requests + 1\n  return requests[n]\nend\n")


class Bench:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="cadabra-bench-")
        self.rows = []

    def row(self, what, value, limit, good):
        self.rows.append((what, value, limit, "reached" if good else "MISSED"))
        print(f"{what:58} {value:>28}   {limit:>16}   {self.rows[-1][3]}", flush=True)

    def start(self):
        done = subprocess.run([BUILD / "bench_start", "9", BUILD / "cadabra", str(free_port()), "--data",
                               f"{self.folder}/start-{{}}"], capture_output=True, text=True, check=True)
        runs = [line.split() for line in done.stdout.splitlines()]
        ms = statistics.median(float(r[0]) for r in runs)
        mib = statistics.median(int(r[1]) / 1024 for r in runs)
        self.row("exec to first answer, empty data directory", f"{ms:.1f} ms", "<= 20 ms", ms <= 20)
        self.row("idle resident memory", f"{mib:.1f} MiB", "<= 12 MiB", mib <= 12)

    def serve(self):
        server = Server(f"{self.folder}/data", "--log", "warn")
        boto = boto3.Session(ACCOUNT, "test", region_name="us-east-1")
        self.dynamodb = boto.client("dynamodb", endpoint_url=server.endpoint)
        self.kinesis = boto.client("kinesis", endpoint_url=server.endpoint)
        self.dynamodb.create_table(TableName="bench", BillingMode="PAY_PER_REQUEST",
                                   AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                                   KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])
        self.kinesis.create_stream(StreamName="bench", ShardCount=4)
        self.dynamodb.put_item(TableName="bench", Item={"pk": {"S": "k"}, "text": {"S": "x" * 1000}})
        return server

    def beside_bare(self, what, server, script, answer_bytes, least, unit="requests/s", each=1):
        """The same requests to the server and to a bare one that answers as many bytes, in turns; each counts so many
        of the unit."""
        port = free_port()
        bare = subprocess.Popen([BUILD / "bench_bare_server", str(port), str(answer_bytes)], stdout=subprocess.DEVNULL)
        ours, limit = [], []
        try:
            time.sleep(0.3)
            for _ in range(ROUNDS):
                limit.append(wrk(f"http://127.0.0.1:{port}/", script, self.folder) * each)
                ours.append(wrk(server.endpoint + "/", script, self.folder) * each)
        finally:
            bare.kill()
        self.ratio(what, ours, limit, unit, least)

    def get_item(self, server):
        script = constant_request("DynamoDB_20120810.GetItem", "1.0", '{"TableName":"bench","Key":{"pk":{"S":"k"}}}')
        self.beside_bare(f"GetItem of 1 KB, {CONNECTIONS} connections / bare server", server, script, 1024, 0.4)

    def writes(self, server, name, script, kind, least=0.5, loop_name="C loop"):
        ours, limit = [], []
        for i in range(ROUNDS):
            loop = subprocess.run([BUILD / "bench_write_loop", kind, f"{self.folder}/loop-{kind}-{i}.db", str(SECONDS)],
                                  capture_output=True, text=True, check=True)
            limit.append(float(loop.stdout))
            ours.append(wrk(server.endpoint + "/", script, self.folder))
        self.ratio(f"{name} of 1 KB, {CONNECTIONS} connections / {loop_name}", ours, limit, "rows/s", least)

    def ratio(self, what, ours, limit, unit, least):
        ratio = statistics.median(a / b for a, b in zip(ours, limit))
        value = f"{ratio:.2f} ({statistics.median(ours):,.0f} of {statistics.median(limit):,.0f} {unit})"
        self.row(what, value, f">= {least}", ratio >= least)

    def run(self):
        try:
            self.start()
            server = self.serve()
            self.get_item(server)
            self.writes(server, "PutItem", numbered_request(
                "DynamoDB_20120810.PutItem", "1.0", '{"TableName":"bench","Item":{"pk":{"S":"k',
                '"},"text":{"S":"' + "x" * 1000 + '"}}}'), "dynamodb")
            data = base64.b64encode(b"x" * 1000).decode()
            self.writes(server, "PutRecord", cycled_requests(
                "Kinesis_20131202.PutRecord", "1.1",
                [f'{{"StreamName":"bench","Data":"{data}","PartitionKey":"k{n}"}}' for n in range(64)]), "kinesis")
            rss, most = server.resident_kib()
            print(f"server memory after the load: {rss / 1024:.1f} MiB, at most {most / 1024:.1f} MiB")
            server.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return all(row[3] == "reached" for row in self.rows)


if __name__ == "__main__":
    sys.exit(0 if Bench().run() else 1)
