# SPDX-License-Identifier: Apache-2.0
"""A CORRECTION goes to every holder, and each confirms; a CONTEST asks for one."""
import json
import re

import pytest

import world as w


@pytest.fixture
def alert(world):
    return world.alert_at("post", "ke-protection", "et-protection")


def mend(world):
    changes = [{"path": "alert.vehicles[0].registration", "was": "KDA 417Q", "now": "KDA 471Q"}]
    return world.example("correction", reason="The owner was called.", changes=changes)


def test_a_correction_asks_every_holder_who_confirms_each_by_itself(world, alert):
    correction = world.amana("police", "correct", alert, mend(world)).ok().id
    world.amana("police", "status", correction).ok().says("of 3: 3 to acknowledge, 0 to answer, 0 done")
    world.amana("post", "inbox").ok().says("CORRECTION", "The owner was called.", "to be acknowledged")
    world.amana("post", "ack", correction).ok()
    world.amana("post", "confirm", correction, "--outcome", "DONE", "--remark", "Mended in the book of the barrier.").ok()
    world.amana("et-protection", "inbox").ok()
    world.amana("et-protection", "confirm", correction, "--outcome", "NOT_HELD").ok()
    world.amana("police", "inbox").ok().says("Mended in the book of the barrier.")
    world.amana("police", "status", correction).ok().says("confirmed by eics-1207", "confirmed by emow-0101",
                                                          "of 3: 1 to acknowledge, 0 to answer, 2 done")
    world.amana("post", "confirm", correction, "--outcome", "DONE", "--remark", "x").exits(77).says("CONFIRMED", "nothing moves it any more")
    said = [e["content"]["corrected"] for e in world.replay() if e.get("kind") == "CORRECTED"]
    assert [(e["unit"], e["message"]["id"], e["by"]["id"], e.get("outcome")) for e in said] == [
        ("ke/dci/transnational", alert, correction, None), ("et/ics/moyale", alert, correction, "DONE"),
        ("et/mowsa/protection", alert, correction, "NOT_HELD")]
    world.amana("auditor", "audit", "replay", "--reason", "a test", "--message", correction).ok().says(
        f"CORRECTED {alert[:13]} was wrong, and every holder is to mend it", f"DONE to {correction[:13]} by")
    world.amana("auditor", "audit", "replay", "--reason", "a test", "--message", alert).ok().says("CORRECTED")
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()
    world.start_hub()


LABELLED = [{"label": "driver", "roles": ["SUSPECT"], "age": {"from": 30, "to": 40}, "description": "A red cap."}]


def test_a_correction_or_contest_of_what_is_not_there_is_refused_with_what_is(world):
    """Nobody would mend it, and everybody would confirm it."""
    sent = world.send(draft=world.draft(alert__persons=LABELLED, alert__palermo=None))
    world.amana("post", "inbox").ok()

    def said(desk, verb, kind, **what):
        world.path("wrong.json").write_text(json.dumps({kind: what}, indent=1))
        return world.amana(desk, verb, sent, "--reason", "x", "wrong.json").exits(65)

    def role(label):
        return {"person": label, "was": ["SUSPECT"], "now": ["WITNESS"]}

    def fact(path, was="KDA 417Q", **more):
        return {"path": path, "was": was, "now": "KDA 471Q", **more}
    for desk, verb, kind, facts in (("police", "correct", "correction", "changes"), ("post", "contest", "contest", "facts")):
        said(desk, verb, kind, roles=[role("drvier")]).says(f'{kind}.roles[0].person: line 5: "drvier" is the label of no person in {sent[:13]}; did you mean "driver"?')
        for path, words in (("alert.vehicles[1].registration", 'it has 1 of "vehicles": say which, the first is vehicles[0]'),
                            ("alert.vehicles.registration", "the first is vehicles[0]"), ("alert.vessels[0].name", 'it says nothing in "vessels"'),
                            ("alert.vehicles[0].registartion", 'there is no "registartion" in it; did you mean "registration"?'),
                            ("alert.vehicles[0", 'there is no "vehicles[0" in it'), ("alert.summary[0]", '"summary" is no list'),
                            ("alert.title.words", 'there is no "words" in it'), ("note.title", 'begins with "alert": what ')):
            said(desk, verb, kind, **{facts: [fact(path)]}).says(f"{kind}.{facts}[0].path: line ", words)
        said(desk, verb, kind, **{facts: [fact("alert.title", person="p1")]}).says(f"{kind}.{facts}[0].person: line ")
    # What was left out may be said: there, or behind the last.
    for path in ("alert.vehicles[0].trailer_registration", "alert.vehicles[1].registration"):
        world.path("left.json").write_text(json.dumps({"correction": {"changes": [fact(path, "")]}}))
        world.amana("police", "correct", sent, "--reason", "x", "left.json").ok()
    # Who has no label is spoken of by whatever name.
    nobody = world.send(draft=world.draft(alert__persons=[{**LABELLED[0], "label": ""}], alert__palermo=None))
    world.path("role.json").write_text(json.dumps({"correction": {"roles": [role("man")]}}))
    world.amana("police", "correct", nobody, "--reason", "x", "role.json").ok()


