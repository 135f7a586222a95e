# SPDX-License-Identifier: Apache-2.0
"""A hub that lies to a desk: each lie is noticed and named, and holds up nothing else."""
import base64
import re

import pytest

import raw as r
import test_domain_release as release
import world as w
from liar import Branch, Liar, sha256


def alarms(world, desk):
    """What is kept of each alarm."""
    folder = world.path(desk, "store", "alarms")
    return [p.read_text() for p in sorted(folder.iterdir())] if folder.exists() else []


def flipped(data):
    return bytes([data[0] ^ 1]) + data[1:]


def test_a_desk_hears_an_honest_hub_through_the_liar_that_says_nothing_false(world, pb):
    alert = world.send()
    with Liar(world, pb, "post") as liar:
        world.amana("post", "inbox", env=liar.env()).ok().says(alert[:13])
    assert not alarms(world, "post")


# --- The protocol
def no_checkpoint(status):
    status.ClearField("checkpoint")
    return status


def no_message(_):
    return b"\xff\xff"


@pytest.mark.parametrize("answer, words", [(no_checkpoint, "checkpoint: the hub shows no checkpoint of its log"),
                                           (no_message, "the peer broke the protocol")], ids=["no checkpoint", "no message"])
def test_a_hub_that_breaks_the_protocol_is_said_to_and_nothing_is_sent(world, pb, answer, words):
    """Saves a duty officer from "no link" where the hub answers nonsense, and from a message of which nobody knows whether it went."""
    with Liar(world, pb, "police", **({"Relay_Status": answer} if answer is no_checkpoint else {})) as liar:
        if answer is no_message:
            liar.instead["Relay/Status"] = answer
        said = world.amana("police", "send", str(w.ALERT), env=liar.env()).exits(76).says(words)
        world.amana("police", "inbox", env=liar.env()).exits(76).says(words)
    assert "Relay/Send" not in liar.calls, said.err
    world.amana("police", "sent").ok().says("nothing was sent, and nothing waits")


# --- The log
def other_time(item):
    """Another time in the leaf of entry 5: its content still fits."""
    if item.seq == 5:
        item.leaf = item.leaf[:9] + flipped(item.leaf[9:])
    return item


def test_a_false_leaf_is_named_by_its_entry(world, pb):
    world.send()
    with Liar(world, pb, "auditor", Audit_Replay=other_time) as liar:
        found = world.amana("auditor", "audit", "replay", "--reason", "a test", env=liar.env()).exits(1).says("FALSE")
    assert set(re.findall(r"entry (\d+):", found.out + found.err)) == {"5"}, found.out + found.err


def test_a_replay_that_follows_ends_at_the_first_checkpoint_that_its_entries_do_not_give(world, pb):
    world.send()
    with Liar(world, pb, "auditor", Audit_Replay=other_time) as liar:
        world.amana("auditor", "audit", "replay", "--reason", "a test", "--follow", env=liar.env()).exits(1).says(
            "FALSE", "not the root that it signed")
    assert alarms(world, "auditor")


def test_another_signature_than_was_logged_is_named_even_if_it_is_the_officers(world, pb):
    world.send()
    keys = world.path("police", "keys")

    def signed_again(item):
        if item.opened.header:
            item.opened.signature = r.sign(item.opened.header, keys / "officer.pem", keys / "officer.key")
        return item
    with Liar(world, pb, "auditor", Audit_Replay=signed_again) as liar:
        world.amana("auditor", "audit", "replay", "--reason", "a test", env=liar.env()).exits(1).says(
            "DAMAGED", "the header or signature shown is not the one that was logged")


def test_a_message_that_the_log_took_with_a_signature_by_somebody_else_is_named_to_the_auditor(world, pb):
    branch, police = Branch(world, pb), r.Raw(world, pb)
    message = police.message(key="sign")

    def one_more(item):
        if item.seq < len(branch.leaves):
            return item
        branch.leaves.append(sha256(b"\0", item.leaf))  # of this replay itself
        entry = branch.submit(message)
        more = pb("audit").ReplayItem(seq=entry.index, leaf=branch.last, checkpoint=entry.checkpoint, opened=dict(
            salt=entry.salt, content=entry.content, header=message.header, signature=message.signature))
        return [item, more]
    with Liar(world, pb, "auditor", Audit_Replay=one_more) as liar:
        branch.prevails(liar)
        world.amana("auditor", "audit", "replay", "--reason", "a test", env=liar.env()).exits(1).says(
            "DAMAGED", "the officer's signature doesn't hold")


