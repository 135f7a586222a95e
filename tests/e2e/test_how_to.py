# SPDX-License-Identifier: Apache-2.0
"""docs/how-to.md: each of its commands is typed as it stands, by whose it is, and does what its row says."""
import json
import os
import pty
import re
import shutil
import subprocess

import pytest

import test_domain_ask
import world as w

SAID = (w.ROOT / "docs" / "how-to.md").read_text()
COMMANDS = [command for row in re.findall(r"^\| .* \| (`.*`) \|$", SAID, re.M) for command in re.findall(r"`([^`]+)`", row)]
ASKED = {"title": "Who registered KDA 417Q?", "information": ["owner", "address"], "reason": "A lorry of an alert.",
         "available_because": "It was entered in the post's register."}


class Desks:
    """Types the commands of the document at the desks of a world, and knows which of them were typed."""

    def __init__(self, world):
        self.world, self.typed = world, set()

    def type(self, desk, start, message=None, answer="", exact=False):
        """The one command of the document that begins with `start`, not typed before; and what it asks is answered."""
        [command] = [c for c in COMMANDS if (c == start if exact else c.startswith(start)) and c not in self.typed]
        self.typed.add(command)
        line = command.replace(" ID", f" {message}").replace("amana ", f"amana -d {desk} ", 1)
        folders = [w.AMANA.parent, w.AMANAD.parent, w.AMANA_CA.parent, os.environ["PATH"]]
        keyboard, terminal = pty.openpty()
        os.write(keyboard, answer.encode())
        done = subprocess.run(["bash", "-c", line], cwd=self.world.folder, stdin=terminal, capture_output=True, text=True,
                              env={**os.environ, **self.world.env(), "PATH": ":".join(map(str, folders))})
        os.close(keyboard)
        os.close(terminal)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def sent(self, *args, **more):
        return re.search(r"^accepted +\w+ (\S+)$", self.type(*args, **more), re.M)[1]


@pytest.fixture
def desks(empty_world):
    world = empty_world
    world.path("policy.conf").write_text('supervisors "ke/dci/*" { units = {"ke/dci/transnational"} }\n')
    conf = world.path("amanad.conf")  # a policy of which nothing here depends, to be checked
    conf.write_text('policy = "policy.conf"\n' + conf.read_text())
    world.supervisor()
    world.start_hub()
    return Desks(world)


def alerts(desks):
    world = desks.world
    world.draft("alert.json")
    world.draft("changed.json", kind="UPDATE")
    changed = json.loads(world.path("changed.json").read_text())
    changed["update"] = changed.pop("alert")
    world.path("changed.json").write_text(json.dumps(changed))
    desks.type("police", "amana units")
    assert '"kind": "ALERT"' in desks.type("police", "amana new alert") + world.path("draft.json").read_text()
    desks.type("police", "amana send --dry-run")
    alert = desks.sent("police", "amana send alert.json")
    assert alert[:13] in desks.type("post", "amana inbox")
    assert desks.type("post", "amana show", alert).startswith("STOP AND SEARCH")
    desks.sent("post", "amana ack ID --remark", alert)
    hit = desks.sent("post", "amana hit", alert)
    world.amana("police", "inbox").ok()
    assert "acknowledged by eics-1207" in desks.type("police", "amana status", alert)
    changed = json.loads(world.path("changed.json").read_text())
    assert "`amana update" in desks.type("police", "amana mend", alert) + world.path("changed.json").read_text()
    world.path("changed.json").write_text(json.dumps(changed))
    update = desks.sent("police", "amana update", alert)
    world.amana("post", "inbox").ok()
    desks.sent("post", "amana ack ID --means", update)
    desks.sent("police", "amana ack ID", hit)
    desks.sent("post", "amana cannot", alert)
    desks.sent("post", "amana ask", alert)
    assert '"referral": {' in desks.type("post", "amana new referral --answer") + world.path("referral.json").read_text()
    test_domain_ask.referral(world)
    desks.sent("post", "amana refer", alert)
    desks.sent("police", "amana called", alert)
    desks.sent("police", "amana cancel ID --outcome RESOLVED", alert)
    assert "CANCEL" in desks.type("police", "amana sent", exact=True)
    desks.type("police", "amana sent --overdue")
    assert "7 messages" in desks.type("police", "amana case")
    desks.sent("police", "amana cancel ID --outcome SENT_IN_ERROR", world.send(), answer="y\n")
    assert alert[:13] in desks.type("police", "amana search")
    desks.sent("police", "amana note", alert)
    desks.sent("police", "amana keep", alert)
    shutil.copy(w.DATA / "odk-submission.xml", world.path("submission.xml"))
    desks.type("police", "amana import submission")
    desks.type("police", "amana export htcds ke")
    assert json.loads(world.path("case.json").read_text())["standard"] == "HTCDS 2.0"
    desks.type("police", "amana export htcds --csv")
    desks.type("police", "amana import case.csv")
    assert "HTCDS has no field for these" in world.path("again.json").read_text()
    return alert


def requests(desks):
    world = desks.world

    def ask():
        asked = world.send(draft=world.write("REQUEST", ASKED))
        world.amana("post", "inbox").ok()
        return asked
    asked = ask()
    desks.sent("police", "amana assign", asked)
    desks.sent("police", "amana hand-over", asked)
    desks.sent("post", "amana progress ID --outcome CLARIFICATION_ASKED", asked)
    world.amana("police", "inbox").ok()
    assert '"clarification": {' in desks.type("police", "amana new clarification") + world.path("clarification.json").read_text()
    world.path("clarification.json").write_text(json.dumps({"clarification": {"answers": [{"question": "Which lorry?", "text": "The white one."}]}}))
    desks.sent("police", "amana clarify", asked)
    desks.sent("post", "amana progress ID --outcome IN_HAND", asked)
    desks.sent("post", "amana answer", asked)
    desks.sent("post", "amana refuse", ask())
    permission = desks.sent("post", "amana permit ask", asked)
    world.amana("police", "inbox").ok()
    desks.sent("police", "amana permit grant", permission)
    desks.sent("police", "amana withdraw", ask())
    return asked


