# SPDX-License-Identifier: Apache-2.0
"""What a desk makes of what it is told: who has its messages, which receipts it holds, how each recipient stands."""
import re

import pytest

import world as w


def new_device(world, desk="post", unit="et/ics/moyale", officer="eics-1207"):
    """The unit's roster names another device than before, and the hub has taken it."""
    country, new = unit[:2], f"{desk}-d2"
    world.run(w.AMANA, "init", "--unit", unit, "--device", "d2", "--officer", officer, "--hub", "igad/hub", "--address",
              "127.0.0.1:4433", "-d", new)
    world.ca("issue", "-d", country, *(f"{new}/keys/{use}.csr" for use in ("auth", "seal", "sign", "officer"))).ok()
    world.ca("roster", "--registrar", f"{country}-registry/keys/officer.pem", "--key", f"{country}-registry/keys/officer.key",
             "-o", "rosters", *(f"{new}/keys/{use}.pem" for use in ("auth", "seal", "sign", "officer"))).ok()
    world.copy("trust", f"{new}/trust")
    world.hub.reload()
    return new


def test_a_retrieval_is_judged_by_the_roster_of_its_time_and_holds_up_nothing(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    new_device(world)
    other = world.amana("ke-protection", "inbox").ok().says(alert[:13])
    assert other.code == 0
    world.amana("police", "inbox").ok().says("et/ics/moyale/device/d1 has it", "ke/dcs/child-protection/device/d1 has it")
    world.amana("police", "inbox").ok()
    world.amana("police", "status", alert).ok().says("retrieved")
    assert not world.path("police", "store", "alarms").exists()
