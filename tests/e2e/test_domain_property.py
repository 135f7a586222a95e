# SPDX-License-Identifier: Apache-2.0
"""Any sequence of moves keeps the lives of domain.md: written here by hand, sent past our client, seen by the sender.

A failure prints its seed; AMANA_SEED=… plays it again.
"""
import hashlib
import os
import time

import grpc
import hypothesis as h
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import strategies as st

import raw as r
import world as w

SEED = int(os.environ.get("AMANA_SEED", int.from_bytes(os.urandom(4), "big")))
CROSSED = "crossed"
SAME = None
POLICE, POST = ("police", "ke/dci/transnational", "kdci-0417"), ("post", "et/ics/moyale", "eics-1207")
SHELTER = ("et-protection", "et/mowsa/protection", "emow-0101")
HOUSE = ("house", "et/mowsa/moyale", "emow-0202")  # protects too; made for this world
OFFICE = ("ke-protection", "ke/dcs/child-protection", "kdcs-0033")  # a dpo in this world
EXPIRES = "@"  # no message: its time comes
VALID_S, BASE_VALID_S = 1800, 90 * 24 * 3600

# domain.md, Lives: root -> state -> move -> next. What isn't here is refused. "KIND OUTCOME", and "<" is the root's sender.
WAIT, CLEAR = "PROGRESS AWAITING_AUTHORISATION", "PROGRESS CLARIFICATION_ASKED"
BUSY, REFUSE = "PROGRESS IN_HAND", "REFUSAL NOT_DISCLOSED"
# What ends it for whom it is open, and is refused only where it is over for all whom it names.
LET_GO, TAKEN_BACK = "<WITHDRAW NO_LONGER_NEEDED", "<WITHDRAW CONSENT_WITHDRAWN"
RECALLED, UPHELD = "<CANCEL SENT_IN_ERROR", "DECISION UPHELD"
CONFIRMS = {f"CONFIRM {outcome}": "CONFIRMED" for outcome in ("DONE", "NOT_HELD", "RETAINED_BY_LAW")}
DONE_WITH = {"OPEN": CONFIRMS, "CONFIRMED": {}}
STOPS = {"<CANCEL RESOLVED": "STOPPING", RECALLED: "STOPPING"}
ASKED = {BUSY: "IN_PROGRESS", WAIT: "SUSPENDED", CLEAR: "SUSPENDED", "RESPONSE FULL": "ANSWERED",
         "RESPONSE PARTIAL": "ANSWERED", REFUSE: "REFUSED", LET_GO: "WITHDRAWN"}
