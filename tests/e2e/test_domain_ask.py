# SPDX-License-Identifier: Apache-2.0
"""A REQUEST and a REFERRAL that answer a message: who may answer it may ask about it, and hand on whom it speaks of."""
import json
import re

import pytest

SHELTER = "et/mowsa/protection"
QUESTION = ["--title", "The driver of the lorry", "--information", "which name he gave at the barrier", "--reason", "One of that name is here.",
            "--available-because", "He was stopped there before."]


@pytest.fixture
def ungranted(world):
    """The post may begin nothing: its grant was taken away."""
    world.amana("et-registry", "admin", "grant", "remove", "et/ics/moyale", "1", "--yes").ok()
    world.amana("post", "send", world.write("REQUEST", {"title": "x", "information": ["x"], "reason": "x", "available_because": "x"},
                                            case_ref="et/ics/2026/000078", recipients=[{"unit": "ke/dci/transnational", "part": "ACTION"}])).exits(77)
    return world


def template(world, desk, *args):
    """What `new` prints for a message that answers one, with its comments taken out."""
    text = world.amana(desk, "new", "--answer", *args).ok().out
    draft = json.loads("\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//")))
    return text, draft


def referral(world, **changes):
    body = json.loads(world.path(world.example("referral")).read_text())["referral"]
    body["summary"] = "A girl of about twelve, found in the lorry; asks for shelter."
    del body["persons"][0]["names"]
    draft = {"consent": "GUARDIAN", "flags": {"child": True, "protection": "NO"}, **changes, "referral": body}
    world.path("referral.json").write_text(json.dumps(draft))
    return "referral.json"


def test_a_unit_without_a_grant_asks_the_sender_of_what_it_got_and_is_answered(ungranted):
    world = ungranted
    alert = world.alert_at("post")
    asked = world.amana("post", "ask", alert, *QUESTION).ok().says("must answer  ke/dci/transnational by").id
    world.amana("police", "inbox").ok().says("REQUEST", "The driver of the lorry")
    world.amana("police", "show", asked).ok().says(alert, "which name he gave at the barrier", "case ke/dci/2026/004211")
    world.amana("police", "progress", asked, "--outcome", "CLARIFICATION_ASKED", "--text", "There are two.", "--questions", "Which?").ok()
    world.path("clarification.json").write_text(json.dumps({"clarification": {"answers": [{"question": "Which?", "text": "The older."}]}}))
    world.amana("post", "inbox").ok()
    world.amana("post", "clarify", asked, "clarification.json").ok()
    world.amana("police", "answer", asked, "--outcome", "FULL", "--summary", "The register of 9 November names him.").ok()
    world.amana("post", "inbox").ok().says("The register of 9 November names him.")
    world.amana("post", "status", asked).ok().says("answered by kdci-0417")
    world.amana("police", "status", alert).ok().says("to be acknowledged by")
    world.amana("post", "ask", alert, *QUESTION, "--to", "ke/dcs/child-protection").ok()  # it has the alert too
    world.amana("post", "ask", alert, *QUESTION, "--to", "igad/audit/desk").exits(69, 77)
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


def test_who_has_a_copy_asks_too_and_the_sender_asks_those_who_have_it(world):
    alert = world.alert_at("post", "ke-protection")
    world.amana("ke-protection", "ask", alert, *QUESTION).ok().says("must answer  ke/dci/transnational")
    world.amana("police", "ask", alert, *QUESTION, "--to", "et/ics/moyale").ok().says("must answer  et/ics/moyale")
    world.amana("post", "inbox").ok().says("The driver of the lorry")


def test_a_question_carries_what_it_asks_about_and_is_as_urgent_unless_it_says_else(world):
    alert = world.alert_at("post")
    same, less = (world.amana("post", "ask", alert, *QUESTION, *more).ok().id for more in ([], ["--urgency", "U3"]))
    old, first, second = (world.amana("post", "--json", "show", i).ok().json[0]["header"] for i in (alert, same, less))
    for key in ("case_ref", "purpose", "legal_basis", "retain_until", "status"):
        assert first[key] == second[key] == old[key], key
    assert (first["urgency"], second["urgency"]) == (old["urgency"], "U3") and "urgency_reason" not in second
    world.amana("post", "ask", alert, "--title", "x").exits(64).says("needs --title and --information, or a FILE that says both")
    world.amana("post", "ask", alert, *QUESTION[:4]).exits(65).says("request.reason", "--reason")


def test_a_template_for_an_answer_asks_for_what_is_not_carried_alone(world):
    alert = world.alert_at("post")
    text, draft = template(world, "post", "request")
    assert set(draft) == {"request"} and "then: amana ask ID FILE" in text and '// "urgency"' in text
    draft["request"].update(title="The driver", information=["his name"], reason="An alert.", available_because="He was stopped there.",
                            contact={"office": "Duty desk"})
    world.path("request.json").write_text(json.dumps(draft))
    world.amana("post", "ask", alert, "request.json").ok()
    assert [r["unit"] for r in template(world, "post", "request", "--to", "ke/dci/transnational")[1]["recipients"]][0] == "ke/dci/transnational"
    text, draft = template(world, "post", "referral")
    assert set(draft) == {"consent", "referral"} and "then: amana refer ID FILE" in text
    assert set(template(world, "post", "note")[1]) == {"note"}
    world.amana("post", "new", "--answer", "alert").exits(64).says("no alert answers a message")


def test_a_unit_without_a_grant_hands_a_victim_of_whom_a_message_speaks_to_protection(ungranted):
    world = ungranted
    alert = world.alert_at("post")
    world.amana("post", "refer", alert).exits(64).says("needs a FILE", "amana new referral --answer")
    world.amana("post", "refer", alert, referral(world)).exits(65).says("--to", f"in this country protects {SHELTER}")
    sent = world.amana("post", "refer", alert, referral(world), "--to", SHELTER).ok().says(f"must answer  {SHELTER}").id
    world.amana("et-protection", "inbox").ok().says("REFERRAL", "asks for shelter")
    world.amana("et-protection", "show", sent).ok().says(alert)
    world.amana("et-protection", "accept", sent, "--contact", "Protection desk").ok()
    world.amana("et-protection", "close", sent, "--summary", "She has a home.", "--services-given", "SHELTER").ok()
    world.amana("post", "inbox").ok()
    world.amana("post", "status", sent).ok().says("closed by emow-0101")
    assert "REFERRAL" not in world.amana("police", "inbox").ok().out, "it goes to whom it names alone"


def test_a_referral_abroad_that_answers_something_waits_for_the_second_person_all_the_same(world):
    alert = world.alert_at("post")
    sent = world.amana("post", "refer", alert, referral(world), "--to", "ke/dcs/child-protection", "--copy", SHELTER).ok().says(
        "waits", "a supervisor of et/ics/moyale releases it").id
    assert sent[:13] not in world.amana("ke-protection", "inbox").ok().out
    world.amana("post", "refer", alert, referral(world, release="NOT_NEEDED"), "--to", "ke/dcs/child-protection").exits(65).says("second person")


def test_who_tries_these_verbs_by_another_name_is_shown_them(world):
    for word, verb in (("question", "ask"), ("referral", "refer")):
        world.amana("post", word, "0193a").exits(64).says(f'did you mean "{verb}"?')
    alert = world.alert_at("post")
    said = world.amana("post", "answer", alert, "--outcome", "NO_DATA", "--summary", "x").exits(65).err
    assert re.search(r"What can be done with it: .*`amana ask`, `amana refer`, `amana note`", said), said
