# SPDX-License-Identifier: Apache-2.0
"""A NOTE: free text on a case. It answers anything or nothing, and moves no life."""
import world as w


def test_a_note_on_an_alert_reaches_its_sender_and_moves_no_life(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    note = world.amana("post", "note", alert, "--title", "On the lorry", "--text", "The driver was seen here on Monday too.").ok().id
    world.amana("police", "inbox").ok().says(note[:13], "NOTE", "On the lorry")
    shown = world.amana("police", "show", note).ok().says(alert, "The driver was seen here on Monday too.").out
    assert "must answer" not in shown
    world.amana("police", "status", alert).ok().says("to be acknowledged by")


def test_the_alert_s_sender_adds_a_note_for_all_who_have_it(world):
    alert = world.send()
    note = world.amana("police", "note", alert, "--title", "On the lorry", "--text", "The lorry has a dented door.").ok().id
    for desk in ("post", "ke-protection", "et-protection"):
        world.amana(desk, "inbox").ok().says(note[:13], "On the lorry")


def test_a_note_of_its_own_begins_a_case_and_is_answered_by_another(world):
    note = world.send(draft=world.write("NOTE", {"title": "Checks at night", "text": "Two patrols until dawn."}))
    world.amana("post", "inbox").ok().says(note[:13], "Checks at night")
    world.amana("post", "show", note).ok().says("Two patrols until dawn.")
    back = world.amana("post", "note", note, "--title", "On the lorry", "--text", "One patrol of ours joins.").ok().id
    world.amana("police", "inbox").ok().says(back[:13], "On the lorry")
    assert all("life" not in row for row in world.amana("police", "--json", "status", note).ok().json[0]["state"]["recipients"])


def test_a_note_is_kept_a_year_at_most(world):
    draft = world.write("NOTE", {"title": "x", "text": "x"}, retain_until=w.FAR)
    world.amana("police", "send", draft).exits(65).says("retain_until", "at most 366 days")


def test_a_note_without_its_text_is_not_sent(world):
    alert = world.send()
    world.amana("police", "note", alert).exits(64).says("needs --title and --text, or a FILE that says both")


def test_a_note_to_a_unit_that_no_grant_names_is_refused(world):
    alert = world.send()
    world.amana("police", "note", alert, "--title", "On the lorry", "--text", "x", "--to", "igad/audit/desk").exits(69, 77)