# --- Receipts
def test_a_false_receipt_is_named_and_the_message_behind_it_goes_all_the_same(world, pb):
    world.send()  # so that it knows the rosters
    world.hub.stop()
    world.hub = None
    first, second = (world.amana("police", "send", str(w.ALERT)).exits(69).id for _ in range(2))
    world.start_hub()
    said = []

    def of_the_first(entry):
        said.append(1)
        if len(said) == 1:
            entry.content = flipped(entry.content)
        return entry
    with Liar(world, pb, "police", Relay_Send=of_the_first) as liar:
        world.amana("police", "sent", env=liar.env()).exits(1).says(
            "ALARM", f"{first[:13]} stays in the outbox", f"{second[:13]}: accepted")
    world.amana("police", "sent").ok().says(f"{first[:13]}: accepted")


# --- Notices
def changed_notice(delivery):
    if delivery.WhichOneof("what") == "notice":
        delivery.notice.content = flipped(delivery.notice.content)
    return delivery


def test_a_false_notice_is_named_and_what_comes_after_it_is_taken(world, pb):
    alert = world.send()
    world.amana("post", "inbox").ok()
    ack = world.amana("post", "ack", alert, "--remark", "Patrol at the barrier.").ok().id
    with Liar(world, pb, "police", Relay_Receive=changed_notice) as liar:
        for _ in range(2):
            world.amana("police", "inbox", env=liar.env()).exits(1).says(ack[:13], "ALARM", "entry")
    assert alarms(world, "police")
    world.amana("police", "inbox").ok().says("has it", ack[:13])


def test_a_delivery_that_is_said_to_be_late_before_its_time_is_named(world, pb):
    alert = world.send()
    with r.Raw(world, pb).channel() as channel:
        relay = pb("relay")
        row = r.Raw(world, pb).call(channel, "Relay/Status", relay.StatusRequest(ids=[alert]), relay.StatusResponse).messages[0]
    world.amana("post", "inbox").ok()
    branch = Branch(world, pb)
    message = dict(id=alert, header_digest=row.header_digest)
    time = 2_000_000_000 * 10**9
    notices = [relay.Delivery(notice=branch.append(time, non_retrieved=dict(message=message, recipients=["et/ics/moyale"], due=time + early)))
               for early in (1, 0)]
    with Liar(world, pb, "police", Relay_Receive=lambda _: notices) as liar:
        branch.prevails(liar)
        world.amana("police", "inbox", env=liar.env()).exits(1).says("late before its time")
    assert len(alarms(world, "police")) == 1  # the second is in time


@pytest.mark.parametrize("device", ["", "x", "et/ics/moyale/device/d1"], ids=["none", "short", "no URI"])
def test_who_is_said_to_have_it_is_named_as_the_hub_says_and_no_more(world, pb, device):
    world.send()
    branch = Branch(world, pb)
    notice = pb("relay").Delivery(notice=branch.append(2_000_000_000 * 10**9, retrieved=dict(first=1, device=device)))
    world.amana("post", "inbox").ok()
    with Liar(world, pb, "police", Relay_Receive=lambda _: notice) as liar:
        branch.prevails(liar)
        world.amana("police", "inbox", env=liar.env()).exits(1).says(f"ALARM       {device} is said to have it")


def test_a_hub_that_sends_nothing_but_lies_is_given_up_before_it_has_filled_a_disk(world, pb):
    world.send()
    world.amana("post", "inbox").ok()
    with Liar(world, pb, "police", Relay_Receive=lambda delivery: [changed_notice(delivery)] * 200) as liar:
        world.amana("police", "inbox", env=liar.env()).exits(1).says("64 deliveries did not hold")
    assert len(alarms(world, "police")) == 64
    world.amana("police", "inbox").ok().says("has it")


# --- How recipients stand
def every_unit_has_it(response):
    for message in response.messages:
        for row in message.recipients:
            row.delivery = 4
            if row.life:
                row.life, row.officer = 2, "amana://et/ics/moyale/officer/eics-1207"
    return response


