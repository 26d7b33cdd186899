"""CloudWatch: metrics, their statistics, alarms that tell topics and functions, dashboards, tags; in all its protocols."""

import concurrent.futures
import copy
import datetime
import json
import time

import botocore.config
import botocore.exceptions
import pytest
from sns_kit import receive

PROTOCOLS = ["smithy-rpc-v2-cbor", "json", "query"]
NOW = None  # of each test its own
MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def now():
    global NOW
    NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


@pytest.fixture(params=PROTOCOLS)
def cloudwatch(request, session, endpoint):
    """botocore speaks the first protocol of its model: this one is told that there is one alone."""
    loader = session._session.get_component("data_loader")
    load = loader.load_service_model

    def with_protocol(service, type_name, *version, **keywords):
        model = load(service, type_name, *version, **keywords)
        if service == "cloudwatch" and type_name == "service-2":
            model = copy.deepcopy(model)
            model["metadata"]["protocols"] = [request.param]
        return model

    loader.load_service_model = with_protocol
    return session.client(
        "cloudwatch", endpoint_url=endpoint, config=botocore.config.Config(retries={"max_attempts": 0})
    )


@pytest.fixture
def cw(client):
    return client("cloudwatch")


def refused(call, **keywords):
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call(**keywords)
    answer = raised.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"].get("Message")


def eventually(check, seconds=240):
    end = time.monotonic() + seconds
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def put(cw, name="latency", namespace="shop", **datum):
    cw.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": name, **datum}])


def statistics(cw, name="latency", namespace="shop", period=60, start=None, end=None, **more):
    start, end = start or NOW - 10 * MINUTE, end or NOW + 10 * MINUTE
    wanted = dict(Statistics=["SampleCount", "Average", "Sum", "Minimum", "Maximum"]) if "ExtendedStatistics" not in more else {}
    answer = cw.get_metric_statistics(
        Namespace=namespace, MetricName=name, StartTime=start, EndTime=end, Period=period, **wanted, **more
    )
    return sorted(answer["Datapoints"], key=lambda d: d["Timestamp"])


def test_statistics_of_values_lists_and_sets(cloudwatch):
    put(cloudwatch, Value=1.5, Unit="Seconds", Timestamp=NOW)
    put(cloudwatch, Values=[2.0, 4.0], Counts=[3.0, 1.0], Unit="Seconds", Timestamp=NOW)
    put(
        cloudwatch,
        StatisticValues={"SampleCount": 2, "Sum": 10, "Minimum": 0.5, "Maximum": 9.5},
        Unit="Seconds",
        Timestamp=NOW,
    )
    (point,) = statistics(cloudwatch)
    assert point == {
        "Timestamp": NOW.replace(second=0),
        "SampleCount": 7.0,
        "Average": pytest.approx(21.5 / 7),
        "Sum": 21.5,
        "Minimum": 0.5,
        "Maximum": 9.5,
        "Unit": "Seconds",
    }
    assert statistics(cloudwatch, Unit="Count") == []
    assert statistics(cloudwatch, name="other") == []


def test_periods_begin_with_the_start(cw):
    start = (NOW - 30 * MINUTE).replace(second=0)
    for minute in range(6):
        put(cw, Value=minute, Timestamp=start + minute * MINUTE)
    points = statistics(cw, period=120, start=start + MINUTE, end=start + 6 * MINUTE)
    assert [(p["Timestamp"], p["Sum"]) for p in points] == [
        (start + MINUTE, 3.0),
        (start + 3 * MINUTE, 7.0),
        (start + 5 * MINUTE, 5.0),
    ]


def test_high_resolution(cw):
    second = NOW - datetime.timedelta(seconds=90)
    for n in range(3):
        put(cw, Value=n, Timestamp=second + datetime.timedelta(seconds=n), StorageResolution=1)
    points = statistics(cw, period=1, start=second, end=second + datetime.timedelta(seconds=3))
    assert [p["Sum"] for p in points] == [0.0, 1.0, 2.0]


def test_percentiles(cw):
    put(cw, Values=[float(n) for n in range(1, 102)], Timestamp=NOW)
    (point,) = statistics(cw, ExtendedStatistics=["p50", "p99", "p100", "p0.0"])
    assert point["ExtendedStatistics"] == {"p50": 51.0, "p99": 100.0, "p100": 101.0, "p0.0": 1.0}
    put(cw, name="sets", StatisticValues={"SampleCount": 2, "Sum": 10, "Minimum": 0.5, "Maximum": 9.5}, Timestamp=NOW)
    assert statistics(cw, name="sets", ExtendedStatistics=["p50"])[0].get("ExtendedStatistics", {}) == {}


def test_put_is_checked(cloudwatch):
    value = dict(MetricName="m", Timestamp=NOW)

    def put_refused(namespace="shop", **datum):
        return refused(cloudwatch.put_metric_data, Namespace=namespace, MetricData=[{**value, **datum}])

    assert put_refused(Value=1, Values=[1.0]) == (
        "InvalidParameterCombination",
        400,
        "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have specified both.",
    )
    assert put_refused(Values=[1.0, 2.0], Counts=[1.0]) == (
        "InvalidParameterValue",
        400,
        "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size.",
    )
    assert put_refused(Value=1, namespace="AWS/Lambda") == (
        "InvalidParameterValue",
        400,
        "The value AWS/Lambda for parameter Namespace is invalid.",
    )
    assert put_refused(Value=float("nan"))[2] == "The value NaN for parameter MetricData.member.1.Value is invalid."
    assert put_refused()[0] == "MissingParameter"
    assert put_refused(Value=1, Timestamp=NOW - datetime.timedelta(days=15))[0] == "InvalidParameterValue"
    assert put_refused(Value=1, Timestamp=NOW + datetime.timedelta(hours=3))[0] == "InvalidParameterValue"
    assert put_refused(Value=1, StorageResolution=5)[0] == "InvalidParameterValue"
    assert cloudwatch.list_metrics()["Metrics"] == []


