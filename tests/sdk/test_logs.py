"""CloudWatch Logs through boto3 and the AWS CLI."""

import time

import pytest
from botocore.exceptions import ClientError

NOW = None  # of each test its own


@pytest.fixture(autouse=True)
def now():
    global NOW
    NOW = int(time.time() * 1000)


@pytest.fixture
def logs(client):
    return client("logs")


def events(*texts, start=None, step=1):
    return [{"timestamp": (start or NOW) + step * n, "message": text} for n, text in enumerate(texts)]


def put(logs, group, stream, *texts, **keywords):
    try:
        logs.create_log_group(logGroupName=group)
    except logs.exceptions.ResourceAlreadyExistsException:
        pass
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events(*texts, **keywords))


def fails(code, call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    return caught.value.response["Error"]["Message"]


def test_groups_are_made_listed_and_removed(logs, account):
    for name in ("/b/two", "/a", "/b/one"):
        logs.create_log_group(logGroupName=name, tags={"team": "shop"})
    assert fails("ResourceAlreadyExistsException", logs.create_log_group, logGroupName="/a") == "The specified log group already exists"
    groups = logs.describe_log_groups()["logGroups"]
    assert [g["logGroupName"] for g in groups] == ["/a", "/b/one", "/b/two"]
    assert groups[0]["arn"] == f"arn:aws:logs:us-east-1:{account}:log-group:/a:*"
    assert groups[0]["logGroupArn"] == f"arn:aws:logs:us-east-1:{account}:log-group:/a"
    assert groups[0]["storedBytes"] == 0 and "retentionInDays" not in groups[0]
    assert [g["logGroupName"] for g in logs.describe_log_groups(logGroupNamePrefix="/b")["logGroups"]] == ["/b/one", "/b/two"]
    assert [g["logGroupName"] for g in logs.describe_log_groups(logGroupNamePattern="TWO")["logGroups"]] == ["/b/two"]
    logs.delete_log_group(logGroupName="/a")
    fails("ResourceNotFoundException", logs.delete_log_group, logGroupName="/a")


def test_groups_come_in_pages(logs):
    for n in range(7):
        logs.create_log_group(logGroupName=f"g{n}")
    pages = list(logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 3}))
    assert [[g["logGroupName"] for g in p["logGroups"]] for p in pages] == [["g0", "g1", "g2"], ["g3", "g4", "g5"], ["g6"]]
    fails("InvalidParameterException", logs.describe_log_groups, nextToken="forged")


def test_a_stream_is_read_forwards_and_backwards(logs):
    put(logs, "g", "s", *[f"line {n}" for n in range(10)])
    get = lambda **more: logs.get_log_events(logGroupName="g", logStreamName="s", **more)  # noqa: E731
    first = get(startFromHead=True, limit=4)
    assert [e["message"] for e in first["events"]] == [f"line {n}" for n in range(4)]
    second = get(startFromHead=True, limit=4, nextToken=first["nextForwardToken"])
    assert [e["message"] for e in second["events"]] == [f"line {n}" for n in range(4, 8)]
    third = get(startFromHead=True, limit=4, nextToken=second["nextForwardToken"])
    assert [e["message"] for e in third["events"]] == ["line 8", "line 9"]
    end = get(startFromHead=True, nextToken=third["nextForwardToken"])
    assert end["events"] == [] and end["nextForwardToken"] == third["nextForwardToken"]
    back = get(nextToken=second["nextBackwardToken"], limit=2)
    assert [e["message"] for e in back["events"]] == ["line 2", "line 3"]
    assert [e["message"] for e in get(limit=3)["events"]] == ["line 7", "line 8", "line 9"]
    assert [e["message"] for e in get(startTime=NOW + 3, endTime=NOW + 5)["events"]] == ["line 3", "line 4"]
    # What comes later is found with the token of the end.
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=events("late", start=NOW + 100))
    assert [e["message"] for e in get(startFromHead=True, nextToken=end["nextForwardToken"])["events"]] == ["late"]