def release(desks):
    world = desks.world
    for end in ("send-back", "release"):
        parked = world.amana("police", "send", str(w.DATA / "demo-person.json")).ok().id
        if end == "release":
            assert parked[:13] in desks.type("chief", "amana pending")
        desks.type("chief", f"amana {end}", parked, answer="yes\n")
    world.amana("post", "inbox").ok().says(parked[:13])


def protection(desks):
    world = desks.world

    def refer():
        referral = world.send(draft=str(w.DATA / "demo-referral.json"))
        world.amana("ke-protection", "inbox").ok()
        return referral
    referral = refer()
    desks.sent("ke-protection", "amana accept", referral)
    desks.sent("ke-protection", "amana progress ID --text", referral)
    desks.sent("ke-protection", "amana close", referral)
    desks.sent("ke-protection", "amana decline", refer())


def contest(desks, alert):
    world = desks.world
    assert '"contest": {' in desks.type("et-protection", "amana new contest") + world.path("contest.json").read_text()
    world.path("contest.json").write_text(json.dumps({"contest": {
        "reason": "He was made to drive.", "roles": [{"person": "driver", "was": ["SUSPECT"], "now": ["PRESUMED_VICTIM"]}],
        "evidence": "An interview.", "contact": {"office": "Protection desk", "telephone": "+251460000122"}}}))
    world.amana("et-protection", "inbox").ok()
    contested = desks.sent("et-protection", "amana contest", alert)
    world.amana("police", "inbox").ok()
    desks.sent("police", "amana reject", contested)
    desks.type("police", "amana new correction")
    lines = world.path("correction.json").read_text()
    for blank, says in (("reason", "The plate was read wrongly."), ("path", "alert.vehicles[0].registration"), ("was", "KDA 417Q"),
                        ("now", "KDA 471Q"), ("office", "Duty desk"), ("telephone", "+254200000417")):
        lines = re.sub(rf'^(\s*"{blank}": )""', rf'\1"{says}"', lines, count=1, flags=re.M)
    world.path("correction.json").write_text(lines)
    desks.sent("police", "amana correct", alert)
    waiting = world.amana("police", "send", world.draft("late.json"), env={"AMANA_ADDRESS": "127.0.0.1:1"}).exits(69).id
    desks.type("police", "amana drop", waiting, answer="y\n")


def offices(desks, asked):
    world = desks.world
    for country, unit in (("ke", "ke/dcs/child-protection"), ("et", "et/mowsa/protection")):
        world.amana(f"{country}-registry", "admin", "member", "remove", unit, "--yes").ok()
        world.amana(f"{country}-registry", "admin", "member", "add", unit, "--role", "dpo").ok()
    desks.sent("ke-protection", "amana hold", world.send(draft=world.write("REQUEST", ASKED)))
    erasure = desks.sent("ke-protection", "amana erase", asked)
    world.amana("post", "inbox").ok()
    desks.sent("post", "amana confirm", erasure, answer="y\n")
    assert '"kind": "SUBJECT_ACCESS"' in desks.type("ke-protection", "amana access new") + world.path("access.json").read_text()
    text = (w.DATA / "subject-access-moyale.json").read_text()
    draft = json.loads("\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//")))
    draft.update(case_ref="ke/dcs/2026/000007", recipients=[{"unit": "ke/dci/transnational", "part": "ACTION"}])
    world.path("access.json").write_text(json.dumps(draft))
    access = world.send("ke-protection", "access.json")
    world.amana("police", "inbox").ok()
    desks.sent("police", "amana access answer", access)
    world.amana("ke-protection", "inbox").ok()
    desks.type("ke-protection", "amana access sheet", access)


def the_rest(desks, alert):
    world = desks.world
    desks.type("auditor", "amana audit replay")
    assert "VERIFIED" in desks.type("auditor", "amana audit verify")
    desks.type("police", "amana audit prove", alert)
    world.ca("roster", "--registrar", "ke-registry/keys/officer.pem", "--key", "ke-registry/keys/officer.key", "-o", "rosters",
             "--supervisor", "amana://ke/dci/transnational/officer/kdci-0001",
             *(f"{desk}/keys/{use}.pem" for desk in ("police", "chief") for use in ("auth", "seal", "sign", "officer"))).ok()
    desks.type("", "amana-ca member")
    for what in ("member add ke/kra/malaba --role", "grant add", "member add ke/kra/malaba --successor", "member add ke/dci", "member renew", "roster renew", "member list", "grant list", "roster list", "roster add", "policy try"):
        desks.type("ke-registry", f"amana admin {what}")
    desks.type("ke-registry", "amana admin roster remove", answer="y\n")
    for does in ("request --use oversight", "issue -d ke", "show --digest"):
        said = desks.type("", f"amana-ca {does}")
    assert re.fullmatch(r"[0-9a-f]{64}\n", said)
    desks.type("", "amanad --check-policy")
    desks.type("", "amanad -c amanad.conf --check")
    world.hub.stop()
    desks.type("", "amanad fsck")


def test_every_command_of_the_how_to_does_what_its_row_says(desks):
    alert = alerts(desks)
    asked = requests(desks)
    release(desks)
    protection(desks)
    contest(desks, alert)
    offices(desks, asked)
    the_rest(desks, alert)
    assert sorted(set(COMMANDS) - desks.typed) == []
