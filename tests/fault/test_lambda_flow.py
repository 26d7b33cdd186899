"""Events of every kind flow while handlers crash, hang, leak and raise, and the server is killed in the middle.

Every event is delivered at least once, and what can never be delivered lands where failures go.
"""

import collections
import json
import pathlib
import sys
import tempfile
import time
import urllib.request

import boto3
import pytest
from botocore.config import Config

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "sdk"))

from lambda_kit import create, eventually
from server import Server

ACCOUNT = "123456789012"
POISON = ["crash", "hang", "leak", "raise"]
GOOD = [str(i) for i in range(40)]

# Besides poison, one run in ten fails for no reason of the event's.
FAULTY = """
import base64, os, random, time

def value_of(record):
    if "kinesis" in record:
        return base64.b64decode(record["kinesis"]["data"]).decode()
    if "dynamodb" in record:
        return record["dynamodb"]["NewImage"]["v"]["S"]
    return record["body"]

def misbehave(how):
    if how == "crash":
        os._exit(1)
    if how == "hang":
        time.sleep(60)
    if how == "raise":
        raise ValueError("poison")
    kept = []
    while how == "leak":
        kept.append(bytearray(1 << 22))
        time.sleep(0.005)

def handler(event, context):
    values = [value_of(r) for r in event["Records"]] if "Records" in event else [event["v"]]
    if random.random() < 0.1:
        misbehave(random.choice(["crash", "raise"]))
    for value in values:
        if not value.isdigit():
            misbehave(value)
    with open({out!r}, "a") as f:
        f.write("".join(v + "\\n" for v in values))
"""


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="cadabra-lambda-flow-") as path:
        yield pathlib.Path(path)


class Chain:
    """A server, its clients, and where what was delivered and what was given up can be read."""

    def __init__(self, folder, *arguments):
        self.folder = folder
        self.arguments = arguments
        self.out = folder / "out"
        self.lost = set()
        self.start()

    def start(self):
        self.server = Server(self.folder / "data", *self.arguments)
        session = boto3.Session(ACCOUNT, "test", region_name="us-east-1")
        client = lambda name: session.client(
            name, endpoint_url=self.server.endpoint, config=Config(retries={"max_attempts": 1})
        )
        self.functions, self.kinesis, self.sqs, self.dynamodb, self.streams = map(
            client, ("lambda", "kinesis", "sqs", "dynamodb", "dynamodbstreams")
        )

    def kill(self):
        self.server.kill()
        self.start()

    def queue(self, name, **attributes):
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"

    def function(self, **more):
        create(self.functions, FAULTY.format(out=str(self.out)), Timeout=2, MemorySize=128, **more)

    def delivered(self):
        return collections.Counter(self.out.read_text().split()) if self.out.exists() else collections.Counter()

    def read_lost(self, name, value_of):
        url = self.sqs.get_queue_url(QueueName=name)["QueueUrl"]
        for message in self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            self.lost.update(value_of(message["Body"]))
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return self.lost


