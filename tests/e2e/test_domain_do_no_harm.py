# SPDX-License-Identifier: Apache-2.0
"""Rule 4, do no harm: what a state that a person may have fled must not learn, and that it can't see the difference."""
import base64
import datetime
import itertools
import json
import signal
import re
import shutil

import pytest
from google.protobuf import json_format

import raw as r
import test_domain_ask
import test_domain_release as release
import test_receive
import world as w

SHELTERED = [{"unit": "ke/dcs/child-protection", "part": "ACTION"}]
PERSON = [{"label": "p1", "roles": ["PRESUMED_VICTIM"], "age": {"from": 20, "to": 30}, "citizenships": ["et"],
           "description": "A woman with a scar on the left hand."}]


def note(world, text="She waits at the shelter.", **changes):
    return world.write("NOTE", {"title": "Somebody at the shelter", "text": text, "persons": PERSON}, **{"recipients": SHELTERED, **changes})


def test_the_sender_must_say_whether_somebody_fled_a_state_among_the_recipients(world):
    to_post = [{"unit": "et/ics/moyale", "part": "ACTION"}]
    silent = note(world, recipients=to_post, flags={"child": False, "protection": "NOT_CONCERNED"})
    world.amana("police", "send", silent).exits(65).says("PROTECTION_UNANSWERED", "flags.protection: line", "NO, YES or UNKNOWN")
    world.amana("police", "send", note(world, flags={"child": False, "protection": "NOT_CONCERNED"})).ok()
    world.amana("police", "send", note(world, recipients=to_post)).ok()
    # Of whom nobody can say whence they are may be from there.
    nowhere = [{**PERSON[0], "citizenships": citizenships} for citizenships in (["unknown"], ["stateless"], [])]
    for person in nowhere:
        said = {"title": "A woman", "text": "x", "persons": [person]}
        silent = {"flags": {"child": False, "protection": "NOT_CONCERNED"}}
        world.amana("police", "send", world.write("NOTE", said, **silent)).exits(65).says("PROTECTION_UNANSWERED", "nobody says of which they are")
        world.amana("police", "send", world.write("NOTE", said, **silent, recipients=SHELTERED)).ok()
        world.amana("police", "send", world.write("NOTE", said)).ok()


def test_nothing_goes_to_a_state_that_the_flags_name_and_the_reader_is_told_why(world):
    fled = {"child": False, "protection": "YES", "never_tell": ["et"]}
    both = [*SHELTERED, {"unit": "et/mowsa/protection", "part": "COPY"}]
    world.amana("police", "send", note(world, recipients=both, flags=fled)).exits(65).says("NOT_PERMITTED", "recipients: line")
    sent = world.send("police", note(world, flags=fled))
    world.amana("ke-protection", "inbox").ok()
    world.amana("ke-protection", "show", sent).ok().says("this person may have fled et; tell et nothing by any other channel either")
    for desk in ("police", "ke-protection"):
        world.amana(desk, "case", "ke/dci/2026/004300").ok().says("somebody in it may have fled et; tell et nothing by any other channel either")
    several = world.send("police", note(world, case_ref="ke/dci/2026/004301", flags={**fled, "never_tell": ["et", "er", "so"]}))
    world.amana("ke-protection", "inbox").ok()
    said = world.amana("ke-protection", "show", several).ok().out
    assert [" ".join(line.split()) for line in said.splitlines() if "may have fled" in line] == [
        "DO NO HARM this person may have fled et, er or so; tell them nothing by any other channel either"]


# --- A flag set later
CASE = "ke/dci/2026/004211"  # of the alert of the demo
TO_POLICE = [{"unit": "ke/dci/transnational", "part": "ACTION"}]
ASKED = {"title": "Who is she?", "information": ["Her name."], "reason": "A search.", "available_because": "She was met."}
FLED = {"child": True, "protection": "YES", "never_tell": ["et"]}


def flag(world):
    """Police tell the protection desk alone that somebody in the case may have fled Ethiopia."""
    return world.send("police", note(world, "She asked for asylum.", case_ref=CASE, flags=FLED))


def take_back(world, flagged):
    world.amana("ke-protection", "inbox").ok()
    return world.amana("ke-protection", "note", flagged, "--title", "She goes home", "--text", "Of her own will.",
                       "--protection", "NO").ok().id


def test_mail_not_yet_retrieved_is_withheld_until_a_protection_unit_takes_the_flag_back(world):
    alert = world.send()
    flagged = flag(world)
    follower, lines = world.watch("post", "--json", "inbox", "--follow")
    assert alert not in world.amana("et-protection", "--json", "inbox").ok().out
    another = world.send("police", note(world, case_ref="ke/dci/2026/004299", recipients=[{"unit": "et/ics/moyale", "part": "ACTION"}]))
    lines.wait(another)  # the stream lives, and what is of other cases comes
    assert not any(alert in line for line in lines.all)
    take_back(world, flagged)
    lines.wait(alert)


def test_what_it_was_not_told_of_it_is_told_of_while_it_follows_once_the_flag_is_taken_back(world):
    if not w.moves_time():
        pytest.skip("this build's time can't be moved")
    alert = world.send()
    flagged = flag(world)
    follower, lines = world.watch("post", "--json", "inbox", "--follow")
    _, log = world.watch("auditor", "--json", "audit", "replay", "--reason", "a test", "--follow")
    world.later(minutes=16)
    log.wait(f'"kind":"DEADLINE".*{alert}')
    another = world.send("police", note(world, case_ref="ke/dci/2026/004299", recipients=[{"unit": "et/ics/moyale", "part": "ACTION"}]))
    lines.wait(another)
    assert not any(alert in line for line in lines.all)
    take_back(world, flagged)
    lines.wait(f'"deadline".*{alert}')
    assert len([line for line in lines.all if "deadline" in line and alert in line]) == 1


def test_nobody_is_told_whom_to_telephone_in_a_state_that_the_case_is_kept_from(world):
    """Saves from the officer who sees that the post has not fetched an alert and rings it up."""
    for unit, number in (("et/ics/moyale", "+251116123456"), ("et/mowsa/protection", "+251116654321")):
        world.amana("et-registry", "admin", "member", "add", unit, "--telephone", number).ok()
    alert, other = world.send(), world.send("police", world.draft("other.json", case_ref="ke/dci/2026/004299"))
    world.amana("police", "status", alert).ok().says("telephone +251116123456", "telephone +251116654321")
    flag(world)
    said = world.amana("police", "status", alert).ok().says("may have fled et: tell it nothing by any other channel either")
    assert "+251" not in said.out, said.out
    rows = world.amana("police", "--json", "status", alert).ok().json[0]["state"]["recipients"]
    assert [r["unit"] for r in rows if "reach" in r] == ["ke/dcs/child-protection"]
    assert all("telephone" not in r for r in rows if r["unit"].startswith("et/")), rows
    world.hub.stop()
    assert "+251" not in world.amana("police", "status", alert).exits(69).says("may have fled et").out
    world.amana("police", "status", other).exits(69).says("telephone +251116123456")


def test_who_exports_a_case_that_is_kept_from_a_state_is_told(world):
    """Saves from the file that is handed on to where it must not be: it says nothing of that itself."""
    alert = world.send()
    exports = (("export", "htcds", CASE), ("export", "cap", alert))
    for export in exports:
        assert world.amana("police", *export).ok().err == ""
    flag(world)
    for export in exports:
        said = world.amana("police", *export).ok()
        assert f"somebody in case {CASE} may have fled et: tell et nothing by any other channel either" in said.err and "fled" not in said.out


def test_what_a_device_has_in_hand_comes_to_the_others_of_its_unit_as_ever(empty_world, pb):
    """Who lets one device take what comes and another ask later would else see that it is missing there."""
    world, case = empty_world, "et/ics/2026/000401"
    world.supervisor()
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    police = test_receive.Post(world, pb, "police", "ke/dci/transnational", "kdci-0417")
    sent = world.send("post", note(world, case_ref=case, recipients=TO_POLICE))
    with police.channel() as channel:
        assert test_receive.take(police.receive(channel), 1)
        world.send("post", note(world, "She asked for asylum.", case_ref=case, flags={**FLED, "never_tell": ["ke"]},
                                recipients=[{"unit": "et/mowsa/protection", "part": "ACTION"}]))
        follower, lines = world.watch("chief", "--json", "inbox", "--follow")
        lines.wait(sent)
        follower.terminate()