def no_notices(delivery):
    return None if delivery.WhichOneof("what") == "notice" else delivery


def test_what_no_signature_proves_of_a_recipient_is_shown_as_the_hubs_word(world, pb):
    alert = world.send()
    with Liar(world, pb, "police", Relay_Status=every_unit_has_it) as liar:
        said = world.amana("police", "status", alert, env=liar.env()).ok().out
        proofs = world.amana("police", "--json", "status", alert, env=liar.env()).ok().json[0]["state"]["recipients"]
    assert said.count("says the hub, not proved") == 4, said
    assert all(not row["proved"]["delivery"] for row in proofs)
    assert "not proved" not in world.amana("police", "status", alert).ok().out


def test_a_retrieval_whose_notice_the_hub_keeps_back_is_not_shown_as_proved(world, pb):
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", alert).ok()
    with Liar(world, pb, "police", Relay_Receive=no_notices) as liar:
        said = world.amana("police", "status", alert, env=liar.env()).ok().out
    assert [("not proved" in line) for line in said.splitlines() if "retrieved" in line] == [True], said
    assert [("not proved" in line) for line in said.splitlines() if "acknowledged by" in line] == [False], said
    assert "not proved" not in world.amana("police", "status", alert).ok().out


# --- Messages and receipts
def other_body(delivery):
    delivery.incoming.message.sealed_body = flipped(delivery.incoming.message.sealed_body)
    return delivery


def other_entry(delivery):
    delivery.incoming.entry.index -= 1
    return delivery


def other_seq(delivery):
    delivery.incoming.seq -= 1
    return delivery


@pytest.mark.parametrize("lie", [other_body, other_entry, other_seq], ids=lambda lie: lie.__name__)
def test_a_message_with_another_body_or_entry_is_named_and_never_shown(world, pb, lie):
    alert = world.send()
    with Liar(world, pb, "post", Relay_Receive=lie) as liar:
        said = world.amana("post", "inbox", env=liar.env()).exits(1).says("ALARM")
        assert "Relay/Acknowledge" not in liar.calls
    assert alert[:13] not in said.out
    assert len(alarms(world, "post")) == 1
    world.amana("post", "inbox").ok().says(alert[:13])


def test_a_receipt_of_another_message_is_named(world, pb):
    first, second = world.send(), world.send()
    with r.Raw(world, pb).channel() as channel:
        relay, audit = pb("relay"), pb("audit")
        ask = r.Raw(world, pb)
        row = ask.call(channel, "Relay/Status", relay.StatusRequest(ids=[second]), relay.StatusResponse).messages[0]
        pointer = pb("message").Pointer(id=second, header_digest=row.header_digest)
        other = ask.call(channel, "Audit/Receipt", audit.ReceiptRequest(message=pointer), audit.ProvedEntry)
    for part in world.path("police", "store").iterdir():
        part.unlink()
    with Liar(world, pb, "police", Audit_Receipt=lambda _: other) as liar:
        world.amana("police", "receipt", first, env=liar.env()).exits(1).says("about another message")
    assert alarms(world, "police")
    world.amana("police", "receipt", first).ok()


def test_a_send_that_gets_the_receipt_of_another_message_keeps_its_own_in_the_outbox(world, pb):
    world.send()
    given = []

    def the_first(entry):
        given.append(entry)
        return given[0]
    with Liar(world, pb, "police", Relay_Send=the_first) as liar:
        world.amana("police", "send", str(w.ALERT), env=liar.env()).ok()
        second = world.amana("police", "send", str(w.ALERT), env=liar.env()).exits(1).says("about another message").id
    world.amana("police", "sent").ok().says(f"{second[:13]}: accepted")


# --- A fork
def test_a_receipt_from_another_history_is_named_as_a_fork(world, pb):
    world.send()  # so that it knows the rosters
    world.hub.stop()
    world.hub = None
    world.amana("police", "send", str(w.ALERT)).exits(69)  # sealed to what both histories have signed
    world.copy("data", "data.copy")
    fork = world.second_hub()
    world.amana("ke-protection", "inbox").ok()
    elsewhere = r.Raw(world, pb).channel()
    world.start_hub()

    def from_the_fork(request):
        return elsewhere.unary_unary("/amana.v1.Relay/Send")(request, timeout=w.PATIENCE)
    with elsewhere, Liar(world, pb, "police") as liar:
        liar.instead["Relay/Send"] = from_the_fork
        world.amana("police", "sent", env=liar.env()).exits(1).says("ALARM", "fork")
    assert fork.process.poll() is None
    [kept] = alarms(world, "police")
    assert "verified before:" in kept and "shown now:" in kept


