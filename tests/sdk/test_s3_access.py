"""Who may do what: other accounts, unsigned requests, pages of other origins, and --auth=enforce."""

import json
import re
import time
from xml.etree import ElementTree

import boto3
import botocore.config
import pytest
from botocore import UNSIGNED
from s3_kit import code_of, http, make_bucket, refused
from server import Server


@pytest.fixture
def s3(client):
    return client("s3")


def connect(endpoint, key, secret="test", session_token=None, **config):
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=session_token,
        config=botocore.config.Config(retries={"max_attempts": 1}, **config),
    )


@pytest.fixture
def other(endpoint, account):
    return connect(endpoint, str(int(account) ^ 1).zfill(12))


@pytest.fixture
def nobody(endpoint):
    return boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", config=botocore.config.Config(signature_version=UNSIGNED)
    )


def allow(s3, bucket, *actions, principal="*", **more):
    statement = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": list(actions),
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        **more,
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def test_closed_to_others(s3, other, nobody):
    bucket = make_bucket(s3)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    for client in (other, nobody):
        assert refused(client.get_object, Bucket=bucket, Key="k")[:2] == ("AccessDenied", 403)
        assert code_of(client.put_object, Bucket=bucket, Key="k") == "AccessDenied"
        assert code_of(client.delete_object, Bucket=bucket, Key="k") == "AccessDenied"
        assert code_of(client.list_objects_v2, Bucket=bucket) == "AccessDenied"
        assert code_of(client.get_bucket_policy, Bucket=bucket) == "AccessDenied"
        assert refused(client.head_object, Bucket=bucket, Key="nothing")[1] == 403


def test_policy_opens(s3, other, nobody, account):
    bucket = make_bucket(s3, open_to_all=True)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    allow(s3, bucket, "s3:GetObject")
    assert nobody.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    assert refused(nobody.get_object, Bucket=bucket, Key="nothing")[:2] == ("AccessDenied", 403)
    allow(s3, bucket, "s3:GetObject", "s3:ListBucket")
    assert refused(nobody.get_object, Bucket=bucket, Key="nothing")[:2] == ("NoSuchKey", 404)
    assert [o["Key"] for o in nobody.list_objects_v2(Bucket=bucket)["Contents"]] == ["k"]
    allow(s3, bucket, "s3:PutObject", principal={"AWS": f"arn:aws:iam::{str(int(account) ^ 1).zfill(12)}:root"})
    other.put_object(Bucket=bucket, Key="theirs")
    assert code_of(nobody.put_object, Bucket=bucket, Key="k") == "AccessDenied"


def test_public_access_block(s3, nobody):
    bucket = make_bucket(s3, open_to_all=True)
    s3.put_object(Bucket=bucket, Key="p", Body=b"x")
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", ACL="public-read")
    allow(s3, bucket, "s3:GetObject", Resource=f"arn:aws:s3:::{bucket}/p")
    nobody.get_object(Bucket=bucket, Key="p")
    nobody.get_object(Bucket=bucket, Key="a")
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    assert code_of(nobody.get_object, Bucket=bucket, Key="p") == "AccessDenied"
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"IgnorePublicAcls": True})
    nobody.get_object(Bucket=bucket, Key="p")
    assert code_of(nobody.get_object, Bucket=bucket, Key="a") == "AccessDenied"


def test_acls_open(s3, other, nobody):
    bucket = make_bucket(s3, open_to_all=True)
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
    nobody.list_objects_v2(Bucket=bucket)
    other.put_object(Bucket=bucket, Key="theirs", Body=b"x")
    owner = s3.get_object_acl(Bucket=bucket, Key="theirs")["Owner"]["ID"]
    assert owner != s3.get_bucket_acl(Bucket=bucket)["Owner"]["ID"]
    assert code_of(nobody.get_object, Bucket=bucket, Key="theirs") == "AccessDenied"
    other.put_object_acl(Bucket=bucket, Key="theirs", ACL="public-read")
    assert nobody.get_object(Bucket=bucket, Key="theirs")["Body"].read() == b"x"
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    assert code_of(nobody.list_objects_v2, Bucket=bucket) == "AccessDenied"


