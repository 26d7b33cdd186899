"""Runs a Python function behind the Lambda Runtime API.

Written by cadabra into LAMBDA_RUNTIME_DIR and started as `python -u bootstrap.py`. It loads the
handler named by _HANDLER, then asks for events and answers them one at a time, with the error
shapes and log lines of AWS's own Python runtime. Only the standard library is used, and of that
only what starts quickly: the HTTP client is a bare socket.
"""

import decimal
import importlib
import importlib.machinery
import json
import logging
import os
import re
import socket
import sys
import time
import traceback

API = "/2018-06-01/runtime"
ESCAPES_NON_ASCII = os.environ.get("AWS_EXECUTION_ENV", "") in {
    "AWS_Lambda_python3.%d" % minor for minor in range(6, 12)
} | {"AWS_Lambda_python2.7"}


class Fault(Exception):
    """An error of the runtime's own, as opposed to one that the function raised."""

    def __init__(self, kind, message, trace=None):
        super().__init__(message)
        self.kind = "Runtime." + kind
        self.message = message
        self.trace = trace


class RuntimeClient:
    """One persistent HTTP/1.1 connection to the Runtime API."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.address = (host, int(port))
        self.head = "Host: %s\r\n" % address
        self.stream = None

    def request(self, method, path, body=b"", headers=""):
        message = "%s %s%s HTTP/1.1\r\n%s%sContent-Length: %d\r\n\r\n" % (
            method, API, path, self.head, headers, len(body))
        message = message.encode("latin-1", "replace") + body
        for attempt in (1, 2):
            if self.stream is None:
                sock = socket.create_connection(self.address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.stream = sock.makefile("rwb")
                sock.close()
            try:
                self.stream.write(message)
                self.stream.flush()
                line = self.stream.readline(4096)
                if line:
                    return self.read_answer(line)
            except OSError:
                if attempt == 2:
                    raise
            self.stream = None  # an idle connection was closed: once more on a new one
        raise ConnectionError("the Runtime API does not answer")

    def read_answer(self, status_line):
        headers = {}
        while True:
            line = self.stream.readline(65536).strip()
            if not line:
                break
            name, _, value = line.partition(b":")
            headers[name.decode("latin-1").lower()] = value.strip().decode("utf-8", "replace")
        body = self.stream.read(int(headers.get("content-length", "0")))
        return int(status_line.split(b" ", 2)[1]), headers, body

    def next(self):
        while True:
            status, headers, body = self.request("GET", "/invocation/next")
            if status == 200:
                return headers, body
            if status != 202:
                raise ConnectionError("the Runtime API answered %d" % status)

    def respond(self, request_id, body, content_type):
        # Too large a response is the caller's news, not ours: the answer need not be looked at.
        self.request("POST", "/invocation/%s/response" % request_id, body,
                     "Content-Type: %s\r\n" % content_type)

    def fail(self, path, error):
        kind = re.sub("[^ -~]", "?", error["errorType"])
        self.request("POST", path, to_json(error),
                     "Content-Type: application/json\r\n"
                     "Lambda-Runtime-Function-Error-Type: %s\r\n" % kind)


def to_json(value):
    """JSON as AWS's runtime writes it: Decimal becomes a number, NaN stays NaN."""
    decimals = []

    def other(obj):
        if isinstance(obj, decimal.Decimal):
            if obj.is_nan():
                return float("nan")
            decimals.append(str(obj))
            return "\x00decimal %d\x00" % (len(decimals) - 1)
        raise TypeError("Object of type %s is not JSON serializable" % type(obj).__name__)

    text = json.dumps(value, ensure_ascii=ESCAPES_NON_ASCII, default=other)
    if decimals:
        text = re.sub(r'"\\u0000decimal (\d+)\\u0000"', lambda m: decimals[int(m[1])], text)
    return text.encode("utf-8", "surrogatepass")


class Record:
    """A plain object whose absent attributes are None."""

    def __init__(self, **fields):
        self.__dict__.update(fields)


