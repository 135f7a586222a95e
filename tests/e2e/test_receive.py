# SPDX-License-Identifier: Apache-2.0
"""What a device gets of its mailbox: never more than it signs for, and all of it as it signs."""
import hashlib

import grpc
import pytest

import raw as r
import test_domain_deadlines
import world as w
from test_domain_property import POLICE, POST, Desk

OUT = 64  # messages that a device may have without its statement (security.md)


class Post(r.Raw):
    """A device, that of the border post if not said otherwise, which signs when and for what a test says."""

    def __init__(self, world, pb, desk="post", unit="et/ics/moyale", officer="eics-1207"):
        super().__init__(world, pb, desk, unit, officer)

    def receive(self, channel, **request):
        relay = self.pb("relay")
        stub = channel.unary_stream("/amana.v1.Relay/Receive", request_serializer=lambda m: m.SerializeToString(),
                                    response_deserializer=relay.Delivery.FromString)
        stream = stub(relay.ReceiveRequest(**request), timeout=w.PATIENCE)
        stream.initial_metadata()  # it stands
        return stream

    def acknowledge(self, channel, *incoming, ahead=0, key="sign", **changes):
        relay, message = self.pb("relay"), self.pb("message")
        said = message.Retrieved(context="amana-retrieved-v1", origin="igad.amana.example/log",
                                 device=f"amana://{self.unit}/device/d1")
        for field, value in changes.items():
            setattr(said, field, value)
        said.time.GetCurrentTime()
        said.time.seconds += ahead
        for one in incoming:
            said.messages.add(seq=one.seq, header_digest=hashlib.sha256(one.message.header).digest())
        statement = said.SerializeToString()
        signature = r.sign(statement, self.keys / f"{key}.pem", self.keys / f"{key}.key")
        request = relay.AcknowledgeRequest(retrievals=[relay.Retrieval(statement=statement, signature=signature)])
        return self.call(channel, "Relay/Acknowledge", request, relay.AcknowledgeResponse)


@pytest.fixture
def post(world, pb):
    return Post(world, pb)


def fill(police, channel, *urgencies):
    """Sends a message of each urgency; gives their seqs."""
    urgent = {1: 2, 2: 2}
    return [police.send(police.message(police.header(urgency=u, urgency_reason=urgent.get(u, 0))), channel).index
            for u in urgencies]


def take(stream, count):
    return [next(stream).incoming for _ in range(count)]


def test_no_other_filter_and_no_other_connection_gives_a_device_more_than_64_messages_unsigned(world, pb, post):
    police = r.Raw(world, pb)
    with police.channel() as channel:
        first = fill(police, channel, *[1] * (OUT - 1), 4)
        behind = fill(police, channel, 2, 2, 3)
    with post.channel() as channel:
        had = take(post.receive(channel, urgencies=[1, 4]), OUT)
        assert [m.seq for m in had] == first
    with post.channel() as channel:
        stream = post.receive(channel, urgencies=[2, 3, 4])
        # All three are more urgent than the one that the device has already, which alone may come again.
        assert next(stream).incoming.seq == first[-1]
        post.acknowledge(channel, had[0])
        assert next(stream).incoming.seq == behind[0]
        post.acknowledge(channel, had[1], had[-1])
        assert [m.seq for m in take(stream, 2)] == behind[1:]


def test_a_hub_that_starts_again_gives_a_device_no_more_than_64_messages_unsigned(world, pb, post):
    police = r.Raw(world, pb)
    with police.channel() as channel:
        first, behind = fill(police, channel, *[4] * OUT), fill(police, channel, 1)
    for _ in range(2):
        with post.channel() as channel:
            had = take(post.receive(channel, urgencies=[4]), OUT)
        assert [m.seq for m in had] == first
        world.hub.stop()
        assert len(noted(world)) == OUT
        world.start_hub()
    with post.channel() as channel:
        stream = post.receive(channel)
        assert next(stream).incoming.seq == first[0], "the urgent one waits: what it has already may come again"
        post.acknowledge(channel, had[0])
        assert behind[0] in [m.seq for m in take(stream, OUT)]


def noted(world):
    return [line.split() for line in world.path("data", "hub", "handed").read_text().splitlines()]


