#!/usr/bin/env python3
"""The protocol vectors: what clients send must decode to what they meant, and what we answer must read as the
result that was to be said, in the eyes of botocore.

    vectors.py models VECTORS BUILD      every suite as a model, compiled by modelc to BUILD/vectors/gen
    vectors.py compare VECTORS BUILD     all cases through BUILD/vectors/driver; the last line counts them

Cases that are left out stand in tests/README.md, section "Vectors", each with its reason: a line that begins
with "| `id` |".
"""

import base64
import copy
import glob
import json
import math
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

PROTOCOLS = {"json-1.0": 1, "json-1.1": 2, "query": 4, "rest-json": 8, "rest-xml": 16, "smithy-rpc-v2-cbor": 32}
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
IDEMPOTENCY_TOKEN = "00000000-0000-4000-8000-000000000000"


def suites(vectors, side):
    """(model name, suite) of every suite of a side, input or output."""
    for path in sorted(glob.glob(os.path.join(vectors, side, "*.json"))):
        stem = re.sub(r"\W", "_", os.path.basename(path)[:-5])
        with open(path, encoding="utf-8") as f:
            for index, suite in enumerate(json.load(f)):
                yield "%s_%s_%d" % (side, stem, index), suite, path, index


def write_if_changed(path, text):
    if not os.path.exists(path) or open(path, encoding="utf-8").read() != text:
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)


def make_models(vectors, build):
    gen = os.path.join(build, "vectors", "gen")
    os.makedirs(gen, exist_ok=True)
    names = []
    for side in ("input", "output"):
        for name, _, path, index in suites(vectors, side):
            names.append(name)
            text = subprocess.run([sys.executable, os.path.join(ROOT, "server/model/import.py"), "--suite",
                                   path, str(index), name], check=True, capture_output=True, text=True).stdout
            model = os.path.join(gen, name + ".model")
            source = model[:-6] + ".c"
            if os.path.exists(source) and open(model, encoding="utf-8").read() == text and \
                    os.path.getmtime(source) > os.path.getmtime(os.path.join(build, "modelc")):
                continue
            write_if_changed(model, text)
            subprocess.run([os.path.join(build, "modelc"), model, model[:-6] + ".h", source], check=True)
    lines = ['#include "gen/%s.h"' % n for n in names]
    lines += ["struct vector_model { const char *name; const struct model *model; };",
              "extern const struct vector_model vector_models[];",
              "const struct vector_model vector_models[] = {"]
    lines += ['    {"%s", &%s_model},' % (n, n) for n in names] + ["    {NULL, NULL},", "};", ""]
    write_if_changed(os.path.join(gen, "models.c"), "\n".join(lines))


# --- values -------------------------------------------------------------------------------------------------

def said_once(suite, members, value):
    """A map in the query may repeat what a member of its own says; it travels once, as the member's."""
    single = {t.get("locationName") for k, t in members.items() if t.get("location") == "querystring"
              and value.get(k) is not None and suite["shapes"][t["shape"]]["type"] != "map"}
    return {k: {x: y for x, y in v.items() if x not in single}
            if members.get(k, {}).get("location") == "querystring" and isinstance(v, dict) else v
            for k, v in value.items()}


def unsaid(member, value):
    """In a query or in headers an empty list or map leaves no trace."""
    return member.get("location") in ("querystring", "header", "headers") and value in ([], {})


