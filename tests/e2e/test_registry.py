# SPDX-License-Identifier: Apache-2.0
"""The registry: registrars change members and grants of their country, at once, and each change is an entry."""
import base64

import grpc
import pytest

import raw as r
from liar import Liar


def test_a_grant_that_is_added_counts_at_once_and_is_an_entry_with_its_text(world):
    world.amana("ke-registry", "admin", "grant", "remove", "ke/dci/transnational", "1", "--yes").ok().says("in force")
    world.amana("police", "send", world.draft()).exits(77).says("not permitted")
    world.amana("ke-registry", "admin", "grant", "add", "ke/dci/transnational", "--kinds", "ALERT,UPDATE,CANCEL", "--to",
                "et/ics/*,et/mowsa/protection,ke/dcs/child-protection").ok()
    alert = world.send()
    world.amana("post", "inbox").ok().says(alert[:13])
    grants = [e["grant"] for e in world.entries("GRANT") if e["grant"]["by"] != "init"]
    assert [g["unit"] for g in grants] == ["ke/dci/transnational"] * 2
    assert grants[0]["before"] and "after" not in grants[0] and "before" not in grants[1]
    assert all(g["by"] == "amana://ke/registry/desk/device/d1" for g in grants)
    assert grants[1]["text"] == "ALERT, UPDATE, CANCEL -> et/ics/*, et/mowsa/protection, ke/dcs/child-protection\n"


def test_a_member_that_is_removed_loses_its_live_session_at_once_and_comes_back_as_new(world):
    process, lines = world.watch("post", "inbox", "--follow")
    world.hub.log.wait(r"connected .*et/ics/moyale")
    since = len(world.hub.log.all)
    world.amana("et-registry", "admin", "member", "remove", "et/ics/moyale", "--yes").ok()
    world.hub.log.wait(r"dropped .*et/ics/moyale", since)
    world.amana("police", "send", world.draft()).exits(77)
    world.amana("et-registry", "admin", "member", "add", "et/ics/moyale", "--role", "unit", "--language", "am,en").ok()
    world.amana("police", "send", world.draft()).ok()
    world.amana("post", "inbox").ok()
    mine = [e["member"] for e in world.entries("MEMBER") if e["member"]["unit"] == "et/ics/moyale"]
    assert [m["said"].get("role", "") for m in mine] == ["unit", "", "unit"]
    assert [int(m["revision"]) for m in mine] == [1, 2, 3]


def test_what_a_registrar_did_stays_after_a_restart(world):
    world.amana("ke-registry", "admin", "member", "add", "ke/kra/malaba", "--role", "unit", "--language", "en,sw").ok()
    world.amana("ke-registry", "admin", "grant", "add", "ke/kra/malaba", "--kinds", "ALERT", "--to", "et/*/*").ok()
    world.hub.kill()
    world.start_hub()
    world.amana("ke-registry", "admin", "grant", "list", "ke/kra/malaba").ok().says("ke/kra/malaba  unit  en,sw",
                                                                                  "1  ALERT to et/*/*")
    rows = world.amana("ke-registry", "--json", "admin", "member", "list").ok().json
    assert {row["unit"]: row["revision"] for row in rows}["ke/kra/malaba"] == 2


def test_a_registrar_keeps_its_own_country_and_not_itself(world):
    for unit in ("et/ics/moyale", "ke/registry/desk", "igad/audit/desk"):
        world.amana("ke-registry", "admin", "member", "remove", unit, "--yes").exits(77).says("not permitted")
    world.amana("ke-registry", "admin", "member", "add", "ug/police/kampala", "--role", "unit").exits(77)
    assert len([e for e in world.entries("MEMBER") if e["member"]["by"] != "init"]) == 0


def test_only_registrars_see_and_change_the_registry(world):
    for desk in ("police", "auditor", "et-protection"):
        world.amana(desk, "admin", "member", "list").exits(77).says("not permitted")
        world.amana(desk, "admin", "member", "remove", "ke/dcs/child-protection", "--yes").exits(77)
    assert len([e for e in world.entries("MEMBER") if e["member"]["by"] != "init"]) == 0