def test_what_is_noted_of_a_device_goes_once_it_has_signed_and_what_can_t_be_read_is_left_out(world, pb, post):
    police, file = r.Raw(world, pb), world.path("data", "hub", "handed")
    with police.channel() as channel:
        first, second = fill(police, channel, 4, 4)
    with post.channel() as channel:
        had = take(post.receive(channel), 2)
        post.acknowledge(channel, had[0])
    world.hub.stop()
    assert [int(line[0]) for line in noted(world)] == [first, second]
    kept = noted(world)[1]
    other = [kept[0], kept[1][::-1], kept[2]]  # another message had this number
    gone, elsewhere = ["999999", *kept[1:]], [*kept[:2], "amana://et/ics/moyale/device/d9"]
    for wrong in ("", "x\n", f"-{' '.join(kept)}\n", f"{' '.join(kept)} more\n", "\0" * 500 + "\n", *(f"{' '.join(line)}\n" for line in (other, elsewhere, gone)),
                  " ".join(kept[:2]), " ".join(kept)):  # cut short: of d12 there would be a d1
        file.write_text(wrong)
        world.start_hub().stop()
        assert noted(world) == [], wrong
    file.write_text("cut\n" + " ".join(kept) + "\n" + " ".join(kept)[:20])
    world.start_hub().stop()
    assert noted(world) == [kept]
    file.unlink()
    file.mkdir()  # nothing can be written there
    hub = world.start_hub()
    hub.log.wait(r"^handed .*what devices have unsigned is not known")
    with post.channel() as channel:
        assert take(post.receive(channel), 1)[0].seq == second
    hub.log.wait(r"^handed .*would be forgotten at a restart")


def test_what_was_noted_is_read_however_large_the_file_has_become(world, pb, post):
    police, file = r.Raw(world, pb), world.path("data", "hub", "handed")
    with police.channel() as channel:
        [first] = fill(police, channel, 4)
    with post.channel() as channel:
        take(post.receive(channel), 1)
    world.hub.stop()
    [kept] = noted(world)
    with file.open("wb") as grown:
        grown.truncate(257 << 20)
        grown.seek(0, 2)
        grown.write(b"\n" + " ".join(kept).encode() + b"\n")
    world.start_hub().stop()
    assert noted(world) == [kept] and int(kept[0]) == first


def test_what_was_noted_is_written_anew_while_the_hub_serves(empty_world, pb):
    world = empty_world
    world.start_hub(failpoint="handed-anew:2")
    post, police = Post(world, pb), r.Raw(world, pb)
    with police.channel() as sends, post.channel() as channel:
        stream = post.receive(channel)
        [first] = fill(police, sends, 4)
        post.acknowledge(channel, *take(stream, 1))
        [second] = fill(police, sends, 4)
        assert take(stream, 1)[0].seq == second
    world.hub.stop()
    assert [int(line[0]) for line in noted(world)] == [second] and first != second


def test_a_line_that_was_written_by_half_spoils_no_other(empty_world, pb):
    world = empty_world
    hub = world.start_hub(failpoint="handed-torn")
    post, police = Post(world, pb), r.Raw(world, pb)
    with police.channel() as sends, post.channel() as channel:
        stream = post.receive(channel)
        fill(police, sends, 4)
        take(stream, 1)
        hub.log.wait(r"^handed .*would be forgotten at a restart")
        [second] = fill(police, sends, 4)
        assert take(stream, 1)[0].seq == second
    world.hub.stop()
    world.start_hub().stop()
    assert [int(line[0]) for line in noted(world)] == [second]


@pytest.mark.parametrize("filter", [{"kinds": [1, 99]}, {"kinds": [0]}, {"urgencies": [5]}])
def test_a_filter_on_what_is_no_kind_or_urgency_is_refused_and_not_waited_on(world, post, filter):
    field, values = next(iter(filter.items()))
    with post.channel() as channel:
        with pytest.raises(grpc.RpcError) as refused:
            next(post.receive(channel, once=True, **filter))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert f"{field} {values[-1]} is no value of" in refused.value.details()


def test_a_device_that_lost_what_it_had_gets_all_of_it_again_and_then_the_rest(world, pb, post):
    police = r.Raw(world, pb)
    with police.channel() as channel:
        first = fill(police, channel, *[3] * OUT)
    with post.channel() as channel:
        assert [m.seq for m in take(post.receive(channel), OUT)] == first
    with police.channel() as channel:
        urgent = fill(police, channel, 1)
    with post.channel() as channel:
        stream = post.receive(channel, once=True)
        again = take(stream, OUT)
        assert [m.seq for m in again] == first
        post.acknowledge(channel, *again)
        assert [d.incoming.seq for d in stream] == urgent
        assert stream.code() == grpc.StatusCode.OK