DECIDED = {"DECISION GRANTED": "GRANTED", "DECISION DENIED": "DENIED", LET_GO: "WITHDRAWN"}
TOLD = {"RESPONSE FULL": "ANSWERED", "RESPONSE NO_DATA": "ANSWERED", LET_GO: "WITHDRAWN"}
LIVES = {
    "ALERT": {
        "NEW": {"ACK": "ACKNOWLEDGED", "<UPDATE": "NEW", **STOPS, "HIT": "ACKNOWLEDGED", "CANNOT_EXECUTE LAW": "ACKNOWLEDGED",
                EXPIRES: "EXPIRED"},
        "ACKNOWLEDGED": {"ACK": SAME, "<UPDATE": "NEW", **STOPS, "HIT": SAME, "CANNOT_EXECUTE LAW": SAME, EXPIRES: "EXPIRED"},
        "STOPPING": {"ACK": "STOPPED", "HIT": CROSSED, "CANNOT_EXECUTE LAW": CROSSED},
        "STOPPED": {"ACK": SAME, "HIT": CROSSED, "CANNOT_EXECUTE LAW": CROSSED},
        # What should never have been sent is to be erased after its time too.
        "EXPIRED": {"ACK": CROSSED, "HIT": CROSSED, "CANNOT_EXECUTE LAW": CROSSED, RECALLED: "STOPPING"},
    },
    "HIT": {"OPEN": {"ACK": "ACKNOWLEDGED"}, "ACKNOWLEDGED": {"ACK": SAME}},
    "REQUEST": {
        "OPEN": {"ACK": "ACKNOWLEDGED", **ASKED},
        "ACKNOWLEDGED": {"ACK": SAME, **ASKED},
        "IN_PROGRESS": {"ACK": SAME, **ASKED},
        "SUSPENDED": {"ACK": SAME, **ASKED, "<CLARIFICATION": "IN_PROGRESS"},
        "ANSWERED": {"RESPONSE FULL": SAME, "RESPONSE PARTIAL": SAME},
        "REFUSED": {"RESPONSE FULL": "ANSWERED", "RESPONSE PARTIAL": "ANSWERED"},
        "WITHDRAWN": {"ACK": CROSSED, "RESPONSE FULL": CROSSED, "RESPONSE PARTIAL": CROSSED, REFUSE: CROSSED},
    },
    "USE_PERMISSION": {
        "OPEN": {"ACK": "ACKNOWLEDGED", **DECIDED}, "ACKNOWLEDGED": {"ACK": SAME, **DECIDED},
        "GRANTED": {}, "DENIED": {}, "WITHDRAWN": {"ACK": CROSSED},
    },
    "REFERRAL": {
        "OFFERED": {"ACK": SAME, "DECISION ACCEPTED": "ACCEPTED", "DECISION DECLINED": "DECLINED", LET_GO: "WITHDRAWN",
                    TAKEN_BACK: "WITHDRAWN"},
        "ACCEPTED": {BUSY: SAME, WAIT: SAME, CLEAR: SAME, "CLOSE DONE": "CLOSED", "<CLOSE NO_CONTACT": "CLOSED",
                     LET_GO: "WITHDRAWN", TAKEN_BACK: "WITHDRAWN"},
        "DECLINED": {}, "CLOSED": {}, "WITHDRAWN": {"ACK": CROSSED},
    },
    "CORRECTION": {
        "OPEN": {"ACK": "ACKNOWLEDGED", "CONFIRM DONE": "CONFIRMED"},
        "ACKNOWLEDGED": {"ACK": SAME, "CONFIRM DONE": "CONFIRMED"}, "CONFIRMED": {},
    },
    "CONTEST": {
        "OPEN": {"ACK": "ACKNOWLEDGED", "DECISION REJECTED": "REJECTED", UPHELD: "UPHELD"},
        "ACKNOWLEDGED": {"ACK": SAME, "DECISION REJECTED": "REJECTED", UPHELD: "UPHELD"}, "REJECTED": {}, "UPHELD": {},
    },
    "SUBJECT_ACCESS": {
        "OPEN": {"ACK": "ACKNOWLEDGED", **TOLD}, "ACKNOWLEDGED": {"ACK": SAME, **TOLD},
        "ANSWERED": {"RESPONSE FULL": SAME, "RESPONSE NO_DATA": SAME}, "WITHDRAWN": {"ACK": CROSSED, "RESPONSE FULL": CROSSED, "RESPONSE NO_DATA": CROSSED},
    },
    "ERASURE": DONE_WITH,
    "CANCEL": DONE_WITH,    # of one that asks for it, besides what it moves
    "WITHDRAW": DONE_WITH,
}
SIDES = {"ALERT": (POLICE, POST, SHELTER), "REQUEST": (POLICE, POST, SHELTER), "REFERRAL": (POST, SHELTER, HOUSE), "HIT": (POST, POLICE),
         "USE_PERMISSION": (POST, POLICE), "CORRECTION": (POLICE, POST), "CONTEST": (POST, POLICE),
         "SUBJECT_ACCESS": (OFFICE, POLICE), "ERASURE": (POLICE, POST, SHELTER), "CANCEL": (POLICE, POST, SHELTER),
         "WITHDRAW": (POST, SHELTER, HOUSE)}  # the sender, then who has a life
MOVES = {root: sorted({move for moves in states.values() for move in moves}) for root, states in LIVES.items()}


