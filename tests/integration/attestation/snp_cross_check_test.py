#!/usr/bin/env python3
"""SEV-SNP launch digests of `cvmctl measure snp` against those of PyPI's sev-snp-measure.

Random launches from a fixed seed: processors, models, guest features, VMMs, kernels with all manner
of command lines, on every firmware image with SEV metadata that is there: images made here, those of
the vectors, those of the distribution. Both must give the same digest or both must refuse.

Environment: COCOS_CROSS_CHECKS=1 (asks for it), COCOS_CVMCTL (program), COCOS_VECTORS_DIR,
COCOS_CROSS_CHECK_SETS (how many launches, default 500), COCOS_CROSS_CHECK_SEED, COCOS_TEST_CACHE
(directory for the virtual environment; default $XDG_CACHE_HOME/cocos-manager or
~/.cache/cocos-manager).
"""

import json
import lzma
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unittest
import uuid

CVMCTL = os.environ.get("COCOS_CVMCTL", "")
PACKAGE = "sev-snp-measure==0.0.13"
SETS = int(os.environ.get("COCOS_CROSS_CHECK_SETS", "500"))
SEED = int(os.environ.get("COCOS_CROSS_CHECK_SEED", "1"))
DISTRIBUTION = pathlib.Path("/usr/share/OVMF")

METADATA = uuid.UUID("dc886566-984a-4798-a75e-5585a7bf67cc")
HASH_TABLE = uuid.UUID("7255371f-3a3b-4b04-927b-1da6efa8d454")
RESET_BLOCK = uuid.UUID("00f771de-1a7e-4fcb-890e-68c77e2fb44e")
FOOTER = uuid.UUID("96b582de-1fb2-45f7-baea-a366c55a082d")

WORDS = ["quiet", "root=/dev/vda1", "console=ttyS0,115200", "a=\"b c\"", "'single'", "--", "-x",
         "[1,2]", "{}", "ä", "名前", "🔒", "\\", "\t", "  ", "=", "%s", "$HOME", ";", "#", "\n"]

# Run by the interpreter of the virtual environment: a list of launches in, digests out; null for a
# launch that it refuses.
PEER = """
import json, sys
from sevsnpmeasure import guest, sev_mode, vcpu_types, vmm_types
digests = []
for launch in json.load(sys.stdin):
    signature = launch["signature"]
    if launch["model"]:
        signature = vcpu_types.CPU_SIGS[launch["model"]]
    try:
        digests.append(guest.calc_launch_digest(
            sev_mode.SevMode.SEV_SNP, launch["vcpus"], signature, launch["firmware"],
            launch["kernel"], launch["initrd"], launch["command_line"], launch["features"],
            vmm_type=vmm_types.VMMType[launch["vmm"]]).hex())
    except RuntimeError:
        digests.append(None)
json.dump({"digests": digests, "models": list(vcpu_types.CPU_SIGS)}, sys.stdout)
"""


def cache():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("COCOS_TEST_CACHE") or pathlib.Path(base) / "cocos-manager")