# --- What the sender saw of the log
SEEN = {
    "what both have seen": (lambda branch: branch.checkpoint(len(branch.leaves) - 2), None),
    "a beginning that is another": (lambda branch: branch.checkpoint(len(branch.leaves) - 2, bytes(32)), "a fork"),
    "another history of the newest size": (lambda branch: branch.checkpoint(len(branch.leaves) + 1, bytes(32)), "a fork"),
    "a signature that is no log's": (lambda branch: forged(branch.checkpoint(len(branch.leaves) - 2)), "isn't signed by the log's key"),
}


def forged(checkpoint):
    checkpoint.signature = checkpoint.signature[:4] + flipped(checkpoint.signature[4:])
    return checkpoint


@pytest.mark.parametrize("case", SEEN)
def test_a_message_whose_sender_saw_another_log_is_named_by_who_gets_it(world, pb, case):
    """The hub takes part in it: it would refuse such a message, had it but one log."""
    make, words = SEEN[case]
    world.send()
    branch, police = Branch(world, pb), r.Raw(world, pb)
    header, seen = police.header(), make(branch)
    header.log_seen.size, header.log_seen.root, header.log_seen.signature = seen.size, seen.root, seen.signature
    message = police.message(header)
    delivery = branch.deliver(message, branch.submit(message))
    with Liar(world, pb, "post", Relay_Receive=lambda _: delivery) as liar:
        branch.prevails(liar)
        said = world.amana("post", "inbox", env=liar.env())
    if words is None:
        said.ok()
    else:
        said.exits(1).says("ALARM", words)
    assert (header.id[:13] in said.out) == (words is None)
    assert [("fork" in text) for text in alarms(world, "post")] == [words == "a fork"] * (words is not None)


# --- What a hub that goes on by itself hands over
def test_a_message_is_believed_of_its_own_entry_and_its_own_officer_alone(world, pb):
    world.send()  # for the liar to begin with
    branch, police = Branch(world, pb), r.Raw(world, pb)
    lies, told = [], []

    def add(message, **says):
        lies.append(branch.deliver(message, branch.submit(message, **says)))
        told.append(pb("message").Header.FromString(message.header).id)
    for says in (dict(id=r.new_id()), dict(device="amana://ke/dci/transnational/device/d2"), dict(body_digest=bytes(32)),
                 dict(header_digest=bytes(32)), dict(signature_digest=bytes(32))):
        add(police.message(), **says)
    other = police.message()
    other.sealed_body = police.body(None, plain=bytes(3000))
    add(other, body_digest=sha256(other.sealed_body))  # the log's word and the bytes against the officer's
    add(police.message(key="sign"))
    add(police.message(signature=lambda header: r.two_signers(world, header)))
    add(police.message(police.header(device="amana://ke/dci/transnational/device/d9")))
    add(police.message(police.header(urgency_reason=0)))
    message = police.message()
    honest = pb("message").Header.FromString(message.header).id
    lies.append(branch.deliver(message, branch.submit(message)))
    with Liar(world, pb, "post", Relay_Receive=lambda _: lies) as liar:
        branch.prevails(liar)
        said = world.amana("post", "inbox", env=liar.env()).exits(1)
    assert not [id for id in told if id[:13] in said.out]
    assert honest[:13] in said.out
    assert len(alarms(world, "post")) == len(told), said.err


def test_what_a_hub_let_go_without_a_second_person_is_shown_to_nobody(world, pb):
    world.send()
    branch, police = Branch(world, pb), r.Raw(world, pb)
    said = {"title": "At the border", "text": "x"}
    letters = [police.letter("NOTE", said, classification=3), police.letter("NOTE", said)]
    unseen, good = (pb("message").Header.FromString(letter.header).id for letter in letters)
    lies = [branch.deliver(letter, branch.submit(letter)) for letter in letters]
    with Liar(world, pb, "post", Relay_Receive=lambda _: lies) as liar:
        branch.prevails(liar)
        world.amana("post", "inbox", env=liar.env()).ok()
    world.amana("post", "show", unseen).exits(1).says("the body is not shown: ROLE_RULE", "this needs a second person")
    world.amana("post", "show", good).ok()


