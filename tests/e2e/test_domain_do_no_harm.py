# SPDX-License-Identifier: Apache-2.0
"""Rule 4, do no harm: what a state that a person may have fled must not learn, and that it can't see the difference."""
SHELTERED = [{"unit": "ke/dcs/child-protection", "part": "ACTION"}]
PERSON = [{"label": "p1", "roles": ["PRESUMED_VICTIM"], "age": {"from": 20, "to": 30}, "citizenships": ["et"],
           "description": "A woman with a scar on the left hand."}]


def note(world, text="She waits at the shelter.", **changes):
    return world.write("NOTE", {"title": "Somebody at the shelter", "text": text, "persons": PERSON}, **{"recipients": SHELTERED, **changes})


def test_the_sender_must_say_whether_somebody_fled_a_state_among_the_recipients(world):
    to_post = [{"unit": "et/ics/moyale", "part": "ACTION"}]
    silent = note(world, recipients=to_post, flags={"child": False, "protection": "NOT_CONCERNED"})
    world.amana("police", "send", silent).exits(65).says("PROTECTION_UNANSWERED", "flags.protection: line", "NO, YES or UNKNOWN")
    world.amana("police", "send", note(world, flags={"child": False, "protection": "NOT_CONCERNED"})).ok()
    world.amana("police", "send", note(world, recipients=to_post)).ok()


def test_nothing_goes_to_a_state_that_the_flags_name_and_the_reader_is_told_why(world):
    fled = {"child": False, "protection": "YES", "never_tell": ["et"]}
    both = [*SHELTERED, {"unit": "et/mowsa/protection", "part": "COPY"}]
    world.amana("police", "send", note(world, recipients=both, flags=fled)).exits(65).says("NOT_PERMITTED", "recipients: line")
    sent = world.send("police", note(world, flags=fled))
    world.amana("ke-protection", "inbox").ok()
    world.amana("ke-protection", "show", sent).ok().says("this person may have fled et", "tell et nothing by any other channel either")
