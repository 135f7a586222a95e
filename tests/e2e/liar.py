# SPDX-License-Identifier: Apache-2.0
"""A hub that lies: it has the hub's own certificate, passes every call on to the real hub, and changes what it is told to."""
import base64
import concurrent.futures
import hashlib
import struct

import grpc

import raw as r
import world as w

CLIENT_ALONE = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
STREAMS = ("Relay/Receive", "Relay/ListPending", "Audit/Replay")


class Liar(grpc.GenericRpcHandler):
    """`lies` maps a method ("Relay/Send") to a function of the answer's message, which gives what is sent in its place:
    a message, a list of them, or None to keep it back. One desk at a time."""

    ANSWERS = {"Relay/Send": ("audit", "ProvedEntry"), "Relay/Receive": ("relay", "Delivery"), "Relay/ListPending": ("relay", "Pending"),
               "Relay/Acknowledge": ("relay", "AcknowledgeResponse"), "Relay/Status": ("relay", "StatusResponse"),
               "Audit/Replay": ("audit", "ReplayItem"), "Audit/Receipt": ("audit", "ProvedEntry"),
               "Audit/ConsistencyProof": ("audit", "ConsistencyProofResponse"),
               "Directory/Lookup": ("directory", "LookupResponse"), "Directory/Units": ("directory", "UnitsResponse")}

    def __init__(self, world, pb, desk, **lies):
        self.world, self.pb = world, pb
        self.lies = {name.replace("_", "/"): lie for name, lie in lies.items()}
        self.calls, self.requests = [], []
        self.instead = {}  # a method's answer, from a function of the request's bytes, in the place of the real hub's
        self.above = r.Raw(world, pb, desk).channel()
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), options=CLIENT_ALONE)
        self.server.add_generic_rpc_handlers((self,))
        key, chain = (world.path("hub." + end).read_bytes() for end in ("key", "pem"))
        roots = world.path("trust", "roots.pem").read_bytes() + world.path("trust", "cas.pem").read_bytes()
        credentials = grpc.ssl_server_credentials([(key, chain)], roots, True)
        self.address = f"127.0.0.1:{self.server.add_secure_port('127.0.0.1:0', credentials)}"
        self.server.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop(None).wait(w.PATIENCE)
        self.above.close()

    def env(self):
        return {"AMANA_ADDRESS": self.address}

    def service(self, details):
        method = details.method.removeprefix("/amana.v1.")
        handler = grpc.unary_stream_rpc_method_handler if method in STREAMS else grpc.unary_unary_rpc_method_handler
        return handler(lambda request, context: self.answer(method, request, context))

    def answer(self, method, request, context):
        self.calls.append(method)
        self.requests.append((method, request))
        try:
            if method in STREAMS:
                return self.stream(method, request, context)
            if method in self.instead:
                return self.instead[method](request)
            return self.lie(method, request, self.above.unary_unary(f"/amana.v1.{method}")(request, timeout=w.PATIENCE))
        except grpc.RpcError as error:
            self.fail(error, context)

    def stream(self, method, request, context):
        above = self.above.unary_stream(f"/amana.v1.{method}")(request)
        context.add_callback(above.cancel)
        try:
            for item in above:
                told = self.lie(method, request, item)
                yield from told if isinstance(told, list) else [told] if told is not None else []
        except grpc.RpcError as error:
            self.fail(error, context)

    def lie(self, method, request, data):
        lie = self.lies.get(method)
        if lie is None:
            return data
        module, name = self.ANSWERS[method]
        answer = lie(getattr(self.pb(module), name).FromString(data))
        if isinstance(answer, list):
            return [one.SerializeToString() for one in answer]
        return None if answer is None else answer.SerializeToString()

    @staticmethod
    def fail(error, context):
        context.set_trailing_metadata([(k, v) for k, v in error.trailing_metadata() or () if k.startswith("grpc-status-d")])
        context.abort(error.code(), error.details())


# --- A log that goes on as its operator likes (RFC 9162 §2.1, written as it stands there)
def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def split(n):
    return 1 << (n - 1).bit_length() - 1


def root(hashes):
    if len(hashes) == 1:
        return hashes[0]
    k = split(len(hashes))
    return sha256(b"\1", root(hashes[:k]), root(hashes[k:]))


