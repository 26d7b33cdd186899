"""SQS as clients from before 2023 speak it: forms, XML, queue URLs as addresses. And what curl sees of a queue."""

import hashlib
import json
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree

import pytest
from test_sqs import bodies, counts, receive

SPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"


@pytest.fixture
def sqs(client):
    return client("sqs")


@pytest.fixture
def queue(sqs):
    return sqs.create_queue(QueueName="old")["QueueUrl"]


@pytest.fixture
def call(endpoint, account):
    """call("/", Action=..., ...) -> status, XML; the form's names may hold dots."""

    def send(path, form=None, method="POST", signed=True, headers=None, **more):
        fields = dict(form or {}, Version="2012-11-05", **more)
        data = urllib.parse.urlencode(fields)
        url = endpoint + path + ("" if method == "POST" else "?" + data)
        request = urllib.request.Request(url, data.encode() if method == "POST" else None, method=method)
        if method == "POST":
            request.add_header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
        if signed:
            request.add_header("Authorization", f"AWS4-HMAC-SHA256 Credential={account}/20261122/us-east-1/sqs/aws4_request, "
                               f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}")
            request.add_header("X-Amz-Date", "20261122T000000Z")
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, xml.etree.ElementTree.fromstring(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, xml.etree.ElementTree.fromstring(error.read())

    return send


def path_of(url):
    return urllib.parse.urlparse(url).path


def texts(root, *names):
    return [e.text for e in root.iter(SPACE + names[-1])]


def test_a_message_to_the_address_of_its_queue(call, sqs, queue):
    form = {"MessageAttribute.1.Name": "a", "MessageAttribute.1.Value.DataType": "String",
            "MessageAttribute.1.Value.StringValue": "v & w"}
    status, root = call(path_of(queue), form, Action="SendMessage", MessageBody="<b> & é")
    assert status == 200 and root.tag == SPACE + "SendMessageResponse"
    assert texts(root, "MD5OfMessageBody") == [hashlib.md5("<b> & é".encode()).hexdigest()]
    status, root = call(path_of(queue), {"AttributeName.1": "SentTimestamp", "MessageAttributeName.1": "All"},
                        Action="ReceiveMessage", MaxNumberOfMessages=10)
    (message,) = root.iter(SPACE + "Message")
    assert message.find(SPACE + "Body").text == "<b> & é"
    assert [e.tag.removeprefix(SPACE) for e in message] == [
        "MessageId", "ReceiptHandle", "MD5OfBody", "Body", "Attribute", "MD5OfMessageAttributes", "MessageAttribute"]
    assert message.find(f"{SPACE}Attribute/{SPACE}Name").text == "SentTimestamp"
    assert message.find(f"{SPACE}MessageAttribute/{SPACE}Value/{SPACE}StringValue").text == "v & w"
    handle = message.find(SPACE + "ReceiptHandle").text
    status, root = call(path_of(queue), Action="DeleteMessage", ReceiptHandle=handle)
    assert status == 200 and counts(sqs, queue) == (0, 0, 0)


def test_operations_on_all_queues(call, account, endpoint):
    form = {"Attribute.1.Name": "VisibilityTimeout", "Attribute.1.Value": "7", "Tag.1.Key": "k", "Tag.1.Value": "v"}
    status, root = call("/", form, Action="CreateQueue", QueueName="made")
    url = f"{endpoint}/{account}/made"
    assert texts(root, "QueueUrl") == [url]
    assert texts(call("/", Action="ListQueues")[1], "QueueUrl") == [url]
    assert texts(call("/", method="GET", Action="GetQueueUrl", QueueName="made")[1], "QueueUrl") == [url]
    status, root = call("/", {"AttributeName.1": "VisibilityTimeout", "QueueUrl": url}, Action="GetQueueAttributes")
    assert (texts(root, "Name"), texts(root, "Value")) == (["VisibilityTimeout"], ["7"])
    call("/", {"Tag.1.Key": "k2", "Tag.1.Value": "v2", "QueueUrl": url}, Action="TagQueue")
    call("/", {"TagKey.1": "k", "QueueUrl": url}, Action="UntagQueue")
    assert texts(call("/", QueueUrl=url, Action="ListQueueTags")[1], "Key") == ["k2"]


def test_batches_of_forms(call, sqs, queue):
    form = {f"SendMessageBatchRequestEntry.{n}.{k}": v for n in (1, 2) for k, v in (("Id", f"m{n}"), ("MessageBody", f"b{n}"))}
    status, root = call(path_of(queue), form, Action="SendMessageBatch")
    assert [e.find(SPACE + "Id").text for e in root.iter(SPACE + "SendMessageBatchResultEntry")] == ["m1", "m2"]
    handles = [m["ReceiptHandle"] for m in receive(sqs, queue, MaxNumberOfMessages=10)]
    form = {"DeleteMessageBatchRequestEntry.1.Id": "x", "DeleteMessageBatchRequestEntry.1.ReceiptHandle": handles[0],
            "DeleteMessageBatchRequestEntry.2.Id": "y", "DeleteMessageBatchRequestEntry.2.ReceiptHandle": "forged"}
    status, root = call(path_of(queue), form, Action="DeleteMessageBatch")
    assert texts(root, "Id") == ["x", "y"] and texts(root, "Code") == ["ReceiptHandleIsInvalid"]


@pytest.mark.parametrize("path, form, status, code, message", [
    ("/{account}/none", {"Action": "SendMessage", "MessageBody": "b"}, 400, "AWS.SimpleQueueService.NonExistentQueue",
     "The specified queue does not exist for this wsdl version."),
    ("/{account}/old", {"Action": "SendMessage"}, 400, "MissingParameter", "The request must contain the parameter MessageBody."),
    ("/", {"Action": "SendMessage", "MessageBody": "b"}, 400, "MissingParameter", "The request must contain the parameter QueueUrl."),
    ("/{account}/old", {"Action": "ReceiveMessage", "MaxNumberOfMessages": "11"}, 400, "InvalidParameterValue",
     "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."),
    ("/{account}/old", {"Action": "Juggle"}, 400, "InvalidAction", None),
    ("/", {"Action": "CreateQueue", "QueueName": "old", "Attribute.1.Name": "DelaySeconds", "Attribute.1.Value": "9"}, 400,
     "QueueAlreadyExists", None),
])
def test_errors_are_xml(call, queue, account, path, form, status, code, message):
    found, root = call(path.format(account=account), form)
    assert (found, texts(root, "Code"), texts(root, "Type")) == (status, [code], ["Sender"])
    if message:
        assert texts(root, "Message") == [message]


def test_curl_needs_no_signature(call, sqs, queue):
    status, _ = call(path_of(queue), signed=False, Action="SendMessage", MessageBody="one")
    assert status == 200
    status, _ = call(path_of(queue), signed=False, method="GET", Action="SendMessage", MessageBody="two")
    assert status == 200
    assert bodies(sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)) == ["one", "two"]


