# SPDX-License-Identifier: Apache-2.0
"""The story of the demo: an alert crosses the border, is taken on, is ended, and the log proves all of it."""
import fcntl
import os
import re
import signal
import subprocess

import pytest

import world as w

COPIES = ("ke-protection", "et-protection")


def test_a_waiting_post_sees_an_alert_and_the_police_see_who_took_it_on(world):
    process, post = world.watch("post", "inbox", "--follow")
    alert = world.send()
    post.wait(alert[:13])
    process.send_signal(signal.SIGTERM)
    process.wait()
    world.amana("post", "inbox").ok()  # the signal may have come before the device had signed for it
    shown = world.amana("post", "show", alert).ok().says("STOP AND SEARCH", "KDA 417Q", "kdci-0417", "about 14")
    assert shown.out.startswith("STOP AND SEARCH"), "what to do comes first"
    world.amana("post", "ack", alert, "--remark", "Patrol at the barrier, both lanes.").ok()
    world.amana("police", "inbox").ok().says("Patrol at the barrier")
    world.amana("police", "status", alert).ok().says("retrieved", "acknowledged by eics-1207")


def test_both_protection_units_get_their_copies(world):
    alert = world.send()
    for desk in COPIES:
        world.amana(desk, "inbox").ok().says(alert[:13])
        world.amana(desk, "show", alert).ok().says("KDA 417Q")
    status = world.amana("police", "status", alert).ok().out
    assert len(re.findall(r"copy +retrieved", status)) == 2, status