def test_conditions(s3, nobody):
    bucket = make_bucket(s3, open_to_all=True)
    for key, tag in (("open", "yes"), ("shut", "no")):
        s3.put_object(Bucket=bucket, Key=key, Tagging=f"public={tag}")
    allow(s3, bucket, "s3:GetObject", Condition={"StringEquals": {"s3:ExistingObjectTag/public": "yes"}})
    nobody.get_object(Bucket=bucket, Key="open")
    assert code_of(nobody.get_object, Bucket=bucket, Key="shut") == "AccessDenied"
    allow(s3, bucket, "s3:ListBucket", Condition={"StringLike": {"s3:prefix": "a/*"}})
    nobody.list_objects_v2(Bucket=bucket, Prefix="a/b")
    assert code_of(nobody.list_objects_v2, Bucket=bucket, Prefix="b/") == "AccessDenied"
    allow(s3, bucket, "s3:PutObject", Condition={"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}})
    nobody.put_object(Bucket=bucket, Key="n", ACL="bucket-owner-full-control")
    assert code_of(nobody.put_object, Bucket=bucket, Key="n") == "AccessDenied"
    allow(s3, bucket, "s3:PutObject", Condition={"StringEquals": {"s3:RequestObjectTag/team": "a"}})
    nobody.put_object(Bucket=bucket, Key="n", Tagging="team=a")
    assert code_of(nobody.put_object, Bucket=bucket, Key="n", Tagging="team=b") == "AccessDenied"
    allow(s3, bucket, "s3:PutObjectTagging", Condition={"StringEquals": {"s3:RequestObjectTag/team": "a"}})
    nobody.put_object_tagging(Bucket=bucket, Key="open", Tagging={"TagSet": [{"Key": "team", "Value": "a"}]})
    for tags in ([{"Key": "team", "Value": "b"}], [{"Key": "other", "Value": "a"}], []):
        assert code_of(nobody.put_object_tagging, Bucket=bucket, Key="open", Tagging={"TagSet": tags}) == "AccessDenied"
    allow(s3, bucket, "s3:PutObjectTagging", Condition={"ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": ["team", "size"]}})
    nobody.put_object_tagging(Bucket=bucket, Key="open", Tagging={"TagSet": [{"Key": "size", "Value": "1"}, {"Key": "team", "Value": "b"}]})
    assert code_of(nobody.put_object_tagging, Bucket=bucket, Key="open", Tagging={"TagSet": [{"Key": "other", "Value": "1"}]}) == "AccessDenied"


def test_write_granted_on_an_object_is_listed(s3):
    bucket = make_bucket(s3, open_to_all=True)
    owner = s3.get_bucket_acl(Bucket=bucket)["Owner"]["ID"]
    s3.meta.events.register("before-sign.s3.PutObject", lambda request, **_: request.headers.add_header("x-amz-grant-write", f'id="{owner}"'))
    s3.put_object(Bucket=bucket, Key="k")
    s3.put_object(Bucket=bucket, Key="acl")
    s3.put_object_acl(Bucket=bucket, Key="acl", GrantWrite=f'id="{owner}"')
    for key in ("k", "acl"):
        assert [g["Permission"] for g in s3.get_object_acl(Bucket=bucket, Key=key)["Grants"]] == ["WRITE"]


# --- pages of other origins ---


PAGE = "https://app.example"


def preflight(endpoint, path, method="PUT", headers="x-amz-date", origin=PAGE):
    sent = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return http(f"{endpoint}{path}", "OPTIONS", {k: v for k, v in sent.items() if v})


def test_preflight(s3, endpoint):
    bucket = make_bucket(s3)
    status, _, body = preflight(endpoint, f"/{bucket}/k")
    assert status == 403 and b"CORS is not enabled" in body
    rule = {"AllowedMethods": ["PUT"], "AllowedOrigins": [PAGE], "AllowedHeaders": ["x-amz-*"], "MaxAgeSeconds": 9}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    status, headers, _ = preflight(endpoint, f"/{bucket}/k")
    assert status == 200
    assert headers["Access-Control-Allow-Origin"] == PAGE
    assert headers["Access-Control-Allow-Methods"] == "PUT"
    assert headers["Access-Control-Allow-Headers"] == "x-amz-date"
    assert headers["Access-Control-Max-Age"] == "9" and "Origin" in headers["Vary"]
    assert preflight(endpoint, f"/{bucket}/k", method="DELETE")[0] == 403
    assert preflight(endpoint, f"/{bucket}/k", headers="x-other")[0] == 403
    assert preflight(endpoint, f"/{bucket}/k", origin="https://evil.example")[0] == 403
    assert preflight(endpoint, f"/{bucket}/k", origin=None)[0] == 400


def test_pages_are_told_even_of_errors(s3, endpoint):
    bucket = make_bucket(s3)
    rule = {"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": [PAGE], "ExposeHeaders": ["ETag"]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"})
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    status, headers, _ = http(get, headers={"Origin": PAGE})
    assert status == 404 and headers["Access-Control-Allow-Origin"] == PAGE
    status, headers, _ = http(f"{endpoint}/{bucket}/k", headers={"Origin": PAGE})
    assert status == 403 and headers["Access-Control-Allow-Origin"] == PAGE
    status, headers, _ = http(put, "PUT", {"Origin": PAGE}, b"x")
    assert status == 200 and headers["Access-Control-Expose-Headers"] == "ETag"
    evil = {"Origin": "https://evil.example"}
    status, headers, _ = http(get, headers=evil)
    assert status == 200 and headers["Access-Control-Allow-Origin"] is None
    assert http(put, "PUT", evil, b"y")[0] == 403
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


# --- presigned URLs ---


def test_presigned_urls_expire(endpoint, account, client):
    s3 = client("s3")
    bucket = make_bucket(s3)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    for version in ("s3v4", "s3"):
        signer = connect(endpoint, account, signature_version=version)
        good = signer.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
        assert http(good)[2] == b"x"
        gone = signer.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=-1)
        assert http(gone)[0] in (400, 403)
    old = f"{endpoint}/{bucket}/k?AWSAccessKeyId={account}&Signature=x&Expires={int(time.time()) - 5}"
    status, _, body = http(old)
    assert status == 403 and b"Request has expired" in body and b"<Expires>" in body and b"<ServerTime>" in body


def test_a_wrong_signature_is_shown_what_was_signed(strict, account):
    signer = connect(strict.endpoint, account, signature_version="s3v4")
    url = signer.generate_presigned_url("get_object", Params={"Bucket": "some-bucket", "Key": "k"})
    status, _, body = http(url[:-1] + ("0" if url[-1] != "0" else "1"))
    assert status == 403 and b"<Code>SignatureDoesNotMatch</Code>" in body
    assert b"<StringToSign>AWS4-HMAC-SHA256\n" in body and b"<CanonicalRequest>GET\n/some-bucket/k\n" in body
    assert f"<AWSAccessKeyId>{account}</AWSAccessKeyId>".encode() in body


def test_a_wrong_signature_of_version_2_too(strict, account):
    signer = connect(strict.endpoint, account, signature_version="s3")
    url = signer.generate_presigned_url("get_object", Params={"Bucket": "some-bucket", "Key": "k"})
    status, _, body = http(re.sub("Signature=[^&]*", "Signature=x", url))
    error = ElementTree.fromstring(body)
    assert (status, error.findtext("Code"), error.findtext("AWSAccessKeyId")) == (403, "SignatureDoesNotMatch", account)
    signed = error.findtext("StringToSign")
    assert signed.startswith("GET\n\n\n") and signed.endswith("\n/some-bucket/k") and error.findtext("SignatureProvided") == "x"
    assert bytes.fromhex(error.findtext("StringToSignBytes")).decode() == signed and error.find("CanonicalRequest") is None


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("strict") / "data", "--auth=enforce")
    yield server
    server.stop()


