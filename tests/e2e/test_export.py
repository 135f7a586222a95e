# SPDX-License-Identifier: Apache-2.0
"""What goes out of Amana into other programs: CAP 1.2 with public fields alone, a case in HTCDS 2.0 fields."""
import csv
import io
import json
import os
import pty
import re
import subprocess

import world as w

PUBLIC = {"alert", "identifier", "sender", "sent", "status", "msgType", "scope", "restriction", "references", "info", "language",
          "category", "event", "responseType", "urgency", "severity", "certainty", "expires", "headline"}
STANDARDS = w.ROOT / "tests" / "data" / "standards"


def valid_cap(world, text):
    path = world.path("alert.xml")
    path.write_text(text)
    said = subprocess.run(["xmllint", "--noout", "--schema", STANDARDS / "CAP-v1.2.xsd", path], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr + text
    return text


def test_an_alert_its_update_and_its_end_are_valid_cap_with_public_fields_alone(world):
    alert = world.send()
    world.draft("update.json", alert__title="White lorry & trailer <KDA 417Q>\ufffe\x7f")
    update = world.amana("police", "update", alert, "update.json").ok().id
    cancel = world.amana("police", "cancel", update, "--outcome", "RESOLVED", "--reason", "All found.").ok().id
    world.amana("post", "inbox").ok()
    for desk in ("police", "post"):
        first = valid_cap(world, world.amana(desk, "export", "cap", alert).ok().out)
        second = valid_cap(world, world.amana(desk, "export", "cap", update).ok().out)
        third = valid_cap(world, world.amana(desk, "export", "cap", cancel).ok().out)
        assert "<msgType>Alert</msgType>" in first and "<urgency>Immediate</urgency>" in first
        assert "<msgType>Update</msgType>" in second and alert in second.split("<references>")[1]
        assert "White lorry &amp; trailer &lt;KDA 417Q&gt;" in second
        assert "<msgType>Cancel</msgType>" in third and "<references>" in third
        tags = set(re.findall(r"<(\w+)[ >]", first + second + third))
        assert tags == PUBLIC, tags ^ PUBLIC
        for secret in ("Marsabit northwards", "tarpaulin,", "Driver", "Oromo", "254200000417", "37.99", "All found"):
            assert secret not in first + second + third, secret


def test_who_hands_on_or_writes_anew_what_was_ended_or_corrected_is_told(world):
    """A file is read as if it were the last word, and an alert written anew from what it was says it all again."""
    alert, case = world.alert_at("post"), "ke/dci/2026/004211"
    assert world.amana("post", "export", "cap", alert).ok().err == ""
    correction = world.amana("police", "correct", alert, world.example("correction", roles=[], persons=[])).ok().id
    world.amana("post", "inbox").ok()
    said = f"amana: {alert[:13]} is CORRECTED by {correction[:13]}: what is exported of it is as it was sent\n"
    for desk in ("police", "post"):
        assert world.amana(desk, "export", "cap", alert).ok().err == said
    assert world.amana("police", "export", "htcds", case).ok().err == world.amana("police", "export", "htcds", case, "--csv").ok().err != ""
    world.amana("police", "export", "htcds", case).says(said.strip())
    mended = world.amana("police", "mend", alert).ok().out
    assert f"\n// It is CORRECTED by {correction[:13]}, and stands here as it was sent\n" in mended
    world.path("newer.json").write_text(mended.replace("417Q", "471Q"))
    update = world.amana("police", "update", alert, "newer.json").ok().id
    world.amana("police", "export", "cap", alert).ok().says(f"CORRECTED by {correction[:13]}; was replaced by {update[:13]}: what is exported")
    assert world.amana("police", "export", "cap", update).ok().err == "" and "// It " not in world.amana("police", "mend", update).ok().out
    cancel = world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", "Found.").ok().id
    world.amana("police", "export", "cap", update).ok().says(f"{update[:13]} was ended by {cancel[:13]}: what is exported of it")


def test_the_title_of_a_cap_neither_steers_a_terminal_nor_turns_its_text_around(world):
    alert = world.send(draft=world.draft(alert__title="White lorry\u009b2J \u202eAQK\u202c \u001b[31m KDA"))
    cap = valid_cap(world, world.amana("police", "export", "cap", alert).ok().out)
    [headline] = [line.strip() for line in cap.splitlines() if "<headline>" in line]
    assert headline == "<headline>White lorry\ufffd2J \ufffdAQK\ufffd \ufffd[31m KDA</headline>"


def test_the_cap_of_an_alert_on_a_group_has_no_title(world):
    world.supervisor()
    world.hub.reload()
    world.hub.log.wait(r"^roster unit=ke/dci/transnational number=2")
    alert = world.amana("police", "send", world.draft(subject_kind="GROUP", release=None, alert__title="The Hassan brothers may cross")).ok().says("waits").id
    world.amana("chief", "release", alert, "--yes").ok()
    world.amana("police", "inbox").ok()
    cap = valid_cap(world, world.amana("police", "export", "cap", alert).ok().out)
    assert "group" in cap and "Hassan" not in cap


def test_what_is_no_alert_has_no_cap(world):
    alert = world.send()
    world.amana("post", "inbox").ok()
    ack = world.amana("post", "ack", alert).ok().id
    said = world.amana("post", "export", "cap", ack).exits(65)
    assert "CAP has alerts, their updates and their ends only" in said.err and said.out == ""


def test_a_case_is_exported_in_the_fields_of_htcds(world):
    alert = world.send("police", world.draft(handling=["H0"]))
    world.amana("police", "cancel", alert, "--outcome", "RESOLVED", "--reason", 'Found, "all" of them.').ok()
    world.amana("post", "inbox").ok()
    fields = {line.split(" | ")[0] for line in (STANDARDS / "htcds-2.0.txt").read_text().splitlines() if line[0] != "#"}
    for desk in ("police", "post"):
        case = json.loads(world.amana(desk, "export", "htcds", "ke/dci/2026/004211").ok().out)
        assert case["standard"] == "HTCDS 2.0" and case["case"] == "ke/dci/2026/004211"
        persons = [r for r in case["records"] if r["record"] == "Person"]
        assert persons[0]["vic_TypeOfExploitation"] == "ChildLabour;Servitude" and persons[1]["prs_Gender"] == "Masculine"
        assert [r["hte_Type"] for r in case["records"] if r["record"] == "Event"] == ["Recruitment", "Transit"]
        assert {k for r in case["records"] for k in r if "_" in k} <= fields
        rows = list(csv.DictReader(io.StringIO(world.amana(desk, "export", "htcds", "ke/dci/2026/004211", "--csv").ok().out)))
        assert len(rows) == len(case["records"])
        assert rows[0]["vic_TypeOfExploitation"] == "ChildLabour;Servitude"
        assert rows[-1]["cas_ReasonForCaseClosure"] == 'Found, "all" of them.'


def test_no_cell_of_an_export_is_a_formula(world):
    for reason, cell in (("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"), ("@SUM(1)", "'@SUM(1)"), ("-1+cmd", "'-1+cmd"), ("'=1", "''=1"), ("'x", "'x"), ("\n=1", "'\n=1"), ("\uff1d1", "'\uff1d1"), ("'\uff0b1", "''\uff0b1"),
                         ("+254 200000417", "+254 200000417"), ("-12.5", "-12.5")):
        alert = world.send(draft=world.draft())
        world.amana("police", "cancel", alert, "--outcome", "RESOLVED", f"--reason={reason}").ok()
        rows = list(csv.DictReader(io.StringIO(world.amana("police", "export", "htcds", "ke/dci/2026/004211", "--csv").ok().out)))
        assert rows[-1]["cas_ReasonForCaseClosure"] == cell


def test_what_was_said_last_of_a_person_is_exported_whoever_said_it(world):
    person = {"label": "p1", "roles": ["WITNESS"], "age": {"from": 30, "to": 50}, "description": "Seen at the lorry."}
    note = world.send(draft=world.write("NOTE", {"title": "x", "text": "x", "persons": [{**person, "sex": "NOT_KNOWN"}]}))
    world.amana("post", "inbox").ok()
    world.amana("post", "note", note, world.example("note", title="y", persons=[{**person, "sex": "FEMALE"}])).ok()
    world.amana("police", "inbox").ok()
    for desk in ("police", "post"):
        records = json.loads(world.amana(desk, "export", "htcds", "ke/dci/2026/004300").ok().out)["records"]
        assert [r["prs_Gender"] for r in records if r["record"] == "Person"] == ["Feminine"]


def test_a_case_as_json_neither_steers_a_terminal_nor_turns_its_text_around(world):
    alert, reason = world.send(draft=world.draft()), "Found \u009b2J \u202eAQK\u202c there."
    world.amana("police", "cancel", alert, "--outcome", "RESOLVED", f"--reason={reason}").ok()
    out = world.amana("police", "export", "htcds", "ke/dci/2026/004211").ok().out
    assert not set(out) & set("\u009b\u202e\u202c\u001b")
    assert reason in [record.get("cas_ReasonForCaseClosure") for record in json.loads(out)["records"]]


def test_a_case_as_csv_steers_no_terminal_and_is_in_a_file_as_it_was_written(world):
    alert, reason = world.send(draft=world.draft()), "Found \u001b]0;title\u0007 \u009b2J \u202eAQK\u202c \"there\"."
    world.amana("police", "cancel", alert, "--outcome", "RESOLVED", f"--reason={reason}").ok()
    words = ("export", "htcds", "--csv", "ke/dci/2026/004211")
    assert reason.replace('"', '""') in world.amana("police", *words).ok().out
    shown = on_terminal(world, "police", *words)
    assert 'Found \ufffd]0;title\ufffd \ufffd2J \ufffdAQK\ufffd ""there"".' in shown
    assert not set(shown) & set("\u001b\u0007\u009b\u202e\u202c")


def on_terminal(world, desk, *words):
    """What a command prints where its output is a terminal."""
    keyboard, terminal = pty.openpty()
    process = subprocess.Popen([w.AMANA, "-d", desk, *words], cwd=world.folder, stdout=terminal, env={**os.environ, **world.env(), "TZ": "UTC"})
    os.close(terminal)
    shown = b""
    try:
        while part := os.read(keyboard, 65536):
            shown += part
    except OSError:  # its other end is closed
        pass
    os.close(keyboard)
    assert process.wait(w.PATIENCE) == 0
    return shown.decode()


def test_a_case_that_is_not_here_says_so(world):
    world.amana("police", "export", "htcds", "ke/dci/2026/999999").says("no message of this case is kept here")
    world.amana("police", "export", "htcds", "case 7").exits(65)
    world.amana("police", "export", "pdf").exits(64).says("cap, htcds, statistics")


def test_a_place_is_printed_as_it_was_written(world):
    alert = world.send()
    for words in (("export", "htcds", "ke/dci/2026/004211"), ("export", "htcds", "--csv", "ke/dci/2026/004211"), ("--json", "show", alert)):
        said = world.amana("police", *words).ok().says("37.9903", "2.3344").out
        assert "37.9902" not in said


def test_statistics_show_no_count_below_k_and_none_that_the_others_give_away(world):
    world.send()  # fourteen children and their driver
    rows = world.amana("police", "--json", "export", "statistics").ok().json
    tables = {(row["population"], row["variable"]): row for row in rows}
    status = tables["victims", "status of the victim"]
    assert status["total"] == 14 and status["cells"] == [{"value": "PRESUMED", "count": 14}]
    perpetrators = tables["alleged perpetrators", "sex"]
    assert perpetrators["total"] is None and perpetrators["cells"] == [] and perpetrators["suppressed"]
    world.amana("police", "export", "statistics").ok().says("victims by means of control  (in all: 14; several are possible)\n  not said of anybody\n")
    world.amana("police", "export", "statistics", "-k", "15").ok().says("in all: suppressed")
    world.amana("police", "export", "statistics", "-k", "1").exits(64).says("from 3 to 1000")
    world.amana("police", "send", world.draft(status="EXERCISE", case_ref="ke/dci/2026/000900")).ok()
    again = world.amana("police", "--json", "export", "statistics").ok().json
    assert again == rows


def test_the_smallest_count_that_is_shown_is_eleven_where_nobody_says_another(world):
    told = {"age": {"from": 30, "to": 40}, "description": "Seen in the lorry.", "citizenships": ["ke"]}
    persons = [{**told, "label": "men", "roles": ["SUSPECT"], "sex": "MALE", "count": 10}, {**told, "sex": "FEMALE", "label": "women", "roles": ["PRESUMED_VICTIM"], "count": 11}]
    world.send(draft=world.write("NOTE", {"title": "x", "text": "x", "persons": persons}))
    totals = {row["population"]: row["total"] for row in world.amana("police", "--json", "export", "statistics").ok().json
              if row["variable"] == "sex"}
    assert totals == {"victims": 11, "alleged perpetrators": None}


def test_who_is_added_between_two_exports_can_not_be_told_by_comparing_them(world):
    world.send()
    rows = world.amana("police", "--json", "export", "statistics").ok().json
    woman = {"label": "w1", "roles": ["PRESUMED_VICTIM"], "age": {"from": 20, "to": 30}, "description": "A woman.", "citizenships": ["et"]}
    add = lambda count, case: world.send(draft=world.write("NOTE", {"title": "x", "text": "x", "persons": [{**woman, "count": count}]},
                                                           case_ref=f"ke/dci/2026/00440{case}"))
    add(1, 1)
    assert world.amana("police", "--json", "export", "statistics").ok().json == rows
    add(12, 2)
    renewed = {(r["population"], r["variable"]): r for r in world.amana("police", "--json", "export", "statistics").ok().json}
    assert renewed["victims", "age group"]["total"] == 27
    assert renewed["victims", "age group"]["cells"] == [{"value": "UNDER_18", "count": 14}, {"value": "18_AND_OVER", "count": 13}]


def test_who_asks_with_another_k_or_waits_till_a_cell_was_hidden_learns_of_no_fewer(world):
    """Saves from a person that is told of by two exports, one of k = 11 and one of k = 12, or with a third between them."""
    def table(*k, variable="sex"):
        rows = world.amana("police", "--json", "export", "statistics", *k).ok().json
        return next((r["total"], {c["value"]: c["count"] for c in r["cells"]}) for r in rows
                    if (r["population"], r["variable"]) == ("victims", variable))

    cases = iter(range(500, 600))

    def add(count, sex):
        person = {"label": "p", "roles": ["PRESUMED_VICTIM"], "age": {"from": 20, "to": 30}, "description": "x", "citizenships": ["et"],
                  "sex": sex, "count": count}
        world.send(draft=world.write("NOTE", {"title": "x", "text": "x", "persons": [person]}, case_ref=f"ke/dci/2026/{next(cases):06}"))

    add(20, "FEMALE"), add(20, "MALE")
    assert table() == (40, {"FEMALE": 20, "MALE": 20})
    add(1, "MALE")
    assert table("-k", "12") == (None, {})  # nothing that was shown by 12 or more
    assert table("-k", "5") == table() == (40, {"FEMALE": 20, "MALE": 20})
    add(5, "FEMALE"), add(20, "MALE")
    assert table() == (66, {})  # FEMALE by 5
    add(3, "FEMALE"), add(12, "MALE")
    assert table() == (81, {})  # by 8 since it was last shown
    add(3, "FEMALE"), add(9, "MALE")
    assert table() == (93, {"FEMALE": 31, "MALE": 62})


def test_what_was_read_by_half_counts_as_shown(world):
    """Saves from a person that is told of by an export into `head` and a whole one."""
    def add(count, case):
        person = {"label": "p", "roles": ["PRESUMED_VICTIM"], "age": {"from": 20, "to": 30}, "description": "x", "citizenships": ["et"], "count": count}
        world.send(draft=world.write("NOTE", {"title": "x", "text": "x", "persons": [person]}, case_ref=f"ke/dci/2026/{case:06}"))

    def totals():
        return {row["total"] for row in world.amana("police", "--json", "export", "statistics").ok().json if row["population"] == "victims"}

    add(20, 700)
    with open("/dev/full", "w") as full:
        done = subprocess.run([w.AMANA, "-d", "police", "--json", "export", "statistics"], cwd=world.folder, stdout=full, env={**os.environ, **world.env()})
    assert done.returncode != 0
    add(1, 701)
    assert totals() == {20}


def test_a_released_message_that_can_not_be_opened_is_left_out_once(empty_world):
    """Saves from a count that says more than is true: such a message has two entries, of its parking and its release."""
    world = empty_world
    world.supervisor()
    world.start_hub().log.wait(r"^roster unit=ke/dci/transnational number=2")
    alert = world.amana("police", "send", world.draft(subject_kind="GROUP", release=None)).ok().says("waits").id
    world.amana("chief", "release", alert, "--yes").ok()
    world.amana("police", "inbox").ok()
    assert "left out" not in world.amana("police", "export", "statistics").ok().err
    erasure = world.amana("police", "erase", alert, "--ground", "UNLAWFUL", "--reason", "It should never have been held.", "--yes").ok().id
    world.amana("chief", "release", erasure, "--yes").ok()
    world.amana("police", "inbox").ok()
    world.amana("police", "export", "statistics").ok().says("amana: 1 message is left out: can't be opened here")


def test_who_was_corrected_counts_as_what_they_are_and_by_their_date_of_birth(world):
    men = {"label": "men", "roles": ["SUSPECT"], "birth": {"date": "1990"}, "sex": "MALE", "description": "Men in the lorry.", "count": 12,
           "citizenships": ["ke"]}
    note = world.send(draft=world.write("NOTE", {"title": "x", "text": "x", "persons": [men]}))

    def tables():
        rows = world.amana("police", "--json", "export", "statistics").ok().json
        return {(row["population"], row["variable"]): (row["total"], row["cells"]) for row in rows}

    before = tables()
    assert before["alleged perpetrators", "sex"] == (12, [{"value": "MALE", "count": 12}]) and before["victims", "sex"][0] == 0
    changes = world.example("correction", changes=[], persons=[], roles=[{"person": "men", "was": ["SUSPECT"], "now": ["PRESUMED_VICTIM"]}])
    world.amana("police", "correct", note, changes).ok()
    after = tables()
    assert after["alleged perpetrators", "sex"] == (0, [])
    assert after["victims", "status of the victim"] == (12, [{"value": "PRESUMED", "count": 12}])
    assert after["victims", "age group"] == (12, [{"value": "18_AND_OVER", "count": 12}])


def test_what_is_marked_is_left_out_of_an_export_until_its_sender_has_granted_it(world):
    to_post = {"recipients": [{"unit": "et/ics/moyale", "part": "ACTION"}]}
    open_ = world.send("police", world.write("NOTE", {"title": "Open", "text": "For all."}, **to_post))
    court = world.send("police", world.write("NOTE", {"title": "Marked", "text": "The driver talks."}, handling=["H1"], **to_post))
    source = world.send("police", world.write("NOTE", {"title": "Marked", "text": "The source."}, handling=["H1", "H2"], **to_post))
    world.amana("post", "inbox").ok()

    def exported(desk="post"):
        said = world.amana(desk, "export", "htcds", "ke/dci/2026/004300").ok()
        return {w for w in ("For all.", "The driver talks.", "The source.") if w in said.out}, said.err

    def granted(message, *uses):
        asked = world.amana("post", "permit", "ask", message, "--uses", *uses, "--reason", "The driver is tried.").ok().id
        world.amana("police", "inbox").ok()
        world.amana("police", "permit", "grant", asked).ok()

    found, said = exported()
    assert found == {"For all."} and open_[:13] not in said
    assert f"{court[:13]} is left out: it is marked H1 by ke/dci/transnational, not to be used in court without permission" in said
    assert f"amana permit ask {source[:13]} --uses IN_COURT" in said
    assert exported("police")[0] == {"For all.", "The driver talks.", "The source."}  # its own
    granted(court, "IN_COURT", "--court", "Federal High Court")
    world.amana("post", "permit", "ask", source, "--uses", "IN_COURT", "--reason", "x", "--court", "Federal High Court").ok()
    world.amana("post", "inbox").ok()
    found, said = exported()
    assert found == {"For all.", "The driver talks."} and court[:13] not in said
    assert f"{source[:13]} is left out: it is marked H1" in said  # it was only asked
    granted(source, "IN_COURT", "--court", "Federal High Court")
    world.amana("post", "inbox").ok()
    found, said = exported()
    assert found == {"For all.", "The driver talks."} and f"{source[:13]} is left out: it is marked H2" in said
    granted(source, "PASS_ON", "--parties", "et/mowsa/protection")
    world.amana("post", "inbox").ok()
    found, said = exported()
    assert found == {"For all.", "The driver talks.", "The source."} and source[:13] not in said


def test_an_alert_marked_h2_is_no_cap_of_another_unit_s(world):
    alert = world.send("police", world.draft("marked.json", handling=["H2"]))
    world.amana("post", "inbox").ok()
    said = world.amana("post", "export", "cap", alert).exits(77).says("marked H2", "permit ask")
    assert said.out == ""
    world.amana("police", "export", "cap", alert).ok()
    world.amana("post", "export", "htcds", "ke/dci/2026/004211").exits(77).says("all that is kept here of this case is left out")
