"""Requests and hosts that cannot give a CVM: the error says why, and nothing is left."""

import tiny_guest
from harness.case import DaemonTest, main
from harness.credentials import new_authority
from harness.api import RpcError
from harness.waiting import wait_until

# Asks the real QEMU when libvirt asks what it can do, and refuses to run a guest.
_EMULATOR = """#!/bin/sh
case "$*" in
  *guest=cvm-*) echo "this emulator never runs a guest" >&2; exit 1 ;;
esac
exec /usr/bin/qemu-system-x86_64 "$@"
"""


class Refusal(DaemonTest):
    """One daemon a class would be faster, but each case changes the host."""

    def setUp(self):
        super().setUp()
        self.host = self.make_host()

    def assert_refused(self, api, code, *texts, **options):
        with self.assertRaises(RpcError) as caught:
            api.create(**options)
        self.assertEqual(code, caught.exception.code, caught.exception.message)
        for text in texts:
            self.assertIn(str(text), caught.exception.message)
        self.assertEqual([], api.list())
        self.assertEqual([], self.host.leftovers())
        return caught.exception.message


class BadRequest(Refusal):
    def setUp(self):
        super().setUp()
        self.api = self.start_daemon(self.host).api
        self.authority = new_authority()

    def assert_invalid(self, *texts, **options):
        with self.subTest(**{name: str(value) for name, value in options.items()}):
            return self.assert_refused(self.api, "INVALID_ARGUMENT", *texts, **options)

    def assert_accepted(self, **options):
        with self.subTest(accepted=options):
            self.api.remove(self.api.create(**options).id)

    def test_ttl(self):
        self.assert_invalid('time: invalid duration "soon"', ttl="soon")
        self.assert_invalid('time: missing unit in duration "10"', ttl="10")
        self.assert_invalid('time: unknown unit "d" in duration "1d"', ttl="1d")
        self.assert_invalid("-1s", ttl="-1s")
        self.assert_accepted(ttl="1h0m0.5s")

    def test_urls(self):
        self.assert_invalid("agent_cvm_server_url", "nohost", server_url="nohost")
        self.assert_invalid("agent_cvm_server_url", "65536", server_url="host:65536")
        self.assert_invalid("agent_cvm_server_url", server_url="host:70 01")
        self.assert_invalid("agent_cvm_ca_url", "ftp://ca", ca_url="ftp://ca")
        self.assert_invalid("aws_endpoint_url", aws_endpoint_url="s3")
        self.assert_accepted(server_url="[::1]:7001", ca_url="https://ca.example/x")

    def test_log_level(self):
        self.assert_invalid("agent_log_level", "loud", "debug, info, warn or error",
                            log_level="loud")
        self.assert_accepted(log_level="WARN")

    def test_line_breaks_inject_no_variables(self):
        self.assert_invalid("control character", aws_region="eu\nAGENT_VMPL=0")

    def test_kernel_arguments_are_not_injected(self):
        self.assert_invalid("aa_kbs_params", "init=/bin/sh", aa_kbs_params="x init=/bin/sh")
        self.assert_accepted(aa_kbs_params="cc_kbc::http://kbs.example:8080")

    def test_pem(self):
        (certificate, key), (_, other_key) = map(self.authority.issue, ("one", "two"))
        no_pem = self.host.root / "no.pem"
        no_pem.write_text("-----BEGIN CERTIFICATE-----\nnot base64\n")
        self.assert_invalid("agent_cvm_server_ca_cert", server_ca=no_pem)
        self.assert_invalid("agent_cvm_client_cert", client_crt=no_pem, client_key=key)
        self.assert_invalid("agent_cvm_client_key", client_crt=certificate, client_key=no_pem)
        message = self.assert_invalid("agent_cvm_client_key", client_crt=certificate,
                                      client_key=other_key)
        self.assertNotIn("BEGIN", message)
        self.assert_accepted(client_crt=certificate, client_key=key, server_ca=self.authority.ca)

    def test_key_without_certificate(self):
        _, key = self.authority.issue("one")
        self.assert_invalid("want both or neither", client_key=key)

    def test_unknown_class(self):
        self.assert_invalid("no-such-class", computation_class="no-such-class")


