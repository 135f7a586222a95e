# SPDX-License-Identifier: Apache-2.0
"""Four eyes: what needs a second person waits until a supervisor has signed it too, goes back, or goes first."""
import hashlib
import json
import os
import re
import subprocess

import pytest
from google.protobuf import json_format

import raw as r
import world as w

PERSON = {"names": [{"type": "GIVEN", "text": "Yusuf"}, {"type": "FATHER", "text": "Adan"}], "sex": "MALE",
          "age": {"from": 30, "to": 40}, "roles": ["SUSPECT"], "actions": ["LOCATE_AND_REPORT"]}
CASE = "ke/dci/2026/004711"
HOLD = ("--court", "Marsabit Law Courts", "--order", "88/2026", "--date", "2026-11-27", "--scope", "All of it.", "--valid-until", w.FAR)
ERASE = ("--ground", "UNLAWFUL", "--reason", "It should never have been held.", "--yes")


@pytest.fixture(scope="module")
def shared(file_world):
    """The police have a second desk, whose officer is a supervisor."""
    world = file_world
    world.supervisor()
    world.ca("roster", "--registrar", "et-registry/keys/officer.pem", "--key", "et-registry/keys/officer.key", "-o", "rosters",
             "--supervisor", "amana://et/ics/moyale/officer/eics-1207", *(f"post/keys/{u}.pem" for u in ("auth", "seal", "sign", "officer"))).ok()
    headquarters(world)
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    headquarters_join(world)
    return world


def headquarters(world):
    """Another unit of the agency, whose supervisor policy names for the police."""
    world.supervisor("headquarters", "ke/dci/headquarters", "kdci-0002", with_=None)
    world.path("policy.conf").write_text('supervisors "ke/dci/*" { units = {"ke/dci/headquarters"} }\n')
    conf = world.path("amanad.conf")
    conf.write_text('policy = "policy.conf"\n' + conf.read_text())


def headquarters_join(world):
    """Once the hub serves: its roster lies there, and is taken as soon as the unit is a member."""
    world.amana("ke-registry", "admin", "member", "add", "ke/dci/headquarters", "--role", "unit").ok()
    world.hub.reload()
    world.hub.log.wait(r"^roster unit=ke/dci/headquarters number=1$")


def alert(world, name="person.json", **changes):
    """An alert on a man who is named, to the post and nobody else; no child is concerned."""
    draft = {"subject_kind": "PERSON", "case_ref": CASE, "release": None, "flags__child": False, "urgency": "U3",
             "urgency_reason": None, "recipients": [{"unit": "et/ics/moyale", "part": "ACTION"}],
             "alert__persons": [PERSON], "alert__child_safeguard": None, "alert__palermo": None, "alert__actions": ["LOCATE_AND_REPORT"],
             "alert__title": "Yusuf Adan, driver, may cross at Moyale", **changes}
    return world.draft(name, **draft)


def park(world, **changes):
    return world.amana("police", "send", alert(world, **changes)).ok().says("waits", "a supervisor of ke/dci/transnational releases it by 20").id


def entry_of(world, kind, message):
    return [e for e in world.entries(kind) if message in json.dumps(e)]


def test_who_answers_what_was_released_meanwhile_is_told_to_fetch_that(shared):
    parked = park(shared)
    shared.amana("chief", "release", parked, "--yes").ok()
    call = ("called", parked, "--means", "RADIO", "--outcome", "NO_ANSWER")
    for words in (call, ("drop", parked)):
        shared.amana("police", *words).exits(65).says("waits for a second person", "if it was released meanwhile, run `amana inbox`")
    shared.amana("police", "inbox").ok()
    shared.amana("police", *call).ok()
    returned = park(shared)
    shared.amana("chief", "send-back", returned, "--reason", "FACT_WRONG").ok()
    shared.amana("police", "inbox").ok()
    assert "inbox" not in shared.amana("police", "called", returned, "--means", "RADIO", "--outcome", "NO_ANSWER").exits(65).says("amana mend").err


def test_an_alert_on_a_person_is_parked_rings_is_released_and_delivered_with_both_signatures(shared):
    _, ring = shared.watch("chief", "inbox", "--follow")
    parked = park(shared)
    ring.wait(f"to release.*ALERT of kdci-0417.*amana release {parked[:13]}")
    shared.amana("post", "inbox").ok()
    assert parked[:13] not in shared.amana("post", "inbox").out
    shared.amana("police", "sent").ok().says("waits for a second person of ke/dci/transnational")
    shared.amana("police", "status", parked).ok().says("parked", "waits for a second person, until")
    shared.amana("police", "inbox").ok().says(f"waits       {parked[:13]}, U")
    shared.amana("chief", "pending").ok().says(parked[:13], "Yusuf Adan, driver", "by kdci-0417 · waits until 20", f"`amana release {parked[:13]}`")
    shared.amana("chief", "release", parked, "--yes").ok().says("Yusuf", "waits for your signature", "released  ALERT")
    shared.amana("chief", "pending").ok().says("nothing waits")
    shared.amana("post", "inbox").ok().says(parked[:13], "Yusuf Adan, driver")
    shared.amana("post", "show", parked, "--export", "released").ok()
    subprocess.run(["openssl", "cms", "-verify", "-binary", "-cades", "-content", "header.bin", "-inform", "DER", "-in", "signature.p7s",
                    "-CAfile", "roots+cas+crls.pem", "-crl_check_all", "-purpose", "any", "-out", "/dev/null"],
                   cwd=shared.path("released"), check=True, capture_output=True)
    infos = subprocess.run(["openssl", "cms", "-cmsout", "-print", "-inform", "DER", "-in", "signature.p7s"], cwd=shared.path("released"),
                           check=True, capture_output=True, text=True).stdout
    assert infos.count("d.issuerAndSerialNumber") == 2, infos
    shared.amana("post", "ack", parked).ok()
    gone = [line for line in shared.amana("police", "inbox").ok().out.splitlines() if line.startswith(parked[:13])]
    assert len(gone) == 1 and "released by a second person, and sent" in gone[0]
    shared.amana("police", "status", parked).ok().says("released by kdci-0001", "acknowledged by eics-1207")
    assert entry_of(shared, "PARKED", parked) and entry_of(shared, "RELEASED", parked) and entry_of(shared, "SUBMITTED", parked)
    assert not shared.path("post", "store", "alarms").exists()


def test_a_name_is_read_in_one_row_in_its_own_script_and_in_latin_letters(shared):
    names = [{"type": "GIVEN", "text": "ዩሱፍ", "transliteration": "Yusuf"}, {"type": "FATHER", "text": "آدم"}]
    parked = park(shared, alert__persons=[{**PERSON, "names": names}])
    shared.amana("chief", "release", parked, stdin="n\n").exits(75).says("names           ዩሱፍ = Yusuf (given), آدم (father)\n")


def test_an_exercise_waits_among_exercises_and_in_no_live_list(shared):
    drill = park(shared, status="EXERCISE", case_ref="ke/dci/2026/004713")
    assert drill[:13] not in shared.amana("chief", "pending").ok().out
    shared.amana("chief", "pending", "--exercise").ok().says(drill[:13])
    shared.amana("chief", "release", drill, "--yes").ok()


def test_who_releases_what_is_urgent_hears_whom_to_telephone(shared):
    shared.amana("et-registry", "admin", "member", "add", "et/ics/moyale", "--telephone", "+251462340001").ok()
    parked = park(shared, urgency="U1", urgency_reason="LIFE_AT_RISK")
    said = shared.amana("chief", "release", parked, "--yes").ok().says(
        "must ack  et/ics/moyale by", "reach     et/ics/moyale", "telephone +251462340001", f"amana called {parked[:13]}", "amana inbox")
    assert "not proved" not in said.out  # this desk has never written to that unit
    shared.amana("chief", "inbox").ok()
    shared.amana("chief", "status", parked).ok().says("et/ics/moyale")
    shared.amana("chief", "called", parked, "--means", "PHONE", "--outcome", "TOLD", "--summary", "Told.", "--spoken-to", "duty officer",
                 "--telephone", "+251462340001").ok()


