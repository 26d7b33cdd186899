"""Objects: what goes in comes out, conditions, ranges, copies, versions, locks, customers' keys, checksums."""

import base64
import contextlib
import datetime
import hashlib
import os
import threading
import time
import zlib

import pytest
from s3_kit import code_of, http, make_bucket, refused


@pytest.fixture
def s3(client):
    return client("s3")


@pytest.fixture
def bucket(s3):
    return make_bucket(s3)


def body_of(s3, bucket, key, **keywords):
    return s3.get_object(Bucket=bucket, Key=key, **keywords)["Body"].read()


@pytest.mark.parametrize("size", [0, 1, 16 * 1024, 16 * 1024 + 1, 64 * 1024, 64 * 1024 + 1, 3 << 20])
def test_every_size_comes_back(s3, bucket, size):
    body = os.urandom(size)
    put = s3.put_object(Bucket=bucket, Key="k", Body=body, ContentType="text/x", Metadata={"One": "1", "two": ""})
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert put["ServerSideEncryption"] == "AES256" and put["ChecksumType"] == "FULL_OBJECT"
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == body and got["ETag"] == put["ETag"] and got["ContentType"] == "text/x"
    assert got["Metadata"] == {"one": "1", "two": ""}
    assert base64.b64decode(got["ChecksumCRC32"]) == zlib.crc32(body).to_bytes(4, "big")
    head = s3.head_object(Bucket=bucket, Key="k")
    assert head["ContentLength"] == size and "ChecksumCRC32" not in head
    for first, last in [(0, 0), (1, size - 2), (size // 2, size + 100)]:
        if first < size and last >= first:
            part = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={first}-{last}", ChecksumMode="ENABLED")
            assert part["Body"].read() == body[first : last + 1]
            assert part["ContentRange"] == f"bytes {first}-{min(last, size - 1)}/{size}"
            assert "ChecksumCRC32" not in part


@pytest.mark.parametrize("key", ["a//b", "/", "//", "a/../../b", "..", "./x", "%2F", "a%2fb", "ü/日本/🙂", "a b+c&d=e?f#g;h:i@j,k", "x" * 1024, "_x", "quote\"'<>&"])
def test_keys_are_kept_as_they_are(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert body_of(s3, bucket, key) == key.encode()
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    assert code_of(s3.get_object, Bucket=bucket, Key=key) == "NoSuchKey"


def test_keys_have_a_limit(s3, bucket):
    assert code_of(s3.put_object, Bucket=bucket, Key="ü" * 513) == "KeyTooLongError"


def test_a_range_past_the_end_is_416_with_the_size(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"12345")
    s3.put_object(Bucket=bucket, Key="empty")
    with pytest.raises(s3.exceptions.ClientError) as caught:
        s3.get_object(Bucket=bucket, Key="k", Range="bytes=5-9")
    assert caught.value.response["Error"]["ActualObjectSize"] == "5"
    assert refused(s3.get_object, Bucket=bucket, Key="empty", Range="bytes=0-3")[:2] == ("InvalidRange", 416)
    assert body_of(s3, bucket, "k", Range="bytes=-2") == b"45"
    assert body_of(s3, bucket, "k", Range="bytes=3-") == b"45"
    assert body_of(s3, bucket, "k", Range="bytes=x") == b"12345"
    assert refused(s3.get_object, Bucket=bucket, Key="k", PartNumber=2)[:2] == ("InvalidPartNumber", 416)


def test_conditions_of_reads(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    past, future = datetime.datetime(2001, 1, 1), datetime.datetime(2199, 1, 1)
    get = dict(Bucket=bucket, Key="k")
    assert refused(s3.get_object, **get, IfMatch='"other"')[:2] == ("PreconditionFailed", 412)
    assert refused(s3.get_object, **get, IfUnmodifiedSince=past)[1] == 412
    assert body_of(s3, **{"bucket": bucket, "key": "k"}, IfMatch=etag, IfUnmodifiedSince=past) == b"x"
    assert refused(s3.get_object, **get, IfNoneMatch=etag)[1] == 304
    assert refused(s3.head_object, **get, IfNoneMatch=etag)[1] == 304
    assert body_of(s3, bucket, "k", IfNoneMatch='"other"', IfModifiedSince=future) == b"x"
    with pytest.raises(s3.exceptions.ClientError) as caught:
        s3.get_object(**get, IfNoneMatch=etag)
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["etag"] == etag


def test_conditions_of_writes(s3, bucket):
    put = dict(Bucket=bucket, Key="k", Body=b"x")
    assert refused(s3.put_object, **put, IfMatch='"x"')[:2] == ("NoSuchKey", 404)
    etag = s3.put_object(**put, IfNoneMatch="*")["ETag"]
    assert refused(s3.put_object, **put, IfNoneMatch="*")[:2] == ("PreconditionFailed", 412)
    assert refused(s3.put_object, **put, IfNoneMatch='"x"')[:2] == ("NotImplemented", 501)
    assert refused(s3.put_object, **put, IfMatch='"x"')[:2] == ("PreconditionFailed", 412)
    s3.put_object(**put, IfMatch=etag)
    assert refused(s3.delete_object, Bucket=bucket, Key="k", IfMatch='"x"')[1] == 412
    s3.delete_object(Bucket=bucket, Key="k", IfMatch=etag)


def test_of_many_that_create_one_wins(s3, bucket):
    won = []

    def create(i):
        try:
            s3.put_object(Bucket=bucket, Key="k", Body=str(i), IfNoneMatch="*")
            won.append(str(i).encode())
        except s3.exceptions.ClientError:
            pass

    threads = [threading.Thread(target=create, args=(i,)) for i in range(8)]
    [t.start() for t in threads], [t.join() for t in threads]
    assert [body_of(s3, bucket, "k")] == won


def test_what_does_not_fit_its_digest_is_not_stored(s3, bucket):
    put = dict(Bucket=bucket, Key="k", Body=b"hello")
    assert code_of(s3.put_object, **put, ContentMD5="x") == "InvalidDigest"
    assert code_of(s3.put_object, **put, ContentMD5=base64.b64encode(b"1" * 16).decode()) == "BadDigest"
    assert code_of(s3.put_object, **put, ChecksumSHA256=base64.b64encode(b"1" * 32).decode()) == "BadDigest"
    assert code_of(s3.put_object, **put, ChecksumSHA256="AAAA") == "InvalidRequest"
    assert code_of(s3.head_object, Bucket=bucket, Key="k") == "404"


@pytest.mark.parametrize(
    "algorithm,value",
    [  # of "123456789", the check value of each CRC's catalogue
        ("CRC32", "y/Q5Jg=="), ("CRC32C", "4waSgw=="), ("CRC64NVME", "rosUhgp5mIg="),
        ("SHA1", base64.b64encode(hashlib.sha1(b"123456789").digest()).decode()),
        ("SHA256", base64.b64encode(hashlib.sha256(b"123456789").digest()).decode()),
        ("SHA512", base64.b64encode(hashlib.sha512(b"123456789").digest()).decode()),
        ("MD5", base64.b64encode(hashlib.md5(b"123456789").digest()).decode()),
        ("XXHASH64", "jLhB20DmroM="), ("XXHASH3", "ctyxi2ehff8="), ("XXHASH128", "MxGUd+3l3NXpcWQnaB1YYA=="),
    ],
)
def test_checksums(s3, bucket, algorithm, value):
    member = "Checksum" + algorithm
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"12345678", **{member: value}) == "BadDigest"
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"123456789", **{member: "AAA="}) == "InvalidRequest"
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"123456789", **{member: value})[member] == value
    s3.put_object(Bucket=bucket, Key="crc", Body=b"123456789")
    copied = s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/crc", ChecksumAlgorithm=algorithm)["CopyObjectResult"]
    assert copied[member] == value and copied["ChecksumType"] == "FULL_OBJECT"
    assert s3.list_objects_v2(Bucket=bucket, Prefix="copy")["Contents"][0]["ChecksumAlgorithm"] == [algorithm]
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")[member] == value
    attributes = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["Checksum", "ObjectSize"])
    assert attributes["Checksum"] == {member: value, "ChecksumType": "FULL_OBJECT"} and attributes["ObjectSize"] == 9


