"""The n-th write to the data directory fails: the caller learns it, and nothing acknowledged is missing afterwards."""

import pytest

from io_kit import failing_server, plain_binary
from load import Load
from server import Server

# Early calls make files and schemas, later ones carry data; a lasting fault is a full disk.
CASES = [(n, 1) for n in (1, 2, 3, 5, 8, 12, 17, 23, 30, 38, 47, 57, 68, 80, 95, 110)] + [(20, 50), (60, 1000)]


@pytest.mark.parametrize("at, count", CASES)
def test_the_nth_write_fails(at, count, fail_io, tmp_path, monkeypatch):
    monkeypatch.setenv("CADABRA_BINARY", plain_binary())
    load, data = Load(), tmp_path / "data"
    try:
        server = failing_server(fail_io, data, at, count)
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