def test_who_reads_what_was_corrected_reads_first_what_is_right(world):
    """The message stands there as it was sent: whoever is no suspect would be detained for it all the same."""
    man = {**LABELLED[0], "roles": ["SUSPECT"], "actions": ["DETAIN"],
           "warrant": {"number": "K 12/2026", "issuer": "Milimani Court", "date": {"date": "2026-11-02"}, "offence": "Trafficking."}}
    boy = {"label": "boy", "roles": ["WITNESS"], "age": {"from": 20, "to": 30}, "names": [{"type": "GIVEN", "text": "Yusuf"}]}
    sent = world.send(draft=world.write("NOTE", {"title": "Seen", "text": "At the lorry.", "persons": [man, boy]}, legal_basis="NATIONAL_LAW"))
    world.amana("post", "inbox").ok()
    assert "CORRECTED" not in world.amana("post", "show", sent).ok().out
    facts = [{"path": "note.text", "was": "At the lorry.", "now": "In the lorry."}, {"path": "note.persons[1].names[0].text", "was": "Yusuf", "now": "Yasin"}]
    world.path("right.json").write_text(json.dumps({"correction": {
        "roles": [{"person": "driver", "was": ["SUSPECT"], "now": ["PRESUMED_VICTIM"]}], "changes": facts}}))
    correction = world.amana("police", "correct", sent, "--reason", "He was made to drive.", "right.json").ok().id
    world.amana("post", "inbox").ok().says(f"CORRECTED by {correction[:13]}")
    for desk in ("police", "post"):
        said = world.amana(desk, "show", sent).ok().says(f"CORRECTED by {correction[:13]}", "presumed victim (corrected; entered as suspect)", "detain (no more: corrected)")
        assert said.out.splitlines()[:4] == [f"CORRECTED: not all that it says is right; `amana show {correction[:13]}` says what is",
                                             "  driver is presumed victim, not suspect: not to be detained for it",
                                             "  note.text is In the lorry., not At the lorry.", "NOTE  Seen"]
        assert "Yasin" not in said.out  # what a person is called stands on no first screen
    # Another, of something else, takes nothing of it back; the last one on a person counts.
    world.path("again.json").write_text(json.dumps({"correction": {"roles": [{"person": "driver", "was": ["PRESUMED_VICTIM"], "now": ["WITNESS"]}]}}))
    again = world.amana("police", "correct", sent, "--reason", "He says so.", "again.json").ok().id
    world.amana("police", "show", sent).ok().says(f"CORRECTED by {again[:13]}", correction[:13], "witness (corrected; entered as suspect)", "detain (no more: corrected)")
    # What is said to be right may be wrong itself.
    world.path("third.json").write_text(json.dumps({"correction": {"roles": [], "changes": [{"path": "correction.reason", "was": "He says so.", "now": "She says so."}]}}))
    third = world.amana("police", "correct", again, "--reason", "Misheard.", "third.json").ok().id
    world.amana("post", "inbox").ok()
    for desk in ("police", "post"):
        world.amana(desk, "show", sent).ok().says(f"`amana show {again[:13]}` says what is (which itself is CORRECTED by {third[:13]})")
    # One of which nobody can read here any more what it said is named.
    world.amana("police", "erase", correction, "--ground", "NO_LONGER_NEEDED", "--reason", "x", "--yes").ok()
    said = world.amana("police", "show", sent).ok().says(f"`amana show {correction[:13]}`", "witness (corrected").out
    assert "not suspect" not in said
    # Of a great many the last are read: that one before them freed somebody is not passed over in silence.
    world.path("more.json").write_text(json.dumps({"correction": {"changes": facts[:1]}}))
    for _ in range(8):
        world.amana("police", "correct", sent, "--reason", "x", "more.json").ok()
    world.amana("police", "show", sent).ok().says("and 2 CORRECTIONs before these", "detain (perhaps no more: not each CORRECTION was read here)")


