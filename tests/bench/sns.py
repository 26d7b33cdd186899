#!/usr/bin/env python3
"""make bench-sns: Publish to ten SQS queues on 8 connections; every copy must be there afterwards.

usage: sns.py build/release
"""

import shutil
import sys
import urllib.parse

import boto3
import run
from server import Server

run.CONNECTIONS = 8
QUEUES = 10
LEAST = 2000
BODY = "x" * 200


def publish(topic):
    form = urllib.parse.urlencode({"Action": "Publish", "Version": "2010-03-31", "TopicArn": topic, "Message": BODY})
    headers = {
        **run.HEADERS,
        "Authorization": run.HEADERS["Authorization"].replace("/dynamodb/", "/sns/"),
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
    }
    return f'wrk.method = "POST"\nwrk.body = {form!r}\nwrk.headers = {run.lua_table(headers)}\n'


class SnsBench(run.Bench):
    def copies(self, sqs, urls):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
        counts = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"] for url in urls]
        return [sum(int(value) for value in count.values()) for count in counts]

    def run(self):
        server = Server(f"{self.folder}/data", "--log", "warn")
        session = boto3.Session(run.ACCOUNT, "test", region_name="us-east-1")
        sns, sqs = (session.client(name, endpoint_url=server.endpoint) for name in ("sns", "sqs"))
        try:
            topic = sns.create_topic(Name="bench")["TopicArn"]
            urls = [sqs.create_queue(QueueName=f"q{i}")["QueueUrl"] for i in range(QUEUES)]
            for i in range(QUEUES):
                sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{run.ACCOUNT}:q{i}")
            rate = run.wrk(server.endpoint + "/", publish(topic), self.folder)
            copies = self.copies(sqs, urls)
            while len(set(copies)) > 1:  # what was under way when wrk left
                copies = self.copies(sqs, urls)
            print(f"Publish to {QUEUES} queues, {run.CONNECTIONS} connections: {rate:.0f}/s (at least {LEAST})")
            print(f"copies in each queue: {min(copies)} to {max(copies)}")
            server.stop()
            return rate >= LEAST and len(set(copies)) == 1
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(0 if SnsBench().run() else 1)
