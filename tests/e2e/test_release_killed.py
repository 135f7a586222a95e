# SPDX-License-Identifier: Apache-2.0
"""What waits for a second person, on a hub that is killed or whose disk is full in the midst of it: nothing is lost, nothing is
released by half or twice, and whoever asks again gets the first answer."""
import collections
import hashlib

import pytest

import raw as r
import test_crash
import world as w
from test_domain_release import Code, Second

UNIT = "ke/dci/transnational"


class Waiting:
    """One message, and the answers that were held when the hub ended."""

    def __init__(self, desk, way, plain=None):
        self.desk, self.way, self.answers = desk, way, {}
        self.id, self.message, self.signature = desk.make(way == "deferred", plain)

    def steps(self):
        return {"released": ["Park", "Release"], "sent back": ["Park", "SendBack"], "deferred": ["Send", "Release"]}[self.way]


class Desks:
    """The author and the supervisor, each with a program of their own that keeps what it was answered."""

    def __init__(self, world, pb, readers=(), roster=2):
        self.world, self.pb, self.roster = world, pb, roster
        self.readers = ["post", "ke-protection", "et-protection", "police", "chief", *readers]
        self.police, self.chief = r.Raw(world, pb), Second(world, pb, "chief")
        self.all = []

    def make(self, deferred, plain):
        header = self.police.header(release=3 if deferred else 2)
        header.sender.roster, header.releasing.unit, header.releasing.roster = self.roster, UNIT, self.roster
        body = self.police.body(header, plain, certificates=[self.world.path(d, "keys", "seal.pem") for d in self.readers])
        message = self.police.message(header, body=body)
        keys = self.chief.raw.keys
        if deferred:
            return header.id, message, r.sign(message.header, keys / "officer.pem", keys / "officer.key")
        return header.id, message, self.chief.signed_too(message, "chief")

    def begin(self, way, plain=None):
        self.all.append(Waiting(self, way, plain))
        return self.all[-1]

    def request(self, waiting, step):
        relay, digest = self.pb("relay"), hashlib.sha256(waiting.message.header).digest()
        pointer = {"id": waiting.id, "header_digest": digest}
        if step in ("Park", "Send"):
            return waiting.message
        if step == "Release":
            return relay.ReleaseRequest(message=pointer, signature=waiting.signature)
        keys, statement = self.chief.raw.keys, self.pb("message").Returned(
            context="amana-returned-v1", origin="igad.amana.example/log", reason=2, officer=f"amana://{UNIT}/officer/kdci-0001",
            message=pointer).SerializeToString()
        return relay.SendBackRequest(statement=statement, signature=r.sign(statement, keys / "officer.pem", keys / "officer.key"))

    def do(self, waiting, step):
        desk = self.police if step in ("Park", "Send") else self.chief.raw
        with desk.channel() as channel:
            answer = desk.call(channel, f"Relay/{step}", self.request(waiting, step), test_crash.Receipt).bytes
        assert waiting.answers.setdefault(step, answer) == answer, f"{step} again gets the first answer, byte for byte"

    def again(self):
        for waiting in self.all:
            for step in waiting.steps():
                if step == "Park" and len(waiting.answers) == 2:
                    continue  # what doesn't wait any more is asked for by its end
                self.do(waiting, step)

    def whole(self):
        """Each message's entries in the log: all of a step or nothing, and what was answered is there."""
        found = collections.defaultdict(lambda: collections.defaultdict(list))
        for entry in self.world.replay():
            kind = entry.get("kind")
            if kind in ("PARKED", "SUBMITTED", "RELEASED", "RETURNED"):
                said = entry["content"][kind.lower()]
                found[said.get("id") or said["message"]["id"]][kind].append(int(entry["seq"]))
        for waiting in self.all:
            log, first = found[waiting.id], "SUBMITTED" if waiting.way == "deferred" else "PARKED"
            assert all(len(seqs) == 1 for seqs in log.values()), (waiting.way, dict(log))
            assert not (log["RETURNED"] and (log["RELEASED"] or log["SUBMITTED"])), (waiting.way, dict(log))
            if waiting.way != "deferred" and (log["RELEASED"] or log["SUBMITTED"]):
                assert log["RELEASED"] == [log["SUBMITTED"][0] + 1], "the message and its release are one batch"
            if waiting.answers:
                assert log[first], waiting.way
            if len(waiting.answers) == 2:
                assert log["RETURNED"] if waiting.way == "sent back" else log["RELEASED"], waiting.way
        return found


@pytest.fixture
def desks(empty_world, pb):
    empty_world.supervisor()
    empty_world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    return Desks(empty_world, pb)


WAYS = ("released", "sent back", "deferred")


def until_it_ends(desks, many=12):
    for turn in range(many):
        waiting = desks.begin(WAYS[turn % 3])
        for step in waiting.steps():
            try:
                desks.do(waiting, step)
            except r.Refused as refusal:
                assert refusal.code == Code.UNAVAILABLE, refusal
                return waiting.way, step
    raise AssertionError("the hub did not end")


