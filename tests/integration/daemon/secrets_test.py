"""Keys and tokens of a request: where they may be, and where they never are."""

import grp
import pathlib
import stat

from harness import processes
from harness.case import DaemonTest, main
from harness.credentials import new_authority
from harness.api import RpcError
from harness.waiting import wait_until

TOKEN = "token-8c1f5d2e90b74a63"
AWS_SECRET = "aws-secret-41d7c9be02f85a36"
AWS_KEY_ID = "AKIA-b5e2a71c3d9f4068"


class Secrets(DaemonTest):
    def setUp(self):
        super().setUp()
        self.host = self.make_host()
        authority = new_authority()
        certificate, key = authority.issue("agent")
        self.request = {"server_ca": authority.ca, "client_crt": certificate, "client_key": key,
                        "certs_token": TOKEN, "aws_access_key_id": AWS_KEY_ID,
                        "aws_secret_access_key": AWS_SECRET}
        key_body = key.read_text().splitlines()[1]
        self.secrets = [TOKEN, AWS_SECRET, AWS_KEY_ID, key_body]

    def assert_no_secret_in(self, text, where):
        for secret in self.secrets:
            self.assertNotIn(secret, text, where)

    def places(self, daemon, cvm):
        """(name, text) of everything that others may read or that outlives a CVM."""
        qemu = self.host.qemu_pid(cvm.id)
        yield "QEMU's arguments", "\0".join(processes.command_line(qemu))
        yield "QEMU's environment", pathlib.Path(f"/proc/{qemu}/environ").read_text()
        yield "the daemon's log", daemon.log()
        yield "the console", self.host.console_text(cvm.id)
        yield "metrics", daemon.http("/metrics")[1]
        yield "the operator's view", str(daemon.api.list())
        for directory in (self.host.root / "e", self.host.state_dir):
            for path in directory.rglob("*"):
                if path.is_file():
                    yield str(path), path.read_text(errors="replace")

    def test_are_in_the_shares_only(self):
        daemon = self.start_daemon(self.host)
        cvm = daemon.api.create(**self.request)

        places = dict(self.places(daemon, cvm))

        self.assertTrue(any(cvm.id in text for name, text in places.items() if "e/etc" in name),
                        "the stored domain was looked at")
        for where, text in places.items():
            self.assert_no_secret_in(text, where)
        environment = self.share(cvm) / "env/environment"
        self.assertIn(f"AGENT_CERTS_TOKEN={TOKEN}\n", environment.read_text())
        self.assertEqual(self.request["client_key"].read_text(),
                         (self.share(cvm) / "certs/key.pem").read_text())
        daemon.api.remove(cvm.id)
        self.assert_gone()

    def test_are_readable_by_qemu_only(self):
        daemon = self.start_daemon(self.host)
        cvm = daemon.api.create(**self.request)

        expected_group = grp.getgrnam("libvirt-qemu").gr_gid
        for path in [self.share(cvm), *self.share(cvm).rglob("*")]:
            status = path.stat()
            mode = 0o750 if path.is_dir() else 0o640
            self.assertEqual((mode, 0, expected_group),
                             (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid), path)
        for parent in (self.share(cvm).parent, self.host.runtime_dir):
            self.assertEqual(0o711, stat.S_IMODE(parent.stat().st_mode), parent)
        daemon.api.remove(cvm.id)

    def test_are_gone_after_a_failed_create(self):
        daemon = self.start_daemon(self.host)
        self.host.kernel.write_bytes(b"no kernel")

        with self.assertRaises(RpcError) as caught:
            daemon.api.create(**self.request)

        self.assert_no_secret_in(caught.exception.message, "the error")
        self.assert_no_secret_in(daemon.log(), "the log")
        self.assert_gone()

    def test_are_gone_after_the_daemon_crashed_while_creating(self):
        crashing = self.start_daemon(self.host, COCOS_TEST_DIE_AFTER="stage")
        with self.assertRaises(RpcError):
            crashing.api.create(**self.request)
        crashing.wait_ended()
        self.assertIn(AWS_SECRET, self.everything_on_disk(), "the crash came after staging")

        self.start_daemon(self.host)

        wait_until(lambda: not self.host.leftovers(), "what the crash left is wiped")
        self.assert_gone()

    def test_are_gone_after_qemu_was_killed(self):
        daemon = self.start_daemon(self.host)
        cvm = daemon.api.create(**self.request)
        processes.kill(self.host.qemu_pid(cvm.id))

        wait_until(lambda: not self.host.leftovers(), "the dead CVM is cleaned up")

        self.assert_gone()

    def test_in_a_refused_value_are_not_repeated(self):
        daemon = self.start_daemon(self.host)
        with self.assertRaises(RpcError) as caught:
            daemon.api.create(certs_token=f"{TOKEN} ")
        self.assertEqual("INVALID_ARGUMENT", caught.exception.code)
        self.assertIn("agent_certs_token", caught.exception.message)
        self.assert_no_secret_in(caught.exception.message, "the error")
        self.assert_no_secret_in(daemon.log(), "the log")

    def share(self, cvm):
        return self.host.runtime_dir / "test/cvms" / cvm.id

    def everything_on_disk(self):
        return "".join(path.read_text(errors="replace") for path in self.host.root.rglob("*")
                       if path.is_file())

    def assert_gone(self):
        self.assertEqual([], self.host.leftovers())
        self.assert_no_secret_in(self.everything_on_disk(), "files of the host")


if __name__ == "__main__":
    main()
