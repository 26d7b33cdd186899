"""The n-th write to the data directory fails: the caller learns it, and nothing acknowledged is missing afterwards."""

import os

import pytest

from load import Load
from server import Server, TOP

# Early calls make files and schemas, later ones carry data; a lasting fault is a full disk.
CASES = [(n, 1) for n in (1, 2, 3, 5, 8, 12, 17, 23, 30, 38, 47, 57, 68, 80, 95, 110)] + [(20, 50), (60, 1000)]


def plain_binary():
    """The shim and the sanitizers both want to be first in the process."""
    for kind in ("release", "debug"):
        path = TOP / "build" / kind / "cadabra"
        if path.exists():
            return str(path)
    pytest.skip("no build without sanitizers: make BUILD=release")


@pytest.mark.parametrize("at, count", CASES)
def test_the_nth_write_fails(at, count, fail_io, tmp_path, monkeypatch):
    monkeypatch.setenv("CADABRA_BINARY", plain_binary())
    load, data = Load(), tmp_path / "data"
    shim = {"LD_PRELOAD": str(fail_io), "FAIL_IO_DIR": str(data), "FAIL_IO_AT": str(at), "FAIL_IO_COUNT": str(count),
            "FAIL_IO_ERRNO": str(28 if count > 1 else 5), "PATH": os.environ["PATH"]}
    try:
        server = Server(data, env=shim)
    except RuntimeError as refused:
        assert str(data) in str(refused), "a start that fails must say where and why"
    else:
        load.run(server)
        server.kill()
    server = Server(data)
    load.check(server)
    load.run(server, rounds=2)
    load.check(server)
    server.stop()