@pytest.mark.parametrize("place", ["store-before-commit", "store-before-redo", "store-after-publish", "signer-after-record", "net-before-reply"])
def test_a_hub_killed_at_any_step_of_a_second_person_releases_nothing_by_half_or_twice(desks, place):
    world, ended = desks.world, set()
    for count in range(9, 15):  # the six steps of the three ways, one after the other
        world.hub.stop()
        world.start_hub(failpoint=f"{place}:{count}")
        ended.add(until_it_ends(desks))
        assert world.hub.wait() == (70 if place.startswith("signer") else -9), world.hub.log.all
        world.start_hub()
        desks.whole()
    assert len(ended) == (4 if place.startswith("net") else 6), ended  # a word has no such place
    desks.again()
    log = desks.whole()
    for waiting in desks.all:
        assert set(waiting.answers) == set(waiting.steps())
    came = world.amana("post", "inbox").ok()
    for waiting in desks.all:
        assert bool(log[waiting.id]["SUBMITTED"]) == (waiting.way != "sent back")
        assert (waiting.id[:13] in came.out + came.err) == (waiting.way != "sent back")
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok().says("0 faults")


def test_a_full_disk_at_any_step_of_a_second_person_is_told_and_the_step_may_be_taken_again(desks):
    world = desks.world
    full = 0
    for count in range(9, 15):
        world.hub.stop()
        world.start_hub(failpoint=f"store-commit-full:{count}")
        for way in WAYS * 2:
            waiting = desks.begin(way)
            for step in waiting.steps():
                try:
                    desks.do(waiting, step)
                except r.Refused as refusal:
                    refusal.of(Code.RESOURCE_EXHAUSTED, "STORAGE_FULL")
                    full += 1
                    desks.whole()
                    desks.do(waiting, step)
    assert full
    desks.again()
    desks.whole()
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok().says("0 faults")


def test_of_a_release_and_a_return_at_once_one_counts_and_the_other_hears_which(desks):
    relay = desks.chief.raw
    for first in ("Release", "SendBack") * 8:
        other = "SendBack" if first == "Release" else "Release"
        waiting = desks.begin("released")
        desks.do(waiting, "Park")
        with relay.channel() as channel:
            calls = [channel.unary_unary(f"/amana.v1.Relay/{step}", request_serializer=lambda m: m.SerializeToString(),
                                         response_deserializer=bytes).future(desks.request(waiting, step), timeout=w.PATIENCE)
                     for step in (first, other)]
            codes = [call.code() for call in calls]
        assert sorted(code.name for code in codes) == ["FAILED_PRECONDITION", "OK"], codes
        lost = calls[codes.index(Code.FAILED_PRECONDITION)].exception()
        r.Refused(lost).of(Code.FAILED_PRECONDITION, "STATE_FORBIDS")
        desks.whole()


# --- Two supervisors of one unit
@pytest.fixture
def two(empty_world, pb):
    """Both are on the roster; each has a desk."""
    world, uses = empty_world, ("auth", "seal", "sign", "officer")
    world.supervisor()
    world.run(w.AMANA, "init", "--unit", UNIT, "--device", "d3", "--officer", "kdci-0003", "--hub", "igad/hub", "--address", "127.0.0.1:4433", "-d", "deputy")
    world.ca("issue", "-d", "ke", *(f"deputy/keys/{use}.csr" for use in uses)).ok()
    officers = [f"--supervisor=amana://{UNIT}/officer/{officer}" for officer in ("kdci-0001", "kdci-0003")]
    world.ca("roster", "--registrar", "ke-registry/keys/officer.pem", "--key", "ke-registry/keys/officer.key", "-o", "rosters", *officers,
             *(f"{desk}/keys/{use}.pem" for desk in ("police", "chief", "deputy") for use in uses)).ok()
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=3")
    desks = Desks(world, pb, readers=["deputy"], roster=3)
    return desks, Second(world, pb, "deputy")


def test_of_two_supervisors_at_once_one_releases_and_the_other_hears_that_it_is_done(two):
    desks, deputy = two
    pb = desks.pb
    for turn in range(4):
        waiting = desks.begin("deferred" if turn % 2 else "released")
        desks.do(waiting, waiting.steps()[0])
        request = desks.request(waiting, "Release")
        if turn % 2:
            keys = deputy.raw.keys
            other = r.sign(waiting.message.header, keys / "officer.pem", keys / "officer.key")
        else:
            other = deputy.signed_too(waiting.message, "deputy")
        requests = [(desks.chief, request), (deputy, pb("relay").ReleaseRequest(message=request.message, signature=other))]
        if turn >= 2:
            requests.reverse()
        channels = [second.raw.channel() for second, _ in requests]
        calls = [channel.unary_unary("/amana.v1.Relay/Release", request_serializer=lambda m: m.SerializeToString(),
                                     response_deserializer=test_crash.Receipt.FromString).future(asked, timeout=w.PATIENCE)
                 for channel, (_, asked) in zip(channels, requests)]
        codes = [call.code() for call in calls]
        assert sorted(code.name for code in codes) == ["FAILED_PRECONDITION", "OK"], codes
        lost, won = codes.index(Code.FAILED_PRECONDITION), codes.index(Code.OK)
        r.Refused(calls[lost].exception()).of(Code.FAILED_PRECONDITION, "STATE_FORBIDS")
        [entry] = [e["released"] for e in desks.world.entries("RELEASED") if e["released"]["message"]["id"] == waiting.id]
        assert entry["officer"] == f"amana://{UNIT}/officer/" + ("kdci-0001" if requests[won][0] is desks.chief else "kdci-0003")
        for channel in channels:
            channel.close()
    desks.whole()