class Desk(r.Raw):
    """One desk whose letters nobody opens: the hub judges the envelope alone."""

    def __init__(self, world, pb, who):
        super().__init__(world, pb, *who)
        self.line = None

    def code(self, name, value):
        return getattr(self.pb("code"), name).Code.Value(value)

    def write(self, kind, to, **changes):
        alert = kind in ("ALERT", "UPDATE")
        bare = {} if alert else {"subject_kind": 0, "source_eval": 0, "info_eval": 0}
        header = self.header(kind=self.code("Kind", kind), **{**bare, **changes}, recipients=[
            self.pb("message").Recipient(unit=unit, roster=1, part=1) for _, unit, _ in to])
        if not alert:
            header.ClearField("valid_until")
        seals = [self.world.path(desk, "keys", "seal.pem") for desk in (*(desk for desk, _, _ in to), self.desk)]
        flags = self.pb("message").Flags(salt=os.urandom(16), child=False, protection=2).SerializeToString()
        message = self.message(header, body=self.body(header, certificates=seals), flags=flags)
        self.line = self.line or self.channel()
        self.send(message, self.line)
        return header, self.pb("message").Pointer(id=header.id, header_digest=hashlib.sha256(message.header).digest())

    def sees(self, id, life="life"):
        self.line = self.line or self.channel()
        said = self.call(self.line, "Relay/Status", self.pb("relay").StatusRequest(ids=[id]), self.pb("relay").StatusResponse)
        return {to.unit: self.pb("relay").LifeState.Code.Name(getattr(to, life)) for to in said.messages[0].recipients}

    def hang_up(self):
        if self.line:
            self.line.close()
            self.line = None