@pytest.mark.parametrize("action", ["CreateQueue", "ListQueues"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_queue_answers_for_no_other(call, queue, action, method):
    status, root = call(path_of(queue), method=method, Action=action, QueueName="x")
    assert (status, texts(root, "Code")) == (400, ["InvalidAction"])
    assert texts(root, "Message") == [f"The action {action} is not valid for this endpoint."]


def test_a_queue_that_is_asked_nothing(sqs, queue, account):
    for accept in ("*/*", "application/json"):
        headers = {"Accept": accept, "Authorization": f"AWS4-HMAC-SHA256 Credential={account}/20261122/us-east-1/sqs/"
                   "aws4_request, SignedHeaders=host, Signature=0"}
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(urllib.request.Request(queue, headers=headers))
        assert (error.value.code, error.value.read().strip()) == (404, b"<UnknownOperationException/>")


def test_json_for_who_accepts_it(sqs, queue, endpoint, account):
    def ask(**form):
        headers = {"Accept": "application/json", "Authorization": f"AWS4-HMAC-SHA256 Credential={account}/20261122/us-east-1/sqs/"
                   "aws4_request, SignedHeaders=host, Signature=0", "Content-Type": "application/x-www-form-urlencoded"}
        body = urllib.parse.urlencode({"Version": "2012-11-05", **form}).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(endpoint, body, headers)) as answer:
                assert answer.headers["Content-Type"] == "application/json"
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    found = ask(Action="ListQueues")["ListQueuesResponse"]
    assert found["ListQueuesResult"]["QueueUrl"] == queue and found["ResponseMetadata"]["RequestId"]
    sqs.create_queue(QueueName="another")
    assert len(ask(Action="ListQueues")["ListQueuesResponse"]["ListQueuesResult"]["QueueUrl"]) == 2
    assert ask(Action="ReceiveMessage", QueueUrl=queue)["ReceiveMessageResponse"]["ReceiveMessageResult"] == {}
    assert ask(Action="PurgeQueue", QueueUrl=queue)["PurgeQueueResponse"]["ResponseMetadata"]
    error = ask(Action="GetQueueUrl", QueueName="none")["ErrorResponse"]["Error"]
    assert error["Code"] == "AWS.SimpleQueueService.NonExistentQueue" and error["Type"] == "Sender"
    error = ask(Action="Nothing")["ErrorResponse"]["Error"]
    assert error["Message"] == "The action Nothing is not valid for this endpoint."


# --- what is in a queue, without receiving it ----------------------------------------------------------------


@pytest.fixture
def look(endpoint):
    def get(path, **query):
        url = f"{endpoint}/_aws/sqs/messages{path}" + ("?" + urllib.parse.urlencode(query) if query else "")
        request = urllib.request.Request(url, headers={"Accept": "application/json"})
        with urllib.request.urlopen(request) as answer:
            result = json.load(answer)["ReceiveMessageResponse"]["ReceiveMessageResult"]
        found = result.get("Message", [])
        return found if isinstance(found, list) else [found]

    return get


def attributes(message):
    return {each["Name"]: each["Value"] for each in message["Attribute"]}


def test_messages_are_seen_and_not_received(sqs, queue, look, account):
    for n in range(12):
        sqs.send_message(QueueUrl=queue, MessageBody=str(n), MessageAttributes={"n": {"DataType": "Number", "StringValue": str(n)}})
    sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=900)
    held = receive(sqs, queue)[0]
    path = f"/us-east-1/{account}/old"
    for seen in (look("", QueueUrl=queue), look(path), look("", QueueUrl=queue)):
        assert [m["Body"] for m in seen] == [str(n) for n in range(1, 12)]
    assert seen[0]["MessageAttribute"] == {"Name": "n", "Value": {"StringValue": "1", "DataType": "Number"}}
    assert attributes(seen[0])["ApproximateReceiveCount"] == "0" and seen[0]["ReceiptHandle"] == "SQS/BACKDOOR/ACCESS"
    everything = look(path, ShowInvisible="true", ShowDelayed="true")
    marks = {m["Body"]: (attributes(m)["IsVisible"], attributes(m)["IsDelayed"]) for m in everything}
    assert marks[held["Body"]] == ("false", "false") and marks["later"] == ("true", "true") and marks["5"] == ("true", "false")
    assert counts(sqs, queue) == (11, 1, 1)


