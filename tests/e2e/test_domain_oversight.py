# SPDX-License-Identifier: Apache-2.0
"""Rule 12: what a country's units send is sealed to its oversight too, where the trust list names one; by a point that
stands in the header and in no other message's."""
import base64
import hashlib
import re
import subprocess
import threading
import time

import pytest

import raw as r
import world as w
from liar import Liar
from test_domain_release import alert

Code = r.grpc.StatusCode
P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
WORDS = "the oversight of ke can open it, by two persons together"
REVOKED = "the oversight of ke is revoked: what is sent is sealed to none"
UNKNOWN = "somebody can open it whom the sender calls the oversight of ke and this desk's trust/ does not know"
URGENCIES = (("U1", "LIFE_AT_RISK"), ("U4", None))
DESKS = ("police", "post", "ke-protection", "et-protection")


# --- The seal's recipients, by their DER
def tlv(der, at=0):
    """(where the content begins, where it ends)"""
    n = der[at + 1]
    if n < 0x80:
        return at + 2, at + 2 + n
    size = n & 0x7F
    return at + 2 + size, at + 2 + size + int.from_bytes(der[at + 2:at + 2 + size], "big")


def wrap(tag, content):
    n = len(content)
    size = b"" if n < 0x80 else n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([n]) if n < 0x80 else bytes([0x80 | len(size)]) + size) + content


class Seal:
    """AuthEnvelopedData in its parts, which can be put together anew."""

    def __init__(self, der):
        start, _ = tlv(der)
        self.oid, inner = der[start:tlv(der, start)[1]], tlv(der, start)[1]
        at, _ = tlv(der, tlv(der, inner)[0])
        self.version, at = der[at:at + 3], at + 3
        begin, end = tlv(der, at)
        self.recipients, self.rest = [], der[end:tlv(der, tlv(der, inner)[0])[1]]
        while begin < end:
            stop = tlv(der, begin)[1]
            self.recipients.append(der[begin:stop])
            begin = stop

    def der(self):
        data = self.version + wrap(0x31, b"".join(sorted(self.recipients))) + self.rest
        return wrap(0x30, self.oid + wrap(0xA0, wrap(0x30, data)))

    def of(self, world, certificate):
        serial = bytes.fromhex(world.run("openssl", "x509", "-in", certificate, "-noout", "-serial").out.strip().split("=")[1])
        return next(i for i, info in enumerate(self.recipients) if serial in info)

    def point(self, index):
        return re.search(rb"\x03\x42\x00(\x04.{64})", self.recipients[index], re.S).group(1)

    def put(self, index, point):
        self.recipients[index] = self.recipients[index].replace(self.point(index), point)


# --- A world whose Kenya has an oversight
def name_oversight(world, folders, certificate="ke-oversight.pem"):
    """Puts the certificate into these trust folders, and names it for Kenya; None: nobody."""
    digest = world.ca("show", "--digest", certificate).ok().out.strip() if certificate else None
    for folder in folders:
        conf = world.path(folder, "trust.conf")
        text = re.sub(r'  oversight = ".*"\n', "", conf.read_text())
        if certificate:
            text = text.replace('country "ke" {\n', f'country "ke" {{\n  oversight = "{digest}"\n')
            world.path(folder, "oversight.pem").write_bytes(world.path(certificate).read_bytes())
        conf.write_text(text)


def issue_oversight(world, name="ke-oversight"):
    world.ca("request", "--use", "oversight", "amana://ke/oversight", "-o", name).ok()
    world.ca("issue", "-d", "ke", f"{name}.csr").ok().says("oversight  amana://ke/oversight")
    return f"{name}.pem"


def trust_folders(world):
    return sorted(str(conf.parent.relative_to(world.folder)) for conf in world.folder.glob("**/trust.conf"))


def revoke(world, folders, certificate="ke-oversight.pem"):
    """Takes it back, and gives the list that says so to these trust folders."""
    world.ca("revoke", "-d", "ke", "--reason", "keyCompromise", certificate).ok()
    give_list(world, folders)


def give_list(world, folders):
    for folder in folders:
        world.path(folder, "crls", "ke-units.crl").write_bytes(world.path("ke", "units.crl").read_bytes())


def alarms(world):
    return [entry["alarm"] for entry in world.entries("ALARM")]


