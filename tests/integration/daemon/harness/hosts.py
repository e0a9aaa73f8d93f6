"""A machine for the daemon: directories, libvirt, the files guests boot from."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import tiny_guest
from harness import api, processes

SOURCE_DIR = pathlib.Path(os.environ["COCOS_SOURCE_DIR"])
BINARY_DIR = pathlib.Path(os.environ["COCOS_BINARY_DIR"])

FIRST_PORT, LAST_PORT = 6100, 6200


class EmbeddedLibvirt:
    """libvirt's QEMU driver inside the daemon; only files can be looked at from outside."""

    # What libvirt found out about QEMU takes it seconds, so it is handed on from test to test.
    _found_out = pathlib.Path("/mnt/qemu-cache")

    def __init__(self, root):
        self._cache = root / "cache"
        self.uri = f"qemu:///embed?root={root}"
        self.run_dir = root / "run/qemu"
        self.domain_dir = root / "etc/qemu"
        self.tpm_dir = root / "lib/swtpm"
        if self._found_out.exists():
            shutil.copytree(self._found_out, self._cache)

    def retire(self):
        if self._cache.exists() and not self._found_out.exists():
            shutil.copytree(self._cache, self._found_out)

    def domain_names(self):
        stored = self.domain_dir.glob("*.xml")
        running = self.run_dir.glob("cvm-*.xml")
        return {path.stem for path in [*stored, *running]}


class SystemLibvirt:
    """The libvirtd of private_libvirtd.sh."""

    uri = "qemu:///system"
    run_dir = pathlib.Path("/run/libvirt/qemu")
    domain_dir = pathlib.Path("/etc/libvirt/qemu")
    tpm_dir = pathlib.Path("/var/lib/libvirt/swtpm")

    def domain_names(self):
        return set(self.virsh("list", "--all", "--name").split())

    def virsh(self, *arguments):
        return subprocess.run(["virsh", "--quiet", "--connect", self.uri, *arguments], check=True,
                              capture_output=True, text=True, timeout=60).stdout

    def control(self, command):
        """Stops, kills, starts... libvirtd; returns when it is done."""
        subprocess.run([os.environ["COCOS_LIBVIRTD_CONTROL"], command], check=True, timeout=60)

    def retire(self):
        pass


class TestLibvirt:
    """libvirt's test driver: no guests, no files, and a new world in every process."""

    uri = "test:///default"
    run_dir = domain_dir = tpm_dir = pathlib.Path("/nonexistent")

    def domain_names(self):
        return set()

    def retire(self):
        pass


