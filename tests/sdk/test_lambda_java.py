"""Java functions: handlers of every form, conversions, errors, jars, layers."""

import base64
import json
import pathlib
import re
import shutil
import subprocess
import zipfile

import pytest

from lambda_kit import invoke, package, role

JAVA = shutil.which("java")
SOURCES = pathlib.Path(__file__).resolve().parent / "java"
pytestmark = pytest.mark.skipif(not JAVA, reason="there is no java here")


@pytest.fixture
def functions(client):
    return client("lambda")


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """{path: bytes} of the compiled sources. A JRE is enough: it has the compiler, if not its command."""
    out = tmp_path_factory.mktemp("classes")
    command = [JAVA, "-XX:TieredStopAtLevel=1", "-m", "jdk.compiler/com.sun.tools.javac.Main", "-nowarn", "-proc:none", "-d", out]
    subprocess.run([*command, *sorted(SOURCES.rglob("*.java"))], check=True)
    return {str(f.relative_to(out)): f.read_bytes() for f in sorted(out.rglob("*.class"))}


def java(functions, files, handler, runtime="java17", **more):
    functions.create_function(
        FunctionName="f", Runtime=runtime, Role=role(functions), Handler=handler, Code={"ZipFile": package(files)},
        **{"Timeout": 60, "MemorySize": 512, **more},
    )  # fmt: skip


def change(functions, handler):
    functions.update_function_configuration(FunctionName="f", Handler=handler)


def tail(functions, event=None, **more):
    answer = functions.invoke(FunctionName="f", LogType="Tail", Payload=json.dumps(event), **more)
    return json.loads(answer["Payload"].read()), base64.b64decode(answer["LogResult"]).decode()


def jar(classes):
    """What a build tool makes: its manifest, the classes at the root."""
    return package({"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\n", **classes})


def test_beans(functions, classes):
    java(functions, classes, "app.Orders$Echo")
    order = {
        "id": 7, "total": 12.5, "paid": True, "state": "SENT", "tags": ["a", "b"], "lines": [{"name": "ü", "count": 2}], "byName": {"x": {"name": "n", "count": 0}}, "URL": "u", "raw": "AQI=",
        "when": 1700000000123, "at": "2024-01-02T03:04:05Z", "big": 99999999999,
    }  # fmt: skip
    echoed, error = invoke(functions, {**order, "unknown": 1})
    assert error is None
    assert echoed == {**order, "at": 1704164645.0}
    # What is null is left out; what has no value has its type's.
    assert invoke(functions, {})[0] == {"id": 0, "total": 0.0, "paid": False}
    # Lenient as AWS: numbers as text, one for a list of one, unknown constants.
    assert invoke(functions, {"id": "5", "lines": {"name": "solo"}, "state": "NOPE"})[0] == {
        "id": 5, "total": 0.0, "paid": False, "lines": [{"name": "solo", "count": 0}],
    }  # fmt: skip
    payload, error = invoke(functions, {"id": "five"})
    assert (payload["errorMessage"], payload["errorType"], error) == ("An error occurred during JSON parsing", "java.lang.RuntimeException", "Unhandled")
    assert payload["stackTrace"] == []


@pytest.mark.parametrize(
    "handler, event, result",
    [
        ("Plain$Text", "hi", "hi!"),
        ("Plain$Text", 5, "5!"),
        ("Plain$Text", None, None),
        ("Plain$Number", "7", [7, 2]),
        ("Plain$Anything", {"a": [1, 2.5, 3000000000, None]}, "java.util.LinkedHashMap{a=[1, 2.5, 3000000000, null]}"),
        ("Plain$Generic", {"name": "a", "count": 1}, ["a"]),
        ("Plain$Stream", {"a": 1}, [{"a": 1}]),
        ("Plain::nothing", 1, None),
        ("Plain::number", 5, 6),
        ("Plain::overloaded", "x", "with a context"),
        ("Plain::streams", [1], [1]),
        ("Plain::lines", [{"name": "a"}], [{"name": "a", "count": 0}]),
        ("Plain::constants", {"NEW": 1}, {"NEW": 1}),
    ],
)
def test_forms_of_handlers(functions, classes, handler, event, result):
    java(functions, classes, "app." + handler)
    answer = functions.invoke(FunctionName="f", Payload=json.dumps(event))
    assert json.loads(answer["Payload"].read()) == result
    assert "FunctionError" not in answer


def test_context_and_log(functions, classes, account):
    java(functions, classes, "app.Plain::about")
    context = base64.b64encode(json.dumps({"client": {"app_title": "shop"}, "custom": {"a": "ü"}}).encode()).decode()
    about, text = tail(functions, {}, ClientContext=context)
    assert about == {
        "name": "f", "version": "$LATEST", "arn": f"arn:aws:lambda:us-east-1:{account}:function:f", "memory": 512, "left": True, "group": "/aws/lambda/f", "title": "shop", "custom": {"a": "ü"},
        "id": re.search("RequestId: (\\S+)", text)[1],
    }  # fmt: skip
    lines = text.splitlines()
    assert "printed" in lines and "logged" in lines
    assert "several\nlines\n" in text


