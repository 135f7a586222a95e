# SPDX-License-Identifier: Apache-2.0
"""What is urgent waits behind no pile of what isn't, nor behind another's pile of what calls itself urgent."""
import hashlib
import os
import signal

import pytest
import raw as r
import test_domain_release as t
import test_receive
import test_rights

IN_FLIGHT, LARGE = 64, 400 * 1024
U1, U4, U1_REASON = 1, 4, 1  # Urgency.Code, UrgencyReason.Code LIFE_AT_RISK
NOT_NEEDED, REQUIRED, DEFERRED = 1, 2, 3  # Release.Code


WAYS = {"Send": NOT_NEEDED, "Park": REQUIRED, "Send, its release DEFERRED": DEFERRED}


def pile(desk, urgency, release=NOT_NEEDED):
    """As many large messages as one identity may have in flight, and one more: on connections enough for their bytes."""
    body = desk.body(None, os.urandom(LARGE))
    reason = U1_REASON if urgency == U1 else 0
    headers = [desk.header(urgency=urgency, urgency_reason=reason, release=release) for _ in range(IN_FLIGHT + 1)]
    for header in headers:
        if release != NOT_NEEDED:
            header.releasing.unit, header.releasing.roster = desk.unit, 1
    return [desk.message(header, body=body) for header in headers]


def sending(desk, channel, message, method="Send"):
    stub = channel.unary_unary(f"/amana.v1.Relay/{method}", request_serializer=lambda m: m.SerializeToString(),
                               response_deserializer=desk.pb("audit").ProvedEntry.FromString)
    return stub.future(message, timeout=60)


@pytest.mark.parametrize("claimed, way", [(U4, "Send"), (U1, "Send"), (U4, "Park"), (U1, "Park"), (U1, "Send, its release DEFERRED")])
def test_an_urgent_message_goes_before_the_large_ones_of_another_desk_that_were_there_before_it(limited, pb, claimed, way):
    world = limited(identity_memory='"512M"', memory='"1G"')
    police, post = r.Raw(world, pb), r.Raw(world, pb, "post", "et/ics/moyale", "eics-1207")
    post.RECIPIENTS = {"ke/dci/transnational": ("police", 1), "ke/dcs/child-protection": ("ke-protection", 2),
                       "et/mowsa/protection": ("et-protection", 2)}
    messages, urgent = pile(police, claimed, WAYS[way]), post.message(post.header(urgency=U1, urgency_reason=U1_REASON,
                                                                       case_ref="et/ics/2026/000017"))
    channels, own = [police.channel() for _ in range(16)], post.channel()
    signer = test_rights.signer_of(world.hub)
    os.kill(signer, signal.SIGSTOP)  # what is decided waits to be written
    try:
        sends = [sending(police, channels[i % 16], message, way.split(",")[0]) for i, message in enumerate(messages)]
        refused = next(send for send in as_they_end(sends))
        assert "too much under way" in refused.exception().details()  # so all others are with the hub
        first = sending(post, own, urgent)
        health = own.unary_unary("/grpc.health.v1.Health/Check", request_serializer=bytes, response_deserializer=bytes)
        health(b"", timeout=60)  # comes after it on its connection and is answered: it is with the hub too
    finally:
        os.kill(signer, signal.SIGCONT)
    place = first.result().index
    others = sorted(send.result().index for send in sends if send is not refused)
    assert len(others) == IN_FLIGHT
    before = sum(seq < place for seq in others)
    # Two batches of what isn't urgent, and as many as one desk may have that are.
    assert before <= 2 * (4 << 20) // LARGE + 4, before
    for channel in [*channels, own]:
        channel.close()


def releasing(second, channel, message, header, signature):
    request = second.pb("relay").ReleaseRequest(message={"id": message, "header_digest": hashlib.sha256(header).digest()}, signature=signature)
    stub = channel.unary_unary("/amana.v1.Relay/Release", request_serializer=lambda m: m.SerializeToString(),
                               response_deserializer=second.pb("audit").ProvedEntry.FromString)
    return stub.future(request, timeout=60)


def test_the_release_of_an_urgent_message_waits_behind_no_pile_of_what_is_not(empty_world, held, pb):
    """Saves from an alert that had to wait for its second person, and then waits once more behind the day's routine."""
    world = empty_world
    conf = world.path("amanad.conf")
    conf.write_text("workers = 1\n" + conf.read_text().replace("limits {", 'limits { identity-memory = "512M" memory = "1G"'))
    world.supervisor()
    reached = held("receive-run:1")
    world.hub.log.wait(r"^roster unit=ke/dci/transnational number=2")
    parked = world.amana("police", "send", t.alert(world, urgency="U1", urgency_reason="LIFE_AT_RISK")).ok().says("waits").id
    second = t.Second(world, pb, "chief")
    waiting = second.waiting(parked)
    signature = second.signed_too(waiting, "chief")
    desks = [r.Raw(world, pb, "post", "et/ics/moyale", "eics-1207"), r.Raw(world, pb, "et-protection", "et/mowsa/protection", "emow-0101")]
    desks[0].RECIPIENTS, desks[1].RECIPIENTS = {"et/mowsa/protection": ("et-protection", 1)}, {"et/ics/moyale": ("post", 1)}
    # All of them together are less than what may be decided ahead of being written.
    piles = [[desk.message(desk.header(urgency=U4, urgency_reason=0, case_ref=f"{desk.unit[:desk.unit.rindex('/')]}/2026/000017"),
                           body=desk.body(None, os.urandom(24 * 1024))) for _ in range(IN_FLIGHT + 1)] for desk in desks]
    reader = test_receive.Post(world, pb)
    channels, own, readers = [[desk.channel() for _ in range(8)] for desk in desks], second.raw.channel(), reader.channel()
    stream, others = reader.receive(readers), []
    with reached():  # the one worker is busy
        for desk, its, pile in zip(desks, channels, piles):
            sends = [sending(desk, its[i % 8], message) for i, message in enumerate(pile)]
            refused = next(send for send in as_they_end(sends))
            assert "too much under way" in refused.exception().details()  # so all others are with the hub
            others += [send for send in sends if send is not refused]
        release = releasing(second, own, parked, waiting.header, signature)
        health = own.unary_unary("/grpc.health.v1.Health/Check", request_serializer=bytes, response_deserializer=bytes)
        health(b"", timeout=60)  # so the release is too
    place = release.result().index
    before = sum(send.result().index < place for send in others)
    assert len(others) == 2 * IN_FLIGHT and before < len(others), before  # not the last, as it came
    stream.cancel()
    for channel in [*channels[0], *channels[1], own, readers]:
        channel.close()


def as_they_end(sends):
    import queue
    ended = queue.Queue()
    for send in sends:
        send.add_done_callback(ended.put)
    for _ in sends:
        yield ended.get(timeout=60)
