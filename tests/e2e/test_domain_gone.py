# SPDX-License-Identifier: Apache-2.0
"""A unit that a registrar took out of the members, or closed, stops nothing that the others must hear."""
import re

import pytest

import test_domain_referral
import world as w

SHELTER, POST, CHILDREN = "et/mowsa/protection", "et/ics/moyale", "ke/dcs/child-protection"
GONE = f"left out: {POST}, which can be sent nothing"


def to(*acts, copies=()):
    return [{"unit": unit, "part": part} for part, units in (("ACTION", acts), ("COPY", copies)) for unit in units]


def remove(world, unit):
    world.amana(f"{unit[:2]}-registry", "admin", "member", "remove", unit, "--yes").ok()


def test_an_alert_is_corrected_renewed_and_ended_for_the_others_when_one_who_has_it_is_a_member_no_more(world):
    alert = world.send(draft=world.draft(recipients=to(POST, SHELTER, copies=[CHILDREN])))
    asked = world.send(draft=world.write("REQUEST", {"title": "Who?", "information": ["owner"], "reason": "x", "available_because": "x"},
                                         recipients=to(POST, SHELTER)))
    for desk in ("post", "et-protection", "ke-protection"):
        world.amana(desk, "inbox").ok()
    world.amana("post", "ack", alert).ok()
    remove(world, POST)
    world.amana("police", "withdraw", asked, "--reason", "Known by now.").ok().says(GONE)
    contest = world.amana("et-protection", "contest", alert, world.example("contest")).ok().says(GONE).id
    world.amana("police", "inbox").ok().says(contest[:13])
    world.amana("police", "correct", alert, world.example("correction")).ok().says(GONE)
    newer = world.amana("police", "update", alert, world.draft("newer.json", kind="UPDATE", recipients=None)).ok().says(GONE).id
    ended = world.amana("police", "cancel", alert, "--outcome", "SENT_IN_ERROR", "--reason", "x", "--instructions", "y", "--yes").ok().id
    world.amana("et-protection", "inbox").ok().says(newer[:13], ended[:13])
    world.amana("police", "status", alert).ok().says("stopping")
    world.amana("police", "erase", alert, "--ground", "UNLAWFUL", "--reason", "x", "--yes").ok()
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


def test_what_nobody_who_has_it_can_be_told_of_is_corrected_kept_and_erased_at_the_hub_all_the_same(world):
    asked = world.send(draft=world.write("REQUEST", {"title": "Who?", "information": ["owner"], "reason": "x", "available_because": "x"}))
    alone = "nobody who has it can be told: the"
    remove(world, POST)
    world.amana("police", "correct", asked, world.example("correction", changes=[])).ok().says(GONE, f"{alone} CORRECTION")
    held = world.amana("police", "hold", asked, "--court", "High Court", "--order", "7/2026", "--date", "2026-11-27", "--scope", "x",
                       "--valid-until", w.FAR).ok().says(f"{alone} HOLD").id
    assert [e["held"]["by"]["id"] for e in world.entries("HELD")] == [held]
    other = world.send("police", world.draft(recipients=to(SHELTER, copies=[CHILDREN])))
    for unit in (SHELTER, CHILDREN):
        remove(world, unit)
    erasure = world.amana("police", "erase", other, "--ground", "UNLAWFUL", "--reason", "x", "--yes").ok().says(f"{alone} ERASURE").id
    assert [(e["erased"]["by"]["id"], len(e["erased"]["bodies"])) for e in world.entries("ERASED")] == [(erasure, 1)]
    assert world.body("police", other) is None
    world.amana("police", "inbox").ok()
    world.amana("police", "status", erasure).ok()
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


@pytest.mark.parametrize("verb", ["reject", "uphold"])
def test_who_contested_is_a_member_no_more_and_the_others_see_it_decided_all_the_same(world, verb):
    alert = world.alert_at("post", "et-protection", "ke-protection")
    contest = world.amana("post", "contest", alert, world.example("contest"), "--reason", "He is a victim.").ok().id
    for desk in ("police", "et-protection", "ke-protection"):
        world.amana(desk, "inbox").ok()
    world.amana("ke-protection", "show", alert).ok().says("CONTESTED")
    remove(world, POST)
    if verb == "uphold":
        world.amana("police", "correct", alert, world.example("correction")).ok().says(GONE)
    world.amana("police", verb, contest, "--reason", "Two witnesses say so.").ok().says(GONE)
    for desk in ("et-protection", "ke-protection"):
        world.amana(desk, "inbox").ok().says("Two witnesses say so.")
        assert "CONTESTED" not in world.amana(desk, "show", alert).ok().out, desk
    assert "CONTESTED" not in world.amana("police", "show", alert).ok().out
    remove(world, "ke/dci/transnational")  # who alone could decide another
    world.amana("et-protection", "contest", alert, world.example("contest")).exits(77).says("ke/dci/transnational: is a member of this hub no more")
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


