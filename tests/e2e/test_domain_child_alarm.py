# SPDX-License-Identifier: Apache-2.0
"""Rule 3 in a country without a protection unit: what is urgent goes, with an ALARM; the rest is refused."""
import re

import grpc
import pytest

import raw as r

POST_ALONE = [{"unit": "et/ics/moyale", "part": "ACTION"}]


@pytest.fixture(scope="module")
def unprotected(file_world):
    """Kenya has no protection unit, and all know it."""
    for conf in file_world.folder.glob("**/trust.conf"):
        conf.write_text(re.sub(r'(?m)^  protection-unit = "ke/.*\n', "", conf.read_text()))
    file_world.start_hub()
    return file_world


def alarms(world):
    return [e["alarm"] for e in world.entries("ALARM")]


@pytest.mark.parametrize("urgency", ["U1", "U2"])
def test_what_is_urgent_goes_without_a_protection_unit_and_the_log_holds_an_alarm(unprotected, urgency):
    before = len(alarms(unprotected))
    alert = unprotected.send(draft=unprotected.draft(recipients=POST_ALONE, urgency=urgency))
    raised = alarms(unprotected)[before:]
    assert len(raised) == 1 and alert in raised[0]["detail"], raised
    unprotected.amana("post", "inbox").ok().says(alert[:13])


def test_the_officer_is_told_that_nobody_protects_and_whom_to_tell(unprotected):
    """Saves from a child whom every office believes that another one knows of."""
    words = ("no protection unit of ke was told", "the hub has entered an ALARM", "Telephone the child protection office of your country")
    draft = unprotected.draft(recipients=POST_ALONE)
    sent = unprotected.amana("police", "send", draft).ok().says("ALARM", *words).id
    for verb in (["status", sent], ["sent"]):
        unprotected.amana("police", *verb).ok().says("ALARM", *words)
    shown = [unprotected.amana("police", "--json", "send", draft).ok().json[0],
             unprotected.amana("police", "--json", "status", sent).ok().json[0],
             next(line for line in unprotected.amana("police", "--json", "sent").ok().json if line["header"]["id"] == sent)]
    for line in shown:
        assert line["alarm"]["reason"] == "NO_PROTECTION_UNIT" and words[0] in line["alarm"]["text"]
    # Where none is concerned nothing is said, and a recipient of another country is not the one to tell.
    plain = unprotected.write("REQUEST", {"title": "Who?", "information": ["owner"], "reason": "x", "available_because": "x"},
                              "plain.json", urgency="U1", urgency_reason="LIFE_AT_RISK")
    assert "ALARM" not in unprotected.amana("police", "send", plain).ok().out
    unprotected.amana("post", "inbox").ok()
    assert "alarm" not in unprotected.amana("post", "--json", "show", sent).ok().json[0]


@pytest.mark.parametrize("urgency", ["U3", "U4"])
def test_what_can_wait_is_refused_by_the_sender_s_own_client(unprotected, urgency):
    draft = unprotected.draft(recipients=POST_ALONE, urgency=urgency, urgency_reason=None)
    unprotected.amana("police", "send", draft).exits(65).says(
        "no protection unit", "only U1 and U2 go", "urgency_reason that is true", "until a registrar has", "by telephone meanwhile")


@pytest.mark.parametrize("urgency", [3, 4])
def test_what_can_wait_is_refused_by_the_hub_too_and_no_alarm_is_raised(unprotected, pb, urgency):
    police = r.Raw(unprotected, pb)
    police.RECIPIENTS = {"et/ics/moyale": ("post", 1)}
    before = len(alarms(unprotected))
    with pytest.raises(r.Refused) as refused:
        police.send(police.message(police.header(urgency=urgency, urgency_reason=0)))
    refused.value.of(grpc.StatusCode.FAILED_PRECONDITION, "CHILD_NEEDS_PROTECTION_UNIT")
    assert len(alarms(unprotected)) == before


def test_a_country_with_one_still_needs_it(unprotected):
    hit = unprotected.example("hit")
    alert = unprotected.send(draft=unprotected.draft(recipients=POST_ALONE))
    unprotected.amana("post", "inbox").ok()
    before = len(alarms(unprotected))
    unprotected.amana("post", "hit", alert, hit).ok().says("et/mowsa/protection")
    assert len(alarms(unprotected)) == before
