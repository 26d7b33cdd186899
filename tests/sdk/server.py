"""Starts and stops the real binary for tests, on a free port with a data directory of its own."""

import os
import pathlib
import re
import signal
import subprocess
import threading

TOP = pathlib.Path(__file__).resolve().parents[2]


def binary():
    """The build under test: $CADABRA_BINARY, else the sanitized build, else the debug one."""
    named = os.environ.get("CADABRA_BINARY")
    if named:
        return pathlib.Path(named)
    for kind in ("asan", "debug", "release"):
        path = TOP / "build" / kind / "cadabra"
        if path.exists():
            return path
    raise RuntimeError("no cadabra in build/: run make first")


class Server:
    """One running cadabra. `log` is its standard error; stop() demands a clean exit."""

    def __init__(self, data, *arguments, log=None, env=None, port=0, program=None):
        self.data = pathlib.Path(data)
        self.log = pathlib.Path(log) if log else self.data.with_suffix(".log")
        self.output = []
        self._log_file = open(self.log, "ab")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CADABRA_"))}
        environment.update(env or {})
        self.process = subprocess.Popen(
            [str(program or binary()), "--port", str(port), "--data", str(self.data), *arguments],
            stdout=subprocess.PIPE,
            stderr=self._log_file,
            text=True,
            env=environment,
        )
        self.port = None
        for line in self.process.stdout:
            self.output.append(line)
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found.group(1))
            if line.strip() == "Ready.":
                break
        else:
            self.process.wait()
            raise RuntimeError(f"cadabra did not start:\n{self.log.read_text()}")
        # Whatever else it prints must not fill the pipe.
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self):
        for line in self.process.stdout:
            self.output.append(line)

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def resident_kib(self):
        """Resident memory now, and the most there ever was."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return tuple(int(re.search(rf"^{key}:\s+(\d+)", status, re.M).group(1)) for key in ("VmRSS", "VmHWM"))

    def kill(self):
        """What a power cut of the process looks like."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._log_file.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=300)
        self._log_file.close()
        if code != 0:
            raise RuntimeError(f"cadabra ended with {code}:\n{self.log.read_text()[-8000:]}")
