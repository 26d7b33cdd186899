"""--auth=verify: what is signed well goes through, everything else gets AWS's own refusal."""

import datetime
import json
import pathlib
import subprocess
import urllib.error
import urllib.request

import boto3
import botocore.config
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from server import Server

NODE = pathlib.Path(__file__).parent / "node"
TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A server of its own that verifies, and whose clock can be moved."""
    server = Server(tmp_path_factory.mktemp("strict") / "data", "--auth", "verify", "--test-clock")
    yield server
    server.stop()


@pytest.fixture
def signed(strict):
    """signed("sts", "AKIA...", "secret") is a client of the strict server."""

    def make(service, key="test", secret="test", token=None, **keywords):
        return boto3.client(
            service,
            endpoint_url=strict.endpoint,
            region_name="us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=botocore.config.Config(retries={"mode": "standard", "max_attempts": 1}, **keywords),
        )

    return make


def refusal(call, **arguments):
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    response = failure.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 403, response
    return response["Error"]["Code"], response["Error"]["Message"]


CALLS = [
    ("sts", "get_caller_identity", {}, "SignatureDoesNotMatch", "InvalidClientTokenId"),
    ("iam", "list_roles", {"PathPrefix": "/a b/ü+%/"}, "SignatureDoesNotMatch", "InvalidClientTokenId"),
    ("kinesis", "list_streams", {}, "InvalidSignatureException", "UnrecognizedClientException"),
    ("dynamodb", "list_tables", {}, "InvalidSignatureException", "UnrecognizedClientException"),
    ("logs", "describe_log_groups", {}, "InvalidSignatureException", "UnrecognizedClientException"),
    ("lambda", "list_functions", {"Marker": "a/b +~*"}, "InvalidSignatureException", "UnrecognizedClientException"),
]


@pytest.mark.parametrize("service, method, arguments, mismatch, unknown", CALLS)
def test_each_protocol(signed, service, method, arguments, mismatch, unknown):
    try:
        getattr(signed(service), method)(**arguments)
    except ClientError as failure:  # signed well, so only the parameters may be disliked
        assert failure.response["ResponseMetadata"]["HTTPStatusCode"] != 403, failure.response
    code, message = refusal(getattr(signed(service, secret="wrong"), method), **arguments)
    assert code == mismatch
    assert message.startswith("The request signature we calculated does not match the signature you provided.")
    code, message = refusal(getattr(signed(service, key="AKIAQQQQQQQQQQQQQQQQ"), method), **arguments)
    assert (code, message) == (unknown, "The security token included in the request is invalid.")


def test_paths_with_arns_are_encoded_twice(signed):
    arn = "arn:aws:lambda:us-east-1:000000000000:function:none"
    with pytest.raises(ClientError) as failure:
        signed("lambda").get_function(FunctionName=arn, Qualifier="$LATEST")
    assert failure.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_accounts_by_key(signed):
    assert signed("sts", "123456789012").get_caller_identity()["Account"] == "123456789012"


def test_sessions_must_carry_their_token_and_expire(signed, strict):
    role = signed("iam").create_role(RoleName="R", AssumeRolePolicyDocument=TRUST)["Role"]
    made = signed("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="sess", DurationSeconds=900)["Credentials"]
    key, secret, token = made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]
    identity = signed("sts", key, secret, token).get_caller_identity()
    assert identity["Arn"].endswith("assumed-role/R/sess")
    other = token[:-1] + ("x" if token[-1] != "x" else "y")
    assert refusal(signed("sts", key, secret, other).get_caller_identity)[0] == "InvalidClientTokenId"
    assert refusal(signed("kinesis", key, secret).list_streams)[0] == "UnrecognizedClientException"
    assert refusal(signed("sts", key, "wrong", token).get_caller_identity)[0] == "SignatureDoesNotMatch"


def test_roles_must_exist(signed):
    code, message = refusal(
        signed("sts").assume_role, RoleArn="arn:aws:iam::000000000000:role/None", RoleSessionName="sess"
    )
    assert code == "AccessDenied"
    assert message == (
        "User: arn:aws:iam::000000000000:root is not authorized to perform: sts:AssumeRole on resource: "
        "arn:aws:iam::000000000000:role/None"
    )


def test_keys_of_users_can_be_switched_off(signed):
    iam = signed("iam")
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    mine = signed("sts", key["AccessKeyId"], key["SecretAccessKey"])
    assert mine.get_caller_identity()["Arn"].endswith("user/u")
    iam.update_access_key(UserName="u", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert refusal(mine.get_caller_identity)[0] == "InvalidClientTokenId"


def test_unsigned(strict):
    code, body = send(strict, "POST", "/", {"x-amz-target": "Kinesis_20131202.ListStreams"}, b"{}")
    assert code == 403 and json.loads(body)["__type"].endswith("MissingAuthenticationTokenException")


def test_presigned(signed, strict):
    url = signed("sts").generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    assert b"<Account>000000000000</Account>" in urllib.request.urlopen(url).read()
    code, body = fetch(url + "&Extra=1")
    assert code == 403 and b"SignatureDoesNotMatch" in body


def send(server, method, path, headers, body=None):
    return fetch(urllib.request.Request(server.endpoint + path, method=method, headers=headers, data=body))


def fetch(request):
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as failure:
        return failure.code, failure.read()


def signed_at(server, when, monkeypatch, body=b"{}"):
    """A Kinesis request as it would have been signed at another time."""
    import botocore.auth

    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: when)
    request = AWSRequest(
        "POST",
        server.endpoint + "/",
        data=body,
        headers={"X-Amz-Target": "Kinesis_20131202.ListStreams", "Content-Type": "application/x-amz-json-1.1"},
    )
    SigV4Auth(Credentials("test", "test"), "kinesis", "us-east-1").add_auth(request)
    monkeypatch.undo()
    return request


@pytest.mark.parametrize(
    "minutes, words",
    [(0, None), (-10, None), (4, None), (-16, "Signature expired: "), (6, "Signature not yet current: ")],
)
def test_clock_skew(strict, monkeypatch, minutes, words):
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    request = signed_at(strict, now + datetime.timedelta(minutes=minutes), monkeypatch)
    code, body = send(strict, "POST", "/", dict(request.headers), b"{}")
    if words is None:
        assert code == 200, body
        return
    answer = json.loads(body)
    assert code == 403 and answer["__type"].endswith("InvalidSignatureException")
    assert answer["message"].startswith(words), answer


def test_changed_bodies_are_noticed(strict, monkeypatch):
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    request = signed_at(strict, now, monkeypatch)
    code, body = send(strict, "POST", "/", dict(request.headers), b'{"Limit":1}')
    assert code == 403 and b"InvalidSignatureException" in body


@pytest.mark.parametrize(
    "header, words",
    [
        ("AWS4-HMAC-SHA256 nonsense", "Invalid key=value pair (missing equal-sign)"),
        ("AWS4-HMAC-SHA256 Credential=a/b", "Authorization header requires 'Signature' parameter."),
        (
            "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=x",
            "Credential must have exactly 5 slash-delimited elements",
        ),
    ],
)
def test_malformed_headers(strict, header, words):
    headers = {"Authorization": header, "X-Amz-Date": "20300101T000000Z", "X-Amz-Target": "Kinesis_20131202.ListStreams"}
    code, body = send(strict, "POST", "/", headers, b"{}")
    answer = json.loads(body)
    assert code == 403 and answer["__type"].endswith("IncompleteSignatureException")
    assert words in answer["message"]


def test_javascript(strict, tool_environment):
    environment = dict(tool_environment, AWS_ENDPOINT_URL=strict.endpoint, AWS_ACCESS_KEY_ID="test")
    done = subprocess.run(["node", "verify.mjs"], cwd=NODE, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_cli(strict, tool_environment):
    environment = dict(tool_environment, AWS_ENDPOINT_URL=strict.endpoint)
    arguments = ["aws", "sts", "get-caller-identity"]
    good = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=300)
    assert good.returncode == 0, good.stderr
    bad = subprocess.run(
        arguments, env=dict(environment, AWS_SECRET_ACCESS_KEY="no"), capture_output=True, text=True, timeout=300
    )
    assert "(SignatureDoesNotMatch)" in bad.stderr


def test_keys_and_sessions_survive_kill(tmp_path):
    data = tmp_path / "data"
    server = Server(data, "--auth", "verify")
    strict = {"region_name": "us-east-1", "aws_access_key_id": "555555555555", "aws_secret_access_key": "test"}
    iam = boto3.client("iam", endpoint_url=server.endpoint, **strict)
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    session = boto3.client("sts", endpoint_url=server.endpoint, **strict).get_session_token()["Credentials"]
    server.kill()

    server = Server(data, "--auth", "verify")
    try:
        for arguments in (
            {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]},
            {
                "aws_access_key_id": session["AccessKeyId"],
                "aws_secret_access_key": session["SecretAccessKey"],
                "aws_session_token": session["SessionToken"],
            },
        ):
            sts = boto3.client("sts", endpoint_url=server.endpoint, region_name="us-east-1", **arguments)
            assert sts.get_caller_identity()["Account"] == "555555555555"
    finally:
        server.stop()


def test_sessions_expire_with_the_clock(tmp_path):
    """Last, and on a server of its own, for its clock stays ahead."""
    server = Server(tmp_path / "data", "--auth", "verify", "--test-clock")
    try:
        sts = boto3.client(
            "sts",
            endpoint_url=server.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        made = sts.get_session_token(DurationSeconds=900)["Credentials"]
        inside = boto3.client(
            "sts",
            endpoint_url=server.endpoint,
            region_name="us-east-1",
            aws_access_key_id=made["AccessKeyId"],
            aws_secret_access_key=made["SecretAccessKey"],
            aws_session_token=made["SessionToken"],
        )
        assert inside.get_caller_identity()
        code, _ = send(server, "POST", "/_cadabra/clock", {"Content-Type": "application/json"}, b'{"advance_ms":901000}')
        assert code == 200
        code, _ = refusal(inside.get_caller_identity)
        assert code == "ExpiredToken"
    finally:
        server.stop()
