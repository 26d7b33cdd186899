"""Lambda: event source mappings, from Kinesis to functions."""

import base64
import datetime
import json
import time

import pytest
from botocore.exceptions import ClientError

from lambda_kit import create, eventually, role

# Appends one line per batch: the events' data, and whatever else the test looks at.
RECORDER = """
import base64, json
def handler(event, context):
    data = [base64.b64decode(r["kinesis"]["data"]).decode() for r in event["Records"]]
    with open({out!r}, "a") as f:
        f.write(json.dumps({{"data": data, "event": event}}) + "\\n")
    {more}
"""


@pytest.fixture
def functions(client):
    return client("lambda")


@pytest.fixture
def kinesis(client):
    return client("kinesis")


@pytest.fixture
def recorder(functions, tmp_path):
    """Makes the function f; batches() are those it has got so far."""
    out = tmp_path / "batches"

    def make(more="return None", **settings):
        create(functions, RECORDER.format(out=str(out), more=more), Timeout=100, **settings)

        def batches():
            return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []

        return batches

    return make


def stream(kinesis, name="s", shards=1):
    kinesis.create_stream(StreamName=name, ShardCount=shards)
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


def put(kinesis, values, key=lambda v: "k", name="s"):
    for at in range(0, len(values), 500):
        answer = kinesis.put_records(
            StreamName=name,
            Records=[{"Data": str(v).encode(), "PartitionKey": key(v)} for v in values[at : at + 500]],
        )
        assert answer["FailedRecordCount"] == 0


def flat(batches):
    return [int(v) for batch in batches for v in batch["data"]]


def test_records_arrive_in_order_as_aws_describes_them(functions, kinesis, recorder, account):
    batches = recorder()
    arn = stream(kinesis)
    put(kinesis, range(5))
    made = functions.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="f", StartingPosition="TRIM_HORIZON", BatchSize=3
    )
    assert made["State"] == "Creating" and made["ResponseMetadata"]["HTTPStatusCode"] == 202
    eventually(lambda: len(flat(batches())) == 5)
    put(kinesis, range(5, 8))
    eventually(lambda: len(flat(batches())) == 8)
    assert flat(batches()) == list(range(8))
    assert all(len(b["data"]) <= 3 for b in batches())
    record = batches()[0]["event"]["Records"][0]
    sequence = record["kinesis"]["sequenceNumber"]
    arrival = record["kinesis"].pop("approximateArrivalTimestamp")
    assert abs(arrival - time.time()) < 600 and isinstance(arrival, float)
    assert record == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "k",
            "sequenceNumber": sequence,
            "data": base64.b64encode(b"0").decode(),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": role(functions),
        "awsRegion": "us-east-1",
        "eventSourceARN": arn,
    }
    eventually(
        lambda: functions.get_event_source_mapping(UUID=made["UUID"])["LastProcessingResult"] == "OK"
    )


def test_latest_leaves_out_what_was_there(functions, kinesis, recorder):
    batches = recorder()
    arn = stream(kinesis)
    put(kinesis, range(5))
    time.sleep(0.05)
    functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="f", StartingPosition="LATEST")
    put(kinesis, range(5, 8))
    eventually(lambda: len(flat(batches())) == 3)
    time.sleep(0.3)
    assert flat(batches()) == [5, 6, 7]


def test_at_timestamp(functions, kinesis, recorder):
    batches = recorder()
    arn = stream(kinesis)
    put(kinesis, range(3))
    time.sleep(1.1)
    at = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    time.sleep(0.1)
    put(kinesis, range(3, 6))
    functions.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="f", StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=at
    )
    eventually(lambda: flat(batches()) == [3, 4, 5])


def test_many_records_in_many_shards(functions, kinesis, recorder):
    batches = recorder(MemorySize=512)
    arn = stream(kinesis, shards=4)
    functions.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="f", StartingPosition="TRIM_HORIZON", BatchSize=500, ParallelizationFactor=3
    )
    values = list(range(20000))
    put(kinesis, values, key=lambda v: f"key{v % 97}")
    eventually(lambda: len(flat(batches())) >= len(values))
    got = flat(batches())
    assert sorted(got) == values
    for key in range(97):
        assert [v for v in got if v % 97 == key] == [v for v in values if v % 97 == key]


def test_a_window_gathers_records(functions, kinesis, recorder):
    batches = recorder()
    arn = stream(kinesis)
    functions.create_event_source_mapping(
        EventSourceArn=arn,
        FunctionName="f",
        StartingPosition="TRIM_HORIZON",
        BatchSize=100,
        MaximumBatchingWindowInSeconds=10,
    )
    for i in range(5):
        put(kinesis, [i])
    assert batches() == []
    eventually(lambda: len(flat(batches())) == 5)
    assert len(batches()) == 1


