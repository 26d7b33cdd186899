import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "sdk"))


@pytest.fixture(scope="session")
def fail_io(tmp_path_factory):
    """The shim that makes the n-th write to the data directory fail, compiled."""
    library = tmp_path_factory.mktemp("fail_io") / "fail_io.so"
    source = pathlib.Path(__file__).parent / "fail_io.c"
    subprocess.run(["gcc", "-O1", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library