def test_room_that_a_statement_makes_while_the_mailbox_is_read_is_used(held, empty_world, pb):
    reached = held("receive-run:2")
    police, post = r.Raw(empty_world, pb), Post(empty_world, pb)
    with police.channel() as senders, post.channel() as channel:
        seqs = fill(police, senders, 1, 1)
        stream = post.receive(channel, max_unacknowledged=1)
        [first] = take(stream, 1)
        seqs += fill(police, senders, 1)  # wakes the stream, whose one place is taken
        with reached():
            post.acknowledge(channel, first)
        [second] = take(stream, 1)
        assert [first.seq, second.seq] == seqs[:2]


def test_what_is_signed_for_while_the_mailbox_is_read_does_not_come_again(held, empty_world, pb):
    reached = held("receive-run:2")
    police, post = r.Raw(empty_world, pb), Post(empty_world, pb)
    with police.channel() as senders, post.channel() as channel:
        seqs = fill(police, senders, 1, 1)
        [first] = take(post.receive(channel, max_unacknowledged=1), 1)
        stream = post.receive(channel, max_unacknowledged=1)
        with reached():
            post.acknowledge(channel, first)
        assert [m.seq for m in take(stream, 1)] == seqs[1:]


@pytest.mark.parametrize("ahead,reason", [(360, "CLOCK_AHEAD"), (-31 * 86400, "TOO_OLD")])
def test_a_statement_is_dated_as_a_message_is_or_refused_with_the_hubs_time(world, pb, post, ahead, reason):
    police = r.Raw(world, pb)
    with police.channel() as channel:
        fill(police, channel, 3)
    with post.channel() as channel:
        had = take(post.receive(channel), 1)
        with pytest.raises(r.Refused) as refused:
            post.acknowledge(channel, *had, ahead=ahead)
        refused.value.of(grpc.StatusCode.FAILED_PRECONDITION, reason)
        assert b"hub_time" in refused.value.packed and b"statement.time" in refused.value.packed
        post.acknowledge(channel, *had, ahead=240)  # five minutes are the clocks' own
    assert len(world.entries("RETRIEVED")) == 1


# What is wrong, why it is refused, and which field says so.
STATEMENTS = {
    "another use's words": (dict(context="amana-returned-v1"), "FIELD_INVALID", b"statement.context"),
    "another log": (dict(origin="ke.amana.example/log"), "FIELD_INVALID", b"statement.origin"),
    "another device of the unit": (dict(device="amana://et/ics/moyale/device/d2"), "SENDER_MISMATCH", b"statement.device"),
    "another unit's device": (dict(device="amana://et/mowsa/protection/device/d1"), "SENDER_MISMATCH", b"statement.device"),
    "the officer's key": (dict(key="officer"), "SIGNATURE_INVALID", b"signature"),
    "the key that connects": (dict(key="auth"), "SIGNATURE_INVALID", b"signature"),
}


def test_a_statement_is_the_devices_own_about_messages_to_its_unit_in_this_log(world, pb, post):
    police, other = r.Raw(world, pb), Post(world, pb)
    other.desk, other.keys = "et-protection", world.path("et-protection", "keys")
    other.unit = "et/mowsa/protection"
    with police.channel() as channel:
        police.RECIPIENTS = {"et/ics/moyale": ("post", 1), "ke/dcs/child-protection": ("ke-protection", 2)}
        fill(police, channel, 3)

    def refused(what, channel, reason, field, *incoming, **changes):
        with pytest.raises(r.Refused) as refusal:
            what.acknowledge(channel, *incoming, **changes)
        code = grpc.StatusCode.PERMISSION_DENIED if reason == "SENDER_MISMATCH" else grpc.StatusCode.INVALID_ARGUMENT
        assert field in refusal.value.of(code, reason).packed, field
    with post.channel() as channel, other.channel() as others:
        [had] = take(post.receive(channel), 1)
        for changes, reason, field in STATEMENTS.values():
            refused(post, channel, reason, field, had, **changes)
        refused(post, channel, "FIELD_INVALID", b"statement.messages")
        refused(other, others, "FIELD_INVALID", b"statement.messages[0]", had)
        had.message.header += b" "
        refused(post, channel, "FIELD_INVALID", b"statement.messages[0]", had)
        assert not world.entries("RETRIEVED")
        assert take(post.receive(channel), 1)[0].seq == had.seq


