# SPDX-License-Identifier: Apache-2.0
"""What the command line says to somebody tired: the wrong word, the wrong file, what was forgotten; and to programs."""
import json
import os
import pty
import re
import subprocess

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


def test_help_on_help_is_help():
    w.run(w.AMANA, "help", "help").ok().says("Usage: amana VERB", "send-back")


def test_what_needs_a_link_says_that_there_is_none(world):
    world.amana("police", "pending", env={"AMANA_ADDRESS": "127.0.0.1:1"}).exits(69).says("127.0.0.1:1: no link to the hub: Connection refused")


OFF = {"AMANA_ADDRESS": "127.0.0.1:1"}


def test_without_a_link_a_message_stands_as_what_has_come_here_says(world):
    """Saves from an officer at night who can't see whether anybody has it, though the answer lies in his store."""
    alert = world.send()
    status = ("status", alert)
    def lines(result):
        return [" ".join(line.split()) for line in result.out.splitlines()]
    said = lines(world.amana("police", *status, env=OFF).exits(69).says("no link (Connection refused)"))
    assert [line for line in lines(world.amana("police", *status).ok()) if "new ·" in line] == [line for line in said if "new ·" in line] != []
    assert any(line.startswith("et/ics/moyale action delivered") for line in said) and any("no telephone is listed" in line for line in said)
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", alert).ok()
    online = world.amana("police", *status).ok()
    said = lines(world.amana("police", *status, env=OFF).exits(69))
    assert said[:3] == lines(online)[:3] and "acknowledged by eics-1207" in said[2]
    states = [world.amana("police", "--json", *status, env=env).exits(code).json[0]["state"] for env, code in ((None, 0), (OFF, 69))]
    assert states[1].keys() <= states[0].keys()  # as of a second person whom nobody asked for
    rows = [state["recipients"][0] for state in states]
    assert {key: rows[1][key] for key in ("unit", "part", "delivery", "retrieved_at", "life", "life_at", "officer", "proved")}.items() <= rows[0].items()
    ended = world.amana("police", "cancel", alert, "--outcome", "SENT_IN_ERROR", "--reason", "x", "--instructions", "x", "--yes").ok().id
    world.amana("police", *status, env=OFF).exits(69).says("stopping")
    world.amana("police", "status", ended, env=OFF).exits(69).says("to be acknowledged by", "to be erased · to be confirmed by")
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", ended).ok()
    world.amana("post", "confirm", ended, "--outcome", "DONE", "--remark", "x", "--yes").ok()
    world.amana("police", "inbox").ok()
    world.amana("police", *status, env=OFF).exits(69).says("stopped by eics-1207")
    world.amana("police", "status", ended, env=OFF).exits(69).says("stopped by eics-1207", "erasure confirmed by eics-1207")


def test_a_message_of_the_outbox_says_why_it_is_there(world):
    world.send()
    waiting = world.amana("police", "send", world.draft(), env=OFF).exits(69).id
    world.amana("police", "status", waiting, env=OFF).exits(69).says("waits in the outbox", "no link to the hub")
    world.amana("police", "drop", waiting, "--yes", env=OFF).ok()
    world.amana("police", "send", world.write("NOTE", {"title": "The driver", "text": "x"}, purpose="PROTECTION")).exits(77)
    refused = next(line["header"]["id"] for line in world.amana("police", "--json", "sent").ok().json if line["state"].startswith("refused"))
    world.amana("police", "status", refused).exits(77).says("was refused and stays in the outbox", "PROTECTION goes only", "`amana drop`")
    world.amana("police", "drop", refused, "--yes").ok()


def test_a_trial_names_which_of_its_units_is_none(world):
    for units, option in ((("ke/dci/transnational", "nowhere"), "--to"), (("police", "et/ics/moyale"), "--as")):
        world.amana("ke-registry", "admin", "policy", "try", "--as", units[0], "--kind", "ALERT", "--to", units[1]).exits(64).says(f"{option}: ")


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


def test_a_draft_is_read_from_standard_input_too(world):
    text = world.path(world.draft()).read_text()
    world.amana("police", "send", "-", stdin=text).ok().says("accepted  ALERT")
    world.amana("police", "send", "-", stdin=text.replace('"U1"', '"U9"')).exits(65).says("-: nothing was sent", "urgency: line")


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


def test_all_that_an_answer_lacks_is_said_at_once(world, alert):
    """Saves from four tries at three in the morning to write one call down."""
    world.amana("post", "called", alert, "--means", "PHONE").exits(65).says("contact.summary: is needed (and spoken_to, telephone): ")
    world.amana("post", "called", alert, "--means", "PHONE", "--summary", "x", "--spoken-to", "desk").exits(65).says("contact.telephone: is needed: ")
    draft = world.draft("blank.json", alert__title="", alert__actions=[])
    world.amana("police", "send", draft).exits(65).says("alert.title: line", "is needed (and actions): one line")


@pytest.mark.parametrize("args", [["erase", "--ground", "NO_LONGER_NEEDED", "--yes"], ["correct", "--reason", "x", "--stolen-identity"],
                                  ["hold", "--court", "c", "--order", "1", "--date", "2026-11-27", "--scope", "all", "--valid-until", "2099-01-01T00:00:00Z"]])
