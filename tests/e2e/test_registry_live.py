# SPDX-License-Identifier: Apache-2.0
"""What a registrar changes counts at once for what is under way: a stream, a message that waits, a replay."""
import subprocess

import pytest

import raw as r
import world as w
from test_domain_release import alert, headquarters, headquarters_join


def registry(world, country, *args):
    return world.amana(f"{country}-registry", "admin", *args).ok()


def dropped(world, unit, since):
    world.hub.log.wait(rf"^dropped .*identity=amana://{unit}/", since)


# --- A Receive stream is open
def test_a_grant_that_goes_and_comes_back_leaves_the_stream_of_the_unit_as_it_is(world):
    process, mail = world.watch("post", "inbox", "--follow")
    world.hub.log.wait(r"^connected .*et/ics/moyale")
    registry(world, "et", "grant", "remove", "et/ics/moyale", "1", "--yes")
    registry(world, "ke", "grant", "remove", "ke/dci/transnational", "1", "--yes")
    world.amana("police", "send", world.draft()).exits(77)
    registry(world, "ke", "grant", "add", "ke/dci/transnational", "--kinds", "ALERT", "--to", "et/*/*,ke/*/*")
    mail.wait(world.send()[:13])
    assert process.poll() is None


def other_device(world):
    """A roster of the post that has another device in the place of its own."""
    world.run(w.AMANA, "init", "--unit", "et/ics/moyale", "--device", "d2", "--officer", "eics-1208", "--hub", "igad/hub", "--address",
              "127.0.0.1:4433", "-d", "post2")
    world.ca("issue", "-d", "et", *(f"post2/keys/{use}.csr" for use in ("auth", "seal", "sign", "officer"))).ok()
    world.path("fresh").mkdir()
    world.ca("roster", "--registrar", "et-registry/keys/officer.pem", "--key", "et-registry/keys/officer.key", "--previous",
             "rosters/et.ics.moyale.roster", "-o", "fresh", *(f"post2/keys/{use}.pem" for use in ("auth", "seal", "sign", "officer"))).ok()
    return "fresh/et.ics.moyale.roster"


def test_a_device_that_its_units_new_roster_leaves_out_loses_its_stream_at_once_and_gets_nothing_more(world):
    roster = other_device(world)
    process, mail = world.watch("post", "inbox", "--follow")
    world.hub.log.wait(r"^connected .*et/ics/moyale")
    since = len(world.hub.log.all)
    registry(world, "et", "roster", "add", roster)
    dropped(world, "et/ics/moyale", since)
    sent = world.send()
    world.amana("post", "inbox").exits(69, 77)
    assert not any(sent[:13] in line for line in mail.all)


# --- The trust list is another one by the time that is decided what a registrar signed
def not_named(world, country):
    """The hub's trust list names this registrar no more, whose session stays."""
    conf, digest = world.path("trust", "trust.conf"), world.ca("show", "--digest", f"{country}-registry/keys/officer.pem").ok().out.strip()
    before = conf.read_text()
    assert digest in before
    conf.write_text(before.replace(digest, "0" * 63 + "1"))
    world.hub.reload()
    return lambda: (conf.write_text(before), world.hub.reload())


@pytest.mark.parametrize("entry, change", [
    ("MEMBER", ("member", "add", "et/ics/galafi", "--role", "unit")),
    ("ROSTER", ("roster", "add", "fresh/et.ics.moyale.roster"))])
def test_what_a_registrar_signed_is_refused_where_the_list_names_it_no_more_once_it_is_decided(held, empty_world, entry, change):
    world = empty_world
    reached = held("registrar-checked")
    before = len(world.entries(entry))
    if entry == "ROSTER":
        other_device(world)
    process, lines = world.watch("et-registry", "admin", *change, stderr=subprocess.STDOUT)
    with reached():
        mended = not_named(world, "et")
    assert process.wait() == 65
    lines.wait('no registrar of "et"')
    assert len(world.entries(entry)) == before
    mended()
    registry(world, "et", *change)
    assert len(world.entries(entry)) == before + 1


# --- A message waits for its second person
@pytest.fixture
def parked(empty_world):
    world = empty_world
    world.supervisor()
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    world.parked = world.amana("police", "send", alert(world)).ok().says("waits").id
    return world


def not_released(world, code, *says):
    world.amana("chief", "release", world.parked, "--yes").exits(code).says(*says)
    assert world.entries("SUBMITTED") == []


def test_what_waits_is_released_by_the_grants_of_the_moment(parked):
    registry(parked, "ke", "grant", "remove", "ke/dci/transnational", "1", "--yes")
    not_released(parked, 77, "not permitted")
    registry(parked, "ke", "grant", "add", "ke/dci/transnational", "--kinds", "ALERT", "--to", "et/*/*")
    parked.amana("chief", "release", parked.parked, "--yes").ok()


