# SPDX-License-Identifier: Apache-2.0
"""What tests/run adds up: nothing but a test that ended well is counted as passed; and what it asks of a release."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import textwrap

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def counted(path, status=0):
    """Lines said, passed, failed."""
    done = subprocess.run([ROOT / "tests/count", path, str(status)], capture_output=True, text=True, check=True)
    *said, last = done.stdout.splitlines()
    return said, *map(int, last.split())


def meson(folder, *results):
    path = folder / "testlog.json"
    path.write_text("".join(json.dumps({"name": f"test {n}", "result": result, "stdout": "first\nno such thing here\n"}) + "\n"
                            for n, result in enumerate(results)))
    return path


def junit(folder, cases):
    path = folder / "e2e.xml"
    path.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    return path


def test_what_meson_calls_good_is_passed(tmp_path):
    assert counted(meson(tmp_path, "OK", "EXPECTEDFAIL")) == ([], 2, 0)


@pytest.mark.parametrize("result", ["FAIL", "TIMEOUT", "ERROR", "INTERRUPT", "UNEXPECTEDPASS", "A result of a later meson"])
def test_whatever_else_meson_says_is_a_failure(tmp_path, result):
    assert counted(meson(tmp_path, "OK", result), 1) == ([f"FAILED: test 1: {result}"], 1, 1)


def test_a_skipped_test_is_shown_with_its_reason_and_is_not_passed(tmp_path):
    assert counted(meson(tmp_path, "OK", "SKIP")) == (["skipped: test 1: no such thing here"], 1, 0)
    skipped = '<testcase name="a"/><testcase name="b"><skipped message="no apt-cache here"/></testcase>'
    assert counted(junit(tmp_path, skipped)) == (["skipped: b: no apt-cache here"], 1, 0)


def test_pytests_failures_and_errors_are_failures(tmp_path):
    cases = '<testcase name="a"><failure message="assert 1&#10;more"/></testcase><testcase name="b"><error/></testcase>'
    assert counted(junit(tmp_path, cases), 1) == (["FAILED: a: assert 1", "FAILED: b: it gives no reason"], 0, 2)


def test_a_runner_that_failed_without_a_failed_test_is_a_failure(tmp_path):
    for path in (meson(tmp_path, "OK"), junit(tmp_path, '<testcase name="a"/>')):
        said, passed, failed = counted(path, 3)
        assert (passed, failed) == (1, 1) and "ended with 3" in said[0]


@pytest.mark.parametrize("name, text", [("e2e.xml", None), ("testlog.json", None), ("e2e.xml", "<testsuites><test"),
                                        ("testlog.json", '{"name": "a", "res'), ("testlog.json", "{}\n")])
def test_results_that_are_not_there_or_cut_short_are_a_failure(tmp_path, name, text):
    if text is not None:
        (tmp_path / name).write_text(text)
    said, passed, failed = counted(tmp_path / name)
    assert (passed, failed) == (0, 1) and "can't be read" in said[0]


def run_of(folder, script):
    """What the functions of tests/run that run others and add up make of it: the lines that name no failure."""
    source = (ROOT / "tests/run").read_text()
    functions = source[source.index("counted() {"):source.index("setup() {")]
    (folder / "kept.xml").write_text('<testsuites><testcase name="new"/></testsuites>')
    done = subprocess.run(["bash", "-uc", functions + "passed=0 failed=0\n" + textwrap.dedent(script)], cwd=ROOT, capture_output=True,
                          text=True, check=True)
    return [line for line in done.stdout.splitlines() if "FAILED" not in line]


def test_the_runner_counts_nothing_that_an_earlier_run_left(tmp_path):
    """With runners that leave nothing, something, or a failure."""
    junit(tmp_path, '<testcase name="old"/>')
    assert run_of(tmp_path, f"""
        counted {tmp_path}/e2e.xml true
        echo "$passed $failed"
        counted {tmp_path}/new.xml cp {tmp_path}/kept.xml {tmp_path}/new.xml
        echo "$passed $failed"
        counted {tmp_path}/new.xml false
        echo "$passed $failed"
    """) == ["0 1", "1 1", "1 2"]


def test_what_ran_beside_is_waited_for_shown_and_added_up_with_how_it_ended(tmp_path):
    junit(tmp_path, '<testcase name="old"/>')
    runs = f"cp {tmp_path}/kept.xml {tmp_path}"
    assert run_of(tmp_path, f"""
        mkfifo {tmp_path}/goes-on
        beside {tmp_path}/e2e.xml true
        beside {tmp_path}/one.xml sh -c 'echo says one; read line <{tmp_path}/goes-on; {runs}/one.xml'
        beside {tmp_path}/two.xml sh -c '{runs}/two.xml; exit 3'
        echo "$passed $failed"
        echo >{tmp_path}/goes-on
        those_beside
        echo "$passed $failed"
    """) == ["0 0", "says one", "2 2"]


@pytest.mark.parametrize("args", [("--only",), ("--only", "e3e"), ("--only", "all"), ("e2e",)])
def test_a_part_that_there_is_not_is_refused_with_those_there_are(args):
    done = subprocess.run([ROOT / "tests/run", *args], capture_output=True, text=True)
    assert done.returncode == 64 and "unit|warnings|valgrind|e2e|interop|docs" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("user, options, status", [("1000", [], 69), ("0", ["--no-install"], 69), ("0", [], 0)])
def test_a_package_that_is_missing_is_installed_by_root_and_named_to_others(tmp_path, user, options, status):
    """With a list of one package that nobody has, and an apt-get that only writes down what it is asked for."""
    tests, programs, asked = tmp_path / "tests", tmp_path / "programs", tmp_path / "asked"
    tests.mkdir(), programs.mkdir()
    shutil.copy(ROOT / "tests/install", tests)
    (tests / "deps").write_text("no-such-package | build | nobody has it\n")
    for name, does in (("id", f"echo {user}"), ("apt-get", f'echo "$@" >>{asked}')):
        (programs / name).write_text(f"#!/bin/sh\n{does}\n")
        (programs / name).chmod(0o755)
    done = subprocess.run([tests / "install", *options, "run"], capture_output=True, text=True,
                          env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"})
    assert done.returncode == status, done.stdout + done.stderr
    if status == 0:
        assert asked.read_text().splitlines()[1].split()[-1] == "no-such-package"
    else:
        assert not asked.exists() and "as root: apt-get install --no-install-recommends no-such-package" in done.stderr


HARD = ["-O2", "-fPIE", "-pie", "-fstack-protector-all", "-D_FORTIFY_SOURCE=2", "-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack"]
SOFT = {"b_pie": ["-fno-pie", "-no-pie"], "-z relro, -z now": ["-Wl,-z,lazy"], "-z noexecstack": ["-Wl,-z,execstack"],
        "-fstack-protector-strong": ["-fno-stack-protector"], "_FORTIFY_SOURCE": ["-U_FORTIFY_SOURCE"]}


@pytest.mark.parametrize("lacks", [None, *SOFT])
def test_a_program_that_lacks_a_hardening_is_named_with_it(tmp_path, lacks):
    source, program = tmp_path / "one.c", tmp_path / "one"
    source.write_text("#include <stdio.h>\nint main(int argc, char **argv) { char line[9];"
                      " snprintf(line, (size_t)argc, \"%s\", argv[0]); return puts(line) < 0; }\n")
    subprocess.run(["gcc", *HARD, *SOFT.get(lacks, []), "-o", program, source], check=True)
    done = subprocess.run([ROOT / "tests/hardened", program], capture_output=True, text=True)
    said = [line.rsplit("(", 1)[-1].rstrip(")") for line in done.stdout.splitlines()]
    assert (said, done.returncode) == (([], 0) if lacks is None else ([lacks], 1))


@pytest.mark.skipif(shutil.which("clang") is None, reason="no clang here: tests/install run brings it")
def test_libfuzzer_sees_what_lies_behind_a_harness(tmp_path):
    """Where the libraries are built without it, it counts the harness alone, 34 places of 2000, and changes inputs blindly."""
    build = tmp_path / "build"
    subprocess.run(["meson", "setup", build, "-Dfuzzers=true", "-Dlibfuzzer=true", "-Dbuildtype=plain"], cwd=ROOT,
                   env={**os.environ, "CC": "clang"}, stdout=subprocess.DEVNULL, check=True)
    subprocess.run(["ninja", "-C", build, "tests/fuzz_frames"], stdout=subprocess.DEVNULL, check=True)
    done = subprocess.run([build / "tests/fuzz_frames", "-runs=0", ROOT / "tests/fuzz/corpus/frames"], capture_output=True, text=True)
    seen = re.search(r"INITED cov: (\d+)", done.stderr)
    assert done.returncode == 0 and seen and int(seen[1]) > 500, done.stderr