def test_by_when_a_correction_is_to_be_acknowledged_is_by_what_it_corrects_whatever_its_file_says(world, alert):
    mended = world.example("correction", reason="x", changes=[{"path": "alert.title", "was": "a", "now": "b"}])
    draft = json.loads(world.path(mended).read_text())
    world.path(mended).write_text(json.dumps({**draft, "urgency": "U4"}))
    said = world.amana("police", "correct", alert, mended).ok()
    world.amana("post", "inbox").ok()
    by = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    told = re.search(f"must ack  et/ics/moyale by ({by})", said.out)[1]
    hub = re.search(f"to be acknowledged +by ({by})", world.amana("police", "status", said.id).ok().out)[1]
    shown = re.search(f"must ack +et/ics/moyale +by ({by})", world.amana("post", "show", said.id).ok().out)[1]
    assert told == hub == shown


def test_a_correction_is_done_once_what_was_built_on_it_is_mended_too(world, alert):
    hit = world.amana("post", "hit", alert, "--summary", "KDA 417Q stopped.", "--certainty", "CERTAIN", "--place", "Barrier",
                      "--done", "STOP_AND_SEARCH", "--found-at", "2026-11-27T10:00:00Z").ok().id
    correction = world.amana("police", "correct", alert, mend(world)).ok().id
    world.amana("post", "inbox").ok()
    done = ("confirm", correction, "--outcome", "DONE", "--remark", "Mended in the book.")
    world.amana("post", *done).exits(65).says(hit[:13], "HIT", "amana correct")
    changes = [{"path": "hit.summary", "was": "KDA 417Q", "now": "KDA 471Q"}]
    world.amana("post", "correct", hit, world.example("correction", reason="As corrected.", changes=changes, roles=[])).ok()
    world.amana("post", *done).ok()
    world.amana("et-protection", "inbox").ok()
    note = world.amana("et-protection", "note", alert, "--title", "A bed is free.", "--text", "For two.").ok().id
    done = ("confirm", correction, "--outcome", "DONE", "--remark", "Mended.")
    world.amana("et-protection", *done).exits(65).says(note[:13])
    world.amana("et-protection", *done, "--own-messages-mended").ok()


def test_what_waits_to_be_sent_and_what_only_refers_to_it_builds_on_it_and_what_is_erased_does_not(world, alert):
    correction = world.amana("police", "correct", alert, mend(world)).ok().id
    world.amana("post", "inbox").ok()
    done = ("confirm", correction, "--outcome", "DONE", "--remark", "Mended in the book.")
    assigned = world.amana("post", "assign", alert, "eics-1207").ok().id
    world.amana("post", *done).exits(65).says(assigned[:13], "NOTE")
    world.amana("post", "erase", assigned, "--ground", "UNLAWFUL", "--reason", "x", "--yes").ok()
    world.hub.stop()
    waits = world.amana("post", "hit", alert, "--summary", "Stopped.", "--certainty", "CERTAIN", "--place", "Barrier", "--done",
                        "STOP_AND_SEARCH", "--found-at", "2026-11-27T10:00:00Z").exits(69).id
    world.amana("post", *done).exits(65).says(waits[:13], "HIT")
    world.start_hub()


