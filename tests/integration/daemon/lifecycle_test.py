"""One CVM's whole life with a real guest, as a user of the command line sees it."""

import time
import zipfile

from harness import programs
from harness.case import DaemonTest, main
from harness.credentials import new_authority
from harness.hosts import BINARY_DIR

# With passt, a guest reaches the host's loopback at the address of its default gateway.
GATEWAY = "192.0.2.1"
SERVICE_PORT = 7301
BOOT_TIMEOUT = 150  # software emulation on a busy machine

ALGORITHM = """\
#!/bin/sh
mkdir -p results
echo "6 * 7 = $((6 * 7))" > results/answer.txt
"""

CLASS = f"""\
tee: none
boot:
  kernel: {BINARY_DIR}/guest/bzImage
  initrd: {BINARY_DIR}/guest/rootfs.cpio.gz
  cmdline: quiet console=null
  firmware_code: ""
resources:
  vcpus: 1
  max_vcpus: 1
  memory: 512M
  memory_slots: 0
"""


class Lifecycle(DaemonTest):
    def setUp(self):
        super().setUp()
        self.host = self.make_host()
        self.host.write_class("real", CLASS)
        self.authority = new_authority()
        self.agent_certificate, self.agent_key = self.authority.issue("agent")
        self.user_key, self.user_public_key = self.authority.user_keys()
        self.algorithm = self.host.root / "algorithm.sh"
        self.algorithm.write_text(ALGORITHM)
        self.service = self.start_service()
        self.daemon = self.start_daemon(self.host, MANAGER_STOP_TIMEOUT="20s")
        self.cvmctl = programs.Cvmctl(self.daemon.api.address)

    def start_service(self):
        certificate, key = self.authority.issue("server")
        service = programs.computation_service(
            self.host, "--host", "127.0.0.1", "--port", SERVICE_PORT,
            "--server-cert", certificate, "--server-key", key, "--client-ca", self.authority.ca,
            "--algo-path", self.algorithm, "--public-key-path", self.user_public_key,
            "--agent-cert-file", "/etc/certs/cert.pem", "--agent-key-file", "/etc/certs/key.pem")
        self.addCleanup(service.end)
        service.wait_for(lambda line: line["kind"] == "listening", "the service listens")
        return service

    def create(self):
        return self.cvmctl.json(
            "create", "--class", "real", "--server-url", f"{GATEWAY}:{SERVICE_PORT}",
            "--server-ca", self.authority.ca, "--client-cert", self.agent_certificate,
            "--client-key", self.agent_key, "--log-level", "debug", "--ttl", "1h")

    def agent(self, port, *arguments):
        return self.cvmctl.run("agent", "--agent", f"127.0.0.1:{port}", "--agent-ca",
                               self.authority.ca, "--agent-name", "agent", "--wait", "60s",
                               *arguments, "--user-key", self.user_key)

    def wait_for_service(self, kind, **fields):
        wanted = {"kind": kind} | fields
        return self.service.wait_for(
            lambda line: wanted.items() <= line.items(), f"the service sees {wanted}", BOOT_TIMEOUT)

    def test_from_create_to_remove(self):
        watch = programs.watch(self.host, self.daemon.api.address)
        self.addCleanup(watch.end)
        begin = time.monotonic()
        cvm = self.create()
        running = time.monotonic()
        connected = self.wait_for_service("attestation", job_id=cvm["id"])
        agent_connected = time.monotonic()
        self.assertEqual(connected["job_id"], cvm["id"])
        self.assert_shown(cvm)

        self.wait_for_service("run_response", job_id=cvm["id"], error="")
        self.compute(cvm)
        done = time.monotonic()
        self.cvmctl.run("remove", cvm["id"])
        removed = time.monotonic()

        self.assert_history(watch, cvm)
        self.assertEqual([], self.cvmctl.json("list")["cvms"])
        self.assertEqual([], self.host.leftovers())
        print(f"\n  create -> running         {running - begin:6.2f} s"
              f"\n  running -> agent connected {agent_connected - running:5.2f} s"
              f"\n  agent connected -> result  {done - agent_connected:5.2f} s"
              f"\n  remove                    {removed - done:6.2f} s")

    def compute(self, cvm):
        self.agent(cvm["agent_port"], "algo", self.algorithm, "--type", "bin")
        self.wait_for_service("event", event_type="ConsumingResults", job_id=cvm["id"])
        result = self.host.root / "result.zip"
        self.agent(cvm["agent_port"], "result", "--out", result)
        with zipfile.ZipFile(result) as archive:
            [name] = [name for name in archive.namelist() if name.endswith("answer.txt")]
            self.assertEqual(b"6 * 7 = 42\n", archive.read(name))
        self.wait_for_service("event", event_type="Complete", job_id=cvm["id"])

    def assert_shown(self, cvm):
        """list and info say what was created."""
        [listed] = self.cvmctl.json("list")["cvms"]
        info = self.cvmctl.json("info", cvm["id"])
        for shown in (listed, info):
            self.assertEqual((cvm["id"], "running", "real", "none"),
                             (shown["id"], shown["state"], shown["class"], shown["tee"]))
            self.assertTrue(shown["agent"].endswith(f":{cvm['agent_port']}"), shown)
        self.assertEqual("quiet console=null", info["kernel_command_line"])
        self.assertEqual({"sha384:kernel", "sha384:initrd", "sha384:kernel-command-line"},
                         set(info["reference_values"]))
        upstream = self.daemon.api.info(cvm["id"])
        self.assertEqual(("quiet console=null", 1), (upstream["kernel_cmd"], upstream["cpu_num"]))

    def assert_history(self, watch, cvm):
        watch.wait_for(lambda change: change["cvm"]["state"] == "removed", "the removal is watched")
        changes = watch.lines()
        self.assertEqual(
            ["requested", "reserved", "staged", "defined", "starting", "running", "stopping",
             "removed"], [change["cvm"]["state"] for change in changes])
        self.assertEqual({cvm["id"]}, {change["cvm"]["id"] for change in changes})
        revisions = [change["revision"] for change in changes]
        self.assertEqual(list(range(revisions[0], revisions[0] + len(changes))), revisions)

    def test_agent_stays_connected_while_the_manager_restarts(self):
        cvm = self.create()
        self.wait_for_service("run_response", job_id=cvm["id"], error="")

        self.daemon.stop()
        self.daemon.start()

        self.compute(cvm)
        self.assertEqual([], [line for line in self.service.lines()
                              if line["kind"] == "disconnected"])
        self.cvmctl.run("remove", cvm["id"])


if __name__ == "__main__":
    main()
