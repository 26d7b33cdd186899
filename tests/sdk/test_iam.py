"""IAM as deployment tools use it."""

import base64
import hashlib
import json

import pytest
from botocore.exceptions import ClientError

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}]}
LAMBDA_BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


@pytest.fixture
def iam(client):
    return client("iam")


@pytest.fixture
def role(iam):
    return iam.create_role(RoleName="R", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]


def refused(code, call, **arguments):
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    error = failure.value.response["Error"]
    assert error["Code"] == code, error
    return error["Message"]


def test_role_life(iam, account):
    made = iam.create_role(
        RoleName="Loader",
        Path="/data/",
        AssumeRolePolicyDocument=json.dumps(TRUST),
        Description="loads",
        Tags=[{"Key": "team", "Value": "data"}],
    )["Role"]
    assert made["Arn"] == f"arn:aws:iam::{account}:role/data/Loader"
    assert made["RoleId"].startswith("AROA") and len(made["RoleId"]) == 21
    got = iam.get_role(RoleName="Loader")["Role"]
    assert got["AssumeRolePolicyDocument"] == TRUST
    assert got["Tags"] == [{"Key": "team", "Value": "data"}]
    assert got["MaxSessionDuration"] == 3600
    assert got["CreateDate"] == made["CreateDate"]

    iam.update_role(RoleName="Loader", Description="moves", MaxSessionDuration=7200)
    changed = dict(TRUST, Statement=[dict(TRUST["Statement"][0], Principal={"Service": "ec2.amazonaws.com"})])
    iam.update_assume_role_policy(RoleName="Loader", PolicyDocument=json.dumps(changed))
    got = iam.get_role(RoleName="Loader")["Role"]
    assert (got["Description"], got["MaxSessionDuration"]) == ("moves", 7200)
    assert got["AssumeRolePolicyDocument"] == changed
    assert iam.update_role_description(RoleName="Loader", Description="x")["Role"]["Description"] == "x"

    iam.delete_role(RoleName="Loader")
    assert "The role with name Loader cannot be found." == refused("NoSuchEntity", iam.get_role, RoleName="Loader")


def test_role_exists(iam, role):
    message = refused(
        "EntityAlreadyExists", iam.create_role, RoleName="R", AssumeRolePolicyDocument=json.dumps(TRUST)
    )
    assert message == "Role with name R already exists."


def test_status_of_missing_role_is_404(iam):
    with pytest.raises(ClientError) as failure:
        iam.get_role(RoleName="none")
    assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_accounts_are_apart(iam, role, endpoint):
    import boto3

    other = boto3.client(
        "iam",
        endpoint_url=endpoint,
        aws_access_key_id="444444444444",
        aws_secret_access_key="x",
        region_name="eu-west-1",
    )
    assert "R" not in [r["RoleName"] for r in other.list_roles()["Roles"]]


def test_roles_are_listed_in_pages(iam):
    for i in range(5):
        iam.create_role(RoleName=f"r{i}", Path="/p/" if i % 2 else "/", AssumeRolePolicyDocument=json.dumps(TRUST))
    first = iam.list_roles(MaxItems=2)
    assert first["IsTruncated"] and [r["RoleName"] for r in first["Roles"]] == ["r0", "r1"]
    pages = iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2})
    assert [r["RoleName"] for page in pages for r in page["Roles"]] == [f"r{i}" for i in range(5)]
    assert [r["RoleName"] for r in iam.list_roles(PathPrefix="/p/")["Roles"]] == ["r1", "r3"]
    refused("ValidationError", iam.list_roles, Marker="nonsense")


@pytest.mark.parametrize("operation", ["list_policies", "list_entities_for_policy", "list_groups"])
def test_a_marker_without_a_place_is_none(iam, operation):
    """It has the sum of an empty place: who makes markers could make this one."""
    call = getattr(iam, operation)
    name = "iam:" + "".join(word.capitalize() for word in operation.split("_"))
    marker = base64.urlsafe_b64encode(hashlib.sha256(name.encode() + b"\0").digest()[:8]).decode().rstrip("=")
    arguments = {"PolicyArn": LAMBDA_BASIC} if "entities" in operation else {}
    refused("ValidationError", call, Marker=marker, **arguments)


