# SPDX-License-Identifier: Apache-2.0
"""A client that keeps to no rule meets them all at the hub: each that an envelope shows is broken once, and refused by
its reason; what the same client sends unbroken is taken."""
import os
import re

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

import raw as r

Code = grpc.StatusCode
RULE = Code.FAILED_PRECONDITION
DAY = 24 * 3600
POLICY = 'ceiling "et/mowsa/*" { classification = "BASIC" }\nretention "REQUEST" { days = 30 }\n'
POST, HOME, SHELTER = "et/ics/moyale", "ke/dcs/child-protection", "et/mowsa/protection"
NEAR = "et/ics/gambela"  # of the post's own agency


@pytest.fixture(scope="module")
def shared(file_world):
    world = file_world
    world.path("policy.conf").write_text(POLICY)
    conf = world.path("amanad.conf")
    conf.write_text('policy = "policy.conf"\n' + conf.read_text())
    world.supervisor("gambela", NEAR, "eics-2001", with_=None)
    world.start_hub()
    world.amana("et-registry", "admin", "member", "add", NEAR, "--role", "unit").ok()
    world.amana("et-registry", "admin", "roster", "add", "rosters/et.ics.gambela.roster").ok()
    return world


def at(seconds):
    now = Timestamp()
    now.GetCurrentTime()
    return Timestamp(seconds=now.seconds + seconds)


class Writer(r.Raw):
    """A desk's identity, to whom it writes, and the codes by their names."""

    def __init__(self, world, pb, desk, unit, officer, **to):
        super().__init__(world, pb, desk, unit, officer)
        self.to = to

    def code(self, name, value):
        return getattr(self.pb("code"), name).Code.Value(value)

    def write(self, kind="ALERT", to=None, child=False, protection="NO", never_tell=(), **changes):
        """Sends it. Codes stand there by their names; the message as it was sent, for what answers it."""
        desks = {POST: "post", HOME: "ke-protection", SHELTER: "et-protection", NEAR: "gambela", "ke/dci/transnational": "police"}
        self.RECIPIENTS = {unit: (desks[unit], 1 if n == 0 else 2) for n, unit in enumerate(to or [POST, HOME])}
        self.sealed = {}
        lists = {"kind": "Kind", "subject_kind": "SubjectKind", "outcome": "Outcome", "urgency": "Urgency", "urgency_reason": "UrgencyReason",
                 "classification": "Classification", "purpose": "Purpose", "legal_basis": "LegalBasis", "consent": "Consent",
                 "release": "Release"}
        changes = {"urgency": "U3", "urgency_reason": 0, **changes, "kind": kind}
        coded = {field: self.code(lists[field], value) if isinstance(value, str) and field in lists else value
                 for field, value in changes.items()}
        alert = kind in ("ALERT", "UPDATE")
        header = self.header(**{**({} if alert else {"subject_kind": 0, "source_eval": 0, "info_eval": 0}), **coded})
        if not alert and "valid_until" not in changes:
            header.ClearField("valid_until")
        flags = self.pb("message").Flags(salt=os.urandom(16), child=child, never_tell=never_tell,
                                         protection=self.code("Protection", protection) if protection else 0)
        message = self.message(header, flags=flags)
        self.send(message)
        return self.pb("message").Header.FromString(message.header), r.hashlib.sha256(message.header).digest()

    def answering(self, sent, **changes):
        header, digest = sent
        return {"in_reply_to": self.pb("message").Pointer(id=header.id, header_digest=digest), "retain_until": header.retain_until, **changes}


@pytest.fixture(scope="module")
def police(shared, pb):
    return Writer(shared, pb, "police", "ke/dci/transnational", "kdci-0417")


@pytest.fixture(scope="module")
def post(shared, pb):
    return Writer(shared, pb, "post", POST, "eics-1207")


