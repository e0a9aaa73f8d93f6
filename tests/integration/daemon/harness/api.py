"""The manager's API as its clients see it."""

import dataclasses
import pathlib
import queue
import threading

from harness import wire
from harness.grpc_call import Call, RpcError
from harness.waiting import wait_until

__all__ = ["Api", "RpcError", "outcome"]

_MANAGER = "/manager.ManagerService/"
_OPERATOR = "/cocos.operators.v1.Operator/"
_TIMEOUT = 60

TINY_CLASS = "tiny"


@dataclasses.dataclass
class Created:
    id: str
    port: int


def outcome(call, *arguments, **options):
    """What a call gave: its value or its RpcError."""
    try:
        return call(*arguments, **options)
    except RpcError as error:
        return error


class Api:
    """Calls of one manager; usable from any thread."""

    def __init__(self, address):
        self.address = address

    def create(self, metadata=(), **options):
        """Options as the flags of cocos-cli; paths stand for the files' content."""
        values = {name: value.read_bytes() if isinstance(value, pathlib.Path) else value
                  for name, value in options.items()}
        request = wire.create_request({"computation_class": TINY_CLASS} | values)
        answer = self._call(_MANAGER + "CreateVm", request, wire.CREATE_RESPONSE, metadata)
        return Created(answer["cvm_id"], int(answer["forwarded_port"]))

    def creating(self, **options):
        """A create in the background."""
        return Pending(self.create, **options)

    def removing(self, cvm_id):
        """A removal in the background."""
        return Pending(self.remove, cvm_id)

    def remove(self, cvm_id):
        self._call(_MANAGER + "RemoveVm", wire.text_field(1, cvm_id), {})

    def info(self, cvm_id=""):
        """Upstream's CVMInfo."""
        return self._call(_MANAGER + "CVMInfo", wire.text_field(1, cvm_id), wire.INFO_RESPONSE)

    def get(self, cvm_id):
        return self._call(_OPERATOR + "GetCvm", wire.text_field(1, cvm_id),
                          wire.GET_RESPONSE)["cvm"]

    def list(self):
        return self._call(_OPERATOR + "ListCvms", b"", wire.LIST_RESPONSE)["cvms"]

    def ids(self):
        return {cvm["id"] for cvm in self.list()}

    def in_state(self, state):
        """Ids of the CVMs in that state."""
        return [cvm["id"] for cvm in self.list() if cvm["state"] == state]

    def watch(self):
        """Changes from now on; use as a context manager."""
        return Watch(Call(self.address, _OPERATOR + "WatchCvms", wire.number_field(2, 1)))

    def start_create(self, metadata=()):
        """A create that can be cancelled; the raw call."""
        request = wire.create_request({"computation_class": TINY_CLASS})
        return Call(self.address, _MANAGER + "CreateVm", request, _TIMEOUT, metadata)

    def _call(self, path, request, schema, metadata=()):
        [answer] = list(Call(self.address, path, request, _TIMEOUT, metadata))
        return wire.decode(answer, schema)


class Pending:
    """A call in the background; `value` or `error` is set once it has ended."""

    def __init__(self, call, *arguments, **options):
        self.value = self.error = None
        self._thread = threading.Thread(target=self._run, args=(call, arguments, options),
                                        daemon=True)
        self._thread.start()

    def _run(self, call, arguments, options):
        result = outcome(call, *arguments, **options)
        if isinstance(result, RpcError):
            self.error = result
        else:
            self.value = result

    def has_ended(self):
        return not self._thread.is_alive()

    def end(self, timeout=40):
        """Waits until it has ended."""
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise AssertionError(f"the call did not end within {timeout} s")
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


class Watch:
    def __init__(self, call):
        self._call = call
        self._queue = queue.Queue()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self.seen = []  # all changes that were waited for or passed over
        self.error = None  # how it ended

    def __enter__(self):
        # The server sends its headers once it knows where to begin.
        self._call.wait_headers()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._call.close()
        self._thread.join()

    def _read(self):
        try:
            for message in self._call:
                self._queue.put(wire.decode(message, wire.CHANGE))
        except RpcError as error:
            self.error = error
        finally:
            self._queue.put(None)

    def next(self, timeout=20):
        try:
            change = self._queue.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(
                f"no change within {timeout} s; before: {self._history()}") from None
        if change is None:
            raise AssertionError(f"the watch ended: {self.error}; before: {self._history()}")
        self.seen.append(change)
        return change

    def wait_for(self, cvm_id, state, timeout=20):
        """The next change of that CVM to that state; passes over others."""
        while True:
            change = self.next(timeout)
            if (change["cvm"]["id"], change["cvm"]["state"]) == (cvm_id, state):
                return change

    def wait_ended(self, timeout=20):
        """The error the server ended the watch with."""
        wait_until(lambda: not self._thread.is_alive(), "the watch ends", timeout)
        return self.error

    def _history(self):
        return [(change["cvm"]["id"], change["cvm"]["state"]) for change in self.seen]
