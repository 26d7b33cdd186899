"""Refusals and odd answers of S3, member by member."""

import datetime

import pytest
from s3_kit import bucket_name, error_of, http, make_bucket


@pytest.fixture
def s3(client):
    return client("s3")


@pytest.fixture
def bucket(s3):
    return make_bucket(s3)


def has(error, **members):
    """The error has these members, and None stands for one that must not be there."""
    assert {name: error.get(name) for name in members} == members


# --- buckets ---


@pytest.mark.parametrize("owner", ["1234", "abcdabcdabcd", "1234567890123"])
def test_an_expected_owner_must_be_an_account(s3, bucket, owner):
    error = error_of(s3.get_bucket_location, Bucket=bucket, ExpectedBucketOwner=owner)
    has(error, Code="InvalidBucketOwnerAWSAccountID")
    assert error["Message"].endswith(f"AWS Account ID... [{owner}]")


@pytest.mark.parametrize(
    "region, location, code",
    [
        ("us-east-1", "nowhere", "InvalidLocationConstraint"),
        ("us-east-1", "aws-global", "InvalidLocationConstraint"),
        ("us-east-1", "us-east-1", "InvalidLocationConstraint"),
        ("us-east-1", "eu-nowhere-7", "InvalidLocationConstraint"),
        ("eu-west-1", "nowhere", "IllegalLocationConstraintException"),
        ("eu-west-1", "us-east-1", "IllegalLocationConstraintException"),
        ("us-west-2", "EU", "IllegalLocationConstraintException"),
    ],
)
def test_locations_that_do_not_fit(client, region, location, code):
    error = error_of(
        client("s3", region_name=region).create_bucket,
        Bucket=bucket_name(),
        CreateBucketConfiguration={"LocationConstraint": location},
    )
    assert error["Code"] == code
    assert error.get("LocationConstraint", location) == location
    assert code != "IllegalLocationConstraintException" or error["Message"].startswith(f"The {location} location")


def test_listings_say_where_the_bucket_is(s3, bucket):
    for listing in (s3.list_objects, s3.list_objects_v2):
        assert listing(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == "us-east-1"


def test_a_bucket_that_is_there_is_given_no_tags(client):
    s3 = client("s3", region_name="us-east-1")
    name = bucket_name()
    tags = [{"Key": "a", "Value": "b"}]
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"Tags": tags})
    s3.create_bucket(Bucket=name)
    error = error_of(s3.create_bucket, Bucket=name, CreateBucketConfiguration={"Tags": tags})
    has(error, Code="BucketAlreadyOwnedByYou", BucketName=name)


def test_versions_keep_a_bucket(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k")
    assert error_of(s3.delete_bucket, Bucket=bucket)["Message"].endswith("is not empty")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    error = error_of(s3.delete_bucket, Bucket=bucket)
    assert error["Message"].endswith("is not empty. You must delete all versions in the bucket.")


# --- access control lists ---


@pytest.mark.parametrize(
    "words, name, value, message",
    [
        ({"GrantRead": 'uri="http://groups/none"'}, "uri", "http://groups/none", "Invalid group uri"),
        ({"GrantWrite": 'id="none"'}, "id", "none", "Invalid id"),
        ({"GrantWriteACP": 'name="x"'}, "x-amz-grant-write-acp", 'name="x"', "Argument format not recognized"),
    ],
)
def test_what_a_grant_gets_wrong(s3, words, name, value, message):
    bucket = make_bucket(s3, open_to_all=True)
    error = error_of(s3.put_bucket_acl, Bucket=bucket, **words)
    has(error, Code="InvalidArgument", ArgumentName=name, ArgumentValue=value, Message=message)


def test_an_acl_must_be_given_and_its_owner_exist(s3):
    bucket = make_bucket(s3, open_to_all=True)
    has(error_of(s3.put_bucket_acl, Bucket=bucket), Code="MissingSecurityHeader", MissingHeaderName="x-amz-acl")
    policy = {"Owner": {"ID": "nobody"}, "Grants": []}
    error = error_of(s3.put_bucket_acl, Bucket=bucket, AccessControlPolicy=policy)
    has(error, Code="InvalidArgument", ArgumentName="CanonicalUser/ID", ArgumentValue="nobody")


def test_an_unknown_acl_is_no_acl_even_where_there_are_none(s3, bucket):
    error = error_of(s3.put_object, Bucket=bucket, Key="k", ACL="made-up")
    has(error, Code="InvalidArgument", ArgumentName="x-amz-acl", ArgumentValue="made-up")
    has(error_of(s3.put_object, Bucket=bucket, Key="k", ACL="public-read"), Code="AccessControlListNotSupported")


# --- objects ---


def test_a_bucket_without_locks_has_nothing_to_bypass(s3, bucket):
    name = "x-amz-bypass-governance-retention"
    for bypass in (True, False):
        error = error_of(s3.delete_object, Bucket=bucket, Key="k", BypassGovernanceRetention=bypass)
        has(error, Code="InvalidArgument", ArgumentName=name)
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}]}, BypassGovernanceRetention=True)


