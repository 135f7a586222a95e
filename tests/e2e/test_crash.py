# SPDX-License-Identifier: Apache-2.0
"""kill -9 at any moment, a damaged log, a hub that lies: no receipted message is lost, and who was lied to notices."""
import collections
import fcntl
import os
import pathlib
import random
import signal
import subprocess
import threading

import grpc
import pytest

import raw as r
import test_rights
import world as w

Code = grpc.StatusCode


def submitted(world):
    """seq of each message in a log whose replay verifies; each message once."""
    entries = [e for e in world.replay() if e.get("kind") == "SUBMITTED"]
    found = collections.Counter(e["content"]["submitted"]["id"] for e in entries)
    assert len(entries) == len(found), [i for i, n in found.items() if n != 1]
    return {e["content"]["submitted"]["id"]: e["seq"] for e in entries}


class Receipt:
    """The bytes of an answer as they came: read and written again they might be others."""

    def __init__(self, data):
        self.bytes = data

    @classmethod
    def FromString(cls, data):
        return cls(data)


class Sender:
    """Messages, and the receipts that were held when the hub ended."""

    def __init__(self, world, pb):
        self.police, self.pb, self.messages, self.receipts = r.Raw(world, pb), pb, {}, {}

    def make(self):
        header = self.police.header()
        self.messages[header.id] = self.police.message(header)
        return header.id

    def send(self, id, channel):
        receipt = self.police.call(channel, "Relay/Send", self.messages[id], Receipt).bytes
        assert self.receipts.setdefault(id, receipt) == receipt, "a retry gets the original receipt, byte for byte"

    def burst(self, ids, stop_at, stop):
        """Sends with 32 in flight; calls stop() once stop_at receipts are held. Those that the hub's end cut off stay."""
        free, lock = threading.Semaphore(32), threading.Lock()
        done, stopped = threading.Semaphore(0), threading.Event()
        start = len(self.receipts)

        def answered(future, id):
            code = future.code()
            with lock:
                if code == Code.OK:
                    self.receipts[id] = future.result().bytes
                if len(self.receipts) - start >= stop_at:
                    stopped.set()
            free.release()
            done.release()
        with self.police.channel() as channel:
            call = channel.unary_unary("/amana.v1.Relay/Send", request_serializer=lambda m: m.SerializeToString(),
                                       response_deserializer=Receipt.FromString)
            begun = 0
            for id in ids:
                free.acquire()
                if stopped.is_set():
                    break
                future = call.future(self.messages[id], timeout=w.PATIENCE)
                future.add_done_callback(lambda f, id=id: answered(f, id))
                begun += 1
            stop()
            for _ in range(begun):
                done.acquire()

    def logged(self, log):
        """Each receipt that is held names the one entry of its message."""
        for id, receipt in self.receipts.items():
            assert log[id] == self.pb("audit").ProvedEntry.FromString(receipt).index

    def check(self, world):
        """Each receipt that is held is in the log; a retry of every message gets it again, byte for byte."""
        self.logged(submitted(world))
        with self.police.channel() as channel:
            for id in self.messages:
                self.send(id, channel)
        assert set(submitted(world)) >= set(self.messages)


ROUNDS, A_ROUND = 20, 100


def test_a_hub_killed_twenty_times_in_two_thousand_sends_loses_no_receipted_message(empty_world, pb):
    world, seed = empty_world, int(os.environ.get("AMANA_SEED", random.SystemRandom().randrange(2**32)))
    print(f"AMANA_SEED={seed}")
    chance = random.Random(seed)
    world.start_hub()
    sender = Sender(world, pb)
    for _ in range(ROUNDS):
        ids = [sender.make() for _ in range(A_ROUND)]
        sender.burst(ids, chance.randrange(5, A_ROUND - 35), world.hub.kill)
        world.start_hub()
        held = dict(sender.receipts)
        with sender.police.channel() as channel:
            for id in ids:
                sender.send(id, channel)
        assert held.items() <= sender.receipts.items()
    assert len(sender.receipts) == ROUNDS * A_ROUND
    sender.police.world = world
    log = submitted(world)
    assert set(log) == set(sender.messages)
    sender.logged(log)
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok().says("0 faults")


# Where the hub or its signer ends; the ninth time: the start itself passes some of them up to five times.
KILLS = ["store-before-commit", "store-before-redo", "store-after-commit", "store-after-sign", "store-after-publish",
         "signer-before-record", "signer-after-record", "signer-before-answer", "signer-after-answer", "signer-after-sync",
         "net-before-reply"]
MANY = 12


def send_until_it_ends(sender, many=MANY):
    with sender.police.channel() as channel:
        for _ in range(many):
            id = sender.make()
            try:
                sender.send(id, channel)
            except r.Refused as refusal:
                assert refusal.code == Code.UNAVAILABLE, refusal
                return
    raise AssertionError("the hub did not end")


