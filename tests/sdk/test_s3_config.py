"""The configuration of buckets: what is kept, what comes back, what is refused."""

import base64
import hashlib
import json

import botocore.config
import pytest
from s3_kit import bucket_name, code_of, make_bucket, refused


@pytest.fixture
def s3(client):
    return client("s3")


def test_new_bucket_is_closed(s3):
    bucket = make_bucket(s3)
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert block == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    }
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert code_of(s3.put_bucket_acl, Bucket=bucket, ACL="public-read") == "AccessControlListNotSupported"
    s3.delete_public_access_block(Bucket=bucket)
    assert code_of(s3.get_public_access_block, Bucket=bucket) == "NoSuchPublicAccessBlockConfiguration"
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    assert code_of(s3.get_bucket_ownership_controls, Bucket=bucket) == "OwnershipControlsNotFoundError"


def test_acl_at_creation(s3):
    assert code_of(s3.create_bucket, Bucket=bucket_name(), ACL="public-read") == "InvalidBucketAclWithObjectOwnership"
    assert (
        code_of(s3.create_bucket, Bucket=bucket_name(), ACL="public-read", ObjectOwnership="ObjectWriter")
        == "InvalidBucketAclWithBlockPublicAccessError"
    )
    bucket = bucket_name()
    s3.create_bucket(Bucket=bucket, ACL="private", ObjectOwnership="BucketOwnerPreferred")
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerPreferred"}]


