# SPDX-License-Identifier: Apache-2.0
"""What a body may not say, as the person at the desk meets it: path, line, what is allowed, exit 65, nothing sent."""
import hashlib
import json
import os
import random
import re

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

import raw as r
import world as w

DATA = w.ROOT / "tests" / "data"
SEED = int(os.environ.get("AMANA_SEED", random.SystemRandom().randrange(2**32)))
EXAMPLES = sorted(p.name for p in DATA.glob("*-moyale.json"))


def example(name):
    return json.loads(re.sub(r"(?m)^\s*//.*$", "", (DATA / name).read_text()))


def fields(value, path=""):
    """Every place of a draft: (path, container, key)."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        at = f"{path}[{key}]" if isinstance(value, list) else f"{path}.{key}" if path else key
        yield at, value, key
        if isinstance(inner, (dict, list)):
            yield from fields(inner, at)


def refused(desk, draft, path, code=65):
    """Sends it with one field a line; the message names the path and the line on which it stands."""
    desk.path("wrong.json").write_text(json.dumps(draft, indent=1))
    said = desk.amana("police", "send", "wrong.json").exits(code)
    found = re.search(rf"^amana: {re.escape(path)}: line (\d+): (.+)$", said.err, re.M)
    assert found, said.err
    assert "nothing was sent" in said.err
    return int(found[1]), found[2]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_field_of_the_wrong_type_is_named_with_its_line(empty_world, name):
    """One field of each kind's example, another in each run; AMANA_SEED=… plays it again. All of them:
    tests/unit/test_wrong_fields.c."""
    draft = example(name)
    member = list(draft)[-1]
    places = [p for p in fields(draft[member], member)]
    print(f"AMANA_SEED={SEED}")
    path, container, key = random.Random(f"{SEED} {name}").choice(places)
    container[key] = [[]] if isinstance(container[key], list) else [] if not isinstance(container[key], dict) else 7
    line, text = refused(empty_world, draft, f"{path}[0]" if container[key] == [[]] else path)
    lines = json.dumps(draft, indent=1).splitlines()
    assert isinstance(key, int) or container[key] == [[]] or f'"{key}"' in lines[line - 1], (line, lines[line - 1])
    assert text


def rows():
    """Rules about an alert's body that nothing in the envelope stands in front of."""
    for row in (DATA / "broken-rules.txt").read_text().splitlines():
        if row.startswith("#") or not row:
            continue
        rule, kind, path, edits = (part.strip() for part in row.split("|", 3))
        if kind == "alert" and "subject_kind" not in edits:
            yield pytest.param(path, edits, id=rule)


def put(draft, edit):
    path, value = edit.split("=", 1)
    at, parts = draft, [int(p) if p.isdigit() else p for p in re.findall(r"\w+", path)]
    for part in parts[:-1]:
        at = at[part]
    if isinstance(at, list) and parts[-1] == len(at):
        at.append(None)
    at[parts[-1]] = json.loads(value)


@pytest.mark.parametrize("path,edits", rows())
def test_a_body_that_breaks_a_rule_is_not_sent(world, path, edits):
    draft = example("alert-moyale.json")
    for edit in edits.split("; "):
        put(draft, edit.strip())
    line, text = refused(world, draft, path)
    assert line > 0 and text
    assert not world.entries("SUBMITTED")


# --- Past our client: what the hub can't see is judged by who reads it
FOREIGN = ("alert", "note", "request")


def foreign_rows():
    """Rules about the body alone, of kinds that begin something: (rule, kind, path, body)."""
    for row in (DATA / "broken-rules.txt").read_text().splitlines():
        rule, kind, path, edits = (part.strip() for part in row.split("|", 3)) if row and row[0] != "#" else ("", "", "", "")
        if kind not in FOREIGN or not all(edit.strip().startswith(f"{kind}.") for edit in edits.split("; ")):
            continue
        draft = example(f"{kind}-moyale.json")
        for edit in edits.split("; "):
            put(draft, edit.strip())
        yield rule, kind, path, draft


