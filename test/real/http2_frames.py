"""Frames of HTTP/2 as bytes (RFC 9113 4, 6), to say what no proper client says. Of HPACK, literals (RFC 7541 6.2.2)."""

import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
SETTINGS_INITIAL_WINDOW_SIZE = 4
CANCEL = 8


def frame(kind, flags=0, stream=0, payload=b""):
    return len(payload).to_bytes(3, "big") + struct.pack(">BBI", kind, flags, stream) + payload


def begin(**settings):
    """What a client says first; `settings` are `window`, alone."""
    payload = struct.pack(">HI", SETTINGS_INITIAL_WINDOW_SIZE, settings["window"]) if settings else b""
    return PREFACE + frame(SETTINGS, payload=payload)


def length(number, prefix_bits, first=0):
    """An integer of HPACK (RFC 7541 5.1) whose first byte has `first` in its other bits."""
    most = (1 << prefix_bits) - 1
    if number < most:
        return bytes([first | number])
    out, number = [first | most], number - most
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def text(value):
    return length(len(value), 7) + value


def literal(name, value, indexed=False):
    """A field as it is; `indexed`: the peer is to remember it."""
    return (b"\x40" if indexed else b"\x00") + text(name) + text(value)


def request_fields(method=b"GET", path=b"/small"):
    return literal(b":method", method) + literal(b":scheme", b"http") + literal(b":authority", b"a") + \
        literal(b":path", path)


def request(stream, flags=END_STREAM | END_HEADERS, fields=None):
    return frame(HEADERS, flags, stream, request_fields() if fields is None else fields)
