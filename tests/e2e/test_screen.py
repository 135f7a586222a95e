# SPDX-License-Identifier: Apache-2.0
"""What `show` says of who must do what by when, and who has; and `sent` of what is late."""
import re

import pytest

import world as w

MUST = re.compile(r"^  must (ack|answer) ", re.M)


@pytest.fixture(scope="module")
def world(file_world):
    file_world.start_hub()
    return file_world


def test_an_alert_is_to_be_acknowledged_until_it_is_and_is_not_said_to_need_an_answer(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    for desk in ("police", "post"):
        shown = world.amana(desk, "show", alert).ok().says("must ack        et/ics/moyale  by ")
        assert not re.search(r"^  must answer", shown.out, re.M)
    world.amana("post", "ack", alert).ok()
    world.amana("police", "inbox").ok()
    for desk in ("police", "post"):
        shown = world.amana(desk, "show", alert).ok().says("acknowledged    et/ics/moyale  ")
        assert not MUST.search(shown.out), shown.out


def test_a_request_is_to_be_acknowledged_and_answered_and_each_is_said_once_it_is_done(world):
    asked = world.send(draft=world.write("REQUEST", {"title": "Who registered KDA 417Q?", "information": ["owner"], "reason": "An alert.",
                                                     "available_because": "It was entered."}))
    world.amana("post", "inbox").ok()
    world.amana("post", "show", asked).ok().says("must ack ", "must answer ")
    world.amana("post", "ack", asked).ok()
    world.amana("post", "show", asked).ok().says("acknowledged ", "must answer ")
    world.amana("post", "answer", asked, "--outcome", "FULL", "--summary", "A trader.").ok()
    assert not MUST.search(world.amana("post", "show", asked).ok().says("acknowledged ", "answered ").out)


def test_what_was_sent_says_by_when_it_must_be_acknowledged_and_answered(world):
    draft = world.write("REQUEST", {"title": "Who registered KDA 417Q?", "information": ["owner"], "reason": "An alert.",
                                    "available_because": "It was entered."})
    world.amana("police", "send", draft).ok().says("must ack  et/ics/moyale by ", "must answer  et/ics/moyale by ")


def test_who_takes_an_alert_on_is_not_told_to_ring_anybody_up_for_that(world):
    alert = world.amana("police", "send", str(w.ALERT)).ok().says("reach ", "aloud ").id
    world.amana("post", "inbox").ok()
    said = world.amana("post", "ack", alert).ok()
    assert "reach" not in said.out and "aloud" not in said.out, said.out


def test_who_answers_an_alert_that_was_ended_hears_what_waits_for_them(world):
    alert = world.send()
    newer = world.amana("police", "update", alert, world.draft("newer.json")).ok().id
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", alert).ok().says(f"there is a newer version, {newer[:13]}")
    assert "newer version" not in world.amana("post", "note", alert, "--title", "t", "--text", "x").ok().err
    cancel = world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "found").ok().id
    world.amana("post", "inbox").ok()
    said = world.amana("post", "ack", alert).ok().says(f"was ended by {cancel[:13]}", f"`amana ack {cancel[:13]}`")
    assert "newer version" not in said.err


def test_an_answer_that_crossed_is_marked_on_both_sides_and_meets_no_clock(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.amana("police", "update", alert, world.draft("newer.json")).ok()
    crossed = world.amana("post", "ack", alert).ok().says("crossed   what it answers was over or replaced").id
    for desk, verb in (("police", "inbox"), ("post", "sent")):
        world.amana(desk, "inbox").ok()
        line = next(l for l in world.amana(desk, verb).ok().out.splitlines() if l.startswith(crossed[:13]))
        assert line.endswith("· crossed"), line
        world.amana(desk, "show", crossed).ok().says("crossed         what it answers was over or replaced before it came")
        assert "acknowledged" not in world.amana(desk, "show", alert).ok().out
        shown = world.amana(desk, "--json", "case", "ke/dci/2026/004211").ok().json
        clocks = next(line["state"]["clocks"] for line in shown if line["header"]["id"] == alert)
        assert clocks[0]["acked"] is None and clocks[0]["ack"] == "ended before it was due", clocks


def test_an_answer_in_time_is_not_said_to_have_crossed(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    said = world.amana("post", "ack", alert).ok()
    assert "crossed" not in said.out + world.amana("post", "show", said.id).ok().out


def test_an_erasure_is_to_be_confirmed_and_says_with_which_verb(world):
    note = world.send(draft=world.write("NOTE", {"title": "The driver", "text": "Seen."}))
    world.amana("post", "inbox").ok()
    erasure = world.amana("police", "erase", note, "--ground", "NO_LONGER_NEEDED", "--yes").ok().says("must confirm  et/ics/moyale by ").id
    world.amana("post", "inbox").ok().says(f"to be confirmed: `amana confirm {erasure[:13]} --outcome DONE --remark TEXT`")
    world.amana("post", "show", erasure).ok().says("must confirm ")


def test_an_alert_that_was_cancelled_asks_nothing_of_anybody(world):
    alert = world.send()
    world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "found").ok()
    assert not MUST.search(world.amana("police", "show", alert).ok().out)


@pytest.mark.skipif(not w.moves_time(), reason="this build takes its time from the machine alone")
def test_sent_lists_what_is_overdue_alone_when_it_is_asked_to(world):
    late, quiet = world.send(), world.amana("police", "send", world.draft(urgency="U4", urgency_reason=None)).ok().id
    world.later(minutes=16)
    follow, lines = world.watch("police", "inbox", "--follow")
    lines.wait(f"overdue.*{late[:13]}|{late[:13]}.*overdue")
    follow.terminate()
    follow.wait()
    listed = world.amana("police", "sent", "--overdue").ok().says(late[:13], "OVERDUE at 1")
    assert quiet[:13] not in listed.out
    assert quiet[:13] in world.amana("police", "sent").ok().out


def test_a_title_has_as_many_letters_in_every_script_and_a_list_has_no_more_of_any_text(world):
    """Saves from 53 letters of Amharic where English has 160, and from a remark of pages that pushes a U1 out of sight."""
    title = ("ነጭ የጭነት መኪና " * 16)[:160]
    note = world.send(draft=world.write("NOTE", {"title": title, "text": "ሰላም " * 2000}))
    world.amana("post", "inbox").ok().says(title)
    world.amana("police", "send", world.write("NOTE", {"title": title + "ነ", "text": "x"})).exits(65).says("one line of at most 160 letters")
    alert = world.alert_at("post")
    remark = "\n".join(f"Line {n} of what was seen at the barrier." for n in range(100))
    ack = world.amana("post", "ack", alert, "--remark", remark).ok().id
    line = next(line for line in world.amana("police", "inbox").ok().out.splitlines() if line.startswith(ack[:13]))
    assert remark.replace("\n", " ")[:160] + "…" in line and "Line 9" not in line
    world.amana("police", "show", ack).ok().says("Line 99 of what")
    assert note[:13] in world.amana("post", "search", "ሰላም").ok().out
