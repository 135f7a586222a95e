# SPDX-License-Identifier: Apache-2.0
"""References in a draft: the beginning of an id is enough, and nobody types a digest."""
import pytest


@pytest.fixture(scope="module")
def world(file_world):
    file_world.start_hub()
    return file_world


def note(world, *references, name="note.json"):
    return world.write("NOTE", {"title": "The driver", "text": "Both belong together."}, name=name, case_ref="ke/dci/2026/004211",
                       references=list(references))


def test_the_beginning_of_an_id_is_enough_and_the_digest_is_filled_in(world):
    alert = world.send()
    shown = world.amana("police", "--json", "show", alert).ok().json[0]
    sent = world.send(draft=note(world, {"id": alert[:14]}))
    reference, = world.amana("police", "--json", "show", sent).ok().json[0]["header"]["references"]
    assert reference["id"] == alert and shown["header"]["id"] == alert
    world.amana("post", "inbox").ok()
    world.path("more.json").write_text('{"references": [{"id": "%s"}], "note": {"title": "Too", "text": "As that one."}}' % sent[:14])
    answer = world.amana("post", "note", alert, "more.json", "--title", "Too").ok().id
    assert world.amana("post", "--json", "show", answer).ok().json[0]["header"]["references"][0]["id"] == sent


def test_one_that_is_not_here_or_could_be_two_is_named_with_its_line(world):
    world.amana("police", "send", note(world, {"id": "ffff"})).exits(65).says("references[0].id: line ", "no message here has an id that begins so")
    world.amana("police", "send", note(world, {"id": "0"})).exits(65).says("references[0].id: line ", "write more of it")
    world.amana("police", "send", note(world, {"id": "0", "header_digest": "AAAA"})).exits(65).says("references[0].id", "header_digest must be left out")


def test_no_template_asks_for_a_digest(world):
    for kind in ("alert", "request", "referral", "note"):
        template = world.amana("police", "new", kind, "--to", "et/ics/moyale").ok().says("or a beginning of it").out
        assert "digest" not in template.split('"references"')[1], template
