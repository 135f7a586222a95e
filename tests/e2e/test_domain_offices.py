# SPDX-License-Identifier: Apache-2.0
"""Addresses, identities, roles: what each may and may never, tried by programs that keep to no rule of our client's."""
import base64

import grpc
import pytest

import raw as r
import world as w

Code = grpc.StatusCode
# Roles that send nothing, and what a dpo's office is for (desk, unit, officer).
OFFICES = {"auditor": ("auditor", "igad/audit/desk", "aud-0007"), "registrar": ("et-registry", "et/registry/desk", "r-1"),
           "operator": ("et-protection", "et/mowsa/protection", "emow-0101"), "dpo": ("ke-protection", "ke/dcs/child-protection", "kdcs-0033")}
POLICE = ("police", "ke/dci/transnational", "kdci-0417")
DPO_KINDS = {"ERASURE", "CORRECTION", "HOLD", "SUBJECT_ACCESS", "WITHDRAW", "ACK", "RESPONSE", "CONFIRM", "BODY_REJECTED"}
ALONE = {"ALERT", "REQUEST", "REFERRAL", "SUBJECT_ACCESS", "NOTE"}
OUTCOMES = {"CANCEL": 1, "CANNOT_EXECUTE": 5, "RESPONSE": 9, "REFUSAL": 12, "PROGRESS": 18, "WITHDRAW": 2, "DECISION": 22, "CLOSE": 28,
            "CONFIRM": 28, "CONTACT": 33, "BODY_REJECTED": 35}


@pytest.fixture(scope="module")
def world(file_world):
    """Two of its units are offices; a message of the police is at the post."""
    world = file_world
    world.start_hub()
    for role, registry in (("operator", "et-registry"), ("dpo", "ke-registry")):
        unit = OFFICES[role][1]
        world.amana(registry, "admin", "member", "remove", unit, "--yes").ok()
        world.amana(registry, "admin", "member", "add", unit, "--role", role).ok()
    world.alert = world.send("police", world.draft(recipients=[{"unit": "et/ics/moyale", "part": "ACTION"}], flags__child=False, urgency_reason="LIFE_AT_RISK",
                                                   alert__persons=[], alert__child_safeguard=None, alert__palermo=None))
    world.amana("post", "inbox").ok()
    return world


@pytest.fixture
def kinds(pb):
    codes = pb("message").Header.DESCRIPTOR.fields_by_name["kind"].enum_type.values
    return {v.name: v.number for v in codes if v.number}


def header_of(world, sender, kinds, kind, to="et/ics/moyale"):
    """A header of any kind that is whole; an answer is one to the police's alert."""
    header = sender.header(kind=kinds[kind])
    del header.recipients[:]
    header.recipients.add(unit=to, roster=1, part=1)
    for field in ("subject_kind", "source_eval", "info_eval", "valid_until"):
        if kind not in ("ALERT", "UPDATE") and (field, kind) != ("valid_until", "HOLD"):
            header.ClearField(field)
    header.outcome = OUTCOMES.get(kind, 0)
    if kind == "REFERRAL":
        header.consent = 1
    if kind == "CONTACT":
        header.means = 1
        header.told_at.CopyFrom(header.written_at)
    if kind not in ALONE:
        header.in_reply_to.id, header.in_reply_to.header_digest = world.alert, digest_of(world)
    if kind == "UPDATE":
        header.supersedes.CopyFrom(header.in_reply_to)
    return header


def digest_of(world):
    if not hasattr(world, "digest"):
        entry = next(e for e in world.entries("SUBMITTED") if e["submitted"]["id"] == world.alert)
        world.digest = base64.b64decode(entry["submitted"]["header_digest"])
    return world.digest


def refused(send, code=Code.PERMISSION_DENIED, reason="NOT_PERMITTED"):
    with pytest.raises(r.Refused) as refusal:
        send()
    return refusal.value.of(code, reason)


def seals(world, *desks):
    return [world.path(d, "keys", "seal.pem") for d in desks]


# --- Offices send nothing
@pytest.mark.parametrize("role", OFFICES)
def test_an_office_sends_no_kind_of_message_but_a_dpo_what_its_office_is_for(world, pb, kinds, role):
    desk, unit, officer = OFFICES[role]
    office = r.Raw(world, pb, desk, unit, officer)
    before = len(world.entries("REJECTED"))
    with office.channel() as channel:
        for kind in kinds:
            if role == "dpo" and kind in DPO_KINDS:
                continue
            header = header_of(world, office, kinds, kind)
            message = office.message(header, body=office.body(header, certificates=seals(world, "post", desk)))
            refusal = refused(lambda: office.send(message, channel))
            assert b"kind" in refusal.packed, (kind, refusal.details)
    rejected = world.entries("REJECTED")[before:]
    tried = len(kinds) - (len(DPO_KINDS) if role == "dpo" else 0)
    assert len(rejected) == min(tried, 20)  # deny by default, and it is logged: past 20 a minute they are counted together
    assert {e["rejected"]["identity"] for e in rejected} == {f"amana://{unit}/device/d1"}