class LambdaContext:
    def __init__(self, headers):
        env = os.environ.get
        self.aws_request_id = headers.get("lambda-runtime-aws-request-id")
        self.log_group_name = env("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = env("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = env("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = env("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        self.client_context = self.read_client_context(headers)
        identity = self.read_json(headers, "lambda-runtime-cognito-identity",
                                  "Cognito Identity") or {}
        self.identity = Record(cognito_identity_id=identity.get("cognitoIdentityId"),
                               cognito_identity_pool_id=identity.get("cognitoIdentityPoolId"))
        self._deadline_ms = int(headers.get("lambda-runtime-deadline-ms", "0"))

    @staticmethod
    def read_json(headers, name, title):
        text = headers.get(name)
        if not text:
            return None
        try:
            return json.loads(text)
        except ValueError as e:
            raise Fault("LambdaContextUnmarshalError",
                        "Unable to parse %s JSON: %s" % (title, e)) from None

    @classmethod
    def read_client_context(cls, headers):
        fields = cls.read_json(headers, "lambda-runtime-client-context", "Client Context")
        if fields is None:
            return None
        client = fields.get("client")
        if client is not None:
            names = ("installation_id", "app_title", "app_version_name", "app_version_code",
                     "app_package_name")
            client = Record(**{name: client.get(name) for name in names})
        return Record(custom=fields.get("custom"), env=fields.get("env"), client=client)

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        shown = ("aws_request_id", "log_group_name", "log_stream_name", "function_name",
                 "memory_limit_in_mb", "function_version", "invoked_function_arn",
                 "client_context", "identity", "tenant_id")
        return "LambdaContext([%s])" % ",".join(
            "%s=%s" % (name, getattr(self, name)) for name in shown)


class EndpointFinder:
    """Teaches botocore before 1.31 (Debian 12 has 1.26) what AWS_ENDPOINT_URL means.

    Without that a function's calls would go to AWS itself. It waits in sys.meta_path for the import
    of botocore.session, and is gone after that.
    """

    def find_spec(self, name, path, target=None):
        if name != "botocore.session":
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            load = spec.loader.exec_module
            spec.loader.exec_module = lambda module: (load(module), self.patch(module))[0]
        return spec

    @staticmethod
    def patch(module):
        version = sys.modules["botocore"].__version__.split(".")
        if (int(version[0]), int(version[1])) >= (1, 31):
            return
        create_client = module.Session.create_client

        def create(self, service_name, region_name=None, api_version=None, use_ssl=True,
                   verify=None, endpoint_url=None, **more):
            name = "AWS_ENDPOINT_URL_" + service_name.upper().replace("-", "_").replace(" ", "_")
            endpoint = endpoint_url or os.environ.get(name) or os.environ.get("AWS_ENDPOINT_URL")
            return create_client(self, service_name, region_name, api_version, use_ssl, verify,
                                 endpoint, **more)

        module.Session.create_client = create


def load_handler(name):
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        raise Fault("MalformedHandlerName",
                    "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % name)
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("BuiltInModuleConflict",
                    "Cannot use built-in module %s as a handler module" % module_name)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as e:
        raise Fault("ImportModuleError",
                    "Unable to import module '%s': %s" % (module_name, e)) from None
    except SyntaxError as e:
        raise Fault("UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, e),
                    ['  File "%s" Line %s\n    %s' % (e.filename, e.lineno, e.text)]) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise Fault("HandlerNotFound", "Handler '%s' missing on module '%s'" %
                    (function_name, module_name)) from None


def describe_error(request_id):
    """The exception that is being handled, as the caller of the function shall see it."""
    kind, value, tb = sys.exc_info()
    if isinstance(value, Fault):
        kind_name, message, trace = value.kind, value.message, value.trace or []
    else:
        frames = traceback.extract_tb(tb)
        while frames and frames[0].filename == __file__:
            frames.pop(0)
        frames = [(f.filename, f.lineno, f.name, f.line) for f in frames
                  if not f.filename.startswith("<frozen importlib")]
        kind_name, message, trace = kind.__name__, str(value), traceback.format_list(frames)
    return {"errorMessage": message, "errorType": kind_name, "requestId": request_id,
            "stackTrace": trace}


def log_error(error):
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        shown = {"timestamp": stamp, "log_level": "ERROR", "errorMessage": error["errorMessage"],
                 "errorType": error["errorType"], "requestId": error["requestId"],
                 "stackTrace": error["stackTrace"]}
        sys.stdout.write(json.dumps(shown) + "\n")
        return
    # Carriage returns keep the trace one log event; the indent is kept by no-break spaces.
    lines = ["[ERROR] %s: %s" % (error["errorType"], error["errorMessage"]),
             "Traceback (most recent call last):"]
    for element in error["stackTrace"]:
        for line in element.splitlines():
            text = line.lstrip(" ")
            lines.append("\u00a0" * (len(line) - len(text)) + text)
    sys.stdout.write("\r".join(lines).replace("\n", "\r") + "\n")


class LogFilter(logging.Filter):
    request_id = ""

    def filter(self, record):
        record.aws_request_id = self.request_id
        return True


class LogHandler(logging.Handler):
    def emit(self, record):
        sys.stdout.write(self.format(record).rstrip("\n").replace("\n", "\r") + "\n")


class JsonFormatter(logging.Formatter):
    """One object a line, as the log format JSON wants it."""

    OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "aws_request_id"}

    def format(self, record):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        shown = {"timestamp": stamp, "level": record.levelname, "message": record.getMessage(),
                 "logger": record.name, "requestId": record.aws_request_id}
        if record.exc_info:
            kind, value, trace = record.exc_info
            shown.update(errorType=kind.__name__, errorMessage=str(value),
                         stackTrace=traceback.format_tb(trace),
                         location="%s:%s:%d" % (record.pathname, record.funcName, record.lineno))
        for key, value in vars(record).items():
            if key not in self.OWN:
                shown[key] = value
        return json.dumps({k: v for k, v in shown.items() if v is not None}, default=str)


def set_up_logging():
    logging.Formatter.converter = time.gmtime
    handler = LogHandler()
    as_json = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
    if as_json:
        names = {"TRACE": "DEBUG", "WARN": "WARNING", "FATAL": "CRITICAL"}
        level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO")
        logging.getLogger().setLevel(names.get(level, level))
    handler.setFormatter(JsonFormatter() if as_json else logging.Formatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n",
        "%Y-%m-%dT%H:%M:%S"))
    log_filter = LogFilter()
    handler.addFilter(log_filter)
    logging.getLogger().addHandler(handler)
    return log_filter


def handle(handler, headers, body):
    try:
        event = json.loads(body)
    except ValueError as e:
        raise Fault("UnmarshalError", "Unable to unmarshal input: %s" % e) from None
    result = handler(event, LambdaContext(headers))
    if isinstance(result, bytes):
        return result, "application/unknown"
    try:
        return to_json(result), "application/json"
    except Exception as e:
        raise Fault("MarshalError", "Unable to marshal response: %s" % e) from None


def serve(client, handler, log_filter):
    while True:
        headers, body = client.next()
        request_id = headers["lambda-runtime-aws-request-id"]
        log_filter.request_id = request_id
        if "lambda-runtime-trace-id" in headers:
            os.environ["_X_AMZN_TRACE_ID"] = headers["lambda-runtime-trace-id"]
        try:
            result, content_type = handle(handler, headers, body)
            client.respond(request_id, result, content_type)
        except Exception:
            error = describe_error(request_id)
            log_error(error)
            client.fail("/invocation/%s/error" % request_id, error)


def main():
    root = os.environ["LAMBDA_TASK_ROOT"]
    sys.path[0] = root  # where this file's own folder stood
    sys.meta_path.insert(0, EndpointFinder())
    client = RuntimeClient(os.environ["AWS_LAMBDA_RUNTIME_API"])
    log_filter = set_up_logging()
    try:
        handler = load_handler(os.environ["_HANDLER"])
    except Exception:
        error = describe_error("")
        log_error(error)
        client.fail("/init/error", error)
        sys.exit(1)
    serve(client, handler, log_filter)


if __name__ == "__main__":
    main()
