"""A small load that remembers what was acknowledged, and looks for it afterwards."""

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

ACCOUNT = "444455556666"
FAULTS = (ClientError, ConnectionError, HTTPClientError)


class Load:
    def __init__(self):
        self.items, self.records, self.table, self.stream = {}, {}, False, False

    def clients(self, server):
        session = boto3.Session(ACCOUNT, "test", region_name="us-east-1")
        once = Config(retries={"total_max_attempts": 1})
        return (session.client(name, endpoint_url=server.endpoint, config=once) for name in ("dynamodb", "kinesis"))

    def run(self, server, rounds=8):
        """Creates and writes; a refused call is fine, an answer that is neither success nor 5xx is not."""
        dynamodb, kinesis = self.clients(server)
        for number in range(rounds):
            if not self.table:
                self.table = self._try(dynamodb.create_table, TableName="things", BillingMode="PAY_PER_REQUEST",
                                       AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "N"}],
                                       KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}]) is not None
            if not self.stream:
                self.stream = self._try(kinesis.create_stream, StreamName="s", ShardCount=1) is not None
            text = f"value {number} " + "x" * 2000
            if self.table and self._try(dynamodb.put_item, TableName="things", Item={"k": {"N": str(number)}, "v": {"S": text}}):
                self.items[str(number)] = text
            if self.stream:
                answer = self._try(kinesis.put_record, StreamName="s", PartitionKey="p", Data=text.encode())
                if answer:
                    self.records[answer["SequenceNumber"]] = text.encode()
                # More than a row holds: these go to a file of the stream.
                several = [f"{text} {n}".encode() for n in range(3)]
                answer = self._try(kinesis.put_records, StreamName="s", Records=[
                    {"Data": data, "PartitionKey": "p"} for data in several])
                if answer:
                    self.records |= {a["SequenceNumber"]: data for a, data in zip(answer["Records"], several)}

    @staticmethod
    def _try(call, **arguments):
        try:
            return call(**arguments)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            code = error.response["Error"]["Code"]
            # A create that failed after all may have been stored; then the second try finds it.
            if status < 500 and code != "ResourceInUseException":
                raise
            return {} if code == "ResourceInUseException" else None
        except FAULTS:
            return None

    def check(self, server):
        """Everything that was acknowledged is there, whole and in order."""
        dynamodb, kinesis = self.clients(server)
        if self.table:
            found = {i["k"]["N"]: i["v"]["S"] for i in dynamodb.scan(TableName="things")["Items"]}
            for key, text in self.items.items():
                assert found.get(key) == text
        if self.stream:
            iterator = kinesis.get_shard_iterator(StreamName="s", ShardId="shardId-000000000000",
                                                  ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
            records = kinesis.get_records(ShardIterator=iterator)["Records"]
            numbers = [int(r["SequenceNumber"]) for r in records]
            assert numbers == sorted(set(numbers))
            found = {r["SequenceNumber"]: r["Data"] for r in records}
            for number, data in self.records.items():
                assert found.get(number) == data
