# SPDX-License-Identifier: Apache-2.0
"""Rule 10: every reading of another's data is an entry; and what is no entry gives nothing of another's. One test a method."""
import base64
import re

import grpc
import pytest

import raw
import world as w

CASE = "ke/dci/2026/004400"
DOCUMENT = (w.ROOT / "docs" / "protocol.md").read_text().split("### Who reads what")[1].split("## Limits")[0]
ROWS = [row for row in DOCUMENT.splitlines() if row.startswith("| `")]
METHODS = [method for row in ROWS for method in re.findall(r"`([A-Z][a-z]+\.[A-Z]\w+)`", row)]


@pytest.fixture(scope="module")
def world(file_world):
    file_world.start_hub()
    return file_world


@pytest.fixture(scope="module")
def secret(world):
    """A message between two units of Kenya, and one that waits for its second person: the post is a party to neither."""
    to = [{"unit": "ke/dcs/child-protection", "part": "ACTION"}]
    draft = world.write("NOTE", {"title": "Of nobody else", "text": "x"}, recipients=to, case_ref=CASE)
    sent = world.send(draft=draft)
    waits = world.send(draft=world.write("NOTE", {"title": "Of nobody yet", "text": "x"}, recipients=to, case_ref=CASE, release="REQUIRED"))
    entry = next(e for e in world.replay("--message", sent) if e.get("kind") == "SUBMITTED")
    digest = base64.b64decode(entry["content"]["submitted"]["header_digest"])
    return {"sent": sent, "waits": waits, "seq": entry["seq"], "digest": digest}


def request_of(pb, post, method, secret):
    """What would read the secret, if this method let the caller."""
    relay, audit, directory, admin, message = (pb(name) for name in ("relay", "audit", "directory", "admin", "message"))
    pointer = message.Pointer(id=secret["sent"], header_digest=secret["digest"])
    foreign = lambda: post.message(post.header(kind=pb("code").Kind.Code.Value("NOTE"), subject_kind=0, source_eval=0, info_eval=0,
                                               case_ref=CASE, in_reply_to=pointer))
    return {
        "Relay.Send": foreign, "Relay.Park": foreign,
        "Relay.Release": lambda: relay.ReleaseRequest(message=message.Pointer(id=secret["waits"], header_digest=bytes(32)), signature=b"x"),
        "Relay.SendBack": lambda: relay.SendBackRequest(statement=b"", signature=b"x"),
        "Relay.Receive": lambda: relay.ReceiveRequest(once=True),
        "Relay.Acknowledge": lambda: relay.AcknowledgeRequest(notices=[secret["seq"]]),
        "Relay.ListPending": relay.ListPendingRequest,
        "Relay.Status": lambda: relay.StatusRequest(ids=[secret["sent"], secret["waits"]]),
        "Audit.Replay": lambda: audit.ReplayRequest(reason="curious", message=secret["sent"]),
        "Audit.Receipt": lambda: audit.ReceiptRequest(message=pointer),
        "Audit.Checkpoint": audit.CheckpointRequest,
        "Audit.InclusionProof": lambda: audit.InclusionProofRequest(index=secret["seq"]),
        "Audit.ConsistencyProof": lambda: audit.ConsistencyProofRequest(old_size=secret["seq"]),
        "Directory.Lookup": lambda: directory.LookupRequest(unit="ke/dci/transnational"),
        "Directory.Units": directory.UnitsRequest,
        "Directory.Policy": directory.PolicyRequest,
        "Admin.Members": admin.MembersRequest,
        "Admin.SetMember": lambda: admin.SetMemberRequest(),
        "Admin.AddRoster": lambda: admin.AddRosterRequest(),
        "Admin.TryPolicy": lambda: admin.TryPolicyRequest(),
    }[method]()


def answer(post, method, request):
    """Every byte that comes back, of a stream too, and of a refusal what it says."""
    with post.channel() as channel:
        stub = channel.unary_stream(f"/amana.v1.{method.replace('.', '/')}", request_serializer=lambda r: r.SerializeToString(),
                                    response_deserializer=bytes)
        try:
            return b"".join(stub(request, timeout=w.PATIENCE))
        except grpc.RpcError as error:
            refused = raw.Refused(error)
            return f"{refused.code} {refused.details}".encode() + refused.packed


def test_the_document_names_every_method_of_the_contract():
    contract = set()
    for file in (w.ROOT / "proto" / "amana" / "v1").glob("*.proto"):
        service = re.search(r"service (\w+) \{(.*?)\n\}", file.read_text(), re.S)
        contract |= {f"{service[1]}.{name}" for name in re.findall(r"rpc (\w+)\(", service[2])} if service else set()
    assert sorted(METHODS) == sorted(contract)


@pytest.mark.parametrize("method", METHODS)
def test_who_is_no_party_gets_nothing_of_a_message_and_reads_nothing_unlogged(world, pb, secret, method):
    post = raw.Raw(world, pb, "post", "et/ics/moyale", "eics-1207")
    said = answer(post, method, request_of(pb, post, method, secret))
    for word in (secret["sent"], secret["waits"], CASE, "Of nobody"):
        assert word.encode() not in said, f"{method} tells of {word}: {said!r}"
    assert secret["digest"] not in said
    assert not [e for e in world.entries("ACCESS") if "et/ics/moyale" in e["access"]["identity"]]


@pytest.mark.parametrize("method", ["Relay.Status", "Audit.Receipt"])
def test_its_sender_gets_it_by_the_same_question(world, pb, secret, method):
    police = raw.Raw(world, pb)
    assert secret["sent"].encode() in answer(police, method, request_of(pb, police, method, secret))


def test_an_auditor_s_reading_of_it_is_an_entry_with_its_reason(world, secret):
    before = world.entries("ACCESS")
    world.amana("auditor", "audit", "replay", "--reason", "complaint 12", "--message", secret["sent"]).ok().says(secret["sent"][:13])
    read = [e["access"] for e in world.entries("ACCESS")[len(before):]]
    assert [(r["reason"], r["asked"]["message"]) for r in read if r["reason"] == "complaint 12"] == [("complaint 12", secret["sent"])]
