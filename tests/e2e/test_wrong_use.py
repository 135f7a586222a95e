# SPDX-License-Identifier: Apache-2.0
"""Each verb used wrongly, in the ways of somebody tired: one clear error that says what is allowed, and nothing is sent."""
import re
import subprocess

import pytest

import world as w

VERBS = [line[2:].split("  ")[0].strip() for line in subprocess.run([w.AMANA, "--help"], capture_output=True, text=True).stdout.splitlines()
         if line.startswith("  ")]
ALERT, ASKED, COPY = object(), object(), object()  # what the desks have, by its id once it was sent
POST, CHILDREN = "et/ics/moyale", "ke/dcs/child-protection"

# A verb that is right, by a desk that may use it: what is spoilt below. What stands by itself is an argument.
RIGHT = {
    "cancel": ("police", [ALERT, ("--outcome", "RESOLVED"), ("--reason", "x"), ("--instructions", "x")]),
    "hit": ("post", [ALERT, ("--certainty", "CERTAIN"), ("--summary", "x"), ("--found-at", "2026-11-24T14:07:25Z"), ("--place", "x")]),
    "cannot": ("post", [ALERT, ("--outcome", "SAFETY"), ("--explanation", "x"), ("--retry-at", w.FAR)]),
    "progress": ("post", [ASKED, ("--text", "x"), ("--outcome", "IN_HAND")]),
    "answer": ("post", [ASKED, ("--outcome", "PARTIAL"), ("--summary", "x"), ("--ground", "NOT_LAWFUL"), ("--more-by", w.FAR)]),
    "refuse": ("post", [ASKED, ("--outcome", "DISPROPORTIONATE"), ("--explanation", "x")]),
    "withdraw": ("police", [ASKED, ("--reason", "x")]),
    "permit ask": ("post", [ALERT, ("--reason", "x"), ("--court", "x")]),
    "hold": ("police", [ALERT, ("--court", "x"), ("--order", "7"), ("--date", "2026-11-27"), ("--scope", "x"), ("--valid-until", w.FAR)]),
    "erase": ("police", [ALERT, ("--ground", "UNLAWFUL"), ("--reason", "x")]),
    "note": ("police", [ALERT, ("--title", "x"), ("--text", "x"), ("--protection", "NO")]),
    "called": ("police", [ALERT, ("--means", "PHONE"), ("--summary", "x"), ("--told-at", "2026-11-24T14:07:25Z"), ("--outcome", "TOLD")]),
    "keep": ("police", [ALERT, ("--reason", "x"), ("--review", w.FAR)]),
    "assign": ("police", [ALERT, "kdci-0417", ("--text", "x")]),
    "hand-over": ("police", [ALERT, ("--text", "x"), ("--to", "kdci-0417")]),
    "send-back": ("police", [ALERT, ("--reason", "FACT_WRONG")]),
    "admin member add": ("et-registry", ["et/x/y", ("--role", "unit"), ("--hours", "x"), ("--telephone", "+254201234567"), ("--deputy", POST)]),
    "admin policy try": ("police", [("--as", "ke/dci/transnational"), ("--kind", "ALERT"), ("--to", POST)]),
    "audit replay": ("auditor", [("--reason", "x"), ("--from", "1"), ("--case", "ke/dci/2026/004211"), ("--party", POST), ("--message", ALERT)]),
}


@pytest.fixture(scope="module")
def desks(file_world):
    world = file_world
    world.start_hub()
    world.ids = {ALERT: world.send(), ASKED: world.send(draft=world.write(
        "REQUEST", {"title": "Who?", "information": ["owner"], "reason": "x", "available_because": "x"}))}
    for desk in ("post", "ke-protection", "et-protection", "police"):
        world.amana(desk, "inbox").ok()
    return world


def entries(world):
    return sum(e.get("kind") not in ("ACCESS", "REJECTED", "RETRIEVED") for e in world.replay())


