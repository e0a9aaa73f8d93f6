"""The command-line client and the test computation service as child processes."""

import json
import pathlib
import shutil
import subprocess
import tempfile

from harness.hosts import BINARY_DIR
from harness.waiting import wait_until


class Cvmctl:
    def __init__(self, address):
        self._command = [BINARY_DIR / "bin/cvmctl", "--manager", address, "--output", "json"]

    def run(self, *arguments, timeout=120):
        """Standard output; fails with what it complained about."""
        done = subprocess.run([*self._command, *map(str, arguments)], capture_output=True,
                              text=True, timeout=timeout)
        if done.returncode != 0:
            raise AssertionError(f"cvmctl {arguments[0]}: status {done.returncode}: {done.stderr}")
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.run(*arguments))

    def json_lines(self, *arguments):
        return [json.loads(line) for line in self.run(*arguments).splitlines()]

    def start(self, *arguments):
        """A process that goes on; its output goes nowhere."""
        return subprocess.Popen([*self._command, *map(str, arguments)],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class LineProgram:
    """A program that prints one JSON object a line, kept for looking at."""

    def __init__(self, path, *command):
        self._path = path
        with open(path, "wb") as output:
            self._process = subprocess.Popen([str(part) for part in command], stdout=output,
                                             stderr=subprocess.STDOUT, stdin=subprocess.PIPE,
                                             text=True)

    def command(self, words):
        """Writes a line to its standard input."""
        self._process.stdin.write(words + "\n")
        self._process.stdin.flush()

    def lines(self):
        text = self._path.read_text(errors="replace")
        complete = text[: text.rfind("\n") + 1]
        return [json.loads(line) for line in complete.splitlines() if line.startswith("{")]

    def wait_for(self, predicate, what, timeout=60):
        """The first line for which `predicate` is true."""
        return self._wait(
            lambda: next((line for line in self.lines() if predicate(line)), None), what, timeout)

    def wait_for_text(self, text, what, timeout=60):
        """For programs that also say something for people."""
        self._wait(lambda: text in self._path.read_text(errors="replace"), what, timeout)

    def _wait(self, found, what, timeout):
        def found_while_it_runs():
            if self._process.poll() is not None:
                raise AssertionError(f"it ended before {what}:\n{self._path.read_text()}")
            return found()
        return wait_until(found_while_it_runs, what, timeout)

    def signal(self, number):
        self._process.send_signal(number)

    def end(self):
        self._process.stdin.close()
        self._process.terminate()
        return self._process.wait(20)


def watch(host, address):
    """cvmctl watch; its lines are the changes after this returns."""
    program = LineProgram(host.root / "watch.log", BINARY_DIR / "bin/cvmctl", "--manager", address,
                          "--output", "json", "watch")
    program.wait_for_text("changes after revision", "cvmctl watches")
    return program


def computation_service(host, *options, log="service.log"):
    """cocos-cvms-testserver; its lines are what agents or managers do and say."""
    return LineProgram(host.root / log, BINARY_DIR / "bin/cocos-cvms-testserver", *options)


class HostAgent:
    """cocos-test-agent on this host in place of the one in a guest, with that guest's files."""

    _started = 0

    def __init__(self, host, cvm_id, relay_port=7004, certificate=None, key=None, options=()):
        certs = host.runtime_dir / "test/cvms" / cvm_id / "certs"
        work = pathlib.Path(tempfile.mkdtemp(prefix="agent", dir="/mnt"))
        for name, replacement in (("cert", certificate), ("key", key), ("ca", None)):
            shutil.copy(replacement or certs / f"{name}.pem", work / f"{name}.pem")
        environment = work / "environment"
        environment.write_text(
            f"AGENT_CVM_GRPC_URL=127.0.0.1:{relay_port}\nAGENT_CVM_ID={cvm_id}\n"
            f"AGENT_CVM_GRPC_CLIENT_CERT={work}/cert.pem\n"
            f"AGENT_CVM_GRPC_CLIENT_KEY={work}/key.pem\n"
            f"AGENT_CVM_GRPC_SERVER_CA_CERTS={work}/ca.pem\n")
        self._log_path = work / "log"
        HostAgent._started += 1
        own_address = f"127.0.1.{HostAgent._started}"  # the manager has its port on 127.0.0.1
        with open(self._log_path, "wb") as log:
            self._process = subprocess.Popen(
                [BINARY_DIR / "bin/cocos-test-agent", "--environment", environment,
                 "--work-dir", work, "--host", own_address, *map(str, options)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def log(self):
        return self._log_path.read_text(errors="replace")

    def end(self):
        self._process.terminate()
        return self._process.wait(20)