def test_the_default_checksum_is_crc64nvme(client, bucket, s3):
    import botocore.config

    quiet = client("s3", config=botocore.config.Config(request_checksum_calculation="when_required"))
    quiet.put_object(Bucket=bucket, Key="k", Body=b"123456789")
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["ChecksumCRC64NVME"] == "rosUhgp5mIg="


def test_headers_and_their_overrides(s3, bucket):
    kept = dict(CacheControl="no-cache", ContentDisposition="attachment", ContentLanguage="de", ContentEncoding="gzip", WebsiteRedirectLocation="/x", StorageClass="STANDARD_IA")
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", **kept)
    head = s3.head_object(Bucket=bucket, Key="k")
    assert {k: head[k] for k in kept} == kept
    got = s3.get_object(Bucket=bucket, Key="k", ResponseContentType="a/b", ResponseCacheControl="c")
    assert got["ContentType"] == "a/b" and got["CacheControl"] == "c" and got["ContentLanguage"] == "de"
    assert code_of(s3.put_object, Bucket=bucket, Key="k", StorageClass="NONE") == "InvalidStorageClass"
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Metadata={"k": "v" * 2048}) == "MetadataTooLarge"


def test_tags(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Tagging="a=b&c%20d=e%2Bf&g=")
    tags = [{"Key": "a", "Value": "b"}, {"Key": "c d", "Value": "e+f"}, {"Key": "g", "Value": ""}]
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == tags
    assert s3.get_object(Bucket=bucket, Key="k")["TagCount"] == 3
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k")
    assert s3.get_object_tagging(Bucket=bucket, Key="copy")["TagSet"] == tags
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k", TaggingDirective="REPLACE", Tagging="n=1")
    assert s3.get_object_tagging(Bucket=bucket, Key="copy")["TagSet"] == [{"Key": "n", "Value": "1"}]
    for wrong in ({"Key": "a" * 129, "Value": ""}, {"Key": "a", "Value": "b" * 257}, {"Key": "aws:x", "Value": ""}):
        assert code_of(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging={"TagSet": [wrong]}) == "InvalidTag"
    assert code_of(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging={"TagSet": [tags[0], tags[0]]}) == "InvalidTag"
    many = [{"Key": str(i), "Value": ""} for i in range(11)]
    assert code_of(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging={"TagSet": many}) == "BadRequest"
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Tagging="a=1&a=2") == "InvalidArgument"
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []


