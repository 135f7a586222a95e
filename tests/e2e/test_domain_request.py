# SPDX-License-Identifier: Apache-2.0
"""A REQUEST from asking to its end: taken on, worked on, made clear, answered, refused, withdrawn, and what crosses."""
import json

import pytest

import world as w

ASKED = {"title": "Who registered KDA 417Q?", "information": ["owner", "address"], "reason": "A lorry of an alert.",
         "available_because": "It was entered in the post's register."}


@pytest.fixture
def request_id(world):
    asked = world.send(draft=world.write("REQUEST", ASKED))
    world.amana("post", "inbox").ok().says("Who registered KDA 417Q?", f"to be acknowledged: `amana ack {asked[:13]}`")
    return asked


def state(world, request_id):
    """How the hub says the request stands, and what the sender reads."""
    line = world.amana("police", "--json", "status", request_id).ok().json[0]
    return line["state"]["recipients"][0]["life"]


def test_a_request_is_taken_on_worked_on_made_clear_and_answered(world, request_id):
    world.amana("police", "status", request_id).ok().says("to be acknowledged by", "to be answered by")
    world.amana("post", "ack", request_id, "--remark", "The registry is asked.").ok()
    world.amana("post", "inbox").ok().says("acknowledged by eics-1207: to be answered")
    assert state(world, request_id) == "ACKNOWLEDGED"
    world.amana("post", "progress", request_id, "--text", "The paper register is searched.").ok()
    assert state(world, request_id) == "IN_PROGRESS"
    world.amana("post", "progress", request_id, "--outcome", "CLARIFICATION_ASKED", "--questions", "Which year?").ok()
    waiting = world.amana("police", "status", request_id).ok().says("suspended").out
    assert "to be answered by" not in waiting, "the clock stands still"
    world.amana("police", "inbox").ok()
    world.path("clear.json").write_text(json.dumps({"clarification": {"answers": [{"question": "Which year?", "text": "2024"}]}}))
    world.amana("police", "clarify", request_id, "clear.json").ok()
    assert state(world, request_id) == "IN_PROGRESS"
    world.amana("post", "inbox").ok().says("in progress by eics-1207: to be answered")
    answer = world.amana("post", "answer", request_id, "--outcome", "FULL", "--summary", "A trader in Moyale.").ok().id
    world.amana("post", "inbox").ok().says("answered by eics-1207")
    world.amana("police", "inbox").ok().says(answer[:13], "A trader in Moyale.")
    world.amana("police", "show", answer).ok().says("FULL")
    world.amana("police", "status", request_id).ok().says("answered by eics-1207")


def test_of_what_is_shown_persons_stand_last_and_each_thing_asked_on_a_line_of_its_own(world):
    """A screen that is left open names no victim before somebody goes on to the end of it; two questions are not read as one."""
    victim = {"label": "p1", "names": [{"type": "GIVEN", "text": "Hawa"}], "age": {"from": 20, "to": 30}, "roles": ["PRESUMED_VICTIM"],
              "description": "A scar on the left hand.", "languages": ["om", "en"]}
    asked = world.send(draft=world.write("REQUEST", {**ASKED, "information": ["The owner, with an address", "Who drove it"], "persons": [victim], "connection": "She was in it.",
                                                     "contact": {"office": "Duty desk", "telephone": "+254200000417"}}))
    world.amana("post", "inbox").ok()
    shown = world.amana("post", "show", asked).ok().says("  information     The owner, with an address\n                  Who drove it\n",
                                                         "  person          presumed victim · age 20 to 30\n", "    languages       om, en\n").out
    assert shown.index("person  ") > max(shown.index(words) for words in ("It was entered", "Duty desk", "+254200000417"))
    assert shown.count("Hawa") == 1 and shown.index("Hawa") > shown.index("person  ")


def test_a_request_may_be_answered_without_an_acknowledgement(world, request_id):
    world.amana("post", "answer", request_id, "--outcome", "NO_DATA", "--summary", "Not in the register.").ok()
    assert state(world, request_id) == "ANSWERED"


def test_a_refusal_ends_a_request_and_an_answer_may_still_come(world, request_id):
    world.amana("post", "refuse", request_id, "--outcome", "NO_LEGAL_BASIS", "--explanation", "No offence here.",
                "--provision", "Proclamation 1178, art. 4").ok()
    assert state(world, request_id) == "REFUSED"
    world.amana("police", "inbox").ok().says("No offence here.")
    world.amana("post", "progress", request_id, "--text", "x").exits(77).says("REFUSED", "RESPONSE")
    world.amana("post", "answer", request_id, "--outcome", "FULL", "--summary", "A court allowed it.").ok()
    assert state(world, request_id) == "ANSWERED"


