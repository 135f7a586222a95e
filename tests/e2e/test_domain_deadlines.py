# SPDX-License-Identifier: Apache-2.0
"""Deadlines, on a clock that is moved: what runs out and what is met is an entry, told to both sides, also over a restart."""
import datetime

import pytest

import world as w


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
    deadline = entry(world, "DEADLINE")["deadline"]
    assert deadline["message"]["id"] == alert and deadline["recipient"] == "et/ics/moyale"
    assert [(c["what"], c["from"]) for c in deadline["clocks"]] == [("ACK", "ACCEPTANCE"), ("ACK", "RETRIEVAL")]
    assert "met_by" not in deadline
    world.hub.stop()
    world.later(minutes=15)
    world.start_hub()
    entered(world, "DEADLINE", 2)
    assert entry(world, "DEADLINE")["deadline"]["clocks"][0]["again"]
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


def test_a_deadline_that_runs_out_while_the_hub_is_away_is_told_when_it_is_back(world):
    world.send()
    world.hub.kill()
    world.later(minutes=16)
    world.start_hub()
    entered(world, "DEADLINE")
    assert entry(world, "NON_RETRIEVED")["non_retrieved"]["recipients"][0] == "et/ics/moyale"
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


def test_an_alert_acknowledged_in_time_is_an_entry_that_names_both_clocks(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.later(minutes=5)
    ack = world.amana("post", "ack", alert).ok().id
    deadline = entry(world, "DEADLINE")["deadline"]
    assert deadline["met_by"]["id"] == ack and deadline["message"]["id"] == alert
    assert len(deadline["clocks"]) == 2 and not any(c.get("late") for c in deadline["clocks"])


def test_an_alert_expires_at_its_valid_until(world):
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)
    alert = world.send(draft=world.draft(valid_until=until.strftime("%Y-%m-%dT%H:%M:%SZ")))
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", alert).ok()
    entered(world, "STATE", minutes=121)
    moves = entry(world, "STATE")["state"]["moves"]
    assert [(m["recipient"], m["to"]) for m in moves] == [("et/ics/moyale", 5)]
    world.amana("police", "status", alert).ok().says("expired")
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()