def test_an_order_about_what_another_country_sent_is_refused_here_and_leaves_nothing_in_the_outbox(world, alert, args):
    said = world.amana("post", args[0], alert, *args[1:]).exits(65)
    said.says(f"`amana {args[0]}` is for its sender and its country's data protection office", "`amana ack`")
    assert "refused" not in world.amana("post", "sent").ok().out


def test_who_assigns_a_message_is_not_told_to_ring_up_the_own_unit(world, alert):
    said = world.amana("police", "assign", alert, "kdci-0417").ok()
    assert "reach" not in said.out and "aloud" not in said.out, said.out


def json_fields(args):
    """What the manual page says that a line of this command may have."""
    section = (w.ROOT / "docs" / "man" / "amana.1").read_text().replace("\\-", "-").split(".SH JSON LINES")[1].split(".SH ")[0]
    rows = re.findall(r"^\.TP\n\.B (.+)\n((?:(?!\.TP).*\n)+)", section, re.M)
    assert len(rows) > 10
    line = " ".join(["status ID" if args[0] == "status" and len(args) > 1 else args[0], *args[1:]])
    line = line.replace(f" {args[1]} --export", " --export") if "--export" in args else line
    line = "erase --dry-run" if args[0] == "erase" else line
    for heads, fields in rows[1:]:
        if any(line == head or line.startswith(head + " ") for head in heads.split(", ")):
            return set(re.findall(r"[a-z_]+", fields))
    return set(re.findall(r"[a-z_]+", rows[0][1]))


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
            told = json_fields(args)
            assert set(json.loads(line)) <= told, (args, set(json.loads(line)) - told)
    assert waiting


def test_who_asks_how_a_message_stands_that_came_is_told_where_it_says_so(world, alert):
    world.amana("post", "inbox").ok()
    world.amana("post", "status", alert).exits(65).says("its sender's to see", f"`amana show {alert[:13]}`")


def test_a_check_names_the_units_that_this_desk_has_never_written_to(world, alert):
    """The hub isn't asked: a unit that doesn't exist looks like any other."""
    world.draft("typo.json", recipients=[{"unit": "et/ics/moyal", "part": "ACTION"}, {"unit": "ke/dcs/child-protection", "part": "COPY"}])
    said = world.amana("police", "send", "--dry-run", "typo.json").ok().says("no roster is kept here yet of: et/ics/moyal (of et/ics/moyale there is); ", "`amana units`")
    assert "no roster" not in world.amana("police", "send", "--dry-run", world.draft()).ok().err, said.err


def test_a_template_for_a_unit_that_is_mistyped_names_the_nearest_of_those_that_are_known_here(world, alert):
    """Saves from a quarter of an hour's work on an alert to nobody."""
    said = world.amana("police", "new", "alert", "--to", "et/ics/moyal", "--to", "ug/upf/malaba").ok()
    assert said.err == 'amana: --to et/ics/moyal: no roster of it is kept here yet; did you mean "et/ics/moyale"?\n'
    assert '"et/ics/moyal"' in said.out
    assert world.amana("police", "new", "alert", "--to", "et/ics/moyale").ok().err == ""
    assert world.amana("igad-registry", "new", "note", "--to", "et/ics/moyal").ok().err == ""  # that has never looked one up


def test_a_template_is_of_its_kind_and_lists_no_other(world):
    first = world.amana("police", "new", "alert").ok().out.split('"kind": "ALERT"')[0]
    assert "BODY_REJECTED" not in first and "another has another template" in first


def test_a_template_asks_for_the_name_by_which_a_person_is_spoken_of_later(world):
    """Who has none can't be told apart in a contest that says which of them is no suspect."""
    assert '"label": ""' in world.amana("police", "new", "alert").ok().out


# --- What a hint says to type
def test_a_hint_is_a_command_that_is_taken_once_its_words_in_capitals_are_filled_in(world):
    """At three in the morning nobody looks up what else it wants."""
    alert = world.send()
    hint = re.search("`amana (called [^`]*)`", world.amana("police", "update", alert, world.draft()).ok().out)[1]
    words = {"TEXT": "They know.", "DESK": "duty desk", "NUMBER": "+251460000122", "CODE": "NO_LONGER_NEEDED"}
    def typed(desk, hint, **more):
        return world.amana(desk, *[words.get(word, word) for word in hint.split()], **more).ok()
    typed("police", hint)
    erasure = world.amana("police", "erase", alert, "--ground", "UNLAWFUL", "--reason", "x", "--yes").ok().id
    listed = world.amana("post", "inbox").ok().out
    hint = next(hint for hint in re.findall("`amana (confirm [^`]*)`", listed) if erasure.startswith(hint.split()[1]))
    typed("post", hint, stdin="y\n")


