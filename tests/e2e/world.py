# SPDX-License-Identifier: Apache-2.0
"""A whole world in a folder: root, countries, desks and a hub as tests/setup makes them, run with the real programs."""
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("AMANA_BUILD", ROOT / "build" / "sanitized")).resolve()
AMANA = BUILD / "client" / "cmd" / "amana"
AMANAD = BUILD / "server" / "amanad"
AMANA_CA = BUILD / "certs" / "amana-ca"
UNDER = os.environ.get("AMANA_UNDER", "").split()  # what the desks' commands run under: valgrind, or nothing
ALERT = ROOT / "tests" / "data" / "alert-moyale.json"
DATA = ALERT.parent
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
FAR = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1000)).strftime("%Y-%m-%dT00:00:00Z")  # still to come, whenever
PATIENCE = 60  # seconds until a thing that has to come is given up; nothing waits that long when all is well


class Lines:
    """The lines of a stream as they come, with a way to wait for one: an event, never a sleep."""

    def __init__(self, stream, name):
        self.all, self.name, self.ended = [], name, False
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self.thread.start()

    def _read(self, stream):
        for line in stream:
            with self.changed:
                self.all.append(line.rstrip("\n"))
                self.changed.notify_all()
        stream.close()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait(self, pattern, since=0):
        """The first line from `since` on that matches; fails with all lines when the stream ends without one."""
        with self.changed:
            found = self.changed.wait_for(lambda: self._find(pattern, since) or self.ended, PATIENCE)
            line = self._find(pattern, since)
        assert found and line, f"{self.name}: no line like {pattern!r} in:\n" + "\n".join(self.all)
        return line

    def _find(self, pattern, since):
        return next((line for line in self.all[since:] if re.search(pattern, line)), None)

    def drain(self):
        self.thread.join(PATIENCE)
        return self.all


class Result:
    def __init__(self, args, code, out, err):
        self.args, self.code, self.out, self.err = args, code, out, err

    def ok(self):
        return self.exits(0)

    def exits(self, *codes):
        assert self.code in codes, f"{self.args} ended with {self.code}, not {codes}:\n{self.out}\n{self.err}"
        return self

    def says(self, *texts):
        for text in texts:
            assert text in self.out + self.err, f"{self.args} does not say {text!r}:\n{self.out}\n{self.err}"
        return self

    @property
    def id(self):
        found = UUID.search(self.out + self.err)
        assert found, f"{self.args} names no message:\n{self.out}\n{self.err}"
        return found.group()

    @property
    def json(self):
        return [json.loads(line) for line in self.out.splitlines()]


def run(*args, cwd=None, env=None, stdin=None):
    done = subprocess.run([str(a) for a in args], cwd=cwd, env={**os.environ, "TZ": "UTC", "NO_COLOR": "1", **(env or {})},
                          input=stdin, capture_output=True, text=True, errors="replace", timeout=PATIENCE)
    result = Result(args, done.returncode, done.stdout, done.stderr)
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, f"{args}:\n{done.stderr}"
    return result


def copy_folder(what, to):
    """A copy that leaves holes where the journal's reserved room is."""
    subprocess.run(["cp", "-a", "--sparse=always", what, to], check=True)


def preloaded(name):
    """The environment of an amanad that runs with a module of tests/."""
    return {"LD_PRELOAD": str(BUILD / "tests" / f"{name}.so"),
            "ASAN_OPTIONS": "verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", "")}


class Clock:
    """A clock that a test moves under an amanad that runs."""

    def __init__(self, folder):
        self.path = pathlib.Path(folder, "clock.ahead")
        self.move(0)
        self.env = {**preloaded("clock"), "AMANA_TEST_CLOCK": str(self.path)}

    def move(self, seconds):
        """So many seconds ahead of the machine's clock, from now on."""
        mode = "r+b" if self.path.exists() else "w+b"  # the same file: it is mapped
        with open(self.path, mode) as file:
            file.write(int(seconds * 1_000_000_000).to_bytes(8, "little", signed=True))


