"""CloudWatch Logs: subscription filters that deliver, metric filters as they are kept."""

import base64
import gzip
import json
import time

import boto3
import pytest
from botocore.exceptions import ClientError

from lambda_kit import create, eventually
from server import Server

RECORDER = "import json\ndef handler(e, c):\n    open({out!r}, 'a').write(json.dumps(e) + '\\n')\n"


@pytest.fixture
def logs(client):
    return client("logs")


@pytest.fixture
def group(logs):
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    return "g"


def write(logs, *messages):
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[{"timestamp": int(time.time() * 1000), "message": m} for m in messages])


def fails(code, call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    return caught.value.response["Error"]["Message"]


def read(path):
    if not path.exists():
        return []
    return [json.loads(gzip.decompress(base64.b64decode(json.loads(line)["awslogs"]["data"]))) for line in path.read_text().splitlines()]


def test_events_reach_a_function(logs, group, client, account, tmp_path):
    out = tmp_path / "out"
    functions = client("lambda")
    create(functions, RECORDER.format(out=str(out)))
    arn = f"arn:aws:lambda:us-east-1:{account}:function:f"
    put = dict(logGroupName="g", filterName="mine", filterPattern="ERROR", destinationArn=arn)
    assert "Could not execute the lambda function" in fails("InvalidParameterException", logs.put_subscription_filter, **put)
    functions.add_permission(FunctionName="f", StatementId="logs", Action="lambda:InvokeFunction", Principal="logs.amazonaws.com", SourceArn=f"arn:aws:logs:us-east-1:{account}:log-group:g:*")
    logs.put_subscription_filter(**put)
    write(logs, "ERROR one", "fine", "ERROR two")
    write(logs, "fine again")
    write(logs, "ERROR three")
    eventually(lambda: len(read(out)) >= 2)
    # Functions are run side by side, so they may come in any order.
    first, second = sorted(read(out), key=lambda d: len(d["logEvents"]), reverse=True)
    assert {k: first[k] for k in ("messageType", "owner", "logGroup", "logStream", "subscriptionFilters")} == {
        "messageType": "DATA_MESSAGE", "owner": account, "logGroup": "g", "logStream": "s", "subscriptionFilters": ["mine"],
    }
    assert [e["message"] for e in first["logEvents"]] == ["ERROR one", "ERROR two"]
    assert [e["message"] for e in second["logEvents"]] == ["ERROR three"]
    assert len(first["logEvents"][0]["id"]) == 56 and first["logEvents"][0]["timestamp"] > 0


def test_events_reach_a_stream(logs, group, client, account):
    kinesis = client("kinesis")
    kinesis.create_stream(StreamName="k", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="k")
    put = dict(logGroupName="g", filterName="f", filterPattern="", destinationArn=f"arn:aws:kinesis:us-east-1:{account}:stream/k")
    assert "roleArn" in fails("InvalidParameterException", logs.put_subscription_filter, **put)
    logs.put_subscription_filter(**put, roleArn="arn:aws:iam::123456789012:role/r")
    write(logs, "hello")
    at = kinesis.get_shard_iterator(StreamName="k", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    records = eventually(lambda: (lambda r: r if len(r) == 2 else None)(kinesis.get_records(ShardIterator=at)["Records"]))
    test, data = (json.loads(gzip.decompress(r["Data"])) for r in records)
    assert test["messageType"] == "CONTROL_MESSAGE" and test["owner"] == "CloudwatchLogs"
    assert [e["message"] for e in data["logEvents"]] == ["hello"]
    assert records[1]["PartitionKey"] == "s"


def test_what_a_function_prints_goes_on(logs, client, account, tmp_path):
    out = tmp_path / "out"
    functions = client("lambda")
    create(functions, RECORDER.format(out=str(out)))
    create(functions, "def handler(e, c):\n    print('needle', e['n'])\n", name="talks")
    functions.add_permission(FunctionName="f", StatementId="logs", Action="lambda:InvokeFunction", Principal="logs.us-east-1.amazonaws.com")
    logs.create_log_group(logGroupName="/aws/lambda/talks")
    logs.put_subscription_filter(logGroupName="/aws/lambda/talks", filterName="x", filterPattern="needle", destinationArn=f"arn:aws:lambda:us-east-1:{account}:function:f")
    functions.invoke(FunctionName="talks", Payload=b'{"n": 7}')
    eventually(lambda: read(out))
    assert read(out)[0]["logEvents"][0]["message"].strip() == "needle 7"


def test_filters_are_described_changed_and_deleted(logs, group, client, account):
    functions = client("lambda")
    create(functions, "def handler(e, c):\n    return 1\n")
    functions.add_permission(FunctionName="f", StatementId="logs", Action="lambda:InvokeFunction", Principal="logs.amazonaws.com")
    arn = f"arn:aws:lambda:us-east-1:{account}:function:f"
    for name in ("a", "b"):
        logs.put_subscription_filter(logGroupName="g", filterName=name, filterPattern="x", destinationArn=arn)
    fails("LimitExceededException", logs.put_subscription_filter, logGroupName="g", filterName="c", filterPattern="x", destinationArn=arn)
    logs.put_subscription_filter(logGroupName="g", filterName="a", filterPattern="y", destinationArn=arn)
    got = logs.describe_subscription_filters(logGroupName="g")["subscriptionFilters"]
    assert [(f["filterName"], f["filterPattern"], f["distribution"]) for f in got] == [("a", "y", "ByLogStream"), ("b", "x", "ByLogStream")]
    page = logs.describe_subscription_filters(logGroupName="g", limit=1)
    assert logs.describe_subscription_filters(logGroupName="g", nextToken=page["nextToken"])["subscriptionFilters"][0]["filterName"] == "b"
    assert [f["filterName"] for f in logs.describe_subscription_filters(logGroupName="g", filterNamePrefix="b")["subscriptionFilters"]] == ["b"]
    logs.delete_subscription_filter(logGroupName="g", filterName="a")
    fails("ResourceNotFoundException", logs.delete_subscription_filter, logGroupName="g", filterName="a")
    fails("ResourceNotFoundException", logs.describe_subscription_filters, logGroupName="none")
    fails("InvalidParameterException", logs.put_subscription_filter, logGroupName="g", filterName="b", filterPattern="{ $.a = ", destinationArn=arn)
    fails("InvalidParameterException", logs.put_subscription_filter, logGroupName="g", filterName="b", filterPattern="", destinationArn=arn + "x")
    logs.delete_log_group(logGroupName="g")
    logs.create_log_group(logGroupName="g")
    assert logs.describe_subscription_filters(logGroupName="g")["subscriptionFilters"] == []


def test_metric_filters(logs, group):
    change = [{"metricName": "m", "metricNamespace": "n", "metricValue": "1", "defaultValue": 0.5, "unit": "Count"}]
    logs.put_metric_filter(logGroupName="g", filterName="a", filterPattern="ERROR", metricTransformations=change)
    got = logs.describe_metric_filters(logGroupName="g")["metricFilters"]
    assert [(f["filterName"], f["filterPattern"], f["logGroupName"], f["metricTransformations"]) for f in got] == [("a", "ERROR", "g", change)]
    assert logs.describe_metric_filters(metricName="m", metricNamespace="n")["metricFilters"][0]["filterName"] == "a"
    assert logs.describe_metric_filters(metricName="o", metricNamespace="n")["metricFilters"] == []
    dimensions = [{"metricName": "m", "metricNamespace": "n", "metricValue": "$.v", "dimensions": {"d": "$.d"}}]
    logs.put_metric_filter(logGroupName="g", filterName="a", filterPattern="{ $.v > 1 }", metricTransformations=dimensions)
    assert logs.describe_metric_filters(filterNamePrefix="a")["metricFilters"][0]["metricTransformations"] == dimensions
    fails("InvalidParameterException", logs.put_metric_filter, logGroupName="g", filterName="b", filterPattern="{ $.a = ", metricTransformations=change)
    logs.delete_metric_filter(logGroupName="g", filterName="a")
    fails("ResourceNotFoundException", logs.delete_metric_filter, logGroupName="g", filterName="a")


def test_events_outlive_a_kill(tmp_path):
    out = tmp_path / "out"
    data = tmp_path / "data"
    server = Server(data)

    def connect(service):
        return boto3.client(service, endpoint_url=server.endpoint, region_name="us-east-1", aws_access_key_id="123456789012", aws_secret_access_key="test")

    logs, functions = connect("logs"), connect("lambda")
    create(functions, RECORDER.format(out=str(out)))
    functions.add_permission(FunctionName="f", StatementId="logs", Action="lambda:InvokeFunction", Principal="logs.amazonaws.com")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    logs.put_subscription_filter(logGroupName="g", filterName="x", filterPattern="", destinationArn="arn:aws:lambda:us-east-1:123456789012:function:f")
    for i in range(30):
        write(logs, str(i))
    server.kill()
    server = Server(data)
    try:
        eventually(lambda: {e["message"] for d in read(out) for e in d["logEvents"]} == {str(i) for i in range(30)})
    finally:
        server.stop()