def test_version_2_is_verified(strict, account):
    s3 = connect(strict.endpoint, account, signature_version="s3", s3={"addressing_style": "path"})
    bucket = make_bucket(s3)
    s3.put_object(Bucket=bucket, Key="a b", Body=b"x", Metadata={"z": "1", "a": "2"})
    assert s3.get_object(Bucket=bucket, Key="a b", ResponseContentType="text/x")["ContentType"] == "text/x"
    s3.get_bucket_versioning(Bucket=bucket)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a b"})
    assert http(url)[2] == b"x"
    assert http(url.replace("Signature=", "Signature=A"))[0] == 403
    wrong = connect(strict.endpoint, account, "wrong", signature_version="s3", s3={"addressing_style": "path"})
    assert code_of(wrong.get_object, Bucket=bucket, Key="a b") == "SignatureDoesNotMatch"


def test_policies_hold_for_the_owner(strict, account):
    s3 = connect(strict.endpoint, account)
    bucket = make_bucket(s3)
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"}},
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    assert code_of(s3.put_object, Bucket=bucket, Key="k") == "AccessDenied"
    s3.put_object(Bucket=bucket, Key="k", ServerSideEncryption="AES256")
    s3.delete_bucket_policy(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k")


def test_users_need_policies(strict, account):
    root = connect(strict.endpoint, account)
    iam = boto3.client(
        "iam",
        endpoint_url=strict.endpoint,
        region_name="us-east-1",
        aws_access_key_id=account,
        aws_secret_access_key="test",
    )
    bucket = make_bucket(root)
    root.put_object(Bucket=bucket, Key="anna/k", Body=b"x")
    iam.create_user(UserName="anna")
    key = iam.create_access_key(UserName="anna")["AccessKey"]
    anna = connect(strict.endpoint, key["AccessKeyId"], key["SecretAccessKey"])
    assert code_of(anna.get_object, Bucket=bucket, Key="anna/k") == "AccessDenied"
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/${{aws:username}}/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="anna", PolicyName="own", PolicyDocument=document)
    assert anna.get_object(Bucket=bucket, Key="anna/k")["Body"].read() == b"x"
    root.put_object(Bucket=bucket, Key="bert/k")
    assert code_of(anna.get_object, Bucket=bucket, Key="bert/k") == "AccessDenied"
    assert code_of(anna.put_object, Bucket=bucket, Key="anna/k") == "AccessDenied"