class Hub:
    """One amanad that serves."""

    def __init__(self, folder, conf="amanad.conf", failpoint=None, groups=None, clock=None):
        env = {**os.environ, "TZ": "UTC", **(clock.env if clock else {})}
        env.pop("JOURNAL_STREAM", None)
        env["AMANA_CLOCK"] = str(pathlib.Path(folder) / "clock")
        if failpoint:
            env["AMANA_FAILPOINT"] = failpoint
        self.process = subprocess.Popen([str(AMANAD), "-c", conf], cwd=folder, env=env, stderr=subprocess.PIPE, text=True,
                                        errors="replace", extra_groups=groups)
        self.log = Lines(self.process.stderr, "hub")
        try:
            line = self.log.wait(r"serving hub=")
        except AssertionError as error:
            ended = self.process.poll() if not self.log.ended else self.process.wait(PATIENCE)
            raise AssertionError(f"a hub that began ended with {ended} (negative: the signal)\n{error}") from None
        self.port = int(re.search(r"port=(\d+)", line).group(1))
        if not failpoint:
            self.log.wait(r"^rosters read=")  # what a test puts there comes after

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def wait(self):
        """The status of a hub that is ending by itself; negative: the signal."""
        code = self.process.wait(PATIENCE)
        self.log.drain()
        self.sane()
        return code

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.wait()
        assert code == 0, f"the hub ended with {code}:\n" + "\n".join(self.log.all)

    def kill(self):
        self.process.kill()
        return self.wait()

    def reload(self):
        self.log.wait(r"^rosters read=")  # those of its start
        since = len(self.log.all)
        self.process.send_signal(signal.SIGHUP)
        return self.log.wait(r"^reloaded", since)

    def sane(self):
        text = "\n".join(self.log.all)
        assert "Sanitizer" not in text and "runtime error" not in text, text

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def metas(path):
    """(transaction, last page, page size) of LMDB's newest commit (mdb.c, struct MDB_meta)."""
    with open(path, "rb") as file:
        size = struct.unpack_from("<I", file.read(152), 40)[0]
        found = []
        for page in (0, 1):
            file.seek(page * size)
            last, transaction = struct.unpack_from("<QQ", file.read(152), 136)
            found.append((transaction, last, size))
    return max(found)


def moves_time():
    """Only a build with failpoints takes its time from AMANA_CLOCK."""
    return b"AMANA_CLOCK" in AMANAD.read_bytes()


