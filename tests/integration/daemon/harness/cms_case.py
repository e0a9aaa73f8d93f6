"""Base class of tests in which a Computation Management Service sends computations to real guests."""

import zipfile

from harness import programs
from harness.case import DaemonTest
from harness.credentials import PLACES, new_authority
from harness.hosts import BINARY_DIR
from harness.waiting import wait_until

SERVICE_PORT = 7301
BOOT_TIMEOUT = 150  # software emulation on a busy machine

ALGORITHM = """\
#!/bin/sh
mkdir -p results
echo "6 * 7 = $((6 * 7))" > results/answer.txt
"""

GUEST_KERNEL = BINARY_DIR / "guest/bzImage"

# Runs of a service get the class "default", which the environment makes here.
GUEST = {
    "MANAGER_QEMU_DISK_IMG_KERNEL_FILE": str(GUEST_KERNEL),
    "MANAGER_QEMU_DISK_IMG_ROOTFS_FILE": f"{BINARY_DIR}/guest/rootfs.cpio.gz",
    "MANAGER_QEMU_KERNEL_CMDLINE": "quiet console=null",
    "MANAGER_QEMU_MEMORY_SIZE": "512M",
    "MANAGER_QEMU_HOST_FWD_BIND": "127.0.0.1",
}


class CmsTest(DaemonTest):
    boot_timeout = BOOT_TIMEOUT

    def setUp(self):
        super().setUp()
        self.host = self.make_host()
        self.authority = new_authority()
        self.user_key, self.user_public_key = self.authority.user_keys()
        self.algorithm = self.host.root / "algorithm.sh"
        self.algorithm.write_text(ALGORITHM)
        self.services = 0

    def start_service(self, *options, authority=None, places=PLACES, days=2):
        certificate, key = (authority or self.authority).issue("server", places, days)
        self.services += 1
        service = programs.computation_service(
            self.host, "--host", "127.0.0.1", "--port", SERVICE_PORT,
            "--server-cert", certificate, "--server-key", key, "--client-ca", self.authority.ca,
            "--algo-path", self.algorithm, "--public-key-path", self.user_public_key,
            "--computation-id", "run-7", "--commands", *options, log=f"service-{self.services}.log")
        self.addCleanup(service.end)
        service.wait_for(lambda line: line["kind"] == "listening", "the service listens")
        return service

    def start_manager(self, guest=GUEST, wait=True, **environment):
        certificate, key = self.authority.issue("manager")
        daemon = self.make_daemon(
            self.host, MANAGER_GRPC_URL=f"localhost:{SERVICE_PORT}",
            MANAGER_GRPC_CLIENT_CERT=certificate, MANAGER_GRPC_CLIENT_KEY=key,
            MANAGER_GRPC_SERVER_CA_CERTS=self.authority.ca, **(guest | environment)).start(wait)
        self.cvmctl = programs.Cvmctl(daemon.api.address)
        return daemon

    def wait_for(self, service, kind, **fields):
        wanted = {"kind": kind} | fields
        return service.wait_for(
            lambda line: wanted.items() <= line.items(), f"the service sees {wanted}",
            self.boot_timeout)

    @staticmethod
    def wait_for_connections(service, count):
        def connected():
            kinds = [line["kind"] for line in service.lines()]
            return kinds.count("manager_connected") >= count
        wait_until(connected, f"the manager has connected {count} times", 60)

    def compute(self, service, port):
        def agent(*arguments):
            return self.cvmctl.run("agent", "--agent", f"127.0.0.1:{port}", "--wait", "60s",
                                   *arguments, "--user-key", self.user_key)
        agent("algo", self.algorithm, "--type", "bin")
        self.wait_for(service, "manager_event", computation_id="run-7",
                      event_type="ConsumingResults")
        result = self.host.root / "result.zip"
        agent("result", "--out", result)
        with zipfile.ZipFile(result) as archive:
            [name] = [name for name in archive.namelist() if name.endswith("answer.txt")]
            self.assertEqual(b"6 * 7 = 42\n", archive.read(name))
