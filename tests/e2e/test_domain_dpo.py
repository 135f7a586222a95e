# SPDX-License-Identifier: Apache-2.0
"""A data protection office: orders about what its country's units sent, without ever having received it."""
import json

import pytest

import world as w

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
        world.amana(desk, "confirm", erasure, "--outcome", "DONE", "--remark", "Gone.", "--yes").ok()
        assert world.body(desk, asked) is None
    world.amana("ke-protection", "inbox").ok()
    world.amana("ke-protection", "status", erasure).ok().says("confirmed by kdci-0417", "confirmed by eics-1207")
    entry, *words = [e["erased"] for e in world.entries("ERASED") if e["erased"]["by"]["id"] == erasure]
    assert entry["unit"] == "ke/dcs/child-protection" and entry["bodies"]
    assert [(e["unit"], e["outcome"]) for e in words] == [("ke/dci/transnational", "DONE"), ("et/ics/moyale", "DONE")]
    why = [e["access"] for e in world.entries("ACCESS") if "child-protection" in e["access"]["identity"]]
    assert why[-1]["reason"] == "The court of Marsabit said so." and asked in why[-1]["query"]


def test_the_office_of_a_holder_s_country_destroys_nothing(world, asked):
    world.amana("et-protection", "erase", asked, *WHY).exits(77)
    assert world.body("post", asked) is not None


def test_an_id_of_nothing_is_named(world):
    world.amana("ke-protection", "erase", "01930000-0000-7000-8000-000000000000", *WHY).exits(66).says("no message")


def test_an_office_keeps_what_a_court_needs(world, asked):
    world.amana("ke-protection", "hold", asked, "--court", "High Court", "--order", "7/2026", "--date", "2026-11-27",
                "--scope", "All of it.", "--valid-until", w.FAR).ok()
    world.amana("police", "erase", asked, *WHY).ok()
    world.amana("police", "inbox").ok().says("HOLD")
    assert "ERASED" not in [e.get("kind") for e in world.replay("--message", asked)]


def reasons(world, desk):
    """The reasons of the readings that this desk is shown."""
    lines = [l for l in world.amana(desk, "--json", "access", "log", "--reason", "a look").ok().json if "kind" in l]
    assert {line["kind"] for line in lines} == {"ACCESS"} and all(line["verified"] for line in lines)
    return [line["content"]["access"]["reason"] for line in lines]


def test_an_office_sees_who_abroad_read_what_of_its_own_country_and_of_no_other(world, asked):
    inland = world.send("post", world.write("NOTE", {"title": "Of our own", "text": "x"}, case_ref="et/ics/2026/000001",
                                            recipients=[{"unit": "et/mowsa/protection", "part": "ACTION"}]))
    read = {"all of it": (), "the case of both": ("--case", "ke/dci/2026/004300"), "their case": ("--case", "et/ics/2026/000001"),
            "what was asked": ("--message", asked), "what was noted": ("--message", inland), "the post": ("--party", "et/ics/moyale"),
            "the post's own": ("--case", "et/ics/2026/000001", "--party", "et/ics/moyale"),
            "what isn't there": ("--case", "et/ics/2026/000777"), "nobody": ("--party", "et/mowsa/nobody")}
    for reason, filters in read.items():
        world.amana("auditor", "audit", "replay", "--reason", reason, *filters).ok()
    kenya, ethiopia = ([r for r in reasons(world, desk) if r in read] for desk in ("ke-protection", "et-protection"))
    assert kenya == ["all of it", "the case of both", "what was asked", "the post"]
    assert ethiopia == ["all of it", "the case of both", "their case", "what was asked", "what was noted", "the post", "the post's own"]
    shown = world.amana("ke-protection", "access", "log", "--reason", "a look").ok()
    shown.says("igad/audit/desk", "case ke/dci/2026/004300", '"the case of both"', "may read igad, ke, et", "ke/dcs/child-protection")
    assert "their case" not in shown.out
    # What Kenya is told of the case later was in no reading before that.
    world.send("post", world.write("NOTE", {"title": "For you too", "text": "x"}, case_ref="et/ics/2026/000001",
                                   recipients=[{"unit": "ke/dci/transnational", "part": "ACTION"}]))
    world.amana("auditor", "audit", "replay", "--reason", "their case again", "--case", "et/ics/2026/000001").ok()
    later = reasons(world, "ke-protection")
    assert "their case again" in later and "their case" not in later
    # An auditor who may open Ethiopia's entries alone reads nothing of Kenya's.
    world.amana("igad-registry", "admin", "member", "add", "igad/audit/desk", "--role", "auditor", "--scope", "et").ok()
    world.amana("auditor", "audit", "replay", "--reason", "a small scope").ok()
    assert "a small scope" in reasons(world, "et-protection") and "a small scope" not in reasons(world, "ke-protection")
    world.amana("igad-registry", "admin", "member", "add", "igad/audit/desk", "--role", "auditor", "--scope", "igad,ke,et").ok()


def test_a_unit_that_is_no_office_sees_no_readings(world):
    world.amana("police", "access", "log", "--reason", "curious").exits(77)


def test_who_is_no_office_asks_the_log_for_nothing(world, asked):
    world.amana("post", "erase", "01930000-0000-7000-8000-000000000000", *WHY).exits(77).says("not permitted")


def test_an_office_decides_who_contests_what_it_has_corrected(offices):
    """Saves from a correction that all who have it see contested for ever."""
    world = offices
    note = world.send("police", world.write("NOTE", {"title": "At the border", "text": "x"}))
    world.amana("post", "inbox").ok()
    wrong = {"reason": "A witness.", "changes": [{"path": "note.text", "was": "x", "now": "y"}]}
    world.path("wrong.json").write_text(json.dumps({"correction": wrong}))
    corrects = world.amana("ke-protection", "correct", note, "wrong.json").ok().id
    world.amana("post", "inbox").ok()
    fact = {"path": "correction.changes[0].now", "was": "y", "now": "x"}
    world.path("contests.json").write_text(json.dumps({"contest": {"reason": "I was there.", "facts": [fact]}}))
    contest = world.amana("post", "contest", corrects, "contests.json").ok().id
    world.amana("post", "show", corrects).ok().says("CONTESTED")
    world.amana("ke-protection", "inbox").ok()
    world.amana("ke-protection", "ack", contest).ok()
    world.amana("ke-protection", "reject", contest, "--reason", "Two others saw it.").ok()
    world.amana("post", "inbox").ok()
    assert "CONTESTED" not in world.amana("post", "show", corrects).ok().out