def test_a_case_of_which_all_is_withheld_is_to_the_listed_state_as_one_that_is_not_there(world, pb):
    """Who tries case after case would else know which of them is kept from it: there it may write, and nothing has come."""
    post, held, unheard = r.Raw(world, pb, "post", "et/ics/moyale", "eics-1207"), "ke/dci/2026/004401", "ke/dci/2026/004402"
    post.RECIPIENTS = {"ke/dci/transnational": ("police", 1)}
    to_post = [{"unit": "et/ics/moyale", "part": "ACTION"}]

    def tried(case):
        with pytest.raises(r.Refused) as refusal:
            post.send(post.letter("NOTE", {"title": "t", "text": "x"}, case_ref=case, urgency=3, urgency_reason=0))
        return refusal.value.of(r.grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED")
    sent = world.send("police", note(world, case_ref=held, recipients=to_post))
    flagged = world.send("police", note(world, "She asked for asylum.", case_ref=held, flags=FLED))
    said, as_ever = tried(held), tried(unheard)
    assert (said.code, said.details, said.packed) == (as_ever.code, as_ever.details, as_ever.packed)
    take_back(world, flagged)
    post.send(post.letter("NOTE", {"title": "t", "text": "x"}, case_ref=held, urgency=3, urgency_reason=0))
    assert sent in world.amana("post", "--json", "inbox").ok().out


def test_a_unit_that_has_sent_what_is_withheld_is_found_by_nobody_who_does_not_have_it(world, pb):
    """Who tries unit after unit would else know which of them has written to it, and nothing has come."""
    world.amana("et-registry", "admin", "grant", "remove", "et/ics/moyale", "1", "--yes").ok()
    post, directory = r.Raw(world, pb, "post", "et/ics/moyale", "eics-1207"), pb("directory")

    def look(about=None):
        with post.channel() as channel:
            return post.call(channel, "Directory/Lookup", directory.LookupRequest(unit="ke/dci/transnational", about=about), directory.LookupResponse)

    def refused():
        with pytest.raises(r.Refused) as refusal:
            look()
        said = refusal.value.of(r.grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED")
        return said.code, said.details, said.packed
    as_ever = refused()
    sent = world.send("police", note(world, case_ref=CASE, recipients=[{"unit": "et/ics/moyale", "part": "ACTION"}]))
    flagged = world.send("police", note(world, "She asked for asylum.", case_ref=CASE, flags=FLED))
    assert refused() == as_ever
    assert sent not in world.amana("post", "--json", "inbox").ok().out
    take_back(world, flagged)
    assert sent in world.amana("post", "--json", "inbox").ok().out  # verified: it can name what it has
    digest = {e["submitted"]["id"]: base64.b64decode(e["submitted"]["header_digest"]) for e in world.entries("SUBMITTED")}[sent]
    assert look({"id": sent, "header_digest": digest}).roster
    assert refused() == as_ever


@pytest.mark.parametrize("ends", ["it serves on", "it stops", "it is killed"])
def test_a_case_of_which_a_device_has_something_that_it_has_not_signed_for_goes_on_for_its_unit(empty_world, pb, ends):
    """Who does not sign waits for the hub to start again, and would learn by a refusal that it is kept from something."""
    world, relay = empty_world, pb("relay")
    hub = world.start_hub(failpoint="handed-noted" if ends == "it is killed" else None)
    post, case = r.Raw(world, pb, "post", "et/ics/moyale", "eics-1207"), "ke/dci/2026/004401"
    post.RECIPIENTS = {"ke/dci/transnational": ("police", 1)}
    world.send("police", note(world, case_ref=case, recipients=[{"unit": "et/ics/moyale", "part": "ACTION"}]))

    def given():
        with post.channel() as channel:
            stream = channel.unary_stream("/amana.v1.Relay/Receive", request_serializer=lambda m: m.SerializeToString(),
                                          response_deserializer=relay.Delivery.FromString)
            return next(stream(relay.ReceiveRequest(), timeout=w.PATIENCE)).incoming.seq
    seq = given()
    if ends == "it is killed":
        assert hub.wait() == -signal.SIGKILL
    elif ends == "it stops":
        hub.stop()
    if ends != "it serves on":
        world.start_hub()
    world.send("police", note(world, "She asked for asylum.", case_ref=case, flags=FLED))
    post.send(post.letter("NOTE", {"title": "t", "text": "x"}, case_ref=case, urgency=3, urgency_reason=0))
    assert given() == seq, "it may have lost it"


@pytest.mark.parametrize("read", [1, 2], ids=["the first of whether it has any", "the first of what it knows of its life"])
def test_what_can_not_be_read_when_a_case_is_looked_through_refuses_the_answer_whole_and_it_goes_the_next_time(empty_world, read):
    """Saves from an answer that is taken by half of what was looked at, and from a look that never ends."""
    world = empty_world
    world.start_hub(failpoint=f"case-read:{read}")
    alert = world.alert_at("post")
    flag(world)

    def log():
        return [entry["kind"] for entry in world.replay() if "kind" in entry]
    before = log()
    ack = world.amana("post", "ack", alert).exits(69).says("INTERNAL").id
    assert log() == [*before, "ACCESS"]  # of the look at it before
    assert world.amana("police", "--json", "status", alert).ok().json[0]["state"]["recipients"][0]["life"] == "NEW"
    world.amana("post", "inbox").ok().says(f"{ack[:13]}: accepted")
    assert world.amana("police", "--json", "status", alert).ok().json[0]["state"]["recipients"][0]["life"] == "ACKNOWLEDGED"
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


def test_what_one_device_of_a_unit_has_its_other_devices_get_too(world):
    second = world.supervisor("barrier", "et/ics/moyale", "eics-1299", with_="post")
    world.hub.reload()
    alert = world.send()
    world.amana("post", "inbox").ok()
    flag(world)
    assert alert in world.amana(second, "--json", "inbox").ok().out


def test_what_is_erased_unseen_does_not_come_to_another_device_with_the_word_of_what_is_withheld(world):
    second = world.supervisor("barrier", "et/ics/moyale", "eics-1299", with_="post")
    world.hub.reload()
    alerts = world.send(), world.send()
    world.amana("post", "inbox").ok()
    why = ("--ground", "UNLAWFUL", "--reason", "It should never have been held.", "--yes")
    world.amana("police", "erase", alerts[0], *why).ok()  # waits in the mailbox, and does unseen from now on
    flag(world)
    world.amana("police", "erase", alerts[1], *why).ok()
    came = world.amana(second, "--json", "inbox").ok().out
    assert "ERASURE" not in came and not any(alert in came for alert in alerts)


def test_only_three_answers_reach_a_listed_state(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    asked = world.send("post", world.write("REQUEST", ASKED, case_ref=CASE, recipients=TO_POLICE))
    flag(world)
    world.amana("police", "inbox").ok()
    world.amana("police", "ack", asked).ok()
    world.amana("police", "progress", asked, "--outcome", "IN_HAND", "--text", "We look.").ok()
    for refused in (["refuse", asked, "--outcome", "NO_LEGAL_BASIS", "--explanation", "x", "--provision", "x"],
                    ["answer", asked, "--outcome", "FULL", "--summary", "x"],
                    ["progress", asked, "--outcome", "CLARIFICATION_ASKED", "--questions", "x"],
                    ["note", alert, "--title", "t", "--text", "x", "--to", "et/ics/moyale"],
                    ["ask", asked, *test_domain_ask.QUESTION],
                    ["ask", alert, *test_domain_ask.QUESTION, "--to", "et/ics/moyale"]):
        world.amana("police", *refused).exits(65).says("somebody in case", "may have fled et")
    world.amana("police", "answer", asked, "--outcome", "NO_DATA", "--summary", "None.").ok().says("which reads its words", "if nothing were held here")
    world.amana("post", "inbox").ok().says("RESPONSE", "PROGRESS", "ACK")
    world.amana("post", "ask", alert, *test_domain_ask.QUESTION).ok().says("must answer  ke/dci/transnational")



def test_what_the_hub_alone_keeps_from_a_state_stops_no_word_to_the_others(world):
    """Saves from an alert that nobody can end or mend, because one of its readers was listed where its sender could not see."""
    both = [{"unit": "et/ics/moyale", "part": "ACTION"}, {"unit": "ke/dcs/child-protection", "part": "ACTION"}]
    alert = world.send(draft=world.draft(recipients=both))
    for desk in ("post", "ke-protection"):
        world.amana(desk, "inbox").ok()
    world.amana("ke-protection", "send", note(world, "She asked for asylum.", case_ref=CASE, flags=FLED)).ok()  # to itself
    left_out = "left out: et/ics/moyale. The hub lets nothing of this case go there"
    for words in (["update", alert, world.draft("newer.json", recipients=None, flags=None)], ["correct", alert, world.example("correction", "said.json")]):
        assert "refused" not in world.amana("police", *words).ok().says("accepted", left_out).err
    said = json.loads(world.path("said.json").read_text())
    world.path("said.json").write_text(json.dumps({**said, "recipients": [{**to, "part": "ACTION"} for to in both]}))
    world.amana("police", "correct", alert, "said.json").ok().says("accepted", left_out)
    world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "Found.").ok()
    world.amana("ke-protection", "inbox").ok().says("UPDATE", "CORRECTION", "CANCEL")
    assert not any(kind in world.amana("post", "inbox").ok().out for kind in ("UPDATE", "CORRECTION", "CANCEL"))
    world.amana("police", "note", alert, "--title", "t", "--text", "x", "--to", "et/ics/moyale").exits(77).says(
        "was refused and stays in the outbox: recipients[0].unit")  # whom somebody names is not left out in silence


def test_a_child_found_in_a_state_that_the_hub_alone_keeps_it_from_is_told_to_the_others(world):
    to_shelter = [{"unit": "ke/dcs/child-protection", "part": "ACTION"}]
    alert = world.send(draft=world.draft(recipients=to_shelter))
    world.amana("ke-protection", "inbox").ok()
    world.send("police", note(world, "She asked for asylum.", case_ref=CASE, flags={**FLED, "child": False}, recipients=TO_POLICE))
    hit = json.loads(world.path(world.example("hit")).read_text())["hit"]
    world.path("hit.json").write_text(json.dumps({"hit": {**hit, "place": {"country": "et", "text": "Moyale"}}}))
    world.amana("ke-protection", "hit", alert, "hit.json").ok().says("accepted", "left out: et/mowsa/protection")
    world.amana("police", "inbox").ok().says("HIT")


def test_a_find_of_which_nobody_may_hear_is_an_entry_all_the_same(world):
    both = [{"unit": "et/ics/moyale", "part": "ACTION"}, {"unit": "ke/dcs/child-protection", "part": "ACTION"}]
    alert = world.send(draft=world.draft(recipients=both))
    world.amana("post", "inbox").ok()
    flag(world)
    world.amana("ke-protection", "inbox").ok()
    world.amana("ke-protection", "hit", alert, "--summary", "Found.", "--certainty", "CERTAIN", "--place", "Moyale",
                "--found-at", "2026-11-24T17:20:00+03:00", "--done", "STOP_AND_SEARCH").ok()
    assert "found elsewhere" not in world.amana("post", "inbox").ok().out
    said = world.amana("auditor", "--json", "audit", "replay", "--reason", "review of the find").ok().out
    assert said.count('"found_elsewhere":true') == 1
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok()


LIVES = {1: "NEW", 2: "ACKNOWLEDGED", 6: "OPEN", 7: "IN_PROGRESS", 8: "SUSPENDED", 9: "ANSWERED"}  # LifeState


def test_what_is_withheld_makes_no_answer_of_a_listed_state_one_that_crossed_it(world):
    """An UPDATE, a CANCEL or a WITHDRAW was on its way to it: whose answer is said to have crossed it knows of it."""
    to_post = [{"unit": "et/ics/moyale", "part": "ACTION"}]
    alert, other = world.send(), world.send(draft=world.draft("other.json"))
    asked = world.send("police", world.write("REQUEST", ASKED, case_ref=CASE, recipients=to_post))
    world.amana("post", "inbox").ok()
    newer = world.draft("newer.json", recipients=None, flags=None, urgency="U4", urgency_reason=None)
    world.amana("police", "update", alert, newer).ok()  # a HIT goes by the clock of the alert that the post has
    world.amana("police", "cancel", other, "--outcome", "RESOLVED", "--reason", "Found.").ok()
    world.amana("police", "withdraw", asked, "--outcome", "NO_LONGER_NEEDED", "--reason", "Found.").ok()
    flag(world)
    hit = ["hit", alert, "--summary", "Seen.", "--certainty", "POSSIBLE", "--place", "Moyale", "--found-at",
           "2026-11-24T17:20:00+03:00", "--done", "DISCREET_CHECK"]
    for answer, state, to in ((hit, "NEW", "ACKNOWLEDGED"), (["ack", alert, "--again"], "ACKNOWLEDGED", "ACKNOWLEDGED"),
                              (["cannot", other, "--outcome", "RESOURCES", "--explanation", "x"], "NEW", "ACKNOWLEDGED"),
                              (["ack", asked], "OPEN", "ACKNOWLEDGED"),
                              (["progress", asked, "--outcome", "IN_HAND", "--text", "We look."], "ACKNOWLEDGED", "IN_PROGRESS"),
                              (["answer", asked, "--outcome", "NO_DATA", "--summary", "None."], "IN_PROGRESS", "ANSWERED")):
        said = world.amana("post", "--json", *answer).ok().json[-1]["entry"]["content"]["submitted"]
        assert "crossed" not in said
        [move] = said["moves"]
        assert (LIVES[move["from"]], LIVES[move["to"]]) == (state, to), said
    world.amana("post", "refuse", asked, "--outcome", "NO_LEGAL_BASIS", "--explanation", "x", "--provision", "x").exits(77).says("ANSWERED")
    world.amana("post", "inbox").ok().says(*[f"in time     et/ics/moyale acknowledged {message[:13]}" for message in (alert, other, asked)])
    for message, state in ((alert, "new"), (other, "stopping"), (asked, "withdrawn")):
        world.amana("police", "status", message).ok().says(state)
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok()


def test_what_a_listed_state_asked_was_never_answered_to_it_and_is_once_it_has_the_answer(world):
    """A CLARIFICATION that nobody fetched before the flag has set the clock going: to the post, which asked, it stands still."""
    to_post = [{"unit": "et/ics/moyale", "part": "ACTION"}]
    first, other = (world.send("police", world.write("REQUEST", ASKED, f"asked{i}.json", case_ref=CASE, recipients=to_post)) for i in range(2))
    world.amana("post", "inbox").ok()
    for asked in (first, other):
        world.amana("post", "progress", asked, "--outcome", "CLARIFICATION_ASKED", "--questions", "Who?").ok()
    world.amana("police", "inbox").ok()
    world.path("clear.json").write_text(json.dumps({"clarification": {"answers": [{"question": "Who?", "text": "She."}]}}))
    clear = [world.amana("police", "clarify", asked, "clear.json").ok().id for asked in (first, other)]
    flagged = flag(world)

    def moved(*args):
        [move] = world.amana("post", "--json", *args).ok().json[-1]["entry"]["content"]["submitted"]["moves"]
        return LIVES[move["from"]], LIVES[move["to"]]
    assert moved("ack", first, "--again") == ("SUSPENDED", "SUSPENDED")
    assert moved("progress", first, "--outcome", "IN_HAND", "--text", "We look.") == ("SUSPENDED", "IN_PROGRESS")
    assert moved("answer", first, "--outcome", "NO_DATA", "--summary", "None.") == ("IN_PROGRESS", "ANSWERED")
    process, lines = world.watch("police", "inbox", "--follow")
    lines.wait(rf"suspended +et/ics/moyale: IN_PROGRESS → SUSPENDED: {clear[1][:13]} does not come to it")
    world.amana("police", "status", other).ok().says("suspended")
    take_back(world, flagged)
    world.amana("post", "inbox").ok().says(clear[1][:13])
    lines.wait(rf"resumed +et/ics/moyale: SUSPENDED → IN_PROGRESS: {clear[1][:13]} has come to it")
    process.terminate()
    process.wait()
    assert moved("ack", other, "--again") == ("IN_PROGRESS", "IN_PROGRESS")
    assert "STATE" in kinds_seen(world, "ke") and "STATE" not in kinds_seen(world, "et")
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok()


@pytest.mark.parametrize("protection", ["YES", "UNKNOWN"])
def test_an_answer_that_reaches_a_listed_state_says_nothing_of_the_flag(world, protection):
    world.send()
    world.amana("post", "inbox").ok()
    asked = world.send("post", world.write("REQUEST", ASKED, case_ref=CASE, recipients=TO_POLICE))
    world.send("police", note(world, "She may ask for asylum.", case_ref=CASE, flags={**FLED, "protection": protection}))
    world.amana("police", "inbox").ok()
    world.amana("police", "ack", asked).ok()
    world.amana("police", "answer", asked, "--outcome", "NO_DATA", "--summary", "None.").ok()
    came = [line for line in world.amana("post", "--json", "inbox").ok().json if line.get("header", {}).get("kind") in ("ACK", "RESPONSE")]
    assert len(came) == 2
    for line in came:
        assert line["flags"]["protection"] == "NO" and "never_tell" not in line["flags"], line["flags"]


def test_an_answer_to_a_listed_state_takes_back_nothing_of_what_that_state_has_said(world):
    """Saves from a third state that gets what was withheld, because who protects has acknowledged the second's question."""
    protected = [{"unit": "ke/dcs/child-protection", "part": "ACTION"}]
    world.send()
    for desk in ("post", "ke-protection"):
        world.amana(desk, "inbox").ok()
    from_post = {"child": False, "protection": "YES", "never_tell": ["er"]}
    asked = world.send("post", world.write("REQUEST", ASKED, case_ref=CASE, recipients=protected, flags=from_post))
    flag(world)
    world.amana("ke-protection", "inbox").ok()
    ack = world.amana("ke-protection", "ack", asked).ok().id
    [line] = [line for line in world.amana("post", "--json", "inbox").ok().json if line.get("header", {}).get("id") == ack]
    assert line["flags"] == {"protection": "YES", "never_tell": ["er"]}
    world.amana("ke-protection", "note", asked, "--title", "t", "--text", "x", "--to", "ke/dci/transnational").ok()
    [line] = [line for line in world.amana("police", "--json", "inbox").ok().json if line.get("header", {}).get("kind") == "NOTE"]
    assert set(line["flags"]["never_tell"]) == {"et", "er"}


def test_an_alert_to_listed_units_alone_is_renewed_and_ended_by_way_of_who_protects(world):
    to_post = [{"unit": "et/ics/moyale", "part": "ACTION"}, {"unit": "et/mowsa/protection", "part": "COPY"}]
    over = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=5, minutes=10)
    alert = world.send("police", world.draft("alert.json", valid_until=over.strftime("%Y-%m-%dT%H:%M:%SZ"), recipients=[*to_post, {"unit": "ke/dcs/child-protection", "part": "COPY"}]))
    world.amana("post", "inbox").ok()
    flag(world)
    world.amana("police", "update", alert, world.draft("newer.json", recipients=None, flags=None)).ok().says(
        "left out: et/ics/moyale", "ke/dcs/child-protection is asked to act in their place")
    world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "Found.").ok().says("must ack  ke/dcs/child-protection")
    world.amana("ke-protection", "inbox").ok().says("UPDATE", "CANCEL", "Found.")
    assert "CANCEL" not in world.amana("post", "inbox").ok().out
    world.amana("post", "ack", alert).ok()
    world.amana("post", "show", alert).ok().says("acknowledged")
    world.amana("police", "status", alert).ok().says("stopping")
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok()


