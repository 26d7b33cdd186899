"""What the Firehose tests share: configurations, an HTTP endpoint, waiting."""

import base64
import gzip
import http.server
import json
import ssl
import threading
import time

ROLE = "arn:aws:iam::000000000000:role/firehose"
AT_ONCE = {"SizeInMBs": 1, "IntervalInSeconds": 0}


def s3(bucket="landing", **more):
    return {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}", **more}


def processors(*steps):
    """processors(("Lambda", {"LambdaArn": ...}), ...) as the API has them."""
    return {
        "Enabled": True,
        "Processors": [
            {"Type": kind, "Parameters": [{"ParameterName": n, "ParameterValue": v} for n, v in parameters.items()]}
            for kind, parameters in steps
        ],
    }


def until(look, seconds=60):
    """What look() gives once that is true."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def keys(bucket_client, bucket, prefix=""):
    pages = bucket_client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [o["Key"] for page in pages for o in page.get("Contents", [])]


def body(bucket_client, bucket, key):
    return bucket_client.get_object(Bucket=bucket, Key=key)["Body"].read()


def lines(bucket_client, bucket, prefix=""):
    """The JSON lines of all objects below a prefix."""
    return [json.loads(line) for key in keys(bucket_client, bucket, prefix) for line in body(bucket_client, bucket, key).splitlines()]


class Endpoint:
    """An HTTP server that notes requests and answers as `answer(request)` says: (status, JSON document or text)."""

    def __init__(self, answer, certificate=None):
        self.requests = []
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                data = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    data = gzip.decompress(data)
                request = {"path": self.path, "headers": dict(self.headers), "body": data}
                endpoint.requests.append(request)
                status, document = answer(request)
                text = (document if isinstance(document, str) else json.dumps(document)).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def accept(request):
    """What a well-behaved endpoint answers."""
    return 200, {"requestId": request["headers"]["X-Amz-Firehose-Request-Id"], "timestamp": 1578090903599}


def records_of(request):
    return [base64.b64decode(r["data"]) for r in json.loads(request["body"])["records"]]
