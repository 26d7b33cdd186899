"""Objects that forms upload."""

import base64
import datetime
import hashlib
import hmac
import json
import uuid
import xml.etree.ElementTree

import boto3
import botocore.config
import pytest
from s3_kit import code_of, http, make_bucket
from server import Server


@pytest.fixture
def s3(client):
    return client("s3")


def form(fields, file=b"data", filename="cat.txt", name="file"):
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()
    ]
    if file is not None:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        parts.append(f"{head}Content-Type: text/plain\r\n\r\n".encode() + file + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def post(endpoint, bucket, fields, file=b"data", **more):
    body, kind = form(fields, file, **more)
    status, headers, answer = http(f"{endpoint}/{bucket}", "POST", {"Content-Type": kind}, body)
    code = xml.etree.ElementTree.fromstring(answer).findtext("Code") if status >= 400 else None
    return status, headers, answer, code


def signed(account, bucket, conditions, key="test", minutes=5, **fields):
    """Fields of version 2 with a policy."""
    expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    policy = {"expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"), "conditions": [{"bucket": bucket}, *conditions]}
    text = base64.b64encode(json.dumps(policy).encode())
    signature = base64.b64encode(hmac.new(key.encode(), text, hashlib.sha1).digest()).decode()
    return {**fields, "AWSAccessKeyId": account, "signature": signature, "policy": text.decode()}


def test_presigned_post(s3, endpoint):
    bucket = make_bucket(s3)
    fields = {"Content-Type": "text/x", "x-amz-meta-a": "1", "success_action_status": "201"}
    conditions = [
        {"Content-Type": "text/x"},
        {"x-amz-meta-a": "1"},
        {"success_action_status": "201"},
        ["content-length-range", 1, 10],
    ]
    ready = s3.generate_presigned_post(bucket, "up/${filename}", Fields=fields, Conditions=conditions)
    status, headers, body, _ = post(endpoint, bucket, ready["fields"], b"hello")
    assert status == 201
    answer = xml.etree.ElementTree.fromstring(body)
    assert answer.tag == "PostResponse" and answer.findtext("Key") == "up/cat.txt"
    assert answer.findtext("Bucket") == bucket and answer.findtext("ETag") == headers["ETag"]
    thing = s3.get_object(Bucket=bucket, Key="up/cat.txt")
    assert thing["Body"].read() == b"hello"
    assert thing["ContentType"] == "text/x" and thing["Metadata"] == {"a": "1"}
    assert post(endpoint, bucket, ready["fields"], b"")[::3] == (400, "EntityTooSmall")
    assert post(endpoint, bucket, ready["fields"], b"x" * 11)[::3] == (400, "EntityTooLarge")


def test_conditions(s3, endpoint, account):
    bucket = make_bucket(s3)
    starts = ["starts-with", "$key", "a/"]

    def outcome(fields, **more):
        return post(endpoint, bucket, fields, **more)[::3]

    assert outcome({"key": "a/b", "color": "x", **signed(account, bucket, [starts])}) == (403, "AccessDenied")
    good = {"key": "a/b", **signed(account, bucket, [starts])}
    assert outcome(good) == (204, None)
    assert outcome({**good, "key": "b"}) == (403, "AccessDenied")
    assert outcome({"acl": "private", **good}) == (403, "AccessDenied")
    assert outcome({"x-ignore-me": "1", **good}) == (204, None)
    assert outcome({"key": "a/b", **signed(account, bucket, [starts], minutes=-5)}) == (403, "AccessDenied")
    assert outcome({"kEy": "a/b", **signed(account, bucket, [["StArTs-WiTh", "$KeY", "a/"]])}) == (204, None)
    assert outcome({"key": "a/b", **signed(account, "another", [starts])}) == (403, "AccessDenied")
    broken = base64.b64encode(b'{"expiration": "2099-01-01T00:00:00Z"}').decode()
    assert outcome({**good, "policy": broken}) == (400, "InvalidPolicyDocument")
    assert outcome({k: v for k, v in good.items() if k != "signature"}) == (400, "InvalidArgument")
    assert outcome({k: v for k, v in good.items() if k != "key"}) == (400, "InvalidArgument")
    assert outcome(good, file=None) == (400, "InvalidArgument")
    assert http(f"{endpoint}/{bucket}", "POST", {"Content-Type": "multipart/form-data; boundary=x"}, b"y")[0] == 400


def test_redirect_tags_and_checksum(s3, endpoint, account):
    bucket = make_bucket(s3)
    tagging = "<Tagging><TagSet><Tag><Key>a</Key><Value>b c</Value></Tag></TagSet></Tagging>"
    to = "http://localhost/done?x=1"
    open_fields = [["starts-with", f"${n}", ""] for n in ("key", "tagging", "success_action_redirect", "x-amz-checksum-crc32")]
    fields = {
        "key": "k",
        "tagging": tagging,
        "success_action_redirect": to,
        **signed(account, bucket, open_fields),
    }
    status, headers, _, _ = post(endpoint, bucket, fields)
    assert status == 303
    etag = headers["ETag"].replace('"', "%22")
    assert headers["Location"] == f"{to}&bucket={bucket}&key=k&etag={etag}"
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "a", "Value": "b c"}]
    assert post(endpoint, bucket, {"x-amz-checksum-crc32": "AAAAAA==", **fields})[::3] == (400, "BadDigest")
    assert post(endpoint, bucket, {"x-amz-checksum-crc32": "AAAA", **fields})[::3] == (400, "InvalidRequest")


