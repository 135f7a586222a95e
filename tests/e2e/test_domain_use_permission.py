# SPDX-License-Identifier: Apache-2.0
"""A USE_PERMISSION: may a message be used beyond its marking? Asked of its sender, who decides."""
import pytest


@pytest.fixture
def asked(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    asked = world.amana("post", "permit", "ask", alert, "--uses", "IN_COURT", "--reason", "The driver is tried.",
                        "--court", "Federal High Court").ok().says("must ack", "ke/dci/transnational").id
    world.amana("police", "inbox").ok().says("The driver is tried.", f"to be acknowledged: `amana ack {asked[:13]}`")
    return asked


def test_a_permission_is_asked_taken_on_and_granted(world, asked):
    world.amana("police", "ack", asked).ok()
    world.amana("post", "status", asked).ok().says("acknowledged by kdci-0417", "to be answered by")
    grant = world.amana("police", "permit", "grant", asked, "--conditions", "Without the source.").ok().id
    world.amana("post", "inbox").ok().says(grant[:13])
    world.amana("post", "show", grant).ok().says("GRANTED", "Without the source.")
    world.amana("post", "status", asked).ok().says("granted by kdci-0417")
    world.amana("police", "inbox").ok().says("granted by kdci-0417")


def test_a_permission_is_denied_and_that_is_its_end(world, asked):
    world.amana("police", "permit", "deny", asked, "--reason", "The source would be known.").ok()
    world.amana("post", "status", asked).ok().says("denied by kdci-0417")
    world.amana("police", "permit", "grant", asked).exits(77).says("DENIED", "nothing moves it any more")


def test_a_question_that_was_withdrawn_is_not_decided_any_more(world, asked):
    world.amana("post", "withdraw", asked, "--reason", "He confessed.").ok()
    world.amana("post", "status", asked).ok().says("withdrawn")
    world.amana("police", "permit", "grant", asked).exits(77).says("WITHDRAWN")


def test_a_decision_that_is_for_another_kind_is_refused(world, asked):
    world.amana("police", "accept", asked, "--contact", "Desk").exits(65).says("answers: REFERRAL.")
    world.amana("police", "uphold", asked).exits(65).says("answers: CONTEST.")
