"""Limits, ports, and calls that meet each other."""

import concurrent.futures
import os
import signal
import socket
import time

import tiny_guest
from harness import processes
from harness.case import DaemonTest, main
from harness.api import RpcError, outcome
from harness.waiting import wait_until


def listen(port):
    listener = socket.socket()
    listener.bind(("0.0.0.0", port))
    listener.listen(1)
    return listener


class Limits(DaemonTest):
    def setUp(self):
        super().setUp()
        self.host = self.make_host()

    def test_eight_concurrent_creates_at_a_limit_of_five(self):
        api = self.start_daemon(self.host, MANAGER_MAX_VMS=5).api

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            outcomes = [future.result() for future in
                        [pool.submit(outcome, api.create) for _ in range(8)]]

        refused = [each for each in outcomes if isinstance(each, RpcError)]
        created = [each for each in outcomes if each not in refused]
        self.assertEqual(5, len(created), outcomes)
        self.assertEqual([("RESOURCE_EXHAUSTED", "maximum number of VMs exceeded")] * 3,
                         [(error.code, error.message) for error in refused])
        self.assertEqual({6100, 6101, 6102, 6103, 6104}, {cvm.port for cvm in created})
        self.assertEqual({cvm.id for cvm in created}, self.host.domain_ids())
        self.assertLessEqual({cvm.port for cvm in created}, processes.listening_ports())
        for cvm in created:
            api.remove(cvm.id)

    def test_concurrent_creates_that_digest_large_files(self):
        """libvirt changes the owner of a guest's boot files while others read them."""
        self.host.initrd.write_bytes(bytes(100 << 20))
        api = self.start_daemon(self.host).api

        def create(number):
            time.sleep(number * 0.15)  # so that one reads while another starts
            return outcome(api.create)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(create, range(8)))

        self.assertEqual([], [str(each) for each in outcomes if isinstance(each, RpcError)])
        for cvm in outcomes:
            api.remove(cvm.id)

    def test_a_removed_cvm_makes_room(self):
        api = self.start_daemon(self.host, MANAGER_MAX_VMS=1).api
        first = api.create()
        self.assertEqual("RESOURCE_EXHAUSTED", outcome(api.create).code)
        api.remove(first.id)

        second = api.create()

        self.assertEqual(first.port, second.port)
        api.remove(second.id)

    def test_used_up_port_range(self):
        api = self.start_daemon(self.host, MANAGER_QEMU_HOST_FWD_RANGE="6100-6101").api
        cvms = [api.create() for _ in range(2)]

        error = outcome(api.create)

        self.assertEqual(
            ("RESOURCE_EXHAUSTED",
             "failed to allocate free port on host : failed to find free port in range 6100-6101"),
            (error.code, error.message))
        self.assertEqual({cvm.id for cvm in cvms}, self.host.domain_ids())
        self.assertEqual(2, len(self.host.share_dirs()))
        for cvm in cvms:
            api.remove(cvm.id)

    def test_a_port_that_a_stranger_has_is_passed_over(self):
        api = self.start_daemon(self.host).api
        with listen(6100):
            cvm = api.create()

        self.assertEqual(6101, cvm.port)
        api.remove(cvm.id)

    def test_own_listeners_inside_the_range_are_passed_over(self):
        api = self.start_daemon(self.host, MANAGER_GRPC_PORT=6100, MANAGER_HTTP_PORT=6101,
                                   MANAGER_QEMU_HOST_FWD_RANGE="6100-6102").api

        cvm = api.create()

        self.assertEqual(6102, cvm.port)
        api.remove(cvm.id)