def exported(world, message, to, desk="post"):
    """The message's parts in that folder, fetched and read."""
    world.amana(desk, "inbox").ok().says(message[:13])
    world.amana(desk, "show", message, "--export", to).ok()
    return to


def overseen(world):
    issue_oversight(world)
    name_oversight(world, trust_folders(world))


@pytest.fixture
def served(empty_world):
    overseen(empty_world)
    empty_world.start_hub()
    return empty_world


@pytest.fixture(scope="module")
def shared(file_world):
    overseen(file_world)
    file_world.start_hub()
    return file_world


@pytest.fixture
def police(shared, pb):
    return r.Raw(shared, pb)


def decrypted(world, folder, key="ke-oversight", code=0):
    """Stock openssl opens the body with a whole key."""
    done = subprocess.run(["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", f"{folder}/body.cms", "-recip",
                           f"{key}.pem", "-inkey", f"{key}.key"], cwd=world.folder, capture_output=True)
    assert (done.returncode == 0) == (code == 0), done.stderr
    return done.stdout


def sealed_to(police, *more, plain=None):
    """A body of the police to all, and to these certificates."""
    to = [police.world.path(d, "keys", "seal.pem") for d in DESKS] + [police.world.path(c) for c in more]
    return r.seal(plain or bytes(2048), to)


def pointed(police, body=None, point=None, **changes):
    """A whole message by the rule, but what is said otherwise."""
    body = body or sealed_to(police, "ke-oversight.pem")
    seal = Seal(body)
    header = police.header(**changes)
    header.oversight_point = seal.point(seal.of(police.world, "ke-oversight.pem")) if point is None else point
    return police.message(header, body=body)


def with_point(police, point):
    """A body whose recipient for the oversight has this point."""
    seal = Seal(sealed_to(police, "ke-oversight.pem"))
    seal.put(seal.of(police.world, "ke-oversight.pem"), point)
    return seal.der()


def refused(police, message, reason, *words, code=Code.INVALID_ARGUMENT):
    with pytest.raises(r.Refused) as refusal:
        police.send(message)
    refusal.value.of(code, reason)
    for word in words:
        assert word.encode() in refusal.value.packed, f"{refusal.value.packed!r} does not say {word}"


# --- What our own client does
def test_what_a_country_with_oversight_sends_opens_with_its_key_and_what_another_sends_does_not(served):
    world = served
    world.amana("police", "status").ok().says("oversight", WORDS)
    world.amana("police", "send", "--dry-run", world.draft()).ok().says("who could read it: ke/dci/transnational", "et/ics/moyale", WORDS)
    told = world.amana("police", "send", world.draft()).ok().says("accepted", WORDS)
    world.amana("police", "receipt", told.id).ok().says(WORDS)
    world.amana("police", "status", told.id).ok().says(WORDS)
    world.amana("post", "inbox").ok().says(told.id[:13])
    world.amana("post", "show", told.id).ok().says(WORDS)
    world.amana("post", "show", told.id, "--export", "parts").ok()
    plain = decrypted(world, "parts")
    shown = world.amana("post", "--json", "show", told.id).ok().json[0]
    assert shown["body"]["alert"]["title"].encode() in plain
    point = base64.b64decode(shown["header"]["oversight_point"])
    seal = Seal(world.path("parts", "body.cms").read_bytes())
    assert point == seal.point(seal.of(world, "ke-oversight.pem"))
    assert len(seal.recipients) == len(DESKS) + 1
    answer = world.amana("post", "ack", told.id).ok()
    assert "oversight" not in answer.out + world.amana("post", "status").ok().out
    world.amana("police", "inbox").ok().says(answer.id[:13])
    world.amana("police", "show", answer.id, "--export", "answer").ok()
    decrypted(world, "answer", code=1)
    assert "oversight_point" not in world.amana("police", "--json", "show", answer.id).ok().json[0]["header"]
    assert not world.entries("REJECTED")
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


def test_each_message_of_a_life_has_a_point_of_its_own(served):
    world = served
    sent = world.send()
    world.amana("police", "update", sent, world.draft("newer.json")).ok()
    world.amana("police", "cancel", sent, "--outcome", "RESOLVED", "--reason", "Found.").ok()
    world.amana("police", "note", sent, "--title", "The driver", "--text", "He was seen.").ok()
    points = [line["header"].get("oversight_point") for line in world.amana("police", "--json", "sent").ok().json]
    assert len(points) == 4 and None not in points and len(set(points)) == 4


