"""A file system without O_TMPFILE (some overlays and network mounts): large bodies go their way all the same."""

import os

import boto3
from botocore.config import Config
from server import Server
from io_kit import plain_binary

MIB = 1 << 20


def test_large_bodies_without_nameless_files(fail_io, tmp_path, monkeypatch):
    monkeypatch.setenv("CADABRA_BINARY", plain_binary())
    data = tmp_path / "data"
    server = Server(data, env={"LD_PRELOAD": str(fail_io), "FAIL_IO_NO_TMPFILE": "1", "PATH": os.environ["PATH"]})
    try:
        session = boto3.Session("111122223333", "test", region_name="us-east-1")
        s3 = session.client("s3", endpoint_url=server.endpoint, config=Config(retries={"max_attempts": 1}))
        key = dict(SSECustomerAlgorithm="AES256", SSECustomerKey="k" * 32)
        s3.create_bucket(Bucket="bucket")
        whole = os.urandom(6 * MIB)
        s3.put_object(Bucket="bucket", Key="put", Body=whole)
        upload = dict(Bucket="bucket", Key="parts", UploadId=s3.create_multipart_upload(Bucket="bucket", Key="parts")["UploadId"])
        etags = [s3.upload_part(**upload, PartNumber=n, Body=whole[(n - 1) * 5 * MIB : n * 5 * MIB])["ETag"] for n in (1, 2)]
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": n, "ETag": e} for n, e in enumerate(etags, 1)]})
        s3.copy_object(Bucket="bucket", Key="locked", CopySource="bucket/parts", **key)
        for name, with_key in (("put", {}), ("parts", {}), ("locked", key)):
            assert s3.get_object(Bucket="bucket", Key=name, **with_key)["Body"].read() == whole
        for name in ("put", "parts", "locked"):
            s3.delete_object(Bucket="bucket", Key=name)
        s3.delete_bucket(Bucket="bucket")
        assert not [p for p in data.rglob("*") if p.is_file() and (p.name.startswith(".nameless") or p.parent.name == "tmp")]
    finally:
        server.stop()