def test_bisect_finds_the_poison(functions, kinesis, recorder):
    batches = recorder(more="assert '13' not in data")
    arn = stream(kinesis)
    put(kinesis, range(20))
    made = functions.create_event_source_mapping(
        EventSourceArn=arn,
        FunctionName="f",
        StartingPosition="TRIM_HORIZON",
        BatchSize=20,
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
    )
    put(kinesis, [100])
    eventually(lambda: 100 in flat(batches()))
    delivered = [b["data"] for b in batches() if "13" not in b["data"]]
    assert [int(v) for b in delivered for v in b] == [v for v in range(20) if v != 13] + [100]
    assert [b["data"] for b in batches()].count(["13"]) == 2
    eventually(lambda: functions.get_event_source_mapping(UUID=made["UUID"])["LastProcessingResult"] == "OK")


def test_a_failing_batch_is_tried_again_in_order(functions, kinesis, recorder, tmp_path):
    flag = tmp_path / "fail"
    flag.write_text("")
    batches = recorder(more=f"import os\n    assert not os.path.exists({str(flag)!r})")
    arn = stream(kinesis)
    put(kinesis, range(3))
    made = functions.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="f", StartingPosition="TRIM_HORIZON", BatchSize=2
    )
    eventually(lambda: len(batches()) >= 3)
    assert all(b["data"] == ["0", "1"] for b in batches())
    assert (
        functions.get_event_source_mapping(UUID=made["UUID"])["LastProcessingResult"] == "PROBLEM: Function call failed"
    )
    flag.unlink()
    eventually(lambda: batches()[-1]["data"] == ["2"])


def test_records_that_are_too_old_are_skipped(functions, kinesis, recorder):
    batches = recorder()
    arn = stream(kinesis)
    put(kinesis, [1])
    functions.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="f", StartingPosition="TRIM_HORIZON", MaximumRecordAgeInSeconds=60
    )
    eventually(lambda: flat(batches()) == [1])


def test_disable_enable_update_delete(functions, kinesis, recorder):
    batches = recorder()
    arn = stream(kinesis)
    made = functions.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="f", StartingPosition="TRIM_HORIZON", Enabled=False
    )
    uuid = made["UUID"]
    put(kinesis, [1, 2])
    time.sleep(0.3)
    assert batches() == [] and made["State"] == "Disabled"
    assert functions.update_event_source_mapping(UUID=uuid, Enabled=True, BatchSize=1)["State"] == "Enabling"
    eventually(lambda: len(batches()) == 2)
    assert functions.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    assert functions.get_event_source_mapping(UUID=uuid)["State"] == "Disabled"
    time.sleep(0.3)
    put(kinesis, [3])
    time.sleep(0.3)
    assert len(batches()) == 2
    functions.update_event_source_mapping(UUID=uuid, Enabled=True)
    eventually(lambda: flat(batches()) == [1, 2, 3])
    assert functions.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    put(kinesis, [4])
    time.sleep(0.3)
    assert flat(batches()) == [1, 2, 3]
    with pytest.raises(ClientError) as caught:
        functions.get_event_source_mapping(UUID=uuid)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_mappings_are_described_and_listed(functions, kinesis, recorder, account):
    recorder()
    one, two = stream(kinesis, "one"), stream(kinesis, "two")
    for arn in (one, two):
        functions.create_event_source_mapping(
            EventSourceArn=arn, FunctionName="f", StartingPosition="LATEST", Tags={"x": arn[-3:]}
        )
    mappings = functions.list_event_source_mappings()["EventSourceMappings"]
    assert {m["EventSourceArn"] for m in mappings} == {one, two}
    only = functions.list_event_source_mappings(EventSourceArn=one, FunctionName="f")["EventSourceMappings"]
    assert len(only) == 1
    shown = only[0]
    assert shown["FunctionArn"] == f"arn:aws:lambda:us-east-1:{account}:function:f"
    assert shown["State"] == "Enabled"
    assert (shown["BatchSize"], shown["MaximumBatchingWindowInSeconds"], shown["ParallelizationFactor"]) == (100, 0, 1)
    assert (shown["MaximumRetryAttempts"], shown["MaximumRecordAgeInSeconds"]) == (-1, -1)
    assert shown["BisectBatchOnFunctionError"] is False
    assert functions.list_tags(Resource=shown["EventSourceMappingArn"])["Tags"] == {"x": "one"}
    pages = functions.get_paginator("list_event_source_mappings").paginate(PaginationConfig={"PageSize": 1})
    assert [len(p["EventSourceMappings"]) for p in pages] == [1, 1]
    assert functions.list_event_source_mappings(FunctionName="g")["EventSourceMappings"] == []