def test_what_can_wait_least_stands_first_in_what_waits_for_a_supervisor(shared):
    """Of forty that wait the one that was sent already, and goes unsigned in half an hour, would stand last."""
    shared.amana("chief", "pending").ok()
    routine = park(shared, case_ref="ke/dci/2026/004760", urgency="U4", urgency_reason=None)
    older, newer = park(shared, case_ref="ke/dci/2026/004762"), park(shared, case_ref="ke/dci/2026/004763")
    urgent = park(shared, case_ref="ke/dci/2026/004761", urgency="U2", urgency_reason="EVIDENCE_AT_RISK")
    sent = shared.amana("police", "send", alert(shared, urgency="U1", urgency_reason="LIFE_AT_RISK", release="DEFERRED", case_ref="ke/dci/2026/004764")).ok().id
    mine, listed = [sent, urgent, older, newer, routine], shared.amana("chief", "pending").ok().out
    assert sorted(mine, key=lambda message: listed.index(message[:13])) == mine
    ids = [line["header"]["id"] for line in shared.amana("chief", "--json", "pending").ok().json]
    assert [message for message in ids if message in mine] == mine
    for message in mine:
        shared.amana("chief", "send-back", message, "--reason", "INCOMPLETE").ok()
    shared.amana("police", "inbox").ok()


def test_a_no_releases_nothing_and_is_no_wrong_usage(shared):
    parked = park(shared)
    shared.amana("chief", "release", parked, stdin="n\n").exits(75).says("Release it", "nothing was released")
    shared.amana("chief", "release", parked, stdin="").exits(64).says("nothing was released", "nobody is there to answer; --yes says so")
    shared.amana("chief", "pending").ok().says(parked[:13])
    shared.amana("chief", "release", parked, stdin="y\n").ok().says("released")


# --- Back to its author
def test_what_is_sent_back_is_not_sent_and_its_author_sees_why(shared):
    parked = park(shared)
    shared.amana("chief", "send-back", parked).exits(64).says("--reason CODE")
    shared.amana("chief", "send-back", parked, "--reason", "UGLY").exits(64).says("FACT_WRONG")
    shared.amana("chief", "send-back", parked, "--reason", "FACT_WRONG").ok().says("sent back")
    shared.amana("police", "inbox").ok().says(f"sent back   {parked[:13]}")
    shared.amana("police", "sent").ok().says("sent back by kdci-0001: FACT_WRONG")
    shared.amana("police", "show", parked).ok().says("sent back by kdci-0001: FACT_WRONG")
    shared.amana("police", "status", parked).ok().says(f"sent back by kdci-0001: FACT_WRONG; `amana mend {parked[:13]}` writes it")
    assert shared.body("police", parked) is not None, "its author mends it and sends it anew"
    shared.amana("chief", "release", parked, "--yes").exits(66).says("nothing that waits")
    [returned] = entry_of(shared, "RETURNED", parked)
    assert "deferred" not in returned["returned"] and not entry_of(shared, "SUBMITTED", parked)
    assert parked[:13] not in shared.amana("post", "inbox").out


def released_alert(world, case):
    parked = park(world, case_ref=case)
    world.amana("chief", "release", parked, "--yes").ok()
    world.amana("police", "inbox").ok()
    return parked


def sent_back(world, message):
    world.amana("chief", "send-back", message, "--reason", "INCOMPLETE").ok()
    world.amana("police", "inbox").ok()


def test_an_erasure_or_a_hold_that_was_not_released_does_nothing_at_its_author_either(shared):
    sent = released_alert(shared, "ke/dci/2026/004721")
    order = shared.amana("police", "erase", sent, *ERASE).ok().says("waits").id
    shared.amana("police", "inbox").ok()
    assert shared.body("police", sent)
    sent_back(shared, order)
    assert shared.body("police", sent)
    sent_back(shared, shared.amana("police", "hold", sent, *HOLD).ok().says("waits").id)
    assert "for a court" not in shared.amana("police", "show", sent).ok().out
    order = shared.amana("police", "erase", sent, *ERASE).ok().says("waits").id
    shared.amana("chief", "release", order, "--yes").ok()
    shared.amana("police", "inbox").ok()
    assert shared.body("police", sent) is None


def test_a_contest_is_upheld_once_its_correction_is_released_and_until_then_no_other_is_asked_for(shared):
    """Saves from a second correction at every holder."""
    alert = released_alert(shared, "ke/dci/2026/004730")
    shared.amana("post", "inbox").ok()
    roles = [{"person": "yusuf", "was": ["SUSPECT"], "now": ["PRESUMED_VICTIM"]}]
    shared.path("contest.json").write_text(json.dumps({"contest": {"roles": roles}}))
    contest = shared.amana("post", "contest", alert, "contest.json", "--reason", "He was made to drive.").ok().id
    shared.amana("police", "inbox").ok()
    shared.amana("police", "uphold", contest).exits(65).says(f"`amana correct {alert[:13]} FILE` first")
    shared.path("correction.json").write_text(json.dumps({"correction": {"roles": roles}}))
    correction = shared.amana("police", "correct", alert, "correction.json", "--reason", "He was made to drive.").ok().says("waits").id
    said = shared.amana("police", "uphold", contest).exits(65).says(f"{correction[:13]} waits for its second person", "`amana inbox`")
    assert "amana correct" not in said.err
    shared.amana("chief", "pending").ok()
    shared.amana("chief", "release", correction, "--yes").ok()
    shared.amana("police", "inbox").ok()
    shared.amana("police", "uphold", contest).ok()


def test_what_was_sent_back_neither_replaces_nor_ends_an_alert(shared):
    case = "ke/dci/2026/004722"
    first = released_alert(shared, case)

    def line(message):
        return next(line for line in shared.amana("police", "sent").ok().out.splitlines() if line.startswith(message[:13]))

    for verb in (("update", first, alert(shared, "newer.json", case_ref=case)), ("cancel", first, "--outcome", "RESOLVED", "--reason", "Found.")):
        waiting = shared.amana("police", *verb).ok().says("waits").id
        assert waiting[:13] not in line(first)
        sent_back(shared, waiting)
        assert waiting[:13] not in line(first)
        shared.amana("police", "correct", waiting, shared.example("correction", changes=[])).exits(65).says("was not sent", "INCOMPLETE")
    newer = shared.amana("police", "update", first, alert(shared, "newer.json", case_ref=case)).ok().says("waits").id
    shared.amana("chief", "release", newer, "--yes").ok()
    shared.amana("police", "inbox").ok()
    assert f"replaced by {newer[:13]}" in line(first)
    shared.amana("police", "erase", first, *ERASE).ok().says("waits")


def test_what_was_sent_back_is_marked_in_its_case_and_in_no_export(shared):
    ref = "ke/dci/2026/004723"
    first = released_alert(shared, ref)
    person = {**PERSON, "label": "p1", "sex": "FEMALE"}
    waiting = shared.amana("police", "update", first, alert(shared, "newer.json", case_ref=ref, alert__persons=[person])).ok().says("waits").id

    def case(desk="police"):
        return [line for line in shared.amana(desk, "case", ref).ok().out.splitlines() if not line.startswith("      ")][1:]

    assert len(case()) == 2 and "waits for a second person" in case()[1]
    sent_back(shared, waiting)
    assert "sent back by kdci-0001: INCOMPLETE" in case()[1]
    states = [line["state"] for line in shared.amana("police", "--json", "case", ref).ok().json]
    assert [len(state["clocks"]) for state in states] == [1, 0]
    assert [state["second"] for state in states] == ["", "sent back by kdci-0001: INCOMPLETE"]
    assert "ended before" not in shared.amana("police", "case", ref).out
    exported = shared.amana("police", "export", "htcds", ref).ok().out
    assert "Feminine" not in exported and [r["message"] for r in json.loads(exported)["records"] if "cco_CaseComment" in r] == [first]
    shared.amana("police", "export", "cap", waiting).exits(77).says("was not sent")
    assert "Yusuf" not in shared.amana("police", "export", "cap", first).ok().out


def test_no_clock_is_shown_of_what_was_not_sent(shared):
    parked = park(shared)
    assert "must ack" not in shared.amana("police", "show", parked).ok().out
    assert "must ack" not in shared.amana("chief", "release", parked).exits(64).out
    shared.amana("chief", "release", parked, "--yes").ok().says("must ack")
    shared.amana("police", "inbox").ok()
    shared.amana("police", "show", parked).ok().says("must ack")


def test_what_can_t_be_released_any_more_says_how_it_goes_back(shared):
    case = "ke/dci/2026/004724"
    first = released_alert(shared, case)
    waiting = [shared.amana("police", "update", first, alert(shared, f"{n}.json", case_ref=case)).ok().says("waits").id for n in (1, 2)]
    shared.amana("chief", "release", waiting[0], "--yes").ok()
    shared.amana("chief", "release", waiting[1], "--yes").exits(77).says("STATE_FORBIDS", f"amana send-back {waiting[1][:13]} --reason CODE")
    sent_back(shared, waiting[1])