class Host:
    """Directories of one manager and its guests. Short paths: sockets below have a length limit."""

    def __init__(self, libvirt=None):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="h", dir="/mnt"))
        self.root.chmod(0o711)
        self.libvirt = libvirt or EmbeddedLibvirt(self.root / "e")
        self.runtime_dir = self.root / "run"
        self.state_dir = self.root / "state"
        self.console_dir = self.root / "console"
        self.config_dir = self.root / "config"
        self.class_dir = self.config_dir / "classes.d"
        self.template_dir = self.root / "templates"
        self.image_dir = self.root / "img"
        self.class_dir.mkdir(parents=True)
        self.image_dir.mkdir()
        shutil.copytree(SOURCE_DIR / "domain-templates", self.template_dir)
        self.kernel = self.image_dir / "bzImage"
        self.initrd = self.image_dir / "rootfs.cpio.gz"
        self.write_kernel()
        # Not the class "default", which boots UEFI firmware first: ten seconds for nothing here.
        self.write_class(api.TINY_CLASS, 'tpm: none\nboot:\n  firmware_code: ""\n')
        self.initrd.write_bytes(b"no initrd, the tiny guest does not look")

    def write_kernel(self, behaviour=tiny_guest.Behaviour.OBEY, **options):
        self.kernel.write_bytes(tiny_guest.kernel(behaviour, **options))

    def write_class(self, name, text):
        (self.class_dir / f"{name}.yaml").write_text(text)

    def environment(self):
        """What the daemon is configured with, before a test's own wishes."""
        return {
            "MANAGER_LIBVIRT_URI": self.libvirt.uri,
            "MANAGER_CONFIG_DIR": str(self.config_dir),
            "MANAGER_RUNTIME_DIR": str(self.runtime_dir),
            "MANAGER_STATE_DIR": str(self.state_dir),
            "MANAGER_CONSOLE_DIR": str(self.console_dir),
            "MANAGER_TEMPLATE_DIR": str(self.template_dir),
            "MANAGER_INSTANCE_ID": "test",
            "MANAGER_LOG_LEVEL": "debug",
            # A guest that is asked before it is up never hears of it.
            "MANAGER_STOP_TIMEOUT": "1s",
            "MANAGER_GRPC_HOST": "127.0.0.1",
            "MANAGER_GRPC_PORT": "7002",
            "MANAGER_HTTP_HOST": "127.0.0.1",
            "MANAGER_HTTP_PORT": "7003",
            "MANAGER_QEMU_ENABLE_KVM": "false",
            "MANAGER_QEMU_MEMORY_SIZE": "128M",
            "MANAGER_QEMU_MEMORY_SLOTS": "2",
            "MANAGER_QEMU_MAX_MEMORY": "1G",
            "MANAGER_QEMU_SMP_COUNT": "1",
            "MANAGER_QEMU_SMP_MAXCPUS": "2",
            "MANAGER_QEMU_CPU": "max",
            "MANAGER_QEMU_DISK_IMG_KERNEL_FILE": str(self.kernel),
            "MANAGER_QEMU_DISK_IMG_ROOTFS_FILE": str(self.initrd),
            "MANAGER_QEMU_HOST_FWD_RANGE": f"{FIRST_PORT}-{LAST_PORT}",
        }

    # What a CVM has on the host.

    def qemu_pid(self, cvm_id):
        """Process of a running CVM's QEMU, or None."""
        try:
            return int((self.libvirt.run_dir / f"cvm-{cvm_id}.pid").read_text())
        except FileNotFoundError:
            return None

    def domain_ids(self):
        """CVM ids of the domains libvirt has, running or not."""
        names = self.libvirt.domain_names()
        return {name.removeprefix("cvm-") for name in names if name.startswith("cvm-")}

    def share_dirs(self, instance="test"):
        return _names(self.runtime_dir / instance / "cvms")

    def console_logs(self, instance="test"):
        return _names(self.console_dir / instance)

    def nvram_files(self, instance="test"):
        return _names(self.state_dir / instance / "nvram")

    def tpm_states(self):
        """CVMs, and other domains, with state of a TPM."""
        return _names(self.libvirt.tpm_dir)

    def manifests(self, instance="test"):
        """CVMs whose computation the relay keeps."""
        directory = self.runtime_dir / instance / "relay"
        return sorted(path.name for path in directory.iterdir()) if directory.exists() else []

    def console_text(self, cvm_id, instance="test"):
        path = self.console_dir / instance / f"{cvm_id}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def guest_is_up(self, cvm_id):
        return tiny_guest.HELLO in self.console_text(cvm_id)

    def leftovers(self, instance="test"):
        """Everything that must be gone when no CVM is left, as a list of sentences."""
        found = [f"domain of {cvm_id}" for cvm_id in self.domain_ids()]
        found += [f"share {name}" for name in self.share_dirs(instance)]
        found += [f"console log {name}" for name in self.console_logs(instance)]
        found += [f"NVRAM {name}" for name in self.nvram_files(instance)]
        found += [f"TPM state {name}" for name in self.tpm_states()]
        found += [f"manifest {name}" for name in self.manifests(instance)]
        found += [f"process {pid}: {' '.join(arguments)[:200]}"
                  for pid, arguments in self.processes().items()]
        ports = {port for port in processes.listening_ports() if FIRST_PORT <= port <= LAST_PORT}
        found += [f"listener on port {port}" for port in sorted(ports)]
        return found

    def processes(self):
        """QEMU, passt and swtpm processes of this host's guests."""
        own = processes.naming(f"{self.root}/")
        if isinstance(self.libvirt, SystemLibvirt):
            own |= processes.naming(f"{self.libvirt.run_dir}/passt/")
            own |= processes.naming(f"{self.libvirt.tpm_dir}/")
        return {pid: arguments for pid, arguments in own.items()
                if any(name in arguments[0] for name in ("qemu", "passt", "swtpm"))}

    def destroy(self):
        for pid in self.processes():
            processes.kill(pid)
        self.libvirt.retire()
        shutil.rmtree(self.root, ignore_errors=True)


def _names(directory):
    try:
        return sorted(os.listdir(directory))
    except FileNotFoundError:
        return []
