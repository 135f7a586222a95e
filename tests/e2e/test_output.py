# SPDX-License-Identifier: Apache-2.0
"""What a program prints: it reaches whoever asked, or the program says so; and it never goes into a file of its own."""
import os
import re
import subprocess

import pytest

import world as w


@pytest.fixture(scope="module")
def sent(file_world):
    file_world.start_hub()
    file_world.send()
    file_world.amana("post", "inbox").ok()
    return file_world


def shell(world, line, stdout=subprocess.PIPE):
    """With A, D and C for the three programs."""
    env = {**os.environ, **world.env(), "TZ": "UTC", "A": str(w.AMANA), "D": str(w.AMANAD), "C": str(w.AMANA_CA), "ALERT": str(w.ALERT),
           "ODK": str(w.DATA / "odk-submission.xml")}
    done = subprocess.run(["bash", "-c", line], cwd=world.folder, env=env, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=w.PATIENCE)
    return w.Result(line, done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("command", ["-d police --json sent", "-d police sent", "-d post inbox", "-d auditor audit replay --reason why"])
@pytest.mark.parametrize("closed", ["<&- >&-", "<&- >&- 2>&-", ">&- 2>&-"])
def test_a_command_whose_output_nobody_opened_writes_it_into_no_store(sent, command, closed):
    shell(sent, f"$A {command} {closed}").exits(74)
    for desk in ("police", "post", "auditor"):
        sent.amana(desk, "sent").ok()
    assert "accepted" in sent.amana("police", "sent").out


def test_a_hub_that_is_started_without_its_three_files_opens_nothing_in_their_place(empty_world):
    world, places = empty_world, (0, 1)
    process = subprocess.Popen(["bash", "-c", f"exec {w.AMANAD} -c amanad.conf <&- >&-"], cwd=world.folder, stderr=subprocess.PIPE,
                               text=True, env={**os.environ, **world.env()})
    log = w.Lines(process.stderr, "hub")
    log.wait("^serving ")
    assert [os.readlink(f"/proc/{process.pid}/fd/{n}") for n in places] == ["/dev/null", "/dev/null"]
    process.terminate()
    assert process.wait(w.PATIENCE) == 0


@pytest.mark.parametrize("command", [
    "$A -d police sent", "$A -d police --json sent", "$A -d police new alert", "$A -d police status", "$A -d police units",
    "$A -d police send $ALERT", "$A -d police case ke/dci/2026/004211", "$A -d post search lorry", "$A completion bash",
    "$A -d auditor audit replay --reason why", "$A --version", "$A help send", "$C show ke/units.pem", "$C --help", "$D -c amanad.conf --check", "$D --help"])
def test_what_can_not_be_printed_is_told_and_is_no_success(sent, command):
    shell(sent, f"{command} >/dev/full").exits(74).says("what was to be printed can't be written: look whether a disk is full")


@pytest.mark.parametrize("json", ["", "--json"])
def test_a_message_that_went_is_told_to_have_gone_where_its_receipt_can_not_be_printed(sent, json):
    """Saves from a note that is sent twice because a disk was full."""
    said = shell(sent, f"$A -d police {json} send $ALERT >/dev/full").exits(74).says("went all the same: don't send it again")
    began = re.search(r"`amana status ([0-9a-f-]+)`", said.err)[1]
    sent.amana("police", "status", began).ok().says("accepted")


@pytest.mark.parametrize("command", [
    "$A -d police new alert", "$A -d police new request --to et/ics/moyale", "$A -d police access new --to ke/dci/transnational",
    "$A -d police import $ODK", "$A -d police sent", "$A -d police --json send $ALERT", "$A -d post case ke/dci/2026/004211", "$A completion bash",
    "$A -d auditor audit replay --reason why", "$A help send", "$A --version", "$C show ke/units.pem", "$C crl --help", "$D -c amanad.conf --check", "$D --help"])
def test_who_prints_into_a_pipe_that_its_reader_left_ends_with_its_code_and_by_no_signal(sent, command):
    read, write = os.pipe()
    os.close(read)
    try:
        said = shell(sent, command, stdout=write).exits(74)
    finally:
        os.close(write)
    assert "can't be written" not in said.err


def test_a_reader_that_has_had_enough_is_told_nothing(sent):
    said = shell(sent, "$A -d police --json sent | head -c 1").ok()
    assert (said.out, said.err) == ("{", "")


@pytest.mark.parametrize("command", ["-d police inbox", "-d chief pending"])
def test_who_leaves_while_something_is_shown_is_not_told_of_a_disk(empty_world, command):
    """Saves from a search for a full disk by whoever has quit a pager."""
    world = empty_world
    world.supervisor()
    world.start_hub()
    world.alert_at("post")  # police has news of that
    world.amana("police", "send", world.draft(subject_kind="GROUP", release=None)).ok().says("waits")
    reading, writing = os.pipe()
    os.close(reading)
    said = shell(world, f"$A {command}", stdout=writing).exits(74)
    os.close(writing)
    assert said.err == ""
