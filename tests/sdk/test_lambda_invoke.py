"""Lambda: what functions see, what they may do, how they fail."""

import base64
import concurrent.futures
import json
import os
import pathlib
import re
import time
import urllib.request

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lambda_kit import c_program, create, eventually, invoke, package
from server import Server

NODE = "nodejs20.x"


@pytest.fixture
def functions(client):
    return client("lambda", config=Config(read_timeout=300))


def tail(client, event=None, name="f"):
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event or {}), LogType="Tail")
    answer["Payload"].read()
    return base64.b64decode(answer["LogResult"]).decode()


# --- what a function sees ---


def test_context_and_environment(functions, account):
    create(
        functions,
        """
import os
print("loaded")
def handler(event, context):
    print("hello", event)
    return {"id": context.aws_request_id, "name": context.function_name, "memory": context.memory_limit_in_mb,
            "arn": context.invoked_function_arn, "group": context.log_group_name,
            "stream": context.log_stream_name, "version": context.function_version,
            "left": context.get_remaining_time_in_millis(), "client": context.client_context.custom,
            "cwd": os.getcwd(), "env": dict(os.environ)}
""",
        Environment={"Variables": {"MINE": "yes"}},
        Timeout=900,
    )
    context = base64.b64encode(json.dumps({"custom": {"k": "v"}, "client": {"app_title": "t"}}).encode()).decode()
    answer = functions.invoke(FunctionName="f", Payload='{"x": "ü"}', ClientContext=context)
    assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST"
    seen = json.loads(answer["Payload"].read())
    assert seen["id"] == answer["ResponseMetadata"]["RequestId"]
    assert (seen["name"], seen["memory"], seen["version"]) == ("f", "128", "$LATEST")
    assert seen["arn"] == f"arn:aws:lambda:us-east-1:{account}:function:f"
    assert seen["group"] == "/aws/lambda/f"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", seen["stream"])
    assert 600_000 < seen["left"] <= 900_000
    assert seen["client"] == {"k": "v"}
    env = seen["env"]
    assert env["MINE"] == "yes"
    assert env["LAMBDA_TASK_ROOT"] == seen["cwd"]
    assert env["AWS_ACCESS_KEY_ID"] == account
    assert env["AWS_REGION"] == env["AWS_DEFAULT_REGION"] == "us-east-1"
    assert env["_HANDLER"] == "app.handler"


def test_it_calls_back_into_its_own_account(functions, client):
    create(
        functions,
        "import boto3\ndef handler(e, c):\n    return boto3.client('lambda').list_functions()['Functions'][0]['FunctionName']\n",
        name="me",
        Timeout=30,
        MemorySize=512,
    )
    assert invoke(functions, name="me") == ("me", None)


def test_an_old_botocore_calls_back_too(functions):
    """Before 1.31 botocore did not read AWS_ENDPOINT_URL; this one says that it is old."""
    old = {
        "botocore/__init__.py": "__version__ = '1.29.27'\n",
        "botocore/session.py": "class Session:\n    def create_client(self, *args, **more):\n        return [*args, more]\n",
        "app.py": "import botocore.session\ndef handler(e, c):\n    return botocore.session.Session().create_client('s3', config=1)\n",
    }
    create(functions, old)
    seen, error = invoke(functions)
    assert error is None and seen[0] == "s3" and seen[5].startswith("http://127.0.0.1:") and seen[6] == {"config": 1}


def test_nothing_is_inherited(functions):
    create(functions, "import os\ndef handler(e, c):\n    return [os.readlink(f'/proc/self/fd/{n}') for n in sorted(os.listdir('/proc/self/fd')) if os.path.exists(f'/proc/self/fd/{n}')]\n")
    links, _ = invoke(functions)
    assert links[0] == "/dev/null"
    assert all(link.startswith(("pipe:", "socket:", "/proc/")) for link in links[1:]), links
    assert len([link for link in links if link.startswith("socket:")]) == 1