def test_an_update_asks_again_and_a_cancel_that_is_acknowledged_stops_the_alert(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", alert).ok()
    update = world.amana("police", "update", alert, world.draft(alert__title="The lorry turned back")).ok().id
    status = world.amana("police", "status", alert).ok().says("to be acknowledged by").out
    assert "new by" not in status, "nobody has answered the new clock"
    world.amana("post", "inbox").ok().says("The lorry turned back", f"replaced by {update[:13]}")
    world.amana("post", "ack", update).ok()
    world.amana("police", "status", update).ok().says("acknowledged by eics-1207")
    cancel = world.amana("police", "cancel", update, "--outcome", "RESOLVED", "--reason", "All children found.").ok().id
    world.amana("police", "status", alert).ok().says("stopping")
    world.amana("post", "inbox").ok().says("All children found.")
    world.amana("post", "ack", cancel).ok()
    for message in (alert, update, cancel):
        world.amana("police", "status", message).ok().says("stopped by eics-1207")
    for desk in COPIES:
        world.amana(desk, "inbox").ok().says(f"ended by {cancel[:13]}", "All children found.")


def test_the_auditor_replays_a_verified_log_and_the_kept_file_verifies_without_a_hub(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.amana("auditor", "audit", "replay", "--reason", "review of the case", "-o", "replay.jsonl").ok().says(
        "VERIFIED", alert[:13], "review of the case", "RETRIEVED")
    world.hub.stop()
    world.hub = None
    world.amana("auditor", "audit", "verify", "replay.jsonl").ok().says("VERIFIED", alert[:13])


def test_a_kept_replay_that_was_changed_does_not_verify(world):
    world.send()
    world.amana("auditor", "audit", "replay", "--reason", "review of the case", "-o", "replay.jsonl").ok()
    kept = world.path("replay.jsonl").read_text().splitlines(keepends=True)
    changed = re.sub(r'("content":\s*"[A-Za-z0-9+/]{20})(.)', lambda m: m[1] + ("B" if m[2] == "A" else "A"), "".join(kept), count=1)
    assert changed != "".join(kept)
    world.path("replay.jsonl").write_text(changed)
    world.amana("auditor", "audit", "verify", "replay.jsonl").exits(1).says("entry 0")
    world.path("replay.jsonl").write_text("".join(kept[:5] + kept[6:]))
    world.amana("auditor", "audit", "verify", "replay.jsonl").exits(1)


def test_a_filtered_replay_that_was_kept_and_cut_short_is_noticed(world):
    world.send()
    world.amana("post", "inbox").ok()
    world.amana("auditor", "audit", "replay", "--reason", "review of the case", "--party", "et/ics/moyale", "-o", "some.jsonl").ok()
    world.amana("auditor", "audit", "verify", "some.jsonl").ok().says("does not prove completeness")
    kept = world.path("some.jsonl").read_text().splitlines(keepends=True)
    world.path("some.jsonl").write_text("".join(kept[:-1]))
    world.amana("auditor", "audit", "verify", "some.jsonl").exits(65).says("cut short")
    world.path("some.jsonl").write_text("".join(kept[:1] + kept[2:]))
    world.amana("auditor", "audit", "verify", "some.jsonl").exits(65).says("a last line that counts")


def test_a_kept_replay_never_overwrites_a_file(world):
    world.path("replay.jsonl").write_text("what stood here")
    world.amana("auditor", "audit", "replay", "--reason", "review of the case", "-o", "replay.jsonl").exits(73).says("is there already")
    assert world.path("replay.jsonl").read_text() == "what stood here"


def test_each_entry_of_a_message_and_its_receipt_are_proofs_that_others_can_read(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    receipt = world.amana("police", "receipt", alert, "--tlog-proof").ok().out
    assert receipt.startswith("c2sp.org/tlog-proof@v1\nextra ")
    assert "\n— igad.amana.example/log " in receipt
    world.amana("auditor", "audit", "prove", alert, "--reason", "for the court", "-o", "proofs").ok()
    proofs = sorted(p.name for p in world.path("proofs").glob("*.tlog-proof"))
    assert len(proofs) == 2, "SUBMITTED and RETRIEVED"
    for name in proofs:
        assert_proof(world.path("proofs", name))


def test_a_unit_proves_also_that_it_was_acknowledged_in_time_and_who_released_it(world):
    world.supervisor()
    world.hub.reload()
    world.hub.log.wait(r"^roster unit=ke/dci/transnational number=2")
    alert = world.amana("police", "send", world.draft(subject_kind="GROUP", release="DEFERRED")).ok().id
    world.amana("chief", "release", alert, "--yes").ok()
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", alert).ok()
    world.amana("police", "inbox").ok()
    world.amana("police", "audit", "prove", alert, "-o", "proofs").ok()
    kinds = {entry["seq"]: entry["kind"] for entry in world.replay("--message", alert) if "seq" in entry}
    proofs = sorted(world.path("proofs").glob("*.tlog-proof"))
    for path in proofs:
        assert_proof(path)
    assert {kinds[int(path.stem)] for path in proofs} >= {"SUBMITTED", "RELEASED", "RETRIEVED", "DEADLINE"}, kinds


def assert_proof(path):
    """A C2SP tlog-proof by the standard library alone: RFC 9162 §2.1.3.2."""
    import base64
    import hashlib

    head, note = path.read_text().split("\n\n", 1)
    lines = head.splitlines()
    leaf = base64.b64decode(lines[1].removeprefix("extra "))
    index = int(lines[2].removeprefix("index "))
    steps = [base64.b64decode(line) for line in lines[3:]]
    _, size, root = note.splitlines()[:3]
    content, salt = (path.with_suffix(s).read_bytes() for s in (".content", ".salt"))
    assert leaf[-32:] == hashlib.sha256(salt + content).digest()
    node, fn, sn = hashlib.sha256(b"\0" + leaf).digest(), index, int(size) - 1
    for step in steps:
        if fn & 1 or fn == sn:
            node = hashlib.sha256(b"\1" + step + node).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = hashlib.sha256(b"\1" + node + step).digest()
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0 and node == base64.b64decode(root)


def test_stock_openssl_verifies_an_exported_message_and_refuses_a_changed_one(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.amana("post", "show", alert, "--export", "out").ok()
    command = ("openssl", "cms", "-verify", "-binary", "-cades", "-content", "out/header.bin", "-inform", "DER", "-in",
               "out/signature.p7s", "-CAfile", "out/roots+cas+crls.pem", "-crl_check_all", "-out", "/dev/null")
    w.run(*command, cwd=world.folder).ok()
    header = world.path("out", "header.bin")
    data = bytearray(header.read_bytes())
    data[40] ^= 1
    header.write_bytes(data)
    assert w.run(*command, cwd=world.folder).code != 0


def test_a_hub_that_is_told_to_stop_writes_so_and_goes_on_after(world):
    world.send()
    world.hub.stop()
    assert any(line.startswith("stopped hub=igad/hub") for line in world.hub.log.all)
    world.amanad("fsck", "-d", "data").ok().says("0 faults")
    world.start_hub()
    kinds = [entry.get("kind") for entry in world.replay()]
    assert kinds.count("STOP") == 1
    assert world.entries("START")[-1]["start"].get("clean") is True


# A replay's reason stands in its ACCESS entry, so these words are in the journal and nowhere else.
WORDS = b"a review whose words are searched for"


@pytest.fixture
def changed(world):
    """A stopped hub, and data.copy in which one byte of an entry's content is another; the entry's number."""
    world.send()
    world.amana("auditor", "audit", "replay", "--reason", WORDS.decode(), "-o", "replay.jsonl").ok()
    seq = next(e["seq"] for e in world.replay() if WORDS.decode() in str(e.get("content")))
    world.hub.stop()
    world.copy("data", "data.copy")
    world.copy("auditor", "auditor.copy")
    journal = world.path("data.copy", "journal", "data.mdb")
    data = journal.read_bytes()
    assert WORDS in data
    journal.write_bytes(data.replace(WORDS, WORDS.replace(b"words", b"xords")))
    return seq


def test_fsck_names_an_entry_of_which_one_byte_was_changed(world, changed):
    world.amanad("fsck", "-d", "data.copy").exits(1).says(f"entry {changed}:")
    world.amanad("fsck", "-d", "data").ok()


def test_the_auditor_names_the_changed_entry_of_a_second_hub(world, changed):
    world.second_hub()
    world.amana("auditor.copy", "audit", "replay", "--reason", "the copy, after the change").exits(1).says(f"entry {changed}")


def test_a_copy_owes_no_acknowledgement_and_may_not_give_one(world):
    alert = world.send()
    listed = world.amana("ke-protection", "inbox").ok().out
    assert alert[:13] in listed and "to be acknowledged" not in listed
    assert world.amana("ke-protection", "ack", alert).code in (65, 77)


def test_the_sender_is_told_of_a_units_first_retrieval(world):
    world.send()
    world.amana("post", "inbox").ok()
    world.amana("police", "inbox").ok().says("et/ics/moyale/device/d1 has it")


def test_which_messages_a_device_has_is_said_by_their_ids_and_an_exercise_is_not_among_what_is_live(world):
    """Saves from "has it" of which nobody with two messages on their way knows the meaning."""
    sent = [world.send() for _ in range(10)]
    drill = world.send(draft=world.draft(status="EXERCISE"))
    world.amana("post", "inbox").ok()
    world.amana("police", "status", drill).ok()  # which fetches the notice and leaves it to the inbox
    for desk in ("among-exercises", "for-programs"):
        world.copy("police", desk)
    line = next(line for line in world.amana("police", "inbox").ok().out.splitlines() if "moyale/device/d1 has it" in line)
    named = re.findall("[0-9a-f]{8}-[0-9a-f]{4}", line)
    assert len(named) == 8 and set(named) < {message[:13] for message in sent} and "and 2 more, entry" in line
    assert re.findall("[0-9a-f]{8}-[0-9a-f]{4}", world.amana("among-exercises", "inbox", "--exercise").ok().out)[0] == drill[:13]
    notice = next(row for row in world.amana("for-programs", "--json", "inbox").ok().json if row.get("notice") == "RETRIEVED")
    assert sorted(notice["messages"]) == sorted(sent)


def test_what_another_command_took_from_the_hub_is_still_shown_by_inbox(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.amana("police", "status", alert).ok().says("retrieved")
    world.amana("police", "inbox").ok().says("et/ics/moyale/device/d1 has it")
    assert "has it" not in world.amana("police", "inbox").ok().out, "news is told once"


def test_a_following_inbox_shows_first_what_another_command_took(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    ack = world.amana("post", "ack", alert, "--remark", "Patrol at the barrier.").ok().id
    world.amana("police", "status", alert).ok().says("acknowledged by")
    _, lines = world.watch("police", "inbox", "--follow")
    lines.wait(ack[:13])


@pytest.mark.parametrize("status, option, other", [("EXERCISE", "--exercise", "--test"), ("TEST", "--test", "--exercise")])
def test_what_is_not_real_is_never_in_a_live_list_or_count(world, status, option, other):
    live = world.send()
    drill = world.send(draft=world.draft(status=status))
    for verb, desk in (("inbox", "post"), ("sent", "police")):
        assert (live[:13] in (out := world.amana(desk, verb).ok().out)) and drill[:13] not in out
        assert (drill[:13] in (out := world.amana(desk, verb, option).ok().out)) and live[:13] not in out
        out = world.amana(desk, verb, other).ok().out
        assert live[:13] not in out and drill[:13] not in out
    status = world.amana("post", "--json", "status").ok().json[0]
    assert status["messages"] == {"outbox": 0, "inbox": 1, "sent": 0}
    assert status["exercises"] == {"outbox": 0, "inbox": 1, "sent": 0}
    world.amana("post", "status").ok().says("messages    0 waiting · 1 in the inbox · 0 sent", "exercises   0 waiting · 1 in")


def test_who_has_an_exercise_is_news_of_exercises_only(world):
    world.send(draft=world.draft(status="EXERCISE"))
    world.amana("post", "inbox").ok()
    assert "has it" not in world.amana("police", "inbox").ok().out
    world.amana("police", "inbox", "--exercise").ok().says("et/ics/moyale/device/d1 has it")


def test_a_following_inbox_shows_what_is_live_and_nothing_else(world):
    process, lines = world.watch("post", "inbox", "--follow")
    drill = world.send(draft=world.draft(status="EXERCISE"))
    lines.wait(world.send()[:13])
    assert not [line for line in lines.all if drill[:13] in line]


def test_of_two_that_follow_at_a_desk_one_has_the_stream_and_each_shows_what_is_its_own(world):
    """Saves from two that take the device's stream from each other for ever, and from an alert shown by neither."""
    first, live = world.watch("post", "inbox", "--follow")
    live.wait(world.send()[:13])  # it has the stream
    second, drills = world.watch("post", "inbox", "--follow", "--exercise", stderr=subprocess.STDOUT)
    drills.wait("another `amana inbox --follow` of this desk has the stream")
    drill = lambda: world.send(draft=world.draft(status="EXERCISE"))
    drills.wait(drill()[:13])
    live.wait(world.send()[:13])
    first.kill()
    drills.wait(drill()[:13])  # it has the stream now
    second.terminate()
    assert second.wait(w.PATIENCE) == 0


def test_a_plain_inbox_shows_what_one_that_follows_has_taken_and_ends_neither(world):
    """Saves from an officer who reads the inbox and ends the screen of the watch by that."""
    watch, lines = world.watch("post", "inbox", "--follow", stderr=subprocess.STDOUT)
    alert = world.send()
    lines.wait(alert[:13])
    world.amana("post", "inbox").ok().says("has the stream: this is what it has taken by now", alert[:13])
    alert = world.send()
    lines.wait(alert[:13])
    assert watch.poll() is None and not [line for line in lines.all if "REPLACED" in line], lines.all
    watch.kill()
    watch.wait()
    alert = world.send()
    assert "has the stream" not in world.amana("post", "inbox").ok().says(alert[:13]).err  # the turn went with it


def held_as_it_waits(world):
    """The environment of a command of a desk that is held where it would wait, and the place that tells and lets it go on."""
    if not w.moves_time():
        pytest.skip("the build has no failpoints (-Dfailpoints=true)")
    fifo = world.path("fifo")
    os.mkfifo(fifo)
    return {"AMANA_FAILPOINT": "turn-wait", "AMANA_FAILPOINT_FIFO": str(fifo)}, fifo


def test_a_plain_inbox_fetches_what_there_is_while_one_that_follows_is_between_two_attempts(world):
    """Saves from an alert that lies at the hub for a minute, while an officer is told that it was fetched."""
    env, fifo = held_as_it_waits(world)
    watch, lines = world.watch("post", "inbox", "--follow", stderr=subprocess.STDOUT, env=env)
    lines.wait(world.send()[:13])
    world.hub.stop()
    with open(fifo, "w"):  # its stream has ended, and it waits for its next attempt
        world.start_hub()
        alert = world.send()
        said = world.amana("post", "inbox").ok().says(alert[:13])
    assert "has the stream" not in said.err
    assert watch.poll() is None


def test_an_inbox_that_is_interrupted_while_another_fetches_says_of_nobody_that_it_follows(world):
    world.amana("post", "inbox").ok()
    env, fifo = held_as_it_waits(world)
    with open(world.path("post", "store", "turn"), "r+b") as turn:
        fcntl.lockf(turn, fcntl.LOCK_EX | fcntl.LOCK_NB, 1)  # as a plain inbox has it
        process, lines = world.watch("post", "inbox", stderr=subprocess.STDOUT, env=env)
        with open(fifo, "w"):
            process.send_signal(signal.SIGINT)
        assert process.wait(w.PATIENCE) == 69
    assert not [line for line in lines.drain() if "--follow" in line]


def test_a_desk_whose_stream_a_copy_of_it_takes_says_so_and_takes_it_back(world):
    """The hub gives a device's stream to whoever asks last: a copy of the desk on another machine has a lock of its own."""
    world.copy("post", "copy")
    _, lines = world.watch("post", "inbox", "--follow", stderr=subprocess.STDOUT)
    alert = world.send()
    lines.wait(alert[:13])
    world.amana("copy", "inbox").ok()  # which takes it for a moment
    lines.wait("REPLACED.*trying again")
    alert = world.send()
    lines.wait(alert[:13])


def test_neither_the_log_nor_its_replay_holds_a_word_of_the_content(world):
    world.send()
    world.amana("auditor", "audit", "replay", "--reason", "a test looks", "-o", "replay.jsonl").ok()
    world.hub.stop()
    kept = [world.path("replay.jsonl"), *(p for p in world.path("data").rglob("*") if p.is_file())]
    held = [p.read_bytes() for p in kept]
    assert any(b"ke/dci/2026/004211" in data for data in held), "what stands in the header is there"
    for words in (b"Isuzu", b"KDA 417Q", b"Marsabit"):
        assert not any(words in data for data in held), words


def test_each_roster_number_that_a_reload_finds_is_an_entry_in_order(world):
    unit = "ke/dci/transnational"
    def next_roster(to, previous):
        world.path("rosters", to).mkdir()
        keys = [f"police/keys/{name}.pem" for name in ("auth", "seal", "sign", "officer")]
        world.ca("roster", "--registrar", "ke-registry/keys/officer.pem", "--key", "ke-registry/keys/officer.key",
                 "--previous", previous, "-o", f"rosters/{to}", *keys).ok()
        return f"rosters/{to}/ke.dci.transnational.roster"
    second = next_roster("2", "rosters/ke.dci.transnational.roster")
    third = next_roster("3", second)
    fourth = next_roster("4", third)
    for number, path in ((4, fourth), (2, second), (3, third)):
        for end in ("roster", "pem"):
            world.path(path).with_suffix(f".{end}").rename(world.path("rosters", f"police-{number}.{end}"))
    world.hub.reload()
    world.hub.log.wait(f"^roster unit={unit} number=4")
    changes = [c["roster"] for c in world.entries("ROSTER") if c["roster"]["unit"] == unit]
    assert [int(c["number"]) for c in changes] == [1, 2, 3, 4]
    assert all(after["previous"] == before["digest"] for before, after in zip(changes, changes[1:]))
    world.send()


def test_rosters_that_a_reload_finds_are_verified_beside_the_loop(empty_world, monkeypatch):
    world = empty_world
    with monkeypatch.context() as patch:
        for name, value in w.preloaded("verifies").items():
            patch.setenv(name, value)
        world.start_hub()
    world.hub.log.wait("^verifies on=worker")
    for desk, country in (("police", "ke"), ("post", "et")):
        world.ca("roster", "--registrar", f"{country}-registry/keys/officer.pem", "--key", f"{country}-registry/keys/officer.key", "-o",
                 "rosters", *(f"{desk}/keys/{name}.pem" for name in ("auth", "seal", "sign", "officer"))).ok()
    since = len(world.hub.log.all)
    world.hub.reload()
    for unit in ("et/ics/moyale", "ke/dci/transnational"):
        world.hub.log.wait(f"^roster unit={unit} number=2$", since)
    assert "verifies on=loop" not in world.hub.log.all[since:]


def test_a_hub_with_the_key_of_another_log_does_not_start_and_names_the_right_one(world):
    world.send()
    world.hub.stop()
    world.path("other.conf").write_text('data = "other"\n' + world.path("amanad.conf").read_text())
    registrars = [a for c in ("igad", "ke", "et") for a in ("--registrar", f"{c}-registry/keys/officer.pem")]
    made = world.amanad("init", "-c", "other.conf", *registrars, "--members", "members.conf").ok()
    assert "igad.amana.example/log+" in made.out
    own = world.path("data", "signer", "log.key").read_bytes()
    world.path("data", "signer", "log.key").write_bytes(world.path("other", "signer", "log.key").read_bytes())
    key = world.path("init.out").read_text().split()
    right = next(word for word in key if word.startswith("igad.amana.example/log+"))
    world.amanad("-c", "amanad.conf").exits(78).says("signer/log.key is not the key of this log", right)
    world.path("data", "signer", "log.key").write_bytes(own)
    world.start_hub()
    world.send()


def test_a_log_key_or_an_origin_in_trust_conf_that_is_not_of_this_log_is_taken_neither_at_a_start_nor_later(world):
    conf = world.path("trust", "trust.conf")
    good = conf.read_text()

    def put(text):  # in one step: a hub that has just started reads it too
        world.path("trust.new").write_text(text)
        world.path("trust.new").rename(conf)

    right = re.search(r'log-key = "(\S+)"', good).group(1)
    world.path("other.conf").write_text('data = "other"\n' + world.path("amanad.conf").read_text())
    other = world.amanad("init", "-c", "other.conf", "--registrar", "ke-registry/keys/officer.pem", "--members",
                         "members.conf").ok().out.strip()
    mistyped = right[:-1] + ("A" if right[-1] != "A" else "B")
    for old, new, words in ((right, other, f"that of the log here is {right}"),
                            (right, mistyped, "no verifier key of igad.amana.example/log"),
                            ('origin = "igad', 'origin = "au', 'gives hub "igad/hub" the origin au.amana.example/log')):
        since = len(world.hub.log.all)
        put(good.replace(old, new))
        world.hub.reload()
        assert words in world.hub.log.wait('do="the running trust is kept"', since).replace('\\"', '"')
        world.hub.stop()
        world.amanad("-c", "amanad.conf").exits(78).says(words)
        put(good)
        world.start_hub()
    put(good.replace(old, new))
    world.amanad("-c", "amanad.conf", "--check").exits(78).says(words)
    put(good)
    assert len(world.entries("TRUST")) == 2  # that of init and that of the first start


def test_an_empty_id_is_no_beginning_of_any(world):
    alert = world.send()
    world.amana("post", "inbox").ok().says(alert[:13])
    for verb in ("show", "ack", "receipt"):
        world.amana("post", verb, "").exits(64).says("an ID is needed")
    assert world.entries("SUBMITTED")[1:] == []