def test_what_waits_for_a_member_that_was_removed_is_not_released(parked):
    registry(parked, "et", "member", "remove", "et/ics/moyale", "--yes")
    not_released(parked, 77, "not permitted")


def test_a_supervisor_who_lost_the_mark_while_it_waited_releases_nothing(parked):
    parked.path("fresh").mkdir()
    parked.ca("roster", "--registrar", "ke-registry/keys/officer.pem", "--key", "ke-registry/keys/officer.key", "--previous",
              "rosters/ke.dci.transnational.roster", "-o", "fresh",
              *(f"{d}/keys/{use}.pem" for d in ("police", "chief") for use in ("auth", "seal", "sign", "officer"))).ok()
    registry(parked, "ke", "roster", "add", "fresh/ke.dci.transnational.roster")
    not_released(parked, 77, "the roster of ke/dci/transnational marks kdci-0001 as none", "RELEASE_REQUIRED")


def test_what_an_officer_wrote_who_has_left_is_not_released(parked):
    parked.path("fresh").mkdir()
    parked.ca("roster", "--registrar", "ke-registry/keys/officer.pem", "--key", "ke-registry/keys/officer.key", "--previous",
              "rosters/ke.dci.transnational.roster", "--supervisor", "amana://ke/dci/transnational/officer/kdci-0001", "-o", "fresh",
              *(f"chief/keys/{use}.pem" for use in ("auth", "seal", "sign", "officer"))).ok()
    since = len(parked.hub.log.all)
    registry(parked, "ke", "roster", "add", "fresh/ke.dci.transnational.roster")
    parked.hub.log.wait(r"^roster unit=ke/dci/transnational number=3", since)
    not_released(parked, 77, "NOT_ON_ROSTER")


def test_whom_policy_names_no_more_releases_neither_what_waits_nor_what_went_before(empty_world):
    world = empty_world
    headquarters(world)
    world.start_hub()
    headquarters_join(world)
    waits = world.amana("police", "send", alert(world, releasing="ke/dci/headquarters")).ok().id
    went = world.amana("police", "send", alert(world, releasing="ke/dci/headquarters", release="DEFERRED", urgency="U1",
                                               urgency_reason="LIFE_AT_RISK")).ok().id
    world.path("policy.conf").write_text("# nobody\n")
    since = len(world.hub.log.all)
    world.hub.reload()
    world.hub.log.wait("^reloaded ", since)
    for message in (waits, went):
        world.amana("headquarters", "release", message, "--yes").exits(77).says("not permitted")
    world.amana("headquarters", "send-back", went, "--reason", "FACT_WRONG").exits(77).says("not permitted")
    assert world.entries("RELEASED") == world.entries("RETURNED") == []


# --- A replay runs
def following(world):
    process, entries = world.watch("auditor", "audit", "replay", "--reason", "a test", "--follow")
    entries.wait("START")
    return process, entries


@pytest.mark.parametrize("before,change", [(["igad", "ke", "et"], dict(role="auditor", scope=["et"])), (["ke"], dict(role="operator")), ([], dict(role="operator"))],
                         ids=["scope", "role", "role without a country"])
def test_a_replay_ends_when_its_reader_loses_a_country_or_the_role(world, pb, before, change):
    registrar = r.Raw(world, pb, "igad-registry", "igad/registry/desk", "r-1")
    with registrar.channel() as channel:
        for revision, row in enumerate((dict(role="auditor", scope=before), change), 2):
            if revision == 3:
                process, entries = following(world)
            signed = r.set_member(pb, registrar.keys, "igad/audit/desk", revision, **row)
            registrar.call(channel, "Admin/SetMember", signed, pb("audit").ProvedEntry)
    assert process.wait(w.PATIENCE) == 77
    sent = world.send()
    assert not any(sent[:13] in line for line in entries.all)


def test_a_replay_goes_on_when_its_reader_is_given_more(world):
    registry(world, "igad", "member", "add", "igad/audit/desk", "--role", "auditor", "--scope", "ke,et")
    process, entries = following(world)
    registry(world, "igad", "member", "add", "igad/audit/desk", "--role", "auditor", "--scope", "ke,et,igad")
    entries.wait(world.send()[:13])
    assert process.poll() is None


def test_a_replay_ends_with_the_session_of_a_reader_that_is_removed(world):
    process, _ = following(world)
    since = len(world.hub.log.all)
    registry(world, "igad", "member", "remove", "igad/audit/desk", "--yes")
    dropped(world, "igad/audit/desk", since)
    assert process.wait(w.PATIENCE) != 0