# --- The first help
def test_the_help_has_each_verb_on_a_line_of_its_own_under_what_it_is_for():
    """Some seventy verbs: whoever looks for one looks where it would be, on the terminal they have."""
    lines = w.run(w.AMANA, "--help").ok().out.splitlines()
    assert all(len(line) <= 80 for line in lines), max(lines, key=len)
    headings = [line for line in lines[1:-1] if line and line[0] != " "]
    assert headings == ["Looking", "Beginning", "An alert", "A request", "A referral", "Any message", "The second person", "The shift",
                        "A person's rights", "To other programs", "Auditors", "Registrars", "Setting up"]
    verbs = [re.fullmatch(r"  ([a-z-]+(?: [a-z]+)*)  +\S.*", line) for line in lines if line.startswith(" ")]
    assert all(verbs) and "admin member remove" in [verb[1] for verb in verbs]
    for verb in verbs:
        assert w.run(w.AMANA, "help", *verb[1].split()).ok().out.startswith(f"  amana {verb[1]}")


# --- What a line of a list says
def line_of(said, message):
    return next(line for line in said.out.splitlines() if line.startswith(message[:13]))


def test_a_line_says_until_when_it_is_to_be_acknowledged_and_how_long_that_is(empty_world):
    world = empty_world
    world.start_hub()
    alert = world.send()
    world.amana("post", "inbox").ok()
    due = re.search(r"must ack +et/ics/moyale +by (\S+ \S+ \S+) ", world.amana("post", "show", alert).ok().out)[1]
    assert f"to be acknowledged: `amana ack {alert[:13]}`, by {due} (in 14 min)" in line_of(world.amana("post", "inbox").ok(), alert)
    world.amana("post", "ack", alert).ok()
    assert due not in line_of(world.amana("post", "inbox").ok(), alert)


def test_a_line_says_which_message_an_answer_is_about_and_ends_with_no_blanks(empty_world):
    """Of forty cases: which alert was taken on, and which was hit."""
    world = empty_world
    world.start_hub()
    alert = world.alert_at("post")
    ack = world.amana("post", "ack", alert).ok().id
    hit = world.amana("post", "hit", alert, "--summary", "Here.", "--certainty", "CERTAIN", "--place", "Moyale", "--done", "STOP_AND_SEARCH").ok().id
    for said in (world.amana("police", "inbox").ok(), world.amana("police", "case", "ke/dci/2026/004211").ok(), world.amana("post", "sent").ok()):
        assert f"et/ics/moyale  · about {alert[:13]}" in line_of(said, ack) or f"transnational  · about {alert[:13]}" in line_of(said, ack), said.out
        assert f"  Here.  · about {alert[:13]}" in line_of(said, hit), said.out
        assert not re.search(r"[ \t]$", said.out, re.M), said.out
    assert "· about" not in line_of(world.amana("police", "case", "ke/dci/2026/004211").ok(), alert)


# --- How it is printed
def on_terminal(world, **env):
    """What `sent` writes to a terminal."""
    keeper, terminal = pty.openpty()
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    subprocess.run([w.AMANA, "-d", "police", "sent"], cwd=world.folder, stdout=terminal, env={**plain, **world.env(), "TERM": "xterm", **env}, check=True)
    os.close(terminal)
    said = b""
    while True:
        try:
            more = os.read(keeper, 65536)
        except OSError:  # how Linux tells the end of a terminal
            break
        said += more
    os.close(keeper)
    return said


def test_colour_is_used_on_a_terminal_alone_and_not_where_nobody_wants_it(world, alert):
    assert b"\x1b[" in on_terminal(world)
    for unwanted in {"NO_COLOR": "1"}, {"TERM": "dumb"}:
        plain = on_terminal(world, **unwanted)
        assert b"\x1b[" not in plain and alert[:13].encode() in plain
    assert "\x1b" not in world.amana("police", "sent", env={"NO_COLOR": ""}).ok().out


def test_times_are_of_the_local_zone_with_its_offset_or_of_utc(world, alert):
    there = {"TZ": "EAT-3"}
    local = re.search(r"accepted (\S+) (\S+) \+03:00", world.amana("police", "status", alert, env=there).ok().out)
    utc = re.search(r"accepted (\S+) (\S+)Z", world.amana("police", "--utc", "status", alert, env=there).ok().out)
    hour = lambda found: int(found[2].split(":")[0])
    assert (hour(local) - hour(utc)) % 24 == 3 and local[2][3:] == utc[2][3:]
    taken = world.amana("police", "--json", "status", alert, env=there).ok().json[0]["entry"]["time"]
    assert taken.endswith("Z") and f"T{utc[2]}" in taken


def test_what_is_in_force_is_said_with_where_it_is_from_and_a_flag_goes_before_the_environment(world):
    said = world.amana("police", "status", "--officer", "kdci-0002", env={"AMANA_OFFICER": "kdci-0001", "AMANA_DEVICE": "d1"}).out
    rows = {line.split()[0]: line.split(None, 1)[1] for line in said.splitlines() if " from " in line}
    assert rows["unit"] == "ke/dci/transnational  from amana.conf" and rows["device"] == "d1  from AMANA_DEVICE"
    assert rows["officer"].startswith("kdci-0002  from ") and "AMANA" not in rows["officer"]
