# SPDX-License-Identifier: Apache-2.0
"""A day at a hub whose units do what they like in any order, while a state is listed, time jumps, and the hub is killed:
nothing is answered INTERNAL, and fsck finds that the journal says what happened.

Another day each run; AMANA_SEED=… plays one again, AMANA_STEPS=… makes it longer.
"""
import hashlib
import os
import random
import time

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

import raw as r
import world as w
from test_domain_property import POLICE, POST, SHELTER, Desk

SEED, STEPS = int(os.environ.get("AMANA_SEED", int.from_bytes(os.urandom(4), "big"))), int(os.environ.get("AMANA_STEPS", 60))
OFFICE = ("ke-protection", "ke/dcs/child-protection", "kdcs-0033")
JUMPS, LONG_JUMPS = (60, 300, 900, 1800, 4000, 20000), (30000, 90000)  # seconds
KEPT_S, VALID_S, HELD_S = (None, 7200, 18000), 1800, 4000

# What a case sees, in phases; how often each move is made of those of its phase: (least, most) of them.
PHASES = (
    ({"root": 1}, (1, 2)),
    ({"receive": 1}, (1, 1)),
    ({"sign_all": 4, "receive": 1}, (1, 1)),
    ({"update": 6, "end": 4, "answer": 3, "answers": 2, "time": 1}, (1, 4)),
    ({"flag": 1}, (1, 1)),
    ({"answers": 6, "crossing": 6, "answer": 4, "sign": 2, "time": 4, "update": 1, "end": 2, "flag": 1, "kill": 1, "take_back": 1}, (4, 10)),
    ({"order": 5, "confirm": 4, "time": 2, "receive": 3, "sign": 3, "answer": 2, "contest": 1, "take_back": 1, "long_time": 2, "kill": 1,
      "flag": 1}, (0, 8)),
)
TO_ALERTS = (("ACK", None), ("HIT", None), ("CANNOT_EXECUTE", "LAW"))
TO_REQUESTS = (("ACK", None), ("PROGRESS", "IN_HAND"), ("PROGRESS", "CLARIFICATION_ASKED"), ("PROGRESS", "AWAITING_AUTHORISATION"),
               ("RESPONSE", "FULL"), ("RESPONSE", "NO_DATA"), ("REFUSAL", "NOT_DISCLOSED"))
ORDERS = ("ERASURE", "ERASURE", "HOLD", "CORRECTION")


class Player(Desk):
    """A desk that writes by the world's clock and waits for no answer."""

    def now(self, ahead=0):
        at = Timestamp()
        at.FromMilliseconds(int((time.time() + self.world.ahead.total_seconds() + ahead) * 1000))
        return at

    def make(self, kind, to, kept_s=None, never_tell=(), outcome=None, **changes):
        bare = {} if kind in ("ALERT", "UPDATE") else {"subject_kind": 0, "source_eval": 0, "info_eval": 0}
        header = self.header(kind=self.code("Kind", kind), written_at=self.now(), **{**bare, **changes}, recipients=[
            self.pb("message").Recipient(unit=unit, roster=1, part=1) for _, unit, _ in to])
        if outcome:
            header.outcome = self.code("Outcome", outcome)
        if outcome == "AWAITING_AUTHORISATION":
            header.due_at.CopyFrom(self.now(48 * 3600))
        if kept_s:
            header.retain_until.CopyFrom(self.now(kept_s))
        ends = {"ALERT": VALID_S, "UPDATE": VALID_S, "HOLD": HELD_S}.get(kind)
        header.ClearField("valid_until")
        if ends:
            header.valid_until.CopyFrom(self.now(ends))
        seals = [self.world.path(desk, "keys", "seal.pem") for desk in (*(desk for desk, _, _ in to), self.desk)]
        flags = self.pb("message").Flags(salt=os.urandom(16), child=bool(never_tell), protection=3 if never_tell else 2, never_tell=never_tell)
        message = self.message(header, body=self.body(header, certificates=seals), flags=flags)
        return header, message, self.pb("message").Pointer(id=header.id, header_digest=hashlib.sha256(message.header).digest())

    def begin(self, method, request, answer):
        self.line = self.line or self.channel()
        stub = self.line.unary_unary(f"/amana.v1.{method}", request_serializer=lambda m: m.SerializeToString(),
                                     response_deserializer=answer.FromString)
        return stub.future(request, timeout=w.PATIENCE)

    def submit(self, message):
        return self.begin("Relay/Send", message, self.pb("audit").ProvedEntry)

    def receive(self, most):
        relay, got = self.pb("relay"), []
        self.line = self.line or self.channel()
        stub = self.line.unary_stream("/amana.v1.Relay/Receive", request_serializer=lambda m: m.SerializeToString(),
                                      response_deserializer=relay.Delivery.FromString)
        stream = stub(relay.ReceiveRequest(once=True), timeout=w.PATIENCE)
        for delivery in stream:
            got += [delivery.incoming] if delivery.HasField("incoming") else []
            if len(got) >= most:
                stream.cancel()
                break
        return got

    def sign(self, incoming):
        relay, message = self.pb("relay"), self.pb("message")
        senders = {}
        for one in incoming:
            senders.setdefault(message.Header.FromString(one.message.header).sender.unit, []).append(one)
        retrievals = []
        for ones in senders.values():
            said = message.Retrieved(context="amana-retrieved-v1", origin="igad.amana.example/log", device=f"amana://{self.unit}/device/d1")
            said.time.CopyFrom(self.now())
            for one in ones:
                said.messages.add(seq=one.seq, header_digest=hashlib.sha256(one.message.header).digest())
            statement = said.SerializeToString()
            retrievals.append(relay.Retrieval(statement=statement, signature=r.sign(statement, self.keys / "sign.pem", self.keys / "sign.key")))
        return self.begin("Relay/Acknowledge", relay.AcknowledgeRequest(retrievals=retrievals), relay.AcknowledgeResponse)


