# SPDX-License-Identifier: Apache-2.0
"""The directory: whom a unit may write to, how they are reached, and rosters that a registrar gives the hub."""
import base64

import grpc
import pytest

import raw as r
import world as w


def units(world, desk, *args):
    return {row["unit"]: row for row in world.amana(desk, "--json", "units", *args).ok().json}


def test_a_unit_finds_those_it_may_write_to_with_how_they_are_reached_and_their_verified_rosters(world):
    world.amana("et-registry", "admin", "member", "add", "et/ics/moyale", "--hours", "mon-fri 07:30-17:00 +03:00",
                "--telephone", "+251462340001", "--deputy", "et/mowsa/protection", "--language", "am,en").ok()
    rows = units(world, "police")
    assert set(rows) == {"ke/dci/transnational", "ke/dcs/child-protection", "et/ics/moyale", "et/mowsa/protection"}
    post = rows["et/ics/moyale"]
    assert (post["telephone"], post["languages"], post["roster"]["number"]) == ("+251462340001", ["am", "en"], 1)
    assert post["roster"]["signer"] == "amana://et/registry/desk/officer/r-1" and "ALERT" in post["kinds"]
    assert rows["et/mowsa/protection"]["protection_unit"] and not post["protection_unit"]
    world.amana("police", "units", "et/ics").ok().says("deputy     et/mowsa/protection", "verified", "may get")
    world.amana("police", "units", "ug/").exits(66).says("no unit that this one may write to begins so")


def test_without_a_link_whom_to_telephone_is_told_by_what_was_verified_here_before(empty_world):
    """A duty officer at night with a bad link: the telephone is what is left."""
    world = empty_world
    world.start_hub()
    world.amana("et-registry", "admin", "member", "add", "et/ics/moyale", "--telephone", "+251462340001", "--hours", "day and night",
                "--deputy", "et/mowsa/protection").ok()
    world.amana("et-registry", "admin", "member", "add", "et/mowsa/protection", "--telephone", "+251462340002").ok()
    world.amana("post", "units").ok()
    online = units(world, "police")
    world.hub.stop()
    world.hub = None
    world.amana("police", "units", "et/ics").exits(69).says("telephone  +251462340001", "deputy     et/mowsa/protection", "verified", "no link (",
                                                            "looked up here before")
    rows = {row["unit"]: row for row in world.amana("police", "--json", "units").exits(69).json}
    for row in online.values():
        del row["kinds"]  # only the hub says
    assert rows == online
    sent = world.amana("police", "send", world.draft()).exits(69).says(
        "is kept in the outbox", "  reach     et/ics/moyale  telephone +251462340001 · hours day and night · deputy et/mowsa/protection, telephone +251462340002\n",
        "is on its way to you, U1", "no name of a person")
    assert "ke/dcs" not in sent.out  # a COPY rings nobody
    assert "telephone" not in world.amana("police", "send", world.write("NOTE", {"title": "x", "text": "x"})).exits(69).out
    assert len(world.amana("police", "--json", "send", world.draft("more.json")).exits(69).json) == 1


def test_each_country_s_protection_unit_is_listed_also_without_a_grant(world):
    world.amana("ke-registry", "admin", "grant", "remove", "ke/dci/transnational", "1", "--yes").ok()
    rows = units(world, "police")
    assert set(rows) == {"ke/dci/transnational", "ke/dcs/child-protection", "et/mowsa/protection"}
    assert rows["et/mowsa/protection"]["kinds"] == []


