"""Buckets and listings: pages, prefixes, markers, encodings."""

import re

import pytest
from s3_kit import bucket_name, code_of, http, make_bucket, refused


@pytest.fixture
def s3(client):
    return client("s3")


@pytest.fixture
def bucket(s3):
    return make_bucket(s3)


def fill(s3, bucket, *keys):
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key)


def pages(s3, operation, **arguments):
    """The keys and prefixes of each page."""
    return [
        [o["Key"] for o in page.get("Contents", [])] + [p["Prefix"] for p in page.get("CommonPrefixes", [])]
        for page in s3.get_paginator(operation).paginate(**arguments)
    ]


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
def test_common_prefixes_count_and_can_end_a_page(s3, bucket, operation):
    fill(s3, bucket, "a", "b/1", "b/2", "b/3", "c", "d/1", "d/2")
    for size, wanted in [(2, [["a", "b/"], ["c", "d/"]]), (1, [["a"], ["b/"], ["c"], ["d/"]]), (10, [["a", "c", "b/", "d/"]])]:
        assert pages(s3, operation, Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": size}) == wanted
    assert pages(s3, operation, Bucket=bucket, Delimiter="/", Prefix="b/") == [["b/1", "b/2", "b/3"]]
    assert pages(s3, operation, Bucket=bucket, Prefix="b/", PaginationConfig={"PageSize": 2}) == [["b/1", "b/2"], ["b/3"]]


def test_delimiters_of_any_kind(s3, bucket):
    fill(s3, bucket, "abc--def", "abc--ghi", "xyz", "ü/é", "ü/ß")
    assert pages(s3, "list_objects_v2", Bucket=bucket, Delimiter="--") == [["xyz", "ü/ß", "ü/é", "abc--"]]
    assert pages(s3, "list_objects_v2", Bucket=bucket, Delimiter="ü/") == [["abc--def", "abc--ghi", "xyz", "ü/"]]
    assert pages(s3, "list_objects_v2", Bucket=bucket, Prefix="abc", Delimiter="c") == [["abc--def", "abc--ghi"]]


def test_v1_echoes_its_marker_and_names_the_next_only_with_a_delimiter(s3, bucket):
    fill(s3, bucket, "a", "b", "c")
    first = s3.list_objects(Bucket=bucket, MaxKeys=1)
    assert first["Marker"] == "" and "NextMarker" not in first and first["IsTruncated"]
    assert first["Contents"][0]["Owner"]["ID"]
    second = s3.list_objects(Bucket=bucket, MaxKeys=1, Marker="a", Delimiter="/")
    assert second["Marker"] == "a" and second["NextMarker"] == "b"


def test_v2_says_what_was_asked_and_names_owners_only_then(s3, bucket):
    fill(s3, bucket, "a", "b", "c")
    page = s3.list_objects_v2(Bucket=bucket, StartAfter="a", MaxKeys=1)
    assert page["StartAfter"] == "a" and page["KeyCount"] == 1 and [o["Key"] for o in page["Contents"]] == ["b"]
    assert "Owner" not in page["Contents"][0] and "ContinuationToken" not in page
    page = s3.list_objects_v2(Bucket=bucket, ContinuationToken=page["NextContinuationToken"], FetchOwner=True)
    assert "StartAfter" not in page
    assert page["ContinuationToken"] and [o["Key"] for o in page["Contents"]] == ["c"] and page["Contents"][0]["Owner"]["ID"]
    assert page["Contents"][0]["ChecksumAlgorithm"] == ["CRC32"] and page["Contents"][0]["ChecksumType"] == "FULL_OBJECT"
    assert code_of(s3.list_objects_v2, Bucket=bucket, ContinuationToken="made up") == "InvalidArgument"


def test_url_encoding_covers_prefixes_and_delimiters(s3, bucket, endpoint):
    fill(s3, bucket, "a+b/c d", "a+b/é")
    url = s3.generate_presigned_url("list_objects_v2", {"Bucket": bucket, "EncodingType": "url", "Prefix": "a+b/", "StartAfter": "a+"})
    text = http(url)[2].decode()
    for wanted in ("<Key>a%2Bb/c%20d</Key>", "<Key>a%2Bb/%C3%A9</Key>", "<Prefix>a%2Bb/</Prefix>", "<StartAfter>a%2B</StartAfter>"):
        assert wanted in text
    assert text.splitlines()[1].startswith('<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">')
    url = s3.generate_presigned_url("list_objects", {"Bucket": bucket, "EncodingType": "url", "Delimiter": "+b"})
    text = http(url)[2].decode()
    assert "<CommonPrefixes><Prefix>a%2Bb</Prefix></CommonPrefixes>" in text and "<Delimiter>%2Bb</Delimiter>" in text


def test_sizes_of_pages(s3, bucket):
    fill(s3, bucket, "a")
    empty = s3.list_objects_v2(Bucket=bucket, MaxKeys=0)
    assert not empty["IsTruncated"] and empty["KeyCount"] == 0 and "Contents" not in empty
    assert code_of(s3.list_objects_v2, Bucket=bucket, MaxKeys=-1) == "InvalidArgument"
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=5000)["MaxKeys"] == 1000
    signed = s3.generate_presigned_url("list_objects", {"Bucket": bucket, "EncodingType": "url"})
    assert http(signed)[0] == 200
    for query in ("max-keys=abc", "list-type=2&max-keys=99999999999"):
        assert http(signed + "&" + query)[0] == 400
    assert http(signed.replace("encoding-type=url", "encoding-type=base64"))[0] == 400


