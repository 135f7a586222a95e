# SPDX-License-Identifier: Apache-2.0
"""A SUBJECT_ACCESS: a person asks what is held about them, by an office; the sheet tells not-held from shielded by nothing."""
import json

import pytest

import world as w


@pytest.fixture(scope="module")
def world(offices):
    return offices


def draft(world, *units, **changes):
    text = (w.DATA / "subject-access-moyale.json").read_text()
    draft = json.loads("\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//")))
    draft.update(case_ref="ke/dcs/2026/000007", recipients=[{"unit": unit, "part": "ACTION"} for unit in units], **changes)
    world.path("access.json").write_text(json.dumps(draft))
    return "access.json"


OWN, ABROAD = "ke/dci/transnational", "et/mowsa/protection"


def asked(world, *units):
    asked = world.send("ke-protection", draft(world, *units))
    for desk in ("police", "et-protection"):
        world.amana(desk, "inbox").ok()
    return asked


def answer(world, desk, access, *args):
    world.amana(desk, "access", "answer", access, *args).ok()
    world.amana("ke-protection", "inbox").ok()


def test_a_person_s_question_goes_to_own_units_and_abroad_to_the_office_and_is_answered(world):
    access = asked(world, OWN, ABROAD)
    world.amana("ke-protection", "status", access).ok().says("to be acknowledged by", "(in 29 d", "of 2: 2 to acknowledge")
    world.amana("police", "ack", access).ok()
    world.amana("ke-protection", "access", "sheet", access).exits(75).says("2 of 2 have not answered yet")
    answer(world, "police", access, "--outcome", "FULL", "--summary", "He was stopped at Isiolo on 3 August 2026.")
    answer(world, "et-protection", access, "--outcome", "NO_DATA", "--summary", "Shielded: he has fled the army.")
    world.amana("ke-protection", "status", access).ok().says("answered by kdci-0417", "answered by emow-0101")
    sheet = world.amana("ke-protection", "access", "sheet", access).ok().says("He was stopped at Isiolo", "Halkano").out
    assert "Shielded" not in sheet and "mowsa" not in sheet


def test_the_sheet_is_the_same_for_what_is_not_held_and_for_what_is_shielded(world):
    sheets = []
    for words in ("Nothing in any register.", "Shielded: an investigation is under way."):
        access = asked(world, OWN, ABROAD)
        answer(world, "police", access, "--outcome", "NO_DATA", "--summary", words)
        answer(world, "et-protection", access, "--outcome", "NO_DATA", "--summary", "None.")
        sheets.append(world.amana("ke-protection", "access", "sheet", access).ok().out)
    assert sheets[0] == sheets[1] and "can be given to you" in sheets[0]


def flagged(world):
    """The office abroad hears of the driver, who has fled the state that asks for him."""
    person = json.loads(world.path(draft(world, ABROAD)).read_text())["subject_access"]["person"]
    note = {"title": "At the shelter", "text": "He sleeps at the mission of Moyale.", "persons": [{**person, "label": "p1", "roles": ["WITNESS"]}]}
    sent = world.send("post", world.write("NOTE", note, case_ref="et/ics/2026/000310",
                                          recipients=[{"unit": ABROAD, "part": "ACTION"}],
                                          flags={"child": False, "protection": "YES", "never_tell": ["ke"]}))
    world.amana("et-protection", "inbox").ok()
    return sent


def test_what_an_office_holds_of_somebody_who_fled_the_state_that_asks_is_on_no_sheet(world):
    sheets = []
    for hold in (lambda: None, lambda: flagged(world)):
        hold()
        access = asked(world, OWN, ABROAD)
        answer(world, "police", access, "--outcome", "NO_DATA", "--summary", "None.")
        if sheets:
            for outcome in ("FULL", "PARTIAL"):
                world.amana("et-protection", "access", "answer", access, "--outcome", outcome, "--summary", "He sleeps at the mission.",
                            *(("--ground", "NOT_LAWFUL") if outcome == "PARTIAL" else ())).exits(65).says(
                    "et/ics/2026/000310", "may have fled ke", "RESPONSE NO_DATA")
            world.amana("et-protection", "ack", access).ok()
        answer(world, "et-protection", access, "--outcome", "NO_DATA", "--summary", "None.")
        sheets.append(world.amana("ke-protection", "access", "sheet", access).ok().out)
    assert sheets[0] == sheets[1] and "can be given to you" in sheets[0] and "mission" not in sheets[1]


def test_what_is_given_in_part_says_nothing_of_the_rest(world):
    access = asked(world, OWN)
    answer(world, "police", access, "--outcome", "PARTIAL", "--summary", "He holds a licence.", "--ground", "NOT_LAWFUL",
           "--explanation", "The rest is secret.")
    sheet = world.amana("ke-protection", "access", "sheet", access).ok().says("He holds a licence.").out
    assert "secret" not in sheet and "lawful" not in sheet.lower().replace("unlawful", "")


def test_more_may_follow_what_was_given_in_part_and_stands_on_the_sheet_too(world):
    """Saves from an office that said that more follows, and then can't give it."""
    access = asked(world, OWN)
    answer(world, "police", access, "--outcome", "PARTIAL", "--summary", "He holds a licence.", "--ground", "NOT_LAWFUL",
           "--more-follows")
    answer(world, "police", access, "--outcome", "FULL", "--summary", "He was stopped at Isiolo.")
    world.amana("ke-protection", "access", "sheet", access).ok().says("He holds a licence.", "He was stopped at Isiolo.")


def test_nobody_abroad_but_an_office_is_asked(world):
    world.amana("ke-protection", "send", draft(world, OWN, "et/ics/moyale")).exits(77).says("not permitted")


def test_nobody_but_an_office_asks_for_a_person(world):
    name = draft(world, ABROAD)
    text = json.loads(world.path(name).read_text())
    text["case_ref"] = "ke/dci/2026/000099"
    world.path(name).write_text(json.dumps(text))
    world.amana("police", "send", name).exits(77).says("not permitted")


def test_a_question_is_taken_back(world):
    access = asked(world, OWN)
    world.amana("ke-protection", "withdraw", access, "--reason", "She asked another office.").ok()
    world.amana("ke-protection", "status", access).ok().says("withdrawn")


def test_a_template_asks_for_the_person(world):
    world.amana("ke-protection", "access", "new", "--to", OWN).ok().says("SUBJECT_ACCESS", OWN, "verified_by")