@pytest.mark.parametrize("release", [2, 3], ids=["REQUIRED", "DEFERRED"])
def test_a_second_person_of_another_agency_is_named_by_who_gets_it(empty_world, pb, release):
    """A hub and two who know each other could else do without the agency's own supervisor."""
    world, unit = empty_world, "ke/dcs/child-protection"
    world.ca("roster", "--registrar", "ke-registry/keys/officer.pem", "--key", "ke-registry/keys/officer.key", "-o", "rosters", "--supervisor",
             f"amana://{unit}/officer/kdcs-0033", *(f"ke-protection/keys/{use}.pem" for use in ("auth", "seal", "sign", "officer"))).ok()
    world.start_hub().log.wait(rf"^roster unit={unit} number=2")
    world.send()
    branch, police = Branch(world, pb), r.Raw(world, pb)
    header = police.header(release=release, releasing=pb("message").UnitRoster(unit=unit, roster=2))
    both = (lambda signed: r.two_signers(world, signed)) if release == 2 else None
    message = police.message(header, signature=both)
    delivery = branch.deliver(message, branch.submit(message))
    with Liar(world, pb, "post", Relay_Receive=lambda _: delivery) as liar:
        branch.prevails(liar)
        world.amana("post", "inbox", env=liar.env()).exits(1).says("ALARM", f"{unit}, which releases it, is no unit of its sender's agency")


def test_a_receipt_is_one_only_of_the_very_bytes_that_were_sent(world, pb):
    world.send()  # so that it knows the rosters
    branch, message = Branch(world, pb), pb("message").Message
    lies = [dict(id=r.new_id()), dict(device="amana://ke/dci/transnational/device/d2"), dict(header_digest=bytes(32)),
            dict(body_digest=bytes(32)), dict(flags_digest=bytes(32))]
    says = {}

    def parked(request):
        """An entry that says the same of it, of another kind."""
        entry = pb("audit").EntryContent.FromString(branch.submit(message.FromString(request)).content).submitted
        fields = ("id", "device", "header_digest", "flags_digest", "body_digest", "signature_digest")
        return branch.append(1, parked={field: getattr(entry, field) for field in fields}).SerializeToString()
    with Liar(world, pb, "police") as liar:
        branch.prevails(liar)
        liar.instead["Relay/Send"] = lambda request: branch.submit(message.FromString(request), **says).SerializeToString()
        says = lies[0]
        sent = world.amana("police", "send", str(w.ALERT), env=liar.env()).exits(1).says("about another message").id
        for says in lies[1:]:
            world.amana("police", "sent", env=liar.env()).exits(1).says(f"{sent[:13]} stays in the outbox", "about another message")
        honest, says = liar.instead["Relay/Send"], {}
        liar.instead["Relay/Send"] = parked
        world.amana("police", "sent", env=liar.env()).exits(1).says(f"{sent[:13]} stays in the outbox")
        liar.instead["Relay/Send"] = honest
        world.amana("police", "sent", env=liar.env()).ok().says(f"{sent[:13]}: accepted")


def test_a_receipt_that_is_asked_for_is_of_the_entry_and_the_bytes_that_the_hub_named(world, pb):
    police = r.Raw(world, pb)
    message = police.message()
    police.send(message)
    id = pb("message").Header.FromString(message.header).id
    branch = Branch(world, pb)
    for says, named in ((dict(), False), (dict(header_digest=bytes(32)), True), (dict(device="amana://et/ics/moyale/device/d1"), True)):
        entry = branch.submit(message, **says)

        def status(answer):
            answer.checkpoint.CopyFrom(branch.checkpoint(len(branch.leaves)))
            for row in answer.messages:
                row.seq = entry.index if named else row.seq
            return answer
        with Liar(world, pb, "police", Relay_Status=status) as liar:
            branch.prevails(liar)
            liar.instead["Audit/Receipt"] = lambda _: entry.SerializeToString()
            world.amana("police", "receipt", id, env=liar.env()).exits(1).says("about another message")