def test_statistics_are_checked(cloudwatch):
    def ask(**change):
        call = dict(Namespace="n", MetricName="m", StartTime=NOW - MINUTE, EndTime=NOW, Period=60, Statistics=["Sum"])
        return refused(cloudwatch.get_metric_statistics, **{**call, **change})

    assert ask(StartTime=NOW - datetime.timedelta(days=1), Period=1) == (
        "InvalidParameterCombination",
        400,
        "You have requested up to 86400 datapoints, which exceeds the limit of 1440. You may reduce the datapoints "
        "requested by increasing Period, or decreasing the time range.",
    )
    assert ask(StartTime=NOW, EndTime=NOW - MINUTE) == (
        "InvalidParameterValue",
        400,
        "The parameter StartTime must be less than the parameter EndTime.",
    )
    assert ask(Period=45)[0] == "InvalidParameterValue"


def test_list_metrics(cw):
    for size in ("S", "M"):
        put(cw, Value=1, Dimensions=[{"Name": "size", "Value": size}, {"Name": "color", "Value": "red"}], Timestamp=NOW)
    put(cw, Value=1)
    put(cw, name="orders", namespace="other", Value=1)
    names = lambda **filters: len(cw.list_metrics(**filters)["Metrics"])
    assert (names(), names(Namespace="shop"), names(MetricName="orders")) == (4, 3, 1)
    assert names(Dimensions=[{"Name": "size"}]) == 2
    assert names(Dimensions=[{"Name": "size", "Value": "S"}, {"Name": "color"}]) == 1
    assert names(RecentlyActive="PT3H") == 4
    found = cw.list_metrics(Dimensions=[{"Name": "size", "Value": "M"}])["Metrics"]
    assert found == [
        {
            "Namespace": "shop",
            "MetricName": "latency",
            "Dimensions": [{"Name": "color", "Value": "red"}, {"Name": "size", "Value": "M"}],
        }
    ]
    # The order of dimensions does not matter.
    put(cw, Value=2, Dimensions=[{"Name": "color", "Value": "red"}, {"Name": "size", "Value": "M"}], Timestamp=NOW)
    (point,) = statistics(cw, Dimensions=[{"Name": "size", "Value": "M"}, {"Name": "color", "Value": "red"}])
    assert point["Sum"] == 3.0


def test_list_metrics_pages(cw):
    cw.put_metric_data(Namespace="many", MetricData=[{"MetricName": f"m{n:04}", "Value": 1} for n in range(1000)])
    put(cw, namespace="many", name="last", Value=1)
    pages = list(cw.get_paginator("list_metrics").paginate(Namespace="many"))
    assert [len(page["Metrics"]) for page in pages] == [500, 500, 1]
    assert len({m["MetricName"] for page in pages for m in page["Metrics"]}) == 1001
    assert refused(cw.list_metrics, NextToken="nonsense")[0] == "InvalidParameterValue"


def query(id, name="latency", stat="Sum", period=60, unit=None, **more):
    metric = {"Metric": {"Namespace": "shop", "MetricName": name}, "Period": period, "Stat": stat}
    return {"Id": id, "MetricStat": {**metric, **({"Unit": unit} if unit else {})}, **more}


def test_metric_data(cloudwatch):
    start = (NOW - 30 * MINUTE).replace(second=0)
    for minute in range(4):
        put(cloudwatch, Value=minute + 1, Timestamp=start + minute * MINUTE)
    put(cloudwatch, name="orders", Value=7, Timestamp=start)
    span = dict(StartTime=start, EndTime=start + 10 * MINUTE)
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[
            query("a"),
            query("b", stat="p50", period=120),
            query("c", name="orders", Label="named"),
            query("d", name="none"),
            query("e", name="orders", ReturnData=False),
        ],
        ScanBy="TimestampAscending",
        **span,
    )
    results = {r["Id"]: r for r in answer["MetricDataResults"]}
    assert list(results) == ["a", "b", "c", "d"]
    assert results["a"]["Values"] == [1.0, 2.0, 3.0, 4.0]
    assert results["a"]["Timestamps"] == [start + n * MINUTE for n in range(4)]
    assert results["b"]["Values"] == [1.5, 3.5]
    assert (results["c"]["Label"], results["c"]["Values"], results["c"]["StatusCode"]) == ("named", [7.0], "Complete")
    assert (results["d"]["Values"], results["d"]["StatusCode"]) == ([], "Complete")
    newest_first = cloudwatch.get_metric_data(MetricDataQueries=[query("a")], **span)
    assert newest_first["MetricDataResults"][0]["Values"] == [4.0, 3.0, 2.0, 1.0]


@pytest.mark.parametrize(
    "pairs, labels",
    [
        ([("Sum", 60), ("Minimum", 30)], ["latency Sum 60", "latency Minimum 30"]),
        ([("Sum", 60), ("Minimum", 60)], ["latency Sum", "latency Minimum"]),
        ([("Sum", 60), ("Sum", 30)], ["latency 60", "latency 30"]),
        ([("Sum", 60), ("Sum", 60)], ["latency", "latency"]),
    ],
)
def test_labels_say_what_differs(cw, pairs, labels):
    answer = cw.get_metric_data(
        MetricDataQueries=[query(f"q{n}", stat=stat, period=period) for n, (stat, period) in enumerate(pairs)],
        StartTime=NOW - MINUTE,
        EndTime=NOW,
    )
    assert [r["Label"] for r in answer["MetricDataResults"]] == labels