class Root:
    """An alert with its versions, or a request, of the police or of the state that is listed."""

    def __init__(self, kind, asks, to, header, pointer):
        self.kind, self.asks, self.to, self.header, self.pointer = kind, asks, to, header, pointer
        self.versions, self.newest = [pointer], pointer

    def about(self, pointer=None):
        return {"in_reply_to": pointer or self.pointer, "case_ref": self.header.case_ref, "retain_until": self.header.retain_until}


class Storm:
    """Each move gives what was begun: the call, and what to do once it is taken."""

    def __init__(self, world, pb, chance):
        self.world, self.chance = world, chance
        self.desks = {who: Player(world, pb, who) for who in (POLICE, POST, SHELTER, OFFICE)}
        self.down, self.in_hand, self.taken = False, [], 0

    def new_case(self, number):
        self.asks = self.chance.choice([POLICE, POLICE, POST])
        self.case_ref = f"{'ke/dci' if self.asks == POLICE else 'et/ics'}/2026/{number:06d}"
        self.kept_s = self.chance.choice(KEPT_S)
        self.roots, self.flags, self.orders = [], [], []

    def submit(self, who, kind, to, taken=None, **changes):
        header, message, pointer = self.desks[who].make(kind, to, **changes)
        return self.desks[who].submit(message), (lambda: taken(header, pointer)) if taken else None

    def root(self):
        kind, asks = self.chance.choice(["ALERT", "REQUEST"]), self.asks
        to = self.chance.choice([[POST], [POST, SHELTER]] if asks == POLICE else [[POLICE], [POLICE, OFFICE]])
        return [self.submit(asks, kind, to, lambda header, pointer: self.roots.append(Root(kind, asks, to, header, pointer)),
                            kept_s=self.kept_s, case_ref=self.case_ref)]

    def update(self):
        root = self.chance.choice(self.roots)
        if root.kind == "REQUEST":
            return [self.submit(root.asks, "CLARIFICATION", root.to[:1], **root.about())]

        def taken(header, pointer):
            root.versions.append(pointer)
            root.newest = pointer
        return [self.submit(root.asks, "UPDATE", root.to, taken, supersedes=root.versions[-1], **root.about())]

    def end(self):
        root = self.chance.choice(self.roots)
        kind = "CANCEL" if root.kind == "ALERT" else "WITHDRAW"
        return [self.submit(root.asks, kind, root.to, lambda header, pointer: setattr(root, "newest", pointer),
                            outcome="NO_LONGER_NEEDED", **root.about())]

    def receive(self):
        known = {one.seq for one in self.in_hand}
        self.in_hand += [one for one in self.desks[POST].receive(self.chance.choice([1, 2, 5, 64])) if one.seq not in known]
        return []

    def sign(self, count=None):
        count = min(len(self.in_hand), count or self.chance.randint(1, 3))
        signed = self.chance.sample(self.in_hand, count)
        self.in_hand = [one for one in self.in_hand if one not in signed]
        return [(self.desks[POST].sign(signed), None)] if signed else []

    def sign_all(self):
        return self.sign(len(self.in_hand))

    def answers(self, count=None):
        root = self.chance.choice(self.roots)
        who = self.chance.choice([to for to in (POST, POST, SHELTER, POLICE, POLICE, OFFICE) if to in root.to])
        begun = []
        for _ in range(count or self.chance.choice([2, 2, 3])):
            kind, outcome = self.chance.choice(TO_ALERTS if root.kind == "ALERT" else TO_REQUESTS)
            about = self.chance.choice([*root.versions, root.newest]) if root.kind == "ALERT" else root.pointer
            begun.append(self.submit(who, kind, [root.asks], outcome=outcome, **root.about(about)))
        return begun

    def answer(self):
        return self.answers(1)

    def crossing(self):
        return self.sign() + self.answers()

    def flag(self):
        return [self.submit(POLICE, "NOTE", [OFFICE], lambda header, pointer: self.flags.append((header, pointer)), never_tell=["et"],
                            case_ref=self.case_ref)]

    def take_back(self):
        if not self.flags:
            return []
        header, pointer = self.chance.choice(self.flags)
        return [self.submit(OFFICE, "NOTE", [POLICE], in_reply_to=pointer, case_ref=self.case_ref, retain_until=header.retain_until)]

    def order(self):
        root, kind = self.chance.choice(self.roots), self.chance.choice(ORDERS)
        return [self.submit(root.asks, kind, root.to, lambda header, pointer: self.orders.append((root, pointer, kind)),
                            **root.about(self.chance.choice(root.versions)))]

    def confirm(self):
        done = [order for order in self.orders if order[2] != "HOLD"]
        if not done:
            return []
        root, pointer, _ = self.chance.choice(done)
        who = self.chance.choice(root.to)
        return [self.submit(who, "CONFIRM", [root.asks], outcome="DONE", **root.about(pointer)) for _ in range(self.chance.choice([1, 2]))]

    def contest(self):
        root = self.chance.choice(self.roots)
        return [self.submit(root.to[0], "CONTEST", [root.asks], **root.about(self.chance.choice(root.versions)))]

    def time(self, jumps=JUMPS):
        self.world.later(seconds=self.chance.choice(jumps))
        return []

    def long_time(self):
        return self.time(LONG_JUMPS)

    def kill(self):
        self.world.hub.kill()
        for desk in self.desks.values():
            desk.hang_up()
        self.world.start_hub()
        return []

    def case(self, number):
        self.new_case(number)
        moves = [move for weights, (least, most) in PHASES for move in
                 self.chance.choices(list(weights), list(weights.values()), k=self.chance.randint(least, most))]
        for move in moves:
            for call, taken in getattr(self, move)():
                try:
                    call.result()
                except grpc.RpcError as refused:
                    assert refused.code() not in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN), (move, refused.details())
                    continue
                self.taken += 1
                if taken:
                    taken()
            if not self.roots:  # the hub took none: nothing can follow
                return len(moves)
        return len(moves)


@pytest.mark.skipif(not w.moves_time(), reason="moves the clock")
def test_whatever_units_do_while_a_state_is_listed_and_the_hub_is_killed_its_journal_bears_it_out(world, pb):
    print(f"AMANA_SEED={SEED} AMANA_STEPS={STEPS}")
    storm, made, cases = Storm(world, pb, random.Random(SEED)), 0, 0
    while made < STEPS:
        made, cases = made + storm.case(5000 + cases), cases + 1
    for desk in storm.desks.values():
        desk.hang_up()
    assert storm.taken > made / 6
    world.replay()
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()