HAWI = [{"label": "p1", "roles": ["MISSING"], "age": {"from": 20, "to": 30}, "names": [{"type": "GIVEN", "text": "Hawi"}],
         "documents": [{"type": "PASSPORT", "number": "EP1234567", "issuer": "et"}], "description": "A scar on the left hand."}]


def test_a_person_is_known_again_in_another_case(world):
    fled = {"child": False, "protection": "YES", "never_tell": ["et"]}
    world.send("police", world.write("NOTE", {"title": "Shelter", "text": "x", "persons": HAWI}, recipients=SHELTERED, flags=fled))
    again = [{**HAWI[0], "documents": [{"type": "PASSPORT", "number": "EP 1234567", "issuer": "et"}]}]
    other = {"case_ref": "ke/dci/2026/004399", "recipients": [{"unit": "et/ics/moyale", "part": "ACTION"}]}
    draft = world.write("NOTE", {"title": "Missing", "text": "x", "persons": again}, **other)
    world.amana("police", "send", draft).exits(65).says("known from case ke/dci/2026/004300", "may have fled et", "never_tell")
    draft = world.write("NOTE", {"title": "Missing", "text": "x", "persons": again}, **other, flags=fled)
    world.amana("police", "send", draft).exits(65).says("NOT_PERMITTED", "tell it nothing by any other channel either")
    # What is known there for sure is no guess here, which gives way where a life is at risk.
    for urgency in ({}, {"urgency": "U1", "urgency_reason": "LIFE_AT_RISK"}):
        guess = {**other, **urgency, "flags": {**fled, "protection": "UNKNOWN"}}
        for to in (other["recipients"], SHELTERED):
            draft = world.write("NOTE", {"title": "Missing", "text": "x", "persons": again}, **{**guess, "recipients": to})
            world.amana("police", "send", draft).exits(65)
        world.amana("police", "send", draft).exits(65).says("known from case ke/dci/2026/004300", "say YES, with it in never_tell")
    world.amana("police", "send", world.write("NOTE", {"title": "Missing", "text": "x", "persons": again}, **{**other, "recipients": SHELTERED}, flags=fled)).ok()


