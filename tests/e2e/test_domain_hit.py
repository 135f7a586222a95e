# SPDX-License-Identifier: Apache-2.0
"""A HIT on an alert, taken on by its sender; and what can't be executed."""
import datetime
import json


def test_a_hit_counts_as_the_acknowledgement_and_is_taken_on_by_the_alert_s_sender(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    hit = world.amana("post", "hit", alert, "--summary", "Stopped at the barrier, fourteen children.", "--certainty",
                      "CERTAIN", "--done", "STOP_AND_SEARCH", "--place", "barrier at Moyale", "--found-at", "2026-11-24T17:20:00+03:00",
                      "--whereabouts-now", "With the protection unit.").ok()
    hit.says("must ack", "ke/dci/transnational", "copy", "et/mowsa/protection")
    world.amana("post", "inbox").ok().says("acknowledged by eics-1207")
    world.amana("police", "inbox").ok().says("Stopped at the barrier", f"to be acknowledged: `amana ack {hit.id[:13]}`")
    world.amana("police", "status", alert).ok().says("acknowledged by eics-1207")
    world.amana("post", "status", hit.id).ok().says("to be acknowledged by")
    world.amana("police", "ack", hit.id, "--remark", "A team is on its way.").ok()
    world.amana("post", "status", hit.id).ok().says("acknowledged by kdci-0417")
    world.amana("et-protection", "inbox").ok().says("Stopped at the barrier")


def test_a_hit_is_found_now_unless_its_officer_says_when(world):
    alert = world.alert_at("post")
    said = ("hit", alert, "--summary", "The lorry is here.", "--certainty", "CERTAIN", "--done", "STOP_AND_SEARCH", "--place", "Moyale")
    before = datetime.datetime.now(datetime.timezone.utc)
    now = world.amana("post", *said).ok().says("found now, ", "--found-at says another time").id
    then = world.amana("post", *said, "--found-at", "2026-11-24T17:20:00+03:00").ok()
    assert "found now" not in then.err
    world.amana("police", "inbox").ok()
    at = datetime.datetime.fromisoformat(world.body("police", now)["hit"]["found_at"][:19] + "+00:00")
    assert abs(at - before) < datetime.timedelta(minutes=2)
    assert world.body("police", then.id)["hit"]["found_at"] == "2026-11-24T14:20:00Z"
    world.amana("post", "hit", "--help").ok().says("writes now where it is left out")


def test_the_same_officer_acknowledges_once_unless_it_is_asked_for_again(world):
    """Saves from a second ACK by a tired hand, which would name the officer and the time anew."""
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", alert).ok()
    world.amana("post", "ack", alert).exits(65).says(f"{alert[:13]} is already acknowledged by eics-1207, 20", "nothing was sent", "--again")
    assert sum(e["submitted"]["id"] != alert for e in world.entries("SUBMITTED")) == 1
    world.amana("post", "ack", alert, "--again", "--remark", "Still mine.").ok()
    # A new version is another clock.
    newer = world.amana("police", "update", alert, world.draft("newer.json", kind="UPDATE", recipients=None)).ok().id
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", newer).ok()
    # What counts as one is one: a HIT has taken it on.
    other = world.alert_at("post")
    world.amana("post", "hit", other, world.example("hit")).ok()
    world.amana("post", "ack", other).exits(65).says("already acknowledged")


def test_who_acknowledges_an_alert_once_more_is_told_that_it_was_ended_or_replaced(world):
    """Who had taken it on would go on looking for what nobody looks for any more."""
    alert = world.alert_at("post")
    world.amana("post", "ack", alert).ok()
    update = world.amana("police", "update", alert, world.draft()).ok().id
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", alert).exits(65).says(f"there is a newer version, {update[:13]}: answer that one too", "already acknowledged")
    cancel = world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "Found.").ok().id
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", alert).exits(65).says(f"ended by {cancel[:13]}: `amana ack {cancel[:13]}` says that you have stopped", "already acknowledged")


def test_another_officer_of_the_unit_acknowledges_too_and_is_named_from_then_on(empty_world):
    world = empty_world
    second = world.supervisor("second", "et/ics/moyale", "eics-0001", "post")
    world.start_hub()
    alert = world.send()
    for desk in ("post", second):
        world.amana(desk, "inbox").ok()
    world.amana("post", "ack", alert).ok()
    world.amana(second, "inbox").ok()
    world.amana(second, "ack", alert).ok()
    world.amana("police", "inbox").ok()
    world.amana("police", "status", alert).ok().says("acknowledged by eics-0001")


def test_a_hit_after_the_end_of_an_alert_is_taken_and_marked_as_crossed(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    cancel = world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "All found.").ok().id
    hit = world.amana("post", "hit", alert, world.example("hit"), "--summary", "The lorry is here, empty.").ok().id
    crossed = [e["submitted"] for e in world.entries("SUBMITTED") if e["submitted"].get("crossed")]
    assert [e["id"] for e in crossed] == [hit]
    world.amana("police", "inbox").ok().says("The lorry is here, empty.")
    world.amana("police", "status", alert).ok().says("stopping")
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", cancel).ok()
    world.amana("police", "status", alert).ok().says("stopped by eics-1207")


