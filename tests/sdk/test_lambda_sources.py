"""Lambda: event source mappings of SQS queues and DynamoDB streams; what outlives a kill."""

import json
import time

import boto3
import pytest
from botocore.exceptions import ClientError

from lambda_kit import create, eventually, invoke, package, role
from server import Server

RECORDER = """
import json
def handler(event, context):
    with open({out!r}, "a") as f:
        f.write(json.dumps(event) + "\\n")
    bodies = [r.get("body") for r in event["Records"]]
    {more}
"""


@pytest.fixture
def functions(client):
    return client("lambda")


@pytest.fixture
def sqs(client):
    return client("sqs")


@pytest.fixture
def recorder(functions, tmp_path):
    out = tmp_path / "events"

    def make(more="return None", client=functions, **settings):
        create(client, RECORDER.format(out=str(out), more=more), **{"Timeout": 30, **settings})

        def events():
            return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []

        return events

    return make


def queue(sqs, name="q", **attributes):
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def depth(sqs, url):
    got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"])["Attributes"]
    return sum(int(v) for v in got.values())


def bodies(events):
    return [r["body"] for e in events for r in e["Records"]]


def test_messages_arrive_as_aws_describes_them(functions, sqs, recorder, account):
    events = recorder()
    url, arn = queue(sqs)
    made = functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="f")
    assert (made["BatchSize"], made["State"], made["StateTransitionReason"]) == (10, "Creating", "USER_INITIATED")
    assert "StartingPosition" not in made and "ParallelizationFactor" not in made
    sent = sqs.send_message(QueueUrl=url, MessageBody="hello", MessageAttributes={"a": {"DataType": "String", "StringValue": "x"}, "b": {"DataType": "Binary", "BinaryValue": b"y"}})
    eventually(events)
    record = events()[0]["Records"][0]
    assert (record["messageId"], record["body"]) == (sent["MessageId"], "hello")
    assert (record["eventSource"], record["eventSourceARN"], record["awsRegion"]) == ("aws:sqs", arn, "us-east-1")
    assert record["md5OfBody"] == sent["MD5OfMessageBody"]
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= record["attributes"].keys()
    assert record["messageAttributes"]["a"] == {"stringValue": "x", "stringListValues": [], "binaryListValues": [], "dataType": "String"}
    assert record["messageAttributes"]["b"]["binaryValue"] == "eQ=="
    assert record["md5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    sqs.send_message(QueueUrl=url, MessageBody="plain")
    eventually(lambda: len(events()) > 1)
    record = events()[1]["Records"][0]
    assert record["messageAttributes"] == {} and record["md5OfMessageAttributes"] is None
    eventually(lambda: depth(sqs, url) == 0)


def test_many_messages_in_batches(functions, sqs, recorder):
    events = recorder()
    url, arn = queue(sqs)
    functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="f", BatchSize=50, MaximumBatchingWindowInSeconds=1)
    for at in range(0, 200, 10):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(i), "MessageBody": str(i)} for i in range(at, at + 10)])
    eventually(lambda: len(bodies(events())) >= 200)
    assert sorted(map(int, bodies(events()))) == list(range(200))
    assert max(len(e["Records"]) for e in events()) <= 50
    assert len(events()) < 100
    eventually(lambda: depth(sqs, url) == 0)


def test_a_failed_batch_comes_again_and_then_to_the_dead_letters(functions, sqs, recorder):
    events = recorder(more="raise ValueError", Timeout=6)
    dead, dead_arn = queue(sqs, "dead")
    url, arn = queue(sqs, VisibilityTimeout="6", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2}))
    functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="f")
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    eventually(lambda: depth(sqs, dead) == 1)
    assert bodies(events()) == ["poison"] * 2
    assert [e["Records"][0]["attributes"]["ApproximateReceiveCount"] for e in events()] == ["1", "2"]