def test_copies(s3, bucket):
    body = os.urandom(100_000)
    s3.put_object(Bucket=bucket, Key="ü +%2F", Body=body, Metadata={"m": "1"}, ContentType="a/b")
    source = {"Bucket": bucket, "Key": "ü +%2F"}
    copied = s3.copy_object(Bucket=bucket, Key="copy", CopySource=source)
    assert copied["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    s3.delete_object(**source)
    got = s3.get_object(Bucket=bucket, Key="copy")
    assert got["Body"].read() == body and got["Metadata"] == {"m": "1"} and got["ContentType"] == "a/b"
    itself = dict(Bucket=bucket, Key="copy", CopySource=f"{bucket}/copy")
    assert code_of(s3.copy_object, **itself) == "InvalidRequest"
    s3.copy_object(**itself, MetadataDirective="REPLACE", Metadata={"n": "2"})
    assert s3.head_object(Bucket=bucket, Key="copy")["Metadata"] == {"n": "2"} and body_of(s3, bucket, "copy") == body
    assert code_of(s3.copy_object, **itself, MetadataDirective="NEW") == "InvalidArgument"
    assert code_of(s3.copy_object, Bucket=bucket, Key="x", CopySource=f"{bucket}/none") == "NoSuchKey"
    assert code_of(s3.copy_object, Bucket=bucket, Key="x", CopySource=f"{bucket}/copy", CopySourceIfMatch="no") == "PreconditionFailed"
    assert s3.copy_object(Bucket=bucket, Key="sha", CopySource=f"{bucket}/copy", ChecksumAlgorithm="SHA256")["CopyObjectResult"]["ChecksumSHA256"]


def test_versions_and_markers(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"null")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    one = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    two = s3.put_object(Bucket=bucket, Key="k", Body=b"2")["VersionId"]
    assert [body_of(s3, bucket, "k", VersionId=v) for v in ("null", one, two)] == [b"null", b"1", b"2"]
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"]
    with pytest.raises(s3.exceptions.ClientError) as caught:
        s3.get_object(Bucket=bucket, Key="k")
    answer = caught.value.response["ResponseMetadata"]
    assert answer["HTTPStatusCode"] == 404 and answer["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId=marker["VersionId"])[:2] == ("MethodNotAllowed", 405)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    listed = s3.list_object_versions(Bucket=bucket)
    assert [(v["VersionId"], v["IsLatest"]) for v in listed["Versions"]] == [(two, False), (one, False), ("null", False)]
    assert listed["DeleteMarkers"][0]["IsLatest"]
    gone = s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    assert gone["DeleteMarker"] and gone["VersionId"] == marker["VersionId"] and body_of(s3, bucket, "k") == b"2"
    s3.delete_object(Bucket=bucket, Key="k", VersionId=two)
    assert body_of(s3, bucket, "k") == b"1"
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    assert "VersionId" not in s3.put_object(Bucket=bucket, Key="k", Body=b"new null")
    assert s3.get_object(Bucket=bucket, Key="k")["VersionId"] == "null"
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 2
    s3.delete_object(Bucket=bucket, Key="k")
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId="null")[1] == 405
    assert code_of(s3.get_object, Bucket=bucket, Key="k", VersionId="nonsense") == "InvalidArgument"
    assert code_of(s3.get_object, Bucket=bucket, Key="k", VersionId=two) == "NoSuchVersion"
    assert code_of(s3.delete_bucket, Bucket=bucket) == "BucketNotEmpty"


def test_many_are_deleted_at_once(s3, bucket):
    for i in range(5):
        s3.put_object(Bucket=bucket, Key=f"k{i}")
    done = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": f"k{i}"} for i in range(4)] + [{"Key": "none"}]})
    assert sorted(d["Key"] for d in done["Deleted"]) == ["k0", "k1", "k2", "k3", "none"]
    done = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k4", "ETag": '"x"'}], "Quiet": True})
    assert done["Errors"][0]["Code"] == "PreconditionFailed" and "Deleted" not in done
    assert code_of(s3.delete_objects, Bucket=bucket, Delete={"Objects": []}) == "MalformedXML"
    assert code_of(s3.delete_objects, Bucket=bucket, Delete={"Objects": [{"Key": str(i)} for i in range(1001)]}) == "MalformedXML"


def test_the_list_of_deletions_must_be_digested(s3, bucket):
    def unsigned(request, **_):
        for name in ("x-amz-checksum-crc32", "x-amz-sdk-checksum-algorithm", "Content-MD5"):
            if name in request.headers:
                del request.headers[name]

    s3.meta.events.register("before-send.s3.DeleteObjects", unsigned)
    assert code_of(s3.delete_objects, Bucket=bucket, Delete={"Objects": [{"Key": "k"}]}) == "InvalidRequest"


def test_locks(s3):
    bucket = make_bucket(s3, ObjectLockEnabledForBucket=True)
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"x", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until)["VersionId"]
    k = dict(Bucket=bucket, Key="k", VersionId=version)
    assert refused(s3.delete_object, **k)[:2] == ("AccessDenied", 403)
    assert s3.get_object_retention(**k)["Retention"]["Mode"] == "GOVERNANCE"
    assert s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k", "VersionId": version}]})["Errors"][0]["Code"] == "AccessDenied"
    shorter = {"Mode": "GOVERNANCE", "RetainUntilDate": until - datetime.timedelta(hours=1)}
    assert code_of(s3.put_object_retention, **k, Retention=shorter) == "AccessDenied"
    stricter = {"Mode": "COMPLIANCE", "RetainUntilDate": until}
    assert code_of(s3.put_object_retention, **k, Retention=stricter) == "AccessDenied"
    s3.put_object_retention(**k, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until + datetime.timedelta(hours=1)})
    s3.put_object_retention(**k, Retention=shorter, BypassGovernanceRetention=True)
    s3.put_object_legal_hold(**k, LegalHold={"Status": "ON"})
    assert code_of(s3.delete_object, **k, BypassGovernanceRetention=True) == "AccessDenied"
    s3.put_object_legal_hold(**k, LegalHold={"Status": "OFF"})
    s3.delete_object(**k, BypassGovernanceRetention=True)
    assert code_of(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}) == "InvalidBucketState"
    rule = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}}
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=rule)
    assert s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"] == rule
    version = s3.put_object(Bucket=bucket, Key="d", Body=b"x")["VersionId"]
    assert s3.head_object(Bucket=bucket, Key="d")["ObjectLockMode"] == "COMPLIANCE"
    assert code_of(s3.delete_object, Bucket=bucket, Key="d", VersionId=version, BypassGovernanceRetention=True) == "AccessDenied"
    rule["Rule"]["DefaultRetention"]["Years"] = 1
    assert code_of(s3.put_object_lock_configuration, Bucket=bucket, ObjectLockConfiguration=rule) == "MalformedXML"
    rule["Rule"]["DefaultRetention"] = {"Mode": "COMPLIANCE", "Days": 0}
    assert code_of(s3.put_object_lock_configuration, Bucket=bucket, ObjectLockConfiguration=rule) == "InvalidRetentionPeriod"


