"""What clients do on the wire that boto3 does not: framings, trailers, broken bodies, waiting to be asked."""

import base64
import hashlib
import http.client
import os
import socket
import urllib.request
import zlib
from xml.etree import ElementTree

import pytest
from s3_kit import http as fetch
from s3_kit import make_bucket


@pytest.fixture
def s3(client):
    return client("s3")


@pytest.fixture
def bucket(s3):
    return make_bucket(s3)


@pytest.fixture
def send(account, endpoint, bucket):
    """send("PUT", "/key", headers, body) -> (status, headers, body); signed, as far as nobody looks."""
    host = endpoint.removeprefix("http://")

    def run(method, path, headers=None, body=None, chunked=False):
        connection = http.client.HTTPConnection(host, timeout=300)
        credential = f"AWS4-HMAC-SHA256 Credential={account}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature={'0' * 64}"
        connection.request(method, f"/{bucket}{path}", body, {"Authorization": credential, **(headers or {})}, encode_chunked=chunked)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()

    return run


def chunks(body, size, signed=False, upper=False, trailer="", last=True):
    """aws-chunked framing."""
    out = b""
    pieces = [body[i : i + size] for i in range(0, len(body), size)] + ([b""] if last else [])
    for piece in pieces:
        head = f"{len(piece):X}" if upper else f"{len(piece):x}"
        out += (head + (f";chunk-signature={'a' * 64}" if signed else "") + "\r\n").encode() + piece + (b"\r\n" if piece else b"")
    return out + (trailer + "\r\n").encode()


def crc32(body):
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def streaming(body, kind="STREAMING-UNSIGNED-PAYLOAD-TRAILER", **more):
    return {"x-amz-content-sha256": kind, "x-amz-decoded-content-length": str(len(body)), "Content-Encoding": "aws-chunked", **more}