# --- Rosters
def test_a_roster_is_believed_of_its_own_entry_and_never_goes_back(empty_world, pb):
    world = empty_world
    world.supervisor("second", "et/ics/moyale", "eics-0001", "post")
    world.start_hub().log.wait(r"^roster unit=et/ics/moyale number=2")
    branch, directory = Branch(world, pb), pb("directory")
    with r.Raw(world, pb).channel() as channel:
        def lookup(unit, number=0):
            return r.Raw(world, pb).call(channel, "Directory/Lookup", directory.LookupRequest(unit=unit, number=number),
                                         directory.LookupResponse)
        newest, first, another = lookup("et/ics/moyale"), lookup("et/ics/moyale", 1), lookup("et/mowsa/protection")
    content = pb("audit").EntryContent.FromString(newest.entry.content).roster

    def entry_says(**changes):
        answer = directory.LookupResponse()
        answer.CopyFrom(newest)
        said = dict(unit=content.unit, number=content.number, digest=content.digest)
        answer.entry.CopyFrom(branch.append(newest.entry.time, roster={**said, **changes}))
        return answer
    lies = [(entry_says(unit="et/ics/galafi"), "not that of this roster"), (entry_says(number=3), "not that of this roster"),
            (entry_says(digest=bytes(32)), "not that of this roster"), (another, "the roster of et/mowsa/protection")]

    def told(answer, words):
        def lie(true):
            return answer if true.entry.content == newest.entry.content else true
        with Liar(world, pb, "police", Directory_Lookup=lie) as liar:
            branch.prevails(liar)
            said = world.amana("police", "send", str(w.ALERT), env=liar.env())
            assert said.code != 0 and not w.UUID.search(world.amana("police", "sent", env=liar.env()).out), said.err
            said.says(words)
    for answer, words in lies:
        told(answer, words)
    with Liar(world, pb, "police", Directory_Lookup=lambda true: true) as liar:
        branch.prevails(liar)
        world.amana("police", "units", "et/ics/moyale", env=liar.env()).ok()  # from now on it knows the second
    told(first, "roster 1 is older than 2")
    assert any("roster 1 is older than 2" in text for text in alarms(world, "police"))


def test_a_telephone_is_believed_of_the_log_and_not_of_the_hub(world, pb):
    """Who has taken the hub over would else have urgent calls about a person come to themselves."""
    reached = ("admin", "member", "add", "et/ics/moyale", "--telephone")
    world.amana("et-registry", *reached, "+251462340001").ok()
    directory, other = pb("directory"), "+254700000000"

    def elsewhere(true):
        for row in [unit.said for unit in true.units] if hasattr(true, "units") else [to for message in true.messages for to in message.recipients]:
            row.telephone = other
        return true
    with Liar(world, pb, "police", Directory_Units=elsewhere, Relay_Status=elsewhere) as liar:
        said = world.amana("police", "units", "et/ics", env=liar.env()).ok().says("telephone  +251462340001")
        assert other not in said.out
        sent = world.amana("police", "send", str(w.ALERT), env=liar.env()).ok()
        assert re.search(r"telephone \+251462340001 .*" + re.escape(other) + ".*not proved", sent.out), sent.out

    def hidden(true):
        for row in [to for message in true.messages for to in message.recipients]:
            row.telephone = row.hours = row.deputy = ""
        return true
    with Liar(world, pb, "police", Relay_Status=hidden) as liar:
        sent = world.amana("police", "send", world.draft(), env=liar.env()).ok().says("telephone +251462340001", "the hub says none")
        line = world.amana("police", "--json", "status", sent.id, env=liar.env()).ok().json[0]
        reach = {to["unit"]: to["reach"] for to in line["state"]["recipients"]}
        assert reach["et/ics/moyale"]["telephone"] == "+251462340001"
    true = world.amana("police", "send", world.draft()).ok()
    assert re.search(r"et/ics/moyale .*telephone \+251462340001", true.out) and "not proved" not in true.out, true.out
    with r.Raw(world, pb).channel() as channel:
        before = r.Raw(world, pb).call(channel, "Directory/Lookup", directory.LookupRequest(unit="et/ics/moyale"), directory.LookupResponse)
    shelter = r.Raw(world, pb)
    with shelter.channel() as channel:
        another = shelter.call(channel, "Directory/Lookup", directory.LookupRequest(unit="et/mowsa/protection"), directory.LookupResponse)
    world.amana("et-registry", *reached, "+251462340002").ok()
    world.amana("police", "units", "et/ics").ok().says("+251462340002")

    def with_member(entry):
        def lie(true):
            if true.entry.content == before.entry.content:
                true.member.CopyFrom(entry)
            return true
        return lie
    for entry, words in ((another.member, "not that of this member"), (before.member, "which was shown before")):
        with Liar(world, pb, "police", Directory_Lookup=with_member(entry)) as liar:
            said = world.amana("police", "units", "et/ics", env=liar.env()).says(words)
            assert "telephone" not in said.out
    assert any("which was shown before" in text for text in alarms(world, "police"))


