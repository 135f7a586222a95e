# SPDX-License-Identifier: Apache-2.0
"""The example that `amana help VERB` shows first: typed as it stands, with a message's id in its place, it works."""
import datetime
import os
import re
import shutil
import subprocess

import pytest

import test_domain_ask
import world as w

ASKED = {"title": "Who registered KDA 417Q?", "information": ["owner"], "reason": "An alert.", "available_because": "It was entered."}
# What a unit does before there is a hub, what ends a unit, and what other tests type with more around it: test_story,
# test_registry, test_domain_subject_access, test_domain_correction, test_outbox.
ELSEWHERE = {"init", "inbox", "completion", "audit verify", "admin member add", "admin member remove", "admin grant add", "admin grant remove",
             "admin roster add", "admin roster remove", "admin roster renew", "access answer", "access sheet", "access log", "mend", "drop", "send", "new", "correct", "uphold",
             "update", "clarify"}
AHEAD = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=100)).strftime("%Y-%m-%dT00:00:00Z")  # a day that is still to come


@pytest.fixture(scope="module")
def world(file_world):
    file_world.supervisor()
    file_world.start_hub()
    return file_world


def verbs():
    return [line[2:21].strip() for line in w.run(w.AMANA, "help").ok().out.splitlines() if line.startswith("  ")]


def example(verb):
    return w.run(w.AMANA, "help", *verb.split(), env={"ASAN_OPTIONS": "detect_leaks=0"}).ok().out.splitlines()[0].strip()


class Desks:
    def __init__(self, world):
        self.world, self.typed = world, set()

    def type(self, verb, desk, *messages):
        """The example of a verb at a desk; its ids stand for these messages. What it has sent."""
        self.typed.add(verb)
        line = example(verb)
        for known, message in zip(re.findall(r"\b0193[ab]\b", line), messages):
            line = line.replace(known, message, 1)
        line = re.sub(r"\b20\d\d-\d\d-\d\dT00:00:00Z", AHEAD, line)
        line = line.replace("kdci-0418", "kdci-0001").replace("amana ", f"amana -d {desk} ", 1)
        line = line + " --yes" if verb in ("confirm", "erase", "release") else line
        done = subprocess.run(["bash", "-c", line], cwd=self.world.folder, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env={**os.environ, **self.world.env(), "PATH": f"{w.AMANA.parent}:{os.environ['PATH']}"}, timeout=w.PATIENCE)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        sent = re.search(r"^accepted +\w+ (\S+)$", done.stdout, re.M)
        return sent and sent[1]

    def fetch(self, desk):
        self.world.amana(desk, "inbox").ok()


def an_alert(desks):
    world = desks.world
    alert = world.send()
    desks.fetch("post")
    test_domain_ask.referral(world)
    for verb in ("show", "ack", "cannot", "hit", "called", "note", "ask", "refer", "permit ask"):
        sent = desks.type(verb, "post", alert)
    desks.fetch("police")
    assert desks.type("permit deny", "police", sent)
    again = world.amana("post", "permit", "ask", alert, "--uses", "IN_COURT", "--reason", "trial", "--court", "High Court").ok().id
    desks.fetch("police")
    assert desks.type("permit grant", "police", again)
    world.example("contest", "contest.json", roles=[{"person": "driver", "was": ["SUSPECT"], "now": ["PRESUMED_VICTIM"]}])
    desks.fetch("et-protection")
    contest = desks.type("contest", "et-protection", alert)
    desks.fetch("police")
    assert desks.type("reject", "police", contest)
    for verb in ("status", "assign", "receipt", "export cap", "audit prove", "keep", "cancel"):
        desks.type(verb, "police", alert)
    desks.type("hand-over", "police", alert, alert)
    for verb in ("case", "search", "units", "sent", "export htcds", "export statistics"):
        desks.type(verb, "police")


def a_request(desks):
    world = desks.world

    def ask():
        asked = world.send(draft=world.write("REQUEST", ASKED))
        desks.fetch("post")
        return asked
    for verb in ("progress", "answer"):
        assert desks.type(verb, "post", ask())
    assert desks.type("refuse", "post", ask())
    assert desks.type("withdraw", "police", ask())
    assert desks.type("hold", "police", ask())
    erasure = desks.type("erase", "police", ask())
    desks.fetch("post")
    assert desks.type("confirm", "post", erasure)


def a_referral(desks):
    def refer():
        referral = desks.world.send(draft=str(w.DATA / "demo-referral.json"))
        desks.fetch("ke-protection")
        return referral
    referral = refer()
    assert desks.type("accept", "ke-protection", referral) and desks.type("close", "ke-protection", referral)
    assert desks.type("decline", "ke-protection", refer())


def a_second_person(desks):
    for verb in ("release", "send-back"):
        parked = desks.world.amana("police", "send", str(w.DATA / "demo-person.json")).ok().id
        desks.type("pending", "chief")
        desks.type(verb, "chief", parked)


def test_the_example_of_every_verb_works_as_it_stands(world):
    desks = Desks(world)
    an_alert(desks)
    a_request(desks)
    a_referral(desks)
    a_second_person(desks)
    shutil.copy(w.DATA / "odk-submission.xml", world.path("submission.xml"))
    desks.type("import", "police")
    desks.type("access new", "ke-protection")
    desks.type("audit replay", "auditor")
    for verb in ("admin member list", "admin member renew", "admin grant list", "admin roster list", "admin policy try"):
        desks.type(verb, "ke-registry")
    assert sorted(set(verbs()) - desks.typed - ELSEWHERE) == []