class Life:
    """One root, what began its present clock, and the states that the table says it is in, by recipient."""

    def __init__(self, office, kind):
        self.office, self.kind, (self.sender, *self.recipients) = office, kind, SIDES[kind]
        self.kept = {unit: next(iter(LIVES[kind])) for _, unit, _ in self.recipients}
        self.header, self.root = self.begin()
        self.versions, self.present = [self.root], self.root

    def begin(self):
        office, more = self.office, {}
        if self.kind in ("CANCEL", "WITHDRAW"):  # it ends another life, which goes on by itself
            ends = Life(office, "ALERT" if self.kind == "CANCEL" else "REFERRAL")
            office.ended.append(ends)
            return ends.move(RECALLED if self.kind == "CANCEL" else TAKEN_BACK)
        if self.kind == "ALERT":
            self.valid_until, more = office.after(VALID_S), {"valid_until": office.stamp(office.after(VALID_S))}
        elif self.kind == "REFERRAL":
            more = {"case_ref": "et/ics/2026/000077", "purpose": 2, "consent": 2}
        elif self.kind == "SUBJECT_ACCESS":
            more = {"case_ref": "ke/dcs/2026/000007", "purpose": 6, "urgency": 4, "urgency_reason": 0}
        elif self.kind == "ERASURE":  # of an alert of its own: the others build on theirs
            gone = Life(office, "ALERT")
            more = {"in_reply_to": gone.root, "retain_until": gone.header.retain_until}
        elif self.kind != "REQUEST":
            more = {"in_reply_to": office.base, "retain_until": office.base_header.retain_until}
        return self.write(self.sender, self.kind, self.recipients, **more)

    def write(self, who, kind, to, **more):
        header, pointer = self.office.desk(who).write(kind, to, **more)
        self.office.accepted.append(header.id)
        return header, pointer

    def state(self, unit):
        """EXPIRED is judged by the time."""
        over = self.kind == "ALERT" and self.kept[unit] in ("NEW", "ACKNOWLEDGED") and self.office.after(0) >= self.valid_until
        return "EXPIRED" if over else self.kept[unit]

    def states(self):
        return {unit: self.state(unit) for unit in self.kept}

    def sees(self):
        return self.office.desk(self.sender).sees(self.root.id, "confirm" if self.kind in ("CANCEL", "WITHDRAW") else "life")

    def named(self, move, one, chance=None):
        """Whose lives it is about: a recipient's own; of its sender's messages all, or whom they name."""
        if move[0] != "<" and move != EXPIRES:
            return [one]
        if move == TAKEN_BACK or self.kind not in ("REQUEST", "REFERRAL"):
            return self.recipients
        return [who for who in self.recipients if who == one or (chance and chance.random() < 0.5)]

    def expects(self, move, unit, older):
        """None: refused; CROSSED; or the next state."""
        if self.kind == "ALERT" and move[0] != "<" and self.answers(move, older) != self.present:
            return CROSSED
        moves = LIVES[self.kind][self.state(unit)]
        return (moves[move] or self.state(unit)) if move in moves else None

    def answers(self, move, older):
        """ACK: what began the clock, or the alert at its first version; a CANCEL can't be hit; all else the root."""
        if older or move[0] == "<" or self.kind != "ALERT":
            return self.root
        return self.present if move == "ACK" else self.versions[-1]

    def make(self, move, named, older):
        kind, outcome = (move.strip("<").split() + [""])[:2]
        who, to = (self.sender, named) if move[0] == "<" else (named[0], [self.sender])
        root = self.header
        more = {"in_reply_to": self.answers(move, older), "case_ref": root.case_ref, "purpose": root.purpose,
                "retain_until": root.retain_until}
        if outcome:
            more["outcome"] = self.office.desk(who).code("Outcome", outcome)
        if kind == "UPDATE":
            more.update(supersedes=self.versions[-1], valid_until=self.office.stamp(self.office.after(VALID_S)))
        if outcome == "GRANTED":
            more["granted_to"] = [to[0][1]]
        if move == UPHELD:  # the CORRECTION comes first, and references the contest
            mends = self.write(who, "CORRECTION", to, in_reply_to=self.office.base, references=[self.root],
                               retain_until=self.office.base_header.retain_until)
            more["references"] = [mends[1]]
        if move == WAIT:
            more["due_at"] = self.office.stamp(self.office.after(48 * 3600))
        return self.write(who, kind, to, **more)

    def expire(self):
        self.office.until(self.valid_until)
        assert self.sees() == self.states()

    def move(self, move, one=None, older=False, chance=None):
        """What was written, where it is taken."""
        if move == EXPIRES:
            return self.expire()
        named = self.named(move, one or self.recipients[0], chance)
        expected, before = {unit: self.expects(move, unit, older) for _, unit, _ in named}, self.states()
        if move in (LET_GO, TAKEN_BACK) and any(expected.values()):
            expected = {unit: to or before[unit] for unit, to in expected.items()}
        refuses = [before[unit] for unit, to in expected.items() if to is None]
        story = f"{self.kind} in {before}: {move} of or to {[unit for _, unit, _ in named]}"
        try:
            header, made = self.make(move, named, older)
        except r.Refused as refused:
            assert refuses, f"{story} is refused: {refused.details}"
            refused.of(grpc.StatusCode.FAILED_PRECONDITION, "STATE_FORBIDS")
            said = refused.packed.decode(errors="replace")
            open_to = {state: [m.strip("<").split()[0] for m, to in LIVES[self.kind][state].items() if to != CROSSED and m != EXPIRES]
                       for state in refuses}
            assert any(all(word in said for word in (state, *open_to[state])) for state in refuses), \
                f"{story} is refused without one of {open_to}: {refused.details}"
            assert self.sees() == before
            return None
        assert not refuses, f"{story} is taken"
        self.taken(move, header, made, expected)
        assert self.sees() == self.states(), f"{story}: the sender sees {self.sees()}, not {self.states()}"
        return header, made

    def taken(self, move, header, made, expected):
        if CROSSED in expected.values():
            self.office.crossed.append(made.id)
            return
        self.kept.update(expected)
        if move == "<UPDATE" or move in STOPS:
            self.present = made
        if move == "<UPDATE":
            self.versions.append(made)
            self.valid_until = header.valid_until.seconds


