"""Other managers and other people's domains on the same libvirt.

Runs inside tests/support/private_libvirtd.sh.
"""

import re

from harness import processes
from harness.case import DaemonTest, main
from harness.api import RpcError
from harness.hosts import SystemLibvirt
from harness.waiting import wait_until

_FOREIGN = """\
<domain type='qemu'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  {metadata}
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices><controller type='usb' model='none'/><memballoon model='none'/></devices>
</domain>
"""
_UUID = "11111111-2222-4333-8444-{:012d}"


class ForeignDomains(DaemonTest):
    def setUp(self):
        super().setUp()
        self.libvirt = SystemLibvirt()
        self.host = self.make_host(self.libvirt)
        self.daemon = self.start_daemon(self.host)

    def start_foreign(self, number, metadata=""):
        name = f"foreign-{number}"
        path = self.host.root / f"{name}.xml"
        path.write_text(_FOREIGN.format(name=name, uuid=_UUID.format(number), metadata=metadata))
        self.libvirt.virsh("define", path)
        self.libvirt.virsh("start", name)
        self.addCleanup(self.libvirt.virsh, "undefine", name)
        self.addCleanup(self.libvirt.virsh, "destroy", name)
        return name

    def assert_untouched(self, name, before):
        self.assertEqual("running", self.libvirt.virsh("domstate", name).strip())
        self.assertEqual(before, self.libvirt.virsh("dumpxml", name))

    def metadata_of(self, cvm):
        xml = self.libvirt.virsh("dumpxml", f"cvm-{cvm.id}")
        return re.search(r"<metadata>.*</metadata>", xml, re.DOTALL).group()

    def test_without_our_metadata_are_invisible(self):
        name = self.start_foreign(1)
        before = self.libvirt.virsh("dumpxml", name)

        self.daemon.stop()
        self.daemon.start()

        self.assertEqual([], self.daemon.api.list())
        self.assertEqual("NOT_FOUND", self.refusal(_UUID.format(1)))
        self.assert_untouched(name, before)

    def test_with_a_copy_of_our_metadata_are_left_alone(self):
        cvm = self.daemon.api.create()
        metadata = self.metadata_of(cvm)
        for number, forged in enumerate((
                metadata,  # another domain's id
                metadata.replace(cvm.id, _UUID.format(3)).replace(
                    "<cocos:instance>test<", "<cocos:instance>other<").replace(
                    ">test</", ">other</"),
                re.sub(r"<(\w+:)?phase>running", r"<\1phase>nonsense", metadata)), start=2):
            with self.subTest(forgery=number):
                name = self.start_foreign(number, forged)
                before = self.libvirt.virsh("dumpxml", name)

                self.daemon.stop()
                self.daemon.start()

                self.assertEqual([cvm.id], [each["id"] for each in self.daemon.api.list()])
                self.assertEqual("NOT_FOUND", self.refusal(_UUID.format(number)))
                self.assert_untouched(name, before)
        self.daemon.api.remove(cvm.id)

    def test_that_stop_are_not_reported(self):
        name = self.start_foreign(1)
        with self.daemon.api.watch() as watch:
            self.libvirt.virsh("destroy", name)
            cvm = self.daemon.api.create()
            watch.wait_for(cvm.id, "running")
            self.assertEqual({cvm.id}, {change["cvm"]["id"] for change in watch.seen})
        self.libvirt.virsh("start", name)
        self.daemon.api.remove(cvm.id)

    def refusal(self, cvm_id):
        with self.assertRaises(RpcError) as caught:
            self.daemon.api.remove(cvm_id)
        return caught.exception.code


class TwoManagers(DaemonTest):
    OTHER = {"MANAGER_INSTANCE_ID": "other", "MANAGER_GRPC_PORT": 7012, "MANAGER_HTTP_PORT": 7013}

    def setUp(self):
        super().setUp()
        self.host = self.make_host(SystemLibvirt())

    def test_with_different_ids_see_only_their_own(self):
        first = self.start_daemon(self.host)
        second = self.start_daemon(self.host, **self.OTHER)

        cvms = [first.api.create(), second.api.create(),
                first.api.create(), second.api.create()]

        self.assertEqual(4, len({cvm.port for cvm in cvms}))
        self.assertEqual({cvms[0].id, cvms[2].id}, {cvm["id"] for cvm in first.api.list()})
        self.assertEqual({cvms[1].id, cvms[3].id}, {cvm["id"] for cvm in second.api.list()})
        with self.assertRaises(RpcError):
            second.api.remove(cvms[0].id)

        first.stop()
        first.start()

        self.assertEqual({cvm.id for cvm in cvms}, self.host.domain_ids())
        self.assertEqual({cvms[1].id, cvms[3].id}, set(self.host.share_dirs("other")))
        for index, cvm in enumerate(cvms):
            (first, second)[index % 2].api.remove(cvm.id)
        self.assertEqual([], self.host.leftovers("other"))

    def test_see_no_changes_of_each_other(self):
        first = self.start_daemon(self.host)
        second = self.start_daemon(self.host, **self.OTHER)
        cvm, own = first.api.create(), second.api.create()
        with second.api.watch() as watch:
            processes.kill(self.host.qemu_pid(cvm.id))
            wait_until(lambda: first.api.get(cvm.id)["state"] == "failed", "its own sees it")
            second.api.remove(own.id)
            watch.wait_for(own.id, "removed")
            self.assertEqual({own.id}, {change["cvm"]["id"] for change in watch.seen})

    def test_with_the_same_id_the_second_refuses_to_start(self):
        first = self.start_daemon(self.host)
        ports = {name: value for name, value in self.OTHER.items() if name.endswith("PORT")}

        second = self.make_daemon(self.host, **ports).start(wait=False)

        self.assertNotEqual(0, second.wait_ended())
        self.assertIn(f"pid {first.pid}", second.log())
        self.assertIn("MANAGER_INSTANCE_ID", second.log())
        first.api.remove(first.api.create().id)

    def test_the_lock_does_not_outlive_a_killed_manager(self):
        self.start_daemon(self.host).kill()

        self.start_daemon(self.host)


if __name__ == "__main__":
    main()