def test_what_comes_with_a_roster_that_is_asked_for_by_its_number_is_verified_too(world, pb):
    """Else what is said beside it, by nobody, would take the place of what was proved."""
    post, directory, audit, other = "et/ics/moyale", pb("directory"), pb("audit"), "+254700000000"
    reached = ("admin", "member", "add", post, "--telephone")
    world.amana("et-registry", *reached, "+251462340001").ok()
    answered = world.alert_at("post")
    waits = world.send()
    police = r.Raw(world, pb)
    with police.channel() as channel:
        before = police.call(channel, "Directory/Lookup", directory.LookupRequest(unit=post), directory.LookupResponse).member
    world.amana("et-registry", *reached, "+251462340002").ok()
    world.amana("police", "units", post).ok().says("+251462340002")
    since = len(world.hub.log.all)
    world.supervisor("second", post, "eics-0001", "post")
    world.hub.reload()
    world.hub.log.wait(rf"^roster unit={post} number=2", since)
    world.amana("post", "ack", answered).ok()
    forged = audit.EntryContent(member=dict(unit=post, said=dict(role="unit", telephone=">" + other))).SerializeToString()

    def beside(true):
        true.member.CopyFrom(audit.ProvedEntry(content=forged, index=1))
        return true

    def older(true):
        true.member.CopyFrom(before)
        return true

    def none(true):
        true.ClearField("member")
        return true
    for lie, words in ((beside, "ALARM"), (older, "which was shown before"), (none, "without proof of its MEMBER entry")):
        with Liar(world, pb, "police", Directory_Lookup=lie) as liar:
            world.amana("police", "inbox", env=liar.env()).exits(1, 76).says(words)
            said = world.amana("police", "units", post, env=liar.env()).says(words)
            assert "telephone" not in said.out and other not in said.out
    world.amana("police", "inbox").ok()
    assert re.search(r"telephone \+251462340002", world.amana("police", "status", waits).ok().out)