def test_payloads(functions):
    create(functions, "def handler(e, c):\n    return e\n")
    for event in (None, True, 0, "text", [], {}, {"a": {"b": [1.5, None, "ü\n\u2028"]}}):
        answer = functions.invoke(FunctionName="f", Payload=json.dumps(event))
        assert json.loads(answer["Payload"].read()) == event
    assert json.loads(functions.invoke(FunctionName="f")["Payload"].read()) == {}
    for bad in ("{", "nope", '{"a": 1} x', "\xff"):
        with pytest.raises(ClientError) as caught:
            functions.invoke(FunctionName="f", Payload=bad.encode("latin-1"))
        assert caught.value.response["Error"]["Code"] == "InvalidRequestContentException"


def test_limits_of_payloads(functions):
    create(functions, "def handler(e, c):\n    return 'x' * e['n'] if 'n' in e else len(e['x'])\n", Timeout=30, MemorySize=512)
    big = json.dumps({"x": "a" * (6 * 1024 * 1024 - 9)})
    assert len(big) == 6 * 1024 * 1024
    assert json.loads(functions.invoke(FunctionName="f", Payload=big)["Payload"].read()) == 6 * 1024 * 1024 - 9
    with pytest.raises(ClientError) as caught:
        functions.invoke(FunctionName="f", Payload=big + " ")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert caught.value.response["Error"]["Code"] == "RequestEntityTooLargeException"
    assert "6291457 byte payload is too large for the RequestResponse" in caught.value.response["Error"]["Message"]
    with pytest.raises(ClientError) as caught:
        functions.invoke(FunctionName="f", InvocationType="Event", Payload=json.dumps("a" * (1 << 20)))
    assert "(limit 1048576 bytes)" in caught.value.response["Error"]["Message"]
    large, error = invoke(functions, {"n": 6 * 1024 * 1024 + 98})
    assert error is None and len(large) == 6 * 1024 * 1024 + 98
    too_large, error = invoke(functions, {"n": 6 * 1024 * 1024 + 99})
    assert error == "Unhandled" and too_large["errorType"] == "Function.ResponseSizeTooLarge"
    assert too_large["errorMessage"] == "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    assert invoke(functions, {"x": "ok"}) == (2, None)


def test_dry_run(functions):
    create(functions, "def handler(e, c):\n    return 1\n")
    assert functions.invoke(FunctionName="f", InvocationType="DryRun")["StatusCode"] == 204
    with pytest.raises(ClientError):
        functions.invoke(FunctionName="g", InvocationType="DryRun")


def test_log_tail(functions):
    create(functions, "def handler(e, c):\n    print('one\\ntwo')\n    print('x' * e.get('n', 0))\n")
    log = tail(functions)
    lines = log.splitlines()
    assert re.fullmatch(r"START RequestId: [0-9a-f-]{36} Version: \$LATEST", lines[0])
    assert lines[1:3] == ["one", "two"]
    assert re.fullmatch(
        r"REPORT RequestId: [0-9a-f-]{36}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t"
        r"Max Memory Used: \d+ MB\tInit Duration: [\d.]+ ms\t",
        lines[-1],
    )
    assert "Init Duration" not in tail(functions)
    long = tail(functions, {"n": 10000})
    assert len(long) == 4096 and long.splitlines()[-1].startswith("REPORT")


def test_python_decimals_and_bytes(functions):
    create(functions, "from decimal import Decimal\ndef handler(e, c):\n    return {'a': Decimal('1.10'), 'b': 'ü'}\n")
    raw = functions.invoke(FunctionName="f")["Payload"].read().decode()
    assert raw == '{"a": 1.10, "b": "ü"}'


