"""What the SNS tests share: an HTTP endpoint that subscribes, queues that are subscribed, and reading what arrived."""

import contextlib
import http.server
import json
import queue
import threading
import urllib.request


class Receiver:
    """An HTTP endpoint: what it got is in `messages`, as (headers, text). `answer` says what it answers with."""

    def __init__(self):
        receiver = self
        self.messages = queue.Queue()
        self.answer = lambda headers, text: 200

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status = receiver.answer(self.headers, text)
                # Before the answer, after which the next one may come in another thread.
                receiver.messages.put((self.headers, text))
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/sns"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self, timeout=30):
        return self.messages.get(timeout=timeout)

    def next_of(self, kind):
        """The next message of that type, with its headers."""
        while True:
            headers, text = self.next()
            if headers["x-amz-sns-message-type"] == kind:
                return headers, text

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def make_queue(sqs, name, **attributes):
    """URL and ARN of a new queue."""
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    account, name = url.rsplit("/", 2)[1:]
    return url, f"arn:aws:sqs:{sqs.meta.region_name}:{account}:{name}"


def receive(sqs, url, count, seconds=10):
    """Exactly that many messages, in the order in which they came."""
    got = []
    while len(got) < count:
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=seconds, MessageAttributeNames=["All"], AttributeNames=["All"]
        )
        messages = answer.get("Messages", [])
        assert messages, f"{len(got)} of {count} messages came"
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
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read().decode()
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text
