# SPDX-License-Identifier: Apache-2.0
"""Messages and connections that our own client would never make: protobuf by protoc, CMS by OpenSSL, gRPC by grpcio."""
import ctypes
import ctypes.util
import hashlib
import importlib
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import time

import grpc
from google.protobuf import json_format

import world as w

DETACHED, BINARY, CADES, NOSMIMECAP = 0x40, 0x80, 0x100000, 0x200  # openssl/cms.h
crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
for name, args in {"BIO_new_mem_buf": [ctypes.c_char_p, ctypes.c_int],
                   "PEM_read_bio_PrivateKey": [ctypes.c_void_p] * 4, "PEM_read_bio_X509": [ctypes.c_void_p] * 4,
                   "CMS_sign": [ctypes.c_void_p] * 4 + [ctypes.c_uint]}.items():
    getattr(crypto, name).argtypes, getattr(crypto, name).restype = args, ctypes.c_void_p
crypto.i2d_CMS_ContentInfo.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
crypto.CMS_ContentInfo_free.argtypes = crypto.BIO_free.argtypes = [ctypes.c_void_p]


def modules(folder):
    """Makes Python classes of our .proto files; gives the module of a file by its name."""
    out = pathlib.Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    files = sorted((w.ROOT / "proto" / "amana" / "v1").glob("*.proto"))
    subprocess.run(["protoc", "-I", w.ROOT / "proto", f"--python_out={out}", *files], check=True, stderr=subprocess.DEVNULL)
    sys.path.insert(0, str(out))
    return lambda name: importlib.import_module(f"amana.v1.{name}_pb2")


def sign(content, certificate, key, flags=DETACHED | BINARY | CADES | NOSMIMECAP):
    """A detached CMS signature (CAdES-BES unless said otherwise), DER."""
    def pem(path, read):
        data = path.read_bytes()
        bio = crypto.BIO_new_mem_buf(data, len(data))
        thing = read(bio, None, None, None)
        crypto.BIO_free(bio)
        assert thing, path
        return thing
    data = crypto.BIO_new_mem_buf(content, len(content))
    cms = crypto.CMS_sign(pem(certificate, crypto.PEM_read_bio_X509), pem(key, crypto.PEM_read_bio_PrivateKey), None, data,
                          flags)
    assert cms
    der = ctypes.create_string_buffer(crypto.i2d_CMS_ContentInfo(cms, None))
    crypto.i2d_CMS_ContentInfo(cms, ctypes.byref(ctypes.c_void_p(ctypes.addressof(der))))
    crypto.CMS_ContentInfo_free(cms)
    crypto.BIO_free(data)
    return der.raw


def statement(pb, keys, unit, revision, grants=(), context="amana-member-v1", ahead=0, **said):
    """What a registrar says of a unit, signed with the officer's key of `keys`; the grants as their entry words them."""
    names = pb("code").Kind.Code.Name
    text = "".join(f"{', '.join(names(kind) for kind in sorted(grant['kinds']))} -> {', '.join(grant['parties'])}\n" for grant in grants)
    text += f"scope {', '.join(said['scope'])}\n" if said.get("scope") else ""
    content = pb("message").MemberStatement(context=context, unit=unit, revision=revision, said=pb("message").Member(**said),
                                            grants=hashlib.sha256(text.encode()).digest() if text else b"")
    content.time.GetCurrentTime()
    content.time.seconds += ahead
    return sign(content.SerializeToString(), keys / "officer.pem", keys / "officer.key", BINARY | CADES | NOSMIMECAP)


def set_member(pb, keys, unit, revision, grants=(), **said):
    return pb("admin").SetMemberRequest(statement=statement(pb, keys, unit, revision, grants, **said), grants=grants)


def said_of(pb, lookup):
    """What the MEMBER entry in a Lookup's answer says."""
    return pb("audit").EntryContent.FromString(lookup.member.content).member.said


def two_signers(world, header):
    """The officer's signature and, for nothing, that of another unit's officer."""
    world.path("header").write_bytes(header)
    sign = ["openssl", "cms", "-nosmimecap", "-cades", "-md", "sha256", "-outform", "DER"]
    keys = [world.path(desk, "keys") for desk in ("police", "ke-protection")]
    world.run(*sign, "-sign", "-binary", "-in", "header", "-signer", keys[0] / "officer.pem", "-inkey", keys[0] / "officer.key",
              "-out", "one.p7s")
    world.run(*sign, "-resign", "-inform", "DER", "-in", "one.p7s", "-signer", keys[1] / "officer.pem", "-inkey",
              keys[1] / "officer.key", "-out", "two.p7s")
    return world.path("two.p7s").read_bytes()