def test_modules_in_folders(functions):
    files = {"src/app/main.py": "from src.lib import value\ndef run(e, c):\n    return value\n", "src/lib.py": "value = 42\n"}
    create(functions, files, name="slash", handler="src/app/main.run")
    create(functions, files, name="dot", handler="src.app.main.run")
    assert invoke(functions, name="slash") == invoke(functions, name="dot") == (42, None)


def test_state_is_kept_while_warm(functions):
    create(functions, "n = 0\ndef handler(e, c):\n    global n\n    n += 1\n    return n\n")
    assert [invoke(functions)[0] for _ in range(3)] == [1, 2, 3]


def test_old_runtime_names_run(functions):
    for i, runtime in enumerate(("python3.8", "python3.13", "nodejs14.x")):
        code = {"app.py": "def handler(e, c):\n    return 1\n", "app.js": "exports.handler = async () => 1"}
        create(functions, code, name=f"f{i}", runtime=runtime)
        assert invoke(functions, name=f"f{i}") == (1, None)


def test_many_at_once_run_side_by_side(functions, tmp_path):
    """Each waits until all of them are there."""
    create(functions, f"""
import os, time
def handler(e, c):
    open({str(tmp_path)!r} + "/" + c.aws_request_id, "w").close()
    while len(os.listdir({str(tmp_path)!r})) < 8:
        time.sleep(0.05)
    return os.getpid()
""", Timeout=200)  # fmt: skip
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: invoke(functions), range(8)))
    assert {error for _, error in answers} == {None} and len({pid for pid, _ in answers}) == 8


# --- how Python fails ---


