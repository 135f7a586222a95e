# SPDX-License-Identifier: Apache-2.0
"""What a desk makes of what it is told: who has its messages, which receipts it holds, how each recipient stands."""
import re
import signal
import struct

import pytest

import raw as r
import world as w


def new_device(world, desk="post", unit="et/ics/moyale", officer="eics-1207"):
    """The unit's roster names another device than before, and the hub has taken it."""
    country, new = unit[:2], f"{desk}-d2"
    world.run(w.AMANA, "init", "--unit", unit, "--device", "d2", "--officer", officer, "--hub", "igad/hub", "--address",
              "127.0.0.1:4433", "-d", new)
    world.ca("issue", "-d", country, *(f"{new}/keys/{use}.csr" for use in ("auth", "seal", "sign", "officer"))).ok()
    world.ca("roster", "--registrar", f"{country}-registry/keys/officer.pem", "--key", f"{country}-registry/keys/officer.key",
             "-o", "rosters", *(f"{new}/keys/{use}.pem" for use in ("auth", "seal", "sign", "officer"))).ok()
    world.copy("trust", f"{new}/trust")
    world.hub.reload()
    return new


def test_a_retrieval_is_judged_by_the_roster_of_its_time_and_holds_up_nothing(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    new_device(world)
    other = world.amana("ke-protection", "inbox").ok().says(alert[:13])
    assert other.code == 0
    world.amana("police", "inbox").ok().says("et/ics/moyale/device/d1 has it", "ke/dcs/child-protection/device/d1 has it")
    world.amana("police", "inbox").ok()
    world.amana("police", "status", alert).ok().says("retrieved")
    assert not world.path("police", "store", "alarms").exists()


# --- What an auditor asks for
def test_a_replay_checks_who_signed_a_retrieval_by_the_roster_of_its_time(world):
    world.send()
    world.amana("post", "inbox").ok()
    new_device(world)
    world.amana("auditor", "audit", "replay", "--reason", "a test", "-o", "kept.jsonl").ok().says(
        "VERIFIED", "1 officers' and 1 devices' signatures hold")
    assert world.replay()[-1]["signatures"] == {"officers": 1, "devices": 1, "unchecked": 0}
    world.hub.stop()
    world.hub = None
    world.amana("auditor", "audit", "verify", "kept.jsonl").ok().says("VERIFIED", "1 officers' and 1 devices' signatures hold")


def test_a_replay_that_follows_shows_what_is_made_until_it_is_stopped(world):
    process, lines = world.watch("auditor", "audit", "replay", "--reason", "a test", "--follow")
    lines.wait("GENESIS")
    for alert in (world.send(), world.send()):
        lines.wait(alert[:13])
    process.send_signal(signal.SIGTERM)
    assert process.wait(w.PATIENCE) == 0
    lines.wait("^VERIFIED")
    world.amana("auditor", "audit", "replay", "--reason", "a test").ok().says("continues the last replay")
    world.amana("auditor", "audit", "replay", "--reason", "a test", "--follow", "-o", "kept").exits(64).says("leave out one")


def test_a_replay_that_follows_shows_what_is_made_while_it_reads(empty_world, held):
    go_on = held("replay-run:1")
    _, lines = empty_world.watch("auditor", "audit", "replay", "--reason", "a test", "--follow")
    with go_on():  # it has read to the end
        alert = empty_world.send()
    lines.wait(alert[:13])


def stranger_with(world, pb, **changes):
    """A message of the other Kenyan unit, made without its client."""
    stranger = r.Raw(world, pb, "ke-protection", "ke/dcs/child-protection", "kdcs-0033")
    stranger.RECIPIENTS = {"et/ics/moyale": ("post", 1), "et/mowsa/protection": ("et-protection", 2)}
    stranger.send(stranger.message(stranger.header(case_ref="ke/dcs/2026/000001", **changes)))


def test_a_replay_by_message_shows_every_message_of_that_id(world, pb):
    alert = world.send()
    stranger_with(world, pb, id=alert)
    found = [e for e in world.replay("--message", alert) if e.get("kind") == "SUBMITTED"]
    assert {e["header"]["sender"]["unit"] for e in found} == {"ke/dci/transnational", "ke/dcs/child-protection"}
    only = [e for e in world.replay("--message", alert, "--party", "ke/dci/transnational") if e.get("kind") == "SUBMITTED"]
    assert {e["header"]["sender"]["unit"] for e in only} == {"ke/dci/transnational"}


def test_an_auditor_who_gives_no_reason_or_half_an_id_is_told_what_is_missing(world):
    alert = world.send()
    world.amana("auditor", "audit", "prove", alert).exits(66).says("--reason")
    world.amana("auditor", "audit", "prove", alert[:13], "--reason", "for the court").exits(65).says("the whole ID")
    assert not list(world.folder.glob("proofs-*"))


# --- Receipts
def test_the_receipt_of_a_message_that_is_not_here_is_asked_of_the_hub_and_kept(world):
    alert = world.send()
    own = world.amana("police", "receipt", alert).ok().out
    for part in world.path("police", "store").iterdir():
        part.unlink()
    world.amana("police", "receipt", alert[:13]).exits(66).says("with the whole ID the hub is asked")
    assert world.amana("police", "receipt", alert).ok().out == own
    world.amana("post", "receipt", alert).exits(66).says("of this unit")
    world.hub.stop()
    world.hub = None
    assert world.amana("police", "receipt", alert).ok().out == own


def test_a_receipt_that_was_lost_on_its_way_is_there_when_it_is_asked_for(world):
    world.send()
    world.hub.stop()
    world.hub = None
    alert = world.amana("police", "send", str(w.ALERT)).exits(69).id
    world.amana("police", "receipt", alert).exits(69)
    world.start_hub()
    world.amana("police", "receipt", alert).ok().says("proved by")


# --- How recipients stand
def test_an_alert_past_its_time_is_expired_at_each_recipient(world, pb):
    police = r.Raw(world, pb)
    header = police.header()
    header.valid_until.FromMilliseconds(header.written_at.ToMilliseconds() + 1)
    police.send(police.message(header))
    relay = pb("relay")
    with police.channel() as channel:
        status = police.call(channel, "Relay/Status", relay.StatusRequest(ids=[header.id]), relay.StatusResponse)
    [moyale] = [row for row in status.messages[0].recipients if row.unit == "et/ics/moyale"]
    assert (moyale.life, moyale.officer, moyale.HasField("ack_due")) == (relay.LifeState.EXPIRED, "", False)
    assert moyale.life_at == header.valid_until


def test_messages_that_share_an_id_are_told_apart_on_the_screen_and_in_what_is_asked(world, pb):
    alert = world.send(draft=world.draft(urgency="U2"))
    stranger_with(world, pb, id=alert, urgency=1)
    rows = [line.split()[0] for line in world.amana("post", "inbox").ok().out.splitlines()]
    assert len(rows) == 2 == len(set(rows)), rows
    for row in rows:
        world.amana("post", "receipt", row).ok()
    own = [row for row in rows if "ke/dci" in world.amana("post", "show", row).out]
    world.amana("post", "ack", own[0]).ok()
    world.amana("police", "status", alert).ok().says("acknowledged by")


def test_an_officer_who_was_revoked_since_is_told_at_what_was_signed(world):
    id = world.send()
    world.amana("post", "inbox").ok()
    assert "signer" not in world.amana("post", "--json", "show", id).json[0]
    assert "revoked" not in world.amana("post", "show", id).ok().out
    officer = world.path("police", "keys", "officer.pem")
    world.ca("revoke", "-d", "ke", "--reason", "keyCompromise", officer).ok()
    for folder in "trust", "post/trust", "et-protection/trust":
        world.path(folder, "crls", "ke-units.crl").write_bytes(world.path("ke", "units.crl").read_bytes())
    line = world.amana("post", "--json", "show", id).json[0]
    revoked = re.search(r"revoked (\S{19})Z: the key was compromised", line["signer"]["text"]).group(1)
    since = line["entry"]["time"][:19] < revoked  # a list's times are whole seconds, and what may be before counts as that
    assert line["signer"]["state"] == ("REVOKED_SINCE" if since else "REVOKED")
    world.amana("post", "show", id).ok().says("certificate was revoked", f"{'after' if since else 'before'} the hub took this")
    world.amana("et-protection", "inbox").ok().says("officer revoked")


def test_an_officer_who_left_the_roster_since_is_told_once_the_newest_is_known_here(world):
    id = world.send()
    world.amana("post", "inbox").ok()
    new_device(world, "police", "ke/dci/transnational", "kdci-0417")
    assert "removed" not in world.amana("post", "show", id).ok().out  # nobody was asked
    world.amana("post", "ack", id).ok()
    world.amana("post", "show", id).ok().says("signature", "since removed from the roster")
    assert world.amana("post", "--json", "show", id).json[0]["signer"]["state"] == "REMOVED"


@pytest.mark.skipif(not w.moves_time(), reason="this build takes its time from the machine alone")
def test_a_desk_whose_clock_is_wrong_is_told_by_how_much_and_what_to_do(world):
    """Saves from "CRL is not yet valid" and from milliseconds by the million at three in the morning."""
    def by_clock(hours):
        world.path("own.clock").write_bytes(struct.pack("=q", (int(world.ahead.total_seconds()) + hours * 3600) * 10**9))
        return {"AMANA_CLOCK": str(world.path("own.clock"))}

    world.amana("police", "status", env=by_clock(0)).ok().says(" ms ")
    world.amana("police", "status", env=by_clock(3)).ok().says("this clock is 3 h ahead: set it right")
    for hours, what in ((-40 * 24, "is not yet valid"), (400 * 24, "has expired")):
        said = world.amana("police", "status", env=by_clock(hours))
        assert re.search(rf"link +none: .*{what}.*: it was judged at 20\d\d-.*Z; set the clock right where that is wrong", said.out), said.out