def test_the_inspection_answers_clients_of_both_protocols(sqs, queue, endpoint, client, account):
    sqs.send_message(QueueUrl=queue, MessageBody="b")
    seen = client("sqs").meta.endpoint_url
    assert seen == endpoint
    url = f"{endpoint}/_aws/sqs/messages"
    with urllib.request.urlopen(f"{url}?{urllib.parse.urlencode({'QueueUrl': queue})}") as answer:
        assert texts(xml.etree.ElementTree.fromstring(answer.read()), "Body") == ["b"]
    request = urllib.request.Request(url, json.dumps({"QueueUrl": queue}).encode(), {"Content-Type": "application/x-amz-json-1.0"})
    with urllib.request.urlopen(request) as answer:
        assert bodies(json.load(answer)) == ["b"]
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{url}/us-east-1/{account}/none")
    assert error.value.code == 400 and b"NonExistentQueue" in error.value.read()


# --- the command line ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["aws", "aws_v2"])
def test_the_cli(request, version, endpoint):
    aws = request.getfixturevalue(version)
    more = ["--endpoint-url", endpoint] if version == "aws" else []

    def run(*arguments):
        return aws("sqs", *arguments, *more)

    url = run("create-queue", "--queue-name", "cli")["QueueUrl"]
    run("send-message", "--queue-url", url, "--message-body", "hello", "--message-attributes",
        '{"k": {"DataType": "String", "StringValue": "v"}}')
    (message,) = run("receive-message", "--queue-url", url, "--message-attribute-names", "All")["Messages"]
    assert message["Body"] == "hello" and message["MessageAttributes"]["k"]["StringValue"] == "v"
    run("delete-message", "--queue-url", url, "--receipt-handle", message["ReceiptHandle"])
    assert run("list-queues")["QueueUrls"] == [url]