@pytest.mark.parametrize(
    ("code", "handler", "error_type", "words"),
    [
        ("import nothing_there\n", "app.handler", "Runtime.ImportModuleError", "Unable to import module 'app': No module named 'nothing_there'"),
        ("x = 1\n", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("def handler(\n", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("def handler(e, c):\n    return 1\n", "other.handler", "Runtime.ImportModuleError", "Unable to import module 'other'"),
        ("def handler(e, c):\n    return 1\n", "app", "Runtime.MalformedHandlerName", "Bad handler 'app'"),
        ("raise RuntimeError('while loading')\n", "app.handler", "RuntimeError", "while loading"),
        ("def handler(e, c):\n    return {1, 2}\n", "app.handler", "Runtime.MarshalError", "Unable to marshal response: Object of type set is not JSON serializable"),
        ("def handler(e):\n    return 1\n", "app.handler", "TypeError", "positional argument"),
        ("class Mine(Exception):\n    pass\ndef handler(e, c):\n    raise Mine('so')\n", "app.handler", "Mine", "so"),
    ],
)
def test_python_errors(functions, code, handler, error_type, words):
    create(functions, code, handler=handler)
    for _ in range(2):
        answer = functions.invoke(FunctionName="f")
        body = json.loads(answer["Payload"].read())
        assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
        assert body["errorType"] == error_type and words in body["errorMessage"]
        assert isinstance(body["stackTrace"], list)
    if error_type == "Mine":
        assert len(body["stackTrace"]) == 1 and "line 4, in handler\n    raise Mine('so')" in body["stackTrace"][0]
        assert "[ERROR] Mine: so\nTraceback (most recent call last):" in tail(functions)


# --- Node.js ---


@pytest.mark.parametrize(
    ("files", "handler", "result"),
    [
        ({"app.js": "exports.handler = async (event) => ({got: event})"}, "app.handler", {"got": {"n": 1}}),
        ({"app.js": "exports.handler = (event, context, callback) => callback(null, event.n + 1)"}, "app.handler", 2),
        ({"app.js": "exports.handler = (e, c, cb) => setTimeout(() => cb(null, 'late'), 20)"}, "app.handler", "late"),
        ({"app.js": "exports.handler = (e, context) => context.succeed('old')"}, "app.handler", "old"),
        ({"app.js": "exports.handler = () => {}"}, "app.handler", None),
        ({"app.mjs": "import fs from 'node:fs';\nexport const handler = async () => typeof fs.readFileSync"}, "app.handler", "function"),
        ({"app.js": "export const handler = async () => import.meta.url.length > 0", "package.json": '{"type": "module"}'}, "app.handler", True),
        ({"app.cjs": "exports.handler = async () => 'cjs'"}, "app.handler", "cjs"),
        ({"src/api/app.js": "const x = require('../lib'); exports.nested = {fn: async () => x}", "src/lib.js": "module.exports = 7"}, "src/api/app.nested.fn", 7),
        ({"app.js": "const x = require('dep'); exports.handler = async () => x", "node_modules/dep/index.js": "module.exports = 'dep'"}, "app.handler", "dep"),
        ({"app.js": "exports.handler = async (e, c) => [c.functionName, c.memoryLimitInMB, c.getRemainingTimeInMillis() > 1000, c.awsRequestId.length]"}, "app.handler", ["f", "128", True, 36]),
    ],
)
def test_node(functions, files, handler, result):
    create(functions, files, runtime=NODE, handler=handler)
    for _ in range(2):
        assert invoke(functions, {"n": 1}) == (result, None)


@pytest.mark.parametrize(
    ("code", "handler", "error_type", "words"),
    [
        ("exports.handler = async () => { throw new TypeError('bad') }", "app.handler", "TypeError", "bad"),
        ("exports.handler = (e, c, cb) => cb(new Error('called back'))", "app.handler", "Error", "called back"),
        ("exports.handler = (e, c, cb) => cb('text')", "app.handler", "string", "text"),
        ("exports.handler = (e, c) => c.fail(new Error('failed'))", "app.handler", "Error", "failed"),
        ("exports.handler = () => { throw new Error('sync') }", "app.handler", "Error", "sync"),
        ("require('not-there')", "app.handler", "Runtime.ImportModuleError", "Cannot find module 'not-there'"),
        ("exports.other = 1", "app.handler", "Runtime.HandlerNotFound", "app.handler is undefined or not exported"),
        ("exports.handler = 1", "app.handler", "Runtime.HandlerNotFound", "app.handler is not a function"),
        ("exports.handler = (", "app.handler", "Runtime.UserCodeSyntaxError", "SyntaxError"),
        ("exports.handler = async () => {}", "other.handler", "Runtime.ImportModuleError", "Cannot find module 'other'"),
        ("exports.handler = async () => { setImmediate(() => { throw new Error('loose') }); await new Promise(() => {}) }", "app.handler", "Error", "loose"),
        ("exports.handler = async () => { Promise.reject(new Error('nobody')); await new Promise(r => setTimeout(r, 500)) }", "app.handler", "Runtime.UnhandledPromiseRejection", "Error: nobody"),
        ("exports.handler = async () => { await new Promise(() => {}) }", "app.handler", "Runtime.NodeJsExit", "unexpected Node.js exit code"),
        ("exports.handler = async () => { process.exit(3) }", "app.handler", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
    ],
)
def test_node_errors(functions, code, handler, error_type, words):
    create(functions, {"app.js": code}, runtime=NODE, handler=handler, Timeout=10)
    body, error = invoke(functions)
    assert error == "Unhandled"
    assert body["errorType"] == error_type and words in body["errorMessage"], body


def test_node_logs(functions):
    create(functions, {"app.js": "exports.handler = async () => { console.log('a', {b: 1}); console.error('two\\nlines') }"}, runtime=NODE)
    log = tail(functions)
    assert re.search(r"^\S+Z\t[0-9a-f-]{36}\tINFO\ta \{ b: 1 \}$", log, re.M)
    assert "\tERROR\ttwo\nlines\n" in log


# --- custom runtimes ---


def test_a_runtime_in_c(functions, tmp_path):
    code = package({"bootstrap": c_program(tmp_path)}, {"bootstrap": 0o755})
    create(functions, code, runtime="provided.al2023", handler="any")
    for n in range(3):
        assert invoke(functions, {"n": n}) == ({"n": n}, None)
    assert invoke(functions, {"fail": 1}) == ({"errorType": "Custom", "errorMessage": "as asked"}, "Unhandled")
    body, error = invoke(functions, {"exit": 1})
    assert error == "Unhandled" and body["errorType"] == "Runtime.ExitError"
    assert body["errorMessage"].endswith("Error: Runtime exited with error: exit status 7")
    assert invoke(functions, {"n": 9}) == ({"n": 9}, None)
    assert "event of 8 bytes\n" in tail(functions, {"n": 1})


def test_a_shell_script_as_runtime(functions):
    script = """#!/bin/sh
while :; do
  HEADERS=$(mktemp)
  EVENT=$(curl -sS -LD "$HEADERS" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next")
  ID=$(grep -i Lambda-Runtime-Aws-Request-Id "$HEADERS" | tr -d '[:space:]' | cut -d: -f2)
  rm "$HEADERS"
  curl -sS "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$ID/response" -d "$EVENT" >/dev/null
done
"""
    create(functions, package({"bootstrap": script}, {"bootstrap": 0o755}), runtime="provided.al2", handler="x")
    assert invoke(functions, {"a": "b"}) == ({"a": "b"}, None)


def test_a_bootstrap_that_is_none(functions):
    create(functions, package({"other": "x"}), runtime="provided.al2023", handler="x")
    body, error = invoke(functions)
    assert error == "Unhandled" and body["errorType"] == "Runtime.InvalidEntrypoint"
    create(functions, package({"bootstrap": b"\x7fELF nonsense"}, {"bootstrap": 0o755}), name="g", runtime="provided.al2023", handler="x")
    body, error = invoke(functions, name="g")
    assert error == "Unhandled" and body["errorType"] in ("Runtime.InvalidEntrypoint", "Runtime.ExitError")


# --- misbehaviour ---


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_timeout_kills_everything(functions, tmp_path):
    pids = tmp_path / "pids"
    create(
        functions,
        f"""
import os, subprocess, time
def handler(event, context):
    child = subprocess.Popen(["sleep", "1000"])
    hidden = subprocess.Popen(["setsid", "sh", "-c", "sleep 1001 & sleep 1002"])
    daemon = subprocess.run(["setsid", "sh", "-c", "sleep 1003 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True)
    open({str(pids)!r}, "w").write(f"{{os.getpid()}} {{child.pid}} {{hidden.pid}} {{daemon.stdout}}")
    time.sleep(600)
""",
        Timeout=5,
    )
    began = time.monotonic()
    body, error = invoke(functions)
    assert 4.9 < time.monotonic() - began < 500
    assert error == "Unhandled" and body["errorType"] == "Sandbox.Timedout"
    assert re.fullmatch(r"RequestId: [0-9a-f-]{36} Error: Task timed out after 5\.00 seconds", body["errorMessage"])
    numbers = [int(n) for n in pids.read_text().split()]
    assert len(numbers) == 4
    eventually(lambda: not any(alive(n) for n in numbers))


def test_the_next_invocation_after_a_timeout_is_well(functions):
    create(functions, "import time\ndef handler(e, c):\n    time.sleep(e.get('s', 0))\n    return 'ok'\n", Timeout=3)
    assert invoke(functions, {"s": 100})[1] == "Unhandled"
    assert invoke(functions) == ("ok", None)
    log = tail(functions, {"s": 100})
    assert "Task timed out after 3.00 seconds" in log and "Status: timeout" in log


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os\ndef handler(e, c):\n    os._exit(1)\n", "Runtime exited with error: exit status 1"),
        ("import sys\ndef handler(e, c):\n    sys.exit(0)\n", "Runtime exited without providing a reason"),
        ("import os\ndef handler(e, c):\n    os.abort()\n", "Runtime exited with error: signal: aborted"),
        ("import os, signal\ndef handler(e, c):\n    os.kill(os.getpid(), signal.SIGKILL)\n", "Runtime exited with error: signal: killed"),
        ("import os\nos._exit(4)\n", "Runtime exited with error: exit status 4"),
    ],
)
def test_crashes(functions, code, words):
    create(functions, code)
    body, error = invoke(functions)
    assert error == "Unhandled" and body["errorType"] == "Runtime.ExitError"
    assert body["errorMessage"].lower().endswith(words.lower()), body


def test_too_much_memory(functions):
    create(functions, "def handler(e, c):\n    x = []\n    while True:\n        x.append(bytearray(1 << 20))\n", Timeout=60)
    body, error = invoke(functions)
    assert error == "Unhandled"
    assert body["errorType"] == "Runtime.ExitError"
    assert body["errorMessage"].endswith("Runtime exited with error: signal: killed")
    assert "Error Type: Runtime.OutOfMemory" in tail(functions)


def test_a_flood_of_output(functions, endpoint):
    create(functions, "import os\ndef handler(e, c):\n    for _ in range(3000):\n        os.write(1, b'y' * 65535 + b'\\n')\n    return 'done'\n", Timeout=280)
    assert invoke(functions) == ("done", None)
    log = tail(functions)
    assert "beyond 8388608 bytes is dropped" in log and log.splitlines()[-1].startswith("REPORT")


def test_a_fork_bomb(functions):
    bomb = "import os, time\ndef handler(e, c):\n    for _ in range(2000):\n        try:\n            if os.fork() == 0:\n                os.setsid()\n                time.sleep(1000)\n        except OSError:\n            pass\n    time.sleep(60)\n"
    create(functions, bomb, Timeout=30, name="forks", MemorySize=3008)
    body, error = invoke(functions, name="forks")
    assert error == "Unhandled" and body["errorType"] in ("Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout")

    def left():
        return [p for p in pathlib.Path("/proc").glob("[0-9]*") if b"_HANDLER=app.handler\0AWS_LAMBDA_FUNCTION_NAME=forks" in environ(p)]

    eventually(lambda: not left())


def environ(process):
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""


def test_deleting_kills(functions, tmp_path):
    create(functions, "import os\ndef handler(e, c):\n    return os.getpid()\n")
    pid, _ = invoke(functions)
    assert alive(pid)
    functions.delete_function(FunctionName="f")
    eventually(lambda: not alive(pid))


# --- events ---


def test_an_event_runs_later(functions, tmp_path):
    out = tmp_path / "out"
    create(functions, f"import json\ndef handler(e, c):\n    open({str(out)!r}, 'a').write(json.dumps(e) + c.aws_request_id)\n")
    answer = functions.invoke(FunctionName="f", InvocationType="Event", Payload='{"n": 1}')
    assert answer["StatusCode"] == 202 and answer["Payload"].read() == b""
    text = eventually(lambda: out.exists() and out.read_text())
    assert text == '{"n": 1}' + answer["ResponseMetadata"]["RequestId"]
    functions.invoke_async(FunctionName="f", InvokeArgs=b'{"n": 2}')
    eventually(lambda: '{"n": 2}' in out.read_text())


def test_log_lines_are_in_cloudwatch_logs(functions, client):
    create(functions, "def handler(e, c):\n    print('one')\n    print('two')\n    return c.log_stream_name\n")
    stream, _ = invoke(functions)
    logs = client("logs")

    def events():
        try:
            found = logs.get_log_events(logGroupName="/aws/lambda/f", logStreamName=stream, startFromHead=True)
        except ClientError:
            return None
        return len(found["events"]) >= 5 and found["events"]

    messages = [e["message"] for e in eventually(events)]
    assert messages[0].startswith("START RequestId: ") and messages[0].endswith("Version: $LATEST\n")
    assert messages[1:3] == ["one\n", "two\n"]
    assert messages[3].startswith("END RequestId: ") and messages[4].startswith("REPORT RequestId: ")
    assert [g["logGroupName"] for g in logs.describe_log_groups()["logGroups"]] == ["/aws/lambda/f"]


# --- with a server of their own ---


@pytest.fixture
def own_server(tmp_path):
    server = Server(tmp_path / "data", "--test-clock")
    yield server
    server.stop()


def own_client(server, service):
    return boto3.client(service, endpoint_url=server.endpoint, region_name="us-east-1",
                        aws_access_key_id="123456789012", aws_secret_access_key="test",
                        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=200, read_timeout=700))


