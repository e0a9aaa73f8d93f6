"""Guests that are ready at once: a few bytes of machine code in the form of a Linux kernel.

QEMU loads a file as Linux if it has the header of Linux's x86 boot protocol, and jumps to its
second sector in real mode. What stands there prints a line on the serial port and then behaves as asked.
Such a guest starts in a fraction of a second under software emulation and idles without a load, so
that tests of the manager need no real guest where they do not look inside.
"""

import enum
import struct

HELLO = "tiny guest is up"

_SECTOR = 512
_CODE_OFFSET = 0x80  # from the second sector's start, behind the header's fields
_COM1 = 0x3F8
# ACPI registers of the q35 machine, at the place its BIOS gives them.
_PM1_STATUS, _PM1_ENABLE, _PM1_CONTROL = 0x600, 0x602, 0x604
_RESET_CONTROL = 0xCF9
_SECOND_PIC_MASK = 0xA1
_TICKS_PER_SECOND = 18.2


class Behaviour(enum.Enum):
    OBEY = "powers off when asked to by ACPI"
    IGNORE_SHUTDOWN = "never ends by itself"
    POWER_OFF = "powers off by itself"
    REBOOT = "reboots by itself"


def _mov_dx(value):
    return b"\xba" + struct.pack("<H", value)


def _mov_ax(value):
    return b"\xb8" + struct.pack("<H", value)


_OUT_DX_AL = b"\xee"
_OUT_DX_AX = b"\xef"
_STI = b"\xfb"
_CLI = b"\xfa"
_HLT = b"\xf4"
_SLEEP_FOR_EVER = _CLI + _HLT + b"\xeb\xfd"  # jmp to the hlt
_POWER_OFF = _mov_dx(_PM1_CONTROL) + _mov_ax(0x2000) + _OUT_DX_AX + _SLEEP_FOR_EVER
_REBOOT = _mov_dx(_RESET_CONTROL) + _mov_ax(0x06) + _OUT_DX_AL + _SLEEP_FOR_EVER


def _print_text(text):
    message = text.encode() + b"\r\n\0"
    #     call over the text; pop si: SI points to it
    head = b"\xe8" + struct.pack("<H", len(message)) + message + b"\x5e"
    #       cs lodsb   test al,al  jz +6
    loop = b"\x2e\xac" + b"\x84\xc0" + b"\x74\x06" + _mov_dx(_COM1) + _OUT_DX_AL + b"\xeb\xf4"
    return head + loop


def _wait(seconds):
    ticks = max(1, round(seconds * _TICKS_PER_SECOND))
    #      mov cx,ticks                        sti    hlt    loop -3
    return b"\xb9" + struct.pack("<H", ticks) + _STI + _HLT + b"\xe2\xfd"


def _obey():
    mask_interrupt = b"\xb0\xff\xe6" + bytes([_SECOND_PIC_MASK])  # the button's, which would storm
    enable_button = _mov_dx(_PM1_ENABLE) + _mov_ax(0x100) + _OUT_DX_AX
    #                                                in ax,dx  test ah,1      jz -11
    poll = _STI + _HLT + _mov_dx(_PM1_STATUS) + b"\xed" + b"\xf6\xc4\x01" + b"\x74\xf5"
    return mask_interrupt + enable_button + poll + _POWER_OFF


def kernel(behaviour=Behaviour.OBEY, after=0.0, hello=HELLO):
    """The bytes of a kernel file. `after`: seconds until it powers off or reboots by itself."""
    code = _print_text(hello)
    if behaviour is Behaviour.OBEY:
        code += _obey()
    elif behaviour is Behaviour.IGNORE_SHUTDOWN:
        code += _SLEEP_FOR_EVER
    else:
        code += _wait(after) if after else b""
        code += _POWER_OFF if behaviour is Behaviour.POWER_OFF else _REBOOT
    return _with_linux_header(code)


def _with_linux_header(code):
    image = bytearray(4 * _SECTOR)
    image[0x1F1] = 1  # setup sectors after the first
    struct.pack_into("<I", image, 0x1F4, 2 * _SECTOR // 16)  # size of what follows the setup
    struct.pack_into("<H", image, 0x1FE, 0xAA55)
    image[0x200:0x202] = bytes([0xEB, _CODE_OFFSET - 2])  # jmp over the header
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", image, 0x206, 0x0203)  # protocol version
    image[0x211] = 1  # load the rest high
    struct.pack_into("<I", image, 0x214, 0x100000)
    struct.pack_into("<I", image, 0x22C, 0x37FFFFFF)  # highest address of an initrd
    start = _SECTOR + _CODE_OFFSET
    if start + len(code) > 2 * _SECTOR:
        raise ValueError(f"{len(code)} bytes of code do not fit")
    image[start : start + len(code)] = code
    return bytes(image)
