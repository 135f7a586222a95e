# SPDX-License-Identifier: Apache-2.0
"""What was sent in error, and what a court or the person themselves wants gone, is erased by all who have it: each
confirms, or says which law keeps it."""
import json
import re

import pytest

import world as w


@pytest.fixture(scope="module")
def world(file_world):
    file_world.start_hub()
    return file_world


@pytest.fixture
def alert(world):
    return world.alert_at("post", "ke-protection", "et-protection")


def cancel(world, alert, outcome="SENT_IN_ERROR"):
    ended = world.amana("police", "cancel", alert, "--outcome", outcome, "--reason", "Another lorry was meant.",
                        "--instructions", "Let it pass.", "--yes").ok().id
    for desk in ("post", "ke-protection", "et-protection"):
        world.amana(desk, "inbox").ok()
    return ended


def erased(world, desk, message):
    return world.body(desk, message) is None


def sound(world):
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()
    world.start_hub()


def test_who_ends_what_is_to_be_erased_is_told_who_must_confirm_that_and_by_when(world, alert):
    said = world.amana("police", "cancel", alert, "--outcome", "SENT_IN_ERROR", "--reason", "x", "--instructions", "x", "--yes").ok().out
    due = [re.search(rf"must erase, and confirm it  {unit} by (\d{{4}}-\d\d-\d\d)", said)[1] for unit in ("et/ics/moyale", "ke/dcs/child-protection", "et/mowsa/protection")]
    assert len(set(due)) == 1
    other = world.send()
    said = world.amana("police", "cancel", other, "--outcome", "RESOLVED", "--reason", "x").ok().out
    assert "must erase" not in said


def test_what_was_sent_in_error_is_erased_by_all_who_have_it_copies_too(world, alert):
    newer = world.amana("police", "update", alert, world.draft(kind="UPDATE", alert__title="A grey lorry")).ok().id
    ended = cancel(world, newer)
    world.amana("post", "inbox").ok().says("to be acknowledged", f"to be erased: `amana confirm {ended[:13]} --outcome DONE --remark TEXT`")
    world.amana("police", "status", ended).ok().says("stopping", "to be erased", "to be confirmed by")
    world.amana("post", "ack", ended).ok()
    for message in (alert, newer):
        assert not erased(world, "post", message)
    world.amana("post", "confirm", ended, "--outcome", "DONE", "--remark", "The patrol's sheet is shredded.", "--yes").ok().says(
        "2 messages of this store were erased")
    for message in (alert, newer):
        assert erased(world, "post", message)
        world.amana("post", "show", message).ok().says("erased here", ended)
    world.amana("post", "inbox").ok().says("(erased)", "confirmed DONE")
    world.amana("ke-protection", "confirm", ended, "--outcome", "NOT_HELD").ok()
    world.amana("et-protection", "confirm", ended, "--outcome", "RETAINED_BY_LAW", "--provision", "Proclamation 943, art. 6",
                "--kept-until", w.FAR).ok()
    assert not erased(world, "et-protection", alert)
    world.amana("police", "inbox").ok().says("The patrol's sheet is shredded.")
    world.amana("police", "status", ended).ok().says("stopped by eics-1207", "erasure confirmed by eics-1207",
                                                     "erasure confirmed by kdcs-0033", "erasure confirmed by emow-0101")
    sound(world)
    world.amana("police", "status", ended).ok().says("erasure confirmed by kdcs-0033")
    world.amana("post", "confirm", ended, "--outcome", "DONE", "--remark", "x").exits(77).says("CONFIRMED", "nothing moves it any more")