def test_a_rule_that_a_foreign_client_breaks_is_answered_with_body_rejected_by_its_reader(world, pb):
    """Every fourth; that each of them is broken and named with its path: tests/unit/test_body_rules.c."""
    police, sent = r.Raw(world, pb), {}
    with police.channel() as channel:
        def send(rule, message, path):
            police.send(message, channel)
            sent[pb("message").Header.FromString(message.header).id] = rule, path
        for rule, kind, path, draft in list(foreign_rows())[::4]:
            send(rule, police.letter(kind.upper(), draft[kind], child=draft["flags"]["child"]), path)
        note = example("note-moyale.json")["note"]
        unknown = police.letter("NOTE", {**note, "persons": [{**note["persons"][0], "roles": [99]}]})
        send("a code of no list", unknown, "note.persons[0].roles")
        header = police.header(kind=pb("code").Kind.Code.Value("NOTE"), subject_kind=0, source_eval=0, info_eval=0)
        header.ClearField("valid_until")
        send("no protobuf", police.message(header, body=police.body(header, b"\xff" * 2048), plain=b"\xff" * 2048), "")
    assert len(sent) > 20
    came = {line["header"]["id"]: line for line in world.amana("post", "--json", "inbox").ok().json if line.get("header")}
    for id, (rule, path) in sent.items():
        line = came[id]
        assert line.get("fault") in ("SCHEMA", "ROLE_RULE") and line["body"] is None, (rule, line.get("fault"))
        assert line["fault_text"].startswith(path), (rule, path, line["fault_text"])
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", alert).ok()
    answers = {line["header"]["in_reply_to"]["id"]: line["header"]["outcome"] for line in world.amana("police", "--json", "inbox").ok().json
               if line.get("header", {}).get("kind") == "BODY_REJECTED"}
    assert answers == {id: came[id]["fault"] for id in sent}


# --- The same of every kind, answers too
POLICE, POST, SHELTER, HOME = ("ke/dci/transnational", "police"), ("et/ics/moyale", "post"), ("et/mowsa/protection", "et-protection"), (
    "ke/dcs/child-protection", "ke-protection")
OFFICERS = {"police": "kdci-0417", "post": "eics-1207", "ke-protection": "kdcs-0033"}
TO_ACT, TO_KNOW = 1, 2
# Who writes it, on what, to whom all with ACTION ("first": to the first alone), and what else its header says.
LETTERS = {
    "ALERT": (POLICE, None, "first"), "UPDATE": (POLICE, "ALERT", "first"), "CANCEL": (POLICE, "ALERT", "first"),
    "HIT": (POST, "ALERT", "first"), "CANNOT_EXECUTE": (POST, "ALERT", "first"), "REQUEST": (POLICE, None, "first"),
    "PROGRESS": (POST, "REQUEST", "first"), "CLARIFICATION": (POLICE, "PROGRESS", "first"), "RESPONSE": (POST, "REQUEST", "first"),
    "REFUSAL": (POST, "REQUEST", "first"), "ACK": (POST, "ALERT", "first"), "WITHDRAW": (POLICE, "REQUEST", "first"),
    "REFERRAL": (POLICE, None, "home"), "DECISION": (HOME, "REFERRAL", "police"), "CLOSE": (HOME, "DECISION", "police"),
    "USE_PERMISSION": (POST, "ALERT", "first"), "CORRECTION": (POLICE, "ALERT", "all"), "CONFIRM": (POST, "CORRECTION", "first"),
    "ERASURE": (POLICE, "ALERT", "all"), "HOLD": (POLICE, "ALERT", "all"), "CONTEST": (POST, "ALERT", "first"),
    "CONTACT": (POLICE, "ALERT", "first"), "BODY_REJECTED": (POST, "ALERT", "first"), "NOTE": (POLICE, None, "first"),
}
OFFICE = "SUBJECT_ACCESS"  # an office's alone: the next test
OWN = {"police": "ke/dci", "post": "et/ics", "ke-protection": "ke/dcs"}
UNIT = {"police": POST[0], "post": POLICE[0], "ke-protection": POLICE[0]}


def broken(kind):
    """The first row that breaks a rule about the body of this kind alone: (path, body, draft)."""
    if kind == "ACK":  # it has no rule of its own
        return "ack.remark", {"remark": "a" * 40000}, example("ack-moyale.json")
    member = kind.lower()
    for row in (DATA / "broken-rules.txt").read_text().splitlines():
        rule, of, path, edits = (part.strip() for part in row.split("|", 3)) if row and row[0] != "#" else ("", "", "", "")
        if of != member or not all(edit.strip().startswith(f"{member}.") for edit in edits.split("; ")):
            continue
        draft = example(f"{member.replace('_', '-')}-moyale.json")
        for edit in edits.split("; "):
            put(draft, edit.strip())
        return path, draft[member], draft
    raise AssertionError(kind)