def test_who_asks_for_a_release_that_nobody_can_give_is_told(empty_world):
    world = empty_world
    world.start_hub()
    world.amana("police", "send", alert(world)).ok().says("waits", "marks no supervisor but its author")
    world.amana("police", "send", alert(world, release="DEFERRED", urgency="U1", urgency_reason="LIFE_AT_RISK")).ok().says(
        "accepted", "marks no supervisor but its author")
    world.supervisor()
    world.hub.reload()
    world.hub.log.wait(r"^roster unit=ke/dci/transnational number=2")
    assert "no supervisor" not in world.amana("police", "send", alert(world)).ok().says("waits").err


# --- What a hostile desk tries, each refused by the hub itself
class Second:
    """A desk's own Release and SendBack, made with stock openssl and grpcio."""

    def __init__(self, world, pb, desk, unit="ke/dci/transnational"):
        self.raw, self.pb, self.world, self.desk = r.Raw(world, pb, desk, unit), pb, world, desk

    def waiting(self, message):
        relay = self.pb("relay")
        with self.raw.channel() as channel:
            stub = channel.unary_stream("/amana.v1.Relay/ListPending", request_serializer=relay.ListPendingRequest.SerializeToString,
                                        response_deserializer=relay.Pending.FromString)
            headers = [p.message for p in stub(relay.ListPendingRequest(), timeout=w.PATIENCE)]
        return next(m for m in headers if self.pb("message").Header.FromString(m.header).id == message)

    def signed_too(self, waiting, signer):
        """The author's signature with that of a desk's officer beside it."""
        keys = self.world.path(signer, "keys")
        self.world.path("one.p7s").write_bytes(waiting.signature)
        self.world.run("openssl", "cms", "-resign", "-inform", "DER", "-in", "one.p7s", "-signer", keys / "officer.pem", "-inkey",
                       keys / "officer.key", "-nosmimecap", "-cades", "-md", "sha256", "-outform", "DER", "-out", "two.p7s")
        return self.world.path("two.p7s").read_bytes()

    def release(self, message, header, signature):
        digest = hashlib.sha256(header).digest()
        request = self.pb("relay").ReleaseRequest(message={"id": message, "header_digest": digest}, signature=signature)
        with self.raw.channel() as channel:
            return self.raw.call(channel, "Relay/Release", request, self.pb("audit").ProvedEntry)


    def send_back(self, message, header, signer=None, **changes):
        """SendBack with a statement that says what it is told to."""
        desk = self.world.path(signer or self.desk, "keys")
        statement = self.pb("message").Returned(context="amana-returned-v1", origin="igad.amana.example/log", reason=2,
                                                officer="amana://ke/dci/transnational/officer/kdci-0001",
                                                message={"id": message, "header_digest": hashlib.sha256(header).digest()})
        for field, value in changes.items():
            setattr(statement, field, value)
        packed = statement.SerializeToString()
        request = self.pb("relay").SendBackRequest(statement=packed, signature=r.sign(packed, desk / "officer.pem", desk / "officer.key"))
        with self.raw.channel() as channel:
            return self.raw.call(channel, "Relay/SendBack", request, self.pb("audit").ProvedEntry)


@pytest.fixture
def refused(shared, pb):
    """What is parked by a desk, and a release that the hub must refuse with this reason."""
    def try_it(author, by, signer, code, reason, unit="ke/dci/transnational"):
        parked = shared.amana(author, "send", alert(shared)).ok().id
        waiting = Second(shared, pb, "chief").waiting(parked)
        second = Second(shared, pb, by, unit)
        signature = waiting.signature if signer is None else second.signed_too(waiting, signer)
        with pytest.raises(r.Refused) as refusal:
            second.release(parked, waiting.header, signature)
        refusal.value.of(code, reason)
        assert not entry_of(shared, "SUBMITTED", parked)
        shared.amana("chief", "send-back", parked, "--reason", "SENT_IN_ERROR").ok()
    return try_it


Code = r.grpc.StatusCode


def test_nobody_releases_what_they_wrote_themselves(shared, refused):
    own = shared.amana("chief", "send", alert(shared)).ok().id
    shared.amana("chief", "release", own, "--yes").exits(77).says("your own", "RELEASE_REQUIRED")
    shared.amana("chief", "pending").ok().says(own[:13], "for another officer: it is your own")
    refused("chief", "chief", None, Code.FAILED_PRECONDITION, "RELEASE_REQUIRED")


def test_an_officer_without_the_mark_releases_nothing(refused):
    refused("chief", "police", "police", Code.FAILED_PRECONDITION, "RELEASE_REQUIRED")


def test_who_may_not_release_is_told_before_they_are_asked(shared):
    """Saves a no that comes after a yes under one's own signature."""
    for author, reader, why in (("police", "police", "is your own"), ("chief", "police", "the roster of ke/dci/transnational marks kdci-0417 as none")):
        parked = shared.amana(author, "send", alert(shared)).ok().id
        said = shared.amana(reader, "release", parked, stdin="y\n").exits(77).says(why, "RELEASE_REQUIRED")
        assert "Release it" not in said.err and said.out == ""
        shared.amana("chief", "send-back", parked, "--reason", "SENT_IN_ERROR").ok()


def test_who_is_asked_sees_what_they_sign_also_beside_lines_for_programs(shared):
    parked = park(shared)
    said = shared.amana("chief", "--json", "release", parked, stdin="n\n").exits(75)
    assert "Yusuf" in said.err and said.out == ""
    said = shared.amana("chief", "--json", "release", parked, "--yes").ok()
    assert "Yusuf" not in said.err and [line["state"] for line in said.json] == ["released"]


def test_what_a_new_supervisor_can_not_open_is_sent_back(empty_world):
    """It was sealed before they joined: it can't be released as it is, and the list doesn't send them to try."""
    world = empty_world
    world.start_hub()
    parked = world.amana("police", "send", alert(world)).ok().id
    world.supervisor()
    world.hub.reload()
    world.hub.log.wait(r"^roster unit=ke/dci/transnational number=2")
    said = world.amana("chief", "pending").ok().says("CANNOT_OPEN", f"`amana send-back {parked[:13]} --reason CODE`, and its author sends it anew")
    assert "amana release" not in said.out
    said = world.amana("chief", "release", parked, stdin="y\n").exits(1).says("was not released", f"`amana send-back {parked[:13]} --reason CODE`")
    assert "Release it" not in said.err
    world.amana("chief", "send-back", parked, "--reason", "INCOMPLETE").ok()


def test_another_units_supervisor_releases_nothing_and_learns_nothing(refused):
    refused("police", "post", "post", Code.PERMISSION_DENIED, "NOT_PERMITTED", "et/ics/moyale")


def test_another_units_supervisor_sends_nothing_back(shared, pb):
    post, types = Second(shared, pb, "post", "et/ics/moyale"), pb("message")
    parked = park(shared)
    waiting = Second(shared, pb, "chief").waiting(parked)
    returned = types.Returned(context="amana-returned-v1", origin="igad.amana.example/log",
                              officer="amana://et/ics/moyale/officer/eics-1207", reason=1)
    returned.time.GetCurrentTime()
    returned.message.id, returned.message.header_digest = parked, hashlib.sha256(waiting.header).digest()
    statement = returned.SerializeToString()
    back = pb("relay").SendBackRequest(statement=statement, signature=r.sign(
        statement, post.raw.keys / "officer.pem", post.raw.keys / "officer.key"))
    with post.raw.channel() as channel, pytest.raises(r.Refused) as refusal:
        post.raw.call(channel, "Relay/SendBack", back, pb("audit").ProvedEntry)
    refusal.value.of(Code.PERMISSION_DENIED, "NOT_PERMITTED")
    assert not entry_of(shared, "RETURNED", parked)
    shared.amana("chief", "send-back", parked, "--reason", "SENT_IN_ERROR").ok()


def test_a_stranger_to_the_roster_releases_nothing(refused):
    refused("police", "chief", "post", Code.PERMISSION_DENIED, "NOT_ON_ROSTER")


def test_stock_openssl_and_grpcio_release_as_well(shared, pb):
    parked = park(shared)
    chief = Second(shared, pb, "chief")
    waiting = chief.waiting(parked)
    first = chief.release(parked, waiting.header, chief.signed_too(waiting, "chief"))
    again = chief.release(parked, waiting.header, chief.signed_too(waiting, "chief"))
    assert again == first  # the same supervisor once more
    shared.amana("post", "show", parked).exits(66)
    shared.amana("post", "inbox").ok().says(parked[:13])