class PausedCreate(DaemonTest):
    """Something happens while a create is held after a step."""

    def pause_after(self, step):
        self.host = self.make_host()
        self.pause_file = self.host.root / "pause"
        self.pause_file.touch()
        self.daemon = self.start_daemon(self.host, COCOS_TEST_PAUSE_AFTER=step,
                                        COCOS_TEST_PAUSE_FILE=self.pause_file)
        self.api = self.daemon.api
        self.pool = concurrent.futures.ThreadPoolExecutor(4)
        self.addCleanup(self.pool.shutdown)
        self.addCleanup(self.resume)

    def begin(self, state):
        """Starts a create; its future and its id, once it is in that state."""
        create = self.pool.submit(outcome, self.api.create)
        [cvm_id] = wait_until(lambda: self.api.in_state(state), f"the create is {state}")
        return create, cvm_id

    def resume(self):
        self.pause_file.unlink(missing_ok=True)

    def test_port_taken_by_a_stranger_meanwhile(self):
        self.pause_after("define")
        create, cvm_id = self.begin("defined")
        with listen(6100):
            self.resume()
            cvm = create.result(30)

        self.assertEqual((cvm_id, 6101), (cvm.id, cvm.port))
        self.assertIn(6101, processes.listening_ports())
        self.assertEqual("running", self.api.get(cvm.id)["state"])
        self.assertIn(":6101", self.api.get(cvm.id)["agent_address"])
        self.api.remove(cvm.id)

    def assert_removed_while_held(self, step, state):
        self.pause_after(step)
        create, cvm_id = self.begin(state)
        removal = self.pool.submit(outcome, self.api.remove, cvm_id)
        wait_until(lambda: not removal.done(), "the removal waits", timeout=1)
        self.resume()

        self.assertIsNone(removal.result(30))
        error = create.result(30)
        self.assertIsInstance(error, RpcError)
        self.assertEqual("CANCELLED", error.code)
        self.assertIn(cvm_id, error.message)
        self.assertEqual([], self.api.list())
        self.assertEqual([], self.host.leftovers())

    def test_removed_after_staging(self):
        self.assert_removed_while_held("stage", "staged")

    def test_removed_after_defining(self):
        self.assert_removed_while_held("define", "defined")

    def test_removed_while_starting(self):
        self.assert_removed_while_held("start", "starting")

    def test_qemu_killed_while_starting(self):
        self.pause_after("start")
        create, cvm_id = self.begin("starting")
        wait_until(lambda: self.host.guest_is_up(cvm_id), "the guest is up")
        processes.kill(self.host.qemu_pid(cvm_id))
        wait_until(lambda: self.host.qemu_pid(cvm_id) is None, "libvirt has noticed")
        self.resume()

        error = create.result(30)

        self.assertIsInstance(error, RpcError)
        self.assertIn("ended right after its start", error.message)
        wait_until(lambda: not self.host.leftovers(), "everything is cleaned up")

    def test_whose_caller_goes_away_is_undone(self):
        for step, state in (("stage", "staged"), ("define", "defined"), ("start", "starting")):
            with self.subTest(step=step):
                self.pause_after(step)
                call = self.api.start_create()
                [cvm_id] = wait_until(lambda: self.api.in_state(state), f"the create is {state}")
                if step == "start":
                    wait_until(lambda: self.host.guest_is_up(cvm_id), "the guest is up")
                call.cancel()
                time.sleep(0.2)  # for the server to learn of it
                self.resume()
                wait_until(lambda: not self.host.leftovers(), "the create is undone")
                self.assertEqual([], self.api.list())
                self.daemon.stop()

    def test_whose_deadline_passes_is_undone(self):
        self.pause_after("define")
        call = self.api.start_create(metadata=[("grpc-timeout", "500m")])
        wait_until(lambda: self.api.in_state("defined"), "the create is defined")
        time.sleep(0.6)
        self.resume()
        with self.assertRaises(RpcError) as caught:
            list(call)
        self.assertEqual("DEADLINE_EXCEEDED", caught.exception.code)
        wait_until(lambda: not self.host.leftovers(), "the create is undone")

    def test_does_not_hold_up_other_calls(self):
        self.pause_after("stage")
        create, cvm_id = self.begin("staged")

        self.assertEqual([cvm_id], [cvm["id"] for cvm in self.api.list()])
        self.assertEqual("NOT_FOUND", outcome(self.api.remove,
                                              "01234567-89ab-4cde-8f01-23456789abcd").code)

        self.resume()
        self.api.remove(create.result(30).id)


