"""Workflow 1: orders go into Kinesis, a Lambda function picks them up, and they are in DynamoDB.

Everything is unmodified AWS tooling; only the endpoint differs. The first 20,000 real order lines, or all of them
with WORKFLOW_ORDERS=all (make workflow-full).
"""

import json
import os
import pathlib
import subprocess
import threading
import time

import pytest
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.exceptions import HTTPClientError

import orders as source
import shop as order_history
from server import Server

HERE = pathlib.Path(__file__).parent
MEMORY_LIMIT_KIB = 200 * 1024


@pytest.fixture
def server(folder):
    running = Server(folder / "data")
    yield running
    running.stop()


def test_boto3(server, folder):
    """The pipeline made by the AWS CLI, the orders sent by boto3."""
    count = source.wanted()
    shop = order_history.Shop(server.endpoint, folder)
    shop.create()
    started = time.monotonic()
    order_history.put(shop.client("kinesis"), source.orders(count))
    sent = time.monotonic()
    shop.wait_for(count)
    done = time.monotonic()
    print(f"\n{count} orders: sent in {sent - started:.1f} s, all in the table after {done - started:.1f} s; "
          f"server memory at most {server.resident_kib()[1] / 1024:.0f} MiB")
    assert shop.items() == order_history.expected(source.orders(count))
    assert server.resident_kib()[1] < MEMORY_LIMIT_KIB


def test_cli(server, folder):
    """The orders sent by the AWS CLI too, and one customer read back by Query."""
    shop = order_history.Shop(server.endpoint, folder)
    shop.create(shards=1)
    few = list(source.orders(1000))
    for number, batch in enumerate(order_history.batches(few, 250)):
        entries = [{"Data": json.dumps(o), "PartitionKey": o["Customer"] or o["InvoiceNo"]} for o in batch]
        path = folder / f"records-{number}.json"
        path.write_text(json.dumps(entries))
        answer = shop.aws("kinesis", "put-records", "--stream-name", order_history.STREAM, "--records", f"file://{path}",
                          "--cli-binary-format", "raw-in-base64-out") if is_v2(shop) else \
            shop.aws("kinesis", "put-records", "--stream-name", order_history.STREAM, "--records", f"file://{path}")
        assert answer["FailedRecordCount"] == 0
    shop.wait_for(len(few))
    assert shop.items() == order_history.expected(few)
    customer = next(o["Customer"] for o in few if o["Customer"])
    answer = shop.aws("dynamodb", "query", "--table-name", order_history.TABLE,
                      "--key-condition-expression", "CustomerID = :c",
                      "--expression-attribute-values", json.dumps({":c": {"N": customer}}))
    assert answer["Count"] == sum(o["Customer"] == customer for o in few)
    logs = shop.aws("logs", "filter-log-events", "--log-group-name", f"/aws/lambda/{order_history.FUNCTION}")
    assert any(e["message"].startswith("REPORT RequestId:") for e in logs["events"])


def is_v2(shop):
    done = subprocess.run(["aws", "--version"], env=shop.environment, capture_output=True, text=True, check=True)
    return (done.stdout + done.stderr).startswith("aws-cli/2")


def test_javascript(server, folder):
    """The orders sent by the JavaScript SDK v3 over its default HTTP/2, and read back by it."""
    shop = order_history.Shop(server.endpoint, folder)
    shop.create()
    some = list(source.orders(5000))
    (folder / "orders.json").write_text(json.dumps(some))
    node = subprocess.run(["node", str(HERE / "javascript.mjs"), str(folder / "orders.json")],
                          env=shop.environment, capture_output=True, text=True, timeout=900)
    assert node.returncode == 0, node.stdout + node.stderr
    found = {(i["CustomerID"], i["OrderID"]) for i in json.loads(node.stdout)}
    assert found == {(int(o["Customer"] or 0), f"{o['InvoiceNo']}-{o['StockCode']}-{o['Line']}") for o in some}
    assert shop.items() == order_history.expected(some)


def test_kill_and_restart(folder):
    """kill -9 in the middle: every record that was acknowledged is delivered after the restart."""
    server = Server(folder / "data")
    shop = order_history.Shop(server.endpoint, folder)
    shop.create()
    some = list(source.orders(8000))
    acknowledged = []
    stopped = threading.Event()

    def send():
        client = shop.client("kinesis")
        for batch in order_history.batches(some, 100):
            try:
                answer = client.put_records(StreamName=order_history.STREAM, Records=order_history.records(batch))
            except (BotoConnectionError, HTTPClientError):
                break
            acknowledged.extend(o for o, r in zip(batch, answer["Records"]) if "SequenceNumber" in r)
            if stopped.is_set():
                break

    sender = threading.Thread(target=send)
    sender.start()
    deadline = time.monotonic() + 600
    while shop.count(shop.client("dynamodb")) == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    server.kill()
    stopped.set()
    sender.join()
    assert acknowledged

    server = Server(folder / "data")
    try:
        shop = order_history.Shop(server.endpoint, folder)
        rest = some[len(acknowledged) + 100:]
        order_history.put(shop.client("kinesis"), rest)
        must = order_history.expected(acknowledged) | order_history.expected(rest)
        shop.wait_for(len(must))
        found = shop.items()
        assert must <= found
        # The call that the kill interrupted may have been stored without being acknowledged; nothing else may.
        assert found <= order_history.expected(some)
    finally:
        server.stop()
