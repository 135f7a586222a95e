# SPDX-License-Identifier: Apache-2.0
"""Rule 6: towards victim anybody who has it may go, and contests it; towards suspect only a CORRECTION with a supervisor."""
import json

DRIVER = {"label": "p1", "roles": ["SUSPECT"], "description": "A man at the wheel."}
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


def test_what_changes_no_role_contests_nothing(world):
    note = sent(world)
    assert "CONTEST" not in world.amana("post", "note", note, says(world)).ok().out


def test_nobody_becomes_a_suspect_but_by_a_correction(world):
    note = sent(world)
    world.amana("post", "note", note, says(world, p2=["SUSPECT"])).exits(65).says("p2 was entered as a victim", "amana correct")