def test_what_the_hub_says_of_a_unit_is_believed_of_its_registrar_alone(world, pb):
    """Who runs the hub has the log's key: it could invent a role, a telephone or a successor, and prove the entry."""
    post, police, other = "et/ics/moyale", r.Raw(world, pb), "+254700000000"
    said = dict(role="unit", languages=["en"])
    world.amana("et-registry", "admin", "member", "add", post, "--telephone", "+251462340001").ok()
    own, abroad = (world.path(desk, "keys") for desk in ("et-registry", "ke-registry"))
    true = [e["member"] for e in world.entries("MEMBER") if e["member"]["unit"] == post]
    signed, first = (base64.b64decode(e["statement"]) for e in (true[-1], true[0]))
    branch = Branch(world, pb)
    time = 2_000_000_000 * 10**9

    def entry(statement, revision=3, **changes):
        return branch.append(time, member=dict(unit=post, revision=revision, said={**said, **changes}, statement=statement, by="init"))

    def by(keys, revision=3, **changes):
        return r.statement(pb, keys, post, revision, **{**said, **changes})
    lies = [(entry(b"", telephone=other), "can't be believed"),
            (entry(signed, 2, telephone=other), "a registrar signed something else"),
            (entry(signed, 2, role="protection", telephone="+251462340001"), "a registrar signed something else"),
            (entry(signed, 2, telephone="+251462340001", successor="ke/dci/transnational"), "a registrar signed something else"),
            (entry(by(abroad, telephone=other), telephone=other), 'no registrar of "et"'),
            (entry(by(own, successor="et/mowsa/protection")[:-1] + b"x", successor="et/mowsa/protection"), "can't be believed")]
    world.amana("police", "units", post).ok().says("+251462340001")
    lies += [(entry(first, 1), "statement 1 about it", ), (entry(by(own, 2, telephone=other), 2, telephone=other), "says something else than before")]
    for lie, words in lies:
        def member(answer, lie=lie):
            if pb("audit").EntryContent.FromString(answer.member.content).member.unit == post:
                answer.member.CopyFrom(lie)
            return answer
        with Liar(world, pb, "police", Directory_Lookup=member) as liar:
            branch.prevails(liar)
            found = world.amana("police", "units", post, env=liar.env()).says(post, words)
            assert other not in found.out and "successor" not in found.out and "closed" not in found.out
            world.amana("police", "send", world.draft(), env=liar.env()).exits(1, 65, 76, 77).says(words)
    newer = entry(by(own, telephone=other), telephone=other)
    with Liar(world, pb, "police", Directory_Lookup=lambda answer: answer.member.CopyFrom(newer) or answer) as liar:
        branch.prevails(liar)
        world.amana("police", "units", post, env=liar.env()).ok().says(other)  # its registrar's word: the branch itself is believable


def test_a_signature_is_judged_by_the_roster_that_its_header_names_and_no_other(world, pb):
    police, directory = r.Raw(world, pb), pb("directory")
    header = police.header()
    police.send(police.message(header))
    since = len(world.hub.log.all)
    world.supervisor()
    world.hub.reload()
    world.hub.log.wait(r"^roster unit=ke/dci/transnational number=2", since)
    with police.channel() as channel:
        second = police.call(channel, "Directory/Lookup", directory.LookupRequest(unit=police.unit), directory.LookupResponse)
    with Liar(world, pb, "post", Directory_Lookup=lambda _: second) as liar:
        said = world.amana("post", "inbox", env=liar.env()).exits(1).says("another number than asked for")
    assert header.id[:13] not in said.out
    world.amana("post", "inbox").ok().says(header.id[:13])


# --- What waits for a second person
def test_a_supervisor_is_shown_only_what_its_author_signed_and_the_log_took_for_this_unit(empty_world, pb):
    world = empty_world
    world.supervisor()
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    release.park(world)  # for the liar to begin with
    branch, police, relay = Branch(world, pb), r.Raw(world, pb), pb("relay")

    def pending(unit=police.unit, body=None, key="officer", roster=2):
        header = police.header(release=2)
        header.releasing.unit, header.releasing.roster, header.sender.roster = unit, 2, roster
        message = police.message(header, key=key)
        entry = branch.append(1, parked=dict(
            id=header.id, device=header.device, header_digest=sha256(message.header), flags_digest=header.flags_digest,
            body_digest=header.body_digest, signature_digest=sha256(message.signature), releasing=unit, kind=1, urgency=1,
            officer=header.officer))
        message.sealed_body = body or message.sealed_body
        return header.id, relay.Pending(message=message, entry=entry)
    lies = [pending(unit="ke/dcs/child-protection"), pending(body=police.body(None, plain=bytes(3000))), pending(key="sign")]
    for n, (id, lie) in enumerate(lies, 1):
        with Liar(world, pb, "chief", Relay_ListPending=lambda _: lie) as liar:
            branch.prevails(liar)
            said = world.amana("chief", "pending", env=liar.env()).exits(1)
        assert id[:13] not in said.out
        assert len(alarms(world, "chief")) == n, said.err
    _, odd = pending(roster=9)  # which nobody has: it can't be judged, and is not the end of the list
    with Liar(world, pb, "chief", Relay_ListPending=lambda _: odd) as liar:
        branch.prevails(liar)
        said = world.amana("chief", "pending", env=liar.env())
    assert said.code != 0 and "nothing waits" not in said.out + said.err
    id, true = pending()
    with Liar(world, pb, "chief", Relay_ListPending=lambda _: true) as liar:
        branch.prevails(liar)
        assert id[:13] in world.amana("chief", "pending", env=liar.env()).out