def test_several_units(cw):
    for unit, value in (("Seconds", 60), ("Milliseconds", 60000), ("Count", 5)):
        put(cw, Value=value, Unit=unit, Timestamp=NOW)
    span = dict(StartTime=NOW - 2 * MINUTE, EndTime=NOW + 2 * MINUTE)
    (result,) = cw.get_metric_data(MetricDataQueries=[query("m1")], **span)["MetricDataResults"]
    assert result["Values"] == [5.0]
    assert result["Messages"] == [
        {"Code": "MultipleUnits", "Value": "Multiple units returned: '[Count, Milliseconds, Seconds]'"}
    ]
    (result,) = cw.get_metric_data(MetricDataQueries=[query("m1", unit="Seconds")], **span)["MetricDataResults"]
    assert (result["Values"], result.get("Messages", [])) == ([60.0], [])
    assert sorted(p["Unit"] for p in statistics(cw)) == ["Count", "Milliseconds", "Seconds"]


def test_metric_data_pages(cw):
    start = (NOW - 60 * MINUTE).replace(second=0)
    for minute in range(25):
        put(cw, Value=minute, Timestamp=start + minute * MINUTE)
    pages = list(
        cw.get_paginator("get_metric_data").paginate(
            MetricDataQueries=[query("a"), query("b", stat="Maximum")],
            StartTime=start,
            EndTime=NOW,
            MaxDatapoints=10,
            ScanBy="TimestampAscending",
        )
    )
    values = {"a": [], "b": []}
    for page in pages:
        assert sum(len(r["Values"]) for r in page["MetricDataResults"]) <= 10
        for result in page["MetricDataResults"]:
            values[result["Id"]] += result["Values"]
    assert values == {"a": [float(n) for n in range(25)], "b": [float(n) for n in range(25)]}


def test_metric_data_is_checked(cw):
    def ask(*queries, **more):
        span = dict(StartTime=NOW - MINUTE, EndTime=NOW)
        return refused(cw.get_metric_data, MetricDataQueries=list(queries), **{**span, **more})[0]

    assert ask(query("A")) == "ValidationError"
    assert ask(query("a"), query("a")) == "ValidationError"
    assert ask({"Id": "a"}) == "ValidationError"
    assert ask(query("a", stat="tm99")) == "ValidationError"
    assert ask(query("a"), EndTime=NOW - 2 * MINUTE) == "ValidationError"
    search = {"Id": "e", "Expression": "SEARCH('x', 'Sum', 300)"}
    for name, wanted in (("Expression with SEARCH", search), ("Label", query("e", Label="max ${MAX}"))):
        code, status, message = refused(
            cw.get_metric_data, MetricDataQueries=[wanted], StartTime=NOW - MINUTE, EndTime=NOW
        )
        assert status == 501 and name in message


def expression(id, text, **more):
    return {"Id": id, "Expression": text, **more}


def test_metric_math(cloudwatch):
    start = (NOW - 30 * MINUTE).replace(second=0)
    for minute in range(4):
        put(cloudwatch, name="requests", Value=10 * (minute + 1), Timestamp=start + minute * MINUTE)
    put(cloudwatch, name="errors", Value=1, Timestamp=start)
    put(cloudwatch, name="errors", Value=3, Timestamp=start + 2 * MINUTE)

    def ask(*queries, **more):
        span = dict(StartTime=start, EndTime=start + 5 * MINUTE, ScanBy="TimestampAscending")
        answer = cloudwatch.get_metric_data(MetricDataQueries=list(queries), **{**span, **more})
        return [(r["Id"], r["Label"], r["Values"]) for r in answer["MetricDataResults"]]

    errors, requests = (query(id, name=name, stat="Sum", ReturnData=False) for id, name in (("errors", "errors"), ("requests", "requests")))
    # Whatever the order in which expressions use each other.
    assert ask(expression("rate", "100 * filled / requests"), expression("filled", "FILL(errors, 0)", ReturnData=False), errors, requests) == [
        ("rate", "rate", [10.0, 0.0, 10.0, 0.0])]
    assert ask(errors, requests, expression("e1", "errors / requests", Label="ratio")) == [("e1", "ratio", [0.1, 0.1])]
    assert ask(errors, requests, expression("e1", "SUM(METRICS())")) == [("e1", "e1", [11.0, 20.0, 33.0, 40.0])]
    assert ask(errors, requests, expression("e1", "METRICS() * 2", Label="twice")) == [
        ("e1", "twice errors", [2.0, 6.0]), ("e1", "twice requests", [20.0, 40.0, 60.0, 80.0])]
    assert ask(requests, expression("e1", "IF(requests > 20, requests)"), ScanBy="TimestampDescending") == [("e1", "e1", [40.0, 30.0])]
    assert ask(expression("flat", "TIME_SERIES(7)")) == [("flat", "flat", [7.0] * 5)]
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[errors, requests, expression("e1", "METRICS()")], StartTime=start, EndTime=NOW, MaxDatapoints=2, ScanBy="TimestampAscending")
    seen = {"e1 errors": [], "e1 requests": []}
    for page in pages:
        assert sum(len(r["Values"]) for r in page["MetricDataResults"]) <= 2
        for result in page["MetricDataResults"]:
            seen[result["Label"]] += result["Values"]
    assert seen == {"e1 errors": [1.0, 3.0], "e1 requests": [10.0, 20.0, 30.0, 40.0]}