WRONG = {"another context": (dict(context="amana-retrieved-v1"), Code.INVALID_ARGUMENT, "FIELD_INVALID"),
         "another log": (dict(origin="ke.amana.example/log"), Code.INVALID_ARGUMENT, "FIELD_INVALID"),
         "no reason": (dict(reason=0), Code.INVALID_ARGUMENT, "FIELD_INVALID"),
         "a reason that is none": (dict(reason=99), Code.INVALID_ARGUMENT, "FIELD_INVALID"),
         "the signature of another": (dict(signer="police"), Code.INVALID_ARGUMENT, "SIGNATURE_INVALID"),
         "an officer without the mark": (dict(signer="police", officer="amana://ke/dci/transnational/officer/kdci-0417"), Code.FAILED_PRECONDITION, "RELEASE_REQUIRED"),
         "a stranger": (dict(signer="post", officer="amana://et/ics/moyale/officer/eics-1207"), Code.PERMISSION_DENIED, "NOT_ON_ROSTER")}


def test_a_statement_that_sends_back_is_a_supervisors_about_this_log_with_a_reason(shared, pb):
    parked = park(shared)
    chief = Second(shared, pb, "chief")
    waiting = chief.waiting(parked)
    for changes, code, reason in WRONG.values():
        with pytest.raises(r.Refused) as refusal:
            chief.send_back(parked, waiting.header, **changes)
        refusal.value.of(code, reason)
    with pytest.raises(r.Refused) as refusal:
        Second(shared, pb, "post", "et/ics/moyale").send_back(parked, waiting.header)
    assert refusal.value.code in (Code.PERMISSION_DENIED, Code.INVALID_ARGUMENT)
    assert not entry_of(shared, "RETURNED", parked)
    first = chief.send_back(parked, waiting.header)
    assert chief.send_back(parked, waiting.header) == first  # the same supervisor's same word once more
    assert chief.send_back(parked, waiting.header, reason=3) == first
    with pytest.raises(r.Refused) as refusal:
        chief.release(parked, waiting.header, chief.signed_too(waiting, "chief"))
    refusal.value.of(Code.FAILED_PRECONDITION, "STATE_FORBIDS")
    assert len(entry_of(shared, "RETURNED", parked)) == 1


def test_a_deferred_release_is_signed_once_and_the_second_time_gets_the_firsts_proof(shared, pb):
    sent = deferred(shared)
    chief = Second(shared, pb, "chief")
    waiting = chief.waiting(sent)
    keys = chief.raw.keys
    signature = r.sign(waiting.header, keys / "officer.pem", keys / "officer.key")
    first = chief.release(sent, waiting.header, signature)
    assert chief.release(sent, waiting.header, signature) == first
    with pytest.raises(r.Refused) as refusal:
        chief.send_back(sent, waiting.header)
    refusal.value.of(Code.FAILED_PRECONDITION, "STATE_FORBIDS")
    assert len(entry_of(shared, "RELEASED", sent)) == 1


def test_what_needs_a_second_person_is_neither_sent_without_nor_parked_for_nothing(shared, pb):
    police = r.Raw(shared, pb)
    header = police.header(release=2, case_ref=CASE)
    header.releasing.unit, header.releasing.roster = police.unit, 2
    header.sender.roster = 2
    with pytest.raises(r.Refused) as refusal:
        police.send(police.message(header))
    refusal.value.of(Code.FAILED_PRECONDITION, "RELEASE_REQUIRED")
    plain = police.header()
    plain.sender.roster = plain.recipients[0].roster = 2
    plain = police.message(plain)
    with police.channel() as channel, pytest.raises(r.Refused) as refusal:
        police.call(channel, "Relay/Park", plain, pb("audit").ProvedEntry)
    refusal.value.of(Code.INVALID_ARGUMENT, "FIELD_INVALID")


def test_a_reader_refuses_a_name_that_the_header_hides(shared, pb):
    police, types = r.Raw(shared, pb), pb("message")
    header, flags = police.header(), types.Flags(salt=os.urandom(16), child=True, protection=2).SerializeToString()
    header.sender.roster = header.recipients[0].roster = 2
    draft = json.loads("\n".join(line for line in w.ALERT.read_text().splitlines() if not line.lstrip().startswith("//")))
    draft["alert"]["persons"][0].update(names=[{"type": "GIVEN", "text": "Dabo"}], count=1)
    body = json_format.ParseDict({"alert": draft["alert"]}, pb("body").Body(nonce=os.urandom(32), flags=flags))
    for field in ("id", "officer", "case_ref", "kind"):
        setattr(body.binding, field, getattr(header, field))
    body.binding.sender = header.sender.unit
    body.binding.recipients.extend(recipient.unit for recipient in header.recipients)
    body.binding.written_at.CopyFrom(header.written_at)
    plain = body.SerializeToString()

    def committed(packed):
        signed = types.Header.FromString(packed)
        signed.body_commitment = hashlib.sha256(plain).digest()
        return signed.SerializeToString()
    keys = [shared.path(d, "keys", "seal.pem") for d in ("post", "ke-protection", "et-protection", "police", "chief")]
    police.send(police.message(header, body=r.seal(plain, keys), flags=flags, header_bytes=committed))
    shared.amana("post", "inbox").ok().says("kept, not shown", "ROLE_RULE", "an identified person")
    shared.amana("post", "send", shared.write("NOTE", {"title": "Night shift", "text": "All quiet."}, case_ref="et/ics/2026/000100", recipients=[{"unit": "ke/dci/transnational", "part": "ACTION"}])).ok().says("could not be read (ROLE_RULE)")


def test_a_supervisor_signs_nothing_that_is_another_s_body_or_another_text(shared, pb):
    """Who releases answers for what the header commits to: the program opens it and compares before it signs."""
    police, types = r.Raw(shared, pb), pb("message")
    keys = [shared.path(d, "keys", "seal.pem") for d in ("post", "ke-protection", "et-protection", "police", "chief")]
    flags = types.Flags(salt=os.urandom(16), child=True, protection=2).SerializeToString()
    for of_another, says in ((True, "another envelope"), (False, "commits to")):
        header = police.header(release=2, case_ref=CASE)
        header.sender.roster, header.releasing.unit, header.releasing.roster = 2, police.unit, 2
        header.recipients[0].roster = 2
        body = pb("body").Body(nonce=os.urandom(32), flags=flags, binding={
            "id": r.new_id() if of_another else header.id, "sender": police.unit, "officer": header.officer, "kind": header.kind,
            "case_ref": header.case_ref, "recipients": [to.unit for to in header.recipients], "written_at": header.written_at})
        plain = body.SerializeToString()
        message = police.message(header, body=r.seal(plain, keys), flags=flags, plain=plain if of_another else b"another text")
        with police.channel() as channel:
            police.call(channel, "Relay/Park", message, pb("audit").ProvedEntry)
        said = shared.amana("chief", "release", header.id, "--yes").exits(1, 65, 76)
        assert says in said.out + said.err, said.out + said.err
        assert not entry_of(shared, "SUBMITTED", header.id)
        shared.amana("chief", "send-back", header.id, "--reason", "SENT_IN_ERROR").ok()


# --- Each that needs one
def test_a_group_a_confidential_alert_and_a_referral_abroad_wait_as_well(shared):
    group = park(shared, subject_kind="GROUP", alert__persons=[{**PERSON, "names": [], "description": "Three men in work clothes", "count": 3}])
    vehicle = dict(subject_kind="VEHICLE", alert__persons=[], alert__title="A lorry")
    secret = park(shared, **vehicle, classification="CONFIDENTIAL")
    body = json.loads(shared.path(shared.example("referral")).read_text())["referral"]
    draft = shared.write("REFERRAL", body, recipients=[{"unit": "et/mowsa/protection", "part": "ACTION"}, {"unit": "ke/dcs/child-protection", "part": "COPY"}],
                         case_ref=CASE, purpose="PROTECTION", flags={"child": True, "protection": "NO"}, consent="GUARDIAN", release="REQUIRED")
    abroad = shared.amana("police", "send", draft).ok().says("waits").id
    for message in (group, secret, abroad):
        shared.amana("chief", "release", message, "--yes").ok().says("released")
    shared.amana("post", "inbox").ok().says(group[:13], secret[:13])
    shared.amana("et-protection", "inbox").ok().says(abroad[:13])


