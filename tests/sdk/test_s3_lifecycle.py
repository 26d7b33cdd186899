"""Lifecycle rules, carried out when the server's clock has moved on."""

import datetime
import time

import boto3
import pytest
from s3_kit import code_of, http, make_bucket
from server import Server

DAY = 24 * 3600


@pytest.fixture
def moved(tmp_path):
    """A server whose clock can be moved, and a client."""
    server = Server(tmp_path / "data", "--test-clock")
    s3 = boto3.client(
        "s3", endpoint_url=server.endpoint, region_name="us-east-1", aws_access_key_id="111122223333", aws_secret_access_key="test"
    )

    def forward(seconds):
        assert http(f"{server.endpoint}/_cadabra/clock", "POST", body=b'{"advance_ms": %d}' % (seconds * 1000))[0] == 200

    forward(DAY - int(time.time() + DAY / 2) % DAY)  # to noon: what is due at midnight is not due at any moment
    yield s3, forward
    server.stop()


def eventually(check, seconds=240):
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.1)


def put_rule(s3, bucket, prefix="", **rule):
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": prefix}, **rule}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})


def keys(s3, bucket):
    return [o["Key"] for o in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def versions(s3, bucket):
    answer = s3.list_object_versions(Bucket=bucket)
    return len(answer.get("Versions", [])), len(answer.get("DeleteMarkers", []))


def test_expiration(moved):
    s3, forward = moved
    bucket = make_bucket(s3)
    put_rule(s3, bucket, "tmp/", Expiration={"Days": 2})
    for key in ("tmp/a", "tmp/b", "keep"):
        answer = s3.put_object(Bucket=bucket, Key=key)
    assert "Expiration" not in answer
    told = s3.head_object(Bucket=bucket, Key="tmp/a")["Expiration"]
    assert 'rule-id="r"' in told and "00:00:00 GMT" in told
    forward(1 * DAY)
    s3.put_object(Bucket=bucket, Key="tmp/young")
    forward(2 * DAY)  # at any hour: what is young falls due at the midnight that follows
    eventually(lambda: keys(s3, bucket) == ["keep", "tmp/young"])
    assert code_of(s3.get_object, Bucket=bucket, Key="tmp/a") == "NoSuchKey"


def test_tags_and_sizes(moved):
    s3, forward = moved
    bucket = make_bucket(s3)
    s3.put_object(Bucket=bucket, Key="tagged", Tagging="a=b", Body=b"12345")
    s3.put_object(Bucket=bucket, Key="small", Tagging="a=b", Body=b"1")
    s3.put_object(Bucket=bucket, Key="plain", Body=b"12345")
    condition = {"And": {"Tags": [{"Key": "a", "Value": "b"}], "ObjectSizeGreaterThan": 2}}
    put_rule(s3, bucket, Filter=condition, Expiration={"Days": 1})
    forward(3 * DAY)
    eventually(lambda: keys(s3, bucket) == ["plain", "small"])


def test_versions_and_markers(moved):
    s3, forward = moved
    bucket = make_bucket(s3)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for _ in range(4):
        s3.put_object(Bucket=bucket, Key="k")
    put_rule(s3, bucket, NoncurrentVersionExpiration={"NoncurrentDays": 1, "NewerNoncurrentVersions": 1})
    forward(3 * DAY)
    eventually(lambda: versions(s3, bucket) == (2, 0))
    put_rule(s3, bucket, Expiration={"Days": 1})
    eventually(lambda: versions(s3, bucket) == (2, 1))
    put_rule(
        s3, bucket, Expiration={"ExpiredObjectDeleteMarker": True}, NoncurrentVersionExpiration={"NoncurrentDays": 1}
    )
    forward(3 * DAY)
    eventually(lambda: versions(s3, bucket)[0] == 0)
    forward(3700)
    eventually(lambda: versions(s3, bucket) == (0, 0))


def test_dates_and_uploads(moved):
    s3, forward = moved
    bucket = make_bucket(s3)
    s3.put_object(Bucket=bucket, Key="k")
    s3.create_multipart_upload(Bucket=bucket, Key="half")
    tomorrow = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow += datetime.timedelta(days=1)
    put_rule(s3, bucket, Expiration={"Date": tomorrow}, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1})
    forward(3 * DAY)
    eventually(lambda: keys(s3, bucket) == [])
    eventually(lambda: "Uploads" not in s3.list_multipart_uploads(Bucket=bucket))


def test_locked_versions_stay(moved):
    s3, forward = moved
    bucket = make_bucket(s3, ObjectLockEnabledForBucket=True)
    for hold in ("ON", "OFF"):
        s3.put_object(Bucket=bucket, Key="k", ObjectLockLegalHoldStatus=hold)
    s3.put_object(Bucket=bucket, Key="k")
    put_rule(s3, bucket, NoncurrentVersionExpiration={"NoncurrentDays": 1})
    forward(3 * DAY)
    eventually(lambda: versions(s3, bucket) == (2, 0))
