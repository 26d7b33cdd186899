"""Lambda: functions and their settings, packages, errors of requests."""

import base64
import hashlib
import io
import json
import re
import subprocess
import sys
import urllib.request
import zipfile

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lambda_kit import create, eventually, invoke, linked, package, role

ECHO = "def handler(event, context):\n    return event\n"


@pytest.fixture
def functions(client):
    """A client that lets through what the model forbids: the server has to see it."""
    return client("lambda", config=Config(parameter_validation=False))


def fails(code, call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    return error["Message"]


def test_a_function_is_created_as_described(functions, account):
    code = package({"app.py": ECHO})
    made = functions.create_function(
        FunctionName="orders",
        Runtime="python3.11",
        Role=role(functions),
        Handler="app.handler",
        Code={"ZipFile": code},
        Description="what it does",
        Timeout=7,
        MemorySize=256,
        Environment={"Variables": {"STAGE": "test"}},
        Tags={"team": "data"},
        TracingConfig={"Mode": "Active"},
        Architectures=["arm64"],
        EphemeralStorage={"Size": 1024},
    )
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["FunctionArn"] == f"arn:aws:lambda:us-east-1:{account}:function:orders"
    assert made["CodeSize"] == len(code)
    assert made["CodeSha256"] == base64.b64encode(hashlib.sha256(code).digest()).decode()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", made["LastModified"])
    assert (made["Version"], made["PackageType"], made["State"]) == ("$LATEST", "Zip", "Active")
    got = functions.get_function_configuration(FunctionName="orders")
    for key in made:
        if key != "ResponseMetadata":
            assert got[key] == made[key], key
    assert got["Environment"] == {"Variables": {"STAGE": "test"}}
    assert got["TracingConfig"] == {"Mode": "Active"}
    assert got["Architectures"] == ["arm64"]
    assert got["EphemeralStorage"] == {"Size": 1024}
    assert got["LoggingConfig"]["LogGroup"] == "/aws/lambda/orders"
    assert functions.get_function(FunctionName="orders")["Tags"] == {"team": "data"}


def test_defaults(functions):
    code = {"ZipFile": package({"app.py": ECHO})}
    made = functions.create_function(FunctionName="f", Runtime="python3.12", Role=role(functions), Handler="app.handler", Code=code)
    assert (made["Timeout"], made["MemorySize"], made["Description"]) == (3, 128, "")
    assert made["TracingConfig"] == {"Mode": "PassThrough"}
    assert made["EphemeralStorage"] == {"Size": 512}
    assert "Environment" not in made
    assert "Tags" not in functions.get_function(FunctionName="f")


def test_names_in_every_form(functions, account):
    create(functions, ECHO, name="f-1_x")
    for name in (
        "f-1_x",
        "f-1_x:$LATEST",
        "function:f-1_x",
        f"{account}:function:f-1_x",
        f"{account}:f-1_x",
        f"arn:aws:lambda:us-east-1:{account}:function:f-1_x",
        f"arn:aws:lambda:us-east-1:{account}:function:f-1_x:$LATEST",
    ):
        assert functions.get_function_configuration(FunctionName=name)["FunctionName"] == "f-1_x"
        assert invoke(functions, {"n": 1}, name=name) == ({"n": 1}, None)
    assert functions.get_function(FunctionName="f-1_x", Qualifier="$LATEST")


def test_names_that_are_not_there(functions, account):
    create(functions, ECHO)
    arn = f"arn:aws:lambda:us-east-1:{account}:function"
    get = functions.get_function
    assert fails("ResourceNotFoundException", get, FunctionName="g") == f"Function not found: {arn}:g"
    assert fails("ResourceNotFoundException", get, FunctionName="f:7") == f"Function not found: {arn}:f:7"
    assert "Cannot find alias" in fails("ResourceNotFoundException", get, FunctionName="f", Qualifier="live")
    assert "derived qualifier" in fails(
        "InvalidParameterValueException", get, FunctionName="f:1", Qualifier="2"
    )
    assert "not reachable in this region" in fails(
        "ResourceNotFoundException", get, FunctionName=f"arn:aws:lambda:eu-west-1:{account}:function:f"
    )
    fails("AccessDeniedException", get, FunctionName="arn:aws:lambda:us-east-1:999999999999:function:f")
    fails("ValidationException", get, FunctionName="no good")
    assert fails("ResourceNotFoundException", functions.delete_function, FunctionName="g")


def test_bad_requests(functions):
    good = dict(FunctionName="f", Runtime="python3.12", Role=role(functions), Handler="a.b", Code={"ZipFile": package({"a": "b"})})

    def bad(code, **changed):
        return fails(code, functions.create_function, **{**good, **changed})

    assert "enum value set" in bad("InvalidParameterValueException", Runtime="cobol85")
    assert "failed to satisfy constraint" in bad("ValidationException", Role="arn:aws:iam::1:role/x")
    assert "less than or equal to 900" in bad("ValidationException", Timeout=901)
    bad("ValidationException", Timeout=0)
    bad("ValidationException", MemorySize=127)
    assert "10240" in bad("InvalidParameterValueException", MemorySize=10241)
    assert "Reserved keys used in this request: AWS_REGION" in bad(
        "InvalidParameterValueException", Environment={"Variables": {"AWS_REGION": "x", "OK": "y"}}
    )
    assert "4KB" in bad("InvalidParameterValueException", Environment={"Variables": {"BIG": "x" * 5000}})
    bad("InvalidParameterValueException", FunctionName="x" * 65)
    bad("InvalidParameterValueException", Tags={"aws:x": "y"})
    assert bad("InvalidParameterValueException", Runtime="go1.x").startswith("The runtime parameter of go1.x is no longer supported")
    functions.create_function(**good)
    assert bad("ResourceConflictException") == "Function already exist: f"
    without = {k: v for k, v in good.items() if k != "Handler"}
    assert "mandatory" in fails("InvalidParameterValueException", functions.create_function, **without)


def test_the_role_of_another_account_is_refused(functions):
    other = "arn:aws:iam::999999999999:role/test"
    settings = dict(FunctionName="f", Runtime="python3.12", Handler="a.b", Code={"ZipFile": package({"a": "b"})})
    refused = "Cross-account pass role is not allowed."
    assert fails("AccessDeniedException", functions.create_function, **settings, Role=other) == refused
    functions.create_function(**settings, Role=role(functions))
    assert fails("AccessDeniedException", functions.update_function_configuration, FunctionName="f", Role=other) == refused
    assert functions.get_function_configuration(FunctionName="f")["Role"] == role(functions)


@pytest.mark.parametrize(
    "changed",
    [
        {"Runtime": "dotnet8"},
        {"FileSystemConfigs": [{"Arn": "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-1234567890abcdef0", "LocalMountPath": "/mnt/x"}]},
        {"PackageType": "Image"},
    ],
)
def test_what_is_not_built_is_refused_by_name(functions, changed):
    good = dict(FunctionName="f", Runtime="python3.12", Role=role(functions), Handler="a.b", Code={"ZipFile": package({"a": "b"})})
    with pytest.raises(ClientError) as caught:
        functions.create_function(**{**good, **changed})
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    named = next(iter(changed))
    assert (named if named != "Code" else "S3Bucket") in caught.value.response["Error"]["Message"]


def bomb():
    """42 KB that become 300 MB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        for i in range(3):
            z.writestr(f"zeros{i}", bytes(100 << 20))
    return out.getvalue()


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (b"this is no zip", "Could not unzip uploaded file"),
        (package({"app.py": ECHO})[:-30], "Could not unzip uploaded file"),
        (package({"../app.py": ECHO}), "Could not unzip uploaded file"),
        (package({"a/../../app.py": ECHO}), "Could not unzip uploaded file"),
        (package({"/etc/app.py": ECHO}), "Could not unzip uploaded file"),
        (linked("out", "/etc/passwd"), "Could not unzip uploaded file"),
        (linked("out", "../../x"), "Could not unzip uploaded file"),
        (linked("d", "../..", **{"d/file": "x"}), "Could not unzip uploaded file"),
        (package({}), "Uploaded file must be a non-empty zip"),
        (b"", "Uploaded file must be a non-empty zip"),
    ],
)
def test_packages_that_are_none(functions, archive, words):
    with pytest.raises(ClientError) as caught:
        create(functions, archive)
    error = caught.value.response["Error"]
    assert error["Code"] == "InvalidParameterValueException"
    assert words in error["Message"]
    fails("ResourceNotFoundException", functions.get_function, FunctionName="f")


def test_a_package_that_unpacks_to_too_much(functions):
    with pytest.raises(ClientError) as caught:
        create(functions, bomb())
    assert caught.value.response["Error"]["Message"] == "Unzipped size must be smaller than 262144000 bytes"


def test_links_inside_a_package_are_kept(functions):
    code = linked("app.py", "lib/real.py", **{"lib/real.py": ECHO})
    create(functions, code)
    assert invoke(functions, {"a": 1}) == ({"a": 1}, None)


def test_the_package_can_be_fetched_again(functions):
    code = package({"app.py": ECHO})
    create(functions, code)
    location = functions.get_function(FunctionName="f")["Code"]["Location"]
    with urllib.request.urlopen(location) as answer:
        assert answer.read() == code
    functions.delete_function(FunctionName="f")
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(location)


def test_code_and_settings_are_updated(functions):
    create(functions, "def handler(e, c):\n    return 1\n")
    assert invoke(functions) == (1, None)
    before = functions.get_function_configuration(FunctionName="f")
    functions.update_function_code(
        FunctionName="f", ZipFile=package({"app.py": "import os\ndef handler(e, c):\n    return os.environ.get('XX')\n"})
    )
    assert invoke(functions) == (None, None)
    after = functions.update_function_configuration(
        FunctionName="f", Environment={"Variables": {"XX": "y"}}, Timeout=5, MemorySize=512, Description="d"
    )
    assert invoke(functions) == ("y", None)
    assert after["RevisionId"] != before["RevisionId"]
    assert after["CodeSha256"] != before["CodeSha256"]
    assert (after["Timeout"], after["MemorySize"], after["Description"]) == (5, 512, "d")
    fails(
        "PreconditionFailedException",
        functions.update_function_configuration,
        FunctionName="f",
        RevisionId=before["RevisionId"],
        Timeout=9,
    )
    dry = functions.update_function_code(FunctionName="f", ZipFile=package({"app.py": ECHO}), DryRun=True)
    assert dry["CodeSha256"] != after["CodeSha256"]
    assert functions.get_function_configuration(FunctionName="f")["CodeSha256"] == after["CodeSha256"]
    cleared = functions.update_function_configuration(FunctionName="f", Environment={"Variables": {}})
    assert cleared["Environment"] == {"Variables": {}}
    assert functions.get_function_configuration(FunctionName="f")["Environment"] == {"Variables": {}}
    assert invoke(functions) == (None, None)
    assert "provide a source" in fails(
        "InvalidParameterValueException", functions.update_function_code, FunctionName="f"
    )


def test_functions_are_listed_by_pages(functions):
    for i in range(7):
        create(functions, ECHO, name=f"f{i}")
    pages = list(functions.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["Functions"]) for page in pages] == [3, 3, 1]
    assert [f["FunctionName"] for page in pages for f in page["Functions"]] == [f"f{i}" for i in range(7)]
    fails("InvalidParameterValueException", functions.list_functions, Marker="bogus")
    versions = functions.list_versions_by_function(FunctionName="f3")["Versions"]
    assert [v["Version"] for v in versions] == ["$LATEST"]


def test_account_settings_count_what_is_there(functions):
    assert functions.get_account_settings()["AccountUsage"] == {"TotalCodeSize": 0, "FunctionCount": 0}
    made = create(functions, ECHO)
    settings = functions.get_account_settings()
    assert settings["AccountUsage"] == {"TotalCodeSize": made["CodeSize"], "FunctionCount": 1}
    assert settings["AccountLimit"]["CodeSizeUnzipped"] == 262144000


def test_tags(functions):
    arn = create(functions, ECHO, Tags={"a": "1", "b": "2"})["FunctionArn"]
    functions.tag_resource(Resource=arn, Tags={"b": "3", "c": "4"})
    functions.untag_resource(Resource=arn, TagKeys=["a"])
    assert functions.list_tags(Resource=arn)["Tags"] == {"b": "3", "c": "4"}
    fails("ResourceNotFoundException", functions.list_tags, Resource=arn + "x")
    qualified = fails("InvalidParameterValueException", functions.tag_resource, Resource=arn + ":$LATEST", Tags={"a": "b"})
    assert qualified == "Tags on function aliases and versions are not supported. Please specify a function ARN."
    mapping = arn.replace(":function:f", ":event-source-mapping:00000000-0000-0000-0000-000000000000")
    assert fails("ResourceNotFoundException", functions.list_tags, Resource=mapping) == f"Event source mapping not found: {mapping}"
    fails("InvalidParameterValueException", functions.tag_resource, Resource=arn, Tags={f"k{i}": "v" for i in range(49)})


def test_permissions(functions, account):
    arn = create(functions, ECHO)["FunctionArn"]
    fails("ResourceNotFoundException", functions.get_policy, FunctionName="f")
    functions.add_permission(
        FunctionName="f", StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::bucket", SourceAccount=account,
    )
    functions.add_permission(FunctionName="f", StatementId="all", Action="lambda:*", Principal="123456789012")
    policy = json.loads(functions.get_policy(FunctionName="f")["Policy"])
    assert policy == {
        "Version": "2012-10-17",
        "Id": "default",
        "Statement": [
            {
                "Sid": "s3",
                "Effect": "Allow",
                "Principal": {"Service": "s3.amazonaws.com"},
                "Action": "lambda:InvokeFunction",
                "Resource": arn,
                "Condition": {
                    "StringEquals": {"AWS:SourceAccount": account},
                    "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"},
                },
            },
            {
                "Sid": "all",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                "Action": "lambda:*",
                "Resource": arn,
            },
        ],
    }
    good = dict(FunctionName="f", StatementId="x", Action="lambda:InvokeFunction", Principal="*")
    fails("ResourceConflictException", functions.add_permission, **{**good, "StatementId": "s3"})
    fails("InvalidParameterValueException", functions.add_permission, **{**good, "Principal": "nobody"})
    fails("InvalidParameterValueException", functions.add_permission, **{**good, "Qualifier": "$LATEST"})
    remove = functions.remove_permission
    assert fails("ResourceNotFoundException", remove, FunctionName="f", StatementId="x") == (
        "Statement x is not found in resource policy.")
    functions.remove_permission(FunctionName="f", StatementId="s3")
    functions.delete_function(FunctionName="f")
    create(functions, ECHO)
    fails("ResourceNotFoundException", functions.get_policy, FunctionName="f")
    assert fails("ResourceNotFoundException", remove, FunctionName="f", StatementId="x") == (
        "No policy is associated with the given resource.")
    assert functions.get_function_code_signing_config(FunctionName="f")["FunctionName"] == "f"


def test_reserved_concurrency_is_enforced(functions):
    create(functions, ECHO)
    functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    assert functions.get_function_concurrency(FunctionName="f")["ReservedConcurrentExecutions"] == 0
    assert "Rate Exceeded" in fails("TooManyRequestsException", functions.invoke, FunctionName="f")
    functions.delete_function_concurrency(FunctionName="f")
    assert invoke(functions, {"a": 1}) == ({"a": 1}, None)
    fails(
        "InvalidParameterValueException",
        functions.put_function_concurrency,
        FunctionName="f",
        ReservedConcurrentExecutions=100000,
    )


def test_the_cli_creates_and_invokes(aws, functions, tmp_path):
    archive = tmp_path / "code.zip"
    archive.write_bytes(package({"app.py": ECHO}))
    aws("lambda", "create-function", "--function-name", "f", "--runtime", "python3.12", "--role", role(functions),
        "--handler", "app.handler", "--zip-file", f"fileb://{archive}")
    aws("lambda", "wait", "function-active-v2", "--function-name", "f")
    out = tmp_path / "out.json"
    answer = aws("lambda", "invoke", "--function-name", "f", "--payload", '{"a": [1, 2]}', str(out))
    assert answer == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
    assert out.read_text() == '{"a": [1, 2]}'
    aws("lambda", "delete-function", "--function-name", "f")
