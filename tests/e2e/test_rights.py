# SPDX-License-Identifier: Apache-2.0
"""What amanad may still do once it serves: as whom it runs, and what the system refuses it."""
import os
import pathlib
import subprocess

import pytest

import world as w

HUB_USER, SIGNER_USER = 64901, 64902  # nobody's: numbers need no account
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def status_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.split() for name, value in (line.split(":", 1) for line in lines)}


def signer_of(hub):
    pid = hub.process.pid
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert len(children) == 1, children
    return int(children[0])


def conf_without_user(world):
    """The configuration of the world without a word of who to become."""
    conf = world.path("amanad.conf")
    text = "".join(line for line in conf.read_text().splitlines(True) if not line.startswith("user"))
    conf.write_text(text)
    return conf


def other_users(world):
    """The configuration names users of its own; what they have to own is theirs."""
    conf = conf_without_user(world)
    conf.write_text(f'user = "{HUB_USER}"\nsigner-user = "{SIGNER_USER}"\n' + conf.read_text())
    subprocess.run(["chown", "-R", f"{HUB_USER}:{HUB_USER}", world.path("data"), world.path("hub.key")], check=True)
    subprocess.run(["chown", "-R", f"{SIGNER_USER}:{SIGNER_USER}", world.path("data", "signer")], check=True)


# --- Who it is
@as_root
@pytest.mark.parametrize("arguments", [(), ("--check",), ("init", "--members", "members.conf", "--registrar",
                                                        "ke-registry/keys/officer.pem")],
                         ids=["serving", "--check", "init"])
def test_started_as_root_without_a_user_it_refuses_and_names_the_setting(empty_world, arguments):
    conf_without_user(empty_world)
    empty_world.amanad("-c", "amanad.conf", *arguments).exits(78).says("user: started as root", 'user = "amana"',
                                                                       'user = "root"')


@as_root
def test_started_as_root_with_a_user_it_wants_another_for_the_signer(empty_world):
    conf = conf_without_user(empty_world)
    conf.write_text(f'user = "{HUB_USER}"\n' + conf.read_text())
    empty_world.amanad("-c", "amanad.conf").exits(78).says("signer-user: started as root", "amana-signer")


@as_root
def test_the_hub_runs_as_its_user_and_the_signer_as_another_without_groups_or_capabilities(empty_world):
    world = empty_world
    other_users(world)
    world.start_hub(groups=[4, 24])
    for pid, user in ((world.hub.process.pid, HUB_USER), (signer_of(world.hub), SIGNER_USER)):
        status = status_of(pid)
        assert status["Uid"] == status["Gid"] == [str(user)] * 4
        assert status["Groups"] == []
        assert all(int(status[f"Cap{kind}"][0], 16) == 0 for kind in ("Inh", "Prm", "Eff", "Amb"))
        assert status["NoNewPrivs"] == ["1"]
    world.hub.log.wait(f"user={HUB_USER} signer=own-user")
    message = world.send()
    world.hub.reload()
    world.amana("post", "inbox").ok().says(message[:13])
    world.hub.stop()
    world.start_hub()
    world.send()


@as_root
def test_root_that_was_meant_keeps_no_capability_either(world):
    status = status_of(world.hub.process.pid)
    assert status["Uid"] == ["0"] * 4 and status["CapEff"] == status["CapPrm"] == ["0" * 16]


@as_root
def test_init_as_root_gives_what_it_makes_to_the_users(empty_world):
    world = empty_world
    other_users(world)
    text = world.path("amanad.conf").read_text()
    world.path("amanad.conf").write_text('data = "other"\n' + text)
    registrars = [f"--registrar={c}-registry/keys/officer.pem" for c in ("igad", "ke", "et")]
    world.amanad("init", "-c", "amanad.conf", "--members", "members.conf", *registrars).ok()
    assert world.path("other", "journal").stat().st_uid == HUB_USER
    assert all(p.stat().st_uid == SIGNER_USER for p in world.path("other", "signer").iterdir())
    assert world.path("other", "signer").stat().st_uid == SIGNER_USER


# --- What it may do
def test_the_private_key_lies_in_memory_that_is_locked(world):
    assert int(status_of(world.hub.process.pid)["VmLck"][0]) >= 64  # KiB


def test_a_file_outside_what_the_configuration_names_can_not_be_read(world):
    if "landlock" not in world.hub.log.wait("serving ").replace("no landlock", ""):
        pytest.skip("this kernel has no Landlock")
    conf = world.path("trust", "trust.conf")
    conf.unlink()
    conf.symlink_to("/etc/passwd")
    since = len(world.hub.log.all)
    world.hub.reload()
    world.hub.log.wait(r"^reload .*trust\.conf.*Permission denied", since)


def test_the_signers_key_can_not_be_read_where_hub_and_signer_are_one_user(world):
    """The key of TLS lies in the folder that data/ lies in too, which is readable for HUP."""
    if "landlock" not in world.hub.log.wait("serving ").replace("no landlock", ""):
        pytest.skip("this kernel has no Landlock")
    world.hub.log.wait(r"^sandbox file=hub\.key .*folder of its own")
    conf = world.path("trust", "trust.conf")
    for secret in "log.key", "record":
        conf.unlink()
        conf.symlink_to(world.path("data", "signer", secret))
        since = len(world.hub.log.all)
        world.hub.reload()
        world.hub.log.wait(r"^reload .*trust\.conf.*Permission denied", since)


def test_every_thread_of_the_hub_is_held_to_its_list_of_calls_and_the_log_says_so(world):
    tasks = list(pathlib.Path(f"/proc/{world.hub.process.pid}/task").iterdir())
    assert len(tasks) > 2
    assert {status_of(f"{world.hub.process.pid}/task/{t.name}")["Seccomp"][0] for t in tasks} == {"2"}
    world.hub.log.wait(r'serving .* sandbox="(landlock \d+|no landlock \(.*\)), seccomp \d+ calls')
