# SPDX-License-Identifier: Apache-2.0
"""One world is made by tests/setup for the session; each test gets a copy of it, and what it started is ended."""
import os
import re
import shutil
import subprocess

import pytest

import raw
import world as w


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("template") / "world"
    done = subprocess.run([w.ROOT / "tests" / "setup", folder, w.BUILD, "0"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    # Holes instead of reserved room: a copy for each test needn't read it.
    subprocess.run(["fallocate", "--dig-holes", folder / "data" / "journal" / "data.mdb"], check=True)
    return folder


def copy_of(template, folder):
    w.copy_folder(template, folder / "world")
    return w.World(folder / "world")


@pytest.fixture
def empty_world(template, tmp_path):
    """A world whose hub isn't started."""
    world = copy_of(template, tmp_path)
    yield world
    world.end()
    shutil.rmtree(world.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def file_world(template, tmp_path_factory):
    """One world for all tests of a file, whose hub isn't started."""
    world = copy_of(template, tmp_path_factory.mktemp("file"))
    yield world
    world.end()


@pytest.fixture(scope="module")
def offices(file_world):
    """The same, served, and the protection units are data protection offices in it."""
    file_world.start_hub()
    for country, unit in (("ke", "ke/dcs/child-protection"), ("et", "et/mowsa/protection")):
        file_world.amana(f"{country}-registry", "admin", "member", "remove", unit, "--yes").ok()
        file_world.amana(f"{country}-registry", "admin", "member", "add", unit, "--role", "dpo").ok()
    return file_world


@pytest.fixture
def world(empty_world):
    empty_world.start_hub()
    return empty_world


@pytest.fixture
def held(empty_world):
    """Starts a hub that waits at a place, as NAME:COUNT, until what is given back is opened, and closed."""
    fifo = empty_world.path("data", "hub", "fifo")

    def start(place):
        fifo.parent.mkdir(exist_ok=True)  # what the hub may still open when it serves
        os.mkfifo(fifo)
        os.environ["AMANA_FAILPOINT_FIFO"] = str(fifo)
        try:
            empty_world.start_hub(failpoint=place)
        finally:
            del os.environ["AMANA_FAILPOINT_FIFO"]
        return lambda: open(fifo, "w")
    return start


@pytest.fixture(scope="session")
def pb(tmp_path_factory):
    """Modules that protoc makes of our .proto files, by name."""
    return raw.modules(tmp_path_factory.mktemp("pb"))


@pytest.fixture
def limited(empty_world):
    """Starts the hub with limits of the test's own."""
    def start(**limits):
        conf = empty_world.path("amanad.conf")
        limits = {"handshakes_per_second": 1000, "requests_per_second": 100000, **limits}
        rows = " ".join(f"{name.replace('_', '-')} = {value}" for name, value in limits.items())
        text = re.sub(r"(?m)^limits .*\n", "", conf.read_text())
        conf.write_text(f"{text}\nlimits {{ {rows} }}\n")
        empty_world.amanad("--check", "-c", "amanad.conf").ok()
        empty_world.start_hub()
        return empty_world
    return start
