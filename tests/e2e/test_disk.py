# SPDX-License-Identifier: Apache-2.0
"""A disk that is full, a map that is, and a database file that is damaged."""
import datetime
import os
import random
import re
import struct
import subprocess

import grpc
import pytest

import raw as r
import test_crash
import test_domain_do_no_harm as harm
import world as w
from conftest import copy_of

Code = grpc.StatusCode
MIB = 1 << 20


def used(path):
    _, last, size = w.metas(path)
    return (last + 1) * size


def shrink(world, size, data="data"):
    """Gives the journal a map of that size; what it holds is far less."""
    file = world.path(data, "journal", "data.mdb")
    assert used(file) < size
    os.truncate(file, size)
    conf = world.path("amanad.conf")
    conf.write_text("\n".join(f'map-size = "{size // MIB}M"' if line.startswith("map-size") else line
                              for line in conf.read_text().splitlines()) + "\n")


def send_until_full(sender, body):
    """Sends until the hub refuses; what it took and what it didn't."""
    police = sender.police
    with police.channel() as channel:
        for _ in range(400):
            header = police.header()
            message = police.message(header, body=police.body(header, plain=bytes(body)))
            try:
                sender.receipts[header.id] = police.send(message, channel).SerializeToString(deterministic=True)
                sender.messages[header.id] = message
            except r.Refused as refusal:
                refusal.of(Code.RESOURCE_EXHAUSTED, "STORAGE_FULL")
                return header.id, message
    raise AssertionError("it never was full")


def test_a_small_map_that_is_full_refuses_loses_nothing_and_goes_on_when_it_is_larger(empty_world, pb):
    world = empty_world
    shrink(world, 64 * MIB)
    world.start_hub()
    sender = test_crash.Sender(world, pb)
    id, message = send_until_full(sender, 900_000)
    assert len(sender.receipts) > 40, "an eighth is held back for what must be written, not more"
    world.amana("police", "send", world.draft()).exits(69).says("waits in the outbox: ",
                                                                "kept in the outbox: the hub does not take it now")
    sender.check(world)
    world.amana("post", "inbox").ok()
    world.hub.stop()
    conf = world.path("amanad.conf")
    conf.write_text(conf.read_text().replace("64M", "128M"))
    world.start_hub()
    sender.messages[id] = message
    sender.check(world)
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok().says("0 faults")


@pytest.fixture
def small_disk(empty_world):
    """A file system of 80 MiB for the data folder."""
    disk = empty_world.path("disk")
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", disk], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    yield disk
    empty_world.end()
    subprocess.run(["umount", "-l", disk], check=True)


def fill(path):
    """Takes all that is left of a disk."""
    with open(path, "wb", buffering=0) as file:
        for size in (MIB, 4096):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError as error:
                assert error.errno == 28, error


def on_disk(world, disk):
    shrink(world, 64 * MIB)
    subprocess.run(["cp", "-a", "--sparse=always", world.path("data"), disk / "data"], check=True)
    conf = world.path("amanad.conf")
    conf.write_text(f'data = "{disk / "data"}"\n' + conf.read_text())
    return disk / "data" / "journal" / "data.mdb"


def test_a_disk_that_is_full_refuses_loses_nothing_and_goes_on_when_there_is_room(empty_world, small_disk, pb):
    world = empty_world
    file = on_disk(world, small_disk)
    world.start_hub()
    sender = test_crash.Sender(world, pb)
    # The journal's room is reserved at start; a file system that copies on write keeps no such promise. So it is taken
    # back here, behind what is written.
    with sender.police.channel() as channel:  # what the start had to write comes before it: nothing live lies in the hole
        sender.send(sender.make(), channel)
    hole = used(file)
    subprocess.run(["fallocate", "--punch-hole", "--offset", str(hole), "--length", str(64 * MIB - hole), file], check=True)
    fill(small_disk / "filler")
    id, message = send_until_full(sender, 100_000)
    sender.messages.update({id: message})
    (small_disk / "filler").unlink()
    sender.check(world)
    world.hub.stop()
    world.amanad("fsck", "-d", small_disk / "data").ok().says("0 faults")


def test_without_room_for_its_map_the_hub_does_not_start_and_does_when_there_is(empty_world, small_disk):
    world = empty_world
    on_disk(world, small_disk)
    fill(small_disk / "filler")
    world.amanad("-c", "amanad.conf").exits(74).says("no room for 67108864 bytes of journal")
    (small_disk / "filler").unlink()
    world.start_hub()
    world.send()


# --- Damage
def journal_of(world):
    world.start_hub()
    for _ in range(3):
        world.send()
    world.hub.stop()
    return world.path("data", "journal", "data.mdb")


