#!/usr/bin/env python3
"""What libvirt makes of the domains we render: the QEMU command lines, argument by argument.

Three ways to see them, for no single one shows all:
  * conversion by the installed libvirt: guests without a TEE;
  * conversion by the libvirt of a Debian forky root: SEV-SNP and TDX guests. Conversion does not need
    the hardware once libvirt is told that QEMU has the objects; tests alone may tell it that;
  * a paused start by the installed libvirt: network arguments, which conversion misreports.

Environment: COCOS_RENDER_SAMPLE (program), COCOS_TEST_CACHE (directory for the forky root; default
$XDG_CACHE_HOME/cocos-manager or ~/.cache/cocos-manager).
"""

import json
import os
import pathlib
import shlex
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
RENDER = os.environ.get("COCOS_RENDER_SAMPLE", "")
QEMU_NAMESPACE = "http://libvirt.org/schemas/domain/qemu/1.0"
SAMPLE_ID = "4f3d6c5e-6b1f-4c0a-9d55-0a1b2c3d4e5f"
SAMPLE_NAME = "cvm-" + SAMPLE_ID
GIB_IN_KIB = 1024 * 1024
START_SECONDS = 60


def render(sample, **settings):
    arguments = [f"{key}={value}" for key, value in settings.items()]
    return subprocess.run([RENDER, sample, *arguments], check=True, capture_output=True,
                          text=True).stdout


def with_capability(xml, name):
    """Makes libvirt believe that QEMU has an object. For conversion in tests, and only there."""
    lie = (f"<qemu:capabilities xmlns:qemu='{QEMU_NAMESPACE}'>"
           f"<qemu:add capability='{name}'/></qemu:capabilities>")
    head, end, tail = xml.rpartition("</domain>")
    return head + lie + end + tail


def why_not(*programs):
    """Why the tests that need root and these programs cannot run, or None."""
    if os.geteuid() != 0:
        return "needs root (namespaces, libvirt's embedded driver)"
    missing = [program for program in programs if shutil.which(program) is None]
    return f"not installed: {', '.join(missing)}" if missing else None


class CommandLine:
    """A QEMU command line and what tests ask about it."""

    def __init__(self, words):
        self.words = words

    @classmethod
    def of_conversion(cls, line):
        words = shlex.split(line)
        while "=" in words[0] and not words[0].startswith("/"):
            words.pop(0)  # environment
        return cls(words)

    def values(self, option):
        pairs = zip(self.words, self.words[1:])
        return [value for word, value in pairs if word == option]

    def value(self, option):
        values = self.values(option)
        assert len(values) == 1, f"{option} is there {len(values)} times, want once: {values}"
        return values[0]

    def has(self, option):
        return option in self.words

    def machine(self):
        """All -machine options merged, as QEMU does it; the machine type is 'type'."""
        merged = {}
        for value in self.values("-machine"):
            for part in value.split(","):
                key, _, setting = part.partition("=")
                merged.update({key: setting} if setting else {"type": key})
        return merged

    def _json(self, option, **wanted):
        parsed = [json.loads(v) for v in self.values(option) if v.startswith("{")]
        return [p for p in parsed if all(p.get(k) == v for k, v in wanted.items())]

    def _one_json(self, option, **wanted):
        found = self._json(option, **wanted)
        assert len(found) == 1, f"{option} {wanted}: {len(found)} found, want 1"
        return found[0]

    def object(self, qom_type):
        return self._one_json("-object", **{"qom-type": qom_type})

    def device(self, **wanted):
        return self._one_json("-device", **wanted)

    def blockdev(self, **wanted):
        return self._one_json("-blockdev", **wanted)

    def file_of(self, blockdev):
        """The file under a block device: its own, or that of the one it is layered on."""
        if "file" in blockdev:
            blockdev = self.blockdev(**{"node-name": blockdev["file"]})
        return blockdev["filename"]

    def netdev(self):
        return self._one_json("-netdev")