def test_json_log(functions, classes):
    java(functions, classes, "app.Plain::about", LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "WARN"})
    lines = [json.loads(line) for line in tail(functions, {})[1].splitlines() if line.startswith("{")]
    mine = [line for line in lines if "AWSRequestId" in line]
    assert [(line["message"], line["level"]) for line in mine] == [("logged", "UNDEFINED"), ("several\nlines", "UNDEFINED"), ("careful", "WARN")]


def test_exceptions(functions, classes):
    java(functions, classes, "app.Plain$Throws")
    payload, text = tail(functions, {})
    assert payload["errorMessage"] == "bad" and payload["errorType"] == "java.lang.IllegalStateException"
    assert payload["stackTrace"] == ["app.Plain$Throws.handleRequest(Plain.java:%d)" % line_of("Plain.java", "IllegalStateException"), "app.Plain$Throws.handleRequest(Plain.java:%d)" % line_of("Plain.java", "class Throws")]
    assert "\nbad: java.lang.IllegalStateException\n" in text and "Caused by: java.lang.RuntimeException: inner" in text
    assert "cadabra" not in text.split("Caused by")[0]
    change(functions, "app.Plain$NoMessage")
    assert invoke(functions)[0]["errorMessage"] == "java.lang.NullPointerException"


def line_of(source, text):
    lines = next(SOURCES.rglob(source)).read_text().splitlines()
    return next(i for i, line in enumerate(lines, 1) if text in line)


def test_an_error_of_the_machine_ends_the_process(functions, classes):
    java(functions, classes, "app.Plain::exhausted")
    payload, error = invoke(functions)
    assert (payload["errorType"], error) == ("java.lang.OutOfMemoryError", "Unhandled")
    # The process that ends after it takes no other event with it.
    assert invoke(functions)[0]["errorType"] == "java.lang.OutOfMemoryError"
    change(functions, "app.Plain::number")
    assert invoke(functions, 1)[0] == 2


@pytest.mark.parametrize(
    "handler, message, kind",
    [
        ("app.Nope", "Class not found: app.Nope", "java.lang.ClassNotFoundException"),
        ("app.Nope::go", "Class not found: app.Nope", "java.lang.ClassNotFoundException"),
        ("app.Plain::nope", "No public method named nope with appropriate method signature found on class app.Plain", None),
        ("app.Plain", "Class does not implement an appropriate handler interface: app.Plain", None),
        ("app.Plain::", "Invalid handler: `app.Plain::'", None),
        ("app.Plain$NoConstructor::go", "Class app.Plain$NoConstructor has no public zero-argument constructor", "java.lang.Exception"),
        ("app.Plain$BadConstructor::go", "constructor", "java.lang.IllegalArgumentException"),
        ("app.Plain$BadStatic::go", "Error loading class app.Plain$BadStatic", "java.lang.ExceptionInInitializerError"),
    ],
)
def test_handlers_that_cannot_be_loaded(functions, classes, handler, message, kind):
    java(functions, classes, handler)
    payload, error = invoke(functions)
    assert (payload["errorMessage"], payload.get("errorType"), error) == (message, kind, "Unhandled")


def test_a_jar_as_the_package(functions, classes):
    functions.create_function(FunctionName="f", Runtime="java21", Role=role(functions), Handler="app.Plain$Text", Timeout=60, MemorySize=512, Code={"ZipFile": jar(classes)})
    assert invoke(functions, "jar")[0] == "jar!"


def test_jars_in_lib_and_in_layers(functions, classes):
    core = {name: body for name, body in classes.items() if name.startswith("com/")}
    mine = {name: body for name, body in classes.items() if name.startswith("app/")}
    layer = functions.publish_layer_version(LayerName="core", Content={"ZipFile": package({"java/lib/core.jar": jar(core)})})
    java(functions, {"lib/app.jar": jar(mine)}, "app.Plain$Text", "java11", Layers=[layer["LayerVersionArn"]])
    assert invoke(functions, "lib")[0] == "lib!"
    # Without the interfaces a plain method still is a handler.
    java_free = {"Alone.class": classes["Alone.class"]}
    functions.create_function(FunctionName="g", Runtime="java8.al2", Role=role(functions), Handler="Alone::go", Timeout=60, MemorySize=512, Code={"ZipFile": package(java_free)})
    assert invoke(functions, {"b": 1}, "g")[0] == {"b": 1, "more": "yes"}


def test_events_of_aws(functions, classes):
    java(functions, classes, "app.Queue")
    record = {"messageId": "m", "body": "hi", "eventSourceARN": "arn:q", "messageAttributes": {"k": {"stringValue": "v", "dataType": "String"}}}
    assert invoke(functions, {"Records": [record]})[0] == {"batchItemFailures": [{"itemIdentifier": "m hi arn:q v"}]}


def test_options_of_the_jvm(functions, classes):
    options = {"JAVA_TOOL_OPTIONS": "-XX:+UseParallelGC -Xmx77m -Dshop=yes"}
    java(functions, classes, "app.Plain::options", Environment={"Variables": options})
    about = invoke(functions)[0]
    assert (about["shop"], about["collector"]) == ("yes", "PS MarkSweep")
    assert 60 <= about["heap"] <= 77


def test_a_serializer_of_the_function(functions, classes):
    files = {**classes, "META-INF/services/com.amazonaws.services.lambda.runtime.CustomPojoSerializer": "app.Shout\n"}
    java(functions, files, "app.Plain$Text")
    assert invoke(functions, "hi")[0] == '"HI"!'.upper()
