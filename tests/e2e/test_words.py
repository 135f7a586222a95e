# SPDX-License-Identifier: Apache-2.0
"""What the command line says to somebody tired: the wrong word, the wrong file, what was forgotten; and to programs."""
import json

import pytest

import world as w


@pytest.fixture(scope="module")
def world(file_world):
    file_world.start_hub()
    return file_world


@pytest.fixture(scope="module")
def alert(world):
    return world.alert_at("post")


def test_who_has_sent_nothing_is_told_so(world):
    world.amana("auditor", "sent").ok().says("nothing was sent, and nothing waits")


@pytest.mark.parametrize("word, verb", [("acknowledge", "ack"), ("READ", "show"), ("reply", "answer"), ("cancle", "cancel")])
def test_a_word_that_people_try_is_answered_with_the_verb_that_does_it(word, verb):
    w.run(w.AMANA, word, "0193a").exits(64).says(f'did you mean "{verb}"?')


def test_an_option_before_the_verb_that_there_is_not_is_named():
    w.run(w.AMANA, "--frobnicate", "inbox").exits(64).says("--frobnicate: there is no such option before a verb")


def test_options_before_the_verb_are_taken_in_each_of_their_forms(world, alert):
    for options in (["-d", "police"], ["-dpolice"], ["--directory", "police"], ["--directory=police"], ["--dir", "police"], ["--json", "-d", "police"]):
        w.run(w.AMANA, *options, "sent", cwd=world.folder, env=world.env()).ok().says(alert[:13])


def test_a_draft_that_is_a_folder_or_empty_or_not_there_is_no_input_or_says_how_to_begin(world):
    world.path("empty.json").write_text(" \n")
    world.amana("police", "send", "empty.json").exits(65).says("empty.json: nothing was sent", "it is empty", "`amana new alert > FILE`")
    for verb in ("send", "import"):
        world.amana("police", verb, "police").exits(66)
        world.amana("police", verb, "nowhere").exits(66)


def test_a_folder_that_cant_be_written_to_is_one_exit_status(world, alert):
    world.amana("police", "show", alert, "--export", "/proc").exits(73)
    world.amana("police", "audit", "prove", alert, "-o", "/proc/new").exits(73)


def test_a_kind_is_read_in_capitals_too(world):
    world.amana("police", "new", "NOTE").ok().says('"kind": "NOTE"')


def test_a_unit_that_is_mistyped_is_refused_with_the_nearest_that_may_be_written_to(world):
    draft = world.draft("typo.json", recipients=[{"unit": "et/ics/moyle", "part": "ACTION"}, {"unit": "ke/dcs/child-protection", "part": "COPY"}])
    world.amana("police", "send", draft).exits(77).says("recipients[0].unit", 'did you mean "et/ics/moyale"?')


@pytest.mark.parametrize("args, option", [(["hit", "--summary", "x"], "--certainty"), (["hit", "--summary", "x", "--certainty", "SURE"], "--certainty"),
                                          (["called", "--means", "PHONE", "--summary", "x", "--spoken-to", "desk"], "--telephone"),
                                          (["called", "--means", "PHONE", "--told-at", "today"], "--told-at")])
def test_what_an_answer_lacks_or_has_wrong_is_named_with_its_option(world, alert, args, option):
    world.amana("post", args[0], alert, *args[1:]).exits(65).says(f"({option})")


@pytest.mark.parametrize("args", [["erase", "--ground", "NO_LONGER_NEEDED", "--yes"], ["correct", "--reason", "x", "--stolen-identity"],
                                  ["hold", "--court", "c", "--order", "1", "--date", "2026-11-27", "--scope", "all", "--valid-until", "2099-01-01T00:00:00Z"]])
def test_an_order_about_what_another_country_sent_is_refused_here_and_leaves_nothing_in_the_outbox(world, alert, args):
    said = world.amana("post", args[0], alert, *args[1:]).exits(65)
    said.says(f"`amana {args[0]}` is for its sender and its country's data protection office", "`amana ack`")
    assert "refused" not in world.amana("post", "sent").ok().out


def test_who_assigns_a_message_is_not_told_to_ring_up_the_own_unit(world, alert):
    said = world.amana("police", "assign", alert, "kdci-0417").ok()
    assert "reach" not in said.out and "aloud" not in said.out, said.out


def test_every_verb_that_lists_or_does_something_prints_json_lines_for_programs(world, alert):
    registrar, waiting = "ke-registry", world.amana("police", "send", world.draft(subject_kind="GROUP", release=None)).ok().id
    commands = [("police", "sent"), ("police", "status"), ("police", "status", alert), ("police", "show", alert), ("police", "units"),
                ("police", "pending"), ("police", "search", "lorry"), ("police", "case", "ke/dci/2026/004211"), ("police", "receipt", alert),
                ("police", "audit", "prove", alert, "-o", "proofs"), ("police", "show", alert, "--export", "parts"),
                ("police", "erase", alert, "--ground", "NO_LONGER_NEEDED", "--dry-run"), ("police", "export", "statistics"),
                ("police", "assign", alert, "kdci-0417"), ("police", "hand-over", alert, "--text", "x"), ("police", "keep", alert, "--reason", "x"),
                ("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "x"), ("post", "inbox"), ("post", "ack", alert),
                ("post", "note", alert, "--title", "t", "--text", "x"),
                ("auditor", "audit", "replay", "--reason", "a test of lines"), ("auditor", "access", "log", "--reason", "a test of lines"),
                (registrar, "admin", "member", "list"), (registrar, "admin", "grant", "list"), (registrar, "admin", "roster", "list"),
                (registrar, "admin", "member", "add", "ke/kra/malaba", "--role", "unit", "--dry-run"),
                (registrar, "admin", "policy", "try", "--as", "ke/dci/transnational", "--kind", "ALERT", "--to", "et/ics/moyale")]
    for desk, *args in commands:
        lines = world.amana(desk, "--json", *args).ok().out.splitlines()
        assert lines, args
        for line in lines:
            assert isinstance(json.loads(line), dict), (args, line)
    assert waiting