def test_a_confidential_case_is_handed_over_within_the_unit_when_nobody_else_is_there(shared):
    """It goes to who has it already, signed and in the log; a shift ends at night too."""
    vehicle = dict(subject_kind="VEHICLE", alert__persons=[], alert__title="A lorry")
    secret = park(shared, **vehicle, classification="CONFIDENTIAL")
    shared.amana("chief", "release", secret, "--yes").ok()
    shared.amana("police", "inbox").ok()
    for verb in (("assign", secret, "kdci-0001"), ("hand-over", secret, "--text", "Waits for Moyale.", "--to", "kdci-0001")):
        note = shared.amana("police", *verb).ok().says("accepted").id
        [line] = [row for row in shared.amana("police", "--json", "sent").ok().json if row["header"]["id"] == note]
        assert (line["header"]["in_reply_to"]["id"], line["header"]["classification"]) == (secret, "CONFIDENTIAL")
        shared.amana("chief", "inbox").ok().says(note[:13])


def test_what_is_handed_over_together_is_as_confidential_as_any_of_it_and_about_a_child_where_one_is(shared):
    vehicle = dict(subject_kind="VEHICLE", alert__persons=[], alert__title="A lorry")
    plain = shared.amana("police", "send", alert(shared, **vehicle)).ok().id
    body = {"title": "A girl", "text": "She was beside the driver."}
    child = shared.amana("police", "send", shared.write("NOTE", body, case_ref=CASE, flags={"child": True, "protection": "NO"}, classification="CONFIDENTIAL",
                         release="REQUIRED", recipients=[{"unit": "ke/dcs/child-protection", "part": "ACTION"}])).ok().says("waits").id
    shared.amana("chief", "release", child, "--yes").ok()
    shared.amana("police", "inbox").ok()
    note = shared.amana("police", "hand-over", plain, child, "--text", "Both are open.").ok().says("copy      ke/dcs/child-protection").id
    [line] = [row for row in shared.amana("police", "--json", "sent").ok().json if row["header"]["id"] == note]
    assert (line["header"]["classification"], line["flags"]["child"], len(line["header"]["references"])) == ("CONFIDENTIAL", True, 2)


def test_what_ends_an_alert_that_was_released_needs_a_second_person_too(shared):
    parked = park(shared)
    shared.amana("chief", "release", parked, "--yes").ok()
    shared.amana("police", "inbox").ok()
    ended = shared.amana("police", "cancel", parked, "--outcome", "RESOLVED", "--reason", "found").ok().says("waits").id
    shared.amana("chief", "release", ended, "--yes").ok()
    shared.amana("post", "inbox").ok()
    shared.amana("post", "show", parked).ok().says("ended by")
    shared.amana("police", "status", parked).ok().says("stopping")


def test_an_update_that_makes_an_alert_one_on_a_person_waits_and_so_does_the_end_of_either(shared):
    vehicle = dict(subject_kind="VEHICLE", alert__persons=[], alert__title="A lorry")
    sent = shared.amana("police", "send", alert(shared, **vehicle)).ok().says("accepted").id
    newer = shared.amana("police", "update", sent, alert(shared, "newer.json")).ok().says("waits").id
    shared.amana("chief", "release", newer, "--yes").ok()
    shared.amana("police", "inbox").ok()
    # What replaces an alert on a person would end it: nobody does that alone by calling it one on a lorry.
    shared.amana("police", "update", sent, alert(shared, "last.json", release="NOT_NEEDED", **vehicle)).exits(65).says("RELEASE_REQUIRED", "release: line")
    last = shared.amana("police", "update", sent, alert(shared, "last.json", **vehicle)).ok().says("waits").id
    shared.amana("post", "inbox").ok().says(newer[:13])
    shared.amana("chief", "release", last, "--yes").ok()
    shared.amana("police", "inbox").ok()
    fourth = shared.amana("police", "update", sent, alert(shared, "fourth.json", **vehicle)).ok().says("accepted").id
    shared.amana("post", "inbox").ok().says(last[:13], fourth[:13])
    # Those between are the only ones that needed it: what names them with the others needs it too.
    shared.amana("police", "erase", sent, *ERASE).ok().says("waits")
    assert not entry_of(shared, "ERASED", sent)


def test_what_corrects_erases_or_keeps_what_was_released_needs_a_second_person_too(shared):
    parked = park(shared)
    shared.amana("chief", "release", parked, "--yes").ok()
    shared.amana("police", "inbox").ok()
    waiting = [shared.amana("police", "correct", parked, shared.example("correction", changes=[])).ok().says("waits").id,
               shared.amana("police", "hold", parked, *HOLD).ok().says("waits").id,
               shared.amana("police", "erase", parked, *ERASE).ok().says("waits").id]
    assert not entry_of(shared, "HELD", parked) and not entry_of(shared, "ERASED", parked)
    for message in waiting:
        shared.amana("chief", "release", message, "--yes").ok().says("released")
    assert entry_of(shared, "HELD", parked) and not entry_of(shared, "ERASED", parked)  # the court's order came first


def test_what_every_holder_must_do_reaches_the_unit_that_released_it_too(shared):
    """Saves from what should never have been held and stays readable with who signed it."""
    world = shared
    sent = world.amana("police", "send", alert(world, case_ref="ke/dci/2026/004715", releasing="ke/dci/headquarters")).ok().id
    world.amana("headquarters", "release", sent, "--yes").ok()
    for desk in ("headquarters", "police", "post"):
        world.amana(desk, "inbox").ok()
    assert "Yusuf" in json.dumps(world.body("headquarters", sent))
    corrected = world.amana("police", "correct", sent, world.example("correction", changes=[])).ok().id
    erased = world.amana("police", "erase", sent, *ERASE).ok().id
    for order in (corrected, erased):
        world.amana("chief", "release", order, "--yes").ok().says("must confirm  ke/dci/headquarters by 20", "must confirm  et/ics/moyale by 20")
    world.amana("headquarters", "inbox").ok().says("to be acknowledged", f"to be confirmed: `amana confirm {erased[:13]} --outcome DONE --remark TEXT`")
    world.amana("headquarters", "confirm", corrected, "--outcome", "DONE", "--remark", "Mended.").ok()
    world.amana("headquarters", "confirm", erased, "--outcome", "DONE", "--remark", "Gone.", "--yes").ok().says("1 message of this store was erased")
    assert world.body("headquarters", sent) is None
    world.amana("police", "inbox").ok()
    for order in (corrected, erased):
        world.amana("police", "status", order).ok().says("ke/dci/headquarters", "confirmed")
    # Nobody new learns of a return by it.
    sent = world.amana("police", "send", alert(world, case_ref="ke/dci/2026/004718", releasing="ke/dci/headquarters", purpose="RETURN_AND_REINTEGRATION",
                                               consent="GIVEN", flags__protection="NO")).ok().id
    world.amana("headquarters", "release", sent, "--yes").ok()
    world.amana("police", "inbox").ok()
    world.amana("chief", "release", world.amana("police", "correct", sent, world.example("correction")).ok().id, "--yes").ok().says("ke/dci/headquarters")
    # So does an end that has it erased.
    sent = world.amana("police", "send", alert(world, case_ref="ke/dci/2026/004716", releasing="ke/dci/headquarters")).ok().id
    world.amana("headquarters", "release", sent, "--yes").ok()
    for desk in ("headquarters", "police"):
        world.amana(desk, "inbox").ok()
    cancel = world.amana("police", "cancel", sent, "--outcome", "SENT_IN_ERROR", "--reason", "The wrong man.", "--instructions", "Let him go.", "--yes").ok().id
    world.amana("chief", "release", cancel, "--yes").ok().says("ke/dci/headquarters")
    world.amana("headquarters", "inbox").ok().says(f"to be erased: `amana confirm {cancel[:13]} --outcome DONE --remark TEXT`")
    world.amana("headquarters", "confirm", cancel, "--outcome", "DONE", "--remark", "Gone.", "--yes").ok().says("1 message of this store was erased")
    assert world.body("headquarters", sent) is None
    world.amana("police", "inbox").ok()
    world.amana("police", "status", cancel).ok().says("ke/dci/headquarters", "confirmed")


