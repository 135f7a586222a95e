# SPDX-License-Identifier: Apache-2.0
"""docs/rules.md: each test that it names exists, and nothing of the tables in proto/model is without a line."""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/rules.md").read_text()
PARTS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", TEXT, re.S | re.M))
NAMED = re.findall(r"`(test_\w+)::(\w+)`", TEXT)


def rows(part):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in PARTS[part].splitlines() if line.startswith("|")][2:]


def codes(message):
    """The codes of an enumeration of proto/amana/v1."""
    for path in (ROOT / "proto/amana/v1").glob("*.proto"):
        found = re.search(rf"^message {message} \{{.*?enum Code \{{(.*?)\}}", path.read_text(), re.S | re.M)
        if found:
            return set(re.findall(r"(\w+) = [1-9]\d*;", re.sub(r"//.*", "", found[1])))
    raise AssertionError(message)


def test_each_test_that_the_table_names_exists():
    missing = []
    for file, name in NAMED:
        unit, e2e = ROOT / f"tests/unit/{file}.c", ROOT / f"tests/e2e/{file}.py"
        there = (e2e.exists() and re.search(rf"^def {name}\(", e2e.read_text(), re.M)) if name.startswith("test_") else (
            unit.exists() and re.search(rf"^static void {name}\(void", unit.read_text(), re.M) and len(re.findall(rf"\b{name}\b", unit.read_text())) > 1)
        if not there:
            missing.append(f"{file}::{name}")
    assert missing == []
    assert len(NAMED) > 150


def test_no_row_is_without_its_test():
    assert [row for part in PARTS for row in rows(part) if "::" not in row[-1] and row[-1] != "rule 11"] == []


def test_each_kind_has_a_line():
    assert codes("Kind") <= {row[0].strip("`") for row in rows("Kinds")}


def test_each_root_has_a_line_with_each_of_its_states():
    said = {}
    for life, states, _ in rows("Lives"):
        for root in life.split(", "):
            said.setdefault(root, set()).update(re.findall(r"`(\w+)`", states))
    table = (ROOT / "proto/model/life.c").read_text()
    for root, state, _, rest in re.findall(r"^    (?:ROW|ROW_ON|CROSS)\((\w+), (\w+), (\w+)(.*)\)", table, re.M):
        after = re.findall(r"(\w+)$", rest)
        assert {state, *after} <= said[root] | {"UNSPECIFIED"}, (root, state, after)
    assert codes("ReleaseState") <= said["release"] and codes("DeliveryState") <= said["delivery"]
    assert codes("LifeState") <= set().union(*said.values())


def test_each_role_notice_and_code_has_a_line():
    roles = re.findall(r'\{"(\w+)", (?:true|false)\}', (ROOT / "proto/model/member.c").read_text())
    assert len(roles) == 6 and set(roles) <= {row[0].strip("`") for row in rows("Roles")}
    notices = re.findall(r"\{ENTRY\((\w+)\)", (ROOT / "proto/model/notice.c").read_text())
    assert len(notices) == 9 and set(notices) == {row[0].strip("`") for row in rows("Notices")}
    said = set(re.findall(r"`(\w+)`", "".join(row[0] for row in rows("The envelope"))))
    for message in ("Urgency", "UrgencyReason", "Handling", "Classification", "Purpose", "LegalBasis", "Consent", "Protection"):
        assert codes(message) <= said, (message, codes(message) - said)


@pytest.mark.parametrize("number", range(1, 14))
def test_each_rule_has_a_line(number):
    assert [row for row in rows("Rules") if row[0] == str(number)]
