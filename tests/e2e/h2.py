# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 by hand: connections that keep to no rule but their own, frame by frame."""
import socket
import ssl
import struct

import world as w

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1


def connect(world, address="127.0.0.1"):
    """A connection that says nothing yet."""
    plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    plain.settimeout(w.PATIENCE)
    plain.bind((address, 0))
    plain.connect(("127.0.0.1", world.hub.port))
    return plain


def closed(plain):
    """Waits until the hub has closed it."""
    try:
        return plain.recv(1) == b""
    except ConnectionResetError:
        return True


def shake(world, plain, desk="police"):
    """The client's part of the handshake; the connection is whole once the hub's SETTINGS are there."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(world.path("trust", "roots.pem"))
    context.load_verify_locations(world.path("trust", "cas.pem"))
    context.set_alpn_protocols(["h2"])
    context.load_cert_chain(world.path(desk, "keys", "auth.pem"), world.path(desk, "keys", "auth.key"))
    tls = context.wrap_socket(plain, server_hostname="hub.igad.amana.example")
    tls.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, b""))
    tls.unanswered = 1  # SETTINGS of ours
    return tls


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def read(tls, size):
    data = b""
    while len(data) < size:
        more = tls.recv(size - len(data))
        if not more:
            return None
        data += more
    return data


def frames(tls):
    """What the hub sends, until it closes."""
    while head := read(tls, 9):
        tls.unanswered -= head[3] == SETTINGS and head[4] & ACK
        yield head[3], head[4], struct.unpack(">I", head[5:])[0], read(tls, int.from_bytes(head[:3], "big")) if any(head[:3]) else b""


def header_block(path, **more):
    """HPACK without an index and without Huffman."""
    fields = {":method": "POST", ":scheme": "https", ":path": path, ":authority": "hub", "te": "trailers",
              "content-type": "application/grpc", **more}

    def text(value):
        data = value.encode()
        if len(data) < 127:
            return bytes([len(data)]) + data
        rest, out = len(data) - 127, b"\x7f"
        while rest >= 128:
            out, rest = out + bytes([rest % 128 + 128]), rest // 128
        return out + bytes([rest]) + data
    return b"".join(b"\x00" + text(name) + text(value) for name, value in fields.items())


def call(tls, stream, path, data=b"", end=True, **fields):
    """Begins a call; `data` is one message, whole or the beginning of it."""
    tls.sendall(frame(HEADERS, END_HEADERS, stream, header_block(path, **fields)) + frame(DATA, END_STREAM * end, stream, data))


def heard(tls):
    """Waits until the hub has taken all that was sent; what it said meanwhile, or None where it closed."""
    tls.sendall(frame(SETTINGS, 0, 0, b""))  # pings would be counted
    tls.unanswered += 1
    said = []
    for each in frames(tls):
        said.append(each)
        if tls.unanswered == 0:
            return said
    return None


def hold(tls, stream, size, path="/amana.v1.Relay/Send"):
    """Sends a message but for its last byte: the hub holds what has come."""
    call(tls, stream, path, b"\0" + struct.pack(">I", size), end=False)
    assert heard(tls) is not None  # and it has given room for the message
    for at in range(0, size - 1, 16384):
        tls.sendall(frame(DATA, 0, stream, bytes(min(16384, size - 1 - at))))
    return heard(tls)