REFERRAL = dict(kind="REFERRAL", to=[HOME], consent="GUARDIAN")
RETURN = dict(kind="NOTE", purpose="RETURN_AND_REINTEGRATION", consent="GIVEN")
URGENT = dict(urgency="U2", urgency_reason="LIFE_AT_RISK")
# What goes as it stands, and what is wrong with it: rule, what is written, what breaks it, status, reason, field.
BROKEN = {
    "3 a child, and nobody who protects": (dict(child=True), dict(to=[POST]), RULE, "CHILD_NEEDS_PROTECTION_UNIT", "recipients"),
    "3 a note on a child": (dict(kind="NOTE", child=True), dict(to=[POST]), RULE, "CHILD_NEEDS_PROTECTION_UNIT", "recipients"),
    "3 a child at risk, whatever the flags say": (URGENT, dict(to=[POST], urgency_reason="CHILD_AT_RISK"), RULE, "CHILD_NEEDS_PROTECTION_UNIT",
                                                  "recipients"),
    "4 the question is not answered": (dict(), dict(protection=""), RULE, "PROTECTION_UNANSWERED", "flags.protection"),
    "4 to whom it must not be told": (dict(protection="YES", never_tell=["er"]), dict(never_tell=["et"]), Code.PERMISSION_DENIED, "NOT_PERMITTED", None),
    "4 a copy to whom it must not be told": (dict(protection="YES", never_tell=["er"]), dict(never_tell=["ke"]), Code.PERMISSION_DENIED,
                                             "NOT_PERMITTED", None),
    "4 UNKNOWN, where nobody's life is at risk": (dict(protection="UNKNOWN", never_tell=["et"], **URGENT), dict(urgency_reason="TRANSIT_IMMINENT"),
                                                  Code.PERMISSION_DENIED, "NOT_PERMITTED", None),
    "5 an alert on a person": (dict(), dict(subject_kind="PERSON"), RULE, "RELEASE_REQUIRED", "release"),
    "5 an alert on a group": (dict(), dict(subject_kind="GROUP"), RULE, "RELEASE_REQUIRED", "release"),
    "5 what is confidential": (dict(kind="NOTE"), dict(classification="CONFIDENTIAL"), RULE, "RELEASE_REQUIRED", "release"),
    "5 a referral abroad": (REFERRAL, dict(to=[SHELTER], classification="BASIC"), RULE, "RELEASE_REQUIRED", "release"),
    "7 kept longer than the kind may be": (dict(kind="NOTE"), dict(retain_until=at(400 * DAY)), RULE, "RETENTION_TOO_LONG", "retain_until"),
    "7 kept longer than policy says": (dict(kind="REQUEST", retain_until=at(29 * DAY)), dict(retain_until=at(31 * DAY)), RULE,
                                       "RETENTION_TOO_LONG", "retain_until"),
    "7 kept for ever": (dict(), dict(retain_until=at(4 * 366 * DAY)), RULE, "RETENTION_TOO_LONG", "retain_until"),
    "an agreement that has no name": (dict(legal_basis="BILATERAL_AGREEMENT", agreement_ref="ke-et-2024"), dict(agreement_ref=""),
                                      Code.INVALID_ARGUMENT, "FIELD_INVALID", "agreement_ref"),
    "a ceiling": (dict(to=[SHELTER], classification="BASIC"), dict(classification="RESTRICTED"), RULE, "CLASSIFICATION_ABOVE_CEILING",
                  "classification"),
    "protection is for who protects": (dict(kind="NOTE", to=[HOME], purpose="PROTECTION"), dict(to=[POST]), RULE, "PURPOSE_MISMATCH",
                                       "recipients[0].unit"),
    "nobody is returned who may need protection": (RETURN, dict(protection="UNKNOWN", never_tell=["er"]), RULE, "PURPOSE_MISMATCH", "purpose"),
    "nobody is returned without consent": (RETURN, dict(consent=0), RULE, "CONSENT_REQUIRED", "consent"),
    "nobody is returned on a vital interest": (RETURN, dict(consent="VITAL_INTEREST"), RULE, "CONSENT_REQUIRED", "consent"),
    "a referral that nobody was asked about": (REFERRAL, dict(consent="NOT_ASKED"), RULE, "CONSENT_REQUIRED", "consent"),
    "a vital interest that can wait": ({**REFERRAL, **URGENT, "consent": "VITAL_INTEREST", "review_at": at(71 * 3600)},
                                       dict(urgency="U3", urgency_reason=0), RULE, "CONSENT_REQUIRED", "consent"),
    "a vital interest that nobody looks at again": ({**REFERRAL, **URGENT, "consent": "VITAL_INTEREST", "review_at": at(71 * 3600)},
                                                    dict(review_at=at(73 * 3600)), RULE, "CONSENT_REQUIRED", "consent"),
    "no reason to hurry": (URGENT, dict(urgency_reason=0), Code.INVALID_ARGUMENT, "FIELD_INVALID", "urgency_reason"),
    "to itself": (dict(), dict(to=["ke/dci/transnational"]), Code.INVALID_ARGUMENT, "FIELD_INVALID", "recipients"),
}