@pytest.mark.parametrize("text, problem", [
    ("1 + 1", "Error in expression 'e1' [It must be worth a time series]"),
    ("m1 +", "Error in expression 'e1' [Unexpected end of the expression]"),
    ("m7", "Error in expression 'e1' [Unknown id m7]"),
    ("e1 + m1", "Error in expression 'e1' [Expressions depend on each other in a circle]"),
    ("[m1] + [m1]", "Error in expression 'e1' [Unsupported operand type(s) for +: '[Array[TimeSeries], Array[TimeSeries]]']"),
])
def test_expressions_are_checked(cw, text, problem):
    span = dict(StartTime=NOW - MINUTE, EndTime=NOW)
    assert refused(cw.get_metric_data, MetricDataQueries=[query("m1"), expression("e1", text)], **span) == ("ValidationError", 400, problem)


def test_expressions_cannot_exhaust_the_server(cw):
    """Arrays of arrays do not grow without bounds, and the order of 500 expressions that use each other costs nothing."""
    span = dict(StartTime=NOW - MINUTE, EndTime=NOW)
    hidden = dict(ReturnData=False)
    grown = [expression(f"e{i}", f"[{','.join([f'e{i - 1}' if i else 'm1'] * 150)}]", **hidden) for i in range(6)]
    assert refused(cw.get_metric_data, MetricDataQueries=[query("m1", **hidden), *grown, expression("z", "SUM(e5)")], **span) == (
        "ValidationError", 400, "Error in expression 'e2' [The expression makes too many time series]")
    label = "l" * 100_000
    named = [expression(f"e{i}", f"[{f'e{i - 1}' if i else 'm1'}]", Label=label, ReturnData=i == 99) for i in range(100)]
    code, status, message = refused(cw.get_metric_data, MetricDataQueries=[query("m1", **hidden), *named], **span)
    assert (code, status) == ("ValidationError", 400) and "too many time series" in message
    chain = [expression(f"q{i}", "+".join(["m"] * 600 + [f"q{i + 1}" if i < 498 else "m"]), ReturnData=i == 0) for i in range(499)]
    answer = cw.get_metric_data(MetricDataQueries=[*chain, query("m", **hidden)], **span)
    assert [r["Id"] for r in answer["MetricDataResults"]] == ["q0"]


# --- alarms ---


ALARM = dict(
    AlarmName="slow",
    MetricName="latency",
    Namespace="shop",
    Statistic="Average",
    Period=10,
    EvaluationPeriods=1,
    Threshold=21.0,
    ComparisonOperator="GreaterThanThreshold",
)


def alarm_state(cw, name="slow"):
    (alarm,) = cw.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return alarm


def is_in(cw, state, name="slow"):
    def check():
        alarm = alarm_state(cw, name)
        assert alarm["StateValue"] == state
        return alarm

    return eventually(check)


def test_alarm_as_described(cloudwatch, account):
    cloudwatch.put_metric_alarm(**{**ALARM, "TreatMissingData": "ignore"})
    alarm = alarm_state(cloudwatch)
    for time_member in ("AlarmConfigurationUpdatedTimestamp", "StateUpdatedTimestamp", "StateTransitionedTimestamp"):
        assert abs((alarm.pop(time_member) - NOW).total_seconds()) < 3600
    assert alarm == {
        **ALARM,
        "OKActions": [],
        "AlarmActions": [],
        "InsufficientDataActions": [],
        "Dimensions": [],
        "ActionsEnabled": True,
        "AlarmArn": f"arn:aws:cloudwatch:us-east-1:{account}:alarm:slow",
        "StateReason": "Unchecked: Initial alarm creation",
        "StateValue": "INSUFFICIENT_DATA",
        "TreatMissingData": "ignore",
    }
    assert cloudwatch.describe_alarms()["CompositeAlarms"] == []


