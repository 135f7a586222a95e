# SPDX-License-Identifier: Apache-2.0
"""The manual pages against the programs: each option stands in both, and the examples do what they say."""
import os
import re
import subprocess

import pytest

import world as w

MAN = w.ROOT / "docs" / "man"


def plain(page):
    """A page's source as text: without fonts and escapes."""
    text = re.sub(r"\\f[BIRP]", "", (MAN / page).read_text().replace("\\-", "-").replace("\\e", "\\"))
    return re.sub(r"(Fl (?:\w , )?)-(?=[a-z]{2})", r"\1--", text.replace('"', ""))  # mdoc's Fl gives the first dash


def examples(page):
    """The blocks of commands of a page, each as one text of shell."""
    return [block for block in re.findall(r"^\.nf\n(.*?)^\.fi$", (MAN / page).read_text().replace("\\-", "-").replace("\\e", "\\"),
                                          re.M | re.S) if re.match(r" +(amana|openssl)", block)]


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


def stands_in(text, short, long):
    return long in options(text) or (short and re.search(rf"(?<![\w-])(-|Fl ){short}(?!\w)", text))


EVERYWHERE = {"--help", "--usage", "--version"}  # argp's own
PROGRAMS = {"amana": (w.AMANA, "amana.1"), "amana-ca": (w.AMANA_CA, "amana-ca.1"), "amanad": (w.AMANAD, "amanad.8")}


def helps(program):
    """What a program's help says, and that of each of its verbs, by verb."""
    quiet = {"ASAN_OPTIONS": "detect_leaks=0"}  # glibc's argp leaves a byte behind for a verb without options
    first = w.run(program, "--help").ok().out
    verbs = [] if "Commands:" in first else re.findall(r"^  ([a-z]+(?: [a-z]+)*)  +\S", first, re.M)
    return {"": first, **{verb: w.run(program, *verb.split(), "--help", env=quiet).ok().out for verb in verbs}}


def left_to_help(said):
    """The section of amana(1) about verbs whose options it doesn't list: each is a field of a body."""
    found = re.search(r"^\.SS Answering\n(.*?)^\.SS", said, re.M | re.S)
    assert found is None or re.search(r"amana help.*\n?.*lists the options", found[1])
    return found[1] if found else ""


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_help_says_of_every_option_what_it_is_for(name):
    bare = [(verb, option) for verb, text in helps(PROGRAMS[name][0]).items()
            for option, words in re.findall(r"^ +(?:-\w, +)?(--[a-z][a-z-]+)(?:=\S+)? *((?:\n {20,})?\S.*)?$", text, re.M) if not words]
    assert bare == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_option_of_a_program_is_in_its_manual_page_and_the_page_has_no_other(name):
    program, page = PROGRAMS[name]
    said, every, missing = plain(page), set(EVERYWHERE), []
    for verb, text in helps(program).items():
        for short, long in re.findall(r"^ +(?:-(\w), +)?(--[a-z][a-z-]+)", text, re.M):
            every.add(long)
            if long not in EVERYWHERE and not (verb and re.search(rf"\b{verb}\b", left_to_help(said))):
                missing += [f"{verb} {long}"] if not stands_in(said, short, long) else []
    assert len(every) > 8
    assert (missing, options(said) - every) == ([], set())


def typed(world, desk, block, known=()):
    """Types a block of examples in a desk's folder."""
    for old, new in known:
        block = block.replace(old, new)
    path = ":".join(str(p.parent) for p in (w.AMANA, w.AMANAD, w.AMANA_CA))
    home = world.path(f"home-{desk}")
    home.joinpath(".config").mkdir(parents=True, exist_ok=True)
    if not home.joinpath(".config", "amana").exists():
        home.joinpath(".config", "amana").symlink_to(world.path(desk))
    env = {**os.environ, **world.env(), "HOME": str(home), "AMANA_DATA": str(world.path(desk)), "PATH": f"{path}:{os.environ['PATH']}", "TZ": "UTC", "NO_COLOR": "1"}
    done = subprocess.run(["bash", "-e", "-c", block], cwd=world.path(desk), env=env, capture_output=True, text=True,
                          timeout=w.PATIENCE)
    return w.Result(block, done.returncode, done.stdout, done.stderr)


def test_the_examples_of_amana_do_what_they_say(world):
    sending, receiving, stock, auditing = examples("amana.1")
    new, send, status = sending.strip().splitlines()
    typed(world, "police", new).ok()
    world.path("police", "alert.json").write_bytes(w.ALERT.read_bytes())  # filled in
    alert = typed(world, "police", send).ok().id
    known = [("0199c1", alert[:13])]
    typed(world, "police", status, known).ok().says("delivered")
    follow, show, ack = receiving.strip().splitlines()
    assert follow.split()[-1] == "--follow"
    typed(world, "post", follow.removesuffix("--follow")).ok().says(alert[:13])
    typed(world, "post", show + "\n" + ack, known).ok().says("STOP AND SEARCH", "accepted")
    typed(world, "police", status, known).ok().says("acknowledged by eics-1207")
    typed(world, "post", stock, known).ok().says("CAdES Verification successful")
    typed(world, "auditor", auditing).ok().says("VERIFIED", "review of the case" if "of the case" in auditing else "review of case")


def test_a_template_that_nobody_filled_in_is_not_sent(world):
    typed(world, "police", "amana new alert > alert.json").ok()
    world.amana("police", "send", "police/alert.json").exits(65).says("nothing was sent")
