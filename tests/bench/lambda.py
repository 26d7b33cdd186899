#!/usr/bin/env python3
"""make bench-lambda: cold starts, warm invocations, records and alarms on their way through functions.

A cold start is compared with the bare start of its interpreter, taken in turns with it. The limits hold on an idle
machine.
usage: lambda.py build/release
"""

import io
import json
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
import zipfile

import boto3
import run
from server import Server

run.CONNECTIONS = 8
COLD_STARTS = 9
RECORDS = 60
ALARMS = 30
COLD_MS, ENTRY_MS, OVERHEAD_MS, WARM_PER_S = 150, 100, 3, 1000

EMPTY = {
    "python3.12": ("app.py", "def handler(event, context):\n    pass\n"),
    "nodejs22.x": ("app.js", "exports.handler = async () => {}\n"),
}
BARE = {
    "python3.12": ["python3", "-c", "import json, socket, logging, traceback, decimal"],
    "nodejs22.x": ["node", "-e", "require('http')"],
}
ENTRY = """
import time
entered = []
def handler(event, context):
    now = time.time_ns()
    for r in event.get("Records", []):
        entered.append((r["kinesis"]["partitionKey"], now))
    if not event.get("Records"):
        return entered
"""
ALARM = """
import base64, json, os, boto3
sns = boto3.client("sns")
def handler(event, context):
    lines = [base64.b64decode(r["kinesis"]["data"]).decode() for r in event["Records"]]
    sns.publish(TopicArn=os.environ["TOPIC"], Message=",".join(lines))
"""


def package(name, text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr(name, text)
    return out.getvalue()


class LambdaBench(run.Bench):
    def create(self, name, runtime, file, text, **more):
        self.functions.create_function(
            FunctionName=name, Runtime=runtime, Handler="app.handler", Role=f"arn:aws:iam::{run.ACCOUNT}:role/r",
            Code={"ZipFile": package(file, text)}, **more)

    def cold(self, runtime):
        if not shutil.which(BARE[runtime][0]):
            print(f"{runtime}: not on this machine")
            return
        ours, bare = [], []
        for i in range(COLD_STARTS + 1):
            self.create(f"cold-{runtime[:4]}-{i}", runtime, *EMPTY[runtime], MemorySize=512)
            begun = time.monotonic()
            subprocess.run(BARE[runtime], check=True)
            between = time.monotonic()
            assert "FunctionError" not in self.functions.invoke(FunctionName=f"cold-{runtime[:4]}-{i}")
            if i:  # the first one looks for the interpreter
                bare.append((between - begun) * 1000)
                ours.append((time.monotonic() - between) * 1000)
        ms = statistics.median(ours)
        self.row(f"cold start of {runtime}, p50", f"{ms:.0f} ms (bare start {statistics.median(bare):.0f})",
                 f"< {COLD_MS} ms", ms < COLD_MS)

    def warm(self, server):
        self.create("warm", "python3.12", *EMPTY["python3.12"])
        url = f"{server.endpoint}/2015-03-31/functions/warm/invocations"
        headers = run.HEADERS | {"Authorization": run.HEADERS["Authorization"].replace("/dynamodb/", "/lambda/")}
        script = f"wrk.method = 'POST'\nwrk.body = '{{}}'\nwrk.headers = {run.lua_table(headers)}\n"
        run.wrk(url, script, self.folder)  # starts the sandboxes
        rate = run.wrk(url, script, self.folder)
        self.row(f"warm invocations of an empty Python handler, {run.CONNECTIONS} connections", f"{rate:,.0f}/s",
                 f">= {WARM_PER_S}/s", rate >= WARM_PER_S)
        times = []
        request = urllib.request.Request(url, b"{}", headers)
        for _ in range(200):
            begun = time.monotonic()
            urllib.request.urlopen(request).read()
            times.append((time.monotonic() - begun) * 1000)
        ms = statistics.median(times)
        self.row("one warm invocation, client and connection included, p50", f"{ms:.2f} ms", f"< {OVERHEAD_MS} ms",
                 ms < OVERHEAD_MS)

    def stream(self, name, function, **more):
        self.kinesis.create_stream(StreamName=name, ShardCount=1)
        arn = self.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
        self.functions.create_event_source_mapping(EventSourceArn=arn, FunctionName=function,
                                                   StartingPosition="TRIM_HORIZON", **more)

    def entry(self):
        """From before PutRecord to the handler's first line. Two sandboxes may hold what was entered: there is one."""
        self.create("entry", "python3.12", "app.py", ENTRY)
        self.stream("entry", "entry", MaximumBatchingWindowInSeconds=0)
        sent = {}
        for i in range(RECORDS):
            sent[str(i)] = time.time_ns()
            self.kinesis.put_record(StreamName="entry", PartitionKey=str(i), Data=b"x")
            time.sleep(0.03)
        entered = {}
        while len(entered) < RECORDS:
            entered = dict(json.load(self.functions.invoke(FunctionName="entry")["Payload"]))
        ms = statistics.median((at - sent[key]) / 1e6 for key, at in entered.items())
        self.row("a record of Kinesis to the handler, batch window 0, p50", f"{ms:.1f} ms", f"< {ENTRY_MS} ms",
                 ms < ENTRY_MS)

    def messages(self, server):
        url = f"{server.endpoint}/_aws/sns/sms-messages?accountId={run.ACCOUNT}&region=us-east-1"
        with urllib.request.urlopen(url) as answer:
            found = json.load(answer)["sms_messages"]
        return [m["Message"] for m in found.get("+15551230100", [])]

    def alarm(self, server, sns):
        topic = sns.create_topic(Name="alarm")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+15551230100")
        self.create("alarm", "python3.12", "app.py", ALARM, Timeout=30, Environment={"Variables": {"TOPIC": topic}})
        self.stream("alarm", "alarm", BatchSize=1)
        times = []
        for i in range(ALARMS):
            begun = time.monotonic()
            self.kinesis.put_record(StreamName="alarm", PartitionKey="a", Data=str(i).encode())
            while len(self.messages(server)) <= i:
                pass
            times.append((time.monotonic() - begun) * 1000)
        ordered = self.messages(server) == [str(i) for i in range(ALARMS)]
        self.row("an alarm: Kinesis, function, SNS, SMS, in order, p50", f"{statistics.median(times[1:]):.0f} ms",
                 "in order, once", ordered)

    def run(self):
        server = Server(f"{self.folder}/data", "--log", "warn")
        session = boto3.Session(run.ACCOUNT, "test", region_name="us-east-1")
        self.functions, self.kinesis, sns = (
            session.client(name, endpoint_url=server.endpoint) for name in ("lambda", "kinesis", "sns"))
        try:
            for runtime in EMPTY:
                self.cold(runtime)
            self.warm(server)
            self.entry()
            self.alarm(server, sns)
            server.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return all(row[3] == "reached" for row in self.rows)


if __name__ == "__main__":
    sys.exit(0 if LambdaBench().run() else 1)