def test_a_dry_run_shows_what_would_be_and_changes_nothing(world):
    world.amana("ke-registry", "admin", "grant", "add", "ke/dci/transnational", "--kinds", "NOTE", "--to", "et/*/*",
                "--dry-run").ok().says("2  NOTE to et/*/*")
    world.amana("ke-registry", "admin", "grant", "remove", "ke/dci/transnational", "1", stdin="n\n").exits(75).says(
        "nothing was changed")
    assert len([e for e in world.entries("GRANT") if e["grant"]["by"] != "init"]) == 0


def test_a_roster_is_shown_and_checked_before_it_is_given(world):
    roster = ("admin", "roster", "add", "rosters/ke.dci.transnational.roster")
    before = len(world.entries("ROSTER"))
    world.amana("ke-registry", *roster, "--dry-run").exits(73)  # it is in force
    world.supervisor()
    world.amana("ke-registry", *roster, "--dry-run").ok().says(
        "ke/dci/transnational  2, signed by ke/registry/desk/officer/", "officer  kdci-0001, supervisor")
    assert len(world.entries("ROSTER")) == before
    world.amana("ke-registry", *roster).ok().says("in force")
    assert len(world.entries("ROSTER")) == before + 1


def test_a_roster_that_is_taken_away_lets_nobody_in_and_its_number_is_spent(world, pb):
    """A unit whose keys are all in wrong hands is shut out in one step, until its registrar has enrolled it anew."""
    post = "et/ics/moyale"
    remove = ("admin", "roster", "remove", post)
    follower, _ = world.watch("post", "inbox", "--follow")
    world.hub.log.wait(rf"connected .*{post}")
    police = r.Raw(world, pb)
    message = police.message()
    world.amana("et-registry", *remove, stdin="n\n").exits(75).says("1 device and 1 officer are refused", "nothing was changed")
    world.amana("et-registry", *remove, "--dry-run").ok().says(f"{post}  2, signed by et/registry/desk/officer/", "out of force")
    world.amana("ke-registry", *remove, "--yes").exits(77).says('no registrar of "et"')
    assert len([e for e in world.entries("ROSTER") if e["roster"]["unit"] == post]) == 1
    since = len(world.hub.log.all)
    world.amana("et-registry", *remove, "--yes", "-o", "rosters").ok().says(f"roster 2 of {post} is in force: nobody is on it")
    world.hub.log.wait(rf"dropped .*{post}", since)
    follower.terminate()  # it would take the alert of the end before the plain inbox
    follower.wait()
    world.amana("post", "status").exits(77, 69)
    world.amana("police", "send", world.draft()).exits(77).says(post, "took its roster out of force, by number 2")
    with pytest.raises(r.Refused) as refusal:  # a client that doesn't look
        police.send(message)
    refusal.value.of(grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED")
    world.amana("police", "units", post).ok().says("none in force: taken away by number 2", "verified")
    world.amana("et-registry", "admin", "roster", "list", post).ok().says("out of force")
    world.amana("ke-registry", "admin", "policy", "try", "--as", "ke/dci/transnational", "--kind", "ALERT", "--to", post).exits(77).says(
        "taken out of force by number 2")
    said = [e["roster"].get("removed", False) for e in world.entries("ROSTER") if e["roster"]["unit"] == post]
    assert said == [False, True]
    world.amana("auditor", "audit", "replay", "--reason", "who may write").ok().says(f"2 of {post}", "out of force")
    world.amana("et-registry", *remove, "-o", "rosters").ok().says("number 2 took it away")
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok()
    world.start_hub()
    world.amana("post", "status").exits(77, 69)
    roster = ("roster", "--registrar", "et-registry/keys/officer.pem", "--key", "et-registry/keys/officer.key", "-o")
    keys = [f"post/keys/{use}.pem" for use in ("auth", "seal", "sign", "officer")]
    world.path("old").mkdir()
    world.ca(*roster, "old", *keys).ok()
    world.amana("et-registry", "admin", "roster", "add", "old/et.ics.moyale.roster").exits(65).says("must be higher than the newest roster's")
    world.ca(*roster, "rosters", *keys).ok().says("roster 3")
    world.amana("et-registry", "admin", "roster", "add", "rosters/et.ics.moyale.roster").ok().says("roster 3 of", "in force")
    alert = world.amana("police", "send", world.draft()).ok().id
    world.amana("post", "inbox").ok().says(alert[:13])


def test_what_is_wrong_is_named_and_nothing_is_changed(world):
    def wrong(says, *args, code=65):
        world.amana("ke-registry", "admin", *args).exits(code).says(says)
    wrong("COUNTRY/AGENCY/UNIT", "grant", "add", "ke/dci/transnational", "--kinds", "ALERT", "--to", "et/ics")
    wrong('did you mean "ALERT"', "grant", "add", "ke/dci/transnational", "--kinds", "ALART", "--to", "et/*/*", code=64)
    wrong("needs --kinds and --to", "grant", "add", "ke/dci/transnational", code=64)
    wrong("none of its grants", "grant", "remove", "ke/dci/transnational", "9", code=64)
    wrong("must be one of unit, protection", "member", "add", "ke/kra/malaba", "--role", "police")
    wrong("ISO 639", "member", "add", "ke/kra/malaba", "--role", "unit", "--language", "english")
    wrong("auditor alone", "member", "add", "ke/kra/malaba", "--role", "unit", "--scope", "ke")
    wrong('"ug", which is no country of the hub\'s trust.conf', "grant", "add", "ke/dci/transnational", "--kinds", "ALERT", "--to", "ug/*/*")
    wrong("member.deputy", "member", "add", "ke/dci/transnational", "--deputy", "ug/police/kampala")
    wrong("is no member yet", "member", "add", "ke/kra/malaba", code=64)
    wrong("is no member", "grant", "add", "ke/kra/malaba", "--kinds", "ALERT", "--to", "et/*/*", code=66)
    assert len([e for e in world.entries("MEMBER") if e["member"]["by"] != "init"]) == 0


def test_how_a_unit_is_reached_stands_in_its_row_and_in_the_entry(world):
    world.amana("et-registry", "admin", "member", "add", "et/ics/moyale", "--hours", "mon-fri 07:30-17:00 +03:00",
                "--telephone", "+251462340001", "--deputy", "et/mowsa/protection").ok().says("+251462340001")
    row = world.amana("et-registry", "--json", "admin", "member", "list", "et/ics/moyale").ok().json[0]
    assert (row["hours"], row["deputy"]) == ("mon-fri 07:30-17:00 +03:00", "et/mowsa/protection") and row["grants"]
    entry = [e["member"] for e in world.entries("MEMBER") if e["member"]["unit"] == "et/ics/moyale"][-1]["said"]
    assert entry["telephone"] == "+251462340001" and "successor" not in entry
    world.amana("et-registry", "admin", "member", "add", "et/ics/moyale", "--telephone", "01 234").exits(65).says(
        "member.telephone", "+254201234567")
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok()


def test_new_mail_to_a_closed_unit_is_refused_with_its_successor_s_name_and_the_closing_is_an_entry(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.amana("et-registry", "admin", "member", "add", "et/ics/moyale", "--successor", "et/mowsa/protection").ok()
    world.amana("police", "send", world.draft()).exits(77).says("et/ics/moyale is closed: write to et/mowsa/protection",
                                                              "RECIPIENT_CLOSED")
    world.amana("post", "ack", alert).ok()  # what it still has to say is taken
    entry = [e["member"] for e in world.entries("MEMBER")][-1]
    assert (entry["unit"], entry["said"]["successor"]) == ("et/ics/moyale", "et/mowsa/protection")
    world.amana("auditor", "audit", "replay", "--reason", "a test").ok().says("closed; its successor is et/mowsa")
    world.amana("et-registry", "admin", "member", "add", "et/ics/moyale", "--successor", "").ok()
    world.send()


def test_no_unit_carries_messages_and_has_an_office(world):
    world.amana("ke-registry", "admin", "member", "add", "ke/kra/malaba", "--role", "unit").ok()
    world.amana("ke-registry", "admin", "member", "add", "ke/kra/malaba", "--role", "auditor").exits(65).says(
        "must not go from carrying messages to an office")
    world.amana("ke-registry", "admin", "member", "add", "ke/kra/malaba", "--role", "protection").ok()


def test_an_auditor_opens_no_clock_and_no_state_of_messages_outside_its_scope(world):
    def seen(*countries):
        world.amana("igad-registry", "admin", "member", "add", "igad/audit/desk", "--role", "auditor", "--scope",
                    ",".join(countries)).ok()
        return {e.get("kind") for e in world.replay()}

    alert = world.send("police", world.draft("alert.json", recipients=[
        {"unit": "et/ics/moyale", "part": "ACTION"}, {"unit": "et/mowsa/protection", "part": "ACTION"},
        {"unit": "ke/dcs/child-protection", "part": "COPY"}]))
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", alert).ok()
    world.amana("post", "hit", alert, world.example("hit")).ok()
    of_messages = {"SUBMITTED", "RETRIEVED", "DEADLINE"}
    assert of_messages <= seen("et")
    assert not (of_messages | {"STATE"}) & seen("igad")


def test_of_two_changes_from_one_row_the_second_is_refused(world, pb):
    registrar = r.Raw(world, pb, "ke-registry", "ke/registry/desk", "r-1")
    change = r.set_member(pb, registrar.keys, "ke/kra/malaba", 1, role="unit")
    with registrar.channel() as channel:
        entry = registrar.call(channel, "Admin/SetMember", change, pb("audit").ProvedEntry)
        assert entry.index > 0
        with pytest.raises(r.Refused) as refused:
            registrar.call(channel, "Admin/SetMember", change, pb("audit").ProvedEntry)
        refused.value.of(grpc.StatusCode.FAILED_PRECONDITION, "STATE_FORBIDS")
        with pytest.raises(r.Refused) as refused:
            registrar.call(channel, "Admin/SetMember", pb("admin").SetMemberRequest(), pb("audit").ProvedEntry)
        refused.value.of(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")


def test_an_auditor_looks_up_the_rosters_of_its_scope_alone(world, pb):
    auditor, directory = r.Raw(world, pb, "auditor", "igad/audit/desk", "aud-0007"), pb("directory")

    def looks(unit):
        with auditor.channel() as channel:
            return r.said_of(pb, auditor.call(channel, "Directory/Lookup", directory.LookupRequest(unit=unit), directory.LookupResponse)).role
    assert looks("ke/dci/transnational") == looks("et/ics/moyale") == "unit"
    world.amana("igad-registry", "admin", "member", "add", "igad/audit/desk", "--role", "auditor", "--scope", "et").ok()
    assert looks("et/ics/moyale") == "unit"
    with pytest.raises(r.Refused) as refused:
        looks("ke/dci/transnational")
    refused.value.of(grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED")


# --- What is said of a unit is its registrar's word
def test_what_is_said_of_a_unit_is_signed_by_its_registrar_and_openssl_verifies_it(world, pb):
    world.amana("et-registry", "admin", "member", "add", "et/ics/moyale", "--telephone", "+251462340001").ok()
    entry = [e["member"] for e in world.entries("MEMBER") if e["member"]["unit"] == "et/ics/moyale"][-1]
    world.path("statement.cms").write_bytes(base64.b64decode(entry["statement"]))
    world.path("anchors.pem").write_bytes(world.path("trust", "roots.pem").read_bytes() + world.path("trust", "cas.pem").read_bytes())
    world.run("openssl", "cms", "-verify", "-inform", "DER", "-in", "statement.cms", "-CAfile", "anchors.pem", "-purpose", "any", "-out",
              "statement.bin", "-signer", "signer.pem")
    said = pb("message").MemberStatement.FromString(world.path("statement.bin").read_bytes())
    assert (said.context, said.unit, said.revision, said.said.telephone) == ("amana-member-v1", "et/ics/moyale", 2, "+251462340001")
    signer = world.ca("show", "--digest", "signer.pem").ok().out.strip()
    assert signer in world.path("trust", "trust.conf").read_text().split('country "et"')[1].split("}")[0]
    grant = [e["grant"] for e in world.entries("GRANT") if e["grant"]["unit"] == "et/ics/moyale"][-1]
    assert said.grants == base64.b64decode(grant["after"])
    world.amana("auditor", "audit", "replay", "--reason", "who may write").ok().says(
        "et/ics/moyale is unit, signed by et/registry/desk/officer/r-1")


def test_what_no_registrar_of_the_unit_s_country_signed_is_refused_with_the_reason(world, pb):
    registrar, unit, grant = r.Raw(world, pb, "ke-registry", "ke/registry/desk", "r-1"), "ke/kra/malaba", {"kinds": [1], "parties": ["et/*/*"]}
    own, abroad, police = (world.path(desk, "keys") for desk in ("ke-registry", "et-registry", "police"))
    good = r.set_member(pb, own, unit, 1, [grant], role="unit")
    whole = good.statement
    admin = pb("admin")

    def refused(change, *says):
        with registrar.channel() as channel, pytest.raises(r.Refused) as refusal:
            registrar.call(channel, "Admin/SetMember", change, pb("audit").ProvedEntry)
        refusal.value.of(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
        assert all(word.encode() in refusal.value.packed for word in says), refusal.value.packed
    refused(admin.SetMemberRequest(statement=r.set_member(pb, abroad, unit, 1, [grant], role="unit").statement, grants=[grant]),
            "et/registry/desk/officer/r-1", 'no registrar of "ke"')
    refused(r.set_member(pb, police, unit, 1, role="unit"), "ke/dci/transnational/officer/kdci-0417", 'no registrar of "ke"')
    refused(admin.SetMemberRequest(grants=[grant]), "there is none")
    content = pb("message").MemberStatement(context="amana-member-v1", unit=unit, revision=1, said=dict(role="unit")).SerializeToString()
    refused(admin.SetMemberRequest(statement=content), "signature")
    at = whole.index(b"ke/kra/malaba")
    refused(admin.SetMemberRequest(statement=whole[:at] + b"ke/kra/busiax"[:13] + whole[at + 13:], grants=[grant]))
    refused(r.set_member(pb, own, unit, 1, role="unit", context="amana-returned-v1"), "no statement about a member")
    refused(admin.SetMemberRequest(statement=whole, grants=[{"kinds": [1], "parties": ["*/*/*"]}]), "not those of ke/kra/malaba")
    refused(admin.SetMemberRequest(statement=whole), "not those of ke/kra/malaba")
    assert unit not in {e["member"]["unit"] for e in world.entries("MEMBER")}
    with registrar.channel() as channel:
        registrar.call(channel, "Admin/SetMember", good, pb("audit").ProvedEntry)
    assert unit in {e["member"]["unit"] for e in world.entries("MEMBER")}


def empty_roster(pb, keys, unit, number, previous, ahead):
    """One that takes the unit out, and begins so many seconds from now."""
    content = pb("message").Roster(unit=unit, number=number, previous=previous)
    content.not_before.GetCurrentTime()
    content.not_before.seconds += ahead
    content.not_after.seconds = content.not_before.seconds + 86400
    return r.sign(content.SerializeToString(), keys / "officer.pem", keys / "officer.key", r.BINARY | r.CADES | r.NOSMIMECAP)


def test_what_a_registrar_signed_by_a_clock_that_is_ahead_is_refused(world, pb):
    """It would be in force before it says so, and what comes after it would seem to be older."""
    registrar, unit = r.Raw(world, pb, "ke-registry", "ke/registry/desk", "r-1"), "ke/dcs/child-protection"
    keys, admin = registrar.keys, pb("admin")

    def roster(ahead):
        return admin.AddRosterRequest(roster=empty_roster(pb, keys, unit, 2, bytes(32), ahead))

    def refused(call, change, *says):
        with registrar.channel() as channel, pytest.raises(r.Refused) as refusal:
            registrar.call(channel, call, change, pb("audit").ProvedEntry)
        refusal.value.of(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
        assert all(word.encode() in refusal.value.packed for word in says), refusal.value.packed
    refused("Admin/SetMember", r.set_member(pb, keys, "ke/kra/malaba", 1, role="unit", ahead=360), "statement.time", "at this hub it is")
    refused("Admin/AddRoster", roster(360), "roster.not_before", "at this hub it is")
    refused("Admin/AddRoster", roster(240), "must be the digest of the newest roster")
    with registrar.channel() as channel:
        registrar.call(channel, "Admin/SetMember", r.set_member(pb, keys, "ke/kra/malaba", 1, role="unit", ahead=240), pb("audit").ProvedEntry)


def test_a_roster_of_the_folder_that_has_not_begun_is_left_out_until_it_has(world, pb):
    unit = "ke/dcs/child-protection"
    first = next(e["roster"] for e in world.entries("ROSTER") if e["roster"]["unit"] == unit)
    given = empty_roster(pb, world.path("ke-registry", "keys"), unit, 2, base64.b64decode(first["digest"]), 360)
    world.path("rosters", "next.roster").write_bytes(given)
    since = len(world.hub.log.all)
    world.hub.reload()
    said = world.hub.log.wait(rf"^roster unit={unit} number=2 ", since)
    assert "it begins at" in said and "at this hub it is" in said and "the running one is kept" in said
    assert [e["roster"]["number"] for e in world.entries("ROSTER") if e["roster"]["unit"] == unit] == [first["number"]]
    world.later(minutes=2)
    since = len(world.hub.log.all)
    world.hub.reload()
    world.hub.log.wait(rf"^roster unit={unit} number=2$", since)


def test_a_statement_of_a_registrar_whose_certificate_was_revoked_is_neither_taken_nor_believed(world):
    revoke = ("revoke", "-d", "ke", "--reason", "keyCompromise", "ke-registry/keys/officer.pem")
    world.ca(*revoke).ok()
    for folder in ("trust", "police/trust", "ke-registry/trust", "post/trust"):
        world.run("cp", "ke/units.crl", f"{folder}/crls/ke-units.crl")
    world.hub.reload()
    world.amana("ke-registry", "admin", "member", "add", "ke/kra/malaba", "--role", "unit").exits(65).says("revoked")
    world.amana("police", "units", "ke/dcs").exits(78).says("revoked")


class Registrar:
    """Kenya's, whose certificate is another one from time to time."""
    def __init__(self, world):
        self.world, self.whole, self.first = world, world.path("trust", "trust.conf").read_text(), self.digest(world)

    def digest(self, world=None):
        return (world or self.world).ca("show", "--digest", "ke-registry/keys/officer.pem").ok().out.strip()

    def named(self, *digests):
        """At the hub, and at the desks that look."""
        for folder in ("trust", "police/trust", "ke-registry/trust"):
            self.world.path(folder, "trust.conf").write_text(self.whole.replace(f'"{self.first}"', ", ".join(f'"{d}"' for d in digests)))
        self.world.hub.reload()

    def renewed(self, *days):
        self.world.path("ke-registry", "keys", "officer.pem").unlink()
        self.world.ca("issue", "-d", "ke", *days, "ke-registry/keys/officer.csr").ok()
        return self.digest()


def test_before_a_registrar_s_certificate_is_taken_away_what_it_signed_is_signed_again_by_the_new_one(world):
    again, lists = ("admin", "member", "renew"), ("admin", "member", "list")
    registrar = Registrar(world)
    old, named, renew = registrar.digest(), registrar.named, registrar.renewed
    roster = ("roster", "--registrar", "ke-registry/keys/officer.pem", "--key", "ke-registry/keys/officer.key", "-o", "rosters")

    def signed():
        return [e["member"]["unit"] for e in world.entries("MEMBER") if e["member"]["by"] != "init"]
    short = renew("--days", "13")
    world.amana("ke-registry", *again, "--all", "--yes").exits(77).says('no registrar of "ke"')  # not named yet
    named(old, short)
    world.amana("ke-registry", *again, "--yes").ok().says("nothing is to be signed again")
    world.amana("ke-registry", *again, "--all", "--yes").ok().says("ke/dci/transnational  in force", "that is this registrar itself")
    world.amana("ke-registry", *again, "--all", "--yes").ok().says("nothing is to be signed again")
    assert sorted(signed()) == ["ke/dci/transnational", "ke/dcs/child-protection"]
    ends = "2 statements of this country's units rest on a certificate that ends within 14 days"
    world.amana("ke-registry", *lists).ok().says(ends, "amana admin member renew")
    world.amana("ke-registry", "status").ok().says(ends)
    assert world.amana("ke-registry", "--json", "status").ok().json[0]["statements_ending"] == 2
    assert ends not in world.amana("police", "status").ok().out
    new = renew()
    named(short, new)
    world.amana("ke-registry", *again, stdin="n\n").exits(75).says("ends within 14 days", "nothing was changed")
    world.amana("ke-registry", *again, "--dry-run").ok().says("ke/dci/transnational  unit", "ALERT")
    assert len(signed()) == 2
    grants = [world.amana("ke-registry", "--json", *lists, "ke/dci/transnational").ok().json[0]["grants"]]
    world.amana("ke-registry", *again, stdin="y\n").ok().says("ke/dcs/child-protection  in force")
    world.ca(*roster, *(f"ke-protection/keys/{use}.pem" for use in ("auth", "seal", "sign", "officer"))).ok()
    world.amana("ke-registry", "admin", "roster", "add", "rosters/ke.dcs.child-protection.roster").ok()
    named(new)
    world.amana("ke-registry", *again, "--yes").ok().says("nothing is to be signed again")
    assert len(signed()) == 4
    listed = world.amana("ke-registry", *lists).ok()
    assert "statements of this country" not in listed.err and "ke/dci/transnational: what" not in listed.err
    grants.append(world.amana("ke-registry", "--json", *lists, "ke/dci/transnational").ok().json[0]["grants"])
    assert grants[0] == grants[1] and grants[0]
    world.amana("police", "units", "ke/dcs/child-protection").ok().says("verified")
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok()


def test_before_a_registrar_s_certificate_is_taken_away_the_rosters_that_it_signed_are_signed_again_by_the_new_one(world):
    again, lists = ("admin", "roster", "renew"), ("admin", "roster", "list")
    world.supervisor()
    world.hub.reload()
    world.hub.log.wait(r"^roster unit=ke/dci/transnational number=2")
    world.amana("ke-registry", "admin", "roster", "remove", "ke/dcs/child-protection", "--yes", "-o", "rosters").ok()
    registrar = Registrar(world)
    old = registrar.digest()

    def rosters():
        return {row["unit"]: row for row in world.amana("ke-registry", "--json", *lists).ok().json if row["unit"].startswith("ke/")}

    def numbers():
        return [rosters()[unit]["number"] for unit in ("ke/dci/transnational", "ke/dcs/child-protection", "ke/registry/desk")]
    assert numbers() == [2, 2, 1]
    short = registrar.renewed("--days", "13")
    registrar.named(old, short)
    world.amana("ke-registry", *again, "--yes").ok().says("nothing is to be signed again")
    before = rosters()
    world.amana("ke-registry", *again, "--all", "--yes", "-o", "rosters").ok().says("ke/dci/transnational  in force", "that is this registrar itself")
    assert numbers() == [3, 3, 1]
    for unit, row in rosters().items():
        assert [row[what] for what in ("devices", "officers", "in_force")] == [before[unit][what] for what in ("devices", "officers", "in_force")]
    assert any(officer["supervisor"] for officer in rosters()["ke/dci/transnational"]["officers"])
    world.amana("ke-registry", *again, "--all", "--yes").ok().says("nothing is to be signed again")
    ends = "2 rosters of this country's units rest on a certificate that ends within 14 days"
    world.amana("ke-registry", *lists).ok().says(ends, "amana admin roster renew")
    world.amana("ke-registry", "status").ok().says(ends)
    assert world.amana("ke-registry", "--json", "status").ok().json[0]["rosters_ending"] == 2
    assert ends not in world.amana("police", "status").ok().out
    new = registrar.renewed()
    registrar.named(new)  # too early: nobody believes them any more
    world.amana("ke-registry", "admin", "member", "renew", "--all", "--yes").ok()
    world.amana("police", "units", "ke/dcs").exits(77).says('no registrar of "ke"')
    world.amana("ke-registry", *lists).ok().says("ke/dci/transnational: its roster must be signed anew", "amana admin roster renew")
    world.amana("ke-registry", *again, stdin="n\n").exits(75).says("ke/dci/transnational  3", "kdci-0001, supervisor", "nothing was changed")
    world.amana("ke-registry", *again, "--dry-run").ok().says("ke/dci/transnational  3")
    assert numbers() == [3, 3, 1]
    world.amana("ke-registry", *again, "-o", "rosters", stdin="y\n").ok().says("ke/dcs/child-protection  in force")
    assert numbers() == [4, 4, 1]
    world.amana("police", "units", "ke/dcs/child-protection").ok().says("none in force: taken away by number 4", "verified")
    world.amana("chief", "status").ok()
    assert "rosters of this country" not in world.amana("ke-registry", *lists).ok().err
    keys = [f"ke-protection/keys/{use}.pem" for use in ("auth", "seal", "sign", "officer")]
    world.ca("roster", "--registrar", "ke-registry/keys/officer.pem", "--key", "ke-registry/keys/officer.key", "-o", "rosters", *keys).ok().says("roster 5")
    world.amana("ke-registry", "admin", "roster", "add", "rosters/ke.dcs.child-protection.roster").ok().says("roster 5 of", "in force")
    world.hub.stop()
    world.amanad("fsck", "-d", "data").ok()


def test_a_registrar_who_lists_rosters_asks_the_hub_for_each_once(world, pb):
    """Saves half of a long list on a slow link."""
    with Liar(world, pb, "ke-registry") as liar:
        listed = world.amana("ke-registry", "--json", "admin", "roster", "list", env=liar.env()).ok().json
    assert len(listed) > 1 and liar.calls.count("Directory/Lookup") == len(listed)


def test_a_registrar_s_status_asks_for_the_rosters_that_its_desk_has_not_verified_yet(world, pb):
    """Saves a country of five hundred units as many questions each time."""
    registrar = Registrar(world)
    registrar.named(registrar.digest(), registrar.renewed("--days", "13"))
    again = ("admin", "roster", "renew", "--all", "--yes", "-o", "rosters")

    def asked():
        with Liar(world, pb, "ke-registry") as liar:
            ending = world.amana("ke-registry", "--json", "status", env=liar.env()).ok().json[0]["rosters_ending"]
        return ending, sorted(pb("directory").LookupRequest.FromString(request).unit for method, request in liar.requests if method == "Directory/Lookup")
    both = ["ke/dci/transnational", "ke/dcs/child-protection"]
    assert [asked(), asked()] == [(0, both), (0, [])]
    world.amana("ke-registry", *again).ok().says("ke/dci/transnational  in force")
    assert [asked(), asked()] == [(2, both), (2, [])]
    registrar.named(registrar.renewed())  # those that it signed are believed no more, and none of them is counted as good
    assert asked()[0] == 2


def test_a_roster_whose_registrar_is_believed_no_more_is_shown_by_the_answer_that_was_not_believed(world, pb):
    registrar = Registrar(world)
    registrar.named(registrar.renewed())
    with Liar(world, pb, "ke-registry") as liar:
        world.amana("ke-registry", "admin", "roster", "list", "ke/dci/transnational", env=liar.env()).ok().says("must be signed anew")
    assert liar.calls.count("Directory/Lookup") == 1


def test_a_registrar_signs_nothing_anew_that_no_registrar_vouches_for_and_its_desk_never_verified(world):
    """It may be of the hub's own making: a roster with one device more."""
    registrar = Registrar(world)
    registrar.named(registrar.renewed())
    before = len(world.entries("ROSTER")), len(world.entries("MEMBER"))
    for what, by_hand in (("roster", "amana-ca roster"), ("member", "amana admin member add")):
        said = world.amana("ke-registry", "admin", what, "renew", "--all", "--yes")
        said.says("ke/dci/transnational", 'no registrar of "ke"', "this desk never verified it", by_hand)
        assert said.code != 0
    assert (len(world.entries("ROSTER")), len(world.entries("MEMBER"))) == before


def test_init_takes_no_row_that_its_country_s_registrar_has_not_signed(empty_world):
    world = empty_world
    conf = world.path("members.conf").read_text()
    init = ("init", "-c", "amanad.conf", "--members", "members.conf", "--registrar", "ke-registry/keys/officer.pem")
    world.path("amanad.conf").write_text('data = "other"\n' + world.path("amanad.conf").read_text())
    statement = world.path("statements", "et.ics.moyale.member")
    signed = statement.read_bytes()
    line = conf[:conf.index("}\n}", conf.index('"et/ics/moyale"'))].count("\n") + 2
    statement.unlink()
    world.amanad(*init).exits(78).says(f"members.conf:{line}", 'unit "et/ics/moyale" has no statement by a registrar', "amana-ca member --registrar")
    statement.write_bytes(signed)
    world.path("members.conf").write_text(conf.replace('unit "et/ics/moyale" {', 'unit "et/ics/moyale" {\n  telephone = "+254700000000"'))
    world.amanad(*init).exits(78).says("is not what its registrar signed")
    world.amanad("--check", "-c", "amanad.conf", "--members", "members.conf").exits(78).says("is not what its registrar signed")
    keys = ("--key", "ke-registry/keys/officer.key", "--registrar", "ke-registry/keys/officer.pem")
    world.ca("member", *keys, "members.conf").ok()
    world.amanad(*init).exits(78).says("is not what its registrar signed")  # ke's registrar signs for ke
    world.ca("member", "--key", "et-registry/keys/officer.key", "--registrar", "et-registry/keys/officer.pem", "members.conf").ok().says(
        "et/ics/moyale is unit, 1 grant")
    world.ca("show", "statements/et.ics.moyale.member").ok().says("statement 1 about et/ics/moyale", "+254700000000", "et/registry/desk/officer/r-1")
    world.amanad(*init).ok()