def test_what_has_content_erased_at_all_who_have_it_says_so_and_asks_first(world, alert):
    """One wrong code would else destroy it everywhere, for good."""
    sent = len(world.entries("SUBMITTED"))
    words = ("cancel", alert, "--outcome", "SENT_IN_ERROR", "--reason", "Another lorry was meant.", "--instructions", "Let it pass.")
    world.amana("police", *words, stdin="n\n").exits(75).says(
        f"ALERT {alert[:13]}: destroyed by all who have it, for good", "must erase and confirm within 7 days  et/ics/moyale",
        "must erase and confirm within 7 days  ke/dcs/child-protection", "End it, and have it erased?", "nothing was sent")
    world.amana("police", *words).exits(64).says("nobody is there to answer; --yes says so")
    said = world.amana("police", "--json", *words, stdin="n\n").exits(75).says("End it, and have it erased?")
    assert said.out == "" and len(world.entries("SUBMITTED")) == sent
    wrong = world.amana("police", *words[:-2], stdin="y\n").exits(65).says("cancel.instructions")
    assert "End it" not in wrong.err  # what can't be sent isn't asked about
    ended = world.amana("police", *words, stdin="y\n").ok().id
    world.amana("post", "inbox").ok()
    words = ("confirm", ended, "--outcome", "DONE", "--remark", "Shredded.")
    world.amana("post", *words, stdin="n\n").exits(75).says("1 message of this store: erased, for good", "Erase here, and confirm?", "nothing was erased or sent")
    assert not erased(world, "post", alert)
    world.amana("post", *words, stdin="y\n").ok().says("1 message of this store was erased")
    assert erased(world, "post", alert)


def test_what_has_nothing_erased_asks_nothing(world, alert):
    assert "?" not in world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "Found.").ok().err


def test_the_acknowledgement_and_the_confirmation_of_a_cancel_move_two_lives(world, alert):
    ended = cancel(world, alert, "COURT_ORDER")
    world.amana("post", "confirm", ended, "--outcome", "DONE", "--remark", "Gone.", "--yes").ok()
    world.amana("police", "inbox").ok()
    world.amana("police", "status", ended).ok().says("stopping", "erasure confirmed by eics-1207")
    world.amana("post", "ack", ended).ok()
    world.amana("police", "status", ended).ok().says("stopped by eics-1207")


def test_a_cancel_that_asks_for_no_erasure_is_not_confirmed(world, alert):
    ended = cancel(world, alert, "RESOLVED")
    world.amana("post", "confirm", ended, "--outcome", "DONE", "--remark", "x").exits(65).says("asks for no CONFIRM")
    assert not erased(world, "post", alert)
    world.amana("ke-protection", "confirm", ended, "--outcome", "NOT_HELD").exits(65)


def test_who_never_had_it_confirms_nothing(world, alert):
    ended = cancel(world, alert)
    world.amana("police", "confirm", ended, "--outcome", "DONE", "--remark", "x").exits(65).says("is for who received it")


def test_done_needs_a_word_of_what_was_done_and_erases_nothing_before(world, alert):
    ended = cancel(world, alert)
    world.amana("post", "confirm", ended, "--outcome", "DONE").exits(65).says("confirm.remark")
    assert not erased(world, "post", alert)


def test_who_withdraws_consent_has_the_referral_erased_everywhere(world):
    body = json.loads(world.path(world.example("referral")).read_text())["referral"]
    body["summary"] = "A girl of about twelve, found at the barrier; asks for shelter."
    del body["persons"][0]["names"]
    offered = world.send("police", world.write("REFERRAL", body, recipients=[
        {"unit": "ke/dcs/child-protection", "part": "ACTION"}], purpose="PROTECTION", consent="GUARDIAN",
        flags={"child": True, "protection": "NO"}))
    world.amana("ke-protection", "inbox").ok()
    gone = world.amana("police", "withdraw", offered, "--outcome", "CONSENT_WITHDRAWN", "--reason", "She does not want it.",
                       "--withdrawn-at", "2026-11-27T10:00:00Z", "--yes").ok().id
    world.amana("police", "status", gone).ok().says("withdrawn", "to be erased")
    world.amana("ke-protection", "inbox").ok().says("to be erased")
    world.amana("ke-protection", "confirm", gone, "--outcome", "DONE", "--remark", "The file is closed.", "--yes").ok()
    assert erased(world, "ke-protection", offered)
    world.amana("police", "inbox").ok()
    world.amana("police", "status", gone).ok().says("erasure confirmed by kdcs-0033")
    sound(world)
