# SPDX-License-Identifier: Apache-2.0
"""The demo itself: it comes to its end, and what it printed does the same when it is typed by hand elsewhere."""
import os
import re
import shutil
import subprocess

import pytest

import world as w


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """Where the names of the folders above have a space in them, as somebody's may."""
    home = tmp_path_factory.mktemp("demo") / "a new place"
    shutil.copytree(w.ROOT / "tests" / "data", home / "tests" / "data")
    for script in ("demo", "setup"):
        shutil.copy(w.ROOT / "tests" / script, home / "tests")
    (home / "programs").symlink_to(w.BUILD)
    done = w.run(home / "tests" / "demo", home / "programs", home / "shown").ok()
    return home / "shown", done.out


def commands(text):
    """The lines of shell that were shown, with their here-documents; one that is said to end with N must do so."""
    lines, found = iter(text.splitlines()), []
    for line in lines:
        if line.startswith("$ "):
            found.append(line[2:])
            while "<<END" in found[-1] and not found[-1].endswith("\nEND"):
                found[-1] += "\n" + next(lines)
        elif ended := re.fullmatch(r"\(ended with (\d+)\)", line):
            found[-1] += f" && exit 9 || [ $? -eq {ended[1]} ]"
    return found


def named(folder):
    return [re.findall(r"entry (\d+)", (folder / name).read_text()) for name in ("fsck.txt", "replay-copy.err")]


def test_the_demo_names_the_one_entry_that_it_changed(printed):
    folder, out = printed
    changed = re.search(r"== Done: entry (\d+) is named by both", out)[1]
    access = [line for line in (folder / "verify.txt").read_text().splitlines() if "ACCESS" in line and "monthly review" in line]
    assert [line.split()[0] for line in access] == [changed]
    assert named(folder) == [[changed], [changed]]


def test_the_demo_shows_what_the_story_promises(printed):
    _, out = printed
    steps = ["STOP AND SEARCH", "et/ics/moyale/device/d1 has it", "Patrol at the barrier", "acknowledged by eics-1207",
             "waits     ALERT", "waits for your signature", "released  ALERT", "Came by the 15:00 bus", "accepted  DECISION",
             "waits     CANCEL", "8 messages, in the order of the log", "VERIFIED", "$ openssl cms -verify", "== fsck names the entry", "DAMAGED"]
    at = [out.find(step) for step in steps]
    assert -1 not in at and at == sorted(at), dict(zip(steps, at))


def test_the_second_story_s_clocks_were_all_met_and_each_message_stands_once(printed):
    folder, _ = printed
    case = (folder / "case.txt").read_text()
    met = [line for line in case.splitlines() if line.endswith("on time")]
    second = [line for line in met if line.lstrip().startswith("from retrieval, by ")]  # of what the police sent alone
    assert (len(met) - len(second), len(second)) == (5, 4) and "due in" not in case and "OVERDUE" not in case and "LATE" not in case
    kinds = [line.split()[2] for line in case.splitlines() if re.match("[0-9a-f]{8}-", line)]
    assert kinds == ["ALERT", "ACK", "HIT", "ACK", "REFERRAL", "DECISION", "CANCEL", "ACK"]


def test_what_the_demo_printed_does_the_same_typed_by_hand_in_an_empty_folder(printed, tmp_path):
    folder, out = printed
    script = "set -e -o pipefail\n" + "\n".join(commands(out)) + "\n"
    typed = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=w.PATIENCE,
                           env={**os.environ, "TZ": "UTC", "NO_COLOR": "1"})
    assert typed.returncode == 0, typed.stdout[-3000:] + typed.stderr
    assert "acknowledged by eics-1207" in (tmp_path / "status.txt").read_text()
    assert named(tmp_path) == named(folder)
    assert not {p.name for p in folder.iterdir()} ^ {p.name for p in tmp_path.iterdir()}
