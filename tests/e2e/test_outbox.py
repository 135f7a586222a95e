# SPDX-License-Identifier: Apache-2.0
"""What the hub has refused: seen with its reason, mended and sent anew, or dropped; nothing stays stuck."""
import json

import pytest


@pytest.fixture(scope="module")
def world(file_world):
    file_world.supervisor()
    file_world.start_hub()
    return file_world


def refused(world, **changes):
    """A note to a police unit under a purpose that is not for it."""
    note = world.write("NOTE", {"title": "The driver", "text": "Seen in Isiolo."}, purpose="PROTECTION", **changes)
    world.amana("police", "send", note).exits(77).says("PURPOSE_MISMATCH", "`amana mend`", "`amana drop`")
    return next(line["header"]["id"] for line in world.amana("police", "--json", "sent").ok().json
                if line["state"] == "refused: PURPOSE_MISMATCH")


def in_outbox(world, desk="police"):
    return [line["header"]["id"] for line in world.amana(desk, "--json", "sent").ok().json if not line["entry"]]


def draft_of(text):
    return json.loads("\n".join(line for line in text.splitlines() if not line.startswith("//")))


def test_a_refused_message_is_listed_with_why_and_is_mended_sent_anew_and_dropped(world):
    note = refused(world)
    world.amana("police", "sent").ok().says("refused: PURPOSE_MISMATCH", "recipients[0].unit", "PROTECTION goes only to protection units",
                                            f"`amana mend {note[:13]}`", f"`amana drop {note[:13]}`", "`amana send --again`")
    world.amana("police", "show", note).ok().says("refused: PURPOSE_MISMATCH")
    mended = world.amana("police", "mend", note).ok()
    assert mended.out.startswith(f"// NOTE {note} was refused: recipients[0].unit: ") and "`amana send FILE`" in mended.out
    draft = draft_of(mended.out)
    assert draft["note"] == {"title": "The driver", "text": "Seen in Isiolo."} and draft["recipients"][0]["unit"] == "et/ics/moyale"
    world.path("mended.json").write_text(mended.out.replace('"PROTECTION"', '"INVESTIGATION"'))
    sent = world.amana("police", "send", "mended.json").ok().id
    assert sent != note and in_outbox(world) == [note]
    world.amana("police", "drop", note, "--dry-run").ok().says("NOTE", "et/ics/moyale", "goes only to protection units")
    world.amana("police", "drop", note, stdin="n\n").exits(75).says("nothing was dropped")
    assert in_outbox(world) == [note]
    world.amana("police", "drop", note, stdin="y\n").ok().says("Drop it?", "dropped", note)
    assert in_outbox(world) == []
    world.amana("police", "show", note).exits(66)


def test_what_the_hub_has_taken_is_not_dropped_and_says_what_can_be_done(world):
    alert = world.send()
    world.amana("police", "drop", alert, "--yes").exits(65).says("was taken by the hub", "`amana cancel`", "`amana erase`")
    world.amana("police", "show", alert).ok()


def test_an_answer_that_was_refused_has_answered_nothing_and_is_mended_for_its_verb(world):
    asked = world.send(draft=world.write("REQUEST", {"title": "Who?", "information": ["owner"], "reason": "x", "available_because": "x"}))
    world.amana("post", "inbox").ok()
    world.amana("post", "answer", asked, "--outcome", "NO_DATA", "--summary", "x").ok()
    world.amana("post", "refuse", asked, "--outcome", "DISPROPORTIONATE", "--explanation", "x").exits(77).says("ANSWERED")  # it is over
    assert "refused" not in world.amana("post", "show", asked).ok().out
    refusal, = in_outbox(world, "post")
    mended = world.amana("post", "mend", refusal[:14]).ok()
    assert f"mend it, then `amana refuse {asked[:13]}" in mended.out, mended.out
    world.amana("post", "drop", refusal, "--yes").ok()
    assert in_outbox(world, "post") == []


def test_a_message_that_waits_for_a_link_is_dropped_with_a_word_about_where_it_may_be(world):
    waiting = world.amana("police", "send", world.write("NOTE", {"title": "Later", "text": "x"}), env={"AMANA_ADDRESS": "127.0.0.1:1"}).exits(69).id
    world.amana("police", "drop", waiting, "--dry-run").ok().says("waits", "the hub may have")
    world.amana("police", "drop", waiting, "--yes").ok()
    assert in_outbox(world) == []