def test_a_withdrawn_request_is_over_and_an_answer_that_crosses_is_taken_and_marked(world, request_id):
    world.amana("police", "withdraw", request_id, "--reason", "The owner was found.").ok()
    assert state(world, request_id) == "WITHDRAWN"
    answer = world.amana("post", "answer", request_id, "--outcome", "FULL", "--summary", "A trader in Moyale.").ok().id
    assert state(world, request_id) == "WITHDRAWN"
    world.amana("police", "inbox").ok().says("A trader in Moyale.")
    crossed = [e["submitted"] for e in world.entries("SUBMITTED") if e["submitted"].get("crossed")]
    assert [e["id"] for e in crossed] == [answer]
    world.amana("post", "inbox").ok()
    world.amana("post", "progress", request_id, "--text", "x").exits(77).says("WITHDRAWN", "nothing moves it any more")


def test_an_answered_request_can_t_be_withdrawn(world, request_id):
    world.amana("post", "answer", request_id, "--outcome", "FULL", "--summary", "A trader in Moyale.").ok()
    world.amana("police", "withdraw", request_id, "--reason", "x").exits(77).says("ANSWERED", "RESPONSE")


def test_one_of_two_who_were_asked_is_let_go(world):
    both = [{"unit": "et/ics/moyale", "part": "ACTION"}, {"unit": "et/mowsa/protection", "part": "ACTION"}]
    asked = world.send(draft=world.write("REQUEST", ASKED, recipients=both))
    world.amana("police", "status", asked).ok().says("of 2: 2 to acknowledge, 0 to answer, 0 done")
    world.amana("police", "withdraw", asked, "--reason", "One is enough.", "--to", "et/mowsa/protection").ok()
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", asked).ok()
    world.amana("police", "status", asked).ok().says("of 2: 0 to acknowledge, 1 to answer, 1 done", "withdrawn")


def test_what_one_of_two_has_answered_is_withdrawn_from_the_other_without_a_word_of_whom(world):
    both = [{"unit": "et/ics/moyale", "part": "ACTION"}, {"unit": "et/mowsa/protection", "part": "ACTION"}]
    asked = world.send(draft=world.write("REQUEST", ASKED, recipients=both))
    world.amana("post", "inbox").ok()
    world.amana("post", "answer", asked, "--outcome", "FULL", "--summary", "A trader in Moyale.").ok()
    world.copy("police", "before")
    world.amana("police", "inbox").ok()
    world.amana("police", "withdraw", asked, "--reason", "x", "--to", "et/ics/moyale").exits(77).says("at et/ics/moyale its state is ANSWERED")
    # A desk that knows nothing of the answer sends it to both; one that does leaves out who has answered.
    world.amana("before", "withdraw", asked, "--reason", "One answer is enough.").ok()
    world.amana("police", "status", asked).ok().says("answered by eics-1207", "withdrawn")
    world.amana("post", "inbox").ok().says("WITHDRAW", "answered by eics-1207")
    second = world.send(draft=world.write("REQUEST", ASKED, recipients=both))
    world.amana("post", "inbox").ok()
    world.amana("post", "answer", second, "--outcome", "FULL", "--summary", "A trader in Moyale.").ok()
    world.amana("police", "inbox").ok()
    world.amana("police", "withdraw", second, "--reason", "One answer is enough.").ok().says("left out: et/ics/moyale, where its state is ANSWERED")
    world.amana("police", "status", second).ok().says("answered by eics-1207", "withdrawn")


