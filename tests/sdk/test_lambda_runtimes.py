"""Ruby, extensions, wrappers, JSON logs: what runs beside and around a function."""

import base64
import json
import re
import shutil

import pytest

from lambda_kit import create, eventually, invoke, package, role

EXTENSION = """#!/usr/bin/python3
import json, os, sys, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2020-01-01/extension"
def call(path, body=None, **headers):
    request = urllib.request.Request(api + path, data=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
    with urllib.request.urlopen(request) as answer:
        return answer.headers, json.loads(answer.read())
headers, about = call("/register", b'{"events": ["INVOKE", "SHUTDOWN"]}', Lambda_Extension_Name=os.path.basename(sys.argv[0]))
me = headers["Lambda-Extension-Identifier"]
def note(what):
    with open(os.environ["OUT"], "a") as f:
        f.write(json.dumps(what) + "\\n")
note(about)
while True:
    _, event = call("/event/next", Lambda_Extension_Identifier=me)
    note(event)
    print("extension saw", event["eventType"], flush=True)
    if event["eventType"] == "SHUTDOWN":
        break
"""


@pytest.fixture
def functions(client):
    return client("lambda")


def tail(client, **more):
    answer = client.invoke(FunctionName="f", LogType="Tail", **more)
    return answer["Payload"].read(), base64.b64decode(answer["LogResult"]).decode()


def test_an_extension_sees_invocations_and_the_end(functions, tmp_path, account):
    out = tmp_path / "out"
    made = functions.publish_layer_version(LayerName="x", Content={"ZipFile": package({"extensions/watcher": EXTENSION}, {"extensions/watcher": 0o755})})
    create(functions, "def handler(e, c):\n    return c.aws_request_id\n", Layers=[made["LayerVersionArn"]], Environment={"Variables": {"OUT": str(out)}}, Timeout=10)
    first, second = invoke(functions)[0], invoke(functions)[0]

    def events():
        return [json.loads(line) for line in out.read_text().splitlines()]

    eventually(lambda: len(events()) >= 3)
    assert events()[0] == {"functionName": "f", "functionVersion": "$LATEST", "handler": "app.handler"}
    assert [(e["eventType"], e["requestId"]) for e in events()[1:3]] == [("INVOKE", first), ("INVOKE", second)]
    assert events()[1]["invokedFunctionArn"] == f"arn:aws:lambda:us-east-1:{account}:function:f" and events()[1]["deadlineMs"] > 0
    functions.update_function_configuration(FunctionName="f", Description="another")
    eventually(lambda: events()[-1]["eventType"] == "SHUTDOWN")
    assert events()[-1]["shutdownReason"] == "spindown"


def test_an_extension_that_dies_fails_the_function(functions):
    made = functions.publish_layer_version(LayerName="x", Content={"ZipFile": package({"extensions/bad": "#!/bin/sh\nexit 1\n"}, {"extensions/bad": 0o755})})
    create(functions, "def handler(e, c):\n    return 1\n", Layers=[made["LayerVersionArn"]], Timeout=10)
    assert invoke(functions)[1] == "Unhandled"


STUBBORN = """#!/usr/bin/python3
import json, os, sys, urllib.error, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"]
def call(path, body=None, method="POST", **headers):
    request = urllib.request.Request(api + path, data=body, method=method, headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        answer = urllib.request.urlopen(request)
    except urllib.error.HTTPError as e:
        answer = e
    return answer.status, answer.headers, json.loads(answer.read())
register, name = "/2020-01-01/extension/register", os.path.basename(sys.argv[0])
seen = []
def note(status, headers, body):
    seen.append([status, body.get("errorType"), body.get("errorMessage")])
note(*call(register, b"{}"))
note(*call(register, b'{"events": ["NOPE"]}', Lambda_Extension_Name=name))
note(*call(register, b'{"events"', Lambda_Extension_Name=name))
note(*call(register, b'{"events": ["SHUTDOWN"]}', Lambda_Extension_Name="inside"))
_, headers, about = call(register, b'{"events": ["INVOKE"]}', Lambda_Extension_Name=name, Lambda_Extension_Accept_Feature="accountId")
me = headers["Lambda-Extension-Identifier"]
note(*call(register, b'{"events": []}', Lambda_Extension_Name=name))
note(*call("/2020-01-01/extension/event/next", method="GET"))
note(*call("/2020-01-01/extension/event/next", method="GET", Lambda_Extension_Identifier="x"))
note(*call("/2020-01-01/extension/exit/error", b"{}", Lambda_Extension_Identifier=me))
note(*call("/2022-07-01/telemetry", b"{}", "PUT", Lambda_Extension_Identifier=me))
note(*call("/2020-08-15/logs", b"{}", "PUT", Lambda_Extension_Identifier=me))
call("/2020-01-01/extension/event/next", method="GET", Lambda_Extension_Identifier=me)
note(*call(register, b'{"events": []}', Lambda_Extension_Name="late"))
with open(os.environ["OUT"] + ".new", "w") as f:
    json.dump([about, seen], f)
os.rename(os.environ["OUT"] + ".new", os.environ["OUT"])
call("/2020-01-01/extension/event/next", method="GET", Lambda_Extension_Identifier=me)
call("/2020-01-01/extension/exit/error", b"{}", Lambda_Extension_Identifier=me, Lambda_Extension_Function_Error_Type="Extension.Tired")
"""


