# SPDX-License-Identifier: Apache-2.0
"""Rule 4, do no harm, of what a listed state has sent itself: an answer that is withheld from it is to it as if it had never been."""
import datetime

import pytest

import test_domain_do_no_harm as harm
import test_receive
import world as w
from test_domain_property import POLICE, POST, Desk

two = harm.two
REFUSE = ("refuse", "--outcome", "NO_LEGAL_BASIS", "--explanation", "x", "--provision", "x")
FULL = ("answer", "--outcome", "FULL", "--summary", "x")
BACK = ("progress", "--outcome", "CLARIFICATION_ASKED", "--questions", "Which barrier?")
IN_HAND = ("progress", "--outcome", "IN_HAND", "--text", "We look.")
NO_DATA = ("answer", "--outcome", "NO_DATA", "--summary", "None.")


def on(message, answer):
    return answer[0], message, *answer[1:]


def request(world, name):
    return world.write("REQUEST", harm.ASKED, f"{name}.json", case_ref=harm.CASE, urgency="U2",
                       urgency_reason="EVIDENCE_AT_RISK", recipients=harm.TO_POLICE)


def a_night(world, pb, kept):
    """What the post sent was answered while it was away, and the answer is kept from it before it is back."""
    eyes, to_police = harm.Eyes(world, pb), [*harm.TO_POLICE, {"unit": "et/mowsa/protection", "part": "COPY"}]
    alert = world.send()
    eyes.look()
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", alert).ok()
    world.amana("et-protection", "inbox").ok()
    over = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=12)
    alerts = [eyes.does("send", world.draft(f"alert{i}.json", urgency="U3", urgency_reason=None, recipients=to_police,
                                            valid_until=over.strftime("%Y-%m-%dT%H:%M:%SZ"))).id for i in range(3)]
    renewed, ended, over = alerts
    names = ("refused", "answered", "withdrawn", "paused", "asked_back", "taken_on")
    asked = {name: eyes.does("send", request(world, name)).id for name in names}
    world.amana("police", "inbox").ok()
    if kept:
        for alert in alerts:
            world.amana("police", "hit", alert, world.example("hit")).ok()
        for name, answer in (("refused", REFUSE), ("answered", FULL), ("withdrawn", FULL), ("paused", BACK), ("asked_back", BACK), ("taken_on", BACK)):
            world.amana("police", *on(asked[name], answer)).ok()
        harm.flag(world)
    eyes.look(*alerts, *asked.values())
    for name in ("withdrawn", "asked_back"):
        eyes.does("withdraw", asked[name], "--reason", "x")
    eyes.does("clarify", asked["paused"], world.example("clarification"))
    eyes.does("update", renewed, world.draft("newer.json", urgency="U3", urgency_reason=None, recipients=None, flags=None))
    eyes.does("cancel", ended, "--outcome", "RESOLVED", "--reason", "Found.")
    world.amana("police", "inbox").ok()
    world.amana("police", "ack", asked["taken_on"], "--again").ok()
    eyes.look(*alerts, *asked.values())
    eyes.until("DEADLINE", 3, hours=1, minutes=30)  # nobody has acknowledged what was refused, answered, or asked back
    eyes.screens(*asked.values())
    eyes.look(*alerts, *asked.values())
    world.amana("police", *on(asked["paused"], IN_HAND)).ok()
    world.amana("police", *on(asked["answered"], NO_DATA)).ok()
    eyes.look(*alerts, *asked.values())
    world.hub.stop()
    world.start_hub()
    eyes.until("DEADLINE", 5, hours=8)  # late with the answer, and with the alerts
    eyes.look(*alerts, *asked.values())
    eyes.until("STATE", 1, hours=6)
    eyes.screens(*alerts)
    eyes.look(*alerts, *asked.values())
    eyes.does("withdraw", asked["refused"], "--reason", "x")
    eyes.look(*alerts, *asked.values())
    eyes.replay()
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok()
    return [by_quarters(row) for row in harm.without_pause(eyes.rows())]


def by_quarters(row):
    """Of an alert that was renewed the clock is that of the newer version, which came as long after it as this test took."""
    return tuple({key: at // (15 * 60 * 10**9) for key, at in cell.items()} if isinstance(cell, dict) and row[0] == "status" else cell for cell in row)


@pytest.mark.skipif(not w.moves_time(), reason="moves the clock")
def test_what_a_listed_state_sent_goes_on_as_if_the_answers_that_are_withheld_had_never_been(two, pb):
    world, other = two
    with_flag, without = a_night(world, pb, True), a_night(other, pb, False)
    seen, as_ever = ([row for row in rows if row[:2] != ("replay", None)] for rows in (with_flag, without))
    assert harm.in_order(seen) == harm.in_order(as_ever)
    assert str(without).count("'due', ") > 20


def test_an_answer_that_a_device_has_in_hand_is_known_to_who_asked(empty_world, pb):
    """Who signs late would else be told that what it reads was never said."""
    world = empty_world
    world.start_hub()
    police, asks, post = Desk(world, pb, POLICE), Desk(world, pb, POST), test_receive.Post(world, pb)
    header, asked = asks.write("REQUEST", [POLICE], case_ref="et/ics/2026/000401")
    about = {"in_reply_to": asked, "case_ref": header.case_ref, "retain_until": header.retain_until}
    police.write("PROGRESS", [POST], outcome=police.code("Outcome", "CLARIFICATION_ASKED"), **about)
    with post.channel() as channel:
        test_receive.take(post.receive(channel, max_unacknowledged=1), 1)  # it is in hand, and nothing else comes
        police.write("REFUSAL", [POST], outcome=police.code("Outcome", "NO_LEGAL_BASIS"), **about)
        test_receive.flags(world, header.case_ref)
        assert asks.sees(asked.id) == {"ke/dci/transnational": "SUSPENDED"}
        asks.write("CLARIFICATION", [POLICE], **about)
        assert asks.sees(asked.id) == {"ke/dci/transnational": "IN_PROGRESS"}
        police.write("RESPONSE", [POST], outcome=police.code("Outcome", "NO_DATA"), **about)
        asks.hang_up()
    [move] = world.entries("SUBMITTED")[-1]["submitted"]["moves"]
    assert (harm.LIVES[move["from"]], harm.LIVES[move["to"]]) == ("IN_PROGRESS", "ANSWERED")
    test_receive.bears_out(world, police)