def inclusion(m, hashes):
    if len(hashes) == 1:
        return []
    k = split(len(hashes))
    return inclusion(m, hashes[:k]) + [root(hashes[k:])] if m < k else inclusion(m - k, hashes[k:]) + [root(hashes[:k])]


def consistency(m, hashes, whole=True):
    if m == len(hashes):
        return [] if whole else [root(hashes)]
    k = split(len(hashes))
    if m <= k:
        return consistency(m, hashes[:k], whole) + [root(hashes[k:])]
    return consistency(m - k, hashes[k:], False) + [root(hashes[:k])]


class Branch:
    """The world's log, as an auditor replays it, and entries after it that the real hub has never taken; its own key."""

    def __init__(self, world, pb):
        self.world, self.pb = world, pb
        self.origin = "igad.amana.example/log"
        items = self.replay()
        self.leaves = [sha256(b"\0", item.leaf) for item in items]
        self.key_hash = next(item.checkpoint.signature[:4] for item in items if item.HasField("checkpoint"))

    def replay(self):
        audit = self.pb("audit")
        with r.Raw(self.world, self.pb, "auditor", "igad/audit/desk").channel() as channel:
            stub = channel.unary_stream("/amana.v1.Audit/Replay", request_serializer=audit.ReplayRequest.SerializeToString,
                                        response_deserializer=audit.ReplayItem.FromString)
            return list(stub(audit.ReplayRequest(reason="a branch"), timeout=w.PATIENCE))

    def checkpoint(self, size, root_=None):
        """Signed by the log's key, whatever the root."""
        root_ = root_ or root(self.leaves[:size])
        self.world.path("note").write_text(f"{self.origin}\n{size}\n{base64.b64encode(root_).decode()}\n")
        self.world.run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", "data/signer/log.key", "-in", "note", "-out", "note.sig")
        signature = self.key_hash + self.world.path("note.sig").read_bytes()
        return self.pb("audit").Checkpoint(origin=self.origin, size=size, root=root_, signature=signature)

    def append(self, time, **content):
        """An entry of class 1; what proves it."""
        audit, salt, days = self.pb("audit"), bytes(16), 40000
        packed = audit.EntryContent(**content).SerializeToString()
        self.last = struct.pack(">BBQI", 1, 1, time, days) + sha256(salt, packed)
        self.leaves.append(sha256(b"\0", self.last))
        index = len(self.leaves) - 1
        return audit.ProvedEntry(content=packed, salt=salt, version=1, time=time, erase_after=days, index=index,
                                 path=inclusion(index, self.leaves), checkpoint=self.checkpoint(index + 1), **{"class": 1})

    def prove(self, request):
        """Audit.ConsistencyProof, in the place of the real hub's."""
        asked = self.pb("audit").ConsistencyProofRequest.FromString(request)
        path = consistency(asked.old_size, self.leaves[:asked.new_size])
        return self.pb("audit").ConsistencyProofResponse(path=path).SerializeToString()

    def submit(self, message, **changes):
        """The entry of a message, or one that says something else of it."""
        header = self.pb("message").Header.FromString(message.header)
        said = dict(id=header.id, device=header.device, header_digest=sha256(message.header), flags_digest=header.flags_digest,
                    body_digest=header.body_digest, signature_digest=sha256(message.signature), header_size=len(message.header),
                    body_size=len(message.sealed_body), signature_size=len(message.signature),
                    delivered_to=[recipient.unit for recipient in header.recipients])
        return self.append(header.written_at.ToNanoseconds(), submitted={**said, **changes})

    def deliver(self, message, entry):
        """What a mailbox would hand over."""
        incoming = self.pb("relay").Incoming(message=message, entry=entry, seq=entry.index)
        incoming.message.ClearField("flags")
        return self.pb("relay").Delivery(incoming=incoming)

    def prevails(self, liar):
        """The liar proves this branch, and keeps from the real hub what is said of it."""
        def newest(status):
            status.checkpoint.CopyFrom(self.checkpoint(len(self.leaves)))
            return status

        def proof(request):
            if self.pb("audit").ConsistencyProofRequest.FromString(request).new_size <= len(self.leaves):
                return self.prove(request)
            return liar.above.unary_unary("/amana.v1.Audit/ConsistencyProof")(request, timeout=w.PATIENCE)
        liar.lies.setdefault("Relay/Status", newest)
        liar.instead["Audit/ConsistencyProof"] = proof
        liar.instead["Relay/Acknowledge"] = lambda _: b""
