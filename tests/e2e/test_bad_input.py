# SPDX-License-Identifier: Apache-2.0
"""What a person mistypes, what a stranger shows and what a hostile client sends: refused, with words, and no more."""
import base64
import contextlib
import datetime
import hashlib
import json
import os
import re
import socket
import ssl
import subprocess

import grpc
import pytest

import raw as r
import world as w

Code = grpc.StatusCode


@pytest.fixture(scope="module")
def shared(file_world):
    """One hub for the many refusals that change nothing."""
    file_world.start_hub()
    return file_world


@pytest.fixture(scope="module")
def police(shared, pb):
    return r.Raw(shared, pb)


# --- A draft that is wrong
UNITS = [{"unit": "et/ics/moyale", "part": "ACTION"}, {"unit": "ke/dcs/child-protection", "part": "COPY"},
         {"unit": "et/mowsa/protection", "part": "COPY"}]
DRAFTS = {
    "a code that no list has": (dict(urgency="U9"), ["urgency: line", '"U9"', "U1, U2, U3, U4"]),
    "a code of a body's list": (dict(alert__actions=["ARREST"]), ["alert.actions[0]: line", '"ARREST"', "STOP_AND_SEARCH"]),
    "an unknown key": (dict(urgancy="U1"), ["urgancy: line", "no such key", 'did you mean "urgency"?']),
    "a missing field": (dict(case_ref=None), ["case_ref", "missing"]),
    "an address that is none": (dict(recipients=[{"unit": "ET/ics", "part": "ACTION"}, *UNITS[1:]]), ["recipients[0].unit: line"]),
    "a child and no protection unit of the sender's country": (dict(recipients=[UNITS[0], UNITS[2]]),
                                                               ["CHILD_NEEDS_PROTECTION_UNIT", "ke/dcs/child-protection"]),
    "CONFIDENTIAL without a release": (dict(classification="CONFIDENTIAL"), ["RELEASE_REQUIRED", "release: line"]),
    "an alert on a PERSON without a release": (dict(subject_kind="PERSON"), ["RELEASE_REQUIRED", "release: line"]),
    "an alert on a GROUP without a release": (dict(subject_kind="GROUP"), ["RELEASE_REQUIRED", "release: line"]),
    "a release that can't be deferred": (dict(release="DEFERRED", urgency="U2", urgency_reason="FLIGHT_IMMINENT"),
                                         ["release: line", "TRANSIT_IMMINENT"]),
    "a releasing unit where none releases": (dict(releasing="ke/dci/transnational"), ["releasing: line", "REQUIRED or DEFERRED"]),
    "protection YES from nobody": (dict(flags__protection="YES"), ["FIELD_INVALID", "flags.never_tell: line"]),
    "protection YES and a listed state": (dict(flags__protection="YES", flags__never_tell=["et"]), ["NOT_PERMITTED", "recipients: line", "may have fled"]),
    "never_tell without a reason": (dict(flags__never_tell=["er"]), ["FIELD_INVALID", "flags.never_tell: line"]),
}


@contextlib.contextmanager
def nothing_sent(world, pb, desk="police"):
    """Whatever is done meanwhile leaves the hub's log as long as it was, and nothing in the desk's outbox."""
    def seen():
        world.amana(desk, "status").ok()  # delivers first what is in the outbox
        return r.Raw(world, pb).checkpoint().size, world.amana(desk, "sent").ok().out
    before = seen()
    yield
    assert seen() == before


@pytest.mark.parametrize("case", DRAFTS)
def test_a_wrong_draft_is_refused_with_its_line_and_what_is_allowed_and_nothing_is_sent(shared, pb, case):
    changes, words = DRAFTS[case]
    with nothing_sent(shared, pb):
        shared.amana("police", "send", shared.draft(**changes)).exits(65).says("nothing was sent", *words)


def test_what_shows_that_nothing_is_sent_sees_a_message_that_is(shared, pb):
    with pytest.raises(AssertionError):
        with nothing_sent(shared, pb):
            shared.send()


def test_a_wrong_draft_says_the_line_that_is_wrong(shared):
    name = shared.draft(urgency="U9")
    line = next(n for n, text in enumerate(shared.path(name).read_text().splitlines(), 1) if '"U9"' in text)
    shared.amana("police", "send", name).exits(65).says(f"line {line}:")


