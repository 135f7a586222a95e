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
    """Saves from a permission that was given and opens nothing, and from one that opens more than it names."""
    for name in ("gambela", "dewele"):
        unit = f"et/ics/{name}"
        world.supervisor(name, unit, "eics-2001", with_=None)
        world.amana("et-registry", "admin", "member", "add", unit, "--role", "unit").ok()
        world.amana("et-registry", "admin", "roster", "add", f"rosters/et.ics.{name}.roster").ok()
    onward = ("note", marked, "--title", "t", "--text", "x", "--to")
    world.amana("post", *onward, "et/ics/gambela").exits(65).says("is marked H2")
    asked = world.amana("post", "permit", "ask", marked, "--uses", "PASS_ON", "--parties", "et/ics/gambela",
                        "--reason", "The next barrier must know.").ok().id
    world.amana("police", "inbox").ok()
    world.amana("police", "permit", "grant", asked, "--granted-to", "et/ics/gambela").ok()
    world.amana("post", "inbox").ok()
    passed = world.amana("post", *onward, "et/ics/gambela").ok().id
    world.amana("gambela", "inbox").ok().says(passed[:13])
    world.amana("post", *onward, "et/ics/dewele").exits(65).says("is marked H2")


def test_within_the_reader_s_agency_it_goes_to_those_alone_that_policy_names(empty_world):
    world = empty_world
    world.path("policy.conf").write_text('h2-also-to = {"ke/dci/*"}\n')
    conf = world.path("amanad.conf")
    conf.write_text('policy = "policy.conf"\n' + conf.read_text())
    world.start_hub()
    note = world.write("NOTE", {"title": "The source", "text": "He drives at night."}, handling=["H2"], recipients=TO_POST)
    marked = world.send("police", note)
    world.amana("post", "inbox").ok()
    to = ("note", marked, "--title", "t", "--text", "x", "--to", "et/ics/gambela")
    world.amana("post", *to).exits(65).says("is marked H2", "to those that policy names", "leave et/ics/gambela out")
    trial = ("admin", "policy", "try", "--as", "et/ics/moyale", "--kind", "NOTE", "--to")
    world.amana("et-registry", *trial, "et/mowsa/protection").says("H2", "only with a DECISION of its sender")
    world.path("policy.conf").write_text('h2-also-to = {"et/ics/*"}\n')
    world.hub.reload()
    named = world.amana("post", *to).exits(65, 69, 77)  # no such member: but not for its marking
    assert "H2" not in named.err, named.err
