# SPDX-License-Identifier: Apache-2.0
"""RETURN_AND_REINTEGRATION: asked for with the person's consent alone; what answers it goes back, and may say that the person
fears return."""
import json

import pytest

import raw

BODY = {"title": "Where would he go?", "information": ["family"], "reason": "He asks to go home.", "available_because": "He lived there."}
RETURN = {"purpose": "RETURN_AND_REINTEGRATION", "consent": "GIVEN"}
FEARS = ("--protection", "YES", "--never-tell", "er")
ANSWERS = {
    "note": ("note", "--title", "He is afraid", "--text", "He says that he fled Eritrea."),
    "progress": ("progress", "--text", "He says that he fled Eritrea."),
    "answer": ("answer", "--outcome", "PARTIAL", "--ground", "NOT_LAWFUL", "--summary", "He says that he fled Eritrea."),
    "refuse": ("refuse", "--outcome", "NOT_DISCLOSED", "--undisclosed", "PERSON_AT_RISK", "--explanation", "He says that he fled Eritrea."),
}


def ask(world, **changes):
    asked = world.send(draft=world.write("REQUEST", BODY, **{**RETURN, **changes}))
    world.amana("post", "inbox").ok()
    return asked


def test_a_return_is_asked_for_with_consent_and_for_nobody_who_may_need_protection(world):
    for changes, says in (({"consent": None}, "CONSENT_REQUIRED"), ({"flags": {"child": False, "protection": "YES", "never_tell": ["er"]}}, "PURPOSE_MISMATCH")):
        draft = world.write("REQUEST", BODY, **{**RETURN, **changes})
        world.amana("police", "send", draft).exits(65).says(says)


def test_a_request_about_a_return_is_taken_on_answered_and_withdrawn(world):
    asked = ask(world)
    world.amana("post", "ack", asked).ok()
    world.amana("post", "progress", asked, "--text", "The family is looked for.").ok()
    world.amana("post", "answer", asked, "--outcome", "NO_DATA", "--summary", "None found.").ok()
    world.amana("police", "status", asked).ok().says("answered by eics-1207")
    other = ask(world)
    world.amana("police", "withdraw", other, "--reason", "He stays.").ok()
    world.amana("post", "inbox").ok().says("WITHDRAW")


def test_what_is_asked_about_a_return_is_assigned_and_handed_over_even_of_who_fears_it(world):
    asked = ask(world)
    for fears in (False, True):
        if fears:
            world.amana("post", *ANSWERS["note"][:1], asked, *ANSWERS["note"][1:], *FEARS).ok()
            world.amana("police", "inbox").ok()
        for desk, officer in (("police", "kdci-0417"), ("post", "eics-1207")):
            world.amana(desk, "assign", asked, officer).ok().says("accepted")
            world.amana(desk, "hand-over", asked, "--text", "Not answered yet.").ok().says("accepted")


@pytest.mark.parametrize("verb", ANSWERS)
def test_who_is_asked_about_a_return_says_that_the_person_fears_it(world, verb):
    asked = ask(world)
    said = world.amana("post", ANSWERS[verb][0], asked, *ANSWERS[verb][1:], *FEARS).ok().id
    [line] = [row for row in world.amana("police", "--json", "inbox").ok().json if row.get("header", {}).get("id") == said]
    assert (line["flags"]["protection"], line["flags"]["never_tell"]) == ("YES", ["er"])
    world.amana("police", "send", world.write("REQUEST", BODY, **RETURN)).exits(65).says("PURPOSE_MISMATCH", "may have fled er")


def test_an_alert_for_a_return_is_not_renewed_for_who_fears_it_and_ends(world):
    alert = world.send(draft=world.draft(**RETURN))
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", alert).ok()
    world.amana("post", "note", alert, "--title", "x", "--text", "They are afraid.", *FEARS).ok()
    world.amana("police", "inbox").ok()
    world.amana("police", "update", alert, world.draft(**RETURN)).exits(65).says("PURPOSE_MISMATCH")
    world.amana("police", "cancel", alert, "--outcome", "NO_LONGER_NEEDED", "--reason", "They are protected.").ok()
    world.amana("police", "erase", alert, "--ground", "UNLAWFUL", "--reason", "x", "--yes").ok()
    world.amana("post", "inbox").ok().says("CANCEL", "ERASURE")