def test_what_nobody_but_its_asker_saw_contested_is_decided_at_the_hub_when_the_asker_is_gone(world):
    asked = world.send(draft=world.write("REQUEST", {"title": "Who?", "information": ["owner"], "reason": "x", "available_because": "x"}))
    world.amana("post", "inbox").ok()
    contest = world.amana("post", "contest", asked, world.example("contest", facts=[]), "--reason", "x").ok().id
    world.amana("police", "inbox").ok()
    remove(world, POST)
    world.amana("police", "reject", contest, "--reason", "It is so.").ok().says(GONE, "nobody who has it can be told: the DECISION")
    assert "CONTESTED" not in world.amana("police", "show", asked).ok().out
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


def test_what_nobody_who_has_it_can_be_told_of_is_withdrawn_and_ended_all_the_same(world):
    """Saves from a request that its own sender can't end, and is rung up about for ever."""
    asked = world.send(draft=world.write("REQUEST", {"title": "Who?", "information": ["owner"], "reason": "x", "available_because": "x"}))
    alert = world.send(draft=world.draft(recipients=to(POST, copies=[CHILDREN])))
    world.amana("post", "inbox").ok()
    for unit in (POST, CHILDREN):
        remove(world, unit)
    if w.moves_time():
        process, lines = world.watch("police", "inbox", "--follow")
        world.later(hours=5)
        lines.wait(f"has not acknowledged {asked[:13]}")
        process.terminate()
        process.wait()
        assert asked[:13] in world.amana("police", "sent", "--overdue").ok().out
    withdrawn = world.amana("police", "withdraw", asked, "--reason", "Known by now.").ok().says(
        GONE, "the WITHDRAW goes to the hub and to this unit alone", "told      nobody").id
    ended = world.amana("police", "cancel", alert, "--outcome", "SENT_IN_ERROR", "--reason", "x", "--instructions", "y", "--yes").ok().says(
        "the CANCEL goes to the hub and to this unit alone", "told      nobody").id
    world.amana("police", "sent").ok().says(f"withdrawn by {withdrawn[:13]}", f"ended by {ended[:13]}")
    world.amana("police", "sent", "--overdue").ok().says("nothing is overdue")
    assert "due in" not in world.amana("police", "case", "ke/dci/2026/004211").ok().says("ended").out
    world.amana("police", "status", asked).ok().says("withdrawn")
    world.amana("police", "withdraw", asked, "--reason", "Known by now.").exits(77).says("it has ended")
    world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "x").exits(77).says("STOPPING")
    # Who comes back answers what it has had; it moves nothing, and nobody is recorded as having stopped.
    world.amana("et-registry", "admin", "member", "add", POST, "--role", "unit").ok()
    world.amana("post", "ack", asked).ok().says("crossed")
    world.amana("post", "ack", alert).ok().says("crossed")
    world.amana("police", "inbox").ok()
    world.amana("police", "status", alert).ok().says("stopping")
    remove(world, POST)
    for message in (asked, alert):
        world.amana("police", "erase", message, "--ground", "UNLAWFUL", "--reason", "x", "--yes").ok()
        assert world.body("police", message) is None
    assert sum(len(e["erased"]["bodies"]) for e in world.entries("ERASED")) == 2
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


