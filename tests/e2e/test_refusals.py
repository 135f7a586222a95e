# SPDX-License-Identifier: Apache-2.0
"""What is refused says which field, what is allowed there, and what to do instead."""
import datetime

import pytest
import raw as r
from grpc import StatusCode as Code


ASKED = {"title": "Who registered KDA 417Q?", "information": ["owner"], "reason": "A lorry of an alert.",
         "available_because": "It was entered in the post's register."}


@pytest.fixture(scope="module")
def world(file_world):
    file_world.start_hub()
    return file_world


@pytest.fixture(scope="module")
def alert(world):
    return world.alert_at("post")


@pytest.fixture(scope="module")
def police(world, pb):
    return r.Raw(world, pb)


def refused(police, header, code, reason, *texts):
    with pytest.raises(r.Refused) as error:
        police.send(police.message(header))
    error.value.of(code, reason)
    for text in texts:
        assert text in error.value.details, error.value.details


def test_who_received_an_alert_and_would_cancel_it_hears_who_may_and_what_it_can_do(world, alert):
    world.amana("post", "cancel", alert, "--outcome", "RESOLVED", "--reason", "found").exits(65).says(
        "came from ke/dci/transnational", "`amana cancel` is for its sender alone", "`amana cannot`", "`amana note`")


def test_who_sent_an_alert_and_would_acknowledge_it_hears_who_may_and_what_it_can_do(world, alert):
    result = world.amana("police", "ack", alert).exits(65)
    result.says("was sent by this unit", "is for who received it", "`amana update`", "`amana cancel`")
    assert "`amana ack`," not in result.err


def test_a_verb_that_does_not_answer_this_kind_says_which_do(world, alert):
    world.amana("post", "accept", alert, "--contact", "the desk").exits(65).says(
        "kind ALERT", "`amana accept` answers: REFERRAL", "`amana hit`")


def test_an_answer_that_carries_something_else_hears_what_its_root_has(world, alert):
    for field, other, must in [("purpose", "PROSECUTION", "must be INVESTIGATION"), ("legal_basis", "COURT_ORDER", "must be PALERMO_PROTOCOL"),
                               ("case_ref", "ke/dci/2026/009999", "must be ke/dci/2026/004211"), ("status", "TEST", "must be ACTUAL"),
                               ("classification", "BASIC", "must be RESTRICTED")]:
        draft = world.draft("update.json", **{field: other})
        world.amana("police", "update", alert, draft).exits(65).says(f"{field}: ", must)


def test_a_kind_that_is_for_who_must_act_is_refused_to_a_reader_by_that_word(world, alert):
    world.amana("et-protection", "inbox").ok()
    world.amana("et-protection", "hit", alert, world.example("hit")).exits(65).says(
        "a COPY of", "`amana hit` is for those whom it asks to act", "amana note")


def test_a_field_that_is_missing_is_said_to_be_needed_and_what_for(world):
    world.amana("police", "send", world.write("NOTE", {"title": "Later"})).exits(65).says("note.text: line ", "is needed: the note")


def test_the_purpose_of_protection_to_a_police_unit_says_to_whom_it_goes(world):
    world.amana("police", "send", world.draft(purpose="PROTECTION")).exits(77).says(
        "recipients[0].unit", "PROTECTION goes only to protection units", "leave et/ics/moyale out", "PURPOSE_MISMATCH")


def test_a_move_that_a_life_lacks_says_the_state_what_is_open_and_to_whom(world):
    request = world.amana("police", "send", world.write("REQUEST", ASKED)).ok().id
    world.amana("post", "inbox").ok()
    world.amana("post", "answer", request, "--outcome", "FULL", "--summary", "Nobody of that name.").ok()
    world.amana("post", "progress", request, "--text", "still looking").exits(77).says(
        "STATE_FORBIDS", "its state is ANSWERED", "open to ke/dci/transnational, who sent it: none", "to who must act on it: RESPONSE")


def test_what_no_client_of_ours_would_send_hears_what_to_do(world, alert, police):
    stranger = "amana://ke/dci/transnational/officer/kdci-9999"
    refused(police, police.header(officer=stranger), Code.PERMISSION_DENIED, "NOT_ON_ROSTER", "officer", stranger, "registrar")
    old = police.header()
    old.written_at.FromDatetime(datetime.datetime.utcnow() - datetime.timedelta(days=31))
    refused(police, old, Code.FAILED_PRECONDITION, "TOO_OLD", "written_at", "30 days", "write it anew")
    other = police.header()
    other.references.add(id=alert, header_digest=bytes(32))
    refused(police, other, Code.FAILED_PRECONDITION, "REFERENCE_MISMATCH", "references[0]", "SHA-256 of the header")


def test_a_quota_that_is_used_up_says_whose_it_is_and_how_much_it_is(limited, pb):
    world = limited(requests_per_second=1)
    police = r.Raw(world, pb)
    with police.channel() as channel:
        ask = [lambda: police.call(channel, "Audit/Checkpoint", pb("audit").CheckpointRequest(), pb("audit").Checkpoint)] * 20
        with pytest.raises(r.Refused) as error:
            for one in ask:
                one()
    error.value.of(Code.RESOURCE_EXHAUSTED, "QUOTA").of(Code.RESOURCE_EXHAUSTED, "google.rpc.QuotaFailure")
    error.value.of(Code.RESOURCE_EXHAUSTED, "amana://ke/dci/transnational/device/d1").of(Code.RESOURCE_EXHAUSTED, "google.rpc.RetryInfo")
    assert "at most 1 requests a second" in error.value.details


def test_a_message_for_protection_is_assigned_within_the_unit_that_sent_it(world):
    note = world.write("NOTE", {"title": "A girl", "text": "She needs a bed."}, purpose="PROTECTION",
                       recipients=[{"unit": "ke/dcs/child-protection", "part": "ACTION"}])
    sent = world.send(draft=note)
    world.amana("police", "assign", sent, "kdci-0417").ok()