def refused(writer, code, reason, field, **written):
    with pytest.raises(r.Refused) as refusal:
        writer.write(**written)
    refusal.value.of(code, reason)
    if field:
        assert field.encode() in refusal.value.packed, f"{refusal.value.details}: {refusal.value.packed!r} has no {field}"
    return refusal.value


@pytest.mark.parametrize("case", BROKEN)
def test_a_rule_that_an_envelope_shows_holds_for_a_client_that_does_not_keep_it(police, case):
    good, change, code, reason, field = BROKEN[case]
    police.write(**{"case_ref": f"ke/dci/2026/{list(BROKEN).index(case) + 5000:06}", **good})
    said = refused(police, code, reason, field, **{"case_ref": f"ke/dci/2026/{list(BROKEN).index(case) + 6000:06}", **good, **change})
    if reason == "NOT_PERMITTED":  # it tells nothing
        assert not any(word in said.details.encode() + said.packed for word in (b"never_tell", b"flags", b"fled", b"shield"))


# --- Answers
def test_11_what_is_marked_is_passed_on_to_nobody_whom_its_sender_has_not_named(police, post):
    marked = police.write("NOTE", case_ref="ke/dci/2026/007001", handling=[1, 3], to=[POST])
    on = dict(kind="NOTE", case_ref="ke/dci/2026/007001")
    post.write(**on, **post.answering(marked), to=["ke/dci/transnational", HOME])
    refused(post, RULE, "HANDLING_FORBIDS", "recipients[0].unit", **on, **post.answering(marked), to=[NEAR])
    refused(post, RULE, "HANDLING_FORBIDS", "recipients[1].unit", **on, **post.answering(marked), to=["ke/dci/transnational", NEAR])
    pointer = post.answering(marked)["in_reply_to"]
    refused(post, RULE, "HANDLING_FORBIDS", "recipients[0].unit", **on, references=[pointer], retain_until=marked[0].retain_until, to=[NEAR])


def test_an_answer_carries_on_what_its_root_says_whoever_writes_it(police, post):
    asked = police.write("REQUEST", case_ref="ke/dci/2026/007002", retain_until=at(20 * DAY), to=[POST])
    answer = dict(kind="RESPONSE", outcome="FULL", case_ref="ke/dci/2026/007002", to=["ke/dci/transnational"])
    for change, code, reason, field in (
            (dict(purpose="PROSECUTION"), RULE, "PURPOSE_MISMATCH", "purpose"),
            (dict(legal_basis="COURT_ORDER"), Code.INVALID_ARGUMENT, "FIELD_INVALID", "legal_basis"),
            (dict(status=2), Code.INVALID_ARGUMENT, "FIELD_INVALID", "status"),
            (dict(classification="BASIC"), Code.INVALID_ARGUMENT, "FIELD_INVALID", "classification"),
            (dict(retain_until=at(19 * DAY)), Code.INVALID_ARGUMENT, "FIELD_INVALID", "retain_until"),
            (dict(outcome="RESOLVED"), Code.INVALID_ARGUMENT, "FIELD_INVALID", "outcome"),
            (dict(to=[NEAR]), Code.INVALID_ARGUMENT, "FIELD_INVALID", "recipients")):
        refused(post, code, reason, field, **{**answer, **post.answering(asked), **change})
    post.write(**answer, **post.answering(asked))


