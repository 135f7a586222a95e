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


# --- The log
def other_time(item):
    """Another time in the leaf of entry 5: its content still fits."""
    if item.seq == 5:
        item.leaf = item.leaf[:9] + flipped(item.leaf[9:])
    return item


def test_a_false_leaf_is_named_by_its_entry(world, pb):
    world.send()
    with Liar(world, pb, "auditor", Audit_Replay=other_time) as liar:
        found = world.amana("auditor", "audit", "replay", "--reason", "a test", env=liar.env()).exits(1).says("FALSE")
    assert set(re.findall(r"entry (\d+):", found.out + found.err)) == {"5"}, found.out + found.err


def test_a_replay_that_follows_ends_at_the_first_checkpoint_that_its_entries_do_not_give(world, pb):
    world.send()
    with Liar(world, pb, "auditor", Audit_Replay=other_time) as liar:
        world.amana("auditor", "audit", "replay", "--reason", "a test", "--follow", env=liar.env()).exits(1).says(
            "FALSE", "not the root that it signed")
    assert alarms(world, "auditor")


# --- Receipts
def test_a_false_receipt_is_named_and_the_message_behind_it_goes_all_the_same(world, pb):
    world.send()  # so that it knows the rosters
    world.hub.stop()
    world.hub = None
    first, second = (world.amana("police", "send", str(w.ALERT)).exits(69).id for _ in range(2))
    world.start_hub()
    said = []

    def of_the_first(entry):
        said.append(1)
        if len(said) == 1:
            entry.content = flipped(entry.content)
        return entry
    with Liar(world, pb, "police", Relay_Send=of_the_first) as liar:
        world.amana("police", "sent", env=liar.env()).exits(1).says(
            "ALARM", f"{first[:13]} stays in the outbox", f"{second[:13]}: accepted")
    world.amana("police", "sent").ok().says(f"{first[:13]}: accepted")


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
