# SPDX-License-Identifier: Apache-2.0
"""A case as one timeline with its clocks."""
import json

CASE = "ke/dci/2026/004211"


def lines(world, desk, *args):
    return world.amana(desk, "--json", "case", CASE, *args).ok().json


def test_a_case_is_one_timeline_in_the_order_of_the_log_with_each_clock_and_whether_it_was_met(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    running = lines(world, "police")
    assert [line["header"]["id"] for line in running] == [alert]
    clock = running[0]["state"]["clocks"][0]
    assert clock["recipient"] == "et/ics/moyale" and clock["acked"] is None and clock["ack"].startswith("due in")
    world.amana("post", "ack", alert).ok()
    hit = world.amana("post", "hit", alert, "--summary", "Stopped", "--certainty", "CERTAIN", "--place", "barrier", "--done",
                      "STOP_AND_SEARCH", "--found-at", "2026-11-24T17:20:00+03:00", "--copy", "et/mowsa/protection").ok().id
    world.amana("police", "inbox").ok()
    world.amana("police", "ack", hit).ok()
    world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "found").ok()
    shown = lines(world, "police")
    assert [line["header"]["kind"] for line in shown] == ["ALERT", "ACK", "HIT", "ACK", "CANCEL"]
    first = shown[0]["state"]["clocks"][0]
    assert (first["ack"], first["officer"][-9:]) == ("on time", "eics-1207")
    of_hit = shown[2]["state"]["clocks"]
    assert [(c["recipient"], c["ack"]) for c in of_hit] == [("ke/dci/transnational", "on time")]
    assert shown[4]["state"]["clocks"][0]["ack"].startswith("due in")
    world.amana("police", "case", CASE).ok().says("5 messages, in the order of the log", "acknowledge by", "on time")
    world.amana("police", "case", "ke/dci/2026/999999").exits(66).says("no message of this case is kept here")
    world.amana("police", "case", "ke/dci/999").exits(65)


def test_an_alert_that_ended_before_it_was_acknowledged_is_not_overdue(world):
    alert = world.send()
    world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "found").ok()
    assert lines(world, "police")[0]["state"]["clocks"][0]["ack"] == "ended before it was due"


def test_the_clock_of_what_is_suspended_stands_still_and_an_answer_meets_it(world):
    request = world.example("request")
    body = json.loads(world.path(request).read_text())["request"]
    asked = world.send(draft=world.write("REQUEST", body, case_ref=CASE, flags={"child": True, "protection": "NO"}, consent=None,
                                         recipients=[{"unit": "et/ics/moyale", "part": "ACTION"},
                                                     {"unit": "ke/dcs/child-protection", "part": "COPY"}]))
    world.amana("post", "inbox").ok()
    world.amana("post", "progress", asked, "--outcome", "CLARIFICATION_ASKED", "--text", "Which year?", "--questions", "Which year?").ok()
    world.amana("police", "inbox").ok()
    world.amana("police", "case", CASE).ok().says("the clock stands still")
    clock = lines(world, "police")[0]["state"]["clocks"][0]
    assert clock["life"] == "SUSPENDED" and clock["answered"] is None and clock["ack"] == "on time"
    world.amana("post", "answer", asked, "--outcome", "NO_DATA", "--summary", "None held.").ok()
    world.amana("police", "inbox").ok()
    assert lines(world, "police")[0]["state"]["clocks"][0]["answer"] == "on time"


def test_an_exercise_stands_in_no_live_timeline(world):
    world.send()
    world.amana("police", "send", world.draft(status="EXERCISE")).ok()
    assert len(lines(world, "police")) == 1 and len(lines(world, "police", "--exercise")) == 1
