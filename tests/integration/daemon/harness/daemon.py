"""The daemon as a child process."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

from harness import processes
from harness.api import Api
from harness.hosts import BINARY_DIR
from harness.waiting import wait_until

_READY_TIMEOUT = 60  # a new embedded driver first finds out what QEMU can do
_STOP_TIMEOUT = 30


class Daemon:
    """One process of cocos-manager on a host. Create with start()."""

    def __init__(self, host, program=BINARY_DIR / "bin/cocos-manager", **environment):
        self.host = host
        self._program = program
        self.environment = host.environment() | {
            name: str(value) for name, value in environment.items()}
        self.log_path = host.root / f"manager-{time.monotonic_ns()}.log"
        self._process = None
        self.api = Api(f"127.0.0.1:{self.environment['MANAGER_GRPC_PORT']}")

    def start(self, wait=True):
        """Starts the process and, unless told otherwise, waits until it is ready."""
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("MANAGER_", "COCOS_"))}
        with open(self.log_path, "ab") as log:
            self._process = subprocess.Popen(
                [self._program], env=environment | self.environment,
                cwd=self.host.root, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if wait:
            self.wait_ready()
        return self

    @property
    def pid(self):
        return self._process.pid

    @property
    def status(self):
        """Exit status, negative for a signal; None while it runs."""
        return self._process.poll() if self._process else None

    def is_running(self):
        return self._process is not None and self._process.poll() is None

    def wait_ready(self, timeout=_READY_TIMEOUT):
        def ready():
            if not self.is_running():
                raise AssertionError(f"the daemon ended with status {self.status}:\n{self.log()}")
            return self.http_status("/ready") == 200
        wait_until(ready, "the daemon is ready", timeout)

    def wait_ended(self, timeout=_STOP_TIMEOUT):
        """Exit status once the process has ended."""
        return self._process.wait(timeout)

    def signal(self, number):
        self._process.send_signal(number)

    def stop(self):
        """SIGTERM; the exit status."""
        if self.is_running():
            self.signal(signal.SIGTERM)
        return self.wait_ended()

    def kill(self):
        """SIGKILL, as a crash would end it."""
        if self.is_running():
            self.signal(signal.SIGKILL)
        return self.wait_ended()

    def end(self):
        """Whatever its state, it is gone afterwards."""
        if not self.is_running():
            return
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()

    def http(self, path):
        """(status, body) of a GET on the daemon's HTTP port."""
        url = f"http://127.0.0.1:{self.environment['MANAGER_HTTP_PORT']}{path}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def http_status(self, path):
        try:
            return self.http(path)[0]
        except OSError:  # nobody listens yet
            return None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_records(self):
        """The log's JSON lines."""
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]