def test_who_can_reach_nobody_any_more_is_told_who_has_gone_and_what_ends_it(world):
    """Saves from `recipients: is missing`, which says neither who nor what else there is to do."""
    asked = world.send(draft=world.write("REQUEST", {"title": "Who?", "information": ["owner"], "reason": "x", "available_because": "x"}))
    alert = world.send(draft=world.draft(recipients=to(POST, copies=[CHILDREN])))
    world.amana("post", "inbox").ok()
    world.amana("post", "progress", asked, "--outcome", "CLARIFICATION_ASKED", "--questions", "Which year?").ok()
    world.amana("police", "inbox").ok()
    world.amana("et-registry", "admin", "member", "add", POST, "--successor", SHELTER).ok()
    world.amana("et-registry", "admin", "roster", "remove", POST, "--yes").ok()
    remove(world, CHILDREN)
    before = len(world.replay())
    world.path("year.json").write_text('{"clarification": {"answers": [{"question": "Which year?", "text": "2026."}]}}')
    world.amana("police", "clarify", asked, "year.json").exits(65).says(
        GONE, f"in its place is {SHELTER}", f"no CLARIFICATION can be sent: `amana withdraw {asked[:13]}`", "amana new request")
    world.amana("police", "update", alert, world.draft("newer.json", kind="UPDATE", recipients=None)).exits(65).says(
        GONE, f"left out: {CHILDREN}", f"no UPDATE can be sent: `amana cancel {alert[:13]}`", "named in FILE")
    world.amana("police", "note", alert, "--title", "x", "--text", "y").exits(65).says(GONE, "--to or FILE")
    assert len(world.replay()) == before + 1  # the replay itself
    world.amana("police", "withdraw", asked, "--reason", "Known by now.").ok()
    newer = world.draft("newer.json", kind="UPDATE", recipients=to(SHELTER))
    world.amana("police", "update", alert, newer).ok()
    world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "x").ok()


def test_the_end_of_an_alert_ends_the_life_of_who_was_gone_before_its_newest_version(world):
    """Saves from a life that stays open for ever, because no newer version went to who has it."""
    alert = world.send(draft=world.draft(recipients=to(POST, SHELTER, copies=[CHILDREN])))
    for desk in ("post", "et-protection", "ke-protection"):
        world.amana(desk, "inbox").ok()
    remove(world, POST)
    newer = world.amana("police", "update", alert, world.draft("newer.json", kind="UPDATE", recipients=None)).ok().says(GONE).id
    world.amana("police", "status", alert).ok().says("new")
    world.amana("et-protection", "inbox").ok()
    world.amana("et-protection", "ack", newer).ok()
    world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "Found.").ok()
    status = world.amana("police", "status", alert).ok().out
    assert status.count("stopping") == 2, status
    # Who comes back answers what it has had; it moves nothing.
    world.amana("et-registry", "admin", "member", "add", POST, "--role", "unit").ok()
    world.amana("post", "ack", alert).ok().says("crossed")
    assert world.amana("police", "status", alert).ok().out.count("stopping") == 2
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


def alarms(world):
    return [e["alarm"]["what"] for e in world.entries("ALARM")]


def test_who_takes_out_a_unit_is_told_that_closing_it_keeps_the_way_back_open(world):
    """Saves from alerts that nobody can acknowledge or hit, because a registrar didn't know what `remove` costs."""
    alert = world.send()
    world.amana("post", "inbox").ok()
    remove_it = ("admin", "member", "remove", "ke/dci/transnational")
    world.amana("ke-registry", *remove_it, "--dry-run").ok().says(
        "open are 1 messages that it sent and 0 ", "can be acknowledged, hit or answered", "--successor")
    world.amana("et-registry", "admin", "member", "remove", POST, "--dry-run").ok().says("0 messages that it sent and 1 that it has to answer")
    world.amana("et-registry", *remove_it, "--dry-run").says("open are 0 messages")  # another country's are not its business
    world.amana("ke-registry", "admin", "member", "add", "ke/dci/transnational", "--successor", CHILDREN).ok()
    world.amana("post", "ack", alert).ok()
    world.amana("post", "hit", alert, world.example("hit")).ok()
    assert "acknowledged, hit" not in world.amana("ke-registry", *remove_it, "--dry-run").ok().err
    remove(world, "ke/dci/transnational")
    world.amana("post", "hit", alert, world.example("hit")).exits(77).says("is a member of this hub no more")


def test_a_referral_that_was_accepted_and_not_closed_counts_where_a_unit_is_taken_out(world):
    def at_stake():
        return world.amana("et-registry", "admin", "member", "remove", POST, "--dry-run").ok()

    offered = world.send("post", test_domain_referral.draft(world))
    world.amana("et-protection", "inbox").ok()
    at_stake().says("open are 1 messages that it sent")
    world.amana("et-protection", "accept", offered, "--contact", "Desk").ok()
    at_stake().says("open are 1 messages that it sent")
    world.amana("et-protection", "close", offered, "--summary", "She has a home.", "--services-given", "SHELTER").ok()
    at_stake().says("open are 0 messages that it sent")


