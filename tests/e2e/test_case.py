# SPDX-License-Identifier: Apache-2.0
"""A case as one timeline with its clocks; and within a unit: assign, hand over, search."""
import datetime
import json

import pytest

import raw as r
import world as w

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


def ns(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


@pytest.mark.skipif(not w.moves_time(), reason="this build takes its time from the machine alone")
def test_a_case_shows_both_clocks_and_the_second_runs_from_retrieval(world):
    alert = world.send()
    clock = lines(world, "police")[0]["state"]["clocks"][0]
    assert clock["retrieved"] is None and clock["ack_due_retrieved"] is None and clock["ack_retrieved"] == ""
    world.amana("police", "case", CASE).ok().says("from retrieval: not begun, no device of theirs has signed for it")
    world.later(minutes=10)
    world.amana("post", "inbox").ok()
    world.amana("police", "inbox").ok()
    clock = lines(world, "police")[0]["state"]["clocks"][0]
    apart = ns(clock["ack_due_retrieved"]) - ns(clock["ack_due"])
    assert 10 * 60 <= apart < 12 * 60 and clock["ack_retrieved"].startswith("due in")
    world.later(minutes=10)  # U1: past 15 minutes from acceptance, not from retrieval
    world.amana("post", "ack", alert).ok()
    world.amana("police", "inbox").ok()
    clock = lines(world, "police")[0]["state"]["clocks"][0]
    assert clock["ack"].startswith("LATE by ") and clock["ack_retrieved"] == "on time", clock
    world.amana("police", "case", CASE).ok().says("from retrieval, by", "LATE", ": on time")
    received = lines(world, "post")[0]["state"]["clocks"][0]
    assert received["ack"].startswith("LATE by ") and received["retrieved"] is None  # its hub tells the sender alone


def test_an_alert_that_ended_before_it_was_acknowledged_is_not_overdue(world):
    alert = world.send()
    world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "found").ok()
    assert lines(world, "police")[0]["state"]["clocks"][0]["ack"] == "ended before it was due"


def test_a_hit_waits_for_its_acknowledgement_after_the_alert_was_cancelled(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    hit = world.amana("post", "hit", alert, "--summary", "Stopped", "--certainty", "CERTAIN", "--place", "barrier", "--done",
                      "STOP_AND_SEARCH", "--found-at", "2026-11-24T17:20:00+03:00", "--copy", "et/mowsa/protection").ok().id
    world.amana("police", "inbox").ok()
    world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "found").ok()
    clock = {line["header"]["id"]: line["state"]["clocks"] for line in lines(world, "police")}[hit][0]
    assert clock["ack"].startswith("due in"), clock
    world.amana("police", "ack", hit).ok()
    clock = {line["header"]["id"]: line["state"]["clocks"] for line in lines(world, "police")}[hit][0]
    assert clock["ack"] == "on time"


def ask(world):
    body = json.loads(world.path(world.example("request")).read_text())["request"]
    return world.send(draft=world.write("REQUEST", body, case_ref=CASE, flags={"child": True, "protection": "NO"}, consent=None,
                                        recipients=[{"unit": "et/ics/moyale", "part": "ACTION"},
                                                    {"unit": "ke/dcs/child-protection", "part": "COPY"}]))


def test_the_clock_of_what_is_suspended_stands_still_and_an_answer_meets_it(world):
    asked = ask(world)
    world.amana("post", "inbox").ok()
    world.amana("post", "progress", asked, "--outcome", "CLARIFICATION_ASKED", "--text", "Which year?", "--questions", "Which year?").ok()
    world.amana("police", "inbox").ok()
    world.amana("police", "case", CASE).ok().says("the clock stands still")
    clock = lines(world, "police")[0]["state"]["clocks"][0]
    assert clock["life"] == "SUSPENDED" and clock["answered"] is None and clock["ack"] == "on time"
    before = [ns(clock[due]) for due in ("answer_due", "answer_due_retrieved")]
    world.later(days=1)
    world.amana("police", "clarify", asked, world.example("clarification")).ok()
    clock = lines(world, "police")[0]["state"]["clocks"][0]
    after = [ns(clock[due]) for due in ("answer_due", "answer_due_retrieved")]
    stood = 86400 if w.moves_time() else 0
    assert all(stood <= b - a < stood + 120 for a, b in zip(before, after)), (before, after)
    world.amana("post", "answer", asked, "--outcome", "NO_DATA", "--summary", "None held.").ok()
    world.amana("police", "inbox").ok()
    assert lines(world, "police")[0]["state"]["clocks"][0]["answer"] == "on time"