def test_alarm_tells_topic_and_function(cw, client, account):
    sqs, sns = client("sqs"), client("sns")
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{account}:told")
    cw.put_metric_alarm(**{**ALARM, "Unit": "Seconds", "TreatMissingData": "ignore", "AlarmActions": [topic], "AlarmDescription": "too slow"})
    put(cw, Values=[21.0, 22.0], Unit="Seconds", StorageResolution=1)
    alarm = is_in(cw, "ALARM")
    reason = alarm["StateReason"]
    assert reason.startswith("Threshold Crossed: 1 datapoint [21.5 (")
    assert reason.endswith(")] was greater than the threshold (21.0).")
    data = json.loads(alarm["StateReasonData"])
    assert (data["recentDatapoints"], data["threshold"], data["period"], data["unit"]) == ([21.5], 21.0, 10, "Seconds")
    assert data["evaluatedDatapoints"][0]["sampleCount"] == 2.0

    (message,) = receive(sqs, queue, 1)
    envelope = json.loads(message["Body"])
    assert envelope["Subject"] == 'ALARM: "slow" in US East (N. Virginia)'
    told = json.loads(envelope["Message"])
    assert told["NewStateReason"] == reason
    assert (told["NewStateValue"], told["OldStateValue"], told["AWSAccountId"]) == ("ALARM", "INSUFFICIENT_DATA", account)
    assert told["Trigger"] == {
        "MetricName": "latency",
        "Namespace": "shop",
        "StatisticType": "Statistic",
        "Statistic": "AVERAGE",
        "Unit": "Seconds",
        "Dimensions": [],
        "Period": 10,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 21.0,
        "TreatMissingData": "ignore",
        "EvaluateLowSampleCountPercentile": "",
    }

    def history():
        items = cw.describe_alarm_history(AlarmName="slow", ScanBy="TimestampAscending")["AlarmHistoryItems"]
        assert [i["HistoryItemType"] for i in items] == ["ConfigurationUpdate", "StateUpdate", "Action"]
        return items

    created, updated, action = eventually(history)
    assert updated["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    state = json.loads(updated["HistoryData"])
    assert state["oldState"] == {"stateValue": "INSUFFICIENT_DATA", "stateReason": "Unchecked: Initial alarm creation"}
    assert state["newState"]["stateReasonData"] == data
    assert action["HistorySummary"] == f"Successfully executed action {topic}"
    (kept,) = cw.describe_alarm_history(HistoryItemType="StateUpdate", MaxRecords=1)["AlarmHistoryItems"]
    assert kept == updated


MATH_ALARM = {k: v for k, v in ALARM.items() if k not in ("MetricName", "Namespace", "Statistic", "Period")}


def test_alarm_on_an_expression(cloudwatch, client, account):
    sqs, sns = client("sqs"), client("sns")
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{account}:told")
    metrics = [query("errors", name="errors", stat="Sum", period=10, ReturnData=False),
               query("requests", name="requests", stat="Sum", period=10, ReturnData=False),
               expression("rate", "100 * errors / requests", Label="failed", ReturnData=True)]
    cloudwatch.put_metric_alarm(**MATH_ALARM, TreatMissingData="ignore", AlarmActions=[topic], Metrics=metrics)
    alarm = alarm_state(cloudwatch)
    assert "Period" not in alarm and "MetricName" not in alarm
    assert [(m["Id"], m.get("Expression"), m["ReturnData"]) for m in alarm["Metrics"]] == [
        ("errors", None, False), ("requests", None, False), ("rate", "100 * errors / requests", True)]
    now = datetime.datetime.now(datetime.timezone.utc)
    cloudwatch.put_metric_data(Namespace="shop", MetricData=[
        {"MetricName": name, "Value": value, "Timestamp": now, "StorageResolution": 1}
        for name, value in (("errors", 1), ("requests", 4))])
    alarm = is_in(cloudwatch, "ALARM")
    assert alarm["StateReason"].startswith("Threshold Crossed: 1 datapoint [25.0 (")
    assert json.loads(alarm["StateReasonData"])["evaluatedDatapoints"][0]["value"] == 25.0
    (message,) = receive(sqs, queue, 1)
    trigger = json.loads(json.loads(message["Body"])["Message"])["Trigger"]
    assert trigger["Period"] == 10 and trigger["Metrics"][2] == {
        "Id": "rate", "Expression": "100 * errors / requests", "Label": "failed", "ReturnData": True}
    assert cloudwatch.describe_alarms_for_metric(Namespace="shop", MetricName="errors")["MetricAlarms"] == []


@pytest.mark.parametrize("missing", ["Threshold", "ComparisonOperator", "EvaluationPeriods"])
def test_what_an_alarm_needs(cw, missing):
    alarm = {k: v for k, v in ALARM.items() if k != missing}
    assert refused(cw.put_metric_alarm, **alarm) == ("ValidationError", 400, f"The parameter {missing} must be specified.")


def test_alarms_on_expressions_are_checked(cw):
    def put_with(*metrics, **more):
        return refused(cw.put_metric_alarm, **MATH_ALARM, Metrics=list(metrics), **more)

    metric = query("m1", ReturnData=False)
    assert put_with(metric, expression("a", "m1 * 2"), expression("b", "m1 * 3"))[2] == (
        "Exactly one element of the metrics list should return data.")
    assert put_with(expression("a", "TIME_SERIES(1)"))[0] == "ValidationError"
    assert put_with(metric, expression("a", "METRICS()"))[2] == "Error in expression 'a' [It must be worth one time series]"
    assert put_with(metric, expression("a", "m1 +"))[2] == "Error in expression 'a' [Unexpected end of the expression]"
    assert "mutually exclusive" in put_with(metric, expression("a", "m1"), Period=60)[2]
    assert put_with(metric, query("m2", period=300, ReturnData=False), expression("a", "m1"))[1] == 501


def test_missing_data(cw):
    treated = {"breaching": "ALARM", "notBreaching": "OK"}
    for treat in treated:
        cw.put_metric_alarm(**{**ALARM, "AlarmName": treat, "TreatMissingData": treat, "EvaluationPeriods": 2})
    assert is_in(cw, "ALARM", "breaching")["StateReason"] == (
        "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching]."
    )
    assert is_in(cw, "OK", "notBreaching")["StateReason"] == (
        "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [NonBreaching]."
    )


def test_m_of_n(cw):
    now = datetime.datetime.now(datetime.timezone.utc)
    for minute, value in ((2, 30), (1, 1), (0, 30)):
        put(cw, Value=value, Timestamp=now - minute * MINUTE)
    # Once they are all there: what is missing would count as breaching after the first one alone.
    cw.put_metric_alarm(**{**ALARM, "Period": 60, "EvaluationPeriods": 3, "DatapointsToAlarm": 2})
    assert "2 out of the last 3 datapoints [30.0 (" in is_in(cw, "ALARM")["StateReason"]
    assert alarm_state(cw)["StateReason"].endswith("(minimum 2 datapoints for OK -> ALARM transition).")


def test_set_alarm_state(cloudwatch):
    cloudwatch.put_metric_alarm(**{**ALARM, "TreatMissingData": "ignore"})
    cloudwatch.set_alarm_state(AlarmName="slow", StateValue="ALARM", StateReason="testing")
    alarm = alarm_state(cloudwatch)
    assert (alarm["StateValue"], alarm["StateReason"]) == ("ALARM", "testing")
    assert refused(cloudwatch.set_alarm_state, AlarmName="slow", StateValue="INVALID", StateReason="x") == (
        "ValidationError",
        400,
        "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: Member must "
        "satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
    )
    assert refused(cloudwatch.set_alarm_state, AlarmName="none", StateValue="OK", StateReason="x")[:2] == (
        "ResourceNotFound",
        404,
    )
    assert refused(
        cloudwatch.set_alarm_state, AlarmName="slow", StateValue="OK", StateReason="x", StateReasonData="{"
    )[0] == "InvalidFormat"


def test_alarm_invokes_function(cw, client, account):
    import lambda_kit

    lambda_client, logs = client("lambda"), client("logs")
    code = lambda_kit.package({"app.py": "import json\ndef handler(event, context):\n    print('TOLD', json.dumps(event))\n"})
    arn = lambda_kit.create(lambda_client, code, name="told")["FunctionArn"]
    lambda_client.add_permission(
        FunctionName="told", StatementId="s", Action="lambda:InvokeFunction", Principal="lambda.alarms.cloudwatch.amazonaws.com"
    )
    cw.put_metric_alarm(**{**ALARM, "TreatMissingData": "ignore", "OKActions": [arn]})
    cw.set_alarm_state(AlarmName="slow", StateValue="OK", StateReason="testing")

    def told():
        try:
            events = logs.filter_log_events(logGroupName="/aws/lambda/told", filterPattern="TOLD")["events"]
        except logs.exceptions.ResourceNotFoundException:
            events = []
        assert events
        return json.loads(events[0]["message"].split("TOLD ", 1)[1])

    event = eventually(told)
    assert event["source"] == "aws.cloudwatch" and event["accountId"] == account
    data = event["alarmData"]
    assert data["state"]["value"] == "OK" and data["state"]["reason"] == "testing"
    assert data["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert data["configuration"]["metrics"][0]["metricStat"] == {
        "metric": {"namespace": "shop", "name": "latency", "dimensions": {}},
        "period": 10,
        "stat": "Average",
    }


def test_actions_can_be_disabled(cw, client):
    topic = client("sns").create_topic(Name="quiet")["TopicArn"]
    cw.put_metric_alarm(**{**ALARM, "TreatMissingData": "ignore", "AlarmActions": [topic]})
    cw.disable_alarm_actions(AlarmNames=["slow", "nobody"])
    assert alarm_state(cw)["ActionsEnabled"] is False
    cw.set_alarm_state(AlarmName="slow", StateValue="ALARM", StateReason="x")
    types = {i["HistoryItemType"] for i in cw.describe_alarm_history(AlarmName="slow")["AlarmHistoryItems"]}
    assert types == {"ConfigurationUpdate", "StateUpdate"}
    cw.enable_alarm_actions(AlarmNames=["slow"])
    assert alarm_state(cw)["ActionsEnabled"] is True


def test_a_change_is_told_once(cw, client):
    """However many change the alarm at the same moment: each finds what the one before it made."""
    topic = client("sns").create_topic(Name="once")["TopicArn"]
    cw.put_metric_alarm(**{**ALARM, "TreatMissingData": "ignore", "AlarmActions": [topic], "OKActions": [topic]})
    for state in ("ALARM", "OK", "ALARM", "OK"):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda _: cw.set_alarm_state(AlarmName="slow", StateValue=state, StateReason="x"), range(16)))
    items = cw.describe_alarm_history(AlarmName="slow")["AlarmHistoryItems"]
    told = [i["HistoryItemType"] for i in items]
    assert (told.count("Action"), told.count("StateUpdate")) == (4, 4)


