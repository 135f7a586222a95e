# SPDX-License-Identifier: Apache-2.0
"""The machine's clock jumps: what the hub believes, what it writes, and who sets it right."""
import time

import grpc
import pytest

import raw as r
import world as w

HOUR = 3600
DO = "amanad confirm-clock"


@pytest.fixture
def clock(empty_world):
    return w.Clock(empty_world.folder)


def steps(world):
    return [int(entry["clock"]["step"]) / 1e9 for entry in world.entries("CLOCK")]


def refused(world, pb):
    """A message that the hub doesn't take."""
    police = r.Raw(world, pb)
    with police.channel() as channel, pytest.raises(r.Refused) as error:
        police.send(police.message(), channel)
    error.value.of(grpc.StatusCode.UNAVAILABLE, "READ_ONLY")


def test_a_clock_that_jumps_ahead_stops_the_log_until_it_is_confirmed(empty_world, clock, pb):
    world = empty_world
    hub = world.start_hub(clock=clock)
    world.send()
    clock.move(3 * HOUR)
    refused(world, pb)
    assert DO in hub.log.wait(r"^clock ahead_ms=\d+ ")
    world.amana("post", "status").ok()  # reading goes on, by the time before the jump
    world.amana("auditor", "audit", "replay", "--reason", "while in doubt").ok()
    assert world.path("data", "hub", "access.pending").exists()
    since = len(hub.log.all)
    confirmed = w.run(w.AMANAD, "confirm-clock", "-c", "amanad.conf", cwd=world.folder, env=clock.env).ok()
    confirmed.says("Confirmed: it is", "180 minutes ahead")
    hub.log.wait(r"^clock .*confirmed: the log goes on", since)
    hub.log.wait(r"^pending entries=1 ", since)
    w.run(w.AMANAD, "confirm-clock", "-c", "amanad.conf", cwd=world.folder, env=clock.env).ok().says("nothing to confirm")
    assert [round(step) for step in steps(world)] == [3 * HOUR]
    assert any(entry["access"]["reason"] == "while in doubt" and "read_at" in entry["access"] for entry in world.entries("ACCESS"))
    hub.stop()
    world.start_hub(clock=clock)  # the same boot, and what was confirmed
    assert len(steps(world)) == 1


def test_a_clock_that_is_set_right_goes_on_by_itself_and_leaves_no_time_of_the_future(empty_world, clock, pb):
    world = empty_world
    hub = world.start_hub(clock=clock)
    clock.move(48 * HOUR)
    refused(world, pb)
    clock.move(0)
    hub.log.wait(r"^clock .*it is back: the log goes on")
    world.send()
    assert steps(world) == []
    soon = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 60))
    assert all(entry["time"] < soon for entry in world.replay() if "time" in entry)


def test_a_restart_in_the_same_boot_does_not_make_a_jump_true(empty_world, clock, pb):
    world = empty_world
    world.start_hub(clock=clock).log.wait(r"^serving")
    world.send()
    world.hub.stop()
    clock.move(3 * HOUR)
    hub = world.start_hub(clock=clock)
    assert DO in hub.log.wait(r"^clock ahead_ms=\d+ ")
    hub.log.wait(r"^unlogged entry=START .*confirm the clock: it is tried every second")
    refused(world, pb)
    since = len(hub.log.all)
    w.run(w.AMANAD, "confirm-clock", "-c", "amanad.conf", cwd=world.folder, env=clock.env).ok()
    hub.log.wait(r"^clock .*confirmed", since)
    world.amana("auditor", "audit", "replay", "--reason", "a test").ok()
    starts = world.entries("START")
    assert len(starts) == 2 and starts[-1]["start"].get("clean")


def test_smaller_steps_and_steps_back_are_entries_and_reorder_nothing(empty_world, clock):
    world = empty_world
    hub = world.start_hub(clock=clock)
    clock.move(HOUR / 2)
    hub.log.wait(r"^clock step_ms=1[78]\d{5}$")
    clock.move(0)
    hub.log.wait(r"^clock step_ms=-1[78]\d{5}$")
    times = [entry["time"] for entry in world.replay() if "time" in entry]
    assert times == sorted(times)
    assert [round(step) for step in steps(world)] == [HOUR / 2, -HOUR / 2]


@pytest.mark.parametrize("text", [b"", b"\0" * 100, b"x" * 5000, b"0b2d1f6e-4c2b-4b6e-8f0e-1d2c3b4a5f60 99999999999999999999999\n"])
def test_a_clock_file_that_means_nothing_is_written_anew(empty_world, text):
    world = empty_world
    world.path("data", "hub").mkdir(exist_ok=True)
    world.path("data", "hub", "clock").write_bytes(text)
    world.start_hub()
    world.send()
    world.hub.stop()
    assert w.UUID  # the hub came up and took a message