def test_only_what_failed_comes_again(functions, sqs, recorder):
    more = "return {'batchItemFailures': [{'itemIdentifier': r['messageId']} for r in event['Records'] if r['body'] == 'bad' and r['attributes']['ApproximateReceiveCount'] == '1']}"
    events = recorder(more=more, Timeout=6)
    url, arn = queue(sqs, VisibilityTimeout="6")
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": b, "MessageBody": b} for b in ("good", "bad", "fine")])
    functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="f", FunctionResponseTypes=["ReportBatchItemFailures"])
    eventually(lambda: depth(sqs, url) == 0)
    assert sorted(bodies(events())) == ["bad", "bad", "fine", "good"]


def test_filtered_messages_are_deleted(functions, sqs, recorder):
    events = recorder()
    url, arn = queue(sqs)
    functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="f", FilterCriteria={"Filters": [{"Pattern": json.dumps({"body": {"kind": ["a"]}})}]})
    for body in ('{"kind": "b"}', "text", '{"kind": "a"}'):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    eventually(lambda: depth(sqs, url) == 0)
    eventually(events)
    assert bodies(events()) == ['{"kind": "a"}']


def test_fifo_groups_keep_their_order(functions, sqs, recorder):
    events = recorder()
    url, arn = queue(sqs, "q.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="f", BatchSize=3)
    for i in range(30):
        sqs.send_message(QueueUrl=url, MessageBody=f"{i % 3} {i}", MessageGroupId=str(i % 3))
    eventually(lambda: len(bodies(events())) >= 30)
    for group in "012":
        numbers = [int(b.split()[1]) for b in bodies(events()) if b.startswith(group)]
        assert numbers == sorted(numbers)
    assert events()[0]["Records"][0]["attributes"]["MessageGroupId"]


def test_concurrency_is_bounded(functions, sqs, recorder, tmp_path):
    more = f"""import os, time
    d = {str(tmp_path)!r} + "/now"
    os.makedirs(d, exist_ok=True)
    mine = d + "/" + context.aws_request_id
    open(mine, "w").close()
    n = len(os.listdir(d))
    time.sleep(0.2)
    os.remove(mine)
    open({str(tmp_path)!r} + "/most", "a").write(str(n) + " ")"""
    recorder(more=more)
    url, arn = queue(sqs)
    functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="f", BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    for i in range(12):
        sqs.send_message(QueueUrl=url, MessageBody=str(i))
    eventually(lambda: depth(sqs, url) == 0)
    assert max(int(n) for n in (tmp_path / "most").read_text().split()) <= 2


def test_disable_enable_delete(functions, sqs, recorder):
    events = recorder()
    url, arn = queue(sqs)
    uuid = functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="f", Enabled=False)["UUID"]
    sqs.send_message(QueueUrl=url, MessageBody="1")
    time.sleep(0.3)
    assert events() == []
    functions.update_event_source_mapping(UUID=uuid, Enabled=True)
    eventually(lambda: bodies(events()) == ["1"])
    functions.delete_event_source_mapping(UUID=uuid)
    with pytest.raises(ClientError):
        functions.get_event_source_mapping(UUID=uuid)


def test_bad_mappings_of_queues(functions, sqs, recorder):
    recorder(Timeout=20)
    _, arn = queue(sqs)
    _, short = queue(sqs, "short", VisibilityTimeout="5")

    def bad(**changed):
        with pytest.raises(ClientError) as caught:
            functions.create_event_source_mapping(**{**dict(EventSourceArn=arn, FunctionName="f"), **changed})
        error = caught.value.response["Error"]
        assert error["Code"] == "InvalidParameterValueException"
        return error["Message"]

    assert "StartingPosition" in bad(StartingPosition="LATEST")
    assert "batch window" in bad(BatchSize=11)
    assert "visibility timeout: 5 seconds is less than Function timeout: 20" in bad(EventSourceArn=short)
    assert "Unsupported TumblingWindowInSeconds parameter" in bad(TumblingWindowInSeconds=5)
    assert "DestinationConfig" in bad(DestinationConfig={"OnFailure": {"Destination": arn}})


