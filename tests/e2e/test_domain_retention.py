# SPDX-License-Identifier: Apache-2.0
"""Rule 8: past retain_until the body is destroyed at the hub and in every store, the leaf stays, an ERASED entry names it."""
import datetime

import pytest

import world as w

ORDER = ("--court", "Marsabit Law Courts", "--order", "88/2026", "--date", "2026-11-27", "--scope", "All of it.")


@pytest.fixture(scope="module")
def world(file_world):
    if not w.moves_time():
        pytest.skip("this build's time can't be moved")
    file_world.start_hub()
    return file_world


def at(world, **delta):
    now = datetime.datetime.now(datetime.timezone.utc) + world.ahead
    return (now + datetime.timedelta(**delta)).strftime("%Y-%m-%dT%H:%M:%SZ")


def note(world, title, **changes):
    return world.send(draft=world.write("NOTE", {"title": title, "text": "Seen in Isiolo."}, **changes))


def erased(world, message, **delta):
    """The auditor, who follows the log, sees its ERASED entry once time has gone on."""
    process, lines = world.watch("auditor", "--json", "audit", "replay", "--reason", "a test", "--follow")
    lines.wait(r'"ACCESS"')
    world.later(**delta)
    lines.wait(f'"kind":"ERASED".*{message}')
    process.terminate()
    process.wait()


def test_past_its_retain_until_a_body_is_gone_everywhere_and_the_log_holds(world):
    short = note(world, "For an hour.", retain_until=at(world, hours=1))
    held = note(world, "For a court.", retain_until=at(world, hours=1))
    long = note(world, "For longer.", retain_until=at(world, hours=9))
    world.amana("police", "hold", held, *ORDER, "--valid-until", at(world, hours=2)).ok()
    world.amana("post", "inbox").ok().says("For an hour.", "For a court.")
    erased(world, short, minutes=61)
    entry = next(e["erased"] for e in world.entries("ERASED") if "bodies" in e["erased"] and e["erased"]["bodies"][0]["message"]["id"] == short)
    assert "by" not in entry
    world.amana("post", "inbox").ok().says("erased: kept as long as they may be", "(erased)", "For a court.", "For longer.")
    world.amana("police", "inbox").ok()
    for desk in ("police", "post"):
        assert world.body(desk, short) is None
        assert world.body(desk, held) is not None and world.body(desk, long) is not None
    world.amana("auditor", "audit", "replay", "--reason", "a test", "--message", short).ok().says("retain_until has passed")
    # Who comes for it after that gets its envelope.
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()
    world.start_hub()
    # And the court's time passes too, while the hub is away.
    world.hub.stop()
    world.later(minutes=60)
    world.start_hub()
    erased(world, held)
    world.amana("post", "inbox").ok()
    assert world.body("post", held) is None and world.body("post", long) is not None


def test_what_may_not_be_kept_goes_whatever_a_desk_does_and_also_what_was_never_sent(world):
    here = note(world, "For an hour at the post.", retain_until=at(world, hours=1))
    world.amana("post", "inbox").ok()
    world.hub.stop()
    waits = world.amana("police", "send", world.write("NOTE", {"title": "Never sent.", "text": "Seen in Isiolo."},
                                                     retain_until=at(world, hours=1))).exits(69).id
    later = world.amana("police", "send", world.write("NOTE", {"title": "Sent later.", "text": "x"})).exits(69).id
    world.amana("police", "show", waits).ok().says("Never sent.")
    world.later(minutes=61)
    assert world.body("post", here) is None, "nobody has looked into the inbox"
    world.amana("post", "search", "hour").exits(66)
    world.amana("police", "sent").ok().says("Sent later.")
    world.amana("police", "show", waits).exits(66)
    world.start_hub()
    world.amana("police", "inbox").ok()
    assert world.body("police", later) is not None and not world.replay("--message", waits)[:-1]


def test_of_what_is_gone_no_word_stands_in_any_file(world):
    words = ("Isiolo", "For an hour at the post", "Never sent")
    for file in (f for top in ("data", "police/store", "post/store") for f in world.path(top).rglob("*") if f.is_file()):
        content = file.read_bytes()
        for word in words:
            assert word.encode() not in content, f"{word} in {file}"


