"""Agents that do what they should not. They run on this host, with the files of guests that are too
small to have one."""

import time

from harness.case import main
from harness.cms_case import CmsTest
from harness.programs import HostAgent
from harness.processes import peak_mib
from harness.waiting import wait_until

FLOOD_SECONDS = 10


class AgentTrouble(CmsTest):
    def setUp(self):
        super().setUp()
        self.service = self.start_service("--cms-run")
        self.daemon = self.start_manager(guest={})
        self.wait_for(self.service, "manager_run_response", computation_id="run-7")
        [self.cvm] = [cvm["id"] for cvm in self.cvmctl.json("list")["cvms"]]

    def start_agent(self, *options, **files):
        agent = HostAgent(self.host, self.cvm, options=options, **files)
        self.addCleanup(agent.end)
        return agent

    def stop(self):
        self.service.command("cms stop run-7")
        self.wait_for(self.service, "manager_stop_response", computation_id="run-7", message="")
        wait_until(lambda: not self.host.leftovers(), "nothing is left", 20)

    def test_a_flood_of_logs_costs_logs_alone(self):
        before = peak_mib(self.daemon.pid)
        agent = self.start_agent("--flood", FLOOD_SECONDS)
        wait_until(lambda: "Agent took its computation" in self.daemon.log(), "it took it", 30)

        begin = time.monotonic()
        self.service.command("cms run run-8")  # meanwhile
        self.wait_for(self.service, "manager_run_response", computation_id="run-8")
        answered = time.monotonic() - begin

        time.sleep(max(0, FLOOD_SECONDS - answered))
        agent.end()
        received = sum(1 for line in self.service.lines()
                       if line["kind"] == "manager_log" and line["computation_id"] == "run-7")
        grown = peak_mib(self.daemon.pid) - before
        print(f"in {FLOOD_SECONDS} s the service got {received} logs of 16 KiB; the manager grew by "
              f"{grown} MiB; a run was answered in {answered:.1f} s meanwhile")
        self.assertLess(grown, 200)
        self.assertGreater(received, 100)
        self.service.command("cms stop run-8")
        self.wait_for(self.service, "manager_stop_response", computation_id="run-8", message="")
        self.stop()

    def test_a_second_agent_of_a_cvm_gets_no_computation(self):
        self.start_agent()
        wait_until(lambda: "Agent took its computation" in self.daemon.log(), "it took it", 30)

        second = self.start_agent()

        wait_until(lambda: self.daemon.log().count("Agent is connected") == 2, "both are there", 30)
        time.sleep(7)  # more than the relay waits for evidence
        self.assertNotIn("computation started", second.log())
        self.assertEqual(1, self.daemon.log().count("Computation was released"))
        self.stop()

    def test_a_certificate_of_another_authority_opens_nothing(self):
        certificate, key = self.authority.issue("agent")

        agent = self.start_agent(certificate=certificate, key=key)

        wait_until(lambda: "stream to the computation service ended" in agent.log(),
                   "it is refused", 30)
        self.assertNotIn("Agent is connected", self.daemon.log())
        self.stop()

    def test_the_certificate_of_a_removed_cvm_opens_nothing(self):
        agent = self.start_agent()
        wait_until(lambda: "Agent took its computation" in self.daemon.log(), "it took it", 30)

        self.stop()

        wait_until(lambda: "stream to the computation service ended" in agent.log(),
                   "its stream ends", 20)
        seen = agent.log().count("stream to the computation service ended")
        wait_until(lambda: agent.log().count("stream to the computation service ended") > seen,
                   "it is refused", 30)
        self.assertEqual(1, self.daemon.log().count("Agent is connected"))

    def test_an_agent_comes_back_to_a_manager_that_starts_anew(self):
        agent = self.start_agent()
        wait_until(lambda: "Agent took its computation" in self.daemon.log(), "it took it", 30)
        self.daemon.kill()

        self.daemon.start()

        wait_until(lambda: self.daemon.log().count("Agent is connected") == 2, "it is back", 60)
        time.sleep(7)
        self.assertEqual(1, agent.log().count("computation started"))
        self.assertEqual(1, self.daemon.log().count("Computation was released"))
        self.stop()


class NoAgent(CmsTest):
    def test_a_cvm_whose_agent_never_comes_is_refused_at_the_deadline(self):
        self.host.write_class("default", "attestation: {mode: enforce, deadline: 5s}\n")
        service = self.start_service("--cms-run")
        daemon = self.start_manager(guest={})
        self.wait_for(service, "manager_run_response", computation_id="run-7")

        refusal = self.wait_for(service, "manager_stop_response", computation_id="run-7")

        self.assertEqual("attestation refused: its agent sent no evidence in time",
                         refusal["message"])
        wait_until(lambda: not self.host.leftovers(), "the CVM is gone", 30)
        self.assertNotIn("Computation was released", daemon.log())


if __name__ == "__main__":
    main()
