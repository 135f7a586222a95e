# SPDX-License-Identifier: Apache-2.0
"""Deadlines, on a clock that is moved: what runs out and what is met is an entry, told to both sides, also over a restart."""
import datetime
import re

import pytest

import test_domain_referral
import world as w

ASKED = {"title": "Where is he", "information": ["where he is"], "reason": "x", "available_because": "x"}


@pytest.fixture(autouse=True)
def moved_time(world):
    if not w.moves_time():
        pytest.skip("this build's time can't be moved")


def entry(world, kind, at=-1):
    return world.entries(kind)[at]


def entered(world, kind, count=1, **delta):
    """The auditor, who follows the log, sees so many of such entries once time has gone on."""
    process, lines = world.watch("auditor", "--json", "audit", "replay", "--reason", "a test", "--follow")
    lines.wait(r'"ACCESS"')
    world.later(**delta)
    since = 0
    for _ in range(count):
        since = lines.all.index(lines.wait(f'"kind":"{kind}"', since)) + 1
    process.terminate()
    process.wait()


def test_an_alert_that_nobody_acknowledges_runs_out_for_both_clocks(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    entered(world, "DEADLINE", minutes=16)
    world.amana("police", "status", alert).ok().says("OVERDUE", "connected")
    for desk in ("police", "post"):
        world.amana(desk, "inbox").ok().says("overdue", f"et/ics/moyale has not acknowledged {alert[:13]}", "from retrieval")
    world.amana("police", "sent").ok().says("OVERDUE at 1")
    deadline = entry(world, "DEADLINE")["deadline"]
    assert deadline["message"]["id"] == alert and deadline["recipient"] == "et/ics/moyale"
    assert [(c["what"], c["from"]) for c in deadline["clocks"]] == [("ACK", "ACCEPTANCE"), ("ACK", "RETRIEVAL")]
    assert "met_by" not in deadline
    world.hub.stop()
    world.later(minutes=15)
    world.start_hub()
    entered(world, "DEADLINE", 2)
    assert entry(world, "DEADLINE")["deadline"]["clocks"][0]["again"]
    world.amana("police", "inbox").ok().says("escalated")
    world.amana("police", "status", alert).ok().says("OVERDUE, ESCALATED")
    world.amana("post", "ack", alert).ok()
    world.amana("police", "inbox").ok().says("late", "late by")
    assert "OVERDUE" not in world.amana("police", "sent").ok().out + world.amana("police", "status", alert).ok().out
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


def test_a_deadline_that_runs_out_while_the_hub_is_away_is_told_when_it_is_back(world):
    world.send()
    world.hub.kill()
    world.later(minutes=16)
    world.start_hub()
    entered(world, "DEADLINE")
    assert [e["non_retrieved"]["recipients"] for e in world.entries("NON_RETRIEVED")] == [["et/ics/moyale", "et/mowsa/protection"], ["ke/dcs/child-protection"]]
    world.amana("police", "inbox").ok().says("not fetched", "has not been fetched by et/ics/moyale")
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


def test_a_deadline_that_can_t_be_read_is_named_and_keeps_no_other_from_being_told(world):
    world.send()
    world.hub.stop()
    w.run(w.BUILD / "tests" / "damage_row", world.path("data"), "life", "0:12").ok()  # more times than it has
    world.start_hub()
    other = world.send()
    entered(world, "DEADLINE", minutes=16)
    assert entry(world, "DEADLINE")["deadline"]["message"]["id"] == other
    world.hub.log.wait(r'^deadline kind=CLOCKS entry=\d+ reason="the stored data is damaged: it is looked at again later"')
    world.hub.stop()


def test_an_alert_acknowledged_in_time_is_an_entry_that_names_both_clocks(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.later(minutes=5)
    ack = world.amana("post", "ack", alert).ok().id
    deadline = entry(world, "DEADLINE")["deadline"]
    assert deadline["met_by"]["id"] == ack and deadline["message"]["id"] == alert
    assert len(deadline["clocks"]) == 2 and not any(c.get("late") for c in deadline["clocks"])
    world.amana("police", "inbox").ok().says("in time", f"et/ics/moyale acknowledged {alert[:13]} with {ack[:13]}")
    world.amana("post", "inbox").ok().says("in time")
    notices = [n for n in world.amana("auditor", "audit", "replay", "--reason", "a test", "--kind", "DEADLINE").ok().out.splitlines()
               if "DEADLINE" in n]
    assert any("in time" in n for n in notices)


def test_a_request_with_a_date_of_its_own_is_late_by_that_alone(world):
    by = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)
    asked = world.send(draft=world.write("REQUEST", ASKED, answer_by=by.strftime("%Y-%m-%dT%H:%M:%SZ")))
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", asked).ok()
    entered(world, "DEADLINE", 2, minutes=121)
    deadline = entry(world, "DEADLINE")["deadline"]
    assert deadline["message"]["id"] == asked
    assert [(c["what"], c["from"]) for c in deadline["clocks"]] == [("ANSWER", "ACCEPTANCE")], "its date is no time from anything"


def test_a_referral_is_answered_in_time_by_its_decision_and_nothing_of_it_runs_out_later(world):
    urgent = test_domain_referral.draft(world, urgency="U2", urgency_reason="CHILD_AT_RISK")
    offered = world.send("post", urgent)
    world.amana("et-protection", "inbox").ok()
    accepted = world.amana("et-protection", "accept", offered, "--contact", "Protection desk", "--reason", "A bed.").ok().id
    deadline = entry(world, "DEADLINE")["deadline"]
    assert deadline["message"]["id"] == offered and deadline["met_by"]["id"] == accepted
    assert {c["what"] for c in deadline["clocks"]} == {"ACK", "ANSWER"} and not any(c.get("late") for c in deadline["clocks"])
    unanswered = world.send("post", urgent)
    entered(world, "DEADLINE", hours=17)
    late = [e["deadline"]["message"]["id"] for e in world.entries("DEADLINE") if "met_by" not in e["deadline"]]
    assert set(late) == {unanswered}, "what was accepted waits for its end, not for an answer"
    for desk in ("post", "et-protection"):
        told = world.amana(desk, "inbox").ok()
        assert not any("overdue" in line and offered[:13] in line for line in told.out.splitlines()), told.out
    assert offered[:13] not in world.amana("post", "sent", "--overdue").ok().out
    world.amana("et-protection", "close", offered, "--summary", "She lives with an aunt.", "--services-given", "SHELTER").ok()
    assert [e["deadline"]["met_by"]["id"] for e in world.entries("DEADLINE") if "met_by" in e["deadline"]] == [accepted]
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


def test_an_alert_expires_at_its_valid_until(world):
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=40)
    alert = world.send(draft=world.draft(valid_until=until.strftime("%Y-%m-%dT%H:%M:%SZ")))
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", alert).ok()
    entered(world, "STATE", minutes=41)
    moves = entry(world, "STATE")["state"]["moves"]
    assert [(m["recipient"], m["to"]) for m in moves] == [("et/ics/moyale", 5)]
    world.amana("post", "inbox").ok().says("expired", "ACKNOWLEDGED → EXPIRED")
    world.amana("police", "status", alert).ok().says("expired")
    world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "Found.").exits(77).says(
        "EXPIRED", "SENT_IN_ERROR, COURT_ORDER")
    ended = world.amana("police", "cancel", alert, "--outcome", "SENT_IN_ERROR", "--reason", "Another lorry was meant.",
                        "--instructions", "Let it pass.", "--yes").ok().id
    world.amana("post", "inbox").ok().says(f"to be erased: `amana confirm {ended[:13]} --outcome DONE --remark TEXT`")
    world.amana("post", "confirm", ended, "--outcome", "DONE", "--remark", "Gone.", "--yes").ok()
    assert world.body("post", alert) is None
    world.amana("post", "ack", ended).ok()
    world.amana("police", "status", ended).ok().says("stopped by eics-1207", "erasure confirmed by eics-1207")
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


