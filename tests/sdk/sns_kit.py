"""What the SNS tests share: an HTTP endpoint that subscribes, queues that are subscribed, and reading what arrived."""

import json
import queue
import time
import urllib.request

from http_kit import HttpServer


class Receiver(HttpServer):
    """An HTTP endpoint: what it got is in `messages`, as (headers, text). `answer` says what it answers with."""

    def __init__(self):
        self.messages = queue.Queue()
        self.answer = lambda headers, text: 200
        super().__init__(self._take)
        self.url += "/sns"

    def _take(self, path, headers, body):
        text = body.decode()
        status = self.answer(headers, text)
        # Before the answer, after which the next one may come in another thread.
        self.messages.put((headers, text))
        return status

    def next(self, timeout=240):
        return self.messages.get(timeout=timeout)

    def next_of(self, kind):
        """The next message of that type, with its headers."""
        while True:
            headers, text = self.next()
            if headers["x-amz-sns-message-type"] == kind:
                return headers, text


def make_queue(sqs, name, **attributes):
    """URL and ARN of a new queue."""
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    account, name = url.rsplit("/", 2)[1:]
    return url, f"arn:aws:sqs:{sqs.meta.region_name}:{account}:{name}"


def receive(sqs, url, count):
    """Exactly that many messages, in the order in which they came."""
    got, end = [], time.monotonic() + 240
    while len(got) < count:
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=10, MessageAttributeNames=["All"], AttributeNames=["All"]
        )
        messages = answer.get("Messages", [])
        assert messages or time.monotonic() < end, f"{len(got)} of {count} messages came"
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        got += messages
    assert len(got) == count
    return got


def bodies(sqs, url, count):
    return [message["Body"] for message in receive(sqs, url, count)]


def nothing_more(sqs, url):
    """A message that is sent now is the next one to come: whatever was published before is not there."""
    return "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0)


def get(url, method="GET", body=None):
    """Status and JSON (or text) of an address."""
    request = urllib.request.Request(url, method=method, data=None if body is None else json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read().decode()
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text