def test_what_can_not_be_asked_any_more_is_refused_with_the_unit_and_its_state(police, post):
    asked = police.write("REQUEST", case_ref="ke/dci/2026/007004", retain_until=at(20 * DAY), to=[POST, HOME])
    post.write("RESPONSE", outcome="FULL", case_ref="ke/dci/2026/007004", to=["ke/dci/transnational"], **post.answering(asked))
    said = refused(police, RULE, "STATE_FORBIDS", "open_moves", kind="CLARIFICATION", case_ref="ke/dci/2026/007004", to=[POST],
                   **police.answering(asked))
    text = said.packed.decode(errors="replace")
    for key, value in (("unit", POST), ("state", "ANSWERED")):
        assert re.search(rf"{key}\W+{value}\W", text), f"{key}: {text!r}"
    assert f"at {POST} its state is ANSWERED" in said.details


def test_who_has_a_copy_and_who_has_nothing_answers_nothing(police, post, shared, pb):
    alert = police.write(case_ref="ke/dci/2026/007003", to=[HOME, POST])
    ack = dict(kind="ACK", case_ref="ke/dci/2026/007003", to=["ke/dci/transnational"])
    refused(post, Code.PERMISSION_DENIED, "NOT_PERMITTED", "in_reply_to", **ack, **post.answering(alert))
    near = Writer(shared, pb, "gambela", NEAR, "eics-2001")
    near.device = "d2"
    stranger = refused(near, Code.PERMISSION_DENIED, "NOT_PERMITTED", None, **ack, **near.answering(alert), device=f"amana://{NEAR}/device/d2")
    assert b"ACK may be sent by" not in stranger.packed, "else it learns that the message is there"


# --- Every field of an alert's envelope
def test_each_field_of_an_envelope_is_missed_and_each_code_must_be_one_of_its_list(police, pb):
    header = pb("message").Header
    filled = {field.name for field, _ in police.header().ListFields()}
    made_last = {"flags_digest", "body_digest", "body_size", "body_commitment"}
    may_be_missed = {"urgency_reason", "log_seen", "handling"}  # the rules above; no checkpoint seen yet; no limit
    tried = 0
    police.RECIPIENTS, police.sealed = {POST: ("post", 1), HOME: ("ke-protection", 2)}, {}
    with police.channel() as channel:
        for field in header.DESCRIPTOR.fields:
            wrong = []
            if field.name in filled - made_last - may_be_missed:
                wrong.append(lambda h: h.ClearField(field.name))
            if field.enum_type and not field.label == field.LABEL_REPEATED:
                wrong.append(lambda h: setattr(h, field.name, 99))
            for spoil in wrong:
                letter = police.header(urgency=3, urgency_reason=0)
                spoil(letter)
                message = police.message(letter)
                with pytest.raises(r.Refused) as refusal:
                    police.send(message, channel)
                    print(field.name, "is taken")
                assert refusal.value.code in (Code.INVALID_ARGUMENT, Code.PERMISSION_DENIED, RULE), (field.name, refusal.value.details)
                said = refusal.value.packed
                assert field.name.encode() in said or field.name in ("sender", "device", "status"), (field.name, refusal.value.details)
                tried += 1
    assert tried >= 35, tried