def test_what_can_t_be_read_of_a_return_is_rejected(world, pb):
    foreign, codes = raw.Raw(world, pb), pb("code")
    foreign.send(foreign.message(foreign.header(purpose=codes.Purpose.Code.Value(RETURN["purpose"]), consent=codes.Consent.Code.Value("GIVEN"))))
    world.amana("post", "inbox").ok().says("kept, not shown")
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", alert).ok().says("could not be read (COMMITMENT): its sender is told")
    world.amana("police", "inbox").ok().says("BODY_REJECTED", "the text is not the one that the header commits to")


QUESTION = ["--title", "The family", "--information", "where it lives", "--reason", "Somebody asks to go home.", "--available-because", "They lived there."]
SHELTER, FRIENDS = "et/mowsa/protection", "ke/dcs/child-protection"


def draft_for(world, **changes):
    """FILE of `ask` or `note`: what no option says."""
    world.path("more.json").write_text(json.dumps(changes))
    return "more.json"


def test_what_answers_about_a_return_goes_further_with_consent_alone_and_for_nobody_who_may_need_protection(world):
    asked = ask(world)
    further = ["ask", asked, *QUESTION, "--to", FRIENDS]
    world.amana("post", *further).exits(65).says("needs consent", "others than those who have what it answers")
    world.amana("post", "ask", asked, draft_for(world, consent="GIVEN"), *QUESTION, "--to", FRIENDS).ok()
    world.amana("post", "ask", asked, *QUESTION).ok()  # back
    said = ["note", asked, *ANSWERS["note"][1:], *FEARS]
    world.amana("post", *said, "--to", FRIENDS).exits(65).says("may need to", "for PROTECTION")
    world.amana("post", *said, "--to", SHELTER).ok()  # who protects at home
    world.amana("post", "ask", asked, draft_for(world, consent="GIVEN"), *QUESTION, "--to", FRIENDS).exits(65).says("may have fled er")
    world.amana("post", *said).ok()


@pytest.mark.parametrize("place", ({"country": "ke", "city": "Moyale", "text": "the Kenyan side"}, {"locode": "KEMYD"}), ids=("country", "locode"))
def test_a_child_that_fears_return_is_told_of_to_who_protects_where_it_was_found(world, place):
    """Saves from a child of whom nobody there is told: what must go to who protects there was what may not go further."""
    found = json.loads(world.path(world.example("hit")).read_text())["hit"]
    found["place"] = place
    sent = world.send(draft=world.draft(recipients=[{"unit": "et/ics/moyale", "part": "ACTION"}], alert__persons=None, alert__palermo=None,
                                        alert__child_safeguard=None, urgency_reason="LIFE_AT_RISK",
                                        flags={"child": False, "protection": "NO"}, **RETURN))
    world.amana("post", "inbox").ok()
    said = {"hit": found, "flags": {"child": True, "protection": "YES", "never_tell": ["er"]}}
    world.amana("post", "hit", sent, draft_for(world, **said)).ok().says(FRIENDS, SHELTER)


def test_an_office_mends_what_was_asked_about_a_return_at_the_hub_where_nobody_who_has_it_is_left(world):
    """Saves from what is wrong standing because it is about a return: nobody new learns of it."""
    office = "ke/odpc/desk"
    world.supervisor("office", office, "kodp-0001", with_=None, device="d1")
    world.amana("ke-registry", "admin", "member", "add", office, "--role", "dpo").ok()
    world.amana("ke-registry", "admin", "roster", "add", "rosters/ke.odpc.desk.roster").ok()
    asked = ask(world)
    for unit in ("ke/dci/transnational", "et/ics/moyale"):
        world.amana(f"{unit[:2]}-registry", "admin", "member", "remove", unit, "--yes").ok()
    said = world.amana("office", "correct", asked, world.example("correction", changes=[])).ok().says("nobody who has it can be told: the CORRECTION")
    assert [e["corrected"]["by"]["id"] for e in world.entries("CORRECTED")] == [said.id]