@pytest.mark.skipif(not w.moves_time(), reason="this build takes its time from the machine alone")
def test_time_that_stood_still_before_retrieval_gives_the_second_clock_nothing(world, pb):
    asked = ask(world)
    world.amana("police", "show", asked, "--export", "asked").ok()
    types, codes = pb("message"), pb("code")
    post = r.Raw(world, pb, "post", "et/ics/moyale", "eics-1207")  # it answers and signs for nothing
    post.RECIPIENTS = {"ke/dci/transnational": ("police", 1)}
    root = world.path("asked", "header.bin").read_bytes()
    header = types.Header.FromString(root)
    post.send(post.letter("PROGRESS", {"text": "?", "questions": ["Which year?"]}, child=True, in_reply_to=types.Pointer(
        id=asked, header_digest=r.hashlib.sha256(root).digest()), outcome=codes.Outcome.Code.Value("CLARIFICATION_ASKED"),
        urgency=header.urgency, urgency_reason=0, retain_until=header.retain_until))
    world.later(days=1)
    world.amana("post", "inbox").ok()
    world.later(hours=1)
    world.amana("police", "inbox").ok()
    world.amana("police", "clarify", asked, world.example("clarification")).ok()
    clock = lines(world, "police")[0]["state"]["clocks"][0]
    hours = [(ns(clock["answer_due"]) - ns(clock["ack_due"])) / 3600, (ns(clock["answer_due_retrieved"]) - ns(clock["retrieved"])) / 3600]
    assert [round(h) for h in hours] == [3 * 24 - 4 + 25, 3 * 24 + 1], clock
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok().says(" 0 faults")
    w.run(w.BUILD / "tests" / "damage_row", world.path("data"), "delivery", "+28").ok()  # how long it had stood still
    world.amanad("fsck", "-d", "data").exits(1).says("is not kept as the log says")


def test_an_exercise_stands_in_no_live_timeline(world):
    world.send()
    world.amana("police", "send", world.draft(status="EXERCISE")).ok()
    assert len(lines(world, "police")) == 1 and len(lines(world, "police", "--exercise")) == 1