def test_a_listed_state_that_said_nothing_of_protection_is_answered_with_nothing_of_it(world):
    """Saves from an ACK whose flags show by a NO that somebody was spoken of."""
    seen, theirs = [], {"case_ref": "et/ics/2026/000312"}
    for flagged in (False, True):
        asked = world.send("post", world.write("REQUEST", ASKED, **theirs, recipients=TO_POLICE,
                                               flags={"child": False, "protection": "NOT_CONCERNED"}))
        if flagged:
            world.send("police", note(world, "She asked for asylum.", **theirs, flags={**FLED, "child": False}))
        world.amana("police", "inbox").ok()
        answer = world.amana("police", "ack", asked).ok().id
        world.amana("post", "inbox").ok()
        seen.append(world.amana("post", "--json", "show", answer).ok().json[0]["flags"]["protection"])
    assert seen == ["NOT_CONCERNED"] * 2


def test_what_refers_to_a_case_that_is_kept_from_a_state_is_kept_from_it_too(world, pb):
    """Saves from a note of another case that tells the state they fled where they are: nobody is named in it again."""
    fled = {"child": False, "protection": "YES", "never_tell": ["et"]}
    flagged = world.send("police", note(world, "She asked for asylum.", flags=fled))
    said = {"title": "About her", "text": "She sleeps at the shelter in Nakuru."}
    other = {"case_ref": "ke/dci/2026/004802", "references": [{"id": flagged}]}
    world.amana("police", "send", world.write("NOTE", said, **other)).exits(65).says("a reference leads there", "case ke/dci/2026/004300",
                                                                                    "may have fled et", "never_tell")
    world.amana("police", "send", world.write("NOTE", said, **other, flags=fled)).exits(65).says("NOT_PERMITTED", "tell it nothing by any other channel either")
    # Past our client, by whoever has it.
    kept = world.amana("police", "--json", "show", flagged).ok().json[0]
    assert kept["header"]["case_ref"] == "ke/dci/2026/004300"
    digest = {e["submitted"]["id"]: base64.b64decode(e["submitted"]["header_digest"]) for e in world.entries("SUBMITTED")}[flagged]
    foreign = r.Raw(world, pb)
    pointer = pb("message").Pointer(id=flagged, header_digest=digest)

    def letter(case, *recipients):
        foreign.RECIPIENTS = {unit: r.Raw.RECIPIENTS[unit] for unit in recipients}
        foreign.sealed.clear()
        return foreign.letter("NOTE", said, urgency=3, urgency_reason=0, case_ref=case, references=[pointer])
    with pytest.raises(r.Refused) as refusal:
        foreign.send(letter("ke/dci/2026/004803", "et/ics/moyale"))
    refusal.value.of(r.grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED")
    foreign.send(letter("ke/dci/2026/004804", "ke/dcs/child-protection"))
    # Said again, it is kept from them as the case is that it refers to.
    world.send("police", world.write("NOTE", said, **other, flags=fled, recipients=SHELTERED))
    world.amana("police", "send", world.write("NOTE", said, case_ref=other["case_ref"])).exits(65).says("may have fled et", "leave et/ics/moyale out")


def test_what_a_listed_state_asks_by_referring_to_such_a_case_gets_three_answers_alone(world):
    """Saves from the answer to what it asks anew, in a case of its own, about somebody who fled it."""
    alert = world.alert_at("post")
    flag(world)
    request = {"title": "Where is she?", "information": ["Where she is."], "reason": "x", "available_because": "x"}
    asked = world.send("post", world.write("REQUEST", request, case_ref="et/ics/2026/000009", references=[{"id": alert}], recipients=TO_POLICE))
    world.amana("police", "inbox").ok()
    for answer in (("answer", asked, "--outcome", "FULL", "--summary", "At the shelter."), ("note", asked, "--title", "x", "--text", "At the shelter."),
                   ("refuse", asked, "--outcome", "NOT_DISCLOSED", "--undisclosed", "PERSON_AT_RISK", "--explanation", "x")):
        world.amana("police", *answer).exits(65).says(f"somebody in case {CASE} may have fled et", "ACK, PROGRESS IN_HAND and RESPONSE NO_DATA alone")
    world.amana("police", "ack", asked).ok()
    world.amana("police", "progress", asked, "--text", "Looked for.").ok()
    world.amana("police", "answer", asked, "--outcome", "NO_DATA", "--summary", "None.").ok()
    world.amana("post", "inbox").ok()
    world.amana("post", "status", asked).ok().says("answered by kdci-0417")


def test_an_exercise_keeps_no_real_case_from_a_state(world):
    """Saves from an alert that no post gets because somebody played in its case."""
    alert = world.send()
    fled = {"child": False, "protection": "YES", "never_tell": ["et"]}
    for status in ("EXERCISE", "TEST"):
        played = {"title": "Played", "text": "x"}, {"status": status, "recipients": SHELTERED, "flags": fled}
        world.amana("police", "send", world.write("NOTE", played[0], case_ref="ke/dci/2026/004211", **played[1])).exits(65).says(
            "case_ref", "no exercise", "keep from et", "a case of its own")
        world.send("police", world.write("NOTE", played[0], case_ref=f"ke/dci/2026/00970{len(status) % 10}", **played[1]))
    world.amana("post", "inbox").ok().says(alert[:13])


def test_who_is_made_no_suspect_is_asked_about_too(world):
    """Saves from a correction that tells a state of a victim whom nobody asked whether she fled it."""
    silent = {"child": False, "protection": "NOT_CONCERNED"}
    suspect = [{**HAWI[0], "roles": ["SUSPECT"], "citizenships": ["et"]}]
    alert = world.send("police", world.write("NOTE", {"title": "The woman at the wheel", "text": "x", "persons": suspect}, flags=silent))
    world.amana("post", "inbox").ok()
    freed = {"person": "p1", "was": ["SUSPECT"], "now": ["VICTIM"]}
    world.path("correction.json").write_text(json.dumps({"correction": {"reason": "Two witnesses.", "roles": [freed]}}))
    world.amana("police", "correct", alert, "correction.json").exits(65).says("flags.protection", "no suspect any more", "NO, YES or UNKNOWN")
    world.path("contest.json").write_text(json.dumps({"contest": {"reason": "She says so.", "roles": [freed]}}))
    kenyan = [{**suspect[0], "citizenships": ["ke"], "documents": []}]
    abroad = world.send("police", world.write("NOTE", {"title": "A man", "text": "x", "persons": kenyan}, flags=silent))
    world.amana("post", "inbox").ok()
    world.amana("post", "contest", abroad, "contest.json").exits(65).says("no suspect any more")
    world.amana("post", "contest", abroad, "contest.json", "--protection", "NO").ok()
    world.amana("police", "correct", alert, "correction.json", "--protection", "NO").ok()
    # Who stays a suspect, or comes from elsewhere, is no question.
    world.path("fact.json").write_text(json.dumps({"correction": {"reason": "Misread.", "changes": [{"path": "note.text", "was": "x", "now": "y"}]}}))
    world.amana("police", "correct", abroad, "fact.json").ok()
    world.amana("police", "correct", abroad, "correction.json").ok()


def test_who_answers_the_state_that_somebody_comes_from_says_whether_they_fled_it(world):
    """Saves from an answer that tells a state where she is who fled it, under that state's own word that she didn't."""
    sought = {**ASKED, "connection": "She is missing.", "persons": [{**PERSON[0], "roles": ["MISSING"]}]}
    theirs = {"case_ref": "et/ics/2026/000311", "recipients": TO_POLICE}
    asked = world.send("post", world.write("REQUEST", sought, **theirs))
    noted = world.send("post", world.write("NOTE", {"title": "Well?", "text": "Is she there?"}, **theirs))
    alert = world.send("post", world.draft(case_ref=theirs["case_ref"], recipients=[*TO_POLICE, {"unit": "et/mowsa/protection", "part": "COPY"}]))
    world.amana("police", "inbox").ok()
    world.amana("police", "ack", asked).ok()
    world.amana("police", "progress", asked, "--outcome", "IN_HAND", "--text", "We look.").ok()
    told = ["answer", asked, "--outcome", "FULL", "--summary", "She sleeps at the shelter in Nakuru."]
    for answer in (told, ["note", asked, "--title", "t", "--text", "She sleeps at the shelter."], ["ask", asked, *test_domain_ask.QUESTION],
                   ["note", noted, "--title", "t", "--text", "She is here."],  # names nobody, nor does what it answers
                   ["hit", alert, "--summary", "She is here.", "--certainty", "CERTAIN", "--place", "Nakuru", "--done", "LOCATE_AND_REPORT"]):
        world.amana("police", *answer).exits(65).says("comes from the state of et/", "NO, YES or UNKNOWN", "--protection")
    world.amana("police", *told, "--protection", "YES", "--never-tell", "et").exits(65)
    world.amana("police", "note", asked, "--title", "t", "--text", "She is here.", "--protection", "NO").ok()
    world.amana("police", *told).ok()  # it was said


def test_a_passport_by_itself_tells_nobody_whose_bearer_has_fled(world):
    """Saves from a state that learns from the passport found, or looked for, where the one is who fled it."""
    fled = {"child": False, "protection": "YES", "never_tell": ["et"]}
    passport = {"type": "PASSPORT", "number": "EP1234567", "issuer": "et"}
    hawi = [{**HAWI[0], "documents": [passport]}]
    world.send("police", world.write("NOTE", {"title": "Shelter", "text": "x", "persons": hawi}, recipients=SHELTERED, flags=fled))
    other = {"case_ref": "ke/dci/2026/004399", "recipients": [{"unit": "et/ics/moyale", "part": "ACTION"}]}
    asked = {"title": "Whose passport?", "information": ["holder"], "reason": "x", "available_because": "x", "documents": [{**passport, "number": "EP 1234567"}]}
    world.amana("police", "send", world.write("REQUEST", asked, **other)).exits(65).says("known from case ke/dci/2026/004300", "may have fled et")
    # Nor where the passport came first, and by itself.
    found = {**asked, "documents": [{"type": "PASSPORT", "number": "EP7654321", "issuer": "et"}]}
    world.send("police", world.write("REQUEST", found, case_ref="ke/dci/2026/004398", recipients=SHELTERED, flags=fled))
    girl = [{**HAWI[0], "names": [], "documents": found["documents"], "description": "A scar."}]
    world.amana("police", "send", world.write("NOTE", {"title": "Missing", "text": "x", "persons": girl}, **other)).exits(65).says(
        "known from case ke/dci/2026/004398")
    # Another one's is asked about as ever.
    world.send("police", world.write("REQUEST", {**asked, "documents": [{"type": "PASSPORT", "number": "EP0000001", "issuer": "et"}]}, **other))


def test_a_person_of_mail_that_came_is_known_again_by_the_one_who_got_it(world):
    fled = {"child": False, "protection": "YES", "never_tell": ["et"]}
    other = {"case_ref": "ke/dcs/2026/000001", "recipients": [{"unit": "et/mowsa/protection", "part": "ACTION"}]}
    draft = world.write("NOTE", {"title": "Missing", "text": "x", "persons": HAWI}, **other)
    world.send("ke-protection", draft)  # of an index that is there before the mail comes
    world.send("police", world.write("NOTE", {"title": "Shelter", "text": "x", "persons": HAWI}, recipients=SHELTERED, flags=fled))
    world.amana("ke-protection", "inbox").ok()
    world.amana("ke-protection", "send", world.write("NOTE", {"title": "Missing", "text": "x", "persons": HAWI}, **other)).exits(65).says(
        "known from case ke/dci/2026/004300")


def test_nobody_is_sent_back_in_a_case_that_is_kept_from_a_state(world):
    flag(world)
    draft = note(world, case_ref=CASE, purpose="RETURN_AND_REINTEGRATION", consent="GIVEN")
    world.amana("police", "send", draft).exits(65).says("PURPOSE_MISMATCH", "may have fled et")


def test_an_answer_says_what_its_case_has_said(world):
    flagged = flag(world)
    world.amana("ke-protection", "inbox").ok()
    answer = world.amana("ke-protection", "note", flagged, "--title", "t", "--text", "She sleeps.").ok().id
    [line] = [row for row in world.amana("police", "--json", "inbox").ok().json if row.get("header", {}).get("id") == answer]
    assert line["flags"] == {"child": True, "protection": "YES", "never_tell": ["et"]}


# --- What a listed state sees: the same with and without a flag, in kind and code
@pytest.fixture
def two(world, template, tmp_path):
    w.copy_folder(template, tmp_path / "other")
    other = w.World(tmp_path / "other")
    other.start_hub()
    yield world, other
    other.end()
    shutil.rmtree(other.folder, ignore_errors=True)


def ns(stamp):
    return stamp.seconds * 10**9 + stamp.nanos


def ns_of(text):
    """Of a time as JSON has it."""
    seconds, part = text.rstrip("Z").split(".") if "." in text else (text.rstrip("Z"), "0")
    return int(datetime.datetime.fromisoformat(seconds + "+00:00").timestamp()) * 10**9 + int(part.ljust(9, "0"))


# What differs from one world to the next whoever listens: what is drawn by chance or made of it, what is written down of
# the machine's own time, and where in the log a thing stands, as more is said among the others in a case that is kept.
CHANCE = re.compile(r"id|signature|statement|seq|size|tree_size|log_seen|written_at|valid_until|retain_until|read_at|.*digest|before|after|"
                    r"header_size|signature_size|body_commitment|clean")


class Eyes:
    """All that a unit of the state, and an auditor of it, are shown: kinds, codes, counts, sizes and clocks. A clock is
    told from the entry that began it, to the nanosecond; on a screen from the day's beginning, by five minutes."""

    def __init__(self, world, pb):
        self.world, self.pb, self.seen = world, pb, []
        self.accepted, self.retrieved, self.moved, self.begun = {}, {}, {}, None
        self.post = r.Raw(world, pb, "post", "et/ics/moyale", "eics-1207")
        world.amana("igad-registry", "admin", "member", "add", "igad/audit/desk", "--role", "auditor", "--scope", "et").ok()

    def entry(self, proved):
        """An entry as it is hashed, in words, without what is chance; its clocks as what they are counted from."""
        content = json_format.MessageToDict(self.pb("audit").EntryContent.FromString(proved.content), preserving_proto_field_name=True)
        return self.shape(content), proved.version, getattr(proved, "class")

    def shape(self, value, about=None):
        if isinstance(value, list):
            return [self.shape(one, about) for one in value]
        if not isinstance(value, dict):
            return value
        if "message" in value:
            about = base64.b64decode(value["message"]["header_digest"]), value.get("recipient", "")
        return {key: ("due", *about, value.get("from", "ACCEPTANCE"), int(inner)) if key == "due" else
                self.shape(inner, about) for key, inner in sorted(value.items()) if key == "clocks" or not CHANCE.fullmatch(key)}

    def known(self, row):
        """The clocks of a row by what began them, once all that has begun one is known."""
        if isinstance(row, dict):
            return {key: self.known(inner) for key, inner in row.items()}
        if isinstance(row, tuple) and row[:1] == ("due",):
            _, digest, unit, since, due = row
            begun = self.accepted.get(digest) if since == "ACCEPTANCE" else self.retrieved.get((digest, unit))
            return ("due", since, due - begun if begun else None)
        if isinstance(row, tuple) and row[:1] == ("moved",):
            return ("moved", self.moved.get(row[1]))
        return type(row)(self.known(one) for one in row) if isinstance(row, (list, tuple)) else row

    def rows(self):
        return [self.known(row) for row in self.seen]

    def receive(self, channel):
        relay, header = self.pb("relay"), self.pb("message").Header
        stream = channel.unary_stream("/amana.v1.Relay/Receive", request_serializer=lambda m: m.SerializeToString(),
                                      response_deserializer=relay.Delivery.FromString)
        for delivery in stream(relay.ReceiveRequest(once=True), timeout=w.PATIENCE):
            what = delivery.WhichOneof("what")
            proved = delivery.incoming.entry if what == "incoming" else delivery.notice
            kind = self.pb("audit").EntryContent.FromString(proved.content).WhichOneof("kind")
            head, filled, size = header(), [], 0
            if what == "incoming":
                head = header.FromString(delivery.incoming.message.header)
                filled = [field.name for field, _ in head.ListFields()]
                for field, value in head.ListFields():  # of a time the length too is chance
                    if field.name == "log_seen" or field.message_type and field.message_type.name == "Timestamp":
                        head.ClearField(field.name)
                size = len(head.SerializeToString())
                self.begun = self.begun or proved.time
            self.seen.append(("receive", what, head.kind, head.outcome, head.urgency, delivery.incoming.copy, kind, filled, size,
                              len(delivery.incoming.message.sealed_body), len(delivery.incoming.message.flags), self.entry(proved)))

    def status(self, channel, ids):
        relay = self.pb("relay")
        answer = self.post.call(channel, "Relay/Status", relay.StatusRequest(ids=ids), relay.StatusResponse)
        for message in answer.messages:
            for to in message.recipients:
                since = {"delivered_at": message.accepted_at, "ack_due": message.accepted_at, "answer_due": message.accepted_at,
                         "confirm_due": message.accepted_at, "ack_due_retrieved": to.retrieved_at, "answer_due_retrieved": to.retrieved_at}
                clocks = {field: ns(getattr(to, field)) - ns(begun) for field, begun in since.items() if to.HasField(field)}
                moved = [("moved", ns(getattr(to, field))) for field in ("life_at", "confirm_at") if to.HasField(field)]
                # Whether it is connected hangs on when its hub has heard that it isn't.
                self.seen.append(("status", message.release, message.releaser, message.HasField("release_due"), to.unit, to.part, to.delivery,
                                  to.life, to.officer, to.confirm, to.confirm_officer, clocks, moved, to.HasField("retrieved_at"), to.overdue,
                                  to.escalated, to.telephone, to.deputy, to.hours))

    def lookup(self, channel):
        directory = self.pb("directory")
        for unit in ("ke/dci/transnational", "ke/dcs/child-protection", "et/mowsa/protection", "ke/police/nobody"):
            try:
                found = self.post.call(channel, "Directory/Lookup", directory.LookupRequest(unit=unit), directory.LookupResponse)
                said = json_format.MessageToDict(r.said_of(self.pb, found), preserving_proto_field_name=True)
                self.seen.append(("lookup", unit, said, len(found.certificates), self.entry(found.entry), self.entry(found.member)))
            except r.Refused as refusal:
                self.seen.append(("lookup", unit, refusal.code, refusal.details))

    def look(self, *ids):
        with self.post.channel() as channel:
            self.receive(channel)
            self.status(channel, ids)
            self.lookup(channel)

    def replay(self):
        message = self.pb("message")
        for line in self.world.replay():
            content = line.get("content") or {}
            if "access" in content:  # what this test reads itself
                continue
            if "submitted" in content:
                at = ns_of(line["time"])
                self.accepted[base64.b64decode(content["submitted"]["header_digest"])] = at
                self.moved[at] = (line.get("header") or {}).get("kind")
            if content.get("retrieved", {}).get("first"):
                signed = content["retrieved"]
                unit = signed["device"].removeprefix("amana://").split("/device/")[0]
                for one in message.Retrieved.FromString(base64.b64decode(signed["statement"])).messages:
                    self.retrieved.setdefault((one.header_digest, unit), ns_of(line["time"]))
            self.seen.append(("replay", line.get("kind"), self.shape(content), self.shape(line.get("header") or {}), line.get("withheld")))

    def on_screen(self, found):
        """A time, from the day's beginning: what is done takes up to minutes, a clock a quarter of an hour at least, and what
        a desk wrote just before is of the beginning too."""
        at = datetime.datetime.fromisoformat(found[0].replace(" +", "+"))
        return f"+{(int(at.timestamp()) - self.begun // 10**9 + 60) // 300 * 5} min"

    def log_size(self):
        audit = self.pb("audit")
        with self.post.channel() as channel:
            return self.post.call(channel, "Audit/Checkpoint", audit.CheckpointRequest(), audit.Checkpoint).size

    def does(self, *args):
        before = self.log_size()
        done = self.world.amana("post", *args)
        grown = self.log_size() - before  # nobody else does anything meanwhile: what it sends has this many entries
        said = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}[0-9a-f-]*", "#", done.out + done.err)
        said = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+00:00", self.on_screen, said)
        said = re.sub(r"\bentry( +)\d+", r"entry\1#", said)  # more is said among the others
        said = re.sub(r"(?<!\+)\b\d+ (min|s)\b", r"# \1", said)  # how long still: the seconds that all this takes
        self.seen.append((args[0], done.code, grown, sorted(said.splitlines())))  # of two deadlines at once either may be first
        return done

    def screens(self, *ids):
        for args in (["inbox"], ["sent"], ["case", CASE], *(["status", id] for id in ids), ["search", "lorry"], ["units"]):
            self.does(*args)

    def until(self, kind, count, **delta):
        """Time goes on until there are so many entries of what it brings; those that are the post's are told to it."""
        size, at = self.log_size(), 0  # those that are there by now are not counted
        self.world.later(**delta)
        process, lines = self.world.watch("auditor", "--json", "audit", "replay", "--reason", "a test", "--follow")
        while count > 0:
            line = lines.wait(f'"kind":"{kind}"', at)
            at = lines.all.index(line, at) + 1
            count -= json.loads(line)["seq"] >= size
        process.terminate()
        process.wait()


