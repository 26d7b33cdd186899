"""The alarm: orders on a stream, a function for each batch, a topic, a phone. The step that finds what is alarming is
not part of it: here every burst of orders is.

One SMS comes for each batch, in the order of the orders, and can be read at the phone's address; after a kill -9 none is
missing.
"""

import io
import json
import pathlib
import re
import time
import urllib.request
import zipfile

import boto3
import pytest
from orders import orders
from server import Server

HERE = pathlib.Path(__file__).parent
ACCOUNT, PHONE = "111122223333", "+15551230100"
BURST = 100


class Alarm:
    """The chain in one account of a server."""

    def __init__(self, server):
        self.server = server
        session = boto3.Session(ACCOUNT, "test", region_name="us-east-1")
        names = ("kinesis", "lambda", "sns", "iam")
        self.kinesis, self.functions, self.sns, self.iam = (session.client(n, endpoint_url=server.endpoint) for n in names)

    def build(self):
        self.kinesis.create_stream(StreamName="Alarms", ShardCount=1)
        stream = self.kinesis.describe_stream_summary(StreamName="Alarms")["StreamDescriptionSummary"]["StreamARN"]
        topic = self.sns.create_topic(Name="CadabraAlarms")["TopicArn"]
        self.sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint=PHONE)
        service = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [service]})
        role = self.iam.create_role(RoleName="Ring", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as z:
            z.write(HERE / "function" / "alarm_function.py", "alarm_function.py")
        self.functions.create_function(
            FunctionName="Ring", Runtime="python3.12", Role=role, Handler="alarm_function.lambda_handler", Timeout=30,
            Code={"ZipFile": packed.getvalue()}, Environment={"Variables": {"TOPIC": topic}},
        )  # fmt: skip
        self.functions.create_event_source_mapping(
            EventSourceArn=stream, FunctionName="Ring", BatchSize=BURST, StartingPosition="TRIM_HORIZON"
        )

    def put(self, lines):
        records = [{"PartitionKey": "alarm", "Data": json.dumps(line).encode()} for line in lines]
        assert self.kinesis.put_records(StreamName="Alarms", Records=records)["FailedRecordCount"] == 0

    def phone(self):
        """What the phone got, as (orders, first line, last line) of each SMS."""
        address = f"{self.server.endpoint}/_aws/sns/sms-messages?accountId={ACCOUNT}&region=us-east-1&phoneNumber=%2B{PHONE[1:]}"
        with urllib.request.urlopen(address) as answer:
            messages = json.load(answer)["sms_messages"][PHONE]
        assert all(message["Subject"] == "Rate of transactions" for message in messages)
        texts = [message["Message"] for message in messages]
        return [tuple(int(n) for n in re.findall(r"\d+", text)) for text in texts]

    def wait_for(self, last_line):
        deadline = time.monotonic() + 600
        while True:
            found = self.phone()
            if found and found[-1][2] == last_line:
                return found
            assert time.monotonic() < deadline, f"the phone has {found[-3:]}"
            time.sleep(0.05)


def bursts(count):
    lines = list(orders(count * BURST))
    return [lines[i : i + BURST] for i in range(0, len(lines), BURST)]


def test_one_sms_for_each_batch_in_order(folder):
    server = Server(folder / "data")
    try:
        alarm = Alarm(server)
        alarm.build()
        wanted = bursts(20)
        for burst in wanted:
            alarm.put(burst)
        found = alarm.wait_for(len(wanted) * BURST - 1)
        assert found == [(BURST, i * BURST, (i + 1) * BURST - 1) for i in range(len(wanted))]
    finally:
        server.stop()


@pytest.mark.parametrize("after", [1, 4])
def test_no_alarm_is_lost_by_a_kill(folder, after):
    """Killed once the phone has rung that many times: batches may ring twice, none may be missing or come too late."""
    server = Server(folder / "data")
    alarm = Alarm(server)
    alarm.build()
    wanted = bursts(8)
    for burst in wanted:
        alarm.put(burst)
    while len(alarm.phone()) < after:
        time.sleep(0.005)
    server.kill()
    server = Server(folder / "data")
    try:
        alarm.server = server
        found = alarm.wait_for(len(wanted) * BURST - 1)
        assert list(dict.fromkeys(found)) == [(BURST, i * BURST, (i + 1) * BURST - 1) for i in range(len(wanted))]
    finally:
        server.stop()