def test_a_message_is_assigned_and_handed_over_by_a_note_to_the_unit_itself(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.amana("post", "assign", alert, "nobody-1").exits(65).says("is no officer on roster 1 of this unit; there is: eics-1207")
    assigned = world.amana("post", "assign", alert, "eics-1207", "--text", "Meet the lorry.").ok().id
    world.amana("post", "sent").ok().says("NOTE", "Assigned to eics-1207")
    note = next(line for line in world.amana("post", "--json", "sent").ok().json if line["header"]["id"] == assigned)
    assert [r["id"] for r in note["header"]["references"]] == [alert] and note["header"]["case_ref"] == CASE
    assert {r["unit"] for r in note["header"]["recipients"]} == {"et/ics/moyale", "et/mowsa/protection"}  # a child is concerned
    over = world.amana("post", "hand-over", alert, alert[:13], "--text", "No lorry so far.", "--to", "eics-1207").ok().id
    line = next(line for line in world.amana("post", "--json", "sent").ok().json if line["header"]["id"] == over)
    assert len(line["header"]["references"]) == len(line["body"]["note"]["open"]) == 1  # named twice, it is handed over once
    assert line["body"]["note"]["open"][0].startswith(f"ALERT {alert}: White Isuzu")
    world.amana("post", "hand-over", alert).exits(64).says("needs --text")


def test_a_shift_s_note_reaches_the_other_desk_and_alarms_nobody(empty_world):
    world = empty_world
    world.supervisor()
    world.start_hub()
    alert = world.send()
    note = world.amana("police", "assign", alert, "kdci-0001", "--text", "Meet the lorry.").ok().id
    for desk in ("chief", "police", "chief", "police"):
        said = world.amana(desk, "inbox").ok()
        assert "ALARM" not in said.out + said.err and "did not verify" not in said.out + said.err, (desk, said.out, said.err)
    world.amana("chief", "inbox").ok().says(note[:13], "Assigned to kdci-0001")


def test_a_message_says_who_of_its_unit_has_it_in_hand(empty_world):
    """Who comes on at the shift's end looks at the message, and not for the note about it."""
    world = empty_world
    world.supervisor()
    world.start_hub()
    alert = world.alert_at("ke-protection")
    assert "  shift " not in world.amana("police", "show", alert).ok().out
    note = world.amana("police", "assign", alert, "kdci-0001").ok().id
    world.amana("police", "show", alert).ok().says("  shift           Assigned to kdci-0001, 20", note[:13])
    over = world.amana("police", "hand-over", alert, "--text", "No lorry so far.", "--to", "kdci-0417").ok().id
    world.amana("chief", "inbox").ok()
    for desk in ("police", "chief"):
        world.amana(desk, "show", alert).ok().says("  shift           Handed over", over[:13])
    world.amana("police", "keep", alert, "--reason", "The trial.").ok()  # is about no shift
    world.amana("police", "show", alert).ok().says("  shift           Handed over", over[:13])
    world.amana("ke-protection", "inbox").ok()  # a child is concerned: it reads along
    assert "  shift " not in world.amana("ke-protection", "show", alert).ok().out


def test_a_limit_in_words_goes_with_what_is_assigned(world):
    limited = world.send(draft=world.write("NOTE", {"title": "x", "text": "x", "handling_note": "Not before Friday."}, handling=["H3"]))
    assigned = world.amana("police", "assign", limited, "kdci-0417").ok().id
    assert world.body("police", assigned)["note"]["handling_note"] == "Not before Friday."


def test_a_plate_or_a_number_is_found_however_it_is_spaced(world):
    """At the barrier a plate is read as it stands there: what is looked for would drive through."""
    alert = world.send(draft=world.draft(case_ref="ke/dci/2026/004388", alert__vehicles=[{"type": "LORRY", "registration": "KDB 901-X", "country": "ke"}]))
    world.amana("post", "inbox").ok()
    for words in (["KDB 901-X"], ["kdb901x"], ["KDB-901X"], ["901x"], ["kdb", "901 X"], ["ke/dci/2026/004388"]):
        assert alert in [line["header"]["id"] for line in world.amana("post", "--json", "search", *words).ok().json], words
    for words in (["kdb902x"], ["kdb901xke"], ["LORRYkdb901x"]):  # values stay apart
        world.amana("post", "search", *words).exits(66)


def test_what_is_found_says_whether_it_was_ended_or_corrected_since(world):
    """Who finds an alert acts on it."""
    alert = world.send(draft=world.draft(case_ref="ke/dci/2026/004389", alert__title="A grey dhow"))
    world.amana("post", "inbox").ok()
    assert world.amana("post", "search", "dhow").ok().out.endswith("ke/dci/2026/004389\n")
    cancel = world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "Found.").ok().id
    world.amana("post", "inbox").ok()
    world.amana("post", "search", "dhow").ok().says(f"ke/dci/2026/004389, was ended by {cancel[:13]}")


def test_words_are_found_in_what_stays_sealed_on_the_disk(world):
    alert = world.send()
    other = world.amana("police", "send", world.write("NOTE", {"title": "Moyal\u00e9", "text": "Nothing new of the boat."})).ok().id
    world.amana("post", "inbox").ok()
    assert [line["header"]["id"] for line in world.amana("post", "--json", "search", "ISUZU", "marsabit").ok().json] == [alert]
    assert [line["header"]["id"] for line in world.amana("police", "--json", "search", "moyale", "boat").ok().json] == [other]
    world.amana("post", "search", "isuzu", "boat").exits(66).says("nothing of what is kept here")
    for word in ("child", "note", "title"):  # names of fields are no words of the message
        found = world.amana("police", "--json", "search", word, "boat")
        assert found.code == (0 if word == "note" else 66), word
    disk = b"".join(path.read_bytes() for path in world.path("post", "store").glob("*.mdb"))
    assert b"Isuzu" not in disk and b"Marsabit" not in disk
