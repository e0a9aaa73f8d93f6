"""How the daemon ends."""

import signal
import time

from harness import processes
from harness.case import DaemonTest, main
from harness.waiting import wait_until

_BOUND = 15.0  # seconds that a stop may take with work in flight


class Shutdown(DaemonTest):
    def setUp(self):
        super().setUp()
        self.host = self.make_host()
        self.pause = self.host.root / "pause"

    def start_paused(self, step):
        self.pause.touch()
        return self.start_daemon(self.host, COCOS_TEST_PAUSE_AFTER=step,
                                 COCOS_TEST_PAUSE_FILE=self.pause)

    def begin_create(self, daemon, state):
        create = daemon.api.creating()
        wait_until(lambda: daemon.api.in_state(state), f"the create is {state}")
        return create

    def test_idle_is_quick_and_clean(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number.name):
                daemon = self.start_daemon(self.host)
                begin = time.monotonic()
                daemon.signal(number)
                self.assertEqual(0, daemon.wait_ended())
                self.assertLess(time.monotonic() - begin, 3)

    def test_ends_watchers(self):
        daemon = self.start_daemon(self.host)
        with daemon.api.watch() as watch:
            begin = time.monotonic()
            self.assertEqual(0, daemon.stop())
            self.assertLess(time.monotonic() - begin, _BOUND)
            watch.wait_ended()

    def test_lets_a_create_in_flight_finish(self):
        daemon = self.start_paused("stage")
        with daemon.api.watch(), self.begin_create(daemon, "staged") as create:
            daemon.signal(signal.SIGTERM)
            time.sleep(0.3)
            self.pause.unlink()
            self.assertEqual(0, daemon.wait_ended())
        self.assert_settled(create)

    def test_is_bounded_although_a_create_hangs(self):
        daemon = self.start_paused("define")
        create = self.begin_create(daemon, "defined")
        begin = time.monotonic()
        daemon.signal(signal.SIGTERM)
        daemon.wait_ended(_BOUND)
        self.assertLess(time.monotonic() - begin, _BOUND)
        self.pause.unlink()
        create.end()

        self.start_daemon(self.host)

        wait_until(lambda: not self.host.leftovers(), "the interrupted create is undone")

    def test_second_signal_ends_it_at_once(self):
        daemon = self.start_paused("define")
        create = self.begin_create(daemon, "defined")
        daemon.signal(signal.SIGTERM)
        time.sleep(0.3)
        self.assertTrue(daemon.is_running())
        begin = time.monotonic()
        daemon.signal(signal.SIGTERM)
        self.assertNotEqual(0, daemon.wait_ended())
        self.assertLess(time.monotonic() - begin, 1)
        self.pause.unlink()
        create.end()

        self.start_daemon(self.host)

        wait_until(lambda: not self.host.leftovers(), "the interrupted create is undone")

    def test_refuses_new_calls_while_it_ends(self):
        daemon = self.start_paused("stage")
        with self.begin_create(daemon, "staged"):
            daemon.signal(signal.SIGTERM)
            wait_until(lambda: daemon.http_status("/ready") != 200, "it is not ready any more")
            self.pause.unlink()
        self.assertEqual(0, daemon.wait_ended())
        self.remove_all()

    def assert_settled(self, create):
        """The caller was told what is: a CVM that runs, or none."""
        running = self.host.domain_ids()
        if create.value:
            self.assertEqual({create.value.id}, running)
            self.assertTrue(processes.is_alive(self.host.qemu_pid(create.value.id)))
        else:
            self.assertEqual([], self.host.leftovers())
        self.remove_all()

    def remove_all(self):
        api = self.start_daemon(self.host).api
        for cvm in api.list():
            api.remove(cvm["id"])


if __name__ == "__main__":
    main()
