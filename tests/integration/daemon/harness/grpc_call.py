"""Just enough of gRPC over plain-text HTTP/2 to call the manager with nothing but Python.

One connection a call. Header compression is understood without Huffman coding and never used for
what is sent; gRPC's servers send no Huffman-coded text.
"""

import socket
import struct
import urllib.parse

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE, _CONTINUATION = (
    0, 1, 3, 4, 6, 7, 8, 9)
_END_STREAM, _ACK, _END_HEADERS, _PADDED, _PRIORITY = 1, 1, 4, 8, 0x20
_STREAM = 1
_WIDE_WINDOW = 2**31 - 1
_CANCEL = 8

CODES = ("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
         "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
         "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
         "UNAUTHENTICATED")

# RFC 7541, appendix A: the entries servers refer to; the rest only keep their places.
_STATIC_TABLE = [("", "")] * 62
for _index, _entry in {8: (":status", "200"), 13: (":status", "404"), 14: (":status", "500"),
                       16: ("accept-encoding", "gzip, deflate"), 28: ("content-length", ""),
                       31: ("content-type", ""), 33: ("date", ""), 54: ("server", "")}.items():
    _STATIC_TABLE[_index] = _entry


class RpcError(Exception):
    """A call that did not end with OK."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Call:
    """One call. Iterate over it for the replies' bytes; raises RpcError at the end if it failed."""

    def __init__(self, address, path, request, timeout=None, metadata=()):
        host, port = address.rsplit(":", 1)
        try:
            self._socket = socket.create_connection((host, int(port)), timeout=timeout)
        except OSError as error:
            raise RpcError("UNAVAILABLE", str(error)) from error
        self._decoder = _HeaderDecoder()
        self._headers = {}
        self._received = b""
        self._body = b""
        headers = [(":method", "POST"), (":scheme", "http"), (":path", path),
                   (":authority", address), ("te", "trailers"),
                   ("content-type", "application/grpc"), *metadata]
        self._send(0, _SETTINGS, 0, struct.pack(">HI", 4, _WIDE_WINDOW), before=_PREFACE)
        self._send(0, _WINDOW_UPDATE, 0, struct.pack(">I", _WIDE_WINDOW - 65535))
        self._send(_STREAM, _HEADERS, _END_HEADERS, b"".join(_literal(*each) for each in headers))
        self._send(_STREAM, _DATA, _END_STREAM, b"\0" + struct.pack(">I", len(request)) + request)

    def cancel(self):
        """Tells the server that nobody waits any more."""
        self._send(_STREAM, _RST_STREAM, 0, struct.pack(">I", _CANCEL))
        self.close()

    def close(self):
        # Another thread may be reading: that must end, too.
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    def wait_headers(self):
        """Returns when the server has begun to answer."""
        while not self._headers:
            self._read_frame()

    def __iter__(self):
        try:
            while True:
                ended = self._read_frame()
                yield from self._messages()
                if ended:
                    break
        except (OSError, EOFError) as error:
            raise RpcError("UNAVAILABLE", f"connection lost: {error}") from error
        finally:
            self.close()
        self._check_status()

    def _check_status(self):
        code = CODES[int(self._headers.get("grpc-status", "2"))]
        if code != "OK":
            raise RpcError(code, urllib.parse.unquote(self._headers.get("grpc-message", "")))

    def _send(self, stream, kind, flags, payload, before=b""):
        head = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(">I", stream)
        self._socket.sendall(before + head + payload)

    def _receive(self, size):
        while len(self._received) < size:
            chunk = self._socket.recv(65536)
            if not chunk:
                raise EOFError("closed by the server")
            self._received += chunk
        taken, self._received = self._received[:size], self._received[size:]
        return taken

    def _read_frame(self):
        """Handles one frame; True if it was the stream's last."""
        head = self._receive(9)
        kind, flags = head[3], head[4]
        payload = self._receive(int.from_bytes(head[:3], "big"))
        if kind == _SETTINGS and not flags & _ACK:
            self._send(0, _SETTINGS, _ACK, b"")
        elif kind == _PING and not flags & _ACK:
            self._send(0, _PING, _ACK, payload)
        elif kind == _DATA:
            self._body += _unpadded(payload, flags)
        elif kind in (_HEADERS, _CONTINUATION):
            self._headers.update(self._decoder.decode(_unpadded(payload, flags)))
        elif kind == _RST_STREAM:
            raise EOFError(f"stream reset with error {int.from_bytes(payload, 'big')}")
        return kind in (_DATA, _HEADERS) and bool(flags & _END_STREAM)

    def _messages(self):
        while len(self._body) >= 5:
            end = 5 + int.from_bytes(self._body[1:5], "big")
            if len(self._body) < end:
                return
            message, self._body = self._body[5:end], self._body[end:]
            yield message


def _unpadded(payload, flags):
    if flags & _PADDED:
        payload = payload[1 : len(payload) - payload[0]]
    return payload[5:] if flags & _PRIORITY else payload


def _integer(value, prefix_bits, first=0):
    limit = (1 << prefix_bits) - 1
    if value < limit:
        return bytes([first | value])
    encoded, value = bytearray([first | limit]), value - limit
    while value >= 128:
        encoded.append(value % 128 + 128)
        value //= 128
    return bytes(encoded) + bytes([value])


def _literal(name, value):
    """A header field without indexing, name and value as they are."""
    texts = [text.encode() for text in (name, value)]
    return b"\0" + b"".join(_integer(len(text), 7) + text for text in texts)


class _HeaderDecoder:
    def __init__(self):
        self._dynamic = []

    def decode(self, block):
        self._block, self._at = block, 0
        headers = []
        while self._at < len(block):
            first = block[self._at]
            if first & 0x80:
                headers.append(self._entry(self._integer(7)))
            elif first & 0x40:
                headers.append(self._field(6))
                self._dynamic.insert(0, headers[-1])
            elif first & 0x20:
                self._integer(5)  # a new table size: ours never overflows
            else:
                headers.append(self._field(4))
        return headers

    def _field(self, prefix_bits):
        index = self._integer(prefix_bits)
        name = self._entry(index)[0] if index else self._text()
        return name, self._text()

    def _entry(self, index):
        return _STATIC_TABLE[index] if index < 62 else self._dynamic[index - 62]

    def _integer(self, prefix_bits):
        limit = (1 << prefix_bits) - 1
        value = self._block[self._at] & limit
        self._at += 1
        if value < limit:
            return value
        shift = 0
        while True:
            byte = self._block[self._at]
            self._at += 1
            value += (byte & 127) << shift
            shift += 7
            if not byte & 128:
                return value

    def _text(self):
        if self._block[self._at] & 0x80:
            raise ValueError("Huffman coding is not understood")
        size = self._integer(7)
        text = self._block[self._at : self._at + size].decode()
        self._at += size
        return text