@pytest.mark.parametrize("size", [5, 8192, 65536])
@pytest.mark.parametrize("form", ["unsigned", "upper", "signed", "signed-trailer"])
def test_framings(s3, bucket, send, size, form):
    body = os.urandom(200_000)
    trailer = "" if form == "signed" else f"x-amz-checksum-crc32:{crc32(body)}\r\n"
    kind = {"signed": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "signed-trailer": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"}.get(form, "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    headers = streaming(body, kind, **({"x-amz-trailer": "x-amz-checksum-crc32"} if trailer else {}))
    if form == "signed-trailer":
        trailer += f"x-amz-trailer-signature:{'a' * 64}\r\n"
    framed = chunks(body, size, signed="signed" in form, upper=form == "upper", trailer=trailer)
    assert send("PUT", "/k", headers, framed)[0] == 200
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == body and "ContentEncoding" not in got
    assert got["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert ("ChecksumCRC32" in got) == (form != "signed")


def test_the_framing_inside_http_chunks(s3, bucket, send):
    body = os.urandom(100_000)
    framed = chunks(body, 65536, trailer=f"x-amz-checksum-crc32:{crc32(body)}\r\n")
    headers = streaming(body, **{"x-amz-trailer": "x-amz-checksum-crc32", "Transfer-Encoding": "chunked", "Content-Encoding": "gzip, aws-chunked"})
    assert send("PUT", "/k", headers, iter([framed[:7], framed[7:70_000], framed[70_000:]]), chunked=True)[0] == 200
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == body and got["ContentEncoding"] == "gzip"


@pytest.mark.parametrize("name,value", [  # of "123456789"
    ("sha512", base64.b64encode(hashlib.sha512(b"123456789").digest()).decode()),
    ("md5", base64.b64encode(hashlib.md5(b"123456789").digest()).decode()),
    ("xxhash64", "jLhB20DmroM="), ("xxhash3", "ctyxi2ehff8="), ("xxhash128", "MxGUd+3l3NXpcWQnaB1YYA=="),
])
def test_the_newest_checksums_as_trailers(s3, bucket, send, name, value):
    body, trailer = b"123456789", f"x-amz-checksum-{name}"
    headers = streaming(body, **{"x-amz-trailer": trailer, "x-amz-sdk-checksum-algorithm": name.upper()})
    status, answer, _ = send("PUT", "/k", headers, chunks(body, 4, trailer=f"{trailer}:{value}\r\n"))
    assert (status, answer[trailer], answer["x-amz-checksum-type"]) == (200, value, "FULL_OBJECT")
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["Checksum" + name.upper()] == value
    assert b"BadDigest" in send("PUT", "/k", streaming(b"x", **{"x-amz-trailer": trailer}), chunks(b"x", 4, trailer=f"{trailer}:{value}\r\n"))[2]


def test_broken_streams_each_have_their_error(s3, bucket, send):
    body = b"hello"
    good = f"x-amz-checksum-crc32:{crc32(body)}\r\n"
    announce = {"x-amz-trailer": "x-amz-checksum-crc32"}

    def code(framed, **headers):
        status, _, answer = send("PUT", "/k", {**streaming(body), **headers}, framed)
        assert status == 400, answer
        return answer.decode().split("<Code>")[1].split("<")[0]

    assert code(chunks(body, 5), **announce) == "MalformedTrailerError"
    assert code(chunks(body, 5, trailer=good)) == "MalformedTrailerError"
    assert code(chunks(body, 5, trailer="x-amz-checksum-crc32:AAAAAA==\r\n"), **announce) == "BadDigest"
    assert code(chunks(body, 5, last=False)[:-4], **announce) == "IncompleteBody"
    assert code(chunks(b"hell", 5, trailer=good), **announce) == "IncompleteBody"
    assert code(chunks(body, 5, trailer=good), **announce, **{"x-amz-checksum-crc32c": "AAAAAA=="}) == "InvalidRequest"
    assert code(b"", **{"x-amz-checksum-crc32": crc32(b""), "x-amz-checksum-sha1": "AAAA"}) == "InvalidRequest"
    assert send("HEAD", "/k")[0] == 404


@pytest.mark.parametrize("method,path,body", [("PUT", "/k", b"hello"), ("PUT", "?tagging", b"<Tagging><TagSet/></Tagging>")])
def test_what_headers_say_of_checksums_must_fit_together(send, method, path, body):
    crc, algorithm = {"x-amz-checksum-crc32": crc32(body)}, "x-amz-sdk-checksum-algorithm"

    def answer(path=path, **headers):
        status, _, answer = send(method, path, {**headers}, body)
        return status, answer.decode()

    for name in ("CRC32", "BOGUS"):
        status, words = answer(**{algorithm: name})
        assert status == 400 and "specified, but no corresponding x-amz-checksum-*" in words
    for name in ("SHA256", "BOGUS"):
        status, words = answer(**{algorithm: name}, **crc)
        assert status == 400 and f"Value for {algorithm} header is invalid." in words
    status, words = answer(**crc, **{"X-Amz-Checksum-CRC32": "AAAAAA=="})
    assert status == 400 and "Only one value may be specified." in words and "<ArgumentValue>AAAAAA==<" in words
    assert answer(**crc, **{algorithm: "crc32"})[0] in (200, 204)


def test_an_algorithm_may_stand_alone_beside_a_presigned_checksum(s3, bucket):
    url = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "k"})
    assert fetch(url + "&x-amz-checksum-crc32=AAAAAA%3D%3D", "PUT", {"x-amz-sdk-checksum-algorithm": "CRC32"}, b"body")[0] == 200


def test_a_body_needs_a_length(send):
    assert send("PUT", "/k", {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "Content-Encoding": "aws-chunked"}, b"0\r\n\r\n")[0] == 411
    assert send("PUT", "/k", streaming(b"", **{"x-amz-decoded-content-length": "x"}), b"0\r\n\r\n")[0] == 411


def test_the_signed_digest_must_be_that_of_the_body(send):
    right, wrong = hashlib.sha256(b"x").hexdigest(), hashlib.sha256(b"y").hexdigest()
    assert send("PUT", "/k", {"x-amz-content-sha256": right.upper()}, b"x")[0] == 200
    status, _, answer = send("PUT", "/k", {"x-amz-content-sha256": wrong}, b"x")
    assert status == 400 and b"XAmzContentSHA256Mismatch" in answer
    assert b"InvalidArgument" in send("PUT", "/k", {"x-amz-content-sha256": "nonsense"}, b"x")[2]


