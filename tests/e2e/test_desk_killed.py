# SPDX-License-Identifier: Apache-2.0
"""kill -9 of a desk's command before and after each of its writes, and each of these failing once: nothing is lost,
nothing goes twice, and the next goes on.

Between two writes stands what the desk says to the hub, so each of these moments is there: kept in the outbox and not
sent, receipted and the receipt not kept, verified and kept and not acknowledged, acknowledged and that not kept."""
import base64
import collections
import datetime
import itertools
import re

import pytest

import world as w

PLACES = ("desk-before-write", "desk-after-write")
FAULTS = {"desk-full": 73, "desk-sync": 74}  # of a write: no room; a sync that fails


@pytest.fixture(scope="module")
def world(file_world):
    if not w.moves_time():
        pytest.skip("the build has no failpoints (-Dfailpoints=true)")
    file_world.start_hub()
    file_world.alert_at("post")
    file_world.amana("police", "status").ok()  # what is written once, rosters and policy, is written
    return file_world


def kills(world, desk, *args):
    """Runs the command and kills it before its first write, its second and so on, then after each, until there are no
    more; whoever iterates looks at what is left of each, and of the one that was left alone (killed is False). An argument
    that can be called makes one for each run."""
    for place in PLACES:
        for n in itertools.count(1):
            given = [a() if callable(a) else a for a in args]
            result = world.amana(desk, *given, env={"AMANA_FAILPOINT": f"{place}:{n}"})
            result.exits(0, -9)
            yield result.code != 0, given[-1]
            if result.code == 0:
                assert n > 2, f"{args} wrote {n - 1} times: too little to be killed"
                break


def faults(world, desk, *args, writes):
    """The same with each write failing once, as the disk does; `writes`: it has at least so many."""
    for place, code in FAULTS.items():
        for n in itertools.count(1):
            result = world.amana(desk, *[a() if callable(a) else a for a in args], env={"AMANA_FAILPOINT": f"{place}:{n}"})
            result.exits(0, code)
            yield result
            if result.code == 0:
                assert n > writes, f"{args}: what happened to write {n} wasn't said:\n{result.out}{result.err}"
                break
            result.says("look at the disk, whether it is full")


def kept(world, desk, verb="sent"):
    """How often each id is in the list, without a link."""
    lines = world.amana(desk, "--json", verb, env={"AMANA_ADDRESS": "127.0.0.1:1"}).json
    return collections.Counter(line["header"]["id"] for line in lines if "header" in line)


def submitted(world, unit):
    """How often each id of a unit's messages is in the log."""
    return collections.Counter(e["submitted"]["id"] for e in world.entries("SUBMITTED") if unit in e["submitted"]["device"])


def test_of_a_killed_send_the_message_is_kept_and_goes_once_or_nothing_was_sent(world):
    """Saves from an alert that is nowhere, and from one that everybody gets twice."""
    before, made = kept(world, "police"), collections.Counter()
    for killed, _ in kills(world, "police", "send", str(w.ALERT)):
        left = kept(world, "police")
        assert not before - left and len(left) - len(before) in ((0, 1) if killed else (1,))
        made[killed, len(left) - len(before)] += 1
        world.amana("police", "status").ok().says("0 waiting")  # any command that connects sends it
        assert kept(world, "police") == left
        before = left
    assert made[True, 0] and made[True, 1] and set(before.values()) == {1}
    assert submitted(world, "ke/dci/transnational") == before


def test_of_a_killed_inbox_each_message_is_kept_once_and_acknowledged_once(world, pb):
    """Saves from a message that the hub believes fetched and nobody has."""
    for _ in kills(world, "post", "inbox", lambda: world.send() and "--utc"):
        world.amana("post", "inbox").ok()
    sent, came = kept(world, "police"), kept(world, "post", "inbox")
    assert came == sent and set(came.values()) == {1}
    signed = collections.Counter(
        message.seq for e in world.entries("RETRIEVED") if "et/ics/moyale" in e["retrieved"]["device"]
        for message in pb("message").Retrieved.FromString(base64.b64decode(e["retrieved"]["statement"])).messages)
    assert set(signed.values()) == {1} and len(signed) == len(came)