def post(server, path, body=b""):
    urllib.request.urlopen(urllib.request.Request(server.endpoint + path, data=body, method="POST")).read()


def test_failed_events_are_tried_three_times(own_server, tmp_path):
    out = tmp_path / "out"
    functions = own_client(own_server, "lambda")
    create(functions, f"def handler(e, c):\n    open({str(out)!r}, 'a').write(c.aws_request_id + ' ')\n    raise ValueError\n")
    functions.invoke(FunctionName="f", InvocationType="Event")
    tries = lambda: len(out.read_text().split()) if out.exists() else 0
    eventually(lambda: tries() == 1)
    for n, seconds in ((2, 61), (3, 121)):
        time.sleep(0.5)
        assert tries() == n - 1
        while tries() < n:  # again, where the server had not noted the failure yet
            post(own_server, "/_cadabra/clock", json.dumps({"advance_ms": seconds * 1000}).encode())
            end = time.monotonic() + 5
            while tries() < n and time.monotonic() < end:
                time.sleep(0.05)
    time.sleep(0.5)
    post(own_server, "/_cadabra/clock", b'{"advance_ms": 4000000}')
    time.sleep(1.5)
    assert tries() == 3 and len(set(out.read_text().split())) == 1


def test_a_reset_ends_everything(own_server):
    functions = own_client(own_server, "lambda")
    create(functions, "import os, time\ndef handler(e, c):\n    time.sleep(e.get('s', 0))\n    return os.getpid()\n", Timeout=900)
    pid, _ = invoke(functions)
    functions.invoke(FunctionName="f", InvocationType="Event", Payload='{"s": 900}')
    time.sleep(0.3)
    began = time.monotonic()
    post(own_server, "/_cadabra/reset")
    assert time.monotonic() - began < 500
    assert not alive(pid)
    assert functions.list_functions()["Functions"] == []
    create(functions, "def handler(e, c):\n    return 1\n")
    assert invoke(functions) == (1, None)


def test_the_limit_of_sandboxes(own_server, tmp_path):
    """110 events, none of which ends before ten were turned away."""
    functions = own_client(own_server, "lambda")
    os.mkfifo(tmp_path / "gate")
    script = f"""#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
id=$(curl -sD - -o /dev/null "$api/next" | grep -i request-id | tr -d '\\r' | cut -d' ' -f2)
: <"{tmp_path}/gate"
curl -s -X POST -d '"ran"' "$api/$id/response" >/dev/null
sleep 1000
"""
    create(functions, package({"bootstrap": script}, {"bootstrap": 0o755}), runtime="provided.al2023", handler="x", Timeout=600)
    results = []

    def call(_):
        try:
            results.append(invoke(functions))
        except ClientError as e:
            results.append(e.response["Error"]["Code"])

    with concurrent.futures.ThreadPoolExecutor(110) as pool:
        calls = [pool.submit(call, n) for n in range(110)]
        try:
            eventually(lambda: len(results) == 10)
        finally:
            gate = os.open(tmp_path / "gate", os.O_RDWR)  # it is open for all, now or later
            concurrent.futures.wait(calls)
            os.close(gate)
    assert results[:10] == ["TooManyRequestsException"] * 10
    assert results[10:] == [("ran", None)] * 100
