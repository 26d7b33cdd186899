"""STS: who am I, and sessions that act in their role's account."""

import boto3
import pytest
from botocore.exceptions import ClientError

TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'


def with_credentials(credentials, endpoint, region):
    session = boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials.get("SessionToken"),
        region_name=region,
    )
    return lambda service: session.client(service, endpoint_url=endpoint)


def test_caller_is_the_root_of_its_account(client, account):
    me = client("sts").get_caller_identity()
    assert (me["Account"], me["UserId"], me["Arn"]) == (account, account, f"arn:aws:iam::{account}:root")


def test_other_keys_share_the_default_account(endpoint):
    sts = boto3.client(
        "sts", endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key="x", region_name="eu-west-1"
    )
    assert sts.get_caller_identity()["Account"] == "000000000000"


def test_role_session_acts_in_the_account_of_the_role(client, endpoint, region, account):
    other = "222222222222" if account != "222222222222" else "333333333333"
    arn = f"arn:aws:iam::{other}:role/deploy/Deployer"
    answer = client("sts").assume_role(RoleArn=arn, RoleSessionName="s-1", SourceIdentity="me")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{other}:assumed-role/Deployer/s-1"
    assert answer["SourceIdentity"] == "me"
    credentials = answer["Credentials"]
    assert credentials["AccessKeyId"].startswith("ASIA") and len(credentials["AccessKeyId"]) == 20
    assert len(credentials["SecretAccessKey"]) == 40

    inside = with_credentials(credentials, endpoint, region)
    me = inside("sts").get_caller_identity()
    assert me["Account"] == other
    assert me["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert me["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    assert client("sts").get_access_key_info(AccessKeyId=credentials["AccessKeyId"])["Account"] == other


def test_session_of_an_existing_role(client, account):
    iam, sts = client("iam"), client("sts")
    role = iam.create_role(RoleName="Worker", AssumeRolePolicyDocument=TRUST)["Role"]
    answer = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="abc", DurationSeconds=900)
    assert answer["AssumedRoleUser"]["AssumedRoleId"] == f"{role['RoleId']}:abc"
    assert "LastUsedDate" in iam.get_role(RoleName="Worker")["Role"]["RoleLastUsed"]
    with pytest.raises(ClientError, match="exceeds the MaxSessionDuration"):
        sts.assume_role(RoleArn=role["Arn"], RoleSessionName="abc", DurationSeconds=7200)


@pytest.mark.parametrize("arn", ["arn:aws:iam::123456789012:user/worker", "no-arn-at-all-but-long-enough"])
def test_what_is_no_role_is_refused(client, arn):
    with pytest.raises(ClientError) as failure:
        client("sts").assume_role(RoleArn=arn, RoleSessionName="abc")
    assert failure.value.response["Error"]["Code"] == "ValidationError"


def test_malformed_session_policy(client, account):
    with pytest.raises(ClientError) as failure:
        client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/R", RoleSessionName="abc", Policy='{"Version":"2012-10-17"}'
        )
    assert failure.value.response["Error"]["Code"] == "MalformedPolicyDocument"


def session_policy(size):
    rule = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    return rule + " " * (size - len(rule))


