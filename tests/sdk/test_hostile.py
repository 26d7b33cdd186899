"""What hostile and clumsy users do that takes several clients, processes or a server of one's own."""

import concurrent.futures
import os
import pathlib
import socket
import struct
import threading

import botocore.exceptions

from lambda_kit import create, eventually, invoke, package
from test_server import own, still_serves  # noqa: F401


def code_of(call):
    try:
        return call() or "ok"
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]


def test_a_function_can_be_invoked_while_it_is_updated(client):
    aws = client("lambda")
    create(aws, "def handler(event, context): return 0")
    stop = threading.Event()

    def update():
        for n in range(30):
            zipped = package({"app.py": f"def handler(event, context): return {n}"})
            aws.update_function_code(FunctionName="f", ZipFile=zipped)
        stop.set()

    def call(_):
        while not stop.is_set():
            answer, error = invoke(aws)
            assert isinstance(answer, int) and error is None

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(call, n) for n in range(6)]
        threads.submit(update).result()
        for done in calls:
            done.result()


def test_a_function_that_goes_while_it_is_invoked(client):
    aws = client("lambda")
    zipped = package({"app.py": "def handler(event, context): return 1"})

    def call(n):
        if n % 6 == 0:
            return code_of(lambda: create(aws, zipped) and None)
        if n % 6 == 3:
            return code_of(lambda: aws.delete_function(FunctionName="f") and None)
        return code_of(lambda: aws.invoke(FunctionName="f") and None)

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        seen = set(threads.map(call, range(180)))
    assert seen <= {"ok", "ResourceNotFoundException", "ResourceConflictException"}


DAEMON = """
import os
def handler(event, context):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            os.execve("/bin/sleep", ["sleep", "8765"], {})
        os._exit(0)
    os.wait()
    return os.getpid()
"""


def running(arguments):
    found = []
    for pid in os.listdir("/proc"):
        try:
            if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1] == arguments:
                found.append(pid)
        except OSError:
            pass
    return found


def test_a_daemon_without_environment_ends_with_its_sandbox(client):
    aws = client("lambda")
    create(aws, DAEMON)
    assert invoke(aws)[1] is None
    assert len(eventually(lambda: running([b"sleep", b"8765"]))) == 1
    aws.delete_function(FunctionName="f")
    eventually(lambda: not running([b"sleep", b"8765"]))


LATE = """
import os, socket, threading, time
def answer_late(request_id):
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
    text = f"POST /2018-06-01/runtime/invocation/{request_id}x/response HTTP/1.1\\r\\nHost: {host}:{port}\\r\\nContent-Length: 1\\r\\n\\r\\n1"
    s = socket.create_connection((host, int(port)))
    while True:
        s.sendall(text.encode())
        s.recv(4096)
def handler(event, context):
    for _ in range(4):
        threading.Thread(target=answer_late, args=(context.aws_request_id,), daemon=True).start()
    time.sleep(100)
"""


def test_answers_around_the_timeout(client, endpoint):
    aws = client("lambda")
    create(aws, LATE, Timeout=1)
    for _ in range(3):
        answer, error = invoke(aws)
        assert error == "Unhandled" and "timed out after 1.00 seconds" in answer["errorMessage"]
    still_serves(endpoint)


def test_one_of_many_creates(client):
    kinesis, dynamodb, logs = client("kinesis"), client("dynamodb"), client("logs")
    table = {"TableName": "many", "BillingMode": "PAY_PER_REQUEST",
             "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
             "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}]}
    for create_it, refusal in (
        (lambda _: code_of(lambda: kinesis.create_stream(StreamName="many", ShardCount=1) and None), "ResourceInUseException"),
        (lambda _: code_of(lambda: dynamodb.create_table(**table) and None), "ResourceInUseException"),
        (lambda _: code_of(lambda: logs.create_log_group(logGroupName="many") and None), "ResourceAlreadyExistsException"),
    ):
        with concurrent.futures.ThreadPoolExecutor(32) as threads:
            seen = list(threads.map(create_it, range(32)))
        assert sorted(set(seen)) == [refusal, "ok"] and seen.count("ok") == 1


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def test_answers_that_are_never_read_hold_no_descriptors(own):  # noqa: F811
    head = b"".join(literal(*pair) for pair in (
        (":method", "POST"), (":scheme", "http"), (":authority", "127.0.0.1"), (":path", "/"),
        ("x-amz-target", "Kinesis_20131202.ListStreams"), ("content-type", "application/x-amz-json-1.1")))
    no_window = frame(4, 0, 0, struct.pack(">HI", 4, 0))
    requests = b"".join(frame(1, 4, n, head) + frame(0, 1, n, b"{}") for n in range(1, 200, 2))
    descriptors = pathlib.Path(f"/proc/{own.process.pid}/fd")
    still_serves(own.endpoint)
    before = len(list(descriptors.iterdir()))
    with socket.create_connection(("127.0.0.1", own.port)) as s:
        s.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + no_window + requests)
        frames = s.makefile("rb")
        answered = 0
        while answered < 100:
            size, kind = struct.unpack(">I", b"\0" + frames.read(3))[0], frames.read(1)[0]
            frames.read(5 + size)
            answered += kind == 1
        eventually(lambda: len(list(descriptors.iterdir())) < before + 20)
    still_serves(own.endpoint)