def test_an_alert_that_is_over_is_asked_of_nobody_and_what_crosses_it_meets_no_clock(world):
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=10)
    alert = world.send(draft=world.draft(valid_until=until.strftime("%Y-%m-%dT%H:%M:%SZ")))
    world.amana("post", "inbox").ok().says("to be acknowledged")
    entered(world, "STATE", minutes=11)
    line = next(l for l in world.amana("post", "inbox").ok().out.splitlines() if l.startswith(alert[:13]))
    assert line.endswith("· expired"), line
    shown = world.amana("post", "show", alert).ok().says("it is over, nothing of it is to be done any more")
    assert "must ack" not in shown.out
    world.amana("post", "ack", alert).ok()
    for desk in ("post", "police"):
        world.amana(desk, "inbox").ok()
        clock = world.amana(desk, "--json", "case", "ke/dci/2026/004211").ok().json[0]["state"]["clocks"][0]
        assert clock["acked"] is None and clock["ack"] == "ended before it was due", (desk, clock)
    assert "acknowledged" not in world.amana("post", "show", alert).ok().out


def test_an_alert_whose_newer_version_is_in_force_is_not_said_to_be_over(world):
    def until(minutes):
        at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")

    alert = world.send(draft=world.draft(valid_until=until(10)))
    newer = world.amana("police", "update", alert, world.draft("newer.json", valid_until=until(60))).ok().id
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", newer).ok()
    world.later(minutes=11)
    for desk in ("post", "police"):
        shown = world.amana(desk, "show", alert).ok().says(f"replaced by {newer[:13]}").out
        assert "it is over" not in shown and "expired" not in shown, shown
        assert "it is over" not in world.amana(desk, "show", newer).ok().out


