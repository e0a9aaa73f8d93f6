"""CVMs with a TPM and no TEE: measured boots through OVMF, and what becomes of the TPM's state."""

import json

from harness import processes
from harness.case import DaemonTest, main
from harness.cms_case import CmsTest
from harness.hosts import SystemLibvirt
from harness.waiting import wait_until

CLASS = "tee: none\ntpm: emulator\nattestation: {{mode: {mode}}}\n"

# Measured on every boot, and the same on every boot of the same files: firmware, option ROMs,
# kernel, secure boot, command line and initrd.
PCRS = (0, 2, 4, 7, 9)


class State(DaemonTest):
    """Of the TPM, on libvirt's embedded driver."""

    libvirt = None

    def setUp(self):
        super().setUp()
        self.host = self.make_host(self.libvirt)
        self.host.write_class("tpm", CLASS.format(mode="off"))
        self.daemon = self.start_daemon(self.host)
        self.api = self.daemon.api

    def create(self):
        cvm = self.api.create(computation_class="tpm")
        self.assertEqual([cvm.id], self.host.tpm_states())
        return cvm

    def test_goes_with_the_cvm(self):
        cvm = self.create()

        self.api.remove(cvm.id)

        self.assertEqual([], self.host.leftovers())

    def test_goes_with_a_cvm_that_outlived_its_manager(self):
        cvm = self.create()
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual([cvm.id], self.host.tpm_states())

        self.api.remove(cvm.id)

        self.assertEqual([], self.host.leftovers())

    def test_goes_when_the_cvm_ended_while_no_manager_ran(self):
        cvm = self.create()
        self.daemon.kill()
        processes.kill(self.host.qemu_pid(cvm.id))

        self.daemon.start()

        wait_until(lambda: not self.host.leftovers(), "nothing is left")
        self.assertEqual("failed", self.api.get(cvm.id)["state"])

    def test_is_another_one_for_each_cvm(self):
        first = self.create()
        second = self.api.create(computation_class="tpm")

        self.assertEqual(sorted([first.id, second.id]), self.host.tpm_states())
        self.api.remove(first.id)
        self.assertEqual([second.id], self.host.tpm_states())
        self.api.remove(second.id)


class StateWithLibvirtd(State):
    """There the emulator has a user of its own, and other directories."""

    libvirt = SystemLibvirt()


class MeasuredBoot(CmsTest):
    boot_timeout = 480  # firmware reads and measures kernel and initrd by software emulation

    def setUp(self):
        super().setUp()
        self.values = self.host.root / "pcrs.json"

    def run_computation(self, mode, policy="", **environment):
        """A manager, and a service that sends it a run."""
        self.host.write_class("default", CLASS.format(mode=mode + policy))
        self.service = self.start_service("--cms-run")
        self.daemon = self.start_manager(**environment)
        answer = self.wait_for(self.service, "manager_run_response", computation_id="run-7")
        return answer["agent_port"]

    def wait_released(self):
        wait_until(lambda: "Agent took its computation" in self.daemon.log(), "the agent answers",
                   self.boot_timeout)

    def end(self):
        self.daemon.stop()
        self.service.end()
        self.assertEqual([], self.host.leftovers())

    def stop_run(self):
        self.service.command("cms stop run-7")
        self.wait_for(self.service, "manager_stop_response", computation_id="run-7", message="")
        self.end()

    def read_pcrs(self):
        """What the agent's TPM quotes and its event log explains."""
        [cvm] = self.cvmctl.json("list")["cvms"]
        verdict = self.cvmctl.json("attest", cvm["id"])
        self.assertEqual("verified", verdict["verdict"])
        [appraisal] = verdict["appraisals"]
        actual = {claim["name"]: claim["actual"] for claim in appraisal["claims"]}
        return {str(pcr): actual[f"tpm.event-log.sha256.{pcr}"] for pcr in PCRS}

    def test_releases_to_a_boot_as_before_and_to_no_other(self):
        # No value is expected yet, but that the log explains those that are quoted.
        policy = self.host.root / "policy.yaml"
        policy.write_text("tpm: {require_event_log: true, require_bound_key: false}\n")
        self.run_computation("report", f", policy: {policy}")
        self.wait_for(self.service, "manager_event", event_type="Attestation", status="Completed")
        self.wait_released()
        pcrs = self.read_pcrs()
        self.values.write_text(json.dumps({"pcr_values": {"sha256": pcrs, "sha384": None}}))
        self.stop_run()

        port = self.run_computation("enforce", MANAGER_PCR_VALUES=self.values)
        self.wait_for(self.service, "manager_event", event_type="Attestation", status="Completed")
        self.wait_released()
        self.compute(self.service, port)
        self.stop_run()

        self.run_computation("enforce", MANAGER_PCR_VALUES=self.values,
                             MANAGER_QEMU_KERNEL_CMDLINE="quiet console=null single")
        refusal = self.wait_for(self.service, "manager_stop_response", computation_id="run-7")
        self.assertIn("attestation refused: tpm.pcr.sha256.9", refusal["message"])
        self.assertNotIn("Computation was released", self.daemon.log())
        wait_until(lambda: not self.cvmctl.json("list")["cvms"], "the CVM is gone", 60)
        self.end()


if __name__ == "__main__":
    main()
