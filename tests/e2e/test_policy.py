# SPDX-License-Identifier: Apache-2.0
"""policy.conf: in force at once, each change an entry, and a file with a mistake changes nothing."""
import hashlib

CEILING = 'ceiling "et/ics/*" { classification = "BASIC" }\n'


def with_policy(world, text):
    world.path("policy.conf").write_text(text)
    conf = world.path("amanad.conf")
    conf.write_text('policy = "policy.conf"\n' + conf.read_text())
    world.start_hub()


def reload(world):
    since = len(world.hub.log.all)
    world.hub.reload()
    world.hub.log.wait(r"reloaded ", since)
    return since


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_message_above_the_ceiling_is_refused_and_says_whose_it_is(empty_world):
    with_policy(empty_world, CEILING)
    empty_world.amana("police", "send", empty_world.draft()).exits(77).says("et/ics/moyale may have at most BASIC")
    assert empty_world.entries("SUBMITTED") == []


def test_a_change_of_policy_takes_effect_at_once_and_is_an_entry_with_both_digests(empty_world):
    world = empty_world
    with_policy(world, CEILING)
    world.amana("police", "send", world.draft()).exits(77)
    world.path("policy.conf").write_text("# nothing is set\n")
    reload(world)
    world.send()
    first, second = [e["policy"] for e in world.entries("POLICY")]
    assert first.get("before", "") == "" and first["after"] == second["before"]
    assert digest(CEILING) != digest("# nothing is set\n")
    world.amana("auditor", "audit", "replay", "--reason", "a test").ok().says("policy.conf changed")


def test_a_restart_with_the_same_policy_makes_no_entry_and_one_without_it_does(empty_world):
    world = empty_world
    with_policy(world, CEILING)
    world.hub.stop()
    world.start_hub()
    assert len(world.entries("POLICY")) == 1
    world.hub.stop()
    conf = world.path("amanad.conf")
    conf.write_text(conf.read_text().replace('policy = "policy.conf"\n', ""))
    world.start_hub()
    assert len(world.entries("POLICY")) == 2
    world.send()


def test_a_policy_with_a_mistake_is_told_with_its_line_and_the_running_one_stays(empty_world):
    world = empty_world
    with_policy(world, CEILING)
    world.path("policy.conf").write_text('# a comment\nceiling "et/ics" { classification = "BASIC" }\n')
    since = reload(world)
    world.hub.log.wait(r"policy.conf line=2 .*COUNTRY/AGENCY/UNIT.*the running policy is kept", since)
    world.amana("police", "send", world.draft()).exits(77)
    assert len(world.entries("POLICY")) == 1


def test_the_policy_is_checked_alone_and_with_the_rest(empty_world):
    world = empty_world
    world.path("policy.conf").write_text(CEILING)
    world.amanad("--check-policy", "policy.conf").ok().says("1 ceilings", digest(CEILING))
    world.path("policy.conf").write_text(CEILING + 'retention "NOTES" { days = 3 }\n')
    world.amanad("--check-policy", "policy.conf").exits(78).says("policy.conf:2:", 'did you mean "NOTE"')
    conf = world.path("amanad.conf")
    conf.write_text('policy = "policy.conf"\n' + conf.read_text())
    world.amanad("-c", "amanad.conf", "--check").exits(78).says("policy.conf:2:")