def test_a_victim_named_in_the_words_of_a_hit_stands_in_no_list(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    girl = {"label": "girl", "names": [{"type": "GIVEN", "text": "ዳቦ", "transliteration": "Dabo"}], "sex": "FEMALE", "age": {"from": 11, "to": 13},
            "roles": ["PRESUMED_VICTIM"]}
    hit = world.amana("post", "hit", alert, world.example("hit", summary="Dabo got off at Sololo.", persons=[girl], done=["LOCATE_AND_REPORT"])).ok().id
    _, news = world.watch("police", "inbox", "--follow")
    line = news.wait(hit[:13])
    assert "Dabo" not in line and "names a victim" in line
    for desk, verb in (("post", ("sent",)), ("police", ("case", "ke/dci/2026/004211")), ("police", ("search", "Sololo"))):
        assert "Dabo" not in world.amana(desk, *verb).ok().says(hit[:13]).out
    head, rest = world.amana("police", "show", hit).ok().out.split("\n", 1)
    assert "Dabo" not in head and "Dabo got off at Sololo." in rest


def test_what_can_t_be_executed_is_said_with_its_ground(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    answer = world.amana("post", "cannot", alert, "--outcome", "RESOURCES", "--explanation", "No patrol before dawn.",
                         "--instead", "LOCATE_AND_REPORT").ok().id
    world.amana("police", "inbox").ok().says("No patrol before dawn.")
    world.amana("police", "show", answer).ok().says("RESOURCES", "locate and report")
    world.amana("police", "status", alert).ok().says("acknowledged by eics-1207")


def test_a_hit_without_its_protection_unit_is_not_sent_where_a_child_is_concerned(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    hit = json.loads(world.path(world.example("hit")).read_text())
    hit["recipients"] = [{"unit": "ke/dci/transnational", "part": "ACTION"}]
    world.path("hit.json").write_text(json.dumps(hit))
    world.amana("post", "hit", alert, "hit.json").exits(65).says("recipients", "et/mowsa/protection")


def test_a_hit_on_an_alert_that_was_only_copied_is_refused(world):
    alert = world.send()
    world.amana("et-protection", "inbox").ok()
    world.amana("et-protection", "hit", alert, world.example("hit")).exits(65).says("a COPY of")


def test_what_an_option_says_goes_before_what_the_file_says(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    hit = world.amana("post", "hit", alert, world.example("hit"), "--summary", "Found behind the customs shed.").ok().id
    world.amana("police", "inbox").ok().says("Found behind the customs shed.")
    world.amana("police", "show", hit).ok().says("ZF 2210", "one-stop border post")


def test_a_hit_on_a_child_goes_to_who_protects_where_it_was_found(world):
    alert = world.send("police", world.draft("police.json", recipients=[{"unit": "et/ics/moyale", "part": "ACTION"},
                                                                       {"unit": "ke/dcs/child-protection", "part": "COPY"}]))
    world.amana("post", "inbox").ok()
    here = json.loads(world.path(world.example("hit")).read_text())["hit"]
    here["place"] = {"country": "ke", "city": "Moyale", "text": "the Kenyan side"}
    world.path("hit.json").write_text(json.dumps({"hit": here}))
    world.amana("post", "hit", alert, "hit.json").ok().says("ke/dcs/child-protection", "et/mowsa/protection")
    to = [{"unit": "ke/dci/transnational", "part": "ACTION"}, {"unit": "et/mowsa/protection", "part": "COPY"}]
    world.path("hit.json").write_text(json.dumps({"hit": here, "recipients": to}))
    world.amana("post", "hit", alert, "hit.json").exits(65).says("CHILD_NEEDS_PROTECTION_UNIT", "found in ke", "ke/dcs/child-protection")


def test_a_hit_says_in_which_country_so_that_who_protects_there_is_told(world):
    """Saves from a child found beyond the border of whom the office there never hears: the place was a code, or words."""
    alert = world.send("police", world.draft("police.json", recipients=[{"unit": "et/ics/moyale", "part": "ACTION"},
                                                                       {"unit": "ke/dcs/child-protection", "part": "COPY"}]))
    world.amana("post", "inbox").ok()
    hit = json.loads(world.path(world.example("hit")).read_text())["hit"]
    to = [{"unit": "ke/dci/transnational", "part": "ACTION"}, {"unit": "et/mowsa/protection", "part": "COPY"}]

    def found(place, **more):
        world.path("hit.json").write_text(json.dumps({"hit": {**hit, "place": place}, **more}))
        return world.amana("post", "hit", alert, "hit.json")
    found({"locode": "KEMYD"}).ok().says("ke/dcs/child-protection", "et/mowsa/protection")
    found({"locode": "KEMYD"}, recipients=to).exits(65).says("CHILD_NEEDS_PROTECTION_UNIT", "found in ke", "ke/dcs/child-protection")
    # Words alone are at home, which is said.
    home = found({"text": "behind the customs shed"}, recipients=to).ok().says("found in et; place.country in FILE says another country").id
    assert world.body("post", home)["hit"]["place"]["country"] == "et"


def test_a_child_at_risk_is_a_child_whatever_the_flags_say(world):
    """Saves from a child of whom no office hears because an officer left the flag as the template had it."""
    nobody = {"alert__persons": [], "alert__palermo": None, "flags": {"child": False, "protection": "NO"},
              "recipients": [{"unit": "et/ics/moyale", "part": "ACTION"}]}
    world.amana("police", "send", world.draft(**nobody, alert__child_safeguard=None)).exits(65).says("a child is concerned", "ke/dcs/child-protection")
    world.amana("police", "send", world.draft(**nobody, urgency_reason="LIFE_AT_RISK")).exits(65).says("flags.child", "child_safeguard is for one")
    nobody["recipients"].append({"unit": "ke/dcs/child-protection", "part": "COPY"})
    alert = world.send("police", world.draft(**nobody, alert__child_safeguard=None))
    world.amana("post", "inbox").ok()
    # What answers it hurries for the same reason.
    world.amana("post", "hit", alert, world.example("hit", persons=[], child_safeguard=None)).ok().says("copy", "et/mowsa/protection")
    world.amana("post", "hand-over", alert, "--text", "Look again at six.").ok().says("et/mowsa/protection")