def composite_state(cw, name):
    answer = cw.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])
    assert answer["MetricAlarms"] == []
    (alarm,) = answer["CompositeAlarms"]
    return alarm


def test_composite_alarms(cloudwatch, client, account):
    sqs, sns = client("sqs"), client("sns")
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{account}:told")
    quiet = {**ALARM, "TreatMissingData": "ignore"}
    for name in ("cpu", "disk full", "maintenance"):
        cloudwatch.put_metric_alarm(**{**quiet, "AlarmName": name})
    arn = f"arn:aws:cloudwatch:us-east-1:{account}:alarm"
    rule = f'(ALARM(cpu) OR ALARM("disk full")) AND NOT ALARM("{arn}:maintenance")'
    cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule=rule, AlarmActions=[topic], AlarmDescription="why", Tags=[{"Key": "k", "Value": "v"}])
    cloudwatch.put_composite_alarm(AlarmName="above", AlarmRule="ALARM(both)")

    def becomes(name, state):
        def check():
            alarm = composite_state(cloudwatch, name)
            assert alarm["StateValue"] == state
            return alarm

        return eventually(check)

    def set_state(name, state):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="x")

    first = becomes("both", "OK")
    assert (first["AlarmRule"], first["AlarmArn"], first["AlarmDescription"], first["ActionsEnabled"]) == (rule, f"{arn}:both", "why", True)
    set_state("disk full", "ALARM")
    alarm = becomes("both", "ALARM")
    assert alarm["StateReason"].startswith(f"{arn}:disk full transitioned to ALARM at ") and alarm["AlarmRule"] == rule
    (trigger,) = json.loads(alarm["StateReasonData"])["triggeringAlarms"]
    assert (trigger["arn"], trigger["state"]["value"]) == (f"{arn}:disk full", "ALARM")
    becomes("above", "ALARM")
    (message,) = receive(sqs, queue, 1)
    told = json.loads(json.loads(message["Body"])["Message"])
    assert (told["AlarmName"], told["NewStateValue"], told["OldStateValue"], told["AlarmRule"]) == ("both", "ALARM", "OK", rule)
    assert "Trigger" not in told
    set_state("maintenance", "ALARM")
    becomes("both", "OK")
    becomes("above", "OK")

    assert [a["AlarmName"] for a in cloudwatch.describe_alarms()["MetricAlarms"]] == ["cpu", "disk full", "maintenance"]
    assert cloudwatch.describe_alarms()["CompositeAlarms"] == []
    names = []
    for page in cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmTypes=["CompositeAlarm", "MetricAlarm"], PaginationConfig={"PageSize": 2}
    ):
        names.append(sorted(a["AlarmName"] for kind in ("CompositeAlarms", "MetricAlarms") for a in page[kind]))
    assert names == [["above", "both"], ["cpu", "disk full"], ["maintenance"]]
    history = cloudwatch.describe_alarm_history(AlarmName="both", AlarmTypes=["CompositeAlarm"], ScanBy="TimestampAscending")
    kinds = [(i["AlarmType"], i["HistoryItemType"]) for i in history["AlarmHistoryItems"]]
    assert kinds[:4] == [("CompositeAlarm", k) for k in ("ConfigurationUpdate", "StateUpdate", "StateUpdate", "Action")]
    assert cloudwatch.list_tags_for_resource(ResourceARN=f"{arn}:both")["Tags"] == [{"Key": "k", "Value": "v"}]
    cloudwatch.disable_alarm_actions(AlarmNames=["both"])
    assert composite_state(cloudwatch, "both")["ActionsEnabled"] is False and composite_state(cloudwatch, "both")["AlarmRule"] == rule
    assert refused(cloudwatch.delete_alarms, AlarmNames=["cpu"])[2] == "Cannot delete cpu as there are composite alarm(s) depending on it."
    assert refused(cloudwatch.delete_alarms, AlarmNames=["above", "both"])[0] == "ValidationError"
    cloudwatch.delete_alarms(AlarmNames=["above"])
    cloudwatch.delete_alarms(AlarmNames=["both", "cpu"])


