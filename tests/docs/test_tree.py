# SPDX-License-Identifier: Apache-2.0
"""What is kept in the repository: what belongs there, and no secret."""
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOP = {"server", "client", "proto", "certs", "tests", "docs", "meson.build", "meson_options.txt", "README.md", "LICENSE",
       ".ci", ".clang-format", ".editorconfig", ".gitignore"}
PRIVATE = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{20}")


@pytest.fixture(scope="module")
def kept():
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a clone: there is no list of what is kept")
    listed = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files", "-z"], capture_output=True, check=True)
    return listed.stdout.decode().rstrip("\0").split("\0")


def test_nothing_lies_at_the_top_that_has_no_place_there(kept):
    assert {path.split("/")[0] for path in kept} - TOP == set()


def test_no_private_key_is_kept(kept):
    assert [path for path in kept if PRIVATE.search((ROOT / path).read_bytes())] == []


def test_every_c_file_is_laid_out_as_clang_format_has_it(kept):
    if shutil.which("clang-format") is None:
        pytest.skip("no clang-format here: tests/install run brings it")
    files = [path for path in kept if path.endswith((".c", ".h"))]
    said = subprocess.run(["clang-format", "--dry-run", *files], cwd=ROOT, capture_output=True, text=True, check=True)
    assert sorted({line.split(":")[0] for line in said.stderr.splitlines() if "warning:" in line}) == []