def test_what_waits_for_a_second_person_keeps_its_point_and_no_other_message_gets_it(empty_world, pb):
    world = empty_world
    overseen(world)
    world.supervisor()
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    parked = world.amana("police", "send", alert(world)).ok().says("waits", WORDS).id
    point = base64.b64decode(world.amana("police", "--json", "show", parked).ok().json[0]["header"]["oversight_point"])
    police = r.Raw(world, pb)
    police.RECIPIENTS = {"et/ics/moyale": ("post", 1)}

    def decoy():
        to = [world.path(d, "keys", "seal.pem") for d in ("police", "chief", "post")] + [world.path("ke-oversight.pem")]
        seal = Seal(r.seal(bytes(2048), to))
        seal.put(seal.of(world, "ke-oversight.pem"), point)
        header = police.header(case_ref="ke/dci/2026/004712", oversight_point=point)
        header.sender.roster = 2
        flags = pb("message").Flags(salt=bytes(16), child=False, protection=2)
        refused(police, police.message(header, body=seal.der(), flags=flags), "FIELD_INVALID", "oversight_point", "another message")
    decoy()
    world.amana("chief", "release", parked, "--yes").ok().says("released")
    decoy()
    world.amana("post", "inbox").ok().says(parked[:13])
    world.amana("post", "show", parked, "--export", "parts").ok()
    assert b"Yusuf" in decrypted(world, "parts")
    again = world.amana("police", "send", alert(world)).ok().says("waits").id  # sent back, its point is gone all the same
    world.amana("chief", "send-back", again, "--reason", "INCOMPLETE").ok()
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


@pytest.mark.parametrize("how, says", [((), "the point of its oversight is not kept, or is another's"),
                                       (("7",), "the point of its oversight is not kept, or is another's"),
                                       (("0:128",), "a point of oversight leads to no message")])
def test_fsck_names_a_point_that_is_lost_or_leads_elsewhere(served, how, says):
    world = served
    world.send()
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()
    world.run(w.BUILD / "tests" / "damage_row", "data", "point", *how)
    world.amanad("fsck", "-c", "amanad.conf").exits(1).says(says)


# --- The trust list changes
def trust_entries(world):
    return len(world.entries("TRUST"))


def test_a_trust_list_that_names_an_oversight_or_none_any_more_counts_from_the_reload_on(world):
    issue_oversight(world)
    before = trust_entries(world)
    name_oversight(world, ["trust"])
    world.hub.reload()
    assert trust_entries(world) == before + 1
    waiting = world.amana("police", "send", world.draft()).exits(69).says("trust/ isn't the one that the hub goes by", "oversight").id
    world.amana("police", "inbox").says("trust/ isn't the one")
    name_oversight(world, trust_folders(world))
    world.amana("police", "inbox").ok().says(f"{waiting[:13]}: accepted")
    world.amana("post", "inbox").ok().says(waiting[:13])
    world.amana("post", "show", waiting, "--export", "parts").ok()
    assert decrypted(world, "parts")
    name_oversight(world, trust_folders(world), None)
    world.hub.reload()
    assert trust_entries(world) == before + 2
    sent = world.send()
    world.amana("post", "inbox").ok().says(sent[:13])
    world.amana("post", "show", sent, "--export", "without").ok()
    decrypted(world, "without", code=1)


def test_what_waits_in_the_outbox_is_sealed_anew_when_the_oversight_is_named_or_another_is(world):
    world.send()  # so that the desk knows the rosters
    issue_oversight(world)
    world.hub.stop()
    world.hub = None
    waiting = [world.amana("police", "send", world.draft()).exits(69).id]
    name_oversight(world, trust_folders(world))
    waiting.append(world.amana("police", "send", world.draft("second.json")).exits(69).id)
    issue_oversight(world, "ke-oversight-2")
    name_oversight(world, trust_folders(world), "ke-oversight-2.pem")
    world.start_hub()
    world.amana("police", "inbox").ok().says(*(f"{one[:13]}: accepted" for one in waiting))
    assert not world.entries("REJECTED")  # each was right when it came
    world.amana("post", "inbox").ok().says(*(one[:13] for one in waiting))
    for one in waiting:
        world.amana("post", "show", one, "--export", one).ok()
        decrypted(world, one, code=1)
        assert decrypted(world, one, key="ke-oversight-2")


