"""What an account has once: alias, policy for passwords, and what tells of the whole account."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def iam(client):
    return client("iam")


@pytest.fixture
def other(endpoint, account):
    """A client of another account."""
    return boto3.client("iam", endpoint_url=endpoint, region_name="us-east-1", aws_secret_access_key="test",
                        aws_access_key_id=account[::-1] if account[0] != account[-1] else account[1:] + "0")


def refused(code, call, **arguments):
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    error = failure.value.response["Error"]
    assert error["Code"] == code, error
    return error["Message"]


def test_an_account_has_one_alias(iam, account):
    first, second = f"a-{account}", f"b-{account}"
    assert iam.list_account_aliases()["AccountAliases"] == []
    iam.create_account_alias(AccountAlias=first)
    assert iam.list_account_aliases()["AccountAliases"] == [first]
    assert refused("EntityAlreadyExists", iam.create_account_alias, AccountAlias=first) == (
        f"The account alias {first} already exists.")
    iam.create_account_alias(AccountAlias=second)
    listed = iam.list_account_aliases(MaxItems=1)
    assert (listed["AccountAliases"], listed["IsTruncated"]) == ([second], False)
    assert refused("NoSuchEntity", iam.delete_account_alias, AccountAlias=first) == (
        f"The account alias {first} cannot be found.")
    iam.delete_account_alias(AccountAlias=second)
    assert iam.list_account_aliases()["AccountAliases"] == []
    refused("NoSuchEntity", iam.delete_account_alias, AccountAlias=second)
    refused("ValidationError", iam.list_account_aliases, Marker="nonsense")


def test_aliases_are_unique_over_all_accounts(iam, other, account):
    alias = f"a-{account}"
    iam.create_account_alias(AccountAlias=alias)
    refused("EntityAlreadyExists", other.create_account_alias, AccountAlias=alias)
    refused("NoSuchEntity", other.delete_account_alias, AccountAlias=alias)
    assert other.list_account_aliases()["AccountAliases"] == []
    iam.delete_account_alias(AccountAlias=alias)
    other.create_account_alias(AccountAlias=alias)
    assert iam.list_account_aliases()["AccountAliases"] == []
    assert other.list_account_aliases()["AccountAliases"] == [alias]
    other.delete_account_alias(AccountAlias=alias)


@pytest.mark.parametrize("alias", ["Upper", "-begins", "ends-", "two--hyphens", "under_score", "a" * 64, "do.t"])
def test_aliases_are_checked(iam, alias):
    for call in (iam.create_account_alias, iam.delete_account_alias):
        message = refused("ValidationError", call, AccountAlias=alias)
        if len(alias) <= 63:
            assert message == (
                "The specified value for accountAlias is invalid. It must be a minimum length of 3 characters and "
                "maximum length of 63 characters, contain only digits, lowercase letters, and hyphens (-), but cannot "
                "begin or end with a hyphen.")


def test_password_policy(iam, account):
    message = f"The Password Policy with domain name {account} cannot be found."
    assert refused("NoSuchEntity", iam.get_account_password_policy) == message
    assert refused("NoSuchEntity", iam.delete_account_password_policy) == (
        "The account policy with name PasswordPolicy cannot be found.")
    iam.update_account_password_policy()
    defaults = {
        "MinimumPasswordLength": 6, "RequireSymbols": False, "RequireNumbers": False,
        "RequireUppercaseCharacters": False, "RequireLowercaseCharacters": False,
        "AllowUsersToChangePassword": False, "ExpirePasswords": False,
    }
    assert iam.get_account_password_policy()["PasswordPolicy"] == defaults

    given = {
        "MinimumPasswordLength": 14, "RequireSymbols": True, "RequireNumbers": True,
        "RequireUppercaseCharacters": True, "RequireLowercaseCharacters": True, "AllowUsersToChangePassword": True,
        "MaxPasswordAge": 90, "PasswordReusePrevention": 24, "HardExpiry": True,
    }
    iam.create_account_alias(AccountAlias=f"a-{account}")
    iam.update_account_password_policy(**given)
    assert iam.get_account_password_policy()["PasswordPolicy"] == dict(given, ExpirePasswords=True)
    # What is left out is not kept.
    iam.update_account_password_policy(RequireNumbers=True)
    assert iam.get_account_password_policy()["PasswordPolicy"] == dict(defaults, RequireNumbers=True)

    iam.delete_account_password_policy()
    assert refused("NoSuchEntity", iam.get_account_password_policy) == message
    refused("NoSuchEntity", iam.delete_account_password_policy)
    assert iam.list_account_aliases()["AccountAliases"] == [f"a-{account}"]


@pytest.mark.parametrize("arguments", [
    {"MinimumPasswordLength": 5}, {"MinimumPasswordLength": 129}, {"MaxPasswordAge": 0}, {"MaxPasswordAge": 1096},
    {"PasswordReusePrevention": 0}, {"PasswordReusePrevention": 25},
])
def test_password_policies_are_checked(client, arguments):
    import botocore.config

    iam = client("iam", config=botocore.config.Config(parameter_validation=False))
    refused("ValidationError", iam.update_account_password_policy, **arguments)
    refused("NoSuchEntity", iam.get_account_password_policy)


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}]}
OTHER_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
READ_ONLY = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def test_summary_of_an_account(iam, other):
    empty = iam.get_account_summary()["SummaryMap"]
    assert {key: empty[key] for key in empty if key.endswith("Quota")} == {
        "UsersQuota": 5000, "GroupsQuota": 300, "RolesQuota": 1000, "InstanceProfilesQuota": 1000,
        "PoliciesQuota": 1500, "PolicyVersionsInUseQuota": 10000, "PolicySizeQuota": 6144,
        "VersionsPerPolicyQuota": 5, "UserPolicySizeQuota": 2048, "GroupPolicySizeQuota": 5120,
        "RolePolicySizeQuota": 10240, "AssumeRolePolicySizeQuota": 2048, "AttachedPoliciesPerUserQuota": 10,
        "AttachedPoliciesPerGroupQuota": 10, "AttachedPoliciesPerRoleQuota": 10, "GroupsPerUserQuota": 10,
        "AccessKeysPerUserQuota": 2, "ServerCertificatesQuota": 20, "SigningCertificatesPerUserQuota": 2,
    }
    assert empty["GlobalEndpointTokenVersion"] == 1
    assert sum(empty[key] for key in empty if not key.endswith("Quota")) == 1

    for i in range(3):
        iam.create_user(UserName=f"u{i}")
    for i in range(2):
        iam.create_role(RoleName=f"r{i}", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.create_group(GroupName="g")
    for i in range(4):
        iam.create_instance_profile(InstanceProfileName=f"p{i}")
    arns = [iam.create_policy(PolicyName=f"P{i}", PolicyDocument=json.dumps(POLICY))["Policy"]["Arn"]
            for i in range(5)]
    iam.attach_user_policy(UserName="u0", PolicyArn=arns[0])
    iam.attach_role_policy(RoleName="r0", PolicyArn=arns[0])
    iam.attach_group_policy(GroupName="g", PolicyArn=READ_ONLY)
    iam.put_user_permissions_boundary(UserName="u1", PermissionsBoundary=arns[1])
    counts = {"Users": 3, "Roles": 2, "Groups": 1, "InstanceProfiles": 4, "Policies": 5, "PolicyVersionsInUse": 3}
    assert iam.get_account_summary()["SummaryMap"] == dict(empty, **counts)
    assert other.get_account_summary()["SummaryMap"] == empty


@pytest.fixture
def whole(iam, account):
    """An account with some of everything."""
    arn = iam.create_policy(PolicyName="Local", Path="/team/", PolicyDocument=json.dumps(POLICY),
                            Description="ours")["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(OTHER_POLICY), SetAsDefault=True)
    iam.create_policy(PolicyName="Unused", PolicyDocument=json.dumps(POLICY))
    iam.create_group(GroupName="Readers")
    iam.put_group_policy(GroupName="Readers", PolicyName="inside", PolicyDocument=json.dumps(POLICY))
    iam.attach_group_policy(GroupName="Readers", PolicyArn=arn)
    iam.create_user(UserName="ada", Tags=[{"Key": "team", "Value": "data"}], PermissionsBoundary=arn)
    iam.create_user(UserName="bob")
    iam.add_user_to_group(GroupName="Readers", UserName="ada")
    iam.put_user_policy(UserName="ada", PolicyName="b", PolicyDocument=json.dumps(OTHER_POLICY))
    iam.put_user_policy(UserName="ada", PolicyName="a", PolicyDocument=json.dumps(POLICY))
    iam.attach_user_policy(UserName="bob", PolicyArn=READ_ONLY)
    iam.create_role(RoleName="Loader", Path="/data/", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.attach_role_policy(RoleName="Loader", PolicyArn=arn)
    iam.create_instance_profile(InstanceProfileName="Machine")
    iam.add_role_to_instance_profile(InstanceProfileName="Machine", RoleName="Loader")
    return arn


def test_authorization_details(iam, account, whole):
    details = iam.get_account_authorization_details()
    assert not details["IsTruncated"]
    ada, bob = details["UserDetailList"]
    shown = iam.get_user(UserName="ada")["User"]
    assert {key: ada[key] for key in shown} == shown
    assert ada["UserPolicyList"] == [{"PolicyName": "a", "PolicyDocument": POLICY},
                                     {"PolicyName": "b", "PolicyDocument": OTHER_POLICY}]
    assert (ada["GroupList"], ada["AttachedManagedPolicies"]) == (["Readers"], [])
    assert "UserPolicyList" not in bob and (bob["GroupList"], bob["Tags"]) == ([], [])
    assert bob["AttachedManagedPolicies"] == [
        {"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": READ_ONLY}]

    [group] = details["GroupDetailList"]
    assert group == dict(
        iam.get_group(GroupName="Readers")["Group"],
        GroupPolicyList=[{"PolicyName": "inside", "PolicyDocument": POLICY}],
        AttachedManagedPolicies=[{"PolicyName": "Local", "PolicyArn": whole}])

    [role] = details["RoleDetailList"]
    assert role["AssumeRolePolicyDocument"] == TRUST
    assert role["Arn"] == f"arn:aws:iam::{account}:role/data/Loader"
    assert [p["InstanceProfileName"] for p in role["InstanceProfileList"]] == ["Machine"]
    assert [r["RoleName"] for r in role["InstanceProfileList"][0]["Roles"]] == ["Loader"]
    assert (role["RolePolicyList"], role["Tags"], role["RoleLastUsed"]) == ([], [], {})
    assert role["AttachedManagedPolicies"] == [{"PolicyName": "Local", "PolicyArn": whole}]

    local, unused, of_aws = details["Policies"]
    assert (local["Arn"], local["Description"], local["DefaultVersionId"]) == (whole, "ours", "v2")
    assert (local["AttachmentCount"], local["PermissionsBoundaryUsageCount"]) == (2, 1)
    assert [(v["VersionId"], v["IsDefaultVersion"], v["Document"]) for v in local["PolicyVersionList"]] == [
        ("v2", True, OTHER_POLICY), ("v1", False, POLICY)]
    assert (unused["PolicyName"], unused["AttachmentCount"]) == ("Unused", 0)
    # Of AWS's own policies only those that something uses are told.
    assert of_aws["Arn"] == READ_ONLY
    assert of_aws["PolicyVersionList"][0]["Document"]["Version"] == "2012-10-17"


LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")


def names_in(page):
    return [next(item[key] for key in ("UserName", "GroupName", "RoleName", "PolicyName") if key in item)
            for member in LISTS for item in page.get(member, [])]


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_authorization_details_have_pages(iam, whole, size):
    pages = list(iam.get_paginator("get_account_authorization_details").paginate(
        PaginationConfig={"PageSize": size}))
    assert all(len(names_in(page)) == size for page in pages[:-1])
    assert 1 <= len(names_in(pages[-1])) <= size
    assert [name for page in pages for name in names_in(page)] == [
        "ada", "bob", "Readers", "Loader", "Local", "Unused", "AWSLambdaBasicExecutionRole"]


@pytest.mark.parametrize("wanted, names", [
    (["User"], ["ada", "bob"]), (["Group"], ["Readers"]), (["Role"], ["Loader"]),
    (["LocalManagedPolicy"], ["Local", "Unused"]), (["AWSManagedPolicy"], ["AWSLambdaBasicExecutionRole"]),
    (["AWSManagedPolicy", "User"], ["ada", "bob", "AWSLambdaBasicExecutionRole"]),
])
def test_authorization_details_are_filtered(iam, whole, wanted, names):
    pages = iam.get_paginator("get_account_authorization_details").paginate(
        Filter=wanted, PaginationConfig={"PageSize": 1})
    assert [name for page in pages for name in names_in(page)] == names
    assert names_in(iam.get_account_authorization_details(Filter=wanted)) == names


def test_authorization_details_end_a_page_that_is_full(iam):
    """Documents may be long: white space is not counted."""
    rule = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
    long = json.dumps(rule) + "\n" * 130_000
    for i in range(13):
        iam.create_user(UserName=f"u{i:02}")
        iam.put_user_policy(UserName=f"u{i:02}", PolicyName="long", PolicyDocument=long)
    for i in range(3):
        arn = iam.create_policy(PolicyName=f"p{i}", PolicyDocument=long)["Policy"]["Arn"]
        for _ in range(4):
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=long)
    iam.create_role(RoleName="Loader", AssumeRolePolicyDocument=json.dumps(TRUST))
    pages = list(iam.get_paginator("get_account_authorization_details").paginate())
    assert [len(names_in(page)) for page in pages] == [11, 5, 1]
    assert [name for page in pages for name in names_in(page)] == [f"u{i:02}" for i in range(13)] + [
        "Loader", "p0", "p1", "p2"]


def test_authorization_details_are_checked(iam):
    assert names_in(iam.get_account_authorization_details()) == []
    refused("ValidationError", iam.get_account_authorization_details, Filter=["Robot"])
    refused("ValidationError", iam.get_account_authorization_details, Marker="nonsense")


@pytest.mark.parametrize("rule, weak, strong", [
    ({"MinimumPasswordLength": 12}, "Abcdefgh123", "abcdefghijkl"),
    ({"RequireUppercaseCharacters": True}, "abcdefgh1!", "ABCDEF"),
    ({"RequireLowercaseCharacters": True}, "ABCDEFGH1!", "abcdef"),
    ({"RequireNumbers": True}, "Abcdefgh!", "123456"),
    ({"RequireSymbols": True}, "Abcdefgh1", "!!!!!!"),
])
def test_passwords_follow_the_accounts_policy(iam, rule, weak, strong):
    iam.create_user(UserName="ann")
    iam.update_account_password_policy(**rule)
    call = {"UserName": "ann", "Password": weak}
    refused("PasswordPolicyViolation", iam.create_login_profile, **call)
    iam.create_login_profile(UserName="ann", Password=strong)
    refused("PasswordPolicyViolation", iam.update_login_profile, **call)
    iam.delete_account_password_policy()
    refused("PasswordPolicyViolation", iam.update_login_profile, UserName="ann", Password=strong)
    iam.update_login_profile(UserName="ann", Password="Abcdefgh123")
