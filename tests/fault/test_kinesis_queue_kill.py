"""kill -9 while a queue delivers a stream: what was acknowledged stays away, what was received stays hidden for its time,
and all else comes."""

import random
import threading
import time

import boto3
from botocore.config import Config

from load import ACCOUNT, FAULTS
from server import Server

PRODUCERS, CONSUMERS = 2, 4
HIDDEN_S = 3600


def client_of(server):
    return boto3.client("kinesis", endpoint_url=server.endpoint, region_name="us-east-1", aws_access_key_id=ACCOUNT,
                        aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}))


class Shop:
    """What was answered: put, received (and so hidden for an hour), acknowledged."""

    def __init__(self):
        self.lock = threading.Lock()
        self.put, self.held, self.done, self.asked, self.wrong = set(), {}, set(), set(), []

    def produce(self, server, name):
        kinesis = client_of(server)
        for number in range(100_000):
            texts = [f"{name}.{number}.{n}" for n in range(number % 4 + 1)]
            try:
                kinesis.put_records(StreamName="s", Records=[{"Data": t.encode(), "PartitionKey": t} for t in texts])
            except FAULTS:
                return
            with self.lock:
                self.put |= set(texts)

    def consume(self, server, queue):
        kinesis = client_of(server)
        while True:
            try:
                for r in receive(kinesis, queue):
                    text = r["Data"].decode()
                    with self.lock:
                        if text in self.held:
                            self.wrong.append(f"{text} was received twice within its visibility timeout")
                        self.held[text] = r["ReceiptHandle"]
                        wanted = len(self.held) % 3 > 0
                        if wanted:
                            self.asked.add(text)
                    if wanted:
                        answer = acknowledge(kinesis, queue, [r["ReceiptHandle"]])
                        with self.lock:
                            self.wrong += answer["Failed"]
                            self.done.add(text)
            except FAULTS:
                return


def receive(kinesis, queue):
    return kinesis.receive_queue_records(QueueARN=queue, VisibilityTimeoutSeconds=HIDDEN_S, WaitTimeSeconds=1)["QueueRecords"]


def acknowledge(kinesis, queue, handles):
    return kinesis.acknowledge_queue_records(QueueARN=queue, Entries=[{"ReceiptHandle": h} for h in handles])


def drain(kinesis, queue):
    found = []
    while page := receive(kinesis, queue):
        found += [r["Data"].decode() for r in page]
    assert len(set(found)) == len(found)
    return set(found)


def test_kill_while_a_queue_delivers(tmp_path):
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    server = Server(tmp_path / "data")
    client_of(server).create_stream(StreamName="s")
    stream = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s"
    for life in range(3):
        shop = Shop()
        queue = client_of(server).create_queue(
            QueueName=f"q{life}", StreamConfigurationList=[{"StreamARN": stream}])["QueueDescription"]["QueueARN"]
        workers = [threading.Thread(target=shop.produce, args=(server, f"{life}.{n}")) for n in range(PRODUCERS)]
        workers += [threading.Thread(target=shop.consume, args=(server, queue)) for _ in range(CONSUMERS)]
        for thread in workers:
            thread.start()
        time.sleep(dice.uniform(0.3, 1.2))
        for _ in range(1200):  # a machine that is busy with other tests may need longer
            if len(shop.done) > 10:
                break
            time.sleep(0.1)
        server.kill()
        for thread in workers:
            thread.join()
        assert not shop.wrong
        server = Server(tmp_path / "data")
        kinesis = client_of(server)
        fresh = drain(kinesis, queue)
        assert shop.done and not fresh & shop.done, "acknowledged, and there again"
        assert not fresh & set(shop.held), "received for an hour, and visible again"
        # What is held can be made visible by its receipt, and comes again. An acknowledgement may have been stored and not
        # answered, a delivery, too.
        held = {t: h for t, h in shop.held.items() if t not in shop.asked}
        for text, handle in held.items():
            answer = kinesis.update_queue_records_visibility(
                QueueARN=queue, Entries=[{"ReceiptHandle": handle, "VisibilityTimeoutSeconds": 0}])
            assert not answer["Failed"], text
        assert held and drain(kinesis, queue) == set(held), "received, and lost"
        missing = shop.put - fresh - set(shop.held)
        assert len(missing) <= 10 * CONSUMERS, "put, and never delivered"
        kinesis.delete_queue(QueueARN=queue)
    server.stop()
