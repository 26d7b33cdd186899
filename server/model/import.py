#!/usr/bin/env python3
"""Turns a public AWS API model (botocore's service-2.json) into a .model file.

    import.py SOURCE NAME > server/model/NAME.model
    import.py SOURCE NAME OLDER > server/model/NAME.model
    import.py --suite FILE INDEX NAME > NAME.model      one suite of a protocol test file
    import.py --suites FILE NAME DIRECTORY              all of them: DIRECTORY/NAME_<index>.model

SOURCE is a service-2.json (or .json.gz), or the name of a service in the botocore that Python finds.
OLDER is the model of a service (SQS) from before it moved from the query protocol to JSON: it alone
knows the names of members, the wrappers and the error codes of the query protocol.
A .model keeps the facts that decode, validate and encode requests, and none of the prose. README.md
beside this file describes the format. The same input always gives the same output, byte for byte.
"""

import gzip
import json
import os
import sys

PROTOCOLS = {"query": "query", "rest-json": "rest-json", "rest-xml": "rest-xml",
             "smithy-rpc-v2-cbor": "rpc-v2-cbor"}
TIMESTAMPS = {"unixTimestamp": "unix", "iso8601": "iso8601", "rfc822": "http"}
LOCATIONS = {"header": "header", "headers": "headers", "uri": "uri", "querystring": "query",
             "statusCode": "status"}
KINDS = {"structure", "list", "map", "string", "blob", "boolean", "integer", "long", "float", "double",
         "timestamp"}
SMALL_INTEGERS = {"byte", "short"}


def fail(text):
    sys.exit("import.py: " + text)


def word(text):
    """A word of a line: it ends at a space, so it must not hold one."""
    text = str(text)
    if not text or any(c.isspace() for c in text):
        fail("not one word: %r" % text)
    return text


def line_rest(text):
    """What stands as it is up to the end of its line."""
    if not text or text != text.strip() or not text.isprintable():
        fail("cannot stand on a line of its own: %r" % text)
    return text


def whole(number):
    if number != int(number):
        fail("a bound is not a whole number: %r" % number)
    return int(number)


def xml_words(traits):
    namespace = traits.get("xmlNamespace")
    if not namespace:
        return []
    if isinstance(namespace, str):
        return ["xmlns=" + word(namespace)]
    words = ["xmlns=" + word(namespace["uri"])]
    if namespace.get("prefix"):
        words.append("xmlprefix=" + word(namespace["prefix"]))
    return words


def timestamp_words(traits):
    return ["timestamp=" + TIMESTAMPS[traits["timestampFormat"]]] if "timestampFormat" in traits else []


def member_line(name, member, required):
    words = [word(name), word(member["shape"])]
    if name in required:
        words.append("required")
    location = member.get("location")
    wire = member.get("locationName")
    if location == "statusCode":
        words.append("status")
    elif location == "headers":  # the prefix may be empty: all headers
        words.append("headers=" + (word(wire) if wire else ""))
    elif location:
        words.append(LOCATIONS[location] + "=" + word(wire or name))
    elif wire and wire != name:
        words.append("wire=" + word(wire))
    if member.get("queryName"):
        words.append("queryname=" + word(member["queryName"]))
    words += xml_words(member) + timestamp_words(member)
    for trait, mark in (("flattened", "flattened"), ("xmlAttribute", "xmlattribute"),
                        ("jsonvalue", "jsonvalue"), ("idempotencyToken", "idempotency"),
                        ("streaming", "streaming"), ("eventpayload", "eventpayload"),
                        ("eventheader", "eventheader")):
        if member.get(trait):
            words.append(mark)
    return "    " + " ".join(words)


def error_words(shape):
    """Status and side of an error, and the code where it is not the name."""
    error = shape.get("error", {})
    fault = bool(shape.get("fault"))
    status = error.get("httpStatusCode", 500 if fault else 400)
    words = ["error", "status=%d" % status]
    if not error.get("senderFault", status < 500 and not fault):
        words.append("fault")
    if error.get("code"):
        words.append("code=" + word(error["code"]))
    return words