# --- DynamoDB ---


@pytest.fixture
def table(client):
    dynamodb = client("dynamodb")
    made = dynamodb.create_table(
        TableName="things", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]
    dynamodb.get_waiter("table_exists").wait(TableName="things")
    return dynamodb, made["LatestStreamArn"]


def test_changes_of_a_table_arrive_in_order(functions, table, recorder):
    dynamodb, arn = table
    events = recorder()
    functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="f", StartingPosition="TRIM_HORIZON")
    dynamodb.put_item(TableName="things", Item={"id": {"S": "a"}, "n": {"N": "1"}})
    dynamodb.update_item(TableName="things", Key={"id": {"S": "a"}}, UpdateExpression="SET n = :n", ExpressionAttributeValues={":n": {"N": "2"}})
    dynamodb.delete_item(TableName="things", Key={"id": {"S": "a"}})
    eventually(lambda: sum(len(e["Records"]) for e in events()) >= 3)
    records = [r for e in events() for r in e["Records"]]
    assert [r["eventName"] for r in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert records[0]["eventSource"] == "aws:dynamodb" and records[0]["eventSourceARN"] == arn
    assert records[1]["dynamodb"]["OldImage"] == {"id": {"S": "a"}, "n": {"N": "1"}}
    assert records[1]["dynamodb"]["NewImage"] == {"id": {"S": "a"}, "n": {"N": "2"}}


def test_filters_and_destinations_of_tables(functions, table, sqs, recorder, account):
    dynamodb, arn = table
    lost, lost_arn = queue(sqs, "lost")
    events = recorder(more="raise ValueError")
    functions.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="f", StartingPosition="TRIM_HORIZON", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": lost_arn}},
        FilterCriteria={"Filters": [{"Pattern": json.dumps({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["x"]}}}})}]},
    )
    for name, kind in (("a", "y"), ("b", "x"), ("c", "y")):
        dynamodb.put_item(TableName="things", Item={"id": {"S": name}, "kind": {"S": kind}})
    message = eventually(lambda: sqs.receive_message(QueueUrl=lost, WaitTimeSeconds=2).get("Messages"))[0]
    info = json.loads(message["Body"])["DDBStreamBatchInfo"]
    assert (info["batchSize"], info["streamArn"]) == (1, arn)
    assert [r["dynamodb"]["Keys"] for e in events() for r in e["Records"]] == [{"id": {"S": "b"}}]


# --- accepted events ---


def test_destinations_of_events(functions, sqs, account):
    good, good_arn = queue(sqs, "good")
    bad, bad_arn = queue(sqs, "bad")
    create(functions, "def handler(e, c):\n    if e.get('fail'):\n        raise ValueError('no')\n    return {'ok': e}\n")
    put = functions.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0, DestinationConfig={"OnSuccess": {"Destination": good_arn}, "OnFailure": {"Destination": bad_arn}})
    assert put["FunctionArn"].endswith(":f:$LATEST")
    ids = [functions.invoke(FunctionName="f", InvocationType="Event", Payload=json.dumps(e))["ResponseMetadata"]["RequestId"] for e in ({"n": 1}, {"fail": True})]

    def one(url):
        return json.loads(eventually(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2).get("Messages"))[0]["Body"])

    record = one(good)
    assert record["version"] == "1.0" and "timestamp" in record
    assert record["requestContext"] == {"requestId": ids[0], "functionArn": put["FunctionArn"], "condition": "Success", "approximateInvokeCount": 1}
    assert record["requestPayload"] == {"n": 1}
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert record["responsePayload"] == {"ok": {"n": 1}}
    record = one(bad)
    assert record["requestContext"] == {"requestId": ids[1], "functionArn": put["FunctionArn"], "condition": "RetriesExhausted", "approximateInvokeCount": 1}
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert record["responsePayload"]["errorMessage"] == "no"


