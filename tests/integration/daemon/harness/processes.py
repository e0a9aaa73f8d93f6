"""Looks into /proc."""

import os
import pathlib
import signal

from harness.waiting import wait_until

_LISTEN = "0A"


def command_line(pid):
    """The arguments of a process; empty for one that is gone or a zombie."""
    try:
        raw = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [argument.decode(errors="replace") for argument in raw.split(b"\0")[:-1]]


def is_alive(pid):
    return bool(command_line(pid))


def naming(text):
    """{pid: arguments} of the processes that have `text` in their arguments; not ourselves."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        arguments = command_line(int(entry))
        if any(text in argument for argument in arguments):
            found[int(entry)] = arguments
    return found


def kill(pid, signal_number=signal.SIGKILL):
    """Kills a process and waits until it is gone (or its parent has yet to collect it)."""
    try:
        os.kill(pid, signal_number)
    except ProcessLookupError:
        return
    wait_until(lambda: not is_alive(pid), f"process {pid} is gone after signal {signal_number}")


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def listening_ports():
    """TCP ports that something on this network listens on, whatever the address."""
    ports = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in pathlib.Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN:
                ports.add(int(fields[1].rsplit(":", 1)[1], 16))
    return ports


def peak_mib(pid):
    """The most memory that a process had, resident."""
    [line] = [line for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
              if line.startswith("VmHWM:")]
    return int(line.split()[1]) // 1024
