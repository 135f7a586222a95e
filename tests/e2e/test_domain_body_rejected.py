# SPDX-License-Identifier: Apache-2.0
"""A BODY_REJECTED tells the sender that a body can't be read; it goes with the officer's next message."""
import raw


def test_what_can_t_be_read_is_rejected_once_with_the_officer_s_next_message(world, pb):
    foreign = raw.Raw(world, pb)
    foreign.send(foreign.message())
    world.amana("post", "inbox").ok().says("kept, not shown")
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", alert).ok().says("could not be read (COMMITMENT)")
    world.amana("police", "inbox").ok().says("BODY_REJECTED", "the text is not the one that the header commits to")
    again = world.amana("post", "note", alert, "--title", "One more", "--text", "Word.").ok()
    assert "could not be read" not in again.out + again.err
    rejected = [e for e in world.amana("post", "sent").ok().out.splitlines() if "BODY_REJECTED" in e]
    assert len(rejected) == 1


def test_the_unread_mail_of_a_closed_unit_goes_back_and_is_sealed_anew_to_its_successor(world):
    read = world.send()
    world.amana("post", "inbox").ok()
    unread = world.amana("police", "send", world.draft(case_ref="ke/dci/2026/004444")).ok().id
    world.amana("et-registry", "admin", "member", "add", "et/ics/moyale", "--successor", "et/mowsa/protection").ok()
    world.amana("post", "inbox").ok().says("this unit is closed; its successor is et/mowsa/protection",
                                           f"{unread[:13]} could not be read (CANNOT_OPEN)")
    assert [e["in_reply_to"]["id"] for e in (line["header"] for line in world.amana("post", "--json", "sent").ok().json)
            if e["kind"] == "BODY_REJECTED"] == [unread]
    world.amana("police", "inbox").ok().says(f"seal it anew: `amana send --anew {unread[:13]}`", "successor is et/mowsa")
    world.amana("police", "send", "--anew", unread[:13]).ok().says(f"{unread[:13]} goes to et/mowsa/protection once more")
    shown = world.amana("et-protection", "--json", "inbox").ok().json
    again = next(line for line in shown if line["header"].get("references"))
    assert again["header"]["references"][0]["id"] == unread and again["body"]["alert"]["vehicles"]
    assert {r["unit"] for r in again["header"]["recipients"]} == {"et/mowsa/protection", "ke/dcs/child-protection"}
    world.amana("police", "send", "--anew", read).exits(66).says("nobody has said that it can't be opened")