def test_a_function_as_destination_and_dead_letters(functions, sqs, tmp_path, account):
    dead, dead_arn = queue(sqs, "dead")
    out = tmp_path / "out"
    create(functions, f"import json\ndef handler(e, c):\n    open({str(out)!r}, 'w').write(json.dumps(e))\n", name="g")
    create(functions, "def handler(e, c):\n    raise KeyError('gone')\n", DeadLetterConfig={"TargetArn": dead_arn})
    functions.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": f"arn:aws:lambda:us-east-1:{account}:function:g"}})
    request = functions.invoke(FunctionName="f", InvocationType="Event", Payload=b'{"x": 1}')["ResponseMetadata"]["RequestId"]
    message = eventually(lambda: sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=2, MessageAttributeNames=["All"]).get("Messages"))[0]
    assert json.loads(message["Body"]) == {"x": 1}
    values = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert values == {"RequestID": request, "ErrorCode": "200", "ErrorMessage": "'gone'"}
    eventually(out.exists)
    assert json.loads(out.read_text())["requestPayload"] == {"x": 1}


def test_event_configs(functions, account):
    create(functions, "def handler(e, c):\n    return 1\n", Publish=True)

    def fails(code, call, **arguments):
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        assert caught.value.response["Error"]["Code"] == code

    fails("ResourceNotFoundException", functions.get_function_event_invoke_config, FunctionName="f")
    functions.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=1)
    functions.put_function_event_invoke_config(FunctionName="f", Qualifier="1", MaximumEventAgeInSeconds=60)
    got = functions.update_function_event_invoke_config(FunctionName="f", MaximumEventAgeInSeconds=100)
    assert (got["MaximumRetryAttempts"], got["MaximumEventAgeInSeconds"]) == (1, 100)
    assert got["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}
    listed = functions.list_function_event_invoke_configs(FunctionName="f")["FunctionEventInvokeConfigs"]
    assert [c["FunctionArn"].split(":")[-1] for c in listed] == ["$LATEST", "1"]
    own = f"arn:aws:lambda:us-east-1:{account}:function:f"
    fails("InvalidParameterValueException", functions.put_function_event_invoke_config, FunctionName="f", DestinationConfig={"OnFailure": {"Destination": own}})
    fails("InvalidParameterValueException", functions.put_function_event_invoke_config, FunctionName="f")
    functions.delete_function_event_invoke_config(FunctionName="f", Qualifier="1")
    fails("ResourceNotFoundException", functions.delete_function_event_invoke_config, FunctionName="f", Qualifier="1")


# --- what outlives a kill ---


def test_no_message_is_lost_when_the_server_is_killed(tmp_path, recorder):
    data = tmp_path / "data"
    server = Server(data)

    def connect(service):
        return boto3.client(service, endpoint_url=server.endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")

    sqs, functions = connect("sqs"), connect("lambda")
    events = recorder(client=functions, more="import time; time.sleep(0.05)", Timeout=5)
    url = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "5"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="f", BatchSize=2)
    for at in range(0, 60, 10):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(i), "MessageBody": str(i)} for i in range(at, at + 10)])
    eventually(lambda: len(bodies(events())) >= 10)
    server.kill()
    server = Server(data)
    try:
        eventually(lambda: set(bodies(events())) == {str(i) for i in range(60)})
    finally:
        server.stop()


# --- code and records in buckets ---


def test_code_from_a_bucket(functions, client, account):
    s3 = client("s3")
    bucket = f"code-{account}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="f.zip", Body=package({"app.py": "def handler(e, c):\n    return 'from s3'\n"}))
    functions.create_function(FunctionName="f", Runtime="python3.12", Role=role(functions), Handler="app.handler", Code={"S3Bucket": bucket, "S3Key": "f.zip"})
    assert invoke(functions)[0] == "from s3"
    for key, where in (("none", bucket), ("f.zip", bucket + "-none")):
        with pytest.raises(ClientError) as caught:
            functions.update_function_code(FunctionName="f", S3Bucket=where, S3Key=key)
        assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
        assert "Error occurred while GetObject" in caught.value.response["Error"]["Message"]


