"""What QEMU is really started with: libvirt's conversion to arguments does not show the network."""

import json

from harness import processes
from harness.case import DaemonTest, main

_KERNEL_ARGUMENTS = "quiet console=null"


class QemuArguments(DaemonTest):
    def setUp(self):
        super().setUp()
        self.host = self.make_host()
        self.api = self.start_daemon(self.host).api
        self.cvm = self.api.create(aa_kbs_params="cc_kbc::http://kbs.example:8080")
        self.arguments = processes.command_line(self.host.qemu_pid(self.cvm.id))

    def tearDown(self):
        self.api.remove(self.cvm.id)
        super().tearDown()

    def values(self, option):
        return [value for name, value in zip(self.arguments, self.arguments[1:]) if name == option]

    def device(self, driver):
        devices = [json.loads(value) for value in self.values("-device") if value.startswith("{")]
        return [device for device in devices if device["driver"].startswith(driver)]

    def test_network_card_is_the_one_upstream_gives_a_confidential_guest(self):
        [card] = self.device("virtio-net")
        self.assertEqual(
            {"driver": "virtio-net-pci-non-transitional", "iommu_platform": True, "addr": "0x2",
             "bus": "pcie.0", "romfile": ""},
            {name: card[name] for name in ("driver", "iommu_platform", "addr", "bus", "romfile")})

    def test_network_goes_through_passt_which_forwards_the_agent_port(self):
        [netdev] = map(json.loads, self.values("-netdev"))
        self.assertEqual(("stream", False), (netdev["type"], netdev["server"]))
        [passt] = [arguments for arguments in self.host.processes().values()
                   if "passt" in arguments[0]]
        self.assertIn(f"0.0.0.0/{self.cvm.port}:7002", passt)

    def test_shares_are_read_only_9p_with_the_tags_guests_mount(self):
        tags = {device["mount_tag"] for device in self.device("virtio-9p")}
        self.assertEqual({"certs_share", "env_share"}, tags)
        shares = self.values("-fsdev")
        self.assertEqual(2, len(shares))
        for share in shares:
            self.assertTrue(share.startswith("local,security_model=mapped"), share)
            self.assertIn(f"path={self.host.runtime_dir}/test/cvms/{self.cvm.id}/", share)
            self.assertTrue("readonly" in share, share)

    def test_boot_files_and_kernel_command_line(self):
        self.assertEqual([str(self.host.kernel)], self.values("-kernel"))
        self.assertEqual([str(self.host.initrd)], self.values("-initrd"))
        self.assertEqual(
            [f"{_KERNEL_ARGUMENTS} agent.aa_kbc_params=cc_kbc::http://kbs.example:8080"],
            self.values("-append"))

    def test_processors_and_memory(self):
        [processors] = self.values("-smp")
        self.assertEqual("1,maxcpus=2,sockets=1,dies=1,clusters=1,cores=2,threads=1", processors)
        self.assertEqual(["size=131072k,slots=2,maxmem=1048576k"], self.values("-m"))
        [backend] = [value for value in map(json.loads, self.values("-object"))
                     if value["qom-type"].startswith("memory-backend")]
        self.assertEqual(("memory-backend-ram", 128 << 20), (backend["qom-type"], backend["size"]))

    def test_no_display_and_nothing_that_nobody_asked_for(self):
        self.assertIn("-nodefaults", self.arguments)
        self.assertEqual(["none"], self.values("-display"))
        self.assertEqual([], self.device("virtio-balloon"))
        self.assertEqual([], [device for device in self.device("") if "usb" in device["driver"]])


if __name__ == "__main__":
    main()