class ArgvCase(unittest.TestCase):
    """Assertions on what every guest has."""

    def check_cpus_and_boot(self, line, cpu):
        self.assertEqual(line.value("-smp"),
                         "4,maxcpus=64,sockets=1,dies=1,clusters=1,cores=64,threads=1")
        self.assertEqual(line.value("-cpu"), cpu)
        self.assertEqual(line.value("-kernel"), "/var/lib/cocos-manager/img/bzImage")
        self.assertEqual(line.value("-initrd"), "/var/lib/cocos-manager/img/rootfs.cpio.gz")
        self.assertEqual(line.value("-append"), "quiet console=null")
        self.assertRegex(line.machine()["type"], r"^(pc-q35-|q35$)")
        self.assertEqual(line.value("-accel"), "kvm")
        self.assertEqual(line.value("-uuid"), SAMPLE_ID)
        self.assertEqual(line.value("-display"), "none")
        self.assertTrue(line.has("-nodefaults"))
        self.assertEqual(line.value("-watchdog-action"), "none")
        self.assertFalse([d for d in line.values("-device") if "usb" in d or "balloon" in d])

    def check_shares(self, line, directory="/run/cocos-manager/cvms/" + SAMPLE_ID):
        for tag, name in (("certs_share", "certs"), ("env_share", "env")):
            device = line.device(mount_tag=tag)
            self.assertEqual(device["driver"], "virtio-9p-pci-non-transitional")
            self.assertIs(device["iommu_platform"], True)
            [backend] = [f for f in line.values("-fsdev") if f"id={device['fsdev']}," in f]
            parts = backend.split(",")
            self.assertEqual(parts[0], "local")
            self.assertIn("security_model=mapped", parts)
            self.assertIn(f"path={directory}/{name}", parts)
            self.assertTrue({"readonly", "readonly=on"} & set(parts), backend)

    def check_console(self, line, path="/var/log/cocos-manager/" + SAMPLE_ID + ".log"):
        device = line.device(driver="isa-serial")
        [chardev] = [c for c in line.values("-chardev") if f"id={device['chardev']}" in c]
        self.assertTrue(chardev.startswith("file,"), chardev)
        self.assertIn(f"path={path}", chardev.split(","))

    def check_hot_add(self, line, memory_kib):
        self.assertEqual(line.value("-m"),
                         f"size={memory_kib}k,slots=5,maxmem={30 * GIB_IN_KIB}k")

    def check_shared_memfd(self, line):
        """2 GiB in one shared memfd, without slots or NUMA nodes, which would be measured."""
        self.assertEqual(line.value("-m"), "size=2097152k")
        self.assertFalse(line.has("-numa"))
        memory = line.object("memory-backend-memfd")
        self.assertEqual(memory["id"], line.machine()["memory-backend"])
        self.assertIs(memory["share"], True)
        self.assertEqual(memory["size"], 2 * 1024**3)
        self.assertFalse(memory.get("prealloc", False))

    def check_pflash(self, line, nvram):
        machine = line.machine()
        code = line.blockdev(**{"node-name": machine["pflash0"]})
        variables = line.blockdev(**{"node-name": machine["pflash1"]})
        self.assertEqual(line.file_of(code), "/usr/share/OVMF/OVMF_CODE_4M.fd")
        self.assertEqual(line.file_of(variables), nvram)
        self.assertIs(code["read-only"], True)
        self.assertIs(variables["read-only"], False)


MARK = "=====next====="


def convert(virsh, documents, directory, seen_as):
    """Converts documents {name: xml} in one libvirt process; {name: CommandLine}."""
    commands = []
    for name, xml in documents.items():
        (directory / f"{name}.xml").write_text(xml)
        commands += [f"domxml-to-native qemu-argv {seen_as}/{name}.xml", f"echo {MARK}"]
    done = subprocess.run([*virsh, "; ".join(commands)], capture_output=True, text=True,
                          timeout=120, check=False)
    lines = [part.strip() for part in done.stdout.split(MARK)[:-1]]
    if done.returncode != 0 or len(lines) != len(documents):
        raise AssertionError(f"conversion failed:\n{done.stderr}\n{done.stdout}")
    return {name: CommandLine.of_conversion(line) for name, line in zip(documents, lines)}


class InstalledLibvirt(ArgvCase):
    """Conversion by the libvirt on this machine."""

    @classmethod
    def setUpClass(cls):
        reason = why_not("virsh", "qemu-system-x86_64")
        if reason is None and not os.path.exists("/dev/kvm"):
            reason = "no /dev/kvm: libvirt converts type='kvm' only where it is"
        if reason:
            raise unittest.SkipTest(reason)
        with tempfile.TemporaryDirectory(prefix="cocos-argv-") as name:
            directory = pathlib.Path(name)
            cls.lines = convert(
                ["virsh", "-q", "-c", f"qemu:///embed?root={directory}/libvirt"],
                {"plain-uefi": render("plain-uefi"),
                 "direct-kernel": render("direct-kernel", vsock="none")},
                directory, str(directory))

    def test_plain_uefi_guest(self):
        line = self.lines["plain-uefi"]
        self.check_cpus_and_boot(line, "EPYC,monitor=off")
        self.check_hot_add(line, 2 * GIB_IN_KIB)
        self.check_shares(line)
        self.check_console(line)
        self.check_pflash(line, f"/var/lib/cocos-manager/nvram/{SAMPLE_ID}.fd")

    def test_direct_kernel_guest(self):
        line = self.lines["direct-kernel"]
        self.check_cpus_and_boot(line, "host,migratable=off")
        self.check_hot_add(line, 2 * GIB_IN_KIB)
        self.check_shares(line)
        self.check_console(line)
        self.assertFalse(line.has("-bios"))
        self.assertNotIn("pflash0", line.machine())

    def test_plain_guests_are_not_confidential(self):
        for line in self.lines.values():
            self.assertNotIn("confidential-guest-support", line.machine())