def test_failures_kept_in_a_bucket(functions, client, recorder, account):
    kinesis, s3 = client("kinesis"), client("s3")
    bucket = f"lost-{account}"
    s3.create_bucket(Bucket=bucket)
    kinesis.create_stream(StreamName="s", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="s")
    recorder(more="raise ValueError")
    arn = f"arn:aws:kinesis:us-east-1:{account}:stream/s"
    uuid = functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="f", StartingPosition="TRIM_HORIZON", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}})["UUID"]
    kinesis.put_record(StreamName="s", Data=b"x", PartitionKey="k")
    found = eventually(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents"))
    assert found[0]["Key"].startswith(f"aws/lambda/{uuid}/shardId-000000000000/20")
    record = json.loads(s3.get_object(Bucket=bucket, Key=found[0]["Key"])["Body"].read())
    assert json.loads(record["payload"])["Records"][0]["kinesis"]["partitionKey"] == "k"


def test_results_published_to_a_topic(functions, client, sqs):
    sns = client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    url, arn = queue(sqs)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    create(functions, "def handler(e, c):\n    return 'done'\n")
    functions.put_function_event_invoke_config(FunctionName="f", DestinationConfig={"OnSuccess": {"Destination": topic}})
    functions.invoke(FunctionName="f", InvocationType="Event", Payload=b"1")
    message = eventually(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2).get("Messages"))[0]
    assert json.loads(message["Body"])["responsePayload"] == "done"


FAULTY = """
import base64, os, time
def handler(event, context):
    values = [base64.b64decode(r["kinesis"]["data"]).decode() for r in event["Records"]]
    for value in values:
        if value == "crash":
            os._exit(1)
        if value == "hang":
            time.sleep(60)
        if value == "leak":
            kept = []
            while True:
                kept.append(bytearray(1 << 22))
                time.sleep(0.01)
    with open({out!r}, "a") as f:
        f.write("".join(v + "\\n" for v in values))
"""


def test_poison_ends_in_its_queue_and_nothing_else_is_lost(tmp_path):
    out = tmp_path / "out"
    data = tmp_path / "data"
    server = Server(data)

    def connect(service):
        return boto3.client(service, endpoint_url=server.endpoint, region_name="us-east-1", aws_access_key_id="123456789012", aws_secret_access_key="test")

    kinesis, functions, sqs = connect("kinesis"), connect("lambda"), connect("sqs")
    create(functions, FAULTY.format(out=str(out)), Timeout=5)
    _, lost = queue(sqs, "lost")
    kinesis.create_stream(StreamName="s", ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName="s")
    functions.create_event_source_mapping(
        EventSourceArn="arn:aws:kinesis:us-east-1:123456789012:stream/s", FunctionName="f", StartingPosition="TRIM_HORIZON", BatchSize=4,
        BisectBatchOnFunctionError=True, MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": lost}},
    )
    values = [str(i) for i in range(40)]
    for at, poison in ((30, "leak"), (20, "hang"), (10, "crash")):
        values.insert(at, poison)
    numbers = {}
    for i, value in enumerate(values):
        numbers[kinesis.put_record(StreamName="s", Data=value.encode(), PartitionKey=str(i % 7))["SequenceNumber"]] = value
    eventually(lambda: out.exists() and len(out.read_text().split()) >= 5)
    server.kill()
    server = Server(data)
    sqs = connect("sqs")
    url = sqs.get_queue_url(QueueName="lost")["QueueUrl"]
    given_up = set()

    def all_there():
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            info = json.loads(message["Body"])["KinesisBatchInfo"]
            assert info["batchSize"] == 1
            given_up.add(numbers[info["startSequenceNumber"]])
        return given_up == {"leak", "hang", "crash"} and set(out.read_text().split()) == {str(i) for i in range(40)}

    try:
        eventually(all_there)
    finally:
        server.stop()
