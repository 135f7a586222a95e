# SPDX-License-Identifier: Apache-2.0
"""A revocation list that the hub has and a desk has not: the desk takes it when it connects, verified by its own anchors, and
goes by it."""
import datetime
import os
import pathlib
import re
import subprocess

import pytest

import raw as r
import world as w
import test_revoked
from liar import Liar
from test_domain_oversight import REVOKED, WORDS, decrypted, exported, of_desks, overseen, revoke
from test_domain_release import alert

Code = r.grpc.StatusCode
OFFICER, POST = "police/keys/officer.pem", "post/keys/seal.pem"


def der(path):
    return subprocess.run(["openssl", "crl", "-in", path, "-outform", "DER"], stdout=subprocess.PIPE, check=True).stdout


def days_ago(n):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=n)).strftime("%Y%m%d%H%M%SZ")


def number(path):
    said = subprocess.run(["openssl", "crl", "-in", path, "-noout", "-crlnumber"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return int(said.strip().split("=0x")[1], 16)


def lists(world, desk):
    """Each file of its folder, and what is in it."""
    return {path.name: path.read_bytes() for path in world.path(desk, "trust", "crls").iterdir()}


def given(world, desk):
    """What it has from the hub alone."""
    return [path for path in world.path(desk, "trust", "crls").iterdir() if re.fullmatch(r"[0-9a-f]{64}\.crl", path.name)]


def at_the_hub_alone(world, certificate, country="ke"):
    test_revoked.revoke(world, country, certificate)


@pytest.fixture
def served(empty_world):
    overseen(empty_world)
    empty_world.start_hub()
    return empty_world


# --- It is taken and gone by
def test_what_is_sent_after_the_hub_has_a_newer_list_is_sealed_by_it_though_nobody_gave_it_to_the_desk(served):
    world = served
    at_the_hub_alone(world, "ke-oversight.pem")
    before = lists(world, "police")
    message = world.amana("police", "send", world.draft(urgency="U1", urgency_reason="LIFE_AT_RISK")).ok().says("accepted", REVOKED).id
    decrypted(world, exported(world, message, "parts"), code=1)
    assert not world.entries("REJECTED")
    file, = given(world, "police")
    assert der(file) == der(world.path("ke", "units.crl"))
    assert {name: text for name, text in lists(world, "police").items() if name != file.name} == before
    world.hub.stop()
    world.amana("police", "status").exits(69).says(REVOKED)  # without a link


def test_what_waits_sealed_to_an_oversight_that_is_revoked_since_is_sealed_anew_as_the_desk_connects(served):
    world = served
    world.send()  # so that the desk knows the rosters
    world.hub.stop()
    world.hub = None
    waiting = world.amana("police", "send", world.draft()).exits(69).id
    revoke(world, ["trust"])
    world.start_hub()
    world.amana("police", "inbox").ok().says(f"{waiting[:13]}: accepted", REVOKED)
    assert not world.entries("REJECTED")
    decrypted(world, exported(world, waiting, "parts"), code=1)


@pytest.mark.parametrize("verb", ["units", "inbox", "pending", "status"])
def test_each_command_that_connects_takes_it_once(served, pb, verb):
    world = served
    at_the_hub_alone(world, "ke-oversight.pem")
    for came in (1, 0):
        answers = []
        with Liar(world, pb, "police", Relay_Status=lambda answer: answers.append(len(answer.newer_lists)) or answer) as liar:
            world.amana("police", verb, env=liar.env()).ok()
        assert answers == [came]
    assert number(given(world, "police")[0]) == number(world.path("trust", "crls", "ke-units.crl"))
    at_the_hub_alone(world, OFFICER)
    world.amana("police", verb).ok()
    assert [number(file) for file in given(world, "police")] == [number(world.path("trust", "crls", "ke-units.crl"))]


def test_an_officer_whose_certificate_the_hub_knows_to_be_revoked_is_told_so_before_anything_is_signed(world):
    at_the_hub_alone(world, OFFICER)
    said = world.amana("police", "send", world.draft()).exits(78).says("this officer's certificate is revoked", "have your registrar issue another")
    assert "accepted" not in said.out
    world.amana("police", "sent").ok().says("nothing was sent")
    assert not world.entries("REJECTED")


def test_a_recipient_s_device_that_is_revoked_and_on_its_roster_still_is_named_by_whoever_sends_to_it(world):
    at_the_hub_alone(world, POST, "et")
    told = "every device of et/ics/moyale is revoked: nobody there can fetch what is sent"
    sent = world.amana("police", "send", world.draft()).ok().says("accepted", told).id
    world.amana("police", "status", sent).ok().says(told)
    world.amana("police", "units", "et/ics").ok().says(told, "telephone")
    world.amana("police", "send", "--dry-run", world.draft()).ok().says("who could read it", told)
    assert "every device" not in world.amana("police", "units", "ke").ok().out


def test_of_several_devices_the_one_that_is_revoked_is_named(empty_world):
    world = empty_world
    world.supervisor()
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    at_the_hub_alone(world, "chief/keys/auth.pem")
    world.amana("police", "send", world.draft()).ok().says(
        "accepted", "device d2 of ke/dci/transnational is revoked, and on its roster still", "a roster without it")


def test_what_a_revoked_officer_signed_says_so_at_a_desk_that_nobody_gave_the_list(world):
    sent = world.send()
    at_the_hub_alone(world, OFFICER)
    world.amana("post", "inbox").ok().says("officer revoked")
    world.amana("post", "show", sent).ok().says("the officer's certificate was revoked")


def test_what_a_second_person_would_release_to_an_oversight_that_is_revoked_since_is_held_at_that_desk(empty_world):
    world = empty_world
    overseen(world)
    world.supervisor()
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    parked = world.amana("police", "send", alert(world)).ok().says("waits", WORDS).id
    at_the_hub_alone(world, "ke-oversight.pem")
    world.amana("chief", "release", parked, "--yes").exits(77).says("is revoked since", "amana send-back")
    assert not world.entries("REJECTED")


def test_a_list_that_begins_later_by_this_desk_s_clock_is_no_lie_and_is_not_taken_yet(world, pb):
    before = lists(world, "police")
    test_revoked.list_by_openssl(world, "later.crl", "-crl_lastupdate", "20990101000000Z", "-crl_nextupdate", "20990103000000Z")

    def give(answer):
        answer.newer_lists.append(der(world.path("later.crl")))
        return answer
    with Liar(world, pb, "police", Relay_Status=give) as liar:
        said = world.amana("police", "inbox", env=liar.env()).ok()
    assert "ALARM" not in said.err and lists(world, "police") == before


def test_a_desk_that_was_away_while_its_lists_went_stale_is_not_told_to_ask_for_what_it_gets_as_it_connects(world):
    test_revoked.list_by_openssl(world, "police/trust/crls/ke-units.crl", "-crl_lastupdate", "20260101000000Z", "-crl_nextupdate", days_ago(1))
    test_revoked.list_by_openssl(world, "trust/crls/ke-units.crl", "-crlhours", "40", number=65)
    world.hub.reload()
    world.copy("police", "away")
    stale = "a revocation list in trust/crls is stale since"
    world.amana("away", "search", "lorry").exits(66).says(stale)  # which asks no hub
    assert stale not in world.amana("police", "inbox").ok().err
    assert stale not in world.amana("police", "sent").ok().err
    world.hub.stop()
    world.amana("away", "inbox").exits(69).says(stale)


@pytest.mark.skipif(not w.moves_time(), reason="holds a command")
def test_a_command_that_began_before_another_took_a_newer_list_goes_by_that_one(served):
    """Its own reading was older than what the desk remembered by then: "an older list", with nothing that was wrong."""
    world = served
    world.amana("police", "status").ok()
    fifo = world.path("fifo")
    os.mkfifo(fifo)
    held, lines = world.watch("police", "status", stderr=subprocess.STDOUT,
                              env={"AMANA_FAILPOINT": "trust-read", "AMANA_FAILPOINT_FIFO": str(fifo)})
    with open(fifo, "w"):  # it has read its lists
        at_the_hub_alone(world, "ke-oversight.pem")
        world.amana("police", "status").ok().says(REVOKED)
    lines.wait(re.escape(REVOKED))
    assert held.wait(w.PATIENCE) == 0


# --- A hub that lies
class Lists:
    """What a hub may give in the place of a newer list of Kenya's units."""

    def __init__(self, world):
        self.world = world
        self.oldest = der(world.path("ke", "units.crl"))
        world.ca("crl", "-d", "ke").ok()
        self.here = der(world.path("ke", "units.crl"))
        for desk in of_desks(world) + ["trust"]:
            world.path(desk, "crls", "ke-units.crl").write_bytes(world.path("ke", "units.crl").read_bytes())
        world.ca("revoke", "-d", "ke", "--reason", "keyCompromise", OFFICER).ok()
        self.newer = der(world.path("ke", "units.crl"))
        world.ca("crl", "-d", "ke").ok()
        self.newest = der(world.path("ke", "units.crl"))

    def forged(self):
        """By another key with the same name."""
        self.world.ca("root", "-d", "their-root").ok()
        self.world.ca("national", "-d", "theirs", "--root", "their-root", "ke", "ke.amana.example").ok()
        for _ in range(9):
            self.world.ca("crl", "-d", "theirs").ok()
        return der(self.world.path("theirs", "units.crl"))

    def large(self):
        """So long that as PEM no program of ours reads it."""
        index = self.world.path("ke", "units.index")
        index.write_text(index.read_text() + rows(25000))
        self.world.ca("crl", "-d", "ke").ok()
        return der(self.world.path("ke", "units.crl"))


def rows(n):
    """So many revocations, as `openssl ca` would keep them."""
    return "".join(f"R\t300101000000Z\t261101000000Z,keyCompromise\t{1 << 62 | i:016X}\tunknown\t/O=a device\n" for i in range(n))


LIES = {
    "an older one": lambda they: [they.oldest],
    "the same": lambda they: [they.here],
    "one by another key": lambda they: [they.forged()],
    "garbage": lambda they: [os.urandom(300)],
    "nothing": lambda they: [b""],
    "one and a byte": lambda they: [they.newer + b"\0"],
    "all but a byte": lambda they: [they.newer[:-1]],
    "an altered one": lambda they: [they.newer[:-1] + bytes([they.newer[-1] ^ 1])],
    "one that is too large": lambda they: [they.large()],
    "a megabyte of zeros": lambda they: [bytes(1024 * 1024 + 1)],
    "two of one issuer, the newer first": lambda they: [they.newest, they.newer],
    "one that holds and garbage": lambda they: [they.newest, b"\x30\x03\x02\x01\x01"],
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_what_a_hub_gives_that_does_not_hold_changes_nothing_and_is_an_alarm(world, pb, lie):
    they = Lists(world)
    gives = lie(they)
    world.hub.reload()
    before = lists(world, "police")

    def give(answer):
        del answer.newer_lists[:]
        answer.newer_lists.extend(gives)
        return answer
    with Liar(world, pb, "police", Relay_Status=give) as liar:
        said = world.amana("police", "send", world.draft(), env=liar.env()).ok().says(
            "accepted", "ALARM", "revocation list: the hub gave one that it called newer, and none was taken")
        assert lists(world, "police") == before, said.err
        assert len(list(world.path("police", "store", "alarms").iterdir())) == 1
        world.amana("police", "inbox", env=liar.env()).exits(1)
    assert lists(world, "police") == before


def test_an_answer_larger_than_any_ends_the_connection_and_changes_nothing(world, pb):
    before = lists(world, "police")

    def give(answer):
        answer.newer_lists.extend([bytes(1024 * 1024)] * 2)
        return answer
    with Liar(world, pb, "police", Relay_Status=give) as liar:
        assert world.amana("police", "inbox", env=liar.env()).code != 0
    assert lists(world, "police") == before


# --- What the hub gives
def test_a_hub_gives_the_lists_that_are_newer_than_those_that_are_named_and_no_others(world, pb):
    at_the_hub_alone(world, OFFICER)
    police, relay = r.Raw(world, pb), pb("relay")
    newest = der(world.path("trust", "crls", "ke-units.crl"))
    at = number(world.path("trust", "crls", "ke-units.crl"))

    def digest(path):
        return bytes.fromhex(world.ca("show", "--digest", path).ok().out.strip())
    ke, et = digest("ke/units.pem"), digest("et/units.pem")

    def asked(*rows):
        with police.channel() as channel:
            request = relay.StatusRequest(lists=[relay.ListNumber(issuer=issuer, number=n) for issuer, n in rows])
            return list(police.call(channel, "Relay/Status", request, relay.StatusResponse).newer_lists)
    assert asked() == []
    assert asked((ke, at - 1)) == asked((ke, 0)) == [newest]
    assert asked((ke, at)) == asked((ke, at + 1)) == asked((ke, 2**64 - 1)) == []
    assert asked((et, 0), (ke, at - 1)) == [der(world.path("trust", "crls", "et-units.crl")), newest]
    assert asked((ke[:-1], 0), (ke + b"\0", 0), (b"", 0), (bytes(32), 0)) == []
    assert len(asked(*[(ke, 0)] * 136)) == 136
    with pytest.raises(r.Refused) as refusal:
        asked(*[(ke, 0)] * 137)
    assert b"lists" in refusal.value.of(Code.INVALID_ARGUMENT, "FIELD_INVALID").packed


def test_more_lists_than_one_answer_takes_come_one_connection_after_the_other(world, pb):
    for country in ("ke", "et"):
        index = world.path(country, "units.index")
        index.write_text((index.read_text() if index.exists() else "") + rows(15000))
        world.ca("crl", "-d", country).ok()
        world.path("trust", "crls", f"{country}-units.crl").write_bytes(world.path(country, "units.crl").read_bytes())
    world.hub.reload()
    for n in (1, 2, 2):
        world.amana("police", "units").ok()
        assert len(given(world, "police")) == n
    assert sorted(map(der, given(world, "police"))) == sorted(der(pathlib.Path(world.path(c, "units.crl"))) for c in ("ke", "et"))
