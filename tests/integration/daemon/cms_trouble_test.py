"""A Computation Management Service that is away, slow, broken or not the right one. Guests are tiny:
what their agents would do is the matter of cms_test.py."""

import signal
import time

from harness.case import main
from harness.cms_case import CmsTest
from harness.credentials import new_authority
from harness.processes import peak_mib
from harness.waiting import wait_until

KEEPALIVE = 30  # within which a dead peer must be noticed
LARGE_MIB = 1024


class CmsTrouble(CmsTest):
    def start_manager(self, **arguments):
        return super().start_manager(guest={}, **arguments)

    def remove_all(self):
        for cvm in self.cvmctl.json("list")["cvms"]:
            self.cvmctl.run("remove", cvm["id"])
        wait_until(lambda: not self.host.leftovers(), "nothing is left", 20)

    def computations(self):
        return sorted(cvm["computation_id"] for cvm in self.cvmctl.json("list")["cvms"])

    def test_a_service_that_comes_late_is_served(self):
        daemon = self.start_manager()
        wait_until(lambda: "No connection to the Computation" in daemon.log(), "it is missed", 20)

        service = self.start_service("--cms-run")

        self.wait_for(service, "manager_run_response", computation_id="run-7")
        self.remove_all()

    def test_a_service_that_dies_during_a_creation_gets_the_one_cvm(self):
        pause = self.host.root / "pause"
        pause.touch()
        service = self.start_service("--cms-run")
        self.start_manager(COCOS_TEST_PAUSE_AFTER="define", COCOS_TEST_PAUSE_FILE=pause)
        wait_until(lambda: self.computations() == ["run-7"], "the creation is under way", 20)
        service.signal(signal.SIGKILL)

        service = self.start_service("--cms-run")  # which sends the run again
        pause.unlink()

        self.wait_for(service, "manager_run_response", computation_id="run-7")
        self.assertEqual(["run-7"], self.computations())
        self.remove_all()

    def test_a_service_that_dies_during_a_removal_is_told_of_its_end(self):
        service = self.start_service("--cms-run")
        self.start_manager()
        self.wait_for(service, "manager_run_response", computation_id="run-7")
        service.command("cms stop run-7")
        wait_until(lambda: [cvm["state"] for cvm in self.cvmctl.json("list")["cvms"]] != ["running"],
                   "the removal began", 20)
        service.signal(signal.SIGKILL)

        service = self.start_service()

        self.wait_for(service, "manager_event", computation_id="run-7",
                      event_type="StopComputationRun", status="Completed")
        wait_until(lambda: not self.host.leftovers(), "nothing is left", 20)

    def test_a_service_that_stalls_is_given_up(self):
        service = self.start_service()
        daemon = self.start_manager()
        wait_until(lambda: "Connected to the Computation" in daemon.log(), "it is connected", 20)

        service.signal(signal.SIGSTOP)
        stalled = time.monotonic()

        wait_until(lambda: "No connection to the Computation" in daemon.log(),
                   "the stall is noticed", KEEPALIVE + 15)
        print(f"a stalled service was given up after {time.monotonic() - stalled:.1f} s "
              f"(bound: {KEEPALIVE} s)")
        self.assertLess(time.monotonic() - stalled, KEEPALIVE + 5)
        service.signal(signal.SIGCONT)
        service.command("cms run run-8")
        wait_until(lambda: daemon.log().count("Connected to the Computation") > 1,
                   "it is connected again", 90)

    def test_a_service_that_reads_nothing_slows_no_cvm(self):
        service = self.start_service()
        daemon = self.start_manager()
        wait_until(lambda: "Connected to the Computation" in daemon.log(), "it is connected", 20)

        service.command("cms stall 15")
        service.command("cms flood 20000")  # whose answers it does not read
        service.command("cms run run-7")

        begin = time.monotonic()
        wait_until(lambda: [cvm["state"] for cvm in self.cvmctl.json("list")["cvms"]] == ["running"],
                   "the CVM runs", 14)
        print(f"a run took {time.monotonic() - begin:.1f} s while the service read nothing")
        self.wait_for(service, "manager_run_response", computation_id="run-7")
        self.remove_all()

    def test_a_request_without_end_is_refused_and_others_are_served(self):
        service = self.start_service()
        daemon = self.start_manager()
        wait_until(lambda: "Connected to the Computation" in daemon.log(), "it is connected", 20)

        service.command(f"cms endless {LARGE_MIB}")
        service.command("cms garbage")
        service.command("cms run run-7")

        self.wait_for(service, "manager_run_response", computation_id="run-7")
        self.assertEqual(["run-7"], self.computations())
        print(f"{LARGE_MIB} MiB of a request of at most 64: {peak_mib(daemon.pid)} MiB at most")
        self.assertLess(peak_mib(daemon.pid), 400)
        self.remove_all()

    def test_fifty_runs_at_once_get_ten_slots(self):
        service = self.start_service()
        daemon = self.start_manager(MANAGER_MAX_VMS=10)
        wait_until(lambda: "Connected to the Computation" in daemon.log(), "it is connected", 20)
        ids = [f"run-{number}" for number in range(50)]

        for each in ids:
            service.command(f"cms run {each}")

        def answered(kind):
            return {line["computation_id"] for line in service.lines() if line["kind"] == kind}
        wait_until(lambda: answered("manager_run_response") | answered("manager_stop_response") ==
                   set(ids), "every run is answered", 240)
        self.assertEqual(10, len(answered("manager_run_response")))
        self.assertEqual(answered("manager_run_response"), set(self.computations()))
        refused = next(line for line in service.lines() if line["kind"] == "manager_stop_response")
        self.assertIn("maximum number of VMs exceeded", refused["message"])
        self.remove_all()

    def test_the_same_run_twice_makes_one_cvm(self):
        service = self.start_service()
        daemon = self.start_manager()
        wait_until(lambda: "Connected to the Computation" in daemon.log(), "it is connected", 20)

        service.command("cms run run-7")
        service.command("cms run run-7")

        def ports():
            return [line["agent_port"] for line in service.lines()
                    if line["kind"] == "manager_run_response"]
        wait_until(lambda: len(ports()) == 2, "both are answered", 60)
        self.assertEqual(1, len(set(ports())))
        self.assertEqual(["run-7"], self.computations())
        self.remove_all()

    def test_a_service_of_another_authority_is_served_once_that_is_trusted(self):
        other = new_authority()
        self.start_service(authority=other)
        daemon = self.start_manager()
        wait_until(lambda: "certificate verify failed" in daemon.log(), "it is not trusted", 30)

        # In place of the trusted one, as an operator rotates it.
        self.authority.ca.write_bytes(other.ca.read_bytes())

        wait_until(lambda: "Connected to the Computation" in daemon.log(), "it is trusted", 60)

    def test_a_service_with_an_expired_certificate_gets_no_connection(self):
        self.start_service("--cms-run", days=-1)
        daemon = self.start_manager()

        wait_until(lambda: "or is expired" in daemon.log(), "it is refused", 30)
        self.assertNotIn("Connected to the Computation", daemon.log())
        self.assertEqual([], self.computations())

    def test_a_service_of_another_name_gets_no_connection(self):
        self.start_service("--cms-run", places="DNS:elsewhere.example")
        daemon = self.start_manager()

        wait_until(lambda: "No connection to the Computation" in daemon.log(), "it is refused", 30)
        time.sleep(3)
        self.assertNotIn("Connected to the Computation", daemon.log())
        self.assertEqual([], self.computations())


if __name__ == "__main__":
    main()