def test_events_of_one_moment_keep_their_order(logs):
    put(logs, "g", "s", *[str(n) for n in range(50)], step=0)
    seen, token = [], None
    while True:
        page = logs.get_log_events(logGroupName="g", logStreamName="s", startFromHead=True, limit=7,
                                   **({"nextToken": token} if token else {}))
        if page["nextForwardToken"] == token:
            break
        seen += [e["message"] for e in page["events"]]
        token = page["nextForwardToken"]
    assert seen == [str(n) for n in range(50)]


@pytest.mark.parametrize("pattern, found", [
    ("", {0, 1, 2, 3}),
    ("ERROR", {0, 2}),
    ("ERROR timeout", {2}),
    ('"not found"', {0}),
    ("?WARN ?timeout", {1, 2}),
    ("ERROR -timeout", {0}),
    ("error", set()),
])
def test_filter_patterns(logs, pattern, found):
    texts = ["ERROR file not found", "WARN low disk", "ERROR timeout", "all is well"]
    put(logs, "g", "s", *texts)
    seen = logs.filter_log_events(logGroupName="g", filterPattern=pattern)["events"]
    assert {texts.index(e["message"]) for e in seen} == found


@pytest.mark.parametrize("pattern, found", [
    ('{ $.level = "ERROR" }', {0}),
    ("{ $.n >= 2 && $.level NOT EXISTS }", {1}),
    ("[word, second = lo*, ...]", {2}),
    ("%lo[wx] +disk%", {2}),
])
def test_patterns_for_json_columns_and_expressions(logs, pattern, found):
    texts = ['{"level": "ERROR", "n": 1}', '{"n": 2}', "WARN low disk"]
    put(logs, "g", "s", *texts)
    seen = logs.filter_log_events(logGroupName="g", filterPattern=pattern)["events"]
    assert {texts.index(e["message"]) for e in seen} == found


def test_patterns_that_are_wrong_are_refused(logs):
    put(logs, "g", "s", '{"a": 1}')
    for pattern in ('"open', "{ $.a }", "[a, b", "%(%", "a-b"):
        fails("InvalidParameterException", logs.filter_log_events, logGroupName="g", filterPattern=pattern)



def test_filtering_merges_streams_and_pages(logs):
    put(logs, "g", "odd", *[f"{n}" for n in range(1, 100, 2)], start=NOW + 1, step=2)
    put(logs, "g", "even", *[f"{n}" for n in range(0, 100, 2)], start=NOW, step=2)
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="g", PaginationConfig={"PageSize": 13})
    seen = [e for page in pages for e in page["events"]]
    assert [e["message"] for e in seen] == [str(n) for n in range(100)]
    assert len({e["eventId"] for e in seen}) == 100
    only = logs.filter_log_events(logGroupName="g", logStreamNames=["odd"], startTime=NOW + 5, endTime=NOW + 7)["events"]
    assert [e["message"] for e in only] == ["5", "7"]
    fails("ResourceNotFoundException", logs.filter_log_events, logGroupName="g", logStreamNames=["none"])


def test_streams_by_name_and_by_time(logs):
    put(logs, "g", "b", "x", start=NOW + 5)
    put(logs, "g", "a", "x", start=NOW + 9)
    logs.create_log_stream(logGroupName="g", logStreamName="c")
    names = lambda **more: [s["logStreamName"] for s in logs.describe_log_streams(logGroupName="g", **more)["logStreams"]]  # noqa: E731
    assert names() == ["a", "b", "c"]
    assert names(descending=True) == ["c", "b", "a"]
    assert names(orderBy="LastEventTime", descending=True) == ["a", "b", "c"]
    assert names(logStreamNamePrefix="b") == ["b"]
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName="g", orderBy="LastEventTime", PaginationConfig={"PageSize": 1})
    assert [s["logStreamName"] for p in pages for s in p["logStreams"]] == ["c", "b", "a"]
    fails("InvalidParameterException", logs.describe_log_streams, logGroupName="g", logStreamNamePrefix="b", orderBy="LastEventTime")
    stream = logs.describe_log_streams(logGroupName="g", logStreamNamePrefix="a")["logStreams"][0]
    assert stream["firstEventTimestamp"] == stream["lastEventTimestamp"] == NOW + 9
    logs.delete_log_stream(logGroupName="g", logStreamName="a")
    assert names() == ["b", "c"]


