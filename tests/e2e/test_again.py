# SPDX-License-Identifier: Apache-2.0
"""A message that waits while a roster changes is sealed and signed again, which needs the officer's key."""
import world as w
from test_desk import new_device


def test_a_message_that_must_be_signed_again_waits_with_75_until_the_officers_key_is_there(world):
    world.send()  # so that the desk knows the rosters
    world.hub.stop()
    world.hub = None
    waiting = world.amana("police", "send", str(w.ALERT)).exits(69).id
    world.start_hub()
    new_device(world)
    key, away = world.path("police", "keys", "officer.key"), world.path("away.key")
    key.rename(away)
    for command in (("status",), ("inbox",)):
        world.amana("police", *command).exits(75).says(f"{waiting[:13]} must be signed again (SIGN_AGAIN)", "officer.key")
    assert waiting not in {e["submitted"]["id"] for e in world.entries("SUBMITTED")}
    away.rename(key)
    world.amana("police", "status").ok().says(f"{waiting[:13]}: accepted")
    assert [e["submitted"]["id"] for e in world.entries("SUBMITTED")].count(waiting) == 1
    world.amana("post-d2", "inbox").ok().says(waiting[:13])