@pytest.mark.parametrize("kept", ["half of what is used", "one page", "a byte"])
def test_a_database_file_that_was_cut_off_is_said_to_be_by_fsck_and_start(empty_world, kept):
    file = journal_of(empty_world)
    os.truncate(file, {"half of what is used": used(file) // 2, "one page": 4096, "a byte": 1}[kept])
    empty_world.amanad("fsck", "-d", "data").exits(1).says("the log: the database file is damaged", "1 fault")
    empty_world.amanad("-c", "amanad.conf").exits(1).says("the database file is damaged")


def scribbled(data, page, with_):
    at = range(2 * page, len(data), page)
    if with_ == "head":  # the number of keys, and where they are: LMDB believes both
        for start in at:
            data[start + 12:start + 200] = b"\xf0\xff" * 94
    elif with_ == "sizes":  # of values: LMDB hands out what the page says, however far it reaches
        root = struct.unpack_from("<Q", data, 128)[0]
        for start in (s for s in at if s != root * page and data[s + 10] == 2):
            keys = (struct.unpack_from("<H", data, start + 12)[0] - 16) // 2
            for node in struct.unpack_from(f"<{keys}H", data, start + 16):
                if data[start + node + 4] == 0:
                    data[start + node + 2:start + node + 4] = b"\xff\x7f"
    else:
        for start in at:
            data[start:start + page] = {"zeros": bytes(page), "ones": b"\xff" * page, "noise": random.Random(start).randbytes(page)}[with_]
    return data


@pytest.mark.parametrize("with_", ["zeros", "ones", "noise", "head", "sizes"])
def test_scribbled_pages_are_a_fault_of_the_file_and_end_no_fsck(empty_world, with_):
    file = journal_of(empty_world)
    _, _, page = w.metas(file)
    data = scribbled(bytearray(file.read_bytes()[:used(file)]), page, with_)
    with open(file, "r+b") as out:
        out.write(data)
    said = empty_world.amanad("fsck", "-d", "data").exits(1)
    assert " 0 faults" not in said.out and "fault" in said.out, said.out
    assert with_ != "sizes" or "the database file is damaged: reading it ended with signal" in said.out, said.out


@pytest.fixture
def read_only(empty_world):
    """Makes a copy of the data folder that nobody can write to."""
    copy, mounted = empty_world.path("evidence"), False

    def make():
        nonlocal mounted
        empty_world.copy("data", "evidence")
        if os.geteuid() == 0:
            done = subprocess.run(["mount", "--bind", copy, copy], capture_output=True, text=True)
            mounted = done.returncode == 0
            if not mounted:
                pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
            subprocess.run(["mount", "-o", "remount,bind,ro", copy], check=True)
        else:
            subprocess.run(["chmod", "-R", "a-w", copy], check=True)
        return copy
    yield make
    if mounted:
        subprocess.run(["umount", "-l", copy], check=True)
    elif copy.exists():
        subprocess.run(["chmod", "-R", "u+w", copy], check=True)


def test_a_copy_that_cannot_be_written_is_checked_where_the_hub_had_ended_in_order(empty_world, read_only):
    journal_of(empty_world)
    read_only()
    empty_world.amanad("fsck", "-d", "evidence").ok().says("0 faults")


def test_of_a_killed_hub_such_a_copy_is_not_checked_and_it_is_said_what_to_do(empty_world, read_only):
    empty_world.start_hub()
    empty_world.send()
    empty_world.hub.kill()
    evidence = read_only()
    empty_world.amanad("fsck", "-d", "evidence").exits(77).says("did not end in order", "copy the whole folder")
    empty_world.run("cp", "-a", "--sparse=always", evidence, "copy")
    empty_world.amanad("fsck", "-d", "copy").ok().says("0 faults")


# --- Rows that no entry's hash covers
ROWS = {
    "a life's state": (("life", "1"), "is kept as"),
    "a life's time": (("life", "13"), "is not kept as the log says: time, clock, what has passed, officer or version"),
    "a life that is gone": (("life",), "is missing: life"),
    "when a life is due": (("life", "29"), "is due at another time than the log says"),
    "until when an alert holds": (("chain", "27"), "the row of its versions is not kept as the log says"),
    "that an alert was cancelled": (("chain", "29"), "the row of its versions is not kept as the log says"),
    "a chain that is gone": (("chain",), "the row of its versions is missing"),
    "a delivery's state": (("delivery", "0"), "is not kept as the log says"),
    "a delivery that is gone": (("delivery",), "is missing: delivery"),
    "what has passed of a delivery": (("delivery", "0:128"), "is not kept as the log says"),
    "when a delivery was retrieved": (("delivery", "20"), "is not kept as the log says"),
    "a deadline that is gone": (("deadline", "first"), "its next deadline is missing"),
    "a day of review that is gone": (("deadline",), "the day to review it is missing"),
    "until when a court keeps it": (("order", "7"), "orders about it is not kept as the log says"),
    "a court's order that is gone": (("order",), "is missing: order"),
    "a member's role": (("record", "protection", "protectioN"), "the member"),
    "a grant": (("record", "ke/*/*", "ke/*/x"), "the grants of"),
    "a roster": (("record", "officer/kdci-0417", "officer/kdci-0418"), "the roster 1 of ke/dci/transnational"),
    "what a registrar signed of a member": (("record", "amana-member-v1", "amana-member-v2"), "the statement about the member"),
    "the entry of trust": (("record", "3"), "the digest of the hub's trust"),
    "trust": (("record", "11"), "the digest of the hub's trust"),
    "a checkpoint's signature": (("checkpoint", "20"), "the signature of the checkpoint of"),
}


@pytest.fixture(scope="module")
def lived(file_world):
    """A log in which an alert was retrieved, acknowledged, updated and cancelled, and a second one corrected and kept."""
    world = file_world
    world.start_hub()
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", alert).ok()
    update = world.amana("police", "update", alert, world.draft(alert__title="The lorry turned back")).ok().id
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", update).ok()
    cancel = world.amana("police", "cancel", update, "--outcome", "RESOLVED", "--reason", "All children found.").ok().id
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", cancel).ok()
    kept = world.send()
    correction = world.amana("police", "correct", kept, world.example("correction", roles=[])).ok().id
    world.amana("post", "inbox").ok()
    world.amana("post", "confirm", correction, "--outcome", "NOT_HELD").ok()
    world.amana("police", "hold", kept, "--court", "x", "--order", "88/2026", "--date", "2026-11-27", "--scope", "x",
                "--valid-until", w.FAR).ok()
    far = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1094)).strftime("%Y-%m-%dT%H:%M:%SZ")
    world.send(draft=world.draft(retain_until=far, review_at=far))  # the last of the days in the table
    for desk in ("post", "ke-protection", "et-protection"):
        world.amana(desk, "inbox").ok()
    world.amana("et-registry", "admin", "roster", "remove", "et/mowsa/protection", "--yes").ok()
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok().says(" 0 faults")
    return world