def test_the_body_is_sealed_to_the_releasing_unit_too(shared, pb):
    police = r.Raw(shared, pb)
    header = police.header(release=2, case_ref=CASE)
    header.sender.roster, header.releasing.unit, header.releasing.roster = 2, "ke/dci/headquarters", 1
    keys = [shared.path(d, "keys", "seal.pem") for d in ("post", "ke-protection", "et-protection", "police", "chief")]
    with police.channel() as channel:
        with pytest.raises(r.Refused) as refusal:
            police.call(channel, "Relay/Park", police.message(header, body=police.body(header, certificates=keys)), pb("audit").ProvedEntry)
        assert b"sealed_body" in refusal.value.of(Code.INVALID_ARGUMENT, "NOT_SEALED_TO_ALL").packed
        keys.append(shared.path("headquarters", "keys", "seal.pem"))
        police.call(channel, "Relay/Park", police.message(header, body=police.body(header, certificates=keys)), pb("audit").ProvedEntry)
    shared.amana("headquarters", "send-back", header.id, "--reason", "SENT_IN_ERROR").ok()


def test_a_supervisor_of_another_unit_that_policy_names_releases_what_it_may_not_even_write_to(shared):
    parked = shared.amana("police", "send", alert(shared, releasing="ke/dci/headquarters")).ok().says("waits").id
    shared.amana("headquarters", "pending").ok().says(parked[:13], "Yusuf Adan")
    shared.amana("chief", "release", parked, "--yes").exits(66)  # its own supervisor was not asked
    shared.amana("headquarters", "release", parked, "--yes").ok().says("released")
    shared.amana("post", "inbox").ok().says(parked[:13])
    shared.amana("post", "show", parked).ok().says("Yusuf Adan")
    assert not shared.path("post", "store", "alarms").exists()


def test_a_batch_signature_never_releases(shared, pb):
    parked = park(shared)
    chief = Second(shared, pb, "chief")
    waiting = chief.waiting(parked)
    batch = b"amana-batch-v1\n" + (1).to_bytes(8, "big") + hashlib.sha256(waiting.header).digest()
    with pytest.raises(r.Refused) as refusal:
        chief.release(parked, waiting.header, r.sign(batch, chief.raw.keys / "officer.pem", chief.raw.keys / "officer.key"))
    refusal.value.of(Code.INVALID_ARGUMENT, "SIGNATURE_INVALID")
    sent = deferred(shared)
    waiting = chief.waiting(sent)
    with pytest.raises(r.Refused) as refusal:
        chief.release(sent, waiting.header, r.sign(batch, chief.raw.keys / "officer.pem", chief.raw.keys / "officer.key"))
    refusal.value.of(Code.INVALID_ARGUMENT, "SIGNATURE_INVALID")
    shared.amana("chief", "pending").ok().says(parked[:13], sent[:13])
    shared.amana("chief", "release", sent, "--yes").ok()


# --- What may go wrong
def test_of_two_that_are_parked_under_one_id_each_is_found_by_its_digest(shared, pb):
    """Two devices of a unit may have used the same id; the supervisor's word is about one of them."""
    police, chief, relay = r.Raw(shared, pb), r.Raw(shared, pb, "chief", "ke/dci/transnational", "kdci-0001"), pb("relay")
    keys = [shared.path(d, "keys", "seal.pem") for d in ("post", "ke-protection", "et-protection", "police", "chief")]

    def parked(desk, releasing, *more, **changes):
        header = desk.header(release=2, case_ref=CASE, **changes)
        header.sender.roster, header.releasing.unit, header.releasing.roster = 2, *releasing
        message = desk.message(header, body=desk.body(header, certificates=[*keys, *more]))
        with desk.channel() as channel:
            desk.call(channel, "Relay/Park", message, pb("audit").ProvedEntry)
        return header.id, message
    id, other = parked(chief, ("ke/dci/headquarters", 1), shared.path("headquarters", "keys", "seal.pem"),
                       device="amana://ke/dci/transnational/device/d2")
    _, message = parked(police, ("ke/dci/transnational", 2), id=id)
    second = Second(shared, pb, "chief")
    second.release(id, message.header, second.signed_too(message, "chief"))
    with police.channel() as channel:
        rows = police.call(channel, "Relay/Status", relay.StatusRequest(ids=[id]), relay.StatusResponse).messages
    states = {row.header_digest: relay.ReleaseState.Code.Name(row.release) for row in rows}
    assert states == {hashlib.sha256(message.header).digest(): "RELEASED", hashlib.sha256(other.header).digest(): "PENDING_RELEASE"}
    shared.amana("headquarters", "send-back", id, "--reason", "SENT_IN_ERROR").ok()


def test_a_second_attempt_to_park_gets_the_first_ones_proof(shared, pb):
    police = r.Raw(shared, pb)
    header = police.header(release=2, case_ref=CASE)
    header.sender.roster, header.releasing.unit, header.releasing.roster = 2, police.unit, 2
    keys = [shared.path(d, "keys", "seal.pem") for d in ("post", "ke-protection", "et-protection", "police", "chief")]
    message = police.message(header, body=police.body(header, certificates=keys))
    with police.channel() as channel:
        first = police.call(channel, "Relay/Park", message, pb("audit").ProvedEntry)
        assert police.call(channel, "Relay/Park", message, pb("audit").ProvedEntry) == first
        assert police.call(channel, "Relay/Send", message, pb("audit").ProvedEntry) == first
        header.urgency_reason = 1
        other = police.message(header, body=police.body(header, certificates=keys))
        with pytest.raises(r.Refused) as refusal:
            police.call(channel, "Relay/Send", other, pb("audit").ProvedEntry)
    refusal.value.of(Code.ALREADY_EXISTS, "ID_REUSED")
    # Its body is nothing that a desk can open: it is not released.
    shared.amana("chief", "release", header.id, "--yes").exits(1, 65, 76).says("was not released")
    shared.amana("chief", "send-back", header.id, "--reason", "SENT_IN_ERROR").ok()


def test_two_releases_at_once_send_one_message(shared):
    parked = park(shared)
    both = [shared.watch("chief", "release", parked, "--yes")[0] for _ in range(2)]
    codes = [process.wait(w.PATIENCE) for process in both]
    assert 0 in codes and set(codes) <= {0, 66}
    assert len(entry_of(shared, "SUBMITTED", parked)) == 1 and len(entry_of(shared, "RELEASED", parked)) == 1


def test_what_waits_survives_a_restart_and_is_released_after_it_and_fsck_finds_nothing(shared):
    parked, returned = park(shared), park(shared)
    shared.amana("chief", "send-back", returned, "--reason", "INCOMPLETE").ok()
    shared.hub.stop()
    shared.amanad("fsck", "-d", "data").ok()
    shared.start_hub()
    shared.amana("chief", "pending").ok().says(parked[:13])
    shared.amana("chief", "release", parked, "--yes").ok()
    shared.amana("post", "inbox").ok().says(parked[:13])
    shared.hub.stop()
    shared.amanad("fsck", "-d", "data").ok()
    shared.start_hub()
    assert shared.replay()


# --- What waits while more becomes known
def test_a_supervisor_releases_nothing_to_a_state_that_its_person_may_have_fled_as_is_known_by_now(shared):
    """The hub sees no person: in another case it was said after this was parked, and before it left."""
    known = {**PERSON, "birth": {"date": "1991-03-04"}, "age": None}
    parked = park(shared, case_ref="ke/dci/2026/004795", alert__persons=[known])
    fled = {"child": False, "protection": "YES", "never_tell": ["et"]}
    said = {"title": "At the shelter", "text": "x", "persons": [{**known, "roles": ["PRESUMED_VICTIM"], "actions": []}]}
    shared.amana("police", "send", shared.write("NOTE", said, case_ref="ke/dci/2026/004796", flags=fled, recipients=[
        {"unit": "ke/dcs/child-protection", "part": "ACTION"}])).ok()
    shared.amana("chief", "inbox").ok()
    shared.amana("chief", "release", parked, "--yes").exits(77).says("known from case ke/dci/2026/004796", "may have fled et",
                                                                     f"amana send-back {parked[:13]} --reason RISK_TO_PERSON")
    shared.amana("chief", "send-back", parked, "--reason", "RISK_TO_PERSON").ok()


