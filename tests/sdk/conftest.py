"""One server for the whole run, one account for each test: so tests run in parallel and nothing is reset."""

import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile

import boto3
import botocore.config
import pytest

from server import TOP, Server


# Functions have a /tmp of their own: what tests share with them lies elsewhere.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", "/var/tmp")


def pytest_configure(config):
    """The controller starts the server; the workers of pytest-xdist inherit its address."""
    if hasattr(config, "workerinput") or os.environ.get("CADABRA_ENDPOINT"):
        return
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cadabra-sdk-"))
    config.cadabra_folder = folder
    config.cadabra = Server(folder / "data", "--trace", str(folder / "trace.jsonl"), log=folder / "server.log")
    os.environ["CADABRA_ENDPOINT"] = config.cadabra.endpoint
    os.environ["CADABRA_DATA"] = str(folder / "data")


def pytest_unconfigure(config):
    server = getattr(config, "cadabra", None)
    if server is None:
        return
    server.stop()
    keep = TOP / "build" / "sdk"
    shutil.rmtree(keep, ignore_errors=True)
    keep.mkdir(parents=True)
    for name in ("server.log", "trace.jsonl"):
        if (config.cadabra_folder / name).exists():
            shutil.move(str(config.cadabra_folder / name), keep / name)
    shutil.rmtree(config.cadabra_folder)


@pytest.fixture(scope="session")
def endpoint():
    return os.environ["CADABRA_ENDPOINT"]


@pytest.fixture
def account():
    """A 12-digit access key is an account: this one belongs to this test alone."""
    return str(random.randrange(10**11, 10**12))


@pytest.fixture
def region():
    return "us-east-1"


@pytest.fixture
def session(account, region):
    return boto3.Session(aws_access_key_id=account, aws_secret_access_key="test", region_name=region)


@pytest.fixture
def client(session, endpoint):
    """client("kinesis") is a boto3 client of this test's account; keywords go to boto3."""

    def make(service, config=None, **keywords):
        base = botocore.config.Config(
            retries={"mode": "standard", "max_attempts": 1}, max_pool_connections=64, read_timeout=300
        )
        return session.client(
            service, endpoint_url=endpoint, config=base.merge(config) if config else base, **keywords
        )

    return make


@pytest.fixture
def resource(session, endpoint):
    def make(service, **keywords):
        return session.resource(service, endpoint_url=endpoint, **keywords)

    return make


@pytest.fixture
def tool_environment(account, region, endpoint, tmp_path):
    """What a shell would export before it runs the AWS CLI or a Node script against this server."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_PAGER": "",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _cli(program, environment, *always):
    """run("kinesis", "list-streams") runs the AWS CLI and returns its JSON answer, or its text."""

    def run(*arguments, fails=False):
        done = subprocess.run([program, *arguments, *always], env=environment, capture_output=True, text=True, timeout=300)
        assert fails == (done.returncode != 0), f"aws {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        if fails:
            return done.stderr
        try:
            return json.loads(done.stdout)
        except ValueError:
            return done.stdout

    return run


@pytest.fixture
def aws(tool_environment):
    """The AWS CLI of the Python environment, version 1."""
    return _cli("aws", tool_environment)


@pytest.fixture
def aws_v2(tool_environment, endpoint):
    """Debian's AWS CLI, version 2; too old to read AWS_ENDPOINT_URL."""
    return _cli("/usr/bin/aws", tool_environment, "--endpoint-url", endpoint)
