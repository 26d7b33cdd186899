"""What the tests of DynamoDB's table features share: a server of their own whose clock moves, and a few words."""

import json
import time
import urllib.request

import boto3
import pytest
from botocore.exceptions import ClientError
from server import Server

KEYS = {"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"},
                                 {"AttributeName": "sk", "AttributeType": "N"}]}


def key(pk, sk=1):
    return {"pk": {"S": pk}, "sk": {"N": str(sk)}}


def refused(call, **keywords):
    """The error's code."""
    with pytest.raises(ClientError) as e:
        call(**keywords)
    return e.value.response["Error"]["Code"]


def make(dynamodb, name="things", **more):
    return dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **KEYS, **more)["TableDescription"]


def eventually(ask, seconds=240):
    """What ask() gives as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert answer
    return answer


class OwnServer:
    """A server that can be killed and whose clock can be moved; use as a context."""

    def __init__(self, folder):
        self.folder = folder
        self.server = None
        self.start()

    def start(self):
        self.server = Server(self.folder / "data", "--test-clock")

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.server.stop()

    def client(self, service, region="us-east-1", account="123456789012"):
        return boto3.client(service, endpoint_url=self.server.endpoint, region_name=region,
                            aws_access_key_id=account, aws_secret_access_key="test")

    def kill_and_start(self):
        self.server.kill()
        self.start()

    def advance(self, seconds):
        body = json.dumps({"advance_ms": int(seconds * 1000)}).encode()
        urllib.request.urlopen(f"{self.server.endpoint}/_cadabra/clock", body, timeout=300).read()