def grown(pb):
    return pb("message").Flags(salt=bytes(16), protection=2)


def test_the_same_header_of_a_unit_goes_and_a_unit_does_not_do_a_dpos_work(world, pb, kinds):
    police = r.Raw(world, pb, *POLICE)
    for kind, goes in (("NOTE", True), ("REQUEST", True), ("SUBJECT_ACCESS", False)):
        header = header_of(world, police, kinds, kind)
        message = police.message(header, body=police.body(header, certificates=seals(world, "post", "police")), flags=grown(pb))
        if goes:
            assert police.send(message).index
        else:
            assert b"kind" in refused(lambda: police.send(message)).packed


# --- Offices get nothing
@pytest.mark.parametrize("role", ["auditor", "registrar", "operator"])
def test_nothing_is_sent_to_an_office_that_reads_no_content(world, pb, kinds, role):
    desk, unit, _ = OFFICES[role]
    police = r.Raw(world, pb, *POLICE)
    header = header_of(world, police, kinds, "NOTE", to=unit)
    message = police.message(header, body=police.body(header, certificates=seals(world, desk, "police")))
    assert b"recipients[0].unit" in refused(lambda: police.send(message)).packed


def received(raw, pb):
    relay = pb("relay")
    with raw.channel() as channel:
        stub = channel.unary_stream("/amana.v1.Relay/Receive", request_serializer=relay.ReceiveRequest.SerializeToString,
                                    response_deserializer=relay.Delivery.FromString)
        return list(stub(relay.ReceiveRequest(once=True), timeout=w.PATIENCE))


@pytest.mark.parametrize("role", OFFICES)
def test_an_office_sees_no_message_of_others_neither_in_its_mailbox_nor_by_its_id(world, pb, role):
    desk, unit, officer = OFFICES[role]
    office, relay, audit = r.Raw(world, pb, desk, unit, officer), pb("relay"), pb("audit")
    assert received(office, pb) == []
    pointer = {"id": world.alert, "header_digest": digest_of(world)}
    with office.channel() as channel:
        known, unknown = (office.call(channel, "Relay/Status", relay.StatusRequest(ids=[id]), relay.StatusResponse).messages
                          for id in (world.alert, r.new_id()))
        assert [m.ListFields()[1:] for m in known] == [m.ListFields()[1:] for m in unknown]  # but for the id that was asked for
        refused(lambda: office.call(channel, "Audit/Receipt", audit.ReceiptRequest(message=pointer), audit.ProvedEntry), Code.NOT_FOUND, "")
        refused(lambda: office.call(channel, "Relay/Release", relay.ReleaseRequest(message=pointer, signature=b"x"), audit.ProvedEntry))


def test_a_dpo_takes_on_and_answers_nothing_that_a_unit_asks(world, pb, kinds):
    desk, unit, officer = OFFICES["dpo"]
    police, office = r.Raw(world, pb, *POLICE), r.Raw(world, pb, desk, unit, officer)
    asked = header_of(world, police, kinds, "REQUEST", to=unit)
    asked.case_ref = "ke/dci/2026/008800"
    sent = police.message(asked, body=police.body(asked, certificates=seals(world, desk, "police")), flags=grown(pb))
    police.send(sent)
    for kind in ("ACK", "RESPONSE"):
        header = header_of(world, office, kinds, kind, to=POLICE[1])
        header.case_ref, header.in_reply_to.id, header.in_reply_to.header_digest = asked.case_ref, asked.id, r.hashlib.sha256(sent.header).digest()
        header.retain_until.CopyFrom(asked.retain_until)
        message = office.message(header, body=office.body(header, certificates=seals(world, "police", desk)), flags=grown(pb))
        assert b"kind" in refused(lambda: office.send(message)).packed, kind


def test_a_unit_reads_no_other_units_mail(world, pb):
    note = world.send("police", world.write("NOTE", {"title": "Shift", "text": "Between us."}, recipients=[{"unit": "ke/dci/transnational", "part": "ACTION"}]))
    post, relay, audit = r.Raw(world, pb, "post", "et/ics/moyale", "eics-1207"), pb("relay"), pb("audit")
    digest = next(base64.b64decode(e["submitted"]["header_digest"]) for e in world.entries("SUBMITTED") if e["submitted"]["id"] == note)
    header = pb("message").Header.FromString
    assert note not in [header(d.incoming.message.header).id for d in received(post, pb)]
    with post.channel() as channel:
        known, unknown = (post.call(channel, "Relay/Status", relay.StatusRequest(ids=[id]), relay.StatusResponse).messages
                          for id in (note, r.new_id()))
        assert [m.ListFields()[1:] for m in known] == [m.ListFields()[1:] for m in unknown]
        pointer = {"id": note, "header_digest": digest}
        refused(lambda: post.call(channel, "Audit/Receipt", audit.ReceiptRequest(message=pointer), audit.ProvedEntry), Code.NOT_FOUND, "")


