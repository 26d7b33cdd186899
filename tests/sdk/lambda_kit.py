"""What the Lambda tests share: packages, a custom runtime in C, waiting."""

import io
import json
import pathlib
import shutil
import stat
import subprocess
import time
import zipfile

HERE = pathlib.Path(__file__).resolve().parent


def role(client):
    """A role of the client's account: its access key, where that is one."""
    key = client._request_signer._credentials.access_key
    return f"arn:aws:iam::{key if key.isdigit() else '0' * 12}:role/test"


def package(files, modes=None):
    """A deployment package of {name: text or bytes}."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            info.external_attr = (stat.S_IFREG | (modes or {}).get(name, 0o644)) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            z.writestr(info, content)
    return out.getvalue()


def linked(name, target, **files):
    """A package with a symbolic link in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        info = zipfile.ZipInfo(name)
        info.create_system = 3
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        z.writestr(info, target)
        for other, content in files.items():
            z.writestr(other, content)
    return out.getvalue()


def c_program(tmp_path, source="custom_runtime.c"):
    """A function in C, compiled: a custom runtime that speaks the Runtime API itself."""
    program = tmp_path / "bootstrap"
    subprocess.run([shutil.which("cc") or "gcc", "-O1", "-o", program, HERE / source], check=True)
    return program.read_bytes()


def create(client, code, name="f", runtime="python3.12", handler="app.handler", **more):
    """AWS: a function has three seconds, if nothing else is said. Here it has what a slow machine needs."""
    more.setdefault("Timeout", 30)
    files = {"app.py": code} if isinstance(code, str) else code
    zipped = files if isinstance(files, bytes) else package(files)
    return client.create_function(
        FunctionName=name, Runtime=runtime, Role=role(client), Handler=handler, Code={"ZipFile": zipped}, **more
    )


def invoke(client, event=None, name="f", **more):
    """The answer's payload, and the name of the error if there was one."""
    answer = client.invoke(FunctionName=name, Payload=json.dumps({} if event is None else event), **more)
    return json.loads(answer["Payload"].read()), answer.get("FunctionError")


def eventually(check, seconds=240):
    """Waits until check() gives something true, and returns it. A machine may be slow: only what never happens takes long."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