def test_a_unit_that_is_not_there_and_one_without_a_grant_get_the_same_answer(shared):
    answers = []
    for unit in ("et/ics/nowhere", "igad/registry/desk"):
        name = shared.draft(recipients=[{"unit": unit, "part": "ACTION"}, *UNITS[1:]])
        answers.append(shared.amana("police", "send", name).exits(77).err.replace(unit, "UNIT"))
    assert answers[0] == answers[1]


def test_without_a_link_a_message_is_kept_and_the_next_command_delivers_it(world):
    first = world.send()
    world.hub.stop()
    world.hub = None
    kept = world.amana("police", "send", str(w.ALERT)).exits(69).says("no link", "kept in the outbox").id
    world.amana("police", "sent").ok().says(kept[:13], "waiting")
    world.start_hub()
    world.amana("police", "status").ok()
    world.amana("post", "inbox").ok().says(first[:13], kept[:13])


def test_without_rosters_and_without_a_link_nothing_is_kept(empty_world):
    empty_world.amana("police", "send", str(w.ALERT)).exits(69).says("could not be sealed and was not kept", "no roster")
    assert not w.UUID.search(empty_world.amana("police", "sent").out)


UNKNOWN = {"scope": ('scope = {"igad", ', 'scope = {"egad", '), "parties": ('parties = {"ke/', 'parties = {"kee/'),
           "unit": ('unit "et/ics/moyale"', 'unit "ee/ics/moyale"')}


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_country_that_trust_conf_does_not_have_is_refused_before_a_log_is_made(shared, case):
    """A slip of the pen would else stand in GENESIS: an auditor who sees nothing, a grant that reaches nobody."""
    right, wrong = UNKNOWN[case]
    members = shared.path("members.conf").read_text()
    assert right in members
    shared.path("wrong.conf").write_text(members.replace(right, wrong, 1))
    shared.path("other.conf").write_text('data = "other-data"\n' + shared.path("amanad.conf").read_text())
    line = 1 + members[:members.index(right)].count("\n")
    code = re.search('"([a-z]+)[/"]', wrong).group(1)
    says = ("wrong.conf", f'"{code}" is no country of trust.conf, which has ', "ke", "mend it")
    for command in (("--check", "-c", "amanad.conf"), ("init", "-c", "other.conf", "--registrar", "ke-registry/keys/officer.pem")):
        said = shared.amanad(*command, "--members", "wrong.conf").exits(78).says(case, *says)
        assert case == "unit" or f"wrong.conf:{line}:" in said.err, said.err
    assert not shared.path("other-data").exists()
    shared.amanad("--check", "-c", "amanad.conf", "--members", "members.conf").ok().says("members.conf is good")


# --- A certificate that is wrong
def reissue(world, ca, uri, *options):
    """A client certificate by an authority's key, whatever its name: for what amana-ca refuses to issue."""
    world.path("wrong.ext").write_text(
        "basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\n"
        f"keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\nsubjectAltName=URI:{uri}\n")
    subprocess.run(["openssl", "x509", "-req", "-in", "police/keys/auth.csr", "-CA", f"{ca}/units.pem", "-CAkey", f"{ca}/units.key",
                    "-set_serial", "77", "-extfile", "wrong.ext", "-out", "wrong.pem", *options],
                   cwd=world.folder, check=True, capture_output=True)
    return world.path("wrong.pem"), world.path("police", "keys", "auth.key")


def refused(world, reason, *certificate, **options):
    since = len(world.hub.log.all)
    answer = r.handshake(world, *certificate, **options)
    assert answer and "ALERT" in answer, answer
    line = world.hub.log.wait(r"^refused ", since)
    assert reason in line, line
    assert reason not in answer
    assert not any(line.startswith("connected") for line in world.hub.log.all[since:])


def test_a_client_without_a_certificate_is_refused(world):
    refused(world, "the client shows no certificate")


def test_a_client_without_alpn_is_refused(world):
    keys = world.path("police", "keys")
    refused(world, "ALPN", keys / "auth.pem", keys / "auth.key", alpn=())


def test_a_certificate_with_another_countrys_name_is_refused(world):
    refused(world, "permitted subtree violation", *reissue(world, "et", "amana://ke/dci/transnational/device/d1"))


