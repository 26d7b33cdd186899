#!/usr/bin/env python3
"""Checks what the server answered during the SDK tests against AWS's models, and lists operations no test called.

Every answer of a traced run is read against the model that botocore has of its operation: members the model does not
know, values of the wrong type, enum values that do not exist and errors the operation does not declare are faults.
usage: trace.py TRACE.jsonl CADABRA   (the program, for the list of operations that have a handler)
"""

import collections
import json
import subprocess
import sys

import botocore.parsers
import botocore.session

# Errors that every operation may answer and no model declares.
COMMON = {
    "AccessDeniedException", "AccessDenied", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InternalFailure", "InvalidAction",
    "InvalidClientTokenId", "InvalidSignatureException", "MissingAction", "NotImplemented", "RequestEntityTooLarge", "RequestEntityTooLargeException", "RequestExpired",
    "SerializationException", "SignatureDoesNotMatch", "UnknownOperationException", "UnrecognizedClientException", "ValidationError",
    "ValidationException", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "ThrottlingException", "MalformedInput",
    "InvalidParameterValue", "InvalidParameterCombination", "MissingParameter",
}
# The model of S3 declares a handful of the hundred errors that its pages list; SQS, CloudWatch and Glue (UpdatePartition) answer
# some of their own in more operations than declare them.
UNDECLARED = {
    "s3": None,
    "sqs": {"InvalidAttributeName"},
    "cloudwatch": {"DashboardNotFoundError", "InvalidParameterValueException"},
    "glue": {"AlreadyExistsException"},
}
SCALARS = {"string": str, "integer": int, "long": int, "boolean": bool, "double": (int, float), "float": (int, float),
           "timestamp": (int, float), "blob": str}


class Checker:
    def __init__(self):
        self.session = botocore.session.get_session()
        self.models, self.faults, self.seen = {}, collections.Counter(), set()

    def model(self, service):
        if service not in self.models:
            self.models[service] = self.session.get_service_model(service)
        return self.models[service]

    def fault(self, where, text):
        self.faults[f"{where}: {text}"] += 1

    def shape(self, shape, value, where, path):
        """JSON against a shape, as it stands on the wire."""
        if value is None:
            return
        kind = shape.type_name
        if kind == "structure":
            if getattr(shape, "is_document_type", False):
                return
            if not isinstance(value, dict):
                return self.fault(where, f"{path} is {type(value).__name__}, not a structure")
            known = {m.serialization.get("name", n): m for n, m in shape.members.items()}
            for name, inner in value.items():
                if name not in known:
                    self.fault(where, f"{path}.{name} is not in the model")
                else:
                    self.shape(known[name], inner, where, f"{path}.{name}")
        elif kind == "list":
            if not isinstance(value, list):
                return self.fault(where, f"{path} is no list")
            for inner in value:
                self.shape(shape.member, inner, where, f"{path}[]")
        elif kind == "map":
            if not isinstance(value, dict):
                return self.fault(where, f"{path} is no map")
            for inner in value.values():
                self.shape(shape.value, inner, where, f"{path}{{}}")
        else:
            self.scalar(shape, kind, value, where, path)

    def scalar(self, shape, kind, value, where, path):
        if not isinstance(value, SCALARS[kind]) or (kind in ("integer", "long") and isinstance(value, bool)):
            self.fault(where, f"{path} is {type(value).__name__}, not {kind}")
        elif kind == "string" and shape.enum and value not in shape.enum:
            self.fault(where, f"{path} is {value!r}, not one of {shape.enum}")

    def answer(self, line):
        service, name = line["service"], line["operation"]
        where = f"{service}.{name}"
        operation = self.model(service).operation_model(name)
        response = line["response"]
        if response["status"] >= 300:
            return self.error(line, operation, where)
        self.seen.add(where)
        protocol, output = line["protocol"], operation.output_shape
        if not output or response.get("truncated") or "body" not in response:
            return
        if protocol.startswith("json") or (protocol == "rest-json" and "payload" not in output.serialization):
            body = json.loads(response["body"]) if response["body"] else {}
            self.shape(output, body, where, "")
        elif protocol == "query" and response["body"].startswith("{"):
            json.loads(response["body"])  # for who asks for JSON: no client of AWS's does
        elif protocol == "query":
            self.parsed(operation, line, where)

    def parsed(self, operation, line, where):
        """XML is read by botocore itself; what it can't read is a fault."""
        response = line["response"]
        parser = botocore.parsers.create_parser(line["protocol"])
        try:
            parser.parse({"status_code": response["status"], "headers": dict(response["headers"]), "body": response["body"].encode()},
                         operation.output_shape)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is a fault of the answer
            self.fault(where, f"botocore can't read the answer: {problem}")

    def error(self, line, operation, where):
        code = line.get("error")
        declared = {e.error_code for e in operation.error_shapes} | {e.name for e in operation.error_shapes}
        more = UNDECLARED.get(where.split(".")[0], set())
        if more is not None and code not in declared | COMMON | more:
            self.fault(where, f"error {code} is not declared")


def handled(program):
    """service.Operation of everything that has a handler."""
    listing = subprocess.run([program, "ops"], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in listing.splitlines())
    return {row[1].replace(":", ".") for row in rows if row[0] == "works"}


def main(trace, program):
    checker, answers = Checker(), 0
    with open(trace, encoding="utf-8") as lines:
        for text in lines:
            line = json.loads(text)
            if "operation" in line:
                answers += 1
                checker.answer(line)
    for text, count in sorted(checker.faults.items()):
        print(f"{text} ({count}x)")
    missed = sorted(handled(program) - checker.seen)
    if missed:
        print(f"operations that no test saw succeed: {', '.join(missed)}")
    print(f"trace: {answers} answers of {len(checker.seen)} operations checked, {len(checker.faults)} faults")
    return 1 if checker.faults or not answers else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