class Writers:
    """Desks in the hands of a program that keeps to no rule about what a body says."""

    def __init__(self, world, pb):
        self.world, self.pb, self.sent, self.lines = world, pb, {}, {}
        self.headers = {}

    def code(self, name, value):
        return getattr(self.pb("code"), name).Code.Value(value)

    def write(self, kind, body, draft, on=None, **more):
        (unit, desk), _, to = LETTERS[kind]
        raw = r.Raw(self.world, self.pb, desk, unit, OFFICERS[desk])
        others = [who for who in (POLICE, POST, HOME, SHELTER) if who[0] != unit]
        raw.RECIPIENTS = {"home": {HOME[0]: (HOME[1], TO_ACT)}, "police": {POLICE[0]: (POLICE[1], TO_ACT)}}.get(to) or {
            other: (key, TO_ACT if to == "all" or n == 0 else TO_KNOW) for n, (other, key) in enumerate(others)}
        if draft.get("outcome"):
            more["outcome"] = self.code("Outcome", draft["outcome"])
        if on:
            root = self.headers[on.id]
            more.update(in_reply_to=on, retain_until=root.retain_until)
        message = raw.letter(kind, body, child=draft["flags"]["child"], **more)
        with raw.channel() as channel:
            raw.send(message, channel)
        header = self.pb("message").Header.FromString(message.header)
        self.headers[header.id] = header
        return self.pb("message").Pointer(id=header.id, header_digest=hashlib.sha256(message.header).digest())

    def good(self, kind):
        """What a broken one answers."""
        on = LETTERS[kind][1]
        draft = example(f"{kind.lower()}-moyale.json")
        return self.write(kind, draft[kind.lower()], draft, self.good(on) if on else None, **self.more(kind, None))

    def more(self, kind, on):
        now = Timestamp()
        now.GetCurrentTime()
        later = Timestamp(seconds=now.seconds + 48 * 3600)
        return {"UPDATE": {"supersedes": on}, "REFERRAL": {"consent": 2}, "HOLD": {"valid_until": later},
                "CONTACT": {"told_at": now, "means": 1}}.get(kind, {})

    def root(self, kind):
        """What it answers: of what stands between, its root."""
        on = LETTERS[kind][1]
        if on in ("PROGRESS", "DECISION"):
            pointer = self.good(on)
            return self.headers[pointer.id].in_reply_to
        return self.good(on) if on else None

    def break_one(self, kind):
        path, body, draft = broken(kind)
        on = self.root(kind)
        self.sent[self.write(kind, body, draft, on, **self.more(kind, on)).id] = kind, path


def test_a_rule_is_broken_in_a_letter_of_each_kind_past_our_client_and_each_is_sent_back(world, pb):
    writers = Writers(world, pb)
    assert {*LETTERS, OFFICE} == {name for name in pb("code").Kind.Code.keys() if name != "UNSPECIFIED"}
    for kind in LETTERS:
        writers.break_one(kind)
    came = {}
    for desk in ("police", "post", "ke-protection"):
        for line in world.amana(desk, "--json", "inbox").ok().json:
            came.setdefault((line.get("header") or {}).get("id"), line)
    for id, (kind, path) in writers.sent.items():
        line = came[id]
        assert line["header"]["kind"] == kind and line.get("fault") in ("SCHEMA", "ROLE_RULE") and line["body"] is None, (kind, line.get("fault"))
        assert line["fault_text"].startswith(path), (kind, path, line["fault_text"])
    for desk in ("police", "post", "ke-protection"):
        world.amana(desk, "send", world.write("NOTE", {"title": "x", "text": "x"}, case_ref=f"{OWN[desk]}/2026/000900",
                                              recipients=[{"unit": UNIT[desk], "part": "ACTION"}])).ok()
    answered = {e["header"]["in_reply_to"]["id"] for e in world.replay() if e.get("header", {}).get("kind") == "BODY_REJECTED"}
    # Two that can't read each other's would never end.
    assert {kind for id, (kind, _) in writers.sent.items() if id not in answered} == {"BODY_REJECTED"}


def test_a_rule_that_an_office_breaks_past_our_client_is_found_by_its_reader(offices, pb):
    path, body, draft = broken(OFFICE)
    office = r.Raw(offices, pb, HOME[1], HOME[0], OFFICERS[HOME[1]])
    office.RECIPIENTS = {POLICE[0]: (POLICE[1], TO_ACT)}
    sent = office.letter(OFFICE, body, case_ref="ke/dcs/2026/000007", purpose=6, urgency=4, urgency_reason=0, child=draft["flags"]["child"])
    office.send(sent)
    id = pb("message").Header.FromString(sent.header).id
    line = next(line for line in offices.amana("police", "--json", "inbox").ok().json if (line.get("header") or {}).get("id") == id)
    assert line["fault"] == "SCHEMA" and line["body"] is None and line["fault_text"].startswith(path), line
