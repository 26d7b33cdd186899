"""What the Firehose tests share: configurations, an HTTP endpoint, waiting."""

import base64
import json
import time

from http_kit import HttpServer

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


def until(look, seconds=240):
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


class Endpoint(HttpServer):
    """An HTTP server that notes requests and answers as `answer(request)` says: (status, JSON document or text)."""

    def __init__(self, answer, certificate=None):
        self.requests = []

        def take(path, headers, body):
            request = {"path": path, "headers": dict(headers), "body": body}
            self.requests.append(request)
            return answer(request)

        super().__init__(take, certificate)


def accept(request):
    """What a well-behaved endpoint answers."""
    return 200, {"requestId": request["headers"]["X-Amz-Firehose-Request-Id"], "timestamp": 1578090903599}


def records_of(request):
    return [base64.b64decode(r["data"]) for r in json.loads(request["body"])["records"]]