class BadHost(Refusal):
    def test_missing_kernel(self):
        api = self.start_daemon(self.host).api
        self.host.kernel.unlink()
        self.assert_refused(api, "FAILED_PRECONDITION", self.host.kernel, "No such file")

    def test_missing_initrd(self):
        api = self.start_daemon(self.host).api
        self.host.initrd.unlink()
        self.assert_refused(api, "FAILED_PRECONDITION", self.host.initrd, "No such file")

    def test_kernel_that_qemu_may_not_read(self):
        api = self.start_daemon(self.host).api
        self.host.image_dir.chmod(0o700)
        self.assert_refused(api, "FAILED_PRECONDITION", self.host.kernel)

    def test_kernel_that_is_none(self):
        self.host.kernel.write_bytes(b"#!/bin/sh\necho no kernel\n")
        api = self.start_daemon(self.host).api
        self.assert_refused(api, "FAILED_PRECONDITION", "kernel")

    def test_missing_firmware(self):
        api = self.start_daemon(self.host, **self.firmware()).api
        (self.host.image_dir / "CODE.fd").unlink()
        self.assert_refused(api, "FAILED_PRECONDITION", self.host.image_dir / "CODE.fd",
                            computation_class="uefi")

    def test_missing_variable_template(self):
        api = self.start_daemon(self.host, **self.firmware()).api
        (self.host.image_dir / "VARS.fd").unlink()
        self.assert_refused(api, "FAILED_PRECONDITION", self.host.image_dir / "VARS.fd",
                            computation_class="uefi")

    def test_firmware_that_is_none(self):
        api = self.start_daemon(self.host, **self.firmware(code=b"garbage" * 100)).api
        self.assert_refused(api, "FAILED_PRECONDITION", "QEMU", computation_class="uefi")

    def firmware(self, code=bytes(64 * 4096)):
        for name, content in (("CODE.fd", code), ("VARS.fd", bytes(16 * 4096))):
            (self.host.image_dir / name).write_bytes(content)
        self.host.write_class("uefi", f"""\
name: uefi
tee: none
boot:
  firmware_code: {self.host.image_dir}/CODE.fd
  firmware_vars: {self.host.image_dir}/VARS.fd
""")
        return {}

    def test_missing_template_stops_the_daemon_at_its_start(self):
        for template in self.host.template_dir.glob("*.xml"):
            template.unlink()
        daemon = self.make_daemon(self.host).start(wait=False)
        self.assertNotEqual(0, daemon.wait_ended(20))
        self.assertIn(str(self.host.template_dir), daemon.log())

    def test_emulator_that_exits(self):
        emulator = self.host.image_dir / "emulator"
        emulator.write_text(_EMULATOR)
        emulator.chmod(0o755)
        api = self.start_daemon(self.host, MANAGER_QEMU_BIN_PATH=emulator).api
        self.assert_refused(api, "FAILED_PRECONDITION", "QEMU ended before the guest ran",
                            "this emulator never runs a guest")

    def test_emulator_that_is_missing(self):
        daemon = self.make_daemon(self.host, MANAGER_QEMU_BIN_PATH="/nonexistent/qemu").start()
        self.assert_refused(daemon.api, "FAILED_PRECONDITION", "/nonexistent/qemu")

    def test_guest_that_ends_during_its_start(self):
        self.host.write_kernel(tiny_guest.Behaviour.POWER_OFF, hello="out of luck: no root device")
        pause = self.host.root / "pause"
        pause.touch()
        api = self.start_daemon(self.host, COCOS_TEST_PAUSE_AFTER="start",
                                   COCOS_TEST_PAUSE_FILE=pause).api
        with api.creating() as create:
            [cvm_id] = wait_until(lambda: api.in_state("starting"), "the create is starting")
            wait_until(lambda: "out of luck" in self.host.console_text(cvm_id), "the guest ran")
            wait_until(lambda: self.host.qemu_pid(cvm_id) is None, "libvirt has noticed its end")
            pause.unlink()
        self.assertIn("last lines of the guest console", create.error.message)
        self.assertIn("out of luck: no root device", create.error.message)
        self.assertEqual([], self.host.leftovers())


if __name__ == "__main__":
    main()