def test_bad_mappings(functions, kinesis, recorder):
    recorder()
    arn = stream(kinesis)

    def bad(code, **changed):
        good = dict(EventSourceArn=arn, FunctionName="f", StartingPosition="LATEST")
        with pytest.raises(ClientError) as caught:
            functions.create_event_source_mapping(**{**good, **changed})
        error = caught.value.response["Error"]
        assert error["Code"] == code, error
        return error["Message"]

    assert "Function does not exist" in bad("InvalidParameterValueException", FunctionName="g")
    assert "Cannot access stream" in bad(
        "InvalidParameterValueException", EventSourceArn="arn:aws:kinesis:us-east-1:999999999999:stream/s"
    )
    assert "Stream not found" in bad("InvalidParameterValueException", EventSourceArn=arn + "x")
    bad("InvalidParameterValueException", StartingPosition="AT_TIMESTAMP")
    bad("InvalidParameterValueException", MaximumRecordAgeInSeconds=5)
    assert bad("InvalidParameterValueException", FilterCriteria={"Filters": [{"Pattern": '{"data": "x"}'}]}) == "Invalid filter pattern definition."
    bad("InvalidParameterValueException", TumblingWindowInSeconds=5, ParallelizationFactor=2)
    bad("InvalidParameterValueException", ScalingConfig={"MaximumConcurrency": 5})
    bad("InvalidParameterValueException", DestinationConfig={"OnFailure": {"Destination": "arn:aws:kinesis:us-east-1:123456789012:stream/s"}})
    assert "SQS Error Code" in bad("InvalidParameterValueException", EventSourceArn=arn.replace(":kinesis:", ":sqs:").replace("stream/s", "q"))
    functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="f", StartingPosition="LATEST")
    assert "already exists" in bad("ResourceConflictException")


def mapped(functions, arn, **more):
    return functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="f", StartingPosition="TRIM_HORIZON", **more)["UUID"]


def test_filters(functions, kinesis, recorder):
    batches = recorder()
    arn = stream(kinesis)
    filters = {"Filters": [{"Pattern": json.dumps({"data": {"n": [{"numeric": [">", 7]}]}})}, {"Pattern": json.dumps({"partitionKey": ["special"]})}]}
    uuid = mapped(functions, arn, FilterCriteria=filters)
    for n in range(10):
        kinesis.put_record(StreamName="s", Data=json.dumps({"n": n}), PartitionKey="k")
    kinesis.put_record(StreamName="s", Data="no JSON", PartitionKey="special")
    kinesis.put_record(StreamName="s", Data="no JSON", PartitionKey="other")
    kinesis.put_record(StreamName="s", Data='{"n": 99}', PartitionKey="k")
    eventually(lambda: '{"n": 99}' in [v for b in batches() for v in b["data"]])
    assert [v for b in batches() for v in b["data"]] == ['{"n": 8}', '{"n": 9}', "no JSON", '{"n": 99}']
    assert functions.get_event_source_mapping(UUID=uuid)["FilterCriteria"] == filters
    functions.update_event_source_mapping(UUID=uuid, FilterCriteria={"Filters": []})
    assert "FilterCriteria" not in functions.get_event_source_mapping(UUID=uuid)