def in_order(rows):
    """Of what passes in one moment either may be first."""
    def passes(row):
        return bool({"deadline", "non_retrieved", "DEADLINE", "NON_RETRIEVED"} & {cell for cell in row if isinstance(cell, str)})
    return [row for one, group in itertools.groupby(rows, passes) for row in (sorted(group, key=str) if one else group)]


def a_day(world, pb, flagged):
    eyes = Eyes(world, pb)
    over = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=5, minutes=10)
    alert = world.send("police", world.draft("alert.json", valid_until=over.strftime("%Y-%m-%dT%H:%M:%SZ"), recipients=[
        {"unit": "et/ics/moyale", "part": "ACTION"}, {"unit": "ke/dcs/child-protection", "part": "ACTION"},
        {"unit": "et/mowsa/protection", "part": "COPY"}]))
    another = world.send("police", world.draft("another.json", urgency="U3", urgency_reason=None, recipients=[
        {"unit": "et/ics/moyale", "part": "ACTION"}, {"unit": "et/mowsa/protection", "part": "COPY"},
        {"unit": "ke/dcs/child-protection", "part": "COPY"}]))
    renewed = world.send("police", world.draft("renewed.json", urgency="U3", urgency_reason=None, recipients=[
        {"unit": "et/ics/moyale", "part": "ACTION"}, {"unit": "ke/dcs/child-protection", "part": "ACTION"}]))
    eyes.look()
    world.amana("post", "inbox").ok()
    world.amana("et-protection", "inbox").ok()
    world.amana("ke-protection", "inbox").ok()
    world.amana("ke-protection", "ack", alert).ok()
    if flagged:
        flag(world)
        world.amana("ke-protection", "inbox").ok()
        found = world.amana("ke-protection", "hit", alert, world.example("hit")).ok().id  # the post is not told of it
        world.amana("police", "inbox").ok()
        world.amana("police", "ack", found).ok()
        world.amana("police", "update", renewed, world.draft("newer.json", recipients=None, flags=None)).ok().says("left out: et/ics/moyale")
        world.amana("ke-protection", "inbox").ok()
    eyes.does("ack", alert)
    eyes.does("ack", renewed)  # by the clock of what came to it, whatever else began another
    world.amana("ke-protection", "ack", renewed).ok()
    hit = eyes.does("hit", alert, world.example("hit")).id
    asked = eyes.does("send", world.write("REQUEST", ASKED, case_ref=CASE, recipients=TO_POLICE)).id
    # The state's own units go on among themselves.
    world.amana("et-protection", "note", alert, "--title", "A bed", "--text", "For two.", "--to", "et/ics/moyale").ok()
    eyes.look(hit, asked)
    world.amana("police", "inbox").ok()
    if flagged:
        world.amana("police", "show", hit).ok().says("this person may have fled et", "comes from a state that this person may have fled")
        world.amana("police", "update", alert, world.draft("newer.json", recipients=None, flags=None)).ok().says("left out: et/ics/moyale")
        world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "Found.").ok()
    for answer in (["ack", hit], ["ack", asked], ["progress", asked, "--outcome", "IN_HAND", "--text", "We look."],
                   ["answer", asked, "--outcome", "NO_DATA", "--summary", "None."]):
        world.amana("police", *answer).ok()
    eyes.look(hit, asked)
    world.amana("post", "inbox").ok()
    eyes.does("note", alert, "--title", "t", "--text", "x")
    eyes.does("withdraw", asked, "--reason", "x")
    eyes.does("cannot", alert, "--outcome", "RESOURCES", "--explanation", "The barrier is down.")
    eyes.look(hit, asked)
    late = eyes.does("send", world.write("REQUEST", ASKED, "late.json", case_ref=CASE, recipients=TO_POLICE)).id
    if w.moves_time():
        eyes.until("DEADLINE", 2, hours=5)  # `another` is acknowledged by nobody, nor is `late`
    eyes.screens(hit, asked, late)
    eyes.look(alert, hit, asked, late)
    if w.moves_time():
        eyes.until("STATE", 1, minutes=11)  # the alert is over, whatever else was said of it to others
        eyes.screens(alert)
        eyes.look(alert)
        eyes.does("hit", alert, world.example("hit"))
    eyes.does("ack", another)
    eyes.replay()
    return eyes.rows()


