# SPDX-License-Identifier: Apache-2.0
"""Rule 6: towards victim anybody who has it may go, and contests it; towards suspect only a CORRECTION with a supervisor."""
import json
import re

import pytest

import raw as r

DRIVER = {"label": "p1", "roles": ["SUSPECT"], "age": {"from": 30, "to": 50}, "description": "A man at the wheel."}
GIRL = {"label": "p2", "roles": ["PRESUMED_VICTIM"], "age": {"from": 20, "to": 30}, "description": "A woman on the back seat."}


def sent(world):
    note = world.send("police", world.write("NOTE", {"title": "Two in the car", "text": "x", "persons": [DRIVER, GIRL]}))
    world.amana("post", "inbox").ok()
    return note


def says(world, **roles):
    persons = [{**p, "roles": roles.get(p["label"], p["roles"]), "age": {"from": 20, "to": 30}} for p in (DRIVER, GIRL)]
    world.path("says.json").write_text(json.dumps({"note": {"title": "We know more", "text": "x", "persons": persons}}))
    return "says.json"


def test_who_says_that_a_suspect_is_a_victim_contests_it_with_the_same_command(world):
    note = sent(world)
    world.amana("post", "note", note, says(world, p1=["PRESUMED_VICTIM"])).ok().says("NOTE", "CONTEST", "contested with it")
    world.amana("police", "inbox").ok().says("CONTEST", "We know more")
    world.amana("post", "show", note).ok().says("CONTESTED")


def test_who_is_known_again_by_a_document_is_contested_for_without_a_label(world):
    """Saves from a girl who stays a suspect because the officer who found her named her by her passport alone."""
    passport = {"documents": [{"type": "PASSPORT", "number": "EP4428117", "issuer": "et"}]}
    for labels in (("p1", None), (None, None)):
        def person(label, **more):
            return {**DRIVER, **passport, **more, **({"label": label} if label else {"label": ""})}
        note = world.send("police", world.write("NOTE", {"title": "A woman at the wheel", "text": "x", "persons": [person(labels[0])]}))
        world.amana("post", "inbox").ok()
        world.path("says.json").write_text(json.dumps({"note": {"title": "We know more", "text": "x", "persons": [
            person(labels[1], roles=["PRESUMED_VICTIM"])]}}))
        contest = world.amana("post", "note", note, "says.json").ok().says("CONTEST", "contested with it").out
        world.amana("police", "inbox").ok()
        world.amana("police", "show", note).ok().says("CONTESTED")
        id = re.search(r"CONTEST +(\S+)", contest)[1]
        said = world.body("police", id)["contest"]
        if labels[0]:
            assert said["roles"] == [{"person": "p1", "was": ["SUSPECT"], "now": ["PRESUMED_VICTIM"]}]
        else:
            assert said["facts"] == [{"path": "note.persons[0].roles", "was": "SUSPECT", "now": "PRESUMED_VICTIM"}]


def test_what_begins_anew_and_refers_to_it_contests_it_too(world):
    """Saves from a girl who is handed over to shelter and is looked for as a suspect all the same."""
    passport = {"documents": [{"type": "PASSPORT", "number": "EP4428117", "issuer": "et"}]}
    note = world.send("police", world.write("NOTE", {"title": "Two in the car", "text": "x", "persons": [{**DRIVER, **passport}, GIRL]}))
    world.amana("post", "inbox").ok()

    def refers(case, **person):
        freed = {"title": "We know more", "text": "x", "persons": [{**GIRL, "label": "p1", **person}]}
        return world.amana("post", "send", world.write("NOTE", freed, case_ref=case, references=[{"id": note}], recipients=[
            {"unit": "et/mowsa/protection", "part": "ACTION"}])).ok()
    # In another case a label is another's.
    assert "CONTEST" not in refers("et/ics/2026/000078").out
    refers("et/ics/2026/000079", label="a-woman", **passport).says("CONTEST", "p1 was entered as a suspect there")
    world.amana("police", "inbox").ok().says("CONTEST")
    world.amana("police", "show", note).ok().says("CONTESTED")
    contest = re.search(r"CONTEST +(\S+)", refers("ke/dci/2026/004300").says("p1 was entered as a suspect there").out)[1]
    assert world.body("post", contest)["contest"]["reason"] == "As the note says that was sent before this."


