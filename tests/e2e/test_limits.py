# SPDX-License-Identifier: Apache-2.0
"""Each limit of a hub at its edge: what is at it passes, what is one past it is refused, and others are served."""
import contextlib
import re
import struct

import grpc
import pytest

import raw as r
import world as w
from h2 import (ACK, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS, call, closed, connect, frame,
                frames, header_block, heard, hold, shake)
from test_pending import write_pending

Code = grpc.StatusCode


def served(world):
    world.amana("post", "status").ok()


# --- Handshakes
def test_a_handshake_that_takes_too_long_is_ended_and_one_in_time_is_not(limited):
    world = limited(handshake_seconds=1)
    served(world)
    with connect(world) as plain:
        assert closed(plain)
    world.hub.log.wait(r"^refused .*no handshake within 1 s")


def test_a_handshake_past_those_that_may_be_open_takes_the_place_of_the_oldest_that_stands_still(limited):
    world = limited(handshakes_open=4, handshake_seconds=600)
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connect(world)) for _ in range(4)]
        assert not [line for line in world.hub.log.all if line.startswith("refused")]
        served(world)
        assert closed(silent[0])
        assert len([line for line in world.hub.log.all if "stands still" in line]) == 1
        with shake(world, silent[1]) as tls:  # who was there and goes on is let in
            assert next(frames(tls))[0] == 4


def test_no_address_has_more_handshakes_open_than_its_share(limited):
    world = limited(handshakes_per_address=3, handshakes_open=8, handshake_seconds=600)
    with contextlib.ExitStack() as stack:
        many = [stack.enter_context(connect(world, "127.0.0.2")) for _ in range(3)]
        assert not [line for line in world.hub.log.all if line.startswith("refused")]
        for _ in range(6):
            with connect(world, "127.0.0.2") as more:
                assert closed(more) or closed(many.pop(0))
        world.hub.log.wait(r"^refused peer=127.0.0.2.*(3 handshakes of this address are open|stands still)")
        served(world)


# --- Connections
def test_a_connection_past_those_that_may_be_open_is_closed(limited):
    world = limited(connections=3)
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            tls = stack.enter_context(shake(world, connect(world)))
            assert next(frames(tls))[0] == 4
        assert closed(stack.enter_context(connect(world)))
        world.hub.log.wait(r"^refused .*3 connections are open")
    world.hub.log.wait(r"^connected ")


def test_an_identity_past_its_connections_is_told_to_go_and_others_are_let_in(limited):
    world = limited(connections_per_identity=2)
    with contextlib.ExitStack() as stack:
        first = [stack.enter_context(shake(world, connect(world))) for _ in range(2)]
        for tls in first:
            assert next(frames(tls))[0] == 4
        third = stack.enter_context(shake(world, connect(world)))
        assert 7 in [kind for kind, *_ in frames(third)]  # GOAWAY, and closed
        world.hub.log.wait(r"^refused .*2 connections of it are open")
        served(world)
        first[0].close()
        with shake(world, connect(world)) as tls:
            kinds = [next(frames(tls))[0]]
        assert kinds == [4]


# --- Calls
def test_a_stream_past_those_of_a_connection_is_refused_and_those_at_the_limit_are_served(limited):
    world = limited(streams=5)
    with shake(world, connect(world)) as tls:
        for n in range(6):
            tls.sendall(frame(1, 0x4, 2 * n + 1, header_block("/amana.v1.Audit/Checkpoint")))
        refused = next((stream, payload) for kind, _, stream, payload in frames(tls) if kind == 3)
        assert refused == (11, struct.pack(">I", 7))  # REFUSED_STREAM: nothing was done
        for n in range(5):
            tls.sendall(frame(0, 0x1, 2 * n + 1, bytes(5)))
        ended = set()
        for kind, flags, stream, _ in frames(tls):
            if kind == 1 and flags & 1:
                ended.add(stream)
            if len(ended) == 5:
                break
        assert ended == {1, 3, 5, 7, 9}