def test_tags(s3):
    bucket = make_bucket(s3)
    assert refused(s3.get_bucket_tagging, Bucket=bucket)[:2] == ("NoSuchTagSet", 404)
    tags = [{"Key": "team", "Value": "data"}, {"Key": "empty", "Value": ""}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    many = [{"Key": str(i), "Value": "v"} for i in range(51)]
    assert code_of(s3.put_bucket_tagging, Bucket=bucket, Tagging={"TagSet": many}) == "BadRequest"
    twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
    assert code_of(s3.put_bucket_tagging, Bucket=bucket, Tagging={"TagSet": twice}) == "InvalidTag"
    s3.delete_bucket_tagging(Bucket=bucket)
    assert code_of(s3.get_bucket_tagging, Bucket=bucket) == "NoSuchTagSet"
    tagged = bucket_name()
    s3.create_bucket(Bucket=tagged, CreateBucketConfiguration={"Tags": tags})
    assert s3.get_bucket_tagging(Bucket=tagged)["TagSet"] == tags


def test_policy(s3):
    bucket = make_bucket(s3, open_to_all=True)
    assert refused(s3.get_bucket_policy, Bucket=bucket)[:2] == ("NoSuchBucketPolicy", 404)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    answer = s3.put_bucket_policy(Bucket=bucket, Policy=document)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == document
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True
    s3.delete_bucket_policy(Bucket=bucket)
    assert code_of(s3.get_bucket_policy_status, Bucket=bucket) == "NoSuchBucketPolicy"
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicPolicy": True})
    assert code_of(s3.put_bucket_policy, Bucket=bucket, Policy=document) == "AccessDenied"


@pytest.mark.parametrize(
    "change, message",
    [
        ({"Principal": None}, "Missing required field Principal"),
        ({"Resource": "arn:aws:s3:::another/*"}, "Policy has invalid resource"),
        ({"Action": "sqs:SendMessage"}, "Policy has invalid action"),
        ({"Principal": {"AWS": "nobody"}}, "Invalid principal in policy"),
        ({"Effect": "Perhaps"}, "Invalid effect: Perhaps"),
        ({"Principal": None, "NotPrincipal": {"AWS": "111122223333"}}, "Allow with NotPrincipal is not allowed."),
        ({"Resource": "BUCKET"}, "Action does not apply to any resource(s) in statement"),
    ],
)
def test_malformed_policies(s3, change, message):
    bucket = make_bucket(s3)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    statement.update(change)
    if statement["Resource"] == "BUCKET":
        statement["Resource"] = f"arn:aws:s3:::{bucket}"
    statement = {k: v for k, v in statement.items() if v is not None}
    error = refused(s3.put_bucket_policy, Bucket=bucket, Policy=json.dumps({"Statement": [statement]}))
    assert error == ("MalformedPolicy", 400, message)


DOCUMENTS = {
    "create_bucket": dict(CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}),
    "delete_objects": dict(Delete={"Objects": [{"Key": "k"}]}),
    "put_bucket_cors": dict(CORSConfiguration={"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}),
    "put_bucket_lifecycle_configuration": dict(
        LifecycleConfiguration={"Rules": [{"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]}
    ),
    "put_bucket_policy": dict(Policy="not a policy"),
    "put_bucket_tagging": dict(Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}),
    "put_bucket_versioning": dict(VersioningConfiguration={"Status": "Enabled"}),
    "put_object_tagging": dict(Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}),
}


@pytest.mark.parametrize("operation", DOCUMENTS)
def test_documents_are_what_was_sent(client, s3, operation):
    bucket = bucket_name() if operation == "create_bucket" else make_bucket(s3)
    bare = client("s3", config=botocore.config.Config(request_checksum_calculation="when_required"))
    said = {}

    def say(request, **_):
        for name in [n for n in request.headers if n.lower() == "content-md5" or n.lower().startswith(("x-amz-checksum-", "x-amz-sdk-"))]:
            del request.headers[name]
        for name, value in said.items():
            request.headers[name] = value(request.body) if callable(value) else value

    bare.meta.events.register("before-send.s3", say)
    call = dict(Bucket=bucket, **DOCUMENTS[operation])
    if "Key" in call:
        s3.put_object(Bucket=bucket, Key="k")
    digests = {
        "Content-MD5": (hashlib.md5, 16, "InvalidDigest"),
        "x-amz-checksum-sha256": (hashlib.sha256, 32, "InvalidRequest"),
    }
    for header, (digest, size, malformed) in digests.items():
        said.clear()
        said[header] = base64.b64encode(b"1" * size).decode()
        assert refused(getattr(bare, operation), **call)[:2] == ("BadDigest", 400)
        said[header] = "1"
        assert code_of(getattr(bare, operation), **call) == malformed
    if operation == "put_bucket_policy":
        return
    for header, (digest, _, _) in list(digests.items())[: 1 if operation == "create_bucket" else 2]:
        said.clear()
        said[header] = lambda body, digest=digest: base64.b64encode(digest(body if isinstance(body, bytes) else body.encode()).digest()).decode()
        getattr(bare, operation)(**call)


def test_acls(s3, account):
    bucket = make_bucket(s3, open_to_all=True)
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
    acl = s3.get_bucket_acl(Bucket=bucket)
    owner = acl["Owner"]["ID"]
    everybody = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}
    assert acl["Grants"] == [
        {"Grantee": {"Type": "CanonicalUser", "ID": owner}, "Permission": "FULL_CONTROL"},
        {"Grantee": everybody, "Permission": "READ"},
        {"Grantee": everybody, "Permission": "WRITE"},
    ]
    s3.put_bucket_acl(Bucket=bucket, GrantRead=f'uri="{everybody["URI"]}"', GrantFullControl=f"id={owner}")
    assert [g["Permission"] for g in s3.get_bucket_acl(Bucket=bucket)["Grants"]] == ["FULL_CONTROL", "READ"]
    s3.put_bucket_acl(
        Bucket=bucket,
        AccessControlPolicy={"Owner": {"ID": owner}, "Grants": [{"Grantee": everybody, "Permission": "READ_ACP"}]},
    )
    assert s3.get_bucket_acl(Bucket=bucket)["Grants"] == [{"Grantee": everybody, "Permission": "READ_ACP"}]
    assert code_of(s3.put_bucket_acl, Bucket=bucket, ACL="sesame") == "InvalidArgument"
    assert code_of(s3.put_bucket_acl, Bucket=bucket, GrantRead="id=nobody") == "InvalidArgument"
    assert code_of(s3.put_bucket_acl, Bucket=bucket, GrantRead="emailAddress=a@b.c") == "UnresolvableGrantByEmailAddress"
    assert code_of(s3.put_bucket_acl, Bucket=bucket, ACL="private", GrantRead=f"id={owner}") == "InvalidRequest"
    assert (
        code_of(
            s3.put_bucket_ownership_controls,
            Bucket=bucket,
            OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        )
        == "InvalidBucketAclWithObjectOwnership"
    )


def test_object_acls(s3):
    bucket = make_bucket(s3, open_to_all=True)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ACL="public-read")
    assert len(s3.get_object_acl(Bucket=bucket, Key="k")["Grants"]) == 2
    s3.put_object_acl(Bucket=bucket, Key="k", ACL="private")
    assert [g["Permission"] for g in s3.get_object_acl(Bucket=bucket, Key="k")["Grants"]] == ["FULL_CONTROL"]
    assert code_of(s3.get_object_acl, Bucket=bucket, Key="other") == "NoSuchKey"
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    assert code_of(s3.put_object_acl, Bucket=bucket, Key="k", ACL="public-read") == "AccessDenied"
    assert code_of(s3.put_object, Bucket=bucket, Key="k", ACL="public-read") == "AccessDenied"
    closed = make_bucket(s3)
    assert code_of(s3.put_object, Bucket=closed, Key="k", ACL="public-read") == "AccessControlListNotSupported"
    s3.put_object(Bucket=closed, Key="k", ACL="bucket-owner-full-control")


def test_cors(s3):
    bucket = make_bucket(s3)
    assert code_of(s3.get_bucket_cors, Bucket=bucket) == "NoSuchCORSConfiguration"
    rules = [
        {"ID": "1", "AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://*.example"], "AllowedHeaders": ["*"]},
        {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 30},
    ]
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == rules
    wrong = [{"AllowedMethods": ["PATCH"], "AllowedOrigins": ["*"]}]
    assert code_of(s3.put_bucket_cors, Bucket=bucket, CORSConfiguration={"CORSRules": wrong}) == "InvalidRequest"
    assert code_of(s3.put_bucket_cors, Bucket=bucket, CORSConfiguration={"CORSRules": []}) == "MalformedXML"
    s3.delete_bucket_cors(Bucket=bucket)
    assert code_of(s3.get_bucket_cors, Bucket=bucket) == "NoSuchCORSConfiguration"