class Removal(DaemonTest):
    def setUp(self):
        super().setUp()
        self.host = self.make_host()
        self.daemon = self.start_daemon(self.host, MANAGER_STOP_TIMEOUT="5s")
        self.api = self.daemon.api

    def created(self):
        """A CVM whose guest is up."""
        cvm = self.api.create()
        wait_until(lambda: self.host.guest_is_up(cvm.id), "the guest is up")
        return cvm

    def test_lets_the_guest_power_off(self):
        cvm = self.created()
        with self.api.watch() as watch:
            begin = time.monotonic()
            self.api.remove(cvm.id)
            self.assertLess(time.monotonic() - begin, 4)
            states = [watch.next()["cvm"]["state"] for _ in range(2)]
        self.assertEqual(["stopping", "removed"], states)

    def test_powers_off_a_guest_that_does_not(self):
        self.host.write_kernel(tiny_guest.Behaviour.IGNORE_SHUTDOWN)
        cvm = self.created()
        begin = time.monotonic()
        self.api.remove(cvm.id)
        self.assertGreaterEqual(time.monotonic() - begin, 5)
        self.assertLess(time.monotonic() - begin, 10)

    def test_of_a_frozen_qemu(self):
        cvm = self.created()
        pid = self.host.qemu_pid(cvm.id)
        os.kill(pid, signal.SIGSTOP)
        self.addCleanup(lambda: processes.is_alive(pid) and processes.kill(pid))
        other = self.created()

        removal = self.api.removing(cvm.id)
        self.api.remove(other.id)
        self.assertFalse(removal.has_ended(), "the removal of another CVM did not wait")

        self.assertIsNone(removal.end(60).error)

    def test_does_not_wait_for_another_removal(self):
        self.host.write_kernel(tiny_guest.Behaviour.IGNORE_SHUTDOWN)
        slow = [self.created() for _ in range(3)]
        begin = time.monotonic()
        removals = [self.api.removing(cvm.id) for cvm in slow]
        self.api.list()
        self.assertLess(time.monotonic() - begin, 2)
        for removal in removals:
            self.assertIsNone(removal.end().error)
        self.assertLess(time.monotonic() - begin, 12)

    def test_that_a_crash_interrupts_is_finished_later(self):
        self.host.write_kernel(tiny_guest.Behaviour.IGNORE_SHUTDOWN)
        cvm = self.created()
        removal = self.api.removing(cvm.id)
        wait_until(lambda: self.api.in_state("stopping"), "the removal has begun")
        time.sleep(0.5)
        self.daemon.kill()
        self.assertEqual("UNAVAILABLE", removal.end().error.code)
        self.assertEqual({cvm.id}, self.host.domain_ids())

        self.daemon.start()

        wait_until(lambda: not self.host.leftovers(), "the removal is finished")
        self.assertEqual([], self.api.list())

    def test_twice(self):
        cvm = self.api.create()
        self.api.remove(cvm.id)

        error = outcome(self.api.remove, cvm.id)

        self.assertEqual(("NOT_FOUND", "entity not found"), (error.code, error.message))

    def test_by_four_callers_at_once(self):
        cvm = self.api.create()

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            outcomes = [future.result() for future in
                        [pool.submit(outcome, self.api.remove, cvm.id) for _ in range(4)]]

        succeeded = [each for each in outcomes if each is None]
        self.assertGreaterEqual(len(succeeded), 1)
        self.assertLessEqual({each.code for each in outcomes if each}, {"NOT_FOUND"})

    def test_of_an_unknown_id(self):
        for cvm_id in ("01234567-89ab-4cde-8f01-23456789abcd", "no-such-id", ""):
            with self.subTest(id=cvm_id):
                self.assertEqual("NOT_FOUND", outcome(self.api.remove, cvm_id).code)


if __name__ == "__main__":
    main()
