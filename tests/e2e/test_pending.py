# SPDX-License-Identifier: Apache-2.0
"""Readings of the time when the log could not append: in the log once each, however often the hub is killed over them."""
import os
import signal
import struct
import subprocess
import time

import pytest

import world as w

MANY = 5000  # more than the keeper's queue takes at once


def write_pending(world, pb, count, first_ns):
    """access.pending as a read-only hub leaves it."""
    audit = pb("audit")
    world.path("data", "hub").mkdir(exist_ok=True)
    with open(world.path("data", "hub", "access.pending"), "wb") as file:
        for n in range(count):
            content = audit.EntryContent(access=audit.AccessEntry(
                identity="amana://igad/audit/desk/device/d1", reason="why?", query="full from 0", tree_size=9,
                read_at=first_ns + n)).SerializeToString()
            file.write(struct.pack(">I", len(content)) + content)


def kept(world):
    """Times of the readings in the log that were kept in a file first."""
    return [int(e["access"]["read_at"]) for e in world.entries("ACCESS") if e["access"].get("read_at")]


def test_more_kept_readings_than_the_queue_takes_go_into_the_log_once_each_in_their_order(empty_world, pb):
    start = time.time_ns()
    write_pending(empty_world, pb, MANY, start)
    empty_world.start_hub()
    empty_world.amana("police", "status").ok()  # served meanwhile
    empty_world.hub.log.wait(rf"^pending entries={MANY} ")
    assert kept(empty_world) == [start + n for n in range(MANY)]
    assert not empty_world.path("data", "hub", "access.pending").exists()


@pytest.mark.parametrize("place", ["pending-took:300", "pending-before-unlink"])
def test_a_hub_that_is_killed_over_kept_readings_logs_none_of_them_twice(empty_world, pb, place):
    if not w.moves_time():
        pytest.skip("the build has no failpoints (-Dfailpoints=true)")
    start = time.time_ns()
    write_pending(empty_world, pb, 1000, start)
    killed = subprocess.run([w.AMANAD, "-c", "amanad.conf"], cwd=empty_world.folder, capture_output=True, text=True,
                            env={**os.environ, "AMANA_FAILPOINT": place}, timeout=w.PATIENCE)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert empty_world.path("data", "hub", "access.pending").exists()
    empty_world.start_hub()
    empty_world.hub.log.wait(r"^pending entries=1000 ")
    assert kept(empty_world) == [start + n for n in range(1000)]


def test_a_reading_that_was_kept_has_its_own_time_in_the_log(world):
    world.hub.stop()
    world.copy("data/journal", "older")
    world.start_hub()
    world.send()
    world.hub.stop()
    world.copy("data/journal", "newer")
    world.copy("older", "data/journal")
    world.start_hub().log.wait(r"^read-only ")
    before = time.time_ns()
    world.amana("auditor", "audit", "replay", "--reason", "why does it not append?").ok()
    after = time.time_ns()
    world.hub.stop()
    world.copy("newer", "data/journal")
    world.start_hub().log.wait(r"^pending ")
    [read_at] = kept(world)
    assert before < read_at < after
