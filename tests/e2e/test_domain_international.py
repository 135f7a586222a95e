# SPDX-License-Identifier: Apache-2.0
"""The protection unit of a country may be that of an international body: what is the country's is its own."""
import json
import re

import pytest

CARE, POST, SHELTER = "igad/care/desk", "et/ics/moyale", "et/mowsa/protection"


@pytest.fixture(scope="module")
def shared(file_world):
    """Kenya has named a desk of a body; no grant names it to anybody, nor anybody to it."""
    world = file_world
    for conf in world.folder.glob("**/trust.conf"):
        conf.write_text(conf.read_text().replace('protection-unit = "ke/dcs/child-protection"', f'protection-unit = "{CARE}"'))
    world.supervisor("care", CARE, "icar-0001", with_=None, device="d1")
    world.start_hub()
    world.amana("igad-registry", "admin", "member", "add", CARE, "--role", "protection").ok()
    world.amana("igad-registry", "admin", "roster", "add", "rosters/igad.care.desk.roster").ok()
    return world


def to(*units):
    return [{"unit": unit, "part": "COPY" if n else "ACTION"} for n, unit in enumerate(units)]


def test_what_is_about_a_child_goes_to_it_without_a_grant(shared):
    shared.amana("police", "send", shared.draft(recipients=to(POST))).exits(65).says(f"a child is concerned: add {CARE}")
    alert = shared.send(draft=shared.draft(recipients=to(POST, CARE)))
    shared.amana("care", "inbox").ok().says(alert[:13])
    # What follows takes it along by itself.
    shared.amana("police", "note", alert, "--title", "Seen again", "--text", "Near the bridge.", "--to", POST).ok().says(f"copy      {CARE}")
    shared.amana("police", "hand-over", alert, "--text", "Look again at six.").ok().says(CARE)
    units = shared.amana("police", "units", CARE).ok()
    assert re.search(rf"{CARE}.*protection unit", units.out), units.out


def test_what_is_about_no_child_needs_a_grant_towards_it(shared):
    plain = shared.write("REQUEST", {"title": "Who?", "information": ["owner"], "reason": "x", "available_because": "x"}, recipients=to(CARE))
    shared.amana("police", "send", plain).exits(77).says("NOT_PERMITTED")


def test_a_child_found_in_the_country_is_told_to_it_by_whoever_finds_it(shared):
    alert = shared.send(draft=shared.draft(recipients=to(POST, CARE)))
    shared.amana("post", "inbox").ok()
    hit = json.loads(shared.path(shared.example("hit")).read_text())["hit"]
    shared.path("hit.json").write_text(json.dumps({"hit": {**hit, "place": {"country": "ke", "city": "Moyale"}}}))
    found = shared.amana("post", "hit", alert, "hit.json").ok().says(f"copy      {CARE}", f"copy      {SHELTER}").id
    shared.amana("care", "inbox").ok().says(found[:13])


def test_a_body_s_own_desk_says_in_which_country_a_child_was_found(shared):
    """It is in none itself: nobody's protection unit would be told."""
    alert = shared.send(draft=shared.draft(recipients=to(CARE, POST)))
    shared.amana("care", "inbox").ok()
    hit = json.loads(shared.path(shared.example("hit")).read_text())["hit"]
    for place, code in (({"text": "at the shelter's door"}, 65), ({"text": "at the shelter's door", "country": "et"}, 0)):
        shared.path("hit.json").write_text(json.dumps({"hit": {**hit, "place": place}}))
        said = shared.amana("care", "hit", alert, "hit.json", "--protection", "NO").exits(code)
        said.says("hit.place.country", "who protects there is to be told") if code else said.says(f"copy      {SHELTER}")


def test_it_contests_for_the_country_that_named_it_what_never_came_to_it(shared):
    asked = shared.send(draft=shared.write("REQUEST", {"title": "Who is she?", "information": ["name"], "reason": "x", "available_because": "x"}))
    shared.amana("post", "inbox").ok()
    contest = shared.amana("care", "contest", asked, shared.example("contest", facts=[]), "--reason", "She told us who she is.").ok().says(f"copy      {POST}").id
    shared.amana("police", "inbox").ok()
    shared.amana("police", "show", asked).ok().says(f"CONTESTED by {contest[:13]}")
    read = [e["access"] for e in shared.entries("ACCESS") if CARE in e["access"]["identity"]]
    assert [set(e["scope"]) for e in read] == [{"igad", "ke"}], read


def test_who_succeeds_a_protection_unit_from_abroad_contests_for_its_country_what_never_came_to_it(world):
    """Saves from a country in which nobody contests any more because its protection unit was closed."""
    named = "ke/dcs/child-protection"
    asked = world.send(draft=world.write("REQUEST", {"title": "Who is she?", "information": ["name"], "reason": "x", "available_because": "x"},
                                         recipients=to(named)))
    world.amana("ke-protection", "inbox").ok()
    world.amana("et-registry", "admin", "grant", "remove", SHELTER, "1", "--yes").ok()
    world.amana("et-protection", "contest", asked, world.example("contest", facts=[]), "--reason", "x").exits(66)
    world.amana("ke-registry", "admin", "member", "add", named, "--successor", SHELTER).ok()
    contest = world.amana("et-protection", "contest", asked, world.example("contest", facts=[]), "--reason", "She told us who she is.").ok().id
    world.amana("police", "inbox").ok().says(contest[:13])