class ForkyLibvirt(ArgvCase):
    """Conversion by the libvirt and QEMU of a Debian forky root."""

    @classmethod
    def setUpClass(cls):
        reason = why_not("mmdebstrap", "unshare", "chroot", "flock", "xmllint")
        if reason is None and not os.path.exists("/dev/kvm"):
            reason = "no /dev/kvm: libvirt converts type='kvm' only where it is"
        if reason:
            raise unittest.SkipTest(reason)
        cls.root = cls.make_root()
        cls.xml = {
            "sev-snp-igvm": render("sev-snp-igvm"),
            "sev-snp-ovmf": render("sev-snp-ovmf"),
            "tdx": render("tdx"),
        }
        documents = {name: with_capability(xml, "tdx-guest" if name == "tdx" else "sev-snp-guest")
                     for name, xml in cls.xml.items()}
        with tempfile.TemporaryDirectory(prefix="cocos-argv-") as name:
            directory = pathlib.Path(name)
            virsh = [str(HERE / "run_in_root.sh"), str(cls.root), name, "virsh", "-q", "-c",
                     "qemu:///embed?root=/tmp/libvirt"]
            cls.lines = convert(virsh, documents, directory, "/mnt")

    @staticmethod
    def make_root():
        default = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
                               "cocos-manager")
        root = pathlib.Path(os.environ.get("COCOS_TEST_CACHE") or default) / "forky-root"
        made = subprocess.run([str(HERE / "make_forky_root.sh"), str(root)], capture_output=True,
                              text=True, check=False)
        if made.returncode != 0:
            raise AssertionError(f"cannot make the forky root {root}:\n{made.stderr}")
        return root

    def test_rendered_domains_are_valid_for_its_schema(self):
        schema = self.root / "usr/share/libvirt/schemas/domain.rng"
        for name, xml in self.xml.items():
            with self.subTest(name):
                done = subprocess.run(["xmllint", "--noout", "--relaxng", str(schema), "-"],
                                      input=xml, capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_sev_snp_guest_from_igvm(self):
        line = self.lines["sev-snp-igvm"]
        self.check_cpus_and_boot(line, "EPYC,monitor=off")
        self.check_shared_memfd(line)
        self.check_shares(line)
        self.check_console(line)
        guest = line.object("sev-snp-guest")
        self.assertEqual({key: guest[key] for key in ("cbitpos", "reduced-phys-bits", "policy")},
                         {"cbitpos": 51, "reduced-phys-bits": 1, "policy": 0x30000})
        self.assertEqual(guest["host-data"], "A" * 43 + "=")
        self.assertNotIn("kernel-hashes", guest)
        machine = line.machine()
        self.assertEqual(machine["confidential-guest-support"], guest["id"])
        self.assertEqual(machine["igvm-cfg"], "igvm0")
        self.assertIn("igvm-cfg,id=igvm0,file=/var/lib/cocos-manager/img/coconut,,4 vCPUs.igvm",
                      line.values("-object"))
        self.assertFalse(line.has("-bios"))
        self.assertNotIn("pflash0", machine)

    def test_sev_snp_guest_from_ovmf(self):
        line = self.lines["sev-snp-ovmf"]
        self.check_cpus_and_boot(line, "EPYC,monitor=off")
        self.check_shared_memfd(line)
        self.check_shares(line)
        self.check_console(line)
        self.assertEqual(line.value("-bios"), "/usr/share/ovmf/OVMF.amdsev.fd")
        guest = line.object("sev-snp-guest")
        self.assertEqual(line.machine()["confidential-guest-support"], guest["id"])
        self.assertIs(guest["kernel-hashes"], True)
        self.assertIs(guest["author-key-enabled"], False)
        self.assertIs(guest["vcek-disabled"], False)
        self.assertEqual(guest["host-data"], "A" * 43 + "=")
        self.assertEqual(guest["id-block"], "A" * 128)
        self.assertEqual(guest["id-auth"], "A" * 5462 + "==")
        self.assertEqual(guest["guest-visible-workarounds"], "A" * 22 + "==")
        self.assertNotIn("igvm-cfg", line.machine())

    def test_tdx_guest(self):
        line = self.lines["tdx"]
        self.check_cpus_and_boot(line, "host,migratable=off")
        self.check_shared_memfd(line)
        self.check_shares(line)
        self.check_console(line)
        self.assertEqual(line.value("-bios"), "/usr/share/ovmf/OVMF.inteltdx.ms.fd")
        guest = line.object("tdx-guest")
        machine = line.machine()
        self.assertEqual(machine["confidential-guest-support"], guest["id"])
        self.assertEqual(machine["hpet"], "off")
        self.assertEqual(machine["kernel_irqchip"], "split")
        self.assertEqual(guest["quote-generation-socket"],
                         {"type": "unix", "path": "/var/run/tdx-qgs/qgs.socket"})
        self.assertEqual(guest["attributes"], 0x10000000)
        for digest in ("mrconfigid", "mrowner", "mrownerconfig"):
            self.assertEqual(guest[digest], "A" * 64)


def write_kernel(path):
    """The smallest file that QEMU loads as a Linux kernel. A paused guest never runs it."""
    image = bytearray(8192)
    image[0x1f1] = 1                                   # setup_sects
    struct.pack_into("<H", image, 0x1fe, 0xaa55)       # boot_flag
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", image, 0x206, 0x020c)       # protocol version 2.12
    image[0x211] = 1                                   # loadflags: LOADED_HIGH
    struct.pack_into("<I", image, 0x22c, 0x37ffffff)   # initrd_addr_max
    struct.pack_into("<I", image, 0x238, 2047)         # cmdline_size
    path.write_bytes(image)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Virsh:
    """A virsh that stays, since its embedded driver must outlive the domains it started."""

    def __init__(self, root):
        # Without a daemon there is no virtlogd to hold the console's file.
        for place in ("etc", "etc/qemu"):
            (root / place).mkdir(parents=True, exist_ok=True)
            (root / place / "qemu.conf").write_text('stdio_handler = "file"\n')
        self._log = open(root / "virsh.log", "w+", encoding="utf-8")
        self._seen = 0
        self._process = subprocess.Popen(["virsh", "-q", "-c", f"qemu:///embed?root={root}"],
                                         stdin=subprocess.PIPE, stdout=self._log,
                                         stderr=subprocess.STDOUT, text=True)

    def send(self, command):
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()

    def forget_output(self):
        self._seen = len(self._output())

    def _output(self):
        self._log.seek(0)
        return self._log.read()

    def wait_for(self, text):
        """Waits for output that begins a line; what came instead, or None if it came."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            new = self._output()[self._seen:]
            if any(line.startswith(text) for line in new.splitlines()):
                return None
            if "error:" in new or self._process.poll() is not None or time.monotonic() > deadline:
                return new or "(nothing)"
            time.sleep(0.05)

    def close(self):
        self._process.stdin.close()
        self._process.wait(timeout=START_SECONDS)
        self._log.close()


class PausedStart(ArgvCase):
    """The command lines of running QEMU processes, with all their arguments."""

    @classmethod
    def setUpClass(cls):
        reason = why_not("virsh", "qemu-system-x86_64", "passt")
        if reason:
            raise unittest.SkipTest(reason)
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="cocos-start-"))
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.directory.chmod(0o711)
        write_kernel(cls.directory / "bzImage")
        (cls.directory / "initrd").write_bytes(b"initrd")
        for name in ("certs", "env", "libvirt"):
            (cls.directory / name).mkdir()
        cls.virsh = Virsh(cls.directory / "libvirt")
        cls.addClassCleanup(cls.virsh.close)

    def render(self, sample, **settings):
        common = {"hypervisor": "qemu", "cpu": "max", "memory_mib": 128, "max_vcpus": 4,
                  "kernel": self.directory / "bzImage", "initrd": self.directory / "initrd",
                  "certs": self.directory / "certs", "env": self.directory / "env",
                  "console": self.directory / "console.log"}
        self.port = free_port()
        return render(sample, **{**common, "port": self.port, **settings})

    def start(self, xml):
        """Starts the domain paused, until the test ends, and returns QEMU's command line."""
        (self.directory / "domain.xml").write_text(xml)
        self.virsh.forget_output()
        self.virsh.send(f"define --validate {self.directory}/domain.xml")
        self.virsh.send(f"start --paused {SAMPLE_NAME}")
        self.virsh.send(f"domstate {SAMPLE_NAME}")
        self.addCleanup(self.stop)
        if instead := self.virsh.wait_for("paused"):
            self.fail("the domain did not start:\n" + instead)
        pid = (self.directory / "libvirt/run/qemu" / f"{SAMPLE_NAME}.pid").read_text()
        return CommandLine(pathlib.Path(f"/proc/{pid.strip()}/cmdline").read_text().split("\0"))

    def stop(self):
        self.virsh.forget_output()
        self.virsh.send(f"destroy {SAMPLE_NAME}")
        self.virsh.send(f"undefine --nvram {SAMPLE_NAME}")
        self.virsh.send("echo stopped")
        if instead := self.virsh.wait_for("stopped"):
            self.fail("the domain did not stop:\n" + instead)

    def check_network(self, line, rom_file=""):
        netdev = line.netdev()
        self.assertEqual(netdev["type"], "stream")
        self.assertIs(netdev["server"], False)
        device = line.device(netdev=netdev["id"])
        self.assertEqual(device["driver"], "virtio-net-pci-non-transitional")
        self.assertIs(device["iommu_platform"], True)
        self.assertEqual((device["bus"], device["addr"]), ("pcie.0", "0x2"))
        self.assertEqual(device["romfile"], rom_file)
        self.assertEqual(device["mac"], "52:54:00:3d:4e:5f")

    def test_direct_kernel_guest(self):
        line = self.start(self.render("direct-kernel", vsock="none", rom_file=""))
        self.check_network(line)
        self.check_shares(line, str(self.directory))
        self.check_hot_add(line, 128 * 1024)
        self.assertEqual(line.value("-accel"), "tcg")
        self.assertEqual(line.value("-kernel"), str(self.directory / "bzImage"))
        self.assertEqual(line.value("-append"), "quiet console=null")

    def test_option_rom_of_the_network_device(self):
        rom = "/usr/lib/ipxe/qemu/efi-virtio.rom"
        if not os.path.exists(rom):
            self.skipTest(f"no {rom} (package ipxe-qemu)")
        line = self.start(self.render("direct-kernel", vsock="none", rom_file=rom))
        self.check_network(line, rom)

    def test_named_cpu_model_under_emulation(self):
        line = self.start(self.render("direct-kernel", vsock="none", rom_file="", cpu="EPYC"))
        self.assertEqual(line.value("-cpu").split(",")[0], "EPYC")

    def test_plain_uefi_guest_gets_its_own_variables(self):
        nvram = self.directory / "vars.fd"
        line = self.start(self.render("plain-uefi", nvram=nvram))
        self.check_network(line)
        self.check_pflash(line, str(nvram))
        self.assertEqual(nvram.stat().st_size,
                         os.stat("/usr/share/OVMF/OVMF_VARS_4M.fd").st_size)

    def test_agent_port_is_forwarded(self):
        self.start(self.render("direct-kernel", vsock="none", rom_file=""))
        with socket.create_connection(("127.0.0.1", self.port), timeout=5):
            pass


class TestDriver(unittest.TestCase):
    """libvirt's test driver takes every rendered domain and gives our metadata back."""

    @classmethod
    def setUpClass(cls):
        if shutil.which("virsh") is None:
            raise unittest.SkipTest("not installed: virsh")

    def test_takes_every_domain_the_installed_schema_knows(self):
        for sample in ("plain-uefi", "measured-boot", "direct-kernel", "sev-snp-igvm", "sev-snp-ovmf"):
            with self.subTest(sample), tempfile.TemporaryDirectory(prefix="cocos-test-") as name:
                path = pathlib.Path(name) / "domain.xml"
                path.write_text(render(sample, hypervisor="test"))
                done = subprocess.run(
                    ["virsh", "-q", "-c", "test:///default",
                     f"define --validate {path}; start {SAMPLE_NAME}; domstate {SAMPLE_NAME}; "
                     f"metadata {SAMPLE_NAME} --uri urn:cocos-manager:cvm:1"],
                    capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("running", done.stdout)
                self.assertIn(f"<id>{SAMPLE_ID}</id>", done.stdout)


if __name__ == "__main__":
    if not RENDER:
        sys.exit("set COCOS_RENDER_SAMPLE to the render_sample program (ctest does)")
    unittest.main()