def test_what_a_court_kept_goes_at_its_sender_on_the_word_that_had_to_wait(world):
    kept = note(world, "Kept for a while.", retain_until=at(world, hours=30))
    world.amana("police", "hold", kept, *ORDER, "--valid-until", at(world, hours=2)).ok()
    world.amana("police", "hold", kept, *ORDER, "--valid-until", at(world, hours=1)).ok()
    erasure = world.amana("police", "erase", kept, "--ground", "UNLAWFUL", "--reason", "x", "--yes").ok().id
    world.later(minutes=61)
    assert world.body("police", kept) is not None, "the longer of the two counts"
    world.later(minutes=60)
    assert world.body("police", kept) is None
    assert world.amana("police", "--json", "show", kept).ok().json[0]["erased"]["by"] == erasure


def test_what_was_erased_before_its_time_is_not_destroyed_once_more_then(world):
    gone = note(world, "To be erased.", retain_until=at(world, hours=1))
    later = note(world, "For longer.", retain_until=at(world, hours=2))
    world.amana("police", "erase", gone, "--ground", "UNLAWFUL", "--reason", "x", "--yes").ok()
    world.later(minutes=61)
    erased(world, later, minutes=60)
    named = [body["message"]["id"] for e in world.entries("ERASED") for body in e["erased"].get("bodies", [])]
    assert named.count(gone) == 1 and named.count(later) == 1


def test_a_message_that_nobody_fetched_in_time_comes_without_its_body(world):
    late = note(world, "Too late.", retain_until=at(world, hours=1))
    erased(world, late, minutes=61)
    world.amana("post", "inbox").ok().says("(erased)")
    assert world.body("post", late) is None


def test_a_day_to_review_asks_the_sender_to_keep_or_to_erase(world):
    reviewed = note(world, "To be reviewed.", review_at=at(world, hours=1), retain_until=at(world, hours=30))
    asked = f"`amana keep {reviewed[:13]} --reason TEXT`, or `amana erase {reviewed[:13]} --ground CODE`"
    assert asked not in world.amana("police", "show", reviewed).ok().out
    world.later(minutes=61)
    world.amana("police", "show", reviewed).ok().says(asked)
    world.amana("post", "inbox").ok()
    assert "amana keep" not in world.amana("post", "show", reviewed).ok().out
    world.amana("police", "keep", reviewed).exits(64).says("needs --reason")
    world.amana("police", "keep", reviewed, "--reason", "x", "--review", at(world, hours=40)).exits(65).says("--review", "not past")
    world.amana("police", "keep", reviewed, "--reason", "x", "--review", at(world, hours=-1)).exits(65).says("must lie ahead")
    world.amana("post", "keep", reviewed, "--reason", "Not ours.").exits(66)


def test_who_keeps_it_and_why_is_in_the_log_and_nobody_is_asked_before_the_next_review(world):
    reviewed = note(world, "For the trial.", review_at=at(world, hours=1), retain_until=at(world, hours=30))
    world.later(minutes=61)
    kept = world.amana("police", "keep", reviewed, "--reason", "The trial is in May.", "--review", at(world, hours=5)).ok().id
    said = world.amana("police", "show", reviewed).ok().says("kept by kdci-0417 until its review")
    assert "amana keep" not in said.out
    world.amana("police", "show", kept).ok().says("The trial is in May.")
    entry = next(e for e in world.replay("--message", kept) if e.get("kind") == "SUBMITTED")
    assert entry["header"]["officer"].endswith("kdci-0417") and entry["header"]["references"][0]["id"] == reviewed
    process, lines = world.watch("auditor", "--json", "audit", "replay", "--reason", "a test", "--follow")
    lines.wait(r'"ACCESS"')
    world.later(minutes=301)
    lines.wait(f'"kind":"DEADLINE".*{kept}')
    process.terminate()
    process.wait()
    said = [line for line in world.amana("police", "inbox").ok().out.splitlines() if "its day of review has come" in line]
    assert said and all(f"{kept[:13]}:" not in line for line in said) and f"{reviewed[:13]}:" in said[-1]
    world.amana("police", "show", reviewed).ok().says(f"`amana keep {reviewed[:13]} --reason TEXT`")
    assert "amana keep" not in world.amana("police", "show", kept).ok().out
    world.amana("police", "keep", kept, "--reason", "The appeal is in June.").ok()  # means what that note keeps
    world.amana("police", "show", reviewed).ok().says("kept by kdci-0417")
    world.amana("police", "erase", reviewed, "--ground", "NO_LONGER_NEEDED", "--reason", "Over.", "--yes").ok()
    assert "kept by" not in world.amana("police", "show", reviewed).ok().out
    world.amana("police", "keep", reviewed, "--reason", "Too late.").exits(66)