def test_what_a_listed_state_may_get_is_released_to_it(empty_world):
    world, case = empty_world, "ke/dci/2026/004211"
    world.supervisor()
    world.path("policy.conf").write_text('release { kinds = {"RESPONSE"} from = "ke/dci/*" to = "*/*/*" }\n')
    conf = world.path("amanad.conf")
    conf.write_text('policy = "policy.conf"\n' + conf.read_text())
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    world.alert_at("post")
    asked = world.send("post", world.write("REQUEST", {"title": "Who is she?", "information": ["Her name."], "reason": "x", "available_because": "x"},
                                           case_ref=case, recipients=[{"unit": "ke/dci/transnational", "part": "ACTION"}]))
    world.send("police", world.write("NOTE", {"title": "At the shelter", "text": "x"}, case_ref=case, recipients=[
        {"unit": "ke/dcs/child-protection", "part": "ACTION"}], flags={"child": False, "protection": "YES", "never_tell": ["et"]}))
    for desk in ("police", "chief"):
        world.amana(desk, "inbox").ok()
    none = world.amana("police", "answer", asked, "--outcome", "NO_DATA", "--summary", "None.").ok().says("a supervisor").id
    world.amana("chief", "release", none, "--yes").ok()
    world.amana("post", "inbox").ok().says("RESPONSE")


# --- What can't wait
def deferred(world, **changes):
    return world.amana("police", "send", alert(world, release="DEFERRED", urgency="U1", urgency_reason="LIFE_AT_RISK", **changes)).ok().says(
        "accepted", "to sign   a supervisor of ke/dci/").id


def test_a_deferred_release_goes_first_and_is_signed_after(shared):
    sent = deferred(shared)
    shared.amana("post", "inbox").ok().says(sent[:13], f"signed it yet; to be acknowledged: `amana ack {sent[:13]}`")
    shared.amana("chief", "pending").ok().says(sent[:13], "sent already, to be signed by 20")
    shared.amana("chief", "release", sent, "--yes").ok().says("released")
    shared.amana("post", "inbox").ok().says(f"released    {sent[:13]} by kdci-0001")
    assert "UNRELEASED" not in shared.amana("post", "show", sent).ok().out
    [released] = entry_of(shared, "RELEASED", sent)
    assert released["released"]["deferred"] and released["released"]["signature"]
    shared.amana("chief", "pending").ok()
    assert sent[:13] not in shared.amana("chief", "pending").out


@pytest.mark.parametrize("purpose", ["INVESTIGATION", "RETURN_AND_REINTEGRATION"])
def test_a_deferred_release_that_is_sent_back_is_taken_back_by_the_supervisor_alone(shared, purpose):
    sent = deferred(shared, purpose=purpose, consent="GIVEN")
    shared.amana("post", "inbox").ok()
    shared.amana("chief", "send-back", sent, "--reason", "SENT_IN_ERROR").ok().says("sent back")
    shared.amana("post", "inbox").ok().says("CANCEL")
    shared.amana("post", "show", sent).ok().says("UNRELEASED: sent back by kdci-0001: SENT_IN_ERROR", "ended by")
    cancel = next(e for e in shared.replay() if e.get("header", {}).get("kind") == "CANCEL" and e["header"]["in_reply_to"]["id"] == sent)
    assert cancel["header"]["officer"].endswith("/kdci-0001") and cancel["header"]["outcome"] == "SENT_IN_ERROR"


def test_a_supervisor_of_another_unit_that_policy_names_takes_back_what_it_does_not_release(shared):
    sent = deferred(shared, releasing="ke/dci/headquarters")
    shared.amana("post", "inbox").ok().says(sent[:13])
    shared.amana("headquarters", "send-back", sent, "--reason", "RISK_TO_PERSON").ok().says("sent back")
    shared.amana("post", "inbox").ok().says("CANCEL")
    shared.amana("post", "show", sent).ok().says("UNRELEASED: sent back by kdci-0002: RISK_TO_PERSON", "ended by")
    cancel = next(e for e in shared.replay() if e.get("header", {}).get("kind") == "CANCEL" and e["header"]["in_reply_to"]["id"] == sent)
    assert cancel["header"]["officer"] == "amana://ke/dci/headquarters/officer/kdci-0002"
    shared.amana("police", "inbox").ok().says("CANCEL")
    shared.amana("police", "status", sent).ok().says("sent back by kdci-0002", "stopping")
    shared.amana("post", "ack", cancel["header"]["id"]).ok()
    for desk in ("post", "police"):
        shared.amana(desk, "confirm", cancel["header"]["id"], "--outcome", "DONE", "--remark", "erased", "--yes").ok()
        assert shared.body(desk, sent) is None
    shared.amana("headquarters", "inbox").ok()
    shared.amana("headquarters", "status", cancel["header"]["id"]).ok().says("confirmed")
    shared.amana("police", "status", sent).ok().says("stopped")


@pytest.mark.parametrize("knows", [True, False], ids=["as its desk knows", "as the hub alone knows"])
def test_what_went_first_is_taken_back_though_its_case_is_kept_from_one_who_has_it_by_now(shared, knows):
    """Saves from an alert that a second person did not release and that goes on at all, because one may not hear of its end."""
    case = f"ke/dci/2026/00479{int(knows)}"
    both = [{"unit": unit, "part": "ACTION"} for unit in ("et/ics/moyale", "ke/dcs/child-protection")]
    sent = deferred(shared, case_ref=case, recipients=both)
    fled = shared.write("NOTE", {"title": "At the shelter", "text": "He asked for asylum."}, case_ref=case, recipients=both[1:],
                        flags={"child": False, "protection": "YES", "never_tell": ["et"]})
    for desk in ("ke-protection", "post"):
        shared.amana(desk, "inbox").ok()
    shared.amana("police" if knows else "ke-protection", "send", fled).ok()
    shared.amana("chief", "inbox").ok()
    shared.amana("chief", "send-back", sent, "--reason", "FACT_WRONG").ok().says("left out: et/ics/moyale", f"{sent[:13]} is ended: CANCEL")
    for desk, ends in (("ke-protection", True), ("post", False)):
        shared.amana(desk, "inbox").ok()
        assert ("ended by" in shared.amana(desk, "show", sent).ok().out) == ends


def test_a_deferred_update_that_is_sent_back_ends_the_alert(shared):
    parked = park(shared)
    shared.amana("chief", "release", parked, "--yes").ok()
    shared.amana("police", "inbox").ok()
    newer = shared.amana("police", "update", parked, alert(shared, "newer.json", release="DEFERRED", urgency="U1", urgency_reason="LIFE_AT_RISK")).ok().id
    shared.amana("chief", "inbox").ok()
    shared.amana("chief", "send-back", newer, "--reason", "FACT_WRONG").ok()
    shared.amana("post", "inbox").ok().says("CANCEL")
    shared.amana("police", "status", parked).ok().says("stopping")


def test_a_deferred_referral_or_request_that_is_sent_back_is_withdrawn_and_of_what_nothing_ends_the_supervisor_is_told(shared):
    request = dict(classification="CONFIDENTIAL", release="DEFERRED", urgency="U1", urgency_reason="LIFE_AT_RISK")
    asked = shared.amana("police", "send", shared.write("REQUEST", {"title": "Where is he", "information": ["where he is"], "reason": "x", "available_because": "x"}, **request)).ok().id
    shared.amana("post", "inbox").ok()
    shared.amana("chief", "send-back", asked, "--reason", "DISPROPORTIONATE").ok()
    shared.amana("post", "inbox").ok().says("WITHDRAW")
    shared.amana("police", "status", asked).ok().says("withdrawn")
    note = shared.amana("police", "send", shared.write("NOTE", {"title": "A note", "text": "x"}, **request)).ok().id
    shared.amana("chief", "send-back", note, "--reason", "DISPROPORTIONATE").ok().says("nothing ends it")


def offered_abroad(world, release, **changes):
    """A referral to the protection units of two countries; the desks have fetched it where it went."""
    body = json.loads(world.path(world.example("referral")).read_text())["referral"]
    to = [{"unit": unit, "part": "ACTION"} for unit in ("ke/dcs/child-protection", "et/mowsa/protection")]
    draft = world.write("REFERRAL", body, recipients=to, case_ref=CASE, purpose="PROTECTION", flags={"child": True, "protection": "NO"},
                        consent="GUARDIAN", release=release, **changes)
    sent = world.amana("police", "send", draft).ok().id
    if release == "REQUIRED":
        world.amana("chief", "release", sent, "--yes").ok()
    for desk in ("police", "ke-protection", "et-protection"):
        world.amana(desk, "inbox").ok()
    return sent


def lives(world, desk, message):
    said = world.amana(desk, "--json", "status", message).ok().json[0]["state"]["recipients"]
    return {to["unit"]: to.get("life") for to in said}