class Office:
    """The desks, what the hub took from them since the world began, and the time."""

    def __init__(self, world, pb):
        self.world, self.pb, self.accepted, self.crossed, self.ended = world, pb, [], [], []
        self.desks = {who: Desk(world, pb, who) for who in (POLICE, POST, SHELTER, HOUSE, OFFICE)}
        self.base_header, self.base = self.desk(POLICE).write("ALERT", [POST], valid_until=self.stamp(self.after(BASE_VALID_S)))
        self.accepted.append(self.base.id)

    def desk(self, who):
        return self.desks[who]

    def after(self, seconds):
        return int(time.time() + self.world.ahead.total_seconds()) + seconds

    def stamp(self, seconds):
        return Timestamp(seconds=seconds)

    def until(self, seconds):
        if self.after(0) < seconds:
            self.world.later(seconds=seconds - self.after(0) + 1)

    def judge(self, lives):
        """The log verifies and holds each that was taken once, no other; a restart leaves every state as it was."""
        entries = self.world.entries("SUBMITTED")
        assert sorted(e["submitted"]["id"] for e in entries) == sorted(self.accepted)
        assert sorted(e["submitted"]["id"] for e in entries if e["submitted"].get("crossed")) == sorted(self.crossed)
        for desk in self.desks.values():
            desk.hang_up()
        self.world.hub.stop()
        self.world.amanad("fsck", "-c", "amanad.conf").ok()
        self.world.start_hub()
        assert [life.sees() for life in lives] == [life.states() for life in lives]


@pytest.fixture(scope="module")
def office(file_world, pb):
    if not w.moves_time():
        pytest.skip("this build's time can't be moved")
    file_world.supervisor(*HOUSE, with_=None, device="d1")
    file_world.start_hub()
    file_world.amana("et-registry", "admin", "member", "add", HOUSE[1], "--role", "protection").ok()
    file_world.hub.reload()
    file_world.hub.log.wait(rf"^roster unit={HOUSE[1]} number=1$")
    file_world.amana("ke-registry", "admin", "member", "remove", OFFICE[1], "--yes").ok()
    file_world.amana("ke-registry", "admin", "member", "add", OFFICE[1], "--role", "dpo").ok()
    office = Office(file_world, pb)
    yield office
    for desk in office.desks.values():
        desk.hang_up()


def way(kind, state):
    """A sequence of moves from the first state to this one."""
    ways = {next(iter(LIVES[kind])): []}
    for at in LIVES[kind]:  # each state stands below those that lead to it
        for move, to in LIVES[kind][at].items():
            if to not in (SAME, CROSSED):
                ways.setdefault(to, ways[at] + [move])
    return ways[state]


@pytest.mark.parametrize("kind,state", [(kind, state) for kind, states in LIVES.items() for state in states])
def test_each_move_in_each_state_does_what_the_table_says(office, kind, state):
    for move in MOVES[kind]:
        life = Life(office, kind)
        for step in way(kind, state):
            life.move(step)
        assert life.state(life.recipients[0][1]) == state
        life.move(move)


# Every example has lives of its own in one hub; a failing one is told as it came, not made smaller.
@h.seed(SEED)
@h.settings(max_examples=6, database=None, deadline=None, print_blob=True, phases=(h.Phase.generate,),
            suppress_health_check=list(h.HealthCheck))
@h.given(chance=st.randoms(use_true_random=True))
def test_any_sequence_of_moves_keeps_to_the_lives(office, chance):
    print(f"AMANA_SEED={SEED}")
    lives, ended = {kind: Life(office, kind) for kind in LIVES}, []
    for _ in range(120):
        kind, legal = chance.choice(sorted(LIVES)), chance.random() < 0.7
        one = chance.choice(lives[kind].recipients)
        at = LIVES[kind][lives[kind].state(one[1])]
        if legal and not [to for to in at.values() if to not in (SAME, CROSSED)] and chance.random() < 0.7:
            ended.append(lives[kind])
            lives[kind] = Life(office, kind)
            at = LIVES[kind][lives[kind].state(one[1])]
        lives[kind].move(chance.choice(legal and sorted(at) or MOVES[kind]), one, chance.random() < 0.25, chance)
    office.judge([*lives.values(), *ended, *office.ended])
    office.ended.clear()