# --- The log is for auditors and dpos, and holds no content
def replayed(raw, pb, **request):
    audit = pb("audit")
    with raw.channel() as channel:
        stub = channel.unary_stream("/amana.v1.Audit/Replay", request_serializer=audit.ReplayRequest.SerializeToString,
                                    response_deserializer=lambda b: b)
        try:
            return list(stub(audit.ReplayRequest(**request), timeout=w.PATIENCE))
        except grpc.RpcError as error:
            raise r.Refused(error) from None


@pytest.mark.parametrize("who", [POLICE, OFFICES["registrar"], OFFICES["operator"]], ids=["unit", "registrar", "operator"])
def test_nobody_but_an_auditor_and_a_dpo_replays_the_log(world, pb, who):
    refused(lambda: replayed(r.Raw(world, pb, *who), pb, reason="curiosity"))


def test_an_auditor_replays_with_a_stated_reason_and_gets_neither_body_nor_flags(world, pb):
    auditor = r.Raw(world, pb, *OFFICES["auditor"])
    refused(lambda: replayed(auditor, pb), Code.INVALID_ARGUMENT, "FIELD_INVALID")
    before = len(world.entries("ACCESS"))
    items = b"".join(replayed(auditor, pb, reason="monthly review"))
    assert world.alert.encode() in items
    sealed = world.amana("post", "show", world.alert, "--export", "of-post").ok() and world.path("of-post", "body.cms").read_bytes()
    assert sealed[64:128] not in items
    entry = next(e for e in world.replay() if e.get("header", {}).get("id") == world.alert)
    assert not {"body", "sealed_body", "flags"} & set(entry)
    said = [e["access"] for e in world.entries("ACCESS")][before]
    assert said["reason"] == "monthly review" and said["identity"] == "amana://igad/audit/desk/device/d1"


# --- The registry is a registrar's
@pytest.mark.parametrize("role", ["unit", "auditor", "operator", "dpo"])
def test_nobody_but_a_registrar_changes_members_grants_or_rosters(world, pb, role):
    who = POLICE if role == "unit" else OFFICES[role]
    raw, admin, audit = r.Raw(world, pb, *who), pb("admin"), pb("audit")
    country = who[1].split("/")[0]
    change = r.set_member(pb, raw.keys, f"{country}/new/desk", 1, role="unit")
    with raw.channel() as channel:
        refused(lambda: raw.call(channel, "Admin/SetMember", change, audit.ProvedEntry))
        roster = world.path("rosters", "ke.dci.transnational.roster").read_bytes()
        refused(lambda: raw.call(channel, "Admin/AddRoster", admin.AddRosterRequest(roster=roster), audit.ProvedEntry))
        looks = lambda: raw.call(channel, "Admin/Members", admin.MembersRequest(), admin.MembersResponse)
        if role == "operator":  # who runs the hub sees who is in it
            assert len(looks().members) >= 8
        else:
            refused(looks)


GRANT = {"kinds": [1], "parties": ["et/*/*"]}
JOINED = {  # one identity has one of unit or protection, or one of the others
    "an auditor's grant": (dict(role="auditor", scope=["ke"], grants=[GRANT]), "member.grants"),
    "a registrar's grant": (dict(role="registrar", grants=[GRANT]), "member.grants"),
    "an operator's grant": (dict(role="operator", grants=[GRANT]), "member.grants"),
    "a dpo's grant": (dict(role="dpo", grants=[GRANT]), "member.grants"),
    "a unit's scope": (dict(role="unit", scope=["ke"]), "member.scope"),
    "a registrar's scope": (dict(role="registrar", scope=["ke"]), "member.scope"),
    "two roles": (dict(role="unit,auditor"), "member.role"),
    "a role that is none": (dict(role="supervisor"), "member.role"),  # a mark on the roster, no grant
}


@pytest.mark.parametrize("case", JOINED)
def test_a_grant_that_joins_roles_is_refused(world, pb, case):
    changes, field = JOINED[case]
    registrar = r.Raw(world, pb, "ke-registry", "ke/registry/desk", "r-1")
    change = r.set_member(pb, registrar.keys, "ke/kra/malaba", 1, **changes)
    with registrar.channel() as channel:
        refusal = refused(lambda: registrar.call(channel, "Admin/SetMember", change, pb("audit").ProvedEntry),
                          Code.INVALID_ARGUMENT, "FIELD_INVALID")
    assert field.encode() in refusal.packed