def test_an_oversight_whose_certificate_has_ended_is_sealed_to_all_the_same(empty_world):
    world = empty_world
    if not w.moves_time():
        pytest.skip("the build takes no time from AMANA_CLOCK")
    world.ca("request", "--use", "oversight", "amana://ke/oversight", "-o", "short").ok()
    world.ca("issue", "-d", "ke", "--days", "1", "short.csr").ok()
    name_oversight(world, trust_folders(world), "short.pem")
    world.start_hub()
    parked = world.send()
    world.later(hours=30)
    world.amana("police", "status").ok().says(WORDS, "its certificate ends or has ended: it is sealed to all the same")
    for urgency, reason in URGENCIES:
        sent = world.amana("police", "send", world.draft(urgency=urgency, urgency_reason=reason)).ok().says("accepted", WORDS).id
        world.amana("post", "inbox").ok()
        world.amana("post", "show", sent).ok().says(WORDS)
        assert decrypted(world, exported(world, sent, urgency), key="short")
    assert not world.entries("REJECTED") and not alarms(world)
    world.amana("post", "inbox").ok().says(parked[:13])


def test_an_oversight_that_is_revoked_counts_as_none_with_one_alarm_and_stops_nobody(served, pb):
    world = served
    sent, by_then = world.send(), pointed(r.Raw(world, pb))
    assert not alarms(world)
    revoke(world, trust_folders(world))
    world.hub.reload()
    assert alarms(world) == [{"what": "OVERSIGHT_REVOKED", "detail": "sealed to no oversight: ke"}]
    world.hub.log.wait(r'^oversight country=ke reason="its certificate is revoked')
    world.amana("police", "status").ok().says(REVOKED, "its registrar names another in trust.conf")
    world.amana("police", "inbox").ok().says(REVOKED)
    assert REVOKED in world.amana("police", "--json", "status").ok().json[0]["oversight"]
    world.amanad("--check", "-c", "amanad.conf").ok().says("certificate of amana://ke/oversight is revoked", "name another")
    world.amana("police", "send", "--dry-run", world.draft()).ok().says("who could read it", REVOKED)
    for urgency, reason in URGENCIES:
        message = world.amana("police", "send", world.draft(urgency=urgency, urgency_reason=reason)).ok().says("accepted", REVOKED).id
        assert "oversight_point" not in world.amana("police", "--json", "show", message).ok().json[0]["header"]
        decrypted(world, exported(world, message, urgency), code=1)
    refused(r.Raw(world, pb), by_then, "ROSTER_STALE", "oversight_point",
            "revoked is the oversight of the country of ke/dci/transnational", "have the newest revocation list, seal to none",
            code=Code.FAILED_PRECONDITION)
    # What was sealed to it before is called what it is by now.
    world.amana("post", "show", sent).ok().says("who has the key of a revoked oversight of ke can open it")
    assert len(alarms(world)) == 1  # per reload, not per message
    world.hub.reload()
    assert len(alarms(world)) == 1  # nothing changed
    name_oversight(world, trust_folders(world), None)
    world.hub.reload()
    assert REVOKED not in world.amana("police", "send", world.draft()).ok().out
    assert len(alarms(world)) == 1
    issue_oversight(world, "ke-oversight-2")
    name_oversight(world, trust_folders(world), "ke-oversight-2.pem")
    world.hub.reload()
    world.amana("police", "send", world.draft()).ok().says(WORDS)


def test_what_waits_in_the_outbox_while_the_oversight_is_revoked_is_sealed_anew_to_none(served):
    world = served
    world.send()  # so that the desk knows the rosters
    world.hub.stop()
    world.hub = None
    waiting = world.amana("police", "send", world.draft(urgency="U1", urgency_reason="LIFE_AT_RISK")).exits(69).id
    revoke(world, trust_folders(world))
    world.start_hub()
    assert len(alarms(world)) == 1  # a start is one too
    world.amana("police", "inbox").ok().says(f"{waiting[:13]}: accepted")
    assert not world.entries("REJECTED")
    decrypted(world, exported(world, waiting, "parts"), code=1)