def test_a_header_list_past_its_limit_is_refused_and_one_at_it_is_not(limited):
    world = limited(header_list='"4K"')
    with shake(world, connect(world)) as tls:
        base = {":method": "POST", ":scheme": "https", ":path": "/amana.v1.Audit/Checkpoint", ":authority": "hub",
                "te": "trailers", "content-type": "application/grpc"}
        room = 4096 - sum(len(n) + len(v) + 32 for n, v in base.items()) - 32 - len("x")
        answered = []
        for n, size in enumerate((room, room + 1)):
            tls.sendall(frame(1, 0x4, 2 * n + 1, header_block(base[":path"], x="y" * size)) + frame(0, 1, 2 * n + 1, bytes(5)))
            kinds = []
            for kind, flags, _, _ in frames(tls):
                kinds.append(kind)
                if kind == 1 and flags & 1:
                    break
            answered.append(0 in kinds)  # with DATA; a refusal has none
        assert answered == [True, False]


# --- Refusals in the log
def told(world, what):
    """Lines about such refusals, and how many refusals they stand for."""
    lines = [line for line in world.hub.log.all if line.startswith("answered ") and what in line]
    untold = [re.search(r"untold=(\d+)", line) for line in lines]
    return len(lines), sum(int(found.group(1)) for found in untold if found) + sum("identity=" in line for line in lines)


def test_refused_calls_are_told_once_a_second_and_all_are_counted(limited, pb):
    world = limited(streams=1000)
    police = r.Raw(world, pb)
    with police.channel() as channel:
        calls = [channel.unary_unary("/amana.v1.Relay/Nothing").future(b"", timeout=w.PATIENCE) for _ in range(500)]
        assert {call.code() for call in calls} == {Code.UNIMPLEMENTED}
    world.hub.stop()
    lines, refusals = told(world, "reason=METHOD_UNKNOWN")
    assert refusals == 500 and lines < 50


def test_refused_handshakes_are_told_once_a_second_of_each_kind_and_all_are_counted(limited):
    world = limited(handshakes_per_address=1000)
    for _ in range(60):
        assert r.handshake(world)  # shows no certificate
    strangers = [connect(world) for _ in range(30)]
    for plain in strangers:
        with plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while plain.recv(4096):
                pass
    world.hub.stop()
    for what, count in ("no certificate|certificate is not acceptable", 60), ("plain HTTP|broke the protocol", 30):
        lines = [line for line in world.hub.log.all if re.match(rf"refused .*reason=\".*({what})", line)]
        untold = sum(int(found.group(1)) for line in lines if (found := re.search(r"untold=(\d+)", line)))
        assert untold + sum("peer=" in line for line in lines) == count and len(lines) < 20


def test_a_path_that_nobody_knows_costs_as_much_as_a_call(limited, pb):
    world = limited(requests_per_second=5)
    with r.Raw(world, pb).channel() as channel:
        stub = channel.unary_unary("/amana.v1.Relay/Nothing")
        codes = [stub.future(b"", timeout=w.PATIENCE).code() for _ in range(40)]
    assert codes[:5] == [Code.UNIMPLEMENTED] * 5 and Code.RESOURCE_EXHAUSTED in codes


