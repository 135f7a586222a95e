# SPDX-License-Identifier: Apache-2.0
"""One budget for connections, requests and answers: at each edge of it, and one past it; others are served."""
import contextlib
import os
import struct

import grpc
import pytest

import raw as r
import world as w
from h2 import DATA, END_STREAM, RST_STREAM, call, closed, connect, frame, heard, hold, shake
from test_pending import write_pending
from test_release_killed import Desks

Code = grpc.StatusCode
LARGE = (1 << 20) + (144 << 10)  # the longest message that a hub takes: 1.2 MB
POLICE = "amana://ke/dci/transnational/device/d1"


@pytest.fixture
def holder():
    """Makes connections that each hold so many messages but for their last byte."""
    with contextlib.ExitStack() as stack:
        def make(world, messages=2, desk="police"):
            tls = stack.enter_context(shake(world, connect(world), desk))
            for n in range(messages):
                if hold(tls, 2 * n + 1, LARGE) is None:
                    return None  # the hub has ended it
            return tls
        yield make


@pytest.fixture
def post(pb):
    """Asks the hub for its checkpoint over one connection that stays."""
    with contextlib.ExitStack() as stack:
        def make(world):
            raw = r.Raw(world, pb, "post", "et/ics/moyale")
            channel = stack.enter_context(raw.channel())
            return lambda: raw.call(channel, "Audit/Checkpoint", pb("audit").CheckpointRequest(), pb("audit").Checkpoint)
        yield make


def let_go(tls, messages=2):
    for n in range(messages):
        tls.sendall(frame(RST_STREAM, 0, 2 * n + 1, struct.pack(">I", 8)))
    assert heard(tls) is not None


def test_past_three_fifths_of_the_memory_nothing_new_is_taken_and_what_was_begun_goes_on(limited, holder, post):
    world = limited(memory='"32M"', identity_memory='"32M"', memory_seconds=600)
    ask = post(world)
    holding = [holder(world) for _ in range(8)]  # of 2.4 MB each: less than 20.1
    assert ask().size
    holding.append(holder(world))
    with pytest.raises(r.Refused) as refused:
        ask()
    refused.value.of(Code.RESOURCE_EXHAUSTED, "BUSY")
    assert closed(connect(world))
    world.hub.log.wait(r"^refused .*the hub is short of memory")
    holding[0].sendall(frame(DATA, END_STREAM, 1, b"\0"))  # a last byte: the message is judged
    world.hub.log.wait(rf"^answered identity={POLICE} call=/amana.v1.Relay/Send.*reason=(?!BUSY)")
    let_go(holding[1])
    assert ask().size
    world.hub.stop()  # which is an error where anything is still counted


def test_past_four_fifths_of_the_memory_the_connection_that_holds_most_ends_and_no_other(limited, holder, post):
    world = limited(memory='"32M"', identity_memory='"32M"', memory_seconds=600)
    ask = post(world)
    assert ask().size
    most = holder(world, 3)  # 3.6 MB
    holding = [holder(world) for _ in range(6)]  # 2.4 MB each
    more = [holder(world, 0) for _ in range(4)]  # connected while there is room for connections
    world_ended = [line for line in world.hub.log.all if line.startswith("ended")]
    assert not world_ended
    # Begun before three fifths are used, and filled after.
    for tls in more:
        call(tls, 1, "/amana.v1.Relay/Send", b"\0" + struct.pack(">I", LARGE), end=False)
        call(tls, 3, "/amana.v1.Relay/Send", b"\0" + struct.pack(">I", LARGE), end=False)
        assert heard(tls) is not None
    for tls in more:
        for stream in (1, 3):
            for at in range(0, LARGE - 1, 16384):
                tls.sendall(frame(DATA, 0, stream, bytes(min(16384, LARGE - 1 - at))))
        heard(tls)
    assert closed_by_now(most)
    line = world.hub.log.wait(r"^ended ")
    assert POLICE in line and "it holds most" in line
    assert all(heard(tls) is not None for tls in holding + more)
    assert len([line for line in world.hub.log.all if line.startswith("ended")]) == 1
    world.hub.stop()


