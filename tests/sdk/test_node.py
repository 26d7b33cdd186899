"""Runs every tests/sdk/node/*.test.mjs: the JavaScript SDK v3, unmodified, against the same server."""

import pathlib
import subprocess

import pytest

NODE = pathlib.Path(__file__).parent / "node"


@pytest.mark.parametrize("file", sorted(p.name for p in NODE.glob("*.test.mjs")))
def test_javascript(file, tool_environment):
    done = subprocess.run(["node", "--test", file], cwd=NODE, env=tool_environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