def due(world, ended, said):
    """By when it is to be acknowledged: by its receipt, the hub, and what each desk keeps."""
    by = r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"
    times = {re.search(f"must ack  et/ics/moyale by {by}", said)[1],
             re.search(f"to be acknowledged +by {by}", world.amana("police", "status", ended).ok().out)[1]}
    for desk in ("police", "post"):
        times.add(re.search(f"must ack +et/ics/moyale +by {by}", world.amana(desk, "show", ended).ok().out)[1])
        last = world.amana(desk, "case", "ke/dci/2026/004211").ok().out.split(ended[:13])[-1]
        times.add(re.search(f"et/ics/moyale: acknowledge by {by}", last)[1])
    return times


@pytest.mark.parametrize("first, then", [("U4", "U1"), ("U1", "U4")])
def test_after_an_update_every_desk_and_the_hub_name_the_same_time_to_acknowledge_the_end(world, first, then):
    """Saves from an end that is said to have 24 hours, and that is overdue in a quarter of one."""
    urgency = {"U1": {}, "U4": {"urgency": "U4", "urgency_reason": None}}
    alert = world.send(draft=world.draft(**urgency[first]))
    newer = world.draft("newer.json", kind="UPDATE", recipients=None, **urgency[then])
    world.amana("police", "update", alert, newer).ok()
    said = world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "Found.").ok()
    world.amana("post", "inbox").ok()
    assert len(due(world, said.id, said.out)) == 1
    entered(world, "DEADLINE", **({"minutes": 16} if then == "U1" else {"hours": 25}))
    world.amana("police", "status", said.id).ok().says("OVERDUE")
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