REFUSED = {
    "a page": (header_block("/", **{":method": "GET"}), b"", "http=404"),
    "another type": (header_block("/amana.v1.Audit/Checkpoint", **{"content-type": "text/plain"}), bytes(5), "http=415"),
    "headers too long": (header_block("/amana.v1.Audit/Checkpoint", x="y" * 5000), bytes(5), "the header list is too large"),
    "compressed": (header_block("/amana.v1.Audit/Checkpoint"), b"\1\0\0\0\1x", "compressed messages are not taken"),
    "cut off": (header_block("/amana.v1.Audit/Checkpoint"), b"\0\0\0\0\5x", "the last message is cut off"),
    "too long": (header_block("/amana.v1.Audit/Checkpoint"), b"\0\7\0\0\0x", "is longer than"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_session_itself_refuses_is_told_with_who_and_why(limited, case):
    world = limited(header_list='"4K"')
    block, data, says = REFUSED[case]
    with shake(world, connect(world)) as tls:
        tls.sendall(frame(1, 0x4, 1, block) + frame(0, 1, 1, data))
        line = world.hub.log.wait(f"^answered .*{re.escape(says)}")
    assert "identity=amana://ke/dci/transnational/device/d1" in line


# --- Wrong limits
@pytest.mark.parametrize("row, says", [
    ("streams = 0", "streams: a whole number from 1"), ("handshake-seconds = 601", "from 1 to 600"),
    ('memory = "1K"', "memory: "), ("stream = 9", "no such option")])
def test_a_limit_that_is_none_is_named_with_its_line_and_what_is_allowed(empty_world, row, says):
    conf = empty_world.path("amanad.conf")
    conf.write_text(re.sub(r"(?m)^limits .*", f"limits {{ {row} }}", conf.read_text()))
    line = next(n for n, text in enumerate(conf.read_text().splitlines(), 1) if row in text)
    empty_world.amanad("--check", "-c", "amanad.conf").exits(78).says(f"amanad.conf:{line}:", says)


# --- What a connection may do
def test_a_connection_without_a_request_in_time_is_ended_and_one_that_asked_is_not(limited):
    world = limited(first_request_seconds=1)
    with shake(world, connect(world), "post") as asked, shake(world, connect(world)) as silent:
        call(asked, 1, "/amana.v1.Audit/Checkpoint", bytes(5))
        assert heard(asked) is not None
        assert GOAWAY in [kind for kind, *_ in frames(silent)]  # and closed
        world.hub.log.wait(r"^ended .*identity=amana://ke/dci/transnational/.*no request came")
        assert heard(asked) is not None
    assert not [line for line in world.hub.log.all if line.startswith("ended") and "et/ics/moyale" in line]


def test_a_client_that_is_silent_is_asked_whether_it_is_there_and_one_that_answers_stays(limited):
    world = limited(keepalive_seconds=1)
    with shake(world, connect(world)) as tls:
        call(tls, 1, "/amana.v1.Audit/Checkpoint", bytes(5))
        for _ in range(2):
            asked = next(payload for kind, flags, _, payload in frames(tls) if kind == PING and not flags & ACK)
            tls.sendall(frame(PING, ACK, 0, asked))
        assert heard(tls) is not None


def test_resets_past_those_of_ten_seconds_end_the_connection_and_those_at_the_limit_do_not(limited):
    world = limited(resets=5)
    with shake(world, connect(world)) as tls:
        for n in range(6):
            call(tls, 2 * n + 1, "/amana.v1.Relay/Send", end=False)
            tls.sendall(frame(RST_STREAM, 0, 2 * n + 1, struct.pack(">I", 8)))
            if n < 5:
                assert heard(tls) is not None
        goaway = next(payload for kind, _, _, payload in frames(tls) if kind == GOAWAY)
        assert goaway[4:8] == struct.pack(">I", 11)  # ENHANCE_YOUR_CALM
        world.hub.log.wait(r"^ended .*too many streams were reset")
    served(world)


def test_a_connection_past_its_memory_gets_no_new_calls_and_one_before_it_does(empty_world, limited, pb):
    write_pending(empty_world, pb, 1000, 1)
    world = limited(connection_memory='"2M"', replays=1000)
    world.hub.log.wait(r"^pending entries=1000 ")
    request = pb("audit").ReplayRequest(reason="never read").SerializeToString()
    message = b"\0" + struct.pack(">I", len(request)) + request
    with shake(world, connect(world), "auditor") as tls:
        tls.sendall(frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 1)))  # of each answer a byte; the rest waits for a window
        tls.unanswered += 1
        assert hold(tls, 1, 1190000) is not None
        assert hold(tls, 3, 400000) is not None  # 1.6 MB of 2.1; the rest are replays, 64 KB each
        stream, refused = 5, False
        while not refused:
            call(tls, stream, "/amana.v1.Audit/Replay", message)
            # The byte says that the answer is there, and held: the headers come before it.
            refused = HEADERS == next(kind for kind, flags, of, _ in frames(tls)
                                      if of == stream and (kind == DATA or flags & END_STREAM))
            stream += 2
            assert stream < 61
        assert stream > 13
        world.hub.log.wait(r"^answered .*call=/amana.v1.Audit/Replay.*reason=BUSY")
        tls.sendall(frame(RST_STREAM, 0, 1, struct.pack(">I", 8)))
        call(tls, stream, "/amana.v1.Audit/Checkpoint", bytes(5))
        assert not next(flags & END_STREAM for _, flags, of, _ in frames(tls) if of == stream)


