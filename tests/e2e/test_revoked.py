# SPDX-License-Identifier: Apache-2.0
"""Revocation is looked at with every message: who was revoked signs, releases and acknowledges nothing more, on whatever
connection."""
import base64
import hashlib
import re

import pytest

import raw as r
import test_domain_release as release
import test_receive as receive
import world as w

Code = r.grpc.StatusCode


def revoke(world, country, certificate, *folders):
    """Takes a certificate back; the hub reads the list, and the desks of these folders have it."""
    world.ca("revoke", "-d", country, "--reason", "keyCompromise", certificate).ok()
    for folder in ("trust", *folders):
        world.path(folder, "crls", f"{country}-units.crl").write_bytes(world.path(country, "units.crl").read_bytes())
    world.hub.reload()


def refused(call, *args):
    """The call is refused as REVOKED; what says of which part."""
    with pytest.raises(r.Refused) as refusal:
        call(*args)
    return refusal.value.of(Code.PERMISSION_DENIED, "REVOKED").packed


def rejected(world, device):
    return [e["rejected"] for e in world.entries("REJECTED") if e["rejected"]["identity"] == device]


@pytest.fixture(scope="module")
def shared(file_world):
    """The police have a supervisor; nobody is revoked twice, so that each test stands alone."""
    file_world.supervisor()
    file_world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    return file_world


def test_a_message_that_a_revoked_officer_signed_is_refused_on_a_connection_that_stays(shared, pb):
    desk = r.Raw(shared, pb, "ke-protection", "ke/dcs/child-protection", "kdcs-0033")
    desk.RECIPIENTS = {"et/ics/moyale": ("post", 1), "et/mowsa/protection": ("et-protection", 2)}
    desk.checkpoint()
    with desk.channel() as channel:
        since = len(shared.hub.log.all)
        desk.send(desk.message(desk.header(case_ref="ke/dcs/2026/000001")), channel)
        shared.hub.log.wait(r"^connected ", since)
        connected = sum(line.startswith("connected") for line in shared.hub.log.all)
        revoke(shared, "ke", desk.keys / "officer.pem")
        header = desk.header(case_ref="ke/dcs/2026/000001")
        assert b"officer" in refused(desk.send, desk.message(header), channel)
        assert sum(line.startswith("connected") for line in shared.hub.log.all) == connected
    device = "amana://ke/dcs/child-protection/device/d1"
    assert [(e["reason"], e["id"]) for e in rejected(shared, device)] == [("REVOKED", header.id)]
    shared.send()


def test_a_statement_that_a_revoked_key_signed_leaves_its_mail_in_the_box(shared, pb):
    post = receive.Post(shared, pb)
    alert = shared.send()
    with post.channel() as channel:
        first = next(post.receive(channel)).incoming
        revoke(shared, "et", post.keys / "sign.pem")
        refused(post.acknowledge, channel, first)
        assert next(post.receive(channel)).incoming.seq == first.seq
    assert "REVOKED" in [e["reason"] for e in rejected(shared, "amana://et/ics/moyale/device/d1")]
    assert not shared.entries("RETRIEVED")
    shared.amana("police", "status", alert).ok()


def test_a_supervisor_who_was_revoked_neither_releases_nor_sends_back(shared, pb):
    parked, deferred = release.park(shared), release.deferred(shared)
    chief, types = release.Second(shared, pb, "chief"), pb("message")
    waiting = {id: chief.waiting(id) for id in (parked, deferred)}
    keys = chief.raw.keys / "officer.pem", chief.raw.keys / "officer.key"
    signed = {parked: chief.signed_too(waiting[parked], "chief"), deferred: r.sign(waiting[deferred].header, *keys)}
    returned = types.Returned(context="amana-returned-v1", origin="igad.amana.example/log",
                              officer="amana://ke/dci/transnational/officer/kdci-0001", reason=1)
    returned.time.GetCurrentTime()
    returned.message.id, returned.message.header_digest = parked, hashlib.sha256(waiting[parked].header).digest()
    statement = returned.SerializeToString()
    back = pb("relay").SendBackRequest(statement=statement, signature=r.sign(statement, *keys))
    revoke(shared, "ke", chief.raw.keys / "officer.pem")
    for id in parked, deferred:
        refused(chief.release, id, waiting[id].header, signed[id])
    with chief.raw.channel() as channel:
        refused(chief.raw.call, channel, "Relay/SendBack", back, pb("audit").ProvedEntry)
    assert [e["reason"] for e in rejected(shared, "amana://ke/dci/transnational/device/d2")] == ["REVOKED"] * 3
    for kind in "RELEASED", "RETURNED":
        assert not shared.entries(kind)
    assert not release.entry_of(shared, "SUBMITTED", parked)


# --- A certificate that ends while its connection goes on
@pytest.fixture
def for_a_day(empty_world):
    """The police's device has a certificate of one day, and a clock that can be moved."""
    if not w.moves_time():
        pytest.skip("this build's time can't be moved")
    world = empty_world
    world.ca("issue", "-d", "ke", "--days", "1", "--replace", "police/keys/auth.csr").ok()
    world.ca("roster", "--registrar", "ke-registry/keys/officer.pem", "--key", "ke-registry/keys/officer.key", "-o", "rosters",
             *(f"police/keys/{use}.pem" for use in ("auth", "seal", "sign", "officer"))).ok()
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    return world


