# SPDX-License-Identifier: Apache-2.0
"""Rule 11: what is marked H2 is not passed on without its sender's permission."""
import pytest

TO_POST = [{"unit": "et/ics/moyale", "part": "ACTION"}]


@pytest.fixture
def marked(world):
    sent = world.send("police", world.write("NOTE", {"title": "The source", "text": "He drives at night."}, handling=["H2"], recipients=TO_POST))
    world.amana("post", "inbox").ok()
    return sent


def test_h2_content_goes_back_and_to_who_protects_and_nowhere_else(world, marked):
    world.amana("post", "show", marked).ok().says("not passed on without permission")
    world.amana("post", "note", marked, "--title", "t", "--text", "x").ok()
    world.amana("post", "note", marked, "--title", "t", "--text", "x", "--to", "et/mowsa/protection").ok()
    world.amana("post", "note", marked, "--title", "t", "--text", "x", "--to", "ke/registry/desk").exits(65).says(
        "is marked H2", "amana permit ask")


def test_a_permission_that_names_a_unit_opens_it_to_that_one(world, marked):
    asked = world.amana("post", "permit", "ask", marked, "--uses", "PASS_ON", "--parties", "ke/registry/desk",
                        "--reason", "The registry must know.").ok().id
    world.amana("police", "inbox").ok()
    world.amana("police", "permit", "grant", asked, "--granted-to", "ke/registry/desk").ok()
    world.amana("post", "inbox").ok()
    # Named, it is the hub's to say: a registry gets no mail.
    world.amana("post", "note", marked, "--title", "t", "--text", "x", "--to", "ke/registry/desk").exits(65, 77).says("not permitted")
