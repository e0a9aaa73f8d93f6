"""The daemon on libvirt's test driver: real gRPC, no guests; many calls in little time."""

import collections
import concurrent.futures
import threading

from harness import processes
from harness.api import RpcError, outcome
from harness.case import DaemonTest, main
from harness.hosts import TestLibvirt

_PORTS = 101  # of the default range


class ManyCalls(DaemonTest):
    def setUp(self):
        super().setUp()
        self.host = self.make_host(TestLibvirt())

    def start(self, **environment):
        self.daemon = self.start_daemon(self.host, **environment)
        return self.daemon.api

    def create_concurrently(self, api, count):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            return list(pool.map(lambda _: outcome(api.create), range(count)))

    def assert_outcomes(self, outcomes, succeed, refusal):
        cvms = [each for each in outcomes if not isinstance(each, RpcError)]
        errors = collections.Counter((each.code, each.message) for each in outcomes
                                     if isinstance(each, RpcError))
        self.assertEqual({refusal: len(outcomes) - succeed}, dict(errors))
        self.assertEqual(succeed, len({cvm.port for cvm in cvms}))
        self.assertEqual(succeed, len({cvm.id for cvm in cvms}))
        return cvms

    def test_a_thousand_creates_at_a_limit_of_five(self):
        api = self.start(MANAGER_MAX_VMS=5)

        outcomes = self.create_concurrently(api, 1000)

        cvms = self.assert_outcomes(
            outcomes, 5, ("RESOURCE_EXHAUSTED", "maximum number of VMs exceeded"))
        self.assertEqual({cvm.id for cvm in cvms}, api.ids())
        self.remove_all(api, cvms)

    def test_a_thousand_creates_in_a_range_of_101_ports(self):
        api = self.start(MANAGER_MAX_VMS=0)

        outcomes = self.create_concurrently(api, 1000)

        cvms = self.assert_outcomes(
            outcomes, _PORTS,
            ("RESOURCE_EXHAUSTED", "failed to allocate free port on host : failed to find free "
             "port in range 6100-6200"))
        self.assertEqual(set(range(6100, 6201)), {cvm.port for cvm in cvms})
        self.assertEqual(_PORTS, len(self.host.share_dirs()))
        self.remove_all(api, cvms)

    def remove_all(self, api, cvms):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda cvm: api.remove(cvm.id), cvms))
        self.assertEqual([], api.list())
        self.assertEqual([], self.host.leftovers())

    def test_creates_and_removes_side_by_side_leak_nothing(self):
        api = self.start(MANAGER_MAX_VMS=8)
        for _ in range(20):
            api.remove(api.create().id)
        before = processes.open_files(self.daemon.pid), processes.threads(self.daemon.pid)

        def churn(_):
            for _ in range(25):
                api.remove(api.create().id)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(churn, range(8)))

        self.assertEqual([], api.list())
        self.assertEqual([], self.host.leftovers())
        files, threads = before
        # gRPC keeps a few threads and their descriptors for a while.
        self.assertLess(processes.open_files(self.daemon.pid), files + 30)
        self.assertLess(processes.threads(self.daemon.pid), threads + 40)

    def test_watchers_see_every_change_in_order(self):
        api = self.start(MANAGER_MAX_VMS=8)
        rounds, workers = 10, 4
        with api.watch() as first, api.watch() as second:
            def churn(_):
                for _ in range(rounds):
                    api.remove(api.create().id)
            threads = [threading.Thread(target=churn, args=(each,)) for each in range(workers)]
            for thread in threads:
                thread.start()
            # requested, reserved, staged, defined, starting, running, stopping, removed
            seen = [[watch.next() for _ in range(8 * rounds * workers)]
                    for watch in (first, second)]
            for thread in threads:
                thread.join()
        self.assertEqual(seen[0], seen[1])
        revisions = [change["revision"] for change in seen[0]]
        self.assertEqual(list(range(revisions[0], revisions[0] + len(revisions))), revisions)

    def test_class_quota(self):
        self.host.write_class("few", 'boot:\n  firmware_code: ""\nquota:\n  max_cvms: 2\n')
        api = self.start()
        cvms = [api.create(computation_class="few") for _ in range(2)]

        error = outcome(api.create, computation_class="few")

        self.assertEqual("RESOURCE_EXHAUSTED", error.code)
        self.assertIn("few", error.message)
        cvms.append(api.create())
        self.remove_all(api, cvms)

    def test_class_by_metadata(self):
        api = self.start()

        cvm = api.create(computation_class="", metadata=[("cocos-computation-class", "tiny")])

        self.assertEqual("tiny", api.get(cvm.id)["class_name"])
        self.remove_all(api, [cvm])

    def test_metrics_count_what_there_is(self):
        api = self.start(MANAGER_MAX_VMS=2)
        cvms = [api.create() for _ in range(2)]
        outcome(api.create)

        status, text = self.daemon.http("/metrics")

        self.assertEqual(200, status)
        self.assertIn('manager_api_request_count{method="Run"} 3\n', text)
        running = [line for line in text.splitlines() if 'state="running"' in line]
        self.assertEqual(["2"], [line.rsplit(" ", 1)[1] for line in running])
        self.remove_all(api, cvms)


if __name__ == "__main__":
    main()