def test_an_erasure_that_nobody_confirms_is_late_beside_the_end_that_nobody_acknowledges(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    ended = world.amana("police", "cancel", alert, "--outcome", "SENT_IN_ERROR", "--reason", "Another lorry was meant.",
                        "--instructions", "Let it pass.", "--yes").ok().id
    world.amana("post", "inbox").ok()
    entered(world, "DEADLINE", 4, days=8)  # the end late and escalated; the erasure of who is to act, and of who had a copy
    late = {(e["deadline"]["recipient"], e["deadline"]["clocks"][0]["what"]) for e in world.entries("DEADLINE")
            if e["deadline"]["message"]["id"] == ended}
    assert {("et/ics/moyale", "ACK"), ("et/ics/moyale", "ANSWER"), ("ke/dcs/child-protection", "ANSWER")} <= late
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


def overdue(world):
    """At how many recipients what the police sent is overdue, by the message."""
    world.amana("police", "inbox").ok()
    listed = world.amana("police", "sent", "--overdue").ok().out
    return {line[:13]: int(re.search(r"OVERDUE at (\d+)", line)[1]) for line in listed.splitlines() if "OVERDUE" in line}


def test_what_is_acknowledged_too_late_is_still_overdue_until_it_is_answered(world):
    """Saves from a request at risk of life that nobody answers and no list of the sender shows."""
    asked = world.send(draft=world.write("REQUEST", ASKED, urgency="U1", urgency_reason="LIFE_AT_RISK"))
    world.amana("post", "inbox").ok()
    entered(world, "DEADLINE", minutes=61)
    assert overdue(world) == {asked[:13]: 1}
    world.amana("post", "ack", asked).ok()
    assert overdue(world) == {asked[:13]: 1}
    world.amana("police", "status", asked).ok().says("OVERDUE")
    world.amana("post", "answer", asked, "--outcome", "FULL", "--summary", "In Moyale.").ok()
    assert overdue(world) == {}


def test_who_acknowledges_an_end_too_late_is_still_overdue_until_the_erasure_is_confirmed(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    ended = world.amana("police", "cancel", alert, "--outcome", "SENT_IN_ERROR", "--reason", "Another lorry was meant.",
                        "--instructions", "Let it pass.", "--yes").ok().id
    world.amana("post", "inbox").ok()
    entered(world, "DEADLINE", 4, days=8)
    late = overdue(world)[ended[:13]]
    world.amana("post", "ack", ended).ok()
    assert overdue(world) == {ended[:13]: late}
    world.amana("post", "confirm", ended, "--outcome", "DONE", "--remark", "Gone.", "--yes").ok()
    assert overdue(world).get(ended[:13], 0) == late - 1


def test_an_alert_that_was_replaced_is_overdue_no_more(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    entered(world, "DEADLINE", minutes=16)
    assert overdue(world) == {alert[:13]: 1}
    newer = world.amana("police", "update", alert, world.draft("newer.json", kind="UPDATE", recipients=None)).ok().id
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", newer).ok()
    assert overdue(world) == {}
    assert "OVERDUE" not in world.amana("police", "sent").ok().out


def test_who_a_request_was_withdrawn_from_is_overdue_no_more(world):
    both = [{"unit": "et/ics/moyale", "part": "ACTION"}, {"unit": "et/mowsa/protection", "part": "ACTION"}]
    asked = world.send(draft=world.write("REQUEST", ASKED, recipients=both))
    entered(world, "DEADLINE", 2, hours=5)
    assert overdue(world) == {asked[:13]: 2}
    world.amana("police", "withdraw", asked, "--reason", "x", "--to", "et/mowsa/protection").ok()
    assert overdue(world) == {asked[:13]: 1}


def test_an_exercise_has_its_deadlines_and_no_live_inbox_shows_them(world):
    alert = world.send(draft=world.draft(status="EXERCISE"))
    entered(world, "DEADLINE", minutes=16)
    assert "overdue" not in world.amana("police", "inbox").ok().out
    world.amana("police", "inbox", "--exercise").ok().says("overdue", alert[:13])


def test_others_who_look_for_it_hear_that_it_was_found_elsewhere(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    hit = ["--summary", "At the barrier.", "--certainty", "CERTAIN", "--done", "STOP_AND_SEARCH", "--place", "Moyale",
           "--found-at", "2026-11-24T17:20:00+03:00"]
    world.amana("post", "hit", alert, *hit).ok()
    world.amana("ke-protection", "inbox").ok().says("found", f"what {alert[:13]} looks for was found elsewhere; it is still in force")
    assert "found elsewhere" not in world.amana("police", "inbox").ok().out


def test_the_receipt_of_an_urgent_message_says_who_is_there_and_whom_to_telephone(world):
    world.amana("post", "inbox").ok()
    said = world.amana("police", "send", str(w.ALERT)).ok().says("reach     et/ics/moyale  not connected, last seen", "aloud", "--means PHONE --spoken-to DESK --telephone NUMBER --summary TEXT`")
    said.says("· no telephone is listed")
    world.amana("police", "status", said.id).ok().says("not connected, last seen")
    process, lines = world.watch("post", "inbox", "--follow")
    lines.wait("ALERT")
    world.amana("police", "send", str(w.ALERT)).ok().says("reach     et/ics/moyale  connected", 'aloud     "ALERT')
    # Who is rung up about what is played must not take it for real.
    for status in ("EXERCISE", "TEST"):
        played = world.draft("played.json", status=status, case_ref="ke/dci/2026/004777")
        world.amana("police", "send", played).ok().says(f'aloud     "{status.lower()}, {status.lower()}: ALERT')
    process.terminate()
    process.wait()