def of_desks(world):
    return [folder for folder in trust_folders(world) if folder != "trust"]


def test_a_desk_with_a_newer_list_than_the_hubs_brings_it_and_nothing_urgent_waits(served):
    world = served
    revoke(world, of_desks(world))
    for urgency, reason in URGENCIES:
        message = world.amana("police", "send", world.draft(urgency=urgency, urgency_reason=reason)).ok().says("accepted", REVOKED).id
        decrypted(world, exported(world, message, urgency), code=1)
    world.hub.log.wait(r'^oversight country=ke reason="its units bring a newer revocation list than this hub has')
    assert alarms(world) == [{"what": "OVERSIGHT_RECALLED", "detail": "ke"}]
    give_list(world, ["trust"])
    world.hub.reload()
    world.amana("police", "send", world.draft()).ok().says("accepted", REVOKED)
    assert [alarm["what"] for alarm in alarms(world)] == ["OVERSIGHT_RECALLED", "OVERSIGHT_REVOKED"]
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


def test_that_an_oversight_is_revoked_is_written_the_next_second_where_it_could_not_be(empty_world):
    world = empty_world
    overseen(world)
    world.start_hub(failpoint="revoked-entry")
    _, log = world.watch("auditor", "--json", "audit", "replay", "--reason", "a test", "--follow")
    log.wait('"ACCESS"')
    since = len(world.hub.log.all)
    revoke(world, trust_folders(world))
    world.hub.reload()
    assert "the entry of what is revoked is not written yet" in world.hub.log.wait(r"^oversight reason", since)
    log.wait('"OVERSIGHT_REVOKED"')
    assert alarms(world) == [{"what": "OVERSIGHT_REVOKED", "detail": "sealed to no oversight: ke"}]


def test_that_an_oversight_was_recalled_is_told_though_no_message_comes_after_the_one_that_could_not_be_told(empty_world):
    world = empty_world
    overseen(world)
    world.start_hub(failpoint="recall-entry")
    revoke(world, of_desks(world))
    world.amana("police", "send", world.draft()).ok().says("accepted", REVOKED)
    world.hub.log.wait(r'^oversight country=ke reason="its units bring a newer revocation list than this hub has')
    assert alarms(world) == [{"what": "OVERSIGHT_RECALLED", "detail": "ke"}]


def test_a_newer_list_is_brought_to_a_hub_that_has_not_got_it_and_to_no_other(empty_world, pb):
    """Saves 64 KiB of each message on a slow link, for as long as the trust list names who is revoked."""
    world = empty_world
    overseen(world)
    world.start_hub()
    revoke(world, of_desks(world))

    def brought():
        with Liar(world, pb, "police") as liar:
            world.amana("police", "send", world.draft(), env=liar.env()).ok().says("accepted", REVOKED)
        sent = [pb("message").Message.FromString(request) for method, request in liar.requests if method == "Relay/Send"]
        assert len({message.header for message in sent}) == 1
        return [bool(message.crl) for message in sent]
    assert brought() == [False, True]
    give_list(world, ["trust"])
    world.hub.reload()
    assert brought() == [False]


def test_a_list_of_more_than_a_message_may_bring_is_the_operators_to_give_and_the_message_waits_for_that(served):
    world = served
    index = world.path("ke", "units.index")
    index.write_text(index.read_text() + "".join(f"R\t300101000000Z\t261101000000Z,keyCompromise\t{1 << 62 | i:016X}\tunknown\t/O=a device\n"
                                                 for i in range(1700)))
    revoke(world, of_desks(world))
    waiting = [world.amana("police", "send", world.draft(name), "--json").exits(69).says(
        "the oversight is revoked, which the hub's list doesn't say", "more than the 65536 bytes that a message may bring along",
        "have the hub's operator put the newest list into the hub's trust/crls").id for name in ("one.json", "two.json")]
    give_list(world, ["trust"])
    world.hub.reload()
    world.amana("police", "inbox").ok().says(*(f"{one[:13]}: accepted" for one in waiting))
    decrypted(world, exported(world, waiting[0], "parts"), code=1)