def shape_head(name, shape, operation_traits):
    kind = shape["type"]
    if kind in SMALL_INTEGERS:
        kind = "integer"
    elif kind == "character":
        kind = "string"
    if shape.get("document"):
        return "document " + word(name)
    if kind not in KINDS:
        fail("shape %s has the unknown type %s" % (name, kind))
    words = [kind, word(name)]
    if shape.get("exception") or "error" in shape:
        words += error_words(shape)
    words += ["%s=%d" % (bound, whole(shape[bound])) for bound in ("min", "max") if bound in shape]
    traits = dict(shape, **operation_traits.get(name, {}))
    if traits.get("locationName"):
        words.append("wire=" + word(traits["locationName"]))
    words += xml_words(traits) + timestamp_words(shape)
    if shape.get("payload"):
        words.append("payload=" + word(shape["payload"]))
    for trait in ("union", "flattened", "sparse", "streaming", "eventstream", "event", "sensitive"):
        if shape.get(trait):
            words.append(trait)
    return " ".join(words)


def shape_lines(name, shape, operation_traits):
    lines = [shape_head(name, shape, operation_traits)]
    kind = shape["type"]
    if kind == "structure" and not shape.get("document"):
        required = set(shape.get("required", []))
        for member, traits in shape.get("members", {}).items():
            lines.append(member_line(member, traits, required))
    elif kind == "list":
        lines.append(member_line("member", shape["member"], ()))
    elif kind == "map":
        lines.append(member_line("key", shape["key"], ()))
        lines.append(member_line("value", shape["value"], ()))
    if shape.get("pattern"):
        lines.append("    pattern " + line_rest(shape["pattern"]))
    lines += ["    enum " + line_rest(value) for value in shape.get("enum", [])]
    return lines


def operation_lines(operation):
    http = operation.get("http", {})
    lines = ["operation %s %s %s" % (word(operation["name"]), http.get("method", "POST"),
                                     word(http.get("requestUri", "/")))]
    if http.get("responseCode", 200) != 200:
        lines.append("    status %d" % http["responseCode"])
    for side in ("input", "output"):
        if side in operation:
            lines.append("    %s %s" % (side, word(operation[side]["shape"])))
    wrapper = operation.get("output", {}).get("resultWrapper")
    if wrapper:
        lines.append("    wrapper " + word(wrapper))
    if operation.get("authtype") == "none":
        lines.append("    unsigned")
    if operation.get("unsignedPayload") or operation.get("authtype") == "v4-unsigned-body":
        lines.append("    unsigned-payload")
    if operation.get("httpChecksumRequired") or operation.get("httpChecksum", {}).get("requestChecksumRequired"):
        lines.append("    checksum-required")
    errors = [word(e["shape"]) for e in operation.get("errors", [])]
    if errors:
        lines.append("    errors " + " ".join(errors))
    return lines


def protocol_words(metadata):
    words = []
    for protocol in metadata.get("protocols") or [metadata["protocol"]]:
        if protocol == "json":
            words.append("json-" + metadata.get("jsonVersion", "1.0"))
        elif protocol in PROTOCOLS:
            words.append(PROTOCOLS[protocol])
        else:
            fail("unknown protocol %s" % protocol)
    return words


def head_lines(name, metadata):
    lines = ["service " + word(name)]
    for key, value in (("api-version", metadata.get("apiVersion")),
                       ("scope", metadata.get("signingName") or metadata.get("endpointPrefix")),
                       ("target-prefix", metadata.get("targetPrefix"))):
        if value:
            lines.append("%s %s" % (key, word(value)))
    namespace = metadata.get("xmlNamespace")
    if namespace:
        lines.append("xmlns " + word(namespace["uri"] if isinstance(namespace, dict) else namespace))
    lines.append("protocol " + " ".join(protocol_words(metadata)))
    if "awsQueryCompatible" in metadata:
        lines.append("query-compatible")
    return lines


