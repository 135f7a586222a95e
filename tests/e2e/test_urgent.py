# SPDX-License-Identifier: Apache-2.0
"""What is urgent waits behind no pile of what isn't, nor behind another's pile of what calls itself urgent."""
import os
import signal

import pytest
import raw as r
import test_rights

IN_FLIGHT, LARGE = 64, 400 * 1024
U1, U4, U1_REASON = 1, 4, 1  # Urgency.Code, UrgencyReason.Code LIFE_AT_RISK


def pile(desk, urgency):
    """As many large messages as one identity may have in flight, and one more: on connections enough for their bytes."""
    body = desk.body(None, os.urandom(LARGE))
    reason = U1_REASON if urgency == U1 else 0
    return [desk.message(desk.header(urgency=urgency, urgency_reason=reason), body=body) for _ in range(IN_FLIGHT + 1)]


def sending(desk, channel, message):
    stub = channel.unary_unary("/amana.v1.Relay/Send", request_serializer=lambda m: m.SerializeToString(),
                               response_deserializer=desk.pb("audit").ProvedEntry.FromString)
    return stub.future(message, timeout=60)


@pytest.mark.parametrize("claimed", [U4, U1])
def test_an_urgent_message_goes_before_the_large_ones_of_another_desk_that_were_there_before_it(limited, pb, claimed):
    world = limited(identity_memory='"512M"', memory='"1G"')
    police, post = r.Raw(world, pb), r.Raw(world, pb, "post", "et/ics/moyale", "eics-1207")
    post.RECIPIENTS = {"ke/dci/transnational": ("police", 1), "ke/dcs/child-protection": ("ke-protection", 2),
                       "et/mowsa/protection": ("et-protection", 2)}
    messages, urgent = pile(police, claimed), post.message(post.header(urgency=U1, urgency_reason=U1_REASON,
                                                                       case_ref="et/ics/2026/000017"))
    channels, own = [police.channel() for _ in range(16)], post.channel()
    signer = test_rights.signer_of(world.hub)
    os.kill(signer, signal.SIGSTOP)  # what is decided waits to be written
    try:
        sends = [sending(police, channels[i % 16], message) for i, message in enumerate(messages)]
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


def as_they_end(sends):
    import queue
    ended = queue.Queue()
    for send in sends:
        send.add_done_callback(ended.put)
    for _ in sends:
        yield ended.get(timeout=60)