@pytest.mark.parametrize("case", ROWS)
def test_a_row_that_is_not_what_the_log_says_is_named(lived, case):
    how, words = ROWS[case]
    lived.copy("data", "changed")
    w.run(w.BUILD / "tests" / "damage_row", lived.path("changed"), *how).ok()
    lived.amanad("fsck", "-d", "changed").exits(1).says(words)


@pytest.mark.parametrize("field", ["its officer", "its unit"])
def test_an_entry_about_a_correction_that_says_another_thing_than_its_message_is_named(lived, field):
    said = 'officer/eics-1207"\x0det/ics/moyale'
    other = {"its officer": said.replace("1207", "1208"), "its unit": said.replace("et/ics", "et/icz")}[field]
    lived.copy("data", "changed")
    w.run(w.BUILD / "tests" / "damage_row", lived.path("changed"), "entry", said, other).ok()
    lived.amanad("fsck", "-d", "changed").exits(1).says("no message before it says what it says was corrected, mended or erased",
                                                        "no CORRECTED or ERASED entry says what it corrects")


def test_an_entry_that_does_not_say_of_a_roster_that_it_was_taken_away_is_named(lived):
    """Who reads the log alone would else take a unit for one that can be reached."""
    signer = "amana://et/registry/desk/officer/r-1"
    said = f"*{chr(len(signer))}{signer}0\x01"  # the field `removed` goes into the one before it
    lived.copy("data", "changed")
    w.run(w.BUILD / "tests" / "damage_row", lived.path("changed"), "entry", said,
          said.replace(chr(len(signer)), chr(len(signer) + 2), 1)).ok()
    lived.amanad("fsck", "-d", "changed").exits(1).says("the roster 2 of et/mowsa/protection is not that of the log")