def test_lifecycle(s3):
    bucket = make_bucket(s3)
    assert code_of(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == "NoSuchLifecycleConfiguration"
    rules = [
        {"ID": "old", "Prefix": "a/", "Status": "Enabled", "Expiration": {"Days": 7}},
        {
            "ID": "new",
            "Status": "Disabled",
            "Filter": {"And": {"Prefix": "b/", "Tags": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": 5}},
            "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}],
            "NoncurrentVersionExpiration": {"NoncurrentDays": 3, "NewerNoncurrentVersions": 2},
        },
        {"ID": "u", "Filter": {"Prefix": ""}, "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
    ]
    answer = s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    assert answer["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={"Rules": [{"Filter": {}, "Status": "Enabled", "Expiration": {"Days": 1}}]},
    )
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]["ID"]
    s3.delete_bucket_lifecycle(Bucket=bucket)
    assert code_of(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == "NoSuchLifecycleConfiguration"


RULE = {"ID": "r", "Filter": {"Prefix": ""}, "Status": "Enabled", "Expiration": {"Days": 1}}


@pytest.mark.parametrize(
    "rules, code",
    [
        ([RULE, RULE], "InvalidArgument"),
        ([{**RULE, "ID": "x" * 256}], "InvalidArgument"),
        ([{**RULE, "Expiration": {"Days": 0}}], "InvalidArgument"),
        ([{**RULE, "Expiration": {"Date": "2030-01-01T10:00:00Z"}}], "InvalidArgument"),
        ([{**RULE, "Expiration": {"Days": 1, "Date": "2030-01-01T00:00:00Z"}}], "MalformedXML"),
        ([{**RULE, "Status": "enabled"}], "MalformedXML"),
        ([{**RULE, "Prefix": "a"}], "MalformedXML"),
        ([{"Status": "Enabled", "Expiration": {"Days": 1}}], "MalformedXML"),
        ([{"Status": "Enabled", "Filter": {"Prefix": ""}}], "InvalidRequest"),
        ([{**RULE, "Transitions": [{"Days": 3, "StorageClass": "STANDARD_IA"}]}], "InvalidArgument"),
        ([{**RULE, "Transitions": [{"Days": 3, "StorageClass": "GLACIER"}]}], "InvalidArgument"),
        (
            [{"Filter": {"Tag": {"Key": "a", "Value": "b"}}, "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}],
            "InvalidRequest",
        ),
        ([{"Filter": {"Prefix": ""}, "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 0}}], "InvalidArgument"),
    ],
)
def test_lifecycle_refuses(s3, rules, code):
    bucket = make_bucket(s3)
    configuration = {"Rules": rules}
    assert code_of(s3.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration=configuration) == code


def test_encryption(s3):
    bucket = make_bucket(s3)
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    kms = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/data"}
    rules = [{"ApplyServerSideEncryptionByDefault": kms, "BucketKeyEnabled": True}]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"] == rules
    assert s3.put_object(Bucket=bucket, Key="k")["ServerSideEncryption"] == "aws:kms"
    assert s3.head_object(Bucket=bucket, Key="k")["BucketKeyEnabled"] is True
    s3.delete_bucket_encryption(Bucket=bucket)
    assert s3.put_object(Bucket=bucket, Key="k")["ServerSideEncryption"] == "AES256"


def test_website(s3):
    bucket = make_bucket(s3)
    assert code_of(s3.get_bucket_website, Bucket=bucket) == "NoSuchWebsiteConfiguration"
    website = {
        "IndexDocument": {"Suffix": "index.html"},
        "ErrorDocument": {"Key": "error.html"},
        "RoutingRules": [{"Condition": {"KeyPrefixEquals": "a/"}, "Redirect": {"ReplaceKeyPrefixWith": "b/"}}],
    }
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=website)
    answer = s3.get_bucket_website(Bucket=bucket)
    assert {k: answer[k] for k in website} == website
    wrong = {"IndexDocument": {"Suffix": "a/b"}}
    assert code_of(s3.put_bucket_website, Bucket=bucket, WebsiteConfiguration=wrong) == "InvalidArgument"
    s3.delete_bucket_website(Bucket=bucket)
    assert code_of(s3.get_bucket_website, Bucket=bucket) == "NoSuchWebsiteConfiguration"


def test_logging(s3):
    bucket, logs = make_bucket(s3), make_bucket(s3)
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)
    enabled = {"TargetBucket": logs, "TargetPrefix": "log/"}
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": enabled})
    assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"] == enabled
    wrong = {"LoggingEnabled": {"TargetBucket": bucket_name(), "TargetPrefix": ""}}
    assert code_of(s3.put_bucket_logging, Bucket=bucket, BucketLoggingStatus=wrong) == "InvalidTargetBucketForLogging"
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)


def test_replication(s3):
    bucket, target = make_bucket(s3), make_bucket(s3)
    rule = {
        "ID": "r",
        "Priority": 1,
        "Filter": {"Prefix": ""},
        "Status": "Enabled",
        "Destination": {"Bucket": f"arn:aws:s3:::{target}"},
        "DeleteMarkerReplication": {"Status": "Disabled"},
    }
    configuration = {"Role": "arn:aws:iam::000000000000:role/r", "Rules": [rule]}
    put = {"Bucket": bucket, "ReplicationConfiguration": configuration}
    assert code_of(s3.get_bucket_replication, Bucket=bucket) == "ReplicationConfigurationNotFoundError"
    assert code_of(s3.put_bucket_replication, **put) == "InvalidRequest"
    for name in (bucket, target):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_replication(**put)
    assert s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"] == configuration
    s3.delete_bucket_replication(Bucket=bucket)
    assert code_of(s3.get_bucket_replication, Bucket=bucket) == "ReplicationConfigurationNotFoundError"


def test_abac(s3):
    bucket = make_bucket(s3)
    assert s3.get_bucket_abac(Bucket=bucket)["AbacStatus"] == {"Status": "Disabled"}
    for status in ("Enabled", "Disabled", "Enabled"):
        s3.put_bucket_abac(Bucket=bucket, AbacStatus={"Status": status})
        assert s3.get_bucket_abac(Bucket=bucket)["AbacStatus"] == {"Status": status}
    assert code_of(s3.put_bucket_abac, Bucket=bucket, AbacStatus={"Status": "On"}) == "MalformedXML"
    assert s3.get_bucket_abac(Bucket=bucket)["AbacStatus"] == {"Status": "Enabled"}
    assert code_of(s3.get_bucket_abac, Bucket=bucket + "-none") == "NoSuchBucket"


def test_small_settings(s3):
    bucket = make_bucket(s3)
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "Requester"
    assert "Status" not in s3.get_bucket_accelerate_configuration(Bucket=bucket)
    s3.put_bucket_accelerate_configuration(Bucket=bucket, AccelerateConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_accelerate_configuration(Bucket=bucket)["Status"] == "Enabled"
    wrong = {"Status": "On"}
    assert code_of(s3.put_bucket_accelerate_configuration, Bucket=bucket, AccelerateConfiguration=wrong) == "MalformedXML"


REPORTS = {
    "inventory": {
        "IsEnabled": True,
        "IncludedObjectVersions": "Current",
        "Schedule": {"Frequency": "Daily"},
        "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::reports", "Format": "CSV"}},
    },
    "analytics": {"StorageClassAnalysis": {}},
    "metrics": {"Filter": {"Prefix": "a/"}},
    "intelligent_tiering": {"Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]},
}


@pytest.mark.parametrize("kind", REPORTS)
def test_reports(s3, kind):
    bucket = make_bucket(s3)
    member = "".join(word.capitalize() for word in kind.split("_")) + "Configuration"

    def call(verb, **keywords):
        return getattr(s3, f"{verb}_bucket_{kind}_configuration")(Bucket=bucket, **keywords)

    configurations = [{"Id": name, **REPORTS[kind]} for name in ("a", "b")]
    for configuration in configurations:
        call("put", Id=configuration["Id"], **{member: configuration})
    assert call("get", Id="a")[member] == configurations[0]
    listed = getattr(s3, f"list_bucket_{kind}_configurations")(Bucket=bucket)
    assert listed[member + "List"] == configurations and listed["IsTruncated"] is False
    call("delete", Id="a")
    assert code_of(call, "get", Id="a") == "NoSuchConfiguration"
    assert code_of(call, "put", Id="x y", **{member: {**configurations[0], "Id": "x y"}}) == "InvalidConfigurationId"


def test_cli(aws, s3):
    bucket = make_bucket(s3)
    configuration = {"Rules": [{"Filter": {"Prefix": "tmp/"}, "Status": "Enabled", "Expiration": {"Days": 1}, "ID": "t"}]}
    aws("s3api", "put-bucket-lifecycle-configuration", "--bucket", bucket, "--lifecycle-configuration", json.dumps(configuration))
    assert aws("s3api", "get-bucket-lifecycle-configuration", "--bucket", bucket)["Rules"] == configuration["Rules"]
    assert "NoSuchBucket" in aws("s3api", "get-bucket-cors", "--bucket", bucket_name(), fails=True)


def test_expected_owner(client):
    s3 = client("s3", config=botocore.config.Config())
    bucket = make_bucket(s3)
    assert code_of(s3.get_bucket_cors, Bucket=bucket, ExpectedBucketOwner="123412341234") == "AccessDenied"
