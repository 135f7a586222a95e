# SPDX-License-Identifier: Apache-2.0
"""A world of root, countries, desks and a hub: real programs in a folder of their own, nothing mocked."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("AMANA_BUILD", ROOT / "build/sanitized"))
AMANAD, AMANA, CA = BUILD / "server/amanad", BUILD / "client/cmd/amana", BUILD / "certs/amana-ca"
ALERT = ROOT / "tests/data/alert-moyale.json"
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


class Hub:
    """One running amanad. Its log is read from a file; its start is waited for by its "serving" line."""

    def __init__(self, world, conf="amanad.conf", failpoint=None):
        self.log_path = world.folder / f"hub-{len(world.hubs)}.log"
        environment = dict(os.environ, **({"AMANA_FAILPOINT": failpoint} if failpoint else {}))
        self.process = subprocess.Popen(
            [AMANAD, "-c", conf], cwd=world.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self.address = None
        log = self.log_path.open("wb")
        for line in self.process.stderr:
            log.write(line)
            found = re.search(rb"serving hub=\S+ .*port=(\d+)", line)
            if found:
                self.address = f"127.0.0.1:{int(found[1])}"
                self.serving = line.decode()
                break
        log.flush()
        # The rest of the log goes to the file without us.
        self.pump = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=log)
        self.process.stderr.close()
        log.close()

    def log(self):
        return self.log_path.read_text(errors="replace")

    def wait_log(self, pattern):
        """Waits for a line; tail ends by itself when the hub is gone."""
        tail = subprocess.Popen(
            ["tail", "-n", "+1", "-f", f"--pid={self.pump.pid}", self.log_path], stdout=subprocess.PIPE, text=True
        )
        try:
            for line in tail.stdout:
                if re.search(pattern, line):
                    return line
        finally:
            tail.kill()
            tail.wait()
        raise AssertionError(f"no line like {pattern} in\n{self.log()}")

    def wait(self):
        self.process.wait(timeout=60)
        self.pump.wait(timeout=60)
        return self.process.returncode

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        self.process.kill()
        return self.wait()


class World:
    def __init__(self, folder):
        self.folder = folder
        self.hubs = []
        self.hub = None

    def start(self, conf="amanad.conf", failpoint=None):
        self.hub = Hub(self, conf, failpoint)
        self.hubs.append(self.hub)
        return self.hub

    def close(self):
        for hub in self.hubs:
            if hub.process.poll() is None:
                hub.stop()

    def amana(self, desk, *args, status=0, address=None, stdin=None):
        """Runs amana as a desk; the exit status must be the one expected. Returns stdout and stderr together in .text."""
        environment = dict(os.environ, AMANA_ADDRESS=address or (self.hub.address if self.hub else "127.0.0.1:9"))
        done = subprocess.run(
            [AMANA, "-d", desk, *map(str, args)],
            cwd=self.folder, env=environment, input=stdin, capture_output=True, text=True, timeout=120,
        )
        done.text = done.stdout + done.stderr
        assert status is None or done.returncode == status, (
            f"amana -d {desk} {args} ended with {done.returncode}, not {status}:\n{done.text}\nhub:\n"
            + (self.hub.log() if self.hub else "")
        )
        return done

    def ca(self, *args):
        return subprocess.run([CA, *map(str, args)], cwd=self.folder, check=True, capture_output=True, text=True)

    def draft(self, **changes):
        """The alert of tests/data as a dict without its comments, with some fields changed; None leaves one out."""
        text = "\n".join(re.sub(r"^\s*//.*$", "", line) for line in ALERT.read_text().splitlines())
        draft = json.loads(text)
        for key, value in changes.items():
            if value is None:
                draft.pop(key, None)
            else:
                draft[key] = value
        return draft

    def write(self, name, draft):
        path = self.folder / name
        path.write_text(draft if isinstance(draft, str) else json.dumps(draft, indent=1))
        return path

    def send_alert(self, desk="police", **changes):
        path = self.write("draft.json", self.draft(**changes)) if changes else ALERT
        return ID.search(self.amana(desk, "send", path).stdout)[0]

    def replay(self, **options):
        """A verified replay as parsed JSON lines."""
        done = self.amana("auditor", "audit", "replay", "--reason", "a test looks", "--json", **options)
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def replay_text(self, *filters, status=0):
        return self.amana("auditor", "audit", "replay", "--reason", "a test looks", *filters, status=status).text


def copy_world(template, folder):
    shutil.copytree(template, folder, symlinks=True)
    return World(folder)