def test_buckets_are_made_and_listed_by_who_may(strict, account):
    root = connect(strict.endpoint, account)
    bucket = make_bucket(root)
    iam = boto3.client(
        "iam", endpoint_url=strict.endpoint, region_name="us-east-1", aws_access_key_id=account, aws_secret_access_key="test"
    )
    iam.create_user(UserName="carl")
    key = iam.create_access_key(UserName="carl")["AccessKey"]
    carl = connect(strict.endpoint, key["AccessKeyId"], key["SecretAccessKey"])
    assert code_of(carl.list_buckets) == code_of(carl.create_bucket, Bucket=bucket + "-a") == "AccessDenied"
    assert http(f"{strict.endpoint}/{bucket}-a", "PUT")[0] == 403
    statements = [
        {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "arn:aws:s3:::*"},
        {"Effect": "Allow", "Action": "s3:CreateBucket", "Resource": f"arn:aws:s3:::{bucket}-a"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="carl", PolicyName="own", PolicyDocument=document)
    carl.create_bucket(Bucket=bucket + "-a")
    assert code_of(carl.create_bucket, Bucket=bucket + "-b") == "AccessDenied"
    assert [b["Name"] for b in carl.list_buckets()["Buckets"]] == sorted([bucket, bucket + "-a"])


def test_sessions_may_do_no_more_than_their_policies(strict, account):
    root = connect(strict.endpoint, account)
    bucket = make_bucket(root)
    for key in ("mine/k", "other/k"):
        root.put_object(Bucket=bucket, Key=key, Body=b"x")
    iam, sts = (
        boto3.client(
            name, endpoint_url=strict.endpoint, region_name="us-east-1", aws_access_key_id=account, aws_secret_access_key="test"
        )
        for name in ("iam", "sts")
    )

    def document(*statements):
        return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})

    def statement(action, path="/*", effect="Allow", **more):
        return {"Effect": effect, "Action": action, "Resource": f"arn:aws:s3:::{bucket}{path}", **more}

    def session(call, **arguments):
        made = call(**arguments)["Credentials"]
        return connect(strict.endpoint, made["AccessKeyId"], made["SecretAccessKey"], session_token=made["SessionToken"])

    def read(s3, key):
        return code_of(s3.get_object, Bucket=bucket, Key=key)

    trust = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    own = document(statement("s3:GetObject"), statement("s3:ListBucket", ""))
    iam.put_role_policy(RoleName="reader", PolicyName="own", PolicyDocument=own)
    managed = iam.create_policy(PolicyName="mine", PolicyDocument=document(statement("s3:*", "/mine/*")))["Policy"]["Arn"]
    assume = {"RoleArn": role, "RoleSessionName": "sess"}
    free = session(sts.assume_role, **assume)
    assert free.get_object(Bucket=bucket, Key="other/k")["Body"].read() == b"x"

    listing = statement("s3:ListBucket", "", Condition={"StringLike": {"s3:prefix": "mine/*"}})
    limited = session(sts.assume_role, **assume, Policy=document(listing, statement("s3:PutObject")))
    assert limited.list_objects_v2(Bucket=bucket, Prefix="mine/")["KeyCount"] == 1
    assert code_of(limited.list_objects_v2, Bucket=bucket, Prefix="other/") == "AccessDenied"
    assert read(limited, "mine/k") == "AccessDenied"  # the session's policies allow no such thing
    assert code_of(limited.put_object, Bucket=bucket, Key="mine/k") == "AccessDenied"  # the role's do not

    limited = session(sts.assume_role, **assume, PolicyArns=[{"arn": managed}])
    assert limited.get_object(Bucket=bucket, Key="mine/k")["Body"].read() == b"x"
    assert read(limited, "other/k") == "AccessDenied"
    denied = document(statement("s3:*", "/mine/*", "Deny"))
    assert read(session(sts.assume_role, **assume, Policy=denied, PolicyArns=[{"arn": managed}]), "mine/k") == "AccessDenied"

    federated = session(sts.get_federation_token, Name="fred", Policy=document(statement("s3:GetObject", "/mine/*")))
    assert federated.get_object(Bucket=bucket, Key="mine/k")["Body"].read() == b"x"
    assert read(federated, "other/k") == "AccessDenied"
    assert read(session(sts.get_federation_token, Name="fred"), "mine/k") == "AccessDenied"

    # With the role its sessions end, whatever the bucket's policy lets them do.
    open_to_role = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": "s3:GetObject",
                    "Resource": f"arn:aws:s3:::{bucket}/*"}
    limited = session(sts.assume_role, **assume, Policy=denied)
    root.put_bucket_policy(Bucket=bucket, Policy=document(open_to_role))
    assert read(limited, "mine/k") == "AccessDenied"
    assert free.get_object(Bucket=bucket, Key="mine/k")["Body"].read() == b"x"
    iam.delete_role_policy(RoleName="reader", PolicyName="own")
    iam.delete_role(RoleName="reader")
    assert read(limited, "mine/k") == read(free, "mine/k") == "AccessDenied"