def closed_by_now(tls):
    try:
        return heard(tls) is None
    except OSError:
        return True


def test_an_identity_past_its_share_of_the_memory_loses_the_connection_and_others_are_served(limited, holder, post):
    world = limited(memory='"64M"', identity_memory='"8M"')
    ask = post(world)
    first = [holder(world) for _ in range(3)]
    assert None not in first
    assert holder(world) is None
    world.hub.log.wait(rf"^ended .*identity={POLICE} .*its identity holds more than its share")
    assert all(heard(tls) is not None for tls in first)
    assert ask().size
    world.hub.stop()


def test_what_a_supervisor_is_shown_releases_or_sends_back_counts_in_the_share_of_its_desk(limited, empty_world, holder, post, pb):
    empty_world.supervisor()
    world = limited(memory='"64M"', identity_memory='"4M"')
    world.hub.log.wait(r"^roster unit=ke/dci/transnational number=2")
    desks = Desks(world, pb)
    plain = os.urandom(900 << 10)
    released, returned = (desks.begin(way, plain) for way in ("released", "sent back"))
    for waiting in (released, returned):
        desks.do(waiting, "Park")
    most = holder(world, 3, "chief")  # 3.6 MB
    assert most
    for ask in (lambda: desks.do(released, "Release"), lambda: desks.do(returned, "SendBack")):
        with pytest.raises(r.Refused) as refused:
            ask()
        refused.value.of(Code.RESOURCE_EXHAUSTED, "BUSY")
    with pytest.raises(grpc.RpcError) as unseen:
        desks.chief.waiting(released.id)
    assert unseen.value.code() == Code.RESOURCE_EXHAUSTED
    assert post(world)().size
    let_go(most, 3)
    assert desks.chief.waiting(released.id).header == released.message.header
    desks.do(released, "Release")
    desks.do(returned, "SendBack")
    desks.whole()
    world.hub.stop()  # which is an error where anything is still counted


def test_a_hub_that_stays_short_of_memory_ends_the_connection_that_holds_most(limited, holder, post):
    world = limited(memory='"32M"', identity_memory='"32M"', memory_seconds=1)
    ask = post(world)
    assert ask().size
    most = holder(world, 3)
    for _ in range(7):
        holder(world)
    world.hub.log.wait(rf"^ended .*identity={POLICE} .*it holds most")
    assert closed_by_now(most)
    assert ask().size
    world.hub.stop()


def test_replays_that_an_auditor_does_not_read_are_bounded_by_its_share(empty_world, limited, pb, post):
    write_pending(empty_world, pb, 5000, 1)
    world = limited(identity_memory='"4M"', memory='"64M"', replays=1000)
    world.hub.log.wait(r"^pending entries=5000")
    auditor = r.Raw(world, pb, "auditor", "igad/audit/desk")
    with contextlib.ExitStack() as stack:
        streams = []
        for _ in range(8):
            channel = stack.enter_context(auditor.channel())
            stub = channel.unary_stream("/amana.v1.Audit/Replay", request_serializer=lambda m: m.SerializeToString())
            streams += [stub(pb("audit").ReplayRequest(reason=f"slow reader {n}"), timeout=w.PATIENCE) for n in range(4)]
        for stream in streams:  # those that stand are read no further
            with contextlib.suppress(grpc.RpcError):
                stream.initial_metadata()
        world.hub.log.wait(r"^answered identity=amana://igad/audit/desk.*call=/amana.v1.Audit/Replay.*reason=BUSY")
        assert post(world)().size
        for stream in streams:
            stream.cancel()
    assert len(list(stub_of(stack, auditor, pb))) > 5000
    world.hub.stop()


def stub_of(stack, auditor, pb):
    channel = stack.enter_context(auditor.channel())
    return channel.unary_stream("/amana.v1.Audit/Replay", request_serializer=lambda m: m.SerializeToString())(
        pb("audit").ReplayRequest(reason="in peace"), timeout=w.PATIENCE)