def spread(poison):
    """The good values with the poison among them."""
    values = list(GOOD)
    for i, value in enumerate(poison):
        values.insert((i + 1) * len(GOOD) // (len(poison) + 1), value)
    return values


def flow(chain, values, send):
    """Sends them all, with a kill after a third and after two thirds of them."""
    for i, value in enumerate(values):
        send(value)
        if i in (len(values) // 3, 2 * len(values) // 3):
            eventually(lambda: sum(chain.delivered().values()) > i // 4)
            chain.kill()


def finish(chain, name, value_of):
    def all_there():
        chain.read_lost(name, value_of)
        return set(chain.delivered()) == set(GOOD) and set(POISON) <= chain.lost

    eventually(all_there, 600)
    assert chain.lost == set(POISON)
    chain.server.stop()


def mapping(chain, source, lost, **more):
    chain.functions.create_event_source_mapping(
        EventSourceArn=source, FunctionName="f", StartingPosition="TRIM_HORIZON", BatchSize=5,
        BisectBatchOnFunctionError=True, MaximumRetryAttempts=4, DestinationConfig={"OnFailure": {"Destination": lost}},
        **more,
    )  # fmt: skip


@pytest.mark.parametrize("lanes", [1, 3])
def test_kinesis(folder, lanes):
    chain = Chain(folder)
    chain.function()
    chain.kinesis.create_stream(StreamName="s", ShardCount=2)
    chain.kinesis.get_waiter("stream_exists").wait(StreamName="s")
    mapping(chain, f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s", chain.queue("lost")[1], ParallelizationFactor=lanes)
    numbers = {}

    def send(value):
        answer = chain.kinesis.put_record(StreamName="s", Data=value.encode(), PartitionKey=str(len(numbers) % 7))
        numbers[answer["SequenceNumber"]] = value

    def value_of(body):
        info = json.loads(body)["KinesisBatchInfo"]
        assert info["batchSize"] == 1
        return [numbers[info["startSequenceNumber"]]]

    flow(chain, spread(POISON), send)
    finish(chain, "lost", value_of)


def test_dynamodb_streams(folder):
    chain = Chain(folder)
    chain.function()
    stream = chain.dynamodb.create_table(
        TableName="events", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "v", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "v", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]["LatestStreamArn"]  # fmt: skip
    chain.dynamodb.get_waiter("table_exists").wait(TableName="events")
    mapping(chain, stream, chain.queue("lost")[1])
    numbers = {}

    def value_of(body):
        info = json.loads(body)["DDBStreamBatchInfo"]
        assert info["batchSize"] == 1
        for shard in chain.streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]:
            at = chain.streams.get_shard_iterator(
                StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            for record in chain.streams.get_records(ShardIterator=at)["Records"]:
                numbers[record["dynamodb"]["SequenceNumber"]] = record["dynamodb"]["Keys"]["v"]["S"]
        return [numbers[info["startSequenceNumber"]]]

    flow(chain, spread(POISON), lambda value: chain.dynamodb.put_item(TableName="events", Item={"v": {"S": value}}))
    finish(chain, "lost", value_of)


def test_queues(folder):
    chain = Chain(folder)
    chain.function()
    _, dead = chain.queue("lost")
    # Whatever a message meets beside its own poison (two kills, bad luck) must not add up to this.
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 8})
    url, arn = chain.queue("q", VisibilityTimeout="6", RedrivePolicy=redrive)
    chain.functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="f", BatchSize=1)

    def send(value):
        chain.sqs.send_message(QueueUrl=chain.sqs.get_queue_url(QueueName="q")["QueueUrl"], MessageBody=value)

    flow(chain, spread(POISON), send)
    finish(chain, "lost", lambda body: [body])


def test_accepted_events(folder):
    chain = Chain(folder, "--test-clock")
    chain.function()
    chain.functions.put_function_event_invoke_config(
        FunctionName="f", DestinationConfig={"OnFailure": {"Destination": chain.queue("lost")[1]}}
    )

    def send(value):
        chain.functions.invoke(FunctionName="f", InvocationType="Event", Payload=json.dumps({"v": value}))

    def value_of(body):
        # The two retries of AWS come after minutes: bad luck may use them up, of one in a thousand.
        record = json.loads(body)
        assert record["requestContext"]["condition"] == "RetriesExhausted"
        return [v for v in [record["requestPayload"]["v"]] if v in POISON or not chain.delivered()[v]]

    def all_there():
        move_clock(chain.server, 20)
        chain.read_lost("lost", value_of)
        return set(GOOD) | set(POISON) <= set(chain.delivered()) | chain.lost

    flow(chain, spread(POISON), send)
    eventually(all_there, 600)
    assert set(POISON) <= chain.lost and len(chain.lost) <= len(POISON) + 2
    chain.server.stop()


def move_clock(server, seconds):
    body = json.dumps({"advance_ms": seconds * 1000}).encode()
    urllib.request.urlopen(urllib.request.Request(server.endpoint + "/_cadabra/clock", body, method="POST")).read()
    time.sleep(0.2)
