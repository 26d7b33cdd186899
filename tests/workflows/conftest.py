import os
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "sdk"))


@pytest.fixture
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="cadabra-workflow-"))
    yield path
    if not os.environ.get("KEEP"):
        shutil.rmtree(path)
