# SPDX-License-Identifier: Apache-2.0
"""Completion of verbs and options, made from the tables that parse them: asked of each shell that has read it."""
import shlex
import subprocess

import pytest

import world as w


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("completion") / "amana"
    path.write_text(w.run(w.AMANA, "completion", "bash").ok().out)
    return path


def completed(script, *words):
    """What bash offers for the last of these words."""
    line = " ".join(shlex.quote(word) for word in ("amana", *words))
    asked = f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words)}; _amana; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(["bash", "--norc", "-c", asked], capture_output=True, text=True, timeout=w.PATIENCE)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.split()


def test_a_shell_completes_verbs_their_further_words_and_their_options(script):
    assert sorted(completed(script, "can")) == ["cancel", "cannot"]
    assert completed(script, "permit", "") == ["ask", "grant", "deny"]
    assert completed(script, "admin", "grant", "r") == ["remove"]
    assert completed(script, "cancel", "0193a", "--outc") == ["--outcome"]
    assert completed(script, "permit", "ask", "--us") == ["--uses"]
    assert completed(script, "-d", "police", "--json", "wi") == ["withdraw"]
    assert completed(script, "help", "send-") == ["send-back"]
    assert completed(script, "-d", "police", "permit", "") == ["ask", "grant", "deny"]


def test_every_verb_of_the_help_is_completed_and_each_of_its_options(script):
    quiet = {"ASAN_OPTIONS": "detect_leaks=0"}  # glibc's argp leaves a byte behind for a verb without options
    listed = [line[2:21].strip() for line in w.run(w.AMANA, "help").ok().out.splitlines() if line.startswith("  ")]
    assert len(listed) > 50
    for verb in listed:
        *before, last = verb.split()
        assert last in completed(script, *before, last), verb
        offered = completed(script, *verb.split(), "--")
        for line in w.run(w.AMANA, *verb.split(), "--help", env=quiet).ok().out.splitlines():
            option = line.split("--", 1)[-1].split("=")[0].split()[0].rstrip(",") if line.startswith("  ") and " --" in line[:12] else None
            assert option in (None, "usage", "version") or f"--{option}" in offered, (verb, option)


def test_the_help_of_a_verb_says_of_an_option_what_it_does_there():
    def says(*verb):
        quiet = {"ASAN_OPTIONS": "detect_leaks=0"}
        return " ".join(w.run(w.AMANA, *verb, env=quiet).ok().out.split())
    assert "--valid-until=TIME kept until, as the court says; needed" in says("hold", "--help")
    assert "--to=UNIT to this unit alone of those who were asked" in says("withdraw", "--help")
    assert "--to=UNIT to this unit; left out: to the other side" in says("note", "--help")
    assert "--to=UNIT one more recipient, who must act" in says("hit", "--help")
    assert "one more recipient, who must act" not in says("ack", "--help")
    assert "72 hours from now" in says("new", "alert", "--unit", "ke/dci/transnational") and "72 hours from now" not in says("hold", "--help")
    note = says("new", "note", "--unit", "ke/dci/transnational")
    assert "acknowledged by nobody" in note and "on the clock" not in note and "at most three" not in note


# What each of the others offers for the last word. compadd, which zsh has in a completion alone, prints here.
ASKED = {"fish": ["fish", "--no-config", "-c", "source $argv[1]; complete -C (string join ' ' -- $argv[2..])"],
         "zsh": ["zsh", "-fc", 'compadd() { [ "$1" = -- ] && shift; print -l -- $@ }; words=("${@:2}"); CURRENT=$#words; source $1', "zsh"]}


@pytest.mark.parametrize("shell", ASKED)
def test_the_other_shells_offer_the_same(shell, tmp_path):
    path = tmp_path / "amana"
    path.write_text(w.run(w.AMANA, "completion", shell).ok().out)

    def offers(*words):
        said = w.run(*ASKED[shell], path, "amana", *words, env={"HOME": str(tmp_path)}).ok()
        assert said.err == ""
        return {line.split("\t")[0] for line in said.out.splitlines()}
    assert offers("permit", "") == {"ask", "grant", "deny"}
    assert offers("-d", "police", "permit", "") == {"ask", "grant", "deny"}
    assert {"remove"} <= offers("admin", "grant", "r")
    assert {"cancel", "cannot"} <= offers("can") and {"send-back"} <= offers("help", "send-")
    assert {"withdraw"} <= offers("-d", "police", "--json", "wi")
    assert {"--outcome"} <= offers("cancel", "0193a", "--outc") and {"--uses"} <= offers("permit", "ask", "--us")


def test_a_shell_that_is_none_of_these_is_refused_with_those_there_are():
    w.run(w.AMANA, "completion", "tcsh").exits(64).says("bash, zsh or fish")


def test_a_verb_that_lacks_a_word_hears_which_there_are():
    w.run(w.AMANA, "export").exits(64).says('"export" needs another word: cap, htcds, statistics')
    w.run(w.AMANA, "admin", "grant").exits(64).says('"admin grant" needs another word: list, add, remove')