def test_a_listed_state_sees_the_same_with_and_without_a_flag(two, pb):
    world, other = two
    with_flag, without = a_day(world, pb, True), a_day(other, pb, False)
    seen, as_ever = ([row for row in rows if row[:2] != ("replay", None)] for rows in (with_flag, without))  # None: not in scope
    assert in_order(seen) == in_order(as_ever)
    assert len(without) > 60 and {row[0]: row[1] for row in without}["hit"] == 0
    told = re.findall(r"'due', '(\w+)', (\w+)|'(?:ack|answer)_due(_\w+)?': (\d+)", str(without))
    assert len(told) > 20 and not any(since == "ACCEPTANCE" and begun == "None" for since, begun, *_ in told), told


def a_night(world, pb, kept):
    """What replaced or ended these came to the post while it was away, and is kept from it before it is back."""
    eyes, to_post = Eyes(world, pb), [{"unit": "et/ics/moyale", "part": "ACTION"}]
    over = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=12)
    ids = [world.send("police", world.draft(f"night{i}.json", urgency="U3", urgency_reason=None, recipients=[
        *to_post, {"unit": "ke/dcs/child-protection", "part": "ACTION"}], valid_until=over.strftime("%Y-%m-%dT%H:%M:%SZ"))) for i in range(2)]
    ids += [world.send("police", world.write("REQUEST", ASKED, f"night{i}.json", case_ref=CASE, urgency="U2",
                                             urgency_reason="EVIDENCE_AT_RISK", recipients=to_post)) for i in range(2, 6)]
    renewed, ended, unanswered, taken_on, paused, explained = ids
    eyes.look()
    world.amana("post", "inbox").ok()
    for asked in (paused, explained):
        eyes.does("progress", asked, "--outcome", "CLARIFICATION_ASKED", "--questions", "Which barrier?")
    world.amana("police", "inbox").ok()
    eyes.look()
    if kept:
        world.path("clear.json").write_text(json.dumps({"clarification": {"answers": [{"question": "Which barrier?", "text": "Moyale."}]}}))
        for asked in (paused, explained):
            world.amana("police", "clarify", asked, "clear.json").ok()
        world.amana("police", "update", renewed, world.draft("newer.json", recipients=None, flags=None)).ok()
        world.amana("police", "cancel", ended, "--outcome", "RESOLVED", "--reason", "Found.").ok()
        for asked in (unanswered, taken_on, paused):
            world.amana("police", "withdraw", asked, "--outcome", "NO_LONGER_NEEDED", "--reason", "Found.").ok()
        flag(world)
        process, lines = world.watch("police", "inbox", "--follow")
        lines.wait(r"^suspended ")  # the explained one: what comes later is of the post's doing
        process.terminate()
        process.wait()
    eyes.does("ack", taken_on)
    eyes.does("ack", explained, "--again")
    world.amana("police", "inbox").ok()
    eyes.until("DEADLINE", 4, hours=5)  # both alerts are late; what nobody answers is late and escalated
    eyes.screens()
    eyes.look()
    for asked in (paused, explained):
        eyes.does("progress", asked, "--outcome", "IN_HAND", "--text", "We look.")
    world.amana("police", "inbox").ok()
    eyes.until("DEADLINE", 4, hours=5)  # both alerts are escalated, both requests are to be answered
    world.hub.stop()
    world.start_hub()
    eyes.look()
    eyes.until("STATE", 2, hours=2, minutes=30)  # both alerts are over
    eyes.until("DEADLINE", 4, hours=5)  # as both requests are escalated; the pauses are over and their time is too
    eyes.screens()
    eyes.look()
    eyes.does("ack", renewed)
    eyes.does("hit", ended, world.example("hit"))
    eyes.does("answer", unanswered, "--outcome", "NO_DATA", "--summary", "None.")
    eyes.look()
    eyes.replay()
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok()
    return without_pause(eyes.rows())


