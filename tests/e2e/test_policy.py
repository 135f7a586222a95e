# SPDX-License-Identifier: Apache-2.0
"""policy.conf: in force at once, each change an entry, and a file with a mistake changes nothing."""
import base64
import datetime
import hashlib

import world as w

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
    assert [base64.b64decode(e["after"]).hex() for e in (first, second)] == [digest(CEILING), digest("# nothing is set\n")]
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


BROKEN = {  # what stands there: line, what the log says
    "a row that never counts": ('ceiling "*/*/*" { classification = "BASIC" }\nceiling "et/ics/*" { classification = "RESTRICTED" }\n', 2, "never counts"),
    "one value twice": ('ceiling "et/ics/*" {\n classification = "BASIC"\n classification = "CONFIDENTIAL"\n}\n', 3, "given twice"),
    "a section that isn't closed": ('ceiling "et/ics/*" { classification = "CONFIDENTIAL"\n', 2, "a closing"),
    "no text": ("ceiling \0", 1, "a NUL byte"),
}


def test_with_each_broken_file_the_running_policy_stays_and_it_goes_on_with_a_good_one(empty_world):
    world = empty_world
    with_policy(world, CEILING)
    for text, line, says in BROKEN.values():
        world.path("policy.conf").write_text(text)
        since = reload(world)
        world.hub.log.wait(rf"policy.conf line={line} .*{says}.*the running policy is kept", since)
        world.amana("police", "send", world.draft()).exits(77).says("et/ics/moyale may have at most BASIC")
    assert len(world.entries("POLICY")) == 1
    world.path("policy.conf").write_text("")
    reload(world)
    world.send()
    assert len(world.entries("POLICY")) == 2


def test_a_unit_that_a_policy_names_and_nobody_is_is_told_until_it_has_joined(empty_world):
    world = empty_world
    with_policy(world, 'protection-also-to = {"et/ics/*"}\nceiling "ke/kra/malaba" { classification = "BASIC" }\n')
    world.hub.log.wait(r"policy table=ceiling line=2 unit=ke/kra/malaba .*is no member")
    world.amana("ke-registry", "admin", "member", "add", "ke/kra/malaba", "--role", "unit").ok()
    world.path("policy.conf").write_text('ceiling "ke/kra/malaba" { classification = "BASIC" }\nsupervisors "ke/dci/*" { units = {"ke/dci/headqarters"} }\n')
    since = reload(world)
    world.hub.log.wait(r"policy table=supervisors line=2 unit=ke/dci/headqarters", since)
    assert len([line for line in world.hub.log.all[since:] if " unit=ke/kra/malaba" in line]) == 0


def test_a_country_that_a_policy_names_and_no_trust_list_has_is_told(empty_world):
    """Else a row with a slip of the pen counts for nobody, and nobody hears of it."""
    world = empty_world
    with_policy(world, 'default { from = "ke" to = "et" legal-basis = "PALERMO_PROTOCOL" }\n'
                'default { from = "kenia" to = "*" legal-basis = "PALERMO_PROTOCOL" }\nceiling "uk/*/*" { classification = "BASIC" }\n')
    told = [line for line in world.hub.log.all if "is in no trust list" in line]  # each once
    assert [("line=2 country=kenia" in line, "line=3 country=uk" in line) for line in sorted(told, key=lambda l: "uk" in l)] == [(True, False), (False, True)]


def test_the_policy_is_checked_alone_and_with_the_rest(empty_world):
    world = empty_world
    world.path("policy.conf").write_text(CEILING)
    world.amanad("--check-policy", "policy.conf").ok().says("policy.conf is good; rows: ceiling 1, retention 0, ", "h2-also-to 0; SHA-256 ", digest(CEILING))
    world.path("policy.conf").write_text(CEILING + 'retention "NOTES" { days = 3 }\n')
    world.amanad("--check-policy", "policy.conf").exits(78).says("policy.conf:2:", 'did you mean "NOTE"')
    conf = world.path("amanad.conf")
    conf.write_text('policy = "policy.conf"\n' + conf.read_text())
    world.amanad("-c", "amanad.conf", "--check").exits(78).says("policy.conf:2:")


def tried(world, code=0, desk="ke-registry", **what):
    what = {"as": "ke/dci/transnational", "kind": "ALERT", "to": "et/ics/moyale", **what}
    return world.amana(desk, "admin", "policy", "try", *(f"--{k}={v}" for k, v in what.items())).exits(code)


def test_a_trial_says_what_would_become_of_a_message_and_which_rule_gives_the_answer(empty_world):
    world = empty_world
    with_policy(world, '# first\n' + CEILING + 'retention "ALERT" { days = 30 }\nquota "ke/*/*" { in-flight = 5 }\n'
                'protection-also-to = {"et/ics/moyale"}\n')
    tried(world, classification="BASIC").says("would be taken", 'grant 1 of ke/dci/transnational, by "et/*/*"',
                                             'policy.conf line 2: ceiling "et/ics/*" is BASIC',
                                             "policy.conf line 3: 30 days", "policy.conf line 4", "5 in flight",
                                             'protection-also-to names "et/ics/moyale"')
    tried(world, classification="BASIC").says("not judged: ", "rule 3", "never_tell", "consent")  # else read as a promise
    tried(world, 77).says("would be refused: CLASSIFICATION_ABOVE_CEILING", "asked for RESTRICTED")
    tried(world, kind="REFERRAL", classification="BASIC").says("  ·    second person: needed: it goes abroad", "  ·    quota: ", "  yes  grant: ")
    tried(world, 77, to="et/ics/moyal").says('  NO   recipient: et/ics/moyal is no member; did you mean "et/ics/moyale"?')
    tried(world, 77, to="ug/police/kampala").says("would be refused: NOT_PERMITTED", "ug/police/kampala is no member")
    tried(world, 77, to="igad/audit/desk").says("role auditor receives nothing")
    tried(world, 77, **{"as": "igad/audit/desk"}).says("role auditor sends nothing")
    assert world.entries("SUBMITTED") == world.entries("REJECTED") == []


