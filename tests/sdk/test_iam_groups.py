"""IAM groups: users who share policies."""

import json
import re

import boto3
import pytest
from botocore.exceptions import ClientError

from server import Server

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def policy(action="kinesis:*", resource="*", effect="Allow"):
    statement = {"Effect": effect, "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def iam(client):
    return client("iam")


@pytest.fixture
def group(iam):
    return iam.create_group(GroupName="Readers")["Group"]


def refused(code, call, **arguments):
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    error = failure.value.response["Error"]
    assert error["Code"] == code, error
    return error["Message"]


def names_of(iam, operation, member, name, **arguments):
    """All names of a list that is read in pages of two."""
    pages = iam.get_paginator(operation).paginate(PaginationConfig={"PageSize": 2}, **arguments)
    sizes = [[item[name] for item in page.get(member, [])] for page in pages]
    assert all(len(page) == 2 for page in sizes[:-1]), sizes
    return [item for page in sizes for item in page]


def test_life_of_a_group(iam, account):
    made = iam.create_group(GroupName="Readers", Path="/data/")["Group"]
    assert made["Arn"] == f"arn:aws:iam::{account}:group/data/Readers"
    assert (made["GroupName"], made["Path"]) == ("Readers", "/data/")
    assert re.fullmatch("AGPA[A-Z2-7]{17}", made["GroupId"])
    got = iam.get_group(GroupName="Readers")
    assert got["Group"] == made
    assert (got["Users"], got["IsTruncated"]) == ([], False)

    iam.update_group(GroupName="Readers", NewPath="/x/y/", NewGroupName="Writers")
    moved = iam.get_group(GroupName="Writers")["Group"]
    assert moved == dict(made, GroupName="Writers", Path="/x/y/", Arn=f"arn:aws:iam::{account}:group/x/y/Writers")
    iam.update_group(GroupName="Writers", NewPath="/")
    assert iam.get_group(GroupName="Writers")["Group"]["Arn"] == f"arn:aws:iam::{account}:group/Writers"
    iam.update_group(GroupName="Writers")

    iam.delete_group(GroupName="Writers")
    assert iam.list_groups()["Groups"] == []
    message = "The group with name Writers cannot be found."
    for call in (iam.get_group, iam.delete_group, iam.update_group, iam.list_group_policies,
                 iam.list_attached_group_policies):
        assert refused("NoSuchEntity", call, GroupName="Writers") == message


def test_names_are_unique_without_case(iam, group):
    assert refused("EntityAlreadyExists", iam.create_group, GroupName="READERS") == (
        "Group with name READERS already exists.")
    iam.create_group(GroupName="Writers")
    assert refused("EntityAlreadyExists", iam.update_group, GroupName="Writers", NewGroupName="readers") == (
        "Group with name readers already exists.")
    iam.update_group(GroupName="Readers", NewGroupName="readers")
    iam.create_user(UserName="Readers")
    assert [g["GroupName"] for g in iam.list_groups()["Groups"]] == ["Writers", "readers"]


@pytest.mark.parametrize("arguments", [
    {"GroupName": "a b"},
    {"GroupName": "g" * 129},
    {"GroupName": "g/h"},
    {"GroupName": "g", "Path": "data"},
    {"GroupName": "g", "Path": "/data"},
])
def test_names_and_paths_are_checked(iam, arguments):
    refused("ValidationError", iam.create_group, **arguments)
    iam.create_group(GroupName="g" * 128)
    changed = {"New" + name: value for name, value in arguments.items() if value != "g"}
    refused("ValidationError", iam.update_group, GroupName="g" * 128, **changed)


def test_lists_have_pages_and_prefixes(iam):
    for i in range(5):
        iam.create_group(GroupName=f"g{i}", Path="/p/" if i % 2 else "/")
    assert names_of(iam, "list_groups", "Groups", "GroupName") == [f"g{i}" for i in range(5)]
    assert names_of(iam, "list_groups", "Groups", "GroupName", PathPrefix="/p/") == ["g1", "g3"]
    first = iam.list_groups(MaxItems=3)
    assert first["IsTruncated"]
    refused("ValidationError", iam.list_groups, Marker="nonsense")
    refused("ValidationError", iam.get_group, GroupName="g0", Marker=first["Marker"])


def test_users_are_in_groups(iam, group):
    users = [iam.create_user(UserName=f"u{i}", Path="/team/")["User"] for i in range(3)]
    for i in (2, 0, 1, 1):
        iam.add_user_to_group(GroupName="Readers", UserName=f"u{i}")
    assert iam.get_group(GroupName="Readers")["Users"] == users
    assert names_of(iam, "get_group", "Users", "UserName", GroupName="Readers") == ["u0", "u1", "u2"]

    for i in range(4):
        iam.create_group(GroupName=f"g{i}")
        iam.add_user_to_group(GroupName=f"g{i}", UserName="u0")
    assert iam.list_groups_for_user(UserName="u1")["Groups"] == [group]
    assert names_of(iam, "list_groups_for_user", "Groups", "GroupName", UserName="u0") == (
        ["Readers", "g0", "g1", "g2", "g3"])

    iam.remove_user_from_group(GroupName="Readers", UserName="u1")
    iam.remove_user_from_group(GroupName="Readers", UserName="u1")
    assert [u["UserName"] for u in iam.get_group(GroupName="Readers")["Users"]] == ["u0", "u2"]
    assert iam.list_groups_for_user(UserName="u1")["Groups"] == []
    assert iam.list_groups_for_user(UserName="u1")["IsTruncated"] is False


def test_members_must_exist(iam, group):
    iam.create_user(UserName="ann")
    for call in (iam.add_user_to_group, iam.remove_user_from_group):
        assert refused("NoSuchEntity", call, GroupName="None", UserName="ann") == (
            "The group with name None cannot be found.")
        assert refused("NoSuchEntity", call, GroupName="Readers", UserName="bob") == (
            "The user with name bob cannot be found.")
    assert refused("NoSuchEntity", iam.list_groups_for_user, UserName="bob") == (
        "The user with name bob cannot be found.")


def test_renaming_keeps_memberships(iam, group):
    iam.create_user(UserName="ann")
    iam.add_user_to_group(GroupName="Readers", UserName="ann")
    iam.update_user(UserName="ann", NewUserName="anna", NewPath="/x/")
    iam.update_group(GroupName="Readers", NewGroupName="Writers")
    assert [u["UserName"] for u in iam.get_group(GroupName="Writers")["Users"]] == ["anna"]
    assert [g["GroupName"] for g in iam.list_groups_for_user(UserName="anna")["Groups"]] == ["Writers"]


def test_what_blocks_deletions(iam, group):
    first = "Cannot delete entity, must remove users from group first."
    iam.create_user(UserName="ann")
    iam.add_user_to_group(GroupName="Readers", UserName="ann")
    iam.attach_group_policy(GroupName="Readers", PolicyArn=READ_ONLY)
    iam.put_group_policy(GroupName="Readers", PolicyName="in", PolicyDocument=policy())
    assert refused("DeleteConflict", iam.delete_user, UserName="ann") == first
    assert refused("DeleteConflict", iam.delete_group, GroupName="Readers") == first
    iam.remove_user_from_group(GroupName="Readers", UserName="ann")
    iam.delete_user(UserName="ann")
    assert refused("DeleteConflict", iam.delete_group, GroupName="Readers") == (
        "Cannot delete entity, must detach all policies first.")
    iam.detach_group_policy(GroupName="Readers", PolicyArn=READ_ONLY)
    assert refused("DeleteConflict", iam.delete_group, GroupName="Readers") == (
        "Cannot delete entity, must delete policies first.")
    iam.delete_group_policy(GroupName="Readers", PolicyName="in")
    iam.delete_group(GroupName="Readers")


def test_inline_policies(iam, group):
    for name in ("c", "a", "b"):
        iam.put_group_policy(GroupName="Readers", PolicyName=name, PolicyDocument=policy())
    got = iam.get_group_policy(GroupName="Readers", PolicyName="a")
    assert (got["GroupName"], got["PolicyName"]) == ("Readers", "a")
    assert got["PolicyDocument"] == json.loads(policy())
    pages = iam.get_paginator("list_group_policies").paginate(GroupName="Readers", PaginationConfig={"PageSize": 2})
    assert [page["PolicyNames"] for page in pages] == [["a", "b"], ["c"]]

    iam.delete_group_policy(GroupName="Readers", PolicyName="a")
    missing = "The group policy with name a cannot be found."
    for call in (iam.get_group_policy, iam.delete_group_policy):
        assert refused("NoSuchEntity", call, GroupName="Readers", PolicyName="a") == missing
        assert refused("NoSuchEntity", call, GroupName="None", PolicyName="a") == (
            "The group with name None cannot be found.")
    refused("MalformedPolicyDocument", iam.put_group_policy, GroupName="Readers", PolicyName="d", PolicyDocument="{}")

    def of_size(size):
        arn = "arn:aws:s3:::"
        return policy(resource=arn + "b" * (size - len(re.sub(r"\s", "", policy(resource=arn)))))

    for name in ("b", "c"):
        iam.delete_group_policy(GroupName="Readers", PolicyName=name)
    iam.put_group_policy(GroupName="Readers", PolicyName="big", PolicyDocument=of_size(5120))
    assert refused("LimitExceeded", iam.put_group_policy, GroupName="Readers", PolicyName="big",
                   PolicyDocument=of_size(5121)) == "Maximum policy size of 5120 bytes exceeded for group Readers"


def test_attached_policies(iam, group, account):
    own = iam.create_policy(PolicyName="Own", Path="/p/", PolicyDocument=policy())["Policy"]["Arn"]
    for arn in (own, READ_ONLY, READ_ONLY):
        iam.attach_group_policy(GroupName="Readers", PolicyArn=arn)
    attached = iam.list_attached_group_policies(GroupName="Readers")["AttachedPolicies"]
    assert sorted((p["PolicyName"], p["PolicyArn"]) for p in attached) == [("Own", own), ("ReadOnlyAccess", READ_ONLY)]
    assert len(iam.list_attached_group_policies(GroupName="Readers", PathPrefix="/p/")["AttachedPolicies"]) == 1
    assert iam.get_policy(PolicyArn=own)["Policy"]["AttachmentCount"] == 1
    assert [p["PolicyName"] for p in iam.list_policies(Scope="Local", OnlyAttached=True)["Policies"]] == ["Own"]
    refused("DeleteConflict", iam.delete_policy, PolicyArn=own)

    iam.detach_group_policy(GroupName="Readers", PolicyArn=own)
    assert iam.get_policy(PolicyArn=own)["Policy"]["AttachmentCount"] == 0
    assert refused("NoSuchEntity", iam.detach_group_policy, GroupName="Readers", PolicyArn=own) == (
        f"Policy {own} was not found.")
    iam.delete_policy(PolicyArn=own)
    assert refused("NoSuchEntity", iam.attach_group_policy, GroupName="Readers", PolicyArn=own) == (
        f"Policy {own} does not exist or is not attachable.")

    for i in range(9):
        iam.attach_group_policy(GroupName="Readers", PolicyArn=f"arn:aws:iam::aws:policy/Any{i}")
    assert refused("LimitExceeded", iam.attach_group_policy, GroupName="Readers",
                   PolicyArn="arn:aws:iam::aws:policy/Any9") == "Cannot exceed quota for PoliciesPerGroup: 10"


def test_policies_of_aws_count_groups(iam, group):
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    iam.attach_group_policy(GroupName="Readers", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1


def test_entities_of_a_policy(iam):
    arn = iam.create_policy(PolicyName="Own", PolicyDocument=policy())["Policy"]["Arn"]
    for i in range(3):
        path = "/p/" if i else "/"
        iam.create_group(GroupName=f"g{i}", Path=path)
        iam.create_role(RoleName=f"r{i}", Path=path, AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.create_user(UserName=f"u{i}", Path=path)
        iam.attach_group_policy(GroupName=f"g{i}", PolicyArn=arn)
        iam.attach_role_policy(RoleName=f"r{i}", PolicyArn=arn)
        iam.attach_user_policy(UserName=f"u{i}", PolicyArn=arn)
    iam.create_user(UserName="bounded", PermissionsBoundary=arn)

    def entities(size=100, **filters):
        found = {"Group": [], "Role": [], "User": []}
        pages = iam.get_paginator("list_entities_for_policy").paginate(
            PolicyArn=arn, PaginationConfig={"PageSize": size}, **filters)
        for page in pages:
            assert sum(len(page[f"Policy{kind}s"]) for kind in found) <= size
            for kind, names in found.items():
                for entity in page[f"Policy{kind}s"]:
                    names.append(entity[f"{kind}Name"])
                    assert entity[f"{kind}Id"][:4] == {"Group": "AGPA", "Role": "AROA", "User": "AIDA"}[kind]
        return found["Group"], found["Role"], found["User"]

    groups, roles, users = ([f"{kind}{i}" for i in range(3)] for kind in "gru")
    for size in range(1, 11):
        assert entities(size) == (groups, roles, users)
        assert entities(size, EntityFilter="Group") == (groups, [], [])
        assert entities(size, EntityFilter="Role") == ([], roles, [])
    assert entities(EntityFilter="User") == ([], [], users)
    assert entities(PathPrefix="/p/") == (groups[1:], roles[1:], users[1:])
    assert entities(PolicyUsageFilter="PermissionsBoundary") == ([], [], ["bounded"])
    assert entities(PolicyUsageFilter="PermissionsBoundary", EntityFilter="Group") == ([], [], [])
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 9


def test_quotas(iam):
    iam.create_user(UserName="ann")
    for i in range(300):
        iam.create_group(GroupName=f"g{i}")
    assert refused("LimitExceeded", iam.create_group, GroupName="more") == (
        "Cannot exceed quota for GroupsPerAccount: 300")
    for i in range(10):
        iam.add_user_to_group(GroupName=f"g{i}", UserName="ann")
    assert refused("LimitExceeded", iam.add_user_to_group, GroupName="g10", UserName="ann") == (
        "Cannot exceed quota for GroupsPerUser: 10")
    iam.add_user_to_group(GroupName="g9", UserName="ann")
    assert len(iam.list_groups_for_user(UserName="ann")["Groups"]) == 10


def test_policies_of_groups_are_asked(tmp_path, account):
    """With --auth=enforce a user may what the policies of the user's groups say, inside the boundary."""
    server = Server(tmp_path / "data", "--auth=enforce")

    def connect(service, key, secret):
        return boto3.client(service, endpoint_url=server.endpoint, region_name="us-east-1",
                            aws_access_key_id=key, aws_secret_access_key=secret)

    try:
        root_iam, root_sqs = (connect(service, account, "test") for service in ("iam", "sqs"))
        url = root_sqs.create_queue(QueueName="orders")["QueueUrl"]
        root_iam.create_user(UserName="ann")
        key = root_iam.create_access_key(UserName="ann")["AccessKey"]
        sqs = connect("sqs", key["AccessKeyId"], key["SecretAccessKey"])

        def may_send():
            try:
                sqs.send_message(QueueUrl=url, MessageBody="x")
            except ClientError as failure:
                assert "AccessDenied" in failure.response["Error"]["Code"], failure
                return False
            return True

        assert not may_send()
        root_iam.create_group(GroupName="Senders")
        root_iam.put_group_policy(GroupName="Senders", PolicyName="in", PolicyDocument=policy("sqs:SendMessage"))
        assert not may_send()
        root_iam.add_user_to_group(GroupName="Senders", UserName="ann")
        assert may_send()

        arn = root_iam.create_policy(PolicyName="No", PolicyDocument=policy("sqs:*", effect="Deny"))["Policy"]["Arn"]
        root_iam.create_group(GroupName="Banned")
        root_iam.attach_group_policy(GroupName="Banned", PolicyArn=arn)
        root_iam.add_user_to_group(GroupName="Banned", UserName="ann")
        assert not may_send()
        root_iam.remove_user_from_group(GroupName="Banned", UserName="ann")
        assert may_send()

        edge = root_iam.create_policy(PolicyName="Edge", PolicyDocument=policy("s3:*"))["Policy"]["Arn"]
        root_iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=edge)
        assert not may_send()
        root_iam.delete_user_permissions_boundary(UserName="ann")
        assert may_send()
        not_carried = "arn:aws:iam::aws:policy/job-function/NobodyCarriesThis"
        root_iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=not_carried)
        assert not may_send()
    finally:
        server.stop()


def test_command_line(aws, account):
    made = aws("iam", "create-group", "--group-name", "Readers", "--path", "/data/")["Group"]
    assert made["Arn"] == f"arn:aws:iam::{account}:group/data/Readers"
    aws("iam", "create-user", "--user-name", "ann")
    aws("iam", "add-user-to-group", "--group-name", "Readers", "--user-name", "ann")
    assert [u["UserName"] for u in aws("iam", "get-group", "--group-name", "Readers")["Users"]] == ["ann"]
    aws("iam", "put-group-policy", "--group-name", "Readers", "--policy-name", "in", "--policy-document", policy())
    aws("iam", "attach-group-policy", "--group-name", "Readers", "--policy-arn", READ_ONLY)
    assert aws("iam", "list-group-policies", "--group-name", "Readers")["PolicyNames"] == ["in"]
    assert "must remove users from group first" in aws("iam", "delete-user", "--user-name", "ann", fails=True)
    aws("iam", "remove-user-from-group", "--group-name", "Readers", "--user-name", "ann")
    aws("iam", "delete-group-policy", "--group-name", "Readers", "--policy-name", "in")
    aws("iam", "detach-group-policy", "--group-name", "Readers", "--policy-arn", READ_ONLY)
    aws("iam", "delete-group", "--group-name", "Readers")
    assert aws("iam", "list-groups")["Groups"] == []