@pytest.mark.parametrize(
    "document, words",
    [
        ("no json", "Syntax errors in policy."),
        ("{}", "Syntax errors in policy."),
        ('{"Version":"2012-10-17","Statement":[]}', "Syntax errors in policy."),
        ('{"Version":"2011-10-17","Statement":[]}', "Syntax errors in policy."),
        (json.dumps(POLICY), "AssumeRole policy may only specify STS AssumeRole actions."),
        (
            json.dumps(dict(TRUST, Statement=[dict(TRUST["Statement"][0], Resource="*")])),
            "Has prohibited field Resource.",
        ),
    ],
)
def test_trust_policies_are_checked(iam, document, words):
    assert words == refused(
        "MalformedPolicyDocument", iam.create_role, RoleName="Bad", AssumeRolePolicyDocument=document
    )


@pytest.mark.parametrize(
    "statement, words",
    [
        ({"Effect": "Allow", "Action": "s3:*"}, "Policy statement must contain resources."),
        ({"Effect": "Allow", "Resource": "*"}, "Policy statement must contain actions."),
        ({"Effect": "allow", "Action": "s3:*", "Resource": "*"}, "The policy failed legacy parsing"),
        ({"Effect": "maybe", "Action": "s3:*", "Resource": "*"}, "Syntax errors in policy."),
        ({"Effect": "Allow", "Action": "everything", "Resource": "*"}, "must be prefaced by a vendor"),
        ({"Effect": "Allow", "Action": "s3:*", "Resource": "bucket"}, 'Resource bucket must be in ARN format or "\\*"'),
        ({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": "*"}, "should not specify a principal"),
        ({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Extra": 1}, "Syntax errors in policy."),
        ({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Foo": {"a": "b"}}}, "Syntax errors"),
    ],
)
def test_policies_are_checked(iam, statement, words):
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    with pytest.raises(ClientError, match=words) as failure:
        iam.create_policy(PolicyName="Bad", PolicyDocument=document)
    assert failure.value.response["Error"]["Code"] == "MalformedPolicyDocument"


def test_inline_policies(iam, role):
    iam.put_role_policy(RoleName="R", PolicyName="in", PolicyDocument=json.dumps(POLICY))
    assert iam.get_role_policy(RoleName="R", PolicyName="in")["PolicyDocument"] == POLICY
    assert iam.list_role_policies(RoleName="R")["PolicyNames"] == ["in"]
    assert "must delete policies first" in refused("DeleteConflict", iam.delete_role, RoleName="R")
    iam.delete_role_policy(RoleName="R", PolicyName="in")
    message = refused("NoSuchEntity", iam.get_role_policy, RoleName="R", PolicyName="in")
    assert message == "The role policy with name in cannot be found."
    huge = dict(POLICY, Statement=[dict(POLICY["Statement"][0], Resource=["arn:aws:s3:::" + "b" * 50] * 200)])
    refused("LimitExceeded", iam.put_role_policy, RoleName="R", PolicyName="in", PolicyDocument=json.dumps(huge))


def test_attached_policies(iam, role, account):
    own = iam.create_policy(PolicyName="Own", Path="/p/", PolicyDocument=json.dumps(POLICY))["Policy"]
    assert own["Arn"] == f"arn:aws:iam::{account}:policy/p/Own"
    iam.attach_role_policy(RoleName="R", PolicyArn=own["Arn"])
    iam.attach_role_policy(RoleName="R", PolicyArn=LAMBDA_BASIC)
    iam.attach_role_policy(RoleName="R", PolicyArn=LAMBDA_BASIC)
    attached = iam.list_attached_role_policies(RoleName="R")["AttachedPolicies"]
    assert {(p["PolicyName"], p["PolicyArn"]) for p in attached} == {
        ("Own", own["Arn"]),
        ("AWSLambdaBasicExecutionRole", LAMBDA_BASIC),
    }
    assert len(iam.list_attached_role_policies(RoleName="R", PathPrefix="/p/")["AttachedPolicies"]) == 1
    assert iam.get_policy(PolicyArn=own["Arn"])["Policy"]["AttachmentCount"] == 1
    entities = iam.list_entities_for_policy(PolicyArn=own["Arn"])
    assert [r["RoleName"] for r in entities["PolicyRoles"]] == ["R"]
    refused("DeleteConflict", iam.delete_policy, PolicyArn=own["Arn"])
    assert "must detach all policies first" in refused("DeleteConflict", iam.delete_role, RoleName="R")
    iam.detach_role_policy(RoleName="R", PolicyArn=own["Arn"])
    iam.detach_role_policy(RoleName="R", PolicyArn=LAMBDA_BASIC)
    refused("NoSuchEntity", iam.detach_role_policy, RoleName="R", PolicyArn=LAMBDA_BASIC)
    missing = f"arn:aws:iam::{account}:policy/None"
    message = refused("NoSuchEntity", iam.attach_role_policy, RoleName="R", PolicyArn=missing)
    assert message == f"Policy {missing} does not exist or is not attachable."
    iam.delete_policy(PolicyArn=own["Arn"])
    iam.delete_role(RoleName="R")


def test_policy_versions(iam):
    arn = iam.create_policy(PolicyName="V", PolicyDocument=json.dumps(POLICY))["Policy"]["Arn"]
    for i in range(4):
        version = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(POLICY), SetAsDefault=i == 0)
    assert version["PolicyVersion"]["VersionId"] == "v5"
    refused("LimitExceeded", iam.create_policy_version, PolicyArn=arn, PolicyDocument=json.dumps(POLICY))
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [v["VersionId"] for v in versions] == ["v5", "v4", "v3", "v2", "v1"]
    assert [v["VersionId"] for v in versions if v["IsDefaultVersion"]] == ["v2"]
    refused("DeleteConflict", iam.delete_policy_version, PolicyArn=arn, VersionId="v2")
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v5")
    for version in ("v1", "v2", "v3", "v4"):
        iam.delete_policy_version(PolicyArn=arn, VersionId=version)
    got = iam.get_policy_version(PolicyArn=arn, VersionId="v5")["PolicyVersion"]
    assert got["Document"] == POLICY and got["IsDefaultVersion"]
    refused("NoSuchEntity", iam.get_policy_version, PolicyArn=arn, VersionId="v1")
    refused("EntityAlreadyExists", iam.create_policy, PolicyName="V", PolicyDocument=json.dumps(POLICY))
    iam.delete_policy(PolicyArn=arn)
    refused("NoSuchEntity", iam.get_policy, PolicyArn=arn)


def test_policies_of_aws(iam):
    policy = iam.get_policy(PolicyArn=LAMBDA_BASIC)["Policy"]
    version = iam.get_policy_version(PolicyArn=LAMBDA_BASIC, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    assert "logs:PutLogEvents" in version["Document"]["Statement"][0]["Action"]
    iam.create_policy(PolicyName="Zeta", PolicyDocument=json.dumps(POLICY))
    local = iam.list_policies(Scope="Local")["Policies"]
    assert [p["PolicyName"] for p in local] == ["Zeta"]
    pages = iam.get_paginator("list_policies").paginate(PaginationConfig={"PageSize": 3})
    names = [p["PolicyName"] for page in pages for p in page["Policies"]]
    assert names[0] == "Zeta" and "AdministratorAccess" in names and len(names) == len(set(names))


def test_tags(iam, role):
    iam.tag_role(RoleName="R", Tags=[{"Key": "b", "Value": "1"}, {"Key": "a", "Value": ""}])
    iam.tag_role(RoleName="R", Tags=[{"Key": "B", "Value": "2"}])
    assert iam.list_role_tags(RoleName="R")["Tags"] == [{"Key": "B", "Value": "2"}, {"Key": "a", "Value": ""}]
    page = iam.list_role_tags(RoleName="R", MaxItems=1)
    assert page["IsTruncated"]
    assert len(iam.list_role_tags(RoleName="R", Marker=page["Marker"])["Tags"]) == 1
    iam.untag_role(RoleName="R", TagKeys=["b", "none"])
    assert iam.list_role_tags(RoleName="R")["Tags"] == [{"Key": "a", "Value": ""}]
    many = [{"Key": f"k{i}", "Value": "v"} for i in range(50)]
    refused("LimitExceeded", iam.tag_role, RoleName="R", Tags=many)
    refused("InvalidInput", iam.tag_role, RoleName="R", Tags=[{"Key": "x", "Value": ""}, {"Key": "X", "Value": ""}])
    arn = iam.create_policy(PolicyName="T", PolicyDocument=json.dumps(POLICY), Tags=many)["Policy"]["Arn"]
    iam.untag_policy(PolicyArn=arn, TagKeys=[t["Key"] for t in many[1:]])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == many[:1]


def test_users_and_keys(iam, account):
    user = iam.create_user(UserName="ann", Tags=[{"Key": "k", "Value": "v"}])["User"]
    assert user["Arn"] == f"arn:aws:iam::{account}:user/ann" and user["UserId"].startswith("AIDA")
    assert iam.get_user()["User"]["Arn"] == f"arn:aws:iam::{account}:root"
    keys = [iam.create_access_key(UserName="ann")["AccessKey"] for _ in range(2)]
    assert all(k["AccessKeyId"].startswith("AKIA") and k["Status"] == "Active" for k in keys)
    refused("LimitExceeded", iam.create_access_key, UserName="ann")
    iam.update_access_key(UserName="ann", AccessKeyId=keys[0]["AccessKeyId"], Status="Inactive")
    listed = iam.list_access_keys(UserName="ann")["AccessKeyMetadata"]
    assert {k["AccessKeyId"]: k["Status"] for k in listed} == {
        keys[0]["AccessKeyId"]: "Inactive",
        keys[1]["AccessKeyId"]: "Active",
    }
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=json.dumps(POLICY))
    assert iam.get_user_policy(UserName="ann", PolicyName="p")["PolicyDocument"] == POLICY
    iam.attach_user_policy(UserName="ann", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    assert len(iam.list_attached_user_policies(UserName="ann")["AttachedPolicies"]) == 1
    iam.update_user(UserName="ann", NewUserName="anna", NewPath="/x/")
    assert iam.get_user(UserName="anna")["User"]["Arn"] == f"arn:aws:iam::{account}:user/x/anna"
    refused("NoSuchEntity", iam.get_user, UserName="ann")
    refused("DeleteConflict", iam.delete_user, UserName="anna")
    iam.detach_user_policy(UserName="anna", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    iam.delete_user_policy(UserName="anna", PolicyName="p")
    assert "must delete access keys first" in refused("DeleteConflict", iam.delete_user, UserName="anna")
    for key in keys:
        iam.delete_access_key(UserName="anna", AccessKeyId=key["AccessKeyId"])
    assert iam.list_groups_for_user(UserName="anna")["Groups"] == []
    assert iam.list_mfa_devices(UserName="anna")["MFADevices"] == []
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []
    assert iam.list_ssh_public_keys(UserName="anna")["SSHPublicKeys"] == []
    assert iam.list_signing_certificates(UserName="anna")["Certificates"] == []
    assert iam.list_service_specific_credentials(UserName="anna")["ServiceSpecificCredentials"] == []
    iam.delete_user(UserName="anna")
    assert iam.list_users()["Users"] == []


def test_login_profiles(iam):
    missing = "Login Profile for User anna cannot be found."
    refused("NoSuchEntity", iam.create_login_profile, UserName="anna", Password="Abcdef12")
    iam.create_user(UserName="anna")
    for call in (iam.get_login_profile, iam.delete_login_profile, iam.update_login_profile):
        assert refused("NoSuchEntity", call, UserName="anna") == missing
    for weak in ("Ab1!", "abcdefgh1", "ANNAANNA"):
        assert refused("PasswordPolicyViolation", iam.create_login_profile, UserName="anna", Password=weak) == (
            "Password does not conform to the account password policy.")
    made = iam.create_login_profile(UserName="anna", Password="Abcdef12", PasswordResetRequired=True)["LoginProfile"]
    assert (made["UserName"], made["PasswordResetRequired"]) == ("anna", True)
    assert refused("EntityAlreadyExists", iam.create_login_profile, UserName="anna", Password="Abcdef12") == (
        "Login Profile for User anna already exists.")
    refused("PasswordPolicyViolation", iam.update_login_profile, UserName="anna", Password="short")
    iam.update_login_profile(UserName="anna", Password="Ghijkl34")
    assert iam.get_login_profile(UserName="anna")["LoginProfile"]["PasswordResetRequired"] is True
    iam.update_login_profile(UserName="anna", PasswordResetRequired=False)
    found = iam.get_login_profile(UserName="anna")["LoginProfile"]
    assert (found["CreateDate"], found["PasswordResetRequired"]) == (made["CreateDate"], False)
    assert refused("DeleteConflict", iam.delete_user, UserName="anna") == "Cannot delete entity, must delete login profile first."
    iam.delete_login_profile(UserName="anna")
    refused("NoSuchEntity", iam.get_login_profile, UserName="anna")
    # AWS: a password must not be the account's name; it may be the user's.
    iam.create_user(UserName="Berta-2024")
    iam.create_login_profile(UserName="Berta-2024", Password="Berta-2024")
    iam.delete_login_profile(UserName="Berta-2024")
    iam.delete_user(UserName="Berta-2024")
    iam.delete_user(UserName="anna")


def test_instance_profiles(iam, role):
    iam.create_instance_profile(InstanceProfileName="P")
    iam.add_role_to_instance_profile(InstanceProfileName="P", RoleName="R")
    refused("LimitExceeded", iam.add_role_to_instance_profile, InstanceProfileName="P", RoleName="R")
    profile = iam.get_instance_profile(InstanceProfileName="P")["InstanceProfile"]
    assert profile["Roles"][0]["AssumeRolePolicyDocument"] == TRUST
    assert len(iam.list_instance_profiles_for_role(RoleName="R")["InstanceProfiles"]) == 1
    refused("DeleteConflict", iam.delete_role, RoleName="R")
    refused("DeleteConflict", iam.delete_instance_profile, InstanceProfileName="P")
    iam.remove_role_from_instance_profile(InstanceProfileName="P", RoleName="R")
    iam.delete_instance_profile(InstanceProfileName="P")
    assert iam.list_instance_profiles_for_role(RoleName="R")["InstanceProfiles"] == []


def test_boundaries(iam, role, account):
    refused(
        "NoSuchEntity",
        iam.put_role_permissions_boundary,
        RoleName="R",
        PermissionsBoundary=f"arn:aws:iam::{account}:policy/None",
    )
    arn = iam.create_policy(PolicyName="B", PolicyDocument=json.dumps(POLICY))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="R", PermissionsBoundary=arn)
    assert iam.get_role(RoleName="R")["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    assert iam.get_policy(PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    iam.delete_role_permissions_boundary(RoleName="R")
    assert "PermissionsBoundary" not in iam.get_role(RoleName="R")["Role"]


def test_names_are_validated(iam):
    with pytest.raises(ClientError, match="The specified value for roleName is invalid"):
        iam.create_role(RoleName="a b", AssumeRolePolicyDocument=json.dumps(TRUST))


def test_not_built_is_said(iam):
    with pytest.raises(ClientError) as failure:
        iam.generate_credential_report()
    assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_cli(aws, tmp_path):
    (tmp_path / "trust.json").write_text(json.dumps(TRUST))
    role = aws(
        "iam", "create-role", "--role-name", "C", "--assume-role-policy-document", f"file://{tmp_path}/trust.json"
    )["Role"]
    aws("iam", "attach-role-policy", "--role-name", "C", "--policy-arn", LAMBDA_BASIC)
    assert aws("iam", "get-role", "--role-name", "C")["Role"]["Arn"] == role["Arn"]


# --- what deployment tools read back and take away -----------------------------------------------------------


def test_user_is_tagged_bounded_and_taken_apart(iam):
    iam.create_user(UserName="Loader", Tags=[{"Key": "team", "Value": "data"}])
    iam.tag_user(UserName="Loader", Tags=[{"Key": "stage", "Value": "dev"}, {"Key": "team", "Value": "lake"}])
    iam.untag_user(UserName="Loader", TagKeys=["stage"])
    assert iam.list_user_tags(UserName="Loader")["Tags"] == [{"Key": "team", "Value": "lake"}]

    iam.put_user_policy(UserName="Loader", PolicyName="inside", PolicyDocument=json.dumps(POLICY))
    assert iam.list_user_policies(UserName="Loader")["PolicyNames"] == ["inside"]
    assert "must delete policies first" in refused("DeleteConflict", iam.delete_user, UserName="Loader")

    bound = iam.create_policy(PolicyName="Bound", PolicyDocument=json.dumps(POLICY))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="Loader", PermissionsBoundary=bound)
    assert iam.get_user(UserName="Loader")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == bound
    refused("DeleteConflict", iam.delete_policy, PolicyArn=bound)
    iam.delete_user_permissions_boundary(UserName="Loader")
    assert "PermissionsBoundary" not in iam.get_user(UserName="Loader")["User"]

    # What a user can have and this one has not: read before a user is deleted.
    assert "Login Profile for User Loader cannot be found." == refused(
        "NoSuchEntity", iam.get_login_profile, UserName="Loader")
    refused("NoSuchEntity", iam.delete_login_profile, UserName="Loader")
    assert iam.list_account_aliases()["AccountAliases"] == []
    iam.delete_user_policy(UserName="Loader", PolicyName="inside")
    iam.delete_user(UserName="Loader")


def test_instance_profiles_and_policies_are_tagged(iam):
    iam.create_instance_profile(InstanceProfileName="Machine", Tags=[{"Key": "a", "Value": "1"}])
    iam.tag_instance_profile(InstanceProfileName="Machine", Tags=[{"Key": "b", "Value": "2"}])
    iam.untag_instance_profile(InstanceProfileName="Machine", TagKeys=["a"])
    assert iam.list_instance_profile_tags(InstanceProfileName="Machine")["Tags"] == [{"Key": "b", "Value": "2"}]
    assert [p["InstanceProfileName"] for p in iam.list_instance_profiles()["InstanceProfiles"]] == ["Machine"]

    arn = iam.create_policy(PolicyName="Tagged", PolicyDocument=json.dumps(POLICY))["Policy"]["Arn"]
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "c", "Value": "3"}])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "c", "Value": "3"}]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["Tags"] == [{"Key": "c", "Value": "3"}]