@pytest.mark.parametrize(
    "headers, header, why",
    [
        ({"IfMatch": "*"}, "If-Match", "We don't accept the provided value of If-Match"),
        ({"IfNoneMatch": '"etag"'}, "If-None-Match", "We don't accept the provided value of If-None-Match"),
        ({"IfMatch": '"etag"', "IfNoneMatch": "*"}, "If-Match,If-None-Match", "Multiple conditional request headers"),
    ],
)
def test_conditions_that_writes_do_not_have(s3, bucket, headers, header, why):
    error = error_of(s3.put_object, Bucket=bucket, Key="k", **headers)
    has(error, Code="NotImplemented", Header=header)
    assert error["additionalMessage"].startswith(why)


def test_a_delete_marker_has_no_facts(s3):
    bucket = make_bucket(s3, open_to_all=True)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.delete_object(Bucket=bucket, Key="k")
    where = {"Bucket": bucket, "Key": "k"}
    has(error_of(s3.get_object_acl, **where), Code="NoSuchKey", Key="k")
    has(error_of(s3.get_object_tagging, **where), Code="MethodNotAllowed", Method="GET", ResourceType="DeleteMarker")
    tags = {"TagSet": [{"Key": "a", "Value": "b"}]}
    for method, call, words in [
        ("PUT", s3.put_object_acl, {"ACL": "private"}),
        ("PUT", s3.put_object_tagging, {"Tagging": tags}),
        ("DELETE", s3.delete_object_tagging, {}),
    ]:
        has(error_of(call, **where, **words), Code="MethodNotAllowed", Method=method, ResourceType="DeleteMarker")


@pytest.mark.parametrize("tagging", ["a=1&a=2", "a=1,b=2", "%zz=1"])
def test_tags_in_a_header_are_one_argument(s3, bucket, tagging):
    error = error_of(s3.put_object, Bucket=bucket, Key="k", Tagging=tagging)
    has(error, Code="InvalidArgument", ArgumentName="x-amz-tagging", ArgumentValue=tagging)