def test_unsigned(s3, endpoint):
    bucket = make_bucket(s3, open_to_all=True)
    assert post(endpoint, bucket, {"key": "k"})[::3] == (403, "AccessDenied")
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
    assert post(endpoint, bucket, {"key": "k", "success_action_status": "200"})[0] == 200
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"data"


def test_what_a_form_lacks_is_named(s3, endpoint, account):
    bucket = make_bucket(s3)
    old = {"key": "k", **signed(account, bucket, [["starts-with", "$key", ""]])}
    new = {"key": "k", "policy": old["policy"], "x-amz-signature": "0", "x-amz-date": "20260101T000000Z"}
    for fields, field, name in [
        (old, "signature", "Signature"),
        (old, "AWSAccessKeyId", "AWSAccessKeyId"),
        (new, "x-amz-algorithm", "X-Amz-Algorithm"),
        ({**new, "x-amz-algorithm": "AWS4-HMAC-SHA256"}, "x-amz-credential", "X-Amz-Credential"),
    ]:
        given = {k: v for k, v in fields.items() if k.lower() != field.lower()}
        status, _, answer, code = post(endpoint, bucket, given)
        assert (status, code) == (400, "InvalidArgument")
        assert f"<ArgumentName>{name}</ArgumentName>".encode() in answer and b"<ArgumentValue" in answer
    assert post(endpoint, bucket, {"key": "k", "policy": old["policy"]})[::3] == (403, "AccessDenied")


def test_a_post_is_a_form_and_its_conditions_name_fields(s3, endpoint, account):
    bucket = make_bucket(s3)
    status, _, answer = http(f"{endpoint}/{bucket}", "POST", {"Content-Type": "text/html"}, b"x")
    assert status == 412 and b"enclosure-type multipart/form-data</Condition>" in answer
    fields = {"key": "k", **signed(account, bucket, [["eq", "key", "k"]])}
    status, _, answer, code = post(endpoint, bucket, fields)
    assert (status, code) == (403, "AccessDenied") and b"[&quot;eq&quot;, &quot;key&quot;" in answer.replace(b'"', b"&quot;")


def test_large_file(s3, endpoint):
    bucket = make_bucket(s3)
    ready = s3.generate_presigned_post(bucket, "big")
    data = bytes(range(256)) * (20 << 12)
    assert post(endpoint, bucket, ready["fields"], data)[0] == 204
    assert s3.head_object(Bucket=bucket, Key="big")["ETag"] == f'"{hashlib.md5(data).hexdigest()}"'


def test_signatures_are_verified(tmp_path, account):
    server = Server(tmp_path / "data", "--auth=verify")
    try:
        s3 = boto3.client(
            "s3",
            endpoint_url=server.endpoint,
            region_name="us-east-1",
            aws_access_key_id=account,
            aws_secret_access_key="test",
            config=botocore.config.Config(signature_version="s3v4"),
        )
        bucket = make_bucket(s3)
        ready = s3.generate_presigned_post(bucket, "k")["fields"]
        assert post(server.endpoint, bucket, ready)[0] == 204
        assert post(server.endpoint, bucket, {**ready, "x-amz-signature": "0" * 64})[::3] == (403, "SignatureDoesNotMatch")
        key = [["starts-with", "$key", ""]]
        assert post(server.endpoint, bucket, {"key": "k", **signed(account, bucket, key)})[0] == 204
        wrong = {"key": "k", **signed(account, bucket, key, key="wrong")}
        assert post(server.endpoint, bucket, wrong)[::3] == (403, "SignatureDoesNotMatch")
        nobody = {"key": "k", **signed("AKIAAAAAAAAAAAAAAAAA", bucket, key)}
        assert post(server.endpoint, bucket, nobody)[::3] == (403, "InvalidAccessKeyId")
    finally:
        server.stop()


def test_a_customers_key_in_a_form(s3, endpoint):
    bucket = make_bucket(s3)
    key, prefix = b"k" * 32, "x-amz-server-side-encryption-customer-"
    fields = {f"{prefix}algorithm": "AES256", f"{prefix}key": base64.b64encode(key).decode(), f"{prefix}key-MD5": base64.b64encode(hashlib.md5(key).digest()).decode()}
    ready = s3.generate_presigned_post(bucket, "k", Fields=fields, Conditions=[{k: v} for k, v in fields.items()])
    data = bytes(range(256)) * 2048
    status, headers, _, _ = post(endpoint, bucket, ready["fields"], data)
    assert status == 204 and headers[f"{prefix}algorithm"] == "AES256" and headers[f"{prefix}key-MD5"] == fields[f"{prefix}key-MD5"]
    assert code_of(s3.get_object, Bucket=bucket, Key="k") == "InvalidRequest"
    assert code_of(s3.get_object, Bucket=bucket, Key="k", SSECustomerAlgorithm="AES256", SSECustomerKey=b"x" * 32) == "AccessDenied"
    got = s3.get_object(Bucket=bucket, Key="k", SSECustomerAlgorithm="AES256", SSECustomerKey=key)
    assert got["Body"].read() == data and got["ETag"] == headers["ETag"]
    assert post(endpoint, bucket, {**ready["fields"], f"{prefix}key-MD5": "AAAA"}, data)[3] in ("InvalidArgument", "AccessDenied")
