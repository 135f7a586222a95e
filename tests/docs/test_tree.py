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
LIBRARIES = {"libevent": "event2/", "OpenSSL": "openssl/", "LMDB": "lmdb.h", "nghttp2": "nghttp2/"}
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


@pytest.fixture(scope="module")
def rooms():
    """Each row of the table of rooms: folder to what its last cell says that it knows."""
    table = re.findall(r"^\| `([a-z0-9/]+)` \|.*\| ([^|]+) \|$", (ROOT / "docs/architecture.md").read_text(), re.M)
    assert len(table) > 10
    return dict(table)


@pytest.fixture(scope="module")
def known(rooms):
    """Each room to all that it knows: itself, the rooms below it, and their libraries."""
    def of(room, above):
        assert room not in above, f"a circle: {' -> '.join([*above, room])}"
        cell = rooms[room]
        below = [of(other, [*above, room]) for other in re.findall("`([^`]+)`", cell)]
        return {room, *(name for name in LIBRARIES if name in cell)}.union(*below)
    return {room: of(room, []) for room in rooms}


def room_of(path, rooms):
    path = re.sub(r"^(amana|google|grpc)/.*", "proto/amana/v1/", path) # what protoc makes
    return next((room for room in sorted(rooms, key=len, reverse=True) if path.startswith(room + "/")), None)


def includes(kept, mark):
    sources = (path for path in kept if path.endswith((".c", ".h")) and not path.startswith(("tests/", "docs/")))
    return [(path, to) for path in sources for to in re.findall(rf"^#include [{mark}]([^>\"]+)", (ROOT / path).read_text(), re.M)]


def test_every_folder_of_source_is_a_room(kept, rooms):
    folders = {str(pathlib.PurePath(path).parent) for path, _ in includes(kept, '<"')}
    # amana-ca is of certs; proto itself has what a test stops a program with.
    assert folders - set(rooms) == {"certs/ca", "proto"}
    assert [room for room in rooms if not (ROOT / room).is_dir()] == []


def test_every_include_points_down(kept, rooms, known):
    own = [(path, to) for path, to in includes(kept, '"') if "/" in to and to != "proto/failpoint.h" and room_of(path, rooms)]
    assert len(own) > 1000
    assert [(path, to) for path, to in own if room_of(to, rooms) not in known[room_of(path, rooms)]] == []


def test_no_room_includes_a_library_that_it_does_not_know(kept, rooms, known):
    of_library = [(path, to, name) for path, to in includes(kept, "<") for name, begins in LIBRARIES.items()
                  if to.startswith(begins) and room_of(path, rooms)]
    assert len(of_library) > 50
    assert [row for row in of_library if row[2] not in known[room_of(row[0], rooms)]] == []