@pytest.mark.parametrize("role", ["auditor", "content-auditor", "registrar", "operator", "dpo"])
def test_a_unit_that_carries_messages_is_given_no_office(world, pb, role):
    registrar, admin = r.Raw(world, pb, "ke-registry", "ke/registry/desk", "r-1"), pb("admin")
    with registrar.channel() as channel:
        rows = registrar.call(channel, "Admin/Members", admin.MembersRequest(unit="ke/dci/transnational"), admin.MembersResponse)
        change = r.set_member(pb, registrar.keys, "ke/dci/transnational", rows.members[0].revision + 1, role=role)
        refused(lambda: registrar.call(channel, "Admin/SetMember", change, pb("audit").ProvedEntry),
                Code.INVALID_ARGUMENT, "FIELD_INVALID")


def test_a_registrar_neither_looks_into_another_country_nor_changes_itself(world, pb):
    registrar, admin = r.Raw(world, pb, "ke-registry", "ke/registry/desk", "r-1"), pb("admin")
    with registrar.channel() as channel:
        for unit in ("et/new/desk", "ke/registry/desk"):
            rows = registrar.call(channel, "Admin/Members", admin.MembersRequest(unit=unit), admin.MembersResponse).members
            change = r.set_member(pb, registrar.keys, unit, (rows[0].revision if rows else 0) + 1, role="registrar")
            call = lambda: registrar.call(channel, "Admin/SetMember", change, pb("audit").ProvedEntry)
            refused(call)


def test_a_content_auditor_sends_reads_replays_and_looks_up_nothing(world, pb, kinds):
    """What it may open, and with whom, is oversight's: until then the role is a name with no right but to connect."""
    desk, unit, officer = OFFICES["operator"]
    office, admin, audit, directory, relay = r.Raw(world, pb, desk, unit, officer), pb("admin"), pb("audit"), pb("directory"), pb("relay")
    world.amana("et-registry", "admin", "member", "add", unit, "--role", "content-auditor").ok()
    try:
        with office.channel() as channel:
            for kind in ALONE:
                header = header_of(world, office, kinds, kind)
                message = office.message(header, body=office.body(header, certificates=seals(world, "post", desk)))
                assert b"kind" in refused(lambda: office.send(message, channel)).packed
            refused(lambda: office.call(channel, "Admin/Members", admin.MembersRequest(), admin.MembersResponse))
            refused(lambda: office.call(channel, "Admin/SetMember", r.set_member(pb, office.keys, "et/new/desk", 1, role="unit"), audit.ProvedEntry))
            refused(lambda: office.call(channel, "Directory/Lookup", directory.LookupRequest(unit="et/ics/moyale"), directory.LookupResponse))
            assert r.said_of(pb, office.call(channel, "Directory/Lookup", directory.LookupRequest(unit=unit), directory.LookupResponse)).role == "content-auditor"
            assert office.call(channel, "Relay/Status", relay.StatusRequest(), relay.StatusResponse).checkpoint.size
        refused(lambda: replayed(office, pb, reason="monthly review"))
        assert received(office, pb) == []
        police = r.Raw(world, pb, *POLICE)
        header = header_of(world, police, kinds, "NOTE", to=unit)
        refused(lambda: police.send(police.message(header, body=police.body(header, certificates=seals(world, desk, "police")))))
    finally:
        world.amana("et-registry", "admin", "member", "add", unit, "--role", "operator").ok()


# --- A dpo answers for its own country alone
def test_a_dpo_asks_for_a_person_abroad_from_dpo_to_dpo_alone(world, pb, kinds):
    office = r.Raw(world, pb, *OFFICES["dpo"])
    header = header_of(world, office, kinds, "SUBJECT_ACCESS")
    refusal = refused(lambda: office.send(office.message(header, body=office.body(header, certificates=seals(world, "post", "ke-protection")))))
    assert b"recipients[0].unit" in refusal.packed


def test_without_a_grant_nothing_goes_through_and_the_refusal_is_logged(world, pb, kinds):
    police = r.Raw(world, pb, *POLICE)
    world.amana("ke-registry", "admin", "grant", "remove", "ke/dci/transnational", "1", "--yes").ok()
    before = len(world.entries("REJECTED"))
    for kind in sorted(ALONE - {"SUBJECT_ACCESS", "REFERRAL"}):
        header = header_of(world, police, kinds, kind)
        refused(lambda: police.send(police.message(header, body=police.body(header, certificates=seals(world, "post", "police")))))
    rejected = world.entries("REJECTED")[before:]
    assert [e["rejected"]["reason"] for e in rejected] == ["NOT_PERMITTED"] * 3
