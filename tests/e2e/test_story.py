# SPDX-License-Identifier: Apache-2.0
"""The story of the demo, a sentence a test."""
import os
import shutil
import subprocess

from world import AMANA, AMANAD, ID


def change_a_byte(world, folder, words=b"a test looks", at=2, to=b"X"):
    """Changes one byte of an entry's content, wherever the journal has a copy of that page."""
    path = world.folder / folder / "journal/data.mdb"
    data = bytearray(path.read_bytes())
    start = data.find(words)
    assert start >= 0
    while start >= 0:
        data[start + at : start + at + 1] = to
        start = data.find(words, start + 1)
    path.write_bytes(data)


def test_a_post_that_waits_sees_the_alert_at_once(live):
    environment = dict(os.environ, AMANA_ADDRESS=live.hub.address)
    post = subprocess.Popen([AMANA, "-d", "post", "inbox", "--follow"], cwd=live.folder, env=environment,
                            stdout=subprocess.PIPE, text=True)
    live.hub.wait_log(r"connected .*et/ics/moyale")
    message = live.send_alert()
    line = post.stdout.readline()
    post.terminate()
    post.wait()
    assert message[:13] in line and "White Isuzu lorry" in line


def test_the_sender_learns_which_officer_took_it_on_and_when(live):
    message = live.send_alert()
    live.amana("post", "inbox")
    live.amana("post", "ack", message, "--remark", "patrol sent")
    status = live.amana("police", "status", message).stdout
    assert "acknowledged by eics-1207" in status
    assert "patrol sent" in live.amana("police", "inbox").stdout


def test_the_first_status_after_an_acknowledgement_works(live):
    """What waits in the mailbox must not get in the way of the answer."""
    message = live.send_alert()
    live.amana("post", "inbox")
    live.amana("post", "ack", message)
    assert "acknowledged" in live.amana("police", "status", message).stdout


def test_both_protection_units_get_their_copies_and_owe_no_acknowledgement(live):
    message = live.send_alert()
    for desk in ("ke-protection", "et-protection"):
        assert message[:13] in live.amana(desk, "inbox").stdout
        assert "to be acknowledged" not in live.amana(desk, "inbox").stdout
    refused = live.amana("ke-protection", "ack", message, status=None)
    assert refused.returncode in (65, 77)


def test_the_sender_is_told_of_each_units_first_retrieval(live):
    live.send_alert()
    live.amana("post", "inbox")
    assert "et/ics/moyale/device/d1 has it" in live.amana("police", "inbox").stdout


def test_an_update_asks_again_and_a_cancel_stops(live):
    message = live.send_alert()
    live.amana("post", "inbox")
    live.amana("post", "ack", message)
    newer = live.draft()
    newer["alert"]["summary"] = "Seen again at Sololo."
    update = ID.search(live.amana("police", "update", message, live.write("u.json", newer)).stdout)[0]
    assert "acknowledged by eics-1207" not in live.amana("police", "status", message).stdout
    live.amana("post", "inbox")
    live.amana("post", "ack", update)
    live.amana("police", "cancel", message, "--outcome", "RESOLVED", "--reason", "found and safe")
    listed = live.amana("post", "inbox").stdout
    cancel = next(line.split()[0] for line in listed.splitlines() if "CANCEL" in line)
    live.amana("post", "ack", cancel)
    assert "stopped" in live.amana("police", "status", message).stdout.lower()


def test_the_auditor_replays_and_verifies_again_without_the_hub(live):
    message = live.send_alert()
    live.amana("post", "inbox")
    live.amana("post", "ack", message)
    text = live.replay_text("-o", "replay.jsonl")
    assert "VERIFIED" in text and message[:13] in text and "ACCESS" in text
    live.hub.stop()
    assert "VERIFIED" in live.amana("auditor", "audit", "verify", "replay.jsonl").text


def test_the_auditor_sees_no_word_of_the_content(live):
    live.send_alert()
    live.replay_text("-o", "replay.jsonl")
    kept = (live.folder / "replay.jsonl").read_bytes()
    for path in (live.folder / "data").rglob("*"):
        if path.is_file():
            kept += path.read_bytes()
    for words in (b"Isuzu", b"KDA 417Q", b"Marsabit"):
        assert words not in kept


def test_each_entry_of_a_message_is_proved_as_a_tlog_proof(live):
    message = live.send_alert()
    live.amana("post", "inbox")
    live.amana("post", "ack", message)
    live.amana("auditor", "audit", "prove", message, "--reason", "a test", "-o", "proofs")
    proofs = sorted((live.folder / "proofs").glob("*.tlog-proof"))
    assert len(proofs) >= 2
    assert proofs[0].read_text().startswith("c2sp.org/tlog-proof@v1\nextra ")


def test_a_receipt_is_kept_and_printed_as_a_tlog_proof(live):
    message = live.send_alert()
    text = live.amana("police", "receipt", message, "--tlog-proof").stdout
    assert text.startswith("c2sp.org/tlog-proof@v1\n") and "igad.amana.example/log" in text


def test_stock_openssl_verifies_the_message(live):
    message = live.send_alert()
    live.amana("post", "inbox")
    live.amana("post", "show", message, "--export", "out")
    command = ["openssl", "cms", "-verify", "-binary", "-cades", "-content", "out/header.bin", "-inform", "DER", "-in",
               "out/signature.p7s", "-CAfile", "out/roots+cas+crls.pem", "-crl_check_all", "-out", "/dev/null"]
    assert subprocess.run(command, cwd=live.folder, capture_output=True).returncode == 0
    header = live.folder / "out/header.bin"
    data = bytearray(header.read_bytes())
    data[40] ^= 1
    header.write_bytes(data)
    assert subprocess.run(command, cwd=live.folder, capture_output=True).returncode != 0


def test_one_changed_byte_is_named_by_fsck_and_by_the_auditor(live):
    live.send_alert()
    live.replay_text()
    assert live.hub.stop() == 0
    shutil.copytree(live.folder / "data", live.folder / "copy")
    clean = subprocess.run([AMANAD, "fsck", "-d", "copy"], cwd=live.folder, capture_output=True, text=True)
    assert clean.returncode == 0, clean.stdout + clean.stderr
    change_a_byte(live, "copy")
    fsck = subprocess.run([AMANAD, "fsck", "-d", "copy"], cwd=live.folder, capture_output=True, text=True)
    assert fsck.returncode == 1
    entry = fsck.stdout.split(":")[0]
    assert entry.startswith("entry ")
    (live.folder / "copy.conf").write_text('data = "copy"\n' + (live.folder / "amanad.conf").read_text())
    live.start("copy.conf")
    assert entry in live.replay_text(status=1)


def test_a_hub_that_is_told_to_stop_ends_in_order_and_says_so_in_the_log(live):
    assert live.hub.stop() == 0
    live.start()
    text = live.replay_text()
    assert "STOP" in text and text.count("START") == 2