def test_what_is_urgent_about_a_child_goes_when_the_protection_unit_is_a_member_no_more(world):
    """The officer is told whom to leave out; then U1 goes, with an ALARM, and what can wait doesn't."""
    alert = world.send()
    world.amana("post", "inbox").ok()
    for unit in (CHILDREN, SHELTER):
        remove(world, unit)
    world.amana("police", "send", world.draft(recipients=to(POST, copies=[CHILDREN]))).exits(77).says(
        "recipients[1].unit: line", f"{CHILDREN}: is a member of this hub no more: leave it out")
    world.amana("police", "send", world.draft(recipients=to(POST), urgency="U3", urgency_reason=None)).exits(65).says(
        "no protection unit", "only U1 and U2 go")
    sent = world.amana("police", "send", world.draft(recipients=to(POST))).ok().says(f"Telephone {CHILDREN}", "write down").id
    assert alarms(world) == ["NO_PROTECTION_UNIT"]
    world.amana("post", "inbox").ok().says(sent[:13])
    hit = world.amana("post", "hit", alert, world.example("hit")).ok().id
    assert alarms(world) == ["NO_PROTECTION_UNIT"] * 2
    world.amana("police", "inbox").ok().says(hit[:13])


def test_the_successor_of_a_closed_protection_unit_takes_its_place_once_the_officer_names_it(world):
    world.amana("ke-registry", "admin", "member", "add", CHILDREN, "--successor", SHELTER).ok()
    world.amana("police", "send", world.draft(recipients=to(POST, copies=[CHILDREN]))).exits(77).says(f"is closed: write to {SHELTER}")
    world.amana("police", "send", world.draft(recipients=to(POST))).exits(65).says(f"add {SHELTER}, a COPY is enough")
    sent = world.send(draft=world.draft(recipients=to(POST, copies=[SHELTER])))
    world.amana("et-protection", "inbox").ok().says(sent[:13])
    assert alarms(world) == []


def test_who_has_nobody_on_its_roster_keeps_no_alert_from_its_end(world):
    alert = world.send(draft=world.draft(recipients=to(POST, SHELTER, copies=[CHILDREN])))
    world.amana("et-protection", "inbox").ok()
    world.amana("et-registry", "admin", "roster", "remove", POST, "--yes").ok()
    ended = world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "Found.").ok().says(GONE).id
    world.amana("et-protection", "inbox").ok().says(ended[:13])


@pytest.fixture
def named_only(empty_world):
    """The trust list names a protection unit of Kenya and one of Ethiopia that have not joined yet."""
    for conf in empty_world.folder.glob("**/trust.conf"):
        conf.write_text(re.sub(r'(?m)^(  protection-unit = "(?:ke|et)/).*\n', r'\1later/protection"\n', conf.read_text()))
    empty_world.start_hub()
    return empty_world


def test_what_is_urgent_about_a_child_goes_while_the_protection_unit_of_the_trust_list_has_not_joined(named_only):
    """Saves from a country whose urgent messages all stand still until its protection unit has a desk."""
    world, to_come = named_only, "ke/later/protection"
    urgent = world.draft("urgent.json", recipients=to(POST))
    world.amana("police", "send", world.draft(recipients=to(POST), urgency="U3", urgency_reason=None)).exits(65).says("only U1 and U2 go")
    world.amana("police", "send", world.draft(recipients=to(POST, copies=[to_come]))).exits(77).says(f"{to_come}: has no roster", "leave it out")
    alert = world.send(draft=urgent)
    world.amana("post", "inbox").ok().says(alert[:13])
    world.amana("post", "hit", alert, world.example("hit")).ok()
    assert alarms(world) == ["NO_PROTECTION_UNIT"] * 2


def test_a_protection_unit_that_joins_is_asked_for_from_then_on(named_only):
    """Saves from a desk that goes on leaving it out because it once had no roster."""
    world, unit = named_only, "ke/later/protection"
    alone = world.send(draft=world.draft(recipients=to(POST)))
    world.amana("ke-registry", "admin", "member", "add", unit, "--role", "protection").ok()
    world.supervisor("later", unit, "klat-0001", with_=None)
    world.amana("ke-registry", "admin", "roster", "add", f"rosters/{unit.replace('/', '.')}.roster").ok()
    world.amana("police", "send", world.draft(recipients=to(POST))).exits(65).says(f"add {unit}, a COPY is enough")
    sent = world.send(draft=world.draft(recipients=to(POST, copies=[unit])))
    world.amana("later", "inbox").ok().says(sent[:13])
    world.amana("police", "status", alone).ok().says(f"{unit} can be reached by now")
    world.amana("police", "note", alone, "--title", "A child", "--text", "Nobody told you.").ok()
    world.amana("later", "inbox").ok().says("NOTE")
    assert alarms(world) == ["NO_PROTECTION_UNIT"]
