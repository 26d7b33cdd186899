"""Uploads in parts, and boto3's transfer manager, which makes them by itself."""

import base64
import hashlib
import io
import os

import boto3.s3.transfer
import botocore.config
import pytest
from s3_kit import code_of, make_bucket, refused

MIB = 1 << 20


@pytest.fixture
def s3(client):
    return client("s3")


@pytest.fixture
def bucket(s3):
    return make_bucket(s3)


def begin(s3, bucket, key="k", **keywords):
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, **keywords)["UploadId"]
    return dict(Bucket=bucket, Key=key, UploadId=upload)


def part_of(s3, upload, number, body, **keywords):
    """With its checksum only where the caller speaks of one: what is begun without is completed without."""
    answer = s3.upload_part(**upload, PartNumber=number, Body=body, **keywords)
    checked = any(k.startswith("Checksum") for k in keywords)
    return {"PartNumber": number, "ETag": answer["ETag"], **{k: v for k, v in answer.items() if checked and k.startswith("Checksum")}}


def complete(s3, upload, parts, **keywords):
    return s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **keywords)


def body_of(s3, bucket, key, **keywords):
    return s3.get_object(Bucket=bucket, Key=key, **keywords)["Body"].read()


def test_parts_in_any_order_become_one_object(s3, bucket):
    body = os.urandom(11 * MIB)
    upload = begin(s3, bucket, Metadata={"m": "1"}, ContentType="a/b", Tagging="t=1")
    last = part_of(s3, upload, 9, body[10 * MIB :])
    part_of(s3, upload, 1, b"x" * 5 * MIB)
    first = part_of(s3, upload, 1, body[: 5 * MIB])
    part_of(s3, upload, 5, b"never chosen")
    second = part_of(s3, upload, 3, body[5 * MIB : 10 * MIB])
    parts = [first, second, last]
    md5s = b"".join(hashlib.md5(b).digest() for b in (body[: 5 * MIB], body[5 * MIB : 10 * MIB], body[10 * MIB :]))
    done = complete(s3, upload, parts)
    assert done["ETag"] == f'"{hashlib.md5(md5s).hexdigest()}-3"' and done["ChecksumType"] == "FULL_OBJECT"
    assert complete(s3, upload, parts)["ETag"] == done["ETag"]
    assert code_of(complete, s3, upload, parts[:2]) == "NoSuchUpload"
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == body and got["Metadata"] == {"m": "1"} and got["TagCount"] == 1
    for first, last in [(5 * MIB - 2, 5 * MIB + 1), (0, 11 * MIB - 1), (10 * MIB, 10 * MIB), (4 * MIB, 10 * MIB + 5)]:
        assert body_of(s3, bucket, "k", Range=f"bytes={first}-{last}") == body[first : last + 1]
    second = s3.get_object(Bucket=bucket, Key="k", PartNumber=2)
    assert second["Body"].read() == body[5 * MIB : 10 * MIB] and second["PartsCount"] == 3 and second["ETag"] == done["ETag"]
    assert s3.head_object(Bucket=bucket, Key="k", PartNumber=3)["ContentLength"] == MIB
    assert refused(s3.get_object, Bucket=bucket, Key="k", PartNumber=4)[1] == 416
    listed = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts"], MaxParts=2)["ObjectParts"]
    assert listed["TotalPartsCount"] == 3 and [p["PartNumber"] for p in listed["Parts"]] == [1, 3] and listed["IsTruncated"]


def test_what_cannot_be_completed(s3, bucket):
    upload = begin(s3, bucket)
    parts = [part_of(s3, upload, 1, b"small"), part_of(s3, upload, 2, b"last")]
    assert code_of(complete, s3, upload, parts) == "EntityTooSmall"
    assert code_of(complete, s3, upload, parts[::-1]) == "InvalidPartOrder"
    assert code_of(complete, s3, upload, []) == "MalformedXML"
    assert code_of(complete, s3, upload, [{"PartNumber": 7, "ETag": parts[0]["ETag"]}]) == "InvalidPart"
    assert code_of(complete, s3, upload, [{"PartNumber": 1, "ETag": parts[1]["ETag"]}]) == "InvalidPart"
    assert code_of(complete, s3, {**upload, "UploadId": "x"}, parts) == "NoSuchUpload"
    assert code_of(s3.upload_part, **upload, PartNumber=10001, Body=b"") == "InvalidArgument"
    assert code_of(complete, s3, upload, parts[:1], MpuObjectSize=4) == "InvalidRequest"
    assert code_of(s3.head_object, Bucket=bucket, Key="k") == "404"
    complete(s3, upload, parts[:1], MpuObjectSize=5)
    assert body_of(s3, bucket, "k") == b"small"


