# SPDX-License-Identifier: Apache-2.0
"""A CONTACT: a call or a visit about a message, written down by either side."""


def test_a_call_is_written_down_and_its_other_side_reads_it(world):
    alert = world.send()
    call = world.amana("police", "called", alert, "--means", "PHONE", "--summary", "The duty desk at Moyale knows.",
                       "--spoken-to", "duty officer", "--telephone", "+251460000122").ok().id
    world.amana("post", "inbox").ok().says("CONTACT", "The duty desk at Moyale knows.")
    world.amana("post", "show", call).ok().says("TOLD", "duty officer")
    world.amana("police", "status", alert).ok().says("to be acknowledged by")


def test_a_recipient_writes_down_that_nobody_answered(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    call = world.amana("post", "called", alert, "--means", "RADIO", "--outcome", "NO_ANSWER", "--told-at",
                       "2026-11-24T12:40:00+03:00").ok().id
    world.amana("police", "inbox").ok().says(call[:13])
    world.amana("police", "show", call).ok().says("NO_ANSWER")


def test_how_it_was_told_must_be_said(world):
    alert = world.send()
    world.amana("police", "called", alert).exits(64).says("--means")
    world.amana("police", "called", alert, "--means", "PIGEON").exits(65).says("PHONE, RADIO, VISIT, OTHER")


def test_that_somebody_was_told_is_proved_once_both_sides_have_signed_it(world):
    alert = world.send()
    assert "told" not in world.amana("police", "status", alert).ok().out
    world.amana("police", "called", alert, "--means", "VISIT", "--summary", "They know.", "--spoken-to", "duty desk").ok()
    alone = "told: by ke/dci/transnational alone, proved once et/ics/moyale writes it down too"
    world.amana("police", "status", alert).ok().says(alone)
    world.amana("post", "inbox").ok()
    for desk, *words in (("post", "show", alert), ("police", "case", "ke/dci/2026/004211")):
        world.amana(desk, *words).ok().says(alone)
    world.amana("post", "called", alert, "--means", "VISIT", "--summary", "Told by Nairobi.", "--spoken-to", "duty desk").ok()
    world.amana("police", "inbox").ok()
    for desk, *words in (("police", "status", alert), ("post", "show", alert), ("police", "case", "ke/dci/2026/004211")):
        world.amana(desk, *words).ok().says("told: signed by both sides")
    row = world.amana("police", "--json", "status", alert).ok().json[0]["state"]["recipients"][0]
    assert row["told"] == "both"


def test_that_nobody_answered_tells_nobody(world):
    alert = world.send()
    world.amana("police", "called", alert, "--means", "RADIO", "--outcome", "NO_ANSWER").ok()
    assert "told:" not in world.amana("police", "status", alert).ok().out


def test_an_acknowledgement_says_too_that_its_unit_was_told_and_proves_it_with_the_word_of_the_other_side(world):
    alert = world.alert_at("post")
    called = "2026-11-24T12:40:00+03:00"
    ack = world.amana("post", "ack", alert, "--means", "PHONE", "--told-at", called).ok().id
    world.amana("police", "inbox").ok()
    world.amana("police", "show", ack).ok().says("means           phone · 2026-11-24 09:40:00")
    alone = "told: by et/ics/moyale alone, proved once ke/dci/transnational writes it down too"
    looks = (("police", "status", alert), ("post", "show", alert), ("police", "show", alert), ("police", "case", "ke/dci/2026/004211"))
    for desk, *words in looks:
        said = world.amana(desk, *words).ok().says(alone)
        assert "signed by both sides" not in said.out, said.out
    world.amana("police", "called", alert, "--means", "PHONE", "--told-at", called, "--summary", "They know.", "--spoken-to", "duty desk",
                "--telephone", "+251460000122").ok()
    world.amana("post", "inbox").ok()
    for desk, *words in looks:
        world.amana(desk, *words).ok().says("told: signed by both sides")


def test_an_acknowledgement_that_says_no_call_tells_nothing_of_one_and_one_without_a_time_was_told_now(world):
    alert = world.alert_at("post")
    world.amana("post", "ack", alert).ok()
    world.amana("police", "called", alert, "--means", "RADIO", "--summary", "They know.", "--spoken-to", "duty desk").ok()
    world.amana("police", "status", alert).ok().says("told: by ke/dci/transnational alone")
    world.amana("post", "ack", alert, "--again", "--told-at", "2026-11-24T12:40:00+03:00").exits(65).says("--means", "told_at and means go together")
    world.amana("post", "ack", alert, "--again", "--means", "RADIO").ok()
    world.amana("police", "inbox").ok()
    world.amana("police", "status", alert).ok().says("told: signed by both sides")


def test_a_call_to_one_of_those_who_have_it_tells_that_one_alone(world):
    alert = world.send()
    world.amana("police", "called", alert, "--means", "PHONE", "--summary", "They know.", "--spoken-to", "duty desk", "--telephone",
                "+251460000122", "--to", "et/ics/moyale").ok()
    rows = world.amana("police", "--json", "status", alert).ok().json[0]["state"]["recipients"]
    assert {row["unit"]: row.get("told") for row in rows} == {
        "et/ics/moyale": "sender", "ke/dcs/child-protection": None, "et/mowsa/protection": None}


def test_who_reads_along_what_was_told_to_another_was_not_told(world):
    """The protection desk that has a copy would be taken to know by telephone, and nobody would ring it up."""
    alert = world.send()
    call = world.amana("police", "called", alert, "--means", "PHONE", "--summary", "They know.", "--spoken-to", "duty desk", "--telephone",
                       "+251460000122").ok().says("copy      ke/dcs/child-protection").id
    rows = world.amana("police", "--json", "status", alert).ok().json[0]["state"]["recipients"]
    assert {row["unit"]: row.get("told") for row in rows} == {
        "et/ics/moyale": "sender", "ke/dcs/child-protection": None, "et/mowsa/protection": None}
    world.amana("ke-protection", "inbox").ok().says(call[:13])
    assert "told: by" not in world.amana("ke-protection", "show", alert).ok().says("ke/dcs/child-protection").out.split("ke/dcs/child-protection")[1]


def test_a_call_says_which_of_several_it_told(world):
    """One call reaches one desk: the others would be taken to know."""
    both = [{"unit": "et/ics/moyale", "part": "ACTION"}, {"unit": "ke/dcs/child-protection", "part": "ACTION"}, {"unit": "et/mowsa/protection", "part": "COPY"}]
    sent = world.amana("police", "send", world.draft(recipients=both)).ok()
    assert f"amana called {sent.id[:13]} --to UNIT --means PHONE" in sent.out
    call = ("called", sent.id, "--means", "VISIT", "--summary", "They know.", "--spoken-to", "duty desk")
    world.amana("police", *call).exits(64).says("--to: which of these was told? et/ics/moyale, ke/dcs/child-protection")
    world.amana("police", *call, "--to", "et/ics/moyale").ok()
    rows = world.amana("police", "--json", "status", sent.id).ok().json[0]["state"]["recipients"]
    assert {row["unit"]: row.get("told") for row in rows} == {
        "et/ics/moyale": "sender", "ke/dcs/child-protection": None, "et/mowsa/protection": None}
    world.amana("ke-protection", "inbox").ok()
    world.amana("ke-protection", *call).ok()  # who received it has one other side
