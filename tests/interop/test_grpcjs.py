# SPDX-License-Identifier: Apache-2.0
"""npm's @grpc/grpc-js against a real hub: client.mjs does it, each of its tests is one here."""
import base64
import json
import pathlib
import re
import subprocess

import pytest

from conftest import NAME, ROOT

HERE = pathlib.Path(__file__).parent
TESTS = re.findall(r"^  async (\w+)\(\) \{$", (HERE / "client.mjs").read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def outcome(live):
    desks = {name: live.desk(name) for name in ("police", "post", "auditor")}
    keys = live.folder / "police/keys"
    prepared = live.prepare(42)
    given = {
        "address": live.hub.address, "name": NAME, "protos": str(ROOT / "proto"), "roots": str(desks["police"].roots),
        "desks": {name: {"certificate": str(desk.certificate), "key": str(desk.key)} for name, desk in desks.items()},
        "prepared": [base64.b64encode(message).decode() for _, message in prepared],
        "ids": [name for name, _ in prepared],
    }
    given["sign"] = {"certificate": str(live.folder / "post/keys/sign.pem"), "key": str(live.folder / "post/keys/sign.key")}
    given["desks"]["officer"] = {"certificate": str(keys / "officer.pem"), "key": str(keys / "officer.key")}
    done = subprocess.run(["node", HERE / "client.mjs"], input=json.dumps(given), capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return {line["test"]: line["error"] for line in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("test", TESTS)
def test_grpc_js(outcome, test):
    assert outcome[test] is None, outcome[test]
