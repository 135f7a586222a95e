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
