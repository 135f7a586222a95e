# SPDX-License-Identifier: Apache-2.0
"""docs/tutorial.md, typed as it stands: each block of commands is run, in order, and says what the document shows."""
import os
import re
import socket
import subprocess

import pytest

import world as w

TUTORIAL = (w.ROOT / "docs" / "tutorial.md").read_text()
END = "=== the block is done"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Reader:
    """Somebody with two terminals: one for the hub, one for all else."""

    def __init__(self, folder):
        self.folder, self.hub = folder, None
        self.port = str(free_port())
        self.shell = subprocess.Popen(["bash", "--noprofile", "--norc"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, env={**os.environ, "PWD": str(folder)})

    def typed(self, block):
        """As in a checkout in which build/release is the build under test."""
        return (block.replace("$PWD/../build/release", str(w.BUILD)).replace("build/release", str(w.BUILD))
                .replace("../tests/", f"{w.ROOT}/tests/").replace("tests/setup ", f"{w.ROOT}/tests/setup ").replace("4433", self.port))

    def sh(self, block):
        """Runs what isn't building or installing, and returns all that it says. Each line must end well."""
        lines = [line for line in self.typed(block).replace("\\\n", " ").splitlines()
                 if not line.startswith(("tests/install", "meson setup", "ninja -C"))]
        for line in lines:
            self.shell.stdin.write(f"{line} || echo 'FAILED: a line of the document'\n")
        self.shell.stdin.write(f"echo; echo '{END}'\n")
        self.shell.stdin.flush()
        said = []
        for line in self.shell.stdout:
            if line.strip() == END:
                break
            said.append(line.rstrip("\n"))
        assert "FAILED: a line of the document" not in said, "\n".join([*lines, *said])
        return said

    def start(self, block):
        command = self.typed(block).split()
        assert command[0] == "amanad"
        self.hub = subprocess.Popen([w.AMANAD, *command[1:]], cwd=self.folder / "play", stderr=subprocess.PIPE, text=True)
        said = []
        for line in self.hub.stderr:
            said.append(line.rstrip("\n"))
            if line.startswith("serving"):
                return said
        raise AssertionError("\n".join(said))

    def stop(self):
        if self.hub is not None:
            self.hub.terminate()
            self.hub.communicate(timeout=60)
            assert self.hub.returncode == 0
            self.hub = None


@pytest.fixture
def reader(tmp_path):
    reader = Reader(tmp_path)
    yield reader
    reader.shell.kill()
    reader.shell.communicate()
    if reader.hub is not None:
        reader.hub.kill()
        reader.hub.communicate()


def test_the_tutorial_can_be_typed_as_it_stands_and_says_what_it_shows(reader):
    said = []
    for kind, block in re.findall(r"^```(\w+)\n(.*?)^```", TUTORIAL, re.M | re.S):
        if kind == "sh":
            said += reader.sh(block)
        elif kind == "hub":
            said += reader.start(block)
        elif kind == "stop":
            reader.stop()
        else:
            assert kind == "text"
            rest = iter(said)
            for shown in block.replace("4433", reader.port).splitlines():
                form = re.compile(re.escape(shown).replace("…", ".*"))
                assert any(form.fullmatch(line) for line in rest), "\n".join([shown, "", *said])
            said = []
    reader.stop()
