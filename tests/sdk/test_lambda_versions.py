"""Versions, aliases, layers, and what hangs on them: through boto3, against running functions."""

import io
import json
import urllib.request
import zipfile

import pytest
from botocore.exceptions import ClientError

from lambda_kit import create, eventually, invoke, package, role


@pytest.fixture
def functions(client):
    return client("lambda")


def fails(code, call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return caught.value.response["Error"]["Message"]


def code(value):
    return package({"app.py": f"import os\ndef handler(e, c):\n    return [{value!r}, c.function_version, c.invoked_function_arn, os.environ['AWS_LAMBDA_FUNCTION_VERSION']]\n"})


def answer(client, **more):
    got = client.invoke(FunctionName="f", **more)
    return json.loads(got["Payload"].read()), got["ExecutedVersion"]


@pytest.fixture
def two_versions(functions):
    functions.create_function(FunctionName="f", Runtime="python3.12", Role=role(functions), Handler="app.handler", Code={"ZipFile": code("one")}, Publish=True)
    functions.update_function_code(FunctionName="f", ZipFile=code("two"), Publish=True)
    functions.update_function_code(FunctionName="f", ZipFile=code("three"))
    return functions


def test_versions_keep_their_code(two_versions, account):
    arn = f"arn:aws:lambda:us-east-1:{account}:function:f"
    assert answer(two_versions) == (["three", "$LATEST", arn, "$LATEST"], "$LATEST")
    assert answer(two_versions, Qualifier="1") == (["one", "1", f"{arn}:1", "1"], "1")
    assert answer(two_versions, Qualifier="2") == (["two", "2", f"{arn}:2", "2"], "2")
    assert answer(two_versions, Qualifier="$LATEST")[0][0] == "three"
    listed = two_versions.list_versions_by_function(FunctionName="f")["Versions"]
    assert [v["Version"] for v in listed] == ["$LATEST", "1", "2"]
    assert [v["FunctionArn"] for v in listed] == [f"{arn}:$LATEST", f"{arn}:1", f"{arn}:2"]
    first = two_versions.list_versions_by_function(FunctionName="f", MaxItems=2)
    assert two_versions.list_versions_by_function(FunctionName="f", Marker=first["NextMarker"])["Versions"][0]["Version"] == "2"
    every = two_versions.list_functions(FunctionVersion="ALL")["Functions"]
    assert [v["Version"] for v in every] == ["$LATEST", "1", "2"]
    assert [v["Version"] for v in two_versions.list_functions()["Functions"]] == ["$LATEST"]
    assert two_versions.get_function_configuration(FunctionName="f", Qualifier="1")["FunctionArn"] == f"{arn}:1"
    assert two_versions.get_function(FunctionName=f"{arn}:2")["Configuration"]["Version"] == "2"
    assert "function:f:9" in fails("ResourceNotFoundException", two_versions.invoke, FunctionName="f", Qualifier="9")


def test_publishing_what_has_not_changed_makes_no_version(functions):
    create(functions, "def handler(e, c):\n    return 1\n", Description="d")
    one = functions.publish_version(FunctionName="f", Description="first")
    assert (one["Version"], one["Description"]) == ("1", "first")
    assert one["FunctionArn"].endswith(":f:1")
    assert functions.publish_version(FunctionName="f")["Version"] == "1"
    functions.update_function_configuration(FunctionName="f", Timeout=5)
    assert functions.publish_version(FunctionName="f")["Version"] == "2"
    assert functions.get_function_configuration(FunctionName="f", Qualifier="1")["Timeout"] != 5
    assert "CodeSHA256" in fails("InvalidParameterValueException", functions.publish_version, FunctionName="f", CodeSha256="x")
    fails("PreconditionFailedException", functions.publish_version, FunctionName="f", RevisionId="x")
    fails("ResourceNotFoundException", functions.publish_version, FunctionName="none")


def test_version_numbers_are_never_given_twice(two_versions):
    two_versions.delete_function(FunctionName="f", Qualifier="2")
    fails("ResourceNotFoundException", two_versions.get_function, FunctionName="f", Qualifier="2")
    assert two_versions.publish_version(FunctionName="f")["Version"] == "3"
    assert answer(two_versions, Qualifier="1")[0][0] == "one"
    fails("InvalidParameterValueException", two_versions.delete_function, FunctionName="f", Qualifier="$LATEST")
    two_versions.delete_function(FunctionName="f")
    fails("ResourceNotFoundException", two_versions.invoke, FunctionName="f", Qualifier="1")


def test_aliases(two_versions, account):
    arn = f"arn:aws:lambda:us-east-1:{account}:function:f:live"
    made = two_versions.create_alias(FunctionName="f", Name="live", FunctionVersion="1", Description="d")
    assert (made["AliasArn"], made["Name"], made["FunctionVersion"], made["Description"]) == (arn, "live", "1", "d")
    assert "RoutingConfig" not in made
    assert answer(two_versions, Qualifier="live") == (["one", "1", arn, "1"], "1")
    assert two_versions.get_function_configuration(FunctionName="f", Qualifier="live")["FunctionArn"] == arn
    assert two_versions.get_alias(FunctionName=arn, Name="live")["AliasArn"] == arn
    fails("ResourceConflictException", two_versions.create_alias, FunctionName="f", Name="live", FunctionVersion="1")
    fails("ResourceNotFoundException", two_versions.create_alias, FunctionName="f", Name="other", FunctionVersion="9")
    message = fails("ResourceConflictException", two_versions.delete_function, FunctionName="f", Qualifier="1")
    assert message == "Unable to delete version because the following aliases reference it: [live]"
    fails("PreconditionFailedException", two_versions.update_alias, FunctionName="f", Name="live", FunctionVersion="2", RevisionId="x")
    missing = fails("ResourceNotFoundException", two_versions.update_alias, FunctionName="f", Name="dead")
    assert missing.startswith("Alias not found: arn:") and missing.endswith(":f:dead")
    moved = two_versions.update_alias(FunctionName="f", Name="live", FunctionVersion="2", RevisionId=made["RevisionId"])
    assert moved["RevisionId"] != made["RevisionId"]
    assert answer(two_versions, Qualifier="live")[0][0] == "two"
    two_versions.create_alias(FunctionName="f", Name="old", FunctionVersion="1")
    assert [a["Name"] for a in two_versions.list_aliases(FunctionName="f")["Aliases"]] == ["live", "old"]
    assert [a["Name"] for a in two_versions.list_aliases(FunctionName="f", FunctionVersion="1")["Aliases"]] == ["old"]
    two_versions.delete_alias(FunctionName="f", Name="old")
    two_versions.delete_alias(FunctionName="f", Name="old")
    assert "Cannot find alias arn" in fails("ResourceNotFoundException", two_versions.get_alias, FunctionName="f", Name="old")
    fails("ResourceNotFoundException", two_versions.invoke, FunctionName="f", Qualifier="old")


def test_an_alias_shares_its_invocations(two_versions):
    routing = {"AdditionalVersionWeights": {"2": 0.5}}
    made = two_versions.create_alias(FunctionName="f", Name="both", FunctionVersion="1", RoutingConfig=routing)
    assert made["RoutingConfig"] == routing
    seen = {answer(two_versions, Qualifier="both")[1] for _ in range(40)}
    assert seen == {"1", "2"}  # missed once in 2**39 runs
    two_versions.update_alias(FunctionName="f", Name="both", RoutingConfig={"AdditionalVersionWeights": {"2": 1.0}})
    assert {answer(two_versions, Qualifier="both")[1] for _ in range(5)} == {"2"}
    two_versions.update_alias(FunctionName="f", Name="both", RoutingConfig={"AdditionalVersionWeights": {}})
    assert {answer(two_versions, Qualifier="both")[1] for _ in range(5)} == {"1"}

    def bad(weights, version="1", code="InvalidParameterValueException"):
        return fails(code, two_versions.create_alias, FunctionName="f", Name="x", FunctionVersion=version, RoutingConfig={"AdditionalVersionWeights": weights})

    assert "greater than 1" in bad({"1": 0.1, "2": 0.1})
    assert "already included" in bad({"1": 0.1})
    assert "$LATEST is not supported" in bad({"1": 0.1}, version="$LATEST")
    bad({"7": 0.1}, code="ResourceNotFoundException")
    bad({"2": 1.5}, code="ValidationException")


def test_policies_of_aliases_are_their_own(two_versions, account):
    two_versions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    permission = dict(FunctionName="f", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com")
    two_versions.add_permission(StatementId="s", Qualifier="live", **permission)
    policy = json.loads(two_versions.get_policy(FunctionName="f", Qualifier="live")["Policy"])
    assert policy["Statement"][0]["Resource"] == f"arn:aws:lambda:us-east-1:{account}:function:f:live"
    fails("ResourceNotFoundException", two_versions.get_policy, FunctionName="f")
    two_versions.remove_permission(FunctionName="f", StatementId="s", Qualifier="live")
    fails("ResourceNotFoundException", two_versions.get_policy, FunctionName="f", Qualifier="live")
    fails("ResourceNotFoundException", two_versions.add_permission, StatementId="s", Qualifier="none", **permission)


# --- layers ---


def layer(client, files, name="l", **more):
    return client.publish_layer_version(LayerName=name, Content={"ZipFile": package(files)}, **more)


def test_layers_are_published_and_listed(functions, account):
    made = layer(functions, {"python/x.py": "X = 1\n"}, Description="d", CompatibleRuntimes=["python3.12", "python3.11"], LicenseInfo="MIT")
    arn = f"arn:aws:lambda:us-east-1:{account}:layer:l"
    assert (made["LayerArn"], made["LayerVersionArn"], made["Version"]) == (arn, f"{arn}:1", 1)
    assert (made["Description"], made["LicenseInfo"], made["CompatibleRuntimes"]) == ("d", "MIT", ["python3.12", "python3.11"])
    assert "CompatibleArchitectures" not in made
    with urllib.request.urlopen(made["Content"]["Location"]) as got:
        archive = got.read()
    assert zipfile.ZipFile(io.BytesIO(archive)).namelist() == ["python/x.py"]
    assert len(archive) == made["Content"]["CodeSize"]
    layer(functions, {"a": "b"}, CompatibleRuntimes=["nodejs20.x"])
    layer(functions, {"a": "b"}, name="m")
    assert [(l["LayerName"], l["LatestMatchingVersion"]["Version"]) for l in functions.list_layers()["Layers"]] == [("l", 2), ("m", 1)]
    python = functions.list_layers(CompatibleRuntime="python3.11")["Layers"]
    assert [(l["LayerName"], l["LatestMatchingVersion"]["Version"]) for l in python] == [("l", 1)]
    assert [v["Version"] for v in functions.list_layer_versions(LayerName="l")["LayerVersions"]] == [2, 1]
    first = functions.list_layer_versions(LayerName=arn, MaxItems=1)
    assert functions.list_layer_versions(LayerName=arn, Marker=first["NextMarker"])["LayerVersions"][0]["Version"] == 1
    assert functions.get_layer_version_by_arn(Arn=f"{arn}:1")["Description"] == "d"
    for name in ("l", arn):
        got = functions.get_layer_version(LayerName=name, VersionNumber=1)
        assert got["Content"]["CodeSha256"] == made["Content"]["CodeSha256"]
        assert {**got, "Content": 0, "ResponseMetadata": 0} == {**made, "Content": 0, "ResponseMetadata": 0}
    functions.delete_layer_version(LayerName="l", VersionNumber=2)
    functions.delete_layer_version(LayerName="l", VersionNumber=2)
    fails("ResourceNotFoundException", functions.get_layer_version, LayerName="l", VersionNumber=2)
    assert layer(functions, {"a": "b"})["Version"] == 3
    fails("InvalidParameterValueException", functions.publish_layer_version, LayerName="l", Content={"ZipFile": b"none"})


def test_functions_see_their_layers(functions):
    one = layer(functions, {"python/shared.py": "WHO = 'one'\n", "python/first.py": "X = 1\n"}, name="one")
    two = layer(functions, {"python/shared.py": "WHO = 'two'\n", "data/file.txt": "content", "bin/tool": "#!/bin/sh\necho tool\n"}, name="two")
    text = "import first, os, shared, subprocess\ndef handler(e, c):\n    root = os.environ['LAMBDA_LAYERS_ROOT']\n    return [shared.WHO, first.X, open(root + '/data/file.txt').read()]\n"
    arns = [one["LayerVersionArn"], two["LayerVersionArn"]]
    create(functions, text, Layers=arns)
    assert invoke(functions)[0] == ["two", 1, "content"]
    assert [l["Arn"] for l in functions.get_function_configuration(FunctionName="f")["Layers"]] == arns
    functions.update_function_configuration(FunctionName="f", Layers=arns[::-1])
    assert invoke(functions)[0][0] == "one"
    # AWS: what functions have of a deleted layer they keep.
    functions.delete_layer_version(LayerName="two", VersionNumber=1)
    functions.update_function_configuration(FunctionName="f", Timeout=9)
    assert invoke(functions)[0] == ["one", 1, "content"]
    functions.update_function_configuration(FunctionName="f", Layers=[])
    assert "Layers" not in functions.get_function_configuration(FunctionName="f")
    got = functions.invoke(FunctionName="f")
    assert "No module named 'first'" in json.loads(got["Payload"].read())["errorMessage"]


def test_node_sees_its_layers(functions):
    made = layer(functions, {"nodejs/node_modules/thing/index.js": "module.exports = 42"})
    functions.create_function(
        FunctionName="f", Runtime="nodejs20.x", Role=role(functions), Handler="app.handler", Layers=[made["LayerVersionArn"]],
        Code={"ZipFile": package({"app.js": "const t = require('thing'); exports.handler = async () => t"})},
    )
    assert invoke(functions)[0] == 42


def test_layers_that_do_not_fit(functions, account):
    made = layer(functions, {"a": "b"})["LayerVersionArn"]
    again = layer(functions, {"a": "c"})["LayerVersionArn"]
    settings = dict(FunctionName="f", Runtime="python3.12", Role=role(functions), Handler="a.b", Code={"ZipFile": package({"a": "b"})})

    def bad(layers, code="InvalidParameterValueException"):
        return fails(code, functions.create_function, **settings, Layers=layers)

    assert "does not exist" in bad([f"arn:aws:lambda:us-east-1:{account}:layer:none:1"])
    assert "Two different versions" in bad([made, again])
    assert "more than 5" in bad([made] * 6)
    assert "in region us-east-1" in bad([f"arn:aws:lambda:eu-west-1:{account}:layer:l:1"])


def test_layers_of_other_accounts_need_a_permission(client, session, endpoint, functions):
    import boto3

    other = boto3.client("lambda", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="999900001111", aws_secret_access_key="x")
    made = layer(functions, {"python/x.py": "X = 5\n"})
    settings = dict(FunctionName="f", Runtime="python3.12", Role=role(other), Handler="app.handler", Layers=[made["LayerVersionArn"]], Code={"ZipFile": package({"app.py": "import x\ndef handler(e, c):\n    return x.X\n"})})
    fails("AccessDeniedException", other.create_function, **settings)
    granted = functions.add_layer_version_permission(LayerName="l", VersionNumber=1, StatementId="all", Action="lambda:GetLayerVersion", Principal="*")
    statement = json.loads(granted["Statement"])
    assert (statement["Principal"], statement["Resource"]) == ("*", made["LayerVersionArn"])
    other.create_function(**settings)
    try:
        assert invoke(other)[0] == 5
    finally:
        other.delete_function(FunctionName="f")
    policy = functions.get_layer_version_policy(LayerName="l", VersionNumber=1)
    assert policy["RevisionId"] == granted["RevisionId"]
    functions.remove_layer_version_permission(LayerName="l", VersionNumber=1, StatementId="all")
    fails("ResourceNotFoundException", functions.get_layer_version_policy, LayerName="l", VersionNumber=1)


# --- provisioned concurrency ---


def test_provisioned_sandboxes_are_there_before_they_are_needed(functions, tmp_path):
    out = tmp_path / "out"
    create(functions, f"import os\nopen({str(out)!r}, 'a').write(os.environ['AWS_LAMBDA_INITIALIZATION_TYPE'] + ' ')\ndef handler(e, c):\n    return os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']\n", Publish=True)
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    put = functions.put_provisioned_concurrency_config(FunctionName="f", Qualifier="live", ProvisionedConcurrentExecutions=2)
    assert put["RequestedProvisionedConcurrentExecutions"] == 2

    def ready():
        return functions.get_provisioned_concurrency_config(FunctionName="f", Qualifier="live")["Status"] == "READY"

    eventually(ready)
    eventually(lambda: out.read_text().split() == ["provisioned-concurrency"] * 2)
    assert invoke(functions, Qualifier="live")[0] == "provisioned-concurrency"
    listed = functions.list_provisioned_concurrency_configs(FunctionName="f")["ProvisionedConcurrencyConfigs"]
    assert [(c["FunctionArn"].split(":")[-1], c["AllocatedProvisionedConcurrentExecutions"]) for c in listed] == [("live", 2)]
    fails("ResourceConflictException", functions.put_provisioned_concurrency_config, FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=1)
    fails("InvalidParameterValueException", functions.put_provisioned_concurrency_config, FunctionName="f", Qualifier="$LATEST", ProvisionedConcurrentExecutions=1)
    functions.delete_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
    fails("ProvisionedConcurrencyConfigNotFoundException", functions.get_provisioned_concurrency_config, FunctionName="f", Qualifier="live")


# --- what is kept and shown ---


def test_code_signing_configs(functions, account):
    publisher = f"arn:aws:signer:us-east-1:{account}:/signing-profiles/p/1"
    made = functions.create_code_signing_config(AllowedPublishers={"SigningProfileVersionArns": [publisher]}, Description="d")["CodeSigningConfig"]
    arn = made["CodeSigningConfigArn"]
    assert made["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Warn"}
    assert functions.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"] == made
    changed = functions.update_code_signing_config(CodeSigningConfigArn=arn, CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Enforce"})["CodeSigningConfig"]
    assert changed["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Enforce"}
    assert changed["AllowedPublishers"] == {"SigningProfileVersionArns": [publisher]}
    assert [c["CodeSigningConfigArn"] for c in functions.list_code_signing_configs()["CodeSigningConfigs"]] == [arn]
    create(functions, "def handler(e, c):\n    return 1\n")
    assert functions.get_function_code_signing_config(FunctionName="f")["CodeSigningConfigArn"] == ""
    functions.put_function_code_signing_config(FunctionName="f", CodeSigningConfigArn=arn)
    assert functions.get_function_code_signing_config(FunctionName="f")["CodeSigningConfigArn"] == arn
    assert [a.split(":")[-1] for a in functions.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)["FunctionArns"]] == ["f"]
    fails("ResourceConflictException", functions.delete_code_signing_config, CodeSigningConfigArn=arn)
    functions.delete_function_code_signing_config(FunctionName="f")
    functions.delete_code_signing_config(CodeSigningConfigArn=arn)
    fails("ResourceNotFoundException", functions.get_code_signing_config, CodeSigningConfigArn=arn)
    fails("CodeSigningConfigNotFoundException", functions.put_function_code_signing_config, FunctionName="f", CodeSigningConfigArn=arn)


def test_runtime_management_and_recursion(functions):
    create(functions, "def handler(e, c):\n    return 1\n")
    arn = functions.get_function_configuration(FunctionName="f")["RuntimeVersionConfig"]["RuntimeVersionArn"]
    assert functions.get_runtime_management_config(FunctionName="f")["UpdateRuntimeOn"] == "Auto"
    put = functions.put_runtime_management_config(FunctionName="f", UpdateRuntimeOn="Manual", RuntimeVersionArn=arn)
    assert (put["UpdateRuntimeOn"], put["RuntimeVersionArn"]) == ("Manual", arn)
    assert functions.get_runtime_management_config(FunctionName="f")["RuntimeVersionArn"] == arn
    fails("InvalidParameterValueException", functions.put_runtime_management_config, FunctionName="f", UpdateRuntimeOn="Manual")
    assert functions.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == "Terminate"
    functions.put_function_recursion_config(FunctionName="f", RecursiveLoop="Allow")
    assert functions.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == "Allow"


def test_settings_that_are_shown(functions, account):
    queue = f"arn:aws:sqs:us-east-1:{account}:q"
    create(
        functions, "def handler(e, c):\n    return 1\n",
        VpcConfig={"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
        DeadLetterConfig={"TargetArn": queue}, SnapStart={"ApplyOn": "PublishedVersions"},
        LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG"}, Publish=True,
    )
    shown = functions.get_function_configuration(FunctionName="f")
    assert shown["VpcConfig"]["SubnetIds"] == ["subnet-1", "subnet-2"]
    assert shown["VpcConfig"]["SecurityGroupIds"] == ["sg-1"]
    assert shown["DeadLetterConfig"] == {"TargetArn": queue}
    assert shown["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}
    assert functions.get_function_configuration(FunctionName="f", Qualifier="1")["SnapStart"]["OptimizationStatus"] == "On"
    assert shown["LoggingConfig"] == {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "SystemLogLevel": "INFO", "LogGroup": "/aws/lambda/f"}
    functions.update_function_configuration(FunctionName="f", DeadLetterConfig={"TargetArn": ""}, LoggingConfig={"LogFormat": "Text"})
    shown = functions.get_function_configuration(FunctionName="f")
    assert "DeadLetterConfig" not in shown
    assert "ApplicationLogLevel" not in shown["LoggingConfig"]
    fails("InvalidParameterValueException", functions.update_function_configuration, FunctionName="f", DeadLetterConfig={"TargetArn": f"arn:aws:kinesis:us-east-1:{account}:stream/q"})


# --- a folder as the code ---


def test_hot_reload(functions, tmp_path):
    (tmp_path / "app.py").write_text("def handler(e, c):\n    return 'before'\n")
    functions.create_function(FunctionName="f", Runtime="python3.12", Role=role(functions), Handler="app.handler", Code={"S3Bucket": "hot-reload", "S3Key": str(tmp_path)})
    assert invoke(functions)[0] == "before"
    (tmp_path / "app.py").write_text("def handler(e, c):\n    return 'afterwards'\n")
    assert invoke(functions)[0] == "afterwards"
    assert functions.get_function(FunctionName="f")["Code"]["Location"] == f"file://{tmp_path}"
    fails("InvalidParameterValueException", functions.update_function_code, FunctionName="f", S3Bucket="hot-reload", S3Key="/none/at/all")
    functions.update_function_code(FunctionName="f", ZipFile=package({"app.py": "def handler(e, c):\n    return 'zip'\n"}))
    assert invoke(functions)[0] == "zip"
    assert (tmp_path / "app.py").exists()
