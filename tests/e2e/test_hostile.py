# SPDX-License-Identifier: Apache-2.0
"""Clients with a good certificate and bad manners: frames by a seed. The hub stays, serves others, and forgets them."""
import contextlib
import os
import random
import ssl
import struct

import raw as r
from h2 import (CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PRIORITY, RST_STREAM, SETTINGS,
                WINDOW_UPDATE, connect, frame, header_block, shake)

SEED = int(os.environ.get("AMANA_SEED", "1"))
CONNECTIONS = int(os.environ.get("AMANA_HOSTILE", "40"))
DESKS = ["police", "post", "auditor", "ke-protection", "et-protection"]
PATHS = ["/amana.v1.Relay/Send", "/amana.v1.Relay/Receive", "/amana.v1.Relay/Acknowledge", "/amana.v1.Relay/Status",
         "/amana.v1.Audit/Replay", "/amana.v1.Audit/Receipt", "/amana.v1.Audit/Checkpoint", "/amana.v1.Audit/InclusionProof",
         "/amana.v1.Audit/ConsistencyProof", "/amana.v1.Directory/Lookup", "/grpc.health.v1.Health/Check",
         "/grpc.health.v1.Health/Watch", "/amana.v1.Admin/Members", "/amana.v1.Admin/TryPolicy", "/no.Such/Method", "/"]


class Hostile:
    """One connection's frames: mostly right, so that they come far."""

    def __init__(self, rng, pb):
        self.rng, self.pb, self.next, self.open = rng, pb, 1, []

    def stream(self):
        rng = self.rng
        return rng.choice([0, self.next, rng.randrange(1, 400), *self.open * 5])

    def number(self, bits=32):
        rng = self.rng
        return rng.choice([0, 1, (1 << bits) - 1, 1 << bits - 1, (1 << bits - 1) - 1, rng.getrandbits(bits), rng.randrange(70000)])

    def payload(self):
        """A message: requests that are read far, and bytes that are not."""
        rng, audit, relay, message = self.rng, self.pb("audit"), self.pb("relay"), self.pb("message")
        some = rng.randbytes(rng.choice([0, 1, 16, 300, 5000]))
        return rng.choice([
            b"", some,
            audit.ReplayRequest(reason="why", follow=rng.random() < .5, case_ref=rng.choice(["", "ke/dci/2026/004211"])).SerializeToString(),
            audit.InclusionProofRequest(index=rng.randrange(30), size=self.number(40)).SerializeToString(),
            audit.ConsistencyProofRequest(old_size=self.number(40)).SerializeToString(),
            relay.StatusRequest(ids=[r.new_id() for _ in range(rng.randrange(300))]).SerializeToString(),
            relay.ReceiveRequest(max_unacknowledged=rng.randrange(80), once=rng.random() < .5).SerializeToString(),
            relay.AcknowledgeRequest(notices=[self.number(40) for _ in range(rng.randrange(1100))]).SerializeToString(),
            relay.AcknowledgeRequest(retrievals=[relay.Retrieval(statement=some, signature=some)] * rng.randrange(66)).SerializeToString(),
            message.Message(header=some, sealed_body=some, signature=some, flags=some).SerializeToString(),
        ])

    def data(self):
        message, rng = self.payload(), self.rng
        whole = bytes([rng.choice([0, 0, 0, 0, 1])]) + struct.pack(">I", len(message) + rng.choice([0, 0, 0, 0, 1, 1 << 20])) + message
        return rng.choice([whole, whole * rng.randrange(1, 4), whole[:rng.randrange(len(whole) + 1)], b""])

    def headers(self):
        rng = self.rng
        more = {"grpc-timeout": rng.choice(["1n", "1m", "1S", "99999999H", "-1S", ""])} if rng.random() < .3 else {}
        if rng.random() < .1:
            more["x-long"] = "y" * rng.choice([100, 16000, 20000])
        block = header_block(rng.choice(PATHS), **more)
        stream, self.next = self.next, self.next + 2
        self.open = [*self.open, stream][-20:]
        if rng.random() < .1:  # in pieces
            cuts = sorted(rng.randrange(len(block)) for _ in range(rng.choice([1, 3, 9])))
            parts = [block[a:b] for a, b in zip([0, *cuts], [*cuts, len(block)])]
            return frame(HEADERS, 0, stream, parts[0]) + b"".join(
                frame(CONTINUATION, END_HEADERS * (part is parts[-1]), stream, part) for part in parts[1:])
        out = frame(HEADERS, END_HEADERS, stream, block[:16384])
        return out + (frame(DATA, END_STREAM, stream, self.data()[:16384]) if rng.random() < .7 else b"")

    def any(self):
        rng = self.rng
        word = lambda: struct.pack(">I", self.number())  # noqa: E731
        kinds = [
            (30, self.headers),
            (15, lambda: frame(DATA, rng.choice([0, 0, 1, 8]), self.stream(), self.data()[:16384])),
            (8, lambda: frame(RST_STREAM, 0, self.stream(), word())),
            (8, lambda: frame(WINDOW_UPDATE, 0, self.stream(), struct.pack(">I", rng.choice([1, 100, 65535, self.number(31)])))),
            (3, lambda: frame(SETTINGS, rng.choice([0, 0, 0, 1]), 0, b"".join(
                struct.pack(">HI", rng.randrange(9), rng.choice([0, 1, 65535, 1 << 20, self.number()])) for _ in range(rng.randrange(4))))),
            (2, lambda: frame(PING, rng.choice([0, 1]), 0, rng.randbytes(8))),
            (2, lambda: frame(PRIORITY, 0, self.stream(), word() + b"\x10")),
            (1, lambda: frame(GOAWAY, 0, 0, word() + word() + rng.randbytes(rng.randrange(40)))),
            (1, lambda: frame(rng.randrange(256), rng.randrange(256), self.stream(), rng.randbytes(rng.randrange(60)))),
        ]
        made = rng.choices([make for _, make in kinds], [weight for weight, _ in kinds])[0]()
        if rng.random() < .004:  # a byte of it is another
            at = rng.randrange(len(made))
            made = made[:at] + bytes([rng.randrange(256)]) + made[at + 1:]
        return made


def drink(tls, rng):
    """Reads some of what the hub says, or nothing: then it stands with its answers."""
    tls.setblocking(False)
    with contextlib.suppress(ssl.SSLWantReadError):
        while rng.random() < .9 and tls.recv(65536):
            pass
    tls.settimeout(5)


def test_clients_that_send_frames_by_a_seed_leave_a_hub_that_serves_others_and_holds_nothing_of_them(limited, pb):
    print(f"AMANA_SEED={SEED}")
    rng = random.Random(SEED)
    world = limited(memory='"64M"')
    world.send()
    with contextlib.ExitStack() as stack:
        for n in range(CONNECTIONS):
            hostile, tls = Hostile(rng, pb), shake(world, connect(world, f"127.0.0.{rng.randrange(2, 200)}"), rng.choice(DESKS))
            if rng.random() < .5:
                stack.callback(tls.close)  # it stays with what it has
            with contextlib.suppress(OSError):
                for _ in range(rng.choice([5, 50, 400])):
                    tls.sendall(b"".join(hostile.any() for _ in range(rng.choice([1, 1, 5]))))
                    if rng.random() < .3:
                        drink(tls, rng)
            if rng.random() < .5:
                with contextlib.suppress(OSError):
                    tls.close()
            assert world.hub.process.poll() is None, "\n".join(world.hub.log.all[-40:])
        world.amana("post", "inbox").ok()
        assert world.send()
    world.replay()
    world.hub.stop()  # which ends in an error where anything is still counted