def test_an_empty_encoding_is_none_and_an_empty_number_is_not_there(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    for operation in ("list_objects", "list_objects_v2", "list_object_versions", "list_multipart_uploads"):
        url = s3.generate_presigned_url(operation, {"Bucket": bucket, "EncodingType": "url"})
        status, _, body = http(url.replace("encoding-type=url", "encoding-type="))
        assert status == 400 and b"<ArgumentName>encoding-type</ArgumentName>" in body
    url = s3.generate_presigned_url("list_parts", {"Bucket": bucket, "Key": "k", "UploadId": upload})
    for value, message in [("-1", b"Argument max-parts must be an integer between 0"), ("2147483648", b"Provided max-parts not an integer")]:
        status, _, body = http(url + "&max-parts=" + value)
        assert status == 400 and message in body and f"<ArgumentValue>{value}<".encode() in body
    for query in ("part-number-marker=", "max-parts="):
        status, _, body = http(url + "&" + query)
        assert status == 200 and b"<MaxParts>1000</MaxParts>" in body


def test_the_last_page_of_uploads_says_where_it_ends(s3, bucket):
    ids = {key: s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"] for key in ("a/x", "b")}
    page = s3.list_multipart_uploads(Bucket=bucket)
    assert not page["IsTruncated"] and page["NextKeyMarker"] == "b" and page["NextUploadIdMarker"] == ids["b"]
    page = s3.list_multipart_uploads(Bucket=bucket, Prefix="a", Delimiter="/")
    assert page["NextKeyMarker"] == "" and page["NextUploadIdMarker"] == ""


def test_times_have_whole_seconds_and_say_so(s3, bucket):
    fill(s3, bucket, "a")
    s3.create_multipart_upload(Bucket=bucket, Key="k")
    for operation, element in [
        ("list_objects", "LastModified"),
        ("list_objects_v2", "LastModified"),
        ("list_object_versions", "LastModified"),
        ("list_multipart_uploads", "Initiated"),
    ]:
        body = http(s3.generate_presigned_url(operation, {"Bucket": bucket}))[2].decode()
        assert re.search(rf"<{element}>[-0-9]+T[:0-9]+\.000Z</{element}>", body)


def test_versions_by_the_page(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    made = [(key, s3.put_object(Bucket=bucket, Key=key)["VersionId"]) for key in ("a", "a", "b/x", "c")]
    made.append(("a", s3.delete_object(Bucket=bucket, Key="a")["VersionId"]))
    wanted = [made[4], made[1], made[0], made[2], made[3]]
    for size in (1, 2, 3, 10):
        seen = []
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": size}):
            entries = page.get("Versions", []) + page.get("DeleteMarkers", [])
            assert len(entries) <= size
            seen += [(e["Key"], e["VersionId"]) for e in entries]
        assert sorted(seen) == sorted(wanted)
    page = s3.list_object_versions(Bucket=bucket, Delimiter="/", MaxKeys=4)
    assert page["CommonPrefixes"] == [{"Prefix": "b/"}] and page["NextKeyMarker"] == "b/" and "NextVersionIdMarker" not in page


def test_buckets_by_the_page(client, s3):
    names = sorted(bucket_name() for _ in range(3))
    for name in names:
        s3.create_bucket(Bucket=name)
    assert [b["Name"] for b in s3.list_buckets()["Buckets"]] == names
    assert "BucketRegion" not in s3.list_buckets()["Buckets"][0]
    assert s3.list_buckets(Prefix="b-")["Buckets"][0]["BucketRegion"]
    assert s3.list_buckets()["Buckets"][0]["CreationDate"].microsecond == 0
    assert [b["Name"] for b in s3.list_buckets(ContinuationToken="")["Buckets"]] == names
    first = s3.list_buckets(MaxBuckets=2)
    assert [b["Name"] for b in first["Buckets"]] == names[:2]
    rest = s3.list_buckets(MaxBuckets=2, ContinuationToken=first["ContinuationToken"])
    assert [b["Name"] for b in rest["Buckets"]] == names[2:] and "ContinuationToken" not in rest
    assert [b["Name"] for b in s3.list_buckets(Prefix=names[1])["Buckets"]] == [names[1]]
    far = bucket_name()
    client("s3", region_name="eu-west-1").create_bucket(Bucket=far, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert [b["Name"] for b in s3.list_buckets(BucketRegion="eu-west-1")["Buckets"]] == [far]
    assert s3.get_bucket_location(Bucket=far)["LocationConstraint"] == "eu-west-1"
    assert s3.head_bucket(Bucket=far)["BucketRegion"] == "eu-west-1"
    assert s3.get_bucket_location(Bucket=names[0])["LocationConstraint"] is None


def test_making_buckets(client, s3):
    import boto3

    name = make_bucket(s3)
    s3.create_bucket(Bucket=name)  # AWS: in us-east-1 one's own again is no fault
    assert code_of(s3.create_bucket, Bucket="no_such-name") == "InvalidBucketName"
    west = client("s3", region_name="eu-west-1")
    assert code_of(west.create_bucket, Bucket=bucket_name()) == "IllegalLocationConstraintException"
    stranger = boto3.client("s3", endpoint_url=s3.meta.endpoint_url, aws_access_key_id="999999999998", aws_secret_access_key="test", region_name="us-east-1")
    assert refused(stranger.create_bucket, Bucket=name)[:2] == ("BucketAlreadyExists", 409)
    assert refused(s3.head_bucket, Bucket=bucket_name())[1] == 404
    s3.delete_bucket(Bucket=name)
    assert code_of(s3.delete_bucket, Bucket=name) == "NoSuchBucket"


def test_buckets_by_the_host(s3, bucket, endpoint):
    s3.put_object(Bucket=bucket, Key="_a//b", Body=b"x")
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "_a//b"})
    path = url.split(bucket, 1)[1]
    for host in (f"{bucket}.localhost", f"{bucket}.s3.localhost.localstack.cloud:4566", f"{bucket}.s3.amazonaws.com", f"{bucket}.s3.eu-west-1.amazonaws.com"):
        assert http(endpoint + path, headers={"Host": host})[::2] == (200, b"x")
