"""Base class of the tests: hosts and daemons that are taken apart, and checked for leftovers."""

import sys
import unittest

from harness.daemon import Daemon
from harness.hosts import Host


class DaemonTest(unittest.TestCase):
    """Ends with everything removed: what is left of CVMs after a test fails it."""

    def setUp(self):
        self._hosts = []
        self._daemons = []

    def make_host(self, libvirt=None):
        host = Host(libvirt)
        self._hosts.append(host)
        self.addCleanup(host.destroy)
        return host

    def make_daemon(self, host, **environment):
        """A daemon that is not started yet."""
        daemon = Daemon(host, **environment)
        self._daemons.append(daemon)
        self.addCleanup(daemon.end)
        return daemon

    def start_daemon(self, host, **environment):
        return self.make_daemon(host, **environment).start()

    def tearDown(self):
        for daemon in self._daemons:
            daemon.end()
        for host in self._hosts:
            self.assertEqual([], host.leftovers())

    def run(self, result=None):
        problems = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > problems:
            self._show_logs()
        return result

    def doCleanups(self):
        # The logs go with the hosts, but are wanted after a failure, which is known later.
        self._logs = [(daemon.log_path.name, daemon.log()) for daemon in self._daemons]
        return super().doCleanups()

    def _show_logs(self):
        for name, text in self._logs:
            print(f"--- {self.id()}: {name}\n{text}---", file=sys.stderr)


def main():
    unittest.main(verbosity=2)