def test_what_failed_of_a_batch_is_tried_again_from_there(functions, kinesis, recorder, tmp_path):
    again = tmp_path / "again"
    batches = recorder(
        more=f"""
    import os
    if not os.path.exists({str(again)!r}):
        open({str(again)!r}, "w").close()
        return {{"batchItemFailures": [{{"itemIdentifier": event["Records"][i]["kinesis"]["sequenceNumber"]}} for i in (4, 2)]}}
    return {{"batchItemFailures": []}}
"""
    )
    arn = stream(kinesis)
    put(kinesis, range(6))
    mapped(functions, arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    eventually(lambda: len(batches()) >= 2)
    assert [b["data"] for b in batches()] == [list("012345"), list("2345")]


@pytest.mark.parametrize("answer", ["{'batchItemFailures': [{'itemIdentifier': ''}]}", "{'batchItemFailures': [{'itemIdentifier': 'none'}]}", "{'batchItemFailures': 'x'}"])
def test_answers_that_make_no_sense_fail_the_batch(functions, kinesis, recorder, answer):
    batches = recorder(more=f"return {answer}")
    arn = stream(kinesis)
    put(kinesis, range(3))
    mapped(functions, arn, FunctionResponseTypes=["ReportBatchItemFailures"], MaximumRetryAttempts=1)
    eventually(lambda: len(batches()) >= 2)
    assert [b["data"] for b in batches()] == [list("012")] * 2


def test_what_is_given_up_goes_to_its_destination(functions, kinesis, client, recorder, account):
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="lost")["QueueUrl"]
    recorder(more="raise ValueError")
    arn = stream(kinesis)
    queue = f"arn:aws:sqs:us-east-1:{account}:lost"
    uuid = mapped(functions, arn, MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": queue}})
    assert functions.get_event_source_mapping(UUID=uuid)["DestinationConfig"] == {"OnFailure": {"Destination": queue}}
    put(kinesis, range(3))
    messages = eventually(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2).get("Messages"))
    record = json.loads(messages[0]["Body"])
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["requestContext"]["functionArn"] == f"arn:aws:lambda:us-east-1:{account}:function:f"
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    info = record["KinesisBatchInfo"]
    assert (info["shardId"], info["batchSize"], info["streamArn"]) == ("shardId-000000000000", 3, arn)
    assert int(info["startSequenceNumber"]) < int(info["endSequenceNumber"])
    assert record["version"] == "1.0"


def test_tumbling_windows(functions, kinesis, recorder):
    batches = recorder(
        more="""
    state = event["state"]
    state["n"] = state.get("n", 0) + len(data)
    return {"state": state}
"""
    )
    arn = stream(kinesis)
    mapped(functions, arn, TumblingWindowInSeconds=3, BatchSize=2)
    put(kinesis, range(5))
    ends = eventually(lambda: [b["event"] for b in batches() if b["event"]["isFinalInvokeForWindow"]])
    events = [b["event"] for b in batches()]
    # The records may lie on both sides of a window's border.
    eventually(lambda: sum(e["event"]["state"]["n"] for e in batches() if e["event"]["isFinalInvokeForWindow"]) == 5)
    assert flat(batches()) == list(range(5))
    assert ends[0]["Records"] == []
    assert events[0]["state"] == {}
    start, end = (datetime.datetime.fromisoformat(events[0]["window"][k].replace("Z", "+00:00")) for k in ("start", "end"))
    assert (end - start).total_seconds() == 3 and start.timestamp() % 3 == 0
    assert events[0]["shardId"] == "shardId-000000000000" and events[0]["eventSourceARN"] == arn
    assert events[0]["isWindowTerminatedEarly"] is False


def test_an_alias_as_target(functions, kinesis, recorder, account):
    batches = recorder(Publish=True)
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    arn = stream(kinesis)
    made = functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="f:live", StartingPosition="TRIM_HORIZON")
    assert made["FunctionArn"] == f"arn:aws:lambda:us-east-1:{account}:function:f:live"
    put(kinesis, [1])
    eventually(batches)
    assert [m["UUID"] for m in functions.list_event_source_mappings(FunctionName="f:live")["EventSourceMappings"]] == [made["UUID"]]
    assert functions.list_event_source_mappings(FunctionName="f")["EventSourceMappings"] == []


def test_resharding_keeps_the_order_of_each_key(functions, kinesis, recorder):
    """Parents are read to their end before their children, while both are written to."""
    batches = recorder()
    arn = stream(kinesis, shards=2)
    functions.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="f", StartingPosition="TRIM_HORIZON", BatchSize=50)
    keys, each = 8, 30
    for step, target in enumerate((4, 3, 6)):
        put(kinesis, range(step * keys * each, (step + 1) * keys * each), key=lambda v: f"key-{v % keys}")
        kinesis.update_shard_count(StreamName="s", TargetShardCount=target, ScalingType="UNIFORM_SCALING")
    last = 3 * keys * each
    put(kinesis, range(last, last + keys), key=lambda v: f"key-{v % keys}")
    eventually(lambda: len(flat(batches())) >= last + keys)
    values = flat(batches())
    assert sorted(values) == list(range(last + keys))
    for key in range(keys):
        mine = [v for v in values if v % keys == key]
        assert mine == sorted(mine)


def test_a_consumer_as_source(functions, kinesis, recorder):
    batches = recorder()
    arn = stream(kinesis)
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    functions.create_event_source_mapping(EventSourceArn=consumer, FunctionName="f", StartingPosition="TRIM_HORIZON")
    put(kinesis, range(5))
    eventually(lambda: flat(batches()) == list(range(5)))
    with pytest.raises(ClientError):
        functions.create_event_source_mapping(
            EventSourceArn=consumer.replace("consumer/c", "consumer/d"), FunctionName="f", StartingPosition="LATEST")
