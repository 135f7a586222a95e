# SPDX-License-Identifier: Apache-2.0
"""One world is made by tests/setup for all tests; each test works in a copy of it."""
import subprocess

import pytest

from world import BUILD, ROOT, copy_world


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("template") / "world"
    made = subprocess.run([ROOT / "tests/setup", folder, BUILD], capture_output=True, text=True)
    assert made.returncode == 0, made.stdout[-3000:] + made.stderr
    return folder


@pytest.fixture
def world(template, tmp_path):
    made = copy_world(template, tmp_path / "world")
    yield made
    made.close()


@pytest.fixture
def live(world):
    """A world whose hub runs."""
    world.start()
    return world