def test_composite_alarms_are_checked(cw):
    cw.put_metric_alarm(**{**ALARM, "TreatMissingData": "ignore"})

    def ask(rule, **more):
        return refused(cw.put_composite_alarm, AlarmName="c", AlarmRule=rule, **more)

    assert ask("ALARM(slow) OR OK(gone) OR ALARM(lost)")[2] == (
        "Could not save the composite alarm as alarms [gone, lost] in the alarm rule do not exist")
    assert ask("ALARM(slow")[:2] == ("ValidationError", 400)
    assert ask("AT_LEAST(1, ALARM, (slow))")[1] == 501
    assert ask("ALARM(slow)", ActionsSuppressor="slow", ActionsSuppressorWaitPeriod=1, ActionsSuppressorExtensionPeriod=1)[1] == 501
    assert refused(cw.put_composite_alarm, AlarmName="slow", AlarmRule="TRUE")[0] == "ValidationError"
    cw.put_composite_alarm(AlarmName="c", AlarmRule="TRUE")
    assert refused(cw.put_metric_alarm, **{**ALARM, "AlarmName": "c"})[0] == "ValidationError"


def test_describe_and_delete_alarms(cw):
    quiet = {**ALARM, "TreatMissingData": "ignore"}
    for n in range(5):
        cw.put_metric_alarm(**{**quiet, "AlarmName": f"a-{n}", "Period": 60 if n == 4 else 10})
    cw.put_metric_alarm(**{**quiet, "AlarmName": "b"})
    names = lambda **filters: [a["AlarmName"] for a in cw.describe_alarms(**filters)["MetricAlarms"]]
    assert names(AlarmNamePrefix="a-") == [f"a-{n}" for n in range(5)]
    assert names(AlarmNames=["b", "a-1", "none"]) == ["a-1", "b"]
    assert names(StateValue="OK") == [] and names(AlarmTypes=["CompositeAlarm"]) == []
    pages = list(cw.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 4}))
    assert [len(p["MetricAlarms"]) for p in pages] == [4, 2]
    of_metric = cw.describe_alarms_for_metric(MetricName="latency", Namespace="shop", Period=60)["MetricAlarms"]
    assert [a["AlarmName"] for a in of_metric] == ["a-4"]
    assert refused(cw.delete_alarms, AlarmNames=["b", "none"])[:2] == ("ResourceNotFound", 404)
    assert names(AlarmNamePrefix="b") == ["b"]
    cw.delete_alarms(AlarmNames=["b", "a-0"])
    assert names() == ["a-1", "a-2", "a-3", "a-4"]


@pytest.mark.parametrize(
    "change",
    [
        dict(Statistic=None),
        dict(ExtendedStatistic="p99"),
        dict(Period=45),
        dict(Period=60, EvaluationPeriods=1441),
        dict(DatapointsToAlarm=2),
        dict(TreatMissingData="nonsense"),
        dict(AlarmActions=["nonsense"]),
        dict(Threshold=None),
    ],
)
def test_alarms_are_checked(cw, change):
    alarm = {k: v for k, v in {**ALARM, **change}.items() if v is not None}
    assert refused(cw.put_metric_alarm, **alarm)[:2] == ("ValidationError", 400)


# --- metric filters of CloudWatch Logs ---