def test_of_a_killed_ack_nothing_is_known_or_it_is_given_once(world):
    """Saves from an alert that nobody has taken on, and from two who have."""
    alerts = sorted(kept(world, "post", "inbox"))
    before, used = kept(world, "post"), 0
    for killed, alert in kills(world, "post", "ack", iter(alerts).__next__):
        left = kept(world, "post")
        assert not before - left and len(left) - len(before) in ((0, 1) if killed else (1,))
        if left == before:  # whoever was interrupted gives it again
            world.amana("post", "ack", alert).ok()
        world.amana("post", "inbox").ok()
        before, used = kept(world, "post"), used + 1
    assert set(before.values()) == {1} and len(before) == used and submitted(world, "et/ics/moyale") == before


def test_whichever_write_of_a_send_fails_it_is_said_and_the_message_is_kept_and_goes_once_or_was_not_sent(world):
    """Saves from an officer who does not know whether an alert has gone, and from the wrong reason."""
    before = kept(world, "police")
    for result in faults(world, "police", "send", str(w.ALERT), writes=7):
        left = kept(world, "police")
        new = list((left - before).elements())
        assert not before - left and len(new) <= 1
        assert "in force already" not in result.err, result.err
        if result.code != 0:
            result.says(f"{new[0]} is kept in the outbox" if new else "nothing was sent")
        world.amana("police", "status").ok().says("0 waiting")
        before = left
    assert set(before.values()) == {1} and submitted(world, "ke/dci/transnational") == before


def test_whichever_write_of_an_inbox_fails_it_is_said_and_what_is_there_is_shown(world):
    """Saves from an alert that a full disk hides: what can't be marked as shown is shown all the same."""
    came = kept(world, "post", "inbox")
    for result in faults(world, "post", "inbox", lambda: world.send() and "--utc", writes=4):
        result.says(*(id[:13] for id in came))
        assert "no link" not in result.err, result.err
        world.amana("post", "inbox").ok()
        came = kept(world, "post", "inbox")
    assert came == kept(world, "police") and set(came.values()) == {1}


def test_each_notice_is_shown_although_none_can_be_marked_so(world):
    """Saves from news behind the first that a full disk takes: they are shown, once each, and once more when there is room."""
    world.amana("police", "inbox").ok()
    for _ in range(2):
        alert = world.send()
        world.amana("post", "inbox").ok()
        world.amana("police", "status", alert).ok()  # which fetches the notice and leaves it to the inbox
    lines = lambda result: [line for line in result.out.splitlines() if "et/ics/moyale/device/d1 has it" in line]
    said = world.amana("police", "inbox", env={"AMANA_FAILPOINT": "desk-full:1", "AMANA_ADDRESS": "127.0.0.1:1"})
    said.exits(73).says("is shown once more")
    assert len(lines(said)) == 2, said.out
    assert len(lines(world.amana("police", "inbox").ok())) == 1
    assert not lines(world.amana("police", "inbox").ok())


def test_of_what_was_kept_long_enough_as_much_is_said_to_be_erased_as_is(world):
    """Saves from a body that is said to be gone and that a full disk has kept."""
    said = lambda result: sum(int(n) for n in re.findall(r"(\d+) messages? of this store (?:was|were) erased", result.err))
    counts = collections.Counter()

    def two_due():
        until = (datetime.datetime.now(datetime.timezone.utc) + world.ahead + datetime.timedelta(minutes=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
        for _ in range(2):
            world.send(draft=world.write("NOTE", {"title": "x", "text": "x"}, retain_until=until))
        world.later(minutes=3)
        return "--utc"
    for result in faults(world, "police", "status", two_due, writes=2):
        first, rest = said(result), said(world.amana("police", "status").ok())
        assert first + rest == 2, result.err
        counts[result.code, first] += 1
    assert counts[73, 1] and counts[73, 0] and counts[74, 0], counts  # the second alone had no room; none had; nothing was synced