def test_what_is_withdrawn_from_all_who_had_not_answered_is_withdrawn(world):
    both = [{"unit": "et/ics/moyale", "part": "ACTION"}, {"unit": "et/mowsa/protection", "part": "ACTION"}]
    asked = world.send(draft=world.write("REQUEST", ASKED, recipients=both))
    world.amana("police", "withdraw", asked, "--reason", "x", "--to", "et/mowsa/protection").ok()
    assert "withdrawn by" not in world.amana("police", "sent").ok().out, "the other is still asked"
    asked = world.send(draft=world.write("REQUEST", ASKED, recipients=both))
    for desk in ("post", "et-protection"):
        world.amana(desk, "inbox").ok()
    if w.moves_time():
        process, lines = world.watch("police", "inbox", "--follow")
        world.later(hours=5)
        lines.wait(f"protection has not acknowledged {asked[:13]}")
        process.terminate()
        process.wait()
        assert asked[:13] in world.amana("police", "sent", "--overdue").ok().out
    world.amana("post", "answer", asked, "--outcome", "FULL", "--summary", "A trader in Moyale.").ok()
    world.amana("police", "inbox").ok()
    gone = world.amana("police", "withdraw", asked, "--reason", "One answer is enough.").ok().says("left out: et/ics/moyale").id
    world.amana("police", "sent").ok().says(f"withdrawn by {gone[:13]}")
    assert asked[:13] not in world.amana("police", "sent", "--overdue").ok().out


def test_who_of_two_has_asked_is_answered_without_a_word_of_whom(world):
    both = [{"unit": "et/ics/moyale", "part": "ACTION"}, {"unit": "et/mowsa/protection", "part": "ACTION"}]
    asked = world.send(draft=world.write("REQUEST", ASKED, recipients=both))
    world.path("clear.json").write_text(json.dumps({"clarification": {"answers": [{"question": "Which year?", "text": "2024"}]}}))
    world.amana("police", "clarify", asked, "clear.json").exits(77).says("at et/ics/moyale its state is OPEN")
    world.amana("et-protection", "inbox").ok()
    world.amana("et-protection", "progress", asked, "--outcome", "CLARIFICATION_ASKED", "--questions", "Which year?").ok()
    world.amana("police", "inbox").ok()
    world.amana("police", "clarify", asked, "clear.json").ok().says("left out: et/ics/moyale, where its state is OPEN")
    said = world.amana("police", "--json", "status", asked).ok().json[0]["state"]["recipients"]
    assert [to["life"] for to in said] == ["OPEN", "IN_PROGRESS"]


def test_what_its_sender_moved_is_not_laid_to_the_officer_who_had_acknowledged(world, request_id):
    world.amana("post", "progress", request_id, "--outcome", "CLARIFICATION_ASKED", "--questions", "Which year?").ok()
    world.amana("police", "status", request_id).ok().says("suspended by eics-1207")
    world.path("clear.json").write_text(json.dumps({"clarification": {"answers": [{"question": "Which year?", "text": "2024"}]}}))
    world.amana("police", "clarify", request_id, "clear.json").ok()
    clear = world.amana("police", "status", request_id).ok().says("in progress, 20").out
    assert "eics-1207" not in clear and "not proved" not in clear
    world.amana("post", "progress", request_id, "--text", "The paper register is searched.").ok()
    world.amana("police", "status", request_id).ok().says("in progress by eics-1207, 20")
    gone = world.amana("police", "withdraw", request_id, "--reason", "The owner was found.").ok().id
    for message in (request_id, gone):
        said = world.amana("police", "status", message).ok().says("withdrawn, 20").out
        assert "eics-1207" not in said and "not proved" not in said


def test_who_was_not_asked_to_act_can_t_answer(world):
    copy = [{"unit": "et/ics/moyale", "part": "ACTION"}, {"unit": "et/mowsa/protection", "part": "COPY"}]
    asked = world.send(draft=world.write("REQUEST", ASKED, recipients=copy))
    world.amana("et-protection", "inbox").ok()
    world.amana("et-protection", "answer", asked, "--outcome", "FULL", "--summary", "x").exits(65).says("a COPY of")
    world.amana("et-protection", "note", asked, "--title", "We know the family.", "--text", "x").ok()
    world.amana("police", "inbox").ok().says("We know the family.")


def test_a_verb_that_does_not_fit_says_what_it_answers(world, request_id):
    world.amana("post", "hit", request_id, "--summary", "x").exits(65).says("REQUEST", "ALERT, UPDATE")


def test_an_outcome_of_another_kind_is_named_with_what_is_allowed(world, request_id):
    world.amana("post", "answer", request_id, "--outcome", "RESOLVED", "--summary", "x").exits(65).says(
        "outcome", "FULL, PARTIAL, NO_DATA")
    world.amana("post", "answer", request_id, "--outcome", "SOME", "--summary", "x").exits(65).says(
        "outcome: must be one of FULL, PARTIAL, NO_DATA")
    world.amana("post", "answer", request_id, "--summary", "x").exits(64).says("--outcome")
