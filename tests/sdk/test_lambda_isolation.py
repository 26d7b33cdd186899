"""What a function finds around itself: a /tmp of its own, AWS's paths, limits from its first moment, nothing inherited."""

import json
import os
import pathlib
import shutil
import subprocess

import boto3
import pytest

from lambda_kit import create, eventually, invoke, package
from server import Server, binary


def can_unshare():
    return subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0 or (
        subprocess.run(["unshare", "-Urm", "true"], capture_output=True).returncode == 0
    )


own_view = pytest.mark.skipif(not can_unshare(), reason="this machine allows no mount namespace")


@pytest.fixture
def functions(client):
    return client("lambda")


def clients(server, service="lambda"):
    return boto3.client(
        service, "us-east-1", endpoint_url=server.endpoint, aws_access_key_id="123456789012", aws_secret_access_key="t"
    )


TMP = """
import os, tempfile
def handler(event, context):
    there = sorted(os.listdir(tempfile.gettempdir()))
    with open(os.path.join(tempfile.gettempdir(), event["name"]), "w") as f:
        f.write("x")
    return [tempfile.gettempdir(), there]
"""


@own_view
def test_each_sandbox_has_a_tmp_of_its_own(functions):
    create(functions, TMP, name="one")
    create(functions, TMP, name="two")
    assert invoke(functions, {"name": "isolation-a"}, "one")[0][0] == "/tmp"
    # Kept between invocations of one sandbox, and seen by nobody else.
    assert "isolation-a" in invoke(functions, {"name": "isolation-b"}, "one")[0][1]
    assert "isolation-a" not in invoke(functions, {"name": "isolation-c"}, "two")[0][1]
    assert not any(pathlib.Path("/tmp", f"isolation-{x}").exists() for x in "abc")


FILL = """
import os
def handler(event, context):
    size = os.statvfs("/tmp")
    with open("/tmp/full", "wb") as f:
        try:
            os.posix_fallocate(f.fileno(), 0, 601 << 20)
        except OSError as e:
            return [size.f_blocks * size.f_frsize >> 20, e.strerror]
"""


@own_view
def test_tmp_holds_the_ephemeral_storage(functions):
    create(functions, FILL, EphemeralStorage={"Size": 600})
    assert invoke(functions)[0] == [600, "No space left on device"]


PATHS = """
import glob, json, os
def handler(event, context):
    return {
        "file": __file__, "cwd": os.getcwd(), "root": os.environ["LAMBDA_TASK_ROOT"],
        "runtime": os.environ["LAMBDA_RUNTIME_DIR"], "data": json.load(open("/var/task/data.json")),
        "opt": open("/opt/lib.txt").read() if os.path.exists("/opt/lib.txt") else None,
        "log": os.path.isdir("/var/log"),
    }
"""


@own_view
def test_paths_are_those_of_aws(functions):
    layer = functions.publish_layer_version(LayerName="l", Content={"ZipFile": package({"lib.txt": "from a layer"})})
    create(functions, {"app.py": PATHS, "data.json": "[1]"}, Layers=[layer["LayerVersionArn"]])
    found, error = invoke(functions)
    assert not error
    assert found == {
        "file": "/var/task/app.py",
        "cwd": "/var/task",
        "root": "/var/task",
        "runtime": "/var/runtime",
        "data": [1],
        "opt": "from a layer",
        "log": True,
    }


LIMITS = """
import os, resource
# Of the first moment, before any handler runs.
first = {name: resource.getrlimit(getattr(resource, "RLIMIT_" + name))[1] for name in ("CORE", "NOFILE", "RSS")}
files = []
for n in os.listdir("/proc/self/fd"):
    try:
        files.append((int(n), os.readlink("/proc/self/fd/" + n)))
    except OSError:
        pass
def handler(event, context):
    return {"first": first, "files": files, "session": os.getsid(0) == os.getpid() == os.getpgid(0)}
"""


def test_limits_hold_from_the_start(functions):
    create(functions, LIMITS)
    found, error = invoke(functions)
    assert not error and found["session"]
    assert found["first"]["CORE"] == 0 and found["first"]["NOFILE"] == 1024
    assert found["first"]["RSS"] >> 61 == 1
    opened = [name for n, name in found["files"] if n > 2]
    # Its own connection to the Runtime API, and what Python opened for itself.
    assert all("socket:" in name or "/proc/" in name or name.endswith(".py") for name in opened), opened
    assert found["files"][0][1] == "/dev/null"


EXTENSION = """#!/usr/bin/env python3
import json, os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2020-01-01/extension"
def call(path, data=None, **headers):
    return urllib.request.urlopen(urllib.request.Request(api + path, data, headers))
answer = call("/register", b'{"events": ["INVOKE"]}', **{"Lambda-Extension-Name": "helper"})
identity = {"Lambda-Extension-Identifier": answer.headers["Lambda-Extension-Identifier"]}
open("/tmp/from-extension", "w").write(os.getcwd())
while True:
    call("/event/next", **identity).read()
"""