def test_a_newer_list_comes_with_a_release_to_a_hub_that_has_not_got_it_and_to_no_other(empty_world, pb):
    world = empty_world
    overseen(world)
    world.supervisor()
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    revoke(world, of_desks(world))

    def brought():
        parked = world.amana("police", "send", alert(world)).ok().says("waits", REVOKED).id
        with Liar(world, pb, "chief") as liar:
            world.amana("chief", "release", parked, "--yes", env=liar.env()).ok().says("released")
        return [bool(pb("relay").ReleaseRequest.FromString(request).crl) for method, request in liar.requests if method == "Relay/Release"]
    assert brought() == [False, True]
    give_list(world, ["trust"])
    world.hub.reload()
    assert brought() == [False]


def test_what_waits_for_a_second_person_is_released_by_a_newer_list_than_the_hubs(empty_world):
    world = empty_world
    overseen(world)
    world.supervisor()
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    revoke(world, of_desks(world))
    parked = world.amana("police", "send", alert(world)).ok().says("waits", REVOKED).id
    world.amana("chief", "release", parked, "--yes").ok().says("released")
    decrypted(world, exported(world, parked, "parts"), code=1)


def test_what_was_parked_is_not_released_to_an_oversight_that_its_second_person_knows_to_be_revoked(empty_world):
    world = empty_world
    overseen(world)
    world.supervisor()
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    parked = world.amana("police", "send", alert(world)).ok().says("waits", WORDS).id
    deferred = world.amana("police", "send", alert(world, release="DEFERRED", urgency="U1", urgency_reason="LIFE_AT_RISK")).ok().id
    revoke(world, of_desks(world))
    world.amana("chief", "release", parked, "--yes").exits(77).says("is revoked since", "amana send-back")
    world.amana("chief", "release", deferred, "--yes").ok().says("released")  # it has gone before
    assert not world.entries("REJECTED")


def test_a_list_that_does_not_recall_the_oversight_lets_nobody_leave_it_out(served, pb):
    world, police = served, r.Raw(served, pb)

    def der(path):
        return subprocess.run(["openssl", "crl", "-in", world.path(path), "-outform", "DER"], stdout=subprocess.PIPE, check=True).stdout
    old, others = der("trust/crls/ke-units.crl"), der("trust/crls/et-units.crl")
    world.ca("crl", "-d", "ke").ok()
    newer = der("ke/units.crl")
    revoke(world, ["police/trust"])
    good = der("ke/units.crl")
    for crl in (old, others, newer, good[:-1], good + b"\0", b"\x30\x80", good + bytes(64 * 1024)):
        message = police.message(body=sealed_to(police))
        message.crl = crl
        refused(police, message, "ROSTER_STALE", "oversight_point", code=Code.FAILED_PRECONDITION)
    message = police.message(body=sealed_to(police))
    message.crl = good
    police.send(message)


def test_the_largest_message_has_room_for_the_list_that_it_brings(served, pb):
    """Saves from one that its desk can make and no hub takes: this is refused for what it says."""
    police = r.Raw(served, pb)
    message = police.message(body=bytes((1024 + 128) * 1024))
    message.crl = bytes(64 * 1024)
    refused(police, message, "ROSTER_STALE", "oversight_point", code=Code.FAILED_PRECONDITION)


def test_what_was_parked_before_its_oversight_was_revoked_is_sent_back_and_sent_anew(empty_world):
    world = empty_world
    overseen(world)
    world.supervisor()
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    parked = world.amana("police", "send", alert(world)).ok().says("waits", WORDS).id
    revoke(world, ["trust"])
    world.hub.reload()
    world.amana("chief", "release", parked, "--yes").exits(77).says("is revoked since", "amana send-back")
    world.amana("chief", "send-back", parked, "--reason", "INCOMPLETE").ok()
    world.amana("police", "inbox").ok()
    anew = world.amana("police", "send", alert(world)).ok().says("waits", REVOKED).id
    world.amana("chief", "release", anew, "--yes").ok().says("released")
    decrypted(world, exported(world, anew, "parts"), code=1)