def expect(endpoint, path, account=None):
    """The first line that comes before a byte of the body was sent."""
    host, port = endpoint.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=300) as s:
        sign = f"Authorization: AWS4-HMAC-SHA256 Credential={account}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature={'0' * 64}\r\n" if account else ""
        s.sendall(f"PUT {path} HTTP/1.1\r\nHost: x\r\n{sign}Content-Length: 5000000\r\nExpect: 100-continue\r\n\r\n".encode())
        return s.makefile("rb").readline()


def test_who_waits_with_the_body_is_asked_or_refused(endpoint, bucket, account):
    assert b" 100 " in expect(endpoint, f"/{bucket}/k", account)
    assert b" 404 " in expect(endpoint, f"/{bucket}-none/k", account)
    assert b" 403 " in expect(endpoint, f"/{bucket}/k")


def test_errors_of_head_have_no_body(send):
    status, headers, body = send("HEAD", "/none")
    assert status == 404 and body == b"" and headers["x-amz-request-id"]


def test_metadata_beyond_ascii_is_mail_safe(send):
    assert send("PUT", "/k", {"x-amz-meta-name": "bär".encode()}, b"")[0] == 200
    assert send("HEAD", "/k")[1]["x-amz-meta-name"] == "=?UTF-8?B?YsODwqRy?="


@pytest.mark.parametrize("sent, given_back", [
    ("=?UTF-8?Q?actually-ascii?=", "actually-ascii"),
    ("=?UTF-8?B?YWJj?=", "abc"),
    ("=?utf-8?q?a_b=3D_=5F?=", "a b= _"),
    ("=?UTF-8?B?AAECAw==?=", "=?UTF-8?B?AAECAw==?="),
    ("=?UTF-8?Q?=C3=84?=", "=?UTF-8?Q?=C3=84?="),
    ("=?UTF-8?Q?=C?=", "=?UTF-8?Q?=C?="),
    ("=?UTF-8?B?=GGG?=", "=?UTF-8?B?=GGG?="),
    ("=?UTF-8?=", "=?UTF-8?="),
])
def test_encoded_words_of_plain_characters_are_decoded(send, sent, given_back):
    assert send("PUT", "/k", {"x-amz-meta-name": sent}, b"")[0] == 200
    assert send("HEAD", "/k")[1]["x-amz-meta-name"] == given_back


def test_owners_and_names_come_first(s3, bucket, send, endpoint, account):
    """For clients that read a list as it comes."""
    s3.put_object(Bucket=bucket, Key="a/b")
    s3.put_object(Bucket=bucket, Key="c")
    for query in ("?delimiter=/", "?list-type=2&delimiter=/"):
        tags = [e.tag.split("}")[1] for e in ElementTree.fromstring(send("GET", query)[2])]
        assert tags[-2:] == ["Contents", "CommonPrefixes"] and tags.index("Name") < len(tags) - 2
    tags = [e.tag.split("}")[1] for e in ElementTree.fromstring(send("GET", "?versions")[2])]
    assert tags[-2:] == ["Version", "Version"]
    authorization = f"AWS4-HMAC-SHA256 Credential={account}/20261122/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    request = urllib.request.Request(endpoint, headers={"Authorization": authorization})
    with urllib.request.urlopen(request) as answer:
        assert [e.tag.split("}")[1] for e in ElementTree.fromstring(answer.read())] == ["Owner", "Buckets"]


def test_what_is_no_operation_is_refused(send):
    assert send("POST", "/k")[0] == 405
    assert b"MethodNotAllowed" in send("PATCH", "/k")[2]
    assert send("PUT", "?versioning", {}, b"<no")[0] == 400


def test_too_much_is_refused_before_it_comes(send):
    status, _, answer = send("PUT", "/k", {"Content-Length": str((5 << 30) + 1), "Expect": "100-continue"})
    assert status == 400 and b"EntityTooLarge" in answer
