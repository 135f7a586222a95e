# SPDX-License-Identifier: Apache-2.0
"""Debian's python3-grpcio, with messages from our .proto files, against a real hub."""
import hashlib
import subprocess
import threading

import grpc
import pytest

from conftest import NAME

LARGE = [("grpc.max_receive_message_length", 8 << 20), ("grpc.max_send_message_length", 8 << 20)]
PATHS = {  # method: request, answer, whether a stream
    "/amana.v1.Relay/Send": ("message.Message", "audit.ProvedEntry", False),
    "/amana.v1.Relay/Receive": ("relay.ReceiveRequest", "relay.Delivery", True),
    "/amana.v1.Relay/Acknowledge": ("relay.AcknowledgeRequest", "relay.AcknowledgeResponse", False),
    "/amana.v1.Relay/Status": ("relay.StatusRequest", "relay.StatusResponse", False),
    "/amana.v1.Audit/Checkpoint": ("audit.CheckpointRequest", "audit.Checkpoint", False),
    "/amana.v1.Audit/Receipt": ("audit.ReceiptRequest", "audit.ProvedEntry", False),
    "/amana.v1.Audit/InclusionProof": ("audit.InclusionProofRequest", "audit.InclusionProofResponse", False),
    "/amana.v1.Audit/ConsistencyProof": ("audit.ConsistencyProofRequest", "audit.ConsistencyProofResponse", False),
    "/amana.v1.Audit/Replay": ("audit.ReplayRequest", "audit.ReplayItem", True),
    "/amana.v1.Directory/Lookup": ("directory.LookupRequest", "directory.LookupResponse", False),
    "/grpc.health.v1.Health/Check": ("health.HealthCheckRequest", "health.HealthCheckResponse", False),
    "/grpc.health.v1.Health/Watch": ("health.HealthCheckRequest", "health.HealthCheckResponse", True),
}


class Client:
    """One channel; a method is called by its path's last part."""

    def __init__(self, live, messages, desk, certificate=None, key=None, name=NAME, options=()):
        desk = live.desk(desk)
        credentials = grpc.ssl_channel_credentials(
            desk.roots.read_bytes(),
            (key or desk.key).read_bytes() if key is not False else None,
            (certificate or desk.certificate).read_bytes() if certificate is not False else None,
        )
        self.messages = messages
        # A pool of its own: no connection is shared with another test's channel.
        options = [("grpc.ssl_target_name_override", name), ("grpc.use_local_subchannel_pool", 1), *LARGE, *options]
        self.channel = grpc.secure_channel(live.hub.address, credentials, options)

    def type(self, name):
        module, message = name.split(".")
        return getattr(getattr(self.messages, module), message)

    def method(self, name):
        path = next(path for path in PATHS if path.endswith("/" + name))
        request, answer, stream = PATHS[path]
        make = self.channel.unary_stream if stream else self.channel.unary_unary
        return make(path, lambda m: m if isinstance(m, bytes) else m.SerializeToString(), self.type(answer).FromString)

    def call(self, name, request=None, timeout=30, **fields):
        if request is None:
            path = next(path for path in PATHS if path.endswith("/" + name))
            request = self.type(PATHS[path][0])(**fields)
        return self.method(name)(request, timeout=timeout)

    def refused(self, name, request=None, timeout=30, **fields):
        """Status code, google.rpc.Status, ErrorInfo of a call that must fail."""
        with pytest.raises(grpc.RpcError) as caught:
            answer = self.call(name, request, timeout, **fields)
            if hasattr(answer, "initial_metadata"):
                list(answer)
        error = caught.value
        status, info = self.messages.status.Status(), self.messages.status.ErrorInfo()
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                status.ParseFromString(value)
        for detail in status.details:
            if detail.type_url.endswith("/google.rpc.ErrorInfo"):
                info.ParseFromString(detail.value)
        return error.code(), status, info


@pytest.fixture
def connect(live, messages):
    made = []

    def make(desk, **options):
        made.append(Client(live, messages, desk, **options))
        return made[-1]

    yield make
    for client in made:
        client.channel.close()


@pytest.fixture
def police(connect):
    return connect("police")


@pytest.fixture
def post(connect):
    return connect("post")


