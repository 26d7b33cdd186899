"""The server itself: start, stop, health, reset, what hostile or clumsy clients send."""

import json
import pathlib
import re
import socket
import subprocess
import urllib.error
import urllib.request

import boto3
import pytest

from server import Server, binary


def connect(endpoint):
    host, port = endpoint.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=300)


def exchange(endpoint, raw):
    """Sends bytes as they are and returns the whole answer."""
    with connect(endpoint) as s:
        s.sendall(raw)
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = s.recv(65536)
            if not piece:
                return answer
            answer += piece
        head, _, body = answer.partition(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                while len(body) < int(line.split(b":")[1]):
                    body += s.recv(65536)
        return head + b"\r\n\r\n" + body


def json_call(endpoint, target, body, version="1.1", headers=""):
    data = body.encode() if isinstance(body, str) else body
    return exchange(endpoint, (f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-{version}\r\n"
                               f"X-Amz-Target: {target}\r\n{headers}Content-Length: {len(data)}\r\n\r\n").encode() + data)


def still_serves(endpoint):
    with urllib.request.urlopen(f"{endpoint}/_cadabra/health", timeout=300) as answer:
        return json.load(answer)


@pytest.mark.parametrize("path", ["/_cadabra/health", "/_localstack/health"])
def test_health_names_the_services(endpoint, path):
    with urllib.request.urlopen(endpoint + path) as answer:
        health = json.load(answer)
    assert {"kinesis", "dynamodb", "lambda", "iam", "sts", "logs"} <= set(health["services"])


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
def test_ipv6(endpoint):
    port = endpoint.rsplit(":", 1)[1]
    with urllib.request.urlopen(f"http://[::1]:{port}/_cadabra/health") as answer:
        assert answer.status == 200


@pytest.fixture
def own(tmp_path):
    """A server of this test's own, for what would disturb the others."""
    server = Server(tmp_path / "data")
    yield server
    if server.process.poll() is None:
        server.stop()


def own_client(server, service, account="123412341234"):
    return boto3.Session(account, "test", region_name="eu-west-1").client(service, endpoint_url=server.endpoint)


def test_start_prints_address_data_and_ready(own):
    assert f"127.0.0.1:{own.port}" in own.output[0]
    assert str(own.data) in own.output[0]
    assert own.output[1] == "Ready.\n"


def test_data_outlives_the_process_and_accounts_are_apart(own, tmp_path):
    own_client(own, "kinesis").create_stream(StreamName="kept", ShardCount=1)
    own.stop()
    again = Server(tmp_path / "data")
    try:
        assert own_client(again, "kinesis").list_streams()["StreamNames"] == ["kept"]
        assert own_client(again, "kinesis", "999999999999").list_streams()["StreamNames"] == []
    finally:
        again.stop()


def test_two_servers_cannot_share_a_directory(own, tmp_path):
    second = subprocess.run([binary(), "--port", "0", "--data", own.data], capture_output=True, text=True, timeout=300)
    assert second.returncode != 0
    assert str(own.data) in second.stderr and str(own.process.pid) in second.stderr


@pytest.mark.parametrize("path", ["/_cadabra/reset", "/moto-api/reset"])
def test_reset_empties_everything(own, path):
    kinesis, dynamodb = own_client(own, "kinesis"), own_client(own, "dynamodb")
    kinesis.create_stream(StreamName="gone", ShardCount=1)
    dynamodb.create_table(TableName="gone", BillingMode="PAY_PER_REQUEST",
                          AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
                          KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}])
    request = urllib.request.Request(own.endpoint + path, method="POST")
    assert urllib.request.urlopen(request).status == 200
    assert kinesis.list_streams()["StreamNames"] == []
    assert dynamodb.list_tables()["TableNames"] == []


def test_help_and_version():
    text = subprocess.run([binary(), "--help"], capture_output=True, text=True, check=True).stdout
    for flag in ("--port", "--data", "--memory", "--durability", "--auth", "--account", "--trace"):
        assert flag in text
    assert subprocess.run([binary(), "--version"], capture_output=True, text=True, check=True).stdout.startswith("cadabra ")