class World:
    def __init__(self, folder):
        self.folder, self.hub, self.hubs, self.watchers = pathlib.Path(folder), None, [], []
        self.ahead = datetime.timedelta()
        self.path("clock").write_bytes(bytes(8))

    def later(self, **delta):
        """Moves the time of every program of this world, also of those that run; a test build reads it there."""
        self.ahead += datetime.timedelta(**delta)
        with open(self.path("clock"), "r+b", buffering=0) as file:
            file.write(struct.pack("=q", int(self.ahead.total_seconds()) * 10**9))

    def start_hub(self, failpoint=None, conf="amanad.conf", groups=None, clock=None):
        if failpoint and not moves_time():
            pytest.skip("the build has no failpoints (-Dfailpoints=true)")
        self.hub = Hub(self.folder, conf, failpoint, groups, clock)
        self.hubs.append(self.hub)
        return self.hub

    def env(self):
        return {"AMANA_ADDRESS": self.hub.address if self.hub else "127.0.0.1:1", "AMANA_CLOCK": str(self.path("clock"))}

    def amana(self, desk, *args, stdin=None, env=None):
        return run(*UNDER, AMANA, "-d", desk, *args, cwd=self.folder, env={**self.env(), **(env or {})}, stdin=stdin)

    def watch(self, desk, *args, stderr=None, env=None):
        """A command that goes on; its lines."""
        process = subprocess.Popen([*UNDER, str(AMANA), "-d", desk, *args], cwd=self.folder, stdout=subprocess.PIPE,
                                   stderr=stderr, text=True,
                                   env={**os.environ, "TZ": "UTC", "NO_COLOR": "1", **self.env(), **(env or {})})
        self.watchers.append(process)
        return process, Lines(process.stdout, f"amana -d {desk} {' '.join(args)}")

    def amanad(self, *args):
        return run(AMANAD, *args, cwd=self.folder, env={"AMANA_CLOCK": str(self.path("clock"))})

    def ca(self, *args):
        return run(AMANA_CA, *args, cwd=self.folder)

    def run(self, *args):
        return run(*args, cwd=self.folder).ok()

    def path(self, *parts):
        return self.folder.joinpath(*parts)

    def copy(self, what, to):
        shutil.rmtree(self.path(to), ignore_errors=True)
        copy_folder(self.path(what), self.path(to))

    def draft(self, name="draft.json", **changes):
        """The alert of the demo with other fields; a key `a__b` stands for a member of a member."""
        text = "\n".join(line for line in ALERT.read_text().splitlines() if not line.lstrip().startswith("//"))
        draft = json.loads(text)
        for key, value in changes.items():
            *above, last = key.split("__")
            at = draft
            for part in above:
                at = at[part]
            if value is None:
                at.pop(last, None)
            else:
                at[last] = value
        path = self.path(name)
        path.write_text(json.dumps(draft, indent=2))
        return name

    def write(self, kind, body, name="draft.json", **changes):
        """A draft of another kind, to the post; nobody is identified and no child concerned."""
        draft = {"kind": kind, "status": "ACTUAL", "case_ref": "ke/dci/2026/004300", "urgency": "U3",
                 "recipients": [{"unit": "et/ics/moyale", "part": "ACTION"}], "handling": ["H0"],
                 "classification": "RESTRICTED", "purpose": "INVESTIGATION", "legal_basis": "PALERMO_PROTOCOL",
                 "language": "en", "release": "NOT_NEEDED", "flags": {"child": False, "protection": "NO"},
                 kind.lower(): body, **changes}
        self.path(name).write_text(json.dumps(draft, indent=2))
        return name

    def example(self, kind, name=None, **changes):
        """The body of tests/data for a kind as a file that an answering verb takes."""
        text = (DATA / f"{kind.replace('_', '-')}-moyale.json").read_text()
        draft = json.loads("\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//")))
        name = name or f"{kind}.json"
        self.path(name).write_text(json.dumps({kind: {**draft[kind], **changes}}, indent=2))
        return name

    def supervisor(self, desk="chief", unit="ke/dci/transnational", officer="kdci-0001", with_="police", device="d2"):
        """A second desk of a unit, whose officer its new roster marks as a supervisor. Before the hub starts, or with HUP."""
        uses, country = ("auth", "seal", "sign", "officer"), unit.split("/")[0]
        self.run(AMANA, "init", "--unit", unit, "--device", device, "--officer", officer, "--hub", "igad/hub", "--address",
                 "127.0.0.1:4433", "-d", desk)
        self.ca("issue", "-d", country, *(f"{desk}/keys/{use}.csr" for use in uses)).ok()
        self.ca("roster", "--registrar", f"{country}-registry/keys/officer.pem", "--key",
                f"{country}-registry/keys/officer.key", "-o", "rosters", "--supervisor", f"amana://{unit}/officer/{officer}",
                *(f"{d}/keys/{use}.pem" for d in (with_, desk) if d for use in uses)).ok()
        self.copy("trust", f"{desk}/trust")
        return desk

    def send(self, desk="police", draft=None):
        return self.amana(desk, "send", draft or str(ALERT)).ok().id

    def alert_at(self, *desks):
        """An alert that these desks have fetched."""
        alert = self.send()
        for desk in desks:
            self.amana(desk, "inbox").ok()
        return alert

    def body(self, desk, message):
        """What the desk shows of the message's body; None once it is erased there."""
        return self.amana(desk, "--json", "show", message).ok().json[0]["body"]

    def replay(self, *filters):
        """The log as the auditor sees it, verified."""
        return self.amana("auditor", "--json", "audit", "replay", "--reason", "a test", *filters).ok().json

    def entries(self, kind):
        return [e["content"] for e in self.replay() if e.get("kind") == kind]

    def second_hub(self, data="data.copy"):
        """A hub of the same name on another data folder."""
        conf = self.path("amanad.conf").read_text()
        self.path("second.conf").write_text(f'data = "{data}"\n{conf}')
        return self.start_hub(conf="second.conf")

    def end(self):
        for process in self.watchers:
            if process.poll() is None:
                process.kill()
            process.wait()
        for hub in self.hubs:
            hub.end()
        for hub in self.hubs:
            hub.log.drain()
            hub.sane()