def without_pause(row):
    """Clocks stood still for as long as this test took from a question to its answer, minutes on a busy machine: what
    was added to them is no difference. Each is of whole quarters of an hour."""
    if isinstance(row, dict):
        return {key: without_pause(inner) for key, inner in row.items()}
    if isinstance(row, tuple) and row[:1] == ("due",):
        return (*row[:2], row[2] and row[2] // (15 * 60 * 10**9))
    return type(row)(without_pause(one) for one in row) if isinstance(row, (list, tuple)) else row


@pytest.mark.skipif(not w.moves_time(), reason="moves the clock")
def test_a_listed_state_is_late_with_what_was_replaced_or_ended_unseen_as_if_it_had_not_been(two, pb):
    world, other = two
    with_flag, without = a_night(world, pb, True), a_night(other, pb, False)
    seen, as_ever = ([row for row in rows if row[:2] != ("replay", None)] for rows in (with_flag, without))
    assert in_order(seen) == in_order(as_ever)
    assert str(without).count("'due', ") > 20


def supervised(world):
    """A hub where another unit of its agency supervises the post."""
    world.supervisor("headquarters", "et/ics/headquarters", "eics-0002", with_=None)
    world.path("policy.conf").write_text('supervisors "et/ics/*" { units = {"et/ics/headquarters"} }\n')
    conf = world.path("amanad.conf")
    conf.write_text('policy = "policy.conf"\n' + conf.read_text())
    world.start_hub()
    world.amana("et-registry", "admin", "member", "add", "et/ics/headquarters", "--role", "unit").ok()
    world.hub.reload()
    world.hub.log.wait(r"^roster unit=et/ics/headquarters number=1$")
    return world


@pytest.mark.skipif(not w.moves_time(), reason="moves the clock")
@pytest.mark.parametrize("kept", [False, True])
def test_who_supervises_a_unit_is_told_of_what_it_has_in_hand_whether_or_not_the_case_is_kept_from_it(empty_world, pb, kept):
    """Supervisors that hear nothing of what their unit sees it is late with would else learn of a flag."""
    world = supervised(empty_world)
    alert, post = world.send(), test_receive.Post(world, pb)
    with post.channel() as channel:
        assert test_receive.take(post.receive(channel), 1)
        if kept:
            flag(world)
        _, lines = world.watch("headquarters", "--json", "inbox", "--follow")
        world.later(minutes=16)
        lines.wait(f'"deadline".*{alert}')


@pytest.mark.skipif(not w.moves_time(), reason="moves the clock")
def test_what_a_listed_state_was_late_with_before_it_was_listed_by_what_never_came_to_it_it_is_not_told(world):
    """What it asked about stands still for it: who hears that it is late with that knows that somebody has answered."""
    asked = world.send("police", world.write("REQUEST", ASKED, case_ref=CASE, urgency="U2", urgency_reason="EVIDENCE_AT_RISK",
                                             recipients=[{"unit": "et/ics/moyale", "part": "ACTION"}]))
    world.amana("post", "inbox").ok()
    world.amana("post", "progress", asked, "--outcome", "CLARIFICATION_ASKED", "--questions", "Which barrier?").ok()
    world.amana("police", "inbox").ok()
    world.path("clear.json").write_text(json.dumps({"clarification": {"answers": [{"question": "Which barrier?", "text": "Moyale."}]}}))
    world.amana("police", "clarify", asked, "clear.json").ok()
    process, lines = world.watch("police", "inbox", "--follow")
    world.later(hours=9)
    lines.wait(r"^overdue ")
    flagged = flag(world)
    lines.wait(r"^suspended ")
    process.terminate()
    process.wait()

    def late(country):
        world.amana("igad-registry", "admin", "member", "add", "igad/audit/desk", "--role", "auditor", "--scope", country).ok()
        said = [entry["content"]["deadline"] for entry in world.replay() if entry.get("kind") == "DEADLINE" and "content" in entry]
        return [deadline["recipient"] for deadline in said if "met_by" not in deadline]
    assert "overdue" not in world.amana("post", "inbox").ok().out
    assert late("ke") == ["et/ics/moyale"] and late("et") == []
    take_back(world, flagged)
    world.amana("post", "inbox").ok().says("overdue")
    assert late("et") == ["et/ics/moyale"]
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok()


@pytest.mark.skipif(not w.moves_time(), reason="moves the clock")
def test_who_supervises_a_listed_unit_hears_what_it_is_late_with_and_nothing_of_what_it_has_not_got(empty_world):
    world = supervised(empty_world)
    alert, other = world.alert_at("post"), world.send(draft=world.draft("other.json"))
    newer = world.amana("police", "update", alert, world.draft("newer.json", recipients=None, flags=None)).ok().id
    flag(world)
    process, lines = world.watch("auditor", "--json", "audit", "replay", "--reason", "a test", "--follow")
    lines.wait(r'"ACCESS"')
    world.later(minutes=16)
    for message in (alert, other, newer):
        lines.wait(f'"kind":"DEADLINE".*{message}')
    process.terminate()
    process.wait()
    said = world.amana("headquarters", "inbox").ok().says("overdue", f"et/ics/moyale has not acknowledged {alert[:13]}").out
    assert other[:13] not in said and newer[:13] not in said, said


def test_flags_are_in_no_receipt_delivery_or_replay(world, pb):
    police, post = r.Raw(world, pb), r.Raw(world, pb, "post", "et/ics/moyale", "eics-1207")
    message = police.message(flags=pb("message").Flags(salt=b"sixteen bytes...", child=True, protection=3, never_tell=["er"]))
    receipt = police.send(message).SerializeToString()
    relay, audit = pb("relay"), pb("audit")
    with post.channel() as channel:
        stream = channel.unary_stream("/amana.v1.Relay/Receive", request_serializer=lambda m: m.SerializeToString(),
                                      response_deserializer=lambda b: b)
        delivered = b"".join(stream(relay.ReceiveRequest(once=True), timeout=w.PATIENCE))
    auditor = r.Raw(world, pb, "auditor", "igad/audit/desk", "aud-0007")
    with auditor.channel() as channel:
        stream = channel.unary_stream("/amana.v1.Audit/Replay", request_serializer=lambda m: m.SerializeToString(),
                                      response_deserializer=lambda b: b)
        replayed = b"".join(stream(audit.ReplayRequest(reason="a test"), timeout=w.PATIENCE))
    assert message.header in delivered and r.hashlib.sha256(message.flags).digest() in replayed
    for told in (receipt, delivered, replayed):
        assert message.flags not in told and b"sixteen bytes..." not in told


def kinds_seen(world, country):
    world.amana("igad-registry", "admin", "member", "add", "igad/audit/desk", "--role", "auditor", "--scope", country).ok()
    return [entry.get("kind") for entry in world.replay()]


def test_an_auditor_of_a_listed_state_opens_no_entry_whose_cause_is_kept_from_it(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.amana("ke-protection", "inbox").ok()
    flag(world)
    world.amana("post", "hit", alert, world.example("hit")).ok()  # others hear that it was found
    world.amana("police", "hold", alert, "--court", "High Court", "--order", "88/2026", "--date", "2026-11-27",
                "--scope", "The alert.", "--valid-until", w.FAR).ok()
    of_ke, of_et = kinds_seen(world, "ke"), kinds_seen(world, "et")
    assert "STATE" in of_ke and "HELD" in of_ke
    assert "SUBMITTED" in of_et and not {"STATE", "HELD"} & set(of_et)


@pytest.mark.skipif(not w.moves_time(), reason="moves the clock")
def test_an_auditor_of_a_listed_state_sees_no_end_that_a_hidden_update_gave_to_the_lives_of_others(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.amana("ke-protection", "inbox").ok()
    flag(world)
    soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    world.amana("police", "update", alert, world.draft("newer.json", recipients=None, flags=None, valid_until=soon)).ok().says(
        "left out: et/ics/moyale")
    world.amana("igad-registry", "admin", "member", "add", "igad/audit/desk", "--role", "auditor", "--scope", "ke").ok()
    process, lines = world.watch("auditor", "--json", "audit", "replay", "--reason", "a test", "--follow")
    lines.wait(r'"ACCESS"')
    world.later(hours=3)
    lines.wait('"kind":"STATE"')
    process.terminate()
    process.wait()
    assert "STATE" not in kinds_seen(world, "et")


WITHHELD = [(("answer", "--outcome", "FULL", "--summary", "x"), "answered"),
            (("refuse", "--outcome", "NO_LEGAL_BASIS", "--explanation", "x", "--provision", "x"), "refused"),
            (("progress", "--outcome", "CLARIFICATION_ASKED", "--questions", "x"), "suspended")]


@pytest.mark.parametrize("answer, word", WITHHELD)
def test_an_answer_that_a_listed_state_has_not_fetched_is_to_it_as_none(world, answer, word):
    """Neither a notice that its question was answered in time, nor the state of that, nor its auditor tells of what never comes."""
    world.alert_at("post")
    asked = world.send("post", world.write("REQUEST", ASKED, case_ref=CASE, recipients=TO_POLICE))
    world.amana("police", "inbox").ok()
    sent = world.amana("police", answer[0], asked, *answer[1:]).ok().id
    flagged = flag(world)
    said = world.amana("post", "inbox").ok().says("retrieved").out
    assert "in time" not in said and sent[:13] not in said
    status = world.amana("post", "status", asked).ok().says("open · to be acknowledged").out
    assert "kdci-0417" not in status
    assert "DEADLINE" in kinds_seen(world, "ke") and "DEADLINE" not in kinds_seen(world, "et")
    take_back(world, flagged)
    world.amana("post", "inbox").ok().says("in time", sent[:13])
    world.amana("post", "status", asked).ok().says(f"{word} by kdci-0417")
    assert "DEADLINE" in kinds_seen(world, "et")


@pytest.mark.parametrize("answer, word", WITHHELD)
def test_a_listed_state_goes_on_with_what_it_asked_by_the_answers_that_it_has(world, answer, word):
    """A refusal that says how it stands would tell of an answer that is withheld."""
    world.alert_at("post")
    asked = world.send("post", world.write("REQUEST", ASKED, case_ref=CASE, recipients=TO_POLICE))
    world.amana("police", "inbox").ok()
    world.amana("police", answer[0], asked, *answer[1:]).ok()
    flag(world)
    withdraw = ("withdraw", asked, "--outcome", "NO_LONGER_NEEDED", "--reason", "She was found.")
    world.amana("post", "clarify", asked, world.example("clarification")).exits(77).says("its state is OPEN")
    world.amana("post", *withdraw).ok().says("accepted")
    world.amana("post", "status", asked).ok().says("withdrawn")
    world.amana("post", *withdraw).exits(77).says("its state is WITHDRAWN")
    world.amana("police", "inbox").ok().says("WITHDRAW")
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok()


def test_an_auditor_of_a_listed_state_opens_no_erasure_that_is_kept_from_it(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.amana("ke-protection", "inbox").ok()
    flag(world)
    erasure = world.amana("police", "erase", alert, "--ground", "UNLAWFUL", "--reason", "x", "--yes").ok().id
    world.amana("ke-protection", "inbox").ok()
    world.amana("ke-protection", "confirm", erasure, "--outcome", "NOT_HELD").ok()
    assert kinds_seen(world, "ke").count("ERASED") == 2 and "ERASED" not in kinds_seen(world, "et")


def test_an_auditor_of_a_listed_state_opens_no_correction_that_is_kept_from_it(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.amana("ke-protection", "inbox").ok()
    flag(world)
    correction = world.amana("police", "correct", alert, world.example("correction", roles=[])).ok().id
    world.amana("ke-protection", "inbox").ok()
    world.amana("ke-protection", "confirm", correction, "--outcome", "NOT_HELD").ok()
    assert kinds_seen(world, "ke").count("CORRECTED") == 2 and "CORRECTED" not in kinds_seen(world, "et")


@pytest.mark.skipif(not w.moves_time(), reason="moves the clock")
def test_an_auditor_of_a_listed_state_opens_nothing_of_a_message_that_is_withheld_from_its_units(world):
    """Whom it was sent to would stand there, and the unit that never gets it could be asked."""
    had, withheld = world.send(), None
    world.amana("post", "inbox").ok()
    until = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    withheld = world.send(draft=world.draft("other.json", valid_until=until))
    world.amana("ke-protection", "inbox").ok()
    flagged = flag(world)
    process, lines = world.watch("auditor", "--json", "audit", "replay", "--reason", "a test", "--follow")
    lines.wait(r'"ACCESS"')
    world.later(hours=4)
    lines.wait(f'"kind":"STATE".*{withheld}')
    lines.wait(f'"kind":"DEADLINE".*{withheld}')  # which nobody in the listed state is late for, as far as it knows
    process.terminate()
    process.wait()

    def opened(country, message):
        world.amana("igad-registry", "admin", "member", "add", "igad/audit/desk", "--role", "auditor", "--scope", country).ok()
        seq = next((e["seq"] for e in world.replay() if e.get("kind") == "SUBMITTED" and e["content"]["submitted"]["id"] == message), None)
        about = {e["kind"] for e in world.replay() if "content" in e and message in json.dumps(e["content"])}
        return seq is not None, about
    assert opened("et", had)[0]
    there, about = opened("ke", withheld)
    assert there and {"SUBMITTED", "DEADLINE", "STATE"} <= about
    assert opened("et", withheld) == (False, set())
    world.amana("auditor", "audit", "replay", "--reason", "a test").ok().says("VERIFIED")
    take_back(world, flagged)
    world.amana("post", "inbox").ok()
    there, about = opened("et", withheld)
    assert there and "DEADLINE" in about


def test_what_waited_for_its_second_person_and_was_read_stays_open_to_the_auditor_of_a_listed_state(empty_world):
    """A flag set later changes nothing there: what its unit has is of its country under the entry that it waited under too."""
    world = empty_world
    world.supervisor()
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    parked = world.amana("police", "send", release.alert(world)).ok().says("waits").id
    world.amana("chief", "release", parked, "--yes").ok()
    world.amana("police", "send", release.alert(world)).ok().says("waits")
    world.amana("post", "inbox").ok()
    before = kinds_seen(world, "et")
    assert before.count("PARKED") == 2
    world.send("police", note(world, "She asked for asylum.", case_ref=release.CASE, flags=FLED))
    after = kinds_seen(world, "et")
    assert after.count("PARKED") == 1 and "RELEASED" in after
    assert kinds_seen(world, "ke").count("PARKED") == 2


def gone_by(world, message, when):
    """The auditor, who follows the log, sees it erased once the clock is set."""
    process, lines = world.watch("auditor", "--json", "audit", "replay", "--reason", "a test", "--follow")
    lines.wait(r'"ACCESS"')
    world.later(seconds=(when - datetime.datetime.now(datetime.timezone.utc) - world.ahead).total_seconds())
    lines.wait(f'"kind":"ERASED".*{message}')
    process.terminate()
    process.wait()


def nothing_left(world):
    """A case that was kept from a state, with a note to it that never came and one that a second desk of its unit was not to see erased,
    until nothing is left of it; both notes, and one to come."""
    if not w.moves_time():
        pytest.skip("this build's time can't be moved")
    now = datetime.datetime.now(datetime.timezone.utc)
    midnight = (now + datetime.timedelta(days=1, hours=2)).replace(hour=0, minute=0, second=0, microsecond=0)
    marks = [midnight - datetime.timedelta(minutes=30), midnight + datetime.timedelta(minutes=10), midnight + datetime.timedelta(minutes=40)]
    until = [mark.strftime("%Y-%m-%dT%H:%M:%SZ") for mark in marks]
    to_post = [{"unit": "et/ics/moyale", "part": "ACTION"}]
    world.supervisor("barrier", "et/ics/moyale", "eics-1299", with_="post")
    world.hub.reload()
    had = world.send("police", note(world, case_ref=CASE, recipients=to_post, retain_until=until[0]))
    world.amana("post", "inbox").ok().says(had[:13])
    first = world.send("police", note(world, case_ref=CASE, recipients=to_post, retain_until=until[0]))
    said = world.send("police", note(world, "She asked for asylum.", case_ref=CASE, flags=FLED, retain_until=until[0]))
    world.amana("police", "erase", had, "--ground", "UNLAWFUL", "--reason", "x", "--yes").ok()
    others = [world.send("police", note(world, case_ref=f"ke/dci/2026/00439{i}", retain_until=until[i])) for i in (1, 2)]
    tells = note(world, case_ref=CASE, recipients=to_post)
    gone_by(world, said, marks[0])
    world.amana("police", "send", tells).exits(77).says("NOT_PERMITTED")
    for mark, other in zip(marks[1:], others):  # the end of it stands in no entry: these come after
        gone_by(world, other, mark)
    return first, had, tells


def test_when_nothing_is_left_of_a_case_it_is_kept_from_nobody_and_what_was_withheld_never_comes(world):
    _, had, tells = nothing_left(world)
    assert [line["header"]["id"] for line in world.amana("post", "--json", "inbox").ok().json] == [had]
    assert world.amana("barrier", "--json", "inbox").ok().out.strip() == ""
    told = world.send("police", tells)
    assert {line["header"]["id"] for line in world.amana("post", "--json", "inbox").ok().json} == {had, told}
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()


def test_what_never_came_to_a_state_is_not_of_its_auditors_when_nothing_is_left_of_the_case_either(world):
    first, _, tells = nothing_left(world)
    later = world.send("police", tells)

    def about(country, message):
        world.amana("igad-registry", "admin", "member", "add", "igad/audit/desk", "--role", "auditor", "--scope", country).ok()
        return {entry["kind"] for entry in world.replay() if "content" in entry and message in json.dumps(entry["content"])}
    assert {"SUBMITTED", "ERASED"} <= about("ke", first)
    assert about("et", first) == set()
    assert "SUBMITTED" in about("et", later), "what is on its way is of where it goes"