def test_what_only_a_file_can_say_is_asked_for_with_its_form(world, alert):
    said = world.amana("police", "correct", alert, "--reason", "The owner was called.").exits(64)
    said.says("needs a FILE", '{"correction": {"changes": [{"path": ', "or --stolen-identity")
    world.path("form.json").write_text(re.search(r"as (\{.*\})", said.err).group(1))
    world.amana("police", "correct", alert, "form.json", "--reason", "The owner was called.").ok()
    world.path("empty.json").write_text('{"correction": {}}')
    world.amana("police", "correct", alert, "empty.json", "--reason", "x").exits(65).says(
        "empty.json: nothing was sent", "correction.changes: line 1: is needed: what is right, in changes or in roles; or stolen_identity")
    world.amana("police", "correct", alert, "--reason", "His papers were used.", "--stolen-identity").ok()
    world.amana("post", "contest", alert, "--reason", "x").exits(64).says("needs a FILE", '{"contest": {"roles": [')


def test_nobody_but_the_sender_corrects_a_message(world, alert):
    world.amana("post", "correct", alert, mend(world)).exits(65).says("is for its sender")
    world.amana("ke-protection", "inbox").ok()  # of the sender's country: it may be the office that corrects, and the hub knows
    world.amana("ke-protection", "correct", alert, mend(world)).exits(77)


def test_a_contest_is_seen_by_all_until_its_sender_decides(world, alert):
    contest = world.amana("post", "contest", alert, world.example("contest"), "--reason", "The man beside the driver is a victim.").ok().id
    for desk in ("police", "ke-protection", "et-protection"):
        world.amana(desk, "inbox").ok().says("CONTEST", "is a victim")
        world.amana(desk, "show", alert).ok().says(f"CONTESTED by {contest[:13]}", "detain nobody")
    world.amana("police", "ack", contest).ok()
    world.amana("post", "status", contest).ok().says("acknowledged by kdci-0417", "to be answered by")
    world.amana("police", "uphold", contest).exits(65).says("is upheld with the correction", f"amana correct {alert[:13]}")
    correction = world.amana("police", "correct", alert, mend(world)).ok().id
    upheld = world.amana("police", "uphold", contest).ok().id
    named = world.amana("police", "--json", "show", upheld).ok().json[0]["header"]["references"]
    assert [pointer["id"] for pointer in named] == [correction]
    named = world.amana("police", "--json", "show", correction).ok().json[0]["header"]["references"]
    assert [pointer["id"] for pointer in named] == [contest]
    world.amana("post", "status", contest).ok().says("upheld by kdci-0417")
    for desk in ("police", "post", "ke-protection", "et-protection"):
        world.amana(desk, "inbox").ok()
        assert "CONTESTED" not in world.amana(desk, "show", alert).ok().out, desk


def test_to_detain_somebody_is_shown_as_suspended_while_it_is_contested_and_no_longer(world):
    """Saves from an arrest by who read what is asked and not the line above it."""
    man = {"label": "p1", "age": {"from": 20, "to": 30}, "description": "A scar on the left hand.", "roles": ["SUSPECT"],
           "actions": ["DETAIN", "SEIZE_DOCUMENT"],
           "warrant": {"number": "K 12/2026", "issuer": "Milimani Court", "date": {"date": "2026-11-02"}, "offence": "Trafficking."}}
    alert = world.send(draft=world.draft(legal_basis="NATIONAL_LAW", alert__persons=[man], alert__palermo=None, alert__child_safeguard=None))
    note = world.send(draft=world.write("NOTE", {"title": "Seen", "text": "x", "persons": [man]}, legal_basis="NATIONAL_LAW"))
    world.amana("post", "inbox").ok()
    suspended = "detain (suspended while contested), seize document"
    for message in (alert, note):
        assert "suspended" not in world.amana("post", "show", message).ok().says("detain, seize document").out
        roles = [{"person": "p1", "was": ["SUSPECT"], "now": ["PRESUMED_VICTIM"]}]
        contest = world.amana("post", "contest", message, world.example("contest", roles=roles, facts=[]), "--reason", "He was made to drive.").ok().id
        world.amana("police", "inbox").ok()
        for desk in ("post", "police"):
            world.amana(desk, "show", message).ok().says("CONTESTED: detain nobody", suspended)
        world.amana("police", "reject", contest, "--reason", "Two witnesses say so.").ok()
        world.amana("post", "inbox").ok()
        assert "suspended" not in world.amana("post", "show", message).ok().says("detain, seize document").out