def test_a_users_session_may_do_what_the_user_may(strict, account):
    root = connect(strict.endpoint, account)
    bucket = make_bucket(root)
    root.put_object(Bucket=bucket, Key="k", Body=b"x")
    iam = boto3.client(
        "iam", endpoint_url=strict.endpoint, region_name="us-east-1", aws_access_key_id=account, aws_secret_access_key="test"
    )
    iam.create_user(UserName="dora", Path="/team/")
    key = iam.create_access_key(UserName="dora")["AccessKey"]
    sts = boto3.client(
        "sts",
        endpoint_url=strict.endpoint,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    made = sts.get_session_token()["Credentials"]
    dora = connect(strict.endpoint, made["AccessKeyId"], made["SecretAccessKey"], session_token=made["SessionToken"])
    assert code_of(dora.get_object, Bucket=bucket, Key="k") == "AccessDenied"
    allowed = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="dora", PolicyName="own", PolicyDocument=document)
    assert dora.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    for key in ("dora/k", "emil/k"):
        root.put_object(Bucket=bucket, Key=key, Body=b"x")
    iam.put_user_policy(UserName="dora", PolicyName="own", PolicyDocument=document.replace("/*", "/${aws:username}/*"))
    assert dora.get_object(Bucket=bucket, Key="dora/k")["Body"].read() == b"x"
    assert code_of(dora.get_object, Bucket=bucket, Key="emil/k") == "AccessDenied"


