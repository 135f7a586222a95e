# SPDX-License-Identifier: Apache-2.0
"""An ERASURE: the hub destroys the body, all who have it erase and confirm, and the log says so without breaking."""
import pytest

WHY = ("--ground", "UNLAWFUL", "--reason", "It should never have been held.", "--yes")


@pytest.fixture(scope="module")
def world(file_world):
    file_world.start_hub()
    return file_world


@pytest.fixture
def alert(world):
    return world.alert_at("post")


def test_an_erasure_reaches_the_hub_and_every_holder_and_the_log_holds(world, alert):
    newer = world.amana("police", "update", alert, world.draft(kind="UPDATE", alert__title="A grey lorry")).ok().id
    world.amana("post", "inbox").ok()
    erasure = world.amana("police", "erase", newer, *WHY).ok().id
    for message in (alert, newer):
        assert world.body("police", message) is None, "the sender's own copy goes"
        assert world.body("post", message) is not None, "a holder erases with its word"
    world.amana("police", "show", alert).ok().says("erased here", erasure)
    world.amana("post", "inbox").ok().says("ERASURE", "to be confirmed")
    world.amana("post", "confirm", erasure, "--outcome", "DONE", "--remark", "Gone.", "--yes").ok().says("2 messages of this store were erased")
    assert world.body("post", alert) is None and world.body("post", newer) is None
    world.amana("post", "show", newer, "--export", "parts").ok().says("body.cms is left out")
    assert not world.path("parts", "body.cms").exists() and world.path("parts", "header.bin").exists()
    world.amana("post", "export", "cap", newer).exits(66).says("erased")
    world.amana("post", "search", "Isuzu").exits(66).says("2 messages were erased here", "only the envelope was looked through")
    world.amana("post", "search", "ke/dci/2026/004211", "alert").ok().says(alert[:8], "(erased)", ", erased here 20")
    # Who had not fetched it gets the envelope, and the log's word that the rest is gone.
    world.amana("et-protection", "inbox").ok().says("(erased)")
    line = world.amana("et-protection", "--json", "show", alert).ok().json[0]
    assert line["body"] is None and line["erased"]["by"] == erasure
    world.amana("et-protection", "confirm", erasure, "--outcome", "NOT_HELD").ok()
    world.amana("police", "inbox").ok()
    world.amana("police", "status", erasure).ok().says("confirmed by eics-1207", "confirmed by emow-0101", "of 3: 0 to acknowledge, 1 to answer, 2 done")
    # The receipt is the original one, and the log holds.
    world.amana("police", "receipt", alert).ok().says("erased")
    entries = [e["content"]["erased"] for e in world.replay() if e.get("kind") == "ERASED"]
    entry, *words = [e for e in entries if e["by"]["id"] == erasure]
    assert len(entry["bodies"]) == 2
    assert [(e["unit"], e["outcome"]) for e in words] == [("et/ics/moyale", "DONE"), ("et/mowsa/protection", "NOT_HELD")]
    world.amana("auditor", "audit", "replay", "--reason", "a test", "--message", erasure).ok().says(f"NOT_HELD to {erasure[:13]} by")
    world.amana("auditor", "audit", "replay", "--reason", "a test", "--message", alert).ok().says("ERASED", "destroyed on the word of")
    world.amana("auditor", "audit", "prove", alert, "--reason", "a test", "-o", "proofs").ok()
    assert len(list(world.path("proofs").glob("*.tlog-proof"))) >= 2
    # It survives a restart, and fsck knows.
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()
    world.start_hub()
    world.amana("ke-protection", "inbox").ok().says("(erased)")
    assert world.body("police", alert) is None


def test_nobody_but_the_sender_erases_a_message(world, alert):
    world.amana("post", "erase", alert, *WHY).exits(65).says("is for its sender")
    world.amana("ke-protection", "inbox").ok()  # of the sender's country: it may be the office that erases, and the hub knows
    world.amana("ke-protection", "erase", alert, *WHY).exits(77)
    for desk in ("post", "ke-protection", "police"):
        assert world.body(desk, alert) is not None


def test_an_erasure_is_asked_about_first_and_says_what_it_would_do(world, alert):
    said = world.amana("police", "erase", alert, "--ground", "UNLAWFUL", "--dry-run").ok().says("for good", "et/ics/moyale", "ke/dcs/child-protection")
    assert "accepted" not in said.out
    world.amana("police", "erase", alert, "--ground", "UNLAWFUL", stdin="n\n").exits(75).says("nothing was erased")
    assert world.body("police", alert) is not None
    world.amana("police", "erase", alert, "--ground", "COURT_ORDER", "--yes").exits(65).says("erasure.provision")
    world.amana("police", "erase", alert, "--ground", "UNLAWFUL", stdin="y\n").ok()
    assert world.body("police", alert) is None


def test_a_message_that_was_erased_is_answered_no_more(world, alert):
    world.amana("police", "erase", alert, *WHY).ok()
    erasure = next(line["header"]["id"] for line in world.amana("post", "--json", "inbox").ok().json
                   if line["header"]["kind"] == "ERASURE" and line["header"]["in_reply_to"]["id"] == alert)
    world.amana("post", "confirm", erasure, "--outcome", "DONE", "--remark", "Gone.", "--yes").ok()
    world.amana("post", "hit", alert, "--summary", "x", "--certainty", "CERTAIN", "--place", "x", "--done", "STOP_AND_SEARCH").exits(66).says("erased")
