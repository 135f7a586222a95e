# SPDX-License-Identifier: Apache-2.0
"""A REFERRAL hands a victim over to protection and services: offered, accepted or declined, closed, withdrawn."""
import json

import pytest

SHELTER = [{"unit": "et/mowsa/protection", "part": "ACTION"}]


def draft(world, **changes):
    """The referral of the example from the post to its own country's protection unit, nobody named."""
    body = json.loads(world.path(world.example("referral")).read_text())["referral"]
    body["summary"] = "A girl of about twelve, found at the barrier; asks for shelter."
    del body["persons"][0]["names"]
    return world.write("REFERRAL", body, **{"recipients": SHELTER, "case_ref": "et/ics/2026/000077", "purpose": "PROTECTION",
                                            "flags": {"child": True, "protection": "NO"}, "consent": "GUARDIAN", **changes})


@pytest.fixture
def offered(world):
    offered = world.send("post", draft(world))
    world.amana("et-protection", "inbox").ok().says("REFERRAL", "asks for shelter")
    return offered


def test_a_referral_is_accepted_worked_on_and_closed(world, offered):
    world.amana("et-protection", "ack", offered).ok()
    world.amana("post", "status", offered).ok().says("offered by emow-0101", "to be answered by")
    world.amana("et-protection", "accept", offered, "--contact", "Protection desk", "--services", "SHELTER", "--reason", "A bed from tonight.").ok()
    world.amana("post", "inbox").ok().says("accepted: A bed from tonight.")
    world.amana("post", "status", offered).ok().says("accepted by emow-0101")
    world.amana("et-protection", "progress", offered, "--text", "She arrived.").ok()
    world.amana("et-protection", "close", offered, "--summary", "She lives with an aunt now.", "--services-given", "SHELTER").ok()
    world.amana("post", "inbox").ok().says("done: She lives with an aunt now.")
    world.amana("post", "status", offered).ok().says("closed by emow-0101")


def test_a_referral_is_declined_with_its_reason(world, offered):
    world.amana("et-protection", "decline", offered, "--reason", "The house is full.").ok()
    world.amana("post", "inbox").ok().says("declined: The house is full.")
    world.amana("post", "status", offered).ok().says("declined by emow-0101")
    world.amana("et-protection", "accept", offered, "--contact", "Protection desk").exits(77).says("DECLINED", "nothing moves it any more")


def test_a_referral_that_is_not_accepted_has_no_progress_and_no_end(world, offered):
    world.amana("et-protection", "progress", offered, "--text", "x").exits(77).says("OFFERED", "DECISION")
    world.amana("et-protection", "close", offered, "--summary", "x", "--services-given", "SHELTER").exits(77).says("OFFERED")


def test_either_side_closes_and_the_sender_may_withdraw(world, offered):
    world.amana("et-protection", "accept", offered, "--contact", "Protection desk").ok()
    world.amana("post", "close", offered, "--outcome", "PERSON_DECLINED", "--summary", "She went on by herself.").ok()
    said = world.amana("post", "status", offered).ok().says("closed, 20").out
    assert "emow-0101" not in said and "not proved" not in said, "it accepted, and did not close"
    second = world.send("post", draft(world))
    world.amana("post", "withdraw", second, "--reason", "Her family came.").ok()
    world.amana("post", "status", second).ok().says("withdrawn")


def test_a_referral_without_consent_is_not_sent(world):
    world.amana("post", "send", draft(world, consent="NOT_ASKED")).exits(65).says("consent", "GIVEN, GUARDIAN")
    world.amana("post", "send", draft(world, consent="VITAL_INTEREST")).exits(65).says("consent", "72 hours")


def test_a_referral_abroad_needs_a_second_person(world):
    abroad = [{"unit": "ke/dcs/child-protection", "part": "ACTION"}, {"unit": "et/mowsa/protection", "part": "COPY"}]
    world.amana("post", "send", draft(world, recipients=abroad)).exits(65).says("release", "second person")


def test_of_two_victims_of_a_case_each_has_offers_of_their_own(world):
    """Saves from taking back the place of one child because another has found hers."""
    def offer(**person):
        referral = json.loads(world.path(draft(world)).read_text())
        referral["referral"]["persons"][0].update(person)
        world.path("draft.json").write_text(json.dumps(referral))
        return world.send("post", "draft.json")
    one, other = offer(label="girl-1"), offer(label="girl-2")
    second, third = offer(label="girl-2"), offer(label="")
    world.amana("et-protection", "inbox").ok()

    def accepted(message):
        world.amana("et-protection", "accept", message, "--contact", "Protection desk", "--services", "SHELTER").ok()
        return world.amana("post", "inbox").ok()
    said = accepted(one).says(f"still has the offer {third[:13]}").out
    assert f"offer {other[:13]}" not in said and f"offer {second[:13]}" not in said, said
    said = accepted(other).says(f"still has the offer {second[:13]}").out  # hers is the first, whoever was accepted before
    assert f"offer {one[:13]}" not in said, said


def test_on_the_first_acceptance_the_other_offers_are_to_be_withdrawn(world, offered):
    other = world.send("post", draft(world))
    world.amana("et-protection", "accept", offered, "--contact", "Protection desk", "--services", "SHELTER").ok()
    world.amana("post", "inbox").ok().says(f"et/mowsa/protection still has the offer {other[:13]}",
                                           f"amana withdraw {other[:13]} --to et/mowsa/protection")
    world.amana("post", "withdraw", other, "--to", "et/mowsa/protection", "--reason", "A place was found.").ok()
    third = world.send("post", draft(world))
    world.amana("et-protection", "inbox").ok()
    world.amana("et-protection", "accept", third, "--contact", "Protection desk", "--services", "SHELTER").ok()
    assert "still has the offer" not in world.amana("post", "inbox").ok().out, "it isn't the first"