def test_a_device_whose_certificate_has_ended_sends_nothing_more_on_the_connection_that_it_has(for_a_day, pb):
    world, police = for_a_day, r.Raw(for_a_day, pb)
    with police.channel() as channel:
        police.send(police.message(), channel)
        message = police.message()
        world.later(hours=30)
        with pytest.raises(r.Refused) as refusal:
            police.send(message, channel)
    if refusal.value.code != Code.UNAVAILABLE:  # the session was ended first
        assert b"device" in refusal.value.of(Code.PERMISSION_DENIED, "REVOKED").packed


def test_a_session_that_only_listens_ends_with_its_certificate(for_a_day):
    for_a_day.watch("police", "inbox", "--follow")
    for_a_day.hub.log.wait(r"connected .*ke/dci/transnational")
    for_a_day.later(hours=30)
    for_a_day.hub.log.wait(r"dropped .*ke/dci/transnational.*certificate has expired")


# --- What a reader keeps of it
def list_by_openssl(world, to, *when, number=64):
    """Kenya's list anew, by stock openssl: nobody is on it any more."""
    world.path("crl.conf").write_text("[ca]\ndefault_ca = c\n[c]\ndatabase = crl.index\ncrlnumber = crl.number\n"
                                      "default_md = sha256\ncrl_extensions = e\n[e]\nauthorityKeyIdentifier = keyid:always\n")
    world.path("crl.index").write_text("")
    world.path("crl.number").write_text(f"{number:X}\n")
    world.run("openssl", "ca", "-gencrl", "-config", "crl.conf", "-keyfile", "ke/units.key", "-cert", "ke/units.pem", *when, "-out", to)


def forgotten(world):
    list_by_openssl(world, "post/trust/crls/ke-units.crl", "-crlhours", "40")


def test_what_a_revoked_officer_signed_says_so_after_the_list_has_forgotten_the_officer(world):
    world.ca("revoke", "-d", "ke", "--reason", "keyCompromise", world.path("police", "keys", "officer.pem")).ok()
    world.path("post", "trust", "crls", "ke-units.crl").write_bytes(world.path("ke", "units.crl").read_bytes())
    alert = world.send()  # the hub has not been told
    world.amana("post", "inbox").ok().says("officer revoked")
    forgotten(world)
    world.amana("post", "show", alert).ok().says("certificate was revoked", "the key was compromised, before the hub took this")
    assert world.amana("post", "--json", "show", alert).ok().json[0]["signer"]["state"] == "REVOKED"
    other = world.send()
    world.amana("post", "inbox").ok()
    assert "signer" not in world.amana("post", "--json", "show", other).ok().json[0]


def followed(world):
    """The log from now on, as the auditor sees it."""
    _, lines = world.watch("auditor", "--json", "audit", "replay", "--reason", "a test", "--follow")
    lines.wait('"ACCESS"')
    return lines


def digest_of(file):
    """Of a file in force, as its entry has it in a replay."""
    return re.escape(base64.b64encode(hashlib.sha256(file.read_bytes()).digest()).decode())


def test_a_hub_says_that_its_own_certificate_is_revoked(world):
    """Saves from a hub that every desk refuses and whose log says nothing of it."""
    world.ca("revoke", "-d", "igad", "--reason", "superseded", "hub.pem").ok()
    world.path("trust", "crls", "igad-hubs.crl").write_bytes(world.path("igad", "hubs.crl").read_bytes())
    since = len(world.hub.log.all)
    world.hub.reload()
    assert 'reason="it is revoked: no desk that has the list connects"' in world.hub.log.wait(r'^certificate of="igad/hub" use=hub', since)
    world.amana("police", "inbox").ok()  # and has it from now on
    world.amana("police", "inbox").exits(78).says("certificate revoked (at /O=Amana hub")


def test_a_trust_list_whose_entry_could_not_be_written_is_in_force_as_a_whole_and_written_the_next_second(empty_world):
    world = empty_world
    world.start_hub(failpoint="file-entry:2")  # one was written at the start
    process, _ = world.watch("post", "inbox", "--follow")
    world.hub.log.wait(r"^connected .*et/ics/moyale")
    log, conf, before = followed(world), world.path("trust", "trust.conf"), len(world.entries("TRUST"))
    conf.write_text(conf.read_text() + "# another list\n")
    since = len(world.hub.log.all)
    revoke(world, "et", world.path("post", "keys", "auth.pem"))
    assert "trust=new" in world.hub.log.wait(r"^reloaded", since)
    assert "its entry is not written yet" in world.hub.log.wait(r"^trust ", since)
    world.hub.log.wait(r"^dropped .*identity=amana://et/ics/moyale/", since)
    world.amana("post", "inbox").exits(69, 77)
    log.wait(f'"kind":"TRUST".*{digest_of(conf)}')
    assert len(world.entries("TRUST")) == before + 1
    world.hub.stop()
    world.start_hub()
    assert len(world.entries("TRUST")) == before + 1


def test_a_policy_whose_entry_could_not_be_written_is_in_force_and_written_the_next_second(empty_world):
    world = empty_world
    policy, conf = world.path("policy.conf"), world.path("amanad.conf")
    policy.write_text("")
    conf.write_text('policy = "policy.conf"\n' + conf.read_text())
    world.start_hub(failpoint="file-entry:3")  # one of each file was written at the start
    log, since = followed(world), len(world.hub.log.all)
    policy.write_text('ceiling "et/*/*" { classification = "BASIC" }\n')
    world.hub.reload()
    assert "its entry is not written yet" in world.hub.log.wait(r"^policy ", since)
    log.wait(f'"kind":"POLICY".*{digest_of(policy)}')
    assert len(world.entries("POLICY")) == 2