def flags(world, case):
    """Police tell the protection desk alone that somebody in the case may have fled Ethiopia."""
    world.send("police", world.write("NOTE", {"title": "She fled", "text": "She asked for asylum."}, case_ref=case, recipients=[
        {"unit": "ke/dcs/child-protection", "part": "ACTION"}], flags={"child": True, "protection": "YES", "never_tell": ["et"]}))


def answered_in_hand(world, pb):
    """An alert that the post has signed for, and a newer version that it has answered and not signed for."""
    world.start_hub()
    police, answers, post = Desk(world, pb, POLICE), Desk(world, pb, POST), Post(world, pb)
    header, alert = police.write("ALERT", [POST])
    about = {"in_reply_to": alert, "case_ref": header.case_ref, "retain_until": header.retain_until}
    with post.channel() as channel:
        post.acknowledge(channel, *take(post.receive(channel), 1))
        newer = police.write("UPDATE", [POST], supersedes=alert, **about)[1]
        take(post.receive(channel), 1)
    answers.write("ACK", [POLICE], **{**about, "in_reply_to": newer})
    answers.hang_up()
    return police, newer, about


def bears_out(world, police):
    police.hang_up()
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok().says("0 faults")


def test_what_a_unit_answers_before_it_has_signed_for_it_is_no_fault_of_the_journal(empty_world, pb):
    """By the log alone it might be one from which the newer version is kept, and that goes on by the older one."""
    police, newer, about = answered_in_hand(empty_world, pb)
    police.write("UPDATE", [POST], supersedes=newer, **about)
    bears_out(empty_world, police)


@pytest.mark.parametrize("forgotten", [False, True])
def test_what_it_answered_so_and_is_kept_from_it_since_ends_for_it_by_the_log_as_at_the_hub(empty_world, pb, forgotten):
    """Where what a device had is forgotten, by a machine that lost power, the older version goes on for the post alone, and ends too."""
    world = empty_world
    police, _, about = answered_in_hand(world, pb)
    flags(world, about["case_ref"])
    if forgotten:
        world.hub.stop()
        world.path("data", "hub", "handed").unlink()
        world.start_hub()
    test_domain_deadlines.entered(world, "STATE", 1 + forgotten, days=4)
    assert len(world.entries("STATE")) == 1 + forgotten
    bears_out(world, police)


@pytest.mark.parametrize("kept", [False, True])
def test_what_a_device_has_in_hand_it_is_told_of_whether_or_not_the_case_is_kept_from_it(empty_world, pb, kept):
    """Who signs for nothing would else learn of a flag by a clock that is silent."""
    world = empty_world
    world.start_hub()
    police, post = Desk(world, pb, POLICE), Post(world, pb)
    header, _ = police.write("REQUEST", [POST])
    police.hang_up()
    with post.channel() as channel:
        stream = post.receive(channel)
        assert next(stream).incoming.message
        if kept:
            flags(world, header.case_ref)
        world.later(days=1)
        told = pb("audit").EntryContent.FromString(next(stream).notice.content)
        assert [told.deadline.recipient, told.deadline.message.id] == [post.unit, header.id]


def renewed(world, police, post, channel):
    """An alert that it has signed for; what it is late with is the newer version."""
    header, alert = police.write("ALERT", [POST])
    about = {"in_reply_to": alert, "case_ref": header.case_ref, "retain_until": header.retain_until}
    post.acknowledge(channel, *take(post.receive(channel), 1))
    newer = police.write("UPDATE", [POST], supersedes=alert, **about)[1]
    return about, newer, dict(kind="UPDATE", supersedes=newer), dict(kind="ACK", in_reply_to=newer), "NEW"


def asked(world, police, post, channel):
    header, request = police.write("REQUEST", [POST])
    about = {"in_reply_to": request, "case_ref": header.case_ref, "retain_until": header.retain_until}
    outcome = {name: police.code("Outcome", name) for name in ("NO_LONGER_NEEDED", "NO_DATA")}
    return (about, request, dict(kind="WITHDRAW", outcome=outcome["NO_LONGER_NEEDED"]),
            dict(kind="RESPONSE", outcome=outcome["NO_DATA"]), "OPEN")