def test_what_a_supervisor_sent_back_is_mended_by_the_same_verb(world):
    parked = world.amana("police", "send", world.draft(subject_kind="GROUP", release=None)).ok().says("waits").id
    world.amana("police", "drop", parked).exits(65).says("sends it to nobody: waits for a second person", f"amana mend {parked[:13]}")
    world.amana("police", "mend", parked).ok().says("still waits for its second person: have it sent back, or both may go")
    world.amana("chief", "pending").ok()
    world.amana("chief", "send-back", parked, "--reason", "FACT_WRONG").ok()
    world.amana("police", "inbox").ok()
    mended = world.amana("police", "mend", parked).ok().says("was sent back by its supervisor: FACT_WRONG")
    assert draft_of(mended.out)["subject_kind"] == "GROUP"


# --- What waits while more becomes known
HAWI = [{"label": "p1", "roles": ["MISSING"], "age": {"from": 20, "to": 30}, "names": [{"type": "GIVEN", "text": "Hawi"}],
         "documents": [{"type": "PASSPORT", "number": "EP1234567", "issuer": "et"}], "description": "A scar on the left hand."}]
FLED = {"flags": {"child": False, "protection": "YES", "never_tell": ["et"]}, "recipients": [{"unit": "ke/dcs/child-protection", "part": "ACTION"}]}

BOTH = [{"unit": "et/ics/moyale", "part": "ACTION"}, *FLED["recipients"]]


def about_hawi(world, case, **changes):
    return world.write("NOTE", {"title": "Missing", "text": "x", "persons": HAWI}, case_ref=case, **changes)


def offline(world, draft):
    return world.amana("police", "send", draft, env={"AMANA_ADDRESS": "127.0.0.1:1"}).exits(69).id


def test_what_waits_does_not_go_to_a_state_that_its_person_may_have_fled_as_is_known_by_now(world):
    """The hub sees no person: who was written about at night may be somebody else's case in the morning."""
    world.send(draft=world.write("NOTE", {"title": "Nobody", "text": "x"}, recipients=BOTH))  # so that the desk knows the rosters
    waiting, flagged = offline(world, about_hawi(world, "ke/dci/2026/004311")), offline(world, about_hawi(world, "ke/dci/2026/004312", **FLED))
    world.amana("police", "inbox").says(f"{flagged[:13]}: accepted", f"{waiting[:13]} was refused", "known from case ke/dci/2026/004312",
                                        "may have fled et", "`amana mend`", "`amana drop`")
    assert in_outbox(world) == [waiting]
    world.amana("police", "sent").ok().says("refused: PROTECTION_UNANSWERED")
    world.amana("police", "send", "--again").exits(77).says("may have fled et")
    assert waiting not in world.amana("post", "--json", "inbox").ok().out
    world.amana("police", "drop", waiting, "--yes").ok()


def test_what_has_left_already_gets_its_receipt_whatever_is_known_by_now(world):
    """Saves from an officer who takes what the others have for what never went."""
    world.send(draft=world.write("NOTE", {"title": "Nobody", "text": "x"}, recipients=BOTH))
    gone = offline(world, world.write("NOTE", {"title": "Missing", "text": "x", "persons": [{**HAWI[0], "documents": [], "birth": {"date": "1991-03-04"}, "age": None}]},
                                      case_ref="ke/dci/2026/004320"))
    world.copy("police/store", "police.before")
    world.amana("police", "inbox").ok().says(f"{gone[:13]}: accepted")
    world.copy("police.before", "police/store")  # it was killed before the receipt was kept
    known = json.loads(world.path("draft.json").read_text())["note"]["persons"]
    flagged = offline(world, world.write("NOTE", {"title": "Missing", "text": "x", "persons": known}, case_ref="ke/dci/2026/004321", **FLED))
    world.amana("police", "inbox").ok().says(f"{gone[:13]}: accepted", f"{flagged[:13]}: accepted")
    assert in_outbox(world) == []