def test_digests_of_parts_are_checked(s3, bucket):
    upload = begin(s3, bucket)
    part = dict(**upload, PartNumber=1, Body=b"hello")
    assert code_of(s3.upload_part, **part, ContentMD5="x") == "InvalidDigest"
    assert code_of(s3.upload_part, **part, ContentMD5=base64.b64encode(b"1" * 16).decode()) == "BadDigest"
    assert code_of(s3.upload_part, **part, ChecksumCRC32="AAAAAA==") == "BadDigest"
    assert "Parts" not in s3.list_parts(**upload)


def test_conditions_when_completing(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k")
    upload = begin(s3, bucket)
    parts = [part_of(s3, upload, 1, b"x")]
    assert refused(complete, s3, upload, parts, IfNoneMatch="*")[:2] == ("PreconditionFailed", 412)
    assert refused(complete, s3, upload, parts, IfMatch='"x"')[1] == 412
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"changed meanwhile")["ETag"]
    assert refused(complete, s3, upload, parts, IfMatch=etag)[:2] == ("ConditionalRequestConflict", 409)


def test_an_object_that_went_while_its_upload_was_open(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k")
    upload = begin(s3, bucket)
    parts = [part_of(s3, upload, 1, b"x")]
    s3.delete_object(Bucket=bucket, Key="k")
    assert refused(complete, s3, upload, parts, IfNoneMatch="*")[:2] == ("ConditionalRequestConflict", 409)
    again = begin(s3, bucket)
    complete(s3, again, [part_of(s3, again, 1, b"y")], IfNoneMatch="*")
    assert body_of(s3, bucket, "k") == b"y"
    complete(s3, upload, parts)  # without a condition it is nobody's concern
    assert body_of(s3, bucket, "k") == b"x"


def test_uploads_and_parts_by_the_page(s3, bucket):
    uploads = [begin(s3, bucket, key) for key in ("a", "a", "b/1", "b/2", "c")]
    for size in (1, 2, 10):
        seen = []
        for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": size}):
            seen += [(u["Key"], u["UploadId"]) for u in page.get("Uploads", [])]
        assert seen == [(u["Key"], u["UploadId"]) for u in uploads]
    page = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert page["CommonPrefixes"] == [{"Prefix": "b/"}] and len(page["Uploads"]) == 3
    for number in (1, 2, 5):
        part_of(s3, uploads[0], number, b"x")
    seen = []
    for page in s3.get_paginator("list_parts").paginate(**uploads[0], PaginationConfig={"PageSize": 2}):
        seen += [p["PartNumber"] for p in page["Parts"]]
    assert seen == [1, 2, 5]
    for upload in uploads:
        s3.abort_multipart_upload(**upload)
    assert code_of(s3.abort_multipart_upload, **uploads[0]) == "NoSuchUpload"
    assert code_of(s3.list_parts, **uploads[0]) == "NoSuchUpload"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


@pytest.mark.parametrize("algorithm,kind", [("CRC32", "FULL_OBJECT"), ("CRC32", "COMPOSITE"), ("SHA256", "COMPOSITE"), ("SHA1", "COMPOSITE")])
def test_checksums_of_the_whole(s3, bucket, algorithm, kind):
    body = os.urandom(6 * MIB)
    member = "Checksum" + algorithm
    upload = begin(s3, bucket, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    parts = [part_of(s3, upload, n + 1, b, ChecksumAlgorithm=algorithm) for n, b in enumerate((body[: 5 * MIB], body[5 * MIB :]))]
    if kind == "COMPOSITE":
        code, _, words = refused(complete, s3, upload, [{k: p[k] for k in ("PartNumber", "ETag")} for p in parts])
        assert code == "InvalidRequest" and f"using a {algorithm.lower()} checksum" in words
    assert code_of(complete, s3, upload, parts, **{member: {"CRC32": "AAAAAA=="}.get(algorithm, base64.b64encode(b"1" * (32 if algorithm == "SHA256" else 20)).decode())}) == "BadDigest"
    done = complete(s3, upload, parts)
    whole = s3.put_object(Bucket=bucket, Key="one", Body=body, ChecksumAlgorithm=algorithm)[member]
    assert done["ChecksumType"] == kind and (done[member] == whole) == (kind == "FULL_OBJECT")
    assert done[member].endswith("-2") == (kind == "COMPOSITE")
    assert body_of(s3, bucket, "k", ChecksumMode="ENABLED") == body


@pytest.mark.parametrize("algorithm,first,second,whole", [  # of "x" * 5 MiB, "y" * 7, and both digests
    ("XXHASH64", "BOKMo9MZSa8=", "f9X5rWkfcZ8=", "ra7P0KwmmNw="),
    ("XXHASH3", "9PCek96Ek0I=", "lNtOL/eliIA=", "A7pC4xg+yS4="),
    ("XXHASH128", "mmUBWBmgvHb08J6T3oSTQg==", "ISQkeuyt34LgIE/KFwYcgw==", "wbyORiK6PDBpzQ0+KH80dQ=="),
])
def test_checksums_that_boto3_does_not_make(s3, bucket, algorithm, first, second, whole):
    member = "Checksum" + algorithm
    upload = begin(s3, bucket, ChecksumAlgorithm=algorithm)
    bodies = [b"x" * 5 * MIB, b"y" * 7]
    assert code_of(s3.upload_part, **upload, PartNumber=1, Body=bodies[1], **{member: first}) == "BadDigest"
    parts = [part_of(s3, upload, n, body, **{member: value}) for n, body, value in zip((1, 2), bodies, (first, second))]
    assert [p[member] for p in parts] == [first, second]
    assert [p[member] for p in s3.list_parts(**upload)["Parts"]] == [first, second]
    assert code_of(complete, s3, upload, parts, **{member: first}) == "BadDigest"
    done = complete(s3, upload, parts, **{member: whole + "-2"})
    assert (done[member], done["ChecksumType"]) == (whole + "-2", "COMPOSITE")
    seen = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["Checksum", "ObjectParts"])
    assert seen["Checksum"] == {member: whole, "ChecksumType": "COMPOSITE"}
    assert [p[member] for p in seen["ObjectParts"]["Parts"]] == [first, second]
    page = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts"], MaxParts=1)["ObjectParts"]
    assert page["TotalPartsCount"] == 2 and [p["PartNumber"] for p in page["Parts"]] == [1] and page["IsTruncated"]
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")[member] == whole + "-2"
    flat = s3.copy_object(Bucket=bucket, Key="flat", CopySource=f"{bucket}/k")["CopyObjectResult"]
    assert flat["ChecksumType"] == "FULL_OBJECT" and flat[member] == s3.put_object(Bucket=bucket, Key="one", Body=b"".join(bodies), **{member: flat[member]})[member]


def test_checksums_of_the_wrong_kind_when_completing(client, s3, bucket):
    quiet = client("s3", config=botocore.config.Config(request_checksum_calculation="when_required"))
    crc32, sha256 = "AAAAAA==", base64.b64encode(b"1" * 32).decode()
    upload = begin(s3, bucket, ChecksumAlgorithm="CRC32")
    assert refused(quiet.upload_part, **upload, PartNumber=1, Body=b"abc")[::2] == (
        "InvalidRequest", "Checksum Type mismatch occurred, expected checksum Type: crc32, actual checksum Type: null")
    part = part_of(s3, upload, 1, b"abc", ChecksumAlgorithm="CRC32")
    bare = {k: part[k] for k in ("PartNumber", "ETag")}

    def words(parts, **keywords):
        return refused(complete, s3, upload, parts, **keywords)[::2]

    assert words([{**bare, "ChecksumSHA256": sha256}]) == ("BadDigest", "The sha256 you specified for part 1 did not match what we received.")
    assert words([{**bare, "ChecksumCRC32": crc32}])[0] == "InvalidPart"
    assert words([{**part, "ChecksumSHA256": sha256}]) == ("InvalidArgument", "Invalid Base64 or multiple checksums present in request")
    assert words([{**bare, "ChecksumCRC32": "AAAA"}])[0] == "InvalidArgument"
    assert words([part], ChecksumSHA256=sha256) == ("BadDigest", "The crc32 you specified did not match the calculated checksum.")
    assert words([part], ChecksumSHA256="bad-") == ("InvalidRequest", "Value for x-amz-checksum-sha256 header is invalid.")
    assert words([part], ChecksumCRC32=crc32 + "-1x")[0] == "InvalidRequest"
    assert words([part], ChecksumCRC32=crc32, ChecksumSHA256=sha256)[1].startswith("Expecting a single x-amz-checksum- header.")
    assert words([part], ChecksumType="FULL_OBJECT") == (
        "InvalidRequest", "The upload was created using the COMPOSITE checksum mode. The complete request must use the same checksum mode.")
    assert words([part], ChecksumType="BOGUS") == ("InvalidRequest", "Value for x-amz-checksum-type header is invalid.")
    done = complete(s3, upload, [part], ChecksumType="COMPOSITE")
    assert done["ChecksumCRC32"].endswith("-1")


def test_a_checksum_of_the_whole_wants_its_type(s3, bucket):
    upload = begin(s3, bucket, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    part = part_of(s3, upload, 1, b"abc", ChecksumAlgorithm="CRC32")
    bare = {k: part[k] for k in ("PartNumber", "ETag")}
    whole = part["ChecksumCRC32"]
    bad = ("BadDigest", 400, "The crc32 you specified did not match the calculated checksum.")
    assert refused(complete, s3, upload, [part], ChecksumCRC32=whole) == bad
    assert refused(complete, s3, upload, [part], ChecksumCRC32C=whole, ChecksumType="FULL_OBJECT") == bad
    assert refused(complete, s3, upload, [{**bare, "ChecksumCRC32C": whole}])[0] == "BadDigest"
    assert complete(s3, upload, [bare], ChecksumCRC32=whole, ChecksumType="FULL_OBJECT")["ChecksumCRC32"] == whole


def test_what_is_begun_without_a_checksum_is_completed_without(s3, bucket):
    upload = begin(s3, bucket)
    answer = s3.upload_part(**upload, PartNumber=1, Body=b"abc", ChecksumAlgorithm="SHA1")
    assert answer["ChecksumSHA1"] and "ChecksumCRC64NVME" not in answer
    assert not [k for k in s3.list_parts(**upload)["Parts"][0] if k.startswith("Checksum")]
    part = {"PartNumber": 1, "ETag": answer["ETag"]}
    assert code_of(complete, s3, upload, [{**part, "ChecksumSHA1": answer["ChecksumSHA1"]}]) == "InvalidPart"
    for kind in ("FULL_OBJECT", "COMPOSITE"):
        assert "using the null checksum mode" in refused(complete, s3, upload, [part], ChecksumType=kind)[2]
    assert refused(complete, s3, upload, [part], ChecksumXXHASH64="AAAAAAAAAAA=")[::2] == (
        "InvalidRequest", "Checksum Type mismatch occurred, expected checksum Type: null, actual checksum Type: xxhash64")
    done = complete(s3, upload, [part], ChecksumCRC32C="AAAAAA==-2")
    assert done["ChecksumType"] == "FULL_OBJECT" and done["ChecksumCRC64NVME"] and "ChecksumCRC32C" not in done


@pytest.mark.parametrize("algorithm", ["CRC64NVME", "MD5", "SHA1", "SHA256", "SHA512", "XXHASH64", "XXHASH3", "XXHASH128"])
def test_only_crcs_are_joined(s3, bucket, algorithm):
    kind = "COMPOSITE" if algorithm == "CRC64NVME" else "FULL_OBJECT"
    begun = dict(Bucket=bucket, Key="k", ChecksumAlgorithm=algorithm, ChecksumType=kind)
    code, _, words = refused(s3.create_multipart_upload, **begun)
    assert (code, words) == ("InvalidRequest", f"The {kind} checksum type cannot be used with the {algorithm.lower()} checksum algorithm.")


def test_parts_copied_from_an_object(s3, bucket):
    body = os.urandom(6 * MIB)
    s3.put_object(Bucket=bucket, Key="source", Body=body)
    upload = begin(s3, bucket)
    copy = dict(**upload, CopySource=f"{bucket}/source")
    for wrong in ("bytes=0-", f"bytes=0-{6 * MIB}", "bytes=5-4", "0-5", "bytes=-5"):
        assert code_of(s3.upload_part_copy, **copy, PartNumber=1, CopySourceRange=wrong) == "InvalidArgument"
    parts = []
    for number, span in enumerate((f"bytes=0-{5 * MIB - 1}", f"bytes={5 * MIB}-{6 * MIB - 1}"), 1):
        result = s3.upload_part_copy(**copy, PartNumber=number, CopySourceRange=span)["CopyPartResult"]
        parts.append({"PartNumber": number, "ETag": result["ETag"]})
    complete(s3, upload, parts)
    assert body_of(s3, bucket, "k") == body
    s3.copy_object(Bucket=bucket, Key="flat", CopySource=f"{bucket}/k")
    assert s3.head_object(Bucket=bucket, Key="flat")["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'


def test_a_customers_key_is_told_again_where_there_is_a_checksum(s3, bucket):
    key = b"k" * 32
    text = dict(SSECustomerAlgorithm="AES256", SSECustomerKey=base64.b64encode(key).decode(), SSECustomerKeyMD5=base64.b64encode(hashlib.md5(key).digest()).decode())
    key = dict(SSECustomerAlgorithm="AES256", SSECustomerKey=key)
    upload = begin(s3, bucket, ChecksumAlgorithm="SHA256", **key)
    part = part_of(s3, upload, 1, b"body", ChecksumAlgorithm="SHA256", **key)
    assert "appropriate encryption parameters" in refused(complete, s3, upload, [part])[2]
    assert complete(s3, upload, [part], **text)["ChecksumSHA256"].endswith("-1")
    assert body_of(s3, bucket, "k", **key) == b"body"


def test_a_customers_key_holds_for_all_parts(s3, bucket):
    key = dict(SSECustomerAlgorithm="AES256", SSECustomerKey=os.urandom(32))
    other = dict(SSECustomerAlgorithm="AES256", SSECustomerKey=os.urandom(32))
    body = os.urandom(6 * MIB)
    upload = begin(s3, bucket, **key)
    assert code_of(s3.upload_part, **upload, PartNumber=1, Body=b"x") == "InvalidRequest"
    assert code_of(s3.upload_part, **upload, PartNumber=1, Body=b"x", **other) == "InvalidRequest"
    open_upload = begin(s3, bucket, "open")
    assert "appropriate encryption parameters" in refused(s3.upload_part, **open_upload, PartNumber=1, Body=b"x", **key)[2]
    parts = [part_of(s3, upload, n + 1, b, **key) for n, b in enumerate((body[: 5 * MIB], body[5 * MIB :]))]
    listed = {"Parts": parts}
    assert code_of(s3.complete_multipart_upload, **upload, MultipartUpload=listed, **other) == "InvalidRequest"
    complete(s3, upload, parts)
    assert body_of(s3, bucket, "k", **key) == body
    assert body_of(s3, bucket, "k", **key, Range=f"bytes={5 * MIB - 3}-{5 * MIB + 3}") == body[5 * MIB - 3 : 5 * MIB + 4]


def test_a_null_version_is_not_told_when_it_is_made(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    upload = begin(s3, bucket)
    assert complete(s3, upload, [part_of(s3, upload, 1, b"x")])["VersionId"]
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    upload = begin(s3, bucket)
    assert "VersionId" not in complete(s3, upload, [part_of(s3, upload, 1, b"y")])
    assert [v["VersionId"] for v in s3.list_object_versions(Bucket=bucket)["Versions"]][0] == "null"


def test_the_transfer_manager(s3, bucket, tmp_path):
    body = os.urandom(20 * MIB + 7)
    (tmp_path / "up").write_bytes(body)
    settings = boto3.s3.transfer.TransferConfig(multipart_chunksize=5 * MIB)
    s3.upload_file(str(tmp_path / "up"), bucket, "k", Config=settings)
    s3.download_file(bucket, "k", str(tmp_path / "down"), Config=settings)
    assert (tmp_path / "down").read_bytes() == body
    s3.copy({"Bucket": bucket, "Key": "k"}, bucket, "copy", Config=settings)
    out = io.BytesIO()
    s3.download_fileobj(bucket, "copy", out)
    assert out.getvalue() == body


def test_a_slow_reader_of_parts_keeps_what_it_began_with(s3, bucket):
    body = os.urandom(16 * MIB)
    s3.upload_fileobj(io.BytesIO(body), bucket, "k")
    reading = s3.get_object(Bucket=bucket, Key="k")["Body"]
    first = reading.read(100)
    s3.delete_object(Bucket=bucket, Key="k")
    assert first + reading.read() == body
