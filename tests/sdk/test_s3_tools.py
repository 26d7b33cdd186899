"""The AWS CLI, both versions, and tools that know nothing of us where they are installed."""

import os
import shutil
import subprocess
import sys

import pytest
from s3_kit import bucket_name


@pytest.fixture(params=["aws", "aws_v2"])
def cli(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def tree(tmp_path):
    files = {"a.txt": b"a", "deep/b c.bin": os.urandom(70_000), "deep/er/ü": os.urandom(9 << 20), "empty": b""}
    for name, body in files.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        # S3 has whole seconds: a copy of what was written in this one would be older.
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return tmp_path / "tree"


def same(a, b):
    return subprocess.run(["diff", "-r", str(a), str(b)], capture_output=True).returncode == 0


def test_the_cli(cli, tree, tmp_path):
    bucket = bucket_name()
    cli("s3", "mb", f"s3://{bucket}")
    cli("s3", "sync", str(tree), f"s3://{bucket}/x")
    cli("s3", "sync", f"s3://{bucket}/x", str(tmp_path / "back"))
    assert same(tree, tmp_path / "back")
    assert "upload" not in str(cli("s3", "sync", str(tree), f"s3://{bucket}/x"))
    cli("s3", "cp", "--recursive", f"s3://{bucket}/x", f"s3://{bucket}/y")
    cli("s3", "mv", f"s3://{bucket}/y/deep/er/ü", str(tmp_path / "moved"))
    assert (tmp_path / "moved").read_bytes() == (tree / "deep/er/ü").read_bytes()
    assert "PRE x/" in cli("s3", "ls", f"s3://{bucket}")
    url = cli("s3", "presign", f"s3://{bucket}/x/a.txt").strip()
    assert subprocess.run([sys.executable, "-c", "import sys,urllib.request as u;sys.stdout.buffer.write(u.urlopen(sys.argv[1]).read())", url], capture_output=True).stdout == b"a"
    cli("s3", "rm", "--recursive", f"s3://{bucket}")
    cli("s3", "rb", f"s3://{bucket}")


@pytest.mark.skipif(not shutil.which("rclone"), reason="rclone is not installed")
def test_rclone(tree, tmp_path, account, endpoint):
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "RCLONE_CONFIG_C_TYPE": "s3", "RCLONE_CONFIG_C_PROVIDER": "Other",
        "RCLONE_CONFIG_C_ACCESS_KEY_ID": account, "RCLONE_CONFIG_C_SECRET_ACCESS_KEY": "test", "RCLONE_CONFIG_C_ENDPOINT": endpoint,
        "RCLONE_CONFIG_C_REGION": "us-east-1", "RCLONE_CONFIG_C_CHUNK_SIZE": "5Mi", "RCLONE_CONFIG_C_UPLOAD_CUTOFF": "5Mi",
        # Unasked it sends "private", which AWS refuses since new buckets take no ACLs.
        "RCLONE_CONFIG_C_ACL": "bucket-owner-full-control", "RCLONE_CONFIG_C_BUCKET_ACL": "private",
    }

    def run(*arguments):
        subprocess.run(["rclone", *arguments], env=environment, check=True, capture_output=True, timeout=300)

    bucket = bucket_name()
    run("mkdir", f"C:{bucket}")
    run("sync", str(tree), f"C:{bucket}/x")
    run("check", str(tree), f"C:{bucket}/x")
    run("copy", f"C:{bucket}/x", str(tmp_path / "back"))
    assert same(tree, tmp_path / "back")
    run("purge", f"C:{bucket}")


@pytest.mark.skipif(not shutil.which("s3cmd"), reason="s3cmd is not installed")
def test_s3cmd(tree, tmp_path, account, endpoint):
    host = endpoint.removeprefix("http://")
    base = ["s3cmd", "--access_key", account, "--secret_key", "test", "--host", host, "--host-bucket", host, "--no-ssl", "-c", "/dev/null", "--multipart-chunk-size-mb=5"]

    def run(*arguments):
        subprocess.run([*base, *arguments], env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)}, check=True, capture_output=True, timeout=300)

    bucket = bucket_name()
    run("mb", f"s3://{bucket}")
    run("sync", f"{tree}/", f"s3://{bucket}/x/")
    run("sync", f"s3://{bucket}/x/", f"{tmp_path}/back/")
    assert same(tree, tmp_path / "back")
    run("del", "--recursive", "--force", f"s3://{bucket}")
    run("rb", f"s3://{bucket}")
