"""What is told of events that were given up, and the words of what is refused, as AWS has them."""

import json
import re
import urllib.request

import boto3
import pytest
from botocore.exceptions import ClientError, HTTPClientError

from lambda_kit import create, eventually, invoke, role
from server import Server

RAISES = "def handler(e, c):\n    raise ValueError('no')\n"


@pytest.fixture
def functions(client):
    return client("lambda")


@pytest.fixture
def sqs(client):
    return client("sqs")


def queue(sqs, name="lost"):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def receive(sqs, url):
    answer = eventually(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2, MessageAttributeNames=["All"]).get("Messages"))
    return answer[0]


def refused(message, call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert re.fullmatch(message, caught.value.response["Error"]["Message"], re.S), caught.value
    return caught.value.response["Error"]["Code"]


# --- accepted events ---


def test_an_event_does_not_wait_for_a_retry_that_comes_too_late(functions, sqs, account):
    url, arn = queue(sqs)
    create(functions, RAISES)
    functions.put_function_event_invoke_config(
        FunctionName="f", MaximumRetryAttempts=2, MaximumEventAgeInSeconds=60, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    functions.invoke(FunctionName="f", InvocationType="Event", Payload=b'{"a": 1}')
    record = json.loads(receive(sqs, url)["Body"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("timestamp"))
    request = record["requestContext"].pop("requestId")
    assert record["responsePayload"].pop("stackTrace") and record["responsePayload"].pop("requestId") == request
    assert record == {
        "version": "1.0",
        "requestContext": {
            "functionArn": f"arn:aws:lambda:us-east-1:{account}:function:f:$LATEST",
            "condition": "EventAgeExceeded",
            "approximateInvokeCount": 1,
        },
        "requestPayload": {"a": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "no", "errorType": "ValueError"},
    }


def test_without_concurrency_events_are_given_up_at_once(functions, sqs, account):
    url, arn = queue(sqs)
    dead_url, dead = queue(sqs, "dead")
    create(functions, RAISES, DeadLetterConfig={"TargetArn": dead})
    functions.put_function_event_invoke_config(FunctionName="f", DestinationConfig={"OnFailure": {"Destination": arn}})
    functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    functions.invoke(FunctionName="f", InvocationType="Event", Payload=b'{"a": 1}')
    record = json.loads(receive(sqs, url)["Body"])
    assert record["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert record["requestPayload"] == {"a": 1} and "responseContext" not in record and "responsePayload" not in record
    message = receive(sqs, dead_url)
    assert message["Body"] == '{"a": 1}' and message["MessageAttributes"]["ErrorCode"]["StringValue"] == "429"


# --- records of streams ---


def test_a_record_that_the_function_named(functions, sqs, client, account):
    kinesis = client("kinesis")
    url, lost = queue(sqs)
    create(functions, "def handler(e, c):\n    return {'batchItemFailures': [{'itemIdentifier': e['Records'][0]['kinesis']['sequenceNumber']}]}\n")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="s")
    stream = f"arn:aws:kinesis:us-east-1:{account}:stream/s"
    number = kinesis.put_record(StreamName="s", Data=b"x", PartitionKey="k")["SequenceNumber"]
    functions.create_event_source_mapping(
        EventSourceArn=stream, FunctionName="f", StartingPosition="TRIM_HORIZON", MaximumRetryAttempts=1,
        FunctionResponseTypes=["ReportBatchItemFailures"], DestinationConfig={"OnFailure": {"Destination": lost}},
    )  # fmt: skip
    record = json.loads(receive(sqs, url)["Body"])
    info = record["KinesisBatchInfo"]
    for moment in (record.pop("timestamp"), info.pop("approximateArrivalOfFirstRecord"), info.pop("approximateArrivalOfLastRecord")):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment)
    record["requestContext"].pop("requestId")
    assert record == {
        "requestContext": {
            "functionArn": f"arn:aws:lambda:us-east-1:{account}:function:f",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 2,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": None},
        "version": "1.0",
        "KinesisBatchInfo": {
            "shardId": "shardId-000000000000",
            "startSequenceNumber": number,
            "endSequenceNumber": number,
            "batchSize": 1,
            "streamArn": stream,
        },
    }


def test_a_record_of_a_table(functions, sqs, client):
    dynamodb = client("dynamodb")
    url, lost = queue(sqs)
    create(functions, RAISES)
    stream = dynamodb.create_table(
        TableName="table", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )["TableDescription"]["LatestStreamArn"]  # fmt: skip
    dynamodb.get_waiter("table_exists").wait(TableName="table")
    functions.create_event_source_mapping(
        EventSourceArn=stream, FunctionName="f", StartingPosition="TRIM_HORIZON", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": lost}}
    )
    dynamodb.put_item(TableName="table", Item={"k": {"S": "a"}})
    record = json.loads(receive(sqs, url)["Body"])
    info = record["DDBStreamBatchInfo"]
    assert re.fullmatch(r"[\d-]{10}T[\d:]{8}Z", info["approximateArrivalOfFirstRecord"])
    assert info["streamArn"] == stream and info["batchSize"] == 1
    assert record["responseContext"]["functionError"] == "Unhandled"


def test_records_that_are_too_old(tmp_path):
    server = Server(tmp_path / "data", "--test-clock")
    client = lambda name: boto3.client(
        name, "us-east-1", endpoint_url=server.endpoint, aws_access_key_id="123456789012", aws_secret_access_key="test"
    )
    functions, kinesis, sqs = client("lambda"), client("kinesis"), client("sqs")
    try:
        url, lost = queue(sqs)
        create(functions, "def handler(e, c):\n    pass\n")
        kinesis.create_stream(StreamName="s", ShardCount=1)
        kinesis.get_waiter("stream_exists").wait(StreamName="s")
        kinesis.put_record(StreamName="s", Data=b"x", PartitionKey="k")
        urllib.request.urlopen(urllib.request.Request(server.endpoint + "/_cadabra/clock", b'{"advance_ms": 90000}', method="POST")).read()
        functions.create_event_source_mapping(
            EventSourceArn="arn:aws:kinesis:us-east-1:123456789012:stream/s", FunctionName="f", StartingPosition="TRIM_HORIZON",
            MaximumRecordAgeInSeconds=60, DestinationConfig={"OnFailure": {"Destination": lost}},
        )  # fmt: skip
        record = json.loads(receive(sqs, url)["Body"])
        assert record["requestContext"]["condition"] == "RecordAgeExceeded"
        assert record["requestContext"]["approximateInvokeCount"] == 1 and "responseContext" not in record
    finally:
        server.stop()


# --- concurrency ---


def test_what_is_provisioned_is_reserved_for_its_version(functions):
    create(functions, "import os\ndef handler(e, c):\n    return os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']\n", Publish=True)
    functions.put_provisioned_concurrency_config(FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=2)
    eventually(lambda: functions.get_provisioned_concurrency_config(FunctionName="f", Qualifier="1")["Status"] == "READY")
    refused(
        r" ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency \[2\]\.",
        functions.put_function_concurrency, FunctionName="f", ReservedConcurrentExecutions=1,
    )  # fmt: skip
    functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=2)
    assert refused("Rate Exceeded.", functions.invoke, FunctionName="f") == "TooManyRequestsException"
    assert invoke(functions, Qualifier="1") == ("provisioned-concurrency", None)
    refused(
        "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function",
        functions.put_provisioned_concurrency_config, FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=3,
    )  # fmt: skip
    refused("The function resource provided must be an alias or a published version.", functions.get_provisioned_concurrency_config, FunctionName="f", Qualifier="$LATEST")
    functions.delete_function_concurrency(FunctionName="f")
    assert invoke(functions) == ("on-demand", None)


# --- sizes ---


def test_packages_that_are_too_large(functions):
    create(functions, RAISES)
    code = refused("Zipped size must be smaller than 52428800 bytes", functions.update_function_code, FunctionName="f", ZipFile=b"x" * (50 * 1024 * 1024 + 1))
    assert code == "RequestEntityTooLargeException"
    # boto3 may meet the end of the connection before the answer: the rest of the body is not taken.
    with pytest.raises((ClientError, HTTPClientError)) as caught:
        functions.create_function(FunctionName="g", Role=role(functions), Code={"ZipFile": b"x" * (51 * 1024 * 1024)}, Handler="a.b", Runtime="python3.12")
    if isinstance(caught.value, ClientError):
        error = caught.value.response["Error"]
        assert error["Code"] == "RequestEntityTooLargeException"
        assert error["Message"] == "Request must be smaller than 70167211 bytes for the CreateFunction operation"


# --- words ---


def test_words_of_configurations(functions, account):
    create(functions, RAISES)
    own, none = (f"arn:aws:lambda:us-east-1:{account}:function:{name}" for name in "fx")
    put, get = functions.put_function_event_invoke_config, functions.get_function_event_invoke_config
    refused("The function doesn't exist.", put, FunctionName="x", MaximumRetryAttempts=1)
    refused("The function doesn't exist.", functions.update_function_event_invoke_config, FunctionName="x", MaximumRetryAttempts=1)
    refused("The function doesn't exist.", functions.list_function_event_invoke_configs, FunctionName="x")
    for name, arn in (("f", own), ("x", none)):
        refused(re.escape(f"The function {arn}:$LATEST doesn't have an EventInvokeConfig"), get, FunctionName=name)
    refused(re.escape(f"The destination ARN {none} is invalid."), put, FunctionName="f", DestinationConfig={"OnFailure": {"Destination": none}})
    wrong = f"arn:aws:iam:us-east-1:{account}:function:f"
    refused(
        re.escape(f"The provided destination config DestinationConfig(onSuccess=OnSuccess(destination={wrong}), onFailure=null) is invalid."),
        put, FunctionName="f", DestinationConfig={"OnSuccess": {"Destination": wrong}},
    )  # fmt: skip
    refused(re.escape(f"Function not found: {none}:$LATEST"), functions.put_function_concurrency, FunctionName="x", ReservedConcurrentExecutions=1)


def test_words_of_policies(functions, account):
    create(functions, RAISES)
    functions.publish_version(FunctionName="f")
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    none = f"arn:aws:lambda:us-east-1:{account}:function:x"
    refused("The resource you requested does not exist.", functions.get_policy, FunctionName="x")
    refused(f"No policy found for: {none}", functions.remove_permission, FunctionName="x", StatementId="s")
    refused(f"Cannot find alias arn: {none}:live", functions.remove_permission, FunctionName="x", StatementId="s", Qualifier="live")
    grant = {"FunctionName": "f", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", "RevisionId": "0" * 36}
    refused(".*Call the GetFunction/GetAlias API to retrieve the latest Revision Id", functions.add_permission, StatementId="s", **grant)
    refused(".*Call the GetPolicy API to retrieve the latest Revision Id", functions.add_permission, StatementId="s", Qualifier="live", **grant)


def test_words_of_urls(functions):
    create(functions, RAISES)
    for call in (functions.create_function_url_config, functions.update_function_url_config):
        for target in ({"FunctionName": "x"}, {"FunctionName": "f", "Qualifier": "none"}):
            refused("Function does not exist", call, AuthType="NONE", **target)
    refused("Function does not exist", functions.list_function_url_configs, FunctionName="x")
    refused("The resource you requested does not exist.", functions.update_function_url_config, FunctionName="f", AuthType="NONE")
    for call in (functions.get_function_url_config, functions.delete_function_url_config):
        for target in ({"FunctionName": "x"}, {"FunctionName": "f"}, {"FunctionName": "f", "Qualifier": "none"}):
            refused("The resource you requested does not exist.", call, **target)


def test_words_of_mappings_that_are_there(functions, sqs, client, account):
    create(functions, RAISES)
    _, arn = queue(sqs)
    kinesis = client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    stream = f"arn:aws:kinesis:us-east-1:{account}:stream/s"
    first = functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="f")["UUID"]
    words = f'An event source mapping with SQS arn (" {arn} ") and function (" f ") already exists. Please update or delete the existing mapping with UUID {first}'
    refused(re.escape(words), functions.create_event_source_mapping, EventSourceArn=arn, FunctionName="f")
    first = functions.create_event_source_mapping(EventSourceArn=stream, FunctionName="f", StartingPosition="LATEST")["UUID"]
    words = f'The event source arn (" {stream} ") and function (" f ") provided mapping already exists. Please update or delete the existing mapping with UUID {first}'
    refused(re.escape(words), functions.create_event_source_mapping, EventSourceArn=stream, FunctionName="f", StartingPosition="LATEST")


def test_parameters_that_the_source_has_not(functions, sqs, client, account):
    create(functions, RAISES)
    _, arn = queue(sqs)
    client("kinesis").create_stream(StreamName="s", ShardCount=1)
    stream = f"arn:aws:kinesis:us-east-1:{account}:stream/s"
    for parameter in ({"ParallelizationFactor": 2}, {"MaximumRetryAttempts": 2}, {"TumblingWindowInSeconds": 2}, {"BisectBatchOnFunctionError": True}):
        (name,) = parameter
        words = f"Unsupported {name} parameter for given event source mapping type."
        refused(re.escape(words), functions.create_event_source_mapping, EventSourceArn=arn, FunctionName="f", **parameter)
    words = "Unsupported ScalingConfig parameter for given event source mapping type."
    refused(
        re.escape(words), functions.create_event_source_mapping, EventSourceArn=stream, FunctionName="f", StartingPosition="LATEST", ScalingConfig={"MaximumConcurrency": 2}
    )
    sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})
    fifo = f"arn:aws:sqs:us-east-1:{account}:q.fifo"
    refused("Batching window is not supported for FIFO queues", functions.create_event_source_mapping, EventSourceArn=fifo, FunctionName="f", MaximumBatchingWindowInSeconds=1)
