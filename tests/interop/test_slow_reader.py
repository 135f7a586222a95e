# SPDX-License-Identifier: Apache-2.0
"""A replay of a long log to a reader who takes his time: Debian's python3-grpcio, a real hub, 1e5 entries."""
import pathlib

import grpc
import pytest

from conftest import ended, made_world
from test_grpcio import Client, tree_root
from test_pending import write_pending

ENTRIES = 100000
HELD = 16 << 20  # bytes that the hub may hold for a reader that stands still: far less than the log


@pytest.fixture(scope="module")
def live(tmp_path_factory, messages):
    """A hub whose log has that many entries: readings that were kept in a file."""
    world = made_world(tmp_path_factory)
    write_pending(world, lambda name: getattr(messages, name), ENTRIES, 1)
    world.start_hub()
    world.hub.log.wait(rf"^pending entries={ENTRIES} ")
    yield world
    ended(world)


def anonymous(process):
    """Bytes of memory of the hub's own: mapped pages of its journal are none."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("RssAnon"))


def sanitized(process):
    return "libasan" in pathlib.Path(f"/proc/{process.pid}/maps").read_text()


def test_a_slow_reader_gets_all_of_a_hundred_thousand_entries_once_in_order_and_costs_the_hub_little(live, messages):
    auditor, hub = Client(live, messages, "auditor"), live.hub.process
    before, most, leaves = anonymous(hub), 0, []
    stream = auditor.call("Replay", reason="in his own time", timeout=300)
    for item in stream:
        assert item.seq == len(leaves)
        leaves.append(item.leaf)
        if len(leaves) == 1:
            checkpoint = item.checkpoint
        if len(leaves) % 10000 == 1:  # the stream stands meanwhile, its window full; the connection goes on
            for _ in range(20):
                assert auditor.call("Checkpoint").size >= checkpoint.size
            most = max(most, anonymous(hub))
    assert stream.code() == grpc.StatusCode.OK
    assert len(leaves) == checkpoint.size > ENTRIES
    assert tree_root(leaves) == checkpoint.root
    print(f"{len(leaves)} entries; RssAnon {before >> 10} KiB before, {most >> 10} KiB at most while the reader stood still")
    assert sanitized(hub) or most - before < HELD  # what a sanitizer keeps back is no measure
    auditor.channel.close()