def test_an_expired_certificate_is_refused(world):
    refused(world, "certificate has expired", *reissue(world, "ke", "amana://ke/dci/transnational/device/d1", "-days", "-1"))


def test_a_certificate_that_is_not_on_the_roster_is_refused(world):
    refused(world, "roster", *reissue(world, "ke", "amana://ke/dci/transnational/device/d1"))


def test_a_certificate_with_two_names_is_refused(world):
    uri = "amana://ke/dci/transnational/device/d1"
    refused(world, "subjectAltName", *reissue(world, "ke", f"{uri},URI:{uri}"))


@pytest.mark.parametrize("key", ["seal", "officer"])
def test_a_certificate_of_another_use_opens_no_session(world, key):
    refused(world, "certificate", world.path("police", "keys", f"{key}.pem"), world.path("police", "keys", f"{key}.key"))


def test_a_revoked_device_is_refused_after_the_hub_has_read_the_list(world):
    keys = world.path("police", "keys")
    world.amana("police", "status").ok()
    process, post = world.watch("police", "inbox", "--follow")
    world.hub.log.wait(r"connected .*ke/dci/transnational", len(world.hub.log.all) - 1)
    since = len(world.hub.log.all)
    world.ca("revoke", "-d", "ke", "--reason", "keyCompromise", keys / "auth.pem").ok()
    world.path("trust", "crls", "ke-units.crl").write_bytes(world.path("ke", "units.crl").read_bytes())
    world.hub.reload()
    world.hub.log.wait(r"dropped .*revoked", since)
    refused(world, "revoked", keys / "auth.pem", keys / "auth.key")