def test_what_a_court_keeps_past_its_time_is_kept_longer_on_its_word_and_then_goes(world):
    kept = note(world, "For two courts.", retain_until=at(world, hours=1))
    world.amana("police", "hold", kept, *ORDER, "--valid-until", at(world, hours=3)).ok()
    world.amana("post", "inbox").ok()
    world.later(minutes=90)
    longer = world.amana("police", "hold", kept, *ORDER, "--valid-until", at(world, hours=9)).ok().id
    world.amana("post", "inbox").ok().says("HOLD")
    world.later(minutes=120)
    assert world.body("police", kept) is not None and world.body("post", kept) is not None
    mended = world.amana("police", "correct", kept, world.example("correction", reason="It was Marsabit.", changes=[
        {"path": "note.text", "was": "Seen in Isiolo.", "now": "Seen in Marsabit."}])).ok().id
    erasure = world.amana("police", "erase", kept, "--ground", "UNLAWFUL", "--reason", "x", "--yes").ok().id
    world.amana("post", "inbox").ok().says("CORRECTION", "ERASURE")
    world.amana("post", "confirm", mended, "--outcome", "DONE", "--remark", "Mended.").ok()
    world.amana("post", "confirm", erasure, "--outcome", "RETAINED_BY_LAW", "--provision", "Order 88/2026",
                "--kept-until", at(world, hours=5)).ok()
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()
    world.start_hub()
    assert world.body("post", kept) is not None and world.body("post", longer) is not None
    erased(world, kept, hours=8)
    for desk in ("police", "post"):
        world.amana(desk, "inbox").ok()
        for message in (kept, longer, erasure):
            assert world.body(desk, message) is None
    world.amana("police", "hold", kept, *ORDER, "--valid-until", at(world, hours=9)).exits(65).says("retain_until")


def test_of_what_is_erased_no_review_is_asked_and_the_hub_is_whole(world):
    gone = note(world, "Erased before its review.", review_at=at(world, hours=1), retain_until=at(world, hours=30))
    later = note(world, "Reviewed after it.", review_at=at(world, hours=2), retain_until=at(world, hours=30))
    world.amana("police", "erase", gone, "--ground", "UNLAWFUL", "--reason", "x", "--yes").ok()
    process, lines = world.watch("auditor", "--json", "audit", "replay", "--reason", "a test", "--follow")
    lines.wait(r'"ACCESS"')
    world.later(minutes=121)
    lines.wait(f'"kind":"DEADLINE".*{later}')
    process.terminate()
    process.wait()
    asked = [clock["what"] for e in world.entries("DEADLINE") if e["deadline"]["message"]["id"] == gone for clock in e["deadline"]["clocks"]]
    assert "REVIEW" not in asked
    world.hub.stop()
    world.amanad("fsck", "-c", "amanad.conf").ok()
    world.start_hub()


def test_what_a_court_kept_goes_at_a_holder_too_and_what_another_law_keeps_stays(world):
    court, both, law = (note(world, title, retain_until=at(world, hours=30)) for title in ("For a court.", "For both.", "By a law."))
    world.amana("post", "inbox").ok()
    end = at(world, hours=2)
    for held in (court, both):
        world.amana("police", "hold", held, *ORDER, "--valid-until", end).ok()
    erasures = [world.amana("police", "erase", each, "--ground", "UNLAWFUL", "--reason", "x", "--yes").ok().id for each in (court, both, law)]
    world.amana("post", "inbox").ok()
    for erasure, until in zip(erasures, (end, at(world, hours=20), at(world, hours=1))):
        world.amana("post", "confirm", erasure, "--outcome", "RETAINED_BY_LAW", "--provision", "Order 88/2026", "--kept-until", until).ok()
    world.later(minutes=119)
    assert world.body("post", court) is not None
    world.later(minutes=2)
    assert world.body("post", court) is None
    assert world.amana("post", "--json", "show", court).ok().json[0]["erased"]["by"] == erasures[0]
    assert world.body("post", both) is not None and world.body("post", law) is not None