def test_those_who_have_one_message_find_each_others_rosters_and_nobody_else_does(world, pb):
    """Else what may always go to all who have a message could not be sealed to them."""
    for unit in ("et/mowsa/protection", "ke/dcs/child-protection"):
        world.amana(f"{unit[:2]}-registry", "admin", "grant", "remove", unit, "1", "--yes").ok()
    both = world.send()
    alone = world.send(draft=world.draft(recipients=[{"unit": "et/ics/moyale", "part": "ACTION"}, {"unit": "ke/dcs/child-protection", "part": "COPY"}]))
    digests = {e["submitted"]["id"]: base64.b64decode(e["submitted"]["header_digest"]) for e in world.entries("SUBMITTED")}
    shelter, directory = r.Raw(world, pb, "et-protection", "et/mowsa/protection", "emow-0101"), pb("directory")

    def finds(about, digest=None):
        pointer = {"id": about, "header_digest": digest or digests[about]} if about else None
        with shelter.channel() as channel:
            return shelter.call(channel, "Directory/Lookup", directory.LookupRequest(unit="et/ics/moyale", about=pointer), directory.LookupResponse)
    assert finds(alone).roster  # who protects there contests what never came to it
    for change in (("remove", "et/mowsa/protection", "--yes"), ("add", "et/mowsa/protection", "--role", "unit")):
        world.amana("et-registry", "admin", "member", *change).ok()
    assert finds(both).roster
    for about, digest in ((None, None), (alone, None), (both, digests[alone])):
        with pytest.raises(r.Refused) as refused:
            finds(about, digest)
        refused.value.of(grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED")


def next_roster(world, unit="et.ics.moyale", desk="post", country="et", *more):
    """The next number of a unit's roster in a folder of its own: the hub's isn't touched."""
    world.path("fresh").mkdir(exist_ok=True)
    keys = [f"{desk}/keys/{name}.pem" for name in ("auth", "seal", "sign", "officer")]
    world.ca("roster", "--registrar", f"{country}-registry/keys/officer.pem", "--key",
             f"{country}-registry/keys/officer.key", "--previous", f"rosters/{unit}.roster", "-o", "fresh", *more, *keys).ok()
    return f"fresh/{unit}.roster"


def test_a_roster_that_a_registrar_gives_is_in_force_at_once_and_an_entry(world):
    roster = next_roster(world)
    world.amana("et-registry", "admin", "roster", "add", roster).ok().says("roster 2 of et/ics/moyale is in force")
    rows = world.amana("ke-registry", "--json", "admin", "roster", "list", "et/ics/moyale").ok().json
    assert [(row["number"], row["signer"]) for row in rows] == [(2, "amana://et/registry/desk/officer/r-1")]
    assert [e["roster"]["number"] for e in world.entries("ROSTER") if e["roster"]["unit"] == "et/ics/moyale"] == ["1", "2"]
    alert = world.send()
    world.amana("post", "inbox").ok().says(alert[:13])
    world.hub.kill()
    world.start_hub()
    assert units(world, "police")["et/ics/moyale"]["roster"]["number"] == 2
    world.amana("et-registry", "admin", "roster", "add", roster).exits(77).says("in force already")


def test_a_roster_is_given_by_a_registrar_of_its_country_and_about_another_than_itself(world):
    roster = next_roster(world)
    for desk in ("ke-registry", "police", "auditor"):
        world.amana(desk, "admin", "roster", "add", roster).exits(77).says("not permitted")
    own = next_roster(world, "et.registry.desk", "et-registry")
    world.amana("et-registry", "admin", "roster", "add", own).exits(77).says("not permitted")
    assert len([e for e in world.entries("ROSTER") if e["roster"]["number"] != "1"]) == 0


def test_of_a_unit_that_can_not_be_reached_the_deputy_s_telephone_is_said_too(world):
    """Saves from a telephone that nobody answers at night, and a name with no number behind it."""
    world.amana("et-registry", "admin", "member", "add", "et/ics/moyale", "--telephone", "+251462340001", "--deputy", "et/mowsa/protection").ok()
    world.amana("et-registry", "admin", "member", "add", "et/mowsa/protection", "--telephone", "+251115550001").ok()
    said = world.amana("police", "send", str(w.ALERT)).ok().says("telephone +251462340001", "deputy et/mowsa/protection, telephone +251115550001")
    assert "no telephone" not in said.out and "not proved" not in said.out
