# SPDX-License-Identifier: Apache-2.0
"""A world and a running hub for each kind of client; Python's messages are made from our .proto files when the tests run."""
import os
import pathlib
import struct
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from world import BUILD, World  # noqa: E402

NAME = "hub.igad.amana.example"
BENCH = BUILD / "tests/bench_hub"


class Desk:
    """Files of one desk, as other people's clients want them."""

    def __init__(self, world, name):
        self.name = name
        self.folder = world.folder / name
        self.roots = self.folder / "trust/roots.pem"
        self.certificate, self.key = self.folder / "keys/auth.pem", self.folder / "keys/auth.key"


class Live(World):
    def desk(self, name):
        return Desk(self, name)

    def prepare(self, count, draft=None):
        """Messages of the police, valid, sealed, signed and not sent yet: a list of (id, bytes)."""
        pool = self.folder / "prepared.pool"
        pool.unlink(missing_ok=True)
        done = subprocess.run(
            [BENCH, self.folder, "--prepare", "--send", str(count), "--pool", pool, "--address", self.hub.address,
             "--draft", draft or ROOT / "tests/bench/alert.json"],
            capture_output=True, text=True, timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        data, messages = pool.read_bytes(), []
        while data:
            size = struct.unpack(">I", data[36:40])[0]
            messages.append((data[:36].decode(), data[40 : 40 + size]))
            data = data[40 + size :]
        return messages


def made_world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interop") / "world"
    made = subprocess.run([ROOT / "tests/setup", folder, BUILD, "0"], capture_output=True, text=True)
    assert made.returncode == 0, made.stdout[-3000:] + made.stderr
    return Live(folder)


def ended(world):
    if world.hub.process.poll() is None:
        world.hub.stop()  # in order, whatever its clients did to it
    world.end()


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    world = made_world(tmp_path_factory)
    world.start_hub()
    yield world
    ended(world)


@pytest.fixture(scope="session")
def messages(tmp_path_factory):
    """The generated modules: messages.relay_pb2 and so on."""
    out = tmp_path_factory.mktemp("generated")
    files = [str(path.relative_to(ROOT / "proto")) for path in sorted((ROOT / "proto").rglob("*.proto"))]
    files = [path for path in files if not path.startswith("google/protobuf/")]
    subprocess.run(["protoc", f"-I{ROOT / 'proto'}", "-I/usr/include", f"--python_out={out}", *files], check=True)
    sys.path.insert(0, str(out))
    # Two folders are packages of installed libraries already: ours are looked for there too.
    import google
    import grpc

    google.__path__ = [*google.__path__, str(out / "google")]
    grpc.__path__ = [*grpc.__path__, str(out / "grpc")]
    from amana.v1 import audit_pb2, directory_pb2, message_pb2, relay_pb2
    from google.rpc import status_pb2
    from grpc.health.v1 import health_pb2

    class Messages:
        pass

    made = Messages()
    made.audit, made.directory, made.message, made.relay = audit_pb2, directory_pb2, message_pb2, relay_pb2
    made.status, made.health = status_pb2, health_pb2
    return made


@pytest.fixture(scope="session", autouse=True)
def quiet():
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