def test_that_an_oversight_s_certificate_ends_is_told_to_its_country_and_to_the_hub(served):
    world, ends = served, "its certificate ends or has ended"
    assert ends not in world.amana("police", "status").ok().out
    check = ("--check", "-c", "amanad.conf")
    assert "within 14 days" not in world.amanad(*check).ok().out
    world.ca("request", "--use", "oversight", "amana://ke/oversight", "-o", "short").ok()
    world.ca("issue", "-d", "ke", "--days", "13", "short.csr").ok()
    name_oversight(world, trust_folders(world), "short.pem")
    world.amana("police", "status").ok().says(ends)
    assert ends not in world.amana("post", "status").ok().out  # another country's
    told = "the certificate of your country's oversight ends or has ended"
    world.amana("police", "inbox").ok().says(told)
    post = world.amana("post", "inbox").ok()
    assert told not in post.out + post.err
    world.amanad(*check).ok().says("certificate of amana://ke/oversight ends within 14 days")
    world.hub.reload()
    line = world.hub.log.wait(r'^certificate of="ke" use=oversight')
    assert 'reason="it ends within 14 days"' in line and "name another in trust.conf" in line, line
    world.hub.stop()
    gauges = world.path("data", "hub", "metrics.prom").read_text()
    ends = {use: int(re.search(rf'^amanad_certificate_not_after_seconds{{of="{of}",use="{use}"}} (\d+)$', gauges, re.M).group(1))
            for of, use in (("ke", "oversight"), ("ke", "units-ca"), ("ke", "hubs-ca"), ("igad/hub", "hub"), ("root 1", "root"))}
    assert 12 * 86400 < ends["oversight"] - time.time() < 13 * 86400 + 60
    assert ends["oversight"] < ends["hub"] < ends["units-ca"] <= ends["root"]


def test_a_desk_whose_list_is_older_reads_what_is_sealed_to_an_oversight_that_it_does_not_know(empty_world):
    world = empty_world
    issue_oversight(world)
    name_oversight(world, [f for f in trust_folders(world) if not f.startswith("post")])
    world.start_hub()
    sent = world.send()
    world.amana("post", "inbox").ok().says(sent[:13])
    assert WORDS not in world.amana("post", "show", sent).ok().says(UNKNOWN, "have the newest from your registrar").out
    name_oversight(world, trust_folders(world))
    world.amana("post", "show", sent).ok().says(WORDS)
    assert not world.entries("REJECTED")


def test_what_hub_and_sender_call_the_oversight_is_not_called_so_where_the_list_names_another(empty_world):
    world = empty_world
    issue_oversight(world)
    issue_oversight(world, "theirs")
    name_oversight(world, trust_folders(world), "theirs.pem")
    name_oversight(world, ["post/trust"])
    world.start_hub()
    sent = world.send()
    world.amana("post", "inbox").ok().says(sent[:13])
    shown = world.amana("post", "show", sent).ok().says(UNKNOWN, "tell the auditor")
    assert WORDS not in shown.out
    assert world.amana("post", "--json", "show", sent).ok().json[0]["oversight"] == "UNKNOWN"


def test_what_was_sealed_to_a_former_oversight_is_said_to_be(served):
    world = served
    sent = world.send()
    world.amana("post", "inbox").ok()
    assert world.amana("post", "--json", "show", sent).ok().json[0]["oversight"] == "NAMED"
    issue_oversight(world, "ke-oversight-2")
    for folder in trust_folders(world):
        former = world.path(folder, "oversight.pem").read_bytes()
        name_oversight(world, [folder], "ke-oversight-2.pem")
        with open(world.path(folder, "oversight.pem"), "ab") as file:
            file.write(former)
    former = "a former oversight of ke can open it, which that country names no more"
    assert WORDS not in world.amana("post", "show", sent).ok().says(former).out
    world.amana("police", "status", sent).ok().says(former)
    assert world.amana("post", "--json", "show", sent).ok().json[0]["oversight"] == "FORMER"


def test_that_a_desk_s_own_certificate_ends_is_told_where_it_looks_every_day(world):
    if not w.moves_time():
        pytest.skip("the build takes no time from AMANA_CLOCK")
    world.send()
    told = re.compile(r'the certificate "seal" of this desk ends 20')
    assert not told.search(world.amana("police", "inbox").ok().err)
    world.hub.stop()
    world.hub = None
    world.later(days=80)
    assert told.search(world.amana("police", "inbox").exits(69).err)
    world.later(days=20)
    assert re.search(r'the certificate "seal" of this desk has ended 20.*: have your registrar issue another', world.amana("police", "inbox").exits(69).err)


