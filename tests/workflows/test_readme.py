"""The order-history steps of README.md, run as they stand there."""

import os
import pathlib
import re
import subprocess

import pytest

from server import TOP, Server


def steps():
    text = (TOP / "README.md").read_text()
    section = text.split("## Order history, step by step")[1].split("\n## ")[0]
    return "".join(re.findall(r"```sh\n(.*?)```", section, re.S))


@pytest.fixture
def server(folder):
    running = Server(folder / "data")
    yield running
    running.stop()


def test_the_steps_work_as_written(server, folder):
    script = steps().replace("127.0.0.1:4566", f"127.0.0.1:{server.port}")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, capture_output=True,
                          text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 records refused" in done.stdout
    assert re.search(r"^10$", done.stdout, re.M), done.stdout
    assert "orders written" in done.stdout and "REPORT RequestId:" in done.stdout
