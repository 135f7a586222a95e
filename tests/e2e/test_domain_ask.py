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


QUESTION_BODY = {"title": "The driver", "information": ["his name"], "reason": "One of that name is here.", "available_because": "He was stopped there."}


def shown(world, desk, refused):
    """The command that a refusal shows, run as it stands."""
    [command] = re.findall(r"needs no grant: `amana (.*)`", refused.exits(77).err)
    return world.amana(desk, *command.split()).ok()


def test_who_is_refused_for_want_of_a_grant_is_shown_the_way_that_needs_none(ungranted):
    world, case = ungranted, "ke/dci/2026/004211"
    alert = world.alert_at("post")

    def draft(kind, body, unit, **changes):
        return world.write(kind, body, case_ref=case, urgency="U1", urgency_reason="CHILD_AT_RISK", handling=["H0", "H1"],
                           flags={"child": True, "protection": "NO"}, retain_until=kept, recipients=[
                               {"unit": unit, "part": "ACTION"}, {"unit": SHELTER, "part": "COPY"}], **changes)
    kept = world.amana("post", "--json", "show", alert).ok().json[0]["header"]["retain_until"]
    for unit in ("ke/dci/transnational", "ke/dcs/child-protection"):  # of the one the hub gives no roster, of the other it has been seen
        said = world.amana("post", "send", draft("REQUEST", QUESTION_BODY, unit)).says(f"all whom it is for have {alert[:13]} (ALERT) of this case too")
        shown(world, "post", said).says(f"must answer  {unit}")
    said = world.amana("post", "send", draft("NOTE", {"title": "x", "text": "x"}, "ke/dci/transnational"))
    shown(world, "post", said)
    world.amana("police", "inbox").ok().says("REQUEST", "NOTE")
    referral(world)
    body = json.loads(world.path("referral.json").read_text())["referral"]
    body["persons"] = [{"sex": "FEMALE", "age": {"from": 20, "to": 30}, "description": "x", "roles": ["PRESUMED_VICTIM"]}]  # of a child a unit may always tell who protects
    del body["child_safeguard"]
    said = world.amana("post", "send", world.write("REFERRAL", body, case_ref=case, consent="GIVEN", retain_until=kept, handling=["H0", "H1"], recipients=[{"unit": SHELTER, "part": "ACTION"}]))
    shown(world, "post", said).says(f"must answer  {SHELTER}")


def test_no_way_is_shown_where_an_answer_would_need_a_grant_too(ungranted):
    world = ungranted
    world.alert_at("post")
    other = dict(case_ref="et/ics/2026/000077", recipients=[{"unit": "ke/dci/transnational", "part": "ACTION"}])
    for written in (world.write("REQUEST", QUESTION_BODY, **other),
                    world.write("REQUEST", QUESTION_BODY, "third.json", case_ref="ke/dci/2026/004211", recipients=[{"unit": "igad/audit/desk", "part": "ACTION"}])):
        assert "needs no grant" not in world.amana("post", "send", written).exits(77).err
    world.amana("ke-registry", "admin", "member", "remove", "ke/dci/transnational", "--yes").ok()
    gone = world.write("REQUEST", QUESTION_BODY, case_ref="ke/dci/2026/004211", recipients=[{"unit": "ke/dci/transnational", "part": "ACTION"}])
    assert "needs no grant" not in world.amana("post", "send", gone).exits(77).err


def test_no_way_is_shown_where_it_is_no_grant_that_is_wanting(world):
    alert = world.alert_at("post", "ke-protection")
    to_post = dict(case_ref="ke/dci/2026/004211", recipients=[{"unit": "et/ics/moyale", "part": "ACTION"}])
    protects = world.amana("police", "send", world.write("REQUEST", QUESTION_BODY, purpose="PROTECTION", **to_post)).exits(77).says("PURPOSE_MISMATCH")
    assert "needs no grant" not in protects.err
    # What this desk has not fetched yet keeps the case from that state: an answer goes there no more than anything else.
    world.amana("ke-protection", "note", alert, "--title", "x", "--text", "She is afraid.", "--protection", "YES", "--never-tell", "et").ok()
    asks = world.amana("police", "ask", alert, *QUESTION, "--to", "et/ics/moyale").exits(77).says("NOT_PERMITTED")
    assert "needs no grant" not in asks.err


def test_what_still_waits_for_its_second_person_is_not_the_way_that_is_shown(empty_world):
    world = empty_world
    world.supervisor("barrier", "et/ics/moyale", "eics-1299", with_="post")
    world.start_hub().log.wait(r"^roster unit=et/ics/moyale number=2")
    alert = world.alert_at("post")
    to_police = dict(case_ref="ke/dci/2026/004211", recipients=[{"unit": "ke/dci/transnational", "part": "ACTION"}])
    world.amana("post", "send", world.write("NOTE", {"title": "x", "text": "x"}, release="REQUIRED", **to_police)).ok().says("waits")
    world.amana("et-registry", "admin", "grant", "remove", "et/ics/moyale", "1", "--yes").ok()
    world.amana("post", "send", world.write("REQUEST", QUESTION_BODY, **to_police)).exits(77).says(f"amana ask {alert[:13]} draft.json")
