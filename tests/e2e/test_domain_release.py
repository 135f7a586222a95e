# SPDX-License-Identifier: Apache-2.0
"""Four eyes: what needs a second person waits until a supervisor has signed it too, goes back, or goes first."""
import json
import subprocess

import pytest

import raw as r
import world as w

PERSON = {"names": [{"type": "GIVEN", "text": "Yusuf"}, {"type": "FATHER", "text": "Adan"}], "sex": "MALE",
          "age": {"from": 30, "to": 40}, "roles": ["SUSPECT"], "actions": ["LOCATE_AND_REPORT"]}
CASE = "ke/dci/2026/004711"


@pytest.fixture(scope="module")
def shared(template, tmp_path_factory):
    """One world for the file: the police have a second desk, whose officer is a supervisor."""
    folder = tmp_path_factory.mktemp("release") / "world"
    w.copy_folder(template, folder)
    world = w.World(folder)
    world.supervisor()
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    yield world
    world.end()


def alert(world, name="person.json", **changes):
    """An alert on a man who is named, to the post and nobody else; no child is concerned."""
    draft = {"subject_kind": "PERSON", "case_ref": CASE, "release": None, "flags__child": False, "urgency": "U3",
             "urgency_reason": None, "recipients": [{"unit": "et/ics/moyale", "part": "ACTION"}],
             "alert__persons": [PERSON], "alert__child_safeguard": None, "alert__palermo": None, "alert__actions": ["LOCATE_AND_REPORT"],
             "alert__title": "Yusuf Adan, driver, may cross at Moyale", **changes}
    return world.draft(name, **draft)


def park(world, **changes):
    return world.amana("police", "send", alert(world, **changes)).ok().says("waits", "a supervisor of").id


def entry_of(world, kind, message):
    return [e for e in world.entries(kind) if message in json.dumps(e)]


def test_an_alert_on_a_person_is_parked_rings_is_released_and_delivered_with_both_signatures(shared):
    _, ring = shared.watch("chief", "inbox", "--follow")
    parked = park(shared)
    ring.wait(f"to release.*ALERT of kdci-0417.*amana release {parked[:13]}")
    shared.amana("post", "inbox").ok()
    assert parked[:13] not in shared.amana("post", "inbox").out
    shared.amana("police", "sent").ok().says("waits for a second person of ke/dci/transnational")
    shared.amana("chief", "pending").ok().says(parked[:13], "Yusuf Adan, driver")
    shared.amana("chief", "release", parked, "--yes").ok().says("Yusuf", "waits for your signature", "released  ALERT")
    shared.amana("chief", "pending").ok().says("nothing waits")
    shared.amana("post", "inbox").ok().says(parked[:13], "Yusuf Adan, driver")
    shared.amana("post", "show", parked, "--export", "released").ok()
    subprocess.run(["openssl", "cms", "-verify", "-binary", "-cades", "-content", "header.bin", "-inform", "DER", "-in", "signature.p7s",
                    "-CAfile", "roots+cas+crls.pem", "-crl_check_all", "-purpose", "any", "-out", "/dev/null"],
                   cwd=shared.path("released"), check=True, capture_output=True)
    infos = subprocess.run(["openssl", "cms", "-cmsout", "-print", "-inform", "DER", "-in", "signature.p7s"], cwd=shared.path("released"),
                           check=True, capture_output=True, text=True).stdout
    assert infos.count("d.issuerAndSerialNumber") == 2, infos
    shared.amana("post", "ack", parked).ok()
    shared.amana("police", "inbox").ok()
    shared.amana("police", "status", parked).ok().says("acknowledged by eics-1207")
    assert entry_of(shared, "PARKED", parked) and entry_of(shared, "RELEASED", parked) and entry_of(shared, "SUBMITTED", parked)
    assert not shared.path("post", "store", "alarms").exists()
