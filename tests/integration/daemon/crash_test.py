"""CVMs whose QEMU or guest ends by itself."""

import time

import tiny_guest
from harness import processes
from harness.case import DaemonTest, main
from harness.api import RpcError
from harness.waiting import wait_until


class QemuKilled(DaemonTest):
    def setUp(self):
        super().setUp()
        self.host = self.make_host()
        self.daemon = self.start_daemon(self.host)
        self.api = self.daemon.api

    def test_is_reported_with_cause_and_latency_and_cleaned_up(self):
        victim, other = self.api.create(), self.api.create()
        with self.api.watch() as watch:
            killed = time.monotonic()
            processes.kill(self.host.qemu_pid(victim.id))
            change = watch.wait_for(victim.id, "failed")
            noticed = time.monotonic() - killed
        print(f"QEMU killed -> watcher told: {noticed * 1000:.0f} ms, "
              f"of which in the manager: {change['event_latency'] * 1000:.2f} ms")

        self.assertEqual("running", change["previous_state"])
        self.assertIn("the hypervisor process ended unexpectedly", change["cvm"]["cause"])
        self.assertIn(tiny_guest.HELLO, change["cvm"]["console_tail"])
        self.assertLess(change["event_latency"], 1.0)
        self.assertLess(noticed, 5.0)
        self.assert_only_left(other)
        self.assertEqual("failed", self.api.get(victim.id)["state"])

        self.api.remove(victim.id)
        self.assert_not_found(victim)
        self.api.remove(other.id)

    def test_gives_port_and_slot_to_the_next(self):
        victim = self.api.create()
        processes.kill(self.host.qemu_pid(victim.id))
        wait_until(lambda: not self.host.domain_ids(), "the killed CVM is cleaned up")

        successor = self.api.create()

        self.assertEqual(victim.port, successor.port)
        self.api.remove(successor.id)

    def test_can_be_removed_before_anybody_noticed(self):
        victim = self.api.create()
        processes.kill(self.host.qemu_pid(victim.id))

        self.api.remove(victim.id)

        self.assert_not_found(victim)

    def test_of_all_at_once_loses_none(self):
        cvms = [self.api.create() for _ in range(5)]
        with self.api.watch() as watch:
            for cvm in cvms:
                processes.kill(self.host.qemu_pid(cvm.id))
            changes = [watch.next() for _ in cvms]
        self.assertEqual({(cvm.id, "failed") for cvm in cvms},
                         {(change["cvm"]["id"], change["cvm"]["state"]) for change in changes})
        wait_until(lambda: not self.host.leftovers(), "everything is cleaned up")

    def assert_only_left(self, cvm):
        wait_until(lambda: self.host.domain_ids() == {cvm.id}, "the killed CVM's domain is gone")
        wait_until(lambda: self.host.share_dirs() == [cvm.id], "the killed CVM's shares are gone")
        self.assertEqual([f"{cvm.id}.log"], self.host.console_logs())
        self.assertEqual("running", self.api.get(cvm.id)["state"])
        self.assertTrue(processes.is_alive(self.host.qemu_pid(cvm.id)))
        self.assertIn(cvm.port, processes.listening_ports())

    def assert_not_found(self, cvm):
        with self.assertRaises(RpcError) as caught:
            self.api.remove(cvm.id)
        self.assertEqual(("NOT_FOUND", "entity not found"),
                         (caught.exception.code, caught.exception.message))


class GuestEnds(DaemonTest):
    def assert_failed(self, cause, behaviour):
        host = self.make_host()
        host.write_kernel(behaviour, after=2.0)
        api = self.start_daemon(host).api
        with api.watch() as watch:
            cvm = api.create()
            change = watch.wait_for(cvm.id, "failed")
        self.assertIn(cause, change["cvm"]["cause"])
        self.assertIn(tiny_guest.HELLO, change["cvm"]["console_tail"])
        wait_until(lambda: not host.leftovers(), "everything is cleaned up")

    def test_by_powering_off(self):
        self.assert_failed("the guest powered off or rebooted", tiny_guest.Behaviour.POWER_OFF)

    def test_by_rebooting(self):
        self.assert_failed("the guest powered off or rebooted", tiny_guest.Behaviour.REBOOT)


if __name__ == "__main__":
    main()
