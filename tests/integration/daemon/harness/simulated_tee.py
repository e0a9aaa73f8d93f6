"""A host that pretends to have SEV-SNP: cocos-manager-simtee, and firmware that it can measure."""

import json
import os
import pathlib
import struct
import subprocess
import uuid

from harness.hosts import BINARY_DIR

PROGRAM = BINARY_DIR / "bin/cocos-manager-simtee"
OVMF = pathlib.Path("/usr/share/ovmf/OVMF.fd")

# EDK II, OvmfPkg/ResetVector.
_METADATA = uuid.UUID("dc886566-984a-4798-a75e-5585a7bf67cc").bytes_le
_HASH_TABLE = uuid.UUID("7255371f-3a3b-4b04-927b-1da6efa8d454").bytes_le
_HASHES_PAGE, _HASHES_AT, _HASHES_SIZE = 0x80F000, 0x80FC00, 0x400
_SEC_MEM, _SECRETS, _CPUID, _KERNEL_HASHES = 1, 2, 3, 0x10


def write_firmware(path):
    """Distributions build OVMF without a place for kernel hashes; this gives it one. The guest boots
    it as it is, for it looks for hashes only under SEV."""
    image = bytearray(OVMF.read_bytes())
    entry = image.rfind(_METADATA)
    [from_end] = struct.unpack_from("<I", image, entry - 6)
    table = len(image) - from_end
    [count] = struct.unpack_from("<I", image, table + 12)
    sections = [(0x800000, 0xD000, _SEC_MEM), (0x80D000, 0x1000, _SECRETS),
                (0x80E000, 0x1000, _CPUID), (_HASHES_PAGE, 0x1000, _KERNEL_HASHES),
                (0x810000, 0x10000, _SEC_MEM)]
    if count != len(sections):
        raise AssertionError(f"{OVMF}: {count} SEV sections, this test knows {len(sections)}")
    for i, section in enumerate(sections):
        struct.pack_into("<III", image, table + 16 + 12 * i, *section)
    struct.pack_into("<II", image, image.rfind(_HASH_TABLE) - 10, _HASHES_AT, _HASHES_SIZE)
    path.write_bytes(image)


class SimulatedTee:
    """Of one host. Guests find their processor in a folder, so it must be for QEMU to enter."""

    def __init__(self, host):
        self._dir = host.root / "tee"
        self._anchors = host.root / "anchors"
        self._dir.mkdir()
        self._anchors.mkdir()
        self.firmware = host.image_dir / "OVMF.fd"
        write_firmware(self.firmware)
        root = subprocess.run([PROGRAM, "print-root"], check=True, capture_output=True).stdout
        (self._anchors / "genoa.der").write_bytes(root)

    def environment(self):
        return {"COCOS_TEST_TRUST_ANCHORS": str(self._anchors),
                "COCOS_TEST_TEE_DIR": str(self._dir)}

    def chip(self, cvm_id):
        """The processor of a CVM that was launched, as its guest finds it."""
        return self._dir / cvm_id / "chip.json"

    def deviate(self, **deviations):
        """What the host does otherwise than it says from the next launch on."""
        new = self._dir / "deviations.json.new"
        new.write_text(json.dumps(deviations))
        os.replace(new, self._dir / "deviations.json")
