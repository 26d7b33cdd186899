"""What the tests of failing writes share: a server whose n-th write fails, and a client that tries again."""

import os

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from server import TOP, Server


def plain_binary():
    """The shim and the sanitizers both want to be first in the process."""
    for kind in ("release", "debug"):
        path = TOP / "build" / kind / "cadabra"
        if path.exists():
            return str(path)
    pytest.skip("no build without sanitizers: make BUILD=release")


def failing_server(shim, data, at, count):
    """A server in whose data directory the n-th write fails, and so many after it. RuntimeError: so it could not start."""
    errno = 28 if count > 1 else 5  # a lasting fault is a full disk
    environment = {"LD_PRELOAD": str(shim), "FAIL_IO_DIR": str(data), "FAIL_IO_AT": str(at), "FAIL_IO_COUNT": str(count),
                   "FAIL_IO_ERRNO": str(errno), "PATH": os.environ["PATH"]}  # fmt: skip
    return Server(data, env=environment)


def connect(server, service, account="111122223333"):
    session = boto3.Session(account, "test", region_name="us-east-1")
    return session.client(service, endpoint_url=server.endpoint, config=Config(retries={"max_attempts": 1}))


def stubborn(call, **arguments):
    """The answer, or None when it failed five times."""
    for _ in range(5):
        try:
            return call(**arguments)
        except ClientError as failure:
            assert failure.response["ResponseMetadata"]["HTTPStatusCode"] >= 500, failure
    return None
