"""A Computation Management Service sends computations; real guests run them."""

import json
import re

from harness.case import main
from harness.cms_case import BOOT_TIMEOUT, SERVICE_PORT, CmsTest
from harness.waiting import wait_until



class Cms(CmsTest):
    def assert_connection_is_shown(self, daemon, connected):
        status, body = daemon.http("/ready")
        self.assertEqual(200, status, body)
        self.assertEqual(connected == "1", json.loads(body)["cms"]["connected"])
        self.assertIn(f"\ncocos_manager_cms_connected {connected}\n", daemon.http("/metrics")[1])

    def check_what_operators_see(self, daemon, cvm):
        self.assertTrue(cvm["agent_status"]["connected"])
        self.assertTrue(cvm["agent_status"]["state"])
        self.assertEqual(("report", "failed", "released"), tuple(
            cvm["attestation"][key] for key in ("mode", "outcome", "release")))
        self.assertEqual(cvm["attestation"], self.cvmctl.json("info", cvm["id"])["attestation"])

        logs = self.cvmctl.json_lines("logs", cvm["id"])
        texts = {source: [line["text"] for line in logs if line["source"] == source]
                 for source in ("agent", "console")}
        self.assertIn("multiplied", "".join(texts["agent"]))
        self.assertIn("guest: network up", "\n".join(texts["console"]))
        self.assertEqual(texts["agent"][-1:], [line["text"] for line in self.cvmctl.json_lines(
            "logs", "--source", "agent", "--tail", "1", cvm["id"])])
        self.assertIn("guest: network up", self.cvmctl.run("console", cvm["id"]))

        events = self.cvmctl.json_lines("events")
        revisions = [event["revision"] for event in events]
        self.assertEqual(list(range(revisions[0], revisions[0] + len(revisions))), revisions)
        texts = [(event["kind"], event["text"]) for event in events]
        for wanted in (("agent", "connected"), ("attestation", "computation released"),
                       ("agent", "took its computation"), ("agent", "Running: InProgress")):
            self.assertIn(wanted, texts)
        self.assertIn(f"failed: {cvm['attestation']['summary']}",
                      [text for kind, text in texts if kind == "attestation"])

        domain = self.host.libvirt.domain_dir / f"cvm-{cvm['id']}.xml"
        wait_until(lambda: re.search(r'attestation mode=.report. result=.failed. release=.released.',
                                     domain.read_text()), "libvirt has the verdict", 10)
        metrics = daemon.http("/metrics")[1]
        for line in ('cocos_manager_attestation_verdicts_total{result="failed"} 1',
                     "cocos_manager_computations_released_total 1",
                     "cocos_manager_agents_connected 1"):
            self.assertIn(line, metrics)

    def test_a_computation_is_run_and_stopped(self):
        self.host.write_class("default", "attestation: {mode: report}\n")
        with self.algorithm.open("a") as algorithm:
            algorithm.write("echo multiplied >&2\n")
        service = self.start_service("--cms-run")
        daemon = self.start_manager()

        answer = self.wait_for(service, "manager_run_response", computation_id="run-7")
        wait_until(lambda: "Agent took its computation" in daemon.log(), "the agent answers",
                   BOOT_TIMEOUT)
        self.compute(service, answer["agent_port"])
        [cvm] = self.cvmctl.json("list")["cvms"]
        self.assertEqual("run-7", cvm["computation_id"])
        self.check_what_operators_see(daemon, cvm)
        followed = self.cvmctl.start("logs", "-f", "--tail", "0", cvm["id"])
        self.addCleanup(followed.kill)
        service.command("cms stop run-7")

        stopped = self.wait_for(service, "manager_stop_response", computation_id="run-7")
        self.assertEqual("", stopped["message"])
        statuses = [(line["event_type"], line["status"]) for line in service.lines()
                    if line["kind"] == "manager_event" and line["originator"] == "manager"]
        self.assertEqual([("VmProvision", "Starting"), ("VmProvision", "InProgress"),
                          ("VmProvision", "Completed")], statuses[:3])
        self.wait_for(service, "manager_event", event_type="StopComputationRun", status="Completed")
        self.assertEqual([], self.cvmctl.json("list")["cvms"])
        self.assertEqual(0, followed.wait(20))  # with the CVM
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

    def test_a_run_gets_the_class_whose_rule_fits(self):
        self.host.write_class("other", "match: [{key: id, value: run-8}]\n")
        self.host.write_class("seven", "match: [{key: id_prefix, value: run-7}]\n")
        service = self.start_service()
        self.start_manager()
        self.wait_for_connections(service, 1)
        for run, its_class in (("run-7", "seven"), ("run-8", "other"), ("run-9", "default")):
            service.command(f"cms run {run}")
            self.wait_for(service, "manager_run_response", computation_id=run)
            [cvm] = self.cvmctl.json("list")["cvms"]
            self.assertEqual((run, its_class), (cvm["computation_id"], cvm["class"]))
            service.command(f"cms stop {run}")
            self.wait_for(service, "manager_stop_response", computation_id=run, message="")
        wait_until(lambda: not self.host.leftovers(), "nothing is left", 10)

    def test_the_service_may_be_allowed_to_end_the_manager(self):
        service = self.start_service("--cms-run")
        daemon = self.start_manager(MANAGER_CMS_TERMINATE="exit")
        self.wait_for(service, "manager_run_response", computation_id="run-7")
        [cvm] = self.cvmctl.json("list")["cvms"]

        self.assert_connection_is_shown(daemon, "1")
        service.command("cms terminate")

        self.assertEqual(0, daemon.wait_ended())
        self.assertIn("The Computation Management Service ends this manager", daemon.log())
        self.assertIn(f"localhost:{SERVICE_PORT}", daemon.log())
        self.assertIn("Method Shutdown completed successfully", daemon.log())
        self.assertEqual({cvm["id"]}, self.host.domain_ids())
        daemon.environment["MANAGER_CMS_TERMINATE"] = "reconnect"
        daemon.start()
        self.wait_for_connections(service, 2)
        service.command("cms terminate")
        self.wait_for_connections(service, 3)
        self.assertTrue(daemon.is_running())
        service.command("cms stop run-7")
        self.wait_for(service, "manager_stop_response", computation_id="run-7", message="")
        wait_until(lambda: not self.host.leftovers(), "nothing is left", 10)

    def test_a_computation_goes_on_while_manager_and_service_restart(self):
        service = self.start_service("--cms-run")
        daemon = self.start_manager()
        answer = self.wait_for(service, "manager_run_response", computation_id="run-7")
        daemon.kill()  # before the guest is up: the manifest is still here
        service.end()

        daemon.start()  # ready without the service
        self.assert_connection_is_shown(daemon, "0")
        service = self.start_service("--cms-run")  # sends the run again
        again = self.wait_for(service, "manager_run_response", computation_id="run-7")

        self.assertEqual(answer["agent_port"], again["agent_port"])
        wait_until(lambda: "Agent took its computation" in daemon.log(), "the agent answers",
                   BOOT_TIMEOUT)
        self.compute(service, answer["agent_port"])
        self.assertEqual(1, len(self.cvmctl.json("list")["cvms"]))
        service.command("cms stop run-7")
        self.wait_for(service, "manager_stop_response", computation_id="run-7", message="")
        wait_until(lambda: not self.host.leftovers(), "nothing is left", 10)
        self.assert_one_trace(daemon, "run-7", answer_came_first="Computation has its CVM")

    def assert_one_trace(self, daemon, computation, answer_came_first):
        """From the run to the stop, in the log of both processes."""
        lines = [json.loads(line) for line in daemon.log().splitlines() if line.startswith("{")]
        ours = [line for line in lines if "trace_id" in line]
        self.assertEqual(1, len({line["trace_id"] for line in ours}), ours)
        self.assertEqual(32, len(ours[0]["trace_id"]))
        messages = [line["msg"] for line in ours]
        self.assertEqual(["Computation is to be run", answer_came_first], messages[:2])
        for message in ("Adopted a running CVM", "Agent is connected",
                        "Computation was released to its CVM", "Agent took its computation",
                        "Computation was stopped"):
            self.assertIn(message, messages)
        self.assertEqual([], [line for line in lines if "cvm" in line and "trace_id" not in line])
        self.assertEqual({computation}, {line["computation"] for line in ours
                                         if "computation" in line})


if __name__ == "__main__":
    main()