@pytest.fixture
def wrong(desks):
    """Runs what is wrong: one error that names what is at fault and how it is done right; nothing becomes of it."""
    before, boxes = entries(desks), [desks.amana(desk, "--json", "sent").ok().out for desk in ("police", "post")]

    def run(desk, *args, codes=(64, 65), says=(), stdin=""):
        raw = [os_bytes(desks.ids.get(arg, arg)) for arg in args]
        done = subprocess.run([str(w.AMANA).encode(), b"-d", desk.encode(), *raw], cwd=desks.folder, capture_output=True, input=stdin.encode(),
                              env={**w.os.environ, "TZ": "UTC", "NO_COLOR": "1", **desks.env()}, timeout=w.PATIENCE)
        said = w.Result(args, done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
        said.exits(*codes).says(*says)
        assert said.err.startswith("amana") and said.out == "", (said.out, said.err)
        assert "Sanitizer" not in said.err and "runtime error" not in said.err, said.err
        return said

    yield run
    assert entries(desks) == before
    assert [desks.amana(desk, "--json", "sent").ok().out for desk in ("police", "post")] == boxes


def os_bytes(arg):
    return arg if isinstance(arg, bytes) else str(arg).encode()


def flat(words):
    return [part for word in words for part in (word if isinstance(word, tuple) else (word,))]


def spoilt():
    """Each option of each verb above, said in each way that is none."""
    for verb, (desk, words) in RIGHT.items():
        for at, word in enumerate(words):
            if isinstance(word, tuple):
                yield pytest.param(verb, desk, words, at, id=f"{verb} {word[0]}")


@pytest.mark.parametrize("verb, desk, words, at", spoilt())
def test_an_option_with_no_text_half_a_text_or_said_twice_is_refused_by_its_name(wrong, verb, desk, words, at):
    """Saves from a message that goes without the word that was mistyped: a state not to be told, a time, a reason."""
    option, value = words[at]
    name = verb.split()
    without = [*flat(words[:at]), *flat(words[at + 1:])]
    wrong(desk, *name, *without, option, codes=(64,), says=(option, "requires an argument"))
    wrong(desk, *name, *without, option, b"a\xff", codes=(64,), says=(f"{option}: ", "is not UTF-8"))
    wrong(desk, *name, *without, option.encode() + b"=a\xff", codes=(64,), says=("is not UTF-8",))
    if option != "--to" or verb != "withdraw":
        wrong(desk, *name, *flat(words), option, value, codes=(64,), says=(f"{option} is there twice: say it once",))


# What an empty text and one of nobody's list means to each verb's most careful option: what is said of it.
EMPTY = [
    ("police", "cancel", [ALERT, "--reason", "x"], "--outcome", "(--outcome)"), ("police", "cancel", [ALERT, "--outcome", "RESOLVED"], "--reason", "(--reason)"),
    ("post", "hit", [ALERT, "--summary", "x"], "--certainty", "(--certainty)"), ("post", "hit", [ALERT, "--summary", "x", "--certainty", "CERTAIN"], "--found-at", "RFC 3339"),
    ("police", "hold", [ALERT, "--court", "x", "--order", "7", "--scope", "x", "--valid-until", w.FAR], "--date", "(--date)"),
    ("police", "keep", [ALERT], "--reason", "--reason"), ("police", "assign", [ALERT, "kdci-0417"], "--text", "--text"),
    ("police", "hand-over", [ALERT], "--text", "--text"), ("police", "withdraw", [ASKED, "--reason", "x"], "--to", "country/agency/unit"),
    ("auditor", "audit replay", [], "--reason", "--reason"), ("auditor", "audit replay", ["--reason", "x"], "--case", "--case: "),
    ("auditor", "audit replay", ["--reason", "x"], "--party", "--party: "), ("auditor", "audit replay", ["--reason", "x"], "--message", "--message: "),
    ("auditor", "audit replay", ["--reason", "x"], "--from", "neither the number of an entry nor a time"),
    ("auditor", "audit prove", [ALERT], "--reason", "--reason"), ("auditor", "access log", [], "--reason", "--reason"),
    ("et-registry", "admin member add", ["et/x/y"], "--role", "--role must be one of unit, "), ("et-registry", "admin grant add", [POST, "--to", "ke/*/*"], "--kinds", "--kinds"),
]


TEXTS = {"empty": "", "blank": "   ", "huge": "x" * 100_000}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("desk, verb, words, option, says", EMPTY, ids=lambda value: value if isinstance(value, str) else "")
def test_a_text_that_says_nothing_or_has_no_end_is_refused_with_what_is_allowed(wrong, desk, verb, words, option, says, text):
    wrong(desk, *verb.split(), *words, option, TEXTS[text], codes=(64, 65), says=() if text == "huge" else (says,))


@pytest.mark.parametrize("verb", [v for v in VERBS if v not in ("init", "new", "completion", "inbox", "pending", "sent", "units", "search", "access new")
                                  and not v.startswith(("export statistics", "audit replay", "access log", "admin"))])
def test_an_argument_that_is_empty_or_of_nothing_is_told_with_where_to_look(wrong, verb):
    """Saves above all from `release ""`: a beginning of every id, so also of the one that waits."""
    desk = "police" if verb not in ("hit", "ack", "cannot", "answer") else "post"
    words = [flat([o for o in RIGHT[verb][1] if isinstance(o, tuple)]) if verb in RIGHT else []][0]
    for arg in ("", "ffffffff"):
        said = wrong(desk, *verb.split(), arg, *words, codes=(64, 65, 66))
        assert re.search(r"amana (inbox|sent|pending|new)|needs|for example|can't be opened|the hub", said.err), said.err
    wrong(desk, *verb.split(), b"\xff\xfe", *words, codes=(64,), says=("is not UTF-8",))


@pytest.mark.parametrize("verb", VERBS)
def test_an_option_that_there_is_not_is_named(wrong, verb):
    wrong("police", *verb.split(), "--nonsense", codes=(64,), says=("--nonsense",))


@pytest.mark.parametrize("verb", ["member add", "member remove", "member list", "grant list", "roster list", "roster remove"])
@pytest.mark.parametrize("unit", ["", "ffffffff", "ET/ics/moyale", "et/ics"])
def test_what_is_no_units_address_is_no_alarm_and_no_empty_list(wrong, verb, unit):
    wrong("et-registry", "admin", *verb.split(), unit, codes=(64,), says=("country/agency/unit",))


@pytest.mark.parametrize("verb", ["member list", "grant list"])
def test_a_unit_that_was_never_a_member_is_told_as_that(wrong, verb):
    wrong("et-registry", "admin", *verb.split(), "et/ics/nobody", codes=(66,), says=("et/ics/nobody: is no member", "amana admin member list"))


@pytest.mark.parametrize("words", [["ack"], ["hit", "--summary", "x", "--certainty", "CERTAIN"], ["cannot", "--outcome", "SAFETY", "--explanation", "x"]],
                         ids=lambda words: words[0])
def test_who_has_a_copy_is_told_so_and_nothing_lies_refused_in_its_outbox(wrong, desks, words):
    wrong("ke-protection", words[0], ALERT, *words[1:], codes=(65,), says=("a COPY of", "whom it asks to act", "amana note"))
    assert "nothing was sent" in desks.amana("ke-protection", "sent").ok().err


@pytest.mark.parametrize("desk, words, says", [
    ("police", ["ack", ALERT], "was sent by this unit"), ("post", ["cancel", ALERT, "--outcome", "RESOLVED", "--reason", "x"], "for its sender alone"),
    ("post", ["hit", ASKED, "--summary", "x"], "answers: ALERT"), ("post", ["answer", ALERT, "--outcome", "FULL", "--summary", "x"], "answers: REQUEST"),
    ("post", ["mend", ALERT], "amana sent"), ("post", ["access", "sheet", ALERT], "amana"), ("post", ["drop", ALERT], "amana sent"),
    ("post", ["ack", ALERT, "one", "more"], "one argument too many: it takes ID"), ("post", ["hit", ALERT, "a", "b"], "it takes ID [FILE]"),
], ids=lambda value: " ".join(str(v) for v in value[:2] if isinstance(v, str)) if isinstance(value, list) else "")
def test_a_verb_for_another_message_says_what_it_is_for(wrong, desk, words, says):
    wrong(desk, *words, codes=(64, 65, 66), says=(says,))


def test_two_that_begin_alike_are_both_named(wrong, desks):
    wrong("post", "show", "01", codes=(65,), says=(desks.ids[ALERT], desks.ids[ASKED], "write more of it"))


def test_a_file_of_another_kind_is_no_answer_of_this_one(wrong, desks):
    other = desks.path("other.json")
    other.write_text(w.ALERT.read_text().replace('"kind": "ALERT"', '"kind": "NOTE"', 1))
    wrong("police", "update", ALERT, "other.json", codes=(65,), says=("kind: line ", "is NOTE, but `amana update` sends UPDATE"))


def test_a_list_says_each_of_its_words_with_an_option_of_its_own(desks):
    desks.amana("post", "hit", desks.ids[ALERT], "--summary", "x", "--certainty", "CERTAIN", "--done", "LOCATE_AND_REPORT", "--done", "NONSENSE").exits(65).says(
        "hit.done[1]")


def test_a_file_may_have_a_name_that_is_no_text(desks):
    """What was copied from another system's disk is sent all the same."""
    path = desks.path("x").parent / "x"
    name = bytes(path.parent) + b"/draft\xff.json"
    with open(name, "wb") as file:
        file.write(w.ALERT.read_bytes())
    done = subprocess.run([str(w.AMANA).encode(), b"-d", b"police", b"send", b"--dry-run", name], cwd=desks.folder, capture_output=True,
                          env={**w.os.environ, **desks.env()}, timeout=w.PATIENCE)
    assert done.returncode == 0, done.stderr