def test_what_is_contested_detains_nobody_by_being_said_again(world):
    """Saves from the arrest of somebody who is contested as a suspect, by an update or another message that asks for it anew."""
    man = {"label": "p1", "age": {"from": 20, "to": 30}, "description": "A scar on the left hand.", "roles": ["SUSPECT"],
           "actions": ["DETAIN", "SEIZE_DOCUMENT"], "citizenships": ["ke"],
           "warrant": {"number": "K 12/2026", "issuer": "Milimani Court", "date": {"date": "2026-11-02"}, "offence": "Trafficking."}}
    other = {**man, "label": "p2", "description": "A beard."}
    said = dict(legal_basis="NATIONAL_LAW", alert__palermo=None, alert__child_safeguard=None)
    case = {"case_ref": "ke/dci/2026/004211", "legal_basis": "NATIONAL_LAW"}
    alert = world.send(draft=world.draft(alert__persons=[man], **said))
    world.amana("post", "inbox").ok()
    roles = [{"person": "p1", "was": ["SUSPECT"], "now": ["PRESUMED_VICTIM"]}]
    contest = world.amana("post", "contest", alert, world.example("contest", roles=roles, facts=[]), "--reason", "He was made to drive.").ok().id
    world.amana("police", "inbox").ok()
    newer = world.amana("police", "update", alert, world.draft("newer.json", kind="UPDATE", recipients=None, alert__persons=[man], **said)).ok().id
    note = world.send(draft=world.write("NOTE", {"title": "Seen", "text": "x", "persons": [other, man]}, **case))
    world.amana("post", "inbox").ok().says(f"CONTESTED by {contest[:13]}")
    suspended, asked = "detain (suspended while contested), seize document", "actions         detain, seize document"
    for desk in ("post", "police"):
        assert asked not in world.amana(desk, "show", newer).ok().says("CONTESTED: detain nobody", f"CONTESTED by {contest[:13]}", suspended).out
        shown = world.amana(desk, "show", note).ok().says("CONTESTED: detain nobody", suspended).out
        assert shown.count(suspended) == shown.count(asked) == 1, shown  # the other man is not contested
    world.amana("police", "reject", contest, "--reason", "Two witnesses say so.").ok()
    world.amana("post", "inbox").ok()
    for message in (newer, note):
        assert "suspended" not in world.amana("post", "show", message).ok().says(asked).out


def test_of_however_many_that_are_contested_at_once_none_is_detained_by_being_said_again(world):
    """A whole lorry of people is taken for its drivers: the last of them whom a contest names is spoken for like the first."""
    men = [{"label": f"p{i}", "age": {"from": 20, "to": 30}, "description": "A beard.", "roles": ["SUSPECT"], "actions": ["DETAIN"],
            "citizenships": ["ke"],
            "warrant": {"number": "K 12/2026", "issuer": "Milimani Court", "date": {"date": "2026-11-02"}, "offence": "Trafficking."}}
           for i in range(40)]
    said = dict(legal_basis="NATIONAL_LAW", alert__palermo=None, alert__child_safeguard=None)
    alert = world.send(draft=world.draft(alert__persons=men, **said))
    world.amana("post", "inbox").ok()
    roles = [{"person": man["label"], "was": ["SUSPECT"], "now": ["PRESUMED_VICTIM"]} for man in men]
    world.amana("post", "contest", alert, world.example("contest", roles=roles, facts=[]), "--reason", "They were in the back.").ok()
    note = world.send(draft=world.write("NOTE", {"title": "Seen", "text": "x", "persons": men[-1:]},
                                        case_ref="ke/dci/2026/004211", legal_basis="NATIONAL_LAW"))
    world.amana("post", "inbox").ok()
    world.amana("post", "show", note).ok().says("CONTESTED: detain nobody", "detain (suspended while contested)")


