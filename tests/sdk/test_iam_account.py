"""What an account has once: alias, policy for passwords, and what tells of the whole account."""

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