def test_a_bucket_without_lock_takes_none(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k")
    assert refused(s3.put_object_lock_configuration, Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})[:2] == ("InvalidBucketState", 409)
    assert code_of(s3.put_object_legal_hold, Bucket=bucket, Key="k", LegalHold={"Status": "ON"}) == "InvalidRequest"
    assert code_of(s3.get_object_lock_configuration, Bucket=bucket) == "ObjectLockConfigurationNotFoundError"


@pytest.mark.parametrize("size", [10, 100_000, 2 << 20])
def test_a_customers_key_encrypts(s3, bucket, size):
    key, other, body = os.urandom(32), os.urandom(32), os.urandom(size)
    sse = dict(SSECustomerAlgorithm="AES256", SSECustomerKey=key)
    put = s3.put_object(Bucket=bucket, Key="k", Body=body, **sse)
    assert put["SSECustomerAlgorithm"] == "AES256" and "ServerSideEncryption" not in put
    got = s3.get_object(Bucket=bucket, Key="k", **sse)
    assert got["Body"].read() == body and got["SSECustomerKeyMD5"] == base64.b64encode(hashlib.md5(key).digest()).decode()
    assert body_of(s3, bucket, "k", **sse, Range="bytes=5-8") == body[5:9]
    assert refused(s3.get_object, Bucket=bucket, Key="k")[:2] == ("InvalidRequest", 400)
    assert refused(s3.get_object, Bucket=bucket, Key="k", SSECustomerAlgorithm="AES256", SSECustomerKey=other) == (
        "AccessDenied",
        403,
        "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.",
    )
    assert refused(s3.head_object, Bucket=bucket, Key="k")[1] == 400
    source = dict(CopySource=f"{bucket}/k", CopySourceSSECustomerAlgorithm="AES256", CopySourceSSECustomerKey=key)
    s3.copy_object(Bucket=bucket, Key="plain", **source)
    assert body_of(s3, bucket, "plain") == body
    s3.put_object(Bucket=bucket, Key="open", Body=b"x")
    assert code_of(s3.get_object, Bucket=bucket, Key="open", **sse) == "InvalidRequest"
    wrong = dict(SSECustomerAlgorithm="AES256", SSECustomerKey=base64.b64encode(key).decode(), SSECustomerKeyMD5="AAAAAAAAAAAAAAAAAAAAAA==")
    assert code_of(s3.put_object, Bucket=bucket, Key="k", **wrong) == "InvalidArgument"