def test_who_protects_contests_what_never_came_to_it_and_reads_nothing_else_of_the_log(world):
    """A victim taken for a suspect between two police is spoken for by who protects in either's country; it says why, and
    the log has it."""
    world.amana("et-registry", "admin", "grant", "remove", "et/mowsa/protection", "1", "--yes").ok()
    asked = world.send(draft=world.write("REQUEST", {"title": "Who is she?", "information": ["name"], "reason": "x", "available_because": "x"}))
    world.amana("post", "inbox").ok()
    contest = world.amana("et-protection", "contest", asked, world.example("contest"), "--reason", "She told us who she is.").ok().says(
        "copy      et/ics/moyale").id
    for desk in ("police", "post"):
        world.amana(desk, "inbox").ok().says("CONTEST", "She told us")
        world.amana(desk, "show", asked).ok().says(f"CONTESTED by {contest[:13]}", "detain nobody")
    read = [e["access"] for e in world.entries("ACCESS") if "mowsa/protection" in e["access"]["identity"]]
    assert [(e["reason"], e["scope"]) for e in read] == [("She told us who she is.", ["et"])] and asked in read[0]["query"]
    world.amana("police", "reject", contest, "--reason", "Two witnesses say so.").ok()
    world.amana("et-protection", "inbox").ok().says("Two witnesses say so.")
    world.amana("post", "inbox").ok().says("Two witnesses say so.")
    assert "CONTESTED" not in world.amana("post", "show", asked).ok().out
    world.amana("post", "contest", world.send(draft=world.write("NOTE", {"title": "x", "text": "x"}, recipients=[
        {"unit": "et/mowsa/protection", "part": "ACTION"}])), world.example("contest")).exits(77)
    for command in (("--message", asked), ("--case", "ke/dci/2026/004211"), ()):
        world.amana("et-protection", "audit", "replay", "--reason", "curious", *command).exits(77)


def test_who_has_no_grant_contests_what_it_has_all_the_same(world, alert):
    """A victim taken for a suspect is spoken for by whoever has the message, whomever that one may begin to write to."""
    world.amana("et-registry", "admin", "grant", "remove", "et/mowsa/protection", "1", "--yes").ok()
    contest = world.amana("et-protection", "contest", alert, world.example("contest")).ok().says("copy      et/ics/moyale").id
    world.amana("post", "inbox").ok().says(contest[:13])


def test_a_contest_is_rejected_with_its_reason(world, alert):
    contest = world.amana("post", "contest", alert, world.example("contest")).ok().id
    world.amana("police", "inbox").ok()
    world.amana("police", "reject", contest, "--reason", "Two witnesses say so.").ok().says("copy      et/mowsa/protection")
    for desk in ("post", "ke-protection", "et-protection"):
        world.amana(desk, "inbox").ok().says("Two witnesses say so.")
        assert "CONTESTED" not in world.amana(desk, "show", alert).ok().out, desk
    world.amana("post", "status", contest).ok().says("rejected by kdci-0417")


def test_a_state_that_is_not_to_learn_of_a_case_is_told_nothing_of_a_contest_decided(world, alert):
    contest = world.amana("ke-protection", "contest", alert, world.example("contest"), "--reason", "She is a victim.").ok().id
    for desk in ("police", "post"):
        world.amana(desk, "inbox").ok()
    world.amana("ke-protection", "note", alert, "--title", "x", "--text", "She is afraid.", "--protection", "YES", "--never-tell", "et").ok()
    world.amana("police", "inbox").ok()
    world.amana("police", "reject", contest, "--reason", "Two witnesses say so.").ok().says("left out: et/ics/moyale")
    world.amana("ke-protection", "inbox").ok().says("Two witnesses say so.")
    assert "Two witnesses" not in world.amana("post", "inbox").ok().out


def test_the_examples_of_a_contest_and_a_correction_go_as_they_stand(world, alert):
    world.amana("et-protection", "contest", alert, w.DATA / "contest-moyale.json").ok()
    world.amana("police", "correct", alert, w.DATA / "correction-moyale.json").ok()