def test_tags_in_a_document_are_each_named(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k")

    def of_object(key, value):
        tags = {"TagSet": [{"Key": key, "Value": value}]}
        return error_of(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging=tags)

    has(of_object("a", "b,c"), Code="InvalidTag", TagKey="a", TagValue="b,c", Message="The TagValue you have provided is invalid")
    has(of_object("a,b", "c"), Code="InvalidTag", TagKey="a,b", Message="The TagKey you have provided is invalid")
    has(of_object("aws:a", "b"), TagKey="aws:a", Message="Your TagKey cannot be prefixed with aws:")
    error = error_of(s3.put_bucket_tagging, Bucket=bucket, Tagging={"TagSet": [{"Key": "aws:a", "Value": "b"}]})
    has(error, Message="System tags cannot be added/updated by requester")


def test_a_hold_that_never_was_is_not_one_that_was_taken_off(s3):
    bucket = make_bucket(s3, ObjectLockEnabledForBucket=True)
    where = {"Bucket": bucket, "Key": "k"}
    s3.put_object(**where)
    has(error_of(s3.get_object_legal_hold, **where), Code="NoSuchObjectLockConfiguration")
    assert "ObjectLockLegalHoldStatus" not in s3.head_object(**where)
    for status in ("ON", "OFF"):
        s3.put_object_legal_hold(**where, LegalHold={"Status": status})
        assert s3.get_object_legal_hold(**where)["LegalHold"]["Status"] == status
        assert s3.head_object(**where)["ObjectLockLegalHoldStatus"] == status
    unlocked = make_bucket(s3)
    s3.put_object(Bucket=unlocked, Key="k")
    has(error_of(s3.put_object_legal_hold, Bucket=unlocked, Key="k"), Code="MalformedXML")


def test_who_reads_does_not_say_how_it_is_encrypted(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"})
    header = "x-amz-server-side-encryption"
    status, _, body = http(url, headers={header: "AES256"})
    assert status == 400 and f"<ArgumentName>{header}</ArgumentName>".encode() in body
    assert http(url)[2] == b"x"


# --- copies ---


def test_a_plus_sign_in_the_name_of_a_source_is_a_blank(s3, bucket, send_copy):
    s3.put_object(Bucket=bucket, Key="a b", Body=b"blank")
    s3.put_object(Bucket=bucket, Key="a+b", Body=b"plus")
    for source, wanted in [("a+b", b"blank"), ("a%20b", b"blank"), ("a%2Bb", b"plus")]:
        assert send_copy(f"/{bucket}/copy", f"{bucket}/{source}") == 200
        assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == wanted


@pytest.fixture
def send_copy(endpoint, account):
    """Copies with the source's name as it is given, which boto3 would encode."""

    def send(path, source):
        authorization = f"AWS4-HMAC-SHA256 Credential={account}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
        headers = {"x-amz-copy-source": source, "Authorization": authorization}
        return http(endpoint + path, method="PUT", headers=headers)[0]

    return send


def test_sources_and_ranges_that_are_none(s3, bucket):
    error = error_of(s3.copy_object, Bucket=bucket, Key="copy", CopySource="nokey")
    has(error, Code="InvalidArgument", Message="Invalid copy source object key", ArgumentValue="x-amz-copy-source")
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    part = {"Bucket": bucket, "Key": "to", "PartNumber": 1, "CopySource": f"{bucket}/k"}
    part["UploadId"] = s3.create_multipart_upload(Bucket=bucket, Key="to")["UploadId"]
    error = error_of(s3.upload_part_copy, **part, CopySourceRange="bytes=0-10")
    has(error, Code="InvalidArgument", ArgumentName="x-amz-copy-source-range")
    error = error_of(s3.upload_part_copy, **part, CopySourceRange="bytes=10-20")
    has(error, Code="InvalidRequest", Message="The specified copy range is invalid for the source object size")


def test_a_time_to_come_is_no_condition_of_a_copy(s3, bucket):
    modified = s3.put_object(Bucket=bucket, Key="k") and s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    copy = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/k"}
    has(error_of(s3.copy_object, **copy, CopySourceIfModifiedSince=modified), Code="PreconditionFailed")
    s3.copy_object(**copy, CopySourceIfModifiedSince=modified + datetime.timedelta(days=365 * 20))


def test_a_null_version_is_not_named_as_a_source(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    copy = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/k"}
    assert "CopySourceVersionId" not in s3.copy_object(**copy)
    version = s3.put_object(Bucket=bucket, Key="k")["VersionId"]
    assert s3.copy_object(**copy)["CopySourceVersionId"] == version


def test_a_bucket_that_says_how_to_encrypt_takes_copies_onto_themselves(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k")
    copy = {"Bucket": bucket, "Key": "k", "CopySource": f"{bucket}/k"}
    has(error_of(s3.copy_object, **copy), Code="InvalidRequest")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.copy_object(**copy)


# --- configurations ---


def report(kind, id):
    """A configuration that is right."""
    return {
        "analytics": {"Id": id, "StorageClassAnalysis": {}},
        "metrics": {"Id": id},
        "intelligent_tiering": {"Id": id, "Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]},
        "inventory": {
            "Id": id,
            "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::b", "Format": "CSV"}},
            "IsEnabled": True,
            "IncludedObjectVersions": "All",
            "Schedule": {"Frequency": "Daily"},
        },
    }[kind]


@pytest.mark.parametrize(
    "kind, member, mismatch",
    [
        ("analytics", "AnalyticsConfiguration", "MalformedXML"),
        ("metrics", "MetricsConfiguration", "MalformedXML"),
        ("intelligent_tiering", "IntelligentTieringConfiguration", "MalformedXML"),
        ("inventory", "InventoryConfiguration", "IdMismatch"),
    ],
)
def test_configurations_by_id(s3, bucket, kind, member, mismatch):
    put = getattr(s3, f"put_bucket_{kind}_configuration")
    get = getattr(s3, f"get_bucket_{kind}_configuration")
    has(error_of(get, Bucket=bucket, Id="a"), Code="NoSuchConfiguration", BucketName=None)
    has(error_of(put, Bucket=bucket, Id="b", **{member: report(kind, "a")}), Code=mismatch)
    answer = put(Bucket=bucket, Id="a", **{member: report(kind, "a")})
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert get(Bucket=bucket, Id="a")[member]["Id"] == "a"


def test_an_inventory_has_known_fields_and_a_destination(s3, bucket):
    def refused(**change):
        inventory = {**report("inventory", "a"), **change}
        return error_of(s3.put_bucket_inventory_configuration, Bucket=bucket, Id="a", InventoryConfiguration=inventory)

    has(refused(OptionalFields=["Colour"]), Code="MalformedXML")
    destination = {"S3BucketDestination": {"Bucket": "b", "Format": "CSV"}}
    has(refused(Destination=destination), Code="InvalidS3DestinationBucket", Message="Invalid bucket ARN.")


def test_logs_stay_in_their_region(client):
    s3 = client("s3", region_name="us-east-1")
    here, there, far = bucket_name(), bucket_name(), bucket_name()
    s3.create_bucket(Bucket=here)
    for name, region in [(there, "eu-west-1"), (far, "us-west-2")]:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})

    def refused(source, target):
        status = {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": ""}}
        return error_of(s3.put_bucket_logging, Bucket=source, BucketLoggingStatus=status)

    code = "CrossLocationLoggingProhibitted"
    has(refused(here, there), Code=code, SourceBucketLocation=None, TargetBucketLocation="eu-west-1")
    has(refused(far, there), Code=code, SourceBucketLocation="us-west-2", TargetBucketLocation="eu-west-1")


def test_rules_of_replication_are_named_and_their_buckets_versioned(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def put(destination):
        rule = {"Status": "Enabled", "Prefix": "", "Destination": {"Bucket": f"arn:aws:s3:::{destination}"}}
        configuration = {"Role": "arn:aws:iam::123456789012:role/r", "Rules": [rule]}
        return s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=configuration)

    message = "Destination bucket must have versioning enabled."
    has(error_of(put, bucket_name()), Code="InvalidRequest", Message=message)
    has(error_of(put, make_bucket(s3)), Code="InvalidRequest", Message=message)
    put(bucket)
    assert s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]["Rules"][0]["ID"]


def test_small_refusals_of_configurations(client, s3, bucket):
    website = {"IndexDocument": {"Suffix": "index.html"}, "RoutingRules": [{"Redirect": {"ReplaceKeyWith": "x"}, "Condition": {}}]}
    error = error_of(s3.put_bucket_website, Bucket=bucket, WebsiteConfiguration=website)
    assert error["Code"] == "InvalidRequest" and error["Message"].startswith("Condition cannot be empty.")
    dotted = f"a.{bucket_name()}"
    s3.create_bucket(Bucket=dotted)
    error = error_of(s3.put_bucket_accelerate_configuration, Bucket=dotted, AccelerateConfiguration={"Status": "none"})
    has(error, Code="InvalidRequest")
    rules = [{"Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Date": datetime.datetime(2030, 1, 1, 12)}}]
    error = error_of(s3.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    has(error, Code="InvalidArgument", ArgumentName="Date", ArgumentValue="2030-01-01T12:00:00.000Z")