def stale_crl(world, days):
    """The list of Kenya's units' authority, that many days past its nextUpdate."""
    world.path("crl.conf").write_text("[ca]\ndefault_ca = c\n[c]\ndatabase = crl.index\ncrlnumber = crl.number\n"
                                      "default_md = sha256\ncrl_extensions = e\n[e]\nauthorityKeyIdentifier = keyid:always\n")
    world.path("crl.index").write_text("")
    world.path("crl.number").write_text("40\n")
    day = lambda ago: (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=ago)).strftime("%y%m%d%H%M%SZ")
    done = subprocess.run(["openssl", "ca", "-gencrl", "-config", "crl.conf", "-keyfile", "ke/units.key", "-cert", "ke/units.pem",
                           "-crl_lastupdate", day(days + 1), "-crl_nextupdate", day(days), "-out", "stale.crl"],
                          cwd=world.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for folder in "trust", "police/trust", "post/trust":
        world.path(folder, "crls", "ke-units.crl").write_bytes(world.path("stale.crl").read_bytes())


@pytest.mark.parametrize("days, words", [(1.5, "stale since"), (-0.25, "ends"), (-0.75, None)])
def test_a_desk_says_whose_revocation_list_is_stale_or_ends_soon(empty_world, days, words):
    world = empty_world
    stale_crl(world, days)
    said = world.amana("police", "status").exits(69).out
    lists = {row["issuer"]: row["until"] for row in world.amana("police", "--json", "status").json[0]["crls"]}
    until = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
    assert abs(datetime.datetime.fromisoformat(lists["ke units"]) - until) < datetime.timedelta(minutes=5)
    assert len(lists) == 7
    told = [line.strip() for line in said.splitlines() if "ask for the newest" in line]
    assert [line.startswith(f"ke units: {words} ") for line in told] == [True] * (words is not None), said


@pytest.mark.parametrize("days", [0.5, 2])
def test_a_stale_revocation_list_stops_what_is_routine_after_its_grace_and_never_a_rescue(world, days):
    stale_crl(world, days)
    checked = world.amanad("--check", "-c", "amanad.conf").ok()
    checked.says("a revocation list is stale since", "U3 and U4 are taken until")
    since = len(world.hub.log.all)
    world.hub.reload()
    line = world.hub.log.wait(r"^crl .*stale for \d+ minutes", since)
    assert ("from " in line and "are refused" in line) if days < 1 else "U3 and U4 are refused, U1 and U2 taken until" in line
    urgent = world.amana("police", "send", str(w.ALERT)).ok().says("a revocation list in trust/crls is stale", 'that of "ke units"')
    routine = world.amana("police", "send", world.draft(urgency="U4", urgency_reason=None))
    if days < 1:
        routine.ok()
    else:
        assert routine.code != 0
        routine.says("only U1 and U2 are taken")
    submitted = [entry["submitted"] for entry in world.entries("SUBMITTED")]
    assert submitted[0].get("crl_stale", False) == (days > 1) and len(submitted) == (2 if days < 1 else 1)
    shown = world.amana("post", "inbox").ok()
    assert ("revocation list" in shown.out) == (days > 1)
    assert ("was stale" in world.amana("post", "show", urgent.id).ok().out) == (days > 1)


def test_eight_days_of_a_stale_revocation_list_are_too_many(world):
    stale_crl(world, 8)
    world.hub.reload()
    world.hub.log.wait(r"^crl .*certificates of its issuer are refused")
    keys = world.path("police", "keys")
    refused(world, "CRL has expired", keys / "auth.pem", keys / "auth.key")


@pytest.mark.parametrize("hours", ["-1", "169", "x"])
def test_a_grace_of_a_revocation_list_is_from_none_to_seven_days(empty_world, hours):
    conf = empty_world.path("amanad.conf")
    conf.write_text(f"crl-grace-hours = {hours}\n" + conf.read_text())
    empty_world.amanad("-c", "amanad.conf", "--check").exits(78).says("amanad.conf:1", "crl-grace-hours")


def test_a_revocation_list_of_an_earlier_run_is_not_undercut_by_hub_or_desk(world):
    def put(text):
        for folder in "trust", "police/trust":
            world.path(folder, "crls", "ke-units.crl").write_bytes(text)
    old = world.path("ke", "units.crl").read_bytes()
    world.ca("revoke", "-d", "ke", "--reason", "superseded", world.path("ke-protection", "keys", "auth.pem")).ok()
    new = world.path("ke", "units.crl").read_bytes()
    put(new)
    world.hub.reload()
    world.hub.stop()
    world.amana("police", "status")  # sees the new list
    put(old)
    says = ("was number", "is never taken again", "put the newest into trust/crls")
    world.amanad("-c", "amanad.conf", "--check").exits(1).says("data/hub/crls", *says)
    world.amanad("-c", "amanad.conf").exits(1).says("data/hub/crls", *says)
    world.amana("police", "status").exits(1).says(*says)
    put(new)
    world.start_hub()
    world.amana("police", "status").ok()


def test_a_handshake_that_began_before_its_certificate_was_revoked_is_judged_by_the_new_list(world):
    keys = world.path("police", "keys")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    context.load_cert_chain(keys / "auth.pem", keys / "auth.key")
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(theirs, ours, server_hostname="hub.igad.amana.example")
    with socket.create_connection(("127.0.0.1", world.hub.port), w.PATIENCE) as plain:
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        plain.sendall(ours.read())
        theirs.write(plain.recv(65536))  # the hub waits for our certificate now
        since = len(world.hub.log.all)
        world.ca("revoke", "-d", "ke", "--reason", "keyCompromise", keys / "auth.pem").ok()
        world.path("trust", "crls", "ke-units.crl").write_bytes(world.path("ke", "units.crl").read_bytes())
        world.hub.reload()
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                theirs.write(plain.recv(65536))
        plain.sendall(ours.read())
        world.hub.log.wait(r"^dropped .*revoked", since)
        while plain.recv(65536):
            pass


def test_a_strangers_message_under_the_same_id_takes_nobodys_place(world, pb):
    stranger = r.Raw(world, pb, "ke-protection", "ke/dcs/child-protection", "kdcs-0033")
    stranger.RECIPIENTS = {"et/ics/moyale": ("post", 1), "et/mowsa/protection": ("et-protection", 2)}
    header = stranger.header(case_ref="ke/dcs/2026/000001")
    stranger.send(stranger.message(header))
    police = r.Raw(world, pb)
    police.send(police.message(police.header(id=header.id)))
    world.amana("post", "inbox")
    kept = world.amana("post", "inbox", "--json").json
    assert sorted(m["header"]["sender"]["unit"] for m in kept) == ["ke/dci/transnational", "ke/dcs/child-protection"]
    assert {m["header"]["id"] for m in kept} == {header.id}


def test_an_alert_whose_id_a_stranger_took_first_is_acknowledged_as_any_other(world, pb):
    alert = world.send(draft=world.draft(urgency="U2"))
    stranger = r.Raw(world, pb, "ke-protection", "ke/dcs/child-protection", "kdcs-0033")
    stranger.RECIPIENTS = {"et/ics/moyale": ("post", 1), "et/mowsa/protection": ("et-protection", 2)}
    stranger.send(stranger.message(stranger.header(id=alert, urgency=1, case_ref="ke/dcs/2026/000001")))
    world.amana("post", "inbox").ok()
    both = re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", world.amana("post", "ack", alert[:13]).exits(65).err)
    [own] = [one for one in both if one != alert]
    world.amana("post", "ack", own).ok()
    world.amana("police", "status", alert).ok().says("acknowledged by")


# --- A call that is wrong
def test_a_request_that_says_nothing_eight_thousand_times_is_told_its_field_and_not_to_try_again(police):
    relay = police.pb("relay")
    with police.channel() as channel, pytest.raises(r.Refused) as refusal:
        police.call(channel, "Relay/Status", relay.StatusRequest(ids=[""] * 8000), relay.StatusResponse)
    packed = refusal.value.of(Code.INVALID_ARGUMENT, "FIELD_INVALID").packed
    assert b"ids" in packed and b"RetryInfo" not in packed


def test_a_sender_that_is_not_the_certificates_unit_is_refused_and_named_in_the_log(world, pb):
    police = r.Raw(world, pb)
    header = police.header(device="amana://et/ics/moyale/device/d1", officer="amana://et/ics/moyale/officer/eics-1207")
    header.sender.unit = "et/ics/moyale"
    header.recipients[0].unit = "ke/dci/transnational"
    with pytest.raises(r.Refused) as refusal:
        police.send(police.message(header))
    refusal.value.of(Code.PERMISSION_DENIED, "SENDER_MISMATCH")
    rejected = [entry["rejected"] for entry in world.entries("REJECTED")]
    assert [(e["reason"], e["identity"], e["id"]) for e in rejected] == [
        ("SENDER_MISMATCH", "amana://ke/dci/transnational/device/d1", header.id)]


def batched(message):
    message.batch, message.signature = message.signature, b""
    return message


UNSUPPORTED = {
    "an attachment": lambda p: p.message(p.header(attachments=[p.pb("message").AttachmentRef(digest=bytes(32), size=1)])),
    "a batch": lambda p: batched(p.message()),
}


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_the_hub_refuses_by_itself_what_is_not_served_yet(police, case):
    with pytest.raises(r.Refused) as refusal:
        police.send(UNSUPPORTED[case](police))
    refusal.value.of(Code.UNIMPLEMENTED, "KIND_UNSUPPORTED")


CASE = b"ke/dci/2026/004211"
HEADERS = {
    "invalid UTF-8": lambda b: b.replace(CASE, b"ke/dci/2026/00\xff211"),
    "a NUL": lambda b: b.replace(CASE, b"ke/dci/2026\x00004211"),
    "a field that stands there twice": lambda b: b + b"\x2a\x12" + CASE,
    "a field that nobody knows": lambda b: b + b"\xa0\x06\x01",
    "a length that goes past the end": lambda b: b + b"\x2a\x7f",
    "no bytes": lambda b: b"",
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_header_whose_bytes_mean_nothing_or_two_things_is_refused(police, case):
    with pytest.raises(r.Refused) as refusal:
        police.send(police.message(header_bytes=HEADERS[case]))
    refusal.value.of(Code.INVALID_ARGUMENT, "FIELD_INVALID")


def test_a_header_that_cant_be_read_is_an_entry_with_its_digest_and_no_byte_of_it(world, pb):
    police = r.Raw(world, pb)
    message = police.message(header_bytes=HEADERS["a NUL"])
    with pytest.raises(r.Refused):
        police.send(message)
    [rejected] = [entry["rejected"] for entry in world.entries("REJECTED")]
    assert rejected["reason"] == "FIELD_INVALID" and rejected["identity"] == "amana://ke/dci/transnational/device/d1"
    assert base64.b64decode(rejected["digest"]) == hashlib.sha256(message.header).digest()
    assert not rejected.get("id")


def signed(flags):
    return lambda p: p.message(signature=lambda b: r.sign(b, p.keys / "officer.pem", p.keys / "officer.key", flags))


GOOD = r.DETACHED | r.BINARY | r.CADES | r.NOSMIMECAP
SIGNATURES = {
    "no signingCertificateV2": signed(GOOD & ~r.CADES),
    "the content inside": signed(GOOD & ~r.DETACHED),
    "S/MIME capabilities": signed(GOOD & ~r.NOSMIMECAP),
    "other bytes signed": lambda p: p.message(signature=lambda b: r.sign(b + b"x", p.keys / "officer.pem", p.keys / "officer.key")),
    "signed by the device": lambda p: p.message(key="sign"),
    "another unit's officer": lambda p: p.message(
        signature=lambda b: r.sign(b, p.world.path("post", "keys", "officer.pem"), p.world.path("post", "keys", "officer.key"))),
    "a second officer's beside it": lambda p: p.message(signature=lambda b: r.two_signers(p.world, b)),
    "a byte after its end": lambda p: p.message(signature=lambda b: r.sign(b, p.keys / "officer.pem", p.keys / "officer.key") + b"\0"),
    "no signature": lambda p: p.message(signature=lambda b: b""),
    "no CMS": lambda p: p.message(signature=lambda b: os.urandom(900)),
}


@pytest.mark.parametrize("case", SIGNATURES)
def test_a_signature_outside_the_profile_is_refused(police, case):
    with pytest.raises(r.Refused) as refusal:
        police.send(SIGNATURES[case](police))
    assert refusal.value.code in (Code.INVALID_ARGUMENT, Code.PERMISSION_DENIED), refusal.value.details
    assert b"SIGNATURE_INVALID" in refusal.value.packed or b"NOT_ON_ROSTER" in refusal.value.packed, refusal.value.packed


def everybody(police):
    return [police.world.path(d, "keys", "seal.pem") for d in ("police", "post", "ke-protection", "et-protection")]


SEALS = {
    "somebody else too": (lambda p: dict(certificates=everybody(p) + [p.world.path("auditor", "keys", "seal.pem")]), "SEALED_TO_OTHERS"),
    "a device left out": (lambda p: dict(certificates=everybody(p)[:-1]), "NOT_SEALED_TO_ALL"),
    "a cipher without authentication": (lambda p: dict(certificates=everybody(p), options=("-aes-256-cbc",)), "NOT_SEALED_TO_ALL"),
    "a shorter key": (lambda p: dict(certificates=everybody(p), options=("-aes-128-gcm",)), "NOT_SEALED_TO_ALL"),
}


@pytest.mark.parametrize("case", SEALS)
def test_a_seal_outside_the_profile_or_not_for_exactly_the_rosters_is_refused(police, case):
    make, reason = SEALS[case]
    header = police.header()
    with pytest.raises(r.Refused) as refusal:
        police.send(police.message(header, body=police.body(header, **make(police))))
    assert b"sealed_body" in refusal.value.of(Code.INVALID_ARGUMENT, reason).packed


BODIES = {
    "no CMS": lambda p: os.urandom(3000),
    "one byte": lambda p: b"0",
    "the first half of a seal": lambda p: p.body(None)[:1024],
    "a byte after the seal": lambda p: p.body(None) + b"\0",
    "a signature": lambda p: r.sign(b"x", p.keys / "officer.pem", p.keys / "officer.key"),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_body_that_is_no_seal_is_sealed_to_nobody(police, case):
    with pytest.raises(r.Refused) as refusal:
        police.send(police.message(body=BODIES[case](police)))
    assert b"sealed_body" in refusal.value.of(Code.INVALID_ARGUMENT, "NOT_SEALED_TO_ALL").packed


# --- A checkpoint that the sender says to have seen
def seen(**changes):
    def make(police):
        header = police.header()
        for field, value in changes.items():
            setattr(header.log_seen, field, value(getattr(header.log_seen, field)))
        return header
    return make


def bit_changed(data):
    return data[:-1] + bytes([data[-1] ^ 1])


SEEN = {
    "another root of that size": seen(root=bit_changed),
    "a signature that isn't the log's": seen(signature=bit_changed),
    "a size that the log has not reached": seen(size=lambda size: size + 1_000_000),
    "a size at which the log signed nothing": seen(size=lambda _: 1),
}


@pytest.mark.parametrize("case", SEEN)
def test_a_checkpoint_of_this_log_that_it_has_not_signed_is_refused(police, case):
    with pytest.raises(r.Refused) as refusal:
        police.send(police.message(SEEN[case](police)))
    assert b"log_seen" in refusal.value.of(Code.INVALID_ARGUMENT, "FIELD_INVALID").packed


def test_a_checkpoint_of_another_log_is_for_those_to_judge_who_know_that_log(police):
    police.send(police.message(seen(origin=lambda _: "ke.amana.example/log", root=bit_changed)(police)))


@pytest.mark.parametrize("part", ["flags", "sealed_body"])
def test_flags_and_body_are_those_that_the_header_names(police, part):
    message = police.message()
    setattr(message, part, getattr(police.message(body=police.body(None, plain=os.urandom(2048))), part))
    with pytest.raises(r.Refused) as refusal:
        police.send(message)
    refusal.value.of(Code.INVALID_ARGUMENT, {"flags": "flags_digest", "sealed_body": "body_digest"}[part])


def test_the_size_of_a_body_is_that_which_the_header_names(police):
    def one_less(packed):
        header = police.pb("message").Header.FromString(packed)
        header.body_size -= 1
        return header.SerializeToString()
    with pytest.raises(r.Refused) as refusal:
        police.send(police.message(header_bytes=one_less))
    assert b"body_size" in refusal.value.of(Code.INVALID_ARGUMENT, "FIELD_INVALID").packed


def test_a_receipt_is_given_to_the_senders_unit_and_nobody_else_learns_of_the_message(police):
    audit, message = police.pb("audit"), police.message()
    receipt = police.send(message)
    pointer = dict(id=police.pb("message").Header.FromString(message.header).id, header_digest=hashlib.sha256(message.header).digest())

    def ask(desk, **changes):
        request = audit.ReceiptRequest(message={**pointer, **changes})
        with r.Raw(police.world, police.pb, desk).channel() as channel:
            return police.call(channel, "Audit/Receipt", request, audit.ProvedEntry)
    assert ask("police") == receipt
    answers = []
    for desk, changes in (("post", {}), ("auditor", {}), ("post", dict(header_digest=bytes(32)))):
        with pytest.raises(r.Refused) as refusal:
            ask(desk, **changes)
        answers.append((refusal.value.code, refusal.value.details, refusal.value.packed))
    assert len(set(answers)) == 1, answers


def test_one_id_is_one_message(police):
    header = police.header()
    first = police.send(police.message(header))
    assert first.index > 0
    with pytest.raises(r.Refused) as refusal:
        police.send(police.message(header))  # other salt, so another header
    refusal.value.of(Code.ALREADY_EXISTS, "ID_REUSED")


def test_malformed_oversized_compressed_and_unknown_calls_get_their_status_and_the_connection_is_kept(police):
    entry = police.pb("audit").ProvedEntry

    def status(channel, method, data, **options):
        stub = channel.unary_unary(method, request_serializer=bytes, response_deserializer=entry.FromString)
        with pytest.raises(grpc.RpcError) as error:
            stub(data, timeout=w.PATIENCE, **options)
        return error.value.code()
    with police.channel() as channel:
        send = "/amana.v1.Relay/Send"
        police.checkpoint()
        since = len(police.world.hub.log.all)
        police.send(police.message(), channel)
        police.world.hub.log.wait(r"^connected ", since)  # the line may be read after the answer
        connections = sum(line.startswith("connected") for line in police.world.hub.log.all)
        assert status(channel, send, b"\x0a\xff") == Code.INVALID_ARGUMENT
        assert status(channel, send, os.urandom(2_000_000)) == Code.RESOURCE_EXHAUSTED
        assert status(channel, "/amana.v1.Relay/Recall", b"") == Code.UNIMPLEMENTED
        assert status(channel, "/amana.v2.Relay/Send", b"") == Code.UNIMPLEMENTED
        assert status(channel, send, bytes(5000), compression=grpc.Compression.Gzip) == Code.UNIMPLEMENTED
        police.send(police.message(), channel)
        assert sum(line.startswith("connected") for line in police.world.hub.log.all) == connections


def test_what_a_peer_writes_into_a_field_begins_no_field_of_the_hubs_log(world, pb):
    """A hostile sender could else write into the log who was refused, and why."""
    police = r.Raw(world, pb)
    with pytest.raises(r.Refused):
        police.send(police.message(police.header(case_ref='x" reason=NONE text="y')))
    line = world.hub.log.wait("^answered ")
    assert re.fullmatch(r'answered identity=\S+ call=\S+ reason=FIELD_INVALID field=\S+ text="([^"\\]|\\.)*"', line), line
    assert 'reason=NONE text=\\"y' in line


def test_only_an_auditor_replays(shared, pb):
    shared.amana("police", "audit", "replay", "--reason", "curiosity").exits(77)


@pytest.mark.parametrize("command", [("init", "--members", "members.conf", "--registrar", "ke-registry/keys/officer.pem"),
                                     ("fsck",), ("confirm-clock",)], ids=lambda command: command[0])
@pytest.mark.parametrize("check", [("--check",), ("--check-policy", "amanad.conf")], ids=lambda check: check[0])
def test_a_check_changes_nothing_and_goes_with_no_command(shared, command, check):
    conf = shared.path("amanad.conf").read_text()
    shared.path("other.conf").write_text('data = "other-data"\n' + conf)
    shared.amanad("-c", "other.conf", *command, *check).exits(64).says("--check and --check-policy change nothing")
    assert not shared.path("other-data").exists()


@pytest.mark.parametrize("file, words", [("/dev/zero", "it is no replay"), ("/dev/stdin", "/dev/stdin: line 2: the line is longer than 4194304 bytes")])
def test_a_kept_replay_whose_line_has_no_end_is_refused_before_it_has_filled_the_memory(shared, file, words):
    """With a good first line and no end to the second, where it is read from a pipe."""
    first = json.dumps({"amana_replay": 1, "origin": "igad.amana.example/log", "filtered": False})
    line = f"(echo '{first}'; cat /dev/zero) | timeout 30 {w.AMANA} -d auditor audit verify {file}"
    done = subprocess.run(["bash", "-c", line], cwd=shared.folder, env={**os.environ, **shared.env()}, capture_output=True, text=True)
    assert done.returncode == 65 and words in done.stderr, done.stderr


@pytest.mark.parametrize("file, word", [("trust/trust.conf", "kept"), ("hub.pem", "same")])
def test_a_reload_that_could_not_take_a_file_counts_it_as_a_fault(shared, file, word):
    path = shared.path(file)
    good = path.read_bytes()
    for content, said in ((b"nonsense", f"trust={word} rosters=8 faults=1"), (good, "trust=same rosters=8 faults=0")):
        path.write_bytes(content)
        assert said in shared.hub.reload()


# --- Text that would take over a terminal
SEIZE = "\x1b]0;seized\x07\x1b[2J\u009b31m\u202e"


def harmless(result):
    text = result.out + result.err
    assert "seized" in text, text
    raw = [c for c in text if c != "\n" and (ord(c) < 0x20 or 0x7f <= ord(c) < 0xa0 or c == "\u202e")]
    assert not raw, repr(text)


def test_a_replay_that_names_its_log_with_escape_sequences_moves_no_cursor(shared):
    shared.path("seize.jsonl").write_text(json.dumps({"amana_replay": 1, "origin": SEIZE}) + "\n")
    harmless(shared.amana("auditor", "audit", "verify", "seize.jsonl").exits(65))


@pytest.mark.parametrize("file, line", [("amanad.conf", f'hub = "{SEIZE}"'), ("amanad.conf", f'"{SEIZE}" = 1'),
                                        ("trust/trust.conf", f'country "{SEIZE}" {{}}')])
def test_a_configuration_with_escape_sequences_is_refused_without_them(shared, file, line):
    path = shared.path(file)
    kept = path.read_text()
    path.write_text(f"{line}\n{kept}")
    try:
        harmless(shared.amanad("--check", "-c", "amanad.conf").exits(78))
    finally:
        path.write_text(kept)


def test_a_draft_with_escape_sequences_is_refused_without_them(shared):
    for changes in (dict(urgency=SEIZE), dict(case_ref=SEIZE), {SEIZE: 1}):
        harmless(shared.amana("police", "send", shared.draft(**changes)).exits(65))