def test_what_put_refuses(logs):
    put(logs, "g", "s", "one")
    send = lambda *e: logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=list(e))  # noqa: E731
    event = lambda ms, text="x": {"timestamp": NOW + ms, "message": text}  # noqa: E731
    assert "chronological order" in fails("InvalidParameterException", lambda: send(event(5), event(1)))
    assert "24 hours" in fails("InvalidParameterException", lambda: send(event(-86_400_001), event(0)))
    assert "Upload too large" in fails("InvalidParameterException", lambda: send(event(0, "x" * 600_000), event(0, "x" * 600_000)))
    fails("ResourceNotFoundException", logs.put_log_events, logGroupName="g", logStreamName="t", logEvents=[event(0)])
    fails("ResourceNotFoundException", logs.put_log_events, logGroupName="h", logStreamName="s", logEvents=[event(0)])
    # Failed constraints of the model have this service's own error.
    assert "regular expression pattern" in fails("InvalidParameterException", logs.create_log_group, logGroupName="a b")


def test_events_too_old_and_too_new_are_rejected(logs):
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    hour = 3_600_000
    answer = logs.put_log_events(logGroupName="g", logStreamName="s",
                                 logEvents=[{"timestamp": NOW, "message": "ok"}, {"timestamp": NOW + 3 * hour, "message": "future"}])
    assert answer["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    answer = logs.put_log_events(logGroupName="g", logStreamName="s",
                                 logEvents=[{"timestamp": NOW - 15 * 24 * hour, "message": "past"}])
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    kept = logs.get_log_events(logGroupName="g", logStreamName="s")["events"]
    assert [e["message"] for e in kept] == ["ok"]


def test_retention_removes_what_is_older(logs):
    put(logs, "g", "s", "old", start=NOW - 3 * 86_400_000)
    put(logs, "g", "t", "new")
    logs.put_retention_policy(logGroupName="g", retentionInDays=1)
    assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 1
    assert [e["message"] for e in logs.filter_log_events(logGroupName="g")["events"]] == ["new"]
    assert logs.get_log_events(logGroupName="g", logStreamName="s", startFromHead=True)["events"] == []
    logs.put_log_events(logGroupName="g", logStreamName="t", logEvents=events("newer", start=NOW + 1))
    assert [e["message"] for e in logs.filter_log_events(logGroupName="g")["events"]] == ["new", "newer"]
    assert "enum value set" in fails("InvalidParameterException", logs.put_retention_policy, logGroupName="g", retentionInDays=2)
    logs.delete_retention_policy(logGroupName="g")
    assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]


def test_tags(logs, account):
    logs.create_log_group(logGroupName="g", tags={"a": "1"})
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:g"
    logs.tag_resource(resourceArn=arn, tags={"b": "2"})
    logs.tag_log_group(logGroupName="g", tags={"c": "3"})
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "1", "b": "2", "c": "3"}
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    logs.untag_log_group(logGroupName="g", tags=["c"])
    assert logs.list_tags_log_group(logGroupName="g")["tags"] == {"b": "2"}
    fails("ResourceNotFoundException", logs.list_tags_for_resource, resourceArn=arn + "x")


def test_version_2_of_the_cli_tails(logs, aws_v2):
    put(logs, "/aws/lambda/f", "s", "hello from the log")
    assert "hello from the log" in aws_v2("logs", "tail", "/aws/lambda/f")
