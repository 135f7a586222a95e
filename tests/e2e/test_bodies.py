# SPDX-License-Identifier: Apache-2.0
"""What a body may not say, as the person at the desk meets it: path, line, what is allowed, exit 65, nothing sent."""
import json
import random
import re

import pytest

import raw as r
import world as w

DATA = w.ROOT / "tests" / "data"
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
    """One field of each kind's example, another in each run; all of them: tests/unit/test_wrong_fields.c."""
    draft = example(name)
    member = list(draft)[-1]
    places = [p for p in fields(draft[member], member)]
    path, container, key = random.choice(places)
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
