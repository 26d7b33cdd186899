"""A transformation of Firehose: lines of Apache's access log become documents; what is no such line has failed."""

import base64
import datetime
import json
import re

LINE = re.compile(r'^([\d.]+) (\S+) (\S+) \[([\w:/]+\s[\+\-]\d{4})\] "(.+?)" (\d{3}) (\d+)')


def document(line):
    found = LINE.match(line)
    if not found:
        return None
    host, ident, user, time, request, response, size = found.groups()
    at = datetime.datetime.strptime(time, "%d/%b/%Y:%H:%M:%S %z")
    return {
        "host": host,
        "ident": ident,
        "authuser": user,
        "@timestamp": at.isoformat(),
        "request": request,
        "response": int(response),
        "bytes": int(size),
    }


def lambda_handler(event, context):
    answers = []
    for record in event["records"]:
        found = document(base64.b64decode(record["data"]).decode())
        if found:
            data = base64.b64encode((json.dumps(found) + "\n").encode()).decode()
            answers.append({"recordId": record["recordId"], "result": "Ok", "data": data})
        else:
            answers.append({"recordId": record["recordId"], "result": "ProcessingFailed", "data": record["data"]})
    return {"records": answers}