# --- Another program
def test_a_foreign_message_by_the_rule_is_taken_and_again_with_the_same_receipt(police):
    message = pointed(police)
    first, again = police.send(message), police.send(message)
    assert first.SerializeToString() == again.SerializeToString()


def test_an_oversight_that_is_left_out_is_named_in_the_refusal(police):
    bare = police.message(body=sealed_to(police))
    refused(police, bare, "ROSTER_STALE", "oversight_point", "names an oversight for the country of ke/dci/transnational",
            code=Code.FAILED_PRECONDITION)
    body = sealed_to(police)
    refused(police, police.message(police.header(oversight_point=Seal(body).point(0)), body=body), "NOT_SEALED_TO_ALL", "sealed_body",
            "amana://ke/oversight is left out")
    with_body = police.message(body=sealed_to(police, "ke-oversight.pem"))
    refused(police, with_body, "ROSTER_STALE", "oversight_point", code=Code.FAILED_PRECONDITION)


def test_an_oversight_where_none_is_named_is_named_in_the_refusal(world, pb):
    issue_oversight(world)
    police = r.Raw(world, pb)
    police.send(police.message(body=sealed_to(police)))
    refused(police, pointed(police), "ROSTER_STALE", "oversight_point", "names no oversight for the country of ke/dci/transnational",
            code=Code.FAILED_PRECONDITION)
    refused(police, police.message(body=sealed_to(police, "ke-oversight.pem")), "SEALED_TO_OTHERS", "sealed_body",
            "named for the oversight")


def test_a_point_that_is_not_the_oversights_own_is_refused(police):
    body = sealed_to(police, "ke-oversight.pem")
    seal = Seal(body)
    device = seal.point(seal.of(police.world, "post/keys/seal.pem"))
    for point in (device, b"\x04" + bytes(64)):
        refused(police, pointed(police, body, point), "FIELD_INVALID", "oversight_point", "ephemeral point")
    for point in (b"\x04", bytes(66)):
        refused(police, pointed(police, body, point), "FIELD_INVALID", "oversight_point", "65 bytes")


def test_a_point_that_is_not_on_the_curve_is_refused(police):
    own = Seal(sealed_to(police, "ke-oversight.pem"))
    point = own.point(0)
    off = point[:-1] + bytes([point[-1] ^ 1])
    refused(police, pointed(police, with_point(police, off)), "FIELD_INVALID", "oversight_point", "curve")


def test_a_point_that_another_message_has_is_refused_with_either_y_and_for_any_unit(police, pb):
    message = pointed(police)
    police.send(message)
    point = pb("message").Header.FromString(message.header).oversight_point
    other = point[:33] + (P256 - int.from_bytes(point[33:], "big")).to_bytes(32, "big")
    for copied in (point, other):
        refused(police, pointed(police, with_point(police, copied)), "FIELD_INVALID", "oversight_point", "another message", "fresh key")
    protection = r.Raw(police.world, pb, "ke-protection", "ke/dcs/child-protection", "kdcs-0033")
    refused(protection, pointed(protection, with_point(police, point), case_ref="ke/dcs/2026/000001",
                                recipients=[pb("message").Recipient(unit=unit, roster=1, part=2 - (unit == "et/ics/moyale"))
                                            for unit in ("et/ics/moyale", "ke/dci/transnational", "et/mowsa/protection")]),
            "FIELD_INVALID", "oversight_point", "another message")


def test_of_many_at_once_that_share_a_point_one_is_taken(police, pb):
    first = pointed(police)
    point = pb("message").Header.FromString(first.header).oversight_point
    decoys = [pointed(police, with_point(police, point)) for _ in range(7)]
    taken, told = [], []

    def send(message, channel):
        try:
            taken.append(police.send(message, channel))
        except r.Refused as refusal:
            told.append(refusal)
    with police.channel() as channel:
        threads = [threading.Thread(target=send, args=(message, channel)) for message in [first, *decoys]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(w.PATIENCE)
    assert len(taken) == 1 and len(told) == 7
    for refusal in told:
        assert b"oversight_point" in refusal.of(Code.INVALID_ARGUMENT, "FIELD_INVALID").packed
    digests = {hashlib.sha256(m.header).digest() for m in [first, *decoys]}
    entries = [e for e in police.world.entries("SUBMITTED") if base64.b64decode(e["submitted"]["header_digest"]) in digests]
    assert len(entries) == 1