@pytest.fixture(scope="module")
def withheld(template, tmp_path_factory):
    """A log in which a case is kept from a state, whose unit answers what was replaced or withdrawn without its knowing."""
    if not w.moves_time():
        pytest.skip("this build's time can't be moved")
    world = copy_of(template, tmp_path_factory.mktemp("withheld"))
    world.start_hub()
    alert = world.send()
    asked = world.send("police", world.write("REQUEST", harm.ASKED, case_ref=harm.CASE, recipients=[{"unit": "et/ics/moyale", "part": "ACTION"}]))
    world.amana("post", "inbox").ok()
    world.amana("police", "update", alert, world.draft("newer.json", recipients=None, flags=None)).ok()
    world.amana("police", "withdraw", asked, "--outcome", "NO_LONGER_NEEDED", "--reason", "Found.").ok()
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=20)
    flagged = world.send("police", harm.note(world, case_ref=harm.CASE, flags=harm.FLED, retain_until=until.strftime("%Y-%m-%dT%H:%M:%SZ")))
    world.amana("post", "ack", alert).ok()
    world.amana("post", "ack", asked).ok()
    world.amana("post", "progress", asked, "--outcome", "IN_HAND", "--text", "We look.").ok()
    harm.gone_by(world, flagged, until)  # the next midnight asks whether anything is left of the case
    world.flagged = next(e["seq"] for e in world.replay() if e.get("kind") == "SUBMITTED" and e["content"]["submitted"]["id"] == flagged)
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok().says(" 0 faults")
    yield world
    world.end()


@pytest.mark.parametrize("place, words", [("flagged", "what is left of its case is looked for from"),
                                          (1 << 40, "what is left of its case is looked for past the end of the log")])
def test_from_where_a_case_is_looked_through_for_what_is_left_of_it_passes_over_nothing(withheld, place, words):
    withheld.copy("data", "changed")
    number = withheld.flagged if place == "flagged" else place
    w.run(w.BUILD / "tests" / "damage_row", withheld.path("changed"), "deadline", "@8:6", str(number)).ok()
    withheld.amanad("fsck", "-d", "changed").exits(1).says(words)


@pytest.mark.parametrize("what, said, other", [
    ("from what it knew of what was replaced", "\x18\x01\x20\x02", "\x18\x02\x20\x02"),
    ("from what it knew of what was withdrawn", "\x18\x06\x20\x02", "\x18\x07\x20\x02"),
    ("from what it had answered since", "\x18\x02\x20\x07", "\x18\x06\x20\x07")])
def test_a_unit_that_answers_what_was_withheld_goes_on_from_what_it_knew(withheld, what, said, other):
    withheld.copy("data", "changed")
    w.run(w.BUILD / "tests" / "damage_row", withheld.path("changed"), "entry", said, other).ok()
    withheld.amanad("fsck", "-d", "changed").exits(1).says("it moves the life of et/ics/moyale from a state that it is not in")


# --- A desk's own disk
def test_a_desk_whose_disk_is_full_reads_what_it_has_says_what_became_of_a_message_and_sends_nothing_twice(world, small_disk):
    desks = {desk: f"disk/{desk}" for desk in ("police", "post")}
    for desk, folder in desks.items():
        world.copy(desk, folder)
    first, taken = world.send(desks["police"]), set()
    world.amana(desks["post"], "inbox").ok()
    filler = small_disk / "filler"
    fill(filler)
    for _ in range(64):  # a page more each time, until what is left takes the outbox's row and no more
        said = world.amana(desks["police"], "send", world.draft()).exits(73, 74)
        taken.update(re.findall(r"(\S+): the hub has taken it, as entry \d+, and that can't be kept here", said.err))
        if taken:
            break
        os.truncate(filler, filler.stat().st_size - 4096)
    for _ in range(8):  # until not even the outbox takes it
        if "nothing was sent" in said.err:
            break
        fill(small_disk / "more")
        said = world.amana(desks["police"], "send", world.draft()).exits(73, 74)
        taken.update(re.findall(r"(\S+): the hub has taken it, as entry \d+, and that can't be kept here", said.err))
    said.says("look at the disk, whether it is full")
    assert taken and "nothing was sent" in said.err
    world.amana(desks["police"], "sent").exits(73, 74).says(first[:13], *taken)
    others = set()
    for _ in range(64):  # until its pages that are free are taken too
        read = world.amana(desks["post"], "inbox").exits(0, 73, 74).says(first[:13])
        if read.code:
            break
        others.add(world.send())
    assert read.code
    world.amana(desks["post"], "show", first).ok().says("STOP AND SEARCH")
    for file in (filler, small_disk / "more"):
        file.unlink(missing_ok=True)
    world.amana(desks["police"], "inbox").ok().says("accepted, entry")
    world.amana(desks["post"], "inbox").ok().says(*(id[:13] for id in taken | others))
    assert len(world.amana(desks["police"], "sent").ok().out.splitlines()) == 1 + len(taken)
    assert {e["submitted"]["id"] for e in world.entries("SUBMITTED")} == {first, *taken, *others}