def test_the_disk_does_not_hold_what_a_customers_key_encrypts(s3, bucket):
    body = os.urandom(16) * 8000
    s3.put_object(Bucket=bucket, Key="k", Body=body, SSECustomerAlgorithm="AES256", SSECustomerKey=os.urandom(32))
    for folder, _, files in os.walk(os.path.join(os.environ["CADABRA_DATA"], "s3")):
        for name in files:
            # Files of other tests come and go meanwhile.
            with contextlib.suppress(FileNotFoundError), open(os.path.join(folder, name), "rb") as f:
                assert body[:64] not in f.read()


def test_a_reader_keeps_the_bytes_that_it_began_with(s3, bucket):
    old, new = os.urandom(8 << 20), os.urandom(8 << 20)
    s3.put_object(Bucket=bucket, Key="k", Body=old)
    reading = s3.get_object(Bucket=bucket, Key="k")["Body"]
    first = reading.read(1000)
    s3.put_object(Bucket=bucket, Key="k", Body=new)
    assert first + reading.read() == old and body_of(s3, bucket, "k") == new


def test_archived_objects_are_restored(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", StorageClass="GLACIER")
    assert refused(s3.get_object, Bucket=bucket, Key="k")[:2] == ("InvalidObjectState", 403)
    assert s3.restore_object(Bucket=bucket, Key="k", RestoreRequest={"Days": 1})["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert 'ongoing-request="false"' in s3.head_object(Bucket=bucket, Key="k")["Restore"]
    assert body_of(s3, bucket, "k") == b"x"
    assert s3.restore_object(Bucket=bucket, Key="k", RestoreRequest={"Days": 2})["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_renaming(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"x" * 50_000)["ETag"]
    s3.put_object(Bucket=bucket, Key="b")
    rename = dict(Bucket=bucket, Key="b", RenameSource="a")
    assert code_of(s3.rename_object, **rename, DestinationIfNoneMatch="*") == "PreconditionFailed"
    s3.rename_object(**rename, SourceIfMatch=etag)
    assert body_of(s3, bucket, "b") == b"x" * 50_000 and code_of(s3.head_object, Bucket=bucket, Key="a") == "404"


def test_presigned_urls_take_headers_from_the_query_but_no_checksum(s3, bucket):
    url = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "k", "Metadata": {"m": "1"}})
    assert http(url, "PUT", {"x-amz-meta-m": "1"}, b"body")[0] == 200
    assert s3.head_object(Bucket=bucket, Key="k")["Metadata"] == {"m": "1"}
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k", "ResponseContentType": "x/y"})
    status, headers, body = http(url)
    assert (status, headers["content-type"], body) == (200, "x/y", b"body")


def test_another_kms_key_for_an_object_that_is_there(s3, bucket, account):
    arn = f"arn:aws:kms:us-east-1:{account}:key/1"
    key = dict(SSECustomerAlgorithm="AES256", SSECustomerKey=os.urandom(32))
    s3.put_object(Bucket=bucket, Key="k", Body=b"body", Metadata={"m": "1"}, ContentType="a/b")
    s3.put_object(Bucket=bucket, Key="c", Body=b"body", **key)
    s3.put_object(Bucket=bucket, Key="d", Body=b"body", ServerSideEncryption="aws:kms:dsse")
    before = s3.head_object(Bucket=bucket, Key="k")

    def update(k="k", **kms):
        return refused(s3.update_object_encryption, Bucket=bucket, Key=k, ObjectEncryption={"SSEKMS": {"KMSKeyArn": arn, **kms}})

    assert update(KMSKeyArn=f"arn:aws:kms:us-east-1:{account}:alias/a")[:2] == ("InvalidRequest", 400)
    assert update(KMSKeyArn="arn:aws:kms:us-east-1:000000000001:key/1")[:2] == ("AccessDenied", 403)
    assert "DSSE-KMS or SSE-C" in update("c")[2] and "DSSE-KMS or SSE-C" in update("d")[2]
    assert update("none")[0] == "NoSuchKey"
    s3.update_object_encryption(Bucket=bucket, Key="k", ObjectEncryption={"SSEKMS": {"KMSKeyArn": arn, "BucketKeyEnabled": True}})
    after = s3.head_object(Bucket=bucket, Key="k")
    assert (after["ServerSideEncryption"], after["SSEKMSKeyId"], after["BucketKeyEnabled"]) == ("aws:kms", arn, True)
    for kept in ("ETag", "LastModified", "Metadata", "ContentType", "ContentLength"):
        assert after[kept] == before[kept]
    s3.update_object_encryption(Bucket=bucket, Key="k", ObjectEncryption={"SSEKMS": {"KMSKeyArn": arn + "2"}})
    after = s3.head_object(Bucket=bucket, Key="k")
    assert after["SSEKMSKeyId"] == arn + "2" and "BucketKeyEnabled" not in after and body_of(s3, bucket, "k") == b"body"


def test_answers_name_the_request(s3, bucket):
    with pytest.raises(s3.exceptions.NoSuchKey) as caught:
        s3.get_object(Bucket=bucket, Key="none")
    answer = caught.value.response
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert answer["Error"]["Key"] == "none"
    assert answer["ResponseMetadata"]["RequestId"] == headers["x-amz-request-id"]
    assert answer["ResponseMetadata"]["HostId"] == headers["x-amz-id-2"]
    assert code_of(s3.get_object, Bucket=bucket, Key="k", ExpectedBucketOwner="000000000001") == "AccessDenied"


def test_times_have_no_fraction_in_headers(s3, bucket):
    before = time.time()
    s3.put_object(Bucket=bucket, Key="k")
    assert abs(s3.head_object(Bucket=bucket, Key="k")["LastModified"].timestamp() - before) < 600
