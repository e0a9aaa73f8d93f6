"""Computations of CVMs with a simulated SEV-SNP: released to those that are what they should be."""

from harness.case import main
from harness.cms_case import BOOT_TIMEOUT, GUEST_KERNEL, CmsTest
from harness.programs import HostAgent
from harness.simulated_tee import PROGRAM, SimulatedTee
from harness.waiting import wait_until

CLASS = """\
tee: sev-snp
boot: {{igvm: "", firmware: {firmware}}}
launch_security:
  bind_host_data: true
  snp: {{kernel_hashes: true}}
attestation: {{mode: enforce}}
"""


class Attestation(CmsTest):
    def setUp(self):
        super().setUp()
        self.tee = SimulatedTee(self.host)
        self.host.write_class("default", CLASS.format(firmware=self.tee.firmware))

    def start_simulated(self):
        return self.start_manager(program=PROGRAM, MANAGER_QEMU_CPU="EPYC",
                                  **self.tee.environment())

    def assert_refused(self, service, daemon, *reasons):
        refusal = self.wait_for(service, "manager_stop_response", computation_id="run-7")
        self.assertIn("attestation refused: ", refusal["message"])
        for reason in reasons:
            self.assertIn(reason, refusal["message"])
        event = self.wait_for(service, "manager_event", event_type="Attestation")
        self.assertEqual("Failed", event["status"])
        wait_until(lambda: not self.cvmctl.json("list")["cvms"], "the CVM is gone", 60)
        self.assertNotIn("Computation was released", daemon.log())
        wait_until(lambda: not self.host.leftovers(), "nothing is left", 10)

    def test_a_cvm_that_is_what_it_should_be_gets_its_computation(self):
        service = self.start_service("--cms-run")
        daemon = self.start_simulated()
        answer = self.wait_for(service, "manager_run_response", computation_id="run-7")

        self.wait_for(service, "manager_event", event_type="Attestation", status="Completed")
        wait_until(lambda: "Agent took its computation" in daemon.log(), "the agent answers",
                   BOOT_TIMEOUT)
        self.compute(service, answer["agent_port"])
        service.command("cms stop run-7")
        self.wait_for(service, "manager_stop_response", computation_id="run-7", message="")
        wait_until(lambda: not self.host.leftovers(), "nothing is left", 10)

    def test_the_key_of_a_tpm_beside_the_tee_is_bound_to_it(self):
        self.tee.deviate(vtpm=True)
        service = self.start_service("--cms-run")
        daemon = self.start_simulated()
        self.wait_for(service, "manager_run_response", computation_id="run-7")
        self.wait_for(service, "manager_event", event_type="Attestation", status="Completed")
        wait_until(lambda: "Agent took its computation" in daemon.log(), "the agent answers",
                   BOOT_TIMEOUT)

        [cvm] = [cvm["id"] for cvm in self.cvmctl.json("list")["cvms"]]
        verdict = self.cvmctl.json("attest", cvm)  # again, to nonces of the manager

        self.assertEqual("verified", verdict["verdict"])
        claims = [claim["name"] for part in verdict["appraisals"] for claim in part["claims"]]
        self.assertIn("snp.measurement", claims)
        service.command("cms stop run-7")
        self.wait_for(service, "manager_stop_response", computation_id="run-7", message="")
        wait_until(lambda: not self.host.leftovers(), "nothing is left", 10)

    def test_a_cvm_with_another_kernel_than_its_class_says_gets_none(self):
        other = self.host.image_dir / "other"
        other.write_bytes(GUEST_KERNEL.read_bytes() + b"one byte more is another kernel")
        self.tee.deviate(kernel=str(other))
        service = self.start_service("--cms-run")
        daemon = self.start_simulated()

        self.assert_refused(service, daemon, "snp.measurement")

    def test_a_refused_cvm_is_kept_where_its_class_says_so(self):
        self.host.write_class("default", CLASS.format(firmware=self.tee.firmware).replace(
            "mode: enforce", "mode: enforce, on_refusal: keep"))
        self.tee.deviate(host_data="5a" * 32)
        service = self.start_service("--cms-run")
        daemon = self.start_simulated()
        self.wait_for(service, "manager_stop_response", computation_id="run-7")

        def kept():
            [cvm] = self.cvmctl.json("list")["cvms"]
            return cvm if "attestation refused: snp.host-data" in cvm["cause"] else None
        cvm = wait_until(kept, "it shows why it was refused", 20)
        self.assertEqual("running", cvm["state"])
        self.assertEqual("refused", cvm["attestation"]["release"])
        daemon.kill()
        daemon.start()
        again = wait_until(kept, "that holds over a restart", 30)
        self.assertEqual(cvm["id"], again["id"])

        self.cvmctl.run("remove", cvm["id"])

        self.assertNotIn("Computation was released", daemon.log())
        wait_until(lambda: not self.host.leftovers(), "nothing is left", 10)

    def test_a_cvm_that_a_host_may_debug_gets_none(self):
        self.tee.deviate(guest_policy=0x30000 | 1 << 19)
        service = self.start_service("--cms-run")
        daemon = self.start_simulated()

        self.assert_refused(service, daemon, "debug")

    def test_a_cvm_with_other_host_data_gets_none(self):
        self.tee.deviate(host_data="5a" * 32)
        service = self.start_service("--cms-run")
        daemon = self.start_simulated()

        self.assert_refused(service, daemon, "snp.host-data")

    def test_evidence_that_answers_another_certificate_releases_nothing(self):
        self.tee.deviate(report_data="5a" * 64)
        service = self.start_service("--cms-run")
        daemon = self.start_simulated()

        self.assert_refused(service, daemon, "binding.report-data")

    def test_a_manager_that_starts_anew_still_wants_evidence(self):
        service = self.start_service("--cms-run")
        daemon = self.start_simulated()
        self.wait_for(service, "manager_run_response", computation_id="run-7")
        daemon.kill()  # before the guest is up

        daemon.start()

        self.wait_for(service, "manager_event", event_type="Attestation", status="Completed")
        wait_until(lambda: "Agent took its computation" in daemon.log(), "the agent answers",
                   BOOT_TIMEOUT)
        service.command("cms stop run-7")
        self.wait_for(service, "manager_stop_response", computation_id="run-7", message="")
        wait_until(lambda: not self.host.leftovers(), "nothing is left", 10)