def test_what_extensions_are_refused(functions, tmp_path, account):
    out = tmp_path / "out"
    made = functions.publish_layer_version(LayerName="x", Content={"ZipFile": package({"extensions/stubborn": STUBBORN}, {"extensions/stubborn": 0o755})})
    create(functions, "def handler(e, c):\n    return 1\n", Layers=[made["LayerVersionArn"]], Environment={"Variables": {"OUT": str(out)}}, Timeout=20)
    assert invoke(functions)[0] == 1
    eventually(out.exists)
    about, seen = json.loads(out.read_text())
    assert about == {"functionName": "f", "functionVersion": "$LATEST", "handler": "app.handler", "accountId": account}
    assert seen == [
        [403, "Extension.InvalidExtensionName", "Empty extension name"],
        [403, "Extension.InvalidEventType", "NOPE: ErrorInvalidEventType"],
        [403, "InvalidRequestFormat", "The body is not JSON"],
        [403, "Extension.InvalidEventType", "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension"],
        [403, "Extension.AlreadyRegistered", "Extension with this name already registered"],
        [403, "Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header"],
        [403, "Extension.UnknownExtensionIdentifier", "Unknown extension x"],
        [403, "Extension.MissingHeader", "Lambda-Extension-Function-Error-Type not found"],
        [202, "Telemetry.NotSupported", "Telemetry API is not supported"],
        [202, "Logs.NotSupported", "Logs API is not supported"],
        [403, "Extension.RegistrationClosed", "Extension registration closed already"],
    ]


INTERNAL = """
import json, os, threading, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2020-01-01/extension"
seen = []
def call(path, body=None, **headers):
    request = urllib.request.Request(api + path, data=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
    with urllib.request.urlopen(request) as answer:
        return answer.headers, json.loads(answer.read())
headers, about = call("/register", b'{"events": ["INVOKE"]}', Lambda_Extension_Name="inside")
def watch():
    while True:
        seen.append(call("/event/next", Lambda_Extension_Identifier=headers["Lambda-Extension-Identifier"])[1]["requestId"])
        changed.set()
changed = threading.Event()
threading.Thread(target=watch, daemon=True).start()
def handler(e, c):
    changed.wait(10)
    changed.clear()
    return [about["functionName"], seen[-1] == c.aws_request_id]
"""


def test_an_internal_extension(functions):
    create(functions, INTERNAL, Timeout=20)
    assert invoke(functions)[0] == ["f", True]
    assert invoke(functions)[0] == ["f", True]


def test_a_wrapper_around_the_runtime(functions):
    wrapper = "#!/bin/sh\nexport WRAPPED=yes\nexec \"$@\"\n"
    made = functions.publish_layer_version(LayerName="w", Content={"ZipFile": package({"wrapper": wrapper}, {"wrapper": 0o755})})
    create(functions, "import os\ndef handler(e, c):\n    return os.environ.get('WRAPPED')\n", Layers=[made["LayerVersionArn"]], Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}})
    assert invoke(functions)[0] == "yes"


def test_a_bootstrap_in_a_layer(functions):
    script = "#!/bin/sh\nwhile :; do\n  h=$(mktemp)\n  curl -sS -D $h http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next >/dev/null\n  id=$(grep -i request-id $h | tr -d '\\r' | cut -d' ' -f2)\n  curl -sS -X POST -d '\"layer\"' http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response >/dev/null\ndone\n"
    made = functions.publish_layer_version(LayerName="b", Content={"ZipFile": package({"bootstrap": script}, {"bootstrap": 0o755})})
    functions.create_function(FunctionName="f", Runtime="provided.al2023", Role=role(functions), Handler="x", Layers=[made["LayerVersionArn"]], Code={"ZipFile": package({"a": "b"})}, Timeout=10)
    assert invoke(functions)[0] == "layer"


