"""libvirtd stops, dies, hangs and comes back while the daemon works.

Runs inside tests/support/private_libvirtd.sh.
"""

import concurrent.futures
import time

from harness import processes
from harness.case import DaemonTest, main
from harness.api import RpcError
from harness.hosts import SystemLibvirt
from harness.waiting import wait_until


class LibvirtdGone(DaemonTest):
    def setUp(self):
        super().setUp()
        self.libvirt = SystemLibvirt()
        self.host = self.make_host(self.libvirt)
        self.running = True
        self.addCleanup(self.start_libvirtd)

    def control(self, command):
        self.libvirt.control(command)
        self.running = command not in ("stop", "kill")

    def start_libvirtd(self):
        if not self.running:
            self.control("start")

    def tearDown(self):
        self.start_libvirtd()
        super().tearDown()

    def wait_not_ready(self, daemon):
        wait_until(lambda: daemon.http_status("/ready") == 503, "the daemon says it is not ready")

    def wait_state(self, daemon, cvm, state):
        wait_until(lambda: daemon.api.get(cvm.id)["state"] == state, f"the CVM is {state}", 30)

    def assert_unavailable(self, daemon):
        begin = time.monotonic()
        with self.assertRaises(RpcError) as caught:
            daemon.api.create()
        self.assertEqual("FAILED_PRECONDITION", caught.exception.code)
        self.assertIn("libvirt", caught.exception.message)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual([], self.host.share_dirs())

    def test_before_a_create(self):
        daemon = self.start_daemon(self.host)
        self.control("stop")
        self.wait_not_ready(daemon)

        self.assert_unavailable(daemon)
        self.assertEqual(200, daemon.http_status("/health"))

        self.control("start")
        daemon.wait_ready()
        daemon.api.remove(daemon.api.create().id)

    def test_before_the_daemon_starts(self):
        self.control("stop")
        daemon = self.make_daemon(self.host).start(wait=False)
        wait_until(lambda: daemon.http_status("/health") == 200, "the daemon is up all the same")
        self.wait_not_ready(daemon)
        self.assert_unavailable(daemon)

        self.control("start")

        daemon.wait_ready()
        daemon.api.remove(daemon.api.create().id)

    def create_while_libvirtd_ends(self, step, state, command):
        pause = self.host.root / "pause"
        pause.touch()
        daemon = self.start_daemon(self.host, COCOS_TEST_PAUSE_AFTER=step,
                                   COCOS_TEST_PAUSE_FILE=pause)
        create = daemon.api.creating()
        [cvm_id] = wait_until(lambda: daemon.api.in_state(state), f"the create is {state}")
        if step == "start":  # not in the middle of it, which would orphan libvirt's passt
            wait_until(lambda: self.host.guest_is_up(cvm_id), "the guest is up")
        self.control(command)
        pause.unlink()
        create.end()

        self.assertIsNotNone(create.error)
        self.assertEqual("FAILED_PRECONDITION", create.error.code)
        self.assertIn("libvirt", create.error.message)
        self.control("start")
        daemon.wait_ready()
        wait_until(lambda: not self.host.leftovers(), "the failed create is undone", 40)
        wait_until(lambda: not daemon.api.list(), "the failed create is forgotten")
        daemon.api.remove(daemon.api.create().id)

    def test_during_a_create_after_defining(self):
        self.create_while_libvirtd_ends("define", "defined", "stop")

    def test_during_a_create_after_staging(self):
        self.create_while_libvirtd_ends("stage", "staged", "kill")

    def test_during_a_create_after_starting(self):
        self.create_while_libvirtd_ends("start", "starting", "kill")

    def test_after_a_create(self):
        for command in ("stop", "kill"):
            with self.subTest(command=command):
                daemon = self.start_daemon(self.host)
                cvm = daemon.api.create()
                pid = self.host.qemu_pid(cvm.id)
                self.control(command)
                self.wait_state(daemon, cvm, "unknown")
                self.assertIn("libvirt", daemon.api.get(cvm.id)["cause"])
                self.assertTrue(processes.is_alive(pid))

                self.control("start")

                self.wait_state(daemon, cvm, "running")
                self.assertEqual(pid, self.host.qemu_pid(cvm.id))
                daemon.api.remove(cvm.id)
                daemon.stop()

    def test_while_a_qemu_dies(self):
        daemon = self.start_daemon(self.host)
        victim, other = daemon.api.create(), daemon.api.create()
        with daemon.api.watch() as watch:
            self.control("stop")
            self.wait_state(daemon, victim, "unknown")
            processes.kill(self.host.qemu_pid(victim.id))

            self.control("start")

            watch.wait_for(victim.id, "failed", timeout=30)
        self.wait_state(daemon, other, "running")
        wait_until(lambda: self.host.domain_ids() == {other.id}, "the dead CVM is cleaned up")
        daemon.api.remove(victim.id)
        daemon.api.remove(other.id)

    def test_events_arrive_again_after_a_reconnect(self):
        daemon = self.start_daemon(self.host)
        cvm = daemon.api.create()
        self.control("restart")
        self.wait_state(daemon, cvm, "running")
        daemon.wait_ready()
        with daemon.api.watch() as watch:
            processes.kill(self.host.qemu_pid(cvm.id))
            change = watch.wait_for(cvm.id, "failed")
        self.assertLess(change["event_latency"], 1.0)
        daemon.api.remove(cvm.id)

    def test_removal_is_made_good_when_it_is_back(self):
        daemon = self.start_daemon(self.host)
        cvm = daemon.api.create()
        self.control("stop")
        self.wait_state(daemon, cvm, "unknown")
        with self.assertRaises(RpcError) as caught:
            daemon.api.remove(cvm.id)
        self.assertEqual("FAILED_PRECONDITION", caught.exception.code)

        self.control("start")

        wait_until(lambda: not self.host.leftovers(), "the removal is finished", 40)

    def test_ttl_that_ends_meanwhile_is_made_good(self):
        daemon = self.start_daemon(self.host)
        cvm = daemon.api.create(ttl="3s")
        self.control("stop")
        self.wait_state(daemon, cvm, "unknown")
        time.sleep(3.5)
        self.assertTrue(processes.is_alive(self.host.qemu_pid(cvm.id)))

        self.control("start")

        wait_until(lambda: not self.host.leftovers(), "the CVM past its TTL is removed", 40)

    def test_hangs(self):
        """SIGSTOP: the socket stays open, so only keepalive tells."""
        daemon = self.start_daemon(self.host)
        cvm = daemon.api.create()
        self.control("freeze")
        self.addCleanup(self.control, "thaw")

        self.wait_state(daemon, cvm, "unknown")
        self.assert_unavailable_quickly(daemon)

        self.control("thaw")
        self.wait_state(daemon, cvm, "running")
        daemon.api.remove(cvm.id)

    def assert_unavailable_quickly(self, daemon):
        with self.assertRaises(RpcError) as caught:
            daemon.api.create()
        self.assertEqual("FAILED_PRECONDITION", caught.exception.code)

    def test_reboot_of_the_host(self):
        """Guests and daemon die, /run is empty, definitions stay."""
        daemon = self.start_daemon(self.host)
        cvms = [daemon.api.create() for _ in range(2)]
        daemon.kill()
        self.control("wipe")
        self.control("start")

        daemon.start()

        self.assertEqual({"failed"}, {daemon.api.get(cvm.id)["state"] for cvm in cvms})
        wait_until(lambda: not self.host.leftovers(), "the dead CVMs are cleaned up")

    def test_flapping_loses_nothing(self):
        daemon = self.start_daemon(self.host)
        cvms = [daemon.api.create() for _ in range(3)]
        for _ in range(4):
            self.control("restart")
        daemon.wait_ready()
        for cvm in cvms:
            self.wait_state(daemon, cvm, "running")
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda cvm: daemon.api.remove(cvm.id), cvms))


if __name__ == "__main__":
    main()