class Replay(CmsTest):
    """Guests too small to have an agent: it runs on this host, with their files."""

    def setUp(self):
        super().setUp()
        self.tee = SimulatedTee(self.host)
        self.host.write_class("default", CLASS.format(firmware=self.tee.firmware))

    def test_evidence_of_another_cvm_releases_nothing(self):
        service = self.start_service("--cms-run")
        daemon = self.start_manager(guest={}, program=PROGRAM, MANAGER_QEMU_CPU="EPYC",
                                    **self.tee.environment())
        self.wait_for(service, "manager_run_response", computation_id="run-7")
        service.command("cms run run-8")
        self.wait_for(service, "manager_run_response", computation_id="run-8")
        cvms = {cvm["computation_id"]: cvm["id"] for cvm in self.cvmctl.json("list")["cvms"]}

        # The processor of one, asked for the certificate of the other.
        impostor = HostAgent(self.host, cvms["run-8"],
                             options=["--chip", self.tee.chip(cvms["run-7"])])
        self.addCleanup(impostor.end)

        refusal = self.wait_for(service, "manager_stop_response", computation_id="run-8")
        self.assertIn("attestation refused: snp.host-data", refusal["message"])
        self.assertNotIn("Computation was released", daemon.log())
        honest = HostAgent(self.host, cvms["run-7"],
                           options=["--chip", self.tee.chip(cvms["run-7"])])
        self.addCleanup(honest.end)
        wait_until(lambda: "Agent took its computation" in daemon.log(), "the other is released", 30)
        self.assertNotIn("computation started", impostor.log())
        service.command("cms stop run-7")
        self.wait_for(service, "manager_stop_response", computation_id="run-7", message="")
        wait_until(lambda: not self.host.leftovers(), "nothing is left", 20)


if __name__ == "__main__":
    main()