# --- Floods
def unknown_calls(tls, first, count):
    """So many calls of a method that there isn't, each ended, in one write; the next free stream."""
    block = header_block("/amana.v1.Relay/Nothing")
    tls.sendall(b"".join(frame(HEADERS, END_HEADERS | END_STREAM, first + 2 * n, block) for n in range(count)))
    return first + 2 * count


def flood(tls, batches):
    """How many batches of a hundred refused calls the hub takes before it ends the connection."""
    stream = 1
    for n in range(batches):
        try:
            stream = unknown_calls(tls, stream, 100)
            if heard(tls) is None:
                return n
        except OSError:
            return n
    return batches


def test_who_heeds_no_refusal_is_ended_on_each_connection_and_others_are_served(limited):
    world = limited(requests_per_second=10)
    with shake(world, connect(world)) as tls:
        for first in (1, 191):  # far more than are allowed; a mistake, perhaps
            unknown_calls(tls, first, 95)
            assert heard(tls) is not None
    with shake(world, connect(world)) as tls:  # a new connection makes no new identity, which would have 200
        assert flood(tls, 50) < 2
        world.hub.log.wait(r"^ended .*identity=amana://ke/dci/transnational/.*too many of its calls are refused")
    served(world)


def test_a_command_that_asks_more_in_a_second_than_it_may_waits_as_the_hub_says_and_gets_all(limited):
    """Saves from a list of rosters that ends after the first hundred, and a count that leaves out the rest."""
    world = limited(requests_per_second=3)
    members = world.amana("ke-registry", "--json", "admin", "member", "list").ok().json
    rosters = world.amana("ke-registry", "--json", "admin", "roster", "list").ok().json
    assert len(members) > 4 and {row["unit"] for row in rosters} == {row["unit"] for row in members}


def test_an_auditor_has_so_many_replays_under_way_and_not_one_more(limited, pb):
    world = limited(replays=2)
    auditor = r.Raw(world, pb, "auditor", "igad/audit/desk")
    with auditor.channel() as channel:
        replay = channel.unary_stream("/amana.v1.Audit/Replay", request_serializer=lambda m: m.SerializeToString())
        ask = pb("audit").ReplayRequest(reason="which ends when I say so", follow=True)
        two = [replay(ask, timeout=w.PATIENCE) for _ in range(2)]
        for stream in two:
            next(stream)
        with pytest.raises(grpc.RpcError) as refused:
            next(replay(ask, timeout=w.PATIENCE))
        r.Refused(refused.value).of(Code.RESOURCE_EXHAUSTED, "QUOTA")
        two[0].cancel()
        with contextlib.suppress(grpc.RpcError):
            list(two[0])
        assert world.amana("auditor", "audit", "replay", "--reason", "another client of the same device").ok()