def meter(logs, pattern, *messages, name="latency", **transformation):
    logs.create_log_group(logGroupName="app")
    logs.create_log_stream(logGroupName="app", logStreamName="s")
    to = dict(metricName=name, metricNamespace="shop", **transformation)
    logs.put_metric_filter(logGroupName="app", filterName="f", filterPattern=pattern, metricTransformations=[to])
    now = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName="app", logStreamName="s", logEvents=[{"timestamp": now, "message": m} for m in messages]
    )


def test_filter_counts_terms(cw, client):
    logs = client("logs")
    meter(logs, "ERROR", "ERROR one", "fine", "two ERROR", metricValue="1", defaultValue=0, unit="Count")
    (point,) = statistics(cw, start=NOW - MINUTE, end=NOW + 60 * MINUTE, period=7200)
    assert (point["Sum"], point["SampleCount"], point["Unit"]) == (2.0, 2.0, "Count")
    logs.put_log_events(
        logGroupName="app", logStreamName="s", logEvents=[{"timestamp": int(time.time() * 1000), "message": "fine"}]
    )
    (point,) = statistics(cw, start=NOW - MINUTE, end=NOW + 60 * MINUTE, period=7200)
    assert (point["Sum"], point["SampleCount"]) == (2.0, 3.0)


def test_filter_measures_fields_of_json(cw, client):
    meter(
        client("logs"),
        "{ $.latency > 10 }",
        json.dumps({"latency": 12.5, "method": "GET"}),
        json.dumps({"latency": 5, "method": "GET"}),
        json.dumps({"latency": 20, "method": "PUT"}),
        json.dumps({"latency": 30}),
        metricValue="$.latency",
        dimensions={"Method": "$.method"},
    )
    span = dict(start=NOW - MINUTE, end=NOW + 60 * MINUTE, period=7200)
    for method, expected in (("GET", 12.5), ("PUT", 20.0)):
        (point,) = statistics(cw, Dimensions=[{"Name": "Method", "Value": method}], **span)
        assert (point["Sum"], point["SampleCount"]) == (expected, 1.0)
    (point,) = statistics(cw, **span)
    assert point["Sum"] == 30.0


def test_filter_measures_columns(cw, client):
    meter(
        client("logs"),
        "[ip, ..., status = 2*, size]",
        '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /apache_pb.gif HTTP/1.0" 200 1534',
        '127.0.0.1 - frank [10/Oct/2000:13:35:22 -0700] "GET /apache_pb.gif HTTP/1.0" 500 5324',
        '127.0.0.1 - frank [10/Oct/2000:13:50:35 -0700] "GET /apache_pb.gif HTTP/1.0" 200 4355',
        '127.0.0.1 - frank [10/Oct/2000:13:50:35 -0700] "GET /apache_pb.gif HTTP/1.0" 204 -',
        name="bytes",
        metricValue="$size",
    )
    (point,) = statistics(cw, name="bytes", start=NOW - MINUTE, end=NOW + 60 * MINUTE, period=7200)
    assert (point["Sum"], point["SampleCount"]) == (5889.0, 2.0)


# --- dashboards and tags ---


def test_dashboards(cloudwatch, account):
    body = json.dumps({"widgets": [{"type": "metric", "x": 0, "y": 0, "width": 6, "height": 6, "properties": {}}]})
    assert cloudwatch.put_dashboard(DashboardName="shop", DashboardBody=body)["DashboardValidationMessages"] == []
    got = cloudwatch.get_dashboard(DashboardName="shop")
    assert got["DashboardArn"] == f"arn:aws:cloudwatch::{account}:dashboard/shop"
    assert got["DashboardBody"] == body
    (entry,) = cloudwatch.list_dashboards(DashboardNamePrefix="sh")["DashboardEntries"]
    assert (entry["DashboardName"], entry["Size"]) == ("shop", len(body))
    assert cloudwatch.list_dashboards(DashboardNamePrefix="x")["DashboardEntries"] == []
    cloudwatch.delete_dashboards(DashboardNames=["shop"])
    assert refused(cloudwatch.get_dashboard, DashboardName="shop")[:2] == ("ResourceNotFound", 404)
    assert refused(cloudwatch.delete_dashboards, DashboardNames=["shop"])[:2] == ("ResourceNotFound", 404)
    assert refused(cloudwatch.put_dashboard, DashboardName="shop", DashboardBody="[")[:2] == ("InvalidParameterInput", 400)
    assert refused(cloudwatch.put_dashboard, DashboardName="a b", DashboardBody=body) == (
        "InvalidParameterValue",
        400,
        "The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and "
        "underscore (_).\n",
    )


def test_tags(cloudwatch, account):
    cloudwatch.put_metric_alarm(**ALARM, Tags=[{"Key": "Environment", "Value": "Production"}])
    arn = f"arn:aws:cloudwatch:us-east-1:{account}:alarm:slow"
    tags = lambda: {t["Key"]: t["Value"] for t in cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]}
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    assert tags() == {"Environment": "Production", "a": "1", "b": "2"}
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert tags() == {"Environment": "Production", "b": "2"}
    cloudwatch.delete_alarms(AlarmNames=["slow"])
    assert tags() == {}
    assert refused(cloudwatch.tag_resource, ResourceARN=arn, Tags=[{"Key": "a", "Value": "1"}])[:2] == (
        "ResourceNotFoundException",
        404,
    )


def test_cli(aws):
    aws("cloudwatch", "put-metric-data", "--namespace", "cli", "--metric-name", "orders", "--value", "3", "--unit", "Count")
    metrics = aws("cloudwatch", "list-metrics", "--namespace", "cli")
    assert metrics["Metrics"][0]["MetricName"] == "orders"
