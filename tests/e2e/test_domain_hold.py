# SPDX-License-Identifier: Apache-2.0
"""A HOLD: a court needs it kept, and until its end neither hub nor client destroys anything of it."""
import pytest

import world as w

ORDER = ("--court", "Marsabit Law Courts", "--order", "88/2026", "--date", "2026-11-27", "--scope", "All of it.")
WHY = ("--ground", "UNLAWFUL", "--reason", "It should never have been held.", "--yes")


@pytest.fixture(scope="module")
def world(file_world):
    file_world.start_hub()
    return file_world


@pytest.fixture
def alert(world):
    return world.alert_at("post")


def test_what_a_court_needs_is_kept_by_hub_and_holders_whatever_is_to_be_erased(world, alert):
    newer = world.amana("police", "update", alert, world.draft(kind="UPDATE", alert__title="A grey lorry")).ok().id
    held = world.amana("police", "hold", alert, *ORDER, "--valid-until", w.FAR).ok().id
    world.amana("post", "inbox").ok().says("HOLD", f"kept for a court until {w.FAR[:10]}")
    world.amana("police", "show", newer).ok().says(f"kept for a court until {w.FAR[:10]}")
    erasure = world.amana("police", "erase", newer, *WHY).ok().id
    for message in (alert, newer):
        assert world.body("police", message) is not None
    world.amana("post", "inbox").ok().says("ERASURE")
    world.amana("post", "confirm", erasure, "--outcome", "DONE", "--remark", "Gone.").exits(65).says(
        f"HOLD {held[:13]}", "RETAINED_BY_LAW")
    assert world.body("post", alert) is not None
    world.amana("post", "confirm", erasure, "--outcome", "RETAINED_BY_LAW", "--provision", "Order 88/2026",
                "--kept-until", w.FAR).ok()
    world.amana("et-protection", "inbox").ok()
    assert world.body("et-protection", newer) is not None, "the hub has it still"
    entries = world.replay()
    words = [e["content"]["erased"] for e in entries if e.get("kind") == "ERASED"]
    assert [(e["by"]["id"], e["outcome"], e.get("bodies")) for e in words] == [(erasure, "RETAINED_BY_LAW", None)]
    assert next(e["content"]["held"] for e in entries if e.get("kind") == "HELD")["by"]["id"] == held
    world.amana("auditor", "audit", "replay", "--reason", "a test", "--message", alert).ok().says("HELD", f"kept until {w.FAR[:10]}")
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()
    world.start_hub()


def test_what_a_court_keeps_stays_and_what_was_named_with_it_goes(world, alert):
    world.amana("police", "hold", alert, *ORDER, "--valid-until", w.FAR).ok()
    newer = world.amana("police", "update", alert, world.draft(kind="UPDATE", alert__title="A grey lorry")).ok().id
    world.amana("police", "erase", newer, *WHY).ok()
    assert world.body("police", alert) is not None and world.body("police", newer) is None


def test_an_order_to_keep_is_its_senders_and_has_an_end(world, alert):
    world.amana("post", "hold", alert, *ORDER, "--valid-until", w.FAR).exits(65).says("is for its sender")
    world.amana("ke-protection", "inbox").ok()  # of the sender's country: it may be the office that orders, and the hub knows
    world.amana("ke-protection", "hold", alert, *ORDER, "--valid-until", w.FAR).exits(77)
    world.amana("police", "hold", alert, *ORDER).exits(65).says("valid_until")
    world.amana("police", "hold", alert, "--court", "x", "--valid-until", w.FAR).exits(65).says("hold.order")