def plain(suite, reference, value):
    """A parameter or result as the driver states it: blobs as base64, floats as floats."""
    shape = suite["shapes"][reference["shape"]]
    kind = shape["type"]
    if value is None:
        return None
    if kind == "structure" and shape.get("document"):
        return value
    if kind == "structure":
        members = shape["members"]
        return {k: plain(suite, members[k], v) for k, v in said_once(suite, members, value).items()
                if v is not None and k in members and not unsaid(members[k], v)}
    if kind == "list":
        return [plain(suite, shape["member"], v) for v in value]
    if kind == "map":
        return {k: plain(suite, shape["value"], v) for k, v in value.items()}
    if kind == "blob":
        data = value.encode("utf-8") if isinstance(value, str) else value
        return base64.b64encode(data).decode()
    if kind in ("float", "double"):
        value = float(value)
        return value if math.isfinite(value) else {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if kind == "timestamp":
        return float(value)
    if reference.get("jsonvalue") or shape.get("jsonvalue"):
        return value if isinstance(value, str) else json.dumps(value)
    return value


def same(a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, float) and isinstance(b, (int, float)):
        return abs(a - b) <= 1e-6 * max(1, abs(a))
    return a == b


def protocol_of(metadata):
    protocol = metadata["protocol"]
    return PROTOCOLS["json-" + metadata["jsonVersion"] if protocol == "json" else protocol]


# --- input: what clients send ---------------------------------------------------------------------------------

def input_line(name, suite, case):
    sent = case["serialized"]
    body = sent.get("body", "")
    cbor = suite["metadata"]["protocol"] == "smithy-rpc-v2-cbor"
    headers = sent.get("headers", {})
    pairs = [[k, v] for k, v in (headers.items() if isinstance(headers, dict) else headers)]
    return {"model": name, "operation": case["given"]["name"], "protocol": protocol_of(suite["metadata"]),
            "do": "decode", "method": sent.get("method", "POST"), "uri": sent.get("uri", "/"), "headers": pairs,
            "body": body if cbor else base64.b64encode(body.encode("utf-8")).decode()}


def drop_tokens(suite, reference, expected, got):
    """Clients fill idempotency tokens in; the parameters do not show it."""
    shape = suite["shapes"][reference["shape"]]
    for member, traits in shape.get("members", {}).items():
        if traits.get("idempotencyToken") and member not in expected and got.get(member) == IDEMPOTENCY_TOKEN:
            del got[member]


def check_input(suite, case, answer):
    if "params" not in answer:
        return "refused: %s" % answer
    reference = case["given"].get("input")
    if reference is None:
        return None if answer["params"] == {} else "decoded without input: %s" % answer["params"]
    expected = plain(suite, reference, case["params"])
    got = answer["params"]
    drop_tokens(suite, reference, expected, got)
    return None if same(expected, got) else "expected %s\n     got      %s" % (json.dumps(expected), json.dumps(got))


# --- output: what clients read --------------------------------------------------------------------------------

def output_line(name, suite, case):
    line = {"model": name, "operation": case["given"]["name"], "protocol": protocol_of(suite["metadata"])}
    if "error" not in case:
        reference = case["given"].get("output")
        params = plain(suite, reference, case["result"]) if reference else {}
        return dict(line, do="encode", params=params)
    for error in case["given"].get("errors", []):
        shape = suite["shapes"][error["shape"]]
        if case["errorCode"] in (error["shape"], shape.get("error", {}).get("code")):
            return dict(line, do="error", error=error["shape"], message=case.get("errorMessage"),
                        params=plain(suite, error, case["error"]))
    raise ValueError("no error of the model is called " + case["errorCode"])


def parse_with_botocore(suite, case, answer):
    from botocore.compat import HTTPHeaders
    from botocore.model import OperationModel, ServiceModel
    from botocore import parsers
    description = {k: v for k, v in suite.items() if k in ("metadata", "shapes")}
    given = copy.deepcopy(case["given"])
    if suite["metadata"]["protocol"] == "query" and "output" in given:
        # The suites leave out what every real model of this protocol says.
        given["output"].setdefault("resultWrapper", given["name"] + "Result")
    description["operations"] = {given["name"]: given}
    service = ServiceModel(copy.deepcopy(description))
    operation = OperationModel(given, service, given["name"])
    factory = parsers.ResponseParserFactory()
    factory.set_parser_defaults(timestamp_parser=timestamp)
    parser = factory.create_parser(suite["metadata"]["protocol"])
    ours = ("x-amzn-requestid", "x-amz-request-id") if "error" not in case else ()
    headers = HTTPHeaders.from_pairs([(k, v) for k, v in answer["headers"] if k.lower() not in ours])
    response = {"status_code": answer["status"], "headers": headers, "body": base64.b64decode(answer["body"]),
                "context": {}}
    parsed = parser.parse(response, operation.output_shape)
    if answer["status"] >= 300 and "Error" in parsed:
        shape = service.shape_for_error_code(parsed["Error"].get("Code", ""))
        if shape is None and "QueryErrorCode" in parsed["Error"]:
            shape = service.shape_for_error_code(parsed["Error"]["QueryErrorCode"])
        if shape is not None:
            parsed.update(parser.parse(response, shape))
    return parsed


def timestamp(value):
    from botocore.utils import parse_timestamp
    return parse_timestamp(value).timestamp()


def read_all(value):
    """What botocore leaves to be read: streaming bodies; bytes."""
    if isinstance(value, dict):
        return {k: read_all(v) for k, v in value.items()}
    if isinstance(value, list):
        return [read_all(v) for v in value]
    return value.read() if hasattr(value, "read") else value


def status_of(suite, case):
    """A client may be shown another status than the model's; a server knows only that one."""
    for error in case["given"].get("errors", []) if "error" in case else []:
        traits = suite["shapes"][error["shape"]].get("error", {})
        if case["errorCode"] in (error["shape"], traits.get("code")):
            return traits.get("httpStatusCode", case["response"]["status_code"])
    return case["response"]["status_code"]


def canonical(body):
    """The body without what is free to differ between two writers of the same answer."""
    text = body.decode("utf-8")
    if not text.lstrip().startswith("<"):
        return text
    # The suites' answers of the query protocol have a namespace that their models lack, and no request id.
    text = re.sub(r"<ResponseMetadata>.*</ResponseMetadata>", "", text)
    text = re.sub(r'^(<\w+Response) xmlns="[^"]*"', r"\1", text)
    return ElementTree.canonicalize(text, strip_text=True)


def is_vectors_own(case, answer):
    """True when our answer is the vector's response itself. Some of them botocore does not read rightly: lists of
    dates and of quoted strings in headers, a payload that is an absent union, a root element beside its shape."""
    headers = {k.lower(): v for k, v in answer["headers"]}
    wanted = {k.lower(): v for k, v in case["response"].get("headers", {}).items()}
    wanted.pop("content-length", None)
    return all(headers.get(k) == v for k, v in wanted.items()) and \
        canonical(base64.b64decode(answer["body"])) == canonical(case["response"].get("body", "").encode("utf-8"))


def check_output(suite, case, answer):
    if "status" not in answer:
        return "not encoded: %s" % answer
    if answer["status"] != status_of(suite, case):
        return "status %d instead of %d" % (answer["status"], status_of(suite, case))
    if suite["metadata"]["protocol"] != "smithy-rpc-v2-cbor" and is_vectors_own(case, answer):
        return None
    parsed = read_all(parse_with_botocore(suite, case, answer))
    parsed.pop("ResponseMetadata", None)
    parsed.pop("message", None) if "message" not in case.get("error", {}) else None
    if "error" in case:
        error = parsed.pop("Error")
        if error["Code"] != case["errorCode"] or error.get("Message", "") != case.get("errorMessage", ""):
            return "error read as %s" % error
        names = [e for e in case["given"]["errors"] if case["errorCode"] in (
            e["shape"], suite["shapes"][e["shape"]].get("error", {}).get("code"))]
        expected, reference = case["error"], names[0]
        parsed.pop("QueryErrorCode", None)
    else:
        expected, reference = case["result"], case["given"].get("output")
    if reference is None:
        return None if not parsed else "read from an empty answer: %s" % parsed
    expected = plain(suite, reference, expected)
    shape = suite["shapes"][reference["shape"]]
    if shape.get("payload") not in expected and parsed.get(shape.get("payload")) in (b"", ""):
        del parsed[shape["payload"]]  # botocore: no body is an empty body
    got = plain(suite, reference, parsed)
    return None if same(expected, got) else "expected %s\n     got      %s\n     answer   %s %s" % (
        expected, got, answer["headers"], base64.b64decode(answer["body"]))


# --- all of them ----------------------------------------------------------------------------------------------

def left_out():
    with open(os.path.join(ROOT, "tests", "README.md"), encoding="utf-8") as f:
        return set(re.findall(r"^\| `((?:input|output)/[^`]+)` \|", f.read(), re.M))


def compare(vectors, build):
    cases = []
    for side in ("input", "output"):
        for name, suite, path, _ in suites(vectors, side):
            for case in suite["cases"]:
                make = input_line if side == "input" else output_line
                key = "%s/%s/%s" % (side, os.path.basename(path)[:-5], case["id"])
                cases.append((key, side, suite, case, make(name, suite, case)))
    feed = "".join(json.dumps(c[4]) + "\n" for c in cases)
    run = subprocess.run([os.path.join(build, "vectors", "driver")], input=feed, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit("vectors: the driver failed\n" + run.stderr)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    skip, failed, passed, unneeded = left_out(), 0, 0, []
    for (key, side, suite, case, _), answer in zip(cases, answers, strict=True):
        try:
            problem = (check_input if side == "input" else check_output)(suite, case, answer)
        except Exception as e:  # botocore refuses an answer in many ways; each is a failed case
            problem = "%s: %s\n     answer   %s" % (type(e).__name__, e, answer)
        if key in skip:
            if problem is None:
                unneeded.append(key)
        elif problem is None:
            passed += 1
        else:
            failed += 1
            print("%s\n     %s" % (key, problem[:2000]))
    for key in unneeded:
        print("%s passes: strike it from tests/README.md" % key)
    print("vectors: %d passed, %d failed, %d left out" % (passed, failed, len(skip)))
    sys.exit(1 if failed or unneeded or skip - {c[0] for c in cases} else 0)


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in ("models", "compare"):
        sys.exit("usage:\n" + __doc__)
    (make_models if sys.argv[1] == "models" else compare)(sys.argv[2], sys.argv[3])
