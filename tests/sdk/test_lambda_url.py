"""Function URLs and streamed answers: real HTTP against running functions."""

import base64
import http.client
import json
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from botocore.exceptions import ClientError

from lambda_kit import create, package, role

ECHO = "def handler(e, c):\n    return e\n"


@pytest.fixture
def functions(client):
    return client("lambda")


def open_url(functions, name="f", auth="NONE", **more):
    url = functions.create_function_url_config(FunctionName=name, AuthType=auth, **more)["FunctionUrl"]
    if auth == "NONE":
        functions.add_permission(FunctionName=name, StatementId="url", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE", **({"Qualifier": more["Qualifier"]} if "Qualifier" in more else {}))
    return url


def call(url, path="/", method="GET", body=None, headers=None):
    """The server is called as by a client that has resolved the URL's name to this machine."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=300)
    connection.request(method, path, body=body, headers={"Host": parts.netloc, **(headers or {})})
    answer = connection.getresponse()
    return answer, answer.read()


def test_the_event_is_as_aws_describes_it(functions, account):
    create(functions, ECHO)
    url = open_url(functions)
    answer, body = call(url, "/a%20b/c?x=1&y=2&x=3&z", "POST", body="hello", headers={"Content-Type": "text/plain", "X-One": "1", "Cookie": "a=1; b=2", "User-Agent": "me"})
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    event = json.loads(body)
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "$default", "/a%20b/c")
    assert event["rawQueryString"] == "x=1&y=2&x=3&z"
    assert event["queryStringParameters"] == {"x": "1,3", "y": "2", "z": ""}
    assert event["cookies"] == ["a=1", "b=2"] and "cookie" not in event["headers"]
    assert event["headers"]["x-one"] == "1" and event["headers"]["x-forwarded-proto"] == "http"
    assert (event["body"], event["isBase64Encoded"]) == ("hello", False)
    context = event["requestContext"]
    identity = urllib.parse.urlsplit(url).hostname.split(".")[0]
    assert (context["accountId"], context["apiId"], context["domainPrefix"]) == ("anonymous", identity, identity)
    assert context["http"] == {"method": "POST", "path": "/a%20b/c", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "me"}
    assert answer.headers["x-amzn-RequestId"] == context["requestId"]
    _, body = call(url, "/", "POST", body=b"\x00\xff")
    event = json.loads(body)
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\x00\xff", True)
    assert "queryStringParameters" not in event


@pytest.mark.parametrize(
    "returned, status, body, content_type",
    [
        ("{'statusCode': 201, 'headers': {'X-A': 'b', 'Content-Type': 'text/html'}, 'body': '<p>'}", 201, b"<p>", "text/html"),
        ("{'statusCode': 200, 'body': 'AAH/', 'isBase64Encoded': True}", 200, b"\x00\x01\xff", "application/json"),
        ("{'message': 'hi'}", 200, b'{"message": "hi"}', "application/json"),
        ("'text'", 200, b"text", "application/json"),
        ("[1, 2]", 200, b"[1, 2]", "application/json"),
        ("{'statusCode': 204}", 204, b"", "application/json"),
        ("{'statusCode': 'x'}", 502, b"Internal Server Error", "application/json"),
        ("1 / 0", 502, b'{"Message":"Internal Server Error"}', "application/json"),
    ],
)
def test_answers(functions, returned, status, body, content_type):
    create(functions, f"def handler(e, c):\n    return {returned}\n")
    answer, got = call(open_url(functions))
    assert (answer.status, got, answer.headers["Content-Type"]) == (status, body, content_type)


def test_cookies_and_hostile_headers(functions):
    create(functions, "def handler(e, c):\n    return {'statusCode': 200, 'cookies': ['a=1', 'b=2; Path=/'], 'headers': {'X-Bad': 'a\\r\\nX-Evil: 1', 'Content-Length': '9999', 'X-Number': 5}, 'body': 'x'}\n")
    answer, body = call(open_url(functions))
    assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2; Path=/"]
    assert "X-Evil" not in answer.headers and "X-Bad" not in answer.headers
    assert (answer.headers["X-Number"], body) == ("5", b"x")


def test_who_may_call(functions, session, account):
    create(functions, ECHO)
    url = functions.create_function_url_config(FunctionName="f", AuthType="NONE")["FunctionUrl"]
    answer, body = call(url)
    assert (answer.status, body) == (403, b'{"Message":"Forbidden"}')
    functions.update_function_url_config(FunctionName="f", AuthType="AWS_IAM")
    assert call(url)[0].status == 403

    def signed(access_key):
        request = botocore.awsrequest.AWSRequest("GET", url + "x", headers={"Host": urllib.parse.urlsplit(url).netloc})
        botocore.auth.SigV4Auth(botocore.credentials.Credentials(access_key, "test"), "lambda", "us-east-1").add_auth(request)
        answer, body = call(url, "/x", headers=dict(request.headers))
        return answer.status, json.loads(body)

    status, event = signed(account)
    assert status == 200
    assert event["requestContext"]["accountId"] == account
    assert event["requestContext"]["authorizer"]["iam"]["accessKey"] == account
    assert signed("777700007777")[0] == 403
    functions.add_permission(FunctionName="f", StatementId="them", Action="lambda:InvokeFunctionUrl", Principal="777700007777", FunctionUrlAuthType="AWS_IAM")
    assert signed("777700007777")[0] == 200


def test_a_path_leads_there_too(functions, endpoint):
    create(functions, ECHO)
    identity = urllib.parse.urlsplit(open_url(functions)).hostname.split(".")[0]
    answer, body = call(endpoint, f"/_cadabra/lambda/url/{identity}/a?b=c")
    assert (answer.status, json.loads(body)["rawPath"]) == (200, "/a")
    assert call(endpoint, f"/_cadabra/lambda/url/{identity}")[0].status == 200
    assert call(endpoint, f"/_cadabra/lambda/url/{'x' * 32}/")[0].status == 404


def test_cors(functions):
    create(functions, ECHO)
    cors = {"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET", "POST"], "AllowHeaders": ["x-one"], "ExposeHeaders": ["x-two"], "AllowCredentials": True, "MaxAge": 60}
    url = open_url(functions, Cors=cors)
    assert functions.get_function_url_config(FunctionName="f")["Cors"] == cors
    ask = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    answer, body = call(url, method="OPTIONS", headers=ask)
    assert (answer.status, body) == (200, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET,POST"
    assert answer.headers["Access-Control-Max-Age"] == "60"
    answer, _ = call(url, headers={"Origin": "https://a.example"})
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Access-Control-Expose-Headers"] == "x-two"
    answer, _ = call(url, headers={"Origin": "https://b.example"})
    assert answer.status == 200 and "Access-Control-Allow-Origin" not in answer.headers


def test_configs_of_urls(functions, account):
    create(functions, ECHO, Publish=True)
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")

    def fails(code, call, **arguments):
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        assert caught.value.response["Error"]["Code"] == code

    fails("ResourceNotFoundException", functions.get_function_url_config, FunctionName="f")
    made = functions.create_function_url_config(FunctionName="f", AuthType="NONE")
    assert made["InvokeMode"] == "BUFFERED"
    fails("ResourceConflictException", functions.create_function_url_config, FunctionName="f", AuthType="NONE")
    url = open_url(functions, Qualifier="live")
    assert json.loads(call(url)[1])["requestContext"]["apiId"] in url
    listed = functions.list_function_url_configs(FunctionName="f")["FunctionUrlConfigs"]
    assert [c["FunctionArn"].split(":")[-1] for c in listed] == ["f", "live"]
    functions.delete_function_url_config(FunctionName="f")
    fails("ResourceNotFoundException", functions.get_function_url_config, FunctionName="f")
    assert call(made["FunctionUrl"])[0].status == 404
    functions.delete_alias(FunctionName="f", Name="live")
    assert call(url)[0].status == 404


# --- streaming ---

STREAMING = """
const fs = require('fs');
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
  if (event.early) throw new Error('early');
  if (event.rawPath === '/meta')
    stream = awslambda.HttpResponseStream.from(stream, { statusCode: 202, headers: { 'X-A': 'b', 'Content-Type': 'text/plain' }, cookies: ['c=d'] });
  stream.write('one');
  while (event.until && !fs.existsSync(event.until)) await wait(20);
  await wait(100);
  if (event.late) throw new Error('late');
  for (let i = 0; i < (event.blocks || 0); i++)
    if (!stream.write(Buffer.alloc(65536, 'x'))) await new Promise((go) => stream.once('drain', go));
  stream.write('two');
  stream.end();
});
"""


@pytest.fixture
def streaming(functions):
    functions.create_function(FunctionName="f", Runtime="nodejs20.x", Role=role(functions), Handler="app.handler", Timeout=250, MemorySize=512, Code={"ZipFile": package({"app.js": STREAMING})})
    return functions


def stream(client, event, seen=None):
    """The chunks and the end; the file `seen` is made when the first chunk is here."""
    answer = client.invoke_with_response_stream(FunctionName="f", Payload=json.dumps(event), LogType="Tail")
    chunks, end = [], None
    for e in answer["EventStream"]:
        if "PayloadChunk" in e:
            chunks.append(e["PayloadChunk"]["Payload"])
            if seen:
                seen.touch()
        else:
            end = e["InvokeComplete"]
    return chunks, end


def test_chunks_come_as_they_are_written(streaming, tmp_path):
    """The function goes on when its first chunk has arrived."""
    seen = tmp_path / "seen"
    chunks, end = stream(streaming, {"until": str(seen)}, seen)
    assert b"".join(chunks) == b"onetwo" and len(chunks) >= 2
    assert "ErrorCode" not in end
    assert "END RequestId" in base64.b64decode(end["LogResult"]).decode()
    chunks, _ = stream(streaming, {"blocks": 320})
    assert sum(map(len, chunks)) == 6 + 320 * 65536


def test_streams_that_fail(streaming):
    chunks, end = stream(streaming, {"early": True})
    assert chunks == [] and end["ErrorCode"] == "Error" and "early" in end["ErrorDetails"]
    chunks, end = stream(streaming, {"late": True})
    assert chunks == [b"one"] and "late" in end["ErrorDetails"]
    assert b"".join(stream(streaming, {})[0]) == b"onetwo"


def test_functions_that_do_not_stream(functions):
    create(functions, ECHO)
    chunks, end = stream(functions, {"a": 1})
    assert json.loads(b"".join(chunks)) == {"a": 1} and "ErrorCode" not in end
    # Invoke gives what a streaming function writes as a whole.


def test_a_streaming_function_is_invoked_the_plain_way(streaming):
    assert streaming.invoke(FunctionName="f", Payload=b"{}")["Payload"].read() == b"onetwo"


def test_a_url_that_streams(streaming):
    url = open_url(streaming, InvokeMode="RESPONSE_STREAM")
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=300)
    connection.request("GET", "/meta", headers={"Host": parts.netloc})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["X-A"], answer.headers["Content-Type"]) == (202, "b", "text/plain")
    assert answer.headers["Set-Cookie"] == "c=d"
    assert answer.read(3) == b"one"
    assert answer.read() == b"two"
    answer, body = call(url)
    assert (answer.status, answer.headers["Content-Type"], body) == (200, "application/octet-stream", b"onetwo")
