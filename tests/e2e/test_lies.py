# SPDX-License-Identifier: Apache-2.0
"""A hub that lies to a desk: each lie is noticed and named, and holds up nothing else."""
import re

import pytest

import world as w
from liar import Liar


def alarms(world, desk):
    """What is kept of each alarm."""
    folder = world.path(desk, "store", "alarms")
    return [p.read_text() for p in sorted(folder.iterdir())] if folder.exists() else []


def flipped(data):
    return bytes([data[0] ^ 1]) + data[1:]


def test_a_desk_hears_an_honest_hub_through_the_liar_that_says_nothing_false(world, pb):
    alert = world.send()
    with Liar(world, pb, "post") as liar:
        world.amana("post", "inbox", env=liar.env()).ok().says(alert[:13])
    assert not alarms(world, "post")


# --- Notices
def changed_notice(delivery):
    if delivery.WhichOneof("what") == "notice":
        delivery.notice.content = flipped(delivery.notice.content)
    return delivery


def test_a_false_notice_is_named_and_what_comes_after_it_is_taken(world, pb):
    alert = world.send()
    world.amana("post", "inbox").ok()
    ack = world.amana("post", "ack", alert, "--remark", "Patrol at the barrier.").ok().id
    with Liar(world, pb, "police", Relay_Receive=changed_notice) as liar:
        for _ in range(2):
            world.amana("police", "inbox", env=liar.env()).exits(1).says(ack[:13], "ALARM", "entry")
    assert alarms(world, "police")
    world.amana("police", "inbox").ok().says("has it", ack[:13])