@pytest.mark.parametrize("verb", ("note", "send"))
def test_without_a_link_it_is_contested_once_there_is_one(world, verb):
    """Saves from a girl who is looked for as a suspect because the post that knew better had no link when it said so."""
    note = sent(world)
    freed = {"title": "We know more", "text": "x", "persons": [{**GIRL, "label": "p1"}]}
    world.amana("post", "note", note, "--title", "x", "--text", "Is looked into.").ok()  # so that the desk knows the rosters
    draft = world.write("NOTE", freed, references=[{"id": note}], recipients=[
        {"unit": "ke/dci/transnational", "part": "ACTION"}])
    said = {"note": (note, says(world, p1=["PRESUMED_VICTIM"])), "send": (draft,)}[verb]
    world.hub.stop()
    world.hub = None
    world.amana("post", verb, *said).exits(69).says("contested with it")
    world.start_hub()
    world.amana("post", "inbox").ok()
    world.amana("police", "inbox").ok().says("CONTEST")
    world.amana("police", "show", note).ok().says("CONTESTED")


def test_what_changes_no_role_contests_nothing(world):
    note = sent(world)
    assert "CONTEST" not in world.amana("post", "note", note, says(world)).ok().out


def test_nobody_becomes_a_suspect_but_by_a_correction(world):
    note = sent(world)
    world.amana("post", "note", note, says(world, p2=["SUSPECT"])).exits(65).says("p2 was entered as a victim", "amana correct")


def test_a_missing_person_who_was_looked_for_is_not_detained_by_whoever_finds_them(world):
    """Saves from the arrest of a girl whom her family looks for."""
    note = world.send("police", world.write("NOTE", {"title": "She is missing", "text": "x", "persons": [{**GIRL, "roles": ["MISSING"]}]}))
    world.amana("post", "inbox").ok()
    world.amana("post", "note", note, says(world, p2=["SUSPECT"])).exits(65).says("p2 was entered as a victim, missing person", "amana correct")


def test_nobody_becomes_a_suspect_or_is_detained_by_a_fact_that_is_corrected(world):
    note = sent(world)
    for field, now, words in (("roles", "SUSPECT", ("RELEASE_REQUIRED", "a supervisor's release")), ("actions", "DETAIN", ("asked by an UPDATE",))):
        fact = {"path": f"note.persons[1].{field}", "was": "x", "now": now}
        world.path("was.json").write_text(json.dumps({"correction": {"reason": "He drove.", "changes": [fact]}}))
        world.amana("police", "correct", note, "was.json").exits(65).says("correction.changes[0].now: line", *words)


def test_whoever_s_age_is_not_said_may_be_a_child(world):
    """Saves from a boy whom nobody protects because he was entered as the driver, or as a witness, without an age."""
    ageless = {key: value for key, value in DRIVER.items() if key != "age"}
    for role in ("SUSPECT", "WITNESS", "FAMILY"):
        note = {"title": "One in the car", "text": "x", "persons": [{**ageless, "roles": [role]}]}
        world.amana("police", "send", world.write("NOTE", note)).exits(65).says("give age or birth", "add your protection unit")
    world.amana("police", "send", world.write("NOTE", note, flags={"child": True, "protection": "NO"})).exits(65).says("add ke/dcs/child-protection")


# --- Past the client: the reader judges too
WARRANT = {"number": "K 12/2026", "issuer": "Milimani Court", "date": {"date": "2026-11-02"}, "offence": "Trafficking."}
DESCRIBED = {"label": "p1", "age": {"from": 20, "to": 30}, "description": "A scar on the left hand."}
VICTIMS = ("VICTIM", "PRESUMED_VICTIM", "SMUGGLED_MIGRANT")
DETAINED = {**DESCRIBED, "actions": ["DETAIN"]}
BROKEN = {  # one person each, by what is wrong, with the field that is named
    **{f"a {role.lower()} who is a suspect": ({**DESCRIBED, "roles": ["SUSPECT", role]}, "roles") for role in VICTIMS},
    **{f"a {role.lower()} detained": ({**DETAINED, "roles": [role], "warrant": WARRANT}, "") for role in (*VICTIMS, "MISSING")},
    "a suspect detained without a warrant": ({**DETAINED, "roles": ["SUSPECT"]}, "warrant"),
    "a suspect detained on the Palermo Protocol": ({**DETAINED, "roles": ["SUSPECT"], "warrant": WARRANT}, "actions"),
}


