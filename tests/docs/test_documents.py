# SPDX-License-Identifier: Apache-2.0
"""What the documents say is so: links lead somewhere, commands exist and take the options shown, tables are the code's."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["AMANA_BUILD"])
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = {
    "amanad": BUILD / "server/amanad",
    "amana": BUILD / "client/cmd/amana",
    "amana-ca": BUILD / "certs/amana-ca",
}


def shell_commands(path):
    for block in re.findall(r"```sh\n(.*?)```", path.read_text(), re.S):
        for line in block.replace("\\\n", " ").splitlines():
            line = line.split("#")[0].strip()
            if line:
                yield line


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_every_file_that_a_document_names_is_there(path):
    named = re.findall(r"`((?:tests|docs|proto|server|client|certs)/[\w./-]*\w)`", path.read_text())
    missing = [name for name in named if not (ROOT / name).exists()]
    assert missing == []


def test_the_readme_builds_by_hand_as_it_says(tmp_path):
    """Its meson line configures a fresh folder; compiling the same tree is what this run began with."""
    commands = list(shell_commands(ROOT / "README.md"))
    setup = next(c for c in commands if c.startswith("meson setup")).split()
    assert any(c.startswith("ninja -C build/release") for c in commands)
    setup[2] = str(tmp_path / "build")
    done = subprocess.run(setup, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_scripts_of_the_readme_say_how_they_are_used():
    for command in shell_commands(ROOT / "README.md"):
        script = command.split()[0]
        if not script.startswith("tests/"):
            continue
        assert os.access(ROOT / script, os.X_OK), script
        said = subprocess.run([ROOT / script, "--no-such-option", "x", "y"], cwd=ROOT, capture_output=True, text=True)
        assert said.returncode in (64, 69), (script, said.returncode)


def test_the_table_of_reasons_is_the_programs_own():
    source = (ROOT / "proto/model/reason.h").read_text().replace("\\\n", "")
    rows = re.findall(r'X\((\w+),\s*RPC_(\w+),\s*(\d),\s*"([^"]+)"\)', source)
    protocol = (ROOT / "docs/protocol.md").read_text()
    assert len(rows) > 20
    for name, status, again, text in rows:
        if name != "NONE":
            assert f"| `{name}` | `{status}` | {'yes' if again == '1' else 'no'} | {text} |" in protocol, name


def test_the_vocabulary_is_what_the_comments_say():
    made = (BUILD / "docs/vocabulary.md").read_text()
    assert made == (ROOT / "docs/vocabulary.md").read_text(), "cp build/…/docs/vocabulary.md docs/"


def test_a_field_without_a_word_in_the_vocabulary_ends_the_build(tmp_path):
    for part in ("body", "part"):
        text = (ROOT / f"proto/amana/v1/{part}.proto").read_text()
        (tmp_path / f"{part}.proto").write_text(text.replace("  // what was done", "", 1) if part == "body" else text)
    said = subprocess.run([ROOT / "docs/make-vocabulary", tmp_path / "body.proto", tmp_path / "part.proto"],
                          capture_output=True, text=True)
    assert said.returncode == 1 and "Confirm.remark has no comment" in said.stderr


@pytest.mark.parametrize("name,page", [("amanad", "amanad.8"), ("amana", "amana.1"), ("amana-ca", "amana-ca.1")])
def test_every_program_has_its_manual_page_and_its_help(name, page):
    assert (ROOT / "docs/man" / page).exists()
    said = subprocess.run([PROGRAMS[name], "--help"], capture_output=True, text=True)
    assert said.returncode == 0 and "sage" in said.stdout + said.stderr


def test_every_package_of_the_list_is_one_that_debian_has():
    if shutil.which("apt-cache") is None:
        pytest.skip("no apt-cache here")
    rows = [l.split("|")[0].strip() for l in (ROOT / "tests/deps").read_text().splitlines() if l and l[0] != "#"]
    for package in rows:
        assert re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", package), package
    known = subprocess.run(["apt-cache", "show", *rows], capture_output=True, text=True).stdout
    missing = [p for p in rows if f"Package: {p}\n" not in known and p not in ("npm", "nodejs")]
    assert missing == []