@pytest.mark.parametrize("place", KILLS)
def test_a_hub_or_signer_killed_between_commit_and_answer_goes_on_by_itself(empty_world, pb, place):
    world = empty_world
    world.start_hub(failpoint=f"{place}:9")
    sender = Sender(world, pb)
    send_until_it_ends(sender)
    # A signer that ended is noticed by its status or by its silence, whichever comes first.
    assert world.hub.wait() == (70 if place.startswith("signer") else -9), world.hub.log.all
    assert sender.receipts, "some were through"
    world.start_hub()
    assert not any(line.startswith("read-only") for line in world.hub.log.all)
    sender.check(world)
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok().says("0 faults")


# A hub passes a point when it starts, and again after some hundred commits. The start after a kill passes one more
# first, when it has done again what came after the last; `starts` are killed at their first, or second.
@pytest.mark.parametrize("place, starts", [("redo-before-point", [1, 1, 2, 1]), ("redo-after-point", [1, 1, 2])])
def test_a_hub_killed_at_a_point_and_the_starts_after_it_killed_at_theirs_lose_nothing(empty_world, pb, place, starts):
    world = empty_world
    world.start_hub(failpoint=f"{place}:2")
    sender = Sender(world, pb)
    send_until_it_ends(sender, many=600)
    assert world.hub.wait() == -9, world.hub.log.all
    assert len(sender.receipts) > MANY
    for count in starts:
        with pytest.raises(AssertionError, match="ended with -9"):
            world.start_hub(failpoint=f"{place}:{count}")
    world.start_hub()
    sender.check(world)
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok().says("0 faults")


@pytest.mark.parametrize("place", ["store-commit-error", "store-fsync", "signer-record-full", "signer-record-sync"])
def test_a_disk_that_fails_ends_the_process_and_a_restart_finds_the_truth(empty_world, pb, place):
    world = empty_world
    world.start_hub(failpoint=f"{place}:9")
    sender = Sender(world, pb)
    send_until_it_ends(sender)
    assert world.hub.wait() == 74
    world.hub.log.wait(r"^died ")
    world.start_hub()
    sender.check(world)


@pytest.mark.parametrize("place", ["store-commit-full", "store-map-full"])
def test_a_full_disk_is_told_nothing_is_lost_and_the_hub_goes_on(empty_world, pb, place):
    world = empty_world
    world.start_hub(failpoint=f"{place}:9")
    sender = Sender(world, pb)
    refused = []
    with sender.police.channel() as channel:
        for _ in range(MANY):
            id = sender.make()
            try:
                sender.send(id, channel)
            except r.Refused as refusal:
                refused.append(refusal.of(Code.RESOURCE_EXHAUSTED, "STORAGE_FULL"))
    assert len(refused) == 1
    world.amana("post", "inbox").ok()
    sender.check(world)


def health(channel, method="Check"):
    """SERVING 1, NOT_SERVING 2 (health.proto): a message of one field."""
    make = channel.unary_unary if method == "Check" else channel.unary_stream
    return make(f"/grpc.health.v1.Health/{method}", request_serializer=bytes, response_deserializer=lambda b: b[1])(
        b"", timeout=w.PATIENCE)


def test_a_signer_that_stands_still_is_told_by_the_log_and_by_health_until_it_goes_on(world, pb):
    if not w.moves_time():
        pytest.skip("this build takes its time from the machine alone")
    journal = world.path("data", "journal", "data.mdb")
    before = w.metas(journal)[0]
    signer = test_rights.signer_of(world.hub)
    with r.Raw(world, pb).channel() as channel:
        watched = health(channel, "Watch")
        assert next(watched) == 1
        os.kill(signer, signal.SIGSTOP)
        try:
            sending, _ = world.watch("police", "send", world.draft())
            while w.metas(journal)[0] == before:
                pass
            world.later(seconds=11)
            assert next(watched) == 2
            world.hub.log.wait(r'^stalled what="the signer gives no signature" .*do="look whether')
        finally:
            os.kill(signer, signal.SIGCONT)
        assert next(watched) == 1
        watched.cancel()
    world.hub.log.wait(r"^goes-on ")
    assert sending.wait(w.PATIENCE) == 0


def test_a_reload_that_comes_while_the_hub_starts_is_done_once_it_serves(world):
    world.hub.stop()
    with open(world.path("data", "signer", "record"), "rb") as record:
        fcntl.flock(record, fcntl.LOCK_EX)  # its signer waits for it
        process = subprocess.Popen([str(w.AMANAD), "-c", "amanad.conf"], cwd=world.folder, stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, **world.env()})
        log = w.Lines(process.stderr, "hub")
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while not children.read_text():
            assert process.poll() is None, log.all
        process.send_signal(signal.SIGHUP)
    log.wait(r"^reload")
    process.send_signal(signal.SIGTERM)
    assert process.wait(w.PATIENCE) == 0