def seal(plain, certificates, *options):
    """CMS AuthEnvelopedData by stock openssl."""
    recipients = [a for c in certificates for a in ("-recip", str(c), "-keyopt", "ecdh_kdf_md:sha256")]
    return subprocess.run(["openssl", "cms", "-encrypt", *(options or ("-aes-256-gcm",)), "-binary", "-outform", "DER", *recipients],
                          input=plain, capture_output=True, check=True).stdout


def new_id():
    b = bytearray(int(time.time() * 1000).to_bytes(6, "big") + os.urandom(10))
    b[6], b[8] = 0x70 | b[6] & 0x0F, 0x80 | b[8] & 0x3F
    h = b.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


class Refused(Exception):
    def __init__(self, error):
        super().__init__(str(error))
        self.code, self.details = error.code(), error.details()
        metadata = dict(error.trailing_metadata() or ())
        self.packed = metadata.get("grpc-status-details-bin", b"")

    def of(self, code, reason):
        assert self.code == code, f"{self.code}: {self.details}"
        assert reason.encode() in self.packed, f"{self.details}: {self.packed!r} has no {reason}"
        return self


class Raw:
    """A desk's identity in the hands of a program that keeps to no rule."""

    RECIPIENTS = {"et/ics/moyale": ("post", 1), "ke/dcs/child-protection": ("ke-protection", 2),
                  "et/mowsa/protection": ("et-protection", 2)}

    def __init__(self, world, pb, desk="police", unit="ke/dci/transnational", officer="kdci-0417"):
        self.world, self.pb, self.desk, self.unit, self.officer = world, pb, desk, unit, officer
        self.keys = world.path(desk, "keys")
        self.sealed, self.seen = {}, None

    # --- Messages
    def header(self, **changes):
        """A header of an alert that the hub takes; digests are filled by message()."""
        message = self.pb("message")
        now = int(time.time() * 1000)
        header = message.Header(
            id=new_id(), kind=1, schema_version=1, status=1, case_ref="ke/dci/2026/004211",
            device=f"amana://{self.unit}/device/d1", officer=f"amana://{self.unit}/officer/{self.officer}", subject_kind=3, urgency=1,
            urgency_reason=1, handling=[1], source_eval=2, info_eval=2, classification=2, purpose=1, legal_basis=4, language="en",
            release=1)
        header.sender.unit, header.sender.roster = self.unit, 1
        for unit, (_, part) in self.RECIPIENTS.items():
            header.recipients.add(unit=unit, roster=1, part=part)
        header.written_at.FromMilliseconds(now)
        header.valid_until.FromMilliseconds(now + 72 * 3600 * 1000)
        header.retain_until.FromMilliseconds(now + 365 * 24 * 3600 * 1000)
        seen = self.checkpoint()
        header.log_seen.origin, header.log_seen.size, header.log_seen.root = seen.origin, seen.size, seen.root
        header.log_seen.signature = seen.signature
        for field, value in changes.items():
            if isinstance(value, list):
                del getattr(header, field)[:]
                getattr(header, field).extend(value)
            elif hasattr(value, "DESCRIPTOR"):
                getattr(header, field).CopyFrom(value)
            else:
                setattr(header, field, value)
        return header

    def body(self, header, plain=None, certificates=None, options=()):
        """A sealed body to all who must be able to open it; what it says is nothing to the hub."""
        key = (plain, tuple(certificates or ()), options)
        if key not in self.sealed:
            to = certificates or [self.world.path(d, "keys", "seal.pem") for d, _ in self.RECIPIENTS.values()] + [
                self.keys / "seal.pem"]
            self.sealed[key] = seal(plain or bytes(2048), to, *options)
        return self.sealed[key]

    def message(self, header=None, body=None, flags=None, header_bytes=None, edit=None, signature=None, key="officer",
                plain=b"nobody opens it"):
        """A whole Message. `header_bytes` turns the header's bytes into others before they are signed."""
        types = self.pb("message")
        header = header if header is not None else self.header()
        body = body if body is not None else self.body(header)
        flags = flags if flags is not None else types.Flags(salt=os.urandom(16), child=True, protection=2)
        packed = flags if isinstance(flags, bytes) else flags.SerializeToString()
        header.flags_digest = hashlib.sha256(packed).digest()
        header.body_digest, header.body_size = hashlib.sha256(body).digest(), len(body)
        header.body_commitment = hashlib.sha256(plain).digest()
        signed = header.SerializeToString()
        if header_bytes:
            signed = header_bytes(signed)
        made = signature(signed) if signature else sign(signed, self.keys / f"{key}.pem", self.keys / f"{key}.key")
        return types.Message(header=signed, sealed_body=body, signature=made, flags=packed)

    def text(self, kind, said, protection=2, child=False, **changes):
        """A header of this kind, its flags and its body, of which message() makes a whole one; it keeps to no rule."""
        types, body = self.pb("message"), self.pb("body").Body
        alert = kind in ("ALERT", "UPDATE")
        bare = {} if alert else {"subject_kind": 0, "source_eval": 0, "info_eval": 0}
        header = self.header(**{"kind": self.pb("code").Kind.Code.Value(kind), **bare, **changes})
        if not alert and "valid_until" not in changes:
            header.ClearField("valid_until")
        flags = types.Flags(salt=os.urandom(16), child=child, protection=protection).SerializeToString()
        text = body(nonce=os.urandom(32), flags=flags, binding={
            "id": header.id, "sender": self.unit, "officer": header.officer, "kind": header.kind, "case_ref": header.case_ref,
            "recipients": [to.unit for to in header.recipients], "written_at": header.written_at})
        json_format.ParseDict(said, getattr(text, kind.lower()))
        return header, flags, text

    def letter(self, kind, said, spoil=None, **changes):
        """A whole Message of this kind whose body each of its readers can open; `spoil` changes the body before it is sealed."""
        header, flags, text = self.text(kind, said, **changes)
        if spoil:
            spoil(text)
        plain = text.SerializeToString()
        return self.message(header, body=self.body(header, plain), flags=flags, plain=plain)

    # --- gRPC
    def channel(self):
        world = self.world
        roots = world.path("trust", "roots.pem").read_bytes() + world.path("trust", "cas.pem").read_bytes()
        credentials = grpc.ssl_channel_credentials(roots, (self.keys / "auth.key").read_bytes(),
                                                   (self.keys / "auth.pem").read_bytes())
        return grpc.secure_channel(world.hub.address, credentials,
                                   (("grpc.ssl_target_name_override", "hub.igad.amana.example"),
                                    ("grpc.enable_retries", 0), ("grpc.max_receive_message_length", -1),
                                    ("grpc.use_local_subchannel_pool", 1)))

    def call(self, channel, method, request, response, serialize=None):
        stub = channel.unary_unary(f"/amana.v1.{method}", request_serializer=serialize or (lambda r: r.SerializeToString()),
                                   response_deserializer=response.FromString)
        try:
            return stub(request, timeout=w.PATIENCE)
        except grpc.RpcError as error:
            raise Refused(error) from None

    def checkpoint(self):
        """The first checkpoint that this program was shown: any that the log signed will do for log_seen."""
        if not self.seen:
            with self.channel() as channel:
                self.seen = self.call(channel, "Audit/Checkpoint", self.pb("audit").CheckpointRequest(), self.pb("audit").Checkpoint)
        return self.seen

    def send(self, message, channel=None):
        if channel:
            return self.call(channel, "Relay/Send", message, self.pb("audit").ProvedEntry)
        with self.channel() as own:
            return self.call(own, "Relay/Send", message, self.pb("audit").ProvedEntry)


def handshake(world, certificate=None, key=None, alpn=("h2",)):
    """What a TLS client sees that shows this certificate: None when the hub took it, else the TLS alert."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(world.path("trust", "roots.pem"))
    context.load_verify_locations(world.path("trust", "cas.pem"))
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if certificate:
        context.load_cert_chain(certificate, key)
    with socket.create_connection(("127.0.0.1", world.hub.port), w.PATIENCE) as plain:
        try:
            with context.wrap_socket(plain, server_hostname="hub.igad.amana.example") as tls:
                return None if tls.recv(1) else "closed"
        except ssl.SSLError as error:
            return error.reason or f"ALERT {error}"  # Python has no name for some
