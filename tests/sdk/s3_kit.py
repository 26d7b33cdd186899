"""What the tests of S3's rules share."""

import random
import string
import urllib.request

import botocore.exceptions
import botocore.session


def bucket_name():
    return "b-" + "".join(random.choice(string.ascii_lowercase + string.digits) for _ in range(20))


def make_bucket(s3, open_to_all=False, **keywords):
    """open_to_all: ACLs are on, and nothing is blocked, as buckets were before 2023."""
    name = bucket_name()
    s3.create_bucket(Bucket=name, **keywords)
    if open_to_all:
        s3.delete_public_access_block(Bucket=name)
        s3.put_bucket_ownership_controls(
            Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        )
    return name


def refused(call, *arguments, **keywords):
    """The error of a call that must fail: (code, status, message)."""
    try:
        call(*arguments, **keywords)
    except botocore.exceptions.ClientError as e:
        return (
            e.response["Error"]["Code"],
            e.response["ResponseMetadata"]["HTTPStatusCode"],
            e.response["Error"].get("Message", ""),
        )
    raise AssertionError("the call succeeded")


def error_of(call, *arguments, **keywords):
    """All members of the error of a call that must fail."""
    try:
        call(*arguments, **keywords)
    except botocore.exceptions.ClientError as e:
        return e.response["Error"]
    raise AssertionError("the call succeeded")


def code_of(call, *arguments, **keywords):
    return refused(call, *arguments, **keywords)[0]


def http(url, method="GET", headers=None, body=None):
    """(status, headers, body) of a plain request, whatever its status."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *arguments):
            return None

    try:
        with urllib.request.build_opener(Stay).open(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read()
