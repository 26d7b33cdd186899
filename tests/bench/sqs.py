#!/usr/bin/env python3
"""make bench-sqs: SendMessage, ReceiveMessage and DeleteMessage on 16 connections, each beside a bare server.

usage: sqs.py build/release
"""

import concurrent.futures
import pathlib
import shutil
import statistics
import subprocess
import sys

import boto3
import run
from botocore.config import Config
from server import Server

run.CONNECTIONS = 16
LEAST = 0.2
BODY = "x" * 200
MESSAGES = 60_000  # to be received, and to be deleted: more than two seconds need, fewer than can be in flight


def request(operation, body):
    return run.constant_request(f"AmazonSQS.{operation}", "1.0", body)


def deletes(queue, handles):
    """One request for each handle; when they are used up, the last one over again."""
    path = pathlib.Path(run.BUILD) / "bench_sqs_handles"
    path.write_text("\n".join(handles) + "\n")
    return request("DeleteMessage", "") + (
        f"local lines = io.lines({str(path)!r})\n"
        f"local before, body = '{{\"QueueUrl\":\"{queue}\",\"ReceiptHandle\":\"', nil\n"
        "function request()\n  local handle = lines()\n"
        "  if handle then body = before .. handle .. '\"}' end\n"
        "  return wrk.format(nil, nil, nil, body)\nend\n")


class SqsBench(run.Bench):
    def load(self, sqs, queue, messages):
        """Sends so many messages."""
        entries = [{"Id": str(n), "MessageBody": BODY} for n in range(10)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: sqs.send_message_batch(QueueUrl=queue, Entries=entries), range(messages // 10)))

    def receive_all(self, sqs, queue, messages):
        def ten(_):
            answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=3600)
            return [m["ReceiptHandle"] for m in answer.get("Messages", [])]

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return [h for handles in pool.map(ten, range(messages // 10)) for h in handles]

    def measure(self, server, name, script, bare):
        figure = run.wrk(server.endpoint + "/", script, self.folder)
        self.ratio(f"{name}, {run.CONNECTIONS} connections / bare server", [figure], [bare], "requests/s", LEAST)

    def run(self):
        port = run.free_port()
        bare_server = subprocess.Popen([run.BUILD / "bench_bare_server", str(port), "200"], stdout=subprocess.DEVNULL)
        server = Server(f"{self.folder}/data", "--log", "warn")
        sqs = boto3.Session(run.ACCOUNT, "test", region_name="us-east-1").client(
            "sqs", endpoint_url=server.endpoint, config=Config(max_pool_connections=16))
        try:
            sends, receives, deletions = (
                sqs.create_queue(QueueName=n)["QueueUrl"] for n in ("sends", "receives", "deletions"))
            send = request("SendMessage", f'{{"QueueUrl":"{sends}","MessageBody":"{BODY}"}}')
            bare = statistics.median(run.wrk(f"http://127.0.0.1:{port}/", send, self.folder) for _ in range(run.ROUNDS))
            self.measure(server, "SendMessage", send, bare)
            run.SECONDS = 2  # the messages last no longer
            self.load(sqs, receives, MESSAGES)
            self.measure(server, "ReceiveMessage", request("ReceiveMessage", f'{{"QueueUrl":"{receives}"}}'), bare)
            self.load(sqs, deletions, MESSAGES)
            handles = self.receive_all(sqs, deletions, MESSAGES)
            self.measure(server, "DeleteMessage", deletes(deletions, handles), bare)
            server.stop()
        finally:
            bare_server.kill()
            shutil.rmtree(self.folder, ignore_errors=True)
        return all(row[3] == "reached" for row in self.rows)


if __name__ == "__main__":
    sys.exit(0 if SqsBench().run() else 1)