def spread_traits(shapes):
    """Some traits stand now at a shape, now at a member, and say how the member travels: there they belong."""
    for trait in ("jsonvalue", "streaming"):
        marked = {name for name, shape in shapes.items() if shape.get(trait)}
        for shape in shapes.values():
            for traits in shape.get("members", {}).values():
                if traits["shape"] in marked:
                    traits[trait] = True


def model_text(name, model):
    shapes = model["shapes"]
    spread_traits(shapes)
    # REST-XML states the root element of a request at the operation; its input has no other use.
    operation_traits = {}
    for operation in model["operations"].values():
        traits = {k: v for k, v in operation.get("input", {}).items() if k in ("locationName", "xmlNamespace")}
        if traits:
            operation_traits[operation["input"]["shape"]] = traits
    blocks = ["\n".join(head_lines(name, model["metadata"]))]
    for key in sorted(model["operations"]):
        blocks.append("\n".join(operation_lines(model["operations"][key])))
    for key in sorted(shapes):
        blocks.append("\n".join(shape_lines(key, shapes[key], operation_traits)))
    return "\n\n".join(blocks) + "\n"


def member_lists(shape):
    """Each member of a structure, list or map as (name, traits)."""
    yield from shape.get("members", {}).items()
    yield from ((name, shape[name]) for name in ("member", "key", "value") if name in shape)


def add_query_facts(model, older):
    """What only the older model, of the time of the query protocol, still says."""
    for name, old in older["shapes"].items():
        shape = model["shapes"].get(name, {})
        traits = dict(member_lists(shape))
        for member, old_traits in member_lists(old):
            # On a shape it names all members of that shape.
            wire = old_traits.get("locationName") or older["shapes"][old_traits["shape"]].get("locationName")
            if member in traits and wire and wire != traits[member].get("locationName", member):
                traits[member]["queryName"] = wire
        if "error" in old and shape:
            shape["error"] = old["error"]
    for name, old in older["operations"].items():
        output = model["operations"].get(name, {}).get("output")
        if output and "resultWrapper" in old.get("output", {}):
            output["resultWrapper"] = old["output"]["resultWrapper"]


def open_model(source):
    if not os.path.exists(source):
        import botocore
        base = os.path.join(os.path.dirname(botocore.__file__), "data", source)
        if not os.path.isdir(base):
            fail("neither a file nor a service of botocore: " + source)
        source = os.path.join(base, max(os.listdir(base)), "service-2.json")
        if not os.path.exists(source):
            source += ".gz"
    with (gzip.open if source.endswith(".gz") else open)(source, "rt", encoding="utf-8") as f:
        return json.load(f)


def suite_model(suite):
    """A suite of a protocol test file holds shapes, and its operations inside the cases."""
    operations = {}
    for case in suite["cases"]:
        given = {k: v for k, v in case["given"].items() if k != "documentation"}
        if operations.setdefault(given["name"], given) != given:
            fail("two cases give different operations of the name " + given["name"])
    return {"metadata": suite["metadata"], "shapes": suite["shapes"], "operations": operations}


def main(arguments):
    if len(arguments) == 4 and arguments[0] in ("--suite", "--suites"):
        with open(arguments[1], encoding="utf-8") as f:
            suites = json.load(f)
        if arguments[0] == "--suite":
            sys.stdout.write(model_text(arguments[3], suite_model(suites[int(arguments[2])])))
            return
        for index, suite in enumerate(suites):
            name = "%s_%d" % (arguments[2], index)
            with open(os.path.join(arguments[3], name + ".model"), "w", encoding="utf-8") as out:
                out.write(model_text(name, suite_model(suite)))
    elif len(arguments) in (2, 3) and not arguments[0].startswith("--"):
        model = open_model(arguments[0])
        if len(arguments) == 3:
            add_query_facts(model, open_model(arguments[2]))
        sys.stdout.write(model_text(arguments[1], model))
    else:
        fail("usage:\n" + __doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