def note(*persons):
    return {"title": "Seen at the barrier", "text": "x", "persons": list(persons)}


def came(world, desk="post"):
    """What is in the desk's inbox, by id: the fault, and the text that goes with it."""
    lines = world.amana(desk, "--json", "inbox").ok().json
    return {line["header"]["id"]: (line.get("fault"), line.get("fault_text"), line["body"]) for line in lines if line.get("header")}


def id_of(pb, message):
    return pb("message").Header.FromString(message.header).id


def test_a_reader_rejects_a_victim_entered_as_a_suspect_and_who_may_not_be_detained(world, pb):
    police = r.Raw(world, pb)
    sent = {}
    with police.channel() as channel:
        for what, (person, field) in BROKEN.items():
            message = police.letter("NOTE", note(person))
            police.send(message, channel)
            sent[id_of(pb, message)] = what, field
        good = police.letter("NOTE", note({**DETAINED, "roles": ["SUSPECT"], "warrant": WARRANT}), legal_basis=1)
        police.send(good, channel)
        named = police.letter("NOTE", note({**DETAINED, "roles": ["SUSPECT"], "warrant": WARRANT, "names": [{"type": "GIVEN", "text": "Yusuf"}]}), legal_basis=1)
        police.send(named, channel)
        paper = {"documents": [{"type": "PASSPORT", "number": "EP4428117", "issuer": "et"}]}
        both = police.letter("NOTE", note({**DESCRIBED, **paper, "roles": ["SUSPECT"]}, {**DESCRIBED, **paper, "label": "p2", "roles": ["VICTIM"]}))
        police.send(both, channel)
        sent[id_of(pb, both)] = "a victim who is a suspect under another label", "roles"
        sent[id_of(pb, named)] = "a named suspect detained without a second person", "actions"
    read = came(world)
    for id, (what, field) in sent.items():
        fault, text, body = read[id]
        assert (fault, body) == ("ROLE_RULE", None) and text.startswith(f"note.persons[0].{field}"), f"{what}: {read[id]}"
    assert read[id_of(pb, good)][0] is None, read[id_of(pb, good)]
    world.amana("post", "note", id_of(pb, good), "--title", "t", "--text", "x").ok()
    answers = [line["header"] for line in world.amana("police", "--json", "inbox").ok().json
               if line.get("header", {}).get("kind") == "BODY_REJECTED"]
    assert {a["in_reply_to"]["id"]: a["outcome"] for a in answers} == {id: "ROLE_RULE" for id in sent}


def test_a_reader_rejects_who_becomes_a_suspect_but_by_a_correction_with_a_supervisor(world, pb):
    police = r.Raw(world, pb)
    suspect = {**DESCRIBED, "roles": ["SUSPECT"]}
    first = police.letter("NOTE", note({**DESCRIBED, "roles": ["VICTIM"]}))
    types = pb("message")
    root = types.Header.FromString(first.header)
    to = [types.Recipient(unit=unit.unit, roster=1, part=1) for unit in root.recipients]
    mends = types.Pointer(id=root.id, header_digest=r.hashlib.sha256(first.header).digest())
    letters = [first, police.letter("NOTE", note({**suspect, "label": "p2"})),
               police.letter("NOTE", note(suspect)),
               police.letter("CORRECTION", {"reason": "He drove.", "stolen_identity": True, "persons": [suspect]},
                             in_reply_to=mends, recipients=to, retain_until=root.retain_until),
               police.letter("CORRECTION", {"reason": "He drove.", "changes": [{"path": "note.persons[0].roles", "was": "VICTIM", "now": "SUSPECT"}]},
                             in_reply_to=mends, recipients=to, retain_until=root.retain_until),
               police.letter("NOTE", note(suspect), case_ref="ke/dci/2026/004299")]
    for letter in letters:
        police.send(letter)
    read = came(world)
    assert [read[id_of(pb, letter)][0] for letter in letters] == [None, None, "ROLE_RULE", "ROLE_RULE", "ROLE_RULE", None]
    assert "p1 was entered as a victim" in read[id_of(pb, letters[2])][1]
    world.amana("post", "show", id_of(pb, letters[2])).exits(1).says("the body is not shown: ROLE_RULE")
