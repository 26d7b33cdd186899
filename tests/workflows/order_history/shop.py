"""The order-history pipeline, made with the AWS CLI: stream, table, role, function, mapping."""

import io
import json
import os
import pathlib
import subprocess
import time
import zipfile
from decimal import Decimal

import boto3
from botocore.config import Config

HERE = pathlib.Path(__file__).parent
STREAM = TABLE = "CadabraOrders"
FUNCTION = "ProcessOrders"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def function_zip():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as z:
        z.write(HERE / "function" / "lambda_function.py", "lambda_function.py")
    return packed.getvalue()


class Shop:
    """One account of a running server, and its clients."""

    def __init__(self, endpoint, folder, account="111122223333"):
        self.endpoint, self.folder, self.account = endpoint, folder, account
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_PAGER": "",
        }

    def client(self, service):
        return self._session().client(service, endpoint_url=self.endpoint, config=Config(max_pool_connections=32))

    def table(self):
        return self._session().resource("dynamodb", endpoint_url=self.endpoint).Table(TABLE)

    def _session(self):
        return boto3.Session(self.account, "test", region_name="us-east-1")

    def aws(self, *arguments):
        done = subprocess.run(["aws", *arguments, "--output", "json"], env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, f"aws {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    def create(self, shards=4):
        packed = self.folder / "function.zip"
        packed.write_bytes(function_zip())
        self.aws("kinesis", "create-stream", "--stream-name", STREAM, "--shard-count", str(shards))
        self.aws("kinesis", "wait", "stream-exists", "--stream-name", STREAM)
        self.aws("dynamodb", "create-table", "--table-name", TABLE,
                 "--attribute-definitions", "AttributeName=CustomerID,AttributeType=N", "AttributeName=OrderID,AttributeType=S",
                 "--key-schema", "AttributeName=CustomerID,KeyType=HASH", "AttributeName=OrderID,KeyType=RANGE",
                 "--provisioned-throughput", "ReadCapacityUnits=5,WriteCapacityUnits=5")
        self.aws("dynamodb", "wait", "table-exists", "--table-name", TABLE)
        role = self.aws("iam", "create-role", "--role-name", "CadabraOrders", "--assume-role-policy-document", json.dumps(TRUST))
        for policy in ("AmazonKinesisReadOnlyAccess", "AmazonDynamoDBFullAccess"):
            self.aws("iam", "attach-role-policy", "--role-name", "CadabraOrders",
                     "--policy-arn", f"arn:aws:iam::aws:policy/{policy}")
        self.aws("lambda", "create-function", "--function-name", FUNCTION, "--runtime", "python3.11",
                 "--handler", "lambda_function.lambda_handler", "--role", role["Role"]["Arn"], "--timeout", "60",
                 "--zip-file", f"fileb://{packed}", "--environment", f"Variables={{TABLE={TABLE}}}")
        self.aws("lambda", "wait", "function-active-v2", "--function-name", FUNCTION)
        stream = self.aws("kinesis", "describe-stream-summary", "--stream-name", STREAM)
        self.aws("lambda", "create-event-source-mapping", "--function-name", FUNCTION,
                 "--event-source-arn", stream["StreamDescriptionSummary"]["StreamARN"],
                 "--starting-position", "TRIM_HORIZON", "--batch-size", "500")

    def wait_for(self, count, quiet_s=240):
        """Returns when the table holds so many items; fails when it stops growing before."""
        client, last, grew = self.client("dynamodb"), -1, time.monotonic()
        while True:
            # Counting reads every item, so a large table is asked only now and then.
            seen = self.count(client)
            if seen >= count:
                return
            if seen != last:
                last, grew = seen, time.monotonic()
            assert time.monotonic() - grew < quiet_s, f"stuck at {seen} of {count} items"
            time.sleep(0.2 if count < 50_000 else 5)

    @staticmethod
    def count(client):
        pages = client.get_paginator("scan").paginate(TableName=TABLE, Select="COUNT")
        return sum(page["Count"] for page in pages)

    def items(self):
        """The table as a set of tuples; an item that is there twice would be a fault of Scan."""
        found, number, start = set(), 0, {}
        table = self.table()
        while True:
            page = table.scan(**start)
            for item in page["Items"]:
                found.add(as_tuple(item))
            number += len(page["Items"])
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        assert number == len(found)
        return found


def records(orders):
    """Entries of PutRecords; a customer's orders share a shard, so that they stay in order."""
    return [{"Data": json.dumps(order).encode(), "PartitionKey": order["Customer"] or order["InvoiceNo"]} for order in orders]


def batches(sequence, size):
    batch = []
    for element in sequence:
        batch.append(element)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def put(client, orders):
    """Sends them 500 a call, as the Kinesis agent does; sends again what was refused."""
    for batch in batches(orders, 500):
        entries = records(batch)
        while entries:
            answer = client.put_records(StreamName=STREAM, Records=entries)
            entries = [e for e, r in zip(entries, answer["Records"]) if "ErrorCode" in r]


def expected(orders):
    """What the table must hold, computed here and not by the function under test."""
    return {
        (Decimal(o["Customer"] or "0"), f"{o['InvoiceNo']}-{o['StockCode']}-{o['Line']}", o["Description"], Decimal(o["Quantity"]),
         Decimal(o["UnitPrice"]), o["InvoiceDate"], o["Country"])
        for o in orders
    }


def as_tuple(item):
    return tuple(item[k] for k in ("CustomerID", "OrderID", "Description", "Quantity", "UnitPrice", "OrderDate", "Country"))
