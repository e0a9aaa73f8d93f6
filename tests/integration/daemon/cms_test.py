"""A Computation Management Service sends computations; real guests run them."""

import zipfile

from harness import programs
from harness.case import DaemonTest, main
from harness.credentials import new_authority
from harness.hosts import BINARY_DIR
from harness.waiting import wait_until

SERVICE_PORT = 7301
BOOT_TIMEOUT = 150  # software emulation on a busy machine

ALGORITHM = """\
#!/bin/sh
mkdir -p results
echo "6 * 7 = $((6 * 7))" > results/answer.txt
"""

# Runs of a service get the class "default", which the environment makes here.
GUEST = {
    "MANAGER_QEMU_DISK_IMG_KERNEL_FILE": f"{BINARY_DIR}/guest/bzImage",
    "MANAGER_QEMU_DISK_IMG_ROOTFS_FILE": f"{BINARY_DIR}/guest/rootfs.cpio.gz",
    "MANAGER_QEMU_KERNEL_CMDLINE": "quiet console=null",
    "MANAGER_QEMU_MEMORY_SIZE": "512M",
    "MANAGER_QEMU_HOST_FWD_BIND": "127.0.0.1",
}


class Cms(DaemonTest):
    def setUp(self):
        super().setUp()
        self.host = self.make_host()
        self.authority = new_authority()
        self.user_key, self.user_public_key = self.authority.user_keys()
        self.algorithm = self.host.root / "algorithm.sh"
        self.algorithm.write_text(ALGORITHM)
        self.services = 0

    def start_service(self, *options):
        certificate, key = self.authority.issue("server")
        self.services += 1
        service = programs.computation_service(
            self.host, "--host", "127.0.0.1", "--port", SERVICE_PORT,
            "--server-cert", certificate, "--server-key", key, "--client-ca", self.authority.ca,
            "--algo-path", self.algorithm, "--public-key-path", self.user_public_key,
            "--computation-id", "run-7", "--commands", *options, log=f"service-{self.services}.log")
        self.addCleanup(service.end)
        service.wait_for(lambda line: line["kind"] == "listening", "the service listens")
        return service

    def start_manager(self):
        certificate, key = self.authority.issue("manager")
        daemon = self.start_daemon(
            self.host, MANAGER_GRPC_URL=f"localhost:{SERVICE_PORT}",
            MANAGER_GRPC_CLIENT_CERT=certificate, MANAGER_GRPC_CLIENT_KEY=key,
            MANAGER_GRPC_SERVER_CA_CERTS=self.authority.ca, **GUEST)
        self.cvmctl = programs.Cvmctl(daemon.api.address)
        return daemon

    @staticmethod
    def wait_for(service, kind, **fields):
        wanted = {"kind": kind} | fields
        return service.wait_for(
            lambda line: wanted.items() <= line.items(), f"the service sees {wanted}", BOOT_TIMEOUT)

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

    def test_a_computation_is_run_and_stopped(self):
        service = self.start_service("--cms-run")
        daemon = self.start_manager()

        answer = self.wait_for(service, "manager_run_response", computation_id="run-7")
        wait_until(lambda: "Agent took its computation" in daemon.log(), "the agent answers",
                   BOOT_TIMEOUT)
        self.compute(service, answer["agent_port"])
        [cvm] = self.cvmctl.json("list")["cvms"]
        self.assertEqual("run-7", cvm["computation_id"])
        service.command("cms stop run-7")

        stopped = self.wait_for(service, "manager_stop_response", computation_id="run-7")
        self.assertEqual("", stopped["message"])
        statuses = [(line["event_type"], line["status"]) for line in service.lines()
                    if line["kind"] == "manager_event" and line["originator"] == "manager"]
        self.assertEqual([("VmProvision", "Starting"), ("VmProvision", "InProgress"),
                          ("VmProvision", "Completed")], statuses[:3])
        self.wait_for(service, "manager_event", event_type="StopComputationRun", status="Completed")
        self.assertEqual([], self.cvmctl.json("list")["cvms"])
        wait_until(lambda: not self.host.leftovers(), "nothing is left", 10)

    def test_a_cvm_that_proves_nothing_gets_no_computation(self):
        self.host.write_class("default", "attestation: {mode: enforce}\n")
        service = self.start_service("--cms-run")
        daemon = self.start_manager()
        self.wait_for(service, "manager_run_response", computation_id="run-7")

        refusal = self.wait_for(service, "manager_stop_response", computation_id="run-7")

        self.assertIn("attestation refused: ", refusal["message"])
        self.wait_for(service, "manager_event", event_type="Attestation", status="Failed")
        wait_until(lambda: not self.cvmctl.json("list")["cvms"], "the CVM is gone", 60)
        self.assertNotIn("Computation was released", daemon.log())
        wait_until(lambda: not self.host.leftovers(), "nothing is left", 10)

    def test_a_computation_goes_on_while_manager_and_service_restart(self):
        service = self.start_service("--cms-run")
        daemon = self.start_manager()
        answer = self.wait_for(service, "manager_run_response", computation_id="run-7")
        daemon.kill()  # before the guest is up: the manifest is still here
        service.end()

        service = self.start_service("--cms-run")  # sends the run again
        daemon.start()
        again = self.wait_for(service, "manager_run_response", computation_id="run-7")

        self.assertEqual(answer["agent_port"], again["agent_port"])
        wait_until(lambda: "Agent took its computation" in daemon.log(), "the agent answers",
                   BOOT_TIMEOUT)
        self.compute(service, answer["agent_port"])
        self.assertEqual(1, len(self.cvmctl.json("list")["cvms"]))
        service.command("cms stop run-7")
        self.wait_for(service, "manager_stop_response", computation_id="run-7", message="")
        wait_until(lambda: not self.host.leftovers(), "nothing is left", 10)


if __name__ == "__main__":
    main()
