"""The daemon dies or stops at any moment and is started again: nothing leaks, nothing is lost."""

import os
import signal
import time

from harness import processes
from harness.case import DaemonTest, main
from harness.api import RpcError
from harness.waiting import wait_until

STEPS = ("validate", "reserve", "stage", "capture", "define", "start")
CRASHED = -9


class KilledDuringACreate(DaemonTest):
    """SIGKILL after each step of CreateVm, while another CVM runs."""

    def setUp(self):
        super().setUp()
        self.host = self.make_host()
        daemon = self.start_daemon(self.host)
        self.survivor = daemon.api.create()
        self.survivor_pid = self.host.qemu_pid(self.survivor.id)
        daemon.stop()

    def crash_after(self, step):
        daemon = self.start_daemon(self.host, COCOS_TEST_DIE_AFTER=step)
        with self.assertRaises(RpcError):
            daemon.api.create()
        self.assertEqual(CRASHED, daemon.wait_ended())

    def is_clean(self):
        return (self.host.domain_ids() == {self.survivor.id}
                and self.host.share_dirs() == [self.survivor.id]
                and self.host.console_logs() == [f"{self.survivor.id}.log"]
                and len(self.host.processes()) == 2)  # QEMU and passt

    def test_after_each_step_leaves_nothing_and_loses_nothing(self):
        for step in STEPS:
            with self.subTest(step=step):
                self.crash_after(step)
                daemon = self.start_daemon(self.host)

                wait_until(self.is_clean, f"the create that died after {step} is undone")

                [cvm] = wait_until(lambda: self.only_survivor(daemon), "only the survivor is left")
                self.assertEqual("running", cvm["state"])
                self.assertTrue(cvm["agent_address"].endswith(f":{self.survivor.port}"), cvm)
                self.assertEqual(self.survivor_pid, self.host.qemu_pid(self.survivor.id))
                successor = daemon.api.create()
                self.assertEqual(self.survivor.port + 1, successor.port)
                daemon.api.remove(successor.id)
                daemon.stop()

    def only_survivor(self, daemon):
        cvms = daemon.api.list()
        return cvms if [cvm["id"] for cvm in cvms] == [self.survivor.id] else None

    def tearDown(self):
        self.start_daemon(self.host).api.remove(self.survivor.id)
        super().tearDown()