def test_a_trial_agrees_with_what_the_hub_does_and_is_for_registrars(world):
    world.amana("ke-registry", "admin", "grant", "remove", "ke/dci/transnational", "1", "--yes").ok()
    world.amana("ke-registry", "admin", "grant", "add", "ke/dci/transnational", "--kinds", "ALERT", "--to",
                "et/mowsa/*,ke/*/*").ok()
    tried(world, 77).says("no grant of ke/dci/transnational names ALERT to et/ics/moyale")
    world.amana("police", "send", world.draft()).exits(77)
    tried(world, to="et/mowsa/protection").says("it is a protection unit", "1096 days, by its kind")
    tried(world, 77, desk="police").says("not permitted")
    tried(world, 64, to="et/ics").says("--to: ", "is no unit")
    tried(world, 64, kind="ALLERT").says("is no kind of message")


DEFAULTS = """default { from = "ke" to = "et" purpose = "INVESTIGATION" legal-basis = "BILATERAL_AGREEMENT" agreement = "ke-et-2024"
          retention-days = 90 handling = {"H0", "H1"} }
"""


def sent_header(world, id):
    return next(line["header"] for line in world.amana("police", "--json", "sent").ok().json if line["header"]["id"] == id)


def test_what_an_officer_leaves_out_is_filled_in_as_policy_says_for_the_countries(empty_world):
    world = empty_world
    with_policy(world, DEFAULTS)
    lean = world.draft(legal_basis=None, handling=None, retain_until=None)
    header = sent_header(world, world.amana("police", "send", lean).ok().id)
    assert (header["legal_basis"], header["agreement_ref"], header["handling"]) == (
        "BILATERAL_AGREEMENT", "ke-et-2024", ["H0", "H1"])
    kept = datetime.datetime.fromisoformat(header["retain_until"].replace("Z", "+00:00"))
    written = datetime.datetime.fromisoformat(header["written_at"].replace("Z", "+00:00"))
    assert (kept - written).days == 90
    world.amana("police", "new", "alert", "--to", "et/ics/moyale").ok().says(
        '"legal_basis": "BILATERAL_AGREEMENT"', '"agreement_ref": "ke-et-2024"', '"handling": ["H0", "H1"]',
        "90 days from now, as policy says", '{"unit": "et/ics/moyale", "part": "ACTION"}')
    world.amana("police", "new", "alert", "--to", "et/ics").exits(64).says("write COUNTRY/AGENCY/UNIT, or @GROUP")


def test_the_client_judges_by_the_hub_s_ceilings_and_not_by_the_kinds_own(empty_world):
    world = empty_world
    with_policy(world, 'retention "NOTE" { days = 1200 }\nretention "ALERT" { days = 10 }\n' + CEILING)
    year = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1100)
    note = world.write("NOTE", {"title": "Long", "text": "Kept long."}, classification="BASIC",
                       retain_until=year.strftime("%Y-%m-%dT%H:%M:%SZ"))
    sent = world.amana("police", "send", note).ok().id
    world.amana("post", "inbox").ok().says(sent[:13])
    world.amana("police", "send", world.draft(classification="BASIC", retain_until=w.FAR)).exits(65).says(
        "at most 10 days")
    world.amana("police", "send", world.draft(retain_until=None)).exits(77).says("et/ics/moyale may have at most BASIC",
                                                                               "nothing was sent")
    assert len(world.entries("SUBMITTED")) == 1 and world.entries("REJECTED") == []


def test_a_reference_changes_the_purpose_where_policy_lets_it(empty_world):
    world = empty_world
    with_policy(world, "# nothing\n")
    first = world.send()
    digest = world.entries("SUBMITTED")[0]["submitted"]["header_digest"]
    draft = world.draft(purpose="PROSECUTION", references=[{"id": first, "header_digest": digest}])
    world.amana("police", "send", draft).exits(65).says("what it references is for INVESTIGATION")
    world.path("policy.conf").write_text('purpose-change "INVESTIGATION" { to = {"PROSECUTION"} }\n')
    reload(world)
    world.amana("police", "send", draft).ok()


def test_a_group_of_the_configuration_is_expanded_before_it_is_sealed(world):
    conf = world.path("police", "amana.conf")
    conf.write_text(conf.read_text() + 'group "border" { units = {"et/ics/moyale", "et/mowsa/protection"} }\n')
    draft = world.draft(recipients=[{"unit": "@border", "part": "ACTION"},
                                    {"unit": "ke/dcs/child-protection", "part": "COPY"}])
    header = sent_header(world, world.amana("police", "send", draft).ok().id)
    assert [r["unit"] for r in header["recipients"]] == ["ke/dcs/child-protection", "et/ics/moyale", "et/mowsa/protection"]
    world.amana("police", "send", world.draft(recipients=[{"unit": "@coast", "part": "ACTION"}])).exits(65).says(
        "recipients[0].unit", 'has no group "coast"; there are: @border')
    conf.write_text(conf.read_text() + 'group "x" { units = {"et/ics"} }\n')
    world.amana("police", "status").exits(78).says("amana.conf", "units:")