def peer():
    """The interpreter that has the package; made once. Raises SkipTest where it cannot be."""
    folder = cache() / PACKAGE.replace("==", "-")
    python = folder / "bin" / "python3"
    ready = folder / "ready"
    if ready.exists():
        return python
    steps = [[sys.executable, "-m", "venv", "--clear", folder],
             [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]]
    for step in steps:
        try:
            made = subprocess.run(step, capture_output=True, text=True, timeout=600, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise unittest.SkipTest(f"sev-snp-measure cannot be installed: {error}") from error
        if made.returncode != 0:
            lines = (made.stderr or made.stdout).strip().splitlines() or ["no message"]
            raise unittest.SkipTest(f"sev-snp-measure cannot be installed: {lines[-1]}")
    ready.touch()
    return python


def image(pages, sections, reset, hash_table=None):
    """A firmware image with a GUID table and SEV metadata, and bytes that differ."""
    data = bytearray(random.Random(pages).randbytes(4096 * pages))
    data[:4096] = bytes(4096)
    metadata = struct.pack("<4sIII", b"ASEV", 16 + 12 * len(sections), 1, len(sections))
    metadata += b"".join(struct.pack("<III", *section) for section in sections)
    data[-2048:-2048 + len(metadata)] = metadata

    def entry(guid, content):
        return content + struct.pack("<H", len(content) + 18) + guid.bytes_le

    table = entry(METADATA, struct.pack("<I", 2048)) + entry(RESET_BLOCK, struct.pack("<I", reset))
    if hash_table:
        table += entry(HASH_TABLE, struct.pack("<II", *hash_table))
    table += struct.pack("<H", len(table) + 18) + FOOTER.bytes_le
    data[-32 - len(table):-32] = table
    return bytes(data)


def made_images():
    full = [(0x800000, 0x9000, 1), (0x80D000, 0x1000, 2), (0x80E000, 0x1000, 3),
            (0x80F000, 0x1000, 4), (0x810000, 0x1000, 0x10), (0x811000, 0x1F000, 1)]
    return {"made-full.fd": image(4, full, 0x80B004, (0x810C00, 0x400)),
            "made-no-hashes.fd": image(1, full[:3], 0xFFFFF123),
            "made-cpuid-first.fd": image(2, full[2::-1], 0x00801000)}


def has_metadata(content):
    return METADATA.bytes_le in content[-4096:] and RESET_BLOCK.bytes_le in content[-4096:]


def found_images():
    images = {}
    vectors = pathlib.Path(os.environ.get("COCOS_VECTORS_DIR", "/nonexistent")) / "sev-snp" / "ovmf"
    for path in sorted(vectors.glob("*ovmf*.bin")) + sorted(vectors.glob("*.fd.xz")):
        content = path.read_bytes()
        images[path.stem] = lzma.decompress(content) if path.suffix == ".xz" else content
    for path in sorted(DISTRIBUTION.glob("*.fd")) if DISTRIBUTION.is_dir() else []:
        images[path.name] = path.read_bytes()
    return {name: content for name, content in images.items() if has_metadata(content)}


class Launches:
    """Random launches, the same for the same seed and images."""

    def __init__(self, folder, firmware):
        self._random = random.Random(SEED)
        self._firmware = firmware
        self._files = []
        for number, size in enumerate([0, 1, 55, 4096, 100_003]):
            path = folder / f"file-{number}"
            path.write_bytes(self._random.randbytes(size))
            self._files.append(str(path))

    def _command_line(self):
        kind = self._random.randrange(5)
        if kind == 0:
            return None
        if kind == 1:
            return ""
        words = self._random.choices(WORDS, k=self._random.randint(1, 12))
        return self._random.choice(["", " "]).join(words)

    def _kernel(self):
        if self._random.random() < 0.3:
            return {"kernel": None, "initrd": None, "command_line": None}
        return {"kernel": self._random.choice(self._files),
                "initrd": self._random.choice([None, *self._files]),
                "command_line": self._command_line()}

    def _features(self):
        choices = [1, 0x21, 0, 2 ** 64 - 1, 1 << self._random.randrange(64),
                   self._random.getrandbits(64)]
        return self._random.choice(choices)

    def one(self, models):
        vmm = self._random.choice(["QEMU", "QEMU", "QEMU", "ec2", "gce"])
        model = self._random.choice([None, *models]) if vmm == "QEMU" else None
        return {"firmware": self._random.choice(self._firmware),
                "vcpus": self._random.choice([1, 2, 3, 4, 7, 8, 64, 255, 512]),
                "vmm": vmm, "model": model,
                "signature": self._random.getrandbits(32) if vmm == "QEMU" else 0,
                "features": self._features(), **self._kernel()}


def arguments(launch):
    result = ["--firmware", launch["firmware"], "--vcpus", str(launch["vcpus"]),
              "--vmm", launch["vmm"].lower(), "--guest-features", f"{launch['features']:x}"]
    if launch["model"]:
        result += ["--cpu", launch["model"]]
    elif launch["vmm"] == "QEMU":
        result += ["--cpu-signature", f"{launch['signature']:x}"]
    for option, key in [("kernel", "kernel"), ("initrd", "initrd"), ("cmdline", "command_line")]:
        if launch[key] == "":
            result += [f"--{option}", ""]
        elif launch[key] is not None:  # joined, because it may begin with a dash
            result.append(f"--{option}={launch[key]}")
    return result


def digest_of_cvmctl(launch):
    """None when the launch is refused."""
    run = subprocess.run([CVMCTL, "--output", "json", "measure", "snp", *arguments(launch)],
                         capture_output=True, text=True, check=False)
    if run.returncode == 1:
        return None
    if run.returncode != 0:
        raise AssertionError(f"{launch}: status {run.returncode}: {run.stderr}")
    return json.loads(run.stdout)["measurement"]


@unittest.skipUnless(os.environ.get("COCOS_CROSS_CHECKS") == "1", "COCOS_CROSS_CHECKS=1 asks for it")
class SnpCrossCheck(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.python = peer()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.firmware = []
        for name, content in {**made_images(), **found_images()}.items():
            (cls.folder / name).write_bytes(content)
            cls.firmware.append(str(cls.folder / name))

    def ask(self, launches):
        run = subprocess.run([self.python, "-c", PEER], input=json.dumps(launches), text=True,
                             capture_output=True, check=True)
        return json.loads(run.stdout)

    def test_random_launches_give_the_same_digests(self):
        models = self.ask([])["models"]
        maker = Launches(self.folder, self.firmware)
        launches = [maker.one(models) for _ in range(SETS)]
        expected = self.ask(launches)["digests"]

        for launch, digest in zip(launches, expected):
            with self.subTest(launch=launch):
                self.assertEqual(digest_of_cvmctl(launch), digest)

        refused = expected.count(None)
        self.assertGreater(len(expected) - refused, SETS // 4, "too few launches are possible")
        names = ", ".join(pathlib.Path(path).name for path in self.firmware)
        print(f"{len(launches)} launches, {refused} refused by both, seed {SEED}, images: {names}",
              file=sys.stderr)

    def test_every_model_has_the_same_signature(self):
        launch = {"firmware": self.firmware[0], "vcpus": 1, "vmm": "QEMU", "signature": 0,
                  "features": 1, "kernel": None, "initrd": None, "command_line": None}
        models = self.ask([])["models"]
        launches = [{**launch, "model": model} for model in models]

        for each, digest in zip(launches, self.ask(launches)["digests"]):
            with self.subTest(model=each["model"]):
                self.assertEqual(digest_of_cvmctl(each), digest)


if __name__ == "__main__":
    unittest.main()