def explained(world, police, post, channel):
    """A request that it has signed for, and asked about; the answer to that sets its clock going."""
    about, request, withdraw, response, _ = asked(world, police, post, channel)
    post.acknowledge(channel, *take(post.receive(channel), 1))
    question = Desk(world, post.pb, POST)
    question.write("PROGRESS", [POLICE], outcome=police.code("Outcome", "CLARIFICATION_ASKED"), **about)
    question.hang_up()
    police.write("CLARIFICATION", [POST], **about)
    return about, request, withdraw, response, "IN_PROGRESS"


def told_of(stream, pb, met):
    """Of what it is told next that it is late with it, or that it has answered."""
    for delivery in stream:
        deadline = pb("audit").EntryContent.FromString(delivery.notice.content).deadline
        if deadline.clocks and deadline.HasField("met_by") == met:
            return deadline.recipient, deadline.message.id


@pytest.mark.parametrize("begins", [renewed, asked, explained])
@pytest.mark.parametrize("replaced", [False, True])
def test_what_a_device_has_in_hand_goes_on_for_it_whatever_has_replaced_it_unseen(empty_world, pb, replaced, begins):
    """Who signs late would else see by a clock that is silent, and by an answer that crossed nothing that it knows of, that there is more."""
    world = empty_world
    world.start_hub()
    police, answers, post = Desk(world, pb, POLICE), Desk(world, pb, POST), Post(world, pb)
    with post.channel() as channel:
        about, late, replaces, answer, state = begins(world, police, post, channel)
        stream = post.receive(channel, max_unacknowledged=1)
        take(stream, 1)  # it is in hand, and nothing else comes
        if replaced:
            police.write(replaces.pop("kind"), [POST], **{**about, **replaces})
            flags(world, about["case_ref"])
        police.hang_up()
        world.later(minutes=70)
        assert told_of(stream, pb, met=False) == (post.unit, late.id)
        answers.write(answer.pop("kind"), [POLICE], **{**about, **answer})
        assert told_of(stream, pb, met=True) == (post.unit, late.id)
        answers.hang_up()
    said = world.entries("SUBMITTED")[-1]["submitted"]
    name = pb("relay").LifeState.Code.Name
    assert not said.get("crossed") and [(move["recipient"], name(move["from"])) for move in said["moves"]] == [(post.unit, state)]
    bears_out(world, police)


@pytest.mark.parametrize("kept", [False, True])
def test_that_it_was_answered_is_told_whoever_has_the_answer_in_hand_whether_or_not_the_case_is_kept_from_it(empty_world, pb, kept):
    world = empty_world
    world.start_hub()
    police, asks, post = Desk(world, pb, POLICE), Desk(world, pb, POST), Post(world, pb)
    header, _ = police.write("ALERT", [POST])
    with post.channel() as channel:
        post.acknowledge(channel, *take(post.receive(channel), 1))
        _, question = asks.write("REQUEST", [POLICE], retain_until=header.retain_until)
        asks.hang_up()
        police.write("RESPONSE", [POST], in_reply_to=question, outcome=police.code("Outcome", "FULL"), retain_until=header.retain_until)
        police.hang_up()
        stream = post.receive(channel)
        while not next(stream).HasField("incoming"):
            pass
        if kept:
            flags(world, header.case_ref)
        assert told_of(post.receive(channel), pb, met=True) == (POLICE[1], question.id)


def test_with_what_it_has_in_hand_and_asked_about_nobody_is_late_from_whom_the_answer_is_withheld(empty_world, pb):
    world = empty_world
    world.start_hub()
    police, asks, post = Desk(world, pb, POLICE), Desk(world, pb, POST), Post(world, pb)
    with post.channel() as channel:
        about, request, _, _, _ = asked(world, police, post, channel)
        take(post.receive(channel, max_unacknowledged=1), 1)  # nothing else comes to it
        asks.write("PROGRESS", [POLICE], outcome=police.code("Outcome", "CLARIFICATION_ASKED"), **about)
        asks.hang_up()
        police.write("CLARIFICATION", [POST], **about)
        test_domain_deadlines.entered(world, "DEADLINE", 2, hours=9)  # acknowledged in time, and late with the answer
        flags(world, about["case_ref"])
        test_domain_deadlines.entered(world, "STATE")  # it stands still again
    with post.channel() as channel:
        told = [pb("audit").EntryContent.FromString(delivery.notice.content).deadline
                for delivery in post.receive(channel, once=True) if delivery.HasField("notice")]
    assert [(deadline.message.id, deadline.HasField("met_by")) for deadline in told if deadline.clocks] == [(request.id, True)]
    bears_out(world, police)