def node_of(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def path_root(leaf, index, size, path):
    """The root that a leaf with its path leads to: RFC 9162 §2.1.3.2, written anew from the .proto's words."""
    node, first, last = hashlib.sha256(b"\0" + leaf).digest(), index, size - 1
    for part in path:
        assert last > 0
        if first & 1 or first == last:
            node = node_of(part, node)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            node = node_of(node, part)
        first, last = first >> 1, last >> 1
    assert last == 0
    return node


def proved_root(entry):
    """The root that an entry with its path leads to."""
    digest = hashlib.sha256(entry.salt + entry.content).digest()
    leaf = bytes([entry.version, getattr(entry, "class")]) + entry.time.to_bytes(8, "big")
    leaf += entry.erase_after.to_bytes(4, "big") + digest
    return path_root(leaf, entry.index, entry.checkpoint.size, entry.path)


def tree_root(leaves):
    """RFC 9162 §2.1.1."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return node_of(tree_root(leaves[:half]), tree_root(leaves[half:]))


def consistent(old, new, path):
    """Two checkpoints are of one log: RFC 9162 §2.1.4.2."""
    path = [*([old.root] if old.size & old.size - 1 == 0 else []), *path]
    first, last, before, after = old.size - 1, new.size - 1, path[0], path[0]
    while first & 1:
        first, last = first >> 1, last >> 1
    for part in path[1:]:
        if first & 1 or first == last:
            before, after = node_of(part, before), node_of(part, after)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            after = node_of(after, part)
        first, last = first >> 1, last >> 1
    return last == 0 and (before, after) == (old.root, new.root)


def test_health_is_served(police):
    assert police.call("Check", service="").status == 1
    assert police.refused("Check", service="nobody.Knows")[0] == grpc.StatusCode.NOT_FOUND


def test_health_is_watched(police):
    watch = police.call("Watch", service="")
    assert next(watch).status == 1
    watch.cancel()


def test_a_checkpoint_has_its_parts(police):
    checkpoint = police.call("Checkpoint")
    assert checkpoint.origin == "igad.amana.example/log" and checkpoint.size > 0
    assert len(checkpoint.root) == 32 and len(checkpoint.signature) == 68


def test_status_without_ids_gives_time_and_checkpoint(police):
    status = police.call("Status")
    assert status.hub_time.seconds > 1700000000 and status.checkpoint.size > 0 and not status.messages


def test_a_roster_is_looked_up_with_its_entry(police):
    found = police.call("Lookup", unit="et/ics/moyale")
    assert found.roster and found.certificates and found.HasField("member")
    assert proved_root(found.entry) == found.entry.checkpoint.root
    assert police.refused("Lookup", unit="et/no/body")[0] == grpc.StatusCode.PERMISSION_DENIED


def test_a_message_is_sent_and_its_receipt_proved(live, police):
    name, message = live.prepare(1)[0]
    receipt = police.call("Send", message)
    assert proved_root(receipt) == receipt.checkpoint.root
    content = police.messages.audit.EntryContent.FromString(receipt.content)
    sent = police.messages.message.Message.FromString(message)
    assert content.submitted.id == name
    assert content.submitted.header_digest == hashlib.sha256(sent.header).digest()
    assert content.submitted.delivered_to == ["et/ics/moyale"]
    again = police.call("Send", message)
    assert again.SerializeToString() == receipt.SerializeToString()
    pointer = police.messages.message.Pointer(id=name, header_digest=hashlib.sha256(sent.header).digest())
    assert police.call("Receipt", message=pointer).SerializeToString() == receipt.SerializeToString()
    state = police.call("Status", ids=[name]).messages[0]
    assert state.id == name and state.seq == receipt.index and state.recipients[0].unit == "et/ics/moyale"


def test_a_message_by_another_desk_is_refused_with_its_reason(live, post):
    code, status, info = post.refused("Send", live.prepare(1)[0][1])
    assert code == grpc.StatusCode.PERMISSION_DENIED
    assert (info.reason, info.domain) == ("SENDER_MISMATCH", "amana")
    assert status.code == code.value[0] and status.message


def test_a_bad_field_is_named_in_the_details(police):
    code, status, info = police.refused("Send", header=b"\x0a\x03abc", sealed_body=b"x", signature=b"y", flags=b"")
    assert code == grpc.StatusCode.INVALID_ARGUMENT and info.domain == "amana" and info.reason
    types = [detail.type_url for detail in status.details]
    assert "type.googleapis.com/google.rpc.ErrorInfo" in types


def test_a_changed_signature_is_refused(live, police):
    message = police.messages.message.Message.FromString(live.prepare(1)[0][1])
    message.signature = message.signature[:-1] + bytes([message.signature[-1] ^ 1])
    code, _, info = police.refused("Send", message)
    assert (code, info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "SIGNATURE_INVALID")


def test_bytes_that_are_no_message_are_refused(police):
    assert police.refused("Send", b"\xff\xff\xff\xff")[0] == grpc.StatusCode.INVALID_ARGUMENT


def test_an_unknown_method_is_unimplemented(police):
    call = police.channel.unary_unary("/amana.v1.Relay/Nothing", bytes, bytes)
    with pytest.raises(grpc.RpcError) as caught:
        call(b"", timeout=30)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_compression_is_unimplemented(connect):
    client = connect("police", options=[("grpc.default_compression_algorithm", 2)])
    code = client.refused("Send", header=b"a" * 20000)[0]
    assert code == grpc.StatusCode.UNIMPLEMENTED


def test_a_mebibyte_is_taken_and_more_than_a_message_may_have_is_refused(police):
    assert police.refused("Send", header=b"x", sealed_body=bytes(1 << 20))[0] == grpc.StatusCode.INVALID_ARGUMENT
    assert police.refused("Send", header=b"x", sealed_body=bytes(2 << 20))[0] == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert police.call("Checkpoint").size > 0


def test_a_mailbox_is_read_once_by_a_slow_reader_beside_other_calls(live, police, post):
    prepared = live.prepare(60)
    for _, message in prepared:
        police.call("Send", message)
    stream = post.call("Receive", once=True, max_unacknowledged=64, timeout=60)
    first = next(stream)
    # The stream stands, its window full; the same connection goes on.
    for _ in range(50):
        assert post.call("Checkpoint").size > 0
    deliveries = [first, *stream]
    incoming = [d.incoming for d in deliveries if d.WhichOneof("what") == "incoming"]
    assert stream.code() == grpc.StatusCode.OK
    received = {post.messages.message.Header.FromString(d.message.header).id for d in incoming}
    assert received >= {name for name, _ in prepared} and len(received) == len(incoming) <= 64
    for delivery in incoming:
        assert proved_root(delivery.entry) == delivery.entry.checkpoint.root
        assert delivery.seq == delivery.entry.index and not delivery.message.flags
        content = post.messages.audit.EntryContent.FromString(delivery.entry.content)
        assert content.submitted.header_digest == hashlib.sha256(delivery.message.header).digest()


def test_what_openssl_signs_acknowledges_the_mailbox(live, post):
    stream = post.call("Receive", once=True, timeout=60)
    incoming = [d.incoming for d in stream if d.WhichOneof("what") == "incoming"]
    assert incoming
    retrieved = post.messages.message.Retrieved(
        context="amana-retrieved-v1", origin="igad.amana.example/log", device="amana://et/ics/moyale/device/d1")
    retrieved.time.GetCurrentTime()
    for delivery in incoming:
        digest = hashlib.sha256(delivery.message.header).digest()
        retrieved.messages.add(seq=delivery.seq, header_digest=digest)
    statement, keys = retrieved.SerializeToString(), live.folder / "post/keys"
    signature = subprocess.run(
        ["openssl", "cms", "-sign", "-binary", "-cades", "-nosmimecap", "-md", "sha256", "-outform", "DER", "-signer",
         keys / "sign.pem", "-inkey", keys / "sign.key"], input=statement, capture_output=True, check=True).stdout
    retrieval = post.messages.relay.Retrieval(statement=statement, signature=signature)
    broken = post.messages.relay.Retrieval(statement=statement + b"\x32\0", signature=signature)
    assert post.refused("Acknowledge", retrievals=[broken])[0] == grpc.StatusCode.INVALID_ARGUMENT
    assert len(post.call("Acknowledge", retrievals=[retrieval]).entries) == 1
    assert not post.call("Acknowledge", retrievals=[retrieval]).entries
    assert not list(post.call("Receive", once=True, timeout=60))


def test_a_notice_of_retrieval_comes_with_its_proof_and_is_acknowledged_by_its_seq(police):
    """Of the mailbox that the test before acknowledged."""
    notices = [d.notice for d in police.call("Receive", once=True, timeout=60) if d.WhichOneof("what") == "notice"]
    assert len(notices) == 1
    assert proved_root(notices[0]) == notices[0].checkpoint.root
    content = police.messages.audit.EntryContent.FromString(notices[0].content)
    assert content.retrieved.device == "amana://et/ics/moyale/device/d1" and content.retrieved.first
    retrieved = police.messages.message.Retrieved.FromString(content.retrieved.statement)
    assert retrieved.context == "amana-retrieved-v1" and len(retrieved.messages) == 61
    assert not police.call("Acknowledge", notices=[notices[0].index]).entries
    assert not list(police.call("Receive", once=True, timeout=60))


def test_any_entry_is_in_the_tree_and_two_checkpoints_are_of_one_log(live, police):
    old = police.call("Checkpoint")
    police.call("Send", live.prepare(1)[0][1])
    proof = police.call("ConsistencyProof", old_size=old.size)
    assert proof.checkpoint.size > old.size and consistent(old, proof.checkpoint, proof.path)
    assert not consistent(old, proof.checkpoint, [bytes(32), *proof.path[1:]])
    for index in (0, old.size - 1, proof.checkpoint.size - 1):
        found = police.call("InclusionProof", index=index)
        assert path_root(found.leaf, index, found.checkpoint.size, found.path) == found.checkpoint.root
        then = police.call("InclusionProof", index=min(index, old.size - 1), size=old.size)
        assert path_root(then.leaf, min(index, old.size - 1), old.size, then.path) == old.root
    for method, fields in (("InclusionProof", dict(index=1 << 40)), ("ConsistencyProof", dict(old_size=1 << 40))):
        code, _, info = police.refused(method, **fields)
        assert code in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT) and info.reason


def test_a_replay_has_every_leaf_of_the_root_and_a_filtered_one_proves_each(live, police, connect):
    name, message = live.prepare(1)[0]
    receipt = police.call("Send", message)
    auditor = connect("auditor")
    items = list(auditor.call("Replay", reason="another country's auditor", timeout=60))
    assert [item.seq for item in items] == list(range(len(items)))
    checkpoint = items[0].checkpoint
    assert len(items) == checkpoint.size and tree_root([item.leaf for item in items]) == checkpoint.root
    for item in items:
        assert item.leaf[-32:] == hashlib.sha256(item.opened.salt + item.opened.content).digest()
    assert items[receipt.index].opened.content == receipt.content
    last = auditor.messages.audit.EntryContent.FromString(items[-1].opened.content)
    assert last.access.reason == "another country's auditor"
    some = list(auditor.call("Replay", reason="one message", message=name, timeout=60))
    assert [item.seq for item in some] == [receipt.index]
    size, root = some[0].checkpoint.size, some[0].checkpoint.root
    assert path_root(some[0].leaf, some[0].seq, size, some[0].path) == root
    assert auditor.refused("Replay")[0] == grpc.StatusCode.INVALID_ARGUMENT
    assert police.refused("Replay", reason="curiosity")[0] == grpc.StatusCode.PERMISSION_DENIED


def test_what_is_sent_while_a_stream_is_open_comes_live(live, police, connect):
    protection = connect("et-protection")
    live_stream = protection.call("Receive", timeout=60)
    live_stream.initial_metadata()  # it stands
    recipients = [{"unit": "et/mowsa/protection", "part": "ACTION"}, {"unit": "ke/dcs/child-protection", "part": "COPY"}]
    draft = live.draft("protection.json", recipients=recipients)
    name, message = live.prepare(1, live.path(draft))[0]
    seen = []
    reader = threading.Thread(target=lambda: seen.append(next(live_stream)))
    reader.start()
    police.call("Send", message)
    reader.join(timeout=30)
    header = police.messages.message.Header.FromString(seen[0].incoming.message.header)
    assert header.id == name
    live_stream.cancel()


def test_a_second_stream_of_a_device_ends_the_first(connect):
    client = connect("auditor")
    first = client.call("Receive", timeout=60)
    first.initial_metadata()  # it stands
    second = client.call("Receive", once=True, timeout=60)
    list(second)
    with pytest.raises(grpc.RpcError) as caught:
        list(first)
    assert caught.value.code() == grpc.StatusCode.ABORTED


def test_a_deadline_ends_a_stream(connect):
    client = connect("auditor")
    assert client.refused("Receive", timeout=0.5)[0] == grpc.StatusCode.DEADLINE_EXCEEDED
    assert client.call("Checkpoint").size > 0


def test_a_deadline_in_the_middle_of_a_stream_ends_it_after_what_had_come(connect):
    auditor = connect("auditor")
    stream = auditor.call("Replay", reason="until the time is over", follow=True, timeout=2)
    seqs = []
    with pytest.raises(grpc.RpcError) as caught:
        for item in stream:
            seqs.append(item.seq)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert seqs and seqs == list(range(len(seqs)))
    assert auditor.call("Checkpoint").size >= len(seqs)


def test_a_deadline_that_is_over_when_the_call_comes_starts_nothing(live, police):
    name, message = live.prepare(1)[0]
    assert police.refused("Send", message, timeout=0.000001)[0] == grpc.StatusCode.DEADLINE_EXCEEDED
    status = police.call("Status", ids=[name])
    receipt = police.call("Send", message)  # whatever became of it: the same message, one entry
    assert proved_root(receipt) == receipt.checkpoint.root
    assert not status.messages or status.messages[0].seq == receipt.index


def test_a_stream_cancelled_in_the_middle_leaves_the_connection_and_room_for_more(connect):
    auditor = connect("auditor")
    for _ in range(20):  # more than are allowed at once: each gives its place back
        stream = auditor.call("Replay", reason="the first entry will do", follow=True, timeout=60)
        assert next(stream).seq == 0
        stream.cancel()
        with pytest.raises(grpc.RpcError) as caught:
            list(stream)
        assert caught.value.code() == grpc.StatusCode.CANCELLED
    assert auditor.call("Checkpoint").size > 0


@pytest.mark.parametrize("count", [0, 2, 50])
def test_a_unary_method_takes_one_message_and_no_other_number_of_them(police, count):
    call = police.channel.stream_unary("/amana.v1.Audit/Checkpoint", lambda m: m, bytes)
    with pytest.raises(grpc.RpcError) as caught:
        call(iter([b""] * count), timeout=30)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert police.call("Checkpoint").size > 0


def test_a_cancelled_stream_leaves_the_connection(connect):
    client = connect("auditor")
    stream = client.call("Receive", timeout=60)
    stream.initial_metadata()
    stream.cancel()
    with pytest.raises(grpc.RpcError) as caught:
        list(stream)
    assert caught.value.code() == grpc.StatusCode.CANCELLED
    assert client.call("Checkpoint").size > 0


def test_a_thousand_calls_one_after_another_on_one_connection(live, police):
    since = len(live.hub.log.all)
    police.call("Checkpoint")
    live.hub.log.wait(r"^connected ", since)
    since = len(live.hub.log.all)
    for _ in range(1000):
        assert police.call("Checkpoint").size > 0
    assert not [line for line in live.hub.log.all[since:] if line.startswith("connected ")]


def test_a_thousand_calls_in_flight_are_all_answered(police):
    method, request = police.method("Checkpoint"), police.messages.audit.CheckpointRequest()
    done = [call.exception() for call in [method.future(request, timeout=60) for _ in range(1000)]]
    refused = [error for error in done if error is not None]
    assert all(error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED for error in refused), refused[:1]
    assert len(refused) < 1000 and police.call("Checkpoint").size > 0


@pytest.mark.parametrize("case", ["none", "seal", "officer", "hub", "self-signed"])
def test_no_other_certificate_opens_the_door(live, connect, tmp_path, case):
    keys = live.folder / "police/keys"
    if case == "none":
        client = connect("police", certificate=False, key=False)
    elif case == "hub":
        client = connect("police", certificate=live.folder / "hub.pem", key=live.folder / "hub.key")
    elif case == "self-signed":
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
             "/CN=d1", "-addext", "subjectAltName=URI:amana://ke/dci/transnational/device/d1", "-keyout",
             tmp_path / "key.pem", "-out", tmp_path / "certificate.pem"], check=True, capture_output=True)
        client = connect("police", certificate=tmp_path / "certificate.pem", key=tmp_path / "key.pem")
    else:
        client = connect("police", certificate=keys / f"{case}.pem", key=keys / f"{case}.key")
    since = len(live.hub.log.all)
    assert client.refused("Checkpoint", timeout=10)[0] == grpc.StatusCode.UNAVAILABLE
    live.hub.log.wait(r"^refused ", since)


def test_a_client_that_looks_for_another_hub_does_not_find_it_here(connect):
    client = connect("police", name="hub.ke.amana.example")
    assert client.refused("Checkpoint", timeout=10)[0] == grpc.StatusCode.UNAVAILABLE
