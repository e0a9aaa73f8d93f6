"""Protobuf messages of the manager's API as dictionaries."""

import struct

# {field number: (name, kind)}; a kind is "text", "number", "seconds", a tuple of an enum's names,
# {"list": schema}, {"map": True} or another schema.
_STATES = ("", "requested", "reserved", "staged", "defined", "starting", "running", "stopping",
           "removed", "failed", "unknown")
_TEES = ("", "none", "sev-snp", "tdx")
CVM = {1: ("id", "text"), 2: ("domain_name", "text"), 3: ("state", _STATES),
       4: ("class_name", "text"), 5: ("tee", _TEES), 6: ("created", "seconds"),
       7: ("changed", "seconds"), 8: ("expires", "seconds"), 9: ("agent_address", "text"),
       10: ("vsock_cid", "number"), 11: ("computation_id", "text"),
       12: ("kernel_command_line", "text"), 13: ("memory_mib", "number"), 14: ("vcpus", "number"),
       15: ("cause", "text"), 16: ("console_tail", "text"), 17: ("reference_values", {"map": True})}
LIST_RESPONSE = {1: ("cvms", {"list": CVM}), 2: ("revision", "number")}
GET_RESPONSE = {1: ("cvm", CVM)}
CHANGE = {1: ("revision", "number"), 2: ("time", "seconds"), 3: ("previous_state", _STATES),
          4: ("cvm", CVM), 5: ("event_latency", "seconds")}
CREATE_RESPONSE = {1: ("forwarded_port", "text"), 2: ("cvm_id", "text")}
INFO_RESPONSE = {1: ("id", "text"), 2: ("ovmf_version", "text"), 3: ("cpu_num", "number"),
                 4: ("cpu_type", "text"), 5: ("kernel_cmd", "text"), 6: ("eos_version", "text")}

# Names as cocos-cli's flags, where it has them.
_CREATE_FIELDS = {"log_level": 1, "server_ca": 2, "client_key": 3, "client_crt": 4,
                  "server_url": 5, "ca_url": 6, "ttl": 7, "certs_token": 8,
                  "aws_access_key_id": 9, "aws_secret_access_key": 10, "aws_endpoint_url": 11,
                  "aws_region": 12, "aa_kbs_params": 13, "computation_class": 1000}


def _varint(value):
    encoded = bytearray()
    while value >= 128:
        encoded.append(value % 128 + 128)
        value //= 128
    return bytes(encoded) + bytes([value])


def text_field(number, value):
    """`value`: text or bytes."""
    raw = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(raw)) + raw


def number_field(number, value):
    return _varint(number << 3) + _varint(value)


def create_request(options):
    return b"".join(text_field(_CREATE_FIELDS[name], value) for name, value in options.items())


def _read_varint(raw, at):
    value = shift = 0
    while True:
        value |= (raw[at] & 127) << shift
        shift += 7
        at += 1
        if not raw[at - 1] & 128:
            return value, at


def _fields(raw):
    at = 0
    while at < len(raw):
        key, at = _read_varint(raw, at)
        if key & 7 == 0:
            value, at = _read_varint(raw, at)
        elif key & 7 == 2:
            size, at = _read_varint(raw, at)
            value, at = raw[at : at + size], at + size
        else:
            raise ValueError(f"wire type {key & 7} is not understood")
        yield key >> 3, value


def _seconds(raw):
    """A Timestamp or Duration."""
    parts = dict(_fields(raw))
    whole = struct.unpack("<q", struct.pack("<Q", parts.get(1, 0)))[0]
    return whole + parts.get(2, 0) / 1e9


def decode(raw, schema):
    """Fields that are not set have no key, except lists and maps. Those the schema does not have are
    left out."""
    message = {name: ([] if "list" in kind else {}) for name, kind in schema.values()
               if isinstance(kind, dict) and ("list" in kind or "map" in kind)}
    for number, value in _fields(raw):
        if number not in schema:
            continue
        name, kind = schema[number]
        if kind == "text":
            message[name] = value.decode()
        elif kind == "number":
            message[name] = value
        elif kind == "seconds":
            message[name] = _seconds(value)
        elif isinstance(kind, tuple):
            message[name] = kind[value]
        elif "list" in kind:
            message[name].append(decode(value, kind["list"]))
        elif "map" in kind:
            entry = dict(_fields(value))
            message[name][entry[1].decode()] = entry[2].decode()
        else:
            message[name] = decode(value, kind)
    return message