def test_json_logs_of_python(functions):
    code = "import logging\nlog = logging.getLogger('mine')\ndef handler(e, c):\n    log.debug('no')\n    log.info('hello %s', 'you', extra={'order': 7})\n    raise ValueError('bad')\n"
    create(functions, code, LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "INFO"})
    _, text = tail(functions)
    lines = [json.loads(line) for line in text.splitlines()]
    start, hello, error, report = lines
    assert (start["type"], start["record"]["version"]) == ("platform.start", "$LATEST")
    assert (hello["level"], hello["message"], hello["logger"], hello["order"]) == ("INFO", "hello you", "mine", 7)
    assert hello["requestId"] == start["record"]["requestId"]
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "bad")
    assert report["type"] == "platform.report" and report["record"]["status"] == "error"
    assert report["record"]["metrics"]["memorySizeMB"] == 128


def test_json_logs_of_node(functions):
    functions.create_function(
        FunctionName="f", Runtime="nodejs20.x", Role=role(functions), Handler="app.handler", LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "WARN"},
        Code={"ZipFile": package({"app.js": "exports.handler = async () => { console.log('no'); console.warn('careful', 1); console.error({ a: 1 }); }"})},
    )
    lines = [json.loads(line) for line in tail(functions)[1].splitlines()]
    assert [(l["level"], l["message"]) for l in lines] == [("WARN", "careful 1"), ("ERROR", {"a": 1})]


needs_ruby = pytest.mark.skipif(not shutil.which("ruby"), reason="there is no ruby here")


def ruby(functions, code, handler="app.handler"):
    functions.create_function(FunctionName="f", Runtime="ruby3.3", Role=role(functions), Handler=handler, Timeout=10, Code={"ZipFile": package({"app.rb": code})})


@needs_ruby
def test_ruby(functions, account):
    ruby(functions, "def handler(event:, context:)\n  puts 'said'\n  { event: event, name: context.function_name, arn: context.invoked_function_arn, left: context.get_remaining_time_in_millis > 0 }\nend\n")
    payload, text = tail(functions, Payload=json.dumps({"a": "ü"}))
    assert json.loads(payload) == {"event": {"a": "ü"}, "name": "f", "arn": f"arn:aws:lambda:us-east-1:{account}:function:f", "left": True}
    assert "said" in text
    assert invoke(functions)[0]["event"] == {}


@needs_ruby
def test_ruby_classes_and_errors(functions):
    ruby(functions, "module M\n  class H\n    def self.go(event:, context:)\n      raise ArgumentError, 'no' if event['bad']\n      1\n    end\n  end\nend\n", "app.M::H.go")
    assert invoke(functions)[0] == 1
    payload, error = invoke(functions, {"bad": 1})
    assert (payload["errorType"], payload["errorMessage"], error) == ("Function<ArgumentError>", "no", "Unhandled")
    assert "app.rb:4" in payload["stackTrace"][0]
    functions.update_function_configuration(FunctionName="f", Handler="other.go")
    payload = invoke(functions)[0]
    assert (payload["errorType"], payload["errorMessage"]) == ("Init<LoadError>", "cannot load such file -- other")
    functions.update_function_configuration(FunctionName="f", Handler="app")
    payload = invoke(functions)[0]
    assert payload["errorType"] == "Init<ArgumentError>" and payload["errorMessage"].startswith('Invalid handler ["app"], must be of form')
    functions.update_function_configuration(FunctionName="f", Handler="app.nope")
    payload, text = tail(functions)
    assert json.loads(payload)["errorType"] == "Function<NoMethodError>" and "nope" in json.loads(payload)["errorMessage"]
    assert "Critical exception from handler" in text


@needs_ruby
def test_ruby_ends_after_what_is_no_standard_error(functions):
    ruby(functions, "$count = 0\ndef handler(event:, context:)\n  $count += 1\n  exit 3 if event['exit']\n  raise 'bad' if event['bad']\n  $count\nend\n")
    assert invoke(functions)[0] == 1
    assert invoke(functions, {"bad": 1})[0]["errorType"] == "Function<RuntimeError>"
    assert invoke(functions)[0] == 3
    payload, error = invoke(functions, {"exit": 1})
    assert (payload["errorType"], payload["errorMessage"], error) == ("Function<SystemExit>", "exit", "Unhandled")
    assert invoke(functions)[0] == 1


@needs_ruby
def test_ruby_log_and_marshaller(functions):
    code = """
require 'logger'
LOG = Logger.new($stdout)
module AwsLambda::Marshaller
  def self.marshall_request(raw) = [raw.body]
end
def handler(event:, context:)
  LOG.info("several\\nlines")
  puts 'one', 'two'
  StringIO.new("raw #{event[0]}")
end
"""
    ruby(functions, code)
    payload, text = tail(functions, Payload=b'{"a": 1}')
    assert payload == b'raw {"a": 1}'
    request = re.search("START RequestId: (\\S+)", text)[1]
    assert re.search(r"^I, \[\S+ #\d+\]  INFO " + request + " -- : several\nlines\none\ntwo$", text, re.M)