class Restarted(DaemonTest):
    def setUp(self):
        super().setUp()
        self.host = self.make_host()
        self.daemon = self.start_daemon(self.host)

    def restart(self, **environment):
        self.assertEqual(0, self.daemon.stop())
        self.daemon = self.start_daemon(self.host, **environment)
        return self.daemon.api

    def test_by_sigterm_leaves_cvms_running_and_adopts_them(self):
        cvms = [self.daemon.api.create(ttl="1h") for _ in range(2)]
        before = self.daemon.api.list()
        pids = [self.host.qemu_pid(cvm.id) for cvm in cvms]
        self.assertEqual(0, self.daemon.stop())
        self.assertTrue(all(processes.is_alive(pid) for pid in pids))

        self.daemon = self.start_daemon(self.host)

        after = self.daemon.api.list()
        for old, new in zip(before, after, strict=True):
            for field in ("id", "state", "class_name", "tee", "created", "expires", "agent_address",
                          "kernel_command_line", "memory_mib", "vcpus", "reference_values"):
                self.assertEqual(old.get(field), new.get(field), field)
        self.assertEqual(pids, [self.host.qemu_pid(cvm.id) for cvm in cvms])
        for cvm in cvms:
            self.daemon.api.remove(cvm.id)

    def test_by_sigkill_adopts_running_cvms(self):
        cvm = self.daemon.api.create()
        self.daemon.kill()

        daemon = self.start_daemon(self.host)

        self.assertEqual("running", daemon.api.get(cvm.id)["state"])
        daemon.api.remove(cvm.id)

    def test_reserves_ports_of_adopted_cvms(self):
        first = self.daemon.api.create()

        second = self.restart().create()

        self.assertEqual([first.port, first.port + 1], [first.port, second.port])
        for cvm in (first, second):
            self.daemon.api.remove(cvm.id)

    def test_counts_adopted_cvms_against_the_maximum(self):
        cvm = self.daemon.api.create()

        api = self.restart(MANAGER_MAX_VMS=1)

        with self.assertRaises(RpcError) as caught:
            api.create()
        self.assertEqual("RESOURCE_EXHAUSTED", caught.exception.code)
        api.remove(cvm.id)
        api.remove(api.create().id)

    def test_keeps_the_ttl_deadline(self):
        cvm = self.daemon.api.create(ttl="8s")
        deadline = self.daemon.api.get(cvm.id)["expires"]

        api = self.restart()

        self.assertEqual(deadline, api.get(cvm.id)["expires"])
        wait_until(lambda: not api.list(), "the TTL ends the CVM", timeout=20)
        self.assertGreaterEqual(time.time(), deadline)
        self.assertLess(time.time() - deadline, 3)
        self.assertEqual([], self.host.leftovers())

    def test_removes_a_cvm_whose_ttl_ended_meanwhile(self):
        cvm = self.daemon.api.create(ttl="2s")
        other = self.daemon.api.create(ttl="1h")
        self.daemon.stop()
        time.sleep(2.5)
        self.assertTrue(processes.is_alive(self.host.qemu_pid(cvm.id)))

        self.daemon.start()

        wait_until(lambda: self.host.domain_ids() == {other.id}, "the CVM past its TTL is gone")
        self.daemon.api.remove(other.id)

    def test_reports_a_cvm_that_died_meanwhile(self):
        cvm = self.daemon.api.create()
        self.daemon.stop()
        processes.kill(self.host.qemu_pid(cvm.id))

        self.daemon.start()

        self.assertEqual("failed", self.daemon.api.get(cvm.id)["state"])
        wait_until(lambda: not self.host.leftovers(), "the dead CVM is cleaned up")
        self.daemon.api.remove(cvm.id)

    def test_wipes_shares_and_logs_that_belong_to_no_domain(self):
        orphan = "01234567-89ab-4cde-8f01-23456789abcd"
        self.daemon.stop()
        share = self.host.runtime_dir / "test/cvms" / orphan
        (share / "certs").mkdir(parents=True)
        (share / "certs/key.pem").write_text("secret")
        log = self.host.console_dir / "test" / f"{orphan}.log"
        log.write_text("old")
        foreign = self.host.runtime_dir / "test/cvms/not-a-cvm"
        foreign.mkdir()

        self.daemon.start()

        wait_until(lambda: not share.exists() and not log.exists(), "orphaned files are wiped")
        self.assertTrue(foreign.exists())
        foreign.rmdir()

    def test_again_and_again_does_not_disturb_a_cvm(self):
        cvm = self.daemon.api.create()
        pid = self.host.qemu_pid(cvm.id)
        for attempt in range(4):
            api = self.restart()
            self.assertEqual("running", api.get(cvm.id)["state"], f"restart {attempt}")
        self.assertEqual(pid, self.host.qemu_pid(cvm.id))
        self.daemon.api.remove(cvm.id)

    def test_with_a_frozen_qemu_serves_the_others(self):
        frozen, other = self.daemon.api.create(), self.daemon.api.create()
        pid = self.host.qemu_pid(frozen.id)
        self.daemon.stop()
        os.kill(pid, signal.SIGSTOP)
        self.addCleanup(lambda: processes.is_alive(pid) and processes.kill(pid))

        self.daemon.start()

        self.assertEqual("running", self.daemon.api.get(other.id)["state"])
        self.daemon.api.remove(other.id)
        os.kill(pid, signal.SIGCONT)
        wait_until(lambda: self.daemon.api.in_state("running") == [frozen.id], "it runs again")
        self.daemon.api.remove(frozen.id)

    def test_removes_at_once_what_it_just_adopted(self):
        cvm = self.daemon.api.create()

        self.restart().remove(cvm.id)

        self.assertEqual([], self.host.leftovers())


if __name__ == "__main__":
    main()