def test_a_presigned_url_of_another_day(strict, account):
    """AWS: as a malformed query, and before anybody asks whether it has expired."""
    s3 = connect(strict.endpoint, account, signature_version="s3v4")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": make_bucket(s3), "Key": "k"})
    status, _, body = http(re.sub("X-Amz-Date=[0-9]{8}", "X-Amz-Date=20200101", url))
    error = ElementTree.fromstring(body)
    assert (status, error.findtext("Code")) == (400, "AuthorizationQueryParametersError")
    day = re.search("X-Amz-Date=([0-9]{8})", url)[1]
    assert error.findtext("Message") == (
        f'Invalid credential date "{day}". This date is not the same as X-Amz-Date: "20200101".'
    )


# --- websites ---


def site(endpoint, bucket, path, method="GET"):
    return http(f"{endpoint}{path}", method, {"Host": f"{bucket}.s3-website.localhost"})


def test_website(s3, endpoint):
    bucket = make_bucket(s3, open_to_all=True)
    assert b"NoSuchWebsiteConfiguration" in site(endpoint, bucket, "/")[2]
    assert f"<li>BucketName: {bucket}</li>".encode() in site(endpoint, bucket, "/")[2]
    for key in ("index.html", "docs/index.html", "error.html"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), ContentType="text/html")
    s3.put_object(Bucket=bucket, Key="moved", WebsiteRedirectLocation="/docs/")
    configuration = {
        "IndexDocument": {"Suffix": "index.html"},
        "ErrorDocument": {"Key": "error.html"},
        "RoutingRules": [{"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/"}}],
    }
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=configuration)
    assert site(endpoint, bucket, "/")[0] == 403
    allow(s3, bucket, "s3:GetObject", "s3:ListBucket")
    status, headers, body = site(endpoint, bucket, "/")
    assert (status, body, headers["Content-Type"]) == (200, b"index.html", "text/html")
    assert headers["ETag"] == s3.head_object(Bucket=bucket, Key="index.html")["ETag"] and headers["Last-Modified"]
    status, _, body = site(endpoint, bucket, "/", "DELETE")
    assert status == 405 and b"<li>Method: DELETE</li>" in body and b"<li>HostId: " in body
    assert site(endpoint, bucket, "/docs/")[2] == b"docs/index.html"
    status, headers, _ = site(endpoint, bucket, "/docs")
    assert (status, headers["Location"]) == (302, "/docs/")
    status, headers, body = site(endpoint, bucket, "/nothing")
    assert (status, body) == (404, b"error.html")
    status, headers, _ = site(endpoint, bucket, "/old/a?b")
    assert status == 301 and headers["Location"] == f"http://{bucket}.s3-website.localhost/new/a"
    status, headers, _ = site(endpoint, bucket, "/moved")
    assert status == 301 and headers["Location"].endswith("/docs/")
    assert site(endpoint, bucket, "/", "HEAD")[2] == b""
    s3.put_bucket_website(
        Bucket=bucket, WebsiteConfiguration={"RedirectAllRequestsTo": {"HostName": "example.com", "Protocol": "https"}}
    )
    status, headers, _ = site(endpoint, bucket, "/a")
    assert (status, headers["Location"]) == (301, "https://example.com/a")