def test_consent_is_withdrawn_from_all_also_where_one_offer_was_accepted_and_the_other_taken_back(shared):
    offered = offered_abroad(shared, "REQUIRED")
    shared.amana("ke-protection", "accept", offered, "--contact", "Child desk", "--services", "SHELTER").ok()
    command = f"amana withdraw {offered[:13]} --to et/mowsa/protection"
    shared.amana("police", "inbox").ok().says(command)
    shared.amana("police", *command.split()[1:], "--reason", "A place was found.").ok()
    gone = shared.amana("police", "withdraw", offered, "--outcome", "CONSENT_WITHDRAWN", "--reason", "She does not want it.",
                        "--withdrawn-at", "2026-11-27T10:00:00Z", "--yes").ok().id
    assert set(lives(shared, "police", offered).values()) == {"WITHDRAWN"}
    for desk in ("ke-protection", "et-protection"):
        shared.amana(desk, "inbox").ok().says("to be erased")
        shared.amana(desk, "confirm", gone, "--outcome", "DONE", "--remark", "The file is closed.", "--yes").ok()
        assert shared.body(desk, offered) is None
    shared.amana("police", "withdraw", offered, "--outcome", "CONSENT_WITHDRAWN", "--reason", "x", "--withdrawn-at",
                 "2026-11-27T10:00:00Z", "--yes").exits(77).says("its state is WITHDRAWN")


CLOSED = ("close", "--outcome", "NO_CONTACT", "--summary", "She can't be found.")


def test_the_sender_closes_what_one_has_accepted_though_another_has_not(shared):
    offered, second = offered_abroad(shared, "REQUIRED"), offered_abroad(shared, "REQUIRED")
    for referral in (offered, second):
        shared.amana("ke-protection", "accept", referral, "--contact", "Child desk", "--services", "SHELTER").ok()
    shared.amana("police", "inbox").ok()
    shared.amana("police", *CLOSED, offered).ok().says("left out: et/mowsa/protection, where its state is OFFERED")
    shared.amana("police", *CLOSED, second, "--to", "et/mowsa/protection").exits(77).says("its state is OFFERED")
    close = shared.amana("police", *CLOSED, second, "--to", "ke/dcs/child-protection").ok().id
    assert shared.amana("police", "--json", "show", close).ok().json[0]["header"]["recipients"][0]["unit"] == "ke/dcs/child-protection"
    for referral in (offered, second):
        assert lives(shared, "police", referral) == {"ke/dcs/child-protection": "CLOSED", "et/mowsa/protection": "OFFERED"}


DEFERRED = {"urgency": "U1", "urgency_reason": "LIFE_AT_RISK"}


def test_a_referral_that_goes_first_and_is_sent_back_is_taken_from_whom_it_is_still_open_to(shared):
    offered = offered_abroad(shared, "DEFERRED", **DEFERRED)
    shared.amana("ke-protection", "decline", offered, "--reason", "The house is full.").ok()
    shared.amana("chief", "send-back", offered, "--reason", "RISK_TO_PERSON").ok().says("sent back", f"{offered[:13]} is ended: WITHDRAW")
    assert lives(shared, "police", offered) == {"ke/dcs/child-protection": "DECLINED", "et/mowsa/protection": "WITHDRAWN"}
    shared.amana("et-protection", "inbox").ok().says("WITHDRAW")


def test_send_back_does_not_end_well_where_what_went_first_could_not_be_taken_back(shared):
    offered = offered_abroad(shared, "DEFERRED", **DEFERRED)
    for desk in ("ke-protection", "et-protection"):
        shared.amana(desk, "decline", offered, "--reason", "The house is full.").ok()
    said = shared.amana("chief", "send-back", offered, "--reason", "RISK_TO_PERSON").exits(77).says(
        "sent back", "its state is DECLINED", f"{offered[:13]} has been sent, and its WITHDRAW is not taken: it stands as before")
    stays = re.search(r"(\S+) was refused and stays in the outbox", said.err)[1]
    shared.amana("chief", "drop", stays, "--yes").ok()


def test_a_unit_needs_no_grant_towards_who_releases_for_it(empty_world):
    """Saves from an alert that can't even be parked, since its unit may write abroad alone."""
    world = empty_world
    world.supervisor()
    headquarters(world)
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    headquarters_join(world)
    world.amana("ke-registry", "admin", "grant", "add", "ke/dci/transnational", "--kinds", "ALERT", "--to", "et/*/*").ok()
    world.amana("ke-registry", "admin", "grant", "remove", "ke/dci/transnational", "1", "--yes").ok()
    sent = world.amana("police", "send", alert(world, releasing="ke/dci/headquarters")).ok().says("waits").id
    world.amana("headquarters", "release", sent, "--yes").ok()
    for desk in ("headquarters", "police"):
        world.amana(desk, "inbox").ok()
    erased = world.amana("police", "erase", sent, *ERASE).ok().id
    world.amana("chief", "release", erased, "--yes").ok().says("must confirm  ke/dci/headquarters")
    world.amana("police", "send", world.write("NOTE", {"title": "x", "text": "x"}, recipients=[{"unit": "ke/dci/headquarters", "part": "ACTION"}])).exits(77)
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok()


# --- On a clock that is moved
@pytest.fixture
def timed(template, tmp_path):
    if not w.moves_time():
        pytest.skip("this build's time can't be moved")
    w.copy_folder(template, tmp_path / "world")
    world = w.World(tmp_path / "world")
    world.supervisor()
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    yield world
    world.end()


def test_what_nobody_releases_rings_again_and_lapses_after_a_day(timed):
    parked = park(timed)
    _, ring = timed.watch("chief", "inbox", "--follow")
    ring.wait(f"to release .*{parked[:13]}")
    timed.later(hours=1, minutes=1)  # U3: four hours to take it on
    ring.wait(f"to release  {parked[:13]} still waits")
    timed.later(hours=23)
    ring.wait(f"lapsed .*{parked[:13]}")
    timed.amana("police", "inbox").ok().says("lapsed", parked[:13])
    timed.amana("police", "sent").ok().says("nobody released it in time")
    timed.amana("chief", "release", parked, "--yes").exits(66)
    assert entry_of(timed, "RETURNED", parked)[0]["returned"]["lapsed"]
    timed.hub.stop()
    timed.amanad("fsck", "-d", "data").ok()


def test_a_unit_that_left_two_unsigned_defers_no_more_for_thirty_days(timed):
    _, told = timed.watch("post", "inbox", "--follow")
    first = deferred(timed)
    timed.later(minutes=31)
    told.wait(f"lapsed .*{first[:13]}")
    second = deferred(timed)
    timed.later(minutes=31)
    told.wait(f"lapsed .*{second[:13]}")
    third = alert(timed, release="DEFERRED", urgency="U1", urgency_reason="LIFE_AT_RISK")
    timed.amana("police", "send", third).exits(77).says("RELEASE_REQUIRED", "two that this unit deferred")
    timed.hub.stop()
    timed.amanad("fsck", "-d", "data").ok()
    timed.start_hub()
    timed.amana("police", "send", third).exits(77).says("RELEASE_REQUIRED")


def test_exercises_that_were_left_unsigned_take_no_right_to_defer(timed):
    _, told = timed.watch("post", "inbox", "--follow", "--exercise")
    for _ in range(2):
        drill = deferred(timed, status="EXERCISE")
        timed.later(minutes=31)
        told.wait(f"lapsed .*{drill[:13]}")
        assert not entry_of(timed, "RETURNED", drill)[0]["returned"].get("counted")
    deferred(timed)
    timed.hub.stop()
    timed.amanad("fsck", "-d", "data").ok()


def test_a_deferred_release_that_comes_late_is_an_alarm_and_recipients_see_both(timed):
    sent = deferred(timed)
    timed.amana("post", "inbox").ok()
    _, told = timed.watch("post", "inbox", "--follow")
    timed.later(minutes=31)
    told.wait(f"lapsed .*{sent[:13]}")
    timed.amana("post", "show", sent).ok().says("UNRELEASED: nobody released it in time")
    assert entry_of(timed, "ALARM", sent)[0]["alarm"]["what"] == "UNRELEASED"
    timed.amana("chief", "release", sent, "--yes").ok()
    told.wait(f"released .*{sent[:13]}")
    assert "UNRELEASED" not in timed.amana("post", "show", sent).ok().out
    assert entry_of(timed, "ALARM", sent)[-1]["alarm"]["what"] == "RELEASED_LATE"
    timed.hub.stop()
    timed.amanad("fsck", "-d", "data").ok()
