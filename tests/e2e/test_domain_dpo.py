# SPDX-License-Identifier: Apache-2.0
"""A data protection office: orders about what its country's units sent, without ever having received it."""
import pytest

ASKED = {"title": "Who registered KDA 417Q?", "information": ["owner", "address"], "reason": "A lorry of an alert.",
         "available_because": "It was entered in the post's register."}


@pytest.fixture(scope="module")
def world(offices):
    return offices


@pytest.fixture
def asked(world):
    asked = world.send(draft=world.write("REQUEST", ASKED))
    world.amana("post", "inbox").ok()
    return asked


WHY = ("--ground", "UNLAWFUL", "--reason", "The court of Marsabit said so.", "--yes")


def test_the_office_of_the_sender_s_country_has_a_message_erased_that_it_never_received(world, asked):
    erasure = world.amana("ke-protection", "erase", asked, *WHY).ok().says("et/ics/moyale").id
    for desk in ("police", "post"):
        world.amana(desk, "inbox").ok().says("ERASURE")
        world.amana(desk, "confirm", erasure, "--outcome", "DONE", "--remark", "Gone.").ok()
        assert world.body(desk, asked) is None
    world.amana("ke-protection", "inbox").ok()
    world.amana("ke-protection", "status", erasure).ok().says("confirmed by kdci-0417", "confirmed by eics-1207")
    entry = world.entries("ERASED")[-1]["erased"]
    assert entry["unit"] == "ke/dcs/child-protection" and entry["by"]["id"] == erasure
    why = [e["access"] for e in world.entries("ACCESS") if "child-protection" in e["access"]["identity"]]
    assert why[-1]["reason"] == "The court of Marsabit said so." and asked in why[-1]["query"]


def test_the_office_of_a_holder_s_country_destroys_nothing(world, asked):
    world.amana("et-protection", "erase", asked, *WHY).exits(77)
    assert world.body("post", asked) is not None


def test_an_id_of_nothing_is_named(world):
    world.amana("ke-protection", "erase", "01930000-0000-7000-8000-000000000000", *WHY).exits(66).says("no message")


def test_an_office_keeps_what_a_court_needs(world, asked):
    world.amana("ke-protection", "hold", asked, "--court", "High Court", "--order", "7/2026", "--date", "2026-11-27",
                "--scope", "All of it.", "--valid-until", "2030-01-01T00:00:00Z").ok()
    world.amana("police", "erase", asked, *WHY).ok()
    world.amana("police", "inbox").ok().says("HOLD")
    assert "ERASED" not in [e.get("kind") for e in world.replay("--message", asked)]


def test_who_is_no_office_asks_the_log_for_nothing(world, asked):
    world.amana("post", "erase", "01930000-0000-7000-8000-000000000000", *WHY).exits(77).says("not permitted")