@pytest.mark.parametrize("code, arguments", [
    ("ValidationError", {"Policy": session_policy(2049)}),
    ("ValidationError", {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/P"}] * 11}),
    ("ValidationError", {"PolicyArns": [{"arn": "arn:aws:iam::111122223333:policy/P"}]}),
    ("ValidationError", {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/P arn:aws:iam::aws:policy/Q"}]}),
    ("ValidationError", {"PolicyArns": [{"arn": "arn:aws:iam::aws:role/Administrator"}]}),
    ("ValidationError", {"PolicyArns": [{"arn": "arn:aws:s3:::policy/Administrator"}]}),
    ("PackedPolicyTooLarge", {"Policy": session_policy(2040), "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/P"}]}),
    ("PackedPolicyTooLarge", {"Tags": [{"Key": f"key{i}", "Value": "v" * 250} for i in range(10)]}),
])
def test_session_policies_are_bounded(client, account, code, arguments):
    sts = client("sts")
    role = {"RoleArn": f"arn:aws:iam::{account}:role/R", "RoleSessionName": "abc"}
    for call, more in ((sts.assume_role, role), (sts.get_federation_token, {"Name": "bob"})):
        with pytest.raises(ClientError) as failure:
            call(**more, **arguments)
        assert failure.value.response["Error"]["Code"] == code


def test_session_policies_are_measured(client, account):
    sts = client("sts")
    arns = [{"arn": f"arn:aws:iam::{account}:policy/" + "p" * 64}] * 10
    role = {"RoleArn": f"arn:aws:iam::{account}:role/R", "RoleSessionName": "abc"}
    tagged = {"Tags": [{"Key": f"k{i:02}", "Value": "v" * 253} for i in range(4)]}
    for call, more in ((sts.assume_role, role), (sts.get_federation_token, {"Name": "bob"})):
        assert "PackedPolicySize" not in call(**more)
        assert call(**more, Policy=session_policy(1024), **tagged)["PackedPolicySize"] == 100
        assert call(**more, Policy=session_policy(2048))["PackedPolicySize"] == 100
        assert call(**more, PolicyArns=arns)["PackedPolicySize"] == 48


def test_session_name_is_validated(client, account):
    with pytest.raises(ClientError, match="validation error.* detected.*roleSessionName"):
        client("sts").assume_role(RoleArn=f"arn:aws:iam::{account}:role/R", RoleSessionName="a b")


def test_session_token_and_federation(client, endpoint, region, account):
    sts = client("sts")
    inside = with_credentials(sts.get_session_token()["Credentials"], endpoint, region)("sts")
    assert inside.get_caller_identity()["Arn"] == f"arn:aws:iam::{account}:root"
    with pytest.raises(ClientError) as failure:
        inside.get_session_token()
    assert failure.value.response["Error"]["Code"] == "AccessDenied"
    federated = sts.get_federation_token(Name="bob")
    assert federated["FederatedUser"]["Arn"] == f"arn:aws:sts::{account}:federated-user/bob"


def test_user_keys_act_as_the_user(client, endpoint, region, account):
    iam = client("iam")
    user = iam.create_user(UserName="ci", Path="/robots/")["User"]
    key = iam.create_access_key(UserName="ci")["AccessKey"]
    inside = with_credentials(
        {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]}, endpoint, region
    )
    me = inside("sts").get_caller_identity()
    assert (me["Account"], me["UserId"], me["Arn"]) == (account, user["UserId"], user["Arn"])
    assert inside("iam").get_user()["User"]["UserName"] == "ci"
    session = with_credentials(inside("sts").get_session_token()["Credentials"], endpoint, region)
    assert session("sts").get_caller_identity()["Arn"] == user["Arn"]
    assert session("iam").get_user()["User"]["UserName"] == "ci"
    assert [k["AccessKeyId"] for k in session("iam").list_access_keys()["AccessKeyMetadata"]] == [key["AccessKeyId"]]


def test_tokens_of_others_are_not_trusted(client, account):
    with pytest.raises(ClientError) as failure:
        client("sts").assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::{account}:role/R", RoleSessionName="abc", WebIdentityToken="e30.e30.e30"
        )
    assert failure.value.response["Error"]["Code"] == "NotImplemented"
    assert "AssumeRoleWithWebIdentity" in failure.value.response["Error"]["Message"]


def test_messages_that_nobody_encoded(client):
    with pytest.raises(ClientError, match="Message is not valid") as failure:
        client("sts").decode_authorization_message(EncodedMessage="abc")
    assert failure.value.response["Error"]["Code"] == "InvalidAuthorizationMessageException"
    assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_cli(aws, account):
    assert aws("sts", "get-caller-identity")["Account"] == account