@pytest.mark.parametrize("arguments", [["--port", "x"], ["--port", "70000"], ["--nonsense"], ["--auth", "maybe"], ["--account", "12"]])
def test_bad_options_say_what_to_do(arguments, tmp_path):
    done = subprocess.run([binary(), "--data", tmp_path, *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert arguments[0] in done.stderr and "--help" in done.stderr


@pytest.mark.parametrize("body", ['{"StreamName"', "", "[]", "nul", '{"a":1}}', "[" * 10_000, '{"a":' * 10_000, b"\xff\xfe{}"])
def test_malformed_json(endpoint, body):
    answer = json_call(endpoint, "Kinesis_20131202.DescribeStream", body)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"SerializationException" in answer
    still_serves(endpoint)


def test_unknown_target_and_operation_not_built(endpoint):
    assert b"UnknownOperationException" in json_call(endpoint, "Kinesis_20131202.Nonsense", "{}")
    assert b"UnknownOperationException" in json_call(endpoint, "Nothing_20200101.Nonsense", "{}")
    answer = json_call(endpoint, "Logs_20140328.ListAnomalies", "{}")
    assert answer.startswith(b"HTTP/1.1 501 ") and b"ListAnomalies" in answer


def test_unknown_action_of_the_query_protocol(endpoint):
    body = b"Action=Nonsense&Version=2011-06-15"
    answer = exchange(endpoint, b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                      b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    assert b"<Code>InvalidAction</Code>" in answer


def test_a_body_larger_than_allowed(endpoint):
    with connect(endpoint) as s:
        s.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.0\r\n"
                  b"X-Amz-Target: DynamoDB_20120810.PutItem\r\nContent-Length: 900000000\r\nExpect: 100-continue\r\n\r\n")
        assert s.recv(4096).startswith(b"HTTP/1.1 413 ")
    still_serves(endpoint)


def test_half_a_request_and_hanging_up(endpoint):
    for raw in (b"", b"P", b"POST / HT", b"POST / HTTP/1.1\r\nHost: x\r\n", b"PRI * HT",
                b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: Kinesis_20131202.ListStreams\r\nContent-Length: 100\r\n\r\n{"):
        s = connect(endpoint)
        s.sendall(raw)
        s.close()
    still_serves(endpoint)


def test_silent_connections_do_not_hold_up_others(endpoint):
    silent = [connect(endpoint) for _ in range(200)]
    still_serves(endpoint)
    for s in silent:
        s.close()


def test_tls_is_refused_at_once(endpoint):
    with connect(endpoint) as s:
        s.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 100)
        assert s.recv(100) == b"\x15\x03\x01\x00\x02\x02\x46"


@pytest.mark.parametrize("headers", ["Origin: https://evil.example\r\n", "Host: evil.example\r\n"])
def test_browsers_of_other_sites_are_refused(endpoint, headers):
    host = "" if headers.startswith("Host") else "Host: 127.0.0.1\r\n"
    answer = exchange(endpoint, f"POST / HTTP/1.1\r\n{host}{headers}Content-Type: application/x-amz-json-1.1\r\n"
                      "X-Amz-Target: Kinesis_20131202.ListStreams\r\nContent-Length: 2\r\n\r\n{}".encode())
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"--allow-" in answer


def test_one_log_line_per_request(own):
    own_client(own, "kinesis", "123412341234").list_streams()
    own.stop()
    lines = [line for line in own.log.read_text().splitlines() if "ListStreams" in line]
    assert len(lines) == 1
    for part in ("123412341234", "eu-west-1", "kinesis", "200"):
        assert part in lines[0]


def test_trace_records_requests_and_answers(tmp_path):
    server = Server(tmp_path / "data", "--trace", str(tmp_path / "trace.jsonl"))
    own_client(server, "kinesis").create_stream(StreamName="traced", ShardCount=1)
    server.stop()
    lines = [json.loads(line) for line in pathlib.Path(tmp_path / "trace.jsonl").read_text().splitlines()]
    assert any("traced" in json.dumps(line) for line in lines)
    assert "Signature=***" in json.dumps(lines)
    assert not re.search(r"Signature=[0-9a-f]", json.dumps(lines)), "a trace must not hold signatures"


def test_memory_keeps_nothing(tmp_path):
    server = Server(tmp_path / "data", "--memory")
    own_client(server, "kinesis").create_stream(StreamName="brief", ShardCount=1)
    server.stop()
    assert not (tmp_path / "data").exists()