def test_a_second_hub_on_the_same_data_is_told_so_and_the_first_goes_on(world):
    world.amanad("-c", "amanad.conf").exits(75).says("data/signer/record is in use by another amanad")
    world.amanad("fsck", "-d", "data").exits(75).says("another program has this journal open")
    world.send()


# --- The start table (audit.md, The signer)
def refuses_to_append(world, *words):
    """A hub that is read-only, says why, refuses a message and still lets an auditor replay."""
    line = world.hub.log.wait(r"^read-only ")
    for text in words:
        assert text in line, line
    world.amana("post", "send", post_alert(world)).exits(69).says("READ_ONLY", "outbox")
    world.amana("auditor", "audit", "replay", "--reason", "why does it not append?").ok().says("VERIFIED")
    assert world.path("data", "hub", "access.pending").exists()


def post_alert(world):
    """An alert by the post, whose client sees the log for the first time: one that knows the truth would say more."""
    return world.draft("post.json", case_ref="et/ics/2026/000001", recipients=[
        {"unit": "ke/dci/transnational", "part": "ACTION"}, {"unit": "et/mowsa/protection", "part": "COPY"}])


def stopped_with(world, messages):
    """Sends so many, stops the hub."""
    for _ in range(messages):
        world.send()
    world.hub.stop()


def test_a_killed_hub_whose_log_is_what_was_signed_goes_on_and_says_that_it_was_killed(world):
    alert = world.send()
    world.hub.kill()
    world.start_hub()
    world.amana("police", "status", alert).ok().says("accepted")
    assert not world.entries("START")[-1]["start"].get("clean")


def test_a_log_that_was_rolled_back_is_not_appended_to(world):
    stopped_with(world, 1)
    world.copy("data/journal", "older")
    world.start_hub()
    stopped_with(world, 1)
    world.copy("older", "data/journal")
    world.start_hub()
    refuses_to_append(world, "rolled back")


@pytest.mark.parametrize("messages", [1, 2], ids=["of the same size", "that is larger"])
def test_a_log_that_was_edited_is_not_appended_to(world, messages):
    stopped_with(world, 0)
    world.copy("data", "other")
    world.start_hub()
    stopped_with(world, 1)
    world.copy("data", "one")
    world.copy("other", "data")
    world.start_hub()
    for _ in range(messages):
        world.amana("post", "send", post_alert(world)).ok()
    world.hub.stop()
    world.copy("one/signer", "data/signer")
    world.start_hub()
    refuses_to_append(world, "edited")


@pytest.mark.parametrize("harm", ["removed", "both slots damaged"])
def test_a_log_without_the_signers_record_is_not_appended_to(world, harm):
    stopped_with(world, 1)
    record = world.path("data", "signer", "record")
    if harm == "removed":
        record.unlink()
    else:
        record.write_bytes(bytes(b ^ 0xFF for b in record.read_bytes()))
    world.start_hub()
    refuses_to_append(world, "record")


@pytest.mark.parametrize("slot", [0, 1])
def test_one_damaged_slot_of_the_record_stops_nothing(world, slot):
    stopped_with(world, 1)
    record = world.path("data", "signer", "record")
    data = bytearray(record.read_bytes())
    data[slot * 4096 + 20] ^= 1
    record.write_bytes(data)
    world.start_hub()
    world.send()
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok()


# --- A hub that lies
def alarmed(world, desk, *words):
    world.amana(desk, "status").exits(1).says(*words)
    alarms = list(world.path(desk, "store", "alarms").iterdir())
    assert alarms, "both checkpoints are kept"
    world.hub.stop()
    world.hub = None
    assert "alarm" in world.amana(desk, "sent").err.lower(), "every later command says so"


def test_a_rollback_served_to_a_client_is_noticed_on_its_next_connection(world):
    stopped_with(world, 0)
    world.copy("data", "data.copy")
    world.start_hub()
    for _ in range(4):
        world.send()
    world.amana("police", "status").ok()
    world.hub.stop()
    world.second_hub()
    alarmed(world, "police", "a rollback")


def test_a_fork_served_to_a_client_is_noticed_on_its_next_connection(world):
    stopped_with(world, 0)
    world.copy("data", "data.copy")
    world.start_hub()
    stopped_with(world, 1)
    world.second_hub()
    for _ in range(4):
        world.amana("post", "send", post_alert(world)).ok()
    alarmed(world, "police", "a fork")


def test_another_history_of_the_same_size_is_noticed_too(world):
    stopped_with(world, 0)
    world.copy("data", "data.copy")
    world.start_hub()
    world.send()
    world.hub.stop()
    world.second_hub()
    world.amana("post", "send", post_alert(world)).ok()
    alarmed(world, "police", "ALARM")