@own_view
def test_extensions_share_the_tmp_of_their_function(functions):
    layer = functions.publish_layer_version(
        LayerName="l", Content={"ZipFile": package({"extensions/helper": EXTENSION}, {"extensions/helper": 0o755})}
    )
    code = "def handler(e, c):\n    return open('/tmp/from-extension').read()\n"
    create(functions, code, Layers=[layer["LayerVersionArn"]], Timeout=20)
    assert invoke(functions) == ("/var/task", None)


SPAWN = """
import os, subprocess, time
def handler(event, context):
    subprocess.Popen(["setsid", "sleep", event["one"]])
    # It has left its parent, its session and its environment.
    subprocess.run(["sh", "-c", "env -i setsid sleep $0 &", event["two"]])
    open(event["out"], "w").write("started")
    time.sleep(1000)
"""


def mentions(process, text):
    try:
        return text in (process / "environ").read_bytes() + b"\0" + (process / "cmdline").read_bytes()
    except OSError:
        return False


def runs(text):
    return any(mentions(process, text.encode()) for process in pathlib.Path("/proc").glob("[0-9]*"))


def test_nothing_outlives_a_server_that_is_killed(tmp_path):
    server = Server(tmp_path / "data")
    functions = clients(server)
    create(functions, SPAWN, Timeout=900)
    sleeps = {"one": f"{10**8 + os.getpid()}", "two": f"{2 * 10**8 + os.getpid()}"}
    functions.invoke(
        FunctionName="f", InvocationType="Event", Payload=json.dumps({"out": str(tmp_path / "out"), **sleeps})
    )
    eventually(lambda: (tmp_path / "out").exists() and all(runs(f"sleep\0{n}\0") for n in sleeps.values()))
    server.kill()
    eventually(lambda: not any(runs(f"sleep\0{n}\0") for n in sleeps.values()))
    eventually(lambda: not runs(server.endpoint))  # which functions have in their environment


def test_without_namespaces_there_is_a_folder_for_each(tmp_path):
    """As in a container with Docker's default profile."""
    if subprocess.run(["unshare", "-Ur", "true"], capture_output=True).returncode:
        pytest.skip("this machine allows no user namespace to forbid others in")
    wrapper = tmp_path / "cadabra"
    wrapper.write_text(
        "#!/bin/sh\nexec unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_mnt_namespaces; exec \"$0\" \"$@\"' "
        f"{binary()} \"$@\"\n"
    )
    wrapper.chmod(0o755)
    server = Server(tmp_path / "data", program=wrapper)
    try:
        functions = clients(server)
        create(functions, TMP, name="one")
        create(functions, TMP, name="two")
        folder, there = invoke(functions, {"name": "a"}, "one")[0]
        assert folder.startswith(str(tmp_path / "data")) and there == []
        assert invoke(functions, {"name": "b"}, "one")[0] == [folder, ["a"]]
        assert invoke(functions, {"name": "c"}, "two")[0][1] == []
        functions.delete_function(FunctionName="one")
        eventually(lambda: not os.path.exists(folder))
        assert server.log.read_text().count("allows no mount namespace") == 1
    finally:
        server.stop()
    assert os.listdir(tmp_path / "data" / "lambda-tmp") == []


def test_a_user_without_rights_gets_the_same(tmp_path):
    if os.geteuid() != 0 or subprocess.run(["unshare", "-Ur", "true"], capture_output=True).returncode:
        pytest.skip("takes root, to become somebody else, and user namespaces")
    folder = tmp_path / "open"
    folder.mkdir(mode=0o777)
    os.chmod(folder, 0o777)
    for parent in tmp_path.parents:
        if parent.stat().st_mode & 0o001 == 0:
            os.chmod(parent, parent.stat().st_mode | 0o011)
    shutil.copy(binary(), folder / "program")
    wrapper = tmp_path / "cadabra"
    wrapper.write_text(f"#!/bin/sh\nexec setpriv --reuid 65534 --regid 65534 --clear-groups {folder}/program \"$@\"\n")
    wrapper.chmod(0o755)
    os.chmod(tmp_path, 0o755)
    server = Server(folder / "data", program=wrapper)
    try:
        functions = clients(server)
        create(functions, TMP.replace("return [", "return [os.getuid(), "), name="one")
        answer, error = invoke(functions, {"name": "a"}, "one")
        assert not error and answer[0] == 65534
        assert answer[1] == "/tmp" or "allows no mount namespace" in server.log.read_text()
    finally:
        server.stop()
